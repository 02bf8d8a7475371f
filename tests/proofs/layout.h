/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the zone has its PCI and its memory: the layout every zone has (hv/layout.h), memory of any
 * size that fits below the 64-bit window. Another layout is another run of the proofs.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "proof.h"

#include <hv/layout.h>
#include <postern/pci.h>
#include <postern/zone.h>

static const struct vpci_layout zone_layout = {
	.ecam = ZONE_ECAM_BASE,
	.bus_last = ZONE_ECAM_BUSES - 1,
	.mem32 = ZONE_MEM32_BASE,
	.mem32_size = ZONE_MEM32_SIZE,
	.mem64 = ZONE_MEM64_BASE,
	.mem64_size = ZONE_MEM64_SIZE,
};

static inline void any_memory(struct zone *z)
{
	z->ram_gpa = ZONE_RAM_BASE;
	z->ram_size = nondet_u64();
	assume(z->ram_size <= ZONE_MEM64_BASE - ZONE_RAM_BASE);
}

#endif
