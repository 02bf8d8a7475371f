/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical PCH-PIC: wired inputs of a bridge, each turned into an EIOINTC vector.
 * docs/hardware/loongson-interrupts.md, "PCH-PIC".
 *
 * Interrupts are named by their global number (GSI = gsi_base of the PIC + input), as firmware and
 * device tables do. Every input is masked until somebody claimed and unmasked it. A level input is
 * masked when it fires, and stays so until pch_pic_unmask(): its owner's end of interrupt.
 *
 * Locking: a lock a PIC, inside no other lock of irq/ but a virtual controller's; the EIOINTC's is
 * taken inside it. Handlers are called with no lock held.
 */
#ifndef IRQ_PCH_PIC_H
#define IRQ_PCH_PIC_H

#include <postern/platform.h>
#include <postern/types.h>

struct zone;

/* How a device drives an input. */
enum pch_pic_trigger {
	PCH_PIC_LEVEL_HIGH,
	PCH_PIC_LEVEL_LOW,
	PCH_PIC_EDGE_RISING,
	PCH_PIC_EDGE_FALLING
};

typedef void pch_pic_handler(void *context, uint32_t gsi);

/*
 * Boot CPU, after eiointc_init() and its eiointc_cpu_init(): masks and clears every input of every
 * PIC. vector_limit: vectors from this one on are the MSI units' (their lowest `first`). -ENODEV: one
 * of them does not look like a PCH-PIC, or there is none; -EINVAL (reason logged).
 */
int pch_pic_init(const struct loongson_intc_info *info, unsigned vector_limit);
/* Some PIC has this input. */
bool pch_pic_has(uint32_t gsi);

/*
 * Claims an input, masked: interrupts go to `cpu`, one of the owner's (NULL: the hypervisor). -EINVAL
 * (no such input or CPU), -EBUSY (somebody has it), -ENOSPC (no vector is left).
 */
int pch_pic_claim(uint32_t gsi, struct zone *owner, unsigned cpu, enum pch_pic_trigger trigger,
		  pch_pic_handler *handler, void *context);
/* An edge latched while it was masked counts; a level is looked at anew. Ignored when not claimed. */
void pch_pic_unmask(uint32_t gsi);
void pch_pic_mask(uint32_t gsi);
/* Moves it to another CPU of its owner. -EINVAL. */
int pch_pic_target(uint32_t gsi, unsigned cpu);
/*
 * Gives an input back. After 0 it is masked, nothing of it is pending, and its handler runs on no
 * CPU. -ETIMEDOUT as eiointc_release(): it stays claimed for good, masked. -EINVAL. Not with a lock
 * held that the handler takes; not from a handler.
 */
int pch_pic_release(uint32_t gsi);
/* Whose it is; false: nobody claimed it. */
bool pch_pic_owner(uint32_t gsi, const struct zone **owner);

#endif
