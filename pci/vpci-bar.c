// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BARs on a zone's bus: their registers, the moves the zone makes with them, and the accesses that
 * trap. Where one may answer and what of it is mapped there is vpci-connect.c's.
 *
 * A move with decode on is a transaction: disconnect, connect; when the new place belongs to
 * another BAR or cannot be mapped, register and mapping go back to the old place. A place outside
 * the windows is the zone's right: the register holds it, nothing answers there. So a BAR that
 * answers does so where its register says (tests/proofs/bar-move.c). The physical BAR never moves.
 * Locking: vpci->lock is held; the host's stage-2 lock is taken inside.
 */
#include "vpci.h"

#include <linux/pci_regs.h>
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/zone.h>

#define BAR_FLAGS 0xfu

/* ---- registers ---- */

static bool wide(const struct vpci_bar *b)
{
	return b->bar && b->bar->kind == PCI_BAR_MEM64;
}

static unsigned bar_register(const struct vpci_function *fn, unsigned index)
{
	return index < PCI_BAR_COUNT ? PCI_BASE_ADDRESS_0 + 4 * index
				     : fn->sriov_cap + PCI_SRIOV_BAR + 4 * (index - PCI_BAR_COUNT);
}

uint64_t vpci_bar_address(const struct vpci_function *fn, unsigned index)
{
	const struct vpci_bar *b = vpci_bar_const(fn, index);
	unsigned reg = bar_register(fn, index);
	uint64_t low;

	if (!b->bar)
		return 0;
	if (fn->pf)
		return vpci_vf_bar_address(fn, index);
	low = vpci_get(fn, reg, 4) & ~BAR_FLAGS;
	return wide(b) ? low | (uint64_t)vpci_get(fn, reg + 4, 4) << 32 : low;
}

void vpci_bar_set_address(struct vpci_function *fn, unsigned index, uint64_t address)
{
	const struct vpci_bar *b = vpci_bar_const(fn, index);
	unsigned reg = bar_register(fn, index);

	/* A VF on its PF's bus has no address of its own. */
	if (!b->bar || fn->pf)
		return;
	vpci_set(fn, reg, 4, ((uint32_t)address & ~BAR_FLAGS) | (vpci_get(fn, reg, 4) & BAR_FLAGS));
	if (wide(b))
		vpci_set(fn, reg + 4, 4, (uint32_t)(address >> 32));
}

/* ---- where they answer ---- */

/* A BAR that had to wait for another one's place gets it as soon as that has gone. */
static void connect_waiting(struct vpci *v)
{
	struct vpci_function *fn;
	unsigned i;

	for_each_function(fn, v) {
		for (i = 0; i < PCI_BAR_COUNT; i++) {
			struct vpci_bar *b = &fn->bars[i];

			if (fn->memory_on && b->bar && !b->connected)
				vpci_bar_connect(v, b, vpci_bar_address(fn, i));
		}
	}
}

static void complain(struct vpci_function *fn, unsigned index, gpa_t at, int err,
		     const char *outcome)
{
	if (fn->complaints++ >= VPCI_MAX_COMPLAINTS)
		return;
	host_log(LOG_WARN, "zone %s: BAR%u of " SBDF_FMT " put at 0x%llx: %s; %s%s",
		 fn->bus->zone->name, index, SBDF_ARG(fn->f->sbdf), (unsigned long long)at,
		 err == -EADDRINUSE ? "another BAR is there" : "it cannot be mapped", outcome,
		 fn->complaints == VPCI_MAX_COMPLAINTS ? " (last message about this function)"
						       : "");
}

void vpci_bar_move(struct vpci_function *fn, unsigned index)
{
	struct vpci_bar *b = &fn->bars[index];
	gpa_t old = b->at, new = vpci_bar_address(fn, index);
	bool was = b->connected;
	int err;

	if (was && old == new)
		return;
	vpci_bar_disconnect(fn->bus, b);
	err = vpci_bar_connect(fn->bus, b, new);
	if (err && err != -ERANGE && was && !fn->pf) {
		complain(fn, index, new, err, "it stays where it was");
		vpci_bar_set_address(fn, index, old);
		if (vpci_bar_connect(fn->bus, b, old))
			host_log(LOG_ERROR,
				 "vpci: and cannot be mapped there again; it answers nowhere");
	}
	connect_waiting(fn->bus);
}

