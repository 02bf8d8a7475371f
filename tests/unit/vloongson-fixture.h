/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two zones with virtual Loongson interrupt controllers on the modelled hardware of eight cores: the
 * first on CPU 0, the second on others, so that no virtual number is a physical one by accident. The
 * hypervisor's part, between a physical line and a virtual one, is done here as hv-glue would.
 */
#ifndef VLOONGSON_FIXTURE_H
#define VLOONGSON_FIXTURE_H

#include <irq/vloongson.h>
#include <postern/irq.h>
#include <postern/zone.h>

#define LF_ZONES     2u
#define LF_CPUS      8u
#define LF_PIC       ((hpa_t)0x10000000)
#define LF_DOORBELL  ((hpa_t)0x2ff00000)
#define LF_GSI(n)    (64u + (n)) /* of PCH-PIC inputs, physical and virtual */
/* Where the zones see theirs: as on the machine. */
#define LF_VPIC      ((gpa_t)0x10000000)
#define LF_VMSI      ((gpa_t)0x2ff00000)
#define LF_VIOCSR    ((gpa_t)0x1fe00000)
/* Vectors a zone's messages may name. */
#define LF_MSI_FIRST 64u
#define LF_MSI_COUNT 192u

#define LF_FEATURES 0x27ffu
#define LF_VENDOR   0x6e6f73676e6f6f4cu
#define LF_NAME     0x4c2d303030364133u
#define LF_MISC     0x0000f200f8880300u

struct lf_zone {
	struct zone zone;
	struct vloongson *v;
	uint32_t lines[MAX_CPUS]; /* as set_lines told */
	unsigned line_calls;
	struct msi_vector vectors[8];
	unsigned arrived[8];      /* by vector index */
	unsigned arrived_cpu[8];  /* last time */
	struct msi_message guest; /* what the zone wrote for vectors[0]; + index */
	unsigned retargets, last_retarget;
};

struct lf {
	struct msi_unit unit;
	struct lf_zone zone[LF_ZONES];
	unsigned served; /* vectors taken by lf_serve() */
};
extern struct lf lf;

/* cpus: the second zone's, its physical CPU numbers; the first has CPU 0. */
void lf_machine(unsigned vcpus, const uint16_t *cpus);

uint64_t lf_read(unsigned zone, unsigned vcpu, uint32_t offset, unsigned size);
void lf_write(unsigned zone, unsigned vcpu, uint32_t offset, unsigned size, uint64_t value);
uint64_t lf_pic_read(unsigned zone, uint32_t offset, unsigned size);
void lf_pic_write(unsigned zone, uint32_t offset, unsigned size, uint64_t value);
/* What a kernel does at boot: everything enabled, HWI1, routes to its CPU 0. */
void lf_boot_eiointc(unsigned zone);
/* Every physical CPU whose EIOINTC line is high serves it. */
void lf_serve(void);
/*
 * Gives a device to the zone: `count` vectors on the CPU of its vCPU 0, for which its kernel wrote
 * messages with vectors first, first + 1, ...
 */
void lf_assign(unsigned zone, uint32_t device_id, unsigned count, unsigned first);
/* The device sends message n of that zone. */
void lf_device_sends(unsigned zone, unsigned n);
/* The vCPU's core ISR, as 64-bit word `word`. */
uint64_t lf_isr(unsigned zone, unsigned vcpu, unsigned word);
/* What kernels do with it: read, write back, the same for each word. Bits there were. */
unsigned lf_acknowledge(unsigned zone, unsigned vcpu);

#endif
