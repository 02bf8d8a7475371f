// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The physical PCH-PIC: see pch-pic.h for the contract, docs/hardware/loongson-interrupts.md for the
 * registers.
 *
 * Registers are accessed 32 bits wide, the byte arrays by byte: every implementation takes that. The
 * tables here are the truth; mask, trigger and polarity words are written from them, and one input at
 * a time changes.
 *
 * Locking: pic->lock around tables and registers. The arrival of an interrupt takes it to mask the
 * input and lets go before it calls the handler; pch_pic_release() waits for handlers without it.
 */
#include "pch-pic.h"

#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/host.h>

#include "eiointc.h"
#include "loongson-regs.h"

struct pic;

struct input {
	struct pic *pic;
	uint8_t number;
	bool claimed, level;
	bool leaving; /* being released: silent for good */
	uint16_t vector;
	struct zone *owner;
	pch_pic_handler *handler;
	void *context;
};

struct pic {
	struct lock lock;
	hpa_t base;
	uint32_t gsi_base;
	unsigned inputs, home;
	uint64_t mask, edge, polarity; /* as in the registers */
	struct input input[PCH_PIC_INPUTS_MAX];
};

static struct {
	unsigned count, vector_limit;
	struct pic pic[MAX_PCH_PICS];
} pics;

/* The half of a 64-bit register that holds an input's bit, from the table. */
static void write_half(const struct pic *p, uint32_t offset, uint64_t value, unsigned input)
{
	unsigned half = input / 32;

	mmio_write32(p->base + offset + 4 * half, (uint32_t)(value >> 32 * half));
}

static void write_both(const struct pic *p, uint32_t offset, uint64_t value)
{
	write_half(p, offset, value, 0);
	write_half(p, offset, value, 32);
}

/* Lock held. */
static void set_mask(struct pic *p, unsigned input, bool masked)
{
	p->mask = masked ? p->mask | BIT64(input) : p->mask & ~BIT64(input);
	write_half(p, PCH_PIC_MASK, p->mask, input);
}

static int pic_init(struct pic *p, const struct pch_pic_info *info)
{
	uint32_t id = mmio_read32(info->base + PCH_PIC_ID);
	uint32_t version = mmio_read32(info->base + PCH_PIC_VERSION);

	p->base = info->base;
	p->gsi_base = info->gsi_base;
	p->home = info->node;
	p->inputs = info->inputs ? info->inputs
				 : (unsigned)FIELD_GET(PCH_PIC_VERSION_INPUTS, version) + 1;
	if (version == UINT32_MAX || p->inputs > PCH_PIC_INPUTS_MAX) {
		host_log(LOG_ERROR,
			 "pch-pic: nothing like one at 0x%llx (id 0x%08x, version 0x%08x)",
			 (unsigned long long)info->base, id, version);
		return -ENODEV;
	}
	if (FIELD_GET(PCH_PIC_ID_TYPE, id) != PCH_PIC_ID_VALUE)
		host_log(LOG_WARN, "pch-pic: 0x%llx has the unknown id 0x%08x",
			 (unsigned long long)info->base, id);
	p->mask = UINT64_MAX;
	p->edge = 0;
	p->polarity = 0;
	write_both(p, PCH_PIC_MASK, p->mask);
	write_both(p, PCH_PIC_AUTO0, 0);
	write_both(p, PCH_PIC_AUTO1, 0);
	write_both(p, PCH_PIC_EDGE, p->edge);
	write_both(p, PCH_PIC_POLARITY, p->polarity);
	write_both(p, PCH_PIC_CLEAR, UINT64_MAX);
	write_both(p, PCH_PIC_HTMSI, UINT64_MAX);
	for (unsigned i = 0; i < PCH_PIC_INPUTS_MAX; i++) {
		p->input[i] = (struct input){ .pic = p, .number = (uint8_t)i };
		if (i < p->inputs)
			mmio_write8(p->base + PCH_PIC_ROUTE + i, PCH_PIC_ROUTE_HT);
	}
	host_log(LOG_INFO, "pch-pic: %u inputs at 0x%llx, interrupts %u and up", p->inputs,
		 (unsigned long long)p->base, p->gsi_base);
	return 0;
}

int pch_pic_init(const struct loongson_intc_info *info, unsigned vector_limit)
{
	pics.count = 0;
	if (!info->pch_pic_count || !eiointc_vectors())
		return -ENODEV;
	if (info->pch_pic_count > MAX_PCH_PICS || !vector_limit ||
	    vector_limit > eiointc_vectors()) {
		host_log(LOG_ERROR, "pch-pic: %u of them below vector %u cannot be",
			 info->pch_pic_count, vector_limit);
		return -EINVAL;
	}
	for (unsigned i = 0; i < info->pch_pic_count; i++) {
		int err = pic_init(&pics.pic[i], &info->pch_pics[i]);

		if (err)
			return err;
	}
	pics.vector_limit = vector_limit;
	pics.count = info->pch_pic_count;
	return 0;
}

