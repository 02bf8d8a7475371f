// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * EIOINTC, IPI, LIOINTC and the IOCSR space in front of them: see loongson-irq.h. The PCH-PIC is in
 * loongson-pch-pic.c. Offsets from docs/hardware/loongson-interrupts.md, "IOCSR space", "EIOINTC
 * registers", "LIOINTC registers".
 */
#include "loongson-irq-private.h"

#include "host.h"

#include <irq/iocsr.h>
#include <postern/arch.h>
#include <string.h>

#define CORES      64u
#define MAX_WRITES 8192u

struct node {
	uint64_t misc;
	uint16_t map[16];
	uint8_t pins[8];
	uint8_t enable[32], bounce[32], route[256];
	uint8_t waiting[32]; /* raised, not sent to a core yet */
};

struct core {
	uint8_t isr[32];
	uint32_t ipi_status, ipi_enable;
	uint64_t mailbox[4], deaf_until;
};

static struct {
	struct model_loongson_irq_config config;
	struct node node[MODEL_EIO_NODES];
	struct core core[MODEL_EIO_CPUS]; /* by CPU */
	uint8_t changed[256];
	struct {
		uint8_t route[32];
		uint32_t line, enable, edge, polarity;
	} lio;
	struct model_irq_write write[MAX_WRITES];
	unsigned writes;
	void (*after_isr_read)(void *ctx);
	void *after_isr_read_ctx;
} m;

static bool bit_of(const uint8_t *bits, unsigned n)
{
	return bits[n / 8] >> n % 8 & 1;
}

static void bit_put(uint8_t *bits, unsigned n, bool on)
{
	bits[n / 8] = (uint8_t)(on ? bits[n / 8] | 1u << n % 8 : bits[n / 8] & ~(1u << n % 8));
}

static int cpu_of_core(unsigned core)
{
	for (unsigned i = 0; i < m.config.cpus; i++)
		if (m.config.core[i] == core)
			return (int)i;
	return -1;
}

static unsigned node_of_cpu(unsigned cpu)
{
	return m.config.emulator ? 0 : m.config.core[cpu] / 4;
}

void model_loongson_irq_add(const struct model_loongson_irq_config *config)
{
	bool numbered = false;

	memset(&m, 0, sizeof(m));
	m.config = *config;
	if (config->cpus < 1 || config->cpus > MODEL_EIO_CPUS)
		model_fail("EIOINTC: %u CPUs", config->cpus);
	for (unsigned i = 0; i < config->cpus; i++)
		numbered |= config->core[i] != 0;
	for (unsigned i = 0; i < config->cpus; i++) {
		if (!numbered)
			m.config.core[i] = i;
		if (m.config.core[i] / 4 >= MODEL_EIO_NODES)
			model_fail("EIOINTC: core %u", m.config.core[i]);
	}
	/* Garbage that a driver must not rely on; MISC_FUNC as a board shows it before set-up. */
	for (unsigned n = 0; n < MODEL_EIO_NODES; n++) {
		m.node[n].misc = 0x0000f200f8880300;
		memset(m.node[n].bounce, 0x5a, 32);
		memset(m.node[n].enable, 0xa5, 32);
	}
	if (config->pch_pic)
		model_pch_pic_add(config);
}

/* ---- EIOINTC --------------------------------------------------------------------------------- */

static unsigned lowest(unsigned bits, unsigned fallback)
{
	return bits ? (unsigned)__builtin_ctz(bits) : fallback;
}

static void settle_on_core(unsigned node, unsigned vector)
{
	int cpu = cpu_of_core(4 * node + lowest(m.node[node].route[vector] & 15u, 0));

	if (m.config.emulator) {
		unsigned core = lowest(m.node[0].route[vector], 0);

		cpu = cpu_of_core(core < 4 ? core : 0);
	}
	if (cpu < 0)
		model_fail("EIOINTC: vector %u sent to a core that does not exist (route 0x%02x)",
			   vector, m.node[node].route[vector]);
	else
		bit_put(m.core[cpu].isr, vector, true);
}

static void send_on(unsigned home, unsigned vector)
{
	struct node *n = &m.node[home];
	unsigned target;

	if (!bit_of(n->waiting, vector) || !bit_of(n->enable, vector) || !(n->misc >> 48 & 1))
		return;
	target = m.config.emulator ? 0 : lowest(n->map[n->route[vector] >> 4], home);
	if (target >= MODEL_EIO_NODES)
		model_fail("EIOINTC: vector %u sent to node %u", vector, target);
	bit_put(n->waiting, vector, false);
	if (target != home) {
		bit_put(m.node[target].waiting, vector, true);
		if (!bit_of(m.node[target].enable, vector) || !(m.node[target].misc >> 48 & 1))
			return;
		bit_put(m.node[target].waiting, vector, false);
	}
	settle_on_core(target, vector);
}

