// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bundles, whole and damaged. They are built here with libfdt and the reference digests of three fixed contents, not with the
 * command that builds them for use.
 */
#include "manifest-errors.h"
#include "unit.h"

#include <libfdt.h>
#include <postern/errno.h>
#include <stdlib.h>

#define ROOM 8192

/* What the bundles hold: bytes whose digests are known from elsewhere (FIPS 180-4 and sha256sum). */
static const char manifest_bytes[] = "abc";
static const char kernel_bytes[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
static uint8_t initrd_bytes[1000]; /* zeroes */

static const uint8_t manifest_digest[SHA256_SIZE] = {
	0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
	0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
	0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
};
static const uint8_t kernel_digest[SHA256_SIZE] = {
	0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26,
	0x93, 0x0c, 0x3e, 0x60, 0x39, 0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff,
	0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1,
};
static const uint8_t initrd_digest[SHA256_SIZE] = {
	0x54, 0x1b, 0x3e, 0x9d, 0xaa, 0x09, 0xb2, 0x0b, 0xf8, 0x5f, 0xa2,
	0x73, 0xe5, 0xcb, 0xd3, 0xe8, 0x01, 0x85, 0xaa, 0x4e, 0xc2, 0x98,
	0xe7, 0x65, 0xdb, 0x87, 0x74, 0x2b, 0x70, 0x13, 0x8a, 0x53,
};

#define MANIFEST_SIZE (sizeof(manifest_bytes) - 1)
#define KERNEL_SIZE   (sizeof(kernel_bytes) - 1)

/* What a bundle is built of; the default is in order. */
struct recipe {
	const char *version;
	bool no_manifest, no_images;
	unsigned manifest_offset; /* of the bytes' place, modulo 8 */
	size_t digest_size;
	const char *kernel_name;
	size_t kernel_size;
	unsigned more_images;
};

static const struct recipe good = {
	.version = "postern,bundle-v1",
	.digest_size = SHA256_SIZE,
	.kernel_name = "linux",
	.kernel_size = KERNEL_SIZE,
};

static void put_image(void *fdt, const char *name, const void *data, size_t size,
		      const uint8_t *digest, size_t digest_size)
{
	fdt_begin_node(fdt, name);
	fdt_property(fdt, "data", data, (int)size);
	fdt_property(fdt, "sha256", digest, (int)digest_size);
	fdt_end_node(fdt);
}

/* A bundle in a block of its exact size. */
static uint8_t *build(const struct recipe *r, size_t *size)
{
	void *fdt = calloc(1, ROOM);
	uint8_t *exact;

	fdt_create(fdt, ROOM);
	fdt_finish_reservemap(fdt);
	fdt_begin_node(fdt, "");
	fdt_property(fdt, "compatible", r->version, (int)strlen(r->version) + 1);
	fdt_property(fdt, "manifest-sha256", manifest_digest, (int)r->digest_size);
	/* A property's header has 12 bytes: an empty one in front moves the next one's bytes by half of 8. */
	if ((fdt_off_dt_struct(fdt) + fdt_size_dt_struct(fdt) + 12 - r->manifest_offset) % 8)
		fdt_property(fdt, "pad", NULL, 0);
	if (!r->no_manifest)
		fdt_property(fdt, "manifest", manifest_bytes, (int)MANIFEST_SIZE);
	if (!r->no_images) {
		fdt_begin_node(fdt, "images");
		put_image(fdt, r->kernel_name, kernel_bytes, r->kernel_size, kernel_digest,
			  SHA256_SIZE);
		put_image(fdt, "initrd", initrd_bytes, sizeof(initrd_bytes), initrd_digest,
			  SHA256_SIZE);
		for (unsigned i = 0; i < r->more_images; i++) {
			char name[16];

			snprintf(name, sizeof(name), "more%u", i);
			put_image(fdt, name, kernel_bytes, KERNEL_SIZE, kernel_digest, SHA256_SIZE);
		}
		fdt_end_node(fdt);
	}
	fdt_end_node(fdt);
	CU_ASSERT_EQUAL_FATAL(fdt_finish(fdt), 0);
	*size = fdt_totalsize(fdt);
	exact = malloc(*size);
	memcpy(exact, fdt, *size);
	free(fdt);
	return exact;
}

static int open_recipe(const struct recipe *r, struct bundle *b, struct errors *errors,
		       uint8_t **data)
{
	size_t size;

	*data = build(r, &size);
	memset(errors, 0, sizeof(*errors));
	return bundle_open(*data, size, b, collect_error, errors);
}

/* Where a byte string lies in a bundle. */
static size_t offset_of(const uint8_t *bundle, size_t size, const void *bytes, size_t length)
{
	for (size_t at = 0; at + length <= size; at++)
		if (!memcmp(bundle + at, bytes, length))
			return at;
	CU_FAIL_FATAL("the bundle does not hold it");
	return 0;
}

static void a_whole_bundle_is_read(void)
{
	static struct errors errors;
	struct bundle b;
	uint8_t *data;
	const struct bundle_image *kernel, *initrd;

	CU_ASSERT_EQUAL_FATAL(open_recipe(&good, &b, &errors, &data), 0);
	CU_ASSERT_EQUAL(errors.count, 0);
	CU_ASSERT_EQUAL(b.manifest_size, MANIFEST_SIZE);
	CU_ASSERT_EQUAL(memcmp(b.manifest, manifest_bytes, MANIFEST_SIZE), 0);
	CU_ASSERT_EQUAL((uintptr_t)b.manifest % 8, 0);
	CU_ASSERT_EQUAL(b.image_count, 2);
	kernel = bundle_find(&b, "linux");
	initrd = bundle_find(&b, "initrd");
	CU_ASSERT_PTR_NOT_NULL_FATAL(kernel);
	CU_ASSERT_PTR_NOT_NULL_FATAL(initrd);
	CU_ASSERT_EQUAL(kernel->size, KERNEL_SIZE);
	CU_ASSERT_EQUAL(memcmp(kernel->data, kernel_bytes, KERNEL_SIZE), 0);
	CU_ASSERT_EQUAL(memcmp(kernel->sha256, kernel_digest, SHA256_SIZE), 0);
	CU_ASSERT_EQUAL(initrd->size, sizeof(initrd_bytes));
	CU_ASSERT_EQUAL(memcmp(initrd->sha256, initrd_digest, SHA256_SIZE), 0);
	/* Not copies. */
	CU_ASSERT_TRUE((const uint8_t *)kernel->data > data &&
		       (const uint8_t *)initrd->data > data);
	CU_ASSERT_PTR_NULL(bundle_find(&b, "linu"));
	CU_ASSERT_PTR_NULL(bundle_find(&b, ""));
	free(data);
}

static void a_bundle_cut_short_anywhere_is_refused(void)
{
	size_t size;
	uint8_t *whole = build(&good, &size);

	for (size_t cut = 0; cut < size; cut++) {
		static struct errors errors;
		uint8_t *part = malloc(cut ? cut : 1); /* so that a read past the cut is noticed */
		struct bundle b;

		memcpy(part, whole, cut);
		errors.count = 0;
		CU_ASSERT_EQUAL(bundle_open(part, cut, &b, collect_error, &errors), -EBADMSG);
		CU_ASSERT_STRING_EQUAL(error_line(&errors, 0), "bundle-format - -");
		CU_ASSERT_EQUAL(b.image_count, 0);
		free(part);
	}
	free(whole);
}

/* What stands behind a bundle is none of its business: a loader may round up. */
static void bytes_behind_the_bundle_are_ignored(void)
{
	static struct errors errors;
	size_t size;
	uint8_t *data = build(&good, &size), *longer = calloc(1, size + 100);
	struct bundle b;

	memcpy(longer, data, size);
	CU_ASSERT_EQUAL(bundle_open(longer, size + 100, &b, collect_error, &errors), 0);
	CU_ASSERT_EQUAL(errors.count, 0);
	CU_ASSERT_EQUAL(b.image_count, 2);
	free(longer);
	free(data);
}

/* Whichever bit is wrong: what is handed out is what was put in, or it is not handed out. */
static void no_single_flipped_bit_gets_through(void)
{
	size_t size;
	uint8_t *data = build(&good, &size);

	for (size_t bit = 0; bit < 8 * size; bit++) {
		struct bundle b;

		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (bundle_open(data, size, &b, NULL, NULL) == 0) {
			CU_ASSERT_EQUAL(b.manifest_size, MANIFEST_SIZE);
			CU_ASSERT_EQUAL(memcmp(b.manifest, manifest_bytes, MANIFEST_SIZE), 0);
			for (unsigned i = 0; i < b.image_count; i++) {
				const struct bundle_image *image = &b.images[i];
				bool is_kernel = image->size == KERNEL_SIZE &&
						 !memcmp(image->data, kernel_bytes, KERNEL_SIZE);
				bool is_initrd =
					image->size == sizeof(initrd_bytes) &&
					!memcmp(image->data, initrd_bytes, sizeof(initrd_bytes));

				CU_ASSERT_TRUE(is_kernel || is_initrd);
			}
		}
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(data);
}

static void a_damaged_image_is_left_out_and_named(void)
{
	static struct errors errors;
	size_t size;
	uint8_t *data = build(&good, &size);
	struct bundle b;

	data[offset_of(data, size, kernel_bytes, KERNEL_SIZE) + KERNEL_SIZE - 1] ^= 0x80;
	errors.count = 0;
	CU_ASSERT_EQUAL(bundle_open(data, size, &b, collect_error, &errors), 0);
	CU_ASSERT_EQUAL(errors.count, 1);
	CU_ASSERT_STRING_EQUAL(error_line(&errors, 0), "bundle-image-checksum - linux");
	CU_ASSERT_PTR_NULL(bundle_find(&b, "linux"));
	CU_ASSERT_PTR_NOT_NULL(bundle_find(&b, "initrd"));
	/* The figures are in the message. */
	CU_ASSERT_PTR_NOT_NULL(strstr(errors.e[0].text, "248d6a61d20638b8"));
	free(data);
}

static void a_damaged_manifest_makes_the_bundle_useless(void)
{
	static struct errors errors;
	size_t size;
	uint8_t *data = build(&good, &size);
	struct bundle b;

	data[offset_of(data, size, manifest_bytes, MANIFEST_SIZE)] ^= 1;
	errors.count = 0;
	CU_ASSERT_EQUAL(bundle_open(data, size, &b, collect_error, &errors), -EBADMSG);
	CU_ASSERT_EQUAL(errors.count, 1);
	CU_ASSERT_STRING_EQUAL(error_line(&errors, 0), "bundle-manifest-checksum - manifest");
	CU_ASSERT_PTR_NULL(b.manifest);
	CU_ASSERT_EQUAL(b.image_count, 0);
	free(data);
}

static void what_does_not_belong_is_refused_by_rule(void)
{
	static const char *const long_name = "an-image-with-a-name-that-is-too-long";
	const struct {
		struct recipe recipe;
		int result;
		unsigned images;
		const char *error;
	} cases[] = {
		{ .recipe = { .version = "postern,bundle-v2",
			      .digest_size = SHA256_SIZE,
			      .kernel_name = "linux",
			      .kernel_size = KERNEL_SIZE },
		  .result = -EBADMSG,
		  .error = "bundle-version - compatible" },
		{ .recipe = { .version = good.version,
			      .digest_size = SHA256_SIZE,
			      .kernel_name = "linux",
			      .kernel_size = KERNEL_SIZE,
			      .no_manifest = true },
		  .result = -EBADMSG,
		  .error = "bundle-content - manifest" },
		{ .recipe = { .version = good.version,
			      .digest_size = SHA256_SIZE - 1,
			      .kernel_name = "linux",
			      .kernel_size = KERNEL_SIZE },
		  .result = -EBADMSG,
		  .error = "bundle-content - manifest-sha256" },
		{ .recipe = { .version = good.version,
			      .digest_size = SHA256_SIZE,
			      .kernel_name = "linux",
			      .kernel_size = KERNEL_SIZE,
			      .manifest_offset = 4 },
		  .result = -EBADMSG,
		  .error = "bundle-content - manifest" },
		{ .recipe = { .version = good.version,
			      .digest_size = SHA256_SIZE,
			      .kernel_name = "linux",
			      .kernel_size = KERNEL_SIZE,
			      .no_images = true },
		  .result = 0,
		  .images = 0,
		  .error = "bundle-content - images" },
		{ .recipe = { .version = good.version,
			      .digest_size = SHA256_SIZE,
			      .kernel_name = "linux" },
		  .result = 0,
		  .images = 1,
		  .error = "bundle-content - linux" },
		{ .recipe = { .version = good.version,
			      .digest_size = SHA256_SIZE,
			      .kernel_name = long_name,
			      .kernel_size = KERNEL_SIZE },
		  .result = 0,
		  .images = 1,
		  .error = "bundle-content - an-image-with-a-name-that-is-too-long" },
		{ .recipe = { .version = good.version,
			      .digest_size = SHA256_SIZE,
			      .kernel_name = "",
			      .kernel_size = KERNEL_SIZE },
		  .result = 0,
		  .images = 1,
		  .error = "bundle-content - -" },
		{ .recipe = { .version = good.version,
			      .digest_size = SHA256_SIZE,
			      .kernel_name = "\033[2J",
			      .kernel_size = KERNEL_SIZE },
		  .result = 0,
		  .images = 1,
		  .error = "bundle-content - ?[2J" },
		{ .recipe = { .version = good.version,
			      .digest_size = SHA256_SIZE,
			      .kernel_name = "initrd",
			      .kernel_size = KERNEL_SIZE },
		  .result = 0,
		  .images = 1,
		  .error = "bundle-content - initrd" },
		{ .recipe = { .version = good.version,
			      .digest_size = SHA256_SIZE,
			      .kernel_name = "linux",
			      .kernel_size = KERNEL_SIZE,
			      .more_images = MANIFEST_MAX_IMAGES - 1 },
		  .result = 0,
		  .images = MANIFEST_MAX_IMAGES,
		  .error = "bundle-too-many-images - more14" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		static struct errors errors;
		struct bundle b;
		uint8_t *data;

		CU_ASSERT_EQUAL(open_recipe(&cases[i].recipe, &b, &errors, &data), cases[i].result);
		CU_ASSERT_EQUAL(errors.count, 1);
		CU_ASSERT_STRING_EQUAL(error_line(&errors, 0), cases[i].error);
		CU_ASSERT_EQUAL(b.image_count, cases[i].images);
		free(data);
	}
}

void suite_bundle(void)
{
	static const struct unit_test tests[] = {
		TEST(a_whole_bundle_is_read),
		TEST(a_bundle_cut_short_anywhere_is_refused),
		TEST(bytes_behind_the_bundle_are_ignored),
		TEST(no_single_flipped_bit_gets_through),
		TEST(a_damaged_image_is_left_out_and_named),
		TEST(a_damaged_manifest_makes_the_bundle_useless),
		TEST(what_does_not_belong_is_refused_by_rule),
	};

	unit_suite("bundle", tests, ARRAY_SIZE(tests));
}
