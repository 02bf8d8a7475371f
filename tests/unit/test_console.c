// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who is in front of the hypervisor's UART, and that nothing is lost of who is not: seen from the
 * terminal. Includes the source for a fresh start.
 */
#include "../../hv-glue/console.c"

#include "host.h"
#include "hv.h"
#include "unit.h"

#include <stdio.h>

#define CTRL_C      "\x03"
#define CTRL_U      "\x15"
#define CTRL_RIGHT  "\x1d" /* Ctrl-] */
#define PROMPT_TEXT "postern> "

static struct vuart *uart;

void console_forget(void)
{
	memset(&con, 0, sizeof(con));
}

static void fresh(void)
{
	hv_model_reset();
	uart = vuart_create(&hv.zones[1], 33);
	hv_zone_set_vuart(&hv.zones[1], uart);
	hv_model_boot();
}

static void log_line(const char *text)
{
	console_log_line(text, strlen(text));
}

static void zone_prints(const char *text)
{
	for (; *text; text++)
		console_zone_output(&hv.zones[1], (uint8_t)*text);
}

/* What the zone's kernel reads from its UART. */
static const char *zone_reads(void)
{
	static char text[8192];
	uint64_t flags, c;
	size_t length = 0;

	for (;;) {
		vuart_mmio(uart, 0x18, 4, false, &flags);
		if (flags & 1 << 4)
			break;
		vuart_mmio(uart, 0, 4, false, &c);
		text[length++] = (char)c;
	}
	text[length] = '\0';
	return text;
}

/* ---- boot and prompt ------------------------------------------------------------------------- */

static void lines_logged_before_the_uart_was_up_are_shown_first(void)
{
	hv_model_reset();
	log_line("before");
	log_append("only for `log`", 14, true);
	console_init(&(const struct uart_info){ .base = 0x9040000, .size = 0x1000 });
	log_line("after");
	CU_ASSERT_STRING_EQUAL(hv_screen(), "before\r\nafter\r\n");
	hv_screen_clear();
	monitor_init();
	CU_ASSERT_STRING_EQUAL(hv_screen(),
			       "Postern monitor: `help` lists the commands\r\n" PROMPT_TEXT);
}

static void without_a_uart_only_the_ring_is_filled(void)
{
	uint64_t cursor = 0;
	char line[LOG_LINE_MAX];

	hv_model_reset();
	log_line("nobody sees this");
	monitor_init();
	CU_ASSERT_STRING_EQUAL(hv_screen(), "");
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "nobody sees this");
}

static void keys_are_echoed_and_return_runs_the_line(void)
{
	fresh();
	hv_type("nonse");
	CU_ASSERT_STRING_EQUAL(hv_screen(), "nonse");
	hv_type("nse\r");
	CU_ASSERT_STRING_EQUAL(hv_screen(),
			       "nonsense\r\nerror: nonsense: no such command; `help` lists "
			       "them\r\n" PROMPT_TEXT);
}

static void carriage_return_line_feed_is_one_line_end(void)
{
	fresh();
	hv_type("\r\n\n\r");
	/* CRLF, LF and CR: three empty lines, each with a prompt and no answer. */
	CU_ASSERT_STRING_EQUAL(hv_screen(),
			       "\r\n" PROMPT_TEXT "\r\n" PROMPT_TEXT "\r\n" PROMPT_TEXT);
}

static void keys_edit_the_line(void)
{
	fresh();
	CU_ASSERT(has(hv_command("wrong" CTRL_U "bogux\x7fs"), "error: bogus: no such"));
	CU_ASSERT(has(hv_command("abc\b\b\b\b\b\bxyz"), "error: xyz: no such"));
	CU_ASSERT(has(hv_command("left\x1b[D\x1b[1;5C\x1bOPright"), "error: leftright: no such"));
	CU_ASSERT(has(hv_command("a\x01\tb\xc3\xa9"
				 "c"),
		      "error: abc: no such"));
	hv_screen_clear();
	hv_type("dropped" CTRL_C);
	CU_ASSERT_STRING_EQUAL(hv_screen(), "dropped^C\r\n" PROMPT_TEXT);
	CU_ASSERT(has(hv_command("kept"), "error: kept: no such"));
	/* ESC typed alone does not swallow the line end. */
	CU_ASSERT(has(hv_command("esc\x1b"), "error: esc: no such"));
}

