// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arm SMMUv3 model: registers and commands. See smmuv3.h. Sections are those of Arm IHI 0070.
 */
#include "smmuv3-private.h"

#include <string.h>

#define REGION  0x20000u
#define MAX_LOG 65536u

/* 6.2, 6.3 */
enum {
	R_IDR0 = 0x0,
	R_IDR1 = 0x4,
	R_IDR3 = 0xc,
	R_IDR5 = 0x14,
	R_AIDR = 0x1c,
	R_CR0 = 0x20,
	R_CR0ACK = 0x24,
	R_CR1 = 0x28,
	R_CR2 = 0x2c,
	R_GBPA = 0x44,
	R_IRQ_CTRL = 0x50,
	R_IRQ_CTRLACK = 0x54,
	R_GERROR = 0x60,
	R_GERRORN = 0x64,
	R_GERROR_IRQ_CFG0 = 0x68,
	R_STRTAB_BASE = 0x80,
	R_STRTAB_BASE_CFG = 0x88,
	R_CMDQ_BASE = 0x90,
	R_CMDQ_PROD = 0x98,
	R_CMDQ_CONS = 0x9c,
	R_EVENTQ_BASE = 0xa0,
	R_EVENTQ_IRQ_CFG0 = 0xb0,
	R_EVENTQ_PROD = 0x100a8,
	R_EVENTQ_CONS = 0x100ac,
};

static unsigned oas_code(unsigned width)
{
	static const unsigned widths[] = { 32, 36, 40, 42, 44, 48, 52 };

	for (unsigned i = 0; i < 7; i++)
		if (widths[i] == width)
			return i;
	model_fail("no such output size: %u", width);
	return 0;
}

void model_smmu_gerror(struct model_smmu *m, uint32_t which)
{
	/* A bit that is active already stays so: errors do not nest (6.3.19). */
	which &= ~(m->gerror ^ m->gerrorn);
	if (!which)
		return;
	m->gerror ^= which;
	if (m->irq_ctrl & 1)
		m->error_irqs++;
}

/* ---- commands (4) --------------------------------------------------------------------- */

static void forget_ste(struct model_smmu *m, bool all, uint32_t stream)
{
	for (unsigned i = 0; i < m->ste_count;) {
		if (all || m->stes[i].stream == stream)
			m->stes[i] = m->stes[--m->ste_count];
		else
			i++;
	}
}

/*
 * Translations (and with tables, table descriptors) of the VMID, or of all; of one address, or of
 * all.
 */
static void forget_translations(struct model_smmu *m, bool all_vmids, uint16_t vmid,
				bool all_addresses, uint64_t address, bool tables)
{
	for (unsigned i = 0; i < m->tlb_count;) {
		const struct cached_translation *e = &m->tlb[i];

		if ((all_vmids || e->vmid == vmid) &&
		    (all_addresses || range_inside(address, 1, e->ia, e->size)))
			m->tlb[i] = m->tlb[--m->tlb_count];
		else
			i++;
	}
	for (unsigned i = 0; tables && i < m->table_count;) {
		const struct cached_table *e = &m->tables[i];

		if ((all_vmids || e->vmid == vmid) &&
		    (all_addresses || range_inside(address, 1, e->ia, e->size)))
			m->tables[i] = m->tables[--m->table_count];
		else
			i++;
	}
}

static void carry_out_pending(struct model_smmu *m)
{
	for (unsigned i = 0; i < m->pending_count; i++) {
		const uint64_t *c = m->pending[i];
		uint16_t vmid = (uint16_t)bits(c[0], 47, 32);

		switch (c[0] & 0xff) {
		case 0x03:
			forget_ste(m, false, (uint32_t)(c[0] >> 32));
			break;
		case 0x04:
			forget_ste(m, true, 0);
			break;
		case 0x20: /* EL2 translations: none is ever made here */
			break;
		case 0x28:
			forget_translations(m, false, vmid, true, 0, true);
			break;
		case 0x2a:
			forget_translations(m, false, vmid, false, bits(c[1], 51, 12) << 12,
					    !(c[1] & 1));
			break;
		case 0x30:
			forget_translations(m, true, 0, true, 0, true);
			break;
		}
	}
	m->pending_count = 0;
}

