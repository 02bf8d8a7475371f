// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SMMUv3 driver (iommu/arm-smmu-v3*.c) over the register-level model: what devices reach, and in
 * which order the unit learns of it. Taking over a unit: test_smmuv3_takeover.c; faults and errors:
 * test_smmuv3_faults.c.
 */
#include "smmuv3-fixture.h"

#include <string.h>

/* ---- what devices reach --------------------------------------------------------------- */

static void limits_tell_the_truth(void)
{
	struct iommu_limits l;
	struct iommu_domain *d;

	smmu_start(NULL);
	ops->limits(&unit, &l);
	CU_ASSERT_EQUAL(l.streams, 0x10000);
	CU_ASSERT_EQUAL(l.iova_bits, 40);
	CU_ASSERT_EQUAL(l.output_bits, 44);
	CU_ASSERT_EQUAL(l.page_sizes, 0x40201000);
	CU_ASSERT_TRUE(l.blocks_unknown && l.reports_faults && l.isolates_msi);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->attach(d, l.streams - 1), 0);
	CU_ASSERT_EQUAL(ops->attach(d, l.streams), -ERANGE);
	CU_ASSERT_TRUE(model_log_contains("stream 0x10000"));
	CU_ASSERT_EQUAL(ops->block(&unit, l.streams), -ERANGE);
	CU_ASSERT_EQUAL(ops->map(d, ((iova_t)1 << l.iova_bits) - 4096, PA, 4096, RW), 0);
	CU_ASSERT_EQUAL(ops->map(d, (iova_t)1 << l.iova_bits, PA, 4096, RW), -ERANGE);
	CU_ASSERT_EQUAL(ops->map(d, 0, (hpa_t)1 << l.output_bits, 4096, RW), -ERANGE);
	for (unsigned bit = 12; bit < 31; bit++)
		if (l.page_sizes >> bit & 1)
			CU_ASSERT_EQUAL(
				ops->map(d, 4 * GIB + BIT64(bit), BIT64(bit), BIT64(bit), RW), 0);
	/* As many domains as it says. */
	for (unsigned i = 1; i < l.domains; i++)
		(void)domain_of(2);
	CU_ASSERT_EQUAL(ops->domain_create(&unit, 3, &d), -ENOSPC);
}

static void every_kind_of_unit_translates_and_blocks(void)
{
	static const struct model_smmu_config configs[] = {
		{ 0 },
		{ .no_stage1 = true },
		{ .linear = true },
		{ .linear = true, .sid_bits = 6 },
		{ .sid_bits = 8 },
		{ .sid_bits = 9 },
		{ .sid_bits = 32 },
		{ .hyp = true, .msi = true },
		{ .oas_bits = 40 },
		{ .oas_bits = 48 },
		{ .oas_bits = 52 },
		{ .cmdq_log2 = 6, .eventq_log2 = 2 },
		{ .incoherent = true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		const uint32_t stream = configs[i].sid_bits == 6 ? 0x38 : 0xa8;
		struct iommu_domain *d;

		model_reset();
		smmu_start(&configs[i]);
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4 * 4096, RW), 0);
		CU_ASSERT_FALSE(dma(stream, IOVA));
		CU_ASSERT_EQUAL(ops->attach(d, stream), 0);
		CU_ASSERT_EQUAL(dma_to(stream, IOVA + 0x1234), PA + 0x1234);
		CU_ASSERT_FALSE(dma(stream, IOVA + 4 * 4096));
		CU_ASSERT_FALSE(dma(stream + 1, IOVA));
		CU_ASSERT_FALSE(dma(0, IOVA));
		CU_ASSERT_EQUAL(ops->block(&unit, stream), 0);
		CU_ASSERT_FALSE(dma(stream, IOVA));
		CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
		CU_ASSERT_EQUAL(model_smmu_bypassed(smmu), 0);
	}
}

static bool bypass_seen;

static void no_bypass_in_memory(void *ctx, uint64_t offset, uint64_t value)
{
	(void)ctx;
	(void)offset;
	(void)value;
	bypass_seen |= model_smmu_scan(smmu).not_stage2 != 0;
}

