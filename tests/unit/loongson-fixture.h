/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One Loongson IOMMU model, as a PCI function, under the driver; and the shorthand its tests share. */
#ifndef LOONGSON_FIXTURE_H
#define LOONGSON_FIXTURE_H

#include "host.h"
#include "loongson-iommu.h"
#include "unit.h"

#include <CUnit/CUnit.h>
#include <postern/errno.h>
#include <postern/iommu.h>
#include <postern/zone.h>
#include <string.h>

#define IOVA ((iova_t)0x90000000)
#define PA   ((hpa_t)0x4512344000) /* above 256 GiB: a truncated address shows */
#define PG   ((uint64_t)16 * KIB)
#define RW   (IOMMU_PROT_READ | IOMMU_PROT_WRITE)
/* Streams that both kinds can have: functions of bus 0. */
#define PORT 0x0078u /* 00:0f.0 */
#define NIC  0x0018u /* 00:03.0 */

/* The three kinds there are. */
enum ls_kind { LS_REVISION_0, LS_REVISION_1, LS_3C0F, LS_KINDS };

static struct pci_host ls_host;
static struct pci_table ls_table_of_functions;
static struct iommu_unit unit;
static struct model_ls *ls;
static const struct iommu_ops *const ops = &loongson_iommu_ops;

static inline const char *ls_text(enum ls_kind kind)
{
	return kind == LS_3C0F ? "1a.0 " MODEL_LS_3C0F "\n" : "1a.0 " MODEL_LS_7A1F "\n";
}

/* A unit as firmware leaves it, scanned, not taken over yet. */
static inline void ls_power_on_text(enum ls_kind kind, const char *text)
{
	memset(&ls_table_of_functions, 0, sizeof(ls_table_of_functions));
	model_pci_create(&ls_host);
	model_pci_text(text);
	ls = model_ls_create(kind == LS_3C0F ? 0x3c0f : 0x7a1f, kind == LS_REVISION_1);
	model_ls_plug(ls, model_pci(0));
	CU_ASSERT_EQUAL_FATAL(pci_scan_host(&ls_host, &ls_table_of_functions), 0);
	unit = (struct iommu_unit){
		.ops = ops,
		.sbdf = sbdf_make(0, 0, 0x1a, 0),
		.function = pci_find(&ls_table_of_functions, sbdf_make(0, 0, 0x1a, 0)),
	};
}

static inline void ls_power_on(enum ls_kind kind)
{
	ls_power_on_text(kind, ls_text(kind));
}

static inline void ls_start(enum ls_kind kind)
{
	ls_power_on(kind);
	CU_ASSERT_EQUAL_FATAL(ops->init(&unit), 0);
}

static inline struct iommu_domain *domain_of(uint16_t zone)
{
	struct iommu_domain *d = NULL;

	CU_ASSERT_EQUAL_FATAL(ops->domain_create(&unit, zone, &d), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	return d;
}

/* Does the stream's access reach memory, and where? */
static inline bool dma(uint32_t stream, iova_t iova)
{
	hpa_t pa;

	return model_ls_dma(ls, stream, iova, true, &pa);
}

static inline hpa_t dma_to(uint32_t stream, iova_t iova)
{
	hpa_t pa = 0, read = 0;

	CU_ASSERT_TRUE(model_ls_dma(ls, stream, iova, true, &pa));
	CU_ASSERT_TRUE(model_ls_dma(ls, stream, iova, false, &read));
	CU_ASSERT_EQUAL(pa, read);
	return pa;
}

#endif
