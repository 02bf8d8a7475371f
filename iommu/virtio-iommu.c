// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Virtio IOMMU: taking over a device, domains and endpoints. Virtual I/O Device (VIRTIO)
 * Version 1.2, 5.13; docs/hardware/ virtio-iommu.md.
 *
 * A device can let endpoints that are in no domain through (its boot default); init clears that in
 * the device's own configuration, reads it back, and refuses a device that keeps it (invariant V1).
 * Streams are requester IDs: that is how a host bridge's iommu-map and ACPI's VIOT number the
 * endpoints behind it.
 *
 * The device answers a request when it is done, hits and misses of its caches included: unmap and
 * block are proven by the answer.
 *
 * Locking: the unit's lock is taken here for every op but init and limits; a request is waited for
 * inside, for 1 s at most. Boot CPU for init, any CPU for the rest.
 */
#include "virtio-iommu.h"

#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/host.h>
#include <postern/string.h>

/* Requester IDs of one segment. */
#define STREAMS 0x10000u

#define WANTED                                                                         \
	(VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIOMMU_F_INPUT_RANGE |        \
	 VIOMMU_F_DOMAIN_RANGE | VIOMMU_F_MAP_UNMAP | VIOMMU_F_PROBE | VIOMMU_F_MMIO | \
	 VIOMMU_F_BYPASS_CONFIG)
#define NEEDED (VIRTIO_F_VERSION_1 | VIOMMU_F_MAP_UNMAP)

struct viommu_stream *viommu_find(struct viommu *v, uint32_t stream)
{
	for (unsigned i = 0; i < VIOMMU_MAX_STREAMS; i++)
		if (v->streams[i].domain && v->streams[i].id == stream)
			return &v->streams[i];
	return NULL;
}

/* ---- taking over ---- */

static int refuse(const struct viommu *v, const char *why)
{
	host_log(LOG_ERROR, VIOMMU_TAG "%s; devices behind it cannot be assigned", VIOMMU_ID(v),
		 why);
	return -ENODEV;
}

static uint32_t config32(const struct viommu *v, unsigned reg)
{
	return mmio_read32(v->device.device.base + reg);
}

static uint64_t config64(const struct viommu *v, unsigned reg)
{
	return config32(v, reg) | (uint64_t)config32(v, reg + 4) << 32;
}

static int read_limits(struct viommu *v)
{
	const uint64_t last = v->features & VIOMMU_F_DOMAIN_RANGE ? config32(v, VIOMMU_DOMAIN_END)
								  : UINT32_MAX;

	v->page_sizes = config64(v, VIOMMU_PAGE_SIZE_MASK) & ~PAGE_MASK;
	v->last = UINT64_MAX;
	if (v->features & VIOMMU_F_INPUT_RANGE) {
		v->first = config64(v, VIOMMU_INPUT_START);
		v->last = config64(v, VIOMMU_INPUT_END);
	}
	if (v->features & VIOMMU_F_DOMAIN_RANGE)
		v->domain_first = config32(v, VIOMMU_DOMAIN_START);
	if (v->features & VIOMMU_F_PROBE)
		v->probe_size = config32(v, VIOMMU_PROBE_SIZE);
	if (!v->page_sizes || v->first >= v->last || v->domain_first > last)
		return refuse(v, "its configuration contradicts itself");
	if (v->probe_size > VIOMMU_MAX_PROBE)
		return refuse(v, "what it tells of an endpoint is more than 1 KiB");
	v->domain_limit = last - v->domain_first < VIOMMU_MAX_DOMAINS
				  ? (unsigned)(last - v->domain_first) + 1
				  : VIOMMU_MAX_DOMAINS;
	return 0;
}

/* A device without the switch blocks what has no domain, as the feature that says otherwise is not
 * accepted. */
static int clear_bypass(struct viommu *v)
{
	const hpa_t bypass = v->device.device.base + VIOMMU_BYPASS;

	if (!(v->features & VIOMMU_F_BYPASS_CONFIG))
		return 0;
	if (mmio_read8(bypass))
		host_log(LOG_INFO, VIOMMU_TAG "it let endpoints without a domain through until now",
			 VIOMMU_ID(v));
	mmio_write8(bypass, 0);
	return mmio_read8(bypass)
		       ? refuse(v, "it goes on letting endpoints without a domain through")
		       : 0;
}

