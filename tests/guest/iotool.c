// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iotool - the small static program that does verifiable I/O inside a zone.
 *
 * The same source is built for the host, where it computes what must have arrived. Every figure a
 * test relies on is checked there: this program's own word counts for progress only.
 *
 * One line per result, `name key=value ...`, on stdout; diagnostics on stderr; exit status 0 when
 * everything was done and every comparison held, 1 otherwise, 2 for wrong usage.
 * The bytes written and compared are those of seedstream.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/fs.h>

#include "seedstream.h"
#include "sha256.h"

#define BLOCK              (1u << 20) /* bytes per request */
#define DIRECT_ALIGN       4096u      /* what O_DIRECT needs of buffer, offset and length */
#define NET_TIMEOUT_S      60
#define MARKER_BYTES       64
#define PAGEMAP_PRESENT    (UINT64_C(1) << 63)
#define PAGEMAP_FRAME_MASK ((UINT64_C(1) << 55) - 1)

static const char usage_text[] =
	"usage: iotool [--cpu N] COMMAND ARGUMENTS    (numbers: decimal, 0x hex, suffix K M G)\n"
	"  read-sha256 DEV [BYTES]               read with O_DIRECT, print the SHA-256\n"
	"  write-seed [--loop] DEV OFF LEN SEED  write the seed's stream with O_DIRECT, fdatasync;\n"
	"                                        --loop: again and again until killed\n"
	"  verify-seed DEV OFF LEN SEED          read with O_DIRECT, compare with the stream\n"
	"  stream OFF LEN SEED                   the stream itself, to stdout\n"
	"  sha256 [FILE]                         SHA-256 of a file or of stdin\n"
	"  marker SEED                           hold a page filled with the stream's first 64 bytes,\n"
	"                                        print its physical address, sleep until killed\n"
	"  tcp-send HOST PORT BYTES SEED         connect and send the stream\n"
	"  tcp-recv PORT BYTES SEED              listen, receive one connection, compare\n"
	"  pin CPU PROGRAM ARGUMENTS...          run a program on one CPU\n";

static _Noreturn void usage(void)
{
	fputs(usage_text, stderr);
	exit(2);
}

