// SPDX-License-Identifier: GPL-2.0-or-later
/* See board-fixture.h. */
#include "board-fixture.h"

#include <stdlib.h>

#define FIRMWARE_SIZE ((uint64_t)0x100000)
#define RSDP_SIZE     36u
#define HEADER_SIZE   36u
#define MAX_TABLES    16u
#define TABLE_STEP    0x1000u

struct board board;

static struct {
	uint8_t *bytes;
	size_t size;
	hpa_t at;
	bool listed; /* in the XSDT */
} tables[MAX_TABLES];
static unsigned table_count;
static struct memory_region memory[2], reserved[2];

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint8_t checksum(const uint8_t *bytes, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return (uint8_t)-sum;
}

void board_reset(const struct platform *p)
{
	model_reset();
	memset(&board, 0, sizeof(board));
	memset(tables, 0, sizeof(tables));
	/* The root pointer, then the XSDT, then the tables. */
	table_count = 2;
	memory[0] = (struct memory_region){ .base = 0x200000, .size = 0x0ee00000 };
	memory[1] = (struct memory_region){ .base = 0x90000000, .size = 4 * GIB };
	reserved[0] = (struct memory_region){ .base = 0, .size = 0x200000 };
	reserved[1] = (struct memory_region){ .base = BOARD_FIRMWARE, .size = FIRMWARE_SIZE };
	model_ram_add(BOARD_FIRMWARE, FIRMWARE_SIZE);
	board.platform = p;
	board.boot = (struct boot_info){
		.memory = memory,
		.memory_count = ARRAY_SIZE(memory),
		.reserved = reserved,
		.reserved_count = ARRAY_SIZE(reserved),
	};
}

static uint8_t *load(const char *path, bool listed)
{
	size_t size;
	uint8_t *bytes = table_load(path, &size), *copy;
	hpa_t at = BOARD_FIRMWARE + TABLE_STEP * (hpa_t)table_count;

	CU_ASSERT_FATAL(table_count < MAX_TABLES && size <= TABLE_STEP);
	copy = model_virt(at);
	memcpy(copy, bytes, size);
	free(bytes);
	tables[table_count].bytes = copy;
	tables[table_count].size = size;
	tables[table_count].at = at;
	tables[table_count++].listed = listed;
	return copy;
}

uint8_t *board_table(const char *path)
{
	return load(path, true);
}

uint8_t *board_override(const char *path)
{
	uint8_t *bytes = load(path, false);

	board.boot.overrides = (struct memory_region){ .base = tables[table_count - 1].at,
						       .size = tables[table_count - 1].size };
	return bytes;
}

static void finish(void)
{
	uint8_t *rsdp = model_virt(BOARD_FIRMWARE), *xsdt = model_virt(BOARD_FIRMWARE + TABLE_STEP);
	size_t size = HEADER_SIZE;

	memset(rsdp, 0, RSDP_SIZE);
	memset(xsdt, 0, TABLE_STEP);
	for (unsigned i = 2; i < table_count; i++) {
		table_fix_checksum(tables[i].bytes, tables[i].size);
		if (!tables[i].listed)
			continue;
		put(xsdt + size, tables[i].at, 8);
		size += 8;
	}
	memcpy(xsdt, "XSDT", 4);
	put(xsdt + 4, size, 4);
	xsdt[8] = 1;
	table_fix_checksum(xsdt, size);
	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[15] = 2;
	put(rsdp + 20, RSDP_SIZE, 4);
	put(rsdp + 24, BOARD_FIRMWARE + TABLE_STEP, 8);
	rsdp[8] = checksum(rsdp, 20);
	rsdp[32] = checksum(rsdp, RSDP_SIZE);
	board.boot.acpi_rsdp = BOARD_FIRMWARE;
}

bool board_matches(const struct platform *p)
{
	finish();
	return p->match(&board.boot);
}

int board_discover(void)
{
	finish();
	memset(&board.m, 0, sizeof(board.m));
	return board.platform->discover(&board.boot, &board.m);
}

void board_with(const struct platform *p, const char *const *paths, unsigned count)
{
	board_reset(p);
	for (unsigned i = 0; i < count; i++)
		board_table(paths[i]);
}
