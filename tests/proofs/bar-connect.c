// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wherever a zone puts a BAR, what its CPUs are given of it lies in the zone's window for that kind
 * of BAR, leads to the BAR's own registers, holds no page of the MSI-X table or of the pending bits,
 * and is nowhere on the zone's memory or on another mapping.
 *
 * Sources: pci/vpci-bar.c pci/vpci-msix.c pci/capability.c
 * Unwind:  3, vpci_bars_build.0=7, overlaps_other.0=7, connect_waiting.0=7,
 *          vpci_bars_connect.0=7, vpci_bars_disconnect.0=7, unmap_pieces.0=4, connect_at.0=4,
 *          should_be_mapped.0=4
 * Cases:   8
 * Memory:  unchecked
 *
 * One step from any state in which what this proof ends with holds: two functions with a BAR each,
 * connected anywhere it may be or not, any values in the registers; then the zone writes the first
 * one's BAR, or its Memory Enable goes on or off. As the state afterwards is one of those again, the
 * claim holds for any number of steps (at the beginning nothing is connected).
 *
 * Each case is one pair of sizes, smaller and larger than a page and than each other: with any sizes
 * CBMC takes hours. A BAR register is modelled as its emulated bits, which is what config-write
 * proves of it. The host maps, or refuses to, as it likes; unmapping is assumed to succeed.
 *
 * `probe` is any guest-physical byte; what holds for it holds for all.
 */
#include "function.h"
#include "layout.h"

#include <linux/pci_regs.h>

/* Sizes, as powers of two, of the BAR that moves and of the other one. */
static const unsigned sizes[][2] = { { 12, 12 }, { 12, 16 }, { 16, 12 }, { 14, 8 },
				     { 8, 14 },  { 20, 20 }, { 36, 14 }, { 13, 30 } };

static struct zone zone;
static struct vpci bus;
static struct pci_function physical[2];
static struct vpci_function one, two;
static uint32_t reg_one[PCI_BAR_COUNT], reg_two[PCI_BAR_COUNT];
static uint32_t emulated_one[PCI_BAR_COUNT], emulated_two[PCI_BAR_COUNT];
static void (*hook)(struct vpci_function *fn, unsigned offset);
static gpa_t probe;
static bool probe_mapped;
/* Of all mappings made, any one. */
static struct mapping {
	bool chosen;
	gpa_t gpa;
	hpa_t hpa;
	uint64_t size;
} mapping;

/* ---- config space: BAR registers ---- */

static unsigned bar_of(unsigned offset)
{
	prove(offset >= PCI_BASE_ADDRESS_0 && offset <= PCI_BASE_ADDRESS_5 && !(offset & 3),
	      "BAR registers alone are used");
	return (offset - PCI_BASE_ADDRESS_0) / 4;
}

static uint32_t *registers(const struct vpci_function *fn)
{
	return fn == &one ? reg_one : reg_two;
}

uint32_t vpci_get(const struct vpci_function *fn, unsigned offset, unsigned size)
{
	prove(size == 4, "BAR registers are read whole");
	return registers(fn)[bar_of(offset)];
}

void vpci_set(struct vpci_function *fn, unsigned offset, unsigned size, uint32_t value)
{
	prove(size == 4, "BAR registers are set whole");
	registers(fn)[bar_of(offset)] = value;
}

void vpci_list(struct vpci_function *fn, unsigned offset, unsigned size, enum vpci_rule rule,
	       uint32_t bits, uint32_t value)
{
	prove(size == 4, "BAR registers are listed whole");
	if (rule == VPCI_EMULATED)
		(fn == &one ? emulated_one : emulated_two)[bar_of(offset)] = bits;
	else
		prove(rule == VPCI_CONSTANT, "BAR registers never lead to the hardware");
	registers(fn)[bar_of(offset)] |= value & bits;
}

void vpci_hook(struct vpci_function *fn, unsigned offset, unsigned size,
	       void (*written)(struct vpci_function *fn, unsigned offset))
{
	(void)fn;
	bar_of(offset);
	prove(size == 4 || size == 8, "a write to any part of a BAR is noticed");
	hook = written;
}

