// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPU side of a zone's second translation stage: struct pt (iommu/pt-vmsa-s2.c) under VTTBR_EL2,
 * one VMID per zone, constant on each CPU while the zone exists. Implements host_map_guest() and
 * host_unmap_guest().
 *
 * Locking: zone_arch.s2_lock. Caller context: any CPU; the zone's CPUs may run.
 */
#include <hv/cpu.h>
#include <hv/sysreg.h>
#include <postern/arch.h>
#include <postern/errno.h>

static void publish(void *ctx, const uint64_t *first, size_t count)
{
	(void)ctx;
	(void)first;
	(void)count;
	/* Table walks are inner-shareable cacheable (VTCR_EL2): ordering is all they need. */
	__asm__ volatile("dsb ishst\n\tisb" : : : "memory");
}

/*
 * TLB maintenance acts on the VMID in this CPU's VTTBR_EL2; for a foreign zone it is borrowed for
 * the moment. The whole VMID goes: moves of BARs and the end of a zone are rare.
 */
static int flush(void *ctx, uint64_t ia, uint64_t size)
{
	const struct zone_arch *a = ctx;
	const uint64_t own = sysreg_read(vttbr_el2);

	(void)ia;
	(void)size;
	__asm__ volatile("dsb ishst" : : : "memory");
	if (own != a->vttbr) {
		sysreg_write(vttbr_el2, a->vttbr);
		isb();
	}
	__asm__ volatile("tlbi vmalls12e1is\n\tdsb ish\n\tisb" : : : "memory");
	if (own != a->vttbr) {
		sysreg_write(vttbr_el2, own);
		isb();
	}
	return 0;
}

static const struct pt_ops stage2_ops = {
	.publish = publish,
	.flush = flush,
};

/* ID_AA64MMFR0_EL1.PARange to bits; larger than 48 does not help a 4 KiB granule. */
static unsigned output_bits(void)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48 };
	uint64_t range = sysreg_read(id_aa64mmfr0_el1) & 0xf;

	return range < ARRAY_SIZE(bits) ? bits[range] : 48;
}

int stage2_init(struct zone_arch *a)
{
	int err = pt_init(&a->s2, output_bits(), &stage2_ops, a);

	if (err)
		return err;
	/* VMID 0 is left to CPUs without a zone. */
	a->vttbr = pt_root(&a->s2) | FIELD_PUT(VTTBR_VMID, a->zone->id + 1u);
	return 0;
}

void stage2_load(struct zone_arch *a)
{
	uint64_t range = sysreg_read(id_aa64mmfr0_el1) & 0xf;

	sysreg_write(vtcr_el2, VTCR_RES1 | FIELD_PUT(VTCR_PS, range > 5 ? 5 : range) |
				       VTCR_SH0_INNER | VTCR_ORGN0_WBWA | VTCR_IRGN0_WBWA |
				       FIELD_PUT(VTCR_SL0, PT_SL0) | FIELD_PUT(VTCR_T0SZ, PT_T0SZ));
	sysreg_write(vttbr_el2, a->vttbr);
	isb();
	__asm__ volatile("tlbi vmalls12e1\n\tdsb nsh\n\tisb" : : : "memory");
}

int host_map_guest(struct zone *z, gpa_t gpa, hpa_t hpa, uint64_t size, enum guest_map_kind kind)
{
	struct zone_arch *a = zone_arch(z);
	int err;

	host_lock(&a->s2_lock);
	err = pt_map(&a->s2, gpa, hpa, size, kind == GUEST_MAP_RAM ? PT_ATTR_RAM : PT_ATTR_MMIO);
	host_unlock(&a->s2_lock);
	return err;
}

int host_unmap_guest(struct zone *z, gpa_t gpa, uint64_t size)
{
	struct zone_arch *a = zone_arch(z);
	int err;

	host_lock(&a->s2_lock);
	err = pt_unmap(&a->s2, gpa, size);
	host_unlock(&a->s2_lock);
	return err;
}

void *host_guest_ram(struct zone *z, gpa_t gpa, uint64_t size)
{
	if (!z->ram_size || !range_inside(gpa, size, z->ram_gpa, z->ram_size))
		return NULL;
	return host_phys_to_virt(z->ram_hpa + (gpa - z->ram_gpa));
}