void model_eio_raise(unsigned vector)
{
	bit_put(m.node[0].waiting, vector, true);
	send_on(0, vector);
}

void model_msi_write(uint32_t vector)
{
	model_eio_raise(vector & 0xff);
}

static void note_changes(unsigned first, unsigned before, unsigned after, uint8_t what)
{
	for (unsigned i = 0; i < 8; i++)
		if ((before ^ after) >> i & 1)
			m.changed[first + i] |= what;
}

/* A byte of the EIOINTC's registers, as CPU `cpu` addresses them. */
static uint8_t *eio_byte(unsigned cpu, uint32_t offset)
{
	struct node *n = &m.node[node_of_cpu(cpu)];

	if (offset >= 0x14a0 && offset < 0x14c0)
		return (uint8_t *)n->map + (offset - 0x14a0);
	if (offset >= 0x14c0 && offset < 0x14c8)
		return &n->pins[offset - 0x14c0];
	if (offset >= 0x1600 && offset < 0x1620)
		return &n->enable[offset - 0x1600];
	if (offset >= 0x1680 && offset < 0x16a0)
		return &n->bounce[offset - 0x1680];
	if (offset >= 0x1800 && offset < 0x1820)
		return &m.core[cpu].isr[offset - 0x1800];
	if (offset >= 0x1c00 && offset < 0x1d00)
		return &n->route[offset - 0x1c00];
	return NULL;
}

static void eio_write8(unsigned cpu, uint32_t offset, uint8_t value)
{
	struct node *n = &m.node[node_of_cpu(cpu)];
	uint8_t *byte = eio_byte(cpu, offset), before = *byte;
	unsigned first = (offset & 31) * 8;

	if (offset >= 0x1800 && offset < 0x1820) {
		*byte &= (uint8_t)~value;
		return;
	}
	*byte = value;
	if (offset < 0x1600)
		return;
	if (offset >= 0x1c00) {
		if (before != value)
			m.changed[offset - 0x1c00] |= MODEL_CHANGED_ROUTE;
	} else if (offset >= 0x1680) {
		note_changes(first, before, value, MODEL_CHANGED_BOUNCE);
	} else {
		note_changes(first, before, value, MODEL_CHANGED_ENABLE);
		for (unsigned i = 0; i < 8; i++)
			send_on((unsigned)(n - m.node), first + i);
	}
}

static bool eio_width_ok(uint32_t offset, unsigned size)
{
	if (size >= 4)
		return true;
	if (!m.config.emulator)
		model_fail("EIOINTC: %u-byte access to 0x%x, which not every machine takes", size,
			   offset);
	return false;
}

static uint64_t eio_read(unsigned cpu, uint32_t offset, unsigned size)
{
	uint64_t value = 0;

	if (!eio_width_ok(offset, size))
		return 0;
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)*eio_byte(cpu, offset + i) << 8 * i;
	if (offset >= 0x1800 && offset < 0x1820 && value && m.after_isr_read) {
		void (*call)(void *ctx) = m.after_isr_read;

		m.after_isr_read = NULL;
		call(m.after_isr_read_ctx);
	}
	return value;
}

static void eio_write(unsigned cpu, uint32_t offset, unsigned size, uint64_t value)
{
	if (!eio_width_ok(offset, size))
		return;
	for (unsigned i = 0; i < size; i++)
		eio_write8(cpu, offset + i, (uint8_t)(value >> 8 * i));
}

/* ---- IPI, mailboxes, writes into other cores ------------------------------------------------- */

static uint64_t ipi_read(unsigned cpu, uint32_t offset)
{
	const struct core *c = &m.core[cpu];

	if (offset == 0x1000)
		return c->ipi_status;
	if (offset == 0x1004)
		return c->ipi_enable;
	if (offset >= 0x1020 && offset < 0x1040)
		return c->mailbox[(offset - 0x1020) / 8] >> 8 * (offset & 7);
	if (offset != 0x1008 && offset != 0x100c)
		model_fail("IPI: read of 0x%x", offset);
	return 0;
}

static void ipi_set(unsigned core, uint32_t bits)
{
	int cpu = cpu_of_core(core);

	if (cpu < 0)
		model_fail("IPI to core %u, which does not exist", core);
	else if (host_time_ns() >= m.core[cpu].deaf_until)
		m.core[cpu].ipi_status |= bits;
}

static void mailbox_put(unsigned cpu, unsigned half, uint32_t data, unsigned keep)
{
	uint8_t *bytes = (uint8_t *)m.core[cpu].mailbox + 4 * half;

	for (unsigned i = 0; i < 4; i++)
		if (!(keep >> i & 1))
			bytes[i] = (uint8_t)(data >> 8 * i);
}

