// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The zones' UART as a guest's driver sees it: registers of the Arm SBSA generic UART and PL011
 * (DDI 0183), written down here a second time on purpose.
 */
#include "../../hv-glue/vuart.h"

#include "host.h"
#include "hv.h"
#include "unit.h"

#include <string.h>

#define LINE 33u

enum {
	UARTDR = 0,
	UARTRSR = 4,
	UARTFR = 0x18,
	UARTIMSC = 0x38,
	UARTRIS = 0x3c,
	UARTMIS = 0x40,
	UARTICR = 0x44
};
enum { FR_RXFE = 1 << 4, FR_TXFF = 1 << 5, FR_RXFF = 1 << 6, FR_TXFE = 1 << 7 };
enum { RX = 1 << 4, TX = 1 << 5, RT = 1 << 6, OE = 1 << 10 };

static struct vuart *uart;
static struct zone *zone;

/* What the zone's interrupt controller was told. */
static struct {
	bool level;
	unsigned changes;
} pin;

static void set_line(void *ctx, uint32_t vintid, bool level)
{
	CU_ASSERT_PTR_EQUAL(ctx, &pin);
	CU_ASSERT_EQUAL(vintid, LINE);
	CU_ASSERT_NOT_EQUAL(level, pin.level);
	pin.level = level;
	pin.changes++;
}

static const struct virq_ops virq = { .set_line = set_line };

static void fresh(void)
{
	hv_model_reset();
	memset(&pin, 0, sizeof(pin));
	zone = &hv.zones[1];
	zone->virq = &virq;
	zone->virq_ctx = &pin;
	uart = vuart_create(zone, LINE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(uart);
	hv_zone_set_vuart(zone, uart);
}

static uint32_t get(unsigned reg)
{
	uint64_t value = 0xdeadbeefcafe;

	CU_ASSERT_EQUAL(vuart_mmio(uart, reg, 4, false, &value), ACCESS_DONE);
	return (uint32_t)value;
}

static void set(unsigned reg, uint32_t v)
{
	uint64_t value = v;

	CU_ASSERT_EQUAL(vuart_mmio(uart, reg, 4, true, &value), ACCESS_DONE);
}

static size_t input(const char *text)
{
	return vuart_input(uart, (const uint8_t *)text, strlen(text));
}

static void input_many(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint8_t c = (uint8_t)(i * 5 + 1);

		CU_ASSERT_EQUAL(vuart_input(uart, &c, 1), 1);
	}
}

static void starts_empty_and_quiet(void)
{
	fresh();
	CU_ASSERT_EQUAL(get(UARTFR), FR_RXFE | FR_TXFE);
	CU_ASSERT_EQUAL(get(UARTRIS), 0);
	CU_ASSERT_EQUAL(get(UARTIMSC), 0);
	CU_ASSERT_EQUAL(get(UARTRSR), 0);
	CU_ASSERT_EQUAL(get(UARTDR), 0);
	CU_ASSERT_EQUAL(pin.changes, 0);
}

static void identifies_itself_as_a_pl011(void)
{
	static const uint8_t expected[] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	fresh();
	for (unsigned i = 0; i < ARRAY_SIZE(expected); i++)
		CU_ASSERT_EQUAL(get(0xfe0 + 4 * i), expected[i]);
}

static void what_the_guest_writes_reaches_its_console(void)
{
	static const char text[] = "hello\r\n";

	fresh();
	hv_model_boot();
	hv_command("console zone1");
	hv_screen_clear();
	for (const char *p = text; *p; p++)
		set(UARTDR, (unsigned char)*p);
	CU_ASSERT_STRING_EQUAL(hv_screen(), text);
	/* Only the low byte is data. */
	hv_screen_clear();
	set(UARTDR, 0xf00 | 'x');
	CU_ASSERT_STRING_EQUAL(hv_screen(), "x");
	CU_ASSERT_EQUAL(get(UARTFR), FR_RXFE | FR_TXFE);
}

static void input_raises_the_timeout_interrupt_until_it_is_read(void)
{
	fresh();
	set(UARTIMSC, RX | RT);
	CU_ASSERT_EQUAL(input("ab"), 2);
	CU_ASSERT(pin.level);
	CU_ASSERT_EQUAL(get(UARTFR), FR_TXFE);
	CU_ASSERT_EQUAL(get(UARTMIS), RT);
	CU_ASSERT_EQUAL(get(UARTDR), 'a');
	CU_ASSERT(pin.level);
	CU_ASSERT_EQUAL(get(UARTDR), 'b');
	CU_ASSERT(!pin.level);
	CU_ASSERT_EQUAL(get(UARTFR), FR_TXFE | FR_RXFE);
	CU_ASSERT_EQUAL(pin.changes, 2);
}

static void the_receive_interrupt_follows_the_half_full_mark(void)
{
	fresh();
	set(UARTIMSC, RX);
	input_many(15);
	CU_ASSERT_EQUAL(get(UARTRIS) & RX, 0);
	CU_ASSERT(!pin.level);
	input_many(1);
	CU_ASSERT_EQUAL(get(UARTRIS) & RX, RX);
	CU_ASSERT(pin.level);
	get(UARTDR);
	CU_ASSERT_EQUAL(get(UARTRIS) & RX, 0);
	CU_ASSERT(!pin.level);
}

