// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The physical ITS as an MSI unit: vectors, their LPIs, and finding the vector of an LPI that
 * arrived. See gic-v3-its.h. Arm IHI 0069H, 5.
 *
 * A vector's life: LPI from the pool, its configuration byte enabled, MAPTI to the collection of
 * its CPU, INV, SYNC. Its end: DISCARD (which also drops the pending state), MAPD with V = 0, SYNC;
 * then the LPI's entry in `lpis.vector` is emptied, and every CPU that may have acknowledged the
 * LPI before is waited for. Only then can the LPI be another vector's.
 *
 * Locking: unit->lock for a unit's devices and queue; lpis.lock, inside it, for the pool.
 * lpis.vector is read without a lock by gic_its_handle_lpi(), in a handler section (gic_v3_ack ..
 * gic_v3_eoi).
 */
#include <stdatomic.h>

#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/host.h>
#include <postern/string.h>

#include "gic-v3-its-internal.h"
#include "gic-v3.h"

typedef _Atomic(struct msi_vector *) vector_ref;

static struct {
	struct lock lock;
	unsigned count;      /* LPIs GIC_LPI_FIRST .. + count */
	unsigned next, used; /* where to look first; so that a freed one rests as long as can be */
	uint8_t *taken;      /* a byte each */
	vector_ref *vector;  /* who has it; NULL: nobody, or being made or taken apart */
	atomic_uint_fast64_t stray;
} lpis;

static struct msi_unit *units[MAX_MSI_UNITS];
static unsigned unit_count;

/* ---- LPI pool -------------------------------------------------------------------------------- */

static size_t pool_pages(size_t bytes)
{
	return align_up(bytes, PAGE_SIZE) / PAGE_SIZE;
}

static int lpi_pool_init(void)
{
	unsigned count = gic_v3_lpi_count();

	if (!count)
		return -ENODEV;
	lpis.taken = host_pages_alloc(pool_pages(count), PAGE_SIZE);
	lpis.vector = host_pages_alloc(pool_pages(count * sizeof(*lpis.vector)), PAGE_SIZE);
	if (!lpis.taken || !lpis.vector) {
		host_pages_free(lpis.taken, pool_pages(count));
		host_pages_free(lpis.vector, pool_pages(count * sizeof(*lpis.vector)));
		return -ENOMEM;
	}
	lpis.count = count;
	lpis.next = lpis.used = 0;
	atomic_store(&lpis.stray, 0);
	return 0;
}

/* LPIs for v[0..count) go into hwirq. -ENOSPC: nothing taken. */
static int lpi_take(struct msi_vector *v, unsigned count)
{
	int err = -ENOSPC;

	host_lock(&lpis.lock);
	if (count <= lpis.count - lpis.used) {
		for (unsigned i = 0; i < count;) {
			unsigned n = lpis.next;

			lpis.next = (n + 1) % lpis.count;
			if (lpis.taken[n])
				continue;
			lpis.taken[n] = 1;
			v[i++].hwirq = GIC_LPI_FIRST + n;
		}
		lpis.used += count;
		err = 0;
	}
	host_unlock(&lpis.lock);
	return err;
}

static void lpi_give_back(const struct msi_vector *v, unsigned count)
{
	host_lock(&lpis.lock);
	for (unsigned i = 0; i < count; i++)
		lpis.taken[v[i].hwirq - GIC_LPI_FIRST] = 0;
	lpis.used -= count;
	host_unlock(&lpis.lock);
}

static vector_ref *lpi_ref(uint32_t lpi)
{
	return &lpis.vector[lpi - GIC_LPI_FIRST];
}

bool gic_its_handle_lpi(uint32_t intid)
{
	struct msi_vector *v = NULL;

	if (intid - GIC_LPI_FIRST < lpis.count)
		v = atomic_load(lpi_ref(intid));
	if (!v) {
		atomic_fetch_add_explicit(&lpis.stray, 1, memory_order_relaxed);
		return false;
	}
	v->fired++;
	v->handler(v);
	return true;
}

/* ---- units ----------------------------------------------------------------------------------- */

static size_t state_pages(void)
{
	return pool_pages(sizeof(struct gic_its));
}

