// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manifest against a machine: which function each device node means, and whether the zones
 * together ask for more than there is or for what cannot be kept apart (V9). Rules in
 * docs/manifest.md.
 *
 * A zone refused here or earlier still holds the devices it names: an error in one zone never moves
 * a device into another. Its CPUs and memory are free for the others. No locks, no allocation; boot
 * or host, before any zone runs.
 */
#include "manifest-rules.h"

#include <postern/errno.h>
#include <postern/pci.h>
#include <postern/string.h>

#define CLASS_BASE(class_code) ((class_code) >> 16)
#define CLASS_IOMMU(class_code) \
	((class_code) >> 8 == 0x0806) /* PCI Code and ID Assignment 1.16, 1.9 */
#define BASE_BRIDGE 0x06u

struct resolver {
	struct manifest_check check; /* first: the checks report through it */
	const struct manifest_machine *machine;
	struct manifest_zone *order[MANIFEST_MAX_ZONES]; /* root first, else as written */
};

#define for_each_device(d, z) \
	for ((d) = (z)->devices; (d) < (z)->devices + (z)->device_count; (d)++)

static void enter_zone(struct resolver *r, struct manifest_zone *z)
{
	r->check.zone = z;
	r->check.zone_name = z->name;
}

/* ---- which function a device node means ---- */

/* An address that did not survive parsing is refused already and names nothing. */
static bool is_malformed(const struct manifest_device *d)
{
	return d->match == MATCH_BDF && d->bdf == SBDF_NONE;
}

static bool matches(const struct manifest_device *d, const struct pci_function *f)
{
	if (d->vendor == MANIFEST_ANY_VENDOR)
		return ((f->class_code ^ d->class_code) & d->class_mask) == 0;
	return f->vendor == d->vendor && f->device == d->device;
}

const struct manifest_zone *manifest_holder(const struct manifest *m, int function,
					    const struct manifest_device **node)
{
	for (unsigned i = 0; i < m->zone_count; i++) {
		const struct manifest_device *d;

		for_each_device(d, &m->zones[i]) {
			if (d->function != function)
				continue;
			if (node)
				*node = d;
			return &m->zones[i];
		}
	}
	return NULL;
}

/*
 * The zone with a node of the same address among those that come before d in resolution order; NULL
 * when there is none. Works without a machine too.
 */
static const struct manifest_zone *named_before(const struct resolver *r,
						const struct manifest_device *d,
						const struct manifest_device **node)
{
	for (unsigned i = 0; i < r->check.m->zone_count; i++) {
		const struct manifest_device *other;

		for_each_device(other, r->order[i]) {
			if (other == d)
				return NULL;
			if (other->match != MATCH_BDF || other->bdf != d->bdf ||
			    other->is_vf != d->is_vf || (d->is_vf && other->vf != d->vf))
				continue;
			*node = other;
			return r->order[i];
		}
	}
	return NULL;
}

static void resolve_bdf(struct resolver *r, struct manifest_device *d)
{
	const struct pci_table *t = r->machine->devices;
	const struct manifest_device *node;
	const struct manifest_zone *holder = named_before(r, d, &node);
	char subject[DEVICE_SUBJECT];

	manifest_device_subject(d, subject);
	if (holder) {
		manifest_refuse(&r->check, RULE_DUPLICATE_DEVICE, subject,
				SBDF_FMT " is given to zone %s already (device %s)",
				SBDF_ARG(d->bdf), holder->name, node->name);
		return;
	}
	if (!t)
		return;
	for (unsigned i = 0; i < t->count; i++) {
		if (t->functions[i].sbdf == d->bdf) {
			*(d->is_vf ? &d->vf_of : &d->function) = (int)i;
			return;
		}
	}
	manifest_refuse(&r->check, RULE_UNKNOWN_DEVICE, subject,
			"the machine has no function " SBDF_FMT " (it has %u)", SBDF_ARG(d->bdf),
			t->count);
}

/* `instance` skips that many matching functions in SBDF order, taken or not; the next free one is
 * it. */
