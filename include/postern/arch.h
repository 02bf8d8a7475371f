/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine asks of the CPU architecture: device register access, ordering, cache
 * maintenance. hv-glue/arch/<arch>/ provides these for the hypervisor, tests/models/ for the
 * Linux-process build (where mmio_* lands in a machine model). All may be called with or without
 * locks held, on any CPU.
 */
#ifndef POSTERN_ARCH_H
#define POSTERN_ARCH_H

#include <postern/types.h>

/*
 * One access of exactly this width to a device register at a host-physical address. Naturally
 * aligned addresses only. Ordered against other mmio_* accesses of the same CPU, not against normal
 * memory: use the barriers.
 */
uint8_t mmio_read8(hpa_t addr);
uint16_t mmio_read16(hpa_t addr);
uint32_t mmio_read32(hpa_t addr);
uint64_t mmio_read64(hpa_t addr);
void mmio_write8(hpa_t addr, uint8_t value);
void mmio_write16(hpa_t addr, uint16_t value);
void mmio_write32(hpa_t addr, uint32_t value);
void mmio_write64(hpa_t addr, uint64_t value);

/* Earlier writes to memory are visible to every device and CPU before later memory or register
 * writes. */
void arch_write_barrier(void);
/* Earlier reads (of a register or of memory a device writes) complete before later reads. */
void arch_read_barrier(void);
/* Both, and waits for completion (on Arm: DSB SY). */
void arch_full_barrier(void);

/* Writes back [va, va+size) to the point every device sees. Needed before a device not known
 * coherent reads it. */
void arch_dcache_clean(const void *va, size_t size);
/* The same, and drops the lines, so that a device's or an uncached CPU's later writes are seen. */
void arch_dcache_clean_invalidate(const void *va, size_t size);

/* The index (0-based, < MAX_CPUS) of the physical CPU this runs on. */
unsigned arch_cpu_index(void);

/* A hint inside bounded polling loops. */
void arch_relax(void);

#endif
