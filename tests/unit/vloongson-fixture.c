// SPDX-License-Identifier: GPL-2.0-or-later
/* Zones with virtual Loongson interrupt controllers on the modelled hardware: see vloongson-fixture.h. */
#include "vloongson-fixture.h"

#include "host.h"
#include "loongson-irq.h"
#include "unit.h"

#include <irq/eiointc.h>
#include <irq/loongson-ipi.h>
#include <irq/pch-msi.h>
#include <irq/pch-pic.h>
#include <postern/arch.h>
#include <string.h>

struct lf lf;

static void set_lines(void *ctx, unsigned vcpu, uint32_t lines)
{
	struct lf_zone *z = ctx;

	if (!model_locks_held())
		model_fail("set_lines() without the zone's lock: levels may arrive out of order");
	z->lines[vcpu] = lines;
	z->line_calls++;
}

static void retarget(void *ctx, unsigned vector)
{
	struct lf_zone *z = ctx;
	int vcpu;

	if (model_locks_held())
		model_fail("retarget() with a lock held");
	z->retargets++;
	z->last_retarget = vector;
	for (unsigned i = 0; i < ARRAY_SIZE(z->vectors); i++) {
		struct msi_vector *p = &z->vectors[i];
		uint32_t data = z->guest.data + i;

		if (!p->unit || data != vector)
			continue;
		vcpu = vloongson_virq_ops.msi_vcpu(z->v, p->device_id, z->guest.address, data);
		if (vcpu >= 0)
			p->unit->ops->vector_target(p, z->zone.cpus[vcpu]);
	}
}

static const struct vloongson_ops ops = { .set_lines = set_lines, .retarget = retarget };

static void zone_init(unsigned n, unsigned vcpus, const uint16_t *cpus)
{
	struct lf_zone *z = &lf.zone[n];
	struct vloongson_config config = {
		.zone = &z->zone,
		.vcpus = vcpus,
		.pch_pic_gpa = LF_VPIC,
		.msi_gpa = LF_VMSI,
		.msi_first = LF_MSI_FIRST,
		.msi_count = LF_MSI_COUNT,
		.iocsr_gpa = LF_VIOCSR,
		.version = 0x11,
		.features = LF_FEATURES,
		.vendor = LF_VENDOR,
		.cpu_name = LF_NAME,
		.misc = LF_MISC,
		.ops = &ops,
		.ctx = z,
	};

	z->zone.id = (uint16_t)n;
	z->zone.root = n == 0;
	z->zone.cpu_count = vcpus;
	memcpy(z->zone.cpus, cpus, vcpus * sizeof(*cpus));
	CU_ASSERT_EQUAL_FATAL(vloongson_create(&config, &z->v), 0);
}

void lf_machine(unsigned vcpus, const uint16_t *cpus)
{
	static const uint16_t first[] = { 0 };
	const struct model_loongson_irq_config config = { .cpus = LF_CPUS,
							  .pch_pic = LF_PIC,
							  .inputs = 64 };
	const struct loongson_intc_info info = {
		.vectors = 256,
		.eio_pin = 1,
		.pch_pics = { { .base = LF_PIC, .size = 0x1000, .gsi_base = LF_GSI(0) } },
		.pch_pic_count = 1,
	};
	struct cpu_info cpu[LF_CPUS];

	memset(&lf, 0, sizeof(lf));
	for (unsigned i = 0; i < LF_CPUS; i++)
		cpu[i].hw_id = i;
	model_loongson_irq_add(&config);
	CU_ASSERT_EQUAL_FATAL(loongson_ipi_init(cpu, LF_CPUS), 0);
	CU_ASSERT_EQUAL_FATAL(eiointc_init(&info, cpu, LF_CPUS), 0);
	for (unsigned i = 0; i < LF_CPUS; i++) {
		model_set_cpu(i);
		CU_ASSERT_EQUAL_FATAL(eiointc_cpu_init(), 0);
	}
	model_set_cpu(0);
	lf.unit.base = LF_DOORBELL;
	lf.unit.size = 4;
	lf.unit.first = 64;
	lf.unit.count = 192;
	CU_ASSERT_EQUAL_FATAL(pch_msi_init(&lf.unit), 0);
	CU_ASSERT_EQUAL_FATAL(pch_pic_init(&info, 64), 0);
	zone_init(0, 1, first);
	zone_init(1, vcpus, cpus);
	model_eio_changes_clear();
	model_irq_writes_clear();
}

