// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * postern check: is this manifest in order?
 *
 * Everything is judged that can be with what is said of the machine: CPUs and memory by --machine, its devices by --devices.
 * What cannot is named, with what it would take (V11); the hypervisor judges it at boot.
 */
#include "postern.h"

#include "hv-glue/arch/aarch64/include/hv/layout.h"
#include "core/manifest-rules.h"

#include <postern/platform.h>
#include <stdlib.h>
#include <string.h>

struct options {
	const char *manifest, *devices, *machine;
	bool strict, explain;
};

const struct manifest_layout zones_layout = {
	.ram = ZONE_RAM_BASE,
	.window32 = { ZONE_MEM32_BASE, ZONE_MEM32_SIZE, "32-bit PCI window" },
	.window64 = { ZONE_MEM64_BASE, ZONE_MEM64_SIZE, "64-bit PCI window" },
};

/* ---- what the command line says ------------------------------------------------------------------------------------------------ */

/* "CPUS:MEMORY", or "cpus=CPUS,memory=MEMORY"; MEMORY in MiB or with G in GiB. */
static bool parse_machine(const char *s, struct manifest_machine *out)
{
	const bool named = !strncmp(s, "cpus=", 5);
	const char *separator = named ? ",memory=" : ":";
	unsigned long long memory;
	uint64_t unit = MIB;
	unsigned long cpus;
	char *end;

	s += named ? 5 : 0;
	cpus = strtoul(s, &end, 10);
	if (end == s || *s == '-' || strncmp(end, separator, strlen(separator)) != 0 || !cpus ||
	    cpus > MAX_CPUS)
		return false;
	s = end + strlen(separator);
	memory = strtoull(s, &end, 10);
	if (end == s || *s == '-' || !memory || memory > UINT32_MAX)
		return false;
	if (*end == 'G' || *end == 'g')
		unit = GIB;
	if (*end == 'G' || *end == 'g' || *end == 'M' || *end == 'm')
		end++;
	if (*end)
		return false;
	out->cpus = (unsigned)cpus;
	out->memory = memory * unit;
	return true;
}

static int parse_arguments(struct options *o, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char **value = !strcmp(argv[i], "--machine")   ? &o->machine
				     : !strcmp(argv[i], "--devices") ? &o->devices
								     : NULL;

		if (value && i + 1 < argc)
			*value = argv[++i];
		else if (!strcmp(argv[i], "--strict"))
			o->strict = true;
		else if (!strcmp(argv[i], "--explain"))
			o->explain = true;
		else if (argv[i][0] == '-' || o->manifest)
			return cannot("check takes one MANIFEST, --machine CPUS:MEMORY, --devices "
				      "FILE, --strict or --explain [RULE], not \"%s\"",
				      argv[i]);
		else
			o->manifest = argv[i];
	}
	/* What follows --explain is a rule. */
	if (o->explain && (o->machine || o->devices || o->strict))
		return cannot("--explain takes a rule and nothing else");
	return o->manifest || o->explain ? 0 : cannot("check which manifest?");
}

/* ---- what could not be judged -------------------------------------------------------------------------------------------------- */

static void print_unjudged(enum check_needs needs, const char *takes)
{
	printf("not judged: ");
	rules_print_needing(needs);
	printf(": %s\n", takes);
}

/* Of the devices the zones are given: what the list does not say of them. */
static void print_unjudged_devices(const struct manifest *m, const struct manifest_machine *machine)
{
	for (unsigned i = 0; i < m->zone_count; i++) {
		for (unsigned k = 0; k < m->zones[i].device_count; k++) {
			const struct manifest_device *d = &m->zones[i].devices[k];
			char subject[DEVICE_SUBJECT];

			if (d->function < 0)
				continue;
			manifest_device_subject(d, subject);
			if (machine->unsized[d->function]) {
				printf("not judged: zone %s: %s: ", m->zones[i].name, subject);
				rules_print_needing(NEEDS_SIZES);
				printf(": the list does not say how large its BARs are (lspci -vv "
				       "-xxxx does)\n");
			}
			if (devices_cut_short((unsigned)d->function))
				printf("not judged: zone %s: %s: extended capabilities, taken as "
				       "not there: the list has 256 bytes of it (lspci -xxxx has "
				       "all)\n",
				       m->zones[i].name, subject);
		}
	}
}

static void print_all_unjudged(const struct options *o, const struct manifest *m,
			       const struct manifest_machine *machine)
{
	if (!o->machine)
		print_unjudged(NEEDS_QUANTITIES, "--machine CPUS:MEMORY says how much there is");
	if (!o->devices) {
		print_unjudged(NEEDS_DEVICES, "--devices FILE, from lspci -vv -xxxx there");
		print_unjudged(NEEDS_SIZES, "the same");
	} else {
		print_unjudged_devices(m, machine);
		devices_print_left_out();
	}
	print_unjudged(NEEDS_ROUTES, "the machine's firmware tables say it at boot");
	print_unjudged(NEEDS_ADDRESSES, "the same");
	print_unjudged(NEEDS_IMAGES, "`postern bundle` knows its images");
}

/* ---- the command ----------------------------------------------------------------------------------------------------------------- */

static void print_verdict(const struct manifest_file *m, const struct options *o)
{
	unsigned refused = 0;

	for (unsigned i = 0; i < m->manifest.zone_count; i++)
		refused += m->manifest.zones[i].refused;
	if (m->errors)
		printf("%s: %d error%s", m->name, m->errors, m->errors == 1 ? "" : "s");
	else
		printf("%s: in order", m->name);
	if (m->warnings)
		printf(", %d warning%s", m->warnings, m->warnings == 1 ? "" : "s");
	if (m->errors)
		printf("; %u of %u zones would not be started", refused, m->manifest.zone_count);
	else if (!o->devices)
		printf(" (devices are looked up when the machine boots)");
	putchar('\n');
}

int command_check(int argc, char **argv)
{
	struct manifest_machine machine = { .cpus = UINT32_MAX,
					    .memory = UINT64_MAX,
					    .layout = &zones_layout };
	struct options o = { .manifest = NULL };
	struct manifest_file m;
	int status = parse_arguments(&o, argc, argv);

	if (status)
		return status;
	if (o.explain)
		return rules_explain(o.manifest);
	if (o.machine && !parse_machine(o.machine, &machine))
		return cannot("\"%s\" is not a machine like 3:2048 or 3:2G (1 to %d CPUs)",
			      o.machine, MAX_CPUS);
	if (o.devices)
		status = devices_load(o.devices, &machine);
	if (!status)
		status = manifest_load(o.manifest, &m);
	if (status)
		return status;
	manifest_judge(&m, &machine, NULL, NULL);
	print_manifest(&m.manifest);
	if (machine.devices) {
		devices_print(&m.manifest, machine.devices);
		devices_print_iommus(&m.manifest);
	}
	print_all_unjudged(&o, &m.manifest, &machine);
	print_verdict(&m, &o);
	status = m.errors || (o.strict && m.warnings) ? EXIT_ERRORS : EXIT_GOOD;
	manifest_unload(&m);
	return status;
}
