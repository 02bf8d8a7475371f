/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Platform contract: one folder under platforms/ per board, nothing of it elsewhere.
 *
 * A platform turns what firmware left (a device tree, ACPI tables) into one `struct machine`;
 * everything above works from that. All of it runs on the boot CPU before any zone exists, with the
 * firmware's tables treated as untrusted input: bounds checked, refused with a message rather than
 * believed.
 */
#ifndef POSTERN_PLATFORM_H
#define POSTERN_PLATFORM_H

#include <postern/iommu.h>
#include <postern/irq.h>
#include <postern/pci.h>
#include <postern/types.h>

#define MAX_CPUS           8
#define MAX_MEMORY_REGIONS 64
#define MAX_UARTS          2
#define MAX_PCH_PICS       2

struct memory_region {
	hpa_t base;
	uint64_t size;
};

enum uart_kind { UART_PL011, UART_16550 };

struct uart_info {
	enum uart_kind kind;
	hpa_t base;
	uint64_t size;
	unsigned reg_shift; /* 16550: register n is at base + (n << reg_shift), a byte wide */
	uint32_t irq;       /* controller's interrupt number */
	uint32_t clock_hz;
};

/* Facts about one CPU: its hardware id (MPIDR affinity, core number). */
struct cpu_info {
	uint64_t hw_id;
};

/* Main interrupt controller, as firmware describes it. Redistributor regions are one per machine
 * here. */
struct intc_info {
	hpa_t dist_base;
	uint64_t dist_size;
	hpa_t redist_base;
	uint64_t redist_size;
	uint64_t redist_stride; /* 0: by the hardware's own layout */
	uint32_t maintenance_irq;
	uint32_t timer_virt_irq, timer_phys_irq, timer_hyp_irq;
};

/*
 * Interrupt controllers of a Loongson machine (docs/hardware/loongson-interrupts.md). The registers
 * of the CPU's own are in IOCSR space at architected offsets; what differs is how they are wired.
 */
struct pch_pic_info {
	hpa_t base;
	uint64_t size;
	uint32_t gsi_base; /* global interrupt number of input 0 */
	unsigned inputs;   /* 0: as its version register says */
	unsigned node;     /* whose EIOINTC takes its vectors */
};

struct loongson_intc_info {
	unsigned vectors; /* of the EIOINTC: 256, 128, or 0 when there is none */
	unsigned eio_pin; /* CPU interrupt line (HWI n) that the EIOINTC raises */
	unsigned lio_pin; /* and the LIOINTC */
	struct pch_pic_info pch_pics[MAX_PCH_PICS];
	unsigned pch_pic_count;
};

/* One write to a register that resets the machine or turns it off; address 0: there is none. */
struct power_register {
	hpa_t address;
	unsigned width;       /* bytes: 1, 2, 4 */
	uint32_t mask, value; /* bits of mask become those of value, the others stay; mask == all
				 ones: no read */
};

struct machine {
	const char *model; /* static or inside the firmware table, NUL-terminated */
	struct memory_region memory[MAX_MEMORY_REGIONS];
	unsigned memory_count;
	struct memory_region reserved[MAX_MEMORY_REGIONS]; /* firmware says: hands off */
	unsigned reserved_count;
	struct memory_region bundle;    /* where the loader put the bundle; size 0: none */
	struct cpu_info cpus[MAX_CPUS]; /* cpus[0] is the boot CPU */
	unsigned cpu_count;
	struct intc_info intc;                  /* of an Arm machine */
	struct loongson_intc_info loongson;     /* of a Loongson machine */
	struct power_register reset, power_off; /* where firmware calls do not do it */
	/* [0] the root zone's, [1] the hypervisor's own; a machine with one: the hypervisor's. */
	struct uart_info uarts[MAX_UARTS];
	unsigned uart_count;
	struct pci_host hosts[MAX_PCI_HOSTS];
	unsigned host_count;
	struct iommu_unit iommus[MAX_IOMMUS];
	unsigned iommu_count;
	struct msi_unit msi_units[MAX_MSI_UNITS];
	unsigned msi_unit_count;
	bool firmware_call_smc; /* PSCI conduit: SMC (else HVC) */
};

/*
 * What the boot code hands over. Everything it points to stays where it is. A UEFI loader brings
 * the firmware's memory map; without one (memory_count 0) the platform takes memory from the device
 * tree.
 */
struct boot_info {
	const void *fdt;   /* device tree at its physical address, or NULL */
	uint64_t fdt_size; /* upper bound of readable bytes */
	hpa_t acpi_rsdp;   /* 0: none */
	/* Where anything is reserved, the device tree and the loader's own tables are. */
	const struct memory_region *memory, *reserved;
	unsigned memory_count, reserved_count;
	struct memory_region bundle;    /* size 0: none, or named by the device tree */
	struct memory_region overrides; /* an ACPI table that goes before the firmware's of the same
					   signature; size 0: none */
	const char *command_line;       /* NUL-terminated, or NULL */
};

struct platform {
	const char *name;
	/* Mandatory. True when this is the machine the platform was written for. No side effects.
	 */
	bool (*match)(const struct boot_info *boot);
	/* Mandatory. Fills *m (zeroed before). Negative errno with the reason logged. Writes no
	 * register; reads at most config space (by the host's own accessor) and identification
	 * registers. */
	int (*discover)(const struct boot_info *boot, struct machine *m);
};

/* Every platform there is, by the architecture of its CPUs, NULL-terminated (platforms/registry.c).
 */
extern const struct platform *const platforms_aarch64[];
extern const struct platform *const platforms_loongarch64[];

/* The first platform of the list that matches, or NULL. */
const struct platform *platform_select_among(const struct platform *const *list,
					     const struct boot_info *boot);
/* The same among all of them: for programs that have no architecture of their own (tests). */
const struct platform *platform_select(const struct boot_info *boot);

#endif
