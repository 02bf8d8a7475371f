// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The virtio IOMMU driver (iommu/virtio-*.c) over a model of the device: what devices reach, what
 * is proven blocked, and devices that do not do what the specification says.
 */
#include "unit.h"
#include "virtio-iommu.h"

#include "host.h"

#include <postern/errno.h>
#include <postern/iommu.h>
#include <postern/pci.h>
#include <postern/zone.h>
#include <string.h>

#define BAR    ((hpa_t)0x8000010000)
#define IOVA   ((iova_t)0x90000000)
#define PA     ((hpa_t)0x4512340000) /* above 256 GiB: a truncated address shows */
#define STREAM 0x0518u
#define RW     (IOMMU_PROT_READ | IOMMU_PROT_WRITE)

static const struct iommu_ops *const ops = &virtio_iommu_ops;
static struct iommu_unit unit;
static struct model_viommu *model;
static struct pci_host bus;
static struct pci_function function;
static uint16_t command;
static bool master_stuck;

static uint32_t config_read(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size)
{
	(void)h;
	(void)fn;
	return offset == 4 ? (size == 4 ? command : command & MASK32(8 * size - 1, 0)) : 0;
}

static void config_write(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size,
			 uint32_t value)
{
	(void)h;
	(void)fn;
	(void)size;
	if (offset != 4)
		return;
	command = (uint16_t)(value & (master_stuck ? 0xfffb : 0xffff));
	if (model)
		model_viommu_set_master(model, command & 4);
}

/* A vendor-specific capability of VIRTIO 1.2, 4.1.4. */
static void capability(unsigned at, unsigned next, unsigned type, uint32_t offset, uint32_t length)
{
	uint8_t *c = &function.snapshot[at];

	c[0] = 0x09;
	c[1] = (uint8_t)next;
	c[2] = type == 2 ? 20 : 16;
	c[3] = (uint8_t)type;
	c[4] = 4; /* BAR */
	memcpy(c + 8, &offset, 4);
	memcpy(c + 12, &length, 4);
	c[16] = type == 2 ? MODEL_VIOMMU_NOTIFY_FACTOR : 0;
}

static void power_on(const struct model_viommu_config *config)
{
	static const struct model_viommu_config plain = { .boot_bypass = true };
	static const struct pci_config_ops config_ops = { "test", config_read, config_write };

	model = model_viommu_create(BAR, config ? config : &plain);
	command = 0;
	master_stuck = false;
	bus = (struct pci_host){ .widths = 7, .config = &config_ops };
	memset(&function, 0, sizeof(function));
	function.sbdf = sbdf_make(0, 0, 1, 0);
	function.host = &bus;
	function.bars[4] = (struct pci_bar){
		.kind = PCI_BAR_MEM64, .size = MODEL_VIOMMU_BAR, .bus = 0x10000, .cpu = BAR
	};
	function.snapshot[0x34] = 0x98;
	capability(0x98, 0x84, 1, MODEL_VIOMMU_COMMON, 0x1000);
	capability(0x84, 0x50, 4, MODEL_VIOMMU_DEVICE, 0x1000);
	capability(0x50, 0, 2, MODEL_VIOMMU_NOTIFY, 0x1000);
	unit = (struct iommu_unit){ .ops = ops, .sbdf = function.sbdf, .function = &function };
}

static void start(const struct model_viommu_config *config)
{
	power_on(config);
	CU_ASSERT_EQUAL_FATAL(ops->init(&unit), 0);
}

static struct iommu_domain *domain_of(uint16_t zone)
{
	struct iommu_domain *d = NULL;

