// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Monitor commands about devices: devices, dump, assign, release, faults.
 *
 * The report reads what other CPUs may be changing (a zone that stops gives its devices back):
 * pointers are read once, and numbers may be a moment old. Vectors lie in the hypervisor's own
 * pages, which are never unmapped.
 *
 * Caller context: housekeeping CPU, no lock held.
 */
#include <hv/fault_log.h>
#include <postern/errno.h>
#include <postern/string.h>

#include "monitor.h"

#define TEXT_WRAP 80u

/* Standard configuration header (PCI Local Bus 3.0, 6.1 and 6.2.5). */
#define PCI_VENDOR_ID      0x00u
#define PCI_DEVICE_ID      0x02u
#define PCI_COMMAND        0x04u
#define PCI_COMMAND_IO     BIT32(0)
#define PCI_COMMAND_MEMORY BIT32(1)
#define PCI_CLASS_DEVICE   0x0au
#define PCI_BAR(n)         (0x10u + 4 * (n))
#define PCI_BAR_IO_MASK    MASK32(31, 2)
#define PCI_BAR_MEM_MASK   MASK32(31, 4)

/* PCI Express 4.0, 7.2.2: what ECAM holds of each function. */
#define PCI_CONFIG_SIZE 4096u
#define DUMP_ROW        16u

#define NS_PER_US 1000u
#define US_PER_S  1000000u

/* ---- devices --------------------------------------------------------------------------------- */

static const char *bar_kind_name(enum pci_bar_kind kind)
{
	switch (kind) {
	case PCI_BAR_MEM32:
		return "mem32";
	case PCI_BAR_MEM64:
		return "mem64";
	case PCI_BAR_IO:
		return "io";
	case PCI_BAR_NONE:
		break;
	}
	return "?";
}

/* Where the zone put the BAR; false while it does not decode it. */
static bool bar_gpa(struct vpci *v, sbdf_t vbdf, unsigned n, enum pci_bar_kind kind, gpa_t *out)
{
	unsigned bus = sbdf_bus(vbdf), devfn = sbdf_devfn(vbdf);
	uint64_t command = vpci_config_read(v, bus, devfn, PCI_COMMAND, 2);
	uint64_t low = vpci_config_read(v, bus, devfn, PCI_BAR(n), 4);

	if (kind == PCI_BAR_IO) {
		*out = low & PCI_BAR_IO_MASK;
		return command & PCI_COMMAND_IO;
	}
	*out = low & PCI_BAR_MEM_MASK;
	if (kind == PCI_BAR_MEM64)
		*out |= vpci_config_read(v, bus, devfn, PCI_BAR(n + 1), 4) << 32;
	return command & PCI_COMMAND_MEMORY;
}

static void print_bars(const struct pci_function *f, struct zone *owner, sbdf_t vbdf)
{
	for (unsigned n = 0; n < PCI_BAR_COUNT; n++) {
		const struct pci_bar *bar = &f->bars[n];
		char size[24], gpa_text[32] = "";
		gpa_t gpa;

		if (bar->kind == PCI_BAR_NONE || !bar->size)
			continue;
		monitor_size(bar->size, size, sizeof(size));
		if (owner && vbdf != SBDF_NONE) {
			if (bar_gpa(owner->vpci, vbdf, n, bar->kind, &gpa))
				format_text(gpa_text, sizeof(gpa_text), "gpa 0x%llx -> ",
					    (unsigned long long)gpa);
			else
				format_text(gpa_text, sizeof(gpa_text), "gpa none -> ");
		}
		monitor_print("    bar %u %s: %shpa 0x%llx size %s", n, bar_kind_name(bar->kind),
			      gpa_text, (unsigned long long)bar->cpu, size);
	}
}

/* Interrupt numbers [first, first + count) that go to one CPU. */
struct vector_run {
	uint32_t first, count;
	uint16_t cpu;
};

static size_t format_run(const struct vector_run *r, char *text, size_t size)
{
	int length = r->count > 1 ? format_text(text, size, " %u..%u@cpu%u", r->first,
						r->first + r->count - 1, r->cpu)
				  : format_text(text, size, " %u@cpu%u", r->first, r->cpu);

	return (size_t)length < size ? (size_t)length : size - 1;
}

static void print_vectors(const struct pci_function *f)
{
	const struct msi_vector *v = __atomic_load_n(&f->vectors, __ATOMIC_ACQUIRE);
	unsigned count = f->vector_count;
	struct vector_run run = { .count = 0 };
	char text[MONITOR_TEXT_MAX / 2];
	size_t length;

	if (!v || !count)
		return;
	length = (size_t)format_text(text, sizeof(text), "    vectors %u:", count);
	for (unsigned i = 0; i <= count; i++) {
		if (i < count && run.count && v[i].hwirq == run.first + run.count &&
		    v[i].cpu == run.cpu) {
			run.count++;
			continue;
		}
		if (run.count)
			length += format_run(&run, text + length, sizeof(text) - length);
		if (i == count || length > TEXT_WRAP) {
			monitor_print("%s", text);
			length = (size_t)format_text(text, sizeof(text), "       ");
		}
		if (i < count)
			run = (struct vector_run){ v[i].hwirq, 1, v[i].cpu };
	}
}

