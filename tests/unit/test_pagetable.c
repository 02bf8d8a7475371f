// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stage-2 tables (iommu/pt-vmsa-s2.c): what is translated, in which order entries change, and what
 * happens when memory or the hardware fails. The descriptor values expected here are written out
 * from Arm ARM DDI 0487, D8.3.
 */
#include "unit.h"

#include "host.h"

#include <CUnit/CUnit.h>
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/pagetable.h>
#include <string.h>

#define TIB (1024 * GIB)

/* What the owner of the table under test saw. */
static struct {
	struct pt pt;
	unsigned publishes, flushes;
	uint64_t flushed_ia, flushed_size;
	int flush_result;
	/*
	 * One letter per event with the state of `watch` then: lower case when it translates, else
	 * upper case.
	 */
	uint64_t watch;
	bool watching;
	char trace[256];
	size_t trace_length;
	bool freed_before_flush;
} t;

static void trace(char event)
{
	struct pt_mapping m;

	if (!t.watching || t.trace_length + 1 >= sizeof(t.trace))
		return;
	if (pt_lookup(&t.pt, t.watch, &m) != 0)
		event = (char)(event - 'a' + 'A');
	t.trace[t.trace_length++] = event;
}

static void publish(void *ctx, const uint64_t *first, size_t count)
{
	CU_ASSERT_PTR_EQUAL(ctx, &t);
	arch_dcache_clean(first, count * sizeof(*first));
	arch_write_barrier();
	t.publishes++;
	trace('p');
}

static int flush(void *ctx, uint64_t ia, uint64_t size)
{
	CU_ASSERT_PTR_EQUAL(ctx, &t);
	t.flushes++;
	t.flushed_ia = ia;
	t.flushed_size = size;
	trace('f');
	return t.flush_result;
}

static const struct pt_ops ops = { .publish = publish, .flush = flush };

static void start(void)
{
	memset(&t, 0, sizeof(t));
	CU_ASSERT_EQUAL_FATAL(pt_init(&t.pt, 44, &ops, &t), 0);
}

static void finish(void)
{
	pt_destroy(&t.pt);
	CU_ASSERT_EQUAL(model_pages_live(), 0);
}

static void expect(uint64_t ia, hpa_t pa, uint64_t size, uint32_t attr)
{
	struct pt_mapping m;

	CU_ASSERT_EQUAL_FATAL(pt_lookup(&t.pt, ia, &m), 0);
	CU_ASSERT_EQUAL(m.pa, pa);
	CU_ASSERT_EQUAL(m.size, size);
	CU_ASSERT_EQUAL(m.attr, attr);
}

static bool mapped(uint64_t ia)
{
	struct pt_mapping m;

	return pt_lookup(&t.pt, ia, &m) == 0;
}

/* A walker of our own that sees memory as a device does. True: translates to *pa. */
static bool bus_walk(uint64_t ia, hpa_t *pa)
{
	uint64_t table = pt_root(&t.pt), desc;

	for (unsigned shift = 30;; shift -= 9) {
		uint64_t index = ia >> shift & (shift == 30 ? 1023 : 511);

		CU_ASSERT_TRUE_FATAL(model_bus_read(table + index * 8, &desc, 8));
		if (!(desc & 1))
			return false;
		if (shift == 12 || !(desc & 2)) {
			*pa = (desc & 0xfffffffff000) + (ia & ((1ull << shift) - 1));
			return true;
		}
		table = desc & 0xfffffffff000;
	}
}

static uint64_t root_entry(unsigned index)
{
	uint64_t desc = 0;

	CU_ASSERT_TRUE(model_bus_read(pt_root(&t.pt) + index * 8, &desc, 8));
	return desc;
}

static void an_empty_table_translates_nothing(void)
{
	struct pt_mapping m;

	start();
	CU_ASSERT_EQUAL(pt_lookup(&t.pt, 0, &m), -ENOENT);
	CU_ASSERT_EQUAL(pt_lookup(&t.pt, TIB - 1, &m), -ENOENT);
	CU_ASSERT_EQUAL(pt_lookup(&t.pt, TIB, &m), -ERANGE);
	CU_ASSERT_TRUE(is_aligned(pt_root(&t.pt), 8192));
	finish();
}

