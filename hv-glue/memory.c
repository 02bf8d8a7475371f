// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's memory: which bytes are free at boot, the hypervisor's own pages, the zones' RAM.
 *
 * At boot, what the machine has minus what is taken is divided once and for all:
 *
 *   the page pool   one contiguous range; host_pages_alloc() for tables and engine state;
 *   zone RAM        everything else in 2 MiB granules; memory_alloc_ram().
 *
 * Neither ever gives to the other, so that no bug in accounting can turn a page table into some
 * zone's RAM. The pool is cut from the smallest free range that holds it, which leaves the large
 * ones whole for zones.
 *
 * The hypervisor sees host addresses at a fixed distance (hv/direct_map.h). Address 0 is never handed
 * out: it means "none" in this interface.
 *
 * Caller context: memory_init() once at boot, single-threaded. The rest: any CPU, with any lock
 * held; the two locks here are leaves.
 */
#include <hv/direct_map.h>
#include <hv/hv.h>
#include <postern/errno.h>
#include <postern/host.h>
#include <postern/string.h>

#include "ranges.h"

#define GRANULE ((uint64_t)2 * MIB)

/*
 * The pool is a share of memory within limits: 4 KiB tables for 4 GiB of RAM are 8 MiB, queues as
 * much again.
 */
#define POOL_SHARE 32u
#define POOL_MIN   (32 * MIB)
#define POOL_MAX   (256 * MIB)

#define POOL_MAX_PAGES ((POOL_MAX + GRANULE) / PAGE_SIZE)
#define WORD_BITS      64u
#define NO_RUN         SIZE_MAX

_Static_assert(POOL_MAX_PAGES % WORD_BITS == 0, "the bitmap has whole words");

static struct {
	struct lock lock;
	hpa_t base;
	size_t pages, free;
	size_t lowest; /* no page below is free */
	uint64_t used[POOL_MAX_PAGES / WORD_BITS];
} pool;

static struct {
	struct lock lock;
	struct range_set all; /* what may ever be given back */
	struct range_set free;
} ram;

/* ---- the hypervisor's pages ------------------------------------------------------------------ */

static bool page_used(size_t page)
{
	return pool.used[page / WORD_BITS] & BIT64(page % WORD_BITS);
}

static void mark_pages(size_t first, size_t pages, bool used)
{
	for (size_t i = first; i < first + pages; i++) {
		if (used)
			pool.used[i / WORD_BITS] |= BIT64(i % WORD_BITS);
		else
			pool.used[i / WORD_BITS] &= ~BIT64(i % WORD_BITS);
	}
	pool.free = used ? pool.free - pages : pool.free + pages;
}

/* The first run of free pages whose host address is aligned. */
static size_t find_run(size_t pages, uint64_t align)
{
	size_t at = pool.lowest;

	while (at < pool.pages) {
		hpa_t address = pool.base + at * PAGE_SIZE;
		hpa_t aligned = align_up(address, align);
		size_t length = 0;

		if (aligned < address || (aligned - pool.base) / PAGE_SIZE >= pool.pages)
			return NO_RUN;
		at = (size_t)((aligned - pool.base) / PAGE_SIZE);
		if (pages > pool.pages - at)
			return NO_RUN;
		while (length < pages && !page_used(at + length))
			length++;
		if (length == pages)
			return at;
		at += length + 1;
	}
	return NO_RUN;
}

void *host_pages_alloc(size_t pages, uint64_t align)
{
	size_t at;
	void *va;

	if (!pages || align < PAGE_SIZE || (align & (align - 1)))
		return NULL;
	host_lock(&pool.lock);
	at = find_run(pages, align);
	if (at != NO_RUN) {
		mark_pages(at, pages, true);
		while (pool.lowest < pool.pages && page_used(pool.lowest))
			pool.lowest++;
	}
	host_unlock(&pool.lock);
	if (at == NO_RUN)
		return NULL;
	/* Outside the lock: the pages are ours already, and a large table takes a while. */
	va = host_phys_to_virt(pool.base + at * PAGE_SIZE);
	memset(va, 0, pages * PAGE_SIZE);
	return va;
}

