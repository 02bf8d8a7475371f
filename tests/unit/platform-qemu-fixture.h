/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the suites about QEMU's virt machine share: trees, the machine found in one, and edits. */
#ifndef PLATFORM_QEMU_FIXTURE_H
#define PLATFORM_QEMU_FIXTURE_H

#include "dts.h"
#include "host.h"
#include "unit.h"

#include <libfdt.h>
#include <postern/errno.h>
#include <postern/platform.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MACHINES "tests/fixtures/machine/"

static struct machine m;

/* Where the tree is; firmware's tables are read at their physical address. */
static hpa_t fdt_at;

/* Discovers the machine a tree describes. */
static inline int discover(const void *fdt, size_t size)
{
	const struct boot_info boot = { .fdt = fdt, .fdt_size = size };
	const struct platform *p = platform_select(&boot);

	fdt_at = (uintptr_t)fdt;
	memset(&m, 0, sizeof(m));
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_STRING_EQUAL(p->name, "qemu-virt");
	return p->discover(&boot, &m);
}

/* The tree stays until the next one: the machine's model is a string in it. */
static void *loaded;

static inline int discover_file(const char *path)
{
	size_t size;

	free(loaded);
	loaded = dts_compile(path, &size);
	return discover(loaded, size);
}

/* A node that must be there. */
static inline int find(const void *fdt, const char *path)
{
	int node = fdt_path_offset(fdt, path);

	CU_ASSERT_TRUE_FATAL(node >= 0);
	return node;
}

#endif
