// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VMSAv8-64 stage-2 tables, 4 KiB granule: see <postern/pagetable.h> for the contract.
 *
 * Descriptor format: Arm ARM DDI 0487, D8.3 "Translation table descriptor formats"; stage-2
 * attributes D8.3.1.2 and D8.6 (MemAttr as with HCR_EL2.FWB == 0 / STE.S2FWB == 0).
 *
 * Order of writes. A table is filled and published before the entry that links it is written. A
 * valid entry is replaced by another valid one only through an invalid one and a flush
 * (break-before-make, D8.16.1). A table page goes back to the host only after a flush that followed
 * the removal of its link.
 *
 * Invariant between calls: no linked table but the root is empty.
 */
#include <postern/errno.h>
#include <postern/host.h>
#include <postern/pagetable.h>

#define LEVEL_FIRST   1u
#define LEVEL_LAST    3u
#define TABLE_ENTRIES 512u
#define ROOT_ENTRIES  (PT_ROOT_PAGES * TABLE_ENTRIES)
#define INDEX_BITS    9u
#define PAGE_BITS     12u

#define DESC_VALID   BIT64(0)
/* Bit 1 of a valid descriptor: a table at levels 1 and 2, a page at level 3; clear: a block. */
#define DESC_TABLE   BIT64(1)
#define DESC_ADDRESS MASK64(47, 12)

#define S2_MEMATTR           MASK64(5, 2)
#define S2_MEMATTR_NORMAL_WB 0xfu
#define S2_MEMATTR_nGnRE     0x1u
#define S2_AP_READ           BIT64(6)
#define S2_AP_WRITE          BIT64(7)
#define S2_SH                MASK64(9, 8)
#define S2_SH_INNER          3u
#define S2_AF                BIT64(10)
/* XN[1:0] == 0b10: no execution at any level, with and without FEAT_XNX. */
#define S2_XN                MASK64(54, 53)
#define S2_XN_NONE           2u
#define S2_ATTRS             (S2_MEMATTR | S2_AP_READ | S2_AP_WRITE | S2_SH | S2_AF | S2_XN)

_Static_assert((S2_ATTRS & (DESC_ADDRESS | DESC_VALID | DESC_TABLE)) == 0,
	       "descriptor fields overlap");
_Static_assert(S2_ATTRS == 0x00600000000007fcu, "stage-2 attribute fields are bits 54:53 and 10:2");
_Static_assert(PAGE_BITS + INDEX_BITS * 3 + 1 == PT_INPUT_BITS, "two concatenated level-1 tables");
_Static_assert(PT_ROOT_PAGES == 2, "two concatenated level-1 tables");
_Static_assert(TABLE_ENTRIES * sizeof(uint64_t) == PAGE_SIZE, "a table is a page");
/*
 * Emptied tables are chained through their first entry: a page-aligned pointer reads as an invalid
 * descriptor.
 */
_Static_assert((PAGE_SIZE & (DESC_VALID | DESC_TABLE)) == 0, "a link is an invalid descriptor");

static unsigned level_shift(unsigned level)
{
	return PAGE_BITS + INDEX_BITS * (LEVEL_LAST - level);
}

/* How many bytes one entry of a table of this level translates. */
static uint64_t level_span(unsigned level)
{
	return BIT64(level_shift(level));
}

static uint64_t *entry_of(uint64_t *table, unsigned level, uint64_t ia)
{
	uint64_t entries = level == LEVEL_FIRST ? ROOT_ENTRIES : TABLE_ENTRIES;

	return &table[ia >> level_shift(level) & (entries - 1)];
}

/* The end of what the entry for ia translates, but not past end. */
static uint64_t step_end(unsigned level, uint64_t ia, uint64_t end)
{
	uint64_t next = align_down(ia, level_span(level)) + level_span(level);

	return next < end ? next : end;
}

/* The walker may read an entry at any time: one store, never torn or repeated by the compiler. */
static void entry_write(uint64_t *entry, uint64_t desc)
{
	__atomic_store_n(entry, desc, __ATOMIC_RELAXED);
}

