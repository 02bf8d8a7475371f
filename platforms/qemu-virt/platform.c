// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU's `virt` machine on aarch64 (-M virt,gic-version=3,virtualization=on,iommu=smmuv3, or
 * virtio-iommu-pci instead of the SMMU), from its device tree alone; and what this folder's
 * platforms share.
 *
 * The tree is treated as untrusted: walked whole before use, every property's length checked, and
 * addresses that cannot be true refused with the node's path. Boot CPU only; no hardware is
 * touched. Facts: docs/hardware/qemu-virt.md.
 */
#include "discovery.h"

#include <postern/errno.h>
#include <postern/fdt.h>
#include <postern/host.h>
#include <postern/string.h>

#include <libfdt.h>

int qv_refuse(const struct discovery *d, int node, int err, const char *fmt, ...)
{
	char path[96], text[160];
	va_list ap;

	va_start(ap, fmt);
	format_text_v(text, sizeof(text), fmt, ap);
	va_end(ap);
	host_log(LOG_ERROR, "qemu-virt: %s: %s", dt_path(d->fdt, node, path, sizeof(path)), text);
	return err;
}

int qv_next(const struct discovery *d, int node, const char *compatible)
{
	do
		node = fdt_node_offset_by_compatible(d->fdt, node, compatible);
	while (node >= 0 && !dt_available(d->fdt, node));
	return node < 0 ? -1 : node;
}

bool qv_in_memory(const struct discovery *d, hpa_t base, uint64_t size)
{
	for (unsigned i = 0; i < d->m->memory_count; i++)
		if (ranges_overlap(base, size, d->m->memory[i].base, d->m->memory[i].size))
			return true;
	return false;
}

int qv_read_registers(const struct discovery *d, int node, unsigned index, uint64_t min_size,
		      hpa_t *base, uint64_t *size)
{
	if (dt_read_reg(d->fdt, node, index, base, size))
		return qv_refuse(d, node, -EINVAL, "no usable entry %u in its reg", index);
	if (*size < min_size)
		return qv_refuse(d, node, -EINVAL,
				 "its registers have 0x%llx bytes, 0x%llx are needed",
				 (unsigned long long)*size, (unsigned long long)min_size);
	if (qv_in_memory(d, *base, *size))
		return qv_refuse(d, node, -EINVAL, "its registers at 0x%llx are in memory",
				 (unsigned long long)*base);
	return 0;
}

uint32_t qv_interrupt_parent(const void *fdt, int node)
{
	uint32_t phandle;

	for (; node >= 0; node = fdt_parent_offset(fdt, node))
		if (!dt_read_u32(fdt, node, "interrupt-parent", &phandle))
			return phandle;
	return 0;
}

int qv_read_irq(const struct discovery *d, int node, unsigned index, uint32_t *irq)
{
	struct dt_cells cells;
	int err = dt_read_cells(d->fdt, node, "interrupts", &cells);

	if (err == -ENOENT)
		return err;
	if (err || cells.count % d->irq_cells)
		return qv_refuse(d, node, -EINVAL, "its interrupts are not groups of %u cells",
				 d->irq_cells);
	if (index >= cells.count / d->irq_cells)
		return -ENOENT;
	if (node != d->intc_node && qv_interrupt_parent(d->fdt, node) != d->intc_phandle)
		return qv_refuse(d, node, -EINVAL, "its interrupts do not go to the %s",
				 d->kind->controller);
	return d->kind->decode_irq(d, node, &cells, index * d->irq_cells, irq);
}

bool qv_is_coherent(const struct discovery *d, int node)
{
	for (; node >= 0; node = fdt_parent_offset(d->fdt, node)) {
		if (dt_has(d->fdt, node, "dma-noncoherent"))
			return false;
		if (dt_has(d->fdt, node, "dma-coherent"))
			return true;
	}
	return false;
}

/* Affinity fields of MPIDR_EL1; the binding wants all other bits of a CPU's reg to be 0. */
#define MPIDR_AFFINITY (MASK64(39, 32) | MASK64(23, 0))

static const struct qv_kind aarch64 = {
	.controller = "GIC",
	.uart = "arm,pl011",
	.uart_kind = UART_PL011,
	.uart_size = 4 * KIB,
	.cpu_ids = MPIDR_AFFINITY,
	.cpu_id = "an MPIDR affinity",
	.psci = true,
	.decode_irq = qv_decode_gic_irq,
	.decode_level = qv_decode_gic_level,
};

static bool match(const struct boot_info *boot)
{
	return boot->fdt && !dt_verify(boot->fdt, boot->fdt_size, NULL, NULL) &&
	       dt_compatible(boot->fdt, 0, "linux,dummy-virt");
}

static int discover(const struct boot_info *boot, struct machine *m)
{
	struct discovery d = { .boot = boot, .kind = &aarch64, .fdt = boot->fdt, .m = m };
	const char *why;
	int err;

	if (dt_verify(boot->fdt, boot->fdt_size, NULL, &why)) {
		host_log(LOG_ERROR, "qemu-virt: firmware's device tree is damaged: %s", why);
		return -EBADMSG;
	}
	if (dt_read_string(boot->fdt, 0, "model", &m->model))
		m->model = "QEMU virt";
	err = qv_discover_base(&d);
	if (!err)
		err = qv_discover_gic(&d);
	if (!err)
		err = qv_discover_uarts(&d);
	if (!err)
		err = qv_discover_smmus(&d);
	if (!err)
		err = qv_discover_pci_iommus(&d);
	if (!err && !m->iommu_count)
		host_log(
			LOG_WARN,
			"qemu-virt: no SMMUv3 and no virtio-iommu, so no device can be given to a zone "
			"(start QEMU with -M virt,iommu=smmuv3,...)");
	if (!err)
		err = qv_discover_pci(&d);
	return err;
}

const struct platform platform_qemu_virt = {
	.name = "qemu-virt",
	.match = match,
	.discover = discover,
};
