// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IOMMU faults: who they are put down to, and how few lines a storm gets. Includes the source for a
 * fresh start.
 */
#include "../../hv-glue/fault_log.c"

#include "host.h"
#include "hv.h"
#include "unit.h"

#include <stdio.h>

void fault_log_forget(void)
{
	memset(&faults, 0, sizeof(faults));
}

static void fresh(void)
{
	hv_model_reset();
	hv.pci.count = 2;
	hv.pci.functions[0].sbdf = sbdf_make(0, 1, 0, 0);
	hv.pci.functions[0].iommu = (struct pci_route){ 0, 0x100 };
	hv.pci.functions[1].sbdf = sbdf_make(0, 2, 0, 0);
	hv.pci.functions[1].iommu = (struct pci_route){ 1, 0x100 };
}

static struct iommu_fault write_fault(uint32_t stream, uint16_t zone, iova_t iova)
{
	return (struct iommu_fault){ .stream = stream,
				     .zone_id = zone,
				     .iova = iova,
				     .has_iova = true,
				     .has_direction = true,
				     .write = true,
				     .code = 0x10,
				     .reason = "translation" };
}

static void add(unsigned unit, uint32_t stream, iova_t iova)
{
	struct iommu_fault f = write_fault(stream, 1, iova);

	fault_log_add(unit, &f);
}

static unsigned log_lines_with(const char *text)
{
	unsigned count = 0;

	for (const char *p = model_log(); (p = strstr(p, text)); p++)
		count++;
	return count;
}

static void a_fault_names_zone_device_address_and_direction(void)
{
	struct fault_record r;
	uint64_t cursor = 0;

	fresh();
	add(0, 0x100, 0x90001000);
	CU_ASSERT(model_log_contains(
		"iommu 0: zone zone1, device 0000:01:00.0, stream 0x100: DMA write "
		"at 0x90001000 refused: translation (event 0x10)"));
	CU_ASSERT(fault_log_next(&cursor, &r));
	CU_ASSERT_EQUAL(r.bdf, sbdf_make(0, 1, 0, 0));
	CU_ASSERT_EQUAL(r.fault.iova, 0x90001000);
	CU_ASSERT_EQUAL(r.fault.zone_id, 1);
	CU_ASSERT(!fault_log_next(&cursor, &r));
	CU_ASSERT_EQUAL(hv.zones[1].faults, 1);
	CU_ASSERT_EQUAL(hv.zones[0].faults, 0);
	CU_ASSERT_EQUAL(fault_log_unowned(), 0);
}

static void the_same_stream_of_another_unit_is_another_device(void)
{
	struct fault_record r;
	uint64_t cursor = 0;

	fresh();
	add(1, 0x100, 0);
	CU_ASSERT(fault_log_next(&cursor, &r));
	CU_ASSERT_EQUAL(r.bdf, sbdf_make(0, 2, 0, 0));
}

static void a_stream_nobody_owns_is_counted_apart(void)
{
	struct iommu_fault f = {
		.stream = 0x7777, .zone_id = ZONE_NONE, .code = 2, .reason = "bad stream"
	};

	fresh();
	fault_log_add(0, &f);
	CU_ASSERT(model_log_contains(
		"no zone, unknown device, stream 0x7777: DMA refused: bad stream "
		"(event 0x02)"));
	CU_ASSERT_EQUAL(fault_log_unowned(), 1);
	CU_ASSERT_EQUAL(hv.zones[1].faults, 0);
	/* Neither is a zone that does not exist believed. */
	f.zone_id = 5;
	fault_log_add(0, &f);
	CU_ASSERT_EQUAL(fault_log_unowned(), 2);
}

