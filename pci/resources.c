// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gives every BAR and every bridge window an address, once, at boot.
 *
 * Contract: pci_place_resources() in scan.h. Caller context: boot CPU, single-threaded (the work
 * list is static).
 *
 * The unit of decision is the subtree below one function of the root bus: when the firmware placed
 * every memory BAR and window in it validly (aligned, inside the window above, overlapping
 * nothing), all of it is kept; otherwise all of it is placed anew in what the kept subtrees leave
 * free. BARs the platform declares fixed are never moved.
 *
 * Placing: non-prefetchable BARs, 64-bit ones too, go into the 32-bit window, since that is all a
 * bridge can forward for them; prefetchable 64-bit BARs go into the 64-bit window where every
 * bridge above has one. Bottom-up each bridge's children are packed largest alignment first,
 * relative to 0, which gives its window's size; top-down the windows get their addresses. Every
 * memory BAR stands on 4 KiB pages of its own, so that no two functions share a page a zone's CPU
 * could be given. I/O BARs are not placed: zones get no I/O space.
 *
 * PCI-to-PCI Bridge Architecture 1.2, 3.2.5; PCIe Base Specification, 7.5.1.3.
 */
#include "scan.h"

#include <linux/pci_regs.h>
#include <postern/errno.h>

#define WINDOW_GRANULE MIB
/* A window whose base lies above its limit forwards nothing. */
#define CLOSED_BASE    0xfff0u
#define CLOSED_LIMIT   0x0000u

enum space { SPACE_MEM, SPACE_PREF };

/*
 * KEPT: the firmware's address stands. PLACED: ours (relative to the parent's window until that has
 * its own).
 */
enum placing { WAITING, KEPT, PLACED, FAILED };

struct placement {
	struct pci_function *owner;
	struct pci_bar *bar;
	enum space space;
	enum placing state;
	bool window; /* a bridge's forwarding window, else a BAR */
	bool fixed;
	unsigned count;       /* BARs in a row: 1, or the function's VFs for a VF BAR */
	uint64_t size, align; /* what has to be placed; size 0: nothing (yet) */
};

/*
 * VF BARs are a wish: they must not crowd out what functions have. A function whose VFs want more than this
 * part of the host's window gets none.
 */
#define VF_SHARE 16u

#define MAX_PLACEMENTS (MAX_PCI_FUNCTIONS * (PCI_BAR_COUNT + 2))
static struct placement list[MAX_PLACEMENTS];
static unsigned list_count;

struct range {
	uint64_t start, size;
};

/* ---- the work list ---- */

static const struct pci_window *host_window(const struct pci_host *h, enum space space)
{
	enum pci_window_kind kind = space == SPACE_PREF ? PCI_WINDOW_MEM64 : PCI_WINDOW_MEM32;
	unsigned i;

	for (i = 0; i < h->window_count; i++)
		if (h->windows[i].kind == kind)
			return &h->windows[i];
	return NULL;
}

/* Whether every bridge from `b` up, and the host, forward 64-bit prefetchable addresses. */
static bool forwards_pref64(const struct pci_host *h, const struct pci_function *b)
{
	for (; b; b = b->parent)
		if ((pci_read16(b, PCI_PREF_MEMORY_BASE) & PCI_PREF_RANGE_TYPE_MASK) !=
		    PCI_PREF_RANGE_TYPE_64)
			return false;
	return host_window(h, SPACE_PREF) != NULL;
}

static void list_add(struct pci_function *owner, struct pci_bar *bar, enum space space, bool window)
{
	struct placement *p = &list[list_count++];

	*p = (struct placement){
		.owner = owner, .bar = bar, .space = space, .window = window, .count = 1
	};
	if (!window) {
		p->size = p->align = bar->size > PAGE_SIZE ? bar->size : PAGE_SIZE;
		p->fixed = pci_bar_is_fixed(owner, bar);
	}
}

static enum space space_of(struct pci_host *h, const struct pci_function *f,
			   const struct pci_bar *b)
{
	bool pref = b->kind == PCI_BAR_MEM64 && b->prefetchable;

	return pref && forwards_pref64(h, f->parent) ? SPACE_PREF : SPACE_MEM;
}

