// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU's loongarch64 `virt` machine from its device tree: interrupt controllers and power-off here,
 * the rest by the steps it shares with aarch64. Contracts in loongarch.h, discovery.h.
 *
 * Sources: the Linux bindings loongson,eiointc, loongson,pch-pic, loongson,pch-msi, syscon-poweroff
 * and syscon-reboot.
 */
#include "loongarch.h"

#include "discovery.h"

#include <postern/errno.h>
#include <postern/fdt.h>
#include <postern/host.h>

#include <libfdt.h>

/* A specifier of the PCH-PIC: input, flags. */
#define PIC_IRQ_CELLS  2u
#define IRQ_SENSE      0xfu
#define IRQ_LEVEL_HIGH 4u

#define PCH_PIC_SIZE 0x400u
#define PCH_MSI_SIZE 4u /* the register a message is written to */

static int decode_irq(const struct discovery *d, int node, const struct dt_cells *cells,
		      unsigned at, uint32_t *irq)
{
	const uint32_t input = dt_cell(cells, at);

	if (input >= LA_PCH_INPUTS)
		return qv_refuse(d, node, -EINVAL, "input %u of the PCH-PIC does not exist", input);
	*irq = LA_GSI_BASE + input;
	return 0;
}

static int decode_level(const struct discovery *d, int node, const struct dt_cells *cells,
			unsigned at, uint32_t *irq)
{
	if ((dt_cell(cells, at + 1) & IRQ_SENSE) != IRQ_LEVEL_HIGH)
		return qv_refuse(d, node, -EINVAL, "input %u of the PCH-PIC is not a high level",
				 dt_cell(cells, at));
	return decode_irq(d, node, cells, at, irq);
}

static const struct qv_kind loongarch64 = {
	.controller = "PCH-PIC",
	.uart = "ns16550a",
	.uart_kind = UART_16550,
	.uart_size = 8, /* registers, a byte each */
	.cpu_ids = LA_CORE_IDS,
	.cpu_id = "a core number",
	.decode_irq = decode_irq,
	.decode_level = decode_level,
};

/* The EIOINTC, and the line of the CPU it raises. */
static int discover_eiointc(const struct discovery *d, uint32_t *phandle)
{
	int cpu = qv_next(d, -1, "loongson,cpu-interrupt-controller"),
	    node = qv_next(d, -1, "loongson,ls2k2000-eiointc");
	struct dt_cells lines;
	uint32_t line;

	if (node < 0 || cpu < 0)
		return qv_refuse(d, 0, -ENODEV, "there is no EIOINTC, or no CPU to interrupt");
	*phandle = fdt_get_phandle(d->fdt, node);
	if (!*phandle || !fdt_get_phandle(d->fdt, cpu) ||
	    qv_interrupt_parent(d->fdt, node) != fdt_get_phandle(d->fdt, cpu))
		return qv_refuse(d, node, -EINVAL,
				 "it has no phandle, or does not interrupt the CPU");
	if (dt_read_cells(d->fdt, node, "interrupts", &lines) || lines.count != 1)
		return qv_refuse(d, node, -EINVAL, "its interrupts are not one line");
	line = dt_cell(&lines, 0);
	if (line < LA_LINE_HWI0 || line > LA_LINE_HWI7)
		return qv_refuse(d, node, -EINVAL, "CPU interrupt line %u is not %u to %u", line,
				 LA_LINE_HWI0, LA_LINE_HWI7);
	d->m->loongson.vectors = LA_EIO_VECTORS;
	d->m->loongson.eio_pin = line - LA_LINE_HWI0;
	return 0;
}

static int discover_pch_pic(struct discovery *d, uint32_t eiointc)
{
	struct pch_pic_info *pic = &d->m->loongson.pch_pics[0];
	int node = qv_next(d, -1, "loongson,pch-pic-1.0");

	if (node < 0)
		return qv_refuse(d, 0, -ENODEV, "there is no PCH-PIC");
	if (qv_next(d, node, "loongson,pch-pic-1.0") >= 0)
		return qv_refuse(d, node, -EOPNOTSUPP, "there is more than one PCH-PIC");
	d->intc_node = node;
	d->intc_phandle = fdt_get_phandle(d->fdt, node);
	if (!d->intc_phandle || dt_read_u32(d->fdt, node, "#interrupt-cells", &d->irq_cells) ||
	    d->irq_cells != PIC_IRQ_CELLS)
		return qv_refuse(d, node, -EINVAL,
				 "it has no phandle, or its #interrupt-cells are not %u",
				 PIC_IRQ_CELLS);
	if (qv_interrupt_parent(d->fdt, node) != eiointc)
		return qv_refuse(d, node, -EINVAL, "it does not interrupt the EIOINTC");
	pic->gsi_base = LA_GSI_BASE;
	d->m->loongson.pch_pic_count = 1;
	return qv_read_registers(d, node, 0, PCH_PIC_SIZE, &pic->base, &pic->size);
}

