/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical LIOINTC: 32 level sources of the CPU chip itself (its UARTs among them), for cores 0
 * to 3. docs/hardware/loongson-interrupts.md, "LIOINTC".
 *
 * A source is disabled until it is claimed and enabled; it is disabled when it fires and stays so
 * until liointc_unmask(): its owner's end of interrupt.
 *
 * Locking: a leaf lock of its own. Handlers are called with no lock held.
 */
#ifndef IRQ_LIOINTC_H
#define IRQ_LIOINTC_H

#include <postern/platform.h>
#include <postern/types.h>

struct zone;

typedef void liointc_handler(void *context, unsigned source);

/* Boot CPU: disables every source. -EINVAL (reason logged). */
int liointc_init(const struct loongson_intc_info *info, const struct cpu_info *cpus,
		 unsigned cpu_count);
/* The CPUs' interrupt line (HWI n) that liointc_handle() serves. */
unsigned liointc_pin(void);
/* The line is high on this CPU: calls the handlers of what is pending. 0: spurious. */
unsigned liointc_handle(void);

/*
 * Claims a source, disabled, for `cpu`, one of the owner's (NULL: the hypervisor). -EINVAL (also: a
 * CPU it cannot reach), -EBUSY.
 */
int liointc_claim(unsigned source, struct zone *owner, unsigned cpu, liointc_handler *handler,
		  void *context);
void liointc_unmask(unsigned source);
void liointc_mask(unsigned source);
/* Not from its handler, nor while it may run on another CPU. After this it is disabled. */
void liointc_release(unsigned source);

#endif
