// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual distributor and redistributors (irq/vgic-v3*.c) as a guest sees them. */
#include "unit.h"

#include "gic.h"
#include "host.h"
#include "vgic-fixture.h"

#include <errno.h>
#include <irq/gic-v3.h>
#include <postern/arch.h>
#include <string.h>

static uint64_t sgi1r(unsigned intid, uint16_t targets)
{
	return (uint64_t)intid << 24 | targets;
}

static void identification_is_a_gicv3(void)
{
	vgic_machine();
	CU_ASSERT_EQUAL(rd(0, VDIST + 0xffe8) >> 4 & 15, 3);
	CU_ASSERT_EQUAL(rd(0, VITS + 0xffe8) >> 4 & 15, 3);
	for (unsigned v = 0; v < VCPUS; v++)
		CU_ASSERT_EQUAL(rd(0, rd_frame(v) + 0xffe8) >> 4 & 15, 3);
	/* Affinity routing and a single security state, whatever the guest writes. */
	wr(0, VDIST, 0);
	CU_ASSERT_EQUAL(rd(0, VDIST), 1u << 4 | 1u << 6);
	wr(0, VDIST, UINT32_MAX);
	CU_ASSERT_EQUAL(rd(0, VDIST), 1u << 4 | 1u << 6 | 3);
	/* 96 INTIDs, LPIs, 16 bits of INTID. */
	CU_ASSERT_EQUAL(rd(0, VDIST + 4) & 31, 2);
	CU_ASSERT_TRUE(rd(0, VDIST + 4) >> 17 & 1);
	CU_ASSERT_EQUAL(rd(0, VDIST + 4) >> 19 & 31, 15);
}

static void redistributors_form_a_list(void)
{
	vgic_machine();
	for (unsigned v = 0; v < VCPUS; v++) {
		uint64_t typer = read_reg(0, rd_frame(v) + 8, 8);

		CU_ASSERT_EQUAL(typer >> 32, vgic_vcpu_affinity(v));
		CU_ASSERT_EQUAL(typer >> 8 & 0xffff, v);
		CU_ASSERT_EQUAL(typer >> 4 & 1, v == VCPUS - 1);
		CU_ASSERT_EQUAL(typer & 0xf, 1);
		CU_ASSERT_EQUAL(typer, rd(0, rd_frame(v) + 8) | (uint64_t)rd(0, rd_frame(v) + 12)
									<< 32);
	}
}

static void redistributor_wakes_when_asked(void)
{
	vgic_machine();
	CU_ASSERT_EQUAL(rd(1, rd_frame(1) + 0x14), 6);
	wr(1, rd_frame(1) + 0x14, 0);
	CU_ASSERT_EQUAL(rd(1, rd_frame(1) + 0x14), 0);
	CU_ASSERT_EQUAL(rd(1, rd_frame(2) + 0x14), 6);
}

static void table_registers_read_back(void)
{
	uint64_t prop = LPI_TABLE | 7u << 7 | 1u << 10 | 15, pend = 0x40050000 | 7u << 7 | 1u << 10;

	vgic_machine();
	write_reg(1, rd_frame(1) + 0x70, 8, prop);
	write_reg(1, rd_frame(1) + 0x78, 8, pend | 1ull << 62);
	CU_ASSERT_EQUAL(read_reg(1, rd_frame(1) + 0x70, 8), prop);
	CU_ASSERT_EQUAL(read_reg(1, rd_frame(1) + 0x78, 8), pend);
	wr(1, rd_frame(1), 1);
	CU_ASSERT_EQUAL(rd(1, rd_frame(1)) & 1, 1);
	/* Fixed while in use; in halves they work as well. */
	write_reg(1, rd_frame(1) + 0x78, 8, 0);
	CU_ASSERT_EQUAL(read_reg(1, rd_frame(1) + 0x78, 8), pend);
	wr(2, rd_frame(2) + 0x78, (uint32_t)pend);
	wr(2, rd_frame(2) + 0x7c, 0x3);
	CU_ASSERT_EQUAL(read_reg(2, rd_frame(2) + 0x78, 8), pend | 3ull << 32);
}

