// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A physical level interrupt that a zone has and gives back: raised, taken, ended, and taken away from the zone
 * in whatever state it is, so that nothing of the old zone reaches it any more.
 */
#include "gic.h"
#include "host.h"
#include "unit.h"
#include "vgic-fixture.h"

#include <errno.h>
#include <irq/gic-v3.h>
#include <postern/arch.h>

#define VIRT 40u
#define PHYS 50u

/* Linked, routed to vCPU 0's CPU, enabled by the guest, which has it go to `vcpu`. */
static void setup(unsigned vcpu)
{
	vgic_booted();
	CU_ASSERT_EQUAL(vgic_add_hw_spi(f.vgic, VIRT, PHYS), 0);
	CU_ASSERT_EQUAL(gic_v3_spi_enable(PHYS, pcpu(0), false), 0);
	enable(0, VIRT);
	route(VIRT, vcpu);
}

/* As irq_dispatch() does it, on the CPU the line goes to. False: nothing came. */
static bool arrives(void)
{
	model_set_cpu(pcpu(0));
	if (gic_v3_ack() != PHYS)
		return false;
	CU_ASSERT_TRUE(vgic_inject_hw_spi(f.vgic, PHYS));
	gic_v3_eoi(PHYS);
	return true;
}

static int take_away(unsigned cpu)
{
	CU_ASSERT_EQUAL(gic_v3_spi_disable(PHYS), 0);
	model_set_cpu(cpu);
	return vgic_remove_hw_spi(f.vgic, VIRT);
}

static void is_nobodys(void)
{
	CU_ASSERT_FALSE(model_gic_active(0, PHYS));
	CU_ASSERT_FALSE(model_gic_enabled(0, PHYS));
	CU_ASSERT_FALSE(vgic_inject_hw_spi(f.vgic, PHYS));
	for (unsigned v = 0; v < VCPUS; v++)
		CU_ASSERT_EQUAL(take(v), MODEL_SPURIOUS);
}

static void a_level_comes_again_until_it_is_lowered(void)
{
	setup(0);
	model_gic_set_line(0, PHYS, true);
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_TRUE(arrives());
		CU_ASSERT_FALSE(arrives()); /* active: silent until the guest ends it */
		CU_ASSERT_EQUAL(take(0), VIRT);
	}
	CU_ASSERT_TRUE(arrives());
	settle(0);
	CU_ASSERT_EQUAL(model_guest_ack(pcpu(0)), VIRT);
	model_gic_set_line(0, PHYS, false); /* the driver's handler did it */
	model_guest_eoi(pcpu(0), VIRT);
	settle(0);
	CU_ASSERT_FALSE(model_gic_active(0, PHYS));
	CU_ASSERT_FALSE(arrives());
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
}

static void one_that_never_came_can_be_taken_away(void)
{
	setup(0);
	CU_ASSERT_EQUAL(take_away(pcpu(0)), 0);
	is_nobodys();
	CU_ASSERT_EQUAL(vgic_remove_hw_spi(f.vgic, VIRT), -ENOENT);
	CU_ASSERT_EQUAL(vgic_remove_hw_spi(f.vgic, 5), -ENOENT);
	CU_ASSERT_EQUAL(vgic_remove_hw_spi(f.vgic, 4000), -ENOENT);
	/* And given again. */
	CU_ASSERT_EQUAL(vgic_add_hw_spi(f.vgic, VIRT, PHYS), 0);
	CU_ASSERT_EQUAL(gic_v3_spi_enable(PHYS, pcpu(0), false), 0);
	model_gic_set_line(0, PHYS, true);
	CU_ASSERT_TRUE(arrives());
	CU_ASSERT_EQUAL(take(0), VIRT);
}

static void c6_one_that_waits_in_a_list_register_is_taken_out(void)
{
	setup(0);
	model_gic_set_line(0, PHYS, true);
	CU_ASSERT_TRUE(arrives());
	settle(0);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(0)), 1);
	CU_ASSERT_EQUAL(take_away(pcpu(0)), 0);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(0)), 0);
	is_nobodys();
}

