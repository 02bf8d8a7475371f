// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where physical interrupts go: to the zone that owns their source, or to the hypervisor's own
 * users.
 *
 * Wired interrupts of zones and the timers' PPIs are linked: EL2 drops the priority and the guest's
 * own deactivation ends them. Hypervisor SPIs (monitor UART, IOMMU events) all target the
 * housekeeping CPU.
 */
#include <hv/cpu.h>
#include <hv/fault_log.h>
#include <hv/sysreg.h>
#include <irq/gic-v3-its.h>
#include <irq/gic-v3.h>
#include <postern/arch.h>
#include <postern/errno.h>

#define SGI_KICK  0u
#define MAX_LINES 32u

/* A wired interrupt somebody owns. zone == NULL: the hypervisor's, handled by fn(ctx). */
struct line {
	uint32_t intid;
	struct zone *zone;
	void (*fn)(void *ctx);
	void *ctx;
};

static struct line lines[MAX_LINES];
static unsigned line_count;
static struct lock lines_lock; /* changes; an interrupt is looked up without */
static uint64_t strays;

static void console_event(void *ctx)
{
	(void)ctx;
	console_irq();
}

static void iommu_event(void *ctx)
{
	fault_poll_event(ctx);
}

static int add_line(uint32_t intid, void (*fn)(void *ctx), void *ctx, bool edge)
{
	if (!intid)
		return 0;
	if (line_count == MAX_LINES)
		return -ENOSPC;
	lines[line_count++] = (struct line){ .intid = intid, .fn = fn, .ctx = ctx };
	return gic_v3_spi_enable(intid, HOUSEKEEPING_CPU, edge);
}

int irq_init(const struct machine *m)
{
	int err = 0;

	if (m->uart_count > 1)
		err = add_line(m->uarts[1].irq, console_event, NULL, false);
	for (unsigned i = 0; !err && i < m->iommu_count; i++) {
		struct iommu_unit *u = &hv.machine.iommus[i];

		if (!u->ops)
			continue;
		fault_poll_start(u);
		err = add_line(u->irqs.event, iommu_event, u, true);
		if (!err)
			err = add_line(u->irqs.error, iommu_event, u, true);
	}
	return err;
}

/* Where the line is in the table, or a new place for it; NULL: full. lines_lock held. */
static struct line *line_find(uint32_t intid)
{
	for (unsigned i = 0; i < line_count; i++)
		if (lines[i].intid == intid)
			return &lines[i];
	if (line_count == MAX_LINES)
		return NULL;
	lines[line_count].intid = intid;
	/* Other CPUs read the table without the lock. */
	__atomic_store_n(&line_count, line_count + 1, __ATOMIC_RELEASE);
	return &lines[line_count - 1];
}

int irq_own_line(uint32_t intid, struct zone *z)
{
	struct line *l;
	int err = 0;

	host_lock(&lines_lock);
	l = line_find(intid);
	if (!l)
		err = -ENOSPC;
	else if (l->fn || l->zone)
		err = -EBUSY;
	else
		__atomic_store_n(&l->zone, z, __ATOMIC_RELEASE);
	host_unlock(&lines_lock);
	if (err)
		return err;
	err = gic_v3_spi_enable(intid, z->cpus[0], false);
	if (err)
		irq_disown_line(intid);
	return err;
}

void irq_disown_line(uint32_t intid)
{
	struct line *l;

	host_lock(&lines_lock);
	l = line_find(intid);
	if (l)
		__atomic_store_n(&l->zone, NULL, __ATOMIC_RELEASE);
	host_unlock(&lines_lock);
}

uint64_t irq_strays(void)
{
	return __atomic_load_n(&strays, __ATOMIC_RELAXED);
}

void irq_cpu_init(void)
{
	const struct intc_info *intc = &hv.machine.intc;

	gic_v3_ppi_enable(intc->maintenance_irq);
	gic_v3_ppi_enable(intc->timer_hyp_irq);
	gic_v3_ppi_enable(intc->timer_virt_irq);
	gic_v3_ppi_enable(intc->timer_phys_irq);
}

