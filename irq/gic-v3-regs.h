/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Register layouts of the GICv3 distributor, redistributor, ITS, list registers and ITS commands.
 * Arm IHI 0069H: 12.8 (GICD), 12.10 and 12.11 (GICR), 12.18 (GITS), 12.2 and 12.4 (ICC, ICH), 5.3
 * (ITS commands). Shared by the physical driver and the virtual model; the tests' hardware models
 * write these numbers down again.
 */
#ifndef IRQ_GIC_V3_REGS_H
#define IRQ_GIC_V3_REGS_H

#include <postern/types.h>

#define GIC_FRAME_SIZE (64 * KIB)

/* Fields that registers pointing to memory have in common; shifts differ, values do not. */
#define GIC_SHARE_INNER    1u
#define GIC_CACHE_NC       1u /* normal, non-cacheable */
#define GIC_CACHE_RA_WA_WB 7u /* read- and write-allocate, write-back */

/* ---- distributor ----------------------------------------------------------------------------- */

#define GICD_CTLR       0x0000u
#define GICD_TYPER      0x0004u
#define GICD_IIDR       0x0008u
#define GICD_IGROUPR    0x0080u /* 1 bit an interrupt */
#define GICD_ISENABLER  0x0100u
#define GICD_ICENABLER  0x0180u
#define GICD_ISPENDR    0x0200u
#define GICD_ICPENDR    0x0280u
#define GICD_ISACTIVER  0x0300u
#define GICD_ICACTIVER  0x0380u
#define GICD_IPRIORITYR 0x0400u /* 8 bits */
#define GICD_ICFGR      0x0c00u /* 2 bits */
#define GICD_IGRPMODR   0x0d00u
#define GICD_IROUTER    0x6000u /* 64 bits, from INTID 32 on */
#define GICD_PIDR2      0xffe8u

/*
 * The same places mean the same with one security state (DS = 1) and for a Non-secure access with
 * two (DS = 0).
 */
#define GICD_CTLR_GRP0 BIT32(0)
#define GICD_CTLR_GRP1 BIT32(1) /* EnableGrp1 with DS = 1, EnableGrp1A with DS = 0 */
#define GICD_CTLR_ARE  BIT32(4) /* ARE with DS = 1, ARE_NS with DS = 0 */
#define GICD_CTLR_DS   BIT32(6)
#define GICD_CTLR_RWP  BIT32(31)

#define GICD_TYPER_LINES    MASK32(4, 0) /* 32 * (n + 1) INTIDs below the LPIs */
#define GICD_TYPER_LPIS     BIT32(17)
#define GICD_TYPER_NUM_LPIS MASK32(15, 11) /* 2^(n + 1) LPIs when not 0 */
#define GICD_TYPER_IDBITS   MASK32(23, 19) /* n + 1 bits of INTID */
#define GICD_TYPER_NO1N     BIT32(25)

#define GIC_PIDR2_ARCH_REV MASK32(7, 4)

#define GICD_IROUTER_AFFINITY (MASK64(39, 32) | MASK64(23, 0))
#define GIC_ICFGR_EDGE        2u /* in an interrupt's 2 bits */

/*
 * What the virtual frames say they are: implementer Arm (JEP106 0x43b), a product number of our own
 * ('P'), so that no kernel takes them for hardware with errata. Identification registers
 * 0xffd0..0xffff, a byte each.
 */
#define GIC_VIRTUAL_IIDR  0x5000043bu
#define GIC_ID_REGS       0xffd0u
#define GIC_VIRTUAL_PIDR4 0x44u /* 64 KiB frame */
#define GIC_VIRTUAL_PIDR0 0x92u
#define GIC_VIRTUAL_PIDR1 0xb4u
#define GIC_VIRTUAL_PIDR2 0x3bu /* architecture revision 3 */

/* ---- redistributor: RD frame, then SGI frame ------------------------------------------------- */

#define GICR_CTLR      0x0000u
#define GICR_IIDR      0x0004u
#define GICR_TYPER     0x0008u /* 64 bits */
#define GICR_WAKER     0x0014u
#define GICR_PROPBASER 0x0070u /* 64 bits */
#define GICR_PENDBASER 0x0078u /* 64 bits */
#define GICR_PIDR2     0xffe8u
/* GICD_I* offsets of INTID 0..31, counted from here: */
#define GICR_SGI_FRAME 0x10000u

#define GICR_CTLR_ENABLE_LPIS BIT32(0)
#define GICR_CTLR_CES         BIT32(1) /* EnableLPIs can be cleared */
#define GICR_CTLR_RWP         BIT32(3)

