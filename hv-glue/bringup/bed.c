// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One function under test: its DMA domain, its memory, its interrupts, and the way back to
 * quarantine. Contract in bringup.h; the order is the life cycle's (docs/architecture.md, "A
 * device's life").
 *
 * IOVAs stand high in what the IOMMU can translate, where no memory of this machine is, and run
 * against the order of the memory behind them. No cache maintenance is done: the hypervisor gives
 * zones coherent DMA, so a machine where that does not work must fail here.
 */
#include <core/zone.h>
#include <hv/fault_log.h>
#include <linux/pci_regs.h>
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/string.h>

#include "bringup.h"

#define RESET_BOUND_MS   5000u
#define DRAIN_BOUND_MS   2000u
#define MESSAGE_BOUND_MS 1000u
#define FAULT_BOUND_MS   200u
#define FAULT_SLICE      1024u /* of a device that does not stop */

#define GRANULE_PAGES (BED_GRANULE / PAGE_SIZE)
#define BED_PAGES     (BED_GRANULES * GRANULE_PAGES)
#define BED_SIZE      (BED_GRANULES * BED_GRANULE)
/* Room for another unit's doorbell: the bed moves up by this much where one is in its way. */
#define IOVA_STEP     (64 * MIB)
/* Wider ones are in no operating system's use, and devices may not have them all. */
#define IOVA_BITS     47u

/* Who the streams are opened for; it has no CPUs and no memory. */
static struct zone tester = { .id = ZONE_NONE, .name = "bringup" };

_Static_assert(BED_DATA_GRANULES *BED_GRANULE == BED_DATA_SIZE, "the data are whole granules");

/* ---- waiting ---- */

bool wait_until(bool (*holds)(void *ctx), void *ctx, unsigned ms)
{
	uint64_t deadline = host_time_ns() + ms * MS_IN_NS;
	bool late = false;

	for (;;) {
		cpu_poll();
		if (holds(ctx))
			return true;
		if (late)
			return false;
		/* One more look after the deadline: this CPU may have been away. */
		late = host_time_ns() > deadline;
		arch_relax();
	}
}

static bool never(void *ctx)
{
	(void)ctx;
	return false;
}

void wait_ms(unsigned ms)
{
	wait_until(never, NULL, ms);
}

/* ---- places ---- */

void *bed_at(const struct bed *b, uint32_t offset)
{
	uint64_t granule = offset / BED_GRANULE;

	return b->memory + (BED_GRANULES - 1 - granule) * BED_GRANULE + offset % BED_GRANULE;
}

hpa_t bed_register(const struct bed *b, unsigned bar, uint32_t offset)
{
	return b->f->bars[bar].cpu + offset;
}

/*
 * High in what the IOMMU translates, away from every doorbell and from the memory itself. Not in the
 * upper half: QEMU's SMMUv3 (10.0) walks only the first of two concatenated root tables.
 */
static iova_t choose_iova(const struct bed *b)
{
	const unsigned bits = b->limits.iova_bits < IOVA_BITS ? b->limits.iova_bits : IOVA_BITS;
	iova_t at = BIT64(bits - 2) | BIT64(bits - 4);
	uint64_t size = 0;
	bool moved;

	do {
		hpa_t base = 0, memory = host_virt_to_phys(b->memory);

		moved = false;
		for (unsigned i = 0; i < hv.machine.msi_unit_count; i++) {
			const struct msi_unit *u = &hv.machine.msi_units[i];

			u->ops->doorbell(u, &base, &size);
			moved = moved || ranges_overlap(at, BED_SIZE, align_down(base, BED_GRANULE),
							align_up(size, BED_GRANULE) + BED_GRANULE);
		}
		moved = moved || ranges_overlap(at, BED_SIZE, memory, BED_SIZE) ||
			ranges_overlap(at, BED_SIZE, host_virt_to_phys(b->outside), BED_GRANULE);
		at += moved ? IOVA_STEP : 0;
	} while (moved);
	return at;
}

