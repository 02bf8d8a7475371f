// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arm SMMUv3: command queue, event queue, global errors (Arm IHI 0070, 3.5, 4, 7).
 *
 * Commands are issued in short runs that end in a CMD_SYNC, under the unit's lock, and the caller
 * waits: the queue is empty between two runs unless the hardware has failed. A command the unit
 * refuses is replaced by CMD_SYNC so that the queue goes on, and its run fails.
 *
 * Events are read by the unit's interrupt handler or by polling, one at a time.
 */
#include "arm-smmu-v3.h"

#include <postern/errno.h>
#include <postern/zone.h>

#define CMDQ_LOG2_MAX   8u /* 256 commands: a page */
#define EVENTQ_LOG2_MAX 8u /* 256 records: two pages */

static uint32_t queue_entries(const struct smmu_queue *q)
{
	return BIT32(q->log2);
}

/* Index and wrap bit: what PROD and CONS count modulo. */
static uint32_t queue_mask(const struct smmu_queue *q)
{
	return BIT32(q->log2 + 1) - 1;
}

static uint32_t queue_slot(const struct smmu_queue *q, uint32_t position)
{
	return position & (queue_entries(q) - 1);
}

static uint32_t queue_used(const struct smmu_queue *q)
{
	return (q->prod - q->cons) & queue_mask(q);
}

static int queue_alloc(struct smmu_queue *q, unsigned log2_limit, unsigned log2_max, size_t entry)
{
	*q = (struct smmu_queue){ .log2 = log2_limit < log2_max ? log2_limit : log2_max };
	q->pages = (size_t)(align_up(queue_entries(q) * entry, PAGE_SIZE) / PAGE_SIZE);
	/* The base must be aligned to the queue's size (6.3.26). */
	q->base = host_pages_alloc(q->pages, q->pages * PAGE_SIZE);
	return q->base ? 0 : -ENOMEM;
}

static uint64_t queue_base_register(const struct smmu_queue *q)
{
	return QUEUE_BASE_RWA | (host_virt_to_phys(q->base) & QUEUE_BASE_ADDR) |
	       FIELD_PUT(QUEUE_BASE_LOG2SIZE, q->log2);
}

void smmu_queues_free(struct smmu *s)
{
	host_pages_free(s->cmdq.base, s->cmdq.pages);
	host_pages_free(s->eventq.base, s->eventq.pages);
	s->cmdq = s->eventq = (struct smmu_queue){ 0 };
}

int smmu_queues_init(struct smmu *s, uint32_t idr1)
{
	unsigned cmdqs = (unsigned)FIELD_GET(IDR1_CMDQS, idr1);
	unsigned eventqs = (unsigned)FIELD_GET(IDR1_EVENTQS, idr1);

	if (BIT64(cmdqs) <= SMMU_RUN_MAX) {
		host_log(LOG_ERROR, SMMU_TAG "its command queue holds only %llu commands",
			 SMMU_ID(s->unit), (unsigned long long)BIT64(cmdqs));
		return -ENODEV;
	}
	if (queue_alloc(&s->cmdq, cmdqs, CMDQ_LOG2_MAX, sizeof(struct smmu_cmd)) ||
	    queue_alloc(&s->eventq, eventqs, EVENTQ_LOG2_MAX, sizeof(struct smmu_event))) {
		smmu_queues_free(s);
		return -ENOMEM;
	}
	smmu_publish(s, s->eventq.base, s->eventq.pages * PAGE_SIZE);

	smmu_write64(s->unit, SMMU_CMDQ_BASE, queue_base_register(&s->cmdq));
	smmu_write32(s->unit, SMMU_CMDQ_PROD, 0);
	smmu_write32(s->unit, SMMU_CMDQ_CONS, 0);
	smmu_write64(s->unit, SMMU_EVENTQ_BASE, queue_base_register(&s->eventq));
	smmu_write32(s->unit, SMMU_EVENTQ_PROD, 0);
	smmu_write32(s->unit, SMMU_EVENTQ_CONS, 0);
	return 0;
}

/* ---- commands
 * ------------------------------------------------------------------------------------ */

struct smmu_cmd smmu_cmd_op(unsigned opcode)
{
	return (struct smmu_cmd){ { FIELD_PUT(CMD0_OPCODE, opcode) } };
}

