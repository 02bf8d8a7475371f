/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this hypervisor calls itself. Raised with each release; the monitor's `version` and the boot
 * log show it.
 */
#ifndef HV_VERSION_H
#define HV_VERSION_H

#define POSTERN_VERSION "0.1"

#endif
