// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The physical ITS's tables and command queue. Arm IHI 0069H, 5.2, 5.3, 12.18. See
 * gic-v3-its-internal.h.
 *
 * Commands go out in batches: its_send() fills the queue, its_flush() rings CWRITER and waits until
 * CREADR has followed. So the queue is empty between batches. A command the unit stalls on is
 * logged, replaced by a SYNC and retried, so that one bad command does not stop the others'; the
 * batch fails with -EIO.
 *
 * Memory the unit reads is cleaned to the point of coherency whether or not it snoops: it is
 * little, and never hot.
 *
 * Locking: unit lock held by the caller, or boot.
 */
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/host.h>

#include "gic-v3-its-internal.h"
#include "gic-v3.h"

#define POLL_US       100000u
#define QUEUE_PAGES   4u
#define QUEUE_ENTRIES (QUEUE_PAGES * (unsigned)PAGE_SIZE / ITS_COMMAND_SIZE)
#define QUEUE_ALIGN   (64 * KIB) /* GITS_CBASER: bits [15:12] must be 0 */
/* One entry stays free: full and empty must differ. */
#define QUEUE_USABLE  (QUEUE_ENTRIES - 1)

#define MAX_TABLE_PAGES 256u
/* A flat device table up to this size costs less than the trouble of two levels. */
#define FLAT_MAX        MIB
#define LEVEL1_VALID    BIT64(63)
#define LEVEL1_ENTRY    8u

/* ---- tables ---------------------------------------------------------------------------------- */

static hpa_t baser_reg(const struct gic_its *its, unsigned n)
{
	return its->base + GITS_BASER + 8 * n;
}

static uint64_t page_bytes(unsigned code)
{
	return 4 * KIB << 2 * code;
}

static bool page_size_sticks(const struct gic_its *its, unsigned n, unsigned code)
{
	hpa_t reg = baser_reg(its, n);
	uint64_t value = mmio_read64(reg) & ~(GITS_BASER_PAGE | GITS_BASER_VALID);

	mmio_write64(reg, value | FIELD_PUT(GITS_BASER_PAGE, code));
	return FIELD_GET(GITS_BASER_PAGE, mmio_read64(reg)) == code;
}

static bool indirect_sticks(const struct gic_its *its, unsigned n)
{
	hpa_t reg = baser_reg(its, n);
	uint64_t value = mmio_read64(reg) & ~GITS_BASER_VALID;

	mmio_write64(reg, value | GITS_BASER_INDIRECT);
	return mmio_read64(reg) & GITS_BASER_INDIRECT;
}

/*
 * The smallest page size the register takes with which `bytes` fit (or the largest it takes). -1:
 * it takes none.
 */
static int choose_page_size(const struct gic_its *its, unsigned n, uint64_t bytes)
{
	int best = -1;

	for (unsigned code = 0; code <= 2; code++) {
		if (!page_size_sticks(its, n, code))
			continue;
		best = (int)code;
		if (bytes <= MAX_TABLE_PAGES * page_bytes(code))
			break;
	}
	return best;
}

/* Memory of `pages` pages of that size behind GITS_BASER<n>. NULL: *err says why. */
static void *baser_provide(const struct gic_its *its, unsigned n, unsigned code, uint64_t pages,
			   bool indirect, int *err)
{
	uint64_t bytes = pages * page_bytes(code), value;
	hpa_t reg = baser_reg(its, n);
	void *table = host_pages_alloc(bytes / PAGE_SIZE, page_bytes(code));
	hpa_t pa;

	*err = -ENOMEM;
	if (!table)
		return NULL;
	*err = -EIO;
	pa = host_virt_to_phys(table);
	arch_dcache_clean_invalidate(table, bytes);
	value = GITS_BASER_VALID | (indirect ? GITS_BASER_INDIRECT : 0) | pa |
		FIELD_PUT(GITS_BASER_PAGE, code) | FIELD_PUT(GITS_BASER_PAGES, pages - 1);
	mmio_write64(reg, value | FIELD_PUT(GITS_BASER_SHARE, GIC_SHARE_INNER) |
				  FIELD_PUT(GITS_BASER_INNER, GIC_CACHE_RA_WA_WB));
	if (FIELD_GET(GITS_BASER_SHARE, mmio_read64(reg)) == 0)
		mmio_write64(reg, value | FIELD_PUT(GITS_BASER_INNER, GIC_CACHE_NC));
	/*
	 * An address of 48 bits or more would need another encoding: this memory never lies there.
	 */
	if ((mmio_read64(reg) & (GITS_BASER_VALID | GITS_BASER_ADDRESS)) == (GITS_BASER_VALID | pa))
		return table;
	mmio_write64(reg, 0);
	host_pages_free(table, bytes / PAGE_SIZE);
	return NULL;
}

