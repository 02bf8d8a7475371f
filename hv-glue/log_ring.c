// SPDX-License-Identifier: GPL-2.0-or-later
/* The log's ring buffer: see log.h for the contract. */
#include <postern/arch.h>
#include <postern/host.h>

#include "log.h"

#define RING_SIZE         (64 * KIB)
#define EMERGENCY_WAIT_NS ((uint64_t)100 * 1000 * 1000)

/* Each line is stored as a mark, its text and a newline. */
#define MARK_SHOWN '.'
#define MARK_QUIET '-'

/*
 * Positions count bytes ever written; those in [tail, head) are in the ring, from a line's start
 * on.
 */
static struct {
	struct lock lock;
	uint64_t head, tail;
	char bytes[RING_SIZE];
} ring;

static char *ring_at(uint64_t position)
{
	return &ring.bytes[position % RING_SIZE];
}

static void ring_put(char c)
{
	*ring_at(ring.head++) = c;
}

/* Drops whole lines until `room` bytes are free. */
static void ring_make_room(size_t room)
{
	while (ring.head + room - ring.tail > RING_SIZE) {
		while (ring.tail < ring.head && *ring_at(ring.tail++) != '\n')
			;
	}
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

void log_append(const char *line, size_t length, bool quiet)
{
	if (length > LOG_LINE_MAX - 1)
		length = LOG_LINE_MAX - 1;
	host_lock(&ring.lock);
	ring_make_room(length + 2);
	ring_put(quiet ? MARK_QUIET : MARK_SHOWN);
	/*
	 * Names out of manifests and devices end up here: a terminal must not take them for
	 * commands.
	 */
	for (size_t i = 0; i < length; i++)
		ring_put(is_control(line[i]) ? '?' : line[i]);
	ring_put('\n');
	host_unlock(&ring.lock);
}

enum log_next log_next(uint64_t *cursor, char line[LOG_LINE_MAX])
{
	enum log_next result = LOG_NEXT_NONE;
	size_t length = 0;

	host_lock(&ring.lock);
	if (*cursor < ring.tail && ring.tail > 0) {
		/* Starting from 0 is asking for the oldest, not for what was lost. */
		result = *cursor ? LOG_NEXT_LOST : LOG_NEXT_NONE;
		*cursor = ring.tail;
	}
	if (result == LOG_NEXT_NONE && *cursor < ring.head) {
		result = *ring_at(*cursor) == MARK_QUIET ? LOG_NEXT_QUIET : LOG_NEXT_LINE;
		++*cursor;
		/*
		 * The bounds matter when a CPU died inside log_append(): then a newline is missing.
		 */
		while (*cursor < ring.head && *ring_at(*cursor) != '\n' &&
		       length < LOG_LINE_MAX - 1)
			line[length++] = *ring_at((*cursor)++);
		++*cursor;
	}
	host_unlock(&ring.lock);
	line[length] = '\0';
	return result;
}

uint64_t log_end(void)
{
	uint64_t end;

	host_lock(&ring.lock);
	end = ring.head;
	host_unlock(&ring.lock);
	return end;
}

void emergency_break_lock(struct lock *l)
{
	uint64_t deadline = host_time_ns() + EMERGENCY_WAIT_NS;
	uint32_t expected = 0;

	/* Taken and let go like anybody else's; only a holder that does not let go loses it. */
	while (!__atomic_compare_exchange_n(&l->held, &expected, 1, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED) &&
	       host_time_ns() < deadline) {
		expected = 0;
		arch_relax();
	}
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

void log_emergency(void)
{
	emergency_break_lock(&ring.lock);
}
