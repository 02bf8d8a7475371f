// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes as a manifest: whatever they are, what comes out of manifest_parse() is in order, and what
 * manifest_resolve() lets pass fits the machine and keeps the zones apart.
 */
#include "fdt.h"

#include <postern/pci.h>
#include <string.h>

#define CPUS         3u
#define CPUS_AT_MOST 8u
#define MEMORY       GIB

static struct pci_table table;

/* Where a zone's memory ends at the latest, and where a device's messages go through it before. */
#define RAM      ((gpa_t)0x80000000)
#define ROOM     (768 * MIB)
#define DOORBELL (RAM + 700 * MIB)
/* Registers of the machine's own, on which a broken firmware has put a BAR. */
#define TAKEN    ((hpa_t)0x8200000000)

static const struct manifest_region doorbell = { DOORBELL, 64 * KIB, "doorbell" };
static const struct manifest_region reserved = { TAKEN, 64 * KIB, "controller" };
static const struct manifest_layout layout = {
	.ram = RAM,
	.window32 = { 0x50000000, 512 * MIB, "32-bit window" },
	.window64 = { RAM + ROOM, 128 * GIB, "64-bit window" },
	.doorbells = &doorbell,
	.doorbell_count = 1,
};

static struct pci_function *add(sbdf_t sbdf, uint16_t vendor, uint16_t device, uint32_t class_code,
				unsigned group)
{
	struct pci_function *f = &table.functions[table.count++];

	*f = (struct pci_function){ .sbdf = sbdf,
				    .vendor = vendor,
				    .device = device,
				    .class_code = class_code,
				    .state = DEVICE_QUARANTINED,
				    .group = group };
	f->iommu.id = sbdf_rid(sbdf);
	f->bars[0].kind = PCI_BAR_MEM64;
	f->bars[0].size = 16 * KIB;
	f->bars[0].bus = f->bars[0].cpu = 0x8000000000 + table.count * 16 * KIB;
	return f;
}

/* Like the fixtures' machine: what can be given, and one function for each way to be unfit. */
static void make_machine(void)
{
	struct pci_function *f;

	if (table.count)
		return;
	add(sbdf_make(0, 0, 0, 0), 0x1b36, 0x0008, 0x060000, 1)->bars[0].kind = PCI_BAR_NONE;
	add(sbdf_make(0, 0, 2, 0), 0x1b36, 0x000c, 0x060400, 2)->header_type = 1;
	add(sbdf_make(0, 1, 0, 0), 0x1b36, 0x0010, 0x010802, 3);
	add(sbdf_make(0, 2, 0, 0), 0x8086, 0x10c9, 0x020000, 4);
	add(sbdf_make(0, 3, 0, 0), 0x8086, 0x10c9, 0x020000, 5);
	add(sbdf_make(0, 4, 0, 0), 0x1234, 0x0001, 0xff0000, 6)->bars[0].bus = 0;
	add(sbdf_make(0, 5, 0, 0), 0x1234, 0x0002, 0xff0000, 7)->iommu.unit = -1;
	f = add(sbdf_make(0, 6, 0, 0), 0x1234, 0x0003, 0xff0000, 8);
	add(sbdf_make(0, 7, 0, 0), 0x1234, 0x0004, 0xff0000, 9)->iommu.id = f->iommu.id;
	f = add(sbdf_make(0, 8, 0, 0), 0x1234, 0x0005, 0xff0000, 10);
	f->bars[0].size = 256;
	f->bars[0].bus = f->bars[0].cpu = 0x8100000000;
	f = add(sbdf_make(0, 9, 0, 0), 0x1234, 0x0006, 0xff0000, 11);
	f->bars[0].size = 256;
	f->bars[0].bus = f->bars[0].cpu = 0x8100000100;
	f = add(sbdf_make(0, 10, 0, 0), 0x1234, 0x0007, 0xff0000, 13);
	f->bars[0].bus = f->bars[0].cpu = TAKEN + 32 * KIB;
	add(sbdf_make(0, 11, 0, 0), 0x1b36, 0x0010, 0x010802, 12);
	add(sbdf_make(0, 11, 0, 1), 0x1b36, 0x0011, 0x010802, 12);
}

