// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The virtual ITS's commands. Arm IHI 0069H, 5.3. Each changes shadow state only and is complete
 * when it returns VITS_DONE; a command the architecture calls an error is ignored and counted.
 *
 * What the guest gives as memory (interrupt translation tables) is not used. LPI configuration is
 * read from its table where the architecture lets it be cached anew: when an event is mapped, by
 * INV and by INVALL.
 *
 * A vLPI belongs to one event of the zone: two list registers with one INTID would be
 * UNPREDICTABLE.
 *
 * Locking: vgic->lock held throughout.
 */
#include <postern/host.h>

#include "vgic-v3-internal.h"

/* Work units: so many events looked at count as one command. */
#define EVENTS_PER_UNIT 16u

static uint32_t all_events(const struct vgic *g)
{
	return g->config.its_devices * g->config.its_events;
}

/* ---- devices, events, LPIs ------------------------------------------------------------------- */

static struct vits_device *device_find(struct vgic *g, uint32_t id)
{
	for (unsigned i = 0; i < g->config.its_devices; i++)
		if (g->its.device[i].valid && g->its.device[i].id == id)
			return &g->its.device[i];
	return NULL;
}

static struct vits_device *device_free_slot(struct vgic *g)
{
	for (unsigned i = 0; i < g->config.its_devices; i++)
		if (!g->its.device[i].valid)
			return &g->its.device[i];
	return NULL;
}

/* Room for the event, mapped or not. */
static struct vits_event *event_slot(struct vgic *g, uint32_t device_id, uint32_t event)
{
	struct vits_device *d = device_find(g, device_id);

	return d && event < d->events && event < g->config.its_events ? &d->event[event] : NULL;
}

struct vits_event *vits_event_find(struct vgic *g, uint32_t device_id, uint32_t event)
{
	struct vits_event *e = event_slot(g, device_id, event);

	return e && e->irq.intid ? e : NULL;
}

static bool lpi_used(const struct vgic *g, uint32_t lpi)
{
	return g->its.lpi_used[(lpi - GIC_LPI_FIRST) / 8] & 1u << lpi % 8;
}

static void lpi_mark(struct vgic *g, uint32_t lpi, bool used)
{
	uint8_t *byte = &g->its.lpi_used[(lpi - GIC_LPI_FIRST) / 8];
	uint8_t bit = (uint8_t)(1u << lpi % 8);

	*byte = used ? *byte | bit : *byte & (uint8_t)~bit;
}

/* The zone's configuration table says this; unreadable means disabled. */
static void config_load(struct vgic *g, struct vgic_irq *irq)
{
	uint32_t offset = irq->intid - GIC_LPI_FIRST;
	uint64_t ids = BIT64(FIELD_GET(GICR_PROPBASER_IDBITS, g->propbaser) + 1);
	const volatile uint8_t *entry = NULL;
	uint8_t config = 0;

	if (irq->intid < ids)
		entry = host_guest_ram(g->config.zone,
				       (g->propbaser & GICR_PROPBASER_ADDRESS) + offset, 1);
	if (entry)
		config = *entry;
	irq->priority = config & VGIC_PRIORITY_MASK;
	vgic_irq_set_enabled(g, irq, config & GIC_LPI_ENABLE);
	vgic_irq_update(g, irq);
}

/* VITS_AGAIN while a list register holds it. */
static enum vits_result event_unmap(struct vgic *g, struct vits_event *e, struct vits_outcome *out)
{
	struct vgic_irq *irq = &e->irq;

	if (!irq->intid)
		return VITS_DONE;
	if (irq->lr >= 0) {
		irq->withdrawn = true;
		out->vcpus |= BIT32(irq->vcpu);
		vgic_vcpu_mark(g, irq->vcpu);
		return VITS_AGAIN;
	}
	vgic_irq_dequeue(g, irq);
	lpi_mark(g, irq->intid, false);
	*e = (struct vits_event){ .irq = { .lr = -1 } };
	return VITS_DONE;
}

static enum vits_result device_unmap(struct vgic *g, struct vits_device *d,
				     struct vits_outcome *out)
{
	enum vits_result result = VITS_DONE;

	out->cost += g->config.its_events / EVENTS_PER_UNIT;
	for (uint32_t i = 0; i < g->config.its_events; i++)
		if (event_unmap(g, &d->event[i], out) == VITS_AGAIN)
			result = VITS_AGAIN;
	if (result == VITS_DONE)
		d->valid = false;
	return result;
}

