// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gathers what the manifest's rules need to know of the running machine: quantities, devices, the
 * zones' address space, and the host addresses that are no PCI device's. See manifest_machine.h.
 */
#include "manifest_machine.h"

#include <hv/hv.h>

#define MAX_RESERVED \
	(2 * MAX_MEMORY_REGIONS + 2 + MAX_UARTS + MAX_IOMMUS + MAX_MSI_UNITS + MAX_PCI_HOSTS)

static struct manifest_region reserved[MAX_RESERVED], doorbells[MAX_MSI_UNITS];
static struct manifest_layout layout;
static struct manifest_machine view;
static unsigned slots[MAX_IOMMUS];

static void reserve(hpa_t base, uint64_t size, const char *what)
{
	if (size && view.reserved_count < MAX_RESERVED)
		reserved[view.reserved_count++] =
			(struct manifest_region){ .base = base, .size = size, .what = what };
}

static void reserve_all(const struct machine *m)
{
	for (unsigned i = 0; i < m->memory_count; i++)
		reserve(m->memory[i].base, m->memory[i].size, "memory");
	for (unsigned i = 0; i < m->reserved_count; i++)
		reserve(m->reserved[i].base, m->reserved[i].size, "what firmware reserves");
	reserve(m->intc.dist_base, m->intc.dist_size, "the interrupt controller");
	reserve(m->intc.redist_base, m->intc.redist_size, "the interrupt controller");
	for (unsigned i = 0; i < m->uart_count; i++)
		reserve(m->uarts[i].base, m->uarts[i].size, "a UART");
	for (unsigned i = 0; i < m->iommu_count; i++)
		reserve(m->iommus[i].base, m->iommus[i].size, "an IOMMU");
	for (unsigned i = 0; i < m->msi_unit_count; i++)
		reserve(m->msi_units[i].base, m->msi_units[i].size, "an MSI unit");
	for (unsigned i = 0; i < m->host_count; i++)
		reserve(m->hosts[i].config_base, m->hosts[i].config_size, "PCI config space");
}

static void lay_out(const struct machine *m)
{
	const struct vpci_layout *pci = arch_zone_vpci_layout();

	layout.ram = arch_zone_ram_base();
	layout.window32 =
		(struct manifest_region){ pci->mem32, pci->mem32_size, "32-bit PCI window" };
	layout.window64 =
		(struct manifest_region){ pci->mem64, pci->mem64_size, "64-bit PCI window" };
	layout.doorbells = doorbells;
	for (unsigned i = 0; i < m->msi_unit_count; i++) {
		struct manifest_region *d = &doorbells[layout.doorbell_count];

		m->msi_units[i].ops->doorbell(&m->msi_units[i], &d->base, &d->size);
		d->what = "MSI doorbell";
		layout.doorbell_count += d->size != 0;
	}
}

static void count_slots(const struct machine *m)
{
	struct iommu_limits limits;

	for (unsigned i = 0; i < m->iommu_count; i++) {
		limits.slots = 0;
		if (m->iommus[i].ops)
			m->iommus[i].ops->limits(&m->iommus[i], &limits);
		slots[i] = limits.slots;
	}
}

const struct manifest_machine *manifest_machine(void)
{
	view = (struct manifest_machine){
		.cpus = hv.machine.cpu_count,
		.memory = memory_free_bytes(),
		.devices = &hv.pci,
		.layout = &layout,
		.iommu_slots = slots,
		.iommu_count = hv.machine.iommu_count,
		.reserved = reserved,
	};
	layout = (struct manifest_layout){ 0 };
	reserve_all(&hv.machine);
	lay_out(&hv.machine);
	count_slots(&hv.machine);
	return &view;
}