static _Noreturn void die(const char *format, ...)
{
	int error = errno;
	va_list args;

	fputs("iotool: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (error != 0)
		fprintf(stderr, ": %s", strerror(error));
	fputc('\n', stderr);
	exit(1);
}

static uint64_t number(const char *text)
{
	static const char suffixes[] = "KMG";
	const char *suffix;
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno != 0 || end == text || *text == '-')
		usage();
	if (*end != '\0') {
		suffix = strchr(suffixes, *end);
		if (suffix == NULL || end[1] != '\0')
			usage();
		unsigned shift = 10 * (unsigned)(suffix - suffixes + 1);
		if (value > UINT64_MAX >> shift)
			usage();
		value <<= shift;
	}
	return value;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void report_rate(const char *what, uint64_t bytes, double start)
{
	double t = seconds() - start;

	fprintf(stderr, "%s: %.1f MiB in %.2f s\n", what, (double)bytes / (1 << 20), t);
}

static void *aligned_block(void)
{
	void *p = NULL;

	errno = posix_memalign(&p, DIRECT_ALIGN, BLOCK);
	if (errno != 0)
		die("no memory for a block");
	return p;
}

static size_t block_length(uint64_t left)
{
	return left < BLOCK ? (size_t)left : BLOCK;
}

static int open_direct(const char *path, int flags)
{
	int fd = open(path, flags | O_DIRECT | O_CLOEXEC);

	if (fd < 0)
		die("%s: cannot open with O_DIRECT", path);
	return fd;
}

static uint64_t device_size(int fd, const char *path)
{
	struct stat st;
	uint64_t bytes = 0;

	if (fstat(fd, &st) != 0)
		die("%s", path);
	if (S_ISREG(st.st_mode))
		return (uint64_t)st.st_size;
	if (ioctl(fd, BLKGETSIZE64, &bytes) != 0)
		die("%s: size unknown", path);
	return bytes;
}

/* Checks [offset, offset + length) against the device and against what O_DIRECT can transfer. */
static void check_range(int fd, const char *path, uint64_t offset, uint64_t length)
{
	uint64_t size = device_size(fd, path);

	errno = 0;
	if (offset % DIRECT_ALIGN != 0 || length % DIRECT_ALIGN != 0)
		die("%s: offset and length must be multiples of %u", path, DIRECT_ALIGN);
	if (offset > size || length > size - offset)
		die("%s: %" PRIu64 "+%" PRIu64 " is beyond its end (%" PRIu64 ")", path, offset,
		    length, size);
}

static void read_exactly(int fd, const char *path, void *buffer, size_t length, uint64_t offset)
{
	ssize_t n = pread(fd, buffer, length, (off_t)offset);

	if (n == (ssize_t)length)
		return;
	if (n >= 0)
		errno = 0;
	die("%s: read of %zu bytes at %" PRIu64 " gave %zd", path, length, offset, n);
}

static int cmd_read_sha256(int argc, char **argv)
{
	char hex[2 * SHA256_BYTES + 1];
	struct sha256 sum;
	double start = seconds();

	if (argc < 2 || argc > 3)
		usage();
	int fd = open_direct(argv[1], O_RDONLY);
	uint64_t bytes = argc == 3 ? number(argv[2]) : device_size(fd, argv[1]);
	uint8_t *block = aligned_block();

	check_range(fd, argv[1], 0, bytes);
	sha256_init(&sum);
	for (uint64_t at = 0; at < bytes; at += BLOCK) {
		size_t n = block_length(bytes - at);

		read_exactly(fd, argv[1], block, n, at);
		sha256_update(&sum, block, n);
	}
	sha256_final_hex(&sum, hex);
	printf("read-sha256 bytes=%" PRIu64 " sha256=%s\n", bytes, hex);
	report_rate("read-sha256", bytes, start);
	return 0;
}

static int cmd_write_seed(int argc, char **argv)
{
	bool loop = argc > 1 && strcmp(argv[1], "--loop") == 0;
	double start = seconds();

	if (loop) {
		argc--;
		argv++;
	}
	if (argc != 5)
		usage();
	const char *path = argv[1];
	uint64_t offset = number(argv[2]), length = number(argv[3]), seed = number(argv[4]);
	int fd = open_direct(path, O_RDWR);
	uint8_t *block = aligned_block();

	check_range(fd, path, offset, length);
	if (loop && length == 0)
		usage();
	do {
		for (uint64_t done = 0; done < length; done += BLOCK) {
			size_t n = block_length(length - done);

			seedstream_fill(seed, done, block, n);
			ssize_t written = pwrite(fd, block, n, (off_t)(offset + done));
			if (written != (ssize_t)n)
				die("%s: write of %zu bytes at %" PRIu64 " gave %zd", path, n,
				    offset + done, written);
			/* Says once that writes are under way; more would drown a console. */
			if (loop && done == 0 && start > 0) {
				puts("write-seed looping");
				fflush(stdout);
				start = 0;
			}
		}
		if (fdatasync(fd) != 0)
			die("%s: fdatasync", path);
	} while (loop);
	printf("write-seed offset=%" PRIu64 " bytes=%" PRIu64 " seed=0x%" PRIx64 "\n", offset,
	       length, seed);
	report_rate("write-seed", length, start);
	return 0;
}

/* Compares `n` bytes that belong `at` bytes into the stream; dies naming the first difference. */
static void compare(const char *what, const uint8_t *got, uint8_t *scratch, size_t n, uint64_t at,
		    uint64_t seed)
{
	seedstream_fill(seed, at, scratch, n);
	if (memcmp(got, scratch, n) == 0)
		return;
	size_t i = 0;
	while (got[i] == scratch[i])
		i++;
	errno = 0;
	die("%s: byte %" PRIu64 " of the stream is 0x%02x, expected 0x%02x", what, at + i, got[i],
	    scratch[i]);
}

static int cmd_verify_seed(int argc, char **argv)
{
	double start = seconds();

	if (argc != 5)
		usage();
	uint64_t offset = number(argv[2]), length = number(argv[3]), seed = number(argv[4]);
	int fd = open_direct(argv[1], O_RDONLY);
	uint8_t *block = aligned_block(), *expected = aligned_block();

	check_range(fd, argv[1], offset, length);
	for (uint64_t done = 0; done < length; done += BLOCK) {
		size_t n = block_length(length - done);

		read_exactly(fd, argv[1], block, n, offset + done);
		compare(argv[1], block, expected, n, done, seed);
	}
	printf("verify-seed offset=%" PRIu64 " bytes=%" PRIu64 " seed=0x%" PRIx64 " equal\n",
	       offset, length, seed);
	report_rate("verify-seed", length, start);
	return 0;
}

static int cmd_stream(int argc, char **argv)
{
	if (argc != 4)
		usage();
	uint64_t offset = number(argv[1]), length = number(argv[2]), seed = number(argv[3]);
	uint8_t *block = aligned_block();

	while (length != 0) {
		size_t n = block_length(length);

		seedstream_fill(seed, offset, block, n);
		if (fwrite(block, 1, n, stdout) != n)
			die("stdout");
		offset += n;
		length -= n;
	}
	if (fflush(stdout) != 0)
		die("stdout");
	return 0;
}

static int cmd_sha256(int argc, char **argv)
{
	char hex[2 * SHA256_BYTES + 1];
	struct sha256 sum;
	ssize_t n;

	if (argc > 2)
		usage();
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	uint8_t *block = aligned_block();

	if (fd < 0)
		die("%s", argv[1]);
	sha256_init(&sum);
	while ((n = read(fd, block, BLOCK)) > 0)
		sha256_update(&sum, block, (size_t)n);
	if (n < 0)
		die("read");
	sha256_final_hex(&sum, hex);
	printf("%s\n", hex);
	return 0;
}

/* Where a page of this process lies in (guest-)physical memory; needs CAP_SYS_ADMIN. */
static uint64_t physical_address(const void *page)
{
	uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE), entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/proc/self/pagemap");
	if (pread(fd, &entry, sizeof(entry),
		  (off_t)((uintptr_t)page / page_size * sizeof(entry))) != (ssize_t)sizeof(entry))
		die("/proc/self/pagemap: short read");
	close(fd);
	errno = 0;
	if (!(entry & PAGEMAP_PRESENT) || (entry & PAGEMAP_FRAME_MASK) == 0)
		die("/proc/self/pagemap hides the frame number (are you root?)");
	return (entry & PAGEMAP_FRAME_MASK) * page_size;
}

