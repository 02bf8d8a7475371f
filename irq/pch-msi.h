/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCH-MSI doorbell of a Loongson bridge as an MSI unit (<postern/irq.h>): a 32-bit write of a
 * vector number to unit->base raises that EIOINTC vector. docs/hardware/loongson-interrupts.md,
 * "PCH-MSI".
 *
 * The doorbell knows no device: any function that can reach it can raise any vector. Whether an IOMMU
 * narrows that, its limits say; what arrives is charged to the vector's owner, never to a sender.
 *
 * Locking: takes unit->lock, the EIOINTC's inside it. Callers of vectors_alloc and vectors_free for
 * one device serialize themselves. vectors_free waits for handlers: not with a lock held that a
 * vector's handler takes.
 */
#ifndef IRQ_PCH_MSI_H
#define IRQ_PCH_MSI_H

#include <postern/irq.h>
#include <postern/types.h>

/*
 * Boot CPU, after its eiointc_cpu_init(); u->base, first and count filled in. Sets u->ops. -ENODEV
 * (no EIOINTC), -EINVAL (vectors the EIOINTC has not; reason logged).
 */
int pch_msi_init(struct msi_unit *u);

/*
 * vectors_free() on failure (-ETIMEDOUT): handlers are not called any more all the same, the vectors
 * stay out of use.
 */
extern const struct msi_unit_ops pch_msi_ops;

#endif
