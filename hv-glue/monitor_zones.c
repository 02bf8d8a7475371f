// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Monitor commands about zones: zones, cpus, start, stop, kill, restart, wait, console.
 *
 * start, stop and their like are requests: "ok" means accepted, and `wait` tells when it happened.
 *
 * Caller context: housekeeping CPU, no lock held.
 */
#include <postern/errno.h>
#include <postern/string.h>

#include "console.h"
#include "monitor.h"

#define NS_PER_S       ((uint64_t)1000 * 1000 * 1000)
#define WAIT_POLL_NS   ((uint64_t)20 * 1000 * 1000)
#define WAIT_MAX_S     3600u
#define WAIT_DEFAULT_S 60u
#define CPU_LIST_TEXT  (MAX_CPUS * 4)

/* ---- reports --------------------------------------------------------------------------------- */

static void format_cpus(const struct zone *z, char *text, size_t size)
{
	size_t length = 0;

	*text = '\0';
	for (unsigned i = 0; i < z->cpu_count && length < size; i++)
		length += (size_t)format_text(text + length, size - length, " %u", z->cpus[i]);
}

static void print_zone(struct zone *z)
{
	char cpus[CPU_LIST_TEXT], ram[24], reason[sizeof(z->reason)];
	uint64_t ram_size, starts, faults;
	enum zone_state state;
	gpa_t gpa;
	hpa_t hpa;

	host_lock(&z->lock);
	state = z->state;
	gpa = z->ram_gpa;
	hpa = z->ram_hpa;
	ram_size = z->ram_size;
	starts = z->starts;
	faults = z->faults;
	memcpy(reason, z->reason, sizeof(reason));
	host_unlock(&z->lock);

	format_cpus(z, cpus, sizeof(cpus));
	monitor_print("zone %u %s: %s, cpus%s, starts %llu, faults %llu", z->id, z->name,
		      zone_state_name(state), cpus, (unsigned long long)starts,
		      (unsigned long long)faults);
	if (ram_size) {
		monitor_size(ram_size, ram, sizeof(ram));
		monitor_print("    ram gpa 0x%llx -> hpa 0x%llx size %s", (unsigned long long)gpa,
			      (unsigned long long)hpa, ram);
	} else {
		monitor_print("    no ram while it does not run");
	}
	if (z->manifest && z->manifest->trust_dma)
		monitor_print("    trust-dma: its devices may be translated by nothing");
	if (z->manifest && z->manifest->refused)
		monitor_print("    refused at boot: `log` says why");
	reason[sizeof(reason) - 1] = '\0';
	if (*reason)
		monitor_print("    last stop: %s", reason);
}

static enum monitor_result cmd_zones(char **args, unsigned count)
{
	(void)args;
	(void)count;
	for (unsigned i = 0; i < hv.zone_count; i++)
		print_zone(&hv.zones[i]);
	return MONITOR_OK;
}

static enum monitor_result cmd_cpus(char **args, unsigned count)
{
	struct zone *z = monitor_zone(args[0]);

	(void)count;
	if (!z)
		return MONITOR_ERROR;
	if (!z->arch)
		return monitor_error(
			"zone %s: it has no CPUs: it was refused at boot; `log` says why", z->name);
	arch_describe_vcpus(z, monitor_sink, NULL);
	return MONITOR_OK;
}

/* ---- requests -------------------------------------------------------------------------------- */

static enum monitor_result refused(const struct zone *z, const char *verb, int err)
{
	if (err == -EINVAL || z->manifest->refused)
		return monitor_error("zone %s: it was refused at boot; `log` says why: correct the "
				     "manifest and restart the machine",
				     z->name);
	if (err != -EBUSY)
		return monitor_error("zone %s: cannot %s it (error %d); `log` says why", z->name,
				     verb, -err);
	switch (z->state) {
	case ZONE_STOPPED:
		return monitor_error("zone %s: it is stopped; `start %s` starts it", z->name,
				     z->name);
	case ZONE_RUNNING:
		return monitor_error(
			"zone %s: it is running; `restart %s` or `stop %s` stop it first", z->name,
			z->name, z->name);
	case ZONE_FAILED:
		return monitor_error("zone %s: it failed (%s) and stays as it is until the machine "
				     "restarts; `reset` does that",
				     z->name, z->reason);
	case ZONE_STARTING:
	case ZONE_STOPPING:
		break;
	}
	return monitor_error("zone %s: it is %s; `wait %s running` or `wait %s stopped` tells "
			     "when that is over",
			     z->name, zone_state_name(z->state), z->name, z->name);
}

static enum monitor_result cmd_start(char **args, unsigned count)
{
	struct zone *z = monitor_zone(args[0]);
	int err;

	(void)count;
	if (!z)
		return MONITOR_ERROR;
	err = zone_request_start(z);
	return err ? refused(z, "start", err) : MONITOR_OK;
}

static enum monitor_result request_stop(const char *name, const char *verb, enum zone_stop how,
					const char *reason)
{
	struct zone *z = monitor_zone(name);
	int err;

	if (!z)
		return MONITOR_ERROR;
	err = zone_request_stop(z, how, reason);
	return err ? refused(z, verb, err) : MONITOR_OK;
}

