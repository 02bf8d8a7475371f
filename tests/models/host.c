// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Linux process as a host of the engine: see host.h.
 */
#include "host-private.h"

#include <errno.h>
#include <postern/arch.h>
#include <postern/zone.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_NS       100u   /* host_time_ns() costs this much */
#define RELAX_NS      10000u /* and each turn of a polling loop this much */
#define LOG_SIZE      (256 * KIB)
#define MAX_LOCKS     16
#define MAX_REGIONS   32
#define MAX_KICKS     64
#define MAX_LINES     16
#define MAX_GUEST_MAP 4096

struct region {
	hpa_t base;
	uint64_t size;
	const struct model_mmio_ops *ops;
	void *ctx;
};

struct guest_map {
	const struct zone *zone;
	gpa_t gpa;
	hpa_t hpa;
	uint64_t size;
	enum guest_map_kind kind;
};

/* Heads a piece of model_alloc() memory. */
struct owned {
	struct owned *next;
	_Alignas(max_align_t) char bytes[];
};

/* A level interrupt that a zone has as its line. */
struct line {
	const struct zone *zone;
	uint32_t irq;
	unsigned users;
};

struct kick {
	const struct zone *zone;
	unsigned vcpu, count;
};

static struct {
	struct owned *owned;
	unsigned fail_map, map_calls;
	struct region regions[MAX_REGIONS];
	unsigned region_count;
	struct guest_map maps[MAX_GUEST_MAP];
	unsigned map_count;
	struct kick kicks[MAX_KICKS];
	unsigned kick_count;
	void (*on_kick)(void);
	struct line lines[MAX_LINES];
	int (*line_answer)(bool attach);
	const struct lock *locks[MAX_LOCKS];
	unsigned lock_count;
	uint64_t now_ns;
	unsigned cpu;
	char log[LOG_SIZE];
	size_t log_length;
	void (*observer)(void *ctx, enum model_event event, uint64_t addr, uint64_t size,
			 uint64_t value);
	void *observer_ctx;
} model;

static _Noreturn void fail_abort(const char *message)
{
	fprintf(stderr, "model: %s\n", message);
	abort();
}

void (*model_on_failure)(const char *message) = fail_abort;

_Noreturn void model_out_of_memory(void)
{
	fail_abort("the test process is out of memory");
}

void model_fail(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	model_on_failure(text);
}

void model_reset(void)
{
	model_memory_reset();
	while (model.owned) {
		struct owned *next = model.owned->next;

		free(model.owned);
		model.owned = next;
	}
	memset(&model, 0, offsetof(__typeof__(model), log));
	model.log[0] = '\0';
	model.log_length = 0;
	model.observer = NULL;
	model.observer_ctx = NULL;
}

void model_observed(enum model_event event, uint64_t addr, uint64_t size, uint64_t value)
{
	if (model.observer)
		model.observer(model.observer_ctx, event, addr, size, value);
}

void model_observe(void (*observer)(void *, enum model_event, uint64_t, uint64_t, uint64_t),
		   void *ctx)
{
	model.observer = observer;
	model.observer_ctx = ctx;
}

void *model_alloc(size_t size)
{
	struct owned *o = calloc(1, sizeof(*o) + size);

	if (!o)
		model_out_of_memory();
	o->next = model.owned;
	model.owned = o;
	return o->bytes;
}

void arch_write_barrier(void)
{
	model_observed(MODEL_WRITE_BARRIER, 0, 0, 0);
}

void arch_read_barrier(void)
{
	model_observed(MODEL_READ_BARRIER, 0, 0, 0);
}

void arch_full_barrier(void)
{
	model_observed(MODEL_FULL_BARRIER, 0, 0, 0);
}

/* ---- device registers ----------------------------------------------------------------- */

void model_mmio_add(hpa_t base, uint64_t size, const struct model_mmio_ops *ops, void *ctx)
{
	if (model.region_count == MAX_REGIONS)
		model_fail("too many register regions");
	for (unsigned i = 0; i < model.region_count; i++)
		if (ranges_overlap(base, size, model.regions[i].base, model.regions[i].size))
			model_fail("registers at 0x%llx exist already", (unsigned long long)base);
	model.regions[model.region_count++] = (struct region){ base, size, ops, ctx };
}

static const struct region *region_at(hpa_t addr, unsigned size, const char *what)
{
	if (!is_aligned(addr, size))
		model_fail("misaligned %u-byte register %s at 0x%llx", size, what,
			   (unsigned long long)addr);
	for (unsigned i = 0; i < model.region_count; i++)
		if (range_inside(addr, size, model.regions[i].base, model.regions[i].size))
			return &model.regions[i];
	model_fail("%u-byte register %s at 0x%llx: no device there", size, what,
		   (unsigned long long)addr);
	return NULL;
}

