// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generation of a zone's device tree; contract and bindings in <hv/guest_fdt.h>.
 *
 * libfdt's sequential-write interface, in one pass. Its first error sticks in the builder and the
 * rest of the pass does nothing, so that each step need not check. No state, no locks; zone start
 * only.
 */
#include <hv/guest_fdt.h>

#include <postern/errno.h>
#include <postern/host.h>
#include <postern/string.h>

#include <libfdt.h>

/* Interrupt specifiers of the GICv3 binding. */
#define IRQ_SPI        0u
#define IRQ_PPI        1u
#define IRQ_LEVEL_HIGH 4u
#define IRQ_LEVEL_LOW  8u
#define PPI_FIRST      16u
#define SPI_FIRST      32u
#define SPI_END        1020u

/* First cell of a PCI address: which space (PCI Bus Binding to IEEE 1275-1994, 2.2.1.1). */
#define PCI_SPACE_MEM32  0x02000000u
#define PCI_SPACE_MEM64  0x03000000u
#define PCI_DEVICE_SHIFT 11u

#define ECAM_BYTES_PER_BUS MIB
#define RID_COUNT          0x10000u
#define REDIST_SIZE        (128 * KIB)
#define UART_CLOCK_HZ      24000000u /* when the config names none */
#define SBSA_UART_SPEED    115200u   /* nominal: the binding wants a figure */

/* Affinity fields of VMPIDR_EL2. */
#define AFFINITY_3   MASK64(39, 32)
#define AFFINITY_210 MASK64(23, 0)

/* Every phandle of the tree. */
enum { PHANDLE_GIC = 1, PHANDLE_ITS, PHANDLE_CLOCK };

struct builder {
	void *fdt;
	int err; /* libfdt's first error */
};

/* ---- libfdt with a sticky error ---- */

static void begin(struct builder *b, const char *name)
{
	if (!b->err)
		b->err = fdt_begin_node(b->fdt, name);
}

/* NAME@ADDRESS */
static void begin_at(struct builder *b, const char *name, uint64_t address)
{
	char text[40];

	format_text(text, sizeof(text), "%s@%llx", name, (unsigned long long)address);
	begin(b, text);
}

static void end(struct builder *b)
{
	if (!b->err)
		b->err = fdt_end_node(b->fdt);
}

static void put_bytes(struct builder *b, const char *name, const void *data, size_t size)
{
	if (!b->err)
		b->err = fdt_property(b->fdt, name, data, (int)size);
}

static void put_flag(struct builder *b, const char *name)
{
	put_bytes(b, name, NULL, 0);
}

static void put_string(struct builder *b, const char *name, const char *value)
{
	put_bytes(b, name, value, strlen(value) + 1);
}

/* Two strings in a list. */
static void put_strings(struct builder *b, const char *name, const char *first, const char *second)
{
	char text[64];
	size_t a = strlen(first) + 1, n = strlen(second) + 1;

	if (a + n > sizeof(text)) {
		b->err = b->err ? b->err : -FDT_ERR_INTERNAL;
		return;
	}
	memcpy(text, first, a);
	memcpy(text + a, second, n);
	put_bytes(b, name, text, a + n);
}

/* A property of cells is collected here first. */
#define MAX_CELLS 160u /* the interrupt-map: 16 entries of 10 */
struct cells {
	fdt32_t be[MAX_CELLS];
	unsigned count;
};

static void add32(struct cells *c, uint32_t v)
{
	c->be[c->count++] = cpu_to_fdt32(v);
}

static void add64(struct cells *c, uint64_t v)
{
	add32(c, (uint32_t)(v >> 32));
	add32(c, (uint32_t)v);
}

static void put_cells(struct builder *b, const char *name, const struct cells *c)
{
	put_bytes(b, name, c->be, c->count * sizeof(c->be[0]));
}

static void put_u32(struct builder *b, const char *name, uint32_t v)
{
	struct cells c = { .count = 0 };

	add32(&c, v);
	put_cells(b, name, &c);
}

static void put_u64(struct builder *b, const char *name, uint64_t v)
{
	struct cells c = { .count = 0 };

	add64(&c, v);
	put_cells(b, name, &c);
}

static void put_reg(struct builder *b, uint64_t base, uint64_t size)
{
	struct cells c = { .count = 0 };

	add64(&c, base);
	add64(&c, size);
	put_cells(b, "reg", &c);
}