#define GICR_TYPER_PLPIS     BIT64(0)
#define GICR_TYPER_VLPIS     BIT64(1)
#define GICR_TYPER_LAST      BIT64(4)
#define GICR_TYPER_PROCESSOR MASK64(23, 8)
#define GICR_TYPER_AFFINITY  MASK64(63, 32) /* Aff3.Aff2.Aff1.Aff0, a byte each */

#define GICR_WAKER_SLEEP           BIT32(1)
#define GICR_WAKER_CHILDREN_ASLEEP BIT32(2)

#define GICR_PROPBASER_IDBITS  MASK64(4, 0) /* n + 1 bits of INTID */
#define GICR_PROPBASER_INNER   MASK64(9, 7)
#define GICR_PROPBASER_SHARE   MASK64(11, 10)
#define GICR_PROPBASER_ADDRESS MASK64(51, 12)
#define GICR_PROPBASER_OUTER   MASK64(58, 56)

#define GICR_PENDBASER_INNER   MASK64(9, 7)
#define GICR_PENDBASER_SHARE   MASK64(11, 10)
#define GICR_PENDBASER_ADDRESS MASK64(51, 16)
#define GICR_PENDBASER_OUTER   MASK64(58, 56)
#define GICR_PENDBASER_PTZ     BIT64(62) /* the table is zero */

/* A byte of the LPI configuration table. Bit 1 is RES1. */
#define GIC_LPI_ENABLE   0x01u
#define GIC_LPI_RES1     0x02u
#define GIC_LPI_PRIORITY 0xfcu

/* ---- ITS: control frame, then the frame with GITS_TRANSLATER --------------------------------- */

#define GITS_CTLR        0x0000u
#define GITS_IIDR        0x0004u
#define GITS_TYPER       0x0008u /* 64 bits, like the next ones */
#define GITS_CBASER      0x0080u
#define GITS_CWRITER     0x0088u
#define GITS_CREADR      0x0090u
#define GITS_BASER       0x0100u /* 8 of them */
#define GITS_BASER_COUNT 8u
#define GITS_PIDR2       0xffe8u
#define GITS_TRANSLATER  0x10040u

#define GITS_CTLR_ENABLED   BIT32(0)
#define GITS_CTLR_QUIESCENT BIT32(31)

#define GITS_TYPER_PHYSICAL    BIT64(0)
#define GITS_TYPER_ITT_ENTRY   MASK64(7, 4)   /* bytes - 1 */
#define GITS_TYPER_EVENT_BITS  MASK64(12, 8)  /* - 1 */
#define GITS_TYPER_DEVICE_BITS MASK64(17, 13) /* - 1 */
#define GITS_TYPER_PTA         BIT64(19)
#define GITS_TYPER_HCC         MASK64(31, 24) /* collections held without memory */
#define GITS_TYPER_CID_BITS    MASK64(35, 32) /* - 1, when CIL */
#define GITS_TYPER_CIL         BIT64(36)

#define GITS_CBASER_VALID   BIT64(63)
#define GITS_CBASER_INNER   MASK64(61, 59)
#define GITS_CBASER_OUTER   MASK64(55, 53)
#define GITS_CBASER_ADDRESS MASK64(51, 12)
#define GITS_CBASER_SHARE   MASK64(11, 10)
#define GITS_CBASER_PAGES   MASK64(7, 0) /* 4 KiB pages - 1 */

#define GITS_QUEUE_OFFSET   MASK64(19, 5) /* in CWRITER and CREADR */
#define GITS_CWRITER_RETRY  BIT64(0)
#define GITS_CREADR_STALLED BIT64(0)

#define GITS_BASER_VALID           BIT64(63)
#define GITS_BASER_INDIRECT        BIT64(62)
#define GITS_BASER_INNER           MASK64(61, 59)
#define GITS_BASER_TYPE            MASK64(58, 56)
#define GITS_BASER_OUTER           MASK64(55, 53)
#define GITS_BASER_ENTRY           MASK64(52, 48) /* bytes - 1 */
#define GITS_BASER_ADDRESS         MASK64(47, 12)
#define GITS_BASER_SHARE           MASK64(11, 10)
#define GITS_BASER_PAGE            MASK64(9, 8) /* 0: 4 KiB, 1: 16 KiB, 2: 64 KiB */
#define GITS_BASER_PAGES           MASK64(7, 0) /* - 1 */
#define GITS_BASER_TYPE_NONE       0u
#define GITS_BASER_TYPE_DEVICE     1u
#define GITS_BASER_TYPE_COLLECTION 4u

/* ---- ITS commands: four 64-bit little-endian words ------------------------------------------- */

#define ITS_COMMAND_SIZE 32u
struct its_command {
	uint64_t word[4];
};
_Static_assert(sizeof(struct its_command) == ITS_COMMAND_SIZE, "an ITS command is 32 bytes");