int gic_its_init(struct msi_unit *u)
{
	struct gic_its *its;
	int err;

	/* The first unit of a boot brings the pool. */
	if (u->index == 0) {
		unit_count = 0;
		lpis.count = 0;
	}
	if (unit_count == MAX_MSI_UNITS)
		return -ENOSPC;
	if (!lpis.count) {
		err = lpi_pool_init();
		if (err) {
			host_log(LOG_ERROR, "its: unit at 0x%llx: %s", (unsigned long long)u->base,
				 err == -ENODEV ? "the machine has no LPIs" : "no memory");
			return err;
		}
	}
	its = host_pages_alloc(state_pages(), PAGE_SIZE);
	if (!its)
		return -ENOMEM;
	its->base = u->base;
	err = its_hw_init(its);
	if (err) {
		host_pages_free(its, state_pages());
		return err;
	}
	u->ops = &gic_its_ops;
	u->state = its;
	units[unit_count++] = u;
	return 0;
}

int gic_its_cpu_init(void)
{
	unsigned cpu = arch_cpu_index();

	if (!gic_v3_lpi_ready(cpu))
		return -ENODEV;
	for (unsigned i = 0; i < unit_count; i++) {
		struct gic_its *its = units[i]->state;
		int err;

		if (cpu >= its->collections)
			return -ENODEV;
		host_lock(&units[i]->lock);
		its_send_mapc(its, cpu);
		its_send_sync(its, cpu);
		its_send_invall(its, cpu);
		its_send_sync(its, cpu);
		err = its_flush(its);
		if (!err)
			its->mapped |= BIT32(cpu);
		host_unlock(&units[i]->lock);
		if (err)
			return err;
	}
	return 0;
}

void gic_its_stats(const struct msi_unit *u, struct gic_its_stats *out)
{
	const struct gic_its *its = u->state;

	*out = its->stats;
	out->stray = atomic_load_explicit(&lpis.stray, memory_order_relaxed);
	out->lpis_used = lpis.used;
}

/* ---- vectors --------------------------------------------------------------------------------- */

static struct its_device *device_find(struct gic_its *its, uint32_t id)
{
	for (unsigned i = 0; i < ITS_MAX_DEVICES; i++)
		if (its->device[i].used && its->device[i].id == id)
			return &its->device[i];
	return NULL;
}

static struct its_device *device_free_slot(struct gic_its *its)
{
	for (unsigned i = 0; i < ITS_MAX_DEVICES; i++)
		if (!its->device[i].used)
			return &its->device[i];
	return NULL;
}

/* An interrupt translation table has 2^n entries, at least 2. */
static unsigned event_bits_for(unsigned count)
{
	unsigned bits = 1;

	while (BIT32(bits) < count)
		bits++;
	return bits;
}

static bool cpu_mapped(const struct gic_its *its, unsigned cpu)
{
	return cpu < MAX_CPUS && its->mapped & BIT32(cpu);
}

/* SYNC to every CPU the vectors target. */
static void send_syncs(struct gic_its *its, const struct msi_vector *v, unsigned count)
{
	uint32_t cpus = 0;

	for (unsigned i = 0; i < count; i++)
		cpus |= BIT32(v[i].cpu);
	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		if (cpus & BIT32(cpu))
			its_send_sync(its, cpu);
}

/* Unit lock held. After 0 the hardware has forgotten the device. */
static int device_unmap(struct gic_its *its, const struct its_device *d, const struct msi_vector *v)
{
	for (unsigned i = 0; i < d->count; i++) {
		gic_v3_lpi_configure(v[i].hwirq, false);
		its_send_discard(its, d->id, i);
	}
	its_send_mapd(its, d->id, 0, 1, false);
	send_syncs(its, v, d->count);
	return its_flush(its);
}

/*
 * Unit lock held. Undoes a mapping that may have got anywhere: which events exist is not known, so
 * none is named, as discarding one that is not there is an error of its own. The device has never
 * been told to send anything. After 0 the hardware has forgotten it.
 */
static int device_undo(struct gic_its *its, const struct its_device *d, const struct msi_vector *v)
{
	for (unsigned i = 0; i < d->count; i++)
		gic_v3_lpi_configure(v[i].hwirq, false);
	its_send_mapd(its, d->id, 0, 1, false);
	its_send_invall(its, v[0].cpu);
	send_syncs(its, v, d->count);
	return its_flush(its);
}

/* Unit lock held. */
static int device_map(struct gic_its *its, const struct its_device *d, struct msi_vector *v)
{
	its_send_mapd(its, d->id, host_virt_to_phys(d->itt), event_bits_for(d->count), true);
	for (unsigned i = 0; i < d->count; i++) {
		gic_v3_lpi_configure(v[i].hwirq, true);
		atomic_store(lpi_ref(v[i].hwirq), &v[i]);
		its_send_mapti(its, d->id, i, v[i].hwirq, v[i].cpu);
		its_send_inv(its, d->id, i);
	}
	send_syncs(its, v, d->count);
	return its_flush(its);
}

