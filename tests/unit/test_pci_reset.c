// SPDX-License-Identifier: GPL-2.0-or-later
/* Resets: the engine's own machine, and the ones a zone asks for. */
#include "pci-zone.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

#define NONE SBDF_NONE
#define MS   1000000ull

/* ---- the engine's machine ---- */

static struct model_pci_function *hw;
static struct pci_function *f;

static void setup(const char *endpoint)
{
	char text[512] = "02.0 port\n  00.0 ";

	strcat(text, endpoint);
	model_machine(text);
	hw = model_pci(1);
	f = model_function(1, 0, 0);
}

/* Steps as a caller with other things to do would, and says how long it took; the result. */
static int run(struct pci_reset *r, uint64_t *took)
{
	uint64_t start = host_time_ns();
	int err;

	for (unsigned i = 0; i < 10000; i++) {
		err = pci_reset_step(r);
		if (err != -EAGAIN) {
			*took = host_time_ns() - start;
			return err;
		}
		if (r->wait_until > host_time_ns())
			model_time_advance_ns(r->wait_until - host_time_ns());
	}
	CU_FAIL_FATAL("it never ends");
	return 0;
}

static void flr_restores_what_the_scan_set_up(void)
{
	static uint8_t before[4096];
	struct pci_reset r;
	uint64_t took;

	setup("igb");
	memcpy(before, hw->config, sizeof(before));
	pci_set_memory_decode(f, true);
	pci_set_bus_master(f, true);
	CU_ASSERT_EQUAL(pci_reset_start(&r, f), 0);
	CU_ASSERT_STRING_EQUAL(r.method, "flr");
	CU_ASSERT_EQUAL(run(&r, &took), 0);
	CU_ASSERT_EQUAL(hw->resets, 1);
	CU_ASSERT(took >= 100 * MS && took < 200 * MS);
	CU_ASSERT_EQUAL(memcmp(before, hw->config, sizeof(before)), 0);
}

static void no_cpu_waits_while_a_reset_is_under_way(void)
{
	struct pci_reset r;
	uint64_t start;

	setup("igb");
	start = host_time_ns();
	CU_ASSERT_EQUAL(pci_reset_start(&r, f), 0);
	for (unsigned i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(pci_reset_step(&r), -EAGAIN);
	CU_ASSERT(host_time_ns() - start < 1 * MS);
}

static void other_methods_are_used_in_order(void)
{
	static const struct {
		const char *endpoint, *method;
	} cases[] = { { "ep id=11:1 bar0=m64:16K pm flr af", "flr" },
		      { "ep id=11:1 bar0=m64:16K pm af", "af-flr" },
		      { "ep id=11:1 bar0=m64:16K pm", "pm" } };

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pci_reset r;
		uint64_t took;

		model_reset();
		setup(cases[i].endpoint);
		CU_ASSERT_EQUAL(pci_reset_start(&r, f), 0);
		CU_ASSERT_STRING_EQUAL(r.method, cases[i].method);
		CU_ASSERT_EQUAL(run(&r, &took), 0);
		CU_ASSERT_EQUAL(hw->resets, 1);
		CU_ASSERT_EQUAL(model_pci_get(hw, 0x10, 4), (uint32_t)f->bars[0].bus | 4);
		CU_ASSERT_EQUAL(model_pci_get(hw, 4, 2), 0x400);
	}
}

static void no_method_is_said_and_nothing_touched(void)
{
	struct pci_reset r;

	setup("ep id=11:1 bar0=m64:16K pm=nsr");
	CU_ASSERT_EQUAL(pci_reset_start(&r, f), -EOPNOTSUPP);
	CU_ASSERT_EQUAL(hw->resets, 0);
}

static void reset_that_never_finishes_is_bounded(void)
{
	struct pci_reset r;
	uint64_t took;

	setup("igb");
	hw->never_ready = true;
	CU_ASSERT_EQUAL(pci_reset_start(&r, f), 0);
	CU_ASSERT_EQUAL(run(&r, &took), -ETIMEDOUT);
	CU_ASSERT(took >= 1100 * MS && took < 1500 * MS);
	CU_ASSERT(model_log_contains("0000:01:00.0: not back after flr"));
}

static void pending_transactions_delay_but_do_not_prevent(void)
{
	struct pci_reset r;
	uint64_t took;

	setup("igb");
	hw->stuck_pending = true;
	CU_ASSERT(!pci_transactions_done(f));
	CU_ASSERT_EQUAL(pci_reset_start(&r, f), 0);
	CU_ASSERT_EQUAL(run(&r, &took), 0);
	CU_ASSERT(took >= 200 * MS && took < 300 * MS);
}