/* A timer interrupt for nobody: its vCPU stopped. Off, or it would fire for ever. */
static void quiet_guest_timers(void)
{
	sysreg_write(cntv_ctl_el0, 0);
	sysreg_write(cntp_ctl_el0, 0);
	isb();
}

/* What became of a wired interrupt: why the exit happened, and whether EL2 has to deactivate it
 * itself. */
struct taken {
	enum exit_reason why;
	bool deactivate;
};

static struct taken take_ppi(struct cpu *self, struct vcpu *v, uint32_t intid)
{
	const struct intc_info *intc = &hv.machine.intc;

	if (intid == intc->timer_virt_irq || intid == intc->timer_phys_irq) {
		if (v && vgic_inject_hw_ppi(v->arch->vgic, v->index, intid))
			return (struct taken){ EXIT_IRQ_TIMER, false };
		quiet_guest_timers();
	} else if (intid == intc->maintenance_irq && v) {
		vgic_maintenance(v->arch->vgic, v->index);
	} else if (intid == intc->timer_hyp_irq) {
		arch_timer_program(UINT64_MAX);
		if (self->index == HOUSEKEEPING_CPU)
			work_run();
	}
	return (struct taken){ EXIT_IRQ_HOST, true };
}

static struct taken take_spi(uint32_t intid)
{
	const unsigned count = __atomic_load_n(&line_count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < count; i++) {
		const struct line *l = &lines[i];
		struct zone *z = __atomic_load_n(&l->zone, __ATOMIC_ACQUIRE);

		if (l->intid != intid)
			continue;
		if (z && vgic_inject_hw_spi(zone_arch(z)->vgic, intid))
			return (struct taken){ EXIT_IRQ_LINE, false };
		if (l->fn) {
			l->fn(l->ctx);
			return (struct taken){ EXIT_IRQ_HOST, true };
		}
	}
	/* Masked before it is deactivated: a line that nobody lowers comes once. */
	gic_v3_spi_disable(intid);
	__atomic_fetch_add(&strays, 1, __ATOMIC_RELAXED);
	host_log(LOG_WARN, "interrupt %u belongs to nobody: disabled", intid);
	return (struct taken){ EXIT_IRQ_HOST, true };
}

static struct taken take_interrupt(struct cpu *self, struct vcpu *v, uint32_t intid)
{
	if (intid >= GIC_LPI_FIRST) {
		gic_its_handle_lpi(intid);
		return (struct taken){ EXIT_IRQ_MSI, false };
	}
	if (intid < GIC_PPI_FIRST) {
		/* The reason is in the kicked CPU's state; whoever runs next looks at it. */
		if (self->index == HOUSEKEEPING_CPU)
			work_run();
		return (struct taken){ EXIT_IRQ_KICK, true };
	}
	return intid < GIC_SPI_FIRST ? take_ppi(self, v, intid) : take_spi(intid);
}

void irq_dispatch(struct cpu *self, struct vcpu *v)
{
	uint32_t intid;

	while ((intid = gic_v3_ack()) != GIC_INTID_NONE) {
		struct taken taken = take_interrupt(self, v, intid);

		gic_v3_eoi(intid);
		if (taken.deactivate)
			gic_v3_deactivate(intid);
		if (v)
			self->exits[taken.why]++;
	}
}

void cpu_kick(unsigned cpu)
{
	if (cpu < MAX_CPUS && hv.cpus[cpu].online)
		gic_v3_sgi_send(cpu, SGI_KICK);
}

void host_kick_vcpu(struct zone *z, unsigned vcpu)
{
	if (vcpu < z->cpu_count && z->cpus[vcpu] != arch_cpu_index())
		cpu_kick(z->cpus[vcpu]);
}
