/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offsets assembly uses; the C side asserts each (boot.c, smp.c, trap.c). */
#ifndef HV_ASM_OFFSETS_H
#define HV_ASM_OFFSETS_H

/* struct trap_frame */
#define FRAME_STACK 256
#define FRAME_ERA   264
#define FRAME_BADV  272
#define FRAME_ESTAT 280
#define FRAME_CRMD  288

/* struct cpu_boot */
#define CPU_BOOT_ID    0
#define CPU_BOOT_STACK 8
#define CPU_BOOT_CPU   16
#define CPU_BOOT_SIZE  24
#define CPU_BOOT_COUNT 8

/* Where the image is linked. */
#define IMAGE_LINKED_AT 0x9000000000200000

#define STACK_SIZE 32768

#endif
