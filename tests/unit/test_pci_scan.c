// SPDX-License-Identifier: GPL-2.0-or-later
/* Enumeration, capabilities, bus numbers, windows and BARs over hierarchies of the PCI model. */
#include "pci.h"
#include "unit.h"

#include <errno.h>
#include <postern/arch.h>
#include <stdio.h>
#include <string.h>

static struct pci_host host;
static struct pci_table table;

/*
 * What QEMU's virt machine with two root ports looks like after -kernel: nothing numbered, nothing
 * placed.
 */
static const char qemu_like[] =
	"00.0 host id=1b36:0008\n"
	"02.0 port\n"
	"  00.0 nvme\n"
	"03.0 port\n"
	"  00.0 igb\n"
	"04.0 port\n"
	"05.0 pci id=1af4:1000 bar0=io:32 bar1=m32:4K bar4=m64p:16K msix=3@1+0,1+800\n";

static int scan(void)
{
	memset(&table, 0, sizeof(table));
	return pci_scan_host(&host, &table);
}

static void fresh(void)
{
	model_reset();
	model_pci_create(&host);
}

static int scan_text(const char *text)
{
	fresh();
	model_pci_text(text);
	return scan();
}

static struct pci_function *at(unsigned bus, unsigned dev, unsigned fn)
{
	struct pci_function *f = pci_find(&table, sbdf_make(0, bus, dev, fn));

	if (!f)
		CU_FAIL_FATAL("function missing");
	return f;
}

static void qemu_like_tree_is_found_and_numbered(void)
{
	CU_ASSERT_EQUAL(scan_text(qemu_like), 0);
	CU_ASSERT_EQUAL(table.count, 7);
	for (unsigned i = 1; i < table.count; i++)
		CU_ASSERT(table.functions[i - 1].sbdf < table.functions[i].sbdf);
	CU_ASSERT_EQUAL(at(1, 0, 0)->vendor, 0x1b36);
	CU_ASSERT_EQUAL(at(1, 0, 0)->class_code, 0x010802);
	CU_ASSERT_PTR_EQUAL(at(1, 0, 0)->parent, at(0, 2, 0));
	CU_ASSERT_PTR_EQUAL(at(2, 0, 0)->parent, at(0, 3, 0));
	CU_ASSERT_EQUAL(at(0, 2, 0)->secondary, 1);
	CU_ASSERT_EQUAL(at(0, 2, 0)->subordinate, 1);
	CU_ASSERT_EQUAL(at(0, 4, 0)->secondary, 3);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(1), 0x18, 3), 0x010100u);
	/* ids as the maps say, never the requester id itself */
	CU_ASSERT_EQUAL(at(2, 0, 0)->iommu.id, 0x1200);
	CU_ASSERT_EQUAL(at(2, 0, 0)->msi_unit.id, 0x2200);
}

static void capabilities_are_captured(void)
{
	const struct pci_function *nvme, *igb;

	scan_text(qemu_like);
	nvme = at(1, 0, 0);
	igb = at(2, 0, 0);
	CU_ASSERT_EQUAL(nvme->msix.entries, 65);
	CU_ASSERT_EQUAL(nvme->msix.table_offset, 0x2000);
	CU_ASSERT_EQUAL(nvme->msix.pba_offset, 0x3000);
	CU_ASSERT(nvme->can_flr && nvme->no_soft_reset && nvme->caps.pm && !nvme->caps.msi);
	CU_ASSERT_EQUAL(nvme->bars[0].kind, PCI_BAR_MEM64);
	CU_ASSERT_EQUAL(nvme->bars[0].size, 16 * KIB);
	CU_ASSERT_EQUAL(igb->msix.table_bar, 3);
	CU_ASSERT_EQUAL(igb->msi.vectors, 1);
	CU_ASSERT(igb->msi.address64 && igb->msi.maskable && !igb->no_soft_reset);
	CU_ASSERT_EQUAL(igb->bars[2].kind, PCI_BAR_IO);
	CU_ASSERT_EQUAL(igb->bars[2].bus, 0);
	CU_ASSERT(igb->caps.dsn && igb->caps.sriov && igb->caps.ari);
	CU_ASSERT_EQUAL(at(0, 2, 0)->pcie_type, 4);
	CU_ASSERT_EQUAL(igb->snapshot_size, 4096);
	CU_ASSERT_EQUAL(memcmp(igb->snapshot, model_pci(4)->config, 4096), 0);
}

