// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding ACPI tables: through a sound root pointer, and through everything that can be wrong with
 * one; overrides.
 */
#include "acpi-firmware.h"
#include "host.h"
#include "unit.h"

#include <postern/errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const machine[] = { QEMU_TABLES "apic.aml", QEMU_TABLES "mcfg.aml",
				       QEMU_TABLES "spcr.aml" };
static struct acpi a;

static int reopen(void)
{
	return acpi_open(&a, &firmware_memory, FIRMWARE_RSDP);
}

static void every_table_is_found_in_order(void)
{
	firmware_open(&a, machine, ARRAY_SIZE(machine));
	CU_ASSERT_STRING_EQUAL(model_log(), "");
	CU_ASSERT_PTR_EQUAL(acpi_find(&a, "APIC", 0), &a.tables[0]);
	CU_ASSERT_PTR_EQUAL(acpi_find(&a, "SPCR", 0), &a.tables[2]);
	CU_ASSERT_PTR_NULL(acpi_find(&a, "APIC", 1));
	CU_ASSERT_PTR_NULL(acpi_find(&a, "IOVT", 0));
	CU_ASSERT_EQUAL(a.tables[1].length, 60);
	CU_ASSERT_EQUAL(a.tables[1].revision, 1);
	CU_ASSERT_EQUAL(memcmp(a.tables[1].oem_id, "BOCHS ", 6), 0);
	CU_ASSERT_EQUAL(memcmp(a.tables[1].oem_table_id, "BXPC    ", 8), 0);
}

