// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A zone's virtual Loongson interrupt controllers: making, resetting, address decoding, and the ways
 * in for interrupts. See vloongson.h.
 *
 * Locking: vloongson->lock, taken here; kicks and retarget calls go out after its release, because
 * they may come back.
 */
#include "vloongson.h"

#include <postern/errno.h>
#include <postern/host.h>
#include <postern/string.h>
#include <postern/zone.h>

#include "vloongson-internal.h"

#define MAGIC 0x766c6f6fu

/* What the controllers here stand behind; sensors, clocks, and message interrupts they do not have. */
#define FEATURES_SHOWN                                                                           \
	(FEATURE_NODE_COUNT | FEATURE_MSI | FEATURE_EIOINTC | FEATURE_IPI | FEATURE_EIO_DECODE | \
	 FEATURE_FLAT_MODE)
/* Bits of MISC_FUNC the zone may set. */
#define MISC_WRITABLE (MISC_EIOINTC_ENABLE | MISC_INT_ENCODE)

/* The memory-mapped IOCSR space: four cores a block, whose banks the address spells out. */
#define BLOCK_SIZE    (64 * KIB)
#define BLOCKS        ((MAX_CPUS + EIO_CORES_PER_NODE - 1) / EIO_CORES_PER_NODE)
#define BANK_SIZE     0x100u
#define IPI_BANKS_END (IOCSR_IPI_STATUS + EIO_CORES_PER_NODE * BANK_SIZE)
#define ISR_BANKS_END (IOCSR_EIO_CORE_ISR + EIO_CORES_PER_NODE * BANK_SIZE)
#define IPI_BANK_SIZE (IOCSR_IPI_BANK_END - IOCSR_IPI_STATUS)

void vloongson_lock(struct vloongson *v)
{
	host_lock(&v->lock);
}

void vloongson_unlock(struct vloongson *v)
{
	const struct vloongson_config *c = &v->config;
	uint8_t moved[EIO_BITMAP_SIZE];
	uint32_t kick = v->kick;
	bool tell = v->moved && c->ops->retarget;

	if (v->moved) {
		memcpy(moved, v->retarget, sizeof(moved));
		memset(v->retarget, 0, sizeof(v->retarget));
		v->moved = false;
	}
	v->kick = 0;
	host_unlock(&v->lock);
	for (unsigned i = 0; kick; i++, kick >>= 1)
		if (kick & 1)
			host_kick_vcpu(c->zone, i);
	for (unsigned i = 0; tell && i < EIO_VECTORS; i++)
		if (bitmap_get(moved, i))
			c->ops->retarget(c->ctx, i);
}

void vloongson_moved(struct vloongson *v, unsigned vector)
{
	bitmap_put(v->retarget, vector, true);
	v->moved = true;
	vpch_retarget(v, vector);
}

void vloongson_update(struct vloongson *v, unsigned vcpu)
{
	const struct vcore *c = &v->s.core[vcpu];
	uint32_t lines = veio_lines(v, vcpu) | vlio_lines(v, vcpu);

	if (c->ipi_status & c->ipi_enable)
		lines |= VLOONGSON_IPI;
	if (lines == v->lines[vcpu])
		return;
	v->lines[vcpu] = lines;
	v->kick |= BIT32(vcpu);
	v->config.ops->set_lines(v->config.ctx, vcpu, lines);
}

static void update_all(struct vloongson *v)
{
	for (unsigned i = 0; i < v->config.vcpus; i++)
		vloongson_update(v, i);
}

void vloongson_reset(struct vloongson *v)
{
	vloongson_lock(v);
	v->s.magic = MAGIC;
	v->s.vcpus = v->config.vcpus;
	v->s.misc = v->config.misc & ~(MISC_WRITABLE | MISC_AVEC_ENABLE);
	veio_reset(v);
	vipi_reset(v);
	vlio_reset(v);
	vpch_reset(v);
	update_all(v);
	vloongson_unlock(v);
}

static bool config_valid(const struct vloongson_config *c)
{
	return c->zone && c->ops && c->ops->set_lines && c->vcpus >= 1 && c->vcpus <= MAX_CPUS &&
	       c->vcpus <= c->zone->cpu_count && is_aligned(c->pch_pic_gpa, PAGE_SIZE) &&
	       is_aligned(c->iocsr_gpa, BLOCK_SIZE) && is_aligned(c->msi_gpa, 4) &&
	       c->msi_first <= EIO_VECTORS && c->msi_count <= EIO_VECTORS - c->msi_first;
}

int vloongson_create(const struct vloongson_config *config, struct vloongson **out)
{
	size_t pages = align_up(sizeof(struct vloongson), PAGE_SIZE) / PAGE_SIZE;
	struct vloongson *v;

	if (!config_valid(config))
		return -EINVAL;
	v = host_pages_alloc(pages, PAGE_SIZE);
	if (!v)
		return -ENOMEM;
	v->config = *config;
	v->pages = pages;
	for (unsigned i = 0; i < VLOONGSON_INPUTS; i++)
		v->link[i].v = v;
	vloongson_reset(v);
	*out = v;
	return 0;
}

