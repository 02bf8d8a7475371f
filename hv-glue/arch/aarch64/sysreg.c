// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trapped system registers: ID registers, SGI generation, and the answer to all others (undefined
 * instruction).
 */
#include <hv/cpu.h>
#include <hv/sysreg.h>

/* The fields of the syndrome that name the register, packed the same way. */
#define SYSREG(op0, op1, crn, crm, op2)                                                            \
	(FIELD_PUT(ISS_SYS_OP0, op0) | FIELD_PUT(ISS_SYS_OP1, op1) | FIELD_PUT(ISS_SYS_CRN, crn) | \
	 FIELD_PUT(ISS_SYS_CRM, crm) | FIELD_PUT(ISS_SYS_OP2, op2))
#define SYSREG_MASK SYSREG(3, 7, 15, 15, 7)

#define ICC_SGI1R  SYSREG(3, 0, 12, 11, 5)
#define ICC_ASGI1R SYSREG(3, 0, 12, 11, 6)
#define ICC_SGI0R  SYSREG(3, 0, 12, 11, 7)
#define ACTLR_EL1  SYSREG(3, 0, 1, 0, 1)

/* Op0 3, op1 0, CRn 0, CRm 1..7: the ID registers HCR_EL2.TID3 traps. */
static bool is_id_register(uint64_t reg)
{
	const uint64_t crm = FIELD_GET(ISS_SYS_CRM, reg);

	return (reg & ~(ISS_SYS_CRM | ISS_SYS_OP2)) == SYSREG(3, 0, 0, 0, 0) && crm >= 1 &&
	       crm <= 7;
}

static bool emulate_write(struct vcpu *v, uint64_t reg, uint64_t value)
{
	switch (reg) {
	case ICC_SGI1R:
		v->cpu->exits[EXIT_SGI]++;
		vgic_write_sgi1r(v->arch->vgic, v->index, value);
		return true;
	case ICC_SGI0R:
	case ICC_ASGI1R:
		v->cpu->exits[EXIT_SGI]++;
		vgic_write_sgi0r(v->arch->vgic, v->index, value);
		return true;
	case ACTLR_EL1: /* implementation defined: writes are ignored */
		v->cpu->exits[EXIT_SYSREG]++;
		return true;
	default:
		return false;
	}
}

static bool emulate_read(struct vcpu *v, uint64_t reg, uint64_t *value)
{
	v->cpu->exits[EXIT_SYSREG]++;
	if (is_id_register(reg)) {
		*value = idreg_read((unsigned)FIELD_GET(ISS_SYS_CRM, reg),
				    (unsigned)FIELD_GET(ISS_SYS_OP2, reg));
		return true;
	}
	if (reg == ACTLR_EL1) {
		*value = 0;
		return true;
	}
	return false;
}

void trap_sysreg(struct vcpu *v, struct guest_regs *r, uint64_t esr)
{
	const uint64_t reg = esr & SYSREG_MASK;
	const unsigned rt = (unsigned)FIELD_GET(ISS_SYS_RT, esr);
	uint64_t value = rt == 31 ? 0 : r->x[rt];
	bool done;

	if (esr & ISS_SYS_READ)
		done = emulate_read(v, reg, &value);
	else
		done = emulate_write(v, reg, value);
	if (!done) {
		if (vcpu_may_log(v))
			host_log(
				LOG_DEBUG,
				"zone %s vCPU %u: system register S%u_%u_C%u_C%u_%u is not there: undefined",
				v->zone->name, v->index, (unsigned)FIELD_GET(ISS_SYS_OP0, reg),
				(unsigned)FIELD_GET(ISS_SYS_OP1, reg),
				(unsigned)FIELD_GET(ISS_SYS_CRN, reg),
				(unsigned)FIELD_GET(ISS_SYS_CRM, reg),
				(unsigned)FIELD_GET(ISS_SYS_OP2, reg));
		inject_undefined(r);
		return;
	}
	if ((esr & ISS_SYS_READ) && rt != 31)
		r->x[rt] = value;
	r->elr += 4;
}
