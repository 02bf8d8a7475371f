// SPDX-License-Identifier: GPL-2.0-or-later
/* See matrix-fixture.h. */
#include "matrix-fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REPORTS 5u
/*
 * I/O, Memory Enable and INTx Disable: hard-wired to 0 in a virtual function's Command (PCI Express
 * Base Specification 6.0, 9.3.4.1.3).
 */
#define NOT_A_VFS   0x0403u

const struct subject subjects[] = {
	{ .name = "Intel 82576", .file = "cap-pcie-2.txt", .bus = 1, .flips = true },
	{ .name = "Intel 82576 on bus 0", .file = "cap-pcie-2.txt", .bus = 1, .on_bus_0 = true },
	{ .name = "Marvell 88E8055", .file = "tree-fujitsu-p8010.txt", .bus = 4, .flips = true },
	{ .name = "Intel 4965", .file = "tree-fujitsu-p8010.txt", .bus = 0x14 },
	{ .name = "ICH8 HD Audio", .file = "tree-fujitsu-p8010.txt", .devfn = 0xd8, .flips = true },
	{ .name = "O2 SD host (PCI)",
	  .file = "tree-fujitsu-p8010.txt",
	  .bus = 0x1c,
	  .devfn = 0x1a,
	  .flips = true },
	{ .name = "Intel 7265", .file = "cap-l1-pm.txt", .bus = 1 },
	{ .name = "AMD Fiji", .file = "cap-rebar.txt", .bus = 9 },
	{ .name = "Intel Skylake graphics",
	  .file = "cap-pasid-pri.txt",
	  .devfn = 0x10,
	  .flips = true },
	{ .name = "the same on bus 0",
	  .file = "cap-pasid-pri.txt",
	  .devfn = 0x10,
	  .on_bus_0 = true },
	{ .name = "QEMU nvme", .file = "qemu-virt.txt", .bus = 1, .flips = true },
	{ .name = "QEMU igb", .file = "qemu-virt.txt", .bus = 2, .flips = true },
	{ .name = "QEMU igb VF",
	  .file = "qemu-virt.txt",
	  .bus = 2,
	  .devfn = 0x80,
	  .vf = true,
	  .as_qemu = true,
	  .flips = true },
	{ .name = "QEMU igb VF, PF's bus",
	  .file = "qemu-virt.txt",
	  .bus = 2,
	  .devfn = 0x82,
	  .vf = true,
	  .with_pf = true,
	  .as_qemu = true,
	  .flips = true },
	{ .name = "igb VF, as specified",
	  .file = "qemu-virt.txt",
	  .bus = 2,
	  .devfn = 0x82,
	  .vf = true,
	  .flips = true },
	{ .name = "as specified, PF's bus",
	  .file = "qemu-virt.txt",
	  .bus = 2,
	  .devfn = 0x80,
	  .vf = true,
	  .with_pf = true,
	  .flips = true },
	{ .name = "igb VF that is nobody's",
	  .file = "qemu-virt.txt",
	  .bus = 2,
	  .devfn = 0x82,
	  .vf = true,
	  .with_pf = true,
	  .placeholder = true,
	  .flips = true },
	{ .name = "QEMU nvme with INTx",
	  .file = "qemu-virt.txt",
	  .bus = 1,
	  .line = 4,
	  .flips = true },
	{ .name = "82576 on bus 0 with INTx",
	  .file = "cap-pcie-2.txt",
	  .bus = 1,
	  .on_bus_0 = true,
	  .line = 1 },
	{ .name = "O2 SD host with INTx",
	  .file = "tree-fujitsu-p8010.txt",
	  .bus = 0x1c,
	  .devfn = 0x1a,
	  .line = 2 },
	{ .name = "QEMU e1000e", .file = "qemu-virt.txt", .bus = 3 },
	{ .name = "QEMU xHCI behind x3130", .file = "qemu-virt.txt", .bus = 6 },
	{ .name = "port above QEMU nvme", .file = "qemu-virt.txt", .bus = 1, .port = true },
	{ .name = "switch port above xHCI",
	  .file = "qemu-virt.txt",
	  .bus = 6,
	  .port = true,
	  .flips = true },
	{ .name = "port above 82576", .file = "cap-pcie-2.txt", .bus = 1, .port = true },
	{ .name = "broken extended list", .file = "broken-ecaps.txt" },
};

