// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest and its virtual GICv3 with ITS: registers accessed at any place and width, a command queue full
 * of commands that mean something and of bytes that do not, messages, lines, timers, and vCPUs that take
 * interrupts meanwhile. The GIC model ends the process when the hypervisor does anything UNPREDICTABLE.
 *
 * After each step: no lock is held, the queue's read pointer is in the queue, the work of one entry is
 * bounded, and what a vCPU takes is an interrupt there can be.
 */
#include "fuzz.h"
#include "gic.h"
#include "host.h"

#include <irq/gic-v3.h>
#include <irq/vgic-v3.h>
#include <postern/arch.h>
#include <postern/zone.h>
#include <string.h>

#define VDIST       ((gpa_t)0x10000000)
#define VREDIST     ((gpa_t)0x10100000)
#define VITS        ((gpa_t)0x10200000)
#define VRAM        ((gpa_t)0x40000000)
#define VRAM_SIZE   ((uint64_t)0x40000)
#define LPI_TABLE   (VRAM + 0x10000)
#define QUEUE       (VRAM + 0x30000)
#define PHYS_DIST   ((hpa_t)0x8000000)
#define PHYS_REDIST ((hpa_t)0x80a0000)
#define TRANSLATER  (VITS + 0x10040)

#define VCPUS      3u
#define SPIS       64u
#define DEVICES    4u
#define EVENTS     16u
#define LPI_FIRST  8192u
#define LINKED_SPI 33u
#define PHYS_SPI   50u
#define MAX_STEPS  96u
#define MAX_ROUNDS 100u /* of maintenance before a vCPU is through */

static struct zone zone;
static struct vgic *vgic;
static uint8_t *ram;
static unsigned queue_at;
static uint32_t running[VCPUS]; /* the interrupt each vCPU is in */

/* vCPU n is pinned to a CPU that is not n. */
static unsigned on_cpu(unsigned vcpu)
{
	return MODEL_GIC_CPUS - 1 - vcpu;
}

static void enter(unsigned vcpu)
{
	model_set_cpu(on_cpu(vcpu));
	vgic_flush(vgic, vcpu);
}

static void settle(unsigned vcpu)
{
	unsigned rounds = 0;

	enter(vcpu);
	while (model_maintenance(on_cpu(vcpu))) {
		FUZZ_CHECK(rounds++ < MAX_ROUNDS, "vCPU %u never gets into the guest", vcpu);
		vgic_maintenance(vgic, vcpu);
		enter(vcpu);
	}
}

static uint64_t access(unsigned vcpu, gpa_t at, unsigned size, bool write, uint64_t value)
{
	model_set_cpu(on_cpu(vcpu));
	FUZZ_CHECK(vgic_mmio(vgic, vcpu, at, size, write, &value) == ACCESS_DONE,
		   "0x%llx is nobody's", (unsigned long long)at);
	enter(vcpu);
	return value;
}

