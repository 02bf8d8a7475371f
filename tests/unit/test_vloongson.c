// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A zone's virtual EIOINTC, IPIs and sends: what its kernel drives by IOCSR instructions, and that
 * nothing of it comes through to the machine.
 */
#include "unit.h"

#include "host.h"
#include "loongson-irq.h"
#include "vloongson-fixture.h"

#include <errno.h>
#include <irq/eiointc.h>
#include <string.h>

#define HWI1     VLOONGSON_HWI(1)
#define BLOCKING ((uint64_t)1 << 31)
#define ENABLE   0x1600u
#define BOUNCE   0x1680u
#define ROUTE    0x1c00u

static const uint16_t one_cpu[] = { 2 };
static const uint16_t three_cpus[] = { 3, 1, 6 };
static const uint16_t seven_cpus[] = { 7, 6, 5, 4, 3, 2, 1 };

static enum access_result message(unsigned zone, unsigned vector)
{
	return vloongson_virq_ops.msi(lf.zone[zone].v, 0, LF_VMSI, vector);
}

static uint64_t any_send(unsigned vcpu, uint32_t offset, uint32_t data, unsigned keep)
{
	return (uint64_t)data << 32 | BLOCKING | (uint64_t)keep << 27 | (uint64_t)vcpu << 16 |
	       offset;
}

/* Nothing of what a test did so far reached a physical register. */
static void assert_nothing_physical(void)
{
	unsigned writes;

	(void)model_irq_writes(&writes);
	CU_ASSERT_EQUAL(writes, 0);
	for (unsigned v = 0; v < 256; v++)
		CU_ASSERT_EQUAL(model_eio_changed(v), 0);
}

static void a_message_raises_the_line_until_it_is_acknowledged(void)
{
	lf_machine(1, one_cpu);
	lf_boot_eiointc(1);
	CU_ASSERT_EQUAL(message(1, 72), ACCESS_DONE);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	CU_ASSERT_EQUAL(lf.zone[0].lines[0], 0);
	CU_ASSERT_EQUAL(model_kicks(&lf.zone[1].zone, 0), 1);
	CU_ASSERT_EQUAL(lf_isr(1, 0, 1), (uint64_t)1 << 8);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	lf_write(1, 0, 0x1808, 8, (uint64_t)1 << 8);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	CU_ASSERT_EQUAL(lf_isr(1, 0, 1), 0);
	assert_nothing_physical();
}

static void a_line_stays_high_while_any_vector_of_it_is_pending(void)
{
	lf_machine(1, one_cpu);
	lf_boot_eiointc(1);
	message(1, 64);
	message(1, 255);
	lf_write(1, 0, 0x1818, 8, (uint64_t)1 << 63);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	/* Ones for vectors that are not pending clear nothing else. */
	lf_write(1, 0, 0x1808, 8, ~(uint64_t)1);
	CU_ASSERT_EQUAL(lf_isr(1, 0, 1), 1);
	lf_write(1, 0, 0x1808, 4, 1);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
}

static void groups_go_to_the_lines_their_map_names(void)
{
	lf_machine(1, one_cpu);
	lf_boot_eiointc(1);
	lf_write(1, 0, 0x14c2, 1, 1 << 3);
	lf_write(1, 0, 0x14c3, 1, 0);
	lf_write(1, 0, 0x14c4, 1, 1 << 6);
	message(1, 64);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], VLOONGSON_HWI(3));
	message(1, 96);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], VLOONGSON_HWI(3) | VLOONGSON_HWI(0));
	lf_acknowledge(1, 0);
	/* What is no line is line 0. */
	message(1, 130);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], VLOONGSON_HWI(0));
	lf_write(1, 0, 0x14c4, 1, 1 << 2);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], VLOONGSON_HWI(2));
	/* Encoded: the byte is the number. */
	lf_write(1, 0, 0x420, 8, (uint64_t)3 << 48);
	lf_write(1, 0, 0x14c4, 1, 3);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], VLOONGSON_HWI(3));
	lf_write(1, 0, 0x420, 8, 0);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
}

