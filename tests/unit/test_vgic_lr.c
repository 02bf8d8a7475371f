// SPDX-License-Identifier: GPL-2.0-or-later
/* List registers (irq/vgic-v3-lr.c): priorities, overflow, levels, cost. */
#include "unit.h"

#include "gic.h"
#include "host.h"
#include "vgic-fixture.h"

#include <irq/gic-v3.h>

/* An SPI as edge, enabled, to that vCPU. */
static void edge_spi(uint32_t intid, unsigned vcpu, uint8_t priority)
{
	uint32_t config = rd(0, VDIST + 0xc00 + intid / 16 * 4);

	wr(0, VDIST + 0xc00 + intid / 16 * 4, config | 2u << intid % 16 * 2);
	set_priority(0, intid, priority);
	route(intid, vcpu);
	enable(0, intid);
}

static void idle_exit_touches_nothing(void)
{
	unsigned before;

	vgic_booted();
	settle(0);
	before = model_ich_accesses();
	for (unsigned i = 0; i < 100; i++)
		enter(0);
	CU_ASSERT_EQUAL(model_ich_accesses(), before);
}

static void loaded_exit_touches_nothing(void)
{
	unsigned before;

	vgic_booted();
	edge_spi(40, 0, 0xa0);
	set_bit(0, 0x200, 40);
	settle(0);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(0)), 1);
	before = model_ich_accesses();
	enter(0);
	CU_ASSERT_EQUAL(model_ich_accesses(), before);
}

static void more_pending_than_list_registers_all_arrive(void)
{
	struct vgic_vcpu_stats stats;
	bool seen[64] = { false };

	vgic_booted();
	for (uint32_t i = 40; i < 60; i++)
		edge_spi(i, 1, 0xa0);
	wr(0, VDIST + 0x204, 0x0fffff00);
	settle(1);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(1)), LIST_REGS);
	for (unsigned n = 0; n < 20; n++) {
		uint32_t intid = take(1);

		CU_ASSERT_TRUE_FATAL(intid >= 40 && intid < 60);
		CU_ASSERT_FALSE(seen[intid]);
		seen[intid] = true;
	}
	CU_ASSERT_EQUAL(take(1), MODEL_SPURIOUS);
	vgic_vcpu_stats(f.vgic, 1, &stats);
	CU_ASSERT_TRUE(stats.overflows > 0);
	CU_ASSERT_TRUE(stats.maintenance > 0);
	CU_ASSERT_EQUAL(stats.injected, 20);
	/* No more maintenance once it is calm. */
	CU_ASSERT_EQUAL(model_ich_hcr(pcpu(1)), 1);
}

static void best_priority_comes_first(void)
{
	static const uint8_t priority[] = { 0xa0, 0x80, 0xf0, 0x40, 0xc0,
					    0x20, 0x60, 0xe0, 0x88, 0x10 };
	uint8_t last = 0;

	vgic_booted();
	for (uint32_t i = 0; i < ARRAY_SIZE(priority); i++)
		edge_spi(40 + i, 0, priority[i]);
	/* One at a time, entering between: late ones overtake loaded ones. */
	for (uint32_t i = 0; i < ARRAY_SIZE(priority); i++)
		set_bit(0, 0x200, 40 + i);
	for (unsigned n = 0; n < ARRAY_SIZE(priority); n++) {
		uint32_t intid = take(0);

		CU_ASSERT_TRUE_FATAL(intid != MODEL_SPURIOUS);
		CU_ASSERT_TRUE(priority[intid - 40] >= last);
		last = priority[intid - 40];
	}
}

static void urgent_one_displaces_a_loaded_one(void)
{
	vgic_booted();
	for (uint32_t i = 0; i < LIST_REGS; i++)
		edge_spi(40 + i, 0, 0xa0);
	edge_spi(50, 0, 0x20);
	for (uint32_t i = 0; i < LIST_REGS; i++)
		set_bit(0, 0x200, 40 + i);
	set_bit(0, 0x200, 50);
	/* No maintenance needed for that. */
	CU_ASSERT_EQUAL(model_guest_take(pcpu(0)), 50);
	for (uint32_t i = 0; i < LIST_REGS; i++)
		CU_ASSERT_TRUE(take(0) != MODEL_SPURIOUS);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
}

