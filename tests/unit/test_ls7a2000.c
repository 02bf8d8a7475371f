// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The scan of a machine with an LS7A2000: the config window, and the quirks without which the real
 * one hangs or goes blind. The model fails a test at once on such an access; each trap is proven to
 * be one by a scan that does not know it.
 */
#include "ls7a2000.h"
#include "unit.h"

#include <linux/pci_regs.h>
#include <postern/arch.h>
#include <postern/loongson.h>
#include <string.h>

static struct pci_host host;
static struct pci_table table;

static void make(const struct model_ls7a_config *config, const struct pci_quirks *quirks)
{
	model_reset();
	model_ls7a_create(config);
	memset(&table, 0, sizeof(table));
	host = (struct pci_host){
		.bus_last = 255,
		.widths = BIT32(2),
		.config = &loongson_config_ops,
		.config_base = config->config_base ? config->config_base : MODEL_LS7A_CONFIG,
		.config_size = LOONGSON_CONFIG_SIZE,
		.windows = { { PCI_WINDOW_MEM32, false, 0x40000000, 0x40000000, GIB },
			     { PCI_WINDOW_MEM32, false, 0xe0030000000, 0x30000000, 256 * MIB } },
		.window_count = 2,
		.quirks = quirks,
	};
}

static struct pci_function *at(unsigned bus, unsigned dev, unsigned fn)
{
	struct pci_function *f = pci_find(&table, sbdf_make(0, bus, dev, fn));

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	return f;
}

static const struct model_ls7a_config board;

static void the_boards_functions_are_found_and_left_where_firmware_put_them(void)
{
	make(&board, &ls7a_quirks);
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	CU_ASSERT_EQUAL(table.count, model_pci_count());
	CU_ASSERT_EQUAL(at(5, 0, 0)->class_code, 0x010802);
	CU_ASSERT_EQUAL(at(5, 0, 0)->bars[0].bus, 0x46100000);
	CU_ASSERT_EQUAL(at(5, 0, 0)->bars[0].cpu, 0x46100000);
	CU_ASSERT_EQUAL(at(5, 0, 0)->parent->sbdf, sbdf_make(0, 0, 0x0d, 0));
	for (unsigned fn = 0; fn < 4; fn++) {
		CU_ASSERT_EQUAL(at(6, 0, fn)->bars[0].cpu, 0x46200000 + fn * 0x20000);
		CU_ASSERT_EQUAL(at(6, 0, fn)->bars[3].cpu, 0x46280000 + fn * 0x4000);
		CU_ASSERT_EQUAL(at(6, 0, fn)->msix.entries, 10);
	}
	/* A GPU's memory lies below the window for 32-bit memory, behind the bridge's prefix. */
	CU_ASSERT_EQUAL(at(0, 6, 0)->bars[2].cpu, 0xe0030000000);
	CU_ASSERT_EQUAL(at(0, 0x1a, 0)->bars[0].cpu, 0x45969c00);
	CU_ASSERT_EQUAL(at(0, 0x1a, 0)->bars[0].size, 1024);
	CU_ASSERT_EQUAL(at(0, 0x1a, 0)->bars[2].size, 64 * MIB);
	CU_ASSERT_EQUAL(model_ls7a_ghosts(), 0);
}

static void registers_above_the_first_256_bytes_are_reached(void)
{
	make(&board, &ls7a_quirks);
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	CU_ASSERT_NOT_EQUAL_FATAL(at(6, 0, 2)->caps.acs, 0);
	CU_ASSERT_EQUAL(at(6, 0, 2)->snapshot_size, PCI_CONFIG_SIZE);
	CU_ASSERT_EQUAL(model_pci_get(model_pci_at(6, 2), at(6, 0, 2)->caps.acs + 6u, 2), 0x1d);
}

