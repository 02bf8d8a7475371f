/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry of the bare-metal guest: the arm64 Image header (Linux, Documentation/arch/arm64/
 * booting.rst), then C on a stack of its own. MMU and caches stay off; memory arrives zeroed.
 */
	.section .head, "ax"
	.globl _start
_start:
	b	1f
	.long	0
	.quad	0			/* text_offset: linked where RAM begins */
	.quad	image_size
	.quad	0xa			/* flags: little-endian, 4 KiB pages, anywhere in RAM */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

1:	adrp	x1, stack_end
	add	x1, x1, :lo12:stack_end
	mov	sp, x1
	adr	x1, vectors
	msr	vbar_el1, x1
	isb
	bl	guest_main
2:	wfi
	b	2b

	/* PSCI (Arm DEN 0022) SYSTEM_OFF over HVC; waits for ever where that is refused. */
	.globl	power_off
power_off:
	ldr	w0, =0x84000008
	hvc	#0
	b	2b
	.ltorg

	/* Any exception: the guest says so and is off. */
	.balign	2048
vectors:
	.rept	16
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	mrs	x2, far_el1
	b	guest_exception
	.balign	128
	.endr
