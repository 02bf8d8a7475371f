// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules' texts, and how a broken one is reported; see manifest-rules.h.
 */
#include "manifest-rules.h"

#include <postern/string.h>

static const struct {
	const char *name, *fix;
	bool warns;
} rules[RULE_COUNT] = {
#define X(id, rule, way_out) [RULE_##id] = { .name = rule, .fix = way_out },
#define W(id, rule, way_out) [RULE_##id] = { .name = rule, .fix = way_out, .warns = true },
	MANIFEST_RULES(X, W)
#undef W
#undef X
};

const char *manifest_rule_name(enum manifest_rule r)
{
	return rules[r].name;
}

const char *manifest_rule_fix(enum manifest_rule r)
{
	return rules[r].fix;
}

bool manifest_rule_warns(enum manifest_rule r)
{
	return rules[r].warns;
}

void manifest_make_printable(char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

static void report(const struct manifest_check *c, enum manifest_rule r, const char *subject,
		   const char *fmt, va_list ap)
{
	struct manifest_error e = { .rule = manifest_rule_name(r),
				    .warning = manifest_rule_warns(r) };

	if (!c->report)
		return;
	format_text(e.zone, sizeof(e.zone), "%s", c->zone_name ? c->zone_name : "");
	format_text(e.subject, sizeof(e.subject), "%s", subject);
	format_text(e.fix, sizeof(e.fix), "%s", manifest_rule_fix(r));
	format_text_v(e.text, sizeof(e.text), fmt, ap);
	manifest_make_printable(e.zone);
	manifest_make_printable(e.subject);
	manifest_make_printable(e.text);
	c->report(c->ctx, &e);
}

void manifest_refuse(struct manifest_check *c, enum manifest_rule r, const char *subject,
		     const char *fmt, ...)
{
	va_list ap;

	c->errors++;
	if (c->zone)
		c->zone->refused = true;
	else if (!c->zone_name)
		c->all = true;
	va_start(ap, fmt);
	report(c, r, subject, fmt, ap);
	va_end(ap);
}

void manifest_warn(struct manifest_check *c, enum manifest_rule r, const char *subject,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(c, r, subject, fmt, ap);
	va_end(ap);
}

const char *manifest_device_subject(const struct manifest_device *d, char out[DEVICE_SUBJECT])
{
	char instance[24] = "", vf[16] = "";

	if (d->is_vf)
		format_text(vf, sizeof(vf), " vf %u", d->vf);
	if (d->match == MATCH_BDF) {
		format_text(out, DEVICE_SUBJECT, "%s " SBDF_FMT "%s", d->name, SBDF_ARG(d->bdf),
			    vf);
		return out;
	}
	if (d->instance)
		format_text(instance, sizeof(instance), " instance %u", d->instance);
	if (d->vendor == MANIFEST_ANY_VENDOR)
		format_text(out, DEVICE_SUBJECT, "%s class %06x%s%s", d->name, d->class_code,
			    instance, vf);
	else
		format_text(out, DEVICE_SUBJECT, "%s %04x:%04x%s%s", d->name, d->vendor, d->device,
			    instance, vf);
	return out;
}
