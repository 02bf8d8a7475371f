// SPDX-License-Identifier: GPL-2.0-or-later
/* See loongson-iommu.h. Numbers are those of docs/hardware/loongson-iommu.md, section in brackets. */
#include "loongson-iommu.h"

#include <string.h>

/* [registers] */
#define VBTC      0x014u
#define EIVDB     0x018u
#define CMD       0x01cu
#define PGD       0x020u /* + 8 * domain: low, high */
#define DIR       0x0a0u /* + 4 * domain */
#define EX_ADDR   0x0e8u /* low, high */
#define CONTROL   0x100u
#define REGISTERS 0x140u

#define BUSY       (1u << 16)
#define BUSY_READS 3u /* how often VBTC says so */
#define DOMAINS    16u

#define TLB_SIZE     512u
#define LOOKUPS      64u
#define COMMANDS_MAX 65536u
#define GARBAGE      (4u << 20) /* of BAR2 at first; the rest is zero, which is quicker to make */

enum side { SIDE_READ, SIDE_WRITE };

/* A translation that was looked up, or that there is none. */
struct cached {
	bool used, present, readable, writable;
	enum side side;
	unsigned domain;
	uint64_t base, span, target;
};

/* A requester that was looked up. */
struct lookup {
	bool used;
	uint32_t requester;
	struct model_ls_slot slot;
};

struct model_ls {
	uint16_t device;
	uint8_t revision;
	bool own_memory; /* [models]: tables in BAR2 */
	uint32_t regs[REGISTERS / 4];
	uint8_t *memory;
	uint64_t origin;
	struct model_ls_slot slots[MODEL_LS_SLOTS];
	bool enabled, slots_need_on;
	struct cached tlb[TLB_SIZE];
	struct lookup lookups[LOOKUPS];
	unsigned tlb_next, lookup_next;
	enum model_ls_event running;
	unsigned busy_reads, stop_flush;
	bool stuck;
	uint64_t bypass, bypass_size;
	unsigned passed, memory_reads;
	uint32_t passed_last;
	struct model_ls_command *commands;
	unsigned command_count;
};

static uint32_t reg(const struct model_ls *m, unsigned offset)
{
	return m->regs[offset / 4];
}

static void log_command(struct model_ls *m, enum model_ls_event event, uint32_t operand)
{
	if (m->command_count == COMMANDS_MAX) {
		model_fail("loongson-iommu model: more commands than expected");
		return;
	}
	m->commands[m->command_count++] = (struct model_ls_command){ event, operand };
}

struct model_ls *model_ls_create(uint16_t device, uint8_t revision)
{
	struct model_ls *m = model_alloc(sizeof(*m));

	m->device = device;
	m->revision = revision;
	m->own_memory = device == 0x7a1f && revision == 0;
	m->commands = model_alloc(COMMANDS_MAX * sizeof(*m->commands));
	if (m->own_memory) {
		m->memory = model_alloc(MODEL_LS_BAR2);
		memset(m->memory, 0x5d, GARBAGE);
	}
	for (unsigned d = 0; d < DOMAINS; d++)
		m->regs[(PGD + 8 * d) / 4] = 0x00babe00;
	return m;
}

/* ---- what it has looked up ---- */

static void forget(struct model_ls *m, enum model_ls_event flush)
{
	const uint32_t window = reg(m, EIVDB);
	const unsigned domain = window >> 16 & 0xf;

	for (unsigned i = 0; i < TLB_SIZE; i++) {
		struct cached *c = &m->tlb[i];

		if (flush == MODEL_LS_FLUSH_ALL ||
		    (c->domain == domain &&
		     c->side == (flush == MODEL_LS_FLUSH_WRITE ? SIDE_WRITE : SIDE_READ)))
			c->used = false;
	}
	for (unsigned i = 0; i < LOOKUPS; i++)
		if (flush == MODEL_LS_FLUSH_ALL || m->lookups[i].requester == (window & 0xffff))
			m->lookups[i].used = false;
}

static struct model_ls_slot requester_slot(struct model_ls *m, uint32_t requester)
{
	struct lookup *l;

