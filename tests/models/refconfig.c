// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reference model's mechanism, and an assigned function. See refconfig.h. Section numbers are
 * those of the PCI Express Base Specification 5.0.
 */
#include "refconfig.h"
#include "refconfig-private.h"

#include <string.h>

/* ---- telling bits ---- */

void ref_constant(struct refconfig *r, unsigned offset, unsigned size, uint32_t bits,
		  uint32_t value)
{
	for (unsigned i = 0; i < size; i++) {
		uint8_t b = (uint8_t)(bits >> 8 * i);

		r->decided[offset + i] |= b;
		r->constant[offset + i] =
			(uint8_t)(r->constant[offset + i] | (b & (uint8_t)(value >> 8 * i)));
	}
}

void ref_bits(struct refconfig *r, uint8_t *mask, unsigned offset, unsigned size, uint32_t bits)
{
	for (unsigned i = 0; i < size; i++) {
		r->decided[offset + i] |= (uint8_t)(bits >> 8 * i);
		mask[offset + i] |= (uint8_t)(bits >> 8 * i);
	}
}

uint32_t ref_get(const uint8_t *bytes, unsigned offset, unsigned size)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint32_t)bytes[offset + i] << 8 * i;
	return v;
}

/* Kept bits of a register take these values. */
void ref_keep(struct refconfig *r, unsigned offset, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++)
		r->view[offset + i] = (uint8_t)(value >> 8 * i) & r->kept[offset + i];
}

static void put(uint8_t *bytes, unsigned offset, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++)
		bytes[offset + i] = (uint8_t)(value >> 8 * i);
}

static uint32_t dump32(const struct refconfig *r, unsigned offset)
{
	return ref_get(r->facts.dump, offset, 4);
}

static uint32_t dump16(const struct refconfig *r, unsigned offset)
{
	return ref_get(r->facts.dump, offset, 2);
}

/* ---- the physical function of a virtual one (9.3.3) ---- */

/* Of its SR-IOV capability. */
static uint32_t sriov(const struct refconfig *r, unsigned offset, unsigned size)
{
	const uint8_t *d = r->facts.pf;
	unsigned at = 0x100;

	for (unsigned steps = 0; at >= 0x100 && at < 0xfc0 && steps < 960; steps++) {
		uint32_t head = ref_get(d, at, 4);

		if ((head & 0xffff) == 0x0010)
			return ref_get(d, at + offset, size);
		at = head >> 20 & 0xffc;
	}
	return 0;
}

/* Vendor, device, class and revision, subsystem. */
static void identity(struct refconfig *r)
{
	const uint8_t *pf = r->facts.pf;

	/* A virtual function's own first two read all-ones (9.3.4.1.1, 9.3.4.1.2). */
	ref_constant(r, 0x00, 2, 0xffff, pf ? ref_get(pf, 0x00, 2) : dump16(r, 0x00));
	ref_constant(r, 0x02, 2, 0xffff, pf ? sriov(r, 0x1a, 2) : dump16(r, 0x02));
	ref_constant(r, 0x08, 4, 0xffffffff, dump32(r, 0x08));
	ref_constant(r, 0x2c, 4, 0xffffffff, dump32(r, 0x2c));
}

/* ---- header (7.5.1) ---- */

static void header(struct refconfig *r)
{
	const uint8_t *d = r->facts.dump;

	identity(r);
	/* Memory Enable, Bus Master, INTx Disable; beside its physical function Bus Master only */
	ref_bits(r, r->kept, 0x04, 2, r->facts.with_pf ? 0x0004 : 0x0406);
	/* error bits; DEVSEL, fast back-to-back, 66 MHz */
	ref_bits(r, r->w1c, 0x06, 2, 0xf900);
	ref_constant(r, 0x06, 2, 0x06a0, dump16(r, 0x06));
	ref_bits(r, r->kept, 0x0c, 1, 0xff);
	ref_keep(r, 0x0c, 1, d[0x0c]);
	ref_constant(r, 0x0e, 1, 0xff, 0);
	ref_bits(r, r->kept, 0x3c, 1, 0xff);
	if (!r->facts.pin)
		return;
	/* Interrupt Status; the pin */
	ref_bits(r, r->live, 0x06, 2, 0x0008);
	ref_constant(r, 0x3d, 1, 0xff, r->facts.pin);
}

