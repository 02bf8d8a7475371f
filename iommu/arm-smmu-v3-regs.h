/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm SMMUv3: registers and in-memory formats as this driver uses them, from Arm IHI 0070 "System
 * Memory Management Unit Architecture Specification, SMMU architecture version 3" (chapter 3.12
 * command and event queues, 4 commands, 5 stream table, 6.3 registers, 7.3 event records). Names
 * are the specification's.
 */
#ifndef ARM_SMMU_V3_REGS_H
#define ARM_SMMU_V3_REGS_H

#include <postern/types.h>

/* ---- registers (6.3); page 1 starts at 0x10000 ---------------------------------------- */

#define SMMU_MIN_SIZE 0x20000u

#define SMMU_IDR0         0x000u
#define IDR0_S2P          BIT32(0)
#define IDR0_S1P          BIT32(1)
#define IDR0_TTF_AARCH64  BIT32(3) /* TTF, bits 3:2, is 0b10 or 0b11 */
#define IDR0_TTF_AARCH32  BIT32(2)
#define IDR0_COHACC       BIT32(4)
#define IDR0_HYP          BIT32(9)
#define IDR0_MSI          BIT32(13)
#define IDR0_VMID16       BIT32(18)
#define IDR0_TTENDIAN     MASK32(22, 21)
#define IDR0_TTENDIAN_BIG 3u
#define IDR0_ST_LEVEL     MASK32(28, 27)
#define IDR0_ST_LEVEL_2   1u

#define SMMU_IDR1          0x004u
#define IDR1_SIDSIZE       MASK32(5, 0)
#define IDR1_EVENTQS       MASK32(20, 16)
#define IDR1_CMDQS         MASK32(25, 21)
#define IDR1_QUEUES_PRESET BIT32(29)
#define IDR1_TABLES_PRESET BIT32(30)

#define SMMU_IDR5   0x014u
#define IDR5_OAS    MASK32(2, 0)
#define IDR5_GRAN4K BIT32(4)

#define SMMU_CR0     0x020u
#define SMMU_CR0ACK  0x024u
#define CR0_SMMUEN   BIT32(0)
#define CR0_PRIQEN   BIT32(1)
#define CR0_EVENTQEN BIT32(2)
#define CR0_CMDQEN   BIT32(3)
#define CR0_ALL      (CR0_SMMUEN | CR0_PRIQEN | CR0_EVENTQEN | CR0_CMDQEN)

/* Attributes with which the unit reads its tables and reads or writes its queues. */
#define SMMU_CR1             0x028u
#define CR1_QUEUE_IC         MASK32(1, 0)
#define CR1_QUEUE_OC         MASK32(3, 2)
#define CR1_QUEUE_SH         MASK32(5, 4)
#define CR1_TABLE_IC         MASK32(7, 6)
#define CR1_TABLE_OC         MASK32(9, 8)
#define CR1_TABLE_SH         MASK32(11, 10)
#define ATTR_NC              0u
#define ATTR_WB              1u
#define ATTR_OUTER_SHAREABLE 2u
#define ATTR_INNER_SHAREABLE 3u

#define SMMU_CR2      0x02cu
#define CR2_RECINVSID BIT32(1) /* record C_BAD_STREAMID */
#define CR2_PTM       BIT32(2) /* ignore the CPUs' broadcast TLB maintenance */

/* What happens to every transaction while SMMUEN is 0. */
#define SMMU_GBPA   0x044u
#define GBPA_ABORT  BIT32(20)
#define GBPA_UPDATE BIT32(31)

#define SMMU_IRQ_CTRL    0x050u
#define SMMU_IRQ_CTRLACK 0x054u
#define IRQ_CTRL_GERROR  BIT32(0)
#define IRQ_CTRL_EVENTQ  BIT32(2)
#define IRQ_CTRL_ALL     MASK32(2, 0)

/* A bit is active while it differs between the two. */
#define SMMU_GERROR           0x060u
#define SMMU_GERRORN          0x064u
#define GERROR_CMDQ_ERR       BIT32(0)
#define GERROR_EVENTQ_ABT     BIT32(2)
#define GERROR_PRIQ_ABT       BIT32(3)
#define GERROR_MSI_CMDQ_ABT   BIT32(4)
#define GERROR_MSI_EVENTQ_ABT BIT32(5)
#define GERROR_MSI_PRIQ_ABT   BIT32(6)
#define GERROR_MSI_GERROR_ABT BIT32(7)
#define GERROR_SFM            BIT32(8)
#define GERROR_ALL            (BIT32(0) | MASK32(8, 2))
#define SMMU_GERROR_IRQ_CFG0  0x068u

#define SMMU_STRTAB_BASE     0x080u
#define SMMU_STRTAB_BASE_CFG 0x088u
#define STRTAB_BASE_RA       BIT64(62)
#define STRTAB_BASE_ADDR     MASK64(51, 6)
#define STRTAB_CFG_LOG2SIZE  MASK32(5, 0)
#define STRTAB_CFG_SPLIT     MASK32(10, 6)
#define STRTAB_CFG_FMT       MASK32(17, 16)
#define STRTAB_FMT_LINEAR    0u
#define STRTAB_FMT_2LEVEL    1u

