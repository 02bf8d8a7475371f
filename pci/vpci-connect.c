// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where on a zone's bus a BAR may answer, and what of it the zone's CPUs then reach directly.
 *
 * A BAR that answers "is connected": it lies wholly in a window of the zone and on no other
 * connected BAR. Its pages are mapped straight through, except those that hold MSI-X table or PBA;
 * a BAR that is smaller than a page, or shares one, is never mapped, each access traps (invariants
 * V2, V3, V10). When a BAR is connected, and where, is decided in vpci-bar.c. Both claims are
 * proven: tests/proofs/bar-plan.c, bar-connect.c. Locking: vpci->lock is held; the host's stage-2
 * lock is taken inside.
 */
#include "vpci.h"

#include <postern/errno.h>
#include <postern/zone.h>

/* ---- what can be mapped ---- */

static struct vpci_piece whole_pages(struct vpci_piece p)
{
	uint64_t start = align_down(p.offset, PAGE_SIZE);

	return p.size ? (struct vpci_piece){ start, align_up(p.offset + p.size, PAGE_SIZE) - start }
		      : p;
}

static void add_map(struct vpci_bar *b, uint64_t start, uint64_t end)
{
	if (start < end)
		b->maps[b->map_count++] = (struct vpci_piece){ start, end - start };
}

void vpci_bar_plan(struct vpci_function *fn, unsigned index)
{
	struct vpci_bar *b = &fn->bars[index];
	struct vpci_piece first = whole_pages(vpci_msix_table_in(fn, index));
	struct vpci_piece second = whole_pages(vpci_msix_pba_in(fn, index));
	uint64_t at = 0;

	b->map_count = 0;
	if (b->bar->size < PAGE_SIZE || !is_aligned(b->bar->cpu, PAGE_SIZE))
		return;
	if (second.size && (!first.size || second.offset < first.offset)) {
		struct vpci_piece swap = first;

		first = second;
		second = swap;
	}
	if (first.size) {
		add_map(b, at, first.offset);
		at = first.offset + first.size;
	}
	if (second.size) {
		add_map(b, at, second.offset);
		if (second.offset + second.size > at)
			at = second.offset + second.size;
	}
	add_map(b, at, b->bar->size);
}

/* ---- connecting ---- */

static bool inside_window(const struct vpci *v, const struct vpci_bar *b, gpa_t at)
{
	const struct vpci_layout *l = &v->layout;

	return range_inside(at, b->bar->size, l->mem32, l->mem32_size) ||
	       (b->bar->kind == PCI_BAR_MEM64 &&
		range_inside(at, b->bar->size, l->mem64, l->mem64_size));
}

static bool overlaps_other(const struct vpci *v, const struct vpci_bar *b, gpa_t at)
{
	const struct vpci_function *fn;
	unsigned i;

	for_each_function(fn, v) {
		for (i = 0; i < PCI_BAR_COUNT; i++) {
			const struct vpci_bar *o = &fn->bars[i];

			if (o != b && o->connected &&
			    ranges_overlap(at, b->bar->size, o->at, o->bar->size))
				return true;
		}
	}
	return false;
}

static void unmap_pieces(struct vpci *v, const struct vpci_bar *b, gpa_t at, unsigned count)
{
	while (count--)
		if (host_unmap_guest(v->zone, at + b->maps[count].offset, b->maps[count].size))
			host_log(LOG_ERROR, "vpci: unmapping 0x%llx bytes at 0x%llx failed",
				 (unsigned long long)b->maps[count].size,
				 (unsigned long long)(at + b->maps[count].offset));
}

int vpci_bar_connect(struct vpci *v, struct vpci_bar *b, gpa_t at)
{
	unsigned i;
	int err;

	if (!inside_window(v, b, at))
		return -ERANGE;
	if (overlaps_other(v, b, at))
		return -EADDRINUSE;
	for (i = 0; i < b->map_count; i++) {
		err = host_map_guest(v->zone, at + b->maps[i].offset,
				     b->bar->cpu + b->maps[i].offset, b->maps[i].size,
				     GUEST_MAP_DEVICE);
		if (err) {
			unmap_pieces(v, b, at, i);
			return err;
		}
	}
	b->connected = true;
	b->at = at;
	return 0;
}

void vpci_bar_disconnect(struct vpci *v, struct vpci_bar *b)
{
	if (!b->connected)
		return;
	b->connected = false;
	unmap_pieces(v, b, b->at, b->map_count);
}
