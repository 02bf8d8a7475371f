// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IOVT: the IO Virtualization Table of LoongArch, revision 1 (ACPI Specification 6.6). Contract in
 * <postern/acpi.h>; the layout stands in docs/hardware/acpi.md.
 *
 * A kind of unit or of device entry that is not known here is refused: what it manages would be
 * left to whatever state that unit is in. No state, no locks; boot CPU.
 */
#include "acpi-table.h"

#include <postern/errno.h>

enum { IOVT_COUNT = 36, IOVT_FIRST = 38, IOVT_HEADER = 48 };

/* A unit; its device entries lie inside. */
enum {
	UNIT_TYPE = 0,
	UNIT_LENGTH = 2,
	UNIT_FLAGS = 4,
	UNIT_SEGMENT = 8,
	UNIT_PA_BITS = 10,
	UNIT_IOVA_BITS = 12,
	UNIT_LEVELS = 14,
	UNIT_PAGE_SIZES = 16,
	UNIT_DEVICE_ID = 24,
	UNIT_BASE = 28,
	UNIT_REGISTER_SIZE = 36,
	UNIT_GSI = 44,
	UNIT_MAX_DEVICES = 52,
	UNIT_ENTRY_COUNT = 56,
	UNIT_ENTRY_FIRST = 60,
	UNIT_SIZE = 64,
};
#define UNIT_LOONGARCH_V1  0u
#define UNIT_IS_PCI        BIT32(0)
#define UNIT_WHOLE_SEGMENT BIT32(2)
#define UNIT_MSI_BYPASS    BIT32(4)

enum { ENTRY_TYPE = 0, ENTRY_LENGTH = 1, ENTRY_ID = 6, ENTRY_SIZE = 8 };
enum { ENTRY_SINGLE, ENTRY_RANGE_START, ENTRY_RANGE_END };

/* What no paging hardware goes beyond, so that a shift by it is harmless. */
#define MAX_WIDTH      64u
#define MAX_LEVELS     6u
#define SMALLEST_PAGES (BIT64(12) - 1) /* sizes under 4 KiB */

static int read_entries(const struct acpi_table *t, uint32_t at, uint32_t length,
			struct acpi_iommu *u)
{
	const uint32_t count = acpi_u32(t, at + UNIT_ENTRY_COUNT), end = at + length;
	uint32_t first = acpi_u32(t, at + UNIT_ENTRY_FIRST), entry;
	bool open = false;
	uint16_t start = 0;

	if (count && (first < UNIT_SIZE || first > length))
		return acpi_refuse(t, at + UNIT_ENTRY_FIRST, -EINVAL,
				   "device entries at byte %u of a unit of %u bytes", first,
				   length);
	entry = at + first;
	for (uint32_t i = 0; i < count; i++) {
		uint16_t id;
		uint8_t type, size;
		int err = 0;

		if (end - entry < ENTRY_SIZE)
			return acpi_refuse(t, entry, -EINVAL,
					   "device entry %u of %u is not inside its unit", i,
					   count);
		type = acpi_u8(t, entry + ENTRY_TYPE);
		size = acpi_u8(t, entry + ENTRY_LENGTH);
		id = acpi_u16(t, entry + ENTRY_ID);
		if (size < ENTRY_SIZE || size > end - entry)
			return acpi_refuse(t, entry + ENTRY_LENGTH, -EINVAL,
					   "device entry %u has %u bytes", i, size);
		if (open != (type == ENTRY_RANGE_END))
			return acpi_refuse(t, entry, -EINVAL,
					   open ? "the range of functions from 0x%04x has no end"
						: "the range of functions to 0x%04x has no start",
					   open ? start : id);
		if (type == ENTRY_SINGLE)
			err = acpi_add_range(t, entry + ENTRY_ID, u, id, id);
		else if (type == ENTRY_RANGE_END)
			err = acpi_add_range(t, entry + ENTRY_ID, u, start, id);
		else if (type != ENTRY_RANGE_START)
			err = acpi_refuse(t, entry, -EINVAL, "device entry of unknown type %u",
					  type);
		if (err)
			return err;
		open = type == ENTRY_RANGE_START;
		start = id;
		entry += size;
	}
	if (open)
		return acpi_refuse(t, entry, -EINVAL,
				   "the range of functions from 0x%04x has no end", start);
	return 0;
}

