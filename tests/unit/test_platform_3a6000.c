// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Discovery of the Loongson boards: from the tables their firmware has, from fewer, and from tables
 * that cannot be true. The expected figures are docs/hardware/ls7a2000.md's, not the code's.
 */
#include "board-fixture.h"

static const char *const usual[] = { BOARD_3A6000 };

static void check_region(const struct memory_region *r, hpa_t base, uint64_t size)
{
	CU_ASSERT_EQUAL(r->base, base);
	CU_ASSERT_EQUAL(r->size, size);
}

static void check_window(const struct pci_window *w, enum pci_window_kind kind, hpa_t cpu,
			 uint64_t bus, uint64_t size)
{
	CU_ASSERT_EQUAL(w->kind, kind);
	CU_ASSERT_EQUAL(w->cpu, cpu);
	CU_ASSERT_EQUAL(w->bus, bus);
	CU_ASSERT_EQUAL(w->size, size);
	CU_ASSERT_FALSE(w->prefetchable);
}

static void check_map(const struct pci_id_map *map, uint32_t rid, uint32_t length, unsigned unit,
		      uint32_t out)
{
	CU_ASSERT_EQUAL(map->rid_base, rid);
	CU_ASSERT_EQUAL(map->length, length);
	CU_ASSERT_EQUAL(map->unit, unit);
	CU_ASSERT_EQUAL(map->out_base, out);
}

static void check_uart(const struct uart_info *u, hpa_t base, uint32_t irq, uint32_t clock_hz)
{
	CU_ASSERT_EQUAL(u->kind, UART_16550);
	CU_ASSERT_EQUAL(u->base, base);
	CU_ASSERT_EQUAL(u->reg_shift, 0);
	CU_ASSERT_EQUAL(u->irq, irq);
	CU_ASSERT_EQUAL(u->clock_hz, clock_hz);
}

