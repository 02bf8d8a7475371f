/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by host.c (registers, time, locks, log, zones) and host-memory.c. */
#ifndef MODEL_HOST_PRIVATE_H
#define MODEL_HOST_PRIVATE_H

#include "host.h"

void model_memory_reset(void);
/* True when host_pages_alloc() memory overlaps the range. */
bool model_is_engine_memory(hpa_t pa, uint64_t size);
/* Tells the observer. */
void model_observed(enum model_event event, uint64_t addr, uint64_t size, uint64_t value);
/* The test process itself has none: prints and aborts. */
_Noreturn void model_out_of_memory(void);

#endif
