/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A zone's virtual Loongson interrupt controllers: what its unmodified kernel drives by IOCSR
 * instructions and by memory. EIOINTC, IPI and mailboxes, LIOINTC, PCH-PIC, PCH-MSI.
 * docs/hardware/loongson-interrupts.md.
 *
 * All state is the zone's own. The zone believes that its CPUs are cores 0 to n - 1 of the machine;
 * no access of it reaches a physical register, and what it sends to other cores (IPI_SEND, MAIL_SEND,
 * ANY_SEND) is carried out here, among its own, or dropped. Only a wired input that was linked to a
 * physical one masks and unmasks that one.
 *
 * What comes out is the level of each vCPU's interrupt lines. A line is high exactly while the
 * controllers want it to be: HWI n while a pending vector or source is mapped to it, IPI while an
 * enabled one is pending.
 *
 * Locking: every function takes the zone's lock itself. ops->set_lines is called inside it, so that
 * levels arrive in the order they changed; everything else outside. Inside the lock the physical
 * PCH-PIC's is taken. Caller context: any CPU.
 */
#ifndef IRQ_VLOONGSON_H
#define IRQ_VLOONGSON_H

#include <postern/irq.h>
#include <postern/platform.h>
#include <postern/types.h>

#include "pch-pic.h"

struct vloongson;

#define VLOONGSON_HWI(n) BIT32(n) /* 0..7 */
#define VLOONGSON_IPI    BIT32(8)

#define VLOONGSON_VECTORS 256u
#define VLOONGSON_INPUTS  64u
#define VLOONGSON_SOURCES 32u

/* The zone's numbers of wired interrupts, virq_ops.set_line()'s among them: as ACPI counts them. */
#define VLOONGSON_GSI_SOURCE(n) (16u + (n))
#define VLOONGSON_GSI_INPUT(n)  (64u + (n))

struct vloongson_ops {
	/*
	 * The lines of a vCPU are now `lines`, an OR of VLOONGSON_HWI(n) and VLOONGSON_IPI; called when
	 * they change. The zone's lock is held: it may write a register or a word, nothing more.
	 */
	void (*set_lines)(void *ctx, unsigned vcpu, uint32_t lines);
	/*
	 * Messages with this vector now go to another vCPU: a physical vector on record should follow.
	 * No lock held. May be NULL.
	 */
	void (*retarget)(void *ctx, unsigned vector);
};

struct vloongson_config {
	struct zone *zone;             /* zone->cpus[] filled in: where linked inputs are taken */
	unsigned vcpus;                /* 1..MAX_CPUS */
	gpa_t pch_pic_gpa;             /* 4 KiB, like the machine's; 0: none */
	gpa_t msi_gpa;                 /* doorbell, 4-byte aligned; 0: none */
	unsigned msi_first, msi_count; /* vectors a message may name */
	gpa_t iocsr_gpa; /* the memory-mapped name of the IOCSR space, 128 KiB; 0: none */
	/* The physical CPU's identification; a zone sees what of it its own controllers have. */
	uint32_t version, features;
	uint64_t vendor, cpu_name, misc;
	const struct vloongson_ops *ops;
	void *ctx;
};

/* -EINVAL, -ENOMEM. The result is in the state vloongson_reset() leaves. */
int vloongson_create(const struct vloongson_config *config, struct vloongson **out);
/* Pre: no vCPU of the zone runs or will; no input is linked. NULL is allowed. */
void vloongson_destroy(struct vloongson *v);
/*
 * As after power-on: nothing enabled, nothing pending, every line low. Links, records and the level
 * of wires stay; linked physical inputs are masked. Pre: no vCPU of the zone runs.
 */
void vloongson_reset(struct vloongson *v);

/* All that the zone's accesses can see, for a copy of the zone. Bytes; 0 asks for the size. */
size_t vloongson_snapshot(struct vloongson *v, void *out, size_t size);
/* Back to it. -EINVAL: not a snapshot of as many vCPUs. Pre: no vCPU of the zone runs. */
int vloongson_restore(struct vloongson *v, const void *snapshot, size_t size);

/*
 * An IOCSR instruction of vCPU `vcpu`, size 1, 2, 4, 8. Always ACCESS_DONE: what is not there or not
 * aligned reads 0 and ignores writes, as the space does.
 */
enum access_result vloongson_iocsr(struct vloongson *v, unsigned vcpu, uint32_t offset,
				   unsigned size, bool write, uint64_t *value);
/*
 * The guest's access to the PCH-PIC or to the memory-mapped IOCSR space. ACCESS_NONE: not an address
 * of theirs. Otherwise as above.
 */
enum access_result vloongson_mmio(struct vloongson *v, unsigned vcpu, gpa_t addr, unsigned size,
				  bool write, uint64_t *value);

/* The lines as last told. */
uint32_t vloongson_lines(struct vloongson *v, unsigned vcpu);

/*
 * A vCPU that waits for its start as firmware lets cores wait: its IPI line rises when it is called.
 * Then the glue takes the entry point (mailbox 0), which forgets the call.
 */
void vloongson_park(struct vloongson *v, unsigned vcpu);
uint64_t vloongson_take_entry(struct vloongson *v, unsigned vcpu);

/*
 * Links a PCH-PIC input of the zone to a physical one, which is claimed for the zone. A level input is
 * passed on like this: it fires, is masked, and the zone's input is high; when the zone is done (it
 * unmasks its input, or clears its vector without having masked), the zone's input is low and the
 * physical one unmasked: if the device still asserts it, it fires again. While the zone's mask is set
 * the physical one's is. -EINVAL, -EBUSY, -ENOSPC.
 */
int vloongson_link_input(struct vloongson *v, unsigned input, uint32_t gsi,
			 enum pch_pic_trigger trigger);
/* Post and errors: pch_pic_release()'s. The zone's input is low afterwards in any case. */
int vloongson_unlink_input(struct vloongson *v, unsigned input);

/* The record (zone, virtual vector) -> physical vector. */
struct vloongson_record {
	bool valid;
	enum irq_mode mode;
	uint32_t hwirq; /* the physical EIOINTC's vector */
};
/* `physical` NULL: forgets it. Ignored beyond VLOONGSON_VECTORS. */
void vloongson_record(struct vloongson *v, unsigned vector, const struct msi_vector *physical);
struct vloongson_record vloongson_recorded(struct vloongson *v, unsigned vector);

/* The PCI side's view; ctx is the struct vloongson. set_line() takes VLOONGSON_GSI_*. */
extern const struct virq_ops vloongson_virq_ops;

/* Counters since vloongson_create(). */
struct vloongson_stats {
	uint64_t messages; /* MSIs accepted */
	uint64_t dropped;  /* MSIs not for this zone's doorbell or beyond its vectors */
	uint64_t refused;  /* sends to cores or registers the zone has not */
};
void vloongson_stats(struct vloongson *v, struct vloongson_stats *out);

#endif
