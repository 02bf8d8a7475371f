/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the program that hosts the engine provides: the hypervisor (hv-glue/) or a test process
 * (tests/).
 *
 * The hypervisor runs with its own interrupts masked: none of these functions is re-entered on the
 * same CPU.
 */
#ifndef POSTERN_HOST_H
#define POSTERN_HOST_H

#include <postern/types.h>

struct zone;

/* A spin lock; zero-initialized means free. Lock order: docs/locking.md. */
struct lock {
	uint32_t held;
};
void host_lock(struct lock *l);
void host_unlock(struct lock *l);

/*
 * Zeroed, physically contiguous pages aligned to `align` bytes (a power of two >= 4096) for tables
 * and engine state. NULL when none are left. Never zone memory: a page handed out here is never
 * mapped to any zone.
 */
void *host_pages_alloc(size_t pages, uint64_t align);
/* Gives back what host_pages_alloc returned, whole. NULL is allowed. The pages are zeroed before
 * reuse. */
void host_pages_free(void *va, size_t pages);
/* Address a device or a page-table walker would use for memory got from host_pages_alloc. */
hpa_t host_virt_to_phys(const void *va);
void *host_phys_to_virt(hpa_t pa);

/* What a stage-2 mapping is for. RAM is cacheable read-write-execute; DEVICE is device memory,
 * never executable. */
enum guest_map_kind { GUEST_MAP_RAM, GUEST_MAP_DEVICE };

/*
 * Lets the zone's CPUs reach host [hpa, hpa+size) at guest [gpa, gpa+size). All 4 KiB aligned.
 * -EEXIST if any byte of the guest range is mapped already (nothing is changed then), -ENOMEM,
 * -EINVAL.
 */
int host_map_guest(struct zone *z, gpa_t gpa, hpa_t hpa, uint64_t size, enum guest_map_kind kind);
/* Takes a mapped range away; returns only when no CPU of the zone can use the old translation any
 * more. */
int host_unmap_guest(struct zone *z, gpa_t gpa, uint64_t size);

/*
 * The zone's memory as the host sees it: a pointer to guest [gpa, gpa+size) when that lies wholly
 * inside one RAM region of the zone, else NULL. The zone may change the bytes at any time: copy
 * once, then check the copy.
 */
void *host_guest_ram(struct zone *z, gpa_t gpa, uint64_t size);

/* Makes vCPU `vcpu` of the zone look at its pending virtual interrupts soon. Cheap when it is the
 * calling CPU's own. */
void host_kick_vcpu(struct zone *z, unsigned vcpu);

/*
 * Routes a physical level interrupt to the zone, as its INTx line 0..3: `wanted` when that one is free. One
 * for each function of the zone on it. Answers the line; from then on it is delivered. -EBUSY: it is
 * somebody else's; -ENOSPC: no line is left; other errors: the controller's.
 */
int host_line_attach(struct zone *z, uint32_t irq, unsigned wanted);
/*
 * Undoes one attach; the last one takes the line away. After 0 it is masked, not active, and in no
 * virtual controller's hands. -ETIMEDOUT: a CPU of the zone did not let go of it; it stays masked and
 * nobody gets it any more. Bounded. No lock held that a CPU of the zone may wait for.
 */
int host_line_detach(struct zone *z, uint32_t irq);

/* Monotonic time. */
uint64_t host_time_ns(void);
/* Busy-waits; for hardware waits of microseconds only. Longer waits are steps with deadlines. */
void host_udelay(unsigned us);

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
/* One line of log; no trailing newline in fmt. format_text() describes what fmt may hold. */
void host_log(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