static void build(void)
{
	static const struct model_gic_config hardware = {
		.dist = PHYS_DIST,
		.redist = PHYS_REDIST,
		.cpus = MODEL_GIC_CPUS,
		.affinity = { 0, 1, 2, 3 },
		.spis = 64,
		.id_bits = 16,
		.list_regs = 4,
	};
	const struct intc_info info = { .dist_base = PHYS_DIST,
					.dist_size = 0x10000,
					.redist_base = PHYS_REDIST,
					.redist_size = MODEL_GIC_CPUS * 0x20000 };
	const struct vgic_config config = {
		.zone = &zone,
		.vcpus = VCPUS,
		.dist_gpa = VDIST,
		.redist_gpa = VREDIST,
		.its_gpa = VITS,
		.spis = SPIS,
		.hw_ppis = BIT32(27) | BIT32(30),
		.its_devices = DEVICES,
		.its_events = EVENTS,
	};

	model_reset();
	memset(&zone, 0, sizeof(zone));
	queue_at = 0;
	model_gic_add(&hardware);
	FUZZ_CHECK(!gic_v3_init(&info), "%s", model_log());
	for (unsigned c = 0; c < MODEL_GIC_CPUS; c++) {
		model_set_cpu(c);
		FUZZ_CHECK(!gic_v3_cpu_init(), "%s", model_log());
		gic_v3_ppi_enable(27);
		gic_v3_ppi_enable(30);
	}
	zone.cpu_count = VCPUS;
	for (unsigned v = 0; v < VCPUS; v++) {
		zone.cpus[v] = (uint16_t)on_cpu(v);
		running[v] = MODEL_SPURIOUS;
	}
	ram = model_guest_ram_add(&zone, VRAM, VRAM_SIZE);
	FUZZ_CHECK(!vgic_create(&config, &vgic), "no virtual GIC");
	FUZZ_CHECK(!vgic_add_hw_spi(vgic, LINKED_SPI, PHYS_SPI), "no linked interrupt");
	for (unsigned v = 0; v < VCPUS; v++) {
		model_set_cpu(on_cpu(v));
		vgic_vcpu_reset(vgic, v);
	}
	model_set_cpu(on_cpu(0));
	gic_v3_spi_enable(PHYS_SPI, on_cpu(0), false);
}

static void push(uint64_t w0, uint64_t w1, uint64_t w2)
{
	const uint64_t words[4] = { w0, w1, w2, 0 };

	memcpy(ram + (QUEUE - VRAM) + queue_at, words, sizeof(words));
	queue_at = (queue_at + 32) % 4096;
}

static void kick(unsigned vcpu)
{
	access(vcpu, VITS + 0x88, 8, true, queue_at);
}

/* As a kernel sets it up. */
static void boot(void)
{
	access(0, VDIST, 4, true, 0x12);
	for (unsigned i = 32; i < 32 + SPIS; i += 32) {
		access(0, VDIST + 0x80 + i / 8, 4, true, UINT32_MAX);
		access(0, VDIST + 0x100 + i / 8, 4, true, UINT32_MAX);
	}
	for (unsigned i = 32; i < 32 + SPIS; i += 4)
		access(0, VDIST + 0x400 + i, 4, true, 0xa0a0a0a0);
	memset(ram + (LPI_TABLE - VRAM), 0xa3, 0x10000);
	for (unsigned v = 0; v < VCPUS; v++) {
		const gpa_t rd = VREDIST + v * 0x20000, sgi = rd + 0x10000;

		access(v, rd + 0x14, 4, true, 0);
		access(v, sgi + 0x80, 4, true, UINT32_MAX);
		access(v, sgi + 0x100, 4, true, UINT32_MAX);
		for (unsigned i = 0; i < 32; i += 4)
			access(v, sgi + 0x400 + i, 4, true, 0xa0a0a0a0);
		access(v, rd + 0x70, 8, true, LPI_TABLE | 7u << 7 | 1u << 10 | 15);
		access(v, rd, 4, true, 1);
	}
	access(0, VITS + 0x80, 8, true, QUEUE | 1ull << 63);
	access(0, VITS, 4, true, 1);
	for (unsigned v = 0; v < VCPUS; v++)
		push(0x09, 0, v | (uint64_t)v << 16 | 1ull << 63);
	for (unsigned d = 0; d < 2; d++) {
		push((uint64_t)d << 32 | 0x08, 3, 1ull << 63);
		for (unsigned e = 0; e < 8; e++)
			push((uint64_t)d << 32 | 0x0a, (uint64_t)(LPI_FIRST + d * 8 + e) << 32 | e,
			     e % VCPUS);
	}
	kick(0);
}

