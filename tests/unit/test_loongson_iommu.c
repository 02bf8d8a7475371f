// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Loongson IOMMU driver against the model of the unit, each test with all three kinds of it:
 * taking over, domains and mappings, slots, the order of commands.
 */
#include "loongson-fixture.h"

#define for_each_kind(k) for (enum ls_kind k = 0; k < LS_KINDS; k++, model_reset())

/* Of the model's numbers: docs/hardware/loongson-iommu.md. */
#define EIVDB_VALID (1u << 20)
#define EIVDB_ON    (1u << 31)

/* ---- taking over ---- */

static void init_starts_on_with_nothing_in_it(void)
{
	for_each_kind(k)
	{
		hpa_t out;

		ls_power_on(k);
		model_ls_left_on(ls, 5, PORT, 3);
		CU_ASSERT_EQUAL(ops->init(&unit), 0);
		CU_ASSERT_TRUE(model_ls_enabled(ls));
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 0);
		for (unsigned d = 1; d < 16; d++)
			CU_ASSERT_EQUAL(model_ls_root(ls, d), model_ls_root(ls, 0));
		/* What has no slot goes through: that is what limits say, and why Bus Masters are off. */
		CU_ASSERT_TRUE(model_ls_dma(ls, NIC, IOVA, true, &out));
		CU_ASSERT_EQUAL(out, IOVA);
		CU_ASSERT_EQUAL(model_ls_passed(ls), 1);
		CU_ASSERT(model_log_contains(k == LS_REVISION_0 ? "BAR2" : "main memory"));
	}
}

static void init_copes_with_slots_that_need_translation_on(void)
{
	for_each_kind(k)
	{
		ls_power_on(k);
		model_ls_left_on(ls, 5, PORT, 3);
		model_ls_slots_need_on(ls);
		CU_ASSERT_EQUAL(ops->init(&unit), 0);
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 0);
	}
}

static void v11_limits_tell_the_truth(void)
{
	for_each_kind(k)
	{
		struct iommu_limits l;

		ls_start(k);
		ops->limits(&unit, &l);
		CU_ASSERT_EQUAL(l.domains, 15);
		CU_ASSERT_EQUAL(l.slots, 16);
		CU_ASSERT_EQUAL(l.by_root_port, k == LS_REVISION_0);
		CU_ASSERT_EQUAL(l.streams, k == LS_REVISION_0 ? 0x100 : 0x10000);
		CU_ASSERT_EQUAL(l.iova_bits, 47);
		CU_ASSERT_EQUAL(l.output_bits, 48);
		CU_ASSERT_EQUAL(l.page_sizes, PG);
		CU_ASSERT_FALSE(l.blocks_unknown);
		CU_ASSERT_FALSE(l.reports_faults);
		CU_ASSERT_FALSE(l.isolates_msi);
	}
}

static void firmwares_limit_counts(void)
{
	struct iommu_domain *d;
	struct iommu_limits l;

	ls_power_on(LS_REVISION_1);
	unit.max_streams = 2;
	CU_ASSERT_EQUAL(ops->init(&unit), 0);
	ops->limits(&unit, &l);
	CU_ASSERT_EQUAL(l.slots, 2);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->attach(d, 0x500), 0);
	CU_ASSERT_EQUAL(ops->attach(d, 0x501), 0);
	CU_ASSERT_EQUAL(ops->attach(d, 0x502), -ENOSPC);
}

