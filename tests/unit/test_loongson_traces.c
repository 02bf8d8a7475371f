// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a board saw of two Linux zones, replayed by two zones at once: tests/fixtures/traces/README.md.
 * On the board a zone's set-up of its interrupt controllers took the other zone's interrupts away;
 * here neither changes one physical enable, bounce bit or route.
 */
#include "unit.h"

#include "host.h"
#include "loongson-irq.h"
#include "vloongson-fixture.h"

#include <inttypes.h>
#include <irq/pch-pic.h>
#include <stdio.h>
#include <string.h>

#define TRACES  "tests/fixtures/traces/3a6000-"
#define ROWS    256u
#define ROOT    0u
#define NONROOT 1u
#define HWI1    VLOONGSON_HWI(1)
#define COM1    8u  /* PCH-PIC input, and the vector Linux gave it */
#define NVME    64u /* vector of the zones' first message, from the recordings */

/* 0x0008: node count, MSI, EIOINTC, IPI, EIO decode, flat mode. */
#define FEATURES_COMPARED 0x61eu
/* 0x0420: bit 9 differs between the recordings. */
#define MISC_COMPARED     (~(uint64_t)0x200)

struct row {
	uint32_t offset;
	unsigned size;
	bool write;
	uint64_t value;
};

struct trace {
	struct row row[ROWS];
	unsigned rows, next, reads;
	bool key_down; /* COM1's receive buffer holds a character */
};

static void load(struct trace *t, const char *name)
{
	char path[128], line[256], dir;
	FILE *f;

	memset(t, 0, sizeof(*t));
	snprintf(path, sizeof(path), TRACES "%s.csv", name);
	f = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	while (fgets(line, sizeof(line), f)) {
		struct row *r = &t->row[t->rows];

		if (*line == '#' || strncmp(line, "offset", 6) == 0)
			continue;
		CU_ASSERT_FATAL(t->rows < ROWS);
		CU_ASSERT_EQUAL_FATAL(sscanf(line, "%" SCNx32 ",%u,%c,%" SCNx64, &r->offset,
					     &r->size, &dir, &r->value),
				      4);
		r->write = dir == 'W';
		t->rows++;
	}
	fclose(f);
	CU_ASSERT_FATAL(t->rows > 0);
}

static void mask_com1(bool masked)
{
	uint64_t bits = lf_pic_read(ROOT, 0x20, 4), bit = 1u << COM1;

	lf_pic_write(ROOT, 0x20, 4, masked ? bits | bit : bits & ~bit);
}

/* A key goes down; its interrupt reaches the root zone's CPU or it does not. */
static void press_key(struct trace *t)
{
	t->key_down = true;
	model_pch_line(COM1, true);
	lf_serve();
}

/* What Linux does at the PCH-PIC and the UART after it has acknowledged: mask, read it empty, unmask. */
static void handle_key(struct trace *t)
{
	if (!t->key_down)
		return;
	mask_com1(true);
	lf_serve();
	t->key_down = false;
	model_pch_line(COM1, false);
	mask_com1(false);
	lf_serve();
}

static void compare(const struct row *r, uint64_t got)
{
	uint64_t compared = ~(uint64_t)0;

	if (r->offset == 0x8)
		compared = FEATURES_COMPARED;
	else if (r->offset == 0x420)
		compared = MISC_COMPARED;
	if ((got ^ r->value) & compared)
		model_fail("trace: 0x%x reads 0x%llx, on the board 0x%llx", r->offset,
			   (unsigned long long)got, (unsigned long long)r->value);
}

static bool is_core_isr(const struct row *r)
{
	return r->offset >= 0x1800 && r->offset < 0x1820;
}

