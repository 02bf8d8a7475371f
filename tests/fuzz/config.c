// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two zones write whatever they like to config space, by address and by ECAM, to functions of their own,
 * of others and to none, while time passes and mappings fail. world_check() after each step.
 */
#include "world.h"

#define MAX_STEPS 96u

/* Where a register of interest is, in the function as the zone sees it. */
static unsigned take_offset(struct fuzz_input *in, const struct world_function *w)
{
	const struct model_pci_function *hw = w->hw;
	const unsigned caps[] = { 0, hw->pcie, hw->pm, hw->msi, hw->msix, hw->af, 0x100, 0x140 };
	unsigned how = fuzz_u8(in);

	if (how < 0x40)
		return how;
	if (how < 0xc0)
		return (caps[how & 7] + (how >> 3 & 15) * 2) & 0xfff;
	return fuzz_u16(in) & 0xfff;
}

/* A place on the zone's bus: mostly one of its functions', in the zone's own numbers. */
static void take_place(struct fuzz_input *in, unsigned zone, const struct world_function **w,
		       unsigned *bus, unsigned *devfn)
{
	const unsigned how = fuzz_u8(in);
	struct vpci *v = world.zones[zone].zone.vpci;
	sbdf_t at = SBDF_NONE;

	*w = &world.functions[how % world.count];
	for (unsigned i = 0; i < world.count && how < 0xe0 && at == SBDF_NONE; i++) {
		*w = &world.functions[(how + i) % world.count];
		at = vpci_where(v, (*w)->f);
	}
	if (at == SBDF_NONE) {
		/* A port, or anything. */
		*bus = how & 1 ? fuzz_u8(in) % 20 : 0;
		*devfn = how & 2 ? fuzz_u8(in) : (how >> 2 & 7) << 3;
		return;
	}
	*bus = sbdf_bus(at);
	*devfn = sbdf_devfn(at);
}

/* The BAR as the zone has it. */
static uint64_t bar_address(struct vpci *v, unsigned bus, unsigned devfn, unsigned bar)
{
	uint64_t low = vpci_config_read(v, bus, devfn, 0x10 + 4 * bar, 4);

	if ((low & 6) == 4)
		low |= vpci_config_read(v, bus, devfn, 0x14 + 4 * bar, 4) << 32;
	return low & ~(uint64_t)0xf;
}

/* Where a BAR of this size is just right, just wrong, somebody else's, or anything. */
static uint64_t take_address(struct fuzz_input *in, struct vpci *v, uint64_t size)
{
	const struct world_function *other = &world.functions[fuzz_choice(in, world.count)];
	const unsigned how = fuzz_u8(in);
	const uint64_t base = how & 8 ? WORLD_MEM64 : WORLD_MEM32;
	const uint64_t end = base + (how & 8 ? WORLD_MEM64_SZ : WORLD_MEM32_SZ);
	const sbdf_t at = vpci_where(v, other->f);

	switch (how & 7) {
	case 0:
		return base + (how >> 4) * size;
	case 1:
		return end - (how >> 4) * size;
	case 2:
		return base - (how >> 4) * size;
	case 3:
		return end + (how >> 4) * size;
	case 4:
		return at == SBDF_NONE ? other->bar[how >> 4 & 3]
				       : bar_address(v, sbdf_bus(at), sbdf_devfn(at), how >> 4 & 3);
	case 5:
		return other->bar[how >> 4 & 3];
	default:
		return fuzz_value(in);
	}
}

static void move_bar(struct fuzz_input *in, struct vpci *v, const struct world_function *w,
		     unsigned bus, unsigned devfn)
{
	unsigned bar = fuzz_choice(in, 6);

	for (unsigned i = 0; i < 6 && !w->hw->mem_size[bar]; i++)
		bar = (bar + 1) % 6;
	if (w->hw->mem_size[bar])
		vpci_config_write(v, bus, devfn, 0x10 + 4 * bar, fuzz_u8(in) & 7 ? 8 : 4,
				  take_address(in, v, w->hw->mem_size[bar]));
}

/* An access to memory space: inside a BAR as it stands now, or anywhere. */
static void memory(struct fuzz_input *in, struct vpci *v, const struct world_function *w,
		   unsigned bus, unsigned devfn)
{
	unsigned how = fuzz_u8(in), bar = how % 6, size = (how >> 3 & 7) + 1;
	uint64_t at = fuzz_u16(in), value;

	if (how & 0x40 && w->hw->mem_size[bar]) {
		at = bar_address(v, bus, devfn, bar) + at % w->hw->mem_size[bar];
	} else {
		at += fuzz_value(in);
	}
	value = fuzz_value(in);
	vpci_mmio(v, at, size, how & 0x80, &value);
}

static void step(struct fuzz_input *in)
{
	const unsigned op = fuzz_u8(in), zone = op >> 4 & 1;
	struct vpci *v = world.zones[zone].zone.vpci;
	const struct world_function *w;
	unsigned bus, devfn, offset, size;
	uint64_t value;

	take_place(in, zone, &w, &bus, &devfn);
	switch (op & 15) {
	case 0: /* Command, most wanted */
		vpci_config_write(v, bus, devfn, 4, 2, fuzz_u8(in) & 7);
		break;
	case 1:
	case 2:
	case 3:
	case 4:
		offset = take_offset(in, w);
		size = fuzz_u8(in) % 9;
		vpci_config_write(v, bus, devfn, offset, size, fuzz_value(in));
		break;
	case 5:
		offset = take_offset(in, w);
		vpci_config_read(v, bus, devfn, offset, fuzz_u8(in) % 9);
		world_check_id(zone, bus, devfn);
		break;
	case 6:
	case 7:
		offset = take_offset(in, w);
		value = fuzz_value(in);
		size = fuzz_u8(in);
		vpci_mmio(v, WORLD_ECAM + ((uint64_t)bus << 20 | (uint64_t)devfn << 12 | offset),
			  (size & 7) + 1, size & 8, &value);
		break;
	case 8:
	case 9:
		move_bar(in, v, w, bus, devfn);
		break;
	case 10:
	case 11:
		memory(in, v, w, bus, devfn);
		break;
	case 12:
		value = fuzz_u8(in);
		model_time_advance_ns(value * 5000000);
		if (value == 0xfe && w->f->owner) /* pulled out */
			w->hw->gone = world.unplugged = true;
		break;
	case 13:
		if (w->hw->pcie)
			vpci_config_write(v, bus, devfn, w->hw->pcie + 8u, 2, 0x8000);
		break;
	case 14:
		world.fail[FAIL_GUEST_MAP] = fuzz_u8(in) & 7;
		break;
	case 15:
		world_check_ids(zone);
		break;
	}
}

void fuzz_config(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	world_build(fuzz_u8(&in) & 1);
	world_assign_all();
	world_check();
	for (unsigned i = 0; i < MAX_STEPS && in.left; i++) {
		step(&in);
		world_check();
	}
	world_check_ids(0);
	world_check_ids(1);
	world_end();
}