static uint64_t mmio_read(hpa_t addr, unsigned size)
{
	const struct region *r = region_at(addr, size, "read");

	model_observed(MODEL_MMIO_READ, addr, size, 0);
	return r ? r->ops->read(r->ctx, addr - r->base, size) : ~(uint64_t)0;
}

static void mmio_write(hpa_t addr, unsigned size, uint64_t value)
{
	const struct region *r = region_at(addr, size, "write");

	model_observed(MODEL_MMIO_WRITE, addr, size, value);
	if (r)
		r->ops->write(r->ctx, addr - r->base, size, value);
}

uint8_t mmio_read8(hpa_t addr)
{
	return (uint8_t)mmio_read(addr, 1);
}

uint16_t mmio_read16(hpa_t addr)
{
	return (uint16_t)mmio_read(addr, 2);
}

uint32_t mmio_read32(hpa_t addr)
{
	return (uint32_t)mmio_read(addr, 4);
}

uint64_t mmio_read64(hpa_t addr)
{
	return mmio_read(addr, 8);
}

void mmio_write8(hpa_t addr, uint8_t value)
{
	mmio_write(addr, 1, value);
}

void mmio_write16(hpa_t addr, uint16_t value)
{
	mmio_write(addr, 2, value);
}

void mmio_write32(hpa_t addr, uint32_t value)
{
	mmio_write(addr, 4, value);
}

void mmio_write64(hpa_t addr, uint64_t value)
{
	mmio_write(addr, 8, value);
}

/* ---- time, CPUs, locks ---------------------------------------------------------------- */

uint64_t host_time_ns(void)
{
	model.now_ns += TICK_NS;
	return model.now_ns;
}

void host_udelay(unsigned us)
{
	model.now_ns += (uint64_t)us * 1000;
}

void model_time_advance_ns(uint64_t ns)
{
	model.now_ns += ns;
}

unsigned arch_cpu_index(void)
{
	return model.cpu;
}

void model_set_cpu(unsigned index)
{
	model.cpu = index;
}

void arch_relax(void)
{
	model.now_ns += RELAX_NS;
}

void host_lock(struct lock *l)
{
	if (l->held) {
		model_fail("lock %p taken twice: this would never return", (void *)l);
		return;
	}
	if (model.lock_count == MAX_LOCKS) {
		model_fail("too many locks held");
		return;
	}
	l->held = 1;
	model.locks[model.lock_count++] = l;
}

void host_unlock(struct lock *l)
{
	for (unsigned i = 0; i < model.lock_count; i++) {
		if (model.locks[i] != l)
			continue;
		model.locks[i] = model.locks[--model.lock_count];
		l->held = 0;
		return;
	}
	model_fail("lock %p released but not held", (void *)l);
}

unsigned model_locks_held(void)
{
	return model.lock_count;
}

/* ---- log ------------------------------------------------------------------------------ */

void host_log(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };
	const char *verbose = getenv("V");
	char line[512];
	size_t length;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (verbose && *verbose == '1')
		printf("    [%s] %s\n", names[level], line);
	length = strlen(line);
	if (model.log_length + length + 2 > sizeof(model.log))
		model_log_clear();
	memcpy(model.log + model.log_length, line, length);
	model.log_length += length;
	model.log[model.log_length++] = '\n';
	model.log[model.log_length] = '\0';
}

bool model_log_contains(const char *text)
{
	return strstr(model.log, text) != NULL;
}

void model_log_clear(void)
{
	model.log_length = 0;
	model.log[0] = '\0';
}

const char *model_log(void)
{
	return model.log;
}

/* ---- a zone's CPU-side mappings and kicks --------------------------------------------- */

static struct guest_map *guest_map_at(const struct zone *z, gpa_t gpa)
{
	for (unsigned i = 0; i < model.map_count; i++)
		if (model.maps[i].zone == z &&
		    range_inside(gpa, 1, model.maps[i].gpa, model.maps[i].size))
			return &model.maps[i];
	return NULL;
}

int host_map_guest(struct zone *z, gpa_t gpa, hpa_t hpa, uint64_t size, enum guest_map_kind kind)
{
	if (!size || !is_aligned(gpa | hpa | size, PAGE_SIZE) || gpa + size < gpa ||
	    hpa + size < hpa)
		return -EINVAL;
	for (unsigned i = 0; i < model.map_count; i++)
		if (model.maps[i].zone == z &&
		    ranges_overlap(gpa, size, model.maps[i].gpa, model.maps[i].size))
			return -EEXIST;
	if (model_is_engine_memory(hpa, size))
		model_fail("host_map_guest: 0x%llx is the engine's own memory",
			   (unsigned long long)hpa);
	model.map_calls++;
	if (model.fail_map && model.fail_map-- == 1) {
		model.fail_map = 1; /* and every later one */
		return -ENOMEM;
	}
	if (model.map_count == MAX_GUEST_MAP) {
		model_fail("too many guest mappings");
		return -ENOMEM;
	}
	model.maps[model.map_count++] = (struct guest_map){ z, gpa, hpa, size, kind };
	return 0;
}