/* One row of a zone whose only CPU is its vCPU 0. False: the recording is over. */
static bool step(unsigned zone, struct trace *t)
{
	const struct row *r = &t->row[t->next];

	if (t->next == t->rows)
		return false;
	t->next++;
	if (r->write) {
		lf_write(zone, 0, r->offset, r->size, r->value);
		/* A physical CPU takes what is pending before it enters its zone again. */
		lf_serve();
		return true;
	}
	if (r->offset == 0x1800 && r->value) {
		CU_ASSERT_EQUAL(lf.zone[zone].lines[0] & HWI1, 0);
		press_key(t);
		CU_ASSERT_EQUAL(lf.zone[zone].lines[0] & HWI1, HWI1);
	}
	compare(r, lf_read(zone, 0, r->offset, r->size));
	t->reads++;
	/* The last word looked at: now Linux calls the handlers of what it found. */
	if (is_core_isr(r) && (r->offset == 0x1818 || t->next == t->rows || !is_core_isr(r + 1)))
		handle_key(t);
	return true;
}

/* Nobody's enable, bounce bit or route; the physical PCH-PIC's mask and acknowledgements are all. */
static void assert_machine_untouched(void)
{
	const struct model_irq_write *w;
	unsigned writes;

	for (unsigned v = 0; v < 256; v++)
		if (model_eio_changed(v))
			model_fail("a zone's boot changed physical vector %u", v);
	w = model_irq_writes(&writes);
	for (unsigned i = 0; i < writes; i++) {
		bool mask = w[i].pch_pic && (w[i].offset == 0x20 || w[i].offset == 0x24);
		bool ack = !w[i].pch_pic && w[i].offset >= 0x1800 && w[i].offset < 0x1820;

		if (!mask && !ack)
			model_fail("a zone's boot wrote 0x%llx to physical 0x%x",
				   (unsigned long long)w[i].value, w[i].offset);
	}
}

static void root_owns_com1(void)
{
	CU_ASSERT_EQUAL_FATAL(
		vloongson_link_input(lf.zone[ROOT].v, COM1, LF_GSI(COM1), PCH_PIC_LEVEL_HIGH), 0);
	mask_com1(false);
}

/* Root on CPU 0, the other zone on CPU 2, as on the board; each with COM1 or a drive of its own. */
static void board(void)
{
	static const uint16_t cpu[] = { 2 };

	lf_machine(1, cpu);
	root_owns_com1();
	lf_assign(ROOT, 0x100, 8, NVME);
	lf_assign(NONROOT, 0x500, 8, NVME);
	model_eio_changes_clear();
	model_irq_writes_clear();
}

/* `root` rows of root's for `nonroot` rows of the other's, until both are over. */
static void replay(struct trace *t, unsigned root, unsigned nonroot)
{
	bool more = true;

	while (more) {
		more = false;
		for (unsigned i = 0; i < root; i++)
			more |= step(ROOT, &t[ROOT]);
		for (unsigned i = 0; i < nonroot; i++)
			more |= step(NONROOT, &t[NONROOT]);
	}
}

static void drive_interrupts(unsigned zone, unsigned cpu)
{
	struct lf_zone *z = &lf.zone[zone], *other = &lf.zone[!zone];

	for (unsigned n = 0; n < 8; n++) {
		uint32_t quiet = other->lines[0];

		lf_device_sends(zone, n);
		CU_ASSERT_EQUAL(z->arrived[n], 1);
		CU_ASSERT_EQUAL(z->arrived_cpu[n], cpu);
		CU_ASSERT_EQUAL(z->lines[0] & HWI1, HWI1);
		CU_ASSERT_EQUAL(lf_isr(zone, 0, 1), (uint64_t)1 << n);
		CU_ASSERT_EQUAL(other->lines[0], quiet);
		CU_ASSERT_EQUAL(lf_acknowledge(zone, 0), 1);
		CU_ASSERT_EQUAL(z->lines[0] & HWI1, 0);
	}
}

