// SPDX-License-Identifier: GPL-2.0-or-later
/* The zones' SHA-256 under names of its own, beside the engine's: fuzz_sha256() in fdt.h. */
#define sha256_init      witness_init
#define sha256_update    witness_update
#define sha256_final_hex witness_final_hex
#include "../guest/sha256.c" /* NOLINT: two implementations in one program */

void fuzz_sha256(const void *data, size_t size, char hex[65]);

void fuzz_sha256(const void *data, size_t size, char hex[65])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, data, size);
	sha256_final_hex(&s, hex);
}
