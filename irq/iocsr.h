/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IOCSR space: the registers through which a LoongArch CPU reaches its interrupt controllers and
 * its fellow CPUs (docs/hardware/loongson-interrupts.md). hv-glue/arch/loongarch64 implements the
 * accessors with IOCSRRD and IOCSRWR, tests/models with a model.
 *
 * All act for the calling CPU: banked registers are its own. Naturally aligned offsets; strongly
 * ordered against each other and against mmio_*().
 */
#ifndef IRQ_IOCSR_H
#define IRQ_IOCSR_H

#include <postern/types.h>

uint8_t arch_iocsr_read8(uint32_t offset);
uint16_t arch_iocsr_read16(uint32_t offset);
uint32_t arch_iocsr_read32(uint32_t offset);
uint64_t arch_iocsr_read64(uint32_t offset);
void arch_iocsr_write8(uint32_t offset, uint8_t value);
void arch_iocsr_write16(uint32_t offset, uint16_t value);
void arch_iocsr_write32(uint32_t offset, uint32_t value);
void arch_iocsr_write64(uint32_t offset, uint64_t value);

#endif
