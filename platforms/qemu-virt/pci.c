// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PCI host bridges with ECAM, their windows, and which IOMMU and ITS sees each requester. Contract
 * in discovery.h.
 *
 * Sources: the Linux bindings host-generic-pci, pci-iommu and pci-msi; Devicetree Specification
 * 0.4, 2.4 (interrupt-map); PCI Bus Binding to IEEE 1275-1994, 2.2.1.1 (the three address cells);
 * PCI Express Base 6.0, 7.2.2 (ECAM).
 */
#include "discovery.h"

#include <postern/errno.h>
#include <postern/fdt.h>
#include <postern/host.h>
#include <postern/string.h>

#include <libfdt.h>

#define ECAM_BYTES_PER_BUS MIB

/* Cells of a PCI address and of a size. */
#define PCI_ADDRESS_CELLS 3u
#define PCI_SIZE_CELLS    2u

/* First cell of a PCI address. */
#define PCI_SPACE        MASK32(25, 24)
#define PCI_SPACE_CONFIG 0u
#define PCI_SPACE_IO     1u
#define PCI_SPACE_MEM32  2u
#define PCI_SPACE_MEM64  3u
#define PCI_PREFETCHABLE BIT32(30)
#define PCI_DEVICE       MASK32(15, 11)

/* Every pin of every device. */
#define INTX_ENTRIES_MAX (PCI_SLOTS * PCI_INTX_LINES)

/* An entry of iommu-map or msi-map: requester ID, unit, its id there, how many. */
enum { MAP_RID, MAP_UNIT, MAP_OUT, MAP_LENGTH, MAP_CELLS };
#define RID_COUNT 0x10000u

static int read_ecam(const struct discovery *d, int node, struct pci_host *h)
{
	struct dt_cells range;
	uint64_t buses;
	int err =
		qv_read_registers(d, node, 0, ECAM_BYTES_PER_BUS, &h->config_base, &h->config_size);

	if (err)
		return err;
	if (!is_aligned(h->config_base, ECAM_BYTES_PER_BUS))
		return qv_refuse(d, node, -EINVAL,
				 "its config space at 0x%llx does not begin where a bus does",
				 (unsigned long long)h->config_base);
	h->bus_first = 0;
	h->bus_last = 0xff;
	err = dt_read_cells(d->fdt, node, "bus-range", &range);
	if (!err) {
		if (range.count != 2 || dt_cell(&range, 1) > 0xff ||
		    dt_cell(&range, 0) > dt_cell(&range, 1))
			return qv_refuse(d, node, -EINVAL, "its bus-range is not a range of buses");
		h->bus_first = (uint8_t)dt_cell(&range, 0);
		h->bus_last = (uint8_t)dt_cell(&range, 1);
	} else if (err != -ENOENT) {
		return qv_refuse(d, node, err, "its bus-range is malformed");
	}
	buses = h->config_size / ECAM_BYTES_PER_BUS;
	if (buses < h->bus_last - h->bus_first + 1u) {
		host_log(LOG_WARN, "qemu-virt: config space for %llu buses only, of %u",
			 (unsigned long long)buses, h->bus_last - h->bus_first + 1u);
		h->bus_last = (uint8_t)(h->bus_first + buses - 1);
	}
	return 0;
}

static int add_window(const struct discovery *d, int node, struct pci_host *h, uint32_t kind,
		      struct pci_window w)
{
	static const enum pci_window_kind kinds[] = {
		[PCI_SPACE_IO] = PCI_WINDOW_IO,
		[PCI_SPACE_MEM32] = PCI_WINDOW_MEM32,
		[PCI_SPACE_MEM64] = PCI_WINDOW_MEM64,
	};

	if (kind == PCI_SPACE_CONFIG)
		return qv_refuse(d, node, -EINVAL, "one of its ranges is config space");
	if (!w.size || w.size - 1 > UINT64_MAX - w.cpu || w.size - 1 > UINT64_MAX - w.bus ||
	    (kind != PCI_SPACE_MEM64 && (w.bus > UINT32_MAX || w.size - 1 > UINT32_MAX - w.bus)))
		return qv_refuse(d, node, -EINVAL, "its window at 0x%llx wraps",
				 (unsigned long long)w.cpu);
	if (qv_in_memory(d, w.cpu, w.size))
		return qv_refuse(d, node, -EINVAL, "its window at 0x%llx is in memory",
				 (unsigned long long)w.cpu);
	if (h->window_count == MAX_PCI_WINDOWS)
		return qv_refuse(d, node, -ENOSPC, "more than %d windows", MAX_PCI_WINDOWS);
	w.kind = kinds[kind];
	h->windows[h->window_count++] = w;
	return 0;
}

