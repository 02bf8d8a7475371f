/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine with a Loongson LS7A2000 bridge: the config window with its traps over the PCI model,
 * the windows through which a CPU reaches BARs, the register that says which CPU it is, and a
 * board's devices as firmware leaves them. Written from docs/hardware/ls7a2000.md; shares no
 * definition with the code it tests.
 *
 * What would hang or blind the real machine is a model_fail() at once: a look at the debug
 * functions (bus 0, devices 9..20, function > 0), a write to a BAR of the LPC, APB or configuration
 * function or their decode switched off, a port put to sleep, a read request size above firmware's
 * below a port, an access of a width the window does not take, a type 1 cycle for bus 0.
 *
 * One at a time; gone with model_reset().
 */
#ifndef MODEL_LS7A2000_H
#define MODEL_LS7A2000_H

#include "loongson-iommu.h"
#include "pci.h"

#define MODEL_LS7A_CONFIG ((hpa_t)0xefe00000000) /* 40-bit 0xfe_0000_0000 on HyperTransport */

/* The 3A6000 board's functions, among them NIC 02:00.0, NVMe 05:00.0, igb 06:00.0-3. */
extern const char model_ls7a_board[];

struct model_ls7a_config {
	hpa_t config_base;   /* 0: MODEL_LS7A_CONFIG */
	const char *devices; /* as model_pci_text(); NULL: model_ls7a_board */
	const char *cpu;     /* up to 8 characters of the name register; NULL: the 3A6000's */
	bool narrow;         /* the window takes 1 and 2 byte accesses */
	bool no_ht;         /* BARs are at their bus address only, not behind the bridge's prefix */
	hpa_t empty_window; /* another node's config window, with nothing in it; 0: none */
};
void model_ls7a_create(const struct model_ls7a_config *config);

/* The card there answers 0 for its IDs until its ID register is written. */
void model_ls7a_confuse(unsigned bus, unsigned devfn);
/* Config accesses to ghosts (devices 1..31 right below a port, where device 0 answers again). */
unsigned model_ls7a_ghosts(void);
/* Config accesses in all. */
unsigned model_ls7a_accesses(void);

/* ---- DMA ---- */

/*
 * Requesters [first, last] go through this unit, who knows them by the function on bus 0 above them
 * (by_root_port) or by their own ID. Who goes through none reaches memory as it is. At most four.
 */
void model_ls7a_iommu(struct model_ls *m, uint16_t first, uint16_t last, bool by_root_port);

enum model_ls7a_dma {
	MODEL_LS7A_SILENT,  /* it, or a bridge above, has Bus Master off: nothing was sent */
	MODEL_LS7A_ABORTED, /* the unit let it not through, or nothing answers there */
	MODEL_LS7A_MEMORY,  /* done, in memory */
	MODEL_LS7A_MESSAGE, /* a vector was written to the MSI doorbell: model_msi_write() */
};
/* The function's own access at this address, as its registers and those above let it. */
enum model_ls7a_dma model_ls7a_write(unsigned bus, unsigned devfn, uint64_t iova, const void *data,
				     size_t size);
enum model_ls7a_dma model_ls7a_read(unsigned bus, unsigned devfn, uint64_t iova, void *data,
				    size_t size);
/* It sends MSI-X entry n's message as its registers have it. */
enum model_ls7a_dma model_ls7a_send(unsigned bus, unsigned devfn, unsigned n);

#endif
