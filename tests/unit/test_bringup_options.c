// SPDX-License-Identifier: GPL-2.0-or-later
/* The bring-up test's words: which there are, and that others are refused by name. */
#include "unit.h"

#include <hv/bringup.h>
#include <stdio.h>
#include <string.h>

#include "hv-glue/bringup/bringup.h"

static struct bringup_options options;
static char bad[16];

static bool parse(const char *line)
{
	memset(bad, 0, sizeof(bad));
	return bringup_parse(line, &options, bad, sizeof(bad));
}

static void it_is_asked_for_by_a_word_of_its_own(void)
{
	CU_ASSERT_FALSE(bringup_wanted(NULL));
	CU_ASSERT_FALSE(bringup_wanted(""));
	CU_ASSERT_FALSE(bringup_wanted("console=ttyS0 bringup=1 xbringup bringups"));
	CU_ASSERT_TRUE(bringup_wanted("bringup"));
	CU_ASSERT_TRUE(bringup_wanted("  BOOT_IMAGE=/x\tbringup  cpu=1"));
}

static void without_words_nothing_is_written_and_all_is_tried(void)
{
	CU_ASSERT_TRUE(parse("quiet bringup"));
	CU_ASSERT_EQUAL(options.cpu, BRINGUP_CPU_DEFAULT);
	CU_ASSERT_EQUAL(options.expect_cpu, BRINGUP_CPU_DEFAULT);
	CU_ASSERT_EQUAL(options.only, SBDF_NONE);
	CU_ASSERT_FALSE(options.destructive || options.dump || options.stay);
	CU_ASSERT_FALSE(options.expect_nvme || options.expect_igb);
}

static void every_word_is_read(void)
{
	CU_ASSERT_TRUE(
		parse("bringup cpu=3 expect-cpu=0 dump destructive only=05:1f.7 expect=igb,nvme"));
	CU_ASSERT_EQUAL(options.cpu, 3);
	CU_ASSERT_EQUAL(options.expect_cpu, 0);
	CU_ASSERT_TRUE(options.dump && options.destructive);
	CU_ASSERT_EQUAL(options.only, sbdf_make(0, 5, 0x1f, 7));
	CU_ASSERT_TRUE(options.expect_nvme && options.expect_igb);
	CU_ASSERT_TRUE(parse("bringup only=00Ab:fF:00.0 stay expect=nvme"));
	CU_ASSERT_EQUAL(options.only, sbdf_make(0xab, 0xff, 0, 0));
	CU_ASSERT_TRUE(options.stay && options.expect_nvme && !options.expect_igb);
}

/* A misspelt word must not pass for a test that was not asked for. */
static void what_is_not_known_is_refused_by_name(void)
{
	static const char *const words[] = {
		"distructive",    "Dump",         "cpu=",
		"cpu=8",          "cpu=-1",       "cpu=1x",
		"cpu=4294967297", "expect-cpu=9", "only=",
		"only=05:00",     "only=5:0.8",   "only=1:2:3:4.0",
		"only=100:0.0",   "only=5:20.0",  "only=05:00.0x",
		"expect=",        "expect=nvm",   "expect=nvme;igb",
		"bringup",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char line[64];

		snprintf(line, sizeof(line), "bringup dump %s", words[i]);
		CU_ASSERT_FALSE(parse(line));
		CU_ASSERT_EQUAL(strncmp(bad, words[i], sizeof(bad) - 1), 0);
		CU_ASSERT_TRUE(strlen(bad) < sizeof(bad));
	}
}

void suite_bringup_options(void)
{
	static const struct unit_test tests[] = {
		TEST(it_is_asked_for_by_a_word_of_its_own),
		TEST(without_words_nothing_is_written_and_all_is_tried),
		TEST(every_word_is_read),
		TEST(what_is_not_known_is_refused_by_name),
	};

	unit_suite("bringup_options", tests, ARRAY_SIZE(tests));
}