static int device_table_init(struct gic_its *its, unsigned n, uint64_t entry)
{
	struct its_device_table *t = &its->devices;
	uint64_t ids = BIT64(its->device_bits), bytes = ids * entry, pages;
	bool indirect = bytes > FLAT_MAX && indirect_sticks(its, n);
	int code, err;
	void *table;

	if (!indirect && bytes > FLAT_MAX)
		bytes = FLAT_MAX;
	/* Two levels: the largest pages, so that the first level is small. */
	code = choose_page_size(its, n, indirect ? UINT64_MAX : bytes);
	if (code < 0)
		return -EIO;
	t->page_bytes = page_bytes((unsigned)code);
	t->ids_per_page = t->page_bytes / entry;
	if (indirect)
		bytes = align_up(ids, t->ids_per_page) / t->ids_per_page * LEVEL1_ENTRY;
	pages = align_up(bytes, t->page_bytes) / t->page_bytes;
	if (pages > MAX_TABLE_PAGES)
		pages = MAX_TABLE_PAGES;
	table = baser_provide(its, n, (unsigned)code, pages, indirect, &err);
	if (!table)
		return err;
	t->indirect = indirect;
	t->level1 = indirect ? table : NULL;
	bytes = pages * t->page_bytes;
	t->ids = indirect ? bytes / LEVEL1_ENTRY * t->ids_per_page : bytes / entry;
	if (t->ids > ids)
		t->ids = ids;
	return 0;
}

static int collection_table_init(struct gic_its *its, unsigned n, uint64_t entry)
{
	uint64_t bytes = MAX_CPUS * entry;
	int code = choose_page_size(its, n, bytes), err;

	if (code < 0)
		return -EIO;
	if (!baser_provide(its, n, (unsigned)code, 1, false, &err))
		return err;
	its->collections = MAX_CPUS;
	return 0;
}

static int tables_init(struct gic_its *its)
{
	int err = 0;

	for (unsigned n = 0; n < GITS_BASER_COUNT && !err; n++) {
		uint64_t baser = mmio_read64(baser_reg(its, n));
		uint64_t entry = FIELD_GET(GITS_BASER_ENTRY, baser) + 1;

		if (FIELD_GET(GITS_BASER_TYPE, baser) == GITS_BASER_TYPE_DEVICE)
			err = device_table_init(its, n, entry);
		else if (FIELD_GET(GITS_BASER_TYPE, baser) == GITS_BASER_TYPE_COLLECTION)
			err = collection_table_init(its, n, entry);
	}
	return err;
}

int its_hw_cover(struct gic_its *its, uint32_t device_id)
{
	struct its_device_table *t = &its->devices;
	uint64_t *entry;
	void *page;

	if (device_id >= t->ids)
		return -ENOSPC;
	if (!t->indirect)
		return 0;
	entry = &t->level1[device_id / t->ids_per_page];
	if (*entry & LEVEL1_VALID)
		return 0;
	/* Stays for good: the unit may cache it. */
	page = host_pages_alloc(t->page_bytes / PAGE_SIZE, t->page_bytes);
	if (!page)
		return -ENOMEM;
	arch_dcache_clean_invalidate(page, t->page_bytes);
	*entry = host_virt_to_phys(page) | LEVEL1_VALID;
	arch_dcache_clean(entry, sizeof(*entry));
	arch_full_barrier();
	return 0;
}

/* ---- start ----------------------------------------------------------------------------------- */

