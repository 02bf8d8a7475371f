// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SR-IOV from boot to VFs in their zones: what is captured and offered, the capability the owner sees, VFs coming, and who
 * has them (pci/sriov.c, pci/vfs.c, pci/vpci-sriov.c). Their leaving: test_sriov_going.c.
 */
#include "sriov-fixture.h"

/* ---- at boot ---- */

static void facts_are_captured_and_vf_bars_placed(void)
{
	const struct pci_sriov *s;
	const struct pci_bar *w;

	sr_boot(sriov_tree, 0);
	s = &sr_pf->sriov;
	CU_ASSERT_EQUAL(s->total, 8);
	CU_ASSERT_EQUAL(s->offset, 128);
	CU_ASSERT_EQUAL(s->stride, 2);
	CU_ASSERT_EQUAL(s->vf_device, 0x10ca);
	w = &sr_pf->parent->window_pref;
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		if (i != 0 && i != 3) {
			CU_ASSERT_EQUAL(s->bars[i].size, 0);
			continue;
		}
		CU_ASSERT_EQUAL(s->bars[i].size, SIZE);
		CU_ASSERT_EQUAL(s->bars[i].kind, PCI_BAR_MEM64);
		CU_ASSERT(range_inside(s->bars[i].bus, 8 * SIZE, w->bus, w->size));
		CU_ASSERT_EQUAL(model_pci_get(sr_hw(), sr_hw()->sriov + 0x24u + 4 * i, 4) & ~0xfu,
				(uint32_t)s->bars[i].bus);
	}
	CU_ASSERT_FALSE(ranges_overlap(s->bars[0].bus, 8 * SIZE, s->bars[3].bus, 8 * SIZE));
	CU_ASSERT_EQUAL(machine.table.count, 4); /* no VF among them */
	CU_ASSERT_FALSE(sr_hw_vfe());
	CU_ASSERT_EQUAL(model_pci_get(sr_hw(), sr_hw()->sriov + 0x10u, 2), 0);
}

static void offered_vfs_have_places_in_the_table(void)
{
	sr_boot(sriov_tree, 2);
	CU_ASSERT_EQUAL(machine.table.count, 6);
	for (unsigned n = 0; n < 2; n++) {
		CU_ASSERT_EQUAL(sr_vf(n)->sbdf, sr_vf_at[n]);
		CU_ASSERT_EQUAL(sr_vf(n)->state, DEVICE_ABSENT);
		CU_ASSERT_PTR_EQUAL(sr_vf(n)->pf, sr_pf);
		CU_ASSERT_EQUAL(sr_vf(n)->iommu.id, 0x1000u + sbdf_rid(sr_vf_at[n]));
		CU_ASSERT_EQUAL(sr_vf(n)->msi_unit.id, 0x2000u + sbdf_rid(sr_vf_at[n]));
		CU_ASSERT_EQUAL(sr_vf(n)->bars[3].bus, sr_pf->sriov.bars[3].bus + n * SIZE);
	}
	CU_ASSERT_NOT_EQUAL(sr_vf(0)->group, sr_vf(1)->group);
	CU_ASSERT_NOT_EQUAL(sr_vf(0)->group, sr_pf->group);
	CU_ASSERT_EQUAL(pci_offer_vfs(&machine.table, sr_pf, 2, sr_changed), -EINVAL);
	sr_boot(sriov_tree, 0);
	CU_ASSERT_EQUAL(pci_offer_vfs(&machine.table, sr_pf, 9, sr_changed), -EINVAL);
	CU_ASSERT_EQUAL(pci_offer_vfs(&machine.table, sr_pf, 0, sr_changed), -EINVAL);
	CU_ASSERT_EQUAL(pci_offer_vfs(&machine.table, model_function(2, 0, 0), 1, sr_changed),
			-EINVAL);
	machine.table.count = MAX_PCI_FUNCTIONS - 1;
	CU_ASSERT_EQUAL(pci_offer_vfs(&machine.table, sr_pf, 2, sr_changed), -ENOSPC);
	CU_ASSERT(model_log_contains("0000:01:00.0"));
}

