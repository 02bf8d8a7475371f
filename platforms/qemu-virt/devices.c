// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PL011 UARTs and SMMUv3 units. Contract in discovery.h.
 *
 * Sources: the Linux bindings arm,pl011, fixed-clock and arm,smmu-v3; Devicetree Specification 0.4, 3.3 (aliases), 3.6
 * (chosen).
 */
#include "discovery.h"

#include <postern/errno.h>
#include <postern/fdt.h>
#include <postern/host.h>
#include <postern/string.h>

#include <libfdt.h>

#define UART_SIZE   (4 * KIB)
#define SMMU_SIZE   (128 * KIB) /* pages 0 and 1, 64 KiB each (Arm IHI 0070F.b, 6.1) */
#define UART_COMPAT "arm,pl011"

/* ---- UARTs -------------------------------------------------------------------------------------------------------- */

/* The enabled PL011 that property `name` of `parent` points to by path (options after ':' aside); -1: none. */
static int uart_by_path(const struct discovery *d, const char *parent, const char *name)
{
	int from = fdt_subnode_offset(d->fdt, 0, parent), node;
	const char *path, *options;

	if (from < 0 || dt_read_string(d->fdt, from, name, &path))
		return -1;
	options = strchr(path, ':');
	node = fdt_path_offset_namelen(d->fdt, path,
				       (int)(options ? (size_t)(options - path) : strlen(path)));
	if (node < 0 || !dt_compatible(d->fdt, node, UART_COMPAT) || !dt_available(d->fdt, node))
		return -1;
	return node;
}

/* Rate of the fixed clock the UART counts its baud rate in; 0: not known. */
static uint32_t uart_clock(const struct discovery *d, int node)
{
	struct dt_cells clocks;
	uint32_t hz;
	int clock;

	if (dt_read_cells(d->fdt, node, "clocks", &clocks))
		return 0;
	clock = fdt_node_offset_by_phandle(d->fdt, dt_cell(&clocks, 0));
	if (clock < 0 || !dt_compatible(d->fdt, clock, "fixed-clock") ||
	    dt_read_u32(d->fdt, clock, "clock-frequency", &hz))
		return 0;
	return hz;
}

static bool is_known_uart(const struct machine *m, hpa_t base)
{
	for (unsigned i = 0; i < m->uart_count; i++)
		if (m->uarts[i].base == base)
			return true;
	return false;
}

/* Appends the UART unless it is in the table or the table is full. */
static int add_uart(const struct discovery *d, int node)
{
	struct machine *m = d->m;
	struct uart_info uart = { .clock_hz = uart_clock(d, node) };
	int err = qv_read_registers(d, node, 0, UART_SIZE, &uart.base, &uart.size);

	if (err || m->uart_count == MAX_UARTS || is_known_uart(m, uart.base))
		return err;
	err = qv_read_irq(d, node, 0, &uart.irq);
	if (err == -ENOENT)
		return qv_refuse(d, node, -EINVAL, "it has no interrupt");
	if (!err)
		m->uarts[m->uart_count++] = uart;
	return err;
}

/* The lowest one not in the table yet; -1: none. */
static int next_uart_by_address(const struct discovery *d)
{
	hpa_t lowest = UINT64_MAX;
	int best = -1;

	for (int node = -1; (node = qv_next(d, node, UART_COMPAT)) >= 0;) {
		hpa_t base;
		uint64_t size;

		if (dt_read_reg(d->fdt, node, 0, &base, &size) || base >= lowest ||
		    is_known_uart(d->m, base))
			continue;
		lowest = base;
		best = node;
	}
	return best;
}

int qv_discover_uarts(struct discovery *d)
{
	struct machine *m = d->m;
	const struct {
		const char *parent, *name;
	} named[] = { { "aliases", "serial0" },
		      { "aliases", "serial1" },
		      { "chosen", "stdout-path" } };
	int node, err;

	for (unsigned i = 0; i < ARRAY_SIZE(named); i++) {
		node = uart_by_path(d, named[i].parent, named[i].name);
		err = node < 0 ? 0 : add_uart(d, node);
		if (err)
			return err;
	}
	while (m->uart_count < MAX_UARTS && (node = next_uart_by_address(d)) >= 0) {
		err = add_uart(d, node);
		if (err)
			return err;
	}
	if (m->uart_count < MAX_UARTS)
		host_log(
			LOG_WARN,
			"qemu-virt: %u UART(s), %d are wanted: root's console and the monitor (start QEMU with two "
			"-serial options)",
			m->uart_count, MAX_UARTS);
	return 0;
}

/* ---- SMMUs -------------------------------------------------------------------------------------------------------- */

/* dma-coherent on the node or on a bus above it. */
static bool is_coherent(const struct discovery *d, int node)
{
	for (; node >= 0; node = fdt_parent_offset(d->fdt, node)) {
		if (dt_has(d->fdt, node, "dma-noncoherent"))
			return false;
		if (dt_has(d->fdt, node, "dma-coherent"))
			return true;
	}
	return false;
}

/* All by name; a name that is not there is no interrupt. */
static int read_smmu_irqs(const struct discovery *d, int node, struct iommu_irqs *irqs)
{
	const struct {
		const char *name;
		uint32_t *intid;
	} wanted[] = {
		{ "eventq", &irqs->event },
		{ "gerror", &irqs->error },
		{ "cmdq-sync", &irqs->command },
		{ "priq", &irqs->page_request },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
		int index = dt_find_string(d->fdt, node, "interrupt-names", wanted[i].name);
		int err;

		if (index == -ENOENT)
			continue;
		err = index < 0 ? index : qv_read_irq(d, node, (unsigned)index, wanted[i].intid);
		if (err)
			return qv_refuse(d, node, -EINVAL,
					 "interrupt-names and interrupts do not go together");
	}
	return 0;
}

int qv_discover_iommus(struct discovery *d)
{
	struct machine *m = d->m;

	for (int node = -1; (node = qv_next(d, node, "arm,smmu-v3")) >= 0;) {
		struct iommu_unit *u = &m->iommus[m->iommu_count];
		int err;

		if (m->iommu_count == MAX_IOMMUS)
			return qv_refuse(d, node, -ENOSPC, "more than %d SMMUs", MAX_IOMMUS);
		err = qv_read_registers(d, node, 0, SMMU_SIZE, &u->base, &u->size);
		if (!err)
			err = read_smmu_irqs(d, node, &u->irqs);
		if (err)
			return err;
		u->ops = &arm_smmu_v3_ops;
		u->index = m->iommu_count;
		u->dma_coherent = is_coherent(d, node);
		d->iommu_phandle[m->iommu_count++] = fdt_get_phandle(d->fdt, node);
	}
	if (!m->iommu_count)
		host_log(
			LOG_WARN,
			"qemu-virt: no SMMUv3, so no device can be given to a zone (start QEMU with -M "
			"virt,iommu=smmuv3,...)");
	return 0;
}
