/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aarch64: vCPUs, traps and what this folder's files offer each other. Everything here runs at EL2
 * with interrupts masked.
 */
#ifndef HV_CPU_H
#define HV_CPU_H

#include <hv/hv.h>
#include <irq/vgic-v3.h>
#include <postern/pagetable.h>

/* The zone's general registers while it is not running; layout known to vectors.S. */
struct guest_regs {
	uint64_t x[31];
	uint64_t elr, spsr;
	uint64_t unused; /* keeps the stack 16-byte aligned */
};

/* Where a vCPU is between PSCI's CPU_ON and CPU_OFF. */
enum vcpu_power { VCPU_OFF, VCPU_ON_PENDING, VCPU_ON };

struct zone_arch;

struct vcpu {
	unsigned index;
	struct zone *zone;
	struct zone_arch *arch;
	struct cpu *cpu;
	enum vcpu_power power; /* under zone_arch.lock */
	uint64_t entry, context;
	bool in_guest;           /* between guest_enter() and vcpu_park(); written by its own CPU */
	struct guest_regs *regs; /* valid while in_guest and inside an exit */
	unsigned log_lines;      /* it may still cause; see vcpu_may_log() */
	uint64_t log_refilled;
};

/* A line of the zone's host bridge. irq 0: free. users 0: on its way out. Under zone_arch.intx_lock. */
struct intx_line {
	uint32_t irq;
	unsigned users;
};

struct zone_arch {
	struct zone *zone;
	struct lock lock; /* vCPU power states */
	struct lock s2_lock;
	struct pt s2;
	uint64_t vttbr;
	struct vgic *vgic;
	struct vuart *vuart; /* NULL for root */
	struct lock intx_lock;
	struct intx_line intx[PCI_INTX_LINES];
	bool halt; /* its CPUs must leave the guest */
	struct vcpu vcpus[MAX_CPUS];
};

static inline struct zone_arch *zone_arch(struct zone *z)
{
	return z->arch;
}

/* ---- boot.c, mmu.c, smp.c ---- */

/* Image only, then MMU on. After it, memory outside the image and [fdt, fdt + 2 MiB) is not mapped
 * yet. */
void mmu_init_boot(hpa_t fdt);
/* Adds normal memory (read-write, never executable) or device registers. Boot CPU, before others
 * are up. */
int mmu_map_memory(hpa_t base, uint64_t size);
int mmu_map_device(hpa_t base, uint64_t size);
/* What secondary CPUs load before they can see anything else. */
struct cpu_boot {
	uint64_t mair, tcr, ttbr, sctlr, stack;
	struct cpu *cpu;
};
void mmu_fill_cpu_boot(struct cpu_boot *b);
void *cpu_stack_top(unsigned cpu);
/* Per-CPU EL2 state that never changes afterwards. */
void cpu_init_el2(void);

extern char el2_vectors[];
_Noreturn void guest_enter(uint64_t x0, uint64_t pc, uint64_t spsr, void *stack_top);
_Noreturn void stack_restart(void *stack_top, void (*fn)(void));

/* ---- vcpu.c ---- */

void vcpu_reset_el1(struct vcpu *v);
/* Runs the vCPU from its entry point on this CPU. */
_Noreturn void vcpu_run(struct vcpu *v);
/* Leaves the guest for good (until the next vcpu_run): back to cpu_idle(). */
_Noreturn void vcpu_park(struct vcpu *v);
/*
 * Whether the guest may cause one more log line: a burst of some, then one a second, so that a guest
 * cannot push out of the log what others have to say.
 */
bool vcpu_may_log(struct vcpu *v);
/* Synchronous exceptions given back to the guest, as the architecture would take them. */
void inject_undefined(struct guest_regs *r);
void inject_external_abort(struct guest_regs *r, bool instruction, bool same_page_walk,
			   uint64_t far);

/* ---- trap.c, mmio.c, sysreg.c, psci.c, irq.c ---- */

void trap_handle(struct guest_regs *r, unsigned kind);
/* The guest-physical address of the stage-2 fault being handled. */
gpa_t trap_fault_ipa(void);
void trap_mmio(struct vcpu *v, struct guest_regs *r, uint64_t esr);
void trap_sysreg(struct vcpu *v, struct guest_regs *r, uint64_t esr);
void trap_firmware(struct vcpu *v, struct guest_regs *r);
/* The guest-visible value of ID register S3_0_C0_C<crm>_<op2>. */
uint64_t idreg_read(unsigned crm, unsigned op2);
/* Takes every pending physical interrupt; v is NULL when no guest is on this CPU. */
void irq_dispatch(struct cpu *self, struct vcpu *v);
void irq_cpu_init(void);
/*
 * Routes a wired interrupt to the zone that owns the device behind it. -EBUSY: it is another zone's or the
 * hypervisor's; -ENOSPC.
 */
int irq_own_line(uint32_t intid, struct zone *z);
/* Undoes that. Pre: it is disabled and its zone's controller has let go of it (vgic_remove_hw_spi). */
void irq_disown_line(uint32_t intid);
/* Interrupts that came for nobody; each was disabled. */
uint64_t irq_strays(void);

/* One call into the machine's firmware (PSCI, SMCCC). */
int64_t firmware_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3);

/* ---- stage2.c ---- */

int stage2_init(struct zone_arch *a);
/* Loads this CPU's VTTBR_EL2 and VTCR_EL2 for good. */
void stage2_load(struct zone_arch *a);

/* EL2 timer of this CPU: fires at host time `deadline`, UINT64_MAX is off. */
void arch_timer_program(uint64_t deadline);
void timer_init(void);

#endif
