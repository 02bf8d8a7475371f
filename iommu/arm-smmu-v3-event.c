// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arm SMMUv3: event records and global errors (Arm IHI 0070, 3.5, 6.3.19, 7).
 *
 * Events are read by the unit's interrupt handler or by polling, one at a time. A record names a
 * stream, and whose that stream is can change; records that wait when it does are read out first,
 * into a ring, under the old owner's name.
 *
 * What a device can cause at will is logged at a bounded rate.
 */
#include "arm-smmu-v3.h"

#include <postern/errno.h>
#include <postern/zone.h>

#define LOST_LOG_INTERVAL_NS (1000ull * 1000 * 1000)

/* A whole event queue fits. */
#define SETTLED_MAX   BIT32(SMMU_EVENTQ_LOG2_MAX)
#define SETTLED_PAGES ((SETTLED_MAX * sizeof(struct iommu_fault) + PAGE_SIZE - 1) / PAGE_SIZE)

/* with_address: the record has InputAddr and RnW. */
static const struct {
	uint8_t number;
	bool with_address;
	const char *reason;
} events[] = {
	{ F_UUT, true, "unsupported upstream transaction" },
	{ C_BAD_STREAMID, false, "bad stream" },
	{ F_STE_FETCH, false, "stream table entry fetch failed" },
	{ C_BAD_STE, false, "bad stream table entry" },
	{ F_BAD_ATS_TREQ, false, "bad ATS translation request" },
	{ F_STREAM_DISABLED, false, "substream disabled" },
	{ F_TRANSL_FORBIDDEN, true, "translated transaction forbidden" },
	{ C_BAD_SUBSTREAMID, false, "bad substream" },
	{ F_CD_FETCH, false, "context descriptor fetch failed" },
	{ C_BAD_CD, false, "bad context descriptor" },
	{ F_WALK_EABT, true, "translation table walk aborted" },
	{ F_TRANSLATION, true, "translation" },
	{ F_ADDR_SIZE, true, "address size" },
	{ F_ACCESS, true, "access flag" },
	{ F_PERMISSION, true, "permission" },
	{ F_TLB_CONFLICT, true, "TLB conflict" },
	{ F_CFG_CONFLICT, false, "configuration cache conflict" },
	{ E_PAGE_REQUEST, false, "page request" },
	{ F_VMS_FETCH, false, "VM structure fetch failed" },
};

static void event_decode(struct smmu *s, const struct smmu_event *e, struct iommu_fault *out)
{
	const struct smmu_domain *owner;

	*out = (struct iommu_fault){
		.stream = (uint32_t)FIELD_GET(EVENT0_STREAM, e->word[0]),
		.code = (uint32_t)FIELD_GET(EVENT0_NUMBER, e->word[0]),
		.zone_id = ZONE_NONE,
		.reason = "unknown event",
	};
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (events[i].number != out->code)
			continue;
		out->reason = events[i].reason;
		out->has_iova = events[i].with_address;
	}
	if (out->has_iova) {
		/*
		 * Of a stage-2 fault too: without stage 1, InputAddr is what the device sent (the
		 * IPA).
		 */
		out->iova = FIELD_GET(EVENT2_INPUT_ADDR, e->word[2]);
		out->has_direction = true;
		out->write = !(e->word[1] & EVENT1_RNW);
	}
	owner = smmu_stream_owner(s, out->stream);
	if (owner)
		out->zone_id = owner->head.zone_id;
	else if (out->code == C_BAD_STREAMID || out->code == C_BAD_STE)
		out->reason = "blocked, the stream is in no domain";
}

/* A device's doing, as often as it likes: one line a second. */
static void faults_lost(struct smmu *s, const char *how)
{
	uint64_t now = host_time_ns();

	s->lost++;
	if (now < s->lost_next_log_ns)
		return;
	s->lost_next_log_ns = now + LOST_LOG_INTERVAL_NS;
	host_log(LOG_WARN, SMMU_TAG "%s, some faults went unrecorded (%llu times by now)",
		 SMMU_ID(s->unit), how, (unsigned long long)s->lost);
}