static int queue_init(struct gic_its *its)
{
	uint64_t value;

	its->queue = host_pages_alloc(QUEUE_PAGES, QUEUE_ALIGN);
	if (!its->queue)
		return -ENOMEM;
	arch_dcache_clean_invalidate(its->queue, QUEUE_PAGES * PAGE_SIZE);
	value = GITS_CBASER_VALID | host_virt_to_phys(its->queue) |
		FIELD_PUT(GITS_CBASER_PAGES, QUEUE_PAGES - 1);
	mmio_write64(its->base + GITS_CBASER,
		     value | FIELD_PUT(GITS_CBASER_SHARE, GIC_SHARE_INNER) |
			     FIELD_PUT(GITS_CBASER_INNER, GIC_CACHE_RA_WA_WB));
	if (FIELD_GET(GITS_CBASER_SHARE, mmio_read64(its->base + GITS_CBASER)) == 0)
		mmio_write64(its->base + GITS_CBASER,
			     value | FIELD_PUT(GITS_CBASER_INNER, GIC_CACHE_NC));
	mmio_write64(its->base + GITS_CWRITER, 0);
	return 0;
}

static int disable(const struct gic_its *its)
{
	uint32_t ctlr = mmio_read32(its->base + GITS_CTLR);

	mmio_write32(its->base + GITS_CTLR, ctlr & ~GITS_CTLR_ENABLED);
	for (unsigned us = 0; us < POLL_US; us++) {
		if (mmio_read32(its->base + GITS_CTLR) & GITS_CTLR_QUIESCENT)
			return 0;
		host_udelay(1);
	}
	return -ETIMEDOUT;
}

int its_hw_init(struct gic_its *its)
{
	uint64_t rev = FIELD_GET(GIC_PIDR2_ARCH_REV, mmio_read32(its->base + GITS_PIDR2));
	uint64_t typer = mmio_read64(its->base + GITS_TYPER);
	const char *what = "is no GICv3 ITS for physical LPIs";
	int err = -ENODEV;

	if ((rev != 3 && rev != 4) || !(typer & GITS_TYPER_PHYSICAL))
		goto fail;
	its->pta = typer & GITS_TYPER_PTA;
	its->itt_entry = (unsigned)FIELD_GET(GITS_TYPER_ITT_ENTRY, typer) + 1;
	its->event_bits = (unsigned)FIELD_GET(GITS_TYPER_EVENT_BITS, typer) + 1;
	its->device_bits = (unsigned)FIELD_GET(GITS_TYPER_DEVICE_BITS, typer) + 1;
	its->collections = (unsigned)FIELD_GET(GITS_TYPER_HCC, typer);

	what = "does not become quiescent";
	err = disable(its);
	if (err)
		goto fail;
	what = "cannot be given its tables";
	err = tables_init(its);
	if (!err && !its->devices.ids)
		err = -EIO;
	if (err)
		goto fail;
	what = "cannot be given a command queue";
	err = queue_init(its);
	if (err)
		goto fail;
	mmio_write32(its->base + GITS_CTLR, GITS_CTLR_ENABLED);
	host_log(LOG_INFO, "its: 0x%llx: %u device bits (%s table), %u event bits",
		 (unsigned long long)its->base, its->device_bits,
		 its->devices.indirect ? "two-level" : "flat", its->event_bits);
	return 0;

fail:
	host_log(LOG_ERROR, "its: unit at 0x%llx %s", (unsigned long long)its->base, what);
	return err;
}

/* ---- queue ----------------------------------------------------------------------------------- */

void its_send(struct gic_its *its, const struct its_command *cmd)
{
	/* A batch larger than the queue goes out in parts; the error of a part is kept. */
	if (its->unsent == QUEUE_USABLE) {
		int err = its_flush(its);

		its->batch_error = its->batch_error ? its->batch_error : err;
	}
	its->queue[its->write] = *cmd;
	arch_dcache_clean(&its->queue[its->write], sizeof(*cmd));
	its->write = (its->write + 1) % QUEUE_ENTRIES;
	its->unsent++;
	its->stats.commands++;
}

