/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the virtual GICv3 share. See vgic-v3.h for the contract, docs/hardware/gicv3.md
 * for the picture.
 *
 * An interrupt (struct vgic_irq) is in one place at a time:
 *   in a list register   lr >= 0: `vcpu` holds it; the hardware changes its state at any time
 *   in a vCPU's queue    queued: it should get a list register of `vcpu`
 *   nowhere              nothing to deliver
 * Software state is complete when it is not in a list register. While it is, `pending` means
 * "pending again, on top of what the list register has", and requests to take state away are left
 * in clear_pending, clear_active and withdrawn until the owning vCPU folds its list registers.
 *
 * Everything below is protected by vgic->lock unless it says otherwise.
 */
#ifndef IRQ_VGIC_V3_INTERNAL_H
#define IRQ_VGIC_V3_INTERNAL_H

#include <stdatomic.h>

#include <postern/platform.h>
#include <postern/zone.h>

#include "gic-v3-regs.h"
#include "gic-v3.h"
#include "vgic-v3.h"

#define VGIC_NO_VCPU       0xffu
#define VGIC_PRIVATE       32u   /* SGIs and PPIs of each vCPU */
#define VGIC_PRIORITY_MASK 0xf8u /* 32 levels, what list registers are sure to compare */

struct vgic_irq {
	struct vgic_irq *next, *prev; /* in a vCPU's queue */
	uint32_t intid;
	uint32_t pintid; /* when hw */
	uint8_t priority;
	uint8_t target; /* vCPU it goes to, or VGIC_NO_VCPU */
	uint8_t vcpu;   /* whose queue or list register it is in */
	int8_t lr;      /* list register, or -1 */
	bool queued;
	bool enabled;
	bool group1;
	bool level;                       /* as the guest configured it (GICD_ICFGR) */
	bool hw;                          /* linked to physical interrupt pintid */
	bool pending;                     /* latched */
	bool line;                        /* level of the input */
	bool active;                      /* and not in a list register */
	bool clear_pending, clear_active; /* requests, while in a list register */
	bool withdrawn;                   /* the same: its mapping is gone, keep nothing */
};

struct vgic_lr {
	struct vgic_irq *irq;
	uint64_t value; /* as last read or written */
	bool latched;   /* its pending bit came from irq->pending, not from a level line */
};

struct vgic_vcpu {
	/* Read without the lock by vgic_flush(): set when list registers or queue need a look. */
	atomic_bool dirty;
	uint8_t index;
	bool asleep;       /* GICR_WAKER.ProcessorSleep */
	bool lpis_enabled; /* GICR_CTLR.EnableLPIs */
	unsigned lr_count; /* what the CPU has; 0 until vgic_vcpu_reset(): nothing is delivered */
	uint32_t lr_used;  /* bit n: lr[n] holds an interrupt */
	uint64_t hcr;      /* ICH_HCR_EL2 as last written */
	struct vgic_lr lr[ICH_LR_MAX];
	struct vgic_irq *queue; /* circular, NULL when empty */
	unsigned spilled;       /* of the queue, how many are active */
	uint64_t pendbaser;
	struct vgic_vcpu_stats stats;
	struct vgic_irq private[VGIC_PRIVATE];
};

/* ---- ITS ------------------------------------------------------------------------------------- */

#define VGIC_COLLECTIONS 16u
#define VITS_DEVICE_BITS 16u
#define VITS_INTIDS      65536u /* LPIs 8192 .. 65535 */

struct vits_event {
	struct vgic_irq irq; /* intid 0: not mapped */
	uint16_t collection;
};

struct vits_device {
	bool valid;
	uint32_t id;
	uint32_t events; /* as many as the guest's table holds; config.its_events at most count */
	struct vits_event *event;
};

