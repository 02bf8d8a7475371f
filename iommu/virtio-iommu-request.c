// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Virtio IOMMU: requests, one at a time and waited for, and fault events (VIRTIO 1.2, 5.13.6).
 * Contract and locking in virtio-iommu.h.
 */
#include "virtio-iommu.h"

#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/host.h>
#include <postern/string.h>
#include <postern/zone.h>

/* Where in the request page the device writes its answer. */
#define ANSWER 256u
_Static_assert(ANSWER + VIOMMU_MAX_PROBE + sizeof(struct viommu_tail) <= 4096, "answers fit");

static int error_of(unsigned status)
{
	switch (status) {
	case VIOMMU_S_OK:
		return 0;
	case VIOMMU_S_UNSUPP:
		return -EOPNOTSUPP;
	case VIOMMU_S_RANGE:
		return -ERANGE;
	case VIOMMU_S_NOENT:
		return -ENOENT;
	case VIOMMU_S_NOMEM:
		return -ENOMEM;
	}
	return -EIO;
}

static int dies(struct viommu *v, const char *why)
{
	v->dead = true;
	host_log(LOG_ERROR, VIOMMU_TAG "%s: it is not used any more", VIOMMU_ID(v), why);
	return -ETIMEDOUT;
}

static int wait(struct viommu *v)
{
	const uint64_t deadline = host_time_ns() + VIRTIO_TIMEOUT_NS;
	bool late = false;

	for (;;) {
		unsigned first;
		uint32_t written;
		int got = virtio_queue_take(&v->requests, &first, &written);

		/* There is one request: the only chain that can come back starts at 0. */
		if (got < 0 || (got > 0 && first))
			return dies(v, "it gave a request back that it did not get");
		if (got)
			return 0;
		if (late)
			return dies(v, "no answer to a request in 1 s");
		/* One more look after the deadline: this CPU may have been away. */
		late = host_time_ns() > deadline;
		arch_relax();
	}
}

/* Sends what is in the request page: `size` bytes; the answer is `properties` bytes and the tail.
 */
static int send(struct viommu *v, size_t size, uint32_t properties)
{
	const hpa_t page = host_virt_to_phys(v->request);
	const struct virtio_buffer buffers[] = {
		{ .base = page, .size = (uint32_t)size },
		{ .base = page + ANSWER,
		  .size = properties + (uint32_t)sizeof(struct viommu_tail),
		  .in = true },
	};
	struct viommu_tail tail;
	int err;

	if (v->dead)
		return -ETIMEDOUT;
	/* An answer that the device does not write is none. */
	memset(v->request + ANSWER, 0xff, buffers[1].size);
	virtio_queue_offer(&v->requests, 0, buffers, ARRAY_SIZE(buffers));
	virtio_queue_notify(&v->requests);
	err = wait(v);
	if (err)
		return err;
	memcpy(&tail, v->request + ANSWER + properties, sizeof(tail));
	return error_of(tail.status);
}

int viommu_request_attach(struct viommu *v, uint32_t domain, uint32_t stream)
{
	const struct viommu_attach r = { .head.type = VIOMMU_ATTACH,
					 .domain = domain,
					 .endpoint = stream };

	memcpy(v->request, &r, sizeof(r));
	return send(v, sizeof(r), 0);
}

int viommu_request_detach(struct viommu *v, uint32_t domain, uint32_t stream)
{
	const struct viommu_detach r = { .head.type = VIOMMU_DETACH,
					 .domain = domain,
					 .endpoint = stream };

	memcpy(v->request, &r, sizeof(r));
	return send(v, sizeof(r), 0);
}

int viommu_request_map(struct viommu *v, uint32_t domain, const struct viommu_range *range)
{
	const struct viommu_map r = {
		.head.type = VIOMMU_MAP,
		.domain = domain,
		.virt_start = range->iova,
		.virt_end = range->iova + (range->size - 1),
		.phys_start = range->pa,
		.flags = v->features & VIOMMU_F_MMIO ? range->flags
						     : range->flags & ~VIOMMU_MAP_MMIO,
	};

	memcpy(v->request, &r, sizeof(r));
	return send(v, sizeof(r), 0);
}

