// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Discovery of QEMU's virt machine: from trees QEMU wrote (tests/fixtures/machine), from one with two of each, and from
 * trees with one thing wrong. The expected figures are QEMU's (docs/hardware/qemu-virt.md), not the code's.
 */
#include "dts.h"
#include "host.h"
#include "unit.h"

#include <libfdt.h>
#include <postern/errno.h>
#include <postern/fdt.h>
#include <postern/platform.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MACHINES "tests/fixtures/machine/"

static struct machine m;

/* Where the tree is; firmware's tables are read at their physical address. */
static hpa_t fdt_at;

/* Discovers the machine a tree describes. */
static int discover(const void *fdt, size_t size)
{
	const struct boot_info boot = { .fdt = fdt, .fdt_size = size };
	const struct platform *p = platform_select(&boot);

	fdt_at = (uintptr_t)fdt;
	memset(&m, 0, sizeof(m));
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_STRING_EQUAL(p->name, "qemu-virt");
	return p->discover(&boot, &m);
}

/* The tree stays until the next one: the machine's model is a string in it. */
static void *loaded;

static int discover_file(const char *path)
{
	size_t size;

	free(loaded);
	loaded = dts_compile(path, &size);
	return discover(loaded, size);
}

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

static int find(const void *fdt, const char *path)
{
	int node = fdt_path_offset(fdt, path);

	CU_ASSERT_TRUE_FATAL(node >= 0);
	return node;
}

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

/* What is wrong with one property, and what is said about it. */
#define MAX_CELLS 21
struct mistake {
	const char *path, *property;
	int count; /* cells; -1: the property is taken away */
	uint32_t cells[MAX_CELLS];
	int err;
	const char *says;
};

