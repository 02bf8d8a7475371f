// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a zone reads in the ID registers (Arm ARM DDI 0487, D24.2): an allowlist of fields.
 *
 * A field is shown when using the feature at EL1/EL0 needs nothing from EL2, or EL2 grants it for
 * good (pointer authentication). Everything else, and every register not listed, reads as "not
 * implemented", so that a guest never uses a feature whose state or traps nobody manages: SVE, SME,
 * MTE, RAS, PMU, SPE, trace, AMU, MPAM, nested virtualization, LS64, MOPS, TCR2 and so on.
 */
#include <hv/cpu.h>
#include <hv/sysreg.h>

#define ALL   (~(uint64_t)0)
/* The 4-bit field that begins at bit lo. */
#define F(lo) ((uint64_t)0xf << (lo))

/*
 * REGISTER(crm, op2, shown fields) of S3_0_C0_C<crm>_<op2>. AArch32 registers (crm 1 to 3) describe
 * EL0 only here; ID_DFR0_EL1 (1, 2) hides PMU and trace.
 */
/* clang-format off */
#define ID_REGISTERS(REGISTER)                                                                    \
	REGISTER(1, 0, ALL) REGISTER(1, 1, ALL) REGISTER(1, 2, ~MASK64(27, 12))                    \
	REGISTER(1, 3, 0)   REGISTER(1, 4, ALL) REGISTER(1, 5, ALL)                                \
	REGISTER(1, 6, ALL) REGISTER(1, 7, ALL)                                                    \
	REGISTER(2, 0, ALL) REGISTER(2, 1, ALL) REGISTER(2, 2, ALL) REGISTER(2, 3, ALL)            \
	REGISTER(2, 4, ALL) REGISTER(2, 5, ALL) REGISTER(2, 6, ALL) REGISTER(2, 7, ALL)            \
	REGISTER(3, 0, ALL) REGISTER(3, 1, ALL) REGISTER(3, 2, ALL) REGISTER(3, 4, ALL)            \
	REGISTER(3, 5, 0)   REGISTER(3, 6, ALL)                                                    \
	/* ID_AA64PFR0: EL0, EL1, FP, AdvSIMD, GIC, DIT, CSV2, CSV3 */                             \
	REGISTER(4, 0, F(0) | F(4) | F(16) | F(20) | F(24) | F(48) | F(56) | F(60))                \
	/* ID_AA64PFR1: BT, SSBS */                                                                \
	REGISTER(4, 1, F(0) | F(4))                                                                \
	/* ID_AA64DFR0: DebugVer, BRPs, WRPs, CTX_CMPs, DoubleLock */                              \
	REGISTER(5, 0, F(0) | F(12) | F(20) | F(28) | F(36))                                       \
	/* ID_AA64ISAR0: all but TME */                                                            \
	REGISTER(6, 0, ALL & ~F(0) & ~F(24))                                                       \
	/* ID_AA64ISAR1: all but XS and LS64 */                                                    \
	REGISTER(6, 1, ALL & ~F(56) & ~F(60))                                                      \
	/* ID_AA64ISAR2: RPRES, GPA3, APA3, BC, PAC_frac */                                        \
	REGISTER(6, 2, F(4) | F(8) | F(12) | F(20) | F(24))                                        \
	/* ID_AA64MMFR0: PARange, ASIDBits, BigEnd, BigEndEL0, TGran16, TGran64, TGran4 */         \
	REGISTER(7, 0, F(0) | F(4) | F(8) | F(16) | F(20) | F(24) | F(28))                         \
	/* ID_AA64MMFR1: HAFDBS, HPDS, PAN, ETS, AFP, nTLBPA */                                    \
	REGISTER(7, 1, F(0) | F(12) | F(20) | F(36) | F(44) | F(48))                               \
	/* ID_AA64MMFR2: CnP, UAO, LSM, VARange, CCIDX, ST, AT, IDS, TTL, BBM, E0PD */             \
	REGISTER(7, 2, F(0) | F(4) | F(8) | F(16) | F(20) | F(28) | F(32) | F(36) | F(48) | F(52) | \
		       F(60))
/* clang-format on */

/* Shown fields whose larger values would promise more than there is. */
static const struct cap {
	uint8_t crm, op2, lo, max;
	bool is_signed; /* 0xf is "not implemented", not large */
} caps[] = {
	{ 4, 0, 24, 1, false }, /* GIC system registers of version 3 */
	{ 4, 0, 56, 1, false }, /* CSV2 without SCXTNUM_ELx */
	{ 7, 0, 0, 2, false },  /* PARange: the 40 bits stage 2 takes */
	{ 7, 0, 20, 1, false }, /* 16 KiB granule without LPA2 */
	{ 7, 0, 28, 0, true },  /* 4 KiB granule without LPA2 */
};

#define KEY(crm, op2) ((crm) * 8u + (op2))

/* What the hardware has, reduced to what is shown of it. */
static uint64_t shown_value(unsigned key)
{
#define READ(crm, op2, shown) \
	case KEY(crm, op2):   \
		return (shown) & sysreg_read(S3_0_C0_C##crm##_##op2);

	switch (key) {
		ID_REGISTERS(READ)
	default:
		return 0;
	}
#undef READ
}

uint64_t idreg_read(unsigned crm, unsigned op2)
{
	uint64_t value = shown_value(KEY(crm, op2));

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		const struct cap *c = &caps[i];
		const uint64_t field = value >> c->lo & 0xf;

		if (c->crm != crm || c->op2 != op2 || field <= c->max ||
		    (c->is_signed && field == 0xf))
			continue;
		value = (value & ~F(c->lo)) | (uint64_t)c->max << c->lo;
	}
	return value;
}