static void scan_leaves_endpoints_quiet_and_bridges_open(void)
{
	fresh();
	model_pci_text("02.0 port\n"
		       "  00.0 igb\n");
	/* a firmware that left everything running */
	model_pci(0)->config[0x04] = model_pci(1)->config[0x04] = 0x07;
	model_pci(1)->config[model_pci(1)->msi + 2u] |= 1;
	model_pci(1)->config[model_pci(1)->msix + 3u] |= 0x80;
	model_pci(0)->config[model_pci(0)->pcie + 24u] = 0xff; /* slot interrupts */
	model_pci(0)->config[model_pci(0)->pcie + 28u] = 0x0f; /* root: errors and PME */
	CU_ASSERT_EQUAL(scan(), 0);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(1), 4, 2), 0x0400);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(1), model_pci(1)->msi + 2u, 2) & 1, 0);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(1), model_pci(1)->msix + 2u, 2) & 0xc000, 0x4000);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(0), 4, 2), 0x0406);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(0), model_pci(0)->pcie + 24u, 2) & 0x103f, 0);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(0), model_pci(0)->pcie + 28u, 2) & 0x0f, 0);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(0), model_pci(0)->msix + 2u, 2) & 0x8000, 0);
}

static void acs_is_enabled_on_ports(void)
{
	scan_text(qemu_like);
	CU_ASSERT(at(0, 2, 0)->caps.acs != 0);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(1), at(0, 2, 0)->caps.acs + 6u, 2), 0x1d);
	CU_ASSERT_EQUAL(at(0, 2, 0)->snapshot[at(0, 2, 0)->caps.acs + 6], 0x1d);
}

/*
 * Every placed BAR: aligned, alone on its pages, inside its bridge's window and the host's, and
 * reachable.
 */
static void check_placement(void)
{
	for (unsigned i = 0; i < table.count; i++) {
		const struct pci_function *f = &table.functions[i];

		for (unsigned b = 0; b < 6; b++) {
			const struct pci_bar *bar = &f->bars[b];

			if (bar->kind != PCI_BAR_MEM32 && bar->kind != PCI_BAR_MEM64)
				continue;
			CU_ASSERT(bar->bus != 0 && is_aligned(bar->bus, bar->size) &&
				  is_aligned(bar->bus, 4096));
			CU_ASSERT_EQUAL(bar->cpu, bar->bus);
			CU_ASSERT(range_inside(bar->bus, bar->size, MODEL_PCI_MEM32,
					       MODEL_PCI_MEM32_SZ) ||
				  (bar->prefetchable &&
				   range_inside(bar->bus, bar->size, MODEL_PCI_MEM64,
						MODEL_PCI_MEM64_SZ)));
			if (f->parent)
				CU_ASSERT(range_inside(bar->bus, bar->size,
						       f->parent->window_mem.bus,
						       f->parent->window_mem.size) ||
					  range_inside(bar->bus, bar->size,
						       f->parent->window_pref.bus,
						       f->parent->window_pref.size));
			for (unsigned j = 0; j <= i; j++)
				for (unsigned c = 0; c < (j == i ? b : 6u); c++)
					CU_ASSERT(!table.functions[j].bars[c].bus ||
						  !ranges_overlap(
							  bar->bus, align_up(bar->size, 4096),
							  table.functions[j].bars[c].bus,
							  align_up(table.functions[j].bars[c].size,
								   4096)));
		}
		for (unsigned j = 0; j < i && pci_is_bridge(f); j++) {
			const struct pci_function *o = &table.functions[j];

			if (o->parent != f->parent)
				continue;
			CU_ASSERT(!ranges_overlap(f->window_mem.bus, f->window_mem.size,
						  o->window_mem.bus, o->window_mem.size));
			CU_ASSERT(!ranges_overlap(f->window_pref.bus, f->window_pref.size,
						  o->window_pref.bus, o->window_pref.size));
			for (unsigned c = 0; c < 6; c++)
				CU_ASSERT(!ranges_overlap(f->window_mem.bus, f->window_mem.size,
							  o->bars[c].bus,
							  o->bars[c].bus ? o->bars[c].size : 0));
		}
	}
}