int viommu_request_unmap(struct viommu *v, uint32_t domain, const struct viommu_range *range)
{
	const struct viommu_unmap r = {
		.head.type = VIOMMU_UNMAP,
		.domain = domain,
		.virt_start = range->iova,
		.virt_end = range->iova + (range->size - 1),
	};

	memcpy(v->request, &r, sizeof(r));
	return send(v, sizeof(r), 0);
}

int viommu_request_probe(struct viommu *v, uint32_t stream,
			 int (*reserved)(void *ctx, iova_t first, iova_t last, bool msi), void *ctx)
{
	const struct viommu_probe r = { .head.type = VIOMMU_PROBE, .endpoint = stream };
	const uint8_t *answer = v->request + ANSWER;
	int err;

	if (!v->probe_size)
		return 0;
	memcpy(v->request, &r, sizeof(r));
	err = send(v, sizeof(r), v->probe_size);
	for (uint32_t at = 0; !err && at + sizeof(struct viommu_property) <= v->probe_size;) {
		struct viommu_property p;
		struct viommu_reserved range;

		memcpy(&p, answer + at, sizeof(p));
		at += (uint32_t)sizeof(p);
		if (!(p.type & VIOMMU_PROPERTY_TYPE))
			break;
		if (p.length > v->probe_size - at)
			return -EIO;
		if ((p.type & VIOMMU_PROPERTY_TYPE) == VIOMMU_PROPERTY_RESERVED &&
		    p.length >= sizeof(range)) {
			memcpy(&range, answer + at, sizeof(range));
			err = reserved(ctx, range.start, range.end,
				       range.subtype == VIOMMU_RESERVED_MSI);
		}
		at += p.length;
	}
	return err;
}

/* ---- events ---- */

static void offer_event(struct viommu *v, unsigned n)
{
	const struct virtio_buffer b = { .base = host_virt_to_phys(&v->event[n]),
					 .size = sizeof(v->event[n]),
					 .in = true };

	virtio_queue_offer(&v->events, n, &b, 1);
}

void viommu_events_start(struct viommu *v)
{
	for (unsigned n = 0; n < VIOMMU_EVENTS && n < v->events.size; n++)
		offer_event(v, n);
	virtio_queue_notify(&v->events);
}

static const char *reason_name(unsigned reason)
{
	switch (reason) {
	case VIOMMU_FAULT_DOMAIN:
		return "blocked";
	case VIOMMU_FAULT_MAPPING:
		return "translation";
	}
	return "unknown";
}

static int fault_next_locked(struct viommu *v, struct iommu_fault *out)
{
	const struct viommu_stream *s;
	struct viommu_fault f;
	uint32_t written;
	unsigned n;
	int got;

	if (v->dead)
		return 0;
	got = virtio_queue_take(&v->events, &n, &written);
	if (!got)
		return 0;
	if (got < 0 || n >= VIOMMU_EVENTS || written < sizeof(f)) {
		(void)dies(v, "it reports an event in a buffer that it did not get");
		return 0;
	}
	f = v->event[n];
	offer_event(v, n);
	virtio_queue_notify(&v->events);
	s = viommu_find(v, f.endpoint);
	*out = (struct iommu_fault){
		.stream = f.endpoint,
		.zone_id = s ? s->domain->head.zone_id : ZONE_NONE,
		.iova = f.address,
		.has_iova = f.flags & VIOMMU_FAULT_ADDRESS,
		.has_direction = f.flags & (VIOMMU_FAULT_READ | VIOMMU_FAULT_WRITE),
		.write = f.flags & VIOMMU_FAULT_WRITE,
		.code = f.reason,
		.reason = reason_name(f.reason),
	};
	return 1;
}

int viommu_fault_next(struct iommu_unit *u, struct iommu_fault *out)
{
	int got;

	host_lock(&u->lock);
	got = fault_next_locked(u->state, out);
	host_unlock(&u->lock);
	return got;
}