static void a_unit_that_cannot_be_used_is_refused_by_name(void)
{
	/* Revision 0 without its memory for tables. */
	ls_power_on_text(LS_REVISION_0, "1a.0 rciep id=0014:7a1f class=080600 bar0=m64:1K\n");
	CU_ASSERT_EQUAL(ops->init(&unit), -ENODEV);
	CU_ASSERT(model_log_contains("0000:00:1a.0"));
	CU_ASSERT(model_log_contains("BAR2"));
	CU_ASSERT_EQUAL(model_pages_live(), 0);

	model_reset();
	ls_power_on_text(LS_REVISION_1, "1a.0 rciep id=0014:7a0f class=080600 bar0=m64:1K\n");
	CU_ASSERT_EQUAL(ops->init(&unit), -ENODEV);
	CU_ASSERT(model_log_contains("0014:7a1f"));

	model_reset();
	ls_power_on_text(LS_3C0F, "1a.0 rciep id=0014:3c0f class=080600 bar2=m64:64K\n");
	CU_ASSERT_EQUAL(ops->init(&unit), -ENODEV);
	CU_ASSERT(model_log_contains("BAR0"));
	CU_ASSERT_EQUAL(model_pages_live(), 0);
}

static void v7_a_flush_that_never_ends_fails_init(void)
{
	for_each_kind(k)
	{
		for (unsigned n = 1; n < 35; n += 3) {
			model_reset();
			ls_power_on(k);
			model_ls_stop_flush(ls, n);
			CU_ASSERT_EQUAL(ops->init(&unit), -ETIMEDOUT);
			CU_ASSERT(model_log_contains("did not end"));
		}
	}
}

/* ---- domains and mappings ---- */

static void a_stream_reaches_what_is_mapped_and_nothing_else(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *d;

		ls_start(k);
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 70 * MIB, RW), 0);
		CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
		CU_ASSERT_EQUAL(dma_to(PORT, IOVA + 5), PA + 5);
		CU_ASSERT_EQUAL(dma_to(PORT, IOVA + 32 * MIB + PG), PA + 32 * MIB + PG);
		CU_ASSERT_EQUAL(dma_to(PORT, IOVA + 70 * MIB - 1), PA + 70 * MIB - 1);
		CU_ASSERT_FALSE(dma(PORT, IOVA - 1));
		CU_ASSERT_FALSE(dma(PORT, IOVA + 70 * MIB));
		CU_ASSERT_FALSE(dma(PORT, PA));
		CU_ASSERT_FALSE(dma(PORT, 0));
		CU_ASSERT_FALSE(dma(PORT, BIT64(47) + IOVA));
		CU_ASSERT_EQUAL(model_ls_passed(ls), 0);
		CU_ASSERT_EQUAL(model_ls_memory_reads(ls), 0);
	}
}

static void two_zones_at_the_same_addresses(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *a, *b;

		ls_start(k);
		a = domain_of(1);
		b = domain_of(2);
		CU_ASSERT_EQUAL(ops->map(a, IOVA, PA, MIB, RW), 0);
		CU_ASSERT_EQUAL(ops->map(b, IOVA, PA + GIB, MIB, RW), 0);
		CU_ASSERT_EQUAL(ops->attach(a, PORT), 0);
		CU_ASSERT_EQUAL(ops->attach(b, NIC), 0);
		CU_ASSERT_EQUAL(dma_to(PORT, IOVA), PA);
		CU_ASSERT_EQUAL(dma_to(NIC, IOVA), PA + GIB);
	}
}

/* Absent entries may be in the TLB: a new mapping counts at once all the same. */
static void a_mapping_counts_at_once(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *d;

		ls_start(k);
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
		for (unsigned i = 0; i < 3; i++) {
			iova_t at = IOVA + i * 64 * GIB;

			CU_ASSERT_FALSE(dma(PORT, at));
			CU_ASSERT_EQUAL(ops->map(d, at, PA, PG, RW), 0);
			CU_ASSERT_EQUAL(dma_to(PORT, at), PA);
			CU_ASSERT_FALSE(dma(PORT, at + PG));
			CU_ASSERT_EQUAL(ops->map(d, at + PG, PA + PG, PG, RW), 0);
			CU_ASSERT_EQUAL(dma_to(PORT, at + PG), PA + PG);
		}
	}
}

