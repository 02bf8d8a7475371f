// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Discovery of QEMU's loongarch64 virt machine, from its device tree and from its ACPI tables: the
 * figures are QEMU's (docs/hardware/qemu-virt-loongarch64.md), both ways lead to the same machine,
 * and what cannot be is refused.
 */
#include "acpi-firmware.h"
#include "platform-qemu-fixture.h"

#define ECAM_BASE 0x20000000u
#define ECAM_SIZE 0x8000000u
#define NOTHING   UINT32_MAX

/* Config space with one virtio-iommu in it, or none. Nobody may write there. */
static uint64_t iommu_at = NOTHING;

static uint64_t config_read(void *ctx, uint64_t offset, unsigned size)
{
	(void)ctx;
	CU_ASSERT_EQUAL(size, 4);
	return offset == iommu_at ? 0x10571af4 : NOTHING;
}

static void config_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	(void)ctx;
	model_fail("discovery writes 0x%llx to config space at 0x%llx, %u bytes",
		   (unsigned long long)value, (unsigned long long)offset, size);
}

static void machine_with_iommu_at(uint64_t offset)
{
	static const struct model_mmio_ops config = { .read = config_read, .write = config_write };

	iommu_at = offset;
	model_reset();
	model_mmio_add(ECAM_BASE, ECAM_SIZE, &config, NULL);
}

#define IOMMU_IN_SLOT(n) ((uint64_t)(n) << 15)

static void check_range(hpa_t base, uint64_t size, hpa_t expected_base, uint64_t expected_size)
{
	CU_ASSERT_EQUAL(base, expected_base);
	CU_ASSERT_EQUAL(size, expected_size);
}

/*
 * All but memory, CPUs and IOMMUs: whichever way it was found. QEMU's tables set fewer vectors
 * aside for messages than its tree does, and more room for the PCH-PIC's registers.
 */
