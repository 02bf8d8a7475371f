// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loongson IOMMU: tables (docs/hardware/loongson-iommu.md, "Tables").
 *
 * Two homes. In main memory: written by the CPU and always cleaned, since nobody says that the
 * walker snoops. In BAR2: written there entry by entry, beside a shadow in RAM that is all that is
 * ever read. Either way a change is: write, make visible (publish), then ls_flush_all(), which
 * orders, invalidates and waits. Entries that are not present may be in a TLB too: that is done
 * after mapping as after unmapping.
 *
 * Leaves are 16 KiB each; 32 MiB ones are avoided by the newest driver, without a reason given.
 */
#include "loongson.h"

#include <postern/errno.h>

#define TABLE_PAGES (LS_PAGE / PAGE_SIZE)
#define LEVEL_LEAF  0u
#define LEVEL_ROOT  (LS_LEVELS - 1)
/* 64 MiB of tables, as seen; a larger BAR2 is used this far. */
#define OWN_MAX     4096u
#define OWN_MIN     16u

static size_t shadows_pages(const struct ls *s)
{
	return (size_t)(align_up(s->own_count * sizeof(*s->shadows), PAGE_SIZE) / PAGE_SIZE);
}

int ls_tables_init(struct ls *s)
{
	const struct pci_bar *bar = &s->unit->function->bars[LS_BAR_TABLES];
	uint64_t count = bar->size / LS_PAGE;

	if (s->memory_tables)
		return 0;
	if (bar->kind == PCI_BAR_NONE || bar->kind == PCI_BAR_IO || !bar->bus || count < OWN_MIN) {
		host_log(LOG_ERROR,
			 LS_TAG
			 "revision 0 keeps its tables in BAR2, which is not there: it is not used",
			 LS_ID(s->unit));
		return -ENODEV;
	}
	s->own_count = count < OWN_MAX ? (unsigned)count : OWN_MAX;
	s->own_base = bar->cpu;
	s->own_origin = s->unit->tables_by_cpu_address ? bar->cpu : 0;
	s->shadows = host_pages_alloc(shadows_pages(s), PAGE_SIZE);
	return s->shadows ? 0 : -ENOMEM;
}

void ls_tables_free(struct ls *s)
{
	if (!s->shadows)
		return;
	for (unsigned i = 0; i < s->own_count; i++)
		host_pages_free(s->shadows[i], TABLE_PAGES);
	host_pages_free(s->shadows, shadows_pages(s));
	s->shadows = NULL;
}

static unsigned own_place(const struct ls *s, ls_table t)
{
	return (unsigned)((t - s->own_origin) / LS_PAGE);
}

/* Its entries as the CPU reads them. */
static uint64_t *entries(const struct ls *s, ls_table t)
{
	return s->memory_tables ? host_phys_to_virt(t) : s->shadows[own_place(s, t)];
}

/* Entries [first, first + count) were written: the unit finds them when it walks next. */
static void publish(const struct ls *s, ls_table t, unsigned first, unsigned count)
{
	const uint64_t *e = entries(s, t) + first;
	hpa_t there;

	if (s->memory_tables) {
		arch_dcache_clean(e, count * sizeof(*e));
	} else {
		there = s->own_base + own_place(s, t) * LS_PAGE + first * sizeof(*e);
		for (unsigned i = 0; i < count; i++)
			mmio_write64(there + i * sizeof(*e), e[i]);
	}
	arch_write_barrier();
}

/* A place in BAR2 that is free, the next after the one taken last. */
static bool own_find(struct ls *s, unsigned *place)
{
	for (unsigned i = 0; i < s->own_count; i++) {
		*place = (s->own_next + i) % s->own_count;
		if (!s->shadows[*place]) {
			s->own_next = *place + 1;
			return true;
		}
	}
	host_log(LOG_ERROR, LS_TAG "its memory for tables (BAR2, %u of 16 KiB) is full",
		 LS_ID(s->unit), s->own_count);
	return false;
}

int ls_table_new(struct ls *s, ls_table *out)
{
	unsigned place = 0;
	uint64_t *e;

	if (!s->memory_tables && !own_find(s, &place))
		return -ENOMEM;
	e = host_pages_alloc(TABLE_PAGES, LS_PAGE);
	if (!e)
		return -ENOMEM;
	if (s->memory_tables) {
		*out = host_virt_to_phys(e);
	} else {
		s->shadows[place] = e;
		*out = s->own_origin + place * LS_PAGE;
	}
	publish(s, *out, 0, LS_ENTRIES);
	return 0;
}

static void table_free(struct ls *s, ls_table t)
{
	host_pages_free(entries(s, t), TABLE_PAGES);
	if (!s->memory_tables)
		s->shadows[own_place(s, t)] = NULL;
}

static void free_below(struct ls *s, ls_table t, unsigned level)
{
	const uint64_t *e = entries(s, t);

	for (unsigned i = 0; level > LEVEL_LEAF && i < LS_ENTRIES; i++)
		if (e[i])
			free_below(s, e[i] & ENTRY_ADDRESS, level - 1);
	table_free(s, t);
}

