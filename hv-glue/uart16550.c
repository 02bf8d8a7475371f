// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * 16550 driver: see uart16550.h for the contract. Registers: PC16550D data sheet, section 8.
 */
#include <postern/arch.h>
#include <postern/host.h>

#include "uart16550.h"

enum { DATA, IER, FCR, LCR, MCR, LSR };
/* While LCR_DIVISOR is set, the first two are the divisor. */
enum { DLL, DLM };

#define IER_RECEIVE    0x01u
#define FCR_ENABLE     0x01u
#define FCR_CLEAR      0x06u
#define LCR_8BIT       0x03u
#define LCR_DIVISOR    0x80u
#define MCR_DTR        0x01u
#define MCR_RTS        0x02u
#define MCR_INTERRUPTS 0x08u /* OUT2: lets the interrupt out of PC-like parts */
#define LSR_READY      0x01u
#define LSR_DAMAGED    0x1cu /* parity, framing, break */
#define LSR_ROOM       0x20u
#define LSR_IDLE       0x40u
#define LSR_NOBODY     0xffu /* what a bus reads where no UART is */

#define BAUD           115200u
#define CLOCKS_PER_BIT 16u
#define DIVISOR_MAX    0xffffu
#define PUT_BOUND_NS   ((uint64_t)20 * 1000 * 1000)
/* More damaged characters in a row than any FIFO holds: a broken line must not keep the CPU. */
#define DAMAGED_BOUND  64u

static uint8_t read_reg(const struct uart16550 *u, unsigned reg)
{
	return mmio_read8(u->base + ((hpa_t)reg << u->shift));
}

static void write_reg(const struct uart16550 *u, unsigned reg, unsigned value)
{
	mmio_write8(u->base + ((hpa_t)reg << u->shift), (uint8_t)value);
}

/* True when the flag is set within the bound. */
static bool wait_set(const struct uart16550 *u, unsigned flag)
{
	uint64_t deadline = host_time_ns() + PUT_BOUND_NS;

	while (!(read_reg(u, LSR) & flag)) {
		if (host_time_ns() >= deadline)
			return false;
		arch_relax();
	}
	return true;
}

/* Firmware's divisor is kept when the clock is unknown or cannot make the rate. */
static void set_baud(const struct uart16550 *u, uint32_t clock_hz)
{
	const uint32_t step = CLOCKS_PER_BIT * BAUD;
	const uint32_t divisor = (clock_hz + step / 2) / step;

	if (!divisor || divisor > DIVISOR_MAX)
		return;
	write_reg(u, LCR, LCR_DIVISOR | LCR_8BIT);
	write_reg(u, DLL, divisor & 0xff);
	write_reg(u, DLM, divisor >> 8);
}

void uart16550_init(struct uart16550 *u, const struct uart_info *info)
{
	u->base = info->base;
	u->shift = info->reg_shift;
	u->stuck = false;
	/* The character on the wire is firmware's: let it out before the rate changes. */
	wait_set(u, LSR_IDLE);
	write_reg(u, IER, 0);
	set_baud(u, info->clock_hz);
	write_reg(u, LCR, LCR_8BIT);
	write_reg(u, FCR, FCR_ENABLE | FCR_CLEAR);
	write_reg(u, MCR, MCR_DTR | MCR_RTS | MCR_INTERRUPTS);
	write_reg(u, IER, IER_RECEIVE);
}

void uart16550_put(struct uart16550 *u, uint8_t c)
{
	/* With flow control nobody may ever read; pay for that once, not per character. */
	if (u->stuck ? !(read_reg(u, LSR) & LSR_ROOM) : !wait_set(u, LSR_ROOM)) {
		u->stuck = true;
		return;
	}
	u->stuck = false;
	write_reg(u, DATA, c);
}

bool uart16550_get(struct uart16550 *u, uint8_t *c)
{
	for (unsigned i = 0; i < DAMAGED_BOUND; i++) {
		const uint8_t status = read_reg(u, LSR);
		uint8_t data;

		if (!(status & LSR_READY) || status == LSR_NOBODY)
			return false;
		data = read_reg(u, DATA);
		if (!(status & LSR_DAMAGED)) {
			*c = data;
			return true;
		}
	}
	return false;
}
