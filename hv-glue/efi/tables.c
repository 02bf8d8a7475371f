// SPDX-License-Identifier: GPL-2.0-or-later
/* The EFI configuration table: see tables.h. */
#include <efi/tables.h>
#include <postern/string.h>

/* More than any firmware has; a number out of a broken table must not run away. */
#define MAX_TABLES 64u

const struct efi_guid efi_guid_acpi = {
	0x8868e871, 0xe4f1, 0x11d3, { 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 }
};
const struct efi_guid efi_guid_fdt = {
	0xb1b621d5, 0xf19c, 0x41a5, { 0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0 }
};
const struct efi_guid efi_guid_initrd = {
	0x5568e427, 0x68fc, 0x4f3d, { 0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68 }
};

hpa_t efi_find_table(const struct efi_system_table *st, const struct efi_guid *guid,
		     uint64_t window)
{
	const struct efi_configuration *t =
		(const struct efi_configuration *)(uintptr_t)(st->tables | window);
	const uint64_t count = st->table_count < MAX_TABLES ? st->table_count : MAX_TABLES;

	for (uint64_t i = 0; st->tables && i < count; i++)
		if (!memcmp(&t[i].guid, guid, sizeof(*guid)))
			return t[i].table;
	return 0;
}