static void v9_vfs_of_a_pf_that_shares_its_group_stay_in_it(void)
{
	sr_boot("02.0 port acs=0\n"
		"  00.0 igbpf\n",
		2);
	CU_ASSERT_EQUAL(sr_vf(0)->group, sr_pf->group);
	CU_ASSERT_EQUAL(sr_vf(1)->group, sr_pf->group);
	CU_ASSERT_EQUAL(device_assign(sr_root(), sr_pf, sr_pf->sbdf, sbdf_make(0, 0, 2, 0)), 0);
	sr_enable(2);
	sr_rd(sr_vf_at[0], 0, 4);
	/* so the guest was refused, and root got its own */
	CU_ASSERT_EQUAL(sr_vf(0)->state, DEVICE_QUARANTINED);
	CU_ASSERT_PTR_EQUAL(sr_vf(1)->owner, sr_root());
	CU_ASSERT(model_log_contains("isolation group"));
}

/* ---- the capability ---- */

static void capability_is_hidden_unless_offered(void)
{
	sr_boot(sriov_tree, 0);
	CU_ASSERT_EQUAL(device_assign(sr_root(), sr_pf, sr_pf->sbdf, sbdf_make(0, 0, 2, 0)), 0);
	CU_ASSERT_EQUAL(sr_rd(sr_at, 0x100, 4), 0x00010003);
	for (unsigned o = CAP; o < CAP + 0x40; o += 4)
		CU_ASSERT_EQUAL(sr_rd(sr_at, o, 4), 0);
	sr_enable(2);
	CU_ASSERT_FALSE(sr_hw_vfe());
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[0], 0, 4), UINT32_MAX);
}

static void capability_tells_what_is_offered(void)
{
	sr_setup();
	CU_ASSERT_EQUAL(sr_rd(sr_at, 0x100, 4), 0x00010003 | CAP << 20);
	CU_ASSERT_EQUAL(sr_rd(sr_at, CAP, 4), 0x00010010);
	CU_ASSERT_EQUAL(sr_rd(sr_at, CAP + PCI_SRIOV_CAP, 4), 0);
	CU_ASSERT_EQUAL(sr_rd(sr_at, CAP + PCI_SRIOV_INITIAL_VF, 4), 0x00020002);
	CU_ASSERT_EQUAL(sr_rd(sr_at, CAP + PCI_SRIOV_FUNC_LINK, 2), 0);
	CU_ASSERT_EQUAL(sr_rd(sr_at, CAP + PCI_SRIOV_VF_OFFSET, 4), 0x00020080);
	CU_ASSERT_EQUAL(sr_rd(sr_at, CAP + PCI_SRIOV_VF_DID, 2), 0x10ca);
	CU_ASSERT_EQUAL(sr_rd(sr_at, CAP + PCI_SRIOV_SUP_PGSIZE, 4), 1);
	for (unsigned o = CAP; o < CAP + 0x40; o++) {
		uint32_t before = sr_rd(sr_at, o, 1);
		bool writable = o == CONTROL || (o & ~1u) == NUMVFS ||
				(o >= BAR(0) && o < BAR(2)) || (o >= BAR(3) && o < BAR(5));

		if (writable)
			continue;
		sr_wr(sr_at, o, 1, ~before);
		CU_ASSERT_EQUAL(sr_rd(sr_at, o, 1), before);
	}
	/* sizing, one VF's */
	sr_wr(sr_at, BAR(0), 4, UINT32_MAX);
	sr_wr(sr_at, BAR(1), 4, UINT32_MAX);
	CU_ASSERT_EQUAL(sr_rd(sr_at, BAR(0), 4), 0xffffc00c);
	CU_ASSERT_EQUAL(sr_rd(sr_at, BAR(1), 4), UINT32_MAX);
	/* nothing of it reached the hardware */
	CU_ASSERT_EQUAL(model_pci_get(sr_hw(), sr_hw()->sriov + 0x24u, 4) & ~0xfu,
			(uint32_t)sr_pf->sriov.bars[0].bus);
	/* ARI and migration are not the owner's to set */
	sr_wr(sr_at, CONTROL, 2, PCI_SRIOV_CTRL_ARI | PCI_SRIOV_CTRL_VFM | PCI_SRIOV_CTRL_INTR);
	CU_ASSERT_EQUAL(sr_rd(sr_at, CONTROL, 2), 0);
}

