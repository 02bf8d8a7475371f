// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The console: one UART, shared by the monitor, the hypervisor's log and the zones that have no
 * UART of their own. Where firmware left a screen, it shows the same; there is no keyboard.
 *
 * Exactly one of them is in front (enum front). Log lines go to the log ring first; here they are
 * shown when the monitor is in front, between its prompt and whatever was typed so far, and held
 * back while a command prints or a zone is in front. What a zone prints goes to its own ring; while
 * the zone is in front it is also shown, otherwise the next attach shows it.
 *
 * Caller context: input (console_irq, the pump, line editing) runs on the housekeeping CPU only.
 * Output comes from any CPU. con.lock is held for one line, or 256 bytes of a zone's backlog, at a
 * time; log.c's lock is the only one taken inside. The UART is polled with a bound (uart.h).
 */
#include <postern/errno.h>
#include <postern/string.h>

#include "console.h"
#include "log.h"
#include "screen.h"
#include "uart.h"
#include "vuart.h"

#define PROMPT        "postern> "
#define PROMPT_LENGTH (sizeof(PROMPT) - 1)

#define ZONE_RING_SIZE  (64 * KIB)
#define INPUT_FIFO_SIZE 4096u
#define BACKLOG_CHUNK   256u
#define ZONE_BATCH      64u
/* Per interrupt; the UART's interrupt stays asserted when there is more. */
#define IRQ_BOUND       1024u

enum {
	KEY_CTRL_C = 0x03,
	KEY_BELL = 0x07,
	KEY_BACKSPACE = 0x08,
	KEY_CTRL_U = 0x15,
	KEY_ESC = 0x1b,
	KEY_DELETE = 0x7f
};

enum front {
	FRONT_BOOT,    /* no monitor yet: the log alone */
	FRONT_PROMPT,  /* prompt and partial line are on the screen */
	FRONT_COMMAND, /* a command prints; the log is held back */
	FRONT_WAITING, /* a command goes on in the background: the log, no prompt */
	FRONT_ZONE,    /* a zone; the log is held back */
};

/*
 * Swallows what cursor keys send: ESC, [ or O, then parameters up to a final byte (ECMA-48, 5.4).
 */
enum escape { ESCAPE_NONE, ESCAPE_START, ESCAPE_SEQUENCE };

/* Positions count bytes ever printed; [shown, head) is still to be shown. */
struct zone_output {
	char *ring;
	uint64_t head, shown, lost;
};

static struct {
	struct lock lock;
	struct uart uart;
	bool up, screen;        /* the UART's and the screen's outputs can be used */
	uint64_t screen_missed; /* where the log stood when the screen went off */
	enum front front;
	struct zone *attached; /* in front when FRONT_ZONE, next to be so in FRONT_COMMAND */
	uint64_t log_shown;
	struct zone_output zones[MAX_ZONES];
	char line[CONSOLE_LINE_MAX];
	size_t length;
	/* Housekeeping CPU only, no lock. */
	struct {
		uint8_t fifo[INPUT_FIFO_SIZE];
		uint32_t head, tail;
		enum escape escape;
		bool after_cr, pumping;
	} in;
} con;

_Static_assert((INPUT_FIFO_SIZE & (INPUT_FIFO_SIZE - 1)) == 0,
	       "a power of two, so that positions may wrap");

/* ---- output; con.lock held ------------------------------------------------------------------- */

static void put(char c)
{
	if (con.up)
		uart_put(&con.uart, (uint8_t)c);
	if (con.screen && display_ours())
		screen_put((uint8_t)c);
}

static void put_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put(text[i]);
}

static void put_newline(void)
{
	put_text("\r\n", 2);
}

static void draw_prompt(void)
{
	put_text(PROMPT, PROMPT_LENGTH);
	put_text(con.line, con.length);
}

/*
 * A line in place of the prompt, which is drawn again below it. No escape sequences: logs of this
 * UART are read too.
 */
static void put_line_over_prompt(const char *text, size_t length)
{
	put('\r');
	put_text(text, length);
	for (size_t i = length; i < PROMPT_LENGTH + con.length; i++)
		put(' ');
	put_newline();
	draw_prompt();
}

static bool log_is_visible(void)
{
	return (con.up || con.screen) && con.front != FRONT_COMMAND && con.front != FRONT_ZONE;
}

/* Shows the next log line; false when there is none. */
static bool show_log_line(void)
{
	static const char lost[] = "[... older log lines are gone]";
	char buf[LOG_LINE_MAX];
	const char *text = buf;

	switch (log_next(&con.log_shown, buf)) {
	case LOG_NEXT_NONE:
		return false;
	case LOG_NEXT_QUIET:
		return true;
	case LOG_NEXT_LOST:
		text = lost;
		break;
	case LOG_NEXT_LINE:
		break;
	}
	if (con.front == FRONT_PROMPT) {
		put_line_over_prompt(text, strlen(text));
	} else {
		put_text(text, strlen(text));
		put_newline();
	}
	return true;
}