static void clearing_does_not_lose_input_that_is_there(void)
{
	fresh();
	input("x");
	set(UARTICR, 0x7ff);
	CU_ASSERT_EQUAL(get(UARTRIS), RT);
	set(UARTIMSC, RT);
	CU_ASSERT(pin.level);
}

static void masking_lowers_the_line_and_unmasking_raises_it(void)
{
	fresh();
	set(UARTIMSC, RT);
	input("x");
	set(UARTIMSC, 0);
	CU_ASSERT(!pin.level);
	CU_ASSERT_EQUAL(get(UARTRIS), RT);
	CU_ASSERT_EQUAL(get(UARTMIS), 0);
	set(UARTIMSC, RT);
	CU_ASSERT(pin.level);
}

static void the_fifo_is_full_at_32_and_refills(void)
{
	fresh();
	input_many(31);
	CU_ASSERT_EQUAL(get(UARTFR) & FR_RXFF, 0);
	input_many(1);
	CU_ASSERT_EQUAL(get(UARTFR) & FR_RXFF, FR_RXFF);
	input_many(1);
	get(UARTDR);
	CU_ASSERT_EQUAL(get(UARTFR) & FR_RXFF, FR_RXFF);
	get(UARTDR);
	CU_ASSERT_EQUAL(get(UARTFR) & FR_RXFF, 0);
	CU_ASSERT_EQUAL(get(UARTRSR), 0);
}

static void a_pasted_script_arrives_whole_and_in_order(void)
{
	bool equal = true;

	fresh();
	input_many(4096);
	for (unsigned i = 0; i < 4096; i++)
		equal = equal && get(UARTDR) == (uint8_t)(i * 5 + 1);
	CU_ASSERT(equal);
	CU_ASSERT_EQUAL(get(UARTFR) & FR_RXFE, FR_RXFE);
}

static void what_finds_no_room_is_an_overrun(void)
{
	uint8_t two[2] = { 'y', 'z' };

	fresh();
	set(UARTIMSC, OE);
	input_many(4095);
	CU_ASSERT_EQUAL(vuart_input(uart, two, 2), 1);
	CU_ASSERT_EQUAL(get(UARTRSR), 1 << 3);
	CU_ASSERT_EQUAL(get(UARTRIS) & OE, OE);
	CU_ASSERT(pin.level);
	set(UARTICR, OE);
	CU_ASSERT(!pin.level);
	set(UARTRSR, 0);
	CU_ASSERT_EQUAL(get(UARTRSR), 0);
	for (unsigned i = 0; i < 4095; i++)
		get(UARTDR);
	CU_ASSERT_EQUAL(get(UARTDR), 'y');
	/* The first character after the gap is marked, the next is not. */
	input("ab");
	CU_ASSERT_EQUAL(get(UARTDR), 'a' | 1 << 11);
	CU_ASSERT_EQUAL(get(UARTDR), 'b');
}

static void transmit_interrupt_rises_after_a_write_and_stays_until_cleared(void)
{
	fresh();
	set(UARTDR, 'x');
	CU_ASSERT_EQUAL(get(UARTRIS), TX);
	set(UARTICR, TX);
	CU_ASSERT_EQUAL(get(UARTRIS), 0);
	/* A driver that unmasks first and waits for room gets it at once. */
	set(UARTIMSC, TX);
	CU_ASSERT(pin.level);
	set(UARTICR, TX);
	CU_ASSERT(!pin.level);
	set(UARTIMSC, TX);
	CU_ASSERT(!pin.level);
	set(UARTDR, 'y');
	CU_ASSERT(pin.level);
	set(UARTIMSC, 0);
	CU_ASSERT(!pin.level);
}

/*
 * drivers/tty/serial/amba-pl011.c: what sbsa_uart_startup() and the interrupt handler do, in this
 * order.
 */
static void linux_driver_gets_every_character(void)
{
	static const char text[] = "echo hello from the terminal; exit 0\n";
	char got[sizeof(text)] = "";
	size_t length = 0;

	fresh();
	set(UARTICR, 0x7f0);
	CU_ASSERT_EQUAL(get(UARTIMSC), 0);
	set(UARTIMSC, RT | RX);
	set(UARTICR, RT | RX);
	for (unsigned i = 0; i < 64 && !(get(UARTFR) & FR_RXFE); i++)
		get(UARTDR);
	set(UARTIMSC, RT | RX);
	for (const char *p = text; *p; p++) {
		uint32_t status;

		/* Some arrive alone, some in a burst before the interrupt is taken. */
		vuart_input(uart, (const uint8_t *)p, 1);
		if ((p - text) % 7 != 6 && p[1])
			continue;
		CU_ASSERT(pin.level);
		while ((status = get(UARTRIS) & (RT | RX))) {
			set(UARTICR, status & ~(uint32_t)(TX | RT | RX));
			while (!(get(UARTFR) & FR_RXFE))
				got[length++] = (char)get(UARTDR);
		}
		CU_ASSERT(!pin.level);
	}
	CU_ASSERT_STRING_EQUAL(got, text);
}

