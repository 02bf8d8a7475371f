// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Everything that can fail between giving a drive to a zone and taking it back, failed once each.
 *
 * The real drivers (SMMUv3, page tables, ITS, GIC, life cycle, virtual bus) run on the hardware
 * models. A run assigns the drive, lets the zone use it (decode and messages on, a BAR moved, a
 * function-level reset, messages again), releases it and destroys the DMA domain. The points of
 * failure of each kind are counted in a run without any; then each n-th one fails in a run of its
 * own. However that run goes:
 *
 *	- the assignment was refused, or the drive works for the zone, or is lost to it;
 *	- afterwards the drive is QUARANTINED, or FAILED; either way none of its DMA passes, unless
 *	  the unit itself could not confirm that, and then the zone's memory was not let go (V5);
 *	- once the hardware behaves again, what was held back can be had, a QUARANTINED drive can be
 *	  assigned again, a second drive too, and then every counter is where a run without failure
 *	  leaves it: pages, mappings, vectors, domains, streams, interrupt numbers, locks.
 */
#include "gic.h"
#include "its.h"
#include "pci-zone.h"
#include "smmuv3.h"
#include "unit.h"

#include <errno.h>
#include <irq/gic-v3-its.h>
#include <irq/gic-v3.h>
#include <stdio.h>
#include <string.h>

#define SMMU     ((hpa_t)0x9050000)
#define DIST     ((hpa_t)0x8000000)
#define ITS      ((hpa_t)0x8080000)
#define REDIST   ((hpa_t)0x80a0000)
#define CPUS     4u
#define IRQ      37u /* of the first drive's line */
#define RAM_GPA  ((gpa_t)0x80000000)
#define RAM_HPA  ((hpa_t)0x4b601000) /* no large pages: more tables to run out of memory for */
#define RAM_SIZE (4 * MIB)

static const char tree[] = "02.0 port\n"
			   "  00.0 nvme\n"
			   "03.0 port\n"
			   "  00.0 nvme\n";

enum kind {
	NOTHING,
	ALLOCATION,  /* host_pages_alloc() */
	GUEST_MAP,   /* host_map_guest() */
	IOMMU_CALL,  /* domain_create, map, attach, block, domain_destroy answer an error */
	MSI_CALL,    /* vectors_alloc, vectors_free, vector_target answer an error */
	LINE_CALL,   /* host_line_attach(), host_line_detach() answer an error */
	SMMU_SYNC,   /* the command queue stops: a timeout */
	SMMU_REFUSE, /* a command is refused */
	ITS_STALL,   /* a command is refused, the queue stalls */
	CONFIG_GONE, /* the drive answers nothing any more, from one config access on */
	STUCK,       /* a wait for the drive runs out: transactions, or its reset */
	KINDS
};

static const char *const kind_names[KINDS] = {
	[ALLOCATION] = "allocations",     [GUEST_MAP] = "stage-2 mappings",
	[IOMMU_CALL] = "IOMMU calls",     [MSI_CALL] = "MSI unit calls",
	[SMMU_SYNC] = "SMMU timeouts",    [SMMU_REFUSE] = "SMMU refusals",
	[ITS_STALL] = "ITS stalls",       [CONFIG_GONE] = "config accesses",
	[STUCK] = "waits for the device", [LINE_CALL] = "INTx line calls",
};

static struct {
	enum kind kind;
	unsigned n, calls[KINDS]; /* of the kinds counted here */
	bool struck;
} fault;

static struct machine board;
static struct manifest_zone wishes;
static struct model_smmu *smmu;
static struct iommu_ops iommu_ops;
static struct msi_unit_ops msi_ops;
static const struct msi_unit_ops *real_msi;
static const struct pci_config_ops *real_config;
static struct pci_config_ops config_ops;
static struct pci_function *first, *second;
static int domains, vectors_live;
static bool line_lost; /* the first drive's */

