/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of the image. All end in the cached direct-mapped window, privileged, interrupts masked, relocated for where the
 * image is:
 *
 *   _start            what a loader of ELF files calls on the boot CPU (Linux's boot protocol for LoongArch: a0 = 1, a1 =
 *                     command line, a2 = EFI system table, all physical), in direct address mode, at the physical address
 *                     or at its alias in the cached window;
 *   efi_entry         what UEFI calls (a0 = image handle, a1 = system table), translated one to one by firmware;
 *   secondary_entry   the other CPUs, in direct address mode, at the physical address.
 *
 * The header is that of a PE32+ EFI application (Microsoft PE Format; UEFI 2.10, 2.1.1). It needs no base relocations of
 * that format: the image relocates itself.
 */
#include <hv/asm_offsets.h>
#include <hv/csr.h>
#include <hv/direct_map.h>

#define R_LARCH_RELATIVE 3

#define PE_MACHINE_LOONGARCH64 0x6264
#define PE_EXECUTABLE          0x0002
#define PE_LARGE_ADDRESSES     0x0020
#define PE_NO_DEBUG            0x0200
#define PE32_PLUS              0x20b
#define PE_EFI_APPLICATION     10
#define PE_NX_COMPATIBLE       0x0100
#define PE_CODE                0x60000020	/* code, execute, read */
#define PE_DATA                0xc0000040	/* initialized data, read, write */
#define PE_ALIGN               4096

	.section .head.text, "a"
	.ascii	"MZ"
	.skip	0x3c - 2
	.long	pe_header - __image_start
pe_header:
	.ascii	"PE\0\0"
	.short	PE_MACHINE_LOONGARCH64
	.short	2			/* sections */
	.long	0, 0, 0			/* time stamp, symbols */
	.short	pe_sections - pe_optional
	.short	PE_EXECUTABLE | PE_LARGE_ADDRESSES | PE_NO_DEBUG
pe_optional:
	.short	PE32_PLUS
	.short	0			/* linker version */
	.long	__text_end - __text_start
	.long	__data_end - __rodata_start
	.long	__bss_end - __bss_start
	.long	efi_entry - __image_start
	.long	__text_start - __image_start
	.quad	0			/* preferred base: none */
	.long	PE_ALIGN, PE_ALIGN	/* of sections, in memory and in the file */
	.short	0, 0, 0, 0, 2, 10	/* versions: system, image, subsystem (UEFI 2.10) */
	.long	0
	.long	__image_end - __image_start
	.long	__text_start - __image_start	/* size of headers */
	.long	0			/* checksum */
	.short	PE_EFI_APPLICATION
	.short	PE_NX_COMPATIBLE
	.quad	0, 0, 0, 0		/* stack and heap */
	.long	0
	.long	6			/* data directories, all empty */
	.quad	0, 0, 0, 0, 0, 0
pe_sections:
	.ascii	".text\0\0\0"
	.long	__text_end - __text_start, __text_start - __image_start
	.long	__text_end - __text_start, __text_start - __image_start
	.long	0, 0, 0
	.long	PE_CODE
	.ascii	".data\0\0\0"
	.long	__image_end - __rodata_start, __rodata_start - __image_start
	.long	__data_end - __rodata_start, __rodata_start - __image_start
	.long	0, 0, 0
	.long	PE_DATA

	.text
/*
 * Opens the direct-mapped windows, goes on in the cached one, turns translation on. In this order: the alias must be
 * fetched from before DA is cleared, since direct addresses mean nothing afterwards. Clobbers t0, t1.
 */
	.macro	enter_direct_map
	li.w	$t0, CRMD_IE
	csrxchg	$zero, $t0, CSR_CRMD
	li.d	$t0, DIRECT_MAP_DEVICE | DMW_PLV0
	csrwr	$t0, CSR_DMW0
	li.d	$t0, DIRECT_MAP_BASE | DMW_PLV0 | DMW_MAT_CC
	csrwr	$t0, CSR_DMW1
	li.d	$t1, DIRECT_MAP_BASE
	la.pcrel $t0, 1f
	bstrpick.d $t0, $t0, 47, 0
	or	$t0, $t0, $t1
	jirl	$zero, $t0, 0
1:	li.w	$t0, CRMD_RUN
	csrwr	$t0, CSR_CRMD
	/* Firmware's windows and translations are not ours; nothing below may use them by mistake. */
	csrwr	$zero, CSR_DMW2
	csrwr	$zero, CSR_DMW3
	invtlb	0x0, $zero, $zero
	.endm

/* Applies the image's relocations for where it runs, as often as it moves. Clobbers t0..t6. */
relocate:
	la.pcrel $t0, __image_start
	li.d	$t1, IMAGE_LINKED_AT
	sub.d	$t6, $t0, $t1		/* how far it was moved */
	la.pcrel $t0, __rela_start
	la.pcrel $t1, __rela_end
	li.w	$t5, R_LARCH_RELATIVE
1:	bgeu	$t0, $t1, 2f
	ld.d	$t2, $t0, 0		/* r_offset */
	ld.w	$t3, $t0, 8		/* type, of r_info */
	ld.d	$t4, $t0, 16		/* r_addend */
	addi.d	$t0, $t0, 24
	bne	$t3, $t5, 1b
	add.d	$t2, $t2, $t6
	add.d	$t4, $t4, $t6
	st.d	$t4, $t2, 0
	b	1b
2:	dbar	0
	jirl	$zero, $ra, 0

	.global _start
_start:
	move	$s0, $a0
	move	$s1, $a1
	move	$s2, $a2
	enter_direct_map
	bl	relocate
	la.pcrel $sp, boot_stack_top
	move	$fp, $zero
	move	$a0, $s0
	move	$a1, $s1
	move	$a2, $s2
	bl	boot_from_loader

/* On firmware's stack, in firmware's translation, until efi_handover(). */
efi_entry:
	addi.d	$sp, $sp, -16
	st.d	$ra, $sp, 8
	bl	relocate
	la.pcrel $a2, __image_start
	bl	efi_main
	ld.d	$ra, $sp, 8
	addi.d	$sp, $sp, 16
	jirl	$zero, $ra, 0

/* _Noreturn void efi_handover(hpa_t handover): firmware is gone; what it left is described there. */
	.global efi_handover
efi_handover:
	move	$s0, $a0
	enter_direct_map
	bl	relocate
	la.pcrel $sp, boot_stack_top
	move	$fp, $zero
	move	$a0, $s0
	bl	boot_from_firmware

/* Which CPU this is decides which entry of cpu_boot[] it takes. One that is not in it stays here. */
	.global secondary_entry
secondary_entry:
	enter_direct_map
	csrrd	$t0, CSR_CPUID
	bstrpick.d $t0, $t0, 8, 0
	la.pcrel $t1, cpu_boot
	li.w	$t2, CPU_BOOT_COUNT
1:	ld.d	$t3, $t1, CPU_BOOT_ID
	beq	$t3, $t0, 2f
	addi.d	$t1, $t1, CPU_BOOT_SIZE
	addi.d	$t2, $t2, -1
	bnez	$t2, 1b
3:	idle	0
	b	3b
2:	ld.d	$sp, $t1, CPU_BOOT_STACK
	beqz	$sp, 3b
	ld.d	$a0, $t1, CPU_BOOT_CPU
	move	$fp, $zero
	bl	secondary_main

	.bss
	.balign 4096
boot_stack:
	.skip	STACK_SIZE
boot_stack_top:
