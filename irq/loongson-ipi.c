// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inter-processor interrupts, mailboxes and ANY_SEND: see loongson-ipi.h.
 *
 * State is written once at boot; each register here is the calling core's own or a command register
 * that takes one write, so no lock is needed.
 */
#include "loongson-ipi.h"

#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/host.h>

#include "iocsr.h"
#include "loongson-regs.h"

#define RESEND_MS 50u

static struct {
	unsigned cpus;
	uint16_t core[MAX_CPUS];
} ipi;

int loongson_ipi_init(const struct cpu_info *cpus, unsigned cpu_count)
{
	if (cpu_count == 0 || cpu_count > MAX_CPUS)
		return -EINVAL;
	for (unsigned i = 0; i < cpu_count; i++) {
		if (cpus[i].hw_id > FIELD_GET(SEND_CORE, SEND_CORE)) {
			host_log(LOG_ERROR,
				 "ipi: CPU %u has core number 0x%llx, more than a register holds",
				 i, (unsigned long long)cpus[i].hw_id);
			return -EINVAL;
		}
		ipi.core[i] = (uint16_t)cpus[i].hw_id;
	}
	ipi.cpus = cpu_count;
	return 0;
}

void loongson_ipi_cpu_init(void)
{
	arch_iocsr_write32(IOCSR_IPI_CLEAR, UINT32_MAX);
	arch_iocsr_write32(IOCSR_IPI_ENABLE, UINT32_MAX);
}

int loongson_ipi_send(unsigned cpu, unsigned number)
{
	if (cpu >= ipi.cpus || number >= LOONGSON_IPI_COUNT)
		return -EINVAL;
	arch_full_barrier();
	arch_iocsr_write32(IOCSR_IPI_SEND,
			   (uint32_t)(SEND_BLOCKING | FIELD_PUT(SEND_CORE, ipi.core[cpu]) |
				      FIELD_PUT(IPI_SEND_NUMBER, number)));
	return 0;
}

uint32_t loongson_ipi_take(void)
{
	uint32_t status = arch_iocsr_read32(IOCSR_IPI_STATUS);

	if (status)
		arch_iocsr_write32(IOCSR_IPI_CLEAR, status);
	arch_full_barrier();
	return status;
}

/* Mailbox 0, high half first: a core that looks between the two sees no half of an entry point. */
static void mail_entry(unsigned core, uint64_t entry)
{
	for (unsigned half = 2; half-- > 0;) {
		uint64_t word = half ? entry >> 32 : entry & UINT32_MAX;

		arch_iocsr_write64(IOCSR_MAIL_SEND, FIELD_PUT(SEND_DATA, word) | SEND_BLOCKING |
							    FIELD_PUT(SEND_CORE, core) |
							    FIELD_PUT(MAIL_SEND_HALF, half));
	}
}

int loongson_ipi_start_cpu(unsigned cpu, uint64_t entry, bool (*online)(unsigned cpu),
			   unsigned timeout_ms)
{
	if (cpu >= ipi.cpus)
		return -EINVAL;
	arch_full_barrier();
	for (unsigned ms = 0; ms < timeout_ms; ms++) {
		if (ms % RESEND_MS == 0) {
			mail_entry(ipi.core[cpu], entry);
			loongson_ipi_send(cpu, LOONGSON_IPI_WAKE);
		}
		if (online(cpu))
			return 0;
		host_udelay(1000);
	}
	return online(cpu) ? 0 : -ETIMEDOUT;
}

void loongson_any_send(unsigned core, uint32_t offset, uint32_t data, unsigned keep)
{
	arch_iocsr_write64(IOCSR_ANY_SEND,
			   FIELD_PUT(SEND_DATA, data) | SEND_BLOCKING | FIELD_PUT(SEND_KEEP, keep) |
				   FIELD_PUT(SEND_CORE, core) | FIELD_PUT(ANY_SEND_OFFSET, offset));
}