static void slow_device_is_waited_for(void)
{
	struct pci_reset r;
	uint64_t took;

	setup("igb");
	hw->reset_ns = 900 * MS;
	CU_ASSERT_EQUAL(pci_reset_start(&r, f), 0);
	CU_ASSERT_EQUAL(run(&r, &took), 0);
	CU_ASSERT(took >= 900 * MS && took < 1000 * MS);
}

static void device_gone_during_reset_times_out(void)
{
	struct pci_reset r;
	uint64_t took;

	setup("igb");
	CU_ASSERT_EQUAL(pci_reset_start(&r, f), 0);
	CU_ASSERT_EQUAL(pci_reset_step(&r), -EAGAIN);
	hw->gone = true;
	CU_ASSERT_EQUAL(run(&r, &took), -ETIMEDOUT);
}

static void bar_that_does_not_hold_is_an_error(void)
{
	struct pci_reset r;
	uint64_t took;

	setup("igb");
	CU_ASSERT_EQUAL(pci_reset_start(&r, f), 0);
	memset(hw->write + 0x10, 0, 4);
	CU_ASSERT_EQUAL(run(&r, &took), -EIO);
	CU_ASSERT(model_log_contains("does not hold its address"));
}

static void command_bits_that_do_not_follow_are_errors(void)
{
	setup("igb");
	hw->write[4] = 0;
	CU_ASSERT_EQUAL(pci_set_bus_master(f, true), -EIO);
	CU_ASSERT_EQUAL(pci_set_bus_master(f, false), 0);
	hw->gone = true;
	CU_ASSERT_EQUAL(pci_set_bus_master(f, true), -EIO);
	CU_ASSERT_EQUAL(pci_set_memory_decode(f, false), -EIO);
	CU_ASSERT(pci_transactions_done(f));
}

static void interrupts_are_masked(void)
{
	setup("igb");
	hw->config[hw->msi + 2u] |= 1;
	hw->config[hw->msix + 3u] = 0x80;
	hw->config[5] = 0;
	pci_mask_interrupts(f);
	CU_ASSERT_EQUAL(hw->config[hw->msi + 2u] & 1, 0);
	CU_ASSERT_EQUAL(hw->config[hw->msix + 3u], 0x40);
	CU_ASSERT_EQUAL(hw->config[5], 4);
}

/* ---- a zone's ---- */

static struct vpci *v;
static struct zone *zone;

static uint32_t rd(unsigned offset, unsigned size)
{
	return (uint32_t)vpci_config_read(v, 1, 0, offset, size);
}

static void wr(unsigned offset, unsigned size, uint32_t value)
{
	vpci_config_write(v, 1, 0, offset, size, value);
}

static void assigned(const char *endpoint)
{
	setup(endpoint);
	v = machine.zones[1].v;
	zone = &machine.zones[1].zone;
	CU_ASSERT_EQUAL(model_assign(1, 1, 0, 0, NONE, NONE), 0);
}

static void start_flr(void)
{
	wr(hw->pcie + 8u, 2, rd(hw->pcie + 8u, 2) | 0x8000);
}

static bool our_messages(void)
{
	for (unsigned n = 0; n < hw->msix_entries; n++) {
		const uint8_t *e = hw->mem[hw->msix_bar] + hw->msix_table + 16 * n;

		if ((e[0] | e[1] << 8) != (REAL_DOORBELL & 0xffff) ||
		    (unsigned)(e[8] | e[9] << 8) != REAL_DATA + n || !(e[12] & 1))
			return false;
	}
	return true;
}

static void flr_keeps_bars_and_messages(void)
{
	uint64_t value;
	uint32_t low;

	assigned("nvme");
	wr(0x10, 4, ZONE_MEM32 + 0x3000000);
	wr(4, 2, 6);
	low = rd(0x10, 4);
	value = ZONE_DOORBELL;
	vpci_mmio(v, ZONE_MEM32 + 0x3002000, 8, true, &value);
	value = 0;
	vpci_mmio(v, ZONE_MEM32 + 0x300200c, 4, true, &value);
	wr(hw->msix + 2u, 2, 0x8000);
	start_flr();
	CU_ASSERT_EQUAL(hw->resets, 1);
	CU_ASSERT_EQUAL(rd(0, 4), UINT32_MAX);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0);
	model_time_advance_ns(101 * MS);
	CU_ASSERT_EQUAL(rd(0, 4), 0x00101b36);
	/* as after power-on, and yet where it was */
	CU_ASSERT_EQUAL(rd(4, 2), 0);
	CU_ASSERT_EQUAL(rd(hw->msix + 2u, 2), 64);
	CU_ASSERT_EQUAL(rd(0x10, 4), low);
	CU_ASSERT(our_messages());
	CU_ASSERT_EQUAL(model_pci_get(hw, 0x10, 4), (uint32_t)f->bars[0].bus | 4);
	wr(4, 2, 6);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0x2000);
	CU_ASSERT_EQUAL(rd(hw->pcie + 8u, 2) & 0x8000, 0);
}