/* Kernels take one bit of 32 away, route, and write all ones: what came meanwhile goes the new way. */
static void an_affinity_change_loses_nothing(void)
{
	lf_machine(3, three_cpus);
	lf_boot_eiointc(1);
	message(1, 70);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	lf_write(1, 0, 0x1158, 8, any_send(0, ENABLE + 8, ~(1u << 6), 0));
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	message(1, 70);
	message(1, 71);
	CU_ASSERT_EQUAL(lf_isr(1, 0, 1), (uint64_t)1 << 7);
	lf_write(1, 0, 0x1158, 8, any_send(0, ROUTE + 68, 4u << 16, 0xb));
	lf_write(1, 0, 0x1158, 8, any_send(0, ENABLE + 8, 0xffffffff, 0));
	CU_ASSERT_EQUAL(lf_isr(1, 2, 1), (uint64_t)1 << 6);
	CU_ASSERT_EQUAL(lf.zone[1].lines[2], HWI1);
	CU_ASSERT_EQUAL(lf_read(1, 0, ROUTE + 68, 4), 0x01040101);
	CU_ASSERT_EQUAL(vloongson_virq_ops.msi_vcpu(lf.zone[1].v, 0, LF_VMSI, 70), 2);
	assert_nothing_physical();
}

static void cores_4_to_7_have_registers_of_their_own(void)
{
	lf_machine(7, seven_cpus);
	lf_boot_eiointc(1);
	/* Core 6 is core 2 of node 1, in both nodes' registers. */
	lf_write(1, 0, 0x1158, 8, any_send(0, ROUTE + 80, 0x14, 0xe));
	lf_write(1, 0, 0x1158, 8, any_send(4, ROUTE + 80, 0x14, 0xe));
	CU_ASSERT_EQUAL(lf_read(1, 0, ROUTE + 80, 1), 0x14);
	CU_ASSERT_EQUAL(lf_read(1, 5, ROUTE + 80, 1), 0x14);
	CU_ASSERT_EQUAL(lf_read(1, 5, ROUTE + 81, 1), 0x11);
	message(1, 80);
	CU_ASSERT_EQUAL(lf.zone[1].lines[6], HWI1);
	CU_ASSERT_EQUAL(lf_isr(1, 6, 1), (uint64_t)1 << 16);
	CU_ASSERT_EQUAL(lf_acknowledge(1, 0), 0);
	CU_ASSERT_EQUAL(lf_acknowledge(1, 6), 1);
	/* Disabled over there, it waits there. */
	lf_write(1, 4, ENABLE + 8, 4, 0);
	message(1, 80);
	CU_ASSERT_EQUAL(lf.zone[1].lines[6], 0);
	lf_write(1, 4, ENABLE + 8, 4, 0xffffffff);
	CU_ASSERT_EQUAL(lf.zone[1].lines[6], HWI1);
	/* A core the zone has not: the first of its node. */
	lf_write(1, 0, ROUTE + 81, 1, 0x18);
	lf_write(1, 4, ROUTE + 81, 1, 0x18);
	message(1, 81);
	CU_ASSERT_EQUAL(lf.zone[1].lines[4], HWI1);
	/* A node the zone has not: its own. */
	lf_write(1, 0, ROUTE + 82, 1, 0x71);
	message(1, 82);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
}

static void a_node_map_may_say_otherwise(void)
{
	lf_machine(7, seven_cpus);
	lf_boot_eiointc(1);
	lf_write(1, 0, 0x14a0, 4, 0x00010002);
	message(1, 90);
	CU_ASSERT_EQUAL(lf.zone[1].lines[4], HWI1);
	CU_ASSERT(lf.zone[1].retargets > 0);
}

static void pending_before_routing_can_be_read(void)
{
	lf_machine(1, one_cpu);
	message(1, 100);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x1708, 8), (uint64_t)1 << 36);
	lf_write(1, 0, 0x1708, 8, ~(uint64_t)0);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x1708, 8), (uint64_t)1 << 36);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	lf_boot_eiointc(1);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
}

