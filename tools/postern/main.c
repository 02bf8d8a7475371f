// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * postern - makes, checks and shows what Postern boots from, on a developer's host.
 */
#include "postern.h"

#include <stdarg.h>
#include <string.h>

static const struct {
	const char *name, *arguments, *purpose;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "check", "MANIFEST [--machine CPUS:MEMORY] [--devices LIST] [--strict]",
	  "say whether a manifest is in order", command_check },
	{ "check", "--explain [RULE]", "say what a rule means, or all of them", command_check },
	{ "bundle", "-m MANIFEST -o BUNDLE [--force] NAME=FILE...",
	  "pack manifest, kernels and initrds into one file", command_bundle },
	{ "show", "BUNDLE", "verify a bundle and list what is in it", command_show },
};

int cannot(const char *fmt, ...)
{
	va_list ap;

	fputs("postern: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_CANNOT;
}

static void usage(FILE *out)
{
	fputs("usage:\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  postern %-6s %s\n\t%s\n", commands[i].name, commands[i].arguments,
			commands[i].purpose);
	fputs("MANIFEST is a .dts (compiled with dtc) or a compiled .dtb; MEMORY is in MiB, or in GiB with a G.\n"
	      "LIST is what `lspci -vv -xxxx` printed on the machine, as its root.\n"
	      "Exit status: 0 in order, 1 errors found, 2 could not do it. The manifest's reference: docs/manifest.md\n",
	      out);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		usage(stdout);
		return EXIT_GOOD;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		int status;

		if (strcmp(name, commands[i].name) != 0)
			continue;
		status = commands[i].run(argc - 2, argv + 2);
		if (fflush(stdout) || ferror(stdout))
			return cannot("cannot write the output");
		return status;
	}
	usage(stderr);
	return EXIT_CANNOT;
}
