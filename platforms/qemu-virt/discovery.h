/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Discovery of QEMU's `virt` machines from their device trees, in steps; docs/hardware/qemu-virt.md
 * and qemu-virt-loongarch64.md say what is taken from where. Private to this folder. Boot CPU,
 * before any zone; touches no hardware.
 *
 * Every step returns 0 or a negative errno with the reason logged by qv_refuse(). The tree has
 * passed dt_verify().
 */
#ifndef QEMU_VIRT_DISCOVERY_H
#define QEMU_VIRT_DISCOVERY_H

#include <postern/fdt.h>
#include <postern/platform.h>

struct discovery;

/* What differs between the architectures' trees. Each platform has one. */
struct qv_kind {
	const char *controller; /* of interrupts, for messages */
	const char *uart;       /* compatible string */
	enum uart_kind uart_kind;
	uint64_t uart_size;
	uint64_t cpu_ids;   /* bits a CPU's number may have */
	const char *cpu_id; /* what such a number is */
	bool psci;          /* CPUs are started by firmware calls */
	/*
	 * The interrupt specifier at cell `at` as the controller numbers it; of the second, one
	 * that is a high level. -EINVAL, logged, when it is something else. Pre: d->irq_cells cells
	 * are there.
	 */
	int (*decode_irq)(const struct discovery *d, int node, const struct dt_cells *cells,
			  unsigned at, uint32_t *irq);
	int (*decode_level)(const struct discovery *d, int node, const struct dt_cells *cells,
			    unsigned at, uint32_t *irq);
};

struct discovery {
	const struct boot_info *boot;
	const struct qv_kind *kind;
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
/* Memory and what is reserved of it as the loader handed it over; no tree is looked at. */
int qv_take_boot_memory(const struct boot_info *boot, struct machine *m);
/* interrupts.c: GICv3, its ITSs, the architected timer; decoding for struct qv_kind */
int qv_discover_gic(struct discovery *d);
int qv_decode_gic_irq(const struct discovery *d, int node, const struct dt_cells *cells,
		      unsigned at, uint32_t *intid);
int qv_decode_gic_level(const struct discovery *d, int node, const struct dt_cells *cells,
			unsigned at, uint32_t *intid);
/* devices.c: UARTs; IOMMUs that are PCI functions named by the tree; after interrupts */
int qv_discover_uarts(struct discovery *d);
int qv_discover_pci_iommus(struct discovery *d);
/* smmu.c: SMMUs; after interrupts */
int qv_discover_smmus(struct discovery *d);
/* pci.c: host bridges; after interrupts and IOMMUs */
int qv_discover_pci(struct discovery *d);

/* Logs "qemu-virt: NODE: text" and returns err. */
int qv_refuse(const struct discovery *d, int node, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The next enabled node after `node` (-1: from the start) with this compatible string, or -1. */
int qv_next(const struct discovery *d, int node, const char *compatible);

/* The node's interrupt parent: its own or the nearest ancestor's `interrupt-parent`. 0: none. */
uint32_t qv_interrupt_parent(const void *fdt, int node);

/*
 * Interrupt `index` of the node as the controller numbers it. -ENOENT past the last one; -EINVAL is
 * logged.
 */
int qv_read_irq(const struct discovery *d, int node, unsigned index, uint32_t *irq);

/* dma-coherent on the node or on a bus above it. */
bool qv_is_coherent(const struct discovery *d, int node);

/*
 * `reg` entry `index`, which must be there, at least min_size long and nowhere in memory. Logged
 * when not.
 */
int qv_read_registers(const struct discovery *d, int node, unsigned index, uint64_t min_size,
		      hpa_t *base, uint64_t *size);

/* True when a range shares a byte with the machine's memory. */
bool qv_in_memory(const struct discovery *d, hpa_t base, uint64_t size);

#endif
