/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's own UART: a 16550 with FIFOs (PC16550D data sheet), registers a byte wide and
 * perhaps spread; polled output, interrupt-driven input. hv-glue/uart16550.c. Locking: the caller's
 * (the console's).
 */
#ifndef HV_GLUE_UART16550_H
#define HV_GLUE_UART16550_H

#include <postern/platform.h>
#include <postern/types.h>

struct uart16550 {
	hpa_t base;
	unsigned shift;
	bool stuck; /* output did not move within the bound: not waited for until it does again */
};

/* Takes the UART over: 115200 8N1 where the clock is known, FIFOs on, receive interrupt on. */
void uart16550_init(struct uart16550 *u, const struct uart_info *info);
/* Waits at most 20 ms for room; a character that finds none is dropped. */
void uart16550_put(struct uart16550 *u, uint8_t c);
/*
 * The oldest received character; false when there is none. Damaged ones (break, parity, framing)
 * are skipped. The receive interrupt is a level: it goes away when this was called until it answered
 * false, and not before.
 */
bool uart16550_get(struct uart16550 *u, uint8_t *c);

#endif
