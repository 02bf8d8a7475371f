/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside core/: the machine's units by index, and a zone's DMA domains.
 */
#ifndef CORE_ZONE_H
#define CORE_ZONE_H

#include <postern/zone.h>

/* Unit by index as a struct pci_route names it; NULL for -1 or an index the machine does not have.
 */
struct iommu_unit *core_iommu(int index);
struct msi_unit *core_msi_unit(int index);
const struct pci_table *core_devices(void);

/*
 * A VF that nobody has and nobody is getting is ABSENT from now on. True: it is, or it FAILED;
 * false: somebody still works on it.
 */
bool device_vf_absent(struct pci_function *vf);

/* ---- stream.c ---- */

/*
 * Lets f's DMA into d, a domain of z; NULL, where z's manifest says `trust-dma`: to all memory, as
 * it does where no slot is left. -ENOSPC (no slot), -EBUSY (another function of its stream is being
 * taken back, or failed): logged. -ETIMEDOUT, -EIO: it may be open, stream_shut() it. Others are
 * the IOMMU's; it is not open.
 */
int stream_open(struct zone *z, struct pci_function *f, struct iommu_domain *d);
/*
 * Pre: f is as quiet as it gets. Post of 0: blocked, proven; or other functions of the same zone
 * are on the stream, and the last of them has it blocked. Not 0: it may still reach its zone's
 * memory.
 */
int stream_shut(struct pci_function *f);
/* Pre: shut, and proven reset. Not 0: its slot at the IOMMU stays taken; it must not be used again.
 */
int stream_release(struct pci_function *f);

/* ---- intx.c ---- */

/*
 * Whether zone z can be given f's INTx line. False: *other is the function in the way; NULL: there
 * is no line to give. Pre: `ownership` is held.
 */
bool intx_may_have(const struct zone *z, const struct pci_function *f,
		   const struct pci_function **other);
/* Gives it: f->intx_line. What cannot be given is logged; the function then has none. */
void intx_take(struct zone *z, struct pci_function *f);
/* Takes it back, if it has one. Pre: f is quiet. Not 0: the line is lost for good. */
int intx_give_back(struct zone *z, struct pci_function *f);

/*
 * The zone's domain on a unit, made on first use with the zone's RAM and every MSI doorbell mapped.
 * Pre: the zone has RAM. -ENOMEM, -ENOSPC, -EADDRINUSE (a doorbell lies where the zone's RAM or PCI
 * windows are); the reason is logged.
 */
int zone_domain_get(struct zone *z, struct iommu_unit *u, struct iommu_domain **out);

#endif
