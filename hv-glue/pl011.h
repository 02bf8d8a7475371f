/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's own UART: an Arm PrimeCell PL011 (Arm DDI 0183), polled output, interrupt-driven
 * input. hv-glue/pl011.c. Locking: the caller's (the console's).
 */
#ifndef HV_GLUE_PL011_H
#define HV_GLUE_PL011_H

#include <postern/platform.h>
#include <postern/types.h>

struct pl011 {
	hpa_t base;
	bool stuck; /* output did not move within the bound: not waited for until it does again */
};

/* Takes the UART over: 115200 8N1 where the clock is known, FIFOs on, receive interrupts on. */
void pl011_init(struct pl011 *u, const struct uart_info *info);
/* Waits at most 20 ms for room; a character that finds none is dropped. */
void pl011_put(struct pl011 *u, uint8_t c);
/*
 * The oldest received character; false when there is none. Damaged ones (break, parity, framing)
 * are skipped. The receive interrupts are level: they go away when this was called until it
 * answered false, and not before.
 */
bool pl011_get(struct pl011 *u, uint8_t *c);

#endif
