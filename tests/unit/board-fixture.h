/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A board as it wakes up: firmware's tables in its memory, and the platform that was written for it.
 * Tables are those of tests/fixtures/boards and tests/fixtures/acpi.
 */
#ifndef BOARD_FIXTURE_H
#define BOARD_FIXTURE_H

#include "acpi-firmware.h"
#include "ls7a2000.h"
#include "unit.h"

#include <errno.h>
#include <postern/loongson.h>
#include <string.h>

#define BOARD_TABLES   "tests/fixtures/boards/"
/* Where firmware keeps its tables: the top of the low memory. */
#define BOARD_FIRMWARE ((hpa_t)0x0f000000)

extern const struct platform platform_loongarch_3a6000, platform_loongarch_2k2000,
	platform_loongarch_3c6000;

struct board {
	const struct platform *platform;
	struct boot_info boot;
	struct machine m;
};
extern struct board board;

/* A fresh machine: memory below 0x0f00_0000 and from 0x9000_0000, no table, no device. */
void board_reset(const struct platform *p);
/* Puts a table into firmware's memory; its bytes, to be changed before board_discover(). */
uint8_t *board_table(const char *path);
/* The same as what stands beside the loader. */
uint8_t *board_override(const char *path);
/* Checksums, XSDT, root pointer; then what platform and machine say. */
bool board_matches(const struct platform *p);
int board_discover(void);

/* The 3A6000's, with the tables its firmware has, or those given. */
#define BOARD_3A6000 BOARD_TABLES "3a6000-madt.asl", BOARD_TABLES "3a6000-mcfg.asl"
void board_with(const struct platform *p, const char *const *paths, unsigned count);

#endif
