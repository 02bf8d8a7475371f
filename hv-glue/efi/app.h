/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the UEFI application: what its files offer each other. All of it runs before
 * ExitBootServices, on firmware's stack, with memory seen one to one.
 */
#ifndef EFI_APP_H
#define EFI_APP_H

#include <efi/efi.h>
#include <efi/handover.h>

struct efi_app {
	efi_handle image;
	struct efi_system_table *st;
	struct efi_boot_services *boot;
	struct efi_loaded_image *loaded;
	struct efi_file *volume; /* root of the partition the application came from; NULL: none */
};

/* ---- app.c ---- */

/* One line on firmware's console. format_text() describes what fmt may hold. */
void efi_print(const struct efi_app *app, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- files.c ---- */

/* A file of the partition the application came from; names are paths with backslashes. */
enum efi_found { EFI_FOUND, EFI_ABSENT, EFI_BROKEN };
/* Into whole pages of `type` that stay allocated; the reason of EFI_BROKEN is printed. */
enum efi_found efi_read_file(const struct efi_app *app, const char *name, enum efi_memory_type type,
			     struct memory_region *out);
/* Replaces the file. False: printed why. */
bool efi_write_file(const struct efi_app *app, const char *name, const void *data, uint64_t size);
/* There is one afterwards. False: printed why. */
bool efi_make_directory(const struct efi_app *app, const char *name);

/* ---- memory_map.c ---- */

/*
 * Ends boot services: no service may be called afterwards. Fills h->boot.memory and reserved. False
 * (printed, services still there): firmware refused, or its map cannot be held.
 */
bool efi_leave(const struct efi_app *app, struct efi_handover *h);

/* ---- acpi_dump.c ---- */

/* Writes every ACPI table to \postern\acpi\; printed. */
efi_status efi_dump_acpi(const struct efi_app *app);

#endif
