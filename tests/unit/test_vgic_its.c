// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual ITS (irq/vgic-v3-its*.c): what kernels do, and what hostile guests do. */
#include "unit.h"

#include "gic.h"
#include "host.h"
#include "vgic-fixture.h"

#include <errno.h>
#include <postern/arch.h>
#include <string.h>

#define DEV 0x0100u

enum { INT = 0x03, CLEAR = 0x04, SYNC = 0x05, INV = 0x0c, MOVALL = 0x0e, DISCARD = 0x0f };

/* A device with events 0..7 on LPIs 8192.., event n to vCPU n mod 3. */
static void device_mapped(void)
{
	vgic_booted();
	mapd(DEV, 3, true);
	for (uint32_t e = 0; e < 8; e++)
		mapti(DEV, e, 8192 + e, e % VCPUS);
	push(SYNC, 0, 0, 0);
	kick(0);
	CU_ASSERT_TRUE(queue_done(0));
	CU_ASSERT_EQUAL(its_stats().errors, 0);
	f.told_count = 0;
}

static void probing_finds_a_usable_its(void)
{
	uint64_t typer;

	vgic_machine();
	typer = read_reg(0, VITS + 8, 8);
	CU_ASSERT_TRUE(typer & 1);
	CU_ASSERT_EQUAL(typer >> 1 & 1, 0);
	CU_ASSERT_EQUAL((typer >> 13 & 31) + 1, 16);
	CU_ASSERT_EQUAL(1u << ((typer >> 8 & 31) + 1), ITS_EVENTS);
	CU_ASSERT_EQUAL(typer >> 19 & 1, 0);
	CU_ASSERT_EQUAL(typer >> 24 & 0xff, 0);
	CU_ASSERT_TRUE(typer >> 36 & 1);
	CU_ASSERT_EQUAL(rd(0, VITS), 1u << 31);
	CU_ASSERT_EQUAL(rd(0, VITS + 8) | (uint64_t)rd(0, VITS + 12) << 32, typer);
}

static void table_registers_keep_what_is_written(void)
{
	/* As kernels do it: 64 KiB pages, two levels, inner shareable, write-back. */
	uint64_t device = 1ull << 63 | 1ull << 62 | 7ull << 59 | 1ull << 56 | 7ull << 48 |
			  0x40100000 | 1u << 10 | 2u << 8;
	uint64_t collection = 1ull << 63 | 7ull << 59 | 4ull << 56 | 7ull << 48 | 0x40110000 |
			      1u << 10 | 2u << 8;

	vgic_machine();
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x100, 8), 1ull << 56 | 7ull << 48);
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x108, 8), 4ull << 56 | 7ull << 48);
	for (unsigned n = 2; n < 8; n++) {
		write_reg(0, VITS + 0x100 + 8 * n, 8, ~0ull);
		CU_ASSERT_EQUAL(read_reg(0, VITS + 0x100 + 8 * n, 8), 0);
	}
	for (unsigned page = 0; page < 4; page++) {
		write_reg(0, VITS + 0x100, 8, page << 8);
		CU_ASSERT_EQUAL(read_reg(0, VITS + 0x100, 8) >> 8 & 3, page == 3 ? 2 : page);
	}
	write_reg(0, VITS + 0x100, 8, device);
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x100, 8), device);
	write_reg(0, VITS + 0x108, 8, collection);
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x108, 8), collection);
	/* Type and entry size are the unit's. */
	write_reg(0, VITS + 0x108, 8, ~0ull);
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x108, 8) >> 48 & 0x71f, 4u << 8 | 7);
	/* The queue register reads back its shareability. */
	write_reg(0, VITS + 0x80, 8, QUEUE | 15 | 1u << 10 | 7ull << 59 | 1ull << 63);
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x80, 8),
			QUEUE | 15 | 1u << 10 | 7ull << 59 | 1ull << 63);
}

static void messages_reach_the_collections_vcpu(void)
{
	device_mapped();
	for (uint32_t e = 0; e < 8; e++) {
		CU_ASSERT_EQUAL(vgic_virq_ops.msi_vcpu(f.vgic, DEV, VITS + 0x10040, e),
				(int)(e % VCPUS));
		CU_ASSERT_EQUAL(msi(DEV, e), ACCESS_DONE);
		for (unsigned v = 0; v < VCPUS; v++)
			CU_ASSERT_EQUAL(take(v), v == e % VCPUS ? 8192 + e : MODEL_SPURIOUS);
	}
	CU_ASSERT_EQUAL(its_stats().messages, 8);
	CU_ASSERT_EQUAL(its_stats().dropped, 0);
}

