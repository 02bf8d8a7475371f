// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Physical CPUs: bringing them up through PSCI, and the loop they are in while no guest is on them.
 */
#include <hv/cpu.h>
#include <hv/asm_offsets.h>
#include <hv/sysreg.h>
#include <irq/gic-v3-its.h>
#include <irq/gic-v3.h>
#include <postern/arch.h>

_Static_assert(offsetof(struct cpu_boot, mair) == CPU_BOOT_MAIR, "start.S");
_Static_assert(offsetof(struct cpu_boot, ttbr) == CPU_BOOT_TTBR, "start.S");
_Static_assert(offsetof(struct cpu_boot, stack) == CPU_BOOT_STACK, "start.S");

#define PSCI_CPU_ON_64    0xc4000003u
#define CPU_ON_TIMEOUT_NS 2000000000ull

extern char secondary_entry[];
static struct cpu_boot cpu_boot[MAX_CPUS];

/* Message interrupts and the PPIs of this CPU, whose interface is open; false when it cannot take
 * part. */
static bool cpu_init_interrupts(void)
{
	if (hv.machine.msi_unit_count && gic_its_cpu_init())
		return false;
	irq_cpu_init();
	return true;
}

_Noreturn void secondary_main(void);
void secondary_main(void)
{
	struct cpu *self = cpu_self();

	cpu_init_el2();
	if (gic_v3_cpu_init() || !cpu_init_interrupts())
		for (;;)
			__asm__ volatile("wfi");
	__atomic_store_n(&self->online, true, __ATOMIC_RELEASE);
	cpu_idle();
}

static void start_cpu(unsigned i)
{
	struct cpu *c = &hv.cpus[i];
	struct cpu_boot *b = &cpu_boot[i];
	const uint64_t give_up = host_time_ns() + CPU_ON_TIMEOUT_NS;
	int64_t err;

	mmu_fill_cpu_boot(b);
	b->stack = (uint64_t)cpu_stack_top(i);
	b->cpu = c;
	/* Read with its caches off. */
	arch_dcache_clean(b, sizeof(*b));
	err = firmware_call(PSCI_CPU_ON_64, c->hw_id, (uint64_t)secondary_entry, (uint64_t)b);
	while (!err && !__atomic_load_n(&c->online, __ATOMIC_ACQUIRE) && host_time_ns() < give_up)
		arch_relax();
	if (!__atomic_load_n(&c->online, __ATOMIC_ACQUIRE))
		host_log(LOG_ERROR, "CPU %u (MPIDR 0x%lx) did not start (firmware said %ld)", i,
			 (unsigned long)c->hw_id, (long)err);
}

void smp_start(void)
{
	struct cpu *self = cpu_self();

	if (!cpu_init_interrupts()) {
		host_log(LOG_ERROR, "boot CPU cannot take interrupts: machine stopped");
		machine_power_off();
	}
	self->online = true;
	for (unsigned i = 1; i < hv.machine.cpu_count; i++)
		start_cpu(i);
}

/*
 * The vCPU that should run here now, if any; it counts as in the guest from here on.
 * arch_zone_halt() writes `halt` and then reads `in_guest`, this writes `in_guest` and then reads
 * `halt`: one of the two sees the other.
 */
static struct vcpu *due_vcpu(struct cpu *self)
{
	struct vcpu *v = self->vcpu;
	bool due = false;

	if (!v)
		return NULL;
	host_lock(&v->arch->lock);
	if (v->power == VCPU_ON_PENDING) {
		__atomic_store_n(&v->in_guest, true, __ATOMIC_SEQ_CST);
		due = !__atomic_load_n(&v->arch->halt, __ATOMIC_SEQ_CST);
		if (due)
			v->power = VCPU_ON;
		else
			__atomic_store_n(&v->in_guest, false, __ATOMIC_SEQ_CST);
	}
	host_unlock(&v->arch->lock);
	return due ? v : NULL;
}

void cpu_idle(void)
{
	struct cpu *self = cpu_self();

	for (;;) {
		struct vcpu *v;

		irq_dispatch(self, NULL);
		zone_service(self);
		v = due_vcpu(self);
		if (v)
			vcpu_run(v);
		/* An interrupt that came since irq_dispatch() is pending and ends the wait at once. */
		__asm__ volatile("dsb sy\n\twfi" : : : "memory");
	}
}

void cpu_poll(void)
{
	irq_dispatch(cpu_self(), NULL);
}

void cpu_wait_until(uint64_t deadline)
{
	struct cpu *self = cpu_self();

	irq_dispatch(self, NULL);
	while (host_time_ns() < deadline) {
		/* The housekeeping CPU's timer serves deferred work too. */
		if (self->index == HOUSEKEEPING_CPU)
			work_run_with(deadline);
		else
			arch_timer_program(deadline);
		__asm__ volatile("dsb sy\n\twfi" : : : "memory");
		irq_dispatch(self, NULL);
	}
}
