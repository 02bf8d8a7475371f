/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offsets assembly uses; the C side asserts each (vcpu.c, smp.c). */
#ifndef HV_ASM_OFFSETS_H
#define HV_ASM_OFFSETS_H

/* struct guest_regs */
#define REGS_X30  240
#define REGS_ELR  248
#define REGS_SPSR 256
#define REGS_SIZE 272

/* struct cpu_boot */
#define CPU_BOOT_MAIR  0
#define CPU_BOOT_TTBR  16
#define CPU_BOOT_STACK 32

#endif