static void foreign_messages_are_dropped(void)
{
	static const uint64_t addresses[] = { VITS + 0x10044, VITS + 0x10000,
					      VITS + 0x40,    0,
					      0x8090040,      (VITS + 0x10040) | 1ull << 40 };

	device_mapped();
	for (unsigned i = 0; i < ARRAY_SIZE(addresses); i++) {
		CU_ASSERT_EQUAL(vgic_virq_ops.msi(f.vgic, DEV, addresses[i], 0), ACCESS_NONE);
		CU_ASSERT_EQUAL(vgic_virq_ops.msi_vcpu(f.vgic, DEV, addresses[i], 0), -ENOENT);
	}
	CU_ASSERT_EQUAL(msi(DEV, 8), ACCESS_NONE);
	CU_ASSERT_EQUAL(msi(DEV, UINT32_MAX), ACCESS_NONE);
	CU_ASSERT_EQUAL(msi(DEV + 1, 0), ACCESS_NONE);
	CU_ASSERT_EQUAL(its_stats().dropped, ARRAY_SIZE(addresses) + 3);
	for (unsigned v = 0; v < VCPUS; v++)
		CU_ASSERT_EQUAL(take(v), MODEL_SPURIOUS);
	/* A disabled ITS takes none. */
	wr(0, VITS, 0);
	CU_ASSERT_EQUAL(msi(DEV, 0), ACCESS_NONE);
	/* A CPU's own write to the translater is nothing. */
	wr(0, VITS, 1);
	wr(0, VITS + 0x10040, 0);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
}

static void masked_message_waits_for_inv(void)
{
	device_mapped();
	lpi_config(8192, 0xa2);
	command(INV, DEV, 0);
	kick(0);
	CU_ASSERT_EQUAL(msi(DEV, 0), ACCESS_DONE);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	/* Enabled in the table, but the ITS has not been told. */
	lpi_config(8192, 0xa3);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	command(INV, DEV, 0);
	kick(0);
	CU_ASSERT_EQUAL(take(0), 8192);
}

static void inv_on_another_vcpus_loaded_message_takes_it_back(void)
{
	device_mapped();
	msi(DEV, 1);
	enter(1);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(1)), 1);
	lpi_config(8193, 0xa2);
	command(INV, DEV, 1);
	kick(0);
	/* vCPU 1 has not looked yet: the command is not complete. */
	CU_ASSERT_FALSE(queue_done(0));
	enter(1);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(1)), 0);
	CU_ASSERT_TRUE(queue_done(0));
	lpi_config(8193, 0xa3);
	command(INV, DEV, 1);
	kick(0);
	CU_ASSERT_EQUAL(take(1), 8193);
}

static void invall_loads_one_collection(void)
{
	device_mapped();
	memset(f.ram + (LPI_TABLE - VRAM), 0xa2, 16);
	invall(1);
	kick(0);
	for (uint32_t e = 0; e < 3; e++)
		msi(DEV, e);
	CU_ASSERT_EQUAL(take(0), 8192);
	CU_ASSERT_EQUAL(take(1), MODEL_SPURIOUS);
	CU_ASSERT_EQUAL(take(2), 8194);
	memset(f.ram + (LPI_TABLE - VRAM), 0xa3, 16);
	invall(1);
	kick(0);
	CU_ASSERT_EQUAL(take(1), 8193);
}

static void priority_comes_from_the_table(void)
{
	device_mapped();
	lpi_config(8192, 0xb1);
	lpi_config(8195, 0x41);
	command(INV, DEV, 0);
	command(INV, DEV, 3);
	kick(0);
	msi(DEV, 0);
	msi(DEV, 3);
	CU_ASSERT_EQUAL(take(0), 8195);
	CU_ASSERT_EQUAL(take(0), 8192);
}

