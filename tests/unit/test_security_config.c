// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Security of what a zone sees and touches of a device: config space, BARs, MSI-X, resets it asks for.
 * Invariants and classes: docs/security-tests.md. The exhaustive comparison is test_matrix.c's.
 */
#include "security-fixture.h"

#include <stdlib.h>

/* A drive, and a card with everything a zone must not get at. */
static const char tree[] =
	"02.0 port\n"
	"  00.0 nvme\n"
	"03.0 port\n"
	"  00.0 ep id=8086:10c9 class=020000 bar0=m32:16K bar1=m32:256 bar2=m64p:32K pm flr msi=1 "
	"msix=20@2+1fd8,2+2800 vpd vendor dsn\n";

static struct pci_function *drive, *card;
static struct model_pci_function *drive_hw, *card_hw;

static void setup(void)
{
	secure_setup(tree);
	drive = model_function(1, 0, 0);
	card = model_function(2, 0, 0);
	drive_hw = model_pci_at(1, 0);
	card_hw = model_pci_at(2, 0);
}

static void both(void)
{
	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_give(1, card), 0);
}

static gpa_t bar(const struct pci_function *f, unsigned n)
{
	uint64_t low = secure_rd(1, f, PCI_BASE_ADDRESS_0 + 4 * n, 4);

	return (low & ~0xfull) |
	       ((low & 6) == 4 ? secure_rd(1, f, PCI_BASE_ADDRESS_0 + 4 * n + 4, 4) << 32 : 0);
}

static uint64_t entry_address(const struct model_pci_function *hw, unsigned n)
{
	const uint8_t *e = hw->mem[hw->msix_bar] + hw->msix_table + 16 * n;
	uint64_t raw = 0;

	for (unsigned i = 0; i < 8; i++)
		raw |= (uint64_t)e[i] << 8 * i;
	return raw;
}

/* Every entry of the device's table holds the ITS's address, or nothing and is masked. */
static bool messages_are_ours(const struct model_pci_function *hw)
{
	for (unsigned n = 0; n < hw->msix_entries; n++) {
		const uint8_t *e = hw->mem[hw->msix_bar] + hw->msix_table + 16 * n;

		if (entry_address(hw, n) != 0x8090040 && (entry_address(hw, n) || !(e[12] & 1)))
			return false;
	}
	return true;
}

/* ---- V2: what a zone's CPUs reach ------------------------------------------------------------ */

static bool belongs_to(const struct pci_function *f, hpa_t at)
{
	for (unsigned i = 0; i < PCI_BAR_COUNT; i++)
		if (f->bars[i].size && range_inside(at, 1, f->bars[i].cpu, f->bars[i].size))
			return true;
	return false;
}

