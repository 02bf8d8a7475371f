// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The physical EIOINTC driver on the modelled hardware: whom a vector reaches, what is acknowledged,
 * what a release proves, and that nobody else's bits are touched.
 */
#include "unit.h"

#include "host.h"
#include "loongson-irq.h"

#include <errno.h>
#include <irq/eiointc.h>
#include <irq/loongson-ipi.h>
#include <postern/arch.h>
#include <postern/zone.h>
#include <string.h>

#define HWI1 2u /* in model_cpu_lines() */
#define LIVE 10u

static struct {
	unsigned cpus;
	struct zone zone;
	unsigned got[64], got_cpu[64], count;
} t;

static void handler(void *context, unsigned vector)
{
	(void)context;
	t.got_cpu[t.count % 64] = arch_cpu_index();
	t.got[t.count++ % 64] = vector;
}

static void machine(unsigned cpus, bool emulator)
{
	const struct model_loongson_irq_config config = { .cpus = cpus, .emulator = emulator };
	const struct loongson_intc_info info = { .vectors = 256, .eio_pin = 1, .lio_pin = 0 };
	struct cpu_info cpu[MAX_CPUS];

	memset(&t, 0, sizeof(t));
	t.cpus = cpus;
	for (unsigned i = 0; i < cpus; i++)
		cpu[i].hw_id = i;
	model_loongson_irq_add(&config);
	CU_ASSERT_EQUAL(loongson_ipi_init(cpu, cpus), 0);
	CU_ASSERT_EQUAL(eiointc_init(&info, cpu, cpus), 0);
	for (unsigned i = 0; i < cpus; i++) {
		model_set_cpu(i);
		CU_ASSERT_EQUAL(eiointc_cpu_init(), emulator && i >= 4 ? -EOPNOTSUPP : 0);
	}
	model_set_cpu(0);
	model_eio_changes_clear();
	model_irq_writes_clear();
}

static int claim(unsigned first, unsigned count, unsigned cpu)
{
	return eiointc_claim(first, count, 0, cpu, NULL, handler, NULL);
}

/* Every CPU whose line is high serves it. */
static unsigned serve(void)
{
	unsigned served = 0;

	for (unsigned i = 0; i < t.cpus; i++) {
		model_set_cpu(i);
		while (model_cpu_lines(i) & HWI1 && served < LIVE)
			served += eiointc_handle();
	}
	model_set_cpu(0);
	return served;
}

static void every_core_takes_its_own_vector(void)
{
	machine(8, false);
	for (unsigned cpu = 0; cpu < 8; cpu++)
		CU_ASSERT_EQUAL(claim(64 + 17 * cpu, 1, cpu), (int)(64 + 17 * cpu));
	for (unsigned cpu = 0; cpu < 8; cpu++) {
		t.count = 0;
		model_msi_write(64 + 17 * cpu);
		CU_ASSERT_EQUAL(model_cpu_lines(cpu), HWI1);
		CU_ASSERT_EQUAL(serve(), 1);
		CU_ASSERT_EQUAL(t.got[0], 64 + 17 * cpu);
		CU_ASSERT_EQUAL(t.got_cpu[0], cpu);
		CU_ASSERT_EQUAL(model_cpu_lines(cpu), 0);
	}
	/* Core 6 is core 2 of node 1: node 0 sends there, node 1 picks the core. */
	CU_ASSERT_EQUAL(model_eio_route(0, 64 + 17 * 6), 0x14);
	CU_ASSERT_EQUAL(model_eio_route(1, 64 + 17 * 6), 0x14);
	CU_ASSERT_EQUAL(model_eio_route(0, 64 + 17 * 2), 0x04);
}

static void nothing_is_enabled_that_nobody_owns(void)
{
	machine(8, false);
	for (unsigned node = 0; node < 2; node++)
		for (unsigned v = 0; v < 256; v++)
			CU_ASSERT_FALSE(model_eio_enabled(node, v));
	CU_ASSERT_TRUE(model_eio_misc(0) >> 48 & 1);
	CU_ASSERT_TRUE(model_eio_misc(1) >> 48 & 1);
	CU_ASSERT_EQUAL(model_eio_misc(0) & ~((uint64_t)1 << 48), 0x0000f200f8880300);
}