static void forget_vectors(const struct msi_vector *v, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		atomic_store(lpi_ref(v[i].hwirq), NULL);
}

static void device_release(struct its_device *d, const struct msi_vector *v)
{
	lpi_give_back(v, d->count);
	host_pages_free(d->itt, d->itt_pages);
	*d = (struct its_device){ .used = false };
}

/* Unit lock held. */
static int alloc_locked(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			unsigned count, unsigned cpu)
{
	struct gic_its *its = u->state;
	struct its_device *d = device_free_slot(its);
	int err;

	if (its->dead)
		return -ETIMEDOUT;
	if (device_find(its, device_id))
		return -EBUSY;
	if (!d || event_bits_for(count) > its->event_bits)
		return -ENOSPC;
	err = its_hw_cover(its, device_id);
	if (err)
		return err;
	err = lpi_take(v, count);
	if (err)
		return err;
	d->itt_pages = pool_pages((size_t)its->itt_entry << event_bits_for(count));
	d->itt = host_pages_alloc(d->itt_pages, PAGE_SIZE);
	if (!d->itt) {
		lpi_give_back(v, count);
		return -ENOMEM;
	}
	arch_dcache_clean_invalidate(d->itt, d->itt_pages * PAGE_SIZE);
	d->used = true;
	d->id = device_id;
	d->count = count;
	for (unsigned i = 0; i < count; i++) {
		v[i].unit = u;
		v[i].device_id = device_id;
		v[i].index = (uint16_t)i;
		v[i].cpu = (uint16_t)cpu;
		v[i].mode = IRQ_INJECT;
		v[i].fired = 0;
	}
	err = device_map(its, d, v);
	if (err) {
		/* What can be taken back is; else table and LPIs stay the hardware's. */
		forget_vectors(v, count);
		if (device_undo(its, d, v) == 0)
			device_release(d, v);
	}
	return err;
}

static int vectors_alloc(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			 unsigned count, unsigned cpu)
{
	int err = -EINVAL;

	host_lock(&u->lock);
	if (count >= 1 && count <= 65536 && cpu_mapped(u->state, cpu))
		err = alloc_locked(u, device_id, v, count, cpu);
	host_unlock(&u->lock);
	return err;
}

static int vectors_free(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			unsigned count)
{
	struct gic_its *its = u->state;
	struct its_device *d;
	int err, late;

	host_lock(&u->lock);
	d = device_find(its, device_id);
	if (!d || d->count != count) {
		host_unlock(&u->lock);
		return -EINVAL;
	}
	err = device_unmap(its, d, v);
	host_unlock(&u->lock);

	/* No lock here: a handler elsewhere may want the unit to finish. */
	forget_vectors(v, count);
	late = gic_v3_quiesce_others();
	if (err || late)
		return err ? err : late;

	host_lock(&u->lock);
	device_release(d, v);
	host_unlock(&u->lock);
	return 0;
}

static int vector_target(struct msi_vector *v, unsigned cpu)
{
	struct gic_its *its = v->unit->state;
	int err = -EINVAL;

	host_lock(&v->unit->lock);
	if (cpu_mapped(its, cpu)) {
		err = 0;
		if (v->cpu != cpu) {
			its_send_movi(its, v->device_id, v->index, cpu);
			its_send_sync(its, v->cpu);
			its_send_sync(its, cpu);
			err = its_flush(its);
		}
		if (!err)
			v->cpu = (uint16_t)cpu;
	}
	host_unlock(&v->unit->lock);
	return err;
}

static void message(const struct msi_vector *v, struct msi_message *out)
{
	out->address = v->unit->base + GITS_TRANSLATER;
	out->data = v->index;
}

static void doorbell(const struct msi_unit *u, hpa_t *base, uint64_t *size)
{
	*base = u->base + align_down(GITS_TRANSLATER, GIC_FRAME_SIZE);
	*size = GIC_FRAME_SIZE;
}

const struct msi_unit_ops gic_its_ops = {
	.name = "gic-v3-its",
	.vectors_alloc = vectors_alloc,
	.vectors_free = vectors_free,
	.vector_target = vector_target,
	.message = message,
	.doorbell = doorbell,
};
