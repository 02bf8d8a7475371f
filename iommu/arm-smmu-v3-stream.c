// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arm SMMUv3: the stream table (Arm IHI 0070, 3.3, 3.21.3, 5).
 *
 * An entry is in one of three states, told by its V bit and its VMID:
 *
 *   V=0, VMID=0    blocked, proven by the unit (or never used)
 *   V=1, VMID=n    stage 2 by domain n
 *   V=0, VMID=n    blocked in memory, but the unit has not confirmed that it forgot the entry for
 * domain n
 *
 * No code here builds any other entry: in particular none that lets a transaction through
 * untranslated. With the 2-level format, second-level tables are made when a stream of theirs is
 * first attached, and stay.
 */
#include "arm-smmu-v3.h"

#include <postern/errno.h>

#define SPLIT           8u /* stream id bits that index a second-level table */
#define L2_PAGES        ((BIT32(SPLIT) * sizeof(struct ste)) / PAGE_SIZE)
#define L2_SPAN         (SPLIT + 1)
#define STREAM_BITS_MAX 20u /* of a 2-level table: 4096 level-1 descriptors, 16 PCI segments */
#define LINEAR_BITS_MAX 16u /* of a linear one: 4 MiB */

static struct ste *l2_table(uint64_t l1_descriptor)
{
	if (!FIELD_GET(L1STD_SPAN, l1_descriptor))
		return NULL;
	return host_phys_to_virt(l1_descriptor & L1STD_L2PTR);
}

/* The stream's entry; NULL: out of range, or its second-level table was never needed. */
static struct ste *ste_find(struct smmu *s, uint32_t stream)
{
	struct ste *l2;

	if (stream >= BIT64(s->stream_bits))
		return NULL;
	if (!s->two_level)
		return (struct ste *)s->strtab + stream;
	l2 = l2_table(((uint64_t *)s->strtab)[stream >> SPLIT]);
	return l2 ? l2 + (stream & (BIT32(SPLIT) - 1)) : NULL;
}

/* The same, making the second-level table if need be. Pre: in range. */
static struct ste *ste_get(struct smmu *s, uint32_t stream)
{
	struct ste *ste = ste_find(s, stream), *l2;
	uint64_t *descriptor;

	if (ste)
		return ste;
	l2 = host_pages_alloc(L2_PAGES, L2_PAGES * PAGE_SIZE);
	if (!l2)
		return NULL;
	smmu_publish(s, l2, L2_PAGES * PAGE_SIZE);
	descriptor = (uint64_t *)s->strtab + (stream >> SPLIT);
	__atomic_store_n(descriptor,
			 (host_virt_to_phys(l2) & L1STD_L2PTR) | FIELD_PUT(L1STD_SPAN, L2_SPAN),
			 __ATOMIC_RELAXED);
	smmu_publish(s, descriptor, sizeof(*descriptor));
	return ste_find(s, stream);
}

static void ste_write_word(struct smmu *s, struct ste *ste, unsigned word, uint64_t value)
{
	__atomic_store_n(&ste->word[word], value, __ATOMIC_RELAXED);
	smmu_publish(s, &ste->word[word], sizeof(ste->word[word]));
}

static uint16_t ste_vmid(const struct ste *ste)
{
	return (uint16_t)FIELD_GET(STE2_S2VMID, ste->word[2]);
}

struct smmu_domain *smmu_stream_owner(struct smmu *s, uint32_t stream)
{
	const struct ste *ste = ste_find(s, stream);

	return ste && ste_vmid(ste) < SMMU_VMIDS ? s->domains[ste_vmid(ste)] : NULL;
}

/* A stream of the domain: stage 2 only, faults recorded, transactions never stalled. */
static struct ste ste_build(const struct smmu *s, const struct smmu_domain *d)
{
	unsigned cache = s->coherent ? ATTR_WB : ATTR_NC;
	unsigned share = s->coherent ? ATTR_INNER_SHAREABLE : ATTR_OUTER_SHAREABLE;

	return (struct ste){ {
		[0] = STE0_V | FIELD_PUT(STE0_CONFIG, STE_CONFIG_STAGE2),
		[1] = FIELD_PUT(STE1_SHCFG, STE_SHCFG_INCOMING),
		[2] = FIELD_PUT(STE2_S2VMID, d->vmid) | FIELD_PUT(STE2_S2T0SZ, PT_T0SZ) |
		      FIELD_PUT(STE2_S2SL0, PT_SL0) | FIELD_PUT(STE2_S2IR0, cache) |
		      FIELD_PUT(STE2_S2OR0, cache) | FIELD_PUT(STE2_S2SH0, share) |
		      FIELD_PUT(STE2_S2TG, STE_TG_4K) | FIELD_PUT(STE2_S2PS, s->oas_field) |
		      STE2_S2AA64 | STE2_S2PTW | STE2_S2R,
		[3] = pt_root(&d->pt) & STE3_S2TTB,
	} };
}

static int ste_invalidate_cached(struct smmu *s, uint32_t stream)
{
	struct smmu_cmd cmd = smmu_cmd_cfgi_ste(stream);

	return smmu_run(s, &cmd, 1);
}

