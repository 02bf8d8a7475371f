/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI contract: physical functions as found once at boot, and the virtual bus each zone sees.
 *
 * Physical side (pci/enumerate.c, pci/resources.c, pci/capability.c, pci/reset.c). Single-threaded
 * at boot; later only the life cycle (core/device.c) touches a function's hardware, under the
 * device table's lock. What the engine relies on (BAR sizes, capability offsets, table sizes) is
 * captured in struct pci_function before any zone runs and never read again (invariant V6).
 *
 * Virtual side (pci/vpci*.c). A zone's config accesses and its accesses to trapped BAR pages come
 * in here, on any of the zone's CPUs; struct vpci has one lock, taken inside.
 */
#ifndef POSTERN_PCI_H
#define POSTERN_PCI_H

#include <postern/host.h>
#include <postern/irq.h>
#include <postern/types.h>

#define MAX_PCI_HOSTS     4
#define MAX_PCI_WINDOWS   4
#define MAX_ID_MAPS       8
#define MAX_PCI_FUNCTIONS 128
#define PCI_BAR_COUNT     6
#define PCI_SLOTS         32 /* devices on a bus */
#define PCI_INTX_LINES    4  /* INTA to INTD */
#define PCI_CONFIG_SIZE   4096u

struct pci_host;
struct pci_function;
struct zone;
struct iommu_domain;

/* ---- platform side ---- */

/*
 * Config space of one host bridge. size is 1, 2 or 4, offset aligned to it. An access no function
 * answers reads all-ones and drops writes; it must never fault the host. `widths`: bit n set when
 * 2^n-byte accesses are legal on this machine; pci_config_read()/write() never asks for another.
 */
struct pci_config_ops {
	const char *name;
	uint32_t (*read)(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size);
	void (*write)(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size,
		      uint32_t value);
};

/*
 * ECAM (pci/ecam.c) for any platform that has one: config_base is where bus bus_first begins,
 * config_size bounds what is accessed; both mapped by the hypervisor.
 */
extern const struct pci_config_ops pci_ecam_ops;

enum pci_window_kind { PCI_WINDOW_IO, PCI_WINDOW_MEM32, PCI_WINDOW_MEM64 };

struct pci_window {
	enum pci_window_kind kind;
	bool prefetchable;
	hpa_t cpu;    /* address the CPU uses */
	uint64_t bus; /* address on the PCI bus */
	uint64_t size;
};

/* Requester IDs [rid_base, rid_base+length) map to ids [out_base, ...) of unit `unit` (iommu-map,
 * msi-map, IORT). */
struct pci_id_map {
	uint32_t rid_base, length;
	unsigned unit;
	uint32_t out_base;
	/* The unit tells root ports apart only: the id is that of the function on the root bus
	 * above. */
	bool by_root_port;
};

/* What is true of one board only; all optional (NULL = nothing special). pci/ calls these, boards
 * implement them. */
struct pci_quirks {
	/* The function must never be accessed at all (a read can hang the machine). */
	bool (*hidden)(const struct pci_host *h, sbdf_t fn);
	/*
	 * The function is a part of the machine, such as a host bridge or chip configuration:
	 * nothing is written to it, its BARs are not sized, and it belongs to the engine. Never a
	 * bridge to a bus.
	 */
	bool (*part_of_machine)(const struct pci_host *h, sbdf_t fn, uint16_t vendor,
				uint16_t device);
	/* Called once for every function of the scan, before what is below it is looked for; may
	 * write its config space. */
	void (*prepare)(struct pci_function *f);
	/* Only device 0 can exist on the bus below this bridge (ghosts would answer as others). */
	bool (*one_device)(const struct pci_function *bridge);
	/*
	 * The BAR must not be sized; its firmware value and this size are taken. 0: size it
	 * normally. `bar` is 0..5; of a function with such a BAR the ROM is not sized either.
	 */
	uint64_t (*fixed_bar_size)(const struct pci_host *h, uint16_t vendor, uint16_t device,
				   unsigned bar);
	/* The port keeps its subordinates apart from its siblings although it has no ACS. */
	bool (*ports_isolate)(const struct pci_function *port);
	/* Class code where the function reports a wrong one, else `reported`. */
	uint32_t (*class_code)(const struct pci_host *h, uint16_t vendor, uint16_t device,
			       uint32_t reported);
	/* Interrupt pin (1..4) where the register is wrong, else `reported`. */
	uint8_t (*interrupt_pin)(const struct pci_host *h, sbdf_t fn, uint16_t vendor,
				 uint16_t device, uint8_t reported);
	/* The function must stay in D0. */
	bool (*no_d_states)(const struct pci_function *f);
	/* Nothing below the port may have a Max Read Request Size above what firmware set. */
	bool (*keeps_read_request)(const struct pci_function *port);
};

