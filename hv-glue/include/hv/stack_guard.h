/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interface of -fstack-protector; the names are the compiler's. */
#ifndef HV_STACK_GUARD_H
#define HV_STACK_GUARD_H

#include <stdint.h>

extern uintptr_t __stack_chk_guard;
_Noreturn void __stack_chk_fail(void);

/* Boot CPU, before any protected function's frame exists. */
void stack_guard_seed(uint64_t entropy);

#endif
