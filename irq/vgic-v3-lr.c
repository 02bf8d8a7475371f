// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Delivery of virtual interrupts: queues and list registers. Arm IHI 0069H, chapter 6 and
 * ICH_LR<n>_EL2.
 *
 * List registers belong to one vCPU for good and stay loaded across exits. vgic_vcpu_refresh() runs
 * only when somebody marked the vCPU: it folds them (reads what the guest did to them), carries out
 * requests of register writes, and fills free ones from the queue, best priority first. Three
 * events come back by maintenance interrupt:
 *   ICH_LR.EOI         a level interrupt of ours was deactivated: the line is sampled again
 *   ICH_HCR.NPIE       all pending ones were taken, and more are queued
 *   ICH_HCR.LRENPIE    an active one in no list register was deactivated, and EOIcount says how
 *                      many. Which ones the hardware does not say: those with the best priority,
 *                      as with nested handlers.
 *
 * Linked to hardware (HW = 1): the physical interrupt is active from its acknowledgement until the
 * guest deactivates the virtual one. Whoever drops such an interrupt in software deactivates the
 * physical one, else it would stay silent for ever; if its line is still high it comes again.
 *
 * Locking: vgic->lock held, except vgic_flush(), vgic_maintenance(), vgic_vcpu_reset() and
 * vgic_settle(), which take it.
 */
#include <postern/host.h>

#include "gic-sysregs.h"
#include "vgic-v3-internal.h"

/*
 * How long a register access waits for another vCPU's list registers. Past it the last known state
 * counts.
 */
#define SETTLE_US 1000u

#define NO_LR (-1)

/* ---- queue ----------------------------------------------------------------------------------- */

static void enqueue(struct vgic_vcpu *c, struct vgic_irq *irq)
{
	if (c->queue) {
		irq->next = c->queue;
		irq->prev = c->queue->prev;
		irq->prev->next = irq;
		irq->next->prev = irq;
	} else {
		irq->next = irq->prev = irq;
		c->queue = irq;
	}
	irq->queued = true;
	c->spilled += irq->active;
}

void vgic_irq_dequeue(struct vgic *g, struct vgic_irq *irq)
{
	struct vgic_vcpu *c = &g->vcpu[irq->vcpu];

	if (!irq->queued)
		return;
	irq->prev->next = irq->next;
	irq->next->prev = irq->prev;
	if (c->queue == irq)
		c->queue = irq->next == irq ? NULL : irq->next;
	irq->next = irq->prev = NULL;
	irq->queued = false;
	c->spilled -= irq->active;
}

void vgic_vcpu_mark(struct vgic *g, unsigned vcpu)
{
	atomic_store_explicit(&g->vcpu[vcpu].dirty, true, memory_order_release);
	g->kick |= BIT32(vcpu);
}

/* The guest wants to hear of it, on `target`, whatever its pending state. */
static bool may_deliver(const struct vgic *g, const struct vgic_irq *irq)
{
	if (!irq->enabled || irq->target == VGIC_NO_VCPU)
		return false;
	if (!(g->ctlr & (irq->group1 ? GICD_CTLR_GRP1 : GICD_CTLR_GRP0)))
		return false;
	return irq->intid < GIC_LPI_FIRST || g->vcpu[irq->target].lpis_enabled;
}

static bool deliverable(const struct vgic *g, const struct vgic_irq *irq)
{
	return vgic_irq_pending(irq) && may_deliver(g, irq);
}

