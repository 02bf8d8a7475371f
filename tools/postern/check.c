// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * postern check: is this manifest in order?
 *
 * Devices cannot be looked up on a workstation that is not the machine; everything else is checked, and CPUs and memory
 * when --machine says how much there is.
 */
#include "postern.h"

#include <postern/platform.h>
#include <stdlib.h>
#include <string.h>

/* "CPUS:MEMORY", MEMORY in MiB or with G in GiB. */
static bool parse_machine(const char *s, struct manifest_machine *out)
{
	char *end;
	unsigned long cpus = strtoul(s, &end, 10);
	unsigned long long memory;
	uint64_t unit = MIB;

	if (end == s || *end != ':' || !cpus || cpus > MAX_CPUS)
		return false;
	s = end + 1;
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

int command_check(int argc, char **argv)
{
	struct manifest_machine machine = { .cpus = UINT32_MAX, .memory = UINT64_MAX };
	const char *name = NULL;
	struct manifest_file m;
	unsigned refused = 0;
	int status;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--machine") && i + 1 < argc) {
			if (!parse_machine(argv[++i], &machine))
				return cannot(
					"\"%s\" is not a machine like 3:2048 or 3:2G (1 to %d CPUs)",
					argv[i], MAX_CPUS);
		} else if (argv[i][0] == '-' || name) {
			return cannot(
				"check takes one MANIFEST and --machine CPUS:MEMORY, not \"%s\"",
				argv[i]);
		} else {
			name = argv[i];
		}
	}
	if (!name)
		return cannot("check which manifest?");
	status = manifest_load(name, &m);
	if (status)
		return status;
	manifest_judge(&m, &machine, NULL, NULL);
	print_manifest(&m.manifest);
	for (unsigned i = 0; i < m.manifest.zone_count; i++)
		refused += m.manifest.zones[i].refused;
	if (m.errors)
		printf("%s: %d error%s; %u of %u zones would not be started\n", name, m.errors,
		       m.errors == 1 ? "" : "s", refused, m.manifest.zone_count);
	else
		printf("%s: in order (devices are looked up when the machine boots)\n", name);
	status = m.errors ? EXIT_ERRORS : EXIT_GOOD;
	manifest_unload(&m);
	return status;
}
