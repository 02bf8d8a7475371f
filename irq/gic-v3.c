// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The physical GICv3: see gic-v3.h. Arm IHI 0069H, 12.8 to 12.11 and 4.
 *
 * Accesses come from Non-secure EL2. With GICD_CTLR.DS = 0 the group registers ignore Non-secure
 * writes and everything reachable is in group 1 already; with DS = 1 they must be written. The
 * enable and affinity bits sit in the same places in both views, so one sequence serves both.
 *
 * EOImode is 1: EOIR only drops the priority, so that an interrupt handed to the guest stays
 * active, and therefore silent, until the guest deactivates it.
 */
#include <stdatomic.h>

#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/host.h>

#include "gic-sysregs.h"
#include "gic-v3-regs.h"
#include "gic-v3.h"

#define POLL_US           100000u
#define PRIORITY          0xa0u
/* Enough for every function this machine can assign; small enough for one 8 KiB table. */
#define LPI_ID_BITS       14u
#define LPI_COUNT         ((1u << LPI_ID_BITS) - GIC_LPI_FIRST)
#define LPI_CONFIG_PAGES  (LPI_COUNT / PAGE_SIZE)
#define LPI_PENDING_PAGES 1u /* 2^14 bits are 2 KiB */
#define LPI_PENDING_ALIGN (64 * KIB)

struct gic_cpu {
	bool ready; /* everything below is valid */
	bool lpis;  /* its redistributor takes LPIs */
	uint64_t affinity;
	hpa_t redist;
	uint64_t processor; /* GICR_TYPER.Processor_Number */
	/*
	 * Odd from before an LPI's acknowledgement to its gic_v3_eoi(). Written by this CPU only.
	 */
	atomic_uint section;
};

static struct {
	hpa_t dist;
	struct intc_info info;
	uint32_t intids;         /* SGIs, PPIs and SPIs: 0 .. intids - 1 */
	struct lock config_lock; /* GICD_ICFGR */
	uint8_t *lpi_config;     /* NULL: no LPIs */
	struct gic_cpu cpus[MAX_CPUS];
} gic;

static int poll_clear(hpa_t reg, uint32_t mask)
{
	for (unsigned us = 0; us < POLL_US; us++) {
		if (!(mmio_read32(reg) & mask))
			return 0;
		host_udelay(1);
	}
	return -ETIMEDOUT;
}

static int dist_wait(void)
{
	return poll_clear(gic.dist + GICD_CTLR, GICD_CTLR_RWP);
}

static int redist_wait(hpa_t redist)
{
	return poll_clear(redist + GICR_CTLR, GICR_CTLR_RWP);
}

static bool arch_rev_known(uint32_t pidr2)
{
	uint64_t rev = FIELD_GET(GIC_PIDR2_ARCH_REV, pidr2);

	return rev == 3 || rev == 4;
}

/* ---- distributor ----------------------------------------------------------------------------- */

static int lpi_tables_init(uint32_t typer)
{
	if (!(typer & GICD_TYPER_LPIS) || FIELD_GET(GICD_TYPER_IDBITS, typer) + 1 < LPI_ID_BITS)
		return 0;
	if (FIELD_GET(GICD_TYPER_NUM_LPIS, typer) &&
	    BIT64(FIELD_GET(GICD_TYPER_NUM_LPIS, typer) + 1) < LPI_COUNT)
		return 0;
	gic.lpi_config = host_pages_alloc(LPI_CONFIG_PAGES, PAGE_SIZE);
	if (!gic.lpi_config)
		return -ENOMEM;
	for (unsigned i = 0; i < LPI_COUNT; i++)
		gic.lpi_config[i] = PRIORITY | GIC_LPI_RES1;
	arch_dcache_clean(gic.lpi_config, LPI_COUNT);
	return 0;
}

