// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bring-up test's driver for igb cards: one ring each way, frames looped back in the MAC.
 * Contract of the ops in bringup.h; registers and chapters in igb-regs.h.
 *
 * MAC loopback (82576 datasheet, 3.5.6 "Loopback Support"): RCTL.LBM with speed, duplex and link
 * forced. What is sent is received by the same function and never gets on the wire, whatever hangs
 * on it. Everything is fetched from and stored at IOVAs.
 */
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/string.h>

#include "bringup.h"
#include "igb-regs.h"

/* Received frames lie in the data of the bed, everything else beside it. */
#define AT_RX_BUFFERS 0u
#define AT_RX_RING    BED_CONTROL(0)
#define AT_TX_RING    BED_CONTROL(1)
#define AT_TX_BUFFERS BED_CONTROL(2)

#define RING_SIZE   8u /* descriptors; rings are multiples of 128 bytes */
#define BUFFER_SIZE (2 * (uint32_t)KIB)
#define FRAMES      (RING_SIZE - 1) /* head == tail is an empty ring */
#define FRAME_SIZE  1514u
#define MAC_LENGTH  6u
/* IEEE 802: local experimental EtherType 1. */
#define ETHERTYPE   0x88b5u
#define HEADER_SIZE (2 * MAC_LENGTH + 2)
#define RESET_MS    100u
#define RESET_WAIT  10u
#define LINK_MS     4000u
#define ENABLE_MS   100u
#define MDIC_MS     20u

_Static_assert(RING_SIZE *BUFFER_SIZE <= BED_GRANULE, "buffers of a ring lie in one granule");

static struct {
	struct bed *b;
	uint8_t mac[MAC_LENGTH];
	uint32_t seed; /* no two transfers carry the same bytes */
} igb;

static uint32_t reg(uint32_t offset)
{
	return mmio_read32(bed_register(igb.b, 0, offset));
}

static void set_reg(uint32_t offset, uint32_t value)
{
	mmio_write32(bed_register(igb.b, 0, offset), value);
}

/* A condition on a register: (value & mask) == value wanted. */
struct awaited {
	uint32_t offset, mask, wanted;
};

static bool reads(void *ctx)
{
	const struct awaited *a = ctx;

	return (reg(a->offset) & a->mask) == a->wanted;
}

static bool await(uint32_t offset, uint32_t mask, uint32_t wanted, unsigned ms)
{
	struct awaited a = { offset, mask, wanted };

	return wait_until(reads, &a, ms);
}

static bool failed(const char *what)
{
	report_row(igb.b->subject, "start", VERDICT_FAILED, "%s (CTRL 0x%x, STATUS 0x%x)", what,
		   reg(IGB_CTRL), reg(IGB_STATUS));
	return false;
}

/* ---- start ---- */

static bool reset(void)
{
	set_reg(IGB_EIMC, EIMC_ALL);
	set_reg(IGB_IMC, UINT32_MAX);
	set_reg(IGB_RCTL, 0);
	set_reg(IGB_TCTL, 0);
	set_reg(IGB_CTRL, reg(IGB_CTRL) | CTRL_RST);
	/* Registers must not be touched at once after it. */
	wait_ms(RESET_WAIT);
	if (!await(IGB_CTRL, CTRL_RST, 0, RESET_MS))
		return false;
	set_reg(IGB_EIMC, EIMC_ALL);
	set_reg(IGB_IMC, UINT32_MAX);
	return true;
}

/* A link that does not come by force comes by asking the PHY, as with a cable. */
static bool link_up(void)
{
	uint32_t ctrl = reg(IGB_CTRL) & ~CTRL_SPEED;

	set_reg(IGB_CTRL, ctrl | CTRL_SLU | CTRL_FD | CTRL_FRCSPD | CTRL_FRCDPLX |
				  (uint32_t)FIELD_PUT(CTRL_SPEED, SPEED_1000));
	if (await(IGB_STATUS, STATUS_LU, STATUS_LU, RESET_MS))
		return true;
	set_reg(IGB_MDIC,
		(uint32_t)(FIELD_PUT(MDIC_PHY, PHY_ADDRESS) |
			   FIELD_PUT(MDIC_REGISTER, PHY_CONTROL) | FIELD_PUT(MDIC_OP, MDIC_WRITE) |
			   PHY_AUTONEG | PHY_AUTONEG_RESTART | PHY_FULL_DUPLEX | PHY_SPEED_1000));
	await(IGB_MDIC, MDIC_READY, MDIC_READY, MDIC_MS);
	return await(IGB_STATUS, STATUS_LU, STATUS_LU, LINK_MS);
}

static void read_mac(void)
{
	uint32_t low = reg(IGB_RAL0), high = reg(IGB_RAH0);

	for (unsigned i = 0; i < 4; i++)
		igb.mac[i] = (uint8_t)(low >> 8 * i);
	igb.mac[4] = (uint8_t)high;
	igb.mac[5] = (uint8_t)(high >> 8);
}

