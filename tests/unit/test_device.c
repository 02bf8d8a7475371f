// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A function's life (core/device.c) and a zone's DMA domains (core/zone.c), against the PCI model
 * and an IOMMU and MSI unit that record what they are asked and what was true at that moment.
 */
#include "pci-zone.h"
#include "unit.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#define RAM_GPA  ((gpa_t)0x80000000)
#define RAM_HPA  ((hpa_t)0x4b600000)
#define RAM_SIZE (64 * MIB)
#define DOORBELL ((hpa_t)0x8090000)
#define MAX_MAPS 8

static const char tree[] = "02.0 port\n"
			   "  00.0 nvme\n"
			   "03.0 port\n"
			   "  00.0 ep id=8086:1234 class=020000 bar0=m32:16K\n"; /* no reset method
										  */

static struct machine board;
static struct manifest_zone wishes;
static struct pci_function *nvme;

/* What the fakes were told. */
static struct {
	struct {
		iova_t iova;
		hpa_t pa;
		uint64_t size;
		unsigned prot;
	} maps[MAX_MAPS];
	unsigned map_count, domains, attached, vectors;
	int attach_error, block_error, alloc_error, free_error;
	/* The state of the drive when its stream was blocked. */
	bool block_seen, bus_master_then, on_the_bus_then, vectors_then;
	unsigned resets_then;
} seen;

static struct model_pci_function *drive(void)
{
	return model_pci_at(1, 0);
}

static void fake_limits(const struct iommu_unit *u, struct iommu_limits *out)
{
	(void)u;
	*out = (struct iommu_limits){ .page_sizes = PAGE_SIZE, .blocks_unknown = true };
}

static int fake_domain_create(struct iommu_unit *u, uint16_t zone_id, struct iommu_domain **out)
{
	*out = model_alloc(sizeof(**out));
	(*out)->unit = u;
	(*out)->zone_id = zone_id;
	seen.domains++;
	return 0;
}

static int fake_domain_destroy(struct iommu_domain *d)
{
	if (seen.attached)
		return -EBUSY;
	(void)d;
	seen.domains--;
	return 0;
}

static int fake_map(struct iommu_domain *d, iova_t iova, hpa_t pa, uint64_t size, unsigned prot)
{
	(void)d;
	seen.maps[seen.map_count % MAX_MAPS].iova = iova;
	seen.maps[seen.map_count % MAX_MAPS].pa = pa;
	seen.maps[seen.map_count % MAX_MAPS].size = size;
	seen.maps[seen.map_count % MAX_MAPS].prot = prot;
	seen.map_count++;
	return 0;
}

static int fake_attach(struct iommu_domain *d, uint32_t stream)
{
	(void)d;
	(void)stream;
	if (seen.attach_error)
		return seen.attach_error;
	seen.attached++;
	return 0;
}

