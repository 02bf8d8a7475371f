// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The function behind the screen. A framebuffer that firmware set up is memory of a display
 * controller (a BAR), or of the machine. A BAR's decoder must be on to draw; it is turned on again
 * after the scan, Bus Master stays off. When the function is assigned to a zone, the screen is the
 * zone's, for good.
 *
 * Caller context: boot CPU; display_ours() any CPU, no lock is taken.
 */
#include <hv/hv.h>

#include "console.h"
#include "screen.h"

static struct {
	bool suspended;
	struct pci_function *function; /* NULL: memory of the machine */
} display;

bool display_ours(void)
{
	return !display.function || display.function->state == DEVICE_QUARANTINED;
}

static bool holds(const struct pci_function *f, hpa_t base, uint64_t size)
{
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		const struct pci_bar *b = &f->bars[i];

		if (b->size && b->kind != PCI_BAR_IO && range_inside(base, size, b->cpu, b->size))
			return true;
	}
	return false;
}

static bool in_window(hpa_t base)
{
	for (unsigned i = 0; i < hv.machine.host_count; i++) {
		const struct pci_host *h = &hv.machine.hosts[i];

		for (unsigned w = 0; w < h->window_count; w++)
			if (h->windows[w].kind != PCI_WINDOW_IO &&
			    range_inside(base, 1, h->windows[w].cpu, h->windows[w].size))
				return true;
	}
	return false;
}

void display_suspend(void)
{
	display.suspended = screen_info() != NULL;
	if (display.suspended)
		console_screen_off();
}

void display_resume(void)
{
	const struct screen_info *s = screen_info();

	if (!display.suspended)
		return;
	for (unsigned i = 0; i < hv.pci.count && !display.function; i++)
		if (holds(&hv.pci.functions[i], s->base, s->size))
			display.function = &hv.pci.functions[i];
	if (!display.function && in_window(s->base)) {
		host_log(LOG_WARN,
			 "screen: no function has the framebuffer at 0x%lx any more: it stays dark",
			 (unsigned long)s->base);
		return;
	}
	if (display.function && pci_set_memory_decode(display.function, true)) {
		host_log(LOG_WARN, "screen: " SBDF_FMT " does not decode any more: it stays dark",
			 SBDF_ARG(display.function->sbdf));
		return;
	}
	console_screen_on();
}