static void windows_and_bars_are_disjoint_and_inside(void)
{
	uint64_t base, size;

	CU_ASSERT_EQUAL(scan_text(qemu_like), 0);
	check_placement();
	/* non-prefetchable 64-bit BARs go below 4 GiB, prefetchable ones into the 64-bit window */
	CU_ASSERT(at(1, 0, 0)->bars[0].bus < 4 * GIB);
	CU_ASSERT(at(0, 5, 0)->bars[4].bus >= MODEL_PCI_MEM64);
	/* the hardware agrees */
	CU_ASSERT(model_pci_bar(model_pci(2), 0, &base, &size));
	CU_ASSERT_EQUAL(base, at(1, 0, 0)->bars[0].bus);
	/* the empty port forwards nothing */
	CU_ASSERT_EQUAL(at(0, 4, 0)->window_mem.size, 0);
	CU_ASSERT(model_pci_get(model_pci(5), 0x20, 2) > model_pci_get(model_pci(5), 0x22, 2));
	CU_ASSERT(model_pci_get(model_pci(5), 0x1c, 1) > model_pci_get(model_pci(5), 0x1d, 1));
}

static void memory_flows_through_the_placed_windows(void)
{
	const struct pci_function *nvme;

	scan_text(qemu_like);
	nvme = at(1, 0, 0);
	CU_ASSERT_EQUAL(pci_set_memory_decode(at(1, 0, 0), true), 0);
	model_pci(2)->mem[0][0x1c] = 0x5a;
	CU_ASSERT_EQUAL(mmio_read32(nvme->bars[0].cpu + 0x1c), 0x5a);
	CU_ASSERT_EQUAL(model_pci_master_aborts(), 0);
}

static void deep_tree_is_numbered_and_placed(void)
{
	CU_ASSERT_EQUAL(scan_text("01.0 port\n"
				  "  00.0 up\n"
				  "    00.0 down acs=1\n"
				  "      00.0 ep id=11:2 bar0=m64p:1G bar2=m32:16 bar3=m32:256\n"
				  "    01.0 down\n"
				  "      00.0 ep id=11:3 multi bar0=m64p:64M bar2=m32p:1M\n"
				  "      00.1 ep id=11:4 bar0=m64:2M\n"
				  "    02.0 down\n"
				  "      00.0 pcibridge\n"
				  "        04.0 pci bar0=m32:8\n"
				  "        1f.0 pci bar0=m32:64K\n"
				  "02.0 port\n"
				  "  00.0 nvme\n"),
			0);
	CU_ASSERT_EQUAL(table.count, 13);
	CU_ASSERT_EQUAL(at(0, 1, 0)->subordinate, 6);
	CU_ASSERT_EQUAL(at(3, 0, 0)->bars[0].bus & (GIB - 1), 0);
	CU_ASSERT_EQUAL(at(4, 0, 1)->parent->sbdf, sbdf_make(0, 2, 1, 0));
	CU_ASSERT_EQUAL(at(6, 31, 0)->bars[0].size, 64 * KIB);
	CU_ASSERT_EQUAL(at(7, 0, 0)->device, 0x0010);
	check_placement();
}

