// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hypervisor's own page pool and the zones' RAM. The functions of host.h that memory.c provides
 * stand here under other names: the models provide them to everything else in this program. Pool
 * memory is real, zone RAM is addresses only, since nothing may touch it.
 */
#define host_pages_alloc  hv_pages_alloc
#define host_pages_free   hv_pages_free
#define host_virt_to_phys hv_virt_to_phys
#define host_phys_to_virt hv_phys_to_virt
#include "../../hv-glue/memory.c"

#include "host.h"
#include "unit.h"

#include <string.h>
#include <sys/mman.h>

#define BACKED_SIZE (48 * MIB)
#define POOL        (32 * MIB) /* of a machine this small */
#define RAM_A       ((hpa_t)0x40000000)
#define RAM_B       ((hpa_t)0x880000000)
#define IMAGE       (RAM_A + 0x280000)
#define IMAGE_SIZE  ((uint64_t)0x91234)

static hpa_t backed;
static struct machine machine;

/* 256 MiB at RAM_A, 512 MiB at RAM_B, and the smallest region, which the pool goes to. */
static void small_machine(void)
{
	if (!backed) {
		void *p = mmap(NULL, BACKED_SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		CU_ASSERT_FATAL(p != MAP_FAILED);
		backed = (hpa_t)(uintptr_t)p;
	}
	machine = (struct machine){
		.memory = { { RAM_A, 256 * MIB }, { RAM_B, 512 * MIB }, { backed, BACKED_SIZE } },
		.memory_count = 3,
	};
}

static int init(void)
{
	return memory_init(&machine, IMAGE, IMAGE_SIZE);
}

static void fresh(void)
{
	small_machine();
	CU_ASSERT_EQUAL_FATAL(init(), 0);
}

static struct memory_usage usage(void)
{
	struct memory_usage u;

	memory_usage(&u);
	return u;
}

/* Takes all RAM in granules; how many there were. found[] gets the addresses. */
static unsigned take_all(hpa_t *found, unsigned max)
{
	unsigned count = 0;
	hpa_t pa;

	while (count < max && (pa = memory_alloc_ram(GRANULE, 0)))
		found[count++] = pa;
	return count;
}

/* ---- sets of ranges -------------------------------------------------------------------------- */

static void ranges_merge_and_split(void)
{
	struct range_set s = { .count = 0 };

	CU_ASSERT_EQUAL(ranges_add(&s, 100, 200), 0);
	CU_ASSERT_EQUAL(ranges_add(&s, 300, 400), 0);
	CU_ASSERT_EQUAL(s.count, 2);
	CU_ASSERT_EQUAL(ranges_add(&s, 200, 300), 0);
	CU_ASSERT_EQUAL(s.count, 1);
	CU_ASSERT_EQUAL(ranges_bytes(&s), 300);
	CU_ASSERT_EQUAL(ranges_remove(&s, 150, 160), 0);
	CU_ASSERT_EQUAL(s.count, 2);
	CU_ASSERT(ranges_cover(&s, 100, 150));
	CU_ASSERT(!ranges_cover(&s, 100, 151));
	CU_ASSERT(!ranges_overlap_any(&s, 150, 160));
	CU_ASSERT(ranges_overlap_any(&s, 150, 161));
	CU_ASSERT_EQUAL(ranges_add(&s, 5, 5), -EINVAL);
	CU_ASSERT_EQUAL(ranges_remove(&s, 0, UINT64_MAX), 0);
	CU_ASSERT_EQUAL(s.count, 0);
}

static void a_full_set_refuses_and_stays_as_it_was(void)
{
	struct range_set s = { .count = 0 };

	for (unsigned i = 0; i < RANGES_MAX; i++)
		CU_ASSERT_EQUAL(ranges_add(&s, i * 10, i * 10 + 5), 0);
	CU_ASSERT_EQUAL(ranges_add(&s, 7, 8), -ENOSPC);
	CU_ASSERT_EQUAL(ranges_remove(&s, 12, 13), -ENOSPC);
	CU_ASSERT_EQUAL(ranges_bytes(&s), RANGES_MAX * 5);
	/* What needs no new entry still works. */
	CU_ASSERT_EQUAL(ranges_add(&s, 5, 10), 0);
	CU_ASSERT_EQUAL(s.count, RANGES_MAX - 1);
}

/* Against a bit per address. */
static void ranges_agree_with_a_bitmap(void)
{
	struct range_set s = { .count = 0 };
	bool bits[128] = { false };
	uint32_t random = 12345;

	for (unsigned step = 0; step < 5000; step++) {
		unsigned base, end, in = 0;
		bool add;

		random = random * 1664525 + 1013904223;
		base = random >> 8 & 127;
		end = base + 1 + (random >> 20 & 15);
		end = end > 128 ? 128 : end;
		add = random >> 31;
		for (unsigned i = base; i < end; i++) {
			in += bits[i];
			CU_ASSERT_EQUAL(ranges_cover(&s, i, i + 1), bits[i]);
		}
		CU_ASSERT_EQUAL(ranges_overlap_any(&s, base, end), in > 0);
		CU_ASSERT_EQUAL(ranges_cover(&s, base, end), in == end - base);
		CU_ASSERT_EQUAL(add ? ranges_add(&s, base, end) : ranges_remove(&s, base, end), 0);
		for (unsigned i = base; i < end; i++)
			bits[i] = add;
		for (unsigned i = 1; i < s.count; i++)
			CU_ASSERT(s.r[i - 1].end < s.r[i].base);
	}
}

/* ---- boot ------------------------------------------------------------------------------------ */

static void nothing_taken_is_ever_handed_out(void)
{
	static const struct memory_region taken[] = {
		{ IMAGE, IMAGE_SIZE },
		{ RAM_A + 64 * MIB + 0x1234, 0x2000 }, /* reserved, unaligned */
		{ RAM_B + 100 * MIB, 30 * MIB },       /* bundle */
		{ RAM_B + 511 * MIB, 9 * MIB },        /* reserved, reaches past the memory's end */
	};
	hpa_t found[512];
	unsigned count;

	small_machine();
	machine.reserved[0] = taken[1];
	machine.reserved[1] = taken[3];
	machine.reserved_count = 2;
	machine.bundle = taken[2];
	CU_ASSERT_EQUAL_FATAL(init(), 0);
	count = take_all(found, ARRAY_SIZE(found));
	/*
	 * 128 + 256 granules and those of the rest behind the pool, less 1 image, 1, 15 and 1
	 * taken.
	 */
	CU_ASSERT(count >= 128 + 256 - 18);
	for (unsigned i = 0; i < count; i++) {
		CU_ASSERT(is_aligned(found[i], GRANULE));
		CU_ASSERT(range_inside(found[i], GRANULE, RAM_A, 256 * MIB) ||
			  range_inside(found[i], GRANULE, RAM_B, 512 * MIB) ||
			  range_inside(found[i], GRANULE, backed + POOL, BACKED_SIZE - POOL));
		for (size_t t = 0; t < ARRAY_SIZE(taken); t++)
			CU_ASSERT(!ranges_overlap(found[i], GRANULE, taken[t].base, taken[t].size));
	}
	CU_ASSERT_EQUAL(memory_free_bytes(), 0);
}

static void the_pool_comes_out_of_the_smallest_region_that_holds_it(void)
{
	uint8_t *page;

	fresh();
	page = hv_pages_alloc(1, PAGE_SIZE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(page);
	CU_ASSERT(range_inside(hv_virt_to_phys(page), PAGE_SIZE, backed, BACKED_SIZE));
	CU_ASSERT(usage().pages_total >= POOL / PAGE_SIZE);
	CU_ASSERT_EQUAL(usage().ram_largest, 512 * MIB);
}

static void overlapping_regions_count_once(void)
{
	uint64_t before;

	fresh();
	before = memory_free_bytes();
	machine.memory[machine.memory_count++] =
		(struct memory_region){ RAM_B + 10 * MIB, 20 * MIB };
	machine.memory[machine.memory_count++] = (struct memory_region){ RAM_B, 512 * MIB };
	CU_ASSERT_EQUAL(init(), 0);
	CU_ASSERT_EQUAL(memory_free_bytes(), before);
}

static void a_region_that_wraps_is_ignored_and_said_so(void)
{
	uint64_t before;

	fresh();
	before = memory_free_bytes();
	machine.memory[machine.memory_count++] =
		(struct memory_region){ UINT64_MAX - MIB, 4 * MIB };
	CU_ASSERT_EQUAL(init(), 0);
	CU_ASSERT_EQUAL(memory_free_bytes(), before);
	CU_ASSERT(model_log_contains("wraps around"));
}

static void a_reservation_that_wraps_reserves_to_the_end(void)
{
	fresh();
	machine.reserved[0] = (struct memory_region){ RAM_B + 256 * MIB, UINT64_MAX };
	machine.reserved_count = 1;
	/* The backed region lies above and is reserved with the rest: the pool goes elsewhere. */
	CU_ASSERT_EQUAL(init(), 0);
	CU_ASSERT(usage().ram_total > 400 * MIB);
	for (unsigned i = 0; i < ram.all.count; i++)
		CU_ASSERT(ram.all.r[i].end <= RAM_B + 256 * MIB);
}

static void address_zero_is_never_used(void)
{
	hpa_t found[512];
	unsigned count;

	small_machine();
	machine.memory[0] = (struct memory_region){ 0, 256 * MIB };
	CU_ASSERT_EQUAL_FATAL(init(), 0);
	count = take_all(found, ARRAY_SIZE(found));
	CU_ASSERT(count > 300);
	for (unsigned i = 0; i < count; i++)
		CU_ASSERT(found[i] >= GRANULE);
}

static void a_machine_too_small_is_refused_with_the_figures(void)
{
	small_machine();
	machine.memory_count = 1;
	machine.memory[0].size = 24 * MIB;
	CU_ASSERT_EQUAL(init(), -ENOMEM);
	CU_ASSERT(model_log_contains("no free range of 32 MiB"));
	CU_ASSERT(model_log_contains("give the machine more memory"));
}

/* ---- zone RAM -------------------------------------------------------------------------------- */

static void ram_is_never_where_the_zone_thinks_it_is(void)
{
	hpa_t pa;

	fresh();
	/* The image takes a granule of RAM_A, so the first whole piece starts behind it. */
	pa = memory_alloc_ram(128 * MIB, 0);
	CU_ASSERT(pa != 0);
	memory_free_ram(pa, 128 * MIB);
	CU_ASSERT_EQUAL(memory_alloc_ram(128 * MIB, pa), pa + GRANULE);
	/* The skipped granule is not lost. */
	CU_ASSERT_EQUAL(memory_alloc_ram(GRANULE, 0), RAM_A);
}

static void a_piece_that_fits_at_the_avoided_address_only_is_refused(void)
{
	hpa_t pa;

	fresh();
	pa = memory_alloc_ram(512 * MIB, 0);
	CU_ASSERT_EQUAL(pa, RAM_B);
	memory_free_ram(pa, 512 * MIB);
	CU_ASSERT_EQUAL(memory_alloc_ram(512 * MIB, RAM_B), 0);
	CU_ASSERT_EQUAL(memory_alloc_ram(510 * MIB, RAM_B), RAM_B + GRANULE);
}

static void freed_ram_coalesces_in_any_order(void)
{
	hpa_t found[512];
	unsigned count;
	uint64_t all;

	fresh();
	all = memory_free_bytes();
	count = take_all(found, ARRAY_SIZE(found));
	CU_ASSERT_EQUAL(count * GRANULE, all);
	CU_ASSERT_EQUAL(memory_alloc_ram(GRANULE, 0), 0);
	/* Every third, then the rest backwards: at no time more than RANGES_MAX pieces. */
	for (unsigned i = 0; i < 150; i += 3)
		memory_free_ram(found[i], GRANULE);
	for (unsigned i = count; i-- > 0;)
		if (i >= 150 || i % 3)
			memory_free_ram(found[i], GRANULE);
	CU_ASSERT_EQUAL(memory_free_bytes(), all);
	CU_ASSERT_EQUAL(usage().ram_largest, 512 * MIB);
	CU_ASSERT_EQUAL(memory_alloc_ram(512 * MIB, 0), RAM_B);
}

static void odd_sizes_are_refused(void)
{
	fresh();
	CU_ASSERT_EQUAL(memory_alloc_ram(0, 0), 0);
	CU_ASSERT_EQUAL(memory_alloc_ram(PAGE_SIZE, 0), 0);
	CU_ASSERT_EQUAL(memory_alloc_ram(GRANULE + PAGE_SIZE, 0), 0);
	CU_ASSERT_EQUAL(memory_alloc_ram(1024 * MIB, 0), 0);
	CU_ASSERT_EQUAL(memory_alloc_ram(align_down(UINT64_MAX, GRANULE), 0), 0);
}

static void ram_freed_twice_or_never_allocated_is_kept_and_reported(void)
{
	uint64_t before;
	hpa_t pa;

	fresh();
	pa = memory_alloc_ram(4 * MIB, 0);
	memory_free_ram(pa, 4 * MIB);
	before = memory_free_bytes();
	memory_free_ram(pa, 4 * MIB);
	CU_ASSERT(model_log_contains("freed but not allocated"));
	model_log_clear();
	memory_free_ram(0x100000000000, 4 * MIB);
	CU_ASSERT(model_log_contains("freed but not allocated"));
	model_log_clear();
	memory_free_ram(RAM_B + 510 * MIB, 4 * MIB);
	CU_ASSERT(model_log_contains("freed but not allocated"));
	CU_ASSERT_EQUAL(memory_free_bytes(), before);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (p[i])
			return false;
	return true;
}

static void pages_are_aligned_zeroed_and_apart(void)
{
	static const struct {
		size_t pages;
		uint64_t align;
	} wanted[] = { { 1, 4096 }, { 2, 8192 },    { 1, 4096 },      { 16, 65536 },
		       { 3, 4096 }, { 1, 2 * MIB }, { 512, 2 * MIB }, { 1, 4096 } };
	uint8_t *got[ARRAY_SIZE(wanted)];

	fresh();
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
			got[i] = hv_pages_alloc(wanted[i].pages, wanted[i].align);
			CU_ASSERT_PTR_NOT_NULL_FATAL(got[i]);
			CU_ASSERT(is_aligned(hv_virt_to_phys(got[i]), wanted[i].align));
			CU_ASSERT(is_zero(got[i], wanted[i].pages * PAGE_SIZE));
			memset(got[i], 0xa5, wanted[i].pages * PAGE_SIZE);
			for (size_t j = 0; j < i; j++)
				CU_ASSERT(!ranges_overlap(
					(uintptr_t)got[i], wanted[i].pages * PAGE_SIZE,
					(uintptr_t)got[j], wanted[j].pages * PAGE_SIZE));
		}
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
			hv_pages_free(got[(i * 3) % ARRAY_SIZE(wanted)],
				      wanted[(i * 3) % ARRAY_SIZE(wanted)].pages);
		CU_ASSERT_EQUAL(usage().pages_free, usage().pages_total);
	}
}

