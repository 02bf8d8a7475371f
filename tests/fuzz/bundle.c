// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes as a bundle: what bundle_open() lets pass lies inside the bytes, is named once, and has the
 * digest that stands beside it, by a second implementation of SHA-256. Its manifest is read as the
 * hypervisor would.
 */
#include "fdt.h"

#include <libfdt.h>
#include <string.h>

static bool inside(const void *p, uint64_t length, const void *fdt, size_t size)
{
	return range_inside((uintptr_t)p, length, (uintptr_t)fdt, size);
}

static void check_digest(const char *what, const void *data, uint64_t size, const uint8_t *expected)
{
	char hex[65], wanted[65];

	fuzz_sha256(data, (size_t)size, hex);
	for (unsigned i = 0; i < SHA256_SIZE; i++)
		snprintf(wanted + 2 * i, 3, "%02x", expected[i]);
	FUZZ_CHECK(!strcmp(hex, wanted), "%s is damaged and passes", what);
}

static void check_bundle(const struct bundle *b, const void *fdt, size_t size)
{
	int length;
	const void *digest = fdt_getprop(fdt, 0, "manifest-sha256", &length);

	FUZZ_CHECK(inside(b->manifest, b->manifest_size, fdt, size) &&
			   is_aligned((uintptr_t)b->manifest, 8),
		   "the manifest is outside, or askew");
	FUZZ_CHECK(digest && length == SHA256_SIZE, "a manifest without digest");
	check_digest("the manifest", b->manifest, b->manifest_size, digest);
	FUZZ_CHECK(b->image_count <= MANIFEST_MAX_IMAGES, "%u images", b->image_count);
	for (unsigned i = 0; i < b->image_count; i++) {
		const struct bundle_image *image = &b->images[i];

		FUZZ_CHECK(memchr(image->name, 0, sizeof(image->name)) && image->name[0],
			   "a name without an end");
		FUZZ_CHECK(image->size && inside(image->data, image->size, fdt, size),
			   "image %s is outside", image->name);
		check_digest(image->name, image->data, image->size, image->sha256);
		FUZZ_CHECK(bundle_find(b, image->name) == image, "two images %s", image->name);
	}
}

void fuzz_bundle(const uint8_t *data, size_t size)
{
	static const struct bundle none;
	static struct manifest m;
	struct bundle b;
	unsigned reported = 0;
	size_t length;
	void *fdt = fuzz_fdt(data, size, &length);
	int err;

	memset(&b, 0xa5, sizeof(b));
	err = bundle_open(fdt, length, &b, fuzz_report, &reported);
	if (err) {
		FUZZ_CHECK(reported, "refused without a word");
		FUZZ_CHECK(!b.manifest && b.image_count == none.image_count,
			   "refused, and filled in");
	} else {
		check_bundle(&b, fdt, length);
		manifest_parse(b.manifest, b.manifest_size, &m, fuzz_report, &reported);
	}
	free(fdt);
}