/*
 * INTx Disable is on in hardware unless the zone has a line, wants it, and has no messages
 * (6.1.4.3). A virtual function beside its physical one decodes as VF Memory Space Enable says,
 * which is on.
 */
static void command_in_hardware(struct refconfig *r)
{
	uint32_t command = ref_get(r->view, 0x04, 2);
	bool messages = (r->msi && r->view[r->msi + 2] & 1) ||
			(r->msix && r->view[r->msix + 3] & 0x80);
	bool line = r->facts.pin && !(command & 0x0400) && !messages;

	if (r->facts.with_pf)
		command |= 0x0002;
	put(r->hw, 0x04, 2,
	    ((line ? 0 : 0x0400) | (command & 0x0006)) & ~(uint32_t)r->facts.not_command);
}

/* ---- BARs (7.5.1.2.1) ---- */

/* A register of its own for it: a virtual function beside its physical one has none. */
static bool has_bar(const struct refconfig *r, unsigned bar)
{
	return r->facts.bar_size[bar] && !r->facts.with_pf;
}

static bool wide(const struct refconfig *r, unsigned bar)
{
	return r->facts.bar_size[bar] && (r->constant[0x10 + 4 * bar] & 6) == 4;
}

static uint64_t bar_address(const struct refconfig *r, unsigned bar)
{
	uint64_t low = ref_get(r->view, 0x10 + 4 * bar, 4);

	return wide(r, bar) ? low | (uint64_t)ref_get(r->view, 0x14 + 4 * bar, 4) << 32 : low;
}

static void bar_move(struct refconfig *r, unsigned bar, uint64_t address)
{
	ref_keep(r, 0x10 + 4 * bar, 4, (uint32_t)address);
	if (wide(r, bar))
		ref_keep(r, 0x14 + 4 * bar, 4, (uint32_t)(address >> 32));
}

static void bars(struct refconfig *r)
{
	for (unsigned i = 0; i < REF_BARS; i++) {
		uint64_t mask = ~(r->facts.bar_size[i] - 1);
		uint32_t flags = r->facts.pf ? sriov(r, 0x24 + 4 * i, 4)
					     : r->facts.dump[0x10 + 4 * i];

		if (!has_bar(r, i))
			continue;
		ref_constant(r, 0x10 + 4 * i, 4, 0xf, flags & 0xe);
		ref_bits(r, r->kept, 0x10 + 4 * i, 4, (uint32_t)mask & ~0xfu);
		if ((flags & 6) == 4)
			ref_bits(r, r->kept, 0x14 + 4 * i, 4, (uint32_t)(mask >> 32));
		bar_move(r, i, r->facts.bar_place[i]);
	}
}

static bool inside(uint64_t at, uint64_t size, uint64_t start, uint64_t length)
{
	return at >= start && size <= length && at - start <= length - size;
}

static bool in_windows(const struct refconfig *r, unsigned bar, uint64_t at)
{
	uint64_t size = r->facts.bar_size[bar];

	return inside(at, size, r->low, r->low_size) ||
	       (wide(r, bar) && inside(at, size, r->high, r->high_size));
}

static bool taken(const struct refconfig *r, unsigned bar, uint64_t at)
{
	for (unsigned o = 0; o < REF_BARS; o++)
		if (o != bar && r->answers[o] && at < r->at[o] + r->facts.bar_size[o] &&
		    r->at[o] < at + r->facts.bar_size[bar])
			return true;
	return false;
}