struct smmu_cmd smmu_cmd_cfgi_ste(uint32_t stream)
{
	/* Leaf == 0: the level-1 descriptor too, which attach may have just filled in. */
	return (struct smmu_cmd){ { FIELD_PUT(CMD0_OPCODE, CMD_CFGI_STE) |
				    FIELD_PUT(CMD0_STREAM, stream) } };
}

struct smmu_cmd smmu_cmd_cfgi_all(void)
{
	return (struct smmu_cmd){ { FIELD_PUT(CMD0_OPCODE, CMD_CFGI_ALL),
				    FIELD_PUT(CMD1_RANGE, CFGI_RANGE_ALL) } };
}

struct smmu_cmd smmu_cmd_tlbi_vmid(uint16_t vmid)
{
	return (struct smmu_cmd){ { FIELD_PUT(CMD0_OPCODE, CMD_TLBI_S12_VMALL) |
				    FIELD_PUT(CMD0_VMID, vmid) } };
}

struct smmu_cmd smmu_cmd_tlbi_ipa(uint16_t vmid, uint64_t ipa)
{
	return (struct smmu_cmd){ { FIELD_PUT(CMD0_OPCODE, CMD_TLBI_S2_IPA) |
					    FIELD_PUT(CMD0_VMID, vmid),
				    ipa & CMD1_ADDRESS } };
}

static void cmdq_put(struct smmu *s, uint32_t position, struct smmu_cmd cmd)
{
	struct smmu_cmd *slot = (struct smmu_cmd *)s->cmdq.base + queue_slot(&s->cmdq, position);

	*slot = cmd;
	smmu_publish(s, slot, sizeof(*slot));
}

static bool gerror_active(const struct smmu *s, uint32_t which)
{
	return (smmu_read32(s->unit, SMMU_GERROR) ^ smmu_read32(s->unit, SMMU_GERRORN)) & which;
}

static void gerror_acknowledge(const struct smmu *s, uint32_t which)
{
	smmu_write32(s->unit, SMMU_GERRORN, smmu_read32(s->unit, SMMU_GERRORN) ^ which);
}

static const char *cerror_name(uint32_t code)
{
	switch (code) {
	case CERROR_ILL:
		return "illegal";
	case CERROR_ABT:
		return "could not be fetched";
	}
	return "unknown error";
}

/* GERROR.CMDQ_ERR is active: the unit stands at CONS.RD. Lets it go on behind the command it
 * refused (7.1, 4.1.3). */
static void cmdq_skip_refused(struct smmu *s)
{
	uint32_t cons = smmu_read32(s->unit, SMMU_CMDQ_CONS);
	const struct smmu_cmd *slot =
		(const struct smmu_cmd *)s->cmdq.base + queue_slot(&s->cmdq, cons);

	host_log(LOG_ERROR, SMMU_TAG "command 0x%llx 0x%llx refused: %s", SMMU_ID(s->unit),
		 (unsigned long long)slot->word[0], (unsigned long long)slot->word[1],
		 cerror_name((uint32_t)FIELD_GET(CMDQ_CONS_ERR, cons)));
	cmdq_put(s, cons, smmu_cmd_op(CMD_SYNC));
	gerror_acknowledge(s, GERROR_CMDQ_ERR);
}

/* Waits until at most `used` commands are left in the queue. */
static int cmdq_wait(struct smmu *s, uint32_t used)
{
	uint64_t deadline = host_time_ns() + SMMU_TIMEOUT_NS;
	bool refused = false, late = false;

	for (;;) {
		s->cmdq.cons = smmu_read32(s->unit, SMMU_CMDQ_CONS) & queue_mask(&s->cmdq);
		if (queue_used(&s->cmdq) <= used)
			return refused ? -EIO : 0;
		if (late)
			break;
		if (gerror_active(s, GERROR_CMDQ_ERR)) {
			refused = true;
			cmdq_skip_refused(s);
		}
		/* One more look after the deadline: this CPU may have been away. */
		late = host_time_ns() > deadline;
		arch_relax();
	}
	host_log(LOG_ERROR, SMMU_TAG "no answer to its commands in %llu ms (PROD 0x%x CONS 0x%x)",
		 SMMU_ID(s->unit), SMMU_TIMEOUT_NS / 1000000, s->cmdq.prod, s->cmdq.cons);
	return -ETIMEDOUT;
}

