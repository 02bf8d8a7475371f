/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this folder share while one machine is discovered. Boot CPU, single-threaded.
 */
#ifndef LOONGSON_DISCOVERY_H
#define LOONGSON_DISCOVERY_H

#include <postern/acpi.h>
#include <postern/loongson.h>

struct loongson_discovery {
	const struct loongson_board *board;
	const struct boot_info *boot;
	struct machine *m;
	struct acpi acpi; /* without any table when firmware hands over a device tree only */
	struct acpi_madt madt;
	struct acpi_mcfg mcfg;
	struct acpi_iommus iommus;
	struct acpi_srat srat;
};

/* Logs "<board>: " and the text. Returns err. */
int loongson_refuse(const struct loongson_discovery *d, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* What firmware does not say is taken from the board's description. */
void loongson_assume(const struct loongson_discovery *d, const char *what, const char *missing);

/* The command line has this word. */
bool loongson_option(const struct loongson_discovery *d, const char *word);
/* [base, base+size) holds a byte of the machine's memory. */
bool loongson_in_memory(const struct loongson_discovery *d, hpa_t base, uint64_t size);

/* Each fills its part of the machine, in this order; negative errno with the reason logged. */
int loongson_discover_memory(struct loongson_discovery *d);
/* CPUs, interrupt controllers, MSI units; reads the MADT. */
int loongson_discover_interrupts(struct loongson_discovery *d);
/* IOMMUs, then host bridges, which point to them and to the MSI units. */
int loongson_discover_pci(struct loongson_discovery *d);

/* Which node a physical address is of. */
static inline unsigned loongson_node(hpa_t address)
{
	return (unsigned)FIELD_GET(MASK64(47, 44), address);
}

#endif