struct vits {
	bool enabled;
	bool stalled;    /* CREADR.Stalled: until the guest writes CWRITER.Retry */
	bool processing; /* a CPU is working on the queue */
	uint64_t cbaser, cwriter, creadr;
	uint64_t baser[2]; /* devices, collections: what the guest wrote; the memory is not used */
	struct vits_device *device;
	uint8_t collection[VGIC_COLLECTIONS]; /* vCPU, or VGIC_NO_VCPU */
	uint8_t *lpi_used; /* bit n: LPI 8192 + n is mapped; one LPI has one event */
	struct vgic_its_stats stats;
};

struct vgic {
	struct lock lock;
	struct vgic_config config;
	size_t pages;           /* of this allocation, which holds all arrays */
	uint32_t ctlr;          /* GICD_CTLR group enables */
	uint64_t propbaser;     /* one for all redistributors */
	uint32_t kick;          /* vCPUs to kick when the lock is released */
	struct vgic_irq *spi;   /* config.spis of them */
	uint64_t *router;       /* GICD_IROUTER of each */
	struct vgic_vcpu *vcpu; /* config.vcpus of them */
	struct vits its;
};

/* ---- vgic-v3.c ------------------------------------------------------------------------------- */

void vgic_lock(struct vgic *g);
/* Then kicks every vCPU that was marked meanwhile. */
void vgic_unlock(struct vgic *g);

/*
 * The SGI, PPI (of that vCPU) or SPI with this number; NULL when the zone has none. Not for LPIs.
 */
struct vgic_irq *vgic_irq_find(struct vgic *g, unsigned vcpu, uint32_t intid);
/* vCPU with this MPIDR-form affinity, or VGIC_NO_VCPU. */
uint8_t vgic_vcpu_by_affinity(const struct vgic *g, uint64_t affinity);
/*
 * Power-on state of one interrupt that is in no queue and no list register; links and lines stay.
 */
void vgic_irq_reset(struct vgic_irq *irq, uint32_t intid, uint8_t target);

/* ---- vgic-v3-lr.c: delivery. Lock held. ------------------------------------------------------ */

/* Pending seen from outside list registers. */
static inline bool vgic_irq_pending(const struct vgic_irq *irq)
{
	return irq->pending || (irq->level && irq->line);
}

/* Call after any change of the interrupt's state: brings it in or out of a queue, marks vCPUs. */
void vgic_irq_update(struct vgic *g, struct vgic_irq *irq);
/* Takes it out of its queue, if any. Pre: not in a list register. */
void vgic_irq_dequeue(struct vgic *g, struct vgic_irq *irq);
/* The vCPU must look at its list registers. */
void vgic_vcpu_mark(struct vgic *g, unsigned vcpu);

/* Requests, which act at once outside list registers and at the next fold inside. */
void vgic_irq_clear_pending(struct vgic *g, struct vgic_irq *irq);
void vgic_irq_clear_active(struct vgic *g, struct vgic_irq *irq);
void vgic_irq_set_enabled(struct vgic *g, struct vgic_irq *irq, bool enabled);
/* State including the list register as last seen: settle first. */
bool vgic_irq_shows_pending(const struct vgic *g, const struct vgic_irq *irq);
bool vgic_irq_shows_active(const struct vgic *g, const struct vgic_irq *irq);

/*
 * Own, lock held: list registers to software state, requests carried out, list registers filled
 * anew.
 */
void vgic_vcpu_refresh(struct vgic *g, struct vgic_vcpu *c);

/*
 * Lock NOT held, on `self`'s CPU: makes the vCPUs of the mask look at their list registers: self at
 * once, the others by a kick, waiting a bounded time for them.
 */
void vgic_settle(struct vgic *g, unsigned self, uint32_t vcpus);

/* ---- register frames: aligned offset inside the frame, size 1, 2, 4 or 8. Lock not held. ----- */