static void claim_touches_its_own_vector_alone(void)
{
	machine(8, false);
	claim(64, 3, 1);
	model_eio_changes_clear();
	CU_ASSERT_EQUAL(claim(64, 3, 5), 65);
	CU_ASSERT_EQUAL(eiointc_target(65, 2), 0);
	CU_ASSERT_EQUAL(eiointc_release(65), 0);
	for (unsigned v = 0; v < 256; v++)
		if (v != 65)
			CU_ASSERT_EQUAL(model_eio_changed(v), 0);
	CU_ASSERT_EQUAL(model_eio_changed(65), MODEL_CHANGED_ENABLE | MODEL_CHANGED_ROUTE);
	CU_ASSERT_TRUE(model_eio_enabled(0, 64));
	CU_ASSERT_FALSE(model_eio_enabled(0, 65));
	CU_ASSERT_FALSE(model_eio_enabled(1, 65));
}

static void another_vector_arrives(void *ctx)
{
	model_msi_write(*(const unsigned *)ctx);
}

/* What comes between reading the pending bits and clearing them is not lost. */
static void acknowledging_clears_what_was_seen_alone(void)
{
	unsigned late = 70;

	machine(2, false);
	claim(64, 1, 1);
	claim(late, 1, 1);
	model_msi_write(64);
	model_after_isr_read(another_vector_arrives, &late);
	CU_ASSERT_EQUAL(serve(), 2);
	CU_ASSERT_EQUAL(t.got[0], 64);
	CU_ASSERT_EQUAL(t.got[1], 70);
}

static void fires_again(void *context, unsigned vector)
{
	handler(context, vector);
	if (t.count == 1)
		model_msi_write(vector);
}

/* It is cleared before its handler runs: an edge that comes meanwhile counts. */
static void an_edge_during_its_handler_counts(void)
{
	machine(1, false);
	CU_ASSERT_EQUAL(eiointc_claim(80, 1, 0, 0, NULL, fires_again, NULL), 80);
	model_msi_write(80);
	CU_ASSERT_EQUAL(serve(), 2);
	CU_ASSERT_EQUAL(t.count, 2);
}

static void a_zone_gets_its_own_cpus_only(void)
{
	machine(8, false);
	t.zone.cpu_count = 2;
	t.zone.cpus[0] = 2;
	t.zone.cpus[1] = 6;
	CU_ASSERT_EQUAL(eiointc_claim(64, 1, 0, 1, &t.zone, handler, NULL), -EINVAL);
	CU_ASSERT_EQUAL(eiointc_claim(64, 1, 0, 6, &t.zone, handler, NULL), 64);
	CU_ASSERT_EQUAL(eiointc_target(64, 0), -EINVAL);
	CU_ASSERT_EQUAL(eiointc_target(64, 2), 0);
	model_msi_write(64);
	CU_ASSERT_EQUAL(serve(), 1);
	CU_ASSERT_EQUAL(t.got_cpu[0], 2);
	CU_ASSERT_EQUAL(eiointc_release(64), 0);
	model_msi_write(64);
	CU_ASSERT_EQUAL(serve(), 0);
}

/* Moved while pending on the old CPU: taken there once, never on both, and nothing stays behind. */
static void moving_loses_nothing(void)
{
	machine(8, false);
	claim(64, 1, 1);
	model_msi_write(64);
	CU_ASSERT_EQUAL(eiointc_target(64, 7), 0);
	CU_ASSERT_EQUAL(serve(), 1);
	CU_ASSERT_EQUAL(t.got_cpu[0], 1);
	model_msi_write(64);
	CU_ASSERT_EQUAL(serve(), 1);
	CU_ASSERT_EQUAL(t.got_cpu[1], 7);
}

