/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical GICv3: distributor, redistributors, this CPU's interface. Arm IHI 0069H.
 *
 * The hypervisor alone drives it. Interrupts are taken in two steps (EOImode = 1):
 *
 *	while ((intid = gic_v3_ack()) != GIC_INTID_NONE) {
 *		if (intid >= GIC_LPI_FIRST)	gic_its_handle_lpi(intid);
 *		else if (linked to the zone)	vgic_inject_hw_ppi() or _spi(); it stays active
 *		else				{ handle it; gic_v3_deactivate(intid); }
 *		gic_v3_eoi(intid);
 *	}
 *
 * An LPI's handler runs between ack and eoi, never after (the handler section):
 * gic_v3_quiesce_others() relies on it.
 *
 * Locking: none in the caller's view. Distributor registers shared between CPUs are set- and
 * clear-registers or single writes; ICFGR is read-modify-write under a lock of this file. The CPU
 * indices are those of arch_cpu_index(). Every wait is bounded (about 100 ms).
 */
#ifndef IRQ_GIC_V3_H
#define IRQ_GIC_V3_H

#include <postern/platform.h>
#include <postern/types.h>

#define GIC_SGI_COUNT  16u /* INTID 0..15 */
#define GIC_PPI_FIRST  16u
#define GIC_SPI_FIRST  32u
#define GIC_SPI_LAST   1019u
#define GIC_LPI_FIRST  8192u
#define GIC_INTID_NONE 1023u /* nothing pending; stands for 1020..1022 too */

/*
 * Boot CPU, once: distributor on with affinity routing, every SPI disabled, inactive, group 1,
 * level, routed to the boot CPU. -ENODEV: no GICv3 there or no system register interface; -EIO,
 * -ETIMEDOUT. The reason is logged.
 */
int gic_v3_init(const struct intc_info *info);
/*
 * Every CPU, the boot CPU after gic_v3_init(): wakes the CPU's own redistributor, enables SGIs
 * 0..15, disables PPIs, turns LPIs on when the hardware has them, opens the CPU interface. -ENODEV:
 * no redistributor has this CPU's affinity;
 * -ENOMEM, -ETIMEDOUT. The reason is logged.
 */
int gic_v3_cpu_init(void);
/*
 * The highest-priority pending interrupt, now active (LPIs have no active state); GIC_INTID_NONE
 * when there is none.
 */
uint32_t gic_v3_ack(void);
/* Priority drop. Same CPU as the ack, before the next ack. Ends an LPI's handler section. */
void gic_v3_eoi(uint32_t intid);
/*
 * Makes it inactive so that it can fire again. Not for LPIs. SGIs and PPIs: on the CPU that
 * acknowledged.
 */
void gic_v3_deactivate(uint32_t intid);

/*
 * Waits until every other CPU has left the handler section it may be in now. After that nobody
 * still works on an LPI acknowledged before the call. Bounded: -ETIMEDOUT when a CPU did not leave.
 * Not from a handler section, and not with a lock held that an LPI's handler takes.
 */
int gic_v3_quiesce_others(void);

/*
 * Routes an SPI to a CPU that did gic_v3_cpu_init() and enables it. -EINVAL: not an SPI of this
 * machine, no such CPU.
 */
int gic_v3_spi_enable(uint32_t intid, unsigned cpu, bool edge);
/* After 0 it is not signalled any more (one acknowledged before may still be in work). */
int gic_v3_spi_disable(uint32_t intid);
/* SGIs and PPIs of the calling CPU. -EINVAL: intid > 31. */
int gic_v3_ppi_enable(uint32_t intid);
int gic_v3_ppi_disable(uint32_t intid);

/*
 * Forgets the active or pending state at the (re)distributor. `cpu` names the redistributor for
 * intid < 32. Any CPU.
 */
void gic_v3_clear_active(unsigned cpu, uint32_t intid);
void gic_v3_clear_pending(unsigned cpu, uint32_t intid);

/*
 * Sends a software-generated interrupt 0..15 to one CPU. Earlier writes to memory are visible to
 * it.
 */
void gic_v3_sgi_send(unsigned cpu, unsigned sgi);

/* ---- for the ITS driver ---------------------------------------------------------------------- */

/* LPIs usable: INTIDs GIC_LPI_FIRST .. + count. 0: this machine has none. */
unsigned gic_v3_lpi_count(void);
/* True once the CPU's redistributor takes LPIs. */
bool gic_v3_lpi_ready(unsigned cpu);
/*
 * Writes the LPI's byte of the shared configuration table, visible to redistributors. They may have
 * cached the old one: the caller has its ITS invalidate it (INV).
 */
void gic_v3_lpi_configure(uint32_t intid, bool enabled);
/*
 * The CPU's redistributor as ITS commands name it, bits [51:16] in place: address (pta) or
 * processor number << 16.
 */
uint64_t gic_v3_rdbase(unsigned cpu, bool pta);

#endif