void vloongson_destroy(struct vloongson *v)
{
	if (v)
		host_pages_free(v, v->pages);
}

size_t vloongson_snapshot(struct vloongson *v, void *out, size_t size)
{
	if (size < sizeof(v->s))
		return sizeof(v->s);
	vloongson_lock(v);
	memcpy(out, &v->s, sizeof(v->s));
	vloongson_unlock(v);
	return sizeof(v->s);
}

int vloongson_restore(struct vloongson *v, const void *snapshot, size_t size)
{
	struct vloongson_state s;

	if (size != sizeof(s))
		return -EINVAL;
	memcpy(&s, snapshot, sizeof(s));
	if (s.magic != MAGIC || s.vcpus != v->config.vcpus)
		return -EINVAL;
	s.misc = (s.misc & MISC_WRITABLE) | (v->config.misc & ~(MISC_WRITABLE | MISC_AVEC_ENABLE));
	vloongson_lock(v);
	v->s = s;
	vpch_links_update(v);
	update_all(v);
	/* Every vector may have moved. */
	for (unsigned i = 0; i < EIO_VECTORS; i++)
		vloongson_moved(v, i);
	vloongson_unlock(v);
	return 0;
}

/* Registers that are 64 bits wide and answer any part of themselves. */
static uint64_t identification(const struct vloongson *v, uint32_t offset)
{
	switch (offset) {
	case IOCSR_VERSION:
		return v->config.version;
	case IOCSR_FEATURES:
		return v->config.features & FEATURES_SHOWN;
	case IOCSR_VENDOR:
		return v->config.vendor;
	case IOCSR_CPU_NAME:
		return v->config.cpu_name;
	case IOCSR_NODE_COUNT:
		return 1;
	case IOCSR_MISC_FUNC:
		return v->s.misc;
	default:
		return 0;
	}
}

static void misc_write(struct vloongson *v, uint64_t value, uint64_t lanes)
{
	lanes &= MISC_WRITABLE;
	v->s.misc = (v->s.misc & ~lanes) | (value & lanes);
	veio_switched(v);
}

static uint64_t space_read(const struct vloongson *v, unsigned vcpu, uint32_t offset, unsigned size)
{
	uint64_t value = 0;

	if (offset >= IOCSR_IPI_STATUS && offset < IOCSR_LIOINTC)
		return vipi_read(v, vcpu, offset, size);
	if (offset >= IOCSR_LIOINTC && offset < IOCSR_LIOINTC + LIOINTC_SIZE)
		return vlio_read(v, vcpu, offset - IOCSR_LIOINTC, size);
	if (!veio_has(offset))
		return identification(v, offset & ~7u) >> 8 * (offset & 7);
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)veio_read8(v, vcpu, offset + i) << 8 * i;
	return value;
}

static void space_write(struct vloongson *v, unsigned vcpu, uint32_t offset, unsigned size,
			uint64_t value)
{
	unsigned shift = 8 * (offset & 7);

	if (offset >= IOCSR_IPI_STATUS && offset < IOCSR_LIOINTC)
		vipi_write(v, vcpu, offset, size, value);
	else if (offset >= IOCSR_LIOINTC && offset < IOCSR_LIOINTC + LIOINTC_SIZE)
		vlio_write(v, offset - IOCSR_LIOINTC, size, value);
	else if (veio_has(offset))
		for (unsigned i = 0; i < size; i++)
			veio_write8(v, vcpu, offset + i, (uint8_t)(value >> 8 * i));
	else if ((offset & ~7u) == IOCSR_MISC_FUNC)
		misc_write(v, value << shift, BYTE_ENABLE(size) << shift);
}

enum access_result vloongson_iocsr(struct vloongson *v, unsigned vcpu, uint32_t offset,
				   unsigned size, bool write, uint64_t *value)
{
	bool valid = vcpu < v->config.vcpus && is_aligned(offset, size);

	vloongson_lock(v);
	if (valid && write)
		space_write(v, vcpu, offset, size, *value);
	else if (!write)
		*value = valid ? space_read(v, vcpu, offset, size) & BYTE_ENABLE(size) : 0;
	vloongson_unlock(v);
	return ACCESS_DONE;
}

/* By memory the address names the core whose bank it is, whoever asks. */
static enum access_result alias_access(struct vloongson *v, uint32_t offset, unsigned size,
				       bool write, uint64_t *value)
{
	unsigned core = offset / BLOCK_SIZE * EIO_CORES_PER_NODE, bank;

	offset %= BLOCK_SIZE;
	bank = offset / BANK_SIZE % (BLOCK_SIZE / BANK_SIZE);
	if (offset >= IOCSR_EIO_CORE_ISR && offset < ISR_BANKS_END)
		bank -= IOCSR_EIO_CORE_ISR / BANK_SIZE;
	else if (offset >= IOCSR_IPI_STATUS && offset < IPI_BANKS_END &&
		 offset % BANK_SIZE < IPI_BANK_SIZE)
		bank -= IOCSR_IPI_STATUS / BANK_SIZE;
	else
		bank = 0;
	return vloongson_iocsr(v, core + bank, offset - bank * BANK_SIZE, size, write, value);
}

