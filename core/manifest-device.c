// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manifest against a machine, one device and one zone at a time: what a device's registers lie
 * on, whether it can be used again, and whether everything fits a zone's address space. Rules in
 * docs/manifest.md; manifest-resolve.c says when each is asked.
 *
 * A device whose BARs' sizes are not known (struct manifest_machine, `unsized`) is not judged by
 * what depends on them: whoever says so to the user knows why. No locks, no allocation; boot or
 * host, before any zone runs.
 */
#include "manifest-rules.h"

#include <linux/pci_regs.h>
#include <postern/pci.h>

static bool is_memory(const struct pci_bar *b)
{
	return b->kind == PCI_BAR_MEM32 || b->kind == PCI_BAR_MEM64;
}

static bool sizes_known(const struct manifest_machine *machine, const struct manifest_device *d)
{
	return !machine->unsized || !machine->unsized[d->function];
}

/* ---- registers ---- */

static void check_reserved(struct manifest_check *c, const struct manifest_machine *machine,
			   const struct manifest_device *d, const struct pci_function *f)
{
	char subject[DEVICE_SUBJECT];

	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		const struct pci_bar *b = &f->bars[i];

		if (!is_memory(b) || !b->bus)
			continue;
		for (unsigned k = 0; k < machine->reserved_count; k++) {
			const struct manifest_region *r = &machine->reserved[k];

			if (!ranges_overlap(b->cpu, b->size, r->base, r->size))
				continue;
			manifest_refuse(c, RULE_RESERVED_REGION,
					manifest_device_subject(d, subject),
					"BAR%u of " SBDF_FMT
					" at 0x%llx, 0x%llx bytes, lies on %s at 0x%llx",
					i, SBDF_ARG(f->sbdf), (unsigned long long)b->cpu,
					(unsigned long long)b->size, r->what,
					(unsigned long long)r->base);
			return;
		}
	}
}

/* Of the MSI-X structure at [at, at+size) of a BAR: it is what its first page begins with. */
static bool begins_page(uint8_t bar, uint32_t at, uint8_t page_bar, uint64_t page)
{
	return bar == page_bar && at == page;
}

/*
 * Table and pending bits are trapped by the page. What stands behind them in their last page is
 * padding in nearly every device; what stands before them in their first page is not.
 */
static void check_msix_page(struct manifest_check *c, const struct manifest_device *d,
			    const struct pci_function *f, const char *what, uint8_t bar,
			    uint32_t at)
{
	const struct pci_msix_info *x = &f->msix;
	uint64_t page = align_down(at, PAGE_SIZE);
	char subject[DEVICE_SUBJECT];

	if (begins_page(x->table_bar, x->table_offset, bar, page) ||
	    begins_page(x->pba_bar, x->pba_offset, bar, page))
		return;
	manifest_warn(c, RULE_MSIX_SHARED_PAGE, manifest_device_subject(d, subject),
		      "the MSI-X %s of " SBDF_FMT
		      " at BAR%u+0x%x shares its page with other registers: each access to them "
		      "traps",
		      what, SBDF_ARG(f->sbdf), (unsigned)bar, (unsigned)at);
}

static void check_msix(struct manifest_check *c, const struct manifest_device *d,
		       const struct pci_function *f)
{
	char subject[DEVICE_SUBJECT];

	if (!f->caps.msix)
		return;
	/* The scan has forgotten a table that does not fit (pci_validate_msix()). */
	if (!f->msix.entries) {
		manifest_refuse(c, RULE_MSIX_OUTSIDE_BAR, manifest_device_subject(d, subject),
				"MSI-X table or pending bits of " SBDF_FMT
				" [%04x:%04x] do not lie inside a memory BAR of its own",
				SBDF_ARG(f->sbdf), f->vendor, f->device);
		return;
	}
	check_msix_page(c, d, f, "table", f->msix.table_bar, f->msix.table_offset);
	if (f->msix.pba_bar != f->msix.table_bar ||
	    align_down(f->msix.pba_offset, PAGE_SIZE) !=
		    align_down(f->msix.table_offset, PAGE_SIZE))
		check_msix_page(c, d, f, "pending bits", f->msix.pba_bar, f->msix.pba_offset);
}

void manifest_check_registers(struct manifest_check *c, const struct manifest_machine *machine,
			      const struct manifest_device *d)
{
	const struct pci_function *f = &machine->devices->functions[d->function];

	if (!sizes_known(machine, d))
		return;
	check_reserved(c, machine, d, f);
	check_msix(c, d, f);
}

/* ---- reset ---- */

static bool is_below(const struct pci_function *f, const struct pci_function *bridge)
{
	while (f && f != bridge)
		f = f->parent;
	return f;
}

/* The zone that runs f although `z` does not: by its own manifest, or by what is left over. */
static const char *foreign_owner(const struct manifest *m, const struct pci_table *t, unsigned i,
				 const struct manifest_zone *z)
{
	const struct manifest_zone *holder = manifest_holder(m, (int)i, NULL);

	if (holder)
		return holder == z ? NULL : holder->name;
	for (unsigned k = 0; k < m->zone_count; k++)
		if (&m->zones[k] != z && m->zones[k].all_unassigned &&
		    manifest_leaves_over(m, t, i))
			return m->zones[k].name;
	return NULL;
}

