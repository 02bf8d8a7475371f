// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes as ACPI tables: each reader refuses with a word and leaves nothing behind, or what it finds
 * can be relied on. What must hold is counted out here, function by function and line by line.
 *
 * The first byte says how: by default the rest is tables, one after the other by their own lengths,
 * which get right checksums, a root pointer and an XSDT; the last is also tried as an override.
 * Each lies in a block of its own size.
 */
#include "fuzz.h"
#include "host.h"
#include "machine.h"

#include <postern/acpi.h>
#include <postern/errno.h>
#include <string.h>

#define KEEP_CHECKSUMS BIT32(0)
#define BOARDS         BIT32(2) /* and every board is discovered by them */
#define RAW            BIT32(1) /* the rest is memory that begins with a root pointer */

#define STEP         0x10000u
#define RSDP         (1 * STEP)
#define XSDT         (2 * STEP)
#define FIRST        3u
#define MAX_PIECES   (FIRST + 16u)
#define HEADER_SIZE  36u
/* Of them, what a firmware's map of a usual length can hold. */
#define BOARD_PIECES 14u

/* Piece i is at address i * STEP. */
static struct piece {
	uint8_t *data;
	size_t size;
} pieces[MAX_PIECES];
static unsigned piece_count;

static const void *map(void *ctx, hpa_t base, uint64_t size)
{
	const uint64_t i = base / STEP, offset = base % STEP;

	(void)ctx;
	if (i >= piece_count || !range_inside(offset, size, 0, pieces[i].size))
		return NULL;
	return pieces[i].data + offset;
}

static uint8_t *add_piece(unsigned at, const uint8_t *data, size_t size)
{
	struct piece *p = &pieces[at];

	p->data = calloc(1, size ? size : 1);
	if (!p->data)
		exit(2);
	p->size = size;
	if (data)
		memcpy(p->data, data, size);
	if (at >= piece_count)
		piece_count = at + 1;
	return p->data;
}

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint8_t sum(const uint8_t *p, size_t size)
{
	uint8_t s = 0;

	while (size--)
		s = (uint8_t)(s + *p++);
	return s;
}

static void fix(uint8_t *p, size_t size, unsigned at)
{
	p[at] = 0;
	p[at] = (uint8_t)-sum(p, size);
}

static void add_tables(const uint8_t *data, size_t size, bool keep)
{
	while (size && piece_count < MAX_PIECES) {
		uint32_t length = 0;
		uint8_t *table;

		for (unsigned i = 0; i < 4 && 4 + i < size; i++)
			length |= (uint32_t)data[4 + i] << 8 * i;
		if (length < HEADER_SIZE || length > size)
			length = (uint32_t)size;
		table = add_piece(piece_count, data, length);
		if (!keep && length >= HEADER_SIZE) {
			put(table + 4, length, 4);
			fix(table, length, 9);
		}
		data += length;
		size -= length;
	}
}

static void add_roots(void)
{
	const size_t size = HEADER_SIZE + 8u * (piece_count - FIRST);
	uint8_t *xsdt = add_piece(XSDT / STEP, NULL, size),
		*rsdp = add_piece(RSDP / STEP, NULL, 36);

	memcpy(xsdt, "XSDT", 4);
	put(xsdt + 4, size, 4);
	for (unsigned i = FIRST; i < piece_count; i++)
		put(xsdt + HEADER_SIZE + 8u * (i - FIRST), (uint64_t)i * STEP, 8);
	fix(xsdt, size, 9);
	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[15] = 2;
	put(rsdp + 20, 36, 4);
	put(rsdp + 24, XSDT, 8);
	fix(rsdp, 20, 8);
	fix(rsdp, 36, 32);
}

/* What was refused is empty and was given a reason; `out` begins with what matters. */
static bool sound(int err, const char *reader, const void *out, size_t size)
{
	const uint8_t *bytes = out;

	if (!err)
		return true;
	for (size_t i = 0; i < size; i++)
		FUZZ_CHECK(!bytes[i], "%s: refused, and byte %zu is not 0", reader, i);
	FUZZ_CHECK(err == -ENOENT || model_log()[0], "%s: refused without a word", reader);
	return false;
}

static void check_region(const char *what, uint64_t base, uint64_t size)
{
	FUZZ_CHECK(base && size && base + (size - 1) >= base, "%s: 0x%llx + 0x%llx", what,
		   (unsigned long long)base, (unsigned long long)size);
}

static void check_line(const char *what, unsigned line)
{
	FUZZ_CHECK(line - ACPI_LINE_HWI0 <= ACPI_LINE_HWI7 - ACPI_LINE_HWI0, "%s raises line %u",
		   what, line);
}

