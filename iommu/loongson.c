// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loongson IOMMU: taking over a unit, limits, domains (docs/hardware/loongson-iommu.md).
 *
 * The unit is a PCI function, of one of two kinds under one device id: revision 0 of 7a1f
 * keeps its tables in its own memory (BAR2) and tells root ports apart; later ones, and
 * 3c0f, walk main memory and tell requesters apart.
 *
 * It lets through whatever has no slot, on or off: it blocks nobody by itself (invariant V1 is then
 * the Bus Master's to hold, limits.blocks_unknown). No driver knows a way to be told of faults.
 *
 * Locking: the unit's lock is taken here for every op but init and limits. Waits inside are bounded
 * by LS_TIMEOUT_NS each; a mapping lets go of it every LS_MAP_PIECE.
 */
#include "loongson.h"

#include <postern/errno.h>

/* 4096 entries, two new tables at most: about a millisecond where tables are in BAR2. */
#define LS_MAP_PIECE (64 * MIB)

/* ---- taking over ---- */

static int refuse(const struct iommu_unit *u, const char *why)
{
	host_log(LOG_ERROR, LS_TAG "%s; devices behind it cannot be assigned", LS_ID(u), why);
	return -ENODEV;
}

static int check_function(const struct iommu_unit *u)
{
	const struct pci_function *f = u->function;
	const struct pci_bar *bar;

	if (!f)
		return refuse(u, "it is not there");
	bar = &f->bars[LS_BAR_REGISTERS];
	if (f->vendor != LS_VENDOR ||
	    (f->device != LS_DEVICE_BRIDGE && f->device != LS_DEVICE_PROCESSOR))
		return refuse(u, "it is none of 0014:7a1f and 0014:3c0f");
	if ((bar->kind != PCI_BAR_MEM32 && bar->kind != PCI_BAR_MEM64) || !bar->bus ||
	    bar->size < LS_REGISTERS)
		return refuse(u, "its registers (BAR0) have no place");
	return 0;
}

/*
 * Nothing of an earlier owner counts: off, every slot empty, every domain without a translation.
 * Whether slots can be written while the unit is off nobody says: once more when it is on.
 */
static int start_empty(struct ls *s)
{
	int err = ls_turn_off(s);

	for (unsigned id = 0; !err && id < LS_DOMAINS; id++)
		ls_domain_load(s, id, s->empty);
	for (unsigned i = 0; !err && i < LS_SLOTS; i++)
		err = ls_slot_clear(s, i);
	if (!err)
		err = ls_turn_on(s);
	for (unsigned i = 0; !err && i < LS_SLOTS; i++)
		err = ls_slot_clear(s, i);
	return err;
}

static int bring_up(struct ls *s)
{
	int err = ls_tables_init(s);

	if (err)
		return err;
	if (ls_read(s, LS_VBTC) == UINT32_MAX) {
		err = refuse(s->unit, "its registers do not answer");
	} else {
		err = ls_table_new(s, &s->empty);
		if (!err)
			err = start_empty(s);
		/* It may still walk what it was given: that is lost on purpose. */
		if (err == -ETIMEDOUT)
			return err;
	}
	if (err)
		ls_tables_free(s);
	return err;
}

/* Firmware leaves both on; the scan has turned them off. */
static int turn_on_function(struct pci_function *f)
{
	int err = pci_set_memory_decode(f, true);

	return err ? err : pci_set_bus_master(f, true);
}

static int ls_init(struct iommu_unit *u)
{
	int err = check_function(u);
	struct ls *s;

	if (err)
		return err;
	s = host_pages_alloc(1, PAGE_SIZE);
	if (!s)
		return -ENOMEM;
	s->unit = u;
	s->base = u->function->bars[LS_BAR_REGISTERS].cpu;
	s->memory_tables = u->function->device != LS_DEVICE_BRIDGE || u->function->revision;
	s->slot_count = u->max_streams && u->max_streams < LS_SLOTS ? u->max_streams : LS_SLOTS;
	err = turn_on_function(u->function);
	if (!err)
		err = bring_up(s);
	if (err) {
		host_pages_free(s, 1);
		return err;
	}
	u->state = s;
	host_log(LOG_INFO,
		 LS_TAG
		 "[%04x:%04x] revision %u, tables in %s, %u slots by %s. What has none "
		 "is not blocked by it, DMA faults are not reported, interrupts not isolated",
		 LS_ID(u), u->function->vendor, u->function->device, u->function->revision,
		 s->memory_tables ? "main memory" : "BAR2", s->slot_count,
		 s->memory_tables ? "function" : "root port");
	return 0;
}

static void ls_limits(const struct iommu_unit *u, struct iommu_limits *out)
{
	const struct ls *s = u->state;

	*out = (struct iommu_limits){
		.domains = LS_DOMAINS - 1, /* one is the empty one */
		.streams = s->memory_tables ? UINT16_MAX + 1u : UINT8_MAX + 1u,
		.slots = s->slot_count,
		.by_root_port = !s->memory_tables,
		.iova_bits = LS_IOVA_BITS,
		.output_bits = LS_OUTPUT_BITS,
		.page_sizes = LS_PAGE,
		.blocks_unknown = false,
		.reports_faults = false,
		/* A message's vector is its data, whoever writes it. */
		.isolates_msi = false,
	};
}

/* ---- domains ---- */

static struct ls *domain_unit(const struct ls_domain *d)
{
	return d->head.unit->state;
}

static int domain_create_locked(struct ls *s, uint16_t zone_id, struct iommu_domain **out)
{
	unsigned id = LS_EMPTY_DOMAIN + 1;
	struct ls_domain *d;
	int err;

	if (s->dead)
		return -EIO;
	while (id < LS_DOMAINS && s->domains[id])
		id++;
	if (id == LS_DOMAINS)
		return -ENOSPC;
	d = host_pages_alloc(1, PAGE_SIZE);
	if (!d)
		return -ENOMEM;
	*d = (struct ls_domain){ .head = { .unit = s->unit, .zone_id = zone_id }, .id = id };
	err = ls_table_new(s, &d->root);
	if (err) {
		host_pages_free(d, 1);
		return err;
	}
	s->domains[id] = d;
	ls_domain_load(s, id, d->root);
	err = ls_flush_all(s);
	/* Kept, and lost: the unit may walk it. */
	if (!err)
		*out = &d->head;
	return err;
}

static int ls_domain_create(struct iommu_unit *u, uint16_t zone_id, struct iommu_domain **out)
{
	int err;

	host_lock(&u->lock);
	err = domain_create_locked(u->state, zone_id, out);
	host_unlock(&u->lock);
	return err;
}

static int domain_destroy_locked(struct ls *s, struct ls_domain *d)
{
	int err;

	if (d->head.attached)
		return -EBUSY;
	if (s->dead)
		return -ETIMEDOUT;
	ls_domain_load(s, d->id, s->empty);
	err = ls_flush_all(s);
	if (err)
		return err;
	s->domains[d->id] = NULL;
	ls_table_free_tree(s, d->root);
	host_pages_free(d, 1);
	return 0;
}

static int ls_domain_destroy(struct iommu_domain *head)
{
	struct iommu_unit *u = head->unit;
	int err;

	host_lock(&u->lock);
	err = domain_destroy_locked(u->state, container_of(head, struct ls_domain, head));
	host_unlock(&u->lock);
	return err;
}

/* One piece, with the lock held for it. */
static int map_piece(struct ls_domain *d, iova_t iova, hpa_t pa, uint64_t size)
{
	struct iommu_unit *u = d->head.unit;
	int err;

	host_lock(&u->lock);
	err = domain_unit(d)->dead ? -EIO : ls_table_map(domain_unit(d), d->root, iova, pa, size);
	host_unlock(&u->lock);
	return err;
}

static int unmap_piece(struct ls_domain *d, iova_t iova, uint64_t size)
{
	struct iommu_unit *u = d->head.unit;
	int err;

	host_lock(&u->lock);
	err = domain_unit(d)->dead ? -ETIMEDOUT
				   : ls_table_unmap(domain_unit(d), d->root, iova, size);
	host_unlock(&u->lock);
	return err;
}

static int check_map(struct ls_domain *d, iova_t iova, hpa_t pa, uint64_t size)
{
	struct iommu_unit *u = d->head.unit;
	int err;

	host_lock(&u->lock);
	err = ls_table_may_map(domain_unit(d), d->root, iova, pa, size);
	host_unlock(&u->lock);
	return err;
}

/*
 * A leaf always lets reads and writes through: no driver ever wrote another, so what hardware makes
 * of one nobody knows. Asked for less than writing, that would be too much.
 *
 * A zone's memory is written piece by piece, so that nobody waits long for the lock.
 */
static int ls_map(struct iommu_domain *head, iova_t iova, hpa_t pa, uint64_t size, unsigned prot)
{
	struct ls_domain *d = container_of(head, struct ls_domain, head);
	uint64_t done = 0, piece;
	int err, undone;

	if (!(prot & IOMMU_PROT_WRITE) ||
	    (prot & ~(IOMMU_PROT_READ | IOMMU_PROT_WRITE | IOMMU_PROT_DEVICE)))
		return -EINVAL;
	err = check_map(d, iova, pa, size);
	while (!err && done < size) {
		piece = size - done < LS_MAP_PIECE ? size - done : LS_MAP_PIECE;
		err = map_piece(d, iova + done, pa + done, piece);
		if (!err)
			done += piece;
	}
	if (!err || !done)
		return err;
	undone = unmap_piece(d, iova, done);
	return undone ? undone : err;
}

static int ls_unmap(struct iommu_domain *head, iova_t iova, uint64_t size)
{
	return unmap_piece(container_of(head, struct ls_domain, head), iova, size);
}

/* ---- faults and errors ---- */

/* Who did what is never told: limits.reports_faults. */
static int ls_fault_next(struct iommu_unit *u, struct iommu_fault *out)
{
	(void)u;
	(void)out;
	return 0;
}

/*
 * EX_ADDR is known by its name, which says that it holds the address of a fault. A change of it is
 * told as what it is: a hint for somebody who looks for one.
 */
static int ls_service_errors(struct iommu_unit *u)
{
	struct ls *s = u->state;
	uint64_t address;
	bool changed;

	host_lock(&u->lock);
	address = (uint64_t)ls_read(s, LS_EX_ADDR_HI) << 32 | ls_read(s, LS_EX_ADDR_LO);
	changed = address != s->last_ex_addr;
	s->last_ex_addr = address;
	host_unlock(&u->lock);
	if (changed)
		host_log(LOG_WARN,
			 LS_TAG "EX_ADDR reads 0x%llx: a DMA to there may have been refused; whose "
				"it was the unit does not say",
			 LS_ID(u), (unsigned long long)address);
	return changed;
}

const struct iommu_ops loongson_iommu_ops = {
	.name = "loongson-iommu",
	.init = ls_init,
	.limits = ls_limits,
	.domain_create = ls_domain_create,
	.domain_destroy = ls_domain_destroy,
	.map = ls_map,
	.unmap = ls_unmap,
	.attach = ls_attach,
	.block = ls_block,
	.release = ls_release,
	.fault_next = ls_fault_next,
	.service_errors = ls_service_errors,
};