uint64_t vgic_dist_read(struct vgic *g, unsigned vcpu, unsigned offset, unsigned size);
void vgic_dist_write(struct vgic *g, unsigned vcpu, unsigned offset, unsigned size, uint64_t value);
/* `frame_vcpu`: whose redistributor is accessed. */
uint64_t vgic_redist_read(struct vgic *g, unsigned vcpu, unsigned frame_vcpu, unsigned offset,
			  unsigned size);
void vgic_redist_write(struct vgic *g, unsigned vcpu, unsigned frame_vcpu, unsigned offset,
		       unsigned size, uint64_t value);
uint64_t vgic_its_read(struct vgic *g, unsigned vcpu, unsigned offset, unsigned size);
void vgic_its_write(struct vgic *g, unsigned vcpu, unsigned offset, unsigned size, uint64_t value);

/* ---- vgic-v3-irqregs.c: registers of a field per interrupt, GICD's and the SGI frame's ------- */

/*
 * True when `offset` (0x80 .. 0xdff, from the start of GICD or of the SGI frame) is one of them.
 * INTIDs [first, last) exist in this frame; the others' fields read 0 and ignore writes.
 */
bool vgic_irqregs_access(struct vgic *g, unsigned vcpu, unsigned frame_vcpu, uint32_t first,
			 uint32_t last, unsigned offset, unsigned size, bool write,
			 uint64_t *value);

/* ---- vgic-v3-its.c: registers, messages, the queue ------------------------------------------- */

/*
 * Lock held. All devices, collections and registers as after power-on. Pre: no interrupt is queued
 * or loaded.
 */
void vits_reset(struct vgic *g);
/* Bytes of the arrays vits_place() takes from the vgic's allocation. */
size_t vits_bytes(const struct vgic_config *config);
void vits_place(struct vgic *g, uint8_t *memory);
/*
 * Lock held: LPIs of this vCPU (VGIC_NO_VCPU: all) are looked at again, because an enable changed.
 */
void vits_update_lpis(struct vgic *g, uint8_t vcpu);

/* ---- vgic-v3-its-cmd.c: one command ---------------------------------------------------------- */

enum vits_result {
	VITS_DONE,
	VITS_ERROR, /* refused: nothing changed */
	VITS_AGAIN, /* not yet: settle `vcpus`, in whose list registers it is, and repeat */
};

struct vits_outcome {
	/* Whose route changed. */
	enum { VITS_TELL_NOBODY, VITS_TELL_EVENT, VITS_TELL_COLLECTION } tell;
	uint32_t device, event;
	uint16_t collection;
	uint32_t vcpus;
	unsigned cost; /* beyond 1, in units of a simple command */
};

/* Lock held. */
enum vits_result vits_command(struct vgic *g, const struct its_command *cmd,
			      struct vits_outcome *out);
/* Lock held. The mapped event, or NULL. */
struct vits_event *vits_event_find(struct vgic *g, uint32_t device_id, uint32_t event);

/*
 * Where a 64-bit register accessed in a half (size 4) or whole has its bits; merging a write into
 * an old value.
 */
static inline uint64_t reg64_read(uint64_t reg, unsigned offset, unsigned size)
{
	return size == 8 ? reg : reg >> (offset & 4 ? 32 : 0) & UINT32_MAX;
}

static inline uint64_t reg64_merge(uint64_t old, unsigned offset, unsigned size, uint64_t value)
{
	if (size == 8)
		return value;
	if (offset & 4)
		return (old & UINT32_MAX) | value << 32;
	return (old & ~(uint64_t)UINT32_MAX) | (value & UINT32_MAX);
}

/*
 * Peripheral and component identification registers (offset >= GIC_ID_REGS), the same in every
 * frame.
 */
uint32_t vgic_id_read(unsigned offset);

/*
 * Memory attributes a table or queue register reads back: what the host will do, as near as the
 * guest's wish.
 */
uint64_t vgic_table_attributes(uint64_t value, uint64_t share, uint64_t inner);

#endif
