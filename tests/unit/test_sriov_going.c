// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VFs leaving their zones before the hardware loses them: VF Enable = 0, a reset of the PF, its release
 * (core/sriov.c), and everything that can go wrong then.
 */
#include "sriov-fixture.h"

static void v5_vfs_are_quieted_before_the_hardware_loses_them(void)
{
	uint64_t bar;

	sr_setup();
	sr_enable(2);
	sr_rd(sr_vf_at[1], 0, 4);
	sr_wr(sr_vf_at[1], PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	CU_ASSERT_EQUAL(sr_seen.attached, 3);
	bar = (sr_rd(sr_at, BAR(0), 4) & ~0xfu) | (uint64_t)sr_rd(sr_at, BAR(1), 4) << 32;
	sr_wr(sr_at, CONTROL, 2, 0);
	/* gone for the owner at once, not for the hardware */
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[0], 0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], 0, 4), UINT32_MAX);
	CU_ASSERT_FALSE(model_guest_mapped(sr_root(), bar + SIZE, NULL));
	CU_ASSERT(sr_hw_vfe());
	CU_ASSERT_EQUAL(sr_seen.told[VFS_GOING], 1);
	/* nobody gets one now, and VF Enable does not stick */
	sr_wr(sr_at, CONTROL, 2, ON);
	CU_ASSERT_EQUAL(sr_rd(sr_at, CONTROL, 2) & PCI_SRIOV_CTRL_VFE, 0);
	CU_ASSERT_EQUAL(sr_finish_going(), 0);
	CU_ASSERT_FALSE(sr_hw_vfe());
	CU_ASSERT_EQUAL(sr_seen.blocked, 2);
	CU_ASSERT(sr_seen.vfe_then);
	CU_ASSERT_FALSE(sr_seen.master_then);
	CU_ASSERT_EQUAL(sr_seen.attached, 1);
	CU_ASSERT_EQUAL(sr_seen.vectors, 10);
	for (unsigned n = 0; n < 2; n++) {
		CU_ASSERT_EQUAL(sr_vf(n)->state, DEVICE_ABSENT);
		CU_ASSERT_PTR_NULL(sr_vf(n)->owner);
	}
	CU_ASSERT_EQUAL(vpci_where(sr_guest()->vpci, sr_vf(0)), NONE);
}

static void vfs_come_again_and_no_page_is_lost(void)
{
	uint64_t pages = 0;

	sr_setup();
	for (unsigned i = 0; i < 3; i++) {
		sr_wr(sr_at, CONTROL, 2, 0);
		CU_ASSERT_EQUAL(sr_finish_going(), 0);
		sr_enable(i == 1 ? 1 : 2);
		CU_ASSERT_EQUAL(sr_rd(sr_vf_at[0], 0, 4), 0x10ca8086);
		CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], 0, 4), i == 1 ? UINT32_MAX : 0x10ca8086);
		CU_ASSERT_PTR_EQUAL(sr_vf(0)->owner, sr_guest());
		if (i == 0)
			pages = model_pages_live();
	}
	CU_ASSERT_EQUAL(model_pages_live(), pages);
}

static void v5_an_unproven_block_fails_that_vf_alone(void)
{
	sr_setup();
	sr_enable(2);
	sr_rd(sr_vf_at[1], 0, 4);
	sr_refuse_block = sr_vf(0)->iommu.id;
	sr_wr(sr_at, CONTROL, 2, 0);
	CU_ASSERT_EQUAL(sr_finish_going(), 0);
	CU_ASSERT_FALSE(sr_hw_vfe());
	CU_ASSERT_EQUAL(sr_vf(0)->state, DEVICE_FAILED);
	CU_ASSERT_EQUAL(sr_vf(1)->state, DEVICE_ABSENT);
	CU_ASSERT_EQUAL(sr_seen.attached, 2);
	/* it is never given away again, the other is */
	sr_enable(2);
	sr_rd(sr_vf_at[1], 0, 4);
	CU_ASSERT_EQUAL(sr_vf(0)->state, DEVICE_FAILED);
	CU_ASSERT_PTR_EQUAL(sr_vf(1)->owner, sr_root());
	CU_ASSERT_EQUAL(device_assign(sr_guest(), sr_vf(0), NONE, NONE), -EBUSY);
}