static void command(struct fuzz_input *in)
{
	static const uint8_t opcodes[] = { 0x01, 0x03, 0x04, 0x05, 0x08, 0x09, 0x0a,
					   0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x00, 0x21 };
	const unsigned op = fuzz_u8(in);
	const uint64_t device = fuzz_u8(in) % 6, event = fuzz_u8(in) % 20;
	const uint64_t lpi = LPI_FIRST + fuzz_u8(in) % 40, collection = fuzz_u8(in) % 5;
	const uint64_t vcpu = fuzz_u8(in) % 5, valid = (uint64_t)(op >> 7) << 63;

	switch (op & 0x7f) {
	case 0 ... 79:
		switch (opcodes[op % ARRAY_SIZE(opcodes)]) {
		case 0x08:
			push(device << 32 | 0x08, event & 15, valid);
			break;
		case 0x09:
			push(0x09, 0, collection | vcpu << 16 | valid);
			break;
		case 0x0e: /* MOVALL */
			push(0x0e, 0, vcpu << 16);
			break;
		default:
			push(device << 32 | opcodes[op % ARRAY_SIZE(opcodes)], lpi << 32 | event,
			     collection);
			break;
		}
		break;
	default:
		push(fuzz_value(in), fuzz_value(in), fuzz_value(in));
		break;
	}
}

static void registers(struct fuzz_input *in, unsigned vcpu)
{
	static const gpa_t frames[] = { VDIST,
					VREDIST,
					VREDIST + 0x10000,
					VREDIST + 0x20000,
					VREDIST + 0x30000,
					VITS,
					VITS + 0x10000,
					VITS };
	const unsigned how = fuzz_u8(in), size = 1u << (how >> 3 & 3);
	const gpa_t at = frames[how & 7] + (fuzz_u16(in) & 0xffff & ~(size - 1));

	access(vcpu, at, size, how & 0x80, fuzz_value(in));
}

static void take(unsigned vcpu)
{
	uint32_t intid;

	if (running[vcpu] != MODEL_SPURIOUS)
		return;
	settle(vcpu);
	intid = model_guest_ack(on_cpu(vcpu));
	running[vcpu] = intid;
	FUZZ_CHECK(intid == MODEL_SPURIOUS || intid < 32 + SPIS || intid >= LPI_FIRST,
		   "vCPU %u takes INTID %u", vcpu, intid);
}

static void end(unsigned vcpu)
{
	enter(vcpu);
	if (running[vcpu] != MODEL_SPURIOUS)
		model_guest_eoi(on_cpu(vcpu), running[vcpu]);
	running[vcpu] = MODEL_SPURIOUS;
	settle(vcpu);
}

static void wire(unsigned vcpu, uint32_t intid, bool level)
{
	uint32_t got;

	model_set_cpu(on_cpu(vcpu));
	model_gic_set_line(on_cpu(vcpu), intid, level);
	while ((got = gic_v3_ack()) != MODEL_SPURIOUS) {
		bool linked = got < 32 ? vgic_inject_hw_ppi(vgic, vcpu, got)
				       : vgic_inject_hw_spi(vgic, got);

		if (!linked)
			gic_v3_deactivate(got);
		gic_v3_eoi(got);
	}
	enter(vcpu);
}

static void message(struct fuzz_input *in)
{
	const uint32_t device = fuzz_u8(in) % 6, event = fuzz_u8(in) % 20;
	const uint64_t at = fuzz_u8(in) ? TRANSLATER : fuzz_value(in);
	const int vcpu = vgic_virq_ops.msi_vcpu(vgic, device, at, event);

	FUZZ_CHECK(vcpu < (int)VCPUS, "a message goes to vCPU %d", vcpu);
	FUZZ_CHECK((vgic_virq_ops.msi(vgic, device, at, event) == ACCESS_DONE) == (vcpu >= 0),
		   "a message to vCPU %d", vcpu);
}

static void timers_low(unsigned cpu)
{
	model_gic_set_line(cpu, 27, false);
	model_gic_set_line(cpu, 30, false);
}

static void reset(void)
{
	for (unsigned v = 0; v < VCPUS; v++) {
		end(v);
		timers_low(on_cpu(v));
	}
	model_gic_set_line(0, PHYS_SPI, false);
	vgic_reset(vgic);
	for (unsigned v = 0; v < VCPUS; v++) {
		model_set_cpu(on_cpu(v));
		vgic_vcpu_reset(vgic, v);
	}
	queue_at = 0;
}