static void registers_answer_every_width(void)
{
	lf_machine(1, one_cpu);
	lf_write(1, 0, BOUNCE, 8, 0x1122334455667788);
	CU_ASSERT_EQUAL(lf_read(1, 0, BOUNCE, 8), 0x1122334455667788);
	CU_ASSERT_EQUAL(lf_read(1, 0, BOUNCE + 4, 4), 0x11223344);
	CU_ASSERT_EQUAL(lf_read(1, 0, BOUNCE + 6, 2), 0x1122);
	CU_ASSERT_EQUAL(lf_read(1, 0, BOUNCE + 1, 1), 0x77);
	lf_write(1, 0, BOUNCE + 2, 2, 0xaabb);
	CU_ASSERT_EQUAL(lf_read(1, 0, BOUNCE, 8), 0x11223344aabb7788);
	/* Not aligned: nothing. */
	lf_write(1, 0, BOUNCE + 1, 4, 0);
	CU_ASSERT_EQUAL(lf_read(1, 0, BOUNCE, 8), 0x11223344aabb7788);
	CU_ASSERT_EQUAL(lf_read(1, 0, BOUNCE + 1, 2), 0);
	CU_ASSERT_EQUAL(lf_read(1, 1, BOUNCE, 8), 0);
}

static void what_is_not_there_reads_zero(void)
{
	lf_machine(1, one_cpu);
	for (unsigned size = 1; size <= 8; size *= 2) {
		for (uint32_t offset = 0; offset < 0x2000; offset += size)
			lf_write(1, 0, offset, size, ~(uint64_t)0);
		for (uint32_t offset = 0x1d00; offset < 0x3000; offset += size)
			CU_ASSERT_EQUAL(lf_read(1, 0, offset, size), 0);
		CU_ASSERT_EQUAL(lf_read(1, 0, 0x40000000, size), 0);
		CU_ASSERT_EQUAL(lf_read(1, 0, 0x428, size), 0);
		CU_ASSERT_EQUAL(lf_read(1, 0, 0x15e0, size), 0);
		CU_ASSERT_EQUAL(lf_read(1, 0, 0xfffffff8, size), 0);
	}
	assert_nothing_physical();
}

static void identification_shows_what_the_zone_has(void)
{
	lf_machine(1, one_cpu);
	/* No AVEC and no REDIRECT; no sensors and clocks, whose registers nobody emulates. */
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x8, 4), 0x61e);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x8, 8), 0x61e);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x0, 4), 0x11);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x10, 8), LF_VENDOR);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x20, 8), LF_NAME);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x24, 4), LF_NAME >> 32);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x408, 4), 1);
	lf_write(1, 0, 0x20, 8, 0);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x20, 8), LF_NAME);
	/* Of MISC_FUNC the EIOINTC's switches can be set, and AVEC cannot. */
	lf_write(1, 0, 0x420, 8, ~(uint64_t)0);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x420, 8), LF_MISC | (uint64_t)3 << 48);
	lf_write(1, 0, 0x424, 4, 0);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x420, 8), LF_MISC);
}

static void ipis_stay_in_the_zone(void)
{
	lf_machine(3, three_cpus);
	lf_write(1, 1, 0x1004, 4, 0xffffffff);
	lf_write(1, 0, 0x1040, 4, BLOCKING | 1 << 16 | 3);
	CU_ASSERT_EQUAL(lf_read(1, 1, 0x1000, 4), 1 << 3);
	CU_ASSERT_EQUAL(lf.zone[1].lines[1], VLOONGSON_IPI);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0] | lf.zone[1].lines[2], 0);
	CU_ASSERT_EQUAL(model_kicks(&lf.zone[1].zone, 1), 1);
	lf_write(1, 1, 0x100c, 4, 1 << 3);
	CU_ASSERT_EQUAL(lf.zone[1].lines[1], 0);
	CU_ASSERT_EQUAL(lf_read(1, 1, 0x1008, 4), 0);
	CU_ASSERT_EQUAL(lf_read(1, 1, 0x100c, 4), 0);
	/* Its own, by SET; not enabled, it is pending only. */
	lf_write(1, 2, 0x1008, 4, 0x10);
	CU_ASSERT_EQUAL(lf.zone[1].lines[2], 0);
	lf_write(1, 2, 0x1004, 4, 0x10);
	CU_ASSERT_EQUAL(lf.zone[1].lines[2], VLOONGSON_IPI);
	lf_write(1, 2, 0x1000, 4, 0);
	CU_ASSERT_EQUAL(lf_read(1, 2, 0x1000, 4), 0x10);
	for (unsigned i = 0; i < LF_CPUS; i++)
		CU_ASSERT_EQUAL(model_ipi_status(i), 0);
	assert_nothing_physical();
}

