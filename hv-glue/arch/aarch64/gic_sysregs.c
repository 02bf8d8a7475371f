// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * irq/gic-sysregs.h with MRS and MSR at EL2. Encodings are spelled out so that any assembler takes
 * them (Arm IHI 0069H, 12.2 and 12.4).
 */
#include <hv/sysreg.h>
#include <irq/gic-sysregs.h>

#define WRITE_REG(fn, reg)                \
	void fn(uint64_t value)           \
	{                                 \
		sysreg_write(reg, value); \
		isb();                    \
	}

#define READ_REG(fn, reg)                \
	uint64_t fn(void)                \
	{                                \
		return sysreg_read(reg); \
	}

uint64_t arch_mpidr_affinity(void)
{
	return sysreg_read(mpidr_el1) & MPIDR_AFFINITY;
}

READ_REG(arch_icc_sre_read, S3_4_C12_C9_5) /* ICC_SRE_EL2 */
WRITE_REG(arch_icc_sre_write, S3_4_C12_C9_5)
WRITE_REG(arch_icc_ctlr_write, S3_0_C12_C12_4)    /* ICC_CTLR_EL1 */
WRITE_REG(arch_icc_pmr_write, S3_0_C4_C6_0)       /* ICC_PMR_EL1 */
WRITE_REG(arch_icc_bpr1_write, S3_0_C12_C12_3)    /* ICC_BPR1_EL1 */
WRITE_REG(arch_icc_igrpen1_write, S3_0_C12_C12_7) /* ICC_IGRPEN1_EL1 */
WRITE_REG(arch_icc_eoir1_write, S3_0_C12_C12_1)   /* ICC_EOIR1_EL1 */
WRITE_REG(arch_icc_dir_write, S3_0_C12_C11_1)     /* ICC_DIR_EL1 */
WRITE_REG(arch_icc_sgi1r_write, S3_0_C12_C11_5)   /* ICC_SGI1R_EL1 */

uint64_t arch_icc_iar1_read(void)
{
	uint64_t intid = sysreg_read(S3_0_C12_C12_0); /* ICC_IAR1_EL1 */

	__asm__ volatile("dsb sy" : : : "memory");
	return intid;
}

READ_REG(arch_ich_vtr_read, S3_4_C12_C11_1)
READ_REG(arch_ich_hcr_read, S3_4_C12_C11_0)
WRITE_REG(arch_ich_hcr_write, S3_4_C12_C11_0)
READ_REG(arch_ich_vmcr_read, S3_4_C12_C11_7)
WRITE_REG(arch_ich_vmcr_write, S3_4_C12_C11_7)
READ_REG(arch_ich_elrsr_read, S3_4_C12_C11_5)

/* The number of a list register is part of the instruction: S3_4_C12_C12_<n>, from 8 on C13. */
/* clang-format off */
#define FOR_EACH_LR(op)                                                                           \
	op(0, S3_4_C12_C12_0)  op(1, S3_4_C12_C12_1)  op(2, S3_4_C12_C12_2)  op(3, S3_4_C12_C12_3)   \
	op(4, S3_4_C12_C12_4)  op(5, S3_4_C12_C12_5)  op(6, S3_4_C12_C12_6)  op(7, S3_4_C12_C12_7)   \
	op(8, S3_4_C12_C13_0)  op(9, S3_4_C12_C13_1)  op(10, S3_4_C12_C13_2) op(11, S3_4_C12_C13_3)  \
	op(12, S3_4_C12_C13_4) op(13, S3_4_C12_C13_5) op(14, S3_4_C12_C13_6) op(15, S3_4_C12_C13_7)
/* clang-format on */

uint64_t arch_ich_lr_read(unsigned n)
{
	switch (n) {
#define LR_READ(i, reg) \
	case i:         \
		return sysreg_read(reg);
		FOR_EACH_LR(LR_READ)
	default:
		return 0;
	}
}

void arch_ich_lr_write(unsigned n, uint64_t value)
{
	switch (n) {
#define LR_WRITE(i, reg)                  \
	case i:                           \
		sysreg_write(reg, value); \
		break;
		FOR_EACH_LR(LR_WRITE)
	default:
		break;
	}
}

void arch_ich_ap0r_write(unsigned n, uint64_t value)
{
	switch (n) {
	case 0:
		sysreg_write(S3_4_C12_C8_0, value);
		break;
	case 1:
		sysreg_write(S3_4_C12_C8_1, value);
		break;
	case 2:
		sysreg_write(S3_4_C12_C8_2, value);
		break;
	case 3:
		sysreg_write(S3_4_C12_C8_3, value);
		break;
	default:
		break;
	}
}

void arch_ich_ap1r_write(unsigned n, uint64_t value)
{
	switch (n) {
	case 0:
		sysreg_write(S3_4_C12_C9_0, value);
		break;
	case 1:
		sysreg_write(S3_4_C12_C9_1, value);
		break;
	case 2:
		sysreg_write(S3_4_C12_C9_2, value);
		break;
	case 3:
		sysreg_write(S3_4_C12_C9_3, value);
		break;
	default:
		break;
	}
}