/*
 * Vectors that could not be taken back: their memory is kept from everybody on purpose, since
 * hardware may still name it. Exactly that is missing afterwards, and the device is FAILED.
 */
#define ITT_PAGES 1u
static struct {
	struct msi_vector *v;
	uint32_t device;
	unsigned count;
} lost;

/* What must not change from run to run. */
struct counters {
	uint64_t pages, guest_bytes;
	unsigned devices, events, streams, locks;
	int domains, vectors;
	unsigned lpis;  /* that somebody has */
	unsigned lines; /* the same */
	uint64_t vmid;  /* of the last domain */
};

static bool strikes(enum kind k)
{
	bool now = ++fault.calls[k] == fault.n && fault.kind == k;

	fault.struck |= now;
	return now;
}

/* ---- the real things, with a trip-wire each ---- */

static int domain_create(struct iommu_unit *u, uint16_t zone_id, struct iommu_domain **out)
{
	int err = strikes(IOMMU_CALL) ? -ENOMEM : arm_smmu_v3_ops.domain_create(u, zone_id, out);

	domains += !err;
	return err;
}

static int domain_destroy(struct iommu_domain *d)
{
	int err = strikes(IOMMU_CALL) ? -ETIMEDOUT : arm_smmu_v3_ops.domain_destroy(d);

	domains -= !err;
	return err;
}

static int map(struct iommu_domain *d, iova_t iova, hpa_t pa, uint64_t size, unsigned prot)
{
	return strikes(IOMMU_CALL) ? -ENOMEM : arm_smmu_v3_ops.map(d, iova, pa, size, prot);
}

static int attach(struct iommu_domain *d, uint32_t stream)
{
	return strikes(IOMMU_CALL) ? -ENOMEM : arm_smmu_v3_ops.attach(d, stream);
}

static int block(struct iommu_unit *u, uint32_t stream)
{
	return strikes(IOMMU_CALL) ? -ETIMEDOUT : arm_smmu_v3_ops.block(u, stream);
}

static int vectors_alloc(struct msi_unit *u, uint32_t device, struct msi_vector *v, unsigned count,
			 unsigned cpu)
{
	int err = strikes(MSI_CALL) ? -ENOSPC : real_msi->vectors_alloc(u, device, v, count, cpu);

	vectors_live += err ? 0 : (int)count;
	return err;
}

static int vectors_free(struct msi_unit *u, uint32_t device, struct msi_vector *v, unsigned count)
{
	int err = strikes(MSI_CALL) ? -ETIMEDOUT : real_msi->vectors_free(u, device, v, count);

	if (err) {
		lost.v = v;
		lost.device = device;
		lost.count = count;
	}
	vectors_live -= err ? 0 : (int)count;
	return err;
}

static int vector_target(struct msi_vector *v, unsigned cpu)
{
	return strikes(MSI_CALL) ? -ETIMEDOUT : real_msi->vector_target(v, cpu);
}

/* Without a line the device has messages only; one that does not come back is lost with it. */
static int line_answer(bool attach)
{
	if (!strikes(LINE_CALL))
		return 0;
	line_lost = !attach;
	return attach ? -ENOSPC : -ETIMEDOUT;
}

static struct model_pci_function *drive(void)
{
	return model_pci(1);
}

static void touched(sbdf_t fn)
{
	if (fn == first->sbdf && strikes(CONFIG_GONE))
		drive()->gone = true;
}

static uint32_t config_read(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size)
{
	touched(fn);
	return real_config->read(h, fn, offset, size);
}

static void config_write(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size,
			 uint32_t value)
{
	touched(fn);
	real_config->write(h, fn, offset, size, value);
}

/* ---- the machine ---- */

