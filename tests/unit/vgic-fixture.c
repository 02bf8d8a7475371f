// SPDX-License-Identifier: GPL-2.0-or-later
/* See vgic-fixture.h. Register offsets as a guest's author finds them in Arm IHI 0069H. */
#include "vgic-fixture.h"

#include "gic.h"
#include "host.h"
#include "unit.h"

#include <irq/gic-v3.h>
#include <postern/arch.h>
#include <string.h>

#define PHYS_DIST   ((hpa_t)0x8000000)
#define PHYS_REDIST ((hpa_t)0x80a0000)

struct fixture f;

unsigned pcpu(unsigned vcpu)
{
	return MODEL_GIC_CPUS - 1 - vcpu;
}

static void retarget(void *ctx, uint32_t device_id, uint32_t event)
{
	CU_ASSERT_PTR_EQUAL(ctx, &f);
	CU_ASSERT_EQUAL(model_locks_held(), 0);
	/* The PCI side asks where it goes now. */
	vgic_virq_ops.msi_vcpu(f.vgic, device_id, VITS + 0x10040, event);
	if (f.told_count < ARRAY_SIZE(f.told)) {
		f.told[f.told_count].device = device_id;
		f.told[f.told_count++].event = event;
	}
}

static void physical(void)
{
	static const struct model_gic_config config = {
		.dist = PHYS_DIST,
		.redist = PHYS_REDIST,
		.cpus = MODEL_GIC_CPUS,
		.affinity = { 0, 1, 2, 3 },
		.spis = 64,
		.id_bits = 16,
		.list_regs = LIST_REGS,
	};
	struct intc_info info = { .dist_base = PHYS_DIST,
				  .dist_size = 0x10000,
				  .redist_base = PHYS_REDIST,
				  .redist_size = MODEL_GIC_CPUS * 0x20000 };

	model_gic_add(&config);
	CU_ASSERT_EQUAL_FATAL(gic_v3_init(&info), 0);
	for (unsigned c = 0; c < MODEL_GIC_CPUS; c++) {
		model_set_cpu(c);
		CU_ASSERT_EQUAL_FATAL(gic_v3_cpu_init(), 0);
		gic_v3_ppi_enable(27);
		gic_v3_ppi_enable(30);
	}
}

void vgic_machine(void)
{
	struct vgic_config config = {
		.zone = &f.zone,
		.vcpus = VCPUS,
		.dist_gpa = VDIST,
		.redist_gpa = VREDIST,
		.its_gpa = VITS,
		.spis = SPIS,
		.hw_ppis = BIT32(27) | BIT32(30),
		.its_devices = ITS_DEVICES,
		.its_events = ITS_EVENTS,
		.retarget = retarget,
		.retarget_ctx = &f,
	};

	memset(&f, 0, sizeof(f));
	physical();
	f.zone.cpu_count = VCPUS;
	for (unsigned v = 0; v < VCPUS; v++)
		f.zone.cpus[v] = (uint16_t)pcpu(v);
	f.ram = model_guest_ram_add(&f.zone, VRAM, VRAM_SIZE);
	CU_ASSERT_EQUAL_FATAL(vgic_create(&config, &f.vgic), 0);
	for (unsigned v = 0; v < VCPUS; v++) {
		model_set_cpu(pcpu(v));
		vgic_vcpu_reset(f.vgic, v);
	}
	model_set_cpu(pcpu(0));
}

/* ---- running --------------------------------------------------------------------------------- */

void enter(unsigned vcpu)
{
	model_set_cpu(pcpu(vcpu));
	vgic_flush(f.vgic, vcpu);
}

void settle(unsigned vcpu)
{
	unsigned rounds = 0;

	enter(vcpu);
	while (model_maintenance(pcpu(vcpu)) && rounds++ < 100) {
		vgic_maintenance(f.vgic, vcpu);
		enter(vcpu);
	}
	CU_ASSERT_TRUE(rounds < 100);
}

uint32_t take(unsigned vcpu)
{
	uint32_t intid;

	settle(vcpu);
	intid = model_guest_take(pcpu(vcpu));
	settle(vcpu);
	return intid;
}

/* ---- registers ------------------------------------------------------------------------------- */

uint64_t read_reg(unsigned vcpu, gpa_t addr, unsigned size)
{
	uint64_t value = ~0ull;

	model_set_cpu(pcpu(vcpu));
	CU_ASSERT_EQUAL(vgic_mmio(f.vgic, vcpu, addr, size, false, &value), ACCESS_DONE);
	enter(vcpu);
	return value;
}

void write_reg(unsigned vcpu, gpa_t addr, unsigned size, uint64_t value)
{
	model_set_cpu(pcpu(vcpu));
	CU_ASSERT_EQUAL(vgic_mmio(f.vgic, vcpu, addr, size, true, &value), ACCESS_DONE);
	enter(vcpu);
}

uint32_t rd(unsigned vcpu, gpa_t addr)
{
	return (uint32_t)read_reg(vcpu, addr, 4);
}

