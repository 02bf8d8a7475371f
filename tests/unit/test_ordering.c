// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A recorder of what the SMMU could see, and when (invariants V1, V5): every page that ever becomes
 * part of what the unit walks must go through
 *
 *	write -> clean -> valid -> (unlinked) -> invalidate -> sync -> free
 *
 * in this order. Caches do not snoop here: the device has its own copy of memory, brought up to
 * date by cleaning alone. At each event (clean, barrier, register access, allocation, free) the
 * recorder walks from the streams' entries through the stage-2 tables in the device's copy, as Arm
 * IHI 0070 and IHI 0487 (D8) lay them out, and compares with what it saw before.
 */
#include "smmuv3-fixture.h"

#include <stdio.h>
#include <string.h>

#define MAX_PAGES  256u
#define MAX_DEPTH  4u
#define DESC_TABLE 3u
#define ADDRESS    0x0000fffffffff000ull
#define STREAM     0x105u
#define OTHER      0x2fau
#define NEVER      0ull

/* When each thing last happened to a page; steps count events from 1, NEVER: it did not. */
struct page {
	hpa_t at;
	bool linked;
	unsigned long cleaned, valid, unlinked, invalidated, synced, freed;
};

static struct {
	struct page pages[MAX_PAGES];
	unsigned count;
	unsigned long step;
	unsigned commands; /* of the unit, looked at so far */
	bool entry_valid[2];
	unsigned long entry_gone[2], entry_invalidated[2];
	unsigned complete, entries_valid, entries_gone, violations;
} seen;

static const uint32_t streams[2] = { STREAM, OTHER };

static void violated(const char *rule, hpa_t at)
{
	if (seen.violations++ < 5)
		printf("    step %lu: 0x%llx %s\n", seen.step, (unsigned long long)at, rule);
}

static struct page *page_of(hpa_t at)
{
	for (unsigned i = 0; i < seen.count; i++)
		if (seen.pages[i].at == at)
			return &seen.pages[i];
	if (seen.count == MAX_PAGES)
		model_fail("ordering: more pages than expected");
	seen.pages[seen.count].at = at;
	return &seen.pages[seen.count++];
}

/* All of it is where the device sees it, and has been cleaned before. */
static bool published(hpa_t at)
{
	static uint8_t device[PAGE_SIZE];
	const void *cpu = model_virt(at);

	return cpu && model_bus_read(at, device, sizeof(device)) &&
	       !memcmp(cpu, device, sizeof(device));
}

/* What counts is that it was cleaned before it became valid; later entries are cleaned, too. */
static void clean_page(hpa_t at)
{
	struct page *p = page_of(at);

	if (p->valid == NEVER)
		p->cleaned = seen.step;
}

static void link_page(hpa_t at)
{
	struct page *p = page_of(at);

	if (p->linked)
		return;
	if (!published(at))
		violated("was made valid before its bytes had arrived", at);
	if (p->cleaned == NEVER)
		violated("was made valid and never cleaned", at);
	p->linked = true;
	p->valid = seen.step;
	p->unlinked = p->invalidated = p->synced = NEVER;
}

/* Marks what is reached from the table at `at`; `mark` says who was there. */
static void walk(hpa_t at, unsigned level, bool mark[MAX_PAGES])
{
	static uint64_t copies[MAX_DEPTH][PAGE_SIZE / 8];
	uint64_t *copy = copies[level];

	link_page(at);
	mark[page_of(at) - seen.pages] = true;
	if (level == 3 || !model_bus_read(at, copy, PAGE_SIZE))
		return;
	for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
		if ((copy[i] & 3) == DESC_TABLE)
			walk(copy[i] & ADDRESS, level + 1, mark);
}