static void check_devices(uint64_t pic_size, uint32_t first_vector)
{
	const struct pci_host *h = &m.hosts[0];

	CU_ASSERT_STRING_EQUAL(m.model, "QEMU virt");
	CU_ASSERT_EQUAL(m.loongson.vectors, 256);
	CU_ASSERT_EQUAL(m.loongson.eio_pin, 1);
	CU_ASSERT_EQUAL(m.loongson.pch_pic_count, 1);
	check_range(m.loongson.pch_pics[0].base, m.loongson.pch_pics[0].size, 0x10000000, pic_size);
	CU_ASSERT_EQUAL(m.loongson.pch_pics[0].gsi_base, 64);
	CU_ASSERT_EQUAL(m.loongson.pch_pics[0].node, 0);
	CU_ASSERT_EQUAL(m.msi_unit_count, 1);
	CU_ASSERT_PTR_EQUAL(m.msi_units[0].ops, &pch_msi_ops);
	check_range(m.msi_units[0].base, m.msi_units[0].size, 0x2ff00000, 8);
	CU_ASSERT_EQUAL(m.msi_units[0].first, first_vector);
	CU_ASSERT_EQUAL(m.msi_units[0].count, 256 - first_vector);

	CU_ASSERT_EQUAL(m.uart_count, 2);
	for (unsigned i = 0; i < m.uart_count; i++) {
		CU_ASSERT_EQUAL(m.uarts[i].kind, UART_16550);
		CU_ASSERT_EQUAL(m.uarts[i].base, 0x1fe001e0 + 0x100 * i);
		CU_ASSERT_TRUE(m.uarts[i].size >= 8);
		CU_ASSERT_EQUAL(m.uarts[i].reg_shift, 0);
		CU_ASSERT_EQUAL(m.uarts[i].irq, 66 + i);
		CU_ASSERT_EQUAL(m.uarts[i].clock_hz, 100000000);
	}
	CU_ASSERT_EQUAL(m.power_off.address, 0x100e001c);
	CU_ASSERT_EQUAL(m.power_off.value, 0x34);
	CU_ASSERT_EQUAL(m.reset.address, 0x100e001e);
	CU_ASSERT_EQUAL(m.reset.value, 0x42);
	CU_ASSERT_TRUE(m.reset.width == 1 && m.power_off.width == 1);
	CU_ASSERT_TRUE(m.reset.mask == 0xff && m.power_off.mask == 0xff);

	CU_ASSERT_EQUAL_FATAL(m.host_count, 1);
	CU_ASSERT_PTR_EQUAL(h->config, &pci_ecam_ops);
	CU_ASSERT_EQUAL(h->segment, 0);
	check_range(h->config_base, h->config_size, ECAM_BASE, ECAM_SIZE);
	CU_ASSERT_TRUE(h->bus_first == 0 && h->bus_last == 127);
	CU_ASSERT_EQUAL(h->widths, 7);
	CU_ASSERT_EQUAL_FATAL(h->window_count, 2);
	CU_ASSERT_EQUAL(h->windows[0].kind, PCI_WINDOW_IO);
	check_range(h->windows[0].cpu, h->windows[0].size, 0x18004000, 0xc000);
	CU_ASSERT_EQUAL(h->windows[0].bus, 0x4000);
	CU_ASSERT_EQUAL(h->windows[1].kind, PCI_WINDOW_MEM32);
	check_range(h->windows[1].cpu, h->windows[1].size, 0x40000000, 0x40000000);
	CU_ASSERT_EQUAL(h->windows[1].bus, 0x40000000);
	CU_ASSERT_EQUAL(h->msi_map_count, 1);
	CU_ASSERT_TRUE(h->msi_map[0].rid_base == 0 && h->msi_map[0].length == 0x10000 &&
		       h->msi_map[0].unit == 0 && h->msi_map[0].out_base == 0);
	CU_ASSERT_EQUAL(h->intx[0][0], 80);
	CU_ASSERT_EQUAL(h->intx[0][3], 83);
	CU_ASSERT_EQUAL(h->intx[1][0], 81);
	CU_ASSERT_EQUAL(h->intx[2][3], 81);
	CU_ASSERT_EQUAL(h->intx[31][1], 80);
}

/* A virtio-iommu that is 00:`slot`.0 sees all but itself. */
static void check_iommu(unsigned slot)
{
	const struct pci_host *h = &m.hosts[0];
	const unsigned own = slot << 3;

	CU_ASSERT_EQUAL_FATAL(m.iommu_count, 1);
	CU_ASSERT_PTR_EQUAL(m.iommus[0].ops, &virtio_iommu_ops);
	CU_ASSERT_EQUAL(m.iommus[0].base, 0);
	CU_ASSERT_EQUAL(m.iommus[0].sbdf, own);
	CU_ASSERT_TRUE(m.iommus[0].dma_coherent);
	CU_ASSERT_FALSE(m.iommus[0].msi_bypass);
	for (unsigned rid = 0; rid < 0x10000; rid++) {
		unsigned seen = 0;

		for (unsigned i = 0; i < h->iommu_map_count; i++) {
			const struct pci_id_map *map = &h->iommu_map[i];

			if (rid - map->rid_base < map->length && map->unit == 0 &&
			    map->out_base + (rid - map->rid_base) == rid)
				seen++;
		}
		if (seen != (rid != own)) {
			CU_FAIL("a requester is seen twice, or not at all");
			return;
		}
	}
}

