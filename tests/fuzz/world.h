/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine to be fuzzed: a PCI hierarchy of the model, two zones with a virtual bus each, and
 * IOMMUs and an MSI unit that keep accounts and can be told to fail. The engine's own core/ assigns
 * and releases.
 *
 * The oracle (world_check) is written from docs/config-space.md and the PCI specifications, over the
 * hardware model alone: it includes nothing of pci/ and asks the engine nothing but who owns what.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "fuzz.h"
#include "pci.h"

#include <postern/zone.h>

#define WORLD_ZONES   2u
#define WORLD_MAX     24u /* functions */
#define WORLD_VFS     3u  /* that the function with SR-IOV, where there is one, offers */
#define WORLD_IOMMUS  2u
#define WORLD_VECTORS 128u
#define WORLD_MAPS    64u

/* The zones' address space, unlike the host's. */
#define WORLD_ECAM      ((gpa_t)0x40000000)
#define WORLD_BUS_LAST  15u
#define WORLD_MEM32     ((gpa_t)0x50000000)
#define WORLD_MEM32_SZ  ((uint64_t)0x08000000)
#define WORLD_MEM64     ((gpa_t)0x6000000000)
#define WORLD_MEM64_SZ  ((uint64_t)0x1000000000)
#define WORLD_RAM       ((gpa_t)0x80000000)
#define WORLD_RAM_SZ    (64 * MIB)
#define WORLD_DOORBELL  ((uint64_t)0x08090040) /* the zones' */
#define WORLD_REAL_PAGE ((hpa_t)0x7fee1000000) /* the machine's */
#define WORLD_REAL_MSI  (WORLD_REAL_PAGE + 0x40)
#define WORLD_REAL_DATA 0x5a00u /* plus the vector's index */
#define WORLD_IRQ       35u     /* of the host bridge's first INTx line; the others follow */

struct world_zone {
	struct zone zone;
	struct manifest_zone manifest;
	int vcpu_of[256]; /* by the data of a message; -1: not mapped */
	unsigned delivered, dropped;
	uint32_t last_device, last_data;
	uint64_t last_address;
};

struct world_function {
	struct pci_function *f;
	struct model_pci_function *hw;
	uint8_t scanned[4096]; /* the hardware as the scan left it */
	uint8_t may[4096];     /* bits its owner may change */
	uint8_t seen[4096];    /* when last found right */
	uint64_t bar[6];       /* where the scan put it; 0: nowhere */
	bool whole;            /* was so when last looked at: not half-way through a reset */
	unsigned resets_seen;  /* resets when its state was last whole */
	bool owned;            /* was assigned once; a VF: since it was enabled */
	int stream_zone;       /* whose domain its stream is attached to; -1: blocked */
	unsigned vectors;      /* reserved at the MSI unit */
};

/* The n-th call from now on fails with an error, 1 = the next; 0: none. */
enum world_failure {
	FAIL_GUEST_MAP,
	FAIL_DOMAIN_CREATE,
	FAIL_DOMAIN_DESTROY,
	FAIL_IOMMU_MAP,
	FAIL_ATTACH,
	FAIL_BLOCK,
	FAIL_VECTORS_ALLOC,
	FAIL_VECTORS_FREE,
	WORLD_FAILURES,
};

struct world_map {
	const struct zone *zone;
	gpa_t gpa;
	hpa_t hpa;
	uint64_t size;
};

struct world {
	struct pci_host host;
	struct pci_table table;
	struct machine board;
	struct world_zone zones[WORLD_ZONES];
	struct world_function functions[WORLD_MAX];
	unsigned count;
	struct world_map maps[WORLD_MAPS];
	unsigned map_count;
	unsigned fail[WORLD_FAILURES];
	unsigned domains, pages_lost;
	struct world_function *pf, *vfs; /* with SR-IOV, and its WORLD_VFS; NULL: there is none */
	unsigned pf_zone;                /* whose it is to be */
	bool unplugged; /* a function was made to vanish: master aborts are no fault of the engine's */
};
extern struct world world;

/*
 * A fresh machine: scanned, nothing assigned. narrow: config space can be accessed in dwords only, so
 * that narrow writes are read-modify-writes.
 */
void world_build(bool narrow);
/* The same with one function more: its VFs are offered, and go to zones as soon as they come. */
void world_build_vfs(bool narrow, unsigned pf_zone);
/* Undoes everything; every page but those lost to failures must be back. */
void world_end(void);

/* From now on nothing fails. */
void world_fail_nothing(void);

/* Gives functions to the zones as core/device.c does; by index of world.functions. */
int world_assign(unsigned zone, unsigned function, sbdf_t vbdf, sbdf_t vport);
/* Everything is given out as in every harness but `control`: some to each zone, some to nobody. */
void world_assign_all(void);

/* Runs a release that answered `err` to its end, time passing; what it ends with. */
int world_finish(struct device_quiesce *q, int err);

/* ---- oracle.c ---- */

/* Works out what the function's owner may change; the function is as the scan left it. */
void world_rules(struct world_function *w);

/*
 * Every property, on every function:
 *  - hardware of others (bridges, unassigned and foreign functions) is as the scan left it, bit by bit;
 *  - of an assigned function only what the documentation lets its owner change has changed;
 *  - messages in the hardware are the hypervisor's;
 *  - a zone's CPUs reach its own functions' BAR pages, inside the zone's windows, while decode is on.
 */
void world_check(void);
/* While VF Memory Space Enable is off, as its owner reads it, none of the owner's VFs is mapped. */
void world_check_vf_memory(uint32_t control);
/* The zone's read of a vendor and device ID shows nothing, a port, or a function of its own. */
void world_check_id(unsigned zone, unsigned bus, unsigned devfn);
/* Asked at the place of every function of the machine, and of the zone. */
void world_check_ids(unsigned zone);

#endif
