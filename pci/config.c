// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Config accesses in the widths the machine has.
 *
 * Contract: postern/pci.h. No lock of its own: at boot there is one CPU; later a function has one
 * user at a time (its zone's vpci under that lock, or the life cycle). An accessor with state of
 * its own locks inside.
 *
 * A machine with wide accesses only turns a narrow write into a read-modify-write. Writing back
 * what was read would clear every neighbouring write-1-to-clear bit that happens to be set, so
 * those are written as 0 (PCI Local Bus 3.0, 6.2.3; PCIe Base Specification, 7.5.3). Which bits
 * those are depends on the header type and on where the PCIe and PM capabilities are, which is
 * looked up at each such write: config writes are rare, and such machines too.
 */
#include "scan.h"

#include <linux/pci_regs.h>

/* Status and Secondary Status: the error bits 15..11 and 8. */
#define STATUS_W1C 0xf900u
/* Device Status: correctable, non-fatal, fatal, unsupported request detected. */
#define DEVSTA_W1C 0x000fu
/* Link Status: bandwidth management and autonomous bandwidth status. */
#define LNKSTA_W1C 0xc000u
/* Slot Status: bits 4..0 and 8, event bits. */
#define SLTSTA_W1C 0x011fu
#define PMCSR_W1C  0x8000u

#define ALL_ONES(size) ((size) == 4 ? UINT32_MAX : BIT32(8 * (size)) - 1)

static bool reachable(const struct pci_host *h, sbdf_t fn)
{
	if (sbdf_segment(fn) != h->segment || sbdf_bus(fn) < h->bus_first ||
	    sbdf_bus(fn) > h->bus_last)
		return false;
	return !(h->quirks && h->quirks->hidden && h->quirks->hidden(h, fn));
}

static bool legal(unsigned offset, unsigned size)
{
	return (size == 1 || size == 2 || size == 4) && is_aligned(offset, size) &&
	       offset < PCI_CONFIG_SIZE;
}

/*
 * The width to use for an access of `size`: itself, else the next wider, else the next narrower
 * one.
 */
static unsigned pick_width(const struct pci_host *h, unsigned size)
{
	unsigned w;

	for (w = size; w <= 4; w *= 2)
		if (h->widths & w)
			return w;
	for (w = size / 2; w; w /= 2)
		if (h->widths & w)
			return w;
	return 0;
}
_Static_assert(BIT32(0) == 1 && BIT32(1) == 2 && BIT32(2) == 4, "widths bit n is 2^n bytes");

uint32_t pci_config_read(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size)
{
	unsigned width, i;
	uint32_t value;

	if (!legal(offset, size))
		return UINT32_MAX;
	width = pick_width(h, size);
	if (!width || !reachable(h, fn))
		return ALL_ONES(size);
	if (width >= size) {
		unsigned base = offset & ~(width - 1);

		value = h->config->read(h, fn, base, width);
		return value >> 8 * (offset - base) & ALL_ONES(size);
	}
	for (value = 0, i = 0; i < size; i += width)
		value |= (h->config->read(h, fn, offset + i, width) & ALL_ONES(width)) << 8 * i;
	return value;
}

/* Write-1-to-clear bits of the dword at `base`. */
static uint32_t w1c_bits(const struct pci_host *h, sbdf_t fn, unsigned base)
{
	unsigned seen = 0, cap = 0;
	uint8_t id;

	if (base == PCI_COMMAND)
		return STATUS_W1C << 16;
	if (base == PCI_IO_BASE) {
		uint8_t type = (uint8_t)pci_config_read(h, fn, PCI_HEADER_TYPE, 1);

		return (type & 0x7f) == PCI_HEADER_TYPE_BRIDGE ? STATUS_W1C << 16 : 0;
	}
	if (base < CLASSIC_FIRST || base >= CLASSIC_END)
		return 0;
	while (pci_next_classic(h, fn, &seen, &cap, &id)) {
		if (id == PCI_CAP_ID_EXP) {
			if (base == cap + PCI_EXP_DEVCTL)
				return DEVSTA_W1C << 16;
			if (base == cap + PCI_EXP_LNKCTL)
				return LNKSTA_W1C << 16;
			if (base == cap + PCI_EXP_SLTCTL)
				return SLTSTA_W1C << 16;
		} else if (id == PCI_CAP_ID_PM && base == cap + PCI_PM_CTRL) {
			return PMCSR_W1C;
		}
	}
	return 0;
}

void pci_config_write(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size,
		      uint32_t value)
{
	unsigned width, i;

	if (!legal(offset, size))
		return;
	width = pick_width(h, size);
	if (!width || !reachable(h, fn))
		return;
	if (width == size) {
		h->config->write(h, fn, offset, size, value & ALL_ONES(size));
	} else if (width > size) {
		unsigned dword = offset & ~3u, base = offset & ~(width - 1);
		unsigned shift = 8 * (offset - base);
		uint32_t mine = ALL_ONES(size) << shift;
		uint32_t w1c = w1c_bits(h, fn, dword) >> 8 * (base - dword);
		uint32_t old = h->config->read(h, fn, base, width);

		value = (old & ~mine & ~w1c) | (value << shift & mine);
		h->config->write(h, fn, base, width, value & ALL_ONES(width));
	} else {
		for (i = 0; i < size; i += width)
			h->config->write(h, fn, offset + i, width,
					 value >> 8 * i & ALL_ONES(width));
	}
}

uint8_t pci_read8(const struct pci_function *f, unsigned offset)
{
	return (uint8_t)pci_config_read(f->host, f->sbdf, offset, 1);
}

uint16_t pci_read16(const struct pci_function *f, unsigned offset)
{
	return (uint16_t)pci_config_read(f->host, f->sbdf, offset, 2);
}

uint32_t pci_read32(const struct pci_function *f, unsigned offset)
{
	return pci_config_read(f->host, f->sbdf, offset, 4);
}

void pci_write8(const struct pci_function *f, unsigned offset, uint8_t value)
{
	pci_config_write(f->host, f->sbdf, offset, 1, value);
}

void pci_write16(const struct pci_function *f, unsigned offset, uint16_t value)
{
	pci_config_write(f->host, f->sbdf, offset, 2, value);
}

void pci_write32(const struct pci_function *f, unsigned offset, uint32_t value)
{
	pci_config_write(f->host, f->sbdf, offset, 4, value);
}

void pci_update16(const struct pci_function *f, unsigned offset, uint16_t clear, uint16_t set)
{
	uint16_t old = pci_read16(f, offset);
	uint16_t new = (uint16_t)((old & ~clear) | set);

	if (new != old)
		pci_write16(f, offset, new);
}
