// SPDX-License-Identifier: GPL-2.0-or-later
/* The physical ITS driver (irq/gic-v3-its*.c) on the hardware model. */
#include "unit.h"

#include "gic.h"
#include "host.h"
#include "its.h"

#include <errno.h>
#include <irq/gic-v3-its.h>
#include <irq/gic-v3.h>
#include <postern/arch.h>
#include <postern/string.h>

#define DIST   ((hpa_t)0x8000000)
#define REDIST ((hpa_t)0x80a0000)
#define ITS    ((hpa_t)0x8080000)

#define CPUS 3u
#define LPIS 8192u

static struct model_gic_config gic;
static struct model_its_config its;
static struct msi_unit unit;
static struct msi_vector vectors[4][1024];
static unsigned handled, handled_cpu;
static struct msi_vector *handled_vector;

static void handler(struct msi_vector *v)
{
	handled++;
	handled_vector = v;
	handled_cpu = arch_cpu_index();
}

static void defaults(void)
{
	gic = (struct model_gic_config){
		.dist = DIST,
		.redist = REDIST,
		.cpus = CPUS,
		.affinity = { 0, 1, 2 },
		.spis = 32,
		.id_bits = 16,
	};
	its = (struct model_its_config){
		.base = ITS,
		.device_bits = 16,
		.event_bits = 16,
		.itt_entry = 12,
		.device_entry = 8,
		.only_page = 3,
	};
	unit = (struct msi_unit){ .base = ITS, .size = 0x20000 };
	memset(vectors, 0, sizeof(vectors));
	for (unsigned d = 0; d < ARRAY_SIZE(vectors); d++)
		for (unsigned i = 0; i < ARRAY_SIZE(vectors[0]); i++)
			vectors[d][i].handler = handler;
	handled = 0;
}

static void boot_gic(void)
{
	struct intc_info info = { .dist_base = DIST,
				  .dist_size = 0x10000,
				  .redist_base = REDIST,
				  .redist_size = CPUS * 0x20000 };

	model_gic_add(&gic);
	model_its_add(&its);
	info.redist_size = CPUS * model_gic_redist_size();
	CU_ASSERT_EQUAL_FATAL(gic_v3_init(&info), 0);
	for (unsigned c = 0; c < CPUS; c++) {
		model_set_cpu(c);
		CU_ASSERT_EQUAL_FATAL(gic_v3_cpu_init(), 0);
	}
	model_set_cpu(0);
}

static void boot(void)
{
	boot_gic();
	CU_ASSERT_EQUAL_FATAL(gic_its_init(&unit), 0);
	for (unsigned c = 0; c < CPUS; c++) {
		model_set_cpu(c);
		CU_ASSERT_EQUAL_FATAL(gic_its_cpu_init(), 0);
	}
	model_set_cpu(0);
}

static void machine(void)
{
	defaults();
	boot();
}

static int alloc(unsigned set, uint32_t device, unsigned count, unsigned cpu)
{
	return unit.ops->vectors_alloc(&unit, device, vectors[set], count, cpu);
}

static int release(unsigned set, uint32_t device, unsigned count)
{
	return unit.ops->vectors_free(&unit, device, vectors[set], count);
}

/* Takes everything pending at a CPU; the number of handler calls. */
static unsigned run(unsigned cpu)
{
	unsigned before = handled;
	uint32_t intid;

	model_set_cpu(cpu);
	while ((intid = gic_v3_ack()) != GIC_INTID_NONE) {
		CU_ASSERT_TRUE(intid >= GIC_LPI_FIRST);
		gic_its_handle_lpi(intid);
		gic_v3_eoi(intid);
	}
	model_set_cpu(0);
	return handled - before;
}

/* The message of a vector arrives, and its handler runs on `cpu`. */
static bool fires(struct msi_vector *v, unsigned cpu)
{
	struct msi_message m;

	unit.ops->message(v, &m);
	handled_vector = NULL;
	return m.address == ITS + 0x10040 && model_its_write(v->device_id, m.data) &&
	       run(cpu) == 1 && handled_vector == v && handled_cpu == cpu;
}