static const struct mistake mistakes[] = {
	{ "/memory@40000000",
	  "reg",
	  3,
	  { 0, 0x40000000, 0x80000000 },
	  -EINVAL,
	  "/memory@40000000: its reg" },
	{ "/memory@40000000",
	  "reg",
	  4,
	  { 0, 0x40000000, 0, 0 },
	  -EINVAL,
	  "/memory@40000000: its reg" },
	{ "/memory@40000000",
	  "reg",
	  4,
	  { 0xffffffff, 0xfffff000, 0, 0x2000 },
	  -EINVAL,
	  "/memory@40000000: its reg" },
	{ "/memory@40000000",
	  "reg",
	  8,
	  { 0, 0x40000000, 0, 0x80000000, 0, 0x50000000, 0, 0x1000 },
	  -EINVAL,
	  "described twice" },
	{ "/memory@40000000", "device_type", -1, { 0 }, -EINVAL, "no memory" },
	{ "/chosen", "linux,initrd-end", -1, { 0 }, -EINVAL, "/chosen" },
	{ "/chosen", "linux,initrd-end", 2, { 0, 0x48000000 }, -EINVAL, "/chosen" },
	{ "/chosen", "linux,initrd-end", 3, { 0, 0, 0x49000000 }, -EINVAL, "/chosen" },
	{ "/chosen", "linux,initrd-end", 2, { 0, 0xc0000001 }, -EINVAL, "not in memory" },
	{ "/chosen", "linux,initrd-start", 1, { 0x3fffffff }, -EINVAL, "not in memory" },
	{ "/psci", "method", -1, { 0 }, -EINVAL, "/psci" },
	{ "/psci", "method", 1, { 0x73766300 /* "svc" */ }, -EINVAL, "neither smc nor hvc" },
	{ "/psci", "compatible", -1, { 0 }, -ENODEV, "no PSCI" },
	{ "/cpus", "#size-cells", 1, { 1 }, -EINVAL, "/cpus" },
	{ "/cpus", "#address-cells", 1, { 3 }, -EINVAL, "/cpus" },
	{ "/cpus/cpu@1", "reg", 2, { 0, 1 }, -EINVAL, "/cpus/cpu@1" },
	{ "/cpus/cpu@1", "reg", 1, { 2 }, -EINVAL, "is there already" },
	{ "/cpus/cpu@1", "reg", 1, { 0x01000001 }, -EINVAL, "not an MPIDR" },
	{ "/cpus/cpu@1",
	  "enable-method",
	  -1,
	  { 0 },
	  -EINVAL,
	  "/cpus/cpu@1: it is not started by PSCI" },
	{ "/intc@8000000", "#interrupt-cells", 1, { 2 }, -EINVAL, "/intc@8000000" },
	{ "/intc@8000000", "#redistributor-regions", 1, { 2 }, -EOPNOTSUPP, "redistributor" },
	{ "/intc@8000000", "redistributor-stride", 3, { 0, 0, 0 }, -EINVAL, "redistributor-stride" },
	{ "/intc@8000000", "reg", 4, { 0, 0x8000000, 0, 0x10000 }, -EINVAL, "entry 1" },
	/* Redistributors for two CPUs, of three. */
	{ "/intc@8000000",
	  "reg",
	  8,
	  { 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0x40000 },
	  -EINVAL,
	  "0x60000 are needed" },
	{ "/intc@8000000",
	  "reg",
	  8,
	  { 0, 0x40000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000 },
	  -EINVAL,
	  "are in memory" },
	{ "/intc@8000000", "interrupts", 3, { 2, 9, 4 }, -EINVAL, "does not exist" },
	{ "/intc@8000000", "interrupts", 3, { 1, 16, 4 }, -EINVAL, "does not exist" },
	{ "/intc@8000000", "interrupts", 4, { 1, 9, 4, 0 }, -EINVAL, "groups of 3" },
	{ "/intc@8000000/its@8080000",
	  "reg",
	  4,
	  { 0, 0x8080000, 0, 0x10000 },
	  -EINVAL,
	  "its@8080000" },
	{ "/timer", "interrupts", 9, { 1, 13, 4, 1, 14, 4, 1, 11, 4 }, -EINVAL, "fewer than four" },
	{ "/timer", "interrupts", -1, { 0 }, -EINVAL, "fewer than four" },
	{ "/pl011@9040000", "interrupts", -1, { 0 }, -EINVAL, "/pl011@9040000: it has no interrupt" },
	{ "/pl011@9040000", "interrupts", 3, { 0, 988, 4 }, -EINVAL, "/pl011@9040000" },
	{ "/pl011@9040000", "reg", 4, { 0, 0x9040000, 0, 0x800 }, -EINVAL, "/pl011@9040000" },
	{ "/smmuv3@9050000", "reg", 4, { 0, 0x9050000, 0, 0x10000 }, -EINVAL, "/smmuv3@9050000" },
	{ "/smmuv3@9050000",
	  "interrupts",
	  9,
	  { 0, 74, 1, 0, 75, 1, 0, 76, 1 },
	  -EINVAL,
	  "do not go together" },
	{ "/smmuv3@9050000", "interrupt-parent", 1, { 0x8006 }, -EINVAL, "do not go to the GIC" },
	/* A phandle nobody has any more. */
	{ "/smmuv3@9050000", "phandle", 1, { 0x9999 }, -EINVAL, "iommu-map names phandle 0x8006" },
	{ "/pcie@10000000", "reg", 4, { 0x40, 0x10000000, 0, 0x80000 }, -EINVAL, "/pcie@10000000" },
	{ "/pcie@10000000", "bus-range", 2, { 5, 4 }, -EINVAL, "bus-range" },
	{ "/pcie@10000000", "bus-range", 2, { 0, 256 }, -EINVAL, "bus-range" },
	{ "/pcie@10000000", "linux,pci-domain", 1, { 0x10000 }, -EINVAL, "pci-domain" },
	{ "/pcie@10000000", "#address-cells", 1, { 2 }, -EINVAL, "does not translate" },
	{ "/pcie@10000000",
	  "ranges",
	  6,
	  { 0x02000000, 0, 0x10000000, 0, 0x10000000, 0x1000 },
	  -EINVAL,
	  "groups of 7" },
	{ "/pcie@10000000",
	  "ranges",
	  7,
	  { 0x02000000, 0, 0x10000000, 0, 0x10000000, 0, 0 },
	  -EINVAL,
	  "wraps" },
	{ "/pcie@10000000",
	  "ranges",
	  7,
	  { 0x02000000, 0, 0xf0000000, 0, 0x10000000, 0, 0x10000001 },
	  -EINVAL,
	  "wraps" },
	{ "/pcie@10000000",
	  "ranges",
	  7,
	  { 0x03000000, 0, 0, 0xffffffff, 0xffff0000, 0, 0x10001 },
	  -EINVAL,
	  "wraps" },
	{ "/pcie@10000000",
	  "ranges",
	  7,
	  { 0x03000000, 0, 0, 0, 0x30000000, 0, 0x10000001 },
	  -EINVAL,
	  "in memory" },
	{ "/pcie@10000000", "ranges", 7, { 0, 0, 0, 0x40, 0, 0, 0x1000 }, -EINVAL, "config space" },
	{ "/pcie@10000000", "iommu-map", 3, { 0, 0x8006, 0 }, -EINVAL, "groups of 4" },
	{ "/pcie@10000000",
	  "iommu-map",
	  4,
	  { 0, 0x8005, 0, 0x10000 },
	  -EINVAL,
	  "names phandle 0x8005" },
	{ "/pcie@10000000", "iommu-map", 4, { 0, 0, 0, 0x10000 }, -EINVAL, "names phandle 0x0" },
	{ "/pcie@10000000",
	  "iommu-map",
	  4,
	  { 1, 0x8006, 0, 0x10000 },
	  -EINVAL,
	  "entry 0 of its iommu-map" },
	{ "/pcie@10000000",
	  "iommu-map",
	  4,
	  { 0, 0x8006, 0, 0 },
	  -EINVAL,
	  "entry 0 of its iommu-map" },
	{ "/pcie@10000000",
	  "iommu-map",
	  4,
	  { 0, 0x8006, 0xffffff00, 0x101 },
	  -EINVAL,
	  "entry 0 of its iommu-map" },
	{ "/pcie@10000000", "iommu-map-mask", 1, { 0xff00 }, -EOPNOTSUPP, "iommu-map-mask" },
	{ "/pcie@10000000",
	  "msi-map",
	  4,
	  { 0, 0x8006, 0, 0x10000 },
	  -EINVAL,
	  "msi-map names phandle 0x8006" },
};

