/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine behind one Loongson IOMMU, of either kind, with its devices, two zones and the shipped
 * life cycle over it; and the shorthand its tests share.
 *
 * A device's access goes the way hardware takes it: Bus Master of the function and of each bridge
 * above, then the unit, which sees the requester or, of revision 0, the root port.
 */
#ifndef STREAMS_FIXTURE_H
#define STREAMS_FIXTURE_H

#include "loongson-iommu.h"
#include "pci-zone.h"
#include "unit.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#define RAM_GPA         ((gpa_t)0x90000000)
#define RAM_HPA(z)      ((hpa_t)0x1240000000 + (z) * 256 * MIB)
#define RAM_SIZE        (64 * MIB)
#define DOORBELL        ((hpa_t)0x2ff00000)
#define IPI_PAGE        ((hpa_t)0x1fe01000)
#define DRIVES          17u
#define CARD_BUS        (DRIVES + 1)
#define GEN1            0
#define GEN2            1
#define for_each_gen(g) for (uint8_t g = GEN1; g <= GEN2; g++)

static struct machine board;
static struct manifest_zone wishes[2];
static struct model_ls *ls;
static uint8_t generation;

/* ---- an MSI unit that hands out numbers ---- */

static inline int vectors_alloc(struct msi_unit *u, uint32_t device, struct msi_vector *v,
				unsigned count, unsigned cpu)
{
	(void)device;
	for (unsigned i = 0; i < count; i++) {
		v[i].unit = u;
		v[i].index = (uint16_t)i;
		v[i].cpu = (uint16_t)cpu;
	}
	return 0;
}

static inline int vectors_free(struct msi_unit *u, uint32_t device, struct msi_vector *v,
			       unsigned count)
{
	(void)u, (void)device, (void)v, (void)count;
	return 0;
}

static inline void message(const struct msi_vector *v, struct msi_message *out)
{
	*out = (struct msi_message){ .address = v->unit->base, .data = v->index };
}

static inline void doorbell(const struct msi_unit *u, hpa_t *base, uint64_t *size)
{
	*base = u->base;
	*size = PAGE_SIZE;
}

static const struct msi_unit_ops msi = {
	.name = "numbers",
	.vectors_alloc = vectors_alloc,
	.vectors_free = vectors_free,
	.message = message,
	.doorbell = doorbell,
};

/* ---- the machine ---- */

/* 17 drives, each below a port of its own; a card of three functions that are kept apart; one
 * device that cannot be reset; a port with nothing below. */
static inline const char *describe(void)
{
	static char text[4096];
	int at = snprintf(text, sizeof(text), "1a.0 %s\n", MODEL_LS_7A1F);

	for (unsigned i = 0; i < DRIVES; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, "%02x.0 port\n  00.0 nvme\n",
			       i + 1);
	at += snprintf(text + at, sizeof(text) - (size_t)at, "%02x.0 port\n", DRIVES + 1);
	for (unsigned fn = 0; fn < 3; fn++)
		at += snprintf(text + at, sizeof(text) - (size_t)at,
			       "  00.%u ep id=8086:1521 class=020000 bar0=m32:128K flr acs=1%s\n",
			       fn, fn ? "" : " multi");
	snprintf(text + at, sizeof(text) - (size_t)at,
		 "%02x.0 port\n  00.0 ep id=8086:1234 class=020000 bar0=m32:16K\n%02x.0 port\n",
		 DRIVES + 2, DRIVES + 3);
	return text;
}

static inline struct pci_function *fn(unsigned bus, unsigned f)
{
	return model_function(bus, 0, f);
}

static inline struct pci_function *drive(unsigned n)
{
	return fn(n + 1, 0);
}

static inline struct zone *zone(unsigned n)
{
	return &machine.zones[n].zone;
}

static inline struct model_pci_function *hw(const struct pci_function *f)
{
	return model_pci_at(sbdf_bus(f->sbdf), sbdf_devfn(f->sbdf));
}

