// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MSI for a zone, and what MSI and MSI-X share: which of them is on, delivery of an arrival, and
 * moving physical vectors to the CPU where the zone expects them.
 *
 * As with MSI-X the zone's address and data are a shadow and the hardware holds the hypervisor's
 * message (invariant V3). Several messages are offered only when the hypervisor's own are
 * consecutive, as the one data register needs. Locking: vpci->lock is held, except in
 * vpci_vector_fired() and vpci_retarget(), which take it. PCIe Base Specification, 7.7.1.
 */
#include "vpci.h"

#include <linux/pci_regs.h>
#include <postern/zone.h>

#define CONTROL_FIXED (PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT)
#define CONTROL_ZONE  (PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE)

/* ---- the capability's registers ---- */

static unsigned data_offset(const struct pci_function *f)
{
	return f->msi.address64 ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32;
}

static unsigned mask_offset(const struct pci_function *f)
{
	return f->msi.address64 ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32;
}

/*
 * How many messages (a power of two) our vectors allow: same address, data counting up from a
 * multiple.
 */
static uint8_t consecutive_log2(const struct vpci_function *fn)
{
	unsigned most = fn->f->msi.vectors < fn->vector_count ? fn->f->msi.vectors
							      : fn->vector_count;
	struct msi_message base, m;
	unsigned log2 = 0, n;

	fn->vectors[0].unit->ops->message(&fn->vectors[0], &base);
	while (BIT32(log2 + 1) <= most) {
		if (base.data & (BIT32(log2 + 1) - 1))
			break;
		for (n = BIT32(log2); n < BIT32(log2 + 1); n++) {
			fn->vectors[n].unit->ops->message(&fn->vectors[n], &m);
			if (m.address != base.address || m.data != base.data + n)
				return (uint8_t)log2;
		}
		log2++;
	}
	return (uint8_t)log2;
}

static unsigned chosen_log2(const struct vpci_function *fn)
{
	unsigned log2 = (unsigned)FIELD_GET(PCI_MSI_FLAGS_QSIZE,
					    vpci_get(fn, fn->msi_cap + PCI_MSI_FLAGS, 2));

	return log2 < fn->msi_log2 ? log2 : fn->msi_log2;
}

static void msi_written(struct vpci_function *fn, unsigned offset)
{
	(void)offset;
	vpci_msi_apply(fn);
	vpci_retarget_all(fn);
}

void vpci_msi_build(struct vpci_function *fn, unsigned cap)
{
	const struct pci_function *f = fn->f;
	unsigned data = cap + data_offset(f), mask = cap + mask_offset(f);
	struct msi_message ours;

	if (!fn->vector_count || !f->msi.vectors)
		return;
	fn->vectors[0].unit->ops->message(&fn->vectors[0], &ours);
	/* A device that can address 32 bits only cannot reach a doorbell above them. */
	if (!f->msi.address64 && ours.address > UINT32_MAX)
		return;
	fn->msi_cap = (uint16_t)cap;
	fn->msi_log2 = consecutive_log2(fn);
	vpci_link(fn, PCI_CAP_ID_MSI, cap);
	vpci_list(fn, cap + PCI_MSI_FLAGS, 2, VPCI_CONSTANT, CONTROL_FIXED | PCI_MSI_FLAGS_QMASK,
		  (f->msi.address64 ? (uint32_t)PCI_MSI_FLAGS_64BIT : 0) |
			  (f->msi.maskable ? (uint32_t)PCI_MSI_FLAGS_MASKBIT : 0) |
			  (uint32_t)FIELD_PUT(PCI_MSI_FLAGS_QMASK, fn->msi_log2));
	vpci_list(fn, cap + PCI_MSI_FLAGS, 2, VPCI_EMULATED, CONTROL_ZONE, 0);
	vpci_list(fn, cap + PCI_MSI_ADDRESS_LO, 4, VPCI_EMULATED, ~3u, 0);
	if (f->msi.address64)
		vpci_list(fn, cap + PCI_MSI_ADDRESS_HI, 4, VPCI_EMULATED, UINT32_MAX, 0);
	vpci_list(fn, data, 2, VPCI_EMULATED, UINT16_MAX, 0);
	vpci_hook(fn, cap + PCI_MSI_FLAGS, data + 2 - (cap + PCI_MSI_FLAGS), msi_written);
	if (f->msi.maskable) {
		uint32_t bits = MASK32(BIT32(fn->msi_log2) - 1, 0); /* one for each message */

		vpci_list(fn, mask, 4, VPCI_THROUGH, bits, 0);
		vpci_list(fn, mask + 4, 4, VPCI_LIVE, bits, 0);
	}
}

void vpci_msi_program(struct vpci_function *fn)
{
	const struct pci_function *f = fn->f;
	struct msi_message m;

	if (!fn->msi_cap)
		return;
	fn->vectors[0].unit->ops->message(&fn->vectors[0], &m);
	pci_write16(f, fn->msi_cap + PCI_MSI_FLAGS, 0);
	pci_write32(f, fn->msi_cap + PCI_MSI_ADDRESS_LO, (uint32_t)m.address);
	if (f->msi.address64)
		pci_write32(f, fn->msi_cap + PCI_MSI_ADDRESS_HI, (uint32_t)(m.address >> 32));
	pci_write16(f, fn->msi_cap + data_offset(f), (uint16_t)m.data);
	if (f->msi.maskable)
		pci_write32(f, fn->msi_cap + mask_offset(f), 0);
}

