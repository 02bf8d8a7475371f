/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Postern's UEFI application uses of UEFI: tables, protocols and identifiers, in the layout of
 * the UEFI Specification 2.10 (chapter in parentheses). Services that are not used stand as plain
 * pointers. On LP64 machines UEFI's calling convention is the compiler's own.
 */
#ifndef EFI_EFI_H
#define EFI_EFI_H

#include <postern/types.h>

typedef uint64_t efi_status;
typedef void *efi_handle;
typedef uint16_t efi_char; /* UCS-2, little-endian */

#define EFI_ERROR_BIT        BIT64(63)
#define EFI_SUCCESS          0ull
#define EFI_LOAD_ERROR       (EFI_ERROR_BIT | 1)
#define EFI_INVALID          (EFI_ERROR_BIT | 2)
#define EFI_UNSUPPORTED      (EFI_ERROR_BIT | 3)
#define EFI_BUFFER_TOO_SMALL (EFI_ERROR_BIT | 5)
#define EFI_NOT_FOUND        (EFI_ERROR_BIT | 14)

struct efi_guid {
	uint32_t a;
	uint16_t b, c;
	uint8_t d[8];
};

struct efi_table_header {
	uint64_t signature;
	uint32_t revision, size, crc32, reserved;
};

/* (7.2) */
enum efi_allocate { EFI_ALLOCATE_ANY };
enum efi_memory_type {
	EFI_RESERVED,
	EFI_LOADER_CODE,
	EFI_LOADER_DATA,
	EFI_BOOT_CODE,
	EFI_BOOT_DATA,
	EFI_RUNTIME_CODE,
	EFI_RUNTIME_DATA,
	EFI_CONVENTIONAL,
	EFI_UNUSABLE,
	EFI_ACPI_RECLAIM,
	EFI_ACPI_NVS,
	EFI_MMIO,
	EFI_MMIO_PORTS,
};

#define EFI_PAGE 4096ull

struct efi_memory_descriptor {
	uint32_t type, pad;
	hpa_t base;
	uint64_t virtual_base, pages, attributes;
};

/* (4.4) */
struct efi_boot_services {
	struct efi_table_header header;
	void *raise_tpl, *restore_tpl;
	efi_status (*allocate_pages)(enum efi_allocate how, enum efi_memory_type type,
				     uint64_t pages, hpa_t *address);
	efi_status (*free_pages)(hpa_t address, uint64_t pages);
	efi_status (*get_memory_map)(uint64_t *size, void *map, uint64_t *key,
				     uint64_t *descriptor_size, uint32_t *version);
	void *allocate_pool, *free_pool;
	void *create_event, *set_timer, *wait_for_event, *signal_event, *close_event, *check_event;
	void *install_protocol, *reinstall_protocol, *uninstall_protocol;
	efi_status (*handle_protocol)(efi_handle handle, const struct efi_guid *protocol,
				      void **interface);
	void *reserved, *register_notify, *locate_handle, *locate_device_path, *install_table;
	void *load_image, *start_image, *exit, *unload_image;
	efi_status (*exit_boot_services)(efi_handle image, uint64_t key);
	void *get_next_count, *stall;
	efi_status (*set_watchdog_timer)(uint64_t seconds, uint64_t code, uint64_t size,
					 const efi_char *data);
	void *connect, *disconnect, *open_protocol, *close_protocol, *open_information;
	void *protocols_per_handle, *locate_handle_buffer;
	efi_status (*locate_protocol)(const struct efi_guid *protocol, void *registration,
				      void **interface);
};

/* (12.4) */
struct efi_text_output {
	void *reset;
	efi_status (*output_string)(struct efi_text_output *self, const efi_char *text);
};

struct efi_configuration {
	struct efi_guid guid;
	hpa_t table;
};

/* (4.3) */
struct efi_system_table {
	struct efi_table_header header;
	const efi_char *vendor;
	uint32_t vendor_revision, pad;
	efi_handle in_handle;
	void *in;
	efi_handle out_handle;
	struct efi_text_output *out;
	efi_handle error_handle;
	struct efi_text_output *error;
	void *runtime;
	struct efi_boot_services *boot;
	uint64_t table_count;
	hpa_t tables; /* struct efi_configuration[] */
};

/* (9.1) */
struct efi_loaded_image {
	uint32_t revision, pad;
	efi_handle parent;
	struct efi_system_table *system;
	efi_handle device;
	void *path, *reserved;
	uint32_t options_size, pad2; /* bytes */
	const efi_char *options;
	void *base;
	uint64_t size;
};

/* (13.4, 13.5) */
#define EFI_FILE_READ      1ull
#define EFI_FILE_WRITE     2ull
#define EFI_FILE_CREATE    BIT64(63)
#define EFI_FILE_DIRECTORY 0x10ull

struct efi_file {
	uint64_t revision;
	efi_status (*open)(struct efi_file *self, struct efi_file **out, const efi_char *name,
			   uint64_t mode, uint64_t attributes);
	efi_status (*close)(struct efi_file *self);
	efi_status (*delete_file)(struct efi_file *self);
	efi_status (*read)(struct efi_file *self, uint64_t *size, void *buffer);
	efi_status (*write)(struct efi_file *self, uint64_t *size, const void *buffer);
	void *get_position;
	efi_status (*set_position)(struct efi_file *self, uint64_t position);
	efi_status (*get_info)(struct efi_file *self, const struct efi_guid *type, uint64_t *size,
			       void *buffer);
	void *set_info;
	efi_status (*flush)(struct efi_file *self);
};

/* The beginning of what get_info() answers for a file; the name follows. */
struct efi_file_info {
	uint64_t size, file_size, physical_size;
	uint8_t times[48];
	uint64_t attributes;
};

struct efi_file_system {
	uint64_t revision;
	efi_status (*open_volume)(struct efi_file_system *self, struct efi_file **root);
};

/* (12.9) */
enum efi_pixel_format { EFI_PIXEL_RGBX, EFI_PIXEL_BGRX, EFI_PIXEL_MASK, EFI_PIXEL_BLT_ONLY };

struct efi_graphics_info {
	uint32_t version, width, height;
	uint32_t format; /* enum efi_pixel_format */
	uint32_t masks[4];
	uint32_t stride; /* pixels of a line, visible or not */
};

struct efi_graphics_mode {
	uint32_t count, current;
	const struct efi_graphics_info *info;
	uint64_t info_size;
	hpa_t base;
	uint64_t size;
};

struct efi_graphics {
	void *query_mode, *set_mode, *blt;
	const struct efi_graphics_mode *mode;
};

_Static_assert(offsetof(struct efi_boot_services, exit_boot_services) == 232, "UEFI 4.4");
_Static_assert(offsetof(struct efi_boot_services, locate_protocol) == 320, "UEFI 4.4");
_Static_assert(offsetof(struct efi_system_table, tables) == 112, "UEFI 4.3");
_Static_assert(offsetof(struct efi_loaded_image, base) == 64, "UEFI 9.1");
_Static_assert(offsetof(struct efi_file_info, attributes) == 72, "UEFI 13.5");
_Static_assert(sizeof(struct efi_memory_descriptor) == 40, "UEFI 7.2");

#endif
