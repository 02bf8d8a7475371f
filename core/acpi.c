// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding ACPI tables, and what their readers share. Contracts in <postern/acpi.h>, acpi-table.h.
 *
 * ACPI Specification 6.5: 5.2.5.3 (RSDP), 5.2.6 (table header), 5.2.8 (XSDT). The RSDT, its
 * predecessor with 32-bit addresses, is not looked at: every machine with UEFI has an XSDT.
 * No state, no locks; boot CPU.
 */
#include "acpi-table.h"

#include <postern/errno.h>
#include <postern/host.h>
#include <postern/string.h>

/* The root pointer. Its first checksum covers what revision 0 had. */
enum {
	RSDP_REVISION = 15,
	RSDP_SIZE_V1 = 20,
	RSDP_LENGTH = 20,
	RSDP_XSDT = 24,
	RSDP_SIZE = 36,
};
#define RSDP_SIGNATURE     "RSD PTR "
#define RSDP_REVISION_XSDT 2u
#define RSDP_LENGTH_MAX    4096u /* later revisions may add fields */

#define XSDT_ENTRY       8u
#define MAX_TABLE_LENGTH (16 * MIB)

#define SIGNATURE_SIZE 4u
/* What firmware wrote, for a message: four characters that can be printed. */
struct printable {
	char text[SIGNATURE_SIZE + 1];
};

static struct printable printable(const char *signature)
{
	struct printable p = { "" };

	for (unsigned i = 0; i < SIGNATURE_SIZE; i++)
		p.text[i] = signature[i] >= ' ' && signature[i] <= '~' ? signature[i] : '?';
	return p;
}

static void log_at(enum log_level level, const struct acpi_table *t, uint32_t offset,
		   const char *fmt, va_list ap)
{
	char text[160];

	format_text_v(text, sizeof(text), fmt, ap);
	host_log(level, "acpi: %s, byte 0x%x: %s", printable(t->signature).text, offset, text);
}

int acpi_refuse(const struct acpi_table *t, uint32_t offset, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_at(LOG_ERROR, t, offset, fmt, ap);
	va_end(ap);
	return err;
}

void acpi_warn(const struct acpi_table *t, uint32_t offset, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_at(LOG_WARN, t, offset, fmt, ap);
	va_end(ap);
}

int acpi_check_range(const struct acpi_table *t, uint32_t offset, const char *what, hpa_t base,
		     uint64_t size)
{
	if (!base || !size || size - 1 > UINT64_MAX - base)
		return acpi_refuse(t, offset, -EINVAL,
				   "the %s has no registers at 0x%llx, 0x%llx bytes", what,
				   (unsigned long long)base, (unsigned long long)size);
	return 0;
}

int acpi_next_item(const struct acpi_table *t, struct acpi_item *item)
{
	const uint32_t at = item->offset + item->length, left = t->length - at;

	if (!left)
		return 0;
	if (left < 2)
		return acpi_refuse(t, at, -EINVAL, "one byte is no structure");
	*item = (struct acpi_item){ .offset = at,
				    .type = acpi_u8(t, at),
				    .length = acpi_u8(t, at + 1) };
	if (item->length < 2 || item->length > left)
		return acpi_refuse(t, at, -EINVAL,
				   "a structure of type %u has %u bytes, of %u to the end",
				   item->type, item->length, left);
	return 1;
}

static bool sums_to_zero(const uint8_t *p, uint64_t size)
{
	uint8_t sum = 0;

	for (uint64_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + p[i]);
	return !sum;
}

/* What the header at base says, and as much of the table: 36 bytes. */
static int look_at_header(const struct acpi_memory *memory, hpa_t base, struct acpi_table *t)
{
	const char *header = base && memory->map ? memory->map(memory->ctx, base, ACPI_HEADER_SIZE)
						 : NULL;

	*t = (struct acpi_table){ .base = base, .data = header, .length = ACPI_HEADER_SIZE };
	if (!header) {
		host_log(LOG_ERROR, "acpi: no table can be read at 0x%llx",
			 (unsigned long long)base);
		return -EINVAL;
	}
	memcpy(t->signature, header, sizeof(t->signature));
	memcpy(t->oem_id, header + ACPI_HEADER_OEM_ID_AT, sizeof(t->oem_id));
	memcpy(t->oem_table_id, header + ACPI_HEADER_OEM_TABLE_ID_AT, sizeof(t->oem_table_id));
	t->revision = acpi_u8(t, ACPI_HEADER_REVISION_AT);
	return 0;
}

/*
 * The table at base, checked, or a message and -EINVAL. `room`: how many bytes there can be, of the
 * table and at base.
 */
static int look_at(const struct acpi_memory *memory, hpa_t base, uint64_t room,
		   struct acpi_table *t)
{
	uint32_t length;
	int err;