static bool try_place(struct refconfig *r, unsigned bar)
{
	uint64_t at = bar_address(r, bar);

	r->answers[bar] = in_windows(r, bar, at) && !taken(r, bar, at);
	r->at[bar] = at;
	return r->answers[bar];
}

/* Written with decode on: a place on another BAR is given back for the old one. */
static void bar_written(struct refconfig *r, unsigned bar)
{
	uint64_t at = bar_address(r, bar), old = r->at[bar];
	bool answered = r->answers[bar];

	if (!r->memory_on || !r->facts.bar_size[bar] || (answered && at == old))
		return;
	if (answered && in_windows(r, bar, at) && taken(r, bar, at)) {
		bar_move(r, bar, old);
		return;
	}
	r->answers[bar] = false;
	try_place(r, bar);
	for (unsigned o = 0; o < REF_BARS; o++)
		if (r->facts.bar_size[o] && !r->answers[o])
			try_place(r, o);
}

static void decode(struct refconfig *r, bool on)
{
	if (on == r->memory_on)
		return;
	r->memory_on = on;
	memset(r->answers, 0, sizeof(r->answers));
	for (unsigned i = 0; on && i < REF_BARS; i++)
		if (has_bar(r, i))
			try_place(r, i);
}

/* ---- power management (7.5.2) ---- */

static void power_management(struct refconfig *r, unsigned cap)
{
	/* Version, readiness, device-specific initialization. No D1, D2; no PME, so neither its
	 * clock nor an auxiliary current. */
	ref_constant(r, cap + 2, 2, 0xffff, dump16(r, cap + 2) & 0x0037);
	ref_bits(r, r->kept, cap + 4, 2, 0x0003);
	ref_constant(r, cap + 4, 2, 0x0008, 0x0008);
	r->pm = cap;
	r->power = 0;
}

/* A state the function does not have (D1, D2) is not entered (7.5.2.2). */
static void power_written(struct refconfig *r)
{
	unsigned state = r->view[r->pm + 4] & 3;

	if (state == 0 || state == 3)
		r->power = state;
	r->view[r->pm + 4] = (uint8_t)r->power;
}

/* ---- PCI Express (7.5.3) ---- */

#define OWN_REQUESTS 0x7810u /* relaxed ordering, no snoop, max read request size */

static void link(struct refconfig *r, unsigned cap, unsigned real, unsigned shown, bool second)
{
	if (shown == 9)
		return;
	if (real == 9) {
		ref_constant(r, cap + 0x0c, 4, 0xffffffff, 0x11);
		ref_constant(r, cap + 0x12, 2, 0xffff, 0x11);
		return;
	}
	/* ASPM support and control, clock power management capability and control: hidden */
	ref_constant(r, cap + 0x0c, 4, 0xffffffff, dump32(r, cap + 0x0c) & ~0x00040c00u);
	ref_constant(r, cap + 0x10, 2, 0xffff, dump16(r, cap + 0x10) & ~0x0103u);
	ref_bits(r, r->live, cap + 0x12, 2, 0xffff);
	if (!second)
		return;
	ref_constant(r, cap + 0x2c, 4, 0xffffffff, dump32(r, cap + 0x2c));
	ref_constant(r, cap + 0x30, 2, 0xffff, dump16(r, cap + 0x30));
	ref_constant(r, cap + 0x32, 2, 0xffff, dump16(r, cap + 0x32));
}

