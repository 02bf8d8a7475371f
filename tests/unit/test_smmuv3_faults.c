// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SMMUv3 driver: what it reports of devices that reach for what is not theirs, and how it behaves
 * when the unit refuses, stalls or fails. Nothing here may hang, and nothing may be called done
 * that the unit has not confirmed.
 */
#include "smmuv3-fixture.h"

#include <string.h>

/* ---- events --------------------------------------------------------------------------- */

static void event_decodes_zone_and_direction(void)
{
	struct iommu_domain *a, *b;
	struct iommu_fault f;
	hpa_t pa;

	smmu_start(NULL);
	a = domain_of(3);
	b = domain_of(5);
	CU_ASSERT_EQUAL(ops->attach(a, 0x108), 0);
	CU_ASSERT_EQUAL(ops->attach(b, 0x208), 0);
	CU_ASSERT_EQUAL(ops->map(b, IOVA, PA, 4096, IOMMU_PROT_READ), 0);
	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 0);

	CU_ASSERT_FALSE(model_smmu_dma(smmu, 0x108, 0x7654321abc, true, &pa));
	CU_ASSERT_FALSE(model_smmu_dma(smmu, 0x208, IOVA + 0x2345, false, &pa));
	CU_ASSERT_FALSE(model_smmu_dma(smmu, 0x208, IOVA + 0x10, true, &pa));
	CU_ASSERT_EQUAL(model_smmu_event_irqs(smmu), 1);

	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
	CU_ASSERT_EQUAL(f.stream, 0x108);
	CU_ASSERT_EQUAL(f.zone_id, 3);
	CU_ASSERT_TRUE(f.has_iova);
	CU_ASSERT_EQUAL(f.iova, 0x7654321abc);
	CU_ASSERT_TRUE(f.write);
	CU_ASSERT_EQUAL(f.code, 0x10);
	CU_ASSERT_STRING_EQUAL(f.reason, "translation");

	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
	CU_ASSERT_EQUAL(f.stream, 0x208);
	CU_ASSERT_EQUAL(f.zone_id, 5);
	CU_ASSERT_EQUAL(f.iova, IOVA + 0x2345);
	CU_ASSERT_FALSE(f.write);
	CU_ASSERT_EQUAL(f.code, 0x10);

	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
	CU_ASSERT_EQUAL(f.iova, IOVA + 0x10);
	CU_ASSERT_TRUE(f.write);
	CU_ASSERT_EQUAL(f.code, 0x13);
	CU_ASSERT_STRING_EQUAL(f.reason, "permission");
	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 0);
}

static void blocked_streams_are_nobodys(void)
{
	static const uint32_t streams[] = { 0x7700, 0x108 };
	static const uint32_t codes[] = { 0x02, 0x04 }; /* C_BAD_STREAMID, C_BAD_STE */
	struct iommu_domain *d;
	struct iommu_fault f;

	smmu_start(NULL);
	d = domain_of(3);
	CU_ASSERT_EQUAL(ops->attach(d, 0x108), 0);
	CU_ASSERT_EQUAL(ops->block(&unit, 0x108), 0);
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		CU_ASSERT_FALSE(dma(streams[i], IOVA));
		CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
		CU_ASSERT_EQUAL(f.stream, streams[i]);
		CU_ASSERT_EQUAL(f.zone_id, ZONE_NONE);
		CU_ASSERT_FALSE(f.has_iova);
		CU_ASSERT_EQUAL(f.code, codes[i]);
		CU_ASSERT_STRING_EQUAL(f.reason, "blocked, the stream is in no domain");
	}
	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 0);
}

