/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Postern reads of ACPI (core/acpi*.c): enough to know CPUs, interrupt controllers, config
 * windows and IOMMUs of a LoongArch machine. No AML.
 *
 * Every table is untrusted: signature, length and checksum are verified, every structure inside
 * lies inside, counts are bounded, and what contradicts itself is refused with a message that names
 * table, offset and rule. A table is looked at in place; nothing is kept but numbers. Pure
 * functions of memory, no locks.
 *
 * The readers fill *out (zeroed first) and return 0; -ENOENT: there is no such table; -EINVAL: the
 * table is refused; -ENOSPC: it describes more than *out holds and leaving something out would not
 * be safe. What may be left out safely (a CPU more, an interrupt controller more) is, with a
 * warning. After an error *out is empty. Caller context: boot CPU, before any zone.
 *
 * Sources: ACPI Specification 6.5 (5.2.3.2 GAS, 5.2.5 RSDP, 5.2.8 XSDT, 5.2.9 FADT, 5.2.12 MADT
 * with the LoongArch structures 17..23, 5.2.16 SRAT), PCI Firmware Specification 3.3 (4.1.2 MCFG),
 * AMD I/O Virtualization Technology Specification 48882 (IVRS), the LoongArch IO Virtualization
 * Table of ACPI 6.6 (IOVT), Serial Port Console Redirection Table 1.10; docs/hardware/acpi.md.
 */
#ifndef POSTERN_ACPI_H
#define POSTERN_ACPI_H

#include <postern/platform.h>
#include <postern/types.h>

#define ACPI_MAX_TABLES    64
#define ACPI_MAX_SEGMENTS  8
#define ACPI_MAX_IOMMUS    8
#define ACPI_MAX_ID_RANGES 32
#define ACPI_MAX_PROXIMITY 32

/* How a physical address is looked at: a pointer to `size` readable bytes, or NULL when they are
 * not all there. */
struct acpi_memory {
	const void *(*map)(void *ctx, hpa_t base, uint64_t size);
	void *ctx;
};

struct acpi_table {
	char signature[4];
	uint8_t revision;
	char oem_id[6], oem_table_id[8];
	hpa_t base;
	const void *data; /* the whole table, header first, checksum verified */
	uint32_t length;
};

struct acpi {
	struct acpi_memory memory;
	struct acpi_table tables[ACPI_MAX_TABLES]; /* those that passed; the others were logged */
	unsigned count;
	unsigned overrides; /* how many of them, the first ones, are the user's and not firmware's
			     */
};

/*
 * Finds every table the RSDP names through its XSDT. A table that fails its checks is left out with
 * a message; -EINVAL when the RSDP or the XSDT itself does (then *a is empty).
 */
int acpi_open(struct acpi *a, const struct acpi_memory *memory, hpa_t rsdp);
/*
 * A table that goes before the firmware's of the same signature; same checks, same parsers. It is
 * found in `size` bytes at `base`, and may be shorter. -EINVAL (always so before acpi_open()),
 * -ENOSPC: *a is as before.
 */
int acpi_override(struct acpi *a, hpa_t base, uint64_t size);
/* The n-th table with this signature, or NULL. */
const struct acpi_table *acpi_find(const struct acpi *a, const char *signature, unsigned n);

/* ---- MADT ---- */

/* CPU interrupt lines are numbered as in CSR.ESTAT: 2 is HWI0, 9 is HWI7. */
#define ACPI_LINE_HWI0 2u
#define ACPI_LINE_HWI7 9u

/* A core that is enabled; others are not listed. No two have the same processor or core number. */
struct acpi_core {
	uint32_t processor, core; /* ACPI processor UID, physical core id (CSR.CPUID) */
};
/*
 * The LIOINTC. Sources in cascade_map[i] raise line cascade[i], HWI0..HWI7 where the map is not 0.
 */
struct acpi_lio {
	bool present;
	hpa_t base;
	uint16_t size;
	uint8_t cascade[2];
	uint32_t cascade_map[2];
};
/* An EIOINTC: the line it raises (HWI0..HWI7), its node, the nodes that may take its vectors. */
struct acpi_eio {
	uint8_t cascade, node;
	uint64_t node_map;
};
/*
 * A PCH-MSI: doorbell (4-byte aligned), and its vectors [start, start + count) of 256, count > 0.
 */
