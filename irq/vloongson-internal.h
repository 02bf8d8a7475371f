/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the virtual Loongson interrupt controllers share. See vloongson.h for the
 * contract.
 *
 * Everything below is called with vloongson->lock held. Registers are kept as bytes where the zone may
 * address them so: an access of any width is its bytes one after the other.
 */
#ifndef IRQ_VLOONGSON_INTERNAL_H
#define IRQ_VLOONGSON_INTERNAL_H

#include "loongson-regs.h"
#include "vloongson.h"

#define VEIO_NODES        ((MAX_CPUS + EIO_CORES_PER_NODE - 1) / EIO_CORES_PER_NODE)
#define IPI_BYTES         (IOCSR_IPI_BANK_END - IOCSR_MAILBOX)
#define BYTE_ENABLE(size) ((size) >= 8 ? UINT64_MAX : BIT64(8 * (size)) - 1)

/* EIOINTC registers of four vCPUs. */
struct veio_node {
	uint8_t node_map[2 * EIO_NODES];
	uint8_t ip_map[EIO_VECTORS / 32];
	uint8_t enable[EIO_BITMAP_SIZE], bounce[EIO_BITMAP_SIZE];
	uint8_t route[EIO_VECTORS];
	uint8_t waiting[EIO_BITMAP_SIZE]; /* raised, not enabled */
};

struct vcore {
	uint8_t isr[EIO_BITMAP_SIZE];
	uint32_t ipi_status, ipi_enable;
	uint8_t mailbox[IPI_BYTES];
};

struct vlio {
	uint8_t route[LIOINTC_SOURCES];
	uint32_t enable, edge, polarity;
	uint32_t latched; /* edges */
};

struct vpch {
	uint64_t mask, htmsi, edge, polarity, auto0, auto1;
	uint64_t irr, isr;
	uint8_t route[VLOONGSON_INPUTS], vector[VLOONGSON_INPUTS];
};

/* What a snapshot holds: nothing in it needs a check before use. */
struct vloongson_state {
	uint32_t magic, vcpus;
	uint64_t misc;
	struct veio_node node[VEIO_NODES];
	struct vcore core[MAX_CPUS];
	struct vlio lio;
	struct vpch pch;
};

struct vinput_link {
	struct vloongson *v;
	uint32_t gsi;
	bool linked;
	bool level;
};

struct vloongson {
	struct lock lock;
	struct vloongson_config config;
	size_t pages;
	struct vloongson_state s;
	/* Wires from outside. */
	uint32_t lio_line;
	uint64_t pch_line;
	struct vinput_link link[VLOONGSON_INPUTS];
	struct vloongson_record record[VLOONGSON_VECTORS];
	/* Told to the outside, and to be told when the lock is released. */
	uint32_t lines[MAX_CPUS];
	uint32_t kick;                     /* vCPUs */
	bool moved;                        /* retarget has a bit set */
	uint8_t retarget[EIO_BITMAP_SIZE]; /* vectors */
	struct vloongson_stats stats;
};

static inline bool bitmap_get(const uint8_t *map, unsigned n)
{
	return map[n / 8] >> n % 8 & 1;
}

static inline void bitmap_put(uint8_t *map, unsigned n, bool on)
{
	map[n / 8] = (uint8_t)(on ? map[n / 8] | BIT32(n % 8) : map[n / 8] & ~BIT32(n % 8));
}

/* vloongson.c. The lock: releasing it kicks vCPUs and tells of moved vectors. */
void vloongson_lock(struct vloongson *v);
void vloongson_unlock(struct vloongson *v);
/* The vector's messages go to another vCPU now. */
void vloongson_moved(struct vloongson *v, unsigned vector);
/* Tells set_lines what changed. */
void vloongson_update(struct vloongson *v, unsigned vcpu);

/* veiointc.c */
void veio_reset(struct vloongson *v);
/* True when the byte is one of the EIOINTC's registers. */
bool veio_has(uint32_t offset);
uint8_t veio_read8(const struct vloongson *v, unsigned vcpu, uint32_t offset);
void veio_write8(struct vloongson *v, unsigned vcpu, uint32_t offset, uint8_t value);
void veio_raise(struct vloongson *v, unsigned vector);
/* A level went away before it was acknowledged. */
void veio_withdraw(struct vloongson *v, unsigned vector);
/* Which vCPU the vector would reach. */
unsigned veio_target(const struct vloongson *v, unsigned vector);
/* HWI lines of the vCPU. */
uint32_t veio_lines(const struct vloongson *v, unsigned vcpu);
/* MISC_FUNC was written: what waited for the EIOINTC to be switched on goes out. */
void veio_switched(struct vloongson *v);

/* vloongson-ipi.c: 0x1000 .. 0x13ff */
void vipi_reset(struct vloongson *v);
uint64_t vipi_read(const struct vloongson *v, unsigned vcpu, uint32_t offset, unsigned size);
void vipi_write(struct vloongson *v, unsigned vcpu, uint32_t offset, unsigned size, uint64_t value);

/* vliointc.c: offsets from IOCSR_LIOINTC, below LIOINTC_SIZE */
void vlio_reset(struct vloongson *v);
uint64_t vlio_read(const struct vloongson *v, unsigned vcpu, uint32_t offset, unsigned size);
void vlio_write(struct vloongson *v, uint32_t offset, unsigned size, uint64_t value);
void vlio_set_line(struct vloongson *v, unsigned source, bool level);
uint32_t vlio_lines(const struct vloongson *v, unsigned vcpu);

/* vpch-pic.c */
void vpch_reset(struct vloongson *v);
uint64_t vpch_read(const struct vloongson *v, uint32_t offset, unsigned size);
void vpch_write(struct vloongson *v, uint32_t offset, unsigned size, uint64_t value);
void vpch_set_line(struct vloongson *v, unsigned input, bool level);
/* The zone cleared this vector in a core ISR. */
void vpch_acknowledged(struct vloongson *v, unsigned vector);
/* The vector's messages go to another vCPU now: linked inputs follow. */
void vpch_retarget(struct vloongson *v, unsigned vector);
/* Physical masks follow the state. */
void vpch_links_update(struct vloongson *v);

#endif
