// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtio IOMMU as hardware: see virtio-iommu.h. Offsets and numbers are written out here on
 * purpose; the section of VIRTIO 1.2 they come from stands beside them.
 */
#include "virtio-iommu.h"

#include "host.h"

#include <string.h>

#define MAX_DOMAINS 300
#define MAX_MAPS    600
#define MAX_EVENTS  64
#define QUEUES      2
#define PROBE_SIZE  512u

struct map {
	uint32_t domain;
	uint64_t first, last, phys;
	uint32_t flags;
};

struct queue {
	uint16_t size, enabled, seen;
	uint64_t desc, driver, device; /* 4.1.4.3 */
	uint16_t used;
};

struct model_viommu {
	struct model_viommu_config config;
	uint8_t status, bypass;
	uint32_t device_select, driver_select;
	uint64_t accepted;
	uint16_t queue_select;
	struct queue queue[QUEUES];
	bool master;
	/* The domain of an endpoint, 0: none; index is the endpoint. */
	uint64_t domain_of[0x10000]; /* domain + 1 */
	struct map maps[MAX_MAPS];
	unsigned map_count, carried_out[6], bypassed;
	unsigned stop_at, refuse_at, refuse_status;
	bool wrong, keep_bypass, never_reset, refuse_features;
	unsigned wrong_descriptor;
};

static uint64_t offered(const struct model_viommu *m)
{
	const struct model_viommu_config *c = &m->config;

	return (c->legacy ? 0 : (uint64_t)1 << 32) | (uint64_t)1 << 33 | (c->input_last ? 1 : 0) |
	       (c->domain_last ? 2 : 0) | (c->no_map ? 0 : 4) |
	       (uint64_t)8 /* F_BYPASS: accepting it would let endpoints without a domain through */ |
	       (c->no_probe ? 0 : 16) | (c->no_mmio ? 0 : 32) | (c->no_bypass_config ? 0 : 64);
}

static bool passes_unattached(const struct model_viommu *m)
{
	if (m->accepted & 64)
		return m->bypass;
	/* Before features are agreed on, as after a reset; then F_BYPASS decides (5.13.6.5). */
	return m->status & 8 ? (m->accepted & 8) != 0 : m->config.boot_bypass;
}

/* ---- memory it shares with the driver ---- */

static uint64_t fetch(hpa_t at, unsigned size)
{
	uint64_t v = 0;

	if (!model_bus_read(at, &v, size))
		model_fail("virtio iommu: fetches from where no memory is (0x%llx)",
			   (unsigned long long)at);
	return v;
}

static void store(hpa_t at, const void *data, size_t size)
{
	if (!model_bus_write(at, data, size))
		model_fail("virtio iommu: writes where no memory is (0x%llx)",
			   (unsigned long long)at);
}

static void give_back(struct queue *q, uint32_t id, uint32_t written)
{
	const unsigned slot = q->used & (q->size - 1u);

	store(q->device + 4 + 8 * slot, &id, 4);
	store(q->device + 8 + 8 * slot, &written, 4);
	q->used++;
	store(q->device + 2, &q->used, 2);
}

/* One piece of a chain of two: what the device reads, or what it writes. */
struct piece {
	uint64_t address;
	uint32_t length;
};

static struct piece piece_of(const struct queue *q, unsigned n, unsigned *next, bool in)
{
	const hpa_t d = q->desc + 16 * n;
	const unsigned flags = (unsigned)fetch(d + 12, 2);

	if (((flags & 2) != 0) != in)
		model_fail("virtio iommu: descriptor %u has the wrong direction", n);
	*next = flags & 1 ? (unsigned)fetch(d + 14, 2) : UINT32_MAX;
	return (struct piece){ fetch(d, 8), (uint32_t)fetch(d + 8, 4) };
}

/* ---- requests (5.13.6) ---- */

static bool exists(const struct model_viommu *m, uint32_t domain)
{
	for (unsigned e = 0; e < 0x10000; e++)
		if (m->domain_of[e] == (uint64_t)domain + 1)
			return true;
	return false;
}

static void drop_maps(struct model_viommu *m, uint32_t domain)
{
	for (unsigned i = 0; i < m->map_count;)
		if (m->maps[i].domain == domain)
			m->maps[i] = m->maps[--m->map_count];
		else
			i++;
}

static void leave(struct model_viommu *m, uint32_t endpoint)
{
	const uint64_t old = m->domain_of[endpoint];

	m->domain_of[endpoint] = 0;
	if (old && !exists(m, (uint32_t)(old - 1)))
		drop_maps(m, (uint32_t)(old - 1));
}

enum { OK, IOERR, UNSUPP, DEVERR, INVAL, RANGE, NOENT, FAULT, NOMEM };

static uint32_t word(const uint8_t *r, unsigned at)
{
	uint32_t v;

	memcpy(&v, r + at, 4);
	return v;
}