static bool start_receive(void)
{
	const iova_t ring = bed_iova(igb.b, AT_RX_RING);

	set_reg(IGB_RDBAL0, (uint32_t)ring);
	set_reg(IGB_RDBAH0, (uint32_t)(ring >> 32));
	set_reg(IGB_RDLEN0, RING_SIZE * sizeof(struct igb_descriptor));
	set_reg(IGB_SRRCTL0, (uint32_t)(FIELD_PUT(SRRCTL_BSIZE, BUFFER_SIZE / KIB) |
					FIELD_PUT(SRRCTL_TYPE, TYPE_ADVANCED_ONE)));
	set_reg(IGB_RDH0, 0);
	set_reg(IGB_RDT0, 0);
	set_reg(IGB_RXDCTL0, reg(IGB_RXDCTL0) | QUEUE_ENABLE);
	if (!await(IGB_RXDCTL0, QUEUE_ENABLE, QUEUE_ENABLE, ENABLE_MS))
		return false;
	set_reg(IGB_RCTL, RCTL_EN | RCTL_UPE | RCTL_BAM | RCTL_SECRC |
				  (uint32_t)FIELD_PUT(RCTL_LBM, LBM_MAC));
	return true;
}

static bool start_transmit(void)
{
	const iova_t ring = bed_iova(igb.b, AT_TX_RING);

	set_reg(IGB_TDBAL0, (uint32_t)ring);
	set_reg(IGB_TDBAH0, (uint32_t)(ring >> 32));
	set_reg(IGB_TDLEN0, RING_SIZE * sizeof(struct igb_descriptor));
	set_reg(IGB_TDH0, 0);
	set_reg(IGB_TDT0, 0);
	set_reg(IGB_TXDCTL0, reg(IGB_TXDCTL0) | QUEUE_ENABLE);
	if (!await(IGB_TXDCTL0, QUEUE_ENABLE, QUEUE_ENABLE, ENABLE_MS))
		return false;
	set_reg(IGB_TCTL, reg(IGB_TCTL) | TCTL_EN | TCTL_PSP);
	return true;
}

/* Receive by vector 0, transmit by the last there is. */
static void start_messages(void)
{
	const uint32_t vectors = BIT32(igb.b->vector_count) - 1;

	set_reg(IGB_GPIE, GPIE_MSIX | GPIE_PBA);
	set_reg(IGB_IVAR0, (uint32_t)(FIELD_PUT(IVAR_RX0, IVAR_VALID) |
				      FIELD_PUT(IVAR_TX0, IVAR_VALID | (igb.b->vector_count - 1))));
	set_reg(IGB_EIAC, vectors);
	set_reg(IGB_EIMS, vectors);
}

static bool igb_start(struct bed *b)
{
	igb.b = b;
	if (reg(IGB_STATUS) == UINT32_MAX)
		return failed("its registers do not answer");
	if (!reset())
		return failed("its own reset does not end");
	memset(bed_at(b, AT_RX_RING), 0, RING_SIZE * sizeof(struct igb_descriptor));
	memset(bed_at(b, AT_TX_RING), 0, RING_SIZE * sizeof(struct igb_descriptor));
	arch_write_barrier();
	read_mac();
	if (!start_receive() || !start_transmit())
		return failed("a queue does not get enabled");
	start_messages();
	if (!link_up())
		return failed("no link");
	report_row(b->subject, "start", VERDICT_OK,
		   "MAC address %02x:%02x:%02x:%02x:%02x:%02x, MAC loopback", igb.mac[0],
		   igb.mac[1], igb.mac[2], igb.mac[3], igb.mac[4], igb.mac[5]);
	return true;
}

/* ---- frames ---- */

static struct igb_descriptor *descriptor(uint32_t ring, unsigned n)
{
	struct igb_descriptor *table = bed_at(igb.b, ring);

	return &table[n];
}

/* A frame from the card to itself, its payload told by seed and number. */
static void make_frame(uint8_t *at, unsigned number)
{
	uint32_t word = igb.seed * FRAMES + number;

	memcpy(at, igb.mac, MAC_LENGTH);
	memcpy(at + MAC_LENGTH, igb.mac, MAC_LENGTH);
	at[2 * MAC_LENGTH] = (uint8_t)(ETHERTYPE >> 8);
	at[2 * MAC_LENGTH + 1] = (uint8_t)ETHERTYPE;
	for (unsigned i = HEADER_SIZE; i < FRAME_SIZE; i++) {
		word = word * 1664525u + 1013904223u;
		at[i] = (uint8_t)(word >> 24);
	}
}

/*
 * Both rings from the start: the card is idle, and its heads follow the queues being enabled anew.
 */
