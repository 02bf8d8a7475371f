// SPDX-License-Identifier: GPL-2.0-or-later
/* See pci-zone.h. */
#include "pci-zone.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct model_pci_machine machine;

static enum access_result virq_msi(void *ctx, uint32_t device, uint64_t address, uint32_t data)
{
	struct model_zone *z = ctx;

	if (model_locks_held())
		model_fail("virq->msi() called with a lock held");
	if (address != ZONE_DOORBELL || data >= ARRAY_SIZE(z->vcpu_of) || z->vcpu_of[data] < 0) {
		z->dropped++;
		return ACCESS_NONE;
	}
	z->delivered++;
	z->last_device = device;
	z->last_address = address;
	z->last_data = data;
	return ACCESS_DONE;
}

static int virq_msi_vcpu(void *ctx, uint32_t device, uint64_t address, uint32_t data)
{
	const struct model_zone *z = ctx;

	(void)device;
	if (address != ZONE_DOORBELL || data >= ARRAY_SIZE(z->vcpu_of) || z->vcpu_of[data] < 0)
		return -ENOENT;
	return z->vcpu_of[data];
}

static const struct virq_ops virq_ops = {
	.msi = virq_msi,
	.msi_vcpu = virq_msi_vcpu,
};

static int vector_target(struct msi_vector *v, unsigned cpu)
{
	v->cpu = (uint16_t)cpu;
	machine.retargets++;
	return 0;
}

static void message(const struct msi_vector *v, struct msi_message *out)
{
	out->address = machine.real_is_32bit ? (uint32_t)REAL_DOORBELL : REAL_DOORBELL;
	out->data = REAL_DATA + v->index;
}

static const struct msi_unit_ops unit_ops = {
	.name = "model",
	.vector_target = vector_target,
	.message = message,
};

void model_zones(void)
{
	static const struct vpci_layout layout = {
		.ecam = ZONE_ECAM,
		.bus_last = 15,
		.mem32 = ZONE_MEM32,
		.mem32_size = ZONE_MEM32_SZ,
		.mem64 = ZONE_MEM64,
		.mem64_size = ZONE_MEM64_SZ,
	};

	for (unsigned i = 0; i < 2; i++) {
		struct model_zone *z = &machine.zones[i];

		z->zone.id = (uint16_t)i;
		z->zone.root = i == 0;
		snprintf(z->zone.name, sizeof(z->zone.name), "%s", i ? "guest" : "root");
		z->zone.cpu_count = 2;
		z->zone.cpus[0] = (uint16_t)(2 * i);
		z->zone.cpus[1] = (uint16_t)(2 * i + 1);
		memset(z->vcpu_of, 0xff, sizeof(z->vcpu_of));
		z->v = z->zone.vpci = vpci_create(&z->zone, &layout, &virq_ops, z);
	}
}

void model_machine(const char *text)
{
	model_reset();
	memset(&machine, 0, sizeof(machine));
	machine.unit.ops = &unit_ops;
	model_pci_create(&machine.host);
	if (text)
		model_pci_text(text);
	pci_scan_host(&machine.host, &machine.table);
	model_zones();
}

struct pci_function *model_function(unsigned bus, unsigned dev, unsigned fn)
{
	struct pci_function *f = pci_find(&machine.table, sbdf_make(0, bus, dev, fn));

	if (!f)
		model_fail("no function %02x:%02x.%x", bus, dev, fn);
	return f;
}

int model_assign(unsigned z, unsigned bus, unsigned dev, unsigned fn, sbdf_t vbdf, sbdf_t vport)
{
	struct pci_function *f = model_function(bus, dev, fn);
	struct msi_vector *set = machine.vectors[machine.vector_sets++];
	unsigned count = vpci_vectors_wanted(f);

	if (machine.vector_sets > ARRAY_SIZE(machine.vectors) ||
	    count > ARRAY_SIZE(machine.vectors[0]))
		model_fail("pci zone model: too many vectors");
	for (unsigned i = 0; i < count; i++)
		set[i] = (struct msi_vector){ .unit = &machine.unit,
					      .index = (uint16_t)i,
					      .cpu = machine.zones[z].zone.cpus[0],
					      .owner = &machine.zones[z].zone,
					      .handler = vpci_vector_fired };
	f->vectors = set;
	f->vector_count = count;
	return vpci_add(machine.zones[z].v, f, vbdf, vport, set, count);
}

struct msi_vector *model_vectors(const struct pci_function *f)
{
	return f->vectors;
}
