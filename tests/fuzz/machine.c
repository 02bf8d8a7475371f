// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes as the device tree firmware hands over: discovery refuses, or describes a machine whose every
 * count, range and index the engine can rely on.
 */
#include "fdt.h"
#include "host.h"

#include <postern/platform.h>
#include <string.h>

static void check_region(const char *what, uint64_t base, uint64_t size)
{
	FUZZ_CHECK(size && base + size - 1 >= base, "%s: 0x%llx + 0x%llx", what,
		   (unsigned long long)base, (unsigned long long)size);
}

static void check_maps(const struct pci_id_map *map, unsigned count, unsigned units)
{
	FUZZ_CHECK(count <= MAX_ID_MAPS, "%u maps", count);
	for (unsigned i = 0; i < count; i++)
		FUZZ_CHECK(map[i].unit < units && map[i].length, "unit %u of %u, %u ids",
			   map[i].unit, units, map[i].length);
}

static void check_host(const struct machine *m, const struct pci_host *h)
{
	FUZZ_CHECK(h->config && h->widths, "a host bridge without config access");
	FUZZ_CHECK(h->bus_first <= h->bus_last, "buses %u to %u", h->bus_first, h->bus_last);
	check_region("ECAM", h->config_base, h->config_size);
	FUZZ_CHECK(h->config_size >= (uint64_t)(h->bus_last - h->bus_first + 1u) << 20,
		   "an ECAM shorter than its buses");
	FUZZ_CHECK(h->window_count <= MAX_PCI_WINDOWS, "%u windows", h->window_count);
	for (unsigned i = 0; i < h->window_count; i++) {
		check_region("window", h->windows[i].cpu, h->windows[i].size);
		check_region("window on the bus", h->windows[i].bus, h->windows[i].size);
	}
	check_maps(h->iommu_map, h->iommu_map_count, m->iommu_count);
	check_maps(h->msi_map, h->msi_map_count, m->msi_unit_count);
}

static void check_machine(const struct machine *m)
{
	FUZZ_CHECK(m->memory_count && m->memory_count <= MAX_MEMORY_REGIONS, "%u pieces of memory",
		   m->memory_count);
	for (unsigned i = 0; i < m->memory_count; i++)
		check_region("memory", m->memory[i].base, m->memory[i].size);
	FUZZ_CHECK(m->reserved_count <= MAX_MEMORY_REGIONS, "%u reserved", m->reserved_count);
	for (unsigned i = 0; i < m->reserved_count; i++)
		check_region("reserved memory", m->reserved[i].base, m->reserved[i].size);
	FUZZ_CHECK(!m->bundle.size || m->bundle.base + m->bundle.size > m->bundle.base,
		   "a bundle that wraps");
	FUZZ_CHECK(m->cpu_count && m->cpu_count <= MAX_CPUS, "%u CPUs", m->cpu_count);
	for (unsigned i = 0; i < m->cpu_count; i++)
		for (unsigned j = 0; j < i; j++)
			FUZZ_CHECK(m->cpus[i].hw_id != m->cpus[j].hw_id, "CPU %u is CPU %u", i, j);
	check_region("distributor", m->intc.dist_base, m->intc.dist_size);
	check_region("redistributors", m->intc.redist_base, m->intc.redist_size);
	FUZZ_CHECK(m->uart_count <= MAX_UARTS, "%u UARTs", m->uart_count);
	for (unsigned i = 0; i < m->uart_count; i++)
		check_region("UART", m->uarts[i].base, m->uarts[i].size);
	FUZZ_CHECK(m->iommu_count <= MAX_IOMMUS && m->msi_unit_count <= MAX_MSI_UNITS &&
			   m->host_count <= MAX_PCI_HOSTS,
		   "%u IOMMUs, %u MSI units, %u host bridges", m->iommu_count, m->msi_unit_count,
		   m->host_count);
	for (unsigned i = 0; i < m->iommu_count; i++)
		check_region("IOMMU", m->iommus[i].base, m->iommus[i].size);
	for (unsigned i = 0; i < m->msi_unit_count; i++)
		check_region("MSI unit", m->msi_units[i].base, m->msi_units[i].size);
	for (unsigned i = 0; i < m->host_count; i++)
		check_host(m, &m->hosts[i]);
}

void fuzz_machine(const uint8_t *data, size_t size)
{
	static struct machine m;
	size_t length;
	void *fdt;
	struct boot_info boot;
	const struct platform *p;

	model_reset();
	fdt = fuzz_fdt(data, size, &length);
	boot = (struct boot_info){ .fdt = fdt, .fdt_size = length };
	p = platform_select(&boot);
	memset(&m, 0, sizeof(m));
	if (p && !p->discover(&boot, &m))
		check_machine(&m);
	else if (p)
		FUZZ_CHECK(model_log()[0], "refused without a word");
	free(fdt);
}
