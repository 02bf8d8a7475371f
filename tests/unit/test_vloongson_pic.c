// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A zone's virtual PCH-PIC and LIOINTC: emulated wires, and wires that are linked to physical inputs.
 */
#include "unit.h"

#include "host.h"
#include "loongson-irq.h"
#include "vloongson-fixture.h"

#include <errno.h>
#include <irq/pch-pic.h>
#include <string.h>

#define HWI1   VLOONGSON_HWI(1)
#define MASK   0x20u
#define EDGE   0x60u
#define CLEAR  0x80u
#define VECTOR 0x200u
#define IRR    0x380u
#define ISR    0x3a0u
#define UART   8u
#define BIT(n) ((uint64_t)1 << (n))

static const uint16_t one_cpu[] = { 2 };
static const uint16_t three_cpus[] = { 3, 1, 6 };

static void wire(unsigned zone, unsigned input, bool level)
{
	vloongson_virq_ops.set_line(lf.zone[zone].v, LF_GSI(input), level);
}

/* As kernels do: all masked, then the inputs they use. */
static void boot_pic(unsigned zone)
{
	lf_boot_eiointc(zone);
	lf_pic_write(zone, MASK, 4, 0xffffffff);
	lf_pic_write(zone, MASK + 4, 4, 0xffffffff);
	lf_pic_write(zone, 0x40, 8, ~(uint64_t)0);
}

static void mask(unsigned zone, unsigned input, bool masked)
{
	uint32_t word = MASK + input / 32 * 4;
	uint64_t bits = lf_pic_read(zone, word, 4), bit = BIT(input % 32);

	lf_pic_write(zone, word, 4, masked ? bits | bit : bits & ~bit);
}

/* A kernel's level flow: acknowledge, mask, serve (which silences the device), unmask. */
static void level_flow(unsigned zone, unsigned input, void (*serve)(void))
{
	CU_ASSERT_EQUAL(lf_acknowledge(zone, 0), 1);
	lf_serve();
	mask(zone, input, true);
	lf_serve();
	serve();
	lf_serve();
	mask(zone, input, false);
	lf_serve();
}

static void nothing(void)
{
}

static void a_level_comes_back_when_it_is_unmasked(void)
{
	lf_machine(1, one_cpu);
	boot_pic(1);
	wire(1, UART, true);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	CU_ASSERT_EQUAL(lf_pic_read(1, IRR, 8), BIT(UART));
	CU_ASSERT_EQUAL(lf_pic_read(1, ISR, 8), 0);
	mask(1, UART, false);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	CU_ASSERT_EQUAL(lf_isr(1, 0, 0), BIT(UART));
	CU_ASSERT_EQUAL(lf_pic_read(1, ISR, 8), BIT(UART));
	/* Acknowledged and still high: silent until it is unmasked. */
	CU_ASSERT_EQUAL(lf_acknowledge(1, 0), 1);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	mask(1, UART, true);
	mask(1, UART, false);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	wire(1, UART, false);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	CU_ASSERT_EQUAL(lf_pic_read(1, ISR, 8), 0);
	wire(1, UART, true);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	CU_ASSERT_EQUAL(lf.zone[0].lines[0], 0);
}

static void several_inputs_unmask_at_once(void)
{
	lf_machine(1, one_cpu);
	boot_pic(1);
	wire(1, 3, true);
	wire(1, 40, true);
	wire(1, 63, true);
	lf_pic_write(1, MASK, 8, 0);
	CU_ASSERT_EQUAL(lf_isr(1, 0, 0), BIT(3) | BIT(40) | BIT(63));
	wire(1, 40, false);
	CU_ASSERT_EQUAL(lf_isr(1, 0, 0), BIT(3) | BIT(63));
}

