/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt contract, physical and virtual side.
 *
 * Physical: an MSI unit owns vectors. A vector is reserved for one function of one zone when the
 * function is assigned and freed when it is released; the message that the device sends is composed
 * here and nowhere else (invariant V3). Virtual: the zone's kernel programs a modelled controller;
 * what it writes as MSI address and data is data to us.
 *
 * The record (zone, guest message) -> vector carries a mode: IRQ_INJECT takes an exit and injects;
 * IRQ_DIRECT is for hardware that delivers without one. A guest cannot tell the difference.
 */
#ifndef POSTERN_IRQ_H
#define POSTERN_IRQ_H

#include <postern/host.h>
#include <postern/types.h>

#define MAX_MSI_UNITS 4

struct zone;
struct msi_unit;

enum irq_mode { IRQ_INJECT, IRQ_DIRECT };

struct msi_message {
	uint64_t address;
	uint32_t data;
};

/* One physical message interrupt. Owned by the function it was allocated for; its address must not
 * change. */
struct msi_vector {
	struct msi_unit *unit;
	uint32_t device_id; /* as the MSI unit sees the function (msi-map), not assumed to be the
			       requester ID */
	uint16_t index;     /* MSI-X table entry or MSI message number */
	uint16_t cpu;       /* physical CPU it targets: always one of the owner's */
	uint32_t hwirq;     /* the controller's interrupt number, for tables and traces */
	enum irq_mode mode;
	struct zone *owner;
	/* Called on the target CPU, interrupts masked, no lock held, each time it fires. */
	void (*handler)(struct msi_vector *v);
	void *context;  /* the handler's */
	uint64_t fired; /* arrivals since allocation */
};

struct msi_unit_ops {
	const char *name;
	/*
	 * Reserves vectors 0..count-1 of a device and makes each deliverable to `cpu`. Pre:
	 * v[i].owner, handler, context set by the caller; post of 0: unit, device_id, index, cpu,
	 * hwirq, mode filled in. -EBUSY if the device has vectors, -ENOSPC when the unit has not
	 * enough left, -ETIMEDOUT. On error nothing is reserved.
	 */
	int (*vectors_alloc)(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			     unsigned count, unsigned cpu);
	/* After 0 none of them fires again and the handlers are no longer called on any CPU. */
	int (*vectors_free)(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			    unsigned count);
	/* Moves delivery to another CPU of the same owner. An interrupt in flight may still arrive
	 * on the old one. */
	int (*vector_target)(struct msi_vector *v, unsigned cpu);
	/* The message to be written into the device. */
	void (*message)(const struct msi_vector *v, struct msi_message *out);
	/* The page(s) a device writes messages to: to be mapped in every domain, or size 0 when the
	 * IOMMU bypasses it. */
	void (*doorbell)(const struct msi_unit *u, hpa_t *base, uint64_t *size);
};

struct msi_unit {
	const struct msi_unit_ops *ops;
	unsigned index;
	hpa_t base; /* registers, or the doorbell alone */
	uint64_t size;
	uint32_t first, count; /* interrupt numbers firmware sets aside for its messages; count 0:
				  its own */
	struct lock lock;
	void *state;
};

/*
 * The virtual controller a zone's kernel drives, as the PCI side sees it. ctx is the controller's
 * own.
 */
struct virq_ops {
	/*
	 * The zone's device with virtual device id `device_id` sends the message the guest wrote. A
	 * message that is not addressed to the zone's own doorbell, or names an event the guest has
	 * not mapped, is dropped: ACCESS_NONE.
	 */
	enum access_result (*msi)(void *ctx, uint32_t device_id, uint64_t address, uint32_t data);
	/* Which vCPU such a message would reach now; -ENOENT when it would be dropped. */
	int (*msi_vcpu)(void *ctx, uint32_t device_id, uint64_t address, uint32_t data);
	/* Sets a level line (a virtual shared interrupt number) high or low. */
	void (*set_line)(void *ctx, uint32_t vintid, bool level);
};

/* The MSI units a platform may name. */
extern const struct msi_unit_ops gic_its_ops; /* irq/gic-v3-its.c */
extern const struct msi_unit_ops pch_msi_ops; /* irq/pch-msi.c */

#endif