	CU_ASSERT_EQUAL_FATAL(ops->domain_create(&unit, zone, &d), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	return d;
}

static bool dma(uint32_t stream, iova_t iova, hpa_t *out)
{
	return model_viommu_dma(model, stream, iova, true, out);
}

static bool reaches(uint32_t stream, iova_t iova)
{
	hpa_t pa;

	return dma(stream, iova, &pa);
}

/* ---- what devices reach ---- */

static void v1_bypass_is_cleared_before_anything_is_attached(void)
{
	power_on(NULL);
	CU_ASSERT_TRUE(reaches(STREAM, PA));
	CU_ASSERT_EQUAL(ops->init(&unit), 0);
	CU_ASSERT_FALSE(reaches(STREAM, PA));
	CU_ASSERT_FALSE(reaches(0, 0));
	CU_ASSERT_TRUE(model_log_contains("let endpoints without a domain through until now"));
}

static void v1_without_the_switch_the_feature_is_not_accepted(void)
{
	start(&(struct model_viommu_config){ .boot_bypass = true, .no_bypass_config = true });
	CU_ASSERT_FALSE(reaches(STREAM, PA));
}

static void v2_a_domain_leads_to_its_memory_only(void)
{
	struct iommu_domain *d, *other;
	hpa_t pa = 0;

	start(NULL);
	d = domain_of(1);
	other = domain_of(2);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 64 * KIB, RW), 0);
	CU_ASSERT_EQUAL(ops->map(other, IOVA, PA + MIB, 4096, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM + 1), 0);
	CU_ASSERT_EQUAL(ops->attach(other, 0x0600), 0);
	CU_ASSERT_TRUE(dma(STREAM, IOVA + 0x1234, &pa));
	CU_ASSERT_EQUAL(pa, PA + 0x1234);
	CU_ASSERT_TRUE(dma(STREAM + 1, IOVA, &pa));
	CU_ASSERT_EQUAL(pa, PA);
	CU_ASSERT_TRUE(dma(0x0600, IOVA, &pa));
	CU_ASSERT_EQUAL(pa, PA + MIB);
	CU_ASSERT_FALSE(reaches(STREAM, IOVA + 64 * KIB));
	CU_ASSERT_FALSE(reaches(STREAM, PA));
	CU_ASSERT_FALSE(reaches(0x0601, IOVA));
	/* Later mappings reach a domain that is in use, too. */
	CU_ASSERT_EQUAL(ops->map(d, IOVA + GIB, PA + GIB, GIB, IOMMU_PROT_READ), 0);
	CU_ASSERT_FALSE(reaches(STREAM, IOVA + GIB));
	CU_ASSERT_TRUE(model_viommu_dma(model, STREAM, IOVA + GIB, false, &pa));
	CU_ASSERT_EQUAL(model_viommu_bypassed(model), 0);
}

static void block_and_unmap_end_it(void)
{
	struct iommu_domain *d;

	start(NULL);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 8192, RW), 0);
	CU_ASSERT_EQUAL(ops->map(d, IOVA + 8192, PA, 4096, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
	CU_ASSERT_EQUAL(d->attached, 1);
	CU_ASSERT_EQUAL(ops->domain_destroy(d), -EBUSY);
	CU_ASSERT_EQUAL(ops->unmap(d, IOVA, 4096), -EINVAL);
	CU_ASSERT_EQUAL(ops->unmap(d, IOVA, 16384), -ENOENT);
	CU_ASSERT_EQUAL(ops->unmap(d, IOVA + MIB, 4096), -ENOENT);
	CU_ASSERT_TRUE(reaches(STREAM, IOVA));
	CU_ASSERT_EQUAL(ops->unmap(d, IOVA, 12288), 0);
	CU_ASSERT_FALSE(reaches(STREAM, IOVA));
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4096, RW), 0);
	CU_ASSERT_TRUE(reaches(STREAM, IOVA));
	CU_ASSERT_EQUAL(ops->block(&unit, STREAM), 0);
	CU_ASSERT_FALSE(reaches(STREAM, IOVA));
	CU_ASSERT_EQUAL(ops->block(&unit, STREAM), 0);
	CU_ASSERT_EQUAL(d->attached, 0);
	/* The domain, which the device has forgotten, comes back whole. */
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
	CU_ASSERT_TRUE(reaches(STREAM, IOVA));
	CU_ASSERT_EQUAL(ops->block(&unit, STREAM), 0);
	CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
}

