// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the IOMMUs' faults into the fault log: when a unit interrupts, and of one that has no
 * interrupt, now and then.
 *
 * Faults are read in slices, so that a storming device cannot keep the housekeeping CPU; what is
 * left gets a second look: a unit signals only a queue that was empty.
 *
 * Housekeeping CPU, no lock held.
 */
#include <hv/fault_log.h>
#include <hv/hv.h>

#define FAULT_SLICE    64u
#define FAULT_PAUSE_NS 1000000ull
#define FAULT_POLL_NS  100000000ull

static struct work fault_work[MAX_IOMMUS];

static bool interrupts(const struct iommu_unit *u)
{
	return u->irqs.event != 0;
}

/* True when there may be more. */
static bool read_slice(struct iommu_unit *u)
{
	struct iommu_fault fault;

	for (unsigned i = 0; i < FAULT_SLICE; i++) {
		if (u->ops->fault_next(u, &fault) <= 0)
			return false;
		fault_log_add(u->index, &fault);
	}
	return true;
}

void fault_poll_event(struct iommu_unit *u)
{
	struct work *w = &fault_work[u->index];

	u->ops->service_errors(u);
	if (read_slice(u))
		work_defer(w, host_time_ns() + FAULT_PAUSE_NS);
	else if (!interrupts(u))
		work_defer(w, host_time_ns() + FAULT_POLL_NS);
}

static void look_again(struct work *w)
{
	fault_poll_event(&hv.machine.iommus[w - fault_work]);
}

void fault_poll_start(struct iommu_unit *u)
{
	fault_work[u->index].fn = look_again;
	if (!interrupts(u))
		work_defer(&fault_work[u->index], host_time_ns() + FAULT_POLL_NS);
}
