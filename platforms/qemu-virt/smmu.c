// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SMMUv3 units. Contract in discovery.h.
 *
 * Source: the Linux binding arm,smmu-v3.
 */
#include "discovery.h"

#include <postern/errno.h>
#include <postern/fdt.h>

#include <libfdt.h>

#define SMMU_SIZE (128 * KIB) /* pages 0 and 1, 64 KiB each (Arm IHI 0070F.b, 6.1) */

/* All by name; a name that is not there is no interrupt. */
static int read_smmu_irqs(const struct discovery *d, int node, struct iommu_irqs *irqs)
{
	const struct {
		const char *name;
		uint32_t *intid;
	} wanted[] = {
		{ "eventq", &irqs->event },
		{ "gerror", &irqs->error },
		{ "cmdq-sync", &irqs->command },
		{ "priq", &irqs->page_request },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
		int index = dt_find_string(d->fdt, node, "interrupt-names", wanted[i].name);
		int err;

		if (index == -ENOENT)
			continue;
		err = index < 0 ? index : qv_read_irq(d, node, (unsigned)index, wanted[i].intid);
		if (err)
			return qv_refuse(d, node, -EINVAL,
					 "interrupt-names and interrupts do not go together");
	}
	return 0;
}

int qv_discover_smmus(struct discovery *d)
{
	struct machine *m = d->m;

	for (int node = -1; (node = qv_next(d, node, "arm,smmu-v3")) >= 0;) {
		struct iommu_unit *u = &m->iommus[m->iommu_count];
		int err;

		if (m->iommu_count == MAX_IOMMUS)
			return qv_refuse(d, node, -ENOSPC, "more than %d SMMUs", MAX_IOMMUS);
		err = qv_read_registers(d, node, 0, SMMU_SIZE, &u->base, &u->size);
		if (!err)
			err = read_smmu_irqs(d, node, &u->irqs);
		if (err)
			return err;
		u->ops = &arm_smmu_v3_ops;
		u->index = m->iommu_count;
		u->dma_coherent = qv_is_coherent(d, node);
		d->iommu_phandle[m->iommu_count++] = fdt_get_phandle(d->fdt, node);
	}
	return 0;
}
