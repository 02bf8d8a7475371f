// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IOMMU faults: ring, counts and the rate limit of their log lines. See <hv/fault_log.h> for the
 * contract.
 *
 * Locking: `faults.lock` is a leaf; lines are logged after it was let go, because the console may
 * be slow.
 */
#include <hv/fault_log.h>
#include <postern/string.h>

#define RING_SIZE    256u
/* Streams told apart by the limit. When more fault at once, the others share the last entry. */
#define MAX_STREAMS  32u
#define PERIOD_NS    ((uint64_t)10 * 1000 * 1000 * 1000)
#define PERIOD_S     10u
#define PERIOD_LINES 4u

/* The limit's memory of one stream. */
struct source {
	bool used;
	unsigned unit;
	uint32_t stream;
	uint64_t period_end;
	unsigned lines; /* logged in this period */
	uint64_t held;  /* not logged in this period */
};

static struct {
	struct lock lock;
	uint64_t head; /* faults ever recorded; the newest RING_SIZE are in the ring */
	uint64_t unowned;
	struct fault_record ring[RING_SIZE];
	struct source sources[MAX_STREAMS];
	struct work summary;
} faults;

static sbdf_t function_behind(unsigned unit, uint32_t stream)
{
	for (unsigned i = 0; i < hv.pci.count; i++) {
		const struct pci_route *route = &hv.pci.functions[i].iommu;

		if (route->unit == (int)unit && route->id == stream)
			return hv.pci.functions[i].sbdf;
	}
	return SBDF_NONE;
}

void fault_log_describe(const struct iommu_fault *f, char *text, size_t size)
{
	if (f->has_iova)
		format_text(text, size, "%s at 0x%llx refused: %s (event 0x%02x)",
			    !f->has_direction ? "access"
			    : f->write        ? "write"
					      : "read",
			    (unsigned long long)f->iova, f->reason, f->code);
	else
		format_text(text, size, "refused: %s (event 0x%02x)", f->reason, f->code);
}

static void log_fault(const struct fault_record *r)
{
	const struct iommu_fault *f = &r->fault;
	char device[32] = "unknown device", what[96];

	if (r->bdf != SBDF_NONE)
		format_text(device, sizeof(device), "device " SBDF_FMT, SBDF_ARG(r->bdf));
	fault_log_describe(f, what, sizeof(what));
	host_log(LOG_WARN, "iommu %u: %s%s, %s, stream 0x%x: DMA %s", r->unit,
		 f->zone_id < hv.zone_count ? "zone " : "no zone",
		 f->zone_id < hv.zone_count ? hv.zones[f->zone_id].name : "", device, f->stream,
		 what);
}

static void log_held(const struct source *s)
{
	host_log(LOG_WARN,
		 "iommu %u: stream 0x%x: %llu more faults within %u s not logged; see `faults`",
		 s->unit, s->stream, (unsigned long long)s->held, PERIOD_S);
}

/* ---- the limit; faults.lock held ------------------------------------------------------------- */

/* The entry of the stream, a free one made its own, or the last one when all are busy. */
static struct source *source_of(unsigned unit, uint32_t stream, uint64_t now)
{
	struct source *idle = NULL;

	for (unsigned i = 0; i < MAX_STREAMS; i++) {
		struct source *s = &faults.sources[i];

		if (s->used && s->unit == unit && s->stream == stream)
			return s;
		if (!idle && (!s->used || (now >= s->period_end && !s->held)))
			idle = s;
	}
	if (!idle)
		return &faults.sources[MAX_STREAMS - 1];
	*idle = (struct source){ .used = true, .unit = unit, .stream = stream };
	return idle;
}

/*
 * True when the fault gets a line. *held: the summary of the period that just ended, or held == 0.
 */
static bool admit(struct source *s, uint64_t now, struct source *held)
{
	held->held = 0;
	if (now >= s->period_end) {
		*held = *s;
		s->period_end = now + PERIOD_NS;
		s->lines = 0;
		s->held = 0;
	}
	if (s->lines < PERIOD_LINES) {
		s->lines++;
		return true;
	}
	s->held++;
	return false;
}

/* ---- interface ------------------------------------------------------------------------------- */

/*
 * One summary that is due; false when there is none. *next: when the earliest of the others is, or
 * UINT64_MAX.
 */
static bool take_summary(uint64_t now, struct source *out, uint64_t *next)
{
	bool found = false;

	*next = UINT64_MAX;
	host_lock(&faults.lock);
	for (unsigned i = 0; i < MAX_STREAMS && !found; i++) {
		struct source *s = &faults.sources[i];

		if (!s->held)
			continue;
		if (now >= s->period_end) {
			*out = *s;
			s->held = 0;
			found = true;
		} else if (s->period_end < *next) {
			*next = s->period_end;
		}
	}
	host_unlock(&faults.lock);
	return found;
}

static void log_summaries(struct work *w)
{
	uint64_t now = host_time_ns(), next;
	struct source s;

	while (take_summary(now, &s, &next))
		log_held(&s);
	if (next != UINT64_MAX)
		work_defer(w, next);
}

void fault_log_add(unsigned unit, const struct iommu_fault *f)
{
	struct fault_record r = { .time = host_time_ns(), .unit = unit, .fault = *f };
	struct source *s, held;
	bool logged, first_held;
	uint64_t period_end;

	r.bdf = function_behind(unit, f->stream);
	host_lock(&faults.lock);
	faults.ring[faults.head++ % RING_SIZE] = r;
	if (f->zone_id < hv.zone_count)
		hv.zones[f->zone_id].faults++;
	else
		faults.unowned++;
	s = source_of(unit, f->stream, r.time);
	logged = admit(s, r.time, &held);
	first_held = !logged && s->held == 1;
	period_end = s->period_end;
	host_unlock(&faults.lock);

	if (held.held)
		log_held(&held);
	if (logged)
		log_fault(&r);
	if (first_held) {
		faults.summary.fn = log_summaries;
		/* An earlier summary that is due already comes first and takes care of this one. */
		if (!faults.summary.queued)
			work_defer(&faults.summary, period_end);
	}
}

bool fault_log_next(uint64_t *cursor, struct fault_record *out)
{
	bool found;

	host_lock(&faults.lock);
	if (faults.head > RING_SIZE && *cursor < faults.head - RING_SIZE)
		*cursor = faults.head - RING_SIZE;
	found = *cursor < faults.head;
	if (found)
		*out = faults.ring[(*cursor)++ % RING_SIZE];
	host_unlock(&faults.lock);
	return found;
}

uint64_t fault_log_total(void)
{
	uint64_t total;

	host_lock(&faults.lock);
	total = faults.head;
	host_unlock(&faults.lock);
	return total;
}

uint64_t fault_log_unowned(void)
{
	uint64_t unowned;

	host_lock(&faults.lock);
	unowned = faults.unowned;
	host_unlock(&faults.lock);
	return unowned;
}