static void arguments_are_checked(void)
{
	struct iommu_domain *d, *other;

	start(&(struct model_viommu_config){ .page_sizes = ~(uint64_t)0x3fff,
					     .input_last = MASK64(39, 0) });
	d = domain_of(1);
	other = domain_of(2);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4096, RW), -EINVAL);
	CU_ASSERT_EQUAL(ops->map(d, IOVA + 4096, PA, 16384, RW), -EINVAL);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA + 4096, 16384, RW), -EINVAL);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 0, RW), -EINVAL);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 16384, 0), -EINVAL);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 16384, 8), -EINVAL);
	CU_ASSERT_EQUAL(ops->map(d, BIT64(40) - 16384, PA, 16384, RW), 0);
	CU_ASSERT_EQUAL(ops->map(d, BIT64(40) - 16384, PA, 16384, RW), -EEXIST);
	CU_ASSERT_EQUAL(ops->map(d, BIT64(40) - 16384, PA, 32768, RW), -ERANGE);
	CU_ASSERT_EQUAL(ops->map(d, ~(uint64_t)0x3fff, PA, 16384, RW), -ERANGE);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, ~(uint64_t)0x3fff, 32768, RW), -EINVAL);
	CU_ASSERT_EQUAL(ops->attach(d, 0x10000), -ERANGE);
	CU_ASSERT_EQUAL(ops->block(&unit, 0x10000), -ERANGE);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
	CU_ASSERT_EQUAL(ops->attach(other, STREAM), -EBUSY);
	/* A stream that firmware's map invented. */
	CU_ASSERT_EQUAL(ops->attach(d, 0xdead), -ENOENT);
	CU_ASSERT_TRUE(model_log_contains("it has no stream 0xdead"));
	CU_ASSERT_EQUAL(d->attached, 1);
}

static void limits_tell_the_truth(void)
{
	struct iommu_limits l;
	struct iommu_domain *d;

	start(&(struct model_viommu_config){ .page_sizes = 0x40204000,
					     .input_last = MASK64(46, 0),
					     .domain_first = 7,
					     .domain_last = 9 });
	ops->limits(&unit, &l);
	CU_ASSERT_EQUAL(l.domains, 3);
	CU_ASSERT_EQUAL(l.streams, 0x10000);
	CU_ASSERT_EQUAL(l.iova_bits, 47);
	CU_ASSERT_EQUAL(l.page_sizes, 0x40204000);
	CU_ASSERT_TRUE(l.blocks_unknown && l.reports_faults && !l.isolates_msi);
	CU_ASSERT_EQUAL(ops->map(domain_of(1), 0, 0, 16384, RW), 0);
	for (uint16_t i = 1; i < l.domains; i++)
		CU_ASSERT_EQUAL(ops->attach(domain_of(i), i), 0);
	CU_ASSERT_EQUAL(ops->domain_create(&unit, 3, &d), -ENOSPC);
}

static void domains_hold_what_they_say(void)
{
	struct iommu_domain *d;
	unsigned n = 0;

	start(NULL);
	d = domain_of(1);
	while (!ops->map(d, IOVA + n * 8192ull, PA + n * MIB, 4096, RW))
		n++;
	CU_ASSERT_TRUE(n >= 100);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
	CU_ASSERT_EQUAL(model_viommu_requests(model, 3), n);
	CU_ASSERT_TRUE(reaches(STREAM, IOVA + (n - 1) * 8192ull));
}

/* ---- faults ---- */

static void faults_name_stream_zone_and_address(void)
{
	struct iommu_domain *d;
	struct iommu_fault f;

	start(NULL);
	d = domain_of(3);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4096, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 0);
	for (unsigned round = 0; round < 50; round++) {
		const iova_t at = PA + round * 64;

		CU_ASSERT_FALSE(reaches(STREAM, at));
		CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
		CU_ASSERT_EQUAL(f.stream, STREAM);
		CU_ASSERT_EQUAL(f.zone_id, 3);
		CU_ASSERT_TRUE(f.has_iova && f.has_direction && f.write);
		CU_ASSERT_EQUAL(f.iova, at);
		CU_ASSERT_STRING_EQUAL(f.reason, "translation");
	}
	CU_ASSERT_FALSE(reaches(0x777, PA));
	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
	CU_ASSERT_EQUAL(f.zone_id, ZONE_NONE);
	CU_ASSERT_STRING_EQUAL(f.reason, "blocked");
	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 0);
	/* More than there are buffers: those that fit, and it goes on. */
	for (unsigned i = 0; i < 40; i++)
		CU_ASSERT_FALSE(reaches(STREAM, PA));
	for (unsigned i = 0; i < 16; i++)
		CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 0);
	CU_ASSERT_FALSE(reaches(STREAM, PA));
	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 1);
}

/* ---- reserved ranges ---- */

static void memory_on_a_reserved_range_is_refused(void)
{
	struct iommu_domain *d;

	start(&(struct model_viommu_config){ .hole_first = IOVA + 0x3000,
					     .hole_last = IOVA + 0x3fff });
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 0x3000, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
	CU_ASSERT_EQUAL(ops->block(&unit, STREAM), 0);
	CU_ASSERT_EQUAL(ops->map(d, IOVA + 0x3000, PA, 0x1000, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), -EADDRINUSE);
	CU_ASSERT_TRUE(model_log_contains("choose another layout"));
	CU_ASSERT_FALSE(reaches(STREAM, IOVA));
	CU_ASSERT_EQUAL(d->attached, 0);
}