static void express(struct refconfig *r, unsigned cap)
{
	uint32_t flags = dump16(r, cap + 2), devcap = dump32(r, cap + 4);
	unsigned real = flags >> 4 & 0xf, shown = real;
	bool second = (flags & 0xf) >= 2 && cap + 0x3c <= 0x100;

	if (r->facts.below_port && real == 9)
		shown = 0;
	if (!r->facts.below_port && real <= 1)
		shown = 9;
	r->pcie = cap;
	r->flr = devcap >> 28 & 1;
	ref_constant(r, cap + 2, 2, 0xffff, (flags & 0xf) | shown << 4);
	ref_constant(r, cap + 4, 4, 0xffffffff, devcap & ~0x00000018u);
	/* Everything but phantom functions and auxiliary power; FLR where there is one. */
	ref_bits(r, r->kept, cap + 8, 2, 0x79ffu | (r->flr ? 0x8000u : 0));
	/* Error reporting was turned off when the machine started. */
	ref_keep(r, cap + 8, 2, dump16(r, cap + 8) & 0x79f0u);
	ref_bits(r, r->w1c, cap + 10, 2, 0x000f);
	ref_bits(r, r->live, cap + 10, 2, 0x0020);
	link(r, cap, real, shown, second);
	if (!second)
		return;
	ref_constant(r, cap + 0x24, 4, 0xffffffff, dump32(r, cap + 0x24) & 0x1f);
	ref_bits(r, r->kept, cap + 0x28, 2, 0x001f);
	ref_keep(r, cap + 0x28, 2, dump16(r, cap + 0x28));
}

/* Returns false when it was a reset. */
static bool device_control_written(struct refconfig *r)
{
	unsigned at = r->pcie + 8;
	uint32_t now = ref_get(r->view, at, 2);

	if (now & 0x8000)
		return false;
	if ((now >> 12 & 7) > 5) {
		now = (now & ~0x7000u) | 0x5000;
		ref_keep(r, at, 2, now);
	}
	put(r->hw, at, 2,
	    (ref_get(r->quiet, at, 2) & ~(OWN_REQUESTS | 0x8000u)) | (now & OWN_REQUESTS));
	return true;
}

/* ---- MSI and MSI-X (7.7.1, 7.7.2) ---- */

static void msi(struct refconfig *r, unsigned cap)
{
	uint32_t control = dump16(r, cap + 2);
	unsigned most = control >> 1 & 7, data, log2 = 0;
	bool maskable = control & 0x100;

	r->msi64 = control & 0x80;
	if (!r->facts.vectors || (!r->msi64 && r->facts.doorbell >> 32))
		return;
	/* As many as one data register, counting up from a multiple, can name. */
	while (log2 < most && 2u << log2 <= r->facts.vectors &&
	       !(r->facts.data & ((2u << log2) - 1)))
		log2++;
	r->msi = cap;
	r->msi_log2 = log2;
	data = cap + (r->msi64 ? 12 : 8);
	ref_constant(r, cap + 2, 2, 0x018e, (control & 0x180) | log2 << 1);
	ref_bits(r, r->kept, cap + 2, 2, 0x0071);
	ref_bits(r, r->kept, cap + 4, 4, 0xfffffffc);
	if (r->msi64)
		ref_bits(r, r->kept, cap + 8, 4, 0xffffffff);
	ref_bits(r, r->kept, data, 2, 0xffff);
	if (!maskable)
		return;
	ref_bits(r, r->pass, data + 4, 4, (uint32_t)((1ull << (1u << log2)) - 1));
	ref_bits(r, r->live, data + 8, 4, (uint32_t)((1ull << (1u << log2)) - 1));
}

static bool fits_bar(const struct refconfig *r, uint32_t place, uint64_t size)
{
	unsigned bar = place & 7;

	return bar < REF_BARS && r->facts.bar_size[bar] &&
	       (place & ~7u) + size <= r->facts.bar_size[bar];
}

static void msix(struct refconfig *r, unsigned cap)
{
	unsigned entries = (dump16(r, cap + 2) & 0x7ff) + 1;
	uint32_t table = dump32(r, cap + 4), pba = dump32(r, cap + 8);

	if (!r->facts.vectors || !fits_bar(r, table, 16ull * entries) ||
	    !fits_bar(r, pba, (entries + 63) / 64 * 8ull))
		return;
	r->msix = cap;
	if (entries > r->facts.vectors)
		entries = r->facts.vectors;
	ref_constant(r, cap + 2, 2, 0x07ff, entries - 1);
	ref_bits(r, r->kept, cap + 2, 2, 0xc000);
	ref_constant(r, cap + 4, 4, 0xffffffff, table);
	ref_constant(r, cap + 8, 4, 0xffffffff, pba);
}