struct pci_host {
	unsigned index;
	uint16_t segment;
	uint8_t bus_first, bus_last;
	unsigned widths; /* legal config access widths: BIT32(0)|BIT32(1)|BIT32(2) = 1, 2, 4 bytes
			  */
	const struct pci_config_ops *config;
	hpa_t config_base; /* ECAM or other window, for the accessor */
	uint64_t config_size;
	struct pci_window windows[MAX_PCI_WINDOWS];
	unsigned window_count;
	struct pci_id_map iommu_map[MAX_ID_MAPS], msi_map[MAX_ID_MAPS];
	unsigned iommu_map_count, msi_map_count;
	/*
	 * The level interrupt, as the controller numbers it, that a device on the root bus raises
	 * by its pin (A first). 0: not known; no zone is given it.
	 */
	uint32_t intx[PCI_SLOTS][PCI_INTX_LINES];
	const struct pci_quirks *quirks; /* may be NULL */
};

/* ---- physical functions ---- */

enum pci_bar_kind { PCI_BAR_NONE, PCI_BAR_MEM32, PCI_BAR_MEM64, PCI_BAR_IO };

/* A base address register as captured at boot. A 64-bit BAR occupies index i; index i+1 is
 * PCI_BAR_NONE. */
struct pci_bar {
	enum pci_bar_kind kind;
	bool prefetchable;
	uint64_t size; /* power of two, bytes */
	uint64_t bus;  /* address programmed into the BAR; 0 = not placed */
	hpa_t cpu;     /* the same place as the CPU sees it */
};

/* Offsets of capabilities in config space; 0 = absent. */
struct pci_caps {
	uint16_t pm, msi, msix, pcie, af, vpd;   /* classic list */
	uint16_t aer, acs, ari, sriov, ats, dsn; /* extended list */
};

struct pci_msix_info {
	uint16_t entries; /* 1..2048, 0 = no MSI-X */
	uint8_t table_bar, pba_bar;
	uint32_t table_offset, pba_offset;
};

struct pci_msi_info {
	uint8_t vectors; /* 1..32, 0 = no MSI */
	bool address64, maskable;
};

enum device_state {
	DEVICE_ABSENT,
	DEVICE_QUARANTINED,
	DEVICE_ASSIGNED,
	DEVICE_QUIESCING,
	DEVICE_FAILED
};

/*
 * What a function has of its stream at its IOMMU: nothing is held for it; open into its zone's
 * domain; shut, and where the IOMMU needs a slot for that, holding it until the function is proven
 * reset.
 */
enum stream_state { STREAM_QUIET, STREAM_OPEN, STREAM_SHUT };

/* Where the IOMMU and the MSI unit see the function; unit == -1: none. */
struct pci_route {
	int unit;
	uint32_t id;
};

/*
 * Where a physical function's (PF's) virtual functions (VFs) are in their life: hardware has none;
 * VF Enable is set and they need time; they are functions; they are being taken from their zones.
 */
enum pci_vfs_phase { VFS_OFF, VFS_COMING, VFS_ON, VFS_GOING };

/*
 * SR-IOV of a PF, as captured at boot (PCIe Base Specification, 9.3.3). total 0: no SR-IOV, or none
 * that can be used. A VF has an entry in the table of its own, made by pci_offer_vfs(), ABSENT
 * while hardware does not have it.
 *
 * phase: OFF -> COMING -> ON -> GOING under the lock of the virtual bus the PF is on, or, once the
 * PF is on none, by its owner's life cycle; GOING -> OFF with `lock` held. Read with
 * pci_vfs_phase().
 */
struct pci_sriov {
	uint16_t total;          /* VFs that can be used: on the PF's bus, BARs placed for them */
	uint16_t offset, stride; /* of routing IDs: VF n is the PF's + offset + n * stride */
	uint16_t vf_device;      /* device ID of its VFs; their own registers read all-ones */
	/* size: one VF's; bus, cpu: VF 0's, the others follow without gaps. */
	struct pci_bar bars[PCI_BAR_COUNT];
	uint16_t offered; /* how many the manifest lets the owner enable; 0: SR-IOV is hidden */
	struct pci_function *vfs; /* the entries of VFs 0..offered-1 */
	uint16_t enabled;         /* NumVFs while phase is not OFF */
	enum pci_vfs_phase phase;
	uint64_t wait_until, deadline; /* COMING: host_time_ns() */
	struct lock lock;
	/*
	 * Called on a CPU of the owner, no lock held, when the phase became COMING, ON or GOING.
	 */
	void (*changed)(struct pci_function *pf);
};

