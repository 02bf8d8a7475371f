/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 (FIPS 180-4), for programs that must be static and small. `iotool sha256` checks it. */
#ifndef POSTERN_TESTS_SHA256_H
#define POSTERN_TESTS_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES       32
#define SHA256_BLOCK_BYTES 64

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes taken so far */
	uint8_t block[SHA256_BLOCK_BYTES];
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t length);

/* Ends the computation; `hex` receives 64 digits and a terminating zero. */
void sha256_final_hex(struct sha256 *s, char hex[2 * SHA256_BYTES + 1]);

#endif