/* ---- the log --------------------------------------------------------------------------------- */

/* One line per hold of the lock: other CPUs wait for a line at most. */
static void show_log(void)
{
	bool more;

	do {
		host_lock(&con.lock);
		more = log_is_visible() && show_log_line();
		host_unlock(&con.lock);
	} while (more);
}

void console_log_line(const char *line, size_t length)
{
	log_append(line, length, false);
	show_log();
}

void console_emergency(void)
{
	emergency_break_lock(&con.lock);
	log_emergency();
	host_lock(&con.lock);
	if (con.front == FRONT_ZONE) {
		con.attached = NULL;
		con.front = FRONT_PROMPT;
		con.length = 0;
		put_newline();
		draw_prompt();
	} else if (con.front == FRONT_COMMAND) {
		con.front = FRONT_WAITING;
	}
	host_unlock(&con.lock);
	show_log();
}

/* One of the two outputs shows the log from `from` on, which the other one has shown already. */
static void catch_up(bool *other, uint64_t from)
{
	bool was;

	host_lock(&con.lock);
	was = *other;
	*other = false;
	con.log_shown = from;
	host_unlock(&con.lock);
	show_log();
	host_lock(&con.lock);
	*other = was;
	host_unlock(&con.lock);
}

void console_init(const struct uart_info *uart)
{
	host_lock(&con.lock);
	uart_init(&con.uart, uart);
	con.up = true;
	host_unlock(&con.lock);
	catch_up(&con.screen, 0);
}

void console_init_screen(const struct screen_info *screen)
{
	host_lock(&con.lock);
	con.screen = screen_init(screen);
	host_unlock(&con.lock);
	show_log();
}

void console_screen_off(void)
{
	host_lock(&con.lock);
	con.screen = false;
	con.screen_missed = con.log_shown;
	host_unlock(&con.lock);
}

void console_screen_on(void)
{
	host_lock(&con.lock);
	con.screen = true;
	host_unlock(&con.lock);
	catch_up(&con.up, con.screen_missed);
}

/* ---- the monitor's output -------------------------------------------------------------------- */

void console_print(const char *text)
{
	host_lock(&con.lock);
	for (; *text; text++)
		put((unsigned char)*text < ' ' || *text == KEY_DELETE ? '?' : *text);
	put_newline();
	host_unlock(&con.lock);
}

void console_command_wait(void)
{
	host_lock(&con.lock);
	con.front = FRONT_WAITING;
	host_unlock(&con.lock);
	show_log();
}

static void to_monitor(void)
{
	/* First what was held back, without a prompt to be drawn again for each line. */
	console_command_wait();
	host_lock(&con.lock);
	con.front = FRONT_PROMPT;
	draw_prompt();
	host_unlock(&con.lock);
}

/* ---- zones ----------------------------------------------------------------------------------- */

int console_zone_open(struct zone *z)
{
	struct zone_output *o = &con.zones[z->id];
	char *ring;

	if (o->ring)
		return 0;
	ring = host_pages_alloc(ZONE_RING_SIZE / PAGE_SIZE, PAGE_SIZE);
	if (!ring)
		return -ENOMEM;
	host_lock(&con.lock);
	o->ring = ring;
	host_unlock(&con.lock);
	return 0;
}

void console_zone_output(struct zone *z, uint8_t c)
{
	struct zone_output *o = &con.zones[z->id];

	host_lock(&con.lock);
	if (o->ring) {
		bool current = con.front == FRONT_ZONE && con.attached == z && o->shown == o->head;

		o->ring[o->head++ % ZONE_RING_SIZE] = (char)c;
		if (current) {
			put((char)c);
			o->shown = o->head;
		} else if (o->head - o->shown > ZONE_RING_SIZE) {
			o->shown++;
			o->lost++;
		}
	}
	host_unlock(&con.lock);
}

/* What the zone printed while it was not in front; false when all is shown. */
static bool show_backlog(struct zone_output *o)
{
	char text[64];
	bool more;

	host_lock(&con.lock);
	if (o->lost) {
		format_text(text, sizeof(text), "[... %llu bytes of older output are gone]\r\n",
			    (unsigned long long)o->lost);
		put_text(text, strlen(text));
		o->lost = 0;
	}
	for (unsigned i = 0; i < BACKLOG_CHUNK && o->shown < o->head; i++)
		put(o->ring[o->shown++ % ZONE_RING_SIZE]);
	more = o->shown < o->head;
	host_unlock(&con.lock);
	return more;
}

int console_attach(struct zone *z)
{
	if (!con.zones[z->id].ring || !zone_vuart(z))
		return -ENXIO;
	con.attached = z;
	return 0;
}

