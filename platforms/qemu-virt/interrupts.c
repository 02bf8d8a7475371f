// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The GICv3, its ITSs and the architected timer, and how this machine's nodes name interrupts.
 * Contract in discovery.h.
 *
 * Sources: the Linux bindings arm,gic-v3 and arm,armv8-timer; Arm IHI 0069H (INTID ranges: 2.2;
 * register frames: 12.8, 12.10, 12.18).
 */
#include "discovery.h"

#include <postern/errno.h>
#include <postern/fdt.h>
#include <postern/string.h>

#include <libfdt.h>

/* An interrupt specifier: kind, number within the kind, flags, perhaps a partition. */
#define IRQ_CELLS_MIN  3u
#define IRQ_CELLS_MAX  4u
#define IRQ_KIND_SPI   0u
#define IRQ_KIND_PPI   1u
#define IRQ_SENSE      0xfu
#define IRQ_LEVEL_HIGH 4u
#define SPI_BASE       32u
#define SPI_COUNT      988u
#define PPI_BASE       16u
#define PPI_COUNT      16u

#define DIST_SIZE   (64 * KIB)
#define REDIST_SIZE (128 * KIB) /* RD_base and SGI_base of one CPU, without virtual LPIs */
#define ITS_SIZE    (128 * KIB)

/* The binding's order of the timer's interrupts. */
enum { TIMER_SECURE, TIMER_PHYS, TIMER_VIRT, TIMER_HYP };

int qv_decode_gic_level(const struct discovery *d, int node, const struct dt_cells *cells,
			unsigned at, uint32_t *intid)
{
	const uint32_t kind = dt_cell(cells, at), number = dt_cell(cells, at + 1);

	if (kind != IRQ_KIND_SPI || number >= SPI_COUNT ||
	    (dt_cell(cells, at + 2) & IRQ_SENSE) != IRQ_LEVEL_HIGH)
		return qv_refuse(d, node, -EINVAL,
				 "interrupt %u of kind %u is not an SPI that is a high level",
				 number, kind);
	*intid = SPI_BASE + number;
	return 0;
}

int qv_decode_gic_irq(const struct discovery *d, int node, const struct dt_cells *cells,
		      unsigned at, uint32_t *intid)
{
	const uint32_t kind = dt_cell(cells, at), number = dt_cell(cells, at + 1);

	if (kind == IRQ_KIND_SPI && number < SPI_COUNT)
		*intid = SPI_BASE + number;
	else if (kind == IRQ_KIND_PPI && number < PPI_COUNT)
		*intid = PPI_BASE + number;
	else
		return qv_refuse(d, node, -EINVAL, "interrupt %u of kind %u does not exist", number,
				 kind);
	return 0;
}

static int discover_gic(struct discovery *d)
{
	struct intc_info *gic = &d->m->intc;
	int node = qv_next(d, -1, "arm,gic-v3"), err;
	uint32_t regions = 1;

	if (node < 0)
		return qv_refuse(d, 0, -ENODEV,
				 "there is no GICv3 (start QEMU with -M virt,gic-version=3,...)");
	d->intc_node = node;
	d->intc_phandle = fdt_get_phandle(d->fdt, node);
	if (!d->intc_phandle || dt_read_u32(d->fdt, node, "#interrupt-cells", &d->irq_cells) ||
	    d->irq_cells < IRQ_CELLS_MIN || d->irq_cells > IRQ_CELLS_MAX)
		return qv_refuse(d, node, -EINVAL,
				 "it has no phandle, or its #interrupt-cells are not 3 or 4");
	err = dt_read_u32(d->fdt, node, "#redistributor-regions", &regions);
	if ((err && err != -ENOENT) || regions != 1)
		return qv_refuse(d, node, -EOPNOTSUPP,
				 "only one redistributor region is supported");
	err = qv_read_registers(d, node, 0, DIST_SIZE, &gic->dist_base, &gic->dist_size);
	if (!err)
		err = qv_read_registers(d, node, 1, d->m->cpu_count * REDIST_SIZE,
					&gic->redist_base, &gic->redist_size);
	if (err)
		return err;
	err = dt_read_u64(d->fdt, node, "redistributor-stride", &gic->redist_stride);
	if (err && err != -ENOENT)
		return qv_refuse(d, node, err, "its redistributor-stride is not a number");
	err = qv_read_irq(d, node, 0, &gic->maintenance_irq);
	if (err == -ENOENT)
		return qv_refuse(
			d, node, -ENODEV,
			"it has no maintenance interrupt (start QEMU with -M virt,virtualization=on,...)");
	return err;
}

static int discover_its(struct discovery *d)
{
	struct machine *m = d->m;

	for (int node = -1; (node = qv_next(d, node, "arm,gic-v3-its")) >= 0;) {
		struct msi_unit *u = &m->msi_units[m->msi_unit_count];
		int err;

		if (m->msi_unit_count == MAX_MSI_UNITS)
			return qv_refuse(d, node, -ENOSPC, "more than %d ITSs", MAX_MSI_UNITS);
		err = qv_read_registers(d, node, 0, ITS_SIZE, &u->base, &u->size);
		if (err)
			return err;
		u->ops = &gic_its_ops;
		u->index = m->msi_unit_count;
		d->msi_phandle[m->msi_unit_count++] = fdt_get_phandle(d->fdt, node);
	}
	return 0;
}

static int discover_timer(struct discovery *d)
{
	struct intc_info *gic = &d->m->intc;
	const struct {
		unsigned index;
		uint32_t *intid;
	} timers[] = {
		{ TIMER_PHYS, &gic->timer_phys_irq },
		{ TIMER_VIRT, &gic->timer_virt_irq },
		{ TIMER_HYP, &gic->timer_hyp_irq },
	};
	int node = qv_next(d, -1, "arm,armv8-timer"), err;

	if (node < 0)
		return qv_refuse(d, 0, -ENODEV, "there is no architected timer");
	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++) {
		err = qv_read_irq(d, node, timers[i].index, timers[i].intid);
		if (err == -ENOENT)
			return qv_refuse(d, node, -EINVAL, "it has fewer than four interrupts");
		if (err)
			return err;
	}
	return 0;
}

int qv_discover_gic(struct discovery *d)
{
	int err = discover_gic(d);

	if (!err)
		err = discover_its(d);
	if (!err)
		err = discover_timer(d);
	return err;
}
