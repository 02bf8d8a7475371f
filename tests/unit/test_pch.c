// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What feeds the EIOINTC, and what stands beside it, on the modelled hardware: PCH-PIC inputs, PCH-MSI
 * messages, LIOINTC sources, inter-processor interrupts.
 */
#include "unit.h"

#include "host.h"
#include "loongson-irq.h"

#include <errno.h>
#include <irq/eiointc.h>
#include <irq/liointc.h>
#include <irq/loongson-ipi.h>
#include <irq/pch-msi.h>
#include <irq/pch-pic.h>
#include <postern/arch.h>
#include <postern/zone.h>
#include <string.h>

#define HWI0     1u
#define HWI1     2u
#define PIC      ((hpa_t)0x10000000)
#define GSI      64u
#define COM1     (GSI + 8)
#define DOORBELL ((hpa_t)0x2ff00000)

static struct {
	unsigned cpus;
	struct msi_unit unit;
	struct msi_vector v[64];
	uint32_t got[64];
	unsigned got_cpu[64], count;
} t;

static void note(uint32_t what)
{
	t.got_cpu[t.count % 64] = arch_cpu_index();
	t.got[t.count++ % 64] = what;
}

static void line(void *context, uint32_t gsi)
{
	(void)context;
	note(gsi);
}

static void source(void *context, unsigned n)
{
	(void)context;
	note(n);
}

static void message(struct msi_vector *v)
{
	note(v->hwirq);
}

static void machine(unsigned cpus, bool emulator)
{
	const struct model_loongson_irq_config config = {
		.cpus = cpus, .pch_pic = PIC, .inputs = emulator ? 32 : 64, .emulator = emulator
	};
	const struct loongson_intc_info info = {
		.vectors = 256,
		.eio_pin = 1,
		.lio_pin = 0,
		.pch_pics = { { .base = PIC, .size = 0x1000, .gsi_base = GSI } },
		.pch_pic_count = 1,
	};
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
		loongson_ipi_cpu_init();
		eiointc_cpu_init();
	}
	model_set_cpu(0);
	if (!emulator)
		CU_ASSERT_EQUAL(liointc_init(&info, cpu, cpus), 0);
	t.unit.base = DOORBELL;
	t.unit.size = 8;
	t.unit.first = emulator ? 32 : 64;
	t.unit.count = 256 - t.unit.first;
	CU_ASSERT_EQUAL(pch_msi_init(&t.unit), 0);
	CU_ASSERT_EQUAL(pch_pic_init(&info, t.unit.first), 0);
	model_eio_changes_clear();
	model_irq_writes_clear();
}

static unsigned serve(void)
{
	unsigned served = 0;

	for (unsigned i = 0; i < t.cpus; i++) {
		model_set_cpu(i);
		while (model_cpu_lines(i) & HWI1 && served < 10)
			served += eiointc_handle();
		if (model_cpu_lines(i) & HWI0)
			served += liointc_handle();
	}
	model_set_cpu(0);
	return served;
}

static void inputs_are_masked_until_claimed_and_unmasked(void)
{
	machine(2, false);
	for (unsigned i = 0; i < 64; i++)
		CU_ASSERT_TRUE(model_pch_masked(i));
	CU_ASSERT_TRUE(pch_pic_has(GSI + 63));
	CU_ASSERT_FALSE(pch_pic_has(GSI + 64));
	CU_ASSERT_FALSE(pch_pic_has(GSI - 1));
	pch_pic_unmask(COM1);
	CU_ASSERT_TRUE(model_pch_masked(8));
	CU_ASSERT_EQUAL(pch_pic_claim(COM1, NULL, 1, PCH_PIC_LEVEL_HIGH, line, NULL), 0);
	CU_ASSERT_TRUE(model_pch_masked(8));
	CU_ASSERT_EQUAL(pch_pic_claim(COM1, NULL, 0, PCH_PIC_LEVEL_HIGH, line, NULL), -EBUSY);
	pch_pic_unmask(COM1);
	CU_ASSERT_FALSE(model_pch_masked(8));
	CU_ASSERT_TRUE(model_pch_masked(7));
	CU_ASSERT_EQUAL(model_pch_vector(8), 8);
}

