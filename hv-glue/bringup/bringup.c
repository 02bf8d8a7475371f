// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bring-up test: the order of things. Contract in hv/bringup.h.
 *
 * Everything of one function is done before the next one is touched, and whatever a step finds, the
 * function ends where it was: in quarantine.
 */
#include <core/zone.h>
#include <hv/bringup.h>
#include <hv/fault_log.h>
#include <postern/errno.h>
#include <postern/string.h>

#include "bringup.h"

#define DUMP_SHORT 256u
#define ANSWER_MS  3000u /* of a device that works */
#define BLOCKED_MS 300u  /* of one that cannot */

static struct bed bed; /* one function at a time */

static const struct bringup_driver *const drivers[] = { &bringup_nvme, &bringup_igb };

static const struct bringup_driver *driver_of(const struct pci_function *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (drivers[i]->matches(f))
			return drivers[i];
	return NULL;
}

/* ---- one function ---- */

static void not_tried(const struct bed *b, const char *step)
{
	report_row(b->subject, step, VERDICT_NOT_HERE, "an earlier step failed");
}

/*
 * The device writes where it may not: nothing arrives, and the IOMMU says so if it can. `same`: the
 * place is the data, else the granule outside.
 */
static bool try_refused(struct bed *b, const struct bringup_driver *d, bool same)
{
	const char *step = same ? "unmapped IOVA" : "host address";
	iova_t iova = same ? bed_iova(b, d->write_place) : host_virt_to_phys(b->outside);
	struct iommu_fault fault = { .iova = iova };
	bool intact, seen;
	char reported[24];
	int err;

	bed_mark_data(b);
	bed_mark_outside(b);
	err = d->write_at(b, iova);
	seen = b->limits.reports_faults && bed_fault_seen(b, &fault, d->write_size);
	intact = bed_data_marked(b, 0, BED_DATA_SIZE) && bed_outside_marked(b);
	if (intact)
		report_row(b->subject, step, VERDICT_OK,
			   "write of %u bytes at 0x%llx: nothing arrived", d->write_size,
			   (unsigned long long)iova);
	else
		report_row(b->subject, step, VERDICT_FAILED,
			   "write of %u bytes at 0x%llx REACHED MEMORY", d->write_size,
			   (unsigned long long)iova);
	format_text(reported, sizeof(reported), "fault, %s", same ? "unmapped" : "host");
	if (!b->limits.reports_faults)
		report_row(b->subject, reported, VERDICT_NOT_HERE, "%s does not report faults",
			   b->iommu->ops->name);
	else if (seen)
		report_row(b->subject, reported, VERDICT_OK,
			   "stream 0x%x, %s at 0x%llx: %s (event 0x%02x)", fault.stream,
			   !fault.has_direction ? "access"
			   : fault.write        ? "write"
						: "read",
			   (unsigned long long)fault.iova, fault.reason, fault.code);
	else
		report_row(b->subject, reported, VERDICT_FAILED,
			   "the IOMMU did not report stream 0x%x at 0x%llx", b->f->iommu.id,
			   (unsigned long long)iova);
	return err != -ETIMEDOUT || d->start(b);
}

static void test_refusals(struct bed *b, const struct bringup_driver *d)
{
	int err = bed_unmap_data(b);
	bool alive = true;

	if (err)
		report_row(b->subject, "unmapped IOVA", VERDICT_FAILED,
			   "the IOMMU did not unmap (error %d)", -err);
	else
		alive = try_refused(b, d, true);
	if (!alive) {
		not_tried(b, "host address");
		not_tried(b, "mapped again");
		return;
	}
	/* Wider addresses than the IOMMU takes are refused for that, which proves nothing. */
	if (!range_inside(host_virt_to_phys(b->outside), d->write_size, 0,
			  b->limits.iova_bits < 64 ? BIT64(b->limits.iova_bits) : UINT64_MAX))
		report_row(b->subject, "host address", VERDICT_NOT_HERE,
			   "memory 0x%llx is no IOVA of %u bits",
			   (unsigned long long)host_virt_to_phys(b->outside), b->limits.iova_bits);
	else
		alive = try_refused(b, d, false);
	err = b->data_mapped ? 0 : bed_map_data(b);
	if (err)
		report_row(b->subject, "mapped again", VERDICT_FAILED,
			   "the IOMMU did not map (error %d)", -err);
	else if (alive)
		/* An IOMMU that remembers what was not mapped shows here. */
		d->transfer(b, "mapped again");
	else
		not_tried(b, "mapped again");
}

/*
 * The stream is blocked under the device's hands, which still has everything set up and is told to
 * go on: what quarantine rests on.
 */
static void test_block(struct bed *b, const struct bringup_driver *d)
{
	struct iommu_fault fault = { .iova = 0 };
	bool seen;
	int err;

	bed_mark_data(b);
	err = bed_block(b);
	if (err) {
		report_row(b->subject, "blocked stream", VERDICT_FAILED,
			   "the IOMMU did not confirm the block (error %d)", -err);
		return;
	}
	b->faults_from = fault_log_total();
	b->answer_ms = BLOCKED_MS;
	d->write_at(b, bed_iova(b, d->write_place));
	seen = b->limits.reports_faults && bed_any_fault_seen(b, &fault);
	if (!bed_data_marked(b, 0, BED_DATA_SIZE))
		report_row(b->subject, "blocked stream", VERDICT_FAILED,
			   "the device went on and REACHED MEMORY");
	else if (b->limits.reports_faults && !seen)
		report_row(b->subject, "blocked stream", VERDICT_FAILED,
			   "the device went on: nothing arrived, and nothing was reported");
	else
		report_row(b->subject, "blocked stream", VERDICT_OK,
			   "the device went on: nothing arrived%s%s", seen ? ", " : "",
			   seen ? fault.reason : "");
}

