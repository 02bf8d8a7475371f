// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine with this backend on the whole 3A6000 board: LS7A2000, both kinds of its IOMMU,
 * interrupt controllers, NVMe and a card of four ports, each a model written from its sheet.
 * Nothing here asks the engine what it did: memory, messages and registers are looked at in the
 * models.
 */
#include "board-fixture.h"

#include <linux/pci_regs.h>

#define NVME_TABLE 0, 0x2000
#define IGB_TABLE  3, 0
#define IGB_BUS    6u
#define PORT_BYTES 16u

/* Each kind of the unit there is: revision 0 tells root ports apart, later ones functions. */
#define for_each_revision(r) for (uint8_t r = 0; r < 2; r++)

static struct model_ls *ls;

static struct pci_function *nvme(void)
{
	return model_function(5, 0, 0);
}

static struct pci_function *igb(unsigned fn)
{
	return model_function(IGB_BUS, 0, fn);
}

static enum model_ls7a_dma dma(const struct pci_function *f, uint64_t iova, const char *text)
{
	return model_ls7a_write(sbdf_bus(f->sbdf), sbdf_devfn(f->sbdf), iova, text, PORT_BYTES);
}

static const char text_of[5][PORT_BYTES + 1] = { "written by igb .0", "written by igb .1",
						 "written by igb .2", "written by igb .3",
						 "written by  NVMe " };

/* Bytes of a zone's memory that are not 0. */
static unsigned bytes_in(unsigned zone)
{
	const uint8_t *ram = board_ram(zone);
	unsigned n = 0;

	for (uint64_t i = 0; i < BOARD_RAM_SIZE; i++)
		n += ram[i] != 0;
	return n;
}

/* NVMe to the guest, the whole card to root, all of them driven. */
static void give_all(uint8_t revision)
{
	ls = board_start_3a6000(NULL, revision);
	CU_ASSERT_EQUAL_FATAL(board_give(1, nvme()), 0);
	board_drive(1, nvme(), NVME_TABLE, 100);
	for (unsigned fn = 0; fn < 4; fn++) {
		CU_ASSERT_EQUAL_FATAL(board_give(0, igb(fn)), 0);
		board_drive(0, igb(fn), IGB_TABLE, fn);
	}
}

/* ---- DMA ---- */

static void dma_lands_in_the_owners_memory_only(void)
{
	for_each_revision(r)
	{
		give_all(r);
		for (unsigned fn = 0; fn < 4; fn++)
			CU_ASSERT_EQUAL(dma(igb(fn), BOARD_RAM_GPA + fn * 0x4100, text_of[fn]),
					MODEL_LS7A_MEMORY);
		CU_ASSERT_EQUAL(dma(nvme(), BOARD_RAM_GPA + BOARD_RAM_SIZE - PORT_BYTES,
				    text_of[4]),
				MODEL_LS7A_MEMORY);
		for (unsigned fn = 0; fn < 4; fn++)
			CU_ASSERT_EQUAL(memcmp(board_ram(0) + fn * 0x4100, text_of[fn], PORT_BYTES),
					0);
		CU_ASSERT_EQUAL(memcmp(board_ram(1) + BOARD_RAM_SIZE - PORT_BYTES, text_of[4],
				       PORT_BYTES),
				0);
		CU_ASSERT_EQUAL(bytes_in(0), 4 * PORT_BYTES);
		CU_ASSERT_EQUAL(bytes_in(1), PORT_BYTES);
		CU_ASSERT_EQUAL(model_ls_passed(ls), 0);
	}
}

static void dma_to_anything_else_is_aborted(void)
{
	for_each_revision(r)
	{
		give_all(r);
		for (unsigned zone = 0; zone < 2; zone++) {
			const hpa_t ram = board_zone(zone)->ram_hpa;

			/* Host addresses of anybody's memory, one's own among them. */
			CU_ASSERT_EQUAL(dma(nvme(), ram, text_of[4]), MODEL_LS7A_ABORTED);
			CU_ASSERT_EQUAL(dma(igb(1), ram, text_of[1]), MODEL_LS7A_ABORTED);
		}
		CU_ASSERT_EQUAL(dma(nvme(), BOARD_RAM_GPA - PORT_BYTES, text_of[4]),
				MODEL_LS7A_ABORTED);
		CU_ASSERT_EQUAL(dma(nvme(), BOARD_RAM_GPA + BOARD_RAM_SIZE, text_of[4]),
				MODEL_LS7A_ABORTED);
		/* The CPU's inter-processor interrupts and firmware's tables. */
		CU_ASSERT_EQUAL(dma(nvme(), 0x1fe01040, text_of[4]), MODEL_LS7A_ABORTED);
		CU_ASSERT_EQUAL(dma(nvme(), BOARD_FIRMWARE, text_of[4]), MODEL_LS7A_ABORTED);
		CU_ASSERT_EQUAL(bytes_in(0) + bytes_in(1), 0);
		CU_ASSERT_EQUAL(model_ls_passed(ls), 0);
	}
}