static void pages_run_out_and_come_back(void)
{
	size_t total, half;
	void *first, *second;

	fresh();
	total = usage().pages_total;
	half = total / 2;
	first = hv_pages_alloc(half, PAGE_SIZE);
	second = hv_pages_alloc(total - half, PAGE_SIZE);
	CU_ASSERT_PTR_NOT_NULL(first);
	CU_ASSERT_PTR_NOT_NULL(second);
	CU_ASSERT_EQUAL(usage().pages_free, 0);
	CU_ASSERT_PTR_NULL(hv_pages_alloc(1, PAGE_SIZE));
	hv_pages_free(first, half);
	CU_ASSERT_PTR_NULL(hv_pages_alloc(half + 1, PAGE_SIZE));
	hv_pages_free(second, total - half);
	CU_ASSERT_PTR_EQUAL(hv_pages_alloc(total, PAGE_SIZE), first);
}

static void pages_never_come_out_of_zone_ram(void)
{
	hpa_t found[512];
	unsigned count;
	void *page;

	fresh();
	count = take_all(found, ARRAY_SIZE(found));
	while ((page = hv_pages_alloc(64, PAGE_SIZE)))
		for (unsigned i = 0; i < count; i++)
			CU_ASSERT(!ranges_overlap(hv_virt_to_phys(page), 64 * PAGE_SIZE, found[i],
						  GRANULE));
	/* Nor does the pool help itself from what zones give back. */
	memory_free_ram(found[0], GRANULE);
	CU_ASSERT_PTR_NULL(hv_pages_alloc(64, PAGE_SIZE));
}