static void test_dma(struct bed *b, const struct bringup_driver *d, const struct bringup_options *o)
{
	bool started = bed_make(b, d->vectors, o->cpu) && d->start(b);

	if (started && d->transfer(b, d->transfer_step)) {
		bed_check_messages(b, o->expect_cpu);
		test_refusals(b, d);
		if (o->destructive && d->destroy)
			d->destroy(b);
		test_block(b, d);
		return;
	}
	if (!started)
		not_tried(b, d->transfer_step);
	if (b->vectors_taken)
		bed_check_messages(b, o->expect_cpu);
	else
		not_tried(b, "MSI-X");
	not_tried(b, "unmapped IOVA");
	not_tried(b, "host address");
	not_tried(b, "mapped again");
	not_tried(b, "blocked stream");
}

static void test_function(struct pci_function *f, const struct bringup_driver *d,
			  const struct bringup_options *o)
{
	struct bed *b = &bed;
	bool usable;

	*b = (struct bed){ .f = f,
			   .iommu = core_iommu(f->iommu.unit),
			   .msi = core_msi_unit(f->msi_unit.unit),
			   .answer_ms = ANSWER_MS };
	format_text(b->subject, sizeof(b->subject), SBDF_FMT, SBDF_ARG(f->sbdf));
	report_say(" ");
	report_say("%s: %s [%04x:%04x] revision %u, isolation group %u", b->subject, d->name,
		   (unsigned)f->vendor, (unsigned)f->device, (unsigned)f->revision, f->group);
	if (f->state != DEVICE_QUARANTINED) {
		report_row(b->subject, "state", VERDICT_FAILED, "%s: %s",
			   device_state_name(f->state), f->failure ? f->failure : "not usable");
		return;
	}
	usable = function_capabilities(f, b->subject);
	usable = function_bars(f, b->subject) && usable;
	usable = bed_reset(b) && usable;
	if (usable) {
		test_dma(b, d, o);
	} else {
		not_tried(b, "domain");
		not_tried(b, d->transfer_step);
	}
	bed_release(b);
}

/* ---- the machine ---- */

static void expect(const char *name, bool wanted, unsigned count)
{
	if (wanted && count)
		report_row("machine", name, VERDICT_OK, "%u found", count);
	else if (wanted)
		report_row("machine", name, VERDICT_FAILED, "none was found");
}

static void test_functions(const struct bringup_options *o)
{
	unsigned nvme = 0, igb = 0;

	for (unsigned i = 0; i < hv.pci.count; i++) {
		struct pci_function *f = &hv.pci.functions[i];
		const struct bringup_driver *d = driver_of(f);

		if (!d || (o->only != SBDF_NONE && o->only != f->sbdf))
			continue;
		nvme += d == &bringup_nvme;
		igb += d == &bringup_igb;
		test_function(f, d, o);
	}
	report_say(" ");
	expect("expected NVMe", o->expect_nvme, nvme);
	expect("expected igb", o->expect_igb, igb);
	if (o->only != SBDF_NONE && !nvme && !igb)
		report_row("machine", "only", VERDICT_FAILED,
			   SBDF_FMT ": no function there that this test has a driver for",
			   SBDF_ARG(o->only));
}

/* The highest CPU that is up shows more than the boot CPU, where messages go by accident. */
static bool choose_cpus(struct bringup_options *o)
{
	for (unsigned i = 0; o->cpu == BRINGUP_CPU_DEFAULT && i < hv.machine.cpu_count; i++)
		if (hv.cpus[hv.machine.cpu_count - 1 - i].online)
			o->cpu = hv.machine.cpu_count - 1 - i;
	if (o->expect_cpu == BRINGUP_CPU_DEFAULT)
		o->expect_cpu = o->cpu;
	if (o->cpu < hv.machine.cpu_count && hv.cpus[o->cpu].online)
		return true;
	report_row("machine", "cpu", VERDICT_FAILED,
		   "CPU %u, which is to take the messages, is not online", o->cpu);
	return false;
}

void bringup_run(const char *command_line)
{
	struct bringup_options o;
	char bad[64];

	if (!bringup_parse(command_line, &o, bad, sizeof(bad))) {
		report_row("machine", "command line", VERDICT_FAILED,
			   "%s: not one of cpu=N expect-cpu=N (below %u) dump destructive stay "
			   "only=BDF expect=nvme,igb",
			   bad, (unsigned)MAX_CPUS);
	} else if (choose_cpus(&o)) {
		machine_describe(&o);
		machine_dump(o.dump ? PCI_CONFIG_SIZE : DUMP_SHORT);
		test_functions(&o);
	}
	report_finish();
	if (o.stay)
		cpu_idle();
	machine_power_off();
}
