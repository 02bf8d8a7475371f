// SPDX-License-Identifier: GPL-2.0-or-later
/* The physical GICv3 driver (irq/gic-v3.c) on the hardware model. */
#include "unit.h"

#include "gic.h"
#include "host.h"

#include <errno.h>
#include <irq/gic-v3.h>
#include <string.h>

#define DIST   ((hpa_t)0x8000000)
#define REDIST ((hpa_t)0x80a0000)

static struct model_gic_config config;
static struct intc_info info;

/* Affinities as awkward as they come: clusters, Aff0 above 15. */
static void machine(void)
{
	config = (struct model_gic_config){
		.dist = DIST,
		.redist = REDIST,
		.cpus = 4,
		.affinity = { 0x0, 0x1, 0x100, 0x0200000113 },
		.spis = 96,
		.id_bits = 16,
	};
	model_gic_add(&config);
	info = (struct intc_info){ .dist_base = DIST,
				   .dist_size = 0x10000,
				   .redist_base = REDIST,
				   .redist_size = config.cpus * model_gic_redist_size() };
}

static void boot_all(void)
{
	CU_ASSERT_EQUAL(gic_v3_init(&info), 0);
	for (unsigned c = 0; c < config.cpus; c++) {
		model_set_cpu(c);
		CU_ASSERT_EQUAL(gic_v3_cpu_init(), 0);
	}
	model_set_cpu(0);
}

/* Takes the CPU's next interrupt whole. */
static uint32_t take(unsigned cpu)
{
	uint32_t intid;

	model_set_cpu(cpu);
	intid = gic_v3_ack();
	if (intid == GIC_INTID_NONE)
		return intid;
	if (intid < GIC_LPI_FIRST)
		gic_v3_deactivate(intid);
	gic_v3_eoi(intid);
	return intid;
}

static void init_leaves_every_spi_quiet(void)
{
	machine();
	for (uint32_t i = 32; i < 128; i++)
		model_gic_set_line(0, i, true);
	boot_all();
	for (uint32_t i = 32; i < 128; i++) {
		CU_ASSERT_FALSE(model_gic_enabled(0, i));
		CU_ASSERT_FALSE(model_gic_active(0, i));
	}
	for (unsigned c = 0; c < 4; c++)
		CU_ASSERT_EQUAL(take(c), GIC_INTID_NONE);
}

static void cpu_init_enables_sgis_and_no_ppi(void)
{
	machine();
	boot_all();
	for (unsigned c = 0; c < 4; c++)
		for (uint32_t i = 0; i < 32; i++)
			CU_ASSERT_EQUAL(model_gic_enabled(c, i), i < 16);
}

static void ppi_is_the_calling_cpus_own(void)
{
	machine();
	boot_all();
	model_set_cpu(2);
	CU_ASSERT_EQUAL(gic_v3_ppi_enable(27), 0);
	CU_ASSERT_TRUE(model_gic_enabled(2, 27));
	CU_ASSERT_FALSE(model_gic_enabled(1, 27));
	model_gic_set_line(1, 27, true);
	model_gic_set_line(2, 27, true);
	CU_ASSERT_EQUAL(take(1), GIC_INTID_NONE);
	CU_ASSERT_EQUAL(take(2), 27);
	model_set_cpu(2);
	CU_ASSERT_EQUAL(gic_v3_ppi_disable(27), 0);
	CU_ASSERT_EQUAL(take(2), GIC_INTID_NONE);
	CU_ASSERT_EQUAL(gic_v3_ppi_enable(32), -EINVAL);
}

static void spi_goes_to_its_cpu(void)
{
	machine();
	boot_all();
	for (unsigned c = 0; c < 4; c++) {
		CU_ASSERT_EQUAL(gic_v3_spi_enable(40 + c, c, false), 0);
		model_gic_set_line(0, 40 + c, true);
	}
	for (unsigned c = 0; c < 4; c++) {
		CU_ASSERT_EQUAL(model_gic_route(40 + c), config.affinity[c]);
		CU_ASSERT_EQUAL(take(c), 40 + c);
	}
}

