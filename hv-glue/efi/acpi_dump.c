// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command `dump-acpi`: firmware's ACPI tables as files, before anything of the machine was
 * touched. \postern\acpi\SIGNATURE.dat, SSDT1.dat and so on for further ones of a signature; what
 * `iasl -d` reads. Tables are written as they are: nothing in them is checked but their length.
 *
 * ACPI Specification 6.5: 5.2.5.3 (RSDP), 5.2.6 (header), 5.2.8 (XSDT), 5.2.9 (FADT: DSDT, FACS).
 */
#include <postern/string.h>

#include <efi/app.h>
#include <efi/tables.h>

#define DIRECTORY     "\\postern\\acpi"
#define PATH_LENGTH   40u
#define TABLES_MAX    64u
#define LENGTH_MAX    (16 * MIB)
#define RSDP_LENGTH   36u
#define RSDP_XSDT     24u
#define HEADER_LENGTH 36u
#define FADT_DSDT     40u
#define FADT_FACS     36u
#define FADT_X_FACS   132u
#define FADT_X_DSDT   140u

/* Fields of tables are nowhere promised to be aligned. */
static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t u64_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

struct dump {
	const struct efi_app *app;
	char names[TABLES_MAX][5]; /* of the files so far */
	unsigned count, written, failed;
};

static unsigned seen(const struct dump *d, const char name[5])
{
	unsigned n = 0;

	for (unsigned i = 0; i < d->count; i++)
		n += !strcmp(d->names[i], name);
	return n;
}

/* A file name is made of the signature: only what every file system takes. */
static void sign(const uint8_t *table, char name[5])
{
	for (unsigned i = 0; i < 4; i++) {
		const char c = (char)table[i];
		const bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		name[i] = plain ? c : '_';
	}
	name[4] = '\0';
}

static void write_table(struct dump *d, const char *as, const uint8_t *table, uint32_t length)
{
	char path[PATH_LENGTH], name[5];
	unsigned nth;

	if (d->count == TABLES_MAX || length > LENGTH_MAX) {
		efi_print(d->app, "%s: left out (%u bytes)", as ? as : "a table", length);
		d->failed++;
		return;
	}
	if (as)
		memcpy(name, as, sizeof(name));
	else
		sign(table, name);
	nth = seen(d, name);
	memcpy(d->names[d->count++], name, sizeof(name));
	if (nth)
		format_text(path, sizeof(path), DIRECTORY "\\%s%u.dat", name, nth);
	else
		format_text(path, sizeof(path), DIRECTORY "\\%s.dat", name);
	if (efi_write_file(d->app, path, table, length)) {
		efi_print(d->app, "%s: %u bytes", path, length);
		d->written++;
	} else {
		d->failed++;
	}
}

/* NULL: there is none there. */
static const uint8_t *write_at(struct dump *d, uint64_t address)
{
	const uint8_t *table = (const uint8_t *)(uintptr_t)address;

	if (table)
		write_table(d, NULL, table, u32_at(table + 4));
	return table;
}

/* Two more hang on a FADT; the 64-bit addresses count where there are some. */
static void write_with_what_it_names(struct dump *d, uint64_t address)
{
	const uint8_t *table = write_at(d, address);
	uint32_t length;

	if (!table || memcmp(table, "FACP", 4))
		return;
	length = u32_at(table + 4);
	if (length < FADT_DSDT + 4)
		return;
	(void)write_at(d, length >= FADT_X_DSDT + 8 && u64_at(table + FADT_X_DSDT)
				  ? u64_at(table + FADT_X_DSDT)
				  : u32_at(table + FADT_DSDT));
	(void)write_at(d, length >= FADT_X_FACS + 8 && u64_at(table + FADT_X_FACS)
				  ? u64_at(table + FADT_X_FACS)
				  : u32_at(table + FADT_FACS));
}

static bool make_directories(const struct efi_app *app)
{
	static const char *const names[] = { "\\postern", DIRECTORY };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!efi_make_directory(app, names[i]))
			return false;
	return true;
}

efi_status efi_dump_acpi(const struct efi_app *app)
{
	const uint8_t *rsdp =
		(const uint8_t *)(uintptr_t)efi_find_table(app->st, &efi_guid_acpi, 0);
	static struct dump d; /* too large for firmware's stack */
	const uint8_t *xsdt;

	d = (struct dump){ .app = app };
	if (!app->volume || !rsdp) {
		efi_print(app, "error: %s",
			  rsdp ? "there is no partition to write to"
			       : "firmware has no ACPI tables");
		return EFI_NOT_FOUND;
	}
	if (!make_directories(app))
		return EFI_LOAD_ERROR;
	write_table(&d, "RSDP", rsdp, RSDP_LENGTH);
	xsdt = (const uint8_t *)(uintptr_t)u64_at(rsdp + RSDP_XSDT);
	if (xsdt) {
		const uint32_t length = u32_at(xsdt + 4);

		write_table(&d, NULL, xsdt, length);
		for (uint32_t at = HEADER_LENGTH; at + 8 <= length && at < LENGTH_MAX; at += 8)
			write_with_what_it_names(&d, u64_at(xsdt + at));
	}
	efi_print(app, "dump-acpi: %u tables written, %u failed", d.written, d.failed);
	return d.failed ? EFI_LOAD_ERROR : EFI_SUCCESS;
}