static int fake_block(struct iommu_unit *u, uint32_t stream)
{
	(void)u;
	(void)stream;
	seen.block_seen = true;
	seen.bus_master_then = model_pci_get(drive(), PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
	seen.on_the_bus_then = vpci_where(machine.zones[1].v, nvme) != SBDF_NONE;
	seen.vectors_then = seen.vectors != 0;
	seen.resets_then = drive()->resets;
	if (seen.block_error)
		return seen.block_error;
	seen.attached = 0;
	return 0;
}

static const struct iommu_ops fake_iommu = {
	.name = "recorder",
	.limits = fake_limits,
	.domain_create = fake_domain_create,
	.domain_destroy = fake_domain_destroy,
	.map = fake_map,
	.attach = fake_attach,
	.block = fake_block,
};

static int fake_vectors_alloc(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			      unsigned count, unsigned cpu)
{
	if (seen.alloc_error)
		return seen.alloc_error;
	for (unsigned i = 0; i < count; i++) {
		v[i].unit = u;
		v[i].device_id = device_id;
		v[i].index = (uint16_t)i;
		v[i].cpu = (uint16_t)cpu;
	}
	seen.vectors += count;
	return 0;
}

static int fake_vectors_free(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			     unsigned count)
{
	(void)u;
	(void)device_id;
	(void)v;
	if (seen.free_error)
		return seen.free_error;
	seen.vectors -= count;
	return 0;
}

static void fake_message(const struct msi_vector *v, struct msi_message *out)
{
	*out = (struct msi_message){ .address = DOORBELL + 0x40, .data = v->index };
}

static void fake_doorbell(const struct msi_unit *u, hpa_t *base, uint64_t *size)
{
	*base = u->base;
	*size = PAGE_SIZE;
}

static const struct msi_unit_ops fake_msi = {
	.name = "recorder",
	.vectors_alloc = fake_vectors_alloc,
	.vectors_free = fake_vectors_free,
	.message = fake_message,
	.doorbell = fake_doorbell,
};

static struct zone *zone1(void)
{
	return &machine.zones[1].zone;
}

/* A drive and a card, quarantined; a guest zone with memory. */
static void setup(void)
{
	memset(&seen, 0, sizeof(seen));
	memset(&board, 0, sizeof(board));
	memset(&wishes, 0, sizeof(wishes));
	model_machine(tree);
	board.iommu_count = board.msi_unit_count = 1;
	board.iommus[0].ops = &fake_iommu;
	board.msi_units[0].ops = &fake_msi;
	board.msi_units[0].base = DOORBELL;
	core_init(&board, &machine.table);
	for (unsigned i = 0; i < machine.table.count; i++) {
		struct pci_function *f = &machine.table.functions[i];

		f->iommu = f->msi_unit = (struct pci_route){ 0, sbdf_rid(f->sbdf) };
	}
	nvme = model_function(1, 0, 0);
	zone1()->manifest = &wishes;
	zone1()->ram_gpa = RAM_GPA;
	zone1()->ram_hpa = RAM_HPA;
	zone1()->ram_size = RAM_SIZE;
}

static int give(struct pci_function *f)
{
	return device_assign(zone1(), f, SBDF_NONE, SBDF_NONE);
}

/* Runs a release to its end as a zone's CPU would; the time it took goes to *ns. */
static int take_back(struct pci_function *f, uint64_t *ns)
{
	const uint64_t start = host_time_ns();
	struct device_quiesce q;
	int err = device_quiesce_start(&q, zone1(), f);

	while (err == -EAGAIN) {
		if (q.wait_until > host_time_ns())
			model_time_advance_ns(q.wait_until - host_time_ns());
		err = device_quiesce_step(&q);
	}
	if (ns)
		*ns = host_time_ns() - start;
	return err;
}

static void assignment_gives_ram_doorbell_and_nothing_else(void)
{
	setup();
	CU_ASSERT_EQUAL(give(nvme), 0);
	CU_ASSERT_EQUAL(nvme->state, DEVICE_ASSIGNED);
	CU_ASSERT_PTR_EQUAL(nvme->owner, zone1());
	CU_ASSERT_EQUAL(seen.map_count, 2);
	CU_ASSERT_EQUAL(seen.maps[0].iova, RAM_GPA);
	CU_ASSERT_EQUAL(seen.maps[0].pa, RAM_HPA);
	CU_ASSERT_EQUAL(seen.maps[0].size, RAM_SIZE);
	CU_ASSERT_EQUAL(seen.maps[1].iova, DOORBELL);
	CU_ASSERT_EQUAL(seen.maps[1].size, PAGE_SIZE);
	CU_ASSERT_EQUAL(seen.maps[1].prot, IOMMU_PROT_WRITE | IOMMU_PROT_DEVICE);
	CU_ASSERT_EQUAL(seen.attached, 1);
}

static void v5_block_comes_after_the_device_is_quiet_and_before_its_reset(void)
{
	setup();
	CU_ASSERT_EQUAL(give(nvme), 0);
	pci_set_bus_master(nvme, true);
	CU_ASSERT_EQUAL(take_back(nvme, NULL), 0);
	CU_ASSERT_EQUAL(nvme->state, DEVICE_QUARANTINED);
	CU_ASSERT_PTR_NULL(nvme->owner);
	CU_ASSERT(seen.block_seen);
	CU_ASSERT_FALSE(seen.bus_master_then);
	CU_ASSERT_FALSE(seen.on_the_bus_then);
	CU_ASSERT(seen.vectors_then);
	CU_ASSERT_EQUAL(seen.resets_then, 0);
	CU_ASSERT_EQUAL(drive()->resets, 1);
	CU_ASSERT_EQUAL(seen.vectors, 0);
	CU_ASSERT_EQUAL(zone_domains_destroy(zone1()), 0);
	CU_ASSERT_EQUAL(seen.domains, 0);
	/* and it can be had again */
	CU_ASSERT_EQUAL(give(nvme), 0);
}

static void v5_an_unproven_block_retires_the_memory(void)
{
	setup();
	CU_ASSERT_EQUAL(give(nvme), 0);
	seen.block_error = -ETIMEDOUT;
	CU_ASSERT_EQUAL(take_back(nvme, NULL), -EIO);
	CU_ASSERT_EQUAL(nvme->state, DEVICE_FAILED);
	CU_ASSERT_NOT_EQUAL(zone_domains_destroy(zone1()), 0);
	CU_ASSERT(model_log_contains("0000:01:00.0"));
	CU_ASSERT(model_log_contains("guest"));
	CU_ASSERT_EQUAL(give(nvme), -EBUSY);
}

static void v7_transactions_that_stay_pending_end_blocked_in_bounded_time(void)
{
	uint64_t ns;

	setup();
	CU_ASSERT_EQUAL(give(nvme), 0);
	drive()->stuck_pending = true;
	CU_ASSERT_EQUAL(take_back(nvme, &ns), -ENODEV);
	CU_ASSERT(seen.block_seen);
	CU_ASSERT_EQUAL(seen.attached, 0);
	CU_ASSERT_EQUAL(nvme->state, DEVICE_FAILED);
	CU_ASSERT_STRING_EQUAL(nvme->failure, "transactions stay pending");
	CU_ASSERT(ns < 10000000000ull);
}

static void v7_a_reset_that_never_ends_is_a_failed_device(void)
{
	uint64_t ns;

	setup();
	CU_ASSERT_EQUAL(give(nvme), 0);
	drive()->never_ready = true;
	CU_ASSERT_EQUAL(take_back(nvme, &ns), -ENODEV);
	CU_ASSERT_EQUAL(nvme->state, DEVICE_FAILED);
	CU_ASSERT_EQUAL(seen.attached, 0);
	CU_ASSERT(ns < 120000000000ull);
}

/* The zone resets its drive and is gone before the drive is back. */
static void a_function_left_in_the_middle_of_a_reset_can_be_had_again(void)
{
	unsigned devctl;
	uint64_t ns;

	setup();
	CU_ASSERT_EQUAL(give(nvme), 0);
	devctl = nvme->caps.pcie + PCI_EXP_DEVCTL;
	vpci_config_write(zone1()->vpci, 1, 0, devctl, 2, PCI_EXP_DEVCTL_BCR_FLR);
	model_time_advance_ns(1000000);
	vpci_config_read(zone1()->vpci, 1, 0, 0, 4);
	CU_ASSERT_EQUAL(drive()->resets, 1);
	CU_ASSERT_EQUAL(take_back(nvme, &ns), 0);
	CU_ASSERT_EQUAL(nvme->state, DEVICE_QUARANTINED);
	CU_ASSERT(ns < 2000000000ull);
	CU_ASSERT_EQUAL(give(nvme), 0);
}

static void a_function_without_reset_is_not_reused(void)
{
	struct pci_function *card;

	setup();
	card = model_function(2, 0, 0);
	CU_ASSERT_EQUAL(give(card), 0);
	CU_ASSERT_EQUAL(take_back(card, NULL), -ENODEV);
	CU_ASSERT_EQUAL(card->state, DEVICE_FAILED);
	CU_ASSERT_STRING_EQUAL(card->failure, "it has no reset method");
	CU_ASSERT_EQUAL(seen.attached, 0);
}

static void v8_refusals_name_device_and_zone(void)
{
	setup();
	CU_ASSERT_EQUAL(give(model_function(0, 2, 0)), -EINVAL);
	CU_ASSERT(model_log_contains("zone guest: device 0000:00:02.0"));
	nvme->iommu.unit = -1;
	CU_ASSERT_EQUAL(give(nvme), -ENXIO);
	CU_ASSERT(model_log_contains("no IOMMU translates its DMA"));
	nvme->iommu.unit = 0;
	board.iommus[0].ops = NULL; /* its init failed at boot */
	CU_ASSERT_EQUAL(give(nvme), -ENXIO);
	board.iommus[0].ops = &fake_iommu;
	CU_ASSERT_EQUAL(give(nvme), 0);
	CU_ASSERT_EQUAL(give(nvme), -EBUSY);
}

static void v9_what_cannot_be_kept_apart_stays_together(void)
{
	struct pci_function *card;

	setup();
	card = model_function(2, 0, 0);
	card->group = 7;
	nvme->group = 7;
	machine.zones[0].zone.manifest = &wishes;
	machine.zones[0].zone.ram_gpa = RAM_GPA;
	machine.zones[0].zone.ram_hpa = RAM_HPA + RAM_SIZE;
	machine.zones[0].zone.ram_size = RAM_SIZE;
	CU_ASSERT_EQUAL(give(nvme), 0);
	CU_ASSERT_EQUAL(device_assign(&machine.zones[0].zone, card, SBDF_NONE, SBDF_NONE), -EPERM);
	CU_ASSERT(model_log_contains("isolation group with 0000:01:00.0 of zone guest"));
	CU_ASSERT_EQUAL(give(card), 0);
	card->group = 8;
	CU_ASSERT_EQUAL(take_back(nvme, NULL), 0);
	card->iommu = nvme->iommu;
	CU_ASSERT_EQUAL(device_assign(&machine.zones[0].zone, nvme, SBDF_NONE, SBDF_NONE), -EPERM);
	CU_ASSERT(model_log_contains("IOMMU stream"));
	card->iommu.id++;
	CU_ASSERT_EQUAL(device_assign(&machine.zones[0].zone, nvme, SBDF_NONE, SBDF_NONE), 0);
}

static void a_failed_assignment_leaves_nothing_behind(void)
{
	setup();
	seen.alloc_error = -ENOSPC;
	CU_ASSERT_EQUAL(give(nvme), -ENOSPC);
	seen.alloc_error = 0;
	seen.attach_error = -ENOMEM;
	CU_ASSERT_EQUAL(give(nvme), -ENOMEM);
	seen.attach_error = 0;
	CU_ASSERT_EQUAL(device_assign(zone1(), nvme, sbdf_make(0, 200, 0, 0), SBDF_NONE), -EINVAL);
	CU_ASSERT_EQUAL(nvme->state, DEVICE_QUARANTINED);
	CU_ASSERT_PTR_NULL(nvme->owner);
	CU_ASSERT_EQUAL(seen.vectors, 0);
	CU_ASSERT_EQUAL(seen.attached, 0);
	CU_ASSERT_EQUAL(give(nvme), 0);
}

/* What cannot be taken back is not called free (V5). */
static void v5_an_assignment_that_cannot_be_undone_is_a_failed_device(void)
{
	setup();
	seen.block_error = -ETIMEDOUT;
	CU_ASSERT_EQUAL(device_assign(zone1(), nvme, sbdf_make(0, 200, 0, 0), SBDF_NONE), -EINVAL);
	CU_ASSERT_EQUAL(nvme->state, DEVICE_FAILED);
	CU_ASSERT_STRING_EQUAL(nvme->failure, "the IOMMU did not confirm the block");
	CU_ASSERT(model_log_contains("0000:01:00.0 failed on assignment"));
	CU_ASSERT_NOT_EQUAL(zone_domains_destroy(zone1()), 0);

	setup();
	seen.free_error = -ETIMEDOUT;
	seen.attach_error = -ENOMEM;
	CU_ASSERT_EQUAL(give(nvme), -ENOMEM);
	CU_ASSERT_EQUAL(nvme->state, DEVICE_FAILED);
	CU_ASSERT_FALSE(seen.block_seen);

	/* Whether the unit took the stream is unknown after a timeout. */
	setup();
	seen.attach_error = -ETIMEDOUT;
	CU_ASSERT_EQUAL(give(nvme), -ETIMEDOUT);
	CU_ASSERT(seen.block_seen);
	CU_ASSERT_EQUAL(nvme->state, DEVICE_QUARANTINED);
}

/* Every allocation of an assignment failed in turn: refused, and every page back. */
static void each_failed_allocation_is_undone(void)
{
	unsigned n;
	int err = -ENOMEM;

	for (n = 1; n < 100 && err; n++) {
		uint64_t pages;

		setup();
		pages = model_pages_live();
		model_fail_alloc_after(n);
		err = give(nvme);
		model_fail_alloc_after(0);
		if (!err)
			break;
		CU_ASSERT_EQUAL(model_pages_live(), pages);
		CU_ASSERT_EQUAL(seen.vectors, 0);
		CU_ASSERT_EQUAL(seen.attached, 0);
		CU_ASSERT_EQUAL(nvme->state, DEVICE_QUARANTINED);
		zone_domains_destroy(zone1());
	}
	CU_ASSERT(n > 3 && n < 100);
}

static void a_release_gives_every_page_back(void)
{
	uint64_t pages;

	setup();
	pages = model_pages_live();
	CU_ASSERT_EQUAL(give(nvme), 0);
	CU_ASSERT(model_pages_live() > pages);
	CU_ASSERT_EQUAL(take_back(nvme, NULL), 0);
	CU_ASSERT_EQUAL(zone_domains_destroy(zone1()), 0);
	CU_ASSERT_EQUAL(model_pages_live(), pages);
}

static void the_debug_knob_leaves_the_upper_half_out(void)
{
	setup();
	wishes.debug_half_dma = true;
	CU_ASSERT_EQUAL(give(nvme), 0);
	CU_ASSERT_EQUAL(seen.maps[0].size, RAM_SIZE / 2);
	CU_ASSERT(model_log_contains("debug-omit-upper-half-dma"));
}

static void a_doorbell_inside_the_zones_memory_is_refused(void)
{
	setup();
	board.msi_units[0].base = RAM_GPA + MIB;
	CU_ASSERT_EQUAL(give(nvme), -EADDRINUSE);
	CU_ASSERT_EQUAL(seen.domains, 0);
	CU_ASSERT_EQUAL(nvme->state, DEVICE_QUARANTINED);
}

void suite_device(void)
{
	static const struct unit_test tests[] = {
		TEST(assignment_gives_ram_doorbell_and_nothing_else),
		TEST(v5_block_comes_after_the_device_is_quiet_and_before_its_reset),
		TEST(v5_an_unproven_block_retires_the_memory),
		TEST(v7_transactions_that_stay_pending_end_blocked_in_bounded_time),
		TEST(v7_a_reset_that_never_ends_is_a_failed_device),
		TEST(a_function_left_in_the_middle_of_a_reset_can_be_had_again),
		TEST(a_function_without_reset_is_not_reused),
		TEST(v8_refusals_name_device_and_zone),
		TEST(v9_what_cannot_be_kept_apart_stays_together),
		TEST(a_failed_assignment_leaves_nothing_behind),
		TEST(v5_an_assignment_that_cannot_be_undone_is_a_failed_device),
		TEST(each_failed_allocation_is_undone),
		TEST(a_release_gives_every_page_back),
		TEST(the_debug_knob_leaves_the_upper_half_out),
		TEST(a_doorbell_inside_the_zones_memory_is_refused),
	};

	unit_suite("device", tests, ARRAY_SIZE(tests));
}
