// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the ACPI readers find in sound tables, number by number against iasl's disassembly of the
 * same bytes: tables of our own that have one of everything, and those of QEMU's loongarch64
 * machine.
 */
#include "acpi-firmware.h"
#include "unit.h"

#include <postern/errno.h>
#include <stdlib.h>
#include <string.h>

static struct acpi a;
static char *text;

/* One table, opened, and iasl's reading of it in `text`. */
static void open_one(const char *path)
{
	firmware_open(&a, &path, 1);
	free(text);
	text = iasl_read(a.tables[0].data, a.tables[0].length);
}

static const char *structure(const char *value, unsigned n)
{
	return iasl_find(text, "Subtable Type", value, n);
}

static void check_cores(const struct acpi_madt *m, unsigned listed)
{
	unsigned enabled = 0;

	for (unsigned i = 0; i < listed; i++) {
		const char *core = structure("11 ", i);

		if (!iasl_value(core, "Flags"))
			continue;
		CU_ASSERT_TRUE_FATAL(enabled < m->core_count);
		CU_ASSERT_EQUAL(m->cores[enabled].processor, iasl_value(core, "ProcessorId"));
		CU_ASSERT_EQUAL(m->cores[enabled].core, iasl_value(core, "CoreId"));
		enabled++;
	}
	CU_ASSERT_EQUAL(m->core_count, enabled);
	CU_ASSERT_EQUAL(m->cores_left_out, 0);
}

static void check_controllers(const struct acpi_madt *m)
{
	for (unsigned i = 0; i < m->eio_count; i++) {
		const char *at = structure("14 ", i);

		CU_ASSERT_EQUAL(m->eio[i].cascade, iasl_value(at, "Cascade"));
		CU_ASSERT_EQUAL(m->eio[i].node, iasl_value(at, "Node"));
		CU_ASSERT_EQUAL(m->eio[i].node_map, iasl_value(at, "NodeMap"));
	}
	for (unsigned i = 0; i < m->msi_count; i++) {
		const char *at = structure("15 ", i);

		CU_ASSERT_EQUAL(m->msi[i].address, iasl_value(at, "MsgAddress"));
		CU_ASSERT_EQUAL(m->msi[i].start, iasl_value(at, "Start"));
		CU_ASSERT_EQUAL(m->msi[i].count, iasl_value(at, "Count"));
	}
	for (unsigned i = 0; i < m->bio_count; i++) {
		const char *at = structure("16 ", i);

		CU_ASSERT_EQUAL(m->bio[i].base, iasl_value(at, "Address"));
		CU_ASSERT_EQUAL(m->bio[i].size, iasl_value(at, "Size"));
		CU_ASSERT_EQUAL(m->bio[i].id, iasl_value(at, "Id"));
		CU_ASSERT_EQUAL(m->bio[i].gsi_base, iasl_value(at, "GsiBase"));
	}
}

static void madt_with_every_structure_is_read_as_iasl_reads_it(void)
{
	struct acpi_madt m;
	const char *at;
	uint64_t map;

	open_one(TABLES "madt.asl");
	CU_ASSERT_EQUAL_FATAL(acpi_madt(&a, &m), 0);
	check_cores(&m, 9);
	CU_ASSERT_EQUAL(m.core_count, 8);
	CU_ASSERT_EQUAL(m.eio_count, 2);
	CU_ASSERT_EQUAL(m.msi_count, 2);
	CU_ASSERT_EQUAL(m.bio_count, 2);
	check_controllers(&m);

	at = structure("12 ", 0);
	map = iasl_value(at, "CascadeMap");
	CU_ASSERT_TRUE(m.lio.present);
	CU_ASSERT_EQUAL(m.lio.base, iasl_value(at, "Address"));
	CU_ASSERT_EQUAL(m.lio.size, iasl_value(at, "Size"));
	CU_ASSERT_EQUAL(m.lio.cascade[0], iasl_value(at, "Cascade") & 0xff);
	CU_ASSERT_EQUAL(m.lio.cascade[1], iasl_value(at, "Cascade") >> 8);
	CU_ASSERT_EQUAL(m.lio.cascade_map[0], (uint32_t)map);
	CU_ASSERT_EQUAL(m.lio.cascade_map[1], map >> 32);
	at = structure("13 ", 0);
	CU_ASSERT_TRUE(m.ht_present);
	CU_ASSERT_EQUAL(m.ht_base, iasl_value(at, "Address"));
	CU_ASSERT_EQUAL(m.ht_size, iasl_value(at, "Size"));
	at = structure("17 ", 0);
	CU_ASSERT_TRUE(m.lpc.present);
	CU_ASSERT_EQUAL(m.lpc.base, iasl_value(at, "Address"));
	CU_ASSERT_EQUAL(m.lpc.size, iasl_value(at, "Size"));
	CU_ASSERT_EQUAL(m.lpc.cascade, iasl_value(at, "Cascade"));
}