static bool may_send(const struct pci_function *f)
{
	return model_pci_get(model_pci_at(sbdf_bus(f->sbdf), sbdf_devfn(f->sbdf)), PCI_COMMAND, 2) &
	       PCI_COMMAND_MASTER;
}

/* What the IOMMU lets through is kept quiet by Bus Master, here and at the port above. */
static void nobody_without_a_zone_sends_anything(void)
{
	for_each_revision(r)
	{
		ls = board_start_3a6000(NULL, r);
		for (unsigned i = 0; i < machine.table.count; i++) {
			const struct pci_function *f = &machine.table.functions[i];

			if (f->engine)
				continue;
			CU_ASSERT_FALSE(may_send(f));
			CU_ASSERT_EQUAL(dma(f, BOARD_RAM_GPA, text_of[0]), MODEL_LS7A_SILENT);
		}
		CU_ASSERT_EQUAL_FATAL(board_give(1, nvme()), 0);
		board_drive(1, nvme(), NVME_TABLE, 100);
		CU_ASSERT_EQUAL(dma(nvme(), BOARD_RAM_GPA, text_of[4]), MODEL_LS7A_MEMORY);
		CU_ASSERT_EQUAL(dma(igb(0), BOARD_RAM_GPA, text_of[0]), MODEL_LS7A_SILENT);
		CU_ASSERT_FALSE(may_send(igb(0)->parent));
		/* Were a function to turn it on by itself, the port would still be off. */
		model_pci_at(IGB_BUS, 0)->config[PCI_COMMAND] |= PCI_COMMAND_MASTER;
		CU_ASSERT_EQUAL(dma(igb(0), BOARD_RAM_GPA, text_of[0]), MODEL_LS7A_SILENT);
		CU_ASSERT_EQUAL(model_ls_passed(ls), 0);
	}
}

static void a_released_device_is_silent_and_its_slot_is_free(void)
{
	for_each_revision(r)
	{
		give_all(r);
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), r ? 5 : 2);
		CU_ASSERT_EQUAL(board_take_back(1, nvme()), 0);
		CU_ASSERT_EQUAL(nvme()->state, DEVICE_QUARANTINED);
		CU_ASSERT_EQUAL(dma(nvme(), BOARD_RAM_GPA, text_of[4]), MODEL_LS7A_SILENT);
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), r ? 4 : 1);
		for (unsigned fn = 0; fn < 4; fn++)
			CU_ASSERT_EQUAL(board_take_back(0, igb(fn)), 0);
		CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 0);
		/* And the other way round. */
		for (unsigned fn = 0; fn < 4; fn++) {
			CU_ASSERT_EQUAL_FATAL(board_give(1, igb(fn)), 0);
			board_drive(1, igb(fn), IGB_TABLE, fn);
		}
		CU_ASSERT_EQUAL(dma(igb(2), BOARD_RAM_GPA, text_of[2]), MODEL_LS7A_MEMORY);
		CU_ASSERT_EQUAL(bytes_in(0), 0);
		CU_ASSERT_EQUAL(bytes_in(1), PORT_BYTES);
		CU_ASSERT_EQUAL(model_ls_passed(ls), 0);
	}
}

/* ---- interrupts ---- */

