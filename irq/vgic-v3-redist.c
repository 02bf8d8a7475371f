// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A vCPU's virtual redistributor: RD frame, then SGI frame. Arm IHI 0069H, 12.11. Physical LPIs by
 * the ITS only (no direct ones). Every vCPU can reach every redistributor of its zone.
 *
 * The LPI configuration table is one for all (GICR_TYPER.CommonLPIAff = 0): the last GICR_PROPBASER
 * written counts. The pending tables are not used: what was pending before EnableLPIs is taken as
 * nothing, as after GICR_PENDBASER.PTZ.
 *
 * Locking: takes vgic->lock; called without it.
 */
#include "vgic-v3-internal.h"

#define PROPBASER_BITS                                                         \
	(GICR_PROPBASER_IDBITS | GICR_PROPBASER_INNER | GICR_PROPBASER_SHARE | \
	 GICR_PROPBASER_ADDRESS | GICR_PROPBASER_OUTER)
/* PTZ reads 0. */
#define PENDBASER_BITS                                                          \
	(GICR_PENDBASER_INNER | GICR_PENDBASER_SHARE | GICR_PENDBASER_ADDRESS | \
	 GICR_PENDBASER_OUTER)

static uint64_t typer(const struct vgic *g, unsigned frame)
{
	uint64_t value =
		GICR_TYPER_PLPIS | FIELD_PUT(GICR_TYPER_PROCESSOR, frame) |
		FIELD_PUT(GICR_TYPER_AFFINITY, gic_affinity_packed(vgic_vcpu_affinity(frame)));

	return frame + 1 == g->config.vcpus ? value | GICR_TYPER_LAST : value;
}

static uint64_t rd_read32(const struct vgic *g, unsigned frame, unsigned offset)
{
	const struct vgic_vcpu *c = &g->vcpu[frame];

	if (offset >= GIC_ID_REGS)
		return vgic_id_read(offset);
	switch (offset) {
	case GICR_CTLR:
		return GICR_CTLR_CES | (c->lpis_enabled ? GICR_CTLR_ENABLE_LPIS : 0);
	case GICR_IIDR:
		return GIC_VIRTUAL_IIDR;
	case GICR_WAKER:
		return c->asleep ? GICR_WAKER_SLEEP | GICR_WAKER_CHILDREN_ASLEEP : 0;
	default:
		return 0;
	}
}

static uint64_t rd_read(struct vgic *g, unsigned frame, unsigned offset, unsigned size)
{
	uint64_t value = 0;

	if (size < 4)
		return 0;
	vgic_lock(g);
	switch (offset & ~7u) {
	case GICR_TYPER:
		value = reg64_read(typer(g, frame), offset, size);
		break;
	case GICR_PROPBASER:
		value = reg64_read(g->propbaser, offset, size);
		break;
	case GICR_PENDBASER:
		value = reg64_read(g->vcpu[frame].pendbaser, offset, size);
		break;
	default:
		if (size == 4)
			value = rd_read32(g, frame, offset);
		break;
	}
	vgic_unlock(g);
	return value;
}

/* Table registers are fixed while the tables are in use. */
static void propbaser_write(struct vgic *g, unsigned offset, unsigned size, uint64_t value)
{
	value = reg64_merge(g->propbaser, offset, size, value) & PROPBASER_BITS;
	g->propbaser = vgic_table_attributes(value, GICR_PROPBASER_SHARE, GICR_PROPBASER_INNER);
}

static void pendbaser_write(struct vgic_vcpu *c, unsigned offset, unsigned size, uint64_t value)
{
	value = reg64_merge(c->pendbaser, offset, size, value) & PENDBASER_BITS;
	c->pendbaser = vgic_table_attributes(value, GICR_PENDBASER_SHARE, GICR_PENDBASER_INNER);
}

static void rd_write(struct vgic *g, unsigned frame, unsigned offset, unsigned size, uint64_t value)
{
	struct vgic_vcpu *c = &g->vcpu[frame];

	if (size < 4)
		return;
	vgic_lock(g);
	switch (offset & ~7u) {
	case GICR_PROPBASER:
		if (!c->lpis_enabled)
			propbaser_write(g, offset, size, value);
		break;
	case GICR_PENDBASER:
		if (!c->lpis_enabled)
			pendbaser_write(c, offset, size, value);
		break;
	default:
		if (size != 4)
			break;
		if (offset == GICR_WAKER)
			c->asleep = value & GICR_WAKER_SLEEP;
		if (offset == GICR_CTLR &&
		    c->lpis_enabled != (bool)(value & GICR_CTLR_ENABLE_LPIS)) {
			c->lpis_enabled = value & GICR_CTLR_ENABLE_LPIS;
			vits_update_lpis(g, c->index);
		}
		break;
	}
	vgic_unlock(g);
}

uint64_t vgic_redist_read(struct vgic *g, unsigned vcpu, unsigned frame_vcpu, unsigned offset,
			  unsigned size)
{
	uint64_t value = 0;

	if (offset < GICR_SGI_FRAME)
		return rd_read(g, frame_vcpu, offset, size);
	vgic_irqregs_access(g, vcpu, frame_vcpu, 0, VGIC_PRIVATE, offset - GICR_SGI_FRAME, size,
			    false, &value);
	return value;
}

void vgic_redist_write(struct vgic *g, unsigned vcpu, unsigned frame_vcpu, unsigned offset,
		       unsigned size, uint64_t value)
{
	if (offset < GICR_SGI_FRAME)
		rd_write(g, frame_vcpu, offset, size, value);
	else
		vgic_irqregs_access(g, vcpu, frame_vcpu, 0, VGIC_PRIVATE, offset - GICR_SGI_FRAME,
				    size, true, &value);
}