static void the_largest_size_that_fits_is_used(void)
{
	start();
	CU_ASSERT_EQUAL(pt_map(&t.pt, GIB - 2 * MIB - 4096, 9 * GIB - 2 * MIB - 4096,
			       GIB + 2 * MIB + 8192, PT_ATTR_RAM),
			0);
	expect(GIB - 2 * MIB - 4096, 9 * GIB - 2 * MIB - 4096, 4096, PT_ATTR_RAM);
	expect(GIB - 2 * MIB + 0x1234, 9 * GIB - 2 * MIB + 0x1234, 2 * MIB, PT_ATTR_RAM);
	expect(GIB + 0x345678, 9 * GIB + 0x345678, GIB, PT_ATTR_RAM);
	expect(2 * GIB, 10 * GIB, 4096, PT_ATTR_RAM);
	CU_ASSERT_FALSE(mapped(2 * GIB + 4096));
	CU_ASSERT_FALSE(mapped(GIB - 2 * MIB - 8192));
	/* The two addresses disagree below 2 MiB: pages it is. */
	CU_ASSERT_EQUAL(pt_map(&t.pt, 4 * GIB, 20 * GIB + 4096, 2 * MIB, PT_ATTR_RAM), 0);
	expect(4 * GIB, 20 * GIB + 4096, 4096, PT_ATTR_RAM);
	/* ... below 1 GiB: 2 MiB blocks. */
	CU_ASSERT_EQUAL(pt_map(&t.pt, 8 * GIB, 30 * GIB + 2 * MIB, GIB, PT_ATTR_RAM), 0);
	expect(8 * GIB, 30 * GIB + 2 * MIB, 2 * MIB, PT_ATTR_RAM);
	finish();
}

static void descriptors_are_as_the_architecture_has_them(void)
{
	start();
	/* Normal write-back, inner shareable, read-write, executable, access flag set: block. */
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0, 5 * GIB, GIB, PT_ATTR_RAM), 0);
	CU_ASSERT_EQUAL(root_entry(0), 5 * GIB | 0x7fd);
	/* Read-only and not executable. */
	CU_ASSERT_EQUAL(pt_map(&t.pt, GIB, 5 * GIB, GIB, PT_READ), 0);
	CU_ASSERT_EQUAL(root_entry(1), 5 * GIB | 0x004000000000077d);
	/* Device-nGnRE, never executable. */
	CU_ASSERT_EQUAL(pt_map(&t.pt, 2 * GIB, 5 * GIB, GIB, PT_ATTR_MMIO), 0);
	CU_ASSERT_EQUAL(root_entry(2), 5 * GIB | 0x00400000000004c5);
	/* The last root entry is in the second of the concatenated pages. */
	CU_ASSERT_EQUAL(pt_map(&t.pt, TIB - GIB, 16 * TIB - GIB, GIB, PT_ATTR_RAM), 0);
	CU_ASSERT_EQUAL(root_entry(1023), (16 * TIB - GIB) | 0x7fd);
	/* A page at level 3 has bit 1 set, and so have the tables above it. */
	CU_ASSERT_EQUAL(pt_map(&t.pt, 3 * GIB, 0x123456789000, 4096, PT_ATTR_RAM), -ERANGE);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 3 * GIB, 0x023456789000, 4096, PT_ATTR_RAM), 0);
	{
		uint64_t l2 = root_entry(3), l3 = 0, page = 0;

		CU_ASSERT_EQUAL(l2 & 0xfff0000000000fff, 3);
		CU_ASSERT_TRUE(model_bus_read(l2 & ~0xfffull, &l3, 8));
		CU_ASSERT_EQUAL(l3 & 0xfff0000000000fff, 3);
		CU_ASSERT_TRUE(model_bus_read(l3 & ~0xfffull, &page, 8));
		CU_ASSERT_EQUAL(page, 0x023456789000 | 0x7ff);
	}
	finish();
}

