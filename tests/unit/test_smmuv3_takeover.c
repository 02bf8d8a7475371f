// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SMMUv3 driver: taking a unit over from firmware. Whatever state it is in, whatever it lacks and
 * wherever it stops answering: nothing behind it reaches memory (invariant V1).
 */
#include "smmuv3-fixture.h"

#include <string.h>

static struct {
	unsigned writes;
	uint64_t first_offset, first_value;
	bool blocked, leaked;
} takeover;

static const uint32_t some_streams[] = { 0, 8, 0x100, 0x1234, 0xffff };

/*
 * After each register write: devices try. Before the unit has stopped for the first time firmware's
 * set-up counts.
 */
static void devices_try(void *ctx, uint64_t offset, uint64_t value)
{
	(void)ctx;
	if (!takeover.writes++) {
		takeover.first_offset = offset;
		takeover.first_value = value;
		return;
	}
	if (offset == 0x20 && !(value & 1))
		takeover.blocked = true;
	for (size_t i = 0; takeover.blocked && i < ARRAY_SIZE(some_streams); i++)
		takeover.leaked |= dma(some_streams[i], IOVA);
}

static void expect_blocked_takeover(void)
{
	memset(&takeover, 0, sizeof(takeover));
	model_smmu_on_write(smmu, devices_try, NULL);
	CU_ASSERT_EQUAL(ops->init(&unit), 0);
	model_smmu_on_write(smmu, NULL, NULL);
	/* GBPA, ABORT and Update */
	CU_ASSERT_EQUAL(takeover.first_offset, 0x44);
	CU_ASSERT_EQUAL(takeover.first_value & (1u << 31 | 1u << 20), 1u << 31 | 1u << 20);
	CU_ASSERT_TRUE(takeover.blocked);
	CU_ASSERT_FALSE(takeover.leaked);
	/* Enabled, and every stream blocked. */
	CU_ASSERT_EQUAL(model_smmu_register(smmu, 0x24) & 1, 1);
	for (uint32_t stream = 0; stream < 0x10000; stream += 7)
		CU_ASSERT_FALSE(dma(stream, IOVA));
	CU_ASSERT_EQUAL(model_smmu_scan(smmu).valid, 0);
}

static void v1_blocked_from_first_write(void)
{
	smmu_power_on(NULL);
	CU_ASSERT_TRUE(dma(8, IOVA)); /* firmware lets everything through */
	expect_blocked_takeover();
}

static void v1_blocked_although_firmware_left_it_on(void)
{
	smmu_power_on(NULL);
	(void)model_ram_add(0x50000000, 64 << 16);
	model_smmu_firmware_bypass(smmu, 0x50000000, 16);
	CU_ASSERT_TRUE(dma(8, IOVA));
	expect_blocked_takeover();
}

static void a_unit_that_cannot_abort_is_not_turned_off(void)
{
	for (int how = 0; how < 2; how++) {
		model_reset();
		smmu_power_on(NULL);
		(void)model_ram_add(0x50000000, 64 << 8);
		model_smmu_firmware_bypass(smmu, 0x50000000, 8);
		if (how)
			model_smmu_break_gbpa(smmu);
		else
			model_smmu_break_gbpa_abort(smmu);
		CU_ASSERT_EQUAL(ops->init(&unit), -ETIMEDOUT);
		/* Turned off it would let everything through, by its GBPA. */
		CU_ASSERT_EQUAL(model_smmu_register(smmu, 0x20) & 1, 1);
		CU_ASSERT_TRUE(model_log_contains("GBPA.ABORT"));
		CU_ASSERT_TRUE(host_time_ns() < 1000000000);
		CU_ASSERT_EQUAL(model_pages_live(), 0);
	}
}

static void expect_refused(const struct model_smmu_config *config, int error, const char *text)
{
	model_reset();
	smmu_power_on(config);
	CU_ASSERT_EQUAL(ops->init(&unit), error);
	if (!model_log_contains(text))
		CU_FAIL("the log does not name the reason");
	/* Off, and aborting. */
	CU_ASSERT_EQUAL(model_smmu_register(smmu, 0x24), 0);
	CU_ASSERT_EQUAL(model_smmu_register(smmu, 0x44), 1u << 20);
	CU_ASSERT_FALSE(dma(8, IOVA));
	CU_ASSERT_EQUAL(model_pages_live(), 0);
	CU_ASSERT_EQUAL(model_locks_held(), 0);
}

