// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Security of the life cycle: what a device can still do while it changes hands, what two CPUs can do
 * to it at once, and calls that make no sense. Invariants and classes: docs/security-tests.md.
 */
#include "security-fixture.h"

#include <irq/gic-v3-its.h>
#include <stdlib.h>

static struct pci_function *drive, *card;
static struct device_quiesce quiesce;

static void setup(void)
{
	secure_setup(secure_tree);
	drive = model_function(1, 0, 0);
	card = model_function(2, 0, 0);
}

static unsigned delivered(unsigned zone)
{
	return machine.zones[zone].delivered;
}

/* ---- V1, V2: who reaches what ---------------------------------------------------------------- */

static const iova_t anywhere[] = {
	0,
	0x1000,
	SECURE_RAM_GPA,
	SECURE_RAM_GPA + SECURE_RAM_SIZE - PAGE_SIZE,
	SECURE_RAM_HPA(0),
	SECURE_RAM_HPA(1),
	0x8080000,       /* the ITS's own registers */
	0x8090000,       /* its doorbell */
	0x9050000,       /* the SMMU */
	MODEL_PCI_MEM32, /* other devices' registers */
	MODEL_PCI_MEM64,
	0xfffffff000, /* the last page of 40 bits */
	0x10000000000,
	0xfffffffffffff000,
};

static bool reaches_nothing(const struct pci_function *f)
{
	for (unsigned i = 0; i < ARRAY_SIZE(anywhere); i++)
		if (secure_dma(f, anywhere[i], NULL))
			return false;
	return true;
}

static void v1_a_device_of_nobody_reaches_nothing(void)
{
	setup();
	for (unsigned i = 0; i < machine.table.count; i++)
		CU_ASSERT(reaches_nothing(&machine.table.functions[i]));
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT(!reaches_nothing(drive));
	CU_ASSERT(reaches_nothing(card));
	CU_ASSERT_EQUAL(secure_take_back(1, drive), 0);
	CU_ASSERT(reaches_nothing(drive));
	CU_ASSERT_EQUAL(model_smmu_bypassed(secure.smmu), 0);
	CU_ASSERT_EQUAL(model_smmu_scan(secure.smmu).not_stage2, 0);
}

static void v2_a_device_reaches_its_zones_memory_and_the_doorbell(void)
{
	hpa_t to;

	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_give(0, card), 0);
	for (uint64_t at = 0; at < SECURE_RAM_SIZE; at += PAGE_SIZE) {
		CU_ASSERT(secure_dma(drive, SECURE_RAM_GPA + at + 8, &to));
		CU_ASSERT_EQUAL(to, SECURE_RAM_HPA(1) + at + 8);
		CU_ASSERT_NOT_EQUAL(to, SECURE_RAM_GPA + at + 8);
		CU_ASSERT(secure_dma(card, SECURE_RAM_GPA + at + 8, &to));
		CU_ASSERT_EQUAL(to, SECURE_RAM_HPA(0) + at + 8);
	}
	CU_ASSERT_FALSE(secure_dma(drive, SECURE_RAM_GPA - 1, NULL));
	CU_ASSERT_FALSE(secure_dma(drive, SECURE_RAM_GPA + SECURE_RAM_SIZE, NULL));
	for (unsigned i = 0; i < ARRAY_SIZE(anywhere); i++) {
		if (range_inside(anywhere[i], 1, SECURE_RAM_GPA, SECURE_RAM_SIZE))
			continue;
		CU_ASSERT_EQUAL(secure_dma(drive, anywhere[i], &to), anywhere[i] == 0x8090000);
	}
}

/* ---- C1: DMA under way ----------------------------------------------------------------------- */

static struct {
	unsigned tried, passed, after_block;
} storm;

/* The drive never stops trying; its Bus Master bit has no say here: it may be deaf to it. */
static void keep_writing(void)
{
	bool passed = secure_dma(drive, SECURE_RAM_GPA + 0x1000, NULL);

	storm.tried++;
	storm.passed += passed;
	storm.after_block += passed && secure.blocks;
}

