// SPDX-License-Identifier: GPL-2.0-or-later
/* What the reasons for leaving a zone are called in reports: enum exit_reason of <hv/hv.h>. */
#include <hv/hv.h>

const char *const exit_reason_names[EXIT_REASONS] = {
	[EXIT_IRQ_TIMER] = "timer",   [EXIT_IRQ_MSI] = "msi",
	[EXIT_IRQ_LINE] = "line",     [EXIT_IRQ_KICK] = "kick",
	[EXIT_IRQ_HOST] = "host-irq", [EXIT_PCI_CONFIG] = "pci-config",
	[EXIT_PCI_BAR] = "pci-bar",   [EXIT_INTC] = "intc",
	[EXIT_CONSOLE] = "console",   [EXIT_SGI] = "sgi",
	[EXIT_SYSREG] = "sysreg",     [EXIT_FIRMWARE] = "firmware",
	[EXIT_UNMAPPED] = "unmapped", [EXIT_OTHER] = "other",
};