static void v5_what_is_unmapped_is_out_of_the_tlb(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *d;

		ls_start(k);
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 64 * MIB, RW), 0);
		CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
		CU_ASSERT_EQUAL(dma_to(PORT, IOVA + PG), PA + PG);
		CU_ASSERT_EQUAL(ops->unmap(d, IOVA + PG, 40 * MIB), 0);
		CU_ASSERT_FALSE(dma(PORT, IOVA + PG));
		CU_ASSERT_FALSE(dma(PORT, IOVA + 40 * MIB));
		CU_ASSERT_EQUAL(dma_to(PORT, IOVA), PA);
		CU_ASSERT_EQUAL(dma_to(PORT, IOVA + 40 * MIB + PG), PA + 40 * MIB + PG);
		CU_ASSERT_EQUAL(ops->unmap(d, IOVA, 2 * PG), -ENOENT);
		CU_ASSERT_EQUAL(dma_to(PORT, IOVA), PA);
		/* And it can be mapped again. */
		CU_ASSERT_EQUAL(ops->map(d, IOVA + PG, PA, PG, RW), 0);
		CU_ASSERT_EQUAL(dma_to(PORT, IOVA + PG), PA);
	}
}

static void bad_ranges_change_nothing(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *d;

		ls_start(k);
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, PG, RW), 0);
		CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
		CU_ASSERT_EQUAL(ops->map(d, IOVA + PAGE_SIZE, PA, PG, RW), -EINVAL);
		CU_ASSERT_EQUAL(ops->map(d, IOVA, PA + PAGE_SIZE, PG, RW), -EINVAL);
		CU_ASSERT_EQUAL(ops->map(d, IOVA + PG, PA, PAGE_SIZE, RW), -EINVAL);
		CU_ASSERT_EQUAL(ops->map(d, IOVA + PG, PA, 0, RW), -EINVAL);
		CU_ASSERT_EQUAL(ops->map(d, BIT64(47) - PG, PA, 2 * PG, RW), -ERANGE);
		CU_ASSERT_EQUAL(ops->map(d, UINT64_MAX - PG + 1, PA, PG, RW), -ERANGE);
		CU_ASSERT_EQUAL(ops->map(d, IOVA + PG, BIT64(48) - PG, 2 * PG, RW), -ERANGE);
		CU_ASSERT_EQUAL(ops->map(d, IOVA - PG, PA, 3 * PG, RW), -EEXIST);
		CU_ASSERT_EQUAL(ops->map(d, IOVA + PG, PA, PG, 8), -EINVAL);
		/* Leaves let both through: less cannot be promised. */
		CU_ASSERT_EQUAL(ops->map(d, IOVA + PG, PA, PG, IOMMU_PROT_READ), -EINVAL);
		CU_ASSERT_FALSE(dma(PORT, IOVA - PG));
		CU_ASSERT_FALSE(dma(PORT, IOVA + PG));
		CU_ASSERT_EQUAL(dma_to(PORT, IOVA), PA);
	}
}

/* The longest piece between two flushes, in register and table writes: the lock is let go after each. */
static struct {
	unsigned now, most;
} held;

static void count_held(void *ctx, enum model_event event, uint64_t addr, uint64_t size,
		       uint64_t value)
{
	(void)ctx, (void)addr, (void)size, (void)value;
	if (!model_locks_held())
		held.now = 0;
	else if (event == MODEL_MMIO_WRITE && ++held.now > held.most)
		held.most = held.now;
	else if (event == MODEL_MMIO_READ && addr == unit.function->bars[0].cpu + 0x14)
		held.now = 0;
}

static void a_large_mapping_holds_nobody_up(void)
{
	struct iommu_domain *d;

	ls_start(LS_REVISION_0);
	d = domain_of(1);
	memset(&held, 0, sizeof(held));
	model_observe(count_held, NULL);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 500 * MIB, RW), 0);
	model_observe(NULL, NULL);
	CU_ASSERT(held.most > 4096 && held.most < 5 * 2048 + 100);
	CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
	CU_ASSERT_EQUAL(dma_to(PORT, IOVA + 499 * MIB), PA + 499 * MIB);
	/* Refused half-way: nothing of it is left. */
	CU_ASSERT_EQUAL(ops->map(d, IOVA - 300 * MIB, PA, 301 * MIB, RW), -EEXIST);
	CU_ASSERT_FALSE(dma(PORT, IOVA - 300 * MIB));
}

