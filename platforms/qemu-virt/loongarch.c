// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU's `virt` machine on loongarch64: described by a device tree (-kernel) or by ACPI tables
 * (UEFI firmware). What neither tells is its IOMMU: a virtio-iommu function is looked for on bus 0.
 * Contract in <postern/platform.h>.
 *
 * The look is at one dword of function 0 of each device, through the host's own accessor; nothing
 * is written.
 */
#include "loongarch.h"

#include <postern/host.h>

/*
 * PCI Local Bus Specification 3.0, 6.2.1: vendor in the low half of the first dword. VIRTIO 1.2,
 * 4.1.2: 0x1040 + 23.
 */
#define VIRTIO_IOMMU_IDS 0x10571af4u
#define RID_COUNT        0x10000u

static void add_map(struct pci_host *h, unsigned unit, uint32_t first, uint32_t end)
{
	if (first < end)
		h->iommu_map[h->iommu_map_count++] = (struct pci_id_map){
			.rid_base = first, .length = end - first, .unit = unit, .out_base = first
		};
}

/* The first virtio-iommu on the host's root bus; it sees every requester but itself. */
static void find_iommu(struct machine *m, struct pci_host *h)
{
	for (unsigned device = 0; device < PCI_SLOTS; device++) {
		const sbdf_t f = sbdf_make(h->segment, h->bus_first, device, 0);
		struct iommu_unit *u = &m->iommus[m->iommu_count];

		if (h->config->read(h, f, 0, sizeof(uint32_t)) != VIRTIO_IOMMU_IDS)
			continue;
		*u = (struct iommu_unit){ .ops = &virtio_iommu_ops,
					  .index = m->iommu_count,
					  .sbdf = f,
					  .dma_coherent = true };
		add_map(h, u->index, 0, sbdf_rid(f));
		add_map(h, u->index, sbdf_rid(f) + 1u, RID_COUNT);
		m->iommu_count++;
		return;
	}
}

static bool match(const struct boot_info *boot)
{
	return qv_la_match_fdt(boot) || qv_la_match_acpi(boot);
}

static int discover(const struct boot_info *boot, struct machine *m)
{
	int err = qv_la_match_fdt(boot) ? qv_la_discover_fdt(boot, m)
					: qv_la_discover_acpi(boot, m);

	if (err)
		return err;
	if (!m->model)
		m->model = "QEMU virt";
	for (unsigned i = 0; i < m->host_count && !m->iommu_count; i++)
		find_iommu(m, &m->hosts[i]);
	if (!m->iommu_count)
		host_log(LOG_WARN,
			 "qemu-virt: no virtio-iommu, so no device can be given to a zone "
			 "(start QEMU with -device virtio-iommu-pci)");
	return 0;
}

const struct platform platform_qemu_virt_loongarch64 = {
	.name = "qemu-virt",
	.match = match,
	.discover = discover,
};
