// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A board with one or more 3C6000: PCIe root ports and IOMMUs in the CPU, no HyperTransport, an
 * LS7A2000 behind PCIe, a PCI segment per node. A skeleton: compiled, proven on a model, not tried
 * on a board.
 *
 * Where config space is, and which IOMMU sees whom, only firmware's tables say.
 */
#include <postern/loongson.h>

#include <linux/pci_regs.h>

#define PCH_PIC  ((hpa_t)0x10000000)
#define PM_BLOCK ((hpa_t)0x100d0000)
#define UART0    ((hpa_t)0x1fe001e0)
#define DOORBELL ((hpa_t)0x2ff00000)

#define PM_PM1_CNT   0x14u
#define PM_SLEEP_OFF MASK32(13, 10)
#define PM_RST_CNT   0x30u
#define PM_RST       BIT32(0)

#define LIO_GSI(n)   (16 + (n))
#define PCH_GSI_BASE 64u

/*
 * The port of an LS7A through which it hangs off a CPU shows there, as a host bridge in the first
 * place of the root bus.
 */
#define UPLINK_7A59 0x7a59

static bool is_uplink(const struct pci_host *h, sbdf_t fn, uint16_t vendor, uint16_t device)
{
	return vendor == LOONGSON_VENDOR && device == UPLINK_7A59 && sbdf_bus(fn) == h->bus_first &&
	       !sbdf_devfn(fn);
}

static bool part_of_machine(const struct pci_host *h, sbdf_t fn, uint16_t vendor, uint16_t device)
{
	return is_uplink(h, fn, vendor, device) || ls7a_part_of_machine(h, fn, vendor, device);
}

/* With its MSI Enable off it forwards no message of anything behind it. */
static void prepare(struct pci_function *f)
{
	const unsigned flags = f->caps.msi + PCI_MSI_FLAGS;
	uint32_t control;

	if (!is_uplink(f->host, f->sbdf, f->vendor, f->device))
		return;
	if (!f->caps.msi) {
		host_log(LOG_WARN,
			 "pci " SBDF_FMT
			 ": the LS7A's uplink has no MSI capability: messages of what is "
			 "behind it may not arrive",
			 SBDF_ARG(f->sbdf));
		return;
	}
	control = pci_config_read(f->host, f->sbdf, flags, 2);
	pci_config_write(f->host, f->sbdf, flags, 2, control | PCI_MSI_FLAGS_ENABLE);
}

static const struct pci_quirks quirks = {
	.hidden = ls7a_hidden,
	.part_of_machine = part_of_machine,
	.prepare = prepare,
	.one_device = ls7a_one_device,
	.ports_isolate = ls7a_ports_isolate,
	.class_code = ls7a_class_code,
	.interrupt_pin = ls7a_interrupt_pin,
	.no_d_states = ls7a_no_d_states,
	.keeps_read_request = ls7a_keeps_read_request,
};

static const struct loongson_window windows[] = {
	{ .kind = PCI_WINDOW_MEM32, .bus = 0x40000000, .size = 0x40000000 },
};

static const struct loongson_board board = {
	.name = "loongarch-3c6000",
	.model = "Loongson 3C6000",
	.cpu_name = "3C6000",
	.memory = { .base = 0x200000, .size = 0x0ee00000 },
	.config_base = 0,
	.quirks = &quirks,
	.windows = windows,
	.window_count = ARRAY_SIZE(windows),
	.has_iommu = true,
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

const struct platform platform_loongarch_3c6000 = {
	.name = "loongarch-3c6000",
	.match = match,
	.discover = discover,
};