static void configuration_outside_ram_means_disabled(void)
{
	vgic_booted();
	wr(0, rd_frame(0), 0);
	write_reg(0, rd_frame(0) + 0x70, 8, 0x90000000 | 15);
	wr(0, rd_frame(0), 1);
	mapd(DEV, 3, true);
	mapti(DEV, 0, 8192, 0);
	kick(0);
	CU_ASSERT_EQUAL(msi(DEV, 0), ACCESS_DONE);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
}

static void movi_moves_what_is_pending_and_tells(void)
{
	device_mapped();
	msi(DEV, 0);
	enter(0);
	movi(DEV, 0, 2);
	kick(0);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	CU_ASSERT_EQUAL(take(2), 8192);
	CU_ASSERT_EQUAL(f.told_count, 1);
	CU_ASSERT_EQUAL(f.told[0].device, DEV);
	CU_ASSERT_EQUAL(f.told[0].event, 0);
	CU_ASSERT_EQUAL(vgic_virq_ops.msi_vcpu(f.vgic, DEV, VITS + 0x10040, 0), 2);
}

static void mapti_and_discard_tell(void)
{
	device_mapped();
	command(DISCARD, DEV, 5);
	kick(0);
	CU_ASSERT_EQUAL(f.told_count, 1);
	CU_ASSERT_EQUAL(f.told[0].event, 5);
	CU_ASSERT_EQUAL(msi(DEV, 5), ACCESS_NONE);
	mapti(DEV, 5, 9000, 1);
	kick(0);
	CU_ASSERT_EQUAL(f.told_count, 2);
	msi(DEV, 5);
	CU_ASSERT_EQUAL(take(1), 9000);
}

static void mapc_moves_a_whole_collection(void)
{
	device_mapped();
	msi(DEV, 1);
	mapc(1, 2, true);
	kick(0);
	/* Events 1, 4 and 7. */
	CU_ASSERT_EQUAL(f.told_count, 3);
	CU_ASSERT_EQUAL(f.told[0].event, 1);
	CU_ASSERT_EQUAL(f.told[1].event, 4);
	CU_ASSERT_EQUAL(f.told[2].event, 7);
	CU_ASSERT_EQUAL(take(1), MODEL_SPURIOUS);
	CU_ASSERT_EQUAL(take(2), 8193);
	/* Unmapped: messages to it are dropped. */
	mapc(1, 0, false);
	kick(0);
	CU_ASSERT_EQUAL(msi(DEV, 4), ACCESS_NONE);
}

static void movall_leaves_the_mapping(void)
{
	device_mapped();
	push(MOVALL, 0, 0u << 16, 1u << 16);
	kick(0);
	CU_ASSERT_EQUAL(its_stats().errors, 0);
	msi(DEV, 0);
	CU_ASSERT_EQUAL(take(0), 8192);
}

static void int_and_clear_set_the_pending_state(void)
{
	device_mapped();
	command(INT, DEV, 2);
	kick(0);
	CU_ASSERT_EQUAL(take(2), 8194);
	command(INT, DEV, 2);
	command(CLEAR, DEV, 2);
	kick(0);
	CU_ASSERT_EQUAL(take(2), MODEL_SPURIOUS);
}

static void discarded_message_does_not_arrive(void)
{
	device_mapped();
	msi(DEV, 0);
	enter(0);
	CU_ASSERT_EQUAL(model_lr_valid(pcpu(0)), 1);
	command(DISCARD, DEV, 0);
	kick(0);
	CU_ASSERT_TRUE(queue_done(0));
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	/* The LPI may be another event's now. */
	mapti(DEV, 3, 8192, 0);
	kick(0);
	msi(DEV, 3);
	CU_ASSERT_EQUAL(take(0), 8192);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
}

static void discard_waits_for_another_vcpu(void)
{
	device_mapped();
	msi(DEV, 1);
	enter(1);
	command(DISCARD, DEV, 1);
	mapti(DEV, 1, 8200, 0);
	kick(0);
	CU_ASSERT_FALSE(queue_done(0));
	CU_ASSERT_EQUAL(take(1), MODEL_SPURIOUS);
	CU_ASSERT_TRUE(queue_done(0));
	msi(DEV, 1);
	CU_ASSERT_EQUAL(take(0), 8200);
	CU_ASSERT_EQUAL(its_stats().errors, 0);
}