/* More nested handlers than list registers. */
static void nested_handlers_past_the_list_registers(void)
{
	const uint32_t depth = LIST_REGS + 3;

	vgic_booted();
	for (uint32_t i = 0; i < depth; i++)
		edge_spi(40 + i, 0, (uint8_t)(0xf0 - 0x10 * i));
	for (uint32_t i = 0; i < depth; i++) {
		set_bit(0, 0x200, 40 + i);
		settle(0);
		CU_ASSERT_EQUAL_FATAL(model_guest_ack(pcpu(0)), 40 + i);
	}
	for (uint32_t i = 0; i < depth; i++)
		CU_ASSERT_TRUE(get_bit(0, 0x300, 40 + i));
	for (uint32_t i = depth; i-- > 0;) {
		model_guest_eoi(pcpu(0), 40 + i);
		settle(0);
		CU_ASSERT_FALSE(get_bit(0, 0x300, 40 + i));
		CU_ASSERT_TRUE(i == 0 || get_bit(0, 0x300, 40 + i - 1));
	}
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(0)), 0);
	CU_ASSERT_EQUAL(model_ich_hcr(pcpu(0)), 1);
}

/* Ended one after the other before the hypervisor looks: the right ones are ended. */
static void spilled_handlers_end_in_their_order(void)
{
	const uint32_t depth = LIST_REGS + 3;

	vgic_booted();
	for (uint32_t i = 0; i < depth; i++) {
		edge_spi(40 + i, 0, (uint8_t)(0xf0 - 0x10 * i));
		set_bit(0, 0x200, 40 + i);
		CU_ASSERT_EQUAL_FATAL(model_guest_ack(pcpu(0)), 40 + i);
	}
	for (uint32_t i = depth; i-- > 2;)
		model_guest_eoi(pcpu(0), 40 + i);
	CU_ASSERT_TRUE(model_maintenance(pcpu(0)));
	settle(0);
	CU_ASSERT_FALSE(get_bit(0, 0x300, 42));
	CU_ASSERT_TRUE(get_bit(0, 0x300, 41));
	CU_ASSERT_TRUE(get_bit(0, 0x300, 40));
	model_guest_eoi(pcpu(0), 41);
	model_guest_eoi(pcpu(0), 40);
	settle(0);
	CU_ASSERT_FALSE(get_bit(0, 0x300, 41));
	CU_ASSERT_FALSE(get_bit(0, 0x300, 40));
}

static void spilled_linked_interrupt_is_deactivated_physically(void)
{
	vgic_booted();
	enable(0, TIMER);
	set_priority(0, TIMER, 0xf0);
	model_set_cpu(pcpu(0));
	model_gic_set_line(pcpu(0), TIMER, true);
	CU_ASSERT_EQUAL(gic_v3_ack(), TIMER);
	vgic_inject_hw_ppi(f.vgic, 0, TIMER);
	gic_v3_eoi(TIMER);
	enter(0);
	CU_ASSERT_EQUAL(model_guest_ack(pcpu(0)), TIMER);
	for (uint32_t i = 0; i < LIST_REGS; i++) {
		edge_spi(40 + i, 0, (uint8_t)(0xa0 - 0x10 * i));
		set_bit(0, 0x200, 40 + i);
		CU_ASSERT_EQUAL(model_guest_ack(pcpu(0)), 40 + i);
	}
	/* All list registers active; one more pushes the timer out. */
	edge_spi(50, 0, 0x10);
	set_bit(0, 0x200, 50);
	CU_ASSERT_EQUAL(model_guest_take(pcpu(0)), 50);
	for (uint32_t i = LIST_REGS; i-- > 0;)
		model_guest_eoi(pcpu(0), 40 + i);
	CU_ASSERT_TRUE(model_gic_active(pcpu(0), TIMER));
	model_guest_eoi(pcpu(0), TIMER);
	settle(0);
	CU_ASSERT_FALSE(model_gic_active(pcpu(0), TIMER));
}

static void level_is_sampled_again_at_each_eoi(void)
{
	vgic_booted();
	enable(0, 41);
	vgic_set_line(f.vgic, 41, true);
	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(take(0), 41);
	/* The device is served inside the handler. */
	enter(0);
	CU_ASSERT_EQUAL(model_guest_ack(pcpu(0)), 41);
	vgic_set_line(f.vgic, 41, false);
	model_guest_eoi(pcpu(0), 41);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	CU_ASSERT_FALSE(get_bit(0, 0x200, 41));
}

static void level_that_drops_is_taken_back(void)
{
	vgic_booted();
	enable(0, 41);
	route(41, 1);
	vgic_set_line(f.vgic, 41, true);
	enter(1);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(1)), 1);
	model_set_cpu(pcpu(0));
	vgic_set_line(f.vgic, 41, false);
	CU_ASSERT_EQUAL(take(1), MODEL_SPURIOUS);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(1)), 0);
}