/* What every 3A6000 has, whoever told. */
static void check_the_3a6000(unsigned cpus)
{
	const struct machine *m = &board.m;
	const struct pci_host *h = &m->hosts[0];

	CU_ASSERT_STRING_EQUAL(m->model, "Loongson 3A6000 with LS7A2000");
	CU_ASSERT_EQUAL(m->cpu_count, cpus);
	for (unsigned i = 0; i < cpus; i++)
		CU_ASSERT_EQUAL(m->cpus[i].hw_id, i);
	CU_ASSERT_EQUAL(m->loongson.vectors, 256);
	CU_ASSERT_EQUAL(m->loongson.eio_pin, 1);
	CU_ASSERT_EQUAL(m->loongson.lio_pin, 0);
	CU_ASSERT_EQUAL(m->loongson.pch_pic_count, 1);
	CU_ASSERT_EQUAL(m->loongson.pch_pics[0].base, 0x10000000);
	CU_ASSERT_EQUAL(m->loongson.pch_pics[0].gsi_base, 64);
	CU_ASSERT_EQUAL(m->loongson.pch_pics[0].node, 0);
	CU_ASSERT_EQUAL(m->msi_unit_count, 1);
	CU_ASSERT_PTR_EQUAL(m->msi_units[0].ops, &pch_msi_ops);
	CU_ASSERT_EQUAL(m->msi_units[0].base, 0x2ff00000);
	CU_ASSERT_EQUAL(m->msi_units[0].first, 64);
	CU_ASSERT_EQUAL(m->msi_units[0].count, 192);
	CU_ASSERT_EQUAL(m->uart_count, 2);
	check_uart(&m->uarts[0], 0x10080000, 72, 50000000);
	check_uart(&m->uarts[1], 0x1fe001e0, 26, 100000000);
	CU_ASSERT_EQUAL(m->reset.address, 0x100d0030);
	CU_ASSERT_EQUAL(m->reset.mask, 1);
	CU_ASSERT_EQUAL(m->reset.value, 1);
	CU_ASSERT_EQUAL(m->power_off.address, 0x100d0014);
	CU_ASSERT_EQUAL(m->power_off.mask, 0x3c00);
	CU_ASSERT_EQUAL(m->power_off.value, 0x3c00);

	CU_ASSERT_EQUAL(m->host_count, 1);
	CU_ASSERT_PTR_EQUAL(h->config, &loongson_config_ops);
	CU_ASSERT_EQUAL(h->segment, 0);
	CU_ASSERT_EQUAL(h->bus_first, 0);
	CU_ASSERT_EQUAL(h->bus_last, 255);
	CU_ASSERT_EQUAL(h->config_base, 0xefe00000000);
	CU_ASSERT_EQUAL(h->config_size, 0x20000000);
	CU_ASSERT_EQUAL(h->window_count, 4);
	check_window(&h->windows[0], PCI_WINDOW_MEM32, 0x40000000, 0x40000000, GIB);
	check_window(&h->windows[1], PCI_WINDOW_MEM32, 0xe0030000000, 0x30000000, 256 * MIB);
	check_window(&h->windows[2], PCI_WINDOW_MEM32, 0xe0020000000, 0x20000000, 0x0ff00000);
	check_window(&h->windows[3], PCI_WINDOW_IO, 0x18408000, 0x8000, 0x8000);
	CU_ASSERT_EQUAL(h->msi_map_count, 1);
	check_map(&h->msi_map[0], 0, 0x10000, 0, 0);
	/* NVMe's port, the network controller's two functions, a slot with nothing. */
	for (unsigned pin = 0; pin < PCI_INTX_LINES; pin++)
		CU_ASSERT_EQUAL(h->intx[0x0d][pin], 64 + 36);
	CU_ASSERT_EQUAL(h->intx[3][0], 64 + 12);
	CU_ASSERT_EQUAL(h->intx[3][1], 64 + 14);
	CU_ASSERT_EQUAL(h->intx[0x1a][0], 0);

	CU_ASSERT_EQUAL(m->iommu_count, 1);
	CU_ASSERT_PTR_EQUAL(m->iommus[0].ops, &loongson_iommu_ops);
	CU_ASSERT_EQUAL(m->iommus[0].base, 0);
	CU_ASSERT_EQUAL(m->iommus[0].sbdf, sbdf_make(0, 0, 0x1a, 0));
	CU_ASSERT_EQUAL(h->iommu_map_count, 1);
	check_map(&h->iommu_map[0], 0, 0x10000, 0, 0);
}

static void fresh(const char *cpu)
{
	board_with(&platform_loongarch_3a6000, usual, ARRAY_SIZE(usual));
	model_ls7a_create(&(struct model_ls7a_config){ .cpu = cpu });
}

/* ---- which board is it ---- */

static void a_board_is_known_by_its_firmware_and_its_cpu(void)
{
	static const struct {
		const char *cpu;
		const struct platform *platform;
	} boards[] = { { "3A6000-L", &platform_loongarch_3a6000 },
		       { "3C6000", &platform_loongarch_3c6000 },
		       { "2K2000", &platform_loongarch_2k2000 },
		       { "3A5000", NULL } };
	static const struct platform *const all[] = { &platform_loongarch_3a6000,
						      &platform_loongarch_3c6000,
						      &platform_loongarch_2k2000 };

	for (unsigned i = 0; i < ARRAY_SIZE(boards); i++) {
		fresh(boards[i].cpu);
		for (unsigned n = 0; n < ARRAY_SIZE(all); n++)
			CU_ASSERT_EQUAL(board_matches(all[n]), all[n] == boards[i].platform);
		CU_ASSERT_PTR_EQUAL(platform_select(&board.boot), boards[i].platform);
	}
}

/* No model of the CPU's registers is there: reading them fails the test. */
static void no_register_of_somebody_elses_machine_is_read(void)
{
	board_reset(&platform_loongarch_3a6000);
	memcpy(board_table(BOARD_TABLES "3a6000-madt.asl") + 10, "BOCHS ", 6);
	memcpy(board_table(BOARD_TABLES "3a6000-mcfg.asl") + 10, "BOCHS ", 6);
	CU_ASSERT_FALSE(board_matches(&platform_loongarch_3a6000));
	board.boot.acpi_rsdp = 0;
	CU_ASSERT_FALSE(platform_loongarch_3a6000.match(&board.boot));
	CU_ASSERT_FALSE(platform_loongarch_2k2000.match(&board.boot));
	CU_ASSERT_FALSE(platform_loongarch_3c6000.match(&board.boot));
}

