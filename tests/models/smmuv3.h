/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A register-level model of an Arm SMMUv3, written from Arm IHI 0070 and independently of iommu/:
 * it shares no header with the driver. It is stricter than most hardware where the specification
 * lets hardware be strict:
 *
 *   - what it once fetched (stream table entries, level-1 descriptors, table descriptors,
 * translations) it keeps using until an invalidation covers it AND a CMD_SYNC follows; misses are
 * cached, too;
 *   - a translation that overlaps a cached one of another size is a model_fail(): break-before-make
 * was violated;
 *   - register writes that the specification forbids in the present state are a model_fail().
 *
 * Stage 1 is not modelled: an entry that asks for it is a model_fail().
 */
#ifndef MODEL_SMMUV3_H
#define MODEL_SMMUV3_H

#include <postern/types.h>

struct model_smmu_config {
	bool no_stage2; /* stage 1 only */
	bool no_stage1; /* stage 2 only; neither: both */
	bool linear;    /* no 2-level stream table */
	/* IDR0.COHACC = 0; call model_set_noncoherent() for memory that behaves so. */
	bool incoherent;
	bool hyp;                                  /* IDR0.HYP */
	bool msi;                                  /* IDR0.MSI */
	unsigned sid_bits;                         /* 0: 16 */
	unsigned oas_bits;                         /* 0: 44 */
	unsigned cmdq_log2;                        /* 0: 19 */
	unsigned eventq_log2;                      /* 0: 19 */
	uint32_t idr0_clear, idr1_set, idr5_clear; /* for odd units */
};

struct model_smmu;

/* One command as the unit carried it out. */
struct model_smmu_command {
	uint8_t opcode;
	uint32_t stream;  /* CFGI */
	uint16_t vmid;    /* TLBI */
	uint64_t address; /* TLBI by address */
};

/*
 * A disabled unit whose GBPA lets everything through: how firmware leaves it. Registers at [base,
 * base + 128 KiB). It lives until model_reset().
 */
struct model_smmu *model_smmu_create(hpa_t base, const struct model_smmu_config *config);

/*
 * The device's side: a transaction of the stream at iova. True: it reaches memory at *out. False:
 * it was aborted (and an event recorded where the specification says so).
 */
bool model_smmu_dma(struct model_smmu *m, uint32_t stream, uint64_t iova, bool write, hpa_t *out);

/* Transactions that got through untranslated since creation. */
unsigned model_smmu_bypassed(const struct model_smmu *m);

/*
 * The stream table as it stands in memory now (not what is cached): how many entries have V = 1,
 * and how many of those a Config other than stage-2-only (0b110).
 */
struct model_smmu_table {
	unsigned valid, not_stage2;
};
struct model_smmu_table model_smmu_scan(const struct model_smmu *m);
/* The 64 bytes of a stream's entry as the unit would fetch them now; false: there is no entry. */
bool model_smmu_entry(const struct model_smmu *m, uint32_t stream, uint64_t word[8]);

/* Commands carried out since creation, oldest first; NULL past the end. */
const struct model_smmu_command *model_smmu_command(const struct model_smmu *m, unsigned n);
unsigned model_smmu_commands(const struct model_smmu *m);

/* Called after each register write took effect. */
void model_smmu_on_write(struct model_smmu *m,
			 void (*hook)(void *ctx, uint64_t offset, uint64_t value), void *ctx);
/* Plain register values, without the side effects of a bus access. */
uint64_t model_smmu_register(const struct model_smmu *m, uint64_t offset);
/* Interrupt edges so far. */
unsigned model_smmu_event_irqs(const struct model_smmu *m);
unsigned model_smmu_error_irqs(const struct model_smmu *m);

/* ---- how to break it ------------------------------------------------------------------ */

/* GBPA.Update never clears. */
void model_smmu_break_gbpa(struct model_smmu *m);
/* GBPA.ABORT does not exist (reads as zero). */
void model_smmu_break_gbpa_abort(struct model_smmu *m);
/* These bits of CR0 never reach CR0ACK (and never take effect). */
void model_smmu_break_cr0(struct model_smmu *m, uint32_t bits);
/*
 * The command queue stops before the n-th CMD_SYNC from now (1 = the next) for good; 0: works
 * again, goes on at once.
 */
void model_smmu_stop_sync(struct model_smmu *m, unsigned n);
/* The n-th command from now is refused with this CERROR code (1 illegal, 2 abort); 0: none. */
void model_smmu_refuse_command(struct model_smmu *m, unsigned n, unsigned cerror);
/* Puts a record of the test's own into the event queue, as the unit would one of its. */
void model_smmu_push_event(struct model_smmu *m, const uint64_t word[4]);
/* Raises bits of GERROR as the hardware would. */
void model_smmu_raise_gerror(struct model_smmu *m, uint32_t bits);
/*
 * As firmware might leave it: enabled, one linear stream table at `table` in which every entry is
 * bypass.
 */
void model_smmu_firmware_bypass(struct model_smmu *m, hpa_t table, unsigned log2size);

#endif