static void an_edge_is_latched_until_cleared(void)
{
	lf_machine(1, one_cpu);
	boot_pic(1);
	lf_pic_write(1, EDGE, 4, 1 << 5);
	wire(1, 5, true);
	wire(1, 5, false);
	mask(1, 5, false);
	CU_ASSERT_EQUAL(lf_isr(1, 0, 0), BIT(5));
	CU_ASSERT_EQUAL(lf_acknowledge(1, 0), 1);
	lf_pic_write(1, CLEAR, 4, 1 << 5);
	CU_ASSERT_EQUAL(lf_pic_read(1, IRR, 8), 0);
	wire(1, 5, true);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	/* CLEAR is for edges. */
	wire(1, UART, true);
	lf_pic_write(1, CLEAR, 8, ~(uint64_t)0);
	CU_ASSERT_EQUAL(lf_pic_read(1, IRR, 8), BIT(UART));
}

/* Kernels hand out vectors in the order inputs are first used: the byte decides, not the input. */
static void the_vector_byte_is_honoured(void)
{
	lf_machine(1, one_cpu);
	boot_pic(1);
	lf_pic_write(1, VECTOR + UART, 1, 0);
	lf_pic_write(1, VECTOR + 20, 1, 200);
	CU_ASSERT_EQUAL(lf_pic_read(1, VECTOR + UART, 1), 0);
	mask(1, UART, false);
	mask(1, 20, false);
	wire(1, UART, true);
	wire(1, 20, true);
	CU_ASSERT_EQUAL(lf_isr(1, 0, 0), 1);
	CU_ASSERT_EQUAL(lf_isr(1, 0, 3), BIT(200 - 192));
	/* Two inputs with one vector: one falling does not take the other's. */
	lf_acknowledge(1, 0);
	lf_pic_write(1, VECTOR + 21, 1, 200);
	mask(1, 21, false);
	wire(1, 21, true);
	wire(1, 20, false);
	CU_ASSERT_EQUAL(lf_isr(1, 0, 3), BIT(200 - 192));
	wire(1, 21, false);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
}

/* A kernel's reset goes past its tables: 64 byte writes to 0x2ff. */
static void a_kernels_reset_is_harmless(void)
{
	uint8_t before[0x400], after;

	lf_machine(1, one_cpu);
	boot_pic(1);
	for (unsigned i = 0; i < sizeof(before); i++)
		before[i] = (uint8_t)lf_pic_read(1, i, 1);
	for (unsigned i = 0; i < 64; i++)
		lf_pic_write(1, 0x2ff, 1, i);
	for (unsigned i = 0; i < sizeof(before); i++) {
		after = (uint8_t)lf_pic_read(1, i, 1);
		CU_ASSERT_EQUAL(after, before[i]);
	}
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
}

static void registers_answer_every_width(void)
{
	lf_machine(1, one_cpu);
	CU_ASSERT_EQUAL(lf_pic_read(1, 0, 4), 0x07000000);
	CU_ASSERT_EQUAL(lf_pic_read(1, 4, 4), 0x003f0001);
	CU_ASSERT_EQUAL(lf_pic_read(1, 0, 8), 0x003f000107000000);
	CU_ASSERT_EQUAL(lf_pic_read(1, 3, 1), 7);
	CU_ASSERT_EQUAL(lf_pic_read(1, MASK, 8), ~(uint64_t)0);
	lf_pic_write(1, 0x3e0, 8, 0x1122334455667788);
	lf_pic_write(1, 0x3e4, 2, 0xaabb);
	CU_ASSERT_EQUAL(lf_pic_read(1, 0x3e0, 8), 0x1122aabb55667788);
	CU_ASSERT_EQUAL(lf_pic_read(1, 0x3e2, 2), 0x5566);
	for (unsigned i = 0; i < 64; i++)
		CU_ASSERT_EQUAL(lf_pic_read(1, VECTOR + i, 1), i);
	CU_ASSERT_EQUAL(lf_pic_read(1, VECTOR + 8, 8), 0x0f0e0d0c0b0a0908);
	CU_ASSERT_EQUAL(lf_pic_read(1, VECTOR + 64, 8), 0);
	CU_ASSERT_EQUAL(lf_pic_read(1, 0x1fc, 4), 0);
	CU_ASSERT_EQUAL(lf_pic_read(1, 0xffc, 4), 0);
	CU_ASSERT_EQUAL(lf_pic_read(1, 0x21, 4), 0);
	/* What says what is pending cannot be written. */
	lf_pic_write(1, IRR, 8, ~(uint64_t)0);
	lf_pic_write(1, ISR, 8, ~(uint64_t)0);
	CU_ASSERT_EQUAL(lf_pic_read(1, IRR, 8) | lf_pic_read(1, ISR, 8), 0);
	for (unsigned size = 1; size <= 8; size *= 2)
		for (uint32_t offset = 0; offset < 0x1000; offset += size)
			lf_pic_write(1, offset, size, 0xa5a5a5a5a5a5a5a5);
}

