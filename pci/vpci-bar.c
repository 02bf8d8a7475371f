// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BARs on a zone's bus: where the zone puts them, what of them its CPUs reach directly, and the
 * accesses that trap.
 *
 * A BAR answers ("is connected") while Memory Enable is on and its address lies wholly in a window
 * of the zone and on no other connected BAR. Connected, its pages are mapped straight through,
 * except those that hold MSI-X table or PBA; a BAR smaller than a page is never mapped, each access
 * is checked and passed on (invariants V2, V3, V10). The physical BAR never moves.
 *
 * A move with decode on is a transaction: disconnect, check, connect; when the new place belongs to
 * another BAR or cannot be mapped, register and mapping go back to the old place. A place outside
 * the windows is the zone's right: the register holds it, nothing answers there. Locking:
 * vpci->lock is held; the host's stage-2 lock is taken inside.
 */
#include "vpci.h"

#include <linux/pci_regs.h>
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/zone.h>

#define BAR_FLAGS 0xfu

/* ---- registers ---- */

static bool wide(const struct vpci_bar *b)
{
	return b->bar && b->bar->kind == PCI_BAR_MEM64;
}

static unsigned bar_register(const struct vpci_function *fn, unsigned index)
{
	return index < PCI_BAR_COUNT ? PCI_BASE_ADDRESS_0 + 4 * index
				     : fn->sriov_cap + PCI_SRIOV_BAR + 4 * (index - PCI_BAR_COUNT);
}

uint64_t vpci_bar_address(const struct vpci_function *fn, unsigned index)
{
	const struct vpci_bar *b = vpci_bar_const(fn, index);
	unsigned reg = bar_register(fn, index);
	uint64_t low;

	if (!b->bar)
		return 0;
	if (fn->pf)
		return vpci_vf_bar_address(fn, index);
	low = vpci_get(fn, reg, 4) & ~BAR_FLAGS;
	return wide(b) ? low | (uint64_t)vpci_get(fn, reg + 4, 4) << 32 : low;
}

void vpci_bar_set_address(struct vpci_function *fn, unsigned index, uint64_t address)
{
	const struct vpci_bar *b = vpci_bar_const(fn, index);
	unsigned reg = bar_register(fn, index);

	/* A VF on its PF's bus has no address of its own. */
	if (!b->bar || fn->pf)
		return;
	vpci_set(fn, reg, 4, ((uint32_t)address & ~BAR_FLAGS) | (vpci_get(fn, reg, 4) & BAR_FLAGS));
	if (wide(b))
		vpci_set(fn, reg + 4, 4, (uint32_t)(address >> 32));
}

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

/* The BAR's pages minus those of the MSI-X table and the PBA, in as few pieces as possible. */
static void plan_maps(struct vpci_function *fn, unsigned index)
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
	       (wide(b) && range_inside(at, b->bar->size, l->mem64, l->mem64_size));
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

/* -ERANGE: outside the windows; -EADDRINUSE: on another BAR; else as host_map_guest(). */
static int connect_at(struct vpci *v, struct vpci_bar *b, gpa_t at)
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

static void disconnect(struct vpci *v, struct vpci_bar *b)
{
	if (!b->connected)
		return;
	b->connected = false;
	unmap_pieces(v, b, b->at, b->map_count);
}

/* A BAR that had to wait for another one's place gets it as soon as that has gone. */
static void connect_waiting(struct vpci *v)
{
	struct vpci_function *fn;
	unsigned i;

	for_each_function(fn, v)
		for (i = 0; i < PCI_BAR_COUNT; i++)
			if (fn->memory_on && fn->bars[i].bar && !fn->bars[i].connected)
				connect_at(v, &fn->bars[i], vpci_bar_address(fn, i));
}

static void complain(struct vpci_function *fn, unsigned index, gpa_t at, int err,
		     const char *outcome)
{
	if (fn->complaints++ >= VPCI_MAX_COMPLAINTS)
		return;
	host_log(LOG_WARN, "zone %s: BAR%u of " SBDF_FMT " put at 0x%llx: %s; %s%s",
		 fn->bus->zone->name, index, SBDF_ARG(fn->f->sbdf), (unsigned long long)at,
		 err == -EADDRINUSE ? "another BAR is there" : "it cannot be mapped", outcome,
		 fn->complaints == VPCI_MAX_COMPLAINTS ? " (last message about this function)"
						       : "");
}