static int cmd_marker(int argc, char **argv)
{
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);

	if (argc != 2)
		usage();
	uint64_t seed = number(argv[1]);
	uint8_t *page = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (page == MAP_FAILED)
		die("no memory for a page");
	if (mlock(page, page_size) != 0)
		die("mlock");
	for (size_t at = 0; at < page_size; at += MARKER_BYTES)
		seedstream_fill(seed, 0, page + at, MARKER_BYTES);
	printf("marker gpa=0x%" PRIx64 " bytes=%zu seed=0x%" PRIx64 "\n", physical_address(page),
	       page_size, seed);
	fflush(stdout);
	for (;;)
		pause();
}

static void limit_waiting(int fd)
{
	struct timeval timeout = { .tv_sec = NET_TIMEOUT_S };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) != 0)
		die("socket timeout");
}

static struct sockaddr_in ipv4_address(const char *host, const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	uint64_t value = number(port);

	errno = 0;
	if (value == 0 || value > UINT16_MAX)
		usage();
	address.sin_port = htons((uint16_t)value);
	if (host != NULL && inet_pton(AF_INET, host, &address.sin_addr) != 1)
		die("%s: not an IPv4 address", host);
	return address;
}

static int cmd_tcp_send(int argc, char **argv)
{
	double start = seconds();
	uint64_t done = 0;
	char end;

	if (argc != 5)
		usage();
	struct sockaddr_in peer = ipv4_address(argv[1], argv[2]);
	uint64_t length = number(argv[3]), seed = number(argv[4]);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint8_t *block = aligned_block();

	if (fd < 0)
		die("socket");
	limit_waiting(fd);
	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)) != 0)
		die("%s port %s: connect", argv[1], argv[2]);
	while (done < length) {
		size_t n = block_length(length - done);

		seedstream_fill(seed, done, block, n);
		for (size_t sent = 0; sent < n;) {
			ssize_t r = send(fd, block + sent, n - sent, MSG_NOSIGNAL);
			if (r <= 0)
				die("%s: send after %" PRIu64 " bytes", argv[1], done + sent);
			sent += (size_t)r;
		}
		done += n;
	}
	/* Waits for the peer to close, so that "sent" means received. */
	if (shutdown(fd, SHUT_WR) != 0 || recv(fd, &end, 1, 0) != 0)
		die("%s: the peer did not take everything", argv[1]);
	printf("tcp-send bytes=%" PRIu64 " seed=0x%" PRIx64 "\n", length, seed);
	report_rate("tcp-send", length, start);
	return 0;
}

