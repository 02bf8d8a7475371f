// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GICv3 ITS: see its.h. Offsets, bits and command layouts from Arm IHI 0069H, 12.19 and 5.3.
 */
#include "its.h"

#include "gic.h"
#include "host.h"

#include <string.h>

#define MAX_MAPPED_DEVICES 80u
#define MAX_MAPPED_EVENTS  8192u
#define MAX_COLLECTIONS    16u
#define SCRIBBLE           0xee

struct device {
	bool valid;
	uint32_t id;
	unsigned bits;
	hpa_t itt;
};

struct event {
	bool valid;
	uint32_t device, event, lpi;
	unsigned collection;
	bool discarded; /* the mapping is gone, the pending state goes with the next SYNC */
};

static struct {
	struct model_its_config config;
	bool enabled, frozen, restless;
	bool stalled;
	unsigned stall_after;
	uint64_t cbaser, cwriter, creadr;
	uint64_t baser[8];
	struct device device[MAX_MAPPED_DEVICES];
	struct event event[MAX_MAPPED_EVENTS];
	int collection[MAX_COLLECTIONS]; /* redistributor, or -1 */
	unsigned commands[32], errors;
} its;

/* ---- lookups --------------------------------------------------------------------------------- */

static struct device *device_find(uint32_t id)
{
	for (unsigned i = 0; i < MAX_MAPPED_DEVICES; i++)
		if (its.device[i].valid && its.device[i].id == id)
			return &its.device[i];
	return NULL;
}

static struct event *event_find(uint32_t device, uint32_t event)
{
	for (unsigned i = 0; i < MAX_MAPPED_EVENTS; i++)
		if (its.event[i].valid && its.event[i].device == device &&
		    its.event[i].event == event)
			return &its.event[i];
	return NULL;
}