	for (unsigned i = 0; i < LOOKUPS; i++)
		if (m->lookups[i].used && m->lookups[i].requester == requester)
			return m->lookups[i].slot;
	l = &m->lookups[m->lookup_next++ % LOOKUPS];
	*l = (struct lookup){ .used = true, .requester = requester };
	for (unsigned i = 0; i < MODEL_LS_SLOTS; i++) {
		if (!m->slots[i].valid || m->slots[i].requester != requester)
			continue;
		if (l->slot.valid)
			model_fail("loongson-iommu model: two slots for requester 0x%x", requester);
		l->slot = m->slots[i];
	}
	return l->slot;
}

static uint64_t table_entry(const struct model_ls *m, uint64_t table, unsigned index)
{
	uint64_t at = table + 8 * index, entry = 0;

	if (!m->own_memory) {
		if (!model_bus_read(at, &entry, 8))
			model_fail("loongson-iommu model: walks to 0x%llx, where no memory is",
				   (unsigned long long)at);
	} else if (at < m->origin || at - m->origin > MODEL_LS_BAR2 - 8) {
		model_fail("loongson-iommu model: walks to 0x%llx, outside its memory",
			   (unsigned long long)at);
	} else {
		memcpy(&entry, m->memory + (at - m->origin), 8);
	}
	return entry;
}

/* [tables]: levels 2, 1, 0 by the domain's geometry; 32 MiB leaves at level 1. */
static struct cached walk(const struct model_ls *m, unsigned domain, uint64_t iova, enum side side)
{
	const uint32_t dir = reg(m, DIR + 4 * domain);
	const unsigned shift[3] = { dir & 0x3f, dir >> 10 & 0x3f, dir >> 20 & 0x3f };
	const unsigned width[3] = { dir >> 6 & 0xf, dir >> 16 & 0xf, dir >> 26 };
	uint64_t table = model_ls_root(m, domain);
	struct cached c = { .used = true, .side = side, .domain = domain };

	if (shift[0] != 14 || shift[1] != 25 || shift[2] != 36 || width[0] != 11 ||
	    width[1] != 11 || width[2] != 11)
		model_fail("loongson-iommu model: geometry 0x%x of domain %u", dir, domain);
	for (unsigned level = 3; level--;) {
		unsigned index = (unsigned)(iova >> shift[level]) & ((1u << width[level]) - 1);
		uint64_t entry = table_entry(m, table, index);

		c.span = 1ull << shift[level];
		c.base = iova & ~(c.span - 1);
		if (!(entry & 1))
			return c;
		if (entry & 0xffff000000003ff0ull)
			model_fail("loongson-iommu model: entry 0x%llx has bits that must be 0",
				   (unsigned long long)entry);
		table = entry & 0x0000ffffffffc000ull;
		if (level == 0 || (level == 1 && entry & 2)) {
			c.present = true;
			c.readable = entry & 4;
			c.writable = entry & 8;
			c.target = table;
			return c;
		}
	}
	return c;
}

static const struct cached *translate(struct model_ls *m, unsigned domain, uint64_t iova,
				      enum side side)
{
	struct cached *c;

	for (unsigned i = 0; i < TLB_SIZE; i++) {
		c = &m->tlb[i];
		if (c->used && c->domain == domain && c->side == side && iova >= c->base &&
		    iova - c->base < c->span)
			return c;
	}
	c = &m->tlb[m->tlb_next++ % TLB_SIZE];
	*c = walk(m, domain, iova, side);
	return c;
}

bool model_ls_dma(struct model_ls *m, uint32_t requester, uint64_t iova, bool write, hpa_t *out)
{
	struct model_ls_slot slot = requester_slot(m, requester);
	const struct cached *c;

	if (m->bypass_size && iova >= m->bypass && iova - m->bypass < m->bypass_size) {
		*out = iova;
		return true;
	}
	/* [requesters]: what is not in the table passes. */
	if (!m->enabled || !slot.valid) {
		m->passed++;
		m->passed_last = requester;
		*out = iova;
		return true;
	}
	c = iova >> 47 ? NULL : translate(m, slot.domain, iova, write ? SIDE_WRITE : SIDE_READ);
	if (!c || !c->present || !(write ? c->writable : c->readable)) {
		m->regs[EX_ADDR / 4] = (uint32_t)iova;
		m->regs[EX_ADDR / 4 + 1] = (uint32_t)(iova >> 32);
		return false;
	}
	*out = c->target + (iova - c->base);
	return true;
}

