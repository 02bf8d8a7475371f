// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Host bridges by MCFG, IOMMUs by IOVT or IVRS, and which of them sees whom. Contract in
 * discovery.h.
 *
 * Sources: PCI Firmware Specification 3.3, 4.1.2 (MCFG); docs/hardware/ls7a2000.md ("Config
 * space"); docs/hardware/loongson-iommu.md.
 */
#include "discovery.h"

#include <postern/errno.h>
#include <postern/host.h>
#include <postern/string.h>

#define OEM_LOONGSON   "LOONGS"
#define TABLE_LOONGSON "LOONGSON"
#define MCFG_REVISION  1u
#define ECAM_BUS_SHIFT 20
#define RID_COUNT      0x10000u

/* A bus address has 40 bits; those above name the host bridge. */
#define BRIDGE_PREFIX MASK64(47, 40)

/* The user's choices where descriptions of the hardware differ (docs/boards/3a6000.md). */
#define OPTION_NARROW "config-access=narrow"
#define OPTION_TABLES "iommu-tables=cpu"
#define WIDTHS_ALL    (BIT32(0) | BIT32(1) | BIT32(2))
#define WIDTHS_DWORD  BIT32(2)

/* ---- IOMMUs ---- */

static struct iommu_unit *add_iommu(struct loongson_discovery *d, sbdf_t sbdf)
{
	struct machine *m = d->m;
	struct iommu_unit *u = &m->iommus[m->iommu_count];

	if (m->iommu_count == MAX_IOMMUS) {
		loongson_refuse(d, -ENOSPC,
				"IOMMU " SBDF_FMT " is left out, and no device behind it will be "
				"assigned: more than %d",
				SBDF_ARG(sbdf), MAX_IOMMUS);
		return NULL;
	}
	*u = (struct iommu_unit){ .ops = &loongson_iommu_ops,
				  .index = m->iommu_count++,
				  .sbdf = sbdf };
	return u;
}

/*
 * No table, or one that is refused: without an IOMMU nothing is assigned, which is no reason not to
 * start.
 */
static void discover_iommus(struct loongson_discovery *d)
{
	int err = acpi_iommus(&d->acpi, &d->iommus);

	if (err && err != -ENOENT) {
		loongson_refuse(d, err,
				"no IOMMU is used, no device will be assigned (see above); an "
				"override table can replace the one that is refused");
		d->iommus.count = 0;
		return;
	}
	if (!err || !d->board->has_iommu)
		return;
	if (d->board->iommu == SBDF_NONE) {
		loongson_refuse(
			d, err,
			"firmware has neither IOVT nor IVRS: which IOMMU sees which device is "
			"not known, no device will be assigned; an override table can tell");
		return;
	}
	loongson_assume(d, "the IOMMU", "IOVT and no IVRS");
	d->iommus.units[0] = (struct acpi_iommu){
		.is_pci = true,
		.segment = (uint16_t)sbdf_segment(d->board->iommu),
		.devid = sbdf_rid(d->board->iommu),
		.whole_segment = true,
	};
	d->iommus.count = 1;
}

/* Requesters [first, last] of the host are seen by the unit under their own ID. */
static void map_requesters(const struct loongson_discovery *d, struct pci_host *h,
			   const struct iommu_unit *u, unsigned first, unsigned last)
{
	if (h->iommu_map_count == MAX_ID_MAPS) {
		loongson_refuse(
			d, -ENOSPC,
			"requesters %04x:%04x to %04x have no IOMMU, and will not be assigned: "
			"more than %d ranges",
			h->segment, first, last, MAX_ID_MAPS);
		return;
	}
	h->iommu_map[h->iommu_map_count++] = (struct pci_id_map){
		.rid_base = first,
		.length = last - first + 1,
		.unit = u->index,
		.out_base = first,
	};
}

static void add_iommus(struct loongson_discovery *d)
{
	for (unsigned i = 0; i < d->iommus.count; i++) {
		const struct acpi_iommu *a = &d->iommus.units[i];
		struct iommu_unit *u;

		if (!a->is_pci) {
			loongson_refuse(
				d, -EOPNOTSUPP,
				"the IOMMU at 0x%llx is no PCI function: it is not used, and no "
				"device behind it will be assigned",
				(unsigned long long)a->base);
			continue;
		}
		u = add_iommu(d, (sbdf_t)a->segment << 16 | a->devid);
		if (!u)
			continue;
		u->max_streams = a->max_devices;
		u->msi_bypass = a->msi_bypass;
		u->tables_by_cpu_address = loongson_option(d, OPTION_TABLES);
		for (unsigned n = 0; n < d->m->host_count; n++) {
			struct pci_host *h = &d->m->hosts[n];

			if (h->segment != a->segment)
				continue;
			if (a->whole_segment)
				map_requesters(d, h, u, 0, RID_COUNT - 1);
			for (unsigned r = 0; !a->whole_segment && r < a->range_count; r++)
				map_requesters(d, h, u, a->ranges[r].first, a->ranges[r].last);
		}
	}
}

/* ---- host bridges ---- */

/* Loongson's own layout of the window is known by whose table it is; else it is ECAM. */
static bool has_loongson_layout(const struct acpi_mcfg *t)
{
	return !memcmp(t->oem_id, OEM_LOONGSON, sizeof(t->oem_id)) &&
	       (!t->oem_table_id[0] ||
		!memcmp(t->oem_table_id, TABLE_LOONGSON, sizeof(t->oem_table_id))) &&
	       t->revision == MCFG_REVISION;
}

static void set_window(const struct loongson_discovery *d, struct pci_host *h,
		       const struct acpi_mcfg_entry *e, bool loongson)
{
	h->segment = e->segment;
	h->bus_first = e->bus_first;
	h->bus_last = e->bus_last;
	h->config_base = e->base;
	if (loongson) {
		h->config = &loongson_config_ops;
		h->config_size = LOONGSON_CONFIG_SIZE;
		h->widths = loongson_option(d, OPTION_NARROW) ? WIDTHS_ALL : WIDTHS_DWORD;
	} else {
		h->config = &pci_ecam_ops;
		h->config_base += (uint64_t)e->bus_first << ECAM_BUS_SHIFT;
		h->config_size = (e->bus_last - e->bus_first + 1ull) << ECAM_BUS_SHIFT;
		h->widths = WIDTHS_ALL;
	}
	h->quirks = d->board->quirks;
}

static int add_memory_windows(const struct loongson_discovery *d, struct pci_host *h)
{
	const uint64_t prefix = h->config_base & BRIDGE_PREFIX;

	for (unsigned i = 0; i < d->board->window_count && i < MAX_PCI_WINDOWS; i++) {
		const struct loongson_window *b = &d->board->windows[i];
		struct pci_window w = { .kind = b->kind, .bus = b->bus, .size = b->size };

		w.cpu = b->cpu && !loongson_node(prefix) ? b->cpu : prefix | b->bus;
		if (loongson_in_memory(d, w.cpu, w.size))
			return loongson_refuse(
				d, -EINVAL,
				"memory lies where devices are, at 0x%llx, 0x%llx bytes",
				(unsigned long long)w.cpu, (unsigned long long)w.size);
		h->windows[h->window_count++] = w;
	}
	return 0;
}

/* Messages and wires go to the controllers of the node the bridge is on, else to the first. */
static void add_interrupts(const struct loongson_discovery *d, struct pci_host *h)
{
	const struct loongson_intc_info *info = &d->m->loongson;
	const unsigned node = loongson_node(h->config_base);
	unsigned msi = 0, pic = 0;

	for (unsigned i = d->m->msi_unit_count; i-- > 0;)
		if (loongson_node(d->m->msi_units[i].base) == node)
			msi = i;
	h->msi_map[h->msi_map_count++] =
		(struct pci_id_map){ .rid_base = 0, .length = RID_COUNT, .unit = msi };
	for (pic = 0; pic < info->pch_pic_count && info->pch_pics[pic].node != node;)
		pic++;
	if (pic == info->pch_pic_count)
		return;
	for (unsigned i = 0; i < d->board->intx_count; i++) {
		const struct loongson_intx *wire = &d->board->intx[i];

		for (unsigned pin = 0; pin < PCI_INTX_LINES; pin++)
			if (wire->input[pin])
				h->intx[wire->slot][pin] =
					info->pch_pics[pic].gsi_base + wire->input[pin];
	}
}

static int add_host(struct loongson_discovery *d, const struct acpi_mcfg_entry *e, bool loongson)
{
	struct machine *m = d->m;
	struct pci_host *h = &m->hosts[m->host_count];
	int err;

	/* Left out, its functions could do DMA unseen. */
	if (m->host_count == MAX_PCI_HOSTS)
		return loongson_refuse(
			d, -ENOSPC,
			"PCI segment %u: more than %d host bridges, whose functions "
			"Postern must all see; an override table can replace the MCFG",
			e->segment, MAX_PCI_HOSTS);
	h->index = m->host_count;
	set_window(d, h, e, loongson);
	if (!range_inside(h->config_base, h->config_size, 0, BIT64(48)) ||
	    !is_aligned(e->base, loongson ? LOONGSON_CONFIG_SIZE : MIB) ||
	    loongson_in_memory(d, h->config_base, h->config_size))
		return loongson_refuse(d, -EINVAL,
				       "no config window can be at 0x%llx, or it is memory",
				       (unsigned long long)h->config_base);
	err = add_memory_windows(d, h);
	if (err)
		return err;
	add_interrupts(d, h);
	m->host_count++;
	return 0;
}

static int discover_hosts(struct loongson_discovery *d)
{
	const struct acpi_mcfg_entry usual = { .base = d->board->config_base, .bus_last = 0xff };
	int err = acpi_mcfg(&d->acpi, &d->mcfg);

	if (err && err != -ENOENT)
		return loongson_refuse(
			d, err,
			"its MCFG cannot be used (see above); an override table can replace it");
	if (err && !d->board->config_base)
		return loongson_refuse(d, -ENODEV,
				       "firmware has no MCFG: where config space is, nobody says");
	if (err) {
		loongson_assume(d, "the config window", "MCFG");
		return add_host(d, &usual, true);
	}
	for (unsigned i = 0; !err && i < d->mcfg.count; i++)
		err = add_host(d, &d->mcfg.entries[i], has_loongson_layout(&d->mcfg));
	return err;
}

int loongson_discover_pci(struct loongson_discovery *d)
{
	int err = discover_hosts(d);

	if (err)
		return err;
	discover_iommus(d);
	add_iommus(d);
	return 0;
}
