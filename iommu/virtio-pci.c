// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtio device on PCI: register blocks, status, features, and a polled split queue. Contract,
 * locking and specification in virtio-pci.h.
 *
 * The device is hardware to us: what it writes into a ring is checked before it is used.
 */
#include "virtio-pci.h"

#include <linux/pci_regs.h>
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/host.h>

#define TAG "virtio " SBDF_FMT ": "

/* Vendor-specific capability (4.1.4). */
#define CAP_CFG_TYPE          3u
#define CAP_BAR               4u
#define CAP_OFFSET            8u
#define CAP_LENGTH            12u
#define CAP_NOTIFY_MULTIPLIER 16u

#define CFG_COMMON 1u
#define CFG_NOTIFY 2u
#define CFG_DEVICE 4u

/* Common configuration (4.1.4.3). 64-bit fields are written as two of 32 bits. */
#define COMMON_DEVICE_FEATURE_SELECT 0x00u
#define COMMON_DEVICE_FEATURE        0x04u
#define COMMON_DRIVER_FEATURE_SELECT 0x08u
#define COMMON_DRIVER_FEATURE        0x0cu
#define COMMON_MSIX_CONFIG           0x10u
#define COMMON_NUM_QUEUES            0x12u
#define COMMON_DEVICE_STATUS         0x14u
#define COMMON_QUEUE_SELECT          0x16u
#define COMMON_QUEUE_SIZE            0x18u
#define COMMON_QUEUE_MSIX            0x1au
#define COMMON_QUEUE_ENABLE          0x1cu
#define COMMON_QUEUE_NOTIFY_OFF      0x1eu
#define COMMON_QUEUE_DESC            0x20u
#define COMMON_QUEUE_DRIVER          0x28u
#define COMMON_QUEUE_DEVICE          0x30u
#define COMMON_SIZE                  0x38u

#define NO_VECTOR 0xffffu

/* Device status (2.1). */
#define STATUS_ACKNOWLEDGE 0x01u
#define STATUS_DRIVER      0x02u
#define STATUS_DRIVER_OK   0x04u
#define STATUS_FEATURES_OK 0x08u
#define STATUS_NEEDS_RESET 0x40u
#define STATUS_FAILED      0x80u

/* Split queue (2.7.5, 2.7.6, 2.7.8). */
struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};
_Static_assert(sizeof(struct descriptor) == 16, "a descriptor's layout");
#define DESC_NEXT  1u
#define DESC_WRITE 2u

struct available_ring {
	uint16_t flags, index;
	uint16_t ring[VIRTIO_QUEUE_SIZE];
};
#define AVAILABLE_NO_INTERRUPT 1u

struct used_ring {
	uint16_t flags, index;
	struct {
		uint32_t id, length;
	} ring[VIRTIO_QUEUE_SIZE];
};

struct queue_memory {
	struct descriptor descriptors[VIRTIO_QUEUE_SIZE];
	struct available_ring available;
	struct used_ring used __attribute__((aligned(4)));
};
_Static_assert(sizeof(struct queue_memory) <= 4096, "a queue fits into a page");

/* ---- finding the registers ---- */

static uint32_t config(const struct pci_function *f, unsigned offset, unsigned size)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint32_t)f->snapshot[offset + i] << 8 * i;
	return v;
}

static int refuse(const struct pci_function *f, const char *why)
{
	host_log(LOG_ERROR, TAG "%s", SBDF_ARG(f->sbdf), why);
	return -ENODEV;
}

/* The first capability of a type counts (4.1.4.1). */
static struct virtio_block *block_of(struct virtio_pci *v, unsigned type)
{
	struct virtio_block *b = type == CFG_COMMON   ? &v->common
				 : type == CFG_NOTIFY ? &v->notify
				 : type == CFG_DEVICE ? &v->device
						      : NULL;

	return b && !b->base ? b : NULL;
}