static void resolve_match(struct resolver *r, struct manifest_device *d)
{
	const struct pci_table *t = r->machine->devices;
	const struct manifest_zone *holder = NULL;
	char subject[DEVICE_SUBJECT];
	unsigned found = 0;
	int last = -1;

	for (unsigned i = 0; i < t->count; i++) {
		if (!matches(d, &t->functions[i]) || found++ < d->instance)
			continue;
		/* The node of a VF names a physical function that another node holds. */
		if (d->is_vf) {
			d->vf_of = (int)i;
			return;
		}
		holder = manifest_holder(r->check.m, (int)i, NULL);
		if (!holder) {
			d->function = (int)i;
			return;
		}
		last = (int)i;
	}
	manifest_device_subject(d, subject);
	if (last < 0)
		manifest_refuse(&r->check, RULE_UNKNOWN_DEVICE, subject,
				"%u of the machine's %u functions match", found, t->count);
	else
		manifest_refuse(&r->check, RULE_DUPLICATE_DEVICE, subject,
				"all that match are given away, the last one (" SBDF_FMT
				") to zone %s",
				SBDF_ARG(t->functions[last].sbdf), holder->name);
}

/* ---- whether it can be given away ---- */

/* Why a function cannot be given to any zone; NULL when it can. */
static const char *obstacle(const struct pci_function *f)
{
	if (pci_is_bridge(f) || CLASS_BASE(f->class_code) == BASE_BRIDGE)
		return "bridges belong to Postern";
	if (f->engine && !CLASS_IOMMU(f->class_code))
		return "parts of the machine belong to Postern";
	if (CLASS_IOMMU(f->class_code))
		return "IOMMUs belong to Postern";
	if (f->state == DEVICE_FAILED)
		return f->failure ? f->failure : "it failed earlier";
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		const struct pci_bar *bar = &f->bars[i];

		if ((bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64) && bar->size &&
		    !bar->bus)
			return "one of its BARs found no place in the host bridge's windows";
	}
	return NULL;
}

static bool check_assignable(struct resolver *r, const struct manifest_device *d)
{
	const struct pci_function *f = &r->machine->devices->functions[d->function];
	const char *why = obstacle(f);
	const bool trusts = r->check.zone->trust_dma;
	char subject[DEVICE_SUBJECT];

	manifest_device_subject(d, subject);
	if (d->sriov_vfs > f->sriov.total)
		manifest_refuse(&r->check, RULE_NO_SRIOV, subject,
				SBDF_FMT " [%04x:%04x] can have %u virtual functions, not %u",
				SBDF_ARG(f->sbdf), f->vendor, f->device, (unsigned)f->sriov.total,
				d->sriov_vfs);
	if (why)
		manifest_refuse(&r->check, RULE_NOT_ASSIGNABLE, subject,
				SBDF_FMT " [%04x:%04x]: %s", SBDF_ARG(f->sbdf), f->vendor,
				f->device, why);
	else if (f->iommu.unit < 0 && trusts)
		manifest_warn(&r->check, RULE_TRUST_DMA, subject,
			      SBDF_FMT " [%04x:%04x] is behind no IOMMU: it is not isolated",
			      SBDF_ARG(f->sbdf), f->vendor, f->device);
	else if (f->iommu.unit < 0)
		manifest_refuse(&r->check, RULE_NO_IOMMU, subject,
				SBDF_FMT
				" [%04x:%04x] is behind no IOMMU: its DMA would reach all memory",
				SBDF_ARG(f->sbdf), f->vendor, f->device);
	return !why && (f->iommu.unit >= 0 || trusts);
}

static bool root_trusts(const struct manifest *m)
{
	for (unsigned i = 0; i < m->zone_count; i++)
		if (m->zones[i].root)
			return m->zones[i].trust_dma;
	return false;
}

bool manifest_leaves_over(const struct manifest *m, const struct pci_table *t, unsigned function)
{
	const struct pci_function *f = &t->functions[function];

	return !pci_is_vf(f) && !obstacle(f) && (f->iommu.unit >= 0 || root_trusts(m)) &&
	       !manifest_holder(m, (int)function, NULL);
}

/* ---- what two zones cannot share ---- */

/* Refuses the current zone's device d if `other`, which belongs to zone `owner`, cannot be kept
 * apart from it. */
