// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What two functions share that zones must not (invariant V9), and what a function can do alone.
 * Facts captured at boot only: the same code judges in the hypervisor and in the host command. No
 * locks, any context.
 */
#include <linux/pci_regs.h>
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

bool pci_sends_messages(const struct pci_function *f)
{
	return f->msi.vectors || f->msix.entries;
}

/* The pin (0..3) that the function's raises at the function of the root bus above it, which may be itself. */
static const struct pci_function *root_pin(const struct pci_function *f, unsigned *pin)
{
	*pin = f->interrupt_pin - 1u;
	for (; f->parent; f = f->parent) {
		/* At the end of a link there is one device, 0, whatever ARI makes of the number. */
		bool link = f->parent->pcie_type == PCI_EXP_TYPE_ROOT_PORT ||
			    f->parent->pcie_type == PCI_EXP_TYPE_DOWNSTREAM;

		*pin += link ? 0 : sbdf_dev(f->sbdf);
	}
	*pin %= PCI_INTX_LINES;
	return f;
}

static bool has_pin(const struct pci_function *f)
{
	return f->interrupt_pin >= 1 && f->interrupt_pin <= PCI_INTX_LINES;
}

int pci_intx_line(const struct pci_function *f)
{
	const struct pci_function *top;
	unsigned pin;

	if (!has_pin(f))
		return -1;
	top = root_pin(f, &pin);
	return (int)((pin + sbdf_dev(top->sbdf)) % PCI_INTX_LINES);
}

uint32_t pci_intx_irq(const struct pci_function *f)
{
	const struct pci_function *top;
	unsigned pin;

	if (!has_pin(f))
		return 0;
	top = root_pin(f, &pin);
	return f->host->intx[sbdf_dev(top->sbdf)][pin];
}

bool pci_intx_maskable(const struct pci_function *f)
{
	/* The scan set it in every function before it took the snapshot. */
	return f->snapshot[PCI_COMMAND + 1] & (PCI_COMMAND_INTX_DISABLE >> 8);
}

static bool share_intx(const struct pci_function *a, const struct pci_function *b)
{
	return a->host == b->host && !pci_sends_messages(a) && !pci_sends_messages(b) &&
	       pci_intx_line(a) >= 0 && pci_intx_line(a) == pci_intx_line(b);
}

static bool share_msi_id(const struct pci_function *a, const struct pci_function *b)
{
	return pci_sends_messages(a) && pci_sends_messages(b) && a->msi_unit.unit >= 0 &&
	       a->msi_unit.unit == b->msi_unit.unit && a->msi_unit.id == b->msi_unit.id;
}

const char *pci_reset_method(const struct pci_function *f)
{
	if (f->can_flr)
		return "flr";
	if (f->can_af_flr)
		return "af-flr";
	return f->caps.pm && !f->no_soft_reset ? "pm" : NULL;
}

enum pci_conflict pci_conflict(const struct pci_function *a, const struct pci_function *b)
{
	if (a->group == b->group)
		return PCI_SAME_GROUP;
	if (a->iommu.unit >= 0 && a->iommu.unit == b->iommu.unit && a->iommu.id == b->iommu.id)
		return PCI_SAME_STREAM;
	if (share_page(a, b))
		return PCI_SAME_PAGE;
	if (share_intx(a, b))
		return PCI_SAME_INTX;
	return share_msi_id(a, b) ? PCI_SAME_MSI_ID : PCI_APART;
}

bool pci_vfs_apart(const struct pci_table *t, const struct pci_function *pf)
{
	unsigned i;

	for (i = 0; i < t->count; i++)
		if (&t->functions[i] != pf && t->functions[i].group == pf->group &&
		    t->functions[i].pf != pf)
			return false;
	return true;
}
