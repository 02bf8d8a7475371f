/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a unit test file needs beside CUnit's assertions.
 *
 *	static void addition_works(void) { CU_ASSERT_EQUAL(1 + 1, 2); }
 *
 *	void suite_arithmetic(void)
 *	{
 *		static const struct unit_test tests[] = { TEST(addition_works) };
 *
 *		unit_suite("arithmetic", tests, ARRAY_SIZE(tests));
 *	}
 *
 * and one line SUITE(arithmetic) in suites.h. Each test starts on a fresh machine (model_reset())
 *and fails when it leaves a lock held. Name a test after what it proves.
 */
#ifndef UNIT_H
#define UNIT_H

#include <CUnit/CUnit.h>
#include <postern/types.h>

struct unit_test {
	const char *name;
	void (*run)(void);
};

#define TEST(function) { #function, function }

void unit_suite(const char *name, const struct unit_test *tests, size_t count);

#endif
