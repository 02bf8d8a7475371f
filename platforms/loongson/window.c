// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loongson's config window, which is not ECAM (docs/hardware/ls7a2000.md, "Config space"):
 *
 *	28	0: the host bridge's own bus (type 0), 1: a bus below (type 1)
 *	27:24	register number, bits 11:8
 *	23:16	bus; 0 for type 0
 *	15:11	device
 *	10:8	function
 *	7:0	register number, bits 7:0
 *
 * Contract: struct pci_config_ops. Any context, no lock: each access is one bus transaction, but
 * for the one below.
 */
#include <postern/loongson.h>

#include <linux/pci_regs.h>
#include <postern/arch.h>

#define CONFIG_REG_LOW  MASK64(7, 0)
#define CONFIG_FUNCTION MASK64(10, 8)
#define CONFIG_DEVICE   MASK64(15, 11)
#define CONFIG_BUS      MASK64(23, 16)
#define CONFIG_REG_HIGH MASK64(27, 24)
#define CONFIG_TYPE1    BIT64(28)
_Static_assert((CONFIG_REG_LOW | CONFIG_FUNCTION | CONFIG_DEVICE | CONFIG_BUS | CONFIG_REG_HIGH |
		CONFIG_TYPE1) == LOONGSON_CONFIG_SIZE - 1,
	       "the fields fill the window");

static hpa_t address_of(const struct pci_host *h, sbdf_t fn, unsigned offset)
{
	uint64_t at = FIELD_PUT(CONFIG_REG_LOW, offset) | FIELD_PUT(CONFIG_REG_HIGH, offset >> 8) |
		      FIELD_PUT(CONFIG_DEVICE, sbdf_dev(fn)) |
		      FIELD_PUT(CONFIG_FUNCTION, sbdf_fn(fn));

	if (sbdf_bus(fn) != h->bus_first)
		at |= CONFIG_TYPE1 | FIELD_PUT(CONFIG_BUS, sbdf_bus(fn));
	return range_inside(at, sizeof(uint32_t), 0, h->config_size) ? h->config_base + at : 0;
}

static uint32_t read_at(hpa_t at, unsigned size)
{
	switch (size) {
	case 1:
		return mmio_read8(at);
	case 2:
		return mmio_read16(at);
	default:
		return mmio_read32(at);
	}
}

static void write_at(hpa_t at, unsigned size, uint32_t value)
{
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

/*
 * Some cards lose their bus number and answer 0 as their IDs, which no function has, until
 * something is written to them. The IDs are read-only: writing them changes nothing else.
 */
static uint32_t read_ids(hpa_t at, unsigned size)
{
	uint32_t ids = read_at(at, size);

	if (ids)
		return ids;
	write_at(at, size, ids);
	return read_at(at, size);
}

static uint32_t window_read(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size)
{
	hpa_t at = address_of(h, fn, offset);

	if (!at)
		return UINT32_MAX;
	return offset == PCI_VENDOR_ID ? read_ids(at, size) : read_at(at, size);
}

static void window_write(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size,
			 uint32_t value)
{
	hpa_t at = address_of(h, fn, offset);

	if (at)
		write_at(at, size, value);
}

const struct pci_config_ops loongson_config_ops = {
	.name = "loongson",
	.read = window_read,
	.write = window_write,
};