static void the_device_tree_is_read_as_qemu_wrote_it(void)
{
	machine_with_iommu_at(IOMMU_IN_SLOT(1));
	CU_ASSERT_EQUAL_FATAL(discover_file(MACHINES "loongarch64.dts"), 0);
	CU_ASSERT_STRING_EQUAL(model_log(), "");
	CU_ASSERT_EQUAL(m.memory_count, 2);
	check_range(m.memory[0].base, m.memory[0].size, 0x80000000, 0x30000000);
	check_range(m.memory[1].base, m.memory[1].size, 0, 0x10000000);
	CU_ASSERT_EQUAL(m.reserved_count, 1); /* the tree */
	CU_ASSERT_EQUAL(m.bundle.size, 0);
	CU_ASSERT_EQUAL_FATAL(m.cpu_count, 4);
	CU_ASSERT_EQUAL(m.cpus[0].hw_id, 0);
	for (unsigned i = 1, seen = 1; i < 4; i++) {
		CU_ASSERT_FALSE(seen & BIT32(m.cpus[i].hw_id));
		seen |= BIT32(m.cpus[i].hw_id);
		CU_ASSERT_TRUE(m.cpus[i].hw_id < 4);
	}
	check_devices(0x400, 32);
	check_iommu(1);
}

static void an_iommu_is_found_wherever_it_is_plugged(void)
{
	for (unsigned slot = 0; slot < 32; slot += slot < 30 ? 15 : 1) {
		machine_with_iommu_at(IOMMU_IN_SLOT(slot));
		CU_ASSERT_EQUAL_FATAL(discover_file(MACHINES "loongarch64-one-cpu.dts"), 0);
		check_iommu(slot);
	}
	/* On the root bus, as function 0: elsewhere nobody looks. */
	machine_with_iommu_at(1 << 12);
	CU_ASSERT_EQUAL_FATAL(discover_file(MACHINES "loongarch64-one-cpu.dts"), 0);
	CU_ASSERT_EQUAL(m.iommu_count, 0);
	machine_with_iommu_at(1 << 20);
	CU_ASSERT_EQUAL_FATAL(discover_file(MACHINES "loongarch64-one-cpu.dts"), 0);
	CU_ASSERT_EQUAL(m.iommu_count, 0);
	CU_ASSERT_EQUAL(m.hosts[0].iommu_map_count, 0);
	CU_ASSERT_TRUE(model_log_contains("no virtio-iommu"));
	CU_ASSERT_TRUE(model_log_contains("-device virtio-iommu-pci"));
	CU_ASSERT_EQUAL(m.cpu_count, 1);
	check_range(m.memory[0].base, m.memory[0].size, 0x80000000, 0xf0000000);
	check_devices(0x400, 32);
}

static void an_iommu_the_tree_names_is_taken_on_aarch64(void)
{
	const struct pci_host *h = &m.hosts[0];

	CU_ASSERT_EQUAL_FATAL(discover_file(MACHINES "virtio-iommu.dts"), 0);
	CU_ASSERT_STRING_EQUAL(model_log(), "");
	check_iommu(1);
	CU_ASSERT_EQUAL(h->iommu_map_count, 2);
	CU_ASSERT_EQUAL(m.msi_unit_count, 1);
	CU_ASSERT_PTR_EQUAL(m.msi_units[0].ops, &gic_its_ops);
}

static const struct memory_region loader_memory[] = { { 0x80000000, 0x10000000 },
						      { 0x200000, 0xf00000 } },
				  loader_reserved[] = { { 0, 0x200000 }, { 0xdf00000, 0x100000 } };

