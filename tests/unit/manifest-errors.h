/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collects what manifest_parse(), manifest_resolve() and bundle_open() report. */
#ifndef UNIT_MANIFEST_ERRORS_H
#define UNIT_MANIFEST_ERRORS_H

#include "unit.h"

#include <postern/manifest.h>
#include <stdio.h>
#include <string.h>

#define MAX_COLLECTED 64

struct errors {
	unsigned count;    /* of what was reported */
	unsigned warnings; /* of these, how many refuse nothing */
	struct manifest_error e[MAX_COLLECTED];
};

/* A manifest_report; ctx is a struct errors. Every error must say which rule, what is wrong and what to do (V8). */
static inline void collect_error(void *ctx, const struct manifest_error *e)
{
	struct errors *all = ctx;

	CU_ASSERT_TRUE(e->rule && e->rule[0]);
	CU_ASSERT_TRUE(e->text[0] && e->fix[0]);
	CU_ASSERT_TRUE(memchr(e->text, 0, sizeof(e->text)) && memchr(e->fix, 0, sizeof(e->fix)));
	/* Neither is cut short by its buffer. */
	CU_ASSERT_TRUE(strlen(e->text) < sizeof(e->text) - 1);
	CU_ASSERT_TRUE(strlen(e->fix) < sizeof(e->fix) - 1);
	if (all->count < MAX_COLLECTED)
		all->e[all->count] = *e;
	all->count++;
	all->warnings += e->warning;
}

/* "RULE ZONE SUBJECT" of the n-th error, '-' for empty; "" when there is none. */
static inline const char *error_line(const struct errors *all, unsigned n)
{
	static char line[160];
	const struct manifest_error *e = &all->e[n];

	line[0] = '\0';
	if (n < all->count && n < MAX_COLLECTED)
		snprintf(line, sizeof(line), "%s %s %s", e->rule, e->zone[0] ? e->zone : "-",
			 e->subject[0] ? e->subject : "-");
	return line;
}

#endif