void ls_table_free_tree(struct ls *s, ls_table root)
{
	free_below(s, root, LEVEL_ROOT);
}

static unsigned index_of(iova_t iova, unsigned level)
{
	return (unsigned)(iova >> LS_SHIFT(level)) & (LS_ENTRIES - 1);
}

/* The leaf table of an address; false: there is none. */
static bool leaf_table(const struct ls *s, ls_table root, iova_t iova, ls_table *out)
{
	*out = root;
	for (unsigned level = LEVEL_ROOT; level > LEVEL_LEAF; level--) {
		uint64_t entry = entries(s, *out)[index_of(iova, level)];

		if (!entry)
			return false;
		*out = entry & ENTRY_ADDRESS;
	}
	return true;
}

/* The same, made if need be. */
static int leaf_table_get(struct ls *s, ls_table root, iova_t iova, ls_table *out)
{
	*out = root;
	for (unsigned level = LEVEL_ROOT; level > LEVEL_LEAF; level--) {
		unsigned i = index_of(iova, level);
		ls_table below;
		int err;

		if (!entries(s, *out)[i]) {
			err = ls_table_new(s, &below);
			if (err)
				return err;
			entries(s, *out)[i] = (below & ENTRY_ADDRESS) | ENTRY_USED;
			publish(s, *out, i, 1);
		}
		*out = entries(s, *out)[i] & ENTRY_ADDRESS;
	}
	return 0;
}

/* How many pages from `at` on, up to `end`, have their entries in one leaf table. */
static unsigned run_length(iova_t at, iova_t end)
{
	uint64_t pages = (end - at) / LS_PAGE;
	unsigned room = LS_ENTRIES - index_of(at, LEVEL_LEAF);

	return pages < room ? (unsigned)pages : room;
}

/* How many pages of the range are mapped. */
static uint64_t mapped(const struct ls *s, ls_table root, iova_t iova, uint64_t size)
{
	uint64_t found = 0;
	unsigned run;

	for (iova_t at = iova; at < iova + size; at += run * LS_PAGE) {
		unsigned first = index_of(at, LEVEL_LEAF);
		ls_table t;

		run = run_length(at, iova + size);
		if (!leaf_table(s, root, at, &t))
			continue;
		for (unsigned i = 0; i < run; i++)
			found += entries(s, t)[first + i] != 0;
	}
	return found;
}

static void clear(const struct ls *s, ls_table root, iova_t iova, uint64_t size)
{
	unsigned run;

	for (iova_t at = iova; at < iova + size; at += run * LS_PAGE) {
		unsigned first = index_of(at, LEVEL_LEAF);
		ls_table t;

		run = run_length(at, iova + size);
		if (!leaf_table(s, root, at, &t))
			continue;
		for (unsigned i = 0; i < run; i++)
			entries(s, t)[first + i] = 0;
		publish(s, t, first, run);
	}
}

static int fill(struct ls *s, ls_table root, iova_t iova, hpa_t pa, uint64_t size)
{
	unsigned run;

	for (iova_t at = iova; at < iova + size; at += run * LS_PAGE) {
		unsigned first = index_of(at, LEVEL_LEAF);
		ls_table t;
		int err = leaf_table_get(s, root, at, &t);

		if (err)
			return err;
		run = run_length(at, iova + size);
		for (unsigned i = 0; i < run; i++)
			entries(s, t)[first + i] = (pa + (at - iova) + i * LS_PAGE) | ENTRY_USED;
		publish(s, t, first, run);
	}
	return 0;
}

static int check_range(iova_t iova, uint64_t size)
{
	if (!size || !is_aligned(iova | size, LS_PAGE))
		return -EINVAL;
	return range_inside(iova, size, 0, BIT64(LS_IOVA_BITS)) ? 0 : -ERANGE;
}

int ls_table_may_map(const struct ls *s, ls_table root, iova_t iova, hpa_t pa, uint64_t size)
{
	int err = check_range(iova, size);

	if (err)
		return err;
	if (!is_aligned(pa, LS_PAGE))
		return -EINVAL;
	if (!range_inside(pa, size, 0, BIT64(LS_OUTPUT_BITS)))
		return -ERANGE;
	return mapped(s, root, iova, size) ? -EEXIST : 0;
}

int ls_table_map(struct ls *s, ls_table root, iova_t iova, hpa_t pa, uint64_t size)
{
	int err = ls_table_may_map(s, root, iova, pa, size), undone;

	if (err)
		return err;
	err = fill(s, root, iova, pa, size);
	if (err)
		clear(s, root, iova, size);
	undone = ls_flush_all(s);
	return undone ? undone : err;
}

int ls_table_unmap(struct ls *s, ls_table root, iova_t iova, uint64_t size)
{
	int err = check_range(iova, size);

	if (err)
		return err;
	if (mapped(s, root, iova, size) != size / LS_PAGE)
		return -ENOENT;
	clear(s, root, iova, size);
	return ls_flush_all(s);
}
