// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two zones write whatever they like to config space, by address and by ECAM, to functions of their
 * own, of others and to none, while time passes and mappings fail. In half of the inputs one of
 * them has a function with SR-IOV, whose VFs come, go, are released and given again. world_check()
 * after each step.
 */
#include "world.h"

#include <errno.h>

#define MAX_STEPS 96u
#define SRIOV     0x110u /* where the capability is shown, behind the serial number */
#define CONTROL   (SRIOV + 0x08)
#define NUMVFS    (SRIOV + 0x10)
#define VF_BAR    (SRIOV + 0x24)
#define MS        1000000ull

/* Where a register of interest is, in the function as the zone sees it. */
static unsigned take_offset(struct fuzz_input *in, const struct world_function *w)
{
	const struct model_pci_function *hw = w->hw;
	const unsigned caps[] = { 0,        hw->pcie, hw->pm, hw->msi,
				  hw->msix, hw->af,   0x100,  hw->sriov ? CONTROL : 0x140 };
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
		if ((*w)->hw->pf)
			break;
	}
	/* A VF's place on its PF's bus, whosever it is. */
	if (at == SBDF_NONE && how < 0xe0 && (*w)->hw->pf) {
		at = vpci_where(v, world.pf->f);
		if (at != SBDF_NONE)
			at += (*w)->hw->devfn - world.pf->hw->devfn;
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

/* ---- virtual functions ---- */

/* One of the VFs is released, or given to a zone. */
static void change_hands(struct fuzz_input *in)
{
	const unsigned how = fuzz_u8(in), n = how % WORLD_VFS, zone = how >> 4 & 1;
	struct pci_function *vf = world.vfs[n].f;
	struct device_quiesce q;

	if (vf->state == DEVICE_ASSIGNED)
		world_finish(&q, device_quiesce_start(&q, vf->owner, vf));
	else
		world_assign(zone, (unsigned)(&world.vfs[n] - world.functions), SBDF_NONE,
			     SBDF_NONE);
}

/* What the host does some time after it was told of VFs. */
static void host_work(void)
{
	struct pci_function *pf = world.pf->f;
	uint64_t when;

	if (pci_vfs_phase(pf) == VFS_GOING)
		vfs_leave_step(pf, &when);
	else if (pf->owner)
		vpci_poll(pf->owner->vpci);
}

static void finish_going(void)
{
	struct pci_function *pf = world.pf->f;
	uint64_t when = 0;

	while (pci_vfs_phase(pf) == VFS_GOING && vfs_leave_step(pf, &when) == -EAGAIN)
		if (when > host_time_ns())
			model_time_advance_ns(when - host_time_ns());
}

/* The PF's owner does what drivers do, or nearly. */
static void sriov_step(struct fuzz_input *in)
{
	struct vpci *v = world.zones[world.pf_zone].zone.vpci;
	const sbdf_t at = vpci_where(v, world.pf->f);
	const unsigned bus = sbdf_bus(at), devfn = sbdf_devfn(at), how = fuzz_u8(in);
	uint64_t control;

	switch (how & 7) {
	case 0:
		vpci_config_write(v, bus, devfn, NUMVFS, 2, how >> 4 & 7);
		vpci_config_write(v, bus, devfn, CONTROL, 2, 9);
		model_time_advance_ns(100 * MS);
		vpci_config_read(v, bus, devfn, 0, 4);
		break;
	case 1:
		vpci_config_write(v, bus, devfn, NUMVFS, 2, fuzz_value(in));
		break;
	case 2:
		vpci_config_write(v, bus, devfn, CONTROL, 2, how >> 4);
		break;
	case 3:
		vpci_config_write(v, bus, devfn, VF_BAR + (how & 0x80 ? 12 : 0), how & 0x40 ? 4 : 8,
				  take_address(in, v, world.vfs->hw->mem_size[0]));
		break;
	case 4:
		host_work();
		break;
	case 5:
		if (how & 0x80)
			vpci_config_write(v, bus, devfn, world.pf->hw->pcie + 8u, 2, 0x8000);
		else
			finish_going();
		break;
	case 6:
		change_hands(in);
		break;
	case 7:
		vpci_config_write(v, bus, devfn, SRIOV + (fuzz_u8(in) & 0x3f), (how >> 4 & 7) + 1,
				  fuzz_value(in));
		break;
	}
	control = vpci_config_read(v, bus, devfn, CONTROL, 2);
	if (control != 0xffff)
		world_check_vf_memory((uint32_t)control);
}

static void step(struct fuzz_input *in)
{
	const unsigned op = fuzz_u8(in), zone = op >> 4 & 1;
	struct vpci *v = world.zones[zone].zone.vpci;
	const struct world_function *w;
	unsigned bus, devfn, offset, size;
	uint64_t value;

	if (world.pf && (op & 0x60) == 0x60) {
		sriov_step(in);
		return;
	}
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
	const unsigned how = fuzz_u8(&in);

	if (how & 2)
		world_build_vfs(how & 1, how >> 2 & 1);
	else
		world_build(how & 1);
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
