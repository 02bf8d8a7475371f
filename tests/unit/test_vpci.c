// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A zone's virtual bus: who is on it and where, its config space bit by bit, root ports, accesses
 * of every shape.
 */
#include "pci-zone.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

#define NONE SBDF_NONE

static const char tree[] =
	"00.0 host id=1b36:0008\n"
	"02.0 port\n"
	"  00.0 nvme\n"
	"03.0 port\n"
	"  00.0 igb\n"
	"05.0 pci id=1af4:1000 bar0=io:32 bar1=m32:4K bar4=m64p:16K vendor vpd msix=3@1+0,1+800\n";

static struct vpci *root, *guest;

static uint32_t rd(struct vpci *v, sbdf_t at, unsigned offset, unsigned size)
{
	return (uint32_t)vpci_config_read(v, sbdf_bus(at), sbdf_devfn(at), offset, size);
}

static void wr(struct vpci *v, sbdf_t at, unsigned offset, unsigned size, uint32_t value)
{
	vpci_config_write(v, sbdf_bus(at), sbdf_devfn(at), offset, size, value);
}

/* NVMe to the guest; igb and the conventional device to root, where they are. */
static void two_zones(void)
{
	model_machine(tree);
	root = machine.zones[0].v;
	guest = machine.zones[1].v;
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), 0);
	CU_ASSERT_EQUAL(model_assign(0, 2, 0, 0, sbdf_make(0, 2, 0, 0), sbdf_make(0, 0, 3, 0)), 0);
	CU_ASSERT_EQUAL(model_assign(0, 0, 5, 0, sbdf_make(0, 0, 5, 0), NONE), 0);
}

static unsigned count_ids(struct vpci *v, uint32_t id)
{
	unsigned n = 0;

	for (unsigned bus = 0; bus < 256; bus++)
		for (unsigned devfn = 0; devfn < 256; devfn++)
			n += vpci_config_read(v, bus, devfn, 0, 4) == id;
	return n;
}

static unsigned count_all(struct vpci *v)
{
	unsigned n = 0;

	for (unsigned bus = 0; bus < 256; bus++)
		for (unsigned devfn = 0; devfn < 256; devfn++)
			n += vpci_config_read(v, bus, devfn, 0, 4) != UINT32_MAX;
	return n;
}

static void root_does_not_see_the_nvme(void)
{
	two_zones();
	CU_ASSERT_EQUAL(count_ids(root, 0x00101b36), 0);
	CU_ASSERT_EQUAL(rd(root, sbdf_make(0, 1, 0, 0), 0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(vpci_where(root, model_function(1, 0, 0)), NONE);
}

static void zone_sees_only_its_own(void)
{
	two_zones();
	CU_ASSERT_EQUAL(count_ids(guest, 0x00101b36), 1);
	CU_ASSERT_EQUAL(count_all(guest), 2); /* the drive and its port */
	CU_ASSERT_EQUAL(count_all(root), 3);  /* igb, its port, the conventional device */
	CU_ASSERT_EQUAL(rd(root, sbdf_make(0, 2, 0, 0), 0, 4), 0x10c98086);
	CU_ASSERT_EQUAL(rd(root, sbdf_make(0, 0, 5, 0), 0, 4), 0x10001af4);
	/* neither physical ports nor the host bridge */
	CU_ASSERT_EQUAL(count_ids(root, 0x000c1b36) + count_ids(root, 0x00081b36), 0);
}

static void writes_to_nobody_reach_nothing(void)
{
	unsigned before;

	two_zones();
	before = model_pci(2)->config_writes;
	for (unsigned bus = 0; bus < 256; bus++)
		for (unsigned devfn = 0; devfn < 256; devfn++)
			if (vpci_config_read(root, bus, devfn, 0, 4) == UINT32_MAX)
				vpci_config_write(root, bus, devfn, 4, 4, 0xffffffff);
	CU_ASSERT_EQUAL(model_pci(2)->config_writes, before);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(2), 4, 2), 0x400);
}

