// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The zones' generated device trees, read back with libfdt, judged by dtc's own checks, and against
 * the config cell by cell. No address of the config may appear that was not put in: the layouts
 * used here are nobody's.
 */
#include "dts.h"
#include "host.h"
#include "unit.h"

#include <hv/guest_fdt.h>
#include <libfdt.h>
#include <postern/errno.h>
#include <stdlib.h>
#include <string.h>

static uint8_t tree[GUEST_FDT_SIZE] __attribute__((aligned(8)));

static struct guest_fdt_config config(void)
{
	return (struct guest_fdt_config){
		.name = "test-zone",
		.bootargs = "console=ttyAMA0 quiet",
		.ram = 0x60000000,
		.ram_size = 0x22200000,
		.dma = 0x60000000,
		.initrd = 0x68000000,
		.initrd_size = 0x123457,
		.cpu_count = 2,
		.mpidr = { 0x80000000, 0x80000101 },
		.gic = {
			.dist = 0x1110000,
			.dist_size = 0x10000,
			.redist = 0x1200000,
			.redist_size = 0x40000,
			.its = 0x1300000,
			.its_size = 0x20000,
		},
		.timer = { .secure = 29, .phys = 30, .virt = 27, .hyp = 26 },
		.uart = { .kind = GUEST_UART_PL011, .base = 0x2220000, .size = 0x1000, .irq = 37 },
		.has_pci = true,
		.pci = {
			.ecam = 0x30000000,
			.bus_last = 31,
			.mem32 = 0x44000000,
			.mem32_size = 0x8000000,
			.mem64 = 0x3300000000,
			.mem64_size = 0x1100000000,
		},
	};
}

static void build(const struct guest_fdt_config *c)
{
	int size;

	memset(tree, 0xa5, sizeof(tree));
	size = guest_fdt_build(tree, sizeof(tree), c);
	CU_ASSERT_TRUE_FATAL(size > 0 && (size_t)size <= sizeof(tree));
	CU_ASSERT_EQUAL_FATAL(fdt_check_full(tree, (size_t)size), 0);
	CU_ASSERT_EQUAL(fdt_totalsize(tree), (uint32_t)size);
}

static int find(const char *path)
{
	int node = fdt_path_offset(tree, path);

	CU_ASSERT_TRUE_FATAL(node >= 0);
	return node;
}

static bool has(const char *path, const char *property)
{
	return fdt_getprop(tree, find(path), property, NULL) != NULL;
}

static void check_cells(const char *path, const char *property, const uint32_t *cells, size_t count)
{
	int len;
	const fdt32_t *data = fdt_getprop(tree, find(path), property, &len);

	CU_ASSERT_PTR_NOT_NULL_FATAL(data);
	CU_ASSERT_EQUAL_FATAL(len, (int)(count * sizeof(*data)));
	for (size_t i = 0; i < count; i++)
		CU_ASSERT_EQUAL(fdt32_ld(data + i), cells[i]);
}
#define CHECK_CELLS(path, property, ...)                                 \
	do {                                                             \
		static const uint32_t cells_[] = { __VA_ARGS__ };        \
		check_cells(path, property, cells_, ARRAY_SIZE(cells_)); \
	} while (0)

/* The whole property, with the NULs between and after its strings. */
static void check_bytes(const char *path, const char *property, const void *bytes, size_t size)
{
	int len;
	const void *data = fdt_getprop(tree, find(path), property, &len);

	CU_ASSERT_PTR_NOT_NULL_FATAL(data);
	CU_ASSERT_EQUAL_FATAL(len, (int)size);
	CU_ASSERT_EQUAL(memcmp(data, bytes, size), 0);
}
#define CHECK_STRINGS(path, property, literal) check_bytes(path, property, literal, sizeof(literal))

