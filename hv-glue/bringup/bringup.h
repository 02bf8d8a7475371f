/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the bring-up test: its options, its report, and the bed that a driver under test lies in.
 *
 *   bringup.c   the order of things
 *   options.c   words of the command line
 *   report.c    rows and the table
 *   machine.c   what the machine is: IOMMUs, MSI units, config space of every function
 *   bed.c       one function's DMA domain, memory and interrupts
 *   nvme.c, igb.c   drivers, as small as the test allows
 *
 * Everything here runs on the boot CPU, one function at a time; only the handler of a message runs
 * on the CPU it was sent to.
 */
#ifndef BRINGUP_BRINGUP_H
#define BRINGUP_BRINGUP_H

#include <hv/hv.h>

#define MS_IN_NS 1000000ull

/* ---- options.c ---- */

#define BRINGUP_CPU_DEFAULT UINT32_MAX /* the highest CPU that is online */

struct bringup_options {
	uint32_t cpu;        /* takes the messages */
	uint32_t expect_cpu; /* where they have to arrive; default: cpu */
	sbdf_t only;         /* SBDF_NONE: every function there is a driver for */
	bool dump;           /* all of config space, not its first 256 bytes */
	bool stay;           /* the machine is left on */
	bool destructive;    /* drives may be written */
	bool expect_nvme, expect_igb;
};

/*
 * The words after `bringup`. False: one is not known or its value makes no sense; it is in `bad`,
 * cut to size.
 */
bool bringup_parse(const char *command_line, struct bringup_options *o, char *bad, size_t size);

/* ---- report.c ---- */

enum verdict {
	VERDICT_OK,
	VERDICT_FAILED,
	VERDICT_NOT_HERE, /* this machine cannot, or an earlier step's failure left nothing to try */
};

/* A line of the account that is no verdict. */
void report_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Shown at once, and once more in the table. subject: a BDF, "iommu 0", "machine". */
void report_row(const char *subject, const char *step, enum verdict v, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The table and the closing line. */
void report_finish(void);

/* ---- machine.c ---- */

/* What there is, in words and rows. */
void machine_describe(const struct bringup_options *o);
/* Config space of every function, as `lspci -F` reads it. bytes: at most so many of each. */
void machine_dump(unsigned bytes);
/* Rows of one function: the capability lists walked anew, the BARs. False: nothing more to try. */
bool function_capabilities(const struct pci_function *f, const char *subject);
bool function_bars(const struct pci_function *f, const char *subject);

/* ---- bed.c ---- */

/*
 * Memory the device reaches, in granules that every IOMMU here can map. Granule g of the IOVA range
 * is the last but g of the memory: what is contiguous to the device is nowhere so in memory, and a
 * translation that is missing or too large cannot go unnoticed.
 */
#define BED_GRANULE       (16 * KIB)
#define BED_DATA_SIZE     MIB
#define BED_DATA_GRANULES 64u
#define BED_GRANULES      (BED_DATA_GRANULES + 8u)
#define BED_VECTORS       2u

/* Places in the bed are offsets from its first IOVA: data first, then what a driver keeps there. */
#define BED_CONTROL(n) ((uint32_t)((BED_DATA_GRANULES + (n)) * BED_GRANULE))

struct bed {
	struct pci_function *f;
	char subject[24];
	struct iommu_unit *iommu;
	struct iommu_limits limits;
	struct iommu_domain *domain;
	struct msi_unit *msi;
	uint8_t *memory;  /* BED_GRANULES granules; NULL: none */
	uint8_t *outside; /* one granule that is mapped in no domain */
	iova_t iova;
	bool data_mapped, vectors_taken;
	unsigned vector_count;
	struct msi_vector vectors[BED_VECTORS];
	uint32_t arrived[BED_VECTORS][MAX_CPUS];
	uint64_t faults_from; /* cursor of the fault log */
	unsigned answer_ms;   /* how long a driver waits for the device's answer */
};

/* The bytes behind an offset, up to the end of its granule. */
void *bed_at(const struct bed *b, uint32_t offset);
static inline iova_t bed_iova(const struct bed *b, uint32_t offset)
{
	return b->iova + offset;
}
/* A register of one of its BARs. */
hpa_t bed_register(const struct bed *b, unsigned bar, uint32_t offset);

/* Resets the function; row. */
bool bed_reset(struct bed *b);
/*
 * Domain, memory, vectors for `cpu`, the function's MSI-X table, and at last Bus Master on; rows.
 * False: something is missing, which a row says; bed_release() takes back what there is.
 */
bool bed_make(struct bed *b, unsigned vectors, unsigned cpu);
/* Rows: the messages of vectors 0..count-1 came, each at least once, on `cpu` and nowhere else. */
void bed_check_messages(struct bed *b, unsigned cpu);
/* Takes the data away from the device, or gives it back; 0 or the IOMMU's error. */
int bed_unmap_data(struct bed *b);
int bed_map_data(struct bed *b);
/* Fills the data, or the granule outside, with what no device sends; is it all still there? */
void bed_mark_data(struct bed *b);
bool bed_data_marked(const struct bed *b, uint32_t offset, uint32_t size);
void bed_mark_outside(struct bed *b);
bool bed_outside_marked(const struct bed *b);
/*
 * Has the IOMMU reported an access of the function in [f->iova, f->iova + size)? *f becomes the
 * report. Waits a little. Not every IOMMU tells directions.
 */
bool bed_fault_seen(struct bed *b, struct iommu_fault *f, uint64_t size);
/* Has it reported any access of the function? */
bool bed_any_fault_seen(struct bed *b, struct iommu_fault *f);
/* Blocks the stream, whatever the device is at; 0 or the IOMMU's error. */
int bed_block(struct bed *b);
/* Back to quarantine; row. */
void bed_release(struct bed *b);

/*
 * Polls until the condition holds, taking interrupts meanwhile. False: not within the time, which
 * is then known to have passed on this CPU too.
 */
bool wait_until(bool (*holds)(void *ctx), void *ctx, unsigned ms);
void wait_ms(unsigned ms);

/* ---- nvme.c, igb.c ---- */

struct bringup_driver {
	const char *name;
	unsigned vectors; /* it uses, if the function has as many */
	bool (*matches)(const struct pci_function *f);
	/* From reset, or from whatever a refused transfer left, to ready for transfers. Row. */
	bool (*start)(struct bed *b);
	/* Data through the IOMMU, checked; row `step`. */
	bool (*transfer)(struct bed *b, const char *step);
	const char *transfer_step;
	/*
	 * Has the device write at `iova`, where it may not: its own account of it does not matter.
	 * -ETIMEDOUT: it needs start() again.
	 */
	int (*write_at)(struct bed *b, iova_t iova);
	uint32_t write_size;  /* bytes it tries to write, at most a granule */
	uint32_t write_place; /* in the data, where transfer() writes last: what a TLB still has */
	/* More, when drives may be written; NULL: nothing. Row. */
	void (*destroy)(struct bed *b);
};

extern const struct bringup_driver bringup_nvme, bringup_igb;

#endif