static void a_level_is_silent_until_its_owner_is_done(void)
{
	machine(2, false);
	pch_pic_claim(COM1, NULL, 1, PCH_PIC_LEVEL_HIGH, line, NULL);
	pch_pic_unmask(COM1);
	model_pch_line(8, true);
	CU_ASSERT_EQUAL(serve(), 1);
	CU_ASSERT_EQUAL(t.got[0], COM1);
	CU_ASSERT_EQUAL(t.got_cpu[0], 1);
	CU_ASSERT_TRUE(model_pch_masked(8));
	CU_ASSERT_EQUAL(serve(), 0);
	/* Still asserted: it comes back. */
	pch_pic_unmask(COM1);
	CU_ASSERT_EQUAL(serve(), 1);
	model_pch_line(8, false);
	pch_pic_unmask(COM1);
	CU_ASSERT_EQUAL(serve(), 0);
	model_pch_line(8, true);
	CU_ASSERT_EQUAL(serve(), 1);
}

/* It was on its way when its owner masked it: nobody hears of it until the mask is lifted. */
static void a_level_that_was_masked_meanwhile_waits(void)
{
	machine(2, false);
	pch_pic_claim(COM1, NULL, 1, PCH_PIC_LEVEL_HIGH, line, NULL);
	pch_pic_unmask(COM1);
	model_pch_line(8, true);
	pch_pic_mask(COM1);
	serve();
	CU_ASSERT_EQUAL(t.count, 0);
	pch_pic_unmask(COM1);
	serve();
	CU_ASSERT_EQUAL(t.count, 1);
}

static void a_low_level_is_a_level(void)
{
	machine(2, false);
	model_pch_line(20, true);
	pch_pic_claim(GSI + 20, NULL, 0, PCH_PIC_LEVEL_LOW, line, NULL);
	pch_pic_unmask(GSI + 20);
	model_pch_line(20, true);
	t.count = 0;
	serve();
	CU_ASSERT_EQUAL(t.count, 0);
	model_pch_line(20, false);
	CU_ASSERT_EQUAL(serve(), 1);
}

static void an_edge_latched_while_masked_counts(void)
{
	machine(2, false);
	pch_pic_claim(GSI + 40, NULL, 1, PCH_PIC_EDGE_RISING, line, NULL);
	model_pch_line(40, true);
	model_pch_line(40, false);
	CU_ASSERT_EQUAL(serve(), 0);
	pch_pic_unmask(GSI + 40);
	CU_ASSERT_EQUAL(serve(), 1);
	CU_ASSERT_FALSE(model_pch_masked(40));
	model_pch_line(40, true);
	CU_ASSERT_EQUAL(serve(), 1);
	model_pch_line(40, false);
	pch_pic_mask(GSI + 40);
	pch_pic_unmask(GSI + 40);
	CU_ASSERT_EQUAL(serve(), 0);
}

static void a_released_input_says_nothing(void)
{
	const struct zone *owner;
	static struct zone z;

	machine(4, false);
	z.cpu_count = 1;
	z.cpus[0] = 3;
	CU_ASSERT_EQUAL(pch_pic_claim(COM1, &z, 0, PCH_PIC_LEVEL_HIGH, line, NULL), -EINVAL);
	CU_ASSERT_EQUAL(pch_pic_claim(COM1, &z, 3, PCH_PIC_LEVEL_HIGH, line, NULL), 0);
	CU_ASSERT_TRUE(pch_pic_owner(COM1, &owner));
	CU_ASSERT_PTR_EQUAL(owner, &z);
	CU_ASSERT_EQUAL(pch_pic_target(COM1, 1), -EINVAL);
	pch_pic_unmask(COM1);
	model_pch_line(8, true);
	CU_ASSERT_EQUAL(pch_pic_release(COM1), 0);
	CU_ASSERT_TRUE(model_pch_masked(8));
	CU_ASSERT_FALSE(model_eio_enabled(0, 8));
	CU_ASSERT_FALSE(model_eio_pending(3, 8));
	CU_ASSERT_EQUAL(serve(), 0);
	pch_pic_unmask(COM1);
	CU_ASSERT_TRUE(model_pch_masked(8));
	CU_ASSERT_FALSE(pch_pic_owner(COM1, &owner));
	CU_ASSERT_EQUAL(pch_pic_release(COM1), -EINVAL);
	for (unsigned v = 0; v < 256; v++)
		if (v != 8)
			CU_ASSERT_EQUAL(model_eio_changed(v), 0);
}