static uint64_t quad(const uint8_t *r, unsigned at)
{
	return word(r, at) | (uint64_t)word(r, at + 4) << 32;
}

static unsigned attach(struct model_viommu *m, const uint8_t *r)
{
	const uint32_t domain = word(r, 4), endpoint = word(r, 8);

	if (word(r, 12) || word(r, 16))
		return INVAL;
	if (endpoint >= 0x10000 || endpoint == 0xdead)
		return NOENT;
	if (m->config.domain_last &&
	    (domain < m->config.domain_first || domain > m->config.domain_last))
		return RANGE;
	leave(m, endpoint);
	m->domain_of[endpoint] = (uint64_t)domain + 1;
	return OK;
}

static unsigned detach(struct model_viommu *m, const uint8_t *r)
{
	const uint32_t domain = word(r, 4), endpoint = word(r, 8);

	if (endpoint >= 0x10000)
		return NOENT;
	if (m->domain_of[endpoint] != (uint64_t)domain + 1)
		return INVAL;
	leave(m, endpoint);
	return OK;
}

static unsigned map(struct model_viommu *m, const uint8_t *r)
{
	const uint64_t granule = m->config.page_sizes & -m->config.page_sizes;
	const struct map n = { word(r, 4), quad(r, 8), quad(r, 16), quad(r, 24), word(r, 32) };

	if (!exists(m, n.domain))
		return NOENT;
	if ((n.flags & ~7u) || (n.flags & 4 && m->config.no_mmio) || n.last < n.first)
		return INVAL;
	if (n.first % granule || (n.last + 1) % granule || n.phys % granule ||
	    (m->config.input_last && n.last > m->config.input_last))
		return RANGE;
	for (unsigned i = 0; i < m->map_count; i++)
		if (m->maps[i].domain == n.domain && m->maps[i].first <= n.last &&
		    n.first <= m->maps[i].last)
			return INVAL;
	if (m->map_count == MAX_MAPS)
		return NOMEM;
	m->maps[m->map_count++] = n;
	return OK;
}

static unsigned unmap(struct model_viommu *m, const uint8_t *r)
{
	const uint32_t domain = word(r, 4);
	const uint64_t first = quad(r, 8), last = quad(r, 16);

	if (!exists(m, domain))
		return NOENT;
	for (unsigned i = 0; i < m->map_count;) {
		const struct map *e = &m->maps[i];

		if (e->domain != domain || e->first > last || first > e->last) {
			i++;
			continue;
		}
		if (e->first < first || e->last > last)
			return RANGE;
		m->maps[i] = m->maps[--m->map_count];
	}
	return OK;
}

static unsigned put_reserved(uint8_t *at, unsigned subtype, uint64_t first, uint64_t last)
{
	const uint8_t head[] = { 1, 0, 20, 0, (uint8_t)subtype, 0, 0, 0 };

	if (!last)
		return 0;
	memcpy(at, head, sizeof(head));
	memcpy(at + 8, &first, 8);
	memcpy(at + 16, &last, 8);
	return 24;
}

static unsigned probe(struct model_viommu *m, const uint8_t *r, uint8_t *properties)
{
	unsigned at;

	if (m->config.no_probe)
		return UNSUPP;
	if (word(r, 4) >= 0x10000)
		return NOENT;
	at = put_reserved(properties, 1, m->config.msi_first, m->config.msi_last);
	(void)put_reserved(properties + at, 0, m->config.hole_first, m->config.hole_last);
	return OK;
}

static bool counts_down(unsigned *n)
{
	return *n && --*n == 0;
}

static void carry_out(struct model_viommu *m, struct queue *q, unsigned head)
{
	static const unsigned sizes[] = { 0, 20, 20, 36, 28, 72 };
	uint8_t request[128] = { 0 }, answer[PROBE_SIZE + 4] = { 0 };
	unsigned next, end, status, type;
	struct piece out = piece_of(q, head, &next, false), in;

	if (next == UINT32_MAX) {
		model_fail("virtio iommu: a request without room for an answer");
		return;
	}
	in = piece_of(q, next, &end, true);
	if (end != UINT32_MAX || out.length > sizeof(request) || out.length < 4) {
		model_fail("virtio iommu: a malformed request");
		return;
	}
	for (unsigned i = 0; i < out.length; i++)
		request[i] = (uint8_t)fetch(out.address + i, 1);
	type = request[0];
	if (type < 1 || type > 5 || out.length != sizes[type] ||
	    in.length != (type == 5 ? PROBE_SIZE : 0) + 4) {
		model_fail("virtio iommu: request %u of %u bytes, %u for the answer", type,
			   out.length, in.length);
		return;
	}
	if (m->refuse_at && counts_down(&m->refuse_at))
		status = m->refuse_status;
	else
		status = type == 1   ? attach(m, request)
			 : type == 2 ? detach(m, request)
			 : type == 3 ? map(m, request)
			 : type == 4 ? unmap(m, request)
				     : probe(m, request, answer);
	m->carried_out[type] += status == OK;
	answer[in.length - 4] = (uint8_t)status;
	store(in.address, answer, in.length);
	give_back(q, m->wrong ? m->wrong_descriptor : head, in.length);
}

