// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GICv3 distributor, redistributors and physical CPU interfaces: see gic.h. Offsets and bits from
 * Arm IHI 0069H, 12.9 (GICD), 12.11 (GICR), 12.2 (ICC).
 */
#include "gic.h"

#include "host.h"

#include <irq/gic-sysregs.h>
#include <postern/arch.h>
#include <string.h>

#define SPI_MAX 992u
#define NESTING 8u

struct irq {
	bool enabled, pending, line, active, edge, group1;
	uint8_t priority;
	uint64_t route;
};

struct redist {
	bool asleep;
	bool lpis_on;
	uint64_t propbaser, pendbaser;
	struct irq irq[32];
	bool lpi_pending[MODEL_GIC_LPIS];
};

struct interface {
	uint64_t sre, ctlr, pmr, group1;
	uint32_t running[NESTING]; /* INTIDs acknowledged, priority not dropped */
	unsigned depth;
};

static struct {
	struct model_gic_config config;
	enum model_gic_stuck stuck;
	uint32_t ctlr;
	struct irq spi[SPI_MAX];
	struct redist rd[MODEL_GIC_CPUS];
	struct interface cpu[MODEL_GIC_CPUS];
	int16_t lpi_config[MODEL_GIC_LPIS]; /* cached; -1: not read yet */
} gic;

static struct irq *irq_of(unsigned cpu, uint32_t intid)
{
	if (intid < 32)
		return &gic.rd[cpu].irq[intid];
	if (intid - 32 < gic.config.spis)
		return &gic.spi[intid - 32];
	return NULL;
}

static bool irq_pending(const struct irq *i)
{
	return i->pending || (!i->edge && i->line);
}

/* ---- registers with a field per interrupt ---------------------------------------------------- */

static uint32_t bits_read(unsigned cpu, uint32_t reg, uint32_t first, uint32_t low, uint32_t high)
{
	uint32_t value = 0;

	for (uint32_t n = 0; n < 32; n++) {
		struct irq *i = irq_of(cpu, first + n);
		bool bit = false;

		if (!i || first + n < low || first + n >= high)
			continue;
		switch (reg) {
		case 0x080:
			bit = i->group1 && !gic.config.two_security_states;
			break;
		case 0x100:
		case 0x180:
			bit = i->enabled;
			break;
		case 0x200:
		case 0x280:
			bit = irq_pending(i);
			break;
		case 0x300:
		case 0x380:
			bit = i->active;
			break;
		default:
			break;
		}
		value |= (uint32_t)bit << n;
	}
	return value;
}

static void bits_write(unsigned cpu, uint32_t reg, uint32_t first, uint32_t low, uint32_t high,
		       uint32_t value)
{
	for (uint32_t n = 0; n < 32; n++) {
		struct irq *i = irq_of(cpu, first + n);
		bool one = value >> n & 1;

		if (!i || first + n < low || first + n >= high)
			continue;
		if (reg == 0x080 && !gic.config.two_security_states)
			i->group1 = one;
		if (!one)
			continue;
		switch (reg) {
		case 0x100:
			i->enabled = true;
			break;
		case 0x180:
			i->enabled = false;
			break;
		case 0x200:
			i->pending = true;
			break;
		case 0x280:
			i->pending = false;
			break;
		case 0x300:
			i->active = true;
			break;
		case 0x380:
			i->active = false;
			break;
		default:
			break;
		}
	}
}

