/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loongson IOMMU, PCI 0014:7a1f (of a bridge) and 0014:3c0f (of a processor): registers and table format
 * as docs/hardware/loongson-iommu.md has them, collected from the drivers that exist; the maker's
 * manual is not public. Names follow those drivers where they have one.
 */
#ifndef LOONGSON_REGS_H
#define LOONGSON_REGS_H

#include <postern/types.h>

#define LS_VENDOR           0x0014u
#define LS_DEVICE_BRIDGE    0x7a1fu /* revision 0: tables in BAR2 */
#define LS_DEVICE_PROCESSOR 0x3c0fu

#define LS_BAR_REGISTERS 0u
#define LS_BAR_TABLES    2u
#define LS_REGISTERS     0x140u /* bytes of BAR0 that mean something */

/* ---- registers: 32 bits each --------------------------------------------------------- */

/* TLB commands: one at a time, over when BUSY reads 0. */
#define LS_VBTC           0x014u
#define VBTC_ALL          MASK32(4, 0) /* field of the flush of everything */
#define VBTC_ALL_FLUSH    5u
#define VBTC_DOMAIN       (BIT32(8) | MASK32(3, 0)) /* field of the flush of one domain */
#define VBTC_DOMAIN_WRITE 4u
#define VBTC_DOMAIN_READ  (BIT32(8) | 4u)
#define VBTC_BUSY         BIT32(16)

/*
 * The window to the table of requesters: holds one slot's content; a write to CMD with COMMIT 0
 * brings it there. A flush of one domain takes the domain from here.
 */
#define LS_EIVDB        0x018u
#define EIVDB_REQUESTER MASK32(15, 0)
#define EIVDB_DOMAIN    MASK32(19, 16)
#define EIVDB_VALID     BIT32(20)
#define EIVDB_SLOT      MASK32(27, 24)
#define EIVDB_ENABLE    BIT32(31) /* tables in BAR2 only: translation on */

#define LS_CMD     0x01cu
#define CMD_COMMIT MASK32(1, 0)

/* Root table and geometry of domain d. */
#define LS_PGD_LO(d)   (0x020u + 8u * (d))
#define LS_PGD_HI(d)   (0x024u + 8u * (d))
#define LS_DIR_CTRL(d) (0x0a0u + 4u * (d))
#define DIR_SHIFT0     MASK32(5, 0)
#define DIR_WIDTH0     MASK32(9, 6)
#define DIR_SHIFT1     MASK32(15, 10)
#define DIR_WIDTH1     MASK32(19, 16)
#define DIR_SHIFT2     MASK32(25, 20)
#define DIR_WIDTH2     MASK32(31, 26)

/* Known by name only: what is read here is told as it is. */
#define LS_EX_ADDR_LO 0x0e8u
#define LS_EX_ADDR_HI 0x0ecu

/* Tables in main memory only. */
#define LS_CONTROL       0x100u
#define CONTROL_COUNTERS MASK32(3, 0) /* performance counters; every driver turns them on */
#define CONTROL_MEMORY   BIT32(29)    /* tables are in main memory */
#define CONTROL_ENABLE   BIT32(31)

#define LS_SLOTS   16u
#define LS_DOMAINS 16u

_Static_assert((EIVDB_REQUESTER | EIVDB_DOMAIN | EIVDB_VALID | EIVDB_SLOT | EIVDB_ENABLE) ==
		       0x8f1fffff,
	       "bits 23:21 and 30:28 of EIVDB are written 0");
_Static_assert(LS_PGD_HI(LS_DOMAINS - 1) < LS_DIR_CTRL(0), "16 root tables, then 16 geometries");
_Static_assert(LS_DIR_CTRL(LS_DOMAINS - 1) == 0xdc, "the last geometry register");

/* ---- tables --------------------------------------------------------------------------- */

#define LS_PAGE_SHIFT   14u
#define LS_PAGE         BIT64(LS_PAGE_SHIFT) /* what an entry maps, and a table's size */
#define LS_INDEX_BITS   11u
#define LS_ENTRIES      BIT32(LS_INDEX_BITS)
#define LS_LEVELS       3u
#define LS_IOVA_BITS    (LS_PAGE_SHIFT + LS_LEVELS * LS_INDEX_BITS)
#define LS_OUTPUT_BITS  48u
#define LS_SHIFT(level) (LS_PAGE_SHIFT + (level) * LS_INDEX_BITS)

#define ENTRY_PRESENT BIT64(0)
#define ENTRY_HUGE    BIT64(1) /* a 32 MiB leaf; never written: the newest driver avoids it */
#define ENTRY_READ    BIT64(2)
#define ENTRY_WRITE   BIT64(3)
#define ENTRY_ADDRESS MASK64(47, 14)
/* Directory entries and leaves alike: no driver has ever written another combination. */
#define ENTRY_USED    (ENTRY_PRESENT | ENTRY_READ | ENTRY_WRITE)

#define DIR_CTRL_VALUE                                                                          \
	((uint32_t)(FIELD_PUT(DIR_SHIFT0, LS_SHIFT(0)) | FIELD_PUT(DIR_WIDTH0, LS_INDEX_BITS) | \
		    FIELD_PUT(DIR_SHIFT1, LS_SHIFT(1)) | FIELD_PUT(DIR_WIDTH1, LS_INDEX_BITS) | \
		    FIELD_PUT(DIR_SHIFT2, LS_SHIFT(2)) | FIELD_PUT(DIR_WIDTH2, LS_INDEX_BITS)))

_Static_assert(LS_ENTRIES * sizeof(uint64_t) == LS_PAGE, "a table fills a page");
_Static_assert(LS_IOVA_BITS == 47, "three levels of 2048 entries above 16 KiB");
_Static_assert(((14u) | (11u << 6) | (25u << 10) | (11u << 16) | (36u << 20) | (11u << 26)) ==
		       0x2e4b66ce,
	       "the geometry every driver writes");
_Static_assert(ENTRY_USED == 0xd, "what every driver writes");

#endif
