// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The virtual distributor's registers. Arm IHI 0069H, 12.9. One security state (DS = 1), affinity
 * routing always on (ARE RAO/WI), no message-based SPIs, no 1-of-N routing. SGIs and PPIs live in
 * the redistributors: their fields read 0 here.
 *
 * Locking: takes vgic->lock; called without it.
 */
#include "vgic-v3-internal.h"

#define IROUTER_END (GICD_IROUTER + 8u * (GIC_SPI_LAST + 1))

uint32_t vgic_id_read(unsigned offset)
{
	switch (offset) {
	case 0xffd0:
		return GIC_VIRTUAL_PIDR4;
	case 0xffe0:
		return GIC_VIRTUAL_PIDR0;
	case 0xffe4:
		return GIC_VIRTUAL_PIDR1;
	case 0xffe8:
		return GIC_VIRTUAL_PIDR2;
	/* Component identification: a fixed preamble. */
	case 0xfff0:
		return 0x0d;
	case 0xfff4:
		return 0xf0;
	case 0xfff8:
		return 0x05;
	case 0xfffc:
		return 0xb1;
	default:
		return 0;
	}
}

static uint32_t typer(const struct vgic *g)
{
	return (uint32_t)(FIELD_PUT(GICD_TYPER_LINES, g->config.spis / 32) | GICD_TYPER_LPIS |
			  FIELD_PUT(GICD_TYPER_IDBITS, 16 - 1) | GICD_TYPER_NO1N);
}

static void ctlr_write(struct vgic *g, uint32_t value)
{
	vgic_lock(g);
	g->ctlr = value & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1);
	for (unsigned v = 0; v < g->config.vcpus; v++) {
		for (unsigned i = 0; i < VGIC_PRIVATE; i++)
			vgic_irq_update(g, &g->vcpu[v].private[i]);
	}
	for (uint32_t i = 0; i < g->config.spis; i++)
		vgic_irq_update(g, &g->spi[i]);
	vits_update_lpis(g, VGIC_NO_VCPU);
	vgic_unlock(g);
}

/* Index into g->router of an IROUTER access, or -1. */
static int router_index(const struct vgic *g, unsigned offset, unsigned size)
{
	unsigned intid = (offset - GICD_IROUTER) / 8;

	if (offset < GICD_IROUTER || offset >= IROUTER_END || size < 4 ||
	    intid - GIC_SPI_FIRST >= g->config.spis)
		return -1;
	return (int)(intid - GIC_SPI_FIRST);
}

static void router_write(struct vgic *g, unsigned index, unsigned offset, unsigned size,
			 uint64_t value)
{
	struct vgic_irq *irq = &g->spi[index];

	vgic_lock(g);
	g->router[index] = reg64_merge(g->router[index], offset, size, value) &
			   GICD_IROUTER_AFFINITY;
	irq->target = vgic_vcpu_by_affinity(g, g->router[index]);
	vgic_irq_update(g, irq);
	vgic_unlock(g);
}

uint64_t vgic_dist_read(struct vgic *g, unsigned vcpu, unsigned offset, unsigned size)
{
	uint64_t value = 0;
	int index;

	if (vgic_irqregs_access(g, vcpu, vcpu, GIC_SPI_FIRST, GIC_SPI_FIRST + g->config.spis,
				offset, size, false, &value))
		return value;
	index = router_index(g, offset, size);
	if (index >= 0) {
		vgic_lock(g);
		value = reg64_read(g->router[index], offset, size);
		vgic_unlock(g);
		return value;
	}
	if (size != 4)
		return 0;
	if (offset >= GIC_ID_REGS)
		return vgic_id_read(offset);
	switch (offset) {
	case GICD_CTLR:
		return g->ctlr | GICD_CTLR_ARE | GICD_CTLR_DS;
	case GICD_TYPER:
		return typer(g);
	case GICD_IIDR:
		return GIC_VIRTUAL_IIDR;
	default:
		return 0;
	}
}

void vgic_dist_write(struct vgic *g, unsigned vcpu, unsigned offset, unsigned size, uint64_t value)
{
	int index;

	if (vgic_irqregs_access(g, vcpu, vcpu, GIC_SPI_FIRST, GIC_SPI_FIRST + g->config.spis,
				offset, size, true, &value))
		return;
	index = router_index(g, offset, size);
	if (index >= 0)
		router_write(g, (unsigned)index, offset, size, value);
	else if (offset == GICD_CTLR && size == 4)
		ctlr_write(g, (uint32_t)value);
}
