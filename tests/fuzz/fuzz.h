/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a fuzz target is made of: bytes in, properties asserted.
 *
 * A target is one function. It builds a fresh machine, takes its steps from the input, asserts after
 * each, and leaves nothing behind that a later input could see. The same object is linked twice:
 * with libFuzzer (libfuzzer.c, `make fuzz`) and with a driver that repeats a fixed set of inputs
 * (replay.c, in `make test`). A broken property ends the process.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <postern/types.h>
#include <stdio.h>
#include <stdlib.h>

typedef void fuzz_target(const uint8_t *data, size_t size);

#define FUZZ_TARGET(name) fuzz_target fuzz_##name;
#include "targets.h"
#undef FUZZ_TARGET

/* The property, where it was broken, and the figures. */
#define FUZZ_CHECK(holds, ...)                                                              \
	do {                                                                                \
		if (!(holds)) {                                                             \
			fprintf(stderr, "%s:%d: broken: %s: ", __FILE__, __LINE__, #holds); \
			fprintf(stderr, __VA_ARGS__);                                       \
			fprintf(stderr, "\n");                                              \
			abort();                                                            \
		}                                                                           \
	} while (0)

/* The input, taken from its front. Past the end everything reads 0. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

static inline uint64_t fuzz_take(struct fuzz_input *in, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes && in->left; i++, in->at++, in->left--)
		v |= (uint64_t)*in->at << 8 * i;
	return v;
}

static inline uint8_t fuzz_u8(struct fuzz_input *in)
{
	return (uint8_t)fuzz_take(in, 1);
}

static inline uint16_t fuzz_u16(struct fuzz_input *in)
{
	return (uint16_t)fuzz_take(in, 2);
}

static inline uint32_t fuzz_u32(struct fuzz_input *in)
{
	return (uint32_t)fuzz_take(in, 4);
}

/* One of 0..count-1. */
static inline unsigned fuzz_choice(struct fuzz_input *in, unsigned count)
{
	return fuzz_u8(in) % count;
}

/*
 * A register's worth of value: mostly patterns that mean something, now and then any bytes, so that
 * one byte of input is often enough.
 */
uint64_t fuzz_value(struct fuzz_input *in);

#endif
