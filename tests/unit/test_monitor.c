// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The monitor's commands, typed on the terminal and read from it. docs/monitor.md states the
 * formats that scripts rely on; what is compared here in full is such a format. Includes the source
 * that keeps state of its own between commands.
 */
#include "../../hv-glue/monitor_machine.c"

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

static void fresh(void)
{
	hv_model_reset();
	memset(&seen, 0, sizeof(seen));
	memset(&off, 0, sizeof(off));
	hv_model_boot();
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

/* ---- every command --------------------------------------------------------------------------- */

static void every_listed_command_ends_with_one_verdict(void)
{
	static const char *const lines[] = {
		"help",
		"zones",
		"cpus zone1",
		"stats",
		"stats zone1",
		"log",
		"version",
		"size",
		"devices",
		"faults",
		"start zone1",
		"stop zone1",
		"kill zone1",
		"restart zone1",
		"console zone1",
		"wait zone1 running 1",
		"release 00:00.0",
		"assign 00:00.0 zone1",
		"help me",
		"zones zone1",
		"cpus",
		"wait zone1",
		"assign zone1",
		"start a b c d e f g",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const char *answer, *last;

		fresh();
		hv_command(lines[i]);
		hv_run_ms(50);
		answer = strchr(hv_screen(), '\n') + 1;
		last = strstr(answer, "ok\r\n") ? strstr(answer, "ok\r\n")
						: strstr(answer, "error: ");
		CU_ASSERT_PTR_NOT_NULL_FATAL(last);
		/* At the start of a line, and nothing but the prompt after it. */
		CU_ASSERT(last == answer || last[-1] == '\n');
		CU_ASSERT_STRING_EQUAL(strchr(last, '\n') + 1, "postern> ");
	}
}

static void help_lists_every_command_once(void)
{
	static const char *const names[] = { "help",    "zones",   "cpus",     "start",   "stop",
					     "kill",    "restart", "wait",     "console", "devices",
					     "assign",  "release", "faults",   "stats",   "log",
					     "version", "size",    "poweroff", "reset" };
	const char *answer;
	unsigned lines = 0;

	fresh();
	answer = hv_command("help");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char start[32];

		snprintf(start, sizeof(start), "\n%s ", names[i]);
		CU_ASSERT(has(answer, start + (i == 0)));
	}
	for (const char *p = answer; *p; p++)
		lines += *p == '\n';
	CU_ASSERT_EQUAL(lines, ARRAY_SIZE(names) + 1);
}

static void blanks_and_case_are_what_they_are(void)
{
	fresh();
	CU_ASSERT(ends_with(hv_command("   version   "), "ok\n"));
	CU_ASSERT(has(hv_command("Version"), "error: Version: no such command; `help` lists them"));
	CU_ASSERT_STRING_EQUAL(hv_command("    "), "");
	CU_ASSERT_STRING_EQUAL(hv_command("start"), "error: start: usage: start ZONE\n");
	CU_ASSERT_STRING_EQUAL(hv_command("zones all"),
			       "error: zones: usage: zones (no arguments)\n");
	CU_ASSERT_STRING_EQUAL(hv_command("wait a b c d"),
			       "error: wait: usage: wait ZONE STATE [SECONDS]\n");
}

/* ---- zones ----------------------------------------------------------------------------------- */

static void zones_shows_state_memory_and_last_stop(void)
{
	struct zone *z;

	fresh();
	z = &hv.zones[1];
	z->ram_gpa = 0x80000000;
	z->ram_hpa = 0x48200000;
	z->ram_size = 512 * MIB;
	z->starts = 3;
	z->faults = 7;
	snprintf(z->reason, sizeof(z->reason), "killed by the monitor");
	hv.zones[0].state = ZONE_STOPPED;
	CU_ASSERT_STRING_EQUAL(hv_command("zones"),
			       "zone 0 root: stopped, cpus 0, starts 1, faults 0\n"
			       "    no ram while it does not run\n"
			       "zone 1 zone1: running, cpus 1 2, starts 3, faults 7\n"
			       "    ram gpa 0x80000000 -> hpa 0x48200000 size 512 MiB\n"
			       "    last stop: killed by the monitor\n"
			       "ok\n");
}

