// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes as the device tree firmware hands over: discovery refuses, or describes a machine whose
 * every count, range and index the engine can rely on.
 */
#include "fdt.h"
#include "host.h"
#include "machine.h"

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
	FUZZ_CHECK(h->config != &pci_ecam_ops ||
			   h->config_size >= (uint64_t)(h->bus_last - h->bus_first + 1u) << 20,
		   "an ECAM shorter than its buses");
	FUZZ_CHECK(h->window_count <= MAX_PCI_WINDOWS, "%u windows", h->window_count);
	for (unsigned i = 0; i < h->window_count; i++) {
		check_region("window", h->windows[i].cpu, h->windows[i].size);
		check_region("window on the bus", h->windows[i].bus, h->windows[i].size);
	}
	check_maps(h->iommu_map, h->iommu_map_count, m->iommu_count);
	check_maps(h->msi_map, h->msi_map_count, m->msi_unit_count);
}

static void check_power(const struct power_register *r)
{
	if (!r->address && !r->width)
		return;
	FUZZ_CHECK(r->width == 1 || r->width == 2 || r->width == 4, "a register of %u bytes",
		   r->width);
	FUZZ_CHECK(!(r->address % r->width), "a register askew at 0x%llx",
		   (unsigned long long)r->address);
	FUZZ_CHECK(r->mask && !(r->value & ~r->mask) && (uint64_t)r->mask >> 8 * r->width == 0,
		   "value 0x%x, mask 0x%x", r->value, r->mask);
}

static void check_loongson(const struct machine *m)
{
	FUZZ_CHECK((m->loongson.vectors == 256 || m->loongson.vectors == 128) &&
			   m->loongson.eio_pin < 8 && m->loongson.lio_pin < 8,
		   "%u vectors on pin %u, LIOINTC on %u", m->loongson.vectors, m->loongson.eio_pin,
		   m->loongson.lio_pin);
	FUZZ_CHECK(m->loongson.pch_pic_count && m->loongson.pch_pic_count <= MAX_PCH_PICS,
		   "%u PCH-PICs", m->loongson.pch_pic_count);
	for (unsigned i = 0; i < m->loongson.pch_pic_count; i++)
		check_region("PCH-PIC", m->loongson.pch_pics[i].base, m->loongson.pch_pics[i].size);
	for (unsigned i = 0; i < m->msi_unit_count; i++)
		FUZZ_CHECK(m->msi_units[i].count &&
				   (uint64_t)m->msi_units[i].first + m->msi_units[i].count <= 256,
			   "vectors %u + %u", m->msi_units[i].first, m->msi_units[i].count);
	check_power(&m->reset);
	check_power(&m->power_off);
}

void fuzz_check_machine(const struct machine *m)
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
	if (m->loongson.vectors) {
		check_loongson(m);
	} else {
		check_region("distributor", m->intc.dist_base, m->intc.dist_size);
		check_region("redistributors", m->intc.redist_base, m->intc.redist_size);
	}
	FUZZ_CHECK(m->uart_count <= MAX_UARTS, "%u UARTs", m->uart_count);
	for (unsigned i = 0; i < m->uart_count; i++)
		check_region("UART", m->uarts[i].base, m->uarts[i].size);
	FUZZ_CHECK(m->iommu_count <= MAX_IOMMUS && m->msi_unit_count <= MAX_MSI_UNITS &&
			   m->host_count <= MAX_PCI_HOSTS,
		   "%u IOMMUs, %u MSI units, %u host bridges", m->iommu_count, m->msi_unit_count,
		   m->host_count);
	for (unsigned i = 0; i < m->iommu_count; i++)
		if (m->iommus[i].base || m->iommus[i].size)
			check_region("IOMMU", m->iommus[i].base, m->iommus[i].size);
	for (unsigned i = 0; i < m->msi_unit_count; i++)
		check_region("MSI unit", m->msi_units[i].base, m->msi_units[i].size);
	for (unsigned i = 0; i < m->host_count; i++)
		check_host(m, &m->hosts[i]);
}

/*
 * Config space wherever the tree says it is: functions that are not there, and an IOMMU in every
 * eighth slot.
 */
static uint64_t config_read(void *ctx, uint64_t offset, unsigned size)
{
	(void)ctx;
	return size == 4 && (offset & 0x3ffff) == 0 ? 0x10571af4 : ~UINT64_C(0);
}

static void config_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	(void)ctx;
	FUZZ_CHECK(false, "discovery writes 0x%llx to config space at 0x%llx, %u bytes",
		   (unsigned long long)value, (unsigned long long)offset, size);
}

void fuzz_config_space(void)
{
	static const struct model_mmio_ops config = { .read = config_read, .write = config_write };

	model_mmio_add(0, UINT64_MAX, &config, NULL);
}

void fuzz_machine(const uint8_t *data, size_t size)
{
	static struct machine m;
	size_t length;
	void *fdt;
	struct boot_info boot;
	const struct platform *p;

	model_reset();
	fuzz_config_space();
	fdt = fuzz_fdt(data, size, &length);
	boot = (struct boot_info){ .fdt = fdt, .fdt_size = length };
	p = platform_select(&boot);
	memset(&m, 0, sizeof(m));
	if (p && !p->discover(&boot, &m))
		fuzz_check_machine(&m);
	else if (p)
		FUZZ_CHECK(model_log()[0], "refused without a word");
	free(fdt);
}
