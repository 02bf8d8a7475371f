/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's own UART, of whichever kind the platform names. hv-glue/uart.c. */
#ifndef HV_GLUE_UART_H
#define HV_GLUE_UART_H

#include <postern/platform.h>

#include "pl011.h"
#include "uart16550.h"

struct uart {
	enum uart_kind kind;
	struct pl011 pl011;
	struct uart16550 ns16550;
};

/* As the drivers' functions of the same names. */
void uart_init(struct uart *u, const struct uart_info *info);
void uart_put(struct uart *u, uint8_t c);
bool uart_get(struct uart *u, uint8_t *c);

#endif