static void addresses_are_as_asked_or_chosen(void)
{
	struct vpci_info info;

	two_zones();
	CU_ASSERT_EQUAL(vpci_where(guest, model_function(1, 0, 0)), sbdf_make(0, 1, 0, 0));
	CU_ASSERT_EQUAL(vpci_where(root, model_function(2, 0, 0)), sbdf_make(0, 2, 0, 0));
	CU_ASSERT_EQUAL(rd(root, sbdf_make(0, 0, 3, 0), 0x0b, 1), 0x06);
	CU_ASSERT(vpci_info(root, 0, &info) && info.vbdf == sbdf_make(0, 0, 3, 0) && !info.f);
	CU_ASSERT(vpci_info(root, 1, &info) && info.f == model_function(0, 5, 0) &&
		  info.vector_count == 3);
	CU_ASSERT(vpci_info(root, 2, &info) && info.f == model_function(2, 0, 0));
	CU_ASSERT(!vpci_info(root, 3, &info));
	/* taken places */
	CU_ASSERT_EQUAL(model_assign(0, 0, 0, 0, sbdf_make(0, 0, 5, 0), NONE), -EADDRINUSE);
	CU_ASSERT_EQUAL(model_assign(0, 0, 0, 0, sbdf_make(0, 2, 0, 0), NONE), -EADDRINUSE);
	CU_ASSERT_EQUAL(model_assign(0, 0, 0, 0, sbdf_make(0, 4, 0, 0), sbdf_make(0, 0, 5, 0)),
			-EADDRINUSE);
	CU_ASSERT_EQUAL(model_assign(0, 0, 0, 0, sbdf_make(0, 2, 0, 1), sbdf_make(0, 0, 7, 0)),
			-EADDRINUSE);
	CU_ASSERT_EQUAL(model_assign(0, 0, 0, 0, sbdf_make(0, 4, 1, 0), NONE), -EINVAL);
	CU_ASSERT_EQUAL(model_assign(0, 0, 0, 0, sbdf_make(0, 16, 0, 0), NONE), -EINVAL);
}

static void identity_comes_from_the_device(void)
{
	sbdf_t at = sbdf_make(0, 1, 0, 0);

	two_zones();
	CU_ASSERT_EQUAL(rd(guest, at, 0x08, 4), 0x01080202);
	CU_ASSERT_EQUAL(rd(guest, at, 0x2c, 4), 0x11001af4);
	CU_ASSERT_EQUAL(rd(guest, at, 0x0e, 1), 0);
	CU_ASSERT_EQUAL(rd(guest, at, 0x3d, 1), 0);
	/* read-only, whatever is written */
	for (unsigned o = 0; o < 0x40; o += 4)
		if (o != 4 && o != 0x0c && o != 0x10 && o != 0x14 && o != 0x3c) {
			uint32_t before = rd(guest, at, o, 4);

			wr(guest, at, o, 4, ~before);
			CU_ASSERT_EQUAL(rd(guest, at, o, 4), before);
		}
}

static void the_device_may_lie_later_without_effect(void)
{
	sbdf_t at = sbdf_make(0, 1, 0, 0);

	two_zones();
	model_pci_put(model_pci(2), 0, 4, 0xdead1234, 0, 0);
	model_pci_put(model_pci(2), model_pci(2)->msix + 2u, 2, 0x7ff, 0xc000, 0);
	CU_ASSERT_EQUAL(rd(guest, at, 0, 4), 0x00101b36);
	CU_ASSERT_EQUAL(rd(guest, at, model_pci(2)->msix + 2u, 2), 64);
}

static void command_is_shared_out_bit_by_bit(void)
{
	sbdf_t at = sbdf_make(0, 1, 0, 0);
	const struct model_pci_function *hw;

	two_zones();
	hw = model_pci(2);
	CU_ASSERT_EQUAL(rd(guest, at, 4, 2), 0);
	wr(guest, at, 4, 2, 0xffff);
	CU_ASSERT_EQUAL(rd(guest, at, 4, 2), 0x0406);
	CU_ASSERT_EQUAL(model_pci_get(hw, 4, 2), 0x0406);
	/* INTx stays off in hardware, I/O decode, SERR and parity never go on */
	wr(guest, at, 4, 2, 0x0143);
	CU_ASSERT_EQUAL(rd(guest, at, 4, 2), 0x0002);
	CU_ASSERT_EQUAL(model_pci_get(hw, 4, 2), 0x0402);
	wr(guest, at, 4, 1, 0x04);
	CU_ASSERT_EQUAL(model_pci_get(hw, 4, 2), 0x0404);
	wr(guest, at, 5, 1, 0xff);
	CU_ASSERT_EQUAL(model_pci_get(hw, 4, 2), 0x0404);
	wr(guest, at, 4, 4, 0);
	CU_ASSERT_EQUAL(model_pci_get(hw, 4, 2), 0x0400);
}

