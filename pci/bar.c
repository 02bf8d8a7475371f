// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Base address registers: kind and size, found once at boot with decode off; and the one place that
 * writes an address into one. PCI Local Bus 3.0, 6.2.5; PCIe Base Specification, 7.5.1.2.1.
 */
#include "scan.h"

#include <linux/pci_regs.h>

#define BAR_REG(i)   (PCI_BASE_ADDRESS_0 + 4 * (i))
/* A bridge has two BARs, a CardBus bridge one, an endpoint six. */
#define BRIDGE_BARS  2u
#define CARDBUS_BARS 1u
#define BAR_IO_MASK  0xfffffffcu
#define BAR_MEM_MASK 0xfffffff0u
#define BAR_IO_LOW   0x0000fffcu /* many I/O BARs have 16 bits only */

static unsigned bar_count(const struct pci_function *f)
{
	switch (f->header_type & 0x7f) {
	case PCI_HEADER_TYPE_NORMAL:
		return PCI_BAR_COUNT;
	case PCI_HEADER_TYPE_BRIDGE:
		return BRIDGE_BARS;
	default:
		return CARDBUS_BARS;
	}
}

static unsigned rom_register(const struct pci_function *f)
{
	switch (f->header_type & 0x7f) {
	case PCI_HEADER_TYPE_NORMAL:
		return PCI_ROM_ADDRESS;
	case PCI_HEADER_TYPE_BRIDGE:
		return PCI_ROM_ADDRESS1;
	default:
		return 0;
	}
}

/* Writes all-ones, reads what stuck, puts the old value back. */
static uint32_t probe(const struct pci_function *f, unsigned reg, uint32_t pattern, uint32_t old)
{
	uint32_t got;

	pci_write32(f, reg, pattern);
	got = pci_read32(f, reg);
	pci_write32(f, reg, old);
	return got;
}

/* The lowest address bit that can be written is the size; 0: nothing can. */
static uint64_t lowest_bit(uint64_t mask)
{
	return mask & (~mask + 1);
}

static uint64_t fixed_size(const struct pci_function *f, unsigned index)
{
	const struct pci_quirks *q = f->host->quirks;

	return q && q->fixed_bar_size ? q->fixed_bar_size(f->host, f->vendor, f->device, index) : 0;
}

bool pci_bar_is_fixed(const struct pci_function *f, const struct pci_bar *bar)
{
	return bar >= f->bars && bar < f->bars + PCI_BAR_COUNT &&
	       fixed_size(f, (unsigned)(bar - f->bars)) != 0;
}

/* Fills one BAR; returns how many registers it takes. */
static unsigned capture_bar(struct pci_function *f, unsigned i, unsigned count)
{
	struct pci_bar *bar = &f->bars[i];
	uint64_t fixed = fixed_size(f, i);
	uint32_t old = pci_read32(f, BAR_REG(i)), high = 0;
	bool wide = (old & PCI_BASE_ADDRESS_SPACE) == PCI_BASE_ADDRESS_SPACE_MEMORY &&
		    (old & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
	uint64_t mask;

	if (fixed && (!old || (old & PCI_BASE_ADDRESS_SPACE) == PCI_BASE_ADDRESS_SPACE_IO))
		return 1;
	if ((old & PCI_BASE_ADDRESS_SPACE) == PCI_BASE_ADDRESS_SPACE_IO) {
		mask = probe(f, BAR_REG(i), UINT32_MAX, old) & BAR_IO_MASK;
		bar->size = lowest_bit(mask & BAR_IO_LOW);
		if (bar->size) {
			bar->kind = PCI_BAR_IO;
			bar->bus = old & BAR_IO_MASK;
		}
		return 1;
	}
	if (wide && i + 1 == count) {
		host_log(LOG_WARN,
			 "pci " SBDF_FMT ": BAR%u claims 64 bits but is the last, ignored",
			 SBDF_ARG(f->sbdf), i);
		return 1;
	}
	if (wide)
		high = pci_read32(f, BAR_REG(i + 1));
	if (fixed) {
		bar->size = fixed;
	} else {
		mask = probe(f, BAR_REG(i), UINT32_MAX, old) & BAR_MEM_MASK;
		if (wide)
			mask |= (uint64_t)probe(f, BAR_REG(i + 1), UINT32_MAX, high) << 32;
		bar->size = lowest_bit(mask);
	}
	if (bar->size) {
		bar->kind = wide ? PCI_BAR_MEM64 : PCI_BAR_MEM32;
		bar->prefetchable = old & PCI_BASE_ADDRESS_MEM_PREFETCH;
		bar->bus = (old & BAR_MEM_MASK) | (uint64_t)high << 32;
	}
	return wide ? 2 : 1;
}

static void capture_rom(struct pci_function *f)
{
	unsigned reg = rom_register(f), i;
	uint32_t mask;

	if (!reg)
		return;
	for (i = 0; i < PCI_BAR_COUNT; i++)
		if (fixed_size(f, i))
			return;
	/* Left at 0, disabled, for good: no zone gets a ROM, and none is shadowed. */
	mask = probe(f, reg, PCI_ROM_ADDRESS_MASK, 0) & PCI_ROM_ADDRESS_MASK;
	if (mask) {
		f->rom.kind = PCI_BAR_MEM32;
		f->rom.size = lowest_bit(mask);
	}
}

void pci_capture_bars(struct pci_function *f)
{
	unsigned count = bar_count(f), i;

	for (i = 0; i < count;)
		i += capture_bar(f, i, count);
	capture_rom(f);
}

void pci_write_bar(const struct pci_function *f, unsigned index, uint64_t bus)
{
	pci_write32(f, BAR_REG(index), (uint32_t)bus);
	if (f->bars[index].kind == PCI_BAR_MEM64)
		pci_write32(f, BAR_REG(index + 1), (uint32_t)(bus >> 32));
}