/* GICD (low = 32) and the SGI frame (high = 32) share these. False: another register. */
static bool field_access(unsigned cpu, uint32_t low, uint32_t high, uint64_t off, unsigned size,
			 bool write, uint64_t *value)
{
	if (off >= 0x80 && off < 0x400) {
		uint32_t reg = (uint32_t)off & ~0x7fu, first = (uint32_t)(off & 0x7f) * 8;

		if (size != 4)
			model_fail("GIC: access of %u bytes at 0x%llx", size,
				   (unsigned long long)off);
		if (write)
			bits_write(cpu, reg, first, low, high, (uint32_t)*value);
		else
			*value = bits_read(cpu, reg, first, low, high);
		return true;
	}
	if (off >= 0x400 && off < 0x800) {
		for (unsigned b = 0; b < size; b++) {
			struct irq *i = irq_of(cpu, (uint32_t)(off - 0x400) + b);

			if (!i || off - 0x400 + b < low || off - 0x400 + b >= high)
				continue;
			if (write)
				i->priority = (uint8_t)(*value >> 8 * b);
			else
				*value |= (uint64_t)i->priority << 8 * b;
		}
		return true;
	}
	if (off >= 0xc00 && off < 0xd00) {
		for (unsigned n = 0; n < 16; n++) {
			uint32_t intid = (uint32_t)(off - 0xc00) * 4 + n;
			struct irq *i = irq_of(cpu, intid);

			if (!i || intid < low || intid >= high)
				continue;
			if (write && intid >= 16) {
				bool edge = *value >> (2 * n + 1) & 1;

				if (i->enabled && i->edge != edge)
					model_fail("GIC: trigger of enabled INTID %u changed",
						   intid);
				i->edge = edge;
			} else if (!write) {
				*value |= (uint64_t)i->edge << (2 * n + 1);
			}
		}
		return true;
	}
	return false;
}

/* ---- distributor ----------------------------------------------------------------------------- */

static uint64_t dist_read(void *ctx, uint64_t off, unsigned size)
{
	uint64_t value = 0;

	(void)ctx;
	if (field_access(0, 32, 32 + gic.config.spis, off, size, false, &value))
		return value;
	if (off >= 0x6100 && off < 0x6100 + 8ull * gic.config.spis)
		return gic.spi[(off - 0x6100) / 8].route;
	switch (off) {
	case 0x0000: /* CTLR */
		return gic.ctlr | (gic.config.two_security_states ? 0 : 1u << 6) |
		       (gic.stuck == GIC_STUCK_DIST_RWP ? 1u << 31 : 0);
	case 0x0004: /* TYPER */
		return (gic.config.spis / 32) | (gic.config.id_bits ? 1u << 17 : 0) |
		       (gic.config.id_bits ? gic.config.id_bits - 1 : 9) << 19 |
		       (gic.config.two_security_states ? 1u << 10 : 0);
	case 0xffe8: /* PIDR2 */
		return gic.config.gicv4_frames ? 0x4b : 0x3b;
	default:
		return 0;
	}
}

static void dist_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	(void)ctx;
	if (field_access(0, 32, 32 + gic.config.spis, off, size, true, &value))
		return;
	if (off >= 0x6100 && off < 0x6100 + 8ull * gic.config.spis) {
		if (!(gic.ctlr & 1u << 4))
			model_fail("GIC: IROUTER written without affinity routing");
		if (size != 8)
			model_fail("GIC: IROUTER written in %u bytes", size);
		gic.spi[(off - 0x6100) / 8].route = value;
	} else if (off == 0) {
		bool grp = gic.ctlr & 3u;

		if (grp && (gic.ctlr ^ (uint32_t)value) & 1u << 4)
			model_fail("GIC: ARE changed while a group is enabled");
		gic.ctlr = (uint32_t)value & 0x13u;
	}
}

static const struct model_mmio_ops dist_ops = { .read = dist_read, .write = dist_write };

/* ---- redistributors -------------------------------------------------------------------------- */

uint64_t model_gic_redist_size(void)
{
	return gic.config.gicv4_frames ? 0x40000 : 0x20000;
}

static uint32_t packed(uint64_t affinity)
{
	return (uint32_t)(affinity >> 8 & 0xff000000u) | (uint32_t)(affinity & 0xffffff);
}

static uint64_t no_share(uint64_t value)
{
	return gic.config.no_snoop ? value & ~(3ull << 10) : value;
}

