// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading a bundle: one device tree that carries the manifest and every image with its SHA-256 (docs/manifest.md, "The
 * bundle"). `postern bundle` writes it (tools/postern).
 *
 *   / { compatible = "postern,bundle-v1"; manifest = [...]; manifest-sha256 = [32 bytes];
 *       images { NAME { data = [...]; sha256 = [32 bytes]; }; ... }; }
 *
 * The bundle is untrusted until its checksums match; the structure around the checksummed bytes is checked by walking it
 * whole before anything is used. Properties named `pad` may stand anywhere: they align what follows them.
 *
 * No locks, no allocation; boot, or the host tool.
 */
#include "manifest-rules.h"

#include <postern/errno.h>
#include <postern/fdt.h>
#include <postern/string.h>

#include <libfdt.h>

#define BUNDLE_COMPATIBLE  "postern,bundle-v1"
#define MANIFEST_ALIGNMENT 8u /* libfdt reads 64-bit values in place */

struct reader {
	struct manifest_check check; /* first: errors are reported through it */
	const void *fdt;
};

/* Non-empty bytes; NULL when the property is not there or empty. */
static const void *read_bytes(const struct reader *r, int node, const char *name, uint64_t *size)
{
	int len;
	const void *data = fdt_getprop(r->fdt, node, name, &len);

	if (!data || len <= 0)
		return NULL;
	*size = (uint64_t)len;
	return data;
}

static const uint8_t *read_digest(const struct reader *r, int node, const char *name)
{
	uint64_t size;
	const uint8_t *digest = read_bytes(r, node, name, &size);

	return digest && size == SHA256_SIZE ? digest : NULL;
}

/* True when data's digest is `expected`; the digest found goes to *found. */
static bool digest_matches(const void *data, uint64_t size, const uint8_t *expected,
			   uint8_t found[SHA256_SIZE])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, data, (size_t)size);
	sha256_final(&s, found);
	return !memcmp(found, expected, SHA256_SIZE);
}

/* The first digits are enough to tell two digests apart in a message. */
#define DIGEST_SHOWN 16

static void refuse_digest(struct reader *r, enum manifest_rule rule, const char *subject,
			  const uint8_t *expected, const uint8_t *found)
{
	char want[2 * SHA256_SIZE + 1], have[2 * SHA256_SIZE + 1];

	sha256_hex(expected, want);
	sha256_hex(found, have);
	manifest_refuse(&r->check, rule, subject, "SHA-256 is %.*s..., the bundle says %.*s...",
			DIGEST_SHOWN, have, DIGEST_SHOWN, want);
}

static int open_manifest(struct reader *r, struct bundle *out)
{
	uint8_t found[SHA256_SIZE];
	const uint8_t *expected = read_digest(r, 0, "manifest-sha256");

	out->manifest = read_bytes(r, 0, "manifest", &out->manifest_size);
	if (!out->manifest || !expected) {
		manifest_refuse(&r->check, RULE_BUNDLE_CONTENT,
				out->manifest ? "manifest-sha256" : "manifest",
				"the property is missing or has the wrong length");
		return -EBADMSG;
	}
	if (!is_aligned((uintptr_t)out->manifest, MANIFEST_ALIGNMENT)) {
		manifest_refuse(&r->check, RULE_BUNDLE_CONTENT, "manifest",
				"it does not begin at a multiple of %u bytes", MANIFEST_ALIGNMENT);
		return -EBADMSG;
	}
	if (!digest_matches(out->manifest, out->manifest_size, expected, found)) {
		refuse_digest(r, RULE_BUNDLE_MANIFEST_CHECKSUM, "manifest", expected, found);
		return -EBADMSG;
	}
	return 0;
}

/* An image that is damaged is reported and left out; the others are still good. */
static void open_image(struct reader *r, int node, struct bundle *out)
{
	const char *name = fdt_get_name(r->fdt, node, NULL);
	const uint8_t *expected = read_digest(r, node, "sha256");
	struct bundle_image image;

	image.data = read_bytes(r, node, "data", &image.size);
	if (!image.data || !expected) {
		manifest_refuse(&r->check, RULE_BUNDLE_CONTENT, name,
				"the image has no %s, or one of the wrong length",
				image.data ? "sha256" : "data");
		return;
	}
	if (!manifest_is_name(name)) {
		manifest_refuse(&r->check, RULE_BUNDLE_CONTENT, name,
				"the image's name has %zu characters, or one that no manifest can "
				"write",
				strlen(name));
		return;
	}
	if (bundle_find(out, name)) {
		manifest_refuse(&r->check, RULE_BUNDLE_CONTENT, name,
				"there are two images of this name");
		return;
	}
	if (out->image_count == MANIFEST_MAX_IMAGES) {
		manifest_refuse(&r->check, RULE_BUNDLE_TOO_MANY_IMAGES, name,
				"it comes after %d others, the limit", MANIFEST_MAX_IMAGES);
		return;
	}
	if (!digest_matches(image.data, image.size, expected, image.sha256)) {
		refuse_digest(r, RULE_BUNDLE_IMAGE_CHECKSUM, name, expected, image.sha256);
		return;
	}
	format_text(image.name, sizeof(image.name), "%s", name);
	out->images[out->image_count++] = image;
}

int bundle_open(const void *data, uint64_t size, struct bundle *out, manifest_report report,
		void *ctx)
{
	struct reader r = { .check = { .report = report, .ctx = ctx }, .fdt = data };
	const char *why;
	int images, image;

	memset(out, 0, sizeof(*out));
	if (dt_verify(data, size, NULL, &why)) {
		manifest_refuse(&r.check, RULE_BUNDLE_FORMAT, "",
				"%llu bytes are not a complete bundle: %s",
				(unsigned long long)size, why);
		return -EBADMSG;
	}
	if (!dt_compatible(data, 0, BUNDLE_COMPATIBLE)) {
		manifest_refuse(&r.check, RULE_BUNDLE_VERSION, "compatible",
				"the root node does not say \"%s\"", BUNDLE_COMPATIBLE);
		return -EBADMSG;
	}
	if (open_manifest(&r, out)) {
		memset(out, 0, sizeof(*out));
		return -EBADMSG;
	}
	images = fdt_subnode_offset(data, 0, "images");
	if (images < 0)
		manifest_refuse(&r.check, RULE_BUNDLE_CONTENT, "images",
				"there is no node `images`");
	else
		fdt_for_each_subnode(image, data, images)
			open_image(&r, image, out);
	return 0;
}

const struct bundle_image *bundle_find(const struct bundle *b, const char *name)
{
	for (unsigned i = 0; i < b->image_count; i++)
		if (!strcmp(b->images[i].name, name))
			return &b->images[i];
	return NULL;
}