static void every_address_bit_of_the_window_is_where_the_sheet_says(void)
{
	const struct {
		sbdf_t fn;
		unsigned offset;
		hpa_t at;
	} places[] = {
		{ sbdf_make(0, 0, 3, 0), 0, 0xefe00001800 },
		{ sbdf_make(0, 0, 4, 1), 0x3c, 0xefe0000213c },
		{ sbdf_make(0, 0, 0x0c, 0), 0, 0xefe00006000 },
		{ sbdf_make(0, 0, 0x1a, 0), 0x7fc, 0xefe0700d0fc },
		{ sbdf_make(0, 5, 0, 0), 0, 0xefe10050000 },
		{ sbdf_make(0, 6, 0, 3), 0x150, 0xefe11060350 },
		{ sbdf_make(0, 255, 31, 7), 0xffc, 0xefe1ffffffc },
	};

	make(&board, NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		unsigned bus = sbdf_bus(places[i].fn), devfn = sbdf_devfn(places[i].fn);
		struct model_pci_function *f = model_pci_at(bus, devfn);
		uint32_t expected = f ? model_pci_get(f, places[i].offset, 4) : UINT32_MAX;

		CU_ASSERT_EQUAL(pci_config_read(&host, places[i].fn, places[i].offset, 4),
				expected);
		CU_ASSERT_EQUAL(mmio_read32(places[i].at), expected);
	}
}

static void machine_parts_are_the_engines_and_not_quieted(void)
{
	static const sbdf_t parts[] = { 0x00, 0x01, 0x02, 0x03, 0xb8 };

	make(&board, &ls7a_quirks);
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
		CU_ASSERT_TRUE(at(0, parts[i] >> 3, parts[i] & 7)->engine);
		CU_ASSERT_EQUAL(model_pci_at(0, parts[i])->config_writes, 0);
	}
	CU_ASSERT_FALSE(at(0, 8, 0)->engine);
	CU_ASSERT_FALSE(at(0, 0x0d, 0)->engine);
}

static void pins_are_those_the_wiring_has(void)
{
	make(&board, &ls7a_quirks);
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	CU_ASSERT_EQUAL(at(0, 3, 0)->interrupt_pin, 1);
	CU_ASSERT_EQUAL(at(0, 4, 1)->interrupt_pin, 2);
	CU_ASSERT_EQUAL(at(0, 6, 1)->interrupt_pin, 2);
	CU_ASSERT_EQUAL(at(0, 6, 2)->interrupt_pin, 3);
	CU_ASSERT_EQUAL(at(5, 0, 0)->interrupt_pin, 0); /* the model's has none */
}

static void ports_isolate_and_functions_below_one_go_by_their_own_acs(void)
{
	make(&board, &ls7a_quirks);
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	pci_assign_groups(&table);
	CU_ASSERT_NOT_EQUAL(at(5, 0, 0)->group, at(6, 0, 0)->group);
	CU_ASSERT_NOT_EQUAL(at(2, 0, 0)->group, at(5, 0, 0)->group);
	CU_ASSERT_NOT_EQUAL(at(6, 0, 1)->group, at(6, 0, 2)->group);
	/* Without the quirk: one group. */
	make(&board, &(struct pci_quirks){ .hidden = ls7a_hidden,
					   .part_of_machine = ls7a_part_of_machine });
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	pci_assign_groups(&table);
	CU_ASSERT_EQUAL(at(5, 0, 0)->group, at(6, 0, 0)->group);
}

static void a_card_that_lost_its_bus_number_is_found(void)
{
	make(&board, &ls7a_quirks);
	model_ls7a_confuse(5, 0);
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	CU_ASSERT_EQUAL(at(5, 0, 0)->class_code, 0x010802);
	CU_ASSERT_EQUAL(table.count, model_pci_count());
}

static void empty_links_are_all_ones(void)
{
	make(&board, &ls7a_quirks);
	for (unsigned offset = 0; offset < PCI_CONFIG_SIZE; offset += 4)
		CU_ASSERT_EQUAL(pci_config_read(&host, sbdf_make(0, 1, 0, 0), offset, 4),
				UINT32_MAX);
}

