// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * FADT and SPCR: registers firmware names for turning the machine off and for talking to a console.
 * Contracts in <postern/acpi.h>.
 *
 * ACPI Specification 6.5: 5.2.3.2 (generic address), 5.2.9 (FADT), 4.8.3.6 (reset register),
 * 4.8.3.7 (sleep control register); Serial Port Console Redirection Table 1.10. No state, no locks;
 * boot CPU.
 */
#include "acpi-table.h"

#include <postern/errno.h>

/* A generic address. */
enum {
	GAS_SPACE = 0,
	GAS_BIT_WIDTH = 1,
	GAS_BIT_OFFSET = 2,
	GAS_ACCESS = 3,
	GAS_ADDRESS = 4,
	GAS_SIZE = 12
};
#define GAS_SPACE_MEMORY 0u
#define GAS_ACCESS_MAX   4u /* 1 to 4: accesses of 1, 2, 4, 8 bytes; 0: not said */

enum {
	FADT_FLAGS = 112,
	FADT_RESET = 116,
	FADT_RESET_VALUE = 128,
	FADT_RESET_END = 129,
	FADT_SLEEP_CONTROL = 244,
	FADT_SLEEP_END = FADT_SLEEP_CONTROL + GAS_SIZE,
};
#define FADT_RESET_SUPPORTED  BIT32(10)
#define FADT_HARDWARE_REDUCED BIT32(20)

enum {
	SPCR_KIND = 36,
	SPCR_REGISTERS = 40,
	SPCR_GSI = 54,
	SPCR_CLOCK = 76,
	SPCR_SIZE = 80,
};
enum { KIND_16550 = 0x00, KIND_16450 = 0x01, KIND_PL011 = 0x03, KIND_16550_GAS = 0x12 };
#define SPCR_REVISION_CLOCK  3u
#define UART_16550_REGISTERS 8u
#define PL011_SIZE           (4 * KIB)

/* Bytes of one access to the registers, by what is said of them; 0: nothing sensible is. */
static unsigned access_bytes(const struct acpi_table *t, uint32_t gas)
{
	const uint8_t access = acpi_u8(t, gas + GAS_ACCESS), bits = acpi_u8(t, gas + GAS_BIT_WIDTH);

	if (access)
		return access <= GAS_ACCESS_MAX ? 1u << (access - 1) : 0;
	return bits == 8 || bits == 16 || bits == 32 ? bits / 8u : 0;
}

/* A register that takes all of a value at once. Address 0: there is none. */
static int read_register(const struct acpi_table *t, uint32_t gas, struct power_register *out)
{
	const uint64_t address = acpi_u64(t, gas + GAS_ADDRESS);
	const unsigned width = access_bytes(t, gas);

	if (!address)
		return 0;
	if (acpi_u8(t, gas + GAS_SPACE) != GAS_SPACE_MEMORY) {
		acpi_warn(t, gas, "the register at 0x%llx is in address space %u: not used",
			  (unsigned long long)address, acpi_u8(t, gas + GAS_SPACE));
		return 0;
	}
	if (!width || width > sizeof(uint32_t) || acpi_u8(t, gas + GAS_BIT_OFFSET) ||
	    !is_aligned(address, width))
		return acpi_refuse(t, gas, -EINVAL,
				   "the register at 0x%llx cannot be written at once",
				   (unsigned long long)address);
	out->address = address;
	out->width = width;
	out->mask = MASK32(8 * width - 1, 0);
	return 0;
}

static int read_fadt(const struct acpi_table *t, struct acpi_power *out)
{
	uint32_t flags;
	int err = 0;

	if (t->length < FADT_RESET_END)
		return acpi_refuse(t, ACPI_HEADER_LENGTH_AT, -EINVAL,
				   "%u bytes are too few: its flags end at byte %d", t->length,
				   FADT_RESET_END);
	flags = acpi_u32(t, FADT_FLAGS);
	out->hardware_reduced = flags & FADT_HARDWARE_REDUCED;
	if (flags & FADT_RESET_SUPPORTED) {
		err = read_register(t, FADT_RESET, &out->reset);
		out->reset.value = acpi_u8(t, FADT_RESET_VALUE);
	}
	if (err || !out->hardware_reduced)
		return err;
	if (t->length < FADT_SLEEP_END)
		return acpi_refuse(t, ACPI_HEADER_LENGTH_AT, -EINVAL,
				   "%u bytes are too few for hardware-reduced: %d are needed",
				   t->length, FADT_SLEEP_END);
	err = read_register(t, FADT_SLEEP_CONTROL, &out->power_off);
	out->power_off.value = ACPI_SLEEP_ENABLE;
	return err;
}

int acpi_fadt(const struct acpi *a, struct acpi_power *out)
{
	const struct acpi_table *t = acpi_find(a, "FACP", 0);
	int err;

	*out = (struct acpi_power){ 0 };
	if (!t)
		return -ENOENT;
	err = read_fadt(t, out);
	if (err)
		*out = (struct acpi_power){ 0 };
	return err;
}

static int read_spcr(const struct acpi_table *t, struct uart_info *out)
{
	unsigned kind, step;

	if (t->length < SPCR_SIZE)
		return acpi_refuse(t, ACPI_HEADER_LENGTH_AT, -EINVAL,
				   "%u bytes are too few, %d are needed", t->length, SPCR_SIZE);
	kind = acpi_u8(t, SPCR_KIND);
	if (kind != KIND_16550 && kind != KIND_16450 && kind != KIND_16550_GAS &&
	    kind != KIND_PL011)
		return acpi_refuse(t, SPCR_KIND, -EOPNOTSUPP,
				   "a console of kind 0x%02x is not driven", kind);
	out->base = acpi_u64(t, SPCR_REGISTERS + GAS_ADDRESS);
	if (acpi_u8(t, SPCR_REGISTERS + GAS_SPACE) != GAS_SPACE_MEMORY)
		return acpi_refuse(t, SPCR_REGISTERS, -EOPNOTSUPP,
				   "a console in address space %u is not driven",
				   acpi_u8(t, SPCR_REGISTERS + GAS_SPACE));
	step = access_bytes(t, SPCR_REGISTERS);
	if (!step || step > sizeof(uint32_t))
		return acpi_refuse(t, SPCR_REGISTERS, -EINVAL,
				   "the console's registers have no sensible width");
	out->irq = acpi_u32(t, SPCR_GSI);
	if (t->revision >= SPCR_REVISION_CLOCK)
		out->clock_hz = acpi_u32(t, SPCR_CLOCK);
	if (kind == KIND_PL011) {
		out->kind = UART_PL011;
		out->size = PL011_SIZE;
	} else {
		out->kind = UART_16550;
		out->reg_shift = FIELD_SHIFT(step);
		out->size = UART_16550_REGISTERS << out->reg_shift;
	}
	return acpi_check_range(t, SPCR_REGISTERS, "console", out->base, out->size);
}

int acpi_spcr(const struct acpi *a, struct uart_info *out)
{
	const struct acpi_table *t = acpi_find(a, "SPCR", 0);
	int err;

	*out = (struct uart_info){ 0 };
	if (!t)
		return -ENOENT;
	err = read_spcr(t, out);
	if (err)
		*out = (struct uart_info){ 0 };
	return err;
}