static void the_loaders_map_goes_before_the_trees_memory(void)
{
	const struct platform *p;
	struct boot_info boot = {
		.memory = loader_memory,
		.memory_count = 2,
		.reserved = loader_reserved,
		.reserved_count = 2,
		.bundle = { 0x90000000, 0x1000 },
	};
	struct memory_region many[MAX_MEMORY_REGIONS + 1];
	size_t size;
	void *fdt = dts_compile(MACHINES "loongarch64.dts", &size);

	machine_with_iommu_at(IOMMU_IN_SLOT(1));
	boot.fdt = fdt;
	boot.fdt_size = size;
	p = platform_select(&boot);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	memset(&m, 0, sizeof(m));
	CU_ASSERT_EQUAL(p->discover(&boot, &m), 0);
	CU_ASSERT_EQUAL(m.memory_count, 2);
	check_range(m.memory[1].base, m.memory[1].size, 0x200000, 0xf00000);
	CU_ASSERT_EQUAL(m.reserved_count, 2);
	check_range(m.reserved[1].base, m.reserved[1].size, 0xdf00000, 0x100000);
	check_range(m.bundle.base, m.bundle.size, 0x90000000, 0x1000);

	/* What is reserved is not in vain where the memory is the tree's. */
	boot.memory_count = 0;
	memset(&m, 0, sizeof(m));
	CU_ASSERT_EQUAL(p->discover(&boot, &m), 0);
	CU_ASSERT_EQUAL(m.memory_count, 2);
	CU_ASSERT_EQUAL(m.memory[1].size, 0x10000000);
	CU_ASSERT_EQUAL(m.reserved_count, 2);
	for (unsigned i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct memory_region){ 0x80000000 + 0x2000 * i, 0x1000 };
	boot.memory = many;
	boot.memory_count = ARRAY_SIZE(many);
	memset(&m, 0, sizeof(m));
	CU_ASSERT_EQUAL(p->discover(&boot, &m), -ENOSPC);
	CU_ASSERT_TRUE(model_log_contains("65 regions"));
	free(fdt);
}

/* Firmware's tables where EDK2 puts them, with one byte changed (at: past the end, none). */
#define TABLES_AT 0xdf00000u
static const char *const all_tables[] = { QEMU_TABLES "facp.aml", QEMU_TABLES "apic.aml",
					  QEMU_TABLES "pptt.aml", QEMU_TABLES "srat.aml",
					  QEMU_TABLES "spcr.aml", QEMU_TABLES "mcfg.aml" };

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

struct change {
	const char *table;
	unsigned at, bytes;
	uint64_t value;
	int err;
	const char *says;
	bool nobodys; /* not this machine: it is not even taken */
};

static void place_tables(const struct change *c)
{
	uint8_t *page = model_ram_add(TABLES_AT, 0x10000), *xsdt = page + 0x1000;
	hpa_t next = TABLES_AT + 0x2000;
	unsigned entries = 0;
	uint8_t sum = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(all_tables); i++, next += 0x1000) {
		size_t size;
		uint8_t *table = table_load(all_tables[i], &size);

		if (c && !memcmp(table, c->table, 4)) {
			put(table + c->at, c->value, c->bytes);
			table_fix_checksum(table, size);
		}
		/* A table that is taken away is not named. */
		if (!c || memcmp(table, c->table, 4) || c->bytes) {
			memcpy(page + (next - TABLES_AT), table, size);
			put(xsdt + 36 + 8 * entries++, next, 8);
		}
		free(table);
	}
	memcpy(xsdt, "XSDT", 4);
	put(xsdt + 4, 36 + 8 * entries, 4);
	table_fix_checksum(xsdt, 36 + 8 * entries);
	memcpy(page, "RSD PTR ", 8);
	page[15] = 2;
	put(page + 20, 36, 4);
	put(page + 24, TABLES_AT + 0x1000, 8);
	for (unsigned i = 0; i < 20; i++)
		sum = (uint8_t)(sum + page[i]);
	page[8] = (uint8_t)-sum;
	sum = 0;
	for (unsigned i = 0; i < 36; i++)
		sum = (uint8_t)(sum + page[i]);
	page[32] = (uint8_t)-sum;
}

static const struct boot_info by_acpi = {
	.acpi_rsdp = TABLES_AT,
	.memory = loader_memory,
	.memory_count = 2,
	.reserved = loader_reserved,
	.reserved_count = 2,
};

static int discover_acpi(const struct boot_info *boot)
{
	const struct platform *p = platform_select(boot);

	memset(&m, 0, sizeof(m));
	if (!p)
		return -ENXIO;
	CU_ASSERT_STRING_EQUAL(p->name, "qemu-virt");
	return p->discover(boot, &m);
}