static void a_line_too_long_rings_and_is_cut(void)
{
	char text[CONSOLE_LINE_MAX + 50];

	fresh();
	memset(text, 'x', sizeof(text));
	text[CONSOLE_LINE_MAX + 9] = '\0';
	hv_type(text);
	CU_ASSERT_EQUAL(strlen(hv_screen()), CONSOLE_LINE_MAX + 9);
	CU_ASSERT_STRING_EQUAL(hv_screen() + CONSOLE_LINE_MAX - 1, "\a\a\a\a\a\a\a\a\a\a");
}

static void damaged_characters_are_not_input(void)
{
	fresh();
	hv_type_damaged("garbage");
	CU_ASSERT_STRING_EQUAL(hv_screen(), "");
	CU_ASSERT(has(hv_command("x"), "error: x: no such"));
}

/* ---- log ------------------------------------------------------------------------------------- */

static void a_log_line_leaves_what_was_typed_standing(void)
{
	fresh();
	hv_type("zon");
	hv_screen_clear();
	log_line("[    1.000000] news");
	CU_ASSERT_STRING_EQUAL(hv_screen(), "\r[    1.000000] news\r\n" PROMPT_TEXT "zon");
	hv_screen_clear();
	hv_type("es\r");
	CU_ASSERT(hv_screen_has("zone 0 root: running"));
}

static void a_short_log_line_covers_the_prompt(void)
{
	fresh();
	hv_type("abcdef");
	hv_screen_clear();
	log_line("hi");
	/* "postern> abcdef" is 15 wide. */
	CU_ASSERT_STRING_EQUAL(hv_screen(), "\rhi             \r\n" PROMPT_TEXT "abcdef");
}

static void quiet_lines_do_not_show(void)
{
	fresh();
	log_append("debug", 5, true);
	log_line("loud");
	CU_ASSERT(!hv_screen_has("debug"));
	CU_ASSERT(hv_screen_has("loud"));
}

/* ---- zones ----------------------------------------------------------------------------------- */

static void attaching_shows_what_was_printed_before(void)
{
	fresh();
	zone_prints("booting\r\nlogin: ");
	CU_ASSERT_STRING_EQUAL(hv_screen(), "");
	CU_ASSERT_STRING_EQUAL(
		hv_command("console zone1"),
		"[zone1 console; Ctrl-] returns to the monitor]\nok\nbooting\nlogin: ");
	hv_screen_clear();
	zone_prints("x\ty\x1b[m");
	CU_ASSERT_STRING_EQUAL(hv_screen(), "x\ty\x1b[m");
}

static void keys_go_to_the_zone_until_the_escape_key(void)
{
	fresh();
	hv_command("console zone1");
	hv_screen_clear();
	hv_type("ls\r" CTRL_C "\x7f\x1b[A");
	CU_ASSERT_STRING_EQUAL(hv_screen(), "");
	CU_ASSERT_STRING_EQUAL(zone_reads(), "ls\r" CTRL_C "\x7f\x1b[A");
	hv_type("a" CTRL_RIGHT "bogus\r");
	CU_ASSERT_STRING_EQUAL(zone_reads(), "a");
	CU_ASSERT_STRING_EQUAL(hv_screen(), "\r\n[back in the monitor]\r\n" PROMPT_TEXT
					    "bogus\r\nerror: bogus: no such command; `help` lists "
					    "them\r\n" PROMPT_TEXT);
}

