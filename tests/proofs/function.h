/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any physical function as the engine knows it after the scan, for the proofs about BARs and MSI-X.
 *
 * The BARs are 0 and 2, each of either width, so that a 64-bit one has room; the code treats all
 * indexes alike. Assumed of one that is there, and what sees to it:
 * - its size is a power of two from 16 bytes on (pci/bar.c: the lowest bit that can be written), up
 *   to 64 GiB here;
 * - its registers stand at a multiple of 16 bytes, on a page of their own or not (pci/resources.c
 *   aligns to the size, windows translate by whole pages). But for that the address is a constant,
 *   another one for each BAR: the engine only ever adds to it, and a proof over any address takes
 *   hours. So no two overlap.
 * MSI-X is whatever the device claimed, after the engine's own judgement, pci_validate_msix(). Its BARs are constants wherever they are used as an index: CBMC takes much
 * longer over an index that can be anything.
 */
#ifndef FUNCTION_H
#define FUNCTION_H

#include "proof.h"

#include "pci/vpci.h"

#define SLOTS        2u
#define SLOT_BAR(s)  (2 * (s))
#define MSIX_ENTRIES 2048u

static inline void any_physical_bar(struct pci_bar *b, hpa_t base)
{
	unsigned log2 = 4 + any_upto(32);

	b->kind = any_bool() ? (any_bool() ? PCI_BAR_MEM64 : PCI_BAR_MEM32) : PCI_BAR_NONE;
	b->prefetchable = any_bool();
	b->size = BIT64(log2);
	b->cpu = base + (any_bool() ? 0 : 0x110);
	b->bus = b->cpu;
	assume(b->kind == PCI_BAR_MEM64 || log2 < 32);
}

static inline void any_bars(struct pci_function *f, unsigned index)
{
	any_physical_bar(&f->bars[SLOT_BAR(0)], BIT64(40) << index);
	any_physical_bar(&f->bars[SLOT_BAR(1)], BIT64(42) << index);
}

/* MSI-X in these BARs, its fields as pci/capability.c cuts them out of the registers. */
static inline void any_msix(struct pci_function *f, unsigned table_bar, unsigned pba_bar)
{
	f->caps.msix = 0x40;
	f->msix.entries = (uint16_t)(1 + any_upto(MSIX_ENTRIES - 1));
	f->msix.table_bar = (uint8_t)table_bar;
	f->msix.pba_bar = (uint8_t)pba_bar;
	f->msix.table_offset = nondet_u32() & ~7u;
	f->msix.pba_offset = nondet_u32() & ~7u;
	pci_validate_msix(f);
}

/*
 * What bar-plan proves of the pieces of a BAR, and bar-connect takes for granted. `in_pieces`: the
 * byte `offset` of the BAR is in one of them.
 */
static inline bool pieces_right(const struct vpci_bar *b)
{
	bool right = b->map_count <= VPCI_MAX_MAPS;
	uint64_t end = 0;
	unsigned i;

	for (i = 0; i < VPCI_MAX_MAPS; i++) {
		const struct vpci_piece *p = &b->maps[i];

		if (i >= b->map_count)
			continue;
		right &= p->size && is_aligned(p->offset | p->size, PAGE_SIZE) &&
			 p->offset >= end && range_inside(p->offset, p->size, 0, b->bar->size);
		end = p->offset + p->size;
	}
	return right && (!b->map_count || is_aligned(b->bar->cpu, PAGE_SIZE));
}

static inline bool in_pieces(const struct vpci_bar *b, uint64_t offset)
{
	bool found = false;
	unsigned i;

	for (i = 0; i < VPCI_MAX_MAPS; i++)
		found |= i < b->map_count && offset >= b->maps[i].offset &&
			 offset - b->maps[i].offset < b->maps[i].size;
	return found;
}

static inline void any_pieces(struct vpci_bar *b)
{
	unsigned i;

	for (i = 0; i < VPCI_MAX_MAPS; i++)
		b->maps[i] = (struct vpci_piece){ nondet_u64(), nondet_u64() };
	b->map_count = any_upto(VPCI_MAX_MAPS);
	assume(pieces_right(b));
}

#endif
