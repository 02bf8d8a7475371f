/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few memory and string functions the freestanding engine uses (hv-glue/string.c provides them;
 * the hosted build takes the C library's), plus bounded formatting.
 */
#ifndef POSTERN_STRING_H
#define POSTERN_STRING_H

#include <stdarg.h>
#include <stddef.h>

#if __STDC_HOSTED__
#include <string.h>
#else
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
#endif

/*
 * Writes at most size bytes including the terminating NUL (always written when size > 0) and
 * returns the length the whole text would have had. Knows %c %s %d %i %u %x %X %p %%, the lengths
 * hh h l ll z, the flags - and 0, a width, a precision for %s, and * for either. Anything else is
 * copied as it stands. (core/format.c)
 */
int format_text(char *out, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int format_text_v(char *out, size_t size, const char *fmt, va_list ap);

#endif
