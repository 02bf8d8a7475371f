// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A zone's virtual GICv3: making, resetting, address decoding, and the ways in for interrupts. See
 * vgic-v3.h.
 *
 * Locking: vgic->lock, taken here; kicks go out after its release, because a kick may serve the own
 * vCPU at once.
 */
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/host.h>
#include <postern/string.h>

#include "gic-sysregs.h"
#include "vgic-v3-internal.h"

/* A vCPU that is kicked looks at its list registers within microseconds; its CPU may be busy for longer. */
#define UNLINK_US 100000u

/* Arrays follow each other in one allocation; every size is a multiple of their alignment. */
#define ARRAY_ALIGN 16u

void vgic_lock(struct vgic *g)
{
	host_lock(&g->lock);
}

void vgic_unlock(struct vgic *g)
{
	uint32_t kick = g->kick;

	g->kick = 0;
	host_unlock(&g->lock);
	for (unsigned i = 0; kick; i++, kick >>= 1)
		if (kick & 1)
			host_kick_vcpu(g->config.zone, i);
}

/* ---- vCPUs and interrupts by number ---------------------------------------------------------- */

uint64_t vgic_vcpu_affinity(unsigned vcpu)
{
	return (uint64_t)(vcpu / 16) << 8 | vcpu % 16;
}

uint8_t vgic_vcpu_by_affinity(const struct vgic *g, uint64_t affinity)
{
	for (unsigned i = 0; i < g->config.vcpus; i++)
		if (vgic_vcpu_affinity(i) == affinity)
			return (uint8_t)i;
	return VGIC_NO_VCPU;
}

