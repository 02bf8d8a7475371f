// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Security of where DMA goes: what the IOMMU is told and when, under which identity a device sends,
 * which memory is nobody's to give, and addresses too wide for a careless variable. Invariants and
 * classes: docs/security-tests.md. Ordering, event by event, is test_ordering.c's.
 */
#include "security-fixture.h"

static struct pci_function *drive, *card;

static void setup(void)
{
	secure_setup(secure_tree);
	drive = model_function(1, 0, 0);
	card = model_function(2, 0, 0);
}

/* ---- C7: what the IOMMU may still hold ------------------------------------------------------- */

static struct {
	hpa_t root;
	unsigned freed, walkable;
} tables;

static void watch_frees(void *ctx, enum model_event event, uint64_t addr, uint64_t size,
			uint64_t value)
{
	(void)ctx;
	(void)value;
	if (event != MODEL_PAGES_FREE)
		return;
	if (!range_inside(tables.root, 1, addr, size))
		return;
	tables.freed++;
	tables.walkable += secure_dma(drive, SECURE_RAM_GPA, NULL);
}

static hpa_t root_of(const struct pci_function *f)
{
	uint64_t entry[8] = { 0 };

	CU_ASSERT(model_smmu_entry(secure.smmu, f->iommu.id, entry));
	return entry[3] & 0x000ffffffffffff0;
}

static unsigned syncs(void)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < model_smmu_commands(secure.smmu); i++)
		sum += model_smmu_command(secure.smmu, i)->opcode == 0x46;
	return sum;
}

static void c7_no_table_is_freed_that_the_unit_may_walk(void)
{
	unsigned all;

	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	tables.freed = tables.walkable = 0;
	tables.root = root_of(drive);
	CU_ASSERT(secure_dma(drive, SECURE_RAM_GPA, NULL));
	all = syncs();
	model_observe(watch_frees, NULL);
	CU_ASSERT_EQUAL(secure_take_back(1, drive), 0);
	CU_ASSERT_EQUAL(zone_domains_destroy(secure_zone(1)), 0);
	model_observe(NULL, NULL);
	all = syncs() - all;
	CU_ASSERT_EQUAL(tables.freed, 1);
	CU_ASSERT_EQUAL(tables.walkable, 0);

	/* The unit stops answering at any of its synchronizations: then nothing is freed. */
	CU_ASSERT(all > 1);
	for (unsigned n = 1; n <= all; n++) {
		setup();
		CU_ASSERT_EQUAL(secure_give(1, drive), 0);
		tables.freed = tables.walkable = 0;
		tables.root = root_of(drive);
		CU_ASSERT(secure_dma(drive, SECURE_RAM_GPA, NULL));
		model_observe(watch_frees, NULL);
		model_smmu_stop_sync(secure.smmu, n);
		secure_take_back(1, drive);
		CU_ASSERT_NOT_EQUAL(zone_domains_destroy(secure_zone(1)), 0);
		model_observe(NULL, NULL);
		CU_ASSERT_EQUAL(tables.freed, 0);
	}
}

/* ---- C8: under whose name -------------------------------------------------------------------- */

static bool apart(const struct pci_function *a, const struct pci_function *b)
{
	struct pci_function *first = pci_find(&machine.table, a->sbdf);
	struct pci_function *second = pci_find(&machine.table, b->sbdf);
	bool refused;

	CU_ASSERT_EQUAL(secure_give(1, first), 0);
	refused = secure_give(0, second) == -EPERM;
	CU_ASSERT(!refused || model_log_contains("shares its isolation group"));
	return !refused;
}

static void c8_devices_with_one_identity_go_together(void)
{
	/* Behind a bridge to a shared bus everybody sends as the bridge, or is heard by the others. */
	secure_setup("04.0 pcibridge id=1b36:1004\n"
		     "  00.0 pci id=1af4:5003 bar0=m32:4K pm\n"
		     "  01.0 pci id=1af4:5004 bar0=m32:4K pm\n");
	CU_ASSERT_FALSE(apart(model_function(1, 0, 0), model_function(1, 1, 0)));
	/* Functions of one device that do not keep apart what they send to each other. */
	secure_setup("02.0 port\n"
		     "  00.0 ep id=8086:10c9 multi bar0=m32:16K flr\n"
		     "  00.1 ep id=8086:10ca multi bar0=m32:16K flr\n");
	CU_ASSERT_FALSE(apart(model_function(1, 0, 0), model_function(1, 0, 1)));
	/* Ports that let a request turn round below the root. */
	secure_setup("02.0 port acs=0\n"
		     "  00.0 nvme\n"
		     "03.0 port acs=0\n"
		     "  00.0 nvme\n");
	CU_ASSERT_FALSE(apart(model_function(1, 0, 0), model_function(2, 0, 0)));
	secure_setup(secure_tree);
	CU_ASSERT(apart(model_function(1, 0, 0), model_function(2, 0, 0)));
}