/* Not of its own, and everything of its neighbours': the registers are cleared by writing ones. */
static void release_leaves_nothing_pending(void)
{
	machine(8, false);
	claim(64, 1, 5);
	claim(66, 1, 5);
	claim(80, 1, 5);
	model_msi_write(64);
	model_msi_write(66);
	model_msi_write(80);
	CU_ASSERT_EQUAL(eiointc_target(64, 3), 0);
	CU_ASSERT_EQUAL(eiointc_release(64), 0);
	CU_ASSERT_FALSE(model_eio_pending(5, 64));
	CU_ASSERT_TRUE(model_eio_pending(5, 66));
	CU_ASSERT_TRUE(model_eio_pending(5, 80));
	model_msi_write(64);
	CU_ASSERT_EQUAL(serve(), 2);
	CU_ASSERT_EQUAL(t.got[0], 66);
	CU_ASSERT_EQUAL(t.got[1], 80);
	CU_ASSERT_EQUAL(eiointc_stray(), 0);
}

static void release_takes_several(void)
{
	const unsigned some[] = { 64, 65, 66 }, wrong[] = { 67, 99 };

	machine(4, false);
	for (unsigned i = 0; i < 4; i++)
		claim(64, 8, i);
	CU_ASSERT_EQUAL(eiointc_release_all(wrong, 2), -EINVAL);
	CU_ASSERT_TRUE(model_eio_enabled(0, 67));
	CU_ASSERT_EQUAL(eiointc_release_all(some, 3), 0);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_FALSE(model_eio_enabled(0, some[i]));
	CU_ASSERT_TRUE(model_eio_enabled(0, 67));
}

static struct {
	int result;
} inside;

static void releases_from_elsewhere(void *context, unsigned vector)
{
	handler(context, vector);
	/* As another CPU, while this one has not left its handler. */
	model_set_cpu(3);
	inside.result = eiointc_release(vector);
	model_set_cpu(1);
}

static void release_waits_for_handlers_and_gives_up(void)
{
	machine(4, false);
	CU_ASSERT_EQUAL(eiointc_claim(90, 1, 0, 1, NULL, releases_from_elsewhere, NULL), 90);
	model_msi_write(90);
	CU_ASSERT_EQUAL(serve(), 1);
	CU_ASSERT_EQUAL(inside.result, -ETIMEDOUT);
	/* It is out of use for good: silent, and nobody else's. */
	CU_ASSERT_FALSE(model_eio_enabled(0, 90));
	CU_ASSERT_EQUAL(claim(90, 1, 1), -ENOSPC);
	CU_ASSERT_EQUAL(eiointc_target(90, 2), -EINVAL);
}

/* It arrives all the same, by a route somebody else wrote: no handler of the zone's runs there. */
static void a_vector_on_a_foreign_cpu_is_nobodys(void)
{
	machine(4, false);
	t.zone.cpu_count = 1;
	t.zone.cpus[0] = 2;
	CU_ASSERT_EQUAL(eiointc_claim(64, 1, 0, 2, &t.zone, handler, NULL), 64);
	model_iocsr_write(0, 0x1c40, 4, 0x02);
	model_msi_write(64);
	CU_ASSERT_EQUAL(model_cpu_lines(1), HWI1);
	serve();
	CU_ASSERT_EQUAL(t.count, 0);
	CU_ASSERT_EQUAL(eiointc_stray(), 1);
	CU_ASSERT_EQUAL(model_cpu_lines(1), 0);
}

static void what_cannot_be_is_refused(void)
{
	struct loongson_intc_info info = { .vectors = 0 };
	struct cpu_info cpu[2] = { { .hw_id = 0 }, { .hw_id = 64 } };

	machine(2, false);
	CU_ASSERT_EQUAL(claim(250, 7, 0), -EINVAL);
	CU_ASSERT_EQUAL(claim(256, 1, 0), -EINVAL);
	CU_ASSERT_EQUAL(claim(64, 0, 0), -EINVAL);
	CU_ASSERT_EQUAL(claim(64, 1, 2), -EINVAL);
	CU_ASSERT_EQUAL(eiointc_claim(64, 1, 16, 0, NULL, handler, NULL), -EINVAL);
	CU_ASSERT_EQUAL(eiointc_release(64), -EINVAL);
	CU_ASSERT_EQUAL(eiointc_release(4096), -EINVAL);
	CU_ASSERT_EQUAL(eiointc_target(64, 0), -EINVAL);
	CU_ASSERT_EQUAL(claim(64, 2, 0), 64);
	CU_ASSERT_EQUAL(claim(64, 2, 0), 65);
	CU_ASSERT_EQUAL(claim(64, 2, 0), -ENOSPC);
	CU_ASSERT_EQUAL(eiointc_init(&info, cpu, 1), -ENODEV);
	info.vectors = 512;
	CU_ASSERT_EQUAL(eiointc_init(&info, cpu, 1), -EINVAL);
	info.vectors = 256;
	CU_ASSERT_EQUAL(eiointc_init(&info, cpu, 2), -EINVAL);
	CU_ASSERT_EQUAL(eiointc_cpu_init(), -ENODEV);
}

