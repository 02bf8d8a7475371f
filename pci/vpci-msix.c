// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MSI-X for a zone: the table it programs is a shadow; the hardware's entries hold the hypervisor's
 * messages and nothing else, ever (invariant V3). Of what the zone writes only mask bits reach the
 * device.
 *
 * The number of entries, and where table and PBA are, was read once at boot (V6). Entries beyond
 * the vectors reserved for the function are not offered; in hardware they stay masked. The PBA is
 * read from the hardware; writes to it are dropped. Locking: vpci->lock is held. PCIe Base
 * Specification, 7.7.2 and 6.1.4.
 */
#include "vpci.h"

#include <linux/pci_regs.h>
#include <postern/arch.h>

#define CONTROL_ZONE (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL)
#define ENTRY        PCI_MSIX_ENTRY_SIZE
_Static_assert(sizeof(struct vpci_msix_entry) == ENTRY, "the shadow is sized like the table");

static bool memory_bar(const struct pci_function *f, unsigned bar)
{
	return bar < PCI_BAR_COUNT && f->bars[bar].bus &&
	       (f->bars[bar].kind == PCI_BAR_MEM32 || f->bars[bar].kind == PCI_BAR_MEM64);
}

bool vpci_msix_usable(const struct pci_function *f)
{
	return f->msix.entries && memory_bar(f, f->msix.table_bar) &&
	       memory_bar(f, f->msix.pba_bar);
}

/*
 * Also for a function whose MSI-X is not shown: its table's pages are not for the zone's CPUs all
 * the same.
 */
struct vpci_piece vpci_msix_table_in(const struct vpci_function *fn, unsigned bar)
{
	const struct pci_msix_info *m = &fn->f->msix;

	if (!m->entries || m->table_bar != bar)
		return (struct vpci_piece){ 0 };
	return (struct vpci_piece){ m->table_offset, (uint64_t)m->entries * ENTRY };
}

struct vpci_piece vpci_msix_pba_in(const struct vpci_function *fn, unsigned bar)
{
	const struct pci_msix_info *m = &fn->f->msix;

	if (!m->entries || m->pba_bar != bar)
		return (struct vpci_piece){ 0 };
	return (struct vpci_piece){ m->pba_offset, align_up(m->entries, 64) / 8 };
}

static hpa_t hardware_entry(const struct vpci_function *fn, unsigned n)
{
	const struct pci_msix_info *m = &fn->f->msix;

	return fn->f->bars[m->table_bar].cpu + m->table_offset + (uint64_t)n * ENTRY;
}