static struct input *find(uint32_t gsi)
{
	for (unsigned i = 0; i < pics.count; i++) {
		struct pic *p = &pics.pic[i];

		if (gsi >= p->gsi_base && gsi - p->gsi_base < p->inputs)
			return &p->input[gsi - p->gsi_base];
	}
	return NULL;
}

bool pch_pic_has(uint32_t gsi)
{
	return find(gsi);
}

/* EIOINTC handler, on the input's CPU. */
static void arrived(void *context, unsigned vector)
{
	struct input *in = context;
	struct pic *p = in->pic;
	pch_pic_handler *handler;
	void *handler_context;

	(void)vector;
	host_lock(&p->lock);
	handler = in->claimed && !in->leaving ? in->handler : NULL;
	handler_context = in->context;
	if (in->level) {
		/* Sent before it was masked, seen after: unmasking will look at the level. */
		if (p->mask & BIT64(in->number))
			handler = NULL;
		set_mask(p, in->number, true);
	} else {
		write_half(p, PCH_PIC_CLEAR, BIT64(in->number), in->number);
	}
	host_unlock(&p->lock);
	if (handler)
		handler(handler_context, p->gsi_base + in->number);
}

/* The vector of the same number when nobody has it, which makes traces easy to read. */
static int claim_vector(struct input *in, struct zone *owner, unsigned cpu)
{
	int vector = -ENOSPC;

	if (in->number < pics.vector_limit)
		vector = eiointc_claim(in->number, 1, in->pic->home, cpu, owner, arrived, in);
	if (vector == -ENOSPC)
		vector =
			eiointc_claim(0, pics.vector_limit, in->pic->home, cpu, owner, arrived, in);
	return vector;
}

int pch_pic_claim(uint32_t gsi, struct zone *owner, unsigned cpu, enum pch_pic_trigger trigger,
		  pch_pic_handler *handler, void *context)
{
	struct input *in = find(gsi);
	struct pic *p;
	uint64_t bit;
	int vector;

	if (!in || !handler)
		return -EINVAL;
	p = in->pic;
	bit = BIT64(in->number);
	host_lock(&p->lock);
	vector = in->claimed ? -EBUSY : claim_vector(in, owner, cpu);
	if (vector >= 0) {
		bool edge = trigger == PCH_PIC_EDGE_RISING || trigger == PCH_PIC_EDGE_FALLING;
		bool low = trigger == PCH_PIC_LEVEL_LOW || trigger == PCH_PIC_EDGE_FALLING;

		in->claimed = true;
		in->leaving = false;
		in->level = !edge;
		in->vector = (uint16_t)vector;
		in->owner = owner;
		in->handler = handler;
		in->context = context;
		p->edge = edge ? p->edge | bit : p->edge & ~bit;
		p->polarity = low ? p->polarity | bit : p->polarity & ~bit;
		write_half(p, PCH_PIC_EDGE, p->edge, in->number);
		write_half(p, PCH_PIC_POLARITY, p->polarity, in->number);
		mmio_write8(p->base + PCH_PIC_VECTOR + in->number, (uint8_t)vector);
		/* What was latched before anybody listened. */
		write_half(p, PCH_PIC_CLEAR, bit, in->number);
	}
	host_unlock(&p->lock);
	return vector < 0 ? vector : 0;
}

static void change_mask(uint32_t gsi, bool masked)
{
	struct input *in = find(gsi);

	if (!in)
		return;
	host_lock(&in->pic->lock);
	if (in->claimed && !in->leaving)
		set_mask(in->pic, in->number, masked);
	host_unlock(&in->pic->lock);
}

void pch_pic_unmask(uint32_t gsi)
{
	change_mask(gsi, false);
}

void pch_pic_mask(uint32_t gsi)
{
	change_mask(gsi, true);
}

int pch_pic_target(uint32_t gsi, unsigned cpu)
{
	struct input *in = find(gsi);
	int err = -EINVAL;

	if (!in)
		return err;
	host_lock(&in->pic->lock);
	if (in->claimed && !in->leaving)
		err = eiointc_target(in->vector, cpu);
	host_unlock(&in->pic->lock);
	return err;
}

int pch_pic_release(uint32_t gsi)
{
	struct input *in = find(gsi);
	struct pic *p;
	int err;

	if (!in)
		return -EINVAL;
	p = in->pic;
	host_lock(&p->lock);
	if (!in->claimed || in->leaving) {
		host_unlock(&p->lock);
		return -EINVAL;
	}
	in->leaving = true;
	set_mask(p, in->number, true);
	host_unlock(&p->lock);
	err = eiointc_release(in->vector);
	if (err)
		return err;
	host_lock(&p->lock);
	write_half(p, PCH_PIC_CLEAR, BIT64(in->number), in->number);
	in->claimed = false;
	in->owner = NULL;
	host_unlock(&p->lock);
	return 0;
}

bool pch_pic_owner(uint32_t gsi, const struct zone **owner)
{
	struct input *in = find(gsi);
	bool claimed;

	if (!in)
		return false;
	host_lock(&in->pic->lock);
	claimed = in->claimed;
	*owner = in->owner;
	host_unlock(&in->pic->lock);
	return claimed;
}