static void spi_trigger_is_as_asked(void)
{
	machine();
	boot_all();
	CU_ASSERT_EQUAL(gic_v3_spi_enable(49, 0, true), 0);
	CU_ASSERT_EQUAL(gic_v3_spi_enable(50, 0, false), 0);
	CU_ASSERT_TRUE(model_gic_edge(49));
	CU_ASSERT_FALSE(model_gic_edge(50));
	CU_ASSERT_FALSE(model_gic_edge(48));
	/* Enabled again with another trigger: it is off while that changes (the model insists). */
	CU_ASSERT_EQUAL(gic_v3_spi_enable(49, 1, false), 0);
	CU_ASSERT_FALSE(model_gic_edge(49));
	model_gic_pulse(0, 50);
	CU_ASSERT_EQUAL(take(0), GIC_INTID_NONE);
}

static void interrupt_stays_silent_until_deactivated(void)
{
	machine();
	boot_all();
	CU_ASSERT_EQUAL(gic_v3_spi_enable(33, 0, false), 0);
	model_gic_set_line(0, 33, true);
	CU_ASSERT_EQUAL(gic_v3_ack(), 33);
	gic_v3_eoi(33);
	CU_ASSERT_TRUE(model_gic_active(0, 33));
	CU_ASSERT_EQUAL(gic_v3_ack(), GIC_INTID_NONE);
	gic_v3_deactivate(33);
	CU_ASSERT_EQUAL(take(0), 33);
}

static void spi_disable_stops_it(void)
{
	machine();
	boot_all();
	CU_ASSERT_EQUAL(gic_v3_spi_enable(33, 0, false), 0);
	CU_ASSERT_EQUAL(gic_v3_spi_disable(33), 0);
	model_gic_set_line(0, 33, true);
	CU_ASSERT_EQUAL(take(0), GIC_INTID_NONE);
}

static void bad_numbers_are_refused(void)
{
	machine();
	boot_all();
	CU_ASSERT_EQUAL(gic_v3_spi_enable(31, 0, false), -EINVAL);
	CU_ASSERT_EQUAL(gic_v3_spi_enable(128, 0, false), -EINVAL);
	CU_ASSERT_EQUAL(gic_v3_spi_enable(40, 4, false), -EINVAL);
	CU_ASSERT_EQUAL(gic_v3_spi_enable(40, MAX_CPUS, false), -EINVAL);
	CU_ASSERT_EQUAL(gic_v3_spi_disable(5), -EINVAL);
}

static void active_state_is_cleared_from_afar(void)
{
	machine();
	boot_all();
	model_set_cpu(3);
	gic_v3_ppi_enable(30);
	model_gic_set_line(3, 30, true);
	CU_ASSERT_EQUAL(gic_v3_ack(), 30);
	gic_v3_eoi(30);
	model_set_cpu(0);
	gic_v3_clear_active(3, 30);
	CU_ASSERT_FALSE(model_gic_active(3, 30));
	gic_v3_spi_enable(60, 0, true);
	model_gic_pulse(0, 60);
	gic_v3_clear_pending(0, 60);
	CU_ASSERT_EQUAL(take(0), GIC_INTID_NONE);
}

static void sgi_reaches_one_cpu(void)
{
	machine();
	boot_all();
	for (unsigned to = 0; to < 4; to++) {
		model_set_cpu(1);
		gic_v3_sgi_send(to, 7);
		for (unsigned c = 0; c < 4; c++)
			CU_ASSERT_EQUAL(take(c), c == to ? 7 : GIC_INTID_NONE);
	}
}

static void both_security_views_work(void)
{
	machine();
	model_reset();
	config.two_security_states = true;
	model_gic_add(&config);
	boot_all();
	gic_v3_spi_enable(35, 1, false);
	model_gic_set_line(0, 35, true);
	CU_ASSERT_EQUAL(take(1), 35);
}

static void gicv4_frames_are_walked(void)
{
	machine();
	model_reset();
	config.gicv4_frames = true;
	model_gic_add(&config);
	info.redist_size = config.cpus * model_gic_redist_size();
	boot_all();
	model_set_cpu(3);
	gic_v3_ppi_enable(27);
	CU_ASSERT_TRUE(model_gic_enabled(3, 27));
}

static void cpu_without_redistributor_is_refused(void)
{
	machine();
	info.redist_size = 3 * model_gic_redist_size();
	CU_ASSERT_EQUAL(gic_v3_init(&info), 0);
	model_set_cpu(3);
	CU_ASSERT_EQUAL(gic_v3_cpu_init(), -ENODEV);
	CU_ASSERT_TRUE(model_log_contains("CPU 3"));
	/* And nobody can aim at it. */
	model_set_cpu(0);
	CU_ASSERT_EQUAL(gic_v3_cpu_init(), 0);
	CU_ASSERT_EQUAL(gic_v3_spi_enable(40, 3, false), -EINVAL);
}