static void enables_priorities_triggers_and_routes_are_kept(void)
{
	vgic_machine();
	wr(0, VDIST + 0x104, 0x00f0000f);
	CU_ASSERT_EQUAL(rd(0, VDIST + 0x104), 0x00f0000f);
	CU_ASSERT_EQUAL(rd(0, VDIST + 0x184), 0x00f0000f);
	wr(0, VDIST + 0x184, 0x1);
	CU_ASSERT_EQUAL(rd(0, VDIST + 0x104), 0x00f0000e);
	write_reg(0, VDIST + 0x400 + 41, 1, 0x5f);
	CU_ASSERT_EQUAL(rd(0, VDIST + 0x400 + 40), 0x5800);
	CU_ASSERT_EQUAL(read_reg(0, VDIST + 0x400 + 41, 1), 0x58);
	wr(0, VDIST + 0xc08, 0xaaaaaaaa);
	CU_ASSERT_EQUAL(rd(0, VDIST + 0xc08), 0xaaaaaaaa);
	write_reg(0, VDIST + 0x6000 + 8 * 40, 8, 2);
	CU_ASSERT_EQUAL(read_reg(0, VDIST + 0x6000 + 8 * 40, 8), 2);
	/* SGIs are edges and not to be changed. */
	wr(0, sgi_frame(0) + 0xc00, 0);
	CU_ASSERT_EQUAL(rd(0, sgi_frame(0) + 0xc00), 0xaaaaaaaa);
	/* Private ones are not in the distributor. */
	wr(0, VDIST + 0x100, UINT32_MAX);
	CU_ASSERT_EQUAL(rd(0, VDIST + 0x100), 0);
	wr(1, sgi_frame(1) + 0x100, 1u << 29);
	CU_ASSERT_TRUE(rd(0, sgi_frame(1) + 0x100) >> 29 & 1);
	CU_ASSERT_FALSE(rd(0, sgi_frame(0) + 0x100) >> 29 & 1);
}

/* Every offset and size of every frame answers; nothing asserts, halts or leaves a lock held. */
static void every_access_is_answered(void)
{
	static const gpa_t frames[] = {
		VDIST, VREDIST,       VREDIST + 0x10000, VREDIST + 0x40000, VREDIST + 0x50000,
		VITS,  VITS + 0x10000
	};

	vgic_booted();
	for (unsigned i = 0; i < ARRAY_SIZE(frames); i++) {
		for (unsigned off = 0; off < 0x10000; off++) {
			/* The interesting places whole, the rest in part. */
			if (off >= 0x1000 && off % 0x1000 > 0x40 && off < 0xff00)
				continue;
			for (unsigned size = 1; size <= 9; size++) {
				uint64_t value = 0;

				if (off + size > 0x10000)
					continue;
				CU_ASSERT_EQUAL(vgic_mmio(f.vgic, 0, frames[i] + off, size, false,
							  &value),
						ACCESS_DONE);
				CU_ASSERT_TRUE(size >= 8 || !(value >> 8 * size));
				value = 0x5aa5f00ff00f5aa5u * (off + 1);
				CU_ASSERT_EQUAL(vgic_mmio(f.vgic, 0, frames[i] + off, size, true,
							  &value),
						ACCESS_DONE);
			}
		}
		for (unsigned v = 0; v < VCPUS; v++)
			enter(v);
	}
	CU_ASSERT_EQUAL(model_locks_held(), 0);
}

static void foreign_addresses_are_not_ours(void)
{
	static const gpa_t out[] = {
		VDIST - 4, VDIST + 0x10000, VREDIST + VCPUS * 0x20000, VITS + 0x20000,
		0,         ~(gpa_t)0 - 3
	};
	uint64_t value = 0;

	vgic_machine();
	for (unsigned i = 0; i < ARRAY_SIZE(out); i++)
		CU_ASSERT_EQUAL(vgic_mmio(f.vgic, 0, out[i], 4, false, &value), ACCESS_NONE);
	/* Half in, half out. */
	CU_ASSERT_EQUAL(vgic_mmio(f.vgic, 0, VDIST + 0xfffc, 8, false, &value), ACCESS_NONE);
}