static void fifteen_domains_and_the_empty_one(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *d[15], *more;

		ls_start(k);
		for (unsigned i = 0; i < 15; i++)
			d[i] = domain_of((uint16_t)(i + 1));
		CU_ASSERT_EQUAL(ops->domain_create(&unit, 16, &more), -ENOSPC);
		CU_ASSERT_EQUAL(ops->domain_destroy(d[7]), 0);
		CU_ASSERT_EQUAL(ops->domain_create(&unit, 16, &more), 0);
	}
}

static void v5_a_domain_comes_back_empty(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *d;
		uint64_t pages;

		ls_start(k);
		pages = model_pages_live();
		for (unsigned i = 0; i < 3; i++) {
			d = domain_of(1);
			CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
			CU_ASSERT_FALSE(dma(PORT, IOVA));
			CU_ASSERT_EQUAL(ops->map(d, IOVA, PA + i * MIB, MIB, RW), 0);
			CU_ASSERT_EQUAL(dma_to(PORT, IOVA), PA + i * MIB);
			CU_ASSERT_EQUAL(ops->domain_destroy(d), -EBUSY);
			CU_ASSERT_EQUAL(ops->block(&unit, PORT), 0);
			CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
			CU_ASSERT_FALSE(dma(PORT, IOVA));
			CU_ASSERT_EQUAL(ops->release(&unit, PORT), 0);
			CU_ASSERT_EQUAL(model_pages_live(), pages);
		}
	}
}

static void revision_0_counts_tables_from_where_it_is_told(void)
{
	struct iommu_domain *d;
	hpa_t bar2;

	ls_power_on(LS_REVISION_0);
	unit.tables_by_cpu_address = true;
	bar2 = unit.function->bars[2].cpu;
	model_ls_table_origin(ls, bar2);
	CU_ASSERT_EQUAL(ops->init(&unit), 0);
	CU_ASSERT(model_ls_root(ls, 0) >= bar2);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, MIB, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
	CU_ASSERT_EQUAL(dma_to(PORT, IOVA), PA);
}

/* Here it has 64 tables; each leads to 32 MiB. */
static void revision_0_runs_out_of_tables_and_says_so(void)
{
	struct iommu_domain *d, *other;

	ls_power_on_text(LS_REVISION_0,
			 "1a.0 rciep id=0014:7a1f class=080600 bar0=m64:1K bar2=m64:1M\n");
	CU_ASSERT_EQUAL(ops->init(&unit), 0);
	d = domain_of(1);
	other = domain_of(2);
	CU_ASSERT_EQUAL(ops->map(d, 0, PA, 58 * 32 * MIB, RW), 0);
	CU_ASSERT_EQUAL(ops->map(other, 0, PA, 8 * 32 * MIB, RW), -ENOMEM);
	CU_ASSERT(model_log_contains("is full"));
	CU_ASSERT_EQUAL(ops->attach(other, NIC), 0);
	CU_ASSERT_FALSE(dma(NIC, 0));
	CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
	CU_ASSERT_EQUAL(dma_to(PORT, 57 * 32 * MIB), PA + 57 * 32 * MIB);
	/* What one gives back the other can have. */
	CU_ASSERT_EQUAL(ops->block(&unit, PORT), 0);
	CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
	CU_ASSERT_EQUAL(ops->map(other, 0, PA, 8 * 32 * MIB, RW), 0);
	CU_ASSERT_EQUAL(dma_to(NIC, 7 * 32 * MIB), PA + 7 * 32 * MIB);
}

