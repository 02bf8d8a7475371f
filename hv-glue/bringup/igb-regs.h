/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the bring-up test uses of Intel's 82576 and its successors. Chapters: Intel 82576EB Gigabit
 * Ethernet Controller Datasheet, chapter 8 "Programming Interface", unless said otherwise.
 */
#ifndef BRINGUP_IGB_REGS_H
#define BRINGUP_IGB_REGS_H

#include <postern/types.h>

/* General registers (8.2). */
#define IGB_CTRL      0x0000u
#define CTRL_FD       BIT32(0)
#define CTRL_SLU      BIT32(6)
#define CTRL_SPEED    MASK32(9, 8)
#define SPEED_1000    2u
#define CTRL_FRCSPD   BIT32(11)
#define CTRL_FRCDPLX  BIT32(12)
#define CTRL_RST      BIT32(26)
#define IGB_STATUS    0x0008u
#define STATUS_LU     BIT32(1)
#define IGB_MDIC      0x0020u
#define MDIC_DATA     MASK32(15, 0)
#define MDIC_REGISTER MASK32(20, 16)
#define MDIC_PHY      MASK32(25, 21)
#define MDIC_OP       MASK32(27, 26)
#define MDIC_WRITE    1u
#define MDIC_READY    BIT32(28)
/* Interrupts (8.8, 7.3). */
#define IGB_GPIE      0x1514u
#define GPIE_MSIX     BIT32(4)  /* one cause per MSI-X entry */
#define GPIE_PBA      BIT32(31) /* pending bits by the MSI-X rules */
#define IGB_EIMS      0x1524u
#define IGB_EIMC      0x1528u
#define IGB_EIAC      0x152cu
#define EIMC_ALL      MASK32(24, 0)
#define IGB_IMC       0x150cu
#define IVAR_VALID    BIT32(7)
#define IGB_IVAR0     0x1700u
#define IVAR_RX0      MASK32(7, 0)
#define IVAR_TX0      MASK32(15, 8)

/* Receive (8.10). */
#define IGB_RCTL          0x0100u
#define RCTL_EN           BIT32(1)
#define RCTL_UPE          BIT32(3)
#define RCTL_LBM          MASK32(7, 6)
#define LBM_MAC           1u
#define RCTL_BAM          BIT32(15)
#define RCTL_SECRC        BIT32(26) /* the CRC is not stored */
#define IGB_RDBAL0        0xc000u
#define IGB_RDBAH0        0xc004u
#define IGB_RDLEN0        0xc008u
#define IGB_SRRCTL0       0xc00cu
#define SRRCTL_BSIZE      MASK32(6, 0) /* KiB of a buffer */
#define SRRCTL_TYPE       MASK32(27, 25)
#define TYPE_ADVANCED_ONE 1u
#define IGB_RDH0          0xc010u
#define IGB_RDT0          0xc018u
#define IGB_RXDCTL0       0xc028u
#define QUEUE_ENABLE      BIT32(25)
#define IGB_RAL0          0x5400u
#define IGB_RAH0          0x5404u

/* Transmit (8.12). */
#define IGB_TCTL    0x0400u
#define TCTL_EN     BIT32(1)
#define TCTL_PSP    BIT32(3)
#define IGB_TDBAL0  0xe000u
#define IGB_TDBAH0  0xe004u
#define IGB_TDLEN0  0xe008u
#define IGB_TDH0    0xe010u
#define IGB_TDT0    0xe018u
#define IGB_TXDCTL0 0xe028u

/* PHY: Control register (IEEE 802.3, 22.2.4.1). */
#define PHY_ADDRESS         1u
#define PHY_CONTROL         0u
#define PHY_AUTONEG         BIT32(12)
#define PHY_AUTONEG_RESTART BIT32(9)
#define PHY_FULL_DUPLEX     BIT32(8)
#define PHY_SPEED_1000      BIT32(6)

/* A descriptor as it is given to the card, and as it comes back (7.1.5, 7.2.2). */
struct igb_descriptor {
	uint64_t buffer;
	uint32_t command; /* transmit: length, type, command; receive: 0 before, status after */
	uint32_t status;  /* transmit: payload length before, status after; receive: length after */
};
_Static_assert(sizeof(struct igb_descriptor) == 16, "descriptors of both rings");

#define TX_LENGTH    MASK32(15, 0)
#define TX_TYPE      MASK32(23, 20)
#define TX_TYPE_DATA 3u
#define TX_EOP       BIT32(24)
#define TX_IFCS      BIT32(25)
#define TX_RS        BIT32(27)
#define TX_ADVANCED  BIT32(29)
#define TX_PAYLOAD   MASK32(31, 14)
#define TX_DONE      BIT32(0)
#define RX_DONE      BIT32(0)
#define RX_EOP       BIT32(1)
#define RX_LENGTH    MASK32(15, 0)

#endif
