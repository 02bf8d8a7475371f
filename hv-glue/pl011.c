// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PL011 driver: see pl011.h for the contract. Registers: Arm DDI 0183 G, chapter 3 "Programmers
 * Model".
 */
#include <postern/arch.h>
#include <postern/host.h>

#include "pl011.h"

#define DR         0x00u
#define DR_DATA    MASK32(7, 0)
#define DR_FE      BIT32(8)
#define DR_PE      BIT32(9)
#define DR_BE      BIT32(10)
#define DR_DAMAGED (DR_FE | DR_PE | DR_BE)
#define FR         0x18u
#define FR_BUSY    BIT32(3)
#define FR_RXFE    BIT32(4)
#define FR_TXFF    BIT32(5)
#define IBRD       0x24u
#define IBRD_MAX   0xffffu
#define FBRD       0x28u
#define FBRD_BITS  6u
#define FBRD_MASK  MASK32(5, 0)
#define LCR_H      0x2cu
#define LCR_H_FEN  BIT32(4)
#define LCR_H_8BIT FIELD_PUT(MASK32(6, 5), 3)
#define CR         0x30u
#define CR_UARTEN  BIT32(0)
#define CR_TXE     BIT32(8)
#define CR_RXE     BIT32(9)
#define IMSC       0x38u
#define INT_RX     BIT32(4)
#define INT_RT     BIT32(6)
#define ICR        0x44u
#define ICR_ALL    MASK32(10, 0)

#define BAUD           115200u
#define CLOCKS_PER_BIT 16u
#define PUT_BOUND_NS   ((uint64_t)20 * 1000 * 1000)
/* More damaged characters in a row than any FIFO holds: a broken line must not keep the CPU. */
#define DAMAGED_BOUND  64u

static uint32_t read_reg(const struct pl011 *u, unsigned reg)
{
	return mmio_read32(u->base + reg);
}

static void write_reg(const struct pl011 *u, unsigned reg, uint32_t value)
{
	mmio_write32(u->base + reg, value);
}

/* True when the flag is clear within the bound. */
static bool wait_clear(const struct pl011 *u, uint32_t flag)
{
	uint64_t deadline = host_time_ns() + PUT_BOUND_NS;

	while (read_reg(u, FR) & flag) {
		if (host_time_ns() >= deadline)
			return false;
		arch_relax();
	}
	return true;
}

/* Firmware's divisor is kept when the clock is unknown or cannot make the rate. */
static void set_baud(const struct pl011 *u, uint32_t clock_hz)
{
	uint64_t divisor = ((uint64_t)clock_hz << FBRD_BITS) / (CLOCKS_PER_BIT * BAUD);
	uint32_t whole = (uint32_t)(divisor >> FBRD_BITS);

	if (!whole || whole > IBRD_MAX)
		return;
	write_reg(u, IBRD, whole);
	write_reg(u, FBRD, (uint32_t)divisor & FBRD_MASK);
}

void pl011_init(struct pl011 *u, const struct uart_info *info)
{
	u->base = info->base;
	u->stuck = false;
	/*
	 * Disable, let the character on the wire out, flush the FIFOs (FEN clear), program, enable:
	 * 3.3.8.
	 */
	write_reg(u, CR, 0);
	wait_clear(u, FR_BUSY);
	write_reg(u, LCR_H, 0);
	write_reg(u, IMSC, 0);
	write_reg(u, ICR, ICR_ALL);
	set_baud(u, info->clock_hz);
	write_reg(u, LCR_H, (uint32_t)LCR_H_8BIT | LCR_H_FEN);
	write_reg(u, CR, CR_UARTEN | CR_TXE | CR_RXE);
	write_reg(u, IMSC, INT_RX | INT_RT);
}

void pl011_put(struct pl011 *u, uint8_t c)
{
	/* With flow control nobody may ever read; pay for that once, not per character. */
	if (u->stuck ? read_reg(u, FR) & FR_TXFF : !wait_clear(u, FR_TXFF)) {
		u->stuck = true;
		return;
	}
	u->stuck = false;
	write_reg(u, DR, c);
}

bool pl011_get(struct pl011 *u, uint8_t *c)
{
	for (unsigned i = 0; i < DAMAGED_BOUND && !(read_reg(u, FR) & FR_RXFE); i++) {
		uint32_t data = read_reg(u, DR);

		if (!(data & DR_DAMAGED)) {
			*c = (uint8_t)(data & DR_DATA);
			return true;
		}
	}
	return false;
}