struct vgic_irq *vgic_irq_find(struct vgic *g, unsigned vcpu, uint32_t intid)
{
	if (intid < VGIC_PRIVATE)
		return &g->vcpu[vcpu].private[intid];
	if (intid - GIC_SPI_FIRST < g->config.spis)
		return &g->spi[intid - GIC_SPI_FIRST];
	return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

void vgic_irq_reset(struct vgic_irq *irq, uint32_t intid, uint8_t target)
{
	*irq = (struct vgic_irq){
		.intid = intid,
		.target = target,
		.vcpu = target,
		.lr = -1,
		.enabled = intid < GIC_SGI_COUNT,
		.level = intid >= GIC_SGI_COUNT && intid < GIC_LPI_FIRST,
		/* Links to the world outside the zone. */
		.hw = irq->hw,
		.pintid = irq->pintid,
		.line = irq->line,
	};
}

static void vcpu_state_reset(struct vgic *g, unsigned vcpu)
{
	struct vgic_vcpu *c = &g->vcpu[vcpu];

	c->index = (uint8_t)vcpu;
	c->asleep = true;
	c->lpis_enabled = false;
	c->lr_count = 0;
	c->lr_used = 0;
	c->queue = NULL;
	c->spilled = 0;
	c->pendbaser = 0;
	for (uint32_t i = 0; i < VGIC_PRIVATE; i++) {
		struct vgic_irq *irq = &c->private[i];

		vgic_irq_reset(irq, i, (uint8_t)vcpu);
		irq->hw = i >= GIC_PPI_FIRST && g->config.hw_ppis & BIT32(i);
		irq->pintid = i;
		if (irq->hw)
			gic_v3_clear_active(g->config.zone->cpus[vcpu], i);
	}
	atomic_store(&c->dirty, false);
}

void vgic_reset(struct vgic *g)
{
	vgic_lock(g);
	g->ctlr = 0;
	g->propbaser = 0;
	for (unsigned i = 0; i < g->config.vcpus; i++)
		vcpu_state_reset(g, i);
	for (uint32_t i = 0; i < g->config.spis; i++) {
		struct vgic_irq *irq = &g->spi[i];

		/* Affinity 0.0.0.0, which GICD_IROUTER resets to here, is vCPU 0. */
		vgic_irq_reset(irq, GIC_SPI_FIRST + i, 0);
		g->router[i] = 0;
		if (irq->hw)
			gic_v3_clear_active(g->config.zone->cpus[0], irq->pintid);
	}
	vits_reset(g);
	vgic_unlock(g);
}

static bool config_valid(const struct vgic_config *c)
{
	return c->zone && c->vcpus >= 1 && c->vcpus <= MAX_CPUS &&
	       is_aligned(c->dist_gpa | c->redist_gpa | c->its_gpa, GIC_FRAME_SIZE) &&
	       c->spis >= 32 && c->spis <= VGIC_MAX_SPIS && c->spis % 32 == 0 &&
	       c->its_devices >= 1 && c->its_devices <= 256 && c->its_events >= 2 &&
	       c->its_events <= 65536 && is_aligned(c->its_events, c->its_events);
}

int vgic_create(const struct vgic_config *config, struct vgic **out)
{
	size_t vcpu_at, spi_at, router_at, its_at, pages;
	struct vgic *g;
	uint8_t *memory;

	if (!config_valid(config))
		return -EINVAL;
	vcpu_at = align_up(sizeof(*g), ARRAY_ALIGN);
	spi_at = vcpu_at + align_up(config->vcpus * sizeof(*g->vcpu), ARRAY_ALIGN);
	router_at = spi_at + align_up(config->spis * sizeof(*g->spi), ARRAY_ALIGN);
	its_at = router_at + align_up(config->spis * sizeof(*g->router), ARRAY_ALIGN);
	pages = align_up(its_at + vits_bytes(config), PAGE_SIZE) / PAGE_SIZE;
	memory = host_pages_alloc(pages, PAGE_SIZE);
	if (!memory)
		return -ENOMEM;
	g = (struct vgic *)(void *)memory;
	g->config = *config;
	g->pages = pages;
	g->vcpu = (void *)(memory + vcpu_at);
	g->spi = (void *)(memory + spi_at);
	g->router = (void *)(memory + router_at);
	vits_place(g, memory + its_at);
	vgic_reset(g);
	*out = g;
	return 0;
}

void vgic_destroy(struct vgic *g)
{
	if (!g)
		return;
	/* Let go of physical interrupts. */
	vgic_reset(g);
	host_pages_free(g, g->pages);
}

int vgic_add_hw_spi(struct vgic *g, uint32_t vintid, uint32_t pintid)
{
	struct vgic_irq *irq = vintid < GIC_SPI_FIRST ? NULL : vgic_irq_find(g, 0, vintid);
	int err = 0;

	if (!irq || pintid < GIC_SPI_FIRST || pintid > GIC_SPI_LAST)
		return -EINVAL;
	vgic_lock(g);
	for (uint32_t i = 0; i < g->config.spis; i++)
		if (g->spi[i].hw && (g->spi[i].pintid == pintid || &g->spi[i] == irq))
			err = -EEXIST;
	if (!err) {
		irq->pintid = pintid;
		irq->hw = true;
		irq->line = false;
	}
	vgic_unlock(g);
	return err;
}

/* Lock held. True: in no list register and no queue. */
static bool withdraw(struct vgic *g, struct vgic_irq *irq)
{
	if (irq->lr >= 0) {
		struct vgic_vcpu *c = &g->vcpu[irq->vcpu];

		if (!irq->withdrawn)
			vgic_vcpu_mark(g, c->index);
		irq->withdrawn = true;
		/* Nobody else could: this is the CPU that has the list register. */
		if (g->config.zone->cpus[c->index] == arch_cpu_index())
			vgic_vcpu_refresh(g, c);
	}
	if (irq->lr >= 0)
		return false;
	vgic_irq_dequeue(g, irq);
	irq->withdrawn = irq->pending = irq->active = irq->line = false;
	return true;
}

int vgic_remove_hw_spi(struct vgic *g, uint32_t vintid)
{
	struct vgic_irq *irq = vintid < GIC_SPI_FIRST ? NULL : vgic_irq_find(g, 0, vintid);
	bool gone = false;

	if (!irq || !irq->hw)
		return -ENOENT;
	for (unsigned us = 0; us < UNLINK_US && !gone; us++) {
		vgic_lock(g);
		gone = withdraw(g, irq);
		if (gone)
			irq->hw = false;
		vgic_unlock(g);
		if (!gone)
			host_udelay(1);
	}
	if (!gone)
		return -ETIMEDOUT;
	gic_v3_clear_active(0, irq->pintid);
	gic_v3_clear_pending(0, irq->pintid);
	return 0;
}

/* ---- address decoding ------------------------------------------------------------------------ */

static uint64_t value_mask(unsigned size)
{
	return MASK64(8 * size - 1, 0);
}

enum access_result vgic_mmio(struct vgic *g, unsigned vcpu, gpa_t addr, unsigned size, bool write,
			     uint64_t *value)
{
	const struct vgic_config *c = &g->config;
	bool dist = range_inside(addr, size, c->dist_gpa, VGIC_DIST_SIZE);
	bool redist = range_inside(addr, size, c->redist_gpa, c->vcpus * VGIC_REDIST_SIZE);
	bool its = range_inside(addr, size, c->its_gpa, VGIC_ITS_SIZE);
	unsigned offset, frame;

	if (!dist && !redist && !its)
		return ACCESS_NONE;
	if (!write)
		*value = 0;
	/* No register has another size, and none can be accessed across its boundaries. */
	if ((size != 1 && size != 2 && size != 4 && size != 8) || !is_aligned(addr, size))
		return ACCESS_DONE;
	if (write)
		*value &= value_mask(size);
	if (dist) {
		offset = (unsigned)(addr - c->dist_gpa);
		if (write)
			vgic_dist_write(g, vcpu, offset, size, *value);
		else
			*value = vgic_dist_read(g, vcpu, offset, size);
	} else if (redist) {
		frame = (unsigned)((addr - c->redist_gpa) / VGIC_REDIST_SIZE);
		offset = (unsigned)((addr - c->redist_gpa) % VGIC_REDIST_SIZE);
		if (write)
			vgic_redist_write(g, vcpu, frame, offset, size, *value);
		else
			*value = vgic_redist_read(g, vcpu, frame, offset, size);
	} else {
		offset = (unsigned)(addr - c->its_gpa);
		if (write)
			vgic_its_write(g, vcpu, offset, size, *value);
		else
			*value = vgic_its_read(g, vcpu, offset, size);
	}
	if (!write)
		*value &= value_mask(size);
	return ACCESS_DONE;
}

uint64_t vgic_table_attributes(uint64_t value, uint64_t share, uint64_t inner)
{
	/*
	 * The host reads through caches that snoop: outer shareable and uncached wishes read back
	 * as that.
	 */
	if (FIELD_GET(share, value) > GIC_SHARE_INNER)
		value = (value & ~share) | FIELD_PUT(share, GIC_SHARE_INNER);
	if (FIELD_GET(inner, value) <= GIC_CACHE_NC)
		value = (value & ~inner) | FIELD_PUT(inner, GIC_CACHE_RA_WA_WB);
	return value;
}

/* ---- interrupts in --------------------------------------------------------------------------- */

bool vgic_inject_hw_ppi(struct vgic *g, unsigned vcpu, uint32_t intid)
{
	struct vgic_irq *irq;

	if (intid < GIC_PPI_FIRST || intid >= VGIC_PRIVATE)
		return false;
	irq = &g->vcpu[vcpu].private[intid];
	if (!irq->hw)
		return false;
	vgic_lock(g);
	irq->pending = true;
	vgic_irq_update(g, irq);
	vgic_unlock(g);
	return true;
}

bool vgic_inject_hw_spi(struct vgic *g, uint32_t pintid)
{
	bool found = false;

	vgic_lock(g);
	for (uint32_t i = 0; i < g->config.spis && !found; i++) {
		struct vgic_irq *irq = &g->spi[i];

		if (!irq->hw || irq->pintid != pintid)
			continue;
		irq->pending = true;
		vgic_irq_update(g, irq);
		found = true;
	}
	vgic_unlock(g);
	return found;
}

void vgic_set_line(struct vgic *g, uint32_t vintid, bool level)
{
	struct vgic_irq *irq = vintid < GIC_SPI_FIRST ? NULL : vgic_irq_find(g, 0, vintid);

	if (!irq)
		return;
	vgic_lock(g);
	if (!irq->hw && irq->line != level) {
		irq->line = level;
		if (!irq->level && level)
			irq->pending = true;
		vgic_irq_update(g, irq);
	}
	vgic_unlock(g);
}

static void write_sgir(struct vgic *g, unsigned vcpu, uint64_t value, bool group1)
{
	uint32_t intid = (uint32_t)FIELD_GET(ICC_SGIR_INTID, value);
	uint64_t base = FIELD_GET(ICC_SGIR_AFF3, value) << 32 |
			FIELD_GET(ICC_SGIR_AFF2, value) << 16 |
			FIELD_GET(ICC_SGIR_AFF1, value) << 8 | FIELD_GET(ICC_SGIR_RS, value) * 16;
	uint64_t list = FIELD_GET(ICC_SGIR_TARGETS, value);

	vgic_lock(g);
	g->vcpu[vcpu].stats.sgis++;
	for (unsigned i = 0; i < g->config.vcpus; i++) {
		struct vgic_irq *irq = &g->vcpu[i].private[intid];
		uint64_t bit = vgic_vcpu_affinity(i) - base;
		bool addressed = value & ICC_SGIR_IRM ? i != vcpu : bit < 16 && list & BIT64(bit);

		if (!addressed || (irq->group1 && !group1))
			continue;
		irq->pending = true;
		vgic_irq_update(g, irq);
	}
	vgic_unlock(g);
}

void vgic_write_sgi1r(struct vgic *g, unsigned vcpu, uint64_t value)
{
	write_sgir(g, vcpu, value, true);
}

void vgic_write_sgi0r(struct vgic *g, unsigned vcpu, uint64_t value)
{
	write_sgir(g, vcpu, value, false);
}

void vgic_vcpu_stats(const struct vgic *g, unsigned vcpu, struct vgic_vcpu_stats *out)
{
	*out = g->vcpu[vcpu].stats;
}
