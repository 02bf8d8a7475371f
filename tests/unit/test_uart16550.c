// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The 16550 driver on a model of the part, written from its data sheet (PC16550D) and not from the
 * driver.
 */
#include "../../hv-glue/uart16550.h"

#include "host.h"
#include "unit.h"

#include <string.h>

#define BASE       ((hpa_t)0x1fe00000)
#define REGISTERS  8u
#define CLOCK_HZ   100000000u
#define FIFO_DEPTH 16u
#define NS_PER_MS  1000000ull

static struct {
	unsigned shift;
	uint8_t registers[REGISTERS], divisor[2];
	uint8_t fifo[FIFO_DEPTH * 8], errors[FIFO_DEPTH * 8];
	unsigned head, tail, sent;
	char out[64];
	bool blocked, absent;
	unsigned overlapping; /* characters written while there was no room */
} part;

static bool divisor_shows(void)
{
	return part.registers[3] & 0x80;
}

static uint8_t line_status(void)
{
	uint8_t status = part.blocked ? 0 : 0x60;

	if (part.head != part.tail)
		status |= (uint8_t)(0x01 | part.errors[part.tail]);
	return status;
}

static uint64_t part_read(void *ctx, uint64_t offset, unsigned size)
{
	const unsigned reg = (unsigned)offset >> part.shift;

	(void)ctx;
	if (size != 1 || reg >= REGISTERS || offset != (uint64_t)reg << part.shift)
		model_fail("16550: access of %u bytes at 0x%llx", size, (unsigned long long)offset);
	if (part.absent)
		return 0xff;
	switch (reg) {
	case 0:
		if (divisor_shows())
			return part.divisor[0];
		if (part.head == part.tail)
			model_fail("16550: read of an empty FIFO");
		return part.fifo[part.tail++];
	case 5:
		return line_status();
	default:
		return part.registers[reg];
	}
}

static void part_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	const unsigned reg = (unsigned)offset >> part.shift;

	(void)ctx;
	if (size != 1 || reg >= REGISTERS || offset != (uint64_t)reg << part.shift)
		model_fail("16550: access of %u bytes at 0x%llx", size, (unsigned long long)offset);
	if (divisor_shows() && reg < 2) {
		part.divisor[reg] = (uint8_t)value;
	} else if (reg == 0) {
		part.overlapping += part.blocked;
		part.out[part.sent++ % (sizeof(part.out) - 1)] = (char)value;
	} else {
		part.registers[reg] = (uint8_t)value;
	}
}

static const struct model_mmio_ops part_ops = { .read = part_read, .write = part_write };

static void insert(unsigned shift)
{
	memset(&part, 0, sizeof(part));
	part.shift = shift;
	model_mmio_add(BASE, (uint64_t)REGISTERS << shift, &part_ops, NULL);
}

static struct uart16550 taken_over(unsigned shift, uint32_t clock_hz)
{
	const struct uart_info info = { .kind = UART_16550,
					.base = BASE,
					.size = 0x100,
					.reg_shift = shift,
					.clock_hz = clock_hz };
	struct uart16550 u;

	insert(shift);
	part.divisor[0] = 0x77;
	uart16550_init(&u, &info);
	return u;
}

static void receive(uint8_t c, uint8_t errors)
{
	part.fifo[part.head] = c;
	part.errors[part.head++] = errors;
}

static void line_is_115200_8n1_with_fifos(void)
{
	taken_over(0, CLOCK_HZ);
	/* 100 MHz / 16 / 115200 = 54.25 */
	CU_ASSERT_EQUAL(part.divisor[0], 54);
	CU_ASSERT_EQUAL(part.divisor[1], 0);
	CU_ASSERT_EQUAL(part.registers[3], 0x03); /* 8N1, divisor hidden */
	CU_ASSERT_EQUAL(part.registers[2] & 0x01, 0x01);
	CU_ASSERT_EQUAL(part.registers[1], 0x01); /* received data interrupts, nothing else does */
	CU_ASSERT_EQUAL(part.registers[4] & 0x08, 0x08);
}

static void unknown_clock_keeps_firmwares_rate(void)
{
	taken_over(0, 0);
	CU_ASSERT_EQUAL(part.divisor[0], 0x77);
	CU_ASSERT_EQUAL(part.registers[3], 0x03);
}

static void spread_registers_are_found(void)
{
	struct uart16550 u = taken_over(2, CLOCK_HZ);

	CU_ASSERT_EQUAL(part.divisor[0], 54);
	uart16550_put(&u, 'x');
	CU_ASSERT_EQUAL(part.out[0], 'x');
}

static void damaged_characters_are_skipped(void)
{
	struct uart16550 u = taken_over(0, CLOCK_HZ);
	uint8_t c = 0;

	receive('?', 0x08); /* framing */
	receive(0, 0x10);   /* break */
	receive('a', 0);
	CU_ASSERT_TRUE(uart16550_get(&u, &c));
	CU_ASSERT_EQUAL(c, 'a');
	CU_ASSERT_FALSE(uart16550_get(&u, &c));
}

static void a_broken_line_ends(void)
{
	struct uart16550 u = taken_over(0, CLOCK_HZ);
	uint8_t c;

	for (unsigned i = 0; i < sizeof(part.fifo); i++)
		receive(0, 0x10);
	/* Fewer than there are: whoever asks gets the CPU back. */
	CU_ASSERT_FALSE(uart16550_get(&u, &c));
	CU_ASSERT(part.tail < part.head);
}

static void no_uart_gives_no_characters(void)
{
	struct uart16550 u = taken_over(0, CLOCK_HZ);
	uint8_t c;

	part.absent = true;
	CU_ASSERT_FALSE(uart16550_get(&u, &c));
}

static void output_that_does_not_move_is_waited_for_once(void)
{
	struct uart16550 u = taken_over(0, CLOCK_HZ);
	uint64_t start, first;

	part.blocked = true;
	start = host_time_ns();
	uart16550_put(&u, 'a');
	first = host_time_ns() - start;
	CU_ASSERT(first >= 20 * NS_PER_MS && first < 40 * NS_PER_MS);
	for (unsigned i = 0; i < 100; i++)
		uart16550_put(&u, 'b');
	CU_ASSERT(host_time_ns() - start < first + 20 * NS_PER_MS);
	CU_ASSERT_EQUAL(part.sent, 0);
	CU_ASSERT_EQUAL(part.overlapping, 0);
	part.blocked = false;
	uart16550_put(&u, 'c');
	CU_ASSERT_EQUAL(part.out[0], 'c');
}

void suite_uart16550(void)
{
	static const struct unit_test tests[] = {
		TEST(line_is_115200_8n1_with_fifos),
		TEST(unknown_clock_keeps_firmwares_rate),
		TEST(spread_registers_are_found),
		TEST(damaged_characters_are_skipped),
		TEST(a_broken_line_ends),
		TEST(no_uart_gives_no_characters),
		TEST(output_that_does_not_move_is_waited_for_once),
	};

	unit_suite("uart16550", tests, ARRAY_SIZE(tests));
}