static void nothing_arrives_that_is_not_enabled(void)
{
	vgic_booted();
	vgic_set_line(f.vgic, 40, true);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	CU_ASSERT_TRUE(get_bit(0, 0x200, 40));
	enable(0, 40);
	CU_ASSERT_EQUAL(take(0), 40);
	/* Group off at the distributor. */
	wr(0, VDIST, 0);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	wr(0, VDIST, 2);
	CU_ASSERT_EQUAL(take(0), 40);
}

static void group_decides_which_enable_counts(void)
{
	vgic_booted();
	wr(0, VDIST + 0x84, UINT32_MAX & ~(1u << 8));
	enable(0, 40);
	set_bit(0, 0x200, 40);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	wr(0, VDIST, 1);
	CU_ASSERT_EQUAL(take(0), 40);
}

static void spi_goes_where_it_is_routed(void)
{
	vgic_booted();
	enable(0, 45);
	wr(0, VDIST + 0xc08, 0xaaaaaaaa);
	for (unsigned v = 0; v < VCPUS; v++) {
		route(45, v);
		set_bit(0, 0x200, 45);
		for (unsigned i = 0; i < VCPUS; i++)
			CU_ASSERT_EQUAL(take(i), i == v ? 45 : MODEL_SPURIOUS);
	}
	/* To nobody: it waits. */
	write_reg(0, VDIST + 0x6000 + 8 * 45, 8, 0x300);
	set_bit(0, 0x200, 45);
	for (unsigned i = 0; i < VCPUS; i++)
		CU_ASSERT_EQUAL(take(i), MODEL_SPURIOUS);
	route(45, 1);
	CU_ASSERT_EQUAL(take(1), 45);
}

static void remote_injection_kicks_the_vcpu(void)
{
	unsigned before, bystander;

	vgic_booted();
	enable(0, 45);
	route(45, 2);
	before = model_kicks(&f.zone, 2);
	bystander = model_kicks(&f.zone, 1);
	enter(0);
	vgic_set_line(f.vgic, 45, true);
	CU_ASSERT_TRUE(model_kicks(&f.zone, 2) > before);
	CU_ASSERT_EQUAL(model_kicks(&f.zone, 1), bystander);
	CU_ASSERT_EQUAL(take(2), 45);
}

static void sgi_reaches_its_targets(void)
{
	vgic_booted();
	model_set_cpu(pcpu(0));
	vgic_write_sgi1r(f.vgic, 0, sgi1r(5, 1u << 2 | 1u << 0));
	CU_ASSERT_EQUAL(take(0), 5);
	CU_ASSERT_EQUAL(take(1), MODEL_SPURIOUS);
	CU_ASSERT_EQUAL(take(2), 5);
	/* All but self, whatever the list says. */
	model_set_cpu(pcpu(1));
	vgic_write_sgi1r(f.vgic, 1, sgi1r(6, 0xffff) | 1ull << 40);
	CU_ASSERT_EQUAL(take(0), 6);
	CU_ASSERT_EQUAL(take(1), MODEL_SPURIOUS);
	CU_ASSERT_EQUAL(take(2), 6);
}

static void sgi_to_nobody_goes_nowhere(void)
{
	static const uint64_t nobody[] = { 1ull << 44, 1ull << 16, 1ull << 32, 1ull << 48 };

	vgic_booted();
	for (unsigned i = 0; i < ARRAY_SIZE(nobody); i++) {
		model_set_cpu(pcpu(0));
		vgic_write_sgi1r(f.vgic, 0, sgi1r(1, 0xffff) | nobody[i]);
	}
	vgic_write_sgi1r(f.vgic, 0, sgi1r(1, 0xfff8));
	for (unsigned v = 0; v < VCPUS; v++)
		CU_ASSERT_EQUAL(take(v), MODEL_SPURIOUS);
}

static void group0_sgi_register_spares_group1(void)
{
	vgic_booted();
	wr(0, VDIST, 3);
	wr(1, sgi_frame(1) + 0x80, UINT32_MAX & ~2u);
	model_set_cpu(pcpu(0));
	vgic_write_sgi0r(f.vgic, 0, sgi1r(1, 0x6));
	CU_ASSERT_EQUAL(take(1), 1);
	CU_ASSERT_EQUAL(take(2), MODEL_SPURIOUS);
}