static bool desc_is_valid(uint64_t desc)
{
	return desc & DESC_VALID;
}

static bool desc_is_table(uint64_t desc, unsigned level)
{
	return desc_is_valid(desc) && level < LEVEL_LAST && (desc & DESC_TABLE);
}

static uint64_t desc_leaf(unsigned level, hpa_t pa, uint64_t attrs)
{
	return (pa & DESC_ADDRESS) | attrs | DESC_VALID | (level == LEVEL_LAST ? DESC_TABLE : 0);
}

static uint64_t desc_table(const uint64_t *table)
{
	return (host_virt_to_phys(table) & DESC_ADDRESS) | DESC_VALID | DESC_TABLE;
}

static uint64_t *table_of(uint64_t desc)
{
	return host_phys_to_virt(desc & DESC_ADDRESS);
}

static uint64_t attrs_encode(uint32_t attr)
{
	uint64_t bits = S2_AF;

	if (attr & PT_DEVICE)
		bits |= FIELD_PUT(S2_MEMATTR, S2_MEMATTR_nGnRE);
	else
		bits |= FIELD_PUT(S2_MEMATTR, S2_MEMATTR_NORMAL_WB) | FIELD_PUT(S2_SH, S2_SH_INNER);
	if (attr & PT_READ)
		bits |= S2_AP_READ;
	if (attr & PT_WRITE)
		bits |= S2_AP_WRITE;
	if (!(attr & PT_EXEC))
		bits |= FIELD_PUT(S2_XN, S2_XN_NONE);
	return bits;
}

static uint32_t attrs_decode(uint64_t desc)
{
	uint32_t attr = 0;

	if (desc & S2_AP_READ)
		attr |= PT_READ;
	if (desc & S2_AP_WRITE)
		attr |= PT_WRITE;
	if (FIELD_GET(S2_XN, desc) != S2_XN_NONE)
		attr |= PT_EXEC;
	if (FIELD_GET(S2_MEMATTR, desc) == S2_MEMATTR_nGnRE)
		attr |= PT_DEVICE;
	return attr;
}

static uint64_t *table_alloc(struct pt *pt)
{
	uint64_t *table = host_pages_alloc(1, PAGE_SIZE);

	if (table)
		pt->pages++;
	return table;
}

static void table_free(struct pt *pt, uint64_t *table)
{
	host_pages_free(table, 1);
	pt->pages--;
}

static bool table_is_empty(const uint64_t *table)
{
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		if (desc_is_valid(table[i]))
			return false;
	return true;
}

static void chain_push(uint64_t **chain, uint64_t *table)
{
	entry_write(table, (uint64_t)(uintptr_t)*chain);
	*chain = table;
}

static uint64_t *chain_pop(uint64_t **chain)
{
	uint64_t *table = *chain;

	if (table)
		*chain = (uint64_t *)(uintptr_t)*table;
	return table;
}

static int check_range(uint64_t ia, uint64_t size)
{
	if (!size || !is_aligned(ia | size, PAGE_SIZE))
		return -EINVAL;
	if (!range_inside(ia, size, 0, BIT64(PT_INPUT_BITS)))
		return -ERANGE;
	return 0;
}

static bool any_mapped(uint64_t *table, unsigned level, uint64_t ia, uint64_t end)
{
	while (ia < end) {
		uint64_t next = step_end(level, ia, end);
		uint64_t desc = *entry_of(table, level, ia);

		if (desc_is_table(desc, level)) {
			if (any_mapped(table_of(desc), level + 1, ia, next))
				return true;
		} else if (desc_is_valid(desc)) {
			return true;
		}
		ia = next;
	}
	return false;
}

/*
 * Writes the range's entries, making tables on the way. On -ENOMEM the part before the failure
 * stands.
 */
