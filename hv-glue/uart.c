// SPDX-License-Identifier: GPL-2.0-or-later
/* The hypervisor's own UART: see uart.h. */
#include "uart.h"

void uart_init(struct uart *u, const struct uart_info *info)
{
	u->kind = info->kind;
	switch (u->kind) {
	case UART_PL011:
		pl011_init(&u->pl011, info);
		break;
	case UART_16550:
		uart16550_init(&u->ns16550, info);
		break;
	}
}

void uart_put(struct uart *u, uint8_t c)
{
	switch (u->kind) {
	case UART_PL011:
		pl011_put(&u->pl011, c);
		break;
	case UART_16550:
		uart16550_put(&u->ns16550, c);
		break;
	}
}

bool uart_get(struct uart *u, uint8_t *c)
{
	switch (u->kind) {
	case UART_PL011:
		return pl011_get(&u->pl011, c);
	case UART_16550:
		return uart16550_get(&u->ns16550, c);
	}
	return false;
}
