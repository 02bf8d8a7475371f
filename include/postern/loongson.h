/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What boards with a Loongson bridge (LS7A2000, or its copy inside a 2K chip) have in common, for
 * their folders under platforms/: a board is one struct loongson_board and a few lines around it.
 * Implemented in platforms/loongson/. Facts: docs/hardware/ls7a2000.md.
 *
 * Boot CPU, single-threaded, but for the config accessor and the quirks, which pci/ may call later
 * on any CPU and which keep no state.
 */
#ifndef POSTERN_LOONGSON_H
#define POSTERN_LOONGSON_H

#include <postern/platform.h>

/* ---- config space ---- */

/*
 * The config window: one half for the host bridge's own bus, one for those below it, with register
 * bits 11:8 above the bus number. config_base is where it begins; it is LOONGSON_CONFIG_SIZE long.
 */
extern const struct pci_config_ops loongson_config_ops;
#define LOONGSON_CONFIG_SIZE ((uint64_t)0x20000000)

/* ---- quirks of the LS7A, for a board's struct pci_quirks (ls7a2000.md, "Quirks") ---- */

#define LOONGSON_VENDOR 0x0014u

bool ls7a_hidden(const struct pci_host *h, sbdf_t fn);
bool ls7a_part_of_machine(const struct pci_host *h, sbdf_t fn, uint16_t vendor, uint16_t device);
bool ls7a_one_device(const struct pci_function *bridge);
bool ls7a_ports_isolate(const struct pci_function *port);
uint32_t ls7a_class_code(const struct pci_host *h, uint16_t vendor, uint16_t device,
			 uint32_t reported);
uint8_t ls7a_interrupt_pin(const struct pci_host *h, sbdf_t fn, uint16_t vendor, uint16_t device,
			   uint8_t reported);
bool ls7a_no_d_states(const struct pci_function *f);
bool ls7a_keeps_read_request(const struct pci_function *port);
/* All of them: a board with nothing to add. */
extern const struct pci_quirks ls7a_quirks;

/* ---- a board ---- */

/* A range of bus addresses that devices answer in. */
struct loongson_window {
	enum pci_window_kind kind;
	uint64_t bus, size;
	/* Where node 0's CPU finds it; 0: bits 63:40 of the config window's, then the bus address. */
	hpa_t cpu;
};

/* The PCH-PIC input that a device of bus 0 raises by its pin (A first); 0: none. */
struct loongson_intx {
	uint8_t slot;
	uint8_t input[PCI_INTX_LINES];
};

/*
 * What is true of one board only. Where firmware's tables describe this machine they are right;
 * what they leave out is taken from here, with a line in the log.
 */
struct loongson_board {
	const char *name;            /* the platform's */
	const char *model;           /* for people */
	const char *cpu_name;        /* how the CPU's name register begins */
	const char *compatible;      /* of the device tree's root; NULL: this board has ACPI only */
	struct memory_region memory; /* RAM on every one of them */
	hpa_t config_base;           /* 0: firmware's MCFG says */
	const struct pci_quirks *quirks;
	const struct loongson_window *windows;
	unsigned window_count;
	const struct loongson_intx *intx;
	unsigned intx_count;
	/*
	 * Whether it has IOMMUs. Without a table that names them there is one, at `iommu`, that
	 * sees every function; or, with SBDF_NONE, nobody knows which one sees whom, and nothing is
	 * assigned.
	 */
	bool has_iommu;
	sbdf_t iommu;
	hpa_t doorbell;
	uint32_t msi_first, msi_count;
	struct loongson_intc_info interrupts;
	struct uart_info uarts[MAX_UARTS];
	unsigned uart_count;
	struct power_register reset, power_off;
};

/*
 * The device tree's root is of this board's compatible; or ACPI tables are Loongson's (OEM
 * "LOONGS") and the CPU gives its name as this board's. The name register is read on a Loongson
 * machine only.
 */
bool loongson_match(const struct loongson_board *b, const struct boot_info *boot);
/* As struct platform's discover. */
int loongson_discover(const struct loongson_board *b, const struct boot_info *boot,
		      struct machine *m);

#endif
