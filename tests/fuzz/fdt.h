/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device trees as inputs: what the targets that read them share. */
#ifndef FUZZ_FDT_H
#define FUZZ_FDT_H

#include "fuzz.h"

#include <postern/manifest.h>

/*
 * The tree an input means. A whole tree followed by more bytes: the tree, edited as these say (cells
 * overwritten, properties and nodes removed, copied, renamed, cut), so that what is inside is reached
 * and not the format's checks alone. Anything else: the bytes themselves. The result ends where its
 * block (free() it) ends.
 */
void *fuzz_fdt(const uint8_t *data, size_t size, size_t *out_size);

/* A manifest_report that judges every message and counts the errors in the unsigned at ctx. */
void fuzz_report(void *ctx, const struct manifest_error *e);
/* Ends inside its field, and can be printed. */
bool fuzz_printable(const char *s, size_t field);

/* Lower-case hexadecimal SHA-256 by the implementation the zones use, which shares nothing with core/. */
void fuzz_sha256(const void *data, size_t size, char hex[65]);

#endif
