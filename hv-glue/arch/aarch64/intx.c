// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * INTx lines of zones: a physical level interrupt, hardware-linked to one of the four SPIs that a zone's host
 * bridge has. Contract: host_line_attach() and host_line_detach() in <postern/host.h>.
 *
 * Functions of a zone that share a physical line share the virtual one. Giving: the virtual SPI is linked first, then
 * the physical one routed and enabled. Taking back goes the other way, and a line changes hands only when
 * it is through: masked at the GIC; out of every list register of the zone, so that no late
 * deactivation by its guest reaches a line that is somebody else's; not active, not pending; free. What arrives
 * meanwhile (acknowledged before it was masked) finds no owner and is masked again.
 *
 * Locking: zone_arch.intx_lock for the table, not held while a CPU of the zone is waited for.
 */
#include <hv/cpu.h>
#include <hv/layout.h>
#include <irq/gic-v3.h>
#include <postern/errno.h>

/* The line that is, or is to be, `irq`: the one that has it, else `wanted`, else any; NULL: none. */
static struct intx_line *choose(struct zone_arch *a, uint32_t irq, unsigned wanted)
{
	struct intx_line *l = a->intx;

	for (unsigned i = 0; i < PCI_INTX_LINES; i++)
		if (l[i].irq == irq)
			return &l[i];
	if (wanted < PCI_INTX_LINES && !l[wanted].irq)
		return &l[wanted];
	for (unsigned i = 0; i < PCI_INTX_LINES; i++)
		if (!l[i].irq)
			return &l[i];
	return NULL;
}

static int connect(struct zone *z, struct intx_line *l, uint32_t irq)
{
	struct zone_arch *a = zone_arch(z);
	const uint32_t virt = ZONE_INTX_INTID + (uint32_t)(l - a->intx);
	int err = vgic_add_hw_spi(a->vgic, virt, irq);

	if (err)
		return err;
	err = irq_own_line(irq, z);
	if (err)
		vgic_remove_hw_spi(a->vgic, virt);
	else
		host_log(LOG_INFO, "zone %s: interrupt %u is its INT%c", z->name, irq,
			 'A' + (int)(l - a->intx));
	return err;
}

int host_line_attach(struct zone *z, uint32_t irq, unsigned wanted)
{
	struct zone_arch *a = zone_arch(z);
	struct intx_line *l;
	int err = 0;

	host_lock(&a->intx_lock);
	l = choose(a, irq, wanted);
	if (!l)
		err = -ENOSPC;
	else if (l->irq && !l->users)
		err = -EBUSY; /* on its way out, or lost */
	else if (!l->irq)
		err = connect(z, l, irq);
	if (!err) {
		l->irq = irq;
		l->users++;
	}
	host_unlock(&a->intx_lock);
	return err ? err : (int)(l - a->intx);
}

int host_line_detach(struct zone *z, uint32_t irq)
{
	struct zone_arch *a = zone_arch(z);
	struct intx_line *l;
	bool last;
	int err;

	host_lock(&a->intx_lock);
	l = choose(a, irq, PCI_INTX_LINES);
	last = l && l->irq == irq && l->users && --l->users == 0;
	host_unlock(&a->intx_lock);
	if (!last)
		return 0;
	err = gic_v3_spi_disable(irq);
	if (!err)
		err = vgic_remove_hw_spi(a->vgic, ZONE_INTX_INTID + (uint32_t)(l - a->intx));
	if (err)
		return err;
	irq_disown_line(irq);
	host_lock(&a->intx_lock);
	l->irq = 0;
	host_unlock(&a->intx_lock);
	return 0;
}
