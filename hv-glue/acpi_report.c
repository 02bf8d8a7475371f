// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What firmware's ACPI tables say, and the one that goes before them: see <hv/acpi_report.h>. One
 * line for each structure.
 */
#include <hv/acpi_report.h>
#include <hv/hv.h>
#include <postern/acpi.h>

/* Too large for the stack. */
static struct acpi acpi;
static struct acpi_madt madt;
static struct acpi_mcfg mcfg;

static bool in_map(const struct memory_region *map, unsigned count, hpa_t base, uint64_t size)
{
	for (unsigned i = 0; i < count; i++)
		if (range_inside(base, size, map[i].base, map[i].size))
			return true;
	return false;
}

/* Only what firmware's own map knows as memory is looked at. */
static const void *map_table(void *ctx, hpa_t base, uint64_t size)
{
	const struct boot_info *boot = ctx;

	if (!in_map(boot->memory, boot->memory_count, base, size) &&
	    !in_map(boot->reserved, boot->reserved_count, base, size))
		return NULL;
	return host_phys_to_virt(base);
}

static void report_tables(void)
{
	for (unsigned i = 0; i < acpi.count; i++) {
		const struct acpi_table *t = &acpi.tables[i];

		host_log(LOG_INFO, "acpi: %.4s revision %u length 0x%x OEM \"%.6s\" \"%.8s\"",
			 t->signature, t->revision, t->length, t->oem_id, t->oem_table_id);
	}
}

static void report_madt(void)
{
	for (unsigned i = 0; i < madt.core_count; i++)
		host_log(LOG_INFO, "acpi: MADT core %u processor %u", madt.cores[i].core,
			 madt.cores[i].processor);
	if (madt.cores_left_out)
		host_log(LOG_WARN, "acpi: MADT has %u more cores than Postern uses (%u)",
			 madt.cores_left_out, MAX_CPUS);
	if (madt.lio.present)
		host_log(LOG_INFO, "acpi: MADT LIO at 0x%lx size 0x%x cascade %u %u",
			 (unsigned long)madt.lio.base, madt.lio.size, madt.lio.cascade[0],
			 madt.lio.cascade[1]);
	for (unsigned i = 0; i < madt.eio_count; i++)
		host_log(LOG_INFO, "acpi: MADT EIO cascade %u node %u map 0x%lx",
			 madt.eio[i].cascade, madt.eio[i].node,
			 (unsigned long)madt.eio[i].node_map);
	for (unsigned i = 0; i < madt.msi_count; i++)
		host_log(LOG_INFO, "acpi: MADT MSI at 0x%lx vectors %u+%u",
			 (unsigned long)madt.msi[i].address, madt.msi[i].start, madt.msi[i].count);
	for (unsigned i = 0; i < madt.bio_count; i++)
		host_log(LOG_INFO, "acpi: MADT BIO %u at 0x%lx size 0x%x GSI %u", madt.bio[i].id,
			 (unsigned long)madt.bio[i].base, madt.bio[i].size, madt.bio[i].gsi_base);
}

static void report_mcfg(void)
{
	for (unsigned i = 0; i < mcfg.count; i++)
		host_log(LOG_INFO, "acpi: MCFG segment %u buses %u-%u at 0x%lx",
			 mcfg.entries[i].segment, mcfg.entries[i].bus_first,
			 mcfg.entries[i].bus_last, (unsigned long)mcfg.entries[i].base);
}

static bool open_tables(const struct boot_info *boot)
{
	const struct acpi_memory memory = { .map = map_table, .ctx = (void *)(uintptr_t)boot };

	return boot->acpi_rsdp && !acpi_open(&acpi, &memory, boot->acpi_rsdp);
}

void acpi_report(const struct boot_info *boot)
{
	if (!open_tables(boot))
		return;
	if (boot->overrides.size &&
	    acpi_override(&acpi, boot->overrides.base, boot->overrides.size))
		return;
	report_tables();
	if (acpi_find(&acpi, "APIC", 0) && !acpi_madt(&acpi, &madt))
		report_madt();
	if (acpi_find(&acpi, "MCFG", 0) && !acpi_mcfg(&acpi, &mcfg))
		report_mcfg();
}

void acpi_console(const struct boot_info *boot)
{
	struct uart_info uart;

	if (open_tables(boot) && !acpi_spcr(&acpi, &uart))
		console_init(&uart);
}