static void c1_no_write_lands_once_the_block_is_proven(void)
{
	setup();
	memset(&storm, 0, sizeof(storm));
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	secure_drive(1, drive, 3);
	secure_interleave(keep_writing);
	CU_ASSERT_EQUAL(secure_take_back(1, drive), 0);
	CU_ASSERT_EQUAL(zone_domains_destroy(secure_zone(1)), 0);
	keep_writing();
	secure_interleave(NULL);
	CU_ASSERT(storm.tried > 20);
	CU_ASSERT(storm.passed > 0); /* it was a storm before */
	CU_ASSERT_EQUAL(storm.after_block, 0);
	CU_ASSERT_EQUAL(secure.blocks, 1);
}

/* A device that never drains, or never comes back, is blocked like any other. */
static void c1_a_stubborn_device_is_blocked_all_the_same(void)
{
	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	model_pci_at(1, 0)->stuck_pending = true;
	CU_ASSERT_EQUAL(secure_take_back(1, drive), -ENODEV);
	CU_ASSERT_EQUAL(drive->state, DEVICE_FAILED);
	CU_ASSERT(reaches_nothing(drive));
	CU_ASSERT_EQUAL(zone_domains_destroy(secure_zone(1)), 0);

	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	model_pci_at(1, 0)->gone = true;
	CU_ASSERT_NOT_EQUAL(secure_take_back(1, drive), 0);
	CU_ASSERT(reaches_nothing(drive));
	CU_ASSERT_EQUAL(secure_give(0, drive), -EBUSY);
}

/* ---- C6: interrupts -------------------------------------------------------------------------- */

static void send(void)
{
	secure_send(drive);
}

static void c6_a_message_at_any_step_reaches_its_owner_or_nobody(void)
{
	struct gic_its_stats stats;
	unsigned before;

	setup();
	secure_interleave(send);
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	secure_drive(1, drive, 3);
	secure_send(drive);
	before = delivered(1);
	CU_ASSERT(before > 0);
	CU_ASSERT_EQUAL(secure_take_back(1, drive), 0);
	CU_ASSERT(secure_interleave(NULL) > 50);
	CU_ASSERT_EQUAL(delivered(0), 0);
	gic_its_stats(&secure.board.msi_units[0], &stats);
	CU_ASSERT_EQUAL(stats.lpis_used, 0);
	CU_ASSERT_EQUAL(model_its_events(), 0);
	CU_ASSERT_EQUAL(model_its_devices(), 0);
	/* the next owner hears its own, the last one nothing any more */
	before = delivered(1);
	CU_ASSERT_EQUAL(secure_give(0, drive), 0);
	secure_drive(0, drive, 4);
	secure_send(drive);
	CU_ASSERT_EQUAL(delivered(0), 1);
	CU_ASSERT_EQUAL(machine.zones[0].last_data, 4);
	CU_ASSERT_EQUAL(delivered(1), before);
}

/* Vectors that cannot be had take nothing with them. */
static void c6_a_refused_assignment_keeps_no_vector(void)
{
	struct gic_its_stats stats;
	uint64_t pages;
	unsigned refused = 0;

	for (unsigned n = 1; n < 40; n++) {
		setup();
		pages = model_pages_live();
		model_its_stall_after(n);
		if (secure_give(1, drive)) {
			refused++;
			model_its_stall_after(0);
			CU_ASSERT_PTR_NULL(drive->owner);
			gic_its_stats(&secure.board.msi_units[0], &stats);
			CU_ASSERT_EQUAL(zone_domains_destroy(secure_zone(1)), 0);
			/* either all is back, or the device is never used again */
			if (drive->state == DEVICE_QUARANTINED) {
				CU_ASSERT_EQUAL(stats.lpis_used, 0);
				CU_ASSERT_EQUAL(model_its_events(), 0);
				CU_ASSERT_EQUAL(model_pages_live(), pages);
			}
		}
		CU_ASSERT(reaches_nothing(card));
	}
	CU_ASSERT(refused > 10);
}

/* ---- C11: two CPUs --------------------------------------------------------------------------- */

static struct pci_function *wanted;
static unsigned got;

static void take_it_too(void)
{
	got += secure_give(0, wanted) == 0;
}

