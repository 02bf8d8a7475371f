// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_log(): the hypervisor's log lines.
 *
 * A line is "[   12.345678] text", the host's time in seconds, with "warning: " or "error: "
 * before the text where that applies. It is put into the ring (log.h) first and shown by the
 * console second, so that nothing is lost while somebody else is in front. Debug lines stay in the
 * ring; the monitor's `log` shows them.
 */
#include <hv/hv.h>
#include <postern/host.h>
#include <postern/string.h>

#include "log.h"

#define NS_PER_US 1000u
#define US_PER_S  1000000u

static const char *level_prefix(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return "error: ";
	case LOG_WARN:
		return "warning: ";
	case LOG_INFO:
	case LOG_DEBUG:
		break;
	}
	return "";
}

void host_log(enum log_level level, const char *fmt, ...)
{
	uint64_t us = host_time_ns() / NS_PER_US;
	char line[LOG_LINE_MAX];
	size_t length;
	va_list ap;

	format_text(line, sizeof(line), "[%5llu.%06llu] %s", (unsigned long long)(us / US_PER_S),
		    (unsigned long long)(us % US_PER_S), level_prefix(level));
	length = strlen(line);
	va_start(ap, fmt);
	format_text_v(line + length, sizeof(line) - length, fmt, ap);
	va_end(ap);
	length = strlen(line);
	if (level == LOG_DEBUG)
		log_append(line, length, true);
	else
		console_log_line(line, length);
}