static void both_boots(unsigned root, unsigned nonroot)
{
	static struct trace t[2], key;

	board();
	load(&t[ROOT], "root-boot");
	load(&t[NONROOT], "nonroot-boot");
	replay(t, root, nonroot);
	CU_ASSERT_EQUAL(t[ROOT].rows, 182);
	CU_ASSERT_EQUAL(t[NONROOT].rows, 156);
	CU_ASSERT_EQUAL(t[ROOT].reads, 4 + 18);
	CU_ASSERT_EQUAL(t[NONROOT].reads, 1);
	assert_machine_untouched();
	/* The other zone's own call to itself, its last row: IRQ_WORK. */
	CU_ASSERT_EQUAL(lf_read(NONROOT, 0, 0x1000, 4), 1 << 3);
	for (unsigned i = 0; i < LF_CPUS; i++)
		CU_ASSERT_EQUAL(model_ipi_status(i), 0);
	/* After both have set their controllers up, COM1 is still root's, and live. */
	load(&key, "com1-keypress");
	while (step(ROOT, &key))
		;
	CU_ASSERT_EQUAL(key.rows, 20);
	CU_ASSERT_EQUAL(key.reads, 16);
	CU_ASSERT_EQUAL(lf_isr(NONROOT, 0, 0), 0);
	CU_ASSERT_FALSE(model_pch_masked(COM1));
	drive_interrupts(ROOT, 0);
	drive_interrupts(NONROOT, 2);
	assert_machine_untouched();
}

static void v4_two_boots_at_once_leave_the_machine_alone(void)
{
	both_boots(1, 1);
}

static void v4_a_boot_after_the_other_leaves_it_alone(void)
{
	both_boots(ROWS, ROWS);
}

static void v4_boots_in_uneven_steps_leave_the_machine_alone(void)
{
	both_boots(3, 7);
}

/* On the board this silenced root's console: the other zone boots while keys are pressed. */
static void com1_interrupts_root_while_another_zone_boots(void)
{
	static struct trace t[2], key;
	unsigned keys = 0;

	board();
	load(&t[ROOT], "root-boot");
	load(&t[NONROOT], "nonroot-boot");
	while (step(ROOT, &t[ROOT]))
		;
	do {
		press_key(&key);
		CU_ASSERT_EQUAL(lf.zone[ROOT].lines[0] & HWI1, HWI1);
		CU_ASSERT_EQUAL(lf_isr(ROOT, 0, 0), 1u << COM1);
		CU_ASSERT_EQUAL(lf_acknowledge(ROOT, 0), 1);
		lf_serve();
		handle_key(&key);
		keys++;
	} while (step(NONROOT, &t[NONROOT]));
	CU_ASSERT_EQUAL(keys, 157);
	CU_ASSERT_EQUAL(lf.zone[ROOT].lines[0] & HWI1, 0);
	assert_machine_untouched();
}

/* The witness itself: an access that is passed through is noticed. */
static void a_passed_through_write_is_noticed(void)
{
	static struct trace t;
	unsigned changed = 0;

	board();
	load(&t, "nonroot-boot");
	model_set_cpu(2);
	for (unsigned i = 0; i < t.rows; i++) {
		const struct row *r = &t.row[i];

		if (r->write && r->size == 4 && r->offset >= 0x1600)
			model_iocsr_write(2, r->offset, 4, r->value);
	}
	for (unsigned v = 0; v < 256; v++)
		changed += model_eio_changed(v) != 0;
	CU_ASSERT_EQUAL(changed, 256);
}

void suite_loongson_traces(void)
{
	static const struct unit_test tests[] = {
		TEST(v4_two_boots_at_once_leave_the_machine_alone),
		TEST(v4_a_boot_after_the_other_leaves_it_alone),
		TEST(v4_boots_in_uneven_steps_leave_the_machine_alone),
		TEST(com1_interrupts_root_while_another_zone_boots),
		TEST(a_passed_through_write_is_noticed),
	};

	unit_suite("loongson_traces", tests, ARRAY_SIZE(tests));
}