const unsigned subject_count = ARRAY_SIZE(subjects);

struct looked_at at;

static uint32_t get(const uint8_t *bytes, unsigned offset, unsigned size)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint32_t)bytes[offset + i] << 8 * i;
	return v;
}

static void put(uint8_t *bytes, unsigned offset, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++)
		bytes[offset + i] = (uint8_t)(value >> 8 * i);
}

/* ---- putting a function on a zone's bus ---- */

static void dump_place(const char *file, unsigned bus, unsigned devfn, unsigned *index)
{
	char path[128], line[128];
	unsigned n = 0, b, d, f;
	FILE *text;

	snprintf(path, sizeof(path), "tests/models/pci-dumps/%s", file);
	text = fopen(path, "r");
	if (!text)
		model_fail("matrix: no %s", path);
	*index = UINT32_MAX;
	while (text && fgets(line, sizeof(line), text)) {
		if (sscanf(line, "%2x:%2x.%1x ", &b, &d, &f) != 3)
			continue;
		if (b == bus && (d << 3 | f) == devfn)
			*index = n;
		n++;
	}
	if (text)
		fclose(text);
	if (*index == UINT32_MAX)
		model_fail("matrix: %s has no %02x:%02x", file, bus, devfn);
}

static unsigned extended(const uint8_t *dump, unsigned id)
{
	unsigned offset = 0x100;

	for (unsigned n = 0; offset >= 0x100 && n < 960; n++) {
		uint32_t head = get(dump, offset, 4);

		if ((head & 0xffff) == id)
			return offset;
		offset = head >> 20 & 0xffc;
	}
	return 0;
}

/* ---- virtual functions ---- */

#define VF_BAR (16 * KIB) /* of both of an igb's VFs' */

/* Its VFs are off, as after a reset, and software can turn them on. */
static void make_physical(struct model_pci_function *pf)
{
	unsigned cap = extended(pf->initial, 0x10);

	if (!cap)
		model_fail("matrix: the physical function has no SR-IOV");
	pf->sriov = (uint16_t)cap;
	pf->vfs_ns = 50000000;
	put(pf->config, cap + 0x08, 2, get(pf->config, cap + 0x08, 2) & ~0x19u);
	put(pf->config, cap + 0x10, 2, 0);
	put(pf->write, cap + 0x08, 2, 0x0019);
	put(pf->write, cap + 0x10, 2, 0xffff);
	put(pf->write, cap + 0x20, 4, 0x0553);
	for (unsigned bar = 0; bar < REF_BARS; bar++) {
		uint32_t low = get(pf->config, cap + 0x24 + 4 * bar, 4);

		if (!low)
			continue;
		put(pf->write, cap + 0x24 + 4 * bar, 4, ~(uint32_t)(VF_BAR - 1));
		if ((low & 6) == 4)
			put(pf->write, cap + 0x28 + 4 * bar++, 4, 0xffffffff);
	}
	model_pci_seal(pf);
}

static void make_virtual(struct model_pci_function *vf, struct model_pci_function *pf, bool as_qemu)
{
	unsigned cap = pf->sriov, first = pf->devfn + get(pf->initial, cap + 0x14, 2);

	vf->pf = pf;
	vf->vf = (vf->devfn - first) / get(pf->initial, cap + 0x16, 2);
	for (unsigned bar = 0; bar < REF_BARS; bar++) {
		uint32_t low = get(pf->config, cap + 0x24 + 4 * bar, 4);

		if (!low)
			continue;
		vf->mem_size[bar] = VF_BAR;
		vf->mem[bar] = calloc(1, VF_BAR); /* the model frees it */
		bar += (low & 6) == 4;
	}
	if (!as_qemu)
		put(vf->write, 4, 2, 0x0004);
	model_pci_seal(vf);
}