/* Through a whole life, whenever the unit is told anything, each valid entry is a stage-2 one. */
static void no_bypass_ste_ever(void)
{
	struct iommu_domain *d[2];

	bypass_seen = false;
	smmu_start(&(struct model_smmu_config){ .sid_bits = 10 });
	model_smmu_on_write(smmu, no_bypass_in_memory, NULL);
	for (uint16_t round = 0; round < 3; round++) {
		for (uint16_t i = 0; i < 2; i++) {
			d[i] = domain_of(i);
			CU_ASSERT_EQUAL(ops->map(d[i], IOVA, PA + i * MIB, 8192, RW), 0);
		}
		for (uint32_t stream = 0; stream < 8; stream++)
			CU_ASSERT_EQUAL(ops->attach(d[stream & 1], stream * 100), 0);
		CU_ASSERT_EQUAL(model_smmu_scan(smmu).valid, 8);
		for (uint32_t stream = 0; stream < 8; stream++) {
			/* An address that is mapped nowhere, the host's own among them. */
			CU_ASSERT_FALSE(dma(stream * 100, PA));
			CU_ASSERT_FALSE(dma(stream * 100 + 1, IOVA));
			CU_ASSERT_EQUAL(dma_to(stream * 100, IOVA), PA + (stream & 1) * MIB);
		}
		CU_ASSERT_EQUAL(ops->unmap(d[0], IOVA, 8192), 0);
		for (uint32_t stream = 0; stream < 8; stream++) {
			CU_ASSERT_EQUAL(ops->block(&unit, stream * 100), 0);
			CU_ASSERT_FALSE(dma(stream * 100, IOVA));
		}
		CU_ASSERT_EQUAL(ops->domain_destroy(d[0]), 0);
		CU_ASSERT_EQUAL(ops->domain_destroy(d[1]), 0);
	}
	CU_ASSERT_FALSE(bypass_seen);
	CU_ASSERT_EQUAL(model_smmu_bypassed(smmu), 0);
	CU_ASSERT_EQUAL(model_smmu_scan(smmu).valid, 0);
}

static void a_stream_reaches_its_own_domain_only(void)
{
	struct iommu_domain *a, *b;

	smmu_start(NULL);
	a = domain_of(1);
	b = domain_of(2);
	CU_ASSERT_EQUAL(ops->map(a, IOVA, PA, 2 * MIB, RW), 0);
	CU_ASSERT_EQUAL(ops->map(b, IOVA, PA + GIB, 4096, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(a, 0x108), 0);
	CU_ASSERT_EQUAL(ops->attach(b, 0x208), 0);
	CU_ASSERT_EQUAL(dma_to(0x108, IOVA), PA);
	CU_ASSERT_EQUAL(dma_to(0x208, IOVA), PA + GIB);
	CU_ASSERT_EQUAL(dma_to(0x108, IOVA + 4096), PA + 4096);
	CU_ASSERT_FALSE(dma(0x208, IOVA + 4096));
	CU_ASSERT_FALSE(dma(0x108, PA));
	CU_ASSERT_FALSE(dma(0x208, PA + GIB));
	CU_ASSERT_FALSE(dma(0x108, IOVA | 1ull << 40));
	CU_ASSERT_FALSE(dma(0x108, IOVA | 1ull << 63));
}

static void attach_is_refused_while_attached_elsewhere(void)
{
	struct iommu_domain *a, *b;

	smmu_start(NULL);
	a = domain_of(1);
	b = domain_of(2);
	CU_ASSERT_EQUAL(ops->map(a, IOVA, PA, 4096, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(a, 8), 0);
	CU_ASSERT_EQUAL(ops->attach(b, 8), -EBUSY);
	CU_ASSERT_EQUAL(dma_to(8, IOVA), PA);
	CU_ASSERT_EQUAL(ops->attach(a, 8), 0);
	CU_ASSERT_EQUAL(a->attached, 1);
	CU_ASSERT_EQUAL(b->attached, 0);
	CU_ASSERT_EQUAL(ops->domain_destroy(a), -EBUSY);
	CU_ASSERT_EQUAL(ops->block(&unit, 8), 0);
	CU_ASSERT_EQUAL(ops->block(&unit, 8), 0);
	CU_ASSERT_EQUAL(a->attached, 0);
	CU_ASSERT_EQUAL(ops->attach(b, 8), 0);
	CU_ASSERT_FALSE(dma(8, IOVA));
	CU_ASSERT_EQUAL(ops->domain_destroy(a), 0);
}

static void attach_drops_what_the_unit_remembers(void)
{
	struct iommu_domain *d;

	smmu_start(NULL);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4096, RW), 0);
	/* It has looked for the stream: no second-level table yet. */
	CU_ASSERT_FALSE(dma(0x305, IOVA));
	CU_ASSERT_EQUAL(ops->attach(d, 0x305), 0);
	CU_ASSERT_EQUAL(dma_to(0x305, IOVA), PA);
	/* And for this one: there is a table, the entry is invalid. */
	CU_ASSERT_FALSE(dma(0x306, IOVA));
	CU_ASSERT_EQUAL(ops->attach(d, 0x306), 0);
	CU_ASSERT_EQUAL(dma_to(0x306, IOVA), PA);
}

