// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A board with a 3A6000 and an LS7A2000 behind its HyperTransport (docs/boards/3a6000.md,
 * docs/hardware/ls7a2000.md). Firmware's tables describe it; the numbers here are for what they
 * leave out. Boot CPU only.
 */
#include <postern/loongson.h>

#define HT_CONFIG ((hpa_t)0xefe00000000) /* HyperTransport's 0xfe_0000_0000 behind its prefix */
#define PCH_PIC   ((hpa_t)0x10000000)
#define COM1      ((hpa_t)0x10080000)
#define PM_BLOCK  ((hpa_t)0x100d0000)
#define UART0     ((hpa_t)0x1fe001e0)
#define DOORBELL  ((hpa_t)0x2ff00000)

/* Of the power management block. */
#define PM_PM1_CNT   0x14u
#define PM_SLEEP_OFF MASK32(13, 10) /* sleep enable and the type that means off */
#define PM_RST_CNT   0x30u
#define PM_RST       BIT32(0)

#define LIO_GSI(n)   (16 + (n))
#define PCH_GSI_BASE 64u
#define PCH_GSI(n)   (PCH_GSI_BASE + (n))

#define ALL_PINS(n) { n, n, n, n }

/*
 * Below 0x4000_0000 are large BARs (a GPU's memory) that firmware puts there; only the bridge's
 * prefix is known to lead to them. The doorbell between them is nobody's BAR.
 */
static const struct loongson_window windows[] = {
	{ .kind = PCI_WINDOW_MEM32, .bus = 0x40000000, .size = 0x40000000, .cpu = 0x40000000 },
	{ .kind = PCI_WINDOW_MEM32, .bus = 0x30000000, .size = 0x10000000 },
	{ .kind = PCI_WINDOW_MEM32, .bus = 0x20000000, .size = 0x0ff00000 },
	{ .kind = PCI_WINDOW_IO, .bus = 0x8000, .size = 0x8000, .cpu = 0x18408000 },
};
_Static_assert(ARRAY_SIZE(windows) <= MAX_PCI_WINDOWS, "they all fit");

/* A function raises the input of the pin it has (1 + its number, by quirk), a port one for all. */
static const struct loongson_intx intx[] = {
	{ 0x03, { 12, 14 } },     { 0x04, { 49, 48 } },   { 0x05, { 51, 50 } },
	{ 0x06, { 29, 28, 23 } }, { 0x08, { 16 } },       { 0x09, ALL_PINS(32) },
	{ 0x0a, ALL_PINS(33) },   { 0x0b, ALL_PINS(34) }, { 0x0c, ALL_PINS(35) },
	{ 0x0d, ALL_PINS(36) },   { 0x0e, ALL_PINS(37) }, { 0x0f, ALL_PINS(40) },
	{ 0x10, ALL_PINS(41) },   { 0x11, ALL_PINS(42) }, { 0x12, ALL_PINS(43) },
	{ 0x13, ALL_PINS(38) },   { 0x14, ALL_PINS(39) }, { 0x19, { 22 } },
};

static const struct loongson_board board = {
	.name = "loongarch-3a6000",
	.model = "Loongson 3A6000 with LS7A2000",
	.cpu_name = "3A6000",
	/* Firmware keeps what is below and above. */
	.memory = { .base = 0x200000, .size = 0x0ee00000 },
	.config_base = HT_CONFIG,
	.quirks = &ls7a_quirks,
	.windows = windows,
	.window_count = ARRAY_SIZE(windows),
	.intx = intx,
	.intx_count = ARRAY_SIZE(intx),
	.has_iommu = true,
	.iommu = 0x1a << 3, /* 00:1a.0 */
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
	/*
	 * COM1, the bridge's, is root's: the page it is in holds UARTs only. UART0 shares one with
	 * the CPU's configuration.
	 */
	.uarts = {
		{ .kind = UART_16550, .base = COM1, .size = 0x100, .irq = PCH_GSI(8),
		  .clock_hz = 50000000 },
		{ .kind = UART_16550, .base = UART0, .size = 0x10, .irq = LIO_GSI(10),
		  .clock_hz = 100000000 },
	},
	.uart_count = 2,
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

const struct platform platform_loongarch_3a6000 = {
	.name = "loongarch-3a6000",
	.match = match,
	.discover = discover,
};
