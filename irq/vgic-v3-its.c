// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The virtual ITS: registers, command queue, arriving messages. Arm IHI 0069H, 12.19 and 5. Shadow
 * state only: nothing of it reaches the physical ITS, whose vectors follow through config.retarget.
 *
 * The queue is read from guest RAM, one command copied at a time. Each access to GITS_CWRITER or
 * GITS_CREADR works on a bounded number of commands; a guest that polls GITS_CREADR, as it must,
 * drives the rest. A queue that is not in the zone's RAM stalls (GITS_CREADR.Stalled) until the
 * guest writes GITS_CWRITER.Retry.
 *
 * GITS_BASER<n> keep what the guest writes, and the memory behind them is never touched.
 * GITS_TRANSLATER is for devices: a CPU's write to it is ignored.
 *
 * Locking: takes vgic->lock for each command, and not while config.retarget runs. its.processing
 * keeps a second CPU from working on the queue at the same time.
 */
#include <postern/errno.h>
#include <postern/host.h>
#include <postern/string.h>

#include "vgic-v3-internal.h"

/* Work for one register access, in simple commands. */
#define BUDGET      256u
/* Waiting for another vCPU's list registers counts this much. */
#define COST_SETTLE (BUDGET / 4)

#define LPI_BITMAP ((VITS_INTIDS - GIC_LPI_FIRST) / 8)

#define CBASER_BITS                                                                        \
	(GITS_CBASER_VALID | GITS_CBASER_INNER | GITS_CBASER_OUTER | GITS_CBASER_ADDRESS | \
	 GITS_CBASER_SHARE | GITS_CBASER_PAGES)
#define BASER_BITS                                                                      \
	(GITS_BASER_VALID | GITS_BASER_INDIRECT | GITS_BASER_INNER | GITS_BASER_OUTER | \
	 GITS_BASER_ADDRESS | GITS_BASER_SHARE | GITS_BASER_PAGE | GITS_BASER_PAGES)
#define ENTRY_BYTES 8u /* of every table the guest provides */

/* ---- arrays ---------------------------------------------------------------------------------- */

static size_t devices_bytes(const struct vgic_config *c)
{
	return align_up(c->its_devices * sizeof(struct vits_device), 16);
}

static size_t events_bytes(const struct vgic_config *c)
{
	return align_up((size_t)c->its_devices * c->its_events * sizeof(struct vits_event), 16);
}

size_t vits_bytes(const struct vgic_config *c)
{
	return devices_bytes(c) + events_bytes(c) + LPI_BITMAP;
}

void vits_place(struct vgic *g, uint8_t *memory)
{
	const struct vgic_config *c = &g->config;
	struct vits_event *event = (void *)(memory + devices_bytes(c));

	g->its.device = (void *)memory;
	for (unsigned i = 0; i < c->its_devices; i++)
		g->its.device[i].event = event + (size_t)i * c->its_events;
	g->its.lpi_used = memory + devices_bytes(c) + events_bytes(c);
}

void vits_reset(struct vgic *g)
{
	struct vits *its = &g->its;

	its->enabled = its->stalled = its->processing = false;
	its->cbaser = its->cwriter = its->creadr = 0;
	its->baser[0] = its->baser[1] = 0;
	memset(its->collection, VGIC_NO_VCPU, sizeof(its->collection));
	memset(its->lpi_used, 0, LPI_BITMAP);
	for (unsigned d = 0; d < g->config.its_devices; d++) {
		its->device[d].valid = false;
		for (uint32_t e = 0; e < g->config.its_events; e++)
			its->device[d].event[e] = (struct vits_event){ .irq = { .lr = -1 } };
	}
}

void vits_update_lpis(struct vgic *g, uint8_t vcpu)
{
	for (unsigned d = 0; d < g->config.its_devices; d++) {
		for (uint32_t i = 0; g->its.device[d].valid && i < g->config.its_events; i++) {
			struct vgic_irq *irq = &g->its.device[d].event[i].irq;

			if (irq->intid && (vcpu == VGIC_NO_VCPU || irq->target == vcpu))
				vgic_irq_update(g, irq);
		}
	}
}

/* ---- command queue --------------------------------------------------------------------------- */

/* The next event of the collection at or after (*device, *event), in slots. */
static bool next_in_collection(struct vgic *g, uint16_t collection, unsigned *device,
			       uint32_t *event, uint32_t *id)
{
	bool found = false;

	vgic_lock(g);
	for (; *device < g->config.its_devices; (*device)++, *event = 0) {
		const struct vits_device *d = &g->its.device[*device];

		for (; d->valid && *event < g->config.its_events && !found; (*event)++)
			found = d->event[*event].irq.intid &&
				d->event[*event].collection == collection;
		if (found) {
			*id = d->id;
			break;
		}
	}
	vgic_unlock(g);
	return found;
}