struct pci_function {
	sbdf_t sbdf;
	struct pci_host *host;
	struct pci_function *parent; /* bridge above; NULL on a root bus */
	uint16_t vendor, device, subsystem_vendor, subsystem_device;
	uint32_t class_code; /* 24 bits: class, subclass, programming interface */
	uint8_t revision, header_type, interrupt_pin;
	bool multifunction;
	uint8_t pcie_type; /* Device/Port Type of the PCIe capability, 0xff without one */
	bool can_flr, can_af_flr, no_soft_reset;
	struct pci_caps caps;
	struct pci_bar bars[PCI_BAR_COUNT];
	struct pci_bar rom;
	struct pci_msix_info msix;
	struct pci_msi_info msi;
	/* Bridges (header type 1): buses and forwarding windows as numbered and placed. */
	uint8_t secondary, subordinate;
	struct pci_bar window_mem, window_pref; /* size 0: closed */
	struct pci_route iommu, msi_unit;
	bool engine;             /* an IOMMU or a part of the machine: in no zone's view */
	unsigned group;          /* isolation group number */
	struct pci_sriov sriov;  /* of a PF */
	struct pci_function *pf; /* of a VF: its PF; else NULL */
	uint16_t vf;             /* of a VF: which one, from 0 */
	/* Life cycle (core/device.c). */
	enum device_state state;
	enum stream_state stream;
	/* stream is not QUIET, but nothing translates it: its zone's manifest says `trust-dma`. */
	bool untranslated;
	const char *failure; /* why FAILED; static text */
	struct zone *owner;
	struct msi_vector *vectors; /* while assigned: its physical vectors, owned by core/device.c
				     */
	unsigned vector_count;
	/*
	 * Whom manifest or monitor mean it for, kept by the host of the engine; NULL: nobody.
	 * Decides who is given an INTx line whichever zone starts first.
	 */
	const struct zone *planned;
	/* While assigned, by core/device.c: 1 + the INTx line of its zone it is on; 0: none. */
	uint8_t intx_line;
	/* Config space as it was after resources were placed; what a reset must restore and what a
	 * zone's view starts from. */
	uint8_t snapshot[PCI_CONFIG_SIZE];
	uint16_t snapshot_size; /* 256 or 4096 */
};

static inline bool pci_is_bridge(const struct pci_function *f)
{
	return (f->header_type & 0x7f) == 1;
}

static inline bool pci_is_vf(const struct pci_function *f)
{
	return f->pf != NULL;
}

static inline enum pci_vfs_phase pci_vfs_phase(const struct pci_function *pf)
{
	return __atomic_load_n(&pf->sriov.phase, __ATOMIC_SEQ_CST);
}

struct pci_table {
	/* What the scan found in SBDF order, then the VFs that were offered. */
	struct pci_function functions[MAX_PCI_FUNCTIONS];
	unsigned count;
};

/*
 * Any size 1, 2, 4 at any aligned offset, carried out in the widths the host allows. A narrow write
 * on a machine with wider accesses only is a read-modify-write that writes 0 to the neighbouring
 * write-1-to-clear bits of the Status registers.
 */
uint32_t pci_config_read(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size);
void pci_config_write(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size,
		      uint32_t value);

/*
 * Finds every function below the host bridge, numbering buses and placing windows and BARs where
 * firmware has not (valid firmware values are kept), and appends them to the table. On return no
 * endpoint has Bus Master, Memory or I/O decode or an interrupt enabled; bridges forward their
 * windows and have Bus Master on so that a later assignment touches the endpoint only. -ENOSPC when
 * the table is full, -ERANGE when a window is too small (both logged by name, naming the function;
 * functions without resources are left with bar.bus == 0).
 */
int pci_scan_host(struct pci_host *h, struct pci_table *t);

struct pci_function *pci_find(struct pci_table *t, sbdf_t sbdf);

/* The bridge on the root bus above the function; NULL: it is on the root bus itself. */
struct pci_function *pci_root_port(const struct pci_function *f);

