// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arch.h for aarch64. Device accesses are single load/store instructions of
 * the simple addressing form, so that a hypervisor below this one (or a bus error report) can
 * decode them.
 */
#include <hv/cpu.h>
#include <hv/sysreg.h>
#include <postern/arch.h>

uint8_t mmio_read8(hpa_t a)
{
	uint32_t v;
	__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return (uint8_t)v;
}

uint16_t mmio_read16(hpa_t a)
{
	uint32_t v;
	__asm__ volatile("ldrh %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return (uint16_t)v;
}

uint32_t mmio_read32(hpa_t a)
{
	uint32_t v;
	__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return v;
}

uint64_t mmio_read64(hpa_t a)
{
	uint64_t v;
	__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return v;
}

void mmio_write8(hpa_t a, uint8_t v)
{
	__asm__ volatile("strb %w0, [%1]" : : "r"(v), "r"(a) : "memory");
}

void mmio_write16(hpa_t a, uint16_t v)
{
	__asm__ volatile("strh %w0, [%1]" : : "r"(v), "r"(a) : "memory");
}

void mmio_write32(hpa_t a, uint32_t v)
{
	__asm__ volatile("str %w0, [%1]" : : "r"(v), "r"(a) : "memory");
}

void mmio_write64(hpa_t a, uint64_t v)
{
	__asm__ volatile("str %0, [%1]" : : "r"(v), "r"(a) : "memory");
}

void arch_write_barrier(void)
{
	__asm__ volatile("dsb st" : : : "memory");
}

void arch_read_barrier(void)
{
	__asm__ volatile("dsb ld" : : : "memory");
}

void arch_full_barrier(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

static uint64_t dcache_line(void)
{
	/* CTR_EL0.DminLine: log2 of the smallest data line in 4-byte words. */
	return (uint64_t)4 << (sysreg_read(ctr_el0) >> 16 & 0xf);
}

void arch_dcache_clean(const void *va, size_t size)
{
	const uint64_t line = dcache_line(), end = (uint64_t)va + size;

	for (uint64_t a = align_down((uint64_t)va, line); a < end; a += line)
		__asm__ volatile("dc cvac, %0" : : "r"(a) : "memory");
	arch_full_barrier();
}

void arch_dcache_clean_invalidate(const void *va, size_t size)
{
	const uint64_t line = dcache_line(), end = (uint64_t)va + size;

	for (uint64_t a = align_down((uint64_t)va, line); a < end; a += line)
		__asm__ volatile("dc civac, %0" : : "r"(a) : "memory");
	arch_full_barrier();
}

void arch_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

struct cpu *cpu_self(void)
{
	return (struct cpu *)sysreg_read(tpidr_el2);
}
