/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GICv3 system registers the drivers use, behind functions: hv-glue/arch/aarch64 implements
 * them with MRS/MSR at EL2, tests/models/ with a model. Arm IHI 0069H: chapter 12.2 (ICC_*), 12.4
 * (ICH_*).
 *
 * All act on the calling CPU. A write takes effect before a later arch_*() accessor and before the
 * guest is entered; where that needs an ISB the accessor has it.
 */
#ifndef IRQ_GIC_SYSREGS_H
#define IRQ_GIC_SYSREGS_H

#include <postern/types.h>

/*
 * Aff3[39:32] Aff2[23:16] Aff1[15:8] Aff0[7:0] of this CPU, all other bits 0 (MPIDR_EL1 &
 * 0xff00ffffff).
 */
uint64_t arch_mpidr_affinity(void);

/* ---- physical CPU interface ------------------------------------------------------------------ */

/* ICC_SRE_EL2. The write is followed by an ISB: the other registers need SRE = 1. */
uint64_t arch_icc_sre_read(void);
void arch_icc_sre_write(uint64_t value);
void arch_icc_ctlr_write(uint64_t value);    /* ICC_CTLR_EL1 */
void arch_icc_pmr_write(uint64_t value);     /* ICC_PMR_EL1 */
void arch_icc_bpr1_write(uint64_t value);    /* ICC_BPR1_EL1 */
void arch_icc_igrpen1_write(uint64_t value); /* ICC_IGRPEN1_EL1 */
/*
 * ICC_IAR1_EL1: acknowledges. Followed by a DSB SY, so that the activation is visible to register
 * accesses.
 */
uint64_t arch_icc_iar1_read(void);
void arch_icc_eoir1_write(uint64_t value); /* ICC_EOIR1_EL1: priority drop (EOImode = 1) */
void arch_icc_dir_write(uint64_t value);   /* ICC_DIR_EL1: deactivation */
void arch_icc_sgi1r_write(uint64_t value); /* ICC_SGI1R_EL1; the caller has the barrier */

/* ---- virtual CPU interface control ----------------------------------------------------------- */

uint64_t arch_ich_vtr_read(void);
uint64_t arch_ich_hcr_read(void);
void arch_ich_hcr_write(uint64_t value);
uint64_t arch_ich_vmcr_read(void);
void arch_ich_vmcr_write(uint64_t value);
uint64_t arch_ich_elrsr_read(void);
/* ICH_LR<n>_EL2, n < 16 and below what ICH_VTR_EL2.ListRegs says. */
uint64_t arch_ich_lr_read(unsigned n);
void arch_ich_lr_write(unsigned n, uint64_t value);
/* ICH_AP0R<n>_EL2, ICH_AP1R<n>_EL2, n < 4 and below what ICH_VTR_EL2.PREbits says. */
void arch_ich_ap0r_write(unsigned n, uint64_t value);
void arch_ich_ap1r_write(unsigned n, uint64_t value);

#endif
