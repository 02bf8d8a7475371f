// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a manifest in order turns into, and what becomes of a damaged one; the demo's manifests are in order. Each rule by
 * itself: test_manifest_fixtures.c.
 */
#include "dts.h"
#include "manifest-machine.h"
#include "unit.h"

#include <libfdt.h>
#include <postern/errno.h>
#include <stdlib.h>

#define FIXTURES "tests/fixtures/manifest"

/* Parses and resolves a source file; the errors of both. */
static int judge(const char *path, struct manifest *m, struct errors *errors)
{
	size_t size;
	void *fdt = dts_compile(path, &size);
	int parsed, resolved;

	memset(errors, 0, sizeof(*errors));
	parsed = manifest_parse(fdt, size, m, collect_error, errors);
	/* What it keeps, it keeps without the tree. */
	free(fdt);
	if (parsed < 0)
		return parsed;
	CU_ASSERT_EQUAL(parsed, (int)errors->count);
	resolved = manifest_resolve(m, manifest_test_machine(), manifest_test_image, collect_error,
				    errors);
	CU_ASSERT_EQUAL(parsed + resolved, (int)(errors->count - errors->warnings));
	return parsed + resolved;
}

static const struct manifest_zone *zone(const struct manifest *m, const char *name)
{
	for (unsigned i = 0; i < m->zone_count; i++)
		if (!strcmp(m->zones[i].name, name))
			return &m->zones[i];
	CU_FAIL_FATAL("no such zone");
	return NULL;
}

/* ---- what a manifest in order turns into -------------------------------------------------------------------------------- */

static void the_demo_is_in_order(void)
{
	static struct errors errors;
	static struct manifest m;
	const struct manifest_zone *root, *z;

	CU_ASSERT_EQUAL(judge("manifests/demo.dts", &m, &errors), 0);
	CU_ASSERT_STRING_EQUAL(error_line(&errors, 0), "");
	CU_ASSERT_EQUAL(m.zone_count, 2);
	root = zone(&m, "root");
	z = zone(&m, "zone1");
	CU_ASSERT_TRUE(root->root && root->all_unassigned && root->autostart && !root->refused);
	CU_ASSERT_EQUAL(root->cpus, 1);
	CU_ASSERT_EQUAL(root->memory, 384 * MIB);
	CU_ASSERT_STRING_EQUAL(root->kernel, "linux");
	CU_ASSERT_STRING_EQUAL(root->initrd, "root-initrd");
	CU_ASSERT_EQUAL(root->device_count, 0);
	CU_ASSERT_TRUE(!z->root && !z->all_unassigned && z->autostart && !z->debug_half_dma &&
		       !z->refused);
	CU_ASSERT_EQUAL(z->cpus, 2);
	CU_ASSERT_EQUAL(z->memory, 512 * MIB);
	CU_ASSERT_STRING_EQUAL(z->bootargs, "console=ttyAMA0 postern.zone=zone1 quiet");
	CU_ASSERT_EQUAL(z->device_count, 2);
	CU_ASSERT_EQUAL(manifest_test_table()->functions[z->devices[0].function].sbdf,
			sbdf_make(0, 1, 0, 0));
	CU_ASSERT_EQUAL(manifest_test_table()->functions[z->devices[1].function].sbdf,
			sbdf_make(0, 2, 0, 0));
	CU_ASSERT_EQUAL(z->devices[0].virtual_bdf, SBDF_NONE);
}

static void the_demos_variations_differ_in_one_thing(void)
{
	static struct errors errors;
	static struct manifest m;

	CU_ASSERT_EQUAL(judge("manifests/demo-1cpu.dts", &m, &errors), 0);
	CU_ASSERT_EQUAL(zone(&m, "zone1")->cpus, 1);
	CU_ASSERT_FALSE(zone(&m, "zone1")->debug_half_dma);
	CU_ASSERT_EQUAL(judge("manifests/demo-half-dma.dts", &m, &errors), 0);
	CU_ASSERT_EQUAL(zone(&m, "zone1")->cpus, 2);
	CU_ASSERT_TRUE(zone(&m, "zone1")->debug_half_dma);
}