static void write_mask(const struct vpci_function *fn, unsigned n)
{
	mmio_write32(hardware_entry(fn, n) + PCI_MSIX_ENTRY_VECTOR_CTRL,
		     fn->msix_table[n].control & PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

void vpci_msix_program(struct vpci_function *fn)
{
	unsigned n;

	for (n = 0; n < fn->f->msix.entries; n++) {
		struct msi_message m = { 0 };
		hpa_t entry = hardware_entry(fn, n);

		/* Masked first: no entry is ever live with a half-written message. */
		mmio_write32(entry + PCI_MSIX_ENTRY_VECTOR_CTRL, PCI_MSIX_ENTRY_CTRL_MASKBIT);
		if (n < fn->msix_entries)
			fn->vectors[n].unit->ops->message(&fn->vectors[n], &m);
		mmio_write32(entry + PCI_MSIX_ENTRY_LOWER_ADDR, (uint32_t)m.address);
		mmio_write32(entry + PCI_MSIX_ENTRY_UPPER_ADDR, (uint32_t)(m.address >> 32));
		mmio_write32(entry + PCI_MSIX_ENTRY_DATA, m.data);
	}
}

static void control_written(struct vpci_function *fn, unsigned offset)
{
	(void)offset;
	vpci_msi_apply(fn);
	vpci_retarget_all(fn);
}

void vpci_msix_build(struct vpci_function *fn, unsigned cap)
{
	const struct pci_function *f = fn->f;
	unsigned n;

	if (!fn->msix_table)
		return;
	fn->msix_cap = (uint16_t)cap;
	for (n = 0; n < fn->msix_entries; n++)
		fn->msix_table[n] =
			(struct vpci_msix_entry){ .control = PCI_MSIX_ENTRY_CTRL_MASKBIT };
	vpci_link(fn, PCI_CAP_ID_MSIX, cap);
	vpci_list(fn, cap + PCI_MSIX_FLAGS, 2, VPCI_CONSTANT, PCI_MSIX_FLAGS_QSIZE,
		  fn->msix_entries - 1u);
	vpci_list(fn, cap + PCI_MSIX_FLAGS, 2, VPCI_EMULATED, CONTROL_ZONE, 0);
	vpci_list(fn, cap + PCI_MSIX_TABLE, 4, VPCI_CONSTANT, UINT32_MAX,
		  f->msix.table_offset | f->msix.table_bar);
	vpci_list(fn, cap + PCI_MSIX_PBA, 4, VPCI_CONSTANT, UINT32_MAX,
		  f->msix.pba_offset | f->msix.pba_bar);
	vpci_hook(fn, cap + PCI_MSIX_FLAGS, 2, control_written);
}

bool vpci_msix_enabled(const struct vpci_function *fn)
{
	return fn->msix_cap &&
	       vpci_get(fn, fn->msix_cap + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_ENABLE;
}

bool vpci_msix_message(const struct vpci_function *fn, unsigned n, struct msi_message *out)
{
	if (n >= fn->msix_entries)
		return false;
	out->address = fn->msix_table[n].address;
	out->data = fn->msix_table[n].data;
	return true;
}

/* ---- the table ---- */

static uint32_t entry_get(const struct vpci_msix_entry *e, unsigned field)
{
	switch (field) {
	case PCI_MSIX_ENTRY_LOWER_ADDR:
		return (uint32_t)e->address;
	case PCI_MSIX_ENTRY_UPPER_ADDR:
		return (uint32_t)(e->address >> 32);
	case PCI_MSIX_ENTRY_DATA:
		return e->data;
	default:
		return e->control;
	}
}

static void entry_set(struct vpci_msix_entry *e, unsigned field, uint32_t value)
{
	switch (field) {
	case PCI_MSIX_ENTRY_LOWER_ADDR:
		/* The two lowest address bits are always 0: messages are dwords. */
		e->address = (e->address & ~(uint64_t)UINT32_MAX) | (value & ~3u);
		break;
	case PCI_MSIX_ENTRY_UPPER_ADDR:
		e->address = (e->address & UINT32_MAX) | (uint64_t)value << 32;
		break;
	case PCI_MSIX_ENTRY_DATA:
		e->data = value;
		break;
	default:
		e->control = value & PCI_MSIX_ENTRY_CTRL_MASKBIT;
		break;
	}
}

/* An access within one dword. Entries past those offered read 0 and drop writes. */
static uint32_t dword_access(struct vpci_function *fn, uint64_t offset, unsigned size, bool write,
			     uint32_t value)
{
	uint64_t n = offset / ENTRY;
	unsigned field = (unsigned)(offset % ENTRY) & ~3u, shift = 8 * (unsigned)(offset & 3);
	uint32_t lanes = (uint32_t)(BIT64(8 * size) - 1) << shift, old;
	struct vpci_msix_entry *e;

	if (n >= fn->msix_entries)
		return 0;
	e = &fn->msix_table[n];
	old = entry_get(e, field);
	if (!write)
		return (old & lanes) >> shift;
	entry_set(e, field, (old & ~lanes) | (value << shift & lanes));
	if (field == PCI_MSIX_ENTRY_VECTOR_CTRL)
		write_mask(fn, (unsigned)n);
	if (entry_get(e, field) != old)
		vpci_retarget_vector(fn, (unsigned)n);
	return 0;
}

uint64_t vpci_msix_table_access(struct vpci_function *fn, uint64_t offset, unsigned size,
				bool write, uint64_t value)
{
	uint64_t low;

	if (size <= 4)
		return dword_access(fn, offset, size, write, (uint32_t)value);
	low = dword_access(fn, offset, 4, write, (uint32_t)value);
	return low | (uint64_t)dword_access(fn, offset + 4, 4, write, (uint32_t)(value >> 32))
			     << 32;
}
