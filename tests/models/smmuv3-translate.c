// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arm SMMUv3 model: from a device's transaction to memory or to an event record. See smmuv3.h.
 * Sections are those of Arm IHI 0070; D8 is that of Arm ARM DDI 0487.
 */
#include "smmuv3-private.h"

static unsigned oas_width(uint64_t code)
{
	static const unsigned widths[] = { 32, 36, 40, 42, 44, 48, 52, 52 };

	return widths[code & 7];
}

/* ---- configuration lookup (3.3, 5) ---------------------------------------------------- */

/* 0: *out is the address of the entry; else the event number. */
static unsigned ste_address(const struct model_smmu *m, uint32_t stream, uint64_t *out)
{
	unsigned log2size = (unsigned)bits(m->strtab_cfg, 5, 0);
	unsigned split = (unsigned)bits(m->strtab_cfg, 10, 6);
	uint64_t base = bits(m->strtab_base, 51, 6) << 6, l1, l2;
	unsigned span, bytes_log2;

	if (log2size < 32 && stream >> log2size)
		return 0x02;
	if (bits(m->strtab_cfg, 17, 16) == 0) {
		base &= ~(((uint64_t)64 << log2size) - 1);
		*out = base + (uint64_t)stream * 64;
		return 0;
	}
	bytes_log2 = log2size > split ? log2size - split + 3 : 6;
	if (bytes_log2 < 6)
		bytes_log2 = 6;
	base &= ~(((uint64_t)1 << bytes_log2) - 1);
	if (!model_bus_read(base + (stream >> split) * 8, &l1, sizeof(l1)))
		return 0x03;
	span = (unsigned)bits(l1, 4, 0);
	if (!span || span > split + 1)
		return 0x02;
	stream &= (1u << split) - 1;
	if (stream >= 1u << (span - 1))
		return 0x02;
	l2 = bits(l1, 51, 6) << 6;
	l2 &= ~(((uint64_t)64 << (span - 1)) - 1);
	*out = l2 + (uint64_t)stream * 64;
	return 0;
}

/* The stream's entry, from the cache if it is there. 0 or an event number that is not cached. */
static unsigned ste_lookup(struct model_smmu *m, uint32_t stream, const struct cached_ste **out)
{
	struct cached_ste *c;
	uint64_t address = 0;
	unsigned event;

	for (unsigned i = 0; i < m->ste_count; i++) {
		if (m->stes[i].stream == stream) {
			*out = &m->stes[i];
			return 0;
		}
	}
	if (m->ste_count == MAX_CACHED)
		m->ste_count = 0;
	c = &m->stes[m->ste_count];
	*c = (struct cached_ste){ .stream = stream };
	event = ste_address(m, stream, &address);
	if (event == 0x02)
		c->bad_stream = true;
	else if (event || !model_bus_read(address, c->word, sizeof(c->word)))
		return 0x03;
	m->ste_count++;
	*out = c;
	return 0;
}

bool model_smmu_entry(const struct model_smmu *m, uint32_t stream, uint64_t word[8])
{
	uint64_t address;

	return ste_address(m, stream, &address) == 0 && model_bus_read(address, word, 64);
}

struct model_smmu_table model_smmu_scan(const struct model_smmu *m)
{
	unsigned log2size = (unsigned)bits(m->strtab_cfg, 5, 0);
	struct model_smmu_table t = { 0, 0 };
	uint64_t word[8];

	for (uint64_t stream = 0; stream < (uint64_t)1 << log2size; stream++) {
		if (!model_smmu_entry(m, (uint32_t)stream, word) || !(word[0] & 1))
			continue;
		t.valid++;
		if (bits(word[0], 3, 1) != 6)
			t.not_stage2++;
	}
	return t;
}

/* ---- stage 2 (D8) --------------------------------------------------------------------- */

struct transaction {
	uint32_t stream;
	uint64_t iova;
	bool write;
	uint16_t vmid;
	unsigned event;
};

static bool permitted(struct transaction *t, bool read, bool write)
{
	if (t->write ? write : read)
		return true;
	t->event = 0x13;
	return false;
}

static void tlb_insert(struct model_smmu *m, const struct cached_translation *e)
{
	for (unsigned i = 0; i < m->tlb_count; i++) {
		const struct cached_translation *o = &m->tlb[i];

		if (o->vmid == e->vmid && ranges_overlap(o->ia, o->size, e->ia, e->size))
			model_fail("TLB conflict at 0x%llx: break-before-make was violated",
				   (unsigned long long)e->ia);
	}
	if (m->tlb_count < MAX_CACHED)
		m->tlb[m->tlb_count++] = *e;
}