static void the_emulated_machines_madt_is_read_as_iasl_reads_it(void)
{
	struct acpi_madt m;

	open_one(QEMU_TABLES "apic.aml");
	CU_ASSERT_EQUAL_FATAL(acpi_madt(&a, &m), 0);
	check_cores(&m, 4);
	CU_ASSERT_EQUAL(m.eio_count, 1);
	CU_ASSERT_EQUAL(m.msi_count, 1);
	CU_ASSERT_EQUAL(m.bio_count, 1);
	check_controllers(&m);
	CU_ASSERT_FALSE(m.lio.present);
	CU_ASSERT_FALSE(m.ht_present);
	CU_ASSERT_FALSE(m.lpc.present);
}

static void check_mcfg(const char *path, unsigned count, const char *oem, const char *table)
{
	struct acpi_mcfg m;
	const char *at;

	open_one(path);
	CU_ASSERT_EQUAL_FATAL(acpi_mcfg(&a, &m), 0);
	CU_ASSERT_EQUAL(m.count, count);
	CU_ASSERT_EQUAL(memcmp(m.oem_id, oem, sizeof(m.oem_id)), 0);
	CU_ASSERT_EQUAL(memcmp(m.oem_table_id, table, sizeof(m.oem_table_id)), 0);
	CU_ASSERT_EQUAL(m.revision, iasl_value(text, "Revision"));
	for (unsigned i = 0; i < m.count; i++) {
		at = iasl_find(text, "Base Address", "", i);
		CU_ASSERT_EQUAL(m.entries[i].base, iasl_value(at, "Base Address"));
		CU_ASSERT_EQUAL(m.entries[i].segment, iasl_value(at, "Segment Group Number"));
		CU_ASSERT_EQUAL(m.entries[i].bus_first, iasl_value(at, "Start Bus Number"));
		CU_ASSERT_EQUAL(m.entries[i].bus_last, iasl_value(at, "End Bus Number"));
	}
}

static void mcfg_is_read_as_iasl_reads_it(void)
{
	check_mcfg(TABLES "mcfg.asl", 2, "LOONGS", "LOONGSON");
	check_mcfg(QEMU_TABLES "mcfg.aml", 1, "BOCHS ", "BXPC    ");
}

/*
 * What iasl says of unit n, and its `entries` device entries, of which the unit's own function is
 * none.
 */
static void check_unit(const struct acpi_iommu *u, unsigned n)
{
	const char *at = structure("0000 ", n), *entry = at;
	const uint64_t entries = iasl_value(at, "Number of Device Entries");
	unsigned ranges = 0;

	CU_ASSERT_EQUAL(u->is_pci, iasl_value(at, "PCI Device"));
	CU_ASSERT_EQUAL(u->whole_segment, iasl_value(at, "Manageable Devices Range"));
	CU_ASSERT_EQUAL(u->msi_bypass, iasl_value(at, "MSI Interrupt Address"));
	CU_ASSERT_EQUAL(u->segment, iasl_value(at, "PCI Segment Number"));
	CU_ASSERT_EQUAL(u->pa_bits, iasl_value(at, "Physical Address Width"));
	CU_ASSERT_EQUAL(u->iova_bits, iasl_value(at, "Virtual Address Width"));
	CU_ASSERT_EQUAL(u->levels, iasl_value(at, "Max Page Level"));
	CU_ASSERT_EQUAL(u->page_sizes, iasl_value(at, "Page Size Supported"));
	CU_ASSERT_EQUAL(u->max_devices, iasl_value(at, "Max Device Num"));
	CU_ASSERT_EQUAL(u->gsi, iasl_value(at, "Global System Interrupt"));
	if (u->is_pci) {
		CU_ASSERT_EQUAL(u->devid, iasl_value(at, "IOMMU DeviceID"));
		CU_ASSERT_EQUAL(u->base, 0);
	} else {
		CU_ASSERT_EQUAL(u->base, iasl_value(at, "IOMMU Base Address"));
		CU_ASSERT_EQUAL(u->size, iasl_value(at, "IOMMU Register Size"));
	}
	for (unsigned i = 0; i < entries; i++) {
		uint64_t type, id;

		entry = iasl_find(strchr(entry, '\n') + 1, "Subtable Type", "", 0);
		type = iasl_value(entry, "Subtable Type");
		id = iasl_value(entry, "DeviceID");
		CU_ASSERT_TRUE_FATAL(ranges < u->range_count);
		if (type != 2)
			CU_ASSERT_EQUAL(u->ranges[ranges].first, id);
		if (type != 1)
			CU_ASSERT_EQUAL(u->ranges[ranges++].last, id);
	}
	CU_ASSERT_EQUAL(u->range_count, ranges);
}

