/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMSAv8-64 stage-2 translation tables (Arm ARM DDI 0487, D8 "The AArch64 Virtual Memory System
 * Architecture"), 4 KiB granule, as both a CPU's stage 2 (VTTBR_EL2) and an SMMUv3's (STE.S2TTB)
 * walk them. iommu/pt-vmsa-s2.c.
 *
 * Input addresses are PT_INPUT_BITS wide: the walk starts at level 1 in two concatenated root
 * pages. Mappings are 1 GiB, 2 MiB or 4 KiB each, the largest that the alignment of both addresses
 * allows.
 *
 * This code decides what is written and in which order; how a write becomes visible to the walker
 * and how stale translations are got rid of is the owner's knowledge, given in struct pt_ops.
 *
 * Ownership: struct pt is the caller's; tables come from host_pages_alloc() and belong to the pt.
 * Locking: none here. Calls on one pt are serialized by its owner; the hardware may walk at any
 * time.
 */
#ifndef POSTERN_PAGETABLE_H
#define POSTERN_PAGETABLE_H

#include <postern/types.h>

/* What the owner programs beside the root address: VTCR_EL2.T0SZ/SL0, STE.S2T0SZ/S2SL0. */
#define PT_INPUT_BITS      40u
#define PT_T0SZ            (64u - PT_INPUT_BITS)
#define PT_SL0             1u /* start at level 1 */
#define PT_ROOT_PAGES      2u /* concatenated; the root is aligned to their total size */
#define PT_PAGE_SIZES      (BIT64(12) | BIT64(21) | BIT64(30))
/* A descriptor holds output addresses of up to 48 bits (no FEAT_LPA2). */
#define PT_OUTPUT_BITS_MAX 48u

/* Attributes of a mapping. PT_DEVICE: Device-nGnRE, else Normal write-back, inner shareable. */
#define PT_READ      BIT32(0)
#define PT_WRITE     BIT32(1)
#define PT_EXEC      BIT32(2)
#define PT_DEVICE    BIT32(3)
/* The usual two. Device memory is never executable: PT_EXEC together with PT_DEVICE is -EINVAL. */
#define PT_ATTR_RAM  (PT_READ | PT_WRITE | PT_EXEC)
#define PT_ATTR_MMIO (PT_READ | PT_WRITE | PT_DEVICE)

struct pt_ops {
	/*
	 * Entries [first, first + count) of a table were written by this CPU. Post: the walker sees
	 * them before anything written later (clean the lines first when the walker does not
	 * snoop).
	 */
	void (*publish)(void *ctx, const uint64_t *first, size_t count);
	/*
	 * Post of 0: no TLB or walk cache holds a translation of any byte of [ia, ia + size), at
	 * any level, and no access that used one is still under way. Another value (-ETIMEDOUT):
	 * not proven.
	 */
	int (*flush)(void *ctx, uint64_t ia, uint64_t size);
};

struct pt {
	const struct pt_ops *ops;
	void *ctx; /* handed to ops */
	unsigned output_bits;
	uint64_t *root;
	/* Emptied tables that a failed flush left: not reused before pt_destroy(). */
	uint64_t *retired;
	uint64_t pages; /* table pages held, root included */
};

/* One mapping as the walker sees it. */
struct pt_mapping {
	hpa_t pa;      /* what the address asked for translates to */
	uint64_t size; /* of the whole page or block it lies in */
	uint32_t attr; /* PT_READ | ... */
};

/*
 * An empty table (nothing translates). output_bits: 32..48, what the walker can put out. -ENOMEM,
 * -EINVAL.
 */
int pt_init(struct pt *pt, unsigned output_bits, const struct pt_ops *ops, void *ctx);

/* Frees every table. Pre: no walker uses the root, no TLB or walk cache holds anything of it. */
void pt_destroy(struct pt *pt);

/* What the walker's base register takes. */
hpa_t pt_root(const struct pt *pt);

/*
 * Maps [ia, ia + size) to [pa, pa + size). All 4 KiB aligned, size > 0.
 * -EINVAL: alignment, attributes. -ERANGE: past PT_INPUT_BITS or the walker's output width.
 * -EEXIST: some page of the range is mapped; nothing was changed.
 * -ENOMEM: nothing is mapped in the range afterwards, every table taken for it was given back.
 * -ETIMEDOUT: as -ENOMEM, but a flush failed while undoing it.
 */
int pt_map(struct pt *pt, uint64_t ia, hpa_t pa, uint64_t size, uint32_t attr);

/*
 * Takes [ia, ia + size) away and flushes it; tables that became empty are freed after the flush. A
 * block that is only partly covered is split first, break-before-make: until that is done an access
 * to the rest of the block faults. -EINVAL, -ERANGE: as above. -ENOENT: some page of the range is
 * not mapped; nothing was changed. -ENOMEM: a split found no memory; every translation is as
 * before. -ETIMEDOUT: a flush failed. Either every translation is as before (a split failed) or the
 * range is gone from the tables but not proven gone from the hardware; the caller must assume the
 * old translation is still in use.
 */
int pt_unmap(struct pt *pt, uint64_t ia, uint64_t size);

/* Walks the tables as the hardware would. -ENOENT: not mapped, -ERANGE. For reports and tests. */
int pt_lookup(const struct pt *pt, uint64_t ia, struct pt_mapping *out);

#endif