static void print_line(const struct pci_function *f)
{
	const unsigned line = f->intx_line;

	if (line)
		monitor_print("    INTx: interrupt %u, INT%c of its zone", pci_intx_irq(f),
			      'A' + (int)line - 1);
}

static void print_routes(const struct pci_function *f)
{
	char iommu[40] = "no iommu", msi[48] = "no msi unit";

	if (f->iommu.unit >= 0)
		format_text(iommu, sizeof(iommu), "iommu %d stream 0x%x", f->iommu.unit,
			    f->iommu.id);
	if (f->msi_unit.unit >= 0)
		format_text(msi, sizeof(msi), "msi unit %d device id 0x%x", f->msi_unit.unit,
			    f->msi_unit.id);
	monitor_print("    %s, %s", iommu, msi);
}

static void print_function(const struct pci_function *f)
{
	struct zone *owner = __atomic_load_n(&f->owner, __ATOMIC_ACQUIRE);
	const char *failure = __atomic_load_n(&f->failure, __ATOMIC_ACQUIRE);
	uint16_t plan = hv.plan[f - hv.pci.functions];
	sbdf_t vbdf = owner && owner->vpci ? vpci_where(owner->vpci, f) : SBDF_NONE;
	char virtual[16] = "-";

	if (vbdf != SBDF_NONE)
		format_text(virtual, sizeof(virtual), SBDF_FMT, SBDF_ARG(vbdf));
	monitor_print(SBDF_FMT "  %04x:%04x  %06x  %-11s  %-12s  %-12s  group %u",
		      SBDF_ARG(f->sbdf), f->vendor, f->device, f->class_code,
		      device_state_name(f->state), owner ? owner->name : "-", virtual, f->group);
	if (pci_is_bridge(f)) {
		monitor_print("    bridge to buses %02x..%02x", f->secondary, f->subordinate);
		return;
	}
	if (f->engine)
		monitor_print("    the engine's own: in no zone's view");
	if (!owner && plan < hv.zone_count)
		monitor_print("    planned for zone %s", hv.zones[plan].name);
	if (pci_is_vf(f))
		monitor_print("    virtual function %u of " SBDF_FMT, (unsigned)f->vf,
			      SBDF_ARG(f->pf->sbdf));
	if (f->untranslated)
		monitor_print("    NOT ISOLATED: it can reach all memory (trust-dma)");
	if (f->sriov.offered)
		monitor_print("    virtual functions: %u of %u enabled", (unsigned)f->sriov.enabled,
			      (unsigned)f->sriov.offered);
	print_routes(f);
	print_vectors(f);
	print_line(f);
	print_bars(f, owner, vbdf);
	if (f->state == DEVICE_FAILED && failure)
		monitor_print("    failed: %s", failure);
}

static enum monitor_result cmd_devices(char **args, unsigned count)
{
	(void)args;
	(void)count;
	monitor_print(
		"device        ids        class   state        zone          virtual       group");
	for (unsigned i = 0; i < hv.pci.count; i++)
		print_function(&hv.pci.functions[i]);
	return MONITOR_OK;
}

/* ---- dump ------------------------------------------------------------------------------------ */

/*
 * One function of a zone's view as `lspci -n -xxxx` writes it, so that `lspci -F` reads it. A
 * register that changes by itself may do so between two rows.
 */
static void dump_function(struct vpci *v, sbdf_t vbdf)
{
	unsigned bus = sbdf_bus(vbdf), devfn = sbdf_devfn(vbdf);
	char text[80];

	monitor_print("%02x:%02x.%x %04x: %04x:%04x", bus, devfn >> 3, devfn & 7u,
		      (unsigned)vpci_config_read(v, bus, devfn, PCI_CLASS_DEVICE, 2),
		      (unsigned)vpci_config_read(v, bus, devfn, PCI_VENDOR_ID, 2),
		      (unsigned)vpci_config_read(v, bus, devfn, PCI_DEVICE_ID, 2));
	for (unsigned row = 0; row < PCI_CONFIG_SIZE; row += DUMP_ROW) {
		size_t length = (size_t)format_text(text, sizeof(text), "%02x:", row);

		for (unsigned i = 0; i < DUMP_ROW; i += 4) {
			uint64_t word = vpci_config_read(v, bus, devfn, row + i, 4);

			length += (size_t)format_text(
				text + length, sizeof(text) - length, " %02x %02x %02x %02x",
				(unsigned)(word & 0xff), (unsigned)(word >> 8 & 0xff),
				(unsigned)(word >> 16 & 0xff), (unsigned)(word >> 24 & 0xff));
		}
		monitor_print("%s", text);
	}
}