static void look_at_entry(unsigned n, bool mark[MAX_PAGES])
{
	uint64_t word[8];
	bool valid = model_smmu_entry(smmu, streams[n], word) && word[0] & 1;

	if (valid != seen.entry_valid[n]) {
		seen.entry_valid[n] = valid;
		seen.entries_valid += valid;
		if (!valid) {
			seen.entry_gone[n] = seen.step;
			seen.entry_invalidated[n] = NEVER;
			seen.entries_gone++;
		}
	}
	if (!valid)
		return;
	/* S2SL0 (bits 39:38) 1: level 1; S2T0SZ (37:32) 24: 40 bits, two pages of root */
	CU_ASSERT_EQUAL(word[2] >> 32 & 0xff, 0x58);
	walk(word[3] & ADDRESS, 1, mark);
	walk((word[3] & ADDRESS) + PAGE_SIZE, 1, mark);
}

/* Commands the unit has carried out since the last look. */
static void look_at_commands(void)
{
	for (; seen.commands < model_smmu_commands(smmu); seen.commands++) {
		const struct model_smmu_command *c = model_smmu_command(smmu, seen.commands);
		bool tlb = c->opcode == OP_TLBI_VMID || c->opcode == OP_TLBI_IPA ||
			   c->opcode == OP_TLBI_ALL;

		for (unsigned i = 0; i < seen.count; i++) {
			struct page *p = &seen.pages[i];

			if (p->linked || p->unlinked == NEVER)
				continue;
			if (tlb && p->invalidated == NEVER)
				p->invalidated = seen.step;
			if (c->opcode == OP_SYNC && p->invalidated != NEVER && p->synced == NEVER)
				p->synced = seen.step;
		}
		for (unsigned n = 0; n < 2; n++)
			if (c->opcode == OP_CFGI_ALL ||
			    (c->opcode == OP_CFGI_STE && c->stream == streams[n]))
				seen.entry_invalidated[n] = seen.step;
	}
}

static void freed(hpa_t at)
{
	struct page *p = page_of(at);

	/* Not any more what it was: a page handed out again starts anew. */
	if (p->linked)
		violated("was freed while the unit could walk it", at);
	else if (p->valid != NEVER) {
		if (p->invalidated == NEVER)
			violated("was freed and not invalidated", at);
		else if (p->synced == NEVER)
			violated("was freed before the invalidation was synchronized", at);
		else if (!(p->cleaned <= p->valid && p->valid <= p->unlinked &&
			   p->unlinked <= p->invalidated && p->invalidated <= p->synced))
			violated("went through its life in another order", at);
		else
			seen.complete++;
		for (unsigned n = 0; n < 2; n++)
			if (seen.entry_gone[n] != NEVER && seen.entry_invalidated[n] == NEVER)
				violated("was freed with a stream's entry still cached", at);
	}
	*p = (struct page){ .at = at, .freed = seen.step };
}

static void observe(void *ctx, enum model_event event, uint64_t addr, uint64_t size, uint64_t value)
{
	bool mark[MAX_PAGES] = { false };

	(void)ctx;
	(void)value;
	seen.step++;
	if (event == MODEL_CLEAN || event == MODEL_CLEAN_INVALIDATE)
		for (hpa_t at = align_down(addr, PAGE_SIZE); at < addr + size; at += PAGE_SIZE)
			clean_page(at);
	look_at_entry(0, mark);
	look_at_entry(1, mark);
	for (unsigned i = 0; i < seen.count; i++) {
		if (!seen.pages[i].linked || mark[i])
			continue;
		seen.pages[i].linked = false;
		seen.pages[i].unlinked = seen.step;
		seen.pages[i].invalidated = seen.pages[i].synced = NEVER;
	}
	look_at_commands();
	if (event == MODEL_PAGES_FREE)
		for (hpa_t at = addr; at < addr + size; at += PAGE_SIZE)
			freed(at);
}

static void start(void)
{
	const struct model_smmu_config config = { .incoherent = true };

	memset(&seen, 0, sizeof(seen));
	model_set_noncoherent();
	smmu_power_on(&config);
	unit.dma_coherent = false;
	CU_ASSERT_EQUAL_FATAL(ops->init(&unit), 0);
	seen.commands = model_smmu_commands(smmu);
	model_observe(observe, NULL);
}