static void status_errors_are_cleared_one_by_one(void)
{
	sbdf_t at = sbdf_make(0, 1, 0, 0);
	struct model_pci_function *hw;

	two_zones();
	hw = model_pci(2);
	hw->config[7] = 0xf9;
	CU_ASSERT_EQUAL(rd(guest, at, 6, 2), 0xf910);
	wr(guest, at, 4, 2, 6); /* not a word of status */
	CU_ASSERT_EQUAL(hw->config[7], 0xf9);
	wr(guest, at, 6, 2, 0x8000);
	CU_ASSERT_EQUAL(hw->config[7], 0x79);
	wr(guest, at, 7, 1, 0x40);
	CU_ASSERT_EQUAL(rd(guest, at, 6, 2), 0x3910);
	wr(guest, at, 4, 4, 0xffff0006);
	CU_ASSERT_EQUAL(hw->config[7], 0);
	CU_ASSERT_EQUAL(model_pci_get(hw, 4, 2), 0x0406);
}

static void no_rw1c_bit_is_lost_by_a_neighbour(void)
{
	sbdf_t at = sbdf_make(0, 1, 0, 0);
	struct model_pci_function *hw;

	two_zones();
	hw = model_pci(2);
	hw->config[hw->pcie + 10u] = 0x0f;
	wr(guest, at, hw->pcie + 8u, 2, 0x5030);
	CU_ASSERT_EQUAL(hw->config[hw->pcie + 10u], 0x0f);
	wr(guest, at, hw->pcie + 8u, 4, 0x00055030);
	CU_ASSERT_EQUAL(hw->config[hw->pcie + 10u], 0x0a);
	CU_ASSERT_EQUAL(rd(guest, at, hw->pcie + 10u, 2), 0x0a);
}

static unsigned capability(struct vpci *v, sbdf_t at, unsigned id)
{
	unsigned next = rd(v, at, 0x34, 1);

	for (unsigned n = 0; next && n < 48; n++) {
		if (rd(v, at, next, 1) == id)
			return next;
		next = rd(v, at, next + 1, 1);
	}
	return 0;
}

static void hidden_capabilities_are_unlinked_and_read_zero(void)
{
	sbdf_t at = sbdf_make(0, 0, 5, 0);
	unsigned vendor = 0;
	struct model_pci_function *hw;

	two_zones();
	hw = model_pci(5);
	for (unsigned o = hw->config[0x34]; o; o = hw->config[o + 1])
		vendor = hw->config[o] == 9 ? o : vendor;
	CU_ASSERT(vendor != 0);
	CU_ASSERT_EQUAL(capability(root, at, 9), 0);
	CU_ASSERT_EQUAL(capability(root, at, 3), 0);
	CU_ASSERT(capability(root, at, 0x11) != 0);
	CU_ASSERT_EQUAL(rd(root, at, vendor, 4), 0);
	CU_ASSERT_EQUAL(rd(root, at, vendor + 4, 4), 0);
	wr(root, at, vendor + 4, 4, 0x11111111);
	CU_ASSERT_EQUAL(model_pci_get(hw, vendor + 4, 4), 0x5ec2e700);
	/* extended space: igb shows its serial number alone */
	at = sbdf_make(0, 2, 0, 0);
	CU_ASSERT_EQUAL(rd(root, at, 0x100, 4), 0x00010003);
	CU_ASSERT_EQUAL(rd(root, at, 0x104, 4), 0xff000001);
	CU_ASSERT_EQUAL(rd(root, at, 0x108, 4), 0x52540012);
	for (unsigned o = 0x10c; o < 4096; o += 4)
		CU_ASSERT_EQUAL(rd(root, at, o, 4), 0);
	/* the drive shows none */
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 1, 0, 0), 0x100, 4), 0);
}

