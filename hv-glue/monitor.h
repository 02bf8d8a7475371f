/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the monitor: commands, and what they answer with. hv-glue/monitor.c runs them,
 * monitor_<topic>.c hold them.
 *
 * A command prints any number of lines with monitor_print() and answers MONITOR_OK, or
 * monitor_error() with the reason, or MONITOR_LATER when it goes on as deferred work and calls
 * monitor_finish() itself. The last line a user or a script sees is therefore always "ok" or
 * "error: ...", exactly once.
 *
 * Everything here runs on the housekeeping CPU, no lock held.
 */
#ifndef HV_GLUE_MONITOR_H
#define HV_GLUE_MONITOR_H

#include <hv/hv.h>

#define MONITOR_TEXT_MAX 256u
#define MONITOR_ARGS_MAX 3u

enum monitor_result { MONITOR_OK, MONITOR_ERROR, MONITOR_LATER };

struct monitor_command {
	const char *name;
	const char *arguments; /* as `help` shows them */
	const char *help;
	unsigned min, max; /* arguments */
	enum monitor_result (*run)(char **args, unsigned count);
};

/* Each ends with an entry without a name. */
extern const struct monitor_command monitor_zone_commands[];
extern const struct monitor_command monitor_device_commands[];
extern const struct monitor_command monitor_machine_commands[];

/* One line of output. */
void monitor_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A sink of the arch_describe_*() kind that prints. */
void monitor_sink(void *ctx, const char *text);
/*
 * Keeps the text for the last line; answers MONITOR_ERROR. It names the zone or device, the rule
 * and the way out.
 */
enum monitor_result monitor_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Ends a command that answered MONITOR_LATER. */
void monitor_finish(enum monitor_result result);
/*
 * Asks a command that answered MONITOR_LATER to end (Ctrl-C). Implemented by the one that can:
 * `wait`.
 */
void monitor_cancel_wait(void);

/* The zone of that name, or NULL with the error set. */
struct zone *monitor_zone(const char *name);
/* The function written [SSSS:]BB:DD.F, or NULL with the error set. */
struct pci_function *monitor_function(const char *text);
/* A decimal number of at most `max`; false with the error set. */
bool monitor_number(const char *text, uint64_t max, uint64_t *out);

/* "512 MiB", "16 KiB", "100 bytes" */
void monitor_size(uint64_t bytes, char *text, size_t size);

#endif