static void each_failed_allocation_is_undone(void)
{
	for_each_kind(k)
	{
		unsigned n;

		for (n = 1; n < 60; n++) {
			struct iommu_domain *d = NULL;
			uint64_t pages;
			int err;

			model_reset();
			ls_power_on(k);
			model_fail_alloc_after(n);
			err = ops->init(&unit);
			if (err) {
				CU_ASSERT_EQUAL(err, -ENOMEM);
				CU_ASSERT_EQUAL(model_pages_live(), 0);
				continue;
			}
			pages = model_pages_live();
			err = ops->domain_create(&unit, 1, &d);
			if (err) {
				CU_ASSERT_EQUAL(err, -ENOMEM);
				CU_ASSERT_EQUAL(model_pages_live(), pages);
				continue;
			}
			err = ops->map(d, IOVA, PA, 100 * MIB, RW);
			CU_ASSERT(err == 0 || err == -ENOMEM);
			CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
			CU_ASSERT_EQUAL(dma(PORT, IOVA), !err);
			CU_ASSERT_EQUAL(ops->block(&unit, PORT), 0);
			CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
			CU_ASSERT_EQUAL(model_pages_live(), pages);
			if (!err)
				break;
		}
		CU_ASSERT(n > 5 && n < 60);
	}
}

/* ---- slots ---- */

static void v1_a_seventeenth_stream_is_refused(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *d;

		ls_start(k);
		d = domain_of(1);
		for (unsigned i = 0; i < 16; i++)
			CU_ASSERT_EQUAL(ops->attach(d, 8 * i), 0);
		CU_ASSERT_EQUAL(ops->attach(d, 8 * 16), -ENOSPC);
		CU_ASSERT(model_log_contains("no slot is left for stream 0x80"));
		CU_ASSERT_EQUAL(ops->block(&unit, 8 * 16), -ENOSPC);
		/* One more of those that are there is none. */
		CU_ASSERT_EQUAL(ops->attach(d, 8), 0);
		CU_ASSERT_EQUAL(d->attached, 16);
	}
}

/* Taking the slot away would let the stream through. */
static void v1_a_blocked_stream_keeps_its_slot(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *d;

		ls_start(k);
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, MIB, RW), 0);
		CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
		CU_ASSERT_EQUAL(dma_to(PORT, IOVA), PA);
		CU_ASSERT_EQUAL(ops->block(&unit, PORT), 0);
		CU_ASSERT_FALSE(dma(PORT, IOVA));
		CU_ASSERT_FALSE(dma(PORT, PA));
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 1);
		CU_ASSERT_EQUAL(model_ls_passed(ls), 0);
		CU_ASSERT_EQUAL(d->attached, 0);
		CU_ASSERT_EQUAL(ops->block(&unit, PORT), 0);
		/* Given back: only what is quiet may be without one. */
		CU_ASSERT_EQUAL(ops->release(&unit, PORT), 0);
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 0);
		CU_ASSERT_EQUAL(ops->release(&unit, PORT), 0);
		CU_ASSERT_TRUE(dma(PORT, PA));
		CU_ASSERT_EQUAL(model_ls_passed(ls), 1);
	}
}

static void v1_a_stream_without_a_slot_gets_one_to_be_blocked(void)
{
	for_each_kind(k)
	{
		ls_start(k);
		CU_ASSERT_TRUE(dma(PORT, IOVA));
		CU_ASSERT_EQUAL(ops->block(&unit, PORT), 0);
		CU_ASSERT_FALSE(dma(PORT, IOVA));
	}
}

static void an_attached_stream_is_neither_released_nor_taken(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *a, *b;

		ls_start(k);
		a = domain_of(1);
		b = domain_of(2);
		CU_ASSERT_EQUAL(ops->attach(a, PORT), 0);
		CU_ASSERT_EQUAL(ops->release(&unit, PORT), -EBUSY);
		CU_ASSERT_EQUAL(ops->attach(b, PORT), -EBUSY);
		CU_ASSERT_EQUAL(ops->block(&unit, PORT), 0);
		/* A blocked one can be given away again. */
		CU_ASSERT_EQUAL(ops->map(b, IOVA, PA, PG, RW), 0);
		CU_ASSERT_EQUAL(ops->attach(b, PORT), 0);
		CU_ASSERT_EQUAL(dma_to(PORT, IOVA), PA);
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 1);
	}
}