static void notified(struct model_viommu *m, unsigned index)
{
	struct queue *q = &m->queue[index];

	if (index || !q->enabled || !(m->status & 4))
		return;
	if (!m->master) {
		model_fail("virtio iommu: notified while its Bus Master is off");
		return;
	}
	while (q->seen != (uint16_t)fetch(q->driver + 2, 2)) {
		if (m->stop_at == 1)
			return;
		if (m->stop_at)
			m->stop_at--;
		carry_out(m, q, (unsigned)fetch(q->driver + 4 + 2 * (q->seen & (q->size - 1u)), 2));
		q->seen++;
	}
}

/* ---- registers ---- */

static uint64_t read_common(const struct model_viommu *m, uint64_t at)
{
	const struct queue *q = m->queue_select < QUEUES ? &m->queue[m->queue_select] : NULL;

	switch (at) {
	case 0x04:
		return (uint32_t)(m->device_select < 2 ? offered(m) >> 32 * m->device_select : 0);
	case 0x10:
		return 0xffff;
	case 0x12:
		return QUEUES;
	case 0x14:
		return m->status;
	case 0x18:
		return q ? q->size : 0;
	case 0x1c:
		return q ? q->enabled : 0;
	case 0x1e:
		return m->queue_select;
	}
	return 0;
}

static void power_on(struct model_viommu *m)
{
	memset(m->queue, 0, sizeof(m->queue));
	memset(m->domain_of, 0, sizeof(m->domain_of));
	m->map_count = 0;
	m->accepted = 0;
	for (unsigned i = 0; i < QUEUES; i++)
		m->queue[i].size = i ? 16 : 256;
}

static void write_status(struct model_viommu *m, uint8_t value)
{
	if (!value) {
		if (!m->never_reset)
			m->status = 0;
		power_on(m);
		return;
	}
	if (value & 8 && m->refuse_features)
		value &= (uint8_t)~8u;
	m->status |= value;
}

static void half(uint64_t *reg, bool high, uint64_t value)
{
	*reg = high ? (*reg & UINT32_MAX) | value << 32 : (*reg & ~(uint64_t)UINT32_MAX) | value;
}

static void write_queue(struct model_viommu *m, uint64_t at, uint64_t value)
{
	struct queue *q = m->queue_select < QUEUES ? &m->queue[m->queue_select] : NULL;

	if (!q)
		return;
	switch (at) {
	case 0x18:
		q->size = (uint16_t)value;
		break;
	case 0x1c:
		q->enabled = (uint16_t)value;
		break;
	case 0x20:
	case 0x24:
		half(&q->desc, at & 4, value);
		break;
	case 0x28:
	case 0x2c:
		half(&q->driver, at & 4, value);
		break;
	case 0x30:
	case 0x34:
		half(&q->device, at & 4, value);
		break;
	}
}

static void write_common(struct model_viommu *m, uint64_t at, uint64_t value)
{
	switch (at) {
	case 0x00:
		m->device_select = (uint32_t)value;
		break;
	case 0x08:
		m->driver_select = (uint32_t)value;
		break;
	case 0x0c:
		if (m->driver_select < 2)
			half(&m->accepted, m->driver_select == 1, value);
		if (m->accepted & ~offered(m))
			model_fail("virtio iommu: a feature is accepted that was not offered");
		break;
	case 0x14:
		write_status(m, (uint8_t)value);
		break;
	case 0x16:
		m->queue_select = (uint16_t)value;
		break;
	default:
		write_queue(m, at, value);
	}
}

static uint64_t read_device(const struct model_viommu *m, uint64_t at)
{
	const struct model_viommu_config *c = &m->config;

	switch (at) { /* 5.13.4 */
	case 0x00:
		return (uint32_t)c->page_sizes;
	case 0x04:
		return c->page_sizes >> 32;
	case 0x10:
		return (uint32_t)c->input_last;
	case 0x14:
		return c->input_last >> 32;
	case 0x18:
		return c->domain_first;
	case 0x1c:
		return c->domain_last;
	case 0x20:
		return PROBE_SIZE;
	case 0x24:
		return m->bypass;
	}
	return 0;
}

static uint64_t mmio_read(void *ctx, uint64_t offset, unsigned size)
{
	const struct model_viommu *m = ctx;

	(void)size;
	if (offset < MODEL_VIOMMU_NOTIFY)
		return read_common(m, offset);
	if (offset >= MODEL_VIOMMU_DEVICE)
		return read_device(m, offset - MODEL_VIOMMU_DEVICE);
	return 0;
}