/* The oldest record in the event queue. */
static bool eventq_next(struct smmu *s, struct iommu_fault *out)
{
	struct smmu_queue *q = &s->eventq;
	uint32_t prod = smmu_read32(s->unit, SMMU_EVENTQ_PROD);
	bool overflow = (prod & EVENTQ_OVERFLOW) != s->eventq_overflow;
	const struct smmu_event *slot;
	struct smmu_event copy;

	if (overflow) {
		faults_lost(s, "event queue overflow");
		s->eventq_overflow = prod & EVENTQ_OVERFLOW;
	}
	q->prod = prod & smmu_queue_mask(q);
	if (!smmu_queue_used(q)) {
		if (overflow)
			smmu_write32(s->unit, SMMU_EVENTQ_CONS, q->cons | s->eventq_overflow);
		return false;
	}
	slot = (const struct smmu_event *)q->base + smmu_queue_slot(q, q->cons);
	arch_read_barrier();
	if (!s->coherent)
		arch_dcache_clean_invalidate(slot, sizeof(*slot));
	copy = *slot;
	/* The record has been read before the slot is given back. */
	arch_full_barrier();
	q->cons = (q->cons + 1) & smmu_queue_mask(q);
	smmu_write32(s->unit, SMMU_EVENTQ_CONS, q->cons | s->eventq_overflow);
	event_decode(s, &copy, out);
	return true;
}

int smmu_events_init(struct smmu *s)
{
	s->settled = host_pages_alloc(SETTLED_PAGES, PAGE_SIZE);
	return s->settled ? 0 : -ENOMEM;
}

void smmu_events_free(struct smmu *s)
{
	host_pages_free(s->settled, SETTLED_PAGES);
	s->settled = NULL;
}

void smmu_events_settle(struct smmu *s)
{
	struct iommu_fault fault;

	/* Bounded: a device that goes on faulting meanwhile does not keep us here. */
	for (unsigned i = 0; i < smmu_queue_entries(&s->eventq) && eventq_next(s, &fault); i++) {
		if (s->settled_count == SETTLED_MAX) {
			faults_lost(s, "nobody reads the faults");
			continue;
		}
		s->settled[(s->settled_first + s->settled_count++) % SETTLED_MAX] = fault;
	}
}

int smmu_fault_next(struct iommu_unit *u, struct iommu_fault *out)
{
	struct smmu *s = u->state;
	bool found = true;

	host_lock(&u->lock);
	if (s->settled_count) {
		*out = s->settled[s->settled_first];
		s->settled_first = (s->settled_first + 1) % SETTLED_MAX;
		s->settled_count--;
	} else {
		found = eventq_next(s, out);
	}
	host_unlock(&u->lock);
	return found;
}

/* ---- global errors -------------------------------------------------------------------- */

static const struct {
	uint32_t bit;
	const char *text;
} global_errors[] = {
	{ GERROR_CMDQ_ERR, "command queue error" },
	{ GERROR_EVENTQ_ABT, "event queue write aborted" },
	{ GERROR_PRIQ_ABT, "page request queue write aborted" },
	{ GERROR_MSI_CMDQ_ABT, "CMD_SYNC message aborted" },
	{ GERROR_MSI_EVENTQ_ABT, "event queue message aborted" },
	{ GERROR_MSI_PRIQ_ABT, "page request queue message aborted" },
	{ GERROR_MSI_GERROR_ABT, "global error message aborted" },
	{ GERROR_SFM, "service failure mode: the unit terminates every transaction from now on" },
};

int smmu_service_errors(struct iommu_unit *u)
{
	struct smmu *s = u->state;
	uint32_t active;
	int found = 0;

	host_lock(&u->lock);
	active = smmu_gerror_active(s, GERROR_ALL);
	for (size_t i = 0; i < ARRAY_SIZE(global_errors); i++) {
		if (!(active & global_errors[i].bit))
			continue;
		found++;
		if (global_errors[i].bit == GERROR_EVENTQ_ABT)
			faults_lost(s, global_errors[i].text);
		else
			host_log(LOG_ERROR, SMMU_TAG "%s", SMMU_ID(s->unit), global_errors[i].text);
	}
	if (active & GERROR_CMDQ_ERR)
		smmu_skip_refused(s);
	if (active & ~GERROR_CMDQ_ERR)
		smmu_gerror_acknowledge(s, active & ~GERROR_CMDQ_ERR);
	host_unlock(&u->lock);
	return found;
}
