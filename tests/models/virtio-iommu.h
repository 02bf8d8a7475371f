/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio IOMMU on PCI as hardware would be, written from VIRTIO 1.2 (2.7, 4.1, 5.13) and
 * independently of iommu/: its registers, its queues in the model's memory, and what it lets
 * devices do. Every request it carries out is remembered.
 *
 * Endpoints are what model_viommu_create() is told exists; a request about another one is answered
 * NOENT.
 */
#ifndef MODEL_VIRTIO_IOMMU_H
#define MODEL_VIRTIO_IOMMU_H

#include <postern/types.h>

struct model_viommu_config {
	bool boot_bypass;      /* endpoints without a domain pass at first */
	bool no_bypass_config; /* VIRTIO_IOMMU_F_BYPASS_CONFIG is not offered */
	bool no_map;           /* nor F_MAP_UNMAP */
	bool no_probe, no_mmio;
	bool legacy;                        /* no VIRTIO_F_VERSION_1 */
	uint64_t page_sizes;                /* 0: every power of two from 4 KiB on */
	uint64_t input_last;                /* 0: no F_INPUT_RANGE */
	uint32_t domain_first, domain_last; /* both 0: no F_DOMAIN_RANGE */
	uint64_t msi_first, msi_last;       /* endpoints' RESV_MEM of subtype MSI; 0: none */
	uint64_t hole_first, hole_last;     /* of subtype RESERVED */
};

struct model_viommu;

#define MODEL_VIOMMU_BAR           0x4000u
/* Blocks in the BAR, for the capabilities a test writes into config space. */
#define MODEL_VIOMMU_COMMON        0x0000u
#define MODEL_VIOMMU_NOTIFY        0x1000u
#define MODEL_VIOMMU_DEVICE        0x2000u
#define MODEL_VIOMMU_NOTIFY_FACTOR 4u

/* Registers at [base, base + MODEL_VIOMMU_BAR). It lives until model_reset(). */
struct model_viommu *model_viommu_create(hpa_t base, const struct model_viommu_config *config);

/* A transaction of an endpoint: true when it reaches memory, at *out. */
bool model_viommu_dma(struct model_viommu *m, uint32_t endpoint, uint64_t iova, bool write,
		      hpa_t *out);

/* Requests carried out, by type (1 attach .. 5 probe). */
unsigned model_viommu_requests(const struct model_viommu *m, unsigned type);
/* Whether it may fetch from memory (its function's Bus Master); false at first. */
void model_viommu_set_master(struct model_viommu *m, bool on);
/* Transactions that got through without a domain. */
unsigned model_viommu_bypassed(const struct model_viommu *m);
bool model_viommu_running(const struct model_viommu *m); /* DRIVER_OK */

/* ---- how to break it ---- */

/* From the n-th request on (1: the next) nothing is answered. 0: answers again. */
void model_viommu_stop(struct model_viommu *m, unsigned n);
/* The n-th request from now is refused with this status. */
void model_viommu_refuse(struct model_viommu *m, unsigned n, unsigned status);
/* Requests come back under this descriptor. */
void model_viommu_wrong_descriptor(struct model_viommu *m, unsigned descriptor);
void model_viommu_keep_bypass(struct model_viommu *m); /* the switch does not move */
void model_viommu_never_reset(struct model_viommu *m);
void model_viommu_refuse_features(struct model_viommu *m);
void model_viommu_needs_reset(struct model_viommu *m);

#endif
