// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What code compiled with -fstack-protector (libfdt as the distribution ships it) expects of its
 * environment.
 */
#include <hv/hv.h>
#include <hv/stack_guard.h>

uintptr_t __stack_chk_guard = 0x00c0ffee0badf00d;

void stack_guard_seed(uint64_t entropy)
{
	/* A zero byte in front stops string functions from reading or writing the guard. */
	__stack_chk_guard = (uintptr_t)(entropy * 0x9e3779b97f4a7c15u) & ~(uintptr_t)0xff;
}

_Noreturn void __stack_chk_fail(void)
{
	console_emergency();
	host_log(LOG_ERROR, "hypervisor fault on CPU %u: stack overrun detected: machine stopped",
		 cpu_self()->index);
	machine_power_off();
}
