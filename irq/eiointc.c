// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The physical EIOINTC: see eiointc.h for the contract, docs/hardware/loongson-interrupts.md for the
 * registers.
 *
 * Every four cores have a register file. A device's message enters that of its bridge's node (the
 * vector's home), whose route byte names a node and a core in it; if the node is another one, that
 * node's route byte names the core. So all nodes carry the same enable bits, and each its own form of
 * the route. A core reaches its own node's registers directly and every node's by ANY_SEND, which
 * writes single bytes and so no byte of somebody else's.
 *
 * The tables here are the truth: registers are written from them, never read back to be changed.
 *
 * Locking: eio.lock around the tables and the registers that follow from them. eiointc_handle() takes
 * none: it reads a vector's handler atomically, inside a section that eiointc_release() waits for.
 */
#include "eiointc.h"

#include <stdatomic.h>

#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/host.h>
#include <postern/zone.h>

#include "iocsr.h"
#include "loongson-ipi.h"
#include "loongson-regs.h"

#define SECTION_US     100000u
#define HWI_LINES      8u
#define KEEP_ALL_BYTES 0xfu

struct vector {
	_Atomic(eiointc_handler *) handler; /* NULL: nothing is delivered */
	void *context;
	struct zone *owner;
	bool claimed;
	uint8_t home; /* EIO node devices send it to */
	uint8_t cpu;
	uint32_t cpus;  /* whose handlers may run: the owner's */
	uint64_t fired; /* by the CPU it is routed to */
};

_Static_assert(MAX_CPUS <= 32, "a word of CPUs");

struct eio_cpu {
	bool ready;
	uint8_t core;
	/* Odd from before an acknowledgement until its handlers are done. Written by this CPU only. */
	atomic_uint section;
};

struct eio_node {
	bool ready;   /* its registers follow the tables */
	uint8_t core; /* whom ANY_SEND addresses it by: its first that the machine has */
};

static struct {
	struct lock lock;
	unsigned vectors, pin, cpus;
	struct vector vector[EIO_VECTORS];
	uint8_t enabled[EIO_BITMAP_SIZE];
	struct eio_cpu cpu[MAX_CPUS];
	struct eio_node node[EIO_NODES];
	_Atomic uint64_t stray;
} eio;

static unsigned node_of(unsigned core)
{
	return core / EIO_CORES_PER_NODE;
}

int eiointc_init(const struct loongson_intc_info *info, const struct cpu_info *cpus,
		 unsigned cpu_count)
{
	eio.vectors = 0;
	if (!info->vectors)
		return -ENODEV;
	if (info->vectors > EIO_VECTORS || info->vectors % 64 || info->eio_pin >= HWI_LINES ||
	    cpu_count == 0 || cpu_count > MAX_CPUS) {
		host_log(LOG_ERROR, "eiointc: %u vectors on line %u for %u CPUs cannot be",
			 info->vectors, info->eio_pin, cpu_count);
		return -EINVAL;
	}
	for (unsigned i = 0; i < EIO_NODES; i++)
		eio.node[i] = (struct eio_node){ .ready = false };
	for (unsigned i = 0; i < EIO_VECTORS; i++) {
		struct vector *v = &eio.vector[i];

		atomic_store(&v->handler, NULL);
		v->claimed = false;
		v->owner = NULL;
		v->fired = 0;
	}
	for (unsigned i = 0; i < EIO_BITMAP_SIZE; i++)
		eio.enabled[i] = 0;
	for (unsigned i = 0; i < MAX_CPUS; i++)
		eio.cpu[i].ready = false;
	for (unsigned i = cpu_count; i-- > 0;) {
		if (cpus[i].hw_id >= EIO_NODES * EIO_CORES_PER_NODE) {
			host_log(LOG_ERROR, "eiointc: no route reaches core %llu of CPU %u",
				 (unsigned long long)cpus[i].hw_id, i);
			return -EINVAL;
		}
		eio.cpu[i].core = (uint8_t)cpus[i].hw_id;
		eio.node[node_of(eio.cpu[i].core)].core = eio.cpu[i].core;
	}
	atomic_store(&eio.stray, 0);
	eio.cpus = cpu_count;
	eio.pin = info->eio_pin;
	eio.vectors = info->vectors;
	return 0;
}

unsigned eiointc_pin(void)
{
	return eio.pin;
}

unsigned eiointc_vectors(void)
{
	return eio.vectors;
}

bool eiointc_cpu_ready(unsigned cpu)
{
	return cpu < MAX_CPUS && eio.cpu[cpu].ready;
}

/* What node `node` must hold to bring the vector to its CPU; nobody's vectors go to the boot CPU. */
static uint8_t route_byte(const struct vector *v, unsigned node)
{
	unsigned core = eio.cpu[v->claimed ? v->cpu : 0].core;
	unsigned home = v->claimed ? v->home : node_of(core);
	unsigned next = node == home ? node_of(core) : node;

	return (uint8_t)(FIELD_PUT(EIO_ROUTE_CORE, BIT32(core % EIO_CORES_PER_NODE)) |
			 FIELD_PUT(EIO_ROUTE_NODE, next));
}

/* One byte of a node's register file. */
static void node_write8(unsigned node, uint32_t offset, uint8_t value)
{
	unsigned byte = offset % 4;

	loongson_any_send(eio.node[node].core, offset - byte, (uint32_t)value << 8 * byte,
			  KEEP_ALL_BYTES & ~BIT32(byte));
}

/* Lock held. The home's byte last: it is what sends a message on its way. */
static void route_write(unsigned vector)
{
	const struct vector *v = &eio.vector[vector];

	for (unsigned node = 0; node < EIO_NODES; node++)
		if (eio.node[node].ready && node != v->home)
			node_write8(node, IOCSR_EIO_ROUTE + vector, route_byte(v, node));
	if (eio.node[v->home].ready)
		node_write8(v->home, IOCSR_EIO_ROUTE + vector, route_byte(v, v->home));
}

/* Lock held. */
static void enable_write(unsigned vector, bool on)
{
	uint8_t *bits = &eio.enabled[vector / 8];

	*bits = (uint8_t)(on ? *bits | BIT32(vector % 8) : *bits & ~BIT32(vector % 8));
	for (unsigned node = 0; node < EIO_NODES; node++)
		if (eio.node[node].ready)
			node_write8(node, IOCSR_EIO_ENABLE + vector / 8, *bits);
}

/*
 * Lock held. On every core, as it may be left on one it was moved away from. Zeros leave the other 31
 * vectors alone; keeping their bytes instead would clear them.
 */
static void core_isr_clear(unsigned vector)
{
	uint32_t word = IOCSR_EIO_CORE_ISR + vector / 32 * 4;
	unsigned self = arch_cpu_index();

	arch_iocsr_write32(word, BIT32(vector % 32));
	for (unsigned i = 0; i < eio.cpus; i++)
		if (i != self && eio.cpu[i].ready)
			loongson_any_send(eio.cpu[i].core, word, BIT32(vector % 32), 0);
}

/* Lock held, on a CPU of the node. */
static void node_program(unsigned node)
{
	uint32_t pin = BIT32(eio.pin), word;
	uint64_t misc;

	for (unsigned i = 0; i < eio.vectors / 32; i++)
		arch_iocsr_write32(IOCSR_EIO_ENABLE + 4 * i, 0);
	misc = arch_iocsr_read64(IOCSR_MISC_FUNC);
	arch_iocsr_write64(IOCSR_MISC_FUNC, (misc | MISC_EIOINTC_ENABLE) & ~MISC_INT_ENCODE);
	for (unsigned i = 0; i < EIO_NODES / 2; i++)
		arch_iocsr_write32(IOCSR_EIO_NODE_MAP + 4 * i,
				   BIT32(2 * i + 1) << 16 | BIT32(2 * i));
	for (unsigned i = 0; i < eio.vectors / 32; i += 4)
		arch_iocsr_write32(IOCSR_EIO_IP_MAP + i, pin * 0x01010101u);
	for (unsigned i = 0; i < eio.vectors; i += 4) {
		word = 0;
		for (unsigned byte = 0; byte < 4; byte++)
			word |= (uint32_t)route_byte(&eio.vector[i + byte], node) << 8 * byte;
		arch_iocsr_write32(IOCSR_EIO_ROUTE + i, word);
	}
	for (unsigned i = 0; i < eio.vectors / 32; i++) {
		word = 0;
		for (unsigned byte = 0; byte < 4; byte++)
			word |= (uint32_t)eio.enabled[4 * i + byte] << 8 * byte;
		arch_iocsr_write32(IOCSR_EIO_BOUNCE + 4 * i, 0);
		arch_iocsr_write32(IOCSR_EIO_ENABLE + 4 * i, word);
	}
	eio.node[node].ready = true;
}

static uint8_t route_read_local(unsigned vector)
{
	return (uint8_t)(arch_iocsr_read32(IOCSR_EIO_ROUTE + vector / 4 * 4) >> 8 * (vector % 4));
}

/*
 * Lock held, on a CPU of a node that is not ready yet. An emulated machine may have one register file
 * for all its CPUs, which cannot name the cores of a second node: what is written into the first node's
 * then shows here.
 */
static bool node_is_its_own(void)
{
	unsigned first = node_of(eio.cpu[0].core), vector = eio.vectors;
	uint8_t before, probe;
	bool shared;

	while (vector > 0 && eio.vector[vector - 1].claimed)
		vector--;
	if (vector-- == 0)
		return false;
	before = route_read_local(vector);
	probe = (uint8_t)(FIELD_PUT(EIO_ROUTE_NODE, first) | BIT32(0));
	if (probe == before)
		probe = (uint8_t)(FIELD_PUT(EIO_ROUTE_NODE, first) | BIT32(1));
	node_write8(first, IOCSR_EIO_ROUTE + vector, probe);
	shared = route_read_local(vector) == probe;
	node_write8(first, IOCSR_EIO_ROUTE + vector, route_byte(&eio.vector[vector], first));
	return !shared;
}

int eiointc_cpu_init(void)
{
	unsigned index = arch_cpu_index();
	struct eio_cpu *cpu = &eio.cpu[index];
	unsigned node;
	bool ready;

	if (!eio.vectors || index >= eio.cpus)
		return -ENODEV;
	cpu->ready = false;
	atomic_store(&cpu->section, 0);
	node = node_of(cpu->core);
	host_lock(&eio.lock);
	if (!eio.node[node].ready && (index == 0 || node_is_its_own()))
		node_program(node);
	ready = eio.node[node].ready;
	host_unlock(&eio.lock);
	if (!ready) {
		host_log(
			LOG_WARN,
			"eiointc: this machine routes to cores 0 to 3 only: no device interrupts on "
			"CPU %u (core %u)",
			index, cpu->core);
		return -EOPNOTSUPP;
	}
	/* What earlier software left pending; the vectors' new owners have nothing in flight yet. */
	for (unsigned i = 0; i < eio.vectors / 64; i++)
		arch_iocsr_write64(IOCSR_EIO_CORE_ISR + 8 * i,
				   arch_iocsr_read64(IOCSR_EIO_CORE_ISR + 8 * i));
	cpu->ready = true;
	return 0;
}

/* A vector on a CPU that its owner has not is a leftover of an earlier owner, or misrouted. */
static void dispatch(unsigned vector, unsigned cpu)
{
	struct vector *v = &eio.vector[vector];
	eiointc_handler *handler = atomic_load(&v->handler);

	if (!handler || !(v->cpus & BIT32(cpu))) {
		atomic_fetch_add_explicit(&eio.stray, 1, memory_order_relaxed);
		return;
	}
	v->fired++;
	handler(v->context, vector);
}

unsigned eiointc_handle(void)
{
	unsigned self = arch_cpu_index(), served = 0;
	struct eio_cpu *cpu = &eio.cpu[self];

	atomic_fetch_add(&cpu->section, 1);
	arch_full_barrier();
	for (unsigned i = 0; i < eio.vectors / 64; i++) {
		uint64_t pending = arch_iocsr_read64(IOCSR_EIO_CORE_ISR + 8 * i);

		if (!pending)
			continue;
		/* Cleared before it is served, and no bit that was not seen: they are edges. */
		arch_iocsr_write64(IOCSR_EIO_CORE_ISR + 8 * i, pending);
		for (; pending; pending &= pending - 1, served++)
			dispatch(64 * i + (unsigned)__builtin_ctzll(pending), self);
	}
	atomic_fetch_add_explicit(&cpu->section, 1, memory_order_release);
	return served;
}

/* Waits until every other CPU has left the handlers it may be in now. */
static int quiesce_others(void)
{
	unsigned self = arch_cpu_index(), us = 0;

	for (unsigned i = 0; i < eio.cpus; i++) {
		struct eio_cpu *cpu = &eio.cpu[i];
		unsigned section = atomic_load(&cpu->section);

		if (i == self || !cpu->ready)
			continue;
		while (section & 1 && atomic_load(&cpu->section) == section) {
			if (us++ == SECTION_US)
				return -ETIMEDOUT;
			host_udelay(1);
		}
	}
	return 0;
}

/* The CPUs that may have an owner's vectors; the hypervisor, and a zone without CPUs: any. */
static uint32_t owners_cpus(const struct zone *owner)
{
	uint32_t cpus = 0;

	if (!owner || !owner->cpu_count)
		return MASK32(MAX_CPUS - 1, 0);
	for (unsigned i = 0; i < owner->cpu_count; i++)
		cpus |= BIT32(owner->cpus[i] % MAX_CPUS);
	return cpus;
}

static bool cpu_allowed(const struct zone *owner, unsigned cpu)
{
	return eiointc_cpu_ready(cpu) && owners_cpus(owner) & BIT32(cpu);
}

/* Lock held. A free vector of [first, last), or last. */
static unsigned free_vector(unsigned first, unsigned last)
{
	while (first < last && eio.vector[first].claimed)
		first++;
	return first;
}

int eiointc_claim(unsigned first, unsigned count, unsigned home, unsigned cpu, struct zone *owner,
		  eiointc_handler *handler, void *context)
{
	unsigned vector;
	struct vector *v;

	if (!count || first >= eio.vectors || count > eio.vectors - first || home >= EIO_NODES ||
	    !handler || !cpu_allowed(owner, cpu))
		return -EINVAL;
	host_lock(&eio.lock);
	vector = free_vector(first, first + count);
	if (vector == first + count) {
		host_unlock(&eio.lock);
		return -ENOSPC;
	}
	v = &eio.vector[vector];
	v->claimed = true;
	v->owner = owner;
	v->home = (uint8_t)home;
	v->cpu = (uint8_t)cpu;
	v->cpus = owners_cpus(owner);
	v->context = context;
	v->fired = 0;
	route_write(vector);
	core_isr_clear(vector);
	atomic_store(&v->handler, handler);
	enable_write(vector, true);
	host_unlock(&eio.lock);
	return (int)vector;
}

int eiointc_target(unsigned vector, unsigned cpu)
{
	struct vector *v = &eio.vector[vector % EIO_VECTORS];
	int err = -EINVAL;

	host_lock(&eio.lock);
	if (vector < eio.vectors && v->claimed && atomic_load(&v->handler) &&
	    cpu_allowed(v->owner, cpu)) {
		err = 0;
		if (v->cpu != cpu) {
			v->cpu = (uint8_t)cpu;
			route_write(vector);
		}
	}
	host_unlock(&eio.lock);
	return err;
}

/* Lock held. This CPU sees whether it is clear; another one's register can only be written. */
static bool vector_silence(unsigned vector)
{
	struct vector *v = &eio.vector[vector];
	uint32_t word = IOCSR_EIO_CORE_ISR + vector / 32 * 4;

	atomic_store(&v->handler, NULL);
	enable_write(vector, false);
	core_isr_clear(vector);
	return !(arch_iocsr_read32(word) & BIT32(vector % 32));
}

int eiointc_release_all(const unsigned *vectors, unsigned count)
{
	int err = 0;

	host_lock(&eio.lock);
	for (unsigned i = 0; i < count && !err; i++)
		if (vectors[i] >= eio.vectors || !eio.vector[vectors[i]].claimed)
			err = -EINVAL;
	for (unsigned i = 0; i < count && err != -EINVAL; i++)
		if (!vector_silence(vectors[i]))
			err = -ETIMEDOUT;
	host_unlock(&eio.lock);
	if (err != -EINVAL && quiesce_others())
		err = -ETIMEDOUT;
	if (err)
		return err;
	host_lock(&eio.lock);
	for (unsigned i = 0; i < count; i++) {
		struct vector *v = &eio.vector[vectors[i]];

		v->claimed = false;
		v->owner = NULL;
		v->context = NULL;
	}
	host_unlock(&eio.lock);
	return 0;
}

int eiointc_release(unsigned vector)
{
	return eiointc_release_all(&vector, 1);
}

void eiointc_vector_info(unsigned vector, struct eiointc_vector_info *out)
{
	const struct vector *v = &eio.vector[vector % EIO_VECTORS];

	host_lock(&eio.lock);
	*out = (struct eiointc_vector_info){ .claimed = false };
	if (vector < eio.vectors && v->claimed)
		*out = (struct eiointc_vector_info){ true, v->owner, v->cpu, v->fired };
	host_unlock(&eio.lock);
}

uint64_t eiointc_stray(void)
{
	return atomic_load_explicit(&eio.stray, memory_order_relaxed);
}