struct acpi_msi {
	hpa_t address;
	uint32_t start, count;
};
/* A PCH-PIC. */
struct acpi_bio {
	hpa_t base;
	uint16_t size, id, gsi_base;
};
/* The LPC interrupt block and the PCH-PIC input (0..63) it raises. */
struct acpi_lpc {
	bool present;
	hpa_t base;
	uint16_t size;
	uint8_t cascade;
};
struct acpi_madt {
	struct acpi_core cores[MAX_CPUS];    /* at least one */
	unsigned core_count, cores_left_out; /* enabled cores beyond MAX_CPUS */
	struct acpi_lio lio;
	bool ht_present;
	hpa_t ht_base;
	uint16_t ht_size;
	struct acpi_eio eio[MAX_PCH_PICS];
	struct acpi_msi msi[MAX_MSI_UNITS];
	struct acpi_bio bio[MAX_PCH_PICS];
	unsigned eio_count, msi_count, bio_count;
	struct acpi_lpc lpc;
};
int acpi_madt(const struct acpi *a, struct acpi_madt *out);

/* ---- MCFG ---- */

/* A config window, where bus 0 of its segment would begin (1 MiB aligned). No two share a bus. */
struct acpi_mcfg_entry {
	hpa_t base;
	uint16_t segment;
	uint8_t bus_first, bus_last;
};
struct acpi_mcfg {
	char oem_id[6], oem_table_id[8]; /* boards recognize their own layout of the window by these
					  */
	uint8_t revision;
	struct acpi_mcfg_entry entries[ACPI_MAX_SEGMENTS];
	unsigned count;
};
int acpi_mcfg(const struct acpi *a, struct acpi_mcfg *out);

/* ---- IOVT and IVRS: one answer, whichever table there is ---- */

struct acpi_id_range {
	uint16_t first, last; /* requester IDs, inclusive; first <= last */
};
/* No two units are the same, and no function is managed by two. */
struct acpi_iommu {
	bool is_pci;
	uint16_t segment, devid; /* is_pci: the unit's own function */
	hpa_t base;              /* else its registers */
	uint32_t size;
	bool whole_segment; /* manages every function of the segment, else those of `ranges` */
	struct acpi_id_range ranges[ACPI_MAX_ID_RANGES];
	unsigned range_count;
	bool msi_bypass;
	/* 0 where the table does not say. Advice: hardware has the last word. Bit n of page_sizes:
	 * pages of 2^n bytes. */
	uint16_t pa_bits, iova_bits, levels;
	uint64_t page_sizes;
	uint32_t max_devices, gsi;
};
struct acpi_iommus {
	const char *source; /* "IOVT", "IVRS" */
	struct acpi_iommu units[ACPI_MAX_IOMMUS];
	unsigned count;
};
/*
 * IOVT, else IVRS; of an override and a table of firmware's, the override. -ENOENT: neither;
 * -EINVAL, -ENOSPC: the one there is is refused (the other is not looked at). A unit's own function
 * may be among those it manages: such an entry means nothing.
 */
int acpi_iommus(const struct acpi *a, struct acpi_iommus *out);

/* ---- SRAT ---- */

struct acpi_proximity {
	bool memory; /* else a core */
	uint32_t domain, core;
	hpa_t base;
	uint64_t size;
};
struct acpi_srat {
	struct acpi_proximity entries[ACPI_MAX_PROXIMITY];
	unsigned count;
};
int acpi_srat(const struct acpi *a, struct acpi_srat *out);

/* ---- FADT and SPCR ---- */

/* The sleep control register: the type of sleep, and the bit that starts it (ACPI 4.8.3.7). */
#define ACPI_SLEEP_TYPE   MASK32(4, 2)
#define ACPI_SLEEP_ENABLE BIT32(5)

struct acpi_power {
	bool hardware_reduced;
	struct power_register reset; /* address 0: firmware names none */
	/*
	 * The sleep control register of a hardware-reduced machine, else address 0. Its value has
	 * ACPI_SLEEP_ENABLE alone: which type means off stands in AML (\_S5), so the board adds it.
	 */
	struct power_register power_off;
};
int acpi_fadt(const struct acpi *a, struct acpi_power *out);
/*
 * The serial console firmware names; irq is a global interrupt number, 0: none; clock_hz 0: not
 * known. -EOPNOTSUPP: a kind of UART we do not drive, or one that is not in memory.
 */
int acpi_spcr(const struct acpi *a, struct uart_info *out);

#endif