	if (room < ACPI_HEADER_SIZE) {
		host_log(LOG_ERROR, "acpi: %llu bytes at 0x%llx are no table",
			 (unsigned long long)room, (unsigned long long)base);
		return -EINVAL;
	}
	err = look_at_header(memory, base, t);
	if (err)
		return err;
	length = acpi_u32(t, ACPI_HEADER_LENGTH_AT);
	if (length < ACPI_HEADER_SIZE || length > room)
		return acpi_refuse(t, ACPI_HEADER_LENGTH_AT, -EINVAL,
				   "the table at 0x%llx has %u bytes, which is not %u to %llu",
				   (unsigned long long)base, length, (unsigned)ACPI_HEADER_SIZE,
				   (unsigned long long)room);
	t->data = memory->map(memory->ctx, base, length);
	if (!t->data)
		return acpi_refuse(t, ACPI_HEADER_LENGTH_AT, -EINVAL,
				   "not all of its %u bytes at 0x%llx can be read", length,
				   (unsigned long long)base);
	t->length = length;
	if (!sums_to_zero(t->data, length))
		return acpi_refuse(t, 0, -EINVAL, "the checksum of the table at 0x%llx is wrong",
				   (unsigned long long)base);
	return 0;
}

/* What is wrong with the root pointer, NULL: nothing; *xsdt is where the XSDT is. */
static const char *check_rsdp(const struct acpi_memory *memory, hpa_t rsdp, hpa_t *xsdt)
{
	const uint8_t *p = rsdp ? memory->map(memory->ctx, rsdp, RSDP_SIZE) : NULL;
	/* A view of it as of a table, for the accessors. */
	const struct acpi_table view = { .data = p, .length = RSDP_SIZE };
	uint32_t length;

	if (!p)
		return "it cannot be read";
	if (memcmp(p, RSDP_SIGNATURE, strlen(RSDP_SIGNATURE)))
		return "it does not begin with \"" RSDP_SIGNATURE "\"";
	if (!sums_to_zero(p, RSDP_SIZE_V1))
		return "its first checksum is wrong";
	if (acpi_u8(&view, RSDP_REVISION) < RSDP_REVISION_XSDT)
		return "it is of a revision without XSDT";
	length = acpi_u32(&view, RSDP_LENGTH);
	*xsdt = acpi_u64(&view, RSDP_XSDT);
	if (length < RSDP_SIZE || length > RSDP_LENGTH_MAX)
		return "its length is wrong";
	p = memory->map(memory->ctx, rsdp, length);
	if (!p)
		return "not all of it can be read";
	if (!sums_to_zero(p, length))
		return "its second checksum is wrong";
	return NULL;
}

int acpi_open(struct acpi *a, const struct acpi_memory *memory, hpa_t rsdp)
{
	struct acpi_table xsdt;
	const char *wrong;
	hpa_t base = 0;
	int err;

	*a = (struct acpi){ .memory = *memory };
	wrong = check_rsdp(memory, rsdp, &base);
	if (wrong) {
		host_log(LOG_ERROR, "acpi: the root pointer at 0x%llx: %s",
			 (unsigned long long)rsdp, wrong);
		return -EINVAL;
	}
	err = look_at(memory, base, MAX_TABLE_LENGTH, &xsdt);
	if (err)
		return err;
	if (memcmp(xsdt.signature, "XSDT", SIGNATURE_SIZE))
		return acpi_refuse(&xsdt, 0, -EINVAL, "the root pointer names it as the XSDT");
	if ((xsdt.length - ACPI_HEADER_SIZE) % XSDT_ENTRY)
		return acpi_refuse(&xsdt, ACPI_HEADER_LENGTH_AT, -EINVAL,
				   "its %u bytes end within an entry", xsdt.length);
	for (uint32_t at = ACPI_HEADER_SIZE; at < xsdt.length; at += XSDT_ENTRY) {
		if (a->count == ACPI_MAX_TABLES) {
			acpi_warn(&xsdt, at, "more than %d tables: the rest is left out",
				  ACPI_MAX_TABLES);
			break;
		}
		if (!look_at(memory, acpi_u64(&xsdt, at), MAX_TABLE_LENGTH, &a->tables[a->count]))
			a->count++;
	}
	return 0;
}

int acpi_override(struct acpi *a, hpa_t base, uint64_t size)
{
	struct acpi_table t;
	int err = look_at(&a->memory, base, size < MAX_TABLE_LENGTH ? size : MAX_TABLE_LENGTH, &t);

	if (err)
		return err;
	if (a->count == ACPI_MAX_TABLES)
		return acpi_refuse(&t, 0, -ENOSPC, "no room for it beside %d tables",
				   ACPI_MAX_TABLES);
	memmove(&a->tables[1], &a->tables[0], a->count * sizeof(a->tables[0]));
	a->tables[0] = t;
	a->count++;
	a->overrides++;
	host_log(LOG_INFO, "acpi: %s: the override is used, not the firmware's",
		 printable(t.signature).text);
	return 0;
}

const struct acpi_table *acpi_find(const struct acpi *a, const char *signature, unsigned n)
{
	for (unsigned i = 0; i < a->count; i++)
		if (!memcmp(a->tables[i].signature, signature, SIGNATURE_SIZE) && !n--)
			return &a->tables[i];
	return NULL;
}