static void v2_a_zones_cpus_reach_registers_of_its_own_devices_only(void)
{
	uint32_t random = 7;
	unsigned found = 0;

	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_give(0, card), 0);
	secure_wr(0, card, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	for (unsigned i = 0; i < 300; i++) {
		hpa_t to;
		gpa_t at;

		random = random * 1664525 + 1013904223;
		/* anywhere around its window; where the other zone's registers are; real addresses */
		at = i % 3 == 0   ? ZONE_MEM32 - 0x10000 + (random >> 4 & 0x8020000)
		     : i % 3 == 1 ? card->bars[0].cpu + (random & 0xc000)
				  : (gpa_t)(random & 0xffffc000);
		secure_wr(1, drive, PCI_COMMAND, 2, 0);
		secure_wr(1, drive, PCI_BASE_ADDRESS_0, 4, at & 0xffffffff);
		secure_wr(1, drive, PCI_BASE_ADDRESS_0 + 4, 4, at >> 32);
		secure_wr(1, drive, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
		for (gpa_t page = at; page < at + 0x4000; page += PAGE_SIZE) {
			if (!model_guest_mapped(secure_zone(1), page, &to))
				continue;
			found++;
			CU_ASSERT(belongs_to(drive, to));
			CU_ASSERT(range_inside(page, PAGE_SIZE, ZONE_MEM32, ZONE_MEM32_SZ) ||
				  range_inside(page, PAGE_SIZE, ZONE_MEM64, ZONE_MEM64_SZ));
		}
	}
	CU_ASSERT(found > 20);
	/* its hardware stands where it stood */
	CU_ASSERT_EQUAL(model_pci_get(drive_hw, 0x10, 4) & ~0xfu, (uint32_t)drive->bars[0].bus);
}

/* ---- V4: a zone's mistakes ------------------------------------------------------------------- */

static void v4_no_access_of_a_zone_harms_anybody(void)
{
	uint8_t before[PCI_CONFIG_SIZE];
	uint32_t random = 99;
	unsigned writes;
	size_t log;

	setup();
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_give(0, card), 0);
	secure_drive(1, drive, 3);
	memcpy(before, card_hw->config, sizeof(before));
	writes = card_hw->config_writes;
	log = strlen(model_log());
	for (unsigned i = 0; i < 60000; i++) {
		struct vpci *v = machine.zones[1].v;
		uint64_t value = (uint64_t)random << 32 | random;
		unsigned size = random >> 3 & 15, offset = random >> 8 & 0x1fff;

		random = random * 1664525 + 1013904223;
		switch (random >> 29) {
		case 0:
			vpci_config_write(v, random & 0x1f, random >> 5 & 0xff, offset, size,
					  value);
			break;
		case 1:
			vpci_config_read(v, random & 0x1f, random >> 5 & 0xff, offset, size);
			break;
		case 2:
			vpci_mmio(v, UINT64_MAX - (random & 0xf), size, random & 0x10, &value);
			break;
		case 3:
			vpci_mmio(v, ZONE_MEM32 + (random & 0xfffff), size, random & 0x100, &value);
			break;
		case 4:
			vpci_mmio(v, ZONE_ECAM + 16 * MIB - (random & 0x7), size, random & 0x100,
				  &value);
			break;
		case 5:
			vpci_mmio(v, ZONE_MEM64 + ZONE_MEM64_SZ - (random & 0xf), size,
				  random & 0x100, &value);
			break;
		case 6:
			model_time_advance_ns(1000000);
			vpci_config_read(v, 1, 0, 0, 4);
			break;
		default:
			secure_wr(1, drive, offset & 0xfff, size, value);
			break;
		}
	}
	CU_ASSERT_EQUAL(memcmp(before, card_hw->config, sizeof(before)), 0);
	CU_ASSERT_EQUAL(card_hw->config_writes, writes);
	CU_ASSERT_EQUAL(model_pci_master_aborts(), 0);
	CU_ASSERT_EQUAL(machine.zones[0].delivered + machine.zones[0].dropped, 0);
	CU_ASSERT(strlen(model_log()) - log < 4096);
	/* and the other zone's device works */
	CU_ASSERT(secure_dma(card, SECURE_RAM_GPA, NULL));
	CU_ASSERT_EQUAL(secure_rd(0, card, 0, 4), 0x10c98086);
}

/* ---- V6, C2: a device that lies later -------------------------------------------------------- */

/* Everything software cannot change, changed: sizes, offsets, the list's links. */
static void lie(struct model_pci_function *hw)
{
	for (unsigned o = 0x08; o < PCI_CONFIG_SIZE; o++) {
		uint8_t fixed = (uint8_t)~(hw->write[o] | hw->w1c[o]);

		hw->config[o] = (uint8_t)(hw->config[o] ^ fixed);
		hw->initial[o] = (uint8_t)(hw->initial[o] ^ fixed);
	}
}

static void v6_what_is_relied_upon_was_read_once(void)
{
	static uint8_t honest[PCI_CONFIG_SIZE];
	uint64_t bytes;
	unsigned vectors;

	both();
	secure_wr(1, card, PCI_COMMAND, 2, 6);
	bytes = model_guest_mapped_bytes(secure_zone(1));
	vectors = card->vector_count;
	for (unsigned o = 0; o < PCI_CONFIG_SIZE; o++)
		honest[o] = (uint8_t)secure_rd(1, card, o, 1);

	setup();
	lie(card_hw);
	CU_ASSERT_EQUAL(secure_give(1, drive), 0);
	CU_ASSERT_EQUAL(secure_give(1, card), 0);
	secure_wr(1, card, PCI_COMMAND, 2, 6);
	CU_ASSERT_EQUAL(card->vector_count, vectors);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(secure_zone(1)), bytes);
	for (unsigned o = 0; o < PCI_CONFIG_SIZE; o++) {
		/* Status bits are the device's to tell: Device Status, Link Status. */
		if (o == card->caps.pcie + 10u || o == card->caps.pcie + 11u ||
		    o == card->caps.pcie + 18u || o == card->caps.pcie + 19u ||
		    (o >= card->caps.msi && o < card->caps.msi + 24u))
			continue;
		CU_ASSERT_EQUAL(secure_rd(1, card, o, 1), honest[o]);
	}
}