static void c11_two_cpus_cannot_give_one_device_to_two_zones(void)
{
	setup();
	wanted = drive;
	got = 0;
	/* the other CPU is there from the first thing on that is done for this one's wish */
	secure_interleave(take_it_too);
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT(secure_interleave(NULL) > 5);
	CU_ASSERT_EQUAL(got, 0);
	CU_ASSERT_PTR_EQUAL(drive->owner, secure_zone(1));
	CU_ASSERT_EQUAL(vpci_where(machine.zones[0].v, drive), SBDF_NONE);
}

static void c11_two_cpus_cannot_split_a_group(void)
{
	setup();
	card->group = drive->group;
	wanted = card;
	got = 0;
	secure_interleave(take_it_too);
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT(secure_interleave(NULL) > 5);
	CU_ASSERT_EQUAL(got, 0);
	CU_ASSERT_PTR_NULL(card->owner);
}

static void release_it_too(void)
{
	struct device_quiesce q;

	got += device_quiesce_start(&q, secure_zone(1), drive) != -EINVAL;
	take_it_too();
}

static void c11_two_cpus_cannot_release_one_device(void)
{
	setup();
	wanted = drive;
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	got = 0;
	/* begun by one CPU; the other tries after that and until the very end */
	CU_ASSERT_EQUAL(device_quiesce_start(&quiesce, secure_zone(1), drive), -EAGAIN);
	secure_interleave(release_it_too);
	CU_ASSERT_EQUAL(secure_finish(&quiesce, -EAGAIN), 0);
	CU_ASSERT(secure_interleave(NULL) > 10);
	CU_ASSERT_EQUAL(got, 0);
	CU_ASSERT_EQUAL(secure_give(0, drive), 0);
}

/* Two CPUs, each its own device, over and over: nothing is left behind. */
static void other_round(void)
{
	if (card->state == DEVICE_QUARANTINED && !card->owner) {
		got += secure_give(0, card) == 0;
	} else if (card->state == DEVICE_ASSIGNED) {
		CU_ASSERT_EQUAL(device_quiesce_start(&quiesce, secure_zone(0), card), -EAGAIN);
	} else if (card->state == DEVICE_QUIESCING) {
		device_quiesce_step(&quiesce);
	}
}

static void c11_assignments_and_releases_in_a_loop_leave_nothing(void)
{
	uint64_t pages;

	setup();
	/* Once each before: what the units keep for good is there then. */
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_give(0, card), 0);
	CU_ASSERT_EQUAL(secure_take_back(1, drive), 0);
	CU_ASSERT_EQUAL(secure_take_back(0, card), 0);
	for (unsigned z = 0; z < 2; z++)
		CU_ASSERT_EQUAL(zone_domains_destroy(secure_zone(z)), 0);
	pages = model_pages_live();
	got = 0;
	secure_interleave(other_round);
	for (unsigned i = 0; i < 30; i++) {
		CU_ASSERT_EQUAL(secure_give(1, drive), 0);
		CU_ASSERT_EQUAL(secure_take_back(1, drive), 0);
	}
	secure_interleave(NULL);
	CU_ASSERT(got > 10);
	if (card->state == DEVICE_ASSIGNED)
		CU_ASSERT_EQUAL(secure_take_back(0, card), 0);
	if (card->state == DEVICE_QUIESCING)
		CU_ASSERT_EQUAL(secure_finish(&quiesce, -EAGAIN), 0);
	for (unsigned z = 0; z < 2; z++)
		CU_ASSERT_EQUAL(zone_domains_destroy(secure_zone(z)), 0);
	CU_ASSERT_EQUAL(model_pages_live(), pages);
	CU_ASSERT_EQUAL(model_smmu_scan(secure.smmu).valid, 0);
	CU_ASSERT_EQUAL(model_its_events(), 0);
}

/* ---- C13: calls that make no sense ----------------------------------------------------------- */