static bool has_image(void *ctx, const char *name)
{
	(void)ctx;
	return !strcmp(name, "linux") || strstr(name, "initrd");
}

static void check_zone(const struct manifest_zone *z)
{
	FUZZ_CHECK(fuzz_printable(z->name, sizeof(z->name)) &&
			   fuzz_printable(z->kernel, sizeof(z->kernel)) &&
			   fuzz_printable(z->initrd, sizeof(z->initrd)) &&
			   fuzz_printable(z->bootargs, sizeof(z->bootargs)),
		   "a string that cannot be printed");
	FUZZ_CHECK(z->device_count <= MANIFEST_MAX_DEVICES, "%u devices", z->device_count);
	for (unsigned i = 0; i < z->device_count; i++)
		FUZZ_CHECK(fuzz_printable(z->devices[i].name, sizeof(z->devices[i].name)),
			   "a device's name cannot be printed");
	if (z->refused)
		return;
	FUZZ_CHECK(z->name[0] && z->kernel[0], "a zone without name or kernel");
	FUZZ_CHECK(z->cpus >= 1 && z->cpus <= CPUS_AT_MOST, "%u CPUs", z->cpus);
	FUZZ_CHECK(z->memory >= 64 * MIB && is_aligned(z->memory, 2 * MIB), "0x%llx bytes",
		   (unsigned long long)z->memory);
	FUZZ_CHECK(z->root || !z->all_unassigned, "what is nobody else's goes to zone %s", z->name);
	for (unsigned i = 0; i < z->device_count; i++)
		for (unsigned j = 0; j < i; j++)
			FUZZ_CHECK(z->devices[i].virtual_bdf == SBDF_NONE ||
					   z->devices[i].virtual_bdf != z->devices[j].virtual_bdf,
				   "two devices at one virtual BDF");
}

static void check_parsed(const struct manifest *m)
{
	unsigned roots = 0;

	FUZZ_CHECK(m->zone_count <= MANIFEST_MAX_ZONES, "%u zones", m->zone_count);
	for (unsigned i = 0; i < m->zone_count; i++) {
		check_zone(&m->zones[i]);
		roots += m->zones[i].root && !m->zones[i].refused;
		for (unsigned j = 0; j < i; j++)
			FUZZ_CHECK(m->zones[i].refused || m->zones[j].refused ||
					   strcmp(m->zones[i].name, m->zones[j].name),
				   "two zones of the name %s", m->zones[i].name);
	}
	FUZZ_CHECK(roots <= 1, "%u root zones", roots);
}

/* The zone that has the function by name; -1: none of those that will start. */
static int owner_of(const struct manifest *m, int function)
{
	for (unsigned i = 0; i < m->zone_count; i++)
		for (unsigned n = 0; !m->zones[i].refused && n < m->zones[i].device_count; n++)
			if (m->zones[i].devices[n].function == function)
				return (int)i;
	return -1;
}

/* A virtual function comes from a physical one that root has, or its zone, and goes to one zone. */
static void check_vf(const struct manifest *m, unsigned zone, const struct manifest_device *d)
{
	int owner;

	FUZZ_CHECK(d->function == -1 && d->vf_of >= 0 && (unsigned)d->vf_of < table.count,
		   "VF of device %d", d->vf_of);
	owner = owner_of(m, d->vf_of);
	FUZZ_CHECK(owner < 0 || owner == (int)zone || m->zones[owner].root,
		   "a VF of another zone's device is given away");
	for (unsigned i = 0; i < m->zone_count; i++)
		for (unsigned n = 0; !m->zones[i].refused && n < m->zones[i].device_count; n++) {
			const struct manifest_device *o = &m->zones[i].devices[n];

			FUZZ_CHECK(o == d || !o->is_vf || o->vf_of != d->vf_of || o->vf != d->vf,
				   "a VF is given twice");
		}
}

