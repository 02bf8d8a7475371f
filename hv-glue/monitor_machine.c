// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Monitor commands about the machine and the hypervisor itself: stats, log, version, size,
 * poweroff, reset.
 *
 * Caller context: housekeeping CPU, no lock held.
 */
#include <hv/version.h>
#include <postern/string.h>

#include "log.h"
#include "monitor.h"

#define TEXT_WRAP 80u

#define NS_PER_MS ((uint64_t)1000 * 1000)
#define NS_PER_S  (1000 * NS_PER_MS)

/* Between `poweroff` and the machine going off, at most. */
#define OFF_BOUND_NS ((uint64_t)5 * NS_PER_S)
#define OFF_POLL_NS  ((uint64_t)20 * NS_PER_MS)

/* ---- stats ----------------------------------------------------------------------------------- */

/* What the last `stats` saw of each CPU: rates count from there, at first from time 0. */
static struct {
	uint64_t time;
	uint64_t exits[EXIT_REASONS];
} seen[MAX_CPUS];

/* The CPUs a report is about, and what they counted. */
struct exit_report {
	unsigned cpus[MAX_CPUS], count;
	uint64_t now;
	uint64_t exits[MAX_CPUS][EXIT_REASONS]; /* by position in cpus[] */
};

static void report_cpu(struct exit_report *r, unsigned cpu)
{
	if (cpu >= MAX_CPUS || !hv.cpus[cpu].online)
		return;
	for (unsigned e = 0; e < EXIT_REASONS; e++)
		r->exits[r->count][e] = __atomic_load_n(&hv.cpus[cpu].exits[e], __ATOMIC_RELAXED);
	r->cpus[r->count++] = cpu;
}

/* Tenths of an event a second since the last report of that CPU. */
static uint64_t rate_tenths(const struct exit_report *r, unsigned at, unsigned reason)
{
	unsigned cpu = r->cpus[at];
	uint64_t ms = (r->now - seen[cpu].time) / NS_PER_MS;

	return ms ? (r->exits[at][reason] - seen[cpu].exits[reason]) * 10 * 1000 / ms : 0;
}

/*
 * One row: a count for each CPU, their sum, and the rate. reason == EXIT_REASONS: the sums of all.
 */
static void print_exits(const struct exit_report *r, unsigned reason)
{
	const char *name = reason < EXIT_REASONS ? exit_reason_names[reason] : "all";
	unsigned first = reason < EXIT_REASONS ? reason : 0;
	unsigned last = reason < EXIT_REASONS ? reason : EXIT_REASONS - 1;
	uint64_t total = 0, tenths = 0;
	char text[MONITOR_TEXT_MAX];
	size_t length = (size_t)format_text(text, sizeof(text), "%-14s", name);

	for (unsigned at = 0; at < r->count; at++) {
		uint64_t count = 0;

		for (unsigned e = first; e <= last; e++) {
			count += r->exits[at][e];
			tenths += rate_tenths(r, at, e);
		}
		total += count;
		length += (size_t)format_text(text + length, sizeof(text) - length, " %11llu",
					      (unsigned long long)count);
	}
	format_text(text + length, sizeof(text) - length, " %12llu %9llu.%llu",
		    (unsigned long long)total, (unsigned long long)(tenths / 10),
		    (unsigned long long)(tenths % 10));
	monitor_print("%s", text);
}

static void print_exit_table(struct exit_report *r)
{
	char text[MONITOR_TEXT_MAX];
	size_t length = (size_t)format_text(text, sizeof(text), "%-14s", "exits");

	for (unsigned at = 0; at < r->count; at++)
		length += (size_t)format_text(text + length, sizeof(text) - length, "       cpu %u",
					      r->cpus[at]);
	format_text(text + length, sizeof(text) - length, " %12s %11s", "total", "per second");
	monitor_print("%s", text);
	for (unsigned e = 0; e <= EXIT_REASONS; e++)
		print_exits(r, e);
	for (unsigned at = 0; at < r->count; at++) {
		seen[r->cpus[at]].time = r->now;
		memcpy(seen[r->cpus[at]].exits, r->exits[at], sizeof(r->exits[at]));
	}
}

/*
 * Messages of a device that reached its zone. A device that is released meanwhile shows old numbers
 * at worst.
 */
static void print_messages(const struct pci_function *f)
{
	const struct msi_vector *v = __atomic_load_n(&f->vectors, __ATOMIC_ACQUIRE);
	struct zone *owner = __atomic_load_n(&f->owner, __ATOMIC_ACQUIRE);
	unsigned count = f->vector_count;
	char text[MONITOR_TEXT_MAX / 2];
	uint64_t total = 0;
	size_t length = 0;

	if (!v || !owner)
		return;
	for (unsigned i = 0; i < count; i++)
		total += __atomic_load_n(&v[i].fired, __ATOMIC_RELAXED);
	monitor_print("interrupts of " SBDF_FMT " to zone %s: %llu", SBDF_ARG(f->sbdf), owner->name,
		      (unsigned long long)total);
	for (unsigned i = 0; i < count; i++) {
		uint64_t fired = __atomic_load_n(&v[i].fired, __ATOMIC_RELAXED);

		if (!fired)
			continue;
		length += (size_t)format_text(text + length, sizeof(text) - length, "%s%u:%llu",
					      length ? " " : "    ", i, (unsigned long long)fired);
		if (length > TEXT_WRAP) {
			monitor_print("%s", text);
			length = 0;
		}
	}
	if (length)
		monitor_print("%s", text);
}

