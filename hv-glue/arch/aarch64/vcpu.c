// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vCPUs: EL2 controls that stay constant on a CPU, the state a vCPU starts from, and the ways in
 * and out of the guest.
 *
 * A vCPU is pinned to its CPU for good, so there is no world switch: EL1, FP and timer registers
 * live in the hardware across exits, and HCR_EL2, VTTBR_EL2 and the rest below are written once per
 * zone start.
 */
#include <hv/cpu.h>
#include <hv/asm_offsets.h>
#include <hv/sysreg.h>

_Static_assert(offsetof(struct guest_regs, x[30]) == REGS_X30, "vectors.S");
_Static_assert(offsetof(struct guest_regs, elr) == REGS_ELR, "vectors.S");
_Static_assert(offsetof(struct guest_regs, spsr) == REGS_SPSR, "vectors.S");
_Static_assert(sizeof(struct guest_regs) == REGS_SIZE, "vectors.S");

/* Features whose EL2 controls exist only when the feature does (Arm ARM D24.2, ID registers). */
#define ISAR1_PAC (MASK64(31, 24) | MASK64(11, 4))
#define ISAR2_PAC MASK64(15, 8)
#define MMFR1_LOR MASK64(19, 16)
#define MMFR1_HCX MASK64(43, 40)
#define DFR0_PMU  MASK64(11, 8)
#define DFR0_SPE  MASK64(35, 32)
#define DFR0_TRF  MASK64(43, 40)
#define PFR0_RAS  MASK64(31, 28)
#define PFR0_AMU  MASK64(47, 44)

static uint64_t hcr_value(void)
{
	uint64_t hcr = HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TID3 | HCR_TSC |
		       HCR_TIDCP | HCR_TACR | HCR_RW;

	/* Pointer authentication needs no help from EL2 but the permission. */
	if ((sysreg_read(id_aa64isar1_el1) & ISAR1_PAC) ||
	    (sysreg_read(S3_0_C0_C6_2 /* ID_AA64ISAR2_EL1 */) & ISAR2_PAC))
		hcr |= HCR_APK | HCR_API;
	if (sysreg_read(id_aa64mmfr1_el1) & MMFR1_LOR)
		hcr |= HCR_TLOR;
	if (sysreg_read(id_aa64pfr0_el1) & PFR0_RAS)
		hcr |= HCR_TERR;
	return hcr;
}

void cpu_init_el2(void)
{
	uint64_t dfr0 = sysreg_read(id_aa64dfr0_el1), mdcr = 0, cptr = CPTR_RES1_AND_TRAPS;
	uint64_t pmu = FIELD_GET(DFR0_PMU, dfr0);

	sysreg_write(vbar_el2, el2_vectors);
	if (pmu && pmu != 0xf)
		mdcr |= (sysreg_read(pmcr_el0) >> 11 & MDCR_HPMN) | MDCR_TPM | MDCR_TPMCR;
	if (FIELD_GET(DFR0_SPE, dfr0))
		mdcr |= MDCR_TPMS;
	if (FIELD_GET(DFR0_TRF, dfr0))
		mdcr |= MDCR_TTRF;
	sysreg_write(mdcr_el2, mdcr);
	cptr |= CPTR_TTA;
	if (FIELD_GET(PFR0_AMU, sysreg_read(id_aa64pfr0_el1)))
		cptr |= CPTR_TAM;
	sysreg_write(cptr_el2, cptr);
	/* No fine-grained or extended control may be left on by firmware. */
	if (FIELD_GET(MMFR1_HCX, sysreg_read(id_aa64mmfr1_el1)))
		sysreg_write(S3_4_C1_C2_2 /* HCRX_EL2 */, 0);
	sysreg_write(cnthctl_el2, CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN);
	sysreg_write(cntvoff_el2, 0);
	sysreg_write(hstr_el2, 0);
	sysreg_write(vpidr_el2, sysreg_read(midr_el1));
	sysreg_write(hcr_el2, hcr_value());
	isb();
	arch_timer_program(UINT64_MAX);
}

/* What a PE out of reset has at EL1 (R_... "architecturally UNKNOWN" registers are zeroed: nothing
 * leaks between runs). */