/* Clears V and has the unit forget the entry and every translation of its domain. */
static int ste_block(struct smmu *s, struct ste *ste, uint32_t stream)
{
	uint16_t vmid = ste_vmid(ste);
	struct smmu_cmd cmd = smmu_cmd_tlbi_vmid(vmid);
	int err;

	ste_write_word(s, ste, 0, 0);
	err = ste_invalidate_cached(s, stream);
	if (!err && vmid)
		err = smmu_run(s, &cmd, 1);
	if (err || !vmid)
		return err;
	/* Nothing more will come of the old owner's doing; what came is put down to it. */
	smmu_events_settle(s);
	/* Proven. With V clear nobody looks at the rest, which says whose the stream is. */
	for (unsigned i = 1; i < ARRAY_SIZE(ste->word); i++)
		ste_write_word(s, ste, i, 0);
	s->domains[vmid]->head.attached--;
	return 0;
}

static int attach_locked(struct smmu *s, struct smmu_domain *d, uint32_t stream)
{
	struct smmu_domain *owner;
	struct ste *ste, wanted;
	int err;

	if (stream >= BIT64(s->stream_bits)) {
		host_log(LOG_ERROR, SMMU_TAG "stream 0x%x is beyond its stream table (%u bits)",
			 SMMU_ID(s->unit), stream, s->stream_bits);
		return -ERANGE;
	}
	ste = ste_get(s, stream);
	if (!ste)
		return -ENOMEM;
	owner = smmu_stream_owner(s, stream);
	if (owner)
		return owner == d && (ste->word[0] & STE0_V) ? 0 : -EBUSY;

	/* The unit may hold the blocked entry or the empty level-1 descriptor: out with it. */
	ste_write_word(s, ste, 0, 0);
	err = ste_invalidate_cached(s, stream);
	if (err)
		return err;
	smmu_events_settle(s);
	wanted = ste_build(s, d);
	for (unsigned i = 1; i < ARRAY_SIZE(ste->word); i++)
		ste_write_word(s, ste, i, wanted.word[i]);
	d->head.attached++;
	ste_write_word(s, ste, 0, wanted.word[0]);
	err = ste_invalidate_cached(s, stream);
	/* If this fails too, the entry stays in the third state above and counts as attached. */
	if (err)
		(void)ste_block(s, ste, stream);
	return err;
}

int smmu_attach(struct iommu_domain *d, uint32_t stream)
{
	struct iommu_unit *u = d->unit;
	int err;

	host_lock(&u->lock);
	err = attach_locked(u->state, container_of(d, struct smmu_domain, head), stream);
	host_unlock(&u->lock);
	return err;
}

int smmu_block(struct iommu_unit *u, uint32_t stream)
{
	struct smmu *s = u->state;
	struct ste *ste;
	int err;

	if (stream >= BIT64(s->stream_bits))
		return -ERANGE;
	host_lock(&u->lock);
	ste = ste_find(s, stream);
	err = ste ? ste_block(s, ste, stream) : ste_invalidate_cached(s, stream);
	host_unlock(&u->lock);
	if (err)
		host_log(LOG_ERROR, SMMU_TAG "stream 0x%x: the unit did not confirm its block",
			 SMMU_ID(s->unit), stream);
	return err;
}

void smmu_streams_free(struct smmu *s)
{
	uint64_t *l1 = s->strtab;

	if (s->two_level && l1)
		for (uint32_t i = 0; i < BIT32(s->stream_bits - SPLIT); i++)
			host_pages_free(l2_table(l1[i]), L2_PAGES);
	host_pages_free(s->strtab, s->strtab_pages);
	s->strtab = NULL;
}

int smmu_streams_init(struct smmu *s, uint32_t idr0, uint32_t idr1)
{
	unsigned bits = (unsigned)FIELD_GET(IDR1_SIDSIZE, idr1), max;
	uint64_t size;
	uint32_t cfg;

	s->two_level = FIELD_GET(IDR0_ST_LEVEL, idr0) == IDR0_ST_LEVEL_2 && bits > SPLIT;
	max = s->two_level ? STREAM_BITS_MAX : LINEAR_BITS_MAX;
	s->stream_bits = bits < max ? bits : max;

	if (s->two_level) {
		size = BIT64(s->stream_bits - SPLIT) * sizeof(uint64_t);
		cfg = (uint32_t)(FIELD_PUT(STRTAB_CFG_FMT, STRTAB_FMT_2LEVEL) |
				 FIELD_PUT(STRTAB_CFG_SPLIT, SPLIT));
	} else {
		size = BIT64(s->stream_bits) * sizeof(struct ste);
		cfg = (uint32_t)FIELD_PUT(STRTAB_CFG_FMT, STRTAB_FMT_LINEAR);
	}
	/*
	 * All zero: every entry V=0, every level-1 descriptor Span=0. The base is aligned to the
	 * size (6.3.24).
	 */
	s->strtab_pages = (size_t)(align_up(size, PAGE_SIZE) / PAGE_SIZE);
	s->strtab = host_pages_alloc(s->strtab_pages, s->strtab_pages * PAGE_SIZE);
	if (!s->strtab)
		return -ENOMEM;
	smmu_publish(s, s->strtab, s->strtab_pages * PAGE_SIZE);
	smmu_write64(s->unit, SMMU_STRTAB_BASE,
		     STRTAB_BASE_RA | (host_virt_to_phys(s->strtab) & STRTAB_BASE_ADDR));
	smmu_write32(s->unit, SMMU_STRTAB_BASE_CFG,
		     cfg | (uint32_t)FIELD_PUT(STRTAB_CFG_LOG2SIZE, s->stream_bits));
	return 0;
}