static void a_doorbell_may_lie_in_the_range_for_messages(void)
{
	struct iommu_domain *d;

	start(&(struct model_viommu_config){ .msi_first = 0x8090000, .msi_last = 0x809ffff });
	d = domain_of(1);
	CU_ASSERT_EQUAL(
		ops->map(d, 0x8090000, 0x8090000, 4096, IOMMU_PROT_WRITE | IOMMU_PROT_DEVICE), 0);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
	CU_ASSERT_EQUAL(ops->block(&unit, STREAM), 0);
	CU_ASSERT_EQUAL(ops->map(d, 0x8091000, PA, 4096, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), -EADDRINUSE);
}

/* ---- devices that fail ---- */

static void v7_no_answer_kills_the_unit_not_us(void)
{
	struct iommu_domain *d;
	struct iommu_fault f;

	start(NULL);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4096, RW), 0);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
	model_viommu_stop(model, 1);
	CU_ASSERT_EQUAL(ops->block(&unit, STREAM), -ETIMEDOUT);
	CU_ASSERT_TRUE(model_log_contains("no answer"));
	/* The buffer may still be read: it is not used again, even if the device comes back. */
	model_viommu_stop(model, 0);
	CU_ASSERT_EQUAL(ops->block(&unit, STREAM), -ETIMEDOUT);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM + 8), -ETIMEDOUT);
	CU_ASSERT_EQUAL(ops->domain_destroy(d), -EBUSY);
	CU_ASSERT_EQUAL(ops->fault_next(&unit, &f), 0);
}

static void a_refusal_leaves_nothing_half_done(void)
{
	struct iommu_domain *d;

	/* probe, attach, map, map: each refused in turn. */
	for (unsigned n = 1; n <= 4; n++) {
		model_reset();
		start(NULL);
		d = domain_of(1);
		CU_ASSERT_EQUAL(ops->map(d, IOVA, PA, 4096, RW), 0);
		CU_ASSERT_EQUAL(ops->map(d, IOVA + 4096, PA, 4096, RW), 0);
		model_viommu_refuse(model, n, 8);
		CU_ASSERT_EQUAL(ops->attach(d, STREAM), -ENOMEM);
		CU_ASSERT_EQUAL(d->attached, 0);
		CU_ASSERT_FALSE(reaches(STREAM, IOVA));
		CU_ASSERT_EQUAL(ops->attach(d, STREAM), 0);
		CU_ASSERT_TRUE(reaches(STREAM, IOVA + 4096));
		model_viommu_refuse(model, 1, 3);
		CU_ASSERT_EQUAL(ops->map(d, IOVA + MIB, PA, 4096, RW), -EIO);
		CU_ASSERT_EQUAL(ops->map(d, IOVA + MIB, PA, 4096, RW), 0);
		model_viommu_refuse(model, 1, 5);
		CU_ASSERT_EQUAL(ops->unmap(d, IOVA, 4096), -ERANGE);
		model_viommu_refuse(model, 1, 3);
		CU_ASSERT_EQUAL(ops->block(&unit, STREAM), -EIO);
		CU_ASSERT_EQUAL(d->attached, 1);
		CU_ASSERT_EQUAL(ops->block(&unit, STREAM), 0);
		CU_ASSERT_EQUAL(ops->domain_destroy(d), 0);
	}
}

static void lies_in_the_ring_are_noticed(void)
{
	static const unsigned lies[] = { 1, 63, 64, 0xffff };

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		model_reset();
		start(NULL);
		model_viommu_wrong_descriptor(model, lies[i]);
		CU_ASSERT_EQUAL(ops->attach(domain_of(1), STREAM), -ETIMEDOUT);
		CU_ASSERT_TRUE(model_log_contains("that it did not get"));
	}
}

static void init_fails(const char *message)
{
	const uint64_t before = model_pages_live();

	CU_ASSERT_NOT_EQUAL(ops->init(&unit), 0);
	CU_ASSERT_PTR_NULL(unit.state);
	CU_ASSERT_TRUE(model_log_contains(message));
	CU_ASSERT_EQUAL(model_pages_live(), before);
	CU_ASSERT_EQUAL(command & 4, 0);
}