static void a_zone_refused_at_boot_says_so(void)
{
	static const struct manifest_zone refused = { .refused = true };

	fresh();
	hv.zones[1].manifest = &refused;
	hv.zones[1].arch = NULL;
	hv.zones[1].state = ZONE_FAILED;
	CU_ASSERT(has(hv_command("zones"), "    refused at boot: `log` says why\n"));
	CU_ASSERT(has(hv_command("cpus zone1"), "error: zone zone1: it has no CPUs"));
	CU_ASSERT(has(hv_command("console zone1"), "error: zone zone1: it has no console here"));
}

static void requests_carry_their_way_and_reason(void)
{
	static const struct {
		const char *line, *reason;
		enum zone_stop how;
	} requests[] = {
		{ "stop zone1", "stopped by the monitor", ZONE_STOP_OFF },
		{ "kill zone1", "killed by the monitor", ZONE_STOP_OFF },
		{ "restart zone1", "restarted by the monitor", ZONE_STOP_RESTART },
	};

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		fresh();
		CU_ASSERT_STRING_EQUAL(hv_command(requests[i].line), "ok\n");
		CU_ASSERT_EQUAL(hv.zones[1].state, ZONE_STOPPING);
		CU_ASSERT_EQUAL(hv.zones[0].state, ZONE_RUNNING);
		CU_ASSERT_EQUAL(hv_stop_how(), requests[i].how);
		CU_ASSERT_STRING_EQUAL(hv_stop_reason(), requests[i].reason);
	}
	fresh();
	hv.zones[1].state = ZONE_STOPPED;
	CU_ASSERT_STRING_EQUAL(hv_command("start zone1"), "ok\n");
	CU_ASSERT_EQUAL(hv.zones[1].state, ZONE_STARTING);
}

static void a_refused_request_names_the_way_out(void)
{
	struct zone *z;

	fresh();
	z = &hv.zones[1];
	CU_ASSERT_STRING_EQUAL(
		hv_command("start zone1"),
		"error: zone zone1: it is running; `restart zone1` or `stop zone1` stop it "
		"first\n");
	z->state = ZONE_STOPPED;
	CU_ASSERT_STRING_EQUAL(hv_command("restart zone1"),
			       "error: zone zone1: it is stopped; `start zone1` starts it\n");
	z->state = ZONE_STOPPING;
	CU_ASSERT(has(hv_command("start zone1"), "it is stopping; `wait zone1 running`"));
	z->state = ZONE_FAILED;
	snprintf(z->reason, sizeof(z->reason), "a device did not come back");
	CU_ASSERT(has(hv_command("start zone1"), "it failed (a device did not come back)"));
	CU_ASSERT_STRING_EQUAL(hv_command("stop nobody"),
			       "error: zone nobody: no such zone; `zones` lists them\n");
}

/* ---- wait ------------------------------------------------------------------------------------ */

static void wait_ends_when_the_state_is_reached(void)
{
	fresh();
	hv_command("wait zone1 running 5");
	hv_run_ms(1);
	CU_ASSERT(hv_screen_has("\r\nok\r\npostern> "));
	hv_command("stop zone1");
	CU_ASSERT_STRING_EQUAL(hv_command("wait zone1 stopped 5"), "");
	hv_run_ms(3000);
	CU_ASSERT(!hv_screen_has("postern> "));
	hv.zones[1].state = ZONE_STOPPED;
	hv_run_ms(30);
	CU_ASSERT(hv_screen_has("\r\nok\r\npostern> "));
}

static void wait_ends_when_time_is_up(void)
{
	fresh();
	hv_command("wait zone1 stopped 5");
	hv_run_ms(4900);
	CU_ASSERT(!hv_screen_has("error"));
	hv_run_ms(200);
	CU_ASSERT(hv_screen_has(
		"error: zone zone1: still running, not stopped, after 5 s; see `zones` and "
		"`log`\r\npostern> "));
	/* Without a time: a minute. */
	hv_command("wait zone1 stopped");
	hv_run_ms(59900);
	CU_ASSERT(!hv_screen_has("error"));
	hv_run_ms(200);
	CU_ASSERT(hv_screen_has("after 60 s"));
}