static void the_units_own_function_is_never_in_its_table(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *d;

		ls_start(k);
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->attach(d, 0xd0), -EINVAL);
		CU_ASSERT_EQUAL(ops->block(&unit, 0xd0), -EINVAL);
		CU_ASSERT_EQUAL(ops->attach(d, 0x10000), -ERANGE);
		CU_ASSERT_EQUAL(ops->attach(d, 0x600), k == LS_REVISION_0 ? -ERANGE : 0);
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), k != LS_REVISION_0);
	}
}

/* ---- the order of commands ---- */

static void check_event(unsigned *at, enum model_ls_event event, uint32_t operand)
{
	struct model_ls_command c = model_ls_command(ls, (*at)++);

	CU_ASSERT_EQUAL(c.event, event);
	if (event == MODEL_LS_COMMIT)
		CU_ASSERT_EQUAL(c.operand, operand);
	if (event == MODEL_LS_FLUSH_WRITE || event == MODEL_LS_FLUSH_READ)
		CU_ASSERT_EQUAL(c.operand, operand);
}

static void attaching_follows_the_sheet(void)
{
	for_each_kind(k)
	{
		const uint32_t slot = PORT | 1u << 16 | EIVDB_VALID;
		struct iommu_domain *d;
		unsigned at;

		ls_start(k);
		d = domain_of(1);
		at = model_ls_commands(ls);
		CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
		if (k == LS_REVISION_0) {
			check_event(&at, MODEL_LS_COMMIT, slot | EIVDB_ON);
			check_event(&at, MODEL_LS_COMMIT, slot | EIVDB_ON);
			check_event(&at, MODEL_LS_FLUSH_ALL, 0);
			check_event(&at, MODEL_LS_COMMIT, slot | EIVDB_ON);
		} else {
			check_event(&at, MODEL_LS_COMMIT, slot);
			check_event(&at, MODEL_LS_FLUSH_WRITE, 1);
			check_event(&at, MODEL_LS_FLUSH_READ, 1);
			check_event(&at, MODEL_LS_FLUSH_ALL, 0);
			check_event(&at, MODEL_LS_COMMIT, slot);
		}
		CU_ASSERT_EQUAL(model_ls_commands(ls), at);
		CU_ASSERT_TRUE(model_ls_enabled(ls));
	}
}

/* ---- hardware that does not answer ---- */

static void v7_a_dead_unit_proves_nothing_and_takes_nothing(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *d, *more = NULL;
		unsigned commands;
		uint64_t pages, start;

		ls_start(k);
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, MIB, RW), 0);
		CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
		pages = model_pages_live();
		model_ls_stop_flush(ls, 1);
		start = host_time_ns();
		CU_ASSERT_EQUAL(ops->unmap(d, IOVA, PG), -ETIMEDOUT);
		CU_ASSERT(host_time_ns() - start < 200 * 1000 * 1000);
		CU_ASSERT(model_log_contains("did not end in 100 ms"));
		commands = model_ls_commands(ls);
		CU_ASSERT_EQUAL(ops->block(&unit, PORT), -ETIMEDOUT);
		CU_ASSERT_EQUAL(ops->unmap(d, IOVA, PG), -ETIMEDOUT);
		CU_ASSERT_EQUAL(ops->map(d, IOVA + MIB, PA, PG, RW), -EIO);
		CU_ASSERT_EQUAL(ops->attach(d, NIC), -EIO);
		CU_ASSERT_EQUAL(ops->domain_create(&unit, 2, &more), -EIO);
		CU_ASSERT_EQUAL(ops->domain_destroy(d), -EBUSY);
		CU_ASSERT_EQUAL(model_ls_commands(ls), commands);
		CU_ASSERT_EQUAL(model_pages_live(), pages);
	}
}

