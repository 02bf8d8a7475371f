// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wherever a zone puts a BAR, it is connected there only when it lies wholly in the zone's window
 * for its kind, on no other connected BAR and off the zone's memory. What is mapped then are its
 * pieces, each at its place, to the BAR's own registers; refused or disconnected, nothing of it is.
 *
 * Sources: pci/vpci-connect.c
 * Unwind:  4, overlaps_other.0=7
 * Cases:   4
 *
 * Any BAR, any pieces of the kind that bar-plan proves; any other two BARs, its own function's and
 * another's, connected anywhere or not. bar-move proves the preconditions that are assumed here. The
 * host maps, or refuses to, as it likes; unmapping is assumed to succeed. As no two BARs that are
 * connected overlap, and nothing is mapped outside its own BAR, no mapping goes over another.
 */
#include "function.h"
#include "layout.h"

static struct zone zone;
static struct vpci bus;
static struct pci_function physical[2];
static struct vpci_function one, two;
static struct vpci_bar *const bar = &one.bars[SLOT_BAR(0)];
static gpa_t at;
static bool refused;

static bool in_window(void)
{
	const struct vpci_layout *l = &bus.layout;

	return range_inside(at, bar->bar->size, l->mem32, l->mem32_size) ||
	       (bar->bar->kind == PCI_BAR_MEM64 &&
		range_inside(at, bar->bar->size, l->mem64, l->mem64_size));
}

static bool off(const struct vpci_bar *other)
{
	return !other->connected ||
	       !ranges_overlap(at, bar->bar->size, other->at, other->bar->size);
}

static bool off_all(void)
{
	return off(&one.bars[SLOT_BAR(1)]) && off(&two.bars[SLOT_BAR(0)]);
}

/* ---- the host ---- */

/* The BAR's first `mapped` pieces are. */
static unsigned mapped;

static bool is_piece(unsigned n, gpa_t gpa, uint64_t size)
{
	return n < bar->map_count && gpa == at + bar->maps[n].offset && size == bar->maps[n].size;
}

int host_map_guest(struct zone *z, gpa_t gpa, hpa_t hpa, uint64_t size, enum guest_map_kind kind)
{
	prove(z == &zone && kind == GUEST_MAP_DEVICE, "registers are mapped, for the bus's zone");
	prove(is_piece(mapped, gpa, size), "the BAR's pieces are mapped, each at its place, once");
	prove(hpa == bar->bar->cpu + bar->maps[mapped].offset,
	      "what is mapped leads to the BAR's own registers");
	prove(in_window(), "what is mapped is a BAR in its window");
	prove(off_all(), "what is mapped is a BAR on no other");
	if (nondet_int()) {
		refused = true;
		return -1;
	}
	mapped++;
	reach(gpa >= 4 * GIB && mapped == VPCI_MAX_MAPS);
	reach(gpa < 4 * GIB && two.bars[SLOT_BAR(0)].connected);
	return 0;
}

int host_unmap_guest(struct zone *z, gpa_t gpa, uint64_t size)
{
	prove(z == &zone, "the bus's zone alone is touched");
	prove(mapped && is_piece(mapped - 1, gpa, size), "only what is mapped is unmapped");
	mapped--;
	reach(refused);
	return 0;
}

void host_log(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

/* ---- the state ---- */

static void any_other(struct vpci_bar *b, const struct pci_bar *p)
{
	if (p->kind == PCI_BAR_NONE)
		return;
	b->bar = p;
	b->connected = any_bool();
	b->at = nondet_u64();
	assume(b->at + (p->size - 1) >= b->at);
}

/* Any one piece of a BAR that lies in its window. */
static void check_piece(void)
{
	const struct vpci_piece *p = &bar->maps[any_upto(VPCI_MAX_MAPS - 1)];
	gpa_t first = at + p->offset, last = first + (p->size - 1);

	assume(in_window() && p - bar->maps < bar->map_count);
	prove(is_aligned(first | p->size | (bar->bar->cpu + p->offset), PAGE_SIZE),
	      "whole pages are mapped");
	prove(first >= at && last >= first && last - at < bar->bar->size,
	      "no mapping leaves its BAR");
	prove(last < zone.ram_gpa || first - zone.ram_gpa >= zone.ram_size,
	      "no mapping lies on the zone's memory");
}

static void check_connect(void)
{
	int err = vpci_bar_connect(&bus, bar, at);

	prove(bar->connected == !err, "it is connected or refused");
	if (err) {
		prove(!mapped, "refused, nothing of it is mapped");
		prove(!in_window() || !off_all() || refused, "it is not refused without reason");
		return;
	}
	prove(bar->at == at, "it is connected where it was put");
	prove(in_window(), "a connected BAR lies wholly in a window of its kind");
	prove(off_all(), "no two connected BARs overlap");
	prove(mapped == bar->map_count, "connected, all its pieces are mapped");
	reach(!mapped);
}

static void check_disconnect(void)
{
	bar->connected = true;
	bar->at = at;
	mapped = bar->map_count;
	vpci_bar_disconnect(&bus, bar);
	prove(!bar->connected && !mapped, "disconnected, nothing of it is mapped");
}

/* What the two words that places are judged by mean, for any one byte. */
static void check_ranges(void)
{
	uint64_t a = nondet_u64(), b = nondet_u64(), a_size = nondet_u64(), b_size = nondet_u64();
	uint64_t byte = nondet_u64();
	bool in_a = byte >= a && byte - a < a_size, in_b = byte >= b && byte - b < b_size;

	assume(a_size <= UINT64_MAX - a && b_size <= UINT64_MAX - b);
	reach(in_a && in_b);
	prove(!in_a || !in_b || ranges_overlap(a, a_size, b, b_size), "what overlaps is called so");
	prove(!in_a || in_b || !range_inside(a, a_size, b, b_size),
	      "what lies inside is called so");
}

int main(void)
{
	bool first = any_bool();

	bus.zone = &zone;
	bus.functions = first ? &one : &two;
	one.next = first ? &two : NULL;
	two.next = first ? NULL : &one;
	bus.layout = zone_layout;
	any_memory(&zone);
	any_bars(&physical[0], 0);
	any_bars(&physical[1], 2);
	assume(physical[0].bars[SLOT_BAR(0)].kind != PCI_BAR_NONE);
	bar->bar = &physical[0].bars[SLOT_BAR(0)];
	any_pieces(bar);
	any_other(&one.bars[SLOT_BAR(1)], &physical[0].bars[SLOT_BAR(1)]);
	any_other(&two.bars[SLOT_BAR(0)], &physical[1].bars[SLOT_BAR(0)]);
	at = nondet_u64();
	assume(is_aligned(at, bar->bar->size));
	if (CASE == 0)
		check_ranges();
	else if (CASE == 1)
		check_disconnect();
	else if (CASE == 2)
		check_connect();
	else
		check_piece();
	return 0;
}
