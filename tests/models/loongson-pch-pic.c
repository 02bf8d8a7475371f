// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bridge's PCH-PIC: see loongson-irq.h. Offsets and rules from
 * docs/hardware/loongson-interrupts.md, "PCH-PIC registers".
 */
#include "loongson-irq-private.h"

#include "host.h"

#include <string.h>

static struct {
	unsigned inputs;
	bool emulator;
	uint64_t level, active; /* of the wire; and as polarity has it */
	uint64_t mask, htmsi, edge, polarity, irr, isr, auto0, auto1;
	uint8_t route[64], vector[64];
} pic;

/* An input is requested; it is sent when it is not masked. */
static void evaluate(unsigned input)
{
	uint64_t bit = (uint64_t)1 << input;

	if (!(pic.irr & bit) || pic.mask & bit)
		return;
	if (pic.route[input] != 1 || !(pic.htmsi & bit))
		model_fail("PCH-PIC: input %u fires and is not routed to the EIOINTC", input);
	pic.isr |= bit;
	model_eio_raise(pic.vector[input]);
}

static void withdraw(unsigned input)
{
	uint64_t bit = (uint64_t)1 << input;

	if (!(pic.irr & bit) || pic.mask & bit)
		pic.isr &= ~bit;
}

/* The input's level or the meaning of it has changed. */
static void sample(unsigned input)
{
	uint64_t bit = (uint64_t)1 << input;
	bool active = ((pic.level ^ pic.polarity) & bit) != 0, was = (pic.active & bit) != 0;

	pic.active = active ? pic.active | bit : pic.active & ~bit;
	if (active && !was) {
		pic.irr |= bit;
		evaluate(input);
	} else if (!active && !(pic.edge & bit)) {
		pic.irr &= ~bit;
		withdraw(input);
	}
}

void model_pch_line(unsigned input, bool level)
{
	uint64_t bit = (uint64_t)1 << input;

	pic.level = level ? pic.level | bit : pic.level & ~bit;
	sample(input);
}

static uint64_t *word_register(uint64_t offset)
{
	switch (offset & ~(uint64_t)4) {
	case 0x020:
		return &pic.mask;
	case 0x040:
		return &pic.htmsi;
	case 0x060:
		return &pic.edge;
	case 0x0c0:
		return &pic.auto0;
	case 0x0e0:
		return &pic.auto1;
	case 0x380:
		return &pic.irr;
	case 0x3a0:
		return &pic.isr;
	case 0x3e0:
		return &pic.polarity;
	default:
		return NULL;
	}
}

static uint64_t read_register(void *ctx, uint64_t offset, unsigned size)
{
	const uint64_t *word = word_register(offset);

	(void)ctx;
	if (size == 1 && offset >= 0x100 && offset < 0x140)
		return pic.route[offset - 0x100];
	if (size == 1 && offset >= 0x200 && offset < 0x240)
		return pic.vector[offset - 0x200];
	if (size == 4 && offset == 0)
		return 0x07000000;
	if (size == 4 && offset == 4)
		return (uint64_t)(pic.inputs - 1) << 16 | 1;
	if (size != 4 || !word) {
		model_fail("PCH-PIC: %u-byte read of 0x%llx", size, (unsigned long long)offset);
		return 0;
	}
	return *word >> 8 * (offset & 4) & UINT32_MAX;
}

static void mask_written(uint64_t before)
{
	for (unsigned i = 0; i < 64; i++) {
		if (!((before ^ pic.mask) >> i & 1))
			continue;
		evaluate(i);
		withdraw(i);
		if (pic.emulator)
			return;
	}
}

static void write_register(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	uint64_t *word = word_register(offset), before;
	unsigned shift = 8 * (offset & 4);

	(void)ctx;
	model_irq_note(true, (uint32_t)offset, size, value);
	if (size == 1 && offset >= 0x100 && offset < 0x140) {
		pic.route[offset - 0x100] = (uint8_t)value;
	} else if (size == 1 && offset >= 0x200 && offset < 0x240) {
		pic.vector[offset - 0x200] = (uint8_t)value;
	} else if (size == 4 && (offset & ~(uint64_t)4) == 0x080) {
		uint64_t bits = value << shift & pic.edge;

		pic.irr &= ~bits;
		for (unsigned i = 0; i < 64; i++)
			if (bits >> i & 1)
				withdraw(i);
	} else if (size == 4 && word && word != &pic.irr && word != &pic.isr) {
		before = *word;
		*word = (*word & ~((uint64_t)UINT32_MAX << shift)) | value << shift;
		if (word == &pic.mask)
			mask_written(before);
		for (unsigned i = 0; i < 64 && word == &pic.polarity; i++)
			if ((before ^ *word) >> i & 1)
				sample(i);
	} else {
		model_fail("PCH-PIC: %u-byte write of 0x%llx", size, (unsigned long long)offset);
	}
}

void model_pch_pic_add(const struct model_loongson_irq_config *config)
{
	static const struct model_mmio_ops ops = { read_register, write_register };

	memset(&pic, 0, sizeof(pic));
	pic.inputs = config->inputs ? config->inputs : 64;
	pic.emulator = config->emulator;
	pic.mask = UINT64_MAX;
	/* What earlier software may have left. */
	memset(pic.vector, 0xff, sizeof(pic.vector));
	model_mmio_add(config->pch_pic, 0x400, &ops, NULL);
}

bool model_pch_masked(unsigned input)
{
	return pic.mask >> input & 1;
}

uint8_t model_pch_vector(unsigned input)
{
	return pic.vector[input];
}