/* Whoever is kicked looks at once. */
static void all_look(void)
{
	static bool looking;
	const unsigned here = arch_cpu_index();

	if (looking)
		return;
	looking = true;
	for (unsigned v = 0; v < VCPUS; v++)
		enter(v);
	looking = false;
	model_set_cpu(here);
}

/* The linked interrupt is taken away, in whatever state it is, and given back. */
static void hand_over(unsigned vcpu)
{
	model_set_cpu(on_cpu(vcpu));
	gic_v3_spi_disable(PHYS_SPI);
	model_on_kick(all_look);
	FUZZ_CHECK(!vgic_remove_hw_spi(vgic, LINKED_SPI), "a linked interrupt stays");
	model_on_kick(NULL);
	FUZZ_CHECK(!model_gic_active(0, PHYS_SPI), "taken away, and still active");
	FUZZ_CHECK(!vgic_inject_hw_spi(vgic, PHYS_SPI), "taken away, and still linked");
	/* Whatever the guest ends now, the next owner's stays active. */
	gic_v3_spi_enable(PHYS_SPI, on_cpu(0), false);
	model_set_cpu(on_cpu(0));
	/* A timer's number is lower: it would be answered first. */
	timers_low(on_cpu(0));
	model_gic_set_line(0, PHYS_SPI, true);
	FUZZ_CHECK(gic_v3_ack() == PHYS_SPI, "the next owner gets nothing");
	gic_v3_eoi(PHYS_SPI);
	for (unsigned v = 0; v < VCPUS; v++)
		end(v);
	FUZZ_CHECK(model_gic_active(0, PHYS_SPI), "the old owner ended the next one's interrupt");
	model_set_cpu(on_cpu(0));
	gic_v3_deactivate(PHYS_SPI);
	model_gic_set_line(0, PHYS_SPI, false);
	FUZZ_CHECK(!vgic_add_hw_spi(vgic, LINKED_SPI, PHYS_SPI), "no link again");
}

static void step(struct fuzz_input *in)
{
	const unsigned op = fuzz_u8(in), vcpu = (op >> 4) % VCPUS;

	switch (op & 15) {
	case 0:
	case 1:
	case 2:
		registers(in, vcpu);
		break;
	case 3:
	case 4:
	case 5:
		command(in);
		break;
	case 6:
		kick(vcpu);
		break;
	case 7:
	case 8:
		message(in);
		break;
	case 9:
		take(vcpu);
		break;
	case 10:
		end(vcpu);
		break;
	case 11:
		vgic_set_line(vgic, 32 + fuzz_u8(in) % (SPIS + 4), op & 0x80);
		break;
	case 12:
		model_set_cpu(on_cpu(vcpu));
		(op & 0x80 ? vgic_write_sgi1r : vgic_write_sgi0r)(vgic, vcpu, fuzz_value(in));
		enter(vcpu);
		break;
	case 13:
		wire(vcpu, op & 0x40 ? 27 : op & 0x80 ? 30 : PHYS_SPI, fuzz_u8(in) & 1);
		break;
	case 14:
		ram[LPI_TABLE - VRAM + fuzz_u8(in) % 40] = fuzz_u8(in);
		break;
	case 15:
		if (op == 0xff)
			reset();
		else if (op == 0xef || op == 0xdf)
			hand_over(vcpu);
		else
			settle(vcpu);
		break;
	}
}

void fuzz_vits(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint64_t creadr;

	build();
	if (!(fuzz_u8(&in) & 1))
		boot();
	for (unsigned i = 0; i < MAX_STEPS && in.left; i++) {
		step(&in);
		FUZZ_CHECK(!model_locks_held(), "a lock is still held");
		creadr = access(0, VITS + 0x90, 8, false, 0) & ~(uint64_t)1;
		FUZZ_CHECK(creadr < 256 * 4096 && is_aligned(creadr, 32), "GITS_CREADR 0x%llx",
			   (unsigned long long)creadr);
	}
	for (unsigned v = 0; v < VCPUS; v++)
		end(v);
	vgic_destroy(vgic);
}