void host_pages_free(void *va, size_t pages)
{
	hpa_t address = host_virt_to_phys(va);
	bool ours;
	size_t at = 0;

	if (!va)
		return;
	host_lock(&pool.lock);
	ours = pages && is_aligned(address, PAGE_SIZE) && pages <= pool.pages &&
	       range_inside(address, pages * PAGE_SIZE, pool.base, pool.pages * PAGE_SIZE);
	if (ours) {
		at = (size_t)((address - pool.base) / PAGE_SIZE);
		for (size_t i = 0; i < pages && ours; i++)
			ours = page_used(at + i);
	}
	if (ours) {
		mark_pages(at, pages, false);
		pool.lowest = at < pool.lowest ? at : pool.lowest;
	}
	host_unlock(&pool.lock);
	/* Memory that was freed twice may have a new owner: keeping it is the only safe answer. */
	if (!ours)
		host_log(
			LOG_ERROR,
			"memory: %zu pages at 0x%llx freed but not allocated: hypervisor bug, kept",
			pages, (unsigned long long)address);
}

hpa_t host_virt_to_phys(const void *va)
{
	return (hpa_t)(uintptr_t)va - DIRECT_MAP_BASE;
}

void *host_phys_to_virt(hpa_t pa)
{
	return (void *)(uintptr_t)(pa + DIRECT_MAP_BASE);
}

/* ---- zone RAM -------------------------------------------------------------------------------- */

hpa_t memory_alloc_ram(uint64_t size, gpa_t avoid_identity)
{
	hpa_t found = 0;

	if (!size || !is_aligned(size, GRANULE))
		return 0;
	host_lock(&ram.lock);
	for (unsigned i = 0; i < ram.free.count && !found; i++) {
		hpa_t base = ram.free.r[i].base, end = ram.free.r[i].end;

		/*
		 * One granule further, no byte of the region has the address the zone knows it by.
		 */
		if (base == avoid_identity)
			base += GRANULE;
		if (base < end && size <= end - base &&
		    !ranges_remove(&ram.free, base, base + size))
			found = base;
	}
	host_unlock(&ram.lock);
	return found;
}

void memory_free_ram(hpa_t base, uint64_t size)
{
	int err = -EINVAL;

	host_lock(&ram.lock);
	if (size && is_aligned(base | size, GRANULE) && base + size > base &&
	    ranges_cover(&ram.all, base, base + size) &&
	    !ranges_overlap_any(&ram.free, base, base + size))
		err = ranges_add(&ram.free, base, base + size);
	host_unlock(&ram.lock);
	if (err)
		host_log(LOG_ERROR,
			 "memory: RAM 0x%llx size 0x%llx freed but not allocated: kept (error %d)",
			 (unsigned long long)base, (unsigned long long)size, err);
}

uint64_t memory_free_bytes(void)
{
	struct memory_usage u;

	memory_usage(&u);
	return u.ram_free;
}

void memory_usage(struct memory_usage *out)
{
	host_lock(&pool.lock);
	out->pages_total = pool.pages;
	out->pages_free = pool.free;
	host_unlock(&pool.lock);
	host_lock(&ram.lock);
	out->ram_total = ranges_bytes(&ram.all);
	out->ram_free = ranges_bytes(&ram.free);
	out->ram_largest = 0;
	for (unsigned i = 0; i < ram.free.count; i++) {
		uint64_t size = ram.free.r[i].end - ram.free.r[i].base;

		out->ram_largest = size > out->ram_largest ? size : out->ram_largest;
	}
	host_unlock(&ram.lock);
}

/* ---- boot ------------------------------------------------------------------------------------ */

/* Whole pages inside [base, base + size). Firmware's figures: a range that wraps is no range. */
static int add_memory(struct range_set *s, const struct memory_region *m)
{
	hpa_t base = align_up(m->base, PAGE_SIZE), end = align_down(m->base + m->size, PAGE_SIZE);

	if (m->base + m->size < m->base || base < m->base) {
		host_log(LOG_WARN, "memory: region 0x%llx size 0x%llx wraps around; ignored",
			 (unsigned long long)m->base, (unsigned long long)m->size);
		return 0;
	}
	return end > base ? ranges_add(s, base, end) : 0;
}

