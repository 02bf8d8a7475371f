// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Virtual functions leaving: before a physical function (PF) loses its VFs, by VF Enable = 0, by a reset, or with its
 * own release, each of them goes through QUIESCING, whosever it is (V5).
 *
 * All VFs of a PF are quieted at a time, so that it takes as long as one of them. A VF that its zone, or the
 * monitor, is giving back or getting at the same moment is waited for: both are bounded.
 *
 * Locking: the PF's sriov.lock for each step; zones' buses and the controllers' locks are taken inside. Nobody
 * can get a VF of a PF whose phase is not ON (core/device.c), so those that are gone stay gone.
 */
#include <postern/errno.h>
#include <postern/zone.h>

#include "zone.h"

#define POLL_NS 1000000ull

/* The quiesce machines of VFs that leave because of their PF, by place in the table; f NULL: not run. */
static struct device_quiesce machines[MAX_PCI_FUNCTIONS];

/* -EAGAIN: it is not ABSENT yet. */
static int leave(struct pci_function *vf, uint64_t *wait_until)
{
	struct device_quiesce *q = &machines[vf - core_devices()->functions];
	struct zone *owner = __atomic_load_n(&vf->owner, __ATOMIC_ACQUIRE);
	uint64_t next = host_time_ns() + POLL_NS;
	int err = -EAGAIN;

	if (q->f)
		err = device_quiesce_step(q);
	else if (owner)
		err = device_quiesce_start(q, owner, vf);
	/* -EINVAL: it is somebody else's who gives it back or gets it. */
	if (err != -EAGAIN)
		q->f = NULL;
	else if (q->f && q->wait_until > next)
		next = q->wait_until;
	if (device_vf_absent(vf))
		return 0;
	if (next < *wait_until)
		*wait_until = next;
	return -EAGAIN;
}

int vfs_leave_step(struct pci_function *pf, uint64_t *wait_until)
{
	struct pci_sriov *s = &pf->sriov;
	int err = 0;

	if (!s->offered)
		return 0;
	host_lock(&s->lock);
	if (pci_vfs_phase(pf) == VFS_OFF) {
		host_unlock(&s->lock);
		return 0;
	}
	/* The PF has left its zone's bus, if its owner had not asked before. */
	__atomic_store_n(&s->phase, VFS_GOING, __ATOMIC_SEQ_CST);
	*wait_until = UINT64_MAX;
	for (unsigned i = 0; i < s->offered; i++)
		if (leave(&s->vfs[i], wait_until))
			err = -EAGAIN;
	if (!err)
		err = pci_vfs_disable(pf);
	host_unlock(&s->lock);
	return err;
}
