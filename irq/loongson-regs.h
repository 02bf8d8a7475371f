/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Register layouts of the Loongson interrupt controllers, shared by the physical drivers and the
 * virtual controllers; the tests' hardware model writes these numbers down again. Sources, semantics
 * and what is not known: docs/hardware/loongson-interrupts.md.
 *
 * IOCSR_* are offsets in IOCSR space (irq/iocsr.h), where a register of a core is that of the core
 * that asks. The same block is memory-mapped at node base + 0x1fe0_0000, with the core spelt out in
 * the address.
 */
#ifndef IRQ_LOONGSON_REGS_H
#define IRQ_LOONGSON_REGS_H

#include <postern/types.h>

/* Identification and global switches. */
#define IOCSR_VERSION    0x0000u
#define IOCSR_FEATURES   0x0008u
#define IOCSR_VENDOR     0x0010u /* 8 characters */
#define IOCSR_CPU_NAME   0x0020u /* 8 characters */
#define IOCSR_NODE_COUNT 0x0408u
#define IOCSR_MISC_FUNC  0x0420u /* 64 bits */

#define FEATURE_TEMPERATURE   BIT32(0)
#define FEATURE_NODE_COUNT    BIT32(1)
#define FEATURE_MSI           BIT32(2)
#define FEATURE_EIOINTC       BIT32(3)
#define FEATURE_IPI           BIT32(4)
#define FEATURE_CPU_FREQUENCY BIT32(5)
#define FEATURE_FREQ_SCALE    BIT32(6)
#define FEATURE_DVFS          BIT32(7)
#define FEATURE_THERMAL       BIT32(8)
#define FEATURE_EIO_DECODE    BIT32(9)
#define FEATURE_FLAT_MODE     BIT32(10)
#define FEATURE_VM            BIT32(11)
#define FEATURE_AVEC          BIT32(15)
#define FEATURE_REDIRECT      BIT32(16)

#define MISC_EIOINTC_ENABLE BIT64(48)
#define MISC_INT_ENCODE     BIT64(49) /* IP map holds numbers instead of one bit a line */
#define MISC_AVEC_ENABLE    BIT64(51)

/* Inter-processor interrupts and mailboxes, of each core. */
#define IOCSR_IPI_STATUS   0x1000u
#define IOCSR_IPI_ENABLE   0x1004u
#define IOCSR_IPI_SET      0x1008u
#define IOCSR_IPI_CLEAR    0x100cu
#define IOCSR_MAILBOX      0x1020u /* 4 of 64 bits */
#define IOCSR_IPI_BANK_END 0x1040u
#define MAILBOX_COUNT      4u

/* How a core writes into another one's. */
#define IOCSR_IPI_SEND  0x1040u /* 32 bits */
#define IOCSR_MAIL_SEND 0x1048u /* 64 bits */
#define IOCSR_EIO_SEND  0x1140u /* 32 bits: raises the vector written */
#define IOCSR_ANY_SEND  0x1158u /* 64 bits */

#define SEND_BLOCKING   BIT64(31)      /* the write is done when the instruction is */
#define SEND_KEEP       MASK64(30, 27) /* bit i: byte i of the target keeps its value */
#define SEND_CORE       MASK64(25, 16)
#define SEND_DATA       MASK64(63, 32)
#define IPI_SEND_NUMBER MASK64(4, 0)
#define MAIL_SEND_HALF  MASK64(4, 2) /* 2n: low half of mailbox n, 2n + 1: high half */
#define ANY_SEND_OFFSET MASK64(15, 0)

/* LIOINTC: 32 sources, level, four cores. */
#define IOCSR_LIOINTC      0x1400u
#define LIOINTC_ROUTE      0x00u /* a byte a source */
#define LIOINTC_ISR        0x20u
#define LIOINTC_ENABLED    0x24u /* read-only */
#define LIOINTC_SET        0x28u
#define LIOINTC_CLEAR      0x2cu
#define LIOINTC_POLARITY   0x30u
#define LIOINTC_EDGE       0x34u
#define LIOINTC_CORE_ISR   0x40u /* of the core that asks; + 8 * core, when the address says so */
#define LIOINTC_SIZE       0x60u
#define LIOINTC_SOURCES    32u
#define LIOINTC_ROUTE_CORE MASK32(3, 0) /* one bit */
#define LIOINTC_ROUTE_PIN  MASK32(7, 4) /* one bit: HWI0..3 */

/* EIOINTC: 256 vectors, edge. One register file for every four cores ("EIO node"). */
#define IOCSR_EIO_NODE_MAP 0x14a0u /* 16 of 16 bits */
#define IOCSR_EIO_IP_MAP   0x14c0u /* a byte for 32 vectors */
#define IOCSR_EIO_ENABLE   0x1600u
#define IOCSR_EIO_BOUNCE   0x1680u
#define IOCSR_EIO_ISR      0x1700u
#define IOCSR_EIO_CORE_ISR 0x1800u /* of each core, write 1 to clear */
#define IOCSR_EIO_ROUTE    0x1c00u /* a byte a vector */
#define EIO_VECTORS        256u
#define EIO_BITMAP_SIZE    (EIO_VECTORS / 8)
#define EIO_NODES          16u /* what a route byte can name */
#define EIO_CORES_PER_NODE 4u
#define EIO_ROUTE_CORE     MASK32(3, 0) /* one bit: core inside its node */
#define EIO_ROUTE_NODE     MASK32(7, 4) /* index into the node map */

_Static_assert(IOCSR_EIO_NODE_MAP == IOCSR_LIOINTC + 0xa0 &&
		       IOCSR_EIO_IP_MAP == IOCSR_LIOINTC + 0xc0,
	       "LIOINTC and EIOINTC share a block");
_Static_assert(IOCSR_EIO_ROUTE == IOCSR_EIO_CORE_ISR + 4 * 0x100,
	       "banks of four cores before routes");

/* PCH-PIC: memory-mapped, up to 64 inputs; registers of 64 bits unless said otherwise. */
#define PCH_PIC_SIZE       0x400u
#define PCH_PIC_INPUTS_MAX 64u
#define PCH_PIC_ID         0x000u /* 32 bits */
#define PCH_PIC_VERSION    0x004u /* 32 bits */
#define PCH_PIC_MASK       0x020u
#define PCH_PIC_HTMSI      0x040u
#define PCH_PIC_EDGE       0x060u
#define PCH_PIC_CLEAR      0x080u
#define PCH_PIC_AUTO0      0x0c0u
#define PCH_PIC_AUTO1      0x0e0u
#define PCH_PIC_ROUTE      0x100u /* a byte an input */
#define PCH_PIC_VECTOR     0x200u /* a byte an input: EIOINTC vector */
#define PCH_PIC_IRR        0x380u
#define PCH_PIC_ISR        0x3a0u
#define PCH_PIC_POLARITY   0x3e0u /* 1: active low, falling */

#define PCH_PIC_ID_TYPE        MASK32(31, 24)
#define PCH_PIC_ID_VALUE       7u
#define PCH_PIC_VERSION_NUMBER MASK32(7, 0)
#define PCH_PIC_VERSION_INPUTS MASK32(23, 16) /* less one */
#define PCH_PIC_ROUTE_HT       1u

/* Where ACPI puts them among global interrupt numbers. */
#define GSI_LIOINTC 16u

#endif
