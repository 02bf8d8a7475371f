// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The freestanding memory and string functions against the C library's, at every alignment that
 * matters. The hypervisor's stand here under other names, because this program has the library's
 * under theirs.
 */
#include "unit.h"

#include <string.h>

#define memcpy  hv_memcpy
#define memmove hv_memmove
#define memset  hv_memset
#define memcmp  hv_memcmp
#define memchr  hv_memchr
#define strlen  hv_strlen
#define strnlen hv_strnlen
#define strcmp  hv_strcmp
#define strncmp hv_strncmp
#define strchr  hv_strchr
#define strrchr hv_strrchr
#include "../../hv-glue/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr

/* Room for two words of offset on either side of the longest copy. */
#define SIZE   160
#define LENGTH 100
#define OFFSET 17

static unsigned char area[SIZE], expected[SIZE], source[SIZE];

static void fill(unsigned char *p, unsigned seed)
{
	for (unsigned i = 0; i < SIZE; i++)
		p[i] = (unsigned char)(i * 7 + seed);
}

static bool areas_equal(void)
{
	return !memcmp(area, expected, SIZE);
}

static void copies_at_every_alignment_and_length(void)
{
	bool equal = true;

	fill(source, 1);
	for (size_t to = 0; to < OFFSET; to++) {
		for (size_t from = 0; from < OFFSET; from++) {
			for (size_t n = 0; n < LENGTH; n++) {
				fill(area, 99);
				fill(expected, 99);
				equal = equal &&
					hv_memcpy(area + to, source + from, n) == area + to;
				memcpy(expected + to, source + from, n);
				equal = equal && areas_equal();
			}
		}
	}
	CU_ASSERT(equal);
}

static void moves_overlapping_memory_both_ways(void)
{
	bool equal = true;

	for (size_t to = 0; to < 40; to++) {
		for (size_t from = 0; from < 40; from++) {
			for (size_t n = 0; n < LENGTH; n += 3) {
				fill(area, 5);
				fill(expected, 5);
				equal = equal && hv_memmove(area + to, area + from, n) == area + to;
				memmove(expected + to, expected + from, n);
				equal = equal && areas_equal();
			}
		}
	}
	CU_ASSERT(equal);
}

static void sets_every_alignment_and_length(void)
{
	bool equal = true;

	for (size_t to = 0; to < OFFSET; to++) {
		for (size_t n = 0; n < LENGTH; n++) {
			fill(area, 3);
			fill(expected, 3);
			equal = equal && hv_memset(area + to, 0x1a5, n) == area + to;
			memset(expected + to, 0xa5, n); /* only the low byte counts */
			equal = equal && areas_equal();
		}
	}
	CU_ASSERT(equal);
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void compares_as_unsigned_bytes_up_to_the_first_difference(void)
{
	static const char *const texts[] = {
		"", "a", "ab", "abc", "abd", "b", "\x80", "a\xff", "aa"
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(texts); j++) {
			const char *a = texts[i], *b = texts[j];
			size_t shorter = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

			CU_ASSERT_EQUAL(sign(hv_strcmp(a, b)), sign(strcmp(a, b)));
			for (size_t n = 0; n < 4; n++)
				CU_ASSERT_EQUAL(sign(hv_strncmp(a, b, n)), sign(strncmp(a, b, n)));
			CU_ASSERT_EQUAL(sign(hv_memcmp(a, b, shorter)),
					sign(memcmp(a, b, shorter)));
		}
	}
}

static void a_comparison_ends_at_the_terminator(void)
{
	CU_ASSERT_EQUAL(hv_strncmp("ab\0x", "ab\0y", 4), 0);
	CU_ASSERT(hv_memcmp("ab\0x", "ab\0y", 4) < 0);
}

static void finds_characters_first_and_last(void)
{
	static const char text[] = "/soc/uart@0/x";

	CU_ASSERT_PTR_EQUAL(hv_strchr(text, '/'), text);
	CU_ASSERT_PTR_EQUAL(hv_strchr(text, '@'), text + 9);
	CU_ASSERT_PTR_NULL(hv_strchr(text, 'z'));
	CU_ASSERT_PTR_EQUAL(hv_strchr(text, '\0'), text + 13);
	CU_ASSERT_PTR_EQUAL(hv_strrchr(text, '/'), text + 11);
	CU_ASSERT_PTR_NULL(hv_strrchr(text, 'z'));
	CU_ASSERT_PTR_EQUAL(hv_strrchr(text, '\0'), text + 13);
	CU_ASSERT_PTR_EQUAL(hv_memchr(text, 'u', 5), NULL);
	CU_ASSERT_PTR_EQUAL(hv_memchr(text, 'u', 6), text + 5);
	/* Only the low byte counts, and nothing is read once it is found. */
	CU_ASSERT_PTR_EQUAL(hv_memchr(text, 0x100 | '/', SIZE_MAX), text);
}

static void lengths_stop_at_the_bound(void)
{
	static const char unterminated[3] = { 'a', 'b', 'c' };

	CU_ASSERT_EQUAL(hv_strlen(""), 0);
	CU_ASSERT_EQUAL(hv_strlen("abc"), 3);
	CU_ASSERT_EQUAL(hv_strnlen(unterminated, 3), 3);
	CU_ASSERT_EQUAL(hv_strnlen("abc", 2), 2);
	CU_ASSERT_EQUAL(hv_strnlen("abc", 9), 3);
}

void suite_string(void)
{
	static const struct unit_test tests[] = {
		TEST(copies_at_every_alignment_and_length),
		TEST(moves_overlapping_memory_both_ways),
		TEST(sets_every_alignment_and_length),
		TEST(compares_as_unsigned_bytes_up_to_the_first_difference),
		TEST(a_comparison_ends_at_the_terminator),
		TEST(finds_characters_first_and_last),
		TEST(lengths_stop_at_the_bound),
	};

	unit_suite("string", tests, ARRAY_SIZE(tests));
}