static void bad_arguments_are_refused(void)
{
	struct pt bad;

	CU_ASSERT_EQUAL(pt_init(&bad, 52, &ops, &t), -EINVAL);
	CU_ASSERT_EQUAL(pt_init(&bad, 0, &ops, &t), -EINVAL);
	start();
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0x800, 0, 4096, PT_ATTR_RAM), -EINVAL);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0, 0x800, 4096, PT_ATTR_RAM), -EINVAL);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0, 0, 0x800, PT_ATTR_RAM), -EINVAL);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0, 0, 0, PT_ATTR_RAM), -EINVAL);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0, 0, 4096, 0), -EINVAL);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0, 0, 4096, PT_DEVICE), -EINVAL);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0, 0, 4096, PT_ATTR_MMIO | PT_EXEC), -EINVAL);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0, 0, 4096, PT_READ | 0x80000000u), -EINVAL);
	CU_ASSERT_EQUAL(pt_map(&t.pt, TIB, 0, 4096, PT_ATTR_RAM), -ERANGE);
	CU_ASSERT_EQUAL(pt_map(&t.pt, TIB - 4096, 0, 8192, PT_ATTR_RAM), -ERANGE);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 4096, 0, ~0xfffull, PT_ATTR_RAM), -ERANGE);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0, 16 * TIB, 4096, PT_ATTR_RAM), -ERANGE);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0, 16 * TIB - 4096, 8192, PT_ATTR_RAM), -ERANGE);
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, 0x800, 4096), -EINVAL);
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, 0, 0), -EINVAL);
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, TIB, 4096), -ERANGE);
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, 4096, ~0xfffull), -ERANGE);
	/* The very last page, at the very last address it can translate to. */
	CU_ASSERT_EQUAL(pt_map(&t.pt, TIB - 4096, 16 * TIB - 4096, 4096, PT_ATTR_RAM), 0);
	expect(TIB - 1, 16 * TIB - 1, 4096, PT_ATTR_RAM);
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, TIB - 4096, 4096), 0);
	finish();
}

static void map_over_a_mapping_changes_nothing(void)
{
	uint64_t pages;

	start();
	CU_ASSERT_EQUAL(pt_map(&t.pt, 3 * GIB, 8 * GIB, 4096, PT_ATTR_RAM), 0);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 4 * GIB, 8 * GIB, 2 * MIB, PT_ATTR_RAM), 0);
	pages = model_pages_live();
	CU_ASSERT_EQUAL(pt_map(&t.pt, 3 * GIB, 9 * GIB, 4096, PT_ATTR_RAM), -EEXIST);
	/* Only the last page of the range is taken. */
	CU_ASSERT_EQUAL(pt_map(&t.pt, 2 * GIB, 9 * GIB, GIB + 4096, PT_ATTR_RAM), -EEXIST);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 4 * GIB + 0x5000, 9 * GIB, 4096, PT_ATTR_RAM), -EEXIST);
	CU_ASSERT_FALSE(mapped(2 * GIB));
	expect(3 * GIB, 8 * GIB, 4096, PT_ATTR_RAM);
	expect(4 * GIB + 0x5000, 8 * GIB + 0x5000, 2 * MIB, PT_ATTR_RAM);
	CU_ASSERT_EQUAL(model_pages_live(), pages);
	CU_ASSERT_EQUAL(t.flushes, 0);
	finish();
}

