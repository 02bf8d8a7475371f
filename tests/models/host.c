// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Linux process as a host of the engine: see host.h.
 */
#include "host.h"

#include <errno.h>
#include <postern/arch.h>
#include <postern/zone.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENGINE_BASE   ((hpa_t)0x2340000000) /* where host_pages_alloc() memory appears */
#define GUEST_BASE    ((hpa_t)0x8800000000) /* where guest RAM appears */
#define GUARD         (64 * KIB)            /* nothing answers between two pieces of memory */
#define LINE          64u                   /* bytes in a cache line */
#define STALE         0xa5                  /* what an unsnooping device finds in new memory */
#define TICK_NS       100u                  /* host_time_ns() costs this much */
#define RELAX_NS      10000u                /* and each turn of a polling loop this much */
#define LOG_SIZE      (256 * KIB)
#define MAX_LOCKS     16
#define MAX_REGIONS   32
#define MAX_KICKS     64
#define MAX_GUEST_MAP 4096

enum memory_use { USE_ENGINE, USE_GUEST, USE_PLAIN };

struct memory {
	enum memory_use use;
	hpa_t base;
	uint64_t size;
	uint8_t *cpu; /* what the CPU sees */
	/* Unsnooped memory only: what devices see, and the CPU's bytes when the two last met. */
	uint8_t *bus, *met;
	const struct zone *zone;
	gpa_t gpa;
};

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

struct kick {
	const struct zone *zone;
	unsigned vcpu, count;
};

static struct {
	struct owned *owned;
	struct memory *memory; /* in no order */
	size_t memory_count, memory_room;
	hpa_t engine_next, guest_next;
	uint64_t pages_live, alloc_calls;
	unsigned fail_alloc, fail_map;
	bool noncoherent;
	struct region regions[MAX_REGIONS];
	unsigned region_count;
	struct guest_map maps[MAX_GUEST_MAP];
	unsigned map_count;
	struct kick kicks[MAX_KICKS];
	unsigned kick_count;
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

static void fail_abort(const char *message)
{
	fprintf(stderr, "model: %s\n", message);
	abort();
}

void (*model_on_failure)(const char *message) = fail_abort;

void model_fail(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	model_on_failure(text);
}

static void memory_release(struct memory *m)
{
	free(m->cpu);
	free(m->bus);
	free(m->met);
	*m = model.memory[--model.memory_count];
}

void model_reset(void)
{
	while (model.memory_count)
		memory_release(&model.memory[0]);
	free(model.memory);
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
	model.engine_next = ENGINE_BASE;
	model.guest_next = GUEST_BASE;
}

static void observe(enum model_event event, uint64_t addr, uint64_t size, uint64_t value)
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

/* ---- memory -----------------------------------------------------------------------------------
 */

static void *xalloc(uint64_t align, uint64_t size)
{
	void *p = aligned_alloc(align, size);

	if (!p)
		fail_abort("the test process is out of memory");
	return p;
}

void *model_alloc(size_t size)
{
	struct owned *o = calloc(1, sizeof(*o) + size);

	if (!o)
		fail_abort("the test process is out of memory");
	o->next = model.owned;
	model.owned = o;
	return o->bytes;
}

static struct memory *memory_add(enum memory_use use, hpa_t base, uint64_t size, uint64_t align)
{
	struct memory *m;

