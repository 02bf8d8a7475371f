/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PCI hierarchy for the Linux process: config spaces, BAR memory and routing as hardware does
 * them, bit by bit, knowing nothing of pci/. Built from a short text (pci-text.c) or from what
 * `lspci -xxxx` printed (pci-dump.c).
 *
 * One hierarchy at a time, below one struct pci_host; made by model_pci_create() and gone with the
 * next one. Config accesses arrive through host->config, memory accesses through mmio_*() inside
 * the host's windows; both are routed by what the bridges' registers say. A config access of an
 * illegal width, or memory claimed by two functions, is a model_fail().
 */
#ifndef MODEL_PCI_H
#define MODEL_PCI_H

#include "host.h"

#include <postern/pci.h>

#define MODEL_PCI_MAX     160
/* Bytes of memory kept per BAR; the rest reads as zero. */
#define MODEL_PCI_MEM_MAX (1u << 20)

/*
 * Host windows of the model: bus addresses equal CPU addresses in the first two, as on many
 * machines.
 */
#define MODEL_PCI_MEM32    ((hpa_t)0x10000000)
#define MODEL_PCI_MEM32_SZ ((uint64_t)0x2eff0000)
#define MODEL_PCI_MEM64    ((hpa_t)0x8000000000)
#define MODEL_PCI_MEM64_SZ ((uint64_t)0x8000000000)

struct model_pci_function {
	int parent; /* index of the bridge above; -1: root bus */
	unsigned devfn;
	uint8_t config[4096];  /* now */
	uint8_t write[4096];   /* bits software can change */
	uint8_t w1c[4096];     /* bits a written 1 clears */
	uint8_t initial[4096]; /* after a reset */
	uint8_t *mem[6];       /* BAR memory, NULL: none */
	uint64_t mem_size[6];
	/* What stands behind a BAR instead of memory; NULL: memory. */
	const struct model_mmio_ops *bar_ops[6];
	void *bar_ctx;
	uint16_t pcie, pm, af, msix, msi; /* capability offsets, 0: none */
	unsigned msix_bar, msix_table, msix_entries, pba_bar, pba;
	/* A PF with VFs: its SR-IOV capability, and when its VFs answer; a VF: its PF and number. */
	uint16_t sriov;
	uint64_t vfs_at, vfs_ns; /* vfs_ns: how long they take after VF Enable; default 50 ms */
	uint64_t vf_bar_size[6];
	struct model_pci_function *pf;
	unsigned vf;
	bool gone;          /* answers nothing, as if unplugged */
	bool never_ready;   /* a reset never ends */
	bool stuck_pending; /* Transactions Pending never clears */
	uint64_t reset_ns;  /* how long a reset takes; default 50 ms */
	uint64_t ready_at;  /* until then it answers "retry" */
	unsigned resets;    /* FLR, AF or D3hot->D0 seen */
	unsigned config_writes;
};

/*
 * An empty hierarchy with an MEM32 and a MEM64 window; *h is filled in and usable as long as the
 * model is.
 */
void model_pci_create(struct pci_host *h);
/*
 * The same without windows, for a machine that has its own. model_pci_memory(): accesses to CPU
 * addresses [cpu, cpu+size) become those of bus addresses from `bus` on.
 */
void model_pci_create_bare(struct pci_host *h);
void model_pci_memory(hpa_t cpu, uint64_t bus, uint64_t size);

/*
 * Adds functions described by text, one per line, two spaces of indentation per bus below:
 *
 *	"02.0 port\n"
 *	"  00.0 nvme\n"
 *	"03.0 port acs=0\n"
 *	"  00.0 ep id=8086:10c9 class=020000 bar0=m32:128K msix=10@0+0,0+2000 flr\n"
 *
 * The preset igbpf is an igb whose VFs (QEMU's) come and go with VF Enable and NumVFs; their models stand
 * behind all others. A VF decodes while VF Memory Space Enable and its own Memory Enable are on, as
 * QEMU's do.
 *
 * Kinds: host, rootport, up, down (switch ports), pcibridge (PCIe to PCI), pci (conventional
 * endpoint), ep (PCIe endpoint), rciep, and the presets port, nvme, igb and igbpf (QEMU's). Attributes:
 *	id=VVVV:DDDD class=CCCCCC pin=1..4 multi acs=0|1 ari=NEXT sriov=VFS vfbars dsn
 *	flr af pm[=nsr] msi=VECTORS msix=ENTRIES@BAR+OFFSET,BAR+OFFSET vpd vendor
 *	barN=KIND:SIZE (KIND io, m32, m32p, m64, m64p; SIZE like 16, 4K, 1M, 2G), before msix
 *	fwN=ADDRESS pri=N sec=N sub=N window=BASE-LIMIT (what firmware left; numbers as in C)
 * A malformed text is a model_fail().
 */
void model_pci_text(const char *text);

/*
 * Adds the functions of an `lspci -xxxx` dump; the hierarchy follows the bridges' bus numbers.
 * Returns how many.
 */
unsigned model_pci_dump(const char *text);
/* The same, from a file in tests/models/pci-dumps/. */
unsigned model_pci_dump_file(const char *name);

/*
 * The function's model by where it stands in the description, in order; model_fail() when there is
 * none.
 */
struct model_pci_function *model_pci(unsigned index);
unsigned model_pci_count(void);
/* The function that now answers config accesses at bus and devfn; NULL: nobody. */
struct model_pci_function *model_pci_at(unsigned bus, unsigned devfn);

/* ---- for the builders ---- */
struct model_pci_function *model_pci_new(int parent, unsigned devfn);
void model_pci_put(struct model_pci_function *f, unsigned offset, unsigned size, uint32_t value,
		   uint32_t write, uint32_t w1c);
/* Takes config[] as what a reset restores. */
void model_pci_seal(struct model_pci_function *f);

/* ---- what the hardware would do ---- */
uint32_t model_pci_get(const struct model_pci_function *f, unsigned offset, unsigned size);
/*
 * The message MSI-X entry n would send now; false when it would not (disabled, masked, no Bus
 * Master).
 */
bool model_pci_msix_message(const struct model_pci_function *f, unsigned n, uint64_t *address,
			    uint32_t *data);
bool model_pci_msi_message(const struct model_pci_function *f, uint64_t *address, uint32_t *data);
/*
 * Memory accesses inside the windows that no function claimed (master aborts) since
 * model_pci_create().
 */
unsigned model_pci_master_aborts(void);
/* Address and size of a BAR as programmed; false when it has none. */
bool model_pci_bar(const struct model_pci_function *f, unsigned bar, uint64_t *address,
		   uint64_t *size);

#endif
