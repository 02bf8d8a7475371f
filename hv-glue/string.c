// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory and string functions of C11 7.24 (and POSIX strnlen) that <postern/string.h> promises,
 * for the freestanding build: the engine, what compilers emit calls to, and what libfdt.a refers
 * to. (libfdt's fdt_overlay.o would want strtoul too; nothing here applies overlays, so that member
 * is never linked.)
 *
 * Guest images and zone RAM go through memcpy and memset, so these work in words where the pointers
 * allow it. All accesses are naturally aligned: some callers run before the MMU, when memory is of
 * device type.
 */
#include <postern/string.h>
#include <postern/types.h>

/* May alias anything, as memcpy's accesses may. */
typedef uint64_t __attribute__((may_alias)) word_t;

#define WORD   sizeof(word_t)
#define STRIDE (4 * WORD)

/* Compilers recognize these loops as memcpy or memset and would call the function from itself. */
#define KEEP_LOOP(pointer) __asm__("" : "+r"(pointer))

static bool word_aligned(const void *p)
{
	return is_aligned((uintptr_t)p, WORD);
}

static bool same_phase(const void *a, const void *b)
{
	return is_aligned((uintptr_t)a ^ (uintptr_t)b, WORD);
}

/* Lowest address first: also right for overlapping ranges when dst is below src. */
static void copy_up(unsigned char *d, const unsigned char *s, size_t n)
{
	if (same_phase(d, s)) {
		for (; n && !word_aligned(d); n--) {
			KEEP_LOOP(d);
			*d++ = *s++;
		}
		for (; n >= STRIDE; n -= STRIDE, d += STRIDE, s += STRIDE) {
			word_t *dw = (word_t *)(void *)d;
			const word_t *sw = (const word_t *)(const void *)s;
			word_t w0 = sw[0], w1 = sw[1], w2 = sw[2], w3 = sw[3];

			KEEP_LOOP(dw);
			dw[0] = w0;
			dw[1] = w1;
			dw[2] = w2;
			dw[3] = w3;
		}
	}
	for (; n; n--) {
		KEEP_LOOP(d);
		*d++ = *s++;
	}
}

/* Highest address first; d and s point past the ends. */
static void copy_down(unsigned char *d, const unsigned char *s, size_t n)
{
	if (same_phase(d, s)) {
		for (; n && !word_aligned(d); n--) {
			KEEP_LOOP(d);
			*--d = *--s;
		}
		for (; n >= WORD; n -= WORD) {
			KEEP_LOOP(d);
			d -= WORD;
			s -= WORD;
			*(word_t *)(void *)d = *(const word_t *)(const void *)s;
		}
	}
	for (; n; n--) {
		KEEP_LOOP(d);
		*--d = *--s;
	}
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	copy_up(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	/* Unsigned: true when dst is below src too. */
	if ((uintptr_t)dst - (uintptr_t)src >= n)
		copy_up(dst, src, n);
	else
		copy_down((unsigned char *)dst + n, (const unsigned char *)src + n, n);
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	unsigned char *d = dst;
	unsigned char byte = (unsigned char)c;
	word_t word = (word_t)byte * 0x0101010101010101u;

	for (; n && !word_aligned(d); n--) {
		KEEP_LOOP(d);
		*d++ = byte;
	}
	for (; n >= STRIDE; n -= STRIDE, d += STRIDE) {
		word_t *w = (word_t *)(void *)d;

		KEEP_LOOP(w);
		w[0] = word;
		w[1] = word;
		w[2] = word;
		w[3] = word;
	}
	for (; n; n--) {
		KEEP_LOOP(d);
		*d++ = byte;
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++) {
		if (*x != *y)
			return *x < *y ? -1 : 1;
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n; n--, p++) {
		if (*p == (unsigned char)c)
			return (void *)(uintptr_t)p;
	}
	return NULL;
}

size_t strnlen(const char *s, size_t max)
{
	const char *end = s;

	while (max && *end) {
		KEEP_LOOP(end);
		end++;
		max--;
	}
	return (size_t)(end - s);
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		unsigned char x = (unsigned char)*a, y = (unsigned char)*b;

		if (x != y)
			return x < y ? -1 : 1;
		if (!x)
			break;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)(uintptr_t)last;
	}
}
