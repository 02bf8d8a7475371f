/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A GICv3 as hardware: distributor, redistributors, CPU interfaces (gic.c), and what a guest does
 * with the virtual CPU interface (gic-virt.c). Written from Arm IHI 0069H alone: nothing of irq/ is
 * included but the accessor declarations. It implements arch_icc_*(), arch_ich_*() and
 * arch_mpidr_affinity() for the CPU that model_set_cpu() chose.
 *
 * Misuse that the architecture calls UNPREDICTABLE is a model_fail().
 */
#ifndef MODEL_GIC_H
#define MODEL_GIC_H

#include <postern/types.h>

#define MODEL_GIC_CPUS 4u
#define MODEL_GIC_LPIS 16384u /* INTIDs below this exist */
#define MODEL_SPURIOUS 1023u

struct model_gic_config {
	hpa_t dist, redist;
	unsigned cpus;                     /* 1..MODEL_GIC_CPUS */
	uint64_t affinity[MODEL_GIC_CPUS]; /* MPIDR form */
	unsigned spis;                     /* a multiple of 32 */
	unsigned id_bits;                  /* 0: no LPIs */
	bool two_security_states;          /* GICD_CTLR.DS = 0, seen from the Non-secure side */
	bool gicv4_frames;                 /* four frames a redistributor */
	bool no_snoop;                     /* PROPBASER, PENDBASER: shareability reads 0 */
	bool lpis_left_on;                 /* earlier software enabled LPIs, and they stay so */
	bool no_sysregs;                   /* ICC_SRE_EL2.SRE stays 0 */
	unsigned list_regs;                /* 1..16 */
};

/* What can be made to hang. */
enum model_gic_stuck {
	GIC_STUCK_NOTHING,
	GIC_STUCK_DIST_RWP,
	GIC_STUCK_REDIST_RWP,
	GIC_STUCK_WAKER
};

void model_gic_add(const struct model_gic_config *config);
void model_gic_stick(enum model_gic_stuck what);
uint64_t model_gic_redist_size(void);

/* ---- wires ----------------------------------------------------------------------------------- */

void model_gic_set_line(unsigned cpu, uint32_t intid, bool level); /* cpu: for PPIs */
void model_gic_pulse(unsigned cpu, uint32_t intid);

/* ---- state, as a debugger would see it ------------------------------------------------------- */

bool model_gic_enabled(unsigned cpu, uint32_t intid);
bool model_gic_pending(unsigned cpu, uint32_t intid);
bool model_gic_active(unsigned cpu, uint32_t intid);
bool model_gic_edge(uint32_t intid);
uint64_t model_gic_route(uint32_t intid);
/* The CPU's IRQ input is high: what it would acknowledge next, or MODEL_SPURIOUS. */
uint32_t model_gic_next(unsigned cpu);

/* ---- the ITS's side of the redistributors ---------------------------------------------------- */

/* rd is an index of a CPU. False: the redistributor takes no LPIs or not this one. */
bool model_gic_lpi_set(unsigned rd, uint32_t lpi);
void model_gic_lpi_clear(unsigned rd, uint32_t lpi);
bool model_gic_lpi_pending(unsigned rd, uint32_t lpi);
/* What was read of the LPI's configuration counts until it is invalidated. */
void model_gic_lpi_read(uint32_t lpi);
void model_gic_lpi_invalidate(uint32_t lpi);
void model_gic_lpi_invalidate_all(void);
int model_gic_rd_by_address(uint64_t base);
int model_gic_rd_by_number(uint64_t number);

/* ---- a guest on a CPU (gic-virt.c): EOImode 0, both groups on, priority mask open ------------ */

void model_virt_reset(unsigned list_regs);
uint32_t model_guest_ack(unsigned cpu);
void model_guest_eoi(unsigned cpu, uint32_t vintid);
/* Acknowledge, end, and say which; MODEL_SPURIOUS when nothing is deliverable. */
uint32_t model_guest_take(unsigned cpu);
bool model_maintenance(unsigned cpu);
unsigned model_lr_valid(unsigned cpu); /* list registers not invalid */
uint64_t model_ich_vmcr(unsigned cpu);
uint64_t model_ich_hcr(unsigned cpu);
unsigned model_ich_accesses(void); /* arch_ich_*() calls since the last model_gic_add() */
/* From the physical side: a virtual deactivation with HW = 1. */
void model_gic_deactivate(unsigned cpu, uint32_t intid);

#endif
