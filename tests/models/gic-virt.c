// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The virtual CPU interface of each CPU, and a guest that uses it: see gic.h. Arm IHI 0069H, 6 and
 * 12.4 (ICH). List register n: state [63:62], HW 61, group 60, priority [55:48], pINTID [44:32] or
 * EOI 41, vINTID [31:0].
 */
#include "gic.h"

#include "host.h"

#include <irq/gic-sysregs.h>
#include <postern/arch.h>
#include <string.h>

#define NESTING 32u

#define PENDING (1ull << 62)
#define ACTIVE  (1ull << 63)
#define HW      (1ull << 61)
#define EOI     (1ull << 41)

struct virt {
	uint64_t hcr, vmcr, lr[16], ap0r[4], ap1r[4];
	uint32_t running[NESTING]; /* vINTIDs the guest acknowledged and did not end */
	uint8_t priority[NESTING];
	unsigned depth;
};

static struct virt virt[MODEL_GIC_CPUS];
static unsigned list_regs, accesses;

void model_virt_reset(unsigned count)
{
	memset(virt, 0, sizeof(virt));
	list_regs = count;
	accesses = 0;
	/* Garbage a reset has to clear. */
	for (unsigned c = 0; c < MODEL_GIC_CPUS; c++) {
		virt[c].vmcr = 0xffull << 24;
		virt[c].ap1r[0] = 0xffff;
		virt[c].ap0r[0] = 0xffff;
	}
}

static struct virt *self(void)
{
	accesses++;
	return &virt[arch_cpu_index()];
}

static uint8_t lr_priority(uint64_t lr)
{
	return (uint8_t)(lr >> 48);
}

/* Pending and active does not count: it cannot be taken before it has ended. */
static bool lr_pending(uint64_t lr)
{
	return (lr & (PENDING | ACTIVE)) == PENDING;
}

static bool lr_eoi_waiting(uint64_t lr)
{
	return !(lr & (PENDING | ACTIVE | HW)) && lr & EOI;
}

/* ---- registers ------------------------------------------------------------------------------- */

uint64_t arch_ich_vtr_read(void)
{
	self();
	return (uint64_t)4 << 29 | (uint64_t)4 << 26 | (list_regs - 1); /* 5 bits of each */
}

uint64_t arch_ich_hcr_read(void)
{
	return self()->hcr;
}

void arch_ich_hcr_write(uint64_t value)
{
	self()->hcr = value;
}

uint64_t arch_ich_vmcr_read(void)
{
	return self()->vmcr;
}

void arch_ich_vmcr_write(uint64_t value)
{
	self()->vmcr = value;
}

uint64_t arch_ich_elrsr_read(void)
{
	const struct virt *v = self();
	uint64_t empty = 0;

	for (unsigned n = 0; n < list_regs; n++)
		if (!(v->lr[n] & (PENDING | ACTIVE)) && !lr_eoi_waiting(v->lr[n]))
			empty |= 1ull << n;
	return empty;
}

uint64_t arch_ich_lr_read(unsigned n)
{
	if (n >= list_regs) {
		model_fail("ICH_LR%u read, there are %u", n, list_regs);
		return 0;
	}
	return self()->lr[n];
}

void arch_ich_lr_write(unsigned n, uint64_t value)
{
	struct virt *v = self();

	if (n >= list_regs) {
		model_fail("ICH_LR%u written, there are %u", n, list_regs);
		return;
	}
	v->lr[n] = value;
	if (!(value & (PENDING | ACTIVE)))
		return;
	if ((value & (HW | PENDING | ACTIVE)) == (HW | PENDING | ACTIVE))
		model_fail("ICH_LR%u: pending and active with HW = 1", n);
	for (unsigned i = 0; i < list_regs; i++)
		if (i != n && v->lr[i] & (PENDING | ACTIVE) &&
		    (uint32_t)v->lr[i] == (uint32_t)value)
			model_fail("vINTID %u in two list registers", (uint32_t)value);
}

static void apr_write(uint64_t *apr, unsigned n, uint64_t value)
{
	/* 5 preemption bits: one register. */
	if (n > 0)
		model_fail("active priority register %u does not exist", n);
	apr[0] = value;
}

void arch_ich_ap0r_write(unsigned n, uint64_t value)
{
	apr_write(self()->ap0r, n, value);
}

void arch_ich_ap1r_write(unsigned n, uint64_t value)
{
	struct virt *v = self();

	apr_write(v->ap1r, n, value);
	if (!value)
		v->depth = 0;
}

/* ---- the guest ------------------------------------------------------------------------------- */

uint32_t model_guest_ack(unsigned cpu)
{
	struct virt *v = &virt[cpu];
	unsigned best = v->depth ? v->priority[v->depth - 1] : 256;
	uint64_t *lr = NULL;

	if (!(v->hcr & 1))
		return MODEL_SPURIOUS;
	for (unsigned n = 0; n < list_regs; n++) {
		if (!lr_pending(v->lr[n]) || lr_priority(v->lr[n]) >= best)
			continue;
		best = lr_priority(v->lr[n]);
		lr = &v->lr[n];
	}
	if (!lr)
		return MODEL_SPURIOUS;
	*lr = (*lr & ~PENDING) | ACTIVE;
	v->running[v->depth] = (uint32_t)*lr;
	v->priority[v->depth++] = lr_priority(*lr);
	return (uint32_t)*lr;
}

void model_guest_eoi(unsigned cpu, uint32_t vintid)
{
	struct virt *v = &virt[cpu];

	if (!v->depth)
		model_fail("the guest ends INTID %u and none runs", vintid);
	v->depth--;
	for (unsigned n = 0; n < list_regs; n++) {
		if (!(v->lr[n] & ACTIVE) || (uint32_t)v->lr[n] != vintid)
			continue;
		v->lr[n] &= ~ACTIVE;
		if (v->lr[n] & HW)
			model_gic_deactivate(cpu, v->lr[n] >> 32 & 0x1fff);
		return;
	}
	if (v->hcr >> 27 < 31)
		v->hcr += 1ull << 27;
}

uint32_t model_guest_take(unsigned cpu)
{
	uint32_t vintid = model_guest_ack(cpu);

	if (vintid != MODEL_SPURIOUS)
		model_guest_eoi(cpu, vintid);
	return vintid;
}

unsigned model_lr_valid(unsigned cpu)
{
	unsigned valid = 0;

	for (unsigned n = 0; n < list_regs; n++)
		valid += (virt[cpu].lr[n] & (PENDING | ACTIVE)) != 0;
	return valid;
}

bool model_maintenance(unsigned cpu)
{
	const struct virt *v = &virt[cpu];
	bool pending = false, ended = false;

	for (unsigned n = 0; n < list_regs; n++) {
		pending |= lr_pending(v->lr[n]);
		ended |= lr_eoi_waiting(v->lr[n]);
	}
	return v->hcr & 1 &&
	       (ended || (v->hcr & 1u << 3 && !pending) || (v->hcr & 1u << 2 && v->hcr >> 27) ||
		(v->hcr & 1u << 1 && model_lr_valid(cpu) <= 1));
}

uint64_t model_ich_vmcr(unsigned cpu)
{
	return virt[cpu].vmcr;
}

uint64_t model_ich_hcr(unsigned cpu)
{
	return virt[cpu].hcr;
}

unsigned model_ich_accesses(void)
{
	return accesses;
}
