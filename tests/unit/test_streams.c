// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Streams at an IOMMU that lets through what it does not know and has 16 slots (core/stream.c,
 * core/device.c, iommu/loongson*.c together): nobody passes who was not let in, slots are spent on
 * who has a zone, and come back after a proven reset only.
 */
#include "streams-fixture.h"

/* ---- quarantine ---- */

static void v1_nobody_passes_before_anything_is_assigned(void)
{
	for_each_gen(g)
	{
		power_on(g, NULL);
		for (unsigned i = 0; i < machine.table.count; i++) {
			const struct pci_function *f = &machine.table.functions[i];

			CU_ASSERT_EQUAL(master(f), f->engine);
		}
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 0);
		everybody_tries();
	}
}

static void stick_master_of_drive_3(void)
{
	force_master(drive(3));
}

static void v1_a_device_that_does_not_become_quiet_is_blocked_by_name(void)
{
	for_each_gen(g)
	{
		power_on(g, stick_master_of_drive_3);
		CU_ASSERT_EQUAL(drive(3)->state, DEVICE_FAILED);
		CU_ASSERT(model_log_contains("0000:04:00.0"));
		CU_ASSERT(model_log_contains("Bus Master does not go off"));
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 1);
		/* Even with its port open. */
		hw(drive(3)->parent)->config[PCI_COMMAND] |= PCI_COMMAND_MASTER;
		CU_ASSERT_FALSE(reaches(drive(3), RAM_GPA));
		everybody_tries();
		CU_ASSERT_EQUAL(give(1, drive(3)), -EBUSY);
	}
}

/* ---- a slot's life ---- */

static void v1_a_port_forwards_while_something_below_has_a_zone(void)
{
	for_each_gen(g)
	{
		power_on(g, NULL);
		CU_ASSERT_EQUAL(give(1, drive(0)), 0);
		CU_ASSERT_TRUE(master(drive(0)->parent));
		CU_ASSERT_FALSE(master(drive(1)->parent));
		CU_ASSERT_FALSE(reaches(drive(0), RAM_GPA));
		drive_it(1, drive(0));
		CU_ASSERT_TRUE(reaches_zone(drive(0), 1));
		CU_ASSERT_TRUE(reaches(drive(0), DOORBELL));
		CU_ASSERT_FALSE(reaches(drive(0), RAM_GPA + RAM_SIZE));
		CU_ASSERT_FALSE(reaches(drive(0), RAM_HPA(1)));
		CU_ASSERT_EQUAL(take_back(1, drive(0)), 0);
		CU_ASSERT_FALSE(master(drive(0)->parent));
		CU_ASSERT_EQUAL(drive(0)->state, DEVICE_QUARANTINED);
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 0);
		CU_ASSERT_EQUAL(zone_domains_destroy(zone(1)), 0);
		everybody_tries();
	}
}

/* Writes of an invalid slot, and how often the drive had been reset by then. */
static struct {
	unsigned freed, resets_then;
	bool blocked_before_reset;
} order;

static void watch(void *ctx, enum model_event event, uint64_t addr, uint64_t size, uint64_t value)
{
	const hpa_t window = board.iommus[0].function->bars[0].cpu + 0x18;

	(void)ctx;
	(void)size;
	if (event != MODEL_MMIO_WRITE || addr != window)
		return;
	if (value & 1u << 20) {
		order.blocked_before_reset |= !(value >> 16 & 0xf) && !hw(drive(0))->resets;
	} else {
		if (!order.freed++)
			order.resets_then = hw(drive(0))->resets;
	}
}

static void v1_a_slot_is_freed_after_a_proven_reset(void)
{
	for_each_gen(g)
	{
		power_on(g, NULL);
		CU_ASSERT_EQUAL(give(1, drive(0)), 0);
		drive_it(1, drive(0));
		memset(&order, 0, sizeof(order));
		model_observe(watch, NULL);
		CU_ASSERT_EQUAL(take_back(1, drive(0)), 0);
		model_observe(NULL, NULL);
		CU_ASSERT_TRUE(order.blocked_before_reset);
		CU_ASSERT(order.freed > 0);
		CU_ASSERT_EQUAL(order.resets_then, 1);
	}
}

