// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whatever a zone writes into BAR registers, and whenever it turns Memory Enable on and off: a BAR
 * answers only while Memory Enable is on, where its register says, and one that waits for another's
 * place is offered it as soon as one is free. A BAR register never leads to the hardware, and where
 * it puts the BAR is a multiple of its size.
 *
 * Sources: pci/vpci-bar.c
 * Unwind:  4, vpci_bars_build.0=7, connect_waiting.0=7, vpci_bars_connect.0=7,
 *          vpci_bars_disconnect.0=7
 * Cases:   12
 *
 * One step from any state in which what this proof ends with holds: the zone writes the register of
 * the first function's first BAR; that function's Memory Enable goes on; or off. There are two
 * functions, the first with two BARs, each a virtual function on its PF's bus or not: the cases. As
 * the state afterwards is one of those again, the claim holds for any number of steps (at the
 * beginning nothing is connected).
 *
 * vpci_bar_connect() and vpci_bar_disconnect() are what vpci.h and bar-connect say: a BAR is
 * connected or refused, as the place is. As BARs are connected one at a time, and only where they
 * may be, that none overlap and that all are in their windows holds at every time.
 *
 * A BAR register is modelled as its constant and its emulated bits, which is what config-write
 * proves of it. The registers behind VFs' places are modelled as the places.
 */
#include "function.h"

#include <linux/pci_regs.h>
#include <postern/zone.h>

#define REGISTERS (PCI_BAR_COUNT + 1)

static struct zone zone;
static struct vpci bus;
static struct pci_function physical[2], pf_device;
static struct vpci_function one, two, pf;
static uint32_t registers[2][REGISTERS], emulated[2][REGISTERS];
static uint64_t vf_places[2][SLOTS];
static bool hooked[2][REGISTERS];
static void (*hook)(struct vpci_function *fn, unsigned offset);
/* Since a BAR was last disconnected: whether this one has been refused, and where. */
static bool refused[2][SLOTS], freed;
static gpa_t refused_at[2][SLOTS];

static unsigned number(const struct vpci_function *fn)
{
	return fn == &two;
}

static struct vpci_function *owner(const struct vpci_bar *b)
{
	return b == &two.bars[SLOT_BAR(0)] ? &two : &one;
}

static unsigned slot(const struct vpci_bar *b)
{
	return b == &one.bars[SLOT_BAR(1)];
}

/* ---- config space: BAR registers ---- */

static unsigned bar_of(const struct vpci_function *fn, unsigned offset)
{
	prove(!fn->pf, "a VF on its PF's bus has no BAR registers");
	prove(offset >= PCI_BASE_ADDRESS_0 && offset <= PCI_BASE_ADDRESS_5 && !(offset & 3),
	      "BAR registers alone are used");
	return (offset - PCI_BASE_ADDRESS_0) / 4;
}

uint32_t vpci_get(const struct vpci_function *fn, unsigned offset, unsigned size)
{
	prove(size == 4, "BAR registers are read whole");
	return registers[number(fn)][bar_of(fn, offset)];
}

void vpci_set(struct vpci_function *fn, unsigned offset, unsigned size, uint32_t value)
{
	prove(size == 4, "BAR registers are set whole");
	registers[number(fn)][bar_of(fn, offset)] = value;
}

void vpci_list(struct vpci_function *fn, unsigned offset, unsigned size, enum vpci_rule rule,
	       uint32_t bits, uint32_t value)
{
	unsigned n = bar_of(fn, offset);

	prove(size == 4, "BAR registers are listed whole");
	prove(rule == VPCI_CONSTANT || rule == VPCI_EMULATED,
	      "BAR registers never lead to the hardware");
	if (rule == VPCI_EMULATED)
		emulated[number(fn)][n] |= bits;
	registers[number(fn)][n] |= value & bits;
}

void vpci_hook(struct vpci_function *fn, unsigned offset, unsigned size,
	       void (*written)(struct vpci_function *fn, unsigned offset))
{
	unsigned n = bar_of(fn, offset);

	prove(size == 4 || size == 8, "a BAR is one register or two");
	hook = written;
	hooked[number(fn)][n] = true;
	hooked[number(fn)][n + size / 4 - 1] = true;
}

uint64_t vpci_vf_bar_address(const struct vpci_function *fn, unsigned index)
{
	prove(fn->pf != NULL, "only a VF stands where its PF's VF BAR says");
	return vf_places[number(fn)][index / 2];
}

/* The zone's write of a register, or of its PF's VF BAR. */
static void write_register(struct vpci_function *fn, unsigned s)
{
	unsigned i, n = number(fn);

	if (fn->pf) {
		vf_places[n][s] = nondet_u64() & ~(physical[n].bars[SLOT_BAR(s)].size - 1);
		return;
	}
	for (i = SLOT_BAR(s); i < SLOT_BAR(s) + 2; i++)
		registers[n][i] = (registers[n][i] & ~emulated[n][i]) |
				  (nondet_u32() & emulated[n][i]);
}