/* Lock not held. */
static void tell(struct vgic *g, const struct vits_outcome *out)
{
	const struct vgic_config *c = &g->config;
	unsigned device = 0;
	uint32_t event = 0, id;

	if (!c->retarget)
		return;
	if (out->tell == VITS_TELL_EVENT)
		c->retarget(c->retarget_ctx, out->device, out->event);
	if (out->tell == VITS_TELL_COLLECTION)
		while (next_in_collection(g, out->collection, &device, &event, &id))
			c->retarget(c->retarget_ctx, id, event - 1);
}

static uint64_t queue_bytes(const struct vits *its)
{
	return (FIELD_GET(GITS_CBASER_PAGES, its->cbaser) + 1) * PAGE_SIZE;
}

static bool queue_ready(const struct vits *its)
{
	return its->enabled && !its->stalled && its->cbaser & GITS_CBASER_VALID &&
	       its->creadr != its->cwriter;
}

/* One command of the queue. Lock held before and after, not meanwhile. False: no progress now. */
static bool process_one(struct vgic *g, unsigned vcpu, unsigned *cost)
{
	struct vits *its = &g->its;
	struct vits_outcome outcome;
	struct its_command cmd;
	enum vits_result result;
	const void *ram = host_guest_ram(
		g->config.zone, (its->cbaser & GITS_CBASER_ADDRESS) + its->creadr, sizeof(cmd));

	if (!ram) {
		its->stalled = true;
		its->stats.errors++;
		return false;
	}
	memcpy(&cmd, ram, sizeof(cmd));
	result = vits_command(g, &cmd, &outcome);
	*cost = (result == VITS_AGAIN ? COST_SETTLE : 1) + outcome.cost;
	if (result != VITS_AGAIN) {
		its->stats.commands++;
		its->stats.errors += result == VITS_ERROR;
		its->creadr = (its->creadr + sizeof(cmd)) % queue_bytes(its);
	}
	vgic_unlock(g);
	if (result == VITS_AGAIN)
		vgic_settle(g, vcpu, outcome.vcpus);
	else
		tell(g, &outcome);
	vgic_lock(g);
	return true;
}

static void process(struct vgic *g, unsigned vcpu)
{
	struct vits *its = &g->its;
	unsigned done = 0, cost;

	vgic_lock(g);
	if (!its->processing) {
		its->processing = true;
		while (done < BUDGET && queue_ready(its) && process_one(g, vcpu, &cost))
			done += cost;
		its->processing = false;
	}
	vgic_unlock(g);
}

/* ---- registers ------------------------------------------------------------------------------- */

static unsigned log2_exact(uint32_t power)
{
	return (unsigned)__builtin_ctz(power);
}

static uint64_t typer(const struct vgic *g)
{
	return GITS_TYPER_PHYSICAL | FIELD_PUT(GITS_TYPER_ITT_ENTRY, ENTRY_BYTES - 1) |
	       FIELD_PUT(GITS_TYPER_EVENT_BITS, log2_exact(g->config.its_events) - 1) |
	       FIELD_PUT(GITS_TYPER_DEVICE_BITS, VITS_DEVICE_BITS - 1) | GITS_TYPER_CIL |
	       FIELD_PUT(GITS_TYPER_CID_BITS, log2_exact(VGIC_COLLECTIONS) - 1);
}

static uint64_t baser_fixed(unsigned n)
{
	return FIELD_PUT(GITS_BASER_TYPE,
			 n == 0 ? GITS_BASER_TYPE_DEVICE : GITS_BASER_TYPE_COLLECTION) |
	       FIELD_PUT(GITS_BASER_ENTRY, ENTRY_BYTES - 1);
}

static uint64_t baser_clean(unsigned n, uint64_t value)
{
	value &= BASER_BITS;
	if (n != 0)
		value &= ~GITS_BASER_INDIRECT;
	if (FIELD_GET(GITS_BASER_PAGE, value) == 3)
		value = (value & ~GITS_BASER_PAGE) | FIELD_PUT(GITS_BASER_PAGE, 2);
	return value | baser_fixed(n);
}

/* 64-bit registers, readable in halves. */
static bool reg64(const struct vgic *g, unsigned offset, uint64_t *out)
{
	const struct vits *its = &g->its;
	unsigned n = (offset - GITS_BASER) / 8;

	switch (offset & ~7u) {
	case GITS_TYPER:
		*out = typer(g);
		return true;
	case GITS_CBASER:
		*out = its->cbaser;
		return true;
	case GITS_CWRITER:
		*out = its->cwriter;
		return true;
	case GITS_CREADR:
		*out = its->creadr | (its->stalled ? GITS_CREADR_STALLED : 0);
		return true;
	default:
		if (offset < GITS_BASER || n >= GITS_BASER_COUNT)
			return false;
		*out = n < ARRAY_SIZE(its->baser) ? its->baser[n] | baser_fixed(n) : 0;
		return true;
	}
}