static void a_link_has_one_device(void)
{
	/* A ghost answers as device 1 behind the root port: not looked at. */
	scan_text("02.0 port\n"
		  "  00.0 nvme\n"
		  "  01.0 nvme\n");
	CU_ASSERT_EQUAL(table.count, 2);
}

static void ari_functions_are_found(void)
{
	CU_ASSERT_EQUAL(scan_text("02.0 port\n"
				  "  00.0 ep id=11:2 bar0=m32:4K ari=9\n"
				  "  01.1 ep id=11:3 bar0=m32:4K ari=0\n"),
			0);
	CU_ASSERT_EQUAL(table.count, 3);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(0), model_pci(0)->pcie + 0x28u, 2) & 0x20, 0x20);
}

static void ari_chain_that_loops_ends(void)
{
	scan_text("02.0 port\n"
		  "  00.0 ep id=11:2 ari=1\n"
		  "  00.1 ep id=11:3 ari=1\n");
	CU_ASSERT_EQUAL(table.count, 3);
}

static void valid_firmware_values_are_kept(void)
{
	CU_ASSERT_EQUAL(
		scan_text("01.0 port sec=5 sub=8 fw0=0x20000000 window=20100000-203fffff\n"
			  "  00.0 ep bar0=m32:64K fw0=0x20110000 bar1=m32:256 fw1=0x20120100\n"
			  "02.0 port sec=2 sub=2\n"
			  "  00.0 nvme\n"),
		0);
	CU_ASSERT_EQUAL(at(0, 1, 0)->secondary, 5);
	CU_ASSERT_EQUAL(at(0, 1, 0)->subordinate, 8);
	CU_ASSERT_EQUAL(at(5, 0, 0)->bars[0].bus, 0x20110000);
	CU_ASSERT_EQUAL(at(5, 0, 0)->bars[1].bus, 0x20120100);
	CU_ASSERT_EQUAL(at(0, 1, 0)->window_mem.bus, 0x20100000);
	CU_ASSERT_EQUAL(at(0, 1, 0)->window_mem.size, 3 * MIB);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(0), 0x20, 4), 0x20302010u);
	/* its sibling, not placed by the firmware, goes where that leaves room */
	CU_ASSERT(at(2, 0, 0)->bars[0].bus != 0);
	CU_ASSERT(!ranges_overlap(at(0, 2, 0)->window_mem.bus, at(0, 2, 0)->window_mem.size,
				  0x20000000, 0x400000));
	/* table order is SBDF order although the lower bus is behind the later bridge */
	CU_ASSERT_EQUAL(table.functions[2].sbdf, sbdf_make(0, 2, 0, 0));
}

static void invalid_firmware_values_are_replaced(void)
{
	/* overlapping bus ranges; a BAR outside its window; a BAR over the neighbour's */
	CU_ASSERT_EQUAL(scan_text("01.0 port sec=1 sub=3 fw0=0x20000000 window=20100000-201fffff\n"
				  "  00.0 ep bar0=m32:64K fw0=0x30110000\n"
				  "02.0 port sec=3 sub=3 fw0=0x20000000\n"
				  "  00.0 nvme\n"),
			0);
	CU_ASSERT_EQUAL(at(0, 1, 0)->secondary, 1);
	CU_ASSERT_EQUAL(at(0, 1, 0)->subordinate, 1);
	CU_ASSERT_EQUAL(at(0, 2, 0)->secondary, 2);
	check_placement();
}