/* ---- where BARs answer ---- */

void vpci_bar_plan(struct vpci_function *fn, unsigned index)
{
	prove(fn->bars[index].bar != NULL, "a BAR that is there is planned");
}

int vpci_bar_connect(struct vpci *v, struct vpci_bar *b, gpa_t at)
{
	struct vpci_function *fn = owner(b);
	int err = nondet_int();

	prove(v == &bus && b->bar && !b->connected, "what is there and not connected is connected");
	prove(is_aligned(at, b->bar->size), "a BAR stands at multiples of its size");
	prove(fn->memory_on, "with Memory Enable off nothing is connected");
	if (err) {
		refused[number(fn)][slot(b)] = true;
		refused_at[number(fn)][slot(b)] = at;
		return err;
	}
	b->connected = true;
	b->at = at;
	return 0;
}

void vpci_bar_disconnect(struct vpci *v, struct vpci_bar *b)
{
	prove(v == &bus, "the BAR is on its own bus");
	if (!b->connected)
		return;
	b->connected = false;
	freed = true;
	refused[0][0] = refused[0][1] = refused[1][0] = false;
}

void host_log(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

/* ---- the state ---- */

static bool right(struct vpci_function *fn, unsigned s)
{
	const struct vpci_bar *b = &fn->bars[SLOT_BAR(s)];

	return !b->connected ||
	       (b->bar && fn->memory_on && b->at == vpci_bar_address(fn, SLOT_BAR(s)));
}

static bool waits_in_vain(struct vpci_function *fn, unsigned s)
{
	const struct vpci_bar *b = &fn->bars[SLOT_BAR(s)];

	return fn->memory_on && b->bar && !b->connected &&
	       !(refused[number(fn)][s] &&
		 refused_at[number(fn)][s] == vpci_bar_address(fn, SLOT_BAR(s)));
}

static void any_slot(struct vpci_function *fn, unsigned s)
{
	struct vpci_bar *b = &fn->bars[SLOT_BAR(s)];

	write_register(fn, s);
	if (!b->bar)
		return;
	prove(fn->pf || (hooked[number(fn)][SLOT_BAR(s)] &&
			 (b->bar->kind == PCI_BAR_MEM32 || hooked[number(fn)][SLOT_BAR(s) + 1])),
	      "a write to any part of a BAR is noticed");
	b->connected = fn->memory_on && any_bool();
	if (b->connected)
		b->at = vpci_bar_address(fn, SLOT_BAR(s));
}

static void any_function(struct vpci_function *fn, struct pci_function *f, bool vf)
{
	fn->bus = &bus;
	fn->f = f;
	fn->pf = vf ? &pf : NULL;
	fn->memory_on = any_bool();
	vpci_bars_build(fn);
	any_slot(fn, 0);
	any_slot(fn, 1);
}

static void step_move(void)
{
	struct vpci_bar *b = &one.bars[SLOT_BAR(0)];
	bool was = b->connected, is;
	gpa_t old = b->at;

	write_register(&one, 0);
	if (!b->bar)
		return;
	if (!one.pf)
		hook(&one, PCI_BASE_ADDRESS_0);
	else if (one.memory_on)
		vpci_bar_move(&one, SLOT_BAR(0));
	is = one.bars[SLOT_BAR(0)].connected;
	reach(was && is && b->at != old);
	reach(was && !is && !one.pf);
	reach(was && !is && one.pf);
	reach(freed && is && b->at == old);
}

static void step_off(void)
{
	vpci_bars_disconnect(&one);
	prove(!one.memory_on && !one.bars[SLOT_BAR(0)].connected &&
		      !one.bars[SLOT_BAR(1)].connected,
	      "with Memory Enable off nothing is connected");
	reach(freed);
}

int main(void)
{
	bus.zone = &zone;
	bus.functions = &one;
	one.next = &two;
	pf.f = &pf_device;
	any_bars(&physical[0], 0);
	any_physical_bar(&physical[1].bars[SLOT_BAR(0)], BIT64(44));
	any_function(&one, &physical[0], CASE & 1);
	any_function(&two, &physical[1], CASE & 2);
	if (CASE / 4 == 0) {
		step_move();
	} else if (CASE / 4 == 1) {
		one.memory_on = true;
		vpci_bars_connect(&one);
		prove(!waits_in_vain(&one, 0) && !waits_in_vain(&one, 1),
		      "with Memory Enable on BARs answer where they may");
	} else {
		step_off();
	}
	prove(right(&one, 0) && right(&one, 1) && right(&two, 0),
	      "a BAR answers where its register says");
	prove(!freed || (!waits_in_vain(&one, 0) && !waits_in_vain(&one, 1) &&
			 !waits_in_vain(&two, 0)),
	      "who waits for a place is offered the one that is free");
	return 0;
}