static bool command_legal(const struct model_smmu *m, const uint64_t c[2])
{
	switch (c[0] & 0xff) {
	case 0x03:
	case 0x30:
	case 0x46:
		return true;
	case 0x04: /* only Range = 31, CFGI_ALL, is modelled */
		return (c[1] & 0x1f) == 31;
	case 0x20:
		return m->config.hyp;
	case 0x28:
		return !m->config.no_stage2;
	case 0x2a: /* by range (TG != 0) is not offered: IDR3.RIL = 0 */
		return !m->config.no_stage2 && bits(c[1], 11, 10) == 0 && bits(c[0], 24, 12) == 0;
	}
	return false;
}

static void command_log(struct model_smmu *m, const uint64_t c[2])
{
	struct model_smmu_command *l;

	if (m->log_count == MAX_LOG)
		return;
	l = &m->log[m->log_count++];
	*l = (struct model_smmu_command){ .opcode = (uint8_t)c[0] };
	if (l->opcode == 0x03)
		l->stream = (uint32_t)(c[0] >> 32);
	if (l->opcode == 0x28 || l->opcode == 0x2a)
		l->vmid = (uint16_t)bits(c[0], 47, 32);
	if (l->opcode == 0x2a)
		l->address = bits(c[1], 51, 12) << 12;
}

static void command_error(struct model_smmu *m, unsigned cerror)
{
	m->cmdq_cons = (m->cmdq_cons & 0xfffffu) | cerror << 24;
	model_smmu_gerror(m, 1);
}

static void commands_run(struct model_smmu *m)
{
	unsigned log2 = (unsigned)bits(m->cmdq_base, 4, 0);
	uint64_t base = bits(m->cmdq_base, 51, 5) << 5;
	uint32_t mask = (1u << log2) - 1, both = (2u << log2) - 1;

	while ((m->cr0ack & CMDQEN) && ((m->cmdq_prod ^ m->cmdq_cons) & both) &&
	       !((m->gerror ^ m->gerrorn) & 1)) {
		uint64_t c[2];

		if (!model_bus_read(base + (uint64_t)(m->cmdq_cons & mask) * 16, c, sizeof(c))) {
			command_error(m, 2);
			return;
		}
		if (m->refuse && m->refuse-- == 1) {
			command_error(m, m->refuse_cerror);
			return;
		}
		if (!command_legal(m, c)) {
			command_error(m, 1);
			return;
		}
		if ((c[0] & 0xff) == 0x46) {
			if (!m->stopped && m->stop_sync && m->stop_sync-- == 1)
				m->stopped = true;
			if (m->stopped)
				return;
			carry_out_pending(m);
		} else {
			if (m->pending_count == MAX_PENDING)
				model_fail("too many invalidations without a CMD_SYNC");
			memcpy(m->pending[m->pending_count++], c, sizeof(c));
		}
		command_log(m, c);
		m->cmdq_cons = (m->cmdq_cons + 1) & both;
	}
}

/* ---- registers ------------------------------------------------------------------------ */

static bool is_wide(uint64_t offset)
{
	return offset == R_STRTAB_BASE || offset == R_CMDQ_BASE || offset == R_EVENTQ_BASE ||
	       offset == R_GERROR_IRQ_CFG0 || offset == R_EVENTQ_IRQ_CFG0;
}

uint64_t model_smmu_register(const struct model_smmu *m, uint64_t offset)
{
	switch (offset) {
	case R_IDR0:
	case R_IDR1:
	case 0x8:
	case R_IDR3:
	case 0x10:
	case R_IDR5:
		return m->idr[offset / 4];
	case R_AIDR:
		return 1;
	case R_CR0:
		return m->cr0;
	case R_CR0ACK:
		return m->cr0ack;
	case R_CR1:
		return m->cr1;
	case R_CR2:
		return m->cr2;
	case R_GBPA:
		return m->gbpa | (m->gbpa_reads_left ? GBPA_UPDATE_BIT : 0);
	case R_IRQ_CTRL:
	case R_IRQ_CTRLACK:
		return m->irq_ctrl;
	case R_GERROR:
		return m->gerror;
	case R_GERRORN:
		return m->gerrorn;
	case R_STRTAB_BASE:
		return m->strtab_base;
	case R_STRTAB_BASE_CFG:
		return m->strtab_cfg;
	case R_CMDQ_BASE:
		return m->cmdq_base;
	case R_CMDQ_PROD:
		return m->cmdq_prod;
	case R_CMDQ_CONS:
		return m->cmdq_cons;
	case R_EVENTQ_BASE:
		return m->eventq_base;
	case R_EVENTQ_PROD:
		return m->eventq_prod;
	case R_EVENTQ_CONS:
		return m->eventq_cons;
	}
	model_fail("SMMU: read of register 0x%llx, which is not modelled",
		   (unsigned long long)offset);
	return 0;
}