static void add_interrupts(void)
{
	const struct model_gic_config gic = {
		.dist = DIST,
		.redist = REDIST,
		.cpus = CPUS,
		.affinity = { 0, 1, 2, 3 },
		.spis = 32,
		.id_bits = 16,
	};
	const struct model_its_config its = {
		.base = ITS,
		.device_bits = 16,
		.event_bits = 16,
		.itt_entry = 12,
		.device_entry = 8,
		.only_page = 3,
	};
	struct intc_info info = { .dist_base = DIST, .dist_size = 0x10000, .redist_base = REDIST };
	struct msi_unit *unit = &board.msi_units[0];

	model_gic_add(&gic);
	model_its_add(&its);
	info.redist_size = CPUS * model_gic_redist_size();
	*unit = (struct msi_unit){ .base = ITS, .size = 0x20000 };
	CU_ASSERT_EQUAL_FATAL(gic_v3_init(&info), 0);
	CU_ASSERT_EQUAL_FATAL(gic_v3_cpu_init(), 0);
	CU_ASSERT_EQUAL_FATAL(gic_its_init(unit), 0);
	CU_ASSERT_EQUAL_FATAL(gic_its_cpu_init(), 0);
	for (unsigned cpu = 1; cpu < CPUS; cpu++) {
		model_set_cpu(cpu);
		CU_ASSERT_EQUAL_FATAL(gic_v3_cpu_init(), 0);
		CU_ASSERT_EQUAL_FATAL(gic_its_cpu_init(), 0);
	}
	model_set_cpu(0);
	real_msi = unit->ops;
	msi_ops = *real_msi;
	msi_ops.vectors_alloc = vectors_alloc;
	msi_ops.vectors_free = vectors_free;
	msi_ops.vector_target = vector_target;
	unit->ops = &msi_ops;
}

static void add_smmu(void)
{
	static const struct model_smmu_config plain;

	smmu = model_smmu_create(SMMU, &plain);
	board.iommus[0] = (struct iommu_unit){
		.ops = &arm_smmu_v3_ops,
		.base = SMMU,
		.size = 0x20000,
		.dma_coherent = true,
		.irqs = { .event = 106, .error = 109 },
	};
	CU_ASSERT_EQUAL_FATAL(arm_smmu_v3_ops.init(&board.iommus[0]), 0);
	iommu_ops = arm_smmu_v3_ops;
	iommu_ops.domain_create = domain_create;
	iommu_ops.domain_destroy = domain_destroy;
	iommu_ops.map = map;
	iommu_ops.attach = attach;
	iommu_ops.block = block;
	board.iommus[0].ops = &iommu_ops;
}

static struct zone *guest(void)
{
	return &machine.zones[1].zone;
}

static void setup(void)
{
	memset(&board, 0, sizeof(board));
	memset(&wishes, 0, sizeof(wishes));
	domains = vectors_live = 0;
	memset(&lost, 0, sizeof(lost));
	model_machine(tree);
	board.iommu_count = board.msi_unit_count = 1;
	add_smmu();
	add_interrupts();
	core_init(&board, &machine.table);
	first = model_function(1, 0, 0);
	second = model_function(2, 0, 0);
	first->interrupt_pin = second->interrupt_pin = 1;
	machine.host.intx[2][0] = IRQ;
	machine.host.intx[3][0] = IRQ + 1;
	line_lost = false;
	model_line_answers(line_answer);
	real_config = machine.host.config;
	config_ops = *real_config;
	config_ops.read = config_read;
	config_ops.write = config_write;
	machine.host.config = &config_ops;
	guest()->manifest = &wishes;
	guest()->ram_gpa = RAM_GPA;
	guest()->ram_hpa = RAM_HPA;
	guest()->ram_size = RAM_SIZE;
	memset(machine.zones[1].vcpu_of, 0, sizeof(machine.zones[1].vcpu_of));
	machine.zones[1].vcpu_of[1] = 1;
}

/* ---- a run ---- */

static bool passes(const struct pci_function *f)
{
	hpa_t to;

	return model_smmu_dma(smmu, f->iommu.id, RAM_GPA, true, &to);
}

/* Points of STUCK, in their order. */
static void may_stick(bool in_reset)
{
	if (strikes(STUCK))
		*(in_reset ? &drive()->never_ready : &drive()->stuck_pending) = true;
}