static void broken_capability_chains_are_bounded(void)
{
	struct model_pci_function *f;

	fresh();
	CU_ASSERT_EQUAL(model_pci_dump_file("broken-ecaps.txt"), 1);
	CU_ASSERT_EQUAL(scan(), 0);
	CU_ASSERT_EQUAL(table.count, 1);

	/*
	 * a classic chain that points at itself, one that points into the header, one that leaves
	 * the area
	 */
	for (unsigned next = 0; next < 256; next += 5) {
		fresh();
		model_pci_text("02.0 ep id=11:2 pm msi=1 vpd bar0=m32:4K dsn");
		f = model_pci(0);
		f->config[f->msi + 1u] = (uint8_t)next;
		model_pci_put(f, 0x100, 4, 3u | 1u << 16 | next << 24, 0, 0);
		CU_ASSERT_EQUAL(scan(), 0);
		CU_ASSERT(table.functions[0].caps.pm != 0);
	}
	fresh();
	model_pci_text("02.0 ep id=11:2 pm dsn");
	f = model_pci(0);
	f->config[f->pm + 1u] = (uint8_t)f->pm;
	model_pci_put(f, 0x100, 4, 3u | 1u << 16 | 0x100u << 20, 0, 0);
	scan();
	CU_ASSERT(model_log_contains("capability list loops"));
	CU_ASSERT(model_log_contains("extended capability list loops"));
}

static void capability_at_the_end_is_not_read_past_it(void)
{
	struct model_pci_function *f;

	fresh();
	model_pci_text("02.0 ep id=11:2 pm");
	f = model_pci(0);
	f->config[f->pm + 1u] = 0xfc;
	f->config[0xfc] = 0x11;
	CU_ASSERT_EQUAL(scan(), 0);
	CU_ASSERT_EQUAL(table.functions[0].caps.msix, 0);
}

static void msix_table_outside_its_bar_is_refused(void)
{
	static const char *const lies[] = { "msix=65@0+fc00,0+0", "msix=2048@0+0,0+fff8",
					    "msix=4@1+0,0+0",     "msix=4@0+0,7+0",
					    "msix=8@6+0,0+0",     "msix=8@0+0,0+40" };

	for (unsigned i = 0; i < ARRAY_SIZE(lies); i++) {
		char text[128] = "02.0 ep id=11:2 bar0=m32:64K ";

		strcat(text, lies[i]);
		CU_ASSERT_EQUAL(scan_text(text), 0);
		CU_ASSERT_EQUAL(table.functions[0].msix.entries, 0);
		CU_ASSERT(model_log_contains("MSI-X refused"));
	}
}

static void window_too_small_is_reported_and_the_rest_works(void)
{
	CU_ASSERT_EQUAL(scan_text("01.0 port\n"
				  "  00.0 ep bar0=m32:2G\n"
				  "02.0 port\n"
				  "  00.0 nvme\n"),
			-ERANGE);
	CU_ASSERT_EQUAL(at(1, 0, 0)->bars[0].bus, 0);
	CU_ASSERT(model_log_contains("0000:01:00.0"));
	CU_ASSERT(at(2, 0, 0)->bars[0].bus != 0);
}

static void bar_above_one_tib_is_not_truncated(void)
{
	CU_ASSERT_EQUAL(scan_text("01.0 port\n"
				  "  00.0 ep bar0=m64p:4M bar2=m64p:1G\n"
				  "02.0 ep bar0=m64p:256G\n"),
			0);
	check_placement();
	host.windows[2].bus = host.windows[2].cpu = 0x20000000000ull;
	CU_ASSERT_EQUAL(scan(), 0);
	CU_ASSERT(at(1, 0, 0)->bars[0].bus >= 0x20000000000ull);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(1), 0x14, 4), at(1, 0, 0)->bars[0].bus >> 32);
}

static void bus_and_cpu_addresses_may_differ(void)
{
	fresh();
	model_pci_text("02.0 port\n"
		       "  00.0 nvme\n");
	host.windows[1].cpu = 0x7000000000ull;
	CU_ASSERT_EQUAL(scan(), 0);
	CU_ASSERT_EQUAL(at(1, 0, 0)->bars[0].cpu - at(1, 0, 0)->bars[0].bus,
			0x7000000000ull - MODEL_PCI_MEM32);
}