static void mailboxes_take_halves_and_bytes(void)
{
	lf_machine(3, three_cpus);
	lf_write(1, 0, 0x1048, 8, (uint64_t)0x90000000 << 32 | BLOCKING | 2 << 16 | 1 << 2);
	lf_write(1, 0, 0x1048, 8, (uint64_t)0x12345678 << 32 | BLOCKING | 2 << 16);
	CU_ASSERT_EQUAL(lf_read(1, 2, 0x1020, 8), 0x9000000012345678);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x1020, 8), 0);
	/* Bytes 0 and 3 are kept. */
	lf_write(1, 0, 0x1048, 8, (uint64_t)0xaabbccdd << 32 | BLOCKING | 9u << 27 | 2 << 16);
	CU_ASSERT_EQUAL(lf_read(1, 2, 0x1020, 8), 0x9000000012bbcc78);
	lf_write(1, 0, 0x1048, 8, (uint64_t)7 << 32 | BLOCKING | 2 << 16 | 7 << 2);
	CU_ASSERT_EQUAL(lf_read(1, 2, 0x1038, 8), (uint64_t)7 << 32);
	lf_write(1, 2, 0x1028, 8, 0x55);
	CU_ASSERT_EQUAL(lf_read(1, 2, 0x1028, 4), 0x55);
	for (unsigned i = 0; i < LF_CPUS; i++)
		CU_ASSERT_EQUAL(model_mailbox(i, 0), 0);
	assert_nothing_physical();
}

/*
 * A send to a core the zone has not, or to a register that is not the EIOINTC's, ends here. Physical
 * cores 0 to 7 exist and would have taken each of them.
 */
static void v4_sends_never_leave_the_zone(void)
{
	struct vloongson_stats stats;
	unsigned sent = 0;

	lf_machine(3, three_cpus);
	lf_boot_eiointc(1);
	for (unsigned core = 3; core < 1024; core += core < 8 ? 1 : 127) {
		lf_write(1, 0, 0x1040, 4, BLOCKING | core << 16 | 3);
		lf_write(1, 0, 0x1048, 8, (uint64_t)1 << 32 | BLOCKING | core << 16);
		lf_write(1, 0, 0x1158, 8, any_send(core, ENABLE, 0xffffffff, 0));
		lf_write(1, 0, 0x1158, 8, any_send(core, ROUTE, 0x01010101, 0));
		sent += 4;
	}
	for (uint32_t offset = 0; offset < 0x10000; offset += 4) {
		bool eio = (offset >= 0x14a0 && offset < 0x14c8) ||
			   (offset >= 0x1600 && offset < 0x1620) ||
			   (offset >= 0x1680 && offset < 0x16a0) ||
			   (offset >= 0x1700 && offset < 0x1720) ||
			   (offset >= 0x1800 && offset < 0x1820) ||
			   (offset >= 0x1c00 && offset < 0x1d00);

		lf_write(1, 0, 0x1158, 8, any_send(1, offset, 0xffffffff, 0));
		sent += !eio;
		/* Not aligned. */
		lf_write(1, 0, 0x1158, 8, any_send(1, offset + 1, 0xffffffff, 0));
		sent++;
	}
	vloongson_stats(lf.zone[1].v, &stats);
	CU_ASSERT_EQUAL(stats.refused, sent);
	CU_ASSERT_EQUAL(lf_read(1, 1, 0x1004, 4), 0);
	CU_ASSERT_EQUAL(lf_read(1, 1, 0x1000, 4), 0);
	for (unsigned i = 0; i < LF_CPUS; i++)
		CU_ASSERT_EQUAL(model_ipi_status(i), 0);
	assert_nothing_physical();
	/* And the other zone's. */
	for (unsigned i = 0; i < 64; i++)
		CU_ASSERT_EQUAL(lf_read(0, 0, ROUTE + 4 * i, 4), 0);
	CU_ASSERT_EQUAL(lf_read(0, 0, ENABLE, 8), 0);
}

