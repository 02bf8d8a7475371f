// SPDX-License-Identifier: GPL-2.0-or-later
/* See fdt.h. libfdt edits; the code under test only reads. */
#include "fdt.h"

#include <libfdt.h>
#include <string.h>

#define ROOM_TO_GROW 2048u
#define MAX_EDITS    24u
#define MAX_VALUE    512

static int nodes_in(const void *fdt)
{
	int count = 0;

	for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL))
		count++;
	return count;
}

static int node_at(const void *fdt, unsigned n)
{
	int node = 0;

	for (n %= (unsigned)nodes_in(fdt); n && node >= 0; n--)
		node = fdt_next_node(fdt, node, NULL);
	return node;
}

/* The n-th property of the node, counted round; NULL when it has none. */
static const char *property_at(const void *fdt, int node, unsigned n)
{
	const char *name = NULL;
	unsigned count = 0;
	int at;

	fdt_for_each_property_offset(at, fdt, node)
		count++;
	if (!count)
		return NULL;
	n %= count;
	fdt_for_each_property_offset(at, fdt, node)
		if (!n--)
			fdt_getprop_by_offset(fdt, at, &name, NULL);
	return name;
}

/* A property's value, copied: libfdt moves the tree under the original. */
static int copy_value(const void *fdt, int node, const char *name, uint8_t *out)
{
	int length = 0;
	const void *value = name ? fdt_getprop(fdt, node, name, &length) : NULL;

	if (!value || length > MAX_VALUE)
		return 0;
	memcpy(out, value, (size_t)length);
	return length;
}

static void edit(struct fuzz_input *in, void *fdt)
{
	const unsigned op = fuzz_u8(in);
	const int node = node_at(fdt, fuzz_u8(in)), other = node_at(fdt, fuzz_u8(in));
	char name[64] = "", other_name[64] = "";
	uint8_t value[MAX_VALUE + 8];
	const char *p = property_at(fdt, node, fuzz_u8(in));
	int length = copy_value(fdt, node, p, value);
	unsigned at;

	/* Names live in the tree, too. */
	if (p)
		snprintf(name, sizeof(name), "%s", p);
	p = property_at(fdt, other, fuzz_u8(in));
	if (p)
		snprintf(other_name, sizeof(other_name), "%s", p);
	switch (op % 11) {
	case 0:
	case 1: /* a cell */
		at = fuzz_u8(in) * 4u;
		if (length < 4)
			break;
		at %= (unsigned)length & ~3u;
		fdt32_st(value + at, (uint32_t)fuzz_value(in));
		fdt_setprop_inplace(fdt, node, name, value, length);
		break;
	case 2: /* a byte */
		at = fuzz_u8(in);
		if (!length)
			break;
		value[at % (unsigned)length] = fuzz_u8(in);
		fdt_setprop_inplace(fdt, node, name, value, length);
		break;
	case 3:
		fdt_delprop(fdt, node, name);
		break;
	case 4:
		if (node)
			fdt_del_node(fdt, node);
		break;
	case 5: /* one small number */
		fdt_setprop_u32(fdt, node, name, fuzz_u8(in));
		break;
	case 6: /* another property's value */
		length = copy_value(fdt, other, other_name, value);
		fdt_setprop(fdt, node, name, value, length);
		break;
	case 7: /* another property */
		length = copy_value(fdt, other, other_name, value);
		if (other_name[0])
			fdt_setprop(fdt, node, other_name, value, length);
		break;
	case 8: /* cut or lengthened */
		at = fuzz_u8(in) % (MAX_VALUE + 8u);
		memset(value + length, 0, sizeof(value) - (size_t)length);
		if (name[0])
			fdt_setprop(fdt, node, name, value, (int)at);
		break;
	case 9: /* another node's name */
		p = fdt_get_name(fdt, other, NULL);
		snprintf(name, sizeof(name), "%s", p ? p : "");
		if (node)
			fdt_set_name(fdt, node, name);
		break;
	default: /* a node more, of another's name or of a new one */
		p = fdt_get_name(fdt, other, NULL);
		if (fuzz_u8(in) & 1)
			snprintf(name, sizeof(name), "n%u", fuzz_u8(in));
		else
			snprintf(name, sizeof(name), "%s", p ? p : "");
		if (name[0])
			fdt_add_subnode(fdt, node, name);
		break;
	}
}

static void *exact(const void *data, size_t size)
{
	void *copy = malloc(size ? size : 1);

	if (!copy)
		exit(2);
	memcpy(copy, data, size);
	return copy;
}

void *fuzz_fdt(const uint8_t *data, size_t size, size_t *out_size)
{
	void *aligned = exact(data, size), *open;
	struct fuzz_input in;
	size_t tree;

	*out_size = size;
	if (size < sizeof(struct fdt_header) || fdt_magic(aligned) != FDT_MAGIC)
		return aligned;
	tree = fdt_totalsize(aligned);
	if (tree >= size || tree < sizeof(struct fdt_header) || fdt_check_full(aligned, tree))
		return aligned;
	open = calloc(1, tree + ROOM_TO_GROW);
	if (!open)
		exit(2);
	if (fdt_open_into(aligned, open, (int)(tree + ROOM_TO_GROW))) {
		free(open);
		return aligned;
	}
	in = (struct fuzz_input){ data + tree, size - tree };
	for (unsigned i = 0; i < MAX_EDITS && in.left; i++)
		edit(&in, open);
	fdt_pack(open);
	free(aligned);
	*out_size = fdt_totalsize(open);
	aligned = exact(open, *out_size);
	free(open);
	return aligned;
}

bool fuzz_printable(const char *s, size_t field)
{
	for (size_t i = 0; i < field; i++) {
		if (!s[i])
			return true;
		if (s[i] < ' ' || s[i] > '~')
			return false;
	}
	return false;
}

void fuzz_report(void *ctx, const struct manifest_error *e)
{
	unsigned *count = ctx;

	*count += !e->warning;
	FUZZ_CHECK(e->rule && e->rule[0], "an error breaks no rule");
	FUZZ_CHECK(fuzz_printable(e->zone, sizeof(e->zone)) &&
			   fuzz_printable(e->subject, sizeof(e->subject)) &&
			   fuzz_printable(e->text, sizeof(e->text)) &&
			   fuzz_printable(e->fix, sizeof(e->fix)),
		   "%s: a message that cannot be printed", e->rule);
	FUZZ_CHECK(e->text[0] && e->fix[0], "%s: neither what is wrong nor the way out", e->rule);
}
