/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the readers of single ACPI tables share. Private to core/.
 *
 * A table has passed acpi_open(): its header is there and `length` bytes of it are readable. Fields
 * are little-endian and lie anywhere, so they are put together byte by byte. An offset counts from
 * the table's first byte, so that messages can be compared with a dump.
 */
#ifndef CORE_ACPI_TABLE_H
#define CORE_ACPI_TABLE_H

#include <postern/acpi.h>

/* ACPI 5.2.6: the header every table begins with. */
enum {
	ACPI_HEADER_LENGTH_AT = 4,
	ACPI_HEADER_REVISION_AT = 8,
	ACPI_HEADER_OEM_ID_AT = 10,
	ACPI_HEADER_OEM_TABLE_ID_AT = 16,
	ACPI_HEADER_SIZE = 36,
};

/* A field of the table; offset + its size <= t->length. */
static inline uint8_t acpi_u8(const struct acpi_table *t, uint32_t offset)
{
	return ((const uint8_t *)t->data)[offset];
}
static inline uint16_t acpi_u16(const struct acpi_table *t, uint32_t offset)
{
	return (uint16_t)(acpi_u8(t, offset) | acpi_u8(t, offset + 1) << 8);
}
static inline uint32_t acpi_u32(const struct acpi_table *t, uint32_t offset)
{
	return acpi_u16(t, offset) | (uint32_t)acpi_u16(t, offset + 2) << 16;
}
static inline uint64_t acpi_u64(const struct acpi_table *t, uint32_t offset)
{
	return acpi_u32(t, offset) | (uint64_t)acpi_u32(t, offset + 4) << 32;
}

/* Logs "acpi: IOVT, byte 0x30: text", err being why it is refused, and returns err. */
int acpi_refuse(const struct acpi_table *t, uint32_t offset, int err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same for what is merely left out. */
void acpi_warn(const struct acpi_table *t, uint32_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Registers at `base`: a range that is not empty and does not wrap. Refused as that of `what`. */
int acpi_check_range(const struct acpi_table *t, uint32_t offset, const char *what, hpa_t base,
		     uint64_t size);

/*
 * A list of structures that begin with a byte of type and a byte of length, up to the table's end:
 * 	for (item = { .offset = first }; (err = acpi_next_item(t, &item)) > 0;)
 * 1: offset, type and length (>= 2) are those of the next one, which lies wholly inside; 0: the
 * end; -EINVAL, refused.
 */
struct acpi_item {
	uint32_t offset, length;
	unsigned type;
};
int acpi_next_item(const struct acpi_table *t, struct acpi_item *item);

/* Each reads its own table, which acpi_iommus() has found; no unit is judged by the others. */
int acpi_read_iovt(const struct acpi_table *t, struct acpi_iommus *out);
int acpi_read_ivrs(const struct acpi_table *t, struct acpi_iommus *out);
/* One more range of the unit; offset is where the table has it. -ENOSPC and -EINVAL are refused. */
int acpi_add_range(const struct acpi_table *t, uint32_t offset, struct acpi_iommu *unit,
		   uint16_t first, uint16_t last);

#endif
