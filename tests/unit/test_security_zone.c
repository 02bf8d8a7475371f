// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Security of a zone's end and beginning (hv-glue/zone_control.c) on the machine of
 * security-fixture.h: what must have happened before its memory is anybody else's (V5), and what the
 * monitor may do to its devices meanwhile (C11, C13). The source is included with the calls that
 * belong to the hypervisor proper under other names.
 */
#define hv                     zone_test_hv
#define zone_find              zone_test_find
#define zone_request_start     zone_test_request_start
#define zone_request_stop      zone_test_request_stop
#define device_request_release zone_test_release
#define device_request_assign  zone_test_assign
#define memory_alloc_ram       zone_test_alloc_ram
#define memory_free_ram        zone_test_free_ram
#define memory_free_bytes      zone_test_free_bytes
#define host_phys_to_virt      zone_test_virt
#define work_defer             zone_test_defer
#define cpu_kick               zone_test_kick
#define cpu_wait_until         zone_test_wait_until
#define cpu_poll               zone_test_poll
#define arch_zone_ram_base     zone_test_ram_base
#define arch_zone_load         zone_test_load
#define arch_zone_release      zone_test_go
#define arch_zone_halt         zone_test_halt
#define arch_zone_parked       zone_test_parked
#define arch_zone_reset        zone_test_reset
#include "../../hv-glue/zone_control.c"

#include "security-fixture.h"

#define FRESH_HPA ((hpa_t)0x22222000000) /* what the allocator has next */

struct hv zone_test_hv;

static struct zone *guest;
static struct pci_function *drive, *card;
static struct work *deferred;
static void (*while_waiting)(void);

static struct {
	unsigned frees;
	bool zeroed, dma_then, mapped_then; /* when it was given back */
	hpa_t base;
	uint64_t size;
} freed;

gpa_t zone_test_ram_base(void)
{
	return SECURE_RAM_GPA;
}

hpa_t zone_test_alloc_ram(uint64_t size, gpa_t avoid_identity)
{
	(void)size;
	(void)avoid_identity;
	return FRESH_HPA;
}

static bool all_zero(const uint8_t *at, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++)
		if (at[i])
			return false;
	return true;
}

void zone_test_free_ram(hpa_t base, uint64_t size)
{
	freed.frees++;
	freed.base = base;
	freed.size = size;
	freed.zeroed = all_zero(model_virt(base), size);
	freed.dma_then = secure_dma(drive, SECURE_RAM_GPA, NULL) ||
			 secure_dma(card, SECURE_RAM_GPA, NULL);
	freed.mapped_then = model_guest_mapped(guest, SECURE_RAM_GPA, NULL);
}

void *zone_test_virt(hpa_t pa)
{
	return model_virt(pa);
}

uint64_t zone_test_free_bytes(void)
{
	return 0;
}

void zone_test_defer(struct work *w, uint64_t deadline)
{
	(void)deadline;
	deferred = w;
}

void zone_test_kick(unsigned cpu)
{
	(void)cpu;
}

void zone_test_wait_until(uint64_t deadline)
{
	if (while_waiting)
		while_waiting();
	if (deadline > host_time_ns())
		model_time_advance_ns(deadline - host_time_ns());
}

void zone_test_poll(void)
{
}

int zone_test_load(struct zone *z)
{
	return host_map_guest(z, z->ram_gpa, z->ram_hpa, z->ram_size, GUEST_MAP_RAM);
}

void zone_test_go(struct zone *z)
{
	(void)z;
}

void zone_test_halt(struct zone *z)
{
	(void)z;
}

bool zone_test_parked(struct zone *z)
{
	(void)z;
	return true;
}

void zone_test_reset(struct zone *z)
{
	(void)z;
}