static uint64_t rd_read(void *ctx, uint64_t off, unsigned size)
{
	unsigned cpu = (unsigned)(off / model_gic_redist_size());
	struct redist *rd = &gic.rd[cpu];
	uint64_t value = 0;

	(void)ctx;
	off %= model_gic_redist_size();
	if (off >= 0x20000)
		return 0;
	if (off >= 0x10000) {
		field_access(cpu, 0, 32, off - 0x10000, size, false, &value);
		return value;
	}
	switch (off) {
	case 0x0000:
		return (rd->lpis_on ? 1u : 0) | (gic.stuck == GIC_STUCK_REDIST_RWP ? 1u << 3 : 0);
	case 0x0008: /* TYPER: the processor number is unlike the index on purpose */
		if (size != 8)
			model_fail("GIC: GICR_TYPER read in %u bytes", size);
		return (uint64_t)packed(gic.config.affinity[cpu]) << 32 | (uint64_t)(cpu + 3) << 8 |
		       (gic.config.id_bits ? 1 : 0) | (gic.config.gicv4_frames ? 2 : 0) |
		       (cpu + 1 == gic.config.cpus ? 1u << 4 : 0);
	case 0x0014:
		if (gic.stuck == GIC_STUCK_WAKER)
			return 4u;
		return rd->asleep ? 6u : 0u;
	case 0x0070:
		return rd->propbaser;
	case 0x0078:
		return rd->pendbaser & ~(1ull << 62);
	case 0xffe8:
		return gic.config.gicv4_frames ? 0x4b : 0x3b;
	default:
		return 0;
	}
}

static void rd_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	unsigned cpu = (unsigned)(off / model_gic_redist_size());
	struct redist *rd = &gic.rd[cpu];

	(void)ctx;
	off %= model_gic_redist_size();
	if (off >= 0x20000)
		return;
	if (off >= 0x10000) {
		if (rd->asleep)
			model_fail("GIC: redistributor %u used before it is awake", cpu);
		field_access(cpu, 0, 32, off - 0x10000, size, true, &value);
		return;
	}
	switch (off) {
	case 0x0000:
		if (value & 1 && !rd->lpis_on) {
			uint8_t byte;

			if (!model_bus_read(rd->propbaser & 0xffffffffff000ull, &byte, 1) ||
			    !model_bus_read(rd->pendbaser & 0xfffffffff0000ull, &byte, 1))
				model_fail("GIC: LPIs enabled without tables in memory");
			if ((rd->pendbaser & 0xf000) != 0)
				model_fail("GIC: pending table not 64 KiB aligned");
			rd->lpis_on = true;
		}
		/* Cannot be cleared again here (GICR_CTLR.CES = 0). */
		break;
	case 0x0014:
		rd->asleep = value & 2;
		break;
	case 0x0070:
		if (rd->lpis_on)
			model_fail("GIC: PROPBASER written with LPIs enabled");
		rd->propbaser = no_share(value);
		break;
	case 0x0078:
		if (rd->lpis_on)
			model_fail("GIC: PENDBASER written with LPIs enabled");
		rd->pendbaser = no_share(value);
		break;
	default:
		break;
	}
}

static const struct model_mmio_ops rd_ops = { .read = rd_read, .write = rd_write };

void model_gic_add(const struct model_gic_config *config)
{
	memset(&gic, 0, sizeof(gic));
	gic.config = *config;
	memset(gic.lpi_config, 0xff, sizeof(gic.lpi_config));
	/* What firmware may have left: enabled, and routed anywhere. */
	for (unsigned i = 0; i < config->spis; i++) {
		gic.spi[i].group1 = config->two_security_states;
		gic.spi[i].enabled = true;
		gic.spi[i].active = i % 3 == 0;
		gic.spi[i].route = config->affinity[i % config->cpus];
	}
	for (unsigned c = 0; c < config->cpus; c++) {
		gic.rd[c].asleep = true;
		gic.rd[c].lpis_on = config->lpis_left_on;
		for (unsigned i = 0; i < 32; i++) {
			gic.rd[c].irq[i].group1 = config->two_security_states;
			gic.rd[c].irq[i].edge = i < 16;
			gic.rd[c].irq[i].enabled = i >= 16;
		}
	}
	model_mmio_add(config->dist, 0x10000, &dist_ops, NULL);
	model_mmio_add(config->redist, config->cpus * model_gic_redist_size(), &rd_ops, NULL);
	model_virt_reset(config->list_regs ? config->list_regs : 4);
}

