/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The font of the framebuffer console: ASCII, five by seven dots in a cell. hv-glue/font.c. */
#ifndef HV_GLUE_FONT_H
#define HV_GLUE_FONT_H

#include <postern/types.h>

#define FONT_WIDTH  6u
#define FONT_HEIGHT 10u

/*
 * One line of a character's cell, 0 is the top one; bit FONT_WIDTH - 1 is the leftmost dot. What is not
 * printable ASCII looks like a box.
 */
unsigned font_line(uint8_t c, unsigned line);

#endif