void vgic_irq_update(struct vgic *g, struct vgic_irq *irq)
{
	if (irq->lr != NO_LR) {
		vgic_vcpu_mark(g, irq->vcpu);
		return;
	}
	vgic_irq_dequeue(g, irq);
	if (!irq->active) {
		if (!deliverable(g, irq))
			return;
		irq->vcpu = irq->target;
	}
	enqueue(&g->vcpu[irq->vcpu], irq);
	vgic_vcpu_mark(g, irq->vcpu);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void physical_deactivate(struct vgic *g, const struct vgic_irq *irq)
{
	gic_v3_clear_active(g->config.zone->cpus[irq->vcpu], irq->pintid);
}

void vgic_irq_clear_pending(struct vgic *g, struct vgic_irq *irq)
{
	bool was = irq->pending;

	irq->pending = false;
	if (irq->lr != NO_LR)
		irq->clear_pending = true;
	else if (irq->hw && was && !irq->active)
		physical_deactivate(g, irq);
	vgic_irq_update(g, irq);
}

void vgic_irq_clear_active(struct vgic *g, struct vgic_irq *irq)
{
	if (irq->lr != NO_LR) {
		irq->clear_active = true;
	} else if (irq->active) {
		vgic_irq_dequeue(g, irq);
		irq->active = false;
		if (irq->hw)
			physical_deactivate(g, irq);
	}
	vgic_irq_update(g, irq);
}

void vgic_irq_set_enabled(struct vgic *g, struct vgic_irq *irq, bool enabled)
{
	if (irq->enabled == enabled)
		return;
	irq->enabled = enabled;
	if (enabled && irq->hw && irq->lr == NO_LR && irq->pending && !irq->active) {
		/*
		 * It came while disabled, and its line may have dropped since: let it come again if
		 * not.
		 */
		irq->pending = false;
		physical_deactivate(g, irq);
	}
	vgic_irq_update(g, irq);
}

static const struct vgic_lr *lr_of(const struct vgic *g, const struct vgic_irq *irq)
{
	return irq->lr == NO_LR ? NULL : &g->vcpu[irq->vcpu].lr[irq->lr];
}

bool vgic_irq_shows_pending(const struct vgic *g, const struct vgic_irq *irq)
{
	const struct vgic_lr *lr = lr_of(g, irq);

	return vgic_irq_pending(irq) || (lr && lr->value & ICH_LR_PENDING && !irq->clear_pending);
}

bool vgic_irq_shows_active(const struct vgic *g, const struct vgic_irq *irq)
{
	const struct vgic_lr *lr = lr_of(g, irq);

	return irq->active || (lr && lr->value & ICH_LR_ACTIVE && !irq->clear_active);
}

/* ---- list registers to software state -------------------------------------------------------- */

static void lr_write(struct vgic_vcpu *c, unsigned n, uint64_t value)
{
	c->lr[n].value = value;
	arch_ich_lr_write(n, value);
}

/* The list register gives its interrupt back; the interrupt's state is in software from here on. */
static struct vgic_irq *lr_release(struct vgic_vcpu *c, unsigned n)
{
	struct vgic_lr *lr = &c->lr[n];
	struct vgic_irq *irq = lr->irq;

	if (lr->value & ICH_LR_PENDING)
		irq->pending |= lr->latched;
	irq->active = lr->value & ICH_LR_ACTIVE;
	irq->clear_pending = irq->clear_active = false;
	irq->lr = NO_LR;
	lr->irq = NULL;
	lr->latched = false;
	c->lr_used &= ~BIT32(n);
	lr_write(c, n, 0);
	return irq;
}

/* Its pending bit may stay where it is. */
static bool lr_pending_holds(const struct vgic *g, const struct vgic_vcpu *c,
			     const struct vgic_lr *lr)
{
	const struct vgic_irq *irq = lr->irq;

	return may_deliver(g, irq) && irq->target == c->index &&
	       (lr->latched || (irq->level && irq->line));
}

static void lr_fold(struct vgic *g, struct vgic_vcpu *c, unsigned n, bool empty)
{
	struct vgic_lr *lr = &c->lr[n];
	struct vgic_irq *irq = lr->irq;
	uint64_t seen = empty ? lr->value & ~ICH_LR_STATE : arch_ich_lr_read(n);
	uint64_t now = seen;

	if (irq->withdrawn) {
		now &= ~ICH_LR_STATE;
		irq->pending = false;
	}
	if (irq->clear_pending)
		now &= ~ICH_LR_PENDING;
	if (irq->clear_active)
		now &= ~ICH_LR_ACTIVE;
	if (now & ICH_LR_PENDING) {
		/* One pending bit an interrupt: what came meanwhile is the same one. */
		lr->latched |= irq->pending;
		irq->pending = false;
	}
	irq->clear_pending = irq->clear_active = false;
	if (irq->hw && seen & ICH_LR_STATE && !(now & ICH_LR_STATE))
		physical_deactivate(g, irq);

	if (now & ICH_LR_PENDING && !lr_pending_holds(g, c, lr)) {
		now &= ~ICH_LR_PENDING;
		irq->pending = lr->latched;
		lr->latched = false;
	}
	lr->value = now;
	if (!(now & ICH_LR_STATE)) {
		lr_release(c, n);
		irq->withdrawn = false;
		vgic_irq_update(g, irq);
		return;
	}
	/*
	 * Active, and an edge came since: pending and active. A level is sampled on deactivation
	 * instead.
	 */
	if (!(now & ICH_LR_PENDING) && irq->pending && !irq->level && !irq->hw &&
	    deliverable(g, irq) && irq->target == c->index) {
		now |= ICH_LR_PENDING;
		lr->latched = true;
		irq->pending = false;
		c->stats.injected++;
	}
	if (now != seen)
		lr_write(c, n, now);
}

/* ---- software state to list registers -------------------------------------------------------- */

/* The guest could take it now. One that is active as well could not: that has to end first. */
static bool urgent(const struct vgic *g, const struct vgic_irq *irq)
{
	return !irq->active && deliverable(g, irq);
}

/* Urgent ones by priority, then active ones by priority. Lower is better. */
static unsigned queue_rank(const struct vgic *g, const struct vgic_irq *irq)
{
	return irq->priority + (urgent(g, irq) ? 0 : 256u);
}

static struct vgic_irq *queue_best(const struct vgic *g, const struct vgic_vcpu *c)
{
	struct vgic_irq *best = c->queue;

	if (!best)
		return NULL;
	for (struct vgic_irq *i = best->next; i != c->queue; i = i->next)
		if (queue_rank(g, i) < queue_rank(g, best))
			best = i;
	return best;
}

/*
 * A list register for `irq`: a free one, else that of a pending interrupt with worse priority,
 * else, when not one is merely pending and the guest could not be told of anything any more, that
 * of the active one with the worst. NO_LR: none.
 */
static int lr_choose(const struct vgic *g, const struct vgic_vcpu *c, const struct vgic_irq *irq)
{
	int pending = NO_LR, active = NO_LR;

	for (unsigned n = 0; n < c->lr_count; n++) {
		const struct vgic_lr *lr = &c->lr[n];
		int *worst = lr->value & ICH_LR_ACTIVE ? &active : &pending;

		if (!(c->lr_used & BIT32(n)))
			return (int)n;
		if (*worst == NO_LR || lr->irq->priority > c->lr[*worst].irq->priority)
			*worst = (int)n;
	}
	if (!urgent(g, irq))
		return NO_LR;
	if (pending != NO_LR)
		return c->lr[pending].irq->priority > irq->priority ? pending : NO_LR;
	return active;
}

static void lr_load(struct vgic *g, struct vgic_vcpu *c, unsigned n, struct vgic_irq *irq)
{
	struct vgic_lr *lr = &c->lr[n];
	uint64_t value = FIELD_PUT(ICH_LR_VINTID, irq->intid) |
			 FIELD_PUT(ICH_LR_PRIORITY, irq->priority) |
			 (irq->group1 ? ICH_LR_GROUP1 : 0);

	vgic_irq_dequeue(g, irq);
	if (irq->hw)
		value |= ICH_LR_HW | FIELD_PUT(ICH_LR_PINTID, irq->pintid);
	else if (irq->level)
		value |= ICH_LR_EOI;
	lr->latched = false;
	/* Pending and active is not for HW = 1: the physical interrupt cannot have come twice. */
	if (deliverable(g, irq) && irq->target == c->index && !(irq->hw && irq->active)) {
		value |= ICH_LR_PENDING;
		lr->latched = irq->pending;
		irq->pending = false;
		c->stats.injected++;
	}
	if (irq->active)
		value |= ICH_LR_ACTIVE;
	irq->active = false;
	irq->vcpu = c->index;
	irq->lr = (int8_t)n;
	lr->irq = irq;
	c->lr_used |= BIT32(n);
	lr_write(c, n, value);
}

/* Ends: what is thrown out has worse priority, or is active and gets a free list register only. */
static void fill(struct vgic *g, struct vgic_vcpu *c)
{
	struct vgic_irq *irq;
	int n;

	while ((irq = queue_best(g, c))) {
		n = lr_choose(g, c, irq);
		if (n == NO_LR)
			return;
		if (c->lr_used & BIT32(n))
			vgic_irq_update(g, lr_release(c, (unsigned)n));
		lr_load(g, c, (unsigned)n, irq);
	}
}

/* The guest deactivated `count` interrupts that were in no list register. */
static void deactivate_spilled(struct vgic *g, struct vgic_vcpu *c, uint64_t count)
{
	for (; count && c->spilled; count--) {
		struct vgic_irq *best = NULL, *i = c->queue;

		do {
			if (i->active && (!best || i->priority <= best->priority))
				best = i;
			i = i->next;
		} while (i != c->queue);
		vgic_irq_clear_active(g, best);
	}
}

void vgic_vcpu_refresh(struct vgic *g, struct vgic_vcpu *c)
{
	uint64_t hcr = ICH_HCR_EN, eoi_count = 0, empty;

	if (!c->lr_count) {
		/* Reset, and not running yet: what is still loaded must not raise maintenance. */
		c->hcr = 0;
		arch_ich_hcr_write(0);
		return;
	}
	/* Counted before that was armed, it is about nothing of ours. */
	if (c->hcr & ICH_HCR_LRENPIE) {
		eoi_count = FIELD_GET(ICH_HCR_EOICOUNT, arch_ich_hcr_read());
		deactivate_spilled(g, c, eoi_count);
	}
	if (c->lr_used) {
		empty = arch_ich_elrsr_read();
		for (unsigned n = 0; n < c->lr_count; n++)
			if (c->lr_used & BIT32(n))
				lr_fold(g, c, n, empty & BIT64(n));
	}
	fill(g, c);

	if (c->queue && urgent(g, queue_best(g, c))) {
		hcr |= ICH_HCR_NPIE;
		c->stats.overflows++;
	}
	if (c->spilled)
		hcr |= ICH_HCR_LRENPIE;
	/* Writing it also brings EOIcount back to 0. */
	if (hcr != c->hcr || eoi_count) {
		c->hcr = hcr;
		arch_ich_hcr_write(hcr);
	}
	atomic_store_explicit(&c->dirty, false, memory_order_release);
	g->kick &= ~BIT32(c->index);
}

/* ---- entry points ---------------------------------------------------------------------------- */

void vgic_flush(struct vgic *g, unsigned vcpu)
{
	struct vgic_vcpu *c = &g->vcpu[vcpu];

	/* Whoever sets it after this load kicks the CPU, which leaves the guest again at once. */
	if (!atomic_load_explicit(&c->dirty, memory_order_relaxed))
		return;
	vgic_lock(g);
	vgic_vcpu_refresh(g, c);
	vgic_unlock(g);
}

void vgic_maintenance(struct vgic *g, unsigned vcpu)
{
	struct vgic_vcpu *c = &g->vcpu[vcpu];

	vgic_lock(g);
	c->stats.maintenance++;
	vgic_vcpu_refresh(g, c);
	vgic_unlock(g);
}

static bool any_dirty(const struct vgic *g, uint32_t vcpus)
{
	for (unsigned i = 0; i < g->config.vcpus; i++)
		if (vcpus & BIT32(i) &&
		    atomic_load_explicit(&g->vcpu[i].dirty, memory_order_acquire))
			return true;
	return false;
}

void vgic_settle(struct vgic *g, unsigned self, uint32_t vcpus)
{
	for (unsigned us = 0; us < SETTLE_US; us++) {
		/* Inside the loop: the other vCPU may be waiting for this one. */
		vgic_flush(g, self);
		if (!any_dirty(g, vcpus))
			return;
		host_udelay(1);
	}
}

void vgic_vcpu_reset(struct vgic *g, unsigned vcpu)
{
	struct vgic_vcpu *c = &g->vcpu[vcpu];
	uint64_t vtr = arch_ich_vtr_read();
	unsigned pre_bits = (unsigned)FIELD_GET(ICH_VTR_PRE_BITS, vtr) + 1;
	unsigned lr_count = (unsigned)FIELD_GET(ICH_VTR_LIST_REGS, vtr) + 1;
	struct vgic_irq *irq;

	if (lr_count > ICH_LR_MAX)
		lr_count = ICH_LR_MAX;
	vgic_lock(g);
	for (unsigned n = 0; n < c->lr_count; n++) {
		if (!(c->lr_used & BIT32(n)))
			continue;
		/*
		 * Active priorities are lost with the CPU interface, and so must be the active
		 * state.
		 */
		c->lr[n].irq->clear_active = true;
		lr_fold(g, c, n, false);
		if (c->lr_used & BIT32(n))
			vgic_irq_update(g, lr_release(c, n));
	}
	while (c->spilled) {
		for (irq = c->queue; !irq->active; irq = irq->next)
			;
		vgic_irq_clear_active(g, irq);
	}
	c->lr_count = lr_count;
	for (unsigned n = 0; n < lr_count; n++)
		lr_write(c, n, 0);
	for (unsigned n = 0; n < (pre_bits > 5 ? 1u << (pre_bits - 5) : 1u); n++) {
		arch_ich_ap0r_write(n, 0);
		arch_ich_ap1r_write(n, 0);
	}
	/* Binary points at their minimum: all preemption bits count. */
	arch_ich_vmcr_write(ICH_VMCR_FIQ_EN | FIELD_PUT(ICH_VMCR_BPR0, 7 - pre_bits) |
			    FIELD_PUT(ICH_VMCR_BPR1, 8 - pre_bits));
	c->hcr = ICH_HCR_EN;
	arch_ich_hcr_write(c->hcr);
	vgic_vcpu_mark(g, vcpu);
	vgic_unlock(g);
}