static void each_way_to_name_a_device_finds_it(void)
{
	static struct errors errors;
	static struct manifest m;
	static const struct {
		const char *name;
		sbdf_t found;
	} expected[] = {
		{ "disk", 1 << 8 },
		{ "net", 3 << 8 }, /* instance 1 */
		{ "odd", 11 << 8 },
		{ "even", 11 << 8 | 1 },
		/* Class 01xxxx: instance 0, the NVMe drive, is skipped; both of 0b:00 have their addresses named. */
		{ "storage-of-any-kind", 12 << 8 },
	};
	const struct manifest_zone *z;

	CU_ASSERT_EQUAL(judge(FIXTURES "/good--devices.dts", &m, &errors), 0);
	z = zone(&m, "z1");
	CU_ASSERT_EQUAL_FATAL(z->device_count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		CU_ASSERT_STRING_EQUAL(z->devices[i].name, expected[i].name);
		CU_ASSERT_EQUAL(manifest_test_table()->functions[z->devices[i].function].sbdf,
				expected[i].found);
	}
	CU_ASSERT_EQUAL(z->devices[0].virtual_bdf, sbdf_make(0, 1, 0, 0));
}

static void of_two_roots_the_first_is_root(void)
{
	static struct errors errors;
	static struct manifest m;

	CU_ASSERT_EQUAL(judge(FIXTURES "/two-roots.dts", &m, &errors), 1);
	CU_ASSERT_TRUE(zone(&m, "root")->root && !zone(&m, "root")->refused);
	CU_ASSERT_TRUE(!zone(&m, "z1")->root && zone(&m, "z1")->refused);
}

/* Two nodes that match alike get two devices, in order; a device named by address is not matched. */
static void matches_take_what_is_left(void)
{
	static struct manifest m;
	struct manifest_device *d;
	unsigned n;

	memset(&m, 0, sizeof(m));
	m.zone_count = 2;
	strcpy(m.zones[0].name, "root");
	m.zones[0].root = true;
	strcpy(m.zones[1].name, "z1");
	for (n = 0; n < 2; n++) {
		d = &m.zones[n].devices[m.zones[n].device_count++];
		*d = (struct manifest_device){ .match = MATCH_ID,
					       .vendor = 0x8086,
					       .device = 0x10c9 };
	}
	CU_ASSERT_EQUAL(manifest_resolve(&m, manifest_test_machine(), NULL, NULL, NULL), 0);
	CU_ASSERT_EQUAL(manifest_test_table()->functions[m.zones[0].devices[0].function].sbdf,
			sbdf_make(0, 2, 0, 0));
	CU_ASSERT_EQUAL(manifest_test_table()->functions[m.zones[1].devices[0].function].sbdf,
			sbdf_make(0, 3, 0, 0));
	/* z1 names the first by address: root, though it comes first, gets the second. */
	d = &m.zones[1].devices[0];
	*d = (struct manifest_device){ .match = MATCH_BDF, .bdf = sbdf_make(0, 2, 0, 0) };
	CU_ASSERT_EQUAL(manifest_resolve(&m, manifest_test_machine(), NULL, NULL, NULL), 0);
	CU_ASSERT_EQUAL(manifest_test_table()->functions[m.zones[0].devices[0].function].sbdf,
			sbdf_make(0, 3, 0, 0));
	CU_ASSERT_EQUAL(manifest_test_table()->functions[m.zones[1].devices[0].function].sbdf,
			sbdf_make(0, 2, 0, 0));
}

static void what_is_left_over_is_what_nobody_names_and_root_can_have(void)
{
	static struct errors errors;
	static struct manifest m;
	unsigned over = 0;

	/* z1 is refused for its memory; its device does not fall to root. */
	CU_ASSERT_EQUAL(judge("manifests/demo.dts", &m, &errors), 0);
	m.zones[1].memory = 64 * GIB;
	manifest_resolve(&m, manifest_test_machine(), NULL, collect_error, &errors);
	CU_ASSERT_STRING_EQUAL(error_line(&errors, 0), "too-much-memory zone1 memory-mib");
	CU_ASSERT_TRUE(m.zones[1].refused);
	for (unsigned i = 0; i < manifest_test_table()->count; i++) {
		const struct pci_function *f = &manifest_test_table()->functions[i];
		bool bridge = f->class_code >> 16 == 6, iommu = f->class_code == 0x080600;
		bool unfit = bridge || iommu || f->device == 0x0001 || f->device == 0x0002 ||
			     f->device == 0x0005;
		bool named = f->sbdf == 1 << 8 || f->sbdf == 2 << 8;

		if (f->vendor != 0x1234)
			unfit = bridge || iommu;
		CU_ASSERT_EQUAL(manifest_leaves_over(&m, manifest_test_table(), i),
				!unfit && !named);
		over += manifest_leaves_over(&m, manifest_test_table(), i);
	}
	CU_ASSERT_EQUAL(over, 32);
}