static void block_reaches_the_unit(void)
{
	struct iommu_domain *d;
	unsigned n;

	smmu_start(NULL);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 2 * MIB, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
	CU_ASSERT_EQUAL(ops->attach(d, 16), 0);
	CU_ASSERT_TRUE(dma(8, IOVA));
	CU_ASSERT_TRUE(dma(16, IOVA));
	n = model_smmu_commands(smmu);
	CU_ASSERT_EQUAL(ops->block(&unit, 8), 0);
	CU_ASSERT_FALSE(dma(8, IOVA));
	CU_ASSERT_EQUAL(dma_to(16, IOVA), PA);
	/* The entry, then the domain's translations, each confirmed. */
	CU_ASSERT_EQUAL(model_smmu_commands(smmu), n + 4);
	CU_ASSERT_EQUAL_FATAL(opcode(n), OP_CFGI_STE);
	CU_ASSERT_EQUAL(model_smmu_command(smmu, n)->stream, 8);
	CU_ASSERT_EQUAL(opcode(n + 1), OP_SYNC);
	CU_ASSERT_EQUAL(opcode(n + 2), OP_TLBI_VMID);
	CU_ASSERT_EQUAL(opcode(n + 3), OP_SYNC);
	/* A stream that never was in a domain: proven as well. */
	CU_ASSERT_EQUAL(ops->block(&unit, 0x7777), 0);
	CU_ASSERT_EQUAL(model_smmu_commands(smmu), n + 6);
}

static void map_use_and_unmap(struct iommu_domain *d, iova_t iova, uint64_t size)
{
	const uint64_t step = size > MIB ? size / 4 : 4096;
	const iova_t other = iova + 2 * GIB;
	const hpa_t pa = 64 * GIB;

	CU_ASSERT_EQUAL(ops->map(d, iova, pa, size, RW), 0);
	CU_ASSERT_EQUAL(ops->map(d, other, pa, 4096, RW), 0);
	for (uint64_t at = 0; at < size; at += step)
		CU_ASSERT_EQUAL(dma_to(8, iova + at), pa + at);
	CU_ASSERT_EQUAL(dma_to(8, other), pa);
	CU_ASSERT_EQUAL(ops->unmap(d, iova, size), 0);
	for (uint64_t at = 0; at < size; at += step)
		CU_ASSERT_FALSE(dma(8, iova + at));
	CU_ASSERT_EQUAL(dma_to(8, other), pa);
	/* What stands there next is what devices find. */
	CU_ASSERT_EQUAL(ops->map(d, iova, 32 * GIB, size, RW), 0);
	CU_ASSERT_EQUAL(dma_to(8, iova + size - 4096), 32 * GIB + size - 4096);
	CU_ASSERT_EQUAL(ops->unmap(d, iova, size), 0);
	CU_ASSERT_EQUAL(ops->unmap(d, other, 4096), 0);
}