static void check_madt(const struct acpi *a)
{
	static struct acpi_madt m;

	if (!sound(acpi_madt(a, &m), "MADT", &m, sizeof(m)))
		return;
	FUZZ_CHECK(m.core_count && m.core_count <= MAX_CPUS, "%u cores", m.core_count);
	for (unsigned i = 0; i < m.core_count; i++)
		for (unsigned k = 0; k < i; k++)
			FUZZ_CHECK(m.cores[i].core != m.cores[k].core &&
					   m.cores[i].processor != m.cores[k].processor,
				   "cores %u and %u are one", k, i);
	FUZZ_CHECK(m.eio_count <= MAX_PCH_PICS && m.bio_count <= MAX_PCH_PICS &&
			   m.msi_count <= MAX_MSI_UNITS,
		   "%u EIOINTCs, %u PCH-PICs, %u doorbells", m.eio_count, m.bio_count, m.msi_count);
	for (unsigned i = 0; i < m.eio_count; i++)
		check_line("EIOINTC", m.eio[i].cascade);
	for (unsigned i = 0; i < m.bio_count; i++)
		check_region("PCH-PIC", m.bio[i].base, m.bio[i].size);
	for (unsigned i = 0; i < m.msi_count; i++)
		FUZZ_CHECK(m.msi[i].address && !(m.msi[i].address & 3) && m.msi[i].count &&
				   (uint64_t)m.msi[i].start + m.msi[i].count <= 256,
			   "vectors %u + %u at 0x%llx", m.msi[i].start, m.msi[i].count,
			   (unsigned long long)m.msi[i].address);
	if (m.lio.present) {
		check_region("LIOINTC", m.lio.base, m.lio.size);
		for (unsigned source = 0; source < 32; source++) {
			const bool first = m.lio.cascade_map[0] >> source & 1,
				   second = m.lio.cascade_map[1] >> source & 1;

			FUZZ_CHECK(!(first && second), "LIOINTC source %u raises two", source);
			if (first || second)
				check_line("LIOINTC", m.lio.cascade[second]);
		}
	}
	if (m.ht_present)
		check_region("HT vector controller", m.ht_base, m.ht_size);
	if (m.lpc.present) {
		check_region("LPC interrupt block", m.lpc.base, m.lpc.size);
		FUZZ_CHECK(m.lpc.cascade < 64, "LPC raises input %u", m.lpc.cascade);
	}
}

static void check_mcfg(const struct acpi *a)
{
	static struct acpi_mcfg m;

	if (!sound(acpi_mcfg(a, &m), "MCFG", &m, sizeof(m)))
		return;
	FUZZ_CHECK(m.count && m.count <= ACPI_MAX_SEGMENTS, "%u windows", m.count);
	for (unsigned i = 0; i < m.count; i++) {
		const struct acpi_mcfg_entry *e = &m.entries[i];

		FUZZ_CHECK(e->bus_first <= e->bus_last, "buses %u to %u", e->bus_first,
			   e->bus_last);
		check_region("config space", e->base, ((uint64_t)e->bus_last + 1) << 20);
		for (unsigned bus = e->bus_first; bus <= e->bus_last; bus++)
			for (unsigned k = 0; k < i; k++)
				FUZZ_CHECK(m.entries[k].segment != e->segment ||
						   bus < m.entries[k].bus_first ||
						   bus > m.entries[k].bus_last,
					   "bus %u of segment %u in windows %u and %u", bus,
					   e->segment, k, i);
	}
}

/* Marks the unit's functions among those of its segment; none may be marked, but units' own. */
static void claim(const struct acpi_iommus *all, const struct acpi_iommu *u, uint8_t *claimed)
{
	static const struct acpi_id_range whole = { 0, 0xffff };
	const struct acpi_id_range *r = u->whole_segment ? &whole : u->ranges;
	const unsigned count = u->whole_segment ? 1 : u->range_count;

	for (unsigned i = 0; i < count; i++) {
		FUZZ_CHECK(r[i].first <= r[i].last, "range 0x%x to 0x%x", r[i].first, r[i].last);
		for (unsigned id = r[i].first; id <= r[i].last; id++) {
			bool own = false;

			if (!claimed[id]++)
				continue;
			for (unsigned k = 0; k < all->count; k++)
				own |= all->units[k].is_pci && all->units[k].devid == id &&
				       all->units[k].segment == u->segment;
			FUZZ_CHECK(own, "function 0x%x of segment %u is claimed twice", id,
				   u->segment);
		}
	}
}

static void check_iommus(const struct acpi *a)
{
	static struct acpi_iommus all;
	static uint8_t claimed[0x10000];

	if (!sound(acpi_iommus(a, &all), "IOMMUs", &all, sizeof(all)))
		return;
	FUZZ_CHECK(all.count && all.count <= ACPI_MAX_IOMMUS && all.source, "%u IOMMUs", all.count);
	for (unsigned i = 0; i < all.count; i++) {
		const struct acpi_iommu *u = &all.units[i];
		bool first = true;

		if (!u->is_pci)
			check_region("IOMMU", u->base, u->size);
		FUZZ_CHECK(u->range_count <= ACPI_MAX_ID_RANGES, "%u ranges", u->range_count);
		FUZZ_CHECK(!(u->page_sizes & 0xfff) && u->iova_bits <= 64 && u->pa_bits <= 64,
			   "pages 0x%llx", (unsigned long long)u->page_sizes);
		for (unsigned k = 0; k < i; k++)
			first &= all.units[k].segment != u->segment;
		if (!first)
			continue;
		memset(claimed, 0, sizeof(claimed));
		for (unsigned k = i; k < all.count; k++)
			if (all.units[k].segment == u->segment)
				claim(&all, &all.units[k], claimed);
	}
}