static void wait_ends_when_the_state_cannot_come_any_more(void)
{
	fresh();
	hv.zones[1].state = ZONE_STARTING;
	hv_command("wait zone1 running 60");
	hv_run_ms(100);
	snprintf(hv.zones[1].reason, sizeof(hv.zones[1].reason), "start failed (error 12)");
	hv.zones[1].state = ZONE_STOPPED;
	hv_run_ms(100);
	CU_ASSERT(hv_screen_has(
		"error: zone zone1: it is stopped (start failed (error 12)), not running"));
	hv.zones[1].state = ZONE_STOPPING;
	hv_command("wait zone1 stopped 60");
	hv.zones[1].state = ZONE_FAILED;
	hv_run_ms(100);
	CU_ASSERT(hv_screen_has("error: zone zone1: it is failed"));
}

static void wait_refuses_what_it_cannot_wait_for(void)
{
	fresh();
	CU_ASSERT_STRING_EQUAL(
		hv_command("wait zone1 asleep 5"),
		"error: asleep: not a state; they are stopped, starting, running, stopping, "
		"failed\n");
	CU_ASSERT_STRING_EQUAL(hv_command("wait zone1 running 5s"),
			       "error: 5s: not a number from 0 to 3600\n");
	CU_ASSERT(has(hv_command("wait zone1 running 3601"), "error: 3601: not a number"));
	CU_ASSERT(has(hv_command("wait zone1 running 99999999999999999999"), "not a number"));
	CU_ASSERT(has(hv_command("wait zone1 running -1"), "not a number"));
}

/* ---- devices --------------------------------------------------------------------------------- */

/* An NVMe drive below a port, and what assigning it to zone1 leaves behind. */
static struct pci_function *with_a_drive(void)
{
	struct pci_function *f;