static void unmap_reaches_the_tlb(void)
{
	static const uint64_t sizes[] = { 4096, 5 * 4096, 64 * 4096, 2 * MIB, GIB };
	struct iommu_domain *d;

	smmu_start(NULL);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		map_use_and_unmap(d, IOVA, sizes[i]);
		map_use_and_unmap(d, 1020 * GIB, sizes[i]);
	}
	CU_ASSERT_EQUAL(ops->unmap(d, IOVA, 4096), -ENOENT);
}

static void part_of_a_block_can_be_unmapped(void)
{
	struct iommu_domain *d;

	smmu_start(NULL);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, 64 * GIB, GIB, RW), 0);
	/* Cached as one GiB; the model objects to overlapping translations of another size. */
	CU_ASSERT_EQUAL(dma_to(8, IOVA + 5 * MIB), 64 * GIB + 5 * MIB);
	CU_ASSERT_EQUAL(ops->unmap(d, IOVA + 5 * MIB, 4096), 0);
	CU_ASSERT_FALSE(dma(8, IOVA + 5 * MIB));
	CU_ASSERT_EQUAL(dma_to(8, IOVA + 5 * MIB + 4096), 64 * GIB + 5 * MIB + 4096);
	CU_ASSERT_EQUAL(dma_to(8, IOVA + 5 * MIB - 1), 64 * GIB + 5 * MIB - 1);
	CU_ASSERT_EQUAL(dma_to(8, IOVA + 900 * MIB), 64 * GIB + 900 * MIB);
}

static void protection_is_kept(void)
{
	struct iommu_domain *d;
	hpa_t pa;

	smmu_start(NULL);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4096, IOMMU_PROT_READ), 0);
	CU_ASSERT_EQUAL(ops->map(d, IOVA + 4096, PA, 4096, IOMMU_PROT_WRITE | IOMMU_PROT_DEVICE),
			0);
	CU_ASSERT_TRUE(model_smmu_dma(smmu, 8, IOVA, false, &pa));
	CU_ASSERT_FALSE(model_smmu_dma(smmu, 8, IOVA, true, &pa));
	CU_ASSERT_FALSE(model_smmu_dma(smmu, 8, IOVA + 4096, false, &pa));
	CU_ASSERT_TRUE(model_smmu_dma(smmu, 8, IOVA + 4096, true, &pa));
	CU_ASSERT_EQUAL(ops->map(d, IOVA + 8192, PA, 4096, 0), -EINVAL);
	CU_ASSERT_EQUAL(ops->map(d, IOVA + 8192, PA, 4096, 8), -EINVAL);
}

static void a_vmid_is_clean_when_used_again(void)
{
	smmu_start(NULL);
	for (unsigned round = 0; round < 600; round++) {
		struct iommu_domain *d = domain_of((uint16_t)(round & 7));
		const iova_t other = round & 1 ? GIB : 2 * GIB;

		CU_ASSERT_EQUAL(ops->map(d, IOVA + other, PA + round * MIB, 4096, RW), 0);
		CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
		CU_ASSERT_EQUAL(dma_to(8, IOVA + other), PA + round * MIB);
		CU_ASSERT_FALSE(dma(8, IOVA + 3 * GIB - other));
		CU_ASSERT_EQUAL(ops->block(&unit, 8), 0);
		CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
	}
}

/* ---- order ---------------------------------------------------------------------------- */

static struct {
	unsigned valid_seen, half_written;
	uint64_t vmid_and_vtcr, table;
	unsigned commands_when_valid;
} order;

/* At each point where the unit might look: an entry with V set must be complete. */
static void entry_is_whole(void *ctx, enum model_event event, uint64_t addr, uint64_t size,
			   uint64_t value)
{
	uint64_t w[8];

	(void)ctx;
	(void)addr;
	(void)size;
	(void)value;
	if (event == MODEL_PAGES_ALLOC || event == MODEL_PAGES_FREE)
		return;
	if (!model_smmu_entry(smmu, 0x108, w) || !(w[0] & 1))
		return;
	if (!order.valid_seen++) {
		order.vmid_and_vtcr = w[2];
		order.table = w[3];
		order.commands_when_valid = model_smmu_commands(smmu);
	}
	/*
	 * S2AA64 and a table address are there from the first sight of V on, and never change under
	 * it.
	 */
	if (!(w[2] >> 51 & 1) || !w[3] || w[2] != order.vmid_and_vtcr || w[3] != order.table)
		order.half_written++;
}