static void device_is_served(void)
{
	model_pch_line(UART, false);
}

static void device_asserts_again(void)
{
	model_pch_line(UART, false);
	model_pch_line(UART, true);
}

static void linked(unsigned zone, unsigned input)
{
	CU_ASSERT_EQUAL_FATAL(
		vloongson_link_input(lf.zone[zone].v, input, LF_GSI(UART), PCH_PIC_LEVEL_HIGH), 0);
}

static void a_linked_level_is_served_once_per_cause(void)
{
	lf_machine(1, one_cpu);
	linked(1, 12);
	/* While the zone has it masked, so is the physical one. */
	CU_ASSERT_TRUE(model_pch_masked(UART));
	boot_pic(1);
	mask(1, 12, false);
	CU_ASSERT_FALSE(model_pch_masked(UART));
	model_pch_line(UART, true);
	lf_serve();
	CU_ASSERT_TRUE(model_pch_masked(UART));
	CU_ASSERT_EQUAL(lf_isr(1, 0, 0), BIT(12));
	CU_ASSERT_EQUAL(lf.zone[0].lines[0], 0);
	lf.served = 0;
	level_flow(1, 12, device_is_served);
	/* Acknowledged before it was masked, it was looked at once more; then it was quiet. */
	CU_ASSERT_EQUAL(lf.served, 1);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	CU_ASSERT_FALSE(model_pch_masked(UART));
	/* A second cause, while the first is served. */
	model_pch_line(UART, true);
	lf_serve();
	level_flow(1, 12, device_asserts_again);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	level_flow(1, 12, device_is_served);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	/* Nobody serves the device: it comes back, each time once. */
	model_pch_line(UART, true);
	lf_serve();
	for (unsigned i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
		level_flow(1, 12, nothing);
	}
}

/* Masked in the interrupt, served much later, then unmasked: silent meanwhile, nothing lost. */
static void a_threaded_handler_works(void)
{
	lf_machine(1, one_cpu);
	linked(1, UART);
	boot_pic(1);
	mask(1, UART, false);
	model_pch_line(UART, true);
	lf_serve();
	CU_ASSERT_EQUAL(lf_acknowledge(1, 0), 1);
	mask(1, UART, true);
	lf.served = 0;
	for (unsigned i = 0; i < 100; i++)
		lf_serve();
	CU_ASSERT(lf.served <= 1);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	CU_ASSERT_TRUE(model_pch_masked(UART));
	device_asserts_again();
	lf_serve();
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	mask(1, UART, false);
	lf_serve();
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
}

/* A small kernel that never masks sees every cause, too. */
static void a_zone_that_never_masks_is_served(void)
{
	lf_machine(1, one_cpu);
	linked(1, UART);
	boot_pic(1);
	mask(1, UART, false);
	for (unsigned i = 0; i < 3; i++) {
		model_pch_line(UART, true);
		lf_serve();
		CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
		device_is_served();
		CU_ASSERT_EQUAL(lf_acknowledge(1, 0), 1);
		lf_serve();
		CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	}
	/* Acknowledged before it is served: once more, and that is all. */
	model_pch_line(UART, true);
	lf_serve();
	CU_ASSERT_EQUAL(lf_acknowledge(1, 0), 1);
	lf_serve();
	device_is_served();
	CU_ASSERT_EQUAL(lf_acknowledge(1, 0), 1);
	lf_serve();
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
}