static void to_zone(struct zone *z)
{
	host_lock(&con.lock);
	con.front = FRONT_ZONE;
	host_unlock(&con.lock);
	while (show_backlog(&con.zones[z->id]))
		;
}

static void detach(void)
{
	host_lock(&con.lock);
	con.attached = NULL;
	con.front = FRONT_COMMAND;
	put_newline();
	host_unlock(&con.lock);
	console_print("[back in the monitor]");
	to_monitor();
}

/* ---- input; housekeeping CPU ----------------------------------------------------------------- */

static bool input_empty(void)
{
	return con.in.head == con.in.tail;
}

static bool input_full(void)
{
	return con.in.head - con.in.tail == INPUT_FIFO_SIZE;
}

static uint8_t input_peek(void)
{
	return con.in.fifo[con.in.tail % INPUT_FIFO_SIZE];
}

static void bell(void)
{
	host_lock(&con.lock);
	put(KEY_BELL);
	host_unlock(&con.lock);
}

/* True when the key belongs to a cursor key's sequence. */
static bool swallow_escape(uint8_t c)
{
	switch (con.in.escape) {
	case ESCAPE_NONE:
		if (c != KEY_ESC)
			return false;
		con.in.escape = ESCAPE_START;
		return true;
	case ESCAPE_START:
		con.in.escape = c == '[' || c == 'O' ? ESCAPE_SEQUENCE : ESCAPE_NONE;
		/* A control key after a lone ESC is itself. */
		return c >= ' ';
	case ESCAPE_SEQUENCE:
		if (c >= 0x40 || c < ' ')
			con.in.escape = ESCAPE_NONE;
		return c >= ' ';
	}
	return false;
}

static void submit(void)
{
	host_lock(&con.lock);
	con.line[con.length] = '\0';
	con.length = 0;
	con.front = FRONT_COMMAND;
	put_newline();
	host_unlock(&con.lock);
	monitor_line(con.line);
}

static void erase(size_t count)
{
	for (; count && con.length; count--, con.length--)
		put_text("\b \b", 3);
}

static void edit(uint8_t c)
{
	bool lf_of_crlf = c == '\n' && con.in.after_cr;

	con.in.after_cr = c == '\r';
	if (lf_of_crlf || swallow_escape(c))
		return;
	if (c == '\r' || c == '\n') {
		submit();
		return;
	}
	host_lock(&con.lock);
	if (c == KEY_BACKSPACE || c == KEY_DELETE) {
		erase(1);
	} else if (c == KEY_CTRL_U) {
		erase(con.length);
	} else if (c == KEY_CTRL_C) {
		con.length = 0;
		put_text("^C", 2);
		put_newline();
		draw_prompt();
	} else if (c >= ' ' && c < KEY_DELETE) {
		if (con.length < CONSOLE_LINE_MAX - 1) {
			con.line[con.length++] = (char)c;
			put((char)c);
		} else {
			put(KEY_BELL);
		}
	}
	host_unlock(&con.lock);
}

/* Up to a batch of kept input for the zone in front, or the way back. */
static void feed_zone(void)
{
	uint8_t batch[ZONE_BATCH];
	/* console_emergency() on another CPU may have put the monitor in front meanwhile. */
	struct zone *z = con.attached;
	struct vuart *u = z ? zone_vuart(z) : NULL;
	size_t count = 0;

	while (count < sizeof(batch) && !input_empty() && input_peek() != CONSOLE_ESCAPE) {
		batch[count++] = input_peek();
		con.in.tail++;
	}
	if (count && (!u || vuart_input(u, batch, count) < count))
		bell();
	if (!count) {
		con.in.tail++;
		detach();
	}
}

/* Gives kept input to whoever is in front, as long as that one takes any. */
static void pump(void)
{
	if (con.in.pumping)
		return;
	con.in.pumping = true;
	while (!input_empty() && (con.front == FRONT_PROMPT || con.front == FRONT_ZONE)) {
		if (con.front == FRONT_ZONE) {
			feed_zone();
		} else {
			uint8_t c = input_peek();

			con.in.tail++;
			edit(c);
		}
	}
	con.in.pumping = false;
}

void console_command_done(void)
{
	struct zone *z = con.attached;

	if (z)
		to_zone(z);
	else
		to_monitor();
	pump();
}

void console_irq(void)
{
	for (unsigned i = 0; i < IRQ_BOUND; i++) {
		uint8_t c;
		bool got;

		host_lock(&con.lock);
		got = con.up && uart_get(&con.uart, &c);
		host_unlock(&con.lock);
		if (!got)
			break;
		if (con.front == FRONT_WAITING && c == KEY_CTRL_C) {
			/* Whoever interrupts does not want what was typed ahead either. */
			con.in.tail = con.in.head;
			monitor_interrupt();
		} else if (input_full()) {
			bell();
		} else {
			con.in.fifo[con.in.head++ % INPUT_FIFO_SIZE] = c;
		}
	}
	pump();
}
