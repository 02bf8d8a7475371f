// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arm SMMUv3: both queues' memory, and commands (Arm IHI 0070, 3.5, 4).
 *
 * Commands are issued in short runs that end in a CMD_SYNC, under the unit's lock, and the caller
 * waits: the queue is empty between two runs unless the hardware has failed. A command the unit
 * refuses is replaced by CMD_SYNC so that the queue goes on, and its run fails.
 */
#include "arm-smmu-v3.h"

#include <postern/errno.h>

#define CMDQ_LOG2_MAX 8u /* 256 commands: a page */

static int queue_alloc(struct smmu_queue *q, unsigned log2_limit, unsigned log2_max, size_t entry)
{
	*q = (struct smmu_queue){ .log2 = log2_limit < log2_max ? log2_limit : log2_max };
	q->pages = (size_t)(align_up(smmu_queue_entries(q) * entry, PAGE_SIZE) / PAGE_SIZE);
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
	smmu_events_free(s);
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
	    queue_alloc(&s->eventq, eventqs, SMMU_EVENTQ_LOG2_MAX, sizeof(struct smmu_event)) ||
	    smmu_events_init(s)) {
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

/* ---- commands ------------------------------------------------------------------------- */

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
	struct smmu_cmd *slot =
		(struct smmu_cmd *)s->cmdq.base + smmu_queue_slot(&s->cmdq, position);

	*slot = cmd;
	smmu_publish(s, slot, sizeof(*slot));
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

/*
 * GERROR.CMDQ_ERR is active: the unit stands at CONS.RD. Lets it go on behind the command it
 * refused (7.1, 4.1.3).
 */
void smmu_skip_refused(struct smmu *s)
{
	uint32_t cons = smmu_read32(s->unit, SMMU_CMDQ_CONS);
	const struct smmu_cmd *slot =
		(const struct smmu_cmd *)s->cmdq.base + smmu_queue_slot(&s->cmdq, cons);

	host_log(LOG_ERROR, SMMU_TAG "command 0x%llx 0x%llx refused: %s", SMMU_ID(s->unit),
		 (unsigned long long)slot->word[0], (unsigned long long)slot->word[1],
		 cerror_name((uint32_t)FIELD_GET(CMDQ_CONS_ERR, cons)));
	cmdq_put(s, cons, smmu_cmd_op(CMD_SYNC));
	smmu_gerror_acknowledge(s, GERROR_CMDQ_ERR);
}

/* Waits until at most `used` commands are left in the queue. */
static int cmdq_wait(struct smmu *s, uint32_t used)
{
	uint64_t deadline = host_time_ns() + SMMU_TIMEOUT_NS;
	bool refused = false, late = false;

	for (;;) {
		s->cmdq.cons = smmu_read32(s->unit, SMMU_CMDQ_CONS) & smmu_queue_mask(&s->cmdq);
		if (smmu_queue_used(&s->cmdq) <= used)
			return refused ? -EIO : 0;
		if (late)
			break;
		if (smmu_gerror_active(s, GERROR_CMDQ_ERR)) {
			refused = true;
			smmu_skip_refused(s);
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
	/*
	 * Only what an earlier run that timed out left behind can be in the way. Its failure is not
	 * ours.
	 */
	err = cmdq_wait(s, smmu_queue_entries(&s->cmdq) - (uint32_t)count - 1);
	if (err == -ETIMEDOUT)
		return err;
	for (size_t i = 0; i < count; i++)
		cmdq_put(s, s->cmdq.prod++, cmds[i]);
	cmdq_put(s, s->cmdq.prod++, smmu_cmd_op(CMD_SYNC));
	s->cmdq.prod &= smmu_queue_mask(&s->cmdq);
	smmu_write32(s->unit, SMMU_CMDQ_PROD, s->cmdq.prod);

	err = cmdq_wait(s, 0);
	/*
	 * What the caller does next (reuse a page, write an entry) comes after the unit's answer.
	 */
	arch_full_barrier();
	return err;
}
