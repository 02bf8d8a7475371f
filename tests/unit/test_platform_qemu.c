// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Discovery of QEMU's virt machine: from trees QEMU wrote (tests/fixtures/machine), from one with two of each, and from
 * trees with one thing changed. The expected figures are QEMU's (docs/hardware/qemu-virt.md), not the code's.
 */
#include "platform-qemu-fixture.h"

static void check_region(const struct memory_region *r, hpa_t base, uint64_t size)
{
	CU_ASSERT_EQUAL(r->base, base);
	CU_ASSERT_EQUAL(r->size, size);
}

static void check_window(const struct pci_window *w, enum pci_window_kind kind, hpa_t cpu,
			 uint64_t bus, uint64_t size, bool prefetchable)
{
	CU_ASSERT_EQUAL(w->kind, kind);
	CU_ASSERT_EQUAL(w->cpu, cpu);
	CU_ASSERT_EQUAL(w->bus, bus);
	CU_ASSERT_EQUAL(w->size, size);
	CU_ASSERT_EQUAL(w->prefetchable, prefetchable);
}

static void check_map(const struct pci_id_map *map, uint32_t rid, unsigned unit, uint32_t out,
		      uint32_t length)
{
	CU_ASSERT_EQUAL(map->rid_base, rid);
	CU_ASSERT_EQUAL(map->unit, unit);
	CU_ASSERT_EQUAL(map->out_base, out);
	CU_ASSERT_EQUAL(map->length, length);
}

static void check_uart(const struct uart_info *u, hpa_t base, uint32_t irq, uint32_t clock_hz)
{
	CU_ASSERT_EQUAL(u->base, base);
	CU_ASSERT_EQUAL(u->size, 0x1000);
	CU_ASSERT_EQUAL(u->irq, irq);
	CU_ASSERT_EQUAL(u->clock_hz, clock_hz);
}

/* ---- whole machines --------------------------------------------------------------------------------------------------- */

