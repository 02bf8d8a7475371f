// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From firmware to zones: discover the machine, block all DMA, find the PCI functions, check the
 * manifest, start the zones.
 *
 * The order matters: IOMMUs block before anything else is done with devices (V1), interrupts come
 * before the IOMMUs report faults, and root starts even when another zone's part of the manifest or
 * bundle is refused.
 *
 * Caller context: boot CPU, alone until smp_start().
 */
#include <hv/acpi_report.h>
#include <hv/bringup.h>
#include <hv/hv.h>
#include <postern/errno.h>
#include <postern/string.h>

#include "manifest_machine.h"
#include "screen.h"

struct hv hv;

/* A screen goes dark with the machine: somebody must have read it before. */
#define READING_S 60u

static _Noreturn void give_up(const char *why)
{
	console_emergency();
	host_log(LOG_ERROR, "cannot go on: %s", why);
	if (screen_info()) {
		host_log(LOG_ERROR, "the machine is switched off in %u s", READING_S);
		host_udelay(READING_S * 1000000);
	}
	machine_power_off();
}

static void report_error(void *ctx, const struct manifest_error *e)
{
	(void)ctx;
	host_log(e->warning ? LOG_WARN : LOG_ERROR, "manifest: %s: zone %s, %s: %s; %s", e->rule,
		 e->zone[0] ? e->zone : "-", e->subject[0] ? e->subject : "-", e->text, e->fix);
}

static bool has_image(void *ctx, const char *name)
{
	return bundle_find(ctx, name) != NULL;
}

static void discover(const struct boot_info *boot)
{
	struct machine *m = &hv.machine;

	hv.platform = platform_select_among(arch_platforms(), boot);
	if (!hv.platform) {
		acpi_console(boot);
		give_up("no platform linked into this image knows this machine");
	}
	if (hv.platform->discover(boot, m)) {
		acpi_console(boot);
		give_up("the firmware's description of the machine is unusable");
	}
	for (unsigned i = 0; i < m->cpu_count; i++) {
		hv.cpus[i].index = i;
		hv.cpus[i].hw_id = m->cpus[i].hw_id;
	}
	if (arch_map_machine(m))
		give_up("the machine has more memory and devices than the boot tables can map");
}

/*
 * A unit that fails stays in its most blocking state and is not used: what is behind it cannot be
 * assigned, and says so. Zones without devices still run.
 */
static void init_iommu(struct iommu_unit *u)
{
	if (!u->ops->init(u))
		return;
	u->ops = NULL;
	if (u->base)
		host_log(
			LOG_ERROR,
			"IOMMU %u at 0x%lx is not usable (see above): no device behind it will be assigned",
			u->index, (unsigned long)u->base);
	else
		host_log(LOG_ERROR,
			 "IOMMU %u, " SBDF_FMT
			 ", is not usable (see above): no device behind it will be assigned",
			 u->index, SBDF_ARG(u->sbdf));
}

/* Those with registers of their own block before anybody looks at a device. */
static void init_iommus(void)
{
	for (unsigned i = 0; i < hv.machine.iommu_count; i++) {
		struct iommu_unit *u = &hv.machine.iommus[i];

		u->index = i;
		if (u->base)
			init_iommu(u);
	}
	if (!hv.machine.iommu_count)
		host_log(LOG_WARN, "this machine has no IOMMU: no device will be assigned");
}

/* A unit that tells root ports apart only is asked for those. */
static void route_by_limits(const struct iommu_unit *u)
{
	struct iommu_limits limits;

	if (!u->ops)
		return;
	u->ops->limits(u, &limits);
	for (unsigned i = 0; i < hv.machine.host_count; i++) {
		struct pci_host *h = &hv.machine.hosts[i];

		for (unsigned n = 0; n < h->iommu_map_count; n++)
			if (h->iommu_map[n].unit == u->index)
				h->iommu_map[n].by_root_port = limits.by_root_port;
	}
}

/* Those that are PCI functions: the scan has placed their registers and turned every Bus Master
 * off. */
