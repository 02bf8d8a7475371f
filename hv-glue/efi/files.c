// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of the EFI partition: see app.h. UEFI 2.10, 13.5. */
#include <efi/app.h>

#define NAME_LENGTH    64u
/* A file in a bundle's place that is larger than this is none. */
#define SIZE_MAX_BYTES (4 * GIB)
/* Some firmwares' drivers do not take it all at once; this is also how often progress is shown. */
#define CHUNK          (8 * MIB)

static const struct efi_guid guid_file_info = {
	0x09576e92, 0x6d3f, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b }
};

static void widen(const char *name, efi_char wide[NAME_LENGTH])
{
	unsigned i = 0;

	for (; i < NAME_LENGTH - 1 && name[i]; i++)
		wide[i] = (unsigned char)name[i];
	wide[i] = 0;
}

static efi_status open_file(const struct efi_app *app, const char *name, uint64_t mode,
			    uint64_t attributes, struct efi_file **out)
{
	efi_char wide[NAME_LENGTH];

	*out = NULL;
	if (!app->volume)
		return EFI_NOT_FOUND;
	widen(name, wide);
	return app->volume->open(app->volume, out, wide, mode, attributes);
}

static efi_status file_size(struct efi_file *f, uint64_t *size)
{
	union {
		struct efi_file_info info;
		uint8_t bytes[sizeof(struct efi_file_info) + NAME_LENGTH * sizeof(efi_char)];
	} answer;
	uint64_t length = sizeof(answer);
	efi_status status = f->get_info(f, &guid_file_info, &length, &answer);

	if (!status)
		*size = answer.info.file_size;
	return status;
}

static efi_status read_all(struct efi_file *f, hpa_t at, uint64_t size)
{
	for (uint64_t done = 0; done < size;) {
		uint64_t step = size - done < CHUNK ? size - done : CHUNK;
		const efi_status status = f->read(f, &step, (void *)(uintptr_t)(at + done));

		if (status)
			return status;
		if (!step)
			return EFI_LOAD_ERROR; /* it became shorter */
		done += step;
	}
	return EFI_SUCCESS;
}

static efi_status load(const struct efi_app *app, struct efi_file *f, enum efi_memory_type type,
		       struct memory_region *out)
{
	uint64_t size = 0, pages;
	efi_status status = file_size(f, &size);
	hpa_t at = 0;

	if (status)
		return status;
	if (!size || size > SIZE_MAX_BYTES)
		return EFI_INVALID;
	pages = (size + EFI_PAGE - 1) / EFI_PAGE;
	status = app->boot->allocate_pages(EFI_ALLOCATE_ANY, type, pages, &at);
	if (status)
		return status;
	status = read_all(f, at, size);
	if (status)
		app->boot->free_pages(at, pages);
	else
		*out = (struct memory_region){ .base = at, .size = size };
	return status;
}

enum efi_found efi_read_file(const struct efi_app *app, const char *name, enum efi_memory_type type,
			     struct memory_region *out)
{
	struct efi_file *f;
	efi_status status = open_file(app, name, EFI_FILE_READ, 0, &f);

	*out = (struct memory_region){ 0 };
	if (status == EFI_NOT_FOUND)
		return EFI_ABSENT;
	if (!status) {
		status = load(app, f, type, out);
		f->close(f);
	}
	if (!status)
		return EFI_FOUND;
	efi_print(app, "error: %s cannot be read (status 0x%lx)", name, (unsigned long)status);
	return EFI_BROKEN;
}

bool efi_write_file(const struct efi_app *app, const char *name, const void *data, uint64_t size)
{
	const uint64_t mode = EFI_FILE_READ | EFI_FILE_WRITE | EFI_FILE_CREATE;
	uint64_t written = size;
	struct efi_file *f;
	efi_status status = open_file(app, name, mode, 0, &f);

	/* An older one may be longer. */
	if (!status && !f->delete_file(f))
		status = open_file(app, name, mode, 0, &f);
	if (!status) {
		status = f->write(f, &written, data);
		if (!status && written != size)
			status = EFI_LOAD_ERROR;
		f->close(f);
	}
	if (status)
		efi_print(app, "error: %s cannot be written (status 0x%lx)", name,
			  (unsigned long)status);
	return !status;
}

bool efi_make_directory(const struct efi_app *app, const char *name)
{
	const uint64_t mode = EFI_FILE_READ | EFI_FILE_WRITE | EFI_FILE_CREATE;
	struct efi_file *f;
	efi_status status = open_file(app, name, mode, EFI_FILE_DIRECTORY, &f);

	if (!status)
		f->close(f);
	else
		efi_print(app, "error: %s cannot be made (status 0x%lx)", name,
			  (unsigned long)status);
	return !status;
}