static void check_demo_machine(const char *path)
{
	const struct pci_host *h = &m.hosts[0];

	CU_ASSERT_EQUAL_FATAL(discover_file(path), 0);
	CU_ASSERT_STRING_EQUAL(m.model, "linux,dummy-virt");
	CU_ASSERT_EQUAL(m.memory_count, 1);
	check_region(&m.memory[0], 0x40000000, 2 * GIB);
	/* The tree itself; QEMU reserves nothing. */
	CU_ASSERT_EQUAL(m.reserved_count, 1);
	CU_ASSERT_EQUAL(m.reserved[0].base, fdt_at);
	check_region(&m.bundle, 0x48000000, 5000001);
	CU_ASSERT_EQUAL(m.cpu_count, 3);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(m.cpus[i].hw_id, i);
	CU_ASSERT_TRUE(m.firmware_call_smc);

	CU_ASSERT_EQUAL(m.intc.dist_base, 0x8000000);
	CU_ASSERT_EQUAL(m.intc.dist_size, 0x10000);
	CU_ASSERT_EQUAL(m.intc.redist_base, 0x80a0000);
	CU_ASSERT_EQUAL(m.intc.redist_size, 0xf60000);
	CU_ASSERT_EQUAL(m.intc.redist_stride, 0);
	CU_ASSERT_EQUAL(m.intc.maintenance_irq, 25);
	CU_ASSERT_EQUAL(m.intc.timer_phys_irq, 30);
	CU_ASSERT_EQUAL(m.intc.timer_virt_irq, 27);
	CU_ASSERT_EQUAL(m.intc.timer_hyp_irq, 26);
	CU_ASSERT_EQUAL(m.msi_unit_count, 1);
	CU_ASSERT_EQUAL(m.msi_units[0].base, 0x8080000);
	CU_ASSERT_EQUAL(m.msi_units[0].size, 0x20000);
	CU_ASSERT_PTR_EQUAL(m.msi_units[0].ops, &gic_its_ops);

	/* The first -serial is root's, the second the hypervisor's. */
	CU_ASSERT_EQUAL(m.uart_count, 2);
	check_uart(&m.uarts[0], 0x9000000, 33, 24000000);
	check_uart(&m.uarts[1], 0x9040000, 40, 24000000);

	CU_ASSERT_EQUAL(m.iommu_count, 1);
	CU_ASSERT_PTR_EQUAL(m.iommus[0].ops, &arm_smmu_v3_ops);
	CU_ASSERT_EQUAL(m.iommus[0].base, 0x9050000);
	CU_ASSERT_EQUAL(m.iommus[0].size, 0x20000);
	CU_ASSERT_EQUAL(m.iommus[0].irqs.event, 106);
	CU_ASSERT_EQUAL(m.iommus[0].irqs.page_request, 107);
	CU_ASSERT_EQUAL(m.iommus[0].irqs.command, 108);
	CU_ASSERT_EQUAL(m.iommus[0].irqs.error, 109);
	CU_ASSERT_TRUE(m.iommus[0].dma_coherent);

	CU_ASSERT_EQUAL(m.host_count, 1);
	CU_ASSERT_PTR_EQUAL(h->config, &pci_ecam_ops);
	CU_ASSERT_EQUAL(h->segment, 0);
	CU_ASSERT_EQUAL(h->config_base, 0x4010000000);
	CU_ASSERT_EQUAL(h->config_size, 0x10000000);
	CU_ASSERT_EQUAL(h->bus_first, 0);
	CU_ASSERT_EQUAL(h->bus_last, 255);
	CU_ASSERT_EQUAL(h->widths, 7);
	CU_ASSERT_EQUAL(h->window_count, 3);
	check_window(&h->windows[0], PCI_WINDOW_IO, 0x3eff0000, 0, 0x10000, false);
	check_window(&h->windows[1], PCI_WINDOW_MEM32, 0x10000000, 0x10000000, 0x2eff0000, false);
	check_window(&h->windows[2], PCI_WINDOW_MEM64, 0x8000000000, 0x8000000000, 0x8000000000,
		     false);
	CU_ASSERT_EQUAL(h->iommu_map_count, 1);
	check_map(&h->iommu_map[0], 0, 0, 0, 0x10000);
	CU_ASSERT_EQUAL(h->msi_map_count, 1);
	check_map(&h->msi_map[0], 0, 0, 0, 0x10000);
	/* SPIs 3 to 6, rotated by device. */
	for (unsigned d = 0; d < PCI_SLOTS; d++)
		for (unsigned pin = 0; pin < PCI_INTX_LINES; pin++)
			CU_ASSERT_EQUAL(h->intx[d][pin], 35 + (d + pin) % 4);
	CU_ASSERT_STRING_EQUAL(model_log(), "");
}

static void the_demo_machine_is_found_as_qemu_describes_it(void)
{
	check_demo_machine(MACHINES "cortex-a57.dts");
}

static void another_cpu_model_changes_nothing(void)
{
	check_demo_machine(MACHINES "max.dts");
}

static void a_machine_without_iommu_is_taken_with_a_warning(void)
{
	CU_ASSERT_EQUAL(discover_file(MACHINES "one-cpu-no-iommu.dts"), 0);
	check_region(&m.memory[0], 0x40000000, 6 * GIB);
	CU_ASSERT_EQUAL(m.cpu_count, 1);
	CU_ASSERT_EQUAL(m.uart_count, 1);
	CU_ASSERT_EQUAL(m.iommu_count, 0);
	CU_ASSERT_EQUAL(m.msi_unit_count, 0);
	CU_ASSERT_EQUAL(m.bundle.size, 0);
	CU_ASSERT_EQUAL(m.hosts[0].config_base, 0x3f000000);
	CU_ASSERT_EQUAL(m.hosts[0].bus_last, 15);
	CU_ASSERT_EQUAL(m.hosts[0].iommu_map_count, 0);
	CU_ASSERT_TRUE(model_log_contains("no SMMUv3"));
	CU_ASSERT_TRUE(model_log_contains("-M virt,iommu=smmuv3"));
	CU_ASSERT_TRUE(model_log_contains("two -serial"));
}