/* ---- linked to hardware ---------------------------------------------------------------------- */

/* A physical PPI fires; the hypervisor takes it as hv-glue does. */
static bool timer_fires(unsigned vcpu, uint32_t intid)
{
	model_set_cpu(pcpu(vcpu));
	model_gic_set_line(pcpu(vcpu), intid, true);
	if (gic_v3_ack() != intid)
		return false;
	CU_ASSERT_TRUE(vgic_inject_hw_ppi(f.vgic, vcpu, intid));
	gic_v3_eoi(intid);
	return true;
}

static void timer_reaches_its_vcpu_and_fires_again(void)
{
	vgic_booted();
	for (unsigned v = 0; v < VCPUS; v++)
		enable(v, TIMER);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned v = 0; v < VCPUS; v++) {
			CU_ASSERT_TRUE(timer_fires(v, TIMER));
			/* Silent until the guest is done with it. */
			CU_ASSERT_EQUAL(gic_v3_ack(), GIC_INTID_NONE);
			enter(v);
			CU_ASSERT_EQUAL(model_guest_ack(pcpu(v)), TIMER);
			CU_ASSERT_TRUE(model_gic_active(pcpu(v), TIMER));
			model_gic_set_line(pcpu(v), TIMER, false);
			model_guest_eoi(pcpu(v), TIMER);
			CU_ASSERT_FALSE(model_gic_active(pcpu(v), TIMER));
		}
	}
}

static void unlinked_interrupt_is_left_to_the_caller(void)
{
	vgic_booted();
	model_set_cpu(pcpu(0));
	CU_ASSERT_FALSE(vgic_inject_hw_ppi(f.vgic, 0, 26));
	CU_ASSERT_FALSE(vgic_inject_hw_ppi(f.vgic, 0, 5));
	CU_ASSERT_FALSE(vgic_inject_hw_ppi(f.vgic, 0, 32));
	CU_ASSERT_FALSE(vgic_inject_hw_spi(f.vgic, 33));
}

static void linked_spi_follows_the_guests_route(void)
{
	vgic_booted();
	CU_ASSERT_EQUAL(vgic_add_hw_spi(f.vgic, 33, 50), 0);
	CU_ASSERT_EQUAL(vgic_add_hw_spi(f.vgic, 34, 50), -EEXIST);
	CU_ASSERT_EQUAL(vgic_add_hw_spi(f.vgic, 33, 51), -EEXIST);
	CU_ASSERT_EQUAL(vgic_add_hw_spi(f.vgic, 31, 51), -EINVAL);
	CU_ASSERT_EQUAL(vgic_add_hw_spi(f.vgic, 96, 51), -EINVAL);
	CU_ASSERT_EQUAL(vgic_add_hw_spi(f.vgic, 35, 27), -EINVAL);
	gic_v3_spi_enable(50, pcpu(0), false);
	enable(0, 33);
	route(33, 2);
	model_gic_set_line(0, 50, true);
	model_set_cpu(pcpu(0));
	CU_ASSERT_EQUAL(gic_v3_ack(), 50);
	CU_ASSERT_TRUE(vgic_inject_hw_spi(f.vgic, 50));
	gic_v3_eoi(50);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	model_gic_set_line(0, 50, false);
	CU_ASSERT_EQUAL(take(2), 33);
	CU_ASSERT_FALSE(model_gic_active(0, 50));
	/* The emulated-line entry has no say over it. */
	vgic_set_line(f.vgic, 33, true);
	CU_ASSERT_EQUAL(take(2), MODEL_SPURIOUS);
}