static void tables_outside_firmwares_memory_are_not_read(void)
{
	fresh(NULL);
	CU_ASSERT_TRUE(board_matches(&platform_loongarch_3a6000));
	board.boot.acpi_rsdp = 0x1fe00000;
	CU_ASSERT_FALSE(platform_loongarch_3a6000.match(&board.boot));
	board.boot.acpi_rsdp = UINT64_MAX - 8;
	CU_ASSERT_FALSE(platform_loongarch_3a6000.match(&board.boot));
}

/* ---- what is in it ---- */

static void the_board_is_found_as_its_tables_describe_it(void)
{
	fresh(NULL);
	board_table(TABLES "iovt-whole.asl");
	CU_ASSERT_EQUAL(board_discover(), 0);
	check_the_3a6000(8);
	CU_ASSERT_EQUAL(board.m.iommus[0].max_streams, 16);
	CU_ASSERT_EQUAL(board.m.hosts[0].widths, BIT32(2));
	CU_ASSERT_EQUAL(board.m.memory_count, 2);
	check_region(&board.m.memory[0], 0x200000, 0x0ee00000);
	check_region(&board.m.memory[1], 0x90000000, 4 * GIB);
	/* What is reserved lies outside of it. */
	CU_ASSERT_EQUAL(board.m.reserved_count, 0);
	CU_ASSERT_STRING_EQUAL(model_log(), "");
}

static void what_firmware_leaves_out_is_the_boards(void)
{
	static const char *const lost[] = { "PCH-PIC taken as on every such board",
					    "MSI doorbell taken as on every such board",
					    "boot CPU, alone, taken as on every such board",
					    "firmware has no MADT",
					    "firmware has no IOVT and no IVRS" };

	/* One of the two must be there, to say whose firmware it is. */
	board_reset(&platform_loongarch_3a6000);
	board_table(BOARD_TABLES "3a6000-mcfg.asl");
	CU_ASSERT_EQUAL(board_discover(), 0);
	check_the_3a6000(1);
	CU_ASSERT_EQUAL(board.m.iommus[0].max_streams, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(lost); i++)
		CU_ASSERT(model_log_contains(lost[i]));

	board_reset(&platform_loongarch_3a6000);
	board_table(BOARD_TABLES "3a6000-madt.asl");
	CU_ASSERT_EQUAL(board_discover(), 0);
	check_the_3a6000(8);
	CU_ASSERT(model_log_contains("config window taken as on every such board"));
}