/* Each flush of a domain's life stopped in turn: what is not proven counts as attached. */
static void v7_each_flush_failed_in_turn(void)
{
	for_each_kind(k)
	{
		unsigned n, failed = 0;

		for (n = 1; n < 40; n++) {
			struct iommu_domain *d = NULL;
			int err;

			model_reset();
			ls_start(k);
			model_ls_stop_flush(ls, n);
			err = ops->domain_create(&unit, 1, &d);
			if (!err)
				err = ops->map(d, IOVA, PA, MIB, RW);
			if (!err)
				err = ops->attach(d, PORT);
			if (!err)
				err = ops->block(&unit, PORT);
			if (!err)
				err = ops->release(&unit, PORT);
			if (!err)
				err = ops->domain_destroy(d);
			if (!err)
				break;
			failed++;
			CU_ASSERT_EQUAL(err, -ETIMEDOUT);
			CU_ASSERT_NOT_EQUAL(d && ops->domain_destroy(d) == 0, 1);
			if (d && d->attached)
				CU_ASSERT_EQUAL(ops->block(&unit, PORT), -ETIMEDOUT);
		}
		CU_ASSERT_EQUAL(failed, n - 1);
		CU_ASSERT(n > 5 && n < 40);
	}
}

static void v11_faults_are_hints(void)
{
	for_each_kind(k)
	{
		struct iommu_domain *d;
		struct iommu_fault fault;

		ls_start(k);
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->attach(d, PORT), 0);
		CU_ASSERT_EQUAL(ops->service_errors(&unit), 0);
		CU_ASSERT_FALSE(dma(PORT, IOVA + 0x123));
		CU_ASSERT_EQUAL(ops->fault_next(&unit, &fault), 0);
		CU_ASSERT_EQUAL(ops->service_errors(&unit), 1);
		CU_ASSERT(model_log_contains("0x90000123"));
		CU_ASSERT_EQUAL(ops->service_errors(&unit), 0);
	}
}

void suite_loongson_iommu(void)
{
	static const struct unit_test tests[] = {
		TEST(init_starts_on_with_nothing_in_it),
		TEST(init_copes_with_slots_that_need_translation_on),
		TEST(v11_limits_tell_the_truth),
		TEST(firmwares_limit_counts),
		TEST(a_unit_that_cannot_be_used_is_refused_by_name),
		TEST(v7_a_flush_that_never_ends_fails_init),
		TEST(a_stream_reaches_what_is_mapped_and_nothing_else),
		TEST(two_zones_at_the_same_addresses),
		TEST(a_mapping_counts_at_once),
		TEST(v5_what_is_unmapped_is_out_of_the_tlb),
		TEST(bad_ranges_change_nothing),
		TEST(a_large_mapping_holds_nobody_up),
		TEST(fifteen_domains_and_the_empty_one),
		TEST(v5_a_domain_comes_back_empty),
		TEST(revision_0_counts_tables_from_where_it_is_told),
		TEST(revision_0_runs_out_of_tables_and_says_so),
		TEST(each_failed_allocation_is_undone),
		TEST(v1_a_seventeenth_stream_is_refused),
		TEST(v1_a_blocked_stream_keeps_its_slot),
		TEST(v1_a_stream_without_a_slot_gets_one_to_be_blocked),
		TEST(an_attached_stream_is_neither_released_nor_taken),
		TEST(the_units_own_function_is_never_in_its_table),
		TEST(attaching_follows_the_sheet),
		TEST(v7_a_dead_unit_proves_nothing_and_takes_nothing),
		TEST(v7_each_flush_failed_in_turn),
		TEST(v11_faults_are_hints),
	};

	unit_suite("loongson_iommu", tests, ARRAY_SIZE(tests));
}