void wr(unsigned vcpu, gpa_t addr, uint32_t value)
{
	write_reg(vcpu, addr, 4, value);
}

gpa_t rd_frame(unsigned vcpu)
{
	return VREDIST + vcpu * 0x20000;
}

gpa_t sgi_frame(unsigned vcpu)
{
	return rd_frame(vcpu) + 0x10000;
}

static gpa_t bit_reg(unsigned vcpu, unsigned offset, uint32_t intid)
{
	return (intid < 32 ? sgi_frame(vcpu) : VDIST) + offset + intid / 32 * 4;
}

void set_bit(unsigned vcpu, unsigned offset, uint32_t intid)
{
	wr(vcpu, bit_reg(vcpu, offset, intid), 1u << intid % 32);
}

bool get_bit(unsigned vcpu, unsigned offset, uint32_t intid)
{
	return rd(vcpu, bit_reg(vcpu, offset, intid)) >> intid % 32 & 1;
}

void set_priority(unsigned vcpu, uint32_t intid, uint8_t priority)
{
	write_reg(vcpu, (intid < 32 ? sgi_frame(vcpu) : VDIST) + 0x400 + intid, 1, priority);
}

void route(uint32_t intid, unsigned vcpu)
{
	write_reg(0, VDIST + 0x6000 + 8 * intid, 8, vcpu);
}

void enable(unsigned vcpu, uint32_t intid)
{
	set_bit(vcpu, 0x100, intid);
}

/* ---- ITS ------------------------------------------------------------------------------------- */

void push(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	const uint64_t words[4] = { w0, w1, w2, w3 };

	memcpy(f.ram + (QUEUE - VRAM) + f.queue_at, words, sizeof(words));
	f.queue_at = (f.queue_at + 32) % (QUEUE_PAGES * 4096);
}

void kick(unsigned vcpu)
{
	write_reg(vcpu, VITS + 0x88, 8, f.queue_at);
}

void mapd(uint32_t device, unsigned bits, bool valid)
{
	push((uint64_t)device << 32 | 0x08, bits - 1, (VRAM + 0x80000) | (uint64_t)valid << 63, 0);
}

void mapc(unsigned collection, unsigned vcpu, bool valid)
{
	push(0x09, 0, collection | (uint64_t)vcpu << 16 | (uint64_t)valid << 63, 0);
}

void mapti(uint32_t device, uint32_t event, uint32_t lpi, unsigned collection)
{
	push((uint64_t)device << 32 | 0x0a, (uint64_t)lpi << 32 | event, collection, 0);
}

void movi(uint32_t device, uint32_t event, unsigned collection)
{
	push((uint64_t)device << 32 | 0x01, event, collection, 0);
}

void command(unsigned opcode, uint32_t device, uint32_t event)
{
	push((uint64_t)device << 32 | opcode, event, 0, 0);
}

void invall(unsigned collection)
{
	push(0x0d, 0, collection, 0);
}

void lpi_config(uint32_t lpi, uint8_t config)
{
	f.ram[LPI_TABLE - VRAM + lpi - 8192] = config;
}

bool queue_done(unsigned vcpu)
{
	return read_reg(vcpu, VITS + 0x90, 8) == f.queue_at;
}

enum access_result msi(uint32_t device, uint32_t event)
{
	return vgic_virq_ops.msi(f.vgic, device, VITS + 0x10040, event);
}

struct vgic_its_stats its_stats(void)
{
	struct vgic_its_stats s;

	vgic_its_stats(f.vgic, &s);
	return s;
}

void vgic_booted(void)
{
	vgic_machine();
	wr(0, VDIST, 0x12);
	for (unsigned i = 32; i < 32 + SPIS; i += 32)
		wr(0, VDIST + 0x80 + i / 8, UINT32_MAX);
	for (unsigned i = 32; i < 32 + SPIS; i += 4)
		wr(0, VDIST + 0x400 + i, 0xa0a0a0a0);
	memset(f.ram + (LPI_TABLE - VRAM), 0xa3, 0x10000 - 8192);
	for (unsigned v = 0; v < VCPUS; v++) {
		wr(v, rd_frame(v) + 0x14, 0);
		wr(v, sgi_frame(v) + 0x80, UINT32_MAX);
		for (unsigned i = 0; i < 32; i += 4)
			wr(v, sgi_frame(v) + 0x400 + i, 0xa0a0a0a0);
		write_reg(v, rd_frame(v) + 0x70, 8, LPI_TABLE | 7u << 7 | 1u << 10 | 15);
		write_reg(v, rd_frame(v) + 0x78, 8, (VRAM + 0x90000) | 7u << 7 | 1u << 10);
		wr(v, rd_frame(v), 1);
	}
	write_reg(0, VITS + 0x80, 8, QUEUE | (QUEUE_PAGES - 1) | 1ull << 63);
	wr(0, VITS, 1);
	for (unsigned v = 0; v < VCPUS; v++) {
		mapc(v, v, true);
		invall(v);
	}
	kick(0);
	f.told_count = 0;
}
