// SPDX-License-Identifier: GPL-2.0-or-later
/* See sriov-fixture.h. */
#include "sriov-fixture.h"

const char sriov_tree[] = "02.0 port\n"
			  "  00.0 igbpf\n"
			  "03.0 port\n"
			  "  00.0 nvme\n";

static struct machine board;
static struct manifest_zone wishes;
struct pci_function *sr_pf;
sbdf_t sr_at, sr_vf_at[2];
unsigned sr_refuse_block;
bool sr_deliver;

struct sriov_seen sr_seen;

struct model_pci_function *sr_hw(void)
{
	return model_pci_at(1, 0);
}

struct model_pci_function *sr_hw_vf(unsigned n)
{
	return model_pci_at(1, 0x80 + 2 * n);
}

bool sr_hw_vfe(void)
{
	return model_pci_get(sr_hw(), sr_hw()->sriov + 8u, 2) & 1;
}

struct zone *sr_root(void)
{
	return &machine.zones[0].zone;
}

struct zone *sr_guest(void)
{
	return &machine.zones[1].zone;
}

uint32_t sr_rd(sbdf_t where, unsigned offset, unsigned size)
{
	return (uint32_t)vpci_config_read(sr_root()->vpci, sbdf_bus(where), sbdf_devfn(where),
					  offset, size);
}

void sr_wr(sbdf_t where, unsigned offset, unsigned size, uint32_t value)
{
	vpci_config_write(sr_root()->vpci, sbdf_bus(where), sbdf_devfn(where), offset, size, value);
}

/* ---- units ---- */

static void limits(const struct iommu_unit *u, struct iommu_limits *out)
{
	(void)u;
	*out = (struct iommu_limits){ .page_sizes = PAGE_SIZE, .blocks_unknown = true };
}

static int domain_create(struct iommu_unit *u, uint16_t zone_id, struct iommu_domain **out)
{
	*out = model_alloc(sizeof(**out));
	(*out)->unit = u;
	(*out)->zone_id = zone_id;
	return 0;
}

static int map(struct iommu_domain *d, iova_t iova, hpa_t pa, uint64_t size, unsigned prot)
{
	(void)d, (void)iova, (void)pa, (void)size, (void)prot;
	return 0;
}

static int attach(struct iommu_domain *d, uint32_t stream)
{
	(void)d, (void)stream;
	sr_seen.attached++;
	return 0;
}

static int block(struct iommu_unit *u, uint32_t stream)
{
	(void)u;
	sr_seen.blocked++;
	sr_seen.vfe_then = sr_hw_vfe();
	sr_seen.pf_resets_then = sr_hw()->resets;
	for (unsigned n = 0; n < 2; n++)
		sr_seen.master_then |= sr_hw_vfe() && model_pci_get(sr_hw_vf(n), 4, 2) & 4 &&
				       stream == sr_pf->sriov.vfs[n].iommu.id;
	if (sr_refuse_block && stream == sr_refuse_block)
		return -ETIMEDOUT;
	sr_seen.attached--;
	return 0;
}

static const struct iommu_ops iommu = {
	.name = "recorder",
	.limits = limits,
	.domain_create = domain_create,
	.map = map,
	.attach = attach,
	.block = block,
};

static int vectors_alloc(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			 unsigned count, unsigned cpu)
{
	for (unsigned i = 0; i < count; i++) {
		v[i].unit = u;
		v[i].device_id = device_id;
		v[i].index = (uint16_t)i;
		v[i].cpu = (uint16_t)cpu;
	}
	sr_seen.vectors += count;
	return 0;
}

static int vectors_free(struct msi_unit *u, uint32_t device_id, struct msi_vector *v,
			unsigned count)
{
	(void)u, (void)device_id, (void)v;
	sr_seen.vectors -= count;
	return 0;
}

static void message(const struct msi_vector *v, struct msi_message *out)
{
	*out = (struct msi_message){ .address = REAL_DOORBELL, .data = v->index };
}

static void doorbell(const struct msi_unit *u, hpa_t *base, uint64_t *size)
{
	(void)u;
	*base = *size = 0;
}

static const struct msi_unit_ops msi = {
	.name = "recorder",
	.vectors_alloc = vectors_alloc,
	.vectors_free = vectors_free,
	.message = message,
	.doorbell = doorbell,
};

/* ---- the scene ---- */

void sr_changed(struct pci_function *f)
{
	CU_ASSERT_EQUAL(model_locks_held(), 0);
	CU_ASSERT_PTR_EQUAL(f, sr_pf);
	sr_seen.told[pci_vfs_phase(f)]++;
	if (!sr_deliver || pci_vfs_phase(f) != VFS_ON)
		return;
	for (unsigned n = 0; n < f->sriov.enabled; n++)
		if (f->sriov.vfs[n].state == DEVICE_QUARANTINED)
			device_assign(n ? sr_root() : sr_guest(), &f->sriov.vfs[n], NONE, NONE);
}

void sr_boot(const char *text, unsigned offered)
{
	memset(&sr_seen, 0, sizeof(sr_seen));
	memset(&board, 0, sizeof(board));
	memset(&wishes, 0, sizeof(wishes));
	sr_refuse_block = 0;
	sr_deliver = true;
	model_machine(text);
	pci_assign_groups(&machine.table);
	board.iommu_count = board.msi_unit_count = 1;
	board.iommus[0].ops = &iommu;
	board.msi_units[0].ops = &msi;
	core_init(&board, &machine.table);
	for (unsigned i = 0; i < 2; i++)
		machine.zones[i].zone.manifest = &wishes;
	sr_pf = model_function(1, 0, 0);
	sr_at = sr_pf->sbdf;
	for (unsigned n = 0; n < 2; n++)
		sr_vf_at[n] = sbdf_make(0, 1, 16, 2 * n);
	if (offered)
		CU_ASSERT_EQUAL(pci_offer_vfs(&machine.table, sr_pf, offered, sr_changed), 0);
}

void sr_setup(void)
{
	sr_boot(sriov_tree, 2);
	CU_ASSERT_EQUAL(device_assign(sr_root(), sr_pf, sr_pf->sbdf, sbdf_make(0, 0, 2, 0)), 0);
}

struct pci_function *sr_vf(unsigned n)
{
	return &sr_pf->sriov.vfs[n];
}

/* What Linux does for sriov_numvfs. */
void sr_enable(unsigned count)
{
	sr_wr(sr_at, NUMVFS, 2, count);
	sr_wr(sr_at, CONTROL, 2, ON);
	model_time_advance_ns(100 * MS);
}

/* Runs what hv-glue's work does until the VFs have gone. */
int sr_finish_going(void)
{
	uint64_t when = 0;
	int err;

	while ((err = vfs_leave_step(sr_pf, &when)) == -EAGAIN)
		if (when > host_time_ns())
			model_time_advance_ns(when - host_time_ns());
	return err;
}

int sr_release(struct zone *z, struct pci_function *f)
{
	struct device_quiesce q;
	int err = device_quiesce_start(&q, z, f);

	while (err == -EAGAIN) {
		if (q.wait_until > host_time_ns())
			model_time_advance_ns(q.wait_until - host_time_ns());
		err = device_quiesce_step(&q);
	}
	return err;
}