static void an_input_follows_its_zone(void)
{
	machine(8, false);
	pch_pic_claim(COM1, NULL, 0, PCH_PIC_LEVEL_HIGH, line, NULL);
	CU_ASSERT_EQUAL(pch_pic_target(COM1, 6), 0);
	pch_pic_unmask(COM1);
	model_pch_line(8, true);
	CU_ASSERT_EQUAL(serve(), 1);
	CU_ASSERT_EQUAL(t.got_cpu[0], 6);
}

/* Inputs beyond the vectors that are left get others; when none is left, that is said. */
static void inputs_share_what_vectors_there_are(void)
{
	machine(1, true);
	CU_ASSERT_EQUAL(eiointc_claim(3, 1, 0, 0, NULL, source, NULL), 3);
	CU_ASSERT_EQUAL(pch_pic_claim(GSI + 3, NULL, 0, PCH_PIC_LEVEL_HIGH, line, NULL), 0);
	CU_ASSERT_EQUAL(model_pch_vector(3), 0);
	for (unsigned i = 4; i < 32; i++)
		CU_ASSERT_EQUAL(pch_pic_claim(GSI + i, NULL, 0, PCH_PIC_LEVEL_HIGH, line, NULL), 0);
	CU_ASSERT_EQUAL(pch_pic_claim(GSI + 0, NULL, 0, PCH_PIC_LEVEL_HIGH, line, NULL), 0);
	CU_ASSERT_EQUAL(pch_pic_claim(GSI + 1, NULL, 0, PCH_PIC_LEVEL_HIGH, line, NULL), 0);
	CU_ASSERT_EQUAL(pch_pic_claim(GSI + 2, NULL, 0, PCH_PIC_LEVEL_HIGH, line, NULL), -ENOSPC);
	/* One bit of the mask changes at a time: an emulator that looks at one sees each. */
	for (unsigned i = 3; i < 32; i++) {
		pch_pic_unmask(GSI + i);
		model_pch_line(i, true);
		CU_ASSERT_EQUAL(serve(), 1);
	}
}

static void no_pic_is_refused(void)
{
	struct loongson_intc_info info = { .pch_pic_count = 0 };

	machine(1, false);
	CU_ASSERT_EQUAL(pch_pic_init(&info, 64), -ENODEV);
	CU_ASSERT_FALSE(pch_pic_has(COM1));
	info.pch_pic_count = MAX_PCH_PICS + 1;
	CU_ASSERT_EQUAL(pch_pic_init(&info, 64), -EINVAL);
}

/* Registers that are no more than memory. */
static uint8_t plain[0x400];

static uint64_t plain_read(void *ctx, uint64_t offset, unsigned size)
{
	uint64_t value = 0;

	(void)ctx;
	memcpy(&value, &plain[offset], size);
	return value;
}

static void plain_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	(void)ctx;
	memcpy(&plain[offset], &value, size);
}

static const struct model_mmio_ops plain_ops = { plain_read, plain_write };

static int init_with_second(struct loongson_intc_info *info)
{
	info->pch_pics[0] = (struct pch_pic_info){ .base = PIC, .gsi_base = GSI };
	info->pch_pics[1] = (struct pch_pic_info){ .base = PIC + 0x1000000, .gsi_base = GSI + 64 };
	info->pch_pic_count = 2;
	return pch_pic_init(info, 64);
}

