// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * postern bundle: manifest, kernels and initrds in one file, each with its SHA-256 (docs/manifest.md, "The bundle").
 *
 * The tree is written straight into the mapped output file, so that images are copied once and never held in memory. The
 * file appears under its name only when it is complete.
 */
#include "postern.h"

#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALIGNMENT       8u
#define PROPERTY_HEADER sizeof(struct fdt_property)
/* Node names, property headers and strings; far more than MANIFEST_MAX_IMAGES images need. */
#define STRUCTURE_SIZE  (64 * KIB)

struct image {
	char name[MANIFEST_NAME];
	struct file file;
};

struct job {
	const char *manifest, *output;
	bool force;
	struct image images[MANIFEST_MAX_IMAGES];
	unsigned count;
};

static const struct image *find_image(const struct job *j, const char *name)
{
	for (unsigned i = 0; i < j->count; i++)
		if (!strcmp(j->images[i].name, name))
			return &j->images[i];
	return NULL;
}

static bool has_image(const void *job, const char *name)
{
	return find_image(job, name) != NULL;
}

/* "NAME=FILE" */
static int add_image(struct job *j, const char *argument)
{
	const char *equals = strchr(argument, '=');
	size_t len = equals ? (size_t)(equals - argument) : 0;
	struct image *image;

	if (!len || !equals[1])
		return cannot("\"%s\" is not an image like NAME=FILE", argument);
	if (len >= MANIFEST_NAME)
		return cannot("the name of image \"%s\" is longer than %d characters", argument,
			      MANIFEST_NAME - 1);
	if (j->count == MANIFEST_MAX_IMAGES)
		return cannot("more than %d images", MANIFEST_MAX_IMAGES);
	image = &j->images[j->count];
	memcpy(image->name, argument, len);
	image->name[len] = '\0';
	if (find_image(j, image->name))
		return cannot("two images are called %s", image->name);
	if (file_map(equals + 1, &image->file))
		return EXIT_CANNOT;
	j->count++;
	return image->file.size ? 0 : cannot("%s is empty", equals + 1);
}

static int parse_arguments(struct job *j, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char **value = !strcmp(argv[i], "-m")   ? &j->manifest
				     : !strcmp(argv[i], "-o") ? &j->output
							      : NULL;
		int status = 0;

		if (value && i + 1 < argc)
			*value = argv[++i];
		else if (!strcmp(argv[i], "--force"))
			j->force = true;
		else
			status = add_image(j, argv[i]);
		if (status)
			return status;
	}
	if (!j->manifest || !j->output)
		return cannot("bundle needs -m MANIFEST and -o BUNDLE");
	return 0;
}

/* ---- writing ---------------------------------------------------------------------------------------------------------- */

/* A property whose bytes begin at a multiple of ALIGNMENT in the file: an empty one before it moves them when need be. */
static int put_aligned(void *fdt, const char *name, const void *data, size_t size)
{
	uint32_t at = fdt_off_dt_struct(fdt) + fdt_size_dt_struct(fdt) + (uint32_t)PROPERTY_HEADER;
	void *place;
	int err = 0;

	if (at % ALIGNMENT)
		err = fdt_property(fdt, "pad", NULL, 0);
	if (!err)
		err = fdt_property_placeholder(fdt, name, (int)size, &place);
	if (!err)
		memcpy(place, data, size);
	return err;
}

static void digest_of(const void *data, size_t size, uint8_t out[SHA256_SIZE])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, data, size);
	sha256_final(&s, out);
}

static void print_digest(const char *name, size_t size, const uint8_t digest[SHA256_SIZE])
{
	char hex[2 * SHA256_SIZE + 1];

	sha256_hex(digest, hex);
	printf("  %-16s %10zu bytes  sha256 %s\n", name, size, hex);
	fflush(stdout);
}

static int put_image(void *fdt, const struct image *image)
{
	uint8_t digest[SHA256_SIZE];
	int err = fdt_begin_node(fdt, image->name);

	digest_of(image->file.data, image->file.size, digest);
	if (!err)
		err = fdt_property(fdt, "sha256", digest, sizeof(digest));
	if (!err)
		err = put_aligned(fdt, "data", image->file.data, image->file.size);
	if (!err)
		err = fdt_end_node(fdt);
	if (!err)
		print_digest(image->name, image->file.size, digest);
	return err;
}