static void list_add_vf_bars(struct pci_host *h, struct pci_function *f)
{
	unsigned i;

	for (i = 0; i < PCI_BAR_COUNT && f->sriov.total; i++) {
		struct pci_bar *b = &f->sriov.bars[i];
		enum space space = space_of(h, f, b);
		const struct pci_window *w = host_window(h, space);

		if (!b->size)
			continue;
		if (list_count == MAX_PLACEMENTS || !w ||
		    b->size > w->size / VF_SHARE / f->sriov.total) {
			b->bus = 0; /* told by name when the BARs are programmed */
			continue;
		}
		list_add(f, b, space, false);
		list[list_count - 1].count = f->sriov.total;
		list[list_count - 1].size = b->size * f->sriov.total;
	}
}

static void list_build(struct pci_host *h, struct pci_table *t, unsigned first)
{
	unsigned i, bar;

	list_count = 0;
	for (i = first; i < t->count; i++) {
		struct pci_function *f = &t->functions[i];

		for (bar = 0; bar < PCI_BAR_COUNT; bar++) {
			struct pci_bar *b = &f->bars[bar];

			if (b->kind == PCI_BAR_MEM32 || b->kind == PCI_BAR_MEM64)
				list_add(f, b, space_of(h, f, b), false);
		}
		if (pci_is_bridge(f)) {
			list_add(f, &f->window_mem, SPACE_MEM, true);
			if (forwards_pref64(h, f))
				list_add(f, &f->window_pref, SPACE_PREF, true);
		}
	}
	/* Last: when the list is full, it is they that go without. */
	for (i = first; i < t->count; i++)
		list_add_vf_bars(h, &t->functions[i]);
}

static const struct pci_function *subtree(const struct pci_function *f)
{
	while (f->parent)
		f = f->parent;
	return f;
}

/* ---- what the firmware left ---- */

static void read_firmware_windows(struct pci_function *b)
{
	uint64_t base = (uint64_t)(pci_read16(b, PCI_MEMORY_BASE) & 0xfff0u) << 16;
	uint64_t limit = (uint64_t)(pci_read16(b, PCI_MEMORY_LIMIT) & 0xfff0u) << 16 |
			 (WINDOW_GRANULE - 1);
	uint16_t pref_base = pci_read16(b, PCI_PREF_MEMORY_BASE);
	uint16_t pref_limit = pci_read16(b, PCI_PREF_MEMORY_LIMIT);

	/*
	 * Out of reset base and limit are both 0: a window at address 0, where nothing is ever
	 * placed, is closed.
	 */
	b->window_mem = b->window_pref = (struct pci_bar){ 0 };
	if (base && base <= limit) {
		b->window_mem.bus = base;
		b->window_mem.size = limit - base + 1;
	}
	base = (uint64_t)(pref_base & 0xfff0u) << 16;
	limit = (uint64_t)(pref_limit & 0xfff0u) << 16 | (WINDOW_GRANULE - 1);
	if ((pref_base & PCI_PREF_RANGE_TYPE_MASK) == PCI_PREF_RANGE_TYPE_64) {
		base |= (uint64_t)pci_read32(b, PCI_PREF_BASE_UPPER32) << 32;
		limit |= (uint64_t)pci_read32(b, PCI_PREF_LIMIT_UPPER32) << 32;
	}
	if (base && base <= limit) {
		b->window_pref.bus = base;
		b->window_pref.size = limit - base + 1;
	}
}

static bool inside_bar(uint64_t at, uint64_t size, const struct pci_bar *b)
{
	return range_inside(at, size, b->bus, b->size);
}

/* Whether the bridge above, or the host, forwards [at, at+size). */
static bool forwarded(const struct pci_host *h, const struct pci_function *parent, uint64_t at,
		      uint64_t size)
{
	unsigned i;

	if (parent)
		return inside_bar(at, size, &parent->window_mem) ||
		       inside_bar(at, size, &parent->window_pref);
	for (i = 0; i < h->window_count; i++)
		if (h->windows[i].kind != PCI_WINDOW_IO &&
		    range_inside(at, size, h->windows[i].bus, h->windows[i].size))
			return true;
	return false;
}

/*
 * The registers' own bytes: a small BAR of the firmware's may share its page, it is never mapped,
 * only forwarded.
 */
static uint64_t own_size(const struct placement *p)
{
	return p->window ? p->bar->size : p->bar->size * p->count;
}

