// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fuzz targets without a fuzzer: a fixed set of inputs, the same every time.
 *
 *	fuzz-replay [TARGET...]              each target's corpus, then ROUNDS generated inputs
 *	fuzz-replay --one TARGET FILE        one input, for a debugger
 *
 * ROUNDS=n in the environment changes the number of generated inputs, SEED=n their series. Each part runs
 * in a process of its own; what breaks it is kept as fuzz-<target>.input in BUILD and named. The last
 * line is "N passed, N failed".
 */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CORPUS     "tests/fuzz/corpus"
#define INPUT_ROOM 65536u
#define MAX_FILES  4096
#define TIME_LIMIT 120u /* seconds, of a part */

static const struct target {
	const char *name;
	fuzz_target *run;
} targets[] = {
#define FUZZ_TARGET(name) { #name, fuzz_##name },
#include "targets.h"
#undef FUZZ_TARGET
};

/* What the child works on, for its parent to tell of. */
static struct current {
	char what[512];
	unsigned done;
	size_t size;
	uint8_t data[INPUT_ROOM];
} *current;

static void run_one(const struct target *t)
{
	/* In a block of its exact size, so that a read past its end is noticed. */
	uint8_t *copy = malloc(current->size ? current->size : 1);

	if (!copy)
		exit(2);
	memcpy(copy, current->data, current->size);
	t->run(copy, current->size);
	free(copy);
	current->done++;
}

static void load(const char *path)
{
	FILE *f = fopen(path, "rb");

	snprintf(current->what, sizeof(current->what), "%s", path);
	if (!f) {
		perror(path);
		exit(2);
	}
	current->size = fread(current->data, 1, sizeof(current->data), f);
	fclose(f);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *corpus[MAX_FILES];
static unsigned corpus_count;

/* Names of the target's corpus, in an order that no file system has a say in. */
static void list_corpus(const struct target *t)
{
	char path[512];
	DIR *dir;

	snprintf(path, sizeof(path), CORPUS "/%s", t->name);
	dir = opendir(path);
	if (!dir) {
		fprintf(stderr, "%s: no such corpus (run from the repository's top)\n", path);
		exit(2);
	}
	while (corpus_count)
		free(corpus[--corpus_count]);
	for (struct dirent *e; (e = readdir(dir)) && corpus_count < MAX_FILES;) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), CORPUS "/%s/%s", t->name, e->d_name);
		corpus[corpus_count++] = strdup(path);
	}
	closedir(dir);
	qsort(corpus, corpus_count, sizeof(corpus[0]), by_name);
}

static void replay_corpus(const struct target *t)
{
	for (unsigned i = 0; i < corpus_count; i++) {
		load(corpus[i]);
		run_one(t);
	}
}

/* xorshift64* (Marsaglia; Vigna). */
static uint64_t state;

static uint64_t random_bits(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dull;
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *v = getenv(name);

	return v && *v ? strtoull(v, NULL, 0) : otherwise;
}

static void random_bytes(size_t from, size_t count)
{
	for (size_t n = from; n < from + count && n < INPUT_ROOM; n++)
		current->data[n] = (uint8_t)(random_bits() >> 56);
}

/* Every other input is nothing but chance; the rest are the corpus's, a little changed and longer. */
static void generate(uint64_t i)
{
	size_t more = random_bits() % 512;

	current->size = 0;
	if (i & 1 && corpus_count) {
		load(corpus[random_bits() % corpus_count]);
		for (unsigned n = (unsigned)(random_bits() % 4); n && current->size; n--)
			random_bytes(random_bits() % current->size, 1);
		more /= 8;
	}
	if (more > INPUT_ROOM - current->size)
		more = INPUT_ROOM - current->size;
	random_bytes(current->size, more);
	current->size += more;
}

static void replay_generated(const struct target *t)
{
	const uint64_t rounds = from_environment("ROUNDS", 1000),
		       seed = from_environment("SEED", 1);

	for (uint64_t i = 0; i < rounds; i++) {
		state = (seed << 32 ^ i) * 0x9e3779b97f4a7c15ull + 1;
		generate(i);
		snprintf(current->what, sizeof(current->what), "SEED=%llu, input %llu",
			 (unsigned long long)seed, (unsigned long long)i);
		run_one(t);
	}
}

static void keep_input(const struct target *t)
{
	const char *build = getenv("BUILD");
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/fuzz-%s.input", build && *build ? build : "build",
		 t->name);
	f = fopen(path, "wb");
	if (f && fwrite(current->data, 1, current->size, f) == current->size)
		printf("    kept as %s; build/host/fuzz-replay --one %s %s\n", path, t->name, path);
	if (f)
		fclose(f);
}

/* True when the part ran to its end. */
static bool part(const struct target *t, const char *name, void (*run)(const struct target *t))
{
	struct timespec start, end;
	int status;
	pid_t pid;

	memset(current, 0, offsetof(struct current, data));
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	if (!pid) {
		alarm(TIME_LIMIT);
		run(t);
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		status = -1;
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%-10s %-10s %6u inputs  %7.3f s\n", t->name, name, current->done,
	       (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
	if (!status && current->done)
		return true;
	printf("FAILED %s %s: %s\n", t->name, name,
	       current->done || status ? current->what : "no input");
	keep_input(t);
	return false;
}

static bool wanted(const struct target *t, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], t->name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0); /* the log of a target that ends abruptly, too */
	current = mmap(NULL, sizeof(*current), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (current == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	if (argc == 4 && !strcmp(argv[1], "--one")) {
		load(argv[3]);
		for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
			if (!strcmp(argv[2], targets[i].name))
				run_one(&targets[i]);
		return current->done ? 0 : 2;
	}
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		if (!wanted(&targets[i], argc, argv))
			continue;
		list_corpus(&targets[i]);
		passed += part(&targets[i], "corpus", replay_corpus);
		passed += part(&targets[i], "generated", replay_generated);
		failed += 2;
	}
	failed -= passed;
	while (corpus_count)
		free(corpus[--corpus_count]);
	printf("%u passed, %u failed\n", passed, failed);
	return passed && !failed ? 0 : 1;
}
