// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Data aborts of a zone: decode the access, find who models the address, finish the instruction.
 *
 * An address nobody models, or an access the syndrome does not describe (pairs, SIMD, atomics to
 * device memory), is answered with a synchronous external abort, as a bus would.
 */
#include <hv/cpu.h>
#include <hv/layout.h>
#include <hv/sysreg.h>

static enum access_result dispatch(struct vcpu *v, gpa_t ipa, unsigned size, bool write,
				   uint64_t *value, enum exit_reason *why)
{
	struct zone_arch *a = v->arch;

	*why = EXIT_INTC;
	if (vgic_mmio(a->vgic, v->index, ipa, size, write, value) == ACCESS_DONE)
		return ACCESS_DONE;
	*why = EXIT_CONSOLE;
	if (a->vuart && range_inside(ipa, size, ZONE_UART_BASE, ZONE_UART_SIZE))
		return vuart_mmio(a->vuart, (unsigned)(ipa - ZONE_UART_BASE), size, write, value);
	*why = ipa >= ZONE_ECAM_BASE && ipa < ZONE_ECAM_BASE + ZONE_ECAM_BUSES * MIB
		       ? EXIT_PCI_CONFIG
		       : EXIT_PCI_BAR;
	if (vpci_mmio(v->zone->vpci, ipa, size, write, value) == ACCESS_DONE)
		return ACCESS_DONE;
	*why = EXIT_UNMAPPED;
	return ACCESS_NONE;
}

static void refuse(struct vcpu *v, struct guest_regs *r, uint64_t esr, gpa_t ipa)
{
	v->cpu->exits[EXIT_UNMAPPED]++;
	if (vcpu_may_log(v))
		host_log(LOG_WARN,
			 "zone %s vCPU %u: %s of unmapped 0x%lx at pc 0x%lx: abort given back",
			 v->zone->name, v->index, esr & ISS_WNR ? "write" : "read",
			 (unsigned long)ipa, (unsigned long)r->elr);
	inject_external_abort(r, false, esr & ISS_S1PTW, sysreg_read(far_el2));
}

static uint64_t extend(uint64_t value, unsigned size, uint64_t esr)
{
	const unsigned bits = 8 * size;

	if (size < 8)
		value &= BIT64(bits) - 1;
	if ((esr & ISS_SSE) && (value & BIT64(bits - 1))) {
		value |= bits < 64 ? ~(uint64_t)0 << bits : 0;
		if (!(esr & ISS_SF))
			value &= UINT32_MAX;
	}
	return value;
}

void trap_mmio(struct vcpu *v, struct guest_regs *r, uint64_t esr)
{
	const unsigned size = 1u << FIELD_GET(ISS_SAS, esr);
	const unsigned reg = (unsigned)FIELD_GET(ISS_SRT, esr);
	const bool write = esr & ISS_WNR;
	const bool translation = FIELD_GET(FSC_TYPE, FIELD_GET(ISS_FSC, esr)) == FSC_TRANSLATION;
	const gpa_t ipa = trap_fault_ipa();
	enum exit_reason why;
	uint64_t value = 0;

	if (esr & ISS_CM) { /* cache maintenance of a device address does nothing */
		r->elr += 4;
		return;
	}
	if (!translation || !(esr & ISS_ISV) || (esr & ISS_S1PTW)) {
		refuse(v, r, esr, ipa);
		return;
	}
	if (write && reg != 31)
		value = extend(r->x[reg], size, 0);
	if (dispatch(v, ipa, size, write, &value, &why) != ACCESS_DONE) {
		refuse(v, r, esr, ipa);
		return;
	}
	v->cpu->exits[why]++;
	if (!write && reg != 31)
		r->x[reg] = extend(value, size, esr);
	r->elr += 4;
}