static bool is_vf_bar(const struct placement *p)
{
	return p->bar >= p->owner->sriov.bars && p->bar < p->owner->sriov.bars + PCI_BAR_COUNT;
}

static bool firmware_valid(const struct pci_host *h, const struct placement *p)
{
	unsigned i;

	if (p->window && p->bar->size == 0)
		return true; /* closed, and nothing below needs it, else that is invalid */
	if (p->bar->bus == 0 || (!p->window && !is_aligned(p->bar->bus, p->bar->size)) ||
	    !forwarded(h, p->owner->parent, p->bar->bus, own_size(p)))
		return false;
	for (i = 0; i < list_count; i++) {
		const struct placement *o = &list[i];

		if (o != p && o->owner->parent == p->owner->parent && o->bar->bus != 0 &&
		    ranges_overlap(p->bar->bus, own_size(p), o->bar->bus, own_size(o)))
			return false;
	}
	return true;
}

/*
 * A window the firmware left open that nothing here would use (a prefetchable one that is 32-bit
 * only, say) is not in the list: it is closed in programming. One that BARs of the firmware's rely
 * on must be kept, so it counts as invalid.
 */
static bool relies_on_unlisted(const struct placement *p)
{
	const struct pci_function *b = p->owner->parent;
	unsigned i;

	if (!b || inside_bar(p->bar->bus, own_size(p), &b->window_mem))
		return false;
	for (i = 0; i < list_count; i++)
		if (list[i].bar == &b->window_pref)
			return false;
	return true;
}

/* Marks what is kept as placed; forgets the rest. */
static void keep_valid_subtrees(const struct pci_host *h, struct pci_table *t, unsigned first)
{
	bool broken[MAX_PCI_FUNCTIONS] = { 0 };
	unsigned i;

	for (i = first; i < t->count; i++)
		if (pci_is_bridge(&t->functions[i]))
			read_firmware_windows(&t->functions[i]);
	/* Firmware need not have placed VF BARs; that is no reason to move what it has. */
	for (i = 0; i < list_count; i++)
		if (is_vf_bar(&list[i]) && !firmware_valid(h, &list[i]))
			list[i].bar->bus = 0;
	for (i = 0; i < list_count; i++)
		if (!(is_vf_bar(&list[i]) && !list[i].bar->bus) &&
		    (!firmware_valid(h, &list[i]) || relies_on_unlisted(&list[i])))
			broken[subtree(list[i].owner) - t->functions] = true;
	for (i = 0; i < list_count; i++) {
		struct placement *p = &list[i];
		bool keep = !broken[subtree(p->owner) - t->functions];

		if (!keep && p->fixed && !p->owner->parent && firmware_valid(h, p))
			keep = true;
		if (!keep && p->fixed)
			host_log(
				LOG_ERROR,
				"pci " SBDF_FMT
				": a BAR that must not move has no valid address; it is not usable",
				SBDF_ARG(p->owner->sbdf));
		if (keep && p->bar->size && !(is_vf_bar(p) && !p->bar->bus)) {
			p->state = KEPT;
		} else if (p->fixed) {
			p->state = FAILED;
		}
		if (!keep) {
			p->bar->bus = 0;
			if (p->window)
				p->bar->size = 0;
		}
	}
	for (i = first; i < t->count; i++) {
		struct pci_function *f = &t->functions[i];

		if (pci_is_bridge(f) &&
		    (broken[subtree(f) - t->functions] || !forwards_pref64(h, f)))
			f->window_pref = (struct pci_bar){ 0 };
	}
}

/* ---- packing ---- */

/*
 * The next thing to place directly below `parent` in this space: largest alignment, then largest
 * size, then list order.
 */
static struct placement *next_unplaced(const struct pci_host *h, const struct pci_function *parent,
				       enum space space)
{
	struct placement *best = NULL;
	unsigned i;

	for (i = 0; i < list_count; i++) {
		struct placement *p = &list[i];

		if (p->owner->host != h || p->owner->parent != parent || p->space != space ||
		    p->state != WAITING || !p->size)
			continue;
		if (!best || p->align > best->align ||
		    (p->align == best->align && p->size > best->size))
			best = p;
	}
	return best;
}

