// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a physical function (PF) can have of virtual ones (VFs): captured at boot, and offered to its owner as
 * the manifest says. VFs coming and going: pci/vfs.c.
 *
 * Contract: postern/pci.h. Caller context: boot, single-threaded; the host command.
 *
 * System Page Size stays 4 KiB, so that BAR sizes found once hold (V6). Only VFs on the PF's own bus are used.
 *
 * PCIe Base Specification 6.0, 9.3.3 (the capability), 9.2.1.1 (routing IDs).
 */
#include "scan.h"

#include <linux/pci_regs.h>
#include <postern/errno.h>
#include <postern/string.h>

#define PAGE_SIZE_4K BIT32(0) /* in Supported Page Sizes and System Page Size */
#define VF_BAR_FLAGS 0xfu
#define LAST_DEVFN   255u

/* ---- at boot: what there is ---- */

static unsigned bar_register(const struct pci_function *pf, unsigned i)
{
	return pf->caps.sriov + PCI_SRIOV_BAR + 4 * i;
}

/* Writes all-ones, reads what stuck, puts the old value back. */
static uint32_t probe(const struct pci_function *pf, unsigned reg, uint32_t old)
{
	uint32_t got;

	pci_write32(pf, reg, UINT32_MAX);
	got = pci_read32(pf, reg);
	pci_write32(pf, reg, old);
	return got;
}

