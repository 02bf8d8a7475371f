// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The UEFI application against a firmware that is a model: which memory is free afterwards, what is
 * read off the partition, what `dump-acpi` writes, and what of it survives a firmware that answers
 * badly. Includes the sources for their state.
 */
#include "../../hv-glue/efi/acpi_dump.c"
#include "../../hv-glue/efi/files.c"
#include "../../hv-glue/efi/memory_map.c"
#include "../../hv-glue/efi/tables.c"

#include "host.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DESCRIPTORS 256u
#define MAX_FILES       24u
#define STEP            48u /* of the map: larger than a descriptor, as firmwares do it */

struct model_file {
	struct efi_file head; /* first: what the application holds */
	char name[64];
	uint8_t *data;
	uint64_t size, position;
	bool there, broken;
};

static struct {
	struct efi_boot_services services;
	struct efi_system_table st;
	struct efi_app app;
	struct efi_memory_descriptor map[MAX_DESCRIPTORS];
	unsigned map_count, map_calls, changes;
	uint64_t key, left_with;
	bool left;
	struct efi_file volume;
	struct model_file files[MAX_FILES];
	void *pages[MAX_FILES];
	unsigned page_count;
	uint64_t short_read;
	char said[4096];
} fw;

void efi_print(const struct efi_app *app, const char *fmt, ...)
{
	size_t length = strlen(fw.said);
	va_list ap;

	(void)app;
	va_start(ap, fmt);
	vsnprintf(fw.said + length, sizeof(fw.said) - length, fmt, ap);
	va_end(ap);
}

/* ---- the firmware ---- */

static efi_status get_map(uint64_t *size, void *out, uint64_t *key, uint64_t *step,
			  uint32_t *version)
{
	fw.map_calls++;
	if (*size < (uint64_t)fw.map_count * STEP)
		return EFI_BUFFER_TOO_SMALL;
	memset(out, 0xee, (size_t)fw.map_count * STEP);
	for (unsigned i = 0; i < fw.map_count; i++)
		memcpy((uint8_t *)out + (size_t)i * STEP, &fw.map[i], sizeof(fw.map[i]));
	*size = (uint64_t)fw.map_count * STEP;
	*key = ++fw.key;
	*step = STEP;
	*version = 1;
	return EFI_SUCCESS;
}

static efi_status leave(efi_handle image, uint64_t key)
{
	(void)image;
	if (fw.changes) {
		fw.changes--;
		fw.key++;
	}
	if (key != fw.key)
		return EFI_INVALID;
	fw.left = true;
	fw.left_with = key;
	return EFI_SUCCESS;
}

static efi_status pages_alloc(enum efi_allocate how, enum efi_memory_type type, uint64_t pages,
			      hpa_t *address)
{
	(void)how;
	(void)type;
	fw.pages[fw.page_count] = aligned_alloc(EFI_PAGE, pages * EFI_PAGE);
	*address = (hpa_t)(uintptr_t)fw.pages[fw.page_count++];
	return EFI_SUCCESS;
}

static efi_status pages_free(hpa_t address, uint64_t pages)
{
	(void)pages;
	for (unsigned i = 0; i < fw.page_count; i++)
		if (fw.pages[i] == (void *)(uintptr_t)address) {
			free(fw.pages[i]);
			fw.pages[i] = NULL;
		}
	return EFI_SUCCESS;
}

static efi_status file_close(struct efi_file *f)
{
	(void)f;
	return EFI_SUCCESS;
}

static efi_status file_delete(struct efi_file *f)
{
	((struct model_file *)f)->there = false;
	return EFI_SUCCESS;
}

static efi_status file_read(struct efi_file *head, uint64_t *size, void *buffer)
{
	struct model_file *f = (struct model_file *)head;
	uint64_t n = f->size - f->position;

	if (f->broken)
		return EFI_LOAD_ERROR;
	n = n < *size ? n : *size;
	if (fw.short_read && n > fw.short_read)
		n = fw.short_read;
	memcpy(buffer, f->data + f->position, n);
	f->position += n;
	*size = n;
	return EFI_SUCCESS;
}

static efi_status file_write(struct efi_file *head, uint64_t *size, const void *data)
{
	struct model_file *f = (struct model_file *)head;

	if (f->broken)
		return EFI_LOAD_ERROR;
	free(f->data);
	f->data = malloc(*size);
	memcpy(f->data, data, *size);
	f->size = *size;
	return EFI_SUCCESS;
}

static efi_status file_info(struct efi_file *head, const struct efi_guid *type, uint64_t *size,
			    void *out)
{
	struct efi_file_info info = { .file_size = ((struct model_file *)head)->size };

	(void)type;
	if (*size < sizeof(info) + 32)
		return EFI_BUFFER_TOO_SMALL;
	memcpy(out, &info, sizeof(info));
	return EFI_SUCCESS;
}