void vcpu_reset_el1(struct vcpu *v)
{
	sysreg_write(vmpidr_el2, BIT64(31) | vgic_vcpu_affinity(v->index));
	sysreg_write(sctlr_el1, 0x30d00800);
	sysreg_write(actlr_el1, 0);
	sysreg_write(cpacr_el1, 0);
	sysreg_write(ttbr0_el1, 0);
	sysreg_write(ttbr1_el1, 0);
	sysreg_write(tcr_el1, 0);
	sysreg_write(mair_el1, 0);
	sysreg_write(amair_el1, 0);
	sysreg_write(vbar_el1, 0);
	sysreg_write(esr_el1, 0);
	sysreg_write(far_el1, 0);
	sysreg_write(afsr0_el1, 0);
	sysreg_write(afsr1_el1, 0);
	sysreg_write(contextidr_el1, 0);
	sysreg_write(tpidr_el0, 0);
	sysreg_write(tpidrro_el0, 0);
	sysreg_write(tpidr_el1, 0);
	sysreg_write(sp_el0, 0);
	sysreg_write(sp_el1, 0);
	sysreg_write(elr_el1, 0);
	sysreg_write(spsr_el1, 0);
	sysreg_write(par_el1, 0);
	sysreg_write(csselr_el1, 0);
	sysreg_write(mdscr_el1, 0);
	sysreg_write(cntkctl_el1, 0);
	sysreg_write(cntv_ctl_el0, 0);
	sysreg_write(cntv_cval_el0, 0);
	sysreg_write(cntp_ctl_el0, 0);
	sysreg_write(cntp_cval_el0, 0);
	isb();
}

void vcpu_run(struct vcpu *v)
{
	stage2_load(v->arch);
	vcpu_reset_el1(v);
	vgic_vcpu_reset(v->arch->vgic, v->index);
	vgic_flush(v->arch->vgic, v->index);
	__asm__ volatile("ic iallu\n\tdsb nsh\n\tisb" : : : "memory");
	guest_enter(v->context, v->entry, SPSR_EL1H_MASKED, cpu_stack_top(v->cpu->index));
}

void vcpu_park(struct vcpu *v)
{
	sysreg_write(cntv_ctl_el0, 0);
	sysreg_write(cntp_ctl_el0, 0);
	isb();
	vgic_vcpu_reset(v->arch->vgic, v->index);
	__atomic_store_n(&v->in_guest, false, __ATOMIC_SEQ_CST);
	/* The zone's boot CPU may be waiting for this one to be gone. */
	if (v->index != 0)
		cpu_kick(v->zone->cpus[0]);
	stack_restart(cpu_stack_top(v->cpu->index), (void (*)(void))cpu_idle);
}

#define LOG_BURST     20u
#define LOG_REFILL_NS 1000000000ull

bool vcpu_may_log(struct vcpu *v)
{
	const uint64_t now = host_time_ns(), earned = (now - v->log_refilled) / LOG_REFILL_NS;

	if (earned) {
		v->log_lines = earned > LOG_BURST - v->log_lines ? LOG_BURST
								 : v->log_lines + (unsigned)earned;
		v->log_refilled = now;
	}
	if (!v->log_lines)
		return false;
	v->log_lines--;
	return true;
}

/*
 * Takes a synchronous exception to EL1 as the hardware would (Arm ARM D1.3, AArch64.TakeException):
 * condition flags and DIT stay, PAN and SSBS follow SCTLR_EL1.SPAN and DSSBS, the rest is cleared.
 */
static void inject_sync(struct guest_regs *r, uint64_t esr)
{
	const uint64_t sctlr = sysreg_read(sctlr_el1);
	uint64_t offset, spsr = (r->spsr & (SPSR_NZCV | SPSR_DIT | SPSR_PAN)) | SPSR_EL1H_MASKED;

	if (!(sctlr & SCTLR_EL1_SPAN))
		spsr |= SPSR_PAN;
	if (sctlr & SCTLR_EL1_DSSBS)
		spsr |= SPSR_SSBS;
	if ((r->spsr & (SPSR_AARCH32 | SPSR_EL)) == FIELD_PUT(SPSR_EL, 1))
		offset = r->spsr & SPSR_SPX ? 0x200 : 0;
	else
		offset = r->spsr & SPSR_AARCH32 ? 0x600 : 0x400;
	sysreg_write(elr_el1, r->elr);
	sysreg_write(spsr_el1, r->spsr);
	sysreg_write(esr_el1, esr);
	r->elr = sysreg_read(vbar_el1) + offset;
	r->spsr = spsr;
}

void inject_undefined(struct guest_regs *r)
{
	inject_sync(r, FIELD_PUT(ESR_EC, EC_UNKNOWN) | ESR_IL);
}

void inject_external_abort(struct guest_regs *r, bool instruction, bool on_walk, uint64_t far)
{
	const bool from_el1 = (r->spsr & (SPSR_AARCH32 | SPSR_EL)) == FIELD_PUT(SPSR_EL, 1);
	uint64_t ec;

	if (instruction)
		ec = from_el1 ? EC_IABT_SAME : EC_IABT_LOWER;
	else
		ec = from_el1 ? EC_DABT_SAME : EC_DABT_LOWER;
	sysreg_write(far_el1, far);
	/* 0x10: external abort, not on a walk; 0x17: on a walk of level 3. */
	inject_sync(r, FIELD_PUT(ESR_EC, ec) | ESR_IL | (on_walk ? 0x17 : FSC_EXTERNAL));
}
