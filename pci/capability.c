// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Capability lists: walked once, at boot, bounded against every kind of broken chain, and captured
 * in struct pci_function (invariant V6: what the engine relies on is read from the device once,
 * before a zone has it).
 *
 * A chain ends at a null pointer, a pointer outside its area, an ID of all-ones, or a place seen
 * before. The first capability of an ID counts. A capability whose registers would not fit in its
 * area is as good as absent. PCIe Base Specification 7.5, 7.6 (lists), 7.7.1 (MSI), 7.7.2
 * (MSI-X), 7.8; PCI AF ECN.
 */
#include "scan.h"

#include <linux/pci_regs.h>

/* Bytes of each capability that must exist for the engine to use it. */
#define PM_SIZE   8u
#define MSI_SIZE  10u /* 32-bit, no masking: the smallest form */
#define MSIX_SIZE 12u
#define PCIE_SIZE 0x14u /* capability, device and link registers: version 1 endpoint */
#define AF_SIZE   6u
#define VPD_SIZE  8u

#define MSIX_TABLE_MAX 2048u
#define MSI_MAX        32u
/* MSI control: 64-bit form is 4 bytes longer, masking adds 8 more (after padding). */
#define MSI_SIZE_64    14u
#define MSI_MASK_EXTRA 10u

bool pci_next_classic(const struct pci_host *h, sbdf_t fn, unsigned *seen, unsigned *offset,
		      uint8_t *id)
{
	unsigned next;

	if (*offset == 0) {
		uint16_t status = (uint16_t)pci_config_read(h, fn, PCI_STATUS, 2);

		if (!(status & PCI_STATUS_CAP_LIST))
			return false;
		next = pci_config_read(h, fn, PCI_CAPABILITY_LIST, 1);
	} else {
		next = pci_config_read(h, fn, *offset + PCI_CAP_LIST_NEXT, 1);
	}
	next &= ~3u;
	if (next < CLASSIC_FIRST || ++*seen > CLASSIC_MAX)
		return false;
	*id = (uint8_t)pci_config_read(h, fn, next + PCI_CAP_LIST_ID, 1);
	*offset = next;
	return *id != 0xff;
}

static bool fits(unsigned offset, unsigned size)
{
	return offset + size <= CLASSIC_END;
}

static void capture_msi(struct pci_function *f, unsigned offset)
{
	uint16_t control = pci_read16(f, offset + PCI_MSI_FLAGS);
	unsigned vectors = 1u << FIELD_GET(PCI_MSI_FLAGS_QMASK, control);
	unsigned size;

	f->msi.address64 = control & PCI_MSI_FLAGS_64BIT;
	f->msi.maskable = control & PCI_MSI_FLAGS_MASKBIT;
	size = (f->msi.address64 ? MSI_SIZE_64 : MSI_SIZE) + (f->msi.maskable ? MSI_MASK_EXTRA : 0);
	if (vectors > MSI_MAX || !fits(offset, size)) {
		host_log(LOG_WARN, "pci " SBDF_FMT ": malformed MSI capability at 0x%x, ignored",
			 SBDF_ARG(f->sbdf), offset);
		return;
	}
	f->msi.vectors = (uint8_t)vectors;
	f->caps.msi = (uint16_t)offset;
}

static void capture_msix(struct pci_function *f, unsigned offset)
{
	uint16_t control = pci_read16(f, offset + PCI_MSIX_FLAGS);
	uint32_t table = pci_read32(f, offset + PCI_MSIX_TABLE);
	uint32_t pba = pci_read32(f, offset + PCI_MSIX_PBA);

	f->caps.msix = (uint16_t)offset;
	f->msix.entries = (uint16_t)(FIELD_GET(PCI_MSIX_FLAGS_QSIZE, control) + 1);
	f->msix.table_bar = (uint8_t)(table & PCI_MSIX_TABLE_BIR);
	f->msix.table_offset = table & PCI_MSIX_TABLE_OFFSET;
	f->msix.pba_bar = (uint8_t)(pba & PCI_MSIX_PBA_BIR);
	f->msix.pba_offset = pba & PCI_MSIX_PBA_OFFSET;
}
_Static_assert(PCI_MSIX_FLAGS_QSIZE + 1 == MSIX_TABLE_MAX, "the field cannot exceed the maximum");