static void power_states_stay_in_the_view(void)
{
	sbdf_t at = sbdf_make(0, 2, 0, 0);
	struct model_pci_function *hw;
	unsigned pm;

	two_zones();
	hw = model_pci(4);
	pm = capability(root, at, 1);
	CU_ASSERT_EQUAL(pm, hw->pm);
	CU_ASSERT_EQUAL(rd(root, at, pm + 2, 2) & 0xfe00, 0); /* no PME, no D1, D2 */
	CU_ASSERT_EQUAL(rd(root, at, pm + 4, 2), 0x0008);
	wr(root, at, pm + 4, 2, 0xffff);
	CU_ASSERT_EQUAL(rd(root, at, pm + 4, 2), 0x000b);
	CU_ASSERT_EQUAL(model_pci_get(hw, pm + 4, 2) & 3, 0);
	wr(root, at, pm + 4, 2, 1); /* D1 is not offered: the state stays */
	CU_ASSERT_EQUAL(rd(root, at, pm + 4, 2), 0x000b);
	wr(root, at, pm + 4, 2, 0);
	CU_ASSERT_EQUAL(rd(root, at, pm + 4, 2), 0x0008);
	CU_ASSERT_EQUAL(hw->resets, 0);
}

static void device_control_passes_what_is_the_functions_own(void)
{
	sbdf_t at = sbdf_make(0, 2, 0, 0);
	struct model_pci_function *hw;

	two_zones();
	hw = model_pci(4);
	wr(root, at, hw->pcie + 8u, 2, 0x7fff);
	/*
	 * read request size 7 is reserved: 4096 bytes; phantom functions and auxiliary power never
	 */
	CU_ASSERT_EQUAL(rd(root, at, hw->pcie + 8u, 2), 0x59ff);
	CU_ASSERT_EQUAL(model_pci_get(hw, hw->pcie + 8u, 2), 0x5810);
	wr(root, at, hw->pcie + 8u, 2, 0);
	CU_ASSERT_EQUAL(model_pci_get(hw, hw->pcie + 8u, 2), 0x0000);
	/* link registers are read-only */
	wr(root, at, hw->pcie + 16u, 2, 0xffff);
	CU_ASSERT_EQUAL(model_pci_get(hw, hw->pcie + 16u, 2), 0);
	CU_ASSERT_EQUAL(rd(root, at, hw->pcie + 18u, 2), 0x1012);
	CU_ASSERT_EQUAL(rd(root, at, hw->pcie + 12u, 4) & 0xc00, 0);
}

static void ports_look_like_root_ports(void)
{
	sbdf_t at = sbdf_make(0, 0, 1, 0);
	unsigned cap, msi;

	two_zones();
	CU_ASSERT_EQUAL(rd(guest, at, 8, 4) >> 8, 0x060400);
	CU_ASSERT_EQUAL(rd(guest, at, 0x0e, 1), 1);
	CU_ASSERT_EQUAL(rd(guest, at, 0x18, 4), 0x00010100);
	cap = capability(guest, at, 0x10);
	msi = capability(guest, at, 5);
	CU_ASSERT_EQUAL(rd(guest, at, cap + 2, 2), 0x0142);
	CU_ASSERT_EQUAL(rd(guest, at, cap + 20, 4) & 0x7f, 0);        /* slot: no hotplug */
	CU_ASSERT_EQUAL(rd(guest, at, cap + 26, 2), 0x40);            /* something is in it */
	CU_ASSERT_EQUAL(rd(guest, at, cap + 18, 2) & 0x2000, 0x2000); /* link active */
	wr(guest, at, 0x1c, 2, 0xffff);
	CU_ASSERT_EQUAL(rd(guest, at, 0x1c, 2), 0); /* no I/O window */
	/* its message is remembered and never sent */
	wr(guest, at, msi + 4, 4, 0x12345678);
	wr(guest, at, msi + 2, 2, 1);
	CU_ASSERT_EQUAL(rd(guest, at, msi + 4, 4), 0x12345678);
	CU_ASSERT_EQUAL(rd(guest, at, msi + 2, 2), 0x81);
	CU_ASSERT_EQUAL(machine.zones[1].delivered + machine.zones[1].dropped, 0);
	/* the physical port has seen nothing */
	CU_ASSERT_EQUAL(model_pci_get(model_pci(1), 0x18, 3), 0x010100);
}

