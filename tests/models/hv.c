// SPDX-License-Identifier: GPL-2.0-or-later
/* The hypervisor around console, monitor and deferred work: see hv.h. */
#include "hv.h"

#include "host.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#define SCREEN_SIZE (256 * 1024)
#define NEVER       UINT64_MAX
#define NS_PER_MS   1000000u

/* PL011, as its manual (Arm DDI 0183) and not as the driver says. */
#define UART_BASE ((hpa_t)0x9040000)
#define UART_SIZE ((uint64_t)0x1000)
enum {
	UARTDR = 0x00,
	UARTFR = 0x18,
	UARTLCR_H = 0x2c,
	UARTCR = 0x30,
	UARTIMSC = 0x38,
	UARTICR = 0x44
};
#define FIFO_DEPTH 16

static struct {
	unsigned control, mask, line_control;
	unsigned fifo[FIFO_DEPTH]; /* with error flags */
	unsigned head, tail;
	bool blocked;
	char screen[SCREEN_SIZE];
	size_t length;
} uart;

static struct {
	uint64_t timer;
	unsigned kicks[MAX_CPUS];
	enum zone_stop stop_how;
	char stop_reason[96];
	struct vuart *vuarts[MAX_ZONES];
	int device_answer;
	const struct pci_function *device;
	const struct zone *device_zone;
	bool may_go_off;
	jmp_buf off;
} fake;

struct hv hv;

const char *const exit_reason_names[EXIT_REASONS] = {
	"timer", "msi",     "line", "kick",   "host-irq", "pci-config", "pci-bar",
	"intc",  "console", "sgi",  "sysreg", "firmware", "unmapped",   "other",
};

/* Some of the linker script's; the C library's start-up brings the others. */
char __text_start[4096], __text_end[1], __rodata_start[4096], __rodata_end[1], __data_end[1];
char __bss_end[1];

/* ---- UART ------------------------------------------------------------------------------------ */

static bool uart_interrupt(void)
{
	const unsigned receive = 1u << 4 | 1u << 6;

	return uart.head != uart.tail && (uart.mask & receive);
}

static uint64_t uart_read(void *ctx, uint64_t offset, unsigned size)
{
	(void)ctx;
	(void)size;
	switch (offset) {
	case UARTDR:
		if (uart.head == uart.tail)
			model_fail("pl011: read of an empty FIFO");
		return uart.fifo[uart.tail++ % FIFO_DEPTH];
	case UARTFR:
		return (uart.head == uart.tail ? 1u << 4 : 0) | (uart.blocked ? 1u << 5 : 1u << 7);
	default:
		return 0;
	}
}

static void uart_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	const unsigned enabled = 1u << 0 | 1u << 8;

	(void)ctx;
	(void)size;
	switch (offset) {
	case UARTDR:
		if ((uart.control & enabled) != enabled || !(uart.line_control & 1u << 4))
			model_fail("pl011: transmission while disabled, or without FIFOs");
		if (uart.blocked)
			model_fail("pl011: write to a full FIFO");
		if (uart.length + 1 < SCREEN_SIZE)
			uart.screen[uart.length++] = (char)value;
		uart.screen[uart.length] = '\0';
		break;
	case UARTLCR_H:
		if (uart.control & 1)
			model_fail("pl011: line control written while enabled");
		uart.line_control = (unsigned)value;
		break;
	case UARTCR:
		uart.control = (unsigned)value;
		break;
	case UARTIMSC:
		uart.mask = (unsigned)value;
		break;
	default:
		break;
	}
}

static const struct model_mmio_ops uart_ops = { .read = uart_read, .write = uart_write };

static void receive(const char *text, unsigned flags)
{
	while (*text) {
		while (*text && uart.head - uart.tail < FIFO_DEPTH)
			uart.fifo[uart.head++ % FIFO_DEPTH] = (unsigned char)*text++ | flags;
		if (!uart_interrupt()) {
			model_fail("pl011: input, but no interrupt is unmasked");
			return;
		}
		while (uart_interrupt())
			console_irq();
	}
}

void hv_type(const char *text)
{
	receive(text, 0);
}

void hv_type_damaged(const char *text)
{
	receive(text, 1u << 8);
}

void hv_uart_block(bool blocked)
{
	uart.blocked = blocked;
}

const char *hv_screen(void)
{
	return uart.screen;
}

void hv_screen_clear(void)
{
	uart.length = 0;
	uart.screen[0] = '\0';
}

bool hv_screen_has(const char *text)
{
	return strstr(uart.screen, text);
}

const char *hv_command(const char *line)
{
	static char answer[SCREEN_SIZE];
	size_t length = 0;
	char *prompt;

	hv_screen_clear();
	hv_type(line);
	hv_type("\r");
	for (const char *p = strchr(uart.screen, '\n'); p && *++p;)
		if (*p != '\r')
			answer[length++] = *p;
	answer[length] = '\0';
	prompt = strstr(answer, "postern> ");
	if (prompt)
		*prompt = '\0';
	return answer;
}

/* ---- time and CPUs --------------------------------------------------------------------------- */

