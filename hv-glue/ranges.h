/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small sorted set of address ranges, for boot memory maps and the zones' RAM. hv-glue/ranges.c.
 *
 * Ranges are half open, never empty, never adjacent to each other (neighbours are merged).
 * Addresses are in bytes; nothing here touches what they point to. Locking: the caller's.
 */
#ifndef HV_GLUE_RANGES_H
#define HV_GLUE_RANGES_H

#include <postern/types.h>

/* More than MAX_MEMORY_REGIONS pieces, each of as many holes cutting one in two. */
#define RANGES_MAX 192

struct range {
	hpa_t base, end; /* [base, end) */
};

struct range_set {
	struct range r[RANGES_MAX]; /* sorted by base */
	unsigned count;
};

/*
 * Adds [base, end), merged with everything it overlaps or touches. -EINVAL when end <= base,
 * -ENOSPC (nothing is changed).
 */
int ranges_add(struct range_set *s, hpa_t base, hpa_t end);
/*
 * Takes [base, end) out, wherever the set has some of it. -ENOSPC (nothing is changed) when that
 * splits a range too many.
 */
int ranges_remove(struct range_set *s, hpa_t base, hpa_t end);
/* Some byte of [base, end) is in the set. */
bool ranges_overlap_any(const struct range_set *s, hpa_t base, hpa_t end);
/* Every byte of [base, end) is in the set. */
bool ranges_cover(const struct range_set *s, hpa_t base, hpa_t end);
uint64_t ranges_bytes(const struct range_set *s);

#endif