/* Little-endian, into a table. */
static void put64(uint8_t *at, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* Where SRAT tells of its first piece of memory. */
static uint8_t *first_memory(uint8_t *srat)
{
	unsigned at = 48;

	while (srat[at] != 1)
		at += srat[at + 1];
	return srat + at;
}

static void without_a_memory_map_only_what_is_free_on_every_board_is_used(void)
{
	uint8_t *srat;

	fresh(NULL);
	board.boot.memory_count = board.boot.reserved_count = 0;
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT_EQUAL(board.m.memory_count, 1);
	check_region(&board.m.memory[0], 0x200000, 0x0ee00000);
	CU_ASSERT(model_log_contains("free memory taken as on every such board"));

	/* How much there is in all says nothing of what firmware keeps. */
	fresh(NULL);
	srat = first_memory(board_table(TABLES "srat.asl"));
	put64(srat + 8, 0);
	put64(srat + 16, 0x10000000);
	board.boot.memory_count = board.boot.reserved_count = 0;
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT_EQUAL(board.m.memory_count, 1);
	check_region(&board.m.memory[0], 0x200000, 0x0ee00000);
	CU_ASSERT(model_log_contains("0xee00000 of 0x"));

	fresh(NULL);
	srat = first_memory(board_table(TABLES "srat.asl"));
	put64(srat + 8, 0);
	put64(srat + 16, 0x8000000);
	board.boot.memory_count = board.boot.reserved_count = 0;
	CU_ASSERT_EQUAL(board_discover(), -EINVAL);
	CU_ASSERT(model_log_contains("its SRAT has no memory at 0x200000"));
}

static void the_reset_register_is_firmwares_when_it_names_one(void)
{
	fresh(NULL);
	board_table(TABLES "fadt-reduced.asl");
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT_NOT_EQUAL(board.m.reset.address, 0x100d0030);
	CU_ASSERT_NOT_EQUAL(board.m.reset.address, 0);
	/* Which type of sleep means off stands in AML. */
	CU_ASSERT_EQUAL(board.m.power_off.address, 0x100d0014);
}

static void narrow_config_accesses_are_the_users_choice(void)
{
	static const struct {
		const char *line;
		unsigned widths;
	} lines[] = { { "config-access=narrow", 7 },
		      { "quiet config-access=narrow bringup", 7 },
		      { "config-access=narrowly", 4 },
		      { "xconfig-access=narrow", 4 },
		      { "", 4 },
		      { NULL, 4 } };

	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		fresh(NULL);
		board.boot.command_line = lines[i].line;
		CU_ASSERT_EQUAL(board_discover(), 0);
		CU_ASSERT_EQUAL(board.m.hosts[0].widths, lines[i].widths);
	}
}

static void what_directories_hold_is_the_users_choice(void)
{
	fresh(NULL);
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT_FALSE(board.m.iommus[0].tables_by_cpu_address);
	fresh(NULL);
	board.boot.command_line = "iommu-tables=cpu bringup";
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT_TRUE(board.m.iommus[0].tables_by_cpu_address);
}

static void the_boot_cpu_comes_first(void)
{
	uint8_t *madt;

	board_reset(&platform_loongarch_3a6000);
	madt = board_table(BOARD_TABLES "3a6000-madt.asl");
	madt[44 + 7] = 5; /* the first and the sixth core, exchanged */
	madt[44 + 5 * 15 + 7] = 0;
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT_EQUAL(board.m.cpu_count, 8);
	CU_ASSERT_EQUAL(board.m.cpus[0].hw_id, 0);
	CU_ASSERT_EQUAL(board.m.cpus[5].hw_id, 5);

	board_reset(&platform_loongarch_3a6000);
	madt = board_table(BOARD_TABLES "3a6000-madt.asl");
	madt[44 + 7] = 9;
	CU_ASSERT_EQUAL(board_discover(), -EINVAL);
	CU_ASSERT(model_log_contains("does not list core 0"));
}

static void a_window_of_another_makers_is_ecam(void)
{
	board_reset(&platform_loongarch_3a6000);
	board_table(BOARD_TABLES "3a6000-madt.asl");
	memcpy(board_table(BOARD_TABLES "3a6000-mcfg.asl") + 10, "OTHERS", 6);
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT_PTR_EQUAL(board.m.hosts[0].config, &pci_ecam_ops);
	CU_ASSERT_EQUAL(board.m.hosts[0].config_size, 256 * MIB);
	CU_ASSERT_EQUAL(board.m.hosts[0].widths, 7);
}

/* ---- IOMMUs ---- */

static void an_override_table_goes_before_firmwares(void)
{
	fresh(NULL);
	board_table(TABLES "iovt-whole.asl");
	board_override(TABLES "iovt-whole.asl")[48 + 24] = 0xc8; /* DeviceID 00:19.0 */
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT_EQUAL(board.m.iommu_count, 1);
	CU_ASSERT_EQUAL(board.m.iommus[0].sbdf, sbdf_make(0, 0, 0x19, 0));

	fresh(NULL);
	board_override(TABLES "iovt-whole.asl")[0] = 'X';
	board.boot.overrides.size = 20;
	CU_ASSERT_EQUAL(board_discover(), -EINVAL);
	CU_ASSERT(model_log_contains("loongarch-3a6000: its tables cannot be used"));
}

