/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Basic types shared by every layer.
 *
 * Address spaces are told apart by name, never by width: an hpa_t is what the machine's bus sees, a
 * gpa_t is what a zone's CPU puts out after its own translation, an iova_t is what a device puts
 * out. All are in bytes.
 */
#ifndef POSTERN_TYPES_H
#define POSTERN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t hpa_t;
typedef uint64_t gpa_t;
typedef uint64_t iova_t;

/* A PCI function's identity everywhere: segment[31:16] bus[15:8] device[7:3] function[2:0]. */
typedef uint32_t sbdf_t;

#define SBDF_NONE UINT32_MAX

static inline sbdf_t sbdf_make(unsigned segment, unsigned bus, unsigned dev, unsigned fn)
{
	return (sbdf_t)((segment & 0xffffu) << 16 | (bus & 0xffu) << 8 | (dev & 0x1fu) << 3 |
			(fn & 7u));
}

static inline unsigned sbdf_segment(sbdf_t s)
{
	return s >> 16;
}
static inline uint8_t sbdf_bus(sbdf_t s)
{
	return (uint8_t)(s >> 8);
}
static inline uint8_t sbdf_devfn(sbdf_t s)
{
	return (uint8_t)s;
}
static inline unsigned sbdf_dev(sbdf_t s)
{
	return s >> 3 & 0x1fu;
}
static inline unsigned sbdf_fn(sbdf_t s)
{
	return s & 7u;
}
/* The requester ID a function puts on the bus when no alias applies. */
static inline uint16_t sbdf_rid(sbdf_t s)
{
	return (uint16_t)s;
}

/* Arguments for printf-style output of an SBDF: host_log(..., "device " SBDF_FMT, SBDF_ARG(s)). */
#define SBDF_FMT    "%04x:%02x:%02x.%x"
#define SBDF_ARG(s) sbdf_segment(s), (unsigned)sbdf_bus(s), sbdf_dev(s), sbdf_fn(s)

/*
 * What became of a guest's access. Never an errno: a guest's mistake is not a host error.
 * ACCESS_DONE: carried out (or architecturally ignored); a read has its value.
 * ACCESS_NONE: nobody claims the address; the caller gives the architected answer (abort,
 * all-ones).
 */
enum access_result { ACCESS_DONE, ACCESS_NONE };

#define ARRAY_SIZE(a)  (sizeof(a) / sizeof((a)[0]))
#define BIT32(n)       ((uint32_t)1 << (n))
#define BIT64(n)       ((uint64_t)1 << (n))
/* A mask of bits hi..lo inclusive; hi may be 63. */
#define MASK64(hi, lo) ((~(uint64_t)0 >> (63 - (hi))) & (~(uint64_t)0 << (lo)))
#define MASK32(hi, lo) ((uint32_t)MASK64(hi, lo))

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

/* Field access by mask: FIELD_GET(MASK, reg), FIELD_PUT(MASK, value); 64-bit, value checked by the
 * mask. */
#define FIELD_SHIFT(mask)    ((unsigned)__builtin_ctzll((unsigned long long)(mask)))
#define FIELD_GET(mask, reg) (((uint64_t)(reg) & (uint64_t)(mask)) >> FIELD_SHIFT(mask))
#define FIELD_PUT(mask, val) (((uint64_t)(val) << FIELD_SHIFT(mask)) & (uint64_t)(mask))

#define KIB       ((uint64_t)1 << 10)
#define MIB       ((uint64_t)1 << 20)
#define GIB       ((uint64_t)1 << 30)
#define PAGE_SIZE ((uint64_t)4096)
#define PAGE_MASK (PAGE_SIZE - 1)

static inline uint64_t align_up(uint64_t v, uint64_t a)
{
	return (v + a - 1) & ~(a - 1);
}
static inline uint64_t align_down(uint64_t v, uint64_t a)
{
	return v & ~(a - 1);
}
static inline bool is_aligned(uint64_t v, uint64_t a)
{
	return (v & (a - 1)) == 0;
}

/* True when [a, a+alen) and [b, b+blen) share a byte. Neither range may wrap. */
static inline bool ranges_overlap(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
	return alen && blen && a < b + blen && b < a + alen;
}

/* True when [in, in+inlen) lies wholly inside [out, out+outlen), with no wrap. */
static inline bool range_inside(uint64_t in, uint64_t inlen, uint64_t out, uint64_t outlen)
{
	return in >= out && inlen <= outlen && in - out <= outlen - inlen;
}

#endif
