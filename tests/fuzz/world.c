// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine that is fuzzed: how it is built, its IOMMUs, MSI unit and interrupt controllers, and how
 * everything is given back. See world.h; the oracle is in oracle.c.
 *
 * Scanning takes most of an input's time and always ends alike: it is done once for each width of
 * config access, and put back afterwards.
 */
#include "world.h"

#include <errno.h>
#include <string.h>

struct world world;

/*
 * A drive, a two-function card with SR-IOV, a switch with two endpoints (one whose MSI-X table crosses
 * a page, one that shares a page with its registers), a conventional device, an integrated one, and one
 * that is nobody's. Every identity is different.
 */
static const char tree[] =
	"00.0 host id=1b36:0008\n"
	"01.0 port id=1b36:1001\n"
	"  00.0 nvme pin=1\n"
	"02.0 port id=1b36:1002\n"
	"  00.0 ep id=8086:10c9 class=020000 pin=1 multi bar0=m32:16K bar2=io:32 bar3=m64:16K pm flr msi=1 "
	"msix=10@3+0,3+2000 dsn sriov=8 ari=1\n"
	"  00.1 ep id=8086:10ca class=020000 pin=2 multi bar0=m32:16K pm msi=4\n"
	"03.0 rootport id=1b36:1003 acs=1\n"
	"  00.0 up id=104c:8232\n"
	"    00.0 down id=104c:8233 acs=1\n"
	"      00.0 ep id=1af4:5001 pin=1 bar0=m64p:64K bar2=m32:256 msi=8 msix=20@0+fc8,0+1800 vpd vendor "
	"flr pm\n"
	"    01.0 down id=104c:8234 acs=1\n"
	"      00.0 ep id=1af4:5002 pin=2 bar0=m32:4K msix=3@0+800,0+c00 af pm\n"
	"04.0 pcibridge id=1b36:1004\n"
	"  00.0 pci id=1af4:5003 pin=1 bar0=m32:4K bar1=m32:16 pm\n"
	"05.0 rciep id=1af4:5004 pin=3 bar0=m32p:8K msi=2 flr\n"
	"06.0 port id=1b36:1005\n"
	"  00.0 ep id=1af4:5005 pin=1 bar0=m32:16K flr msi=1\n";

/* A network card whose VFs come and go, for those who want it. */
static const char vfs_tree[] = "07.0 port id=1b36:1006\n"
			       "  00.0 igbpf id=8086:1526\n";
#define PF_DEVICE 0x1526u
#define VF_DEVICE 0x1520u

/* What the scan made of it; with VFs second. */
static struct {
	bool done;
	struct pci_table table;
	uint8_t config[WORLD_MAX][4096];
} scanned[2][2];

static bool fails(enum world_failure what)
{
	return world.fail[what] && !--world.fail[what];
}

static struct world_function *function_by(uint32_t id, bool stream)
{
	for (unsigned i = 0; i < world.count; i++) {
		struct world_function *w = &world.functions[i];

		if ((stream ? w->f->iommu.id : w->f->msi_unit.id) == id)
			return w;
	}
	FUZZ_CHECK(false, "id 0x%x belongs to no function", id);
}

/* ---- the IOMMUs ---- */

struct domain {
	struct iommu_domain head;
	bool ram, doorbell;
};

static void iommu_limits(const struct iommu_unit *u, struct iommu_limits *out)
{
	(void)u;
	*out = (struct iommu_limits){ .page_sizes = PAGE_SIZE, .blocks_unknown = true };
}

static int domain_create(struct iommu_unit *u, uint16_t zone_id, struct iommu_domain **out)
{
	struct domain *d;

	if (fails(FAIL_DOMAIN_CREATE))
		return -ENOSPC;
	d = model_alloc(sizeof(*d));
	d->head.unit = u;
	d->head.zone_id = zone_id;
	*out = &d->head;
	world.domains++;
	return 0;
}