static void every_event_is_named(void)
{
	/* 7.3: number, and whether the record has InputAddr with RnW. */
	static const struct {
		unsigned number;
		bool address;
	} events[] = {
		{ 0x01, true },  { 0x02, false }, { 0x03, false }, { 0x04, false }, { 0x05, false },
		{ 0x06, false }, { 0x07, true },  { 0x08, false }, { 0x09, false }, { 0x0a, false },
		{ 0x0b, true },  { 0x10, true },  { 0x11, true },  { 0x12, true },  { 0x13, true },
		{ 0x20, true },  { 0x21, false }, { 0x24, false }, { 0x25, false },
	};
	struct iommu_domain *d;
	struct iommu_fault f;

	smmu_start(NULL);
	d = domain_of(7);
	CU_ASSERT_EQUAL(ops->attach(d, 0xffff), 0);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		/*
		 * Everything else in the record set, to show that it does not leak into the decoded
		 * fields.
		 */
		const uint64_t record[4] = { 0x0000ffffffffff00 | events[i].number, ~(1ull << 35),
					     0xfedcba9876543210, ~0ull };

		model_smmu_push_event(smmu, record);
		CU_ASSERT_EQUAL_FATAL(ops->fault_next(&unit, &f), 1);
		CU_ASSERT_EQUAL(f.code, events[i].number);
		CU_ASSERT_EQUAL(f.stream, 0xffff);
		CU_ASSERT_EQUAL(f.zone_id, 7);
		CU_ASSERT_EQUAL(f.has_iova, events[i].address);
		CU_ASSERT_EQUAL(f.iova, events[i].address ? 0xfedcba9876543210 : 0);
		CU_ASSERT_EQUAL(f.write, events[i].address);
		CU_ASSERT_STRING_NOT_EQUAL(f.reason, "unknown event");
	}
	{
		/*
		 * Reserved numbers and streams beyond the table come from broken hardware only:
		 * still no harm.
		 */
		const uint64_t record[4] = { 0xffffffff000000ffull };

		model_smmu_push_event(smmu, record);
		CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
		CU_ASSERT_EQUAL(f.stream, 0xffffffff);
		CU_ASSERT_EQUAL(f.zone_id, ZONE_NONE);
		CU_ASSERT_STRING_EQUAL(f.reason, "unknown event");
	}
}

static void the_event_queue_wraps_without_losing_one(void)
{
	struct iommu_domain *d;
	struct iommu_fault f;

	smmu_start(&(struct model_smmu_config){ .eventq_log2 = 3 });
	d = domain_of(3);
	CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < 1 + round % 8; i++)
			CU_ASSERT_FALSE(dma(8, IOVA + (round * 8 + i) * 4096ull));
		for (unsigned i = 0; i < 1 + round % 8; i++) {
			CU_ASSERT_EQUAL_FATAL(ops->fault_next(&unit, &f), 1);
			CU_ASSERT_EQUAL(f.iova, IOVA + (round * 8 + i) * 4096ull);
		}
		CU_ASSERT_EQUAL_FATAL(ops->fault_next(&unit, &f), 0);
	}
	CU_ASSERT_FALSE(model_log_contains("overflow"));
}

static void event_queue_overflow_is_told_and_survived(void)
{
	struct iommu_domain *d;
	struct iommu_fault f;

	smmu_start(&(struct model_smmu_config){ .eventq_log2 = 2 });
	d = domain_of(3);
	CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
	for (unsigned round = 0; round < 3; round++) {
		model_log_clear();
		model_time_advance_ns(1000000000);
		for (unsigned i = 0; i < 10; i++)
			CU_ASSERT_FALSE(dma(8, IOVA + i * 4096ull));
		for (unsigned i = 0; i < 4; i++) {
			CU_ASSERT_EQUAL_FATAL(ops->fault_next(&unit, &f), 1);
			CU_ASSERT_EQUAL(f.iova, IOVA + i * 4096ull);
		}
		CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 0);
		CU_ASSERT_TRUE(model_log_contains("overflow"));
		/* Said once, acknowledged, and the next fault is recorded. */
		model_log_clear();
		CU_ASSERT_FALSE(dma(8, IOVA + 0x99000));
		CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
		CU_ASSERT_EQUAL(f.iova, IOVA + 0x99000);
		CU_ASSERT_FALSE(model_log_contains("overflow"));
		CU_ASSERT_EQUAL((model_smmu_register(smmu, 0x100a8) ^
				 model_smmu_register(smmu, 0x100ac)) >>
					31,
				0);
	}
}

