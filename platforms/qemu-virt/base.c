// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory, what is reserved in it, the bundle, firmware calls and CPUs. Contract in discovery.h.
 *
 * Sources: Devicetree Specification 0.4, 3.4 (memory), 3.5 (reserved-memory), 3.6 (chosen), 3.8
 * (cpus), 5.3 (memory reservation block); the Linux bindings for psci and arm/cpus; Arm DEN 0022
 * (PSCI).
 */
#include "discovery.h"

#include <postern/errno.h>
#include <postern/fdt.h>
#include <postern/host.h>
#include <postern/string.h>

#include <libfdt.h>

static int add_region(const struct discovery *d, int node, struct memory_region *table,
		      unsigned *count, hpa_t base, uint64_t size)
{
	if (*count == MAX_MEMORY_REGIONS)
		return qv_refuse(d, node, -ENOSPC, "more than %d regions", MAX_MEMORY_REGIONS);
	table[(*count)++] = (struct memory_region){ .base = base, .size = size };
	return 0;
}

/* Every entry of a node's reg. */
static int add_reg(const struct discovery *d, int node, struct memory_region *table,
		   unsigned *count)
{
	hpa_t base;
	uint64_t size;
	int err;

	for (unsigned i = 0; !(err = dt_read_reg(d->fdt, node, i, &base, &size)); i++) {
		err = add_region(d, node, table, count, base, size);
		if (err)
			return err;
	}
	return err == -ENOENT ? 0
			      : qv_refuse(d, node, err, "its reg is not a list of address ranges");
}

int qv_take_boot_memory(const struct boot_info *boot, struct machine *m)
{
	if (boot->memory_count > MAX_MEMORY_REGIONS || boot->reserved_count > MAX_MEMORY_REGIONS) {
		host_log(LOG_ERROR,
			 "qemu-virt: the loader's memory map has %u regions and %u reserved ones, "
			 "Postern keeps %d",
			 boot->memory_count, boot->reserved_count, MAX_MEMORY_REGIONS);
		return -ENOSPC;
	}
	for (unsigned i = 0; i < boot->memory_count; i++)
		m->memory[m->memory_count++] = boot->memory[i];
	for (unsigned i = 0; i < boot->reserved_count; i++)
		m->reserved[m->reserved_count++] = boot->reserved[i];
	return 0;
}

static int discover_memory(const struct discovery *d)
{
	struct machine *m = d->m;
	int node, err = qv_take_boot_memory(d->boot, m);

	if (err || m->memory_count)
		return err;
	fdt_for_each_subnode(node, d->fdt, 0) {
		if (dt_find_string(d->fdt, node, "device_type", "memory") != 0 ||
		    !dt_available(d->fdt, node))
			continue;
		err = add_reg(d, node, m->memory, &m->memory_count);
		if (err)
			return err;
	}
	if (!m->memory_count)
		return qv_refuse(d, 0, -EINVAL, "it has no memory");
	for (unsigned i = 0; i < m->memory_count; i++)
		for (unsigned k = 0; k < i; k++)
			if (ranges_overlap(m->memory[i].base, m->memory[i].size, m->memory[k].base,
					   m->memory[k].size))
				return qv_refuse(d, 0, -EINVAL,
						 "memory at 0x%llx is described twice",
						 (unsigned long long)m->memory[i].base);
	return 0;
}

static int discover_reserved(const struct discovery *d)
{
	struct machine *m = d->m;
	int parent = fdt_subnode_offset(d->fdt, 0, "reserved-memory"), node, err;

	for (int i = 0; i < fdt_num_mem_rsv(d->fdt); i++) {
		uint64_t base, size;

		if (fdt_get_mem_rsv(d->fdt, i, &base, &size) || !size)
			continue;
		if (size - 1 > UINT64_MAX - base)
			return qv_refuse(d, 0, -EINVAL, "entry %d of the reservation block wraps",
					 i);
		err = add_region(d, 0, m->reserved, &m->reserved_count, base, size);
		if (err)
			return err;
	}
	if (parent >= 0) {
		fdt_for_each_subnode(node, d->fdt, parent) {
			/* Without reg the kernel may choose the place: nothing to keep clear of. */
			if (!dt_available(d->fdt, node) || !dt_has(d->fdt, node, "reg"))
				continue;
			err = add_reg(d, node, m->reserved, &m->reserved_count);
			if (err)
				return err;
		}
	}
	/*
	 * The tree itself, whose strings stay in use. A boot code that reserves anything has
	 * reserved it; one that does not reads it at its physical address.
	 */
	if (d->boot->reserved_count)
		return 0;
	return add_region(d, 0, m->reserved, &m->reserved_count, (uintptr_t)d->fdt,
			  fdt_totalsize(d->fdt));
}