static void a_linked_edge_counts_while_masked(void)
{
	lf_machine(1, one_cpu);
	CU_ASSERT_EQUAL(vloongson_link_input(lf.zone[1].v, 30, LF_GSI(30), PCH_PIC_EDGE_RISING), 0);
	boot_pic(1);
	lf_pic_write(1, EDGE, 4, 1 << 30);
	model_pch_line(30, true);
	model_pch_line(30, false);
	lf_serve();
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	mask(1, 30, false);
	lf_serve();
	CU_ASSERT_EQUAL(lf_acknowledge(1, 0), 1);
	lf_pic_write(1, CLEAR, 4, 1 << 30);
	model_pch_line(30, true);
	lf_serve();
	CU_ASSERT_EQUAL(lf_acknowledge(1, 0), 1);
}

/* It took the level for an edge: cleared at the input first, then at the core, and heard again. */
static void a_linked_level_programmed_as_an_edge_comes_back(void)
{
	lf_machine(1, one_cpu);
	linked(1, UART);
	boot_pic(1);
	lf_pic_write(1, EDGE, 4, 1 << UART);
	mask(1, UART, false);
	for (unsigned i = 0; i < 3; i++) {
		model_pch_line(UART, true);
		lf_serve();
		CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
		device_is_served();
		lf_pic_write(1, CLEAR, 4, 1 << UART);
		CU_ASSERT_FALSE(model_pch_masked(UART));
		CU_ASSERT_EQUAL(lf_acknowledge(1, 0), 1);
		lf_serve();
		CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	}
}

static void links_are_exclusive_and_end(void)
{
	lf_machine(1, one_cpu);
	linked(1, UART);
	CU_ASSERT_EQUAL(vloongson_link_input(lf.zone[1].v, UART, LF_GSI(9), PCH_PIC_LEVEL_HIGH),
			-EBUSY);
	CU_ASSERT_EQUAL(vloongson_link_input(lf.zone[0].v, UART, LF_GSI(UART), PCH_PIC_LEVEL_HIGH),
			-EBUSY);
	CU_ASSERT_EQUAL(vloongson_link_input(lf.zone[1].v, 64, LF_GSI(9), PCH_PIC_LEVEL_HIGH),
			-EINVAL);
	CU_ASSERT_EQUAL(vloongson_link_input(lf.zone[1].v, 9, 1000, PCH_PIC_LEVEL_HIGH), -EINVAL);
	CU_ASSERT_EQUAL(vloongson_unlink_input(lf.zone[1].v, 9), -EINVAL);
	CU_ASSERT_EQUAL(vloongson_unlink_input(lf.zone[1].v, 64), -EINVAL);
	boot_pic(1);
	mask(1, UART, false);
	/* An emulated device has no say in a linked input. */
	wire(1, UART, true);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	model_pch_line(UART, true);
	lf_serve();
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	CU_ASSERT_EQUAL(vloongson_unlink_input(lf.zone[1].v, UART), 0);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	CU_ASSERT_TRUE(model_pch_masked(UART));
	lf_serve();
	mask(1, UART, true);
	mask(1, UART, false);
	lf_serve();
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	CU_ASSERT_TRUE(model_pch_masked(UART));
	CU_ASSERT_EQUAL(vloongson_link_input(lf.zone[0].v, 5, LF_GSI(UART), PCH_PIC_LEVEL_HIGH), 0);
}

static void a_linked_input_follows_the_zones_route(void)
{
	lf_machine(3, three_cpus);
	linked(1, 12);
	boot_pic(1);
	lf_pic_write(1, VECTOR + 12, 1, 33);
	model_eio_changes_clear();
	lf_write(1, 0, 0x1c00 + 33, 1, 4);
	for (unsigned v = 0; v < 256; v++)
		CU_ASSERT_EQUAL(model_eio_changed(v), v == UART ? MODEL_CHANGED_ROUTE : 0);
	CU_ASSERT_EQUAL(model_eio_route(0, UART), 0x14);
	mask(1, 12, false);
	model_pch_line(UART, true);
	lf_serve();
	CU_ASSERT_EQUAL(lf.zone[1].lines[2], HWI1);
}

