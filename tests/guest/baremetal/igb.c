// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The igb card (82576) without an operating system: one transmit queue, one frame before its FLR
 * and one after; both are in the capture of the wire. Intel 82576 datasheet 2.63: registers 8,
 * advanced transmit descriptors 7.2.2.
 */
#include "baremetal.h"

#define CLASS_ETHERNET 0x0200u

#define REG_CTRL    0x0000u
#define REG_TCTL    0x0400u
#define REG_GPIE    0x1514u
#define REG_EICS    0x1520u
#define REG_EIMS    0x1524u
#define REG_RAL0    0x5400u
#define REG_RAH0    0x5404u
#define REG_TDBAL0  0xe000u
#define REG_TDBAH0  0xe004u
#define REG_TDLEN0  0xe008u
#define REG_TDH0    0xe010u
#define REG_TDT0    0xe018u
#define REG_TXDCTL0 0xe028u

#define CTRL_SLU        (1u << 6)
#define TCTL_EN         (1u << 1)
#define TXDCTL_ENABLE   (1u << 25)
#define GPIE_MSIX       (1u << 4)
#define DESCRIPTOR_DATA (3u << 20)
#define DESCRIPTOR_EOP  (1u << 24)
#define DESCRIPTOR_IFCS (1u << 25)
#define DESCRIPTOR_RS   (1u << 27)
#define DESCRIPTOR_DEXT (1u << 29)
#define DESCRIPTOR_DONE 1u
#define PAYLOAD_SHIFT   14u

#define PAGE        4096u
#define DESCRIPTORS 8u
#define FRAME       64u
#define TIMEOUT_MS  5000u
/* IEEE 802, local experimental EtherType 1. */
#define ETHERTYPE   0x88b5u

struct descriptor {
	uint64_t buffer;
	uint32_t command, status;
};
_Static_assert(sizeof(struct descriptor) == 16, "82576 transmit descriptor");

static _Alignas(PAGE) volatile struct descriptor ring[DESCRIPTORS];
static _Alignas(PAGE) volatile uint8_t frame[FRAME];
static struct function card;
static uint32_t address_low, address_high;

static uint32_t reg_read(unsigned reg)
{
	return read32(card.bar[0] + reg);
}

static void reg_write(unsigned reg, uint32_t value)
{
	write32(card.bar[0] + reg, value);
}

static void bring_up(void)
{
	for (unsigned i = 0; i < DESCRIPTORS; i++)
		ring[i] = (struct descriptor){ 0 };
	reg_write(REG_CTRL, reg_read(REG_CTRL) | CTRL_SLU);
	reg_write(REG_TDBAL0, (uint32_t)(uintptr_t)ring);
	reg_write(REG_TDBAH0, 0);
	reg_write(REG_TDLEN0, sizeof(ring));
	reg_write(REG_TDH0, 0);
	reg_write(REG_TDT0, 0);
	reg_write(REG_TXDCTL0, TXDCTL_ENABLE);
	reg_write(REG_TCTL, TCTL_EN);
}

/* A broadcast frame of the experimental type whose payload is `text`, NUL-padded. */
static void send(const char *name, const char *text)
{
	const uint64_t end = now_ms() + TIMEOUT_MS;
	bool done = false;
	size_t at = 0;

	for (; at < 6; at++)
		frame[at] = 0xff;
	for (; at < 10; at++)
		frame[at] = (uint8_t)(address_low >> 8 * (at - 6));
	for (; at < 12; at++)
		frame[at] = (uint8_t)(address_high >> 8 * (at - 10));
	frame[at++] = ETHERTYPE >> 8;
	frame[at++] = ETHERTYPE & 0xff;
	for (; at < FRAME; at++)
		frame[at] = (uint8_t)(*text ? *text++ : 0);
	ring[0] = (struct descriptor){ .buffer = (uintptr_t)frame,
				       .command = FRAME | DESCRIPTOR_DATA | DESCRIPTOR_EOP |
						  DESCRIPTOR_IFCS | DESCRIPTOR_RS | DESCRIPTOR_DEXT,
				       .status = FRAME << PAYLOAD_SHIFT };
	reg_write(REG_TDT0, 1);
	while (!done && now_ms() < end) {
		done = ring[0].status & DESCRIPTOR_DONE;
		after_dma();
	}
	check_equal(card.name, name, done, true);
}

/* Vector 0 fires masked: it pends, and is sent when unmasked. */
static void check_interrupt(void)
{
	reg_write(REG_GPIE, GPIE_MSIX);
	reg_write(REG_EIMS, 1);
	reg_write(REG_EICS, 1);
	wait_ms(10);
	check_equal(card.name, "its masked interrupt is pending", msix_is_pending(&card), 1);
	msix_mask(&card, false);
	check_equal(card.name, "unmasked it is no longer pending", msix_is_pending(&card), 0);
}

void test_igb(void)
{
	if (!pci_find_class(&card, "igb", CLASS_ETHERNET << 8, 0xffff00)) {
		check_equal("igb", "is there", 0, 1);
		return;
	}
	pci_enable(&card);
	address_low = reg_read(REG_RAL0);
	address_high = reg_read(REG_RAH0);
	bring_up();
	msix_set_up(&card, true);
	send("sends before the reset", "before the reset");
	check_interrupt();
	/* A register that only a reset loads anew, from the card's own memory. */
	reg_write(REG_RAL0, ~address_low);
	check_equal(card.name, "its address is overwritten", reg_read(REG_RAL0), ~address_low);
	say("igb: FLR\n");
	if (!flr(&card))
		return;
	check_equal(card.name, "its own address is back", reg_read(REG_RAL0), address_low);
	check_equal(card.name, "transmission is off", reg_read(REG_TCTL) & TCTL_EN, 0);
	pci_enable(&card);
	bring_up();
	msix_set_up(&card, true);
	send("sends after the reset", "after the reset");
	check_interrupt();
}