static void root_and_chosen(void)
{
	struct guest_fdt_config c = config();

	build(&c);
	CHECK_CELLS("/", "#address-cells", 2);
	CHECK_CELLS("/", "#size-cells", 2);
	CHECK_STRINGS("/", "model", "Postern zone test-zone");
	CHECK_STRINGS("/chosen", "bootargs", "console=ttyAMA0 quiet");
	CHECK_STRINGS("/chosen", "stdout-path", "/serial@2220000");
	CHECK_CELLS("/chosen", "linux,initrd-start", 0, 0x68000000);
	CHECK_CELLS("/chosen", "linux,initrd-end", 0, 0x68123457);
	CU_ASSERT_FALSE(has("/chosen", "linux,pci-probe-only"));
	CU_ASSERT_FALSE(has("/chosen", "kaslr-seed"));
	CU_ASSERT_FALSE(has("/chosen", "rng-seed"));

	c.initrd_size = 0;
	c.bootargs = NULL;
	c.pci_probe_only = true;
	c.has_seed = true;
	c.kaslr_seed = 0x0123456789abcdef;
	for (unsigned i = 0; i < GUEST_FDT_RNG_SEED; i++)
		c.rng_seed[i] = (uint8_t)(i * 9);
	build(&c);
	CHECK_STRINGS("/chosen", "bootargs", "");
	CU_ASSERT_FALSE(has("/chosen", "linux,initrd-start"));
	CU_ASSERT_FALSE(has("/chosen", "linux,initrd-end"));
	CHECK_CELLS("/chosen", "linux,pci-probe-only", 1);
	CHECK_CELLS("/chosen", "kaslr-seed", 0x01234567, 0x89abcdef);
	check_bytes("/chosen", "rng-seed", c.rng_seed, sizeof(c.rng_seed));
}

static void memory_and_cpus(void)
{
	struct guest_fdt_config c = config();

	build(&c);
	CHECK_STRINGS("/memory@60000000", "device_type", "memory");
	CHECK_CELLS("/memory@60000000", "reg", 0, 0x60000000, 0, 0x22200000);
	CHECK_CELLS("/cpus", "#address-cells", 2);
	CHECK_CELLS("/cpus", "#size-cells", 0);
	/* Of VMPIDR the affinity fields only: not RES1, not U, not MT. */
	CHECK_CELLS("/cpus/cpu@0", "reg", 0, 0);
	CHECK_CELLS("/cpus/cpu@101", "reg", 0, 0x101);
	CHECK_STRINGS("/cpus/cpu@101", "device_type", "cpu");
	CHECK_STRINGS("/cpus/cpu@101", "compatible", "arm,armv8");
	CHECK_STRINGS("/cpus/cpu@101", "enable-method", "psci");
	CU_ASSERT_TRUE(fdt_path_offset(tree, "/cpus/cpu@1") < 0);
	CHECK_STRINGS("/psci", "compatible", "arm,psci-1.0\0arm,psci-0.2");
	CHECK_STRINGS("/psci", "method", "hvc");

	c.cpu_count = MAX_CPUS;
	c.gic.redist_size = MAX_CPUS * 0x20000;
	c.ram = 0x1000000000;
	c.ram_size = 0x200000000;
	c.initrd_size = 0;
	for (unsigned i = 0; i < MAX_CPUS; i++)
		c.mpidr[i] = (uint64_t)i << 32 | 0x1000000;
	build(&c);
	CHECK_CELLS("/memory@1000000000", "reg", 0x10, 0, 2, 0);
	CHECK_CELLS("/cpus/cpu@0", "reg", 0, 0);
	CHECK_CELLS("/cpus/cpu@700000000", "reg", 7, 0);
}

static void interrupt_controller_and_timer(void)
{
	struct guest_fdt_config c = config();
	uint32_t gic;

	build(&c);
	gic = fdt_get_phandle(tree, find("/interrupt-controller@1110000"));
	CU_ASSERT_NOT_EQUAL(gic, 0);
	check_cells("/", "interrupt-parent", &gic, 1);
	CHECK_STRINGS("/interrupt-controller@1110000", "compatible", "arm,gic-v3");
	CHECK_CELLS("/interrupt-controller@1110000", "reg", 0, 0x1110000, 0, 0x10000, 0, 0x1200000,
		    0, 0x40000);
	CHECK_CELLS("/interrupt-controller@1110000", "#interrupt-cells", 3);
	CHECK_CELLS("/interrupt-controller@1110000", "#redistributor-regions", 1);
	CU_ASSERT_TRUE(has("/interrupt-controller@1110000", "interrupt-controller"));
	check_bytes("/interrupt-controller@1110000", "ranges", "", 0);
	CHECK_STRINGS("/interrupt-controller@1110000/msi-controller@1300000", "compatible",
		      "arm,gic-v3-its");
	CHECK_CELLS("/interrupt-controller@1110000/msi-controller@1300000", "reg", 0, 0x1300000, 0,
		    0x20000);
	CHECK_CELLS("/interrupt-controller@1110000/msi-controller@1300000", "#msi-cells", 1);
	CU_ASSERT_TRUE(
		has("/interrupt-controller@1110000/msi-controller@1300000", "msi-controller"));
	/* PPIs 13, 14, 11, 10, level low. */
	CHECK_STRINGS("/timer", "compatible", "arm,armv8-timer");
	CHECK_CELLS("/timer", "interrupts", 1, 13, 8, 1, 14, 8, 1, 11, 8, 1, 10, 8);
	CU_ASSERT_FALSE(has("/timer", "always-on"));

	c.gic.its_size = 0;
	build(&c);
	CU_ASSERT_TRUE(
		fdt_path_offset(tree, "/interrupt-controller@1110000/msi-controller@1300000") < 0);
	CU_ASSERT_FALSE(has("/pcie@30000000", "msi-map"));
}

