// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Virtual functions at run time: which physical functions (PFs) may have how many, who gets them when they come, and
 * the work that takes them away when their PF's owner no longer wants them.
 *
 * A VF nobody names goes to the zone of its PF. One that another zone names is assigned as soon as it exists: at
 * once when that zone runs (its kernel finds it at its next bus rescan), else at its start. A zone
 * starts without the VFs that are not there.
 *
 * VFs are handed out on the CPU of the PF's owner that made them come, before its kernel looks at them; they are
 * taken away by deferred work, so that no CPU waits for them.
 *
 * Caller context: vfs_offer() boot; vfs_changed() (struct pci_sriov) any CPU, no lock held.
 */
#include <hv/hv.h>
#include <postern/errno.h>

#define MAX_PFS  16u
/*
 * An owner whose kernel never looks at what it enabled: others get their VFs all the same, so much later than it
 * would have.
 */
#define GRACE_NS 500000000ull

static struct vf_work {
	struct work work; /* first: the work's address is this one's */
	struct pci_function *pf;
} works[MAX_PFS];

static struct work *work_of(const struct pci_function *pf)
{
	for (unsigned i = 0; i < MAX_PFS; i++)
		if (works[i].pf == pf)
			return &works[i].work;
	return NULL;
}

static void step(struct work *w)
{
	struct pci_function *pf = container_of(w, struct vf_work, work)->pf;
	struct zone *owner = __atomic_load_n(&pf->owner, __ATOMIC_ACQUIRE);
	uint64_t when;

	switch (pci_vfs_phase(pf)) {
	case VFS_COMING:
		if (!owner)
			return;
		vpci_poll(owner->vpci);
		if (pci_vfs_phase(pf) == VFS_COMING)
			work_defer(w, pf->sriov.wait_until);
		return;
	case VFS_GOING:
		if (vfs_leave_step(pf, &when) == -EAGAIN)
			work_defer(w, when);
		return;
	case VFS_OFF:
	case VFS_ON:
		return;
	}
}

/*
 * A zone that stops does so before or after: what it takes back is complete. Errors are logged where they happen;
 * each VF is a matter of its own.
 */
static void give(struct zone *z, struct pci_function *vf)
{
	const size_t index = (size_t)(vf - hv.pci.functions);

	host_lock(&z->lock);
	if (z->state == ZONE_RUNNING)
		device_assign(z, vf, hv.plan_vbdf[index], hv.plan_vport[index]);
	host_unlock(&z->lock);
}

static void hand_out(const struct pci_function *pf)
{
	for (unsigned i = 0; i < pf->sriov.enabled; i++) {
		struct pci_function *vf = &pf->sriov.vfs[i];
		const size_t index = (size_t)(vf - hv.pci.functions);

		if (hv.plan[index] != ZONE_NONE && vf->state == DEVICE_QUARANTINED && !vf->owner)
			give(&hv.zones[hv.plan[index]], vf);
	}
}

static void vfs_changed(struct pci_function *pf)
{
	switch (pci_vfs_phase(pf)) {
	case VFS_COMING:
		work_defer(work_of(pf), pf->sriov.wait_until + GRACE_NS);
		return;
	case VFS_ON:
		hand_out(pf);
		return;
	case VFS_GOING:
		work_defer(work_of(pf), host_time_ns());
		return;
	case VFS_OFF:
		return;
	}
}

void vfs_hand_to(struct zone *z)
{
	for (unsigned i = 0; i < hv.pci.count; i++) {
		struct pci_function *f = &hv.pci.functions[i];

		if (hv.plan[i] != z->id || !pci_is_vf(f))
			continue;
		if (f->state == DEVICE_QUARANTINED && !f->owner && pci_vfs_phase(f->pf) == VFS_ON)
			give(z, f);
		else if (f->state == DEVICE_ABSENT && f->pf->owner != z)
			host_log(LOG_INFO,
				 "zone %s: VF " SBDF_FMT
				 " is not enabled yet; it is assigned when the owner of " SBDF_FMT
				 " enables it",
				 z->name, SBDF_ARG(f->sbdf), SBDF_ARG(f->pf->sbdf));
	}
}

static void offer(struct pci_function *pf, unsigned count)
{
	struct vf_work *w = NULL;

	for (unsigned i = 0; i < MAX_PFS && !w; i++)
		if (!works[i].pf)
			w = &works[i];
	if (!w) {
		host_log(LOG_ERROR,
			 "pci " SBDF_FMT ": more than %u physical functions with VFs; it has none",
			 SBDF_ARG(pf->sbdf), MAX_PFS);
		return;
	}
	if (pci_offer_vfs(&hv.pci, pf, count, vfs_changed)) {
		host_log(LOG_ERROR, "pci " SBDF_FMT ": its owner is offered no VFs",
			 SBDF_ARG(pf->sbdf));
		return;
	}
	w->pf = pf;
	w->work.fn = step;
}

void vfs_offer(void)
{
	for (unsigned i = 0; i < hv.manifest.zone_count; i++) {
		const struct manifest_zone *z = &hv.manifest.zones[i];

		for (unsigned n = 0; n < z->device_count && !z->refused; n++)
			if (z->devices[n].function >= 0 && z->devices[n].sriov_vfs)
				offer(&hv.pci.functions[z->devices[n].function],
				      z->devices[n].sriov_vfs);
	}
}

/* Whether a zone that was refused names the VF: then it is nobody's. */
static bool held_back(const struct pci_function *vf)
{
	for (unsigned i = 0; i < hv.manifest.zone_count; i++) {
		const struct manifest_zone *z = &hv.manifest.zones[i];

		for (unsigned n = 0; n < z->device_count && z->refused; n++)
			if (z->devices[n].is_vf && z->devices[n].vf == vf->vf &&
			    z->devices[n].vf_of == (int)(vf->pf - hv.pci.functions))
				return true;
	}
	return false;
}

void vfs_plan(void)
{
	for (unsigned i = 0; i < hv.pci.count; i++) {
		const struct pci_function *f = &hv.pci.functions[i];

		if (!pci_is_vf(f) || hv.plan[i] != ZONE_NONE || held_back(f))
			continue;
		hv.plan[i] = hv.plan[f->pf - hv.pci.functions];
		hv.plan_vbdf[i] = hv.plan_vport[i] = SBDF_NONE;
	}
}
