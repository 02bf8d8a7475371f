// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * INTx for a zone: the pin it sees, and when the hardware may raise it.
 *
 * The zone's host bridge has four lines, wired as common: device d's pin p raises line (d + p) mod 4, and a
 * bridge passes its devices' pins on rotated in the same way (PCI-to-PCI Bridge Architecture
 * Specification 1.2, 9.1). The life cycle says which line of the zone the function's physical one is
 * (struct pci_function, intx_line); the pin shown is the one that ends there. A function without a line
 * shows no pin, and INTx Disable stays set in it.
 *
 * The zone's INTx Disable is a shadow. In hardware it is off only while the zone has it off, has neither
 * MSI nor MSI-X on, and the function is neither lost nor under reset; everything else that writes Command
 * sets it (reset.c). Locking: vpci->lock is held. PCIe Base Specification, 7.5.1.1.3 and 6.1.
 */
#include "vpci.h"

#include <linux/pci_regs.h>

void vpci_intx_choose_pin(struct vpci_function *fn)
{
	unsigned devices = fn->devfn >> 3, line;

	fn->intx_pin = 0;
	if (!fn->f->intx_line)
		return;
	if (fn->port)
		devices += fn->port->devfn >> 3;
	line = fn->f->intx_line - 1u;
	fn->intx_pin = (uint8_t)(1 + (line - devices) % PCI_INTX_LINES);
}

void vpci_intx_build(struct vpci_function *fn)
{
	if (!fn->intx_pin)
		return;
	vpci_list(fn, PCI_INTERRUPT_PIN, 1, VPCI_CONSTANT, UINT8_MAX, fn->intx_pin);
	vpci_list(fn, PCI_STATUS, 2, VPCI_LIVE, PCI_STATUS_INTERRUPT, 0);
}

void vpci_intx_apply(struct vpci_function *fn)
{
	bool wanted = !(vpci_get(fn, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE);

	if (!fn->intx_pin)
		return;
	pci_set_intx(fn->f, wanted && !fn->resetting && !fn->dead && !vpci_msi_enabled(fn) &&
				    !vpci_msix_enabled(fn));
}