static void each_kind_of_uart(void)
{
	struct guest_fdt_config c = config();
	uint32_t clocks[2];

	build(&c);
	CHECK_STRINGS("/serial@2220000", "compatible", "arm,pl011\0arm,primecell");
	CHECK_CELLS("/serial@2220000", "reg", 0, 0x2220000, 0, 0x1000);
	CHECK_CELLS("/serial@2220000", "interrupts", 0, 5, 4);
	CHECK_STRINGS("/serial@2220000", "clock-names", "uartclk\0apb_pclk");
	clocks[0] = clocks[1] = fdt_get_phandle(tree, find("/apb-pclk"));
	check_cells("/serial@2220000", "clocks", clocks, 2);
	CHECK_STRINGS("/apb-pclk", "compatible", "fixed-clock");
	CHECK_CELLS("/apb-pclk", "clock-frequency", 24000000);
	CHECK_CELLS("/apb-pclk", "#clock-cells", 0);

	c.uart.clock_hz = 48000000;
	build(&c);
	CHECK_CELLS("/apb-pclk", "clock-frequency", 48000000);

	c.uart.kind = GUEST_UART_SBSA;
	build(&c);
	CHECK_STRINGS("/serial@2220000", "compatible", "arm,sbsa-uart");
	CHECK_CELLS("/serial@2220000", "interrupts", 0, 5, 4);
	CHECK_CELLS("/serial@2220000", "current-speed", 115200);
	CU_ASSERT_FALSE(has("/serial@2220000", "clocks"));
	CU_ASSERT_TRUE(fdt_path_offset(tree, "/apb-pclk") < 0);

	c.uart.kind = GUEST_UART_NONE;
	build(&c);
	CU_ASSERT_TRUE(fdt_path_offset(tree, "/serial@2220000") < 0);
	CU_ASSERT_FALSE(has("/chosen", "stdout-path"));
}

/* V2: with trust-dma devices use the host's addresses, the zone's CPUs still do not. */
static void v2_dma_ranges_tell_where_devices_find_memory(void)
{
	struct guest_fdt_config c = config();

	build(&c);
	CU_ASSERT_PTR_NULL(
		fdt_getprop(tree, fdt_path_offset(tree, "/pcie@30000000"), "dma-ranges", NULL));
	c.dma = 0x4512345000;
	build(&c);
	CHECK_CELLS("/pcie@30000000", "dma-ranges", 0x03000000, 0x45, 0x12345000, 0, 0x60000000, 0,
		    0x22200000);
}

