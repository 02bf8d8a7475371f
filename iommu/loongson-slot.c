// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loongson IOMMU: who has which of the 16 slots.
 *
 * What has no slot goes through untranslated. So a stream is blocked by having a slot that leads to
 * the empty domain, and gives it back by release() alone, when what sends under its name is proven
 * to be quiet. A slot is in one of three states:
 *
 *   not used             the unit knows nothing of the stream; its Bus Master is off
 *   used, no domain      blocked, proven by the unit
 *   used, with a domain  translated, or blocked without the unit's confirmation
 */
#include "loongson.h"

#include <postern/errno.h>

static struct ls_slot *slot_find(struct ls *s, uint32_t stream)
{
	for (unsigned i = 0; i < s->slot_count; i++)
		if (s->slots[i].used && s->slots[i].stream == stream)
			return &s->slots[i];
	return NULL;
}

static struct ls_slot *slot_free(struct ls *s)
{
	for (unsigned i = 0; i < s->slot_count; i++)
		if (!s->slots[i].used)
			return &s->slots[i];
	return NULL;
}

static unsigned slot_index(const struct ls *s, const struct ls_slot *slot)
{
	return (unsigned)(slot - s->slots);
}

/* A root port is a function of bus 0; else any requester ID is a stream. */
static int check_stream(const struct ls *s, uint32_t stream)
{
	if (stream > (s->memory_tables ? UINT16_MAX : UINT8_MAX))
		return -ERANGE;
	/* It would translate its own walks. Firmware tables are known to list it. */
	return stream == sbdf_rid(s->unit->sbdf) ? -EINVAL : 0;
}

/* The stream's slot, else a free one for it; NULL with the reason logged. */
static struct ls_slot *slot_get(struct ls *s, uint32_t stream)
{
	struct ls_slot *slot = slot_find(s, stream);

	if (!slot)
		slot = slot_free(s);
	if (!slot)
		host_log(LOG_ERROR, LS_TAG "no slot is left for stream 0x%x: all %u are in use",
			 LS_ID(s->unit), stream, s->slot_count);
	return slot;
}

static int attach_locked(struct ls *s, struct ls_domain *d, uint32_t stream)
{
	int err = check_stream(s, stream);
	struct ls_slot *slot;

	if (err)
		return err;
	if (s->dead)
		return -EIO;
	slot = slot_get(s, stream);
	if (!slot)
		return -ENOSPC;
	if (slot->used && slot->domain)
		return slot->domain == d ? 0 : -EBUSY;
	/* Said before it is done: after a timeout the unit may have taken it. */
	*slot = (struct ls_slot){ .used = true, .stream = stream, .domain = d };
	d->head.attached++;
	return ls_slot_set(s, slot_index(s, slot), stream, d->id);
}

int ls_attach(struct iommu_domain *d, uint32_t stream)
{
	struct iommu_unit *u = d->unit;
	int err;

	host_lock(&u->lock);
	err = attach_locked(u->state, container_of(d, struct ls_domain, head), stream);
	host_unlock(&u->lock);
	return err;
}

static int block_locked(struct ls *s, uint32_t stream)
{
	int err = check_stream(s, stream);
	struct ls_slot *slot;

	if (err)
		return err;
	slot = slot_get(s, stream);
	if (!slot)
		return -ENOSPC;
	err = ls_slot_set(s, slot_index(s, slot), stream, LS_EMPTY_DOMAIN);
	if (err)
		return err;
	if (slot->used && slot->domain)
		slot->domain->head.attached--;
	*slot = (struct ls_slot){ .used = true, .stream = stream };
	return 0;
}

int ls_block(struct iommu_unit *u, uint32_t stream)
{
	int err;

	host_lock(&u->lock);
	err = block_locked(u->state, stream);
	host_unlock(&u->lock);
	if (err)
		host_log(LOG_ERROR, LS_TAG "stream 0x%x: its block is not confirmed (error %d)",
			 LS_ID(u), stream, -err);
	return err;
}

static int release_locked(struct ls *s, uint32_t stream)
{
	struct ls_slot *slot = slot_find(s, stream);
	int err;

	if (!slot)
		return 0;
	if (slot->domain)
		return -EBUSY;
	err = ls_slot_clear(s, slot_index(s, slot));
	if (!err)
		*slot = (struct ls_slot){ .used = false };
	return err;
}

int ls_release(struct iommu_unit *u, uint32_t stream)
{
	int err;

	host_lock(&u->lock);
	err = release_locked(u->state, stream);
	host_unlock(&u->lock);
	return err;
}