static void print_memory(void)
{
	struct memory_usage u;

	memory_usage(&u);
	monitor_print("memory for zones: %llu MiB free of %llu MiB, largest piece %llu MiB",
		      (unsigned long long)(u.ram_free / MIB),
		      (unsigned long long)(u.ram_total / MIB),
		      (unsigned long long)(u.ram_largest / MIB));
	monitor_print("pages of the hypervisor: %zu used of %zu", u.pages_total - u.pages_free,
		      u.pages_total);
}

static enum monitor_result cmd_stats(char **args, unsigned count)
{
	static struct exit_report report; /* too large for the stack */
	struct zone *z = NULL;

	if (count) {
		z = monitor_zone(args[0]);
		if (!z)
			return MONITOR_ERROR;
	}
	report.count = 0;
	report.now = host_time_ns();
	if (z)
		for (unsigned i = 0; i < z->cpu_count; i++)
			report_cpu(&report, z->cpus[i]);
	else
		for (unsigned i = 0; i < MAX_CPUS; i++)
			report_cpu(&report, i);
	print_exit_table(&report);
	for (unsigned i = 0; i < hv.pci.count; i++)
		if (!z || hv.pci.functions[i].owner == z)
			print_messages(&hv.pci.functions[i]);
	if (!z) {
		print_memory();
		arch_stats(monitor_sink, NULL);
	}
	return MONITOR_OK;
}

/* ---- log, version, size ---------------------------------------------------------------------- */

static enum monitor_result cmd_log(char **args, unsigned count)
{
	uint64_t cursor = 0, end = log_end();
	char line[LOG_LINE_MAX];

	(void)args;
	(void)count;
	/* What is logged meanwhile is for the next time, or this would never end. */
	while (cursor < end) {
		enum log_next next = log_next(&cursor, line);

		if (next == LOG_NEXT_NONE)
			break;
		if (next != LOG_NEXT_LOST)
			monitor_print("%s", line);
	}
	return MONITOR_OK;
}

static enum monitor_result cmd_version(char **args, unsigned count)
{
	(void)args;
	(void)count;
	monitor_print("Postern %s, platform %s, machine %s, %u CPUs", POSTERN_VERSION,
		      hv.platform ? hv.platform->name : "unknown",
		      hv.machine.model ? hv.machine.model : "unknown", hv.machine.cpu_count);
	return MONITOR_OK;
}

/* Set by the linker script. */
extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[];
extern char __data_start[], __data_end[], __bss_start[], __bss_end[];

static unsigned long section_size(const char *start, const char *end)
{
	return (unsigned long)((uintptr_t)end - (uintptr_t)start);
}

static enum monitor_result cmd_size(char **args, unsigned count)
{
	unsigned long text = section_size(__text_start, __text_end);
	unsigned long rodata = section_size(__rodata_start, __rodata_end);
	unsigned long data = section_size(__data_start, __data_end);

	(void)args;
	(void)count;
	monitor_print("text %lu rodata %lu data %lu total %lu bytes, bss %lu bytes", text, rodata,
		      data, text + rodata + data, section_size(__bss_start, __bss_end));
	return MONITOR_OK;
}

/* ---- poweroff and reset ---------------------------------------------------------------------- */

static struct {
	struct work work;
	bool active, reset;
	uint64_t deadline;
} off;

/* True when the zone needs more time; one that runs (again) is asked to stop. */
static bool still_stopping(struct zone *z)
{
	enum zone_state state = __atomic_load_n(&z->state, __ATOMIC_ACQUIRE);

	if (state == ZONE_RUNNING)
		zone_request_stop(z, ZONE_STOP_OFF,
				  off.reset ? "the machine is reset"
					    : "the machine is powered off");
	return state != ZONE_STOPPED && state != ZONE_FAILED;
}

static void off_poll(struct work *w)
{
	bool late = host_time_ns() >= off.deadline, busy = false;

	for (unsigned i = 0; i < hv.zone_count; i++) {
		if (!still_stopping(&hv.zones[i]))
			continue;
		busy = true;
		if (late)
			host_log(LOG_WARN, "zone %s did not stop in time", hv.zones[i].name);
	}
	if (busy && !late) {
		work_defer(w, host_time_ns() + OFF_POLL_NS);
		return;
	}
	host_log(LOG_INFO, off.reset ? "resetting the machine" : "powering the machine off");
	if (off.reset)
		machine_reset();
	else
		machine_power_off();
}

static enum monitor_result request_off(bool reset)
{
	if (off.active)
		return monitor_error("the machine is going down already: it takes 5 s at most");
	off.active = true;
	off.reset = reset;
	off.work.fn = off_poll;
	off.deadline = host_time_ns() + OFF_BOUND_NS;
	work_defer(&off.work, host_time_ns());
	return MONITOR_OK;
}

static enum monitor_result cmd_poweroff(char **args, unsigned count)
{
	(void)args;
	(void)count;
	return request_off(false);
}

static enum monitor_result cmd_reset(char **args, unsigned count)
{
	(void)args;
	(void)count;
	return request_off(true);
}

const struct monitor_command monitor_machine_commands[] = {
	{ "stats", "[ZONE]", "exits by reason, interrupts, memory; rates since the last time", 0, 1,
	  cmd_stats },
	{ "log", "", "the whole log ring", 0, 0, cmd_log },
	{ "version", "", "what runs here", 0, 0, cmd_version },
	{ "size", "", "size of the hypervisor's image", 0, 0, cmd_size },
	{ "poweroff", "", "stop every zone, then power off (within 5 s)", 0, 0, cmd_poweroff },
	{ "reset", "", "stop every zone, then reset (within 5 s)", 0, 0, cmd_reset },
	{ 0 },
};
