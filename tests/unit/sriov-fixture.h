/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scene of the SR-IOV tests: root has (or is to have) a PF whose VFs the model makes; VF 0 goes to the guest, VF 1
 * is root's, as hv-glue gives them. IOMMU and MSI unit note what they are asked, and what was true then.
 */
#ifndef SRIOV_FIXTURE_H
#define SRIOV_FIXTURE_H

#include "pci-zone.h"
#include "unit.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#define CAP     0x110u /* where the view has it, behind the serial number */
#define CONTROL (CAP + PCI_SRIOV_CTRL)
#define NUMVFS  (CAP + PCI_SRIOV_NUM_VF)
#define BAR(n)  (CAP + PCI_SRIOV_BAR + 4 * (n))
#define ON      (PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE)
#define MS      1000000ull
#define SIZE    (16 * KIB) /* of a VF's BARs */
#define NONE    SBDF_NONE

extern const char sriov_tree[];
extern struct pci_function *sr_pf;
extern sbdf_t sr_at, sr_vf_at[2]; /* where the PF is, and its VFs' places on its bus */
extern unsigned sr_refuse_block;  /* a stream the IOMMU does not confirm; 0: none */
extern bool sr_deliver;           /* VFs are given away as soon as they come */

extern struct sriov_seen {
	unsigned attached, blocked, vectors, told[4];
	bool vfe_then, master_then; /* when a stream was blocked last */
	unsigned pf_resets_then;
} sr_seen;

/* The machine after its boot; the PF, quarantined, offers that many. */
void sr_boot(const char *text, unsigned offered);
/* And root has the PF, which offers two. */
void sr_setup(void);
struct zone *sr_root(void);
struct zone *sr_guest(void);
struct pci_function *sr_vf(unsigned n);
/* What hardware has. */
struct model_pci_function *sr_hw(void);
struct model_pci_function *sr_hw_vf(unsigned n);
bool sr_hw_vfe(void);
/* Root's config accesses. */
uint32_t sr_rd(sbdf_t where, unsigned offset, unsigned size);
void sr_wr(sbdf_t where, unsigned offset, unsigned size, uint32_t value);
/* What Linux does for sriov_numvfs, with the wait. */
void sr_enable(unsigned count);
/* Runs what hv-glue's work does until the VFs have gone. */
int sr_finish_going(void);
int sr_release(struct zone *z, struct pci_function *f);
/* For pci_offer_vfs(). */
void sr_changed(struct pci_function *f);

#endif
