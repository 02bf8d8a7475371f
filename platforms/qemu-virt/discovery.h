/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Discovery of QEMU's `virt` machine from its device tree, in steps; docs/hardware/qemu-virt.md says what is taken from
 * where. Private to this folder. Boot CPU, before any zone; touches no hardware.
 *
 * Every step returns 0 or a negative errno with the reason logged by qv_refuse(). The tree has passed dt_verify().
 */
#ifndef QEMU_VIRT_DISCOVERY_H
#define QEMU_VIRT_DISCOVERY_H

#include <postern/fdt.h>
#include <postern/platform.h>

struct discovery {
	const void *fdt;
	struct machine *m;
	int intc_node;
	uint32_t intc_phandle;
	unsigned irq_cells; /* of the interrupt controller */
	/* phandles of m->iommus[] and m->msi_units[], for the host bridges' maps */
	uint32_t iommu_phandle[MAX_IOMMUS], msi_phandle[MAX_MSI_UNITS];
};

/* base.c: memory, reserved memory, bundle, firmware calls, CPUs */
int qv_discover_base(struct discovery *d);
/* interrupts.c: GICv3, its ITSs, the architected timer */
int qv_discover_interrupts(struct discovery *d);
/* devices.c: UARTs and SMMUs; after interrupts */
int qv_discover_uarts(struct discovery *d);
int qv_discover_iommus(struct discovery *d);
/* pci.c: host bridges; after interrupts and IOMMUs */
int qv_discover_pci(struct discovery *d);

/* Logs "qemu-virt: NODE: text" and returns err. */
int qv_refuse(const struct discovery *d, int node, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The next enabled node after `node` (-1: from the start) with this compatible string, or -1. */
int qv_next(const struct discovery *d, int node, const char *compatible);

/* Interrupt `index` of the node as the GIC's INTID. -ENOENT past the last one; -EINVAL is logged. */
int qv_read_irq(const struct discovery *d, int node, unsigned index, uint32_t *intid);

/*
 * The interrupt specifier at cell `at` as the INTID of an SPI that is a high level. -EINVAL, logged, when it is
 * something else. Pre: d->irq_cells cells are there.
 */
int qv_decode_level(const struct discovery *d, int node, const struct dt_cells *cells, unsigned at,
		    uint32_t *intid);

/* `reg` entry `index`, which must be there, at least min_size long and nowhere in memory. Logged when not. */
int qv_read_registers(const struct discovery *d, int node, unsigned index, uint64_t min_size,
		      hpa_t *base, uint64_t *size);

/* True when a range shares a byte with the machine's memory. */
bool qv_in_memory(const struct discovery *d, hpa_t base, uint64_t size);

#endif