static void every_vector_reaches_its_handler(void)
{
	machine();
	CU_ASSERT_EQUAL_FATAL(alloc(0, 0x100, 65, 1), 0);
	CU_ASSERT_EQUAL_FATAL(alloc(1, 0x200, 10, 2), 0);
	for (unsigned i = 0; i < 65; i++) {
		CU_ASSERT_TRUE(fires(&vectors[0][i], 1));
		CU_ASSERT_EQUAL(vectors[0][i].fired, 1);
		CU_ASSERT_EQUAL(vectors[0][i].index, i);
		CU_ASSERT_EQUAL(vectors[0][i].mode, IRQ_INJECT);
	}
	for (unsigned i = 0; i < 10; i++)
		CU_ASSERT_TRUE(fires(&vectors[1][i], 2));
	CU_ASSERT_EQUAL(model_its_errors(), 0);
}

static void works_with_redistributor_addresses(void)
{
	defaults();
	its.pta = true;
	gic.gicv4_frames = true;
	boot();
	CU_ASSERT_EQUAL(alloc(0, 7, 2, 2), 0);
	CU_ASSERT_TRUE(fires(&vectors[0][1], 2));
	CU_ASSERT_EQUAL(model_its_errors(), 0);
}

static void doorbell_is_the_translater_page(void)
{
	hpa_t base;
	uint64_t size;

	machine();
	unit.ops->doorbell(&unit, &base, &size);
	CU_ASSERT_EQUAL(base, ITS + 0x10000);
	CU_ASSERT_EQUAL(size, 0x10000);
}

static void events_not_reserved_are_dropped(void)
{
	machine();
	CU_ASSERT_EQUAL(alloc(0, 0x100, 3, 1), 0);
	CU_ASSERT_FALSE(model_its_write(0x100, 3));
	CU_ASSERT_FALSE(model_its_write(0x101, 0));
}

static void retarget_moves_what_is_pending(void)
{
	machine();
	CU_ASSERT_EQUAL(alloc(0, 0x100, 4, 0), 0);
	CU_ASSERT_TRUE(model_its_write(0x100, 2));
	CU_ASSERT_EQUAL(unit.ops->vector_target(&vectors[0][2], 2), 0);
	CU_ASSERT_EQUAL(vectors[0][2].cpu, 2);
	CU_ASSERT_EQUAL(run(0), 0);
	CU_ASSERT_EQUAL(run(2), 1);
	CU_ASSERT_TRUE(fires(&vectors[0][2], 2));
	CU_ASSERT_TRUE(fires(&vectors[0][1], 0));
	CU_ASSERT_EQUAL(unit.ops->vector_target(&vectors[0][2], CPUS), -EINVAL);
	CU_ASSERT_EQUAL(vectors[0][2].cpu, 2);
	/* And freeing knows where it went. */
	CU_ASSERT_TRUE(model_its_write(0x100, 2));
	CU_ASSERT_EQUAL(release(0, 0x100, 4), 0);
	CU_ASSERT_EQUAL(run(2), 0);
}

static void after_free_nothing_arrives(void)
{
	uint64_t pages;

	machine();
	pages = model_pages_live();
	CU_ASSERT_EQUAL(alloc(0, 0x100, 8, 1), 0);
	for (unsigned i = 0; i < 8; i++)
		CU_ASSERT_TRUE(model_its_write(0x100, i));
	CU_ASSERT_EQUAL(release(0, 0x100, 8), 0);
	for (uint32_t i = 0; i < 8; i++)
		CU_ASSERT_FALSE(model_gic_lpi_pending(1, vectors[0][i].hwirq));
	CU_ASSERT_EQUAL(run(1), 0);
	CU_ASSERT_FALSE(model_its_write(0x100, 0));
	CU_ASSERT_EQUAL(model_its_devices(), 0);
	CU_ASSERT_EQUAL(model_its_events(), 0);
	CU_ASSERT_EQUAL(model_pages_live(), pages);
}

