// SPDX-License-Identifier: GPL-2.0-or-later
/* See board-fixture.h. */
#include "board-fixture.h"

#include <irq/eiointc.h>
#include <irq/pch-msi.h>
#include <irq/pch-pic.h>
#include <linux/pci_regs.h>
#include <stdlib.h>

#define FIRMWARE_SIZE ((uint64_t)0x100000)
#define RSDP_SIZE     36u
#define HEADER_SIZE   36u
#define MAX_TABLES    16u
#define TABLE_STEP    0x1000u

struct board board;

static struct {
	uint8_t *bytes;
	size_t size;
	hpa_t at;
	bool listed; /* in the XSDT */
} tables[MAX_TABLES];
static unsigned table_count;
static struct memory_region memory[2], reserved[2];

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint8_t checksum(const uint8_t *bytes, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return (uint8_t)-sum;
}

void board_reset(const struct platform *p)
{
	model_reset();
	memset(&board, 0, sizeof(board));
	memset(tables, 0, sizeof(tables));
	/* The root pointer, then the XSDT, then the tables. */
	table_count = 2;
	memory[0] = (struct memory_region){ .base = 0x200000, .size = 0x0ee00000 };
	memory[1] = (struct memory_region){ .base = 0x90000000, .size = 4 * GIB };
	reserved[0] = (struct memory_region){ .base = 0, .size = 0x200000 };
	reserved[1] = (struct memory_region){ .base = BOARD_FIRMWARE, .size = FIRMWARE_SIZE };
	model_ram_add(BOARD_FIRMWARE, FIRMWARE_SIZE);
	board.platform = p;
	board.boot = (struct boot_info){
		.memory = memory,
		.memory_count = ARRAY_SIZE(memory),
		.reserved = reserved,
		.reserved_count = ARRAY_SIZE(reserved),
	};
}

static uint8_t *load(const char *path, bool listed)
{
	size_t size;
	uint8_t *bytes = table_load(path, &size), *copy;
	hpa_t at = BOARD_FIRMWARE + TABLE_STEP * (hpa_t)table_count;

	CU_ASSERT_FATAL(table_count < MAX_TABLES && size <= TABLE_STEP);
	copy = model_virt(at);
	memcpy(copy, bytes, size);
	free(bytes);
	tables[table_count].bytes = copy;
	tables[table_count].size = size;
	tables[table_count].at = at;
	tables[table_count++].listed = listed;
	return copy;
}

uint8_t *board_table(const char *path)
{
	return load(path, true);
}

uint8_t *board_override(const char *path)
{
	uint8_t *bytes = load(path, false);

	board.boot.overrides = (struct memory_region){ .base = tables[table_count - 1].at,
						       .size = tables[table_count - 1].size };
	return bytes;
}

static void finish(void)
{
	uint8_t *rsdp = model_virt(BOARD_FIRMWARE), *xsdt = model_virt(BOARD_FIRMWARE + TABLE_STEP);
	size_t size = HEADER_SIZE;

	memset(rsdp, 0, RSDP_SIZE);
	memset(xsdt, 0, TABLE_STEP);
	for (unsigned i = 2; i < table_count; i++) {
		table_fix_checksum(tables[i].bytes, tables[i].size);
		if (!tables[i].listed)
			continue;
		put(xsdt + size, tables[i].at, 8);
		size += 8;
	}
	memcpy(xsdt, "XSDT", 4);
	put(xsdt + 4, size, 4);
	xsdt[8] = 1;
	table_fix_checksum(xsdt, size);
	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[15] = 2;
	put(rsdp + 20, RSDP_SIZE, 4);
	put(rsdp + 24, BOARD_FIRMWARE + TABLE_STEP, 8);
	rsdp[8] = checksum(rsdp, 20);
	rsdp[32] = checksum(rsdp, RSDP_SIZE);
	board.boot.acpi_rsdp = BOARD_FIRMWARE;
}

bool board_matches(const struct platform *p)
{
	finish();
	return p->match(&board.boot);
}

int board_discover(void)
{
	finish();
	memset(&board.m, 0, sizeof(board.m));
	return board.platform->discover(&board.boot, &board.m);
}

void board_with(const struct platform *p, const char *const *paths, unsigned count)
{
	board_reset(p);
	for (unsigned i = 0; i < count; i++)
		board_table(paths[i]);
}

/* ---- running ---- */

static struct manifest_zone wishes[2];

struct zone *board_zone(unsigned zone)
{
	return &machine.zones[zone].zone;
}

struct manifest_zone *board_wish(unsigned zone)
{
	return &wishes[zone];
}

uint8_t *board_ram(unsigned zone)
{
	return model_virt(board_zone(zone)->ram_hpa);
}

static void start_interrupts(void)
{
	struct machine *m = &board.m;

	model_loongson_irq_add(&(struct model_loongson_irq_config){
		.cpus = m->cpu_count, .pch_pic = m->loongson.pch_pics[0].base, .inputs = 64 });
	CU_ASSERT_EQUAL_FATAL(eiointc_init(&m->loongson, m->cpus, m->cpu_count), 0);
	for (unsigned cpu = 0; cpu < m->cpu_count; cpu++) {
		model_set_cpu(cpu);
		CU_ASSERT_EQUAL_FATAL(eiointc_cpu_init(), 0);
	}
	model_set_cpu(0);
	CU_ASSERT_EQUAL_FATAL(pch_pic_init(&m->loongson, m->msi_units[0].first), 0);
	for (unsigned i = 0; i < m->msi_unit_count; i++)
		CU_ASSERT_EQUAL_FATAL(pch_msi_init(&m->msi_units[i]), 0);
}

