// SPDX-License-Identifier: GPL-2.0-or-later
/* What two functions share that zones must not, and how one can be reset: the facts alone, without a machine (V9). */
#include "unit.h"

#include <linux/pci_regs.h>
#include <postern/pci.h>
#include <string.h>

static struct pci_host host, other_host;

/* Alone in its group, with a stream and an MSI identity of its own. */
static struct pci_function function(unsigned bus, unsigned dev)
{
	struct pci_function f;

	memset(&f, 0, sizeof(f));
	f.sbdf = sbdf_make(0, bus, dev, 0);
	f.host = &host;
	f.pcie_type = PCI_EXP_TYPE_ENDPOINT;
	f.group = f.sbdf;
	f.iommu.id = f.msi_unit.id = sbdf_rid(f.sbdf);
	return f;
}

static struct pci_function bridge(uint8_t type, unsigned bus, unsigned dev)
{
	struct pci_function f = function(bus, dev);

	f.header_type = PCI_HEADER_TYPE_BRIDGE;
	f.pcie_type = type;
	return f;
}

static void conflict_is(const struct pci_function *a, const struct pci_function *b,
			enum pci_conflict expected)
{
	CU_ASSERT_EQUAL(pci_conflict(a, b), expected);
	CU_ASSERT_EQUAL(pci_conflict(b, a), expected);
}

static void what_has_nothing_in_common_is_apart(void)
{
	struct pci_function a = function(1, 0), b = function(2, 0);

	conflict_is(&a, &b, PCI_APART);
}

static void stream_zero_is_a_stream(void)
{
	struct pci_function a = function(1, 0), b = function(2, 0);

	a.iommu.id = b.iommu.id = 0;
	conflict_is(&a, &b, PCI_SAME_STREAM);
	b.iommu.unit = 1;
	conflict_is(&a, &b, PCI_APART);
	a.iommu.unit = b.iommu.unit = -1;
	conflict_is(&a, &b, PCI_APART);
}

static void an_msi_identity_counts_when_both_send_messages(void)
{
	struct pci_function a = function(1, 0), b = function(2, 0);

	a.msi_unit.id = b.msi_unit.id = 0;
	a.msi.vectors = 1;
	conflict_is(&a, &b, PCI_APART);
	b.msix.entries = 1;
	conflict_is(&a, &b, PCI_SAME_MSI_ID);
	b.msi_unit.unit = 1;
	conflict_is(&a, &b, PCI_APART);
	a.msi_unit.unit = b.msi_unit.unit = -1;
	conflict_is(&a, &b, PCI_APART);
}

static void pages_count_not_bytes(void)
{
	struct pci_function a = function(1, 0), b = function(2, 0);

	a.bars[5] = (struct pci_bar){
		.kind = PCI_BAR_MEM32, .size = 16, .bus = 0x1ff0, .cpu = 0x10001ff0
	};
	b.bars[0] = (struct pci_bar){
		.kind = PCI_BAR_MEM64, .size = 4096, .bus = 0x1000, .cpu = 0x10001000
	};
	conflict_is(&a, &b, PCI_SAME_PAGE);
	b.bars[0].bus = 0x2000;
	b.bars[0].cpu = 0x10002000;
	conflict_is(&a, &b, PCI_APART);
	/* I/O BARs are no zone's. */
	b.bars[0] = a.bars[5];
	b.bars[0].kind = PCI_BAR_IO;
	conflict_is(&a, &b, PCI_APART);
}

static void a_line_is_shared_by_those_who_have_nothing_else(void)
{
	struct pci_function a = function(0, 1), b = function(0, 5);

	a.interrupt_pin = b.interrupt_pin = 1;
	conflict_is(&a, &b, PCI_SAME_INTX);
	a.msi.vectors = 1;
	conflict_is(&a, &b, PCI_APART);
	a.msi.vectors = 0;
	b.msix.entries = 2;
	conflict_is(&a, &b, PCI_APART);
	b.msix.entries = 0;
	b.host = &other_host;
	conflict_is(&a, &b, PCI_APART);
	b.host = &host;
	b.interrupt_pin = 2;
	conflict_is(&a, &b, PCI_APART);
	/* Device 4's INTB is device 5's INTA. */
	b.sbdf = sbdf_make(0, 0, 4, 0);
	conflict_is(&a, &b, PCI_SAME_INTX);
	/* No pin, or one that does not exist. */
	a.interrupt_pin = b.interrupt_pin = 0;
	conflict_is(&a, &b, PCI_APART);
	a.interrupt_pin = b.interrupt_pin = 5;
	conflict_is(&a, &b, PCI_APART);
}

/* PCI-to-PCI Bridge Architecture Specification 1.2, table 9-1. */
static void bridges_rotate_pins(void)
{
	struct pci_function b = bridge(PCI_EXP_TYPE_PCI_BRIDGE, 0, 30), f = function(1, 3);

	f.parent = &b;
	f.interrupt_pin =
		1; /* device 3: INTA is INTD of the bridge; device 30: INTB of the host bridge */
	CU_ASSERT_EQUAL(pci_intx_line(&f), 1);
	f.interrupt_pin = 4;
	CU_ASSERT_EQUAL(pci_intx_line(&f), 0);
	f.interrupt_pin = 0;
	CU_ASSERT_EQUAL(pci_intx_line(&f), -1);
}

static void a_link_has_device_0_alone(void)
{
	struct pci_function port = bridge(PCI_EXP_TYPE_ROOT_PORT, 0, 2), f = function(1, 3);

	/* With ARI the device number is part of the function's. */
	f.parent = &port;
	f.interrupt_pin = 1;
	CU_ASSERT_EQUAL(pci_intx_line(&f), 2);
	port.pcie_type = PCI_EXP_TYPE_DOWNSTREAM;
	CU_ASSERT_EQUAL(pci_intx_line(&f), 2);
}

static void the_best_reset_is_taken(void)
{
	struct pci_function f = function(1, 0);

	CU_ASSERT_PTR_NULL(pci_reset_method(&f));
	f.no_soft_reset = true;
	f.caps.pm = 0x40;
	CU_ASSERT_PTR_NULL(pci_reset_method(&f));
	f.no_soft_reset = false;
	CU_ASSERT_STRING_EQUAL(pci_reset_method(&f), "pm");
	f.can_af_flr = true;
	CU_ASSERT_STRING_EQUAL(pci_reset_method(&f), "af-flr");
	f.can_flr = true;
	CU_ASSERT_STRING_EQUAL(pci_reset_method(&f), "flr");
}

void suite_pci_conflict(void)
{
	static const struct unit_test tests[] = {
		TEST(what_has_nothing_in_common_is_apart),
		TEST(stream_zero_is_a_stream),
		TEST(an_msi_identity_counts_when_both_send_messages),
		TEST(pages_count_not_bytes),
		TEST(a_line_is_shared_by_those_who_have_nothing_else),
		TEST(bridges_rotate_pins),
		TEST(a_link_has_device_0_alone),
		TEST(the_best_reset_is_taken),
	};

	unit_suite("pci_conflict", tests, ARRAY_SIZE(tests));
}
