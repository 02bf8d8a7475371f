// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A trapped access to a BAR never leaves the shadow table, and never reaches the MSI-X table or
 * (writing) the pending bits of the hardware; of the table only an entry's Vector Control is written
 * there, with nothing but the mask bit. What else is passed on stays inside the BAR.
 *
 * Sources: pci/vpci-bar.c pci/vpci-msix.c pci/capability.c
 * Unwind:  3, vpci_bar_access.0=7, vpci_bar_access.1=7
 *
 * The access is any that memory_access() makes (proven by trap-split): 1, 2, 4 or 8 bytes, naturally
 * aligned. The function is any function (function.h), its BARs connected where bar-connect proves
 * they may be. The shadow has as many entries as vpci_add() gives it: the lesser of vectors and
 * table size (up to 2048), none for a table that is not usable. No more than 8 vectors are looked at:
 * what depends on their number is one comparison. What
 * lies behind the shadow is neither changed nor told; one more place behind the 8th is watched, and CBMC itself
 * checks that no access goes further.
 */
#include "function.h"

#include <linux/pci_regs.h>

#define VECTORS 8u

static struct vpci bus;
static struct pci_function physical;
static struct vpci_function fn;
static struct vpci_msix_entry shadow[VECTORS + 1];
/* Any place behind the shadow's end, and what is there. */
static unsigned behind;
static struct vpci_msix_entry secret;
static bool writing, passed;

/* What every register access of the trap must satisfy but those of Vector Control. */
static void passed_on(hpa_t at, unsigned size)
{
	bool inside = false, table = false, pba = false;
	unsigned s;

	passed = true;
	for (s = 0; s < SLOTS; s++) {
		const struct pci_bar *p = &physical.bars[SLOT_BAR(s)];
		struct vpci_piece t = vpci_msix_table_in(&fn, SLOT_BAR(s));
		struct vpci_piece q = vpci_msix_pba_in(&fn, SLOT_BAR(s));
		uint64_t offset = at - p->cpu;

		if (at < p->cpu || !fn.bars[SLOT_BAR(s)].bar)
			continue;
		inside |= fn.bars[SLOT_BAR(s)].connected && range_inside(offset, size, 0, p->size);
		table |= offset < p->size && ranges_overlap(offset, size, t.offset, t.size);
		pba |= offset < p->size && ranges_overlap(offset, size, q.offset, q.size);
	}
	prove(inside, "what is passed on stays inside a connected BAR");
	prove(is_aligned(at, size), "registers are accessed naturally aligned");
	prove(!table, "the zone's access never reaches the MSI-X table");
	prove(!writing || !pba, "the zone's write never reaches the pending bits");
	reach(pba);
	reach(writing && size == 8);
}

static bool is_vector_control(hpa_t at)
{
	hpa_t table = physical.bars[physical.msix.table_bar].cpu + physical.msix.table_offset;

	return fn.msix_entries && at >= table &&
	       (at - table) / PCI_MSIX_ENTRY_SIZE < fn.msix_entries &&
	       (at - table) % PCI_MSIX_ENTRY_SIZE == PCI_MSIX_ENTRY_VECTOR_CTRL;
}

void mmio_write32(hpa_t at, uint32_t value)
{
	prove(writing, "a read writes nothing");
	if (fn.msix_entries && is_vector_control(at)) {
		prove(!(value & ~(uint32_t)PCI_MSIX_ENTRY_CTRL_MASKBIT),
		      "of the table only a mask bit is written to the hardware");
		reach(value);
		reach(!value && at % PAGE_SIZE == PAGE_SIZE - 4);
	} else {
		passed_on(at, 4);
	}
}

void mmio_write8(hpa_t at, uint8_t value)
{
	(void)value;
	prove(writing, "a read writes nothing");
	passed_on(at, 1);
}

void mmio_write16(hpa_t at, uint16_t value)
{
	(void)value;
	prove(writing, "a read writes nothing");
	passed_on(at, 2);
}

void mmio_write64(hpa_t at, uint64_t value)
{
	(void)value;
	prove(writing, "a read writes nothing");
	passed_on(at, 8);
}

uint8_t mmio_read8(hpa_t at)
{
	passed_on(at, 1);
	return nondet_u8();
}

uint16_t mmio_read16(hpa_t at)
{
	passed_on(at, 2);
	return nondet_u16();
}

uint32_t mmio_read32(hpa_t at)
{
	passed_on(at, 4);
	return nondet_u32();
}

uint64_t mmio_read64(hpa_t at)
{
	passed_on(at, 8);
	return nondet_u64();
}

void vpci_retarget_vector(struct vpci_function *f, unsigned n)
{
	prove(f == &fn && n < fn.msix_entries, "only an entry of the table is routed anew");
	reach(n == VECTORS - 1 && physical.msix.entries == MSIX_ENTRIES);
}

void host_log(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

static void any_connection(struct vpci_bar *b, const struct pci_bar *p)
{
	if (p->kind == PCI_BAR_NONE)
		return;
	b->bar = p;
	b->connected = any_bool();
	b->at = nondet_u64();
	assume(is_aligned(b->at, p->size) && range_inside(b->at, p->size, 0, BIT64(40)));
}

/* Inside each branch of main() the BARs are constants: see function.h. */
static void any_shadow(unsigned pba_bar)
{
	unsigned count = any_upto(VECTORS);

	any_msix(&physical, SLOT_BAR(0), pba_bar);
	if (!vpci_msix_usable(&physical) || !count)
		return;
	fn.msix_entries = (uint16_t)(count < physical.msix.entries ? count : physical.msix.entries);
	fn.msix_table = shadow;
}

int main(void)
{
	unsigned size = BIT32(any_upto(3)), s;
	gpa_t addr = nondet_u64();
	uint64_t value;

	any_bars(&physical, 0);
	for (s = 0; s < SLOTS; s++)
		any_connection(&fn.bars[SLOT_BAR(s)], &physical.bars[SLOT_BAR(s)]);
	fn.bus = &bus;
	fn.f = &physical;
	bus.functions = &fn;
	if (any_bool())
		any_shadow(SLOT_BAR(0));
	else if (any_bool())
		any_shadow(SLOT_BAR(1));
	assume(is_aligned(addr, size));
	writing = any_bool();

	behind = any_upto(VECTORS);
	secret.address = nondet_u64();
	secret.data = nondet_u32();
	secret.control = nondet_u32();
	assume(behind >= fn.msix_entries);
	shadow[behind] = secret; /* nobody's, when all 8 are the function's */

	value = vpci_bar_access(&bus, addr, size, writing, nondet_u64());

	prove(shadow[behind].address == secret.address && shadow[behind].data == secret.data &&
		      shadow[behind].control == secret.control,
	      "nothing behind the shadow table is changed");
	prove(passed || !value || value == UINT64_MAX, "nothing behind the shadow table is told");
	return 0;
}
