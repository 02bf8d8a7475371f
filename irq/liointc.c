// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The physical LIOINTC: see liointc.h, docs/hardware/loongson-interrupts.md.
 *
 * Enables have a set and a clear register and routes a byte a source, so no write touches another
 * source.
 */
#include "liointc.h"

#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/host.h>
#include <postern/zone.h>

#include "iocsr.h"
#include "loongson-regs.h"

#define CORES     4u /* it has route bits for */
#define HWI_LINES 4u /* and for these lines */

struct source {
	bool claimed;
	uint8_t cpu;
	liointc_handler *handler;
	void *context;
};

static struct {
	struct lock lock;
	unsigned pin, cpus;
	uint64_t core[MAX_CPUS];
	struct source source[LIOINTC_SOURCES];
} lio;

static uint32_t reg(uint32_t offset)
{
	return IOCSR_LIOINTC + offset;
}

int liointc_init(const struct loongson_intc_info *info, const struct cpu_info *cpus,
		 unsigned cpu_count)
{
	lio.cpus = 0;
	if (info->lio_pin >= HWI_LINES || cpu_count > MAX_CPUS) {
		host_log(LOG_ERROR, "liointc: no route to line %u", info->lio_pin);
		return -EINVAL;
	}
	for (unsigned i = 0; i < LIOINTC_SOURCES; i++)
		lio.source[i] = (struct source){ .claimed = false };
	for (unsigned i = 0; i < cpu_count; i++)
		lio.core[i] = cpus[i].hw_id;
	lio.cpus = cpu_count;
	lio.pin = info->lio_pin;
	arch_iocsr_write32(reg(LIOINTC_CLEAR), UINT32_MAX);
	arch_iocsr_write32(reg(LIOINTC_EDGE), 0);
	return 0;
}

unsigned liointc_pin(void)
{
	return lio.pin;
}

unsigned liointc_handle(void)
{
	unsigned cpu = arch_cpu_index(), served = 0;
	uint32_t pending = arch_iocsr_read32(reg(LIOINTC_CORE_ISR));

	for (; pending; pending &= pending - 1) {
		unsigned n = (unsigned)__builtin_ctz(pending);
		struct source s;

		host_lock(&lio.lock);
		/* The level stays until its device is served: silent till then. */
		arch_iocsr_write32(reg(LIOINTC_CLEAR), BIT32(n));
		s = lio.source[n];
		host_unlock(&lio.lock);
		if (!s.claimed || s.cpu != cpu)
			continue;
		served++;
		s.handler(s.context, n);
	}
	return served;
}

static bool cpu_allowed(const struct zone *owner, unsigned cpu)
{
	if (cpu >= lio.cpus || lio.core[cpu] >= CORES)
		return false;
	if (!owner || !owner->cpu_count)
		return true;
	for (unsigned i = 0; i < owner->cpu_count; i++)
		if (owner->cpus[i] == cpu)
			return true;
	return false;
}

int liointc_claim(unsigned source, struct zone *owner, unsigned cpu, liointc_handler *handler,
		  void *context)
{
	int err = 0;

	if (source >= LIOINTC_SOURCES || !handler || !cpu_allowed(owner, cpu))
		return -EINVAL;
	host_lock(&lio.lock);
	if (lio.source[source].claimed) {
		err = -EBUSY;
	} else {
		arch_iocsr_write32(reg(LIOINTC_CLEAR), BIT32(source));
		arch_iocsr_write8(reg(LIOINTC_ROUTE) + source,
				  (uint8_t)(FIELD_PUT(LIOINTC_ROUTE_CORE, BIT32(lio.core[cpu])) |
					    FIELD_PUT(LIOINTC_ROUTE_PIN, BIT32(lio.pin))));
		lio.source[source] = (struct source){ true, (uint8_t)cpu, handler, context };
	}
	host_unlock(&lio.lock);
	return err;
}

void liointc_unmask(unsigned source)
{
	host_lock(&lio.lock);
	if (source < LIOINTC_SOURCES && lio.source[source].claimed)
		arch_iocsr_write32(reg(LIOINTC_SET), BIT32(source));
	host_unlock(&lio.lock);
}

void liointc_mask(unsigned source)
{
	host_lock(&lio.lock);
	if (source < LIOINTC_SOURCES)
		arch_iocsr_write32(reg(LIOINTC_CLEAR), BIT32(source));
	host_unlock(&lio.lock);
}

void liointc_release(unsigned source)
{
	host_lock(&lio.lock);
	if (source < LIOINTC_SOURCES) {
		arch_iocsr_write32(reg(LIOINTC_CLEAR), BIT32(source));
		lio.source[source] = (struct source){ .claimed = false };
	}
	host_unlock(&lio.lock);
}