static void v7_a_stuck_vf_is_bounded(void)
{
	uint64_t before;

	sr_setup();
	sr_enable(2);
	sr_rd(sr_vf_at[1], 0, 4);
	sr_hw_vf(0)->stuck_pending = true;
	sr_hw_vf(1)->never_ready = true;
	sr_wr(sr_at, CONTROL, 2, 0);
	before = host_time_ns();
	CU_ASSERT_EQUAL(sr_finish_going(), 0);
	CU_ASSERT(host_time_ns() - before < 5000 * MS);
	CU_ASSERT_EQUAL(sr_vf(0)->state, DEVICE_FAILED);
	CU_ASSERT_EQUAL(sr_vf(1)->state, DEVICE_FAILED);
	CU_ASSERT_FALSE(sr_hw_vfe());
	CU_ASSERT_EQUAL(sr_seen.attached, 1);
}

static void vf_enable_that_does_not_go_off_ends_it(void)
{
	sr_setup();
	sr_enable(2);
	sr_rd(sr_vf_at[1], 0, 4);
	sr_hw()->write[sr_hw()->sriov + 8] = 0;
	sr_wr(sr_at, CONTROL, 2, 0);
	CU_ASSERT_EQUAL(sr_finish_going(), -EIO);
	CU_ASSERT_EQUAL(sr_seen.attached, 1);
	CU_ASSERT(model_log_contains("VF Enable does not go off"));
	sr_enable(2);
	CU_ASSERT_EQUAL(pci_vfs_phase(sr_pf), VFS_OFF);
	CU_ASSERT_EQUAL(sr_vf(0)->state, DEVICE_ABSENT);
}