static void unmapped_device_forgets_its_events(void)
{
	device_mapped();
	for (uint32_t e = 0; e < 3; e++)
		msi(DEV, e);
	mapd(DEV, 3, false);
	kick(0);
	for (unsigned v = 0; v < VCPUS; v++)
		CU_ASSERT_EQUAL(take(v), MODEL_SPURIOUS);
	CU_ASSERT_EQUAL(msi(DEV, 0), ACCESS_NONE);
	/* Its place and its LPIs are free. */
	for (unsigned d = 0; d < ITS_DEVICES; d++)
		mapd(d, 3, true);
	mapti(3, 0, 8192, 0);
	kick(0);
	CU_ASSERT_EQUAL(its_stats().errors, 0);
	msi(3, 0);
	CU_ASSERT_EQUAL(take(0), 8192);
}

static void lpis_need_the_redistributors_enable(void)
{
	device_mapped();
	wr(0, rd_frame(0), 0);
	msi(DEV, 0);
	CU_ASSERT_EQUAL(take(0), MODEL_SPURIOUS);
	wr(0, rd_frame(0), 1);
	CU_ASSERT_EQUAL(take(0), 8192);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void wrong_commands_change_nothing(void)
{
	uint64_t before;

	device_mapped();
	before = its_stats().errors;
	mapd(0x10000, 3, true);                            /* device id too wide */
	mapti(DEV, 8, 8300, 0);                            /* event past the table */
	mapti(DEV, UINT32_MAX, 8300, 0);                   /* */
	mapti(DEV + 1, 0, 8300, 0);                        /* no such device */
	mapti(DEV, 7, 8191, 0);                            /* not an LPI */
	mapti(DEV, 7, 65536, 0);                           /* past the id bits */
	mapti(DEV, 7, 8192, 0);                            /* LPI of event 0 */
	mapti(DEV, 7, 8300, 16);                           /* collection that cannot exist */
	mapti(DEV, 7, 8300, 0xffff);                       /* */
	mapc(16, 0, true);                                 /* */
	mapc(0, VCPUS, true);                              /* no such vCPU */
	push(0x09, 0, 1ull << 63 | 0x7ffffffff0000ull, 0); /* */
	movi(DEV, 8, 0);                                   /* not mapped */
	movi(DEV, 0, 16);                                  /* */
	command(INV, DEV, 8);                              /* */
	command(INT, DEV + 7, 0);                          /* */
	command(CLEAR, DEV, 100);                          /* */
	command(DISCARD, DEV, 8);                          /* */
	invall(15);                                        /* unmapped collection */
	push(SYNC, 0, (uint64_t)VCPUS << 16, 0);           /* */
	push(MOVALL, 0, 0, (uint64_t)VCPUS << 16);         /* */
	push(0x00, 0, 0, 0);                               /* no such command */
	push(0xff, ~0ull, ~0ull, ~0ull);                   /* */
	push(0x0b | (uint64_t)DEV << 32, 3, 0, 0);         /* MAPI: event 3 is no LPI */
	kick(0);
	CU_ASSERT_TRUE(queue_done(0));
	CU_ASSERT_EQUAL(its_stats().errors - before, 24);
	CU_ASSERT_EQUAL(f.told_count, 0);
	for (uint32_t e = 0; e < 8; e++) {
		msi(DEV, e);
		CU_ASSERT_EQUAL(take(e % VCPUS), 8192 + e);
	}
}

static void one_device_too_many_is_refused(void)
{
	vgic_booted();
	for (unsigned d = 0; d <= ITS_DEVICES; d++)
		mapd(d, 2, true);
	mapti(ITS_DEVICES, 0, 8192, 0);
	kick(0);
	CU_ASSERT_EQUAL(its_stats().errors, 2);
	CU_ASSERT_EQUAL(msi(ITS_DEVICES, 0), ACCESS_NONE);
	/* Mapping one of them again needs no new place. */
	mapd(0, 4, true);
	mapti(0, 15, 8192, 0);
	kick(0);
	CU_ASSERT_EQUAL(msi(0, 15), ACCESS_DONE);
}

static void huge_device_is_cut_at_its_place(void)
{
	vgic_booted();
	mapd(DEV, 32, true);
	mapd(DEV, 17, true);
	mapti(DEV, ITS_EVENTS - 1, 8192, 0);
	mapti(DEV, ITS_EVENTS, 8193, 0);
	mapti(DEV, 0xffff, 8194, 0);
	kick(0);
	CU_ASSERT_EQUAL(its_stats().errors, 2);
	CU_ASSERT_EQUAL(msi(DEV, ITS_EVENTS - 1), ACCESS_DONE);
	CU_ASSERT_EQUAL(msi(DEV, ITS_EVENTS), ACCESS_NONE);
}

static void queue_outside_ram_stalls_until_retried(void)
{
	static const gpa_t bases[] = { 0x90000000,    VRAM + VRAM_SIZE,
				       VRAM - 0x1000, 0xffffffffff000,
				       VDIST,         VITS };

	for (unsigned i = 0; i < ARRAY_SIZE(bases); i++) {
		vgic_booted();
		wr(0, VITS, 0);
		write_reg(0, VITS + 0x80, 8, bases[i] | 1ull << 63);
		wr(0, VITS, 1);
		write_reg(0, VITS + 0x88, 8, 0x40);
		CU_ASSERT_EQUAL(read_reg(0, VITS + 0x90, 8), 1);
		/* Retrying does not help a bad queue; it stays alive. */
		write_reg(0, VITS + 0x88, 8, 0x41);
		CU_ASSERT_EQUAL(read_reg(0, VITS + 0x90, 8), 1);
		/* A new one works. */
		wr(0, VITS, 0);
		f.queue_at = 0;
		write_reg(0, VITS + 0x80, 8, QUEUE | 1ull << 63);
		wr(0, VITS, 1);
		mapd(DEV, 3, true);
		mapti(DEV, 0, 8192, 0);
		kick(0);
		CU_ASSERT_TRUE(queue_done(0));
		msi(DEV, 0);
		CU_ASSERT_EQUAL(take(0), 8192);
		model_reset();
	}
	vgic_booted();
}

static void write_pointer_past_the_queue_is_ignored(void)
{
	vgic_booted();
	f.queue_at = 4 * 32;
	write_reg(0, VITS + 0x88, 8, QUEUE_PAGES * 4096);
	write_reg(0, VITS + 0x88, 8, 0xfffe0);
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x88, 8), 6 * 32);
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x90, 8), 6 * 32);
	/* Queue without Valid: nothing is read. */
	wr(0, VITS, 0);
	write_reg(0, VITS + 0x80, 8, QUEUE);
	wr(0, VITS, 1);
	write_reg(0, VITS + 0x88, 8, 0x20);
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x90, 8), 0);
}