static void free_waits_for_a_cpu_in_its_handler(void)
{
	struct gic_its_stats stats;
	uint32_t intid;

	machine();
	CU_ASSERT_EQUAL(alloc(0, 0x100, 1, 1), 0);
	CU_ASSERT_TRUE(model_its_write(0x100, 0));
	model_set_cpu(1);
	intid = gic_v3_ack();
	CU_ASSERT_EQUAL(intid, vectors[0][0].hwirq);
	model_set_cpu(0);
	/*
	 * CPU 1 never comes back in this single-threaded world: the wait is bounded, and the LPI is
	 * not reused.
	 */
	CU_ASSERT_EQUAL(release(0, 0x100, 1), -ETIMEDOUT);
	gic_its_stats(&unit, &stats);
	CU_ASSERT_EQUAL(stats.lpis_used, 1);
	model_set_cpu(1);
	CU_ASSERT_FALSE(gic_its_handle_lpi(intid));
	gic_v3_eoi(intid);
	CU_ASSERT_EQUAL(handled, 0);
}

static void lpis_and_devices_can_be_reused(void)
{
	machine();
	for (unsigned round = 0; round < 3 * LPIS / 512; round++) {
		CU_ASSERT_EQUAL_FATAL(alloc(0, 0x100, 512, round % CPUS), 0);
		CU_ASSERT_TRUE_FATAL(fires(&vectors[0][511], round % CPUS));
		CU_ASSERT_EQUAL_FATAL(release(0, 0x100, 512), 0);
	}
	CU_ASSERT_EQUAL(model_its_errors(), 0);
}

static void two_vectors_never_share_an_lpi(void)
{
	static bool seen[16384];
	unsigned count = 0;

	machine();
	memset(seen, 0, sizeof(seen));
	for (unsigned d = 0; d < 4; d++) {
		CU_ASSERT_EQUAL(alloc(d, d, 100 + d, d % CPUS), 0);
		for (unsigned i = 0; i < 100 + d; i++) {
			CU_ASSERT_FALSE(seen[vectors[d][i].hwirq]);
			seen[vectors[d][i].hwirq] = true;
			count++;
		}
	}
	CU_ASSERT_EQUAL(release(1, 1, 101), 0);
	CU_ASSERT_EQUAL(alloc(1, 1, 101, 0), 0);
	CU_ASSERT_TRUE(fires(&vectors[2][50], 2));
	CU_ASSERT_EQUAL(count, 406);
}

static void refusals_reserve_nothing(void)
{
	uint64_t pages;

	machine();
	CU_ASSERT_EQUAL(alloc(0, 0x100, 4, 0), 0);
	pages = model_pages_live();
	CU_ASSERT_EQUAL(alloc(1, 0x100, 4, 0), -EBUSY);
	CU_ASSERT_EQUAL(alloc(1, 0x200, 0, 0), -EINVAL);
	CU_ASSERT_EQUAL(alloc(1, 0x200, 4, CPUS), -EINVAL);
	CU_ASSERT_EQUAL(alloc(1, 0x200, 4, 200), -EINVAL);
	CU_ASSERT_EQUAL(alloc(1, 0x10000, 4, 0), -ENOSPC);
	CU_ASSERT_EQUAL(alloc(1, 0x200, 65536, 0), -ENOSPC);
	CU_ASSERT_EQUAL(release(0, 0x100, 3), -EINVAL);
	CU_ASSERT_EQUAL(release(0, 0x200, 4), -EINVAL);
	CU_ASSERT_EQUAL(model_pages_live(), pages);
	CU_ASSERT_EQUAL(model_its_devices(), 1);
	CU_ASSERT_TRUE(fires(&vectors[0][3], 0));
}

static void lpis_run_out_cleanly(void)
{
	machine();
	for (unsigned d = 0; d < 7; d++) {
		struct msi_vector *v = vectors[d % 3];

		CU_ASSERT_EQUAL(unit.ops->vectors_alloc(&unit, d, v, 1024, 0), 0);
	}
	CU_ASSERT_EQUAL(alloc(3, 7, 1024, 0), 0);
	CU_ASSERT_EQUAL(alloc(0, 8, 1, 0), -ENOSPC);
	CU_ASSERT_EQUAL(release(3, 7, 1024), 0);
	CU_ASSERT_EQUAL(alloc(3, 8, 1, 0), 0);
	CU_ASSERT_TRUE(fires(&vectors[3][0], 0));
}

