/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine as the manifest's rules see it. Boot CPU, alone; after memory_init() and the PCI scan.
 */
#ifndef HV_GLUE_MANIFEST_MACHINE_H
#define HV_GLUE_MANIFEST_MACHINE_H

#include <postern/manifest.h>

/* What it points to lasts as long as the hypervisor. */
const struct manifest_machine *manifest_machine(void);

#endif