static void init_pci_iommus(void)
{
	for (unsigned i = 0; i < hv.machine.iommu_count; i++) {
		struct iommu_unit *u = &hv.machine.iommus[i];

		if (u->base)
			continue;
		u->function = pci_find(&hv.pci, u->sbdf);
		if (u->function) {
			u->function->engine = true;
			init_iommu(u);
		} else {
			host_log(
				LOG_ERROR,
				"IOMMU %u: no function " SBDF_FMT
				" although firmware names it: switch the IOMMU on in firmware set-up",
				i, SBDF_ARG(u->sbdf));
			u->ops = NULL;
		}
		route_by_limits(u);
	}
	pci_route_functions(&hv.pci);
}

static void scan_pci(void)
{
	display_suspend();
	for (unsigned i = 0; i < hv.machine.host_count; i++)
		pci_scan_host(&hv.machine.hosts[i], &hv.pci);
	display_resume();
	init_pci_iommus();
	devices_quarantine(&hv.pci);
	pci_assign_groups(&hv.pci);
	for (unsigned i = 0; i < hv.pci.count; i++) {
		const struct pci_function *f = &hv.pci.functions[i];

		host_log(LOG_INFO, "pci " SBDF_FMT " [%04x:%04x] class %06x group %u%s",
			 SBDF_ARG(f->sbdf), f->vendor, f->device, f->class_code, f->group,
			 pci_is_bridge(f) ? " bridge" : "");
	}
}

static bool read_manifest(void)
{
	const struct memory_region *b = &hv.machine.bundle;

	if (!b->size) {
		host_log(LOG_ERROR, "no bundle was loaded: give it to the loader as the initrd");
		return false;
	}
	if (bundle_open(host_phys_to_virt(b->base), b->size, &hv.bundle, report_error, NULL))
		return false;
	if (manifest_parse(hv.bundle.manifest, hv.bundle.manifest_size, &hv.manifest, report_error,
			   NULL) < 0)
		return false;
	manifest_resolve(&hv.manifest, manifest_machine(), has_image, report_error, &hv.bundle);
	vfs_offer();
	return true;
}

/* The function on the root bus above f, as root's synthesized port stands where the physical one
 * does. */
static sbdf_t root_port_of(const struct pci_function *f)
{
	const struct pci_function *p = f->parent;

	if (!p)
		return SBDF_NONE;
	while (p->parent)
		p = p->parent;
	return p->sbdf;
}

static void plan_function(unsigned index, const struct zone *z, sbdf_t wanted)
{
	struct pci_function *f = &hv.pci.functions[index];

	hv.plan[index] = z->id;
	f->planned = z;
	/* Root's lspci, the manifest and the logs agree on names: its virtual BDF is the physical
	 * one. */
	hv.plan_vbdf[index] = z->root && wanted == SBDF_NONE ? f->sbdf : wanted;
	hv.plan_vport[index] = z->root ? root_port_of(f) : SBDF_NONE;
}

/* Where the VF stands in a zone that has its physical function follows from that one. */
static void plan_vf(const struct pci_function *pf, const struct manifest_device *d,
		    const struct zone *z)
{
	size_t index;

	if (d->vf >= pf->sriov.offered)
		return; /* the zone of the physical function was refused */
	index = (size_t)(&pf->sriov.vfs[d->vf] - hv.pci.functions);
	hv.plan[index] = z->id;
	hv.plan_vbdf[index] = d->virtual_bdf;
	hv.plan_vport[index] = SBDF_NONE;
}

static void plan_devices(struct zone *z, const struct manifest_zone *mz)
{
	for (unsigned i = 0; i < mz->device_count; i++) {
		const struct manifest_device *d = &mz->devices[i];

		if (d->function >= 0)
			plan_function((unsigned)d->function, z, d->virtual_bdf);
		if (d->vf_of >= 0)
			plan_vf(&hv.pci.functions[d->vf_of], d, z);
	}
}