static void mail_send(uint64_t value)
{
	int cpu = cpu_of_core(value >> 16 & 0x3ff);

	if (cpu < 0)
		model_fail("MAIL_SEND to core %u, which does not exist",
			   (unsigned)(value >> 16 & 0x3ff));
	else
		mailbox_put((unsigned)cpu, value >> 2 & 7, (uint32_t)(value >> 32),
			    value >> 27 & 15);
}

/* Kept bytes are read and written back, also where writing ones clears. */
static void any_send(uint64_t value)
{
	int cpu = cpu_of_core(value >> 16 & 0x3ff);
	uint32_t offset = value & 0xffff;
	unsigned keep = value >> 27 & 15;

	if (cpu < 0 || offset % 4 || !eio_byte((unsigned)cpu, offset)) {
		model_fail("ANY_SEND of 0x%llx", (unsigned long long)value);
		return;
	}
	for (unsigned i = 0; i < 4; i++) {
		uint8_t byte = (uint8_t)(value >> (32 + 8 * i));

		eio_write8((unsigned)cpu, offset + i,
			   keep >> i & 1 ? *eio_byte((unsigned)cpu, offset + i) : byte);
	}
}

static void ipi_write(unsigned cpu, uint32_t offset, unsigned size, uint64_t value)
{
	struct core *c = &m.core[cpu];

	if (offset == 0x1004 && size == 4)
		c->ipi_enable = (uint32_t)value;
	else if (offset == 0x1008 && size == 4)
		c->ipi_status |= (uint32_t)value;
	else if (offset == 0x100c && size == 4)
		c->ipi_status &= ~(uint32_t)value;
	else if (offset >= 0x1020 && offset < 0x1040 && size == 8)
		c->mailbox[(offset - 0x1020) / 8] = value;
	else if (offset == 0x1040 && size == 4)
		ipi_set(value >> 16 & 0x3ff, 1u << (value & 31));
	else if (offset == 0x1048 && size == 8)
		mail_send(value);
	else if (offset == 0x1140 && size == 4)
		model_eio_raise(value & 0xff);
	else if (offset == 0x1158 && size == 8)
		any_send(value);
	else
		model_fail("IPI: %u-byte write of 0x%x", size, offset);
}

/* ---- LIOINTC --------------------------------------------------------------------------------- */

static uint32_t lio_pending(unsigned cpu, unsigned pin_or_any)
{
	uint32_t bits = m.lio.line & m.lio.enable;
	unsigned core = m.config.core[cpu];

	for (unsigned i = 0; i < 32; i++) {
		bool here = core < 4 && m.lio.route[i] >> core & 1;
		bool pin = pin_or_any > 3 || m.lio.route[i] >> (4 + pin_or_any) & 1;

		if (!here || !pin)
			bits &= ~(1u << i);
	}
	return bits;
}

static uint64_t lio_read(unsigned cpu, uint32_t offset, unsigned size)
{
	if (offset < 0x20 && size == 1)
		return m.lio.route[offset];
	if (size == 4 && offset == 0x20)
		return m.lio.line & m.lio.enable;
	if (size == 4 && offset == 0x24)
		return m.lio.enable;
	if (size == 4 && offset == 0x40)
		return lio_pending(cpu, ~0u);
	model_fail("LIOINTC: %u-byte read of 0x%x", size, offset);
	return 0;
}

static void lio_write(uint32_t offset, unsigned size, uint64_t value)
{
	if (offset < 0x20 && size == 1)
		m.lio.route[offset] = (uint8_t)value;
	else if (offset == 0x28 && size == 4)
		m.lio.enable |= (uint32_t)value;
	else if (offset == 0x2c && size == 4)
		m.lio.enable &= ~(uint32_t)value;
	else if (offset == 0x30 && size == 4)
		m.lio.polarity = (uint32_t)value;
	else if (offset == 0x34 && size == 4)
		m.lio.edge = (uint32_t)value;
	else
		model_fail("LIOINTC: %u-byte write of 0x%x", size, offset);
}

void model_lio_line(unsigned source, bool level)
{
	m.lio.line = level ? m.lio.line | 1u << source : m.lio.line & ~(1u << source);
}

/* ---- the space ------------------------------------------------------------------------------- */

static uint64_t identification(uint32_t offset, unsigned size)
{
	if (offset == 0x0 && size == 4)
		return 0x11;
	if (offset == 0x8)
		return 0x27ff;
	if (offset == 0x10 && size == 8)
		return 0x6e6f73676e6f6f4c;
	if (offset == 0x20 && size == 8)
		return 0x4c2d303030364133;
	model_fail("IOCSR: %u-byte read of 0x%x", size, offset);
	return 0;
}

static void check(unsigned cpu, uint32_t offset, unsigned size)
{
	if (cpu >= m.config.cpus)
		model_fail("IOCSR: access of CPU %u, which does not exist", cpu);
	if (offset % size)
		model_fail("IOCSR: misaligned access to 0x%x", offset);
}