static void queue_wraps(void)
{
	device_mapped();
	for (unsigned i = 0; i < 3 * QUEUE_PAGES * 4096 / 32; i++) {
		movi(DEV, 0, i % VCPUS);
		kick(i % VCPUS);
		CU_ASSERT_TRUE(queue_done(0));
	}
	CU_ASSERT_EQUAL(its_stats().errors, 0);
}

/* A queue full of the dearest command takes several accesses, each bounded, and ends. */
static void long_queue_is_worked_off_in_portions(void)
{
	unsigned polls = 0;

	device_mapped();
	for (unsigned i = 0; i < QUEUE_PAGES * 4096 / 32 - 1; i++)
		mapc(3, i % VCPUS, true);
	kick(0);
	while (!queue_done(0) && polls < 1000)
		polls++;
	CU_ASSERT_TRUE(polls > 0);
	CU_ASSERT_TRUE(polls < 100);
	CU_ASSERT_EQUAL(its_stats().errors, 0);
}

static void registers_in_use_are_fixed(void)
{
	uint64_t cbaser, baser;

	device_mapped();
	cbaser = read_reg(0, VITS + 0x80, 8);
	baser = read_reg(0, VITS + 0x100, 8);
	write_reg(0, VITS + 0x80, 8, 0);
	write_reg(0, VITS + 0x100, 8, ~0ull);
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x80, 8), cbaser);
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x100, 8), baser);
}

/*
 * Repeatable random commands: no crash, no vINTID twice in list registers (the model looks), all
 * locks free.
 */