/* Which is on in hardware: MSI-X before MSI, never both. */
static void messages_written(struct refconfig *r)
{
	unsigned control = r->msi ? ref_get(r->view, r->msi + 2, 2) : 0, log2 = control >> 4 & 7;
	unsigned x = r->msix ? ref_get(r->view, r->msix + 2, 2) : 0;
	bool on = control & 1 && !(x & 0x8000);

	if (log2 > r->msi_log2)
		log2 = r->msi_log2;
	if (r->msi)
		put(r->hw, r->msi + 2, 2,
		    (ref_get(r->quiet, r->msi + 2, 2) & ~0x71u) | (on ? 1 | log2 << 4 : 0));
	if (r->msix)
		put(r->hw, r->msix + 2, 2, (ref_get(r->quiet, r->msix + 2, 2) & ~0xc000u) | x);
	command_in_hardware(r);
}

/* ---- the whole function ---- */

static void capabilities(struct refconfig *r)
{
	const uint8_t *d = r->facts.dump;
	unsigned at = d[0x06] & 0x10 ? d[0x34] & 0xfcu : 0, link_at = 0x34;
	uint32_t seen = 0;

	for (unsigned steps = 0; at >= 0x40 && steps < 48 && d[at] != 0xff; steps++) {
		uint8_t id = d[at];
		bool shown = false, first = id < 32 && !(seen >> id & 1);

		seen |= id < 32 ? 1u << id : 0;
		if (first && id == 0x01)
			power_management(r, at);
		else if (first && id == 0x05)
			msi(r, at);
		else if (first && id == 0x10)
			express(r, at);
		else if (first && id == 0x11)
			msix(r, at);
		shown = at == r->pm || at == r->msi || at == r->pcie || at == r->msix;
		if (shown) {
			if (link_at == 0x34) {
				ref_constant(r, 0x34, 1, 0xff, 0);
				ref_constant(r, 0x06, 2, 0x0010, 0x0010);
			}
			ref_constant(r, link_at, 1, 0xff, at);
			ref_constant(r, at, 2, 0xffff, id);
			link_at = at + 1;
		}
		at = d[at + 1] & 0xfcu;
	}
}

/* The serial number (7.9.3) heads the extended list, alone on it. */
static void extended(struct refconfig *r)
{
	const uint8_t *d = r->facts.dump;
	unsigned at = 0x100;

	for (unsigned steps = 0; at >= 0x100 && at < 0xff8 && steps < 960; steps++) {
		uint32_t head = ref_get(d, at, 4);

		if (!head || head == 0xffffffff)
			return;
		if ((head & 0xffff) == 0x0003) {
			ref_constant(r, 0x100, 4, 0xffffffff, 0x00010003);
			ref_constant(r, 0x104, 4, 0xffffffff, ref_get(d, at + 4, 4));
			ref_constant(r, 0x108, 4, 0xffffffff, ref_get(d, at + 8, 4));
			return;
		}
		at = head >> 20 & 0xffc;
	}
}

static void power_on(struct refconfig *r)
{
	memset(r->constant, 0, sizeof(r->constant));
	memset(r->kept, 0, sizeof(r->kept));
	memset(r->live, 0, sizeof(r->live));
	memset(r->pass, 0, sizeof(r->pass));
	memset(r->w1c, 0, sizeof(r->w1c));
	memset(r->decided, 0, sizeof(r->decided));
	memset(r->view, 0, sizeof(r->view));
	memset(r->answers, 0, sizeof(r->answers));
	r->memory_on = false;
	if (r->facts.placeholder) {
		identity(r);
		return;
	}
	header(r);
	bars(r);
	capabilities(r);
	extended(r);
}

