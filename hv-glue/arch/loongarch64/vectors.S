/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exception entries (LoongArch Reference Manual, Volume 1, 6.2): one for everything (ECFG.VS = 0), one for TLB refills and
 * one for machine errors, which are entered in direct address mode at physical addresses.
 *
 * The hypervisor runs with interrupts masked but in cpu_wait(); every other exception is its own fault: the registers go
 * to this CPU's struct trap_frame and trap_panic() reports them.
 */
#include <hv/asm_offsets.h>
#include <hv/csr.h>
#include <hv/direct_map.h>

#define KIND_GENERAL 0
#define KIND_REFILL  1
#define KIND_ERROR   2

	/* t0 = this CPU's frame; t0 itself is in SAVE0. Fills it with the other registers. */
	.macro	save_registers
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	st.d	$r\n, $t0, \n * 8
	.endr
	csrrd	$t1, CSR_SAVE0
	st.d	$t1, $t0, 12 * 8
	csrrd	$t1, CSR_ESTAT
	st.d	$t1, $t0, FRAME_ESTAT
	csrrd	$t1, CSR_CRMD
	st.d	$t1, $t0, FRAME_CRMD
	.endm

	/* The frame is complete: report, on the stack from its top, in the cached window. */
	.macro	report kind
	move	$a0, $t0
	li.w	$a1, \kind
	ld.d	$sp, $t0, FRAME_STACK
	move	$fp, $zero
	bl	trap_panic
	.endm

	/* From direct address mode into the cached window, as start.S does. */
	.macro	leave_direct_mode
	li.d	$t2, DIRECT_MAP_BASE
	la.pcrel $t1, 1f
	or	$t1, $t1, $t2
	jirl	$zero, $t1, 0
1:	li.w	$t1, CRMD_RUN
	csrwr	$t1, CSR_CRMD
	.endm

	.text
	.balign 4096
	.global exception_entry
exception_entry:
	csrwr	$t0, CSR_SAVE0
	csrrd	$t0, CSR_ESTAT
	bstrpick.d $t0, $t0, 21, 16	/* ECODE */
	bnez	$t0, 1f
	/* An interrupt: taken in cpu_wait() and nowhere else. It ends the wait and is not acknowledged here. */
	la.pcrel $t0, cpu_wait_end
	csrwr	$t0, CSR_ERA
	li.w	$t0, PRMD_PIE
	csrxchg	$zero, $t0, CSR_PRMD
	csrrd	$t0, CSR_SAVE0
	ertn
1:	csrrd	$t0, CSR_SAVE1
	save_registers
	csrrd	$t1, CSR_ERA
	st.d	$t1, $t0, FRAME_ERA
	csrrd	$t1, CSR_BADV
	st.d	$t1, $t0, FRAME_BADV
	report	KIND_GENERAL

	/* An address outside the windows. Nothing of the hypervisor's is translated by the TLB. */
	.balign 4096
	.global refill_entry
refill_entry:
	csrwr	$t0, CSR_SAVE0
	csrrd	$t0, CSR_SAVE1
	bstrpick.d $t0, $t0, 47, 0
	save_registers
	csrrd	$t1, CSR_TLBRERA
	bstrins.d $t1, $zero, 1, 0	/* flags */
	st.d	$t1, $t0, FRAME_ERA
	csrrd	$t1, CSR_TLBRBADV
	st.d	$t1, $t0, FRAME_BADV
	leave_direct_mode
	csrrd	$t0, CSR_SAVE1
	report	KIND_REFILL

	.balign 4096
	.global error_entry
error_entry:
	csrwr	$t0, CSR_SAVE0
	csrrd	$t0, CSR_SAVE1
	bstrpick.d $t0, $t0, 47, 0
	save_registers
	csrrd	$t1, CSR_MERRERA
	st.d	$t1, $t0, FRAME_ERA
	csrrd	$t1, CSR_MERRCTL
	st.d	$t1, $t0, FRAME_BADV
	leave_direct_mode
	csrrd	$t0, CSR_SAVE1
	report	KIND_ERROR

/*
 * void cpu_wait(void): until an interrupt this CPU listens to is pending; interrupts are masked before and after. One that
 * comes between the first two instructions is taken at once and skips the wait.
 */
	.global cpu_wait
cpu_wait:
	li.w	$t0, CRMD_IE
	csrxchg	$t0, $t0, CSR_CRMD
	idle	0
cpu_wait_end:
	li.w	$t0, CRMD_IE
	csrxchg	$zero, $t0, CSR_CRMD
	jirl	$zero, $ra, 0

/* _Noreturn void stack_restart(void *stack_top, void (*fn)(void)): abandons the current call chain. */
	.global stack_restart
stack_restart:
	move	$sp, $a0
	move	$fp, $zero
	move	$ra, $zero
	jirl	$zero, $a1, 0