static void c8_one_stream_never_has_two_owners(void)
{
	setup();
	card->iommu = drive->iommu;
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_give(0, card), -EPERM);
	CU_ASSERT(model_log_contains("shares its IOMMU stream"));
}

/* Phantom functions: a device may send under function numbers of its own that are not in use. */
static void c8_phantom_functions_stay_off_and_blocked(void)
{
	struct model_pci_function *hw;
	struct pci_function phantom;

	setup();
	hw = model_pci_at(1, 0);
	hw->config[hw->pcie + 4] |= 0x18; /* three bits of phantom function number */
	machine.table.count = 0;
	pci_scan_host(&machine.host, &machine.table);
	drive = model_function(1, 0, 0);
	drive->state = DEVICE_QUARANTINED;
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_rd(1, drive, hw->pcie + 4u, 4) & 0x18, 0);
	secure_wr(1, drive, hw->pcie + 8u, 2, 0x7fff);
	CU_ASSERT_EQUAL(model_pci_get(hw, hw->pcie + 8u, 2) & 0x0200, 0);
	CU_ASSERT_EQUAL(secure_rd(1, drive, hw->pcie + 8u, 2) & 0x0200, 0);
	phantom = *drive;
	for (unsigned fn = 1; fn < 8; fn++) {
		phantom.iommu.id = drive->iommu.id + fn;
		CU_ASSERT_FALSE(secure_dma(&phantom, SECURE_RAM_GPA, NULL));
	}
	CU_ASSERT(secure_dma(drive, SECURE_RAM_GPA, NULL));
}

/* ---- C9: memory that is nobody's to give ----------------------------------------------------- */

static int give_with_ram_at(gpa_t ram)
{
	int err;

	setup();
	secure_zone(1)->ram_gpa = ram;
	err = secure_give(1, drive);
	if (err)
		CU_ASSERT_EQUAL(drive->state, DEVICE_QUARANTINED);
	return err;
}

/* The doorbell is 64 KiB at 0x8090000. */
static void c9_a_doorbell_in_a_zones_memory_is_refused(void)
{
	const gpa_t bell = 0x8090000, end = bell + 0x10000;

	CU_ASSERT_EQUAL(give_with_ram_at(bell), -EADDRINUSE);
	CU_ASSERT_EQUAL(give_with_ram_at(bell - SECURE_RAM_SIZE + PAGE_SIZE), -EADDRINUSE);
	CU_ASSERT_EQUAL(give_with_ram_at(end - PAGE_SIZE), -EADDRINUSE);
	CU_ASSERT_EQUAL(give_with_ram_at(bell - SECURE_RAM_SIZE / 2), -EADDRINUSE);
	CU_ASSERT(model_log_contains("zone guest"));
	/* and beside it there is nothing wrong */
	CU_ASSERT_EQUAL(give_with_ram_at(bell - SECURE_RAM_SIZE), 0);
	CU_ASSERT_EQUAL(give_with_ram_at(end), 0);
}

/* A mapping that firmware asks for, or another unit's, does not stay behind: there is none at all. */
static void c9_a_domain_holds_memory_and_doorbell_and_goes_whole(void)
{
	hpa_t to;

	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	for (iova_t at = 0; at < 0x10000000; at += PAGE_SIZE)
		CU_ASSERT_EQUAL(secure_dma(drive, at, &to),
				range_inside(at, 1, 0x8090000, 0x10000));
	CU_ASSERT_EQUAL(secure_take_back(1, drive), 0);
	CU_ASSERT_EQUAL(zone_domains_destroy(secure_zone(1)), 0);
	/* The next domain, which gets the same number, begins with nothing of the last one's. */
	secure_zone(0)->ram_gpa = 0x40000000;
	CU_ASSERT_EQUAL(secure_give(0, drive), 0);
	CU_ASSERT_FALSE(secure_dma(drive, SECURE_RAM_GPA, NULL));
	CU_ASSERT(secure_dma(drive, 0x40000000, &to));
	CU_ASSERT_EQUAL(to, SECURE_RAM_HPA(0));
}

/* ---- C10: what two devices share ------------------------------------------------------------- */

static bool refused_for(const char *what)
{
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	return secure_give(0, card) == -EPERM && model_log_contains(what) &&
	       model_log_contains("0000:01:00.0 of zone guest") && !card->owner;
}

/* A second, small BAR of the drive, and one of the card `apart` bytes further. */
static void small_bars(uint64_t apart)
{
	const hpa_t at = drive->bars[0].cpu + 0x4000;

	setup();
	drive->bars[2] = (struct pci_bar){
		.kind = PCI_BAR_MEM32, .size = 0x100, .bus = 0x20000000, .cpu = at
	};
	card->bars[0].size = 0x100;
	card->bars[0].cpu = at + apart;
}