static void map_rolls_back_on_nomem(void)
{
	/*
	 * From page 0x1ff of a 2 MiB stretch to beyond a GiB: tables at every level, at both ends.
	 */
	const uint64_t ia = GIB - 4096, size = GIB + 2 * MIB + 3 * 4096;
	unsigned n;

	start();
	CU_ASSERT_EQUAL(pt_map(&t.pt, 7 * GIB, 8 * GIB, 4096, PT_ATTR_RAM), 0);
	for (n = 1; n < 100; n++) {
		uint64_t pages = model_pages_live();
		int err;

		model_fail_alloc_after(n);
		err = pt_map(&t.pt, ia, 64 * GIB + 4096, size, PT_ATTR_RAM);
		model_fail_alloc_after(0);
		if (!err)
			break;
		CU_ASSERT_EQUAL(err, -ENOMEM);
		CU_ASSERT_EQUAL(model_pages_live(), pages);
		CU_ASSERT_FALSE(mapped(ia));
		CU_ASSERT_FALSE(mapped(GIB));
		CU_ASSERT_FALSE(mapped(ia + size - 4096));
		/* The hardware may have seen what stood there for a moment. */
		CU_ASSERT_EQUAL(t.flushes, n);
		CU_ASSERT_EQUAL(t.flushed_ia, ia);
		CU_ASSERT_EQUAL(t.flushed_size, size);
	}
	/*
	 * Addresses that disagree below 2 MiB: 512 + 3 tables and more, all of which were refused
	 * in turn...
	 */
	CU_ASSERT_EQUAL(n, 100);
	expect(7 * GIB, 8 * GIB, 4096, PT_ATTR_RAM);
	finish();
}

static void every_allocation_of_a_map_may_fail(void)
{
	/* Few tables, so that every single one is refused once and the map succeeds at last. */
	const uint64_t ia = GIB - 4096, size = GIB + 2 * MIB + 3 * 4096;
	unsigned n;

	start();
	for (n = 1; n < 100; n++) {
		uint64_t pages = model_pages_live();
		int err;

		model_fail_alloc_after(n);
		err = pt_map(&t.pt, ia, 64 * GIB + ia, size, PT_ATTR_RAM);
		model_fail_alloc_after(0);
		if (!err)
			break;
		CU_ASSERT_EQUAL(err, -ENOMEM);
		CU_ASSERT_EQUAL(model_pages_live(), pages);
		CU_ASSERT_FALSE(mapped(ia));
		CU_ASSERT_FALSE(mapped(2 * GIB));
	}
	CU_ASSERT_EQUAL(n, 5); /* two level-2 and two level-3 tables */
	expect(GIB, 65 * GIB, GIB, PT_ATTR_RAM);
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, ia, size), 0);
	CU_ASSERT_EQUAL(model_pages_live(), PT_ROOT_PAGES);
	finish();
}

static void unmap_takes_exactly_the_range(void)
{
	start();
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0, 8 * GIB, 16 * 4096, PT_ATTR_RAM), 0);
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, 3 * 4096, 2 * 4096), 0);
	for (uint64_t page = 0; page < 16; page++)
		CU_ASSERT_EQUAL(mapped(page * 4096), page != 3 && page != 4);
	CU_ASSERT_EQUAL(t.flushes, 1);
	CU_ASSERT_EQUAL(t.flushed_ia, 3 * 4096);
	CU_ASSERT_EQUAL(t.flushed_size, 2 * 4096);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 3 * 4096, 77 * GIB, 2 * 4096, PT_READ), 0);
	expect(4 * 4096, 77 * GIB + 4096, 4096, PT_READ);
	finish();
}

static void unmap_of_a_hole_changes_nothing(void)
{
	start();
	CU_ASSERT_EQUAL(pt_map(&t.pt, 0, 8 * GIB, 2 * MIB, PT_ATTR_RAM), 0);
	CU_ASSERT_EQUAL(pt_map(&t.pt, 2 * MIB + 4096, 8 * GIB, 4096, PT_ATTR_RAM), 0);
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, 4096, 2 * MIB + 4096), -ENOENT);
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, 5 * GIB, GIB), -ENOENT);
	expect(4096, 8 * GIB + 4096, 2 * MIB, PT_ATTR_RAM);
	expect(2 * MIB + 4096, 8 * GIB, 4096, PT_ATTR_RAM);
	CU_ASSERT_EQUAL(t.flushes, 0);
	finish();
}

