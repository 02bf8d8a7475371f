/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the targets share that discover machines. */
#ifndef FUZZ_MACHINE_H
#define FUZZ_MACHINE_H

#include <postern/platform.h>

/* Registers everywhere: config space with hardly anything in it, which nobody may write to. */
void fuzz_config_space(void);
/* What discovery answered 0 for: every count, range and index can be relied on. */
void fuzz_check_machine(const struct machine *m);

#endif
