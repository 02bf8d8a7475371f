/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One SMMUv3 model under the driver, and the shorthand its tests share. */
#ifndef SMMUV3_FIXTURE_H
#define SMMUV3_FIXTURE_H

#include "host.h"
#include "smmuv3.h"
#include "unit.h"

#include <CUnit/CUnit.h>
#include <postern/errno.h>
#include <postern/iommu.h>
#include <postern/zone.h>

#define SMMU_BASE ((hpa_t)0x9050000)
#define IOVA      ((iova_t)0x40000000)
#define PA        ((hpa_t)0x4512345000) /* above 256 GiB: a truncated address shows */
#define RW        (IOMMU_PROT_READ | IOMMU_PROT_WRITE)

/* Commands by number (Arm IHI 0070, 4.1). */
enum {
	OP_CFGI_STE = 0x03,
	OP_CFGI_ALL = 0x04,
	OP_TLBI_VMID = 0x28,
	OP_TLBI_IPA = 0x2a,
	OP_TLBI_ALL = 0x30,
	OP_SYNC = 0x46,
};

static struct iommu_unit unit;
static struct model_smmu *smmu;
static const struct iommu_ops *const ops = &arm_smmu_v3_ops;

/* A unit as firmware leaves it, not taken over yet. */
static inline void smmu_power_on(const struct model_smmu_config *config)
{
	static const struct model_smmu_config plain;

	smmu = model_smmu_create(SMMU_BASE, config ? config : &plain);
	unit = (struct iommu_unit){
		.ops = ops,
		.base = SMMU_BASE,
		.size = 0x20000,
		.dma_coherent = true,
		.irqs = { .event = 106, .error = 109 },
	};
}

static inline void smmu_start(const struct model_smmu_config *config)
{
	smmu_power_on(config);
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

	return model_smmu_dma(smmu, stream, iova, true, &pa);
}

static inline hpa_t dma_to(uint32_t stream, iova_t iova)
{
	hpa_t pa = 0;

	CU_ASSERT_TRUE(model_smmu_dma(smmu, stream, iova, true, &pa));
	return pa;
}

/* The n-th command the unit carried out; 0 when there were fewer. */
static inline unsigned opcode(unsigned n)
{
	const struct model_smmu_command *c = model_smmu_command(smmu, n);

	return c ? c->opcode : 0;
}

#endif
