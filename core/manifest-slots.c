// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manifest against IOMMUs that know a few streams at a time: zones other than root come first,
 * in the manifest's order; root gets what is left, in its own. Rules in docs/manifest.md.
 *
 * Virtual functions are not counted: they are asked for when their owner enables them. No locks, no
 * allocation; boot or host, before any zone runs.
 */
#include "manifest-rules.h"

#include <postern/pci.h>

/* The streams of one unit that have been given a slot, each by a function of it. */
struct slots {
	const struct pci_table *t;
	int unit;
	const struct pci_function *holders[MAX_PCI_FUNCTIONS];
	unsigned count;
};

static bool has_slot(const struct slots *s, const struct pci_function *f)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->holders[i]->iommu.id == f->iommu.id)
			return true;
	return false;
}

static void give_slot(struct slots *s, const struct pci_function *f)
{
	if (!has_slot(s, f) && s->count < MAX_PCI_FUNCTIONS)
		s->holders[s->count++] = f;
}

static const struct pci_function *behind(const struct slots *s, int function)
{
	const struct pci_function *f = function >= 0 ? &s->t->functions[function] : NULL;

	return f && f->iommu.unit == s->unit ? f : NULL;
}

static void give_zone(struct slots *s, const struct manifest_zone *z)
{
	for (unsigned i = 0; i < z->device_count; i++) {
		const struct pci_function *f = behind(s, z->devices[i].function);

		if (f)
			give_slot(s, f);
	}
}

static void give_rest(struct slots *s, const struct manifest *m)
{
	for (unsigned i = 0; i < s->t->count; i++)
		if (s->t->functions[i].iommu.unit == s->unit && manifest_leaves_over(m, s->t, i))
			give_slot(s, &s->t->functions[i]);
}

/* A nonroot zone gets all it needs or is refused, and then takes none. */
static void check_zone(struct manifest_check *c, struct slots *s, unsigned slots)
{
	const struct manifest_zone *z = c->zone;
	const unsigned before = s->count;
	char subject[DEVICE_SUBJECT];

	for (unsigned i = 0; i < z->device_count; i++) {
		const struct pci_function *f = behind(s, z->devices[i].function);

		if (!f || has_slot(s, f))
			continue;
		if (s->count == slots && z->trust_dma) {
			manifest_warn(c, RULE_TRUST_DMA,
				      manifest_device_subject(&z->devices[i], subject),
				      "IOMMU %d knows %u streams at a time and has none left: it "
				      "is not isolated",
				      s->unit, slots);
			continue;
		}
		if (s->count == slots) {
			manifest_refuse(
				c, RULE_IOMMU_SLOTS,
				manifest_device_subject(&z->devices[i], subject),
				"IOMMU %d knows %u streams at a time; %u go to zones before "
				"this one, %u to other devices of this one",
				s->unit, slots, before, s->count - before);
			s->count = before;
			return;
		}
		give_slot(s, f);
	}
}

/* Root starts with what works: one line for what will not. */
static void check_root(struct manifest_check *c, struct slots *s, unsigned slots)
{
	const unsigned before = s->count;

	give_zone(s, c->zone);
	if (c->zone->all_unassigned)
		give_rest(s, c->m);
	if (s->count > slots && c->zone->trust_dma)
		manifest_warn(c, RULE_TRUST_DMA, "devices",
			      "root's devices behind IOMMU %d are %u streams and find %u of its %u "
			      "slots free: %u of them, the last ones, are not isolated",
			      s->unit, s->count - before, slots - before, slots, s->count - slots);
	else if (s->count > slots)
		manifest_warn(c, RULE_IOMMU_SLOTS_ROOT, "devices",
			      "root's devices behind IOMMU %d are %u streams and find %u of its %u "
			      "slots free: %u of them, the last ones, stay out of root",
			      s->unit, s->count - before, slots - before, slots, s->count - slots);
}

static void enter(struct manifest_check *c, struct manifest_zone *z)
{
	c->zone = z;
	c->zone_name = z->name;
}

void manifest_check_slots(struct manifest_check *c, const struct manifest_machine *machine)
{
	struct manifest *m = c->m;

	for (unsigned u = 0; machine->iommu_slots && u < machine->iommu_count; u++) {
		struct slots s = { .t = machine->devices, .unit = (int)u };

		for (unsigned i = 0; machine->iommu_slots[u] && i < m->zone_count; i++) {
			enter(c, &m->zones[i]);
			if (!m->zones[i].root && !m->zones[i].refused)
				check_zone(c, &s, machine->iommu_slots[u]);
		}
		for (unsigned i = 0; machine->iommu_slots[u] && i < m->zone_count; i++) {
			enter(c, &m->zones[i]);
			if (m->zones[i].root && !m->zones[i].refused)
				check_root(c, &s, machine->iommu_slots[u]);
		}
	}
}

void manifest_count_slots(const struct manifest *m, const struct pci_table *t, int unit,
			  unsigned *zones, unsigned *root)
{
	struct slots s = { .t = t, .unit = unit };

	for (unsigned i = 0; i < m->zone_count; i++)
		if (!m->zones[i].root)
			give_zone(&s, &m->zones[i]);
	*zones = s.count;
	for (unsigned i = 0; i < m->zone_count; i++) {
		if (!m->zones[i].root)
			continue;
		give_zone(&s, &m->zones[i]);
		if (m->zones[i].all_unassigned)
			give_rest(&s, m);
	}
	*root = s.count - *zones;
}
