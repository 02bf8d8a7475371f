// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What of a BAR can be mapped, whatever the device claims: whole pages of it, in pieces that come in
 * ascending order, without the pages that hold anything of the MSI-X table or of the pending bits,
 * and with every other page. Of a BAR that shares a page, nothing.
 *
 * Sources: pci/vpci-connect.c pci/vpci-msix.c pci/capability.c
 * Unwind:  4
 *
 * The function is any function (function.h). `page` is any page of a BAR: what holds for it holds
 * for all.
 */
#include "function.h"

static struct pci_function physical;
static struct vpci_function fn;

void host_log(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

/* Whether the page holds a byte of the piece. */
static bool holds(uint64_t page, struct vpci_piece p)
{
	return p.size && page >= p.offset / PAGE_SIZE &&
	       page <= (p.offset + p.size - 1) / PAGE_SIZE;
}

static void check(unsigned bar, uint64_t page)
{
	struct vpci_bar *b = &fn.bars[bar];
	const struct pci_bar *p = &physical.bars[bar];
	bool table = holds(page, vpci_msix_table_in(&fn, bar));
	bool pba = holds(page, vpci_msix_pba_in(&fn, bar)), mapped;

	if (p->kind == PCI_BAR_NONE)
		return;
	b->bar = p;
	vpci_bar_plan(&fn, bar);

	prove(pieces_right(b), "whole pages of the BAR, in ascending order");
	reach(!b->map_count);
	if (b->map_count)
		prove(p->size >= PAGE_SIZE && is_aligned(p->cpu, PAGE_SIZE),
		      "what shares a page is not mapped");
	if (page >= p->size / PAGE_SIZE || !is_aligned(p->cpu, PAGE_SIZE))
		return;
	mapped = in_pieces(b, page * PAGE_SIZE);
	prove(!mapped || (!table && !pba),
	      "no page of the MSI-X table or the pending bits is mapped");
	prove(mapped || table || pba, "every other page is mapped");
	reach(mapped && page && b->map_count == VPCI_MAX_MAPS);
	reach(table && !pba && b->map_count == 2);
	reach(table && pba && b->map_count);
}

int main(void)
{
	uint64_t page = nondet_u64();

	assume(page <= UINT64_MAX / PAGE_SIZE);
	fn.f = &physical;
	any_bars(&physical, 0);
	/* Indexes are constants in each branch: see function.h. */
	if (any_bool())
		any_msix(&physical, SLOT_BAR(0), SLOT_BAR(0));
	else if (any_bool())
		any_msix(&physical, SLOT_BAR(0), SLOT_BAR(1));
	check(SLOT_BAR(0), page);
	check(SLOT_BAR(1), page);
	return 0;
}
