/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of the SMMUv3 model, shared by smmuv3.c (registers, commands) and smmuv3-translate.c (what
 * devices meet).
 */
#ifndef MODEL_SMMUV3_PRIVATE_H
#define MODEL_SMMUV3_PRIVATE_H

#include "host.h"
#include "smmuv3.h"

#define MAX_CACHED  4096u
#define MAX_PENDING 64u

/* CR0 (6.3.9), GBPA (6.3.15) */
#define SMMUEN          0x1u
#define EVENTQEN        0x4u
#define CMDQEN          0x8u
#define GBPA_ABORT_BIT  (1u << 20)
#define GBPA_UPDATE_BIT (1u << 31)

struct cached_ste {
	uint32_t stream;
	bool bad_stream; /* no entry in the table: C_BAD_STREAMID */
	uint64_t word[8];
};

struct cached_translation {
	uint16_t vmid;
	uint64_t ia, size, pa;
	bool read, write;
};

/* A table descriptor: the table for [ia, ia + size) is at `table`. */
struct cached_table {
	uint16_t vmid;
	unsigned level;
	uint64_t ia, size, table;
};

struct model_smmu {
	struct model_smmu_config config;
	uint32_t idr[6];
	uint32_t cr0, cr0ack, cr1, cr2, irq_ctrl, gerror, gerrorn;
	uint32_t gbpa, gbpa_wanted;
	unsigned gbpa_reads_left;
	uint64_t strtab_base, cmdq_base, eventq_base;
	uint32_t strtab_cfg, cmdq_prod, cmdq_cons, eventq_prod, eventq_cons;

	struct cached_ste stes[MAX_CACHED];
	struct cached_translation tlb[MAX_CACHED];
	struct cached_table tables[MAX_CACHED];
	unsigned ste_count, tlb_count, table_count;

	uint64_t pending[MAX_PENDING][2]; /* invalidations that wait for CMD_SYNC */
	unsigned pending_count;
	struct model_smmu_command *log;
	unsigned log_count;
	unsigned bypassed, event_irqs, error_irqs;

	bool gbpa_stuck, gbpa_no_abort;
	uint32_t cr0_stuck;
	unsigned stop_sync, refuse;
	bool stopped;
	unsigned refuse_cerror;

	void (*hook)(void *ctx, uint64_t offset, uint64_t value);
	void *hook_ctx;
};

static inline uint64_t bits(uint64_t value, unsigned hi, unsigned lo)
{
	return value >> lo & (~(uint64_t)0 >> (63 - (hi - lo)));
}

/* An error became active: toggles its bit of GERROR, sends the interrupt. */
void model_smmu_gerror(struct model_smmu *m, uint32_t which);

#endif
