// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest without an operating system: it drives config space itself, resets its NVMe drive and its
 * igb card by their FLR bits, and uses them before and after. No kernel saves and restores anything
 * around the reset, so what config space holds afterwards is the hypervisor's doing alone.
 *
 * tests/system/test_guest_reset.py reads the lines it prints and compares what it says it did with
 * the disk image, the capture of the wire and QEMU's trace.
 */
#include "baremetal.h"

/* SBSA generic UART (Arm DEN 0029, appendix B). */
#define UART_BASE 0x02000000u
#define UARTDR    0x00u
#define UARTFR    0x18u
#define FR_TXFF   (1u << 5)

static unsigned checks, failures;

/* The compiler may call these. */
void *memset(void *to, int value, size_t size);
void *memcpy(void *to, const void *from, size_t size);

void *memset(void *to, int value, size_t size)
{
	for (volatile unsigned char *p = to; size--; p++)
		*p = (unsigned char)value;
	return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
	volatile unsigned char *t = to;

	for (const unsigned char *p = from; size--; p++)
		*t++ = *p;
	return to;
}

/* ---- console and verdicts ---- */

static void put(char c)
{
	while (read32(UART_BASE + UARTFR) & FR_TXFF)
		;
	write32(UART_BASE + UARTDR, (unsigned char)c);
}

void say(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			put('\r');
		put(*text);
	}
}

void say_hex(uint64_t value)
{
	unsigned digits = 1;

	while (digits < 16 && value >> (4 * digits))
		digits++;
	say("0x");
	while (digits--)
		put("0123456789abcdef"[value >> (4 * digits) & 0xf]);
}

static void say_number(unsigned value)
{
	if (value >= 10)
		say_number(value / 10);
	put((char)('0' + value % 10));
}

bool check_equal(const char *device, const char *name, uint64_t got, uint64_t expected)
{
	const bool ok = got == expected;

	checks++;
	failures += !ok;
	say(ok ? "PASS " : "FAIL ");
	say(device);
	say(": ");
	say(name);
	say(": ");
	say_hex(got);
	if (!ok) {
		say(", expected ");
		say_hex(expected);
	}
	say("\n");
	return ok;
}

_Noreturn void finish(void)
{
	say("baremetal: ");
	say_number(checks);
	say(" checks, ");
	say_number(failures);
	say(" failed\n");
	power_off();
}

_Noreturn void guest_exception(uint64_t syndrome, uint64_t at, uint64_t address);

_Noreturn void guest_exception(uint64_t syndrome, uint64_t at, uint64_t address)
{
	say("FAIL exception: syndrome ");
	say_hex(syndrome);
	say(" at ");
	say_hex(at);
	say(" address ");
	say_hex(address);
	say("\n");
	failures++;
	finish();
}

/* ---- time ---- */

uint64_t now_ms(void)
{
	uint64_t frequency, ticks;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks)::"memory");
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	return ticks / (frequency / 1000);
}

void wait_ms(unsigned ms)
{
	const uint64_t end = now_ms() + ms;

	while (now_ms() < end)
		;
}

_Noreturn void guest_main(void);

_Noreturn void guest_main(void)
{
	say("baremetal: up\n");
	test_nvme();
	test_igb();
	finish();
}