static void c10_registers_in_one_page_go_together(void)
{
	setup();
	small_bars(0x800);
	CU_ASSERT(refused_for("shares its page of registers"));
	CU_ASSERT_EQUAL(secure_give(1, card), 0);
	/* in the next page they can be kept apart */
	small_bars(0x1000);
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_give(0, card), 0);
}

static void c10_interrupts_of_one_line_or_name_go_together(void)
{
	setup();
	card->msi_unit = drive->msi_unit;
	CU_ASSERT(refused_for("shares its identity at the MSI unit"));
	setup();
	for (unsigned i = 0; i < 2; i++) {
		struct pci_function *f = i ? card : drive;

		f->msix.entries = 0;
		f->msi.vectors = 0;
		f->interrupt_pin = (uint8_t)(1 + i); /* device 2 and 3: the same line after all */
	}
	card->interrupt_pin = (uint8_t)(pci_intx_line(drive) == pci_intx_line(card) ? 2 : 4);
	CU_ASSERT_EQUAL(pci_intx_line(drive), pci_intx_line(card));
	CU_ASSERT(refused_for("shares its interrupt line"));
}

/* ---- C12: wide addresses --------------------------------------------------------------------- */

static void c12_memory_beyond_4_gib_is_mapped_and_unmapped_whole(void)
{
	const uint64_t size = 4 * GIB + 4 * MIB;
	hpa_t to;

	setup();
	secure_zone(1)->ram_size = size;
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT(secure_dma(drive, SECURE_RAM_GPA + size - 8, &to));
	CU_ASSERT_EQUAL(to, SECURE_RAM_HPA(1) + size - 8);
	CU_ASSERT(secure_dma(drive, SECURE_RAM_GPA + 4 * GIB - 1, &to));
	CU_ASSERT_EQUAL(to, SECURE_RAM_HPA(1) + 4 * GIB - 1);
	CU_ASSERT_FALSE(secure_dma(drive, SECURE_RAM_GPA + size, NULL));
	CU_ASSERT_EQUAL(secure_take_back(1, drive), 0);
	CU_ASSERT_FALSE(secure_dma(drive, SECURE_RAM_GPA + size - 8, NULL));
	CU_ASSERT_EQUAL(zone_domains_destroy(secure_zone(1)), 0);
}

/* The one move that ends above 4 GiB must be undone there, not at its low half. */
static void c12_registers_above_4_gib_leave_nothing_behind(void)
{
	gpa_t high = ZONE_MEM64 + 0x912340000, low;
	hpa_t to;

	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	low = secure_bar0(1, drive);
	secure_wr(1, drive, PCI_BASE_ADDRESS_0, 8, high | 4);
	secure_wr(1, drive, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	CU_ASSERT_EQUAL(secure_bar0(1, drive), high);
	CU_ASSERT(model_guest_mapped(secure_zone(1), high, &to));
	CU_ASSERT_EQUAL(to, drive->bars[0].cpu);
	CU_ASSERT(to > 4 * GIB || drive->bars[0].kind == PCI_BAR_MEM64);
	CU_ASSERT_EQUAL(secure_mmio_rd(1, high + 0x2000 + 12, 4), 1); /* the table, trapped */
	secure_wr(1, drive, PCI_BASE_ADDRESS_0, 8, low | 4);
	CU_ASSERT(!model_guest_mapped(secure_zone(1), high, NULL));
	CU_ASSERT(model_guest_mapped(secure_zone(1), low, NULL));
	secure_wr(1, drive, PCI_BASE_ADDRESS_0, 8, high | 4);
	CU_ASSERT_EQUAL(secure_take_back(1, drive), 0);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(secure_zone(1)), 0);
}

void suite_security_dma(void)
{
	static const struct unit_test tests[] = {
		TEST(c7_no_table_is_freed_that_the_unit_may_walk),
		TEST(c8_devices_with_one_identity_go_together),
		TEST(c8_one_stream_never_has_two_owners),
		TEST(c8_phantom_functions_stay_off_and_blocked),
		TEST(c9_a_doorbell_in_a_zones_memory_is_refused),
		TEST(c9_a_domain_holds_memory_and_doorbell_and_goes_whole),
		TEST(c10_registers_in_one_page_go_together),
		TEST(c10_interrupts_of_one_line_or_name_go_together),
		TEST(c12_memory_beyond_4_gib_is_mapped_and_unmapped_whole),
		TEST(c12_registers_above_4_gib_leave_nothing_behind),
	};

	unit_suite("security_dma", tests, ARRAY_SIZE(tests));
}