static int check_paging(const struct acpi_table *t, uint32_t at, const struct acpi_iommu *u)
{
	if (u->pa_bits > MAX_WIDTH || u->iova_bits > MAX_WIDTH || u->levels > MAX_LEVELS)
		return acpi_refuse(t, at + UNIT_PA_BITS, -EINVAL,
				   "%u-bit addresses from %u-bit ones through %u levels of tables "
				   "are impossible",
				   u->pa_bits, u->iova_bits, u->levels);
	if (u->page_sizes & SMALLEST_PAGES)
		return acpi_refuse(t, at + UNIT_PAGE_SIZES, -EINVAL,
				   "pages of less than 4 KiB: sizes 0x%llx",
				   (unsigned long long)u->page_sizes);
	return 0;
}

static int read_unit(const struct acpi_table *t, uint32_t at, uint32_t length, struct acpi_iommu *u)
{
	const uint32_t flags = acpi_u32(t, at + UNIT_FLAGS),
		       devid = acpi_u32(t, at + UNIT_DEVICE_ID);
	int err = 0;

	*u = (struct acpi_iommu){
		.is_pci = flags & UNIT_IS_PCI,
		.segment = acpi_u16(t, at + UNIT_SEGMENT),
		.whole_segment = flags & UNIT_WHOLE_SEGMENT,
		.msi_bypass = flags & UNIT_MSI_BYPASS,
		.pa_bits = acpi_u16(t, at + UNIT_PA_BITS),
		.iova_bits = acpi_u16(t, at + UNIT_IOVA_BITS),
		.levels = acpi_u16(t, at + UNIT_LEVELS),
		.page_sizes = acpi_u64(t, at + UNIT_PAGE_SIZES),
		.max_devices = acpi_u32(t, at + UNIT_MAX_DEVICES),
		.gsi = acpi_u32(t, at + UNIT_GSI),
	};
	if (u->is_pci) {
		if (devid > UINT16_MAX)
			err = acpi_refuse(t, at + UNIT_DEVICE_ID, -EINVAL,
					  "0x%x is no function of a segment", devid);
		u->devid = (uint16_t)devid;
	} else {
		u->base = acpi_u64(t, at + UNIT_BASE);
		u->size = acpi_u32(t, at + UNIT_REGISTER_SIZE);
		err = acpi_check_range(t, at + UNIT_BASE, "IOMMU", u->base, u->size);
	}
	if (!err)
		err = check_paging(t, at, u);
	if (!err && !u->whole_segment)
		err = read_entries(t, at, length, u);
	return err;
}

int acpi_read_iovt(const struct acpi_table *t, struct acpi_iommus *out)
{
	uint32_t at;
	uint16_t count;

	if (t->length < IOVT_HEADER)
		return acpi_refuse(t, ACPI_HEADER_LENGTH_AT, -EINVAL,
				   "%u bytes are too few for its header", t->length);
	count = acpi_u16(t, IOVT_COUNT);
	at = acpi_u16(t, IOVT_FIRST);
	if (!count)
		return acpi_refuse(t, IOVT_COUNT, -EINVAL, "it describes no IOMMU");
	if (count > ARRAY_SIZE(out->units))
		return acpi_refuse(t, IOVT_COUNT, -ENOSPC, "%u IOMMUs, Postern drives %d", count,
				   ACPI_MAX_IOMMUS);
	if (at < IOVT_HEADER || at > t->length)
		return acpi_refuse(t, IOVT_FIRST, -EINVAL, "IOMMUs begin at byte %u of %u", at,
				   t->length);
	for (unsigned i = 0; i < count; i++) {
		const uint32_t left = t->length - at;
		uint32_t length;
		int err;

		if (left < UNIT_SIZE)
			return acpi_refuse(t, at, -EINVAL, "IOMMU %u of %u is not in the table", i,
					   count);
		if (acpi_u16(t, at + UNIT_TYPE) != UNIT_LOONGARCH_V1)
			return acpi_refuse(t, at, -EINVAL, "IOMMU %u is of unknown type %u", i,
					   acpi_u16(t, at + UNIT_TYPE));
		length = acpi_u16(t, at + UNIT_LENGTH);
		if (length < UNIT_SIZE || length > left)
			return acpi_refuse(t, at + UNIT_LENGTH, -EINVAL,
					   "IOMMU %u has %u bytes, of %u to the end", i, length,
					   left);
		err = read_unit(t, at, length, &out->units[out->count++]);
		if (err)
			return err;
		at += length;
	}
	if (at != t->length)
		return acpi_refuse(t, at, -EINVAL, "%u bytes follow the last of %u IOMMUs",
				   t->length - at, count);
	return 0;
}