void refconfig_endpoint(struct refconfig *r, const struct refconfig_facts *facts, const uint8_t *hw)
{
	memset(r, 0, sizeof(*r));
	r->facts = *facts;
	memcpy(r->hw, hw, sizeof(r->hw));
	memcpy(r->quiet, hw, sizeof(r->quiet));
	power_on(r);
}

void refconfig_back(struct refconfig *r)
{
	uint64_t place[REF_BARS];

	for (unsigned i = 0; i < REF_BARS; i++)
		place[i] = has_bar(r, i) ? bar_address(r, i) : 0;
	power_on(r);
	for (unsigned i = 0; i < REF_BARS; i++)
		if (has_bar(r, i))
			bar_move(r, i, place[i]);
	memcpy(r->hw, r->quiet, sizeof(r->hw));
	r->resetting = false;
}

/* ---- accesses ---- */

uint64_t refconfig_read(const struct refconfig *r, unsigned offset, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++) {
		unsigned at = offset + i;
		uint8_t hardware = r->live[at] | r->pass[at] | r->w1c[at];
		uint8_t byte = (uint8_t)(r->constant[at] | (r->view[at] & r->kept[at]) |
					 (r->hw[at] & hardware));

		value |= (uint64_t)(r->resetting ? 0xff : byte) << 8 * i;
	}
	return value;
}

static bool touches(unsigned offset, unsigned size, unsigned reg, unsigned length)
{
	return offset < reg + length && reg < offset + size;
}

static void command_written(struct refconfig *r)
{
	uint32_t command = ref_get(r->view, 0x04, 2);

	command_in_hardware(r);
	decode(r, command & 2);
}

void refconfig_write(struct refconfig *r, unsigned offset, unsigned size, uint64_t value)
{
	unsigned data = r->msi + (r->msi64 ? 12u : 8u);

	if (r->resetting || r->facts.placeholder)
		return;
	for (unsigned i = 0; i < size; i++) {
		unsigned at = offset + i;
		uint8_t byte = (uint8_t)(value >> 8 * i);

		r->view[at] = (uint8_t)((r->view[at] & ~r->kept[at]) | (byte & r->kept[at]));
		r->hw[at] = (uint8_t)((r->hw[at] & ~r->pass[at]) | (byte & r->pass[at]));
		r->hw[at] = (uint8_t)(r->hw[at] & ~(byte & r->w1c[at]));
	}
	if (r->is_port) {
		ref_port_written(r, offset, size);
		return;
	}
	if (touches(offset, size, 0x04, 2))
		command_written(r);
	if (r->pm && touches(offset, size, r->pm + 4, 2))
		power_written(r);
	if ((r->msi && touches(offset, size, r->msi + 2, data - r->msi)) ||
	    (r->msix && touches(offset, size, r->msix + 2, 2)))
		messages_written(r);
	for (unsigned i = 0; i < REF_BARS; i++)
		if (has_bar(r, i) && touches(offset, size, 0x10 + 4 * i, wide(r, i) ? 8 : 4))
			bar_written(r, i);
	if (r->pcie && touches(offset, size, r->pcie + 8, 2) && !device_control_written(r))
		r->resetting = true;
}

/* Status (7.5.1.1.4) and Device Status (7.5.3.5). */
void refconfig_hardware_w1c(const uint8_t *dump, uint8_t *mask)
{
	unsigned at = dump[0x06] & 0x10 ? dump[0x34] & 0xfcu : 0;

	memset(mask, 0, REF_CONFIG);
	mask[0x07] = 0xf9;
	for (unsigned steps = 0; at >= 0x40 && steps < 48 && dump[at] != 0xff; steps++) {
		if (dump[at] == 0x10 && at + 10 < 0x100)
			mask[at + 10] = 0x0f;
		at = dump[at + 1] & 0xfcu;
	}
}
