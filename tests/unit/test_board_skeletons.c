// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The skeleton backends on models of their machines: a 2K2000, which has no IOMMU, and two 3C6000,
 * which have no HyperTransport, a segment each, and two IOMMUs, one of them behind a bridge. Facts:
 * docs/hardware/ls7a2000.md.
 */
#include "board-fixture.h"

#include <libfdt.h>
#include <linux/pci_regs.h>

#define BYTES 16u

static const char text[BYTES + 1] = "written by a dev";

static enum model_ls7a_dma dma(const struct pci_function *f, uint64_t iova)
{
	return model_ls7a_write(sbdf_bus(f->sbdf), sbdf_devfn(f->sbdf), iova, text, BYTES);
}

static void drive(unsigned zone, const struct pci_function *f)
{
	const sbdf_t at = vpci_where(machine.zones[zone].v, f);

	vpci_config_write(machine.zones[zone].v, sbdf_bus(at), sbdf_devfn(at), PCI_COMMAND, 2,
			  PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* ---- 2K2000 ---- */

static const char devices_2k2000[] =
	"03.0 pci id=0014:7a13 class=020000 multi bar0=m64:32K\n"
	"03.1 pci id=0014:7a13 class=020000 multi bar0=m64:32K\n"
	"04.0 pci id=0014:7a34 class=0c0330 bar0=m64:32K\n"
	"06.0 pci id=0014:7a25 class=030200 multi bar0=m32:64K\n"
	"06.1 pci id=0014:7a36 class=030000 multi bar0=m32:64K\n"
	"09.0 rootport id=0014:7a49 class=060400 multi pm sec=1 sub=1\n"
	"  00.0 nvme\n"
	"0f.0 rootport id=0014:7a69 class=060400 multi pm sec=2 sub=2\n"
	"  00.0 igb\n"
	"17.0 pci id=0014:7a02 class=088000 bar0=m32:4K fw0=0x10002000\n";

static void start_2k2000(void)
{
	static const char *const paths[] = { BOARD_TABLES "2k2000-madt.asl",
					     BOARD_TABLES "2k2000-mcfg.asl" };

	board_with(&platform_loongarch_2k2000, paths, ARRAY_SIZE(paths));
	model_ls7a_create(&(struct model_ls7a_config){ .config_base = 0xfe00000000,
						       .devices = devices_2k2000,
						       .cpu = "2K2000",
						       .no_ht = true });
	CU_ASSERT_TRUE(board_matches(&platform_loongarch_2k2000));
	board_start();
}

static void a_2k2000_is_one_die_without_prefix_or_iommu(void)
{
	const struct machine *m = &board.m;
	const struct pci_host *h = &m->hosts[0];

	start_2k2000();
	CU_ASSERT_EQUAL(m->cpu_count, 2);
	CU_ASSERT_EQUAL(m->iommu_count, 0);
	CU_ASSERT_EQUAL(m->host_count, 1);
	CU_ASSERT_EQUAL(h->config_base, 0xfe00000000);
	CU_ASSERT_PTR_EQUAL(h->config, &loongson_config_ops);
	CU_ASSERT_EQUAL(h->windows[0].cpu, h->windows[0].bus);
	CU_ASSERT_EQUAL(h->iommu_map_count, 0);
	/* Its doorbell is in the CPU, and no device is given to anybody who could misuse it. */
	CU_ASSERT_EQUAL(m->msi_units[0].base, 0x1fe01140);
	CU_ASSERT_EQUAL(h->intx[3][1], 64 + 14);
	CU_ASSERT_EQUAL(h->intx[0x10][0], 64 + 30);
	CU_ASSERT_EQUAL(m->uart_count, 1);
	CU_ASSERT_EQUAL(machine.table.count, model_pci_count());
	CU_ASSERT_TRUE(model_function(0, 0x17, 0)->engine);
	CU_ASSERT_EQUAL(model_function(1, 0, 0)->bars[0].cpu >> 28, 6);
}

static void on_a_2k2000_every_assignment_is_refused(void)
{
	start_2k2000();
	for (unsigned i = 0; i < machine.table.count; i++) {
		struct pci_function *f = &machine.table.functions[i];

		if (f->engine || pci_is_bridge(f))
			continue;
		CU_ASSERT_EQUAL(board_give(i % 2, f), -ENXIO);
		CU_ASSERT_EQUAL(f->state, DEVICE_QUARANTINED);
		CU_ASSERT_EQUAL(dma(f, BOARD_RAM_GPA), MODEL_LS7A_SILENT);
		CU_ASSERT_EQUAL(dma(f, board_zone(0)->ram_hpa), MODEL_LS7A_SILENT);
	}
	CU_ASSERT(model_log_contains("no IOMMU translates its DMA"));
}

/* The zone's manifest says so: bus addresses are the host's, and nothing is kept apart. */
static void on_a_2k2000_who_trusts_a_device_may_have_it(void)
{
	struct pci_function *nvme;
	struct zone *z;

	start_2k2000();
	nvme = model_function(1, 0, 0);
	z = board_zone(1);
	z->cpus[0] = 1; /* of two */
	z->cpu_count = 1;
	board_wish(1)->trust_dma = true;
	CU_ASSERT_EQUAL(board_give(0, nvme), -ENXIO);
	CU_ASSERT_EQUAL_FATAL(board_give(1, nvme), 0);
	CU_ASSERT(model_log_contains("trust-dma"));
	board_drive(1, nvme, 0, 0x2000, 7);
	CU_ASSERT_NOT_EQUAL(z->ram_hpa, z->ram_gpa);
	CU_ASSERT_EQUAL(dma(nvme, z->ram_hpa + 0x1000), MODEL_LS7A_MEMORY);
	CU_ASSERT_EQUAL(memcmp(board_ram(1) + 0x1000, text, BYTES), 0);
	CU_ASSERT_EQUAL(model_ls7a_send(1, 0, 0), MODEL_LS7A_MESSAGE);
	board_take_interrupts();
	CU_ASSERT_EQUAL(machine.zones[1].delivered, 1);
	CU_ASSERT_EQUAL(board_take_back(1, nvme), 0);
	CU_ASSERT_EQUAL(dma(nvme, z->ram_hpa), MODEL_LS7A_SILENT);
}

/* A tree with a root of this compatible, in a block of its own size. */
static void boot_with_tree(const char *compatible, uint8_t *fdt, int size)
{
	CU_ASSERT_EQUAL_FATAL(fdt_create_empty_tree(fdt, size), 0);
	CU_ASSERT_EQUAL_FATAL(
		fdt_setprop(fdt, 0, "compatible", compatible, (int)strlen(compatible) + 1), 0);
	board.boot.fdt = fdt;
	board.boot.fdt_size = (uint64_t)size;
}

static void a_2k2000_is_known_by_its_device_tree(void)
{
	static uint8_t fdt[512];
	struct memory_region memory = { .base = (uintptr_t)fdt, .size = 0x10000 };

	board_reset(&platform_loongarch_2k2000);
	board.boot.memory = &memory;
	board.boot.memory_count = 1;
	board.boot.reserved_count = 0;
	boot_with_tree("loongson,ls2k2000", fdt, sizeof(fdt));
	CU_ASSERT_TRUE(platform_loongarch_2k2000.match(&board.boot));
	CU_ASSERT_FALSE(platform_loongarch_3a6000.match(&board.boot));
	CU_ASSERT_EQUAL(platform_loongarch_2k2000.discover(&board.boot, &board.m), 0);
	CU_ASSERT_EQUAL(board.m.cpu_count, 1);
	CU_ASSERT_EQUAL(board.m.hosts[0].config_base, 0xfe00000000);
	CU_ASSERT_EQUAL(board.m.reserved_count, 1);
	CU_ASSERT_EQUAL(board.m.reserved[0].base, (uintptr_t)fdt);
	boot_with_tree("loongson,ls2k1000", fdt, sizeof(fdt));
	CU_ASSERT_FALSE(platform_loongarch_2k2000.match(&board.boot));
}

/* ---- 3C6000 ---- */

#define EP "ep id=8086:10d3 class=020000 bar0=m32:16K pm flr\n"

/* The bridge's uplink is 00:00.0; ports of the CPU are 3c09, with 3c19 and 3c29 below. */
static const char devices_3c6000[] = "00.0 pci id=0014:7a59 class=060000 msi=1\n"
				     "03.0 pci id=0014:7a13 class=020000 bar0=m64:32K\n"
				     "09.0 rootport id=0014:7a49 class=060400 multi pm\n"
				     "  00.0 " EP "1c.0 up id=0014:3c09\n"
				     "  00.0 down id=0014:3c19\n"
				     "    00.0 " EP "  01.0 down id=0014:3c29\n"
				     "    00.0 " EP "1d.0 " MODEL_LS_3C0F "\n"
				     "1e.0 up id=0014:3c09 sec=12 sub=15\n"
				     "  00.0 down id=0014:3c19\n"
				     "    00.0 " EP "  04.0 " MODEL_LS_3C0F "\n";

static struct model_ls *units[2];

/* Numbers buses as this machine's firmware does: the second port's begin at 0c. */
static void firmware_3c6000(void)
{
	static const struct {
		unsigned index;
		uint8_t primary, secondary, subordinate;
	} bridges[] = { { 2, 0, 1, 1 }, { 4, 0, 2, 4 },    { 5, 2, 3, 3 },
			{ 7, 2, 4, 4 }, { 10, 0, 12, 13 }, { 11, 12, 13, 13 } };

	for (unsigned i = 0; i < ARRAY_SIZE(bridges); i++) {
		uint8_t *config = model_pci(bridges[i].index)->config;

		config[0x18] = bridges[i].primary;
		config[0x19] = bridges[i].secondary;
		config[0x1a] = bridges[i].subordinate;
	}
}

static void start_3c6000(bool iovt)
{
	static const char *const paths[] = { BOARD_TABLES "3c6000-madt.asl",
					     BOARD_TABLES "3c6000-mcfg.asl",
					     BOARD_TABLES "3c6000-iovt.asl" };

	board_with(&platform_loongarch_3c6000, paths, iovt ? 3 : 2);
	model_ls7a_create(&(struct model_ls7a_config){
		.devices = devices_3c6000, .cpu = "3C6000", .empty_window = 0x1efe00000000 });
	firmware_3c6000();
	units[0] = model_ls_create(0x3c0f, 0);
	model_ls_plug(units[0], model_pci(9));
	model_ls7a_iommu(units[0], 0, 0x0bff, false);
	units[1] = model_ls_create(0x3c0f, 0);
	model_ls_plug(units[1], model_pci(13));
	model_ls7a_iommu(units[1], 0x0c00, 0xffff, false);
	CU_ASSERT_TRUE(board_matches(&platform_loongarch_3c6000));
	board_start_silent();
}

static void a_3c6000_has_a_segment_a_node_and_prefixes_by_mcfg(void)
{
	const struct machine *m = &board.m;

	start_3c6000(true);
	CU_ASSERT_EQUAL(m->cpu_count, MAX_CPUS);
	CU_ASSERT(model_log_contains("2 CPUs stay off"));
	CU_ASSERT_EQUAL(m->host_count, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct pci_host *h = &m->hosts[i];
		const uint64_t node = (uint64_t)i << 44;

		CU_ASSERT_EQUAL(h->segment, i);
		CU_ASSERT_EQUAL(h->config_base, node | 0xefe00000000);
		CU_ASSERT_EQUAL(h->windows[0].cpu, node | 0xe0040000000);
		CU_ASSERT_EQUAL(h->windows[0].bus, 0x40000000);
		CU_ASSERT_EQUAL(h->msi_map[0].unit, i);
	}
	CU_ASSERT_EQUAL(m->loongson.pch_pic_count, 2);
	CU_ASSERT_EQUAL(m->loongson.pch_pics[1].node, 1);
	CU_ASSERT_EQUAL(m->loongson.pch_pics[1].gsi_base, 128);
	/* The IOVT speaks of segment 0 alone. */
	CU_ASSERT_EQUAL(m->iommu_count, 2);
	CU_ASSERT_EQUAL(m->hosts[0].iommu_map_count, 2);
	CU_ASSERT_EQUAL(m->hosts[1].iommu_map_count, 0);
	CU_ASSERT_EQUAL(machine.table.count, model_pci_count());
}

static void the_uplink_is_the_machines_and_forwards_messages(void)
{
	const struct model_pci_function *uplink;

	start_3c6000(true);
	uplink = model_pci_at(0, 0);
	CU_ASSERT_TRUE(model_function(0, 0, 0)->engine);
	CU_ASSERT_EQUAL(model_pci_get(uplink, uplink->msi + 2u, 2) & 1, 1);
	/* Nothing else of it was touched. */
	CU_ASSERT_EQUAL(uplink->config_writes, 1);
	CU_ASSERT_EQUAL(model_pci_get(uplink, PCI_COMMAND, 2), 7);
}

static void each_device_goes_through_the_unit_that_sees_it(void)
{
	struct pci_function *near, *far;

	start_3c6000(true);
	near = model_function(3, 0, 0);
	far = model_function(13, 0, 0);
	CU_ASSERT_EQUAL(near->iommu.unit, 0);
	CU_ASSERT_EQUAL(far->iommu.unit, 1);
	CU_ASSERT_PTR_EQUAL(board.m.iommus[1].function, model_function(12, 4, 0));
	CU_ASSERT_EQUAL(board_give(0, near), 0);
	CU_ASSERT_EQUAL(board_give(1, far), 0);
	drive(0, near);
	drive(1, far);
	CU_ASSERT_EQUAL(model_ls_slots_valid(units[0]), 1);
	CU_ASSERT_EQUAL(model_ls_slots_valid(units[1]), 1);
	CU_ASSERT_EQUAL(dma(near, BOARD_RAM_GPA), MODEL_LS7A_MEMORY);
	CU_ASSERT_EQUAL(dma(far, BOARD_RAM_GPA + 0x1000), MODEL_LS7A_MEMORY);
	CU_ASSERT_EQUAL(memcmp(board_ram(0), text, BYTES), 0);
	CU_ASSERT_EQUAL(memcmp(board_ram(1) + 0x1000, text, BYTES), 0);
	CU_ASSERT_EQUAL(board_ram(0)[0x1000], 0);
	CU_ASSERT_EQUAL(board_ram(1)[0], 0);
	CU_ASSERT_EQUAL(dma(far, board_zone(0)->ram_hpa), MODEL_LS7A_ABORTED);
	/* Ports of the CPU isolate what is below them. */
	CU_ASSERT_NOT_EQUAL(model_function(3, 0, 0)->group, model_function(4, 0, 0)->group);
	CU_ASSERT_EQUAL(model_ls_passed(units[0]) + model_ls_passed(units[1]), 0);
	CU_ASSERT_NOT_EQUAL(board_give(0, model_function(12, 4, 0)), 0);
}

static void without_iovt_nobody_knows_who_sees_whom(void)
{
	start_3c6000(false);
	CU_ASSERT_EQUAL(board.m.iommu_count, 0);
	CU_ASSERT(model_log_contains("firmware has neither IOVT nor IVRS"));
	CU_ASSERT_EQUAL(board_give(0, model_function(3, 0, 0)), -ENXIO);
	CU_ASSERT_EQUAL(dma(model_function(3, 0, 0), BOARD_RAM_GPA), MODEL_LS7A_SILENT);
}

static void without_mcfg_a_3c6000_is_refused(void)
{
	static const char *const paths[] = { BOARD_TABLES "3c6000-madt.asl" };

	board_with(&platform_loongarch_3c6000, paths, 1);
	CU_ASSERT_EQUAL(board_discover(), -ENODEV);
	CU_ASSERT(model_log_contains("firmware has no MCFG"));
}

/* Functions of a segment that is not looked at could do DMA unseen. */
static void v1_a_segment_too_many_is_refused_not_left_out(void)
{
	static const char *const paths[] = { BOARD_TABLES "3c6000-madt.asl",
					     BOARD_TABLES "five-segments-mcfg.asl" };

	board_with(&platform_loongarch_3c6000, paths, 2);
	CU_ASSERT_EQUAL(board_discover(), -ENOSPC);
	CU_ASSERT(model_log_contains("PCI segment 4: more than 4 host bridges"));
	CU_ASSERT(model_log_contains("override table can replace the MCFG"));
}

void suite_board_skeletons(void)
{
	static const struct unit_test tests[] = {
		TEST(a_2k2000_is_one_die_without_prefix_or_iommu),
		TEST(on_a_2k2000_every_assignment_is_refused),
		TEST(on_a_2k2000_who_trusts_a_device_may_have_it),
		TEST(a_2k2000_is_known_by_its_device_tree),
		TEST(a_3c6000_has_a_segment_a_node_and_prefixes_by_mcfg),
		TEST(the_uplink_is_the_machines_and_forwards_messages),
		TEST(each_device_goes_through_the_unit_that_sees_it),
		TEST(without_iovt_nobody_knows_who_sees_whom),
		TEST(without_mcfg_a_3c6000_is_refused),
		TEST(v1_a_segment_too_many_is_refused_not_left_out),
	};

	unit_suite("board_skeletons", tests, ARRAY_SIZE(tests));
}