/* The deepest cached table for the address; false: the walk starts at the root. */
static bool table_cached(const struct model_smmu *m, const struct transaction *t, uint64_t *table,
			 unsigned *level)
{
	bool found = false;

	for (unsigned i = 0; i < m->table_count; i++) {
		const struct cached_table *c = &m->tables[i];

		if (c->vmid != t->vmid || !range_inside(t->iova, 1, c->ia, c->size))
			continue;
		if (found && c->level < *level)
			continue;
		*table = c->table;
		*level = c->level;
		found = true;
	}
	return found;
}

static bool stage2_walk(struct model_smmu *m, const uint64_t ste[8], struct transaction *t,
			hpa_t *out)
{
	unsigned t0sz = (unsigned)bits(ste[2], 37, 32), sl0 = (unsigned)bits(ste[2], 39, 38);
	unsigned ia_bits = 64 - t0sz, level = 2 - sl0, start = level;
	unsigned pa_bits = oas_width(bits(ste[2], 50, 48));
	uint64_t table = bits(ste[3], 51, 4) << 4, desc, span;

	if (pa_bits > oas_width(m->idr[5]))
		pa_bits = oas_width(m->idr[5]);
	if (t->iova >> ia_bits) {
		t->event = 0x10;
		return false;
	}
	table_cached(m, t, &table, &level);
	for (;; level++) {
		unsigned shift = 12 + 9 * (3 - level);
		/* The first lookup may use concatenated tables: all the remaining bits. */
		unsigned width = level == start ? ia_bits - shift : 9;
		uint64_t index = t->iova >> shift & (((uint64_t)1 << width) - 1);

		span = (uint64_t)1 << shift;
		if (!model_bus_read(table + index * 8, &desc, 8)) {
			t->event = 0x0b;
			return false;
		}
		if (!(desc & 1) || (level == 3 && !(desc & 2)) || (level == 0 && !(desc & 2))) {
			t->event = 0x10;
			return false;
		}
		if (level == 3 || !(desc & 2))
			break;
		table = bits(desc, 47, 12) << 12;
		if (table >> pa_bits) {
			t->event = 0x11;
			return false;
		}
		if (m->table_count < MAX_CACHED)
			m->tables[m->table_count++] = (struct cached_table){ t->vmid, level + 1,
									     t->iova & ~(span - 1),
									     span, table };
	}
	if (!(desc & 1u << 10)) {
		t->event = 0x12;
		return false;
	}
	{
		struct cached_translation e = {
			.vmid = t->vmid,
			.ia = t->iova & ~(span - 1),
			.size = span,
			.pa = (bits(desc, 47, 12) << 12) & ~(span - 1),
			.read = desc & 1u << 6,
			.write = desc & 1u << 7,
		};

		if (e.pa >> pa_bits) {
			t->event = 0x11;
			return false;
		}
		tlb_insert(m, &e);
		if (!permitted(t, e.read, e.write))
			return false;
		*out = e.pa + (t->iova & (span - 1));
	}
	return true;
}

static bool stage2_translate(struct model_smmu *m, const uint64_t ste[8], struct transaction *t,
			     hpa_t *out)
{
	t->vmid = (uint16_t)ste[2];
	for (unsigned i = 0; i < m->tlb_count; i++) {
		const struct cached_translation *e = &m->tlb[i];

		if (e->vmid != t->vmid || !range_inside(t->iova, 1, e->ia, e->size))
			continue;
		if (!permitted(t, e->read, e->write))
			return false;
		*out = e->pa + (t->iova - e->ia);
		return true;
	}
	return stage2_walk(m, ste, t, out);
}