static void devices_that_cannot_be_used_are_refused_with_words(void)
{
	static const struct {
		struct model_viommu_config config;
		const char *message;
	} devices[] = {
		{ { .no_map = true }, "it cannot map" },
		{ { .legacy = true }, "it cannot map" },
		{ { .page_sizes = 0x800 }, "contradicts itself" },
		{ { .domain_first = 9, .domain_last = 3 }, "contradicts itself" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		model_reset();
		power_on(&devices[i].config);
		init_fails(devices[i].message);
	}
}

static void v1_a_device_that_keeps_bypass_is_refused(void)
{
	power_on(NULL);
	model_viommu_keep_bypass(model);
	init_fails("goes on letting");
}

static void hardware_that_does_not_follow_is_refused(void)
{
	power_on(NULL);
	model_viommu_never_reset(model);
	init_fails("reset does not end");
	model_reset();
	power_on(NULL);
	model_viommu_refuse_features(model);
	init_fails("does not accept features");
	model_reset();
	power_on(NULL);
	master_stuck = true;
	init_fails("it blocks all DMA");
	CU_ASSERT_FALSE(reaches(STREAM, PA));
}

static void capabilities_are_not_believed(void)
{
	static const struct {
		unsigned at;
		uint8_t value;
		const char *message;
	} bad[] = {
		{ 0x34, 0x00, "a register block is missing" },
		{ 0x98 + 3, 0x07, "a register block is missing" },
		{ 0x98 + 4, 0x06, "no place" }, /* BAR 6 */
		{ 0x98 + 4, 0x02, "no place" }, /* a BAR it does not have */
		{ 0x84 + 11, 0x80, "outside its BAR" },
		{ 0x84 + 13, 0xff, "outside its BAR" },
		{ 0x84 + 13, 0x00, "outside its BAR" }, /* of length 0 */
		{ 0x50 + 1, 0x98, NULL }, /* a list in a circle: usable all the same */
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		model_reset();
		power_on(NULL);
		function.snapshot[bad[i].at] = bad[i].value;
		if (bad[i].message)
			init_fails(bad[i].message);
		else
			CU_ASSERT_EQUAL(ops->init(&unit), 0);
	}
}

static void every_allocation_can_fail(void)
{
	for (unsigned n = 1; n <= 5; n++) {
		model_reset();
		power_on(NULL);
		model_fail_alloc_after(n);
		CU_ASSERT_EQUAL(ops->init(&unit), -ENOMEM);
		CU_ASSERT_EQUAL(model_pages_live(), 0);
		CU_ASSERT_EQUAL(command & 4, 0);
	}
	model_reset();
	start(NULL);
}

static void a_device_that_asks_for_a_reset_is_told_once(void)
{
	struct iommu_domain *d;

	start(NULL);
	d = domain_of(1);
	CU_ASSERT_EQUAL(ops->service_errors(&unit), 0);
	model_viommu_needs_reset(model);
	CU_ASSERT_EQUAL(ops->service_errors(&unit), 1);
	CU_ASSERT_EQUAL(ops->service_errors(&unit), 0);
	CU_ASSERT_EQUAL(ops->attach(d, STREAM), -ETIMEDOUT);
}

void suite_virtio_iommu(void)
{
	static const struct unit_test tests[] = {
		TEST(v1_bypass_is_cleared_before_anything_is_attached),
		TEST(v1_without_the_switch_the_feature_is_not_accepted),
		TEST(v1_a_device_that_keeps_bypass_is_refused),
		TEST(v2_a_domain_leads_to_its_memory_only),
		TEST(v7_no_answer_kills_the_unit_not_us),
		TEST(block_and_unmap_end_it),
		TEST(arguments_are_checked),
		TEST(limits_tell_the_truth),
		TEST(domains_hold_what_they_say),
		TEST(faults_name_stream_zone_and_address),
		TEST(memory_on_a_reserved_range_is_refused),
		TEST(a_doorbell_may_lie_in_the_range_for_messages),
		TEST(a_refusal_leaves_nothing_half_done),
		TEST(lies_in_the_ring_are_noticed),
		TEST(devices_that_cannot_be_used_are_refused_with_words),
		TEST(hardware_that_does_not_follow_is_refused),
		TEST(capabilities_are_not_believed),
		TEST(every_allocation_can_fail),
		TEST(a_device_that_asks_for_a_reset_is_told_once),
	};

	unit_suite("virtio_iommu", tests, ARRAY_SIZE(tests));
}
