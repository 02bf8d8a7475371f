// SPDX-License-Identifier: GPL-2.0-or-later
#include "dts.h"

#include "unit.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_TO_GROW 4096u

_Noreturn static void broken(const char *what, const char *path)
{
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", path, what);
	CU_assertImplementation(CU_FALSE, __LINE__, text, __FILE__, "", CU_TRUE);
	abort(); /* CUnit has left the test */
}

/* Everything a stream has left, with a NUL after it, in a block that ends there. */
static char *read_stream(FILE *f, size_t *size)
{
	size_t used = 0, n;
	char *data = malloc(1), piece[4096];

	while (data && (n = fread(piece, 1, sizeof(piece), f)) > 0) {
		char *more = realloc(data, used + n + 1);

		if (!more)
			free(data);
		else
			memcpy(more + used, piece, n);
		data = more;
		used += n;
	}
	if (!data)
		broken("out of memory", "dts");
	data[used] = '\0';
	*size = used;
	return data;
}

void *dts_compile(const char *path, size_t *size)
{
	char command[512];
	void *exact;
	char *data;
	FILE *f;

	snprintf(command, sizeof(command), "dtc -q -I dts -O dtb -- '%s'", path);
	f = popen(command, "r");
	if (!f)
		broken("cannot run dtc", path);
	data = read_stream(f, size);
	exact = pclose(f) || !*size ? NULL : malloc(*size);
	if (exact)
		memcpy(exact, data, *size);
	free(data);
	if (!exact)
		broken("dtc refuses it", path);
	return exact;
}

void *dts_compile_open(const char *path, size_t *size)
{
	void *fdt = dts_compile(path, size), *open = malloc(*size + ROOM_TO_GROW);

	if (fdt_open_into(fdt, open, (int)(*size + ROOM_TO_GROW)))
		broken("no room to edit it", path);
	free(fdt);
	*size += ROOM_TO_GROW;
	return open;
}

char *dts_text(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t size;
	char *text;

	if (!f)
		broken("cannot open it", path);
	text = read_stream(f, &size);
	fclose(f);
	return text;
}

char *dts_complaints(const void *fdt, size_t size, const char *but)
{
	char name[] = "/tmp/postern-dtb-XXXXXX", command[512];
	int fd = mkstemp(name);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	size_t n;
	char *text;

	if (!f || fwrite(fdt, 1, size, f) != size || fclose(f))
		broken("cannot write it", name);
	snprintf(command, sizeof(command), "dtc %s -I dtb -O dts -o /dev/null '%s' 2>&1", but,
		 name);
	f = popen(command, "r");
	if (!f)
		broken("cannot run dtc", name);
	text = read_stream(f, &n);
	if (pclose(f) && !n)
		broken("dtc failed without a word", name);
	remove(name);
	return text;
}