static void vf_bars_are_placed_below_the_port(void)
{
	uint64_t first, second, base, limit;

	sr_setup();
	first = (sr_rd(sr_at, BAR(0), 4) & ~0xfu) | (uint64_t)sr_rd(sr_at, BAR(1), 4) << 32;
	second = (sr_rd(sr_at, BAR(3), 4) & ~0xfu) | (uint64_t)sr_rd(sr_at, BAR(4), 4) << 32;
	base = (uint64_t)(sr_rd(sbdf_make(0, 0, 2, 0), 0x24, 2) & 0xfff0) << 16 |
	       (uint64_t)sr_rd(sbdf_make(0, 0, 2, 0), 0x28, 4) << 32;
	limit = ((uint64_t)(sr_rd(sbdf_make(0, 0, 2, 0), 0x26, 2) & 0xfff0) << 16 |
		 (uint64_t)sr_rd(sbdf_make(0, 0, 2, 0), 0x2c, 4) << 32) +
		MIB;
	CU_ASSERT(base >= ZONE_MEM64 && limit <= ZONE_MEM64 + ZONE_MEM64_SZ);
	CU_ASSERT(range_inside(first, 2 * SIZE, base, limit - base));
	CU_ASSERT(range_inside(second, 2 * SIZE, base, limit - base));
	CU_ASSERT_FALSE(ranges_overlap(first, 2 * SIZE, second, 2 * SIZE));
}

/* ---- coming ---- */

static void numvfs_is_capped_by_what_is_offered(void)
{
	sr_setup();
	sr_wr(sr_at, CONTROL, 2, ON); /* none */
	CU_ASSERT_EQUAL(sr_rd(sr_at, CONTROL, 2), PCI_SRIOV_CTRL_MSE);
	CU_ASSERT_FALSE(sr_hw_vfe());
	sr_wr(sr_at, NUMVFS, 2, 0xffff);
	CU_ASSERT_EQUAL(sr_rd(sr_at, NUMVFS, 2), 2);
	sr_wr(sr_at, NUMVFS, 2, 1);
	sr_wr(sr_at, CONTROL, 2, ON);
	CU_ASSERT(sr_hw_vfe());
	CU_ASSERT_EQUAL(sr_rd(sr_at, CONTROL, 2), ON);
	CU_ASSERT_EQUAL(model_pci_get(sr_hw(), sr_hw()->sriov + 0x10u, 2), 1);
	sr_wr(sr_at, NUMVFS, 2, 2); /* read-only while enabled */
	CU_ASSERT_EQUAL(sr_rd(sr_at, NUMVFS, 2), 1);
	model_time_advance_ns(100 * MS);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[0], 0, 4), 0x10ca8086);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], 0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(sr_vf(1)->state, DEVICE_ABSENT);
}

static void no_cpu_waits_for_vfs(void)
{
	uint64_t before;

	sr_setup();
	sr_wr(sr_at, NUMVFS, 2, 2);
	before = host_time_ns();
	sr_wr(sr_at, CONTROL, 2, ON);
	CU_ASSERT(host_time_ns() - before < 10 * MS);
	CU_ASSERT_EQUAL(sr_seen.told[VFS_COMING], 1);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[0], 0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(sr_rd(sr_at, 0, 4), 0x10c98086); /* the PF goes on */
	model_time_advance_ns(100 * MS);
	/* The first look finds them, already given away. */
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], 0, 4), 0x10ca8086);
	CU_ASSERT_EQUAL(sr_seen.told[VFS_ON], 1);
	CU_ASSERT_PTR_EQUAL(sr_vf(0)->owner, sr_guest());
	CU_ASSERT_PTR_EQUAL(sr_vf(1)->owner, sr_root());
	CU_ASSERT_EQUAL(vpci_where(sr_root()->vpci, sr_vf(1)), sr_vf_at[1]);
	CU_ASSERT_EQUAL(vpci_where(sr_root()->vpci, sr_vf(0)), NONE);
	CU_ASSERT_NOT_EQUAL(vpci_where(sr_guest()->vpci, sr_vf(0)), NONE);
}

static void a_poll_completes_what_the_owner_does_not_look_at(void)
{
	sr_setup();
	sr_enable(2);
	vpci_poll(sr_root()->vpci);
	CU_ASSERT_PTR_EQUAL(sr_vf(0)->owner, sr_guest());
}