static int domain_destroy(struct iommu_domain *d)
{
	if (d->attached)
		return -EBUSY;
	if (fails(FAIL_DOMAIN_DESTROY))
		return -ETIMEDOUT;
	world.domains--;
	return 0;
}

/* A domain holds the zone's memory where the zone has it, and the doorbell. */
static int iommu_map(struct iommu_domain *head, iova_t iova, hpa_t pa, uint64_t size, unsigned prot)
{
	struct domain *d = (struct domain *)head;
	const struct zone *z = &world.zones[head->zone_id].zone;

	if (fails(FAIL_IOMMU_MAP))
		return -ENOMEM;
	if (iova == z->ram_gpa) {
		FUZZ_CHECK(!d->ram && pa == z->ram_hpa && size == z->ram_size &&
				   prot == (IOMMU_PROT_READ | IOMMU_PROT_WRITE),
			   "RAM of zone %u: 0x%llx + 0x%llx", head->zone_id, (unsigned long long)pa,
			   (unsigned long long)size);
		d->ram = true;
	} else {
		FUZZ_CHECK(!d->doorbell && iova == WORLD_REAL_PAGE && pa == WORLD_REAL_PAGE &&
				   size == PAGE_SIZE &&
				   prot == (IOMMU_PROT_WRITE | IOMMU_PROT_DEVICE),
			   "zone %u: 0x%llx -> 0x%llx", head->zone_id, (unsigned long long)iova,
			   (unsigned long long)pa);
		d->doorbell = true;
	}
	return 0;
}

static int attach(struct iommu_domain *head, uint32_t stream)
{
	struct world_function *w = function_by(stream, true);
	struct domain *d = (struct domain *)head;

	FUZZ_CHECK(d->ram && d->doorbell, "stream 0x%x attached to half a domain", stream);
	FUZZ_CHECK(w->f->iommu.unit == (int)head->unit->index, "stream 0x%x at unit %u", stream,
		   head->unit->index);
	if (w->stream_zone >= 0)
		return -EBUSY;
	if (fails(FAIL_ATTACH))
		return -ENOMEM;
	w->stream_zone = head->zone_id;
	head->attached++;
	return 0;
}

static int block(struct iommu_unit *u, uint32_t stream)
{
	struct world_function *w = function_by(stream, true);

	if (fails(FAIL_BLOCK))
		return -ETIMEDOUT;
	if (w->stream_zone >= 0) {
		struct iommu_domain *d = world.zones[w->stream_zone].zone.domains[u->index];

		FUZZ_CHECK(d && d->attached, "a stream is attached to a domain that is gone");
		d->attached--;
	}
	w->stream_zone = -1;
	return 0;
}

static const struct iommu_ops iommu_ops = {
	.name = "accountant",
	.limits = iommu_limits,
	.domain_create = domain_create,
	.domain_destroy = domain_destroy,
	.map = iommu_map,
	.attach = attach,
	.block = block,
};

/* ---- the MSI unit ---- */

static int vectors_alloc(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			 unsigned count, unsigned cpu)
{
	struct world_function *w = function_by(device_id, false);

	if (w->vectors)
		return -EBUSY;
	if (fails(FAIL_VECTORS_ALLOC))
		return -ENOSPC;
	FUZZ_CHECK(count && count <= WORLD_VECTORS, "%u vectors", count);
	for (unsigned i = 0; i < count; i++) {
		v[i].unit = u;
		v[i].device_id = device_id;
		v[i].index = (uint16_t)i;
		v[i].cpu = (uint16_t)cpu;
	}
	w->vectors = count;
	return 0;
}

static int vectors_free(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			unsigned count)
{
	struct world_function *w = function_by(device_id, false);

	(void)u;
	FUZZ_CHECK(v && count == w->vectors, "%u of %u vectors given back", count, w->vectors);
	if (fails(FAIL_VECTORS_FREE)) {
		world.pages_lost += (unsigned)(align_up(count * sizeof(*v), PAGE_SIZE) / PAGE_SIZE);
		return -ETIMEDOUT;
	}
	w->vectors = 0;
	return 0;
}