static void stage1_only_refused_by_name(void)
{
	expect_refused(&(struct model_smmu_config){ .no_stage2 = true }, -ENODEV, "stage-1-only");
	CU_ASSERT_TRUE(model_log_contains("arm-smmu-v3 #0 at 0x9050000"));
	CU_ASSERT_TRUE(model_log_contains("Way out"));
}

static void unusable_units_are_refused_and_stay_aborting(void)
{
	expect_refused(&(struct model_smmu_config){ .no_stage1 = true, .no_stage2 = true }, -ENODEV,
		       "translates nothing");
	expect_refused(&(struct model_smmu_config){ .idr0_clear = 2u << 2 }, -ENODEV, "AArch64");
	expect_refused(&(struct model_smmu_config){ .idr5_clear = 1u << 4 }, -ENODEV,
		       "4 KiB granule");
	expect_refused(&(struct model_smmu_config){ .idr1_set = 1u << 30 }, -ENODEV,
		       "fixed addresses");
	expect_refused(&(struct model_smmu_config){ .idr1_set = 1u << 29 }, -ENODEV,
		       "fixed addresses");
	expect_refused(&(struct model_smmu_config){ .oas_bits = 36 }, -ENODEV, "40 bits");
	expect_refused(&(struct model_smmu_config){ .cmdq_log2 = 4 }, -ENODEV, "command queue");
}

static void a_short_register_window_is_refused(void)
{
	smmu_power_on(NULL);
	unit.size = 0x10000;
	CU_ASSERT_EQUAL(ops->init(&unit), -EINVAL);
	CU_ASSERT_TRUE(model_log_contains("0x20000"));
	CU_ASSERT_FALSE(dma(8, IOVA));
}

static void a_unit_that_does_not_answer_fails_in_bounded_time(void)
{
	static const uint32_t cr0_bits[] = { 1, 4, 8 };

	for (size_t i = 0; i < ARRAY_SIZE(cr0_bits); i++) {
		model_reset();
		smmu_power_on(NULL);
		model_smmu_break_cr0(smmu, cr0_bits[i]);
		CU_ASSERT_EQUAL(ops->init(&unit), -ETIMEDOUT);
		CU_ASSERT_FALSE(dma(8, IOVA));
		CU_ASSERT_TRUE(host_time_ns() < 1000000000);
		CU_ASSERT_EQUAL(model_pages_live(), 0);
	}
	model_reset();
	smmu_power_on(NULL);
	model_smmu_stop_sync(smmu, 1);
	CU_ASSERT_EQUAL(ops->init(&unit), -ETIMEDOUT);
	CU_ASSERT_FALSE(dma(8, IOVA));
	CU_ASSERT_EQUAL(model_pages_live(), 0);
}

static void init_without_memory_blocks_and_leaks_nothing(void)
{
	unsigned n;

	for (n = 1; n < 20; n++) {
		int err;

		model_reset();
		smmu_power_on(NULL);
		model_fail_alloc_after(n);
		err = ops->init(&unit);
		if (!err)
			break;
		CU_ASSERT_EQUAL(err, -ENOMEM);
		CU_ASSERT_FALSE(dma(8, IOVA));
		CU_ASSERT_EQUAL(model_pages_live(), 0);
	}
	CU_ASSERT_EQUAL(n, 6); /* state, two queues, read-out faults, stream table */
}

static void interrupts_are_on_only_where_wired(void)
{
	smmu_start(NULL);
	CU_ASSERT_EQUAL(model_smmu_register(smmu, 0x50), 5);
	model_reset();
	smmu_power_on(&(struct model_smmu_config){ .msi = true });
	unit.irqs = (struct iommu_irqs){ .event = 106 };
	CU_ASSERT_EQUAL(ops->init(&unit), 0);
	CU_ASSERT_EQUAL(model_smmu_register(smmu, 0x50), 4);
}

void suite_smmuv3_takeover(void)
{
	static const struct unit_test tests[] = {
		TEST(v1_blocked_from_first_write),
		TEST(v1_blocked_although_firmware_left_it_on),
		TEST(a_unit_that_cannot_abort_is_not_turned_off),
		TEST(stage1_only_refused_by_name),
		TEST(unusable_units_are_refused_and_stay_aborting),
		TEST(a_short_register_window_is_refused),
		TEST(a_unit_that_does_not_answer_fails_in_bounded_time),
		TEST(init_without_memory_blocks_and_leaks_nothing),
		TEST(interrupts_are_on_only_where_wired),
	};

	unit_suite("smmuv3_takeover", tests, ARRAY_SIZE(tests));
}
