// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU's `virt` machine on aarch64 (-M virt,gic-version=3,virtualization=on,iommu=smmuv3), from its device tree alone.
 *
 * The tree is treated as untrusted: walked whole before use, every property's length checked, and addresses that cannot be
 * true refused with the node's path. Boot CPU only; no hardware is touched. Facts: docs/hardware/qemu-virt.md.
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

static bool match(const struct boot_info *boot)
{
	return boot->fdt && !dt_verify(boot->fdt, boot->fdt_size, NULL, NULL) &&
	       dt_compatible(boot->fdt, 0, "linux,dummy-virt");
}

static int discover(const struct boot_info *boot, struct machine *m)
{
	struct discovery d = { .fdt = boot->fdt, .m = m };
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
		err = qv_discover_interrupts(&d);
	if (!err)
		err = qv_discover_uarts(&d);
	if (!err)
		err = qv_discover_iommus(&d);
	if (!err)
		err = qv_discover_pci(&d);
	return err;
}

const struct platform platform_qemu_virt = {
	.name = "qemu-virt",
	.match = match,
	.discover = discover,
};