static void too_many_functions_are_left_out_by_name(void)
{
	fresh();
	for (unsigned dev = 0; dev < 20; dev++)
		for (unsigned fn = 0; fn < 7; fn++) {
			char line[64];

			snprintf(line, sizeof(line), "%02x.%x ep id=11:2 multi", dev, fn);
			model_pci_text(line);
		}
	CU_ASSERT_EQUAL(scan(), -ENOSPC);
	CU_ASSERT_EQUAL(table.count, MAX_PCI_FUNCTIONS);
	CU_ASSERT(model_log_contains("left out"));
	CU_ASSERT_EQUAL(model_pci_get(model_pci(139), 4, 2), 0x400);
}

static void bus_numbers_running_out_is_reported(void)
{
	fresh();
	model_pci_text("01.0 port\n"
		       "  00.0 nvme\n"
		       "02.0 port\n"
		       "  00.0 nvme\n");
	host.bus_last = 1;
	CU_ASSERT_EQUAL(scan(), -ENOSPC);
	CU_ASSERT_EQUAL(table.count, 3);
	CU_ASSERT(model_log_contains("no bus number left"));
}

static bool hide_device_5(const struct pci_host *h, sbdf_t fn)
{
	(void)h;
	return sbdf_dev(fn) == 5;
}

static uint64_t fix_bar_of_1(const struct pci_host *h, uint16_t vendor, uint16_t device,
			     unsigned bar)
{
	(void)h;
	return vendor == 0x11 && device == 1 && bar == 0 ? 0x8000 : 0;
}

static void platform_quirks_are_respected(void)
{
	static const struct pci_quirks quirks = { .hidden = hide_device_5,
						  .fixed_bar_size = fix_bar_of_1 };

	fresh();
	model_pci_text("01.0 ep id=11:1 bar0=m32:64K fw0=0x10010000\n"
		       "02.0 ep id=11:2 bar0=m32:256M\n"
		       "05.0 ep id=11:3 bar0=m32:64K\n");
	host.quirks = &quirks;
	model_pci(2)->config[0x04] = 0x06;
	CU_ASSERT_EQUAL(scan(), 0);
	CU_ASSERT_EQUAL(table.count, 2);
	CU_ASSERT_EQUAL(at(0, 1, 0)->bars[0].bus, 0x10010000);
	CU_ASSERT_EQUAL(at(0, 1, 0)->bars[0].size, 0x8000);
	CU_ASSERT_EQUAL(model_pci(2)->config_writes, 0);
	check_placement();
}

static void real_trees_scan(void)
{
	static const struct {
		const char *name;
		unsigned functions, found;
	} dumps[] = { { "tree-fujitsu-p8010.txt", 22, 21 }, /* one behind a CardBus bridge, not
							       followed */
		      { "cap-multicast.txt", 1, 1 },
		      { "cap-pcie-2.txt", 1, 1 } };

	for (unsigned i = 0; i < ARRAY_SIZE(dumps); i++) {
		fresh();
		CU_ASSERT_EQUAL(model_pci_dump_file(dumps[i].name), dumps[i].functions);
		if (dumps[i].functions == 1)
			model_pci(0)->parent = -1;
		scan();
		CU_ASSERT_EQUAL(table.count, dumps[i].found);
		check_placement();
	}
}