static void nobody_is_told(struct pci_function *pf)
{
	(void)pf;
}

/* Root has the physical function and enables its VFs, as a kernel does. */
static void enable_virtual(unsigned bus, unsigned devfn)
{
	struct pci_function *pf = model_function(bus, devfn >> 3, devfn & 7);
	struct vpci *root = machine.zones[0].v;
	sbdf_t where;

	pci_assign_groups(&machine.table);
	CU_ASSERT_EQUAL_FATAL(pci_offer_vfs(&machine.table, pf, 2, nobody_is_told), 0);
	CU_ASSERT_EQUAL_FATAL(model_assign(0, bus, devfn >> 3, devfn & 7, SBDF_NONE, SBDF_NONE), 0);
	where = vpci_where(root, pf);
	/* Without a serial number its SR-IOV capability heads the list. */
	CU_ASSERT_EQUAL(vpci_config_read(root, sbdf_bus(where), sbdf_devfn(where), 0x100, 2), 0x10);
	vpci_config_write(root, sbdf_bus(where), sbdf_devfn(where), 0x110, 2, 2);
	vpci_config_write(root, sbdf_bus(where), sbdf_devfn(where), 0x108, 2, 0x0009);
	model_time_advance_ns(100000000);
	vpci_poll(root);
	CU_ASSERT_EQUAL_FATAL(pci_vfs_phase(pf), VFS_ON);
}

static struct vpci_function *seen_as(const struct pci_function *f)
{
	struct vpci_function *fn = at.v->functions;

	while (fn && fn->f != f)
		fn = fn->next;
	return fn;
}

static uint64_t zone_read(unsigned offset, unsigned size)
{
	return vpci_config_read(at.v, at.bus, at.devfn, offset, size);
}

/* Places are the zone's business; they must make sense. */
static void learn_places(struct refconfig_facts *facts)
{
	for (unsigned i = 0; i < REF_BARS; i++) {
		uint64_t size, place;

		if (!model_pci_bar(at.hw, i, &place, &size) || !at.f->bars[i].bus)
			continue;
		facts->bar_size[i] = size;
		if (facts->with_pf)
			continue;
		place = zone_read(0x10 + 4 * i, 4) & ~0xfull;
		if (at.f->bars[i].kind == PCI_BAR_MEM64)
			place |= zone_read(0x14 + 4 * i, 4) << 32;
		facts->bar_place[i] = place;
		CU_ASSERT_EQUAL(place % size, 0);
		CU_ASSERT(range_inside(place, size, ZONE_MEM32, ZONE_MEM32_SZ) ||
			  range_inside(place, size, ZONE_MEM64, ZONE_MEM64_SZ));
	}
}

/* Messages as a reset leaves them: no address, disabled, not masked as a whole. */
static void clear_messages(uint8_t *config, const uint8_t *dump)
{
	for (unsigned cap = dump[6] & 0x10 ? dump[0x34] & 0xfc : 0, n = 0; cap && n < 48;
	     cap = dump[cap + 1] & 0xfc, n++) {
		if (dump[cap] == 0x05)
			put(config, cap + 4, 4, 0);
		if (dump[cap] == 0x11)
			config[cap + 3] &= 0x3f;
	}
}

