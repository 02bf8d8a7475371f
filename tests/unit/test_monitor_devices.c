// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the monitor tells of devices, over the PCI model and a zone's real virtual bus: devices,
 * dump, assign, release, faults, and interrupts in stats.
 */
#include <hv/fault_log.h>

#include "host.h"
#include "hv.h"
#include "pci.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct pci_host host;
static struct msi_vector vectors[3];
static struct vpci *bus;

static void message(const struct msi_vector *v, struct msi_message *out)
{
	*out = (struct msi_message){ .address = 0x8090040, .data = v->index };
}

static const struct msi_unit_ops msi_ops = { .name = "fake", .message = message };
static struct msi_unit msi = { .ops = &msi_ops };

static const struct vpci_layout layout = {
	.ecam = 0x3f000000,
	.bus_last = 15,
	.mem32 = 0x10000000,
	.mem32_size = 0x10000000,
	.mem64 = 0x8000000000,
	.mem64_size = 0x100000000,
};

/* An NVMe drive below a port, and what assigning it to zone1 leaves behind. */
static struct pci_function *with_a_drive(void)
{
	struct pci_function *f;

	hv_model_reset();
	hv_model_boot();
	model_pci_create(&host);
	model_pci_text("02.0 port\n"
		       "  00.0 nvme\n");
	CU_ASSERT_EQUAL_FATAL(pci_scan_host(&host, &hv.pci), 0);
	pci_assign_groups(&hv.pci);
	f = pci_find(&hv.pci, sbdf_make(0, 1, 0, 0));
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	f->iommu = (struct pci_route){ 0, 0x100 };
	f->msi_unit = (struct pci_route){ 0, 0x100 };
	f->state = DEVICE_QUARANTINED;
	for (unsigned i = 0; i < hv.pci.count; i++)
		hv.plan[i] = ZONE_NONE;
	return f;
}

static void give_to_zone1(struct pci_function *f)
{
	struct zone *z = &hv.zones[1];

	for (unsigned i = 0; i < ARRAY_SIZE(vectors); i++)
		vectors[i] = (struct msi_vector){ .unit = &msi,
						  .index = (uint16_t)i,
						  .hwirq = 8192 + i,
						  .owner = z,
						  .cpu = i < 2 ? 1 : 2 };
	bus = vpci_create(z, &layout, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bus);
	z->vpci = bus;
	CU_ASSERT_EQUAL_FATAL(vpci_add(bus, f, SBDF_NONE, SBDF_NONE, vectors, ARRAY_SIZE(vectors)),
			      0);
	f->owner = z;
	f->state = DEVICE_ASSIGNED;
	f->vectors = vectors;
	f->vector_count = ARRAY_SIZE(vectors);
}

static void a_free_device_shows_who_it_is_planned_for(void)
{
	struct pci_function *f = with_a_drive();
	char expected[256];
	const char *answer;

	hv.plan[f - hv.pci.functions] = 1;
	snprintf(
		expected, sizeof(expected),
		"0000:01:00.0  %04x:%04x  010802  quarantined  -             -             group %u\n"
		"    planned for zone zone1\n"
		"    iommu 0 stream 0x100, msi unit 0 device id 0x100\n"
		"    bar 0 mem64: hpa 0x%llx size 16 KiB\n",
		f->vendor, f->device, f->group, (unsigned long long)f->bars[0].cpu);
	answer = hv_command("devices");
	CU_ASSERT(has(answer, expected));
	CU_ASSERT(has(answer, "    bridge to buses 01..01\n"));
	CU_ASSERT(ends_with(answer, "\nok\n"));
}

