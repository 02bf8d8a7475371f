// SPDX-License-Identifier: GPL-2.0-or-later
/* See security-fixture.h. */
#include "security-fixture.h"

#include <irq/gic-v3-its.h>
#include <irq/gic-v3.h>

#define SMMU   ((hpa_t)0x9050000)
#define DIST   ((hpa_t)0x8000000)
#define ITS    ((hpa_t)0x8080000)
#define REDIST ((hpa_t)0x80a0000)

struct secure_machine secure;

const char secure_tree[] = "02.0 port\n"
			   "  00.0 nvme\n"
			   "03.0 port\n"
			   "  00.0 nvme id=8086:5845\n";

static struct {
	void (*run)(void);
	bool inside;
	unsigned times;
} other_cpu;

/* Whoever would wait for a lock comes by later. */
static void look_aside(void)
{
	if (!other_cpu.run || other_cpu.inside || model_locks_held())
		return;
	other_cpu.inside = true;
	other_cpu.times++;
	other_cpu.run();
	other_cpu.inside = false;
}

/* ---- the shipped operations, seen by the other CPU before and after ---- */

static const struct msi_unit_ops *its_ops;
static const struct pci_config_ops *config_ops;

static int domain_create(struct iommu_unit *u, uint16_t zone_id, struct iommu_domain **out)
{
	look_aside();
	return arm_smmu_v3_ops.domain_create(u, zone_id, out);
}

static int domain_destroy(struct iommu_domain *d)
{
	int err = arm_smmu_v3_ops.domain_destroy(d);

	look_aside();
	return err;
}

static int map(struct iommu_domain *d, iova_t iova, hpa_t pa, uint64_t size, unsigned prot)
{
	look_aside();
	return arm_smmu_v3_ops.map(d, iova, pa, size, prot);
}

static int attach(struct iommu_domain *d, uint32_t stream)
{
	int err;

	look_aside();
	err = arm_smmu_v3_ops.attach(d, stream);
	look_aside();
	return err;
}

static int block(struct iommu_unit *u, uint32_t stream)
{
	int err;

	look_aside();
	err = arm_smmu_v3_ops.block(u, stream);
	secure.blocks += !err;
	look_aside();
	return err;
}

static int vectors_alloc(struct msi_unit *u, uint32_t device, struct msi_vector *v, unsigned count,
			 unsigned cpu)
{
	int err;

	look_aside();
	err = its_ops->vectors_alloc(u, device, v, count, cpu);
	look_aside();
	return err;
}

static int vectors_free(struct msi_unit *u, uint32_t device, struct msi_vector *v, unsigned count)
{
	int err;

	look_aside();
	err = its_ops->vectors_free(u, device, v, count);
	look_aside();
	return err;
}

static uint32_t config_read(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size)
{
	look_aside();
	return config_ops->read(h, fn, offset, size);
}

static void config_write(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size,
			 uint32_t value)
{
	config_ops->write(h, fn, offset, size, value);
	look_aside();
}

static void watch(void)
{
	static struct iommu_ops iommu;
	static struct msi_unit_ops msi;
	static struct pci_config_ops config;

	iommu = arm_smmu_v3_ops;
	iommu.domain_create = domain_create;
	iommu.domain_destroy = domain_destroy;
	iommu.map = map;
	iommu.attach = attach;
	iommu.block = block;
	secure.board.iommus[0].ops = &iommu;
	its_ops = secure.board.msi_units[0].ops;
	msi = *its_ops;
	msi.vectors_alloc = vectors_alloc;
	msi.vectors_free = vectors_free;
	secure.board.msi_units[0].ops = &msi;
	config_ops = machine.host.config;
	config = *config_ops;
	config.read = config_read;
	config.write = config_write;
	machine.host.config = &config;
}

/* ---- the machine ---- */

static void add_interrupts(void)
{
	const struct model_gic_config gic = {
		.dist = DIST,
		.redist = REDIST,
		.cpus = SECURE_CPUS,
		.affinity = { 0, 1, 2, 3 },
		.spis = 32,
		.id_bits = 16,
	};
	const struct model_its_config its = {
		.base = ITS,
		.device_bits = 16,
		.event_bits = 16,
		.itt_entry = 12,
		.device_entry = 8,
		.only_page = 3,
	};
	struct intc_info info = { .dist_base = DIST, .dist_size = 0x10000, .redist_base = REDIST };
	struct msi_unit *unit = &secure.board.msi_units[0];

	model_gic_add(&gic);
	model_its_add(&its);
	info.redist_size = SECURE_CPUS * model_gic_redist_size();
	*unit = (struct msi_unit){ .base = ITS, .size = 0x20000 };
	CU_ASSERT_EQUAL_FATAL(gic_v3_init(&info), 0);
	CU_ASSERT_EQUAL_FATAL(gic_v3_cpu_init(), 0);
	CU_ASSERT_EQUAL_FATAL(gic_its_init(unit), 0);
	CU_ASSERT_EQUAL_FATAL(gic_its_cpu_init(), 0);
	for (unsigned cpu = 1; cpu < SECURE_CPUS; cpu++) {
		model_set_cpu(cpu);
		CU_ASSERT_EQUAL_FATAL(gic_v3_cpu_init(), 0);
		CU_ASSERT_EQUAL_FATAL(gic_its_cpu_init(), 0);
	}
	model_set_cpu(0);
}