static void bbm_on_block_split(void)
{
	start();
	CU_ASSERT_EQUAL(pt_map(&t.pt, 2 * MIB, 8 * GIB, 2 * MIB, PT_READ | PT_WRITE), 0);
	/*
	 * A page that stays: translated, then not, flushed while not, then translated again by a
	 * page.
	 */
	t.watch = 2 * MIB;
	t.watching = true;
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, 3 * MIB, 4096), 0);
	/* new table published; block out; flush; table in; then the page's own removal and flush */
	CU_ASSERT_PTR_NOT_NULL(strstr(t.trace, "pPFp"));
	CU_ASSERT_PTR_NULL(strstr(t.trace, "fP")); /* never flushed first and taken out later */
	CU_ASSERT_EQUAL(t.trace[t.trace_length - 1], 'f');
	t.watching = false;
	expect(2 * MIB, 8 * GIB, 4096, PT_READ | PT_WRITE);
	expect(3 * MIB - 4096, 8 * GIB + MIB - 4096, 4096, PT_READ | PT_WRITE);
	CU_ASSERT_FALSE(mapped(3 * MIB));
	expect(3 * MIB + 4096, 8 * GIB + MIB + 4096, 4096, PT_READ | PT_WRITE);
	finish();
}

static void a_gigabyte_splits_only_where_needed(void)
{
	start();
	CU_ASSERT_EQUAL(pt_map(&t.pt, 4 * GIB, 8 * GIB, GIB, PT_ATTR_RAM), 0);
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, 4 * GIB + 6 * MIB - 4096, 8192), 0);
	expect(4 * GIB, 8 * GIB, 2 * MIB, PT_ATTR_RAM);
	expect(4 * GIB + 4 * MIB, 8 * GIB + 4 * MIB, 4096, PT_ATTR_RAM);
	CU_ASSERT_FALSE(mapped(4 * GIB + 6 * MIB - 4096));
	CU_ASSERT_FALSE(mapped(4 * GIB + 6 * MIB));
	expect(4 * GIB + 6 * MIB + 4096, 8 * GIB + 6 * MIB + 4096, 4096, PT_ATTR_RAM);
	expect(4 * GIB + 8 * MIB, 8 * GIB + 8 * MIB, 2 * MIB, PT_ATTR_RAM);
	/* Unmapping at a boundary splits nothing more. */
	t.flushes = 0;
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, 4 * GIB + 8 * MIB, 2 * MIB), 0);
	CU_ASSERT_EQUAL(t.flushes, 1);
	finish();
}

static void a_split_without_memory_keeps_every_translation(void)
{
	/* Cut in different 2 MiB stretches: one table for the GiB, one for each end. */
	const uint64_t first = 4 * GIB + 4096, size = 4 * MIB;
	unsigned refused = 0;

	start();
	CU_ASSERT_EQUAL(pt_map(&t.pt, 4 * GIB, 8 * GIB, GIB, PT_ATTR_RAM), 0);
	for (;;) {
		/*
		 * A split that found its memory stays, so that each attempt gets one table further.
		 */
		model_fail_alloc_after(refused ? 2 : 1);
		if (pt_unmap(&t.pt, first, size) == 0)
			break;
		model_fail_alloc_after(0);
		CU_ASSERT_EQUAL_FATAL(++refused <= 3, true);
		for (uint64_t at = 0; at < 8 * MIB; at += 4096) {
			struct pt_mapping m;

			CU_ASSERT_EQUAL_FATAL(pt_lookup(&t.pt, 4 * GIB + at, &m), 0);
			CU_ASSERT_EQUAL_FATAL(m.pa, 8 * GIB + at);
		}
	}
	CU_ASSERT_EQUAL(refused, 3);
	CU_ASSERT_TRUE(mapped(4 * GIB));
	CU_ASSERT_FALSE(mapped(first));
	CU_ASSERT_TRUE(mapped(first + size));
	finish();
}

static void a_split_that_cannot_be_flushed_keeps_the_block(void)
{
	uint64_t pages;

	start();
	CU_ASSERT_EQUAL(pt_map(&t.pt, 4 * GIB, 8 * GIB, GIB, PT_ATTR_RAM), 0);
	pages = model_pages_live();
	t.flush_result = -ETIMEDOUT;
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, 4 * GIB + 4096, 4096), -ETIMEDOUT);
	expect(4 * GIB + 4096, 8 * GIB + 4096, GIB, PT_ATTR_RAM);
	CU_ASSERT_EQUAL(model_pages_live(), pages);
	finish();
}