static void a_wrong_root_pointer_is_refused(void)
{
	static const struct {
		unsigned at;
		uint8_t value;
		const char *says;
	} wrong[] = {
		{ 0, 'r', "does not begin with" }, { 9, 'x', "first checksum" },
		{ 34, 'x', "second checksum" },    { 20, 35, "length is wrong" },
		{ 21, 0x20, "length is wrong" },   { 20, 40, "not all of it" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		firmware_open(&a, machine, 1);
		firmware_rsdp[wrong[i].at] = wrong[i].value;
		model_reset();
		CU_ASSERT_EQUAL(reopen(), -EINVAL);
		CU_ASSERT_EQUAL(a.count, 0);
		CU_ASSERT_TRUE(model_log_contains(wrong[i].says));
	}
	/* ACPI 1.0: sums are right, there is no XSDT. */
	firmware_open(&a, machine, 1);
	firmware_rsdp[15] -= 2;
	firmware_rsdp[8] += 2;
	CU_ASSERT_EQUAL(reopen(), -EINVAL);
	CU_ASSERT_TRUE(model_log_contains("without XSDT"));
	CU_ASSERT_EQUAL(acpi_open(&a, &firmware_memory, 0), -EINVAL);
	CU_ASSERT_EQUAL(acpi_open(&a, &firmware_memory, FIRMWARE_RSDP + 1), -EINVAL);
	CU_ASSERT_TRUE(model_log_contains("0x10001: it cannot be read"));
}

static void a_wrong_xsdt_is_refused(void)
{
	firmware_open(&a, machine, ARRAY_SIZE(machine));
	firmware_xsdt[40]++;
	CU_ASSERT_EQUAL(reopen(), -EINVAL);
	CU_ASSERT_TRUE(model_log_contains("XSDT, byte 0x0: the checksum"));
	firmware_xsdt[40]--;
	firmware_xsdt[0] = 'R';
	table_fix_checksum(firmware_xsdt, 60);
	CU_ASSERT_EQUAL(reopen(), -EINVAL);
	CU_ASSERT_TRUE(model_log_contains("RSDT, byte 0x0: the root pointer names it"));
	firmware_xsdt[0] = 'X';
	firmware_xsdt[4] = 58;
	table_fix_checksum(firmware_xsdt, 58);
	CU_ASSERT_EQUAL(reopen(), -EINVAL);
	CU_ASSERT_TRUE(model_log_contains("58 bytes end within an entry"));
	CU_ASSERT_EQUAL(a.count, 0);
}

static void a_wrong_table_is_left_out_and_named(void)
{
	static const struct {
		unsigned at;
		uint8_t value;
		const char *says;
	} wrong[] = {
		{ 50, 0xee, "APIC, byte 0x0: the checksum" },
		{ 4, 35, "has 35 bytes, which is not 36" },
		{ 7, 2, "APIC, byte 0x4" },
		{ 5, 1, "APIC, byte 0x4: not all of its" },
		{ 0, 7, "?PIC, byte 0x0: the checksum" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		size_t size;
		uint8_t *madt = table_load(machine[0], &size), *copy;
		uint8_t *mcfg = table_load(machine[1], &size);

		firmware_reset();
		firmware_add(madt, 153, &copy);
		firmware_add(mcfg, size, NULL);
		copy[wrong[i].at] = wrong[i].value;
		firmware_finish();
		model_reset();
		CU_ASSERT_EQUAL(reopen(), 0);
		CU_ASSERT_EQUAL(a.count, 1);
		CU_ASSERT_PTR_NOT_NULL(acpi_find(&a, "MCFG", 0));
		CU_ASSERT_TRUE(model_log_contains(wrong[i].says));
		free(madt);
		free(mcfg);
	}
	/* One that is nowhere. */
	firmware_open(&a, machine, ARRAY_SIZE(machine));
	memset(firmware_xsdt + 36, 0, 8);
	table_fix_checksum(firmware_xsdt, 60);
	CU_ASSERT_EQUAL(reopen(), 0);
	CU_ASSERT_EQUAL(a.count, 2);
	CU_ASSERT_TRUE(model_log_contains("no table can be read at 0x0"));
}

static void more_tables_than_fit_are_left_out(void)
{
	size_t size;
	uint8_t *mcfg = table_load(machine[1], &size);

	firmware_reset();
	for (unsigned i = 0; i < ACPI_MAX_TABLES + 1; i++)
		firmware_add(mcfg, size, NULL);
	firmware_finish();
	CU_ASSERT_EQUAL(reopen(), 0);
	CU_ASSERT_EQUAL(a.count, ACPI_MAX_TABLES);
	CU_ASSERT_TRUE(model_log_contains("more than 64 tables"));
	CU_ASSERT_EQUAL(acpi_override(&a, a.tables[3].base, size), -ENOSPC);
	CU_ASSERT_EQUAL(a.count, ACPI_MAX_TABLES);
	free(mcfg);
}

static void an_override_goes_before_the_firmwares(void)
{
	struct acpi_mcfg mcfg;
	size_t size;
	uint8_t *table = table_load(TABLES "mcfg.asl", &size), *copy, padded[200] = { 0 };
	hpa_t base;

	firmware_open(&a, machine, ARRAY_SIZE(machine));
	memcpy(padded, table, size);
	base = firmware_add(padded, sizeof(padded), &copy);
	CU_ASSERT_EQUAL(acpi_override(&a, base, sizeof(padded)), 0);
	CU_ASSERT_EQUAL(a.count, 4);
	CU_ASSERT_TRUE(model_log_contains("MCFG: the override is used"));
	CU_ASSERT_EQUAL(acpi_mcfg(&a, &mcfg), 0);
	CU_ASSERT_EQUAL(mcfg.entries[0].base, 0xefe00000000);
	CU_ASSERT_EQUAL(acpi_find(&a, "MCFG", 1)->length, 60);
	CU_ASSERT_PTR_NOT_NULL(acpi_find(&a, "SPCR", 0));
	/* The same checks as for the firmware's. */
	copy[60]++;
	CU_ASSERT_EQUAL(acpi_override(&a, base, sizeof(padded)), -EINVAL);
	copy[60]--;
	CU_ASSERT_EQUAL(acpi_override(&a, base, size - 1), -EINVAL);
	CU_ASSERT_EQUAL(acpi_override(&a, base, 35), -EINVAL);
	CU_ASSERT_EQUAL(acpi_override(&a, base + 0x100000, size), -EINVAL);
	CU_ASSERT_EQUAL(a.count, 4);
	/* Memory that nobody has shown. */
	memset(&a, 0, sizeof(a));
	CU_ASSERT_EQUAL(acpi_override(&a, base, sizeof(padded)), -EINVAL);
	free(table);
	firmware_reset();
}

void suite_acpi(void)
{
	static const struct unit_test tests[] = {
		TEST(every_table_is_found_in_order),
		TEST(a_wrong_root_pointer_is_refused),
		TEST(a_wrong_xsdt_is_refused),
		TEST(a_wrong_table_is_left_out_and_named),
		TEST(more_tables_than_fit_are_left_out),
		TEST(an_override_goes_before_the_firmwares),
	};

	unit_suite("acpi", tests, ARRAY_SIZE(tests));
}
