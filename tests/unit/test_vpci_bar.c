// SPDX-License-Identifier: GPL-2.0-or-later
/* BARs on a zone's bus: sizing, moving, what is mapped and what traps. */
#include "pci-zone.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NONE SBDF_NONE

static struct vpci *v;
static struct zone *zone;
static const sbdf_t at = 1u << 8; /* 01:00.0 */

static uint32_t rd(unsigned offset, unsigned size)
{
	return (uint32_t)vpci_config_read(v, sbdf_bus(at), 0, offset, size);
}

static void wr(unsigned offset, unsigned size, uint32_t value)
{
	vpci_config_write(v, sbdf_bus(at), 0, offset, size, value);
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

static uint64_t bar(unsigned n)
{
	uint64_t low = rd(0x10 + 4 * n, 4);

	return (low & ~0xfull) | ((low & 6) == 4 ? (uint64_t)rd(0x14 + 4 * n, 4) << 32 : 0);
}

static bool mapped(gpa_t gpa, hpa_t expected)
{
	hpa_t hpa = 0;

	return model_guest_mapped(zone, gpa, &hpa) && hpa == expected;
}

static bool unmapped(gpa_t gpa)
{
	return !model_guest_mapped(zone, gpa, NULL);
}

static struct model_pci_function *setup(const char *endpoint)
{
	char text[512] = "02.0 port\n  00.0 ";

	strcat(text, endpoint);
	model_machine(text);
	v = machine.zones[1].v;
	zone = &machine.zones[1].zone;
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), 0);
	return model_pci(1);
}

static void sizing_protocol_gives_size_and_flags(void)
{
	setup("ep id=11:1 bar0=m32:128K bar1=m64p:1M bar3=io:32 bar4=m32p:16");
	wr(0x10, 4, 0xffffffff);
	CU_ASSERT_EQUAL(rd(0x10, 4), 0xfffe0000);
	wr(0x14, 4, 0xffffffff);
	wr(0x18, 4, 0xffffffff);
	CU_ASSERT_EQUAL(rd(0x14, 4), 0xfff0000c);
	CU_ASSERT_EQUAL(rd(0x18, 4), 0xffffffff);
	wr(0x1c, 4, 0xffffffff);
	CU_ASSERT_EQUAL(rd(0x1c, 4), 0); /* I/O: not implemented */
	wr(0x20, 4, 0xffffffff);
	CU_ASSERT_EQUAL(rd(0x20, 4), 0xfffffff8);
	wr(0x24, 4, 0xffffffff);
	CU_ASSERT_EQUAL(rd(0x24, 4), 0);
	wr(0x30, 4, 0xffffffff);
	CU_ASSERT_EQUAL(rd(0x30, 4), 0); /* no ROM */
	/* the hardware's own are where they were */
	CU_ASSERT_EQUAL(model_pci_get(model_pci(1), 0x10, 4),
			machine.table.functions[1].bars[0].bus);
}

static void sizing_with_decode_on_comes_back(void)
{
	gpa_t home;

	setup("nvme");
	home = bar(0);
	wr(4, 2, 2);
	CU_ASSERT(mapped(home, model_function(1, 0, 0)->bars[0].cpu));
	wr(0x10, 4, 0xffffffff);
	CU_ASSERT_EQUAL(rd(0x10, 4), 0xffffc004);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0);
	wr(0x10, 4, (uint32_t)home);
	CU_ASSERT(mapped(home, model_function(1, 0, 0)->bars[0].cpu));
}

static void nvme_bar_is_mapped_around_its_msix_pages(void)
{
	hpa_t cpu;
	gpa_t base;

	setup("nvme");
	cpu = model_function(1, 0, 0)->bars[0].cpu;
	base = bar(0);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0);
	wr(4, 2, 2);
	CU_ASSERT(mapped(base, cpu) && mapped(base + 0x1fff, cpu + 0x1fff));
	CU_ASSERT(unmapped(base + 0x2000) && unmapped(base + 0x3000));
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0x2000);
	CU_ASSERT_NOT_EQUAL(base, cpu);
	wr(4, 2, 0);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0);
	CU_ASSERT_EQUAL(mmio_rd(base, 4), 0xffffffff);
}

