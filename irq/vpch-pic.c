// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A zone's virtual PCH-PIC: wired inputs, each turned into a vector of the virtual EIOINTC that the
 * zone chose by its byte at 0x200 + n. docs/hardware/loongson-interrupts.md, "PCH-PIC".
 *
 * An input is requested (IRR) while its wire is high, or from an edge until it is cleared. Requested
 * and not masked it is in service (ISR) and its vector is raised, once; the zone's unmasking looks at
 * it again, which is how a level that stays high comes back. A level that goes away, or is masked,
 * before its vector was acknowledged takes that back: unmasking will tell.
 *
 * A wire is asserted or not; polarity, which says which voltage that is, is kept for the zone to read.
 *
 * A linked input (vloongson_link_input) has a physical input in place of the wire. What is known of it
 * is that it fired. One rule keeps both in step, link_update(): the physical input is unmasked
 * exactly while the zone's is, and, for a level, while the zone has nothing of it to serve.
 *
 * Locking: vloongson->lock is held by every caller; physical PCH-PIC functions are called with it.
 */
#include <postern/errno.h>
#include <postern/string.h>
#include <postern/zone.h>

#include "vloongson-internal.h"

void vpch_reset(struct vloongson *v)
{
	struct vpch *p = &v->s.pch;

	memset(p, 0, sizeof(*p));
	p->mask = UINT64_MAX;
	for (unsigned i = 0; i < VLOONGSON_INPUTS; i++) {
		p->route[i] = PCH_PIC_ROUTE_HT;
		p->vector[i] = (uint8_t)i;
	}
	/* Wires keep their level. */
	p->irr = v->pch_line;
	vpch_links_update(v);
}

static void link_update(const struct vloongson *v, unsigned input)
{
	const struct vinput_link *link = &v->link[input];
	const struct vpch *p = &v->s.pch;

	if (!link->linked)
		return;
	if (p->mask & BIT64(input) || (link->level && p->irr & BIT64(input)))
		pch_pic_mask(link->gsi);
	else
		pch_pic_unmask(link->gsi);
}

void vpch_links_update(struct vloongson *v)
{
	for (unsigned i = 0; i < VLOONGSON_INPUTS; i++)
		link_update(v, i);
}

/* What was requested is sent when the mask lets it. */
static void evaluate(struct vloongson *v, unsigned input)
{
	struct vpch *p = &v->s.pch;

	if (!(p->irr & BIT64(input)) || p->mask & BIT64(input))
		return;
	p->isr |= BIT64(input);
	veio_raise(v, p->vector[input]);
}

/* Another input in service has the same vector. */
static bool vector_shared(const struct vpch *p, unsigned input)
{
	for (unsigned i = 0; i < VLOONGSON_INPUTS; i++)
		if (i != input && p->isr & BIT64(i) && p->vector[i] == p->vector[input])
			return true;
	return false;
}

/* No longer in service; a level takes its vector back. */
static void retire(struct vloongson *v, unsigned input)
{
	struct vpch *p = &v->s.pch;

	if (!(p->isr & BIT64(input)))
		return;
	p->isr &= ~BIT64(input);
	if (!(p->edge & BIT64(input)) && !vector_shared(p, input))
		veio_withdraw(v, p->vector[input]);
}

static void request(struct vloongson *v, unsigned input)
{
	v->s.pch.irr |= BIT64(input);
	evaluate(v, input);
	link_update(v, input);
}

void vpch_set_line(struct vloongson *v, unsigned input, bool level)
{
	uint64_t bit = BIT64(input);
	bool was = v->pch_line & bit;

	if (v->link[input].linked || was == level)
		return;
	v->pch_line = level ? v->pch_line | bit : v->pch_line & ~bit;
	if (level) {
		request(v, input);
	} else if (!(v->s.pch.edge & bit)) {
		v->s.pch.irr &= ~bit;
		retire(v, input);
	}
}

/* Whether the device still asserts a linked level is the physical input's to say. */
static void ask_again(struct vloongson *v, unsigned input)
{
	struct vpch *p = &v->s.pch;

	if (v->link[input].linked && v->link[input].level) {
		p->irr &= ~BIT64(input);
		p->isr &= ~BIT64(input);
	}
	link_update(v, input);
}

void vpch_acknowledged(struct vloongson *v, unsigned vector)
{
	const struct vpch *p = &v->s.pch;

	for (unsigned i = 0; i < VLOONGSON_INPUTS; i++)
		if (v->link[i].linked && p->isr & BIT64(i) && p->vector[i] == vector)
			ask_again(v, i);
}

void vpch_retarget(struct vloongson *v, unsigned vector)
{
	const struct zone *z = v->config.zone;
	uint16_t cpu = z->cpus[veio_target(v, vector)];

	for (unsigned i = 0; i < VLOONGSON_INPUTS; i++)
		if (v->link[i].linked && v->s.pch.vector[i] == vector)
			pch_pic_target(v->link[i].gsi, cpu);
}

static void mask_write(struct vloongson *v, uint64_t value)
{
	struct vpch *p = &v->s.pch;
	uint64_t changed = p->mask ^ value;

	p->mask = value;
	for (unsigned i = 0; changed; i++, changed >>= 1) {
		if (!(changed & 1))
			continue;
		if (p->mask & BIT64(i)) {
			retire(v, i);
			link_update(v, i);
		} else {
			ask_again(v, i);
			evaluate(v, i);
		}
	}
}

static void clear_write(struct vloongson *v, uint64_t bits)
{
	struct vpch *p = &v->s.pch;

	bits &= p->edge & p->irr;
	p->irr &= ~bits;
	for (unsigned i = 0; bits; i++, bits >>= 1) {
		if (!(bits & 1))
			continue;
		retire(v, i);
		link_update(v, i);
	}
}