static void masked_timer_comes_back_only_if_still_high(void)
{
	vgic_booted();
	/* Never enabled yet: it is kept, and silent. */
	CU_ASSERT_TRUE(timer_fires(0, TIMER));
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	/* The timer was reprogrammed meanwhile: enabling brings no ghost. */
	model_gic_set_line(pcpu(0), TIMER, false);
	enable(0, TIMER);
	CU_ASSERT_FALSE(model_gic_active(pcpu(0), TIMER));
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	/* The same with the line still high. */
	set_bit(0, 0x180, TIMER);
	CU_ASSERT_TRUE(timer_fires(0, TIMER));
	enable(0, TIMER);
	CU_ASSERT_TRUE(timer_fires(0, TIMER));
	CU_ASSERT_EQUAL(take(0), TIMER);
}

static void disabling_takes_a_linked_one_out_of_the_list_register(void)
{
	vgic_booted();
	enable(0, TIMER);
	CU_ASSERT_TRUE(timer_fires(0, TIMER));
	enter(0);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(0)), 1);
	set_bit(0, 0x180, TIMER);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(0)), 0);
	CU_ASSERT_TRUE(get_bit(0, 0x200, TIMER));
	/* Dropping it must not leave the physical one silent for ever. */
	set_bit(0, 0x280, TIMER);
	CU_ASSERT_FALSE(get_bit(0, 0x200, TIMER));
	CU_ASSERT_FALSE(model_gic_active(pcpu(0), TIMER));
}

static void clearing_active_or_pending_in_a_list_register_lets_go(void)
{
	vgic_booted();
	enable(0, TIMER);
	CU_ASSERT_TRUE(timer_fires(0, TIMER));
	enter(0);
	set_bit(0, 0x280, TIMER);
	CU_ASSERT_FALSE(model_gic_active(pcpu(0), TIMER));
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(0)), 0);
	CU_ASSERT_TRUE(timer_fires(0, TIMER));
	enter(0);
	CU_ASSERT_EQUAL(model_guest_ack(pcpu(0)), TIMER);
	CU_ASSERT_TRUE(get_bit(0, 0x300, TIMER));
	set_bit(0, 0x380, TIMER);
	CU_ASSERT_FALSE(get_bit(0, 0x300, TIMER));
	CU_ASSERT_FALSE(model_gic_active(pcpu(0), TIMER));
}

static void reset_lets_go_of_physical_interrupts(void)
{
	vgic_booted();
	vgic_add_hw_spi(f.vgic, 33, 50);
	gic_v3_spi_enable(50, pcpu(0), false);
	enable(0, 33);
	for (unsigned v = 0; v < VCPUS; v++)
		enable(v, TIMER);
	/* One pending, one active, one queued. */
	CU_ASSERT_TRUE(timer_fires(0, TIMER));
	enter(0);
	CU_ASSERT_TRUE(timer_fires(1, TIMER));
	enter(1);
	model_guest_ack(pcpu(1));
	CU_ASSERT_TRUE(timer_fires(2, TIMER));
	model_set_cpu(pcpu(0));
	model_gic_set_line(0, 50, true);
	CU_ASSERT_EQUAL(gic_v3_ack(), 50);
	vgic_inject_hw_spi(f.vgic, 50);
	gic_v3_eoi(50);

	vgic_reset(f.vgic);
	for (unsigned v = 0; v < VCPUS; v++) {
		CU_ASSERT_FALSE(model_gic_active(pcpu(v), TIMER));
		model_set_cpu(pcpu(v));
		vgic_vcpu_reset(f.vgic, v);
		enter(v);
		CU_ASSERT_EQUAL(model_lr_valid(pcpu(v)), 0);
		CU_ASSERT_EQUAL(take(v), MODEL_SPURIOUS);
	}
	CU_ASSERT_FALSE(model_gic_active(0, 50));
	/* The link stays. */
	CU_ASSERT_TRUE(vgic_inject_hw_spi(f.vgic, 50));
}

