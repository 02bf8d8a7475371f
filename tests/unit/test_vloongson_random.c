// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zones that write anything anywhere into their virtual Loongson interrupt controllers, while devices
 * interrupt. After each step the lines of every vCPU must be what its registers say, computed here
 * anew from what the zone itself can read; and the machine is as it was.
 */
#include "unit.h"

#include "host.h"
#include "loongson-irq.h"
#include "vloongson-fixture.h"

#include <string.h>

#define STEPS  20000u
#define LINKED 8u /* input, its vector and the physical ones: the second zone's */

static uint64_t seed;

/* xorshift64: the same numbers on every machine. */
static uint64_t next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static unsigned below(unsigned n)
{
	return (unsigned)(next() >> 11) % n;
}

/* Values that mean something more often than chance would have it. */
static uint64_t some_value(void)
{
	switch (below(5)) {
	case 0:
		return 0;
	case 1:
		return ~(uint64_t)0;
	case 2:
		return (uint64_t)1 << below(64);
	case 3:
		return 0x0101010101010101u << below(5);
	default:
		return next();
	}
}

static uint32_t some_offset(unsigned size)
{
	static const uint32_t block[][2] = {
		{ 0x1000, 0x1160 }, { 0x1400, 0x14d0 }, { 0x1600, 0x16a0 }, { 0x1800, 0x1820 },
		{ 0x1c00, 0x1d00 }, { 0x0420, 0x0428 }, { 0x0000, 0x3000 },
	};
	const uint32_t *b = block[below(ARRAY_SIZE(block))];

	return (b[0] + below(b[1] - b[0])) / size * size;
}

static void random_step(void)
{
	unsigned zone = below(LF_ZONES), size = 1u << below(4);
	struct lf_zone *z = &lf.zone[zone];
	unsigned vcpu = below(z->zone.cpu_count);
	uint64_t value = some_value();

	switch (below(8)) {
	case 0:
	case 1:
		lf_write(zone, vcpu, some_offset(size), size, value);
		break;
	case 2: /* sends, most of them to cores that exist */
		value = (value & ~(uint64_t)0x3ff0000) | (uint64_t)below(10) << 16;
		if (below(2))
			value = (value & ~(uint64_t)0xffff) | some_offset(4);
		lf_write(zone, vcpu, below(2) ? 0x1158 : 0x1048, 8, value);
		lf_write(zone, vcpu, 0x1040, 4, value);
		break;
	case 3:
		lf_pic_write(zone, below(0x1000) / size * size, size, value);
		break;
	case 4:
		lf_pic_write(zone, 0x20 + 4 * below(2), 4, value);
		break;
	case 5:
		vloongson_virq_ops.set_line(z->v, below(160), below(2));
		break;
	case 6:
		vloongson_virq_ops.msi(z->v, below(4), LF_VMSI + (below(8) ? 0 : 4),
				       (uint32_t)value);
		break;
	default:
		model_pch_line(LINKED, below(2));
		lf_serve();
		break;
	}
}

static uint32_t lio_lines(unsigned zone, unsigned vcpu)
{
	uint32_t pending = (uint32_t)lf_read(zone, vcpu, 0x1420, 4), lines = 0;

	for (unsigned i = 0; i < 32 && vcpu < 4; i++) {
		uint8_t route = (uint8_t)lf_read(zone, vcpu, 0x1400 + i, 1);

		if (pending >> i & 1 && route >> vcpu & 1)
			lines |= route >> 4;
	}
	return lines;
}

static uint32_t eio_lines(unsigned zone, unsigned vcpu)
{
	uint64_t misc = lf_read(zone, vcpu, 0x420, 8);
	uint32_t lines = 0;

	for (unsigned group = 0; group < 8 && misc >> 48 & 1; group++) {
		uint8_t map = (uint8_t)lf_read(zone, vcpu, 0x14c0 + group, 1);
		unsigned pin = 0;

		if (misc >> 49 & 1)
			pin = map;
		else if (map)
			while (!(map >> pin & 1))
				pin++;
		if (lf_read(zone, vcpu, 0x1800 + 4 * group, 4))
			lines |= 1u << (pin < 4 ? pin : 0);
	}
	return lines;
}

