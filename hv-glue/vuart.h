/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console's way into a zone's emulated UART. hv-glue/vuart.c; the rest of its interface is in
 * <hv/hv.h>.
 */
#ifndef HV_GLUE_VUART_H
#define HV_GLUE_VUART_H

#include <hv/hv.h>

/*
 * Puts received characters into the UART and returns how many it took: the rest found no room (the
 * guest sees an overrun), or the zone is not running. Any CPU, no lock held.
 */
size_t vuart_input(struct vuart *u, const uint8_t *data, size_t count);

#endif