/* The queues: index and wrap bit in the low bits of PROD and CONS (3.5.1). */
#define SMMU_CMDQ_BASE       0x090u
#define SMMU_CMDQ_PROD       0x098u
#define SMMU_CMDQ_CONS       0x09cu
#define SMMU_EVENTQ_BASE     0x0a0u
#define SMMU_EVENTQ_PROD     0x100a8u
#define SMMU_EVENTQ_CONS     0x100acu
#define SMMU_EVENTQ_IRQ_CFG0 0x0b0u
#define QUEUE_BASE_LOG2SIZE  MASK64(4, 0)
#define QUEUE_BASE_ADDR      MASK64(51, 5)
#define QUEUE_BASE_RWA       BIT64(62) /* RA of the command queue, WA of the event queue */
#define QUEUE_INDEX          MASK32(19, 0)
#define CMDQ_CONS_ERR        MASK32(30, 24)
#define CERROR_ILL           1u
#define CERROR_ABT           2u
#define EVENTQ_OVERFLOW      BIT32(31) /* OVFLG in PROD, OVACKFLG in CONS */

/* ---- stream table (5) ----------------------------------------------------------------- */

/* Level-1 descriptor (5.1.1). Span n: 2^(n-1) entries at L2Ptr; 0: no stream of it is valid. */
#define L1STD_SPAN  MASK64(4, 0)
#define L1STD_L2PTR MASK64(51, 6)

/* Stream table entry (5.2), by 64-bit word. */
struct ste {
	uint64_t word[8];
};
_Static_assert(sizeof(struct ste) == 64, "5.2: a stream table entry is 64 bytes");

/* [0]. V == 0: every transaction is terminated and recorded as C_BAD_STE. */
#define STE0_V             BIT64(0)
#define STE0_CONFIG        MASK64(3, 1)
#define STE_CONFIG_STAGE2  6u /* stage 1 bypassed, stage 2 translates */
/* [1] */
#define STE1_SHCFG         MASK64(45, 44)
#define STE_SHCFG_INCOMING 1u
/* [2] */
#define STE2_S2VMID        MASK64(15, 0)
#define STE2_S2T0SZ        MASK64(37, 32)
#define STE2_S2SL0         MASK64(39, 38)
#define STE2_S2IR0         MASK64(41, 40)
#define STE2_S2OR0         MASK64(43, 42)
#define STE2_S2SH0         MASK64(45, 44)
#define STE2_S2TG          MASK64(47, 46)
#define STE_TG_4K          0u
#define STE2_S2PS          MASK64(50, 48)
#define STE2_S2AA64        BIT64(51)
#define STE2_S2PTW         BIT64(54)
#define STE2_S2R           BIT64(58) /* record stage-2 faults */
/* [3] */
#define STE3_S2TTB         MASK64(51, 4)

_Static_assert((STE0_V | STE0_CONFIG) == 0xf, "V and Config are bits 3:0 of word 0");
_Static_assert((STE2_S2T0SZ | STE2_S2SL0 | STE2_S2IR0 | STE2_S2OR0 | STE2_S2SH0 | STE2_S2TG |
		STE2_S2PS) == MASK64(50, 32),
	       "the VTCR fields are bits 50:32 of word 2, without a hole");

/* ---- commands (4.1) ------------------------------------------------------------------- */

struct smmu_cmd {
	uint64_t word[2];
};
_Static_assert(sizeof(struct smmu_cmd) == 16, "4.1.1: a command is 16 bytes");

#define CMD0_OPCODE        MASK64(7, 0)
#define CMD_CFGI_STE       0x03u
#define CMD_CFGI_ALL       0x04u /* CMD_CFGI_STE_RANGE with Range == 31 */
#define CMD_TLBI_EL2_ALL   0x20u
#define CMD_TLBI_S12_VMALL 0x28u
#define CMD_TLBI_S2_IPA    0x2au
#define CMD_TLBI_NSNH_ALL  0x30u
#define CMD_SYNC           0x46u
#define CMD0_STREAM        MASK64(63, 32)
#define CMD0_VMID          MASK64(47, 32)
#define CMD1_RANGE         MASK64(4, 0)
#define CFGI_RANGE_ALL     31u
#define CMD1_ADDRESS       MASK64(51, 12) /* TLBI_S2_IPA; Leaf and TTL 0: every level */

/* ---- event records (7.3) -------------------------------------------------------------- */

struct smmu_event {
	uint64_t word[4];
};
_Static_assert(sizeof(struct smmu_event) == 32, "7.3: an event record is 32 bytes");

#define EVENT0_NUMBER     MASK64(7, 0)
#define EVENT0_STREAM     MASK64(63, 32)
#define EVENT1_RNW        BIT64(35) /* 1: a read */
#define EVENT2_INPUT_ADDR MASK64(63, 0)

#define F_UUT              0x01u
#define C_BAD_STREAMID     0x02u
#define F_STE_FETCH        0x03u
#define C_BAD_STE          0x04u
#define F_BAD_ATS_TREQ     0x05u
#define F_STREAM_DISABLED  0x06u
#define F_TRANSL_FORBIDDEN 0x07u
#define C_BAD_SUBSTREAMID  0x08u
#define F_CD_FETCH         0x09u
#define C_BAD_CD           0x0au
#define F_WALK_EABT        0x0bu
#define F_TRANSLATION      0x10u
#define F_ADDR_SIZE        0x11u
#define F_ACCESS           0x12u
#define F_PERMISSION       0x13u
#define F_TLB_CONFLICT     0x20u
#define F_CFG_CONFLICT     0x21u
#define E_PAGE_REQUEST     0x24u
#define F_VMS_FETCH        0x25u

#endif
