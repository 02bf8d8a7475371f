// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mechanism of a virtual config space: 4096 bytes with a rule for every bit (enum vpci_rule),
 * an allowlist. What is not listed reads 0 and drops writes; nothing reaches the hardware that is
 * not listed as such.
 *
 * An access of any size and alignment is taken apart into bytes, so that a split, unaligned or
 * spanning access does exactly what its bytes would do one by one (bug class of split accesses);
 * hooks run once, after all bytes are in.
 *
 * Locking: vpci->lock is held.
 */
#include "vpci.h"

#include <linux/pci_regs.h>
#include <postern/string.h>

void vpci_view_clear(struct vpci_function *fn)
{
	memset(&fn->view, 0, sizeof(fn->view));
	fn->hook_count = 0;
	fn->contradiction = false;
}

static uint8_t *rule_mask(struct vpci_view *view, enum vpci_rule rule)
{
	switch (rule) {
	case VPCI_LIVE:
		return view->live;
	case VPCI_EMULATED:
		return view->emulated;
	case VPCI_THROUGH:
		return view->through;
	case VPCI_CLEAR:
		return view->clear;
	case VPCI_CONSTANT:
		break;
	}
	return NULL;
}

void vpci_list(struct vpci_function *fn, unsigned offset, unsigned size, enum vpci_rule rule,
	       uint32_t bits, uint32_t value)
{
	struct vpci_view *view = &fn->view;
	uint8_t *mask = rule_mask(view, rule);
	unsigned i;

	if (offset + size > PCI_CONFIG_SIZE) {
		fn->contradiction = true;
		return;
	}
	for (i = 0; i < size; i++) {
		if (view->listed[offset + i] & (uint8_t)(bits >> 8 * i)) {
			fn->contradiction = true;
			return;
		}
	}
	for (i = 0; i < size; i++) {
		uint8_t b = (uint8_t)(bits >> 8 * i), *v = &view->value[offset + i];

		view->listed[offset + i] |= b;
		if (mask)
			mask[offset + i] |= b;
		*v = (uint8_t)(*v | ((uint8_t)(value >> 8 * i) & b));
	}
}

void vpci_hook(struct vpci_function *fn, unsigned offset, unsigned size,
	       void (*written)(struct vpci_function *fn, unsigned offset))
{
	if (fn->hook_count == VPCI_MAX_HOOKS) {
		fn->contradiction = true;
		return;
	}
	fn->hooks[fn->hook_count++] = (struct vpci_hook){ .offset = (uint16_t)offset,
							  .size = (uint16_t)size,
							  .written = written };
}

uint32_t vpci_get(const struct vpci_function *fn, unsigned offset, unsigned size)
{
	uint32_t value = 0;
	unsigned i;

	for (i = 0; i < size; i++)
		value |= (uint32_t)fn->view.value[offset + i] << 8 * i;
	return value;
}

void vpci_set(struct vpci_function *fn, unsigned offset, unsigned size, uint32_t value)
{
	unsigned i;

	for (i = 0; i < size; i++)
		fn->view.value[offset + i] = (uint8_t)(value >> 8 * i);
}

void vpci_link(struct vpci_function *fn, uint8_t id, unsigned offset)
{
	unsigned link = PCI_CAPABILITY_LIST, steps;

	for (steps = 0; steps < CLASSIC_MAX && fn->view.value[link]; steps++)
		link = fn->view.value[link] + PCI_CAP_LIST_NEXT;
	if (link == PCI_CAPABILITY_LIST) {
		vpci_list(fn, PCI_CAPABILITY_LIST, 1, VPCI_CONSTANT, UINT8_MAX, 0);
		vpci_list(fn, PCI_STATUS, 2, VPCI_CONSTANT, PCI_STATUS_CAP_LIST,
			  PCI_STATUS_CAP_LIST);
	}
	fn->view.value[link] = (uint8_t)offset;
	vpci_list(fn, offset + PCI_CAP_LIST_ID, 1, VPCI_CONSTANT, UINT8_MAX, id);
	vpci_list(fn, offset + PCI_CAP_LIST_NEXT, 1, VPCI_CONSTANT, UINT8_MAX, 0);
}

/* ---- the zone's accesses ---- */

/* Bits that come from the hardware when read. */
static uint8_t from_hardware(const struct vpci_view *view, unsigned at)
{
	return view->live[at] | view->through[at] | view->clear[at];
}

uint64_t vpci_view_read(struct vpci_function *fn, unsigned offset, unsigned size)
{
	const struct vpci_view *view = &fn->view;
	unsigned dword = UINT32_MAX, i;
	uint32_t hardware = 0;
	uint64_t value = 0;

	for (i = 0; i < size; i++) {
		unsigned at = offset + i;
		uint8_t mask = from_hardware(view, at);
		uint8_t byte = (uint8_t)(view->value[at] & ~mask);

		if (mask) {
			if (dword != (at & ~3u)) {
				dword = at & ~3u;
				hardware = pci_read32(fn->f, dword);
			}
			byte = (uint8_t)(byte | ((uint8_t)(hardware >> 8 * (at & 3)) & mask));
		}
		value |= (uint64_t)byte << 8 * i;
	}
	return value;
}

/*
 * The bits of one byte that the hardware is to see. A write-1-to-clear bit not meant is written as
 * 0.
 */
static void write_hardware(struct vpci_function *fn, unsigned at, uint8_t byte)
{
	const struct vpci_view *view = &fn->view;
	uint8_t through = view->through[at], clear = byte & view->clear[at];
	uint8_t old;

	if (!through && !clear)
		return;
	old = pci_read8(fn->f, at);
	pci_write8(fn->f, at,
		   (uint8_t)((old & ~(through | view->clear[at])) | (byte & through) | clear));
}

void vpci_view_write(struct vpci_function *fn, unsigned offset, unsigned size, uint64_t value)
{
	struct vpci_view *view = &fn->view;
	/*
	 * A hook may rebuild the view and its hooks: go by those that were there when the zone
	 * wrote.
	 */
	struct vpci_hook hooks[VPCI_MAX_HOOKS];
	unsigned count = fn->hook_count, i;

	memcpy(hooks, fn->hooks, sizeof(hooks));
	for (i = 0; i < size; i++) {
		unsigned at = offset + i;
		uint8_t byte = (uint8_t)(value >> 8 * i);

		view->value[at] = (uint8_t)((view->value[at] & ~view->emulated[at]) |
					    (byte & view->emulated[at]));
		write_hardware(fn, at, byte);
	}
	for (i = 0; i < count; i++)
		if (ranges_overlap(offset, size, hooks[i].offset, hooks[i].size) &&
		    !fn->resetting && !fn->dead)
			hooks[i].written(fn, hooks[i].offset);
}