static void host_bridge(void)
{
	struct guest_fdt_config c = config();
	uint32_t msi[4] = { 0, 0, 0, 0x10000 };

	build(&c);
	CHECK_STRINGS("/pcie@30000000", "compatible", "pci-host-ecam-generic");
	CHECK_STRINGS("/pcie@30000000", "device_type", "pci");
	CHECK_CELLS("/pcie@30000000", "reg", 0, 0x30000000, 0, 0x2000000); /* 32 buses of 1 MiB */
	CHECK_CELLS("/pcie@30000000", "bus-range", 0, 31);
	CHECK_CELLS("/pcie@30000000", "#address-cells", 3);
	CHECK_CELLS("/pcie@30000000", "#size-cells", 2);
	CHECK_CELLS("/pcie@30000000", "linux,pci-domain", 0);
	CHECK_CELLS("/pcie@30000000", "ranges", 0x02000000, 0, 0x44000000, 0, 0x44000000, 0,
		    0x8000000, 0x03000000, 0x33, 0, 0x33, 0, 0x11, 0);
	msi[1] =
		fdt_get_phandle(tree, find("/interrupt-controller@1110000/msi-controller@1300000"));
	CU_ASSERT_NOT_EQUAL(msi[1], 0);
	check_cells("/pcie@30000000", "msi-map", msi, 4);
	CU_ASSERT_TRUE(has("/pcie@30000000", "dma-coherent"));
	CU_ASSERT_TRUE(has("/pcie@30000000", "#interrupt-cells"));
	/* No lines, no pins; and the IOMMU is not the zone's to see. */
	CU_ASSERT_FALSE(has("/pcie@30000000", "interrupt-map"));
	CU_ASSERT_FALSE(has("/pcie@30000000", "iommu-map"));

	c.pci.mem64_size = 0;
	c.pci.bus_last = 255;
	build(&c);
	CHECK_CELLS("/pcie@30000000", "ranges", 0x02000000, 0, 0x44000000, 0, 0x44000000, 0,
		    0x8000000);
	CHECK_CELLS("/pcie@30000000", "reg", 0, 0x30000000, 0, 0x10000000);

	c.has_pci = false;
	build(&c);
	CU_ASSERT_TRUE(fdt_path_offset(tree, "/pcie@30000000") < 0);
}

/* What a kernel works out for a pin of a device on bus 0 (Devicetree Specification 0.4, 2.4.3). */
static uint32_t line_of(uint32_t device, uint32_t pin)
{
	const int node = find("/pcie@30000000");
	int size, mask_size;
	const fdt32_t *map = fdt_getprop(tree, node, "interrupt-map", &size);
	const fdt32_t *mask = fdt_getprop(tree, node, "interrupt-map-mask", &mask_size);
	const uint32_t gic = fdt_get_phandle(tree, find("/interrupt-controller@1110000"));

	CU_ASSERT_PTR_NOT_NULL_FATAL(map);
	CU_ASSERT_PTR_NOT_NULL_FATAL(mask);
	CU_ASSERT_EQUAL_FATAL(size % 40, 0); /* the GIC has two address cells here */
	CU_ASSERT_EQUAL_FATAL(mask_size, 16);
	for (; size; size -= 40, map += 10) {
		if (fdt32_to_cpu(map[0]) != (device << 11 & fdt32_to_cpu(mask[0])) ||
		    fdt32_to_cpu(map[3]) != (pin & fdt32_to_cpu(mask[3])))
			continue;
		CU_ASSERT_EQUAL(map[1] | map[2] | map[5] | map[6], 0);
		CU_ASSERT_EQUAL(fdt32_to_cpu(map[4]), gic);
		CU_ASSERT_EQUAL(fdt32_to_cpu(map[7]), 0); /* SPI */
		CU_ASSERT_EQUAL(fdt32_to_cpu(map[9]), 4); /* level, high */
		return 32 + fdt32_to_cpu(map[8]);
	}
	return 0;
}

static void pins_are_wired_to_four_lines(void)
{
	struct guest_fdt_config c = config();

	c.intx = 48;
	build(&c);
	CHECK_CELLS("/interrupt-controller@1110000", "#address-cells", 2);
	CHECK_CELLS("/pcie@30000000", "#interrupt-cells", 1);
	for (uint32_t device = 0; device < 32; device++)
		for (uint32_t pin = 1; pin <= 4; pin++)
			CU_ASSERT_EQUAL(line_of(device, pin), 48 + (device + pin - 1) % 4);
	CU_ASSERT_EQUAL(line_of(0, 0), 0);
}

static void dtc_has_no_complaints(void)
{
	/* #interrupt-cells without a map: what Linux wants to see to say "no pins" instead of
	 * "malformed". */
	static const char but[] = "-W no-interrupt_provider -W no-interrupt_map";
	struct guest_fdt_config c = config();

	for (unsigned variant = 0; variant < 16; variant++) {
		char *complaints;

		c.uart.kind = variant & 1 ? GUEST_UART_SBSA : GUEST_UART_PL011;
		c.has_pci = variant & 2;
		c.gic.its_size = variant & 4 ? 0 : 0x20000;
		c.intx = variant & 8 ? 48 : 0;
		build(&c);
		complaints = dts_complaints(tree, fdt_totalsize(tree), c.intx ? "" : but);
		CU_ASSERT_STRING_EQUAL(complaints, "");
		free(complaints);
	}
}