/*
 * Table and PBA at every page and every 8-byte offset kind: no page that holds a byte of either is
 * ever mapped.
 */
static void msix_pages_are_never_mapped(void)
{
	static const unsigned tables[] = { 0, 8, 0xff8, 0x1000, 0x1ff0, 0x3c00, 0x6000, 0x7ff0 };
	static const unsigned pbas[] = { 0x20, 0xff8, 0x2000, 0x3ff8, 0x5000, 0x7ff8 };

	for (unsigned t = 0; t < ARRAY_SIZE(tables); t++) {
		for (unsigned p = 0; p < ARRAY_SIZE(pbas); p++) {
			unsigned n = tables[t] > 0x7000 ? 1 : 20;
			char text[160];
			gpa_t base;

			if (ranges_overlap(tables[t], 16 * n, pbas[p], 8))
				continue;
			snprintf(text, sizeof(text), "ep id=11:1 bar0=m32:32K msix=%u@0+%x,0+%x", n,
				 tables[t], pbas[p]);
			model_reset();
			setup(text);
			CU_ASSERT_EQUAL(model_function(1, 0, 0)->msix.entries, n);
			wr(4, 2, 2);
			base = bar(0);
			for (unsigned page = 0; page < 0x8000; page += 0x1000) {
				bool holds = ranges_overlap(page, 0x1000, tables[t], 16 * n) ||
					     ranges_overlap(page, 0x1000, pbas[p], 8);

				CU_ASSERT_EQUAL(unmapped(base + page), holds);
			}
		}
	}
}

static void rest_of_a_trapped_page_is_forwarded(void)
{
	struct model_pci_function *hw = setup("ep id=11:1 bar0=m32:8K msix=4@0+1100,0+1800");
	gpa_t base = bar(0);

	wr(4, 2, 2);
	CU_ASSERT(unmapped(base + 0x1000));
	for (unsigned i = 0; i < 16; i++)
		hw->mem[0][0x10f0 + i] = (uint8_t)(0xa0 + i);
	CU_ASSERT_EQUAL(mmio_rd(base + 0x10f0, 8), 0xa7a6a5a4a3a2a1a0);
	CU_ASSERT_EQUAL(mmio_rd(base + 0x10f4, 4), 0xa7a6a5a4);
	CU_ASSERT_EQUAL(mmio_rd(base + 0x10f6, 2), 0xa7a6);
	CU_ASSERT_EQUAL(mmio_rd(base + 0x10f3, 1), 0xa3);
	/* unaligned, and spanning from plain registers into the table: entry 0's address reads 0 */
	CU_ASSERT_EQUAL(mmio_rd(base + 0x10f1, 8), 0xa8a7a6a5a4a3a2a1);
	CU_ASSERT_EQUAL(mmio_rd(base + 0x10fd, 8), 0x0000000000afaead);
	mmio_wr(base + 0x1141, 4, 0x44332211);
	CU_ASSERT_EQUAL(memcmp(&hw->mem[0][0x1140], "\0\x11\x22\x33\x44\0", 6), 0);
	mmio_wr(base + 0x1ff8, 8, 0x1122334455667788);
	CU_ASSERT_EQUAL(hw->mem[0][0x1fff], 0x11);
}

static void small_bar_is_forwarded_access_by_access(void)
{
	struct model_pci_function *hw = setup("ep id=11:1 bar0=m32:256 bar1=m32:4K");
	gpa_t base = bar(0);

	wr(4, 2, 2);
	CU_ASSERT(unmapped(base));
	CU_ASSERT(!unmapped(bar(1)));
	hw->mem[0][0xfc] = 0x77;
	CU_ASSERT_EQUAL(mmio_rd(base + 0xfc, 4), 0x77);
	mmio_wr(base + 0x10, 2, 0xbeef);
	CU_ASSERT_EQUAL(hw->mem[0][0x11], 0xbe);
	/* one byte past it there is nothing, although the page goes on */
	CU_ASSERT_EQUAL(mmio_rd(base + 0x100, 4), 0xffffffff);
	CU_ASSERT_EQUAL(mmio_rd(base + 0xfe, 4), 0xffff0000);
	CU_ASSERT_EQUAL(model_pci_master_aborts(), 0);
	/* it may stand on any multiple of its size */
	wr(0x10, 4, (uint32_t)base + 0x300);
	CU_ASSERT_EQUAL(mmio_rd(base + 0x3fc, 1), 0x77);
	CU_ASSERT_EQUAL(mmio_rd(base + 0xfc, 1), 0xff);
}