/* All a zone can write into its registers changes no physical enable, bounce or route. */
static void v4_a_zones_set_up_is_its_own(void)
{
	lf_machine(1, one_cpu);
	lf_assign(0, 0x100, 4, 64);
	lf_assign(1, 0x200, 4, 64);
	model_eio_changes_clear();
	model_irq_writes_clear();
	lf_boot_eiointc(1);
	lf_boot_eiointc(0);
	for (unsigned i = 0; i < 64; i++)
		lf_write(1, 0, ROUTE + 4 * i, 4, 0x08040201);
	for (unsigned i = 0; i < 8; i++)
		lf_write(1, 0, ENABLE + 4 * i, 4, 0);
	lf_write(1, 0, 0x1800, 8, ~(uint64_t)0);
	assert_nothing_physical();
}

/* By data, by address, and by who asks. */
static void foreign_messages_are_dropped(void)
{
	const struct virq_ops *v = &vloongson_virq_ops;
	struct vloongson_stats stats;

	lf_machine(1, one_cpu);
	lf_boot_eiointc(1);
	CU_ASSERT_EQUAL(v->msi(lf.zone[1].v, 0, LF_VMSI + 4, 64), ACCESS_NONE);
	CU_ASSERT_EQUAL(v->msi(lf.zone[1].v, 0, 0, 64), ACCESS_NONE);
	CU_ASSERT_EQUAL(v->msi(lf.zone[1].v, 0, LF_VMSI | (uint64_t)1 << 32, 64), ACCESS_NONE);
	CU_ASSERT_EQUAL(message(1, 63), ACCESS_NONE);
	CU_ASSERT_EQUAL(message(1, 0), ACCESS_NONE);
	CU_ASSERT_EQUAL(v->msi_vcpu(lf.zone[1].v, 0, LF_VMSI, 63), -ENOENT);
	CU_ASSERT_EQUAL(v->msi_vcpu(lf.zone[1].v, 0, LF_VMSI + 4, 64), -ENOENT);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	/* As the doorbell takes it: the low byte. */
	CU_ASSERT_EQUAL(message(1, 0x5500 | 64), ACCESS_DONE);
	vloongson_stats(lf.zone[1].v, &stats);
	CU_ASSERT_EQUAL(stats.dropped, 5);
	CU_ASSERT_EQUAL(stats.messages, 1);
}

/* The device's vectors go where the zone's kernel sends its own: to the physical CPU of that vCPU. */
static void physical_vectors_follow_the_zones_routes(void)
{
	struct vloongson_record r;

	lf_machine(3, three_cpus);
	lf_boot_eiointc(1);
	lf_assign(1, 0x500, 2, 70);
	lf_device_sends(1, 1);
	CU_ASSERT_EQUAL(lf.zone[1].arrived_cpu[1], 3);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	CU_ASSERT_EQUAL(lf_acknowledge(1, 0), 1);
	r = vloongson_recorded(lf.zone[1].v, 71);
	CU_ASSERT_TRUE(r.valid);
	CU_ASSERT_EQUAL(r.mode, IRQ_INJECT);
	CU_ASSERT_EQUAL(r.hwirq, lf.zone[1].vectors[1].hwirq);
	model_eio_changes_clear();
	/* vCPU 2, which is physical CPU 6: core 2 of node 1. */
	lf_write(1, 0, ROUTE + 71, 1, 0x04);
	CU_ASSERT_EQUAL(lf.zone[1].retargets, 1);
	CU_ASSERT_EQUAL(lf.zone[1].last_retarget, 71);
	CU_ASSERT_EQUAL(model_eio_route(0, r.hwirq), 0x14);
	for (unsigned v = 0; v < 256; v++)
		CU_ASSERT_EQUAL(model_eio_changed(v), v == r.hwirq ? MODEL_CHANGED_ROUTE : 0);
	lf_device_sends(1, 1);
	CU_ASSERT_EQUAL(lf.zone[1].arrived_cpu[1], 6);
	CU_ASSERT_EQUAL(lf.zone[1].lines[2], HWI1);
	vloongson_record(lf.zone[1].v, 71, NULL);
	CU_ASSERT_FALSE(vloongson_recorded(lf.zone[1].v, 71).valid);
	CU_ASSERT_FALSE(vloongson_recorded(lf.zone[1].v, 999).valid);
}

