// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The registers with one field per interrupt, which the distributor and a redistributor's SGI frame
 * have at the same offsets: groups, enables, pending, active, priority, trigger. Arm IHI 0069H,
 * 12.9 and 12.11.
 *
 * Registers with a bit or two per interrupt take 32-bit accesses only; priorities also single
 * bytes. A field of an interrupt that does not exist reads 0 and ignores writes.
 *
 * State that may sit in list registers is settled before it is read and after it is taken away, so
 * that a guest that disables an interrupt of another vCPU does not get it afterwards.
 *
 * Locking: takes vgic->lock; called without it.
 */
#include "vgic-v3-internal.h"

enum bit_reg {
	REG_GROUP,
	REG_SET_ENABLE,
	REG_CLEAR_ENABLE,
	REG_SET_PENDING,
	REG_CLEAR_PENDING,
	REG_SET_ACTIVE,
	REG_CLEAR_ACTIVE,
	BIT_REGS
};
#define BIT_REG_BYTES 0x80u /* 1024 interrupts */

_Static_assert(GICD_IGROUPR + REG_CLEAR_ACTIVE * BIT_REG_BYTES == GICD_ICACTIVER,
	       "enum bit_reg follows the register map");

#define PRIORITY_END (GICD_IPRIORITYR + 0x400u)
#define ICFGR_END    (GICD_ICFGR + 0x100u)

/* The interrupts a register access is about. */
struct span {
	struct vgic *g;
	unsigned frame_vcpu;
	uint32_t first, count; /* fields of the access */
	uint32_t low, high;    /* INTIDs the frame has: [low, high) */
};

static struct vgic_irq *span_irq(const struct span *s, uint32_t i)
{
	uint32_t intid = s->first + i;

	return intid >= s->low && intid < s->high ? vgic_irq_find(s->g, s->frame_vcpu, intid)
						  : NULL;
}

static bool bit_reg_bit(const struct vgic *g, enum bit_reg reg, const struct vgic_irq *irq)
{
	switch (reg) {
	case REG_GROUP:
		return irq->group1;
	case REG_SET_ENABLE:
	case REG_CLEAR_ENABLE:
		return irq->enabled;
	case REG_SET_PENDING:
	case REG_CLEAR_PENDING:
		return vgic_irq_shows_pending(g, irq);
	case REG_SET_ACTIVE:
	case REG_CLEAR_ACTIVE:
		return vgic_irq_shows_active(g, irq);
	case BIT_REGS:
		break;
	}
	return false;
}

/* vCPUs that have one of the interrupts in a list register; they are marked. Lock held. */
static uint32_t holders(const struct span *s, uint32_t bits)
{
	uint32_t vcpus = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		struct vgic_irq *irq = span_irq(s, i);

		if (irq && bits & BIT32(i) && irq->lr >= 0) {
			vcpus |= BIT32(irq->vcpu);
			vgic_vcpu_mark(s->g, irq->vcpu);
		}
	}
	return vcpus;
}

static uint32_t bit_reg_read(const struct span *s, unsigned vcpu, enum bit_reg reg)
{
	uint32_t value = 0, vcpus;

	if (reg >= REG_SET_PENDING) {
		vgic_lock(s->g);
		vcpus = holders(s, UINT32_MAX);
		vgic_unlock(s->g);
		if (vcpus)
			vgic_settle(s->g, vcpu, vcpus);
	}
	vgic_lock(s->g);
	for (uint32_t i = 0; i < s->count; i++) {
		const struct vgic_irq *irq = span_irq(s, i);

		if (irq && bit_reg_bit(s->g, reg, irq))
			value |= BIT32(i);
	}
	vgic_unlock(s->g);
	return value;
}

static void set_group(struct vgic *g, struct vgic_irq *irq, bool group1)
{
	irq->group1 = group1;
	vgic_irq_update(g, irq);
}

static void set_active(struct vgic *g, struct vgic_irq *irq, unsigned vcpu)
{
	if (irq->lr >= 0 || irq->active)
		return;
	vgic_irq_dequeue(g, irq);
	irq->active = true;
	irq->vcpu = irq->target == VGIC_NO_VCPU ? (uint8_t)vcpu : irq->target;
	vgic_irq_update(g, irq);
}

