// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A zone's config write changes no bit, of the view or of the hardware, that is not listed as
 * writable (enum vpci_rule, pci/vpci.h), whatever its offset, size and value.
 *
 * Sources: pci/vpci-config.c
 * Unwind:  main.0=25, memcpy.0=25, vpci_view_write.0=9, vpci_view_write.1=25
 * Options: --arrays-uf-always
 *
 * The view is any view: nothing is assumed of it but that no bit has two rules (proven by
 * config-list). Offset and size are what vpci_config_write() lets through
 * (proven by trap-split).
 *
 * The hardware is any register file in which each bit is read-only, read-write or
 * write-1-to-clear. Of a byte that has bits for the zone to write, no unlisted bit is
 * write-1-to-clear: what is not the zone's is written back as it was read, which would clear such a
 * bit. That is what the listing of STATUS and DEVSTA in vpci-endpoint.c must see to.
 *
 * One byte, any one, is looked at; what holds for it holds for all 4096.
 */
#include "proof.h"

#include "pci/vpci.h"

static struct vpci bus;
static struct pci_function physical;
static struct vpci_function fn;
/* Of the hardware, the byte looked at: its value, and which of its bits can be written or cleared. */
static uint8_t hw, hw_before, writable, clearable;
static unsigned offset, size, byte;
static uint64_t value;
static unsigned hooks_run;
/* What the view says of the byte looked at. */
struct snapshot {
	uint8_t value, live, emulated, through, clear, listed;
};
static struct snapshot before;

static struct snapshot look(void)
{
	const struct vpci_view *v = &fn.view;

	return (struct snapshot){ v->value[byte],   v->live[byte],  v->emulated[byte],
				  v->through[byte], v->clear[byte], v->listed[byte] };
}

/* ---- the hardware ---- */

uint32_t pci_read32(const struct pci_function *f, unsigned at)
{
	(void)f;
	(void)at;
	return nondet_u32();
}

uint8_t pci_read8(const struct pci_function *f, unsigned at)
{
	prove(f == fn.f, "only the zone's own function is read");
	prove(at < PCI_CONFIG_SIZE, "config reads stay inside config space");
	return at == byte ? hw : nondet_u8();
}

void pci_write8(const struct pci_function *f, unsigned at, uint8_t v)
{
	prove(f == fn.f, "only the zone's own function is written");
	prove(at >= offset && at - offset < size, "only bytes the zone wrote reach the hardware");
	if (at == byte)
		hw = (uint8_t)((hw & ~writable & ~(v & clearable)) | (v & writable));
}

/* The one copy there is: CBMC loses what a function pointer points to when it is copied as bytes. */
void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	struct vpci_hook *to = dst;
	const struct vpci_hook *from = src;
	unsigned i;

	prove(n == sizeof(fn.hooks), "the hooks are copied");
	for (i = 0; i < VPCI_MAX_HOOKS; i++)
		to[i] = from[i];
	return dst;
}

/* ---- what is proven ---- */

static uint8_t written(unsigned at)
{
	return (uint8_t)(value >> 8 * (at - offset));
}

static void check(void)
{
	struct snapshot after = look();
	bool hit = byte >= offset && byte - offset < size;
	uint8_t emulated = hit ? before.emulated : 0, through = hit ? before.through : 0;
	uint8_t clear = hit ? before.clear : 0, new = hit ? written(byte) : 0;
	uint8_t changed = (uint8_t)(hw ^ hw_before);

	prove(!((after.value ^ before.value) & ~emulated),
	      "no bit of the view changes but emulated ones the zone wrote");
	prove(!((after.value ^ new) & emulated), "an emulated bit is what the zone wrote");
	prove(after.live == before.live && after.emulated == before.emulated &&
		      after.through == before.through && after.clear == before.clear &&
		      after.listed == before.listed,
	      "no write changes a rule");
	prove(!(changed & ~(through | clear)),
	      "no bit of the hardware changes but those listed for the zone");
	prove(!(changed & clear & ~new), "a write-1-to-clear bit written as 0 keeps its value");
	prove(!((hw ^ new) & through & writable), "a bit passed through is what the zone wrote");
	reach(hit && after.value != before.value);
	reach(hit && (changed & through));
	reach(hit && (changed & clear));
	reach(hit && size == 8 && offset % 4 == 3);
}

/* What hooks do to the view is theirs: here they do nothing. */
static void hook(struct vpci_function *on, unsigned at)
{
	prove(on == &fn, "a hook is called for the function written");
	prove(at < offset + size, "a hook is called for a register that was written");
	hooks_run++;
	reach(hooks_run == VPCI_MAX_HOOKS);
}

int main(void)
{
	struct vpci_view anything ANY_VALUE;
	unsigned i;

	fn.view = anything;
	fn.bus = &bus;
	fn.f = &physical;
	fn.resetting = any_bool();
	fn.dead = any_bool();
	fn.hook_count = any_upto(VPCI_MAX_HOOKS);
	for (i = 0; i < VPCI_MAX_HOOKS; i++)
		fn.hooks[i] = (struct vpci_hook){ nondet_u16(), nondet_u16(), hook };
	size = nondet_unsigned();
	value = nondet_u64();
	offset = any_upto(PCI_CONFIG_SIZE - 1);
	assume(size >= 1 && size <= 8 && size <= PCI_CONFIG_SIZE - offset);
	byte = any_upto(PCI_CONFIG_SIZE - 1);
	before = look();
	hw = hw_before = nondet_u8();
	writable = nondet_u8();
	clearable = nondet_u8();
	/* One rule for each bit, in the view and in the hardware, and they agree on which clear. */
	assume(!(before.emulated & (before.through | before.clear)));
	assume(!(before.through & before.clear));
	assume(!(writable & (clearable | before.clear)));
	/* See above: what the listing sees to. */
	assume(!(before.through | before.clear) || !(clearable & ~(before.through | before.clear)));

	vpci_view_write(&fn, offset, size, value);

	check();
	return 0;
}
