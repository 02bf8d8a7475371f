/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the harnesses of tests/proofs share: CBMC's vocabulary under names of this project.
 *
 * A nondet_*() function has no body: CBMC lets it return every value there is. any_*() are the ones
 * with a meaning.
 */
#ifndef PROOF_H
#define PROOF_H

#include <postern/types.h>

#ifndef PROVING
/* For compilers that only look at the syntax. */
#define CASE 0
void __CPROVER_assume(bool condition);
void __CPROVER_assert(bool condition, const char *text);
void __CPROVER_cover(bool condition);
typedef int __CPROVER_bool;
#endif

/* `struct x v ANY_VALUE;`: CBMC lets a local without initializer hold anything; compilers object. */
#ifdef PROVING
#define ANY_VALUE
#else
#define ANY_VALUE = { 0 }
#endif

/* From here on only what satisfies the condition is looked at. Say why the rest cannot happen. */
#define assume(condition)      __CPROVER_assume(condition)
/* Must hold whenever it is reached. */
#define prove(condition, text) __CPROVER_assert(condition, text)
/* Must be reachable with the condition true, or the proof says nothing. */
#ifdef REACHING
#define reach(condition) __CPROVER_cover((__CPROVER_bool)((condition) != 0))
#else
#define reach(condition) ((void)(condition))
#endif

uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
unsigned nondet_unsigned(void);
int nondet_int(void);

static inline bool any_bool(void)
{
	return nondet_u8() & 1;
}

/* One of 0..last. */
static inline unsigned any_upto(unsigned last)
{
	unsigned n = nondet_unsigned();

	assume(n <= last);
	return n;
}

#endif