static void faults_stay_with_who_caused_them(void)
{
	struct iommu_domain *d;
	struct iommu_fault f;

	smmu_start(NULL);
	CU_ASSERT_FALSE(dma(8, 0x1000)); /* nobody's yet */
	for (uint16_t zone = 3; zone < 6; zone++) {
		d = domain_of(zone);
		CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
		CU_ASSERT_FALSE(dma(8, zone * 4096ull));
		CU_ASSERT_EQUAL(ops->block(&unit, 8), 0);
		CU_ASSERT_FALSE(dma(8, 0x2000)); /* nobody's again */
		CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
	}
	d = domain_of(7);
	CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
	CU_ASSERT_FALSE(dma(8, 0x7000)); /* still in the unit's queue when the others are read */
	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
	CU_ASSERT_EQUAL(f.zone_id, ZONE_NONE);
	for (uint16_t zone = 3; zone < 6; zone++) {
		CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
		CU_ASSERT_EQUAL(f.zone_id, zone);
		CU_ASSERT_EQUAL(f.iova, zone * 4096ull);
		CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
		CU_ASSERT_EQUAL(f.zone_id, ZONE_NONE);
		CU_ASSERT_FALSE(f.has_iova);
	}
	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
	CU_ASSERT_EQUAL(f.zone_id, 7);
	CU_ASSERT_EQUAL(f.iova, 0x7000);
	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 0);
}

static unsigned lines_with(const char *text)
{
	unsigned n = 0;

	for (const char *at = model_log(); (at = strstr(at, text)); at++)
		n++;
	return n;
}

static void a_storm_of_faults_fills_neither_memory_nor_log(void)
{
	struct iommu_fault f;
	unsigned read = 0;

	smmu_start(NULL);
	for (unsigned round = 0; round < 20; round++) {
		struct iommu_domain *d = domain_of(3);

		CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
		for (unsigned i = 0; i < 1000; i++)
			CU_ASSERT_FALSE(dma(8, IOVA + i * 4ull));
		model_smmu_raise_gerror(smmu, 1u << 2);
		CU_ASSERT_EQUAL(ops->service_errors(&unit), 1);
		CU_ASSERT_EQUAL(ops->block(&unit, 8), 0);
		CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
	}
	CU_ASSERT_EQUAL(lines_with("unrecorded"), 1);
	/* The oldest are kept. */
	for (; ops->fault_next(&unit, &f); read++)
		CU_ASSERT_EQUAL(f.iova, IOVA + read * 4ull);
	CU_ASSERT_EQUAL(read, 256);
	/* Not silenced for good. */
	model_time_advance_ns(1000000000);
	model_smmu_raise_gerror(smmu, 1u << 2);
	CU_ASSERT_EQUAL(ops->service_errors(&unit), 1);
	CU_ASSERT_EQUAL(lines_with("unrecorded"), 2);
}

/* ---- a unit that does not answer ------------------------------------------------------ */

static void cmdq_timeout_is_bounded(void)
{
	struct iommu_domain *d;
	uint64_t start;

	smmu_start(NULL);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4096, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
	CU_ASSERT_TRUE(dma(8, IOVA));
	model_smmu_stop_sync(smmu, 1);
	start = host_time_ns();
	CU_ASSERT_EQUAL(ops->unmap(d, IOVA, 4096), -ETIMEDOUT);
	CU_ASSERT_TRUE(host_time_ns() - start < 200000000);
	CU_ASSERT_TRUE(model_log_contains("no answer to its commands"));
	/* And so is every later one, the queue full or not. */
	for (unsigned i = 0; i < 400; i++) {
		start = host_time_ns();
		CU_ASSERT_EQUAL(ops->block(&unit, 8), -ETIMEDOUT);
		CU_ASSERT_TRUE(host_time_ns() - start < 300000000);
	}
	CU_ASSERT_TRUE(dma(8, IOVA)); /* which is why success must not be claimed */
	/* When it comes back, what was queued is carried out, and the same calls prove it. */
	model_smmu_stop_sync(smmu, 0);
	CU_ASSERT_EQUAL(ops->block(&unit, 8), 0);
	CU_ASSERT_FALSE(dma(8, IOVA));
	CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
}

static void an_unproven_block_keeps_the_domain(void)
{
	struct iommu_domain *d, *other;
	uint64_t pages;

	/* The entry's invalidation is not confirmed, then that of the translations. */
	for (unsigned n = 1; n <= 2; n++) {
		model_reset();
		smmu_start(NULL);
		d = domain_of(1);
		other = domain_of(2);
		CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4096, RW), 0);
		CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
		CU_ASSERT_TRUE(dma(8, IOVA));
		pages = model_pages_live();
		model_smmu_stop_sync(smmu, n);
		CU_ASSERT_EQUAL(ops->block(&unit, 8), -ETIMEDOUT);
		CU_ASSERT_TRUE(model_log_contains("stream 0x8"));
		CU_ASSERT_EQUAL(d->attached, 1);
		CU_ASSERT_EQUAL(ops->domain_destroy(d), -EBUSY);
		CU_ASSERT_EQUAL(ops->attach(other, 8), -EBUSY);
		CU_ASSERT_EQUAL(ops->attach(d, 8), -EBUSY);
		CU_ASSERT_EQUAL(model_pages_live(), pages);
		model_smmu_stop_sync(smmu, 0);
		CU_ASSERT_EQUAL(ops->block(&unit, 8), 0);
		CU_ASSERT_EQUAL(d->attached, 0);
		CU_ASSERT_FALSE(dma(8, IOVA));
		CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
		CU_ASSERT_EQUAL(ops->attach(other, 8), 0);
	}
}

