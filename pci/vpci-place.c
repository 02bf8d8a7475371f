// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where things stand on a zone's bus before its kernel moves anything: BARs inside their port's
 * windows, windows inside the zone's, nothing overlapping, so that a kernel told to leave it all
 * alone works at once.
 *
 * Prefetchable 64-bit BARs go into the 64-bit window, all others into the 32-bit one. Largest
 * alignment first, first fit, each BAR on pages of its own. Locking: vpci->lock is held.
 */
#include "vpci.h"

#include <linux/pci_regs.h>
#include <postern/errno.h>

#define WINDOW_GRANULE MIB

struct range {
	uint64_t start, size;
};

static bool goes_high(const struct vpci *v, const struct pci_bar *b)
{
	return b->kind == PCI_BAR_MEM64 && b->prefetchable && v->layout.mem64_size;
}

static struct range zone_window(const struct vpci *v, bool high)
{
	return high ? (struct range){ v->layout.mem64, v->layout.mem64_size }
		    : (struct range){ v->layout.mem32, v->layout.mem32_size };
}

static uint64_t alignment(const struct vpci_bar *b)
{
	return b->bar->size > PAGE_SIZE ? b->bar->size : PAGE_SIZE;
}

/* A VF BAR stands for all VFs'. */
static uint64_t footprint(const struct vpci_bar *b)
{
	return alignment(b) * b->count;
}

/*
 * What `fn` holds of the zone's address space, item by item: a port its two windows, any function
 * its BARs. False past the last one.
 */
static bool claim(const struct vpci_function *fn, unsigned n, struct range *out)
{
	*out = (struct range){ 0 };
	if (vpci_is_port(fn)) {
		if (n < 2)
			vpci_port_window(fn, n == 1, &out->start, &out->size);
		return n < 2;
	}
	/* A VF on its PF's bus is inside what its PF holds. */
	if (n < VPCI_BARS && !fn->pf) {
		const struct vpci_bar *b = vpci_bar_const(fn, n);

		out->start = b->bar ? vpci_bar_address(fn, n) : 0;
		out->size = out->start ? footprint(b) : 0;
	}
	return n < VPCI_BARS;
}

/* First fit among everybody's claims but those of `mine` and of what is below it. */
static bool find_free(const struct vpci *v, bool high, uint64_t size, uint64_t align,
		      const struct vpci_function *mine, uint64_t *at)
{
	struct range window = zone_window(v, high), taken;
	uint64_t try = align_up(window.start, align);
	const struct vpci_function *fn;
	unsigned n;

again:
	if (try < window.start || !range_inside(try, size, window.start, window.size))
		return false;
	for_each_function(fn, v) {
		if (mine && (fn == mine || fn->port == mine))
			continue;
		for (n = 0; claim(fn, n, &taken); n++) {
			if (ranges_overlap(try, size, taken.start, taken.size)) {
				try = align_up(taken.start + taken.size, align);
				goto again;
			}
		}
	}
	*at = try;
	return true;
}

/* The largest BAR of this space not placed yet among the functions below `port`, or of `only`. */
static struct vpci_bar *largest_left(const struct vpci *v, const struct vpci_function *port,
				     struct vpci_function *only, bool high)
{
	struct vpci_bar *best = NULL;
	struct vpci_function *fn;
	unsigned i;

	for_each_function(fn, v) {
		if (fn->pf || (only ? fn != only : fn->port != port))
			continue;
		for (i = 0; i < VPCI_BARS; i++) {
			struct vpci_bar *b = vpci_bar(fn, i);

			if (b->bar && b->wanted == UINT64_MAX && goes_high(v, b->bar) == high &&
			    (!best || b->bar->size > best->bar->size))
				best = b;
		}
	}
	return best;
}

static void start_over(struct vpci_function *fn)
{
	unsigned i;

	for (i = 0; i < VPCI_BARS; i++)
		vpci_bar(fn, i)->wanted = UINT64_MAX;
}

static void commit(struct vpci_function *fn, uint64_t low, uint64_t high)
{
	unsigned i;

	for (i = 0; i < VPCI_BARS; i++) {
		const struct vpci_bar *b = vpci_bar(fn, i);

		if (b->bar)
			vpci_bar_set_address(fn, i,
					     b->wanted + (goes_high(fn->bus, b->bar) ? high : low));
	}
}

int vpci_place_function(struct vpci_function *fn)
{
	struct vpci_bar *b;
	unsigned high, i;
	uint64_t at;

	start_over(fn);
	for (high = 0; high < 2; high++) {
		while ((b = largest_left(fn->bus, NULL, fn, high))) {
			/*
			 * Each one is claimed at once, so that the next one of the same function
			 * goes elsewhere.
			 */
			if (!find_free(fn->bus, high, footprint(b), alignment(b), NULL, &at))
				return -ENOSPC;
			b->wanted = at;
			for (i = 0; i < VPCI_BARS; i++)
				if (vpci_bar(fn, i) == b)
					vpci_bar_set_address(fn, i, at);
		}
	}
	return 0;
}

/*
 * Packs everything below the port from 0 on. BAR sizes are powers of two and come in descending
 * order, so that each one, or row of them, is aligned where the one before ends.
 */
static uint64_t pack(const struct vpci_function *port, bool high, uint64_t *align)
{
	struct vpci_bar *b;
	uint64_t end = 0;

	*align = WINDOW_GRANULE;
	while ((b = largest_left(port->bus, port, NULL, high))) {
		b->wanted = end;
		end += footprint(b);
		if (alignment(b) > *align)
			*align = alignment(b);
	}
	return align_up(end, WINDOW_GRANULE);
}

int vpci_place_port(struct vpci_function *port)
{
	uint64_t at[2] = { 0, 0 }, size[2], align;
	struct vpci_function *fn;
	unsigned high;

	for_each_function(fn, port->bus) {
		if (fn->port != port || fn->pf)
			continue;
		if (fn->memory_on || fn->resetting)
			return -EBUSY;
		start_over(fn);
	}
	for (high = 0; high < 2; high++) {
		size[high] = pack(port, high, &align);
		if (size[high] && !find_free(port->bus, high, size[high], align, port, &at[high]))
			return -ENOSPC;
	}
	for_each_function(fn, port->bus)
		if (fn->port == port && !fn->pf)
			commit(fn, at[0], at[1]);
	vpci_port_set_window(port, false, at[0], size[0]);
	vpci_port_set_window(port, true, at[1], size[1]);
	return 0;
}
