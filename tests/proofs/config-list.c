// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listing gives each bit of the virtual config space one rule at most, or refuses: a listing that
 * names a bit listed before, or runs over the end, changes nothing and is remembered as a
 * contradiction, for which vpci_add() refuses the function.
 *
 * Sources: pci/vpci-config.c
 * Unwind:  5
 * Cases:   10
 * Options: --arrays-uf-always
 *
 * The view before is any view in which each bit has one rule at most and no rule without being
 * listed (the empty one is, and this proof ends with that again). Each case
 * is one register, at the beginning, in the middle and on every side of the end: the function
 * follows pointers to it, about which CBMC is quick only when they are constants. All the function
 * does with an offset is to add it and to compare it with the end.
 *
 * One byte, any one, is looked at; what holds for it holds for all 4096.
 */
#include "proof.h"

#include "pci/vpci.h"

struct byte {
	uint8_t value, live, emulated, through, clear, listed;
};

static struct vpci_function fn;
static const struct {
	unsigned offset, size;
} registers[] = {
	{ 0, 1 },
	{ 1, 4 },
	{ 0x76, 2 },
	{ 0x78, 4 },
	{ PCI_CONFIG_SIZE - 4, 4 },
	{ PCI_CONFIG_SIZE - 1, 1 },
	/* Over the end. */
	{ PCI_CONFIG_SIZE - 1, 2 },
	{ PCI_CONFIG_SIZE - 3, 4 },
	{ PCI_CONFIG_SIZE, 1 },
	{ UINT16_MAX + 32, 4 },
};
#define OFFSET (registers[CASE].offset)
#define SIZE   (registers[CASE].size)

static unsigned at;
static uint32_t bits, value;

static struct byte look(unsigned n)
{
	const struct vpci_view *v = &fn.view;

	return (struct byte){ v->value[n],   v->live[n],  v->emulated[n],
			      v->through[n], v->clear[n], v->listed[n] };
}

static bool one_rule(struct byte b)
{
	uint8_t any = b.live | b.emulated | b.through | b.clear;

	return !(b.live & (b.emulated | b.through | b.clear)) &&
	       !(b.emulated & (b.through | b.clear)) && !(b.through & b.clear) &&
	       !(any & ~b.listed);
}

static bool same(struct byte a, struct byte b)
{
	return a.value == b.value && a.live == b.live && a.emulated == b.emulated &&
	       a.through == b.through && a.clear == b.clear && a.listed == b.listed;
}

/* What the listing asks for at byte n. */
static uint8_t asked(uint32_t of, unsigned n)
{
	return n >= OFFSET && n - OFFSET < SIZE ? (uint8_t)(of >> 8 * (n - OFFSET)) : 0;
}

static bool refusable(void)
{
	bool refuse = OFFSET + SIZE > PCI_CONFIG_SIZE;
	unsigned i;

	for (i = 0; !refuse && i < SIZE; i++)
		refuse = fn.view.listed[OFFSET + i] & asked(bits, OFFSET + i);
	return refuse;
}

static void check_listed(enum vpci_rule rule, struct byte before, struct byte after)
{
	uint8_t new = asked(bits, at);

	prove(after.listed == (before.listed | new),
	      "the bits asked for are listed, and no others");
	prove(after.live == (before.live | (rule == VPCI_LIVE ? new : 0)) &&
		      after.emulated == (before.emulated | (rule == VPCI_EMULATED ? new : 0)) &&
		      after.through == (before.through | (rule == VPCI_THROUGH ? new : 0)) &&
		      after.clear == (before.clear | (rule == VPCI_CLEAR ? new : 0)),
	      "the bits get the rule asked for, and no others get one");
	prove(!((after.value ^ before.value) & ~new), "no other bit gets a value");
	reach(new && rule == VPCI_CONSTANT);
	reach(new && before.listed &&rule == VPCI_CLEAR &&SIZE == 4);
}

int main(void)
{
	struct vpci_view anything ANY_VALUE;
	enum vpci_rule rule = any_upto(VPCI_CLEAR);
	struct byte before, after;
	bool refuse;

	fn.view = anything;
	bits = nondet_u32();
	value = nondet_u32();
	at = any_upto(PCI_CONFIG_SIZE - 1);
	before = look(at);
	assume(one_rule(before));
	refuse = refusable();
	fn.contradiction = false;

	/* Called with a constant, CBMC follows one pointer instead of five. */
	switch (rule) {
	case VPCI_CONSTANT:
		vpci_list(&fn, OFFSET, SIZE, VPCI_CONSTANT, bits, value);
		break;
	case VPCI_LIVE:
		vpci_list(&fn, OFFSET, SIZE, VPCI_LIVE, bits, value);
		break;
	case VPCI_EMULATED:
		vpci_list(&fn, OFFSET, SIZE, VPCI_EMULATED, bits, value);
		break;
	case VPCI_THROUGH:
		vpci_list(&fn, OFFSET, SIZE, VPCI_THROUGH, bits, value);
		break;
	case VPCI_CLEAR:
		vpci_list(&fn, OFFSET, SIZE, VPCI_CLEAR, bits, value);
		break;
	}

	after = look(at);
	prove(fn.contradiction == refuse,
	      "a listing is refused when it contradicts, and only then");
	prove(one_rule(after), "no bit has two rules");
	if (refuse) {
		prove(same(before, after), "a listing that is refused changes nothing");
		reach(asked(bits, at) & before.listed);
		reach(OFFSET > PCI_CONFIG_SIZE);
	} else {
		check_listed(rule, before, after);
	}
	return 0;
}