static void capture_pcie(struct pci_function *f, unsigned offset)
{
	uint16_t flags = pci_read16(f, offset + PCI_EXP_FLAGS);

	f->caps.pcie = (uint16_t)offset;
	f->pcie_type = (uint8_t)FIELD_GET(PCI_EXP_FLAGS_TYPE, flags);
	f->can_flr = pci_read32(f, offset + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR;
}

static void capture_af(struct pci_function *f, unsigned offset)
{
	uint8_t caps = pci_read8(f, offset + PCI_AF_CAP);

	f->caps.af = (uint16_t)offset;
	f->can_af_flr = (caps & PCI_AF_CAP_TP) && (caps & PCI_AF_CAP_FLR);
}

static void capture_classic(struct pci_function *f)
{
	unsigned seen = 0, offset = 0;
	uint8_t id;

	while (pci_next_classic(f->host, f->sbdf, &seen, &offset, &id)) {
		switch (id) {
		case PCI_CAP_ID_PM:
			if (!f->caps.pm && fits(offset, PM_SIZE)) {
				f->caps.pm = (uint16_t)offset;
				f->no_soft_reset = pci_read16(f, offset + PCI_PM_CTRL) &
						   PCI_PM_CTRL_NO_SOFT_RESET;
			}
			break;
		case PCI_CAP_ID_MSI:
			if (!f->caps.msi)
				capture_msi(f, offset);
			break;
		case PCI_CAP_ID_MSIX:
			if (!f->caps.msix && fits(offset, MSIX_SIZE))
				capture_msix(f, offset);
			break;
		case PCI_CAP_ID_EXP:
			if (!f->caps.pcie && fits(offset, PCIE_SIZE))
				capture_pcie(f, offset);
			break;
		case PCI_CAP_ID_AF:
			if (!f->caps.af && fits(offset, AF_SIZE))
				capture_af(f, offset);
			break;
		case PCI_CAP_ID_VPD:
			if (!f->caps.vpd && fits(offset, VPD_SIZE))
				f->caps.vpd = (uint16_t)offset;
			break;
		default:
			break;
		}
	}
	if (seen > CLASSIC_MAX)
		host_log(LOG_WARN, "pci " SBDF_FMT ": capability list loops, cut",
			 SBDF_ARG(f->sbdf));
}

static uint16_t *extended_slot(struct pci_caps *c, uint16_t id)
{
	switch (id) {
	case PCI_EXT_CAP_ID_ERR:
		return &c->aer;
	case PCI_EXT_CAP_ID_ACS:
		return &c->acs;
	case PCI_EXT_CAP_ID_ARI:
		return &c->ari;
	case PCI_EXT_CAP_ID_SRIOV:
		return &c->sriov;
	case PCI_EXT_CAP_ID_ATS:
		return &c->ats;
	case PCI_EXT_CAP_ID_DSN:
		return &c->dsn;
	default:
		return NULL;
	}
}

/* Bytes an extended capability's registers need; they may not run past the end of config space. */
static unsigned extended_size(uint16_t id)
{
	switch (id) {
	case PCI_EXT_CAP_ID_SRIOV:
		return PCI_EXT_CAP_SRIOV_SIZEOF;
	case PCI_EXT_CAP_ID_ERR:
		return PCI_ERR_ROOT_ERR_SRC + 4;
	case PCI_EXT_CAP_ID_DSN:
		return PCI_EXT_CAP_DSN_SIZEOF;
	default:
		return 8;
	}
}

/*
 * Whether there is an extended area at all: PCIe functions only, and not behind an accessor or a
 * bridge that answers with all-ones, or with the first 256 bytes again.
 */
static bool has_extended(const struct pci_function *f)
{
	uint32_t first;

	if (!f->caps.pcie)
		return false;
	first = pci_read32(f, EXTENDED_FIRST);
	return first != UINT32_MAX && first != pci_read32(f, PCI_VENDOR_ID);
}

static void capture_extended(struct pci_function *f)
{
	unsigned offset = EXTENDED_FIRST, seen;

	for (seen = 0; seen < EXTENDED_MAX; seen++) {
		uint32_t header = pci_read32(f, offset);
		uint16_t id = (uint16_t)PCI_EXT_CAP_ID(header), *slot;

		/* ID 0 with a next pointer is a legal placeholder. */
		if (header == 0 || header == UINT32_MAX)
			return;
		slot = extended_slot(&f->caps, id);
		if (slot && !*slot && offset + extended_size(id) <= PCI_CONFIG_SIZE)
			*slot = (uint16_t)offset;
		offset = PCI_EXT_CAP_NEXT(header);
		if (offset < EXTENDED_FIRST)
			return;
	}
	host_log(LOG_WARN, "pci " SBDF_FMT ": extended capability list loops, cut",
		 SBDF_ARG(f->sbdf));
}

void pci_capture_capabilities(struct pci_function *f)
{
	const struct pci_quirks *q = f->host->quirks;

	f->pcie_type = 0xff;
	capture_classic(f);
	/* What must stay in D0 cannot be reset by leaving it. */
	if (q && q->no_d_states && q->no_d_states(f))
		f->no_soft_reset = true;
	f->snapshot_size = CLASSIC_END;
	if (has_extended(f)) {
		f->snapshot_size = PCI_CONFIG_SIZE;
		capture_extended(f);
	}
}

static bool msix_part_fits(const struct pci_function *f, unsigned bar, uint32_t offset,
			   uint64_t size)
{
	return bar < PCI_BAR_COUNT &&
	       (f->bars[bar].kind == PCI_BAR_MEM32 || f->bars[bar].kind == PCI_BAR_MEM64) &&
	       range_inside(offset, size, 0, f->bars[bar].size);
}

void pci_validate_msix(struct pci_function *f)
{
	uint64_t table, pba;

	if (!f->caps.msix)
		return;
	table = (uint64_t)f->msix.entries * PCI_MSIX_ENTRY_SIZE;
	pba = align_up(f->msix.entries, 64) / 8;
	if (msix_part_fits(f, f->msix.table_bar, f->msix.table_offset, table) &&
	    msix_part_fits(f, f->msix.pba_bar, f->msix.pba_offset, pba) &&
	    !(f->msix.table_bar == f->msix.pba_bar &&
	      ranges_overlap(f->msix.table_offset, table, f->msix.pba_offset, pba)))
		return;
	host_log(LOG_WARN,
		 "pci " SBDF_FMT
		 ": MSI-X refused: %u entries at BAR%u+0x%x, pending bits at BAR%u+0x%x do "
		 "not fit their BAR; the function has no MSI-X in any zone",
		 SBDF_ARG(f->sbdf), (unsigned)f->msix.entries, (unsigned)f->msix.table_bar,
		 (unsigned)f->msix.table_offset, (unsigned)f->msix.pba_bar,
		 (unsigned)f->msix.pba_offset);
	/*
	 * The offset stays known to the scan so that MSI-X Enable can be cleared; entries == 0
	 * means refused.
	 */
	f->msix = (struct pci_msix_info){ 0 };
}

uint16_t pci_snapshot_extended(const struct pci_function *f, uint16_t id)
{
	unsigned offset = EXTENDED_FIRST, seen;

	if (f->snapshot_size < PCI_CONFIG_SIZE)
		return 0;
	for (seen = 0; seen < EXTENDED_MAX && offset >= EXTENDED_FIRST; seen++) {
		uint32_t header = pci_snapshot32(f, offset);

		if (header == 0 || header == UINT32_MAX)
			return 0;
		if (PCI_EXT_CAP_ID(header) == id)
			return (uint16_t)offset;
		offset = PCI_EXT_CAP_NEXT(header);
	}
	return 0;
}

void pci_capture_snapshot(struct pci_function *f)
{
	unsigned offset;

	for (offset = 0; offset < f->snapshot_size; offset += 4) {
		uint32_t v = pci_read32(f, offset);

		f->snapshot[offset] = (uint8_t)v;
		f->snapshot[offset + 1] = (uint8_t)(v >> 8);
		f->snapshot[offset + 2] = (uint8_t)(v >> 16);
		f->snapshot[offset + 3] = (uint8_t)(v >> 24);
	}
}