/* The bundle is loaded as Linux's initial ramdisk would be. */
static int discover_bundle(const struct discovery *d)
{
	int chosen = fdt_subnode_offset(d->fdt, 0, "chosen");
	uint64_t start, end;
	int no_start, no_end;

	if (d->boot->bundle.size) {
		d->m->bundle = d->boot->bundle;
		return 0;
	}
	if (chosen < 0)
		return 0;
	no_start = dt_read_u64(d->fdt, chosen, "linux,initrd-start", &start);
	no_end = dt_read_u64(d->fdt, chosen, "linux,initrd-end", &end);
	if (no_start == -ENOENT && no_end == -ENOENT)
		return 0;
	if (no_start || no_end || start >= end)
		return qv_refuse(d, chosen, -EINVAL,
				 "linux,initrd-start and -end do not bound a bundle");
	for (unsigned i = 0; i < d->m->memory_count; i++) {
		const struct memory_region *r = &d->m->memory[i];

		if (!range_inside(start, end - start, r->base, r->size))
			continue;
		d->m->bundle = (struct memory_region){ .base = start, .size = end - start };
		return 0;
	}
	return qv_refuse(d, chosen, -EINVAL, "the bundle at 0x%llx..0x%llx is not in memory",
			 (unsigned long long)start, (unsigned long long)end - 1);
}

static int discover_psci(const struct discovery *d)
{
	int node = qv_next(d, -1, "arm,psci-1.0");
	const char *method;

	if (node < 0)
		node = qv_next(d, -1, "arm,psci-0.2");
	if (node < 0)
		return qv_refuse(d, 0, -ENODEV, "there is no PSCI firmware to start CPUs with");
	if (dt_read_string(d->fdt, node, "method", &method))
		return qv_refuse(d, node, -EINVAL, "its method is missing");
	if (strcmp(method, "smc") && strcmp(method, "hvc"))
		return qv_refuse(d, node, -EINVAL, "method \"%.16s\" is neither smc nor hvc",
				 method);
	d->m->firmware_call_smc = !strcmp(method, "smc");
	return 0;
}

static int add_cpu(const struct discovery *d, int node, unsigned address_cells)
{
	struct machine *m = d->m;
	struct dt_cells reg;
	const char *method;
	uint64_t id;

	if (dt_read_cells(d->fdt, node, "reg", &reg) || reg.count != address_cells)
		return qv_refuse(d, node, -EINVAL, "its reg is not one CPU number");
	id = dt_number(&reg, 0, address_cells);
	if (id & ~d->kind->cpu_ids)
		return qv_refuse(d, node, -EINVAL, "0x%llx is not %s", (unsigned long long)id,
				 d->kind->cpu_id);
	/* The boot CPU runs already; QEMU leaves the property out when it is the only one. */
	if (d->kind->psci && id != fdt_boot_cpuid_phys(d->fdt) &&
	    (dt_read_string(d->fdt, node, "enable-method", &method) || strcmp(method, "psci")))
		return qv_refuse(d, node, -EINVAL, "it is not started by PSCI");
	for (unsigned i = 0; i < m->cpu_count; i++)
		if (m->cpus[i].hw_id == id)
			return qv_refuse(d, node, -EINVAL,
					 "a CPU with number 0x%llx is there already",
					 (unsigned long long)id);
	if (m->cpu_count == MAX_CPUS) {
		host_log(LOG_WARN, "qemu-virt: CPU 0x%llx stays off: Postern drives %d",
			 (unsigned long long)id, MAX_CPUS);
		return 0;
	}
	m->cpus[m->cpu_count++].hw_id = id;
	return 0;
}

static int discover_cpus(const struct discovery *d)
{
	struct machine *m = d->m;
	int parent = fdt_subnode_offset(d->fdt, 0, "cpus"), node, err;
	struct dt_widths w;

	if (parent < 0)
		return qv_refuse(d, 0, -EINVAL, "there is no node cpus");
	if (dt_read_widths(d->fdt, parent, &w) || w.address < 1 || w.address > 2 || w.size)
		return qv_refuse(d, parent, -EINVAL,
				 "its #address-cells and #size-cells are not 1 or 2, and 0");
	fdt_for_each_subnode(node, d->fdt, parent) {
		if (dt_find_string(d->fdt, node, "device_type", "cpu") != 0 ||
		    !dt_available(d->fdt, node))
			continue;
		err = add_cpu(d, node, w.address);
		if (err)
			return err;
	}
	/* The header says which one runs this. */
	for (unsigned i = 0; i < m->cpu_count; i++) {
		struct cpu_info boot = m->cpus[i];

		if (boot.hw_id != fdt_boot_cpuid_phys(d->fdt))
			continue;
		memmove(&m->cpus[1], &m->cpus[0], i * sizeof(boot));
		m->cpus[0] = boot;
		return 0;
	}
	return qv_refuse(d, parent, -EINVAL, "the boot CPU 0x%x is not among them",
			 fdt_boot_cpuid_phys(d->fdt));
}

int qv_discover_base(struct discovery *d)
{
	int err = discover_memory(d);

	if (!err)
		err = discover_reserved(d);
	if (!err)
		err = discover_bundle(d);
	if (!err && d->kind->psci)
		err = discover_psci(d);
	if (!err)
		err = discover_cpus(d);
	return err;
}