static void random_commands_are_survived(void)
{
	static const uint8_t ops[] = { 0x01, 0x03, 0x04, 0x05, 0x08, 0x09, 0x0a, 0x0a,
				       0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x77 };
	uint32_t seed = 99;

	vgic_booted();
	for (unsigned step = 0; step < 30000; step++) {
		uint64_t w[4];

		for (unsigned i = 0; i < 4; i++) {
			seed = seed * 1664525 + 1013904223;
			w[i] = (uint64_t)seed << 32;
			seed = seed * 1664525 + 1013904223;
			w[i] |= seed;
		}
		/* Mostly near what exists, sometimes anywhere. */
		if (w[3] >> 40 & 7) {
			w[0] = ops[w[3] % sizeof(ops)] | (w[0] >> 32 & 7) << 32;
			w[1] = (w[1] & 0x1f) | (8192 + (w[1] >> 40 & 31)) << 32;
			w[2] = (w[2] & 7) | (w[2] >> 20 & 3) << 16 | (w[2] & 1ull << 63);
			w[3] = (w[3] >> 30 & 3) << 16;
		} else {
			w[0] = (w[0] & ~0xffull) | ops[w[3] % sizeof(ops)];
		}
		push(w[0], w[1], w[2], w[3]);
		if (step % 3 == 0)
			kick(seed >> 9 & 1);
		if (step % 2)
			msi(seed >> 10 & 7, seed >> 14 & 31);
		if (step % 5 == 0)
			take((seed >> 20) % VCPUS);
		if (step % 100 == 0)
			for (unsigned v = 0; v < VCPUS; v++)
				settle(v);
	}
	CU_ASSERT_EQUAL(model_locks_held(), 0);
	CU_ASSERT_TRUE(its_stats().commands > 10000);
	/* And a reset brings a machine that works. */
	vgic_reset(f.vgic);
	CU_ASSERT_EQUAL(msi(0, 0), ACCESS_NONE);
}

static void restart_forgets_the_its(void)
{
	device_mapped();
	msi(DEV, 0);
	enter(0);
	msi(DEV, 1);
	vgic_reset(f.vgic);
	for (unsigned v = 0; v < VCPUS; v++) {
		model_set_cpu(pcpu(v));
		vgic_vcpu_reset(f.vgic, v);
		CU_ASSERT_EQUAL(take(v), MODEL_SPURIOUS);
	}
	CU_ASSERT_EQUAL(msi(DEV, 0), ACCESS_NONE);
	CU_ASSERT_EQUAL(rd(0, VITS), 1u << 31);
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x80, 8), 0);
	CU_ASSERT_EQUAL(read_reg(0, VITS + 0x90, 8), 0);
	CU_ASSERT_EQUAL(rd(0, rd_frame(1)) & 1, 0);
}

void suite_vgic_its(void)
{
	static const struct unit_test tests[] = {
		TEST(probing_finds_a_usable_its),
		TEST(table_registers_keep_what_is_written),
		TEST(messages_reach_the_collections_vcpu),
		TEST(foreign_messages_are_dropped),
		TEST(masked_message_waits_for_inv),
		TEST(inv_on_another_vcpus_loaded_message_takes_it_back),
		TEST(invall_loads_one_collection),
		TEST(priority_comes_from_the_table),
		TEST(configuration_outside_ram_means_disabled),
		TEST(movi_moves_what_is_pending_and_tells),
		TEST(mapti_and_discard_tell),
		TEST(mapc_moves_a_whole_collection),
		TEST(movall_leaves_the_mapping),
		TEST(int_and_clear_set_the_pending_state),
		TEST(discarded_message_does_not_arrive),
		TEST(discard_waits_for_another_vcpu),
		TEST(unmapped_device_forgets_its_events),
		TEST(lpis_need_the_redistributors_enable),
		TEST(wrong_commands_change_nothing),
		TEST(one_device_too_many_is_refused),
		TEST(huge_device_is_cut_at_its_place),
		TEST(queue_outside_ram_stalls_until_retried),
		TEST(write_pointer_past_the_queue_is_ignored),
		TEST(queue_wraps),
		TEST(long_queue_is_worked_off_in_portions),
		TEST(registers_in_use_are_fixed),
		TEST(random_commands_are_survived),
		TEST(restart_forgets_the_its),
	};

	unit_suite("vgic_its", tests, ARRAY_SIZE(tests));
}