static void check_srat(const struct acpi *a)
{
	static struct acpi_srat s;

	if (!sound(acpi_srat(a, &s), "SRAT", &s, sizeof(s)))
		return;
	FUZZ_CHECK(s.count <= ACPI_MAX_PROXIMITY, "%u entries", s.count);
	for (unsigned i = 0; i < s.count; i++)
		FUZZ_CHECK(!s.entries[i].memory || (s.entries[i].size &&
						    s.entries[i].base + (s.entries[i].size - 1) >=
							    s.entries[i].base),
			   "memory that wraps");
}

static void check_register(const struct power_register *r)
{
	if (!r->address)
		return;
	FUZZ_CHECK(r->width == 1 || r->width == 2 || r->width == 4, "%u bytes", r->width);
	FUZZ_CHECK(!(r->address % r->width), "a register askew");
	FUZZ_CHECK(r->mask && !(r->value & ~r->mask), "value 0x%x, mask 0x%x", r->value, r->mask);
}

static void check_fixed(const struct acpi *a)
{
	struct acpi_power p;
	struct uart_info u;

	memset(&p, 0xa5, sizeof(p));
	if (!acpi_fadt(a, &p)) {
		check_register(&p.reset);
		check_register(&p.power_off);
		FUZZ_CHECK(p.hardware_reduced || !p.power_off.address, "a sleep register too many");
	}
	if (!acpi_spcr(a, &u)) {
		check_region("console", u.base, u.size);
		FUZZ_CHECK(u.reg_shift <= 2, "registers %u apart", 1u << u.reg_shift);
	}
}

static void check_tables(const struct acpi *a)
{
	FUZZ_CHECK(a->count <= ACPI_MAX_TABLES, "%u tables", a->count);
	for (unsigned i = 0; i < a->count; i++) {
		const struct acpi_table *t = &a->tables[i];

		FUZZ_CHECK(map(NULL, t->base, t->length) == t->data && t->length >= HEADER_SIZE &&
				   !sum(t->data, t->length),
			   "a table that is not one, 0x%llx", (unsigned long long)t->base);
	}
	model_reset(); /* the log, so that each refusal is seen to have its word */
	check_madt(a);
	model_reset();
	check_mcfg(a);
	model_reset();
	check_iommus(a);
	model_reset();
	check_srat(a);
	check_fixed(a);
}

/*
 * Each machine that ACPI can describe, from these tables, whether it would take them for its own or
 * not.
 */
static void check_boards(void)
{
	static const struct memory_region memory = { 0x90000000, 256 * MIB };
	struct memory_region reserved[BOARD_PIECES];
	struct boot_info boot = {
		.acpi_rsdp = RSDP, .memory = &memory, .memory_count = 1, .reserved = reserved
	};
	static struct machine m;

	model_reset();
	fuzz_config_space();
	/* Firmware's map has a range for each: nothing continues in the next. */
	for (unsigned i = 1; i < piece_count && boot.reserved_count < BOARD_PIECES; i++) {
		const uint64_t room = align_up(pieces[i].size, PAGE_SIZE);

		if (!pieces[i].size || room > STEP)
			continue;
		memcpy(model_ram_add((hpa_t)i * STEP, room), pieces[i].data, pieces[i].size);
		reserved[boot.reserved_count++] = (struct memory_region){ (hpa_t)i * STEP, room };
	}
	for (const struct platform *const *p = platforms_loongarch64; *p; p++) {
		memset(&m, 0, sizeof(m));
		if (!(*p)->discover(&boot, &m))
			fuzz_check_machine(&m);
		else
			FUZZ_CHECK(model_log()[0], "%s: refused without a word", (*p)->name);
	}
}

void fuzz_acpi(const uint8_t *data, size_t size)
{
	static const struct acpi_memory memory = { .map = map };
	static struct acpi a;
	const uint8_t how = size ? data[0] : 0;

	model_reset();
	piece_count = 0;
	memset(pieces, 0, sizeof(pieces));
	if (how & RAW) {
		add_piece(RSDP / STEP, size ? data + 1 : data, size ? size - 1 : 0);
	} else {
		piece_count = FIRST;
		add_tables(data + (size ? 1 : 0), size ? size - 1 : 0, how & KEEP_CHECKSUMS);
		add_roots();
	}
	if (acpi_open(&a, &memory, RSDP)) {
		FUZZ_CHECK(!a.count && model_log()[0], "refused without a word");
	} else {
		check_tables(&a);
		if (piece_count > FIRST && !acpi_override(&a, (hpa_t)(piece_count - 1) * STEP,
							  pieces[piece_count - 1].size))
			check_tables(&a);
	}
	if (how & BOARDS)
		check_boards();
	while (piece_count)
		free(pieces[--piece_count].data);
}