static void narrow_write_on_a_wide_machine_clears_no_status(void)
{
	struct model_pci_function *f;
	const struct pci_function *fn;

	fresh();
	model_pci_text("02.0 port\n"
		       "  00.0 igb\n");
	host.widths = 4;
	CU_ASSERT_EQUAL(scan(), 0);
	f = model_pci(1);
	fn = at(1, 0, 0);
	f->config[7] = 0xf9;
	f->config[f->pcie + 10u] = 0x0f;
	f->config[f->pm + 5u] |= 0x80;
	pci_config_write(&host, fn->sbdf, 0x04, 2, 0x0402);
	pci_config_write(&host, fn->sbdf, f->pcie + 8u, 2, 0x2000);
	pci_config_write(&host, fn->sbdf, f->pm + 4u, 1, 0);
	pci_config_write(&host, fn->sbdf, 0x3c, 1, 0x77);
	CU_ASSERT_EQUAL(f->config[7], 0xf9);
	CU_ASSERT_EQUAL(f->config[4], 0x02);
	CU_ASSERT_EQUAL(f->config[f->pcie + 10u], 0x0f);
	CU_ASSERT_EQUAL(f->config[f->pcie + 9u], 0x20);
	CU_ASSERT_EQUAL(f->config[f->pm + 5u] & 0x80, 0x80);
	CU_ASSERT_EQUAL(f->config[0x3c], 0x77);
	/* and a write meant for the status clears what it names only */
	pci_config_write(&host, fn->sbdf, 0x06, 2, 0x8000);
	CU_ASSERT_EQUAL(f->config[7], 0x79);
	CU_ASSERT_EQUAL(pci_config_read(&host, fn->sbdf, 0x3c, 1), 0x77);
	/* bridges: the secondary status beside the I/O window */
	model_pci(0)->config[0x1f] = 0xf9;
	pci_config_write(&host, at(0, 2, 0)->sbdf, 0x1c, 2, 0x00f0);
	CU_ASSERT_EQUAL(model_pci(0)->config[0x1f], 0xf9);
}

static void wide_access_on_a_narrow_machine_is_made_of_parts(void)
{
	const struct pci_function *fn;

	fresh();
	model_pci_text("02.0 ep id=11:2 bar0=m32:64K");
	host.widths = 1;
	CU_ASSERT_EQUAL(scan(), 0);
	fn = at(0, 2, 0);
	CU_ASSERT_EQUAL(fn->device, 2);
	CU_ASSERT_EQUAL(fn->bars[0].size, 64 * KIB);
	CU_ASSERT_EQUAL(pci_config_read(&host, fn->sbdf, 0x10, 4), fn->bars[0].bus);
}

static void device_that_answers_retry_is_waited_for(void)
{
	fresh();
	model_pci_text("02.0 ep id=11:2 bar0=m32:64K\n"
		       "03.0 ep id=11:3");
	model_pci(0)->resets = model_pci(1)->resets = 1; /* both come out of a reset */
	model_pci(0)->ready_at = host_time_ns() + 300000000;
	model_pci(1)->ready_at = host_time_ns() + 3000000000;
	CU_ASSERT_EQUAL(scan(), 0);
	CU_ASSERT_EQUAL(table.count, 1);
	CU_ASSERT_EQUAL(at(0, 2, 0)->bars[0].size, 64 * KIB);
	CU_ASSERT(model_log_contains("0000:00:03.0: answers retry for a second"));
}