static void put_widths(struct builder *b, uint32_t address, uint32_t size)
{
	put_u32(b, "#address-cells", address);
	put_u32(b, "#size-cells", size);
}

/* ---- nodes ---- */

static void build_chosen(struct builder *b, const struct guest_fdt_config *c)
{
	char console[40];

	begin(b, "chosen");
	put_string(b, "bootargs", c->bootargs ? c->bootargs : "");
	if (c->uart.kind != GUEST_UART_NONE) {
		format_text(console, sizeof(console), "/serial@%llx",
			    (unsigned long long)c->uart.base);
		put_string(b, "stdout-path", console);
	}
	if (c->initrd_size) {
		put_u64(b, "linux,initrd-start", c->initrd);
		put_u64(b, "linux,initrd-end", c->initrd + c->initrd_size);
	}
	if (c->has_pci && c->pci_probe_only)
		put_u32(b, "linux,pci-probe-only", 1);
	if (c->has_seed) {
		put_u64(b, "kaslr-seed", c->kaslr_seed);
		put_bytes(b, "rng-seed", c->rng_seed, sizeof(c->rng_seed));
	}
	end(b);
}

static void build_memory(struct builder *b, const struct guest_fdt_config *c)
{
	begin_at(b, "memory", c->ram);
	put_string(b, "device_type", "memory");
	put_reg(b, c->ram, c->ram_size);
	end(b);
}

static void build_cpus(struct builder *b, const struct guest_fdt_config *c)
{
	begin(b, "cpus");
	put_widths(b, 2, 0);
	for (unsigned i = 0; i < c->cpu_count; i++) {
		/* The binding: Aff3 in the first cell, Aff2..Aff0 in the second. */
		uint64_t reg = c->mpidr[i] & (AFFINITY_3 | AFFINITY_210);

		begin_at(b, "cpu", reg);
		put_string(b, "device_type", "cpu");
		put_string(b, "compatible", "arm,armv8");
		put_u64(b, "reg", reg);
		put_string(b, "enable-method", "psci");
		end(b);
	}
	end(b);
}

static void build_psci(struct builder *b)
{
	begin(b, "psci");
	put_strings(b, "compatible", "arm,psci-1.0", "arm,psci-0.2");
	put_string(b, "method", "hvc");
	end(b);
}

static void build_timer(struct builder *b, const struct guest_timer *t)
{
	const uint32_t intids[] = { t->secure, t->phys, t->virt, t->hyp };
	struct cells irqs = { .count = 0 };

	begin(b, "timer");
	put_string(b, "compatible", "arm,armv8-timer");
	for (unsigned i = 0; i < ARRAY_SIZE(intids); i++) {
		add32(&irqs, IRQ_PPI);
		add32(&irqs, intids[i] - PPI_FIRST);
		add32(&irqs, IRQ_LEVEL_LOW);
	}
	put_cells(b, "interrupts", &irqs);
	end(b);
}

static void build_gic(struct builder *b, const struct guest_gic *g)
{
	struct cells reg = { .count = 0 };

	begin_at(b, "interrupt-controller", g->dist);
	put_string(b, "compatible", "arm,gic-v3");
	put_flag(b, "interrupt-controller");
	put_u32(b, "#interrupt-cells", 3);
	put_u32(b, "#redistributor-regions", 1);
	add64(&reg, g->dist);
	add64(&reg, g->dist_size);
	add64(&reg, g->redist);
	add64(&reg, g->redist_size);
	put_cells(b, "reg", &reg);
	put_u32(b, "phandle", PHANDLE_GIC);
	put_widths(b, 2, 2);
	put_flag(b, "ranges");
	if (g->its_size) {
		begin_at(b, "msi-controller", g->its);
		put_string(b, "compatible", "arm,gic-v3-its");
		put_flag(b, "msi-controller");
		put_u32(b, "#msi-cells", 1);
		put_reg(b, g->its, g->its_size);
		put_u32(b, "phandle", PHANDLE_ITS);
		end(b);
	}
	end(b);
}

static void build_clock(struct builder *b, const struct guest_uart *u)
{
	begin(b, "apb-pclk");
	put_string(b, "compatible", "fixed-clock");
	put_u32(b, "#clock-cells", 0);
	put_u32(b, "clock-frequency", u->clock_hz ? u->clock_hz : UART_CLOCK_HZ);
	put_string(b, "clock-output-names", "apb_pclk");
	put_u32(b, "phandle", PHANDLE_CLOCK);
	end(b);
}