/* Cuts [gpa, gpa+size) out of one recorded mapping. */
static void guest_map_cut(struct guest_map *m, gpa_t gpa, uint64_t size)
{
	struct guest_map whole = *m, tail = whole;

	m->size = gpa - whole.gpa;
	tail.gpa = gpa + size;
	tail.size = whole.gpa + whole.size - tail.gpa;
	tail.hpa = whole.hpa + (tail.gpa - whole.gpa);
	if (!m->size)
		*m = model.maps[--model.map_count];
	if (tail.size) {
		if (model.map_count == MAX_GUEST_MAP)
			model_fail("too many guest mappings");
		else
			model.maps[model.map_count++] = tail;
	}
}

int host_unmap_guest(struct zone *z, gpa_t gpa, uint64_t size)
{
	gpa_t at = gpa;

	if (!size || !is_aligned(gpa | size, PAGE_SIZE) || gpa + size < gpa)
		return -EINVAL;
	while (at < gpa + size) {
		struct guest_map *m = guest_map_at(z, at);

		if (!m)
			return -ENOENT;
		at = m->gpa + m->size;
	}
	for (at = gpa; at < gpa + size;) {
		struct guest_map *m = guest_map_at(z, at);
		gpa_t end = m->gpa + m->size < gpa + size ? m->gpa + m->size : gpa + size;

		guest_map_cut(m, at, end - at);
		at = end;
	}
	return 0;
}

bool model_guest_mapping(const struct zone *z, gpa_t gpa, hpa_t *out, enum guest_map_kind *kind)
{
	const struct guest_map *m = guest_map_at(z, gpa);

	if (!m)
		return false;
	if (out)
		*out = m->hpa + (gpa - m->gpa);
	if (kind)
		*kind = m->kind;
	return true;
}

bool model_guest_mapped(const struct zone *z, gpa_t gpa, hpa_t *out)
{
	return model_guest_mapping(z, gpa, out, NULL);
}

uint64_t model_guest_mapped_bytes(const struct zone *z)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < model.map_count; i++)
		if (model.maps[i].zone == z)
			bytes += model.maps[i].size;
	return bytes;
}

void model_fail_map_after(unsigned n)
{
	model.fail_map = n;
}

unsigned model_map_calls(void)
{
	return model.map_calls;
}

void model_on_kick(void (*fn)(void))
{
	model.on_kick = fn;
}

void host_kick_vcpu(struct zone *z, unsigned vcpu)
{
	if (model.on_kick)
		model.on_kick();
	for (unsigned i = 0; i < model.kick_count; i++) {
		if (model.kicks[i].zone == z && model.kicks[i].vcpu == vcpu) {
			model.kicks[i].count++;
			return;
		}
	}
	if (model.kick_count == MAX_KICKS) {
		model_fail("too many different vCPUs kicked");
		return;
	}
	model.kicks[model.kick_count++] = (struct kick){ z, vcpu, 1 };
}

unsigned model_kicks(const struct zone *z, unsigned vcpu)
{
	for (unsigned i = 0; i < model.kick_count; i++)
		if (model.kicks[i].zone == z && model.kicks[i].vcpu == vcpu)
			return model.kicks[i].count;
	return 0;
}

/* ---- INTx lines ----------------------------------------------------------------------- */

static struct line *line_of(uint32_t irq)
{
	for (unsigned i = 0; i < MAX_LINES; i++)
		if (model.lines[i].users && model.lines[i].irq == irq)
			return &model.lines[i];
	return NULL;
}

/* The zone's line n, from 0, is lines[4 * zone + n]. */
int host_line_attach(struct zone *z, uint32_t irq, unsigned wanted)
{
	struct line *mine = &model.lines[4 * z->id], *l = line_of(irq);

	int err = model.line_answer ? model.line_answer(true) : 0;

	if (err)
		return err;
	if (l && l->zone != z)
		return -EBUSY;
	for (unsigned n = 0; !l && n < 4; n++)
		if (!mine[(wanted + n) % 4].users)
			l = &mine[(wanted + n) % 4];
	if (!l)
		return -ENOSPC;
	*l = (struct line){ z, irq, l->users + 1 };
	return (int)(l - mine);
}

int host_line_detach(struct zone *z, uint32_t irq)
{
	struct line *l = line_of(irq);
	int err = model.line_answer ? model.line_answer(false) : 0;

	if (!l || l->zone != z)
		model_fail("interrupt %u is not a line of zone %s", irq, z->name);
	else if (!err)
		l->users--;
	return err;
}

const struct zone *model_line_owner(uint32_t irq, unsigned *users)
{
	const struct line *l = line_of(irq);

	if (users)
		*users = l ? l->users : 0;
	return l ? l->zone : NULL;
}

void model_line_answers(int (*answer)(bool attach))
{
	model.line_answer = answer;
}