static void memory_names_the_core_whose_bank_it_is(void)
{
	struct vloongson *v;
	uint64_t value = 0;

	lf_machine(7, seven_cpus);
	lf_boot_eiointc(1);
	v = lf.zone[1].v;
	lf_write(1, 0, ROUTE + 64, 1, 0x04);
	message(1, 64);
	/* vCPU 0 looks at vCPU 2's bank, and clears it. */
	vloongson_mmio(v, 0, LF_VIOCSR + 0x1a08, 8, false, &value);
	CU_ASSERT_EQUAL(value, 1);
	vloongson_mmio(v, 0, LF_VIOCSR + 0x1a08, 8, true, &value);
	CU_ASSERT_EQUAL(lf.zone[1].lines[2], 0);
	value = 0x77;
	vloongson_mmio(v, 0, LF_VIOCSR + 0x1320, 8, true, &value);
	CU_ASSERT_EQUAL(lf_read(1, 3, 0x1020, 8), 0x77);
	/* Cores 4 to 7 have a block of their own. */
	value = 0xf;
	vloongson_mmio(v, 0, LF_VIOCSR + 0x11104, 4, true, &value);
	CU_ASSERT_EQUAL(lf_read(1, 5, 0x1004, 4), 0xf);
	value = 0x99;
	vloongson_mmio(v, 0, LF_VIOCSR + 0x11320, 8, true, &value);
	vloongson_mmio(v, 0, LF_VIOCSR + 0x11320, 8, false, &value);
	CU_ASSERT_EQUAL(value, 0);
	/* Sends have one address for everybody. */
	value = (uint64_t)BLOCKING | 3 << 16 | 5;
	vloongson_mmio(v, 6, LF_VIOCSR + 0x1040, 4, true, &value);
	CU_ASSERT_EQUAL(lf_read(1, 3, 0x1000, 4), 1 << 5);
	value = 80;
	vloongson_mmio(v, 0, LF_VIOCSR + 0x1140, 4, true, &value);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	CU_ASSERT_EQUAL(vloongson_mmio(v, 0, LF_VIOCSR + 0x20000, 4, false, &value), ACCESS_NONE);
	CU_ASSERT_EQUAL(vloongson_mmio(v, 0, LF_VIOCSR - 4, 8, false, &value), ACCESS_NONE);
	CU_ASSERT_EQUAL(vloongson_mmio(v, 0, LF_VPIC + 0x1000, 4, false, &value), ACCESS_NONE);
}

static void a_parked_core_is_called_by_its_zone(void)
{
	lf_machine(3, three_cpus);
	vloongson_park(lf.zone[1].v, 2);
	lf_write(1, 0, 0x1048, 8, (uint64_t)0x90000000 << 32 | BLOCKING | 2 << 16 | 1 << 2);
	lf_write(1, 0, 0x1048, 8, (uint64_t)0x200000 << 32 | BLOCKING | 2 << 16);
	CU_ASSERT_EQUAL(lf.zone[1].lines[2], 0);
	lf_write(1, 0, 0x1040, 4, BLOCKING | 2 << 16);
	CU_ASSERT_EQUAL(lf.zone[1].lines[2], VLOONGSON_IPI);
	CU_ASSERT_EQUAL(vloongson_take_entry(lf.zone[1].v, 2), 0x9000000000200000);
	CU_ASSERT_EQUAL(lf.zone[1].lines[2], 0);
}

static void a_reset_is_one_zones(void)
{
	lf_machine(3, three_cpus);
	for (unsigned z = 0; z < LF_ZONES; z++) {
		lf_boot_eiointc(z);
		message(z, 64);
		lf_write(z, 0, 0x1004, 4, 1);
		lf_write(z, 0, 0x1008, 4, 1);
	}
	vloongson_reset(lf.zone[1].v);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x1004, 4), 0);
	CU_ASSERT_EQUAL(lf_read(1, 0, ENABLE, 8), 0);
	CU_ASSERT_EQUAL(lf_read(1, 0, 0x420, 8), LF_MISC);
	CU_ASSERT_EQUAL(lf.zone[0].lines[0], HWI1 | VLOONGSON_IPI);
	CU_ASSERT_EQUAL(vloongson_lines(lf.zone[0].v, 0), HWI1 | VLOONGSON_IPI);
	CU_ASSERT_EQUAL(lf_acknowledge(0, 0), 1);
}