static void check_lines(unsigned step)
{
	for (unsigned zone = 0; zone < LF_ZONES; zone++) {
		for (unsigned vcpu = 0; vcpu < lf.zone[zone].zone.cpu_count; vcpu++) {
			uint32_t lines = lio_lines(zone, vcpu) | eio_lines(zone, vcpu);

			if (lf_read(zone, vcpu, 0x1000, 4) & lf_read(zone, vcpu, 0x1004, 4))
				lines |= VLOONGSON_IPI;
			if (lines != lf.zone[zone].lines[vcpu])
				model_fail(
					"step %u: zone %u, vCPU %u: lines are 0x%x, should be 0x%x",
					step, zone, vcpu, lf.zone[zone].lines[vcpu], lines);
		}
	}
}

static void check_machine(void)
{
	const struct model_irq_write *w;
	unsigned writes;

	for (unsigned v = 0; v < 256; v++)
		if (model_eio_changed(v) & (v == LINKED ? ~MODEL_CHANGED_ROUTE : ~0u))
			model_fail("physical vector %u was changed", v);
	w = model_irq_writes(&writes);
	for (unsigned i = 0; i < writes; i++)
		if (w[i].pch_pic && w[i].offset != 0x20 && w[i].offset != 0x24)
			model_fail("physical PCH-PIC register 0x%x was written", w[i].offset);
	for (unsigned i = 0; i < LF_CPUS; i++) {
		CU_ASSERT_EQUAL(model_ipi_status(i), 0);
		CU_ASSERT_EQUAL(model_mailbox(i, 0), 0);
	}
}

static void run(uint64_t number)
{
	static const uint16_t cpus[] = { 7, 6, 5, 3, 2 };

	seed = number;
	lf_machine(5, cpus);
	CU_ASSERT_EQUAL_FATAL(
		vloongson_link_input(lf.zone[1].v, LINKED, LF_GSI(LINKED), PCH_PIC_LEVEL_HIGH), 0);
	lf_assign(1, 0x500, 4, 64);
	model_eio_changes_clear();
	model_irq_writes_clear();
	for (unsigned i = 0; i < LF_ZONES; i++)
		lf_boot_eiointc(i);
	for (unsigned step = 0; step < STEPS; step++) {
		random_step();
		if (step % 4 == 0)
			check_lines(step);
		/* Vectors of a device follow its zone's routes, which is a change that may be. */
		if (step % 64 == 0) {
			for (unsigned n = 0; n < 4; n++)
				if (model_eio_changed(lf.zone[1].vectors[n].hwirq) &
				    ~MODEL_CHANGED_ROUTE)
					model_fail("step %u: a device's vector was disabled", step);
			model_irq_writes_clear();
		}
	}
	check_lines(STEPS);
}

static void v4_whatever_is_written_lines_follow_registers(void)
{
	for (uint64_t n = 1; n <= 4; n++) {
		model_reset();
		run(n * 0x9e3779b97f4a7c15u);
	}
}

/* The same without devices: nothing physical may change at all but the linked input's route. */
static void v4_whatever_is_written_the_machine_stays(void)
{
	static const uint16_t cpus[] = { 4, 1, 2 };

	seed = 0xd1b54a32d192ed03u;
	lf_machine(3, cpus);
	CU_ASSERT_EQUAL_FATAL(
		vloongson_link_input(lf.zone[1].v, LINKED, LF_GSI(LINKED), PCH_PIC_LEVEL_HIGH), 0);
	model_eio_changes_clear();
	model_irq_writes_clear();
	for (unsigned step = 0; step < STEPS; step++) {
		random_step();
		if (step % 256 == 0) {
			check_machine();
			model_irq_writes_clear();
		}
	}
	/* And a zone that starts afresh works. */
	for (unsigned i = 0; i < LF_ZONES; i++) {
		vloongson_reset(lf.zone[i].v);
		lf_boot_eiointc(i);
		vloongson_virq_ops.msi(lf.zone[i].v, 0, LF_VMSI, 200);
		CU_ASSERT_EQUAL(lf_isr(i, 0, 3), 1u << 8);
		CU_ASSERT_EQUAL(lf.zone[i].lines[0] & VLOONGSON_HWI(1), VLOONGSON_HWI(1));
	}
}

void suite_vloongson_random(void)
{
	static const struct unit_test tests[] = {
		TEST(v4_whatever_is_written_lines_follow_registers),
		TEST(v4_whatever_is_written_the_machine_stays),
	};

	unit_suite("vloongson_random", tests, ARRAY_SIZE(tests));
}