int smmu_run(struct smmu *s, const struct smmu_cmd *cmds, size_t count)
{
	int err;

	if (count >= SMMU_RUN_MAX)
		return -EINVAL;
	/* Only what an earlier run that timed out left behind can be in the way. Its failure is not
	 * ours. */
	err = cmdq_wait(s, queue_entries(&s->cmdq) - (uint32_t)count - 1);
	if (err == -ETIMEDOUT)
		return err;
	for (size_t i = 0; i < count; i++)
		cmdq_put(s, s->cmdq.prod++, cmds[i]);
	cmdq_put(s, s->cmdq.prod++, smmu_cmd_op(CMD_SYNC));
	s->cmdq.prod &= queue_mask(&s->cmdq);
	smmu_write32(s->unit, SMMU_CMDQ_PROD, s->cmdq.prod);

	err = cmdq_wait(s, 0);
	/* What the caller does next (reuse a page, write an entry) comes after the unit's answer.
	 */
	arch_full_barrier();
	return err;
}

/* ---- events
 * -------------------------------------------------------------------------------------- */

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
		/* Of a stage-2 fault too: without stage 1, InputAddr is what the device sent (the
		 * IPA). */
		out->iova = FIELD_GET(EVENT2_INPUT_ADDR, e->word[2]);
		out->write = !(e->word[1] & EVENT1_RNW);
	}
	owner = smmu_stream_owner(s, out->stream);
	if (owner)
		out->zone_id = owner->head.zone_id;
	else if (out->code == C_BAD_STREAMID || out->code == C_BAD_STE)
		out->reason = "blocked, the stream is in no domain";
}

static int eventq_next(struct smmu *s, struct iommu_fault *out)
{
	struct smmu_queue *q = &s->eventq;
	uint32_t prod = smmu_read32(s->unit, SMMU_EVENTQ_PROD);
	bool overflow = (prod & EVENTQ_OVERFLOW) != s->eventq_overflow;
	const struct smmu_event *slot;
	struct smmu_event copy;

	if (overflow) {
		host_log(LOG_WARN, SMMU_TAG "event queue overflow, some faults went unrecorded",
			 SMMU_ID(s->unit));
		s->eventq_overflow = prod & EVENTQ_OVERFLOW;
	}
	q->prod = prod & queue_mask(q);
	if (!queue_used(q)) {
		if (overflow)
			smmu_write32(s->unit, SMMU_EVENTQ_CONS, q->cons | s->eventq_overflow);
		return 0;
	}
	slot = (const struct smmu_event *)q->base + queue_slot(q, q->cons);
	arch_read_barrier();
	if (!s->coherent)
		arch_dcache_clean_invalidate(slot, sizeof(*slot));
	copy = *slot;
	/* The record has been read before the slot is given back. */
	arch_full_barrier();
	q->cons = (q->cons + 1) & queue_mask(q);
	smmu_write32(s->unit, SMMU_EVENTQ_CONS, q->cons | s->eventq_overflow);
	event_decode(s, &copy, out);
	return 1;
}

int smmu_fault_next(struct iommu_unit *u, struct iommu_fault *out)
{
	int found;

	host_lock(&u->lock);
	found = eventq_next(u->state, out);
	host_unlock(&u->lock);
	return found;
}

/* ---- global errors (6.3.19)
 * ---------------------------------------------------------------------- */

static const struct {
	uint32_t bit;
	const char *text;
} global_errors[] = {
	{ GERROR_CMDQ_ERR, "command queue error" },
	{ GERROR_EVENTQ_ABT, "event queue write aborted, faults went unrecorded" },
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
	active = (smmu_read32(s->unit, SMMU_GERROR) ^ smmu_read32(s->unit, SMMU_GERRORN)) &
		 GERROR_ALL;
	for (size_t i = 0; i < ARRAY_SIZE(global_errors); i++) {
		if (!(active & global_errors[i].bit))
			continue;
		host_log(LOG_ERROR, SMMU_TAG "%s", SMMU_ID(s->unit), global_errors[i].text);
		found++;
	}
	if (active & GERROR_CMDQ_ERR)
		cmdq_skip_refused(s);
	if (active & ~GERROR_CMDQ_ERR)
		gerror_acknowledge(s, active & ~GERROR_CMDQ_ERR);
	host_unlock(&u->lock);
	return found;
}
