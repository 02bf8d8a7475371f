/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI firmware for tests: tables from tests/fixtures/acpi, compiled or as they are, in memory with
 * a root pointer; and iasl's own reading of a table, to compare with. What fails, fails (and
 * leaves) the running test.
 */
#ifndef UNIT_ACPI_FIRMWARE_H
#define UNIT_ACPI_FIRMWARE_H

#include <postern/acpi.h>
#include <stddef.h>
#include <stdint.h>

#define TABLES      "tests/fixtures/acpi/"
#define QEMU_TABLES TABLES "qemu-virt-loongarch64/"

/*
 * The bytes of a table: FILE.asl compiled with iasl, any other file as it is. malloc'd, of its
 * exact size.
 */
uint8_t *table_load(const char *path, size_t *size);
/* Zeroed bytes for one, of its exact size; to be freed. */
void *table_alloc(size_t size);
/* Makes the bytes of a table sum to 0. */
void table_fix_checksum(uint8_t *table, size_t size);

/*
 * Memory with nothing but what is put into it: each piece in a block of its own size, so that a
 * read past its end is noticed, at an address of its own.
 */
#define FIRMWARE_RSDP 0x10000u
void firmware_reset(void);
/* A piece of memory, copied; its address. The copy can be changed until it is looked at. */
hpa_t firmware_add(const void *data, size_t size, uint8_t **copy);
/* Root pointer and XSDT that name the tables put into memory so far. Can be repeated. */
void firmware_finish(void);
/* The root pointer and the XSDT, to be damaged. */
extern uint8_t *firmware_rsdp, *firmware_xsdt;
extern const struct acpi_memory firmware_memory;

/* All of the above for a list of files; and acpi_open(), which must succeed. */
void firmware_open(struct acpi *a, const char *const *paths, size_t count);

/* iasl's reading of a table, malloc'd. */
char *iasl_read(const uint8_t *table, size_t size);
/*
 * Where the n-th line (0: first) with this label, "Subtable Type" say, and a value that begins with
 * `value` is.
 */
const char *iasl_find(const char *text, const char *label, const char *value, unsigned n);
/* The number iasl gives the first line with this label, from `at` on. */
uint64_t iasl_value(const char *at, const char *label);

#endif
