// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MSI and MSI-X of a zone: whose messages are in the hardware, what masks do, delivery and CPU
 * affinity.
 */
#include "pci-zone.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

#define NONE    SBDF_NONE
#define FOREIGN 0x0808008000000040ull /* somebody else's doorbell */

static struct vpci *v;
static struct model_zone *zone;
static struct model_pci_function *hw;
static struct pci_function *f;
static gpa_t table, pba;

static uint32_t rd(unsigned offset, unsigned size)
{
	return (uint32_t)vpci_config_read(v, 1, 0, offset, size);
}

static void wr(unsigned offset, unsigned size, uint32_t value)
{
	vpci_config_write(v, 1, 0, offset, size, value);
}

static uint64_t mmio_rd(gpa_t addr, unsigned size)
{
	uint64_t value = 0;

	CU_ASSERT_EQUAL(vpci_mmio(v, addr, size, false, &value), ACCESS_DONE);
	return value;
}

static void mmio_wr(gpa_t addr, unsigned size, uint64_t value)
{
	CU_ASSERT_EQUAL(vpci_mmio(v, addr, size, true, &value), ACCESS_DONE);
}

static void setup(const char *endpoint)
{
	char text[512] = "02.0 port\n  00.0 ";

	strcat(text, endpoint);
	model_machine(text);
	zone = &machine.zones[1];
	v = zone->v;
	hw = model_pci(1);
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), 0);
	f = model_function(1, 0, 0);
	for (unsigned i = 0; i < 16; i++)
		zone->vcpu_of[i] = 0;
	wr(4, 2, 6);
}

static uint64_t bar(unsigned n)
{
	uint64_t low = rd(0x10 + 4 * n, 4);

	return (low & ~0xfull) | ((low & 6) == 4 ? (uint64_t)rd(0x14 + 4 * n, 4) << 32 : 0);
}

static void nvme(void)
{
	setup("nvme");
	table = bar(0) + 0x2000;
	pba = bar(0) + 0x3000;
}

static void set_entry(unsigned n, uint64_t address, uint32_t data, uint32_t control)
{
	mmio_wr(table + 16 * n, 4, (uint32_t)address);
	mmio_wr(table + 16 * n + 4, 4, address >> 32);
	mmio_wr(table + 16 * n + 8, 4, data);
	mmio_wr(table + 16 * n + 12, 4, control);
}

/* Every message the device could send now is one of ours. */
static void check_hardware_messages(void)
{
	uint64_t address;
	uint32_t data;

	for (unsigned n = 0; n < hw->msix_entries; n++) {
		const uint8_t *e = hw->mem[hw->msix_bar] + hw->msix_table + 16 * n;
		uint64_t raw = 0;

		for (unsigned i = 0; i < 8; i++)
			raw |= (uint64_t)e[i] << 8 * i;
		CU_ASSERT_EQUAL(raw, REAL_DOORBELL);
		CU_ASSERT_EQUAL((unsigned)(e[8] | e[9] << 8), REAL_DATA + n);
		if (model_pci_msix_message(hw, n, &address, &data))
			CU_ASSERT(address == REAL_DOORBELL && data == REAL_DATA + n);
	}
	if (model_pci_msi_message(hw, &address, &data))
		CU_ASSERT(address == REAL_DOORBELL && data == REAL_DATA);
}

static void v3_foreign_msi_message_never_reaches_hardware(void)
{
	nvme();
	check_hardware_messages();
	for (unsigned n = 0; n < 65; n++)
		set_entry(n, FOREIGN + 16 * n, 0xbad0000 + n, 0);
	wr(hw->msix + 2u, 2, 0x8000);
	check_hardware_messages();
	/* in every width, at every byte of the table */
	for (unsigned size = 1; size <= 8; size *= 2)
		for (unsigned o = 0; o < 65 * 16; o++)
			mmio_wr(table + o, size, 0xa5a5a5a5a5a5a5a5);
	check_hardware_messages();
	/* through config space: MSI of a device that has both */
	setup("igb");
	wr(hw->msi + 4u, 4, (uint32_t)FOREIGN);
	wr(hw->msi + 8u, 4, (uint32_t)(FOREIGN >> 32));
	wr(hw->msi + 12u, 2, 0xbad);
	wr(hw->msi + 2u, 2, 1);
	check_hardware_messages();
	for (unsigned o = 0x40; o < 0x100; o++)
		wr(o, 1, 0x41);
	check_hardware_messages();
}

