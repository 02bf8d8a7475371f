/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loongson IOMMU driver, private to iommu/loongson*.c.
 *
 *   loongson.c          taking over a unit, limits, domains, the ops table
 *   loongson-command.c  the command window: flushes, slots, on and off
 *   loongson-slot.c     who has which slot: attach, block, release
 *   loongson-table.c    tables, in main memory or in the unit's own
 *
 * Unless it says otherwise, a function here is called with the unit's lock held (or during init,
 * single-threaded): EIVDB, CMD and VBTC are one window.
 */
#ifndef LOONGSON_H
#define LOONGSON_H

#include "loongson-regs.h"

#include <postern/arch.h>
#include <postern/iommu.h>
#include <postern/pci.h>

#define LS_TIMEOUT_NS (100ull * 1000 * 1000)
#define LS_TAG        "loongson-iommu #%u (" SBDF_FMT "): "
#define LS_ID(u)      (u)->index, SBDF_ARG((u)->sbdf)

/* Translates nothing, for ever: where blocked streams are. */
#define LS_EMPTY_DOMAIN 0u

/*
 * A table by the address that directory entries and PGD give it: where it is in main memory, or in
 * the unit's own (from its beginning, or as the CPU sees it).
 */
typedef uint64_t ls_table;

struct ls_domain {
	struct iommu_domain head;
	unsigned id;
	ls_table root;
};

struct ls_slot {
	bool used;
	uint32_t stream;
	struct ls_domain *domain; /* NULL: blocked, by the empty one */
};

struct ls {
	struct iommu_unit *unit;
	hpa_t base;         /* of the registers */
	bool memory_tables; /* tables in main memory; else in BAR2, and root ports are what it knows */
	bool enabled;
	bool dead; /* a flush never ended: nothing is asked of it any more, nothing is proven */
	unsigned slot_count;
	struct ls_slot slots[LS_SLOTS];
	struct ls_domain *domains[LS_DOMAINS]; /* by id; [LS_EMPTY_DOMAIN] stays NULL */
	ls_table empty;                        /* root table without an entry */
	uint64_t last_ex_addr;
	/* Tables in BAR2: what the CPU keeps of them, by place. Reading them there is slow. */
	hpa_t own_base;
	uint64_t own_origin; /* table address of the first */
	unsigned own_count, own_next;
	uint64_t **shadows; /* NULL: that place is free */
};
_Static_assert(sizeof(struct ls) <= 4096, "the unit's state is one page");

static inline uint32_t ls_read(const struct ls *s, uint32_t reg)
{
	return mmio_read32(s->base + reg);
}

static inline void ls_write(const struct ls *s, uint32_t reg, uint32_t value)
{
	mmio_write32(s->base + reg, value);
}

/* ---- commands (loongson-command.c) ---- */

/*
 * Nothing of what was in tables or slots before is in a TLB any more, and what is there now counts.
 * -ETIMEDOUT: not proven; the unit is dead.
 */
int ls_flush_all(struct ls *s);
/*
 * Makes slot `index` say that `stream` is in domain `id`, and proves that nothing else counts any
 * more. -ETIMEDOUT: either may be the case; the unit is dead.
 */
int ls_slot_set(struct ls *s, unsigned index, uint32_t stream, unsigned id);
/* Makes it say nothing. */
int ls_slot_clear(struct ls *s, unsigned index);
/* Which tables translate for domain `id`. Takes effect with the next flush. */
void ls_domain_load(const struct ls *s, unsigned id, ls_table root);
/* Translation on, or off and nothing left in the TLBs. */
int ls_turn_on(struct ls *s);
int ls_turn_off(struct ls *s);

/* ---- tables (loongson-table.c) ---- */

/* What tables are made of. -ENOMEM: nothing is held. */
int ls_tables_init(struct ls *s);
/* Pre: the unit walks none of them. */
void ls_tables_free(struct ls *s);
/* An empty table, visible to the unit. -ENOMEM. */
int ls_table_new(struct ls *s, ls_table *out);
/* Frees a root table with all below it. Pre: not walked, nothing of it in a TLB. */
void ls_table_free_tree(struct ls *s, ls_table root);
/*
 * As struct iommu_ops has them; the flush is done. Tables stay with their domain when they become
 * empty: it may get pages there again, and nothing the unit may still walk is freed early.
 */
int ls_table_may_map(const struct ls *s, ls_table root, iova_t iova, hpa_t pa, uint64_t size);
int ls_table_map(struct ls *s, ls_table root, iova_t iova, hpa_t pa, uint64_t size);
int ls_table_unmap(struct ls *s, ls_table root, iova_t iova, uint64_t size);

/* ---- slots (loongson-slot.c); ops members, they take the lock ---- */

int ls_attach(struct iommu_domain *d, uint32_t stream);
int ls_block(struct iommu_unit *u, uint32_t stream);
int ls_release(struct iommu_unit *u, uint32_t stream);

#endif