static void log_lines_wait_while_a_zone_is_in_front(void)
{
	fresh();
	hv_command("console zone1");
	hv_screen_clear();
	log_line("first");
	log_line("second");
	zone_prints("zone");
	CU_ASSERT_STRING_EQUAL(hv_screen(), "zone");
	hv_screen_clear();
	hv_type(CTRL_RIGHT);
	CU_ASSERT_STRING_EQUAL(hv_screen(),
			       "\r\n[back in the monitor]\r\nfirst\r\nsecond\r\n" PROMPT_TEXT);
}

static void nothing_is_shown_twice_or_lost_between_visits(void)
{
	fresh();
	zone_prints("one ");
	hv_command("console zone1");
	zone_prints("two ");
	hv_type(CTRL_RIGHT);
	zone_prints("three ");
	CU_ASSERT_STRING_EQUAL(
		hv_command("console zone1") +
			strlen("[zone1 console; Ctrl-] returns to the monitor]\nok\n"),
		"three ");
}

static void a_ring_that_overflows_says_how_much_is_gone(void)
{
	const char *answer;

	fresh();
	for (unsigned i = 0; i < 64 * 1024 / 4; i++)
		zone_prints("old ");
	zone_prints("newest!");
	answer = hv_command("console zone1");
	CU_ASSERT(has(answer, "[... 7 bytes of older output are gone]\n"));
	CU_ASSERT_STRING_EQUAL(answer + strlen(answer) - 11, "old newest!");
	/* Said once. */
	hv_type(CTRL_RIGHT);
	CU_ASSERT(!has(hv_command("console zone1"), "gone"));
}

static void a_zone_with_a_uart_of_its_own_cannot_be_attached(void)
{
	fresh();
	CU_ASSERT_STRING_EQUAL(hv_command("console root"),
			       "error: zone root: it has no console here; it "
			       "has the machine's first UART\n");
	CU_ASSERT(has(hv_command("bogus"), "error: bogus"));
}

static void a_zone_that_is_gone_rings_and_its_last_words_stay(void)
{
	fresh();
	zone_prints("panic!");
	hv.zones[1].state = ZONE_STOPPED;
	CU_ASSERT(has(hv_command("console zone1"), "panic!"));
	hv_screen_clear();
	hv_type("hello?");
	CU_ASSERT(hv_screen_has("\a"));
	hv.zones[1].state = ZONE_RUNNING;
	CU_ASSERT_STRING_EQUAL(zone_reads(), "");
	hv_screen_clear();
	hv_type(CTRL_RIGHT);
	CU_ASSERT(hv_screen_has("[back in the monitor]"));
}