static void reset_is_a_power_on(void)
{
	static uint8_t fresh[3][0x1000], again[3][0x1000];
	static const gpa_t frames[] = { VDIST, VREDIST, VREDIST + 0x10000 };

	for (unsigned pass = 0; pass < 2; pass++) {
		if (pass == 0)
			vgic_machine();
		else
			vgic_reset(f.vgic);
		for (unsigned v = 0; v < VCPUS; v++) {
			model_set_cpu(pcpu(v));
			vgic_vcpu_reset(f.vgic, v);
		}
		for (unsigned i = 0; i < 3; i++)
			for (unsigned off = 0; off < 0x1000; off += 4) {
				uint32_t value = rd(0, frames[i] + off);

				memcpy(&(pass ? again : fresh)[i][off], &value, 4);
			}
		for (unsigned i = 0; i < 3 && pass == 0; i++)
			for (unsigned off = 0; off < 0x1000; off += 4)
				wr(0, frames[i] + off, 0xffffffff);
	}
	CU_ASSERT_EQUAL(memcmp(fresh, again, sizeof(fresh)), 0);
	/* CPU interface: groups off, priority mask shut. */
	CU_ASSERT_EQUAL(model_ich_vmcr(pcpu(0)) >> 24, 0);
	CU_ASSERT_EQUAL(model_ich_vmcr(pcpu(0)) & 3, 0);
	CU_ASSERT_EQUAL(model_ich_hcr(pcpu(0)), 1);
}

static void cpu_off_keeps_what_is_pending(void)
{
	vgic_booted();
	enable(0, 40);
	wr(0, VDIST + 0xc08, 0xaaaaaaaa);
	route(40, 1);
	set_bit(0, 0x200, 40);
	enter(1);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(1)), 1);
	vgic_vcpu_reset(f.vgic, 1);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(1)), 0);
	/* And may be moved away from the CPU that is off. */
	route(40, 2);
	CU_ASSERT_EQUAL(take(2), 40);
}

static void memory_comes_back(void)
{
	struct vgic_config bad = {
		.zone = &f.zone, .vcpus = 1, .spis = 32, .its_devices = 1, .its_events = 2
	};
	uint64_t pages;
	struct vgic *g;

	vgic_machine();
	pages = model_pages_live();
	CU_ASSERT_EQUAL(vgic_create(&bad, &g), 0);
	vgic_destroy(g);
	vgic_destroy(NULL);
	CU_ASSERT_EQUAL(model_pages_live(), pages);
	model_fail_alloc_after(1);
	CU_ASSERT_EQUAL(vgic_create(&bad, &g), -ENOMEM);
	model_fail_alloc_after(0);
	bad.spis = 33;
	CU_ASSERT_EQUAL(vgic_create(&bad, &g), -EINVAL);
	bad.spis = 32;
	bad.vcpus = MAX_CPUS + 1;
	CU_ASSERT_EQUAL(vgic_create(&bad, &g), -EINVAL);
	bad.vcpus = 1;
	bad.its_events = 3;
	CU_ASSERT_EQUAL(vgic_create(&bad, &g), -EINVAL);
}

void suite_vgic(void)
{
	static const struct unit_test tests[] = {
		TEST(identification_is_a_gicv3),
		TEST(redistributors_form_a_list),
		TEST(redistributor_wakes_when_asked),
		TEST(table_registers_read_back),
		TEST(enables_priorities_triggers_and_routes_are_kept),
		TEST(every_access_is_answered),
		TEST(foreign_addresses_are_not_ours),
		TEST(nothing_arrives_that_is_not_enabled),
		TEST(group_decides_which_enable_counts),
		TEST(spi_goes_where_it_is_routed),
		TEST(remote_injection_kicks_the_vcpu),
		TEST(sgi_reaches_its_targets),
		TEST(sgi_to_nobody_goes_nowhere),
		TEST(group0_sgi_register_spares_group1),
		TEST(timer_reaches_its_vcpu_and_fires_again),
		TEST(unlinked_interrupt_is_left_to_the_caller),
		TEST(linked_spi_follows_the_guests_route),
		TEST(masked_timer_comes_back_only_if_still_high),
		TEST(disabling_takes_a_linked_one_out_of_the_list_register),
		TEST(clearing_active_or_pending_in_a_list_register_lets_go),
		TEST(reset_lets_go_of_physical_interrupts),
		TEST(reset_is_a_power_on),
		TEST(cpu_off_keeps_what_is_pending),
		TEST(memory_comes_back),
	};

	unit_suite("vgic", tests, ARRAY_SIZE(tests));
}