/* As the hypervisor does: what does not run, or is not there, is not used. */
static void start_iommu(struct iommu_unit *u)
{
	struct iommu_limits limits;

	u->function = pci_find(&machine.table, u->sbdf);
	if (u->function)
		u->function->engine = true;
	if (!u->function || u->ops->init(u)) {
		u->ops = NULL;
		return;
	}
	u->ops->limits(u, &limits);
	for (unsigned i = 0; i < board.m.host_count; i++)
		for (unsigned n = 0; n < board.m.hosts[i].iommu_map_count; n++)
			if (board.m.hosts[i].iommu_map[n].unit == u->index)
				board.m.hosts[i].iommu_map[n].by_root_port = limits.by_root_port;
}

static void start_zones(void)
{
	memset(wishes, 0, sizeof(wishes));
	model_zones();
	for (unsigned i = 0; i < ARRAY_SIZE(wishes); i++) {
		struct zone *z = board_zone(i);

		z->manifest = &wishes[i];
		z->ram_gpa = BOARD_RAM_GPA;
		z->ram_size = BOARD_RAM_SIZE;
		z->ram_hpa = model_phys(model_guest_ram_add(z, z->ram_gpa, z->ram_size));
		CU_ASSERT_NOT_EQUAL(z->ram_hpa, z->ram_gpa);
		memset(machine.zones[i].vcpu_of, 0, sizeof(machine.zones[i].vcpu_of));
	}
}

static void start_devices(void)
{
	struct machine *m = &board.m;

	memset(&machine, 0, sizeof(machine));
	core_init(m, &machine.table);
	for (unsigned i = 0; i < m->host_count; i++)
		CU_ASSERT_EQUAL(pci_scan_host(&m->hosts[i], &machine.table), 0);
	for (unsigned i = 0; i < m->iommu_count; i++)
		start_iommu(&m->iommus[i]);
	pci_route_functions(&machine.table);
	pci_assign_groups(&machine.table);
	devices_quarantine(&machine.table);
	start_zones();
}

void board_start(void)
{
	CU_ASSERT_EQUAL_FATAL(board_discover(), 0);
	start_interrupts();
	start_devices();
}

void board_start_silent(void)
{
	CU_ASSERT_EQUAL_FATAL(board_discover(), 0);
	start_devices();
}

struct model_ls *board_start_3a6000(const char *devices, uint8_t revision)
{
	static const char *const paths[] = { BOARD_3A6000, TABLES "iovt-whole.asl" };
	struct model_pci_function *f;
	struct model_ls *ls = NULL;

	board_with(&platform_loongarch_3a6000, paths, ARRAY_SIZE(paths));
	model_ls7a_create(&(struct model_ls7a_config){ .devices = devices });
	f = model_pci_at(0, 0x1a << 3);
	if (f) {
		ls = model_ls_create(0x7a1f, revision);
		model_ls_plug(ls, f);
		model_ls7a_iommu(ls, 0, 0xffff, revision == 0);
	}
	board_start();
	return ls;
}

int board_give(unsigned zone, struct pci_function *f)
{
	return device_assign(board_zone(zone), f, SBDF_NONE, SBDF_NONE);
}

int board_take_back(unsigned zone, struct pci_function *f)
{
	struct device_quiesce q;
	int err = device_quiesce_start(&q, board_zone(zone), f);

	while (err == -EAGAIN) {
		if (q.wait_until > host_time_ns())
			model_time_advance_ns(q.wait_until - host_time_ns());
		err = device_quiesce_step(&q);
	}
	return err;
}

static void put_config(struct vpci *v, sbdf_t at, unsigned offset, unsigned size, uint64_t value)
{
	vpci_config_write(v, sbdf_bus(at), sbdf_devfn(at), offset, size, value);
}

void board_drive(unsigned zone, const struct pci_function *f, unsigned bar, unsigned table,
		 uint32_t data)
{
	struct vpci *v = machine.zones[zone].v;
	const sbdf_t at = vpci_where(v, f);
	const unsigned reg = PCI_BASE_ADDRESS_0 + 4 * bar;
	uint64_t doorbell = ZONE_DOORBELL, entry = data, base;

	base = vpci_config_read(v, sbdf_bus(at), sbdf_devfn(at), reg, 4);
	if ((base & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64)
		base |= vpci_config_read(v, sbdf_bus(at), sbdf_devfn(at), reg + 4, 4) << 32;
	base = (base & ~(uint64_t)0xf) + table;
	put_config(v, at, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	put_config(v, at, f->caps.msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	CU_ASSERT_EQUAL(vpci_mmio(v, base, 8, true, &doorbell), ACCESS_DONE);
	CU_ASSERT_EQUAL(vpci_mmio(v, base + 8, 8, true, &entry), ACCESS_DONE);
}

void board_take_interrupts(void)
{
	for (unsigned cpu = 0; cpu < board.m.cpu_count; cpu++) {
		model_set_cpu(cpu);
		while (model_cpu_lines(cpu) & BIT32(eiointc_pin()))
			CU_ASSERT_FATAL(eiointc_handle() > 0);
	}
	model_set_cpu(0);
}
