// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The UART a nonroot zone sees: an Arm SBSA generic UART (Arm DEN 0029, appendix "Generic UART";
 * the subset of the PL011, Arm DDI 0183, that needs no set-up), with the PL011's identification
 * registers.
 *
 * Transmit: a character is taken over at once, so the transmit FIFO is always empty. TXRIS rises
 * when a write has drained and when the guest unmasks it, and stays until it is cleared: right for
 * drivers that count on either.
 *
 * Receive: the guest sees a FIFO of 32. Behind it stand 4 KiB more that refill it as it is read, so
 * that a pasted script survives. RXRIS and RTRIS follow the FIFO's level (the receive timeout is
 * taken as elapsed), so that neither can be lost by clearing it. What finds no room sets the
 * overrun flag, as on the wire.
 *
 * Locking: u->lock covers the state and is held while the zone's controller is told about the line
 * (order: vuart -> vgic), so that two CPUs cannot leave the line at the older of two levels. The
 * console is called without it.
 */
#include <postern/string.h>

#include "console.h"
#include "vuart.h"

#define UART_SIZE PAGE_SIZE

#define DR       0x000u
#define DR_OE    BIT32(11)
#define RSR      0x004u /* written: ECR */
#define RSR_OE   BIT32(3)
#define FR       0x018u
#define FR_RXFE  BIT32(4)
#define FR_RXFF  BIT32(6)
#define FR_TXFE  BIT32(7)
#define IMSC     0x038u
#define RIS      0x03cu
#define MIS      0x040u
#define ICR      0x044u
#define INT_RX   BIT32(4)
#define INT_TX   BIT32(5)
#define INT_RT   BIT32(6)
#define INT_OE   BIT32(10)
#define INT_ALL  MASK32(10, 0)
#define ID_FIRST 0xfe0u
#define ID_LAST  0xffcu

#define FIFO_SIZE    32u
#define FIFO_TRIGGER (FIFO_SIZE / 2)
/* The FIFO the guest sees is the oldest 32 of these. */
#define QUEUE_SIZE   4096u

_Static_assert((QUEUE_SIZE & (QUEUE_SIZE - 1)) == 0, "a power of two, so that positions may wrap");

/*
 * PeriphID0..3 (part 0x011, designer Arm, revision r1p5) and PCellID0..3: DDI 0183, 3.3.19 and
 * 3.3.20.
 */
static const uint8_t id_registers[] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

struct vuart {
	struct zone *zone;
	uint32_t line;
	struct lock lock;
	bool level; /* of the line, as told to the controller */
	uint32_t imsc;
	uint32_t latched; /* TX and OE: set by events, cleared by ICR */
	bool overrun;     /* RSR.OE */
	bool mark;        /* the next character to be put in comes after an overrun */
	uint32_t head, tail;
	uint8_t queue[QUEUE_SIZE];
	uint8_t marked[QUEUE_SIZE / 8]; /* DR.OE of each character */
};

#define VUART_PAGES ((sizeof(struct vuart) + PAGE_SIZE - 1) / PAGE_SIZE)

/* ---- state; u->lock held --------------------------------------------------------------------- */

static uint32_t queued(const struct vuart *u)
{
	return u->head - u->tail;
}

static uint32_t raw_status(const struct vuart *u)
{
	uint32_t ris = u->latched;

	if (queued(u) > 0)
		ris |= INT_RT;
	if (queued(u) >= FIFO_TRIGGER)
		ris |= INT_RX;
	return ris;
}

static void update_line(struct vuart *u)
{
	bool level = raw_status(u) & u->imsc;
	const struct zone *z = u->zone;

	if (level == u->level)
		return;
	u->level = level;
	if (z->virq)
		z->virq->set_line(z->virq_ctx, u->line, level);
}

static uint32_t flags(const struct vuart *u)
{
	uint32_t fr = FR_TXFE;

	if (!queued(u))
		fr |= FR_RXFE;
	if (queued(u) >= FIFO_SIZE)
		fr |= FR_RXFF;
	return fr;
}