static void a_large_paste_reaches_the_zone_whole(void)
{
	char text[4001];

	fresh();
	hv_command("console zone1");
	for (unsigned i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	text[sizeof(text) - 1] = '\0';
	hv_type(text);
	CU_ASSERT_STRING_EQUAL(zone_reads(), text);
}

/* ---- commands in the background -------------------------------------------------------------- */

static void typing_ahead_of_a_wait_is_kept(void)
{
	fresh();
	hv.zones[1].state = ZONE_STOPPING;
	hv_type("wait zone1 stopped 10\rbogus\rcon");
	CU_ASSERT_STRING_EQUAL(hv_screen(), "wait zone1 stopped 10\r\n");
	hv_run_ms(100);
	CU_ASSERT(!hv_screen_has("ok"));
	hv.zones[1].state = ZONE_STOPPED;
	hv_run_ms(100);
	CU_ASSERT_STRING_EQUAL(hv_screen(), "wait zone1 stopped 10\r\nok\r\n" PROMPT_TEXT
					    "bogus\r\nerror: bogus: no such command; `help` lists "
					    "them\r\n" PROMPT_TEXT "con");
}

static void log_lines_show_while_a_command_waits(void)
{
	fresh();
	hv_type("wait zone1 stopped 10\r");
	hv_screen_clear();
	log_line("news");
	CU_ASSERT_STRING_EQUAL(hv_screen(), "news\r\n");
	hv_type(CTRL_C);
	hv_run_ms(100);
	CU_ASSERT_STRING_EQUAL(hv_screen(),
			       "news\r\nerror: zone zone1: interrupted while it was running, "
			       "not stopped; repeat the `wait` to go on\r\n" PROMPT_TEXT);
}

static void an_interrupt_drops_what_was_typed_ahead(void)
{
	fresh();
	hv_type("wait zone1 stopped 10\rbogus\rkill zone1\r");
	hv_type(CTRL_C "zones\r");
	CU_ASSERT(!hv_screen_has("bogus"));
	CU_ASSERT_EQUAL(hv.zones[1].state, ZONE_RUNNING);
	CU_ASSERT(hv_screen_has("zone 0 root: running"));
}

static void input_beyond_the_fifo_rings_and_does_no_harm(void)
{
	char text[6001];

	fresh();
	hv_type("wait zone1 stopped 10\r");
	hv_screen_clear();
	memset(text, 'z', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	hv_type(text);
	CU_ASSERT_EQUAL(strlen(hv_screen()), 6000 - 4096);
	hv_type(CTRL_C);
	CU_ASSERT(has(hv_command("bogus"), "error: bogus"));
}

/* ---- trouble --------------------------------------------------------------------------------- */

static void a_uart_nobody_reads_costs_a_bounded_time(void)
{
	uint64_t start;

	fresh();
	hv_uart_block(true);
	start = host_time_ns();
	for (unsigned i = 0; i < 1000; i++)
		log_line("a line of log that no one will ever be able to see on this terminal");
	/* One wait of 20 ms in all, not one for each of 70,000 characters. */
	CU_ASSERT(host_time_ns() - start < 60000000);
	hv_uart_block(false);
	hv_screen_clear();
	log_line("reads again");
	CU_ASSERT(hv_screen_has("reads again"));
}

static void an_emergency_puts_the_log_in_front_past_a_dead_holder(void)
{
	fresh();
	hv_command("console zone1");
	hv_screen_clear();
	con.lock.held = 1; /* by a CPU that is dead */
	console_emergency();
	log_line("error: the hypervisor died");
	CU_ASSERT(hv_screen_has("error: the hypervisor died"));
	/* If only one CPU died, the monitor still works. */
	hv_screen_clear();
	CU_ASSERT(has(hv_command("bogus"), "error: bogus"));
	CU_ASSERT_STRING_EQUAL(zone_reads(), "");
}

void suite_console(void)
{
	static const struct unit_test tests[] = {
		TEST(lines_logged_before_the_uart_was_up_are_shown_first),
		TEST(without_a_uart_only_the_ring_is_filled),
		TEST(keys_are_echoed_and_return_runs_the_line),
		TEST(carriage_return_line_feed_is_one_line_end),
		TEST(keys_edit_the_line),
		TEST(a_line_too_long_rings_and_is_cut),
		TEST(damaged_characters_are_not_input),
		TEST(a_log_line_leaves_what_was_typed_standing),
		TEST(a_short_log_line_covers_the_prompt),
		TEST(quiet_lines_do_not_show),
		TEST(attaching_shows_what_was_printed_before),
		TEST(keys_go_to_the_zone_until_the_escape_key),
		TEST(log_lines_wait_while_a_zone_is_in_front),
		TEST(nothing_is_shown_twice_or_lost_between_visits),
		TEST(a_ring_that_overflows_says_how_much_is_gone),
		TEST(a_zone_with_a_uart_of_its_own_cannot_be_attached),
		TEST(a_zone_that_is_gone_rings_and_its_last_words_stay),
		TEST(a_large_paste_reaches_the_zone_whole),
		TEST(typing_ahead_of_a_wait_is_kept),
		TEST(log_lines_show_while_a_command_waits),
		TEST(an_interrupt_drops_what_was_typed_ahead),
		TEST(input_beyond_the_fifo_rings_and_does_no_harm),
		TEST(a_uart_nobody_reads_costs_a_bounded_time),
		TEST(an_emergency_puts_the_log_in_front_past_a_dead_holder),
	};

	unit_suite("console", tests, ARRAY_SIZE(tests));
}
