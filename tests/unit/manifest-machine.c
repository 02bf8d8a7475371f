// SPDX-License-Identifier: GPL-2.0-or-later
#include "manifest-machine.h"

#include <hv/layout.h>

#define ODD_VENDOR 0x1234
#define ODD_CLASS  0xff0000

static struct pci_table table;

static struct pci_function *add(sbdf_t sbdf, uint16_t vendor, uint16_t device, uint32_t class_code)
{
	struct pci_function *f = &table.functions[table.count++];

	CU_ASSERT_TRUE_FATAL(table.count <= MAX_PCI_FUNCTIONS);
	memset(f, 0, sizeof(*f));
	f->sbdf = sbdf;
	f->vendor = vendor;
	f->device = device;
	f->class_code = class_code;
	f->state = DEVICE_QUARANTINED;
	f->group = 100 + table.count;
	f->can_flr = true;
	f->iommu.unit = 0;
	f->iommu.id = sbdf_rid(sbdf);
	f->msi_unit.unit = 0;
	f->msi_unit.id = sbdf_rid(sbdf);
	/* Its own 16 KiB, above 4 GiB. */
	f->bars[0].kind = PCI_BAR_MEM64;
	f->bars[0].size = 16 * KIB;
	f->bars[0].bus = f->bars[0].cpu = 0x8000000000 + table.count * 16 * KIB;
	return f;
}

static struct pci_function *add_odd(unsigned bus, unsigned fn, uint16_t device)
{
	return add(sbdf_make(0, bus, 0, fn), ODD_VENDOR, device, ODD_CLASS);
}

/* An MSI-X capability with 16 entries (256 bytes of table, 8 of pending bits) in BAR0. */
static void add_msix(struct pci_function *f, uint32_t at, uint32_t pba)
{
	f->caps.msix = 0x40;
	f->msix = (struct pci_msix_info){ .entries = 16, .table_offset = at, .pba_offset = pba };
}

static void add_bar32(struct pci_function *f, uint64_t at, uint64_t size)
{
	f->bars[0] = (struct pci_bar){ .kind = PCI_BAR_MEM32, .size = size, .bus = at, .cpu = at };
}

/* What two functions share (40 to 47). */
static void add_sharers(void)
{
	struct pci_function *f;

	add_odd(0x40, 0, 0x10)->iommu.id = 0;
	add_odd(0x41, 0, 0x10)->iommu.id = 0;
	for (unsigned i = 0; i < 2; i++) {
		f = add_odd(0x42 + i, 0, 0x11);
		f->msi.vectors = 1;
		f->msi_unit.id = 0x55;
	}
	/* INTA, INTA, INTB; and INTA of one that sends messages instead. */
	add_odd(0x44, 0, 0x12)->interrupt_pin = 1;
	add_odd(0x45, 0, 0x12)->interrupt_pin = 1;
	add_odd(0x46, 0, 0x12)->interrupt_pin = 2;
	f = add_odd(0x47, 0, 0x12);
	f->interrupt_pin = 1;
	f->msi.vectors = 4;
}

/* What stands where in their BARs (48 to 4f). */
static void add_registers(void)
{
	/* Ends where memory begins; lies on its first page. */
	add_bar32(add_odd(0x48, 0, 0x13), 0x3fffc000, 16 * KIB);
	add_bar32(add_odd(0x49, 0, 0x13), 0x40000000, 16 * KIB);
	/* The scan has dropped the table of the second. */
	add_msix(add_odd(0x4a, 0, 0x14), 0x2000, 0x3000);
	add_odd(0x4b, 0, 0x14)->caps.msix = 0x40;
	/* Table and pending bits in one page; other registers before the table, before the pending bits. */
	add_msix(add_odd(0x4c, 0, 0x15), 0, 0x800);
	add_msix(add_odd(0x4d, 0, 0x15), 0x800, 0xc00);
	add_msix(add_odd(0x4e, 0, 0x15), 0, 0x3f00);
	/* As large as the zones' whole 32-bit window. */
	add_bar32(add_odd(0x4f, 0, 0x16), 0x80000000, ZONE_MEM32_SIZE);
}

