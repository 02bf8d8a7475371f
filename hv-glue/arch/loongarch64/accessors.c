// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arch.h and irq/iocsr.h for loongarch64. Registers are reached through the
 * uncached direct-mapped window, memory through the cached one.
 *
 * Caches: DMA of a Loongson-3 is coherent with the CPUs' caches, and arch_dcache_clean() could be a
 * barrier for all but what walks tables past them. It writes lines back all the same, in every
 * level that CPUCFG names: whoever calls it has a device that is not known to be coherent
 * (LoongArch Reference Manual, Volume 1, 4.2.3 CACOP, operation 2: hit, write back and invalidate).
 * Emulators do nothing there: only a board can prove this.
 */
#include <hv/cpu.h>
#include <hv/csr.h>
#include <hv/direct_map.h>
#include <irq/iocsr.h>
#include <postern/arch.h>

#define CACHE_LEVELS 3u

/* CPUCFG_CACHES: is there a (unified or data) cache at this level? */
static const uint32_t cache_present[CACHE_LEVELS] = {
	BIT32(2),              /* L1 data */
	BIT32(3) | BIT32(7),   /* L2 unified, L2 data */
	BIT32(10) | BIT32(14), /* L3 unified, L3 data */
};

static volatile void *device(hpa_t a)
{
	return (volatile void *)(uintptr_t)(a | DIRECT_MAP_DEVICE);
}

uint8_t mmio_read8(hpa_t a)
{
	return *(volatile uint8_t *)device(a);
}

uint16_t mmio_read16(hpa_t a)
{
	return *(volatile uint16_t *)device(a);
}

uint32_t mmio_read32(hpa_t a)
{
	return *(volatile uint32_t *)device(a);
}

uint64_t mmio_read64(hpa_t a)
{
	return *(volatile uint64_t *)device(a);
}

void mmio_write8(hpa_t a, uint8_t v)
{
	*(volatile uint8_t *)device(a) = v;
}

void mmio_write16(hpa_t a, uint16_t v)
{
	*(volatile uint16_t *)device(a) = v;
}

void mmio_write32(hpa_t a, uint32_t v)
{
	*(volatile uint32_t *)device(a) = v;
}

void mmio_write64(hpa_t a, uint64_t v)
{
	*(volatile uint64_t *)device(a) = v;
}

/* ---- IOCSR ---- */

#define IOCSR_ACCESSORS(bits, letter)                                          \
	uint##bits##_t arch_iocsr_read##bits(uint32_t offset)                  \
	{                                                                      \
		uint64_t v;                                                    \
		__asm__ volatile("iocsrrd." letter " %0, %1"                   \
				 : "=r"(v)                                     \
				 : "r"((uint64_t)offset)                       \
				 : "memory");                                  \
		return (uint##bits##_t)v;                                      \
	}                                                                      \
	void arch_iocsr_write##bits(uint32_t offset, uint##bits##_t value)     \
	{                                                                      \
		__asm__ volatile("iocsrwr." letter " %0, %1"                   \
				 :                                             \
				 : "r"((uint64_t)value), "r"((uint64_t)offset) \
				 : "memory");                                  \
	}

IOCSR_ACCESSORS(8, "b")
IOCSR_ACCESSORS(16, "h")
IOCSR_ACCESSORS(32, "w")
IOCSR_ACCESSORS(64, "d")

/* ---- order and caches ---- */

/* DBAR 0 orders everything and waits; hints that order less are not implemented by every core. */
void arch_full_barrier(void)
{
	__asm__ volatile("dbar 0" : : : "memory");
}

void arch_write_barrier(void)
{
	arch_full_barrier();
}

void arch_read_barrier(void)
{
	arch_full_barrier();
}

static void clean_level(unsigned level, uint64_t va, uint64_t end)
{
	const uint64_t line = BIT64(FIELD_GET(CPUCFG_LINE, cpucfg(CPUCFG_CACHE_L1 + level)));

	for (uint64_t a = align_down(va, line); a < end; a += line) {
		/* The operation is part of the instruction: 2 << 3 | cache. */
		if (level == 0)
			__asm__ volatile("cacop 0x11, %0, 0" : : "r"(a) : "memory");
		else if (level == 1)
			__asm__ volatile("cacop 0x12, %0, 0" : : "r"(a) : "memory");
		else
			__asm__ volatile("cacop 0x13, %0, 0" : : "r"(a) : "memory");
	}
}

void arch_dcache_clean_invalidate(const void *va, size_t size)
{
	const uint32_t caches = cpucfg(CPUCFG_CACHES);
	const uint64_t start = (uint64_t)(uintptr_t)va;

	for (unsigned level = 0; size && level < CACHE_LEVELS; level++)
		if (caches & cache_present[level])
			clean_level(level, start, start + size);
	arch_full_barrier();
}

void arch_dcache_clean(const void *va, size_t size)
{
	arch_dcache_clean_invalidate(va, size);
}

/* ---- CPUs and locks ---- */

struct cpu *cpu_self(void)
{
	return (struct cpu *)csr_read(CSR_SAVE2);
}

void arch_relax(void)
{
	__asm__ volatile("nop" : : : "memory");
}
