/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's `virt` machine on loongarch64: what its two descriptions share. Private to this folder;
 * boot CPU, before any zone. docs/hardware/qemu-virt-loongarch64.md.
 */
#ifndef QEMU_VIRT_LOONGARCH_H
#define QEMU_VIRT_LOONGARCH_H

#include <postern/platform.h>

struct discovery;

/*
 * Global interrupt numbers as ACPI has them: input n of the PCH-PIC is 64 + n. The device tree
 * numbers inputs alone; the same interrupt has the same number whichever way the machine was found.
 */
#define LA_GSI_BASE    64u
#define LA_EIO_VECTORS 256u
#define LA_PCH_INPUTS  64u
/* CPU interrupt lines, as trees and tables number them: 2 is HWI0. */
#define LA_LINE_HWI0   2u
#define LA_LINE_HWI7   9u
/* CSR.CPUID.CoreID. */
#define LA_CORE_IDS    0x1ffu

/* loongarch-fdt.c: by the device tree in boot->fdt. */
bool qv_la_match_fdt(const struct boot_info *boot);
int qv_la_discover_fdt(const struct boot_info *boot, struct machine *m);
/* loongarch-acpi.c: by the tables behind boot->acpi_rsdp. */
bool qv_la_match_acpi(const struct boot_info *boot);
int qv_la_discover_acpi(const struct boot_info *boot, struct machine *m);

#endif
