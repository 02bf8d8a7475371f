/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text screen on a linear framebuffer that firmware set up: output only, beside the UART.
 * hv-glue/screen.c. Locking: the caller's (the console's).
 */
#ifndef HV_GLUE_SCREEN_H
#define HV_GLUE_SCREEN_H

#include <hv/hv.h>

/* False when it cannot be used: too small, or not of 32-bit pixels. */
bool screen_init(const struct screen_info *info);
void screen_put(uint8_t c);
/* What it was given; NULL: there is no screen. */
const struct screen_info *screen_info(void);

#endif
