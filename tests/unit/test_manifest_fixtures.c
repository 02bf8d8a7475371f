// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every rule by itself. Each fixture under tests/fixtures says in comments what must be reported about it, and nothing else
 * may be:
 *
 *	// expect: RULE ZONE SUBJECT    an error ('-': empty), in the order they are reported
 *	// warns: RULE ZONE SUBJECT     a warning, in the same order
 *	// passes: RULE                 nothing is reported although the rule was looked at: what it nearly breaks
 *	// machine: CPUS MIB            other quantities than the test machine's
 *	// slots: N                     its IOMMU knows N streams at a time
 *	// cut: N                       N bytes are cut off the end of the compiled tree
 *	// replace: OLD NEW             bytes in the compiled tree (of one length) that no source makes dtc write
 *
 * Every rule has a fixture that breaks it, one that passes it, and an entry in the manual.
 */
#include "core/manifest-rules.h"
#include "dts.h"
#include "manifest-machine.h"

#include <dirent.h>
#include <stdlib.h>

#define FIXTURES "tests/fixtures/manifest"
#define BUNDLES  "tests/fixtures/bundle"

static void fail_at(const char *path, const char *text, const char *detail)
{
	char message[400];

	snprintf(message, sizeof(message), "%s: %s: %s", path, text, detail);
	CU_assertImplementation(CU_FALSE, __LINE__, message, __FILE__, "", CU_FALSE);
}

/* ---- what a fixture says -------------------------------------------------------------------------------------------------- */

/* What follows "// KEY: " in a line; NULL when it is another line. */
static const char *said(const char *line, const char *key)
{
	char start[32];

	snprintf(start, sizeof(start), "// %s: ", key);
	return strncmp(line, start, strlen(start)) ? NULL : line + strlen(start);
}

#define for_each_line(line, text, save) \
	for (char *line = strtok_r(text, "\n", &(save)); line; line = strtok_r(NULL, "\n", &(save)))

static void replace(const char *path, uint8_t *data, size_t size, const char *words)
{
	char old[128], new[128];
	size_t len, found = 0;

	if (sscanf(words, "%127s %127s", old, new) != 2 || strlen(old) != strlen(new)) {
		fail_at(path, "two words of one length, not", words);
		return;
	}
	len = strlen(old);
	for (size_t at = 0; at + len <= size; at++) {
		if (memcmp(data + at, old, len) != 0)
			continue;
		memcpy(data + at, new, len);
		found++;
	}
	if (!found)
		fail_at(path, "nowhere in the compiled tree", old);
}

/* The compiled tree, after what its comments say has been done to it. */
static uint8_t *compile(const char *path, size_t *size)
{
	uint8_t *fdt = dts_compile(path, size), *exact;
	char *text = dts_text(path), *save = NULL;
	size_t cut = 0;

	for_each_line(line, text, save)
	{
		if (said(line, "replace"))
			replace(path, fdt, *size, said(line, "replace"));
		if (said(line, "cut"))
			cut = strtoul(said(line, "cut"), NULL, 10);
	}
	free(text);
	CU_ASSERT_TRUE_FATAL(cut < *size);
	*size -= cut;
	/* So that a read past its end is noticed. */
	exact = malloc(*size);
	memcpy(exact, fdt, *size);
	free(fdt);
	return exact;
}

static void compare(const char *path, const struct errors *errors)
{
	char *text = dts_text(path), *save = NULL;
	unsigned n = 0;

	for_each_line(line, text, save)
	{
		const char *warns = said(line, "warns"), *expect = said(line, "expect");

		if (!warns && !expect)
			continue;
		if (strcmp(error_line(errors, n), warns ? warns : expect) != 0) {
			fail_at(path, "expected", warns ? warns : expect);
			fail_at(path, "but got", error_line(errors, n));
		} else if (errors->e[n].warning != (warns != NULL)) {
			fail_at(path, warns ? "no warning but an error" : "only a warning",
				error_line(errors, n));
		}
		n++;
	}
	if (errors->count != n)
		fail_at(path, "one more reported", error_line(errors, n));
	free(text);
}

/* ---- manifests ---------------------------------------------------------------------------------------------------------------- */

/* A zone is refused exactly when an error names it or an error names none. */
static void check_refusals(const char *path, const struct manifest *m, const struct errors *errors)
{
	for (unsigned i = 0; i < m->zone_count; i++) {
		bool expected = false;

		for (unsigned k = 0; k < errors->count && k < MAX_COLLECTED; k++)
			if (!errors->e[k].warning)
				expected |= !errors->e[k].zone[0] ||
					    !strcmp(errors->e[k].zone, m->zones[i].name);
		if (m->zones[i].refused != expected)
			fail_at(path, expected ? "not refused" : "refused for nothing",
				m->zones[i].name);
	}
}

static const struct manifest_machine *machine_for(const char *path)
{
	static unsigned slots;
	struct manifest_machine *m = manifest_test_machine();
	char *text = dts_text(path), *save = NULL;

	for_each_line(line, text, save)
	{
		unsigned long long mib;

		if (said(line, "slots")) {
			slots = (unsigned)strtoul(said(line, "slots"), NULL, 10);
			m->iommu_slots = &slots;
			m->iommu_count = 1;
		}
		if (!said(line, "machine"))
			continue;
		CU_ASSERT_EQUAL(sscanf(said(line, "machine"), "%u %llu", &m->cpus, &mib), 2);
		m->memory = mib * MIB;
	}
	free(text);
	return m;
}

