// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deferred work of the housekeeping CPU: what must wait (for a device's reset, for a zone to stop)
 * waits here instead of holding a CPU.
 *
 * A sorted list and the CPU's timer, which is programmed for its head. Deferring from another CPU
 * kicks the housekeeping CPU when the head changes; that one looks at the list then.
 *
 * Caller context: work_defer() any CPU, any lock held (the list's lock is a leaf); work_run() the
 * housekeeping CPU, no lock held. A work's function runs without locks and may defer itself or
 * others, or wait with cpu_wait_until(), which runs other work meanwhile.
 */
#include <hv/hv.h>
#include <postern/arch.h>

static struct {
	struct lock lock;
	struct work *head; /* by deadline, first come first served among equals */
} list;

/* list.lock held. */
static void remove_queued(struct work *w)
{
	struct work **link = &list.head;

	while (*link && *link != w)
		link = &(*link)->next;
	if (*link)
		*link = w->next;
	w->queued = false;
}

static void insert(struct work *w)
{
	struct work **link = &list.head;

	while (*link && (*link)->deadline <= w->deadline)
		link = &(*link)->next;
	w->next = *link;
	*link = w;
	w->queued = true;
}

void work_defer(struct work *w, uint64_t deadline)
{
	bool first;

	host_lock(&list.lock);
	if (w->queued)
		remove_queued(w);
	w->deadline = deadline;
	insert(w);
	first = list.head == w;
	host_unlock(&list.lock);
	if (!first)
		return;
	if (arch_cpu_index() == HOUSEKEEPING_CPU)
		arch_timer_program(deadline);
	else
		cpu_kick(HOUSEKEEPING_CPU);
}

static unsigned count_due(uint64_t now)
{
	unsigned count = 0;

	host_lock(&list.lock);
	for (const struct work *w = list.head; w && w->deadline <= now; w = w->next)
		count++;
	host_unlock(&list.lock);
	return count;
}

static struct work *take_due(uint64_t now)
{
	struct work *w;

	host_lock(&list.lock);
	w = list.head;
	if (w && w->deadline <= now)
		remove_queued(w);
	else
		w = NULL;
	host_unlock(&list.lock);
	return w;
}

static uint64_t next_deadline(void)
{
	uint64_t deadline;

	host_lock(&list.lock);
	deadline = list.head ? list.head->deadline : UINT64_MAX;
	host_unlock(&list.lock);
	return deadline;
}

void work_run_with(uint64_t deadline)
{
	uint64_t now = host_time_ns(), next;
	/*
	 * Work that defers itself for "at once" gets its turn after an interrupt, not in this loop
	 * for ever.
	 */
	unsigned due = count_due(now);
	struct work *w;

	while (due-- && (w = take_due(now)))
		w->fn(w);
	next = next_deadline();
	arch_timer_program(next < deadline ? next : deadline);
}

void work_run(void)
{
	work_run_with(UINT64_MAX);
}