void model_gic_stick(enum model_gic_stuck what)
{
	gic.stuck = what;
}

/* ---- wires and state ------------------------------------------------------------------------- */

void model_gic_set_line(unsigned cpu, uint32_t intid, bool level)
{
	struct irq *i = irq_of(cpu, intid);

	if (i->edge && level && !i->line)
		i->pending = true;
	i->line = level;
}

void model_gic_pulse(unsigned cpu, uint32_t intid)
{
	model_gic_set_line(cpu, intid, true);
	model_gic_set_line(cpu, intid, false);
}

bool model_gic_enabled(unsigned cpu, uint32_t intid)
{
	return irq_of(cpu, intid)->enabled;
}

bool model_gic_pending(unsigned cpu, uint32_t intid)
{
	return irq_pending(irq_of(cpu, intid));
}

bool model_gic_active(unsigned cpu, uint32_t intid)
{
	return irq_of(cpu, intid)->active;
}

bool model_gic_edge(uint32_t intid)
{
	return irq_of(0, intid)->edge;
}

uint64_t model_gic_route(uint32_t intid)
{
	return irq_of(0, intid)->route;
}

void model_gic_deactivate(unsigned cpu, uint32_t intid)
{
	struct irq *i = irq_of(cpu, intid);

	if (i)
		i->active = false;
}

/* ---- LPIs ------------------------------------------------------------------------------------ */

int model_gic_rd_by_address(uint64_t base)
{
	for (unsigned c = 0; c < gic.config.cpus; c++)
		if (gic.config.redist + c * model_gic_redist_size() == base)
			return (int)c;
	return -1;
}

int model_gic_rd_by_number(uint64_t number)
{
	return number >= 3 && number < 3 + gic.config.cpus ? (int)(number - 3) : -1;
}

static uint8_t lpi_config(uint32_t lpi)
{
	if (gic.lpi_config[lpi] < 0) {
		uint8_t byte = 0;

		model_bus_read((gic.rd[0].propbaser & 0xffffffffff000ull) + lpi - 8192, &byte, 1);
		gic.lpi_config[lpi] = byte;
	}
	return (uint8_t)gic.lpi_config[lpi];
}

void model_gic_lpi_read(uint32_t lpi)
{
	lpi_config(lpi);
}

void model_gic_lpi_invalidate(uint32_t lpi)
{
	gic.lpi_config[lpi] = -1;
}

void model_gic_lpi_invalidate_all(void)
{
	memset(gic.lpi_config, 0xff, sizeof(gic.lpi_config));
}

bool model_gic_lpi_set(unsigned rd, uint32_t lpi)
{
	uint64_t ids = 1ull << ((gic.rd[rd].propbaser & 0x1f) + 1);

	if (!gic.rd[rd].lpis_on || lpi < 8192 || lpi >= ids || lpi >= MODEL_GIC_LPIS)
		return false;
	lpi_config(lpi);
	gic.rd[rd].lpi_pending[lpi] = true;
	return true;
}

void model_gic_lpi_clear(unsigned rd, uint32_t lpi)
{
	gic.rd[rd].lpi_pending[lpi] = false;
}

bool model_gic_lpi_pending(unsigned rd, uint32_t lpi)
{
	return gic.rd[rd].lpi_pending[lpi];
}

/* ---- CPU interface --------------------------------------------------------------------------- */

static struct interface *interface(void)
{
	struct interface *c = &gic.cpu[arch_cpu_index()];

	if (!(c->sre & 1))
		model_fail("GIC: system register used with SRE = 0");
	return c;
}

static uint8_t priority_of(unsigned cpu, uint32_t intid)
{
	return intid >= 8192 ? lpi_config(intid) & 0xfc : irq_of(cpu, intid)->priority;
}

static bool deliverable(unsigned cpu, uint32_t intid)
{
	const struct irq *i;

	if (intid >= 8192)
		return intid < MODEL_GIC_LPIS && gic.rd[cpu].lpi_pending[intid] &&
		       lpi_config(intid) & 1;
	i = irq_of(cpu, intid);
	return i && i->enabled && i->group1 && !i->active && irq_pending(i) &&
	       (intid < 32 || i->route == gic.config.affinity[cpu]);
}

