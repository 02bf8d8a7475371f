/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the hypervisor sees physical addresses: in two direct-mapped windows (LoongArch Reference
 * Manual, Volume 1, 5.2.1). A window is chosen by address bits 63:60 and shows all of physical
 * memory with one attribute. Assembly includes this too.
 */
#ifndef HV_DIRECT_MAP_H
#define HV_DIRECT_MAP_H

#define DIRECT_MAP_BASE   0x9000000000000000 /* coherent cached: memory */
#define DIRECT_MAP_DEVICE 0x8000000000000000 /* strongly ordered uncached: registers */
#define DIRECT_MAP_BITS   48                 /* of a physical address */

#endif
