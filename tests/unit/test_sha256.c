// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SHA-256 against published vectors: FIPS 180-4's examples (csrc.nist.gov, "SHA256.pdf") and the NIST CAVP byte vectors for the
 * lengths around a block's end.
 */
#include "unit.h"

#include <postern/manifest.h>
#include <stdlib.h>
#include <string.h>

static const char *hex_of(struct sha256 *s)
{
	static char hex[2 * SHA256_SIZE + 1];
	uint8_t digest[SHA256_SIZE];

	sha256_final(s, digest);
	sha256_hex(digest, hex);
	return hex;
}

static const char *digest(const void *data, size_t size)
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, data, size);
	return hex_of(&s);
}

static void published_vectors(void)
{
	static const struct {
		const char *message, *digest;
	} vectors[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
		  "nopqrstu",
		  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		CU_ASSERT_STRING_EQUAL(digest(vectors[i].message, strlen(vectors[i].message)),
				       vectors[i].digest);
}

/* FIPS 180-4's examples of zeroes: one block's padding and around it. */
static void zeroes_of_lengths_around_a_block(void)
{
	static const struct {
		size_t length;
		const char *digest;
	} vectors[] = {
		{ 55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7" },
		{ 56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb" },
		{ 57, "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785" },
		{ 64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b" },
		{ 1000, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53" },
	};
	uint8_t zeroes[1000] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		CU_ASSERT_STRING_EQUAL(digest(zeroes, vectors[i].length), vectors[i].digest);
}

static void a_million_times_a(void)
{
	char piece[1000];
	struct sha256 s;

	memset(piece, 'a', sizeof(piece));
	sha256_init(&s);
	for (unsigned i = 0; i < 1000; i++)
		sha256_update(&s, piece, sizeof(piece));
	CU_ASSERT_STRING_EQUAL(hex_of(&s),
			       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* However the bytes come in, and wherever they lie, the digest is the same. */
static void pieces_and_alignment_do_not_matter(void)
{
	char *data = malloc(1024), whole[2 * SHA256_SIZE + 1];

	for (size_t i = 0; i < 1024; i++)
		data[i] = (char)(i * 7 + i / 256);
	for (size_t start = 0; start < 8; start++) {
		strcpy(whole, digest(data + start, 500));
		for (size_t piece = 1; piece <= 130; piece++) {
			struct sha256 s;

			sha256_init(&s);
			for (size_t at = 0; at < 500; at += piece)
				sha256_update(&s, data + start + at,
					      at + piece > 500 ? 500 - at : piece);
			CU_ASSERT_STRING_EQUAL(hex_of(&s), whole);
		}
	}
	free(data);
}

static void every_bit_matters(void)
{
	uint8_t data[130] = { 0 };
	char clean[2 * SHA256_SIZE + 1];

	strcpy(clean, digest(data, sizeof(data)));
	for (size_t bit = 0; bit < 8 * sizeof(data); bit++) {
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CU_ASSERT_STRING_NOT_EQUAL(digest(data, sizeof(data)), clean);
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

void suite_sha256(void)
{
	static const struct unit_test tests[] = {
		TEST(published_vectors), TEST(zeroes_of_lengths_around_a_block),
		TEST(a_million_times_a), TEST(pieces_and_alignment_do_not_matter),
		TEST(every_bit_matters),
	};

	unit_suite("sha256", tests, ARRAY_SIZE(tests));
}
