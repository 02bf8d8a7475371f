/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the physical side share (config, capability, bar, enumerate, resources, reset).
 * Nothing outside pci/ includes this. Caller context: boot, single-threaded, unless a function says
 * otherwise.
 */
#ifndef POSTERN_PCI_SCAN_H
#define POSTERN_PCI_SCAN_H

#include <linux/pci_regs.h>
#include <postern/pci.h>

/* Where the classic and the extended list live (PCIe Base Specification, 7.2 and 7.6). */
#define CLASSIC_FIRST  0x40u
#define CLASSIC_END    0x100u
#define EXTENDED_FIRST 0x100u
/* A list can hold no more capabilities than its area holds dwords. */
#define CLASSIC_MAX    ((CLASSIC_END - CLASSIC_FIRST) / 4)
#define EXTENDED_MAX   ((PCI_CONFIG_SIZE - EXTENDED_FIRST) / 4)

/* Command register with everything off: no decode, no Bus Master, no INTx. */
#define COMMAND_QUIET ((uint16_t)PCI_COMMAND_INTX_DISABLE)

/* Shorthands for one function's config space. */
uint8_t pci_read8(const struct pci_function *f, unsigned offset);
uint16_t pci_read16(const struct pci_function *f, unsigned offset);
uint32_t pci_read32(const struct pci_function *f, unsigned offset);
void pci_write8(const struct pci_function *f, unsigned offset, uint8_t value);
void pci_write16(const struct pci_function *f, unsigned offset, uint16_t value);
void pci_write32(const struct pci_function *f, unsigned offset, uint32_t value);
/*
 * Clears `clear` and sets `set` in a 16-bit register without status bits; writes only when
 * something changes.
 */
void pci_update16(const struct pci_function *f, unsigned offset, uint16_t clear, uint16_t set);

/*
 * One step along the classic list: *offset is the capability just seen (0 to start); on true it is
 * the next one and *id its ID. Bounded: `seen` (zeroed by the caller) counts steps, so that a chain
 * that loops ends.
 */
bool pci_next_classic(const struct pci_host *h, sbdf_t fn, unsigned *seen, unsigned *offset,
		      uint8_t *id);

/*
 * Fills caps, msi, msix, pcie_type, can_flr, can_af_flr, no_soft_reset and snapshot_size from the
 * hardware.
 */
void pci_capture_capabilities(struct pci_function *f);
/* Drops an MSI-X capability whose table or PBA lies outside its BAR. Pre: BARs captured. */
void pci_validate_msix(struct pci_function *f);
/* Offset of an extended capability in the captured snapshot; 0: none. Any context. */
uint16_t pci_snapshot_extended(const struct pci_function *f, uint16_t id);

/* Little-endian values out of the captured snapshot. Any context. */
static inline uint16_t pci_snapshot16(const struct pci_function *f, unsigned o)
{
	return (uint16_t)(f->snapshot[o] | f->snapshot[o + 1] << 8);
}

static inline uint32_t pci_snapshot32(const struct pci_function *f, unsigned o)
{
	return (uint32_t)pci_snapshot16(f, o) | (uint32_t)pci_snapshot16(f, o + 2) << 16;
}

/*
 * Sizes the BARs and the ROM with decode off, leaving the firmware's addresses in bars[].bus. Pre:
 * decode is off.
 */
void pci_capture_bars(struct pci_function *f);
/* True when the platform says the BAR must stay as the firmware left it. */
bool pci_bar_is_fixed(const struct pci_function *f, const struct pci_bar *bar);
/* Writes an address into a BAR register (both halves of a 64-bit one). */
void pci_write_bar(const struct pci_function *f, unsigned index, uint64_t bus);

/*
 * Places bridge windows and BARs of the functions t->functions[first..) of one host, and programs
 * them.
 */
int pci_place_resources(struct pci_host *h, struct pci_table *t, unsigned first);

/* Fills iommu and msi_unit by the host's maps; unit -1: nowhere. Pre: sbdf, host and parent are
 * set. */
void pci_route_function(struct pci_function *f);

/* Fills sriov of a function of the scan. Pre: VF Enable is off, ARI is decided. */
void pci_capture_sriov(struct pci_function *pf);
/*
 * Writes the VF BARs' places; a function with one that has none loses its SR-IOV. Also after a
 * reset.
 */
void pci_program_vf_bars(struct pci_function *pf);

/* Reads the whole config space into the snapshot. */
void pci_capture_snapshot(struct pci_function *f);

#endif
