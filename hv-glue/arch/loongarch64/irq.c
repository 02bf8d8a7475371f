// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A CPU's interrupt lines and what is behind them: the EIOINTC (messages and the bridge's inputs),
 * the LIOINTC (the CPU chip's own devices), the timer and inter-processor interrupts (LoongArch
 * Reference Manual, Volume 1, 6.1.1; docs/hardware/loongson-interrupts.md).
 *
 * Wired interrupts of the hypervisor's own are levels that their users quiet; the controllers mask
 * them when they fire and they are unmasked after the handler.
 */
#include <hv/cpu.h>
#include <hv/csr.h>
#include <hv/fault_log.h>
#include <irq/eiointc.h>
#include <irq/liointc.h>
#include <irq/loongson-ipi.h>
#include <irq/pch-msi.h>
#include <irq/pch-pic.h>
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/string.h>

#define IPI_KICK 1u

/* Global interrupt numbers of the LIOINTC's sources, as firmware counts them. */
#define LIO_GSI_FIRST 16u
#define LIO_SOURCES   32u

#define LINE(n) BIT64(INT_HWI0 + (n))

static bool lio_usable;

/* ---- set-up ---- */

static unsigned lowest_message(const struct machine *m)
{
	unsigned lowest = eiointc_vectors();

	for (unsigned i = 0; i < m->msi_unit_count; i++)
		if (m->msi_units[i].count && m->msi_units[i].first < lowest)
			lowest = m->msi_units[i].first;
	return lowest;
}

int arch_init_interrupts(struct machine *m)
{
	int err = loongson_ipi_init(m->cpus, m->cpu_count);

	if (!err)
		err = eiointc_init(&m->loongson, m->cpus, m->cpu_count);
	if (!err)
		err = eiointc_cpu_init();
	if (err)
		return err;
	/* A machine without the one or the other has fewer interrupts, not none. */
	lio_usable = !liointc_init(&m->loongson, m->cpus, m->cpu_count);
	if (m->loongson.pch_pic_count && pch_pic_init(&m->loongson, lowest_message(m)))
		host_log(LOG_ERROR, "wired interrupts of the bridge cannot be used (see above)");
	for (unsigned i = 0; i < m->msi_unit_count; i++) {
		m->msi_units[i].index = i;
		err = pch_msi_init(&m->msi_units[i]);
		if (err)
			return err;
	}
	return 0;
}

int irq_cpu_init(void)
{
	const struct cpu *self = cpu_self();
	uint64_t lines = BIT64(INT_TIMER) | BIT64(INT_IPI);
	int err = 0;

	loongson_ipi_cpu_init();
	if (self->index != HOUSEKEEPING_CPU)
		err = eiointc_cpu_init();
	/* Without messages a CPU still works for the hypervisor. */
	if (err && err != -EOPNOTSUPP)
		return err;
	if (!err)
		lines |= LINE(eiointc_pin());
	if (lio_usable)
		lines |= LINE(liointc_pin());
	csr_write(CSR_ECFG, lines);
	return 0;
}

/* ---- wired interrupts of the hypervisor's own ---- */

static void console_event(void *ctx)
{
	(void)ctx;
	console_irq();
}

struct line {
	void (*fn)(void *ctx);
	void *ctx;
};

static struct line console_line = { .fn = console_event };

static void bridge_event(void *context, uint32_t gsi)
{
	const struct line *l = context;

	l->fn(l->ctx);
	pch_pic_unmask(gsi);
}

static void chip_event(void *context, unsigned source)
{
	const struct line *l = context;

	l->fn(l->ctx);
	liointc_unmask(source);
}

static int add_line(uint32_t gsi, struct line *l)
{
	int err = -ENOENT;

	if (pch_pic_has(gsi)) {
		err = pch_pic_claim(gsi, NULL, HOUSEKEEPING_CPU, PCH_PIC_LEVEL_HIGH, bridge_event,
				    l);
		if (!err)
			pch_pic_unmask(gsi);
	} else if (lio_usable && gsi >= LIO_GSI_FIRST && gsi < LIO_GSI_FIRST + LIO_SOURCES) {
		err = liointc_claim(gsi - LIO_GSI_FIRST, NULL, HOUSEKEEPING_CPU, chip_event, l);
		if (!err)
			liointc_unmask(gsi - LIO_GSI_FIRST);
	}
	return err;
}

int irq_init(const struct machine *m)
{
	int err;

	if (m->uart_count) {
		const struct uart_info *u = &m->uarts[m->uart_count - 1];

		err = u->irq ? add_line(u->irq, &console_line) : -ENOENT;
		if (err)
			host_log(
				LOG_WARN,
				"console: interrupt %u of its UART cannot be taken (error %d): no input",
				u->irq, -err);
	}
	for (unsigned i = 0; i < m->iommu_count; i++)
		if (m->iommus[i].ops)
			fault_poll_start(&hv.machine.iommus[i]);
	return 0;
}

/* ---- dispatch ---- */

void irq_dispatch(struct cpu *self)
{
	uint64_t pending;

	while ((pending = csr_read(CSR_ESTAT) & csr_read(CSR_ECFG) & INT_MASK)) {
		bool work = false;

		if (pending & BIT64(INT_TIMER)) {
			arch_timer_program(UINT64_MAX);
			csr_write(CSR_TICLR, TICLR_CLEAR);
			work = true;
		}
		if (pending & BIT64(INT_IPI)) {
			/* The reason is in the kicked CPU's state; whoever runs next looks at it.
			 */
			loongson_ipi_take();
			work = true;
		}
		if (pending & LINE(eiointc_pin()))
			eiointc_handle();
		if (lio_usable && (pending & LINE(liointc_pin())))
			liointc_handle();
		if (work && self->index == HOUSEKEEPING_CPU)
			work_run();
	}
}

void cpu_kick(unsigned cpu)
{
	if (cpu < MAX_CPUS && hv.cpus[cpu].online)
		loongson_ipi_send(cpu, IPI_KICK);
}

/* ---- reports ---- */

void arch_stats(void (*line)(void *ctx, const char *text), void *ctx)
{
	struct eiointc_vector_info v;
	char text[80];

	for (unsigned i = 0; i < eiointc_vectors(); i++) {
		eiointc_vector_info(i, &v);
		if (!v.claimed)
			continue;
		format_text(text, sizeof(text), "vector %u: cpu %u, %s, %llu arrivals", i, v.cpu,
			    v.owner ? v.owner->name : "hypervisor", (unsigned long long)v.fired);
		line(ctx, text);
	}
	format_text(text, sizeof(text), "vectors nobody claimed: %llu arrivals",
		    (unsigned long long)eiointc_stray());
	line(ctx, text);
}
