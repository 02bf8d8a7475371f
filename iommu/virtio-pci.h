/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a virtio device driver needs of its transport: the register blocks of a virtio device on
 * PCI, and one split queue driven by polling. Virtual I/O Device (VIRTIO) Version 1.2: 2.7 (split
 * virtqueues), 3.1 (initialization), 4.1 (PCI transport). Devices of that version only ("modern").
 *
 * The device reaches memory at host-physical addresses and snoops CPU caches, as the specification
 * has it for a device without VIRTIO_F_ACCESS_PLATFORM, or with it and behind no IOMMU.
 *
 * Locking: the caller's. Every wait is bounded by VIRTIO_TIMEOUT_NS.
 */
#ifndef IOMMU_VIRTIO_PCI_H
#define IOMMU_VIRTIO_PCI_H

#include <postern/pci.h>
#include <postern/types.h>

#define VIRTIO_TIMEOUT_NS 1000000000ull

#define VIRTIO_F_VERSION_1       BIT64(32)
#define VIRTIO_F_ACCESS_PLATFORM BIT64(33)

struct virtio_block {
	hpa_t base; /* 0: the device has none */
	uint32_t size;
};

struct virtio_pci {
	const struct pci_function *f;
	struct virtio_block common, notify, device;
	uint32_t notify_multiplier;
};

/*
 * Finds the device's register blocks by its capabilities as captured at boot. -ENODEV: one is
 * missing, outside its BAR, or the BAR has no place; the reason is logged.
 */
int virtio_pci_find(struct virtio_pci *v, const struct pci_function *f);
/* Reset, then ACKNOWLEDGE and DRIVER. -ETIMEDOUT: the reset does not end. */
int virtio_pci_reset(const struct virtio_pci *v);
uint64_t virtio_pci_offered(const struct virtio_pci *v);
/* Accepts features, all of them offered. -EIO: the device does not take this set. */
int virtio_pci_negotiate(const struct virtio_pci *v, uint64_t features);
/* DRIVER_OK: the device runs. -EIO: it asks for a reset. */
int virtio_pci_run(const struct virtio_pci *v);
/* The device is reset and, as far as it follows, stays so. */
void virtio_pci_give_up(const struct virtio_pci *v);
/* It has met an error it cannot recover from (DEVICE_NEEDS_RESET). */
bool virtio_pci_broken(const struct virtio_pci *v);

/* A buffer the device reads (in == false) or writes. */
struct virtio_buffer {
	hpa_t base;
	uint32_t size;
	bool in;
};

#define VIRTIO_QUEUE_SIZE 64u

struct virtio_queue {
	const struct virtio_pci *device;
	hpa_t doorbell;
	void *memory; /* one page: descriptors, available ring, used ring */
	unsigned index, size;
	uint16_t available, seen; /* entries made available, used entries taken back */
};

/* Gives the device a queue. -ENODEV: it has no such queue; -ENOMEM. */
int virtio_queue_init(struct virtio_queue *q, const struct virtio_pci *v, unsigned index);
/* Pre: the device is reset. */
void virtio_queue_free(struct virtio_queue *q);
/*
 * Makes a chain of buffers available, in descriptors first..first+count-1 of the caller's choice
 * (below size). The caller keeps a descriptor until its chain came back.
 */
void virtio_queue_offer(struct virtio_queue *q, unsigned first, const struct virtio_buffer *buffers,
			unsigned count);
void virtio_queue_notify(const struct virtio_queue *q);
/*
 * The next chain that came back: 1 with its first descriptor and how many bytes the device says it
 * wrote; 0: none; -EIO: the device names a descriptor that does not exist.
 */
int virtio_queue_take(struct virtio_queue *q, unsigned *first, uint32_t *written);

#endif