/* Fills one VF BAR; returns how many registers it takes. */
static unsigned capture_bar(struct pci_function *pf, unsigned i)
{
	struct pci_bar *bar = &pf->sriov.bars[i];
	unsigned reg = bar_register(pf, i);
	uint32_t low = pci_read32(pf, reg), high = 0;
	bool wide = (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
	uint64_t mask;

	/* VFs have no I/O BARs; a 64-bit one needs a second register. */
	if (low & PCI_BASE_ADDRESS_SPACE_IO || (wide && i + 1 == PCI_BAR_COUNT))
		return 1;
	mask = probe(pf, reg, low) & ~VF_BAR_FLAGS;
	if (wide) {
		high = pci_read32(pf, reg + 4);
		mask |= (uint64_t)probe(pf, reg + 4, high) << 32;
	} else if (mask) {
		mask |= MASK64(63, 32);
	}
	*bar = (struct pci_bar){ 0 };
	if (!mask)
		return wide ? 2 : 1;
	bar->size = mask & (~mask + 1);
	bar->kind = wide ? PCI_BAR_MEM64 : PCI_BAR_MEM32;
	bar->prefetchable = low & PCI_BASE_ADDRESS_MEM_PREFETCH;
	bar->bus = (low & ~VF_BAR_FLAGS) | (uint64_t)high << 32;
	return wide ? 2 : 1;
}

static void unusable(struct pci_function *pf, const char *why)
{
	if (pf->sriov.total)
		host_log(LOG_WARN, "pci " SBDF_FMT ": SR-IOV cannot be used: %s",
			 SBDF_ARG(pf->sbdf), why);
	pf->sriov.total = 0;
}

void pci_capture_sriov(struct pci_function *pf)
{
	struct pci_sriov *s = &pf->sriov;
	unsigned cap = pf->caps.sriov, first, i;

	*s = (struct pci_sriov){ 0 };
	if (!cap || pci_is_bridge(pf))
		return;
	s->total = pci_read16(pf, cap + PCI_SRIOV_TOTAL_VF);
	if (!s->total)
		return;
	if (!(pci_read32(pf, cap + PCI_SRIOV_SUP_PGSIZE) & PAGE_SIZE_4K)) {
		unusable(pf, "its VFs have no pages of 4 KiB");
		return;
	}
	pci_write32(pf, cap + PCI_SRIOV_SYS_PGSIZE, PAGE_SIZE_4K);
	/* Offset and stride may depend on how many VFs there are. */
	pci_write16(pf, cap + PCI_SRIOV_NUM_VF, s->total);
	s->offset = pci_read16(pf, cap + PCI_SRIOV_VF_OFFSET);
	s->stride = pci_read16(pf, cap + PCI_SRIOV_VF_STRIDE);
	pci_write16(pf, cap + PCI_SRIOV_NUM_VF, 0);
	s->vf_device = pci_read16(pf, cap + PCI_SRIOV_VF_DID);
	first = sbdf_devfn(pf->sbdf) + s->offset;
	if (!s->offset || first > LAST_DEVFN) {
		unusable(pf, "its first VF is not on the function's own bus");
		return;
	}
	if (!s->stride)
		s->total = 1;
	else if ((LAST_DEVFN - first) / s->stride + 1 < s->total)
		s->total = (uint16_t)((LAST_DEVFN - first) / s->stride + 1);
	for (i = 0; i < PCI_BAR_COUNT;)
		i += capture_bar(pf, i);
	for (i = 0; i < PCI_BAR_COUNT; i++)
		if (s->bars[i].size && s->bars[i].size < PAGE_SIZE)
			unusable(pf, "a VF BAR is smaller than a page");
}

void pci_program_vf_bars(struct pci_function *pf)
{
	struct pci_sriov *s = &pf->sriov;
	unsigned i;

	if (!pf->caps.sriov)
		return;
	for (i = 0; i < PCI_BAR_COUNT; i++) {
		const struct pci_bar *b = &s->bars[i];

		if (!b->size)
			continue;
		if (!b->bus)
			unusable(pf, "there is no room for its VFs' BARs");
		pci_write32(pf, bar_register(pf, i), (uint32_t)b->bus);
		if (b->kind == PCI_BAR_MEM64)
			pci_write32(pf, bar_register(pf, i + 1), (uint32_t)(b->bus >> 32));
	}
}

/* ---- at boot: who may have them ---- */

static unsigned next_group(const struct pci_table *t)
{
	unsigned next = 0, i;

	for (i = 0; i < t->count; i++)
		if (t->functions[i].group >= next)
			next = t->functions[i].group + 1;
	return next;
}

static void make_entry(struct pci_function *vf, struct pci_function *pf, unsigned n)
{
	const struct pci_sriov *s = &pf->sriov;
	unsigned i;

	memset(vf, 0, sizeof(*vf));
	vf->sbdf = pf->sbdf + s->offset + n * s->stride;
	vf->host = pf->host;
	vf->parent = pf->parent;
	vf->pf = pf;
	vf->vf = (uint16_t)n;
	vf->vendor = pf->vendor;
	vf->device = s->vf_device;
	vf->class_code = pf->class_code;
	vf->pcie_type = pf->pcie_type;
	vf->state = DEVICE_ABSENT;
	pci_route_function(vf);
	for (i = 0; i < PCI_BAR_COUNT; i++) {
		vf->bars[i] = s->bars[i];
		if (s->bars[i].size) {
			vf->bars[i].bus += n * s->bars[i].size;
			vf->bars[i].cpu += n * s->bars[i].size;
		}
	}
}

int pci_offer_vfs(struct pci_table *t, struct pci_function *pf, unsigned n,
		  void (*changed)(struct pci_function *pf))
{
	bool apart = pci_vfs_apart(t, pf);
	unsigned i;

	if (!n || n > pf->sriov.total || pf->sriov.offered)
		return -EINVAL;
	if (n > MAX_PCI_FUNCTIONS - t->count) {
		host_log(LOG_ERROR,
			 "pci " SBDF_FMT
			 ": no room for %u VFs among %u functions; offer fewer, or raise "
			 "MAX_PCI_FUNCTIONS",
			 SBDF_ARG(pf->sbdf), n, MAX_PCI_FUNCTIONS);
		return -ENOSPC;
	}
	pf->sriov.vfs = &t->functions[t->count];
	for (i = 0; i < n; i++) {
		struct pci_function *vf = &t->functions[t->count];
		unsigned group = apart ? next_group(t) : pf->group;

		make_entry(vf, pf, i);
		vf->group = group;
		t->count++;
	}
	pf->sriov.offered = (uint16_t)n;
	pf->sriov.changed = changed;
	return 0;
}
