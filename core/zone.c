// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zones as the engine sees them: which of the machine's units there are, and what of a zone's
 * memory its devices reach.
 *
 * A device reaches the zone's RAM at the zone's own guest-physical addresses, plus the pages it
 * writes interrupt messages to. Those doorbells stand at their host address as IOVA, which must lie
 * outside everything the zone has.
 */
#include <postern/errno.h>
#include <postern/zone.h>

#include "zone.h"

static struct machine *machine;
static const struct pci_table *devices;

void core_init(struct machine *m, const struct pci_table *table)
{
	machine = m;
	devices = table;
}

const struct pci_table *core_devices(void)
{
	return devices;
}

struct iommu_unit *core_iommu(int index)
{
	struct iommu_unit *u;

	if (index < 0 || (unsigned)index >= machine->iommu_count)
		return NULL;
	u = &machine->iommus[index];
	return u->ops ? u : NULL; /* a unit whose init failed is as good as none */
}

struct msi_unit *core_msi_unit(int index)
{
	return index >= 0 && (unsigned)index < machine->msi_unit_count ? &machine->msi_units[index]
								       : NULL;
}

const char *zone_state_name(enum zone_state s)
{
	static const char *const names[] = {
		[ZONE_STOPPED] = "stopped", [ZONE_STARTING] = "starting",
		[ZONE_RUNNING] = "running", [ZONE_STOPPING] = "stopping",
		[ZONE_FAILED] = "failed",
	};

	return (unsigned)s < ARRAY_SIZE(names) ? names[s] : "?";
}

/* The smallest piece of address space the unit maps. */
static uint64_t granule_of(const struct iommu_unit *u)
{
	struct iommu_limits limits;

	u->ops->limits(u, &limits);
	return limits.page_sizes & (~limits.page_sizes + 1);
}

/*
 * Where the unit's pages are larger than the doorbell's, what follows it in the last page comes
 * along. What stands before one would be registers of something else.
 */
static int map_doorbell(struct zone *z, struct iommu_domain *d, const struct msi_unit *m)
{
	const uint64_t granule = granule_of(d->unit);
	hpa_t base = 0;
	uint64_t bell = 0, size;

	m->ops->doorbell(m, &base, &bell);
	if (!bell)
		return 0;
	size = align_up(bell, granule);
	if (!is_aligned(base, granule) || size < bell || size > UINT64_MAX - base) {
		host_log(LOG_ERROR,
			 "zone %s: the MSI doorbell 0x%lx begins inside a page of %lu KiB of its "
			 "IOMMU, behind other registers: use one with a page of its own",
			 z->name, (unsigned long)base, (unsigned long)(granule / KIB));
		return -EINVAL;
	}
	if (ranges_overlap(base, size, zone_dma_base(z), z->ram_size)) {
		host_log(
			LOG_ERROR,
			"zone %s: the MSI doorbell 0x%lx lies inside its memory: choose another layout",
			z->name, (unsigned long)base);
		return -EADDRINUSE;
	}
	if (d->unit->msi_bypass)
		return 0;
	return d->unit->ops->map(d, base, base, size, IOMMU_PROT_WRITE | IOMMU_PROT_DEVICE);
}

static int map_ram(struct zone *z, struct iommu_domain *d)
{
	const uint64_t granule = granule_of(d->unit);
	uint64_t size = z->ram_size;

	if (!is_aligned(z->ram_gpa | z->ram_hpa | size, granule)) {
		host_log(LOG_ERROR,
			 "zone %s: its memory, guest 0x%lx, host 0x%lx, size 0x%lx, is not made of "
			 "pages of %lu KiB as its IOMMU maps them: choose another memory-mib",
			 z->name, (unsigned long)z->ram_gpa, (unsigned long)z->ram_hpa,
			 (unsigned long)size, (unsigned long)(granule / KIB));
		return -EINVAL;
	}
	if (z->manifest->debug_half_dma) {
		size = align_down(size / 2, granule);
		host_log(LOG_WARN, "zone %s: debug-omit-upper-half-dma: no DMA to 0x%lx and above",
			 z->name, (unsigned long)(z->ram_gpa + size));
	}
	return d->unit->ops->map(d, zone_dma_base(z), z->ram_hpa, size,
				 IOMMU_PROT_READ | IOMMU_PROT_WRITE);
}

int zone_domain_get(struct zone *z, struct iommu_unit *u, struct iommu_domain **out)
{
	struct iommu_domain *d;
	int err;

	if (z->domains[u->index]) {
		*out = z->domains[u->index];
		return 0;
	}
	err = u->ops->domain_create(u, z->id, &d);
	if (err)
		return err;
	err = map_ram(z, d);
	for (unsigned i = 0; !err && i < machine->msi_unit_count; i++)
		err = map_doorbell(z, d, &machine->msi_units[i]);
	if (err) {
		host_log(LOG_ERROR, "zone %s: DMA domain not built (error %d)", z->name, -err);
		u->ops->domain_destroy(d);
		return err;
	}
	z->domains[u->index] = d;
	*out = d;
	return 0;
}

int zone_domains_destroy(struct zone *z)
{
	int result = 0;

	for (unsigned i = 0; i < MAX_IOMMUS; i++) {
		struct iommu_domain *d = z->domains[i];
		int err;

		if (!d)
			continue;
		err = d->unit->ops->domain_destroy(d);
		if (err)
			result = err;
		else
			z->domains[i] = NULL;
	}
	return result;
}
