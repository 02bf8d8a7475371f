// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SRAT: which cores and which memory are near each other. Contract in <postern/acpi.h>.
 *
 * ACPI Specification 6.5, 5.2.16. Nothing but speed hangs on it, so what is too much is left out.
 * No state, no locks; boot CPU.
 */
#include "acpi-table.h"

#include <postern/errno.h>

#define SRAT_FIRST 48u

enum { SRAT_CORE = 0, SRAT_MEMORY = 1, SRAT_CORE_WIDE = 2 };

/* A core by a number of 8 bits, its domain in two pieces. */
enum { CORE_DOMAIN_LOW = 2, CORE_ID = 3, CORE_FLAGS = 4, CORE_SAPIC = 8, CORE_SIZE = 16 };
#define CORE_DOMAIN_HIGH MASK32(31, 8) /* of the 32 bits at CORE_SAPIC */
enum {
	MEMORY_DOMAIN = 2,
	MEMORY_BASE = 8,
	MEMORY_SIZE = 16,
	MEMORY_FLAGS = 28,
	MEMORY_LENGTH = 40
};
enum { WIDE_DOMAIN = 4, WIDE_ID = 8, WIDE_FLAGS = 12, WIDE_SIZE = 24 };
#define ENABLED BIT32(0)

/* The entry, and whether it counts. */
static bool read_entry(const struct acpi_table *t, const struct acpi_item *item,
		       struct acpi_proximity *p)
{
	const uint32_t at = item->offset;
	uint32_t flags;

	*p = (struct acpi_proximity){ 0 };
	if (item->type == SRAT_CORE) {
		p->domain = (acpi_u32(t, at + CORE_SAPIC) & CORE_DOMAIN_HIGH) |
			    acpi_u8(t, at + CORE_DOMAIN_LOW);
		p->core = acpi_u8(t, at + CORE_ID);
		flags = acpi_u32(t, at + CORE_FLAGS);
	} else if (item->type == SRAT_CORE_WIDE) {
		p->domain = acpi_u32(t, at + WIDE_DOMAIN);
		p->core = acpi_u32(t, at + WIDE_ID);
		flags = acpi_u32(t, at + WIDE_FLAGS);
	} else {
		p->memory = true;
		p->domain = acpi_u32(t, at + MEMORY_DOMAIN);
		p->base = acpi_u64(t, at + MEMORY_BASE);
		p->size = acpi_u64(t, at + MEMORY_SIZE);
		flags = acpi_u32(t, at + MEMORY_FLAGS);
	}
	return flags & ENABLED;
}

static int add_entry(const struct acpi_table *t, uint32_t at, const struct acpi_proximity *p,
		     struct acpi_srat *out)
{
	if (p->memory && (!p->size || p->size - 1 > UINT64_MAX - p->base))
		return acpi_refuse(t, at, -EINVAL, "memory of 0x%llx bytes at 0x%llx",
				   (unsigned long long)p->size, (unsigned long long)p->base);
	for (unsigned i = 0; i < out->count; i++) {
		const struct acpi_proximity *o = &out->entries[i];

		if (o->memory != p->memory)
			continue;
		if (p->memory && ranges_overlap(o->base, o->size, p->base, p->size))
			return acpi_refuse(t, at, -EINVAL, "memory at 0x%llx is described twice",
					   (unsigned long long)p->base);
		if (!p->memory && o->core == p->core)
			return acpi_refuse(t, at, -EINVAL, "core %u is described twice", p->core);
	}
	if (out->count == ARRAY_SIZE(out->entries))
		acpi_warn(t, at, "more than %d entries: one is left out", ACPI_MAX_PROXIMITY);
	else
		out->entries[out->count++] = *p;
	return 0;
}

static int read_srat(const struct acpi_table *t, struct acpi_srat *out)
{
	static const uint32_t lengths[] = {
		[SRAT_CORE] = CORE_SIZE,
		[SRAT_MEMORY] = MEMORY_LENGTH,
		[SRAT_CORE_WIDE] = WIDE_SIZE,
	};
	struct acpi_item item = { .offset = SRAT_FIRST };
	int err;

	if (t->length < SRAT_FIRST)
		return acpi_refuse(t, ACPI_HEADER_LENGTH_AT, -EINVAL,
				   "%u bytes are too few for its header", t->length);
	while ((err = acpi_next_item(t, &item)) > 0) {
		struct acpi_proximity p;

		if (item.type >= ARRAY_SIZE(lengths))
			continue;
		if (item.length < lengths[item.type])
			return acpi_refuse(t, item.offset, -EINVAL,
					   "a structure of type %u has %u bytes, %u are needed",
					   item.type, item.length, lengths[item.type]);
		if (!read_entry(t, &item, &p))
			continue;
		err = add_entry(t, item.offset, &p, out);
		if (err)
			return err;
	}
	return err;
}

int acpi_srat(const struct acpi *a, struct acpi_srat *out)
{
	const struct acpi_table *t = acpi_find(a, "SRAT", 0);
	int err;

	*out = (struct acpi_srat){ 0 };
	if (!t)
		return -ENOENT;
	err = read_srat(t, out);
	if (err)
		*out = (struct acpi_srat){ 0 };
	return err;
}