static void without_a_machine_only_the_manifest_itself_is_checked(void)
{
	static const struct manifest_machine none = { .cpus = UINT32_MAX, .memory = UINT64_MAX };
	static struct errors errors;
	static struct manifest m;
	size_t size;
	void *fdt = dts_compile(FIXTURES "/unknown-device--bdf.dts", &size);

	memset(&errors, 0, sizeof(errors));
	CU_ASSERT_EQUAL(manifest_parse(fdt, size, &m, collect_error, &errors), 0);
	CU_ASSERT_EQUAL(manifest_resolve(&m, &none, NULL, collect_error, &errors), 0);
	CU_ASSERT_EQUAL(zone(&m, "z1")->devices[0].function, -1);
	free(fdt);
	/* A device given twice is seen all the same. */
	fdt = dts_compile(FIXTURES "/duplicate-device--two-zones.dts", &size);
	CU_ASSERT_EQUAL(manifest_parse(fdt, size, &m, collect_error, &errors), 0);
	CU_ASSERT_EQUAL(manifest_resolve(&m, &none, NULL, collect_error, &errors), 1);
	CU_ASSERT_STRING_EQUAL(error_line(&errors, 0), "duplicate-device z1 disk 0000:01:00.0");
	free(fdt);
}

/* ---- damaged manifests ------------------------------------------------------------------------------------------------ */

static void a_manifest_cut_short_anywhere_is_refused(void)
{
	size_t size;
	uint8_t *whole = dts_compile("manifests/demo.dts", &size);

	for (size_t cut = 0; cut < size; cut++) {
		static struct errors errors;
		static struct manifest m;
		uint8_t *part = malloc(cut ? cut : 1);

		memcpy(part, whole, cut);
		errors.count = 0;
		CU_ASSERT_EQUAL(manifest_parse(part, cut, &m, collect_error, &errors), -EBADMSG);
		CU_ASSERT_STRING_EQUAL(error_line(&errors, 0), "manifest-format - -");
		CU_ASSERT_EQUAL(m.zone_count, 0);
		free(part);
	}
	free(whole);
}

static void a_manifest_with_bytes_behind_it_is_refused(void)
{
	static struct errors errors;
	static struct manifest m;
	size_t size;
	uint8_t *fdt = dts_compile("manifests/demo.dts", &size), *longer = calloc(1, size + 4);

	memcpy(longer, fdt, size);
	errors.count = 0;
	CU_ASSERT_EQUAL(manifest_parse(longer, size + 4, &m, collect_error, &errors), -EBADMSG);
	CU_ASSERT_STRING_EQUAL(error_line(&errors, 0), "manifest-format - -");
	free(longer);
	free(fdt);
}