static inline bool master(const struct pci_function *f)
{
	return model_pci_get(hw(f), PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

/* The scan, the unit, its routes, as hv-glue/main.c does it. */
static inline void power_on(uint8_t gen, void (*before)(void))
{
	struct pci_function *iommu;
	struct iommu_limits limits;

	model_machine(NULL);
	memset(&board, 0, sizeof(board));
	memset(wishes, 0, sizeof(wishes));
	generation = gen;
	model_pci_text(describe());
	ls = model_ls_create(0x7a1f, gen);
	model_ls_plug(ls, model_pci(0));
	machine.host.iommu_map[0].out_base = 0;
	CU_ASSERT_EQUAL_FATAL(pci_scan_host(&machine.host, &machine.table), 0);
	iommu = pci_find(&machine.table, sbdf_make(0, 0, 0x1a, 0));
	iommu->engine = true;
	board.iommu_count = board.msi_unit_count = 1;
	board.iommus[0] = (struct iommu_unit){ .ops = &loongson_iommu_ops,
					       .sbdf = iommu->sbdf,
					       .function = iommu };
	board.msi_units[0] = (struct msi_unit){ .ops = &msi, .base = DOORBELL };
	core_init(&board, &machine.table);
	CU_ASSERT_EQUAL_FATAL(loongson_iommu_ops.init(&board.iommus[0]), 0);
	loongson_iommu_ops.limits(&board.iommus[0], &limits);
	machine.host.iommu_map[0].by_root_port = limits.by_root_port;
	pci_route_functions(&machine.table);
	pci_assign_groups(&machine.table);
	if (before)
		before();
	devices_quarantine(&machine.table);
	for (unsigned i = 0; i < 2; i++) {
		struct zone *z = zone(i);

		z->manifest = &wishes[i];
		z->ram_gpa = RAM_GPA;
		z->ram_hpa = RAM_HPA(i);
		z->ram_size = RAM_SIZE;
	}
}

static inline int give(unsigned z, struct pci_function *f)
{
	return device_assign(zone(z), f, SBDF_NONE, SBDF_NONE);
}

static inline int take_back(unsigned z, struct pci_function *f)
{
	struct device_quiesce q;
	int err = device_quiesce_start(&q, zone(z), f);

	while (err == -EAGAIN) {
		if (q.wait_until > host_time_ns())
			model_time_advance_ns(q.wait_until - host_time_ns());
		err = device_quiesce_step(&q);
	}
	return err;
}

/* The zone's driver turns Bus Master on, by its own view of the function. */
static inline void drive_it(unsigned z, const struct pci_function *f)
{
	sbdf_t at = vpci_where(machine.zones[z].v, f);

	vpci_config_write(machine.zones[z].v, sbdf_bus(at), sbdf_devfn(at), PCI_COMMAND, 2,
			  PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
}

/* The function's own write. False: it arrives nowhere. */
static inline bool dma(const struct pci_function *f, iova_t iova, hpa_t *out)
{
	const struct pci_function *top = f;

	if (!master(f))
		return false;
	for (; top->parent; top = top->parent)
		if (!master(top->parent))
			return false;
	return model_ls_dma(ls, sbdf_rid(generation == GEN1 ? top->sbdf : f->sbdf), iova, true,
			    out);
}

static inline bool reaches(const struct pci_function *f, iova_t iova)
{
	hpa_t out;

	return dma(f, iova, &out);
}

static inline bool reaches_zone(const struct pci_function *f, unsigned z)
{
	hpa_t out = 0;

	return dma(f, RAM_GPA + MIB, &out) && out == RAM_HPA(z) + MIB;
}

/* A device that does not care what Command says. */
static inline void force_master(const struct pci_function *f)
{
	struct model_pci_function *m = hw(f);

	m->config[PCI_COMMAND] |= PCI_COMMAND_MASTER;
	m->write[PCI_COMMAND] &= (uint8_t)~PCI_COMMAND_MASTER;
}

static inline void everybody_tries(void)
{
	for (unsigned i = 0; i < machine.table.count; i++) {
		const struct pci_function *f = &machine.table.functions[i];

		if (!pci_is_bridge(f) && !f->engine) {
			reaches(f, 0);
			reaches(f, RAM_GPA);
			reaches(f, RAM_HPA(0));
		}
	}
	CU_ASSERT_EQUAL(model_ls_passed(ls), 0);
}

#endif