/* A table must not be freed unless a flush came after its link went. */
static void watch_frees(void *ctx, enum model_event event, uint64_t addr, uint64_t size,
			uint64_t value)
{
	(void)ctx;
	(void)addr;
	(void)size;
	(void)value;
	if (event == MODEL_PAGES_FREE && !t.flushes)
		t.freed_before_flush = true;
}

static void tables_are_freed_after_the_flush(void)
{
	start();
	CU_ASSERT_EQUAL(pt_map(&t.pt, 4 * GIB, 8 * GIB + 4096, 2 * MIB, PT_ATTR_RAM), 0);
	CU_ASSERT_EQUAL(t.pt.pages, PT_ROOT_PAGES + 2);
	model_observe(watch_frees, NULL);
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, 4 * GIB, 2 * MIB), 0);
	model_observe(NULL, NULL);
	CU_ASSERT_FALSE(t.freed_before_flush);
	CU_ASSERT_EQUAL(t.pt.pages, PT_ROOT_PAGES);
	CU_ASSERT_EQUAL(model_pages_live(), PT_ROOT_PAGES);
	finish();
}

static void tables_the_hardware_may_hold_are_not_reused(void)
{
	start();
	CU_ASSERT_EQUAL(pt_map(&t.pt, 4 * GIB, 8 * GIB + 4096, 2 * MIB, PT_ATTR_RAM), 0);
	t.flush_result = -ETIMEDOUT;
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, 4 * GIB, 2 * MIB), -ETIMEDOUT);
	CU_ASSERT_EQUAL(model_pages_live(), PT_ROOT_PAGES + 2);
	CU_ASSERT_FALSE(mapped(4 * GIB));
	t.flush_result = 0;
	/* Mapped again it takes new tables; the old ones go with the rest. */
	CU_ASSERT_EQUAL(pt_map(&t.pt, 4 * GIB, 8 * GIB + 4096, 2 * MIB, PT_ATTR_RAM), 0);
	CU_ASSERT_EQUAL(model_pages_live(), PT_ROOT_PAGES + 4);
	finish();
}

/*
 * On memory that a device does not snoop: at no moment does it see a translation that was never
 * asked for.
 */
static void device_sees_no_nonsense(void *ctx, enum model_event event, uint64_t addr, uint64_t size,
				    uint64_t value)
{
	/* At and far from what is mapped: other cache lines of the same tables. */
	static const uint64_t watched[] = { GIB - 800 * MIB, GIB - MIB,     GIB,
					    GIB + 100 * MIB, 2 * GIB + MIB, 2 * GIB };
	hpa_t pa;

	(void)ctx;
	(void)addr;
	(void)size;
	(void)value;
	if (event != MODEL_CLEAN && event != MODEL_WRITE_BARRIER)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(watched); i++)
		for (uint64_t ia = watched[i] - 16384; ia < watched[i] + 16384; ia += 4096)
			if (bus_walk(ia, &pa))
				CU_ASSERT_EQUAL(pa, 64 * GIB + ia);
}

static void an_unsnooping_walker_sees_only_finished_tables(void)
{
	hpa_t pa;

	model_set_noncoherent();
	start();
	model_observe(device_sees_no_nonsense, NULL);
	CU_ASSERT_EQUAL(pt_map(&t.pt, GIB - 4096, 65 * GIB - 4096, GIB + 8192, PT_ATTR_RAM), 0);
	CU_ASSERT_TRUE(bus_walk(GIB - 4096, &pa));
	CU_ASSERT_TRUE(bus_walk(GIB, &pa));
	CU_ASSERT_TRUE(bus_walk(2 * GIB, &pa));
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, GIB + 4096, 4096), 0);
	CU_ASSERT_TRUE(bus_walk(GIB, &pa));
	CU_ASSERT_FALSE(bus_walk(GIB + 4096, &pa));
	CU_ASSERT_TRUE(bus_walk(GIB + 8192, &pa));
	CU_ASSERT_EQUAL(pt_unmap(&t.pt, GIB + 8192, GIB - 8192), 0);
	CU_ASSERT_FALSE(bus_walk(GIB + 8192, &pa));
	CU_ASSERT_FALSE(bus_walk(2 * GIB - 4096, &pa));
	CU_ASSERT_TRUE(bus_walk(2 * GIB, &pa));
	model_observe(NULL, NULL);
	finish();
}

