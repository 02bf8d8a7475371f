/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor around its console, monitor and deferred work: the CPUs, the timer, zone control
 * and the machine's switch, faked; and the UART (a PL011) that a person or a script sits at.
 *
 * hv_model_reset() is a model_reset() that also gives the parts under test back their state at
 * boot, and two zones: `root` on CPU 0 and `zone1` on CPUs 1 and 2, both running.
 */
#ifndef MODEL_HV_H
#define MODEL_HV_H

#include <hv/hv.h>
#include <string.h>

void hv_model_reset(void);

/* ---- the terminal ---------------------------------------------------------------------------- */

/* Console and monitor up on the UART, boot output taken off the screen. */
void hv_model_boot(void);
/* Types on the terminal; the console takes it by interrupt, as much as the UART holds at a time. */
void hv_type(const char *text);
/* Everything put out since hv_screen_clear(), carriage returns included. */
const char *hv_screen(void);
void hv_screen_clear(void);
bool hv_screen_has(const char *text);
static inline bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}
static inline bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}
/*
 * Types a command line and answers its output: what follows the echoed line up to the prompt, or up
 * to the end when there is none (yet). Line ends are '\n'.
 */
const char *hv_command(const char *line);
/* From now on the UART's transmit FIFO stays full. */
void hv_uart_block(bool blocked);
/* The characters are received with a framing error. */
void hv_type_damaged(const char *text);

/* ---- time and CPUs --------------------------------------------------------------------------- */

/* Time passes, the housekeeping CPU's timer fires when it is due. */
void hv_run_ms(unsigned ms);
/* What the timer was programmed for last. */
uint64_t hv_timer(void);
unsigned hv_cpu_kicks(unsigned cpu);

/* ---- zones ----------------------------------------------------------------------------------- */

/* Makes a running zone; the CPUs follow those of the zones made before. */
struct zone *hv_zone_add(const char *name, unsigned cpus);
/* What zone_vuart() answers for a zone. */
void hv_zone_set_vuart(struct zone *z, struct vuart *u);
/* The last zone_request_stop(): its way and reason; "" when there was none. */
enum zone_stop hv_stop_how(void);
const char *hv_stop_reason(void);
/*
 * What device_request_release() and device_request_assign() answer, and what they were asked for.
 */
void hv_set_device_answer(int err);
const struct pci_function *hv_device_asked(void);
const struct zone *hv_device_zone(void);

/* ---- the switch ------------------------------------------------------------------------------ */

enum hv_switch { HV_ON, HV_OFF, HV_RESET };
/* Runs time until the machine goes off or is reset, `ms` at most. */
enum hv_switch hv_run_until_off(unsigned ms);

/* ---- state at boot of the sources that tests include; each defined where its source is ------- */

void console_forget(void);
void work_forget(void);
void fault_log_forget(void);
void log_ring_forget(void);

#endif
