// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices that no IOMMU translates, in zones that say `trust-dma` (core/stream.c): given to nobody
 * else, proven quiet before memory is used again, and never let loose by a neighbour.
 */
#include "streams-fixture.h"

/* A device is where the host's memory is, translated or not: its zone's tree tells one place for
 * both. */
static bool reaches_trusting(const struct pci_function *f, unsigned z)
{
	hpa_t out = 0;

	return dma(f, RAM_HPA(z) + MIB, &out) && out == RAM_HPA(z) + MIB;
}

static void v2_trust_dma_goes_on_where_slots_end(void)
{
	for_each_gen(g)
	{
		struct iommu_limits limits;
		unsigned n = 0;

		power_on(g, NULL);
		wishes[0].trust_dma = wishes[1].trust_dma = true;
		loongson_iommu_ops.limits(&board.iommus[0], &limits);
		for (; n < DRIVES; n++) {
			CU_ASSERT_EQUAL(give(n & 1, drive(n)), 0);
			drive_it(n & 1, drive(n));
			CU_ASSERT_EQUAL(drive(n)->untranslated, n >= limits.slots);
			CU_ASSERT_TRUE(reaches_trusting(drive(n), n & 1));
		}
		CU_ASSERT_EQUAL(n, limits.slots + 1);
		CU_ASSERT(model_log_contains("0000:11:00.0"));
		CU_ASSERT(model_log_contains("is not isolated"));
		CU_ASSERT_FALSE(model_log_contains("not assigned"));
		/* Those with a slot stay inside all the same. */
		CU_ASSERT_FALSE(reaches(drive(0), RAM_GPA));
		CU_ASSERT_FALSE(reaches(drive(0), RAM_HPA(1)));
		CU_ASSERT_TRUE(reaches(drive(DRIVES - 1), RAM_HPA(1)));
		for (n = 0; n < DRIVES; n++) {
			CU_ASSERT_EQUAL(take_back(n & 1, drive(n)), 0);
			CU_ASSERT_FALSE(master(drive(n)) || master(drive(n)->parent));
			CU_ASSERT_FALSE(drive(n)->untranslated);
		}
		CU_ASSERT_EQUAL(zone_domains_destroy(zone(0)), 0);
		CU_ASSERT_EQUAL(zone_domains_destroy(zone(1)), 0);
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 0);
	}
}

/* A machine without IOMMU, or a device that is behind none. */
static void power_on_without_iommu(void)
{
	power_on(GEN2, NULL);
	machine.host.iommu_map_count = 0;
	pci_route_functions(&machine.table);
}

static void v11_without_an_iommu_only_who_says_so_gets_a_device(void)
{
	power_on_without_iommu();
	CU_ASSERT_EQUAL(give(1, drive(0)), -ENXIO);
	CU_ASSERT(model_log_contains("write `trust-dma` in the zone"));
	CU_ASSERT_FALSE(master(drive(0)) || drive(0)->owner);
	wishes[1].trust_dma = true;
	model_log_clear();
	CU_ASSERT_EQUAL(give(1, drive(0)), 0);
	CU_ASSERT(model_log_contains("is not isolated"));
	CU_ASSERT_FALSE(master(drive(0)));
	drive_it(1, drive(0));
	CU_ASSERT_TRUE(reaches_trusting(drive(0), 1));
	CU_ASSERT_EQUAL(take_back(1, drive(0)), 0);
	CU_ASSERT_EQUAL(drive(0)->state, DEVICE_QUARANTINED);
	CU_ASSERT_FALSE(master(drive(0)) || master(drive(0)->parent));
}

/* Nothing but its own good behaviour keeps it from memory: each doubt retires that. */
static void v5_untranslated_devices_must_be_proven_quiet(void)
{
	for (unsigned doubt = 0; doubt < 3; doubt++) {
		struct pci_function *f;

		power_on_without_iommu();
		wishes[1].trust_dma = true;
		f = drive(0);
		CU_ASSERT_EQUAL(give(1, f), 0);
		drive_it(1, f);
		if (doubt == 0)
			hw(f)->stuck_pending = true;
		else if (doubt == 1)
			hw(f)->never_ready = true;
		else
			force_master(f);
		CU_ASSERT_EQUAL(take_back(1, f), -EIO);
		CU_ASSERT_EQUAL(f->state, DEVICE_FAILED);
		CU_ASSERT_FALSE(master(f->parent));
		CU_ASSERT_EQUAL(give(1, f), -EBUSY);
	}
}

/* Its port is all that keeps it from memory: the port stays off. */
static void v1_a_port_is_not_opened_over_one_that_nothing_stops(void)
{
	for_each_gen(g)
	{
		struct pci_function *a, *b;

		power_on(g, NULL);
		wishes[1].trust_dma = true;
		a = fn(CARD_BUS, 0);
		b = fn(CARD_BUS, 1);
		for (unsigned i = 0; i < 16; i++)
			CU_ASSERT_EQUAL(give(i & 1, drive(i)), 0);
		CU_ASSERT_EQUAL(give(1, a), 0);
		CU_ASSERT_TRUE(a->untranslated);
		drive_it(1, a);
		force_master(a);
		CU_ASSERT_EQUAL(take_back(1, a), -EIO);
		CU_ASSERT_EQUAL(a->state, DEVICE_FAILED);
		CU_ASSERT_FALSE(reaches(a, RAM_GPA));
		/* A slot would suffice for b, but not for a. */
		CU_ASSERT_EQUAL(take_back(1, drive(1)), 0);
		model_log_clear();
		CU_ASSERT_EQUAL(give(0, b), -EBUSY);
		CU_ASSERT(model_log_contains("0000:12:00.0, below the same root port, has failed"));
		CU_ASSERT_EQUAL(give(1, b), -EBUSY);
		CU_ASSERT_FALSE(master(b->parent));
		CU_ASSERT_FALSE(reaches(a, RAM_GPA));
	}
}

void suite_streams_trust(void)
{
	static const struct unit_test tests[] = {
		TEST(v2_trust_dma_goes_on_where_slots_end),
		TEST(v11_without_an_iommu_only_who_says_so_gets_a_device),
		TEST(v5_untranslated_devices_must_be_proven_quiet),
		TEST(v1_a_port_is_not_opened_over_one_that_nothing_stops),
	};

	unit_suite("streams_trust", tests, ARRAY_SIZE(tests));
}
