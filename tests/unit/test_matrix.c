// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Config space exhaustively: functions as found in real machines and in QEMU, each on a zone's bus,
 * every offset x every size x several patterns x {read, write} against a reference model that knows
 * nothing of pci/ (tests/models/refconfig.h). After every write all 4096 bytes of the view and all
 * 4096 of the hardware are what the model says, and everything is put back. Each function is looked
 * at twice: as assigned, and in use (decode, Bus Master and messages on).
 *
 * Then the matrix is turned on itself: each bit of each table the view is made of is flipped, one
 * at a time, and the comparison must notice.
 */
#include "matrix-fixture.h"

#include <stdio.h>
#include <string.h>

/* ---- the matrix ---- */

static void read_matrix(uint8_t pattern)
{
	if (at.hw) {
		memset(at.hw->config, pattern, CONFIG);
		memset(at.ref.hw, pattern, CONFIG);
	}
	for (unsigned size = 1; size <= 8; size *= 2) {
		for (unsigned o = 0; o < CONFIG; o++) {
			uint64_t got = matrix_read(o, size), expected = matrix_expect(o, size);

			at.count.reads++;
			if (got != expected)
				matrix_differ("read of", o, got, expected, "");
		}
	}
	/* Reading changes nothing anywhere. */
	if (memcmp(at.fn, &at.start, sizeof(at.start)))
		matrix_differ("state after reads", 0, 1, 0, "");
	for (unsigned o = 0; at.hw && o < CONFIG; o++)
		if (at.hw->config[o] != pattern)
			matrix_differ("hardware after reads", o, at.hw->config[o], pattern, "");
	matrix_put_back();
}

/*
 * A port has no hardware behind it: every physical function stands still, and one that the port
 * reset is what it was.
 */
static void compare_physical(const char *after)
{
	const struct pci_function *f;
	bool can_reset;

	if (!at.below)
		return;
	f = at.below->f;
	can_reset = f->can_flr || f->can_af_flr || (f->caps.pm && !f->no_soft_reset);
	if (at.below->resetting != (at.ref.bus_reset && can_reset))
		matrix_differ("reset below", 0x3e, at.below->resetting, at.ref.bus_reset, after);
	at.count.resets += at.below->resetting;
	matrix_wait_for_reset(at.below);
	for (unsigned i = 0; i < model_pci_count() && i < PHYSICAL; i++)
		if (memcmp(model_pci(i)->config, at.physical[i], CONFIG))
			matrix_differ("physical function", i, 1, 0, after);
}

static void one_write(unsigned offset, unsigned size, uint64_t value)
{
	char after[64];

	matrix_write_both(offset, size, value);
	at.count.writes++;
	if (matrix_unchanged())
		return;
	at.count.changes++;
	snprintf(after, sizeof(after), " after %u bytes at 0x%x <- 0x%llx", size, offset,
		 (unsigned long long)value);
	matrix_compare(after);
	compare_physical(after);
	if (at.ref.resetting) {
		at.count.resets++;
		matrix_wait_for_reset(at.fn);
		refconfig_back(&at.ref);
		matrix_compare(after);
	}
	matrix_put_back();
}

static void write_matrix(unsigned pattern)
{
	static const uint64_t patterns[] = {
		0,
		UINT64_MAX,
		0xa5a5a5a5a5a5a5a5,
		0x5a5a5a5a5a5a5a5a,
		0x8040201008040201,
		0x7fbfdfeff7fbfdfe,
	};

	for (unsigned size = 1; size <= 8; size *= 2)
		for (unsigned o = 0; o < CONFIG; o++)
			one_write(o, size, patterns[pattern] & (UINT64_MAX >> (64 - 8 * size)));
}

static void matrix(const struct subject *s)
{
	static const uint8_t fills[] = { 0x00, 0xff, 0xa5, 0x5a };

	memset(&at.count, 0, sizeof(at.count));
	for (unsigned in_use = 0; in_use < (s->port ? 1 : 2); in_use++) {
		matrix_setup(s);
		matrix_begin(in_use);
		for (unsigned i = 0; i < ARRAY_SIZE(fills); i++)
			read_matrix(fills[i]);
		for (unsigned i = 0; i < 6; i++)
			write_matrix(i);
	}
	printf("    %-24s %6lu reads, %6lu writes (%lu changed something, %lu resets), "
	       "%lu differences\n",
	       s->name, at.count.reads, at.count.writes, at.count.changes, at.count.resets,
	       at.count.differences);
	CU_ASSERT_EQUAL(at.count.differences, 0);
	CU_ASSERT(s->placeholder ? !at.count.changes : at.count.changes > 100);
}

static void every_access_agrees_with_the_reference(void)
{
	for (unsigned i = 0; i < subject_count; i++)
		matrix(&subjects[i]);
}

/* ---- the matrix turned on itself ---- */

enum table { LISTED, LIVE, EMULATED, THROUGH, CLEAR, VALUE, TABLES };

struct flips {
	unsigned long all, seen_reading, seen_writing, seen_by_shape, missed;
};

static uint8_t *table(struct vpci_view *view, enum table t)
{
	uint8_t *const tables[TABLES] = {
		[LISTED] = view->listed,   [LIVE] = view->live,   [EMULATED] = view->emulated,
		[THROUGH] = view->through, [CLEAR] = view->clear, [VALUE] = view->value,
	};

	return tables[t];
}

