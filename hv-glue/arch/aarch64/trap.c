// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exits from a zone, first decision. A guest's mistake gets the architected answer (invariant V4);
 * nothing here halts the hypervisor but a fault of its own.
 */
#include <hv/cpu.h>
#include <hv/sysreg.h>
#include <irq/gic-v3.h>

enum exit_kind { EXIT_SYNC, EXIT_IRQ, EXIT_FIQ, EXIT_SERROR };

gpa_t trap_fault_ipa(void)
{
	/* HPFAR_EL2.FIPA[47:4] holds IPA[55:12]; the page offset is in FAR_EL2. */
	return (sysreg_read(hpfar_el2) & MASK64(47, 4)) << 8 | (sysreg_read(far_el2) & PAGE_MASK);
}

static void trap_instruction_abort(struct vcpu *v, struct guest_regs *r, uint64_t esr)
{
	v->cpu->exits[EXIT_UNMAPPED]++;
	if (vcpu_may_log(v))
		host_log(
			LOG_WARN,
			"zone %s vCPU %u: instruction fetch from unmapped 0x%lx at pc 0x%lx: abort given back",
			v->zone->name, v->index, (unsigned long)trap_fault_ipa(),
			(unsigned long)r->elr);
	inject_external_abort(r, true, esr & ISS_S1PTW, sysreg_read(far_el2));
}

static void trap_sync(struct vcpu *v, struct guest_regs *r)
{
	const uint64_t esr = sysreg_read(esr_el2);

	switch (FIELD_GET(ESR_EC, esr)) {
	case EC_DABT_LOWER:
		trap_mmio(v, r, esr);
		break;
	case EC_IABT_LOWER:
		trap_instruction_abort(v, r, esr);
		break;
	case EC_SYSREG:
		trap_sysreg(v, r, esr);
		break;
	case EC_SMC64:
		r->elr += 4; /* a trapped SMC has not been stepped over, unlike HVC */
		trap_firmware(v, r);
		break;
	case EC_HVC64:
		trap_firmware(v, r);
		break;
	case EC_WFX:
		r->elr += 4;
		v->cpu->exits[EXIT_OTHER]++;
		break;
	default:
		/* SVE, SME and whatever else is hidden from the guest. */
		v->cpu->exits[EXIT_OTHER]++;
		inject_undefined(r);
		break;
	}
}

/* A bus error arrived while the zone ran: it belongs to the zone, which gets a virtual SError. */
static void trap_serror(struct vcpu *v)
{
	if (vcpu_may_log(v))
		host_log(LOG_ERROR,
			 "zone %s vCPU %u: bus error (SError, ESR 0x%lx) given to the zone",
			 v->zone->name, v->index, (unsigned long)sysreg_read(esr_el2));
	sysreg_write(hcr_el2, sysreg_read(hcr_el2) | HCR_VSE);
}

void trap_handle(struct guest_regs *r, unsigned kind)
{
	struct cpu *self = cpu_self();
	struct vcpu *v = self->vcpu;

	v->regs = r;
	switch ((enum exit_kind)kind) {
	case EXIT_SYNC:
		trap_sync(v, r);
		break;
	case EXIT_IRQ:
	case EXIT_FIQ:
		irq_dispatch(self, v);
		break;
	case EXIT_SERROR:
		trap_serror(v);
		self->exits[EXIT_OTHER]++;
		break;
	}
	if (__atomic_load_n(&v->arch->halt, __ATOMIC_ACQUIRE))
		vcpu_park(v);
	vgic_flush(v->arch->vgic, v->index);
}

/* The hypervisor's own fault: say where and stop this CPU. Other CPUs and their zones go on. */
_Noreturn void trap_panic(unsigned kind, uint64_t esr, uint64_t elr, uint64_t far)
{
	extern char __image_start[];
	struct cpu *self = cpu_self();

	console_emergency();
	host_log(
		LOG_ERROR,
		"hypervisor fault on CPU %u: vector %u ESR 0x%lx at image+0x%lx address 0x%lx: CPU stopped",
		self->index, kind, (unsigned long)esr,
		(unsigned long)(elr - (uint64_t)__image_start), (unsigned long)far);
	for (;;)
		__asm__ volatile("wfi");
}