/* The zone's write of the register: its emulated bits become anything. */
static void write_register(struct vpci_function *fn, unsigned n)
{
	uint32_t mask = (fn == &one ? emulated_one : emulated_two)[n];

	registers(fn)[n] = (registers(fn)[n] & ~mask) | (nondet_u32() & mask);
}

/* ---- the host ---- */

static bool pages_free_of(const struct vpci_bar *b, struct vpci_piece p, hpa_t hpa, uint64_t size)
{
	uint64_t start = align_down(p.offset, PAGE_SIZE);
	uint64_t end = align_up(p.offset + p.size, PAGE_SIZE);

	return !p.size || !ranges_overlap(hpa - b->bar->cpu, size, start, end - start);
}

/* Whether this is the BAR that the mapping leads to, and everything about it is right. */
static bool right_for(const struct vpci_function *fn, unsigned i, gpa_t gpa, hpa_t hpa,
		      uint64_t size)
{
	const struct vpci_bar *b = &fn->bars[i];
	const struct vpci_layout *l = &bus.layout;

	return b->bar && range_inside(hpa, size, b->bar->cpu, b->bar->size) &&
	       (range_inside(gpa, size, l->mem32, l->mem32_size) ||
		(b->bar->kind == PCI_BAR_MEM64 &&
		 range_inside(gpa, size, l->mem64, l->mem64_size))) &&
	       pages_free_of(b, vpci_msix_table_in(fn, i), hpa, size) &&
	       pages_free_of(b, vpci_msix_pba_in(fn, i), hpa, size);
}

int host_map_guest(struct zone *z, gpa_t gpa, hpa_t hpa, uint64_t size, enum guest_map_kind kind)
{
	prove(z == &zone && kind == GUEST_MAP_DEVICE, "registers are mapped, for the bus's zone");
	if (any_bool())
		mapping = (struct mapping){ true, gpa, hpa, size };
	if (nondet_int())
		return -1;
	if (probe >= gpa && probe - gpa < size) {
		prove(!probe_mapped, "no mapping goes over another");
		probe_mapped = true;
	}
	return 0;
}

static void check_mapping(gpa_t gpa, hpa_t hpa, uint64_t size)
{
	prove(size && is_aligned(gpa | hpa | size, PAGE_SIZE), "whole pages are mapped");
	prove(right_for(&one, SLOT_BAR(0), gpa, hpa, size) ||
		      right_for(&two, SLOT_BAR(0), gpa, hpa, size),
	      "in the BAR's window, to its own registers, without the MSI-X pages");
	prove(!ranges_overlap(gpa, size, zone.ram_gpa, zone.ram_size), "off the zone's memory");
	reach(gpa >= 4 * GIB && hpa < BIT64(42));
	reach(gpa < 4 * GIB && hpa >= BIT64(44));
	reach(physical[0].msix.entries && hpa % BIT64(40));
}

int host_unmap_guest(struct zone *z, gpa_t gpa, uint64_t size)
{
	prove(z == &zone, "the bus's zone alone is touched");
	if (probe >= gpa && probe - gpa < size) {
		prove(probe_mapped, "only what is mapped is unmapped");
		probe_mapped = false;
	}
	return 0;
}

