/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AArch64 system register access and the EL2 register fields used here (Arm ARM DDI 0487, D24). All
 * EL2 fields are those of HCR_EL2.E2H == 0.
 */
#ifndef HV_SYSREG_H
#define HV_SYSREG_H

#include <postern/types.h>

#define sysreg_read(name)                                          \
	({                                                         \
		uint64_t value_;                                   \
		__asm__ volatile("mrs %0, " #name : "=r"(value_)); \
		value_;                                            \
	})
#define sysreg_write(name, v) \
	__asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(v)) : "memory")

static inline void isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

/* HCR_EL2 */
#define HCR_VM        BIT64(0)
#define HCR_SWIO      BIT64(1)
#define HCR_FMO       BIT64(3)
#define HCR_IMO       BIT64(4)
#define HCR_AMO       BIT64(5)
#define HCR_VSE       BIT64(8)
#define HCR_FB        BIT64(9)
#define HCR_BSU_INNER BIT64(10)
#define HCR_TID3      BIT64(18)
#define HCR_TSC       BIT64(19)
#define HCR_TIDCP     BIT64(20)
#define HCR_TACR      BIT64(21)
#define HCR_RW        BIT64(31)
#define HCR_TLOR      BIT64(35)
#define HCR_TERR      BIT64(36)
#define HCR_APK       BIT64(40)
#define HCR_API       BIT64(41)

/* VTCR_EL2; T0SZ and SL0 come from pagetable.h */
#define VTCR_T0SZ       MASK64(5, 0)
#define VTCR_SL0        MASK64(7, 6)
#define VTCR_IRGN0_WBWA BIT64(8)
#define VTCR_ORGN0_WBWA BIT64(10)
#define VTCR_SH0_INNER  MASK64(13, 12)
#define VTCR_PS         MASK64(18, 16)
#define VTCR_RES1       BIT64(31)
#define VTTBR_VMID      MASK64(55, 48)

/* CPTR_EL2: trap SVE, SME, trace and AMU; never FP. The rest are the RES1 bits of E2H == 0. */
#define CPTR_RES1_AND_TRAPS 0x33ffull
#define CPTR_TTA            BIT64(20)
#define CPTR_TAM            BIT64(30)

/* MDCR_EL2 */
#define MDCR_HPMN  MASK64(4, 0)
#define MDCR_TPMCR BIT64(5)
#define MDCR_TPM   BIT64(6)
#define MDCR_TPMS  BIT64(14)
#define MDCR_TTRF  BIT64(19)

/* CNTHCTL_EL2 */
#define CNTHCTL_EL1PCTEN BIT64(0)
#define CNTHCTL_EL1PCEN  BIT64(1)

/* CNT*_CTL */
#define TIMER_ENABLE BIT64(0)
#define TIMER_IMASK  BIT64(1)

/* ESR_EL2 */
#define ESR_EC        MASK64(31, 26)
#define ESR_IL        BIT64(25)
#define ESR_ISS       MASK64(24, 0)
#define EC_UNKNOWN    0x00u
#define EC_WFX        0x01u
#define EC_FP         0x07u
#define EC_HVC64      0x16u
#define EC_SMC64      0x17u
#define EC_SYSREG     0x18u
#define EC_SVE        0x19u
#define EC_IABT_LOWER 0x20u
#define EC_IABT_SAME  0x21u
#define EC_DABT_LOWER 0x24u
#define EC_DABT_SAME  0x25u

/* ISS of a data abort */
#define ISS_ISV         BIT64(24)
#define ISS_SAS         MASK64(23, 22)
#define ISS_SSE         BIT64(21)
#define ISS_SRT         MASK64(20, 16)
#define ISS_SF          BIT64(15)
#define ISS_FNV         BIT64(10)
#define ISS_CM          BIT64(8)
#define ISS_S1PTW       BIT64(7)
#define ISS_WNR         BIT64(6)
#define ISS_FSC         MASK64(5, 0)
#define FSC_TYPE        MASK64(5, 2)
#define FSC_TRANSLATION 1u
#define FSC_ACCESS_FLAG 2u
#define FSC_PERMISSION  3u
#define FSC_EXTERNAL    0x10u

/* ISS of a trapped MSR/MRS */
#define ISS_SYS_OP0  MASK64(21, 20)
#define ISS_SYS_OP2  MASK64(19, 17)
#define ISS_SYS_OP1  MASK64(16, 14)
#define ISS_SYS_CRN  MASK64(13, 10)
#define ISS_SYS_RT   MASK64(9, 5)
#define ISS_SYS_CRM  MASK64(4, 1)
#define ISS_SYS_READ BIT64(0)

/* SPSR: EL1 with its own stack, all interrupts masked; and the mode fields. */
#define SPSR_EL1H_MASKED 0x3c5ull
#define SPSR_NZCV        MASK64(31, 28)
#define SPSR_DIT         BIT64(24)
#define SPSR_PAN         BIT64(22)
#define SPSR_SSBS        BIT64(12)
#define SPSR_AARCH32     BIT64(4)
#define SPSR_EL          MASK64(3, 2)
#define SPSR_SPX         BIT64(0)

/* SCTLR_EL1: what taking an exception does to PSTATE. SPAN is RES1 without PAN. */
#define SCTLR_EL1_SPAN  BIT64(23)
#define SCTLR_EL1_DSSBS BIT64(44)

#define MPIDR_AFFINITY (MASK64(39, 32) | MASK64(23, 0))

#endif