/* Settings that a reset loses and somebody must put back. */
static void clear_settings(uint8_t *config, const uint8_t *dump)
{
	unsigned acs = extended(dump, 0x0d), sriov = extended(dump, 0x10);
	unsigned aer = extended(dump, 0x01), pcie = at.hw->pcie;

	put(config, 4, 2, 0);
	put(config, 0x0c, 1, 0);
	put(config, 0x3c, 1, 0);
	for (unsigned i = 0; i < REF_BARS; i++)
		put(config, 0x10 + 4 * i, 4, config[0x10 + 4 * i] & 0xf);
	if (pcie) {
		put(config, pcie + 0x08, 2, 0x2810);
		put(config, pcie + 0x10, 2, 0);
		if ((dump[pcie + 2] & 0xf) >= 2)
			put(config, pcie + 0x28, 2, 0);
	}
	if (aer) {
		put(config, aer + 0x08, 4, 0);
		put(config, aer + 0x0c, 4, 0);
		put(config, aer + 0x14, 4, 0);
	}
	if (acs)
		put(config, acs + 6, 2, 0);
	if (sriov)
		put(config, sriov + 8, 2, 0);
}

/*
 * From here on the hardware takes every write but to bits that a written 1 clears, and to those
 * that a virtual function does not have.
 */
static void open_hardware(const uint8_t *dump, uint16_t not_command)
{
	struct model_pci_function *hw = at.hw;

	for (unsigned i = 0; i < CONFIG; i++) {
		hw->write[i] = (uint8_t)~hw->w1c[i];
		hw->config[i] |= hw->w1c[i];
	}
	put(hw->write, 4, 2, (uint16_t)~not_command);
	memcpy(hw->initial, hw->config, CONFIG);
	clear_messages(hw->initial, dump);
	clear_settings(hw->initial, dump);
}

/* Before the machine is enumerated: capabilities as after a reset, with every bit writable. */
static void open_capabilities(struct model_pci_function *hw, const uint8_t *dump)
{
	refconfig_hardware_w1c(dump, hw->w1c);
	for (unsigned i = 0x40; i < CONFIG; i++)
		hw->write[i] = (uint8_t)~hw->w1c[i];
	clear_messages(hw->config, dump);
}

static struct model_pci_function *load(const struct subject *s, uint8_t *dump, uint8_t *pf_dump)
{
	struct model_pci_function *hw, *pf;
	unsigned index;

	model_machine(NULL);
	model_pci_dump_file(s->file);
	dump_place(s->file, s->bus, s->devfn, &index);
	hw = model_pci(index);
	memcpy(dump, hw->initial, CONFIG);
	open_capabilities(hw, dump);
	if (s->vf) {
		dump_place(s->file, s->bus, s->pf, &index);
		pf = model_pci(index);
		memcpy(pf_dump, pf->initial, CONFIG);
		make_physical(pf);
		make_virtual(hw, pf, s->as_qemu);
		/* The other ones. */
		for (index = 0; index < model_pci_count(); index++)
			if (model_pci(index)->parent == pf->parent && model_pci(index) != pf &&
			    model_pci(index) != hw)
				make_virtual(model_pci(index), pf, s->as_qemu);
	}
	pci_scan_host(&machine.host, &machine.table);
	if (s->vf)
		enable_virtual(s->bus, s->pf);
	return hw;
}

static void assign(const struct subject *s, const struct refconfig_facts *facts)
{
	sbdf_t bus_0 = sbdf_make(0, 0, 9, 0);
	unsigned zone = s->with_pf ? 0 : 1;

	at.f = NULL;
	for (unsigned i = 0; i < machine.table.count; i++) {
		struct pci_function *f = &machine.table.functions[i];

		if (model_pci_at(sbdf_bus(f->sbdf), sbdf_devfn(f->sbdf)) == at.hw)
			at.f = f;
	}
	if (!at.f)
		model_fail("matrix: the scan did not find %s", s->name);
	open_hardware(facts->dump, facts->not_command);
	at.v = machine.zones[zone].v;
	at.f->intx_line = (uint8_t)s->line;
	if (!s->placeholder)
		CU_ASSERT_EQUAL_FATAL(model_assign(zone, sbdf_bus(at.f->sbdf), sbdf_dev(at.f->sbdf),
						   sbdf_fn(at.f->sbdf),
						   s->on_bus_0 ? bus_0 : SBDF_NONE, SBDF_NONE),
				      0);
	at.fn = seen_as(at.f);
	at.bus = sbdf_bus(vpci_address(at.fn));
	at.devfn = sbdf_devfn(vpci_address(at.fn));
}

