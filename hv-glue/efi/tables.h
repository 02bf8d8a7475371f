/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware and loaders leave in the EFI configuration table. hv-glue/efi/tables.c. No locks. */
#ifndef EFI_TABLES_H
#define EFI_TABLES_H

#include <efi/efi.h>

extern const struct efi_guid efi_guid_acpi;   /* RSDP of ACPI 2.0 and later (UEFI 2.10, 4.6) */
extern const struct efi_guid efi_guid_fdt;    /* flattened device tree (UEFI 2.10, 4.6) */
extern const struct efi_guid efi_guid_initrd; /* struct efi_initrd, as Linux's loaders leave it */

struct efi_initrd {
	hpa_t base;
	uint64_t size;
};

/*
 * The table's physical address; 0: there is none. `window` is added to physical addresses to look
 * at them: 0 where memory is seen one to one.
 */
hpa_t efi_find_table(const struct efi_system_table *st, const struct efi_guid *guid,
		     uint64_t window);

#endif
