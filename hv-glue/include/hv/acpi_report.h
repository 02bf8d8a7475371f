/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What firmware's ACPI tables say, as log lines: the tables, and the facts of MADT and MCFG that the
 * platforms go by. hv-glue/acpi_report.c. Boot CPU; nothing when there is no ACPI.
 */
#ifndef HV_ACPI_REPORT_H
#define HV_ACPI_REPORT_H

#include <postern/platform.h>

void acpi_report(const struct boot_info *boot);
/*
 * Opens the serial console that firmware names, if there is one: for what must be said before a
 * platform has named the hypervisor's own.
 */
void acpi_console(const struct boot_info *boot);

#endif