static void the_tables_lead_to_the_same_machine(void)
{
	machine_with_iommu_at(IOMMU_IN_SLOT(1));
	place_tables(NULL);
	CU_ASSERT_EQUAL_FATAL(discover_acpi(&by_acpi), 0);
	CU_ASSERT_STRING_EQUAL(model_log(), "");
	CU_ASSERT_EQUAL(m.memory_count, 2);
	check_range(m.memory[0].base, m.memory[0].size, 0x80000000, 0x10000000);
	CU_ASSERT_EQUAL(m.reserved_count, 2);
	CU_ASSERT_EQUAL_FATAL(m.cpu_count, 4);
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(m.cpus[i].hw_id, i);
	check_devices(0x1000, 64);
	check_iommu(1);
}

static void tables_that_cannot_be_this_machines_are_refused(void)
{
	static const struct change changes[] = {
		{ "APIC", 10, 1, 'L', .nobodys = true },
		{ "APIC", 44, 1, 0, -EINVAL, "does not list core 0", false },
		{ "APIC", 45, 1, 14, -EINVAL, "14 bytes, 15 are needed", false },
		{ "APIC", 51, 4, 7, -EINVAL, "does not list core 0", false },
		{ "APIC", 104, 1, 99, -ENODEV, "no EIOINTC, PCH-PIC and PCH-MSI", false },
		{ "APIC", 0, 0, 0, .nobodys = true },
		{ "MCFG", 10, 1, 'L', -EINVAL, "MCFG is not this machine's", false },
		{ "MCFG", 0, 0, 0, -ENODEV, "there is no MCFG", false },
		{ "MCFG", 44, 8, 0x80000000, -EINVAL, "is in memory", false },
		{ "MCFG", 55, 1, 0, 0, "", false },
		{ "SPCR", 0, 0, 0, -ENODEV, "no SPCR", false },
		{ "SPCR", 44, 8, 0x80001000, -EINVAL, "SPCR's console is not", false },
		{ "SPCR", 36, 1, 3, -EINVAL, "SPCR's console is not", false },
		{ "SPCR", 40, 1, 1, -EOPNOTSUPP, "address space 1", false },
		{ "FACP", 117, 1, 7, -EINVAL, "cannot be written at once", false },
		{ "FACP", 0, 0, 0, 0, "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		const struct change *c = &changes[i];
		int err;

		machine_with_iommu_at(NOTHING);
		place_tables(c);
		err = discover_acpi(&by_acpi);
		if (err == (c->nobodys ? -ENXIO : c->err) &&
		    (c->nobodys || model_log_contains(c->says)))
			continue;
		fprintf(stderr, "%s at %u: %d\n%s\n", c->table, c->at, err, model_log());
		CU_FAIL("tables are taken, or refused for another reason");
	}
	/* Where firmware's map knows of no memory nothing is read. */
	{
		struct boot_info blind = by_acpi;

		machine_with_iommu_at(NOTHING);
		place_tables(NULL);
		blind.reserved_count = 1;
		CU_ASSERT_EQUAL(discover_acpi(&blind), -ENXIO);
		CU_ASSERT_TRUE(model_log_contains("it cannot be read"));
		blind = by_acpi;
		blind.memory_count = 0;
		CU_ASSERT_EQUAL(discover_acpi(&blind), -EINVAL);
		CU_ASSERT_TRUE(model_log_contains("found no memory"));
	}
}

/* What is wrong with one property of the tree, and what is said about it. */
#define MAX_CELLS 8
static const struct mistake {
	const char *path, *property;
	int count; /* cells; -1: the property is taken away */
	uint32_t cells[MAX_CELLS];
	int err;
	const char *says;
} mistakes[] = {
	{ "/cpuic", "compatible", -1, { 0 }, -ENODEV, "no CPU to interrupt" },
	{ "/cpuic", "phandle", 1, { 0x9000 }, -EINVAL, "does not interrupt the CPU" },
	{ "/eiointc@1400", "compatible", -1, { 0 }, -ENODEV, "no EIOINTC" },
	{ "/eiointc@1400", "phandle", -1, { 0 }, -EINVAL, "no phandle" },
	{ "/eiointc@1400", "interrupts", 1, { 1 }, -EINVAL, "line 1 is not 2 to 9" },
	{ "/eiointc@1400", "interrupts", 1, { 10 }, -EINVAL, "line 10 is not 2 to 9" },
	{ "/eiointc@1400", "interrupts", 2, { 3, 4 }, -EINVAL, "are not one line" },
	{ "/platic@10000000", "compatible", -1, { 0 }, -ENODEV, "no PCH-PIC" },
	{ "/platic@10000000", "#interrupt-cells", 1, { 1 }, -EINVAL, "#interrupt-cells are not 2" },
	{ "/platic@10000000", "interrupt-parent", 1, { 0x8004 }, -EINVAL, "interrupt the EIOINTC" },
	{ "/platic@10000000", "reg", 4, { 0, 0x10000000, 0, 0x3ff }, -EINVAL, "0x400 are needed" },
	{ "/msi@2ff00000", "loongson,msi-num-vecs", 1, { 0 }, -EINVAL, "vectors are not some" },
	{ "/msi@2ff00000", "loongson,msi-num-vecs", 1, { 225 }, -EINVAL, "vectors are not some" },
	{ "/msi@2ff00000", "loongson,msi-base-vec", -1, { 0 }, -EINVAL, "vectors are not some" },
	{ "/msi@2ff00000", "interrupt-parent", 1, { 0x8006 }, -EINVAL, "interrupt the EIOINTC" },
	{ "/msi@2ff00000", "reg", 4, { 0, 0x2ff00000, 0, 2 }, -EINVAL, "0x4 are needed" },
	{ "/msi@2ff00000", "reg", 4, { 0, 0x80000000, 0, 8 }, -EINVAL, "are in memory" },
	{ "/poweroff", "value", -1, { 0 }, -EINVAL, "/poweroff: it does not say" },
	{ "/poweroff", "regmap", 1, { 0x8006 }, -EINVAL, "phandle 0x8006 is no syscon" },
	{ "/poweroff", "value", 1, { 0x134 }, -EINVAL, "cannot take value 0x134" },
	{ "/poweroff", "offset", 1, { 3 }, -EINVAL, "register at offset 0x3" },
	{ "/poweroff", "mask", 1, { 0x30 }, -EINVAL, "cannot take value 0x34" },
	{ "/reboot", "offset", 1, { 0xffffffff }, -EINVAL, "/reboot: its register" },
	{ "/ged@100e001c", "reg-io-width", 1, { 8 }, -EINVAL, "reg-io-width is not" },
	{ "/ged@100e001c", "reg-io-width", 1, { 4 }, -EINVAL, "0x4 are needed" },
	{ "/ged@100e001c", "reg", 4, { 0, 0x80000000, 0, 3 }, -EINVAL, "are in memory" },
	{ "/serial@1fe001e0", "reg-shift", 1, { 3 }, -EINVAL, "reg-shift is not 0 to 2" },
	{ "/serial@1fe001e0", "reg", 4, { 0, 0x1fe001e0, 0, 7 }, -EINVAL, "0x8 are needed" },
	{ "/serial@1fe001e0", "interrupts", 2, { 64, 4 }, -EINVAL, "input 64 of the PCH-PIC" },
	{ "/serial@1fe001e0", "interrupts", 3, { 2, 4, 0 }, -EINVAL, "groups of 2 cells" },
	{ "/serial@1fe001e0", "interrupt-parent", 1, { 0x8005 }, -EINVAL, "go to the PCH-PIC" },
	{ "/cpus/cpu@1", "reg", 1, { 512 }, -EINVAL, "0x200 is not a core number" },
	{ "/pcie@20000000",
	  "interrupt-map",
	  7,
	  { 0, 0, 0, 1, 0x8006, 16, 1 },
	  -EINVAL,
	  "input 16 of the PCH-PIC is not a high level" },
	{ "/pcie@20000000",
	  "interrupt-map",
	  7,
	  { 0, 0, 0, 1, 0x8005, 16, 4 },
	  -EINVAL,
	  "which is not the PCH-PIC" },
	{ "/pcie@20000000", "reg", 4, { 0, 0x20000004, 0, 0x8000000 }, -EINVAL, "where a bus does" },
	{ "/pcie@20000000", "msi-map", 4, { 0, 0x8006, 0, 16 }, -EINVAL, "is no such unit" },
};

static void change_tree(void *fdt, const struct mistake *k)
{
	fdt32_t be[MAX_CELLS];
	int node = find(fdt, k->path), err;

	for (int c = 0; c < k->count; c++)
		be[c] = cpu_to_fdt32(k->cells[c]);
	err = k->count < 0 ? fdt_delprop(fdt, node, k->property)
			   : fdt_setprop(fdt, node, k->property, be, k->count * (int)sizeof(be[0]));
	CU_ASSERT_EQUAL_FATAL(err, 0);
}

static void trees_with_a_mistake_are_refused_and_it_is_named(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		const struct mistake *k = &mistakes[i];
		size_t size;
		void *fdt = dts_compile_open(MACHINES "loongarch64.dts", &size);
		int err;

		machine_with_iommu_at(NOTHING);
		change_tree(fdt, k);
		err = discover(fdt, size);
		if (err != k->err || !model_log_contains(k->says)) {
			fprintf(stderr, "%s %s: %d\n%s\n", k->path, k->property, err, model_log());
			CU_FAIL("a mistake is taken, or refused for another reason");
		}
		free(fdt);
	}
}