static void units_and_ranges_are_the_tables(void)
{
	fresh(NULL);
	board_table(TABLES "ivrs.asl");
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT(board.m.iommu_count >= 1);
	CU_ASSERT_EQUAL(board.m.iommus[0].sbdf, sbdf_make(0, 0, 0x1a, 0));
	CU_ASSERT(board.m.hosts[0].iommu_map_count >= 1);
	for (unsigned i = 0; i < board.m.hosts[0].iommu_map_count; i++) {
		const struct pci_id_map *map = &board.m.hosts[0].iommu_map[i];

		CU_ASSERT_EQUAL(map->rid_base, map->out_base);
		CU_ASSERT_FALSE(map->by_root_port); /* what the unit says later */
		CU_ASSERT(map->unit < board.m.iommu_count);
	}
}

static void a_refused_iommu_table_means_no_iommu_and_says_so(void)
{
	fresh(NULL);
	board_table(TABLES "iovt-whole.asl")[48 + 2] = 0x3f; /* the structure is too short */
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT_EQUAL(board.m.iommu_count, 0);
	CU_ASSERT_EQUAL(board.m.hosts[0].iommu_map_count, 0);
	CU_ASSERT(model_log_contains("no device will be assigned"));
	CU_ASSERT(model_log_contains("an override table can replace"));
	CU_ASSERT_FALSE(model_log_contains("taken as on every such board"));
}

/* ---- what cannot be ---- */

static void damaged_tables_are_refused(void)
{
	uint8_t *mcfg;

	board_reset(&platform_loongarch_3a6000);
	board_table(BOARD_TABLES "3a6000-madt.asl")[44 + 1] = 0; /* a structure of no bytes */
	board_table(BOARD_TABLES "3a6000-mcfg.asl");
	CU_ASSERT_EQUAL(board_discover(), -EINVAL);
	CU_ASSERT(model_log_contains("its MADT cannot be used"));

	board_reset(&platform_loongarch_3a6000);
	mcfg = board_table(BOARD_TABLES "3a6000-mcfg.asl");
	mcfg[44 + 10] = 0xff; /* from bus ff to bus 0 */
	mcfg[44 + 11] = 0;
	CU_ASSERT_EQUAL(board_discover(), -EINVAL);
	CU_ASSERT(model_log_contains("its MCFG cannot be used"));
}

static void windows_where_memory_is_are_refused(void)
{
	static struct memory_region over = { .base = 0x70000000, .size = GIB };
	uint8_t *mcfg;

	fresh(NULL);
	board.boot.memory = &over;
	board.boot.memory_count = 1;
	CU_ASSERT_EQUAL(board_discover(), -EINVAL);
	CU_ASSERT(model_log_contains("memory lies where devices are"));

	board_reset(&platform_loongarch_3a6000);
	mcfg = board_table(BOARD_TABLES "3a6000-mcfg.asl");
	put64(mcfg + 44, 0xa0000000);
	CU_ASSERT_EQUAL(board_discover(), -EINVAL);
	CU_ASSERT(model_log_contains("no config window can be at 0xa0000000"));

	board_reset(&platform_loongarch_3a6000);
	mcfg = board_table(BOARD_TABLES "3a6000-mcfg.asl");
	put64(mcfg + 44, 0xefe00100000);
	CU_ASSERT_EQUAL(board_discover(), -EINVAL);
	CU_ASSERT(model_log_contains("no config window can be at 0xefe00100000"));
}

static void memory_that_cannot_be_is_refused(void)
{
	static struct memory_region twice[] = { { 0x200000, 0x1000000 }, { 0x1100000, 0x1000000 } };
	static struct memory_region beyond = { BIT64(48) - 0x1000, 0x2000 };
	static struct memory_region many[MAX_MEMORY_REGIONS + 2];

	fresh(NULL);
	board.boot.memory = twice;
	CU_ASSERT_EQUAL(board_discover(), -EINVAL);
	CU_ASSERT(model_log_contains("memory at 0x1100000 is described twice"));
	fresh(NULL);
	board.boot.memory = &beyond;
	board.boot.memory_count = 1;
	CU_ASSERT_EQUAL(board_discover(), -EINVAL);
	/* Too many pieces: the last are not used. */
	for (unsigned i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct memory_region){ 0x90000000 + i * 0x200000ull, 0x100000 };
	fresh(NULL);
	board.boot.memory = many;
	board.boot.memory_count = ARRAY_SIZE(many);
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT_EQUAL(board.m.memory_count, MAX_MEMORY_REGIONS);
	CU_ASSERT(model_log_contains("is left out: more than 64 regions"));
}

