// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zones on loongarch64: not hosted. Everything a zone needs of the architecture is refused here,
 * with the reason; nothing pretends. No zone is ever created, so what acts on one has nothing to
 * act on.
 */
#include <hv/cpu.h>
#include <hv/csr.h>
#include <postern/errno.h>

int arch_zone_create(struct zone *z)
{
	if (!(cpucfg(CPUCFG_FEATURES) & CPUCFG2_LVZ))
		host_log(LOG_ERROR,
			 "zone %s: this CPU has no virtualization (LVZ), or firmware hides it",
			 z->name);
	else
		host_log(LOG_ERROR,
			 "zone %s: this version of Postern hosts no zones on LoongArch yet",
			 z->name);
	return -EOPNOTSUPP;
}

int arch_zone_load(struct zone *z)
{
	(void)z;
	return -EOPNOTSUPP;
}

void arch_zone_release(struct zone *z)
{
	(void)z;
}

void arch_zone_halt(struct zone *z)
{
	(void)z;
}

bool arch_zone_parked(struct zone *z)
{
	(void)z;
	return true; /* no CPU was ever in it */
}

void arch_zone_reset(struct zone *z)
{
	(void)z;
}

int host_map_guest(struct zone *z, gpa_t gpa, hpa_t hpa, uint64_t size, enum guest_map_kind kind)
{
	(void)z;
	(void)gpa;
	(void)hpa;
	(void)size;
	(void)kind;
	return -EOPNOTSUPP;
}

int host_unmap_guest(struct zone *z, gpa_t gpa, uint64_t size)
{
	(void)z;
	(void)gpa;
	(void)size;
	return -EOPNOTSUPP;
}

void *host_guest_ram(struct zone *z, gpa_t gpa, uint64_t size)
{
	(void)z;
	(void)gpa;
	(void)size;
	return NULL;
}

void host_kick_vcpu(struct zone *z, unsigned vcpu)
{
	(void)z;
	(void)vcpu;
}

int host_line_attach(struct zone *z, uint32_t irq, unsigned wanted)
{
	(void)z;
	(void)irq;
	(void)wanted;
	return -EOPNOTSUPP;
}

int host_line_detach(struct zone *z, uint32_t irq)
{
	(void)z;
	(void)irq;
	return -EOPNOTSUPP;
}

struct vuart *zone_vuart(struct zone *z)
{
	(void)z;
	return NULL;
}

/*
 * Where a zone's memory and PCI windows will be: what the manifest is judged by. As on Arm, nothing stands where a host
 * has the same thing.
 */
gpa_t arch_zone_ram_base(void)
{
	return 0x80000000;
}

const struct vpci_layout *arch_zone_vpci_layout(void)
{
	static const struct vpci_layout layout = {
		.ecam = 0x20000000,
		.bus_last = 63,
		.mem32 = 0x50000000,
		.mem32_size = 0x20000000,
		.mem64 = 0x2000000000,
		.mem64_size = 0x2000000000,
	};

	return &layout;
}

void arch_describe_vcpus(struct zone *z, void (*line)(void *ctx, const char *text), void *ctx)
{
	(void)z;
	line(ctx, "    none: zones are not hosted on this machine");
}
