// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A recorder of what the Loongson IOMMU could see, and when (V1, V5): every table that ever becomes
 * part of what the unit walks must go through
 *
 *	write -> clean -> linked -> (unlinked) -> flush -> wait -> free
 *
 * in this order. Caches do not snoop: the device has its own copy of memory, brought up to date by
 * cleaning alone. At each event the recorder walks from the domains' root registers through that
 * copy, by the table format alone, and compares with what it saw before.
 */
#include "loongson-fixture.h"

#include <stdio.h>

#define MAX_TABLES 64u
#define ADDRESS    0x0000ffffffffc000ull
#define NEVER      0ul

struct table {
	hpa_t at;
	bool linked;
	unsigned long cleaned, since, unlinked, flushed;
};

static struct {
	struct table tables[MAX_TABLES];
	unsigned count, commands, complete, violations;
	unsigned long step;
} seen;

static void violated(const char *rule, hpa_t at)
{
	if (seen.violations++ < 5)
		printf("    step %lu: 0x%llx %s\n", seen.step, (unsigned long long)at, rule);
}

static struct table *table_at(hpa_t at)
{
	for (unsigned i = 0; i < seen.count; i++)
		if (seen.tables[i].at == at)
			return &seen.tables[i];
	if (seen.count == MAX_TABLES)
		model_fail("loongson_order: more tables than expected");
	seen.tables[seen.count].at = at;
	return &seen.tables[seen.count++];
}

static void walk(hpa_t at, unsigned level, bool mark[MAX_TABLES])
{
	static uint64_t copies[3][2048];
	uint64_t *copy = copies[level];
	struct table *t = table_at(at);

	mark[t - seen.tables] = true;
	if (!model_bus_read(at, copy, PG)) {
		violated("is linked and no memory", at);
		return;
	}
	if (!t->linked) {
		if (t->cleaned == NEVER || memcmp(copy, model_virt(at), PG) != 0)
			violated("was linked before its bytes had arrived", at);
		t->linked = true;
		t->since = seen.step;
		t->unlinked = t->flushed = NEVER;
	}
	for (unsigned i = 0; level && i < 2048; i++)
		if (copy[i] & 1)
			walk(copy[i] & ADDRESS, level - 1, mark);
}

/* Flushes that have ended since the last look. */
static void look_at_commands(void)
{
	for (; seen.commands < model_ls_commands(ls); seen.commands++)
		for (unsigned i = 0; i < seen.count; i++)
			if (model_ls_command(ls, seen.commands).event == MODEL_LS_FLUSH_ALL &&
			    !seen.tables[i].linked && seen.tables[i].unlinked != NEVER)
				seen.tables[i].flushed = seen.step;
}

static void freed(hpa_t at)
{
	struct table *t = table_at(at);

	if (t->linked)
		violated("was freed while the unit could walk it", at);
	else if (t->since != NEVER && t->flushed == NEVER)
		violated("was freed before a flush had ended", at);
	else if (t->since != NEVER)
		seen.complete++;
	*t = (struct table){ .at = at };
}

static void observe(void *ctx, enum model_event event, uint64_t addr, uint64_t size, uint64_t value)
{
	bool mark[MAX_TABLES] = { false };

	(void)ctx;
	(void)value;
	seen.step++;
	if (event == MODEL_CLEAN && size == PG)
		table_at(addr)->cleaned = seen.step;
	for (unsigned d = 0; d < 16; d++)
		walk(model_ls_root(ls, d), 2, mark);
	for (unsigned i = 0; i < seen.count; i++) {
		if (!seen.tables[i].linked || mark[i])
			continue;
		seen.tables[i].linked = false;
		seen.tables[i].unlinked = seen.step;
		seen.tables[i].flushed = NEVER;
	}
	look_at_commands();
	if (event == MODEL_PAGES_FREE && size == PG)
		freed(addr);
}

static void start(enum ls_kind kind)
{
	memset(&seen, 0, sizeof(seen));
	model_set_noncoherent();
	ls_power_on(kind);
	/* Whatever firmware says of the walker, lines are cleaned. */
	unit.dma_coherent = true;
	CU_ASSERT_EQUAL_FATAL(ops->init(&unit), 0);
	table_at(model_ls_root(ls, 0))->cleaned = 1;
	seen.commands = model_ls_commands(ls);
	model_observe(observe, NULL);
}

static void check(unsigned tables)
{
	model_observe(NULL, NULL);
	CU_ASSERT_EQUAL(seen.violations, 0);
	CU_ASSERT_EQUAL(seen.complete, tables);
	printf("    %lu events, %u tables from write to free, %u violations\n", seen.step,
	       seen.complete, seen.violations);
}

static void v5_tables_go_through_their_life_in_order(void)
{
	for (enum ls_kind k = LS_REVISION_1; k < LS_KINDS; k++, model_reset()) {
		struct iommu_domain *d;

		start(k);
		for (unsigned i = 0; i < 2; i++) {
			d = domain_of(1);
			CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
			CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 40 * MIB, RW), 0);
			CU_ASSERT_EQUAL(dma_to(PORT, IOVA), PA);
			CU_ASSERT_EQUAL(ops->unmap(d, IOVA, PG), 0);
			CU_ASSERT_FALSE(dma(PORT, IOVA));
			CU_ASSERT_EQUAL(dma_to(PORT, IOVA + 39 * MIB), PA + 39 * MIB);
			CU_ASSERT_EQUAL(ops->block(&unit, PORT), 0);
			CU_ASSERT_EQUAL(ops->release(&unit, PORT), 0);
			CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
		}
		check(8);
	}
}

/* In BAR2 there is nothing to clean: each entry is written there before the command. */
static void v5_entries_in_bar2_come_before_the_flush(void)
{
	struct iommu_domain *d;

	model_set_noncoherent();
	ls_start(LS_REVISION_0);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 40 * MIB, RW), 0);
	CU_ASSERT_EQUAL(dma_to(PORT, IOVA + 33 * MIB), PA + 33 * MIB);
	CU_ASSERT_EQUAL(ops->unmap(d, IOVA, 40 * MIB), 0);
	CU_ASSERT_FALSE(dma(PORT, IOVA + 33 * MIB));
}

void suite_loongson_order(void)
{
	static const struct unit_test tests[] = {
		TEST(v5_tables_go_through_their_life_in_order),
		TEST(v5_entries_in_bar2_come_before_the_flush),
	};

	unit_suite("loongson_order", tests, ARRAY_SIZE(tests));
}
