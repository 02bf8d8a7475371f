// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A manifest file through the hypervisor's own checks, with every error printed at the line it is about.
 */
#include "postern.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

void print_error(FILE *out, const char *where, const struct manifest_error *e)
{
	fprintf(out, "%s: %s", where, e->warning ? "warning: " : "");
	if (e->zone[0])
		fprintf(out, "zone %s: ", e->zone);
	if (e->subject[0])
		fprintf(out, "%s: ", e->subject);
	fprintf(out, "%s [%s]\n\tway out: %s\n", e->text, e->rule, e->fix);
}

/* The context of both reports and has_image: the contract has one for the two. */
struct judgement {
	struct manifest_file *file;
	bool (*has_image)(const void *images, const char *name);
	const void *images;
};

static void report(void *ctx, const struct manifest_error *e)
{
	struct manifest_file *m = ((struct judgement *)ctx)->file;
	const char *place;

	if (m->is_source && !m->lines)
		m->lines = lines_load(m->name);
	place = lines_find(m->lines, e);
	print_error(stderr, place ? place : m->name, e);
	m->errors += !e->warning;
	m->warnings += e->warning;
}

static bool has_image(void *ctx, const char *name)
{
	const struct judgement *j = ctx;

	return j->has_image(j->images, name);
}

/* Compiled or source: a compiled tree says so in its first bytes. */
static int load_fdt(struct manifest_file *m)
{
	struct file f;
	int status = file_map(m->name, &f);
	char *data;

	if (status)
		return status;
	m->is_source = f.size < sizeof(fdt32_t) || fdt32_ld(f.data) != FDT_MAGIC;
	if (m->is_source) {
		data = dtc_run(m->name, false, &m->size, &status);
	} else {
		m->size = f.size;
		data = malloc(f.size);
		if (data)
			memcpy(data, f.data, f.size);
		else
			status = cannot("%s: out of memory", m->name);
	}
	file_unmap(&f);
	m->fdt = data;
	return status;
}

int manifest_load(const char *name, struct manifest_file *out)
{
	struct judgement j = { .file = out };
	int status;

	memset(out, 0, sizeof(*out));
	out->name = name;
	status = load_fdt(out);
	if (status)
		return status;
	if (manifest_parse(out->fdt, out->size, &out->manifest, report, &j) < 0) {
		manifest_unload(out);
		return EXIT_ERRORS;
	}
	return EXIT_GOOD;
}

void manifest_unload(struct manifest_file *m)
{
	free(m->fdt);
	m->fdt = NULL;
	lines_free(m->lines);
	m->lines = NULL;
}

void manifest_judge(struct manifest_file *m, const struct manifest_machine *machine,
		    bool (*image_there)(const void *images, const char *name), const void *images)
{
	struct judgement j = { .file = m, .has_image = image_there, .images = images };

	manifest_resolve(&m->manifest, machine, image_there ? has_image : NULL, report, &j);
}

static void print_device(const struct manifest_device *d)
{
	printf("    %-10s ", d->name);
	if (d->match == MATCH_BDF && d->bdf == SBDF_NONE)
		printf("not understood");
	else if (d->match == MATCH_BDF)
		printf(SBDF_FMT, SBDF_ARG(d->bdf));
	else if (d->vendor == 0xffff)
		printf("class %06x mask %06x", d->class_code, d->class_mask);
	else
		printf("%04x:%04x", d->vendor, d->device);
	if (d->match != MATCH_BDF && d->instance)
		printf(", instance %u", d->instance);
	if (d->virtual_bdf != SBDF_NONE)
		printf(" at %02x:%02x.%u", sbdf_bus(d->virtual_bdf), sbdf_dev(d->virtual_bdf),
		       sbdf_fn(d->virtual_bdf));
	putchar('\n');
}

void print_manifest(const struct manifest *m)
{
	for (unsigned i = 0; i < m->zone_count; i++) {
		const struct manifest_zone *z = &m->zones[i];

		printf("zone %s:%s %u CPU%s, %llu MiB, kernel %s, initrd %s%s%s\n", z->name,
		       z->root ? " root," : "", z->cpus, z->cpus == 1 ? "" : "s",
		       (unsigned long long)(z->memory / MIB), z->kernel,
		       z->initrd[0] ? z->initrd : "none",
		       z->autostart ? "" : ", not started by itself",
		       z->refused ? ", REFUSED" : "");
		if (z->debug_half_dma)
			printf("    note: its devices reach the lower half of its memory only (a debugging aid)\n");
		if (z->trust_dma)
			printf("    note: devices that no IOMMU translates may be given to it (not isolated)\n");
		if (z->all_unassigned)
			printf("    every device no other zone names\n");
		for (unsigned k = 0; k < z->device_count; k++)
			print_device(&z->devices[k]);
	}
}