static void c13_calls_in_any_order_are_answered(void)
{
	static struct device_quiesce q[2];
	struct pci_function *f[2];
	uint32_t random = 20;
	bool begun[2] = { false, false };
	unsigned given = 0, taken = 0;

	setup();
	f[0] = drive;
	f[1] = card;
	for (unsigned step = 0; step < 3000; step++) {
		unsigned which, z;

		random = random * 1664525 + 1013904223;
		which = random >> 20 & 1;
		z = random >> 21 & 1;
		switch (random >> 24 & 7) {
		case 0:
		case 1:
			given += secure_give(z, f[which]) == 0;
			break;
		case 2:
			if (device_quiesce_start(&q[which], secure_zone(z), f[which]) == -EAGAIN)
				begun[which] = true;
			break;
		case 3:
		case 4:
			model_time_advance_ns(20000000);
			if (begun[which] && device_quiesce_step(&q[which]) != -EAGAIN) {
				begun[which] = false;
				taken++;
			}
			break;
		case 5:
			/* refused while something is attached, harmless when there is nothing */
			zone_domains_destroy(secure_zone(z));
			break;
		case 6:
			CU_ASSERT_EQUAL(secure_give(z, model_function(0, 2, 0)), -EINVAL);
			break;
		default:
			CU_ASSERT_NOT_EQUAL(device_assign(secure_zone(z), f[which],
							  sbdf_make(0, 99, 0, 0), SBDF_NONE),
					    0);
			break;
		}
		for (unsigned i = 0; i < 2; i++) {
			hpa_t to = 0;
			bool through = secure_dma(f[i], SECURE_RAM_GPA, &to);
			const struct zone *owner = f[i]->owner;

			CU_ASSERT_NOT_EQUAL(f[i]->state, DEVICE_FAILED);
			CU_ASSERT_EQUAL(owner == NULL, f[i]->state == DEVICE_QUARANTINED);
			if (f[i]->state == DEVICE_ASSIGNED)
				CU_ASSERT(through);
			if (through)
				CU_ASSERT(owner && to == owner->ram_hpa);
		}
	}
	CU_ASSERT(given > 50 && taken > 50);
}

static void c13_what_the_machine_does_not_have_is_refused(void)
{
	setup();
	drive->iommu.unit = 7;
	CU_ASSERT_EQUAL(secure_give(1, drive), -ENXIO);
	drive->iommu.unit = -1;
	CU_ASSERT_EQUAL(secure_give(1, drive), -ENXIO);
	drive->iommu.unit = 0;
	drive->iommu.id = 0x12345678;
	CU_ASSERT_NOT_EQUAL(secure_give(1, drive), 0);
	drive->iommu.id = 0x1100;
	drive->msi_unit.unit = 7;
	CU_ASSERT_EQUAL(secure_give(1, drive), -ENXIO);
	CU_ASSERT_EQUAL(device_quiesce_start(&quiesce, secure_zone(1), drive), -EINVAL);
	CU_ASSERT_EQUAL(drive->state, DEVICE_QUARANTINED);
	CU_ASSERT_PTR_NULL(drive->owner);
	CU_ASSERT_EQUAL(zone_domains_destroy(secure_zone(1)), 0);
	CU_ASSERT_EQUAL(zone_domains_destroy(secure_zone(1)), 0);
}

void suite_security_life(void)
{
	static const struct unit_test tests[] = {
		TEST(v1_a_device_of_nobody_reaches_nothing),
		TEST(v2_a_device_reaches_its_zones_memory_and_the_doorbell),
		TEST(c1_no_write_lands_once_the_block_is_proven),
		TEST(c1_a_stubborn_device_is_blocked_all_the_same),
		TEST(c6_a_message_at_any_step_reaches_its_owner_or_nobody),
		TEST(c6_a_refused_assignment_keeps_no_vector),
		TEST(c11_two_cpus_cannot_give_one_device_to_two_zones),
		TEST(c11_two_cpus_cannot_split_a_group),
		TEST(c11_two_cpus_cannot_release_one_device),
		TEST(c11_assignments_and_releases_in_a_loop_leave_nothing),
		TEST(c13_calls_in_any_order_are_answered),
		TEST(c13_what_the_machine_does_not_have_is_refused),
	};

	unit_suite("security_life", tests, ARRAY_SIZE(tests));
}
