// SPDX-License-Identifier: GPL-2.0-or-later
#include "acpi-firmware.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_PIECES  72u
#define PIECE_STEP  0x10000u /* addresses between two pieces */
#define RSDP_SIZE   36u
#define HEADER_SIZE 36u

_Noreturn static void broken(const char *what, const char *path)
{
	char text[512];

	snprintf(text, sizeof(text), "%s: %s", path, what);
	CU_assertImplementation(CU_FALSE, __LINE__, text, __FILE__, "", CU_TRUE);
	abort(); /* CUnit has left the test */
}

void *table_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		broken("out of memory", "acpi");
	return p;
}

/* The file with a NUL after it, in a block of its own. */
static char *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	char *data;
	long length;

	if (!f)
		broken("cannot open it", path);
	fseek(f, 0, SEEK_END);
	length = ftell(f);
	rewind(f);
	data = table_alloc((size_t)length + 1);
	if (fread(data, 1, (size_t)length, f) != (size_t)length)
		broken("cannot read it", path);
	fclose(f);
	*size = (size_t)length;
	return data;
}

/* Runs iasl on a file; what it wrote beside `prefix`. */
static char *run_iasl(const char *options, const char *path, const char *extension, size_t *size)
{
	char folder[] = "/tmp/postern-iasl-XXXXXX", command[512], result[64], log[64];
	char *data;

	if (!mkdtemp(folder))
		broken("no folder for iasl's output", path);
	snprintf(result, sizeof(result), "%s/t.%s", folder, extension);
	snprintf(log, sizeof(log), "%s/log", folder);
	snprintf(command, sizeof(command), "iasl %s -p %s/t '%s' > %s 2>&1", options, folder, path,
		 log);
	if (system(command) || access(result, R_OK)) {
		data = read_file(log, size);
		fprintf(stderr, "%s\n", data);
		free(data);
		broken("iasl (20260408 or newer) does not take it", path);
	}
	data = read_file(result, size);
	remove(result);
	remove(log);
	rmdir(folder);
	return data;
}

uint8_t *table_load(const char *path, size_t *size)
{
	const char *dot = strrchr(path, '.');
	char *data = dot && !strcmp(dot, ".asl") ? run_iasl("-vs", path, "aml", size)
						 : read_file(path, size);
	uint8_t *exact = table_alloc(*size);

	memcpy(exact, data, *size);
	free(data);
	return exact;
}

void table_fix_checksum(uint8_t *table, size_t size)
{
	uint8_t sum = 0;

	table[9] = 0;
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)-sum;
}

/* Memory. */

static struct piece {
	hpa_t base;
	size_t size;
	uint8_t *data;
} pieces[MAX_PIECES];
static unsigned piece_count;

uint8_t *firmware_rsdp, *firmware_xsdt;

static const void *map(void *ctx, hpa_t base, uint64_t size)
{
	(void)ctx;
	for (unsigned i = 0; i < piece_count; i++)
		if (range_inside(base, size, pieces[i].base, pieces[i].size))
			return pieces[i].data + (base - pieces[i].base);
	return NULL;
}

const struct acpi_memory firmware_memory = { .map = map };

void firmware_reset(void)
{
	while (piece_count)
		free(pieces[--piece_count].data);
	/* The root pointer; the XSDT follows in firmware_finish(). */
	firmware_xsdt = NULL;
	firmware_rsdp = table_alloc(RSDP_SIZE);
	pieces[piece_count++] =
		(struct piece){ .base = FIRMWARE_RSDP, .size = RSDP_SIZE, .data = firmware_rsdp };
	pieces[piece_count++] = (struct piece){ .base = FIRMWARE_RSDP + PIECE_STEP };
}

hpa_t firmware_add(const void *data, size_t size, uint8_t **copy)
{
	struct piece *p = &pieces[piece_count];

	if (piece_count == MAX_PIECES)
		broken("too many pieces", "firmware");
	*p = (struct piece){ .base = FIRMWARE_RSDP + PIECE_STEP * (hpa_t)piece_count,
			     .size = size,
			     .data = table_alloc(size) };
	memcpy(p->data, data, size);
	piece_count++;
	if (copy)
		*copy = p->data;
	return p->base;
}

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

void firmware_finish(void)
{
	struct piece *xsdt = &pieces[1];
	uint8_t sum = 0;

	free(xsdt->data);
	xsdt->size = HEADER_SIZE + 8u * (piece_count - 2);
	xsdt->data = firmware_xsdt = table_alloc(xsdt->size);
	memcpy(firmware_xsdt, "XSDT", 4);
	put(firmware_xsdt + 4, xsdt->size, 4);
	firmware_xsdt[8] = 1;
	for (unsigned i = 2; i < piece_count; i++)
		put(firmware_xsdt + HEADER_SIZE + 8u * (i - 2), pieces[i].base, 8);
	table_fix_checksum(firmware_xsdt, xsdt->size);

	memset(firmware_rsdp, 0, RSDP_SIZE);
	memcpy(firmware_rsdp, "RSD PTR ", 8);
	firmware_rsdp[15] = 2;
	put(firmware_rsdp + 20, RSDP_SIZE, 4);
	put(firmware_rsdp + 24, xsdt->base, 8);
	for (unsigned i = 0; i < 20; i++)
		sum = (uint8_t)(sum + firmware_rsdp[i]);
	firmware_rsdp[8] = (uint8_t)-sum;
	sum = 0;
	for (unsigned i = 0; i < RSDP_SIZE; i++)
		sum = (uint8_t)(sum + firmware_rsdp[i]);
	firmware_rsdp[32] = (uint8_t)-sum;
}

void firmware_open(struct acpi *a, const char *const *paths, size_t count)
{
	firmware_reset();
	for (size_t i = 0; i < count; i++) {
		size_t size;
		uint8_t *table = table_load(paths[i], &size);

		firmware_add(table, size, NULL);
		free(table);
	}
	firmware_finish();
	CU_ASSERT_EQUAL_FATAL(acpi_open(a, &firmware_memory, FIRMWARE_RSDP), 0);
	CU_ASSERT_EQUAL_FATAL(a->count, count);
}

/* The other reader. */

char *iasl_read(const uint8_t *table, size_t size)
{
	char name[] = "/tmp/postern-acpi-XXXXXX";
	int fd = mkstemp(name);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
	char *text;
	size_t n;

	if (!f || fwrite(table, 1, size, f) != size || fclose(f))
		broken("cannot write it", name);
	text = run_iasl("-vs -d", name, "dsl", &n);
	remove(name);
	return text;
}

/* The value of a line "[offset]  Label : value" with this label; NULL: it is another line. */
static const char *value_of(const char *line, const char *label)
{
	const size_t length = strlen(label);

	if (*line == '[')
		line = strchr(line, ']') + 1;
	line += strspn(line, " ");
	if (strncmp(line, label, length) || strncmp(line + length, " : ", 3))
		return NULL;
	return line + length + 3;
}

static const char *next_line(const char *at)
{
	at = strchr(at, '\n');
	return at ? at + 1 : NULL;
}

const char *iasl_find(const char *text, const char *label, const char *value, unsigned n)
{
	for (const char *at = text; at; at = next_line(at)) {
		const char *v = value_of(at, label);

		if (v && !strncmp(v, value, strlen(value)) && !n--)
			return at;
	}
	broken("iasl does not list it", label);
}

uint64_t iasl_value(const char *at, const char *label)
{
	return strtoull(value_of(iasl_find(at, label, "", 0), label), NULL, 16);
}
