/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between physical Loongson cores: inter-processor interrupts, mailboxes, and writes into another
 * core's registers. docs/hardware/loongson-interrupts.md, "IPI". No zone's access ends here.
 *
 * No locks; any function on any CPU. `cpu` is an index of the machine's CPUs.
 */
#ifndef IRQ_LOONGSON_IPI_H
#define IRQ_LOONGSON_IPI_H

#include <postern/platform.h>
#include <postern/types.h>

/* The number that wakes a parked core; of no meaning afterwards. */
#define LOONGSON_IPI_WAKE  0u
#define LOONGSON_IPI_COUNT 32u

/* Boot CPU: whom the CPU indexes mean (hw_id = core number). Touches no register. -EINVAL. */
int loongson_ipi_init(const struct cpu_info *cpus, unsigned cpu_count);
/*
 * Every CPU, on it, interrupts masked: forgets what is pending, enables all 32. The CPU's IPI line
 * is (status & enable) != 0.
 */
void loongson_ipi_cpu_init(void);

/* Earlier writes to memory are visible to the target when it takes it. -EINVAL. */
int loongson_ipi_send(unsigned cpu, unsigned ipi);
/* Takes what is pending on this CPU, a bit for each number, and clears just that. */
uint32_t loongson_ipi_take(void);

/*
 * Starts a parked core at `entry` (what it expects there is the firmware's: a physical address in
 * direct address mode). Sends it again every 50 ms, because a core that is not listening yet loses
 * the wake-up, until online(cpu) or `timeout_ms` have passed: -ETIMEDOUT. -EINVAL.
 */
int loongson_ipi_start_cpu(unsigned cpu, uint64_t entry, bool (*online)(unsigned cpu),
			   unsigned timeout_ms);

/*
 * Writes the 32-bit IOCSR register `offset` of another core (by core number); byte i keeps its value
 * when bit i of `keep` is set. Finished on return.
 */
void loongson_any_send(unsigned core, uint32_t offset, uint32_t data, unsigned keep);

#endif