/*
 * Finds every function's stream and MSI identity by its host's maps again: an IOMMU that is a PCI
 * function can tell only when it runs how it sees others. Boot, before pci_assign_groups().
 */
void pci_route_functions(struct pci_table *t);

/* Numbers isolation groups over the whole table (V9): same bridge without ACS or ports_isolate,
 * multifunction, alias. */
void pci_assign_groups(struct pci_table *t);

/* What two functions share, so that different zones cannot have them (V9). */
enum pci_conflict {
	PCI_APART,
	PCI_SAME_GROUP,  /* one isolation group */
	PCI_SAME_STREAM, /* one identity at the IOMMU */
	PCI_SAME_PAGE,   /* memory BARs in one page */
	PCI_SAME_INTX,   /* both have INTx only, on one line of the host bridge */
	PCI_SAME_MSI_ID, /* both send messages, under one identity at the MSI unit */
};
enum pci_conflict pci_conflict(const struct pci_function *a, const struct pci_function *b);

/*
 * The line (0..3: A..D) of its host bridge that the function's INTx pin ends at by the common
 * wiring, or -1 without a pin: bridges rotate by device number (PCI-to-PCI Bridge Architecture
 * Specification 1.2, 9.1), and so do host bridges with four lines.
 */
int pci_intx_line(const struct pci_function *f);
/* The level interrupt that line is, by the host bridge's table; 0: none, or not known. */
uint32_t pci_intx_irq(const struct pci_function *f);
/* INTx Disable was seen to hold: the engine can keep the function off its line. */
bool pci_intx_maskable(const struct pci_function *f);
/* It has MSI or MSI-X, and so can do without its line. */
bool pci_sends_messages(const struct pci_function *f);

/* How pci_reset_start() would reset the function: "flr", "af-flr" or "pm"; NULL: it cannot. */
const char *pci_reset_method(const struct pci_function *f);

/* ---- virtual functions (pci/sriov.c) ---- */

/*
 * Lets the PF's owner enable up to n VFs: appends their entries, ABSENT, with address, IDs, routes,
 * BARs and group. Boot, before any zone; after pci_assign_groups(). `changed` as in struct
 * pci_sriov. -EINVAL: 0, more than sriov.total, or offered before; -ENOSPC: the table is full.
 */
int pci_offer_vfs(struct pci_table *t, struct pci_function *pf, unsigned n,
		  void (*changed)(struct pci_function *pf));
/* Whether the PF's VFs can be kept apart from it and from each other (V9): the PF is alone in its
 * group. */
bool pci_vfs_apart(const struct pci_table *t, const struct pci_function *pf);

/*
 * Sets VF Enable for VFs 0..n-1 of a PF whose phase is OFF, n <= offered: the phase is COMING. -EIO
 * when the hardware does not follow (VF Enable is off again).
 */
int pci_vfs_enable(struct pci_function *pf, unsigned n);
/*
 * Phase COMING: -EAGAIN before sriov.wait_until, or while a VF does not answer and there is time
 * left; then 0: every VF that answers was captured, is quiet and QUARANTINED, the phase is ON. One
 * that does not answer stays ABSENT, one that FAILED before stays so.
 */
int pci_vfs_ready(struct pci_function *pf);
/*
 * Clears VF Enable: the phase is OFF. Pre: phase GOING, sriov.lock held, every VF ABSENT or FAILED.
 * -EIO when the hardware does not follow; the phase is OFF all the same, and no VF will be enabled
 * again.
 */
int pci_vfs_disable(struct pci_function *pf);

/* Command register control of an endpoint, read back: 0, or -EIO when the bit does not follow. */
int pci_set_bus_master(struct pci_function *f, bool on);
int pci_set_memory_decode(struct pci_function *f, bool on);
/* INTx Disable off or on. The other two set it, as does every reset: this comes after them. */
void pci_set_intx(struct pci_function *f, bool on);
/* MSI Enable off, MSI-X Enable off and Function Mask on, INTx Disable set. */
void pci_mask_interrupts(struct pci_function *f);
/* True when the PCIe Transactions Pending bit is clear (or the function has no PCIe capability). */
bool pci_transactions_done(const struct pci_function *f);

/*
 * Reset as a resumable machine: start, then step until it stops answering -EAGAIN. `wait_until`
 * (host_time_ns) is when the next step makes sense. FLR, else AF-FLR, else D3hot->D0 where
 * No_Soft_Reset is 0, else -EOPNOTSUPP. Post of 0: the function answers config reads and its
 * snapshot has been restored (Bus Master and decode off). -ETIMEDOUT: it never did.
 */