static int add_block(struct virtio_pci *v, unsigned cap)
{
	const struct pci_function *f = v->f;
	const unsigned type = config(f, cap + CAP_CFG_TYPE, 1), bar = config(f, cap + CAP_BAR, 1);
	const uint32_t offset = config(f, cap + CAP_OFFSET, 4);
	const uint32_t length = config(f, cap + CAP_LENGTH, 4);
	struct virtio_block *b = block_of(v, type);

	if (!b)
		return 0;
	if (bar >= PCI_BAR_COUNT || !f->bars[bar].bus || f->bars[bar].kind == PCI_BAR_IO)
		return refuse(f, "its registers are in a BAR that has no place");
	if (!length || !range_inside(offset, length, 0, f->bars[bar].size))
		return refuse(f, "a register block lies outside its BAR");
	*b = (struct virtio_block){ .base = f->bars[bar].cpu + offset, .size = length };
	if (type == CFG_NOTIFY)
		v->notify_multiplier = config(f, cap + CAP_NOTIFY_MULTIPLIER, 4);
	return 0;
}

int virtio_pci_find(struct virtio_pci *v, const struct pci_function *f)
{
	unsigned cap = config(f, PCI_CAPABILITY_LIST, 1) & 0xfc;

	*v = (struct virtio_pci){ .f = f };
	/* 48 capabilities fill the space there is: a list that is longer runs in a circle. */
	for (unsigned n = 0; cap >= 0x40 && n < 48; n++) {
		if (config(f, cap, 1) == PCI_CAP_ID_VNDR &&
		    cap <= 0x100 - CAP_NOTIFY_MULTIPLIER - 4) {
			int err = add_block(v, cap);

			if (err)
				return err;
		}
		cap = config(f, cap + PCI_CAP_LIST_NEXT, 1) & 0xfc;
	}
	if (v->common.size < COMMON_SIZE || !v->notify.base || !v->device.base)
		return refuse(f, "no modern virtio device: a register block is missing");
	return 0;
}

/* ---- status and features ---- */

static uint32_t status(const struct virtio_pci *v)
{
	return mmio_read8(v->common.base + COMMON_DEVICE_STATUS);
}

static void add_status(const struct virtio_pci *v, uint32_t bits)
{
	mmio_write8(v->common.base + COMMON_DEVICE_STATUS, (uint8_t)(status(v) | bits));
}

int virtio_pci_reset(const struct virtio_pci *v)
{
	const uint64_t deadline = host_time_ns() + VIRTIO_TIMEOUT_NS;
	bool late = false;

	mmio_write8(v->common.base + COMMON_DEVICE_STATUS, 0);
	while (status(v)) {
		if (late) {
			host_log(LOG_ERROR, TAG "its reset does not end", SBDF_ARG(v->f->sbdf));
			return -ETIMEDOUT;
		}
		/* One more look after the deadline: this CPU may have been away. */
		late = host_time_ns() > deadline;
		arch_relax();
	}
	add_status(v, STATUS_ACKNOWLEDGE);
	add_status(v, STATUS_DRIVER);
	mmio_write16(v->common.base + COMMON_MSIX_CONFIG, NO_VECTOR);
	return 0;
}

uint64_t virtio_pci_offered(const struct virtio_pci *v)
{
	uint64_t features;

	mmio_write32(v->common.base + COMMON_DEVICE_FEATURE_SELECT, 0);
	features = mmio_read32(v->common.base + COMMON_DEVICE_FEATURE);
	mmio_write32(v->common.base + COMMON_DEVICE_FEATURE_SELECT, 1);
	return features | (uint64_t)mmio_read32(v->common.base + COMMON_DEVICE_FEATURE) << 32;
}

int virtio_pci_negotiate(const struct virtio_pci *v, uint64_t features)
{
	mmio_write32(v->common.base + COMMON_DRIVER_FEATURE_SELECT, 0);
	mmio_write32(v->common.base + COMMON_DRIVER_FEATURE, (uint32_t)features);
	mmio_write32(v->common.base + COMMON_DRIVER_FEATURE_SELECT, 1);
	mmio_write32(v->common.base + COMMON_DRIVER_FEATURE, (uint32_t)(features >> 32));
	add_status(v, STATUS_FEATURES_OK);
	if (status(v) & STATUS_FEATURES_OK)
		return 0;
	host_log(LOG_ERROR, TAG "it does not accept features 0x%llx", SBDF_ARG(v->f->sbdf),
		 (unsigned long long)features);
	return -EIO;
}

int virtio_pci_run(const struct virtio_pci *v)
{
	add_status(v, STATUS_DRIVER_OK);
	return virtio_pci_broken(v) ? -EIO : 0;
}

