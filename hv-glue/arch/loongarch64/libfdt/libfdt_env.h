/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libfdt.h asks of its environment, for an architecture whose C library headers the cross
 * compiler does not bring. (libfdt documents this header as the user's to provide.)
 */
#ifndef LIBFDT_ENV_H
#define LIBFDT_ENV_H

#include <postern/string.h>
#include <postern/types.h>

#define INT_MAX __INT_MAX__

#define FDT_FORCE
#define FDT_BITWISE

typedef uint16_t fdt16_t;
typedef uint32_t fdt32_t;
typedef uint64_t fdt64_t;

/* Device trees are big-endian, these machines little-endian. */
static inline uint16_t fdt16_to_cpu(fdt16_t x)
{
	return __builtin_bswap16(x);
}
static inline fdt16_t cpu_to_fdt16(uint16_t x)
{
	return __builtin_bswap16(x);
}
static inline uint32_t fdt32_to_cpu(fdt32_t x)
{
	return __builtin_bswap32(x);
}
static inline fdt32_t cpu_to_fdt32(uint32_t x)
{
	return __builtin_bswap32(x);
}
static inline uint64_t fdt64_to_cpu(fdt64_t x)
{
	return __builtin_bswap64(x);
}
static inline fdt64_t cpu_to_fdt64(uint64_t x)
{
	return __builtin_bswap64(x);
}

#endif
