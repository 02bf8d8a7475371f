// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hypervisor's own faults: say what and where, stop this CPU; the others go on. vectors.S fills
 * the frame. Exception codes: LoongArch Reference Manual, Volume 1, table 21 in 7.4.6.
 */
#include <hv/asm_offsets.h>
#include <hv/cpu.h>
#include <hv/csr.h>
#include <postern/string.h>

_Static_assert(offsetof(struct trap_frame, stack) == FRAME_STACK, "vectors.S");
_Static_assert(offsetof(struct trap_frame, era) == FRAME_ERA, "vectors.S");
_Static_assert(offsetof(struct trap_frame, badv) == FRAME_BADV, "vectors.S");
_Static_assert(offsetof(struct trap_frame, estat) == FRAME_ESTAT, "vectors.S");
_Static_assert(offsetof(struct trap_frame, crmd) == FRAME_CRMD, "vectors.S");

enum trap_kind { TRAP_GENERAL, TRAP_REFILL, TRAP_ERROR };

_Noreturn void trap_panic(const struct trap_frame *f, unsigned kind);

static const char *const general_names[] = {
	[0x1] = "load from an invalid page",
	[0x2] = "store to an invalid page",
	[0x3] = "fetch from an invalid page",
	[0x4] = "store to a read-only page",
	[0x7] = "privilege of a page",
	[0x8] = "address error",
	[0x9] = "misaligned access",
	[0xb] = "system call",
	[0xc] = "breakpoint",
	[0xd] = "instruction does not exist",
	[0xe] = "instruction not allowed",
	[0xf] = "floating point is off",
};

static const char *describe(const struct trap_frame *f, unsigned kind)
{
	const uint64_t code = FIELD_GET(ESTAT_ECODE, f->estat);

	if (kind == TRAP_REFILL)
		return "address outside every window";
	if (kind == TRAP_ERROR)
		return "machine error";
	return code < ARRAY_SIZE(general_names) && general_names[code] ? general_names[code]
								       : "unknown exception";
}

static void log_registers(const struct trap_frame *f)
{
	char text[112];

	for (unsigned i = 0; i < ARRAY_SIZE(f->r); i += 4) {
		size_t length = 0;

		for (unsigned n = i; n < i + 4; n++)
			length += (size_t)format_text(text + length, sizeof(text) - length,
						      "%sr%-2u %016lx", n == i ? "" : "  ", n,
						      (unsigned long)f->r[n]);
		host_log(LOG_ERROR, "    %s", text);
	}
}

_Noreturn void trap_panic(const struct trap_frame *f, unsigned kind)
{
	extern char __image_start[];
	const uint64_t image = (uint64_t)(uintptr_t)__image_start;

	console_emergency();
	host_log(
		LOG_ERROR,
		"hypervisor fault on CPU %u: %s (ESTAT 0x%lx) at 0x%lx (image+0x%lx) address 0x%lx: CPU stopped",
		cpu_self()->index, describe(f, kind), (unsigned long)f->estat,
		(unsigned long)f->era, (unsigned long)(f->era - image), (unsigned long)f->badv);
	log_registers(f);
	csr_write(CSR_ECFG, 0);
	for (;;)
		cpu_wait();
}