static void build_uart(struct builder *b, const struct guest_uart *u)
{
	struct cells irq = { .count = 0 }, clocks = { .count = 0 };

	begin_at(b, "serial", u->base);
	if (u->kind == GUEST_UART_PL011) {
		put_strings(b, "compatible", "arm,pl011", "arm,primecell");
		add32(&clocks, PHANDLE_CLOCK);
		add32(&clocks, PHANDLE_CLOCK);
		put_cells(b, "clocks", &clocks);
		put_strings(b, "clock-names", "uartclk", "apb_pclk");
	} else {
		put_string(b, "compatible", "arm,sbsa-uart");
		put_u32(b, "current-speed", SBSA_UART_SPEED);
	}
	put_reg(b, u->base, u->size);
	add32(&irq, IRQ_SPI);
	add32(&irq, u->irq - SPI_FIRST);
	add32(&irq, IRQ_LEVEL_HIGH);
	put_cells(b, "interrupts", &irq);
	end(b);
}

/* One window of the host bridge, bus address == CPU address. */
static void add_window(struct cells *c, uint32_t space, uint64_t base, uint64_t size)
{
	if (!size)
		return;
	add32(c, space);
	add64(c, base);
	add64(c, base);
	add64(c, size);
}

/*
 * Pin p of device d (both from 0) is line (d + p) mod 4, as vpci-intx.c has it; devices 4 apart are
 * wired alike, hence two bits of the device number and three of the pin in the mask.
 */
static void build_intx(struct builder *b, uint32_t first)
{
	struct cells map = { .count = 0 }, mask = { .count = 0 };

	for (uint32_t device = 0; device < PCI_INTX_LINES; device++) {
		for (uint32_t pin = 0; pin < PCI_INTX_LINES; pin++) {
			add32(&map, device << PCI_DEVICE_SHIFT);
			add64(&map, 0);
			add32(&map, pin + 1);
			add32(&map, PHANDLE_GIC);
			add64(&map, 0); /* the GIC's #address-cells */
			add32(&map, IRQ_SPI);
			add32(&map, first - SPI_FIRST + (device + pin) % PCI_INTX_LINES);
			add32(&map, IRQ_LEVEL_HIGH);
		}
	}
	put_cells(b, "interrupt-map", &map);
	add32(&mask, (PCI_INTX_LINES - 1) << PCI_DEVICE_SHIFT);
	add64(&mask, 0);
	add32(&mask, 7);
	put_cells(b, "interrupt-map-mask", &mask);
}

static void build_pci(struct builder *b, const struct guest_fdt_config *c)
{
	const struct vpci_layout *p = &c->pci;
	struct cells buses = { .count = 0 }, ranges = { .count = 0 }, dma = { .count = 0 },
		     msi = { .count = 0 };

	begin_at(b, "pcie", p->ecam);
	put_string(b, "compatible", "pci-host-ecam-generic");
	put_string(b, "device_type", "pci");
	put_widths(b, 3, 2);
	put_u32(b, "#interrupt-cells", 1);
	if (c->intx)
		build_intx(b, c->intx);
	put_u32(b, "linux,pci-domain", 0);
	add32(&buses, 0);
	add32(&buses, p->bus_last);
	put_cells(b, "bus-range", &buses);
	put_reg(b, p->ecam, (p->bus_last + 1u) * ECAM_BYTES_PER_BUS);
	add_window(&ranges, PCI_SPACE_MEM32, p->mem32, p->mem32_size);
	add_window(&ranges, PCI_SPACE_MEM64, p->mem64, p->mem64_size);
	put_cells(b, "ranges", &ranges);
	/* Only the zone's memory, and where devices find it (PCI Bus Binding to IEEE
	 * 1275, 2.2.1.1). */
	if (c->dma != c->ram) {
		add32(&dma, PCI_SPACE_MEM64);
		add64(&dma, c->dma);
		add64(&dma, c->ram);
		add64(&dma, c->ram_size);
		put_cells(b, "dma-ranges", &dma);
	}
	if (c->gic.its_size) {
		/* Virtual device id == virtual requester ID. */
		add32(&msi, 0);
		add32(&msi, PHANDLE_ITS);
		add32(&msi, 0);
		add32(&msi, RID_COUNT);
		put_cells(b, "msi-map", &msi);
	}
	put_flag(b, "dma-coherent");
	end(b);
}