static void v1_a_failed_device_keeps_its_slot(void)
{
	for_each_gen(g)
	{
		struct pci_function *f;

		power_on(g, NULL);
		f = fn(CARD_BUS + 1, 0); /* it has no reset */
		CU_ASSERT_EQUAL(give(1, f), 0);
		drive_it(1, f);
		CU_ASSERT_TRUE(reaches_zone(f, 1));
		force_master(f);
		CU_ASSERT_EQUAL(take_back(1, f), -ENODEV);
		CU_ASSERT_EQUAL(f->state, DEVICE_FAILED);
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 1);
		hw(f->parent)->config[PCI_COMMAND] |= PCI_COMMAND_MASTER;
		CU_ASSERT_TRUE(master(f));
		CU_ASSERT_FALSE(reaches(f, RAM_GPA + MIB));
		everybody_tries();
		/* It is proven blocked: the zone's memory is free. */
		CU_ASSERT_EQUAL(zone_domains_destroy(zone(1)), 0);
	}
}

/* A reset that never ends proves nothing about what the device does. */
static void v1_a_device_lost_in_its_reset_keeps_its_slot(void)
{
	for_each_gen(g)
	{
		power_on(g, NULL);
		CU_ASSERT_EQUAL(give(1, drive(2)), 0);
		hw(drive(2))->never_ready = true;
		CU_ASSERT_EQUAL(take_back(1, drive(2)), -ENODEV);
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 1);
	}
}

/* ---- slots as a scarce thing ---- */

static void v1_slot_17_is_refused_and_no_device_passes(void)
{
	for_each_gen(g)
	{
		power_on(g, NULL);
		for (unsigned i = 0; i < 16; i++) {
			CU_ASSERT_EQUAL(give(i & 1, drive(i)), 0);
			drive_it(i & 1, drive(i));
		}
		model_log_clear();
		CU_ASSERT_EQUAL(give(1, drive(16)), -ENOSPC);
		CU_ASSERT(model_log_contains("zone guest"));
		CU_ASSERT(model_log_contains("0000:11:00.0"));
		CU_ASSERT(model_log_contains("iommu-slots"));
		CU_ASSERT(model_log_contains("give zones fewer devices"));
		CU_ASSERT_EQUAL(drive(16)->state, DEVICE_QUARANTINED);
		CU_ASSERT_EQUAL(vpci_where(machine.zones[1].v, drive(16)), SBDF_NONE);
		CU_ASSERT_FALSE(master(drive(16)));
		CU_ASSERT_FALSE(master(drive(16)->parent));
		for (unsigned i = 0; i < 16; i++)
			CU_ASSERT_TRUE(reaches_zone(drive(i), i & 1));
		everybody_tries();
		/* A slot that comes back is the next one's. */
		CU_ASSERT_EQUAL(take_back(1, drive(5)), 0);
		CU_ASSERT_EQUAL(give(1, drive(16)), 0);
		drive_it(1, drive(16));
		CU_ASSERT_TRUE(reaches_zone(drive(16), 1));
		CU_ASSERT_FALSE(reaches(drive(5), RAM_GPA));
		everybody_tries();
	}
}

static void slots_are_kept_for_zones_other_than_root(void)
{
	for_each_gen(g)
	{
		power_on(g, NULL);
		for (unsigned i = 0; i < 10; i++)
			drive(i)->planned = zone(1);
		for (unsigned i = 10; i < 16; i++)
			CU_ASSERT_EQUAL(give(0, drive(i)), 0);
		CU_ASSERT_EQUAL(give(0, drive(16)), -ENOSPC);
		CU_ASSERT(model_log_contains("zone root: device 0000:11:00.0"));
		CU_ASSERT(model_log_contains("kept for other zones"));
		for (unsigned i = 0; i < 10; i++)
			CU_ASSERT_EQUAL(give(1, drive(i)), 0);
		/* What its plan no longer holds root can have. */
		CU_ASSERT_EQUAL(take_back(1, drive(0)), 0);
		CU_ASSERT_EQUAL(give(0, drive(16)), -ENOSPC);
		drive(0)->planned = NULL;
		CU_ASSERT_EQUAL(give(0, drive(16)), 0);
		everybody_tries();
	}
}