static void attach_order_valid_bit_last(void)
{
	for (int coherent = 0; coherent < 2; coherent++) {
		struct iommu_domain *a, *b;
		unsigned n;

		model_reset();
		if (!coherent)
			model_set_noncoherent();
		smmu_start(&(struct model_smmu_config){ .incoherent = !coherent });
		a = domain_of(1);
		b = domain_of(2);
		CU_ASSERT_EQUAL(ops->attach(a, 0x109), 0); /* the second-level table is there */
		for (int round = 0; round < 2; round++) {
			memset(&order, 0, sizeof(order));
			n = model_smmu_commands(smmu);
			model_observe(entry_is_whole, NULL);
			CU_ASSERT_EQUAL(ops->attach(round ? b : a, 0x108), 0);
			model_observe(NULL, NULL);
			CU_ASSERT_TRUE(order.valid_seen > 0);
			CU_ASSERT_EQUAL(order.half_written, 0);
			/*
			 * The invalid entry is out of the unit before the valid one is written, ...
			 */
			CU_ASSERT_EQUAL(order.commands_when_valid, n + 2);
			/* ... which the unit is told of last. */
			CU_ASSERT_EQUAL(model_smmu_commands(smmu), n + 4);
			CU_ASSERT_EQUAL(opcode(n), OP_CFGI_STE);
			CU_ASSERT_EQUAL(opcode(n + 1), OP_SYNC);
			CU_ASSERT_EQUAL(opcode(n + 2), OP_CFGI_STE);
			CU_ASSERT_EQUAL(opcode(n + 3), OP_SYNC);
			CU_ASSERT_EQUAL(ops->block(&unit, 0x108), 0);
		}
	}
}

static unsigned frees, early_frees;

static void freed_after_sync(void *ctx, enum model_event event, uint64_t addr, uint64_t size,
			     uint64_t value)
{
	unsigned n = model_smmu_commands(smmu);

	(void)ctx;
	(void)addr;
	(void)size;
	(void)value;
	if (event != MODEL_PAGES_FREE)
		return;
	frees++;
	if (n < 2 || opcode(n - 1) != OP_SYNC ||
	    (opcode(n - 2) != OP_TLBI_IPA && opcode(n - 2) != OP_TLBI_VMID))
		early_frees++;
}

static void tables_are_freed_after_the_unit_forgot_them(void)
{
	struct iommu_domain *d;

	frees = early_frees = 0;
	smmu_start(NULL);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4096, RW), 0);
	CU_ASSERT_EQUAL(ops->map(d, 2 * IOVA, PA, 3 * MIB, RW), 0);
	CU_ASSERT_TRUE(dma(8, IOVA));
	CU_ASSERT_TRUE(dma(8, 2 * IOVA));
	/* The last command so far must not be taken for this one's. */
	CU_ASSERT_EQUAL(ops->attach(d, 16), 0);
	model_observe(freed_after_sync, NULL);
	CU_ASSERT_EQUAL(ops->unmap(d, IOVA, 4096), 0);
	CU_ASSERT_EQUAL(frees, 2);
	/* A walk from a remembered table would end in freed memory, which the model notices. */
	CU_ASSERT_FALSE(dma(8, IOVA));
	CU_ASSERT_EQUAL(ops->block(&unit, 8), 0);
	CU_ASSERT_EQUAL(ops->block(&unit, 16), 0);
	CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
	model_observe(NULL, NULL);
	CU_ASSERT_TRUE(frees > 4);
	CU_ASSERT_EQUAL(early_frees, 0);
}