static void illegal_config_accesses_reach_nothing(void)
{
	scan_text(qemu_like);
	CU_ASSERT_EQUAL(pci_config_read(&host, 0, 1, 2), UINT32_MAX);
	CU_ASSERT_EQUAL(pci_config_read(&host, 0, 4096, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(pci_config_read(&host, 0, 0, 3), UINT32_MAX);
	CU_ASSERT_EQUAL(pci_config_read(&host, sbdf_make(1, 0, 0, 0), 0, 2), 0xffff);
	pci_config_write(&host, 0, 2, 4, 0);
	CU_ASSERT_EQUAL(pci_config_read(&host, sbdf_make(0, 99, 0, 0), 0, 4), UINT32_MAX);
}

static uint64_t ecam_hits[8];

static uint64_t ecam_model_read(void *ctx, uint64_t offset, unsigned size)
{
	(void)ctx;
	ecam_hits[0] = offset;
	ecam_hits[1] = size;
	return 0x12345678;
}

static void ecam_model_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	(void)ctx;
	ecam_hits[2] = offset;
	ecam_hits[3] = size;
	ecam_hits[4] = value;
}

static void ecam_addresses_follow_the_specification(void)
{
	static const struct model_mmio_ops ops = { ecam_model_read, ecam_model_write };
	struct pci_host h = { .bus_first = 2,
			      .bus_last = 3,
			      .widths = 7,
			      .config = &pci_ecam_ops,
			      .config_base = 0x4010000000ull,
			      .config_size = 0x200000 };

	model_mmio_add(h.config_base, h.config_size, &ops, NULL);
	CU_ASSERT_EQUAL(pci_config_read(&h, sbdf_make(0, 3, 5, 1), 0x104, 4), 0x12345678);
	CU_ASSERT_EQUAL(ecam_hits[0], 1u << 20 | 5u << 15 | 1u << 12 | 0x104);
	pci_config_write(&h, sbdf_make(0, 2, 0, 0), 0x3c, 1, 0x1ff);
	CU_ASSERT(ecam_hits[2] == 0x3c && ecam_hits[3] == 1 && ecam_hits[4] == 0xff);
	CU_ASSERT_EQUAL(pci_config_read(&h, sbdf_make(0, 2, 0, 0), 0x0e, 1), 0x78);
	CU_ASSERT_EQUAL(pci_config_read(&h, sbdf_make(0, 2, 0, 0), 0x0a, 2), 0x5678);
	CU_ASSERT(ecam_hits[0] == 0x0a && ecam_hits[1] == 2);
	pci_config_write(&h, sbdf_make(0, 2, 31, 7), 0x04, 2, 0x406);
	CU_ASSERT(ecam_hits[2] == 0xff004 && ecam_hits[3] == 2 && ecam_hits[4] == 0x406);
	pci_config_write(&h, sbdf_make(0, 2, 0, 0), 0x10, 4, 0xfffffff0);
	CU_ASSERT(ecam_hits[2] == 0x10 && ecam_hits[3] == 4 && ecam_hits[4] == 0xfffffff0);
	h.bus_last = 9; /* a firmware that claims more buses than window */
	CU_ASSERT_EQUAL(pci_config_read(&h, sbdf_make(0, 4, 0, 0), 0, 4), UINT32_MAX);
}

void suite_pci_scan(void)
{
	static const struct unit_test tests[] = {
		TEST(qemu_like_tree_is_found_and_numbered),
		TEST(capabilities_are_captured),
		TEST(scan_leaves_endpoints_quiet_and_bridges_open),
		TEST(acs_is_enabled_on_ports),
		TEST(windows_and_bars_are_disjoint_and_inside),
		TEST(memory_flows_through_the_placed_windows),
		TEST(deep_tree_is_numbered_and_placed),
		TEST(a_link_has_one_device),
		TEST(ari_functions_are_found),
		TEST(ari_chain_that_loops_ends),
		TEST(valid_firmware_values_are_kept),
		TEST(invalid_firmware_values_are_replaced),
		TEST(broken_capability_chains_are_bounded),
		TEST(capability_at_the_end_is_not_read_past_it),
		TEST(msix_table_outside_its_bar_is_refused),
		TEST(window_too_small_is_reported_and_the_rest_works),
		TEST(bar_above_one_tib_is_not_truncated),
		TEST(bus_and_cpu_addresses_may_differ),
		TEST(too_many_functions_are_left_out_by_name),
		TEST(bus_numbers_running_out_is_reported),
		TEST(platform_quirks_are_respected),
		TEST(real_trees_scan),
		TEST(narrow_write_on_a_wide_machine_clears_no_status),
		TEST(wide_access_on_a_narrow_machine_is_made_of_parts),
		TEST(device_that_answers_retry_is_waited_for),
		TEST(illegal_config_accesses_reach_nothing),
		TEST(ecam_addresses_follow_the_specification),
	};

	unit_suite("pci_scan", tests, ARRAY_SIZE(tests));
}