	fresh();
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

/* ---- the machine ----------------------------------------------------------------------------- */

/* The row of a `stats` table; name starts with its newline. */
static const char *row(const char *answer, const char *name)
{
	static char text[256];
	const char *p = strstr(answer, name);

	snprintf(text, sizeof(text), "%.*s", p ? (int)strcspn(p + 1, "\n") : 0, p ? p + 1 : "");
	return text;
}

static void stats_counts_exits_and_rates_since_the_last_time(void)
{
	unsigned long long cpu0, cpu1, cpu2, total, rate, tenth;

	fresh();
	hv.cpus[0].exits[EXIT_SGI] = 5;
	hv.cpus[1].exits[EXIT_SGI] = 70;
	hv_command("stats");
	hv.cpus[1].exits[EXIT_SGI] += 250;
	hv.cpus[2].exits[EXIT_SGI] += 3;
	hv_run_ms(10000);
	CU_ASSERT_EQUAL(sscanf(row(hv_command("stats"), "\nsgi"),
			       "sgi %llu %llu %llu %llu %llu.%llu", &cpu0, &cpu1, &cpu2, &total,
			       &rate, &tenth),
			6);
	CU_ASSERT_EQUAL(cpu0, 5);
	CU_ASSERT_EQUAL(cpu1, 320);
	CU_ASSERT_EQUAL(cpu2, 3);
	CU_ASSERT_EQUAL(total, 328);
	CU_ASSERT(rate == 25 && tenth <= 3);
}

static void stats_of_a_zone_has_its_cpus_alone(void)
{
	const char *answer;

	fresh();
	hv.cpus[0].exits[EXIT_SGI] = 1111;
	hv.cpus[2].exits[EXIT_FIRMWARE] = 2222;
	answer = hv_command("stats zone1");
	CU_ASSERT(!has(answer, "1111"));
	CU_ASSERT(!has(answer, "cpu 0"));
	CU_ASSERT(has(answer, "2222"));
	CU_ASSERT(!has(answer, "memory for zones"));
}

static void stats_shows_interrupts_memory_and_the_architectures_own(void)
{
	struct pci_function *f = with_a_drive();
	const char *answer;

	give_to_zone1(f);
	vectors[0].fired = 12;
	vectors[2].fired = 30;
	answer = hv_command("stats");
	CU_ASSERT(
		has(answer,
		    "\ninterrupts of 0000:01:00.0 to zone zone1: 42; by vector:\n    0:12 2:30\n"));
	CU_ASSERT(has(answer, "\nmemory for zones: "));
	CU_ASSERT(has(answer, "\npages of the hypervisor: "));
	CU_ASSERT(has(answer, "\nan architecture's counter: 7\n"));
	CU_ASSERT(!has(hv_command("stats root"), "interrupts of"));
}

static void log_shows_the_ring_quiet_lines_too(void)
{
	fresh();
	console_log_line("loud line", 9);
	CU_ASSERT_STRING_EQUAL(hv_command("log"), "loud line\nok\n");
}

static void size_adds_up(void)
{
	unsigned long text, rodata, data, total, bss;

	fresh();
	CU_ASSERT_EQUAL(sscanf(hv_command("size"),
			       "text %lu rodata %lu data %lu total %lu bytes, bss %lu bytes", &text,
			       &rodata, &data, &total, &bss),
			5);
	CU_ASSERT_EQUAL(total, text + rodata + data);
}

static void poweroff_stops_every_zone_first(void)
{
	fresh();
	CU_ASSERT_STRING_EQUAL(hv_command("poweroff"), "ok\n");
	CU_ASSERT_EQUAL(hv_run_until_off(100), HV_ON);
	CU_ASSERT_EQUAL(hv.zones[0].state, ZONE_STOPPING);
	CU_ASSERT_EQUAL(hv.zones[1].state, ZONE_STOPPING);
	CU_ASSERT_STRING_EQUAL(hv_stop_reason(), "the machine is powered off");
	CU_ASSERT_EQUAL(hv_stop_how(), ZONE_STOP_OFF);
	hv.zones[0].state = ZONE_STOPPED;
	CU_ASSERT_EQUAL(hv_run_until_off(100), HV_ON);
	hv.zones[1].state = ZONE_FAILED;
	CU_ASSERT_EQUAL(hv_run_until_off(100), HV_OFF);
}

static void poweroff_does_not_wait_for_ever(void)
{
	fresh();
	hv_command("poweroff");
	CU_ASSERT_EQUAL(hv_run_until_off(4900), HV_ON);
	CU_ASSERT(has(hv_command("poweroff"), "error: the machine is going down already"));
	CU_ASSERT_EQUAL(hv_run_until_off(300), HV_OFF);
	CU_ASSERT(model_log_contains("zone zone1 did not stop in time"));
}

static void a_zone_that_comes_up_while_the_machine_goes_down_is_stopped_too(void)
{
	fresh();
	hv.zones[0].state = ZONE_STOPPED;
	hv.zones[1].state = ZONE_STARTING;
	hv_command("reset");
	CU_ASSERT_EQUAL(hv_run_until_off(100), HV_ON);
	hv.zones[1].state = ZONE_RUNNING;
	CU_ASSERT_EQUAL(hv_run_until_off(100), HV_ON);
	CU_ASSERT_EQUAL(hv.zones[1].state, ZONE_STOPPING);
	CU_ASSERT_STRING_EQUAL(hv_stop_reason(), "the machine is reset");
	hv.zones[1].state = ZONE_STOPPED;
	CU_ASSERT_EQUAL(hv_run_until_off(100), HV_RESET);
}

void suite_monitor(void)
{
	static const struct unit_test tests[] = {
		TEST(every_listed_command_ends_with_one_verdict),
		TEST(help_lists_every_command_once),
		TEST(blanks_and_case_are_what_they_are),
		TEST(zones_shows_state_memory_and_last_stop),
		TEST(a_zone_refused_at_boot_says_so),
		TEST(requests_carry_their_way_and_reason),
		TEST(a_refused_request_names_the_way_out),
		TEST(wait_ends_when_the_state_is_reached),
		TEST(wait_ends_when_time_is_up),
		TEST(wait_ends_when_the_state_cannot_come_any_more),
		TEST(wait_refuses_what_it_cannot_wait_for),
		TEST(a_free_device_shows_who_it_is_planned_for),
		TEST(an_assigned_device_shows_its_place_in_the_zone),
		TEST(a_failed_device_says_why),
		TEST(assign_and_release_name_the_right_function),
		TEST(device_errors_name_device_rule_and_way_out),
		TEST(only_device_addresses_are_taken_for_one),
		TEST(faults_lists_the_recent_ones_and_the_counts),
		TEST(stats_counts_exits_and_rates_since_the_last_time),
		TEST(stats_of_a_zone_has_its_cpus_alone),
		TEST(stats_shows_interrupts_memory_and_the_architectures_own),
		TEST(log_shows_the_ring_quiet_lines_too),
		TEST(size_adds_up),
		TEST(poweroff_stops_every_zone_first),
		TEST(poweroff_does_not_wait_for_ever),
		TEST(a_zone_that_comes_up_while_the_machine_goes_down_is_stopped_too),
	};

	unit_suite("monitor", tests, ARRAY_SIZE(tests));
}
