// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IOMMUs, whichever table describes them: what must hold between units. Contract in
 * <postern/acpi.h>.
 *
 * A function that two units claim would be blocked by one and let through by the other, so the
 * whole table is refused. No state, no locks; boot CPU.
 */
#include "acpi-table.h"

#include <postern/errno.h>

int acpi_add_range(const struct acpi_table *t, uint32_t offset, struct acpi_iommu *unit,
		   uint16_t first, uint16_t last)
{
	if (first > last)
		return acpi_refuse(
			t, offset, -EINVAL,
			"the range of functions ends at 0x%04x before it begins at 0x%04x", last,
			first);
	for (unsigned i = 0; i < unit->range_count; i++)
		if (first <= unit->ranges[i].last && unit->ranges[i].first <= last)
			return acpi_refuse(
				t, offset, -EINVAL, "function 0x%04x is listed twice for one IOMMU",
				first < unit->ranges[i].first ? unit->ranges[i].first : first);
	if (unit->range_count == ARRAY_SIZE(unit->ranges))
		return acpi_refuse(t, offset, -ENOSPC,
				   "more than %d ranges of functions for one IOMMU",
				   ACPI_MAX_ID_RANGES);
	unit->ranges[unit->range_count++] = (struct acpi_id_range){ .first = first, .last = last };
	return 0;
}

static bool same_unit(const struct acpi_iommu *a, const struct acpi_iommu *b)
{
	if (a->is_pci != b->is_pci)
		return false;
	if (a->is_pci)
		return a->segment == b->segment && a->devid == b->devid;
	return ranges_overlap(a->base, a->size, b->base, b->size);
}

static unsigned range_count(const struct acpi_iommu *u)
{
	return u->whole_segment ? 1 : u->range_count;
}

static struct acpi_id_range range_of(const struct acpi_iommu *u, unsigned i)
{
	const struct acpi_id_range all = { .first = 0, .last = UINT16_MAX };

	return u->whole_segment ? all : u->ranges[i];
}

/*
 * The lowest function both manage, or -1. Their own functions do not count: such entries mean
 * nothing.
 */
static int both_manage(const struct acpi_iommu *a, const struct acpi_iommu *b)
{
	if (a->segment != b->segment)
		return -1;
	for (unsigned i = 0; i < range_count(a); i++) {
		for (unsigned k = 0; k < range_count(b); k++) {
			const struct acpi_id_range x = range_of(a, i), y = range_of(b, k);
			unsigned first = x.first > y.first ? x.first : y.first;
			const unsigned last = x.last < y.last ? x.last : y.last;

			while (first <= last && ((a->is_pci && first == a->devid) ||
						 (b->is_pci && first == b->devid)))
				first++;
			if (first <= last)
				return (int)first;
		}
	}
	return -1;
}

static int check_units(const struct acpi_table *t, const struct acpi_iommus *out)
{
	for (unsigned i = 0; i < out->count; i++) {
		for (unsigned k = 0; k < i; k++) {
			int function = both_manage(&out->units[k], &out->units[i]);

			if (same_unit(&out->units[k], &out->units[i]))
				return acpi_refuse(t, 0, -EINVAL,
						   "IOMMUs %u and %u are the same one", k, i);
			if (function >= 0)
				return acpi_refuse(
					t, 0, -EINVAL,
					"function 0x%04x of segment %u is claimed by IOMMUs %u and %u",
					(unsigned)function, out->units[i].segment, k, i);
		}
		if (!range_count(&out->units[i]))
			acpi_warn(t, 0, "IOMMU %u manages no function", i);
	}
	return 0;
}

static bool is_override(const struct acpi *a, const struct acpi_table *t)
{
	return t && (size_t)(t - a->tables) < a->overrides;
}

int acpi_iommus(const struct acpi *a, struct acpi_iommus *out)
{
	const struct acpi_table *iovt = acpi_find(a, "IOVT", 0), *ivrs = acpi_find(a, "IVRS", 0);
	int err;

	*out = (struct acpi_iommus){ 0 };
	if (!iovt && !ivrs)
		return -ENOENT;
	/* The newer table counts, unless the user has put the older in firmware's place. */
	if (is_override(a, ivrs) && !is_override(a, iovt))
		iovt = NULL;
	err = iovt ? acpi_read_iovt(iovt, out) : acpi_read_ivrs(ivrs, out);
	if (!err)
		err = check_units(iovt ? iovt : ivrs, out);
	if (err)
		*out = (struct acpi_iommus){ 0 };
	else
		out->source = iovt ? "IOVT" : "IVRS";
	return err;
}