static enum monitor_result cmd_dump(char **args, unsigned count)
{
	struct zone *z = monitor_zone(args[0]);
	struct vpci_info info;

	(void)count;
	if (!z)
		return MONITOR_ERROR;
	if (!z->vpci || !vpci_info(z->vpci, 0, &info))
		return monitor_error("zone %s: it has no PCI function now; `zones` shows whether "
				     "it runs, `devices` what it is to get",
				     z->name);
	/* A function that goes meanwhile moves the others up: one may be missed, none made up. */
	for (unsigned n = 0; vpci_info(z->vpci, n, &info); n++)
		if (info.vbdf != SBDF_NONE)
			dump_function(z->vpci, info.vbdf);
	return MONITOR_OK;
}

/* ---- assign and release ---------------------------------------------------------------------- */

static enum monitor_result cmd_release(char **args, unsigned count)
{
	struct pci_function *f = monitor_function(args[0]);
	int err;

	(void)count;
	if (!f)
		return MONITOR_ERROR;
	err = device_request_release(f);
	switch (-err) {
	case 0:
		return MONITOR_OK;
	case ENOENT:
		return monitor_error("device " SBDF_FMT
				     ": no zone has it or is to get it; `devices` "
				     "shows who has what",
				     SBDF_ARG(f->sbdf));
	case EBUSY:
		return monitor_error("device " SBDF_FMT
				     ": its zone is starting or stopping, or too "
				     "many releases are under way; try again when `zones` shows it "
				     "running",
				     SBDF_ARG(f->sbdf));
	default:
		return monitor_error("device " SBDF_FMT ": not released (error %d); `log` says why",
				     SBDF_ARG(f->sbdf), -err);
	}
}

static enum monitor_result cmd_assign(char **args, unsigned count)
{
	struct pci_function *f = monitor_function(args[0]);
	struct zone *z = f ? monitor_zone(args[1]) : NULL;
	int err;

	(void)count;
	if (!z)
		return MONITOR_ERROR;
	if (pci_is_bridge(f))
		return monitor_error("device " SBDF_FMT
				     ": bridges belong to the hypervisor; assign "
				     "what is below it",
				     SBDF_ARG(f->sbdf));
	if (f->owner)
		return monitor_error("device " SBDF_FMT ": zone %s has it; `release " SBDF_FMT
				     "` takes it away first",
				     SBDF_ARG(f->sbdf), f->owner->name, SBDF_ARG(f->sbdf));
	/* A VF that is not enabled can be planned. */
	if (f->state != DEVICE_QUARANTINED && !(pci_is_vf(f) && f->state == DEVICE_ABSENT))
		return monitor_error("device " SBDF_FMT ": it is %s and cannot be given away; "
				     "`devices` shows why",
				     SBDF_ARG(f->sbdf), device_state_name(f->state));
	err = device_request_assign(f, z);
	if (err)
		return monitor_error("device " SBDF_FMT
				     ": not assigned to zone %s (error %d); `log` "
				     "says why",
				     SBDF_ARG(f->sbdf), z->name, -err);
	return MONITOR_OK;
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void print_fault(const struct fault_record *r)
{
	uint64_t us = r->time / NS_PER_US;
	char device[16] = "-", what[96];

	if (r->bdf != SBDF_NONE)
		format_text(device, sizeof(device), SBDF_FMT, SBDF_ARG(r->bdf));
	fault_log_describe(&r->fault, what, sizeof(what));
	monitor_print("%5llu.%06llu iommu %u stream 0x%x device %s zone %s: %s",
		      (unsigned long long)(us / US_PER_S), (unsigned long long)(us % US_PER_S),
		      r->unit, r->fault.stream, device,
		      r->fault.zone_id < hv.zone_count ? hv.zones[r->fault.zone_id].name : "-",
		      what);
}

static enum monitor_result cmd_faults(char **args, unsigned count)
{
	struct fault_record r;
	uint64_t cursor = 0, end = fault_log_total();

	(void)args;
	(void)count;
	while (cursor < end && fault_log_next(&cursor, &r))
		print_fault(&r);
	for (unsigned i = 0; i < hv.zone_count; i++)
		monitor_print("zone %s: %llu faults", hv.zones[i].name,
			      (unsigned long long)hv.zones[i].faults);
	monitor_print("no zone: %llu faults", (unsigned long long)fault_log_unowned());
	return MONITOR_OK;
}

const struct monitor_command monitor_device_commands[] = {
	{ "devices", "", "PCI functions: state, zone, vectors, streams, BARs", 0, 0, cmd_devices },
	{ "dump", "ZONE", "config space as the zone sees it, for `lspci -F`", 1, 1, cmd_dump },
	{ "assign", "DEVICE ZONE", "give a free device to a zone", 2, 2, cmd_assign },
	{ "release", "DEVICE", "take a device away from its zone", 1, 1, cmd_release },
	{ "faults", "", "DMA the IOMMUs refused", 0, 0, cmd_faults },
	{ 0 },
};