static void a_virtio_iommu_askew_in_the_tree_is_refused(void)
{
	static const char node[] = "/pcie@10000000/virtio_iommu@1,0";
	static const struct mistake wrong[] = {
		{ node, "reg", 5, { 0x800 | 4 }, -EINVAL, "0x804 is not a function's" },
		{ node, "reg", 5, { 0x1000800 }, -EINVAL, "0x1000800 is not a function's" },
		{ node, "reg", 4, { 0x800 }, -EINVAL, "its reg is not an address" },
		{ node, "phandle", 1, { 0x9000 }, -EINVAL, "is no such unit" },
		{ "/pcie@10000000", "compatible", -1, { 0 }, -EINVAL, "not below a host bridge" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		size_t size;
		void *fdt = dts_compile_open(MACHINES "virtio-iommu.dts", &size);
		int err;

		model_reset();
		change_tree(fdt, &wrong[i]);
		err = discover(fdt, size);
		if (err != wrong[i].err || !model_log_contains(wrong[i].says)) {
			fprintf(stderr, "%s: %d\n%s\n", wrong[i].says, err, model_log());
			CU_FAIL("a wrong IOMMU is taken, or refused for another reason");
		}
		free(fdt);
	}
}

void suite_platform_qemu_la(void)
{
	static const struct unit_test tests[] = {
		TEST(the_device_tree_is_read_as_qemu_wrote_it),
		TEST(an_iommu_is_found_wherever_it_is_plugged),
		TEST(an_iommu_the_tree_names_is_taken_on_aarch64),
		TEST(the_loaders_map_goes_before_the_trees_memory),
		TEST(the_tables_lead_to_the_same_machine),
		TEST(tables_that_cannot_be_this_machines_are_refused),
		TEST(trees_with_a_mistake_are_refused_and_it_is_named),
		TEST(a_virtio_iommu_askew_in_the_tree_is_refused),
	};

	unit_suite("platform_qemu_la", tests, ARRAY_SIZE(tests));
}