static void iovt_is_read_as_iasl_reads_it(void)
{
	struct acpi_iommus out;

	open_one(TABLES "iovt.asl");
	CU_ASSERT_EQUAL_FATAL(acpi_iommus(&a, &out), 0);
	CU_ASSERT_STRING_EQUAL(out.source, "IOVT");
	CU_ASSERT_EQUAL_FATAL(out.count, 3);
	CU_ASSERT_EQUAL(out.count, iasl_value(text, "IOMMU Count"));
	for (unsigned i = 0; i < out.count; i++)
		check_unit(&out.units[i], i);
	CU_ASSERT_EQUAL(out.units[0].range_count, 6);
	CU_ASSERT_EQUAL(out.units[1].range_count, 2);
	open_one(TABLES "iovt-whole.asl");
	CU_ASSERT_EQUAL_FATAL(acpi_iommus(&a, &out), 0);
	CU_ASSERT_EQUAL_FATAL(out.count, 1);
	check_unit(&out.units[0], 0);
	CU_ASSERT_TRUE(out.units[0].whole_segment);
}

/* A device entry of IVRS as iasl lists it, the n-th after `at`. */
static void check_range(const struct acpi_id_range *r, const char *at, unsigned first,
			unsigned last)
{
	CU_ASSERT_EQUAL(r->first, iasl_value(iasl_find(at, "Device ID", "", first), "Device ID"));
	CU_ASSERT_EQUAL(r->last, iasl_value(iasl_find(at, "Device ID", "", last), "Device ID"));
}

static void ivrs_is_read_as_iasl_reads_it(void)
{
	struct acpi_iommus out;
	const struct acpi_iommu *u = out.units;
	const char *at;

	open_one(TABLES "ivrs.asl");
	CU_ASSERT_EQUAL_FATAL(acpi_iommus(&a, &out), 0);
	CU_ASSERT_STRING_EQUAL(out.source, "IVRS");
	CU_ASSERT_EQUAL_FATAL(out.count, 3);

	/* The block of type 0x40 counts, not that of 0x10 before it. */
	at = structure("40 ", 0);
	CU_ASSERT_TRUE(u[0].is_pci);
	CU_ASSERT_EQUAL(u[0].devid, iasl_value(at, "DeviceId"));
	CU_ASSERT_EQUAL(u[0].segment, iasl_value(at, "PCI Segment Group"));
	CU_ASSERT_EQUAL_FATAL(u[0].range_count, 4);
	check_range(&u[0].ranges[0], at, 0, 1);
	check_range(&u[0].ranges[1], at, 2, 2);
	check_range(&u[0].ranges[2], at, 3, 4);
	check_range(&u[0].ranges[3], at, 5, 5);

	/* Aliases, special devices and padding are nobody's. */
	at = structure("11 ", 0);
	CU_ASSERT_EQUAL(u[1].devid, iasl_value(at, "DeviceId"));
	CU_ASSERT_EQUAL_FATAL(u[1].range_count, 3);
	check_range(&u[1].ranges[0], at, 0, 0);
	check_range(&u[1].ranges[1], at, 1, 1);
	check_range(&u[1].ranges[2], at, 2, 3);
	CU_ASSERT_EQUAL(u[1].ranges[2].last, 0x8ff);

	at = structure("10 ", 1);
	CU_ASSERT_EQUAL(u[2].segment, iasl_value(at, "PCI Segment Group"));
	CU_ASSERT_EQUAL(u[2].segment, 1);
	CU_ASSERT_TRUE(u[2].whole_segment);
	CU_ASSERT_EQUAL(u[2].range_count, 0);
	CU_ASSERT_FALSE(u[0].whole_segment || u[1].whole_segment);
}