struct pci_reset {
	struct pci_function *f;
	unsigned step;
	uint64_t wait_until, deadline;
	const char *method; /* "flr", "af-flr", "pm" */
};
int pci_reset_start(struct pci_reset *r, struct pci_function *f);
int pci_reset_step(struct pci_reset *r);

/* ---- a zone's virtual bus ---- */

/* Where a zone's PCI lives in its guest-physical space (generated device tree and vpci agree on
 * it). */
struct vpci_layout {
	gpa_t ecam; /* segment 0, buses 0..bus_last */
	uint8_t bus_last;
	gpa_t mem32, mem64; /* bus address == guest-physical address inside the windows */
	uint64_t mem32_size, mem64_size;
};

struct vpci;

/* An empty virtual bus for a zone. virq is the zone's interrupt controller model. NULL: no memory.
 */
struct vpci *vpci_create(struct zone *z, const struct vpci_layout *layout,
			 const struct virq_ops *virq, void *virq_ctx);
/* Pre: no function left in it. */
void vpci_destroy(struct vpci *v);

/*
 * Puts an (assigned, reset, quiet) function on the zone's bus with its initial view: BARs placed in
 * the zone's windows, decode off, vectors allocated by the caller. `vbdf` is the wanted virtual
 * bus/device/function (as an sbdf_t of segment 0) or SBDF_NONE to choose: below a new synthesized
 * root port (00:NN.0) as device 0. With vbdf given and bus != 0 the synthesized root port stands at
 * `vport` (SBDF_NONE: chosen). vectors[0..count) are the function's physical vectors. -EADDRINUSE,
 * -ENOSPC (a window is full), -ENOMEM.
 */
int vpci_add(struct vpci *v, struct pci_function *f, sbdf_t vbdf, sbdf_t vport,
	     struct msi_vector *vectors, unsigned vector_count);
/*
 * A PF whose VFs were offered brings one place per VF, at the routing ID its SR-IOV capability
 * tells. There a VF that its owner does not have stands as an inert placeholder: identity, no
 * decode, no Bus Master, no messages. vpci_add() of a VF on its PF's bus goes to that place,
 * whatever vbdf says, and vpci_remove() leaves the placeholder; elsewhere a VF is a function like
 * others.
 *
 * vpci_poll() completes an enabling that is due, as any config access by the zone does. No lock
 * held.
 */
void vpci_poll(struct vpci *v);
/* Takes the function out: unmaps its BARs from the zone's CPUs, forgets its message shadow. */
void vpci_remove(struct vpci *v, struct pci_function *f);
/* How many vectors the function needs (MSI-X entries, else MSI messages, else 0). */
unsigned vpci_vectors_wanted(const struct pci_function *f);
/* Where the zone sees the function now (its kernel may renumber buses); SBDF_NONE if it is not
 * there. */
sbdf_t vpci_where(struct vpci *v, const struct pci_function *f);

/* A config access by the zone: offset < 4096, size 1, 2, 4 or 8, any alignment. Always answers. */
uint64_t vpci_config_read(struct vpci *v, unsigned bus, unsigned devfn, unsigned offset,
			  unsigned size);
void vpci_config_write(struct vpci *v, unsigned bus, unsigned devfn, unsigned offset, unsigned size,
		       uint64_t value);

/*
 * An access of the zone to guest-physical memory that no stage-2 mapping answered: ECAM, MSI-X
 * table and PBA pages, BARs with decode off (all-ones) inside the zone's PCI windows. ACCESS_NONE:
 * not a PCI address.
 */
enum access_result vpci_mmio(struct vpci *v, gpa_t addr, unsigned size, bool write,
			     uint64_t *value);

/* Delivers a physical vector's arrival to the zone (handler of the vectors given to vpci_add). */
void vpci_vector_fired(struct msi_vector *vec);
/* The zone's controller re-routed (device_id, event): physical vectors follow to the CPU of the new
 * vCPU. */
void vpci_retarget(struct vpci *v, uint32_t device_id, uint32_t event);

/* For reports: the n-th function (in virtual BDF order) of the zone; NULL past the end. */
struct vpci_info {
	sbdf_t vbdf;
	const struct pci_function *f; /* NULL: a synthesized port */
	const struct msi_vector *vectors;
	unsigned vector_count;
};
bool vpci_info(struct vpci *v, unsigned n, struct vpci_info *out);

#endif