static int negotiate(struct viommu *v)
{
	uint64_t offered;
	int err;

	err = virtio_pci_find(&v->device, v->unit->function);
	if (!err && v->device.device.size < VIOMMU_CONFIG_SIZE)
		return refuse(v, "its configuration is too short");
	if (!err)
		err = virtio_pci_reset(&v->device);
	if (err)
		return err;
	offered = virtio_pci_offered(&v->device);
	if ((offered & NEEDED) != NEEDED)
		return refuse(v, "it cannot map (VIRTIO_IOMMU_F_MAP_UNMAP) or is a legacy device");
	v->features = offered & WANTED;
	err = virtio_pci_negotiate(&v->device, v->features);
	if (!err)
		err = read_limits(v);
	return err ? err : clear_bypass(v);
}

static int bring_up(struct viommu *v)
{
	int err;

	v->request = host_pages_alloc(1, PAGE_SIZE);
	v->event = host_pages_alloc(1, PAGE_SIZE);
	if (!v->request || !v->event)
		return -ENOMEM;
	err = virtio_queue_init(&v->requests, &v->device, VIOMMU_REQUEST_QUEUE);
	if (!err)
		err = virtio_queue_init(&v->events, &v->device, VIOMMU_EVENT_QUEUE);
	/* It fetches requests itself. */
	if (!err)
		err = pci_set_bus_master(v->unit->function, true);
	if (!err)
		err = virtio_pci_run(&v->device);
	if (!err)
		viommu_events_start(v);
	return err;
}

static void free_memory(struct viommu *v)
{
	virtio_queue_free(&v->requests);
	virtio_queue_free(&v->events);
	host_pages_free(v->request, 1);
	host_pages_free(v->event, 1);
	host_pages_free(v, 1);
}

/*
 * The device may only be reset while it still lets everything through anyway: one that blocks by
 * now goes on blocking, and what it may read stays allocated. Without Bus Master it reads nothing.
 */
static int give_up(struct viommu *v, bool blocking, int err)
{
	host_log(LOG_ERROR, VIOMMU_TAG "not brought up (error %d)%s", VIOMMU_ID(v), -err,
		 blocking ? ", it blocks all DMA" : "");
	if (pci_set_bus_master(v->unit->function, false))
		return err;
	if (!blocking && v->device.common.base)
		virtio_pci_give_up(&v->device);
	free_memory(v);
	return err;
}

static int viommu_init(struct iommu_unit *u)
{
	struct viommu *v = host_pages_alloc(1, PAGE_SIZE);
	int err;

	if (!v)
		return -ENOMEM;
	v->unit = u;
	err = pci_set_memory_decode(u->function, true);
	if (!err)
		err = negotiate(v);
	if (err)
		return give_up(v, false, err);
	err = bring_up(v);
	if (err)
		return give_up(v, true, err);
	u->state = v;
	host_log(LOG_INFO, VIOMMU_TAG "IOVAs up to 0x%llx, %u domains, page sizes 0x%llx%s",
		 VIOMMU_ID(v), (unsigned long long)v->last, v->domain_limit,
		 (unsigned long long)v->page_sizes, v->probe_size ? ", tells reserved ranges" : "");
	return 0;
}

static void viommu_limits(const struct iommu_unit *u, struct iommu_limits *out)
{
	const struct viommu *v = u->state;

	*out = (struct iommu_limits){
		.domains = v->domain_limit,
		.streams = STREAMS,
		.iova_bits = v->last == UINT64_MAX ? 64
						   : 63u - (unsigned)__builtin_clzll(v->last + 1),
		.output_bits = 64,
		.page_sizes = v->page_sizes,
		.blocks_unknown = true,
		.reports_faults = true,
		/* Whose message a doorbell believes it gets is not the device's to say. */
		.isolates_msi = false,
	};
}

/* ---- domains ---- */

static struct viommu *unit_of(const struct viommu_domain *d)
{
	return d->head.unit->state;
}

static int domain_create_locked(struct viommu *v, uint16_t zone_id, struct iommu_domain **out)
{
	struct viommu_domain *d;
	unsigned n = 0;

	while (n < v->domain_limit && v->domains[n])
		n++;
	if (n == v->domain_limit)
		return -ENOSPC;
	d = host_pages_alloc(1, PAGE_SIZE);
	if (!d)
		return -ENOMEM;
	d->head.unit = v->unit;
	d->head.zone_id = zone_id;
	d->id = v->domain_first + n;
	v->domains[n] = d;
	*out = &d->head;
	return 0;
}

static int viommu_domain_create(struct iommu_unit *u, uint16_t zone_id, struct iommu_domain **out)
{
	int err;

	host_lock(&u->lock);
	err = domain_create_locked(u->state, zone_id, out);
	host_unlock(&u->lock);
	return err;
}