static int redistributor(uint64_t rdbase)
{
	return its.config.pta ? model_gic_rd_by_address(rdbase & 0xfffffffff0000ull)
			      : model_gic_rd_by_number(rdbase >> 16 & 0xfffffffffull);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static uint64_t page_bytes(uint64_t baser)
{
	return 4096ull << 2 * (baser >> 8 & 3);
}

static uint64_t table_address(uint64_t baser)
{
	return baser & 0xfffffffff000ull;
}

/* The device has an entry in memory. */
static bool device_covered(uint32_t id)
{
	uint64_t baser = its.baser[0], entry = its.config.device_entry;
	uint64_t bytes = ((baser & 0xff) + 1) * page_bytes(baser), level1;
	uint64_t per_page = page_bytes(baser) / entry;
	uint8_t byte;

	if (!(baser >> 63) || id >> its.config.device_bits)
		return false;
	if (!(baser >> 62 & 1))
		return (id + 1) * entry <= bytes &&
		       model_bus_read(table_address(baser) + id * entry, &byte, 1);
	if ((id / per_page + 1) * 8 > bytes ||
	    !model_bus_read(table_address(baser) + id / per_page * 8, &level1, 8))
		return false;
	return level1 >> 63 &&
	       model_bus_read((level1 & 0xffffffffff000ull) + id % per_page * entry, &byte, 1);
}

/* Provided, zero, and from now on the unit's own. */
static bool itt_taken(hpa_t itt, unsigned bits)
{
	uint64_t bytes = (uint64_t)its.config.itt_entry << bits;

	if (itt & 0xff)
		return false;
	for (uint64_t i = 0; i < bytes; i++) {
		uint8_t byte, scribble = SCRIBBLE;

		if (!model_bus_read(itt + i, &byte, 1) || byte)
			return false;
		model_bus_write(itt + i, &scribble, 1);
	}
	return true;
}

static bool collection_covered(unsigned collection)
{
	if (its.config.hardware_collections)
		return collection < its.config.hardware_collections;
	return its.baser[1] >> 63 && collection < MAX_COLLECTIONS;
}

/* ---- commands -------------------------------------------------------------------------------- */

static bool do_mapd(const uint64_t *w)
{
	uint32_t id = (uint32_t)(w[0] >> 32);
	unsigned bits = (unsigned)(w[1] & 0x1f) + 1;
	struct device *d = device_find(id);

	if (!device_covered(id))
		return false;
	if (d) {
		for (unsigned i = 0; i < MAX_MAPPED_EVENTS; i++)
			if (its.event[i].valid && its.event[i].device == id)
				its.event[i].valid = false;
		d->valid = false;
	}
	if (!(w[2] >> 63))
		return true;
	if (bits > its.config.event_bits || !itt_taken(w[2] & 0xfffffffffff00ull, bits))
		return false;
	for (d = its.device; d->valid; d++)
		;
	*d = (struct device){ true, id, bits, w[2] & 0xfffffffffff00ull };
	return true;
}

static bool do_mapc(const uint64_t *w)
{
	unsigned collection = w[2] & 0xffff;
	int rd = redistributor(w[2] & 0xfffffffff0000ull);

	if (!collection_covered(collection) || (w[2] >> 63 && rd < 0))
		return false;
	its.collection[collection] = w[2] >> 63 ? rd : -1;
	return true;
}

static bool do_mapti(const uint64_t *w)
{
	uint32_t device = (uint32_t)(w[0] >> 32), event = (uint32_t)w[1];
	unsigned collection = w[2] & 0xffff;
	const struct device *d = device_find(device);
	struct event *e;

	if (!d || event >> d->bits || !collection_covered(collection) ||
	    its.collection[collection] < 0 || event_find(device, event))
		return false;
	for (e = its.event; e->valid || e->discarded; e++)
		;
	*e = (struct event){ .valid = true,
			     .device = device,
			     .event = event,
			     .lpi = (uint32_t)(w[1] >> 32),
			     .collection = collection };
	return true;
}

static bool do_movi(const uint64_t *w)
{
	struct event *e = event_find((uint32_t)(w[0] >> 32), (uint32_t)w[1]);
	unsigned collection = w[2] & 0xffff;
	unsigned from;

	if (!e || !collection_covered(collection) || its.collection[collection] < 0)
		return false;
	from = (unsigned)its.collection[e->collection];
	e->collection = collection;
	if (model_gic_lpi_pending(from, e->lpi)) {
		model_gic_lpi_clear(from, e->lpi);
		model_gic_lpi_set((unsigned)its.collection[collection], e->lpi);
	}
	return true;
}

static bool do_discard(const uint64_t *w)
{
	struct event *e = event_find((uint32_t)(w[0] >> 32), (uint32_t)w[1]);

	if (!e)
		return false;
	e->valid = false;
	e->discarded = true;
	/* Nothing keeps the redistributor from reading the configuration now and remembering it. */
	model_gic_lpi_invalidate(e->lpi);
	model_gic_lpi_read(e->lpi);
	return true;
}

static bool do_sync(const uint64_t *w)
{
	int rd = redistributor(w[2] & 0xfffffffff0000ull);

	if (rd < 0)
		return false;
	for (unsigned i = 0; i < MAX_MAPPED_EVENTS; i++) {
		struct event *e = &its.event[i];

		if (!e->discarded || its.collection[e->collection] != rd)
			continue;
		model_gic_lpi_clear((unsigned)rd, e->lpi);
		e->discarded = false;
	}
	return true;
}

static bool command(const uint64_t *w)
{
	const struct event *e;

	switch (w[0] & 0xff) {
	case 0x01:
		return do_movi(w);
	case 0x05:
		return do_sync(w);
	case 0x08:
		return do_mapd(w);
	case 0x09:
		return do_mapc(w);
	case 0x0a:
		return do_mapti(w);
	case 0x0c:
		e = event_find((uint32_t)(w[0] >> 32), (uint32_t)w[1]);
		if (e)
			model_gic_lpi_invalidate(e->lpi);
		return e;
	case 0x0d:
		model_gic_lpi_invalidate_all();
		return true;
	case 0x0f:
		return do_discard(w);
	default:
		model_fail("ITS: command 0x%llx", (unsigned long long)(w[0] & 0xff));
		return false;
	}
}

static void work(void)
{
	uint64_t bytes = ((its.cbaser & 0xff) + 1) * 4096, w[4];

	while (its.enabled && !its.frozen && !its.stalled && its.creadr != its.cwriter) {
		bool refuse = its.stall_after && --its.stall_after == 0;

		if (!(its.cbaser >> 63) ||
		    !model_bus_read((its.cbaser & 0xffffffffff000ull) + its.creadr, w, 32))
			model_fail("ITS: command queue is not in memory");
		if (refuse || !command(w)) {
			its.stalled = true;
			its.errors++;
			return;
		}
		its.commands[w[0] & 0x1f]++;
		its.creadr = (its.creadr + 32) % bytes;
	}
}

/* ---- registers ------------------------------------------------------------------------------- */

static uint64_t no_share(uint64_t value)
{
	return its.config.no_snoop ? value & ~(3ull << 10) : value;
}

static uint64_t baser_fixed(unsigned n)
{
	if (n == 0)
		return 1ull << 56 | (uint64_t)(its.config.device_entry - 1) << 48;
	return n == 1 && !its.config.hardware_collections ? 4ull << 56 | 7ull << 48 : 0;
}

static uint64_t its_read(void *ctx, uint64_t off, unsigned size)
{
	(void)ctx;
	if (off >= 0x100 && off < 0x140)
		return its.baser[(off - 0x100) / 8] | baser_fixed((unsigned)(off - 0x100) / 8);
	switch (off) {
	case 0x0000:
		return (its.enabled ? 1u : 0) | (its.enabled || its.restless ? 0 : 1u << 31);
	case 0x0008:
		if (size != 8)
			model_fail("ITS: GITS_TYPER read in %u bytes", size);
		return (its.config.virtual_only ? 2 : 1) |
		       (uint64_t)(its.config.itt_entry - 1) << 4 |
		       (uint64_t)(its.config.event_bits - 1) << 8 |
		       (uint64_t)(its.config.device_bits - 1) << 13 |
		       (uint64_t)its.config.pta << 19 |
		       (uint64_t)its.config.hardware_collections << 24;
	case 0x0080:
		return its.cbaser;
	case 0x0088:
		return its.cwriter;
	case 0x0090:
		return its.creadr | its.stalled;
	case 0xffe8:
		return 0x3b;
	default:
		return 0;
	}
}

static void baser_write(unsigned n, uint64_t value)
{
	uint64_t fixed = 7ull << 56 | 0x1full << 48;

	if (its.enabled)
		model_fail("ITS: GITS_BASER%u written while enabled", n);
	if (!baser_fixed(n))
		return;
	value = no_share(value) & ~fixed;
	if (its.config.no_indirect || n != 0)
		value &= ~(1ull << 62);
	if (its.config.only_page < 3)
		value = (value & ~(3ull << 8)) | (uint64_t)its.config.only_page << 8;
	if (value >> 63 && table_address(value) & (page_bytes(value) - 1))
		model_fail("ITS: table %u is not aligned to its page size", n);
	its.baser[n] = value;
}

static void its_mmio_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	(void)ctx;
	if (off >= 0x100 && off < 0x140) {
		if (size != 8)
			model_fail("ITS: GITS_BASER written in %u bytes", size);
		baser_write((unsigned)(off - 0x100) / 8, value);
		return;
	}
	switch (off) {
	case 0x0000:
		its.enabled = value & 1;
		break;
	case 0x0080:
		if (value & 0xf000)
			model_fail("ITS: command queue is not 64 KiB aligned");
		its.cbaser = no_share(value);
		its.creadr = 0;
		break;
	case 0x0088:
		its.cwriter = value & 0xfffe0;
		if (value & 1)
			its.stalled = false;
		break;
	default:
		break;
	}
	work();
}