/* A device that a zone will be given can be given, and to nobody else. */
static void check_device(const struct manifest *m, unsigned zone, const struct manifest_device *d)
{
	const struct pci_function *f;

	if (d->is_vf) {
		check_vf(m, zone, d);
		return;
	}
	FUZZ_CHECK(d->function >= 0 && (unsigned)d->function < table.count, "device %d",
		   d->function);
	f = &table.functions[d->function];
	FUZZ_CHECK(!pci_is_bridge(f) && f->class_code >> 16 != 6, "a bridge is given away");
	FUZZ_CHECK(f->iommu.unit >= 0, "a device without IOMMU is given away");
	FUZZ_CHECK(f->bars[0].bus, "a device without a place is given away");
	FUZZ_CHECK(f->bars[0].cpu < TAKEN || f->bars[0].cpu >= TAKEN + reserved.size,
		   "registers of the machine are given away");
	for (unsigned i = 0; i < m->zone_count; i++) {
		const struct manifest_zone *z = &m->zones[i];

		for (unsigned n = 0; n < z->device_count; n++) {
			const struct manifest_device *o = &z->devices[n];
			const struct pci_function *g;

			if (o == d || z->refused || o->function < 0)
				continue;
			FUZZ_CHECK(o->function != d->function, "a device is given twice");
			if (i == zone)
				continue;
			g = &table.functions[o->function];
			FUZZ_CHECK(g->group != f->group, "an isolation group is torn apart");
			FUZZ_CHECK(g->iommu.id != f->iommu.id, "two zones share a stream");
			FUZZ_CHECK(g->bars[0].cpu >> 12 != f->bars[0].cpu >> 12,
				   "two zones share a page");
		}
	}
}

static void check_resolved(const struct manifest *m)
{
	unsigned cpus = 0;
	uint64_t memory = 0;

	for (unsigned i = 0; i < m->zone_count; i++) {
		const struct manifest_zone *z = &m->zones[i];

		for (unsigned n = 0; n < z->device_count; n++) {
			const struct manifest_device *d = &z->devices[n];

			FUZZ_CHECK(d->function < 0 ||
					   !manifest_leaves_over(m, &table, (unsigned)d->function),
				   "a device of zone %s is left over", z->name);
			if (!z->refused)
				check_device(m, i, d);
		}
		if (z->refused)
			continue;
		FUZZ_CHECK(z->memory <= ROOM, "memory of zone %s covers its PCI window", z->name);
		FUZZ_CHECK(!(z->device_count || z->all_unassigned) || z->memory <= DOORBELL - RAM,
			   "memory of zone %s covers a doorbell", z->name);
		cpus += z->cpus;
		memory += z->memory;
		FUZZ_CHECK(has_image(NULL, z->kernel) &&
				   (!z->initrd[0] || has_image(NULL, z->initrd)),
			   "zone %s has an image that does not exist", z->name);
	}
	FUZZ_CHECK(cpus <= CPUS && memory <= MEMORY, "%u CPUs, 0x%llx bytes", cpus,
		   (unsigned long long)memory);
}

void fuzz_manifest(const uint8_t *data, size_t size)
{
	static struct manifest m;
	struct manifest_machine machine = { .cpus = CPUS,
					    .memory = MEMORY,
					    .devices = &table,
					    .layout = &layout,
					    .reserved = &reserved,
					    .reserved_count = 1 };
	unsigned reported = 0;
	size_t length;
	void *fdt = fuzz_fdt(data, size, &length);
	int errors;

	make_machine();
	memset(&m, 0xa5, sizeof(m));
	errors = manifest_parse(fdt, length, &m, fuzz_report, &reported);
	if (errors < 0) {
		FUZZ_CHECK(reported, "refused without a word");
		free(fdt);
		return;
	}
	FUZZ_CHECK((unsigned)errors == reported, "%d errors, %u reported", errors, reported);
	check_parsed(&m);
	reported = 0;
	errors = manifest_resolve(&m, &machine, has_image, fuzz_report, &reported);
	FUZZ_CHECK(errors >= 0 && (unsigned)errors == reported, "%d errors, %u reported", errors,
		   reported);
	check_parsed(&m);
	check_resolved(&m);
	/* On a workstation that is not the machine. */
	machine.devices = NULL;
	errors = manifest_parse(fdt, length, &m, fuzz_report, &reported);
	if (errors >= 0)
		manifest_resolve(&m, &machine, NULL, fuzz_report, &reported);
	free(fdt);
}