static uint64_t mmio_read(void *ctx, uint64_t offset, unsigned size)
{
	struct model_smmu *m = ctx;

	if (size != (is_wide(offset) ? 8u : 4u))
		model_fail("SMMU: %u-byte read of register 0x%llx", size,
			   (unsigned long long)offset);
	/* The update of GBPA takes the unit a while. */
	if (offset == R_GBPA && m->gbpa_reads_left && !m->gbpa_stuck && --m->gbpa_reads_left == 0)
		m->gbpa = m->gbpa_wanted;
	return model_smmu_register(m, offset);
}

static void forbid(bool forbidden, uint64_t offset, const char *why)
{
	if (forbidden)
		model_fail("SMMU: write of register 0x%llx while %s", (unsigned long long)offset,
			   why);
}

static void gbpa_write(struct model_smmu *m, uint32_t value)
{
	forbid(m->gbpa_reads_left, R_GBPA, "an update is pending");
	if (!(value & GBPA_UPDATE_BIT))
		return;
	m->gbpa_wanted = value & ~GBPA_UPDATE_BIT;
	if (m->gbpa_no_abort)
		m->gbpa_wanted &= ~GBPA_ABORT_BIT;
	m->gbpa_reads_left = 3;
}

static void cr0_write(struct model_smmu *m, uint32_t value)
{
	/* 6.3.9: the queues have to be on before the unit that uses them, and be off after it. */
	forbid((value & SMMUEN) && !(value & CMDQEN), R_CR0, "enabling without a command queue");
	m->cr0 = value;
	m->cr0ack = (m->cr0ack & m->cr0_stuck) | (value & ~m->cr0_stuck);
	commands_run(m);
}

static void register_write(struct model_smmu *m, uint64_t offset, uint64_t value)
{
	uint32_t low = (uint32_t)value;

	switch (offset) {
	case R_CR0:
		cr0_write(m, low);
		return;
	case R_CR1:
		forbid(m->cr0ack, offset, "enabled");
		m->cr1 = low;
		return;
	case R_CR2:
		forbid(m->cr0ack & SMMUEN, offset, "enabled");
		m->cr2 = low;
		return;
	case R_GBPA:
		gbpa_write(m, low);
		return;
	case R_IRQ_CTRL:
		m->irq_ctrl = low & 7;
		return;
	case R_GERRORN:
		m->gerrorn = low;
		commands_run(m);
		return;
	case R_GERROR_IRQ_CFG0:
	case R_EVENTQ_IRQ_CFG0:
		forbid(m->irq_ctrl, offset, "interrupts are enabled");
		return;
	case R_STRTAB_BASE:
		forbid(m->cr0ack & SMMUEN, offset, "enabled");
		m->strtab_base = value;
		return;
	case R_STRTAB_BASE_CFG:
		forbid(m->cr0ack & SMMUEN, offset, "enabled");
		forbid(bits(low, 17, 16) > 1 || (bits(low, 17, 16) == 1 && m->config.linear),
		       offset, "its format is not supported");
		forbid(bits(low, 5, 0) > bits(m->idr[1], 5, 0), offset,
		       "the table is beyond SIDSIZE");
		m->strtab_cfg = low;
		return;
	case R_CMDQ_BASE:
		forbid(m->cr0ack & CMDQEN, offset, "the command queue is on");
		m->cmdq_base = value;
		return;
	case R_CMDQ_PROD:
		m->cmdq_prod = low;
		commands_run(m);
		return;
	case R_CMDQ_CONS:
		forbid(m->cr0ack & CMDQEN, offset, "the command queue is on");
		m->cmdq_cons = low;
		return;
	case R_EVENTQ_BASE:
		forbid(m->cr0ack & EVENTQEN, offset, "the event queue is on");
		m->eventq_base = value;
		return;
	case R_EVENTQ_PROD:
		forbid(m->cr0ack & EVENTQEN, offset, "the event queue is on");
		m->eventq_prod = low;
		return;
	case R_EVENTQ_CONS:
		m->eventq_cons = low;
		return;
	}
	model_fail("SMMU: write of register 0x%llx, which is not modelled",
		   (unsigned long long)offset);
}

