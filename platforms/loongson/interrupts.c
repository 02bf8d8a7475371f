// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPUs, interrupt controllers and MSI doorbells, from the MADT. Contract in discovery.h.
 *
 * Interrupts are named by their global number throughout: LIOINTC source n is 16 + n, PCH-PIC input
 * n is gsi_base + n. Source: ACPI Specification 6.5, 5.2.12.20 to 5.2.12.26.
 */
#include "discovery.h"

#include <postern/errno.h>
#include <postern/host.h>

/*
 * The CPU's own configuration, with its inter-processor interrupts, on every node. A doorbell in
 * there works, but mapping its page for a device would give that all of it.
 */
#define CPU_BLOCK      ((hpa_t)0x1fe00000)
#define CPU_BLOCK_SIZE (2 * 64 * KIB)

/* A PCH-PIC's registers, where firmware gives no size. */
#define PCH_PIC_SIZE ((uint64_t)0x400)

/* These machines start on core 0 of node 0. */
static int discover_cpus(struct loongson_discovery *d)
{
	struct machine *m = d->m;

	for (unsigned i = 0; i < d->madt.core_count; i++)
		m->cpus[m->cpu_count++].hw_id = d->madt.cores[i].core;
	if (d->madt.cores_left_out)
		host_log(LOG_WARN, "%s: %u CPUs stay off: Postern drives %d", d->board->name,
			 d->madt.cores_left_out, MAX_CPUS);
	if (!m->cpu_count) {
		loongson_assume(d, "the boot CPU, alone,", "MADT");
		m->cpus[m->cpu_count++].hw_id = 0;
	}
	for (unsigned i = 0; i < m->cpu_count; i++) {
		const struct cpu_info boot = m->cpus[i];

		if (boot.hw_id)
			continue;
		m->cpus[i] = m->cpus[0];
		m->cpus[0] = boot;
		return 0;
	}
	return loongson_refuse(d, -EINVAL, "its MADT does not list core 0, which runs this");
}

static void discover_controllers(struct loongson_discovery *d)
{
	struct loongson_intc_info *info = &d->m->loongson;
	const struct acpi_madt *madt = &d->madt;

	*info = d->board->interrupts;
	if (madt->eio_count)
		info->eio_pin = madt->eio[0].cascade - ACPI_LINE_HWI0;
	if (madt->lio.present && madt->lio.cascade_map[0])
		info->lio_pin = madt->lio.cascade[0] - ACPI_LINE_HWI0;
	if (!madt->bio_count) {
		loongson_assume(d, "the PCH-PIC", "BIO_PIC in its MADT");
		return;
	}
	info->pch_pic_count = 0;
	for (unsigned i = 0; i < madt->bio_count; i++)
		info->pch_pics[info->pch_pic_count++] = (struct pch_pic_info){
			.base = madt->bio[i].base,
			.size = madt->bio[i].size ? madt->bio[i].size : PCH_PIC_SIZE,
			.gsi_base = madt->bio[i].gsi_base,
			.node = loongson_node(madt->bio[i].base),
		};
}

static bool exposes_cpu(hpa_t doorbell)
{
	return range_inside(doorbell & MASK64(43, 0), sizeof(uint32_t), CPU_BLOCK, CPU_BLOCK_SIZE);
}

static int add_msi_unit(struct loongson_discovery *d, struct acpi_msi msi)
{
	struct machine *m = d->m;

	if (d->board->has_iommu && exposes_cpu(msi.address)) {
		host_log(LOG_WARN,
			 "%s: firmware's MSI doorbell 0x%llx is in the CPU's own registers, "
			 "which no device must reach: 0x%llx is used",
			 d->board->name, (unsigned long long)msi.address,
			 (unsigned long long)d->board->doorbell);
		msi.address = d->board->doorbell | (msi.address & MASK64(47, 44));
	}
	if (loongson_in_memory(d, msi.address, sizeof(uint32_t)))
		return loongson_refuse(d, -EINVAL, "MSI doorbell 0x%llx is in memory",
				       (unsigned long long)msi.address);
	m->msi_units[m->msi_unit_count] = (struct msi_unit){
		.ops = &pch_msi_ops,
		.index = m->msi_unit_count,
		.base = msi.address,
		.size = sizeof(uint32_t),
		.first = msi.start,
		.count = msi.count,
	};
	m->msi_unit_count++;
	return 0;
}

static int discover_msi_units(struct loongson_discovery *d)
{
	int err = 0;

	if (!d->madt.msi_count) {
		loongson_assume(d, "the MSI doorbell", "MSI_PIC in its MADT");
		return add_msi_unit(d, (struct acpi_msi){ .address = d->board->doorbell,
							  .start = d->board->msi_first,
							  .count = d->board->msi_count });
	}
	for (unsigned i = 0; !err && i < d->madt.msi_count; i++)
		err = add_msi_unit(d, d->madt.msi[i]);
	return err;
}

int loongson_discover_interrupts(struct loongson_discovery *d)
{
	const struct loongson_intc_info *info = &d->m->loongson;
	int err = acpi_madt(&d->acpi, &d->madt);

	if (err && err != -ENOENT)
		return loongson_refuse(
			d, err,
			"its MADT cannot be used (see above); an override table can replace it");
	err = discover_cpus(d);
	if (err)
		return err;
	discover_controllers(d);
	for (unsigned i = 0; i < info->pch_pic_count; i++)
		if (loongson_in_memory(d, info->pch_pics[i].base, info->pch_pics[i].size))
			return loongson_refuse(d, -EINVAL, "PCH-PIC at 0x%llx is in memory",
					       (unsigned long long)info->pch_pics[i].base);
	return discover_msi_units(d);
}
