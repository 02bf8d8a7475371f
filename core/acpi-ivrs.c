// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IVRS: AMD's I/O Virtualization Reporting Structure, which firmware of LoongArch machines uses for
 * their own IOMMU. Contract in <postern/acpi.h>; the layout stands in docs/hardware/acpi.md.
 *
 * AMD I/O Virtualization Technology Specification 48882 3.08, 5.2. One unit may be described
 * several times, by blocks of growing types: the highest type counts, all of them must be sound.
 * Registers are found in the function's BAR: the base address here is not used, nor are AMD's
 * feature fields. A function listed by an alias is left without IOMMU (nobody is given it): which
 * requester ID it uses is for PCI to say, not for a table. No state, no locks; boot CPU.
 */
#include "acpi-table.h"

#include <postern/errno.h>

#define IVRS_FIRST 48u

/* A block. Of IVHD, an IOMMU, the devices follow at byte 24, in later types at byte 40. */
enum { BLOCK_TYPE = 0, BLOCK_LENGTH = 2, BLOCK_HEADER = 4 };
enum { IVHD_DEVID = 4, IVHD_SEGMENT = 16, IVHD_SIZE_10 = 24, IVHD_SIZE_11 = 40 };
enum { IVHD_10 = 0x10, IVHD_11 = 0x11, IVHD_40 = 0x40 };

/*
 * A device entry: two bits of its type give its length, but for the one that names no PCI function.
 */
enum { ENTRY_TYPE = 0, ENTRY_DEVID = 1, ENTRY_ACPI_NAME_LENGTH = 21, ENTRY_ACPI_SIZE = 22 };
enum {
	ENTRY_PADDING = 0x00,
	ENTRY_ALL = 0x01,
	ENTRY_SELECT = 0x02,
	ENTRY_RANGE_START = 0x03,
	ENTRY_RANGE_END = 0x04,
	ENTRY_ALIAS_SELECT = 0x42,
	ENTRY_ALIAS_START = 0x43,
	ENTRY_EXTENDED_SELECT = 0x46,
	ENTRY_EXTENDED_START = 0x47,
	ENTRY_SPECIAL = 0x48, /* an I/O APIC, a HPET */
	ENTRY_ACPI_DEVICE = 0xf0,
};
#define ENTRY_SMALLEST 4u
#define ENTRY_SCALE    MASK32(7, 6)

/* A range that has begun: by which entry, and where. */
struct open_range {
	uint8_t type; /* 0: none */
	uint16_t start;
};

static int read_entry(const struct acpi_table *t, uint32_t at, struct open_range *range,
		      struct acpi_iommu *u)
{
	const uint8_t type = acpi_u8(t, at + ENTRY_TYPE);
	const uint16_t id = acpi_u16(t, at + ENTRY_DEVID);
	const struct open_range begun = *range;

	if (type == ENTRY_PADDING)
		return 0;
	*range = (struct open_range){ 0 };
	if (!begun.type != (type != ENTRY_RANGE_END))
		return acpi_refuse(t, at, -EINVAL,
				   begun.type ? "the range of functions from 0x%04x has no end"
					      : "the range of functions to 0x%04x has no start",
				   begun.type ? begun.start : id);
	switch (type) {
	case ENTRY_ALL:
		u->whole_segment = true;
		return 0;
	case ENTRY_SELECT:
	case ENTRY_EXTENDED_SELECT:
		return acpi_add_range(t, at + ENTRY_DEVID, u, id, id);
	case ENTRY_RANGE_START:
	case ENTRY_EXTENDED_START:
	case ENTRY_ALIAS_START:
		*range = (struct open_range){ .type = type, .start = id };
		return 0;
	case ENTRY_RANGE_END:
		if (begun.type != ENTRY_ALIAS_START)
			return acpi_add_range(t, at + ENTRY_DEVID, u, begun.start, id);
		acpi_warn(t, at, "functions 0x%04x to 0x%04x go by an alias: no IOMMU for them",
			  begun.start, id);
		return 0;
	case ENTRY_ALIAS_SELECT:
		acpi_warn(t, at, "function 0x%04x goes by an alias: no IOMMU for it", id);
		return 0;
	case ENTRY_SPECIAL:
	case ENTRY_ACPI_DEVICE:
		return 0;
	default:
		return acpi_refuse(t, at, -EINVAL, "device entry of unknown type 0x%02x", type);
	}
}