uint32_t model_gic_next(unsigned cpu)
{
	const struct interface *c = &gic.cpu[cpu];
	unsigned best = c->pmr & 0xff;
	uint32_t next = MODEL_SPURIOUS;

	if ((gic.ctlr & 0x12) != 0x12 || !(c->group1 & 1) || gic.rd[cpu].asleep)
		return next;
	for (unsigned d = 0; d < c->depth; d++)
		if (priority_of(cpu, c->running[d]) < best)
			best = priority_of(cpu, c->running[d]);
	for (uint32_t n = 0; n < MODEL_GIC_LPIS; n = n == 31 + gic.config.spis ? 8192 : n + 1) {
		if (deliverable(cpu, n) && priority_of(cpu, n) < best) {
			best = priority_of(cpu, n);
			next = n;
		}
	}
	return next;
}

uint64_t arch_mpidr_affinity(void)
{
	return gic.config.affinity[arch_cpu_index()];
}

uint64_t arch_icc_sre_read(void)
{
	return gic.cpu[arch_cpu_index()].sre;
}

void arch_icc_sre_write(uint64_t value)
{
	gic.cpu[arch_cpu_index()].sre = gic.config.no_sysregs ? value & ~1ull : value;
}

void arch_icc_ctlr_write(uint64_t value)
{
	interface()->ctlr = value;
}

void arch_icc_pmr_write(uint64_t value)
{
	interface()->pmr = value;
}

void arch_icc_bpr1_write(uint64_t value)
{
	(void)value;
	interface();
}

void arch_icc_igrpen1_write(uint64_t value)
{
	interface()->group1 = value;
}

uint64_t arch_icc_iar1_read(void)
{
	struct interface *c = interface();
	unsigned cpu = arch_cpu_index();
	uint32_t intid = model_gic_next(cpu);

	if (intid == MODEL_SPURIOUS)
		return intid;
	if (intid >= 8192) {
		gic.rd[cpu].lpi_pending[intid] = false;
	} else {
		irq_of(cpu, intid)->pending = false;
		irq_of(cpu, intid)->active = true;
	}
	if (c->depth == NESTING)
		model_fail("GIC: %u interrupts acknowledged and no priority dropped", NESTING);
	c->running[c->depth++] = intid;
	return intid;
}

void arch_icc_eoir1_write(uint64_t value)
{
	struct interface *c = interface();

	if (!c->depth || c->running[c->depth - 1] != value) {
		model_fail("GIC: EOIR of INTID %llu, which is not the running one",
			   (unsigned long long)value);
		return;
	}
	c->depth--;
	if (!(c->ctlr & 2) && value < 8192)
		irq_of(arch_cpu_index(), (uint32_t)value)->active = false;
}

void arch_icc_dir_write(uint64_t value)
{
	if (!(interface()->ctlr & 2) || value >= 8192 ||
	    !irq_of(arch_cpu_index(), (uint32_t)value)->active)
		model_fail("GIC: DIR of INTID %llu", (unsigned long long)value);
	else
		irq_of(arch_cpu_index(), (uint32_t)value)->active = false;
}

void arch_icc_sgi1r_write(uint64_t value)
{
	uint64_t cluster = (value >> 48 & 0xff) << 32 | (value >> 32 & 0xff) << 16 |
			   (value >> 16 & 0xff) << 8;
	unsigned range = value >> 44 & 15, intid = value >> 24 & 15;

	interface();
	for (unsigned c = 0; c < gic.config.cpus; c++) {
		uint64_t aff = gic.config.affinity[c];
		unsigned aff0 = aff & 0xff;
		bool self = c == arch_cpu_index();
		bool named = (aff & ~0xffull) == cluster && aff0 / 16 == range &&
			     value >> (aff0 % 16) & 1;

		if (value >> 40 & 1 ? !self : named)
			gic.rd[c].irq[intid].pending = true;
	}
}