static void an_assigned_device_shows_its_place_in_the_zone(void)
{
	struct pci_function *f = with_a_drive();
	const char *answer;
	char expected[256];
	sbdf_t where;

	give_to_zone1(f);
	where = vpci_where(bus, f);
	CU_ASSERT_NOT_EQUAL_FATAL(where, SBDF_NONE);
	answer = hv_command("devices");
	snprintf(expected, sizeof(expected),
		 "010802  assigned     zone1         " SBDF_FMT "  group", SBDF_ARG(where));
	CU_ASSERT(has(answer, expected));
	CU_ASSERT(has(answer, "    vectors 3: 8192..8193@cpu1 8194@cpu2\n"));
	CU_ASSERT_FALSE(has(answer, "INTx"));
	f->interrupt_pin = 1;
	f->host->intx[sbdf_dev(f->parent->sbdf)][0] = 37;
	f->intx_line = 3;
	CU_ASSERT(has(hv_command("devices"), "    INTx: interrupt 37, INTC of its zone\n"));
	/* Before the zone's kernel decodes it there is no guest address. */
	CU_ASSERT(has(answer, "    bar 0 mem64: gpa none -> hpa 0x"));

	vpci_config_write(bus, sbdf_bus(where), sbdf_devfn(where), 0x10, 4, 0x10004000);
	vpci_config_write(bus, sbdf_bus(where), sbdf_devfn(where), 0x14, 4, 0x80);
	vpci_config_write(bus, sbdf_bus(where), sbdf_devfn(where), 0x04, 2, 0x2);
	snprintf(expected, sizeof(expected),
		 "    bar 0 mem64: gpa 0x8010004000 -> hpa 0x%llx size 16 KiB\n",
		 (unsigned long long)f->bars[0].cpu);
	CU_ASSERT(has(hv_command("devices"), expected));
}

/* The row at `offset` of a function's dump, as it must be by the zone's own reads. */
static const char *row(sbdf_t where, unsigned offset)
{
	static char text[80];
	size_t length = (size_t)snprintf(text, sizeof(text), "\n%02x:", offset);

	for (unsigned i = 0; i < 16; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, " %02x",
					   (unsigned)vpci_config_read(bus, sbdf_bus(where),
								      sbdf_devfn(where), offset + i,
								      1));
	snprintf(text + length, sizeof(text) - length, "\n");
	return text;
}

static void dump_shows_the_zones_view_as_lspci_reads_it(void)
{
	struct pci_function *f = with_a_drive();
	const char *answer, *drive;
	char heading[64];
	sbdf_t where;

	give_to_zone1(f);
	where = vpci_where(bus, f);
	/* What the zone wrote is what is shown, not the hardware's. */
	vpci_config_write(bus, sbdf_bus(where), sbdf_devfn(where), 0x10, 4, 0x10004000);
	answer = hv_command("dump zone1");
	CU_ASSERT_EQUAL(strncmp(answer, "00:", 3), 0);
	CU_ASSERT(has(answer, " 0604: 7073:0001\n00: 73 70 01 00 "));
	snprintf(heading, sizeof(heading), "\n%02x:%02x.%x 0108: %04x:%04x\n", sbdf_bus(where),
		 sbdf_devfn(where) >> 3, sbdf_devfn(where) & 7u, f->vendor, f->device);
	drive = strstr(answer, heading);
	CU_ASSERT_PTR_NOT_NULL_FATAL(drive);
	for (unsigned offset = 0; offset < 4096; offset += 16)
		CU_ASSERT(has(drive, row(where, offset)));
	CU_ASSERT(has(drive, "\n10: 04 40 00 10 "));
	CU_ASSERT(has(answer, "\nff0: "));
	CU_ASSERT(!has(answer, "\n1000: "));
	CU_ASSERT(ends_with(answer, "\nok\n"));
}

static void dump_needs_a_zone_with_functions(void)
{
	with_a_drive();
	CU_ASSERT_STRING_EQUAL(hv_command("dump nobody"),
			       "error: zone nobody: no such zone; `zones` lists them\n");
	CU_ASSERT(has(hv_command("dump zone1"), "error: zone zone1: it has no PCI function now"));
}

static void a_failed_device_says_why(void)
{
	struct pci_function *f = with_a_drive();

	f->state = DEVICE_FAILED;
	f->failure = "it did not come back from reset";
	CU_ASSERT(has(hv_command("devices"), "    failed: it did not come back from reset\n"));
	CU_ASSERT(has(hv_command("assign 01:00.0 zone1"), "it is failed and cannot be given away"));
}

static void assign_and_release_name_the_right_function(void)
{
	struct pci_function *f = with_a_drive();

	CU_ASSERT_STRING_EQUAL(hv_command("assign 0000:01:00.0 zone1"), "ok\n");
	CU_ASSERT_PTR_EQUAL(hv_device_asked(), f);
	CU_ASSERT_PTR_EQUAL(hv_device_zone(), &hv.zones[1]);
	give_to_zone1(f);
	CU_ASSERT_STRING_EQUAL(
		hv_command("assign 01:00.0 root"),
		"error: device 0000:01:00.0: zone zone1 has it; `release 0000:01:00.0` takes "
		"it away first\n");
	CU_ASSERT_STRING_EQUAL(hv_command("release 01:00.0"), "ok\n");
}