/* The pin that ends at the line given: a pin is passed on rotated by its device's number. */
static unsigned pin_for(const struct subject *s)
{
	unsigned device = (s->on_bus_0 ? at.devfn : at.fn->port->devfn) >> 3, pin = s->line ? 1 : 0;

	while (s->line && (pin - 1 + device) % 4 != s->line - 1)
		pin++;
	return pin;
}

static void look_at_port(const uint8_t *dump)
{
	struct refport_facts facts = { .below = dump, .slot = 1, .secondary = at.bus };

	at.below = at.fn;
	at.fn = at.below->port;
	at.bus = 0;
	at.devfn = 1 << 3;
	CU_ASSERT_PTR_EQUAL_FATAL(at.fn, seen_as(NULL));
	vpci_port_window(at.fn, false, &facts.window[0], &facts.window_size[0]);
	vpci_port_window(at.fn, true, &facts.window[1], &facts.window_size[1]);
	refconfig_port(&at.ref, &facts);
	at.hw = NULL;
}

/* INTx Disable without a line; decode where VF Memory Space Enable is on and the VF is root's. */
static uint32_t command_at_first(const struct refconfig_facts *facts)
{
	return ((facts->pin ? 0 : 0x0400u) | (facts->with_pf && !facts->placeholder ? 2u : 0u)) &
	       ~(uint32_t)facts->not_command;
}

void matrix_setup(const struct subject *s)
{
	static uint8_t dump[CONFIG], pf_dump[CONFIG];
	struct refconfig_facts facts = {
		.dump = dump,
		.pf = s->vf ? pf_dump : NULL,
		.with_pf = s->with_pf,
		.placeholder = s->placeholder,
		.not_command = s->vf && !s->as_qemu ? NOT_A_VFS : 0,
		.below_port = !s->on_bus_0,
		.doorbell = REAL_DOORBELL,
		.data = REAL_DATA,
	};

	const struct count count = at.count;

	memset(&at, 0, sizeof(at));
	at.count = count;
	at.subject = s;
	at.hw = load(s, dump, pf_dump);
	assign(s, &facts);
	if (s->port) {
		look_at_port(dump);
	} else {
		facts.vectors = at.f->vector_count;
		facts.pin = pin_for(s);
		learn_places(&facts);
		CU_ASSERT_EQUAL(get(at.hw->config, 4, 2), command_at_first(&facts));
		refconfig_endpoint(&at.ref, &facts, at.hw->config);
		at.ref.low = ZONE_MEM32;
		at.ref.low_size = ZONE_MEM32_SZ;
		at.ref.high = ZONE_MEM64;
		at.ref.high_size = ZONE_MEM64_SZ;
		memcpy(at.hw_assigned, at.hw->config, CONFIG);
		if (at.ref.msi)
			CU_ASSERT_EQUAL(get(at.hw->config, at.ref.msi + 4, 4),
					(uint32_t)REAL_DOORBELL);
	}
	at.assigned = *at.fn;
	at.ref_assigned = at.ref;
}

/* ---- accesses, to both sides ---- */

/* One that runs over the end of the page goes on in the next function's, where nobody is. */
uint64_t matrix_read(unsigned offset, unsigned size)
{
	uint64_t value = 0;

	if (offset + size <= CONFIG)
		return zone_read(offset, size);
	vpci_mmio(at.v, ZONE_ECAM + (at.bus << 20 | at.devfn << 12 | offset), size, false, &value);
	return value;
}

uint64_t matrix_expect(unsigned offset, unsigned size)
{
	unsigned here = offset + size <= CONFIG ? size : CONFIG - offset;
	uint64_t value = refconfig_read(&at.ref, offset, here);

	for (unsigned i = here; i < size; i++)
		value |= 0xffull << 8 * i;
	return value;
}

