// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a zone's DMA domain is given never exceeds the zone's memory: every map of memory lies in
 * [ram_gpa, ram_gpa + ram_size) and leads to the same offset of [ram_hpa, ram_hpa + ram_size). The
 * only other thing mapped is an MSI unit's doorbell: write-only, as registers, off that memory.
 *
 * Sources: core/zone.c
 * Unwind:  5
 *
 * The IOMMU is any IOMMU: each call succeeds or fails as it likes. Assumed of the zone is what the
 * memory allocator gives it (memory that exists does not wrap around), of an MSI unit that its
 * doorbell does not wrap; nothing of where either is.
 */
#include "proof.h"

#include <postern/zone.h>

#include "core/zone.h"

static struct machine the_machine;
static struct manifest_zone manifest;
static struct zone zone;
static struct iommu_domain domain;
static bool created, destroyed, ram_mapped;
static hpa_t bell[MAX_MSI_UNITS];
static uint64_t bell_size[MAX_MSI_UNITS];
static uint64_t granule;

static int any_error(void)
{
	int err = nondet_int();

	assume(err <= 0 && err > -4096);
	return err;
}

static void limits(const struct iommu_unit *u, struct iommu_limits *out)
{
	(void)u;
	*out = (struct iommu_limits){ .page_sizes = granule | 32 * MIB };
}

static int domain_create(struct iommu_unit *u, uint16_t zone_id, struct iommu_domain **out)
{
	int err = any_error();

	prove(zone_id == zone.id, "the domain is made in the zone's name");
	if (err)
		return err;
	created = true;
	domain = (struct iommu_domain){ .unit = u, .zone_id = zone_id };
	*out = &domain;
	return 0;
}

static int domain_destroy(struct iommu_domain *d)
{
	prove(created && !destroyed && d == &domain, "only what was made is destroyed, once");
	destroyed = true;
	return any_error();
}

static bool is_doorbell(iova_t iova, uint64_t size)
{
	for (unsigned i = 0; i < MAX_MSI_UNITS; i++)
		if (i < the_machine.msi_unit_count && iova == bell[i] && size >= bell_size[i] &&
		    size - bell_size[i] < granule)
			return true;
	return false;
}

static int map(struct iommu_domain *d, iova_t iova, hpa_t pa, uint64_t size, unsigned prot)
{
	prove(created && !destroyed && d == &domain, "the zone's own domain is mapped into");
	prove(is_aligned(iova | pa | size, granule), "whole pages of the IOMMU's are mapped");
	if (prot & IOMMU_PROT_DEVICE) {
		prove(prot == (IOMMU_PROT_WRITE | IOMMU_PROT_DEVICE), "a doorbell is write-only");
		prove(iova == pa && is_doorbell(iova, size),
		      "only a doorbell is mapped as registers");
		prove(!ranges_overlap(iova, size, zone.ram_gpa, zone.ram_size),
		      "a doorbell lies off the zone's memory");
		reach(size != 0);
	} else {
		prove(prot == (IOMMU_PROT_READ | IOMMU_PROT_WRITE), "memory is not executable");
		prove(range_inside(iova, size, zone.ram_gpa, zone.ram_size),
		      "no IOVA lies outside the zone's guest-physical memory");
		prove(range_inside(pa, size, zone.ram_hpa, zone.ram_size),
		      "no host address lies outside the zone's memory");
		prove(iova - zone.ram_gpa == pa - zone.ram_hpa,
		      "devices and CPUs find the same byte at the same address");
		prove(!ram_mapped, "memory is mapped once");
		ram_mapped = true;
		reach(size == zone.ram_size && size > GIB);
		reach(manifest.debug_half_dma && size == zone.ram_size / 2 && size);
	}
	return any_error();
}

static void doorbell(const struct msi_unit *u, hpa_t *base, uint64_t *size)
{
	unsigned i = u->index;

	prove(i < the_machine.msi_unit_count, "only units there are get asked");
	*base = bell[i];
	*size = bell_size[i];
}

static const struct iommu_ops iommu = {
	.limits = limits,
	.domain_create = domain_create,
	.domain_destroy = domain_destroy,
	.map = map,
};
static const struct msi_unit_ops msi = { .doorbell = doorbell };

void host_log(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

int main(void)
{
	struct iommu_domain *got = NULL;
	struct iommu_unit *unit;
	int err;

	zone.id = nondet_u16();
	zone.ram_gpa = nondet_u64();
	zone.ram_hpa = nondet_u64();
	zone.ram_size = nondet_u64();
	assume(zone.ram_gpa <= UINT64_MAX - zone.ram_size);
	assume(zone.ram_hpa <= UINT64_MAX - zone.ram_size);
	zone.manifest = &manifest;
	manifest.debug_half_dma = any_bool();
	granule = any_bool() ? PAGE_SIZE : 4 * PAGE_SIZE;

	the_machine.iommu_count = MAX_IOMMUS;
	unit = &the_machine.iommus[MAX_IOMMUS - 1];
	unit->ops = &iommu;
	unit->index = MAX_IOMMUS - 1;
	the_machine.msi_unit_count = any_upto(MAX_MSI_UNITS);
	for (unsigned i = 0; i < MAX_MSI_UNITS; i++) {
		the_machine.msi_units[i] = (struct msi_unit){ .ops = &msi, .index = i };
		bell[i] = nondet_u64();
		bell_size[i] = nondet_u64();
		assume(bell[i] <= UINT64_MAX - bell_size[i]);
	}

	core_init(&the_machine, NULL);
	err = zone_domain_get(&zone, unit, &got);

	prove(err || (got == &domain && ram_mapped && !destroyed),
	      "a domain that is given out has the zone's memory");
	prove(!err || (created == destroyed && !zone.domains[unit->index]),
	      "a domain that could not be completed is not kept");
	reach(!err);
	reach(err && destroyed);
	return 0;
}
