// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a platform may say about its functions (struct pci_quirks) is what the scan and a zone's
 * view go by, on a machine without any board's name.
 */
#include "pci-zone.h"
#include "unit.h"

#include <linux/pci_regs.h>
#include <string.h>

#define VENDOR 0x0014u

static struct pci_host host;
static struct pci_table table;
static unsigned prepared;

static void scan(const char *text, const struct pci_quirks *quirks)
{
	model_pci_create(&host);
	memset(&table, 0, sizeof(table));
	prepared = 0;
	model_pci_text(text);
	host.quirks = quirks;
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
}

static struct pci_function *at(unsigned bus, unsigned dev, unsigned fn)
{
	struct pci_function *f = pci_find(&table, sbdf_make(0, bus, dev, fn));

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	return f;
}

static bool device_1_is_machine(const struct pci_host *h, sbdf_t fn, uint16_t vendor,
				uint16_t device)
{
	CU_ASSERT_PTR_EQUAL(h, &host);
	CU_ASSERT_EQUAL(sbdf_dev(fn) == 1, device == 0x1111);
	return vendor == VENDOR && device == 0x1111;
}

static void count_prepared(struct pci_function *f)
{
	prepared++;
	if (f->engine)
		pci_config_write(f->host, f->sbdf, PCI_INTERRUPT_LINE, 1, 0x42);
}

static void a_part_of_the_machine_is_left_as_it_is(void)
{
	static const struct pci_quirks quirks = { .part_of_machine = device_1_is_machine,
						  .prepare = count_prepared };
	struct pci_function *f;

	model_pci_create(&host);
	model_pci_text("01.0 pci id=0014:1111 class=060000 bar0=m32:64K fw0=0x10010000 msi=1\n"
		       "02.0 pci id=0014:2222 bar0=m32:64K\n");
	/* Decode, Bus Master and MSI as firmware left them. */
	model_pci(0)->config[4] = model_pci(1)->config[4] = 7;
	model_pci(0)->config[model_pci(0)->msi + 2] |= 1;
	memset(&table, 0, sizeof(table));
	prepared = 0;
	host.quirks = &quirks;
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	f = at(0, 1, 0);
	CU_ASSERT_TRUE(f->engine);
	CU_ASSERT_FALSE(at(0, 2, 0)->engine);
	CU_ASSERT_EQUAL(f->bars[0].kind, PCI_BAR_NONE);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(0), 4, 2), 7);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(0), 0x10, 4), 0x10010000);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(0), model_pci(0)->msi + 2u, 1) & 1, 1);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(1), 4, 1) & 7, 0);
	/* What prepare() wrote is all. */
	CU_ASSERT_EQUAL(prepared, 2);
	CU_ASSERT_EQUAL(model_pci(0)->config_writes, 1);
	CU_ASSERT_EQUAL(model_pci_get(model_pci(0), PCI_INTERRUPT_LINE, 1), 0x42);
}

static uint32_t right_class(const struct pci_host *h, uint16_t vendor, uint16_t device,
			    uint32_t reported)
{
	(void)h;
	return vendor == VENDOR && device == 0x7a09 ? 0x060400 : reported;
}

static uint8_t right_pin(const struct pci_host *h, sbdf_t fn, uint16_t vendor, uint16_t device,
			 uint8_t reported)
{
	(void)h;
	return vendor == VENDOR && device == 0x2222 ? (uint8_t)(1 + (sbdf_fn(fn) & 3)) : reported;
}

static void wrong_class_codes_and_pins_are_put_right(void)
{
	static const struct pci_quirks quirks = { .class_code = right_class,
						  .interrupt_pin = right_pin };

	scan("01.0 rootport id=0014:7a09 class=068000\n"
	     "02.0 pci id=0014:2222 class=020000 multi\n"
	     "02.1 pci id=0014:2222 class=020000 multi\n"
	     "02.2 pci id=0014:3333 class=0c0320 multi\n",
	     &quirks);
	CU_ASSERT_EQUAL(at(0, 1, 0)->class_code, 0x060400);
	CU_ASSERT_EQUAL(at(0, 2, 0)->class_code, 0x020000);
	CU_ASSERT_EQUAL(at(0, 2, 0)->interrupt_pin, 1);
	CU_ASSERT_EQUAL(at(0, 2, 1)->interrupt_pin, 2);
	CU_ASSERT_EQUAL(at(0, 2, 2)->interrupt_pin, 0);
}

static bool stays_awake(const struct pci_function *f)
{
	return f->device == 0x2222;
}

static void what_must_stay_in_d0_is_not_reset_by_leaving_it(void)
{
	static const struct pci_quirks quirks = { .no_d_states = stays_awake };

	scan("01.0 pci id=0014:2222 bar0=m32:4K pm\n"
	     "02.0 pci id=0014:3333 bar0=m32:4K pm\n"
	     "03.0 ep id=0014:2222 bar0=m32:4K pm flr\n",
	     &quirks);
	CU_ASSERT_PTR_NULL(pci_reset_method(at(0, 1, 0)));
	CU_ASSERT_STRING_EQUAL(pci_reset_method(at(0, 2, 0)), "pm");
	CU_ASSERT_STRING_EQUAL(pci_reset_method(at(0, 3, 0)), "flr");
}