static void device_errors_name_device_rule_and_way_out(void)
{
	with_a_drive();
	CU_ASSERT_STRING_EQUAL(hv_command("release 0000:09:00.0"),
			       "error: device 0000:09:00.0: there is none; `devices` lists them\n");
	CU_ASSERT(has(hv_command("assign 00:02.0 zone1"), "bridges belong to the hypervisor"));
	CU_ASSERT_STRING_EQUAL(hv_command("assign 01:00.0 nobody"),
			       "error: zone nobody: no such zone; `zones` lists them\n");
	hv_set_device_answer(-ENOENT);
	CU_ASSERT(has(hv_command("release 01:00.0"),
		      "error: device 0000:01:00.0: no zone has it or is to get it"));
	hv_set_device_answer(-EBUSY);
	CU_ASSERT(has(hv_command("release 01:00.0"), "its zone is starting or stopping"));
	hv_set_device_answer(-ENOSPC);
	CU_ASSERT_STRING_EQUAL(
		hv_command("assign 01:00.0 zone1"),
		"error: device 0000:01:00.0: not assigned to zone zone1 (error 28); `log` "
		"says why\n");
}

static void only_device_addresses_are_taken_for_one(void)
{
	static const char *const wrong[] = { "1:00.0",  "01:00",         "01:00.8",       "01:20.0",
					     "01-00.0", "0000:01:00.0x", "00000:01:00.0", "g1:00.0",
					     "zone1",   "01:00.0.0",     "0000.01:00.0" };

	with_a_drive();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char line[64];

		snprintf(line, sizeof(line), "release %s", wrong[i]);
		CU_ASSERT(has(hv_command(line), "not a device address; write it as 0000:01:00.0"));
	}
	CU_ASSERT_PTR_NULL(hv_device_asked());
}

static void faults_lists_the_recent_ones_and_the_counts(void)
{
	struct iommu_fault f = { .stream = 0x100,
				 .zone_id = 1,
				 .iova = 0x90000000,
				 .has_iova = true,
				 .has_direction = true,
				 .code = 0x10,
				 .reason = "translation" };
	const char *answer;

	with_a_drive();
	fault_log_add(0, &f);
	f = (struct iommu_fault){
		.stream = 0x55, .zone_id = ZONE_NONE, .code = 2, .reason = "bad stream"
	};
	fault_log_add(0, &f);
	answer = hv_command("faults");
	CU_ASSERT(has(answer,
		      " iommu 0 stream 0x100 device 0000:01:00.0 zone zone1: read at 0x90000000 "
		      "refused: translation (event 0x10)\n"));
	CU_ASSERT(has(answer,
		      " iommu 0 stream 0x55 device - zone -: refused: bad stream (event 0x02)\n"));
	CU_ASSERT(ends_with(
		answer, "\nzone root: 0 faults\nzone zone1: 1 faults\nno zone: 1 faults\nok\n"));
}

static void stats_shows_interrupts_memory_and_the_architectures_own(void)
{
	struct pci_function *f = with_a_drive();
	const char *answer;

	give_to_zone1(f);
	vectors[0].fired = 12;
	vectors[2].fired = 30;
	answer = hv_command("stats");
	CU_ASSERT(has(answer, "\ninterrupts of 0000:01:00.0 to zone zone1: 42\n    0:12 2:30\n"));
	CU_ASSERT(has(answer, "\nmemory for zones: "));
	CU_ASSERT(has(answer, "\npages of the hypervisor: "));
	CU_ASSERT(has(answer, "\nan architecture's counter: 7\n"));
	CU_ASSERT(!has(hv_command("stats root"), "interrupts of"));
}

void suite_monitor_devices(void)
{
	static const struct unit_test tests[] = {
		TEST(a_free_device_shows_who_it_is_planned_for),
		TEST(an_assigned_device_shows_its_place_in_the_zone),
		TEST(dump_shows_the_zones_view_as_lspci_reads_it),
		TEST(dump_needs_a_zone_with_functions),
		TEST(a_failed_device_says_why),
		TEST(assign_and_release_name_the_right_function),
		TEST(device_errors_name_device_rule_and_way_out),
		TEST(only_device_addresses_are_taken_for_one),
		TEST(faults_lists_the_recent_ones_and_the_counts),
		TEST(stats_shows_interrupts_memory_and_the_architectures_own),
	};

	unit_suite("monitor-devices", tests, ARRAY_SIZE(tests));
}