static void an_unsnooping_unit_sees_everything(void)
{
	/* Either side may say that the unit does not snoop; both keep its tables clean. */
	for (int who = 0; who < 2; who++) {
		struct iommu_domain *d;
		struct iommu_fault f;

		model_reset();
		model_set_noncoherent();
		smmu_power_on(&(struct model_smmu_config){ .incoherent = who });
		unit.dma_coherent = who;
		CU_ASSERT_EQUAL_FATAL(ops->init(&unit), 0);
		CU_ASSERT_FALSE(dma(0x108, IOVA));
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->map(d, IOVA, 64 * GIB, 2 * MIB + 4096, RW), 0);
		CU_ASSERT_EQUAL(ops->attach(d, 0x108), 0);
		CU_ASSERT_EQUAL(dma_to(0x108, IOVA), 64 * GIB);
		CU_ASSERT_EQUAL(dma_to(0x108, IOVA + 2 * MIB), 64 * GIB + 2 * MIB);
		CU_ASSERT_EQUAL(ops->unmap(d, IOVA + 4096, 4096), 0);
		CU_ASSERT_FALSE(dma(0x108, IOVA + 4096));
		CU_ASSERT_EQUAL(dma_to(0x108, IOVA), 64 * GIB);
		CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1); /* the first one, blocked */
		CU_ASSERT_EQUAL(f.zone_id, ZONE_NONE);
		CU_ASSERT_EQUAL(f.stream, 0x108);
		CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
		CU_ASSERT_EQUAL(f.iova, IOVA + 4096);
		CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 0);
		CU_ASSERT_EQUAL(ops->block(&unit, 0x108), 0);
		CU_ASSERT_FALSE(dma(0x108, IOVA));
		CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
	}
}

/* ---- memory that runs out ------------------------------------------------------------- */

static int whole_life(void)
{
	struct iommu_domain *d = NULL;
	int err = ops->domain_create(&unit, 1, &d);

	if (err)
		return err;
	err = ops->map(d, IOVA - 4096, PA, 3 * MIB, RW);
	if (!err)
		err = ops->attach(d, 0x708);
	if (!err)
		err = ops->map(d, 3 * GIB, 64 * GIB, GIB, RW);
	if (!err)
		err = ops->unmap(d, 3 * GIB + MIB, 4096);
	CU_ASSERT_EQUAL(ops->block(&unit, 0x708), 0);
	CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
	return err;
}

static void nth_allocation_failure_leaks_nothing(void)
{
	const uint64_t l2_pages = 4; /* a second-level stream table stays once it is made */
	uint64_t before;
	unsigned n;

	smmu_start(NULL);
	before = model_pages_live();
	for (n = 1; n < 50; n++) {
		int err;

		model_fail_alloc_after(n);
		err = whole_life();
		model_fail_alloc_after(0);
		CU_ASSERT_FALSE(dma(0x708, IOVA));
		if (model_pages_live() != before)
			CU_ASSERT_EQUAL(model_pages_live(), before + l2_pages);
		if (!err)
			break;
		CU_ASSERT_EQUAL(err, -ENOMEM);
	}
	CU_ASSERT_TRUE(n > 5 && n < 50);
	CU_ASSERT_EQUAL(model_pages_live(), before + l2_pages);
	CU_ASSERT_EQUAL(whole_life(), 0);
	CU_ASSERT_EQUAL(model_pages_live(), before + l2_pages);
}

void suite_smmuv3(void)
{
	static const struct unit_test tests[] = {
		TEST(limits_tell_the_truth),
		TEST(every_kind_of_unit_translates_and_blocks),
		TEST(no_bypass_ste_ever),
		TEST(a_stream_reaches_its_own_domain_only),
		TEST(attach_is_refused_while_attached_elsewhere),
		TEST(attach_drops_what_the_unit_remembers),
		TEST(block_reaches_the_unit),
		TEST(unmap_reaches_the_tlb),
		TEST(part_of_a_block_can_be_unmapped),
		TEST(protection_is_kept),
		TEST(a_vmid_is_clean_when_used_again),
		TEST(attach_order_valid_bit_last),
		TEST(tables_are_freed_after_the_unit_forgot_them),
		TEST(an_unsnooping_unit_sees_everything),
		TEST(nth_allocation_failure_leaks_nothing),
	};

	unit_suite("smmuv3", tests, ARRAY_SIZE(tests));
}