/* A guest that only waits, and then goes on as if nothing had been lost but Command. */
static void flr_without_polling_works(void)
{
	assigned("nvme");
	wr(4, 2, 6);
	start_flr();
	model_time_advance_ns(100 * MS + 1000);
	wr(4, 2, 6);
	CU_ASSERT_EQUAL(model_pci_get(hw, 4, 2), 0x406);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0x2000);
}

static void accesses_during_flr_reach_nothing(void)
{
	uint64_t value = 0;
	gpa_t bar;

	assigned("nvme");
	wr(4, 2, 6);
	bar = rd(0x10, 4) & ~0xfu;
	start_flr();
	wr(4, 2, 6);
	start_flr();
	CU_ASSERT_EQUAL(hw->resets, 1);
	CU_ASSERT_EQUAL(vpci_mmio(v, bar, 4, false, &value), ACCESS_DONE);
	CU_ASSERT_EQUAL(value, 0xffffffff);
	model_time_advance_ns(101 * MS);
	CU_ASSERT_EQUAL(rd(4, 2), 0);
}

static void flr_that_never_finishes_leaves_the_zone_alone(void)
{
	uint64_t start;

	assigned("nvme");
	wr(4, 2, 6);
	hw->never_ready = true;
	start = host_time_ns();
	start_flr();
	for (unsigned i = 0; i < 300; i++) {
		CU_ASSERT_EQUAL(rd(0, 4), UINT32_MAX);
		model_time_advance_ns(10 * MS);
	}
	CU_ASSERT(host_time_ns() - start < 4000 * MS);
	CU_ASSERT(model_log_contains("zone guest loses 0000:01:00.0"));
	/* the life cycle can still take it away */
	vpci_remove(v, f);
}

static void remove_during_flr_is_fine(void)
{
	struct pci_reset r;
	uint64_t took;

	assigned("nvme");
	wr(4, 2, 6);
	start_flr();
	vpci_remove(v, f);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(zone), 0);
	CU_ASSERT_EQUAL(pci_reset_start(&r, f), 0);
	CU_ASSERT_EQUAL(run(&r, &took), 0);
}

static void secondary_bus_reset_resets_what_is_below(void)
{
	assigned("nvme");
	wr(4, 2, 6);
	vpci_config_write(v, 0, 1 << 3, 0x3e, 2, 0x40);
	CU_ASSERT_EQUAL(hw->resets, 1);
	vpci_config_write(v, 0, 1 << 3, 0x3e, 2, 0x40);
	vpci_config_write(v, 0, 1 << 3, 0x3e, 2, 0);
	CU_ASSERT_EQUAL(hw->resets, 1);
	/* the physical port's own control is untouched */
	CU_ASSERT_EQUAL(model_pci_get(model_pci(0), 0x3e, 2), 0);
	model_time_advance_ns(101 * MS);
	CU_ASSERT_EQUAL(rd(0, 4), 0x00101b36);
	CU_ASSERT_EQUAL(rd(4, 2), 0);
}

static void flr_is_not_offered_where_there_is_none(void)
{
	assigned("ep id=11:1 bar0=m64:16K af pm");
	CU_ASSERT_EQUAL(rd(hw->pcie + 4u, 4) & 0x10000000, 0);
	start_flr();
	CU_ASSERT_EQUAL(hw->resets, 0);
	CU_ASSERT_EQUAL(rd(0, 2), 0x11);
}

void suite_pci_reset(void)
{
	static const struct unit_test tests[] = {
		TEST(flr_restores_what_the_scan_set_up),
		TEST(no_cpu_waits_while_a_reset_is_under_way),
		TEST(other_methods_are_used_in_order),
		TEST(no_method_is_said_and_nothing_touched),
		TEST(reset_that_never_finishes_is_bounded),
		TEST(pending_transactions_delay_but_do_not_prevent),
		TEST(slow_device_is_waited_for),
		TEST(device_gone_during_reset_times_out),
		TEST(bar_that_does_not_hold_is_an_error),
		TEST(command_bits_that_do_not_follow_are_errors),
		TEST(interrupts_are_masked),
		TEST(flr_keeps_bars_and_messages),
		TEST(flr_without_polling_works),
		TEST(accesses_during_flr_reach_nothing),
		TEST(flr_that_never_finishes_leaves_the_zone_alone),
		TEST(remove_during_flr_is_fine),
		TEST(secondary_bus_reset_resets_what_is_below),
		TEST(flr_is_not_offered_where_there_is_none),
	};

	unit_suite("pci_reset", tests, ARRAY_SIZE(tests));
}