static void create_zone(const struct manifest_zone *mz, unsigned *next_cpu)
{
	struct zone *z = &hv.zones[hv.zone_count];
	int err;

	z->id = (uint16_t)hv.zone_count++;
	memcpy(z->name, mz->name, sizeof(z->name));
	z->root = mz->root;
	z->manifest = mz;
	if (mz->refused) {
		z->state = ZONE_FAILED;
		format_text(z->reason, sizeof(z->reason), "refused: see the log");
		host_log(LOG_ERROR, "zone %s: refused, will not be started", z->name);
		return;
	}
	z->cpu_count = mz->cpus;
	for (unsigned i = 0; i < mz->cpus; i++)
		z->cpus[i] = (uint16_t)(*next_cpu)++;
	err = arch_zone_create(z);
	if (!err) {
		z->vpci = vpci_create(z, arch_zone_vpci_layout(), z->virq, z->virq_ctx);
		err = z->vpci ? 0 : -ENOMEM;
	}
	if (err) {
		z->state = ZONE_FAILED;
		format_text(z->reason, sizeof(z->reason), "not created (error %d)", -err);
		host_log(LOG_ERROR, "zone %s: %s", z->name, z->reason);
		return;
	}
	plan_devices(z, mz);
}

static void create_zones(void)
{
	unsigned next_cpu = 0;

	for (unsigned i = 0; i < MAX_PCI_FUNCTIONS; i++)
		hv.plan[i] = ZONE_NONE;
	for (unsigned pass = 0; pass < 2; pass++) /* root first: it gets CPU 0 and id 0 */
		for (unsigned i = 0; i < hv.manifest.zone_count; i++)
			if (hv.manifest.zones[i].root == (pass == 0))
				create_zone(&hv.manifest.zones[i], &next_cpu);
	for (unsigned i = 0; i < hv.zone_count; i++) {
		struct zone *z = &hv.zones[i];

		if (!z->root || z->manifest->refused || !z->manifest->all_unassigned)
			continue;
		for (unsigned n = 0; n < hv.pci.count; n++)
			/* What a refused zone names stays its own: nobody gets it. */
			if (manifest_leaves_over(&hv.manifest, &hv.pci, n))
				plan_function(n, z, SBDF_NONE);
	}
	vfs_plan();
}

static void start_zones(void)
{
	for (unsigned i = 0; i < hv.zone_count; i++) {
		struct zone *z = &hv.zones[i];
		bool online = true;

		if (z->state != ZONE_STOPPED || !z->manifest->autostart)
			continue;
		for (unsigned c = 0; c < z->cpu_count; c++)
			online = online && hv.cpus[z->cpus[c]].online;
		if (!online) {
			format_text(z->reason, sizeof(z->reason), "one of its CPUs did not start");
			host_log(LOG_ERROR, "zone %s: not started: %s", z->name, z->reason);
			continue;
		}
		if (zone_request_start(z))
			host_log(LOG_ERROR, "zone %s: not started", z->name);
	}
}

void hv_main(const struct boot_info *boot, hpa_t image, uint64_t image_size)
{
	const struct machine *m = &hv.machine;

	discover(boot);
	if (m->uart_count)
		console_init(&m->uarts[m->uart_count - 1]);
	host_log(LOG_INFO, "Postern on %s (%s): %u CPUs, %u IOMMUs, %u PCI hosts", m->model,
		 hv.platform->name, m->cpu_count, m->iommu_count, m->host_count);
	core_init(&hv.machine, &hv.pci);
	if (memory_init(m, image, image_size))
		give_up("no usable memory");
	init_iommus();
	if (arch_init_interrupts(&hv.machine))
		give_up("the interrupt controller cannot be used (see above)");
	smp_start();
	scan_pci();
	if (irq_init(m))
		give_up("an interrupt of the hypervisor's own cannot be routed");
	if (bringup_wanted(boot->command_line))
		bringup_run(boot->command_line);
	if (read_manifest())
		create_zones();
	else
		host_log(LOG_ERROR, "no zone can be started: only the monitor is here");
	monitor_init();
	start_zones();
	cpu_idle();
}
