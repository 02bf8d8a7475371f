/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log ring: the newest lines, as many as fit. hv-glue/log_ring.c.
 *
 * host_log() fills it; readers walk it with a cursor of their own and never disturb each other. A
 * cursor is a count of bytes ever logged: 0 starts at the oldest line there is. Any CPU, any lock
 * held: the ring's lock is a leaf.
 */
#ifndef HV_GLUE_LOG_H
#define HV_GLUE_LOG_H

#include <postern/host.h>
#include <postern/types.h>

/* Longest line kept, its NUL included; the rest is cut off. */
#define LOG_LINE_MAX 256u

/* Control characters become '?'. quiet: for `log` only, never shown by itself. */
void log_append(const char *line, size_t length, bool quiet);

enum log_next { LOG_NEXT_NONE, LOG_NEXT_LINE, LOG_NEXT_QUIET, LOG_NEXT_LOST };
/*
 * The next line at the cursor, NUL-terminated, and the cursor moved past it. LOG_NEXT_LOST: the
 * lines the cursor stood at have been overwritten; it stands at the oldest now and `line` is empty.
 */
enum log_next log_next(uint64_t *cursor, char line[LOG_LINE_MAX]);
/* Where the next line will be put. */
uint64_t log_end(void);

/*
 * Makes a lock usable whose holder may be dead: waits for it at most 100 ms, then takes it away.
 * For console_emergency() only.
 */
void emergency_break_lock(struct lock *l);
void log_emergency(void);

#endif