static int viommu_domain_destroy(struct iommu_domain *head)
{
	struct viommu_domain *d = container_of(head, struct viommu_domain, head);
	struct viommu *v = unit_of(d);
	struct iommu_unit *u = head->unit;
	int err = -EBUSY;

	host_lock(&u->lock);
	if (!d->head.attached) {
		v->domains[d->id - v->domain_first] = NULL;
		host_pages_free(d, 1);
		err = 0;
	}
	host_unlock(&u->lock);
	return err;
}

static bool overlaps(const struct viommu_range *r, iova_t iova, uint64_t size)
{
	return ranges_overlap(r->iova, r->size, iova, size);
}

static int check_range(const struct viommu *v, iova_t iova, uint64_t size)
{
	const uint64_t granule = v->page_sizes & -v->page_sizes;

	if (!size || !is_aligned(iova, granule) || !is_aligned(size, granule))
		return -EINVAL;
	if (iova < v->first || iova > v->last || size - 1 > v->last - iova)
		return -ERANGE;
	return 0;
}

static int map_locked(struct viommu_domain *d, const struct viommu_range *r)
{
	struct viommu *v = unit_of(d);
	int err;

	for (unsigned i = 0; i < d->count; i++)
		if (overlaps(&d->ranges[i], r->iova, r->size))
			return -EEXIST;
	if (d->count == VIOMMU_MAX_RANGES)
		return -ENOMEM;
	err = d->head.attached ? viommu_request_map(v, d->id, r) : 0;
	if (!err)
		d->ranges[d->count++] = *r;
	return err;
}

static int viommu_map(struct iommu_domain *head, iova_t iova, hpa_t pa, uint64_t size,
		      unsigned prot)
{
	struct viommu_domain *d = container_of(head, struct viommu_domain, head);
	const struct viommu *v = unit_of(d);
	const struct viommu_range r = {
		.iova = iova,
		.pa = pa,
		.size = size,
		.flags = (prot & IOMMU_PROT_READ ? VIOMMU_MAP_READ : 0) |
			 (prot & IOMMU_PROT_WRITE ? VIOMMU_MAP_WRITE : 0) |
			 (prot & IOMMU_PROT_DEVICE ? VIOMMU_MAP_MMIO : 0),
	};
	int err = check_range(v, iova, size);

	if (err)
		return err;
	if (!is_aligned(pa, v->page_sizes & -v->page_sizes) || size - 1 > UINT64_MAX - pa ||
	    !(prot & (IOMMU_PROT_READ | IOMMU_PROT_WRITE)) ||
	    prot & ~(IOMMU_PROT_READ | IOMMU_PROT_WRITE | IOMMU_PROT_DEVICE))
		return -EINVAL;
	host_lock(&head->unit->lock);
	err = map_locked(d, &r);
	host_unlock(&head->unit->lock);
	return err;
}

/* Whether [iova, iova+size) is made of whole ranges: 0, -ENOENT (part is not mapped), -EINVAL (a
 * range would be split). */
static int whole_ranges(const struct viommu_domain *d, iova_t iova, uint64_t size)
{
	uint64_t covered = 0;

	for (unsigned i = 0; i < d->count; i++) {
		const struct viommu_range *r = &d->ranges[i];

		if (!overlaps(r, iova, size))
			continue;
		if (!range_inside(r->iova, r->size, iova, size))
			return -EINVAL;
		covered += r->size;
	}
	return covered == size ? 0 : -ENOENT;
}

static int unmap_locked(struct viommu_domain *d, iova_t iova, uint64_t size)
{
	struct viommu *v = unit_of(d);
	int err = whole_ranges(d, iova, size);

	for (unsigned i = 0; i < d->count && !err;) {
		if (!overlaps(&d->ranges[i], iova, size)) {
			i++;
			continue;
		}
		if (d->head.attached)
			err = viommu_request_unmap(v, d->id, &d->ranges[i]);
		if (!err)
			d->ranges[i] = d->ranges[--d->count];
	}
	return err;
}

static int viommu_unmap(struct iommu_domain *head, iova_t iova, uint64_t size)
{
	struct viommu_domain *d = container_of(head, struct viommu_domain, head);
	int err = check_range(unit_of(d), iova, size);

	if (err)
		return err;
	host_lock(&head->unit->lock);
	err = unmap_locked(d, iova, size);
	host_unlock(&head->unit->lock);
	return err;
}

/* ---- endpoints ---- */

struct reserved_check {
	const struct viommu *v;
	const struct viommu_domain *d;
	uint32_t stream;
};