static int fill(struct pt *pt, uint64_t *table, unsigned level, uint64_t ia, uint64_t end, hpa_t pa,
		uint64_t attrs)
{
	uint64_t *first = entry_of(table, level, ia), *entry = first;
	uint64_t span = level_span(level);
	int err = 0;

	while (ia < end && !err) {
		uint64_t next = step_end(level, ia, end);

		entry = entry_of(table, level, ia);
		if (next - ia == span && is_aligned(pa, span)) {
			entry_write(entry, desc_leaf(level, pa, attrs));
		} else {
			if (!desc_is_valid(*entry)) {
				uint64_t *child = table_alloc(pt);

				if (!child) {
					err = -ENOMEM;
					break;
				}
				pt->ops->publish(pt->ctx, child, TABLE_ENTRIES);
				entry_write(entry, desc_table(child));
			}
			err = fill(pt, table_of(*entry), level + 1, ia, next, pa, attrs);
		}
		pa += next - ia;
		ia = next;
	}
	pt->ops->publish(pt->ctx, first, (size_t)(entry - first) + 1);
	return err;
}

/* Invalidates every leaf of the range and unlinks the tables this empties, onto *emptied. */
static void clear(struct pt *pt, uint64_t *table, unsigned level, uint64_t ia, uint64_t end,
		  uint64_t **emptied)
{
	uint64_t *first = entry_of(table, level, ia), *entry = first;

	while (ia < end) {
		uint64_t next = step_end(level, ia, end);
		uint64_t desc;

		entry = entry_of(table, level, ia);
		desc = *entry;
		if (desc_is_table(desc, level)) {
			clear(pt, table_of(desc), level + 1, ia, next, emptied);
			if (table_is_empty(table_of(desc))) {
				entry_write(entry, 0);
				chain_push(emptied, table_of(desc));
			}
		} else if (desc_is_valid(desc)) {
			entry_write(entry, 0);
		}
		ia = next;
	}
	pt->ops->publish(pt->ctx, first, (size_t)(entry - first) + 1);
}

/* Clears the range, flushes it, and only then lets go of the tables. */
static int remove_range(struct pt *pt, uint64_t ia, uint64_t size)
{
	uint64_t *emptied = NULL, *table;
	int err;

	clear(pt, pt->root, LEVEL_FIRST, ia, ia + size, &emptied);
	err = pt->ops->flush(pt->ctx, ia, size);
	while ((table = chain_pop(&emptied))) {
		if (err)
			chain_push(&pt->retired, table);
		else
			table_free(pt, table);
	}
	return err;
}

/*
 * Replaces the block at *entry (translating from ia on) by a table of the next level's leaves:
 * break-before-make.
 */
static int split_block(struct pt *pt, uint64_t *entry, unsigned level, uint64_t ia)
{
	uint64_t block = *entry, attrs = block & S2_ATTRS;
	hpa_t pa = block & DESC_ADDRESS;
	uint64_t *child = table_alloc(pt);
	int err;

	if (!child)
		return -ENOMEM;
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		entry_write(&child[i], desc_leaf(level + 1, pa + i * level_span(level + 1), attrs));
	pt->ops->publish(pt->ctx, child, TABLE_ENTRIES);

	entry_write(entry, 0);
	pt->ops->publish(pt->ctx, entry, 1);
	err = pt->ops->flush(pt->ctx, ia, level_span(level));
	/*
	 * A walker that still has the old block has no other: putting the same one back conflicts
	 * with nothing.
	 */
	entry_write(entry, err ? block : desc_table(child));
	pt->ops->publish(pt->ctx, entry, 1);
	if (err)
		table_free(pt, child);
	return err;
}

/* Makes ia a boundary between two mappings. */
static int split_at(struct pt *pt, uint64_t ia)
{
	uint64_t *table = pt->root;

	for (unsigned level = LEVEL_FIRST; level < LEVEL_LAST; level++) {
		uint64_t *entry = entry_of(table, level, ia);
		int err;

		if (is_aligned(ia, level_span(level)) || !desc_is_valid(*entry))
			return 0;
		if (!desc_is_table(*entry, level)) {
			err = split_block(pt, entry, level, align_down(ia, level_span(level)));
			if (err)
				return err;
		}
		table = table_of(*entry);
	}
	return 0;
}

