/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the hypervisor sees physical addresses: at themselves (mmu.c). */
#ifndef HV_DIRECT_MAP_H
#define HV_DIRECT_MAP_H

#define DIRECT_MAP_BASE 0x0

#endif
