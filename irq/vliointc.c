// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A zone's virtual LIOINTC: 32 sources for its first four vCPUs. docs/hardware/loongson-interrupts.md,
 * "LIOINTC". A level source is pending while its wire is high; an edge, from its rise until its enable
 * is cleared, which is the only acknowledgement the controller has.
 *
 * Locking: vloongson->lock is held by every caller.
 */
#include <postern/string.h>

#include "vloongson-internal.h"

#define CORES    4u
#define PINS     4u
#define ALL_PINS MASK32(PINS - 1, 0)

void vlio_reset(struct vloongson *v)
{
	memset(&v->s.lio, 0, sizeof(v->s.lio));
}

static uint32_t pending(const struct vloongson *v)
{
	const struct vlio *l = &v->s.lio;

	return ((v->lio_line & ~l->edge) | (l->latched & l->edge)) & l->enable;
}

/* Of the pending, those routed to this vCPU and to one of these lines. */
static uint32_t pending_here(const struct vloongson *v, unsigned vcpu, uint32_t pins)
{
	uint32_t bits = pending(v);

	for (unsigned i = 0; i < LIOINTC_SOURCES; i++) {
		uint8_t route = v->s.lio.route[i];

		if (vcpu >= CORES || !(FIELD_GET(LIOINTC_ROUTE_CORE, route) >> vcpu & 1) ||
		    !(FIELD_GET(LIOINTC_ROUTE_PIN, route) & pins))
			bits &= ~BIT32(i);
	}
	return bits;
}

uint32_t vlio_lines(const struct vloongson *v, unsigned vcpu)
{
	uint32_t lines = 0;

	if (!pending(v))
		return 0;
	for (unsigned pin = 0; pin < PINS; pin++)
		if (pending_here(v, vcpu, BIT32(pin)))
			lines |= VLOONGSON_HWI(pin);
	return lines;
}

static void update_all(struct vloongson *v)
{
	for (unsigned i = 0; i < v->config.vcpus && i < CORES; i++)
		vloongson_update(v, i);
}

uint64_t vlio_read(const struct vloongson *v, unsigned vcpu, uint32_t offset, unsigned size)
{
	const struct vlio *l = &v->s.lio;
	uint64_t value = 0;

	if (offset < LIOINTC_ROUTE + LIOINTC_SOURCES) {
		for (unsigned i = 0; i < size; i++)
			value |= (uint64_t)l->route[offset + i] << 8 * i;
		return value;
	}
	if (size != 4)
		return 0;
	switch (offset) {
	case LIOINTC_ISR:
		return pending(v);
	case LIOINTC_ENABLED:
		return l->enable;
	case LIOINTC_POLARITY:
		return l->polarity;
	case LIOINTC_EDGE:
		return l->edge;
	case LIOINTC_CORE_ISR:
		return pending_here(v, vcpu, ALL_PINS);
	/* By these a core sees another one's. */
	case LIOINTC_CORE_ISR + 8:
	case LIOINTC_CORE_ISR + 16:
	case LIOINTC_CORE_ISR + 24:
		return pending_here(v, (offset - LIOINTC_CORE_ISR) / 8, ALL_PINS);
	default:
		return 0;
	}
}

void vlio_write(struct vloongson *v, uint32_t offset, unsigned size, uint64_t value)
{
	struct vlio *l = &v->s.lio;
	uint32_t bits = (uint32_t)value;

	if (offset < LIOINTC_ROUTE + LIOINTC_SOURCES) {
		for (unsigned i = 0; i < size; i++)
			l->route[offset + i] = (uint8_t)(value >> 8 * i);
	} else if (size == 4) {
		switch (offset) {
		case LIOINTC_SET:
			l->enable |= bits;
			break;
		case LIOINTC_CLEAR:
			l->enable &= ~bits;
			l->latched &= ~bits;
			break;
		case LIOINTC_POLARITY:
			l->polarity = bits;
			break;
		case LIOINTC_EDGE:
			l->edge = bits;
			break;
		default:
			break;
		}
	}
	update_all(v);
}

void vlio_set_line(struct vloongson *v, unsigned source, bool level)
{
	uint32_t bit = BIT32(source);

	if (level && !(v->lio_line & bit))
		v->s.lio.latched |= bit;
	v->lio_line = level ? v->lio_line | bit : v->lio_line & ~bit;
	update_all(v);
}