static void check(unsigned tables, unsigned entries)
{
	model_observe(NULL, NULL);
	CU_ASSERT_EQUAL(seen.violations, 0);
	CU_ASSERT_EQUAL(seen.entries_valid, entries);
	CU_ASSERT_EQUAL(seen.entries_gone, entries);
	CU_ASSERT(seen.complete >= tables);
	printf("    %lu events, %u tables from write to free, %u entries on and off, "
	       "%u violations\n",
	       seen.step, seen.complete, seen.entries_gone, seen.violations);
}

static void v5_a_domain_goes_through_its_life_in_order(void)
{
	struct iommu_domain *d;

	start();
	d = domain_of(3);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4 * MIB, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
	CU_ASSERT_EQUAL(ops->attach(d, OTHER), 0);
	CU_ASSERT_EQUAL(dma_to(STREAM, IOVA + 5 * KIB), PA + 5 * KIB);
	CU_ASSERT_EQUAL(dma_to(OTHER, IOVA), PA);
	CU_ASSERT_EQUAL(ops->block(&unit, STREAM), 0);
	CU_ASSERT_FALSE(dma(STREAM, IOVA));
	CU_ASSERT_EQUAL(ops->block(&unit, OTHER), 0);
	CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
	check(5, 2);
}

static void v5_tables_of_a_live_domain_go_in_order(void)
{
	struct iommu_domain *d;

	start();
	d = domain_of(3);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
	for (unsigned i = 0; i < 8; i++) {
		iova_t iova = IOVA + i * GIB;

		CU_ASSERT_EQUAL(ops->map(d, iova, PA, 64 * KIB, RW), 0);
		CU_ASSERT_EQUAL(dma_to(STREAM, iova), PA);
		CU_ASSERT_EQUAL(ops->unmap(d, iova, 64 * KIB), 0);
		CU_ASSERT_FALSE(dma(STREAM, iova));
	}
	/* A block is broken into pages, and goes piece by piece. */
	CU_ASSERT_EQUAL(ops->map(d, IOVA, align_down(PA, 2 * MIB), 2 * MIB, RW), 0);
	CU_ASSERT_EQUAL(dma_to(STREAM, IOVA), align_down(PA, 2 * MIB));
	CU_ASSERT_EQUAL(ops->unmap(d, IOVA + 8 * KIB, 4 * KIB), 0);
	CU_ASSERT_FALSE(dma(STREAM, IOVA + 8 * KIB));
	CU_ASSERT_EQUAL(dma_to(STREAM, IOVA), align_down(PA, 2 * MIB));
	CU_ASSERT_EQUAL(ops->block(&unit, STREAM), 0);
	CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
	check(16, 1);
}

static void v5_a_domain_attached_again_is_as_new(void)
{
	struct iommu_domain *d;

	start();
	for (unsigned i = 0; i < 4; i++) {
		d = domain_of((uint16_t)(3 + i));
		CU_ASSERT_EQUAL(ops->map(d, IOVA, PA + i * MIB, 64 * KIB, RW), 0);
		CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
		CU_ASSERT_EQUAL(dma_to(STREAM, IOVA), PA + i * MIB);
		CU_ASSERT_EQUAL(ops->block(&unit, STREAM), 0);
		CU_ASSERT_FALSE(dma(STREAM, IOVA));
		CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
	}
	check(16, 4);
}

void suite_ordering(void)
{
	static const struct unit_test tests[] = {
		TEST(v5_a_domain_goes_through_its_life_in_order),
		TEST(v5_tables_of_a_live_domain_go_in_order),
		TEST(v5_a_domain_attached_again_is_as_new),
	};

	unit_suite("ordering", tests, ARRAY_SIZE(tests));
}