static int vector_target(struct msi_vector *v, unsigned cpu)
{
	bool own = false;

	for (unsigned i = 0; i < v->owner->cpu_count; i++)
		own |= v->owner->cpus[i] == cpu;
	FUZZ_CHECK(own, "a vector of zone %s goes to CPU %u", v->owner->name, cpu);
	v->cpu = (uint16_t)cpu;
	return 0;
}

static void message(const struct msi_vector *v, struct msi_message *out)
{
	*out = (struct msi_message){ .address = WORLD_REAL_MSI,
				     .data = WORLD_REAL_DATA + v->index };
}

static void doorbell(const struct msi_unit *u, hpa_t *base, uint64_t *size)
{
	(void)u;
	*base = WORLD_REAL_PAGE;
	*size = PAGE_SIZE;
}

static const struct msi_unit_ops msi_ops = {
	.name = "accountant",
	.vectors_alloc = vectors_alloc,
	.vectors_free = vectors_free,
	.vector_target = vector_target,
	.message = message,
	.doorbell = doorbell,
};

/* ---- the zones' interrupt controllers ---- */

static int virq_msi_vcpu(void *ctx, uint32_t device, uint64_t address, uint32_t data)
{
	const struct world_zone *z = ctx;

	(void)device;
	if (address != WORLD_DOORBELL || data >= ARRAY_SIZE(z->vcpu_of) || z->vcpu_of[data] < 0)
		return -ENOENT;
	return z->vcpu_of[data];
}

static enum access_result virq_msi(void *ctx, uint32_t device, uint64_t address, uint32_t data)
{
	struct world_zone *z = ctx;

	FUZZ_CHECK(!model_locks_held(), "a message is sent with a lock held");
	z->last_device = device;
	z->last_address = address;
	z->last_data = data;
	if (virq_msi_vcpu(ctx, device, address, data) < 0) {
		z->dropped++;
		return ACCESS_NONE;
	}
	z->delivered++;
	return ACCESS_DONE;
}

static const struct virq_ops virq_ops = { .msi = virq_msi, .msi_vcpu = virq_msi_vcpu };

/* ---- what the zones' CPUs reach: every mapping passes through here (ld --wrap) ---- */

int __real_host_map_guest(struct zone *z, gpa_t gpa, hpa_t hpa, uint64_t size,
			  enum guest_map_kind kind);
int __wrap_host_map_guest(struct zone *z, gpa_t gpa, hpa_t hpa, uint64_t size,
			  enum guest_map_kind kind);
int __real_host_unmap_guest(struct zone *z, gpa_t gpa, uint64_t size);
int __wrap_host_unmap_guest(struct zone *z, gpa_t gpa, uint64_t size);

int __wrap_host_map_guest(struct zone *z, gpa_t gpa, hpa_t hpa, uint64_t size,
			  enum guest_map_kind kind)
{
	int err;

	if (fails(FAIL_GUEST_MAP))
		return -ENOMEM;
	err = __real_host_map_guest(z, gpa, hpa, size, kind);
	if (err)
		return err;
	FUZZ_CHECK(kind == GUEST_MAP_DEVICE, "registers mapped as memory");
	FUZZ_CHECK(world.map_count < WORLD_MAPS, "more mappings than all BARs have pieces");
	world.maps[world.map_count++] = (struct world_map){ z, gpa, hpa, size };
	return 0;
}

int __wrap_host_unmap_guest(struct zone *z, gpa_t gpa, uint64_t size)
{
	for (unsigned i = 0; i < world.map_count; i++) {
		if (world.maps[i].zone != z || world.maps[i].gpa != gpa)
			continue;
		FUZZ_CHECK(world.maps[i].size == size, "part of a mapping is taken away");
		world.maps[i] = world.maps[--world.map_count];
		return __real_host_unmap_guest(z, gpa, size);
	}
	FUZZ_CHECK(false, "0x%llx was never mapped", (unsigned long long)gpa);
}

