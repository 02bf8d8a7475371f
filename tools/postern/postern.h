/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host command `postern`: parts its subcommands share.
 *
 * Manifests and bundles are judged by the hypervisor's own code (core/), linked unchanged. Exit statuses: 0 all is well,
 * 1 the manifest or bundle has errors, 2 the command could not do its work (usage, files, dtc).
 */
#ifndef TOOLS_POSTERN_H
#define TOOLS_POSTERN_H

#include <postern/manifest.h>
#include <postern/pci.h>
#include <stdio.h>

enum { EXIT_GOOD = 0, EXIT_ERRORS = 1, EXIT_CANNOT = 2 };

/* Each takes what follows its name on the command line and returns an exit status. */
int command_bundle(int argc, char **argv);
int command_check(int argc, char **argv);
int command_show(int argc, char **argv);

/* Prints "postern: text" and returns EXIT_CANNOT. */
int cannot(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- files (file.c) --------------------------------------------------------------------------------------------------- */

/* A file's bytes, read-only. size 0 has no data. */
struct file {
	const char *name; /* as given */
	const void *data;
	size_t size;
};
/* 0, or EXIT_CANNOT with the reason printed. */
int file_map(const char *name, struct file *out);
void file_unmap(struct file *f);

/*
 * Runs dtc on a source file and returns what it wrote (malloc'd, *size bytes, and a NUL after them) or NULL with dtc's own
 * messages on stderr and *status an exit status: EXIT_ERRORS when dtc refused the source. `annotated`: not the compiled
 * tree, but its source with the file and line of everything in comments.
 */
char *dtc_run(const char *name, bool annotated, size_t *size, int *status);

/* ---- a manifest and its errors (manifest_file.c) ------------------------------------------------------------------------- */

struct location; /* where in the source things stand (lines.c) */

/* A manifest from a .dts (compiled here) or .dtb file, and how many errors were reported in it. */
struct manifest_file {
	const char *name;
	void *fdt; /* 8-byte aligned copy */
	size_t size;
	struct manifest manifest;
	struct location *lines; /* NULL: compiled already, or no errors so far */
	bool is_source;
	int errors, warnings;
};

/* Loads and parses; 0 (errors counted and printed) or an exit status when there is nothing to go on with. */
int manifest_load(const char *name, struct manifest_file *out);
void manifest_unload(struct manifest_file *m);
/* Against a machine; `devices` in it may be NULL. has_image gets `images` as its context. */
void manifest_judge(struct manifest_file *m, const struct manifest_machine *machine,
		    bool (*has_image)(const void *images, const char *name), const void *images);

/* "zone1: devices/disk/bdf: what is wrong [rule]" and the way out, after `where`. */
void print_error(FILE *out, const char *where, const struct manifest_error *e);
/* The zones with what they get, as a table. */
void print_manifest(const struct manifest *m);

/* ---- rules (explain.c) ------------------------------------------------------------------------------------------------------ */

/* What a rule must know to be judged. */
enum check_needs {
	NEEDS_NOTHING,    /* but the manifest */
	NEEDS_QUANTITIES, /* CPUs and memory */
	NEEDS_IMAGES,     /* what the bundle will hold */
	NEEDS_DEVICES,    /* the machine's functions */
	NEEDS_SIZES,      /* and the sizes of their BARs */
	NEEDS_ROUTES,     /* which requester ID is which stream and device id */
	NEEDS_ADDRESSES,  /* where memory, controllers and doorbells are */
	NEEDS_BUNDLE,     /* a bundle */
};

/*
 * The zones' address space (check.c): Postern's own choice, the same on every machine. The doorbells, which are the
 * machine's, are not in it.
 */
extern const struct manifest_layout zones_layout;

/* Prints what one rule means, or (NULL) all; an exit status. */
int rules_explain(const char *name);
/* Prints the names of the rules that need this, with commas. */
void rules_print_needing(enum check_needs needs);

/* ---- the target's devices (devices.c) -------------------------------------------------------------------------------------- */

/* Reads what `lspci -xxxx` (better: -vv -xxxx) printed; 0 with devices and unsized filled in, or an exit status. */
int devices_load(const char *name, struct manifest_machine *out);
/* The function with this place in the table is known by its first 256 bytes only although it has more. */
bool devices_cut_short(unsigned function);
/* Prints what is known of IOMMUs that know a few streams at a time, and how many the zones need. */
void devices_print_iommus(const struct manifest *m);
/* Prints which functions of the list the machine does not have at boot, as far as Postern is concerned. */
void devices_print_left_out(void);
/* Prints which function each device node of the zones means, with its group and its way to be reset. */
void devices_print(const struct manifest *m, const struct pci_table *t);

/* ---- lines (lines.c) ------------------------------------------------------------------------------------------------------ */

/* Locations of everything in a source file; NULL when dtc gives none. */
struct location *lines_load(const char *name);
void lines_free(struct location *list);
/* "FILE:LINE" of what the error is about, or NULL. Belongs to the list. */
const char *lines_find(const struct location *list, const struct manifest_error *e);

#endif