static const struct model_mmio_ops its_ops = { .read = its_read, .write = its_mmio_write };

void model_its_add(const struct model_its_config *config)
{
	memset(&its, 0, sizeof(its));
	its.config = *config;
	for (unsigned i = 0; i < MAX_COLLECTIONS; i++)
		its.collection[i] = -1;
	model_mmio_add(config->base, 0x20000, &its_ops, NULL);
}

void model_its_freeze(bool frozen)
{
	its.frozen = frozen;
}

void model_its_never_quiescent(void)
{
	its.restless = true;
}

void model_its_stall_after(unsigned n)
{
	its.stall_after = n;
}

bool model_its_write(uint32_t device, uint32_t data)
{
	const struct event *e = event_find(device, data);

	return its.enabled && e && its.collection[e->collection] >= 0 &&
	       model_gic_lpi_set((unsigned)its.collection[e->collection], e->lpi);
}

unsigned model_its_commands(unsigned opcode)
{
	return its.commands[opcode];
}

unsigned model_its_errors(void)
{
	return its.errors;
}

unsigned model_its_devices(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MAX_MAPPED_DEVICES; i++)
		n += its.device[i].valid;
	return n;
}

unsigned model_its_events(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MAX_MAPPED_EVENTS; i++)
		n += its.event[i].valid;
	return n;
}

bool model_its_two_level(void)
{
	return its.baser[0] >> 62 & 1;
}