/*
 * What the endpoint cannot have translated must not be the zone's memory: its DMA there would go
 * elsewhere. A range for messages goes to the doorbell with or without our mapping of it.
 */
static int check_reserved(void *ctx, iova_t first, iova_t last, bool msi)
{
	const struct reserved_check *c = ctx;

	for (unsigned i = 0; i < c->d->count && first <= last; i++) {
		const struct viommu_range *r = &c->d->ranges[i];

		if (r->iova > last || first > r->iova + (r->size - 1) ||
		    (msi && r->flags & VIOMMU_MAP_MMIO))
			continue;
		host_log(LOG_ERROR,
			 VIOMMU_TAG "stream 0x%x cannot have 0x%llx..0x%llx translated, where its "
				    "zone has memory: choose another layout",
			 VIOMMU_ID(c->v), c->stream, (unsigned long long)first,
			 (unsigned long long)last);
		return -EADDRINUSE;
	}
	return 0;
}

/* The domain begins to exist with its first endpoint: it learns what is mapped. */
static int tell_ranges(struct viommu *v, const struct viommu_domain *d)
{
	int err = 0;

	for (unsigned i = 0; i < d->count && !err; i++)
		err = viommu_request_map(v, d->id, &d->ranges[i]);
	return err;
}

static struct viommu_stream *free_entry(struct viommu *v)
{
	for (unsigned i = 0; i < VIOMMU_MAX_STREAMS; i++)
		if (!v->streams[i].domain)
			return &v->streams[i];
	return NULL;
}

static int attach_locked(struct viommu *v, struct viommu_domain *d, uint32_t stream)
{
	struct reserved_check check = { .v = v, .d = d, .stream = stream };
	struct viommu_stream *s = viommu_find(v, stream);
	int err;

	if (s)
		return s->domain == d ? 0 : -EBUSY;
	s = free_entry(v);
	if (!s)
		return -ENOSPC;
	err = viommu_request_probe(v, stream, check_reserved, &check);
	if (!err)
		err = viommu_request_attach(v, d->id, stream);
	if (err == -ENOENT)
		host_log(LOG_ERROR, VIOMMU_TAG "it has no stream 0x%x", VIOMMU_ID(v), stream);
	if (err)
		return err;
	*s = (struct viommu_stream){ .id = stream, .domain = d };
	if (d->head.attached++)
		return 0;
	err = tell_ranges(v, d);
	/* Its DMA goes nowhere again; if the device does not even do that, the stream counts as
	 * attached. */
	if (err && !viommu_request_detach(v, d->id, stream)) {
		s->domain = NULL;
		d->head.attached--;
	}
	return err;
}

static int viommu_attach(struct iommu_domain *head, uint32_t stream)
{
	struct iommu_unit *u = head->unit;
	int err;

	if (stream >= STREAMS)
		return -ERANGE;
	host_lock(&u->lock);
	err = attach_locked(u->state, container_of(head, struct viommu_domain, head), stream);
	host_unlock(&u->lock);
	return err;
}

static int block_locked(struct viommu *v, uint32_t stream)
{
	struct viommu_stream *s = viommu_find(v, stream);
	int err;

	if (v->dead)
		return -ETIMEDOUT;
	if (!s)
		return 0;
	err = viommu_request_detach(v, s->domain->id, stream);
	if (err)
		return err;
	s->domain->head.attached--;
	s->domain = NULL;
	return 0;
}

static int viommu_block(struct iommu_unit *u, uint32_t stream)
{
	int err;

	if (stream >= STREAMS)
		return -ERANGE;
	host_lock(&u->lock);
	err = block_locked(u->state, stream);
	host_unlock(&u->lock);
	return err;
}

static int viommu_service_errors(struct iommu_unit *u)
{
	struct viommu *v = u->state;
	int found = 0;

	host_lock(&u->lock);
	if (!v->told && virtio_pci_broken(&v->device)) {
		v->told = v->dead = true;
		host_log(LOG_ERROR, VIOMMU_TAG "it asks for a reset: it is not used any more",
			 VIOMMU_ID(v));
		found = 1;
	}
	host_unlock(&u->lock);
	return found;
}

const struct iommu_ops virtio_iommu_ops = {
	.name = "virtio-iommu",
	.init = viommu_init,
	.limits = viommu_limits,
	.domain_create = viommu_domain_create,
	.domain_destroy = viommu_domain_destroy,
	.map = viommu_map,
	.unmap = viommu_unmap,
	.attach = viommu_attach,
	.block = viommu_block,
	.fault_next = viommu_fault_next,
	.service_errors = viommu_service_errors,
};