static void a_reset_of_the_pf_waits_for_its_vfs(void)
{
	unsigned cap;
	uint64_t bar;

	sr_setup();
	sr_enable(2);
	sr_rd(sr_vf_at[1], 0, 4);
	cap = sr_rd(sr_at, PCI_CAPABILITY_LIST, 1);
	while (sr_rd(sr_at, cap, 1) != PCI_CAP_ID_EXP)
		cap = sr_rd(sr_at, cap + 1, 1);
	bar = sr_pf->sriov.bars[0].bus;
	sr_wr(sr_at, cap + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	model_time_advance_ns(2000 * MS);
	CU_ASSERT_EQUAL(sr_rd(sr_at, 0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(sr_hw()->resets, 0);
	CU_ASSERT_EQUAL(sr_seen.told[VFS_GOING], 1);
	CU_ASSERT_EQUAL(sr_finish_going(), 0);
	CU_ASSERT_EQUAL(sr_seen.pf_resets_then, 0);
	CU_ASSERT_EQUAL(sr_rd(sr_at, 0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(sr_hw()->resets, 1);
	model_time_advance_ns(200 * MS);
	CU_ASSERT_EQUAL(sr_rd(sr_at, 0, 4), 0x10c98086);
	CU_ASSERT_EQUAL(sr_rd(sr_at, CONTROL, 2), 0);
	CU_ASSERT_EQUAL(sr_rd(sr_at, NUMVFS, 2), 0);
	/* what the hardware forgot is back, and VFs can come again */
	CU_ASSERT_EQUAL(model_pci_get(sr_hw(), sr_hw()->sriov + 0x24u, 4) & ~0xfu, (uint32_t)bar);
	sr_enable(2);
	CU_ASSERT_EQUAL(sr_rd(sr_vf_at[1], 0, 4), 0x10ca8086);
	CU_ASSERT_PTR_EQUAL(sr_vf(0)->owner, sr_guest());
}

static void releasing_the_pf_takes_its_vfs_first(void)
{
	uint64_t pages;

	sr_setup();
	CU_ASSERT_EQUAL(sr_release(sr_root(), sr_pf), 0);
	pages = model_pages_live();
	CU_ASSERT_EQUAL(device_assign(sr_root(), sr_pf, sr_pf->sbdf, sbdf_make(0, 0, 2, 0)), 0);
	sr_enable(2);
	sr_rd(sr_vf_at[1], 0, 4);
	memset(&sr_seen.blocked, 0, sizeof(sr_seen.blocked));
	CU_ASSERT_EQUAL(sr_release(sr_root(), sr_pf), 0);
	CU_ASSERT_EQUAL(sr_seen.blocked, 3);
	CU_ASSERT_EQUAL(sr_seen.attached, 0);
	CU_ASSERT_EQUAL(sr_seen.vectors, 0);
	CU_ASSERT_EQUAL(sr_pf->state, DEVICE_QUARANTINED);
	CU_ASSERT_EQUAL(sr_vf(0)->state, DEVICE_ABSENT);
	CU_ASSERT_EQUAL(sr_vf(1)->state, DEVICE_ABSENT);
	CU_ASSERT_FALSE(sr_hw_vfe());
	CU_ASSERT_EQUAL(sr_hw()->resets, 2);
	CU_ASSERT_EQUAL(model_pages_live(), pages);
	/* while they are coming, too */
	CU_ASSERT_EQUAL(device_assign(sr_root(), sr_pf, sr_pf->sbdf, sbdf_make(0, 0, 2, 0)), 0);
	sr_wr(sr_at, NUMVFS, 2, 2);
	sr_wr(sr_at, CONTROL, 2, ON);
	CU_ASSERT_EQUAL(sr_release(sr_root(), sr_pf), 0);
	CU_ASSERT_EQUAL(pci_vfs_phase(sr_pf), VFS_OFF);
	CU_ASSERT_FALSE(sr_hw_vfe());
}

static void a_vf_on_its_way_elsewhere_is_waited_for(void)
{
	struct device_quiesce q;
	uint64_t when = 0;
	int err;

	sr_setup();
	sr_enable(2);
	sr_rd(sr_vf_at[1], 0, 4);
	/* the guest is giving it back at the same time */
	CU_ASSERT_EQUAL(device_quiesce_start(&q, sr_guest(), sr_vf(0)), -EAGAIN);
	sr_wr(sr_at, CONTROL, 2, 0);
	for (unsigned i = 0; i < 1000; i++) {
		err = vfs_leave_step(sr_pf, &when);
		if (when > host_time_ns())
			model_time_advance_ns(when - host_time_ns());
	}
	CU_ASSERT_EQUAL(err, -EAGAIN);
	CU_ASSERT(sr_hw_vfe());
	while (device_quiesce_step(&q) == -EAGAIN)
		model_time_advance_ns(MS);
	CU_ASSERT_EQUAL(sr_finish_going(), 0);
	CU_ASSERT_EQUAL(sr_vf(0)->state, DEVICE_ABSENT);
}

void suite_sriov_going(void)
{
	static const struct unit_test tests[] = {
		TEST(v5_vfs_are_quieted_before_the_hardware_loses_them),
		TEST(vfs_come_again_and_no_page_is_lost),
		TEST(v5_an_unproven_block_fails_that_vf_alone),
		TEST(v7_a_stuck_vf_is_bounded),
		TEST(vf_enable_that_does_not_go_off_ends_it),
		TEST(a_reset_of_the_pf_waits_for_its_vfs),
		TEST(releasing_the_pf_takes_its_vfs_first),
		TEST(a_vf_on_its_way_elsewhere_is_waited_for),
	};

	unit_suite("sriov_going", tests, ARRAY_SIZE(tests));
}