static void a_snapshot_brings_everything_back(void)
{
	static uint8_t snapshot[8192];
	size_t size;

	lf_machine(3, three_cpus);
	lf_boot_eiointc(1);
	size = vloongson_snapshot(lf.zone[1].v, NULL, 0);
	CU_ASSERT_FATAL(size <= sizeof(snapshot));
	message(1, 99);
	lf_write(1, 0, ROUTE + 100, 1, 2);
	lf_pic_write(1, 0x20, 8, 0x1234);
	CU_ASSERT_EQUAL(vloongson_snapshot(lf.zone[1].v, snapshot, sizeof(snapshot)), size);
	vloongson_reset(lf.zone[1].v);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], 0);
	CU_ASSERT_EQUAL(vloongson_restore(lf.zone[1].v, snapshot, size), 0);
	CU_ASSERT_EQUAL(lf.zone[1].lines[0], HWI1);
	CU_ASSERT_EQUAL(lf_read(1, 0, ROUTE + 100, 1), 2);
	CU_ASSERT_EQUAL(lf_pic_read(1, 0x20, 8), 0x1234);
	message(1, 100);
	CU_ASSERT_EQUAL(lf.zone[1].lines[1], HWI1);
	CU_ASSERT_EQUAL(vloongson_restore(lf.zone[1].v, snapshot, size - 1), -EINVAL);
	CU_ASSERT_EQUAL(vloongson_restore(lf.zone[0].v, snapshot, size), -EINVAL);
	snapshot[0] ^= 1;
	CU_ASSERT_EQUAL(vloongson_restore(lf.zone[1].v, snapshot, size), -EINVAL);
}

static void what_cannot_be_made_is_refused(void)
{
	struct vloongson_config c;
	struct vloongson *v;
	uint64_t pages;

	lf_machine(1, one_cpu);
	pages = model_pages_live();
	vloongson_destroy(lf.zone[0].v);
	CU_ASSERT(model_pages_live() < pages);
	vloongson_destroy(NULL);
	memset(&c, 0, sizeof(c));
	CU_ASSERT_EQUAL(vloongson_create(&c, &v), -EINVAL);
	c = (struct vloongson_config){ .zone = &lf.zone[1].zone, .vcpus = 1 };
	CU_ASSERT_EQUAL(vloongson_create(&c, &v), -EINVAL);
	c.ops = &(const struct vloongson_ops){ .set_lines = NULL };
	CU_ASSERT_EQUAL(vloongson_create(&c, &v), -EINVAL);
}

void suite_vloongson(void)
{
	static const struct unit_test tests[] = {
		TEST(a_message_raises_the_line_until_it_is_acknowledged),
		TEST(a_line_stays_high_while_any_vector_of_it_is_pending),
		TEST(groups_go_to_the_lines_their_map_names),
		TEST(an_affinity_change_loses_nothing),
		TEST(cores_4_to_7_have_registers_of_their_own),
		TEST(a_node_map_may_say_otherwise),
		TEST(pending_before_routing_can_be_read),
		TEST(registers_answer_every_width),
		TEST(what_is_not_there_reads_zero),
		TEST(identification_shows_what_the_zone_has),
		TEST(ipis_stay_in_the_zone),
		TEST(mailboxes_take_halves_and_bytes),
		TEST(v4_sends_never_leave_the_zone),
		TEST(v4_a_zones_set_up_is_its_own),
		TEST(foreign_messages_are_dropped),
		TEST(physical_vectors_follow_the_zones_routes),
		TEST(memory_names_the_core_whose_bank_it_is),
		TEST(a_parked_core_is_called_by_its_zone),
		TEST(a_reset_is_one_zones),
		TEST(a_snapshot_brings_everything_back),
		TEST(what_cannot_be_made_is_refused),
	};

	unit_suite("vloongson", tests, ARRAY_SIZE(tests));
}
