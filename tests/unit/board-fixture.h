/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A board as it wakes up: firmware's tables in its memory, and the platform that was written for
 * it. Tables are those of tests/fixtures/boards and tests/fixtures/acpi.
 */
#ifndef BOARD_FIXTURE_H
#define BOARD_FIXTURE_H

#include "acpi-firmware.h"
#include "loongson-irq.h"
#include "ls7a2000.h"
#include "pci-zone.h"
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

/* ---- running ---- */

#define BOARD_RAM_GPA  ((gpa_t)0x80000000)
#define BOARD_RAM_SIZE (2 * MIB)

/*
 * From a machine with tables and models to one that can give devices to its two zones, in the
 * hypervisor's order: discovery, scan into machine.table, IOMMUs that are functions, interrupt
 * controllers on every CPU, zones with memory. The models of its IOMMUs are plugged in before.
 */
void board_start(void);
/* Without interrupt controllers: for devices that send no messages. */
void board_start_silent(void);
/* The 3A6000 board, or these functions, with a 7a1f of this revision at 00:1a.0; started. */
struct model_ls *board_start_3a6000(const char *devices, uint8_t revision);

struct zone *board_zone(unsigned zone);
/* Its manifest, to be changed before it is given anything. */
struct manifest_zone *board_wish(unsigned zone);
/* The zone's memory as its own CPU sees it. */
uint8_t *board_ram(unsigned zone);
int board_give(unsigned zone, struct pci_function *f);
/* A release to its end, time passing. */
int board_take_back(unsigned zone, struct pci_function *f);
/*
 * What a zone's driver does first: decode, Bus Master and MSI-X on, entry 0 with the zone's
 * doorbell and `data`, unmasked. Pre: an MSI-X table in BAR `bar` at `table`.
 */
void board_drive(unsigned zone, const struct pci_function *f, unsigned bar, unsigned table,
		 uint32_t data);
/* Every CPU takes what its interrupt line has. */
void board_take_interrupts(void);

#endif