int gic_v3_init(const struct intc_info *info)
{
	uint64_t here = arch_mpidr_affinity();
	uint32_t typer;
	int err;

	for (unsigned i = 0; i < MAX_CPUS; i++)
		gic.cpus[i].ready = false;
	gic.lpi_config = NULL;
	gic.info = *info;
	gic.dist = info->dist_base;
	if (!arch_rev_known(mmio_read32(gic.dist + GICD_PIDR2))) {
		host_log(LOG_ERROR, "gic: no GICv3 distributor at 0x%llx",
			 (unsigned long long)gic.dist);
		return -ENODEV;
	}
	mmio_write32(gic.dist + GICD_CTLR, 0);
	err = dist_wait();
	if (err)
		goto timeout;

	typer = mmio_read32(gic.dist + GICD_TYPER);
	gic.intids = 32 * ((uint32_t)FIELD_GET(GICD_TYPER_LINES, typer) + 1);
	if (gic.intids > GIC_SPI_LAST + 1)
		gic.intids = GIC_SPI_LAST + 1;

	/* Affinity routing first: IROUTER exists only with it. */
	mmio_write32(gic.dist + GICD_CTLR, GICD_CTLR_ARE);
	err = dist_wait();
	if (err)
		goto timeout;
	for (uint32_t i = GIC_SPI_FIRST; i < gic.intids; i += 32) {
		mmio_write32(gic.dist + GICD_ICENABLER + i / 8, UINT32_MAX);
		mmio_write32(gic.dist + GICD_ICPENDR + i / 8, UINT32_MAX);
		mmio_write32(gic.dist + GICD_ICACTIVER + i / 8, UINT32_MAX);
		mmio_write32(gic.dist + GICD_IGROUPR + i / 8, UINT32_MAX);
		mmio_write32(gic.dist + GICD_IGRPMODR + i / 8, 0);
	}
	for (uint32_t i = GIC_SPI_FIRST; i < gic.intids; i += 16)
		mmio_write32(gic.dist + GICD_ICFGR + i / 4, 0);
	for (uint32_t i = GIC_SPI_FIRST; i < gic.intids; i += 4)
		mmio_write32(gic.dist + GICD_IPRIORITYR + i, PRIORITY * 0x01010101u);
	for (uint32_t i = GIC_SPI_FIRST; i < gic.intids; i++)
		mmio_write64(gic.dist + GICD_IROUTER + 8 * i, here);
	err = dist_wait();
	if (err)
		goto timeout;

	err = lpi_tables_init(typer);
	if (err) {
		host_log(LOG_ERROR, "gic: no memory for the LPI configuration table");
		return err;
	}
	mmio_write32(gic.dist + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1);
	err = dist_wait();
	if (err)
		goto timeout;
	if (!(mmio_read32(gic.dist + GICD_CTLR) & GICD_CTLR_ARE)) {
		host_log(LOG_ERROR, "gic: the distributor refuses affinity routing");
		return -ENODEV;
	}
	host_log(LOG_INFO, "gic: %u interrupts, %u LPIs", gic.intids, gic_v3_lpi_count());
	return 0;

timeout:
	host_log(LOG_ERROR, "gic: distributor at 0x%llx does not finish a register write",
		 (unsigned long long)gic.dist);
	return err;
}

/* ---- redistributor --------------------------------------------------------------------------- */

/* The redistributor whose affinity is this CPU's, or 0. */
static hpa_t redist_find(uint64_t affinity, uint64_t *typer)
{
	const struct intc_info *info = &gic.info;
	uint64_t offset = 0, size;

	while (range_inside(offset, GICR_SGI_FRAME + GIC_FRAME_SIZE, 0, info->redist_size)) {
		hpa_t at = info->redist_base + offset;

		if (!arch_rev_known(mmio_read32(at + GICR_PIDR2)))
			return 0;
		*typer = mmio_read64(at + GICR_TYPER);
		if (FIELD_GET(GICR_TYPER_AFFINITY, *typer) == gic_affinity_packed(affinity))
			return at;
		if (*typer & GICR_TYPER_LAST)
			return 0;
		size = *typer & GICR_TYPER_VLPIS ? 4 * GIC_FRAME_SIZE : 2 * GIC_FRAME_SIZE;
		offset += info->redist_stride ? info->redist_stride : size;
	}
	return 0;
}

static int redist_wake(hpa_t redist)
{
	uint32_t waker = mmio_read32(redist + GICR_WAKER);

	mmio_write32(redist + GICR_WAKER, waker & ~GICR_WAKER_SLEEP);
	return poll_clear(redist + GICR_WAKER, GICR_WAKER_CHILDREN_ASLEEP);
}