static void decode_off_reads_all_ones_and_touches_nothing(void)
{
	gpa_t base;

	setup("nvme");
	base = bar(0);
	mmio_wr(base + 0x14, 4, 1);
	CU_ASSERT_EQUAL(mmio_rd(base + 0x14, 8), UINT64_MAX);
	CU_ASSERT_EQUAL(mmio_rd(base + 0x2000, 4), 0xffffffff);
	CU_ASSERT_EQUAL(model_pci_master_aborts(), 0);
}

static void bar_moves_inside_the_window(void)
{
	hpa_t cpu;
	gpa_t old;

	setup("nvme");
	cpu = model_function(1, 0, 0)->bars[0].cpu;
	wr(4, 2, 2);
	old = bar(0);
	wr(0x10, 4, ZONE_MEM32 + 0x4000000);
	CU_ASSERT(unmapped(old));
	CU_ASSERT(mapped(ZONE_MEM32 + 0x4000000, cpu));
	CU_ASSERT(unmapped(ZONE_MEM32 + 0x4002000));
	CU_ASSERT_EQUAL(rd(0x10, 4), (ZONE_MEM32 + 0x4000000) | 4);
	/* the physical BAR has not moved */
	CU_ASSERT_EQUAL(model_pci_get(model_pci(1), 0x10, 4) & ~0xfu, cpu);
	/* and above 4 GiB, in two writes, as a kernel does with decode off */
	wr(4, 2, 0);
	wr(0x10, 4, 0x00100000);
	wr(0x14, 4, 0x61);
	wr(4, 2, 2);
	CU_ASSERT(mapped(0x6100100000, cpu));
}

static void bar_move_outside_window_is_not_mapped(void)
{
	static const uint64_t places[] = { 0,
					   0x4000,
					   0x08000000,
					   ZONE_MEM32 - 0x4000,
					   ZONE_MEM32 + ZONE_MEM32_SZ,
					   0x80000000,
					   ZONE_MEM64 - 0x4000,
					   ZONE_MEM64 + ZONE_MEM64_SZ,
					   ZONE_ECAM,
					   0xffffffffffffc000 };

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		model_reset();
		setup("nvme");
		wr(4, 2, 2);
		CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0x2000);
		wr(0x10, 4, (uint32_t)places[i]);
		wr(0x14, 4, (uint32_t)(places[i] >> 32));
		CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0);
		CU_ASSERT_EQUAL(bar(0), places[i]); /* it reads what was written */
		/* also when decode is turned on there */
		wr(4, 2, 0);
		wr(4, 2, 2);
		CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0);
	}
	/* a 32-bit BAR has no business in the 64-bit window, nor one that only starts inside */
	model_reset();
	setup("ep id=11:1 bar0=m32:1M");
	wr(4, 2, 2);
	wr(0x10, 4, ZONE_MEM32 + ZONE_MEM32_SZ);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0);
}

static void bar_move_over_other_bar_rolls_back(void)
{
	const struct pci_function *f;
	gpa_t first, second;

	setup("ep id=11:1 bar0=m32:16K bar1=m32:64K");
	f = model_function(1, 0, 0);
	wr(4, 2, 2);
	first = bar(0);
	second = bar(1);
	wr(0x10, 4, (uint32_t)second + 0x8000);
	CU_ASSERT_EQUAL(bar(0), first);
	CU_ASSERT(mapped(first, f->bars[0].cpu));
	CU_ASSERT(mapped(second + 0x8000, f->bars[1].cpu + 0x8000));
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 80 * KIB);
	CU_ASSERT(model_log_contains("another BAR is there"));
}