static void guest_message_with_foreign_address_is_dropped(void)
{
	nvme();
	set_entry(3, FOREIGN, 3, 0);
	wr(hw->msix + 2u, 2, 0x8000);
	f->vectors[3].handler(&f->vectors[3]);
	CU_ASSERT_EQUAL(zone->delivered, 0);
	CU_ASSERT_EQUAL(zone->dropped, 1);
	set_entry(3, ZONE_DOORBELL, 3, 0);
	f->vectors[3].handler(&f->vectors[3]);
	CU_ASSERT_EQUAL(zone->delivered, 1);
	CU_ASSERT_EQUAL(zone->last_device, 0x100);
	CU_ASSERT_EQUAL(zone->last_data, 3);
	CU_ASSERT_EQUAL(machine.zones[0].delivered + machine.zones[0].dropped, 0);
}

static void message_carries_the_address_the_guest_gave_its_bus(void)
{
	nvme();
	set_entry(0, ZONE_DOORBELL, 7, 0);
	wr(hw->msix + 2u, 2, 0x8000);
	vpci_config_write(v, 0, 1 << 3, 0x18, 4, 0x00050500);
	f->vectors[0].handler(&f->vectors[0]);
	CU_ASSERT_EQUAL(zone->last_device, 0x500);
	/* while its bus has no number it has no identity */
	vpci_config_write(v, 0, 1 << 3, 0x18, 4, 0);
	f->vectors[0].handler(&f->vectors[0]);
	CU_ASSERT_EQUAL(zone->delivered, 1);
}

static void table_reads_back_what_the_guest_wrote(void)
{
	nvme();
	CU_ASSERT_EQUAL(mmio_rd(table, 8), 0);
	CU_ASSERT_EQUAL(mmio_rd(table + 8, 8), 0x100000000); /* masked at first */
	set_entry(64, 0x1122334455667788, 0xcafe, 0xffffffff);
	CU_ASSERT_EQUAL(mmio_rd(table + 64 * 16, 8), 0x1122334455667788);
	CU_ASSERT_EQUAL(mmio_rd(table + 64 * 16 + 8, 8), 0x000000010000cafe);
	mmio_wr(table + 64 * 16, 8, 0xffffffffffffffff);
	CU_ASSERT_EQUAL(mmio_rd(table + 64 * 16, 8), 0xfffffffffffffffc); /* a dword address */
	mmio_wr(table + 64 * 16 + 5, 1, 0);
	CU_ASSERT_EQUAL(mmio_rd(table + 64 * 16 + 2, 2), 0xffff);
	CU_ASSERT_EQUAL(mmio_rd(table + 64 * 16 + 4, 4), 0xffff00ff);
}

static void entries_end_where_the_table_ends(void)
{
	setup("ep id=11:1 bar0=m32:16K msix=3@0+2000,0+2030 flr");
	table = bar(0) + 0x2000;
	set_entry(2, ZONE_DOORBELL, 2, 0);
	hw->mem[0][0x2030] = 0x05;
	hw->mem[0][0x2040] = 0x99;
	/* right behind the last entry: pending bits, read from the hardware, not to be written */
	CU_ASSERT_EQUAL(mmio_rd(table + 0x30, 8), 5);
	mmio_wr(table + 0x30, 8, 0xff);
	CU_ASSERT_EQUAL(hw->mem[0][0x2030], 0x05);
	/* and behind those the device's own registers */
	CU_ASSERT_EQUAL(mmio_rd(table + 0x40, 1), 0x99);
	mmio_wr(table + 0x38, 8, 0x77);
	CU_ASSERT_EQUAL(hw->mem[0][0x2038], 0x77);
	check_hardware_messages();
}

static void masks_follow_the_guest(void)
{
	uint64_t address;
	uint32_t data;

	nvme();
	wr(hw->msix + 2u, 2, 0x8000);
	CU_ASSERT_EQUAL(model_pci_get(hw, hw->msix + 2u, 2), 0x8040);
	CU_ASSERT(!model_pci_msix_message(hw, 5, &address, &data));
	mmio_wr(table + 5 * 16 + 12, 4, 0);
	CU_ASSERT(model_pci_msix_message(hw, 5, &address, &data));
	CU_ASSERT(!model_pci_msix_message(hw, 4, &address, &data));
	mmio_wr(table + 5 * 16 + 12, 1, 1);
	CU_ASSERT(!model_pci_msix_message(hw, 5, &address, &data));
	mmio_wr(table + 5 * 16 + 8, 8, 5);
	CU_ASSERT(model_pci_msix_message(hw, 5, &address, &data));
	wr(hw->msix + 2u, 2, 0xc000);
	CU_ASSERT(!model_pci_msix_message(hw, 5, &address, &data));
	CU_ASSERT_EQUAL(rd(hw->msix + 2u, 2), 0xc040);
	wr(hw->msix + 3u, 1, 0x80);
	CU_ASSERT(model_pci_msix_message(hw, 5, &address, &data));
	wr(hw->msix + 2u, 2, 0);
	CU_ASSERT(!model_pci_msix_message(hw, 5, &address, &data));
	/* a message sent before the guest masked still counts, one after it disabled does not */
	wr(hw->msix + 2u, 2, 0xc000);
	mmio_wr(table + 5 * 16, 8, ZONE_DOORBELL);
	f->vectors[5].handler(&f->vectors[5]);
	CU_ASSERT_EQUAL(zone->delivered, 1);
	wr(hw->msix + 2u, 2, 0);
	f->vectors[5].handler(&f->vectors[5]);
	CU_ASSERT_EQUAL(zone->delivered + zone->dropped, 1);
}