/* Returns libfdt's error. */
static int write_tree(void *fdt, int room, const struct job *j, const struct manifest_file *m)
{
	uint8_t digest[SHA256_SIZE];
	int err = fdt_create(fdt, room);

	digest_of(m->fdt, m->size, digest);
	if (!err)
		err = fdt_finish_reservemap(fdt);
	if (!err)
		err = fdt_begin_node(fdt, "");
	if (!err)
		err = fdt_property_string(fdt, "compatible", "postern,bundle-v1");
	if (!err)
		err = fdt_property(fdt, "manifest-sha256", digest, sizeof(digest));
	if (!err)
		err = put_aligned(fdt, "manifest", m->fdt, m->size);
	if (!err)
		print_digest("(manifest)", m->size, digest);
	if (!err)
		err = fdt_begin_node(fdt, "images");
	for (unsigned i = 0; !err && i < j->count; i++)
		err = put_image(fdt, &j->images[i]);
	if (!err)
		err = fdt_end_node(fdt);
	if (!err)
		err = fdt_end_node(fdt);
	return err ? err : fdt_finish(fdt);
}

/* Fills the open file `fd`. */
static int write_file(int fd, const char *name, const struct job *j, const struct manifest_file *m)
{
	uint64_t room = STRUCTURE_SIZE + m->size;
	void *fdt;
	uint32_t used;
	int err;

	for (unsigned i = 0; i < j->count; i++)
		room += j->images[i].file.size;
	if (room > INT32_MAX)
		return cannot("the bundle would be larger than 2 GiB");
	if (ftruncate(fd, (off_t)room))
		return cannot("%s: %s", name, strerror(errno));
	fdt = mmap(NULL, (size_t)room, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fdt == MAP_FAILED)
		return cannot("%s: %s", name, strerror(errno));
	err = write_tree(fdt, (int)room, j, m);
	used = err ? 0 : fdt_totalsize(fdt);
	munmap(fdt, (size_t)room);
	if (err)
		return cannot("%s: %s", name, fdt_strerror(err));
	if (ftruncate(fd, (off_t)used))
		return cannot("%s: %s", name, strerror(errno));
	printf("%s: %u bytes\n", j->output, used);
	return 0;
}

static int write_bundle(const struct job *j, const struct manifest_file *m)
{
	char temporary[4096];
	int fd, status;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", j->output) >=
	    sizeof(temporary))
		return cannot("the name %s is too long", j->output);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return cannot("%s: %s", temporary, strerror(errno));
	status = write_file(fd, temporary, j, m);
	if (!status && fchmod(fd, 0644))
		status = cannot("%s: %s", temporary, strerror(errno));
	if (close(fd) && !status)
		status = cannot("%s: %s", temporary, strerror(errno));
	if (!status && rename(temporary, j->output))
		status = cannot("%s: %s", j->output, strerror(errno));
	if (status)
		unlink(temporary);
	return status;
}

int command_bundle(int argc, char **argv)
{
	const struct manifest_machine any = { .cpus = UINT32_MAX,
					      .memory = UINT64_MAX,
					      .layout = &zones_layout };
	struct job j = { .manifest = NULL };
	struct manifest_file m;
	int status = parse_arguments(&j, argc, argv);

	if (!status)
		status = manifest_load(j.manifest, &m);
	if (!status) {
		manifest_judge(&m, &any, has_image, &j);
		if (m.errors && !j.force) {
			fprintf(stderr,
				"postern: %s has %d error%s; no bundle made (--force makes one all the same)\n",
				j.manifest, m.errors, m.errors == 1 ? "" : "s");
			status = EXIT_ERRORS;
		} else {
			status = write_bundle(&j, &m);
		}
		manifest_unload(&m);
	}
	for (unsigned i = 0; i < j.count; i++)
		file_unmap(&j.images[i].file);
	return status;
}
