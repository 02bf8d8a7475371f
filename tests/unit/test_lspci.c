// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A second reader of what a zone sees: each view of the config space matrix is written as a dump,
 * and `lspci -F` (libpci's dump back end) reads it. It must find in it what it finds in the dump of
 * the hardware, less what docs/config-space.md hides, in the same order, and nothing to frown at.
 */
#include "matrix-fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 65536u
#define MAX_CAPS 48u

struct report {
	char text[TEXT_MAX];
	unsigned count;
	char caps[MAX_CAPS][64]; /* "[a0] Express (v2) Endpoint", without what varies */
};

static struct report physical, view;

static void run_lspci(const uint8_t *config, const char *options, char *out)
{
	char name[] = "/tmp/postern-view-XXXXXX", command[128];
	int fd = mkstemp(name);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	size_t size = 0;

	out[0] = '\0';
	if (!f) {
		model_fail("lspci: no temporary file");
		return;
	}
	fprintf(f, "01:00.0 View\n");
	for (unsigned o = 0; o < CONFIG; o++) {
		if (o % 16 == 0)
			fprintf(f, "%02x:", o);
		fprintf(f, " %02x%s", config[o], o % 16 == 15 ? "\n" : "");
	}
	fclose(f);
	snprintf(command, sizeof(command), "lspci -F %s %s 2>&1", name, options);
	f = popen(command, "r");
	if (f)
		size = fread(out, 1, TEXT_MAX - 1, f);
	out[size] = '\0';
	if (!f || pclose(f))
		model_fail("lspci failed (package pciutils): %s", out);
	unlink(name);
}

/* "Capabilities: [a0] Express (v2) Endpoint, MSI 00": place and name, up to what follows them. */
static void find_caps(struct report *r)
{
	const char *line = r->text;

	r->count = 0;
	while ((line = strstr(line, "Capabilities: [")) && r->count < MAX_CAPS) {
		line += strlen("Capabilities: ");
		snprintf(r->caps[r->count++], sizeof(r->caps[0]), "%.*s",
			 (int)strcspn(line, ":,\n"), line);
	}
}

static void read_view(uint8_t *config)
{
	for (unsigned o = 0; o < CONFIG; o++)
		config[o] = (uint8_t)matrix_read(o, 1);
}

static void bytes_come_back(const uint8_t *config)
{
	static char text[TEXT_MAX];
	const char *line;
	unsigned offset, byte, found = 0;
	int used;

	run_lspci(config, "-xxxx", text);
	for (line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		if (sscanf(line, " %x:%n", &offset, &used) != 1)
			continue;
		for (unsigned i = 0; i < 16; i++, line += 3, found++)
			if (sscanf(line + used, " %2x", &byte) != 1 || byte != config[offset + i])
				matrix_differ("lspci reads", offset + i, byte, config[offset + i],
					      "");
	}
	CU_ASSERT_EQUAL(found, CONFIG);
}

static bool starts(const char *cap, const char *name)
{
	const char *at_name = strstr(cap, "] ");

	return at_name && !strncmp(at_name + 2, name, strlen(name));
}

/* What the zone may see of a capability of the hardware, as lspci names it; false: hidden. */
static bool shown(const char *cap, char out[64])
{
	unsigned offset = (unsigned)strtoul(cap + 1, NULL, 16);

	snprintf(out, 64, "%s", cap);
	/* Others' virtual functions have IDs and nothing else. */
	if (at.subject->placeholder)
		return false;
	if (starts(cap, "Power Management"))
		return true;
	if (starts(cap, "MSI-X"))
		return at.ref.msix == offset;
	if (starts(cap, "MSI"))
		return at.ref.msi == offset;
	if (starts(cap, "Express")) {
		if (at.subject->on_bus_0)
			snprintf(out, 64, "%.*sRoot Complex Integrated Endpoint",
				 (int)(strchr(cap, ')') + 2 - cap), cap);
		else if (strstr(cap, "Root Complex Integrated"))
			snprintf(out, 64, "%.*sEndpoint", (int)(strchr(cap, ')') + 2 - cap), cap);
		return true;
	}
	if (starts(cap, "Device Serial Number")) {
		snprintf(out, 64, "[100 v1]%s", strchr(cap, ']') + 1);
		return true;
	}
	return false;
}

static void compare_caps(void)
{
	unsigned n = 0;
	char wanted[64];

	for (unsigned i = 0; i < physical.count; i++) {
		if (!shown(physical.caps[i], wanted))
			continue;
		if (n >= view.count || strcmp(view.caps[n], wanted)) {
			printf("    %s: lspci sees \"%s\" in the hardware, \"%s\" in the view\n",
			       at.subject->name, wanted, n < view.count ? view.caps[n] : "nothing");
			at.count.differences++;
		}
		n++;
	}
	CU_ASSERT_EQUAL(n, view.count);
}

static void must(const char *text, bool there)
{
	if (!strstr(view.text, text) == !there)
		return;
	printf("    %s: lspci %s \"%s\":\n%s\n", at.subject->name, there ? "does not say" : "says",
	       text, view.text);
	at.count.differences++;
}

/* What lspci says when it cannot make sense of something. */
static void nothing_to_frown_at(void)
{
	static const char *const frowns[] = { "<chain", "<access denied>", "!!!",
					      "<?>",    "malformed",       "broken" };

	for (unsigned i = 0; i < ARRAY_SIZE(frowns); i++)
		must(frowns[i], false);
}

static void look(const struct subject *s)
{
	static uint8_t config[CONFIG];

	matrix_setup(s);
	read_view(config);
	bytes_come_back(config);
	run_lspci(config, "-vvv", view.text);
	find_caps(&view);
	nothing_to_frown_at();
	if (s->port) {
		must("Express (v2) Root Port (Slot+)", true);
		must("Bus: primary=00, secondary=01, subordinate=01", true);
		must("MSI: Enable- Count=1/1 Maskable- 64bit+", true);
		return;
	}
	run_lspci(at.ref.facts.dump, "-vvv", physical.text);
	find_caps(&physical);
	compare_caps();
	must("Mem- BusMaster-", true);
	must("Interrupt: pin", at.subject->line != 0);
	must("Expansion ROM", false);
	if (at.ref.pm)
		must("PMEClk- DSI", true);
	if (at.ref.pm)
		must("NoSoftRst+", true);
	if (at.ref.pcie)
		must("PhantFunc 0", true);
}

static void lspci_reads_what_is_shown_and_nothing_else(void)
{
	unsigned caps = 0;

	memset(&at.count, 0, sizeof(at.count));
	for (unsigned i = 0; i < subject_count; i++) {
		look(&subjects[i]);
		caps += view.count;
	}
	printf("    %u views read by lspci, %u capabilities in them, %lu differences\n",
	       subject_count, caps, at.count.differences);
	CU_ASSERT_EQUAL(at.count.differences, 0);
}

void suite_lspci(void)
{
	static const struct unit_test tests[] = {
		TEST(lspci_reads_what_is_shown_and_nothing_else),
	};

	unit_suite("lspci", tests, ARRAY_SIZE(tests));
}