/* ---- commands -------------------------------------------------------------------------------- */

static uint32_t cmd_device(const struct its_command *cmd)
{
	return (uint32_t)FIELD_GET(ITS_CMD0_DEVICE, cmd->word[0]);
}

static uint32_t cmd_event(const struct its_command *cmd)
{
	return (uint32_t)FIELD_GET(ITS_CMD1_EVENT, cmd->word[1]);
}

static uint16_t cmd_collection(const struct its_command *cmd)
{
	return (uint16_t)FIELD_GET(ITS_CMD2_COLLECTION, cmd->word[2]);
}

static bool is_vcpu(const struct vgic *g, uint64_t processor)
{
	return processor < g->config.vcpus;
}

static void tell_event(struct vits_outcome *out, const struct its_command *cmd)
{
	out->tell = VITS_TELL_EVENT;
	out->device = cmd_device(cmd);
	out->event = cmd_event(cmd);
}

static enum vits_result cmd_mapd(struct vgic *g, const struct its_command *cmd,
				 struct vits_outcome *out)
{
	uint32_t id = cmd_device(cmd);
	struct vits_device *d = device_find(g, id);
	uint64_t bits = FIELD_GET(ITS_CMD1_SIZE, cmd->word[1]) + 1;

	if (id >= BIT32(VITS_DEVICE_BITS) || bits > 32)
		return VITS_ERROR;
	if (d && device_unmap(g, d, out) == VITS_AGAIN)
		return VITS_AGAIN;
	if (!(cmd->word[2] & ITS_CMD2_VALID))
		return VITS_DONE;
	d = device_free_slot(g);
	if (!d)
		return VITS_ERROR;
	d->valid = true;
	d->id = id;
	d->events = bits < 32 ? BIT32(bits) : UINT32_MAX;
	return VITS_DONE;
}

static enum vits_result cmd_mapc(struct vgic *g, const struct its_command *cmd,
				 struct vits_outcome *out)
{
	uint16_t collection = cmd_collection(cmd);
	uint64_t processor = FIELD_GET(ITS_CMD2_RDBASE, cmd->word[2]);
	uint8_t vcpu = VGIC_NO_VCPU;

	if (collection >= VGIC_COLLECTIONS)
		return VITS_ERROR;
	if (cmd->word[2] & ITS_CMD2_VALID) {
		if (!is_vcpu(g, processor))
			return VITS_ERROR;
		vcpu = (uint8_t)processor;
	}
	if (g->its.collection[collection] == vcpu)
		return VITS_DONE;
	g->its.collection[collection] = vcpu;
	out->cost += all_events(g) / EVENTS_PER_UNIT;
	for (unsigned d = 0; d < g->config.its_devices; d++) {
		for (uint32_t i = 0; g->its.device[d].valid && i < g->config.its_events; i++) {
			struct vits_event *e = &g->its.device[d].event[i];

			if (!e->irq.intid || e->collection != collection)
				continue;
			e->irq.target = vcpu;
			vgic_irq_update(g, &e->irq);
		}
	}
	out->tell = VITS_TELL_COLLECTION;
	out->collection = collection;
	return VITS_DONE;
}

static enum vits_result map_event(struct vgic *g, const struct its_command *cmd, uint64_t lpi,
				  struct vits_outcome *out)
{
	uint16_t collection = cmd_collection(cmd);
	struct vits_event *e = event_slot(g, cmd_device(cmd), cmd_event(cmd));

	if (!e || collection >= VGIC_COLLECTIONS || lpi < GIC_LPI_FIRST || lpi >= VITS_INTIDS)
		return VITS_ERROR;
	if (lpi_used(g, (uint32_t)lpi) && e->irq.intid != lpi)
		return VITS_ERROR;
	if (event_unmap(g, e, out) == VITS_AGAIN)
		return VITS_AGAIN;
	lpi_mark(g, (uint32_t)lpi, true);
	vgic_irq_reset(&e->irq, (uint32_t)lpi, g->its.collection[collection]);
	e->irq.group1 = true;
	e->collection = collection;
	config_load(g, &e->irq);
	tell_event(out, cmd);
	return VITS_DONE;
}

static enum vits_result cmd_movi(struct vgic *g, const struct its_command *cmd,
				 struct vits_outcome *out)
{
	struct vits_event *e = vits_event_find(g, cmd_device(cmd), cmd_event(cmd));
	uint16_t collection = cmd_collection(cmd);