	for (size_t i = 0; i < model.memory_count; i++)
		if (ranges_overlap(base, size, model.memory[i].base, model.memory[i].size))
			model_fail("memory at 0x%llx exists already", (unsigned long long)base);
	if (model.memory_count == model.memory_room) {
		model.memory_room = model.memory_room ? model.memory_room * 2 : 64;
		model.memory = realloc(model.memory, model.memory_room * sizeof(*model.memory));
		if (!model.memory)
			fail_abort("the test process is out of memory");
	}
	m = &model.memory[model.memory_count++];
	*m = (struct memory){ .use = use, .base = base, .size = size, .cpu = xalloc(align, size) };
	memset(m->cpu, 0, size);
	if (model.noncoherent) {
		m->bus = xalloc(LINE, size);
		m->met = xalloc(LINE, size);
		memset(m->bus, STALE, size);
		/* Every line of fresh memory is dirty in the CPU's cache. */
		memset(m->met, STALE, size);
	}
	return m;
}

static struct memory *memory_at_phys(hpa_t pa, uint64_t size)
{
	for (size_t i = 0; i < model.memory_count; i++)
		if (range_inside(pa, size, model.memory[i].base, model.memory[i].size))
			return &model.memory[i];
	return NULL;
}

static struct memory *memory_at_virt(const void *va, uint64_t size)
{
	for (size_t i = 0; i < model.memory_count; i++)
		if (range_inside((uintptr_t)va, size, (uintptr_t)model.memory[i].cpu,
				 model.memory[i].size))
			return &model.memory[i];
	return NULL;
}

static hpa_t phys_in(const struct memory *m, const void *va)
{
	return m->base + (uint64_t)((const uint8_t *)va - m->cpu);
}

void *host_pages_alloc(size_t pages, uint64_t align)
{
	uint64_t size = pages * PAGE_SIZE;
	struct memory *m;

	if (!pages || align < PAGE_SIZE || (align & (align - 1)))
		model_fail("host_pages_alloc(%zu, 0x%llx): bad arguments", pages,
			   (unsigned long long)align);
	model.alloc_calls++;
	if (model.fail_alloc && model.fail_alloc-- == 1) {
		model.fail_alloc = 1; /* and every later one */
		return NULL;
	}
	model.engine_next = align_up(model.engine_next, align);
	m = memory_add(USE_ENGINE, model.engine_next, size, PAGE_SIZE);
	model.engine_next += size + GUARD;
	model.pages_live += pages;
	observe(MODEL_PAGES_ALLOC, m->base, size, 0);
	return m->cpu;
}

void host_pages_free(void *va, size_t pages)
{
	struct memory *m;

	if (!va)
		return;
	m = memory_at_virt(va, 1);
	if (!m || m->use != USE_ENGINE || m->cpu != va || m->size != pages * PAGE_SIZE) {
		model_fail("host_pages_free(%p, %zu): never handed out like that", va, pages);
		return;
	}
	observe(MODEL_PAGES_FREE, m->base, m->size, 0);
	model.pages_live -= pages;
	memory_release(m);
}

hpa_t host_virt_to_phys(const void *va)
{
	struct memory *m = memory_at_virt(va, 1);

	if (!m || m->use != USE_ENGINE) {
		model_fail("host_virt_to_phys(%p): not memory of host_pages_alloc()", va);
		return 0;
	}
	return phys_in(m, va);
}

void *host_phys_to_virt(hpa_t pa)
{
	struct memory *m = memory_at_phys(pa, 1);

	if (!m || m->use != USE_ENGINE) {
		model_fail("host_phys_to_virt(0x%llx): not memory of host_pages_alloc()",
			   (unsigned long long)pa);
		return NULL;
	}
	return m->cpu + (pa - m->base);
}

uint64_t model_pages_live(void)
{
	return model.pages_live;
}

void model_fail_alloc_after(unsigned n)
{
	model.fail_alloc = n;
}

uint64_t model_alloc_calls(void)
{
	return model.alloc_calls;
}

void *model_ram_add(hpa_t base, uint64_t size)
{
	if (!size || !is_aligned(base | size, PAGE_SIZE))
		model_fail("model_ram_add: not page aligned");
	return memory_add(USE_PLAIN, base, size, PAGE_SIZE)->cpu;
}

void *model_guest_ram_add(struct zone *z, gpa_t gpa, uint64_t size)
{
	struct memory *m;

	if (!size || !is_aligned(gpa | size, PAGE_SIZE))
		model_fail("model_guest_ram_add: not page aligned");
	m = memory_add(USE_GUEST, model.guest_next, size, PAGE_SIZE);
	model.guest_next = align_up(model.guest_next + size + GUARD, 2 * MIB);
	m->zone = z;
	m->gpa = gpa;
	return m->cpu;
}

void *model_virt(hpa_t pa)
{
	struct memory *m = memory_at_phys(pa, 1);

	return m ? m->cpu + (pa - m->base) : NULL;
}

hpa_t model_phys(const void *va)
{
	struct memory *m = memory_at_virt(va, 1);

	if (!m) {
		model_fail("model_phys(%p): no such memory", va);
		return 0;
	}
	return phys_in(m, va);
}

void *host_guest_ram(struct zone *z, gpa_t gpa, uint64_t size)
{
	for (size_t i = 0; i < model.memory_count; i++) {
		struct memory *m = &model.memory[i];

		if (m->use == USE_GUEST && m->zone == z && range_inside(gpa, size, m->gpa, m->size))
			return m->cpu + (gpa - m->gpa);
	}
	return NULL;
}

bool model_bus_read(hpa_t pa, void *out, size_t size)
{
	struct memory *m = memory_at_phys(pa, size);

	if (!m)
		return false;
	memcpy(out, (m->bus ? m->bus : m->cpu) + (pa - m->base), size);
	return true;
}

bool model_bus_write(hpa_t pa, const void *in, size_t size)
{
	struct memory *m = memory_at_phys(pa, size);

	if (!m)
		return false;
	memcpy((m->bus ? m->bus : m->cpu) + (pa - m->base), in, size);
	return true;
}

void model_set_noncoherent(void)
{
	model.noncoherent = true;
}

/* Writes dirty lines back; with invalidate, lines that were not dirty are read anew. */
static void cache_op(const void *va, size_t size, bool invalidate)
{
	struct memory *m = memory_at_virt(va, size);
	uint64_t at, end;

	if (!m) {
		model_fail("cache maintenance of %p: no such memory", va);
		return;
	}
	observe(invalidate ? MODEL_CLEAN_INVALIDATE : MODEL_CLEAN, phys_in(m, va), size, 0);
	if (!m->bus)
		return;
	at = align_down(phys_in(m, va) - m->base, LINE);
	end = align_up(phys_in(m, va) - m->base + size, LINE);
	for (; at < end; at += LINE) {
		if (memcmp(m->cpu + at, m->met + at, LINE) != 0)
			memcpy(m->bus + at, m->cpu + at, LINE);
		else if (invalidate)
			memcpy(m->cpu + at, m->bus + at, LINE);
		memcpy(m->met + at, m->cpu + at, LINE);
	}
}

void arch_dcache_clean(const void *va, size_t size)
{
	cache_op(va, size, false);
}

void arch_dcache_clean_invalidate(const void *va, size_t size)
{
	cache_op(va, size, true);
}

void arch_write_barrier(void)
{
	observe(MODEL_WRITE_BARRIER, 0, 0, 0);
}

void arch_read_barrier(void)
{
	observe(MODEL_READ_BARRIER, 0, 0, 0);
}

void arch_full_barrier(void)
{
	observe(MODEL_FULL_BARRIER, 0, 0, 0);
}

/* ---- device registers -------------------------------------------------------------------------
 */

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

	observe(MODEL_MMIO_READ, addr, size, 0);
	return r ? r->ops->read(r->ctx, addr - r->base, size) : ~(uint64_t)0;
}

static void mmio_write(hpa_t addr, unsigned size, uint64_t value)
{
	const struct region *r = region_at(addr, size, "write");

	observe(MODEL_MMIO_WRITE, addr, size, value);
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

/* ---- time, CPUs, locks ------------------------------------------------------------------------
 */

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

/* ---- log --------------------------------------------------------------------------------------
 */

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

/* ---- a zone's CPU-side mappings and kicks -----------------------------------------------------
 */

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
	for (size_t i = 0; i < model.memory_count; i++)
		if (model.memory[i].use == USE_ENGINE &&
		    ranges_overlap(hpa, size, model.memory[i].base, model.memory[i].size))
			model_fail("host_map_guest: 0x%llx is the engine's own memory",
				   (unsigned long long)hpa);
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

void host_kick_vcpu(struct zone *z, unsigned vcpu)
{
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