static void message(gpa_t table, unsigned n, uint32_t data)
{
	uint64_t value = ZONE_DOORBELL;

	vpci_mmio(machine.zones[1].v, table + 16 * n, 8, true, &value);
	value = data;
	vpci_mmio(machine.zones[1].v, table + 16 * n + 8, 8, true, &value);
}

/* What a driver of the zone does. */
static void use(struct pci_function *f)
{
	struct vpci *v = machine.zones[1].v;
	sbdf_t at = vpci_where(v, f);
	unsigned bus = sbdf_bus(at), devfn = sbdf_devfn(at), msix = f->caps.msix;
	uint64_t bar;

	if (at == SBDF_NONE)
		return;
	for (unsigned round = 0; round < 2; round++) {
		vpci_config_write(v, bus, devfn, 4, 2, 6);
		bar = vpci_config_read(v, bus, devfn, 0x10, 8) & ~0xfull;
		vpci_config_write(v, bus, devfn, msix + 2u, 2, 0x8000);
		message(bar + 0x2000, 0, 0);
		message(bar + 0x2000, 1, 1);
		vpci_config_write(v, bus, devfn, 0x10, 4, (uint32_t)bar + 0x100000);
		vpci_config_write(v, bus, devfn, 0x10, 4, (uint32_t)bar);
		if (round)
			return;
		if (f == first) {
			may_stick(false);
			may_stick(true);
		}
		vpci_config_write(v, bus, devfn, f->caps.pcie + 8u, 2, 0xa810);
		drive()->stuck_pending = false;
		for (unsigned i = 0; i < 40; i++) {
			model_time_advance_ns(50000000);
			vpci_config_read(v, bus, devfn, 0, 4);
		}
	}
}

static int take_back(struct pci_function *f)
{
	const uint64_t start = host_time_ns();
	struct device_quiesce q;
	int err;

	if (f == first) {
		may_stick(false);
		may_stick(true);
	}
	err = device_quiesce_start(&q, guest(), f);
	while (err == -EAGAIN) {
		if (q.wait_until > host_time_ns())
			model_time_advance_ns(q.wait_until - host_time_ns());
		err = device_quiesce_step(&q);
	}
	CU_ASSERT(host_time_ns() - start < 120000000000ull);
	return err;
}

/* Not lost in hardware, when the test itself said that it was: taken back now. */
static void take_back_lost(void)
{
	size_t pages = (lost.count * sizeof(*lost.v) + PAGE_SIZE - 1) / PAGE_SIZE;

	if (!lost.v || fault.kind != MSI_CALL)
		return;
	CU_ASSERT_EQUAL(
		real_msi->vectors_free(&board.msi_units[0], lost.device, lost.v, lost.count), 0);
	host_pages_free(lost.v, pages);
	vectors_live -= (int)lost.count;
	memset(&lost, 0, sizeof(lost));
}

/* What is missing on purpose does not count. */
static void forgive_lost(struct counters *c)
{
	if (!lost.v)
		return;
	CU_ASSERT_EQUAL(first->state, DEVICE_FAILED);
	c->pages -= ITT_PAGES + (lost.count * sizeof(*lost.v) + PAGE_SIZE - 1) / PAGE_SIZE;
	c->lpis -= lost.count;
	c->vectors -= (int)lost.count;
	/* The unit may have refused to forget the device itself, its last event gone. */
	CU_ASSERT(c->devices <= 1);
	c->devices = 0;
}

