// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UARTs, and IOMMUs that are PCI functions. Contract in discovery.h.
 *
 * Sources: the Linux bindings arm,pl011, 8250, fixed-clock and virtio,pci-iommu; Devicetree
 * Specification 0.4, 3.3 (aliases), 3.6 (chosen); PCI Bus Binding to IEEE 1275-1994, 2.2.1.1
 * (phys.hi).
 */
#include "discovery.h"

#include <postern/errno.h>
#include <postern/fdt.h>
#include <postern/host.h>
#include <postern/string.h>

#include <libfdt.h>

#define UART_SHIFT_MAX 2u

/*
 * First cell of a PCI function's address: bus, device, function; the rest must be 0 for config
 * space.
 */
#define FUNCTION_BDF  MASK32(23, 8)
#define PCI_REG_CELLS 5u

/*
 * The enabled UART that property `name` of `parent` points to by path (options after ':' aside);
 * -1: none.
 */
static int uart_by_path(const struct discovery *d, const char *parent, const char *name)
{
	int from = fdt_subnode_offset(d->fdt, 0, parent), node;
	const char *path, *options;

	if (from < 0 || dt_read_string(d->fdt, from, name, &path))
		return -1;
	options = strchr(path, ':');
	node = fdt_path_offset_namelen(d->fdt, path,
				       (int)(options ? (size_t)(options - path) : strlen(path)));
	if (node < 0 || !dt_compatible(d->fdt, node, d->kind->uart) || !dt_available(d->fdt, node))
		return -1;
	return node;
}

/* Rate of the clock the UART counts its baud rate in, its own or a fixed one; 0: not known. */
static uint32_t uart_clock(const struct discovery *d, int node)
{
	struct dt_cells clocks;
	uint32_t hz;
	int clock;

	if (!dt_read_u32(d->fdt, node, "clock-frequency", &hz))
		return hz;
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
	struct uart_info uart = { .kind = d->kind->uart_kind, .clock_hz = uart_clock(d, node) };
	uint32_t shift = 0;
	int err = dt_read_u32(d->fdt, node, "reg-shift", &shift);

	if ((err && err != -ENOENT) || shift > UART_SHIFT_MAX)
		return qv_refuse(d, node, -EINVAL, "its reg-shift is not 0 to %u", UART_SHIFT_MAX);
	uart.reg_shift = shift;
	err = qv_read_registers(d, node, 0, d->kind->uart_size << shift, &uart.base, &uart.size);
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

	for (int node = -1; (node = qv_next(d, node, d->kind->uart)) >= 0;) {
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

/* A child of a host bridge: `reg` is its address in config space. */
static int read_function(const struct discovery *d, int node, sbdf_t *sbdf)
{
	struct dt_cells reg;
	uint32_t first, segment = 0;
	int host = fdt_parent_offset(d->fdt, node);

	if (host < 0 || !dt_compatible(d->fdt, host, "pci-host-ecam-generic") ||
	    !dt_available(d->fdt, host))
		return qv_refuse(d, node, -EINVAL, "it is not below a host bridge");
	(void)dt_read_u32(d->fdt, host, "linux,pci-domain", &segment);
	if (dt_read_cells(d->fdt, node, "reg", &reg) || reg.count < PCI_REG_CELLS ||
	    segment > 0xffff)
		return qv_refuse(d, node, -EINVAL, "its reg is not an address on the bus");
	first = dt_cell(&reg, 0);
	if (first & ~FUNCTION_BDF)
		return qv_refuse(d, node, -EINVAL, "0x%x is not a function's config space", first);
	first = (uint32_t)FIELD_GET(FUNCTION_BDF, first);
	*sbdf = sbdf_make(segment, first >> 8, first >> 3 & 0x1f, first & 7);
	return 0;
}

int qv_discover_pci_iommus(struct discovery *d)
{
	struct machine *m = d->m;

	for (int node = -1; (node = qv_next(d, node, "virtio,pci-iommu")) >= 0;) {
		struct iommu_unit *u = &m->iommus[m->iommu_count];
		int err;

		if (m->iommu_count == MAX_IOMMUS)
			return qv_refuse(d, node, -ENOSPC, "more than %d IOMMUs", MAX_IOMMUS);
		err = read_function(d, node, &u->sbdf);
		if (err)
			return err;
		for (unsigned i = 0; i < m->iommu_count; i++)
			if (!m->iommus[i].base && m->iommus[i].sbdf == u->sbdf)
				return qv_refuse(d, node, -EINVAL,
						 "IOMMU " SBDF_FMT " is described twice",
						 SBDF_ARG(u->sbdf));
		u->ops = &virtio_iommu_ops;
		u->index = m->iommu_count;
		u->dma_coherent = qv_is_coherent(d, node);
		d->iommu_phandle[m->iommu_count++] = fdt_get_phandle(d->fdt, node);
	}
	return 0;
}
