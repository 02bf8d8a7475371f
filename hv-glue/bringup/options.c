// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bring-up test's words on the command line. Contract in bringup.h. No state.
 */
#include <hv/bringup.h>
#include <postern/string.h>

#include "bringup.h"

struct word {
	const char *text;
	size_t length;
};

/* The next word at *at, and *at moved past it; length 0: there is none. */
static struct word next_word(const char **at)
{
	struct word w;

	while (**at == ' ' || **at == '\t')
		(*at)++;
	w.text = *at;
	while (**at && **at != ' ' && **at != '\t')
		(*at)++;
	w.length = (size_t)(*at - w.text);
	return w;
}

static bool is(const struct word *w, const char *text)
{
	return w->length == strlen(text) && !strncmp(w->text, text, w->length);
}

/* The word is `name` followed by a value, which goes to *value. */
static bool has(const struct word *w, const char *name, struct word *value)
{
	size_t length = strlen(name);

	if (w->length <= length || strncmp(w->text, name, length))
		return false;
	*value = (struct word){ w->text + length, w->length - length };
	return true;
}

/* What follows the word `bringup`; NULL: it is not there. */
static const char *arguments(const char *command_line)
{
	const char *at = command_line;

	while (at) {
		struct word w = next_word(&at);

		if (!w.length)
			return NULL;
		if (is(&w, "bringup"))
			return at;
	}
	return NULL;
}

bool bringup_wanted(const char *command_line)
{
	return arguments(command_line) != NULL;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Digits of the base up to `end` or, with end 0, up to the end of the word; what is read is cut. */
static bool take_number(struct word *w, unsigned base, char end, unsigned max, unsigned *out)
{
	unsigned value = 0;
	size_t i = 0;

	while (i < w->length && digit(w->text[i]) >= 0 && (unsigned)digit(w->text[i]) < base) {
		value = value * base + (unsigned)digit(w->text[i++]);
		if (value > max)
			return false;
	}
	if (!i || (end ? i == w->length || w->text[i] != end : i != w->length))
		return false;
	i += end ? 1 : 0;
	*w = (struct word){ w->text + i, w->length - i };
	*out = value;
	return true;
}

/* [SSSS:]BB:DD.F */
static bool read_bdf(struct word w, sbdf_t *out)
{
	unsigned segment = 0, bus, dev, fn, colons = 0;

	for (size_t i = 0; i < w.length; i++)
		colons += w.text[i] == ':';
	if (colons == 2 && !take_number(&w, 16, ':', 0xffff, &segment))
		return false;
	if (!take_number(&w, 16, ':', 0xff, &bus) || !take_number(&w, 16, '.', 0x1f, &dev) ||
	    !take_number(&w, 16, 0, 7, &fn))
		return false;
	*out = sbdf_make(segment, bus, dev, fn);
	return true;
}

/* Names separated by commas. */
static bool read_expected(struct word w, struct bringup_options *o)
{
	while (w.length) {
		struct word name = { w.text, 0 };

		while (name.length < w.length && w.text[name.length] != ',')
			name.length++;
		if (is(&name, "nvme"))
			o->expect_nvme = true;
		else if (is(&name, "igb"))
			o->expect_igb = true;
		else
			return false;
		name.length += name.length < w.length ? 1 : 0;
		w = (struct word){ w.text + name.length, w.length - name.length };
	}
	return true;
}

static bool read_option(const struct word *w, struct bringup_options *o)
{
	struct word value;

	if (is(w, "dump"))
		o->dump = true;
	else if (is(w, "stay"))
		o->stay = true;
	else if (is(w, "destructive"))
		o->destructive = true;
	else if (has(w, "cpu=", &value))
		return take_number(&value, 10, 0, MAX_CPUS - 1, &o->cpu);
	else if (has(w, "expect-cpu=", &value))
		return take_number(&value, 10, 0, MAX_CPUS - 1, &o->expect_cpu);
	else if (has(w, "only=", &value))
		return read_bdf(value, &o->only);
	else if (has(w, "expect=", &value))
		return read_expected(value, o);
	else
		return false;
	return true;
}

bool bringup_parse(const char *command_line, struct bringup_options *o, char *bad, size_t size)
{
	const char *at = arguments(command_line);

	*o = (struct bringup_options){
		.cpu = BRINGUP_CPU_DEFAULT,
		.expect_cpu = BRINGUP_CPU_DEFAULT,
		.only = SBDF_NONE,
	};
	while (at) {
		struct word w = next_word(&at);

		if (!w.length)
			break;
		if (!read_option(&w, o)) {
			format_text(bad, size, "%.*s", (int)w.length, w.text);
			return false;
		}
	}
	return true;
}