/* The guest runs, has both devices, and its memory is full of what it knows. */
static void setup(void)
{
	secure_setup(secure_tree);
	memset(&hv, 0, sizeof(hv));
	memset(&freed, 0, sizeof(freed));
	memset(releases, 0, sizeof(releases));
	deferred = NULL;
	while_waiting = NULL;
	hv.pci = machine.table;
	core_init(&secure.board, &hv.pci);
	drive = pci_find(&hv.pci, sbdf_make(0, 1, 0, 0));
	card = pci_find(&hv.pci, sbdf_make(0, 2, 0, 0));
	for (unsigned i = 0; i < hv.pci.count; i++)
		hv.plan[i] = ZONE_NONE;
	hv.plan[drive - hv.pci.functions] = hv.plan[card - hv.pci.functions] = 1;
	for (unsigned i = 0; i < hv.pci.count; i++)
		hv.plan_vbdf[i] = hv.plan_vport[i] = SBDF_NONE;
	guest = secure_zone(1);
	secure.wishes[1].memory = SECURE_RAM_SIZE;
	model_ram_add(FRESH_HPA, SECURE_RAM_SIZE);
	memset(model_virt(FRESH_HPA), 0x77, SECURE_RAM_SIZE); /* somebody's, from before */
	guest->ram_size = 0;
	guest->state = ZONE_STARTING;
	carry_out_start(guest);
	CU_ASSERT_EQUAL_FATAL(guest->state, ZONE_RUNNING);
}

static void stop(void)
{
	CU_ASSERT_EQUAL(zone_request_stop(guest, ZONE_STOP_OFF, "killed"), 0);
	carry_out_stop(guest);
}

static void v5_memory_is_zero_when_a_zone_gets_it(void)
{
	setup();
	CU_ASSERT(all_zero(model_virt(FRESH_HPA), SECURE_RAM_SIZE));
	CU_ASSERT(secure_dma(drive, SECURE_RAM_GPA, NULL));
}

static void v5_memory_is_free_after_block_unmap_and_zeroing(void)
{
	setup();
	memset(model_virt(FRESH_HPA), 0x5a, SECURE_RAM_SIZE);
	stop();
	CU_ASSERT_EQUAL(guest->state, ZONE_STOPPED);
	CU_ASSERT_EQUAL(freed.frees, 1);
	CU_ASSERT_EQUAL(freed.base, FRESH_HPA);
	CU_ASSERT_EQUAL(freed.size, SECURE_RAM_SIZE);
	CU_ASSERT(freed.zeroed);
	CU_ASSERT_FALSE(freed.dma_then);
	CU_ASSERT_FALSE(freed.mapped_then);
	CU_ASSERT_PTR_NULL(drive->owner);
	CU_ASSERT_PTR_NULL(card->owner);
}

static void v5_memory_a_device_may_still_write_is_retired(void)
{
	setup();
	memset(model_virt(FRESH_HPA), 0x5a, SECURE_RAM_SIZE);
	model_smmu_stop_sync(secure.smmu, 1);
	stop();
	CU_ASSERT_EQUAL(freed.frees, 0);
	CU_ASSERT_EQUAL(guest->state, ZONE_FAILED);
	CU_ASSERT(model_log_contains("retired: a device may still write to it"));
	CU_ASSERT_EQUAL(zone_request_start(guest), -EINVAL);
	guest->arch = guest;
	CU_ASSERT_EQUAL(zone_request_start(guest), -EBUSY);
}

/* A release at run time could not prove its block either; what comes later must know. */
static void v5_a_failed_release_at_run_time_is_remembered(void)
{
	setup();
	model_smmu_stop_sync(secure.smmu, 1);
	CU_ASSERT_EQUAL(device_request_release(drive), 0);
	while (deferred && releases[0].busy) {
		model_time_advance_ns(20000000);
		deferred->fn(deferred);
	}
	CU_ASSERT_EQUAL(drive->state, DEVICE_FAILED);
	stop();
	CU_ASSERT_EQUAL(freed.frees, 0);
	CU_ASSERT_EQUAL(guest->state, ZONE_FAILED);
}

static int answer;

static void assign_meanwhile(void)
{
	answer = device_request_assign(drive, guest);
}