/* ---- which of the two is on ---- */

bool vpci_msi_enabled(const struct vpci_function *fn)
{
	return fn->msi_cap && vpci_get(fn, fn->msi_cap + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_ENABLE;
}

void vpci_msi_apply(struct vpci_function *fn)
{
	const struct pci_function *f = fn->f;
	uint16_t msi = 0, msix;

	/* Both at once is undefined for software; the hardware never sees it. */
	if (fn->msi_cap) {
		if (vpci_msi_enabled(fn) && !vpci_msix_enabled(fn))
			msi = (uint16_t)(PCI_MSI_FLAGS_ENABLE |
					 FIELD_PUT(PCI_MSI_FLAGS_QSIZE, chosen_log2(fn)));
		pci_update16(f, fn->msi_cap + PCI_MSI_FLAGS, CONTROL_ZONE, msi);
	}
	if (fn->msix_cap) {
		msix = (uint16_t)vpci_get(fn, fn->msix_cap + PCI_MSIX_FLAGS, 2) &
		       (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
		pci_update16(f, fn->msix_cap + PCI_MSIX_FLAGS,
			     PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, msix);
	}
	vpci_intx_apply(fn);
}

bool vpci_msi_message(const struct vpci_function *fn, unsigned n, struct msi_message *out)
{
	unsigned cap = fn->msi_cap;
	bool msi = vpci_msi_enabled(fn) && !vpci_msix_enabled(fn);

	if (!msi)
		return vpci_msix_message(fn, n, out);
	if (n >= BIT32(chosen_log2(fn)))
		return false;
	out->address = vpci_get(fn, cap + PCI_MSI_ADDRESS_LO, 4);
	if (fn->f->msi.address64)
		out->address |= (uint64_t)vpci_get(fn, cap + PCI_MSI_ADDRESS_HI, 4) << 32;
	/* The device puts the message number into the low bits of the data. */
	out->data = (vpci_get(fn, cap + data_offset(fn->f), 2) & ~(BIT32(chosen_log2(fn)) - 1)) | n;
	return true;
}

/* ---- following the zone's routing ---- */

void vpci_retarget_vector(struct vpci_function *fn, unsigned n)
{
	const struct vpci *v = fn->bus;
	struct msi_vector *vec = &fn->vectors[n];
	sbdf_t where = vpci_address(fn);
	struct msi_message m;
	int vcpu;
	unsigned cpu;

	if (n >= fn->vector_count || where == SBDF_NONE || !vpci_msi_message(fn, n, &m))
		return;
	vcpu = v->virq->msi_vcpu(v->virq_ctx, sbdf_rid(where), m.address, m.data);
	if (vcpu < 0 || (unsigned)vcpu >= v->zone->cpu_count)
		return;
	cpu = v->zone->cpus[vcpu];
	if (cpu == vec->cpu || !vec->unit->ops->vector_target)
		return;
	if (vec->unit->ops->vector_target(vec, cpu))
		host_log(LOG_WARN, "vpci: vector %u of " SBDF_FMT " stays on CPU %u", n,
			 SBDF_ARG(fn->f->sbdf), (unsigned)vec->cpu);
}

void vpci_retarget_all(struct vpci_function *fn)
{
	unsigned n;

	for (n = 0; n < fn->vector_count; n++)
		vpci_retarget_vector(fn, n);
}

static void retarget_event(struct vpci_function *fn, uint32_t event)
{
	struct msi_message m;
	unsigned n;

	for (n = 0; n < fn->vector_count; n++)
		if (vpci_msi_message(fn, n, &m) && m.data == event)
			vpci_retarget_vector(fn, n);
}

void vpci_retarget(struct vpci *v, uint32_t device_id, uint32_t event)
{
	struct vpci_function *fn;

	host_lock(&v->lock);
	for_each_function(fn, v) {
		sbdf_t where = vpci_address(fn);

		if (!vpci_is_port(fn) && where != SBDF_NONE && device_id == sbdf_rid(where))
			retarget_event(fn, event);
	}
	host_unlock(&v->lock);
}

/* ---- arrival ---- */

/*
 * The function whose vector this is: found by what it holds now, so that one just taken out is not
 * found.
 */
static struct vpci_function *owner_of(struct vpci *v, const struct msi_vector *vec)
{
	struct vpci_function *fn;

	for_each_function(fn, v)
		if (fn->vector_count && vec >= fn->vectors && vec < fn->vectors + fn->vector_count)
			return fn;
	return NULL;
}

void vpci_vector_fired(struct msi_vector *vec)
{
	struct vpci *v = vec->context;
	struct vpci_function *fn;
	struct msi_message m;
	sbdf_t where = SBDF_NONE;

	if (!v)
		return;
	host_lock(&v->lock);
	fn = owner_of(v, vec);
	/* Masked since it was sent: it was sent all the same. Disabled: there is no message. */
	if (fn && !fn->resetting && !fn->dead && (vpci_msi_enabled(fn) || vpci_msix_enabled(fn)) &&
	    vpci_msi_message(fn, (unsigned)(vec - fn->vectors), &m))
		where = vpci_address(fn);
	host_unlock(&v->lock);
	if (where != SBDF_NONE)
		v->virq->msi(v->virq_ctx, sbdf_rid(where), m.address, m.data);
}