/* The judge is awake: it does complain about a tree with a fault put in. */
static void dtc_would_complain(void)
{
	struct guest_fdt_config c = config();
	char *complaints;

	build(&c);
	fdt_setprop_inplace_u32(tree, find("/pcie@30000000"), "#size-cells", 1);
	complaints = dts_complaints(tree, fdt_totalsize(tree), "");
	CU_ASSERT_PTR_NOT_NULL(strstr(complaints, "/pcie@30000000"));
	free(complaints);
}

static void contradictions_are_refused(void)
{
	struct guest_fdt_config good = config(), c;

#define REFUSED(change, says)                                                      \
	do {                                                                       \
		c = good;                                                          \
		model_log_clear();                                                 \
		change;                                                            \
		CU_ASSERT_EQUAL(guest_fdt_build(tree, sizeof(tree), &c), -EINVAL); \
		CU_ASSERT_TRUE(model_log_contains("zone test-zone"));              \
		CU_ASSERT_TRUE(model_log_contains(says));                          \
	} while (0)

	REFUSED(c.cpu_count = 0, "no CPU");
	REFUSED(c.cpu_count = MAX_CPUS + 1, "too many");
	REFUSED(c.mpidr[1] = 0, "same affinity");
	REFUSED(c.ram_size = 0, "no memory");
	REFUSED(c.ram = UINT64_MAX - 0xfff, "no memory");
	REFUSED(c.initrd = c.ram - 1, "initrd");
	REFUSED(c.initrd_size = c.ram_size, "initrd");
	REFUSED(c.gic.dist_size = 0, "GIC");
	REFUSED(c.gic.redist_size = 0x3ffff, "GIC");
	REFUSED(c.timer.virt = 32, "timer");
	REFUSED(c.timer.hyp = 15, "timer");
	REFUSED(c.uart.irq = 31, "UART");
	REFUSED(c.uart.irq = 1020, "UART");
	REFUSED(c.uart.size = 0, "UART");
	REFUSED(c.pci.ecam = UINT64_MAX - 0xfff, "ECAM");
	REFUSED((c.pci.mem32_size = 0, c.pci.mem64_size = 0), "window");
	REFUSED(c.pci.mem32 = 0xf8000001, "4 GiB");
	REFUSED(c.pci.mem64 = UINT64_MAX - 0xffffffff, "64-bit PCI window");
	REFUSED(c.intx = 31, "INTx");
	REFUSED(c.intx = 1017, "INTx");
#undef REFUSED
}

static void a_buffer_too_small_is_said_and_not_overrun(void)
{
	struct guest_fdt_config c = config();
	size_t whole;

	build(&c);
	whole = fdt_totalsize(tree);
	for (size_t size = 0; size < whole; size += 13) {
		uint8_t *small = malloc(size ? size : 1);

		CU_ASSERT_EQUAL(guest_fdt_build(small, size, &c), -ENOSPC);
		free(small);
	}
}

/* The largest zone: all CPUs, the longest command line and name. */
static void the_promised_size_suffices(void)
{
	struct guest_fdt_config c = config();
	char name[32], bootargs[512];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memset(bootargs, 'b', sizeof(bootargs) - 1);
	bootargs[sizeof(bootargs) - 1] = '\0';
	c.name = name;
	c.bootargs = bootargs;
	c.cpu_count = MAX_CPUS;
	c.gic.redist_size = MAX_CPUS * 0x20000;
	for (unsigned i = 0; i < MAX_CPUS; i++)
		c.mpidr[i] = (uint64_t)0xff << 32 | 0xffff00 | i;
	c.pci_probe_only = c.has_seed = true;
	build(&c);
	CU_ASSERT_TRUE(fdt_totalsize(tree) < GUEST_FDT_SIZE / 2);
}

void suite_guest_fdt(void)
{
	static const struct unit_test tests[] = {
		TEST(root_and_chosen),
		TEST(memory_and_cpus),
		TEST(interrupt_controller_and_timer),
		TEST(each_kind_of_uart),
		TEST(host_bridge),
		TEST(v2_dma_ranges_tell_where_devices_find_memory),
		TEST(pins_are_wired_to_four_lines),
		TEST(dtc_has_no_complaints),
		TEST(dtc_would_complain),
		TEST(contradictions_are_refused),
		TEST(a_buffer_too_small_is_said_and_not_overrun),
		TEST(the_promised_size_suffices),
	};

	unit_suite("guest_fdt", tests, ARRAY_SIZE(tests));
}
