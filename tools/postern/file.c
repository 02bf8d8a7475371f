// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files as memory, and the device tree compiler as a child process.
 */
#include "postern.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int file_map(const char *name, struct file *out)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data = NULL;

	if (fd < 0)
		return cannot("%s: %s", name, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return cannot("%s is not a regular file", name);
	}
	if (st.st_size) {
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data == MAP_FAILED) {
			close(fd);
			return cannot("%s: %s", name, strerror(errno));
		}
	}
	close(fd);
	*out = (struct file){ .name = name, .data = data, .size = (size_t)st.st_size };
	return 0;
}

void file_unmap(struct file *f)
{
	if (f->data)
		munmap((void *)(uintptr_t)f->data, f->size);
	f->data = NULL;
}

/* Everything a descriptor delivers, with a NUL after it; NULL when memory or the pipe fails. */
static char *read_all(int fd, size_t *size)
{
	size_t room = 1 << 16, used = 0;
	char *data = malloc(room);

	while (data) {
		ssize_t n = read(fd, data + used, room - used - 1);
		char *bigger;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(data);
			return NULL;
		}
		if (n == 0)
			break;
		used += (size_t)n;
		if (room - used > 1)
			continue;
		room *= 2;
		bigger = realloc(data, room);
		if (!bigger)
			free(data);
		data = bigger;
	}
	if (data)
		data[used] = '\0';
	*size = used;
	return data;
}

#define DTC_NOT_FOUND 127

char *dtc_run(const char *name, bool annotated, size_t *size, int *status)
{
	int ends[2], state;
	pid_t child;
	char *data;

	*status = EXIT_CANNOT;
	if (pipe2(ends, O_CLOEXEC)) {
		cannot("pipe: %s", strerror(errno));
		return NULL;
	}
	child = fork();
	if (child < 0) {
		cannot("fork: %s", strerror(errno));
		close(ends[0]);
		close(ends[1]);
		return NULL;
	}
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		if (annotated)
			execlp("dtc", "dtc", "-q", "-q", "-T", "-I", "dts", "-O", "dts", "--", name,
			       (char *)NULL);
		else
			execlp("dtc", "dtc", "-q", "-I", "dts", "-O", "dtb", "--", name,
			       (char *)NULL);
		_exit(DTC_NOT_FOUND);
	}
	close(ends[1]);
	data = read_all(ends[0], size);
	close(ends[0]);
	while (waitpid(child, &state, 0) < 0 && errno == EINTR)
		;
	if (!data) {
		cannot("%s: cannot read what dtc writes", name);
	} else if (!WIFEXITED(state) || WEXITSTATUS(state) == DTC_NOT_FOUND) {
		cannot("cannot run dtc (the package device-tree-compiler has it)");
	} else if (WEXITSTATUS(state)) {
		if (!annotated)
			fprintf(stderr, "postern: %s: dtc refuses it\n", name);
		*status = EXIT_ERRORS;
	} else {
		*status = EXIT_GOOD;
		return data;
	}
	free(data);
	return NULL;
}