/* Sanitizers watch; whatever comes out is within its bounds. */
static void no_flipped_bit_leads_astray(void)
{
	size_t size;
	uint8_t *fdt = dts_compile(FIXTURES "/good--devices.dts", &size);
	const struct manifest_machine *there = manifest_test_machine();

	for (size_t bit = 0; bit < 8 * size; bit++) {
		static struct errors errors;
		static struct manifest m;

		errors.count = 0;
		fdt[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (manifest_parse(fdt, size, &m, collect_error, &errors) >= 0)
			manifest_resolve(&m, there, manifest_test_image, collect_error, &errors);
		CU_ASSERT_TRUE(m.zone_count <= MANIFEST_MAX_ZONES);
		for (unsigned i = 0; i < m.zone_count; i++) {
			const struct manifest_zone *z = &m.zones[i];

			CU_ASSERT_TRUE(z->device_count <= MANIFEST_MAX_DEVICES);
			CU_ASSERT_TRUE(memchr(z->name, 0, sizeof(z->name)) &&
				       memchr(z->kernel, 0, sizeof(z->kernel)));
			CU_ASSERT_TRUE(memchr(z->bootargs, 0, sizeof(z->bootargs)) != NULL);
			if (z->refused)
				continue;
			CU_ASSERT_TRUE(z->cpus >= 1 && z->cpus <= 3 && z->memory >= 64 * MIB &&
				       z->memory <= GIB);
			for (unsigned k = 0; k < z->device_count; k++)
				CU_ASSERT_TRUE(z->devices[k].function >= 0 &&
					       (unsigned)z->devices[k].function <
						       manifest_test_table()->count);
		}
		fdt[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(fdt);
}

/* dtc merges what has the same name; a tree made otherwise need not be merged. */
static void what_is_there_twice_is_refused(void)
{
	static struct errors errors;
	static struct manifest m;
	uint8_t fdt[4096] __attribute__((aligned(8)));

	fdt_create(fdt, sizeof(fdt));
	fdt_finish_reservemap(fdt);
	fdt_begin_node(fdt, "");
	fdt_property_string(fdt, "compatible", "postern,manifest-v1");
	fdt_begin_node(fdt, "zones");
	fdt_begin_node(fdt, "root");
	fdt_property(fdt, "root", NULL, 0);
	fdt_property_u32(fdt, "cpus", 1);
	fdt_property_u32(fdt, "memory-mib", 64);
	fdt_property_u32(fdt, "memory-mib", 4096);
	fdt_property_string(fdt, "kernel", "linux");
	fdt_begin_node(fdt, "devices");
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "devices");
	fdt_property(fdt, "all-unassigned", NULL, 0);
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	CU_ASSERT_EQUAL_FATAL(fdt_finish(fdt), 0);
	memset(&errors, 0, sizeof(errors));
	CU_ASSERT_EQUAL(manifest_parse(fdt, fdt_totalsize(fdt), &m, collect_error, &errors), 2);
	CU_ASSERT_STRING_EQUAL(error_line(&errors, 0), "duplicate-name root memory-mib");
	CU_ASSERT_STRING_EQUAL(error_line(&errors, 1), "duplicate-name root devices");
	CU_ASSERT_TRUE(m.zones[0].refused);
}

/* Names go to terminals. */
static void names_are_made_printable_in_messages(void)
{
	static struct errors errors;
	static struct manifest m;
	uint8_t fdt[1024] __attribute__((aligned(8)));

	fdt_create(fdt, sizeof(fdt));
	fdt_finish_reservemap(fdt);
	fdt_begin_node(fdt, "");
	fdt_property_string(fdt, "compatible", "postern,manifest-v1");
	fdt_begin_node(fdt, "zones");
	fdt_begin_node(fdt, "z\033[2J");
	fdt_property(fdt, "\nroot", NULL, 0);
	fdt_begin_node(fdt, "devices");
	fdt_begin_node(fdt, "d\007");
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	CU_ASSERT_EQUAL_FATAL(fdt_finish(fdt), 0);
	memset(&errors, 0, sizeof(errors));
	manifest_parse(fdt, fdt_totalsize(fdt), &m, collect_error, &errors);
	CU_ASSERT_STRING_EQUAL(error_line(&errors, 0), "bad-name z?[2J z?[2J");
	CU_ASSERT_STRING_EQUAL(error_line(&errors, 1), "unknown-property z?[2J ?root");
	/* What is kept of a refused zone is named in messages later. */
	CU_ASSERT_STRING_EQUAL(m.zones[0].name, "z?[2J");
	CU_ASSERT_STRING_EQUAL(m.zones[0].devices[0].name, "d?");
}

void suite_manifest(void)
{
	static const struct unit_test tests[] = {
		TEST(the_demo_is_in_order),
		TEST(the_demos_variations_differ_in_one_thing),
		TEST(each_way_to_name_a_device_finds_it),
		TEST(of_two_roots_the_first_is_root),
		TEST(matches_take_what_is_left),
		TEST(what_is_left_over_is_what_nobody_names_and_root_can_have),
		TEST(without_a_machine_only_the_manifest_itself_is_checked),
		TEST(a_manifest_cut_short_anywhere_is_refused),
		TEST(a_manifest_with_bytes_behind_it_is_refused),
		TEST(no_flipped_bit_leads_astray),
		TEST(what_is_there_twice_is_refused),
		TEST(names_are_made_printable_in_messages),
	};

	unit_suite("manifest", tests, ARRAY_SIZE(tests));
}
