// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bring-up test's account: what is done as it is done, and the table at the end. Contract in
 * bringup.h. Boot CPU only.
 *
 * The rows are shown twice: at once, so that a machine that hangs has said where; and all together
 * at the end, for who reads the result only.
 */
#include <postern/string.h>

#include "bringup.h"

#define ROWS_MAX   160u
#define DETAIL_MAX 160u
#define LINE_MAX   256u

struct row {
	char subject[24];
	char step[24];
	enum verdict verdict;
	char detail[DETAIL_MAX];
};

static struct row rows[ROWS_MAX];
static unsigned row_count, rows_lost;

static const char *verdict_name(enum verdict v)
{
	switch (v) {
	case VERDICT_OK:
		return "ok";
	case VERDICT_FAILED:
		return "FAILED";
	case VERDICT_NOT_HERE:
		break;
	}
	return "not possible here";
}

void report_say(const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	format_text_v(line, sizeof(line), fmt, ap);
	va_end(ap);
	console_print(line);
}

static void show(const struct row *r)
{
	report_say("  %-13s %-19s %-18s %s", r->subject, r->step, verdict_name(r->verdict),
		   r->detail);
}

void report_row(const char *subject, const char *step, enum verdict v, const char *fmt, ...)
{
	struct row *r = &rows[row_count];
	va_list ap;

	if (row_count == ROWS_MAX) {
		rows_lost++;
		return;
	}
	row_count++;
	format_text(r->subject, sizeof(r->subject), "%s", subject);
	format_text(r->step, sizeof(r->step), "%s", step);
	r->verdict = v;
	va_start(ap, fmt);
	format_text_v(r->detail, sizeof(r->detail), fmt, ap);
	va_end(ap);
	show(r);
}

void report_finish(void)
{
	unsigned passed = 0, failed = 0;

	/* A result nobody can read is none. */
	if (rows_lost) {
		row_count--;
		report_row("machine", "report", VERDICT_FAILED,
			   "%u more rows than there is room for; run it by only=BDF",
			   rows_lost + 1);
	}
	report_say(" ");
	report_say("bringup: result");
	for (unsigned i = 0; i < row_count; i++) {
		show(&rows[i]);
		passed += rows[i].verdict == VERDICT_OK;
		failed += rows[i].verdict == VERDICT_FAILED;
	}
	report_say("bringup: %u passed, %u failed", passed, failed);
}
