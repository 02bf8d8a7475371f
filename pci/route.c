// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Under which identity IOMMUs and MSI units see a function: the host bridge's maps (Linux bindings
 * pci-iommu and pci-msi, ACPI IORT and IOVT), first match wins.
 *
 * Boot, single-threaded.
 */
#include "scan.h"

struct pci_function *pci_root_port(const struct pci_function *f)
{
	struct pci_function *port = f->parent;

	while (port && port->parent)
		port = port->parent;
	return port;
}

static const struct pci_function *on_root_bus(const struct pci_function *f)
{
	const struct pci_function *port = pci_root_port(f);

	return port ? port : f;
}

static struct pci_route route(const struct pci_id_map *map, unsigned count,
			      const struct pci_function *f)
{
	const uint32_t rid = sbdf_rid(f->sbdf);

	for (unsigned i = 0; i < count; i++) {
		const struct pci_id_map *m = &map[i];

		if (rid < m->rid_base || rid - m->rid_base >= m->length)
			continue;
		return (struct pci_route){ .unit = (int)m->unit,
					   .id = m->by_root_port
							 ? sbdf_rid(on_root_bus(f)->sbdf)
							 : m->out_base + (rid - m->rid_base) };
	}
	return (struct pci_route){ .unit = -1 };
}

void pci_route_function(struct pci_function *f)
{
	const struct pci_host *h = f->host;

	f->iommu = route(h->iommu_map, h->iommu_map_count, f);
	f->msi_unit = route(h->msi_map, h->msi_map_count, f);
}

void pci_route_functions(struct pci_table *t)
{
	for (unsigned i = 0; i < t->count; i++)
		pci_route_function(&t->functions[i]);
}