/* Without a reset of their own (50, 51 below a bridge with a neighbour that has one, 52, 53). */
static void add_stubborn(struct pci_function *bridge)
{
	struct pci_function *f;

	add_odd(0x50, 0, 0x17)->can_flr = false;
	f = add_odd(0x51, 0, 0x18);
	f->can_flr = false;
	f->parent = bridge;
	add_odd(0x51, 1, 0x18)->parent = bridge;
	f = add_odd(0x52, 0, 0x19);
	f->can_flr = false;
	f->can_af_flr = true;
	f = add_odd(0x53, 0, 0x19);
	f->can_flr = false;
	f->caps.pm = 0x40;
}

/* With virtual functions: alone (0d), and beside a neighbour (0e). */
static void add_physical(void)
{
	struct pci_function *f;

	add_odd(0x0d, 0, 0x08)->sriov.total = 4;
	f = add_odd(0x0e, 0, 0x09);
	f->sriov.total = 1;
	add_odd(0x0e, 1, 0x09)->group = f->group;
}

struct pci_table *manifest_test_table(void)
{
	return &table;
}

struct manifest_machine *manifest_test_machine(void)
{
	static const struct manifest_region reserved[] = {
		{ .base = 0x40000000, .size = GIB, .what = "memory" },
	};
	static const struct manifest_region doorbells[] = {
		{ .base = ZONE_RAM_BASE + 100 * GIB, .size = PAGE_SIZE, .what = "MSI doorbell" },
	};
	static const struct manifest_layout layout = {
		.ram = ZONE_RAM_BASE,
		.window32 = { ZONE_MEM32_BASE, ZONE_MEM32_SIZE, "32-bit PCI window" },
		.window64 = { ZONE_MEM64_BASE, ZONE_MEM64_SIZE, "64-bit PCI window" },
		.doorbells = doorbells,
		.doorbell_count = ARRAY_SIZE(doorbells),
	};
	static struct manifest_machine m;
	struct pci_function *f, *bridge;

	m = (struct manifest_machine){ .cpus = 3,
				       .memory = GIB,
				       .devices = &table,
				       .layout = &layout,
				       .reserved = reserved,
				       .reserved_count = ARRAY_SIZE(reserved) };
	table.count = 0;
	f = add(sbdf_make(0, 0, 0, 0), 0x1b36, 0x0008, 0x060000);
	f->bars[0].kind = PCI_BAR_NONE;
	add(sbdf_make(0, 0, 1, 0), 0x1af4, 0x1057, 0x080600);
	bridge = add(sbdf_make(0, 0, 2, 0), 0x1b36, 0x000c, 0x060400);
	bridge->header_type = 1;
	bridge->can_flr = false;
	add(sbdf_make(0, 1, 0, 0), 0x1b36, 0x0010, 0x010802);
	add(sbdf_make(0, 2, 0, 0), 0x8086, 0x10c9, 0x020000);
	add(sbdf_make(0, 3, 0, 0), 0x8086, 0x10c9, 0x020000);
	add_odd(4, 0, 0x0001)->bars[0].bus = 0;
	add_odd(5, 0, 0x0002)->iommu.unit = -1;
	add_odd(6, 0, 0x0003)->iommu.id = 0x77;
	add_odd(7, 0, 0x0003)->iommu.id = 0x77;
	add_bar32(add_odd(8, 0, 0x0004), 0x10000000, 256);
	add_bar32(add_odd(9, 0, 0x0004), 0x10000f00, 256);
	f = add_odd(10, 0, 0x0005);
	f->state = DEVICE_FAILED;
	f->failure = "it never came back from a reset";
	add(sbdf_make(0, 11, 0, 0), ODD_VENDOR, 0x0006, 0x010000);
	f = add(sbdf_make(0, 11, 0, 1), ODD_VENDOR, 0x0006, 0x018000);
	f->group = table.functions[table.count - 2].group;
	add(sbdf_make(0, 12, 0, 0), ODD_VENDOR, 0x0007, 0x010700);
	add_physical();
	add_sharers();
	add_registers();
	add_stubborn(bridge);
	return &m;
}

bool manifest_test_image(void *ctx, const char *name)
{
	(void)ctx;
	return !strcmp(name, "linux") || !strcmp(name, "root-initrd") ||
	       !strcmp(name, "zone-initrd");
}