void vpci_bar_move(struct vpci_function *fn, unsigned index)
{
	struct vpci_bar *b = &fn->bars[index];
	gpa_t old = b->at, new = vpci_bar_address(fn, index);
	bool was = b->connected;
	int err;

	if (was && old == new)
		return;
	disconnect(fn->bus, b);
	err = connect_at(fn->bus, b, new);
	if (err && err != -ERANGE && was && !fn->pf) {
		complain(fn, index, new, err, "it stays where it was");
		vpci_bar_set_address(fn, index, old);
		if (connect_at(fn->bus, b, old))
			host_log(LOG_ERROR,
				 "vpci: and cannot be mapped there again; it answers nowhere");
	}
	connect_waiting(fn->bus);
}

static void bar_written(struct vpci_function *fn, unsigned offset)
{
	unsigned index = (offset - PCI_BASE_ADDRESS_0) / 4;

	if (fn->memory_on)
		vpci_bar_move(fn, index);
}

void vpci_bars_connect(struct vpci_function *fn)
{
	unsigned i;

	for (i = 0; i < PCI_BAR_COUNT; i++) {
		struct vpci_bar *b = &fn->bars[i];
		int err = b->bar && !b->connected ? connect_at(fn->bus, b, vpci_bar_address(fn, i))
						  : 0;

		if (err && err != -ERANGE)
			complain(fn, i, vpci_bar_address(fn, i), err, "it answers nowhere");
	}
}

void vpci_bars_disconnect(struct vpci_function *fn)
{
	unsigned i;

	/*
	 * Before anything else, so that none of its own BARs is among those that wait for the
	 * places freed here.
	 */
	fn->memory_on = false;
	for (i = 0; i < PCI_BAR_COUNT; i++)
		disconnect(fn->bus, &fn->bars[i]);
	connect_waiting(fn->bus);
}

void vpci_bars_build(struct vpci_function *fn)
{
	const struct pci_function *f = fn->f;
	unsigned i, reg;

	for (i = 0; i < PCI_BAR_COUNT; i++) {
		struct vpci_bar *b = &fn->bars[i];
		const struct pci_bar *p = &f->bars[i];
		uint32_t flags = (p->kind == PCI_BAR_MEM64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0u) |
				 (p->prefetchable ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0u);
		uint64_t mask = ~(p->size - 1);

		*b = (struct vpci_bar){ 0 };
		/* I/O BARs and BARs without a place read 0: not implemented. */
		if ((p->kind != PCI_BAR_MEM32 && p->kind != PCI_BAR_MEM64) || !p->bus)
			continue;
		b->bar = p;
		b->count = 1;
		plan_maps(fn, i);
		/* A VF on its PF's bus has no registers for them: its PF's VF BARs say where they are. */
		if (fn->pf)
			continue;
		reg = bar_register(fn, i);
		vpci_list(fn, reg, 4, VPCI_CONSTANT, BAR_FLAGS, flags);
		vpci_list(fn, reg, 4, VPCI_EMULATED, (uint32_t)mask & ~BAR_FLAGS, 0);
		if (wide(b))
			vpci_list(fn, reg + 4, 4, VPCI_EMULATED, (uint32_t)(mask >> 32), 0);
		vpci_hook(fn, reg, wide(b) ? 8 : 4, bar_written);
	}
}

/* ---- accesses that trap ---- */

static uint64_t forward(hpa_t at, unsigned size, bool write, uint64_t value)
{
	if (write) {
		switch (size) {
		case 1:
			mmio_write8(at, (uint8_t)value);
			break;
		case 2:
			mmio_write16(at, (uint16_t)value);
			break;
		case 4:
			mmio_write32(at, (uint32_t)value);
			break;
		default:
			mmio_write64(at, value);
			break;
		}
		return 0;
	}
	switch (size) {
	case 1:
		return mmio_read8(at);
	case 2:
		return mmio_read16(at);
	case 4:
		return mmio_read32(at);
	default:
		return mmio_read64(at);
	}
}

static bool within(struct vpci_piece p, uint64_t offset)
{
	return p.size && offset >= p.offset && offset - p.offset < p.size;
}

uint64_t vpci_bar_access(struct vpci *v, gpa_t addr, unsigned size, bool write, uint64_t value)
{
	struct vpci_function *fn;
	unsigned i;

	for_each_function(fn, v) {
		for (i = 0; i < PCI_BAR_COUNT; i++) {
			const struct vpci_bar *b = &fn->bars[i];
			struct vpci_piece table, pba;
			uint64_t offset = addr - b->at;

			if (!b->connected || addr < b->at || offset >= b->bar->size)
				continue;
			table = vpci_msix_table_in(fn, i);
			pba = vpci_msix_pba_in(fn, i);
			/*
			 * Aligned, an access cannot straddle either: both start and end on 8 bytes.
			 */
			if (within(table, offset))
				return vpci_msix_table_access(fn, offset - table.offset, size,
							      write, value);
			if (write && within(pba, offset))
				return 0;
			return forward(b->bar->cpu + offset, size, write, value);
		}
	}
	return UINT64_MAX;
}