/* ---- reset ---- */

static int run_reset(struct pci_function *f, const char **method)
{
	uint64_t deadline = host_time_ns() + RESET_BOUND_MS * MS_IN_NS;
	struct pci_reset r;
	int err = pci_reset_start(&r, f);

	*method = r.method;
	if (err)
		return err;
	while ((err = pci_reset_step(&r)) == -EAGAIN && host_time_ns() < deadline)
		cpu_wait_until(r.wait_until);
	return err == -EAGAIN ? -ETIMEDOUT : err;
}

bool bed_reset(struct bed *b)
{
	const char *method;
	int err = run_reset(b->f, &method);

	if (err == -EOPNOTSUPP)
		report_row(b->subject, "reset", VERDICT_FAILED,
			   "no FLR, no AF FLR, and D3hot is no reset: no zone can be given it");
	else if (err)
		report_row(b->subject, "reset", VERDICT_FAILED, "%s: not back (error %d)", method,
			   -err);
	else
		report_row(b->subject, "reset", VERDICT_OK, "%s", method);
	return !err;
}

/* ---- memory and domain ---- */

static int map_range(struct bed *b, unsigned first, unsigned count)
{
	const struct iommu_ops *ops = b->iommu->ops;

	for (unsigned g = first; g < first + count; g++) {
		uint32_t offset = (uint32_t)(g * BED_GRANULE);
		int err = ops->map(b->domain, bed_iova(b, offset),
				   host_virt_to_phys(bed_at(b, offset)), BED_GRANULE,
				   IOMMU_PROT_READ | IOMMU_PROT_WRITE);

		if (err)
			return err;
	}
	return 0;
}

int bed_map_data(struct bed *b)
{
	int err = map_range(b, 0, BED_DATA_GRANULES);

	b->data_mapped = !err;
	return err;
}

int bed_unmap_data(struct bed *b)
{
	int err = b->iommu->ops->unmap(b->domain, bed_iova(b, 0), BED_DATA_SIZE);

	b->data_mapped = b->data_mapped && err;
	return err;
}

/* As a zone's (core/zone.c): what stands before one in its page would be other registers. */
static int map_doorbells(struct bed *b)
{
	const uint64_t smallest = b->limits.page_sizes & (~b->limits.page_sizes + 1);
	int err = 0;

	for (unsigned i = 0; !err && i < hv.machine.msi_unit_count; i++) {
		const struct msi_unit *u = &hv.machine.msi_units[i];
		uint64_t size = 0;
		hpa_t base = 0;

		u->ops->doorbell(u, &base, &size);
		if (!size || b->iommu->msi_bypass)
			continue;
		err = is_aligned(base, smallest)
			      ? b->iommu->ops->map(b->domain, base, base, align_up(size, smallest),
						   IOMMU_PROT_WRITE | IOMMU_PROT_DEVICE)
			      : -EINVAL;
	}
	return err;
}

static bool refuse(const struct bed *b, const char *what, int err)
{
	report_row(b->subject, "domain", VERDICT_FAILED, "%s (error %d)", what, -err);
	return false;
}

static bool make_domain(struct bed *b)
{
	int err;

	b->limits = (struct iommu_limits){ 0 };
	b->iommu->ops->limits(b->iommu, &b->limits);
	if (!(b->limits.page_sizes & (BED_GRANULE | (BED_GRANULE - 1)))) {
		report_row(b->subject, "domain", VERDICT_FAILED,
			   "the IOMMU maps no page of 16 KiB or less (page sizes 0x%llx)",
			   (unsigned long long)b->limits.page_sizes);
		return false;
	}
	b->memory = host_pages_alloc(BED_PAGES, BED_GRANULE);
	b->outside = host_pages_alloc(GRANULE_PAGES, BED_GRANULE);
	if (!b->memory || !b->outside)
		return refuse(b, "no memory for the test", -ENOMEM);
	b->iova = choose_iova(b);
	err = b->iommu->ops->domain_create(b->iommu, ZONE_NONE, &b->domain);
	if (err)
		return refuse(b, "the IOMMU made no domain", err);
	err = bed_map_data(b);
	if (!err)
		err = map_range(b, BED_DATA_GRANULES, BED_GRANULES - BED_DATA_GRANULES);
	if (err)
		return refuse(b, "the memory was not mapped", err);
	err = map_doorbells(b);
	if (err)
		return refuse(b, "an MSI doorbell was not mapped", err);
	return true;
}