void arch_timer_program(uint64_t deadline_ns)
{
	fake.timer = deadline_ns;
}

uint64_t hv_timer(void)
{
	return fake.timer;
}

void cpu_kick(unsigned cpu)
{
	fake.kicks[cpu]++;
}

unsigned hv_cpu_kicks(unsigned cpu)
{
	return fake.kicks[cpu];
}

void hv_run_ms(unsigned ms)
{
	for (; ms; ms--) {
		model_time_advance_ns(NS_PER_MS);
		if (host_time_ns() >= fake.timer) {
			fake.timer = NEVER;
			work_run();
		}
	}
}

void arch_describe_vcpus(struct zone *z, void (*line)(void *ctx, const char *text), void *ctx)
{
	char text[64];

	for (unsigned i = 0; i < z->cpu_count; i++) {
		snprintf(text, sizeof(text), "vCPU %u on CPU %u: on", i, z->cpus[i]);
		line(ctx, text);
	}
}

void arch_stats(void (*line)(void *ctx, const char *text), void *ctx)
{
	line(ctx, "an architecture's counter: 7");
}

/* ---- zones ----------------------------------------------------------------------------------- */

struct zone *zone_find(const char *name)
{
	for (unsigned i = 0; i < hv.zone_count; i++)
		if (!strcmp(hv.zones[i].name, name))
			return &hv.zones[i];
	return NULL;
}

int zone_request_start(struct zone *z)
{
	if (z->state != ZONE_STOPPED)
		return -EBUSY;
	z->state = ZONE_STARTING;
	return 0;
}

int zone_request_stop(struct zone *z, enum zone_stop how, const char *reason)
{
	if (z->state != ZONE_RUNNING)
		return -EBUSY;
	z->state = ZONE_STOPPING;
	fake.stop_how = how;
	snprintf(fake.stop_reason, sizeof(fake.stop_reason), "%s", reason);
	return 0;
}

enum zone_stop hv_stop_how(void)
{
	return fake.stop_how;
}

const char *hv_stop_reason(void)
{
	return fake.stop_reason;
}

struct vuart *zone_vuart(struct zone *z)
{
	return fake.vuarts[z->id];
}

void hv_zone_set_vuart(struct zone *z, struct vuart *u)
{
	fake.vuarts[z->id] = u;
}

int device_request_release(struct pci_function *f)
{
	fake.device = f;
	return fake.device_answer;
}

int device_request_assign(struct pci_function *f, struct zone *z)
{
	fake.device = f;
	fake.device_zone = z;
	return fake.device_answer;
}

void hv_set_device_answer(int err)
{
	fake.device_answer = err;
}

const struct pci_function *hv_device_asked(void)
{
	return fake.device;
}

const struct zone *hv_device_zone(void)
{
	return fake.device_zone;
}

struct zone *hv_zone_add(const char *name, unsigned cpus)
{
	static const struct manifest_zone plain;
	struct zone *z = &hv.zones[hv.zone_count];
	uint16_t next = 0;

	for (unsigned i = 0; i < hv.zone_count; i++)
		next = (uint16_t)(next + hv.zones[i].cpu_count);
	z->id = (uint16_t)hv.zone_count++;
	z->root = z->id == 0;
	snprintf(z->name, sizeof(z->name), "%s", name);
	z->state = ZONE_RUNNING;
	z->starts = 1;
	z->manifest = &plain;
	z->arch = z; /* anything: it was created */
	for (; z->cpu_count < cpus; z->cpu_count++) {
		hv.cpus[next].online = true;
		z->cpus[z->cpu_count] = next++;
	}
	return z;
}

/* ---- the switch ------------------------------------------------------------------------------ */

void machine_power_off(void)
{
	if (!fake.may_go_off)
		model_fail("the machine was powered off");
	longjmp(fake.off, HV_OFF);
}

void machine_reset(void)
{
	if (!fake.may_go_off)
		model_fail("the machine was reset");
	longjmp(fake.off, HV_RESET);
}

enum hv_switch hv_run_until_off(unsigned ms)
{
	int how = setjmp(fake.off);

	if (how == HV_ON) {
		fake.may_go_off = true;
		hv_run_ms(ms);
	}
	fake.may_go_off = false;
	return (enum hv_switch)how;
}

/* ---- set-up ---------------------------------------------------------------------------------- */

void hv_model_reset(void)
{
	model_reset();
	memset(&hv, 0, sizeof(hv));
	memset(&fake, 0, sizeof(fake));
	memset(&uart, 0, offsetof(__typeof__(uart), screen));
	hv_screen_clear();
	fake.timer = NEVER;
	console_forget();
	work_forget();
	fault_log_forget();
	log_ring_forget();
	model_mmio_add(UART_BASE, UART_SIZE, &uart_ops, NULL);
	hv_zone_add("root", 1);
	hv_zone_add("zone1", 2);
}

void hv_model_boot(void)
{
	const struct uart_info info = { .base = UART_BASE,
					.size = UART_SIZE,
					.clock_hz = 24000000 };

	console_init(&info);
	monitor_init();
	hv_screen_clear();
}
