/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading flattened device trees nobody vouches for: firmware's, the manifest, the bundle.
 *
 * libfdt does the walking; these helpers add what it leaves to its callers: property lengths,
 * string termination, cell counts and address arithmetic are checked, and a wrong property is told
 * apart from an absent one. Every function but dt_verify() takes a tree that dt_verify() has
 * accepted. Strings and cells returned point into the tree.
 *
 * Results are 0 or a negative errno: -ENOENT when the property is not there, -EINVAL when it is
 * there and malformed. On error *out is left alone.
 *
 * Source: Devicetree Specification 0.4, chapters 2 and 5.
 * Caller context: boot and zone start (libfdt may use FP registers). No locks, no allocation.
 * (core/fdt-util.c)
 */
#ifndef POSTERN_FDT_H
#define POSTERN_FDT_H

#include <postern/types.h>

/* A property's value as big-endian 32-bit cells inside the tree. */
struct dt_cells {
	const void *data; /* 4-byte aligned */
	unsigned count;
};

/*
 * Walks the whole structure. 0 when fdt (8-byte aligned) is a complete tree within size readable
 * bytes, *used its length by its own header; else -EBADMSG, and *why a static text. used and why
 * may be NULL.
 */
int dt_verify(const void *fdt, uint64_t size, uint64_t *used, const char **why);

/* Exactly one NUL-terminated string. */
int dt_read_string(const void *fdt, int node, const char *name, const char **out);
/* Exactly one cell. */
int dt_read_u32(const void *fdt, int node, const char *name, uint32_t *out);
/* One or two cells. */
int dt_read_u64(const void *fdt, int node, const char *name, uint64_t *out);
/* Any number of cells, at least one. */
int dt_read_cells(const void *fdt, int node, const char *name, struct dt_cells *out);
/* Index of `value` in a list of strings. -ENOENT also when the list does not hold it. */
int dt_find_string(const void *fdt, int node, const char *name, const char *value);

/* True when the property exists, whatever its value. */
bool dt_has(const void *fdt, int node, const char *name);
/* True when `compatible` lists the string. */
bool dt_compatible(const void *fdt, int node, const char *compatible);
/* False when `status` says anything but "okay" or "ok". */
bool dt_available(const void *fdt, int node);
/* The node's full path, for messages; cut short when it does not fit. Returns out. */
const char *dt_path(const void *fdt, int node, char *out, size_t size);

/* Cell i, i < c->count. */
uint32_t dt_cell(const struct dt_cells *c, unsigned i);
/* `width` (0, 1 or 2) cells from i on as one number, i + width <= c->count. */
uint64_t dt_number(const struct dt_cells *c, unsigned i, unsigned width);

/* #address-cells and #size-cells a node sets for its children, 2 and 1 when it does not. At most 3
 * and 2. */
struct dt_widths {
	unsigned address, size;
};
int dt_read_widths(const void *fdt, int node, struct dt_widths *out);

/*
 * Entry `index` of the node's `reg`, translated through every parent's `ranges` to an address the
 * CPU uses. -ENOENT past the last entry; -EINVAL when a parent does not translate it, or the range
 * is empty or wraps.
 */
int dt_read_reg(const void *fdt, int node, unsigned index, uint64_t *base, uint64_t *size);

#endif