static int read_windows(const struct discovery *d, int node, struct pci_host *h)
{
	const unsigned outer = 2, entry = PCI_ADDRESS_CELLS + outer + PCI_SIZE_CELLS;
	struct dt_widths inner, parent;
	struct dt_cells cells;

	if (dt_read_widths(d->fdt, node, &inner) || inner.address != PCI_ADDRESS_CELLS ||
	    inner.size != PCI_SIZE_CELLS || fdt_parent_offset(d->fdt, node) != 0 ||
	    dt_read_widths(d->fdt, 0, &parent) || parent.address != outer)
		return qv_refuse(d, node, -EINVAL,
				 "it does not translate PCI addresses to 64-bit addresses");
	if (dt_read_cells(d->fdt, node, "ranges", &cells) || cells.count % entry)
		return qv_refuse(d, node, -EINVAL, "its ranges are not groups of %u cells", entry);
	for (unsigned i = 0; i < cells.count; i += entry) {
		uint32_t first = dt_cell(&cells, i);
		struct pci_window w = {
			.prefetchable = first & PCI_PREFETCHABLE,
			.bus = dt_number(&cells, i + 1, PCI_ADDRESS_CELLS - 1),
			.cpu = dt_number(&cells, i + PCI_ADDRESS_CELLS, outer),
			.size = dt_number(&cells, i + PCI_ADDRESS_CELLS + outer, PCI_SIZE_CELLS),
		};
		int err = add_window(d, node, h, (uint32_t)FIELD_GET(PCI_SPACE, first), w);

		if (err)
			return err;
	}
	return 0;
}

/* iommu-map or msi-map. A requester that is not in it is seen by no unit. */
static int read_map(const struct discovery *d, int node, const char *name, const uint32_t *phandles,
		    unsigned units, struct pci_id_map *map, unsigned *count)
{
	char mask_name[24];
	struct dt_cells cells;
	uint32_t mask = RID_COUNT - 1;
	int err = dt_read_cells(d->fdt, node, name, &cells);

	if (err == -ENOENT)
		return 0;
	if (err || cells.count % MAP_CELLS)
		return qv_refuse(d, node, -EINVAL, "its %s is not groups of %d cells", name,
				 MAP_CELLS);
	format_text(mask_name, sizeof(mask_name), "%s-mask", name);
	err = dt_read_u32(d->fdt, node, mask_name, &mask);
	if ((err && err != -ENOENT) || mask != RID_COUNT - 1)
		return qv_refuse(d, node, -EOPNOTSUPP,
				 "%s would make several functions look like one", mask_name);
	for (unsigned i = 0; i < cells.count; i += MAP_CELLS) {
		struct pci_id_map entry = {
			.rid_base = dt_cell(&cells, i + MAP_RID),
			.out_base = dt_cell(&cells, i + MAP_OUT),
			.length = dt_cell(&cells, i + MAP_LENGTH),
		};
		uint32_t phandle = dt_cell(&cells, i + MAP_UNIT);

		while (entry.unit < units && phandles[entry.unit] != phandle)
			entry.unit++;
		if (!phandle || entry.unit == units)
			return qv_refuse(d, node, -EINVAL,
					 "its %s names phandle 0x%x, which is no such unit", name,
					 phandle);
		if (!range_inside(entry.rid_base, entry.length, 0, RID_COUNT) || !entry.length ||
		    entry.length - 1 > UINT32_MAX - entry.out_base)
			return qv_refuse(d, node, -EINVAL, "entry %u of its %s wraps",
					 i / MAP_CELLS, name);
		if (*count == MAX_ID_MAPS)
			return qv_refuse(d, node, -ENOSPC, "its %s has more than %d entries", name,
					 MAX_ID_MAPS);
		map[(*count)++] = entry;
	}
	return 0;
}

/* What stands before an entry's interrupt: child address, pin, the controller, an address there. */
struct intx_map {
	struct dt_cells cells;
	unsigned parent_address, entry; /* cells of the address there, and of an entry */
	uint32_t devices, pins;         /* the mask */
};

static int read_intx_mask(const struct discovery *d, int node, struct intx_map *m)
{
	struct dt_cells mask;
	int err = dt_read_cells(d->fdt, node, "interrupt-map-mask", &mask);

	m->devices = PCI_DEVICE;
	m->pins = UINT32_MAX;
	if (err == -ENOENT)
		return 0;
	if (err || mask.count != PCI_ADDRESS_CELLS + 1)
		return qv_refuse(d, node, -EINVAL, "its interrupt-map-mask is not %u cells",
				 PCI_ADDRESS_CELLS + 1);
	if (dt_cell(&mask, 0) & ~PCI_DEVICE)
		return qv_refuse(d, node, -EOPNOTSUPP,
				 "its interrupt-map-mask tells functions of a device apart");
	m->devices = dt_cell(&mask, 0);
	m->pins = dt_cell(&mask, PCI_ADDRESS_CELLS);
	return 0;
}