static void pending_bits_come_from_the_hardware(void)
{
	nvme();
	hw->mem[0][0x3000] = 0x24;
	hw->mem[0][0x3008] = 0x01;
	CU_ASSERT_EQUAL(mmio_rd(pba, 8), 0x24);
	CU_ASSERT_EQUAL(mmio_rd(pba + 8, 4), 1);
	mmio_wr(pba, 8, UINT64_MAX);
	CU_ASSERT_EQUAL(hw->mem[0][0x3000], 0x24);
}

static void fewer_vectors_mean_a_smaller_table(void)
{
	struct pci_function *fn;

	model_machine("02.0 port\n"
		      "  00.0 nvme\n");
	zone = &machine.zones[1];
	v = zone->v;
	hw = model_pci(1);
	fn = model_function(1, 0, 0);
	for (unsigned i = 0; i < 2; i++)
		machine.vectors[0][i] =
			(struct msi_vector){ .unit = &machine.unit, .index = (uint16_t)i };
	CU_ASSERT_EQUAL(vpci_add(v, fn, NONE, NONE, machine.vectors[0], 2), 0);
	CU_ASSERT_EQUAL(rd(hw->msix + 2u, 2), 1);
	wr(4, 2, 6);
	table = bar(0) + 0x2000;
	set_entry(2, ZONE_DOORBELL, 2, 0);
	CU_ASSERT_EQUAL(mmio_rd(table + 32, 8), 0);
	CU_ASSERT_EQUAL(hw->mem[0][0x2000 + 2 * 16 + 12], 1); /* masked for good */
	CU_ASSERT_EQUAL(mmio_rd(bar(0) + 0x2000 + 64 * 16, 8), 0);
}

static void no_vectors_mean_no_capability(void)
{
	unsigned next;

	model_machine("02.0 port\n"
		      "  00.0 igb\n");
	v = machine.zones[1].v;
	CU_ASSERT_EQUAL(vpci_add(v, model_function(1, 0, 0), NONE, NONE, NULL, 0), 0);
	for (next = rd(0x34, 1); next; next = rd(next + 1, 1))
		CU_ASSERT(rd(next, 1) != 5 && rd(next, 1) != 0x11);
}

static void msi_and_msix_are_never_on_together(void)
{
	setup("igb");
	wr(hw->msi + 2u, 2, 1);
	CU_ASSERT_EQUAL(model_pci_get(hw, hw->msi + 2u, 2) & 1, 1);
	wr(hw->msix + 2u, 2, 0x8000);
	CU_ASSERT_EQUAL(model_pci_get(hw, hw->msi + 2u, 2) & 1, 0);
	CU_ASSERT_EQUAL(model_pci_get(hw, hw->msix + 2u, 2) & 0x8000, 0x8000);
	wr(hw->msix + 2u, 2, 0);
	CU_ASSERT_EQUAL(model_pci_get(hw, hw->msi + 2u, 2) & 1, 1);
}

static void msi_is_delivered_with_the_guests_message(void)
{
	setup("igb");
	wr(hw->msi + 4u, 8, 0);
	wr(hw->msi + 4u, 4, ZONE_DOORBELL);
	wr(hw->msi + 12u, 2, 9);
	f->vectors[0].handler(&f->vectors[0]);
	CU_ASSERT_EQUAL(zone->delivered + zone->dropped, 0);
	wr(hw->msi + 2u, 2, 1);
	f->vectors[0].handler(&f->vectors[0]);
	CU_ASSERT_EQUAL(zone->delivered, 1);
	CU_ASSERT_EQUAL(zone->last_data, 9);
	f->vectors[1].handler(&f->vectors[1]); /* one message only */
	CU_ASSERT_EQUAL(zone->delivered + zone->dropped, 1);
	/* the per-vector mask is the hardware's */
	wr(hw->msi + 16u, 4, 0xffffffff);
	CU_ASSERT_EQUAL(model_pci_get(hw, hw->msi + 16u, 4), 1);
	CU_ASSERT_EQUAL(rd(hw->msi + 16u, 4), 1);
}