static void c2_a_table_that_grows_later_gives_nothing(void)
{
	gpa_t table;

	both();
	/* 2048 entries all of a sudden, and somewhere else */
	card_hw->config[card_hw->msix + 2] = 0xff;
	card_hw->config[card_hw->msix + 3] |= 0x07;
	card_hw->config[card_hw->msix + 4] = 0x00;
	card_hw->config[card_hw->msix + 5] = 0x00;
	secure_wr(1, card, PCI_COMMAND, 2, 6);
	secure_wr(1, card, card->caps.msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	CU_ASSERT_EQUAL(secure_rd(1, card, card->caps.msix + PCI_MSIX_FLAGS, 2) & 0x7ff, 19);
	table = bar(card, 2) + 0x1fd8;
	CU_ASSERT(!model_guest_mapped(secure_zone(1), table, NULL));
	/* what follows the table is the device's own, as before */
	card_hw->mem[2][0x2120] = 0x42;
	CU_ASSERT_EQUAL(secure_mmio_rd(1, table + 0x148, 1), 0x42);
	for (unsigned n = 0; n < 2048; n++) {
		if (16 * n + 0x1fd8 >= 0x3000)
			break;
		secure_mmio_wr(1, table + 16 * n, 8, 0xbad0bad0bad0bad0);
		secure_mmio_wr(1, table + 16 * n + 8, 8, 0);
	}
	for (unsigned n = 0; n < 20; n++)
		CU_ASSERT_EQUAL(entry_address(card_hw, n), 0x8090040);
	/* also through a reset, which reads and restores */
	secure_wr(1, card, card->caps.pcie + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	for (unsigned i = 0; i < 20; i++) {
		model_time_advance_ns(50000000);
		secure_rd(1, card, 0, 4);
	}
	CU_ASSERT(messages_are_ours(card_hw));
	secure_wr(1, card, PCI_COMMAND, 2, 6);
	CU_ASSERT(!model_guest_mapped(secure_zone(1), table, NULL));
	CU_ASSERT(model_guest_mapped(secure_zone(1), bar(card, 2) + 0x3000, NULL));
	CU_ASSERT_EQUAL(secure_take_back(1, card), 0);
}

/* ---- C3: split accesses ---------------------------------------------------------------------- */

static void c3_a_spanning_write_changes_what_it_covers_and_no_more(void)
{
	unsigned devctl, devsta;

	both();
	devctl = card->caps.pcie + PCI_EXP_DEVCTL;
	devsta = card->caps.pcie + PCI_EXP_DEVSTA;
	card_hw->config[devsta] = 0x0f;
	secure_wr(1, card, devctl, 2, 0x2810);
	/* the high byte of Device Control and the low byte of Device Status, unaligned */
	secure_wr(1, card, devctl + 1, 2, 0x0558);
	CU_ASSERT_EQUAL(secure_rd(1, card, devctl, 2), 0x5810);
	CU_ASSERT_EQUAL(card_hw->config[devsta], 0x0a);
	CU_ASSERT_EQUAL(model_pci_get(card_hw, devctl, 2), 0x5810);
	/* an access to the last of Command and the first of Status clears no error nobody named */
	card_hw->config[PCI_STATUS + 1] = 0xf9;
	secure_wr(1, card, PCI_COMMAND + 1, 2, 0x0004);
	CU_ASSERT_EQUAL(card_hw->config[PCI_STATUS + 1], 0xf9);
	CU_ASSERT_EQUAL(secure_rd(1, card, PCI_COMMAND, 2), 0x0400);
	/* reads of any cut put together give the bytes */
	for (unsigned o = 0; o < 0x140; o++) {
		for (unsigned size = 2; size <= 8; size++) {
			uint64_t bytes = 0;

			for (unsigned i = 0; i < size; i++)
				bytes |= secure_rd(1, card, o + i, 1) << 8 * i;
			CU_ASSERT_EQUAL(secure_rd(1, card, o, size), bytes);
		}
	}
	/* nothing hangs over the end */
	CU_ASSERT_EQUAL(secure_rd(1, card, PCI_CONFIG_SIZE - 2, 4), UINT32_MAX);
	secure_wr(1, card, PCI_CONFIG_SIZE - 1, 8, UINT64_MAX);
	CU_ASSERT_EQUAL(secure_rd(1, card, PCI_CONFIG_SIZE - 1, 1), 0);
}

/* ---- C4: decode ------------------------------------------------------------------------------ */

static void c4_decode_off_is_answered_without_the_device(void)
{
	gpa_t table;

	both();
	secure_drive(1, drive, 3);
	table = secure_bar0(1, drive) + 0x2000;
	secure_wr(1, drive, PCI_COMMAND, 2, 0);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(secure_zone(1)), 0);
	for (unsigned size = 1; size <= 8; size *= 2) {
		const uint64_t ones = size == 8 ? UINT64_MAX : BIT64(8 * size) - 1;

		CU_ASSERT_EQUAL(secure_mmio_rd(1, table - 0x2000, size), ones);
		CU_ASSERT_EQUAL(secure_mmio_rd(1, table, size), ones);
		CU_ASSERT_EQUAL(secure_mmio_rd(1, table + 0x1000, size), ones);
		secure_mmio_wr(1, table + 12, size, 1);
		secure_mmio_wr(1, bar(card, 1), size, 1);
	}
	/* nobody was asked for what nobody decodes */
	CU_ASSERT_EQUAL(model_pci_master_aborts(), 0);
	CU_ASSERT_EQUAL(model_pci_get(drive_hw, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY, 0);
	/* nor while a reset is under way */
	secure_wr(1, drive, PCI_COMMAND, 2, 6);
	secure_wr(1, drive, drive->caps.pcie + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	CU_ASSERT_EQUAL(secure_mmio_rd(1, table, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(secure_zone(1)), 0);
	CU_ASSERT_EQUAL(model_pci_master_aborts(), 0);
	/* I/O decode and legacy interrupts are never the zone's to turn on */
	secure_wr(1, card, PCI_COMMAND, 2, 0x0001);
	CU_ASSERT_EQUAL(model_pci_get(card_hw, PCI_COMMAND, 2), PCI_COMMAND_INTX_DISABLE);
}

/* ---- C5: the table and its page -------------------------------------------------------------- */

/* 20 entries from 1fd8 on: they cross a page, stop in the middle of one, the PBA shares it. */
static void c5_every_byte_around_the_table(void)
{
	gpa_t base;
	size_t log;

	both();
	secure_wr(1, card, PCI_COMMAND, 2, 6);
	secure_wr(1, card, card->caps.msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	base = bar(card, 2);
	CU_ASSERT(model_guest_mapped(secure_zone(1), base, NULL));
	CU_ASSERT(!model_guest_mapped(secure_zone(1), base + 0x1000, NULL));
	CU_ASSERT(!model_guest_mapped(secure_zone(1), base + 0x2000, NULL));
	CU_ASSERT(model_guest_mapped(secure_zone(1), base + 0x3000, NULL));
	for (unsigned i = 0; i < 8; i++)
		card_hw->mem[2][0x2800 + i] = (uint8_t)(i + 1);
	log = strlen(model_log());
	for (unsigned size = 1; size <= 8; size *= 2)
		for (unsigned o = 0x1000; o < 0x3000; o++)
			secure_mmio_wr(1, base + o, size, 0xa5a5a5a5a5a5a5a5);
	/* not one line of log for it */
	CU_ASSERT_EQUAL(strlen(model_log()), log);
	CU_ASSERT(messages_are_ours(card_hw));
	for (unsigned n = 0; n < 20; n++)
		CU_ASSERT_EQUAL(secure_mmio_rd(1, base + 0x1fd8 + 16 * n, 8), 0xa5a5a5a5a5a5a5a4);
	/* the neighbours are the device's: right before, right behind, and around the pending bits */
	CU_ASSERT_EQUAL(card_hw->mem[2][0x1fd7], 0xa5);
	CU_ASSERT_EQUAL(card_hw->mem[2][0x2118], 0xa5);
	CU_ASSERT_EQUAL(card_hw->mem[2][0x27ff], 0xa5);
	CU_ASSERT_EQUAL(card_hw->mem[2][0x2808], 0xa5);
	/* pending bits are read, never written */
	CU_ASSERT_EQUAL(secure_mmio_rd(1, base + 0x2800, 8), 0x0807060504030201);
}

/* ---- C14: back doors ------------------------------------------------------------------------- */

static void c14_what_is_not_listed_is_not_written(void)
{
	static uint8_t before[PCI_CONFIG_SIZE];
	unsigned vendor = 0, vpd = 0, hidden = 0;

	both();
	for (unsigned o = card_hw->config[PCI_CAPABILITY_LIST]; o; o = card_hw->config[o + 1]) {
		vendor = card_hw->config[o] == PCI_CAP_ID_VNDR ? o : vendor;
		vpd = card_hw->config[o] == PCI_CAP_ID_VPD ? o : vpd;
	}
	CU_ASSERT(vendor && vpd);
	/* a device that takes whatever it is sent, at places no specification knows, too */
	memset(card_hw->write + 0xc0, 0xff, 0x40);
	memset(card_hw->write + 0x100, 0xff, PCI_CONFIG_SIZE - 0x100);
	memcpy(before, card_hw->config, sizeof(before));
	for (unsigned size = 1; size <= 8; size *= 2) {
		for (unsigned o = 0x40; o + size <= PCI_CONFIG_SIZE; o++) {
			if (range_inside(o, 1, card->caps.pcie, 0x3c) ||
			    range_inside(o + size - 1, 1, card->caps.pcie, 0x3c))
				continue; /* no reset in between */
			secure_wr(1, card, o, size, UINT64_MAX);
			secure_wr(1, card, o, size, 0x5a5a5a5a5a5a5a5a);
		}
	}
	for (unsigned o = 0x40; o < PCI_CONFIG_SIZE; o++) {
		if (range_inside(o, 1, card->caps.pcie, 0x3c) ||
		    range_inside(o, 1, card->caps.msi, 24) ||
		    range_inside(o, 1, card->caps.msix, 12))
			continue; /* listed: other tests */
		hidden++;
		CU_ASSERT_EQUAL(card_hw->config[o], before[o]);
	}
	CU_ASSERT(hidden > 3900);
	CU_ASSERT_EQUAL(secure_rd(1, card, vendor, 4), 0);
	CU_ASSERT_EQUAL(secure_rd(1, card, vpd, 4), 0);
}

/* ---- C15: resets the zone asks for ----------------------------------------------------------- */

static void c15_a_reset_by_the_zone_loses_nothing_it_needs(void)
{
	unsigned devctl;
	uint16_t payload;
	hpa_t to;

	both();
	secure_drive(1, drive, 3);
	secure_send(drive);
	CU_ASSERT_EQUAL(machine.zones[1].delivered, 1);
	/* firmware had set a payload size that the device itself does not begin with */
	devctl = drive->caps.pcie + PCI_EXP_DEVCTL;
	payload = drive_hw->initial[devctl] ^ PCI_EXP_DEVCTL_PAYLOAD_256B;
	drive_hw->config[devctl] = drive->snapshot[devctl] = (uint8_t)payload;
	payload &= PCI_EXP_DEVCTL_PAYLOAD;
	secure_wr(1, drive, devctl, 2, PCI_EXP_DEVCTL_BCR_FLR);
	for (unsigned i = 0; i < 20; i++) {
		model_time_advance_ns(50000000);
		secure_rd(1, drive, 0, 4);
	}
	CU_ASSERT_EQUAL(drive_hw->resets, 1);
	CU_ASSERT_EQUAL(model_pci_get(drive_hw, 0x10, 4) & ~0xfu, (uint32_t)drive->bars[0].bus);
	CU_ASSERT_EQUAL(model_pci_get(drive_hw, 0x14, 4), drive->bars[0].bus >> 32);
	CU_ASSERT_EQUAL(model_pci_get(drive_hw, devctl, 2) & PCI_EXP_DEVCTL_PAYLOAD, payload);
	CU_ASSERT_EQUAL(model_pci_get(drive_hw, PCI_COMMAND, 2) & 7, 0);
	for (unsigned n = 0; n < 65; n++)
		CU_ASSERT_EQUAL(entry_address(drive_hw, n), 0x8090040);
	/* its driver sets it up again, as after any reset, and it works for the same zone */
	secure_drive(1, drive, 5);
	secure_send(drive);
	CU_ASSERT_EQUAL(machine.zones[1].delivered, 2);
	CU_ASSERT_EQUAL(machine.zones[1].last_data, 5);
	CU_ASSERT(secure_dma(drive, SECURE_RAM_GPA, &to));
	CU_ASSERT_EQUAL(to, SECURE_RAM_HPA(1));
	CU_ASSERT(model_guest_mapped(secure_zone(1), secure_bar0(1, drive), NULL));
}

static void c15_a_reset_that_never_ends_costs_the_zone_its_device_only(void)
{
	both();
	secure_drive(1, drive, 3);
	secure_drive(1, drive, 3);
	drive_hw->never_ready = true;
	secure_wr(1, drive, drive->caps.pcie + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	for (unsigned i = 0; i < 60; i++) {
		model_time_advance_ns(50000000);
		CU_ASSERT_EQUAL(secure_rd(1, drive, 0, 4), UINT32_MAX);
	}
	CU_ASSERT(model_log_contains("zone guest loses 0000:01:00.0"));
	CU_ASSERT_EQUAL(secure_rd(1, card, 0, 4), 0x10c98086);
	CU_ASSERT_NOT_EQUAL(secure_take_back(1, drive), 0);
	CU_ASSERT_EQUAL(drive->state, DEVICE_FAILED);
	CU_ASSERT_FALSE(secure_dma(drive, SECURE_RAM_GPA, NULL));
}

/* ---- V10: what needs no exit ----------------------------------------------------------------- */

static void v10_the_data_path_needs_nobody(void)
{
	gpa_t base;
	unsigned maps, writes;
	hpa_t to;

	both();
	secure_drive(1, drive, 3);
	base = secure_bar0(1, drive);
	/* registers and doorbells are the hardware's own: all but table and pending bits */
	for (unsigned page = 0; page < 0x4000; page += PAGE_SIZE) {
		bool trapped = page == 0x2000 || page == 0x3000;

		CU_ASSERT_EQUAL(model_guest_mapped(secure_zone(1), base + page, &to), !trapped);
		if (!trapped)
			CU_ASSERT_EQUAL(to, drive->bars[0].cpu + page);
	}
	/* DMA and messages change nothing the hypervisor would have to do */
	maps = model_map_calls();
	writes = drive_hw->config_writes;
	for (unsigned i = 0; i < 1000; i++) {
		CU_ASSERT(secure_dma(drive, SECURE_RAM_GPA + (i << 12) % SECURE_RAM_SIZE, NULL));
		secure_send(drive);
	}
	CU_ASSERT_EQUAL(machine.zones[1].delivered, 1000);
	CU_ASSERT_EQUAL(model_map_calls(), maps);
	CU_ASSERT_EQUAL(drive_hw->config_writes, writes);
	CU_ASSERT(model_guest_mapped(secure_zone(1), base, NULL));
}

void suite_security_config(void)
{
	static const struct unit_test tests[] = {
		TEST(v2_a_zones_cpus_reach_registers_of_its_own_devices_only),
		TEST(v4_no_access_of_a_zone_harms_anybody),
		TEST(v6_what_is_relied_upon_was_read_once),
		TEST(c2_a_table_that_grows_later_gives_nothing),
		TEST(c3_a_spanning_write_changes_what_it_covers_and_no_more),
		TEST(c4_decode_off_is_answered_without_the_device),
		TEST(c5_every_byte_around_the_table),
		TEST(c14_what_is_not_listed_is_not_written),
		TEST(c15_a_reset_by_the_zone_loses_nothing_it_needs),
		TEST(c15_a_reset_that_never_ends_costs_the_zone_its_device_only),
		TEST(v10_the_data_path_needs_nobody),
	};

	unit_suite("security_config", tests, ARRAY_SIZE(tests));
}