/* The monitor gives a device to a zone that has begun to stop: it must not get one any more. */
static void c11_a_stopping_zone_gets_no_device(void)
{
	setup();
	CU_ASSERT_EQUAL(device_request_release(drive), 0);
	while (releases[0].busy) {
		model_time_advance_ns(20000000);
		deferred->fn(deferred);
	}
	while_waiting = assign_meanwhile;
	stop();
	CU_ASSERT_EQUAL(guest->state, ZONE_STOPPED);
	CU_ASSERT_PTR_NULL(drive->owner);
	CU_ASSERT_FALSE(freed.dma_then);
	CU_ASSERT_FALSE(secure_dma(drive, SECURE_RAM_GPA, NULL));
}

/* What the zone's own CPU needs first to stop it is taken as long as the device is half the zone's. */
static void watch(void *ctx, enum model_event event, uint64_t addr, uint64_t size, uint64_t value)
{
	(void)ctx;
	(void)event;
	(void)addr;
	(void)size;
	(void)value;
	answer += drive->owner == guest && !guest->lock.held;
}

static void c11_a_stop_waits_for_an_assignment_under_way(void)
{
	setup();
	CU_ASSERT_EQUAL(device_request_release(drive), 0);
	while (releases[0].busy) {
		model_time_advance_ns(20000000);
		deferred->fn(deferred);
	}
	answer = 0;
	model_observe(watch, NULL);
	CU_ASSERT_EQUAL(device_request_assign(drive, guest), 0);
	model_observe(NULL, NULL);
	CU_ASSERT_EQUAL(answer, 0);
	CU_ASSERT_PTR_EQUAL(drive->owner, guest);
	stop();
	CU_ASSERT_EQUAL(freed.frees, 1);
	CU_ASSERT_FALSE(freed.dma_then);
}

static void step_release(void)
{
	if (releases[0].busy)
		deferred->fn(deferred);
}

/* A release at run time and a stop take the same device: one of them does it, the other waits. */
static void c11_a_stop_waits_for_a_release_under_way(void)
{
	setup();
	CU_ASSERT_EQUAL(device_request_release(drive), 0);
	CU_ASSERT_EQUAL(drive->state, DEVICE_QUIESCING);
	while_waiting = step_release;
	stop();
	CU_ASSERT_EQUAL(guest->state, ZONE_STOPPED);
	CU_ASSERT_EQUAL(drive->state, DEVICE_QUARANTINED);
	CU_ASSERT_EQUAL(freed.frees, 1);
	CU_ASSERT_FALSE(freed.dma_then);
	CU_ASSERT_EQUAL(secure.blocks, 2);
}

static void c13_requests_out_of_place_are_refused(void)
{
	setup();
	CU_ASSERT_EQUAL(device_request_assign(drive, guest), -EBUSY);
	CU_ASSERT_EQUAL(device_request_assign(drive, secure_zone(0)), -EBUSY);
	CU_ASSERT_EQUAL(device_request_release(drive), 0);
	CU_ASSERT_EQUAL(device_request_release(drive), -ENOENT); /* under way, its plan is gone */
	CU_ASSERT_EQUAL(device_request_assign(drive, guest), -EBUSY);
	while_waiting = step_release;
	stop();
	CU_ASSERT_EQUAL(zone_request_stop(guest, ZONE_STOP_OFF, "again"), -EBUSY);
	CU_ASSERT_EQUAL(device_request_release(drive), -ENOENT);
	/* for a zone that does not run it is a plan */
	CU_ASSERT_EQUAL(device_request_assign(drive, guest), 0);
	CU_ASSERT_PTR_NULL(drive->owner);
	CU_ASSERT_EQUAL(hv.plan[drive - hv.pci.functions], 1);
}

void suite_security_zone(void)
{
	static const struct unit_test tests[] = {
		TEST(v5_memory_is_zero_when_a_zone_gets_it),
		TEST(v5_memory_is_free_after_block_unmap_and_zeroing),
		TEST(v5_memory_a_device_may_still_write_is_retired),
		TEST(v5_a_failed_release_at_run_time_is_remembered),
		TEST(c11_a_stopping_zone_gets_no_device),
		TEST(c11_a_stop_waits_for_an_assignment_under_way),
		TEST(c11_a_stop_waits_for_a_release_under_way),
		TEST(c13_requests_out_of_place_are_refused),
	};

	unit_suite("security_zone", tests, ARRAY_SIZE(tests));
}
