// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hardware's virtual functions (VFs) coming and going. Who asks for them is pci/vpci-sriov.c, who gets them is
 * decided above pci/.
 *
 * Contract: postern/pci.h. Caller context: enabling under the lock of the virtual bus the physical function (PF) is on,
 * disabling under the PF's sriov.lock. A wait is a deadline handed back (V7).
 *
 * VF Memory Space Enable follows VF Enable: whether a zone's CPUs reach a VF's registers is decided by what is
 * mapped.
 *
 * PCIe Base Specification 6.0, 9.3.3.3.1 (VF Enable: 100 ms until a VF is ready to be configured, retry
 * status for up to 1 s), 9.3.4 (a VF's config space).
 */
#include "scan.h"

#include <linux/pci_regs.h>
#include <postern/errno.h>

#define MS          1000000ull
#define COMING_WAIT (100 * MS)
#define COMING_MAX  (1100 * MS)
#define COMING_STEP (10 * MS)

#define VFS_RUN (PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE)

/* ---- coming ---- */

static void set_phase(struct pci_function *pf, enum pci_vfs_phase phase)
{
	__atomic_store_n(&pf->sriov.phase, phase, __ATOMIC_SEQ_CST);
}

int pci_vfs_enable(struct pci_function *pf, unsigned n)
{
	struct pci_sriov *s = &pf->sriov;
	unsigned control = pf->caps.sriov + PCI_SRIOV_CTRL;

	pci_write16(pf, pf->caps.sriov + PCI_SRIOV_NUM_VF, (uint16_t)n);
	/* The table's addresses were worked out with what was read at boot. */
	if (pci_read16(pf, pf->caps.sriov + PCI_SRIOV_NUM_VF) != n ||
	    pci_read16(pf, pf->caps.sriov + PCI_SRIOV_VF_OFFSET) != s->offset ||
	    (n > 1 && pci_read16(pf, pf->caps.sriov + PCI_SRIOV_VF_STRIDE) != s->stride)) {
		host_log(
			LOG_ERROR,
			"pci " SBDF_FMT
			": %u VFs would not stand where the boot scan found room for them; none is "
			"enabled",
			SBDF_ARG(pf->sbdf), n);
		return -EIO;
	}
	pci_update16(pf, control, 0, VFS_RUN);
	if ((pci_read16(pf, control) & VFS_RUN) != VFS_RUN) {
		pci_update16(pf, control, VFS_RUN, 0);
		host_log(LOG_ERROR, "pci " SBDF_FMT ": VF Enable does not go on",
			 SBDF_ARG(pf->sbdf));
		return -EIO;
	}
	s->enabled = (uint16_t)n;
	s->wait_until = host_time_ns() + COMING_WAIT;
	s->deadline = host_time_ns() + COMING_MAX;
	set_phase(pf, VFS_COMING);
	return 0;
}

/* A VF's IDs read all-ones for good: its Command register tells whether it is there. */
static bool answers(const struct pci_function *vf)
{
	return pci_read32(vf, PCI_COMMAND) != UINT32_MAX;
}

static void capture_vf(struct pci_function *vf)
{
	pci_write16(vf, PCI_COMMAND, COMMAND_QUIET);
	vf->class_code = pci_read32(vf, PCI_CLASS_REVISION) >> 8;
	vf->revision = pci_read8(vf, PCI_REVISION_ID);
	vf->subsystem_vendor = pci_read16(vf, PCI_SUBSYSTEM_VENDOR_ID);
	vf->subsystem_device = pci_read16(vf, PCI_SUBSYSTEM_ID);
	vf->caps = (struct pci_caps){ 0 };
	vf->msi = (struct pci_msi_info){ 0 };
	vf->msix = (struct pci_msix_info){ 0 };
	vf->can_flr = vf->can_af_flr = vf->no_soft_reset = false;
	pci_capture_capabilities(vf);
	/* A VF has no VFs and no address translation of its own that a zone is given. */
	vf->caps.sriov = 0;
	pci_mask_interrupts(vf);
	pci_validate_msix(vf);
	pci_capture_snapshot(vf);
	vf->owner = NULL;
	vf->failure = NULL;
	__atomic_store_n(&vf->state, DEVICE_QUARANTINED, __ATOMIC_SEQ_CST);
}

int pci_vfs_ready(struct pci_function *pf)
{
	struct pci_sriov *s = &pf->sriov;
	uint64_t now = host_time_ns();
	unsigned i;

	if (now < s->wait_until)
		return -EAGAIN;
	for (i = 0; i < s->enabled && now < s->deadline; i++) {
		if (!answers(&s->vfs[i])) {
			s->wait_until = now + COMING_STEP;
			return -EAGAIN;
		}
	}
	for (i = 0; i < s->enabled; i++) {
		struct pci_function *vf = &s->vfs[i];

		if (vf->state != DEVICE_ABSENT)
			continue;
		if (answers(vf))
			capture_vf(vf);
		else
			host_log(LOG_ERROR,
				 "pci " SBDF_FMT ": VF %u of " SBDF_FMT " does not answer",
				 SBDF_ARG(vf->sbdf), i, SBDF_ARG(pf->sbdf));
	}
	host_log(LOG_INFO, "pci " SBDF_FMT ": %u of %u VFs enabled", SBDF_ARG(pf->sbdf),
		 (unsigned)s->enabled, (unsigned)s->offered);
	set_phase(pf, VFS_ON);
	return 0;
}

/* ---- going ---- */

int pci_vfs_disable(struct pci_function *pf)
{
	unsigned control = pf->caps.sriov + PCI_SRIOV_CTRL;
	int err = 0;

	pci_update16(pf, control, VFS_RUN, 0);
	if (pci_read16(pf, control) & PCI_SRIOV_CTRL_VFE) {
		host_log(LOG_ERROR,
			 "pci " SBDF_FMT
			 ": VF Enable does not go off; its VFs stay blocked and are not "
			 "enabled again",
			 SBDF_ARG(pf->sbdf));
		pf->sriov.total = 0;
		err = -EIO;
	}
	pci_write16(pf, pf->caps.sriov + PCI_SRIOV_NUM_VF, 0);
	pf->sriov.enabled = 0;
	set_phase(pf, VFS_OFF);
	return err;
}