static int discover_pch_msi(struct discovery *d, uint32_t eiointc)
{
	struct machine *m = d->m;

	for (int node = -1; (node = qv_next(d, node, "loongson,pch-msi-1.0")) >= 0;) {
		struct msi_unit *u = &m->msi_units[m->msi_unit_count];
		int err;

		if (m->msi_unit_count == MAX_MSI_UNITS)
			return qv_refuse(d, node, -ENOSPC, "more than %d PCH-MSIs", MAX_MSI_UNITS);
		if (qv_interrupt_parent(d->fdt, node) != eiointc)
			return qv_refuse(d, node, -EINVAL, "it does not interrupt the EIOINTC");
		if (dt_read_u32(d->fdt, node, "loongson,msi-base-vec", &u->first) ||
		    dt_read_u32(d->fdt, node, "loongson,msi-num-vecs", &u->count) || !u->count ||
		    !range_inside(u->first, u->count, 0, LA_EIO_VECTORS))
			return qv_refuse(d, node, -EINVAL,
					 "its vectors are not some of the EIOINTC's %u",
					 LA_EIO_VECTORS);
		err = qv_read_registers(d, node, 0, PCH_MSI_SIZE, &u->base, &u->size);
		if (err)
			return err;
		u->ops = &pch_msi_ops;
		u->index = m->msi_unit_count;
		d->msi_phandle[m->msi_unit_count++] = fdt_get_phandle(d->fdt, node);
	}
	return 0;
}

static int discover_interrupts(struct discovery *d)
{
	uint32_t eiointc = 0;
	int err = discover_eiointc(d, &eiointc);

	if (!err)
		err = discover_pch_pic(d, eiointc);
	if (!err)
		err = discover_pch_msi(d, eiointc);
	return err;
}

/*
 * syscon-poweroff, syscon-reboot: a value for a register of another node. Without one there is no
 * way.
 */
static int discover_power(const struct discovery *d, const char *compatible,
			  struct power_register *out)
{
	int node = qv_next(d, -1, compatible), syscon;
	uint32_t phandle, offset, width = sizeof(uint32_t);
	uint64_t base, size;
	int err;

	if (node < 0)
		return 0;
	if (dt_read_u32(d->fdt, node, "regmap", &phandle) ||
	    dt_read_u32(d->fdt, node, "offset", &offset) ||
	    dt_read_u32(d->fdt, node, "value", &out->value))
		return qv_refuse(d, node, -EINVAL, "it does not say what to write where");
	syscon = fdt_node_offset_by_phandle(d->fdt, phandle);
	if (syscon < 0 || !dt_compatible(d->fdt, syscon, "syscon"))
		return qv_refuse(d, node, -EINVAL, "phandle 0x%x is no syscon", phandle);
	err = dt_read_u32(d->fdt, syscon, "reg-io-width", &width);
	if ((err && err != -ENOENT) || (width != 1 && width != 2 && width != 4))
		return qv_refuse(d, syscon, -EINVAL, "its reg-io-width is not 1, 2 or 4");
	err = qv_read_registers(d, syscon, 0, width, &base, &size);
	if (err)
		return err;
	out->mask = MASK32(8 * width - 1, 0);
	err = dt_read_u32(d->fdt, node, "mask", &out->mask);
	if (!range_inside(offset, width, 0, size) || !is_aligned(base + offset, width) ||
	    (err && err != -ENOENT) || !out->mask || out->value & ~out->mask ||
	    out->mask & ~MASK32(8 * width - 1, 0))
		return qv_refuse(d, node, -EINVAL,
				 "its register at offset 0x%x cannot take value 0x%x", offset,
				 out->value);
	out->address = base + offset;
	out->width = width;
	return 0;
}

bool qv_la_match_fdt(const struct boot_info *boot)
{
	return boot->fdt && !dt_verify(boot->fdt, boot->fdt_size, NULL, NULL) &&
	       dt_compatible(boot->fdt, 0, "linux,dummy-loongson3");
}

int qv_la_discover_fdt(const struct boot_info *boot, struct machine *m)
{
	struct discovery d = { .boot = boot, .kind = &loongarch64, .fdt = boot->fdt, .m = m };
	int err;

	(void)dt_read_string(boot->fdt, 0, "model", &m->model);
	err = qv_discover_base(&d);
	if (!err)
		err = discover_interrupts(&d);
	if (!err)
		err = discover_power(&d, "syscon-poweroff", &m->power_off);
	if (!err)
		err = discover_power(&d, "syscon-reboot", &m->reset);
	if (!err)
		err = qv_discover_uarts(&d);
	if (!err)
		err = qv_discover_pci_iommus(&d);
	if (!err)
		err = qv_discover_pci(&d);
	return err;
}
