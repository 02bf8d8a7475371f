// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Discovery of QEMU's virt machine from trees with something wrong: one mistake at a time with what must be said about it,
 * and every property spoiled in every way, which must be survived.
 */
#include "platform-qemu-fixture.h"

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
	/* 10 cells: address, pin, the GIC, two of an address there, an SPI. */
	{ "/pcie@10000000",
	  "interrupt-map",
	  9,
	  { 0, 0, 0, 1, 0x8004, 0, 0, 0, 3 },
	  -EINVAL,
	  "interrupt-map is not groups of 10 cells" },
	{ "/pcie@10000000",
	  "interrupt-map",
	  10,
	  { 0, 0, 0, 1, 0x8005, 0, 0, 0, 3, 4 },
	  -EINVAL,
	  "interrupt-map names phandle 0x8005" },
	{ "/pcie@10000000",
	  "interrupt-map",
	  10,
	  { 0, 0, 0, 1, 0x8004, 0, 0, 1, 3, 4 },
	  -EINVAL,
	  "not an SPI that is a high level" },
	{ "/pcie@10000000",
	  "interrupt-map",
	  10,
	  { 0, 0, 0, 1, 0x8004, 0, 0, 0, 3, 1 },
	  -EINVAL,
	  "not an SPI that is a high level" },
	{ "/pcie@10000000",
	  "interrupt-map",
	  10,
	  { 0, 0, 0, 1, 0x8004, 0, 0, 0, 988, 4 },
	  -EINVAL,
	  "not an SPI that is a high level" },
	{ "/pcie@10000000", "interrupt-map-mask", 3, { 0x1800, 0, 0 }, -EINVAL, "not 4 cells" },
	{ "/pcie@10000000",
	  "interrupt-map-mask",
	  4,
	  { 0x1900, 0, 0, 7 },
	  -EOPNOTSUPP,
	  "tells functions of a device apart" },
	{ "/pcie@10000000", "#interrupt-cells", 1, { 2 }, -EINVAL, "#interrupt-cells are not 1" },
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
		for (unsigned k = 0; k < PCI_SLOTS * PCI_INTX_LINES; k++) {
			uint32_t intid = h->intx[k / PCI_INTX_LINES][k % PCI_INTX_LINES];

			CU_ASSERT_TRUE(!intid || (intid >= 32 && intid < 1020));
		}
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

void suite_platform_qemu_faults(void)
{
	static const struct unit_test tests[] = {
		TEST(each_mistake_is_refused_and_named),
		TEST(no_spoiled_property_leads_astray),
	};

	unit_suite("platform_qemu_faults", tests, ARRAY_SIZE(tests));
}
