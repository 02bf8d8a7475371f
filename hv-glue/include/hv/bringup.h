/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bring-up test: the first thing run on a new machine, and on one that misbehaves. Instead of
 * starting zones the image looks at what it found, drives every NVMe controller and igb card there
 * is through the IOMMU with small drivers of its own, and says in a table what worked
 * (docs/bringup.md). hv-glue/bringup/.
 *
 * Asked for on the image's command line: `bringup [cpu=N] [expect-cpu=N] [dump] [destructive]
 * [stay] [only=BDF] [expect=nvme,igb]`. What stands before the word `bringup` is somebody else's.
 *
 * Boot CPU (which does the housekeeping), after interrupts and IOMMUs are up and every function is
 * quarantined; no zone exists.
 */
#ifndef HV_BRINGUP_H
#define HV_BRINGUP_H

#include <hv/hv.h>

/* True when the command line (NULL: none) asks for it. */
bool bringup_wanted(const char *command_line);
/*
 * Runs it, with its account on the hypervisor's console; the last line is "bringup: N passed, M
 * failed". Then the machine is switched off, unless it is to stay on. Pre: bringup_wanted(command_line).
 */
_Noreturn void bringup_run(const char *command_line);

#endif