/* What is held back after a unit did not confirm something: had once it does again. */
static void recover(bool proven)
{
	model_fail_alloc_after(0);
	model_fail_map_after(0);
	model_smmu_stop_sync(smmu, 0);
	model_smmu_refuse_command(smmu, 0, 0);
	model_its_stall_after(0);
	arm_smmu_v3_ops.service_errors(&board.iommus[0]);
	drive()->gone = drive()->never_ready = drive()->stuck_pending = false;
	if (lost.v)
		CU_ASSERT_EQUAL(first->state, DEVICE_FAILED);
	take_back_lost();
	fault.kind = NOTHING;
	if (line_lost) {
		CU_ASSERT_EQUAL(first->state, DEVICE_FAILED);
		CU_ASSERT_EQUAL(host_line_detach(guest(), IRQ), 0);
	}
	if (!proven)
		CU_ASSERT_EQUAL(iommu_ops.block(&board.iommus[0], first->iommu.id), 0);
	CU_ASSERT_EQUAL(zone_domains_destroy(guest()), 0);
}

static void arm(void)
{
	switch (fault.kind) {
	case ALLOCATION:
		model_fail_alloc_after(fault.n);
		break;
	case GUEST_MAP:
		model_fail_map_after(fault.n);
		break;
	case SMMU_SYNC:
		model_smmu_stop_sync(smmu, fault.n);
		break;
	case SMMU_REFUSE:
		model_smmu_refuse_command(smmu, fault.n, 1);
		break;
	case ITS_STALL:
		model_its_stall_after(fault.n);
		break;
	default:
		break;
	}
}

static unsigned its_commands(void)
{
	unsigned sum = 0;

	for (unsigned opcode = 0; opcode < 32; opcode++)
		sum += model_its_commands(opcode);
	return sum;
}

static unsigned smmu_syncs(void)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < model_smmu_commands(smmu); i++)
		sum += model_smmu_command(smmu, i)->opcode == 0x46;
	return sum;
}

static void count(unsigned calls[KINDS], unsigned sign)
{
	calls[ALLOCATION] += sign * (unsigned)model_alloc_calls();
	calls[GUEST_MAP] += sign * model_map_calls();
	calls[SMMU_SYNC] += sign * smmu_syncs();
	calls[SMMU_REFUSE] += sign * model_smmu_commands(smmu);
	calls[ITS_STALL] += sign * its_commands();
}

/* The first drive, from assignment to release, with whatever is armed. False: it is FAILED. */
static bool troubled_cycle(void)
{
	int given, taken = 0, destroyed;
	bool proven = true;

	given = device_assign(guest(), first, SBDF_NONE, SBDF_NONE);
	if (given) {
		CU_ASSERT_PTR_NULL(first->owner);
		CU_ASSERT_EQUAL(vpci_where(machine.zones[1].v, first), SBDF_NONE);
	} else {
		CU_ASSERT_EQUAL(first->state, DEVICE_ASSIGNED);
		use(first);
		taken = take_back(first);
		CU_ASSERT(taken == 0 || taken == -ENODEV || taken == -EIO);
		CU_ASSERT_EQUAL(first->state, taken ? DEVICE_FAILED : DEVICE_QUARANTINED);
	}
	CU_ASSERT(first->state == DEVICE_QUARANTINED || first->state == DEVICE_FAILED);
	CU_ASSERT_PTR_NULL(first->owner);
	CU_ASSERT_EQUAL(model_guest_mapped_bytes(guest()), 0);
	CU_ASSERT_EQUAL(model_locks_held(), 0);
	destroyed = zone_domains_destroy(guest());
	/* A failed assignment whose block failed has its domain attached still. */
	if (taken == -EIO || (given && first->state == DEVICE_FAILED))
		proven = destroyed == 0;
	if (taken == -EIO)
		CU_ASSERT_NOT_EQUAL(destroyed, 0);
	if (proven && !(given && destroyed))
		CU_ASSERT_FALSE(passes(first));
	recover(proven && !destroyed);
	CU_ASSERT_FALSE(passes(first));
	return first->state == DEVICE_QUARANTINED;
}