/* ---- registers ---- */

static void commit(struct model_ls *m)
{
	const uint32_t window = reg(m, EIVDB);
	struct model_ls_slot *slot = &m->slots[window >> 24 & 0xf];

	log_command(m, MODEL_LS_COMMIT, window);
	if (m->own_memory)
		m->enabled = window >> 31;
	else
		m->enabled = reg(m, CONTROL) >> 31;
	if (m->slots_need_on && !m->enabled)
		return;
	*slot = (struct model_ls_slot){ .valid = window >> 20 & 1,
					.requester = (uint16_t)window,
					.domain = window >> 16 & 0xf };
}

static void start_flush(struct model_ls *m, uint32_t value)
{
	if (m->running != MODEL_LS_NONE)
		model_fail("loongson-iommu model: a flush while another runs");
	if ((value & 0x1f) == 5)
		m->running = MODEL_LS_FLUSH_ALL;
	else if ((value & 0x1f) == 4)
		m->running = value & 0x100 ? MODEL_LS_FLUSH_READ : MODEL_LS_FLUSH_WRITE;
	else
		model_fail("loongson-iommu model: VBTC 0x%x is no command", value);
	if (m->own_memory && m->running != MODEL_LS_FLUSH_ALL)
		model_fail("loongson-iommu model: revision 0 knows the flush of everything only");
	m->busy_reads = BUSY_READS;
	if (m->stop_flush && m->stop_flush-- == 1)
		m->stuck = true;
}

static uint32_t read_vbtc(struct model_ls *m)
{
	if (m->running == MODEL_LS_NONE)
		return reg(m, VBTC);
	if (m->stuck || m->busy_reads-- > 0)
		return reg(m, VBTC) | BUSY;
	log_command(m, m->running, reg(m, EIVDB) >> 16 & 0xf);
	forget(m, m->running);
	m->running = MODEL_LS_NONE;
	return reg(m, VBTC);
}

static void write_register(struct model_ls *m, unsigned offset, uint32_t value)
{
	if (m->running != MODEL_LS_NONE && !(offset == CMD && m->own_memory))
		model_fail("loongson-iommu model: register 0x%x written during a flush", offset);
	if (offset >= PGD && offset < DIR)
		for (unsigned i = 0; i < MODEL_LS_SLOTS; i++)
			if (m->enabled && m->slots[i].valid &&
			    m->slots[i].domain == (offset - PGD) / 8)
				model_fail("loongson-iommu model: the root table of domain %u "
					   "changes under slot %u",
					   (offset - PGD) / 8, i);
	m->regs[offset / 4] = value;
	switch (offset) {
	case VBTC:
		m->regs[offset / 4] &= ~BUSY;
		start_flush(m, value);
		break;
	case EIVDB:
		if (value & (m->own_memory ? 0x70e00000u : 0xf0e00000u))
			model_fail("loongson-iommu model: EIVDB 0x%x has bits that must be 0",
				   value);
		break;
	case CMD:
		if (!(value & 3))
			commit(m);
		break;
	case CONTROL:
		if (m->own_memory)
			model_fail("loongson-iommu model: revision 0 has no 0x100");
		if ((value & 0xa0000000u) == 0x80000000u)
			model_fail("loongson-iommu model: on without tables in main memory");
		break;
	default:
		if (offset < PGD || offset >= 0xe0)
			model_fail("loongson-iommu model: 0x%x written to register 0x%x", value,
				   offset);
	}
}

