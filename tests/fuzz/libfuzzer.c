// SPDX-License-Identifier: GPL-2.0-or-later
/* libFuzzer's way into one target: compiled once per target with -DTARGET=fuzz_<name>. */
#include "fuzz.h"

#ifndef TARGET
#define TARGET fuzz_config
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TARGET(data, size);
	return 0;
}