enum its_opcode {
	ITS_MOVI = 0x01,
	ITS_INT = 0x03,
	ITS_CLEAR = 0x04,
	ITS_SYNC = 0x05,
	ITS_MAPD = 0x08,
	ITS_MAPC = 0x09,
	ITS_MAPTI = 0x0a,
	ITS_MAPI = 0x0b,
	ITS_INV = 0x0c,
	ITS_INVALL = 0x0d,
	ITS_MOVALL = 0x0e,
	ITS_DISCARD = 0x0f,
};

#define ITS_CMD0_OPCODE     MASK64(7, 0)
#define ITS_CMD0_DEVICE     MASK64(63, 32)
#define ITS_CMD1_EVENT      MASK64(31, 0)
#define ITS_CMD1_INTID      MASK64(63, 32)
#define ITS_CMD1_SIZE       MASK64(4, 0) /* MAPD: EventID bits - 1 */
#define ITS_CMD2_COLLECTION MASK64(15, 0)
#define ITS_CMD2_RDBASE     MASK64(51, 16) /* processor number, or address bits [51:16] in place */
#define ITS_CMD3_RDBASE     MASK64(51, 16) /* MOVALL: the second one */
#define ITS_CMD2_ITT        MASK64(51, 8)  /* address bits in place */
#define ITS_CMD2_VALID      BIT64(63)

/* ---- CPU interface --------------------------------------------------------------------------- */

#define ICC_SRE_SRE    BIT64(0)
#define ICC_SRE_DFB    BIT64(1)
#define ICC_SRE_DIB    BIT64(2)
#define ICC_SRE_ENABLE BIT64(3) /* lower levels may use their ICC_SRE */

#define ICC_CTLR_EOIMODE  BIT64(1)
#define ICC_IAR_INTID     MASK64(23, 0)
#define GIC_INTID_SPECIAL 1020u /* 1020..1023 are no interrupts */

#define ICC_SGIR_TARGETS MASK64(15, 0)
#define ICC_SGIR_AFF1    MASK64(23, 16)
#define ICC_SGIR_INTID   MASK64(27, 24)
#define ICC_SGIR_AFF2    MASK64(39, 32)
#define ICC_SGIR_IRM     BIT64(40)      /* all but the sender */
#define ICC_SGIR_RS      MASK64(47, 44) /* targets are Aff0 16 * RS .. + 15 */
#define ICC_SGIR_AFF3    MASK64(55, 48)

#define ICH_HCR_EN       BIT64(0)
#define ICH_HCR_LRENPIE  BIT64(2) /* maintenance when EOIcount is not 0 */
#define ICH_HCR_NPIE     BIT64(3) /* maintenance when no list register is pending */
#define ICH_HCR_EOICOUNT MASK64(31, 27)

#define ICH_VTR_LIST_REGS MASK64(4, 0)   /* - 1 */
#define ICH_VTR_PRE_BITS  MASK64(28, 26) /* preemption bits - 1 */

#define ICH_VMCR_FIQ_EN BIT64(3) /* RES1 with the system register interface */
#define ICH_VMCR_BPR1   MASK64(20, 18)
#define ICH_VMCR_BPR0   MASK64(23, 21)

#define ICH_LR_VINTID   MASK64(31, 0)
#define ICH_LR_EOI      BIT64(41)      /* HW = 0: maintenance on deactivation */
#define ICH_LR_PINTID   MASK64(44, 32) /* HW = 1 */
#define ICH_LR_PRIORITY MASK64(55, 48)
#define ICH_LR_GROUP1   BIT64(60)
#define ICH_LR_HW       BIT64(61)
#define ICH_LR_PENDING  BIT64(62)
#define ICH_LR_ACTIVE   BIT64(63)
#define ICH_LR_STATE    (ICH_LR_PENDING | ICH_LR_ACTIVE)
#define ICH_LR_MAX      16u

_Static_assert(GITS_TYPER_EVENT_BITS == 0x1f00, "GITS_TYPER.ID_bits is [12:8]");
_Static_assert(GITS_TYPER_DEVICE_BITS == 0x3e000, "GITS_TYPER.Devbits is [17:13]");
_Static_assert(GICD_TYPER_IDBITS == 0xf80000, "GICD_TYPER.IDbits is [23:19]");
_Static_assert(ICH_LR_PINTID == 0x1fff00000000, "ICH_LR.pINTID is [44:32]");
_Static_assert(GICD_IROUTER + 8 * 32 == 0x6100, "GICD_IROUTER32 is the first");

/* MPIDR form (Aff3 in [39:32]) to GICR_TYPER form (Aff3 in [31:24]). */
static inline uint32_t gic_affinity_packed(uint64_t affinity)
{
	return (uint32_t)((affinity >> 32 & 0xff) << 24 | (affinity & 0xffffff));
}

#endif
