// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SHA-256 (FIPS 180-4, sections 4.1.2, 4.2.2, 5.1.1, 5.3.3, 6.2). No locks, no allocation; any context.
 *
 * Kernels and initrds are hashed at boot and at every zone start, so the inner loop matters: eight rounds are written
 * out, which renames the working variables instead of moving them, and the message schedule is a ring of 16 words.
 */
#include <postern/manifest.h>
#include <postern/string.h>

#define BLOCK_SIZE  64u
#define LENGTH_SIZE 8u /* the message's length in bits, at the end of the last block */

_Static_assert(offsetof(struct sha256, block) % 4 == 0, "compress() reads words from the block");

static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static inline uint32_t rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static inline uint32_t load_be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, __builtin_assume_aligned(p, 4), sizeof(v));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap32(v);
#endif
	return v;
}

static inline void store_be32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* The functions of FIPS 180-4, 4.1.2. */
#define CH(x, y, z)  ((z) ^ ((x) & ((y) ^ (z))))
#define MAJ(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))
#define BIG0(x)      (rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22))
#define BIG1(x)      (rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25))
#define SMALL0(x)    (rotr(x, 7) ^ rotr(x, 18) ^ (x) >> 3)
#define SMALL1(x)    (rotr(x, 17) ^ rotr(x, 19) ^ (x) >> 10)

/* One round; the caller rotates the names. Leaves the new e in d and the new a in h. */
#define ROUND(a, b, c, d, e, f, g, h, k, word)               \
	do {                                                 \
		(h) += BIG1(e) + CH(e, f, g) + (k) + (word); \
		(d) += (h);                                  \
		(h) += BIG0(a) + MAJ(a, b, c);               \
	} while (0)

/* W(t) for t >= 16, in a ring of 16. */
#define SCHEDULE(w, t)    \
	((w)[(t) & 15] += \
	 SMALL1((w)[((t) + 14) & 15]) + (w)[((t) + 9) & 15] + SMALL0((w)[((t) + 1) & 15]))

/* block: 64 bytes, 4-byte aligned. */
static void compress(uint32_t state[8], const uint8_t *block)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
	uint32_t w[16];

	for (unsigned t = 0; t < 16; t++)
		w[t] = load_be32(block + 4 * t);
	for (unsigned t = 0; t < 64; t += 8) {
		const uint32_t *k = &round_constants[t];

		if (t >= 16)
			for (unsigned i = t; i < t + 8; i++)
				SCHEDULE(w, i);
		ROUND(a, b, c, d, e, f, g, h, k[0], w[(t + 0) & 15]);
		ROUND(h, a, b, c, d, e, f, g, k[1], w[(t + 1) & 15]);
		ROUND(g, h, a, b, c, d, e, f, k[2], w[(t + 2) & 15]);
		ROUND(f, g, h, a, b, c, d, e, k[3], w[(t + 3) & 15]);
		ROUND(e, f, g, h, a, b, c, d, k[4], w[(t + 4) & 15]);
		ROUND(d, e, f, g, h, a, b, c, k[5], w[(t + 5) & 15]);
		ROUND(c, d, e, f, g, h, a, b, k[6], w[(t + 6) & 15]);
		ROUND(b, c, d, e, f, g, h, a, k[7], w[(t + 7) & 15]);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

void sha256_init(struct sha256 *s)
{
	static const uint32_t initial[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	memcpy(s->state, initial, sizeof(initial));
	s->bytes = 0;
}

void sha256_update(struct sha256 *s, const void *data, size_t size)
{
	const uint8_t *p = data;
	size_t held = (size_t)(s->bytes % BLOCK_SIZE);

	s->bytes += size;
	if (held) {
		size_t take = size < BLOCK_SIZE - held ? size : BLOCK_SIZE - held;

		memcpy(s->block + held, p, take);
		p += take;
		size -= take;
		if (held + take < BLOCK_SIZE)
			return;
		compress(s->state, s->block);
	}
	if (is_aligned((uintptr_t)p, 4)) {
		for (; size >= BLOCK_SIZE; p += BLOCK_SIZE, size -= BLOCK_SIZE)
			compress(s->state, p);
	} else {
		for (; size >= BLOCK_SIZE; p += BLOCK_SIZE, size -= BLOCK_SIZE) {
			memcpy(s->block, p, BLOCK_SIZE);
			compress(s->state, s->block);
		}
	}
	if (size)
		memcpy(s->block, p, size);
}

void sha256_final(struct sha256 *s, uint8_t out[SHA256_SIZE])
{
	uint64_t bits = s->bytes * 8;
	size_t held = (size_t)(s->bytes % BLOCK_SIZE);

	s->block[held++] = 0x80;
	if (held > BLOCK_SIZE - LENGTH_SIZE) {
		memset(s->block + held, 0, BLOCK_SIZE - held);
		compress(s->state, s->block);
		held = 0;
	}
	memset(s->block + held, 0, BLOCK_SIZE - LENGTH_SIZE - held);
	store_be32(s->block + BLOCK_SIZE - 8, (uint32_t)(bits >> 32));
	store_be32(s->block + BLOCK_SIZE - 4, (uint32_t)bits);
	compress(s->state, s->block);
	for (unsigned i = 0; i < 8; i++)
		store_be32(out + 4 * i, s->state[i]);
}

void sha256_hex(const uint8_t digest[SHA256_SIZE], char out[2 * SHA256_SIZE + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < SHA256_SIZE; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[2 * SHA256_SIZE] = '\0';
}
