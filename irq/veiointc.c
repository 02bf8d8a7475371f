// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A zone's virtual EIOINTC: registers and delivery. docs/hardware/loongson-interrupts.md, "EIOINTC".
 *
 * A vector is raised at node 0, whose route names a node and a core; another node's route then names
 * the core. Raised and not enabled it waits. On its way to a vCPU it is in that core's ISR, where the
 * zone clears it by writing a one; the line of the vCPU is high while its ISR has a bit.
 *
 * Kernels enable 32 vectors at a time, whether they use them or not: enables say nothing about what
 * the zone owns, and nothing here depends on them.
 *
 * Locking: vloongson->lock is held by every caller.
 */
#include <postern/string.h>

#include "vloongson-internal.h"

#define PINS 4u /* HWI lines an IP map byte can name; other values mean line 0 */

static unsigned lowest_bit(uint32_t bits, unsigned otherwise)
{
	return bits ? (unsigned)__builtin_ctz(bits) : otherwise;
}

static unsigned node_of(unsigned vcpu)
{
	return vcpu / EIO_CORES_PER_NODE;
}

void veio_reset(struct vloongson *v)
{
	memset(v->s.node, 0, sizeof(v->s.node));
	for (unsigned i = 0; i < MAX_CPUS; i++)
		memset(v->s.core[i].isr, 0, sizeof(v->s.core[i].isr));
	/* Identity, as firmware leaves it: index k is node k. */
	for (unsigned node = 0; node < VEIO_NODES; node++)
		for (unsigned k = 0; k < EIO_NODES; k++)
			v->s.node[node].node_map[2 * k + k / 8] = (uint8_t)BIT32(k % 8);
}

static bool switched_on(const struct vloongson *v)
{
	return v->s.misc & MISC_EIOINTC_ENABLE;
}

/* The node that node 0's route sends the vector to; one the zone has not is node 0. */
static unsigned next_node(const struct vloongson *v, unsigned vector)
{
	const struct veio_node *n = &v->s.node[0];
	unsigned k = (unsigned)FIELD_GET(EIO_ROUTE_NODE, n->route[vector]);
	uint32_t nodes = n->node_map[2 * k] | (uint32_t)n->node_map[2 * k + 1] << 8;
	unsigned node = lowest_bit(nodes, 0);

	return node < VEIO_NODES && node * EIO_CORES_PER_NODE < v->config.vcpus ? node : 0;
}

/* The vCPU a node's route names; one the zone has not is the node's first. */
static unsigned node_vcpu(const struct vloongson *v, unsigned node, unsigned vector)
{
	uint32_t cores = (uint32_t)FIELD_GET(EIO_ROUTE_CORE, v->s.node[node].route[vector]);
	unsigned vcpu = node * EIO_CORES_PER_NODE + lowest_bit(cores, 0);

	return vcpu < v->config.vcpus ? vcpu : node * EIO_CORES_PER_NODE;
}

unsigned veio_target(const struct vloongson *v, unsigned vector)
{
	return node_vcpu(v, next_node(v, vector), vector);
}

/* A waiting vector goes on when its node lets it. */
static void send_on(struct vloongson *v, unsigned node, unsigned vector)
{
	struct veio_node *n = &v->s.node[node];
	unsigned vcpu;

	if (!bitmap_get(n->waiting, vector) || !bitmap_get(n->enable, vector) || !switched_on(v))
		return;
	bitmap_put(n->waiting, vector, false);
	if (node == 0 && next_node(v, vector) != 0) {
		node = next_node(v, vector);
		n = &v->s.node[node];
		if (!bitmap_get(n->enable, vector)) {
			bitmap_put(n->waiting, vector, true);
			return;
		}
	}
	vcpu = node_vcpu(v, node, vector);
	bitmap_put(v->s.core[vcpu].isr, vector, true);
	vloongson_update(v, vcpu);
}

void veio_raise(struct vloongson *v, unsigned vector)
{
	bitmap_put(v->s.node[0].waiting, vector, true);
	send_on(v, 0, vector);
}

void veio_withdraw(struct vloongson *v, unsigned vector)
{
	for (unsigned node = 0; node < VEIO_NODES; node++)
		bitmap_put(v->s.node[node].waiting, vector, false);
	for (unsigned i = 0; i < v->config.vcpus; i++) {
		bitmap_put(v->s.core[i].isr, vector, false);
		vloongson_update(v, i);
	}
}

void veio_switched(struct vloongson *v)
{
	for (unsigned node = 0; node < VEIO_NODES; node++)
		for (unsigned i = 0; i < EIO_VECTORS; i++)
			send_on(v, node, i);
	for (unsigned i = 0; i < v->config.vcpus; i++)
		vloongson_update(v, i);
}

uint32_t veio_lines(const struct vloongson *v, unsigned vcpu)
{
	const struct veio_node *n = &v->s.node[node_of(vcpu)];
	const uint8_t *isr = v->s.core[vcpu].isr;
	uint32_t lines = 0;

	if (!switched_on(v))
		return 0;
	for (unsigned group = 0; group < EIO_VECTORS / 32; group++) {
		uint8_t map = n->ip_map[group];
		unsigned pin = v->s.misc & MISC_INT_ENCODE ? map : lowest_bit(map, 0);

		if (isr[4 * group] | isr[4 * group + 1] | isr[4 * group + 2] | isr[4 * group + 3])
			lines |= VLOONGSON_HWI(pin < PINS ? pin : 0);
	}
	return lines;
}

/* The register blocks, and which byte of its block an offset is. */
enum block { NODE_MAP, IP_MAP, ENABLE, BOUNCE, PENDING, CORE_ISR, ROUTE, BLOCKS };

