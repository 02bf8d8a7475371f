/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside a zone's virtual bus: what pci/vpci*.c share. The contract for everybody else is
 * postern/pci.h.
 *
 * Locking: struct vpci has one lock, held by every entry point of pci.h while it looks at or
 * changes anything here; every function below is called with it held. Order: zone->lock,
 * vpci->lock, then the virtual controller's, the MSI unit's and the host's stage-2 lock.
 * virq->msi_vcpu(), vector_target() and host_map_guest() are called with the vpci lock held and
 * must not come back in here; virq->msi(), which may start a chain of events, is called without it.
 * A host that shoots down translations by interrupting CPUs must count a CPU spinning on this lock
 * as not using the translation.
 */
#ifndef POSTERN_PCI_VPCI_H
#define POSTERN_PCI_VPCI_H

#include "scan.h"

#include <postern/pci.h>

#define VPCI_MAX_HOOKS 24
/* A BAR without the pages of the MSI-X table and of the PBA falls into at most three pieces. */
#define VPCI_MAX_MAPS  3

struct vpci_function;

/*
 * What a bit of the virtual config space is. Every bit the zone can see anything of is listed once;
 * the rest is reserved: it reads 0 and drops writes.
 */
enum vpci_rule {
	VPCI_CONSTANT, /* reads the value given, drops writes */
	VPCI_LIVE,     /* reads the hardware, drops writes */
	VPCI_EMULATED, /* reads back what the zone wrote (at first the value given); the hardware
			  does not see it */
	VPCI_THROUGH,  /* reads and writes the hardware */
	VPCI_CLEAR,    /* reads the hardware; a written 1 is passed on and clears it there */
};

struct vpci_view {
	uint8_t value[PCI_CONFIG_SIZE];
	/* One mask per rule that is not "constant"; disjoint. listed: some rule covers the bit. */
	uint8_t live[PCI_CONFIG_SIZE], emulated[PCI_CONFIG_SIZE];
	uint8_t through[PCI_CONFIG_SIZE], clear[PCI_CONFIG_SIZE];
	uint8_t listed[PCI_CONFIG_SIZE];
};

/*
 * Called after a write of the zone that touched a byte of [offset, offset+size); the view holds the
 * new values.
 */
struct vpci_hook {
	uint16_t offset, size;
	void (*written)(struct vpci_function *fn, unsigned offset);
};

struct vpci_piece {
	uint64_t offset, size;
};

struct vpci_bar {
	const struct pci_bar *bar; /* the physical one; NULL: the zone sees none */
	unsigned count;  /* how many in a row the register stands for; VF BARs: all VFs' */
	uint64_t wanted; /* address chosen while placing */
	/*
	 * Answers at `at`: decode is on, the place is inside the zone's windows and nobody else's.
	 */
	bool connected;
	gpa_t at;
	struct vpci_piece maps[VPCI_MAX_MAPS];
	unsigned map_count;
};

struct vpci_msix_entry {
	uint64_t address;
	uint32_t data, control;
};

/* One function on the zone's bus: an assigned one, or a synthesized root port (f == NULL). */
struct vpci_function {
	struct vpci_function *next;
	struct vpci *bus;
	struct vpci_function *port; /* the synthesized port above; NULL: on bus 0 */
	uint8_t devfn;
	struct pci_function *f;
	struct msi_vector *vectors;
	unsigned vector_count;
	bool memory_on, master_on; /* as the hardware's Command is */
	bool resetting, dead;      /* the zone reads all-ones; dead: for good */
	bool contradiction;        /* a bit was listed twice */
	bool bus_reset;            /* ports: Secondary Bus Reset as last written */
	/* A VF on its PF's bus, where `pf` is the PF; inert: a placeholder, the VF is not the zone's. */
	struct vpci_function *pf;
	bool inert;
	/* A PF that offers VFs and stands where they have room; where its capability is shown, and as written. */
	bool shows_sriov;
	uint16_t sriov_cap;
	bool vfs_memory_on; /* VF Memory Space Enable */
	bool vfs_news;      /* the owner of sriov.changed does not know of the phase yet */
	bool reset_waits;   /* resetting, but its VFs have to go first */
	struct vpci_bar vf_bars[PCI_BAR_COUNT];
	uint8_t intx_pin; /* 1..4; 0: the zone sees none */
	uint8_t power_state;
	unsigned complaints; /* log lines the zone has caused so far */
	struct pci_reset reset;
	struct vpci_bar bars[PCI_BAR_COUNT];
	/* 0: not shown. */
	uint16_t msi_cap, msix_cap, msix_entries;
	uint8_t msi_log2; /* offered messages, as a power of two */
	struct vpci_msix_entry *msix_table;
	size_t msix_pages;
	struct vpci_hook hooks[VPCI_MAX_HOOKS];
	unsigned hook_count;
	struct vpci_view view;
};