/* ---- messages ---- */

/* On whichever CPU the message came to. */
static void message_arrived(struct msi_vector *v)
{
	struct bed *b = v->context;

	__atomic_fetch_add(&b->arrived[v - b->vectors][arch_cpu_index()], 1, __ATOMIC_RELAXED);
}

static bool take_vectors(struct bed *b, unsigned wanted, unsigned cpu)
{
	unsigned count = wanted < b->f->msix.entries ? wanted : b->f->msix.entries;
	int err;

	if (!count || !b->msi) {
		report_row(b->subject, "vectors", VERDICT_FAILED,
			   count ? "no MSI unit takes its messages" : "it has no MSI-X");
		return false;
	}
	memset(b->vectors, 0, sizeof(b->vectors));
	for (unsigned i = 0; i < count; i++) {
		b->vectors[i].handler = message_arrived;
		b->vectors[i].context = b;
	}
	err = b->msi->ops->vectors_alloc(b->msi, b->f->msi_unit.id, b->vectors, count, cpu);
	if (err) {
		report_row(b->subject, "vectors", VERDICT_FAILED,
			   "%s gives no vector for CPU %u (error %d)", b->msi->ops->name, cpu,
			   -err);
		return false;
	}
	b->vectors_taken = true;
	b->vector_count = count;
	return true;
}

