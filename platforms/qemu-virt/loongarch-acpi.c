// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU's loongarch64 `virt` machine from its ACPI tables. Contract in loongarch.h.
 *
 * What stands in AML (the bridge's windows, its interrupt wiring, all UARTs but the console) is
 * this machine's and is taken from docs/hardware/qemu-virt-loongarch64.md; the rest is read. Memory
 * is the loader's business: there is no other map.
 */
#include "loongarch.h"

#include "discovery.h"

#include <postern/acpi.h>
#include <postern/errno.h>
#include <postern/host.h>
#include <postern/string.h>

/* QEMU's tables. */
#define OEM_ID       "BOCHS "
#define OEM_TABLE_ID "BXPC    "

/* The host bridge, as its _CRS and _PRT have it. */
#define MMIO_BASE 0x40000000u
#define MMIO_SIZE 0x40000000u
#define IO_CPU    0x18004000u
#define IO_BUS    0x4000u
#define IO_SIZE   0xc000u
#define INTX_FIRST \
	16u /* PCH-PIC input of pin A of device 0; the next pin or device has the next of four */
#define INTX_COUNT    4u
#define ECAM_PER_BUS  MIB
#define RID_COUNT     0x10000u
#define DOORBELL_SIZE 8u

/* UARTs follow each other; SPCR names the first. None says what their clock is. */
#define UART_STEP     0x100u
#define UART_CLOCK_HZ 100000000u

/* \_S5: the type of sleep that is off. */
#define SLEEP_TYPE_OFF 5u

/* Too large for a stack; boot CPU only. */
static struct acpi tables;
static struct acpi_madt madt;

static bool in_regions(const struct memory_region *r, unsigned count, hpa_t base, uint64_t size)
{
	for (unsigned i = 0; i < count; i++)
		if (range_inside(base, size, r[i].base, r[i].size))
			return true;
	return false;
}

/* Only what the firmware's own map knows is looked at. */
static const void *map(void *ctx, hpa_t base, uint64_t size)
{
	const struct boot_info *boot = ctx;

	if (!in_regions(boot->memory, boot->memory_count, base, size) &&
	    !in_regions(boot->reserved, boot->reserved_count, base, size) &&
	    !in_regions(&boot->overrides, 1, base, size))
		return NULL;
	return host_phys_to_virt(base);
}

static int open_tables(const struct boot_info *boot)
{
	const struct acpi_memory memory = { .map = map, .ctx = (void *)(uintptr_t)boot };
	int err = acpi_open(&tables, &memory, boot->acpi_rsdp);

	if (!err && boot->overrides.size)
		err = acpi_override(&tables, boot->overrides.base, boot->overrides.size);
	return err;
}

bool qv_la_match_acpi(const struct boot_info *boot)
{
	const struct acpi_table *t;

	if (!boot->acpi_rsdp || open_tables(boot))
		return false;
	t = acpi_find(&tables, "APIC", 0);
	return t && !memcmp(t->oem_id, OEM_ID, sizeof(t->oem_id)) &&
	       !memcmp(t->oem_table_id, OEM_TABLE_ID, sizeof(t->oem_table_id));
}

/* Logs "qemu-virt: text" and returns err. */
static int refuse(int err, const char *text)
{
	host_log(LOG_ERROR, "qemu-virt: %s", text);
	return err;
}

static bool in_memory(const struct machine *m, hpa_t base, uint64_t size)
{
	for (unsigned i = 0; i < m->memory_count; i++)
		if (ranges_overlap(base, size, m->memory[i].base, m->memory[i].size))
			return true;
	return false;
}

/* This machine starts on core 0. */
static int take_cpus(struct machine *m)
{
	for (unsigned i = 0; i < madt.core_count; i++)
		m->cpus[m->cpu_count++].hw_id = madt.cores[i].core;
	for (unsigned i = 0; i < m->cpu_count; i++) {
		const struct cpu_info other = m->cpus[0];

		if (m->cpus[i].hw_id)
			continue;
		m->cpus[0] = m->cpus[i];
		m->cpus[i] = other;
		return 0;
	}
	return refuse(-EINVAL, "MADT does not list core 0, which runs this");
}

static int take_interrupts(struct machine *m)
{
	struct loongson_intc_info *intc = &m->loongson;

	if (madt.eio_count != 1 || !madt.bio_count || !madt.msi_count)
		return refuse(-ENODEV, "MADT lists no EIOINTC, PCH-PIC and PCH-MSI");
	intc->vectors = LA_EIO_VECTORS;
	intc->eio_pin = madt.eio[0].cascade - ACPI_LINE_HWI0;
	for (unsigned i = 0; i < madt.bio_count; i++)
		intc->pch_pics[intc->pch_pic_count++] =
			(struct pch_pic_info){ .base = madt.bio[i].base,
					       .size = madt.bio[i].size,
					       .gsi_base = madt.bio[i].gsi_base };
	for (unsigned i = 0; i < madt.msi_count; i++) {
		const struct acpi_msi *msi = &madt.msi[i];

		if (in_memory(m, msi->address, DOORBELL_SIZE))
			return refuse(-EINVAL, "MADT has a doorbell in memory");
		m->msi_units[i] = (struct msi_unit){ .ops = &pch_msi_ops,
						     .index = i,
						     .base = msi->address,
						     .size = DOORBELL_SIZE,
						     .first = msi->start,
						     .count = msi->count };
		m->msi_unit_count++;
	}
	return 0;
}

static int take_uarts(struct machine *m)
{
	struct uart_info first;
	int err = acpi_spcr(&tables, &first);

	if (err == -ENOENT)
		return refuse(-ENODEV, "there is no SPCR to name the console");
	if (err)
		return err;
	if (first.kind != UART_16550 || first.size > UART_STEP ||
	    first.base > UINT64_MAX - MAX_UARTS * UART_STEP ||
	    in_memory(m, first.base, MAX_UARTS * UART_STEP))
		return refuse(-EINVAL, "SPCR's console is not this machine's");
	if (!first.clock_hz)
		first.clock_hz = UART_CLOCK_HZ;
	for (unsigned i = 0; i < MAX_UARTS; i++) {
		m->uarts[i] = first;
		m->uarts[i].base += i * UART_STEP;
		if (first.irq)
			m->uarts[i].irq += i;
		m->uart_count++;
	}
	return 0;
}

static int take_power(struct machine *m)
{
	struct acpi_power power;
	int err = acpi_fadt(&tables, &power);

	if (err)
		return err == -ENOENT ? 0 : err;
	m->reset = power.reset;
	m->power_off = power.power_off;
	m->power_off.value |= (uint32_t)FIELD_PUT(ACPI_SLEEP_TYPE, SLEEP_TYPE_OFF);
	return 0;
}

static int take_host(struct machine *m)
{
	const uint32_t intx = m->loongson.pch_pics[0].gsi_base + INTX_FIRST;
	struct pci_host *h = &m->hosts[0];
	const struct acpi_mcfg_entry *e;
	struct acpi_mcfg mcfg;
	int err = acpi_mcfg(&tables, &mcfg);

	if (err)
		return err == -ENOENT ? refuse(-ENODEV, "there is no MCFG") : err;
	e = &mcfg.entries[0];
	if (mcfg.count != 1 || memcmp(mcfg.oem_id, OEM_ID, sizeof(mcfg.oem_id)))
		return refuse(-EINVAL, "MCFG is not this machine's: more than one host bridge");
	*h = (struct pci_host){
		.segment = e->segment,
		.bus_first = e->bus_first,
		.bus_last = e->bus_last,
		.widths = BIT32(0) | BIT32(1) | BIT32(2),
		.config = &pci_ecam_ops,
		.config_base = e->base + e->bus_first * ECAM_PER_BUS,
		.config_size = (e->bus_last - e->bus_first + 1u) * ECAM_PER_BUS,
		.windows = { { .kind = PCI_WINDOW_IO,
			       .cpu = IO_CPU,
			       .bus = IO_BUS,
			       .size = IO_SIZE },
			     { .kind = PCI_WINDOW_MEM32,
			       .cpu = MMIO_BASE,
			       .bus = MMIO_BASE,
			       .size = MMIO_SIZE } },
		.window_count = 2,
		.msi_map = { { .length = RID_COUNT } },
		.msi_map_count = 1,
	};
	for (unsigned device = 0; device < PCI_SLOTS; device++)
		for (unsigned pin = 0; pin < PCI_INTX_LINES; pin++)
			h->intx[device][pin] = intx + (device + pin) % INTX_COUNT;
	m->host_count = 1;
	if (in_memory(m, h->config_base, h->config_size) || in_memory(m, MMIO_BASE, MMIO_SIZE))
		return refuse(-EINVAL, "config space or the bridge's window is in memory");
	return 0;
}

int qv_la_discover_acpi(const struct boot_info *boot, struct machine *m)
{
	int err = open_tables(boot);

	if (!err)
		err = acpi_madt(&tables, &madt);
	if (err == -ENOENT)
		err = refuse(-ENODEV, "there is no MADT");
	if (!err)
		err = qv_take_boot_memory(boot, m);
	if (!err && !m->memory_count)
		err = refuse(-EINVAL, "the loader found no memory");
	m->bundle = boot->bundle;
	if (!err)
		err = take_cpus(m);
	if (!err)
		err = take_interrupts(m);
	if (!err)
		err = take_uarts(m);
	if (!err)
		err = take_power(m);
	if (!err)
		err = take_host(m);
	return err;
}