static void check_manifest(const char *path)
{
	static struct errors errors;
	static struct manifest m;
	size_t size;
	uint8_t *fdt = compile(path, &size);
	int parsed, resolved = 0;

	memset(&errors, 0, sizeof(errors));
	m.zone_count = 0;
	parsed = manifest_parse(fdt, size, &m, collect_error, &errors);
	/* What it keeps, it keeps without the tree. */
	free(fdt);
	if (parsed >= 0)
		resolved = manifest_resolve(&m, machine_for(path), manifest_test_image,
					    collect_error, &errors);
	if (parsed >= 0 && parsed + resolved != (int)(errors.count - errors.warnings))
		fail_at(path, "errors", "not as many as were counted");
	compare(path, &errors);
	check_refusals(path, &m, &errors);
}

/* ---- bundles -------------------------------------------------------------------------------------------------------------------- */

static void check_bundle(const char *path)
{
	static struct errors errors;
	struct bundle b;
	size_t size;
	uint8_t *fdt = compile(path, &size);

	memset(&errors, 0, sizeof(errors));
	if (bundle_open(fdt, size, &b, collect_error, &errors) && !errors.count)
		fail_at(path, "refused", "nothing was reported");
	compare(path, &errors);
	free(fdt);
}

/* ---- all of them ---------------------------------------------------------------------------------------------------------------- */

/* Calls fn for each fixture of a folder, in no particular order. Returns how many there are. */
static unsigned for_each_fixture(const char *folder, void (*fn)(const char *path))
{
	DIR *dir = opendir(folder);
	unsigned count = 0;
	struct dirent *entry;

	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	while ((entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');
		char path[512];

		if (!dot || strcmp(dot, ".dts") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		fn(path);
		count++;
	}
	closedir(dir);
	return count;
}

static void every_manifest_is_judged_as_it_says(void)
{
	CU_ASSERT_TRUE(for_each_fixture(FIXTURES, check_manifest) > 100);
}

static void every_bundle_is_judged_as_it_says(void)
{
	CU_ASSERT_TRUE(for_each_fixture(BUNDLES, check_bundle) > 6);
}

static bool broken[RULE_COUNT], passed[RULE_COUNT];

static enum manifest_rule rule_named(const char *path, const char *words)
{
	const size_t len = strcspn(words, " ");

	for (unsigned r = 0; r < RULE_COUNT; r++) {
		const char *name = manifest_rule_name((enum manifest_rule)r);

		if (strlen(name) == len && !strncmp(name, words, len))
			return (enum manifest_rule)r;
	}
	fail_at(path, "no such rule", words);
	return RULE_COUNT;
}

static void mark_rules(const char *path)
{
	char *text = dts_text(path), *save = NULL;

	for_each_line(line, text, save)
	{
		const char *fails = said(line, "warns") ? said(line, "warns")
							: said(line, "expect");
		enum manifest_rule r = fails ? rule_named(path, fails) : RULE_COUNT;

		if (r < RULE_COUNT) {
			broken[r] = true;
			if (manifest_rule_warns(r) != (said(line, "warns") != NULL))
				fail_at(path, "of the other severity", line);
		}
		r = said(line, "passes") ? rule_named(path, said(line, "passes")) : RULE_COUNT;
		if (r < RULE_COUNT)
			passed[r] = true;
	}
	free(text);
}

/* A fixture that claims to pass a rule must not expect to break it. */
static void passing_is_not_breaking(const char *path)
{
	char *text = dts_text(path), *again = dts_text(path), *save = NULL;

	for_each_line(line, text, save)
	{
		char fails[80], warns[80];

		if (!said(line, "passes"))
			continue;
		snprintf(fails, sizeof(fails), "// expect: %s ", said(line, "passes"));
		snprintf(warns, sizeof(warns), "// warns: %s ", said(line, "passes"));
		if (strstr(again, fails) || strstr(again, warns))
			fail_at(path, "passes and breaks", said(line, "passes"));
	}
	free(text);
	free(again);
}

static void every_rule_has_a_failing_and_a_passing_fixture(void)
{
	memset(broken, 0, sizeof(broken));
	memset(passed, 0, sizeof(passed));
	for_each_fixture(FIXTURES, mark_rules);
	for_each_fixture(BUNDLES, mark_rules);
	for (unsigned r = 0; r < RULE_COUNT; r++) {
		const char *name = manifest_rule_name((enum manifest_rule)r);

		if (!broken[r])
			fail_at("tests/fixtures", "no fixture breaks", name);
		if (!passed[r])
			fail_at("tests/fixtures", "no fixture passes", name);
	}
	for_each_fixture(FIXTURES, passing_is_not_breaking);
	for_each_fixture(BUNDLES, passing_is_not_breaking);
}

static void every_rule_is_in_the_manual(void)
{
	char *manual = dts_text("docs/manifest.md");

	for (unsigned r = 0; r < RULE_COUNT; r++) {
		const char *name = manifest_rule_name((enum manifest_rule)r);
		char entry[80];

		snprintf(entry, sizeof(entry), "| `%s`%s |", name,
			 manifest_rule_warns((enum manifest_rule)r) ? " (warning)" : "");
		if (!strstr(manual, entry))
			fail_at("docs/manifest.md", "no entry for", entry);
	}
	free(manual);
}

void suite_manifest_fixtures(void)
{
	static const struct unit_test tests[] = {
		TEST(every_manifest_is_judged_as_it_says),
		TEST(every_bundle_is_judged_as_it_says),
		TEST(every_rule_has_a_failing_and_a_passing_fixture),
		TEST(every_rule_is_in_the_manual),
	};

	unit_suite("manifest-fixtures", tests, ARRAY_SIZE(tests));
}