static int redist_setup(hpa_t redist)
{
	hpa_t sgi = redist + GICR_SGI_FRAME;
	int err;

	mmio_write32(sgi + GICD_ICENABLER, UINT32_MAX);
	err = redist_wait(redist);
	if (err)
		return err;
	mmio_write32(sgi + GICD_ICPENDR, UINT32_MAX);
	mmio_write32(sgi + GICD_ICACTIVER, UINT32_MAX);
	mmio_write32(sgi + GICD_IGROUPR, UINT32_MAX);
	mmio_write32(sgi + GICD_IGRPMODR, 0);
	for (uint32_t i = 0; i < GIC_SPI_FIRST; i += 4)
		mmio_write32(sgi + GICD_IPRIORITYR + i, PRIORITY * 0x01010101u);
	mmio_write32(sgi + GICD_ISENABLER, MASK32(GIC_SGI_COUNT - 1, 0));
	return redist_wait(redist);
}

/*
 * Writes a table register; a redistributor that does not snoop (reads back share 0) gets a
 * non-cacheable one.
 */
static void write_table_reg(hpa_t reg, uint64_t value, uint64_t share, uint64_t inner)
{
	mmio_write64(reg, value | FIELD_PUT(share, GIC_SHARE_INNER) |
				  FIELD_PUT(inner, GIC_CACHE_RA_WA_WB));
	if (FIELD_GET(share, mmio_read64(reg)) == 0)
		mmio_write64(reg, value | FIELD_PUT(inner, GIC_CACHE_NC));
}

/* 0 with *on false: this redistributor takes no LPIs. */
static int redist_lpis_enable(hpa_t redist, uint64_t typer, bool *on)
{
	uint32_t ctlr = mmio_read32(redist + GICR_CTLR);
	void *pending;

	*on = false;
	if (!gic.lpi_config || !(typer & GICR_TYPER_PLPIS))
		return 0;
	if (ctlr & GICR_CTLR_ENABLE_LPIS) {
		/* Somebody's tables are in use, and only some hardware can let go of them. */
		mmio_write32(redist + GICR_CTLR, ctlr & ~GICR_CTLR_ENABLE_LPIS);
		if (redist_wait(redist) ||
		    mmio_read32(redist + GICR_CTLR) & GICR_CTLR_ENABLE_LPIS) {
			host_log(LOG_ERROR,
				 "gic: redistributor at 0x%llx keeps the LPI tables of "
				 "earlier software: no message interrupts on this CPU",
				 (unsigned long long)redist);
			return 0;
		}
	}
	pending = host_pages_alloc(LPI_PENDING_PAGES, LPI_PENDING_ALIGN);
	if (!pending)
		return -ENOMEM;
	arch_dcache_clean_invalidate(pending, LPI_PENDING_PAGES * PAGE_SIZE);
	write_table_reg(redist + GICR_PROPBASER,
			host_virt_to_phys(gic.lpi_config) |
				FIELD_PUT(GICR_PROPBASER_IDBITS, LPI_ID_BITS - 1),
			GICR_PROPBASER_SHARE, GICR_PROPBASER_INNER);
	write_table_reg(redist + GICR_PENDBASER, host_virt_to_phys(pending) | GICR_PENDBASER_PTZ,
			GICR_PENDBASER_SHARE, GICR_PENDBASER_INNER);
	arch_full_barrier();
	mmio_write32(redist + GICR_CTLR, mmio_read32(redist + GICR_CTLR) | GICR_CTLR_ENABLE_LPIS);
	arch_full_barrier();
	*on = true;
	return redist_wait(redist);
}

static int interface_open(void)
{
	arch_icc_sre_write(ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB | ICC_SRE_ENABLE);
	if (!(arch_icc_sre_read() & ICC_SRE_SRE))
		return -ENODEV;
	arch_icc_igrpen1_write(0);
	arch_icc_pmr_write(0xff);
	arch_icc_bpr1_write(0);
	arch_icc_ctlr_write(ICC_CTLR_EOIMODE);
	arch_icc_igrpen1_write(1);
	return 0;
}