static void add_smmu(void)
{
	static const struct model_smmu_config config;

	secure.smmu = model_smmu_create(SMMU, &config);
	secure.board.iommus[0] = (struct iommu_unit){
		.ops = &arm_smmu_v3_ops,
		.base = SMMU,
		.size = 0x20000,
		.dma_coherent = true,
		.irqs = { .event = 106, .error = 109 },
	};
	CU_ASSERT_EQUAL_FATAL(arm_smmu_v3_ops.init(&secure.board.iommus[0]), 0);
}

struct zone *secure_zone(unsigned zone)
{
	return &machine.zones[zone].zone;
}

void secure_setup(const char *tree)
{
	secure_interleave(NULL);
	memset(&secure, 0, sizeof(secure));
	model_machine(tree);
	secure.board.iommu_count = secure.board.msi_unit_count = 1;
	add_smmu();
	add_interrupts();
	pci_assign_groups(&machine.table);
	for (unsigned i = 0; i < machine.table.count; i++)
		machine.table.functions[i].state = DEVICE_QUARANTINED;
	watch();
	core_init(&secure.board, &machine.table);
	for (unsigned i = 0; i < 2; i++) {
		struct zone *z = secure_zone(i);

		z->manifest = &secure.wishes[i];
		z->ram_gpa = SECURE_RAM_GPA;
		z->ram_hpa = SECURE_RAM_HPA(i);
		z->ram_size = SECURE_RAM_SIZE;
		memset(machine.zones[i].vcpu_of, 0, sizeof(machine.zones[i].vcpu_of));
	}
}

int secure_give(unsigned zone, struct pci_function *f)
{
	return device_assign(secure_zone(zone), f, SBDF_NONE, SBDF_NONE);
}

int secure_finish(struct device_quiesce *q, int err)
{
	while (err == -EAGAIN) {
		if (q->wait_until > host_time_ns())
			model_time_advance_ns(q->wait_until - host_time_ns());
		err = device_quiesce_step(q);
	}
	return err;
}

int secure_take_back(unsigned zone, struct pci_function *f)
{
	struct device_quiesce q;

	return secure_finish(&q, device_quiesce_start(&q, secure_zone(zone), f));
}

bool secure_dma(const struct pci_function *f, iova_t iova, hpa_t *out)
{
	hpa_t to = 0;
	bool through = model_smmu_dma(secure.smmu, f->iommu.id, iova, true, &to);

	if (out)
		*out = to;
	return through;
}

uint64_t secure_rd(unsigned zone, const struct pci_function *f, unsigned offset, unsigned size)
{
	struct vpci *v = machine.zones[zone].v;
	sbdf_t at = vpci_where(v, f);

	return vpci_config_read(v, sbdf_bus(at), sbdf_devfn(at), offset, size);
}

void secure_wr(unsigned zone, const struct pci_function *f, unsigned offset, unsigned size,
	       uint64_t value)
{
	struct vpci *v = machine.zones[zone].v;
	sbdf_t at = vpci_where(v, f);

	vpci_config_write(v, sbdf_bus(at), sbdf_devfn(at), offset, size, value);
}

gpa_t secure_bar0(unsigned zone, const struct pci_function *f)
{
	uint64_t low = secure_rd(zone, f, PCI_BASE_ADDRESS_0, 8);

	return (low & 6) == 4 ? low & ~0xfull : low & 0xfffffff0ull;
}

uint64_t secure_mmio_rd(unsigned zone, gpa_t addr, unsigned size)
{
	uint64_t value = 0;

	CU_ASSERT_EQUAL(vpci_mmio(machine.zones[zone].v, addr, size, false, &value), ACCESS_DONE);
	return value;
}

void secure_mmio_wr(unsigned zone, gpa_t addr, unsigned size, uint64_t value)
{
	CU_ASSERT_EQUAL(vpci_mmio(machine.zones[zone].v, addr, size, true, &value), ACCESS_DONE);
}

void secure_drive(unsigned zone, const struct pci_function *f, uint32_t data)
{
	gpa_t table = secure_bar0(zone, f) + 0x2000;

	secure_wr(zone, f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	secure_wr(zone, f, f->caps.msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	secure_mmio_wr(zone, table, 8, ZONE_DOORBELL);
	secure_mmio_wr(zone, table + 8, 8, data);
}

void secure_send(const struct pci_function *f)
{
	const struct model_pci_function *hw = model_pci_at(sbdf_bus(f->sbdf), sbdf_devfn(f->sbdf));
	uint64_t address;
	uint32_t intid, data;

	/* The SMMU passes it on like any other write; the ITS hears who sent it. */
	if (!model_pci_msix_message(hw, 0, &address, &data) || !secure_dma(f, address, NULL))
		return;
	model_its_write(f->msi_unit.id, data);
	for (unsigned cpu = 0; cpu < SECURE_CPUS; cpu++) {
		model_set_cpu(cpu);
		while ((intid = gic_v3_ack()) != GIC_INTID_NONE) {
			gic_its_handle_lpi(intid);
			gic_v3_eoi(intid);
		}
	}
	model_set_cpu(0);
}

static void event(void *ctx, enum model_event event, uint64_t addr, uint64_t size, uint64_t value)
{
	(void)ctx;
	(void)event;
	(void)addr;
	(void)size;
	(void)value;
	look_aside();
}

unsigned secure_interleave(void (*other)(void))
{
	unsigned times = other_cpu.times;

	model_observe(other ? event : NULL, NULL);
	other_cpu.run = other;
	other_cpu.inside = false;
	other_cpu.times = 0;
	return times;
}