static void port_windows_hold_their_bars(void)
{
	sbdf_t port = sbdf_make(0, 0, 1, 0), at = sbdf_make(0, 1, 0, 0);
	uint64_t base, limit, bar;

	two_zones();
	base = (uint64_t)(rd(guest, port, 0x20, 2) & 0xfff0) << 16;
	limit = (uint64_t)(rd(guest, port, 0x22, 2) & 0xfff0) << 16 | 0xfffff;
	bar = rd(guest, at, 0x10, 4) & ~0xfu;
	CU_ASSERT(range_inside(bar, 16 * KIB, base, limit - base + 1));
	CU_ASSERT(range_inside(base, limit - base + 1, ZONE_MEM32, ZONE_MEM32_SZ));
	CU_ASSERT_EQUAL(rd(guest, at, 0x10, 4) & 0xf, 4);
	/* nothing prefetchable below: that window is closed */
	CU_ASSERT_EQUAL(rd(guest, port, 0x24, 2) & 0xf, 1);
	CU_ASSERT(rd(guest, port, 0x24, 2) > rd(guest, port, 0x26, 2));
	/* a prefetchable 64-bit BAR on bus 0 stands in the 64-bit window */
	CU_ASSERT_EQUAL(rd(root, sbdf_make(0, 0, 5, 0), 0x20, 4) & 0xf, 0xc);
	CU_ASSERT_EQUAL(rd(root, sbdf_make(0, 0, 5, 0), 0x24, 4), ZONE_MEM64 >> 32);
}

static void a_guest_may_renumber_its_buses(void)
{
	sbdf_t port = sbdf_make(0, 0, 1, 0);

	two_zones();
	wr(guest, port, 0x18, 4, 0x00ff0700);
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 1, 0, 0), 0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 7, 0, 0), 0, 4), 0x00101b36);
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 8, 0, 0), 0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(vpci_where(guest, model_function(1, 0, 0)), sbdf_make(0, 7, 0, 0));
	wr(guest, port, 0x18, 4, 0x00060700); /* subordinate below secondary: nothing is forwarded
					       */
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 7, 0, 0), 0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(vpci_where(guest, model_function(1, 0, 0)), NONE);
	wr(guest, port, 0x18, 4, 0);
	CU_ASSERT_EQUAL(vpci_where(guest, model_function(1, 0, 0)), NONE);
	wr(guest, port, 0x18, 4, 0x00303000); /* beyond the zone's ECAM */
	CU_ASSERT_EQUAL(vpci_config_read(guest, 0x30, 0, 0, 4), UINT32_MAX);
}

static void multifunction_devices_share_a_port(void)
{
	model_machine("02.0 port acs=1\n"
		      "  00.0 ep id=11:1 multi bar0=m32:4K\n"
		      "  00.1 ep id=11:2 bar0=m32:1M\n");
	guest = machine.zones[1].v;
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, sbdf_make(0, 1, 0, 0), sbdf_make(0, 0, 2, 0)), 0);
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 1, 0, 0), 0x0e, 1), 0);
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 1, sbdf_make(0, 1, 0, 1), sbdf_make(0, 0, 2, 0)), 0);
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 1, 0, 0), 0x0e, 1), 0x80);
	CU_ASSERT_EQUAL(count_all(guest), 3);
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 0, 2, 0), 0x20, 4) >> 20,
			(rd(guest, sbdf_make(0, 0, 2, 0), 0x20, 2) >> 4) + 1);
	vpci_remove(guest, model_function(1, 0, 0));
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 1, 0, 1), 0x0e, 1), 0);
	CU_ASSERT_EQUAL(count_all(guest), 2);
}

static void function_without_function_0_is_warned_of(void)
{
	model_machine("02.0 port acs=1\n"
		      "  00.0 ep id=11:1 multi\n"
		      "  00.1 ep id=11:2\n");
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 1, sbdf_make(0, 1, 0, 1), NONE), 0);
	CU_ASSERT(model_log_contains("no function 0 beside it"));
}

static void endpoint_types_fit_where_they_stand(void)
{
	model_machine("01.0 rciep id=11:1\n"
		      "02.0 port\n"
		      "  00.0 ep id=11:2\n");
	guest = machine.zones[1].v;
	CU_ASSERT_EQUAL(model_assign(1, 0, 1, 0, NONE, NONE), 0);
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 1, 0, 0), model_pci(0)->pcie + 2u, 2), 0x0002);
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 1, 0, 0), model_pci(0)->pcie + 18u, 2), 0x0011);
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, sbdf_make(0, 0, 9, 0), NONE), 0);
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 0, 9, 0), model_pci(2)->pcie + 2u, 2), 0x0092);
	CU_ASSERT_EQUAL(rd(guest, sbdf_make(0, 0, 9, 0), model_pci(2)->pcie + 18u, 2), 0);
}

/* ---- accesses of every shape ---- */