int gic_v3_cpu_init(void)
{
	unsigned index = arch_cpu_index();
	struct gic_cpu *cpu = &gic.cpus[index];
	const char *what = "has no redistributor";
	uint64_t typer = 0;
	int err = -ENODEV;

	cpu->ready = false;
	atomic_store(&cpu->section, 0);
	cpu->affinity = arch_mpidr_affinity();
	cpu->redist = redist_find(cpu->affinity, &typer);
	if (!cpu->redist)
		goto fail;
	what = "cannot wake its redistributor";
	err = redist_wake(cpu->redist);
	if (err)
		goto fail;
	what = "cannot set up its redistributor";
	err = redist_setup(cpu->redist);
	if (err)
		goto fail;
	what = "cannot enable LPIs";
	err = redist_lpis_enable(cpu->redist, typer, &cpu->lpis);
	if (err)
		goto fail;
	what = "has no system register interface to the GIC";
	err = interface_open();
	if (err)
		goto fail;
	cpu->processor = FIELD_GET(GICR_TYPER_PROCESSOR, typer);
	cpu->ready = true;
	return 0;

fail:
	host_log(LOG_ERROR, "gic: CPU %u (affinity 0x%llx) %s", index,
		 (unsigned long long)cpu->affinity, what);
	return err;
}

/* ---- taking interrupts ----------------------------------------------------------------------- */

static void section_enter(struct gic_cpu *cpu)
{
	unsigned section = atomic_load_explicit(&cpu->section, memory_order_relaxed);

	/* Seen by gic_v3_quiesce_others() before the acknowledgement can take effect. */
	atomic_store(&cpu->section, section | 1);
	arch_full_barrier();
}

static void section_leave(struct gic_cpu *cpu)
{
	unsigned section = atomic_load_explicit(&cpu->section, memory_order_relaxed);

	atomic_store_explicit(&cpu->section, (section | 1) + 1, memory_order_release);
}

uint32_t gic_v3_ack(void)
{
	struct gic_cpu *cpu = &gic.cpus[arch_cpu_index()];
	uint32_t intid;

	section_enter(cpu);
	intid = (uint32_t)FIELD_GET(ICC_IAR_INTID, arch_icc_iar1_read());
	if (intid >= GIC_LPI_FIRST)
		return intid;
	section_leave(cpu);
	return intid >= GIC_INTID_SPECIAL ? GIC_INTID_NONE : intid;
}

void gic_v3_eoi(uint32_t intid)
{
	arch_icc_eoir1_write(intid);
	if (intid >= GIC_LPI_FIRST)
		section_leave(&gic.cpus[arch_cpu_index()]);
}

void gic_v3_deactivate(uint32_t intid)
{
	arch_icc_dir_write(intid);
}

int gic_v3_quiesce_others(void)
{
	unsigned self = arch_cpu_index();

	for (unsigned i = 0; i < MAX_CPUS; i++) {
		struct gic_cpu *cpu = &gic.cpus[i];
		unsigned us = 0, section;

		if (i == self || !cpu->ready)
			continue;
		section = atomic_load(&cpu->section);
		while (section & 1 && atomic_load(&cpu->section) == section) {
			if (us++ == POLL_US)
				return -ETIMEDOUT;
			host_udelay(1);
		}
	}
	return 0;
}

/* ---- single interrupts ----------------------------------------------------------------------- */

static bool is_spi(uint32_t intid)
{
	return intid >= GIC_SPI_FIRST && intid < gic.intids;
}

static uint32_t intid_bit(uint32_t intid)
{
	return BIT32(intid % 32);
}

/*
 * A register with a bit an interrupt: at the distributor, or the CPU's redistributor for SGIs and
 * PPIs.
 */
static hpa_t bit_reg(unsigned cpu, uint32_t intid, uint32_t reg)
{
	if (intid < GIC_SPI_FIRST)
		return gic.cpus[cpu].redist + GICR_SGI_FRAME + reg;
	return gic.dist + reg + intid / 32 * 4;
}

