// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Host time and this CPU's timer: both run on the constant counter, which all cores share
 * (LoongArch Reference Manual, Volume 1: 2.2.10.4 RDTIME, 7.6 timer CSRs).
 */
#include <hv/cpu.h>
#include <hv/csr.h>
#include <postern/arch.h>

#define NS_PER_S  1000000000ull
#define TICK_STEP 4u
/* What every Loongson-3 has; taken when CPUCFG does not say. */
#define USUAL_HZ  100000000ull

static uint64_t frequency = USUAL_HZ;
static uint64_t longest; /* the most ticks the timer counts */

void timer_init(void)
{
	const uint64_t base = cpucfg(CPUCFG_CC_FREQ);
	const uint64_t ratio = cpucfg(CPUCFG_CC_RATIO);
	const uint64_t mul = FIELD_GET(CPUCFG5_MUL, ratio), div = FIELD_GET(CPUCFG5_DIV, ratio);
	const unsigned bits = (unsigned)FIELD_GET(PRCFG1_TIMERBITS, csr_read(CSR_PRCFG1)) + 1;

	if (base && mul && div)
		frequency = base * mul / div;
	longest = (bits < 64 ? BIT64(bits) - 1 : UINT64_MAX) & TCFG_INITIAL;
}

void timer_cpu_init(void)
{
	csr_write(CSR_CNTC, 0);
	csr_write(CSR_TCFG, 0);
	csr_write(CSR_TICLR, TICLR_CLEAR);
}

static uint64_t counter(void)
{
	uint64_t v;

	__asm__ volatile("rdtime.d %0, $zero" : "=r"(v) : : "memory");
	return v;
}

uint64_t host_time_ns(void)
{
	const uint64_t c = counter();

	/* Seconds and remainder apart: c * 10^9 alone would overflow within minutes. */
	return c / frequency * NS_PER_S + c % frequency * NS_PER_S / frequency;
}

void host_udelay(unsigned us)
{
	const uint64_t end = host_time_ns() + (uint64_t)us * 1000;

	while (host_time_ns() < end)
		arch_relax();
}

void arch_timer_program(uint64_t deadline)
{
	uint64_t now, ns, ticks;

	csr_write(CSR_TCFG, 0);
	if (deadline == UINT64_MAX)
		return;
	now = host_time_ns();
	ns = deadline > now ? deadline - now : 0;
	ticks = ns / NS_PER_S * frequency + ns % NS_PER_S * frequency / NS_PER_S;
	/* The counter takes multiples of four; rounded up, so that it is never early. */
	ticks = ticks < longest - TICK_STEP ? align_up(ticks + 1, TICK_STEP) : longest;
	csr_write(CSR_TCFG, ticks | TCFG_ENABLE);
}