static uint64_t by_bytes(struct vpci *v, sbdf_t at, unsigned offset, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)rd(v, at, offset + i, 1) << 8 * i;
	return value;
}

static void reads_of_any_size_and_alignment_equal_their_bytes(void)
{
	sbdf_t at[] = { sbdf_make(0, 2, 0, 0), sbdf_make(0, 0, 3, 0), sbdf_make(0, 0, 5, 0) };

	two_zones();
	model_pci(4)->config[7] = 0xf9;
	for (unsigned f = 0; f < ARRAY_SIZE(at); f++)
		for (unsigned o = 0; o < 4096; o++)
			for (unsigned size = 1; size <= 8 && o + size <= 4096; size *= 2)
				if (vpci_config_read(root, sbdf_bus(at[f]), sbdf_devfn(at[f]), o,
						     size) != by_bytes(root, at[f], o, size))
					CU_FAIL_FATAL("differs");
}

/* A machine with nothing but the igb, fresh, its error bits set. */
static struct model_pci_function *one_igb(void)
{
	model_machine("02.0 port\n"
		      "  00.0 igb\n");
	root = machine.zones[0].v;
	CU_ASSERT_EQUAL(model_assign(0, 1, 0, 0, NONE, NONE), 0);
	model_pci(1)->config[7] = 0xf9;
	model_pci(1)->config[model_pci(1)->pcie + 10u] = 0x0f;
	return model_pci(1);
}

/* Everything the zone sees and the hardware holds, in one string of bytes. */
static void state_of(const struct model_pci_function *hw, uint8_t *out)
{
	for (unsigned o = 0; o < 0x200; o += 8) {
		uint64_t v = vpci_config_read(root, 1, 0, o, 8);

		memcpy(out + o, &v, 8);
	}
	memcpy(out + 0x200, hw->config, 0x200);
}

static void writes_of_any_size_and_alignment_equal_their_bytes(void)
{
	static const uint64_t patterns[] = { 0xffffffffffffffff, 0, 0x5a5aa5a5deadbeef };
	static uint8_t whole[0x400], split[0x400];
	const struct model_pci_function *hw;
	unsigned compared = 0, size;

	for (unsigned o = 0; o < 0x120; o++) {
		for (unsigned p = 0; p < ARRAY_SIZE(patterns); p++) {
			size = 2u << (o + p) % 3;
			hw = one_igb();
			/* A reset may begin in the middle of a split write, not of a whole one. */
			if (ranges_overlap(o, size, hw->pcie + 8u, 2))
				continue;
			vpci_config_write(root, 1, 0, o, size, patterns[p]);
			state_of(hw, whole);
			hw = one_igb();
			for (unsigned i = 0; i < size; i++)
				vpci_config_write(root, 1, 0, o + i, 1, patterns[p] >> 8 * i);
			state_of(hw, split);
			if (memcmp(whole, split, sizeof(whole)) != 0)
				CU_FAIL_FATAL("differs");
			compared++;
		}
	}
	CU_ASSERT(compared > 800);
}

static void odd_accesses_are_answered(void)
{
	uint64_t v = 0;

	two_zones();
	CU_ASSERT_EQUAL(vpci_config_read(root, 2, 0, 4095, 2), 0xffff);
	CU_ASSERT_EQUAL(vpci_config_read(root, 2, 0, 4096, 1), 0xff);
	CU_ASSERT_EQUAL(vpci_config_read(root, 99, 0, 0, 8), UINT64_MAX);
	CU_ASSERT_EQUAL(vpci_config_read(root, 2, 0, 0, 0), 0);
	vpci_config_write(root, 2, 0, 4094, 8, 0);
	CU_ASSERT_EQUAL(vpci_mmio(root, ZONE_ECAM + (16u << 20), 4, false, &v), ACCESS_NONE);
	CU_ASSERT_EQUAL(vpci_mmio(root, 0x1000, 4, false, &v), ACCESS_NONE);
	CU_ASSERT_EQUAL(vpci_mmio(root, ZONE_MEM32 + ZONE_MEM32_SZ - 4, 8, false, &v), ACCESS_NONE);
	CU_ASSERT_EQUAL(vpci_mmio(root, UINT64_MAX - 2, 8, false, &v), ACCESS_NONE);
	CU_ASSERT_EQUAL(vpci_mmio(root, ZONE_MEM32, 16, false, &v), ACCESS_NONE);
}