static void mmio_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct model_viommu *m = ctx;

	if (offset < MODEL_VIOMMU_NOTIFY) {
		write_common(m, offset, value);
	} else if (offset < MODEL_VIOMMU_DEVICE) {
		if (size != 2 || value >= QUEUES ||
		    offset != MODEL_VIOMMU_NOTIFY + value * MODEL_VIOMMU_NOTIFY_FACTOR)
			model_fail("virtio iommu: notification at the wrong place");
		else
			notified(m, (unsigned)value);
	} else if (offset == MODEL_VIOMMU_DEVICE + 0x24 && m->accepted & 64) {
		if (!m->keep_bypass)
			m->bypass = (uint8_t)value;
	} else {
		model_fail("virtio iommu: write to its read-only configuration");
	}
}

struct model_viommu *model_viommu_create(hpa_t base, const struct model_viommu_config *config)
{
	static const struct model_mmio_ops ops = { mmio_read, mmio_write };
	struct model_viommu *m = model_alloc(sizeof(*m));

	m->config = *config;
	if (!m->config.page_sizes)
		m->config.page_sizes = ~(uint64_t)0xfff;
	m->bypass = config->boot_bypass;
	power_on(m);
	model_mmio_add(base, MODEL_VIOMMU_BAR, &ops, m);
	return m;
}

/* ---- devices ---- */

static void report(struct model_viommu *m, uint32_t endpoint, uint64_t iova, bool write,
		   unsigned reason)
{
	struct queue *q = &m->queue[1];
	const uint32_t flags = 0x100u | (write ? 2u : 1u);
	uint8_t event[24] = { 0 };
	struct piece in;
	unsigned head, end;

	if (!q->enabled || !(m->status & 4) || q->seen == (uint16_t)fetch(q->driver + 2, 2))
		return; /* nowhere to tell it */
	head = (unsigned)fetch(q->driver + 4 + 2 * (q->seen++ & (q->size - 1u)), 2);
	in = piece_of(q, head, &end, true);
	if (in.length < sizeof(event)) {
		model_fail("virtio iommu: an event buffer of %u bytes", in.length);
		return;
	}
	event[0] = (uint8_t)reason;
	memcpy(event + 4, &flags, 4);
	memcpy(event + 8, &endpoint, 4);
	memcpy(event + 16, &iova, 8);
	store(in.address, event, sizeof(event));
	give_back(q, head, sizeof(event));
}

bool model_viommu_dma(struct model_viommu *m, uint32_t endpoint, uint64_t iova, bool write,
		      hpa_t *out)
{
	const uint64_t domain = m->domain_of[endpoint];

	if (!domain && passes_unattached(m)) {
		m->bypassed++;
		*out = iova;
		return true;
	}
	if (domain && m->config.msi_last && iova >= m->config.msi_first &&
	    iova <= m->config.msi_last) {
		*out = iova;
		return true;
	}
	for (unsigned i = 0; domain && i < m->map_count; i++) {
		const struct map *e = &m->maps[i];

		if (e->domain + (uint64_t)1 == domain && iova >= e->first && iova <= e->last &&
		    e->flags & (write ? 2u : 1u)) {
			*out = e->phys + (iova - e->first);
			return true;
		}
	}
	report(m, endpoint, iova, write, domain ? 2 : 1);
	return false;
}

unsigned model_viommu_requests(const struct model_viommu *m, unsigned type)
{
	return m->carried_out[type];
}

void model_viommu_set_master(struct model_viommu *m, bool on)
{
	m->master = on;
}

unsigned model_viommu_bypassed(const struct model_viommu *m)
{
	return m->bypassed;
}

bool model_viommu_running(const struct model_viommu *m)
{
	return m->status & 4;
}

void model_viommu_stop(struct model_viommu *m, unsigned n)
{
	m->stop_at = n;
	if (!n)
		notified(m, 0);
}

void model_viommu_refuse(struct model_viommu *m, unsigned n, unsigned status)
{
	m->refuse_at = n;
	m->refuse_status = status;
}

void model_viommu_wrong_descriptor(struct model_viommu *m, unsigned descriptor)
{
	m->wrong = true;
	m->wrong_descriptor = descriptor;
}

void model_viommu_keep_bypass(struct model_viommu *m)
{
	m->keep_bypass = true;
}

void model_viommu_never_reset(struct model_viommu *m)
{
	m->never_reset = true;
	m->status = 0x0f;
}

void model_viommu_refuse_features(struct model_viommu *m)
{
	m->refuse_features = true;
}

void model_viommu_needs_reset(struct model_viommu *m)
{
	m->status |= 0x40;
}