/* Random maps and unmaps against a plain array of pages. */
static void random_operations_agree_with_an_array(void)
{
	enum { PAGES = 4 * 512 };
	static uint64_t array[PAGES]; /* pa + 1 of each page, 0: not mapped */
	const uint64_t base = 3 * GIB - 4 * MIB;
	uint64_t seed = 12345;

	memset(array, 0, sizeof(array));
	start();
	for (unsigned round = 0; round < 3000; round++) {
		unsigned first, count;
		bool map, any = false, all = true;
		uint64_t pa;
		int err;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		first = (unsigned)(seed >> 33) % PAGES;
		count = 1 + (unsigned)(seed >> 45) % (round % 3 ? 40 : 900);
		if (round % 5 == 0) {
			first &= ~511u;
			count = 512 * (1 + count % 2);
		}
		if (first + count > PAGES)
			count = PAGES - first;
		map = seed >> 62 & 1;
		pa = 100 * GIB + base + first * 4096ull + (round % 7 ? 0 : 4096);
		for (unsigned i = first; i < first + count; i++) {
			any |= array[i] != 0;
			all &= array[i] != 0;
		}
		if (map) {
			err = pt_map(&t.pt, base + first * 4096ull, pa, count * 4096ull,
				     PT_ATTR_RAM);
			CU_ASSERT_EQUAL_FATAL(err, any ? -EEXIST : 0);
		} else {
			err = pt_unmap(&t.pt, base + first * 4096ull, count * 4096ull);
			CU_ASSERT_EQUAL_FATAL(err, all ? 0 : -ENOENT);
		}
		for (unsigned i = first; !err && i < first + count; i++)
			array[i] = map ? pa + (i - first) * 4096ull + 1 : 0;
		for (unsigned i = 0; i < PAGES; i += round % 50 ? 61 : 1) {
			struct pt_mapping m;
			bool found = pt_lookup(&t.pt, base + i * 4096ull, &m) == 0;

			CU_ASSERT_EQUAL_FATAL(found, array[i] != 0);
			if (found)
				CU_ASSERT_EQUAL_FATAL(m.pa, array[i] - 1);
		}
	}
	for (unsigned i = 0; i < PAGES; i++)
		if (array[i])
			CU_ASSERT_EQUAL(pt_unmap(&t.pt, base + i * 4096ull, 4096), 0);
	CU_ASSERT_EQUAL(model_pages_live(), PT_ROOT_PAGES);
	finish();
}

void suite_pagetable(void)
{
	static const struct unit_test tests[] = {
		TEST(an_empty_table_translates_nothing),
		TEST(the_largest_size_that_fits_is_used),
		TEST(descriptors_are_as_the_architecture_has_them),
		TEST(bad_arguments_are_refused),
		TEST(map_over_a_mapping_changes_nothing),
		TEST(map_rolls_back_on_nomem),
		TEST(every_allocation_of_a_map_may_fail),
		TEST(unmap_takes_exactly_the_range),
		TEST(unmap_of_a_hole_changes_nothing),
		TEST(bbm_on_block_split),
		TEST(a_gigabyte_splits_only_where_needed),
		TEST(a_split_without_memory_keeps_every_translation),
		TEST(a_split_that_cannot_be_flushed_keeps_the_block),
		TEST(tables_are_freed_after_the_flush),
		TEST(tables_the_hardware_may_hold_are_not_reused),
		TEST(an_unsnooping_walker_sees_only_finished_tables),
		TEST(random_operations_agree_with_an_array),
	};

	unit_suite("pagetable", tests, ARRAY_SIZE(tests));
}