static void messages_reach_the_owner_on_its_own_cpu(void)
{
	for_each_revision(r)
	{
		give_all(r);
		CU_ASSERT_EQUAL(model_ls7a_send(5, 0, 0), MODEL_LS7A_MESSAGE);
		for (unsigned cpu = 0; cpu < board.m.cpu_count; cpu++)
			CU_ASSERT_EQUAL(model_cpu_lines(cpu),
					cpu == board_zone(1)->cpus[0] ? 2 : 0);
		board_take_interrupts();
		CU_ASSERT_EQUAL(machine.zones[1].delivered, 1);
		CU_ASSERT_EQUAL(machine.zones[1].last_data, 100);
		CU_ASSERT_EQUAL(machine.zones[0].delivered, 0);
		for (unsigned fn = 0; fn < 4; fn++) {
			CU_ASSERT_EQUAL(model_ls7a_send(IGB_BUS, fn, 0), MODEL_LS7A_MESSAGE);
			board_take_interrupts();
			CU_ASSERT_EQUAL(machine.zones[0].delivered, fn + 1);
			CU_ASSERT_EQUAL(machine.zones[0].last_data, fn);
		}
		CU_ASSERT_EQUAL(machine.zones[1].delivered, 1);
	}
}

static void lines_end_at_the_inputs_the_board_wires(void)
{
	ls = board_start_3a6000(NULL, 1);
	/* Functions below a port share its input, whatever their pin. */
	igb(0)->interrupt_pin = 1;
	igb(3)->interrupt_pin = 4;
	nvme()->interrupt_pin = 1;
	CU_ASSERT_EQUAL(pci_intx_irq(igb(0)), 64 + 38);
	CU_ASSERT_EQUAL(pci_intx_irq(igb(3)), 64 + 38);
	CU_ASSERT_EQUAL(pci_intx_irq(nvme()), 64 + 36);
	/* On the root bus each function has its own, by the pin the wiring has. */
	model_function(0, 4, 0)->interrupt_pin = 1;
	CU_ASSERT_EQUAL(pci_intx_irq(model_function(0, 4, 0)), 64 + 49);
	CU_ASSERT_EQUAL(pci_intx_irq(model_function(0, 4, 1)), 64 + 48);
	CU_ASSERT_EQUAL(pci_intx_irq(model_function(0, 6, 2)), 64 + 23);
}

/* ---- who can be kept apart ---- */

static void functions_below_one_port_are_split_by_later_units_only(void)
{
	ls = board_start_3a6000(NULL, 0);
	CU_ASSERT_EQUAL(board_give(0, igb(1)), 0);
	CU_ASSERT_EQUAL(board_give(1, igb(2)), -EPERM);
	CU_ASSERT(model_log_contains("0000:06:00.2 [8086:1521] not assigned"));
	CU_ASSERT(model_log_contains("0000:00:13.0"));
	CU_ASSERT(model_log_contains("0000:06:00.1 of zone root"));
	CU_ASSERT_EQUAL(dma(igb(2), BOARD_RAM_GPA, text_of[2]), MODEL_LS7A_SILENT);

	ls = board_start_3a6000(NULL, 1);
	CU_ASSERT_EQUAL(board_give(0, igb(1)), 0);
	CU_ASSERT_EQUAL(board_give(1, igb(2)), 0);
	board_drive(0, igb(1), IGB_TABLE, 1);
	board_drive(1, igb(2), IGB_TABLE, 2);
	CU_ASSERT_EQUAL(dma(igb(1), BOARD_RAM_GPA, text_of[1]), MODEL_LS7A_MEMORY);
	CU_ASSERT_EQUAL(dma(igb(2), BOARD_RAM_GPA, text_of[2]), MODEL_LS7A_MEMORY);
	CU_ASSERT_EQUAL(memcmp(board_ram(0), text_of[1], PORT_BYTES), 0);
	CU_ASSERT_EQUAL(memcmp(board_ram(1), text_of[2], PORT_BYTES), 0);
	CU_ASSERT_EQUAL(bytes_in(0), PORT_BYTES);
	CU_ASSERT_EQUAL(bytes_in(1), PORT_BYTES);
}

static void what_belongs_to_the_machine_is_nobodys(void)
{
	static const sbdf_t parts[] = { 0x00, 0x01, 0xb8, 0xd0, 0x68 };

	ls = board_start_3a6000(NULL, 1);
	/* Host bridge, chip configuration, LPC, IOMMU, a port. */
	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++)
		CU_ASSERT_NOT_EQUAL(board_give(0, pci_find(&machine.table, parts[i])), 0);
}

/* ---- as many as there are slots ---- */