static void several_msi_messages_are_offered_when_ours_allow(void)
{
	setup("ep id=11:1 bar0=m32:4K msi=8");
	CU_ASSERT_EQUAL(f->vector_count, 8);
	CU_ASSERT_EQUAL(rd(hw->msi + 2u, 2), 0x186);
	wr(hw->msi + 4u, 4, ZONE_DOORBELL);
	wr(hw->msi + 12u, 2, 8);
	wr(hw->msi + 2u, 2, 0x71); /* 128 messages asked for: reserved, at most what is offered */
	CU_ASSERT_EQUAL(model_pci_get(hw, hw->msi + 2u, 2) & 0x71, 0x31);
	f->vectors[5].handler(&f->vectors[5]);
	CU_ASSERT_EQUAL(zone->last_data, 13);
	wr(hw->msi + 2u, 2, 0x11);
	f->vectors[1].handler(&f->vectors[1]);
	CU_ASSERT_EQUAL(zone->last_data, 9);
	f->vectors[2].handler(&f->vectors[2]);
	CU_ASSERT_EQUAL(zone->delivered, 2);
}

static void vectors_follow_to_the_guests_cpu(void)
{
	nvme();
	zone->vcpu_of[1] = 1;
	wr(hw->msix + 2u, 2, 0x8000);
	set_entry(0, ZONE_DOORBELL, 0, 0);
	set_entry(1, ZONE_DOORBELL, 1, 0);
	CU_ASSERT_EQUAL(f->vectors[0].cpu, 2);
	CU_ASSERT_EQUAL(f->vectors[1].cpu, 3);
	CU_ASSERT_EQUAL(machine.retargets, 1);
	/* the zone's controller moves event 0 */
	zone->vcpu_of[0] = 1;
	vpci_retarget(v, 0x100, 0);
	CU_ASSERT_EQUAL(f->vectors[0].cpu, 3);
	vpci_retarget(v, 0x100, 0);
	vpci_retarget(v, 0x200, 1);
	vpci_retarget(v, 0x100, 200);
	CU_ASSERT_EQUAL(machine.retargets, 2);
	/* a vCPU that does not exist is no reason to leave the zone */
	zone->vcpu_of[0] = 7;
	vpci_retarget(v, 0x100, 0);
	CU_ASSERT_EQUAL(f->vectors[0].cpu, 3);
}

static void removed_function_delivers_nothing(void)
{
	nvme();
	set_entry(0, ZONE_DOORBELL, 0, 0);
	wr(hw->msix + 2u, 2, 0x8000);
	vpci_remove(v, f);
	f->vectors[0].handler(&f->vectors[0]);
	CU_ASSERT_EQUAL(zone->delivered + zone->dropped, 0);
}

static void function_with_32bit_msi_cannot_reach_a_high_doorbell(void)
{
	model_machine("02.0 port\n"
		      "  00.0 ep id=11:1 bar0=m32:4K msi=1\n");
	/* the model's MSI is 64-bit: a device that says otherwise */
	model_pci(1)->config[model_pci(1)->msi + 2u] &= 0x7f;
	machine.table.count = 0;
	pci_scan_host(&machine.host, &machine.table);
	zone = &machine.zones[1];
	v = zone->v;
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), 0);
	for (unsigned next = rd(0x34, 1); next; next = rd(next + 1, 1))
		CU_ASSERT_NOT_EQUAL(rd(next, 1), 5);
	vpci_remove(v, model_function(1, 0, 0));
	machine.real_is_32bit = true;
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), 0);
	CU_ASSERT_EQUAL(rd(model_pci(1)->msi, 1), 5);
}

void suite_vpci_msi(void)
{
	static const struct unit_test tests[] = {
		TEST(v3_foreign_msi_message_never_reaches_hardware),
		TEST(guest_message_with_foreign_address_is_dropped),
		TEST(message_carries_the_address_the_guest_gave_its_bus),
		TEST(table_reads_back_what_the_guest_wrote),
		TEST(entries_end_where_the_table_ends),
		TEST(masks_follow_the_guest),
		TEST(pending_bits_come_from_the_hardware),
		TEST(fewer_vectors_mean_a_smaller_table),
		TEST(no_vectors_mean_no_capability),
		TEST(msi_and_msix_are_never_on_together),
		TEST(msi_is_delivered_with_the_guests_message),
		TEST(several_msi_messages_are_offered_when_ours_allow),
		TEST(vectors_follow_to_the_guests_cpu),
		TEST(removed_function_delivers_nothing),
		TEST(function_with_32bit_msi_cannot_reach_a_high_doorbell),
	};

	unit_suite("vpci_msi", tests, ARRAY_SIZE(tests));
}