static void a_reset_masks_what_is_linked(void)
{
	lf_machine(1, one_cpu);
	linked(1, UART);
	boot_pic(1);
	mask(1, UART, false);
	model_pch_line(UART, true);
	lf_serve();
	vloongson_reset(lf.zone[1].v);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	CU_ASSERT_TRUE(model_pch_masked(UART));
	/* The next kernel finds the device still asserting. */
	boot_pic(1);
	mask(1, UART, false);
	lf_serve();
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
}

static void a_source_goes_to_the_line_it_is_routed_to(void)
{
	lf_machine(3, three_cpus);
	lf_write(1, 0, 0x142c, 4, 0xffffffff);
	lf_write(1, 0, 0x1434, 4, 0);
	for (unsigned i = 0; i < 32; i++)
		lf_write(1, 0, 0x1400 + i, 1, 0x11);
	lf_write(1, 0, 0x140a, 1, 0x42);
	vloongson_virq_ops.set_line(lf.zone[1].v, VLOONGSON_GSI_SOURCE(10), true);
	CU_ASSERT_EQUAL(lf.zone[1].lines[1], 0);
	lf_write(1, 0, 0x1428, 4, 1 << 10);
	CU_ASSERT_EQUAL(lf.zone[1].lines[1], VLOONGSON_HWI(2));
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	CU_ASSERT_EQUAL(lf_read(1, 1, 0x1440, 4), 1 << 10);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x1440, 4), 0);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x1448, 4), 1 << 10);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x1420, 4), 1 << 10);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x1424, 4), 1 << 10);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x1408, 4), 0x11421111);
	lf_write(1, 0, 0x142c, 4, 1 << 10);
	CU_ASSERT_EQUAL(lf.zone[1].lines[1], 0);
	lf_write(1, 0, 0x1428, 4, 1 << 10);
	vloongson_virq_ops.set_line(lf.zone[1].v, VLOONGSON_GSI_SOURCE(10), false);
	CU_ASSERT_EQUAL(lf.zone[1].lines[1], 0);
	/* An edge stays until its enable goes. */
	lf_write(1, 0, 0x1434, 4, 1 << 11);
	lf_write(1, 0, 0x1428, 4, 1 << 11);
	vloongson_virq_ops.set_line(lf.zone[1].v, VLOONGSON_GSI_SOURCE(11), true);
	vloongson_virq_ops.set_line(lf.zone[1].v, VLOONGSON_GSI_SOURCE(11), false);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], VLOONGSON_HWI(0));
	lf_write(1, 0, 0x142c, 4, 1 << 11);
	lf_write(1, 0, 0x1428, 4, 1 << 11);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	/* Numbers of nothing. */
	vloongson_virq_ops.set_line(lf.zone[1].v, 0, true);
	vloongson_virq_ops.set_line(lf.zone[1].v, 48, true);
	vloongson_virq_ops.set_line(lf.zone[1].v, 128, true);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0] | lf.zone[1].lines[1] | lf.zone[1].lines[2], 0);
}

void suite_vloongson_pic(void)
{
	static const struct unit_test tests[] = {
		TEST(a_level_comes_back_when_it_is_unmasked),
		TEST(several_inputs_unmask_at_once),
		TEST(an_edge_is_latched_until_cleared),
		TEST(the_vector_byte_is_honoured),
		TEST(a_kernels_reset_is_harmless),
		TEST(registers_answer_every_width),
		TEST(a_linked_level_is_served_once_per_cause),
		TEST(a_threaded_handler_works),
		TEST(a_zone_that_never_masks_is_served),
		TEST(a_linked_edge_counts_while_masked),
		TEST(a_linked_level_programmed_as_an_edge_comes_back),
		TEST(links_are_exclusive_and_end),
		TEST(a_linked_input_follows_the_zones_route),
		TEST(a_reset_masks_what_is_linked),
		TEST(a_source_goes_to_the_line_it_is_routed_to),
	};

	unit_suite("vloongson_pic", tests, ARRAY_SIZE(tests));
}