#define QUAD(bus, dev)                                                                      \
	dev ".0 rootport id=0014:7a49 class=060400 multi pm sec=" bus " sub=" bus "\n"      \
	    "  00.0 ep id=8086:1521 multi bar0=m32:16K pm flr msix=2@0+2000,0+3000 acs=1\n" \
	    "  00.1 ep id=8086:1521 multi bar0=m32:16K pm flr msix=2@0+2000,0+3000 acs=1\n" \
	    "  00.2 ep id=8086:1521 multi bar0=m32:16K pm flr msix=2@0+2000,0+3000 acs=1\n" \
	    "  00.3 ep id=8086:1521 multi bar0=m32:16K pm flr msix=2@0+2000,0+3000 acs=1\n"

static void a_seventeenth_device_is_refused_and_does_not_pass_through(void)
{
	static const char devices[] = QUAD("1", "09") QUAD("2", "0a") QUAD("3", "0b") QUAD("4",
											   "0c")
		QUAD("5", "0d") "1a.0 pci id=0014:7a1f class=080600 bar0=m64:1K fw0=0x45969c00\n";
	struct pci_function *late = NULL;

	ls = board_start_3a6000(devices, 1);
	for (unsigned n = 0; n < 16; n++) {
		struct pci_function *f = model_function(1 + n / 4, 0, n % 4);

		CU_ASSERT_EQUAL_FATAL(board_give(n % 2, f), 0);
		board_drive(n % 2, f, 0, 0x2000, n);
	}
	CU_ASSERT_EQUAL(model_ls_slots_valid(ls), 16);
	late = model_function(5, 0, 0);
	CU_ASSERT_EQUAL(board_give(1, late), -ENOSPC);
	CU_ASSERT_EQUAL(late->state, DEVICE_QUARANTINED);
	CU_ASSERT(model_log_contains("0000:05:00.0"));
	CU_ASSERT(model_log_contains("zone guest"));
	CU_ASSERT_EQUAL(dma(late, BOARD_RAM_GPA, text_of[0]), MODEL_LS7A_SILENT);
	CU_ASSERT_EQUAL(vpci_where(machine.zones[1].v, late), SBDF_NONE);
	for (unsigned n = 0; n < 16; n++)
		CU_ASSERT_EQUAL(dma(model_function(1 + n / 4, 0, n % 4), BOARD_RAM_GPA + 32 * n,
				    text_of[0]),
				MODEL_LS7A_MEMORY);
	CU_ASSERT_EQUAL(model_ls_passed(ls), 0);
	/* When one is proven reset, its slot is the next one's. */
	CU_ASSERT_EQUAL(board_take_back(0, model_function(1, 0, 0)), 0);
	CU_ASSERT_EQUAL(board_give(1, late), 0);
	board_drive(1, late, 0, 0x2000, 16);
	CU_ASSERT_EQUAL(dma(late, BOARD_RAM_GPA, text_of[0]), MODEL_LS7A_MEMORY);
	CU_ASSERT_EQUAL(model_ls_passed(ls), 0);
}

static void with_the_iommu_switched_off_nothing_is_given(void)
{
	board_start_3a6000("0d.0 rootport id=0014:7a49 class=060400 multi pm sec=5 sub=5\n"
			   "  00.0 nvme\n",
			   0);
	CU_ASSERT_EQUAL(board_give(1, nvme()), -ENXIO);
	CU_ASSERT_EQUAL(dma(nvme(), BOARD_RAM_GPA, text_of[4]), MODEL_LS7A_SILENT);
}

void suite_board_3a6000(void)
{
	static const struct unit_test tests[] = {
		TEST(dma_lands_in_the_owners_memory_only),
		TEST(dma_to_anything_else_is_aborted),
		TEST(nobody_without_a_zone_sends_anything),
		TEST(a_released_device_is_silent_and_its_slot_is_free),
		TEST(messages_reach_the_owner_on_its_own_cpu),
		TEST(lines_end_at_the_inputs_the_board_wires),
		TEST(functions_below_one_port_are_split_by_later_units_only),
		TEST(what_belongs_to_the_machine_is_nobodys),
		TEST(a_seventeenth_device_is_refused_and_does_not_pass_through),
		TEST(with_the_iommu_switched_off_nothing_is_given),
	};

	unit_suite("board_3a6000", tests, ARRAY_SIZE(tests));
}