/* First fit of p among what is placed below the same parent; false: the range is full. */
static bool first_fit(const struct placement *p, struct range within, uint64_t *at)
{
	uint64_t try = align_up(within.start, p->align);
	unsigned i;

again:
	if (try < within.start || !range_inside(try, p->size, within.start, within.size))
		return false;
	for (i = 0; i < list_count; i++) {
		const struct placement *o = &list[i];
		uint64_t osize = o->size > own_size(o) ? o->size : own_size(o);
		uint64_t obus = o->window ? o->bar->bus : align_down(o->bar->bus, PAGE_SIZE);

		if ((o->state == KEPT || o->state == PLACED) && o->owner->host == p->owner->host &&
		    o->owner->parent == p->owner->parent &&
		    ranges_overlap(try, p->size, obus, osize) &&
		    (o->space == p->space || !p->owner->parent)) {
			try = align_up(obus + osize, p->align);
			goto again;
		}
	}
	*at = try;
	return true;
}

static void give_up(struct placement *p, int *err)
{
	host_log(LOG_ERROR,
		 "pci " SBDF_FMT
		 ": no room for 0x%llx bytes in the host's %s window; left without resources",
		 SBDF_ARG(p->owner->sbdf), (unsigned long long)p->size,
		 p->space == SPACE_PREF ? "64-bit" : "32-bit");
	*err = -ERANGE;
	p->state = FAILED;
	p->bar->bus = 0;
	if (p->window)
		p->bar->size = 0;
}

/*
 * Packs the children of one bridge relative to 0 and derives the window's size and alignment from
 * where they end.
 */
static void size_window(const struct pci_host *h, struct placement *w, int *err)
{
	struct range all = { 0, MASK64(62, 0) };
	uint64_t end = 0, align = WINDOW_GRANULE, at;
	struct placement *p;

	while ((p = next_unplaced(h, w->owner, w->space))) {
		if (!first_fit(p, all, &at)) {
			give_up(p, err);
			continue;
		}
		p->bar->bus = at;
		p->state = PLACED;
		if (at + p->size > end)
			end = at + p->size;
		if (p->align > align)
			align = p->align;
	}
	w->size = align_up(end, WINDOW_GRANULE);
	w->align = align;
}

static void place_root(const struct pci_host *h, enum space space, int *err)
{
	const struct pci_window *w = host_window(h, space);
	struct range within = w ? (struct range){ w->bus, w->size } : (struct range){ 0 };
	struct placement *p;
	uint64_t at;

	/* Address 0 means "not placed" everywhere. */
	if (within.start == 0 && within.size > WINDOW_GRANULE) {
		within.start += WINDOW_GRANULE;
		within.size -= WINDOW_GRANULE;
	}
	while ((p = next_unplaced(h, NULL, space))) {
		if (!first_fit(p, within, &at)) {
			give_up(p, err);
			continue;
		}
		p->bar->bus = at;
		if (p->window)
			p->bar->size = p->size;
		p->state = PLACED;
	}
}

/*
 * Children of a placed window move from relative to absolute addresses; of one without a place,
 * they lose theirs.
 */
static void settle_children(struct placement *w, int *err)
{
	unsigned i;

	for (i = 0; i < list_count; i++) {
		struct placement *p = &list[i];

		if (p->owner->parent != w->owner || p->space != w->space || p->state != PLACED)
			continue;
		if (w->state != PLACED) {
			give_up(p, err);
			continue;
		}
		p->bar->bus += w->bar->bus;
		if (p->window)
			p->bar->size = p->size;
	}
}

/*
 * VF BARs that firmware left out find room in a window it gave the bridge above, if not in one it had left
 * closed, or stay out. One below a window that never got a place still has an address relative to it.
 */
static void place_vf_bars_in_kept_windows(const struct pci_host *h)
{
	unsigned i;

	for (i = 0; i < list_count; i++) {
		struct placement *p = &list[i];
		const struct pci_function *b = p->owner->parent;
		const struct pci_bar *w;
		uint64_t at;

		if (!is_vf_bar(p) || p->owner->host != h || !b)
			continue;
		w = p->space == SPACE_PREF ? &b->window_pref : &b->window_mem;
		if (p->state == PLACED && !inside_bar(p->bar->bus, own_size(p), w)) {
			p->state = WAITING;
			p->bar->bus = 0;
		}
		if (p->state != WAITING || !first_fit(p, (struct range){ w->bus, w->size }, &at))
			continue;
		p->bar->bus = at;
		p->state = PLACED;
	}
}