static struct model_file *file_named(const char *name)
{
	for (unsigned i = 0; i < MAX_FILES; i++)
		if (!strcmp(fw.files[i].name, name))
			return &fw.files[i];
	return NULL;
}

static struct model_file *file_add(const char *name)
{
	struct model_file *f = file_named("");

	snprintf(f->name, sizeof(f->name), "%s", name);
	f->head = (struct efi_file){ .close = file_close,
				     .delete_file = file_delete,
				     .read = file_read,
				     .write = file_write,
				     .get_info = file_info };
	f->there = true;
	return f;
}

static efi_status volume_open(struct efi_file *self, struct efi_file **out, const efi_char *wide,
			      uint64_t mode, uint64_t attributes)
{
	char name[64] = "";
	struct model_file *f;

	(void)self;
	(void)attributes;
	for (unsigned i = 0; i < sizeof(name) - 1 && wide[i]; i++)
		name[i] = (char)wide[i];
	f = file_named(name);
	if (!f && (mode & EFI_FILE_CREATE))
		f = file_add(name);
	if (!f || (!f->there && !(mode & EFI_FILE_CREATE)))
		return EFI_NOT_FOUND;
	f->there = true;
	f->position = 0;
	*out = &f->head;
	return EFI_SUCCESS;
}

static void fresh(void)
{
	for (unsigned i = 0; i < MAX_FILES; i++) {
		free(fw.files[i].data);
		free(fw.pages[i]);
	}
	memset(&fw, 0, sizeof(fw));
	memset(&usable, 0, sizeof(usable));
	memset(&reserved, 0, sizeof(reserved));
	fw.services.get_memory_map = get_map;
	fw.services.exit_boot_services = leave;
	fw.services.allocate_pages = pages_alloc;
	fw.services.free_pages = pages_free;
	fw.volume.open = volume_open;
	fw.app = (struct efi_app){ .st = &fw.st, .boot = &fw.services, .volume = &fw.volume };
}

/* ---- the memory map ---- */

static void region(uint32_t type, hpa_t base, uint64_t pages)
{
	fw.map[fw.map_count++] =
		(struct efi_memory_descriptor){ .type = type, .base = base, .pages = pages };
}

static bool has(const struct memory_region *list, unsigned count, hpa_t base, uint64_t size)
{
	for (unsigned i = 0; i < count; i++)
		if (list[i].base == base && list[i].size == size)
			return true;
	return false;
}

static void free_neighbours_become_one_region(void)
{
	struct efi_handover h = { 0 };

	fresh();
	/* Out of order on purpose: nothing promises it. */
	region(EFI_BOOT_DATA, 0x200000, 0x10);
	region(EFI_CONVENTIONAL, 0x210000, 0x10);
	region(EFI_LOADER_CODE, 0x1f0000, 0x10);
	region(EFI_CONVENTIONAL, 0x400000, 1);
	region(EFI_BOOT_CODE, 0x402000, 1);
	region(EFI_LOADER_DATA, 0x401000, 1);
	CU_ASSERT_TRUE(efi_leave(&fw.app, &h));
	CU_ASSERT_EQUAL(h.boot.memory_count, 2);
	CU_ASSERT_TRUE(has(h.boot.memory, h.boot.memory_count, 0x1f0000, 0x30000));
	CU_ASSERT_TRUE(has(h.boot.memory, h.boot.memory_count, 0x400000, 0x3000));
	CU_ASSERT_EQUAL(h.boot.reserved_count, 0);
}

static void what_firmware_keeps_is_never_free(void)
{
	static const uint32_t kept[] = { EFI_RESERVED, EFI_RUNTIME_CODE, EFI_RUNTIME_DATA,
					 EFI_ACPI_RECLAIM, EFI_ACPI_NVS };
	static const uint32_t not_memory[] = { EFI_UNUSABLE, EFI_MMIO, EFI_MMIO_PORTS, 14, 99 };
	struct efi_handover h = { 0 };

	fresh();
	region(EFI_CONVENTIONAL, 0x100000, 0x100);
	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++)
		region(kept[i], 0x200000 + i * 0x2000, 1);
	for (unsigned i = 0; i < ARRAY_SIZE(not_memory); i++)
		region(not_memory[i], 0x300000 + i * 0x2000, 1);
	region(EFI_CONVENTIONAL, 0xfffffffffffff000, 2); /* wraps */
	region(EFI_CONVENTIONAL, 0x500000, 0);
	CU_ASSERT_TRUE(efi_leave(&fw.app, &h));
	CU_ASSERT_EQUAL(h.boot.memory_count, 1);
	CU_ASSERT_TRUE(has(h.boot.memory, h.boot.memory_count, 0x100000, 0x100000));
	CU_ASSERT_EQUAL(h.boot.reserved_count, ARRAY_SIZE(kept));
	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++)
		CU_ASSERT_TRUE(
			has(h.boot.reserved, h.boot.reserved_count, 0x200000 + i * 0x2000, 0x1000));
}