static void each_mistake_is_refused_and_named(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		const struct mistake *k = &mistakes[i];
		size_t size;
		void *fdt = dts_compile_open(MACHINES "cortex-a57.dts", &size);
		fdt32_t be[MAX_CELLS];
		int err;

		for (int c = 0; c < k->count; c++)
			be[c] = cpu_to_fdt32(k->cells[c]);
		if (k->count < 0)
			err = fdt_delprop(fdt, find(fdt, k->path), k->property);
		else
			err = fdt_setprop(fdt, find(fdt, k->path), k->property, be,
					  k->count * (int)sizeof(be[0]));
		CU_ASSERT_EQUAL_FATAL(err, 0);
		err = discover(fdt, size);
		if (err != k->err || !model_log_contains(k->says)) {
			char text[400];

			snprintf(text, sizeof(text), "mistake %zu (%s %s): %d, \"%s\"", i, k->path,
				 k->property, err, model_log());
			CU_assertImplementation(CU_FALSE, __LINE__, text, __FILE__, "", CU_FALSE);
		}
		free(fdt);
		model_reset();
	}
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

/* Whatever was found can be used without looking again. */
static void check_sane(void)
{
	CU_ASSERT_TRUE(m.memory_count >= 1 && m.memory_count <= MAX_MEMORY_REGIONS);
	CU_ASSERT_TRUE(m.reserved_count <= MAX_MEMORY_REGIONS);
	CU_ASSERT_TRUE(m.cpu_count >= 1 && m.cpu_count <= MAX_CPUS);
	CU_ASSERT_TRUE(m.uart_count <= MAX_UARTS && m.iommu_count <= MAX_IOMMUS);
	CU_ASSERT_TRUE(m.msi_unit_count <= MAX_MSI_UNITS && m.host_count <= MAX_PCI_HOSTS);
	CU_ASSERT_TRUE(m.intc.redist_size >= m.cpu_count * 128 * KIB);
	for (unsigned i = 0; i < m.memory_count; i++)
		CU_ASSERT_TRUE(m.memory[i].size &&
			       m.memory[i].size - 1 <= UINT64_MAX - m.memory[i].base);
	for (unsigned i = 0; i < m.host_count; i++) {
		const struct pci_host *h = &m.hosts[i];

		CU_ASSERT_TRUE(h->bus_first <= h->bus_last);
		CU_ASSERT_TRUE((h->bus_last - h->bus_first + 1u) * MIB <= h->config_size);
		CU_ASSERT_TRUE(h->window_count <= MAX_PCI_WINDOWS);
		for (unsigned k = 0; k < h->iommu_map_count; k++)
			CU_ASSERT_TRUE(h->iommu_map[k].unit < m.iommu_count);
		for (unsigned k = 0; k < h->msi_map_count; k++)
			CU_ASSERT_TRUE(h->msi_map[k].unit < m.msi_unit_count);
	}
}