/* ---- building ---- */

static void add_function(unsigned n)
{
	struct world_function *w = &world.functions[n];

	w->f = &world.table.functions[n];
	w->hw = model_pci_at(sbdf_bus(w->f->sbdf), sbdf_devfn(w->f->sbdf));
	FUZZ_CHECK(w->hw, "the scan found what is not there");
	w->stream_zone = -1;
	w->f->iommu.unit = (int)(n % WORLD_IOMMUS);
	/* Errors seen before: what nobody cleared must still stand there. */
	for (unsigned i = 0; i < 4096; i++)
		w->hw->config[i] |= w->hw->w1c[i];
	if (w->hw->pf)
		model_pci_seal(w->hw); /* that is how it is enabled */
	memcpy(w->scanned, w->hw->config, sizeof(w->scanned));
	for (unsigned b = 0; b < 6; b++) {
		uint64_t size;

		model_pci_bar(w->hw, b, &w->bar[b], &size);
	}
	world_rules(w);
}

static void scan(bool narrow, bool vfs)
{
	struct pci_function *f = world.table.functions;

	world.host.widths = narrow ? 4 : 7;
	if (!scanned[vfs][narrow].done) {
		FUZZ_CHECK(!pci_scan_host(&world.host, &world.table), "the scan fails");
		FUZZ_CHECK(world.table.count + (vfs ? WORLD_VFS : 0) <= WORLD_MAX, "%u functions",
			   world.table.count);
		pci_assign_groups(&world.table);
		scanned[vfs][narrow].table = world.table;
		for (unsigned i = 0; i < world.table.count; i++)
			memcpy(scanned[vfs][narrow].config[i], model_pci(i)->config, 4096);
		scanned[vfs][narrow].done = true;
	}
	world.table = scanned[vfs][narrow].table;
	for (unsigned i = 0; i < world.table.count; i++) {
		memcpy(model_pci(i)->config, scanned[vfs][narrow].config[i], 4096);
		FUZZ_CHECK(f[i].host == &world.host, "the table has moved");
	}
}

static void add_zone(unsigned n)
{
	static const struct vpci_layout layout = {
		.ecam = WORLD_ECAM,
		.bus_last = WORLD_BUS_LAST,
		.mem32 = WORLD_MEM32,
		.mem32_size = WORLD_MEM32_SZ,
		.mem64 = WORLD_MEM64,
		.mem64_size = WORLD_MEM64_SZ,
	};
	struct world_zone *z = &world.zones[n];

	z->zone.id = (uint16_t)n;
	z->zone.root = n == 0;
	snprintf(z->zone.name, sizeof(z->zone.name), "%s", n ? "guest" : "root");
	z->zone.manifest = &z->manifest;
	z->zone.cpu_count = 2;
	z->zone.cpus[0] = (uint16_t)(2 * n);
	z->zone.cpus[1] = (uint16_t)(2 * n + 1);
	z->zone.ram_gpa = WORLD_RAM;
	z->zone.ram_hpa = 0x4b600000 + n * 2 * WORLD_RAM_SZ;
	z->zone.ram_size = WORLD_RAM_SZ;
	memset(z->vcpu_of, 0xff, sizeof(z->vcpu_of));
	z->zone.vpci = vpci_create(&z->zone, &layout, &virq_ops, z);
}

/*
 * VFs have come: the first goes to the zone that the PF is not in, which only a PF of root's may
 * have, the second to the PF's own, the third to nobody.
 */
static void vfs_changed(struct pci_function *pf)
{
	unsigned first = (unsigned)(world.vfs - world.functions);

	FUZZ_CHECK(!model_locks_held(), "it is told of VFs with a lock held");
	FUZZ_CHECK(pf == world.pf->f && pf->owner, "VFs of a function that is nobody's");
	if (pci_vfs_phase(pf) != VFS_ON)
		return;
	for (unsigned n = 0; n < 2; n++)
		if (pf->sriov.vfs[n].state == DEVICE_QUARANTINED)
			world_assign(pf->owner->id ^ !n, first + n, SBDF_NONE, SBDF_NONE);
}