static void an_attach_that_fails_leaves_no_access(void)
{
	for (unsigned n = 1; n <= 2; n++) {
		struct iommu_domain *d;
		uint64_t w[8];

		model_reset();
		smmu_start(NULL);
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4096, RW), 0);
		model_smmu_stop_sync(smmu, n);
		CU_ASSERT_EQUAL(ops->attach(d, 8), -ETIMEDOUT);
		CU_ASSERT_TRUE(model_smmu_entry(smmu, 8, w));
		CU_ASSERT_EQUAL(w[0] & 1, 0);
		/*
		 * Not told to the unit at all: nothing to prove. Told and not confirmed: the domain
		 * stays.
		 */
		CU_ASSERT_EQUAL(d->attached, n - 1);
		model_smmu_stop_sync(smmu, 0);
		CU_ASSERT_EQUAL(ops->block(&unit, 8), 0);
		CU_ASSERT_FALSE(dma(8, IOVA));
		CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
		CU_ASSERT_EQUAL(dma_to(8, IOVA), PA);
	}
}

static void an_unproven_unmap_frees_no_table(void)
{
	struct iommu_domain *d;
	uint64_t pages;

	smmu_start(NULL);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 8192, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
	pages = model_pages_live();
	model_smmu_stop_sync(smmu, 1);
	CU_ASSERT_EQUAL(ops->unmap(d, IOVA, 8192), -ETIMEDOUT);
	CU_ASSERT_EQUAL(model_pages_live(), pages);
	model_smmu_stop_sync(smmu, 0);
	CU_ASSERT_EQUAL(ops->unmap(d, IOVA, 8192), -ENOENT);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA + GIB, 8192, RW), 0);
	CU_ASSERT_EQUAL(dma_to(8, IOVA), PA + GIB);
}

static void a_domain_the_unit_may_hold_is_not_destroyed(void)
{
	struct iommu_domain *d;
	uint64_t pages;

	smmu_start(NULL);
	d = domain_of(1);
	pages = model_pages_live();
	model_smmu_stop_sync(smmu, 1);
	CU_ASSERT_EQUAL_FATAL(ops->domain_destroy(d), -ETIMEDOUT);
	CU_ASSERT_EQUAL(model_pages_live(), pages);
	model_smmu_stop_sync(smmu, 0);
	CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
	CU_ASSERT_TRUE(model_pages_live() < pages);
}

/* ---- a unit that refuses -------------------------------------------------------------- */

static void a_refused_command_is_not_taken_for_done(void)
{
	for (unsigned cerror = 1; cerror <= 2; cerror++) {
		struct iommu_domain *d;

		model_reset();
		smmu_start(NULL);
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4096, RW), 0);
		CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
		CU_ASSERT_TRUE(dma(8, IOVA));

		model_smmu_refuse_command(smmu, 1, cerror);
		CU_ASSERT_EQUAL(ops->unmap(d, IOVA, 4096), -EIO);
		CU_ASSERT_TRUE(dma(8, IOVA)); /* the TLB still has it: 0 would have been a lie */
		CU_ASSERT_TRUE(model_log_contains(cerror == 1 ? "refused: illegal"
							      : "could not be fetched"));
		/* Acknowledged, and the queue goes on. */
		CU_ASSERT_EQUAL(model_smmu_register(smmu, 0x60), model_smmu_register(smmu, 0x64));
		CU_ASSERT_EQUAL(ops->map(d, 2 * GIB, PA, 4096, RW), 0);
		CU_ASSERT_EQUAL(ops->unmap(d, 2 * GIB, 4096), 0);

		model_smmu_refuse_command(smmu, 1, cerror);
		CU_ASSERT_EQUAL(ops->block(&unit, 8), -EIO);
		CU_ASSERT_EQUAL(d->attached, 1);
		CU_ASSERT_EQUAL(ops->block(&unit, 8), 0);
		CU_ASSERT_FALSE(dma(8, IOVA));
	}
}