static void a_machine_that_cannot_do_is_refused_with_the_way_out(void)
{
	CU_ASSERT_EQUAL(discover_file(MACHINES "gicv2.dts"), -ENODEV);
	CU_ASSERT_TRUE(model_log_contains("gic-version=3"));
	model_reset();
	CU_ASSERT_EQUAL(discover_file(MACHINES "no-el2.dts"), -ENODEV);
	CU_ASSERT_TRUE(model_log_contains("virtualization=on"));
}

static void several_units_and_odd_orders_are_kept_apart(void)
{
	const struct pci_host *h = m.hosts;

	CU_ASSERT_EQUAL_FATAL(discover_file(MACHINES "two-of-each.dts"), 0);
	CU_ASSERT_STRING_EQUAL(m.model, "two of each");
	CU_ASSERT_EQUAL(m.memory_count, 3);
	check_region(&m.memory[0], 0x80000000, GIB);
	check_region(&m.memory[1], 0x100000000, 2 * GIB);
	check_region(&m.memory[2], 0x40000000, GIB / 2);
	CU_ASSERT_EQUAL(m.reserved_count, 3);
	check_region(&m.reserved[0], 0x80000000, 0x10000);
	check_region(&m.reserved[1], 0x81000000, 0x200000);
	CU_ASSERT_EQUAL(m.reserved[2].base, fdt_at);
	CU_ASSERT_EQUAL(m.bundle.size, 0);
	CU_ASSERT_FALSE(m.firmware_call_smc);

	/* The boot CPU first, a broken one left out, affinity level 3 in place. */
	CU_ASSERT_EQUAL(m.cpu_count, 3);
	CU_ASSERT_EQUAL(m.cpus[0].hw_id, 0);
	CU_ASSERT_EQUAL(m.cpus[1].hw_id, 0x100);
	CU_ASSERT_EQUAL(m.cpus[2].hw_id, 0x100000000);
	CU_ASSERT_EQUAL(m.intc.redist_stride, 0x40000);

	/* No aliases: standard output first, then by address; the disabled one never. */
	CU_ASSERT_EQUAL(m.uart_count, 2);
	check_uart(&m.uarts[0], 0x9040000, 40, 48000000);
	check_uart(&m.uarts[1], 0x9000000, 33, 0);

	CU_ASSERT_EQUAL(m.msi_unit_count, 2);
	CU_ASSERT_EQUAL(m.msi_units[0].base, 0x8080000);
	CU_ASSERT_EQUAL(m.msi_units[1].base, 0x9080000);
	CU_ASSERT_EQUAL(m.msi_units[1].index, 1);
	CU_ASSERT_EQUAL(m.iommu_count, 2);
	CU_ASSERT_EQUAL(m.iommus[0].base, 0x9050000);
	CU_ASSERT_EQUAL(m.iommus[0].irqs.event, 106);
	CU_ASSERT_EQUAL(m.iommus[0].irqs.error, 109);
	CU_ASSERT_EQUAL(m.iommus[0].irqs.command, 0);
	CU_ASSERT_FALSE(m.iommus[0].dma_coherent);
	/* Below the platform bus: translated by its ranges. */
	CU_ASSERT_EQUAL(m.iommus[1].base, 0xc100000);
	CU_ASSERT_TRUE(m.iommus[1].dma_coherent);
	CU_ASSERT_EQUAL(m.iommus[1].index, 1);

	CU_ASSERT_EQUAL(m.host_count, 2);
	CU_ASSERT_EQUAL(h[0].segment, 5);
	CU_ASSERT_EQUAL(h[0].bus_last, 127); /* config space for more there is not */
	CU_ASSERT_TRUE(model_log_contains("128 buses only"));
	check_window(&h[0].windows[0], PCI_WINDOW_MEM32, 0x20000000, 0x10000000, 0x10000000, false);
	check_window(&h[0].windows[1], PCI_WINDOW_MEM64, 0x8000000000, 0x8000000000, 0x8000000000,
		     true);
	CU_ASSERT_EQUAL(h[0].iommu_map_count, 2);
	check_map(&h[0].iommu_map[0], 0, 1, 0, 0x100);
	check_map(&h[0].iommu_map[1], 0x200, 0, 0x1000, 0x100);
	check_map(&h[0].msi_map[0], 0, 1, 0x80000, 0x10000);
	CU_ASSERT_EQUAL(h[1].segment, 0);
	CU_ASSERT_EQUAL(h[1].index, 1);
	CU_ASSERT_EQUAL(h[1].bus_first, 0x10);
	CU_ASSERT_EQUAL(h[1].bus_last, 0x1f);
	CU_ASSERT_EQUAL(h[1].iommu_map_count, 0);
	check_map(&h[1].msi_map[0], 0x1000, 0, 0x1000, 0x1000);
}