static void hung_hardware_ends_in_an_error(void)
{
	machine();
	model_gic_stick(GIC_STUCK_DIST_RWP);
	CU_ASSERT_EQUAL(gic_v3_init(&info), -ETIMEDOUT);
	model_gic_stick(GIC_STUCK_NOTHING);
	CU_ASSERT_EQUAL(gic_v3_init(&info), 0);
	model_gic_stick(GIC_STUCK_WAKER);
	CU_ASSERT_EQUAL(gic_v3_cpu_init(), -ETIMEDOUT);
	model_gic_stick(GIC_STUCK_REDIST_RWP);
	CU_ASSERT_EQUAL(gic_v3_cpu_init(), -ETIMEDOUT);
}

static void missing_hardware_is_named(void)
{
	machine();
	model_reset();
	config.no_sysregs = true;
	model_gic_add(&config);
	CU_ASSERT_EQUAL(gic_v3_init(&info), 0);
	CU_ASSERT_EQUAL(gic_v3_cpu_init(), -ENODEV);
	CU_ASSERT_TRUE(model_log_contains("system register"));
	/* No distributor: registers that read 0 where its identification should be. */
	info.dist_base = REDIST + 0x10000;
	CU_ASSERT_EQUAL(gic_v3_init(&info), -ENODEV);
	CU_ASSERT_TRUE(model_log_contains("no GICv3 distributor"));
}

static void lpis_only_where_the_tables_are_ours(void)
{
	machine();
	boot_all();
	CU_ASSERT_TRUE(gic_v3_lpi_count() >= 1024);
	CU_ASSERT_TRUE(gic_v3_lpi_ready(2));

	model_reset();
	config.lpis_left_on = true;
	model_gic_add(&config);
	boot_all();
	CU_ASSERT_FALSE(gic_v3_lpi_ready(2));
	CU_ASSERT_TRUE(model_log_contains("earlier software"));

	model_reset();
	config.lpis_left_on = false;
	config.id_bits = 0;
	model_gic_add(&config);
	boot_all();
	CU_ASSERT_EQUAL(gic_v3_lpi_count(), 0);
	CU_ASSERT_FALSE(gic_v3_lpi_ready(0));
}

static void quiesce_waits_for_lpi_handlers_only(void)
{
	machine();
	boot_all();
	model_set_cpu(1);
	gic_v3_lpi_configure(8200, true);
	CU_ASSERT_TRUE(model_gic_lpi_set(1, 8200));
	CU_ASSERT_EQUAL(gic_v3_ack(), 8200);
	/* CPU 1 is in its handler. */
	CU_ASSERT_EQUAL(gic_v3_quiesce_others(), 0);
	model_set_cpu(0);
	CU_ASSERT_EQUAL(gic_v3_quiesce_others(), -ETIMEDOUT);
	model_set_cpu(1);
	gic_v3_eoi(8200);
	gic_v3_sgi_send(1, 3);
	CU_ASSERT_EQUAL(gic_v3_ack(), 3);
	model_set_cpu(0);
	CU_ASSERT_EQUAL(gic_v3_quiesce_others(), 0);
}

void suite_gic(void)
{
	static const struct unit_test tests[] = {
		TEST(init_leaves_every_spi_quiet),
		TEST(cpu_init_enables_sgis_and_no_ppi),
		TEST(ppi_is_the_calling_cpus_own),
		TEST(spi_goes_to_its_cpu),
		TEST(spi_trigger_is_as_asked),
		TEST(interrupt_stays_silent_until_deactivated),
		TEST(spi_disable_stops_it),
		TEST(bad_numbers_are_refused),
		TEST(active_state_is_cleared_from_afar),
		TEST(sgi_reaches_one_cpu),
		TEST(both_security_views_work),
		TEST(gicv4_frames_are_walked),
		TEST(cpu_without_redistributor_is_refused),
		TEST(hung_hardware_ends_in_an_error),
		TEST(missing_hardware_is_named),
		TEST(lpis_only_where_the_tables_are_ours),
		TEST(quiesce_waits_for_lpi_handlers_only),
	};

	unit_suite("gic", tests, ARRAY_SIZE(tests));
}
