/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is in front of the hypervisor's UART: what the monitor and the zones' emulated UARTs ask of
 * the console beyond <hv/hv.h>. hv-glue/console.c.
 */
#ifndef HV_GLUE_CONSOLE_H
#define HV_GLUE_CONSOLE_H

#include <hv/hv.h>

/* Longest command line, its NUL included. */
#define CONSOLE_LINE_MAX 256u
/* Ctrl-]: from a zone's console back to the monitor. */
#define CONSOLE_ESCAPE   0x1du

/* ---- the monitor's side; housekeeping CPU ---------------------------------------------------- */

/* The command goes on in the background: log lines are shown again, input is kept for later. */
void console_command_wait(void);
/*
 * The command is done: held log lines, then the prompt (or the zone asked for by console_attach),
 * then kept input.
 */
void console_command_done(void);
/* Ctrl-C while a command goes on in the background. Implemented by the monitor. */
void monitor_interrupt(void);
/*
 * Puts the zone's console in front once the command is done. -ENXIO: the zone has no console here.
 */
int console_attach(struct zone *z);

/* ---- the display's side; boot CPU ---- */

/* Nothing is drawn until console_screen_on(), which shows what was logged meanwhile. */
void console_screen_off(void);
void console_screen_on(void);
/* Whether the screen is still the hypervisor's. Implemented by hv-glue/display.c; any CPU. */
bool display_ours(void);

/* ---- the zones' side; any CPU, no lock held -------------------------------------------------- */

/*
 * Gives the zone a ring for its output; kept for good, so that a dead zone's last words can be
 * read. -ENOMEM.
 */
int console_zone_open(struct zone *z);
/* A character the zone's UART sent. */
void console_zone_output(struct zone *z, uint8_t c);

#endif