static void ecam_reaches_the_same_registers(void)
{
	uint64_t v = 0;

	two_zones();
	CU_ASSERT_EQUAL(vpci_mmio(root, ZONE_ECAM + (2u << 20), 8, false, &v), ACCESS_DONE);
	CU_ASSERT_EQUAL(v, vpci_config_read(root, 2, 0, 0, 8));
	v = 0x55;
	CU_ASSERT_EQUAL(vpci_mmio(root, ZONE_ECAM + (2u << 20) + 0x3c, 1, true, &v), ACCESS_DONE);
	CU_ASSERT_EQUAL(vpci_config_read(root, 2, 0, 0x3c, 1), 0x55);
	/* over the end of one function into the next, which is not there */
	CU_ASSERT_EQUAL(vpci_mmio(root, ZONE_ECAM + (2u << 20) + 0xffc, 8, false, &v), ACCESS_DONE);
	CU_ASSERT_EQUAL(v, 0xffffffff00000000);
}

/* ---- life ---- */

static void nth_allocation_failure_leaves_nothing_behind(void)
{
	uint64_t calls, pages, bytes;
	unsigned points = 0;

	model_machine(tree);
	pages = model_pages_live();
	calls = model_alloc_calls();
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), 0);
	calls = model_alloc_calls() - calls;
	CU_ASSERT(calls >= 3);
	vpci_remove(machine.zones[1].v, model_function(1, 0, 0));
	CU_ASSERT_EQUAL(model_pages_live(), pages);
	bytes = model_guest_mapped_bytes(&machine.zones[1].zone);
	for (unsigned n = 1; n <= calls; n++) {
		model_fail_alloc_after(n);
		CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), -ENOMEM);
		model_fail_alloc_after(0);
		CU_ASSERT_EQUAL(model_pages_live(), pages);
		CU_ASSERT_EQUAL(model_guest_mapped_bytes(&machine.zones[1].zone), bytes);
		CU_ASSERT_EQUAL(count_all(machine.zones[1].v), 0);
		points++;
	}
	CU_ASSERT_EQUAL(points, calls);
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), 0);
}

/* A running zone's kernel knows its ports: an empty one survives an assignment that fails. */
static void a_failed_assignment_takes_no_port_away(void)
{
	const sbdf_t port = sbdf_make(0, 0, 1, 0);

	model_machine(tree);
	guest = machine.zones[1].v;
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), 0);
	CU_ASSERT_EQUAL(model_assign(1, 2, 0, 0, NONE, NONE), 0);
	vpci_remove(guest, model_function(1, 0, 0));
	CU_ASSERT_EQUAL(rd(guest, port, 0, 4), 0x00017073);
	wr(guest, port, 0x18, 4, 0x00070700);
	model_fail_alloc_after(1);
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), -ENOMEM);
	model_fail_alloc_after(0);
	CU_ASSERT_EQUAL(rd(guest, port, 0, 4), 0x00017073);
	CU_ASSERT_EQUAL(rd(guest, port, 0x18, 4), 0x00070700);
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), 0);
	CU_ASSERT_EQUAL(vpci_where(guest, model_function(1, 0, 0)), sbdf_make(0, 7, 0, 0));
}

static void restart_gives_the_same_bus(void)
{
	static uint8_t before[4096], after[4096];
	struct model_pci_function *hw;
	uint64_t pages;

	two_zones();
	pages = model_pages_live();
	hw = model_pci(2);
	for (unsigned o = 0; o < 4096; o++)
		before[o] = (uint8_t)rd(guest, sbdf_make(0, 1, 0, 0), o, 1);
	/* the kernel moved all it could */
	wr(guest, sbdf_make(0, 1, 0, 0), 0x10, 4, 0x54000000);
	wr(guest, sbdf_make(0, 1, 0, 0), 4, 2, 6);
	wr(guest, sbdf_make(0, 0, 1, 0), 0x18, 4, 0x00ff0300);
	vpci_remove(guest, model_function(1, 0, 0));
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(&machine.zones[1].zone), 0);
	CU_ASSERT_EQUAL(count_all(guest), 0);
	pci_set_bus_master(model_function(1, 0, 0), false);
	pci_set_memory_decode(model_function(1, 0, 0), false);
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), 0);
	for (unsigned o = 0; o < 4096; o++)
		after[o] = (uint8_t)rd(guest, sbdf_make(0, 1, 0, 0), o, 1);
	CU_ASSERT_EQUAL(memcmp(before, after, 4096), 0);
	CU_ASSERT_EQUAL(model_pages_live(), pages);
	CU_ASSERT_EQUAL(model_pci_get(hw, 4, 2), 0x0400);
}