static void out_of_memory_reserves_nothing(void)
{
	machine();
	for (unsigned n = 1;; n++) {
		uint64_t pages = model_pages_live();
		int err;

		model_fail_alloc_after(n);
		err = alloc(0, 0x100, 16, 0);
		model_fail_alloc_after(0);
		if (!err) {
			CU_ASSERT_TRUE(n > 1);
			break;
		}
		CU_ASSERT_EQUAL(err, -ENOMEM);
		CU_ASSERT_EQUAL(model_pages_live(), pages);
		CU_ASSERT_EQUAL(model_its_devices(), 0);
	}
	CU_ASSERT_TRUE(fires(&vectors[0][15], 0));
}

static void init_survives_every_failed_allocation(void)
{
	unsigned n;

	for (n = 1; n < 30; n++) {
		int err;

		model_reset();
		defaults();
		boot_gic();
		model_fail_alloc_after(n);
		err = gic_its_init(&unit);
		model_fail_alloc_after(0);
		if (!err)
			break;
		CU_ASSERT_EQUAL(err, -ENOMEM);
	}
	CU_ASSERT_TRUE(n > 4 && n < 30);
}

static void refused_command_fails_its_batch_only(void)
{
	for (unsigned n = 1; n <= 12; n++) {
		int err;

		model_reset();
		machine();
		CU_ASSERT_EQUAL(alloc(0, 0x100, 4, 1), 0);
		model_its_stall_after(n);
		err = alloc(1, 0x200, 4, 1);
		model_its_stall_after(0);
		if (err) {
			CU_ASSERT_EQUAL(err, -EIO);
			CU_ASSERT_TRUE(model_log_contains("refuses command"));
		}
		/* The neighbour and the queue work on. */
		CU_ASSERT_TRUE(fires(&vectors[0][1], 1));
		CU_ASSERT_EQUAL(alloc(2, 0x300, 2, 2), 0);
		CU_ASSERT_TRUE(fires(&vectors[2][1], 2));
		if (err)
			CU_ASSERT_FALSE(model_its_write(0x200, 3) && run(1) &&
					handled_vector == &vectors[1][3]);
	}
}

static void dead_queue_is_an_error_for_good(void)
{
	struct gic_its_stats stats;

	machine();
	CU_ASSERT_EQUAL(alloc(0, 0x100, 4, 1), 0);
	CU_ASSERT_TRUE(model_its_write(0x100, 2));
	model_its_freeze(true);
	CU_ASSERT_EQUAL(release(0, 0x100, 4), -ETIMEDOUT);
	/* The hardware may deliver, the handler is not called, and the LPIs are nobody else's. */
	handled = 0;
	CU_ASSERT_EQUAL(run(1), 0);
	gic_its_stats(&unit, &stats);
	CU_ASSERT_EQUAL(stats.lpis_used, 4);
	CU_ASSERT_TRUE(stats.stray > 0);
	CU_ASSERT_EQUAL(alloc(1, 0x200, 4, 1), -ETIMEDOUT);
	CU_ASSERT_TRUE(model_log_contains("does not work off its queue"));
}

static void unit_that_cannot_is_refused(void)
{
	defaults();
	its.virtual_only = true;
	boot_gic();
	CU_ASSERT_EQUAL(gic_its_init(&unit), -ENODEV);

	model_reset();
	defaults();
	boot_gic();
	model_its_never_quiescent();
	CU_ASSERT_EQUAL(gic_its_init(&unit), -ETIMEDOUT);

	model_reset();
	defaults();
	gic.id_bits = 0;
	boot_gic();
	CU_ASSERT_EQUAL(gic_its_init(&unit), -ENODEV);
	CU_ASSERT_TRUE(model_log_contains("no LPIs"));
}