static void iovt_goes_before_ivrs(void)
{
	static const char *const both[] = { TABLES "ivrs.asl", TABLES "iovt.asl" };
	struct acpi_iommus out;
	uint8_t *iovt;
	size_t size;

	firmware_open(&a, both, ARRAY_SIZE(both));
	CU_ASSERT_EQUAL(acpi_iommus(&a, &out), 0);
	CU_ASSERT_STRING_EQUAL(out.source, "IOVT");
	/* A broken IOVT is not made good by an IVRS. */
	iovt = table_load(TABLES "iovt.asl", &size);
	iovt[48] = 7;
	table_fix_checksum(iovt, size);
	CU_ASSERT_EQUAL(acpi_override(&a, firmware_add(iovt, size, NULL), size), 0);
	CU_ASSERT_EQUAL(acpi_iommus(&a, &out), -EINVAL);
	CU_ASSERT_EQUAL(out.count, 0);
	free(iovt);
}

/* Whoever puts an IVRS in firmware's place means it, whatever else firmware has. */
static void an_overriding_ivrs_goes_before_firmwares_iovt(void)
{
	static const char *const both[] = { TABLES "ivrs.asl", TABLES "iovt.asl" };
	struct acpi_iommus out;
	uint8_t *table;
	size_t size;

	firmware_open(&a, both, ARRAY_SIZE(both));
	table = table_load(TABLES "ivrs.asl", &size);
	CU_ASSERT_EQUAL(acpi_override(&a, firmware_add(table, size, NULL), size), 0);
	CU_ASSERT_EQUAL(acpi_iommus(&a, &out), 0);
	CU_ASSERT_STRING_EQUAL(out.source, "IVRS");
	free(table);
	/* Of two overrides, the newer table again. */
	table = table_load(TABLES "iovt.asl", &size);
	CU_ASSERT_EQUAL(acpi_override(&a, firmware_add(table, size, NULL), size), 0);
	CU_ASSERT_EQUAL(acpi_iommus(&a, &out), 0);
	CU_ASSERT_STRING_EQUAL(out.source, "IOVT");
	free(table);
}

static void srat_is_read_as_iasl_reads_it(void)
{
	struct acpi_srat s;
	const char *at;

	open_one(TABLES "srat.asl");
	CU_ASSERT_EQUAL_FATAL(acpi_srat(&a, &s), 0);
	CU_ASSERT_EQUAL_FATAL(s.count, 7); /* one core is off */
	for (unsigned i = 0, n = 0; i < 4; i++) {
		at = structure("00 ", i);
		if (!iasl_value(at, "Enabled"))
			continue;
		CU_ASSERT_FALSE(s.entries[n].memory);
		CU_ASSERT_EQUAL(s.entries[n].core, iasl_value(at, "Apic ID"));
		CU_ASSERT_EQUAL(s.entries[n].domain,
				iasl_value(at, "Proximity Domain Low(8)") |
					iasl_value(at, "Proximity Domain High(24)") << 8);
		n++;
	}
	CU_ASSERT_EQUAL(s.entries[2].domain, 0x2000001);
	for (unsigned i = 0; i < 3; i++) {
		at = structure("01 ", i);
		CU_ASSERT_TRUE(s.entries[3 + i].memory);
		CU_ASSERT_EQUAL(s.entries[3 + i].domain, iasl_value(at, "Proximity Domain"));
		CU_ASSERT_EQUAL(s.entries[3 + i].base, iasl_value(at, "Base Address"));
		CU_ASSERT_EQUAL(s.entries[3 + i].size, iasl_value(at, "Address Length"));
	}
	at = structure("02 ", 0);
	CU_ASSERT_EQUAL(s.entries[6].core, iasl_value(at, "Apic ID"));
	CU_ASSERT_EQUAL(s.entries[6].domain, iasl_value(at, "Proximity Domain"));
	open_one(QEMU_TABLES "srat.aml");
	CU_ASSERT_EQUAL_FATAL(acpi_srat(&a, &s), 0);
	CU_ASSERT_EQUAL_FATAL(s.count, 6);
	CU_ASSERT_EQUAL(s.entries[5].size, iasl_value(structure("01 ", 1), "Address Length"));
}

static void check_register(const struct power_register *r, const char *name, unsigned width,
			   uint32_t value)
{
	const char *at = iasl_find(text, name, "", 0);

	CU_ASSERT_EQUAL(r->address, iasl_value(at, "Address"));
	CU_ASSERT_EQUAL(8 * r->width, iasl_value(at, "Bit Width"));
	CU_ASSERT_EQUAL(r->width, width);
	CU_ASSERT_EQUAL(r->mask, width == 4 ? UINT32_MAX : BIT32(8 * width) - 1);
	CU_ASSERT_EQUAL(r->value, value);
}