static bool rewind_rings(void)
{
	set_reg(IGB_RCTL, reg(IGB_RCTL) & ~RCTL_EN);
	set_reg(IGB_RXDCTL0, reg(IGB_RXDCTL0) & ~QUEUE_ENABLE);
	set_reg(IGB_TXDCTL0, reg(IGB_TXDCTL0) & ~QUEUE_ENABLE);
	if (!await(IGB_RXDCTL0, QUEUE_ENABLE, 0, ENABLE_MS) ||
	    !await(IGB_TXDCTL0, QUEUE_ENABLE, 0, ENABLE_MS))
		return false;
	return start_receive() && start_transmit();
}

/* Where frame n is received; a refused place is the same for all. */
static void fill_rings(iova_t receive_at, uint32_t step, unsigned frames)
{
	for (unsigned i = 0; i < frames; i++) {
		const uint32_t at = AT_TX_BUFFERS + i * BUFFER_SIZE;

		*descriptor(AT_RX_RING, i) =
			(struct igb_descriptor){ .buffer = receive_at + i * step };
		make_frame(bed_at(igb.b, at), i);
		*descriptor(AT_TX_RING, i) = (struct igb_descriptor){
			.buffer = bed_iova(igb.b, at),
			.command = TX_ADVANCED | TX_EOP | TX_IFCS | TX_RS |
				   (uint32_t)(FIELD_PUT(TX_TYPE, TX_TYPE_DATA) |
					      FIELD_PUT(TX_LENGTH, FRAME_SIZE)),
			.status = (uint32_t)FIELD_PUT(TX_PAYLOAD, FRAME_SIZE),
		};
	}
}

static bool all_done(void *ctx)
{
	const unsigned last = *(const unsigned *)ctx - 1;
	uint32_t sent = __atomic_load_n(&descriptor(AT_TX_RING, last)->status, __ATOMIC_ACQUIRE);
	uint32_t received =
		__atomic_load_n(&descriptor(AT_RX_RING, last)->command, __ATOMIC_ACQUIRE);

	arch_read_barrier();
	return (sent & TX_DONE) && (received & RX_DONE);
}

/* 0, or -ETIMEDOUT when not all came back. */
static int loop(iova_t receive_at, uint32_t step, unsigned frames)
{
	igb.seed++;
	if (!rewind_rings())
		return -ETIMEDOUT;
	fill_rings(receive_at, step, frames);
	arch_write_barrier();
	set_reg(IGB_RDT0, frames);
	set_reg(IGB_TDT0, frames);
	return wait_until(all_done, &frames, igb.b->answer_ms) ? 0 : -ETIMEDOUT;
}

static bool frame_arrived(unsigned n)
{
	const struct igb_descriptor *d = descriptor(AT_RX_RING, n);
	const uint8_t *sent = bed_at(igb.b, AT_TX_BUFFERS + n * BUFFER_SIZE);
	const uint8_t *got = bed_at(igb.b, AT_RX_BUFFERS + n * BUFFER_SIZE);

	return (d->command & RX_EOP) && FIELD_GET(RX_LENGTH, d->status) == FRAME_SIZE &&
	       !memcmp(sent, got, FRAME_SIZE);
}

static bool igb_loop(struct bed *b, const char *step)
{
	unsigned arrived = 0;
	int err;

	bed_mark_data(b);
	err = loop(bed_iova(b, AT_RX_BUFFERS), BUFFER_SIZE, FRAMES);
	for (unsigned i = 0; i < FRAMES; i++)
		arrived += frame_arrived(i);
	if (!err && arrived == FRAMES)
		report_row(b->subject, step, VERDICT_OK,
			   "%u frames of %u bytes came back as they were sent", FRAMES, FRAME_SIZE);
	else
		report_row(b->subject, step, VERDICT_FAILED,
			   "%u of %u frames came back as they were sent%s", arrived, FRAMES,
			   err ? ", not all within time" : "");
	return !err && arrived == FRAMES;
}

static int igb_write_at(struct bed *b, iova_t iova)
{
	(void)b;
	return loop(iova, 0, 1);
}

/* Vendor and device IDs: 82576, and those that have the same registers as far as used here. */
static bool igb_matches(const struct pci_function *f)
{
	static const uint16_t devices[] = {
		0x10c9, 0x10e6, 0x10e7, 0x10e8, 0x1526, 0x150a, 0x1518, 0x150d, /* 82576 */
		0x1521, 0x1522, 0x1523, 0x1524,                                 /* I350 */
		0x1533, 0x1536, 0x1537, 0x1538,                                 /* I210 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (f->vendor == 0x8086 && f->device == devices[i] && !pci_is_vf(f))
			return true;
	return false;
}

const struct bringup_driver bringup_igb = {
	.name = "igb",
	.vectors = 2,
	.matches = igb_matches,
	.start = igb_start,
	.transfer = igb_loop,
	.transfer_step = "MAC loopback",
	.write_at = igb_write_at,
	.write_size = FRAME_SIZE,
	.write_place = AT_RX_BUFFERS + (FRAMES - 1) * BUFFER_SIZE,
};