static void level_set_pending_by_software_comes_once(void)
{
	vgic_booted();
	enable(0, 41);
	set_bit(0, 0x200, 41);
	CU_ASSERT_EQUAL(take(0), 41);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
}

static void edge_during_its_handler_comes_again(void)
{
	vgic_booted();
	edge_spi(42, 0, 0xa0);
	set_bit(0, 0x200, 42);
	CU_ASSERT_EQUAL(model_guest_ack(pcpu(0)), 42);
	set_bit(0, 0x200, 42);
	CU_ASSERT_TRUE(get_bit(0, 0x200, 42));
	CU_ASSERT_TRUE(get_bit(0, 0x300, 42));
	model_guest_eoi(pcpu(0), 42);
	CU_ASSERT_EQUAL(take(0), 42);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
}

static void edges_before_the_handler_are_one(void)
{
	vgic_booted();
	edge_spi(42, 0, 0xa0);
	for (unsigned i = 0; i < 3; i++)
		set_bit(0, 0x200, 42);
	CU_ASSERT_EQUAL(take(0), 42);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	/* Nor does it come back when something else makes the vCPU look. */
	edge_spi(43, 0, 0xa0);
	set_bit(0, 0x200, 43);
	CU_ASSERT_EQUAL(take(0), 43);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
}

static void disabled_on_another_vcpu_is_not_taken_afterwards(void)
{
	vgic_booted();
	edge_spi(43, 2, 0xa0);
	set_bit(0, 0x200, 43);
	enter(2);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(2)), 1);
	set_bit(0, 0x180, 43);
	/* vCPU 2 was kicked and re-enters. */
	CU_ASSERT_EQUAL(take(2), MODEL_SPURIOUS);
	CU_ASSERT_TRUE(get_bit(0, 0x200, 43));
	enable(0, 43);
	CU_ASSERT_EQUAL(take(2), 43);
}

static void cleared_on_another_vcpu_is_gone(void)
{
	vgic_booted();
	edge_spi(43, 2, 0xa0);
	set_bit(0, 0x200, 43);
	enter(2);
	set_bit(0, 0x280, 43);
	CU_ASSERT_EQUAL(take(2), MODEL_SPURIOUS);
	/* A new edge after the clearing is not lost with the old one. */
	set_bit(0, 0x200, 43);
	enter(2);
	set_bit(0, 0x280, 43);
	set_bit(0, 0x200, 43);
	CU_ASSERT_EQUAL(take(2), 43);
	CU_ASSERT_EQUAL(take(2), MODEL_SPURIOUS);
}

static void active_state_of_another_vcpu_is_seen_and_cleared(void)
{
	vgic_booted();
	edge_spi(43, 2, 0xa0);
	set_bit(0, 0x200, 43);
	enter(2);
	CU_ASSERT_EQUAL(model_guest_ack(pcpu(2)), 43);
	enter(0);
	get_bit(0, 0x300, 43); /* asks; vCPU 2 answers when it is kicked */
	enter(2);
	CU_ASSERT_TRUE(get_bit(0, 0x300, 43));
	set_bit(0, 0x380, 43);
	enter(2);
	CU_ASSERT_FALSE(get_bit(0, 0x300, 43));
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(2)), 0);
	/* Its handler's end finds nothing to deactivate, and that counts for no other. */
	model_guest_eoi(pcpu(2), 43);
	/* A guest can also make one active: it is held back until cleared. */
	set_bit(0, 0x300, 43);
	set_bit(0, 0x200, 43);
	CU_ASSERT_EQUAL(take(2), MODEL_SPURIOUS);
	set_bit(0, 0x380, 43);
	CU_ASSERT_EQUAL(take(2), 43);
}

static void rerouted_while_loaded_goes_to_the_new_one(void)
{
	vgic_booted();
	edge_spi(44, 1, 0xa0);
	set_bit(0, 0x200, 44);
	enter(1);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(1)), 1);
	route(44, 2);
	CU_ASSERT_EQUAL(take(1), MODEL_SPURIOUS);
	CU_ASSERT_EQUAL(take(2), 44);
	/* Rerouted inside its handler: it ends where it began. */
	set_bit(0, 0x200, 44);
	enter(2);
	CU_ASSERT_EQUAL(model_guest_ack(pcpu(2)), 44);
	route(44, 0);
	set_bit(0, 0x200, 44);
	enter(2);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	model_guest_eoi(pcpu(2), 44);
	settle(2);
	/* Whoever makes vCPU 2 look next finds it ended. */
	set_bit(0, 0x200, 44);
	enter(2);
	CU_ASSERT_EQUAL(take(0), 44);
}