enum access_result vloongson_mmio(struct vloongson *v, unsigned vcpu, gpa_t addr, unsigned size,
				  bool write, uint64_t *value)
{
	const struct vloongson_config *c = &v->config;
	uint32_t offset;

	(void)vcpu;
	if (c->iocsr_gpa && range_inside(addr, size, c->iocsr_gpa, BLOCKS * BLOCK_SIZE))
		return alias_access(v, (uint32_t)(addr - c->iocsr_gpa), size, write, value);
	if (!c->pch_pic_gpa || !range_inside(addr, size, c->pch_pic_gpa, PAGE_SIZE))
		return ACCESS_NONE;
	offset = (uint32_t)(addr - c->pch_pic_gpa);
	if (!is_aligned(offset, size) || offset >= PCH_PIC_SIZE) {
		if (!write)
			*value = 0;
		return ACCESS_DONE;
	}
	vloongson_lock(v);
	if (write)
		vpch_write(v, offset, size, *value);
	else
		*value = vpch_read(v, offset, size);
	vloongson_unlock(v);
	return ACCESS_DONE;
}

uint32_t vloongson_lines(struct vloongson *v, unsigned vcpu)
{
	uint32_t lines;

	vloongson_lock(v);
	lines = v->lines[vcpu];
	vloongson_unlock(v);
	return lines;
}

void vloongson_park(struct vloongson *v, unsigned vcpu)
{
	struct vcore *c = &v->s.core[vcpu];

	vloongson_lock(v);
	c->ipi_status = 0;
	c->ipi_enable = UINT32_MAX;
	memset(c->mailbox, 0, sizeof(c->mailbox));
	vloongson_update(v, vcpu);
	vloongson_unlock(v);
}

uint64_t vloongson_take_entry(struct vloongson *v, unsigned vcpu)
{
	uint64_t entry;

	vloongson_lock(v);
	entry = vipi_read(v, vcpu, IOCSR_MAILBOX, 8);
	v->s.core[vcpu].ipi_status = 0;
	vloongson_update(v, vcpu);
	vloongson_unlock(v);
	return entry;
}

void vloongson_record(struct vloongson *v, unsigned vector, const struct msi_vector *physical)
{
	if (vector >= VLOONGSON_VECTORS)
		return;
	vloongson_lock(v);
	v->record[vector] = (struct vloongson_record){ .valid = false };
	if (physical)
		v->record[vector] =
			(struct vloongson_record){ true, physical->mode, physical->hwirq };
	vloongson_unlock(v);
}

struct vloongson_record vloongson_recorded(struct vloongson *v, unsigned vector)
{
	struct vloongson_record r = { .valid = false };

	if (vector >= VLOONGSON_VECTORS)
		return r;
	vloongson_lock(v);
	r = v->record[vector];
	vloongson_unlock(v);
	return r;
}

void vloongson_stats(struct vloongson *v, struct vloongson_stats *out)
{
	vloongson_lock(v);
	*out = v->stats;
	vloongson_unlock(v);
}

/* The doorbell takes the low byte of what is written, like the hardware's. False: not the zone's. */
static bool message_vector(const struct vloongson *v, uint64_t address, uint32_t data,
			   unsigned *vector)
{
	const struct vloongson_config *c = &v->config;

	*vector = data % EIO_VECTORS;
	return c->msi_gpa && address == c->msi_gpa && *vector >= c->msi_first &&
	       *vector - c->msi_first < c->msi_count;
}

static enum access_result msi(void *ctx, uint32_t device_id, uint64_t address, uint32_t data)
{
	struct vloongson *v = ctx;
	unsigned vector;
	bool mine = message_vector(v, address, data, &vector);

	/* The message says which vector; who sent it makes no difference to this controller. */
	(void)device_id;
	vloongson_lock(v);
	if (mine) {
		v->stats.messages++;
		veio_raise(v, vector);
	} else {
		v->stats.dropped++;
	}
	vloongson_unlock(v);
	return mine ? ACCESS_DONE : ACCESS_NONE;
}

static int msi_vcpu(void *ctx, uint32_t device_id, uint64_t address, uint32_t data)
{
	struct vloongson *v = ctx;
	unsigned vector, vcpu;

	(void)device_id;
	if (!message_vector(v, address, data, &vector))
		return -ENOENT;
	vloongson_lock(v);
	vcpu = veio_target(v, vector);
	vloongson_unlock(v);
	return (int)vcpu;
}

static void set_line(void *ctx, uint32_t vintid, bool level)
{
	struct vloongson *v = ctx;
	unsigned source = vintid - VLOONGSON_GSI_SOURCE(0), input = vintid - VLOONGSON_GSI_INPUT(0);

	vloongson_lock(v);
	if (source < VLOONGSON_SOURCES)
		vlio_set_line(v, source, level);
	else if (input < VLOONGSON_INPUTS)
		vpch_set_line(v, input, level);
	vloongson_unlock(v);
}

const struct virq_ops vloongson_virq_ops = {
	.msi = msi,
	.msi_vcpu = msi_vcpu,
	.set_line = set_line,
};