/*
 * What must hold of a byte of the view without any access: every bit has one rule at most, the
 * listed ones are those the reference has decided, and only they have values. Two rules for one bit
 * may look the same from outside; so may a constant 0 and a bit not listed.
 */
static bool well_formed(unsigned o)
{
	const struct vpci_view *w = &at.fn->view;
	uint8_t hardware = w->live[o] | w->through[o] | w->clear[o];
	unsigned sum = 0;

	for (unsigned bit = 0; bit < 8; bit++) {
		unsigned rules = (w->live[o] >> bit & 1u) + (w->emulated[o] >> bit & 1u) +
				 (w->through[o] >> bit & 1u) + (w->clear[o] >> bit & 1u);

		sum += rules > 1;
	}
	/* A port has no hardware to read from. */
	return !sum && (at.hw || !hardware) && w->listed[o] == at.ref.decided[o] &&
	       !((hardware | w->emulated[o]) & ~w->listed[o]) &&
	       !(w->value[o] & (hardware | ~w->listed[o]));
}

static bool byte_agrees(unsigned o)
{
	return matrix_read(o, 1) == matrix_expect(o, 1) &&
	       (!at.hw || at.ref.resetting || at.hw->config[o] == at.ref.hw[o]);
}

static bool reading_agrees(unsigned o)
{
	bool agrees = byte_agrees(o);

	for (unsigned fill = 0; at.hw && agrees && fill <= 0xff; fill += 0xff) {
		at.hw->config[o] = at.ref.hw[o] = (uint8_t)fill;
		agrees = byte_agrees(o);
	}
	if (at.hw)
		at.hw->config[o] = at.ref.hw[o] = at.hw_start[o];
	return agrees;
}

/* After an access to byte `o`, with table t flipped there: as before, cheaply where possible. */
static void undo(unsigned o, enum table t)
{
	table(&at.fn->view, t)[o] = table(&at.start.view, t)[o];
	if (!at.fn->resetting)
		at.fn->view.value[o] = at.start.view.value[o];
	if (!matrix_unchanged())
		matrix_put_back();
}

static bool writing_agrees(unsigned o, enum table t, uint8_t bit)
{
	/* The last ones neither ask for a reset nor for a reserved request size. */
	const uint8_t values[] = { 0xff, 0, bit, (uint8_t)~bit, bit & 0x7f, ~bit & 0x2f };
	bool agrees = true;

	for (unsigned i = 0; agrees && i < ARRAY_SIZE(values); i++) {
		matrix_write_both(o, 1, values[i]);
		agrees = byte_agrees(o);
		undo(o, t);
		table(&at.fn->view, t)[o] ^= bit;
	}
	return agrees;
}

/*
 * "listed" is looked at when a view is built, not when the zone accesses it; a port has no hardware
 * for the masks that stand for it.
 */
static bool behaves(enum table t)
{
	return t != LISTED && (at.hw || t == EMULATED || t == VALUE);
}

static void flip(unsigned o, enum table t, uint8_t bit, struct flips *n)
{
	n->all++;
	table(&at.fn->view, t)[o] ^= bit;
	if (behaves(t) && !reading_agrees(o))
		n->seen_reading++;
	else if (behaves(t) && !writing_agrees(o, t, bit))
		n->seen_writing++;
	else if (!well_formed(o))
		n->seen_by_shape++;
	else if (n->missed++ < 5)
		printf("    %s: table %d, bit 0x%x of byte 0x%x flipped, nobody noticed\n",
		       at.subject->name, t, bit, o);
	table(&at.fn->view, t)[o] = table(&at.start.view, t)[o];
}

static void flip_all(const struct subject *s)
{
	struct flips n = { 0 };

	matrix_setup(s);
	matrix_begin(false);
	for (unsigned o = 0; o < CONFIG; o++) {
		if (!well_formed(o))
			matrix_differ("shape of byte", o, at.fn->view.listed[o], at.ref.decided[o],
				      "");
		for (unsigned t = 0; t < TABLES; t++)
			for (unsigned bit = 1; bit < 0x100; bit <<= 1)
				flip(o, t, (uint8_t)bit, &n);
	}
	CU_ASSERT(matrix_unchanged());
	CU_ASSERT_EQUAL(at.count.differences, 0);
	CU_ASSERT_EQUAL(n.missed, 0);
	CU_ASSERT_EQUAL(n.all, n.seen_reading + n.seen_writing + n.seen_by_shape);
	printf("    %-24s %lu flips: %lu seen by reading, %lu by writing, %lu by shape, "
	       "%lu missed\n",
	       s->name, n.all, n.seen_reading, n.seen_writing, n.seen_by_shape, n.missed);
}

static void every_flipped_bit_is_noticed(void)
{
	memset(&at.count, 0, sizeof(at.count));
	for (unsigned i = 0; i < subject_count; i++)
		if (subjects[i].flips)
			flip_all(&subjects[i]);
}

void suite_matrix(void)
{
	static const struct unit_test tests[] = {
		TEST(every_access_agrees_with_the_reference),
		TEST(every_flipped_bit_is_noticed),
	};

	unit_suite("matrix", tests, ARRAY_SIZE(tests));
}