/* The zone was reset while its CPU still had list registers loaded. */
static void stale_list_registers_raise_no_maintenance_for_ever(void)
{
	vgic_booted();
	for (uint32_t i = 40; i < 50; i++)
		edge_spi(i, 0, 0xa0);
	wr(0, VDIST + 0x204, 0x3ff00);
	settle(0);
	for (unsigned i = 0; i < LIST_REGS; i++)
		model_guest_take(pcpu(0));
	CU_ASSERT_TRUE(model_maintenance(pcpu(0)));
	vgic_reset(f.vgic);
	vgic_maintenance(f.vgic, 0);
	CU_ASSERT_FALSE(model_maintenance(pcpu(0)));
	vgic_vcpu_reset(f.vgic, 0);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	CU_ASSERT_EQUAL(model_ich_hcr(pcpu(0)), 1);
}

/* Random but repeatable: no edge is lost or doubled, whatever the order of events. */
static void random_edges_all_arrive(void)
{
	uint32_t seed = 12345;
	bool want[64] = { false };
	unsigned active_on[64];

	vgic_booted();
	for (uint32_t i = 40; i < 64; i++) {
		edge_spi(i, i % VCPUS, (uint8_t)(0x80 + 8 * (i % 8)));
		active_on[i] = VCPUS;
	}
	for (unsigned step = 0; step < 20000; step++) {
		uint32_t intid, r;
		unsigned v;

		seed = seed * 1664525 + 1013904223;
		r = seed >> 8;
		v = r % VCPUS;
		switch (r / 16 % 4) {
		case 0:
		case 1:
			intid = 40 + r / 64 % 24;
			/*
			 * Idle ones only, so that what is due can be counted without racing the
			 * guest.
			 */
			if (!want[intid] && active_on[intid] == VCPUS) {
				set_bit(v, 0x200, intid);
				want[intid] = true;
			}
			break;
		case 2:
			settle(v);
			intid = model_guest_ack(pcpu(v));
			if (intid == MODEL_SPURIOUS)
				break;
			CU_ASSERT_TRUE_FATAL(want[intid]);
			want[intid] = false;
			model_guest_eoi(pcpu(v), intid);
			break;
		default:
			intid = 40 + r / 64 % 24;
			if (r & 1)
				route(intid, r / 4096 % VCPUS);
			else
				set_bit(v, r & 2 ? 0x100 : 0x180, intid);
			break;
		}
	}
	for (uint32_t i = 40; i < 64; i++)
		enable(0, i);
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned v = 0; v < VCPUS; v++) {
			uint32_t intid = take(v);

			if (intid == MODEL_SPURIOUS)
				continue;
			CU_ASSERT_TRUE_FATAL(want[intid]);
			want[intid] = false;
		}
	}
	for (uint32_t i = 40; i < 64; i++)
		CU_ASSERT_FALSE(want[i]);
}

void suite_vgic_lr(void)
{
	static const struct unit_test tests[] = {
		TEST(idle_exit_touches_nothing),
		TEST(loaded_exit_touches_nothing),
		TEST(more_pending_than_list_registers_all_arrive),
		TEST(best_priority_comes_first),
		TEST(urgent_one_displaces_a_loaded_one),
		TEST(nested_handlers_past_the_list_registers),
		TEST(spilled_handlers_end_in_their_order),
		TEST(spilled_linked_interrupt_is_deactivated_physically),
		TEST(level_is_sampled_again_at_each_eoi),
		TEST(level_that_drops_is_taken_back),
		TEST(level_set_pending_by_software_comes_once),
		TEST(edge_during_its_handler_comes_again),
		TEST(edges_before_the_handler_are_one),
		TEST(disabled_on_another_vcpu_is_not_taken_afterwards),
		TEST(cleared_on_another_vcpu_is_gone),
		TEST(active_state_of_another_vcpu_is_seen_and_cleared),
		TEST(rerouted_while_loaded_goes_to_the_new_one),
		TEST(stale_list_registers_raise_no_maintenance_for_ever),
		TEST(random_edges_all_arrive),
	};

	unit_suite("vgic_lr", tests, ARRAY_SIZE(tests));
}
