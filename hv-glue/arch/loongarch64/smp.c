// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Physical CPUs: bringing them up, and the loop they are in. Firmware has parked the others; an
 * inter-processor interrupt with an address in their first mailbox starts each.
 */
#include <hv/asm_offsets.h>
#include <hv/cpu.h>
#include <hv/csr.h>
#include <irq/loongson-ipi.h>
#include <postern/arch.h>

#define CPU_START_MS 2000u

/* What secondary_entry needs of its CPU; whose it is, it finds by its core id. */
struct cpu_boot {
	uint64_t core;
	uint64_t stack; /* 0: must not start */
	struct cpu *cpu;
};

_Static_assert(offsetof(struct cpu_boot, core) == CPU_BOOT_ID, "start.S");
_Static_assert(offsetof(struct cpu_boot, stack) == CPU_BOOT_STACK, "start.S");
_Static_assert(offsetof(struct cpu_boot, cpu) == CPU_BOOT_CPU, "start.S");
_Static_assert(sizeof(struct cpu_boot) == CPU_BOOT_SIZE, "start.S");
_Static_assert(MAX_CPUS == CPU_BOOT_COUNT, "start.S");

/* Known to start.S by name. */
extern struct cpu_boot cpu_boot[MAX_CPUS];
struct cpu_boot cpu_boot[MAX_CPUS];

_Noreturn void secondary_main(struct cpu *self);

static bool is_online(unsigned cpu)
{
	return __atomic_load_n(&hv.cpus[cpu].online, __ATOMIC_ACQUIRE);
}

void secondary_main(struct cpu *self)
{
	cpu_init(self);
	if (irq_cpu_init())
		for (;;)
			cpu_wait();
	__atomic_store_n(&self->online, true, __ATOMIC_RELEASE);
	cpu_idle();
}

static void start_cpu(unsigned i)
{
	struct cpu *c = &hv.cpus[i];
	int err;

	cpu_boot[i] = (struct cpu_boot){
		.core = c->hw_id,
		.stack = (uint64_t)cpu_stack_top(i),
		.cpu = c,
	};
	arch_full_barrier();
	err = loongson_ipi_start_cpu(i, host_virt_to_phys(secondary_entry), is_online,
				     CPU_START_MS);
	if (!err)
		return;
	/* Should it wake up later, it goes back to sleep. */
	cpu_boot[i].stack = 0;
	host_log(LOG_ERROR, "CPU %u (core %lu) did not start within %u ms", i,
		 (unsigned long)c->hw_id, CPU_START_MS);
}

void smp_start(void)
{
	struct cpu *self = cpu_self();
	unsigned online = 1;

	if (irq_cpu_init()) {
		host_log(LOG_ERROR, "boot CPU cannot take interrupts: machine stopped");
		machine_power_off();
	}
	self->online = true;
	for (unsigned i = 0; i < MAX_CPUS; i++)
		cpu_boot[i].core = UINT64_MAX;
	for (unsigned i = 1; i < hv.machine.cpu_count; i++) {
		start_cpu(i);
		online += is_online(i);
	}
	host_log(LOG_INFO, "%u of %u CPUs online", online, hv.machine.cpu_count);
}

void cpu_idle(void)
{
	struct cpu *self = cpu_self();

	for (;;) {
		irq_dispatch(self);
		zone_service(self);
		cpu_wait();
	}
}

void cpu_poll(void)
{
	irq_dispatch(cpu_self());
}

void cpu_wait_until(uint64_t deadline)
{
	struct cpu *self = cpu_self();

	irq_dispatch(self);
	while (host_time_ns() < deadline) {
		/* The housekeeping CPU's timer serves deferred work too. */
		if (self->index == HOUSEKEEPING_CPU)
			work_run_with(deadline);
		else
			arch_timer_program(deadline);
		cpu_wait();
		irq_dispatch(self);
	}
}