uint64_t vgic_its_read(struct vgic *g, unsigned vcpu, unsigned offset, unsigned size)
{
	uint64_t value = 0;

	if (size < 4)
		return 0;
	if ((offset & ~7u) == GITS_CREADR)
		process(g, vcpu);
	vgic_lock(g);
	if (reg64(g, offset, &value)) {
		value = reg64_read(value, offset, size);
	} else if (size == 4) {
		if (offset == GITS_CTLR)
			value = (g->its.enabled ? GITS_CTLR_ENABLED : 0) |
				(g->its.processing ? 0 : GITS_CTLR_QUIESCENT);
		else if (offset == GITS_IIDR)
			value = GIC_VIRTUAL_IIDR;
		else if (offset >= GIC_ID_REGS && offset < GIC_FRAME_SIZE)
			value = vgic_id_read(offset);
	}
	vgic_unlock(g);
	return value;
}

static void cwriter_write(struct vits *its, unsigned offset, unsigned size, uint64_t value)
{
	uint64_t position = reg64_merge(its->cwriter, offset, size, value) & GITS_QUEUE_OFFSET;

	/* Past the queue's end is UNPREDICTABLE: ignored. */
	if (position < queue_bytes(its))
		its->cwriter = position;
	if (!(offset & 4) && value & GITS_CWRITER_RETRY)
		its->stalled = false;
}

/* Lock held. CBASER and BASER<n> are fixed while the ITS is enabled. */
static void reg_write(struct vits *its, unsigned offset, unsigned size, uint64_t value)
{
	unsigned n = (offset - GITS_BASER) / 8;

	if (offset == GITS_CTLR && size == 4) {
		its->enabled = value & GITS_CTLR_ENABLED;
	} else if ((offset & ~7u) == GITS_CWRITER) {
		cwriter_write(its, offset, size, value);
	} else if (its->enabled) {
		return;
	} else if ((offset & ~7u) == GITS_CBASER) {
		value = reg64_merge(its->cbaser, offset, size, value) & CBASER_BITS;
		its->cbaser = vgic_table_attributes(value, GITS_CBASER_SHARE, GITS_CBASER_INNER);
		its->creadr = its->cwriter = 0;
		its->stalled = false;
	} else if (offset >= GITS_BASER && n < ARRAY_SIZE(its->baser)) {
		value = reg64_merge(its->baser[n], offset, size, value);
		its->baser[n] = baser_clean(n, value);
	}
}

void vgic_its_write(struct vgic *g, unsigned vcpu, unsigned offset, unsigned size, uint64_t value)
{
	if (size < 4)
		return;
	vgic_lock(g);
	reg_write(&g->its, offset, size, value);
	vgic_unlock(g);
	if (offset == GITS_CTLR || (offset & ~7u) == GITS_CWRITER)
		process(g, vcpu);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Lock held. The event such a message names, or NULL when the ITS would drop it. */
static struct vits_event *message_event(struct vgic *g, uint32_t device_id, uint64_t address,
					uint32_t data)
{
	struct vits_event *e;

	if (address != g->config.its_gpa + VGIC_ITS_TRANSLATER || !g->its.enabled)
		return NULL;
	e = vits_event_find(g, device_id, data);
	return e && e->irq.target != VGIC_NO_VCPU ? e : NULL;
}

static enum access_result vits_msi(void *ctx, uint32_t device_id, uint64_t address, uint32_t data)
{
	struct vgic *g = ctx;
	struct vits_event *e;

	vgic_lock(g);
	e = message_event(g, device_id, address, data);
	if (e) {
		e->irq.pending = true;
		vgic_irq_update(g, &e->irq);
		g->its.stats.messages++;
	} else {
		g->its.stats.dropped++;
	}
	vgic_unlock(g);
	return e ? ACCESS_DONE : ACCESS_NONE;
}

static int vits_msi_vcpu(void *ctx, uint32_t device_id, uint64_t address, uint32_t data)
{
	struct vgic *g = ctx;
	struct vits_event *e;
	int vcpu = -ENOENT;

	vgic_lock(g);
	e = message_event(g, device_id, address, data);
	if (e)
		vcpu = e->irq.target;
	vgic_unlock(g);
	return vcpu;
}

static void vits_set_line(void *ctx, uint32_t vintid, bool level)
{
	vgic_set_line(ctx, vintid, level);
}

const struct virq_ops vgic_virq_ops = {
	.msi = vits_msi,
	.msi_vcpu = vits_msi_vcpu,
	.set_line = vits_set_line,
};

void vgic_its_stats(const struct vgic *g, struct vgic_its_stats *out)
{
	*out = g->its.stats;
}