/* Ports of a 7A1000 say they are something else; the ones of a switch below are left alone. */
static void old_ports_are_bridges_whatever_they_say(void)
{
	static const struct model_ls7a_config old = {
		.devices = "09.0 rootport id=0014:7a09 class=068000 multi\n"
			   "  00.0 up id=10b5:8724\n"
			   "    01.0 down id=10b5:8724\n"
			   "      00.0 nvme\n"
			   "    02.0 down id=10b5:8724\n"
			   "      00.0 nvme\n"
			   "0a.0 rootport id=0014:7a19 class=ff0000 multi\n"
			   "11.0 rootport id=0014:7a29 class=060000 multi\n"
	};

	make(&old, &ls7a_quirks);
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	CU_ASSERT_EQUAL(table.count, 8);
	CU_ASSERT_EQUAL(at(0, 9, 0)->class_code, 0x060400);
	CU_ASSERT_EQUAL(at(0, 10, 0)->class_code, 0x060400);
	CU_ASSERT_EQUAL(at(0, 17, 0)->class_code, 0x060400);
	/* What is known of the bridge's ports is not true of everybody's. */
	pci_assign_groups(&table);
	CU_ASSERT_EQUAL(at(3, 0, 0)->group, at(4, 0, 0)->group);
	CU_ASSERT_EQUAL(model_ls7a_ghosts(), 0);
}

static void narrow_accesses_are_used_where_allowed_only(void)
{
	static const struct model_ls7a_config narrow = { .narrow = true };
	unsigned wide_accesses;

	make(&narrow, &ls7a_quirks);
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	wide_accesses = model_ls7a_accesses();
	make(&narrow, &ls7a_quirks);
	host.widths = 7;
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	CU_ASSERT_EQUAL(table.count, model_pci_count());
	/* No read before each narrow write. */
	CU_ASSERT(model_ls7a_accesses() < wide_accesses);
}

/* ---- the traps are traps ---- */

static unsigned failures;
static void (*fail_test)(const char *message);

static void expect_failure(const char *message)
{
	(void)message;
	failures++;
}

/* How often the model objects to a scan with these quirks. */
static unsigned objections(const struct pci_quirks *quirks, unsigned widths)
{
	failures = 0;
	fail_test = model_on_failure;
	model_on_failure = expect_failure;
	make(&board, quirks);
	host.widths = widths;
	pci_scan_host(&host, &table);
	model_on_failure = fail_test;
	model_reset();
	return failures;
}

static void the_model_objects_to_a_scan_that_knows_less(void)
{
	struct pci_quirks q;

	CU_ASSERT_EQUAL(objections(&ls7a_quirks, BIT32(2)), 0);
	q = ls7a_quirks;
	q.hidden = NULL;
	CU_ASSERT(objections(&q, BIT32(2)) > 0);
	q = ls7a_quirks;
	q.part_of_machine = NULL;
	CU_ASSERT(objections(&q, BIT32(2)) > 0);
	CU_ASSERT(objections(&ls7a_quirks, 7) > 0);
	CU_ASSERT(objections(NULL, BIT32(2)) > 0);
}

void suite_ls7a2000(void)
{
	static const struct unit_test tests[] = {
		TEST(the_boards_functions_are_found_and_left_where_firmware_put_them),
		TEST(registers_above_the_first_256_bytes_are_reached),
		TEST(every_address_bit_of_the_window_is_where_the_sheet_says),
		TEST(machine_parts_are_the_engines_and_not_quieted),
		TEST(pins_are_those_the_wiring_has),
		TEST(ports_isolate_and_functions_below_one_go_by_their_own_acs),
		TEST(a_card_that_lost_its_bus_number_is_found),
		TEST(empty_links_are_all_ones),
		TEST(old_ports_are_bridges_whatever_they_say),
		TEST(narrow_accesses_are_used_where_allowed_only),
		TEST(the_model_objects_to_a_scan_that_knows_less),
	};

	unit_suite("ls7a2000", tests, ARRAY_SIZE(tests));
}
