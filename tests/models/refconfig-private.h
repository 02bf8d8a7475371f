/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between refconfig.c (mechanism, functions) and refconfig-port.c. */
#ifndef MODEL_REFCONFIG_PRIVATE_H
#define MODEL_REFCONFIG_PRIVATE_H

#include "refconfig.h"

/* These bits of the register read `value` and drop writes. */
void ref_constant(struct refconfig *r, unsigned offset, unsigned size, uint32_t bits,
		  uint32_t value);
/* Adds bits of a register to one of the masks (kept, live, pass, w1c). */
void ref_bits(struct refconfig *r, uint8_t *mask, unsigned offset, unsigned size, uint32_t bits);
/* What the kept bits of the register hold. */
void ref_keep(struct refconfig *r, unsigned offset, unsigned size, uint32_t value);
uint32_t ref_get(const uint8_t *bytes, unsigned offset, unsigned size);
/* What a write to a port does beside being remembered. */
void ref_port_written(struct refconfig *r, unsigned offset, unsigned size);

#endif