void matrix_write_both(unsigned offset, unsigned size, uint64_t value)
{
	unsigned here = offset + size <= CONFIG ? size : CONFIG - offset;

	if (here == size)
		vpci_config_write(at.v, at.bus, at.devfn, offset, size, value);
	else
		vpci_mmio(at.v, ZONE_ECAM + (at.bus << 20 | at.devfn << 12 | offset), size, true,
			  &value);
	refconfig_write(&at.ref, offset, here, value);
}

void matrix_differ(const char *what, unsigned offset, uint64_t got, uint64_t expected,
		   const char *after)
{
	if (at.count.differences++ < MAX_REPORTS)
		printf("    %s%s: %s 0x%x: 0x%llx, the reference says 0x%llx%s\n", at.subject->name,
		       at.in_use ? " in use" : "", what, offset, (unsigned long long)got,
		       (unsigned long long)expected, after);
}

/* All of the view, all of the hardware. */
void matrix_compare(const char *after)
{
	for (unsigned o = 0; o < CONFIG; o += 8) {
		uint64_t got = zone_read(o, 8), expected = refconfig_read(&at.ref, o, 8);

		if (got != expected)
			matrix_differ("view", o, got, expected, after);
	}
	if (at.hw && !at.ref.resetting && memcmp(at.hw->config, at.ref.hw, CONFIG))
		for (unsigned o = 0; o < CONFIG; o++)
			if (at.hw->config[o] != at.ref.hw[o])
				matrix_differ("hardware", o, at.hw->config[o], at.ref.hw[o], after);
}

static void use(void)
{
	if (!at.in_use)
		return;
	matrix_write_both(4, 2, 0x0006);
	if (at.ref.msix)
		matrix_write_both(at.ref.msix + 2, 2, 0x8000);
	else if (at.ref.msi)
		matrix_write_both(at.ref.msi + 2, 2, 0x0001);
}

void matrix_wait_for_reset(struct vpci_function *fn)
{
	while (fn->resetting) {
		model_time_advance_ns(50000000);
		host_lock(&at.v->lock);
		vpci_endpoint_advance(fn);
		host_unlock(&at.v->lock);
	}
}

/* Back to where the accesses start from. */
void matrix_put_back(void)
{
	if (at.hw) {
		matrix_wait_for_reset(at.fn);
		/* Beside its physical function a virtual one decodes as ever. */
		if (at.fn->memory_on && !at.fn->pf)
			vpci_config_write(at.v, at.bus, at.devfn, 4, 2, 0);
		memcpy(at.hw->config, at.hw_assigned, CONFIG);
	}
	if (at.below) {
		matrix_wait_for_reset(at.below);
		*at.below = at.below_start;
		for (unsigned i = 0; i < model_pci_count() && i < PHYSICAL; i++)
			memcpy(model_pci(i)->config, at.physical[i], CONFIG);
	}
	*at.fn = at.assigned;
	at.ref = at.ref_assigned;
	use();
}

void matrix_begin(bool in_use)
{
	at.in_use = in_use;
	if (at.below) {
		at.below_start = *at.below;
		for (unsigned i = 0; i < model_pci_count() && i < PHYSICAL; i++)
			memcpy(at.physical[i], model_pci(i)->config, CONFIG);
	}
	use();
	matrix_compare(" at the start");
	at.start = *at.fn;
	at.ref_start = at.ref;
	if (at.hw)
		memcpy(at.hw_start, at.hw->config, CONFIG);
}

bool matrix_unchanged(void)
{
	return !memcmp(at.fn, &at.start, sizeof(at.start)) &&
	       !memcmp(at.ref.view, at.ref_start.view, CONFIG) &&
	       (!at.hw || (!memcmp(at.hw->config, at.hw_start, CONFIG) &&
			   !memcmp(at.ref.hw, at.hw_start, CONFIG))) &&
	       !at.ref.resetting && !at.ref.bus_reset;
}
