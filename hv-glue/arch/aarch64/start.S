/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry of the boot CPU (arm64 Linux boot protocol: MMU off, x0 = device tree, one CPU, here required to be in EL2) and
 * of the other CPUs (PSCI CPU_ON: MMU off, EL2, x0 = their struct cpu_boot).
 */
#include <hv/asm_offsets.h>

	.section .head.text, "ax"
	.global _start
_start:
	b	boot_entry
	.word	0
	.quad	0			/* text_offset: any 2 MiB-aligned place */
	.quad	__image_end - _start	/* image_size, .bss included */
	.quad	0xa			/* flags: little endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.word	0

	.text
/* x0 = start, x1 = end: clean and invalidate to the point of coherency. Clobbers x0, x2, x3. */
cache_flush_range:
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4		/* DminLine: log2 of the line in words */
	mov	x3, #4
	lsl	x3, x3, x2
	sub	x2, x3, #1
	bic	x0, x0, x2
1:	dc	civac, x0
	add	x0, x0, x3
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret

boot_entry:
	msr	daifset, #0xf
	mrs	x1, CurrentEL
	cmp	x1, #(2 << 2)
	b.ne	halt			/* not EL2: nothing here can work, and no console is known yet */
	mov	x19, x0
	adrp	x0, early_vectors
	add	x0, x0, :lo12:early_vectors
	msr	vbar_el2, x0
	/* Known state: MMU and data cache off whatever the loader left. */
	ldr	x0, =0x30c50830		/* SCTLR_EL2 RES1 bits only */
	msr	sctlr_el2, x0
	isb

	/* The loader's cached copy must not shadow what is written below with the cache off. */
	adrp	x0, __image_start
	adrp	x1, __image_end
	bl	cache_flush_range

	adrp	x0, __bss_start
	adrp	x1, __bss_end
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b

	/* Relocations: R_AARCH64_RELATIVE (1027) only; -z text and a static PIE give no others. */
	adrp	x20, __image_start
	adrp	x0, __rela_start
	add	x0, x0, :lo12:__rela_start
	adrp	x1, __rela_end
	add	x1, x1, :lo12:__rela_end
2:	cmp	x0, x1
	b.hs	3f
	ldp	x2, x3, [x0], #16	/* r_offset, r_info */
	ldr	x4, [x0], #8		/* r_addend */
	cmp	w3, #1027
	b.ne	2b
	add	x4, x4, x20
	str	x4, [x20, x2]
	b	2b
3:	dsb	sy

	adrp	x0, boot_stack_top
	add	sp, x0, :lo12:boot_stack_top
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x19
	adrp	x1, __image_start
	adrp	x2, __image_end
	b	boot_main

/*
 * x0 = struct cpu_boot *, read with the MMU off: the boot CPU cleaned it to memory. It holds what this CPU needs to turn
 * the same translation on: MAIR, TCR, TTBR0, SCTLR, stack, struct cpu.
 */
	.global secondary_entry
secondary_entry:
	msr	daifset, #0xf
	ldr	x1, =0x30c50830
	msr	sctlr_el2, x1
	isb
	ldp	x1, x2, [x0, #CPU_BOOT_MAIR]	/* mair, tcr */
	ldp	x3, x4, [x0, #CPU_BOOT_TTBR]	/* ttbr, sctlr */
	ldp	x5, x6, [x0, #CPU_BOOT_STACK]	/* stack, struct cpu */
	msr	mair_el2, x1
	msr	tcr_el2, x2
	msr	ttbr0_el2, x3
	tlbi	alle2
	dsb	sy
	isb
	msr	sctlr_el2, x4
	isb
	ic	iallu
	dsb	sy
	isb
	mov	sp, x5
	msr	tpidr_el2, x6
	mov	x29, xzr
	mov	x30, xzr
	b	secondary_main

/* void mmu_enable(uint64_t mair, uint64_t tcr, uint64_t ttbr, uint64_t sctlr) */
	.global mmu_enable
mmu_enable:
	msr	mair_el2, x0
	msr	tcr_el2, x1
	msr	ttbr0_el2, x2
	dsb	sy
	tlbi	alle2
	ic	iallu
	dsb	sy
	isb
	msr	sctlr_el2, x3
	isb
	ret

halt:
	wfi
	b	halt

	.balign 2048
early_vectors:
	.rept 16
	b	halt
	.balign 128
	.endr

	.bss
	.balign 4096
	.global boot_stack
boot_stack:
	.skip	32768
boot_stack_top:
