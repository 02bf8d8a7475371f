// SPDX-License-Identifier: GPL-2.0-or-later
/* format_text(): what <postern/string.h> promises, with the C library's snprintf() as the judge where it promises the same. */
#include "unit.h"

#include <limits.h>
#include <postern/string.h>
#include <stdio.h>
#include <string.h>

/* The format is the test's subject: the compiler's checks of literal formats are in the way of wrong ones. */
#pragma GCC diagnostic ignored "-Wpragmas" /* not every compiler has all of these */
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-overflow"

/* Same text, same result as snprintf(). */
#define SAME_AS_C(...)                                                               \
	do {                                                                         \
		char ours_[128], theirs_[128];                                       \
		int our_length_ = format_text(ours_, sizeof(ours_), __VA_ARGS__);    \
		int their_length_ = snprintf(theirs_, sizeof(theirs_), __VA_ARGS__); \
		CU_ASSERT_STRING_EQUAL(ours_, theirs_);                              \
		CU_ASSERT_EQUAL(our_length_, their_length_);                         \
	} while (0)

static void integers_are_formatted_as_in_c(void)
{
	static const int values[] = { 0, 1, -1, 9, 10, -10, 255, 4096, INT_MAX, INT_MIN };
	static const char *const specs[] = { "%d",     "%i",   "%u",    "%x",     "%X",  "%5d",
					     "%-5d|",  "%05d", "%016x", "%-08x|", "%3u", "%12X",
					     "%-12u|", "%.4d", "%8.4x", "%-8.4d|" };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		for (size_t k = 0; k < ARRAY_SIZE(specs); k++)
			SAME_AS_C(specs[k], values[i]);
}

static void lengths_select_the_argument(void)
{
	/* Wider values than the length says, on purpose: the rest must be dropped. */
	/* cppcheck-suppress [invalidPrintfArgType_sint, invalidPrintfArgType_uint] */
	SAME_AS_C("%hhd %hhu %hhx", -1, 511, 0x1234);
	/* cppcheck-suppress [invalidPrintfArgType_sint, invalidPrintfArgType_uint] */
	SAME_AS_C("%hd %hu %hx", -1, 70000, 0x12345);
	SAME_AS_C("%ld %lu %lx", LONG_MIN, ULONG_MAX, ULONG_MAX);
	SAME_AS_C("%lld %llu %llX", LLONG_MIN, ULLONG_MAX, 0x0123456789abcdefULL);
	SAME_AS_C("%zu %zd %zx", SIZE_MAX, (ssize_t)-1, (size_t)0xfeed);
	/* What follows a wide one is still found. */
	SAME_AS_C("%llx %s %d", 1ULL << 63, "then", 7);
}

static void strings_and_characters(void)
{
	static const char open[4] = { 'o', 'p', 'e', 'n' };

	SAME_AS_C("%s", "");
	SAME_AS_C("[%s] [%8s] [%-8s] [%2s]", "text", "text", "text", "text");
	SAME_AS_C("[%.2s] [%.0s] [%.9s] [%6.3s] [%-6.3s]", "text", "text", "text", "text", "text");
	SAME_AS_C("%c%c [%3c] [%-3c]", 'a', 'b', 'c', 'd');
	SAME_AS_C("100%%");
	SAME_AS_C("%p", (void *)0x1234abcd);
	/* With a precision nothing behind it is read: AddressSanitizer watches. */
	SAME_AS_C("%.4s", open);
	SAME_AS_C("%.*s", 4, open);
	char out[16];
	format_text(out, sizeof(out), "%s", (char *)NULL);
	CU_ASSERT_STRING_EQUAL(out, "(null)");
}

static void stars_take_their_values_from_the_arguments(void)
{
	SAME_AS_C("[%*d] [%-*d] [%*d]", 6, 42, 6, 42, -6, 42);
	SAME_AS_C("[%*s] [%.*s] [%*.*s] [%.*s]", 6, "ab", 1, "ab", 5, 1, "ab", -1, "ab");
	SAME_AS_C("[%0*x]", 8, 0xbeef);
}

static void output_is_cut_and_always_ended(void)
{
	char out[8];

	memset(out, 'x', sizeof(out));
	CU_ASSERT_EQUAL(format_text(out, 5, "%s-%d", "abc", 123), 7);
	CU_ASSERT_STRING_EQUAL(out, "abc-");
	CU_ASSERT_EQUAL(out[5], 'x');
	CU_ASSERT_EQUAL(format_text(out, 1, "%s", "abc"), 3);
	CU_ASSERT_STRING_EQUAL(out, "");
	out[0] = 'x';
	CU_ASSERT_EQUAL(format_text(out, 0, "%s", "abc"), 3);
	CU_ASSERT_EQUAL(out[0], 'x');
	CU_ASSERT_EQUAL(format_text(NULL, 0, "%d", 12345), 5);
	/* The last character that fits, and the first that does not. */
	CU_ASSERT_EQUAL(format_text(out, 4, "abc"), 3);
	CU_ASSERT_STRING_EQUAL(out, "abc");
	CU_ASSERT_EQUAL(format_text(out, 3, "abc"), 3);
	CU_ASSERT_STRING_EQUAL(out, "ab");
}

static void unknown_conversions_stay_as_they_stand(void)
{
	static const char *const foreign[] = { "%q", "a %-5y b", "%08.3k", "%llw" };
	char out[32];

	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		CU_ASSERT_EQUAL(format_text(out, sizeof(out), foreign[i]), (int)strlen(foreign[i]));
		CU_ASSERT_STRING_EQUAL(out, foreign[i]);
	}
	/* A format that ends within a conversion. */
	CU_ASSERT_EQUAL(format_text(out, sizeof(out), "50%"), 3);
	CU_ASSERT_STRING_EQUAL(out, "50%");
	CU_ASSERT_EQUAL(format_text(out, sizeof(out), "%-08l"), 5);
	CU_ASSERT_STRING_EQUAL(out, "%-08l");
	/* They take no argument: the next one gets it. */
	format_text(out, sizeof(out), "%q %d", 5);
	CU_ASSERT_STRING_EQUAL(out, "%q 5");
}

void suite_format(void)
{
	static const struct unit_test tests[] = {
		TEST(integers_are_formatted_as_in_c),
		TEST(lengths_select_the_argument),
		TEST(strings_and_characters),
		TEST(stars_take_their_values_from_the_arguments),
		TEST(output_is_cut_and_always_ended),
		TEST(unknown_conversions_stay_as_they_stand),
	};

	unit_suite("format", tests, ARRAY_SIZE(tests));
}