static void what_is_reserved_in_memory_is_not_forgotten(void)
{
	static struct memory_region many[MAX_MEMORY_REGIONS + 2];

	/* Firmware's tables, and pieces of memory, as many as can be held. */
	for (unsigned i = 1; i < ARRAY_SIZE(many); i++)
		many[i] = (struct memory_region){ 0x90000000 + i * 0x200000ull, 0x100000 };
	many[0] = (struct memory_region){ BOARD_FIRMWARE, MIB };
	fresh(NULL);
	board.boot.reserved = many;
	board.boot.reserved_count = MAX_MEMORY_REGIONS + 1;
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT_EQUAL(board.m.reserved_count, MAX_MEMORY_REGIONS);
	check_region(&board.m.reserved[0], 0x90200000, 0x100000);
	fresh(NULL);
	board.boot.reserved = many;
	board.boot.reserved_count = ARRAY_SIZE(many);
	CU_ASSERT_EQUAL(board_discover(), -ENOSPC);
	CU_ASSERT(model_log_contains("more than 64 ranges of memory are reserved"));
	many[1].size = UINT64_MAX;
	fresh(NULL);
	board.boot.reserved = many;
	board.boot.reserved_count = 2;
	CU_ASSERT_EQUAL(board_discover(), -EINVAL);
}

static void a_doorbell_among_the_cpus_registers_is_not_used(void)
{
	static const char cpu_doorbell[] = { 0x40, 0x11, (char)0xe0, 0x1f };
	uint8_t *madt;

	board_reset(&platform_loongarch_3a6000);
	madt = board_table(BOARD_TABLES "3a6000-madt.asl");
	for (unsigned i = 44; i < 250; i += madt[i + 1])
		if (madt[i] == 21)
			memcpy(madt + i + 3, cpu_doorbell, sizeof(cpu_doorbell));
	CU_ASSERT_EQUAL(board_discover(), 0);
	CU_ASSERT_EQUAL(board.m.msi_units[0].base, 0x2ff00000);
	CU_ASSERT(model_log_contains("0x1fe01140 is in the CPU's own registers"));
}

void suite_platform_3a6000(void)
{
	static const struct unit_test tests[] = {
		TEST(a_board_is_known_by_its_firmware_and_its_cpu),
		TEST(no_register_of_somebody_elses_machine_is_read),
		TEST(tables_outside_firmwares_memory_are_not_read),
		TEST(the_board_is_found_as_its_tables_describe_it),
		TEST(what_firmware_leaves_out_is_the_boards),
		TEST(without_a_memory_map_only_what_is_free_on_every_board_is_used),
		TEST(the_reset_register_is_firmwares_when_it_names_one),
		TEST(narrow_config_accesses_are_the_users_choice),
		TEST(what_directories_hold_is_the_users_choice),
		TEST(the_boot_cpu_comes_first),
		TEST(a_window_of_another_makers_is_ecam),
		TEST(an_override_table_goes_before_firmwares),
		TEST(units_and_ranges_are_the_tables),
		TEST(a_refused_iommu_table_means_no_iommu_and_says_so),
		TEST(damaged_tables_are_refused),
		TEST(windows_where_memory_is_are_refused),
		TEST(memory_that_cannot_be_is_refused),
		TEST(what_is_reserved_in_memory_is_not_forgotten),
		TEST(a_doorbell_among_the_cpus_registers_is_not_used),
	};

	unit_suite("platform_3a6000", tests, ARRAY_SIZE(tests));
}