uint64_t lf_read(unsigned zone, unsigned vcpu, uint32_t offset, unsigned size)
{
	uint64_t value = 0x5a5a5a5a5a5a5a5a;

	CU_ASSERT_EQUAL(vloongson_iocsr(lf.zone[zone].v, vcpu, offset, size, false, &value),
			ACCESS_DONE);
	return value;
}

void lf_write(unsigned zone, unsigned vcpu, uint32_t offset, unsigned size, uint64_t value)
{
	CU_ASSERT_EQUAL(vloongson_iocsr(lf.zone[zone].v, vcpu, offset, size, true, &value),
			ACCESS_DONE);
}

uint64_t lf_pic_read(unsigned zone, uint32_t offset, unsigned size)
{
	uint64_t value = 0x5a5a5a5a5a5a5a5a;

	CU_ASSERT_EQUAL(vloongson_mmio(lf.zone[zone].v, 0, LF_VPIC + offset, size, false, &value),
			ACCESS_DONE);
	return value;
}

void lf_pic_write(unsigned zone, uint32_t offset, unsigned size, uint64_t value)
{
	CU_ASSERT_EQUAL(vloongson_mmio(lf.zone[zone].v, 0, LF_VPIC + offset, size, true, &value),
			ACCESS_DONE);
}

void lf_boot_eiointc(unsigned zone)
{
	unsigned vcpus = lf.zone[zone].zone.cpu_count;

	for (unsigned first = 0; first < vcpus; first += 4) {
		lf_write(zone, first, 0x420, 8, lf_read(zone, first, 0x420, 8) | (uint64_t)1 << 48);
		for (unsigned i = 0; i < 2; i++)
			lf_write(zone, first, 0x14c0 + 4 * i, 4, 0x02020202);
		for (unsigned i = 0; i < 64; i++)
			lf_write(zone, first, 0x1c00 + 4 * i, 4, first ? 0x11111111 : 0x01010101);
		for (unsigned i = 0; i < 8; i++) {
			lf_write(zone, first, 0x1600 + 4 * i, 4, 0xffffffff);
			lf_write(zone, first, 0x1680 + 4 * i, 4, 0xffffffff);
		}
	}
}

void lf_serve(void)
{
	unsigned before = arch_cpu_index(), limit = 0;

	for (unsigned i = 0; i < LF_CPUS; i++) {
		model_set_cpu(i);
		while (model_cpu_lines(i) & 2 && limit++ < 100)
			lf.served += eiointc_handle();
	}
	CU_ASSERT(limit < 100);
	model_set_cpu(before);
}

static void fired(struct msi_vector *p)
{
	struct lf_zone *z = container_of(p->owner, struct lf_zone, zone);

	z->arrived[p->index]++;
	z->arrived_cpu[p->index] = arch_cpu_index();
	vloongson_virq_ops.msi(z->v, p->device_id, z->guest.address, z->guest.data + p->index);
}

void lf_assign(unsigned zone, uint32_t device_id, unsigned count, unsigned first)
{
	struct lf_zone *z = &lf.zone[zone];

	for (unsigned i = 0; i < count; i++) {
		z->vectors[i].owner = &z->zone;
		z->vectors[i].handler = fired;
	}
	CU_ASSERT_EQUAL_FATAL(pch_msi_ops.vectors_alloc(&lf.unit, device_id, z->vectors, count,
							z->zone.cpus[0]),
			      0);
	z->guest = (struct msi_message){ LF_VMSI, first };
	for (unsigned i = 0; i < count; i++)
		vloongson_record(z->v, first + i, &z->vectors[i]);
}

void lf_device_sends(unsigned zone, unsigned n)
{
	struct msi_message m;

	pch_msi_ops.message(&lf.zone[zone].vectors[n], &m);
	CU_ASSERT_EQUAL(m.address, LF_DOORBELL);
	model_msi_write(m.data);
	lf_serve();
}

uint64_t lf_isr(unsigned zone, unsigned vcpu, unsigned word)
{
	return lf_read(zone, vcpu, 0x1800 + 8 * word, 8);
}

unsigned lf_acknowledge(unsigned zone, unsigned vcpu)
{
	unsigned bits = 0;

	for (unsigned word = 0; word < 4; word++) {
		uint64_t pending = lf_isr(zone, vcpu, word);

		if (!pending)
			continue;
		lf_write(zone, vcpu, 0x1800 + 8 * word, 8, pending);
		bits += (unsigned)__builtin_popcountll(pending);
	}
	return bits;
}