void host_log(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

/* ---- the state ---- */

static bool connected_right(const struct vpci_function *fn)
{
	const struct vpci_layout *l = &bus.layout;
	bool right = true;
	unsigned s;

	for (s = 0; s < SLOTS; s++) {
		const struct vpci_bar *b = &fn->bars[SLOT_BAR(s)];

		if (b->connected)
			right &= b->bar && fn->memory_on && is_aligned(b->at, b->bar->size) &&
				 (range_inside(b->at, b->bar->size, l->mem32, l->mem32_size) ||
				  (b->bar->kind == PCI_BAR_MEM64 &&
				   range_inside(b->at, b->bar->size, l->mem64, l->mem64_size)));
	}
	return right;
}

static bool apart(const struct vpci_bar *a, const struct vpci_bar *b)
{
	return !a->connected || !b->connected ||
	       !ranges_overlap(a->at, a->bar->size, b->at, b->bar->size);
}

static bool all_apart(void)
{
	const struct vpci_bar *a = &one.bars[SLOT_BAR(0)], *b = &one.bars[SLOT_BAR(1)];
	const struct vpci_bar *c = &two.bars[SLOT_BAR(0)];

	return apart(a, b) && apart(a, c) && apart(b, c);
}

/* Whether a connected BAR has the probe on one of its mapped pieces. */
static bool should_be_mapped(const struct vpci_function *fn)
{
	bool mapped = false;
	unsigned s, i;

	for (s = 0; s < SLOTS; s++) {
		const struct vpci_bar *b = &fn->bars[SLOT_BAR(s)];

		for (i = 0; i < VPCI_MAX_MAPS; i++)
			mapped |= b->connected && i < b->map_count && probe >= b->at &&
				  probe - b->at >= b->maps[i].offset &&
				  probe - b->at - b->maps[i].offset < b->maps[i].size;
	}
	return mapped;
}

static void any_place(struct vpci_function *fn, unsigned i)
{
	write_register(fn, i);
	write_register(fn, i + 1);
	fn->bars[i].connected = any_bool();
	fn->bars[i].at = nondet_u64();
}

static void any_state(void)
{
	one.bus = two.bus = &bus;
	one.f = &physical[0];
	two.f = &physical[1];
	any_bars(&physical[0], 0);
	any_physical_bar(&physical[1].bars[SLOT_BAR(0)], BIT64(44));
	physical[0].bars[SLOT_BAR(0)].size = BIT64(sizes[CASE][0]);
	physical[0].bars[SLOT_BAR(1)] = (struct pci_bar){ 0 };
	physical[1].bars[SLOT_BAR(0)].size = BIT64(sizes[CASE][1]);
	if (any_bool())
		any_msix(&physical[0], SLOT_BAR(0), SLOT_BAR(0));
	vpci_bars_build(&one);
	vpci_bars_build(&two);
	one.memory_on = any_bool();
	two.memory_on = any_bool();
	any_place(&one, SLOT_BAR(0));
	any_place(&two, SLOT_BAR(0));
	assume(connected_right(&one) && connected_right(&two) && all_apart());
}

/* The zone writes the first BAR's register; Memory Enable goes on; or off. */
static void step(unsigned which)
{
	struct vpci_bar *b = &one.bars[SLOT_BAR(0)];
	bool was = b->connected;
	gpa_t old = b->at;

	if (which == 0) {
		write_register(&one, SLOT_BAR(0));
		write_register(&one, SLOT_BAR(0) + 1);
		prove(!b->bar || hook, "a write to a BAR is noticed");
		if (b->bar)
			hook(&one, PCI_BASE_ADDRESS_0);
		reach(was && b->connected && b->at != old);
	} else if (which == 1) {
		one.memory_on = true;
		vpci_bars_connect(&one);
		reach(!was && b->connected);
	} else {
		vpci_bars_disconnect(&one);
		prove(!b->connected, "with Memory Enable off nothing is mapped");
		reach(was);
	}
}

int main(void)
{
	bus.zone = &zone;
	bus.functions = &one;
	one.next = &two;
	bus.layout = zone_layout;
	any_memory(&zone);
	any_state();
	probe = nondet_u64();
	probe_mapped = should_be_mapped(&one) || should_be_mapped(&two);

	step(any_upto(2));

	if (mapping.chosen)
		check_mapping(mapping.gpa, mapping.hpa, mapping.size);
	prove(connected_right(&one) && connected_right(&two),
	      "a connected BAR lies wholly in a window of its kind");
	prove(all_apart(), "no two connected BARs overlap");
	prove(probe_mapped == (should_be_mapped(&one) || should_be_mapped(&two)),
	      "mapped is what is connected, and nothing else");
	return 0;
}
