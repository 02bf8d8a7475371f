/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A register-level model of the Loongson IOMMU (PCI 0014:7a1f, 0014:3c0f), written from
 * docs/hardware/loongson-iommu.md and independently of iommu/: it shares no header with the driver.
 *
 * It is what stands behind the function's BARs: BAR0, 1 KiB of registers, and of 7a1f revision 0
 * BAR2, 64 MiB for tables. Config space is the PCI model's or the board model's:
 *
 *	m = model_ls_create(0x7a1f, 0);
 *	model_ls_plug(m, model_pci(3));		the PCI model routes BAR0 and BAR2 here; or
 *	model_ls_read(m, bar, offset, size), model_ls_write(m, bar, offset, size, value)
 *
 * Where nobody knows what hardware does, it does what hurts:
 *   - what it looked up once (a requester's slot, or that there is none; a translation, or that
 *     there is none, at any level) it uses until a flush that covers it has ended. A flush by domain
 *     covers translations of the domain that EIVDB names, one side at a time (writes, reads), and
 *     the lookup of the requester that EIVDB names;
 *   - a flush ends after VBTC was read a few times, not before;
 *   - each write to CMD commits EIVDB once more;
 *   - BAR2 (its first 4 MiB) holds garbage at first.
 * A model_fail() is: an access of another width, a command while another runs, bits that must be 0,
 * a root table changed under a slot that leads to it, a walk to where no memory is.
 *
 * Tables in main memory are read as devices read memory: after model_set_noncoherent() what was not
 * cleaned is not seen.
 */
#ifndef MODEL_LOONGSON_IOMMU_H
#define MODEL_LOONGSON_IOMMU_H

#include "pci.h"

#define MODEL_LS_SLOTS 16u
#define MODEL_LS_BAR0  0x400u
#define MODEL_LS_BAR2  ((uint64_t)64 << 20)
/* For model_pci_text(): the function as the 7A2000 has it, without its revision. */
#define MODEL_LS_7A1F  "rciep id=0014:7a1f class=080600 bar0=m64:1K bar2=m64:64M"
#define MODEL_LS_3C0F  "rciep id=0014:3c0f class=080600 bar0=m64:1K"

struct model_ls;

/* As firmware leaves it: off, slots and root tables with whatever was there. Lives until
 * model_reset(). */
struct model_ls *model_ls_create(uint16_t device, uint8_t revision);
/* Puts it behind the function's BARs and its revision into config space. */
void model_ls_plug(struct model_ls *m, struct model_pci_function *f);

/* The CPU's side. */
uint64_t model_ls_read(struct model_ls *m, unsigned bar, uint64_t offset, unsigned size);
void model_ls_write(struct model_ls *m, unsigned bar, uint64_t offset, unsigned size,
		    uint64_t value);

/*
 * The device's side: an access at iova, with Bus Master on and every bridge above forwarding.
 * `requester` is what the unit sees: the requester ID, or, of revision 0, the root port's or root
 * bus function's device and function number. True: it reaches *out. False: it was aborted.
 */
bool model_ls_dma(struct model_ls *m, uint32_t requester, uint64_t iova, bool write, hpa_t *out);

/* Accesses that went through untranslated since creation, and the last one's requester. */
unsigned model_ls_passed(const struct model_ls *m);
uint32_t model_ls_passed_last(const struct model_ls *m);

struct model_ls_slot {
	bool valid;
	uint16_t requester;
	unsigned domain;
};
/* What the table of requesters holds now, which need not be what counts yet. */
struct model_ls_slot model_ls_slot(const struct model_ls *m, unsigned n);
unsigned model_ls_slots_valid(const struct model_ls *m);
bool model_ls_enabled(const struct model_ls *m);
/* Address of a domain's root table as its registers have it. */
uint64_t model_ls_root(const struct model_ls *m, unsigned domain);

/* What it was told, in order; a flush counts when it has ended. */
enum model_ls_event {
	MODEL_LS_NONE,
	MODEL_LS_COMMIT, /* operand: EIVDB */
	MODEL_LS_FLUSH_ALL,
	MODEL_LS_FLUSH_WRITE, /* operand: domain */
	MODEL_LS_FLUSH_READ,
};
struct model_ls_command {
	enum model_ls_event event;
	uint32_t operand;
};
/* The n-th since creation; event NONE past the end. */
struct model_ls_command model_ls_command(const struct model_ls *m, unsigned n);
unsigned model_ls_commands(const struct model_ls *m);
/* Reads of BAR2 by the CPU. */
unsigned model_ls_memory_reads(const struct model_ls *m);

/* ---- how to break it ---- */

/* The n-th flush from now on (1 = the next) never ends; 0: works again. */
void model_ls_stop_flush(struct model_ls *m, unsigned n);
/* What is in the table of requesters changes only while translation is on. */
void model_ls_slots_need_on(struct model_ls *m);
/* Directories and root registers count from here in its own memory; default 0. */
void model_ls_table_origin(struct model_ls *m, uint64_t origin);
/* A range that is never translated: firmware's "MSI address bypass". */
void model_ls_bypass(struct model_ls *m, uint64_t base, uint64_t size);
/* As a predecessor might leave it: on, and a slot with this requester. */
void model_ls_left_on(struct model_ls *m, unsigned slot, uint16_t requester, unsigned domain);

#endif