static void clean_cycle(struct pci_function *f, struct counters *c)
{
	uint64_t ste[8];

	int err = device_assign(guest(), f, SBDF_NONE, SBDF_NONE);

	CU_ASSERT_EQUAL(err, 0);
	if (err)
		return;
	CU_ASSERT(passes(f));
	if (model_smmu_entry(smmu, f->iommu.id, ste))
		c->vmid = ste[2] & 0xffff;
	use(f);
	CU_ASSERT_EQUAL(take_back(f), 0);
	CU_ASSERT_FALSE(passes(f));
	CU_ASSERT_EQUAL(zone_domains_destroy(guest()), 0);
}

static struct counters run(enum kind kind, unsigned n, unsigned calls[KINDS])
{
	struct counters c = { 0 };
	struct gic_its_stats stats;
	bool free_again;

	fault.kind = NOTHING;
	setup();
	memset(&fault, 0, sizeof(fault));
	fault.kind = kind;
	fault.n = n;
	if (calls)
		count(calls, UINT32_MAX);
	arm();
	free_again = troubled_cycle();
	if (calls) {
		count(calls, 1);
		for (enum kind k = 0; k < KINDS; k++)
			calls[k] += fault.calls[k];
	}
	if (free_again)
		clean_cycle(first, &c);
	clean_cycle(second, &c);
	c.pages = model_pages_live();
	gic_its_stats(&board.msi_units[0], &stats);
	c.lpis = stats.lpis_used;
	c.guest_bytes = model_guest_mapped_bytes(guest());
	c.devices = model_its_devices();
	c.events = model_its_events();
	c.streams = model_smmu_scan(smmu).valid;
	c.locks = model_locks_held();
	c.domains = domains;
	c.vectors = vectors_live;
	c.lines = (model_line_owner(IRQ, NULL) ? 1u : 0u) +
		  (model_line_owner(IRQ + 1, NULL) ? 1u : 0u);
	forgive_lost(&c);
	return c;
}

static void compare(enum kind kind, unsigned n, const struct counters *c,
		    const struct counters *expected)
{
	if (memcmp(c, expected, sizeof(*c)))
		printf("    %s, number %u: pages %llu (%llu), guest %llu, ITS devices %u (%u) "
		       "events %u (%u), streams %u (%u), domains %d, vectors %d, LPIs %u (%u), "
		       "vmid %llu (%llu)\n",
		       kind_names[kind], n, (unsigned long long)c->pages,
		       (unsigned long long)expected->pages, (unsigned long long)c->guest_bytes,
		       c->devices, expected->devices, c->events, expected->events, c->streams,
		       expected->streams, c->domains, c->vectors, c->lpis, expected->lpis,
		       (unsigned long long)c->vmid, (unsigned long long)expected->vmid);
	CU_ASSERT_EQUAL(memcmp(c, expected, sizeof(*c)), 0);
}

static void each_failure_is_survived(void)
{
	unsigned calls[KINDS] = { 0 };
	struct counters expected = run(NOTHING, 0, calls), c;
	unsigned failed, released;

	CU_ASSERT_EQUAL(expected.guest_bytes, 0);
	CU_ASSERT_EQUAL(expected.domains, 0);
	CU_ASSERT_EQUAL(expected.vectors, 0);
	CU_ASSERT_EQUAL(expected.lines, 0);
	for (enum kind k = NOTHING + 1; k < KINDS; k++) {
		failed = released = 0;
		for (unsigned n = 1; n <= calls[k]; n++) {
			c = run(k, n, NULL);
			failed += first->state == DEVICE_FAILED;
			released += first->state == DEVICE_QUARANTINED;
			compare(k, n, &c, &expected);
		}
		printf("    %-22s %3u counted, %3u failed in turn: drive quarantined after %u, "
		       "failed after %u\n",
		       kind_names[k], calls[k], failed + released, released, failed);
		CU_ASSERT(calls[k] > 0);
	}
}

void suite_nth_failure(void)
{
	static const struct unit_test tests[] = {
		TEST(each_failure_is_survived),
	};

	unit_suite("nth-failure", tests, ARRAY_SIZE(tests));
}
