// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Config space as software without a kernel uses it: ECAM, the capability list, MSI-X, FLR.
 * PCI Express Base Specification 4.0, 7.5 (header, PCI Express capability), 7.7.2 (MSI-X), 6.6.2
 * (function-level reset).
 */
#include "baremetal.h"

#define ECAM_BASE  0x20000000u
#define ECAM_BUSES 64u

#define VENDOR_ID          0x00u
#define COMMAND            0x04u
#define STATUS             0x06u
#define STATUS_LIST        0x10u
#define CLASS_REVISION     0x08u
#define BAR0               0x10u
#define BAR_TYPE_MASK      0x7u
#define BAR_64BIT          0x4u
#define BAR_IO             0x1u
#define SECONDARY_BUS      0x19u
#define CAPABILITIES       0x34u
#define CAP_MSIX           0x11u
#define CAP_EXPRESS        0x10u
#define DEVICE_CAP         0x04u
#define DEVICE_CAP_FLR     (1u << 28)
#define DEVICE_CONTROL     0x08u
#define DEVICE_CONTROL_FLR 0x8000u
#define MSIX_CONTROL       0x02u
#define MSIX_ENABLE        0x8000u
#define MSIX_ALL_MASKED    0x4000u
#define MSIX_TABLE         0x04u
#define MSIX_PBA           0x08u
#define MSIX_BIR           0x7u
#define ENTRY_MASKED       0x1u
#define CLASS_BRIDGE       0x0604u
#define NOBODY             0xffffffffu

/* 6.6.2: software waits 100 ms; then the function may ask for more, at most 1 s. */
#define FLR_WAIT_MS    100u
#define FLR_TIMEOUT_MS 2000u

static uint64_t config_at(unsigned bus, unsigned device)
{
	return ECAM_BASE + ((uint64_t)bus << 20) + ((uint64_t)device << 15);
}

uint32_t config_read32(const struct function *f, unsigned offset)
{
	return read32(f->config + offset);
}

uint16_t config_read16(const struct function *f, unsigned offset)
{
	return *(volatile uint16_t *)(uintptr_t)(f->config + offset);
}

void config_write16(const struct function *f, unsigned offset, uint16_t value)
{
	__asm__ volatile("dsb sy" ::: "memory");
	*(volatile uint16_t *)(uintptr_t)(f->config + offset) = value;
}

static unsigned capability(const struct function *f, unsigned id)
{
	unsigned at =
		config_read16(f, STATUS) & STATUS_LIST ? config_read32(f, CAPABILITIES) & 0xfcu : 0;

	for (unsigned n = 0; at && n < 48; n++) {
		const uint16_t header = config_read16(f, at);

		if ((header & 0xffu) == id)
			return at;
		at = header >> 8 & 0xfcu;
	}
	return 0;
}

static void look(struct function *f)
{
	for (unsigned i = 0; i < BARS; i++) {
		const uint32_t low = config_read32(f, BAR0 + 4 * i);

		f->bar_raw[i] = low;
		f->bar[i] = 0;
		if (low & BAR_IO)
			continue;
		f->bar[i] = low & ~0xfu;
		if ((low & BAR_TYPE_MASK) == BAR_64BIT && i + 1 < BARS) {
			f->bar_raw[i + 1] = config_read32(f, BAR0 + 4 * (i + 1));
			f->bar[i] |= (uint64_t)f->bar_raw[i + 1] << 32;
			f->bar[++i] = 0;
		}
	}
	f->express = capability(f, CAP_EXPRESS);
	f->msix = capability(f, CAP_MSIX);
	if (f->msix) {
		const uint32_t table = config_read32(f, f->msix + MSIX_TABLE);
		const uint32_t pending = config_read32(f, f->msix + MSIX_PBA);

		f->msix_table = f->bar[table & MSIX_BIR] + (table & ~MSIX_BIR);
		f->msix_pending = f->bar[pending & MSIX_BIR] + (pending & ~MSIX_BIR);
	}
}