/* ---- several functions, one stream ---- */

static void v9_functions_below_one_port_are_one_where_the_unit_says_so(void)
{
	power_on(GEN1, NULL);
	CU_ASSERT_EQUAL(give(1, fn(CARD_BUS, 1)), 0);
	CU_ASSERT_EQUAL(give(0, fn(CARD_BUS, 2)), -EPERM);
	CU_ASSERT(model_log_contains("0000:12:00.2"));
	CU_ASSERT(model_log_contains("below root port 0000:00:12.0"));
	CU_ASSERT(model_log_contains("give both to one zone"));
	CU_ASSERT_EQUAL(give(1, fn(CARD_BUS, 2)), 0);
	CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 1);

	power_on(GEN2, NULL);
	CU_ASSERT_EQUAL(give(1, fn(CARD_BUS, 1)), 0);
	CU_ASSERT_EQUAL(give(0, fn(CARD_BUS, 2)), 0);
	drive_it(1, fn(CARD_BUS, 1));
	drive_it(0, fn(CARD_BUS, 2));
	CU_ASSERT_TRUE(reaches_zone(fn(CARD_BUS, 1), 1));
	CU_ASSERT_TRUE(reaches_zone(fn(CARD_BUS, 2), 0));
	CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 2);
}

/* One leaves by its Bus Master and its reset; the last one has the stream blocked. */
static void v5_the_last_of_a_stream_has_it_blocked(void)
{
	struct pci_function *a, *b;

	power_on(GEN1, NULL);
	a = fn(CARD_BUS, 0);
	b = fn(CARD_BUS, 1);
	CU_ASSERT_EQUAL(give(1, a), 0);
	CU_ASSERT_EQUAL(give(1, b), 0);
	drive_it(1, a);
	drive_it(1, b);
	CU_ASSERT_EQUAL(take_back(1, a), 0);
	CU_ASSERT_EQUAL(a->state, DEVICE_QUARANTINED);
	CU_ASSERT(model_log_contains("stays open for 0000:12:00.1"));
	CU_ASSERT_FALSE(reaches(a, RAM_GPA));
	CU_ASSERT_TRUE(reaches_zone(b, 1));
	CU_ASSERT_TRUE(master(b->parent));
	CU_ASSERT_EQUAL(give(0, a), -EPERM);
	CU_ASSERT_EQUAL(give(1, a), 0);
	CU_ASSERT_EQUAL(take_back(1, a), 0);
	CU_ASSERT_EQUAL(take_back(1, b), 0);
	CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 0);
	CU_ASSERT_FALSE(master(b->parent));
	CU_ASSERT_EQUAL(zone_domains_destroy(zone(1)), 0);
	/* Now the other zone can have both. */
	CU_ASSERT_EQUAL(give(0, a), 0);
	drive_it(0, a);
	CU_ASSERT_TRUE(reaches_zone(a, 0));
	everybody_tries();
}

/* Opening the stream for one would open it for the one that nobody could stop. */
static void v1_nothing_opens_a_stream_with_a_failed_function_on_it(void)
{
	struct pci_function *a, *b;

	power_on(GEN1, NULL);
	a = fn(CARD_BUS, 0);
	b = fn(CARD_BUS, 1);
	CU_ASSERT_EQUAL(give(1, a), 0);
	CU_ASSERT_EQUAL(give(1, b), 0);
	drive_it(1, a);
	force_master(a);
	CU_ASSERT_EQUAL(take_back(1, a), -ENODEV);
	CU_ASSERT_EQUAL(a->state, DEVICE_FAILED);
	CU_ASSERT_EQUAL(take_back(1, b), 0);
	hw(a->parent)->config[PCI_COMMAND] |= PCI_COMMAND_MASTER;
	CU_ASSERT_FALSE(reaches(a, RAM_GPA));
	CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 1);
	model_log_clear();
	CU_ASSERT_EQUAL(give(0, b), -EBUSY);
	CU_ASSERT(model_log_contains("0000:12:00.0, of the same IOMMU stream, has failed"));
	everybody_tries();
	CU_ASSERT_EQUAL(zone_domains_destroy(zone(1)), 0);
}