static void new_vfs_are_quarantined_and_quiet(void)
{
	sr_setup();
	sr_deliver = false;
	sr_enable(2);
	sr_rd(sr_vf_at[0], 0, 4);
	for (unsigned n = 0; n < 2; n++) {
		CU_ASSERT_EQUAL(sr_vf(n)->state, DEVICE_QUARANTINED);
		CU_ASSERT_PTR_NULL(sr_vf(n)->owner);
		CU_ASSERT_EQUAL(sr_vf(n)->vendor, 0x8086);
		CU_ASSERT_EQUAL(sr_vf(n)->device, 0x10ca);
		CU_ASSERT_EQUAL(sr_vf(n)->msix.entries, 3);
		CU_ASSERT(sr_vf(n)->can_flr);
		CU_ASSERT_FALSE(model_pci_get(sr_hw_vf(n), 4, 2) & 6);
	}
	CU_ASSERT_EQUAL(sr_seen.attached, 1); /* the PF */
}

static void v7_a_vf_that_never_answers_is_left_out(void)
{
	sr_setup();
	sr_hw_vf(0)->gone = true;
	sr_enable(2);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], 0, 4), UINT32_MAX);
	model_time_advance_ns(1100 * MS);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], 0, 4), 0x10ca8086);
	CU_ASSERT_EQUAL(sr_vf(0)->state, DEVICE_ABSENT);
	CU_ASSERT_EQUAL(sr_vf(1)->state, DEVICE_ASSIGNED);
	CU_ASSERT(model_log_contains("does not answer"));
	sr_wr(sr_at, CONTROL, 2, 0);
	CU_ASSERT_EQUAL(sr_finish_going(), 0);
}

static void hardware_that_does_not_follow_is_not_enabled(void)
{
	sr_setup();
	sr_hw()->write[sr_hw()->sriov + 8] = 0x10; /* VF Enable is stuck */
	sr_enable(2);
	CU_ASSERT_EQUAL(sr_rd(sr_at, CONTROL, 2) & PCI_SRIOV_CTRL_VFE, 0);
	CU_ASSERT_EQUAL(pci_vfs_phase(sr_pf), VFS_OFF);
	/* and one whose VFs are suddenly elsewhere */
	sr_setup();
	sr_hw()->config[sr_hw()->sriov + 0x14] ^= 1;
	sr_enable(2);
	CU_ASSERT_FALSE(sr_hw_vfe());
	CU_ASSERT_EQUAL(pci_vfs_phase(sr_pf), VFS_OFF);
}

/* ---- who has them ---- */

static void placeholder_has_an_identity_and_nothing_else(void)
{
	uint64_t bar, value = 0;
	unsigned writes;

	sr_setup();
	sr_enable(2);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[0], 0, 4), 0x10ca8086);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[0], 8, 4) >> 8, 0x020000);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[0], 0x0e, 1), 0);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[0], PCI_STATUS, 2), 0); /* no capabilities */
	writes = sr_hw_vf(0)->config_writes;
	for (unsigned o = 0; o < PCI_CONFIG_SIZE; o += 4) {
		uint32_t before = sr_rd(sr_vf_at[0], o, 4);

		CU_ASSERT(before == 0 || o == 0 || o == 8 || o == 0x2c);
		sr_wr(sr_vf_at[0], o, 4, UINT32_MAX);
		CU_ASSERT_EQUAL(sr_rd(sr_vf_at[0], o, 4), before);
	}
	CU_ASSERT_EQUAL(sr_hw_vf(0)->config_writes, writes);
	/* where Linux thinks its registers are, nothing answers */
	bar = (sr_rd(sr_at, BAR(0), 4) & ~0xfu) | (uint64_t)sr_rd(sr_at, BAR(1), 4) << 32;
	CU_ASSERT_FALSE(model_guest_mapped(sr_root(), bar, NULL));
	CU_ASSERT_EQUAL(vpci_mmio(sr_root()->vpci, bar, 4, false, &value), ACCESS_DONE);
	CU_ASSERT_EQUAL(value, UINT32_MAX);
}

