// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arm SMMUv3: taking over a unit, limits, domains (Arm IHI 0070; docs/hardware/smmuv3.md).
 *
 * Blocked from the first write on (invariant V1): init first makes the unit abort everything that
 * it does not translate (GBPA.ABORT), then turns off whatever firmware left running, and enables
 * the unit only with a stream table in which every stream is blocked. A unit that cannot be used
 * stays disabled and aborting.
 *
 * Domains translate by stage 2 alone. Each has a VMID of its own, which is reused only after the
 * unit has confirmed that it holds nothing of it.
 *
 * Locking: the unit's lock is taken here for every op but init and limits; waits inside are bounded
 * by SMMU_TIMEOUT_NS.
 */
#include "arm-smmu-v3.h"

#include <postern/errno.h>

/* Pages whose translations are invalidated one by one; above that, the whole VMID's. */
#define TLBI_PAGES_MAX 16u
_Static_assert(TLBI_PAGES_MAX < SMMU_RUN_MAX, "one run invalidates them all");

int smmu_wait(const struct iommu_unit *u, uint32_t reg, uint32_t mask, uint32_t value)
{
	uint64_t deadline = host_time_ns() + SMMU_TIMEOUT_NS;
	bool late = false;

	for (;;) {
		if ((smmu_read32(u, reg) & mask) == value)
			return 0;
		if (late)
			return -ETIMEDOUT;
		/* One more look after the deadline: this CPU may have been away. */
		late = host_time_ns() > deadline;
		arch_relax();
	}
}

void smmu_publish(const struct smmu *s, const void *va, size_t size)
{
	if (!s->coherent)
		arch_dcache_clean(va, size);
	arch_write_barrier();
}

/* ---- taking over ---------------------------------------------------------------------- */

/*
 * From now on the unit aborts what it gets while it is disabled (6.3.15, with its Update
 * handshake).
 */
static int abort_when_disabled(const struct iommu_unit *u)
{
	uint32_t gbpa;

	if (smmu_wait(u, SMMU_GBPA, GBPA_UPDATE, 0))
		return -ETIMEDOUT;
	gbpa = smmu_read32(u, SMMU_GBPA);
	smmu_write32(u, SMMU_GBPA, gbpa | GBPA_ABORT | GBPA_UPDATE);
	return smmu_wait(u, SMMU_GBPA, GBPA_UPDATE | GBPA_ABORT, GBPA_ABORT);
}

static int set_cr0(const struct iommu_unit *u, uint32_t enables)
{
	smmu_write32(u, SMMU_CR0, enables);
	return smmu_wait(u, SMMU_CR0ACK, CR0_ALL, enables);
}

/* The unit itself first, so that it aborts; its queues after it (6.3.9). */
static int disable(const struct iommu_unit *u)
{
	uint32_t cr0 = smmu_read32(u, SMMU_CR0) & CR0_ALL;
	int err = 0;

	if (cr0 & CR0_SMMUEN)
		err = set_cr0(u, cr0 & ~CR0_SMMUEN);
	return err ? err : set_cr0(u, 0);
}

static int set_interrupts(const struct iommu_unit *u, uint32_t enables)
{
	smmu_write32(u, SMMU_IRQ_CTRL, enables);
	return smmu_wait(u, SMMU_IRQ_CTRLACK, IRQ_CTRL_ALL, enables);
}

static int refuse(const struct smmu *s, const char *why)
{
	host_log(LOG_ERROR,
		 SMMU_TAG
		 "%s; it stays off and aborts all DMA, devices behind it cannot be assigned. "
		 "Way out: an SMMUv3 with stage 2, 4 KiB granule and 40-bit input addresses",
		 SMMU_ID(s->unit), why);
	return -ENODEV;
}

/* Width of output addresses by IDR5.OAS (6.3.6); also the encoding of STE.S2PS. */
static unsigned oas_bits(unsigned field)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48, 52 };

	return field < ARRAY_SIZE(bits) ? bits[field] : 52;
}

#define OAS_48 5u