uint64_t model_ls_read(struct model_ls *m, unsigned bar, uint64_t offset, unsigned size)
{
	uint64_t value = 0;

	if (bar == 2 && m->own_memory && offset < MODEL_LS_BAR2) {
		m->memory_reads++;
		memcpy(&value, m->memory + offset, size);
		return value;
	}
	if (bar != 0 || size != 4 || offset >= REGISTERS) {
		model_fail("loongson-iommu model: %u bytes read at BAR%u 0x%llx", size, bar,
			   (unsigned long long)offset);
		return UINT64_MAX;
	}
	return offset == VBTC ? read_vbtc(m) : reg(m, (unsigned)offset);
}

void model_ls_write(struct model_ls *m, unsigned bar, uint64_t offset, unsigned size,
		    uint64_t value)
{
	if (bar == 2 && m->own_memory && offset < MODEL_LS_BAR2)
		memcpy(m->memory + offset, &value, size);
	else if (bar == 0 && size == 4 && offset < REGISTERS)
		write_register(m, (unsigned)offset, (uint32_t)value);
	else
		model_fail("loongson-iommu model: %u bytes written at BAR%u 0x%llx", size, bar,
			   (unsigned long long)offset);
}

static uint64_t bar0_read(void *ctx, uint64_t offset, unsigned size)
{
	return model_ls_read(ctx, 0, offset, size);
}

static void bar0_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	model_ls_write(ctx, 0, offset, size, value);
}

static uint64_t bar2_read(void *ctx, uint64_t offset, unsigned size)
{
	return model_ls_read(ctx, 2, offset, size);
}

static void bar2_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	model_ls_write(ctx, 2, offset, size, value);
}

void model_ls_plug(struct model_ls *m, struct model_pci_function *f)
{
	static const struct model_mmio_ops bar0 = { bar0_read, bar0_write };
	static const struct model_mmio_ops bar2 = { bar2_read, bar2_write };

	f->bar_ops[0] = &bar0;
	f->bar_ops[2] = &bar2;
	f->bar_ctx = m;
	f->config[8] = m->revision;
	model_pci_seal(f);
}

/* ---- looking at it, breaking it ---- */

unsigned model_ls_passed(const struct model_ls *m)
{
	return m->passed;
}

uint32_t model_ls_passed_last(const struct model_ls *m)
{
	return m->passed_last;
}

struct model_ls_slot model_ls_slot(const struct model_ls *m, unsigned n)
{
	return m->slots[n];
}

unsigned model_ls_slots_valid(const struct model_ls *m)
{
	unsigned valid = 0;

	for (unsigned i = 0; i < MODEL_LS_SLOTS; i++)
		valid += m->slots[i].valid;
	return valid;
}

bool model_ls_enabled(const struct model_ls *m)
{
	return m->enabled;
}

uint64_t model_ls_root(const struct model_ls *m, unsigned domain)
{
	return reg(m, PGD + 8 * domain) | (uint64_t)reg(m, PGD + 8 * domain + 4) << 32;
}

struct model_ls_command model_ls_command(const struct model_ls *m, unsigned n)
{
	return n < m->command_count ? m->commands[n] : (struct model_ls_command){ 0, 0 };
}

unsigned model_ls_commands(const struct model_ls *m)
{
	return m->command_count;
}

unsigned model_ls_memory_reads(const struct model_ls *m)
{
	return m->memory_reads;
}

void model_ls_stop_flush(struct model_ls *m, unsigned n)
{
	m->stop_flush = n;
	if (!n)
		m->stuck = false;
}

void model_ls_slots_need_on(struct model_ls *m)
{
	m->slots_need_on = true;
}

void model_ls_table_origin(struct model_ls *m, uint64_t origin)
{
	m->origin = origin;
}

void model_ls_bypass(struct model_ls *m, uint64_t base, uint64_t size)
{
	m->bypass = base;
	m->bypass_size = size;
}

void model_ls_left_on(struct model_ls *m, unsigned slot, uint16_t requester, unsigned domain)
{
	m->enabled = true;
	m->slots[slot] = (struct model_ls_slot){ true, requester, domain };
	if (m->own_memory)
		m->regs[EIVDB / 4] = 1u << 31 | slot << 24 | 1u << 20 | domain << 16 | requester;
	else
		m->regs[CONTROL / 4] = 0xa0000000u;
}
