/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layouts of the virtio IOMMU device: Virtual I/O Device (VIRTIO) Version 1.2, 5.13. All
 * little-endian. The tests' model writes these numbers down again.
 */
#ifndef IOMMU_VIRTIO_IOMMU_REGS_H
#define IOMMU_VIRTIO_IOMMU_REGS_H

#include <postern/types.h>

/* Queues (5.13.2) */
#define VIOMMU_REQUEST_QUEUE 0u
#define VIOMMU_EVENT_QUEUE   1u

/* Features (5.13.3) */
#define VIOMMU_F_INPUT_RANGE   BIT64(0)
#define VIOMMU_F_DOMAIN_RANGE  BIT64(1)
#define VIOMMU_F_MAP_UNMAP     BIT64(2)
#define VIOMMU_F_PROBE         BIT64(4)
#define VIOMMU_F_MMIO          BIT64(5)
#define VIOMMU_F_BYPASS_CONFIG BIT64(6)

/* Device configuration (5.13.4) */
#define VIOMMU_PAGE_SIZE_MASK 0x00u
#define VIOMMU_INPUT_START    0x08u
#define VIOMMU_INPUT_END      0x10u
#define VIOMMU_DOMAIN_START   0x18u
#define VIOMMU_DOMAIN_END     0x1cu
#define VIOMMU_PROBE_SIZE     0x20u
#define VIOMMU_BYPASS         0x24u
#define VIOMMU_CONFIG_SIZE    0x28u

/* Requests (5.13.6) */
#define VIOMMU_ATTACH 1u
#define VIOMMU_DETACH 2u
#define VIOMMU_MAP    3u
#define VIOMMU_UNMAP  4u
#define VIOMMU_PROBE  5u

#define VIOMMU_MAP_READ  1u
#define VIOMMU_MAP_WRITE 2u
#define VIOMMU_MAP_MMIO  4u

struct viommu_head {
	uint8_t type, reserved[3];
};

struct viommu_tail {
	uint8_t status, reserved[3];
};

struct viommu_attach {
	struct viommu_head head;
	uint32_t domain, endpoint, flags;
	uint8_t reserved[4];
};
_Static_assert(sizeof(struct viommu_attach) == 20, "ATTACH without its tail");

struct viommu_detach {
	struct viommu_head head;
	uint32_t domain, endpoint;
	uint8_t reserved[8];
};
_Static_assert(sizeof(struct viommu_detach) == 20, "DETACH without its tail");

struct __attribute__((packed)) viommu_map {
	struct viommu_head head;
	uint32_t domain;
	uint64_t virt_start, virt_end, phys_start;
	uint32_t flags;
};
_Static_assert(sizeof(struct viommu_map) == 36, "MAP without its tail");

struct __attribute__((packed)) viommu_unmap {
	struct viommu_head head;
	uint32_t domain;
	uint64_t virt_start, virt_end;
	uint8_t reserved[4];
};
_Static_assert(sizeof(struct viommu_unmap) == 28, "UNMAP without its tail");

struct viommu_probe {
	struct viommu_head head;
	uint32_t endpoint;
	uint8_t reserved[64];
};
_Static_assert(sizeof(struct viommu_probe) == 72, "PROBE without properties and tail");

/* Properties (5.13.6.7) */
#define VIOMMU_PROPERTY_TYPE     0x0fffu
#define VIOMMU_PROPERTY_RESERVED 1u /* RESV_MEM */

struct viommu_property {
	uint16_t type, length; /* of what follows */
};

#define VIOMMU_RESERVED_MSI 1u

struct viommu_reserved {
	uint8_t subtype, reserved[3];
	uint64_t start, end;
} __attribute__((packed));
_Static_assert(sizeof(struct viommu_reserved) == 20, "RESV_MEM without its property head");

/* Status in a request's tail (5.13.6.2) */
#define VIOMMU_S_OK     0u
#define VIOMMU_S_UNSUPP 2u
#define VIOMMU_S_RANGE  5u
#define VIOMMU_S_NOENT  6u
#define VIOMMU_S_NOMEM  8u

/* Events (5.13.6.9) */
#define VIOMMU_FAULT_DOMAIN  1u
#define VIOMMU_FAULT_MAPPING 2u
#define VIOMMU_FAULT_READ    BIT32(0)
#define VIOMMU_FAULT_WRITE   BIT32(1)
#define VIOMMU_FAULT_ADDRESS BIT32(8)

struct viommu_fault {
	uint8_t reason, reserved0[3];
	uint32_t flags, endpoint;
	uint8_t reserved1[4];
	uint64_t address;
};
_Static_assert(sizeof(struct viommu_fault) == 24, "a fault record");

#endif
