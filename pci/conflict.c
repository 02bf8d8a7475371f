// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What two functions share that zones must not (invariant V9). Facts captured at boot only: the
 * same code judges in the hypervisor and in the host command. No locks, any context.
 */
#include <postern/pci.h>

static bool share_page(const struct pci_function *a, const struct pci_function *b)
{
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		const struct pci_bar *x = &a->bars[i];
		uint64_t x_base = align_down(x->cpu, PAGE_SIZE);

		if ((x->kind != PCI_BAR_MEM32 && x->kind != PCI_BAR_MEM64) || !x->bus)
			continue;
		for (unsigned j = 0; j < PCI_BAR_COUNT; j++) {
			const struct pci_bar *y = &b->bars[j];
			uint64_t y_base = align_down(y->cpu, PAGE_SIZE);

			if ((y->kind != PCI_BAR_MEM32 && y->kind != PCI_BAR_MEM64) || !y->bus)
				continue;
			if (ranges_overlap(x_base, align_up(x->cpu + x->size, PAGE_SIZE) - x_base,
					   y_base, align_up(y->cpu + y->size, PAGE_SIZE) - y_base))
				return true;
		}
	}
	return false;
}

enum pci_conflict pci_conflict(const struct pci_function *a, const struct pci_function *b)
{
	if (a->group == b->group)
		return PCI_SAME_GROUP;
	if (a->iommu.unit >= 0 && a->iommu.unit == b->iommu.unit && a->iommu.id == b->iommu.id)
		return PCI_SAME_STREAM;
	return share_page(a, b) ? PCI_SAME_PAGE : PCI_APART;
}