static void bar_written(struct vpci_function *fn, unsigned offset)
{
	unsigned index = (offset - PCI_BASE_ADDRESS_0) / 4;

	if (fn->memory_on)
		vpci_bar_move(fn, index);
}

void vpci_bars_connect(struct vpci_function *fn)
{
	unsigned i;

	for (i = 0; i < PCI_BAR_COUNT; i++) {
		struct vpci_bar *b = &fn->bars[i];
		int err = 0;

		if (b->bar && !b->connected)
			err = vpci_bar_connect(fn->bus, b, vpci_bar_address(fn, i));
		if (err && err != -ERANGE)
			complain(fn, i, vpci_bar_address(fn, i), err, "it answers nowhere");
	}
}

void vpci_bars_disconnect(struct vpci_function *fn)
{
	unsigned i;

	/*
	 * Before anything else, so that none of its own BARs is among those that wait for the
	 * places freed here.
	 */
	fn->memory_on = false;
	for (i = 0; i < PCI_BAR_COUNT; i++)
		vpci_bar_disconnect(fn->bus, &fn->bars[i]);
	connect_waiting(fn->bus);
}

void vpci_bars_build(struct vpci_function *fn)
{
	const struct pci_function *f = fn->f;
	unsigned i, reg;

	for (i = 0; i < PCI_BAR_COUNT; i++) {
		struct vpci_bar *b = &fn->bars[i];
		const struct pci_bar *p = &f->bars[i];
		uint32_t flags = (p->kind == PCI_BAR_MEM64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0u) |
				 (p->prefetchable ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0u);
		uint64_t mask = ~(p->size - 1);

		*b = (struct vpci_bar){ 0 };
		/* I/O BARs and BARs without a place read 0: not implemented. */
		if ((p->kind != PCI_BAR_MEM32 && p->kind != PCI_BAR_MEM64) || !p->bus)
			continue;
		b->bar = p;
		b->count = 1;
		vpci_bar_plan(fn, i);
		/* A VF on its PF's bus has no registers for them: its PF's VF BARs say where they are. */
		if (fn->pf)
			continue;
		reg = bar_register(fn, i);
		vpci_list(fn, reg, 4, VPCI_CONSTANT, BAR_FLAGS, flags);
		vpci_list(fn, reg, 4, VPCI_EMULATED, (uint32_t)mask & ~BAR_FLAGS, 0);
		if (wide(b))
			vpci_list(fn, reg + 4, 4, VPCI_EMULATED, (uint32_t)(mask >> 32), 0);
		vpci_hook(fn, reg, wide(b) ? 8 : 4, bar_written);
	}
}

/* ---- accesses that trap ---- */

static uint64_t forward(hpa_t at, unsigned size, bool write, uint64_t value)
{
	if (write) {
		switch (size) {
		case 1:
			mmio_write8(at, (uint8_t)value);
			break;
		case 2:
			mmio_write16(at, (uint16_t)value);
			break;
		case 4:
			mmio_write32(at, (uint32_t)value);
			break;
		default:
			mmio_write64(at, value);
			break;
		}
		return 0;
	}
	switch (size) {
	case 1:
		return mmio_read8(at);
	case 2:
		return mmio_read16(at);
	case 4:
		return mmio_read32(at);
	default:
		return mmio_read64(at);
	}
}

static bool within(struct vpci_piece p, uint64_t offset)
{
	return p.size && offset >= p.offset && offset - p.offset < p.size;
}

uint64_t vpci_bar_access(struct vpci *v, gpa_t addr, unsigned size, bool write, uint64_t value)
{
	struct vpci_function *fn;
	unsigned i;

	for_each_function(fn, v) {
		for (i = 0; i < PCI_BAR_COUNT; i++) {
			const struct vpci_bar *b = &fn->bars[i];
			struct vpci_piece table, pba;
			uint64_t offset = addr - b->at;

			if (!b->connected || addr < b->at || offset >= b->bar->size)
				continue;
			table = vpci_msix_table_in(fn, i);
			pba = vpci_msix_pba_in(fn, i);
			/*
			 * Aligned, an access cannot straddle either: both start and end on 8 bytes.
			 */
			if (within(table, offset))
				return vpci_msix_table_access(fn, offset - table.offset, size,
							      write, value);
			if (write && within(pba, offset))
				return 0;
			return forward(b->bar->cpu + offset, size, write, value);
		}
	}
	return UINT64_MAX;
}
