// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The monitor's commands, typed on the terminal and read from it. docs/monitor.md states the
 * formats that scripts rely on; what is compared here in full is such a format. Includes the source
 * that keeps state of its own between commands.
 */
#include "../../hv-glue/monitor_machine.c"

#include "host.h"
#include "hv.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static void fresh(void)
{
	hv_model_reset();
	memset(&seen, 0, sizeof(seen));
	memset(&off, 0, sizeof(off));
	hv_model_boot();
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
	static const char *const names[] = { "help", "zones",   "cpus",    "start",    "stop",
					     "kill", "restart", "wait",    "console",  "devices",
					     "dump", "assign",  "release", "faults",   "stats",
					     "log",  "version", "size",    "poweroff", "reset" };
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
	CU_ASSERT(has(hv_command("start zone1"),
		      "refused at boot; `log` says why: correct the manifest"));
	CU_ASSERT(has(hv_command("kill zone1"),
		      "refused at boot; `log` says why: correct the manifest"));
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
		TEST(stats_counts_exits_and_rates_since_the_last_time),
		TEST(stats_of_a_zone_has_its_cpus_alone),
		TEST(log_shows_the_ring_quiet_lines_too),
		TEST(size_adds_up),
		TEST(poweroff_stops_every_zone_first),
		TEST(poweroff_does_not_wait_for_ever),
		TEST(a_zone_that_comes_up_while_the_machine_goes_down_is_stopped_too),
	};

	unit_suite("monitor", tests, ARRAY_SIZE(tests));
}