static void bit_reg_apply(struct vgic *g, unsigned vcpu, enum bit_reg reg, struct vgic_irq *irq)
{
	switch (reg) {
	case REG_SET_ENABLE:
		vgic_irq_set_enabled(g, irq, true);
		break;
	case REG_CLEAR_ENABLE:
		vgic_irq_set_enabled(g, irq, false);
		break;
	case REG_SET_PENDING:
		irq->pending = true;
		vgic_irq_update(g, irq);
		break;
	case REG_CLEAR_PENDING:
		vgic_irq_clear_pending(g, irq);
		break;
	case REG_SET_ACTIVE:
		set_active(g, irq, vcpu);
		break;
	case REG_CLEAR_ACTIVE:
		vgic_irq_clear_active(g, irq);
		break;
	case REG_GROUP:
	case BIT_REGS:
		break;
	}
}

static void bit_reg_write(const struct span *s, unsigned vcpu, enum bit_reg reg, uint32_t value)
{
	uint32_t vcpus = 0;

	vgic_lock(s->g);
	/* Taking something away is finished when the write is. */
	if (reg == REG_CLEAR_ENABLE || reg == REG_CLEAR_PENDING || reg == REG_CLEAR_ACTIVE)
		vcpus = holders(s, value);
	for (uint32_t i = 0; i < s->count; i++) {
		struct vgic_irq *irq = span_irq(s, i);

		if (!irq)
			continue;
		if (reg == REG_GROUP)
			set_group(s->g, irq, value & BIT32(i));
		else if (value & BIT32(i))
			bit_reg_apply(s->g, vcpu, reg, irq);
	}
	vgic_unlock(s->g);
	if (vcpus)
		vgic_settle(s->g, vcpu, vcpus);
}

static uint64_t priority_read(const struct span *s)
{
	uint64_t value = 0;

	vgic_lock(s->g);
	for (uint32_t i = 0; i < s->count; i++) {
		const struct vgic_irq *irq = span_irq(s, i);

		if (irq)
			value |= (uint64_t)irq->priority << 8 * i;
	}
	vgic_unlock(s->g);
	return value;
}

/* A list register keeps the priority it was loaded with, as the architecture lets it. */
static void priority_write(const struct span *s, uint64_t value)
{
	vgic_lock(s->g);
	for (uint32_t i = 0; i < s->count; i++) {
		struct vgic_irq *irq = span_irq(s, i);

		if (!irq)
			continue;
		irq->priority = value >> 8 * i & VGIC_PRIORITY_MASK;
		if (irq->lr < 0)
			vgic_irq_update(s->g, irq);
	}
	vgic_unlock(s->g);
}

static uint32_t config_read(const struct span *s)
{
	uint32_t value = 0;

	vgic_lock(s->g);
	for (uint32_t i = 0; i < s->count; i++) {
		const struct vgic_irq *irq = span_irq(s, i);

		if (irq && !irq->level)
			value |= GIC_ICFGR_EDGE << 2 * i;
	}
	vgic_unlock(s->g);
	return value;
}

static void config_write(const struct span *s, uint32_t value)
{
	vgic_lock(s->g);
	for (uint32_t i = 0; i < s->count; i++) {
		struct vgic_irq *irq = span_irq(s, i);

		/* SGIs are edges, always. */
		if (!irq || irq->intid < GIC_SGI_COUNT)
			continue;
		irq->level = !(value & GIC_ICFGR_EDGE << 2 * i);
		vgic_irq_update(s->g, irq);
	}
	vgic_unlock(s->g);
}

bool vgic_irqregs_access(struct vgic *g, unsigned vcpu, unsigned frame_vcpu, uint32_t first,
			 uint32_t last, unsigned offset, unsigned size, bool write, uint64_t *value)
{
	struct span s = { .g = g, .frame_vcpu = frame_vcpu, .low = first, .high = last };

	if (offset >= GICD_IGROUPR && offset < GICD_IGROUPR + BIT_REGS * BIT_REG_BYTES) {
		enum bit_reg reg = (offset - GICD_IGROUPR) / BIT_REG_BYTES;

		s.first = offset % BIT_REG_BYTES * 8;
		s.count = 32;
		if (size == 4 && write)
			bit_reg_write(&s, vcpu, reg, (uint32_t)*value);
		else if (size == 4)
			*value = bit_reg_read(&s, vcpu, reg);
		return true;
	}
	if (offset >= GICD_IPRIORITYR && offset < PRIORITY_END) {
		s.first = offset - GICD_IPRIORITYR;
		s.count = size;
		if ((size == 1 || size == 4) && write)
			priority_write(&s, *value);
		else if (size == 1 || size == 4)
			*value = priority_read(&s);
		return true;
	}
	if (offset >= GICD_ICFGR && offset < ICFGR_END) {
		s.first = (offset - GICD_ICFGR) * 4;
		s.count = 16;
		if (size == 4 && write)
			config_write(&s, (uint32_t)*value);
		else if (size == 4)
			*value = config_read(&s);
		return true;
	}
	return false;
}