/* ---- one thing changed ------------------------------------------------------------------------------------------------ */

static void the_boot_cpu_is_the_one_the_header_names(void)
{
	size_t size;
	void *fdt = dts_compile(MACHINES "cortex-a57.dts", &size);

	fdt_set_boot_cpuid_phys(fdt, 2);
	CU_ASSERT_EQUAL(discover(fdt, size), 0);
	CU_ASSERT_EQUAL(m.cpus[0].hw_id, 2);
	CU_ASSERT_EQUAL(m.cpus[1].hw_id, 0);
	CU_ASSERT_EQUAL(m.cpus[2].hw_id, 1);
	model_reset();
	fdt_set_boot_cpuid_phys(fdt, 7);
	CU_ASSERT_EQUAL(discover(fdt, size), -EINVAL);
	CU_ASSERT_TRUE(model_log_contains("boot CPU 0x7"));
	free(fdt);
}

static void aliases_decide_whose_uart_is_whose(void)
{
	size_t size;
	void *fdt = dts_compile_open(MACHINES "cortex-a57.dts", &size);
	int aliases = find(fdt, "/aliases");

	fdt_setprop_string(fdt, aliases, "serial0", "/pl011@9040000");
	fdt_setprop_string(fdt, aliases, "serial1", "/pl011@9000000");
	CU_ASSERT_EQUAL(discover(fdt, size), 0);
	CU_ASSERT_EQUAL(m.uarts[0].base, 0x9040000);
	CU_ASSERT_EQUAL(m.uarts[1].base, 0x9000000);
	free(fdt);
}

static void only_this_machine_is_taken(void)
{
	size_t size;
	void *fdt = dts_compile_open(MACHINES "cortex-a57.dts", &size);
	struct boot_info boot = { .fdt = fdt, .fdt_size = size };

	CU_ASSERT_PTR_NOT_NULL(platform_select(&boot));
	fdt_setprop_string(fdt, 0, "compatible", "linux,dummy-virtual");
	CU_ASSERT_PTR_NULL(platform_select(&boot));
	boot.fdt = NULL;
	CU_ASSERT_PTR_NULL(platform_select(&boot));
	free(fdt);
}

static void a_tree_cut_short_is_nobodys(void)
{
	size_t size;
	char *whole = dts_compile(MACHINES "cortex-a57.dts", &size);

	for (size_t cut = 0; cut < size; cut += cut < 100 ? 1 : 61) {
		char *part = malloc(cut ? cut : 1);
		struct boot_info boot = { .fdt = part, .fdt_size = cut };

		memcpy(part, whole, cut);
		CU_ASSERT_PTR_NULL(platform_select(&boot));
		free(part);
	}
	free(whole);
}