static bool check_apart(struct resolver *r, const struct manifest_device *d,
			const struct pci_function *other, const char *owner)
{
	const struct pci_function *f = &r->machine->devices->functions[d->function];
	const struct pci_function *port = pci_root_port(f);
	char subject[DEVICE_SUBJECT];

	manifest_device_subject(d, subject);
	switch (pci_conflict(f, other)) {
	case PCI_APART:
		return true;
	case PCI_SAME_GROUP:
		manifest_refuse(&r->check, RULE_ISOLATION_GROUP, subject,
				SBDF_FMT " is in isolation group %u with " SBDF_FMT
					 ", which goes to zone %s",
				SBDF_ARG(f->sbdf), f->group, SBDF_ARG(other->sbdf), owner);
		return false;
	case PCI_SAME_STREAM:
		if (port && port == pci_root_port(other))
			manifest_refuse(&r->check, RULE_SHARED_STREAM, subject,
					SBDF_FMT
					" and " SBDF_FMT
					", which goes to zone %s, are one to IOMMU %d: both "
					"are below root port " SBDF_FMT,
					SBDF_ARG(f->sbdf), SBDF_ARG(other->sbdf), owner,
					f->iommu.unit, SBDF_ARG(port->sbdf));
		else
			manifest_refuse(&r->check, RULE_SHARED_STREAM, subject,
					SBDF_FMT " is stream 0x%x of IOMMU %d, and so is " SBDF_FMT
						 ", which goes to zone %s",
					SBDF_ARG(f->sbdf), f->iommu.id, f->iommu.unit,
					SBDF_ARG(other->sbdf), owner);
		return false;
	case PCI_SAME_PAGE:
		manifest_refuse(&r->check, RULE_SHARED_PAGE, subject,
				"BARs of " SBDF_FMT " and of " SBDF_FMT
				", which goes to zone %s, are in one page",
				SBDF_ARG(f->sbdf), SBDF_ARG(other->sbdf), owner);
		return false;
	case PCI_SAME_INTX:
		manifest_refuse(&r->check, RULE_SHARED_INTX, subject,
				SBDF_FMT " and " SBDF_FMT
					 ", which goes to zone %s, have no MSI and raise the same "
					 "line, INT%c of their host bridge",
				SBDF_ARG(f->sbdf), SBDF_ARG(other->sbdf), owner,
				'A' + pci_intx_line(f));
		return false;
	case PCI_SAME_MSI_ID:
		manifest_refuse(&r->check, RULE_SHARED_MSI_ID, subject,
				SBDF_FMT " is device 0x%x of MSI unit %d, and so is " SBDF_FMT
					 ", which goes to zone %s",
				SBDF_ARG(f->sbdf), f->msi_unit.id, f->msi_unit.unit,
				SBDF_ARG(other->sbdf), owner);
		return false;
	}
	return false;
}

/* Against every zone that comes earlier in order, and against what is left over when root takes
 * that. */
static void check_sharing(struct resolver *r, unsigned place, const struct manifest_device *d)
{
	const struct pci_table *t = r->machine->devices;
	const struct manifest_zone *root = r->order[0];

	for (unsigned i = 0; i < place; i++) {
		const struct manifest_device *other;

		for_each_device(other, r->order[i])
			if (other->function >= 0 &&
			    !check_apart(r, d, &t->functions[other->function], r->order[i]->name))
				return;
	}
	if (!root->all_unassigned || place == 0)
		return;
	for (unsigned i = 0; i < t->count; i++)
		if (manifest_leaves_over(r->check.m, t, i) &&
		    !check_apart(r, d, &t->functions[i], root->name))
			return;
}

/* ---- virtual functions ---- */

/* Another node of the same VF that comes before d; NULL: none. */
static const struct manifest_zone *vf_named_before(const struct resolver *r,
						   const struct manifest_device *d)
{
	for (unsigned i = 0; i < r->check.m->zone_count; i++) {
		const struct manifest_device *other;

		for_each_device(other, r->order[i]) {
			if (other == d)
				return NULL;
			if (other->is_vf && other->vf_of == d->vf_of && other->vf == d->vf)
				return r->order[i];
		}
	}
	return NULL;
}

/*
 * A VF goes to the zone of its physical function, or from root to any other; there it must be apart
 * (V9).
 */
static void check_vf(struct resolver *r, const struct manifest_zone *z,
		     const struct manifest_device *d)
{
	const struct pci_table *t = r->machine->devices;
	const struct pci_function *pf = &t->functions[d->vf_of];
	const struct manifest_device *node = NULL;
	const struct manifest_zone *holder = manifest_holder(r->check.m, d->vf_of, &node), *other;
	char subject[DEVICE_SUBJECT];

	manifest_device_subject(d, subject);
	if (!holder || d->vf >= node->sriov_vfs) {
		manifest_refuse(&r->check, RULE_VF_NOT_OFFERED, subject,
				SBDF_FMT " offers %u virtual functions, counted from 0",
				SBDF_ARG(pf->sbdf), holder ? node->sriov_vfs : 0);
		return;
	}
	other = vf_named_before(r, d);
	if (other)
		manifest_refuse(&r->check, RULE_DUPLICATE_DEVICE, subject,
				"virtual function %u of " SBDF_FMT " is given to zone %s already",
				d->vf, SBDF_ARG(pf->sbdf), other->name);
	if (holder == z)
		return;
	if (!holder->root)
		manifest_refuse(&r->check, RULE_VF_PF_NOT_ROOT, subject,
				SBDF_FMT " belongs to zone %s, and only root may hold the physical "
					 "function of another zone's virtual one",
				SBDF_ARG(pf->sbdf), holder->name);
	if (!pci_vfs_apart(t, pf))
		manifest_refuse(
			&r->check, RULE_ISOLATION_GROUP, subject,
			"virtual functions of " SBDF_FMT
			" are in its isolation group %u, which has other members too and goes "
			"to zone %s",
			SBDF_ARG(pf->sbdf), pf->group, holder->name);
}