static void c6_one_that_the_guest_never_enabled_is_let_go(void)
{
	vgic_booted();
	CU_ASSERT_EQUAL(vgic_add_hw_spi(f.vgic, VIRT, PHYS), 0);
	CU_ASSERT_EQUAL(gic_v3_spi_enable(PHYS, pcpu(0), false), 0);
	model_gic_set_line(0, PHYS, true);
	CU_ASSERT_TRUE(arrives());
	/* Once, and then silent: not a storm. */
	CU_ASSERT_FALSE(arrives());
	CU_ASSERT_TRUE(model_gic_active(0, PHYS));
	CU_ASSERT_EQUAL(take_away(pcpu(0)), 0);
	is_nobodys();
	enable(0, VIRT);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
}

/* The handler is running. Its end must not deactivate what is another zone's by then. */
static void c6_a_late_end_by_the_guest_reaches_nobody(void)
{
	setup(0);
	model_gic_set_line(0, PHYS, true);
	CU_ASSERT_TRUE(arrives());
	settle(0);
	CU_ASSERT_EQUAL(model_guest_ack(pcpu(0)), VIRT);
	CU_ASSERT_EQUAL(take_away(pcpu(0)), 0);
	CU_ASSERT_FALSE(model_gic_active(0, PHYS));
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(0)), 0);
	/* The next owner's, on another CPU, and active there. */
	CU_ASSERT_EQUAL(gic_v3_spi_enable(PHYS, pcpu(1), false), 0);
	model_set_cpu(pcpu(1));
	CU_ASSERT_EQUAL(gic_v3_ack(), PHYS);
	model_guest_eoi(pcpu(0), VIRT);
	settle(0);
	CU_ASSERT_TRUE(model_gic_active(0, PHYS));
}

/* The kicked CPU comes round to its list registers. */
static void vcpu_2_looks(void)
{
	unsigned here = arch_cpu_index();

	model_set_cpu(pcpu(2));
	vgic_flush(f.vgic, 2);
	model_set_cpu(here);
}

static void c6_another_cpu_is_waited_for_in_bounded_time(void)
{
	unsigned kicks;

	setup(2);
	model_gic_set_line(0, PHYS, true);
	CU_ASSERT_TRUE(arrives());
	settle(2);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(2)), 1);
	kicks = model_kicks(&f.zone, 2);
	/* It never looks: the link stays, and the line masked. */
	CU_ASSERT_EQUAL(take_away(pcpu(0)), -ETIMEDOUT);
	CU_ASSERT_EQUAL(model_kicks(&f.zone, 2), kicks + 1);
	CU_ASSERT_FALSE(model_gic_enabled(0, PHYS));
	CU_ASSERT_EQUAL(vgic_add_hw_spi(f.vgic, VIRT + 1, PHYS), -EEXIST);
	/* It did in the end. */
	enter(2);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(2)), 0);
	CU_ASSERT_EQUAL(take_away(pcpu(0)), 0);
	is_nobodys();
}

static void c6_the_line_changes_hands_after_the_last_list_register(void)
{
	setup(2);
	model_gic_set_line(0, PHYS, true);
	CU_ASSERT_TRUE(arrives());
	settle(2);
	CU_ASSERT_EQUAL(gic_v3_spi_disable(PHYS), 0);
	/* Of itself it sees no reason to look. */
	vcpu_2_looks();
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(2)), 1);
	model_set_cpu(pcpu(0));
	model_on_kick(vcpu_2_looks);
	CU_ASSERT_EQUAL(vgic_remove_hw_spi(f.vgic, VIRT), 0);
	model_on_kick(NULL);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(2)), 0);
	is_nobodys();
}

void suite_vgic_line(void)
{
	static const struct unit_test tests[] = {
		TEST(a_level_comes_again_until_it_is_lowered),
		TEST(one_that_never_came_can_be_taken_away),
		TEST(c6_one_that_waits_in_a_list_register_is_taken_out),
		TEST(c6_one_that_the_guest_never_enabled_is_let_go),
		TEST(c6_a_late_end_by_the_guest_reaches_nobody),
		TEST(c6_another_cpu_is_waited_for_in_bounded_time),
		TEST(c6_the_line_changes_hands_after_the_last_list_register),
	};

	unit_suite("vgic_line", tests, ARRAY_SIZE(tests));
}
