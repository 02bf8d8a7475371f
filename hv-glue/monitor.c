// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The monitor: command lines of the hypervisor's console. docs/monitor.md is its manual, monitor.h
 * its inside contract.
 *
 * Caller context: housekeeping CPU, no lock held.
 */
#include <postern/string.h>

#include "console.h"
#include "monitor.h"

static enum monitor_result help(char **args, unsigned count);

static const struct monitor_command general_commands[] = {
	{ "help", "", "this list", 0, 0, help },
	{ 0 },
};

static const struct monitor_command *const tables[] = {
	general_commands,
	monitor_zone_commands,
	monitor_device_commands,
	monitor_machine_commands,
};

static char error_text[MONITOR_TEXT_MAX];

/* ---- output ---------------------------------------------------------------------------------- */

void monitor_print(const char *fmt, ...)
{
	char text[MONITOR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	format_text_v(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_print(text);
}

void monitor_sink(void *ctx, const char *text)
{
	(void)ctx;
	console_print(text);
}

enum monitor_result monitor_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_text_v(error_text, sizeof(error_text), fmt, ap);
	va_end(ap);
	return MONITOR_ERROR;
}

void monitor_finish(enum monitor_result result)
{
	if (result == MONITOR_LATER) {
		console_command_wait();
		return;
	}
	if (result == MONITOR_OK)
		console_print("ok");
	else
		monitor_print("error: %s", error_text);
	console_command_done();
}

void monitor_size(uint64_t bytes, char *text, size_t size)
{
	if (bytes && is_aligned(bytes, MIB))
		format_text(text, size, "%llu MiB", (unsigned long long)(bytes / MIB));
	else if (bytes && is_aligned(bytes, KIB))
		format_text(text, size, "%llu KiB", (unsigned long long)(bytes / KIB));
	else
		format_text(text, size, "%llu bytes", (unsigned long long)bytes);
}

/* ---- arguments ------------------------------------------------------------------------------- */

struct zone *monitor_zone(const char *name)
{
	struct zone *z = zone_find(name);

	if (!z)
		monitor_error("zone %s: no such zone; `zones` lists them", name);
	return z;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Exactly `digits` hex digits and then `end`; moves *text past both. */
static bool parse_hex(const char **text, unsigned digits, char end, unsigned *out)
{
	*out = 0;
	for (; digits; digits--, ++*text) {
		int digit = hex_digit(**text);

		if (digit < 0)
			return false;
		*out = *out << 4 | (unsigned)digit;
	}
	if (**text != end)
		return false;
	if (end)
		++*text;
	return true;
}

static bool parse_bdf(const char *text, sbdf_t *out)
{
	unsigned segment = 0, bus, dev, fn;

	/* "0000:01:00.0" has its first colon after four digits, "01:00.0" after two. */
	if (strlen(text) == strlen("0000:01:00.0") && !parse_hex(&text, 4, ':', &segment))
		return false;
	if (!parse_hex(&text, 2, ':', &bus) || !parse_hex(&text, 2, '.', &dev) ||
	    !parse_hex(&text, 1, '\0', &fn) || dev > 0x1f || fn > 7)
		return false;
	*out = sbdf_make(segment, bus, dev, fn);
	return true;
}

struct pci_function *monitor_function(const char *text)
{
	struct pci_function *f;
	sbdf_t bdf;

	if (!parse_bdf(text, &bdf)) {
		monitor_error("device %s: not a device address; write it as 0000:01:00.0", text);
		return NULL;
	}
	f = pci_find(&hv.pci, bdf);
	if (!f)
		monitor_error("device " SBDF_FMT ": there is none; `devices` lists them",
			      SBDF_ARG(bdf));
	return f;
}

bool monitor_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	bool good = *text;

	for (const char *p = text; *p && good; p++) {
		good = *p >= '0' && *p <= '9';
		value = value * 10 + (uint64_t)(*p - '0');
		good = good && value <= max;
	}
	if (!good)
		monitor_error("%s: not a number from 0 to %llu", text, (unsigned long long)max);
	*out = value;
	return good;
}

/* ---- command lines --------------------------------------------------------------------------- */

static enum monitor_result help(char **args, unsigned count)
{
	(void)args;
	(void)count;
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		for (const struct monitor_command *c = tables[t]; c->name; c++) {
			char usage[48];

			format_text(usage, sizeof(usage), "%s %s", c->name, c->arguments);
			monitor_print("%-28s %s", usage, c->help);
		}
	}
	return MONITOR_OK;
}

static const struct monitor_command *find_command(const char *name)
{
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct monitor_command *c = tables[t]; c->name; c++)
			if (!strcmp(c->name, name))
				return c;
	return NULL;
}

/* Cuts the line at blanks, in place. One word too many is kept, so that it can be refused. */
static unsigned split(char *line, char *words[MONITOR_ARGS_MAX + 2])
{
	unsigned count = 0;

	while (count < MONITOR_ARGS_MAX + 2) {
		while (*line == ' ')
			line++;
		if (!*line)
			break;
		words[count++] = line;
		while (*line && *line != ' ')
			line++;
		if (*line)
			*line++ = '\0';
	}
	return count;
}

static enum monitor_result run(char **words, unsigned count)
{
	const struct monitor_command *c = find_command(words[0]);

	if (!c)
		return monitor_error("%s: no such command; `help` lists them", words[0]);
	if (count - 1 < c->min || count - 1 > c->max)
		return monitor_error("%s: usage: %s %s", c->name, c->name,
				     *c->arguments ? c->arguments : "(no arguments)");
	return c->run(words + 1, count - 1);
}

void monitor_line(char *line)
{
	char *words[MONITOR_ARGS_MAX + 2];
	unsigned count = split(line, words);

	if (count)
		monitor_finish(run(words, count));
	else
		console_command_done();
}

void monitor_interrupt(void)
{
	monitor_cancel_wait();
}

void monitor_init(void)
{
	console_print("Postern monitor: `help` lists the commands");
	console_command_done();
}