/* ---- refusals ---- */

static void the_iommus_function_is_nobodys(void)
{
	for_each_gen(g)
	{
		power_on(g, NULL);
		CU_ASSERT_EQUAL(give(0, board.iommus[0].function), -EINVAL);
		CU_ASSERT(model_log_contains(
			"IOMMUs and the machine's own functions belong to the engine"));
	}
}

static void c9_a_doorbell_brings_no_other_registers_along(void)
{
	for_each_gen(g)
	{
		power_on(g, NULL);
		board.msi_units[0].base = IPI_PAGE;
		CU_ASSERT_EQUAL(give(1, drive(0)), -EINVAL);
		CU_ASSERT(model_log_contains("inside a page of 16 KiB"));
		CU_ASSERT_EQUAL(drive(0)->state, DEVICE_QUARANTINED);

		power_on(g, NULL);
		board.iommus[0].msi_bypass = true;
		CU_ASSERT_EQUAL(give(1, drive(0)), 0);
		drive_it(1, drive(0));
		CU_ASSERT_FALSE(reaches(drive(0), DOORBELL));
	}
}

static void memory_in_other_pages_than_the_units_is_refused(void)
{
	for_each_gen(g)
	{
		power_on(g, NULL);
		zone(1)->ram_hpa += PAGE_SIZE;
		CU_ASSERT_EQUAL(give(1, drive(0)), -EINVAL);
		CU_ASSERT(model_log_contains("pages of 16 KiB"));
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 0);
	}
}

/* ---- hardware that does not answer ---- */

/* Each flush of a device's life stopped in turn: nobody passes, and what is not proven is FAILED.
 */
static void v7_each_flush_failed_in_turn(void)
{
	for_each_gen(g)
	{
		unsigned n, failed = 0, refused = 0, retired = 0;

		for (n = 1; n < 60; n++) {
			struct pci_function *f;
			int given, taken = 0;

			power_on(g, NULL);
			f = drive(0);
			model_ls_stop_flush(ls, n);
			given = give(1, f);
			if (!given) {
				drive_it(1, f);
				taken = take_back(1, f);
			}
			everybody_tries();
			if (given) {
				refused++;
				CU_ASSERT_FALSE(master(f));
				CU_ASSERT_FALSE(master(f->parent));
			}
			if (taken == -EIO) {
				retired++;
				CU_ASSERT_NOT_EQUAL(zone_domains_destroy(zone(1)), 0);
			}
			failed += f->state == DEVICE_FAILED;
			if (!given && !taken)
				break;
		}
		CU_ASSERT(refused > 0 && failed > 0 && retired > 0 && n < 60);
		printf("    generation %u: %u flushes stopped in turn: %u refused, %u failed, %u "
		       "with memory retired\n",
		       g, n - 1, refused, failed, retired);
	}
}

void suite_streams(void)
{
	static const struct unit_test tests[] = {
		TEST(v1_nobody_passes_before_anything_is_assigned),
		TEST(v1_a_device_that_does_not_become_quiet_is_blocked_by_name),
		TEST(v1_a_port_forwards_while_something_below_has_a_zone),
		TEST(v1_a_slot_is_freed_after_a_proven_reset),
		TEST(v1_a_failed_device_keeps_its_slot),
		TEST(v1_a_device_lost_in_its_reset_keeps_its_slot),
		TEST(v1_slot_17_is_refused_and_no_device_passes),
		TEST(slots_are_kept_for_zones_other_than_root),
		TEST(v9_functions_below_one_port_are_one_where_the_unit_says_so),
		TEST(v5_the_last_of_a_stream_has_it_blocked),
		TEST(v1_nothing_opens_a_stream_with_a_failed_function_on_it),
		TEST(the_iommus_function_is_nobodys),
		TEST(c9_a_doorbell_brings_no_other_registers_along),
		TEST(memory_in_other_pages_than_the_units_is_refused),
		TEST(v7_each_flush_failed_in_turn),
	};

	unit_suite("streams", tests, ARRAY_SIZE(tests));
}