static void push(struct vuart *u, uint8_t c)
{
	uint32_t at = u->head++ % QUEUE_SIZE;

	u->queue[at] = c;
	if (u->mark)
		u->marked[at / 8] |= (uint8_t)(1u << at % 8);
	else
		u->marked[at / 8] &= (uint8_t)~(1u << at % 8);
	u->mark = false;
}

/* An empty FIFO reads 0. */
static uint32_t pop(struct vuart *u)
{
	uint32_t at, data;

	if (!queued(u))
		return 0;
	at = u->tail++ % QUEUE_SIZE;
	data = u->queue[at];
	if (u->marked[at / 8] & 1u << at % 8)
		data |= DR_OE;
	return data;
}

static uint32_t read_reg(struct vuart *u, unsigned reg)
{
	switch (reg) {
	case DR:
		return pop(u);
	case RSR:
		return u->overrun ? RSR_OE : 0;
	case FR:
		return flags(u);
	case IMSC:
		return u->imsc;
	case RIS:
		return raw_status(u);
	case MIS:
		return raw_status(u) & u->imsc;
	default:
		if (reg >= ID_FIRST && reg <= ID_LAST)
			return id_registers[(reg - ID_FIRST) / 4];
		return 0;
	}
}

static void write_reg(struct vuart *u, unsigned reg, uint32_t value)
{
	switch (reg) {
	case DR:
		u->latched |= INT_TX;
		break;
	case RSR:
		u->overrun = false;
		break;
	case IMSC:
		if (value & ~u->imsc & INT_TX)
			u->latched |= INT_TX;
		u->imsc = value & INT_ALL;
		break;
	case ICR:
		u->latched &= ~value;
		break;
	default:
		/* Reserved, read-only, or a PL011 register the subset lacks: ignored. */
		break;
	}
}

/* ---- interface ------------------------------------------------------------------------------- */

struct vuart *vuart_create(struct zone *z, uint32_t line)
{
	struct vuart *u;

	if (console_zone_open(z))
		return NULL;
	u = host_pages_alloc(VUART_PAGES, PAGE_SIZE);
	if (!u)
		return NULL;
	u->zone = z;
	u->line = line;
	return u;
}

void vuart_destroy(struct vuart *u)
{
	host_pages_free(u, VUART_PAGES);
}

void vuart_reset(struct vuart *u)
{
	host_lock(&u->lock);
	u->imsc = 0;
	u->latched = 0;
	u->overrun = false;
	u->mark = false;
	u->head = u->tail = 0;
	update_line(u);
	host_unlock(&u->lock);
}

enum access_result vuart_mmio(struct vuart *u, unsigned offset, unsigned size, bool write,
			      uint64_t *value)
{
	uint32_t mask;

	if ((size != 1 && size != 2 && size != 4) || offset >= UART_SIZE)
		return ACCESS_NONE;
	/*
	 * Registers are 4 bytes apart and accessed at their own address; between them there is
	 * nothing.
	 */
	mask = (uint32_t)MASK64(8 * size - 1, 0);
	if (offset % 4) {
		if (!write)
			*value = 0;
		return ACCESS_DONE;
	}
	host_lock(&u->lock);
	if (write)
		write_reg(u, offset, (uint32_t)*value & mask);
	else
		*value = read_reg(u, offset) & mask;
	update_line(u);
	host_unlock(&u->lock);
	if (write && offset == DR)
		console_zone_output(u->zone, (uint8_t)*value);
	return ACCESS_DONE;
}

size_t vuart_input(struct vuart *u, const uint8_t *data, size_t count)
{
	size_t taken = 0;

	if (__atomic_load_n(&u->zone->state, __ATOMIC_RELAXED) != ZONE_RUNNING)
		return 0;
	host_lock(&u->lock);
	while (taken < count && queued(u) < QUEUE_SIZE)
		push(u, data[taken++]);
	if (taken < count) {
		u->overrun = true;
		u->mark = true;
		u->latched |= INT_OE;
	}
	update_line(u);
	host_unlock(&u->lock);
	return taken;
}