static void host_failure_rolls_the_move_back(void)
{
	const struct pci_function *f;
	gpa_t home;

	setup("ep id=11:1 bar0=m32:64K msix=4@0+8000,0+9000");
	f = model_function(1, 0, 0);
	wr(4, 2, 2);
	home = bar(0);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 14 * PAGE_SIZE);
	/* something else of the zone lies where the second piece would go */
	CU_ASSERT_EQUAL(host_map_guest(zone, ZONE_MEM32 + 0x200c000, 0x1000000, 0x1000,
				       GUEST_MAP_DEVICE),
			0);
	wr(0x10, 4, ZONE_MEM32 + 0x2000000);
	CU_ASSERT_EQUAL(bar(0), home);
	CU_ASSERT(mapped(home, f->bars[0].cpu) && mapped(home + 0xf000, f->bars[0].cpu + 0xf000));
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 15 * PAGE_SIZE);
	CU_ASSERT(unmapped(ZONE_MEM32 + 0x2000000));
	/* no memory for tables anywhere: nothing answers, nobody dies */
	model_fail_map_after(1);
	wr(0x10, 4, ZONE_MEM32 + 0x3000000);
	model_fail_map_after(0);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), PAGE_SIZE);
	CU_ASSERT_EQUAL(mmio_rd(home, 4), 0xffffffff);
}

static void bar_that_waits_gets_its_place_when_free(void)
{
	const struct pci_function *f;
	gpa_t first;

	model_machine("02.0 port\n"
		      "  00.0 ep id=11:1 bar0=m32:16K\n"
		      "03.0 port\n"
		      "  00.0 ep id=11:2 bar0=m32:16K\n");
	v = machine.zones[1].v;
	zone = &machine.zones[1].zone;
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), 0);
	CU_ASSERT_EQUAL(model_assign(1, 2, 0, 0, NONE, NONE), 0);
	f = model_function(2, 0, 0);
	wr(4, 2, 2);
	first = bar(0);
	vpci_config_write(v, 2, 0, 0x10, 4, first);
	vpci_config_write(v, 2, 0, 4, 2, 2);
	CU_ASSERT(mapped(first, model_function(1, 0, 0)->bars[0].cpu));
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 16 * KIB);
	wr(4, 2, 0);
	CU_ASSERT(mapped(first, f->bars[0].cpu));
}

static void a_zone_cannot_flood_the_log(void)
{
	gpa_t second;
	size_t length;

	setup("ep id=11:1 bar0=m32:16K bar1=m32:64K");
	wr(4, 2, 2);
	second = bar(1);
	for (unsigned i = 0; i < 20; i++)
		wr(0x10, 4, (uint32_t)second);
	length = strlen(model_log());
	for (unsigned i = 0; i < 1000; i++)
		wr(0x10, 4, (uint32_t)second);
	CU_ASSERT_EQUAL(strlen(model_log()), length);
}

static void bar_above_one_tib_maps_where_it_is(void)
{
	const struct pci_function *f;

	setup("ep id=11:1 bar0=m64p:1G");
	f = model_function(1, 0, 0);
	CU_ASSERT_EQUAL(bar(0) & (GIB - 1), 0);
	CU_ASSERT(range_inside(bar(0), GIB, ZONE_MEM64, ZONE_MEM64_SZ));
	wr(4, 2, 2);
	CU_ASSERT(mapped(bar(0) + GIB - 1, f->bars[0].cpu + GIB - 1));
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), GIB);
	wr(0x14, 4, 0x6f);
	CU_ASSERT(mapped((0x6full << 32) | (bar(0) & 0xffffffff), f->bars[0].cpu));
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), GIB);
	wr(4, 2, 0);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0);
}

void suite_vpci_bar(void)
{
	static const struct unit_test tests[] = {
		TEST(sizing_protocol_gives_size_and_flags),
		TEST(sizing_with_decode_on_comes_back),
		TEST(nvme_bar_is_mapped_around_its_msix_pages),
		TEST(msix_pages_are_never_mapped),
		TEST(rest_of_a_trapped_page_is_forwarded),
		TEST(small_bar_is_forwarded_access_by_access),
		TEST(decode_off_reads_all_ones_and_touches_nothing),
		TEST(bar_moves_inside_the_window),
		TEST(bar_move_outside_window_is_not_mapped),
		TEST(bar_move_over_other_bar_rolls_back),
		TEST(host_failure_rolls_the_move_back),
		TEST(bar_that_waits_gets_its_place_when_free),
		TEST(a_zone_cannot_flood_the_log),
		TEST(bar_above_one_tib_maps_where_it_is),
	};

	unit_suite("vpci_bar", tests, ARRAY_SIZE(tests));
}