/* The first entry that is for this pin; 0: none. */
static int find_intx(const struct discovery *d, int node, const struct intx_map *m, uint32_t device,
		     uint32_t pin, uint32_t *intid)
{
	for (unsigned at = 0; at < m->cells.count; at += m->entry) {
		const uint32_t phandle = dt_cell(&m->cells, at + PCI_ADDRESS_CELLS + 1);

		if ((dt_cell(&m->cells, at) ^ device) & m->devices ||
		    (dt_cell(&m->cells, at + PCI_ADDRESS_CELLS) ^ pin) & m->pins)
			continue;
		if (phandle != d->intc_phandle)
			return qv_refuse(
				d, node, -EINVAL,
				"its interrupt-map names phandle 0x%x, which is not the %s",
				phandle, d->kind->controller);
		return d->kind->decode_level(d, node, &m->cells,
					     at + PCI_ADDRESS_CELLS + 2 + m->parent_address, intid);
	}
	*intid = 0;
	return 0;
}

/* interrupt-map. Without one no zone has INTx. */
static int read_intx(const struct discovery *d, int node, struct pci_host *h)
{
	struct intx_map m;
	uint32_t pin_cells = 0, parent = 0;
	int err = dt_read_cells(d->fdt, node, "interrupt-map", &m.cells);

	if (err == -ENOENT)
		return 0;
	if (dt_read_u32(d->fdt, node, "#interrupt-cells", &pin_cells) || pin_cells != 1)
		return qv_refuse(d, node, -EINVAL, "its #interrupt-cells are not 1");
	/* A controller that does not say has none (Devicetree Specification 0.4, 2.4.3.1). */
	if (dt_has(d->fdt, d->intc_node, "#address-cells") &&
	    (dt_read_u32(d->fdt, d->intc_node, "#address-cells", &parent) || parent > 3))
		return qv_refuse(d, d->intc_node, -EINVAL, "its #address-cells are malformed");
	m.parent_address = parent;
	m.entry = PCI_ADDRESS_CELLS + 1 + 1 + parent + d->irq_cells;
	if (err || m.cells.count % m.entry || m.cells.count / m.entry > INTX_ENTRIES_MAX)
		return qv_refuse(d, node, -EINVAL,
				 "its interrupt-map is not groups of %u cells, at most %u of them",
				 m.entry, INTX_ENTRIES_MAX);
	err = read_intx_mask(d, node, &m);
	for (uint32_t device = 0; !err && device < PCI_SLOTS; device++)
		for (uint32_t pin = 0; !err && pin < PCI_INTX_LINES; pin++)
			err = find_intx(d, node, &m, (uint32_t)FIELD_PUT(PCI_DEVICE, device),
					pin + 1, &h->intx[device][pin]);
	return err;
}

static int read_segment(const struct discovery *d, int node, struct pci_host *h)
{
	uint32_t segment = 0;
	int err = dt_read_u32(d->fdt, node, "linux,pci-domain", &segment);

	if ((err && err != -ENOENT) || segment > 0xffff)
		return qv_refuse(d, node, -EINVAL, "its linux,pci-domain is not a segment number");
	for (unsigned i = 0; i < d->m->host_count; i++)
		if (d->m->hosts[i].segment == segment)
			return qv_refuse(d, node, -EINVAL,
					 "segment %u is taken by another host bridge", segment);
	h->segment = (uint16_t)segment;
	return 0;
}

int qv_discover_pci(struct discovery *d)
{
	struct machine *m = d->m;

	for (int node = -1; (node = qv_next(d, node, "pci-host-ecam-generic")) >= 0;) {
		struct pci_host *h = &m->hosts[m->host_count];
		int err;

		if (m->host_count == MAX_PCI_HOSTS)
			return qv_refuse(d, node, -ENOSPC, "more than %d host bridges",
					 MAX_PCI_HOSTS);
		h->index = m->host_count;
		h->config = &pci_ecam_ops;
		h->widths = BIT32(0) | BIT32(1) | BIT32(2);
		err = read_segment(d, node, h);
		if (!err)
			err = read_ecam(d, node, h);
		if (!err)
			err = read_windows(d, node, h);
		if (!err)
			err = read_map(d, node, "iommu-map", d->iommu_phandle, m->iommu_count,
				       h->iommu_map, &h->iommu_map_count);
		if (!err)
			err = read_map(d, node, "msi-map", d->msi_phandle, m->msi_unit_count,
				       h->msi_map, &h->msi_map_count);
		if (!err)
			err = read_intx(d, node, h);
		if (err)
			return err;
		m->host_count++;
	}
	return 0;
}
