// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From an error to the line of source it is about. dtc -T writes the tree back as source with "FILE:LINE" in a comment
 * behind every property, opening and closing brace; that is read here into a list of paths.
 */
#include "postern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PATH 512

struct location {
	struct location *next;
	char *path;  /* "/zones/zone1/cpus", of a node or a property */
	char *value; /* a property's text as dtc writes it, else "" */
	char *line;  /* "FILE:LINE" */
};

/* Cuts the comment "FILE:LINE[, FILE:LINE]..." off the end of a line and returns its last place; NULL: none. */
static char *cut_place(char *line)
{
	char *comment = NULL, *end, *last;

	for (char *p = strstr(line, "/* "); p; p = strstr(p + 1, "/* "))
		comment = p;
	if (!comment)
		return NULL;
	end = strstr(comment, " */");
	if (!end)
		return NULL;
	*end = '\0';
	*comment = '\0';
	last = strrchr(comment + 3, ',');
	return last ? last + 2 : comment + 3;
}

static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return s;
}

/* dtc names files as seen from the first one's folder, which is `folder` (with a slash, or ""). */
static void add(struct location **list, const char *folder, const char *path, const char *value,
		const char *place)
{
	struct location *l = calloc(1, sizeof(*l));

	if (!l)
		return;
	l->path = strdup(path);
	l->value = strdup(value);
	if (asprintf(&l->line, "%s%s", *place == '/' ? "" : folder, place) < 0)
		l->line = NULL;
	l->next = *list;
	*list = l;
	if (l->path && l->value && l->line)
		return;
	*list = l->next;
	l->next = NULL;
	lines_free(l);
}

/* Goes one level down or up in a path; the root is "". */
static void enter(char path[MAX_PATH], const char *name)
{
	size_t used = strlen(path);

	if (strcmp(name, "/") != 0)
		snprintf(path + used, MAX_PATH - used, "/%s", name);
}

static void leave(char path[MAX_PATH])
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
}

struct location *lines_load(const char *name)
{
	struct location *list = NULL;
	char path[MAX_PATH] = "", folder[MAX_PATH], *text, *next, *save = NULL;
	const char *slash = strrchr(name, '/');
	size_t size;
	int status;

	text = dtc_run(name, true, &size, &status);
	if (!text)
		return NULL;
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - name + 1) : 0, name);
	for (char *raw = strtok_r(text, "\n", &save); raw; raw = next) {
		char *place = cut_place(raw), *line = trim(raw), *equals, *end;

		next = strtok_r(NULL, "\n", &save);
		if (!strncmp(line, "};", 2)) {
			leave(path);
			continue;
		}
		end = line + strlen(line);
		if (end > line && end[-1] == '{') {
			char *label;

			end[-1] = '\0';
			line = trim(line);
			label = strstr(line, ": ");
			enter(path, label ? label + 2 : line);
			if (place)
				add(&list, folder, path, "", place);
			continue;
		}
		equals = strstr(line, " = ");
		if (equals)
			*equals = '\0';
		else
			line[strcspn(line, ";")] = '\0';
		if (place && *line) {
			enter(path, line);
			add(&list, folder, path, equals ? equals + 3 : "", place);
			leave(path);
		}
	}
	free(text);
	return list;
}

void lines_free(struct location *list)
{
	while (list) {
		struct location *next = list->next;

		free(list->path);
		free(list->value);
		free(list->line);
		free(list);
		list = next;
	}
}

static const struct location *find_path(const struct location *list, const char *path)
{
	while (list && strcmp(list->path, path) != 0)
		list = list->next;
	return list;
}

/* `kernel` or `initrd` of the zone, whichever names the image. */
static const struct location *find_image(const struct location *list, const char *zone,
					 const char *image)
{
	static const char *const properties[] = { "kernel", "initrd" };

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		const struct location *l;
		char path[MAX_PATH], value[MAX_PATH];

		snprintf(path, sizeof(path), "%s/%s", zone, properties[i]);
		snprintf(value, sizeof(value), "\"%s\";", image);
		l = find_path(list, path);
		if (l && !strncmp(l->value, value, strlen(value)))
			return l;
	}
	return NULL;
}

const char *lines_find(const struct location *list, const struct manifest_error *e)
{
	char zone[MAX_PATH] = "", path[MAX_PATH];
	const struct location *l;

	if (e->zone[0])
		snprintf(zone, sizeof(zone), "/zones/%s", e->zone);
	/* A property or node of the zone; a device, whose node's name comes first; an image; the zone at least. */
	snprintf(path, sizeof(path), "%s/%s", zone, e->subject);
	l = find_path(list, path);
	if (!l) {
		snprintf(path, sizeof(path), "%s/devices/%.*s", zone, (int)strcspn(e->subject, " "),
			 e->subject);
		l = find_path(list, path);
	}
	if (!l)
		l = find_image(list, zone, e->subject);
	if (!l && zone[0])
		l = find_path(list, zone);
	return l ? l->line : NULL;
}
