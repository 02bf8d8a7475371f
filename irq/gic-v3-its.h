/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical GICv3 ITS as an MSI unit (<postern/irq.h>). Arm IHI 0069H chapter 5, 12.18.
 *
 * The hypervisor alone owns the unit, its command queue and the LPI tables; no guest command is
 * ever forwarded. One collection per physical CPU; event n of a device is its vector n; LPIs come
 * from one pool for all units.
 *
 * Locking: the driver takes unit->lock for commands, and a lock of its own for the LPI pool inside
 * it. Callers of vectors_alloc and vectors_free for one device serialize themselves. vectors_free
 * waits for handlers: not with a lock held that a vector's handler takes.
 */
#ifndef IRQ_GIC_V3_ITS_H
#define IRQ_GIC_V3_ITS_H

#include <postern/irq.h>
#include <postern/types.h>

/*
 * vectors_free() on failure (-ETIMEDOUT, -EIO): handlers are no longer called all the same, but the
 * LPIs and the device's table stay allocated for good, because the hardware may still use them.
 */
extern const struct msi_unit_ops gic_its_ops;

/*
 * Boot CPU, after gic_v3_init() and gic_v3_cpu_init(); u->base and size filled in. Sets u->ops and
 * u->state.
 * -ENODEV (no ITS, or the machine has no LPIs), -ENOMEM, -EIO, -ETIMEDOUT; the unit is left
 * disabled, the reason logged.
 */
int gic_its_init(struct msi_unit *u);
/*
 * Every CPU that is to take LPIs, after its gic_v3_cpu_init() and after gic_its_init() of all units
 * (the boot CPU too): maps the CPU's collection in every unit. -ENODEV: the CPU takes no LPIs;
 * -EIO, -ETIMEDOUT.
 */
int gic_its_cpu_init(void);

/*
 * Calls the handler of the LPI's vector. Between gic_v3_ack() and gic_v3_eoi(), no locks held.
 * False: nobody's (counted).
 */
bool gic_its_handle_lpi(uint32_t intid);

struct gic_its_stats {
	uint64_t commands; /* put in the queue */
	uint64_t errors;   /* commands the unit refused, queue timeouts */
	uint64_t stray;    /* LPIs that arrived for no vector (all units) */
	unsigned lpis_used;
};
void gic_its_stats(const struct msi_unit *u, struct gic_its_stats *out);

#endif