static void a_second_pic_has_numbers_and_vectors_of_its_own(void)
{
	struct loongson_intc_info info = { .vectors = 256 };

	machine(1, false);
	memset(plain, 0, sizeof(plain));
	plain[3] = 7;
	plain[6] = 15;
	model_mmio_add(PIC + 0x1000000, sizeof(plain), &plain_ops, NULL);
	CU_ASSERT_EQUAL(init_with_second(&info), 0);
	CU_ASSERT_TRUE(pch_pic_has(GSI + 64 + 15));
	CU_ASSERT_FALSE(pch_pic_has(GSI + 64 + 16));
	CU_ASSERT_EQUAL(pch_pic_claim(COM1, NULL, 0, PCH_PIC_LEVEL_HIGH, line, NULL), 0);
	CU_ASSERT_EQUAL(pch_pic_claim(COM1 + 64, NULL, 0, PCH_PIC_EDGE_FALLING, line, NULL), 0);
	CU_ASSERT_EQUAL(model_pch_vector(8), 8);
	CU_ASSERT_EQUAL(plain[0x208], 0);
	CU_ASSERT_EQUAL(plain[0x61], 1);
	CU_ASSERT_EQUAL(plain[0x3e1], 1);
	CU_ASSERT_EQUAL(plain[0x21], 0xff);
	pch_pic_unmask(COM1 + 64);
	CU_ASSERT_EQUAL(plain[0x21], 0xfe);
	CU_ASSERT_TRUE(model_pch_masked(8));
	model_msi_write(0);
	CU_ASSERT_EQUAL(serve(), 1);
	CU_ASSERT_EQUAL(t.got[0], COM1 + 64);
}

static void what_is_no_pic_is_refused(void)
{
	struct loongson_intc_info info = { .vectors = 256 };

	machine(1, false);
	memset(plain, 0xff, sizeof(plain));
	model_mmio_add(PIC + 0x1000000, sizeof(plain), &plain_ops, NULL);
	CU_ASSERT_EQUAL(init_with_second(&info), -ENODEV);
	CU_ASSERT_TRUE(model_log_contains("nothing like one at 0x11000000"));
	CU_ASSERT_FALSE(pch_pic_has(COM1));
	/* An id nobody has seen is said and tried. */
	memset(plain, 0, sizeof(plain));
	CU_ASSERT_EQUAL(init_with_second(&info), 0);
	CU_ASSERT_TRUE(model_log_contains("unknown id 0x00000000"));
}

static struct msi_vector *vectors(unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		t.v[i].handler = message;
	return &t.v[first];
}

static void messages_are_vectors_of_the_units_range(void)
{
	const struct msi_unit_ops *ops = &pch_msi_ops;
	struct msi_message m;
	hpa_t base;
	uint64_t size;

	machine(4, true);
	CU_ASSERT_EQUAL(ops->vectors_alloc(&t.unit, 0x100, vectors(0, 5), 5, 2), 0);
	for (unsigned i = 0; i < 5; i++) {
		ops->message(&t.v[i], &m);
		CU_ASSERT_EQUAL(m.address, DOORBELL);
		CU_ASSERT_EQUAL(m.data, 32 + i);
		CU_ASSERT_EQUAL(t.v[i].index, i);
		model_msi_write(m.data);
		CU_ASSERT_EQUAL(serve(), 1);
		CU_ASSERT_EQUAL(t.got_cpu[i], 2);
		CU_ASSERT_EQUAL(t.v[i].fired, 1);
	}
	ops->doorbell(&t.unit, &base, &size);
	CU_ASSERT_EQUAL(base, DOORBELL);
	CU_ASSERT_EQUAL(size, PAGE_SIZE);
	CU_ASSERT_EQUAL(ops->vector_target(&t.v[1], 3), 0);
	CU_ASSERT_EQUAL(t.v[1].cpu, 3);
	model_msi_write(33);
	CU_ASSERT_EQUAL(serve(), 1);
	CU_ASSERT_EQUAL(t.got_cpu[5], 3);
	CU_ASSERT_EQUAL(ops->vectors_free(&t.unit, 0x100, t.v, 5), 0);
	for (unsigned i = 0; i < 5; i++)
		model_msi_write(32 + i);
	CU_ASSERT_EQUAL(serve(), 0);
}