static void offer_vfs(void)
{
	for (unsigned i = 0; i < world.table.count; i++) {
		struct pci_function *f = &world.table.functions[i];

		if (f->device != PF_DEVICE)
			continue;
		FUZZ_CHECK(!pci_offer_vfs(&world.table, f, WORLD_VFS, vfs_changed), "%s",
			   model_log());
		world.pf = &world.functions[i];
		world.vfs = &world.functions[f->sriov.vfs - world.table.functions];
		return;
	}
	FUZZ_CHECK(false, "no function with SR-IOV");
}

static void add_vfs_tree(void)
{
	struct model_pci_function *pf;
	unsigned at = model_pci_count() + 1;

	model_pci_text(vfs_tree);
	pf = model_pci(at);
	/* Not what another function's is. */
	model_pci_put(pf, pf->sriov + 0x1au, 2, VF_DEVICE, 0, 0);
	model_pci_seal(pf);
}

static void build(bool narrow, bool vfs)
{
	model_reset();
	memset(&world, 0, sizeof(world));
	model_pci_create(&world.host);
	model_pci_text(tree);
	if (vfs)
		add_vfs_tree();
	scan(narrow, vfs);
	pci_assign_groups(&world.table);
	if (vfs)
		offer_vfs();
	world.count = world.table.count;
	/* Wired as common: device d's pin p raises line (d + p) mod 4. */
	for (unsigned n = 0; n < 4 * PCI_SLOTS; n++)
		world.host.intx[n / 4][n % 4] = WORLD_IRQ + (n / 4 + n % 4) % 4;
	world.board.iommu_count = WORLD_IOMMUS;
	world.board.msi_unit_count = 1;
	for (unsigned i = 0; i < WORLD_IOMMUS; i++)
		world.board.iommus[i] = (struct iommu_unit){ .ops = &iommu_ops, .index = i };
	world.board.msi_units[0].ops = &msi_ops;
	core_init(&world.board, &world.table);
	for (unsigned i = 0; i < world.count; i++)
		add_function(i);
	for (unsigned i = 0; i < WORLD_ZONES; i++)
		add_zone(i);
}

void world_build(bool narrow)
{
	build(narrow, false);
}

void world_build_vfs(bool narrow, unsigned pf_zone)
{
	build(narrow, true);
	world.pf_zone = pf_zone;
}

int world_assign(unsigned zone, unsigned function, sbdf_t vbdf, sbdf_t vport)
{
	struct world_function *w = &world.functions[function];
	int err = device_assign(&world.zones[zone].zone, w->f, vbdf, vport);

	w->owned |= !err;
	return err;
}

void world_assign_all(void)
{
	static const struct {
		uint16_t device;
		unsigned zone;
	} given[] = { { 0x0010, 1 }, { 0x10c9, 1 }, { 0x10ca, 1 }, { 0x5001, 0 },
		      { 0x5002, 1 }, { 0x5003, 0 }, { 0x5004, 0 } };

	for (unsigned g = 0; g < ARRAY_SIZE(given); g++)
		for (unsigned i = 0; i < world.count; i++)
			if (world.functions[i].f->device == given[g].device)
				FUZZ_CHECK(!world_assign(given[g].zone, i,
							 given[g].device == 0x5004
								 ? sbdf_make(0, 0, 5, 0)
								 : SBDF_NONE,
							 SBDF_NONE),
					   "%s", model_log());
	if (world.pf)
		FUZZ_CHECK(!world_assign(world.pf_zone, (unsigned)(world.pf - world.functions),
					 SBDF_NONE, SBDF_NONE),
			   "%s", model_log());
}