struct vpci {
	struct lock lock;
	struct zone *zone;
	struct vpci_layout layout;
	const struct virq_ops *virq;
	void *virq_ctx;
	struct vpci_function *functions; /* in no order */
};

/*
 * A zone must not fill the log: after so many lines about one function its mistakes go unmentioned.
 */
#define VPCI_MAX_COMPLAINTS 8

#define for_each_function(fn, v) for ((fn) = (v)->functions; (fn); (fn) = (fn)->next)

/* What is placed for a function: its BARs, then a PF's VF BARs. */
#define VPCI_BARS (2 * PCI_BAR_COUNT)
static inline struct vpci_bar *vpci_bar(struct vpci_function *fn, unsigned n)
{
	return n < PCI_BAR_COUNT ? &fn->bars[n] : &fn->vf_bars[n - PCI_BAR_COUNT];
}

static inline const struct vpci_bar *vpci_bar_const(const struct vpci_function *fn, unsigned n)
{
	return n < PCI_BAR_COUNT ? &fn->bars[n] : &fn->vf_bars[n - PCI_BAR_COUNT];
}

static inline bool vpci_is_port(const struct vpci_function *fn)
{
	return fn->f == NULL;
}

/* ---- vpci.c ---- */

/* Where the zone sees it; SBDF_NONE while its bus has no number. */
sbdf_t vpci_address(const struct vpci_function *fn);
/*
 * The zone will not hear of the function again: its BARs go, it reads all-ones. The reason is
 * logged.
 */
void vpci_kill(struct vpci_function *fn, const char *why);

/* A function on the bus, linked or not; NULL: no memory. */
struct vpci_function *vpci_new_function(struct vpci *v, struct vpci_function *port, unsigned devfn);
void vpci_link_function(struct vpci_function *fn);
/* Gives a function its device and its initial view. -ENOMEM, -EINVAL (contradictory capabilities). */
int vpci_prepare(struct vpci_function *fn, struct pci_function *f, struct msi_vector *vectors,
		 unsigned count);
/* Takes a function off the list, its BARs out of the zone, its vectors' way to the zone, and frees it. */
void vpci_drop_function(struct vpci_function *fn);

/* ---- vpci-config.c: the mechanism ---- */

void vpci_view_clear(struct vpci_function *fn);
/*
 * Lists bits of the `size`-byte register at `offset` (size 1, 2 or 4). Bits listed before are a
 * contradiction: nothing is changed, fn->contradiction is set.
 */
void vpci_list(struct vpci_function *fn, unsigned offset, unsigned size, enum vpci_rule rule,
	       uint32_t bits, uint32_t value);
void vpci_hook(struct vpci_function *fn, unsigned offset, unsigned size,
	       void (*written)(struct vpci_function *fn, unsigned offset));