static void mmio_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct model_smmu *m = ctx;

	if (size != (is_wide(offset) ? 8u : 4u))
		model_fail("SMMU: %u-byte write of register 0x%llx", size,
			   (unsigned long long)offset);
	register_write(m, offset, value);
	if (m->hook)
		m->hook(m->hook_ctx, offset, value);
}

static const struct model_mmio_ops mmio_ops = { .read = mmio_read, .write = mmio_write };

struct model_smmu *model_smmu_create(hpa_t base, const struct model_smmu_config *config)
{
	struct model_smmu *m = model_alloc(sizeof(*m));
	const struct model_smmu_config *c;

	m->log = model_alloc(MAX_LOG * sizeof(*m->log));
	m->config = *config;
	c = &m->config;
	/* TTF = AArch64, ASID16, VMID16, little-endian, no stalls, TERM_MODEL. */
	m->idr[0] = (c->no_stage2 ? 0 : 1u) | (c->no_stage1 ? 0 : 2u) | 2u << 2 |
		    (c->incoherent ? 0 : 1u << 4) | (c->hyp ? 1u << 9 : 0) | 1u << 12 |
		    (c->msi ? 1u << 13 : 0) | 1u << 18 | 2u << 21 | 1u << 24 | 1u << 26 |
		    (c->linear ? 0 : 1u << 27);
	m->idr[0] &= ~c->idr0_clear;
	m->idr[1] = (c->sid_bits ? c->sid_bits : 16) |
		    (c->eventq_log2 ? c->eventq_log2 : 19) << 16 |
		    (c->cmdq_log2 ? c->cmdq_log2 : 19) << 21 | c->idr1_set;
	m->idr[5] = (oas_code(c->oas_bits ? c->oas_bits : 44) | 7u << 4) & ~c->idr5_clear;
	model_mmio_add(base, REGION, &mmio_ops, m);
	return m;
}

void model_smmu_firmware_bypass(struct model_smmu *m, hpa_t table, unsigned log2size)
{
	const uint64_t entry[8] = { 1 | 4 << 1 };

	for (uint64_t i = 0; i < (uint64_t)1 << log2size; i++)
		if (!model_bus_write(table + i * 64, entry, sizeof(entry)))
			model_fail("no memory for firmware's stream table");
	m->strtab_base = table;
	m->strtab_cfg = log2size;
	m->cr0 = m->cr0ack = SMMUEN | CMDQEN | EVENTQEN;
}

unsigned model_smmu_bypassed(const struct model_smmu *m)
{
	return m->bypassed;
}

const struct model_smmu_command *model_smmu_command(const struct model_smmu *m, unsigned n)
{
	return n < m->log_count ? &m->log[n] : NULL;
}

unsigned model_smmu_commands(const struct model_smmu *m)
{
	return m->log_count;
}

void model_smmu_on_write(struct model_smmu *m, void (*hook)(void *, uint64_t, uint64_t), void *ctx)
{
	m->hook = hook;
	m->hook_ctx = ctx;
}

unsigned model_smmu_event_irqs(const struct model_smmu *m)
{
	return m->event_irqs;
}

unsigned model_smmu_error_irqs(const struct model_smmu *m)
{
	return m->error_irqs;
}

void model_smmu_break_gbpa(struct model_smmu *m)
{
	m->gbpa_stuck = true;
}

void model_smmu_break_gbpa_abort(struct model_smmu *m)
{
	m->gbpa_no_abort = true;
}

void model_smmu_break_cr0(struct model_smmu *m, uint32_t which)
{
	m->cr0_stuck = which;
}

void model_smmu_stop_sync(struct model_smmu *m, unsigned n)
{
	m->stop_sync = n;
	if (n)
		return;
	m->stopped = false;
	commands_run(m);
}

void model_smmu_refuse_command(struct model_smmu *m, unsigned n, unsigned cerror)
{
	m->refuse = n;
	m->refuse_cerror = cerror;
}

void model_smmu_raise_gerror(struct model_smmu *m, uint32_t which)
{
	model_smmu_gerror(m, which);
}