static void of_many_regions_the_largest_are_kept(void)
{
	struct efi_handover h = { 0 };

	fresh();
	for (unsigned i = 0; i < 200; i++)
		region(EFI_CONVENTIONAL, 0x10000000 + (hpa_t)i * 0x100000, i < 100 ? 1 + i : 1);
	CU_ASSERT_TRUE(efi_leave(&fw.app, &h));
	CU_ASSERT_EQUAL(h.boot.memory_count, MAX_MEMORY_REGIONS);
	for (unsigned i = 0; i < MAX_MEMORY_REGIONS; i++)
		CU_ASSERT_TRUE(has(h.boot.memory, h.boot.memory_count,
				   0x10000000 + (hpa_t)(99 - i) * 0x100000, (100 - i) * EFI_PAGE));
	for (unsigned i = 1; i < MAX_MEMORY_REGIONS; i++)
		CU_ASSERT(h.boot.memory[i - 1].base < h.boot.memory[i].base);
}

static void a_map_that_changes_is_asked_for_again(void)
{
	struct efi_handover h = { 0 };

	fresh();
	region(EFI_CONVENTIONAL, 0x100000, 1);
	fw.changes = 1;
	CU_ASSERT_TRUE(efi_leave(&fw.app, &h));
	CU_ASSERT_EQUAL(fw.map_calls, 2);
	CU_ASSERT_TRUE(fw.left);
}

static void a_firmware_that_does_not_let_go_is_given_up(void)
{
	struct efi_handover h = { 0 };

	fresh();
	region(EFI_CONVENTIONAL, 0x100000, 1);
	fw.changes = 1000;
	CU_ASSERT_FALSE(efi_leave(&fw.app, &h));
	CU_ASSERT_PTR_NOT_NULL(strstr(fw.said, "does not let go"));
}

/* ---- files ---- */

static void fill(struct model_file *f, uint64_t size)
{
	f->data = malloc(size);
	f->size = size;
	for (uint64_t i = 0; i < size; i++)
		f->data[i] = (uint8_t)(i * 7 + i / 251);
}

static void a_file_is_read_whole_in_pieces(void)
{
	struct memory_region got;
	struct model_file *f;

	fresh();
	f = file_add("\\postern\\bundle");
	fill(f, 100001);
	fw.short_read = 4096;
	CU_ASSERT_EQUAL(efi_read_file(&fw.app, f->name, EFI_LOADER_DATA, &got), EFI_FOUND);
	CU_ASSERT_EQUAL(got.size, f->size);
	CU_ASSERT_FALSE(memcmp((void *)(uintptr_t)got.base, f->data, f->size));
}

static void no_file_is_no_error(void)
{
	struct memory_region got;

	fresh();
	CU_ASSERT_EQUAL(efi_read_file(&fw.app, "\\postern\\bundle", EFI_LOADER_DATA, &got),
			EFI_ABSENT);
	fw.app.volume = NULL;
	CU_ASSERT_EQUAL(efi_read_file(&fw.app, "\\postern\\bundle", EFI_LOADER_DATA, &got),
			EFI_ABSENT);
	CU_ASSERT_EQUAL(got.size, 0);
	CU_ASSERT_STRING_EQUAL(fw.said, "");
}

static void a_file_that_cannot_be_read_is_named(void)
{
	struct memory_region got;
	struct model_file *f;

	fresh();
	f = file_add("\\postern\\bundle");
	fill(f, 5000);
	f->broken = true;
	CU_ASSERT_EQUAL(efi_read_file(&fw.app, f->name, EFI_LOADER_DATA, &got), EFI_BROKEN);
	CU_ASSERT_PTR_NOT_NULL(strstr(fw.said, "\\postern\\bundle cannot be read"));
	CU_ASSERT_EQUAL(got.size, 0);
	CU_ASSERT_PTR_NULL(fw.pages[0]); /* given back */
}

/* ---- dump-acpi ---- */

static uint8_t rsdp[36], xsdt[36 + 4 * 8], fadt[276], dsdt[64], facs[64], ssdt[2][50];
static struct efi_configuration configuration;

static void table(uint8_t *t, const char *signature, uint32_t length)
{
	memset(t, 0x5a, length);
	memcpy(t, signature, 4);
	memcpy(t + 4, &length, 4);
}

static void point(uint8_t *at, const void *to)
{
	const uint64_t address = (uintptr_t)to;

	memcpy(at, &address, sizeof(address));
}