/* The view's own value, and setting it, whatever the rules. */
uint32_t vpci_get(const struct vpci_function *fn, unsigned offset, unsigned size);
void vpci_set(struct vpci_function *fn, unsigned offset, unsigned size, uint32_t value);
/* Puts a capability on the virtual list, behind those already there. */
void vpci_link(struct vpci_function *fn, uint8_t id, unsigned offset);
/* The zone's access: offset + size <= PCI_CONFIG_SIZE, size 1..8, any alignment. */
uint64_t vpci_view_read(struct vpci_function *fn, unsigned offset, unsigned size);
void vpci_view_write(struct vpci_function *fn, unsigned offset, unsigned size, uint64_t value);

/* ---- vpci-endpoint.c ---- */

/* The initial view of an assigned function; BAR addresses 0. */
void vpci_endpoint_build(struct vpci_function *fn);
/*
 * Resets the function for the zone; it reads all-ones until vpci_endpoint_advance() has seen it
 * come back.
 */
void vpci_endpoint_reset(struct vpci_function *fn);
void vpci_endpoint_advance(struct vpci_function *fn);
/* Writes our messages into the quiet hardware. -EIO when the function does not follow. */
int vpci_endpoint_program(struct vpci_function *fn);

/* ---- vpci-sriov.c ---- */

/* Lists the SR-IOV capability at `cap` of a PF whose VFs were offered. */
void vpci_sriov_build(struct vpci_function *fn, unsigned cap);
/*
 * Makes the places of a PF's VFs / takes them away, with whatever of the zone's is there. -ENOMEM
 * (then none was made), -EADDRINUSE.
 */
int vpci_vf_slots_create(struct vpci_function *pf);
void vpci_vf_slots_destroy(struct vpci_function *pf);
/* Where VF f stands on its PF's bus; NULL: its PF is not here. */
struct vpci_function *vpci_vf_slot(struct vpci *v, const struct pci_function *f);
/* Whether the places of all of the PF's VFs are on its bus, below a port; a refusal is logged. */
bool vpci_vfs_fit(const struct vpci_function *fn);
/* The VF takes the place its PF keeps for it, as vpci_add(); it leaves, and a placeholder stays. */
int vpci_vf_add(struct vpci_function *slot, struct pci_function *f, struct msi_vector *vectors,
		unsigned count);
void vpci_vf_remove(struct vpci_function *slot);
/* Whether a place on the bus has a VF that answers now. */
bool vpci_vf_present(const struct vpci_function *slot);
/* Address of BAR `index` of a VF on its PF's bus, as the PF's VF BAR says. */
uint64_t vpci_vf_bar_address(const struct vpci_function *slot, unsigned index);
/* Decode of a VF on its PF's bus goes on: pre: VF Memory Space Enable is. */
void vpci_vf_connect(struct vpci_function *slot);
/* The PF is about to be reset; false: its VFs have to go first, and do. */
bool vpci_vfs_gone(struct vpci_function *pf);
/*
 * Completes enablings that are due, and tells the owners of PFs what became of their VFs. The lock is let go of
 * while they give VFs to zones, and held again on return.
 */
void vpci_vfs_tell(struct vpci *v);

/* ---- vpci-port.c ---- */

void vpci_port_build(struct vpci_function *port, unsigned secondary);
uint8_t vpci_port_secondary(const struct vpci_function *port);
bool vpci_port_forwards(const struct vpci_function *port, unsigned bus);
/* Slot and link registers follow what is below. */
void vpci_port_update(struct vpci_function *port);
/* Window as the zone programmed it: start and size (0: closed). */
void vpci_port_window(const struct vpci_function *port, bool pref, uint64_t *start, uint64_t *size);
void vpci_port_set_window(struct vpci_function *port, bool pref, uint64_t start, uint64_t size);

/* ---- vpci-bar.c ---- */

