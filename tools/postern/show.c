// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * postern show: verifies a bundle exactly as the hypervisor does at boot and lists what is in it.
 */
#include "postern.h"

#include <string.h>

struct showing {
	const char *name;
	const struct bundle *bundle;
	int errors;
};

static void report(void *ctx, const struct manifest_error *e)
{
	struct showing *s = ctx;

	print_error(stderr, s->name, e);
	s->errors += !e->warning;
}

static bool has_image(void *ctx, const char *name)
{
	return bundle_find(((struct showing *)ctx)->bundle, name) != NULL;
}

static void print_images(const struct bundle *b)
{
	for (unsigned i = 0; i < b->image_count; i++) {
		char hex[2 * SHA256_SIZE + 1];

		sha256_hex(b->images[i].sha256, hex);
		printf("image %-16s %10llu bytes  sha256 %s\n", b->images[i].name,
		       (unsigned long long)b->images[i].size, hex);
	}
}

int command_show(int argc, char **argv)
{
	const struct manifest_machine any = { .cpus = UINT32_MAX,
					      .memory = UINT64_MAX,
					      .layout = &zones_layout };
	struct manifest manifest;
	struct bundle bundle;
	struct showing s = { .bundle = &bundle };
	struct file f;
	int status;

	if (argc != 1)
		return cannot("show takes one BUNDLE");
	s.name = argv[0];
	status = file_map(argv[0], &f);
	if (status)
		return status;
	if (!bundle_open(f.data, f.size, &bundle, report, &s)) {
		if (manifest_parse(bundle.manifest, bundle.manifest_size, &manifest, report, &s) >=
		    0) {
			manifest_resolve(&manifest, &any, has_image, report, &s);
			print_manifest(&manifest);
		}
		print_images(&bundle);
	}
	printf("%s: %s\n", argv[0], s.errors ? "has errors" : "in order");
	file_unmap(&f);
	return s.errors ? EXIT_ERRORS : EXIT_GOOD;
}
