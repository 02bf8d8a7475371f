/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine every aarch64 zone sees, in guest-physical addresses. It is Postern's own choice and
 * the same for all zones; on purpose nothing stands where a qemu-virt host has the same thing
 * (invariant V2: no accidental identity).
 */
#ifndef HV_LAYOUT_H
#define HV_LAYOUT_H

#include <postern/types.h>

#define ZONE_GICD_BASE  0x01000000ull
#define ZONE_GITS_BASE  0x01100000ull
#define ZONE_GICR_BASE  0x01200000ull
#define ZONE_UART_BASE  0x02000000ull
#define ZONE_UART_SIZE  PAGE_SIZE
#define ZONE_ECAM_BASE  0x20000000ull
#define ZONE_ECAM_BUSES 64u
#define ZONE_MEM32_BASE 0x50000000ull
#define ZONE_MEM32_SIZE 0x20000000ull
#define ZONE_RAM_BASE   0x80000000ull
#define ZONE_MEM64_BASE 0x2000000000ull
#define ZONE_MEM64_SIZE 0x2000000000ull

/* Interrupts: SPIs for the UART and the host bridge's INTx lines; the timers' PPIs are the architecture's (BSA). */
#define ZONE_SPIS       32u
#define ZONE_UART_INTID 33u
#define ZONE_INTX_INTID 40u /* INTA; the others follow */

/* ITS: as many devices as a zone can be given, vectors of each up to what MSI-X allows of common
 * devices. */
#define ZONE_ITS_DEVICES 16u
#define ZONE_ITS_EVENTS  256u

_Static_assert(ZONE_ECAM_BASE + ZONE_ECAM_BUSES * MIB <= ZONE_MEM32_BASE, "ECAM under MEM32");
_Static_assert(ZONE_MEM32_BASE + ZONE_MEM32_SIZE <= ZONE_RAM_BASE, "MEM32 under RAM");

#endif
