// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The unit tests' runner: every suite named in suites.h, over the engine's own sources and the
 *models.
 *
 *	unit-tests [--list] [--suite NAME] [--test NAME]
 *
 * V=1 in the environment shows each test and the engine's log; POSTERN_RESULTS names a file that
 * gets a line "suite/test<TAB>passed|failed" for each. Exit status 0 means that at least one test
 * ran and none failed; the last line is "N passed, N failed".
 */
#include "unit.h"

#include "host.h"

#include <CUnit/TestRun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SUITE(name) void suite_##name(void);
#include "suites.h"
#undef SUITE

#define SUITE(name) suite_##name,
static void (*const suites[])(void) = {
#include "suites.h"
	NULL
};
#undef SUITE

static const char *only_suite, *only_test;
static bool list_only, verbose;
static unsigned passed, failed;
static FILE *results;

static void fail_test(const char *message)
{
	CU_assertImplementation(CU_FALSE, 0, message, "model", "", CU_TRUE);
}

static void before_test(void)
{
	model_reset();
}

static void after_test(void)
{
	if (model_locks_held())
		CU_FAIL("a lock is still held");
	model_reset();
}

static void test_started(const CU_pTest test, const CU_pSuite suite)
{
	if (verbose)
		printf("  %s/%s\n", suite->pName, test->pName);
}

static void test_ended(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failures)
{
	if (results)
		fprintf(results, "%s/%s\t%s\n", suite->pName, test->pName,
			failures ? "failed" : "passed");
	if (!failures) {
		passed++;
		return;
	}
	failed++;
	printf("FAILED %s/%s\n", suite->pName, test->pName);
	for (CU_pFailureRecord f = failures; f; f = f->pNext)
		printf("    %s:%u: %s\n", f->strFileName ? f->strFileName : "", f->uiLineNumber,
		       f->strCondition ? f->strCondition : "");
}

void unit_suite(const char *name, const struct unit_test *tests, size_t count)
{
	struct timespec start, end;
	CU_pSuite suite;
	unsigned before = passed + failed;

	if (only_suite && strcmp(only_suite, name) != 0)
		return;
	suite = CU_add_suite_with_setup_and_teardown(name, NULL, NULL, before_test, after_test);
	if (!suite) {
		fprintf(stderr, "suite %s: %s\n", name, CU_get_error_msg());
		exit(2);
	}
	for (size_t i = 0; i < count; i++) {
		if (only_test && strcmp(only_test, tests[i].name) != 0)
			continue;
		if (list_only)
			printf("%s/%s\n", name, tests[i].name);
		else if (!CU_add_test(suite, tests[i].name, tests[i].run)) {
			fprintf(stderr, "test %s/%s: %s\n", name, tests[i].name,
				CU_get_error_msg());
			exit(2);
		}
	}
	if (list_only || !suite->uiNumberOfTests)
		return;
	clock_gettime(CLOCK_MONOTONIC, &start);
	CU_run_suite(suite);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%-20s %4u tests  %7.3f s\n", name, passed + failed - before,
	       (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
	fflush(stdout);
}

static int usage(const char *program)
{
	fprintf(stderr, "usage: %s [--list] [--suite NAME] [--test NAME]\n", program);
	return 2;
}

int main(int argc, char **argv)
{
	const char *v = getenv("V");

	verbose = v && *v == '1';
	if (getenv("POSTERN_RESULTS"))
		results = fopen(getenv("POSTERN_RESULTS"), "a");
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--list") == 0)
			list_only = true;
		else if (strcmp(argv[i], "--suite") == 0 && i + 1 < argc)
			only_suite = argv[++i];
		else if (strcmp(argv[i], "--test") == 0 && i + 1 < argc)
			only_test = argv[++i];
		else
			return usage(argv[0]);
	}
	if (CU_initialize_registry() != CUE_SUCCESS) {
		fprintf(stderr, "CUnit: %s\n", CU_get_error_msg());
		return 2;
	}
	CU_set_error_action(CUEA_IGNORE);
	CU_set_test_start_handler(test_started);
	CU_set_test_complete_handler(test_ended);
	model_on_failure = fail_test;
	model_reset();
	for (size_t i = 0; suites[i]; i++)
		suites[i]();
	CU_cleanup_registry();
	model_reset();
	if (list_only)
		return 0;
	if (results)
		fclose(results);
	printf("%u passed, %u failed\n", passed, failed);
	return passed && !failed ? 0 : 1;
}
