/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device trees for tests: compiled from source with dtc, or the source read as text. Paths are relative to the tree's top,
 * where the unit tests run. What fails, fails (and leaves) the running test.
 */
#ifndef UNIT_DTS_H
#define UNIT_DTS_H

#include <stddef.h>

/* The compiled tree, malloc'd (so that a read past its end is noticed). */
void *dts_compile(const char *path, size_t *size);
/* The same with room to grow for libfdt's read-write interface. */
void *dts_compile_open(const char *path, size_t *size);
/* The text of a file, malloc'd, with a NUL after it. */
char *dts_text(const char *path);
/*
 * Turns a tree back into source with every warning of dtc an error, except those named in `but` ("" or "-W no-...").
 * Returns what dtc has to say, malloc'd: "" when it has nothing to say.
 */
char *dts_complaints(const void *fdt, size_t size, const char *but);

#endif
