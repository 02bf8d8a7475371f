/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A zone: CPUs, memory, devices, and where it is in its life. core/zone.c owns the table,
 * core/device.c the devices' life cycle; hv-glue drives the CPUs.
 *
 * Locking: zone->lock protects state and the device list; it is taken before vpci's and the
 * controllers' locks.
 */
#ifndef POSTERN_ZONE_H
#define POSTERN_ZONE_H

#include <postern/iommu.h>
#include <postern/manifest.h>
#include <postern/pci.h>
#include <postern/platform.h>
#include <postern/types.h>

#define MAX_ZONES        MANIFEST_MAX_ZONES
#define ZONE_NONE        0xffffu
#define ZONE_MAX_VECTORS 512

enum zone_state {
	ZONE_STOPPED,  /* no memory, no devices */
	ZONE_STARTING, /* its boot CPU is loading it */
	ZONE_RUNNING,
	ZONE_STOPPING, /* CPUs leave the guest, devices are quiesced, memory is zeroed */
	ZONE_FAILED,   /* could not be started or stopped cleanly; zone->reason says why */
};

struct zone {
	uint16_t id; /* 0 is root; index into the table */
	char name[MANIFEST_NAME];
	bool root;
	enum zone_state state;
	bool restart;    /* STOPPING: start again afterwards */
	char reason[96]; /* why it stopped or failed last, for reports */
	struct lock lock;
	const struct manifest_zone *manifest;
	unsigned cpu_count;
	uint16_t cpus[MAX_CPUS]; /* vCPU index -> physical CPU index */
	/* One contiguous RAM region: guest [ram_gpa, +ram_size) is host [ram_hpa, +ram_size).
	 * ram_size 0: none now. */
	gpa_t ram_gpa;
	hpa_t ram_hpa;
	uint64_t ram_size;
	struct iommu_domain *domains[MAX_IOMMUS]; /* created when a function behind the unit is
						     assigned */
	struct vpci *vpci;
	const struct virq_ops *virq;
	void *virq_ctx;
	uint64_t starts, faults;
	void *arch; /* hv-glue's: stage-2, vCPUs, virtual controllers */
};

/*
 * Where the zone's devices find its memory, by their own addresses: where the zone has it; with
 * `trust-dma`, whose devices may have no IOMMU, where the host has it, behind an IOMMU or not. The
 * zone's device tree says so (dma-ranges).
 */
static inline iova_t zone_dma_base(const struct zone *z)
{
	return z->manifest->trust_dma ? z->ram_hpa : z->ram_gpa;
}

/* Boot: where the engine finds IOMMUs and MSI units, and every function of the machine. */
void core_init(struct machine *m, const struct pci_table *devices);
/*
 * Boot, once IOMMUs run and routes are found: what an IOMMU does not keep from memory by itself is
 * kept from it by its Bus Master, off and read back, and the root port's above. A function that
 * does not follow is FAILED, and blocked if its IOMMU has a slot for it.
 */
void devices_quarantine(struct pci_table *devices);
/*
 * Destroys the zone's DMA domains. Pre: every function was released. Not 0: a unit did not let go
 * of one; the zone's memory must be retired.
 */
int zone_domains_destroy(struct zone *z);

/*
 * Gives a quarantined function (and vectors and DMA through the zone's domain) to a zone. Refusals
 * are logged with device, zone, rule and way out. -EBUSY, -ENOSPC, -ENOMEM, -EIO.
 */
int device_assign(struct zone *z, struct pci_function *f, sbdf_t vbdf, sbdf_t vport);

/*
 * Quiesce and release as a resumable machine: start, then step until it stops answering -EAGAIN.
 * Whatever fails, the IOMMU entry is blocked; post of 0: QUARANTINED, reset proven. Other values:
 * the function is FAILED (stays blocked) and f->failure says why. When -EIO the block itself is not
 * proven: the zone's memory must be retired, not reused.
 */
struct device_quiesce {
	struct pci_function *f;
	struct zone *zone;
	unsigned step;
	bool block_proven;
	uint64_t wait_until, deadline;
	struct pci_reset reset;
};
int device_quiesce_start(struct device_quiesce *q, struct zone *z, struct pci_function *f);
int device_quiesce_step(struct device_quiesce *q);

/*
 * Takes a PF's VFs from their zones (each as device_quiesce_*() would, all at a time), then clears
 * VF Enable. One step of a resumable machine that several may drive at once: the work that answers
 * VF Enable = 0 or a reset by the owner, and the PF's own release. -EAGAIN: again at *wait_until.
 * 0: the PF has no VFs; those that could not be quieted are FAILED. -EIO: VF Enable does not go
 * off. Bounded by what a quiesce is. No lock held.
 */
int vfs_leave_step(struct pci_function *pf, uint64_t *wait_until);

const char *device_state_name(enum device_state s);
const char *zone_state_name(enum zone_state s);

#endif
