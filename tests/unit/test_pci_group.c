// SPDX-License-Identifier: GPL-2.0-or-later
/* Isolation groups over hierarchies of the PCI model: who can reach whom without the IOMMU. */
#include "pci.h"
#include "unit.h"

#include <linux/pci_regs.h>
#include <string.h>

static struct pci_host host;
static struct pci_table table;

static void fresh(void)
{
	model_reset();
	model_pci_create(&host);
	memset(&table, 0, sizeof(table));
}

static void scan_text(const char *text)
{
	fresh();
	model_pci_text(text);
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
}

static unsigned group(unsigned bus, unsigned dev, unsigned fn)
{
	const struct pci_function *f = pci_find(&table, sbdf_make(0, bus, dev, fn));

	if (!f)
		CU_FAIL_FATAL("function missing");
	return f->group;
}

static void ports_with_acs_separate(void)
{
	scan_text("02.0 port\n"
		  "  00.0 nvme\n"
		  "03.0 port\n"
		  "  00.0 igb\n");
	pci_assign_groups(&table);
	CU_ASSERT_NOT_EQUAL(group(1, 0, 0), group(2, 0, 0));
}

static void ports_without_acs_join_their_siblings(void)
{
	scan_text("01.0 port acs=0\n"
		  "  00.0 nvme\n"
		  "02.0 port acs=1\n"
		  "  00.0 nvme\n");
	pci_assign_groups(&table);
	CU_ASSERT_EQUAL(group(1, 0, 0), group(2, 0, 0));
}

static bool all_isolate(const struct pci_function *port)
{
	(void)port;
	return true;
}

static void ports_isolate_quirk_separates(void)
{
	static const struct pci_quirks quirks = { .ports_isolate = all_isolate };

	fresh();
	model_pci_text("01.0 port acs=0\n"
		       "  00.0 nvme\n"
		       "02.0 port acs=0\n"
		       "  00.0 nvme\n");
	host.quirks = &quirks;
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	pci_assign_groups(&table);
	CU_ASSERT_NOT_EQUAL(group(1, 0, 0), group(2, 0, 0));
}

static void multifunction_without_acs_is_one_group(void)
{
	scan_text("01.0 port\n"
		  "  00.0 ep id=11:2 multi\n"
		  "  00.1 ep id=11:3\n"
		  "02.0 port\n"
		  "  00.0 ep id=11:2 multi acs=1\n"
		  "  00.1 ep id=11:3 acs=1\n");
	pci_assign_groups(&table);
	CU_ASSERT_EQUAL(group(1, 0, 0), group(1, 0, 1));
	CU_ASSERT_NOT_EQUAL(group(2, 0, 0), group(2, 0, 1));
	CU_ASSERT_NOT_EQUAL(group(1, 0, 0), group(2, 0, 0));
}

static void conventional_bus_is_one_group(void)
{
	scan_text("01.0 port\n"
		  "  00.0 pcibridge\n"
		  "    01.0 pci id=11:2\n"
		  "    02.0 pci id=11:3\n"
		  "02.0 port\n"
		  "  00.0 nvme\n");
	pci_assign_groups(&table);
	CU_ASSERT_EQUAL(group(2, 1, 0), group(2, 2, 0));
	CU_ASSERT_NOT_EQUAL(group(2, 1, 0), group(3, 0, 0));
}

static void switch_ports_without_acs_join_below_only(void)
{
	scan_text("01.0 port\n"
		  "  00.0 up\n"
		  "    00.0 down acs=1\n"
		  "      00.0 nvme\n"
		  "    01.0 down\n"
		  "      00.0 nvme\n"
		  "02.0 port\n"
		  "  00.0 up\n"
		  "    00.0 down acs=1\n"
		  "      00.0 nvme\n"
		  "    01.0 down acs=1\n"
		  "      00.0 nvme\n");
	pci_assign_groups(&table);
	CU_ASSERT_EQUAL(group(3, 0, 0), group(4, 0, 0));
	CU_ASSERT_NOT_EQUAL(group(7, 0, 0), group(8, 0, 0));
	CU_ASSERT_NOT_EQUAL(group(3, 0, 0), group(7, 0, 0));
}

/* A phantom function sends under the ID of a function that is not there: none does, whatever firmware left. */
static void phantom_functions_are_turned_off(void)
{
	struct model_pci_function *f;

	fresh();
	model_pci_text("02.0 port\n"
		       "  00.0 nvme\n");
	f = model_pci(1);
	f->config[f->pcie + PCI_EXP_DEVCTL + 1] |= PCI_EXP_DEVCTL_PHANTOM >> 8;
	model_pci_seal(f);
	CU_ASSERT_TRUE(model_pci_get(f, f->pcie + PCI_EXP_DEVCTL, 2) & PCI_EXP_DEVCTL_PHANTOM);
	CU_ASSERT_EQUAL(pci_scan_host(&host, &table), 0);
	CU_ASSERT_FALSE(model_pci_get(f, f->pcie + PCI_EXP_DEVCTL, 2) & PCI_EXP_DEVCTL_PHANTOM);
	/* Nor does a reset bring them back. */
	CU_ASSERT_FALSE(table.functions[1].snapshot[f->pcie + PCI_EXP_DEVCTL + 1] &
			PCI_EXP_DEVCTL_PHANTOM >> 8);
}

void suite_pci_group(void)
{
	static const struct unit_test tests[] = {
		TEST(ports_with_acs_separate),
		TEST(ports_without_acs_join_their_siblings),
		TEST(ports_isolate_quirk_separates),
		TEST(multifunction_without_acs_is_one_group),
		TEST(conventional_bus_is_one_group),
		TEST(switch_ports_without_acs_join_below_only),
		TEST(phantom_functions_are_turned_off),
	};

	unit_suite("pci_group", tests, ARRAY_SIZE(tests));
}