static void fadt_is_read_as_iasl_reads_it(void)
{
	static const char *const reduced[] = { TABLES "fadt-reduced.asl", QEMU_TABLES "facp.aml" };
	struct acpi_power p;

	for (unsigned i = 0; i < ARRAY_SIZE(reduced); i++) {
		open_one(reduced[i]);
		CU_ASSERT_EQUAL_FATAL(acpi_fadt(&a, &p), 0);
		CU_ASSERT_TRUE(p.hardware_reduced);
		CU_ASSERT_EQUAL(iasl_value(text, "Hardware Reduced (V5)"), 1);
		check_register(&p.reset, "Reset Register", 1,
			       (uint32_t)iasl_value(text, "Value to cause reset"));
		check_register(&p.power_off, "Sleep Control Register", 1, ACPI_SLEEP_ENABLE);
	}
	open_one(TABLES "fadt-fixed.asl");
	CU_ASSERT_EQUAL_FATAL(acpi_fadt(&a, &p), 0);
	CU_ASSERT_FALSE(p.hardware_reduced);
	check_register(&p.reset, "Reset Register", 4, 1);
	CU_ASSERT_EQUAL(p.power_off.address, 0);
}

static void spcr_is_read_as_iasl_reads_it(void)
{
	struct uart_info u;

	open_one(TABLES "spcr.asl");
	CU_ASSERT_EQUAL_FATAL(acpi_spcr(&a, &u), 0);
	CU_ASSERT_EQUAL(u.kind, UART_16550);
	CU_ASSERT_EQUAL(u.base, iasl_value(text, "Address"));
	CU_ASSERT_EQUAL(u.irq, iasl_value(text, "Interrupt"));
	CU_ASSERT_EQUAL(u.clock_hz, iasl_value(text, "Uart Clock Freq"));
	CU_ASSERT_EQUAL(u.reg_shift, 2);
	CU_ASSERT_EQUAL(u.size, 32);
	/* Of revision 2, which has no clock. */
	open_one(QEMU_TABLES "spcr.aml");
	CU_ASSERT_EQUAL_FATAL(acpi_spcr(&a, &u), 0);
	CU_ASSERT_EQUAL(u.base, 0x1fe001e0);
	CU_ASSERT_EQUAL(u.base, iasl_value(text, "Address"));
	CU_ASSERT_EQUAL(u.irq, iasl_value(text, "Interrupt"));
	CU_ASSERT_EQUAL(u.reg_shift, 0);
	CU_ASSERT_EQUAL(u.size, 8);
	CU_ASSERT_EQUAL(u.clock_hz, 0);
}

static void what_is_not_there_is_said_to_be_absent(void)
{
	static const char *const pptt[] = { QEMU_TABLES "pptt.aml" };
	struct acpi_madt madt;
	struct acpi_mcfg mcfg;
	struct acpi_iommus iommus;
	struct acpi_srat srat;
	struct acpi_power power;
	struct uart_info uart;

	firmware_open(&a, pptt, 1);
	CU_ASSERT_EQUAL(acpi_madt(&a, &madt), -ENOENT);
	CU_ASSERT_EQUAL(acpi_mcfg(&a, &mcfg), -ENOENT);
	CU_ASSERT_EQUAL(acpi_iommus(&a, &iommus), -ENOENT);
	CU_ASSERT_EQUAL(acpi_srat(&a, &srat), -ENOENT);
	CU_ASSERT_EQUAL(acpi_fadt(&a, &power), -ENOENT);
	CU_ASSERT_EQUAL(acpi_spcr(&a, &uart), -ENOENT);
	free(text);
	text = NULL;
	firmware_reset();
}

void suite_acpi_tables(void)
{
	static const struct unit_test tests[] = {
		TEST(madt_with_every_structure_is_read_as_iasl_reads_it),
		TEST(the_emulated_machines_madt_is_read_as_iasl_reads_it),
		TEST(mcfg_is_read_as_iasl_reads_it),
		TEST(iovt_is_read_as_iasl_reads_it),
		TEST(ivrs_is_read_as_iasl_reads_it),
		TEST(iovt_goes_before_ivrs),
		TEST(an_overriding_ivrs_goes_before_firmwares_iovt),
		TEST(srat_is_read_as_iasl_reads_it),
		TEST(fadt_is_read_as_iasl_reads_it),
		TEST(spcr_is_read_as_iasl_reads_it),
		TEST(what_is_not_there_is_said_to_be_absent),
	};

	unit_suite("acpi_tables", tests, ARRAY_SIZE(tests));
}