static int read_entries(const struct acpi_table *t, uint32_t at, uint32_t end, struct acpi_iommu *u)
{
	struct open_range range = { 0 };

	while (at < end) {
		const uint8_t type = acpi_u8(t, at + ENTRY_TYPE);
		uint32_t size = ENTRY_SMALLEST << FIELD_GET(ENTRY_SCALE, type);
		int err;

		if (type == ENTRY_ACPI_DEVICE)
			size = end - at < ENTRY_ACPI_SIZE
				       ? ENTRY_ACPI_SIZE
				       : ENTRY_ACPI_SIZE + acpi_u8(t, at + ENTRY_ACPI_NAME_LENGTH);
		if (size > end - at)
			return acpi_refuse(
				t, at, -EINVAL,
				"a device entry of type 0x%02x has %u bytes, of %u to the "
				"end of its block",
				type, size, end - at);
		err = read_entry(t, at, &range, u);
		if (err)
			return err;
		at += size;
	}
	if (range.type)
		return acpi_refuse(t, at, -EINVAL, "the range of functions from 0x%04x has no end",
				   range.start);
	/* Whole means whole, whatever else is listed. */
	if (u->whole_segment)
		u->range_count = 0;
	return 0;
}

static int read_ivhd(const struct acpi_table *t, uint32_t at, uint32_t length, uint8_t type,
		     struct acpi_iommu *u)
{
	const uint32_t header = type == IVHD_10 ? IVHD_SIZE_10 : IVHD_SIZE_11;

	*u = (struct acpi_iommu){ .is_pci = true };
	if (length < header)
		return acpi_refuse(t, at + BLOCK_LENGTH, -EINVAL,
				   "an IOMMU of type 0x%02x has %u bytes, %u are needed", type,
				   length, header);
	u->devid = acpi_u16(t, at + IVHD_DEVID);
	u->segment = acpi_u16(t, at + IVHD_SEGMENT);
	return read_entries(t, at + header, at + length, u);
}

/* Enters the unit, or puts it in the place of a description of a lower type. */
static int add_unit(const struct acpi_table *t, uint32_t at, uint8_t type,
		    const struct acpi_iommu *u, struct acpi_iommus *out, uint8_t *types)
{
	for (unsigned i = 0; i < out->count; i++) {
		if (out->units[i].segment != u->segment || out->units[i].devid != u->devid)
			continue;
		if (types[i] == type)
			return acpi_refuse(
				t, at, -EINVAL,
				"IOMMU 0x%04x of segment %u has two blocks of type 0x%02x",
				u->devid, u->segment, type);
		if (types[i] < type) {
			out->units[i] = *u;
			types[i] = type;
		}
		return 0;
	}
	if (out->count == ARRAY_SIZE(out->units))
		return acpi_refuse(t, at, -ENOSPC, "more than %d IOMMUs", ACPI_MAX_IOMMUS);
	types[out->count] = type;
	out->units[out->count++] = *u;
	return 0;
}

int acpi_read_ivrs(const struct acpi_table *t, struct acpi_iommus *out)
{
	uint8_t types[ACPI_MAX_IOMMUS];
	struct acpi_iommu unit;
	uint32_t length;

	if (t->length < IVRS_FIRST)
		return acpi_refuse(t, ACPI_HEADER_LENGTH_AT, -EINVAL,
				   "%u bytes are too few for its header", t->length);
	for (uint32_t at = IVRS_FIRST; at < t->length; at += length) {
		const uint32_t left = t->length - at;
		uint8_t type;
		int err;

		length = left < BLOCK_HEADER ? 0 : acpi_u16(t, at + BLOCK_LENGTH);
		if (length < BLOCK_HEADER || length > left)
			return acpi_refuse(t, at, -EINVAL, "a block has %u bytes, of %u to the end",
					   length, left);
		type = acpi_u8(t, at + BLOCK_TYPE);
		/*
		 * Others: memory that firmware wants devices to reach (IVMD). Nobody promised it.
		 */
		if (type != IVHD_10 && type != IVHD_11 && type != IVHD_40)
			continue;
		err = read_ivhd(t, at, length, type, &unit);
		if (!err)
			err = add_unit(t, at, type, &unit, out, types);
		if (err)
			return err;
	}
	if (!out->count)
		return acpi_refuse(t, IVRS_FIRST, -EINVAL, "it describes no IOMMU");
	return 0;
}