static void vector_write(struct vloongson *v, unsigned input, uint8_t vector)
{
	v->s.pch.vector[input] = vector;
	vpch_retarget(v, vector);
}

/* A 64-bit register at this offset, for what is only kept. NULL: another one. */
static uint64_t *plain_register(struct vpch *p, uint32_t offset)
{
	switch (offset) {
	case PCH_PIC_HTMSI:
		return &p->htmsi;
	case PCH_PIC_EDGE:
		return &p->edge;
	case PCH_PIC_AUTO0:
		return &p->auto0;
	case PCH_PIC_AUTO1:
		return &p->auto1;
	case PCH_PIC_POLARITY:
		return &p->polarity;
	default:
		return NULL;
	}
}

static uint64_t identification(void)
{
	return FIELD_PUT(PCH_PIC_ID_TYPE, PCH_PIC_ID_VALUE) |
	       (FIELD_PUT(PCH_PIC_VERSION_NUMBER, 1) |
		FIELD_PUT(PCH_PIC_VERSION_INPUTS, VLOONGSON_INPUTS - 1))
		       << 32;
}

static uint64_t register_read(const struct vpch *p, uint32_t offset)
{
	switch (offset) {
	case PCH_PIC_ID:
		return identification();
	case PCH_PIC_MASK:
		return p->mask;
	case PCH_PIC_HTMSI:
		return p->htmsi;
	case PCH_PIC_EDGE:
		return p->edge;
	case PCH_PIC_AUTO0:
		return p->auto0;
	case PCH_PIC_AUTO1:
		return p->auto1;
	case PCH_PIC_IRR:
		return p->irr;
	case PCH_PIC_ISR:
		return p->isr;
	case PCH_PIC_POLARITY:
		return p->polarity;
	default:
		return 0;
	}
}

/* An access to one of the byte arrays: the array, and the input its first byte belongs to. */
static const uint8_t *array_at(const struct vpch *p, uint32_t offset, unsigned *input)
{
	*input = offset % 0x100;
	if (*input >= VLOONGSON_INPUTS)
		return NULL;
	if (offset - *input == PCH_PIC_ROUTE)
		return p->route;
	return offset - *input == PCH_PIC_VECTOR ? p->vector : NULL;
}

uint64_t vpch_read(const struct vloongson *v, uint32_t offset, unsigned size)
{
	const struct vpch *p = &v->s.pch;
	uint64_t value = 0;
	unsigned input;
	const uint8_t *array = array_at(p, offset, &input);

	if (!array)
		return register_read(p, offset & ~7u) >> 8 * (offset & 7) & BYTE_ENABLE(size);
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)array[input + i] << 8 * i;
	return value;
}

void vpch_write(struct vloongson *v, uint32_t offset, unsigned size, uint64_t value)
{
	struct vpch *p = &v->s.pch;
	unsigned shift = 8 * (offset & 7), input;
	uint64_t lanes = BYTE_ENABLE(size) << shift, *plain;
	const uint8_t *array = array_at(p, offset, &input);

	if (array == p->vector) {
		for (unsigned i = 0; i < size; i++)
			vector_write(v, input + i, (uint8_t)(value >> 8 * i));
		return;
	}
	if (array == p->route) {
		for (unsigned i = 0; i < size; i++)
			p->route[input + i] = (uint8_t)(value >> 8 * i);
		return;
	}
	value = value << shift & lanes;
	plain = plain_register(p, offset & ~7u);
	if (plain)
		*plain = (*plain & ~lanes) | value;
	else if ((offset & ~7u) == PCH_PIC_MASK)
		mask_write(v, (p->mask & ~lanes) | value);
	else if ((offset & ~7u) == PCH_PIC_CLEAR)
		clear_write(v, value);
}

/* The physical input fired, on a CPU of the zone. A level is masked and stays so: see ask_again(). */
static void fired(void *context, uint32_t gsi)
{
	struct vinput_link *link = context;
	struct vloongson *v = link->v;

	(void)gsi;
	vloongson_lock(v);
	/* Not while it is being unlinked. */
	if (link->linked)
		request(v, (unsigned)(link - v->link));
	vloongson_unlock(v);
}

int vloongson_link_input(struct vloongson *v, unsigned input, uint32_t gsi,
			 enum pch_pic_trigger trigger)
{
	struct vinput_link *link;
	uint16_t cpu;
	int err = -EBUSY;

	if (input >= VLOONGSON_INPUTS)
		return -EINVAL;
	link = &v->link[input];
	vloongson_lock(v);
	if (!link->linked) {
		cpu = v->config.zone->cpus[veio_target(v, v->s.pch.vector[input])];
		err = pch_pic_claim(gsi, v->config.zone, cpu, trigger, fired, link);
	}
	if (!err) {
		bool level = trigger == PCH_PIC_LEVEL_HIGH || trigger == PCH_PIC_LEVEL_LOW;

		*link = (struct vinput_link){ v, gsi, true, level };
		v->pch_line &= ~BIT64(input);
		v->s.pch.irr &= ~BIT64(input);
		link_update(v, input);
	}
	vloongson_unlock(v);
	return err;
}

int vloongson_unlink_input(struct vloongson *v, unsigned input)
{
	struct vinput_link *link;
	uint32_t gsi;

	if (input >= VLOONGSON_INPUTS)
		return -EINVAL;
	link = &v->link[input];
	vloongson_lock(v);
	if (!link->linked) {
		vloongson_unlock(v);
		return -EINVAL;
	}
	gsi = link->gsi;
	link->linked = false;
	v->s.pch.irr &= ~BIT64(input);
	retire(v, input);
	vloongson_unlock(v);
	return pch_pic_release(gsi);
}
