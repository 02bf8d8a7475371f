// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PCH-MSI as an MSI unit: see pch-msi.h. A vector of a device is an EIOINTC vector, and its number is
 * the message's data; everything else is the EIOINTC's (eiointc.c).
 *
 * Locking: unit->lock while a device's vectors are looked for and claimed; vectors_free takes none
 * around its wait for handlers.
 */
#include "pch-msi.h"

#include <postern/errno.h>
#include <postern/host.h>

#include "eiointc.h"
#include "loongson-regs.h"

/* Bits of a physical address that name the node whose doorbell it is. */
#define ADDRESS_NODE MASK64(47, 44)
#define BATCH        16u

/* Whose a vector is. An entry is written with the lock held of the unit whose range it is in. */
static struct taken {
	const struct msi_unit *unit; /* NULL: nobody's */
	uint32_t device_id;
} taken[EIO_VECTORS];

int pch_msi_init(struct msi_unit *u)
{
	unsigned vectors = eiointc_vectors();

	if (!vectors)
		return -ENODEV;
	if (!u->count || u->first >= vectors || u->count > vectors - u->first ||
	    !is_aligned(u->base, 4)) {
		host_log(LOG_ERROR,
			 "pch-msi: doorbell 0x%llx: vectors %u to %llu are not the EIOINTC's %u",
			 (unsigned long long)u->base, u->first,
			 (unsigned long long)u->first + u->count, vectors);
		return -EINVAL;
	}
	for (unsigned i = 0; i < u->count; i++)
		taken[u->first + i].unit = NULL;
	u->ops = &pch_msi_ops;
	u->state = NULL;
	return 0;
}

/* Unit lock held. */
static bool device_has_vectors(const struct msi_unit *u, uint32_t device_id)
{
	for (unsigned i = 0; i < u->count; i++) {
		const struct taken *t = &taken[u->first + i];

		if (t->unit == u && t->device_id == device_id)
			return true;
	}
	return false;
}

static void fired(void *context, unsigned vector)
{
	struct msi_vector *v = context;

	(void)vector;
	v->fired++;
	v->handler(v);
}

static int free_some(const struct msi_vector *v, unsigned count)
{
	unsigned vectors[BATCH] = { 0 };
	int err = 0;

	/* A batch that fails does not keep the next one from falling silent. */
	for (unsigned done = 0; done < count;) {
		unsigned n = 0;
		int failed;

		while (n < BATCH && done < count)
			vectors[n++] = v[done++].hwirq;
		failed = eiointc_release_all(vectors, n);
		if (failed)
			err = failed;
	}
	return err;
}

/* Unit lock held. Claims v[0..count); *got says how many there are, whatever it answers. */
static int claim_vectors(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			 unsigned count, unsigned cpu, unsigned *got)
{
	unsigned home = (unsigned)FIELD_GET(ADDRESS_NODE, u->base);

	for (*got = 0; *got < count; ++*got) {
		struct msi_vector *one = &v[*got];
		int vector;

		one->unit = u;
		one->device_id = device_id;
		one->index = (uint16_t)*got;
		one->cpu = (uint16_t)cpu;
		one->mode = IRQ_INJECT;
		one->fired = 0;
		vector = eiointc_claim(u->first, u->count, home, cpu, one->owner, fired, one);
		if (vector < 0)
			return vector;
		one->hwirq = (uint32_t)vector;
		taken[vector] = (struct taken){ u, device_id };
	}
	return 0;
}

/* Unit lock held. */
static void forget(const struct msi_vector *v, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		taken[v[i].hwirq].unit = NULL;
}

static int vectors_free(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			unsigned count)
{
	int err;

	for (unsigned i = 0; i < count; i++)
		if (v[i].unit != u || v[i].device_id != device_id || v[i].index != i)
			return -EINVAL;
	err = free_some(v, count);
	if (err)
		return err;
	host_lock(&u->lock);
	forget(v, count);
	host_unlock(&u->lock);
	return 0;
}

static int vectors_alloc(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			 unsigned count, unsigned cpu)
{
	unsigned got = 0;
	int err = -EBUSY;

	if (!count || !eiointc_cpu_ready(cpu))
		return -EINVAL;
	host_lock(&u->lock);
	if (!device_has_vectors(u, device_id))
		err = count > u->count ? -ENOSPC : claim_vectors(u, device_id, v, count, cpu, &got);
	host_unlock(&u->lock);
	/* Nobody was told their messages yet: nothing can be on its way. */
	if (err && got)
		vectors_free(u, device_id, v, got);
	return err;
}

static int vector_target(struct msi_vector *v, unsigned cpu)
{
	int err = eiointc_target(v->hwirq, cpu);

	if (!err)
		v->cpu = (uint16_t)cpu;
	return err;
}

static void message(const struct msi_vector *v, struct msi_message *out)
{
	out->address = v->unit->base;
	out->data = v->hwirq;
}

static void doorbell(const struct msi_unit *u, hpa_t *base, uint64_t *size)
{
	*base = align_down(u->base, PAGE_SIZE);
	*size = PAGE_SIZE;
}

const struct msi_unit_ops pch_msi_ops = {
	.name = "pch-msi",
	.vectors_alloc = vectors_alloc,
	.vectors_free = vectors_free,
	.vector_target = vector_target,
	.message = message,
	.doorbell = doorbell,
};
