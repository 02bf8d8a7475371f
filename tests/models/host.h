/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux process as a host of the engine: implements <postern/host.h> and <postern/arch.h> over
 * a small machine made of memory, device registers and a clock, and lets a test look at it and
 * break it.
 *
 * Host-physical addresses of this machine are unlike its pointers, start above 4 GiB and are never
 * used twice between two model_reset(), so that a truncated, mixed-up or stale address finds
 * nothing. A device model reaches memory through model_bus_read()/model_bus_write() alone.
 *
 * Single-threaded. Everything is undone by model_reset(), which the unit test runner calls before
 * every test.
 */
#ifndef MODEL_HOST_H
#define MODEL_HOST_H

#include <postern/host.h>
#include <postern/types.h>

/* Back to an empty machine: no registers, no memory, no log, time 0, nothing set to fail. */
void model_reset(void);

/*
 * What a model calls when the code under test did what it must never do. The default prints and
 * aborts; the unit test runner makes it fail (and leave) the running test instead.
 */
extern void (*model_on_failure)(const char *message);
void model_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed memory for a model's own state, freed by model_reset(). */
void *model_alloc(size_t size);

/* ---- memory --------------------------------------------------------------------------- */

/*
 * Pages handed out by host_pages_alloc() and not given back: the same before and after means no
 * leak.
 */
uint64_t model_pages_live(void);
/*
 * The n-th host_pages_alloc() from now on (1 = the next) answers NULL, and so does every later one;
 * 0: none.
 */
void model_fail_alloc_after(unsigned n);
/* How many host_pages_alloc() calls there were since model_reset(). */
uint64_t model_alloc_calls(void);

/*
 * Memory at a place of the test's choice (firmware tables, a bundle). Zeroed; both multiples of
 * 4096.
 */
void *model_ram_add(hpa_t base, uint64_t size);
/* RAM of a zone: known to host_guest_ram(), at a host address of the model's choice. */
void *model_guest_ram_add(struct zone *z, gpa_t gpa, uint64_t size);
/* Any memory of this machine; NULL / model_fail() when there is none. */
void *model_virt(hpa_t pa);
hpa_t model_phys(const void *va);

/* How devices reach memory. False: nothing answers at some byte of the range (a bus abort). */
bool model_bus_read(hpa_t pa, void *out, size_t size);
bool model_bus_write(hpa_t pa, const void *in, size_t size);

/*
 * From now on devices do not snoop: each piece of memory added later has a copy that devices see
 * (garbage at first), brought together with the CPU's only by arch_dcache_clean() and
 * arch_dcache_clean_invalidate().
 */
void model_set_noncoherent(void);

/* ---- device registers ----------------------------------------------------------------- */

struct model_mmio_ops {
	uint64_t (*read)(void *ctx, uint64_t offset, unsigned size);
	void (*write)(void *ctx, uint64_t offset, unsigned size, uint64_t value);
};
/*
 * An mmio_*() access that hits no region, crosses a region's end or is misaligned is a
 * model_fail().
 */
void model_mmio_add(hpa_t base, uint64_t size, const struct model_mmio_ops *ops, void *ctx);

/* ---- time and CPUs -------------------------------------------------------------------- */

/* host_time_ns() itself moves the clock by a little, so that every bounded wait ends. */
void model_time_advance_ns(uint64_t ns);
/* What arch_cpu_index() answers; 0 after model_reset(). */
void model_set_cpu(unsigned index);

/* ---- what the code under test did ----------------------------------------------------- */

/* Events in the order they happen; addr is a host-physical address. */
enum model_event {
	MODEL_WRITE_BARRIER,
	MODEL_READ_BARRIER,
	MODEL_FULL_BARRIER,
	MODEL_CLEAN,            /* addr, size */
	MODEL_CLEAN_INVALIDATE, /* addr, size */
	MODEL_MMIO_READ,        /* addr, size */
	MODEL_MMIO_WRITE,       /* addr, size, value; reported before the device sees it */
	MODEL_PAGES_ALLOC,      /* addr, size in bytes */
	MODEL_PAGES_FREE,       /* addr, size in bytes */
};
/* One observer at a time; NULL: none. */
void model_observe(void (*observer)(void *ctx, enum model_event event, uint64_t addr, uint64_t size,
				    uint64_t value),
		   void *ctx);

/*
 * Log lines since model_reset() or model_log_clear(); printed as they come when V=1 is in the
 * environment.
 */
bool model_log_contains(const char *text);
void model_log_clear(void);
const char *model_log(void);

/* What host_map_guest() recorded for the zone. */
bool model_guest_mapped(const struct zone *z, gpa_t gpa, hpa_t *out);
bool model_guest_mapping(const struct zone *z, gpa_t gpa, hpa_t *out, enum guest_map_kind *kind);
uint64_t model_guest_mapped_bytes(const struct zone *z);
/* The n-th host_map_guest() from now on and every later one answers -ENOMEM; 0: none. */
void model_fail_map_after(unsigned n);
/* How many host_map_guest() calls there were since model_reset(). */
unsigned model_map_calls(void);

/* host_kick_vcpu() calls since model_reset(). */
unsigned model_kicks(const struct zone *z, unsigned vcpu);
/* Called at each of them: what the kicked CPU does at once. NULL: nothing. */
void model_on_kick(void (*fn)(void));

/* Whose INTx line a level interrupt is, and of how many functions; NULL: nobody's. */
const struct zone *model_line_owner(uint32_t irq, unsigned *users);
/* What each host_line_attach() and host_line_detach() answers; not 0: it did nothing. NULL: 0. */
void model_line_answers(int (*answer)(bool attach));

/* Locks taken and not released; a recursive lock or a release of a free lock is a model_fail(). */
unsigned model_locks_held(void);

#endif