static void build_tree(struct builder *b, const struct guest_fdt_config *c)
{
	char model[64];

	begin(b, "");
	put_string(b, "compatible", "postern,zone");
	format_text(model, sizeof(model), "Postern zone %s", c->name ? c->name : "");
	put_string(b, "model", model);
	put_widths(b, 2, 2);
	put_u32(b, "interrupt-parent", PHANDLE_GIC);
	build_chosen(b, c);
	build_memory(b, c);
	build_cpus(b, c);
	build_psci(b);
	build_timer(b, &c->timer);
	build_gic(b, &c->gic);
	if (c->uart.kind == GUEST_UART_PL011)
		build_clock(b, &c->uart);
	if (c->uart.kind != GUEST_UART_NONE)
		build_uart(b, &c->uart);
	if (c->has_pci)
		build_pci(b, c);
	end(b);
}

/* ---- what cannot be described ---- */

static bool is_range(uint64_t base, uint64_t size)
{
	return size && size - 1 <= UINT64_MAX - base;
}

static bool is_ppi(uint32_t intid)
{
	return intid >= PPI_FIRST && intid < SPI_FIRST;
}

/* NULL, or what is wrong with the config. */
static const char *flaw(const struct guest_fdt_config *c)
{
	const struct vpci_layout *p = &c->pci;

	if (!c->cpu_count || c->cpu_count > MAX_CPUS)
		return "no CPU, or too many";
	for (unsigned i = 0; i < c->cpu_count; i++)
		for (unsigned k = 0; k < i; k++)
			if (((c->mpidr[i] ^ c->mpidr[k]) & (AFFINITY_3 | AFFINITY_210)) == 0)
				return "two CPUs with the same affinity";
	if (!is_range(c->ram, c->ram_size))
		return "no memory";
	if (c->initrd_size && !range_inside(c->initrd, c->initrd_size, c->ram, c->ram_size))
		return "the initrd is not in memory";
	if (!is_range(c->gic.dist, c->gic.dist_size) ||
	    !is_range(c->gic.redist, c->gic.redist_size) ||
	    c->gic.redist_size / REDIST_SIZE < c->cpu_count ||
	    (c->gic.its_size && !is_range(c->gic.its, c->gic.its_size)))
		return "the GIC's frames are empty, wrap or do not cover all CPUs";
	if (!is_ppi(c->timer.secure) || !is_ppi(c->timer.phys) || !is_ppi(c->timer.virt) ||
	    !is_ppi(c->timer.hyp))
		return "a timer interrupt is not a PPI";
	if (c->uart.kind != GUEST_UART_NONE && (!is_range(c->uart.base, c->uart.size) ||
						c->uart.irq < SPI_FIRST || c->uart.irq >= SPI_END))
		return "the UART has no registers, or its interrupt is not an SPI";
	if (!c->has_pci)
		return NULL;
	if (!is_range(p->ecam, (p->bus_last + 1u) * ECAM_BYTES_PER_BUS))
		return "the ECAM wraps";
	if (!p->mem32_size && !p->mem64_size)
		return "PCI without a memory window";
	if (p->mem32_size && !range_inside(p->mem32, p->mem32_size, 0, 4 * GIB))
		return "the 32-bit PCI window is not below 4 GiB";
	if (p->mem64_size && !is_range(p->mem64, p->mem64_size))
		return "the 64-bit PCI window wraps";
	if (c->intx && (c->intx < SPI_FIRST || c->intx > SPI_END - PCI_INTX_LINES))
		return "the INTx lines are not SPIs";
	return NULL;
}

int guest_fdt_build(void *buf, size_t size, const struct guest_fdt_config *c)
{
	struct builder b = { .fdt = buf };
	const char *why = flaw(c);

	if (why || size > INT32_MAX) {
		host_log(LOG_ERROR, "zone %s: no device tree: %s", c->name ? c->name : "?",
			 why ? why : "buffer too large");
		return -EINVAL;
	}
	b.err = fdt_create(buf, (int)size);
	if (!b.err)
		b.err = fdt_finish_reservemap(buf);
	build_tree(&b, c);
	if (!b.err)
		b.err = fdt_finish(buf);
	if (b.err == -FDT_ERR_NOSPACE)
		return -ENOSPC;
	if (b.err) {
		host_log(LOG_ERROR, "zone %s: no device tree: %s", c->name ? c->name : "?",
			 fdt_strerror(b.err));
		return -EINVAL;
	}
	return (int)fdt_totalsize(buf);
}