static int check_features(struct smmu *s, uint32_t idr0, uint32_t idr1, uint32_t idr5)
{
	if (!(idr0 & IDR0_S2P))
		return refuse(s, idr0 & IDR0_S1P ? "stage-1-only SMMU (IDR0.S2P = 0)"
						 : "it translates nothing (IDR0.S1P = S2P = 0)");
	if (!(idr0 & IDR0_TTF_AARCH64))
		return refuse(s, "no AArch64 translation tables (IDR0.TTF)");
	if (FIELD_GET(IDR0_TTENDIAN, idr0) == IDR0_TTENDIAN_BIG)
		return refuse(s, "big-endian translation tables only (IDR0.TTENDIAN)");
	if (!(idr5 & IDR5_GRAN4K))
		return refuse(s, "no 4 KiB granule (IDR5.GRAN4K = 0)");
	if (idr1 & (IDR1_TABLES_PRESET | IDR1_QUEUES_PRESET))
		return refuse(
			s,
			"tables or queues at fixed addresses (IDR1.TABLES_PRESET, QUEUES_PRESET)");

	s->oas_field = (unsigned)FIELD_GET(IDR5_OAS, idr5);
	/*
	 * Input addresses are as wide as output addresses, or 40 bits if AArch32 tables work too
	 * (3.4).
	 */
	if (oas_bits(s->oas_field) < PT_INPUT_BITS && !(idr0 & IDR0_TTF_AARCH32))
		return refuse(s, "input addresses of less than 40 bits (IDR5.OAS)");
	if (s->oas_field > OAS_48)
		s->oas_field = OAS_48; /* what descriptors of the 4 KiB granule hold */
	s->output_bits = oas_bits(s->oas_field);
	s->hyp = idr0 & IDR0_HYP;
	s->coherent = (idr0 & IDR0_COHACC) && s->unit->dma_coherent;
	return 0;
}

static void set_attributes(const struct smmu *s)
{
	unsigned cache = s->coherent ? ATTR_WB : ATTR_NC;
	unsigned share = s->coherent ? ATTR_INNER_SHAREABLE : ATTR_OUTER_SHAREABLE;

	smmu_write32(s->unit, SMMU_CR1,
		     (uint32_t)(FIELD_PUT(CR1_TABLE_SH, share) | FIELD_PUT(CR1_TABLE_OC, cache) |
				FIELD_PUT(CR1_TABLE_IC, cache) | FIELD_PUT(CR1_QUEUE_SH, share) |
				FIELD_PUT(CR1_QUEUE_OC, cache) | FIELD_PUT(CR1_QUEUE_IC, cache)));
	smmu_write32(s->unit, SMMU_CR2, CR2_PTM | CR2_RECINVSID);
}