static void narrow_accesses_see_part_of_a_register(void)
{
	uint64_t value = 0x3ff;

	fresh();
	CU_ASSERT_EQUAL(vuart_mmio(uart, UARTIMSC, 2, true, &value), ACCESS_DONE);
	CU_ASSERT_EQUAL(get(UARTIMSC), 0x3ff);
	CU_ASSERT_EQUAL(vuart_mmio(uart, UARTIMSC, 1, false, &value), ACCESS_DONE);
	CU_ASSERT_EQUAL(value, 0xff);
	value = 0xffff0070;
	CU_ASSERT_EQUAL(vuart_mmio(uart, UARTIMSC, 1, true, &value), ACCESS_DONE);
	CU_ASSERT_EQUAL(get(UARTIMSC), 0x70);
}

static void odd_accesses_do_no_harm(void)
{
	uint64_t value;

	fresh();
	for (unsigned offset = 0; offset < 4096; offset++) {
		for (unsigned size = 1; size <= 4; size *= 2) {
			value = UINT64_MAX;
			CU_ASSERT_EQUAL(vuart_mmio(uart, offset, size, true, &value), ACCESS_DONE);
			CU_ASSERT_EQUAL(vuart_mmio(uart, offset, size, false, &value), ACCESS_DONE);
			CU_ASSERT(value <= UINT64_MAX >> (64 - 8 * size));
		}
	}
	CU_ASSERT_EQUAL(get(UARTIMSC), 0x7ff);
	CU_ASSERT_EQUAL(vuart_mmio(uart, UARTDR, 8, false, &value), ACCESS_NONE);
	CU_ASSERT_EQUAL(vuart_mmio(uart, UARTDR, 3, false, &value), ACCESS_NONE);
	CU_ASSERT_EQUAL(vuart_mmio(uart, 4096, 4, false, &value), ACCESS_NONE);
}

static void reset_forgets_input_masks_and_lowers_the_line(void)
{
	fresh();
	set(UARTIMSC, RT | TX);
	input("left over");
	CU_ASSERT(pin.level);
	vuart_reset(uart);
	CU_ASSERT(!pin.level);
	CU_ASSERT_EQUAL(get(UARTFR), FR_RXFE | FR_TXFE);
	CU_ASSERT_EQUAL(get(UARTIMSC), 0);
	CU_ASSERT_EQUAL(get(UARTRIS), 0);
}

static void a_zone_that_does_not_run_takes_no_input(void)
{
	fresh();
	zone->state = ZONE_STOPPED;
	CU_ASSERT_EQUAL(input("x"), 0);
	zone->state = ZONE_RUNNING;
	CU_ASSERT_EQUAL(get(UARTFR) & FR_RXFE, FR_RXFE);
}

static void without_memory_there_is_no_uart_and_no_leak(void)
{
	uint64_t live;

	hv_model_reset();
	live = model_pages_live();
	/*
	 * First not even the zone's output ring, then that one alone, which is kept for a later
	 * try.
	 */
	model_fail_alloc_after(1);
	CU_ASSERT_PTR_NULL(vuart_create(&hv.zones[1], LINE));
	CU_ASSERT_EQUAL(model_pages_live(), live);
	model_fail_alloc_after(2);
	CU_ASSERT_PTR_NULL(vuart_create(&hv.zones[1], LINE));
	live = model_pages_live();
	model_fail_alloc_after(0);
	uart = vuart_create(&hv.zones[1], LINE);
	CU_ASSERT_PTR_NOT_NULL(uart);
	vuart_destroy(uart);
	CU_ASSERT_EQUAL(model_pages_live(), live);
}

void suite_vuart(void)
{
	static const struct unit_test tests[] = {
		TEST(starts_empty_and_quiet),
		TEST(identifies_itself_as_a_pl011),
		TEST(what_the_guest_writes_reaches_its_console),
		TEST(input_raises_the_timeout_interrupt_until_it_is_read),
		TEST(the_receive_interrupt_follows_the_half_full_mark),
		TEST(clearing_does_not_lose_input_that_is_there),
		TEST(masking_lowers_the_line_and_unmasking_raises_it),
		TEST(the_fifo_is_full_at_32_and_refills),
		TEST(a_pasted_script_arrives_whole_and_in_order),
		TEST(what_finds_no_room_is_an_overrun),
		TEST(transmit_interrupt_rises_after_a_write_and_stays_until_cleared),
		TEST(linux_driver_gets_every_character),
		TEST(narrow_accesses_see_part_of_a_register),
		TEST(odd_accesses_do_no_harm),
		TEST(reset_forgets_input_masks_and_lowers_the_line),
		TEST(a_zone_that_does_not_run_takes_no_input),
		TEST(without_memory_there_is_no_uart_and_no_leak),
	};

	unit_suite("vuart", tests, ARRAY_SIZE(tests));
}