/* 5.2, "STE validity": is a stage-2 entry one that this unit can use? */
static bool stage2_entry_valid(const struct model_smmu *m, const uint64_t ste[8])
{
	unsigned t0sz = (unsigned)bits(ste[2], 37, 32), sl0 = (unsigned)bits(ste[2], 39, 38);
	unsigned ia_bits = 64 - t0sz, start_shift = 12 + 9 * (1 + sl0), root_bits;
	uint64_t ttb = bits(ste[3], 51, 4) << 4;

	if (m->config.no_stage2 || !bits(ste[2], 51, 51) /* S2AA64 */ ||
	    bits(ste[2], 47, 46) != 0 /* S2TG: 4 KiB */ ||
	    bits(ste[2], 57, 57) /* S2S: no stall */ || t0sz < 16 || t0sz > 39 || sl0 > 2 ||
	    ia_bits > oas_width(m->idr[5]))
		return false;
	/* At most 16 concatenated tables, at least two entries (D8.2.2). */
	if (ia_bits <= start_shift || ia_bits - start_shift > 13)
		return false;
	root_bits = ia_bits - start_shift + 3;
	return (ttb & (((uint64_t)1 << root_bits) - 1)) == 0 && !(ttb >> oas_width(m->idr[5]));
}

/* ---- events (7) ----------------------------------------------------------------------- */

void model_smmu_push_event(struct model_smmu *m, const uint64_t word[4])
{
	unsigned log2 = (unsigned)bits(m->eventq_base, 4, 0);
	uint64_t base = bits(m->eventq_base, 51, 5) << 5;
	uint32_t mask = (1u << log2) - 1, wrap = 1u << log2;
	bool empty = ((m->eventq_prod ^ m->eventq_cons) & (wrap | mask)) == 0;

	if (!(m->cr0ack & EVENTQEN))
		return;
	if (((m->eventq_prod ^ m->eventq_cons) & (wrap | mask)) == wrap) {
		/*
		 * Full: it is lost. OVFLG toggles unless an overflow is unacknowledged already
		 * (7.4).
		 */
		if (((m->eventq_prod ^ m->eventq_cons) & 1u << 31) == 0)
			m->eventq_prod ^= 1u << 31;
		return;
	}
	if (!model_bus_write(base + (uint64_t)(m->eventq_prod & mask) * 32, word, 32)) {
		model_smmu_gerror(m, 1u << 2);
		return;
	}
	m->eventq_prod = (m->eventq_prod & 1u << 31) | ((m->eventq_prod + 1) & (wrap | mask));
	if (empty && (m->irq_ctrl & 4))
		m->event_irqs++;
}

static void event_record(struct model_smmu *m, const struct transaction *t)
{
	uint64_t word[4] = { t->event | (uint64_t)t->stream << 32 };

	if (t->event == 0x02 && !(m->cr2 & 2)) /* CR2.RECINVSID */
		return;
	if (t->event >= 0x0b && t->event <= 0x13) {
		word[1] = (t->write ? 0 : 1ull << 35) | 1ull << 39 /* S2 */ |
			  (uint64_t)(t->event == 0x0b ? 1 : 2) << 40; /* CLASS */
		word[2] = t->iova;
		word[3] = t->iova & 0x000ffffffffff000ull;
	}
	model_smmu_push_event(m, word);
}

static bool terminate(struct model_smmu *m, struct transaction *t, unsigned event)
{
	t->event = event;
	event_record(m, t);
	return false;
}

static bool pass_untranslated(struct model_smmu *m, uint64_t iova, hpa_t *out)
{
	m->bypassed++;
	*out = iova;
	return true;
}

bool model_smmu_dma(struct model_smmu *m, uint32_t stream, uint64_t iova, bool write, hpa_t *out)
{
	struct transaction t = { .stream = stream, .iova = iova, .write = write };
	const struct cached_ste *c;
	unsigned event;

	if (!(m->cr0ack & SMMUEN)) {
		if (m->gbpa & GBPA_ABORT_BIT)
			return false;
		return pass_untranslated(m, iova, out);
	}
	event = ste_lookup(m, stream, &c);
	if (event)
		return terminate(m, &t, event);
	if (c->bad_stream)
		return terminate(m, &t, 0x02);
	if (!(c->word[0] & 1))
		return terminate(m, &t, 0x04);
	switch (bits(c->word[0], 3, 1)) {
	case 0: /* abort, without a record */
		return false;
	case 4:
		return pass_untranslated(m, iova, out);
	case 6:
		if (!stage2_entry_valid(m, c->word))
			return terminate(m, &t, 0x04);
		if (stage2_translate(m, c->word, &t, out))
			return true;
		if (bits(c->word[2], 58, 58)) /* S2R */
			event_record(m, &t);
		return false;
	}
	model_fail("stream 0x%x: an entry that uses stage 1", stream);
	return false;
}