static enum block find(uint32_t offset, unsigned *byte)
{
	static const struct {
		uint32_t base, size;
	} at[BLOCKS] = {
		[NODE_MAP] = { IOCSR_EIO_NODE_MAP, 2 * EIO_NODES },
		[IP_MAP] = { IOCSR_EIO_IP_MAP, EIO_VECTORS / 32 },
		[ENABLE] = { IOCSR_EIO_ENABLE, EIO_BITMAP_SIZE },
		[BOUNCE] = { IOCSR_EIO_BOUNCE, EIO_BITMAP_SIZE },
		[PENDING] = { IOCSR_EIO_ISR, EIO_BITMAP_SIZE },
		[CORE_ISR] = { IOCSR_EIO_CORE_ISR, EIO_BITMAP_SIZE },
		[ROUTE] = { IOCSR_EIO_ROUTE, EIO_VECTORS },
	};
	enum block b = NODE_MAP;

	while (b < BLOCKS && offset - at[b].base >= at[b].size)
		b++;
	*byte = b < BLOCKS ? offset - at[b].base : 0;
	return b;
}

bool veio_has(uint32_t offset)
{
	unsigned byte;

	return find(offset, &byte) != BLOCKS;
}

/* Pending before routing, and on the node's cores. */
static uint8_t pending_byte(const struct vloongson *v, unsigned node, unsigned byte)
{
	unsigned first = node * EIO_CORES_PER_NODE;
	uint8_t bits = v->s.node[node].waiting[byte];

	for (unsigned i = first; i < first + EIO_CORES_PER_NODE && i < v->config.vcpus; i++)
		bits |= v->s.core[i].isr[byte];
	return bits;
}

uint8_t veio_read8(const struct vloongson *v, unsigned vcpu, uint32_t offset)
{
	const struct veio_node *n = &v->s.node[node_of(vcpu)];
	unsigned byte;

	switch (find(offset, &byte)) {
	case NODE_MAP:
		return n->node_map[byte];
	case IP_MAP:
		return n->ip_map[byte];
	case ENABLE:
		return n->enable[byte];
	case BOUNCE:
		return n->bounce[byte];
	case PENDING:
		return pending_byte(v, node_of(vcpu), byte);
	case CORE_ISR:
		return v->s.core[vcpu].isr[byte];
	case ROUTE:
		return n->route[byte];
	case BLOCKS:
		break;
	}
	return 0;
}

/* A vector whose enable is taken away while it is pending waits until it is given back. */
static void enable_write8(struct vloongson *v, unsigned node, unsigned byte, uint8_t value)
{
	struct veio_node *n = &v->s.node[node];
	uint8_t off = (uint8_t)(n->enable[byte] & ~value), on = (uint8_t)(value & ~n->enable[byte]);
	unsigned first = node * EIO_CORES_PER_NODE;

	n->enable[byte] = value;
	for (unsigned i = first; i < first + EIO_CORES_PER_NODE && i < v->config.vcpus; i++) {
		uint8_t back = v->s.core[i].isr[byte] & off;

		v->s.core[i].isr[byte] = (uint8_t)(v->s.core[i].isr[byte] & ~back);
		n->waiting[byte] |= back;
		if (back)
			vloongson_update(v, i);
	}
	for (unsigned bit = 0; bit < 8; bit++)
		if (on >> bit & 1)
			send_on(v, node, 8 * byte + bit);
}

static void moved(struct vloongson *v, unsigned vector, unsigned before)
{
	if (veio_target(v, vector) != before)
		vloongson_moved(v, vector);
}

static void route_write8(struct vloongson *v, unsigned node, unsigned vector, uint8_t value)
{
	unsigned before = veio_target(v, vector);

	v->s.node[node].route[vector] = value;
	moved(v, vector, before);
}

static void node_map_write8(struct vloongson *v, unsigned node, unsigned byte, uint8_t value)
{
	uint8_t before[EIO_VECTORS];

	for (unsigned i = 0; i < EIO_VECTORS; i++)
		before[i] = (uint8_t)veio_target(v, i);
	v->s.node[node].node_map[byte] = value;
	for (unsigned i = 0; i < EIO_VECTORS; i++)
		moved(v, i, before[i]);
}

static void isr_clear8(struct vloongson *v, unsigned vcpu, unsigned byte, uint8_t value)
{
	uint8_t cleared = v->s.core[vcpu].isr[byte] & value;

	v->s.core[vcpu].isr[byte] = (uint8_t)(v->s.core[vcpu].isr[byte] & ~cleared);
	for (unsigned bit = 0; bit < 8; bit++)
		if (cleared >> bit & 1)
			vpch_acknowledged(v, 8 * byte + bit);
	if (cleared)
		vloongson_update(v, vcpu);
}

static void ip_map_write8(struct vloongson *v, unsigned node, unsigned byte, uint8_t value)
{
	v->s.node[node].ip_map[byte] = value;
	for (unsigned i = 0; i < v->config.vcpus; i++)
		vloongson_update(v, i);
}

void veio_write8(struct vloongson *v, unsigned vcpu, uint32_t offset, uint8_t value)
{
	unsigned node = node_of(vcpu), byte;

	switch (find(offset, &byte)) {
	case NODE_MAP:
		node_map_write8(v, node, byte, value);
		break;
	case IP_MAP:
		ip_map_write8(v, node, byte, value);
		break;
	case ENABLE:
		enable_write8(v, node, byte, value);
		break;
	case BOUNCE:
		v->s.node[node].bounce[byte] = value;
		break;
	case CORE_ISR:
		isr_clear8(v, vcpu, byte, value);
		break;
	case ROUTE:
		route_write8(v, node, byte, value);
		break;
	case PENDING: /* read-only */
	case BLOCKS:
		break;
	}
}