static enum monitor_result cmd_stop(char **args, unsigned count)
{
	(void)count;
	return request_stop(args[0], "stop", ZONE_STOP_OFF, "stopped by the monitor");
}

static enum monitor_result cmd_kill(char **args, unsigned count)
{
	(void)count;
	return request_stop(args[0], "kill", ZONE_STOP_OFF, "killed by the monitor");
}

static enum monitor_result cmd_restart(char **args, unsigned count)
{
	(void)count;
	return request_stop(args[0], "restart", ZONE_STOP_RESTART, "restarted by the monitor");
}

static enum monitor_result cmd_console(char **args, unsigned count)
{
	struct zone *z = monitor_zone(args[0]);

	(void)count;
	if (!z)
		return MONITOR_ERROR;
	if (console_attach(z))
		return monitor_error("zone %s: it has no console here; %s", z->name,
				     z->root ? "it has the machine's first UART"
					     : "it was refused at boot: `log` says why");
	monitor_print("[%s console; Ctrl-] returns to the monitor]", z->name);
	return MONITOR_OK;
}

/* ---- wait ------------------------------------------------------------------------------------ */

static struct {
	struct work work;
	bool active;
	bool was_starting; /* seen on its way up: stopped after that is a failure */
	struct zone *zone;
	enum zone_state state;
	uint64_t seconds, deadline;
} waiting;

static void end_wait(enum monitor_result result)
{
	waiting.active = false;
	monitor_finish(result);
}

static void wait_poll(struct work *w)
{
	const struct zone *z = waiting.zone;
	enum zone_state now = __atomic_load_n(&z->state, __ATOMIC_ACQUIRE);

	if (!waiting.active)
		return;
	if (now == waiting.state)
		end_wait(MONITOR_OK);
	else if (now == ZONE_FAILED || (now == ZONE_STOPPED && waiting.was_starting))
		end_wait(monitor_error("zone %s: it is %s (%s), not %s; `log` says why", z->name,
				       zone_state_name(now), z->reason,
				       zone_state_name(waiting.state)));
	else if (host_time_ns() >= waiting.deadline)
		end_wait(monitor_error("zone %s: still %s, not %s, after %llu s; see `zones` and "
				       "`log`",
				       z->name, zone_state_name(now),
				       zone_state_name(waiting.state),
				       (unsigned long long)waiting.seconds));
	else {
		waiting.was_starting = waiting.was_starting || now == ZONE_STARTING;
		work_defer(w, host_time_ns() + WAIT_POLL_NS);
	}
}

static bool parse_state(const char *text, enum zone_state *out)
{
	static const enum zone_state states[] = { ZONE_STOPPED, ZONE_STARTING, ZONE_RUNNING,
						  ZONE_STOPPING, ZONE_FAILED };

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (!strcmp(zone_state_name(states[i]), text)) {
			*out = states[i];
			return true;
		}
	}
	monitor_error("%s: not a state; they are stopped, starting, running, stopping, failed",
		      text);
	return false;
}

static enum monitor_result cmd_wait(char **args, unsigned count)
{
	struct zone *z = monitor_zone(args[0]);

	waiting.seconds = WAIT_DEFAULT_S;
	if (!z || !parse_state(args[1], &waiting.state) ||
	    (count > 2 && !monitor_number(args[2], WAIT_MAX_S, &waiting.seconds)))
		return MONITOR_ERROR;
	waiting.zone = z;
	waiting.active = true;
	waiting.was_starting = false;
	waiting.deadline = host_time_ns() + waiting.seconds * NS_PER_S;
	waiting.work.fn = wait_poll;
	/* The first look comes at once, but after this command line was dealt with. */
	work_defer(&waiting.work, host_time_ns());
	return MONITOR_LATER;
}

void monitor_cancel_wait(void)
{
	if (waiting.active)
		end_wait(monitor_error("zone %s: interrupted while it was %s, not %s; repeat the "
				       "`wait` to go on",
				       waiting.zone->name, zone_state_name(waiting.zone->state),
				       zone_state_name(waiting.state)));
}

const struct monitor_command monitor_zone_commands[] = {
	{ "zones", "", "zones: state, CPUs, memory, starts, last stop", 0, 0, cmd_zones },
	{ "cpus", "ZONE", "what the zone's CPUs are doing", 1, 1, cmd_cpus },
	{ "start", "ZONE", "start a stopped zone", 1, 1, cmd_start },
	{ "stop", "ZONE", "stop a zone", 1, 1, cmd_stop },
	{ "kill", "ZONE", "stop a zone, noted as killed", 1, 1, cmd_kill },
	{ "restart", "ZONE", "stop a zone and start it again", 1, 1, cmd_restart },
	{ "wait", "ZONE STATE [SECONDS]", "until it is in that state, 60 s if not said; or Ctrl-C",
	  2, 3, cmd_wait },
	{ "console", "ZONE", "the zone's console; Ctrl-] returns", 1, 1, cmd_console },
	{ 0 },
};