void manifest_check_reset(struct manifest_check *c, const struct manifest_machine *machine,
			  const struct manifest_device *d)
{
	const struct pci_table *t = machine->devices;
	const struct pci_function *f = &t->functions[d->function], *bridge = f->parent;
	char subject[DEVICE_SUBJECT];

	if (pci_reset_method(f))
		return;
	manifest_device_subject(d, subject);
	for (unsigned i = 0; bridge && i < t->count; i++) {
		const struct pci_function *other = &t->functions[i];
		const char *owner;

		if (other == f || !is_below(other->parent, bridge))
			continue;
		owner = foreign_owner(c->m, t, i, c->zone);
		if (!owner)
			continue;
		manifest_warn(c, RULE_FOREIGN_BUS_RESET, subject,
			      SBDF_FMT
			      " cannot be reset alone, and a reset of the bus below " SBDF_FMT
			      " would reach " SBDF_FMT
			      " of zone %s: once its zone stops, it stays blocked",
			      SBDF_ARG(f->sbdf), SBDF_ARG(bridge->sbdf), SBDF_ARG(other->sbdf),
			      owner);
		return;
	}
	manifest_warn(
		c, RULE_NO_RESET, subject,
		SBDF_FMT
		" has no FLR, no AF-FLR and keeps its state in D3hot: once its zone stops, it "
		"stays blocked",
		SBDF_ARG(f->sbdf));
}

/* ---- a zone's address space ---- */

static void check_memory(struct manifest_check *c, const struct manifest_layout *l)
{
	const struct manifest_zone *z = c->zone;
	const struct manifest_region *w = &l->window64;
	unsigned long long end = l->ram + z->memory;

	if (ranges_overlap(l->ram, z->memory, w->base, w->size)) {
		manifest_refuse(c, RULE_MEMORY_WINDOW, "memory-mib",
				"%llu MiB from 0x%llx on end at 0x%llx, inside the zone's %s at "
				"0x%llx; %llu MiB fit",
				(unsigned long long)(z->memory / MIB), (unsigned long long)l->ram,
				end, w->what, (unsigned long long)w->base,
				(unsigned long long)((w->base - l->ram) / MIB));
		return;
	}
	/* Only a zone with a DMA domain needs the doorbells in it. */
	for (unsigned i = 0; (z->device_count || z->all_unassigned) && i < l->doorbell_count; i++) {
		const struct manifest_region *b = &l->doorbells[i];

		if (!ranges_overlap(l->ram, z->memory, b->base, b->size))
			continue;
		manifest_refuse(c, RULE_MEMORY_DOORBELL, "memory-mib",
				"%llu MiB from 0x%llx on cover 0x%llx, where the zone's devices "
				"reach the %s",
				(unsigned long long)(z->memory / MIB), (unsigned long long)l->ram,
				(unsigned long long)b->base, b->what);
		return;
	}
}

/* Where pci/ puts it on the zone's bus: prefetchable 64-bit BARs high, all others low. */
static bool goes_high(const struct pci_bar *b, const struct manifest_layout *l)
{
	return b->kind == PCI_BAR_MEM64 && b->prefetchable && l->window64.size;
}

/* The sum alone is judged: what does not fit by it fits in no order. */
static void check_windows(struct manifest_check *c, const struct manifest_machine *machine)
{
	const struct manifest_layout *l = machine->layout;
	const struct manifest_zone *z = c->zone;
	uint64_t used[2] = { 0, 0 };

	for (unsigned k = 0; k < z->device_count; k++) {
		const struct manifest_device *d = &z->devices[k];
		const struct pci_function *f;
		char subject[DEVICE_SUBJECT];

		if (d->function < 0 || !sizes_known(machine, d))
			continue;
		f = &machine->devices->functions[d->function];
		for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
			const struct pci_bar *b = &f->bars[i];
			const bool high = goes_high(b, l);
			const struct manifest_region *w = high ? &l->window64 : &l->window32;

			/* Each BAR stands on pages of its own. */
			if (!is_memory(b))
				continue;
			if (b->size <= w->size - used[high] &&
			    align_up(b->size, PAGE_SIZE) <= w->size - used[high]) {
				used[high] += align_up(b->size, PAGE_SIZE);
				continue;
			}
			manifest_refuse(
				c, RULE_WINDOW_OVERFLOW, manifest_device_subject(d, subject),
				"BAR%u of " SBDF_FMT
				", %llu KiB, is more than is left of the zone's %s: %llu KiB "
				"of %llu",
				i, SBDF_ARG(f->sbdf), (unsigned long long)(b->size / KIB), w->what,
				(unsigned long long)((w->size - used[high]) / KIB),
				(unsigned long long)(w->size / KIB));
			return;
		}
	}
}

void manifest_check_space(struct manifest_check *c, const struct manifest_machine *machine)
{
	if (!machine->layout)
		return;
	if (!c->zone->refused)
		check_memory(c, machine->layout);
	if (machine->devices)
		check_windows(c, machine);
}