/* ---- programming ---- */

static hpa_t cpu_address(const struct pci_host *h, uint64_t bus)
{
	unsigned i;

	for (i = 0; i < h->window_count; i++) {
		const struct pci_window *w = &h->windows[i];

		if (w->kind != PCI_WINDOW_IO && range_inside(bus, 1, w->bus, w->size))
			return w->cpu + (bus - w->bus);
	}
	return 0;
}

static void program_window(const struct pci_function *b, unsigned base_reg, const struct pci_bar *w)
{
	uint64_t limit = w->bus + w->size - 1;
	uint32_t value = CLOSED_BASE | CLOSED_LIMIT << 16;

	/*
	 * Base and limit share a dword; both halves at once, so that no wrong window is ever open.
	 */
	if (w->size)
		value = (uint32_t)(w->bus >> 16 & 0xfff0u) | (uint32_t)(limit >> 16 & 0xfff0u)
								     << 16;
	pci_write32(b, base_reg, value);
}

static void program_bridge(const struct pci_function *b)
{
	uint64_t pref_limit = b->window_pref.size ? b->window_pref.bus + b->window_pref.size - 1
						  : 0;

	/* I/O closed: base above limit. */
	pci_write16(b, PCI_IO_BASE, 0x00f0);
	pci_write32(b, PCI_IO_BASE_UPPER16, 0);
	program_window(b, PCI_MEMORY_BASE, &b->window_mem);
	program_window(b, PCI_PREF_MEMORY_BASE, &b->window_pref);
	pci_write32(b, PCI_PREF_BASE_UPPER32, (uint32_t)(b->window_pref.bus >> 32));
	pci_write32(b, PCI_PREF_LIMIT_UPPER32, (uint32_t)(pref_limit >> 32));
}

static void program(struct pci_host *h, struct pci_function *f)
{
	unsigned i;

	for (i = 0; i < PCI_BAR_COUNT; i++) {
		struct pci_bar *b = &f->bars[i];

		if (b->kind != PCI_BAR_MEM32 && b->kind != PCI_BAR_MEM64) {
			b->bus = 0;
			continue;
		}
		b->cpu = b->bus ? cpu_address(h, b->bus) : 0;
		if (!pci_bar_is_fixed(f, b))
			pci_write_bar(f, i, b->bus);
	}
	for (i = 0; i < PCI_BAR_COUNT; i++)
		if (f->sriov.bars[i].bus)
			f->sriov.bars[i].cpu = cpu_address(h, f->sriov.bars[i].bus);
	pci_program_vf_bars(f);
	if (pci_is_bridge(f)) {
		f->window_mem.kind = f->window_mem.size ? PCI_BAR_MEM32 : PCI_BAR_NONE;
		f->window_mem.cpu = f->window_mem.size ? cpu_address(h, f->window_mem.bus) : 0;
		f->window_pref.kind = f->window_pref.size ? PCI_BAR_MEM64 : PCI_BAR_NONE;
		f->window_pref.prefetchable = f->window_pref.size != 0;
		f->window_pref.cpu = f->window_pref.size ? cpu_address(h, f->window_pref.bus) : 0;
		program_bridge(f);
	}
}

int pci_place_resources(struct pci_host *h, struct pci_table *t, unsigned first)
{
	int err = 0;
	unsigned i;

	list_build(h, t, first);
	keep_valid_subtrees(h, t, first);
	/*
	 * Parents come before their children in the list: backwards is bottom-up, forwards is
	 * top-down.
	 */
	for (i = list_count; i--;)
		if (list[i].window && list[i].state == WAITING)
			size_window(h, &list[i], &err);
	place_root(h, SPACE_MEM, &err);
	place_root(h, SPACE_PREF, &err);
	for (i = 0; i < list_count; i++)
		if (list[i].window && (list[i].state == PLACED || list[i].state == FAILED))
			settle_children(&list[i], &err);
	place_vf_bars_in_kept_windows(h);
	for (i = first; i < t->count; i++)
		program(h, &t->functions[i]);
	return err;
}
