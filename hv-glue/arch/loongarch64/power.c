// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Power-off and reset through the registers the platform names. UEFI's runtime services are not
 * used: they want a translation of their own, and the registers are known.
 */
#include <hv/cpu.h>
#include <postern/arch.h>

#define SETTLE_US 1000000u

static uint32_t all_ones(unsigned width)
{
	return width == 4 ? UINT32_MAX : BIT32(8 * width) - 1;
}

static uint32_t read_register(const struct power_register *r)
{
	switch (r->width) {
	case 1:
		return mmio_read8(r->address);
	case 2:
		return mmio_read16(r->address);
	default:
		return mmio_read32(r->address);
	}
}

static void write_register(const struct power_register *r, uint32_t value)
{
	switch (r->width) {
	case 1:
		mmio_write8(r->address, (uint8_t)value);
		break;
	case 2:
		mmio_write16(r->address, (uint16_t)value);
		break;
	default:
		mmio_write32(r->address, value);
		break;
	}
}

static _Noreturn void strike(const struct power_register *r, const char *what)
{
	if (r->address) {
		const uint32_t all = all_ones(r->width);
		const uint32_t kept = (r->mask & all) == all ? 0 : read_register(r) & ~r->mask;

		write_register(r, kept | (r->value & r->mask));
		host_udelay(SETTLE_US);
	}
	console_emergency();
	host_log(LOG_ERROR, "%s: %s; switch it off by hand", what,
		 r->address ? "the register the platform names did not do it"
			    : "the platform names no register for it");
	for (;;)
		cpu_wait();
}

void machine_power_off(void)
{
	strike(&hv.machine.power_off, "power-off");
}

void machine_reset(void)
{
	strike(&hv.machine.reset, "reset");
}