/* ---- quantities and images ---- */

static void check_images(struct resolver *r, const struct manifest_zone *z,
			 bool (*has_image)(void *ctx, const char *name))
{
	const char *const names[] = { z->kernel, z->initrd };

	for (unsigned i = 0; has_image && i < ARRAY_SIZE(names); i++)
		if (names[i][0] && !has_image(r->check.ctx, names[i]))
			manifest_refuse(&r->check, RULE_MISSING_IMAGE, names[i],
					"the bundle holds no usable %s \"%s\"",
					i ? "initrd" : "kernel", names[i]);
}

static void check_quantities(struct resolver *r, const struct manifest_zone *z, unsigned *cpus,
			     uint64_t *memory)
{
	if (z->refused)
		return;
	if (z->cpus > *cpus)
		manifest_refuse(&r->check, RULE_TOO_MANY_CPUS, "cpus",
				"the zone wants %u CPUs, %u of the machine's %u are left", z->cpus,
				*cpus, r->machine->cpus);
	if (z->memory > *memory)
		manifest_refuse(&r->check, RULE_TOO_MUCH_MEMORY, "memory-mib",
				"the zone wants %llu MiB, %llu of the machine's %llu MiB are left",
				(unsigned long long)(z->memory / MIB),
				(unsigned long long)(*memory / MIB),
				(unsigned long long)(r->machine->memory / MIB));
	if (z->refused)
		return;
	*cpus -= z->cpus;
	*memory -= z->memory;
}

int manifest_resolve(struct manifest *m, const struct manifest_machine *machine,
		     bool (*has_image)(void *ctx, const char *name), manifest_report report,
		     void *ctx)
{
	struct resolver r = { .check = { .m = m, .report = report, .ctx = ctx },
			      .machine = machine };
	unsigned cpus = machine->cpus, n = 0;
	uint64_t memory = machine->memory;
	struct manifest_device *d;

	for (unsigned i = 0; i < m->zone_count; i++)
		if (m->zones[i].root)
			r.order[n++] = &m->zones[i];
	for (unsigned i = 0; i < m->zone_count; i++)
		if (!m->zones[i].root)
			r.order[n++] = &m->zones[i];
	for (unsigned i = 0; i < n; i++)
		for_each_device(d, r.order[i])
			d->function = d->vf_of = -1;

	/* Whoever is named by address goes first: a match then takes what is left. */
	for (unsigned i = 0; i < n; i++) {
		enter_zone(&r, r.order[i]);
		for_each_device(d, r.order[i])
			if (d->match == MATCH_BDF && !is_malformed(d))
				resolve_bdf(&r, d);
	}
	for (unsigned i = 0; machine->devices && i < n; i++) {
		enter_zone(&r, r.order[i]);
		for_each_device(d, r.order[i])
			if (d->match == MATCH_ID)
				resolve_match(&r, d);
	}
	for (unsigned i = 0; machine->devices && i < n; i++) {
		enter_zone(&r, r.order[i]);
		for_each_device(d, r.order[i]) {
			bool assignable = d->function >= 0 && check_assignable(&r, d);

			if (d->vf_of >= 0)
				check_vf(&r, r.order[i], d);
			if (d->function < 0)
				continue;
			check_sharing(&r, i, d);
			if (!assignable)
				continue;
			manifest_check_registers(&r.check, machine, d);
			manifest_check_reset(&r.check, machine, d);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		enter_zone(&r, r.order[i]);
		check_images(&r, r.order[i], has_image);
		manifest_check_space(&r.check, machine);
		check_quantities(&r, r.order[i], &cpus, &memory);
	}
	if (machine->devices)
		manifest_check_slots(&r.check, machine);
	return r.check.errors;
}