static void bad_requests_for_pages_are_refused(void)
{
	fresh();
	CU_ASSERT_PTR_NULL(hv_pages_alloc(0, PAGE_SIZE));
	CU_ASSERT_PTR_NULL(hv_pages_alloc(1, 0));
	CU_ASSERT_PTR_NULL(hv_pages_alloc(1, 2048));
	CU_ASSERT_PTR_NULL(hv_pages_alloc(1, 12288));
	CU_ASSERT_PTR_NULL(hv_pages_alloc(SIZE_MAX, PAGE_SIZE));
	CU_ASSERT_PTR_NULL(hv_pages_alloc(1, BIT64(63)));
	CU_ASSERT_EQUAL(usage().pages_free, usage().pages_total);
}

static void pages_freed_twice_or_by_halves_are_kept_and_reported(void)
{
	uint8_t *p;

	fresh();
	hv_pages_free(NULL, 1);
	CU_ASSERT(!model_log_contains("freed"));
	p = hv_pages_alloc(4, PAGE_SIZE);
	hv_pages_free(p, 4);
	hv_pages_free(p, 4);
	CU_ASSERT(model_log_contains("4 pages"));
	model_log_clear();
	hv_pages_free(p + 8, 1);
	CU_ASSERT(model_log_contains("hypervisor bug"));
	model_log_clear();
	p = hv_pages_alloc(1, PAGE_SIZE);
	hv_pages_free(p, SIZE_MAX);
	CU_ASSERT(model_log_contains("hypervisor bug"));
	CU_ASSERT_EQUAL(usage().pages_free, usage().pages_total - 1);
}

