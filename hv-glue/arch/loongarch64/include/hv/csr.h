/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control and status registers, CPU configuration words and what stands in them: LoongArch
 * Reference Manual, Volume 1 (v1.10), chapters 2.2.10 (CPUCFG), 5.2 (direct mapping), 6 (exceptions
 * and interrupts) and 7 (CSRs). Numbers and masks are plain constants because assembly uses them.
 */
#ifndef HV_CSR_H
#define HV_CSR_H

#define CSR_CRMD      0x0
#define CSR_PRMD      0x1
#define CSR_EUEN      0x2
#define CSR_ECFG      0x4
#define CSR_ESTAT     0x5
#define CSR_ERA       0x6
#define CSR_BADV      0x7
#define CSR_BADI      0x8
#define CSR_EENTRY    0xc
#define CSR_CPUID     0x20
#define CSR_PRCFG1    0x21
#define CSR_SAVE0     0x30 /* scratch of the exception entries */
#define CSR_SAVE1     0x31 /* this CPU's struct trap_frame */
#define CSR_SAVE2     0x32 /* this CPU's struct cpu */
#define CSR_TID       0x40
#define CSR_TCFG      0x41
#define CSR_TVAL      0x42
#define CSR_CNTC      0x43
#define CSR_TICLR     0x44
#define CSR_TLBRENTRY 0x88
#define CSR_TLBRBADV  0x89
#define CSR_TLBRERA   0x8a
#define CSR_MERRCTL   0x90
#define CSR_MERRENTRY 0x93
#define CSR_MERRERA   0x94
#define CSR_DMW0      0x180
#define CSR_DMW1      0x181
#define CSR_DMW2      0x182
#define CSR_DMW3      0x183

#define CRMD_PLV     0x3
#define CRMD_IE      0x4
#define CRMD_DA      0x8
#define CRMD_PG      0x10
#define CRMD_DATF_CC 0x20 /* fetches while DA: coherent cached */
#define CRMD_DATM_CC 0x80 /* loads and stores while DA: coherent cached */
/* How the hypervisor runs: privileged, interrupts masked, translated. */
#define CRMD_RUN     (CRMD_PG | CRMD_DATF_CC | CRMD_DATM_CC)

#define PRMD_PIE 0x4

#define DMW_PLV0      0x1
#define DMW_MAT_CC    0x10
#define DMW_VSEG_MASK 0xf000000000000000

/* ESTAT.IS and ECFG.LIE */
#define INT_HWI0      2
#define INT_HWI_COUNT 8
#define INT_TIMER     11
#define INT_IPI       12
#define INT_MASK      0x1fff

#define ECFG_VS 0x70000 /* spacing of vectors; 0: one entry for all */

#define ESTAT_ECODE     0x3f0000
#define ESTAT_ESUBCODE  0x7fc00000
#define ECODE_INTERRUPT 0x0

#define TCFG_ENABLE      0x1
#define TCFG_INITIAL     0xfffffffffffffffc
#define TICLR_CLEAR      0x1
#define PRCFG1_TIMERBITS 0xff0

/* CPUCFG words. */
#define CPUCFG_FEATURES 0x2
#define CPUCFG2_LVZ     0x400
#define CPUCFG_CC_FREQ  0x4
#define CPUCFG_CC_RATIO 0x5
#define CPUCFG5_MUL     0xffff
#define CPUCFG5_DIV     0xffff0000
#define CPUCFG_CACHES   0x10
#define CPUCFG_CACHE_L1 0x12       /* L1 data; L2 and L3 follow */
#define CPUCFG_LINE     0x7f000000 /* log2 of a cache line */

#ifndef __ASSEMBLY__

#include <postern/types.h>

#define csr_read(number)                                                              \
	({                                                                            \
		uint64_t v_;                                                          \
		__asm__ volatile("csrrd %0, %1" : "=r"(v_) : "i"(number) : "memory"); \
		v_;                                                                   \
	})
#define csr_write(number, value)                                                      \
	do {                                                                          \
		uint64_t v_ = (value);                                                \
		__asm__ volatile("csrwr %0, %1" : "+r"(v_) : "i"(number) : "memory"); \
	} while (0)

static inline uint32_t cpucfg(uint32_t word)
{
	uint32_t v;

	__asm__ volatile("cpucfg %0, %1" : "=r"(v) : "r"(word));
	return v;
}

#endif
#endif