int pt_init(struct pt *pt, unsigned output_bits, const struct pt_ops *ops, void *ctx)
{
	if (output_bits < 32 || output_bits > PT_OUTPUT_BITS_MAX)
		return -EINVAL;
	*pt = (struct pt){ .ops = ops, .ctx = ctx, .output_bits = output_bits };
	pt->root = host_pages_alloc(PT_ROOT_PAGES, PT_ROOT_PAGES * PAGE_SIZE);
	if (!pt->root)
		return -ENOMEM;
	pt->pages = PT_ROOT_PAGES;
	ops->publish(ctx, pt->root, ROOT_ENTRIES);
	return 0;
}

static void destroy_tables(struct pt *pt, uint64_t *table, unsigned level)
{
	unsigned entries = level == LEVEL_FIRST ? ROOT_ENTRIES : TABLE_ENTRIES;

	for (unsigned i = 0; i < entries; i++) {
		if (!desc_is_table(table[i], level))
			continue;
		destroy_tables(pt, table_of(table[i]), level + 1);
		table_free(pt, table_of(table[i]));
	}
}

void pt_destroy(struct pt *pt)
{
	uint64_t *table;

	destroy_tables(pt, pt->root, LEVEL_FIRST);
	while ((table = chain_pop(&pt->retired)))
		table_free(pt, table);
	host_pages_free(pt->root, PT_ROOT_PAGES);
	*pt = (struct pt){ 0 };
}

hpa_t pt_root(const struct pt *pt)
{
	return host_virt_to_phys(pt->root);
}

int pt_map(struct pt *pt, uint64_t ia, hpa_t pa, uint64_t size, uint32_t attr)
{
	const uint32_t known = PT_READ | PT_WRITE | PT_EXEC | PT_DEVICE;
	int err = check_range(ia, size), undone;

	if (err)
		return err;
	if (!is_aligned(pa, PAGE_SIZE) || (attr & ~known) || !(attr & (PT_READ | PT_WRITE)) ||
	    ((attr & PT_DEVICE) && (attr & PT_EXEC)))
		return -EINVAL;
	if (!range_inside(pa, size, 0, BIT64(pt->output_bits)))
		return -ERANGE;
	if (any_mapped(pt->root, LEVEL_FIRST, ia, ia + size))
		return -EEXIST;

	err = fill(pt, pt->root, LEVEL_FIRST, ia, ia + size, pa, attrs_encode(attr));
	if (!err)
		return 0;
	undone = remove_range(pt, ia, size);
	return undone ? undone : err;
}

int pt_unmap(struct pt *pt, uint64_t ia, uint64_t size)
{
	int err = check_range(ia, size);
	struct pt_mapping m;

	if (err)
		return err;
	for (uint64_t at = ia; at < ia + size; at = align_down(at, m.size) + m.size) {
		err = pt_lookup(pt, at, &m);
		if (err)
			return err;
	}
	err = split_at(pt, ia);
	if (!err)
		err = split_at(pt, ia + size);
	if (err)
		return err;
	return remove_range(pt, ia, size);
}

int pt_lookup(const struct pt *pt, uint64_t ia, struct pt_mapping *out)
{
	uint64_t *table = pt->root;

	if (ia >= BIT64(PT_INPUT_BITS))
		return -ERANGE;
	for (unsigned level = LEVEL_FIRST; level <= LEVEL_LAST; level++) {
		uint64_t desc = *entry_of(table, level, ia);

		if (!desc_is_valid(desc))
			return -ENOENT;
		if (desc_is_table(desc, level)) {
			table = table_of(desc);
			continue;
		}
		out->size = level_span(level);
		out->pa = (desc & DESC_ADDRESS) + (ia & (out->size - 1));
		out->attr = attrs_decode(desc);
		return 0;
	}
	return -ENOENT;
}
