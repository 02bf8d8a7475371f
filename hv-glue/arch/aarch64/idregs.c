// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a zone reads in the ID registers (Arm ARM DDI 0487, D24.2): an allowlist of fields.
 *
 * A field is shown when using the feature at EL1/EL0 needs nothing from EL2, or EL2 grants it for good (pointer
 * authentication). Everything else, and every register not listed, reads as "not implemented", so that a guest never
 * uses a feature whose state or traps nobody manages: SVE, SME, MTE, RAS, PMU, SPE, trace, AMU, MPAM, nested
 * virtualization, LS64, MOPS, TCR2 and so on.
 */
#include <hv/cpu.h>
#include <hv/sysreg.h>

/* A 4-bit field at bit `lo`, shown with at most the value `max`. */
struct field {
	uint8_t crm, op2, lo, max;
	bool is_signed; /* 0xf means "not implemented" */
};

#define SHOW(crm, op2, lo)	{ crm, op2, lo, 0xf, false }
#define CAP(crm, op2, lo, max)	{ crm, op2, lo, max, false }
#define SIGNED(crm, op2, lo)	{ crm, op2, lo, 0xf, true }

static const struct field fields[] = {
	/* ID_AA64PFR0_EL1: EL0, EL1, FP, AdvSIMD, GIC system registers v3, DIT, CSV2 (no SCXTNUM), CSV3 */
	SHOW(4, 0, 0), SHOW(4, 0, 4), SIGNED(4, 0, 16), SIGNED(4, 0, 20), CAP(4, 0, 24, 1),
	SHOW(4, 0, 48), CAP(4, 0, 56, 1), SHOW(4, 0, 60),
	/* ID_AA64PFR1_EL1: BT, SSBS */
	SHOW(4, 1, 0), SHOW(4, 1, 4),
	/* ID_AA64DFR0_EL1: DebugVer, BRPs, WRPs, CTX_CMPs, DoubleLock */
	SHOW(5, 0, 0), SHOW(5, 0, 12), SHOW(5, 0, 20), SHOW(5, 0, 28), SIGNED(5, 0, 36),
	/* ID_AA64ISAR0_EL1: all but TME */
	SHOW(6, 0, 4), SHOW(6, 0, 8), SHOW(6, 0, 12), SHOW(6, 0, 16), SHOW(6, 0, 20),
	SHOW(6, 0, 28), SHOW(6, 0, 32), SHOW(6, 0, 36), SHOW(6, 0, 40), SHOW(6, 0, 44),
	SHOW(6, 0, 48), SHOW(6, 0, 52), SHOW(6, 0, 56), SHOW(6, 0, 60),
	/* ID_AA64ISAR1_EL1: all but XS and LS64 */
	SHOW(6, 1, 0), SHOW(6, 1, 4), SHOW(6, 1, 8), SHOW(6, 1, 12), SHOW(6, 1, 16),
	SHOW(6, 1, 20), SHOW(6, 1, 24), SHOW(6, 1, 28), SHOW(6, 1, 32), SHOW(6, 1, 36),
	SHOW(6, 1, 40), SHOW(6, 1, 44), SHOW(6, 1, 48), SHOW(6, 1, 52),
	/* ID_AA64ISAR2_EL1: RPRES, GPA3, APA3, BC, PAC_frac */
	SHOW(6, 2, 4), SHOW(6, 2, 8), SHOW(6, 2, 12), SHOW(6, 2, 20), SHOW(6, 2, 24),
	/* ID_AA64MMFR0_EL1: PARange up to the 40 bits of stage 2, ASIDBits, BigEnd, BigEndEL0, granules without LPA2 */
	CAP(7, 0, 0, 2), SHOW(7, 0, 4), SHOW(7, 0, 8), SHOW(7, 0, 16), CAP(7, 0, 20, 1),
	SIGNED(7, 0, 24), { 7, 0, 28, 0, true },
	/* ID_AA64MMFR1_EL1: HAFDBS, HPDS, PAN, ETS, AFP, nTLBPA */
	SHOW(7, 1, 0), SHOW(7, 1, 12), SHOW(7, 1, 20), SHOW(7, 1, 36), SHOW(7, 1, 44),
	SHOW(7, 1, 48),
	/* ID_AA64MMFR2_EL1: CnP, UAO, LSM, VARange, CCIDX, ST, AT, IDS, TTL, BBM, E0PD */
	SHOW(7, 2, 0), SHOW(7, 2, 4), SHOW(7, 2, 8), SHOW(7, 2, 16), SHOW(7, 2, 20),
	SHOW(7, 2, 28), SHOW(7, 2, 32), SHOW(7, 2, 36), SHOW(7, 2, 48), SHOW(7, 2, 52),
	SHOW(7, 2, 60),
};

/* AArch32 registers (CRm 1..3) describe EL0 only here; the PMU and trace fields of ID_DFR0_EL1 are hidden. */
#define AARCH32_DFR0_HIDDEN (MASK64(27, 12))

static uint64_t hardware_value(unsigned crm, unsigned op2)
{
#define ID(c, o)            \
	case (c) * 8 + (o): \
		return sysreg_read(S3_0_C0_C##c##_##o);
	switch (crm * 8 + op2) {
		ID(1, 0) ID(1, 1) ID(1, 2) ID(1, 3) ID(1, 4) ID(1, 5) ID(1, 6) ID(1, 7)
		ID(2, 0) ID(2, 1) ID(2, 2) ID(2, 3) ID(2, 4) ID(2, 5) ID(2, 6) ID(2, 7)
		ID(3, 0) ID(3, 1) ID(3, 2) ID(3, 4) ID(3, 5) ID(3, 6)
		ID(4, 0) ID(4, 1)
		ID(5, 0)
		ID(6, 0) ID(6, 1) ID(6, 2)
		ID(7, 0) ID(7, 1) ID(7, 2)
	default:
		return 0;
	}
#undef ID
}

uint64_t idreg_read(unsigned crm, unsigned op2)
{
	const uint64_t hw = hardware_value(crm, op2);
	uint64_t shown = 0;

	if (crm == 1 && op2 == 2)
		return hw & ~AARCH32_DFR0_HIDDEN;
	if (crm < 4)
		return hw;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];
		uint64_t value = hw >> f->lo & 0xf;

		if (f->crm != crm || f->op2 != op2)
			continue;
		if (value > f->max && !(f->is_signed && value == 0xf))
			value = f->max;
		shown |= value << f->lo;
	}
	return shown;
}