int gic_v3_spi_enable(uint32_t intid, unsigned cpu, bool edge)
{
	unsigned shift = intid % 16 * 2;
	hpa_t config = gic.dist + GICD_ICFGR + intid / 16 * 4;
	uint32_t value;
	int err;

	if (!is_spi(intid) || cpu >= MAX_CPUS || !gic.cpus[cpu].ready)
		return -EINVAL;
	/* The configuration of an enabled interrupt must not change (IHI 0069, GICD_ICFGR). */
	err = gic_v3_spi_disable(intid);
	if (err)
		return err;
	host_lock(&gic.config_lock);
	value = mmio_read32(config) & ~(3u << shift);
	mmio_write32(config, value | (edge ? GIC_ICFGR_EDGE << shift : 0));
	host_unlock(&gic.config_lock);
	mmio_write64(gic.dist + GICD_IROUTER + 8 * (uint64_t)intid, gic.cpus[cpu].affinity);
	mmio_write32(bit_reg(cpu, intid, GICD_ISENABLER), intid_bit(intid));
	return 0;
}

int gic_v3_spi_disable(uint32_t intid)
{
	if (!is_spi(intid))
		return -EINVAL;
	mmio_write32(bit_reg(0, intid, GICD_ICENABLER), intid_bit(intid));
	return dist_wait();
}

int gic_v3_ppi_enable(uint32_t intid)
{
	unsigned cpu = arch_cpu_index();

	if (intid >= GIC_SPI_FIRST || !gic.cpus[cpu].ready)
		return -EINVAL;
	mmio_write32(bit_reg(cpu, intid, GICD_ISENABLER), intid_bit(intid));
	return 0;
}

int gic_v3_ppi_disable(uint32_t intid)
{
	unsigned cpu = arch_cpu_index();

	if (intid >= GIC_SPI_FIRST || !gic.cpus[cpu].ready)
		return -EINVAL;
	mmio_write32(bit_reg(cpu, intid, GICD_ICENABLER), intid_bit(intid));
	return redist_wait(gic.cpus[cpu].redist);
}

static void write_clear_reg(unsigned cpu, uint32_t intid, uint32_t reg)
{
	if (intid < GIC_SPI_FIRST ? cpu < MAX_CPUS && gic.cpus[cpu].ready : is_spi(intid))
		mmio_write32(bit_reg(cpu, intid, reg), intid_bit(intid));
}

void gic_v3_clear_active(unsigned cpu, uint32_t intid)
{
	write_clear_reg(cpu, intid, GICD_ICACTIVER);
}

void gic_v3_clear_pending(unsigned cpu, uint32_t intid)
{
	write_clear_reg(cpu, intid, GICD_ICPENDR);
}

void gic_v3_sgi_send(unsigned cpu, unsigned sgi)
{
	uint64_t aff;

	if (cpu >= MAX_CPUS || !gic.cpus[cpu].ready || sgi >= GIC_SGI_COUNT)
		return;
	aff = gic.cpus[cpu].affinity;
	arch_full_barrier();
	arch_icc_sgi1r_write(FIELD_PUT(ICC_SGIR_AFF3, aff >> 32 & 0xff) |
			     FIELD_PUT(ICC_SGIR_AFF2, aff >> 16 & 0xff) |
			     FIELD_PUT(ICC_SGIR_AFF1, aff >> 8 & 0xff) |
			     FIELD_PUT(ICC_SGIR_RS, (aff & 0xff) / 16) |
			     FIELD_PUT(ICC_SGIR_TARGETS, BIT64(aff & 15)) |
			     FIELD_PUT(ICC_SGIR_INTID, sgi));
}

/* ---- for the ITS driver ---------------------------------------------------------------------- */

unsigned gic_v3_lpi_count(void)
{
	return gic.lpi_config ? LPI_COUNT : 0;
}

bool gic_v3_lpi_ready(unsigned cpu)
{
	return cpu < MAX_CPUS && gic.cpus[cpu].ready && gic.cpus[cpu].lpis;
}

void gic_v3_lpi_configure(uint32_t intid, bool enabled)
{
	uint8_t *config = &gic.lpi_config[intid - GIC_LPI_FIRST];

	*config = (uint8_t)(PRIORITY | GIC_LPI_RES1 | (enabled ? GIC_LPI_ENABLE : 0));
	arch_dcache_clean(config, 1);
	arch_full_barrier();
}

uint64_t gic_v3_rdbase(unsigned cpu, bool pta)
{
	const struct gic_cpu *c = &gic.cpus[cpu];

	return pta ? c->redist : FIELD_PUT(ITS_CMD2_RDBASE, c->processor);
}