static void device_gone_reads_all_ones_and_harms_nobody(void)
{
	sbdf_t at = sbdf_make(0, 1, 0, 0);

	two_zones();
	model_pci(2)->gone = true;
	wr(guest, at, 4, 2, 6);
	CU_ASSERT(model_log_contains("zone guest loses 0000:01:00.0"));
	CU_ASSERT_EQUAL(rd(guest, at, 0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(&machine.zones[1].zone), 0);
	wr(guest, at, 4, 2, 0);
	CU_ASSERT_EQUAL(rd(root, sbdf_make(0, 2, 0, 0), 0, 2), 0x8086);
}

static void window_too_full_is_refused(void)
{
	model_machine("02.0 port\n"
		      "  00.0 ep id=11:1 bar0=m32:256M\n"
		      "03.0 ep id=11:2 bar0=m32:256M\n");
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), -ENOSPC);
	CU_ASSERT_EQUAL(model_assign(1, 0, 3, 0, sbdf_make(0, 0, 3, 0), NONE), -ENOSPC);
	CU_ASSERT_EQUAL(count_all(machine.zones[1].v), 0);
}

static void real_82576_shows_what_is_allowed_only(void)
{
	sbdf_t at = sbdf_make(0, 1, 0, 0);
	unsigned n = 0;

	model_machine(NULL);
	model_pci_dump_file("cap-pcie-2.txt");
	model_pci(0)->parent = -1;
	CU_ASSERT_EQUAL(pci_scan_host(&machine.host, &machine.table), 0);
	CU_ASSERT_EQUAL(machine.table.count, 1);
	guest = machine.zones[1].v;
	CU_ASSERT_EQUAL(model_assign(1, 0, 0, 0, NONE, NONE), 0);
	CU_ASSERT_EQUAL(rd(guest, at, 0, 4), 0x10c98086);
	for (unsigned next = rd(guest, at, 0x34, 1); next; next = rd(guest, at, next + 1, 1), n++) {
		unsigned id = rd(guest, at, next, 1);

		CU_ASSERT(id == 1 || id == 5 || id == 0x10 || id == 0x11);
	}
	CU_ASSERT_EQUAL(n, 4);
	CU_ASSERT_EQUAL(rd(guest, at, 0x100, 4) & 0xffff, 3);
	CU_ASSERT_EQUAL(rd(guest, at, 0x100, 4) >> 20, 0);
}

void suite_vpci(void)
{
	static const struct unit_test tests[] = {
		TEST(root_does_not_see_the_nvme),
		TEST(zone_sees_only_its_own),
		TEST(writes_to_nobody_reach_nothing),
		TEST(addresses_are_as_asked_or_chosen),
		TEST(identity_comes_from_the_device),
		TEST(the_device_may_lie_later_without_effect),
		TEST(command_is_shared_out_bit_by_bit),
		TEST(status_errors_are_cleared_one_by_one),
		TEST(no_rw1c_bit_is_lost_by_a_neighbour),
		TEST(hidden_capabilities_are_unlinked_and_read_zero),
		TEST(power_states_stay_in_the_view),
		TEST(device_control_passes_what_is_the_functions_own),
		TEST(ports_look_like_root_ports),
		TEST(port_windows_hold_their_bars),
		TEST(a_guest_may_renumber_its_buses),
		TEST(multifunction_devices_share_a_port),
		TEST(function_without_function_0_is_warned_of),
		TEST(endpoint_types_fit_where_they_stand),
		TEST(reads_of_any_size_and_alignment_equal_their_bytes),
		TEST(writes_of_any_size_and_alignment_equal_their_bytes),
		TEST(odd_accesses_are_answered),
		TEST(ecam_reaches_the_same_registers),
		TEST(nth_allocation_failure_leaves_nothing_behind),
		TEST(a_failed_assignment_takes_no_port_away),
		TEST(restart_gives_the_same_bus),
		TEST(device_gone_reads_all_ones_and_harms_nobody),
		TEST(window_too_full_is_refused),
		TEST(real_82576_shows_what_is_allowed_only),
	};

	unit_suite("vpci", tests, ARRAY_SIZE(tests));
}