uint64_t model_iocsr_read(unsigned cpu, uint32_t offset, unsigned size)
{
	check(cpu, offset, size);
	if (eio_byte(cpu, offset))
		return eio_read(cpu, offset, size);
	if (offset == 0x420 && size == 8)
		return m.node[node_of_cpu(cpu)].misc;
	if (offset >= 0x1000 && offset < 0x1400)
		return ipi_read(cpu, offset);
	if (offset >= 0x1400 && offset < 0x1460)
		return lio_read(cpu, offset - 0x1400, size);
	return identification(offset, size);
}

void model_iocsr_write(unsigned cpu, uint32_t offset, unsigned size, uint64_t value)
{
	struct node *n = &m.node[node_of_cpu(cpu)];

	check(cpu, offset, size);
	model_irq_note(false, offset, size, value);
	if (eio_byte(cpu, offset)) {
		eio_write(cpu, offset, size, value);
	} else if (offset == 0x420 && size == 8) {
		n->misc = value;
		for (unsigned v = 0; v < MODEL_EIO_VECTORS; v++)
			send_on((unsigned)(n - m.node), v);
	} else if (offset >= 0x1000 && offset < 0x1400) {
		ipi_write(cpu, offset, size, value);
	} else if (offset >= 0x1400 && offset < 0x1460) {
		lio_write(offset - 0x1400, size, value);
	} else {
		model_fail("IOCSR: %u-byte write of 0x%x", size, offset);
	}
}

#define ACCESSORS(bits)                                                                      \
	uint##bits##_t arch_iocsr_read##bits(uint32_t offset)                                \
	{                                                                                    \
		return (uint##bits##_t)model_iocsr_read(arch_cpu_index(), offset, bits / 8); \
	}                                                                                    \
	void arch_iocsr_write##bits(uint32_t offset, uint##bits##_t value)                   \
	{                                                                                    \
		model_iocsr_write(arch_cpu_index(), offset, bits / 8, value);                \
	}
ACCESSORS(8)
ACCESSORS(16)
ACCESSORS(32)
ACCESSORS(64)

uint32_t model_cpu_lines(unsigned cpu)
{
	const struct node *n = &m.node[node_of_cpu(cpu)];
	const struct core *c = &m.core[cpu];
	uint32_t lines = (c->ipi_status & c->ipi_enable) != 0 ? 1u << MODEL_LINE_IPI : 0;

	for (unsigned g = 0; g < 8; g++) {
		unsigned pin = n->misc >> 49 & 1 ? n->pins[g] : lowest(n->pins[g], 0);
		uint32_t pending;

		memcpy(&pending, &c->isr[4 * g], 4);
		if (pending)
			lines |= 1u << (pin < 8 ? pin : 0);
	}
	for (unsigned pin = 0; pin < 4; pin++)
		if (lio_pending(cpu, pin))
			lines |= 1u << pin;
	return lines;
}

/* ---- for tests ------------------------------------------------------------------------------- */

bool model_eio_enabled(unsigned node, unsigned vector)
{
	return bit_of(m.node[node].enable, vector);
}

uint8_t model_eio_route(unsigned node, unsigned vector)
{
	return m.node[node].route[vector];
}

bool model_eio_pending(unsigned cpu, unsigned vector)
{
	return bit_of(m.core[cpu].isr, vector);
}

uint64_t model_eio_misc(unsigned node)
{
	return m.node[node].misc;
}

uint64_t model_mailbox(unsigned cpu, unsigned n)
{
	return m.core[cpu].mailbox[n];
}

uint32_t model_ipi_status(unsigned cpu)
{
	return m.core[cpu].ipi_status;
}

bool model_lio_enabled(unsigned source)
{
	return m.lio.enable >> source & 1;
}

unsigned model_eio_changed(unsigned vector)
{
	return m.changed[vector];
}

void model_eio_changes_clear(void)
{
	memset(m.changed, 0, sizeof(m.changed));
}

void model_irq_note(bool pch_pic, uint32_t offset, unsigned size, uint64_t value)
{
	if (m.writes == MAX_WRITES)
		model_fail("more than %u writes to interrupt controllers", MAX_WRITES);
	m.write[m.writes++] =
		(struct model_irq_write){ pch_pic, arch_cpu_index(), size, offset, value };
}

const struct model_irq_write *model_irq_writes(unsigned *count)
{
	*count = m.writes;
	return m.write;
}

void model_irq_writes_clear(void)
{
	m.writes = 0;
}

void model_after_isr_read(void (*call)(void *ctx), void *ctx)
{
	m.after_isr_read = call;
	m.after_isr_read_ctx = ctx;
}

void model_deaf_until(unsigned cpu, uint64_t ns)
{
	m.core[cpu].deaf_until = ns;
}
