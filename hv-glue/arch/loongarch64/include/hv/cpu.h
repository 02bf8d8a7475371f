/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loongarch64: what this folder's files offer each other. Everything here runs privileged, in the
 * direct-mapped windows, with interrupts masked.
 */
#ifndef HV_CPU_H
#define HV_CPU_H

#include <hv/hv.h>

/* ---- start.S, vectors.S, boot.c ---- */

/* What a CPU's exceptions need before anything else; layout known to vectors.S. */
struct trap_frame {
	uint64_t r[32];
	uint64_t stack; /* top of the stack that a report of this CPU's faults may use */
	uint64_t era, badv, estat, crmd;
};

extern char exception_entry[], refill_entry[], error_entry[], secondary_entry[];
_Noreturn void stack_restart(void *stack_top, void (*fn)(void));
/* Returns when an interrupt that this CPU listens to is pending. */
void cpu_wait(void);

/* Exceptions, per-CPU pointer, time of this CPU; the first thing it does. */
void cpu_init(struct cpu *self);
void *cpu_stack_top(unsigned cpu);

/* ---- irq.c ---- */

/* This CPU's interrupt lines, with everything behind them masked. -errno: it cannot take part. */
int irq_cpu_init(void);
/* Takes every pending interrupt. */
void irq_dispatch(struct cpu *self);

/* ---- timer.c ---- */

/* The counter's frequency; before host_time_ns() is called. */
void timer_init(void);
/* This CPU's timer off, its counter without an offset. */
void timer_cpu_init(void);

/* ---- smp.c ---- */

/* Physical core id of this CPU. */
uint64_t cpu_core_id(void);

#endif