/* Registers and memory are set up; nothing of an earlier owner is kept, then the unit goes live. */
static int enable(struct smmu *s, uint32_t idr0)
{
	struct smmu_cmd cmds[3] = { smmu_cmd_cfgi_all(), smmu_cmd_op(CMD_TLBI_NSNH_ALL) };
	const struct iommu_irqs *irqs = &s->unit->irqs;
	size_t count = 2;
	int err;

	if (s->hyp)
		cmds[count++] = smmu_cmd_op(CMD_TLBI_EL2_ALL);
	err = set_interrupts(s->unit, 0);
	if (err)
		return err;
	/* Wired interrupts: no message address (6.3.20, 6.3.28). */
	if (idr0 & IDR0_MSI) {
		smmu_write64(s->unit, SMMU_GERROR_IRQ_CFG0, 0);
		smmu_write64(s->unit, SMMU_EVENTQ_IRQ_CFG0, 0);
	}
	smmu_write32(s->unit, SMMU_GERRORN, smmu_read32(s->unit, SMMU_GERROR));
	err = set_cr0(s->unit, CR0_CMDQEN);
	if (!err)
		err = smmu_run(s, cmds, count);
	if (!err)
		err = set_cr0(s->unit, CR0_CMDQEN | CR0_EVENTQEN);
	if (!err)
		err = set_interrupts(s->unit, (irqs->event ? IRQ_CTRL_EVENTQ : 0) |
						      (irqs->error ? IRQ_CTRL_GERROR : 0));
	if (!err)
		err = set_cr0(s->unit, CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	return err;
}

/* Every requester behind the unit is blocked on 0. No memory is needed for it. */
static int block_all(const struct iommu_unit *u)
{
	int err = abort_when_disabled(u);

	if (err) {
		/* Then it must not be disabled either: it would let everything through. */
		host_log(LOG_ERROR, SMMU_TAG "it does not accept GBPA.ABORT, DMA cannot be blocked",
			 SMMU_ID(u));
		return err;
	}
	err = disable(u);
	if (err)
		host_log(LOG_ERROR, SMMU_TAG "it does not stop (CR0 0x%x, CR0ACK 0x%x)", SMMU_ID(u),
			 smmu_read32(u, SMMU_CR0), smmu_read32(u, SMMU_CR0ACK));
	return err;
}

static int bring_up(struct smmu *s)
{
	const struct iommu_unit *u = s->unit;
	uint32_t idr0 = smmu_read32(u, SMMU_IDR0), idr1 = smmu_read32(u, SMMU_IDR1);
	int err = check_features(s, idr0, idr1, smmu_read32(u, SMMU_IDR5));

	if (err)
		return err;
	set_attributes(s);
	err = smmu_queues_init(s, idr1);
	if (!err)
		err = smmu_streams_init(s, idr0, idr1);
	if (!err)
		err = enable(s, idr0);
	if (!err)
		return 0;

	host_log(LOG_ERROR, SMMU_TAG "not brought up (error %d), it blocks all DMA", SMMU_ID(u),
		 err);
	/* Memory that the unit may still read is not given back. */
	if (disable(u) == 0) {
		smmu_streams_free(s);
		smmu_queues_free(s);
	}
	return err;
}

static int smmu_init(struct iommu_unit *u)
{
	struct smmu *s;
	int err;

	if (u->size < SMMU_MIN_SIZE) {
		host_log(LOG_ERROR, SMMU_TAG "its registers need 0x%x bytes, not 0x%llx",
			 SMMU_ID(u), SMMU_MIN_SIZE, (unsigned long long)u->size);
		/* What there is of page 0 suffices to block. */
		if (u->size >= PAGE_SIZE)
			(void)block_all(u);
		return -EINVAL;
	}
	err = block_all(u);
	if (err)
		return err;
	s = host_pages_alloc(1, PAGE_SIZE);
	if (!s)
		return -ENOMEM;
	s->unit = u;
	err = bring_up(s);
	if (err) {
		host_pages_free(s, 1);
		return err;
	}
	u->state = s;
	host_log(LOG_INFO, SMMU_TAG "stage 2, %u-bit output, %u-bit stream ids (%s table), %s",
		 SMMU_ID(u), s->output_bits, s->stream_bits, s->two_level ? "2-level" : "linear",
		 s->coherent ? "coherent" : "not coherent");
	return 0;
}

static void smmu_limits(const struct iommu_unit *u, struct iommu_limits *out)
{
	const struct smmu *s = u->state;

	*out = (struct iommu_limits){
		.domains = SMMU_VMIDS - 1,
		.streams = (unsigned)BIT32(s->stream_bits),
		.iova_bits = PT_INPUT_BITS,
		.output_bits = s->output_bits,
		.page_sizes = PT_PAGE_SIZES,
		.blocks_unknown = true,
		.reports_faults = true,
		/* The stream id travels with the write: an ITS takes its DeviceID from the bus, not
		   from the data. */
		.isolates_msi = true,
	};
}

/* ---- domains -------------------------------------------------------------------------- */

static struct smmu *domain_unit(const struct smmu_domain *d)
{
	return d->head.unit->state;
}

static void domain_publish(void *ctx, const uint64_t *first, size_t count)
{
	smmu_publish(domain_unit(ctx), first, count * sizeof(*first));
}

static int domain_flush(void *ctx, uint64_t ia, uint64_t size)
{
	struct smmu_domain *d = ctx;
	struct smmu_cmd cmds[TLBI_PAGES_MAX];
	size_t count = 0;

	if (size > TLBI_PAGES_MAX * PAGE_SIZE) {
		cmds[count++] = smmu_cmd_tlbi_vmid(d->vmid);
	} else {
		for (uint64_t at = ia; at < ia + size; at += PAGE_SIZE)
			cmds[count++] = smmu_cmd_tlbi_ipa(d->vmid, at);
	}
	return smmu_run(domain_unit(d), cmds, count);
}

static const struct pt_ops domain_pt_ops = {
	.publish = domain_publish,
	.flush = domain_flush,
};

static int domain_create_locked(struct smmu *s, uint16_t zone_id, struct iommu_domain **out)
{
	struct smmu_domain *d;
	uint16_t vmid = 1;
	int err;

	while (vmid < SMMU_VMIDS && s->domains[vmid])
		vmid++;
	if (vmid == SMMU_VMIDS)
		return -ENOSPC;
	d = host_pages_alloc(1, PAGE_SIZE);
	if (!d)
		return -ENOMEM;
	d->head.unit = s->unit;
	d->head.zone_id = zone_id;
	d->vmid = vmid;
	err = pt_init(&d->pt, s->output_bits, &domain_pt_ops, d);
	if (err) {
		host_pages_free(d, 1);
		return err;
	}
	s->domains[vmid] = d;
	*out = &d->head;
	return 0;
}

static int smmu_domain_create(struct iommu_unit *u, uint16_t zone_id, struct iommu_domain **out)
{
	int err;

	host_lock(&u->lock);
	err = domain_create_locked(u->state, zone_id, out);
	host_unlock(&u->lock);
	return err;
}

static int domain_destroy_locked(struct smmu *s, struct smmu_domain *d)
{
	struct smmu_cmd cmd = smmu_cmd_tlbi_vmid(d->vmid);
	int err;

	if (d->head.attached)
		return -EBUSY;
	err = smmu_run(s, &cmd, 1);
	if (err)
		return err;
	s->domains[d->vmid] = NULL;
	pt_destroy(&d->pt);
	host_pages_free(d, 1);
	return 0;
}

static int smmu_domain_destroy(struct iommu_domain *head)
{
	struct iommu_unit *u = head->unit;
	int err;

	host_lock(&u->lock);
	err = domain_destroy_locked(u->state, container_of(head, struct smmu_domain, head));
	host_unlock(&u->lock);
	return err;
}

static int smmu_map(struct iommu_domain *head, iova_t iova, hpa_t pa, uint64_t size, unsigned prot)
{
	struct smmu_domain *d = container_of(head, struct smmu_domain, head);
	uint32_t attr = 0;
	int err;

	if (prot & ~(IOMMU_PROT_READ | IOMMU_PROT_WRITE | IOMMU_PROT_DEVICE))
		return -EINVAL;
	if (prot & IOMMU_PROT_READ)
		attr |= PT_READ;
	if (prot & IOMMU_PROT_WRITE)
		attr |= PT_WRITE;
	if (prot & IOMMU_PROT_DEVICE)
		attr |= PT_DEVICE;
	host_lock(&head->unit->lock);
	err = pt_map(&d->pt, iova, pa, size, attr);
	host_unlock(&head->unit->lock);
	return err;
}

static int smmu_unmap(struct iommu_domain *head, iova_t iova, uint64_t size)
{
	struct smmu_domain *d = container_of(head, struct smmu_domain, head);
	int err;

	host_lock(&head->unit->lock);
	err = pt_unmap(&d->pt, iova, size);
	host_unlock(&head->unit->lock);
	return err;
}

const struct iommu_ops arm_smmu_v3_ops = {
	.name = "arm-smmu-v3",
	.init = smmu_init,
	.limits = smmu_limits,
	.domain_create = smmu_domain_create,
	.domain_destroy = smmu_domain_destroy,
	.map = smmu_map,
	.unmap = smmu_unmap,
	.attach = smmu_attach,
	.block = smmu_block,
	.fault_next = smmu_fault_next,
	.service_errors = smmu_service_errors,
};
