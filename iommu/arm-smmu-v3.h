/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm SMMUv3 driver, private to iommu/arm-smmu-v3*.c.
 *
 *   arm-smmu-v3.c         taking over a unit, limits, domains, the ops table
 *   arm-smmu-v3-stream.c  stream table: attach and block
 *   arm-smmu-v3-queue.c   the queues' memory, commands
 *   arm-smmu-v3-event.c   event records, global errors
 *
 * Unless it says otherwise, a function here is called with the unit's lock held (or during init,
 * single-threaded).
 */
#ifndef ARM_SMMU_V3_H
#define ARM_SMMU_V3_H

#include "arm-smmu-v3-regs.h"

#include <postern/arch.h>
#include <postern/iommu.h>
#include <postern/pagetable.h>

/*
 * VMIDs 1..SMMU_VMIDS-1, one for each domain. 0 in a stream table entry means that nobody owns the
 * stream.
 */
#define SMMU_VMIDS      256u
#define SMMU_TIMEOUT_NS (100ull * 1000 * 1000)
#define SMMU_TAG        "arm-smmu-v3 #%u at 0x%llx: "
#define SMMU_ID(u)      (u)->index, (unsigned long long)(u)->base

struct smmu_domain {
	struct iommu_domain head;
	uint16_t vmid;
	struct pt pt;
};

struct smmu_queue {
	void *base;
	size_t pages;
	unsigned log2;       /* entries */
	uint32_t prod, cons; /* index and wrap bit, each where this side is the writer */
};

struct smmu {
	struct iommu_unit *unit;
	bool coherent; /* table walks and queue accesses snoop the CPU's caches */
	bool hyp;
	unsigned oas_field, output_bits;

	struct smmu_queue cmdq, eventq;
	uint32_t eventq_overflow; /* EVENTQ_OVERFLOW as last acknowledged */
	/* Faults read out of the event queue already, oldest at settled_first: a ring. */
	struct iommu_fault *settled;
	unsigned settled_first, settled_count;
	uint64_t lost, lost_next_log_ns;

	unsigned stream_bits;
	bool two_level;
	void *strtab; /* struct ste[] or level-1 descriptors */
	size_t strtab_pages;

	struct smmu_domain *domains[SMMU_VMIDS]; /* by VMID */
};
_Static_assert(sizeof(struct smmu) <= 4096, "the unit's state is one page");

static inline uint32_t smmu_read32(const struct iommu_unit *u, uint32_t reg)
{
	return mmio_read32(u->base + reg);
}

static inline void smmu_write32(const struct iommu_unit *u, uint32_t reg, uint32_t value)
{
	mmio_write32(u->base + reg, value);
}

static inline void smmu_write64(const struct iommu_unit *u, uint32_t reg, uint64_t value)
{
	mmio_write64(u->base + reg, value);
}

/* Waits until (reg & mask) == value. -ETIMEDOUT after SMMU_TIMEOUT_NS. */
int smmu_wait(const struct iommu_unit *u, uint32_t reg, uint32_t mask, uint32_t value);

/* Memory the unit reads was written: it sees it before anything written later. */
void smmu_publish(const struct smmu *s, const void *va, size_t size);

/* ---- queues --------------------------------------------------------------------------- */

static inline uint32_t smmu_queue_entries(const struct smmu_queue *q)
{
	return BIT32(q->log2);
}

/* Index and wrap bit: what PROD and CONS count modulo. */
static inline uint32_t smmu_queue_mask(const struct smmu_queue *q)
{
	return BIT32(q->log2 + 1) - 1;
}

static inline uint32_t smmu_queue_slot(const struct smmu_queue *q, uint32_t position)
{
	return position & (smmu_queue_entries(q) - 1);
}

static inline uint32_t smmu_queue_used(const struct smmu_queue *q)
{
	return (q->prod - q->cons) & smmu_queue_mask(q);
}

/* Of `which`, the errors that are not acknowledged (6.3.19). */
static inline uint32_t smmu_gerror_active(const struct smmu *s, uint32_t which)
{
	return (smmu_read32(s->unit, SMMU_GERROR) ^ smmu_read32(s->unit, SMMU_GERRORN)) & which;
}

static inline void smmu_gerror_acknowledge(const struct smmu *s, uint32_t which)
{
	smmu_write32(s->unit, SMMU_GERRORN, smmu_read32(s->unit, SMMU_GERRORN) ^ which);
}

/* At most 256 event records: two pages. */
#define SMMU_EVENTQ_LOG2_MAX 8u

/* Memory for both queues; the registers are set. -ENOMEM: nothing is held. */
int smmu_queues_init(struct smmu *s, uint32_t idr1);
void smmu_queues_free(struct smmu *s);

/*
 * Runs the commands and a CMD_SYNC and waits for it. 0: all are done and every access that depended
 * on what they invalidated has ended. -ETIMEDOUT: unknown. -EIO: the unit refused one of them (it
 * is logged), unknown likewise.
 */
int smmu_run(struct smmu *s, const struct smmu_cmd *cmds, size_t count);
/* More commands than this in one smmu_run() never fit. */
#define SMMU_RUN_MAX 32u

struct smmu_cmd smmu_cmd_cfgi_ste(uint32_t stream);
struct smmu_cmd smmu_cmd_cfgi_all(void);
struct smmu_cmd smmu_cmd_tlbi_vmid(uint16_t vmid);
struct smmu_cmd smmu_cmd_tlbi_ipa(uint16_t vmid, uint64_t ipa);
struct smmu_cmd smmu_cmd_op(unsigned opcode);

/* GERROR.CMDQ_ERR is active: has the unit go on behind the command it refused. */
void smmu_skip_refused(struct smmu *s);

/* ---- events and errors ---------------------------------------------------------------- */

int smmu_events_init(struct smmu *s);
void smmu_events_free(struct smmu *s);
/*
 * Reads out what the unit has recorded, under the present owners of the streams: to be called when
 * a stream is about to change hands.
 */
void smmu_events_settle(struct smmu *s);

/* ops members; they take the lock. */
int smmu_fault_next(struct iommu_unit *u, struct iommu_fault *out);
int smmu_service_errors(struct iommu_unit *u);

/* ---- stream table --------------------------------------------------------------------- */

/* Memory for the table, every stream blocked; the registers are set. -ENOMEM: nothing is held. */
int smmu_streams_init(struct smmu *s, uint32_t idr0, uint32_t idr1);
void smmu_streams_free(struct smmu *s);
/* Who owns the stream, or NULL when it is blocked and that is proven. */
struct smmu_domain *smmu_stream_owner(struct smmu *s, uint32_t stream);

/* ops members; they take the lock. */
int smmu_attach(struct iommu_domain *d, uint32_t stream);
int smmu_block(struct iommu_unit *u, uint32_t stream);

#endif
