/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device tree a zone boots from, generated from its layout. Nobody writes one by hand.
 *
 * The tree describes what the hypervisor models or maps for this zone and nothing of the host:
 * every address in the config is guest-physical, every interrupt number is the zone's own INTID
 * (GICv3: PPI 16..31, SPI 32..1019). The layout itself (where things are) is the caller's; this
 * code holds no address.
 *
 * Bindings: Devicetree Specification 0.4; the Linux kernel's Documentation/devicetree/bindings/ for
 * arm,gic-v3, arm,armv8-timer, arm,pl011, arm,sbsa-uart, psci, host-generic-pci and pci-msi.
 *
 * Caller context: the start of a zone, on a CPU whose FP state is nobody's (libfdt may use FP
 * registers). No locks, no allocation.
 */
#ifndef HV_GUEST_FDT_H
#define HV_GUEST_FDT_H

#include <postern/pci.h>
#include <postern/platform.h>
#include <postern/types.h>

/* Enough for MAX_CPUS CPUs and the longest boot arguments; the tree grows no further than this. */
#define GUEST_FDT_SIZE ((size_t)16384)

#define GUEST_FDT_RNG_SEED 32

enum guest_uart_kind {
	GUEST_UART_NONE,
	GUEST_UART_PL011, /* the zone has a whole PL011 (a real one, or a model with its
			     identification registers) */
	GUEST_UART_SBSA,  /* SBSA generic UART subset: no clock, no baud rate to program */
};

struct guest_uart {
	enum guest_uart_kind kind;
	gpa_t base;
	uint64_t size;
	uint32_t irq;      /* INTID of an SPI, level high */
	uint32_t clock_hz; /* PL011: rate of the fixed clock it is given; 0: 24 MHz */
};

/* GICv3. Frame sizes in bytes; redist_size covers every vCPU's redistributor (128 KiB each, one
 * region). */
struct guest_gic {
	gpa_t dist;
	uint64_t dist_size;
	gpa_t redist;
	uint64_t redist_size;
	gpa_t its; /* its_size 0: the zone has no ITS, and then no MSIs */
	uint64_t its_size;
};

/* INTIDs of the architected timers' PPIs (BSA: 29, 30, 27, 26); level low, as the binding wants
 * them. */
struct guest_timer {
	uint32_t secure, phys, virt, hyp;
};

struct guest_fdt_config {
	const char *name;     /* the zone's, ends up in /model */
	const char *bootargs; /* "" allowed, NULL is "" */
	gpa_t ram;
	uint64_t ram_size;
	iova_t dma;   /* where PCI devices find it; not ram: the tree says so (dma-ranges) */
	gpa_t initrd; /* initrd_size 0: none */
	uint64_t initrd_size;
	unsigned cpu_count;       /* 1..MAX_CPUS */
	uint64_t mpidr[MAX_CPUS]; /* affinity fields of each vCPU's VMPIDR_EL2, other bits ignored
				   */
	struct guest_gic gic;
	struct guest_timer timer;
	struct guest_uart uart;
	bool has_pci;
	uint32_t intx;          /* INTID of INTA, an SPI; the other three follow. 0: no pins */
	struct vpci_layout pci; /* windows are 1:1, bus address == guest-physical address */
	bool pci_probe_only;    /* the kernel keeps the bus numbers and BARs it finds */
	/* Entropy for the zone; both left out of the tree when has_seed is false. */
	bool has_seed;
	uint64_t kaslr_seed;
	uint8_t rng_seed[GUEST_FDT_RNG_SEED];
};

/*
 * Writes the tree to buf (8-byte aligned, size bytes; GUEST_FDT_SIZE suffices). Returns its length
 * in bytes, -EINVAL when the config is contradictory (logged by name), -ENOSPC when buf is too
 * small.
 */
int guest_fdt_build(void *buf, size_t size, const struct guest_fdt_config *c);

#endif