/* Lists the BAR registers and works out which pages can be mapped. Pre: MSI-X is listed. */
void vpci_bars_build(struct vpci_function *fn);
/* VF BARs of a PF follow its own: index up to VPCI_BARS. */
uint64_t vpci_bar_address(const struct vpci_function *fn, unsigned index);
void vpci_bar_set_address(struct vpci_function *fn, unsigned index, uint64_t address);
/* The BAR's address has changed while decode is on: the mapping follows, or the address goes back. */
void vpci_bar_move(struct vpci_function *fn, unsigned index);
/* Decode is on (memory_on): BARs with a valid place are mapped. */
void vpci_bars_connect(struct vpci_function *fn);
/* Decode goes off: clears memory_on, unmaps them all. */
void vpci_bars_disconnect(struct vpci_function *fn);
/* An access of 1, 2, 4 or 8 bytes, naturally aligned, inside a PCI window of the zone. */
uint64_t vpci_bar_access(struct vpci *v, gpa_t addr, unsigned size, bool write, uint64_t value);

/* ---- vpci-connect.c ---- */

/*
 * Works out b->maps: the BAR's pages minus those of the MSI-X table and the PBA, in as few pieces as
 * possible, in ascending order; none for a BAR that shares a page. Pre: the BAR is there.
 */
void vpci_bar_plan(struct vpci_function *fn, unsigned index);
/*
 * The BAR answers at `at` from now on. Pre: it is there and not connected, `at` is a multiple of its
 * size. -ERANGE: outside the windows; -EADDRINUSE: on another BAR; else as host_map_guest(): then it
 * is not connected, and nothing of it mapped.
 */
int vpci_bar_connect(struct vpci *v, struct vpci_bar *b, gpa_t at);
/* It answers no more. */
void vpci_bar_disconnect(struct vpci *v, struct vpci_bar *b);

/* ---- vpci-place.c ---- */

/*
 * Initial addresses: of a function on bus 0, or of a port's windows with everything below it.
 * -ENOSPC, -EBUSY.
 */
int vpci_place_function(struct vpci_function *fn);
int vpci_place_port(struct vpci_function *port);

/* ---- vpci-intx.c ---- */

/* Which pin the zone sees, by where the function stands and the line its zone has it on. */
void vpci_intx_choose_pin(struct vpci_function *fn);
void vpci_intx_build(struct vpci_function *fn);
/* INTx Disable of the hardware follows the view, unless messages are on or nothing may be. */
void vpci_intx_apply(struct vpci_function *fn);

/* ---- vpci-msi.c, vpci-msix.c ---- */

void vpci_msi_build(struct vpci_function *fn, unsigned cap);
/* Hardware: our message, disabled. */
void vpci_msi_program(struct vpci_function *fn);
/* Hardware Enable bits follow the view's: MSI-X, else MSI, else none. */
void vpci_msi_apply(struct vpci_function *fn);
bool vpci_msi_enabled(const struct vpci_function *fn);
/* The zone's message for vector n; false: it has none. */
bool vpci_msi_message(const struct vpci_function *fn, unsigned n, struct msi_message *out);
/* Physical vector n, or all of them, to the CPU where the zone's message would arrive. */
void vpci_retarget_vector(struct vpci_function *fn, unsigned n);
void vpci_retarget_all(struct vpci_function *fn);

/*
 * Whether a zone can be given the function's MSI-X: the table was found valid and its BARs have a
 * place.
 */
bool vpci_msix_usable(const struct pci_function *f);
void vpci_msix_build(struct vpci_function *fn, unsigned cap);
/* Hardware: our messages, everything masked. Pre: decode is on. */
void vpci_msix_program(struct vpci_function *fn);
bool vpci_msix_enabled(const struct vpci_function *fn);
bool vpci_msix_message(const struct vpci_function *fn, unsigned n, struct msi_message *out);
/* Bytes of the table and of the pending bits in this BAR; size 0: none. */
struct vpci_piece vpci_msix_table_in(const struct vpci_function *fn, unsigned bar);
struct vpci_piece vpci_msix_pba_in(const struct vpci_function *fn, unsigned bar);
/* An aligned access of 1, 2, 4 or 8 bytes at `offset` from the table's start. */
uint64_t vpci_msix_table_access(struct vpci_function *fn, uint64_t offset, unsigned size,
				bool write, uint64_t value);

#endif