static void owners_vf_decodes_where_the_vf_bar_says(void)
{
	uint64_t bar;
	hpa_t pa;

	sr_setup();
	sr_enable(2);
	sr_rd(sr_vf_at[1], 0, 4);
	bar = (sr_rd(sr_at, BAR(0), 4) & ~0xfu) | (uint64_t)sr_rd(sr_at, BAR(1), 4) << 32;
	CU_ASSERT(model_guest_mapped(sr_root(), bar + SIZE, &pa) && pa == sr_vf(1)->bars[0].cpu);
	CU_ASSERT(model_pci_get(sr_hw_vf(1), 4, 2) & 2); /* QEMU's VFs insist */
	for (unsigned o = 0x10; o < 0x28; o += 4) {      /* a VF's own BARs are 0 */
		sr_wr(sr_vf_at[1], o, 4, UINT32_MAX);
		CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], o, 4), 0);
	}
	sr_wr(sr_vf_at[1], PCI_COMMAND, 2, 7);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], PCI_COMMAND, 2), PCI_COMMAND_MASTER);
	CU_ASSERT(model_pci_get(sr_hw_vf(1), 4, 2) & 4);
	/* VF Memory Space Enable is all VFs' of this zone */
	sr_wr(sr_at, CONTROL, 2, PCI_SRIOV_CTRL_VFE);
	CU_ASSERT_FALSE(model_guest_mapped(sr_root(), bar + SIZE, NULL));
	CU_ASSERT(sr_hw_vfe());
	sr_wr(sr_at, BAR(0), 4, (uint32_t)bar + 0x40000);
	sr_wr(sr_at, CONTROL, 2, ON);
	CU_ASSERT(model_guest_mapped(sr_root(), bar + 0x40000 + SIZE, NULL));
	/* and a move with it on */
	sr_wr(sr_at, BAR(0), 4, (uint32_t)bar);
	CU_ASSERT(model_guest_mapped(sr_root(), bar + SIZE, NULL));
	CU_ASSERT_FALSE(model_guest_mapped(sr_root(), bar + 0x40000 + SIZE, NULL));
}

static void v6_owner_of_the_pf_does_not_turn_off_anothers_vf(void)
{
	sbdf_t there;
	uint64_t bar;

	sr_setup();
	sr_enable(2);
	sr_rd(sr_vf_at[0], 0, 4);
	there = vpci_where(sr_guest()->vpci, sr_vf(0));
	vpci_config_write(sr_guest()->vpci, sbdf_bus(there), sbdf_devfn(there), PCI_COMMAND, 2, 6);
	bar = vpci_config_read(sr_guest()->vpci, sbdf_bus(there), sbdf_devfn(there), 0x10, 8) &
	      ~0xfull;
	CU_ASSERT(model_guest_mapped(sr_guest(), bar, NULL));
	sr_wr(sr_at, CONTROL, 2, PCI_SRIOV_CTRL_VFE); /* memory off */
	CU_ASSERT(model_pci_get(sr_hw(), sr_hw()->sriov + 8u, 2) & 8);
	CU_ASSERT(model_guest_mapped(sr_guest(), bar, NULL));
	CU_ASSERT(model_pci_get(sr_hw_vf(0), 4, 2) & 2);
}