/* One register file for all CPUs cannot name cores 4 to 7: said, not guessed. */
static void emulator_with_one_register_file(void)
{
	machine(8, true);
	CU_ASSERT_TRUE(model_log_contains("no device interrupts on CPU 4 (core 4)"));
	CU_ASSERT_FALSE(eiointc_cpu_ready(4));
	CU_ASSERT_EQUAL(claim(64, 1, 4), -EINVAL);
	for (unsigned cpu = 0; cpu < 4; cpu++) {
		CU_ASSERT_EQUAL(claim(64, 8, cpu), (int)(64 + cpu));
		model_msi_write(64 + cpu);
		CU_ASSERT_EQUAL(model_cpu_lines(cpu), HWI1);
		CU_ASSERT_EQUAL(serve(), 1);
	}
}

static void vectors_claimed_before_a_node_is_up_reach_it_later(void)
{
	const struct model_loongson_irq_config config = { .cpus = 8 };
	const struct loongson_intc_info info = { .vectors = 256, .eio_pin = 1 };
	struct cpu_info cpu[8];

	memset(&t, 0, sizeof(t));
	t.cpus = 8;
	for (unsigned i = 0; i < 8; i++)
		cpu[i].hw_id = i;
	model_loongson_irq_add(&config);
	loongson_ipi_init(cpu, 8);
	CU_ASSERT_EQUAL(eiointc_init(&info, cpu, 8), 0);
	CU_ASSERT_EQUAL(eiointc_cpu_init(), 0);
	CU_ASSERT_EQUAL(claim(100, 1, 0), 100);
	CU_ASSERT_EQUAL(claim(101, 1, 4), -EINVAL);
	model_set_cpu(4);
	CU_ASSERT_EQUAL(eiointc_cpu_init(), 0);
	model_set_cpu(0);
	CU_ASSERT_TRUE(model_eio_enabled(1, 100));
	CU_ASSERT_EQUAL(eiointc_target(100, 4), 0);
	model_msi_write(100);
	CU_ASSERT_EQUAL(serve(), 1);
	CU_ASSERT_EQUAL(t.got_cpu[0], 4);
}

static void reports_tell_owner_and_arrivals(void)
{
	struct eiointc_vector_info info;

	machine(2, false);
	claim(64, 1, 1);
	model_msi_write(64);
	serve();
	eiointc_vector_info(64, &info);
	CU_ASSERT_TRUE(info.claimed && info.cpu == 1 && info.fired == 1 && !info.owner);
	eiointc_vector_info(65, &info);
	CU_ASSERT_FALSE(info.claimed);
}

void suite_eiointc(void)
{
	static const struct unit_test tests[] = {
		TEST(every_core_takes_its_own_vector),
		TEST(nothing_is_enabled_that_nobody_owns),
		TEST(claim_touches_its_own_vector_alone),
		TEST(acknowledging_clears_what_was_seen_alone),
		TEST(an_edge_during_its_handler_counts),
		TEST(a_zone_gets_its_own_cpus_only),
		TEST(moving_loses_nothing),
		TEST(release_leaves_nothing_pending),
		TEST(release_takes_several),
		TEST(release_waits_for_handlers_and_gives_up),
		TEST(a_vector_on_a_foreign_cpu_is_nobodys),
		TEST(what_cannot_be_is_refused),
		TEST(emulator_with_one_register_file),
		TEST(vectors_claimed_before_a_node_is_up_reach_it_later),
		TEST(reports_tell_owner_and_arrivals),
	};

	unit_suite("eiointc", tests, ARRAY_SIZE(tests));
}