static void all_or_none_of_a_devices_vectors(void)
{
	const struct msi_unit_ops *ops = &pch_msi_ops;

	machine(1, false);
	t.unit.count = 8;
	CU_ASSERT_EQUAL(pch_msi_init(&t.unit), 0);
	CU_ASSERT_EQUAL(ops->vectors_alloc(&t.unit, 1, vectors(0, 5), 5, 0), 0);
	CU_ASSERT_EQUAL(ops->vectors_alloc(&t.unit, 1, vectors(5, 1), 1, 0), -EBUSY);
	model_eio_changes_clear();
	CU_ASSERT_EQUAL(ops->vectors_alloc(&t.unit, 2, vectors(5, 4), 4, 0), -ENOSPC);
	for (unsigned v = 64; v < 69; v++)
		CU_ASSERT_EQUAL(model_eio_changed(v), 0);
	for (unsigned v = 69; v < 72; v++)
		CU_ASSERT_FALSE(model_eio_enabled(0, v));
	CU_ASSERT_EQUAL(ops->vectors_alloc(&t.unit, 2, vectors(5, 9), 9, 0), -ENOSPC);
	CU_ASSERT_EQUAL(ops->vectors_alloc(&t.unit, 2, vectors(5, 0), 0, 0), -EINVAL);
	CU_ASSERT_EQUAL(ops->vectors_alloc(&t.unit, 2, vectors(5, 1), 1, 1), -EINVAL);
	CU_ASSERT_EQUAL(ops->vectors_alloc(&t.unit, 2, vectors(5, 3), 3, 0), 0);
	CU_ASSERT_EQUAL(ops->vectors_free(&t.unit, 3, &t.v[5], 3), -EINVAL);
	CU_ASSERT_EQUAL(ops->vectors_free(&t.unit, 2, &t.v[5], 3), 0);
	CU_ASSERT_EQUAL(ops->vectors_free(&t.unit, 1, &t.v[0], 5), 0);
	CU_ASSERT_EQUAL(ops->vectors_alloc(&t.unit, 1, vectors(0, 8), 8, 0), 0);
}

static void a_doorbell_beyond_the_eiointc_is_refused(void)
{
	machine(1, false);
	t.unit.first = 200;
	t.unit.count = 57;
	CU_ASSERT_EQUAL(pch_msi_init(&t.unit), -EINVAL);
	t.unit.first = 256;
	t.unit.count = 1;
	CU_ASSERT_EQUAL(pch_msi_init(&t.unit), -EINVAL);
	t.unit.first = 64;
	t.unit.count = 0;
	CU_ASSERT_EQUAL(pch_msi_init(&t.unit), -EINVAL);
}

static void liointc_sources_are_silent_until_served(void)
{
	machine(8, false);
	CU_ASSERT_EQUAL(liointc_claim(10, NULL, 4, source, NULL), -EINVAL);
	CU_ASSERT_EQUAL(liointc_claim(32, NULL, 0, source, NULL), -EINVAL);
	CU_ASSERT_EQUAL(liointc_claim(10, NULL, 2, source, NULL), 0);
	CU_ASSERT_EQUAL(liointc_claim(10, NULL, 2, source, NULL), -EBUSY);
	model_lio_line(10, true);
	CU_ASSERT_EQUAL(serve(), 0);
	liointc_unmask(10);
	CU_ASSERT_EQUAL(model_cpu_lines(2), HWI0);
	CU_ASSERT_EQUAL(serve(), 1);
	CU_ASSERT_EQUAL(t.got[0], 10);
	CU_ASSERT_EQUAL(t.got_cpu[0], 2);
	CU_ASSERT_EQUAL(serve(), 0);
	liointc_unmask(10);
	CU_ASSERT_EQUAL(serve(), 1);
	liointc_unmask(10);
	liointc_release(10);
	CU_ASSERT_FALSE(model_lio_enabled(10));
	CU_ASSERT_EQUAL(serve(), 0);
}