static void v3_messages_of_vfs_are_the_hypervisors(void)
{
	uint64_t address;
	uint32_t data, cap;

	sr_setup();
	sr_enable(2);
	cap = sr_rd(sr_vf_at[1], PCI_CAPABILITY_LIST, 1);
	while (cap && sr_rd(sr_vf_at[1], cap, 1) != PCI_CAP_ID_MSIX)
		cap = sr_rd(sr_vf_at[1], cap + 1, 1);
	CU_ASSERT_FATAL(cap != 0);
	sr_wr(sr_vf_at[1], PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	sr_wr(sr_vf_at[1], cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	{
		uint64_t bar = (sr_rd(sr_at, BAR(3), 4) & ~0xfu) | (uint64_t)sr_rd(sr_at, BAR(4), 4)
									   << 32;
		uint64_t v[4] = { 0xdead0000, 0, 7, 0 };

		for (unsigned i = 0; i < 4; i++)
			vpci_mmio(sr_root()->vpci, bar + SIZE + 16 + 4 * i, 4, true, &v[i]);
	}
	CU_ASSERT(model_pci_msix_message(sr_hw_vf(1), 1, &address, &data));
	CU_ASSERT_EQUAL(address, REAL_DOORBELL);
	CU_ASSERT_EQUAL(data, 1);
}

static void only_roots_pf_gives_vfs_to_other_zones(void)
{
	sr_boot(sriov_tree, 2);
	sr_deliver = false;
	CU_ASSERT_EQUAL(device_assign(sr_guest(), sr_pf, NONE, NONE), 0);
	sr_at = vpci_where(sr_guest()->vpci, sr_pf);
	vpci_config_write(sr_guest()->vpci, sbdf_bus(sr_at), 0, NUMVFS, 2, 2);
	vpci_config_write(sr_guest()->vpci, sbdf_bus(sr_at), 0, CONTROL, 2, ON);
	model_time_advance_ns(100 * MS);
	vpci_poll(sr_guest()->vpci);
	CU_ASSERT_EQUAL(device_assign(sr_root(), sr_vf(0), NONE, NONE), -EPERM);
	CU_ASSERT(model_log_contains("belongs to another zone than root"));
	CU_ASSERT_EQUAL(sr_vf(0)->state, DEVICE_QUARANTINED);
	CU_ASSERT_EQUAL(device_assign(sr_guest(), sr_vf(0), NONE, NONE), 0);
	CU_ASSERT_EQUAL(device_assign(sr_guest(), sr_vf(0), NONE, NONE), -EBUSY);
}

static void released_vf_leaves_a_placeholder_and_can_go_elsewhere(void)
{
	sr_setup();
	sr_enable(2);
	sr_rd(sr_vf_at[1], 0, 4);
	CU_ASSERT_EQUAL(sr_release(sr_root(), sr_vf(1)), 0);
	CU_ASSERT_EQUAL(sr_vf(1)->state, DEVICE_QUARANTINED);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], 0, 4), 0x10ca8086);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], PCI_STATUS, 2), 0);
	CU_ASSERT_EQUAL(device_assign(sr_guest(), sr_vf(1), NONE, NONE), 0);
	CU_ASSERT_EQUAL(sr_release(sr_guest(), sr_vf(1)), 0);
	CU_ASSERT_EQUAL(device_assign(sr_root(), sr_vf(1), NONE, NONE), 0);
	CU_ASSERT_EQUAL(vpci_where(sr_root()->vpci, sr_vf(1)), sr_vf_at[1]);
}

static void a_vf_resets_alone(void)
{
	uint64_t bar;
	unsigned cap;

	sr_setup();
	sr_enable(2);
	cap = sr_rd(sr_vf_at[1], PCI_CAPABILITY_LIST, 1);
	while (sr_rd(sr_vf_at[1], cap, 1) != PCI_CAP_ID_EXP)
		cap = sr_rd(sr_vf_at[1], cap + 1, 1);
	bar = (sr_rd(sr_at, BAR(0), 4) & ~0xfu) | (uint64_t)sr_rd(sr_at, BAR(1), 4) << 32;
	sr_wr(sr_vf_at[1], cap + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	CU_ASSERT_FALSE(model_guest_mapped(sr_root(), bar + SIZE, NULL));
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], 0, 4), UINT32_MAX);
	model_time_advance_ns(200 * MS);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], 0, 4), 0x10ca8086);
	CU_ASSERT_EQUAL(sr_hw_vf(1)->resets, 1);
	CU_ASSERT_EQUAL(sr_hw_vf(0)->resets + sr_hw()->resets, 0);
	CU_ASSERT(model_guest_mapped(sr_root(), bar + SIZE, NULL));
	CU_ASSERT(model_pci_get(sr_hw_vf(1), 4, 2) & 2);
}

static void nth_allocation_failure_leaves_nothing_behind(void)
{
	int err = -ENOMEM;
	unsigned n;

	for (n = 1; err && n < 100; n++) {
		uint64_t pages;

		sr_boot(sriov_tree, 2);
		pages = model_pages_live();
		model_fail_alloc_after(n);
		err = device_assign(sr_root(), sr_pf, sr_pf->sbdf, sbdf_make(0, 0, 2, 0));
		model_fail_alloc_after(0);
		if (!err)
			break;
		CU_ASSERT_EQUAL(model_pages_live(), pages);
		CU_ASSERT_EQUAL(sr_pf->state, DEVICE_QUARANTINED);
	}
	CU_ASSERT(n > 5 && n < 100); /* the places of VFs among them */
	/* and those of a VF's assignment, in its place */
	sr_deliver = false;
	sr_setup();
	sr_deliver = false;
	sr_enable(2);
	sr_rd(sr_vf_at[1], 0, 4);
	for (err = -ENOMEM, n = 1; err && n < 100; n++) {
		uint64_t pages = model_pages_live();

		model_fail_alloc_after(n);
		err = device_assign(sr_root(), sr_vf(1), NONE, NONE);
		model_fail_alloc_after(0);
		if (!err)
			break;
		CU_ASSERT_EQUAL(model_pages_live(), pages);
		CU_ASSERT_EQUAL(sr_vf(1)->state, DEVICE_QUARANTINED);
		CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], 0, 4), 0x10ca8086);
		CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], PCI_STATUS, 2), 0);
	}
	CU_ASSERT(n > 1 && n < 100);
}