/* Ways to spoil a property in place. */
enum spoil {
	SPOIL_EMPTY,
	SPOIL_CUT_CELL,
	SPOIL_CUT_BYTE,
	SPOIL_ONES,
	SPOIL_ZEROES,
	SPOIL_DROP,
	SPOIL_WAYS
};

static void spoil(void *fdt, int node, const char *name, enum spoil way)
{
	int len;
	void *data = fdt_getprop_w(fdt, node, name, &len);
	char copy[4096];

	if (!data || len > (int)sizeof(copy))
		return;
	memcpy(copy, data, (size_t)len);
	switch (way) {
	case SPOIL_EMPTY:
		fdt_setprop(fdt, node, name, NULL, 0);
		break;
	case SPOIL_CUT_CELL:
		fdt_setprop(fdt, node, name, copy, len > 4 ? len - 4 : 0);
		break;
	case SPOIL_CUT_BYTE:
		fdt_setprop(fdt, node, name, copy, len > 1 ? len - 1 : 0);
		break;
	case SPOIL_ONES:
		memset(data, 0xff, (size_t)len);
		break;
	case SPOIL_ZEROES:
		memset(data, 0, (size_t)len);
		break;
	case SPOIL_DROP:
		fdt_delprop(fdt, node, name);
		break;
	default:
		break;
	}
}

/* Every property of every node, in every way: refused with a reason, or taken and sane. Sanitizers watch. */
static void any_spoiled_property_is_survived(const char *path)
{
	size_t size;
	void *fdt = dts_compile_open(path, &size), *copy = malloc(size);
	char name[64];

	for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL)) {
		int property;

		if (!strncmp(fdt_get_name(fdt, node, NULL), "virtio_mmio", 11))
			continue;
		fdt_for_each_property_offset(property, fdt, node) {
			const char *string;

			fdt_getprop_by_offset(fdt, property, &string, NULL);
			snprintf(name, sizeof(name), "%s", string);
			for (enum spoil way = 0; way < SPOIL_WAYS; way++) {
				const struct boot_info boot = { .fdt = copy, .fdt_size = size };

				memcpy(copy, fdt, size);
				spoil(copy, node, name, way);
				model_reset();
				if (!platform_select(&boot))
					continue; /* its compatible */
				memset(&m, 0, sizeof(m));
				if (platform_select(&boot)->discover(&boot, &m)) {
					CU_ASSERT_STRING_NOT_EQUAL(model_log(), "");
				} else {
					check_sane();
				}
			}
		}
	}
	free(copy);
	free(fdt);
}

static void no_spoiled_property_leads_astray(void)
{
	any_spoiled_property_is_survived(MACHINES "cortex-a57.dts");
	any_spoiled_property_is_survived(MACHINES "two-of-each.dts");
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
		TEST(each_mistake_is_refused_and_named),
		TEST(a_bus_translates_what_is_in_its_ranges_only),
		TEST(a_unit_nobody_can_name_is_not_matched),
		TEST(more_cpus_than_postern_drives_stay_off),
		TEST(no_spoiled_property_leads_astray),
	};

	unit_suite("platform_qemu", tests, ARRAY_SIZE(tests));
}
