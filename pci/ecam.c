// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ECAM (PCIe Base Specification, 7.2.2): one 4 KiB page per function, address = base + bus << 20 |
 * device << 15 | function << 12 | offset. Contract: struct pci_config_ops. Any context, no lock:
 * each access is one bus transaction.
 */
#include <postern/pci.h>

#include <postern/arch.h>

#define ECAM_BUS_SHIFT   20
#define ECAM_DEVFN_SHIFT 12

/* Where the register is, or 0 when it lies outside the window the firmware described. */
static hpa_t ecam_address(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size)
{
	uint64_t at = (uint64_t)(sbdf_bus(fn) - h->bus_first) << ECAM_BUS_SHIFT |
		      (uint64_t)sbdf_devfn(fn) << ECAM_DEVFN_SHIFT | offset;

	return range_inside(at, size, 0, h->config_size) ? h->config_base + at : 0;
}

static uint32_t ecam_read(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size)
{
	hpa_t at = ecam_address(h, fn, offset, size);

	if (!at)
		return UINT32_MAX;
	switch (size) {
	case 1:
		return mmio_read8(at);
	case 2:
		return mmio_read16(at);
	default:
		return mmio_read32(at);
	}
}

static void ecam_write(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size,
		       uint32_t value)
{
	hpa_t at = ecam_address(h, fn, offset, size);

	if (!at)
		return;
	switch (size) {
	case 1:
		mmio_write8(at, (uint8_t)value);
		break;
	case 2:
		mmio_write16(at, (uint16_t)value);
		break;
	default:
		mmio_write32(at, value);
		break;
	}
}

const struct pci_config_ops pci_ecam_ops = {
	.name = "ecam",
	.read = ecam_read,
	.write = ecam_write,
};