static void a_bus_translates_what_is_in_its_ranges_only(void)
{
	static const char bus[] = "/platform-bus@c000000",
			  unit[] = "/platform-bus@c000000/iommu@100000";
	const fdt32_t last[] = { cpu_to_fdt32(0x1fe0000), cpu_to_fdt32(0x20000) };
	const fdt32_t across[] = { cpu_to_fdt32(0x1ff0000), cpu_to_fdt32(0x20000) };
	size_t size;
	void *fdt = dts_compile_open(MACHINES "two-of-each.dts", &size);

	fdt_setprop(fdt, find(fdt, unit), "reg", last, sizeof(last));
	CU_ASSERT_EQUAL(discover(fdt, size), 0);
	CU_ASSERT_EQUAL(m.iommus[1].base, 0xdfe0000);
	fdt_setprop(fdt, find(fdt, unit), "reg", across, sizeof(across));
	CU_ASSERT_EQUAL(discover(fdt, size), -EINVAL);
	CU_ASSERT_TRUE(model_log_contains("iommu@100000: no usable entry 0 in its reg"));
	/* Empty: the bus's addresses are its parent's. Absent: they are nobody else's. */
	fdt_setprop(fdt, find(fdt, bus), "ranges", NULL, 0);
	CU_ASSERT_EQUAL(discover(fdt, size), 0);
	CU_ASSERT_EQUAL(m.iommus[1].base, 0x1ff0000);
	fdt_delprop(fdt, find(fdt, bus), "ranges");
	CU_ASSERT_EQUAL(discover(fdt, size), -EINVAL);
	free(fdt);
}

/* A unit id that happens to be 0 in the tree must not match a map without one. */
static void a_unit_nobody_can_name_is_not_matched(void)
{
	size_t size;
	void *fdt = dts_compile_open(MACHINES "cortex-a57.dts", &size);

	fdt_delprop(fdt, find(fdt, "/smmuv3@9050000"), "phandle");
	fdt_delprop(fdt, find(fdt, "/pcie@10000000"), "iommu-map");
	CU_ASSERT_EQUAL(discover(fdt, size), 0);
	CU_ASSERT_EQUAL(m.iommu_count, 1);
	CU_ASSERT_EQUAL(m.hosts[0].iommu_map_count, 0);
	free(fdt);
}

static void more_cpus_than_postern_drives_stay_off(void)
{
	size_t size;
	void *fdt = dts_compile_open(MACHINES "cortex-a57.dts", &size);

	for (uint32_t i = 3; i < MAX_CPUS + 1; i++) {
		char name[16];
		int node;

		snprintf(name, sizeof(name), "cpu@%x", i);
		node = fdt_add_subnode(fdt, find(fdt, "/cpus"), name);
		CU_ASSERT_TRUE_FATAL(node >= 0);
		fdt_setprop_string(fdt, node, "device_type", "cpu");
		fdt_setprop_string(fdt, node, "enable-method", "psci");
		fdt_setprop_u32(fdt, node, "reg", i);
	}
	CU_ASSERT_EQUAL(discover(fdt, size), 0);
	CU_ASSERT_EQUAL(m.cpu_count, MAX_CPUS);
	CU_ASSERT_TRUE(model_log_contains("stays off"));
	free(fdt);
}

void suite_platform_qemu(void)
{
	static const struct unit_test tests[] = {
		TEST(the_demo_machine_is_found_as_qemu_describes_it),
		TEST(another_cpu_model_changes_nothing),
		TEST(a_machine_without_iommu_is_taken_with_a_warning),
		TEST(a_machine_that_cannot_do_is_refused_with_the_way_out),
		TEST(several_units_and_odd_orders_are_kept_apart),
		TEST(the_boot_cpu_is_the_one_the_header_names),
		TEST(aliases_decide_whose_uart_is_whose),
		TEST(only_this_machine_is_taken),
		TEST(a_tree_cut_short_is_nobodys),
		TEST(a_bus_translates_what_is_in_its_ranges_only),
		TEST(a_unit_nobody_can_name_is_not_matched),
		TEST(more_cpus_than_postern_drives_stay_off),
	};

	unit_suite("platform_qemu", tests, ARRAY_SIZE(tests));
}