static void device_table_fits_every_unit(void)
{
	static const struct {
		unsigned bits, entry, page;
		bool no_indirect, two_level;
	} cases[] = {
		{ 16, 8, 3, false, false }, { 16, 8, 0, false, false }, { 16, 8, 2, true, false },
		{ 20, 8, 3, false, true },  { 20, 16, 0, false, true }, { 24, 32, 2, false, true },
		{ 20, 8, 3, true, false },  { 5, 8, 1, false, false },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t device = cases[i].bits < 16 ? 31 : 0xfff8;

		model_reset();
		defaults();
		its.device_bits = cases[i].bits;
		its.device_entry = cases[i].entry;
		its.only_page = cases[i].page;
		its.no_indirect = cases[i].no_indirect;
		boot();
		CU_ASSERT_EQUAL(model_its_two_level(), cases[i].two_level);
		CU_ASSERT_EQUAL(alloc(0, device, 3, 1), 0);
		CU_ASSERT_TRUE(fires(&vectors[0][2], 1));
		CU_ASSERT_EQUAL(release(0, device, 3), 0);
		CU_ASSERT_EQUAL(alloc(0, device, 3, 1), 0);
		CU_ASSERT_EQUAL(model_its_errors(), 0);
	}
}

static void device_past_a_flat_table_is_refused(void)
{
	defaults();
	its.device_bits = 24;
	its.no_indirect = true;
	boot();
	CU_ASSERT_EQUAL(alloc(0, 0xffffff, 1, 0), -ENOSPC);
	CU_ASSERT_EQUAL(alloc(0, 0xffff, 1, 0), 0);
	CU_ASSERT_EQUAL(model_its_errors(), 0);
}

static void collections_without_memory_work(void)
{
	defaults();
	its.hardware_collections = 4;
	boot();
	CU_ASSERT_EQUAL(alloc(0, 1, 2, 2), 0);
	CU_ASSERT_TRUE(fires(&vectors[0][0], 2));
}

static void unsnooped_memory_is_cleaned(void)
{
	defaults();
	model_set_noncoherent();
	gic.no_snoop = true;
	its.no_snoop = true;
	its.device_bits = 20;
	boot();
	for (unsigned round = 0; round < 3; round++) {
		CU_ASSERT_EQUAL(alloc(0, 0x4321, 40, 2), 0);
		CU_ASSERT_TRUE(fires(&vectors[0][39], 2));
		CU_ASSERT_EQUAL(release(0, 0x4321, 40), 0);
	}
	CU_ASSERT_EQUAL(model_its_errors(), 0);
}

static void stray_lpis_are_counted(void)
{
	struct gic_its_stats stats;

	machine();
	CU_ASSERT_FALSE(gic_its_handle_lpi(8192 + 77));
	CU_ASSERT_FALSE(gic_its_handle_lpi(UINT32_MAX));
	gic_its_stats(&unit, &stats);
	CU_ASSERT_EQUAL(stats.stray, 2);
}

void suite_its(void)
{
	static const struct unit_test tests[] = {
		TEST(every_vector_reaches_its_handler),
		TEST(works_with_redistributor_addresses),
		TEST(doorbell_is_the_translater_page),
		TEST(events_not_reserved_are_dropped),
		TEST(retarget_moves_what_is_pending),
		TEST(after_free_nothing_arrives),
		TEST(free_waits_for_a_cpu_in_its_handler),
		TEST(lpis_and_devices_can_be_reused),
		TEST(two_vectors_never_share_an_lpi),
		TEST(refusals_reserve_nothing),
		TEST(lpis_run_out_cleanly),
		TEST(out_of_memory_reserves_nothing),
		TEST(init_survives_every_failed_allocation),
		TEST(refused_command_fails_its_batch_only),
		TEST(dead_queue_is_an_error_for_good),
		TEST(unit_that_cannot_is_refused),
		TEST(device_table_fits_every_unit),
		TEST(device_past_a_flat_table_is_refused),
		TEST(collections_without_memory_work),
		TEST(unsnooped_memory_is_cleaned),
		TEST(stray_lpis_are_counted),
	};

	unit_suite("its", tests, ARRAY_SIZE(tests));
}