	if (!e || collection >= VGIC_COLLECTIONS)
		return VITS_ERROR;
	e->collection = collection;
	e->irq.target = g->its.collection[collection];
	vgic_irq_update(g, &e->irq);
	tell_event(out, cmd);
	return VITS_DONE;
}

static enum vits_result cmd_discard(struct vgic *g, const struct its_command *cmd,
				    struct vits_outcome *out)
{
	struct vits_event *e = vits_event_find(g, cmd_device(cmd), cmd_event(cmd));

	if (!e)
		return VITS_ERROR;
	if (event_unmap(g, e, out) == VITS_AGAIN)
		return VITS_AGAIN;
	tell_event(out, cmd);
	return VITS_DONE;
}

static enum vits_result cmd_invall(struct vgic *g, const struct its_command *cmd,
				   struct vits_outcome *out)
{
	uint16_t collection = cmd_collection(cmd);

	if (collection >= VGIC_COLLECTIONS || g->its.collection[collection] == VGIC_NO_VCPU)
		return VITS_ERROR;
	out->cost += all_events(g) / EVENTS_PER_UNIT;
	for (unsigned d = 0; d < g->config.its_devices; d++) {
		for (uint32_t i = 0; g->its.device[d].valid && i < g->config.its_events; i++) {
			struct vits_event *e = &g->its.device[d].event[i];

			if (e->irq.intid && e->collection == collection)
				config_load(g, &e->irq);
		}
	}
	return VITS_DONE;
}

static enum vits_result cmd_inv(struct vgic *g, struct vits_event *e, struct vits_outcome *out)
{
	struct vgic_irq *irq = &e->irq;

	config_load(g, irq);
	if (irq->enabled || irq->lr < 0 || !vgic_irq_shows_pending(g, irq))
		return VITS_DONE;
	/* Disabled, and a vCPU may still take it. */
	out->vcpus = BIT32(irq->vcpu);
	return VITS_AGAIN;
}

/* INV, INT, CLEAR: about one mapped event, no change of route. */
static enum vits_result cmd_event_state(struct vgic *g, const struct its_command *cmd,
					enum its_opcode op, struct vits_outcome *out)
{
	struct vits_event *e = vits_event_find(g, cmd_device(cmd), cmd_event(cmd));

	if (!e)
		return VITS_ERROR;
	if (op == ITS_INV)
		return cmd_inv(g, e, out);
	if (op == ITS_CLEAR) {
		vgic_irq_clear_pending(g, &e->irq);
	} else {
		e->irq.pending = true;
		vgic_irq_update(g, &e->irq);
	}
	return VITS_DONE;
}

enum vits_result vits_command(struct vgic *g, const struct its_command *cmd,
			      struct vits_outcome *out)
{
	enum its_opcode op = (enum its_opcode)FIELD_GET(ITS_CMD0_OPCODE, cmd->word[0]);
	uint64_t rdbase2 = FIELD_GET(ITS_CMD2_RDBASE, cmd->word[2]);
	uint64_t rdbase3 = FIELD_GET(ITS_CMD3_RDBASE, cmd->word[3]);

	*out = (struct vits_outcome){ .tell = VITS_TELL_NOBODY };
	switch (op) {
	case ITS_MAPD:
		return cmd_mapd(g, cmd, out);
	case ITS_MAPC:
		return cmd_mapc(g, cmd, out);
	case ITS_MAPTI:
		return map_event(g, cmd, FIELD_GET(ITS_CMD1_INTID, cmd->word[1]), out);
	case ITS_MAPI:
		return map_event(g, cmd, cmd_event(cmd), out);
	case ITS_MOVI:
		return cmd_movi(g, cmd, out);
	case ITS_DISCARD:
		return cmd_discard(g, cmd, out);
	case ITS_INVALL:
		return cmd_invall(g, cmd, out);
	case ITS_INV:
	case ITS_INT:
	case ITS_CLEAR:
		return cmd_event_state(g, cmd, op, out);
	case ITS_SYNC:
		/* Every command is complete when the next is read. */
		return is_vcpu(g, rdbase2) ? VITS_DONE : VITS_ERROR;
	case ITS_MOVALL:
		/*
		 * Moves pending state between redistributors; here that follows the collection by
		 * itself.
		 */
		return is_vcpu(g, rdbase2) && is_vcpu(g, rdbase3) ? VITS_DONE : VITS_ERROR;
	}
	return VITS_ERROR;
}