void suite_memory(void)
{
	static const struct unit_test tests[] = {
		TEST(ranges_merge_and_split),
		TEST(a_full_set_refuses_and_stays_as_it_was),
		TEST(ranges_agree_with_a_bitmap),
		TEST(nothing_taken_is_ever_handed_out),
		TEST(the_pool_comes_out_of_the_smallest_region_that_holds_it),
		TEST(overlapping_regions_count_once),
		TEST(a_region_that_wraps_is_ignored_and_said_so),
		TEST(a_reservation_that_wraps_reserves_to_the_end),
		TEST(address_zero_is_never_used),
		TEST(a_machine_too_small_is_refused_with_the_figures),
		TEST(ram_is_never_where_the_zone_thinks_it_is),
		TEST(a_piece_that_fits_at_the_avoided_address_only_is_refused),
		TEST(freed_ram_coalesces_in_any_order),
		TEST(odd_sizes_are_refused),
		TEST(ram_freed_twice_or_never_allocated_is_kept_and_reported),
		TEST(pages_are_aligned_zeroed_and_apart),
		TEST(pages_run_out_and_come_back),
		TEST(pages_never_come_out_of_zone_ram),
		TEST(bad_requests_for_pages_are_refused),
		TEST(pages_freed_twice_or_by_halves_are_kept_and_reported),
	};

	unit_suite("memory", tests, ARRAY_SIZE(tests));
}
