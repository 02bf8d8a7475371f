// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A board with a 2K2000: two cores and the bridge on one die, without HyperTransport and without an
 * IOMMU. A skeleton: compiled, proven on a model, not tried on a board.
 *
 * Nothing keeps a device from any memory here, so none is assigned to any zone (invariant V11).
 */
#include <postern/loongson.h>

#define CONFIG   ((hpa_t)0xfe00000000)
#define PCH_PIC  ((hpa_t)0x10000000)
#define PM_BLOCK ((hpa_t)0x100d0000)
#define UART0    ((hpa_t)0x1fe001e0)
#define DOORBELL ((hpa_t)0x1fe01140) /* the CPU's own: a vector number written here is raised */

#define PM_PM1_CNT   0x14u
#define PM_SLEEP_OFF MASK32(13, 10)
#define PM_RST_CNT   0x30u
#define PM_RST       BIT32(0)

#define LIO_GSI(n)   (16 + (n))
#define PCH_GSI_BASE 64u

#define ALL_PINS(n) { n, n, n, n }

/* From 0x7999_0000 on there are eMMC controllers. */
static const struct loongson_window windows[] = {
	{ .kind = PCI_WINDOW_MEM32, .bus = 0x60000000, .size = 0x10000000 },
	{ .kind = PCI_WINDOW_IO, .bus = 0x8000, .size = 0x8000, .cpu = 0x18408000 },
};

static const struct loongson_intx intx[] = {
	{ 0x03, { 12, 14, 17 } }, { 0x04, { 48 } },       { 0x06, { 0, 28 } },
	{ 0x08, { 16 } },         { 0x09, ALL_PINS(32) }, { 0x0a, ALL_PINS(33) },
	{ 0x0b, ALL_PINS(34) },   { 0x0c, ALL_PINS(35) }, { 0x0d, ALL_PINS(36) },
	{ 0x0e, ALL_PINS(37) },   { 0x0f, ALL_PINS(40) }, { 0x10, ALL_PINS(30) },
	{ 0x19, { 22 } },
};

static const struct loongson_board board = {
	.name = "loongarch-2k2000",
	.model = "Loongson 2K2000",
	.cpu_name = "2K2000",
	.compatible = "loongson,ls2k2000",
	.memory = { .base = 0x200000, .size = 0x0ee00000 },
	.config_base = CONFIG,
	.quirks = &ls7a_quirks,
	.windows = windows,
	.window_count = ARRAY_SIZE(windows),
	.intx = intx,
	.intx_count = ARRAY_SIZE(intx),
	.has_iommu = false,
	.iommu = SBDF_NONE,
	.doorbell = DOORBELL,
	.msi_first = 64,
	.msi_count = 192,
	.interrupts = {
		.vectors = 256,
		.eio_pin = 1,
		.lio_pin = 0,
		.pch_pics = { { .base = PCH_PIC, .size = 0x400, .gsi_base = PCH_GSI_BASE } },
		.pch_pic_count = 1,
	},
	.uarts = { { .kind = UART_16550, .base = UART0, .size = 0x10, .irq = LIO_GSI(10),
		     .clock_hz = 100000000 } },
	.uart_count = 1,
	.reset = { .address = PM_BLOCK + PM_RST_CNT, .width = 4, .mask = PM_RST, .value = PM_RST },
	.power_off = { .address = PM_BLOCK + PM_PM1_CNT, .width = 4, .mask = PM_SLEEP_OFF,
		       .value = PM_SLEEP_OFF },
};

static bool match(const struct boot_info *boot)
{
	return loongson_match(&board, boot);
}

static int discover(const struct boot_info *boot, struct machine *m)
{
	return loongson_discover(&board, boot, m);
}

const struct platform platform_loongarch_2k2000 = {
	.name = "loongarch-2k2000",
	.match = match,
	.discover = discover,
};
