/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine manifests are judged on by the unit tests: one function for each way to be unfit, or nearly so. */
#ifndef UNIT_MANIFEST_MACHINE_H
#define UNIT_MANIFEST_MACHINE_H

#include "manifest-errors.h"

#include <postern/pci.h>

/* 3 CPUs, 1 GiB, and functions as described in manifest-machine.c. Built anew by each call. */
struct manifest_machine *manifest_test_machine(void);
/* Its functions, to be changed by a test before it judges. */
struct pci_table *manifest_test_table(void);
/* linux, root-initrd and zone-initrd; ctx is not used. */
bool manifest_test_image(void *ctx, const char *name);

#endif