static void gerror_is_read_named_and_acknowledged(void)
{
	static const struct {
		unsigned bit;
		const char *text;
	} errors[] = {
		{ 2, "event queue write aborted" },  { 3, "page request queue write" },
		{ 4, "CMD_SYNC message" },           { 5, "event queue message" },
		{ 6, "page request queue message" }, { 7, "global error message" },
		{ 8, "service failure mode" },
	};

	smmu_start(NULL);
	CU_ASSERT_EQUAL(ops->service_errors(&unit), 0);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		model_smmu_raise_gerror(smmu, 1u << errors[i].bit);
		CU_ASSERT_EQUAL(model_smmu_error_irqs(smmu), i + 1);
		CU_ASSERT_EQUAL(ops->service_errors(&unit), 1);
		CU_ASSERT_TRUE(model_log_contains(errors[i].text));
		CU_ASSERT_EQUAL(ops->service_errors(&unit), 0);
		CU_ASSERT_EQUAL(model_smmu_register(smmu, 0x60), model_smmu_register(smmu, 0x64));
	}
	model_smmu_raise_gerror(smmu, 1u << 2 | 1u << 8);
	CU_ASSERT_EQUAL(ops->service_errors(&unit), 2);
	CU_ASSERT_EQUAL(ops->service_errors(&unit), 0);
}

static void a_command_error_found_by_the_handler_is_recovered(void)
{
	struct iommu_domain *d;

	smmu_start(NULL);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
	/* A run that timed out; later, with nobody waiting, one of its commands is refused. */
	model_smmu_stop_sync(smmu, 1);
	CU_ASSERT_EQUAL(ops->block(&unit, 8), -ETIMEDOUT);
	CU_ASSERT_EQUAL(ops->block(&unit, 8), -ETIMEDOUT);
	model_smmu_refuse_command(smmu, 2, 1);
	model_smmu_stop_sync(smmu, 0);
	CU_ASSERT_EQUAL(ops->service_errors(&unit), 1);
	CU_ASSERT_TRUE(model_log_contains("command queue error"));
	CU_ASSERT_EQUAL(ops->service_errors(&unit), 0);
	CU_ASSERT_EQUAL(model_smmu_register(smmu, 0x98), model_smmu_register(smmu, 0x9c));
	CU_ASSERT_EQUAL(ops->block(&unit, 8), 0);
}

static void the_command_queue_wraps(void)
{
	struct iommu_domain *d;

	smmu_start(&(struct model_smmu_config){ .cmdq_log2 = 6 });
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
	for (unsigned i = 0; i < 500; i++) {
		const uint64_t size = (1 + i % 16) * 4096ull;

		CU_ASSERT_EQUAL_FATAL(ops->map(d, IOVA, PA + i * MIB, size, RW), 0);
		CU_ASSERT_EQUAL_FATAL(dma_to(8, IOVA + size - 1), PA + i * MIB + size - 1);
		CU_ASSERT_EQUAL_FATAL(ops->unmap(d, IOVA, size), 0);
		CU_ASSERT_FALSE_FATAL(dma(8, IOVA + size - 1));
	}
}

void suite_smmuv3_faults(void)
{
	static const struct unit_test tests[] = {
		TEST(event_decodes_zone_and_direction),
		TEST(blocked_streams_are_nobodys),
		TEST(every_event_is_named),
		TEST(the_event_queue_wraps_without_losing_one),
		TEST(event_queue_overflow_is_told_and_survived),
		TEST(faults_stay_with_who_caused_them),
		TEST(a_storm_of_faults_fills_neither_memory_nor_log),
		TEST(cmdq_timeout_is_bounded),
		TEST(an_unproven_block_keeps_the_domain),
		TEST(an_attach_that_fails_leaves_no_access),
		TEST(an_unproven_unmap_frees_no_table),
		TEST(a_domain_the_unit_may_hold_is_not_destroyed),
		TEST(a_refused_command_is_not_taken_for_done),
		TEST(gerror_is_read_named_and_acknowledged),
		TEST(a_command_error_found_by_the_handler_is_recovered),
		TEST(the_command_queue_wraps),
	};

	unit_suite("smmuv3_faults", tests, ARRAY_SIZE(tests));
}
