// SPDX-License-Identifier: GPL-2.0-or-later
/* A sorted set of address ranges: see ranges.h for the contract. */
#include <postern/errno.h>
#include <postern/string.h>

#include "ranges.h"

/*
 * The first range that ends at or after `address` (`touching`) or after it; count when there is
 * none.
 */
static unsigned first_reaching(const struct range_set *s, hpa_t address, bool touching)
{
	unsigned i = 0;

	while (i < s->count && (touching ? s->r[i].end < address : s->r[i].end <= address))
		i++;
	return i;
}

/* Replaces ranges [at, at + old) by `count` others. Pre: the result fits. */
static void splice(struct range_set *s, unsigned at, unsigned old, const struct range *with,
		   unsigned count)
{
	memmove(&s->r[at + count], &s->r[at + old], (s->count - at - old) * sizeof(s->r[0]));
	memcpy(&s->r[at], with, count * sizeof(*with));
	s->count = s->count - old + count;
}

int ranges_add(struct range_set *s, hpa_t base, hpa_t end)
{
	unsigned at = first_reaching(s, base, true), old = 0;
	struct range merged = { base, end };

	if (end <= base)
		return -EINVAL;
	while (at + old < s->count && s->r[at + old].base <= end) {
		const struct range *r = &s->r[at + old++];

		merged.base = r->base < merged.base ? r->base : merged.base;
		merged.end = r->end > merged.end ? r->end : merged.end;
	}
	if (!old && s->count == RANGES_MAX)
		return -ENOSPC;
	splice(s, at, old, &merged, 1);
	return 0;
}

int ranges_remove(struct range_set *s, hpa_t base, hpa_t end)
{
	unsigned at = first_reaching(s, base, false), old = 0, kept = 0;
	struct range rest[2];

	if (end <= base)
		return 0;
	while (at + old < s->count && s->r[at + old].base < end) {
		const struct range *r = &s->r[at + old++];

		if (r->base < base)
			rest[kept++] = (struct range){ r->base, base };
		if (r->end > end)
			rest[kept++] = (struct range){ end, r->end };
	}
	if (s->count - old + kept > RANGES_MAX)
		return -ENOSPC;
	splice(s, at, old, rest, kept);
	return 0;
}

bool ranges_overlap_any(const struct range_set *s, hpa_t base, hpa_t end)
{
	unsigned at = first_reaching(s, base, false);

	return base < end && at < s->count && s->r[at].base < end;
}

bool ranges_cover(const struct range_set *s, hpa_t base, hpa_t end)
{
	unsigned at = first_reaching(s, base, false);

	return base < end && at < s->count && s->r[at].base <= base && end <= s->r[at].end;
}

uint64_t ranges_bytes(const struct range_set *s)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < s->count; i++)
		bytes += s->r[i].end - s->r[i].base;
	return bytes;
}