static bool below_device_1(const struct pci_function *bridge)
{
	return sbdf_bus(bridge->sbdf) == 0 && sbdf_dev(bridge->sbdf) == 1;
}

static void ghosts_are_not_looked_at_where_the_platform_says_so(void)
{
	static const struct pci_quirks quirks = { .one_device = below_device_1 };

	scan("01.0 pcibridge\n"
	     "  00.0 pci bar0=m32:4K\n"
	     "  01.0 pci bar0=m32:4K\n"
	     "02.0 pcibridge\n"
	     "  00.0 pci bar0=m32:4K\n"
	     "  01.0 pci bar0=m32:4K\n",
	     &quirks);
	CU_ASSERT_EQUAL(table.count, 5);
	CU_ASSERT_PTR_NULL(pci_find(&table, sbdf_make(0, 1, 1, 0)));
	at(2, 1, 0);
}

static uint64_t device_1_is_fixed(const struct pci_host *h, uint16_t vendor, uint16_t device,
				  unsigned bar)
{
	(void)h;
	(void)vendor;
	return device == 0x1111 && bar < PCI_BAR_COUNT ? 0x1000 : 0;
}

static bool sized;

static void watch_sizing(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size,
			 uint32_t value)
{
	sized |= sbdf_dev(fn) == 1 && offset >= 0x10 && offset < 0x34 && value;
	(void)h;
	(void)size;
}

static void a_fixed_bar_is_not_written_whatever_its_kind(void)
{
	static const struct pci_quirks quirks = { .fixed_bar_size = device_1_is_fixed };
	const struct pci_config_ops *hardware;
	struct pci_config_ops watched;

	model_pci_create(&host);
	/* Memory, I/O, one that is not there, and a ROM. */
	model_pci_text("01.0 pci id=0014:1111 bar0=m32:64K fw0=0x10010000 bar1=io:16\n");
	model_pci_put(model_pci(0), 0x30, 4, 0, 0xfffff801, 0);
	memset(&table, 0, sizeof(table));
	host.quirks = &quirks;
	hardware = host.config;
	watched = (struct pci_config_ops){ .name = "watched",
					   .read = hardware->read,
					   .write = watch_sizing };
	host.config = &watched;
	sized = false;
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	CU_ASSERT_FALSE(sized);
	CU_ASSERT_EQUAL(at(0, 1, 0)->bars[0].size, 0x1000);
	CU_ASSERT_EQUAL(at(0, 1, 0)->bars[1].kind, PCI_BAR_NONE);
	CU_ASSERT_EQUAL(at(0, 1, 0)->bars[2].kind, PCI_BAR_NONE);
	CU_ASSERT_EQUAL(at(0, 1, 0)->rom.size, 0);
}

static bool port_of_bus_1_keeps(const struct pci_function *port)
{
	return sbdf_dev(port->sbdf) == 2;
}

static unsigned request_size_after(struct vpci *v, const struct pci_function *f, unsigned wanted)
{
	const struct model_pci_function *hw = model_pci_at(sbdf_bus(f->sbdf), sbdf_devfn(f->sbdf));
	const sbdf_t where = vpci_where(v, f);
	const unsigned devctl = f->caps.pcie + PCI_EXP_DEVCTL;
	unsigned seen;

	vpci_config_write(v, sbdf_bus(where), sbdf_devfn(where), devctl, 2, wanted << 12);
	seen = (unsigned)vpci_config_read(v, sbdf_bus(where), sbdf_devfn(where), devctl, 2) >> 12 &
	       7;
	CU_ASSERT_EQUAL(model_pci_get(hw, devctl, 2) >> 12 & 7, seen);
	return seen;
}

static void no_zone_raises_the_read_request_size_where_a_port_forbids_it(void)
{
	static const struct pci_quirks quirks = { .keeps_read_request = port_of_bus_1_keeps };
	struct vpci *v;

	model_machine("02.0 port\n"
		      "  00.0 nvme\n"
		      "03.0 port\n"
		      "  00.0 nvme\n");
	machine.host.quirks = &quirks;
	v = machine.zones[1].v;
	for (unsigned bus = 1; bus <= 2; bus++)
		CU_ASSERT_EQUAL(model_assign(1, bus, 0, 0, SBDF_NONE, SBDF_NONE), 0);
	/* Firmware left 2: 512 bytes. */
	CU_ASSERT_EQUAL(request_size_after(v, model_function(1, 0, 0), 5), 2);
	CU_ASSERT_EQUAL(request_size_after(v, model_function(1, 0, 0), 0), 0);
	CU_ASSERT_EQUAL(request_size_after(v, model_function(1, 0, 0), 2), 2);
	CU_ASSERT_EQUAL(request_size_after(v, model_function(2, 0, 0), 5), 5);
}

void suite_board_quirks(void)
{
	static const struct unit_test tests[] = {
		TEST(a_part_of_the_machine_is_left_as_it_is),
		TEST(wrong_class_codes_and_pins_are_put_right),
		TEST(what_must_stay_in_d0_is_not_reset_by_leaving_it),
		TEST(ghosts_are_not_looked_at_where_the_platform_says_so),
		TEST(a_fixed_bar_is_not_written_whatever_its_kind),
		TEST(no_zone_raises_the_read_request_size_where_a_port_forbids_it),
	};

	unit_suite("board_quirks", tests, ARRAY_SIZE(tests));
}