void virtio_pci_give_up(const struct virtio_pci *v)
{
	mmio_write8(v->common.base + COMMON_DEVICE_STATUS, 0);
	add_status(v, STATUS_FAILED);
}

bool virtio_pci_broken(const struct virtio_pci *v)
{
	return status(v) & STATUS_NEEDS_RESET;
}

/* ---- the queue ---- */

static void write_address(const struct virtio_pci *v, unsigned reg, const void *va)
{
	const hpa_t pa = host_virt_to_phys(va);

	mmio_write32(v->common.base + reg, (uint32_t)pa);
	mmio_write32(v->common.base + reg + 4, (uint32_t)(pa >> 32));
}

int virtio_queue_init(struct virtio_queue *q, const struct virtio_pci *v, unsigned index)
{
	const hpa_t common = v->common.base;
	struct queue_memory *m;
	uint64_t offset;
	unsigned size;

	*q = (struct virtio_queue){ .device = v, .index = index };
	if (index >= mmio_read16(common + COMMON_NUM_QUEUES))
		return refuse(v->f, "it lacks a queue");
	mmio_write16(common + COMMON_QUEUE_SELECT, (uint16_t)index);
	size = mmio_read16(common + COMMON_QUEUE_SIZE);
	offset = (uint64_t)mmio_read16(common + COMMON_QUEUE_NOTIFY_OFF) * v->notify_multiplier;
	if (size < 2 || (size & (size - 1)))
		return refuse(v->f, "one of its queues has no usable size");
	if (!range_inside(offset, 2, 0, v->notify.size))
		return refuse(v->f, "a queue's notification lies outside its block");
	q->size = size < VIRTIO_QUEUE_SIZE ? size : VIRTIO_QUEUE_SIZE;
	q->doorbell = v->notify.base + offset;
	q->memory = m = host_pages_alloc(1, PAGE_SIZE);
	if (!m)
		return -ENOMEM;
	m->available.flags = AVAILABLE_NO_INTERRUPT;
	mmio_write16(common + COMMON_QUEUE_SIZE, (uint16_t)q->size);
	mmio_write16(common + COMMON_QUEUE_MSIX, NO_VECTOR);
	write_address(v, COMMON_QUEUE_DESC, m->descriptors);
	write_address(v, COMMON_QUEUE_DRIVER, &m->available);
	write_address(v, COMMON_QUEUE_DEVICE, &m->used);
	arch_write_barrier();
	mmio_write16(common + COMMON_QUEUE_ENABLE, 1);
	return 0;
}

void virtio_queue_free(struct virtio_queue *q)
{
	host_pages_free(q->memory, 1);
	q->memory = NULL;
}

void virtio_queue_offer(struct virtio_queue *q, unsigned first, const struct virtio_buffer *buffers,
			unsigned count)
{
	struct queue_memory *m = q->memory;

	for (unsigned i = 0; i < count; i++)
		m->descriptors[first + i] = (struct descriptor){
			.address = buffers[i].base,
			.length = buffers[i].size,
			.flags = (uint16_t)((i + 1 < count ? DESC_NEXT : 0) |
					    (buffers[i].in ? DESC_WRITE : 0)),
			.next = (uint16_t)(first + i + 1),
		};
	m->available.ring[q->available & (q->size - 1)] = (uint16_t)first;
	/* The device sees the chain, then that there is one more. */
	arch_write_barrier();
	__atomic_store_n(&m->available.index, ++q->available, __ATOMIC_RELEASE);
}

void virtio_queue_notify(const struct virtio_queue *q)
{
	arch_full_barrier();
	mmio_write16(q->doorbell, (uint16_t)q->index);
}

int virtio_queue_take(struct virtio_queue *q, unsigned *first, uint32_t *written)
{
	const struct queue_memory *m = q->memory;
	const unsigned slot = q->seen & (q->size - 1);

	if (__atomic_load_n(&m->used.index, __ATOMIC_ACQUIRE) == q->seen)
		return 0;
	arch_read_barrier();
	*first = m->used.ring[slot].id;
	*written = m->used.ring[slot].length;
	q->seen++;
	return *first < q->size ? 1 : -EIO;
}
