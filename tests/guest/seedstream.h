/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The test stream: bytes that follow from a 64-bit seed, computable from any offset.
 *
 * It is the SplitMix64 generator (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
 * Generators", OOPSLA 2014) used with a counter instead of a running state. With mix() its finalizer
 * and G = 0x9e3779b97f4a7c15:
 *
 *	base        = mix(seed + G)
 *	word(i)     = mix(base + (i + 1) * G)          (mod 2^64)
 *	byte(8i+k)  = word(i) >> 8k & 0xff             (little-endian)
 *
 * The writer and the verifier run on different machines (inside a zone and outside of it), and agree
 * on nothing but the seed. `iotool stream` prints it.
 */
#ifndef POSTERN_TESTS_SEEDSTREAM_H
#define POSTERN_TESTS_SEEDSTREAM_H

#include <stddef.h>
#include <stdint.h>

#define SEEDSTREAM_GAMMA UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t seedstream_mix(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Writes `length` bytes of the stream of `seed`, starting `offset` bytes into it, to `out`. */
static inline void seedstream_fill(uint64_t seed, uint64_t offset, void *out, size_t length)
{
	uint64_t base = seedstream_mix(seed + SEEDSTREAM_GAMMA);
	uint8_t *p = out;

	while (length != 0) {
		uint64_t word = seedstream_mix(base + (offset / 8 + 1) * SEEDSTREAM_GAMMA);

		for (unsigned k = (unsigned)(offset % 8); k < 8 && length != 0; k++) {
			*p++ = (uint8_t)(word >> 8 * k);
			offset++;
			length--;
		}
	}
}

#endif