/*
 * Every page that [base, base + size) touches. One that wraps reaches to the end of the address
 * space.
 */
static int take_out(struct range_set *s, hpa_t base, uint64_t size)
{
	hpa_t end = align_up(base + size, PAGE_SIZE);

	if (!size)
		return 0;
	if (end <= base)
		end = align_down(UINT64_MAX, PAGE_SIZE);
	return ranges_remove(s, align_down(base, PAGE_SIZE), end);
}

static int find_usable(struct range_set *usable, const struct machine *m, hpa_t image,
		       uint64_t image_size)
{
	int err = 0;

	for (unsigned i = 0; i < m->memory_count && !err; i++)
		err = add_memory(usable, &m->memory[i]);
	for (unsigned i = 0; i < m->reserved_count && !err; i++)
		err = take_out(usable, m->reserved[i].base, m->reserved[i].size);
	if (!err)
		err = take_out(usable, m->bundle.base, m->bundle.size);
	if (!err)
		err = take_out(usable, image, image_size);
	if (!err)
		err = take_out(usable, 0, PAGE_SIZE);
	if (err)
		host_log(LOG_ERROR, "memory: the machine's map has more than %u separate ranges",
			 RANGES_MAX);
	return err;
}

/* Cuts the pool out of the start of the smallest range that holds it. */
static int place_pool(struct range_set *usable)
{
	uint64_t total = ranges_bytes(usable);
	uint64_t want = align_up(total / POOL_SHARE, GRANULE);
	const struct range *best = NULL;
	hpa_t end;

	want = want < POOL_MIN ? POOL_MIN : want > POOL_MAX ? POOL_MAX : want;
	for (unsigned i = 0; i < usable->count; i++) {
		const struct range *r = &usable->r[i];

		if (r->end - r->base >= want &&
		    (!best || r->end - r->base < best->end - best->base))
			best = r;
	}
	if (!best) {
		host_log(
			LOG_ERROR,
			"memory: no free range of %llu MiB for the hypervisor among %llu MiB in %u "
			"ranges; give the machine more memory",
			(unsigned long long)(want / MIB), (unsigned long long)(total / MIB),
			usable->count);
		return -ENOMEM;
	}
	/* Up to the next granule, whose rest no zone could use. */
	end = align_up(best->base + want, GRANULE);
	end = end > best->end ? best->end : end;
	pool.base = best->base;
	pool.pages = pool.free = (size_t)((end - best->base) / PAGE_SIZE);
	return ranges_remove(usable, best->base, end);
}

static int place_ram(const struct range_set *usable)
{
	int err = 0;

	for (unsigned i = 0; i < usable->count && !err; i++) {
		hpa_t base = align_up(usable->r[i].base, GRANULE);
		hpa_t end = align_down(usable->r[i].end, GRANULE);

		if (end > base)
			err = ranges_add(&ram.all, base, end);
	}
	ram.free = ram.all;
	return err;
}

int memory_init(const struct machine *m, hpa_t image, uint64_t image_size)
{
	static struct range_set usable; /* too large for the boot stack */
	int err;

	memset(&pool, 0, sizeof(pool));
	memset(&ram, 0, sizeof(ram));
	usable.count = 0;
	err = find_usable(&usable, m, image, image_size);
	if (!err)
		err = place_pool(&usable);
	if (!err)
		err = place_ram(&usable);
	if (err)
		return err;
	host_log(LOG_INFO, "memory: %zu MiB at 0x%llx for the hypervisor, %llu MiB for zones",
		 pool.pages / (MIB / PAGE_SIZE), (unsigned long long)pool.base,
		 (unsigned long long)(ranges_bytes(&ram.all) / MIB));
	for (unsigned i = 0; i < ram.all.count; i++)
		host_log(LOG_DEBUG, "memory: zone RAM 0x%llx..0x%llx",
			 (unsigned long long)ram.all.r[i].base,
			 (unsigned long long)ram.all.r[i].end - 1);
	return 0;
}
