// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine's lock as the hypervisor has it: a word that spins (<postern/host.h>). Any CPU;
 * holders do not wait for hardware longer than their contract says, and never sleep.
 */
#include <hv/hv.h>
#include <postern/arch.h>
#include <postern/host.h>

void host_lock(struct lock *l)
{
	uint32_t expected = 0;

	while (!__atomic_compare_exchange_n(&l->held, &expected, 1, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED)) {
		expected = 0;
		arch_relax();
	}
}

void host_unlock(struct lock *l)
{
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

unsigned arch_cpu_index(void)
{
	return cpu_self()->index;
}
