// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Linux process as a host of the engine: memory, as CPUs and as devices see it. See host.h.
 */
#include "host-private.h"

#include <postern/arch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENGINE_BASE ((hpa_t)0x2340000000) /* where host_pages_alloc() memory appears */
#define GUEST_BASE  ((hpa_t)0x8800000000) /* where guest RAM appears */
#define GUARD       (64 * KIB)            /* nothing answers between two pieces of memory */
#define LINE        64u                   /* bytes in a cache line */
#define STALE       0xa5                  /* what an unsnooping device finds in new memory */

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

static struct {
	struct memory *memory; /* in no order */
	size_t memory_count, memory_room;
	hpa_t engine_next, guest_next;
	uint64_t pages_live, alloc_calls;
	unsigned fail_alloc;
	bool noncoherent;
} model;

static void memory_release(struct memory *m)
{
	free(m->cpu);
	free(m->bus);
	free(m->met);
	*m = model.memory[--model.memory_count];
}

void model_memory_reset(void)
{
	while (model.memory_count)
		memory_release(&model.memory[0]);
	free(model.memory);
	memset(&model, 0, sizeof(model));
	model.engine_next = ENGINE_BASE;
	model.guest_next = GUEST_BASE;
}

bool model_is_engine_memory(hpa_t pa, uint64_t size)
{
	for (size_t i = 0; i < model.memory_count; i++)
		if (model.memory[i].use == USE_ENGINE &&
		    ranges_overlap(pa, size, model.memory[i].base, model.memory[i].size))
			return true;
	return false;
}

/* ---- memory --------------------------------------------------------------------------- */

static void *xalloc(uint64_t align, uint64_t size)
{
	void *p = aligned_alloc(align, size);

	if (!p)
		model_out_of_memory();
	return p;
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
			model_out_of_memory();
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
	model_observed(MODEL_PAGES_ALLOC, m->base, size, 0);
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
	model_observed(MODEL_PAGES_FREE, m->base, m->size, 0);
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

	if (!m || m->use == USE_GUEST) {
		model_fail("host_phys_to_virt(0x%llx): neither the engine's memory nor firmware's",
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
	model_observed(invalidate ? MODEL_CLEAN_INVALIDATE : MODEL_CLEAN, phys_in(m, va), size, 0);
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