bool pci_find_class(struct function *f, const char *name, uint32_t class_code, uint32_t mask)
{
	f->name = name;
	for (unsigned device = 0; device < 32; device++) {
		unsigned secondary;

		f->config = config_at(0, device);
		if (config_read32(f, VENDOR_ID) == NOBODY ||
		    config_read32(f, CLASS_REVISION) >> 16 != CLASS_BRIDGE)
			continue;
		secondary = *(volatile uint8_t *)(uintptr_t)(f->config + SECONDARY_BUS);
		if (!secondary || secondary >= ECAM_BUSES)
			continue;
		f->config = config_at(secondary, 0);
		if (config_read32(f, VENDOR_ID) != NOBODY &&
		    (config_read32(f, CLASS_REVISION) >> 8 & mask) == class_code) {
			look(f);
			return true;
		}
	}
	return false;
}

void pci_enable(const struct function *f)
{
	config_write16(f, COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

void msix_mask(const struct function *f, bool masked)
{
	write32(f->msix_table + 12, masked ? ENTRY_MASKED : 0);
}

void msix_set_up(const struct function *f, bool masked)
{
	msix_mask(f, true);
	write32(f->msix_table, ZONE_ITS_DOORBELL);
	write32(f->msix_table + 4, 0);
	write32(f->msix_table + 8, 0);
	msix_mask(f, masked);
	config_write16(f, f->msix + MSIX_CONTROL, MSIX_ENABLE);
}

bool msix_is_pending(const struct function *f)
{
	return read32(f->msix_pending) & 1;
}

/* How the function must look when its reset is over and nobody has written to it since. */
static void check_after(const struct function *f, uint32_t identity, uint16_t msix_control)
{
	unsigned moved = 0;

	check_equal(f->name, "IDs after the reset", config_read32(f, VENDOR_ID), identity);
	check_equal(f->name, "Command after the reset", config_read16(f, COMMAND), 0);
	for (unsigned i = 0; i < BARS; i++)
		moved += config_read32(f, BAR0 + 4 * i) != f->bar_raw[i];
	check_equal(f->name, "BARs that lost their address", moved, 0);
	check_equal(f->name, "MSI-X control after the reset",
		    config_read16(f, f->msix + MSIX_CONTROL),
		    msix_control & ~(MSIX_ENABLE | MSIX_ALL_MASKED));
	check_equal(f->name, "the FLR bit reads",
		    config_read16(f, f->express + DEVICE_CONTROL) & DEVICE_CONTROL_FLR, 0);
	check_equal(f->name, "BAR 0 while Memory Enable is off", read32(f->bar[0] + 8), NOBODY);
	config_write16(f, COMMAND, PCI_COMMAND_MEMORY);
	check_equal(f->name, "MSI-X entry 0 is masked", read32(f->msix_table + 12) & ENTRY_MASKED,
		    ENTRY_MASKED);
	check_equal(f->name, "MSI-X entry 0 has forgotten its message",
		    read32(f->msix_table) | read32(f->msix_table + 8), 0);
}

bool flr(const struct function *f)
{
	const uint32_t identity = config_read32(f, VENDOR_ID);
	const uint16_t control = config_read16(f, f->express + DEVICE_CONTROL);
	const uint16_t msix_control = config_read16(f, f->msix + MSIX_CONTROL);
	const uint64_t start = now_ms();

	if (!check_equal(f->name, "offers FLR",
			 config_read32(f, f->express + DEVICE_CAP) & DEVICE_CAP_FLR,
			 DEVICE_CAP_FLR))
		return false;
	check_equal(f->name, "MSI-X is on before the reset", msix_control & MSIX_ENABLE,
		    MSIX_ENABLE);
	config_write16(f, f->express + DEVICE_CONTROL, control | DEVICE_CONTROL_FLR);
	check_equal(f->name, "config space during the reset", config_read32(f, VENDOR_ID), NOBODY);
	check_equal(f->name, "BAR 0 during the reset", read32(f->bar[0] + 8), NOBODY);
	wait_ms(FLR_WAIT_MS);
	while (config_read32(f, VENDOR_ID) == NOBODY && now_ms() - start < FLR_TIMEOUT_MS)
		;
	say(f->name);
	say(": answered after ");
	say_hex(now_ms() - start);
	say(" ms\n");
	if (config_read32(f, VENDOR_ID) != identity)
		return check_equal(f->name, "answers after the reset", config_read32(f, VENDOR_ID),
				   identity);
	check_after(f, identity, msix_control);
	return true;
}