/* Every entry is masked after a reset (PCIe Base Specification, 7.7.2.4): those in use are not. */
static void program_messages(const struct bed *b)
{
	const struct pci_function *f = b->f;
	uint32_t control;

	for (unsigned i = 0; i < b->vector_count; i++) {
		hpa_t entry = bed_register(b, f->msix.table_bar, f->msix.table_offset) +
			      i * PCI_MSIX_ENTRY_SIZE;
		struct msi_message m;

		b->msi->ops->message(&b->vectors[i], &m);
		mmio_write32(entry + PCI_MSIX_ENTRY_LOWER_ADDR, (uint32_t)m.address);
		mmio_write32(entry + PCI_MSIX_ENTRY_UPPER_ADDR, (uint32_t)(m.address >> 32));
		mmio_write32(entry + PCI_MSIX_ENTRY_DATA, m.data);
		mmio_write32(entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
	}
	control = pci_config_read(f->host, f->sbdf, f->caps.msix + PCI_MSIX_FLAGS, 2);
	control = (control & ~(uint32_t)PCI_MSIX_FLAGS_MASKALL) | PCI_MSIX_FLAGS_ENABLE;
	pci_config_write(f->host, f->sbdf, f->caps.msix + PCI_MSIX_FLAGS, 2, control);
}

bool bed_make(struct bed *b, unsigned vectors, unsigned cpu)
{
	int err;

	if (!b->iommu) {
		report_row(b->subject, "domain", VERDICT_FAILED,
			   "no IOMMU translates its DMA: no zone can be given it");
		return false;
	}
	if (!make_domain(b) || !take_vectors(b, vectors, cpu))
		return false;
	err = pci_set_memory_decode(b->f, true);
	if (err)
		return refuse(b, "Memory Enable does not turn on", err);
	program_messages(b);
	err = stream_open(&tester, b->f, b->domain);
	if (err)
		return refuse(b, "the IOMMU did not take its stream", err);
	/* The last: from here on it can do something. */
	err = pci_set_bus_master(b->f, true);
	if (err)
		return refuse(b, "Bus Master does not turn on", err);
	b->faults_from = fault_log_total();
	report_row(b->subject, "domain", VERDICT_OK,
		   "stream 0x%x, IOVA 0x%llx to memory 0x%llx, %u granules of 16 KiB, last first",
		   b->f->iommu.id, (unsigned long long)b->iova,
		   (unsigned long long)host_virt_to_phys(b->memory), BED_GRANULES);
	return true;
}

/* ---- what came ---- */

static uint32_t arrivals(const struct bed *b, unsigned vector, unsigned cpu)
{
	return __atomic_load_n(&b->arrived[vector][cpu], __ATOMIC_RELAXED);
}

static bool each_came(void *ctx)
{
	const struct bed *b = ctx;

	for (unsigned v = 0; v < b->vector_count; v++) {
		uint32_t sum = 0;

		for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
			sum += arrivals(b, v, cpu);
		if (!sum)
			return false;
	}
	return true;
}

static void check_vector(const struct bed *b, unsigned v, unsigned cpu)
{
	const struct msi_vector *vector = &b->vectors[v];
	uint32_t right = arrivals(b, v, cpu), wrong = 0;
	unsigned where = cpu;
	char step[24];

	for (unsigned c = 0; c < MAX_CPUS; c++) {
		if (c != cpu && arrivals(b, v, c)) {
			wrong += arrivals(b, v, c);
			where = c;
		}
	}
	format_text(step, sizeof(step), "MSI-X %u", v);
	if (wrong)
		report_row(b->subject, step, VERDICT_FAILED,
			   "interrupt %u: %u came on CPU %u, expected on CPU %u", vector->hwirq,
			   wrong, where, cpu);
	else if (!right)
		report_row(b->subject, step, VERDICT_FAILED,
			   "interrupt %u: none came within %u ms, expected on CPU %u",
			   vector->hwirq, MESSAGE_BOUND_MS, cpu);
	else
		report_row(b->subject, step, VERDICT_OK, "interrupt %u: %u came on CPU %u",
			   vector->hwirq, right, cpu);
}

void bed_check_messages(struct bed *b, unsigned cpu)
{
	wait_until(each_came, b, MESSAGE_BOUND_MS);
	for (unsigned v = 0; v < b->vector_count; v++)
		check_vector(b, v, cpu);
}

/* ---- marks ---- */

/* What stands at a place that nothing was written to; never the same in two words. */
static uint64_t mark_word(uint64_t place)
{
	return (place + 1) * 0x9e3779b97f4a7c15ull;
}

static void mark(void *at, uint64_t place, uint64_t size)
{
	uint64_t *words = at;

	for (uint64_t i = 0; i < size / sizeof(*words); i++)
		words[i] = mark_word(place + i * sizeof(*words));
}

static bool marked(const void *at, uint64_t place, uint64_t size)
{
	const uint64_t *words = at;

	for (uint64_t i = 0; i < size / sizeof(*words); i++)
		if (words[i] != mark_word(place + i * sizeof(*words)))
			return false;
	return true;
}

void bed_mark_data(struct bed *b)
{
	for (uint32_t at = 0; at < BED_DATA_SIZE; at += BED_GRANULE)
		mark(bed_at(b, at), at, BED_GRANULE);
	arch_full_barrier();
}

bool bed_data_marked(const struct bed *b, uint32_t offset, uint32_t size)
{
	arch_full_barrier();
	for (uint32_t at = offset; at < offset + size; at += BED_GRANULE) {
		uint32_t left = offset + size - at;

		if (!marked(bed_at(b, at), at, left < BED_GRANULE ? left : BED_GRANULE))
			return false;
	}
	return true;
}

void bed_mark_outside(struct bed *b)
{
	mark(b->outside, BED_SIZE, BED_GRANULE);
	arch_full_barrier();
}

bool bed_outside_marked(const struct bed *b)
{
	arch_full_barrier();
	return marked(b->outside, BED_SIZE, BED_GRANULE);
}

/* ---- faults ---- */

struct awaited_fault {
	struct bed *b;
	struct iommu_fault *found; /* iova: where it may begin */
	uint64_t size;             /* 0: anywhere */
};

static bool fault_came(void *ctx)
{
	const struct awaited_fault *a = ctx;
	struct iommu_unit *u = a->b->iommu;
	struct fault_record r;
	struct iommu_fault fault;

	/* The unit's interrupt may have brought them to the log already, or not exist. */
	for (unsigned i = 0; i < FAULT_SLICE && u->ops->fault_next(u, &fault) > 0; i++)
		fault_log_add(u->index, &fault);
	while (fault_log_next(&a->b->faults_from, &r)) {
		if (r.unit == u->index && r.fault.stream == a->b->f->iommu.id &&
		    (!a->size || (r.fault.has_iova && r.fault.iova - a->found->iova < a->size))) {
			*a->found = r.fault;
			return true;
		}
	}
	return false;
}

bool bed_fault_seen(struct bed *b, struct iommu_fault *f, uint64_t size)
{
	struct awaited_fault a = { b, f, size };

	return wait_until(fault_came, &a, FAULT_BOUND_MS);
}

bool bed_any_fault_seen(struct bed *b, struct iommu_fault *f)
{
	return bed_fault_seen(b, f, 0);
}

/* ---- back ---- */

int bed_block(struct bed *b)
{
	return stream_shut(b->f);
}

static bool drained(void *ctx)
{
	const struct bed *b = ctx;

	return pci_transactions_done(b->f);
}

/* The first thing that went wrong; NULL: nothing did. */
static const char *quiet(struct bed *b)
{
	const char *wrong = NULL;

	pci_mask_interrupts(b->f);
	if (pci_set_bus_master(b->f, false))
		wrong = "Bus Master does not turn off";
	if (!wait_until(drained, b, DRAIN_BOUND_MS) && !wrong)
		wrong = "transactions stay pending";
	return wrong;
}

/* Memory is given back only when nothing can reach it any more (V5). */
static const char *give_back(struct bed *b)
{
	/* Once more where it was blocked before: whatever became of that. */
	if (b->f->stream != STREAM_QUIET && stream_shut(b->f))
		return "the IOMMU did not confirm the block; the memory is kept";
	if (b->vectors_taken &&
	    b->msi->ops->vectors_free(b->msi, b->f->msi_unit.id, b->vectors, b->vector_count))
		return "the vectors could not be taken back";
	b->vectors_taken = false;
	if (b->domain && b->iommu->ops->domain_destroy(b->domain))
		return "the IOMMU did not give up the domain; the memory is kept";
	b->domain = NULL;
	host_pages_free(b->memory, BED_PAGES);
	host_pages_free(b->outside, GRANULE_PAGES);
	b->memory = b->outside = NULL;
	return NULL;
}

void bed_release(struct bed *b)
{
	const char *wrong = quiet(b), *method = "no method", *more;
	const bool was_open = b->f->stream != STREAM_QUIET;
	unsigned command;

	more = give_back(b);
	wrong = wrong ? wrong : more;
	if (run_reset(b->f, &method) && !wrong)
		wrong = "the reset failed";
	/* A proven reset lets a scarce slot go. */
	if (!wrong && stream_release(b->f))
		wrong = "the IOMMU did not give up the slot";
	command = pci_config_read(b->f->host, b->f->sbdf, PCI_COMMAND, 2);
	if (!wrong && (command & (PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY | PCI_COMMAND_IO)))
		wrong = "it is not quiet after the reset";
	if (!wrong)
		report_row(b->subject, "quarantine", VERDICT_OK, "%s, reset by %s, Command 0x%04x",
			   was_open ? "blocked" : "quiet", method, command);
	else
		report_row(b->subject, "quarantine", VERDICT_FAILED, "%s (Command 0x%04x)", wrong,
			   command);
}
