// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Host time and the EL2 physical timer (Arm ARM DDI 0487, D12 "The Generic Timer"). Host time is
 * the physical counter in nanoseconds; a zone uses the virtual and the physical EL1 timer of its
 * CPUs directly.
 */
#include <hv/cpu.h>
#include <hv/sysreg.h>
#include <postern/arch.h>

#define NS_PER_S 1000000000ull

static uint64_t frequency;

void timer_init(void)
{
	frequency = sysreg_read(cntfrq_el0);
}

static uint64_t counter(void)
{
	isb();
	return sysreg_read(cntpct_el0);
}

uint64_t host_time_ns(void)
{
	uint64_t c = counter();

	if (!frequency)
		return 0;
	/* Seconds and remainder apart: c * 10^9 alone would overflow within minutes. */
	return c / frequency * NS_PER_S + c % frequency * NS_PER_S / frequency;
}

void host_udelay(unsigned us)
{
	uint64_t end = host_time_ns() + (uint64_t)us * 1000;

	while (host_time_ns() < end)
		arch_relax();
}

void arch_timer_program(uint64_t deadline)
{
	if (deadline == UINT64_MAX) {
		sysreg_write(cnthp_ctl_el2, TIMER_IMASK);
	} else {
		uint64_t ticks = deadline / NS_PER_S * frequency +
				 deadline % NS_PER_S * frequency / NS_PER_S + 1;

		sysreg_write(cnthp_cval_el2, ticks);
		sysreg_write(cnthp_ctl_el2, TIMER_ENABLE);
	}
	isb();
}
