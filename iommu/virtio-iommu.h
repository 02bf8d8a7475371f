/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the virtio IOMMU driver share: virtio-iommu.c (taking over, domains, endpoints)
 * and virtio-iommu-request.c (requests and events).
 *
 * Locking: unit->lock held for everything below, or boot.
 */
#ifndef IOMMU_VIRTIO_IOMMU_H
#define IOMMU_VIRTIO_IOMMU_H

#include <postern/iommu.h>
#include <postern/types.h>

#include "virtio-iommu-regs.h"
#include "virtio-pci.h"

#define VIOMMU_TAG         "virtio-iommu " SBDF_FMT ": "
#define VIOMMU_ID(v)       SBDF_ARG((v)->unit->sbdf)
#define VIOMMU_MAX_DOMAINS 128u
#define VIOMMU_MAX_STREAMS 128u
_Static_assert(VIOMMU_MAX_STREAMS >= MAX_PCI_FUNCTIONS, "every function can be attached");
#define VIOMMU_EVENTS    16u
#define VIOMMU_MAX_PROBE 1024u

/* A range as it was mapped; the device does not split one. */
struct viommu_range {
	iova_t iova;
	hpa_t pa;
	uint64_t size;
	uint32_t flags; /* VIOMMU_MAP_* */
};

#define VIOMMU_MAX_RANGES 120u

/*
 * The device knows a domain from its first endpoint to its last: what is mapped is kept here and
 * told to the device when the first one comes.
 */
struct viommu_domain {
	struct iommu_domain head;
	uint32_t id;
	unsigned count;
	struct viommu_range ranges[VIOMMU_MAX_RANGES];
};
_Static_assert(sizeof(struct viommu_domain) <= 4096, "a domain fits into a page");

struct viommu_stream {
	uint32_t id;
	struct viommu_domain *domain; /* NULL: the entry is free */
};

struct viommu {
	struct iommu_unit *unit;
	struct virtio_pci device;
	struct virtio_queue requests, events;
	uint64_t features;
	uint64_t page_sizes;
	iova_t first, last; /* IOVAs that can be mapped, inclusive */
	uint32_t domain_first;
	unsigned domain_limit;
	uint32_t probe_size; /* 0: endpoints are not probed */
	bool dead;        /* a request did not come back: nothing is known of the device any more */
	bool told;        /* that it is broken */
	uint8_t *request; /* one page: what the device reads, then what it writes */
	struct viommu_fault *event; /* one page: VIOMMU_EVENTS buffers */
	struct viommu_domain *domains[VIOMMU_MAX_DOMAINS];
	struct viommu_stream streams[VIOMMU_MAX_STREAMS];
};
_Static_assert(sizeof(struct viommu) <= 4096, "the unit's state fits into a page");

/* The stream's entry, or NULL while it is blocked. */
struct viommu_stream *viommu_find(struct viommu *v, uint32_t stream);

/*
 * One request each, carried out when it returns. -ETIMEDOUT: the device is dead from now on;
 * -ENOENT, -ERANGE, -ENOMEM, -EOPNOTSUPP, -EIO: it refused.
 */
int viommu_request_attach(struct viommu *v, uint32_t domain, uint32_t stream);
int viommu_request_detach(struct viommu *v, uint32_t domain, uint32_t stream);
int viommu_request_map(struct viommu *v, uint32_t domain, const struct viommu_range *r);
int viommu_request_unmap(struct viommu *v, uint32_t domain, const struct viommu_range *r);

/*
 * Asks which addresses the endpoint cannot have translated and calls `reserved` for each range;
 * stops at the first that answers not 0.
 */
int viommu_request_probe(struct viommu *v, uint32_t stream,
			 int (*reserved)(void *ctx, iova_t first, iova_t last, bool msi),
			 void *ctx);

/* Gives the device its event buffers. */
void viommu_events_start(struct viommu *v);
int viommu_fault_next(struct iommu_unit *u, struct iommu_fault *out);

#endif
