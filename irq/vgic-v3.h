/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A zone's virtual GICv3 with an ITS: what its unmodified kernel drives. Arm IHI 0069H.
 *
 * All interrupt state is the zone's own shadow state; no guest access reaches the physical
 * distributor, redistributors or ITS. A hardware-linked interrupt (the timers' PPIs, a
 * passed-through wired interrupt) is delivered by a list register with HW = 1: the guest's
 * deactivation deactivates the physical one, and until then it cannot fire again.
 *
 * A vCPU owns its physical CPU for good, so the list registers are never saved: they stay live
 * across exits and are looked at only when something changed (`dirty`). There is no work to do
 * after an exit; before each entry vgic_flush() is one load when nothing changed.
 *
 * Locking: every function takes the zone's vgic lock itself, and releases it before it kicks a vCPU
 * or calls config.retarget. It is a leaf: nothing else is locked inside it (zone->lock, vpci's lock
 * come before). Caller context: "own" = on the physical CPU of that vCPU; "any" = any CPU.
 */
#ifndef IRQ_VGIC_V3_H
#define IRQ_VGIC_V3_H

#include <postern/irq.h>
#include <postern/platform.h>
#include <postern/types.h>

#define VGIC_DIST_SIZE      (64 * KIB)
#define VGIC_REDIST_SIZE    (128 * KIB) /* each vCPU's, contiguous from redist_gpa */
#define VGIC_ITS_SIZE       (128 * KIB)
/* GITS_TRANSLATER: where the zone's devices write their messages, from its_gpa. */
#define VGIC_ITS_TRANSLATER 0x10040u
#define VGIC_MAX_SPIS       (992u - 32u)

struct vgic;

struct vgic_config {
	struct zone *zone; /* zone->cpus[] filled in: where PPIs are deactivated */
	unsigned vcpus;    /* 1..MAX_CPUS */
	gpa_t dist_gpa;    /* 64 KiB aligned, like the next two */
	gpa_t redist_gpa;  /* vcpus * 128 KiB */
	gpa_t its_gpa;
	unsigned spis;        /* INTIDs 32 .. 32 + spis; a multiple of 32, 32..VGIC_MAX_SPIS */
	uint32_t hw_ppis;     /* bit n: PPI n (16..31) is linked to physical PPI n */
	unsigned its_devices; /* devices the guest can have mapped at once */
	unsigned its_events;  /* events of each, a power of two, 2..65536 */
	/*
	 * (device, event) was routed anew: its physical vector should follow. Any vCPU's CPU, no
	 * vgic lock held. May be NULL.
	 */
	void (*retarget)(void *ctx, uint32_t device_id, uint32_t event);
	void *retarget_ctx;
};

/* -EINVAL, -ENOMEM. The result is in the state vgic_reset() leaves. Any CPU. */
int vgic_create(const struct vgic_config *config, struct vgic **out);
/* Pre: no vCPU of the zone runs or will. NULL is allowed. */
void vgic_destroy(struct vgic *g);
/*
 * Distributor, redistributors and ITS as after power-on; physical interrupts the zone held active
 * are let go. Hardware links (vgic_add_hw_spi) and the level of lines stay. Pre: no vCPU of the
 * zone runs; each one has vgic_vcpu_reset() called on its own CPU before it enters the guest again.
 * Any CPU.
 */
void vgic_reset(struct vgic *g);
/*
 * CPU interface of a vCPU as after power-on (priorities, groups, list registers, ICH_HCR_EL2 on):
 * before its first entry, at its PSCI CPU_ON and at its CPU_OFF. What was pending in list registers
 * stays pending. Own.
 */
void vgic_vcpu_reset(struct vgic *g, unsigned vcpu);

/* Virtual affinity of a vCPU: what its VMPIDR_EL2 must say (Aff0 = vcpu & 15, Aff1 = vcpu / 16). */
uint64_t vgic_vcpu_affinity(unsigned vcpu);

/*
 * Before every entry to the guest. Nearly free when nothing changed. Own.
 */
void vgic_flush(struct vgic *g, unsigned vcpu);
/*
 * The maintenance interrupt was acknowledged: serves it at once, so that deactivating it afterwards
 * does not make it fire again. Own.
 */
void vgic_maintenance(struct vgic *g, unsigned vcpu);

/*
 * The guest's access to the zone's GICD, GICR and GITS frames, vcpu the accessing one. ACCESS_NONE:
 * not an address of theirs. Inside the frames the answer is always ACCESS_DONE: what is not
 * implemented reads 0 and ignores writes. size 1, 2, 4, 8. Own.
 */
enum access_result vgic_mmio(struct vgic *g, unsigned vcpu, gpa_t addr, unsigned size, bool write,
			     uint64_t *value);

/*
 * The guest's write to ICC_SGI1R_EL1, and to ICC_SGI0R_EL1 or ICC_ASGI1R_EL1 (which reach group 0
 * only). Own.
 */
void vgic_write_sgi1r(struct vgic *g, unsigned vcpu, uint64_t value);
void vgic_write_sgi0r(struct vgic *g, unsigned vcpu, uint64_t value);

/*
 * Links the zone's SPI to a physical SPI, level-sensitive. -EINVAL, -EEXIST (either is linked
 * already). The caller enables the physical one (gic_v3_spi_enable).
 */
int vgic_add_hw_spi(struct vgic *g, uint32_t vintid, uint32_t pintid);
/*
 * Undoes that. Pre: the physical one is disabled (gic_v3_spi_disable). After 0 no list register of the zone
 * has it, so that no deactivation by the guest reaches it any more, and it is neither active nor pending.
 * -ENOENT: not linked. -ETIMEDOUT: a vCPU did not let go within 100 ms; the link stays. Any CPU; no lock held
 * that a CPU of the zone may wait for.
 */
int vgic_remove_hw_spi(struct vgic *g, uint32_t vintid);

/*
 * A linked physical interrupt was acknowledged on this CPU; the caller drops its priority and does
 * not deactivate it. False: not linked, the caller deactivates it. PPI: own. SPI: any.
 */
bool vgic_inject_hw_ppi(struct vgic *g, unsigned vcpu, uint32_t intid);
bool vgic_inject_hw_spi(struct vgic *g, uint32_t pintid);

/*
 * Level of an emulated device's line. Any; ignored when vintid is no SPI of the zone or is
 * hardware-linked.
 */
void vgic_set_line(struct vgic *g, uint32_t vintid, bool level);

/* The PCI side's view; ctx is the struct vgic. msi() counts toward the target vCPU. Any. */
extern const struct virq_ops vgic_virq_ops;

/* Counters since vgic_create(); read without a lock, each value is whole. */
struct vgic_vcpu_stats {
	uint64_t injected;  /* interrupts put in a list register */
	uint64_t overflows; /* times more were pending than list registers could hold */
	uint64_t maintenance;
	uint64_t sgis; /* writes of SGI registers */
};
struct vgic_its_stats {
	uint64_t commands;
	uint64_t errors;   /* commands refused */
	uint64_t messages; /* MSIs accepted */
	uint64_t dropped;  /* MSIs not for this zone's doorbell or not mapped */
};
void vgic_vcpu_stats(const struct vgic *g, unsigned vcpu, struct vgic_vcpu_stats *out);
void vgic_its_stats(const struct vgic *g, struct vgic_its_stats *out);

#endif