static void install_tables(void)
{
	memset(rsdp, 0, sizeof(rsdp));
	point(rsdp + 24, xsdt);
	table(xsdt, "XSDT", sizeof(xsdt));
	table(fadt, "FACP", sizeof(fadt));
	table(dsdt, "DSDT", sizeof(dsdt));
	table(facs, "FACS", sizeof(facs));
	table(ssdt[0], "SSDT", sizeof(ssdt[0]));
	table(ssdt[1], "SS/.", sizeof(ssdt[1]));
	point(fadt + 140, dsdt);
	point(fadt + 132, facs);
	point(xsdt + 36, fadt);
	point(xsdt + 44, ssdt[0]);
	point(xsdt + 52, ssdt[0]);
	point(xsdt + 60, ssdt[1]);
	configuration.guid = efi_guid_acpi;
	configuration.table = (hpa_t)(uintptr_t)rsdp;
	fw.st.tables = (hpa_t)(uintptr_t)&configuration;
	fw.st.table_count = 1;
}

static bool written(const char *name, const void *data, uint64_t size)
{
	const struct model_file *f = file_named(name);

	return f && f->size == size && !memcmp(f->data, data, size);
}

static void every_table_becomes_a_file(void)
{
	fresh();
	install_tables();
	CU_ASSERT_EQUAL(efi_dump_acpi(&fw.app), EFI_SUCCESS);
	CU_ASSERT_TRUE(written("\\postern\\acpi\\RSDP.dat", rsdp, sizeof(rsdp)));
	CU_ASSERT_TRUE(written("\\postern\\acpi\\XSDT.dat", xsdt, sizeof(xsdt)));
	CU_ASSERT_TRUE(written("\\postern\\acpi\\FACP.dat", fadt, sizeof(fadt)));
	CU_ASSERT_TRUE(written("\\postern\\acpi\\DSDT.dat", dsdt, sizeof(dsdt)));
	CU_ASSERT_TRUE(written("\\postern\\acpi\\FACS.dat", facs, sizeof(facs)));
	CU_ASSERT_TRUE(written("\\postern\\acpi\\SSDT.dat", ssdt[0], sizeof(ssdt[0])));
	CU_ASSERT_TRUE(written("\\postern\\acpi\\SSDT1.dat", ssdt[0], sizeof(ssdt[0])));
	/* A signature is no path. */
	CU_ASSERT_TRUE(written("\\postern\\acpi\\SS__.dat", ssdt[1], sizeof(ssdt[1])));
	CU_ASSERT_PTR_NOT_NULL(strstr(fw.said, "8 tables written, 0 failed"));
}

static void a_table_of_absurd_length_is_left_out(void)
{
	const uint32_t absurd = 0xffffffff;

	fresh();
	install_tables();
	memcpy(dsdt + 4, &absurd, 4);
	CU_ASSERT_NOT_EQUAL(efi_dump_acpi(&fw.app), EFI_SUCCESS);
	CU_ASSERT_PTR_NULL(file_named("\\postern\\acpi\\DSDT.dat"));
	CU_ASSERT_TRUE(written("\\postern\\acpi\\FACS.dat", facs, sizeof(facs)));
	CU_ASSERT_PTR_NOT_NULL(strstr(fw.said, "7 tables written, 1 failed"));
}

static void a_partition_that_takes_nothing_is_said(void)
{
	fresh();
	install_tables();
	file_add("\\postern\\acpi\\FACP.dat")->broken = true;
	CU_ASSERT_NOT_EQUAL(efi_dump_acpi(&fw.app), EFI_SUCCESS);
	CU_ASSERT_PTR_NOT_NULL(strstr(fw.said, "FACP.dat cannot be written"));
	fw.app.volume = NULL;
	CU_ASSERT_NOT_EQUAL(efi_dump_acpi(&fw.app), EFI_SUCCESS);
	fresh(); /* and nothing stays allocated */
}

void suite_efi(void)
{
	static const struct unit_test tests[] = {
		TEST(free_neighbours_become_one_region),
		TEST(what_firmware_keeps_is_never_free),
		TEST(of_many_regions_the_largest_are_kept),
		TEST(a_map_that_changes_is_asked_for_again),
		TEST(a_firmware_that_does_not_let_go_is_given_up),
		TEST(a_file_is_read_whole_in_pieces),
		TEST(no_file_is_no_error),
		TEST(a_file_that_cannot_be_read_is_named),
		TEST(every_table_becomes_a_file),
		TEST(a_table_of_absurd_length_is_left_out),
		TEST(a_partition_that_takes_nothing_is_said),
	};

	unit_suite("efi", tests, ARRAY_SIZE(tests));
}
