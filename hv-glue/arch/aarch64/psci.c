// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PSCI 1.1 and SMCCC 1.1 towards zones (Arm DEN 0022, DEN 0028), by HVC or a trapped SMC, and
 * towards the machine's firmware. A zone's SYSTEM_OFF and SYSTEM_RESET concern that zone only.
 *
 * Locking: zone_arch.lock for vCPU power states.
 */
#include <hv/cpu.h>
#include <hv/sysreg.h>
#include <postern/errno.h>

#define PSCI_VERSION           0x84000000u
#define PSCI_CPU_SUSPEND_32    0x84000001u
#define PSCI_CPU_SUSPEND_64    0xc4000001u
#define PSCI_CPU_OFF           0x84000002u
#define PSCI_CPU_ON_32         0x84000003u
#define PSCI_CPU_ON_64         0xc4000003u
#define PSCI_AFFINITY_INFO_32  0x84000004u
#define PSCI_AFFINITY_INFO_64  0xc4000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF        0x84000008u
#define PSCI_SYSTEM_RESET      0x84000009u
#define PSCI_FEATURES          0x8400000au
#define PSCI_SYSTEM_RESET2_32  0x84000012u
#define PSCI_SYSTEM_RESET2_64  0xc4000012u
#define SMCCC_VERSION          0x80000000u

#define PSCI_1_1  0x10001
#define SMCCC_1_1 0x10001

#define PSCI_SUCCESS         0
#define PSCI_NOT_SUPPORTED   (-1)
#define PSCI_INVALID_PARAMS  (-2)
#define PSCI_ALREADY_ON      (-4)
#define PSCI_ON_PENDING      (-5)
#define PSCI_INVALID_ADDRESS (-9)

#define AFFINITY_ON         0
#define AFFINITY_OFF        1
#define AFFINITY_ON_PENDING 2
#define MIGRATE_NOT_NEEDED  2

int64_t firmware_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 __asm__("x0") = fn;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;

	/* There is nothing below EL2 but EL3: SMC is the only way down. */
	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return (int64_t)x0;
}

void machine_power_off(void)
{
	firmware_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		__asm__ volatile("wfi");
}

void machine_reset(void)
{
	firmware_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	for (;;)
		__asm__ volatile("wfi");
}

static struct vcpu *vcpu_by_affinity(struct zone_arch *a, uint64_t affinity)
{
	for (unsigned i = 0; i < a->zone->cpu_count; i++)
		if (vgic_vcpu_affinity(i) == (affinity & MPIDR_AFFINITY))
			return &a->vcpus[i];
	return NULL;
}

static int64_t cpu_on(struct zone_arch *a, uint64_t affinity, uint64_t entry, uint64_t context)
{
	struct vcpu *t = vcpu_by_affinity(a, affinity);
	int64_t result = PSCI_SUCCESS;

	if (!t)
		return PSCI_INVALID_PARAMS;
	if (!range_inside(entry, 4, a->zone->ram_gpa, a->zone->ram_size))
		return PSCI_INVALID_ADDRESS;
	host_lock(&a->lock);
	if (t->power == VCPU_ON) {
		result = PSCI_ALREADY_ON;
	} else if (t->power == VCPU_ON_PENDING) {
		result = PSCI_ON_PENDING;
	} else {
		t->entry = entry;
		t->context = context;
		t->power = VCPU_ON_PENDING;
	}
	host_unlock(&a->lock);
	if (result == PSCI_SUCCESS)
		cpu_kick(t->cpu->index);
	return result;
}

static int64_t affinity_info(struct zone_arch *a, uint64_t affinity, uint64_t level)
{
	const struct vcpu *t = vcpu_by_affinity(a, affinity);

	if (!t || level != 0)
		return PSCI_INVALID_PARAMS;
	switch (__atomic_load_n(&t->power, __ATOMIC_ACQUIRE)) {
	case VCPU_ON:
		return AFFINITY_ON;
	case VCPU_ON_PENDING:
		return AFFINITY_ON_PENDING;
	default:
		return AFFINITY_OFF;
	}
}

static int64_t features(uint64_t fn)
{
	switch ((uint32_t)fn) {
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND_32:
	case PSCI_CPU_SUSPEND_64:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON_32:
	case PSCI_CPU_ON_64:
	case PSCI_AFFINITY_INFO_32:
	case PSCI_AFFINITY_INFO_64:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_SYSTEM_RESET2_32:
	case PSCI_SYSTEM_RESET2_64:
	case PSCI_FEATURES:
	case SMCCC_VERSION:
		return 0;
	default:
		return PSCI_NOT_SUPPORTED;
	}
}

static void cpu_off(struct vcpu *v)
{
	host_lock(&v->arch->lock);
	v->power = VCPU_OFF;
	host_unlock(&v->arch->lock);
	vcpu_park(v);
}

/* Does not come back to the guest: the exit path sees the zone halting and parks this vCPU. */
static void system_end(struct vcpu *v, enum zone_stop how, const char *reason)
{
	if (zone_request_stop(v->zone, how, reason))
		host_log(LOG_WARN, "zone %s: %s ignored, the zone is already stopping",
			 v->zone->name, reason);
}

void trap_firmware(struct vcpu *v, struct guest_regs *r)
{
	const uint64_t a1 = r->x[1], a2 = r->x[2], a3 = r->x[3];
	int64_t result = PSCI_NOT_SUPPORTED;

	v->cpu->exits[EXIT_FIRMWARE]++;
	switch ((uint32_t)r->x[0]) {
	case PSCI_VERSION:
		result = PSCI_1_1;
		break;
	case PSCI_CPU_SUSPEND_32:
	case PSCI_CPU_SUSPEND_64:
		/* A standby that ended at once; no power-down state is described to zones. */
		result = PSCI_SUCCESS;
		break;
	case PSCI_CPU_OFF:
		cpu_off(v);
		break;
	case PSCI_CPU_ON_32:
		result = cpu_on(v->arch, (uint32_t)a1, (uint32_t)a2, (uint32_t)a3);
		break;
	case PSCI_CPU_ON_64:
		result = cpu_on(v->arch, a1, a2, a3);
		break;
	case PSCI_AFFINITY_INFO_32:
	case PSCI_AFFINITY_INFO_64:
		result = affinity_info(v->arch, a1, a2);
		break;
	case PSCI_MIGRATE_INFO_TYPE:
		result = MIGRATE_NOT_NEEDED;
		break;
	case PSCI_SYSTEM_OFF:
		system_end(v, ZONE_STOP_OFF, "guest powered off");
		return;
	case PSCI_SYSTEM_RESET:
	case PSCI_SYSTEM_RESET2_32:
	case PSCI_SYSTEM_RESET2_64:
		system_end(v, ZONE_STOP_RESTART, "guest rebooted");
		return;
	case PSCI_FEATURES:
		result = features(a1);
		break;
	case SMCCC_VERSION:
		result = SMCCC_1_1;
		break;
	default: /* SMCCC_ARCH_FEATURES too: no workaround calls are offered */
		break;
	}
	r->x[0] = (uint64_t)result;
}