static void a_pf_without_room_for_its_vfs_hides_them(void)
{
	sr_boot(sriov_tree, 2);
	CU_ASSERT_EQUAL(device_assign(sr_root(), sr_pf, sbdf_make(0, 0, 7, 0), NONE), 0);
	CU_ASSERT_EQUAL(sr_rd(sbdf_make(0, 0, 7, 0), 0x100, 4), 0x00010003);
	CU_ASSERT(model_log_contains("shows no SR-IOV"));
}

static void firmware_without_vf_bars_is_kept(void)
{
	const struct pci_bar *w;

	sr_boot("02.0 port pri=0 sec=1 sub=1 window=0x10000000-0x100fffff\n"
		"  00.0 igbpf fw0=0x10000000 fw1=0x10020000 fw3=0x10040000\n",
		0);
	CU_ASSERT_EQUAL(sr_pf->bars[0].bus, 0x10000000);
	CU_ASSERT_EQUAL(sr_pf->bars[3].bus, 0x10040000);
	w = &sr_pf->parent->window_pref; /* it was closed */
	CU_ASSERT(range_inside(sr_pf->sriov.bars[0].bus, 8 * SIZE, w->bus, w->size));
	CU_ASSERT_EQUAL(sr_pf->sriov.total, 8);
}

static void vf_bars_never_crowd_out_functions(void)
{
	sr_boot("02.0 port\n"
		"  00.0 igbpf\n",
		0);
	CU_ASSERT_EQUAL(sr_pf->sriov.total, 8);
	/* a window so small that the VFs' 256 KiB are more than a sixteenth each of it */
	model_reset();
	model_pci_create(&machine.host);
	machine.host.windows[2].size = MIB;
	model_pci_text("02.0 port\n"
		       "  00.0 igbpf\n");
	machine.table.count = 0;
	CU_ASSERT_EQUAL(pci_scan_host(&machine.host, &machine.table), 0);
	sr_pf = model_function(1, 0, 0);
	CU_ASSERT_EQUAL(sr_pf->sriov.total, 0);
	CU_ASSERT(sr_pf->bars[0].bus && sr_pf->bars[3].bus);
	CU_ASSERT(model_log_contains("no room for its VFs"));
}

void suite_sriov(void)
{
	static const struct unit_test tests[] = {
		TEST(facts_are_captured_and_vf_bars_placed),
		TEST(offered_vfs_have_places_in_the_table),
		TEST(v9_vfs_of_a_pf_that_shares_its_group_stay_in_it),
		TEST(capability_is_hidden_unless_offered),
		TEST(capability_tells_what_is_offered),
		TEST(vf_bars_are_placed_below_the_port),
		TEST(numvfs_is_capped_by_what_is_offered),
		TEST(no_cpu_waits_for_vfs),
		TEST(a_poll_completes_what_the_owner_does_not_look_at),
		TEST(new_vfs_are_quarantined_and_quiet),
		TEST(v7_a_vf_that_never_answers_is_left_out),
		TEST(hardware_that_does_not_follow_is_not_enabled),
		TEST(placeholder_has_an_identity_and_nothing_else),
		TEST(owners_vf_decodes_where_the_vf_bar_says),
		TEST(v6_owner_of_the_pf_does_not_turn_off_anothers_vf),
		TEST(v3_messages_of_vfs_are_the_hypervisors),
		TEST(only_roots_pf_gives_vfs_to_other_zones),
		TEST(released_vf_leaves_a_placeholder_and_can_go_elsewhere),
		TEST(a_vf_resets_alone),
		TEST(nth_allocation_failure_leaves_nothing_behind),
		TEST(a_pf_without_room_for_its_vfs_hides_them),
		TEST(firmware_without_vf_bars_is_kept),
		TEST(vf_bars_never_crowd_out_functions),
	};

	unit_suite("sriov", tests, ARRAY_SIZE(tests));
}
