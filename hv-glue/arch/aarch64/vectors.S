/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EL2 exception vectors. From the zone: registers go to a struct guest_regs on this CPU's stack, trap_handle() decides,
 * and the way back is the reverse. Nothing else is saved: one vCPU lives on a CPU, so EL1, FP and translation state stay
 * where they are. From the hypervisor itself: a bug or a fatal bus error, reported by trap_panic().
 */
#include <hv/asm_offsets.h>

	.macro	save_guest kind
	sub	sp, sp, #REGS_SIZE
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	mov	x1, #\kind
	b	guest_exit
	.balign 128
	.endm

	.macro	own_fault kind
	mov	x0, #\kind
	mrs	x1, esr_el2
	mrs	x2, elr_el2
	mrs	x3, far_el2
	b	trap_panic
	.balign 128
	.endm

	.text
	.balign 2048
	.global el2_vectors
el2_vectors:
	own_fault 0			/* current EL, SP_EL0: never used */
	own_fault 1
	own_fault 2
	own_fault 3
	own_fault 4			/* current EL, SP_ELx */
	own_fault 5
	own_fault 6
	own_fault 7
	save_guest 0			/* lower EL, AArch64: synchronous, IRQ, FIQ, SError */
	save_guest 1
	save_guest 2
	save_guest 3
	save_guest 0			/* lower EL, AArch32 */
	save_guest 1
	save_guest 2
	save_guest 3

guest_exit:
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, elr_el2
	stp	x30, x2, [sp, #REGS_X30]
	mrs	x2, spsr_el2
	str	x2, [sp, #REGS_SPSR]
	mov	x0, sp
	mov	x29, xzr
	bl	trap_handle

guest_return:
	ldr	x2, [sp, #REGS_SPSR]
	msr	spsr_el2, x2
	ldp	x30, x2, [sp, #REGS_X30]
	msr	elr_el2, x2
	ldp	x28, x29, [sp, #224]
	ldp	x26, x27, [sp, #208]
	ldp	x24, x25, [sp, #192]
	ldp	x22, x23, [sp, #176]
	ldp	x20, x21, [sp, #160]
	ldp	x18, x19, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp, #0]
	add	sp, sp, #REGS_SIZE
	eret
	dsb	nsh
	isb

/* _Noreturn void guest_enter(uint64_t x0, uint64_t pc, uint64_t spsr, void *stack_top): first entry of a vCPU. */
	.arch_extension simd
	.global guest_enter
guest_enter:
	msr	elr_el2, x1
	msr	spsr_el2, x2
	mov	sp, x3			/* exits build their frame here */
	/* The FP registers may hold what the hypervisor's own use of libfdt left. */
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	movi	v\n\().2d, #0
	.endr
	msr	fpcr, xzr
	msr	fpsr, xzr
	.irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	mov	x\n, xzr
	.endr
	eret
	dsb	nsh
	isb

/* _Noreturn void stack_restart(void *stack_top, void (*fn)(void)): abandons the current call chain. */
	.global stack_restart
stack_restart:
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	br	x1
