/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical EIOINTC of a Loongson CPU: up to 256 edge-triggered vectors, each routed to one core,
 * where they share one interrupt line (HWI n). docs/hardware/loongson-interrupts.md, "EIOINTC".
 *
 * The hypervisor alone owns it. A vector belongs to whoever claimed it, and its enable bit and route
 * byte are changed at its claim, retarget and release only; no write touches another vector's. Its
 * register file is one for every four cores ("EIO node"): a vector is routed in each of them.
 *
 * Locking: a lock of its own, a leaf (inside msi_unit.lock and the PCH-PIC's). Handlers are called
 * with no lock held.
 */
#ifndef IRQ_EIOINTC_H
#define IRQ_EIOINTC_H

#include <postern/platform.h>
#include <postern/types.h>

struct zone;

typedef void eiointc_handler(void *context, unsigned vector);

/*
 * Boot CPU, before any CPU's eiointc_cpu_init(): cpus[] are the machine's (hw_id = core number), kept
 * as copies. Touches no register. -ENODEV: the machine has none; -EINVAL: firmware's description
 * cannot be (reason logged).
 */
int eiointc_init(const struct loongson_intc_info *info, const struct cpu_info *cpus,
		 unsigned cpu_count);
/*
 * Every CPU that is to take vectors, on it, the boot CPU first; interrupts masked. The first CPU of
 * an EIO node programs that node. -ENODEV: not initialized; -EOPNOTSUPP: this machine cannot route
 * vectors to this CPU (logged); it may run without.
 */
int eiointc_cpu_init(void);
/* Vectors can be routed to this CPU. */
bool eiointc_cpu_ready(unsigned cpu);
/* The CPU's interrupt line (HWI n) that eiointc_handle() serves. */
unsigned eiointc_pin(void);
/* How many vectors there are; 0 before eiointc_init(). */
unsigned eiointc_vectors(void);

/*
 * The line is high on this CPU: acknowledges what is pending and calls the handlers. Interrupts
 * masked, no lock held. How many vectors were served; 0: spurious.
 */
unsigned eiointc_handle(void);

/*
 * Claims a vector of [first, first + count): the first free one. It is routed to `cpu`, enabled, and
 * `handler` is called on that CPU each time it fires. `home` is the node whose EIOINTC devices send it
 * to. A zone that owns it must own the CPU, too. The vector, or -EINVAL, -ENOSPC.
 */
int eiointc_claim(unsigned first, unsigned count, unsigned home, unsigned cpu, struct zone *owner,
		  eiointc_handler *handler, void *context);
/*
 * Moves a claimed vector to another CPU of its owner. Nothing is lost; what is in flight may still
 * arrive on the old one. -EINVAL.
 */
int eiointc_target(unsigned vector, unsigned cpu);
/*
 * Gives a vector back. After 0 it is disabled, not pending, and its handler runs on no CPU.
 * -ETIMEDOUT: a CPU did not leave its handlers in time; the vector stays claimed for good, disabled,
 * its handler is not called again. Not with a lock held that a handler takes; not from a handler.
 */
int eiointc_release(unsigned vector);
/* The same for several at a time, which costs one wait. */
int eiointc_release_all(const unsigned *vectors, unsigned count);

/* For reports. */
struct eiointc_vector_info {
	bool claimed;
	const struct zone *owner; /* NULL: the hypervisor */
	unsigned cpu;
	uint64_t fired;
};
void eiointc_vector_info(unsigned vector, struct eiointc_vector_info *out);
/* Arrivals of vectors nobody claimed, since eiointc_init(). */
uint64_t eiointc_stray(void);

#endif
