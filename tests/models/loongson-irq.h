/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interrupt controllers of a Loongson machine as hardware: EIOINTC with a register file for every
 * four cores, IPI and mailboxes, LIOINTC, and the bridge's PCH-PIC. Written from the register tables
 * of docs/hardware/loongson-interrupts.md alone: nothing of irq/ is included but the accessor
 * declarations. It implements arch_iocsr_*() for the CPU that model_set_cpu() chose.
 *
 * An access no hardware defines (an unknown offset, a width, a core that does not exist) is a
 * model_fail(). Where descriptions of the hardware differ, the model does what is harder for a driver:
 * a vector that is disabled stays pending on its core, and a level input that stays high is not sent
 * again.
 */
#ifndef MODEL_LOONGSON_IRQ_H
#define MODEL_LOONGSON_IRQ_H

#include <postern/types.h>

#define MODEL_EIO_CPUS    8u
#define MODEL_EIO_NODES   2u
#define MODEL_EIO_VECTORS 256u
#define MODEL_LINE_IPI    12u /* in model_cpu_lines(): bit 0..7 are HWI0..7 */

struct model_loongson_irq_config {
	unsigned cpus; /* 1..MODEL_EIO_CPUS; CPU n is core n unless said otherwise */
	unsigned core[MODEL_EIO_CPUS]; /* all 0: core[n] = n */
	hpa_t pch_pic;                 /* 0: none */
	unsigned inputs;               /* 1..64 */
	/*
	 * As QEMU's machine: one register file for all CPUs, whose routes know cores 0 to 3; byte
	 * accesses to the EIOINTC do nothing; a write of the PCH-PIC's mask sees its lowest change
	 * only.
	 */
	bool emulator;
};
void model_loongson_irq_add(const struct model_loongson_irq_config *config);

/* ---- wires in: a device's message, a wired input, a source of the LIOINTC -------------------- */

/* A 32-bit write of this number to the MSI doorbell of node 0. */
void model_msi_write(uint32_t vector);
void model_pch_line(unsigned input, bool level);
void model_lio_line(unsigned source, bool level);

/* ---- wires out ------------------------------------------------------------------------------- */

/* Levels of the CPU's interrupt lines: bit n HWI n, bit MODEL_LINE_IPI. */
uint32_t model_cpu_lines(unsigned cpu);

/* ---- the space of registers, as an instruction of that CPU ------------------------------------ */

uint64_t model_iocsr_read(unsigned cpu, uint32_t offset, unsigned size);
void model_iocsr_write(unsigned cpu, uint32_t offset, unsigned size, uint64_t value);

/* ---- state, as a debugger would see it ------------------------------------------------------- */

bool model_eio_enabled(unsigned node, unsigned vector);
uint8_t model_eio_route(unsigned node, unsigned vector);
bool model_eio_pending(unsigned cpu, unsigned vector); /* in that core's ISR */
uint64_t model_eio_misc(unsigned node);
uint64_t model_mailbox(unsigned cpu, unsigned n);
uint32_t model_ipi_status(unsigned cpu);
bool model_pch_masked(unsigned input);
uint8_t model_pch_vector(unsigned input);
bool model_lio_enabled(unsigned source);

/*
 * Which of a vector's fields have changed since model_eio_changes_clear(), in any node, even when they
 * changed back.
 */
#define MODEL_CHANGED_ENABLE 1u
#define MODEL_CHANGED_BOUNCE 2u
#define MODEL_CHANGED_ROUTE  4u
unsigned model_eio_changed(unsigned vector);
void model_eio_changes_clear(void);

/* Every write that software made, oldest first, ANY_SEND's effects not among them. */
struct model_irq_write {
	bool pch_pic; /* else IOCSR */
	unsigned cpu, size;
	uint32_t offset;
	uint64_t value;
};
const struct model_irq_write *model_irq_writes(unsigned *count);
void model_irq_writes_clear(void);

/* ---- trouble --------------------------------------------------------------------------------- */

/* Called once, after the next read of a core ISR that shows something pending, before anything else. */
void model_after_isr_read(void (*call)(void *ctx), void *ctx);
/* The core loses wake-ups until the clock says so. */
void model_deaf_until(unsigned cpu, uint64_t ns);

#endif
