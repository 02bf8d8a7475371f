/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the bare-metal guest share: a console, time, config space and the verdicts.
 *
 * The guest is one CPU with MMU and interrupts off. It takes the zone's machine from
 * docs/architecture.md ("The zone's machine") and includes nothing of the code under test.
 */
#ifndef BAREMETAL_H
#define BAREMETAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZONE_ITS_DOORBELL 0x01110040u

/* ---- console and verdicts ---- */

void say(const char *text);
void say_hex(uint64_t value);
/* One line "PASS name" or "FAIL name: 0xGOT, expected 0xEXPECTED"; returns whether they are equal. */
bool check_equal(const char *device, const char *name, uint64_t got, uint64_t expected);
/* "checks N, failed N", then off. */
_Noreturn void finish(void);
/* start.S */
_Noreturn void power_off(void);

/* ---- time ---- */

uint64_t now_ms(void);
void wait_ms(unsigned ms);

/* ---- memory-mapped registers: exactly one access of that width ---- */

static inline uint32_t read32(uint64_t at)
{
	return *(volatile uint32_t *)(uintptr_t)at;
}

static inline void write32(uint64_t at, uint32_t value)
{
	__asm__ volatile("dsb sy" ::: "memory");
	*(volatile uint32_t *)(uintptr_t)at = value;
}

/* What a device wrote to memory, after whatever told that it did. */
static inline void after_dma(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
}

/* ---- PCI ---- */

#define PCI_COMMAND_MEMORY 0x2u
#define PCI_COMMAND_MASTER 0x4u
#define BARS               6u

struct function {
	const char *name;
	uint64_t config;        /* its 4 KiB of the ECAM */
	uint64_t bar[BARS];     /* addresses; the upper half of a 64-bit one is 0 here */
	uint32_t bar_raw[BARS]; /* the registers */
	unsigned msix, express; /* offsets of the capabilities */
	uint64_t msix_table, msix_pending;
};

uint32_t config_read32(const struct function *f, unsigned offset);
uint16_t config_read16(const struct function *f, unsigned offset);
void config_write16(const struct function *f, unsigned offset, uint16_t value);
/* Finds the function of that class (upper bits of the class register under `mask`); else false. */
bool pci_find_class(struct function *f, const char *name, uint32_t class_code, uint32_t mask);
void pci_enable(const struct function *f);

/* MSI-X: entry 0 gets a message, then the function may send. */
void msix_set_up(const struct function *f, bool masked);
void msix_mask(const struct function *f, bool masked);
bool msix_is_pending(const struct function *f);

/*
 * Function-level reset as software does it: the FLR bit, then waiting until the function answers.
 * Checks that nobody answers meanwhile and how config space looks afterwards.
 */
bool flr(const struct function *f);

/* ---- the devices ---- */

/* Exercise, FLR, exercise; each says what it found. */
void test_nvme(void);
void test_igb(void);

#endif
