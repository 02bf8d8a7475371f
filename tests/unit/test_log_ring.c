// SPDX-License-Identifier: GPL-2.0-or-later
/* The log's ring buffer. Includes the source for a fresh start. */
#include "../../hv-glue/log_ring.c"

#include "host.h"
#include "hv.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

void log_ring_forget(void)
{
	memset(&ring, 0, sizeof(ring));
}

static void append(const char *line)
{
	log_append(line, strlen(line), false);
}

/* Fills the ring several times over with numbered lines of different lengths; answers how many. */
static unsigned flood(void)
{
	char line[LOG_LINE_MAX];
	unsigned n = 0;

	for (size_t bytes = 0; bytes < 3 * RING_SIZE; n++) {
		snprintf(
			line, sizeof(line), "%u%.*s", n, (int)(n % 97),
			"................................................................................"
			"....................");
		append(line);
		bytes += strlen(line);
	}
	return n;
}

static void lines_come_back_in_order_with_their_kind(void)
{
	char line[LOG_LINE_MAX];
	uint64_t cursor = 0;

	log_ring_forget();
	append("one");
	log_append("two", 3, true);
	append("");
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "one");
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_QUIET);
	CU_ASSERT_STRING_EQUAL(line, "two");
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "");
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_NONE);
	CU_ASSERT_EQUAL(cursor, log_end());
	append("four");
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "four");
}

static void the_newest_lines_stay_whole(void)
{
	char line[LOG_LINE_MAX];
	uint64_t cursor = 0;
	unsigned count, expected, found = 0;

	log_ring_forget();
	count = flood();
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_LINE);
	CU_ASSERT_EQUAL(sscanf(line, "%u", &expected), 1);
	do {
		unsigned n = 0;

		CU_ASSERT_EQUAL(sscanf(line, "%u", &n), 1);
		CU_ASSERT_EQUAL(n, expected + found);
		found++;
	} while (log_next(&cursor, line) == LOG_NEXT_LINE);
	CU_ASSERT_EQUAL(expected + found, count);
	/* Nearly the whole ring is in use. */
	CU_ASSERT(found * 55 > RING_SIZE * 8 / 10);
}

static void a_reader_that_was_overtaken_is_told_once(void)
{
	char line[LOG_LINE_MAX];
	uint64_t cursor = 0;

	log_ring_forget();
	append("early");
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_LINE);
	flood();
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_LOST);
	CU_ASSERT_STRING_EQUAL(line, "");
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_LINE);
	CU_ASSERT_NOT_EQUAL(line[0], '\0');
}

static void two_readers_do_not_disturb_each_other(void)
{
	char line[LOG_LINE_MAX];
	uint64_t a = 0, b = 0;

	log_ring_forget();
	append("one");
	append("two");
	CU_ASSERT_EQUAL(log_next(&a, line), LOG_NEXT_LINE);
	CU_ASSERT_EQUAL(log_next(&a, line), LOG_NEXT_LINE);
	CU_ASSERT_EQUAL(log_next(&b, line), LOG_NEXT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "one");
}

static void control_characters_do_not_reach_a_terminal(void)
{
	char line[LOG_LINE_MAX];
	uint64_t cursor = 0;

	log_ring_forget();
	append("a\x1b[2Jb\r\nc\x7f\xc3\xa9");
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_LINE);
	CU_ASSERT_STRING_EQUAL(line, "a?[2Jb??c?\xc3\xa9");
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_NONE);
}

static void a_long_line_is_cut(void)
{
	char text[2 * LOG_LINE_MAX], line[LOG_LINE_MAX];
	uint64_t cursor = 0;

	log_ring_forget();
	memset(text, 'x', sizeof(text));
	log_append(text, sizeof(text), false);
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_LINE);
	CU_ASSERT_EQUAL(strlen(line), LOG_LINE_MAX - 1);
	CU_ASSERT_EQUAL(log_next(&cursor, line), LOG_NEXT_NONE);
}

static void a_lock_whose_holder_died_is_taken_away(void)
{
	struct lock l = { .held = 1 };
	uint64_t start = host_time_ns();

	emergency_break_lock(&l);
	CU_ASSERT_EQUAL(l.held, 0);
	CU_ASSERT(host_time_ns() - start >= 100000000);
	start = host_time_ns();
	emergency_break_lock(&l);
	CU_ASSERT(host_time_ns() - start < 1000000);
}

void suite_log_ring(void)
{
	static const struct unit_test tests[] = {
		TEST(lines_come_back_in_order_with_their_kind),
		TEST(the_newest_lines_stay_whole),
		TEST(a_reader_that_was_overtaken_is_told_once),
		TEST(two_readers_do_not_disturb_each_other),
		TEST(control_characters_do_not_reach_a_terminal),
		TEST(a_long_line_is_cut),
		TEST(a_lock_whose_holder_died_is_taken_away),
	};

	unit_suite("log-ring", tests, ARRAY_SIZE(tests));
}
