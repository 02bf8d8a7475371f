// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Isolation groups (invariant V9): functions that can reach each other without passing the IOMMU go
 * together or not at all. Caller context: boot, single-threaded, after every host was scanned.
 *
 * Joined are
 *  - functions of one multifunction device, unless both redirect peer-to-peer requests (ACS);
 *  - everything below a conventional PCI bus, with the bridge whose requester ID stands for it;
 *  - everything below a port that does not redirect (no ACS, and no ports_isolate quirk), with
 *    everything at and below its sibling ports: a request may be turned around at the level above.
 *
 * A root-complex device is not joined with its neighbours on the root bus: what it sends is
 * translated at the root complex. Whether ACS holds is judged by what the control register read
 * back after the scan enabled it.
 *
 * PCIe Base Specification, 6.12 (ACS); PCI Express to PCI/PCI-X Bridge Specification, 2.3
 * (ownership of requester IDs).
 */
#include "scan.h"

#include <linux/pci_regs.h>

#define ACS_REDIRECT (PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF)

/* Union-find over table indexes; a group is named by its lowest member. */
static unsigned root_of(const unsigned *link, unsigned i)
{
	while (link[i] != i)
		i = link[i];
	return i;
}

static void join(unsigned *link, unsigned a, unsigned b)
{
	a = root_of(link, a);
	b = root_of(link, b);
	if (a < b)
		link[b] = a;
	else
		link[a] = b;
}

static bool acs_redirects(const struct pci_function *f)
{
	uint16_t have, on;

	if (!f->caps.acs)
		return false;
	have = pci_snapshot16(f, f->caps.acs + PCI_ACS_CAP) & ACS_REDIRECT;
	on = pci_snapshot16(f, f->caps.acs + PCI_ACS_CTRL);
	return (on & have) == have && !(on & (PCI_ACS_EC | PCI_ACS_DT));
}

static bool is_port(const struct pci_function *f)
{
	return pci_is_bridge(f) &&
	       (f->pcie_type == PCI_EXP_TYPE_ROOT_PORT || f->pcie_type == PCI_EXP_TYPE_DOWNSTREAM);
}

static bool port_isolates(const struct pci_function *port)
{
	const struct pci_quirks *q = port->host->quirks;

	return acs_redirects(port) || (q && q->ports_isolate && q->ports_isolate(port));
}

/*
 * A bridge to a shared bus: whatever is below sends with the bridge's requester ID, or sees its
 * neighbours' requests.
 */
static bool makes_shared_bus(const struct pci_function *b)
{
	return pci_is_bridge(b) && !is_port(b) && b->pcie_type != PCI_EXP_TYPE_UPSTREAM;
}

static bool same_bus(const struct pci_function *a, const struct pci_function *b)
{
	return a->host == b->host && a->parent == b->parent;
}

/* With ARI all functions of a link's bus are one device; else those of one device number. */
static bool same_device(const struct pci_function *a, const struct pci_function *b)
{
	if (!same_bus(a, b) || sbdf_bus(a->sbdf) != sbdf_bus(b->sbdf))
		return false;
	return sbdf_dev(a->sbdf) == sbdf_dev(b->sbdf) || (a->parent && is_port(a->parent));
}

/* Whether f is, or is below, a function on the same bus as `port`. */
static bool at_or_below_bus_of(const struct pci_function *f, const struct pci_function *port)
{
	for (; f; f = f->parent)
		if (same_bus(f, port))
			return true;
	return false;
}

static bool at_or_below(const struct pci_function *f, const struct pci_function *top)
{
	for (; f; f = f->parent)
		if (f == top)
			return true;
	return false;
}

/*
 * Everything a request turned around above `port` could reach. On a root bus that is the ports, not
 * the devices there.
 */
static bool reachable_sideways(const struct pci_function *f, const struct pci_function *port)
{
	if (at_or_below(f, port))
		return true;
	if (!at_or_below_bus_of(f, port))
		return false;
	return port->parent != NULL || f->parent != NULL || is_port(f);
}

void pci_assign_groups(struct pci_table *t)
{
	unsigned link[MAX_PCI_FUNCTIONS], number[MAX_PCI_FUNCTIONS], next = 0, i, j;

	for (i = 0; i < t->count; i++)
		link[i] = i;
	for (i = 0; i < t->count; i++) {
		const struct pci_function *f = &t->functions[i];

		if (f->parent && makes_shared_bus(f->parent))
			join(link, i, (unsigned)(f->parent - t->functions));
		for (j = 0; j < i; j++) {
			const struct pci_function *o = &t->functions[j];

			if (same_device(f, o) && !pci_is_bridge(f) && !pci_is_bridge(o) &&
			    !(acs_redirects(f) && acs_redirects(o)))
				join(link, i, j);
		}
		if (!is_port(f) || port_isolates(f))
			continue;
		for (j = 0; j < t->count; j++)
			if (reachable_sideways(&t->functions[j], f))
				join(link, i, j);
	}
	for (i = 0; i < t->count; i++) {
		unsigned top = root_of(link, i);

		if (top == i)
			number[i] = next++;
		t->functions[i].group = number[top];
	}
}
