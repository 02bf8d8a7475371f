// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reference model of a synthesized root port. See refconfig.h; docs/config-space.md, "The
 * synthesized root port"; PCI Express Base Specification 5.0, 7.5.1.3 and 7.5.3.
 */
#include "refconfig-private.h"

#include <string.h>

#define PCIE 0x40u
#define MSI  0x80u

static unsigned pcie_of(const uint8_t *d)
{
	unsigned at = d[0x06] & 0x10 ? d[0x34] & 0xfcu : 0;

	for (unsigned steps = 0; at >= 0x40 && steps < 48; steps++) {
		if (d[at] == 0x10)
			return at;
		at = d[at + 1] & 0xfcu;
	}
	return 0;
}

/* Base and limit as a bridge holds them; a closed window has its base above its limit. */
static void window(struct refconfig *r, unsigned reg, uint64_t start, uint64_t size)
{
	uint64_t base = size ? start : 0xfff00000, limit = size ? start + size - 1 : 0;

	ref_bits(r, r->kept, reg, 4, 0xfff0fff0);
	ref_keep(r, reg, 4,
		 (uint32_t)(base >> 16 & 0xfff0) | (uint32_t)(limit >> 16 & 0xfff0) << 16);
	if (reg == 0x20)
		return;
	ref_constant(r, reg, 4, 0x00010001, 0x00010001);
	ref_bits(r, r->kept, 0x28, 4, 0xffffffff);
	ref_bits(r, r->kept, 0x2c, 4, 0xffffffff);
	ref_keep(r, 0x28, 4, (uint32_t)(base >> 32));
	ref_keep(r, 0x2c, 4, (uint32_t)(limit >> 32));
}

static void header(struct refconfig *r, const struct refport_facts *f)
{
	ref_constant(r, 0x00, 4, 0xffffffff, 0x00017073);
	/* Memory, Bus Master, parity, SERR, INTx Disable; the first two are on */
	ref_bits(r, r->kept, 0x04, 2, 0x0546);
	ref_keep(r, 0x04, 2, 0x0006);
	ref_constant(r, 0x06, 2, 0x0010, 0x0010);
	ref_constant(r, 0x08, 4, 0xffffffff, 0x06040001);
	ref_bits(r, r->kept, 0x0c, 1, 0xff);
	ref_constant(r, 0x0e, 1, 0xff, 0x01);
	ref_bits(r, r->kept, 0x18, 4, 0x00ffffff);
	ref_keep(r, 0x18, 4, f->secondary << 8 | f->secondary << 16);
	window(r, 0x20, f->window[0], f->window_size[0]);
	window(r, 0x24, f->window[1], f->window_size[1]);
	ref_constant(r, 0x34, 1, 0xff, PCIE);
	ref_bits(r, r->kept, 0x3c, 1, 0xff);
	/* parity, SERR, Secondary Bus Reset */
	ref_bits(r, r->kept, 0x3e, 2, 0x0043);
}

static void express(struct refconfig *r, const struct refport_facts *f)
{
	unsigned cap = f->below ? pcie_of(f->below) : 0, link = 0x11, payload = 0, speed;

	if (cap && (f->below[cap + 2] >> 4 & 0xf) != 9)
		link = ref_get(f->below, cap + 0x0c, 2) & 0x3ff;
	if (cap)
		payload = ref_get(f->below, cap + 8, 2) & 0xe0;
	speed = link & 0xf;
	ref_constant(r, PCIE, 2, 0xffff, 0x10 | MSI << 8);
	ref_constant(r, PCIE + 0x02, 2, 0xffff, 0x0142); /* version 2, root port, slot */
	ref_constant(r, PCIE + 0x04, 4, 0xffffffff, 0x8005);
	ref_bits(r, r->kept, PCIE + 0x08, 2, 0x79ff);
	ref_keep(r, PCIE + 0x08, 2, payload);
	/* reports data link activity; its number is its slot's */
	ref_constant(r, PCIE + 0x0c, 4, 0xffffffff, link | 1u << 20 | f->slot << 24);
	/* common clock, extended synch */
	ref_bits(r, r->kept, PCIE + 0x10, 2, 0x00c0);
	ref_constant(r, PCIE + 0x12, 2, 0xffff, f->below ? link | 0x3000 : 0x1000);
	/* slot number, no command completed */
	ref_constant(r, PCIE + 0x14, 4, 0xffffffff, f->slot << 19 | 1u << 18);
	ref_constant(r, PCIE + 0x1a, 2, 0xffff, f->below ? 0x0040 : 0);
	ref_bits(r, r->kept, PCIE + 0x1c, 2, 0x000f);
	ref_constant(r, PCIE + 0x2c, 4, 0xffffffff, ((1u << speed) - 1) << 1);
	ref_bits(r, r->kept, PCIE + 0x30, 2, 0x000f);
	ref_keep(r, PCIE + 0x30, 2, speed);
}

static void msi(struct refconfig *r)
{
	ref_constant(r, MSI, 2, 0xffff, 0x05);
	ref_constant(r, MSI + 2, 2, 0x0080, 0x0080);
	ref_bits(r, r->kept, MSI + 2, 2, 0x0001);
	ref_bits(r, r->kept, MSI + 4, 4, 0xfffffffc);
	ref_bits(r, r->kept, MSI + 8, 4, 0xffffffff);
	ref_bits(r, r->kept, MSI + 12, 2, 0xffff);
}

void refconfig_port(struct refconfig *r, const struct refport_facts *facts)
{
	memset(r, 0, sizeof(*r));
	r->is_port = true;
	header(r, facts);
	express(r, facts);
	msi(r);
}

void ref_port_written(struct refconfig *r, unsigned offset, unsigned size)
{
	if (offset <= 0x3e && offset + size > 0x3e)
		r->bus_reset = r->view[0x3e] & 0x40;
}
