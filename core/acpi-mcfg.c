// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MCFG: where config space is. Contract in <postern/acpi.h>.
 *
 * PCI Firmware Specification 3.3, 4.1.2. What the window looks like inside (ECAM, or a board's own
 * layout that the OEM's names give away) is not this reader's business; that a window is left out
 * would be: its functions could do DMA unseen. No state, no locks; boot CPU.
 */
#include "acpi-table.h"

#include <postern/errno.h>
#include <postern/string.h>

#define MCFG_FIRST 44u /* after the header: 8 bytes reserved */
enum {
	ENTRY_BASE = 0,
	ENTRY_SEGMENT = 8,
	ENTRY_BUS_FIRST = 10,
	ENTRY_BUS_LAST = 11,
	ENTRY_SIZE = 16
};

#define BUS_BYTES MIB
#define BUSES     256u

static int add_entry(const struct acpi_table *t, uint32_t at, struct acpi_mcfg *out)
{
	const struct acpi_mcfg_entry e = {
		.base = acpi_u64(t, at + ENTRY_BASE),
		.segment = acpi_u16(t, at + ENTRY_SEGMENT),
		.bus_first = acpi_u8(t, at + ENTRY_BUS_FIRST),
		.bus_last = acpi_u8(t, at + ENTRY_BUS_LAST),
	};

	if (e.bus_first > e.bus_last)
		return acpi_refuse(t, at + ENTRY_BUS_FIRST, -EINVAL, "buses %u to %u are no range",
				   e.bus_first, e.bus_last);
	if (!e.base || !is_aligned(e.base, BUS_BYTES) || e.base > UINT64_MAX - BUSES * BUS_BYTES)
		return acpi_refuse(t, at + ENTRY_BASE, -EINVAL, "config space cannot be at 0x%llx",
				   (unsigned long long)e.base);
	for (unsigned i = 0; i < out->count; i++) {
		const struct acpi_mcfg_entry *o = &out->entries[i];

		if (o->segment == e.segment && e.bus_first <= o->bus_last &&
		    o->bus_first <= e.bus_last)
			return acpi_refuse(t, at + ENTRY_SEGMENT, -EINVAL,
					   "segment %u has two windows for one bus", e.segment);
	}
	if (out->count == ARRAY_SIZE(out->entries))
		return acpi_refuse(t, at, -ENOSPC,
				   "more than %d windows: Postern would not see all functions",
				   ACPI_MAX_SEGMENTS);
	out->entries[out->count++] = e;
	return 0;
}

static int read_mcfg(const struct acpi_table *t, struct acpi_mcfg *out)
{
	if (t->length < MCFG_FIRST + ENTRY_SIZE || (t->length - MCFG_FIRST) % ENTRY_SIZE)
		return acpi_refuse(t, ACPI_HEADER_LENGTH_AT, -EINVAL,
				   "%u bytes are no header and whole entries, at least one",
				   t->length);
	for (uint32_t at = MCFG_FIRST; at < t->length; at += ENTRY_SIZE) {
		int err = add_entry(t, at, out);

		if (err)
			return err;
	}
	memcpy(out->oem_id, t->oem_id, sizeof(out->oem_id));
	memcpy(out->oem_table_id, t->oem_table_id, sizeof(out->oem_table_id));
	out->revision = t->revision;
	return 0;
}

int acpi_mcfg(const struct acpi *a, struct acpi_mcfg *out)
{
	const struct acpi_table *t = acpi_find(a, "MCFG", 0);
	int err;

	*out = (struct acpi_mcfg){ 0 };
	if (!t)
		return -ENOENT;
	err = read_mcfg(t, out);
	if (err)
		*out = (struct acpi_mcfg){ 0 };
	return err;
}