static void a_storm_gets_a_few_lines_and_a_sum(void)
{
	fresh();
	for (unsigned i = 0; i < 1000; i++)
		add(0, 0x100, 0x1000 * i);
	CU_ASSERT_EQUAL(log_lines_with("refused"), 4);
	CU_ASSERT_EQUAL(log_lines_with("not logged"), 0);
	CU_ASSERT_EQUAL(hv.zones[1].faults, 1000);
	CU_ASSERT_EQUAL(fault_log_total(), 1000);
	/* It stopped: the sum comes all the same. */
	hv_run_ms(9000);
	CU_ASSERT_EQUAL(log_lines_with("not logged"), 0);
	hv_run_ms(2000);
	CU_ASSERT(model_log_contains(
		"stream 0x100: 996 more faults within 10 s not logged; see `faults`"));
	CU_ASSERT_EQUAL(log_lines_with("not logged"), 1);
	hv_run_ms(30000);
	CU_ASSERT_EQUAL(log_lines_with("not logged"), 1);
}

static void a_storm_that_goes_on_is_summed_up_each_period(void)
{
	fresh();
	for (unsigned i = 0; i < 35000; i++) {
		add(0, 0x100, 0);
		hv_run_ms(1);
	}
	CU_ASSERT(log_lines_with("refused") <= 4 * 4);
	CU_ASSERT(log_lines_with("refused") >= 4 * 3);
	CU_ASSERT_EQUAL(log_lines_with("not logged"), 3);
}

static void one_stream_does_not_silence_another(void)
{
	fresh();
	for (unsigned i = 0; i < 100; i++)
		add(0, 0x100, 0);
	model_log_clear();
	add(1, 0x100, 0x5000);
	CU_ASSERT(model_log_contains("0000:02:00.0"));
}

static void each_storm_is_summed_up_in_its_own_time(void)
{
	fresh();
	for (unsigned i = 0; i < 10; i++)
		add(0, 0x100, 0);
	hv_run_ms(5000);
	for (unsigned i = 0; i < 20; i++)
		add(1, 0x100, 0);
	hv_run_ms(6000);
	CU_ASSERT(model_log_contains("iommu 0: stream 0x100: 6 more faults"));
	CU_ASSERT(!model_log_contains("iommu 1: stream 0x100: 16 more faults"));
	hv_run_ms(5000);
	CU_ASSERT(model_log_contains("iommu 1: stream 0x100: 16 more faults"));
}

static void many_streams_share_what_there_is(void)
{
	uint64_t lines;

	fresh();
	for (unsigned round = 0; round < 10; round++)
		for (uint32_t stream = 0; stream < 1000; stream++)
			add(0, stream, 0);
	lines = log_lines_with("refused");
	CU_ASSERT(lines <= 32 * 4);
	CU_ASSERT(lines >= 31 * 4);
	CU_ASSERT_EQUAL(fault_log_total(), 10000);
	hv_run_ms(11000);
	/* Later ones get their turn. */
	model_log_clear();
	add(0, 5555, 0);
	CU_ASSERT(model_log_contains("0x15b3"));
}

static void the_ring_keeps_the_newest(void)
{
	struct fault_record r;
	uint64_t cursor = 0;
	unsigned count = 0;

	fresh();
	for (unsigned i = 0; i < 1000; i++)
		add(0, 0x100, i);
	while (fault_log_next(&cursor, &r)) {
		CU_ASSERT_EQUAL(r.fault.iova, 1000 - 256 + count);
		count++;
	}
	CU_ASSERT_EQUAL(count, 256);
	add(0, 0x100, 77);
	CU_ASSERT(fault_log_next(&cursor, &r));
	CU_ASSERT_EQUAL(r.fault.iova, 77);
}

void suite_fault_log(void)
{
	static const struct unit_test tests[] = {
		TEST(a_fault_names_zone_device_address_and_direction),
		TEST(the_same_stream_of_another_unit_is_another_device),
		TEST(a_stream_nobody_owns_is_counted_apart),
		TEST(a_storm_gets_a_few_lines_and_a_sum),
		TEST(a_storm_that_goes_on_is_summed_up_each_period),
		TEST(one_stream_does_not_silence_another),
		TEST(each_storm_is_summed_up_in_its_own_time),
		TEST(many_streams_share_what_there_is),
		TEST(the_ring_keeps_the_newest),
	};

	unit_suite("fault-log", tests, ARRAY_SIZE(tests));
}
