// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checked reading of untrusted device trees over libfdt; contract in <postern/fdt.h>.
 * No state, no locks; boot and zone start only.
 */
#include <postern/errno.h>
#include <postern/fdt.h>
#include <postern/string.h>

#include <libfdt.h>

#define CELL             4u
#define MAX_NUMBER_CELLS 2u /* what fits 64 bits */

int dt_verify(const void *fdt, uint64_t size, uint64_t *used, const char **why)
{
	int err;

	if (size < sizeof(struct fdt_header))
		err = -FDT_ERR_TRUNCATED;
	else
		err = fdt_check_full(fdt, (size_t)size);
	if (err) {
		if (why)
			*why = fdt_strerror(err);
		return -EBADMSG;
	}
	if (used)
		*used = fdt_totalsize(fdt);
	return 0;
}

/* A property's bytes; *len >= 0. */
static int get_property(const void *fdt, int node, const char *name, const void **data, size_t *len)
{
	int n;
	const void *p = fdt_getprop(fdt, node, name, &n);

	if (!p)
		return n == -FDT_ERR_NOTFOUND ? -ENOENT : -EINVAL;
	*data = p;
	*len = (size_t)n;
	return 0;
}

int dt_read_string(const void *fdt, int node, const char *name, const char **out)
{
	const void *data;
	size_t len;
	int err = get_property(fdt, node, name, &data, &len);

	if (err)
		return err;
	if (!len || strnlen(data, len) != len - 1)
		return -EINVAL;
	*out = data;
	return 0;
}

int dt_read_cells(const void *fdt, int node, const char *name, struct dt_cells *out)
{
	const void *data;
	size_t len;
	int err = get_property(fdt, node, name, &data, &len);

	if (err)
		return err;
	if (!len || len % CELL)
		return -EINVAL;
	*out = (struct dt_cells){ .data = data, .count = (unsigned)(len / CELL) };
	return 0;
}

uint32_t dt_cell(const struct dt_cells *c, unsigned i)
{
	return fdt32_ld((const fdt32_t *)c->data + i);
}

uint64_t dt_number(const struct dt_cells *c, unsigned i, unsigned width)
{
	uint64_t v = 0;

	while (width--)
		v = v << 32 | dt_cell(c, i++);
	return v;
}

int dt_read_u32(const void *fdt, int node, const char *name, uint32_t *out)
{
	struct dt_cells cells;
	int err = dt_read_cells(fdt, node, name, &cells);

	if (err)
		return err;
	if (cells.count != 1)
		return -EINVAL;
	*out = dt_cell(&cells, 0);
	return 0;
}

int dt_read_u64(const void *fdt, int node, const char *name, uint64_t *out)
{
	struct dt_cells cells;
	int err = dt_read_cells(fdt, node, name, &cells);

	if (err)
		return err;
	if (cells.count > MAX_NUMBER_CELLS)
		return -EINVAL;
	*out = dt_number(&cells, 0, cells.count);
	return 0;
}

int dt_find_string(const void *fdt, int node, const char *name, const char *value)
{
	int i = fdt_stringlist_search(fdt, node, name, value);

	if (i >= 0)
		return i;
	return i == -FDT_ERR_NOTFOUND ? -ENOENT : -EINVAL;
}

bool dt_has(const void *fdt, int node, const char *name)
{
	return fdt_getprop(fdt, node, name, NULL) != NULL;
}

bool dt_compatible(const void *fdt, int node, const char *compatible)
{
	return dt_find_string(fdt, node, "compatible", compatible) >= 0;
}

bool dt_available(const void *fdt, int node)
{
	const char *status;
	int err = dt_read_string(fdt, node, "status", &status);

	if (err)
		return err == -ENOENT;
	return !strcmp(status, "okay") || !strcmp(status, "ok");
}

const char *dt_path(const void *fdt, int node, char *out, size_t size)
{
	/* libfdt leaves the buffer undefined when the path does not fit: the name alone must do then. */
	if (fdt_get_path(fdt, node, out, (int)size)) {
		const char *name = fdt_get_name(fdt, node, NULL);

		format_text(out, size, ".../%s", name ? name : "?");
	}
	return out;
}

static int read_width(const void *fdt, int node, const char *name, unsigned absent, unsigned max,
		      unsigned *out)
{
	uint32_t v = absent;
	int err = dt_read_u32(fdt, node, name, &v);

	if (err && err != -ENOENT)
		return err;
	if (v > max)
		return -EINVAL;
	*out = v;
	return 0;
}

int dt_read_widths(const void *fdt, int node, struct dt_widths *out)
{
	struct dt_widths w;
	int err = read_width(fdt, node, "#address-cells", 2, 3, &w.address);

	if (!err)
		err = read_width(fdt, node, "#size-cells", 1, 2, &w.size);
	if (!err)
		*out = w;
	return err;
}

static bool is_range(uint64_t base, uint64_t size)
{
	return size && size - 1 <= UINT64_MAX - base;
}

/*
 * Translates [*base, *base+size) from bus `node`'s address space to its parent's, one step. Both have addresses of one
 * or two cells.
 */
static int translate(const void *fdt, int node, int parent, uint64_t *base, uint64_t size)
{
	struct dt_widths inner, outer;
	struct dt_cells cells;
	unsigned entry;
	int len;

	/* Empty: the two spaces are the same. Absent: they have nothing to do with each other. */
	if (!fdt_getprop(fdt, node, "ranges", &len))
		return -EINVAL;
	if (len == 0)
		return 0;
	if (dt_read_widths(fdt, node, &inner) || dt_read_widths(fdt, parent, &outer) ||
	    dt_read_cells(fdt, node, "ranges", &cells))
		return -EINVAL;
	if (inner.address > MAX_NUMBER_CELLS || outer.address > MAX_NUMBER_CELLS)
		return -EINVAL;
	entry = inner.address + outer.address + inner.size;
	if (!entry || cells.count % entry)
		return -EINVAL;
	for (unsigned i = 0; i < cells.count; i += entry) {
		uint64_t from = dt_number(&cells, i, inner.address);
		uint64_t to = dt_number(&cells, i + inner.address, outer.address);
		uint64_t span = dt_number(&cells, i + inner.address + outer.address, inner.size);

		if (!is_range(from, span) || !is_range(to, span) ||
		    !range_inside(*base, size, from, span))
			continue;
		*base = *base - from + to;
		return 0;
	}
	return -EINVAL;
}

int dt_read_reg(const void *fdt, int node, unsigned index, uint64_t *base, uint64_t *size)
{
	int bus = fdt_parent_offset(fdt, node);
	struct dt_widths w;
	struct dt_cells cells;
	uint64_t addr, span;
	unsigned entry;
	int err;

	if (bus < 0)
		return -EINVAL;
	err = dt_read_cells(fdt, node, "reg", &cells);
	if (err)
		return err;
	if (dt_read_widths(fdt, bus, &w) || !w.address || w.address > MAX_NUMBER_CELLS || !w.size)
		return -EINVAL;
	entry = w.address + w.size;
	if (cells.count % entry)
		return -EINVAL;
	if (index >= cells.count / entry)
		return -ENOENT;
	addr = dt_number(&cells, index * entry, w.address);
	span = dt_number(&cells, index * entry + w.address, w.size);
	if (!is_range(addr, span))
		return -EINVAL;
	for (int parent; (parent = fdt_parent_offset(fdt, bus)) >= 0; bus = parent) {
		err = translate(fdt, bus, parent, &addr, span);
		if (err)
			return err;
	}
	*base = addr;
	*size = span;
	return 0;
}
