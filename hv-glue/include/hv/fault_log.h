/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IOMMU faults seen last, who caused them, and how many there were. hv-glue/fault_log.c.
 *
 * A device that faults at full speed must not flood the log: of each stream the first few faults of
 * a period get a line, the rest one line with their number when the period ends. Every fault is
 * counted, and the ring keeps the newest whatever the log did.
 *
 * Any CPU, no lock held.
 */
#ifndef HV_FAULT_LOG_H
#define HV_FAULT_LOG_H

#include <hv/hv.h>

struct fault_record {
	uint64_t time; /* host_time_ns() */
	unsigned unit; /* index of the IOMMU */
	sbdf_t bdf;    /* the function behind the stream, SBDF_NONE when there is none */
	struct iommu_fault fault;
};

/*
 * Records one fault of IOMMU `unit`, counts it for its zone (zone.faults) and logs it within the
 * limit.
 */
void fault_log_add(unsigned unit, const struct iommu_fault *f);
/*
 * The record at *cursor (0: the oldest there is), and the cursor moved past it; false when there is
 * none. Records that were overwritten meanwhile are skipped.
 */
bool fault_log_next(uint64_t *cursor, struct fault_record *out);
/* Faults since boot: all, and those of streams that no zone owns. */
uint64_t fault_log_total(void);
uint64_t fault_log_unowned(void);

/* ---- reading them (hv-glue/fault_poll.c); housekeeping CPU, no lock held ---- */

/* Boot: the unit's faults and errors are read from now on, by its event interrupt or, without one,
 * ten times a second. */
void fault_poll_start(struct iommu_unit *u);
/* The unit has interrupted. */
void fault_poll_event(struct iommu_unit *u);

/* "write at 0x1000 refused: translation (event 0x10)" */
void fault_log_describe(const struct iommu_fault *f, char *text, size_t size);

#endif