/* The unit stalled on the command at CREADR: something harmless takes its place. */
static void skip_stalled(struct gic_its *its, uint64_t creadr)
{
	struct its_command *cmd = &its->queue[FIELD_GET(GITS_QUEUE_OFFSET, creadr) % QUEUE_ENTRIES];

	host_log(LOG_ERROR, "its: unit at 0x%llx refuses command %llx %llx %llx %llx",
		 (unsigned long long)its->base, (unsigned long long)cmd->word[0],
		 (unsigned long long)cmd->word[1], (unsigned long long)cmd->word[2],
		 (unsigned long long)cmd->word[3]);
	its->stats.errors++;
	*cmd = (struct its_command){ .word = { FIELD_PUT(ITS_CMD0_OPCODE, ITS_SYNC), 0,
					       gic_v3_rdbase(arch_cpu_index(), its->pta), 0 } };
	arch_dcache_clean(cmd, sizeof(*cmd));
	arch_full_barrier();
	mmio_write64(its->base + GITS_CWRITER, its->write * ITS_COMMAND_SIZE | GITS_CWRITER_RETRY);
}

int its_flush(struct gic_its *its)
{
	uint64_t end = its->write * ITS_COMMAND_SIZE, creadr;
	int err = its->batch_error;

	its->batch_error = 0;
	its->unsent = 0;
	if (its->dead)
		return -ETIMEDOUT;
	arch_full_barrier();
	mmio_write64(its->base + GITS_CWRITER, end);
	for (unsigned us = 0; us < POLL_US; us++) {
		creadr = mmio_read64(its->base + GITS_CREADR);
		if (creadr & GITS_CREADR_STALLED) {
			skip_stalled(its, creadr);
			err = -EIO;
		} else if ((creadr & GITS_QUEUE_OFFSET) == end) {
			return err;
		}
		host_udelay(1);
	}
	host_log(LOG_ERROR, "its: unit at 0x%llx does not work off its queue",
		 (unsigned long long)its->base);
	its->stats.errors++;
	its->dead = true;
	return -ETIMEDOUT;
}

static void send4(struct gic_its *its, enum its_opcode op, uint32_t device, uint64_t word1,
		  uint64_t word2)
{
	struct its_command cmd = { .word = { FIELD_PUT(ITS_CMD0_OPCODE, op) |
						     FIELD_PUT(ITS_CMD0_DEVICE, device),
					     word1, word2, 0 } };

	its_send(its, &cmd);
}

void its_send_mapd(struct gic_its *its, uint32_t device, hpa_t itt, unsigned event_bits, bool valid)
{
	send4(its, ITS_MAPD, device, FIELD_PUT(ITS_CMD1_SIZE, event_bits - 1),
	      (itt & ITS_CMD2_ITT) | (valid ? ITS_CMD2_VALID : 0));
}

void its_send_mapc(struct gic_its *its, unsigned cpu)
{
	send4(its, ITS_MAPC, 0, 0,
	      FIELD_PUT(ITS_CMD2_COLLECTION, cpu) | gic_v3_rdbase(cpu, its->pta) | ITS_CMD2_VALID);
}

void its_send_mapti(struct gic_its *its, uint32_t device, uint32_t event, uint32_t lpi,
		    unsigned cpu)
{
	send4(its, ITS_MAPTI, device,
	      FIELD_PUT(ITS_CMD1_EVENT, event) | FIELD_PUT(ITS_CMD1_INTID, lpi),
	      FIELD_PUT(ITS_CMD2_COLLECTION, cpu));
}

void its_send_movi(struct gic_its *its, uint32_t device, uint32_t event, unsigned cpu)
{
	send4(its, ITS_MOVI, device, FIELD_PUT(ITS_CMD1_EVENT, event),
	      FIELD_PUT(ITS_CMD2_COLLECTION, cpu));
}

void its_send_inv(struct gic_its *its, uint32_t device, uint32_t event)
{
	send4(its, ITS_INV, device, FIELD_PUT(ITS_CMD1_EVENT, event), 0);
}

void its_send_invall(struct gic_its *its, unsigned cpu)
{
	send4(its, ITS_INVALL, 0, 0, FIELD_PUT(ITS_CMD2_COLLECTION, cpu));
}

void its_send_discard(struct gic_its *its, uint32_t device, uint32_t event)
{
	send4(its, ITS_DISCARD, device, FIELD_PUT(ITS_CMD1_EVENT, event), 0);
}

void its_send_sync(struct gic_its *its, unsigned cpu)
{
	send4(its, ITS_SYNC, 0, 0, gic_v3_rdbase(cpu, its->pta));
}