int world_finish(struct device_quiesce *q, int err)
{
	while (err == -EAGAIN) {
		if (q->wait_until > host_time_ns())
			model_time_advance_ns(q->wait_until - host_time_ns());
		err = device_quiesce_step(q);
	}
	return err;
}

void world_fail_nothing(void)
{
	memset(world.fail, 0, sizeof(world.fail));
	model_fail_alloc_after(0);
}

/* A reset works: there is a way, and it ends within the second that PCIe allows. */
static bool comes_back(const struct model_pci_function *hw)
{
	bool flr = hw->pcie && hw->config[hw->pcie + 7] & 0x10;

	if (hw->pf && hw->pf->gone)
		return false;
	return (flr || hw->af || hw->pm) && !hw->never_ready && !hw->stuck_pending && !hw->gone &&
	       hw->reset_ns < 1000000000;
}

void world_end(void)
{
	world_fail_nothing();
	for (unsigned i = 0; i < world.count; i++) {
		struct world_function *w = &world.functions[i];
		struct device_quiesce q;

		if (w->f->state != DEVICE_ASSIGNED)
			continue;
		world_finish(&q, device_quiesce_start(&q, w->f->owner, w->f));
		FUZZ_CHECK(w->f->state == DEVICE_QUARANTINED || !comes_back(w->hw), "%s",
			   model_log());
	}
	for (unsigned i = 0; world.vfs && i < WORLD_VFS; i++)
		FUZZ_CHECK(world.vfs[i].f->state == DEVICE_ABSENT ||
				   (world.vfs[i].f->state == DEVICE_FAILED &&
				    !comes_back(world.vfs[i].hw)),
			   "VF %u is %s, its PF is nobody's", i,
			   device_state_name(world.vfs[i].f->state));
	world_check();
	FUZZ_CHECK(!world.map_count, "%u mappings are left", world.map_count);
	for (uint32_t irq = WORLD_IRQ; irq < WORLD_IRQ + 4; irq++)
		FUZZ_CHECK(!model_line_owner(irq, NULL), "interrupt %u is still somebody's", irq);
	for (unsigned i = 0; i < WORLD_ZONES; i++) {
		struct zone *z = &world.zones[i].zone;
		bool held = false;

		for (unsigned n = 0; n < world.count; n++)
			held |= world.functions[n].stream_zone == (int)i;
		FUZZ_CHECK(!zone_domains_destroy(z) == !held, "domains of zone %u", i);
		vpci_destroy(z->vpci);
	}
	FUZZ_CHECK(model_pages_live() == world.pages_lost, "%llu pages are left, %u were lost",
		   (unsigned long long)model_pages_live(), world.pages_lost);
	FUZZ_CHECK(!model_locks_held(), "a lock is still held");
}

/* ---- values ---- */

uint64_t fuzz_value(struct fuzz_input *in)
{
	static const uint64_t patterns[] = {
		0,
		UINT64_MAX,
		0xffffffff,
		0xffff,
		6,
		2,
		4,
		0x407,
		0x8000,
		0xc000,
		0x8000000080000000,
		WORLD_DOORBELL,
		WORLD_REAL_MSI,
		WORLD_MEM32,
		WORLD_MEM64,
		WORLD_RAM,
		MODEL_PCI_MEM32,
		MODEL_PCI_MEM64,
		WORLD_MEM32 + WORLD_MEM32_SZ - 0x1000,
		WORLD_MEM64 + WORLD_MEM64_SZ - 0x10000,
		0x00ff0100,
		0x00020200,
	};
	unsigned how = fuzz_u8(in);

	if (how < ARRAY_SIZE(patterns))
		return patterns[how];
	if (how < 64)
		return (uint64_t)1 << (how - 22);
	if (how < 128)
		return fuzz_u8(in);
	if (how < 160)
		return WORLD_MEM32 + ((uint64_t)fuzz_u16(in) << 12) % WORLD_MEM32_SZ;
	return fuzz_take(in, how < 224 ? 4 : 8);
}