static void a_source_is_its_owners(void)
{
	struct loongson_intc_info info = { .lio_pin = 4 };
	struct cpu_info cpu = { .hw_id = 0 };
	static struct zone z;

	machine(4, false);
	z.cpu_count = 1;
	z.cpus[0] = 3;
	CU_ASSERT_EQUAL(liointc_pin(), 0);
	CU_ASSERT_EQUAL(liointc_claim(12, &z, 0, source, NULL), -EINVAL);
	CU_ASSERT_EQUAL(liointc_claim(12, &z, 3, source, NULL), 0);
	liointc_unmask(12);
	CU_ASSERT_TRUE(model_lio_enabled(12));
	CU_ASSERT_FALSE(model_lio_enabled(13));
	liointc_mask(12);
	CU_ASSERT_FALSE(model_lio_enabled(12));
	liointc_unmask(13);
	CU_ASSERT_FALSE(model_lio_enabled(13));
	CU_ASSERT_EQUAL(liointc_init(&info, &cpu, 1), -EINVAL);
}

static void cores_no_register_can_name_are_refused(void)
{
	struct cpu_info cpu = { .hw_id = 1024 };

	CU_ASSERT_EQUAL(loongson_ipi_init(&cpu, 1), -EINVAL);
	CU_ASSERT_EQUAL(loongson_ipi_init(&cpu, 0), -EINVAL);
	CU_ASSERT_EQUAL(loongson_ipi_init(&cpu, MAX_CPUS + 1), -EINVAL);
}

static void an_ipi_reaches_one_core_and_is_taken_once(void)
{
	machine(8, false);
	CU_ASSERT_EQUAL(loongson_ipi_send(6, 3), 0);
	CU_ASSERT_EQUAL(loongson_ipi_send(6, 31), 0);
	CU_ASSERT_EQUAL(loongson_ipi_send(8, 3), -EINVAL);
	CU_ASSERT_EQUAL(loongson_ipi_send(6, 32), -EINVAL);
	for (unsigned i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(model_cpu_lines(i), i == 6 ? 1u << MODEL_LINE_IPI : 0);
	model_set_cpu(6);
	CU_ASSERT_EQUAL(loongson_ipi_take(), 1u << 31 | 1u << 3);
	CU_ASSERT_EQUAL(loongson_ipi_take(), 0);
	CU_ASSERT_EQUAL(model_cpu_lines(6), 0);
}

static bool woken(unsigned cpu)
{
	return model_ipi_status(cpu) & 1;
}

static bool never(unsigned cpu)
{
	(void)cpu;
	return false;
}

static void a_core_that_was_not_listening_is_called_again(void)
{
	const uint64_t entry = 0x9000000001234568;

	machine(4, false);
	model_deaf_until(3, host_time_ns() + 120000000);
	CU_ASSERT_EQUAL(loongson_ipi_start_cpu(3, entry, woken, 1000), 0);
	CU_ASSERT_EQUAL(model_mailbox(3, 0), entry);
	CU_ASSERT_EQUAL(loongson_ipi_start_cpu(2, entry, never, 200), -ETIMEDOUT);
	CU_ASSERT_EQUAL(loongson_ipi_start_cpu(4, entry, woken, 200), -EINVAL);
}

void suite_pch(void)
{
	static const struct unit_test tests[] = {
		TEST(inputs_are_masked_until_claimed_and_unmasked),
		TEST(a_level_is_silent_until_its_owner_is_done),
		TEST(a_level_that_was_masked_meanwhile_waits),
		TEST(a_low_level_is_a_level),
		TEST(an_edge_latched_while_masked_counts),
		TEST(a_released_input_says_nothing),
		TEST(an_input_follows_its_zone),
		TEST(inputs_share_what_vectors_there_are),
		TEST(no_pic_is_refused),
		TEST(a_second_pic_has_numbers_and_vectors_of_its_own),
		TEST(what_is_no_pic_is_refused),
		TEST(messages_are_vectors_of_the_units_range),
		TEST(all_or_none_of_a_devices_vectors),
		TEST(a_doorbell_beyond_the_eiointc_is_refused),
		TEST(liointc_sources_are_silent_until_served),
		TEST(a_source_is_its_owners),
		TEST(cores_no_register_can_name_are_refused),
		TEST(an_ipi_reaches_one_core_and_is_taken_once),
		TEST(a_core_that_was_not_listening_is_called_again),
	};

	unit_suite("pch", tests, ARRAY_SIZE(tests));
}