static int cmd_tcp_recv(int argc, char **argv)
{
	uint64_t done = 0;
	int on = 1;
	ssize_t n;

	if (argc != 4)
		usage();
	struct sockaddr_in local = ipv4_address(NULL, argv[1]);
	uint64_t length = number(argv[2]), seed = number(argv[3]);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint8_t *block = aligned_block(), *expected = aligned_block();

	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		die("socket");
	limit_waiting(listener);
	if (bind(listener, (struct sockaddr *)&local, sizeof(local)) != 0 ||
	    listen(listener, 1) != 0)
		die("port %s: listen", argv[1]);
	puts("tcp-recv listening");
	fflush(stdout);
	int fd = accept(listener, NULL, NULL);
	if (fd < 0)
		die("port %s: accept", argv[1]);
	limit_waiting(fd);

	double start = seconds();
	while ((n = recv(fd, block, BLOCK, 0)) > 0) {
		compare("tcp-recv", block, expected, (size_t)n, done, seed);
		done += (uint64_t)n;
	}
	if (n < 0)
		die("tcp-recv: after %" PRIu64 " bytes", done);
	errno = 0;
	if (done != length)
		die("tcp-recv: %" PRIu64 " bytes came, %" PRIu64 " expected", done, length);
	close(fd);
	printf("tcp-recv bytes=%" PRIu64 " seed=0x%" PRIx64 " equal\n", done, seed);
	report_rate("tcp-recv", done, start);
	return 0;
}

static void pin_to(const char *cpu)
{
	uint64_t n = number(cpu);
	cpu_set_t set;

	if (n >= CPU_SETSIZE)
		usage();
	CPU_ZERO(&set);
	CPU_SET((size_t)n, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		die("CPU %s", cpu);
}

static int cmd_pin(int argc, char **argv)
{
	if (argc < 3)
		usage();
	pin_to(argv[1]);
	execvp(argv[2], argv + 2);
	die("%s", argv[2]);
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} commands[] = {
	{ "read-sha256", cmd_read_sha256 },
	{ "write-seed", cmd_write_seed },
	{ "verify-seed", cmd_verify_seed },
	{ "stream", cmd_stream },
	{ "sha256", cmd_sha256 },
	{ "marker", cmd_marker },
	{ "tcp-send", cmd_tcp_send },
	{ "tcp-recv", cmd_tcp_recv },
	{ "pin", cmd_pin },
};

int main(int argc, char **argv)
{
	argc--;
	argv++;
	if (argc >= 2 && strcmp(argv[0], "--cpu") == 0) {
		pin_to(argv[1]);
		argc -= 2;
		argv += 2;
	}
	if (argc == 0)
		usage();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			return commands[i].run(argc, argv);
	usage();
}
