// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the bring-up test says about the machine without touching it: units and their limits, config
 * space, each function's capability lists and BARs. Contract in bringup.h.
 *
 * Nothing here writes a register. The lists are walked anew, independently of the scan, and
 * compared with what the scan captured (PCIe Base Specification, 7.5, 7.6).
 */
#include <linux/pci_regs.h>
#include <postern/string.h>

#include "bringup.h"

#define CLASSIC_FIRST  0x40u
#define CLASSIC_END    0x100u
#define EXTENDED_FIRST 0x100u
#define LIST_BOUND     64u /* longer ones are loops */
#define DUMP_ROW       16u

/* Text that grows; what does not fit is cut. */
struct text {
	char s[160];
	size_t length;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->length += (size_t)format_text_v(t->s + t->length, sizeof(t->s) - t->length, fmt, ap);
	va_end(ap);
	if (t->length >= sizeof(t->s))
		t->length = sizeof(t->s) - 1;
}

/* ---- the machine ---- */

static void describe_host(const struct pci_host *h)
{
	static const char *const kinds[] = {
		[PCI_WINDOW_IO] = "I/O", [PCI_WINDOW_MEM32] = "memory", [PCI_WINDOW_MEM64] = "64-bit memory"
	};

	report_say("PCI host %u: segment %04x, buses %02x-%02x, config space (%s) at 0x%llx",
		   h->index, (unsigned)h->segment, (unsigned)h->bus_first, (unsigned)h->bus_last,
		   h->config->name, (unsigned long long)h->config_base);
	for (unsigned i = 0; i < h->window_count; i++) {
		const struct pci_window *w = &h->windows[i];

		report_say("  %s window: CPU 0x%llx, bus 0x%llx, size 0x%llx", kinds[w->kind],
			   (unsigned long long)w->cpu, (unsigned long long)w->bus,
			   (unsigned long long)w->size);
	}
}

static void describe_limits(const struct iommu_unit *u)
{
	struct iommu_limits l;

	u->ops->limits(u, &l);
	report_say("  IOVA %u bits, output %u bits, page sizes 0x%llx, %u domains, %u slots (0: "
		   "no limit)%s",
		   l.iova_bits, l.output_bits, (unsigned long long)l.page_sizes, l.domains, l.slots,
		   l.by_root_port ? ", by root port" : "");
	report_say("  unknown requesters: %s; faults: %s; messages of others: %s",
		   l.blocks_unknown ? "blocked" : "PASS THROUGH",
		   l.reports_faults ? "reported" : "silent",
		   l.isolates_msi ? "kept apart" : "not kept apart");
}

static void check_iommu(const struct iommu_unit *u)
{
	char subject[24], place[64];

	format_text(subject, sizeof(subject), "iommu %u", u->index);
	if (!u->base && !u->function) {
		report_row(subject, "present", VERDICT_FAILED,
			   "no function " SBDF_FMT
			   " although this machine has one: switch the IOMMU on in firmware "
			   "set-up",
			   SBDF_ARG(u->sbdf));
		return;
	}
	if (u->function)
		format_text(place, sizeof(place), SBDF_FMT " [%04x:%04x] revision %u",
			    SBDF_ARG(u->sbdf), (unsigned)u->function->vendor,
			    (unsigned)u->function->device, (unsigned)u->function->revision);
	else
		format_text(place, sizeof(place), "registers at 0x%llx",
			    (unsigned long long)u->base);
	if (!u->ops) {
		report_row(subject, "present", VERDICT_FAILED,
			   "%s: not usable; the log above says why", place);
		return;
	}
	report_row(subject, "present", VERDICT_OK, "%s, %s", u->ops->name, place);
	describe_limits(u);
}

static void describe_msi_unit(const struct msi_unit *u)
{
	uint64_t size = 0;
	hpa_t base = 0;

	u->ops->doorbell(u, &base, &size);
	report_say("MSI unit %u: %s, doorbell 0x%llx size 0x%llx", u->index, u->ops->name,
		   (unsigned long long)base, (unsigned long long)size);
}

void machine_describe(const struct bringup_options *o)
{
	const struct machine *m = &hv.machine;

	report_say("bringup: %s, platform %s", m->model, hv.platform->name);
	for (unsigned i = 0; i < m->cpu_count; i++)
		report_say("CPU %u: hardware id 0x%llx, %s%s", i,
			   (unsigned long long)m->cpus[i].hw_id,
			   hv.cpus[i].online ? "online" : "OFFLINE",
			   i == o->cpu ? ", takes the messages" : "");
	for (unsigned i = 0; i < m->memory_count; i++)
		report_say("memory: 0x%llx size 0x%llx", (unsigned long long)m->memory[i].base,
			   (unsigned long long)m->memory[i].size);
	for (unsigned i = 0; i < m->host_count; i++)
		describe_host(&m->hosts[i]);
	for (unsigned i = 0; i < m->msi_unit_count; i++)
		describe_msi_unit(&m->msi_units[i]);
	for (unsigned i = 0; i < m->iommu_count; i++)
		check_iommu(&m->iommus[i]);
	if (!m->iommu_count)
		report_row("machine", "IOMMU", VERDICT_FAILED,
			   "firmware names none: if the machine has one, switch it on in firmware "
			   "set-up");
	for (unsigned i = 0; i < m->cpu_count; i++)
		if (!hv.cpus[i].online)
			report_row("machine", "CPUs", VERDICT_FAILED, "CPU %u did not start", i);
}

/* ---- config space ---- */

static uint32_t config(const struct pci_function *f, unsigned offset, unsigned size)
{
	return pci_config_read(f->host, f->sbdf, offset, size);
}

static void dump_function(const struct pci_function *f, unsigned bytes)
{
	/* As lspci -x prints it, so that `lspci -F FILE` takes the account as it is. */
	report_say(SBDF_FMT " %06x: %04x:%04x (rev %02x)", SBDF_ARG(f->sbdf), f->class_code,
		   (unsigned)f->vendor, (unsigned)f->device, (unsigned)f->revision);
	if (bytes > f->snapshot_size)
		bytes = f->snapshot_size;
	for (unsigned at = 0; at < bytes; at += DUMP_ROW) {
		char line[64];
		size_t length = (size_t)format_text(line, sizeof(line), "%02x:", at);

		for (unsigned i = 0; i < DUMP_ROW; i += 4) {
			uint32_t v = config(f, at + i, 4);

			length += (size_t)format_text(line + length, sizeof(line) - length,
						      " %02x %02x %02x %02x", v & 0xff,
						      v >> 8 & 0xff, v >> 16 & 0xff, v >> 24);
		}
		report_say("%s", line);
	}
	report_say("%s", "");
}

void machine_dump(unsigned bytes)
{
	report_say("%s", "");
	for (unsigned i = 0; i < hv.pci.count; i++)
		if (hv.pci.functions[i].state != DEVICE_ABSENT)
			dump_function(&hv.pci.functions[i], bytes);
}

/* ---- one function ---- */

struct capability_name {
	uint16_t id;
	const char *name;
};

static const struct capability_name classic_names[] = {
	{ PCI_CAP_ID_PM, "PM" },     { PCI_CAP_ID_VPD, "VPD" },    { PCI_CAP_ID_MSI, "MSI" },
	{ PCI_CAP_ID_EXP, "PCIe" },  { PCI_CAP_ID_MSIX, "MSI-X" }, { PCI_CAP_ID_AF, "AF" },
	{ PCI_CAP_ID_VNDR, "VNDR" },
};

static const struct capability_name extended_names[] = {
	{ PCI_EXT_CAP_ID_ERR, "AER" },      { PCI_EXT_CAP_ID_DSN, "DSN" },
	{ PCI_EXT_CAP_ID_ACS, "ACS" },      { PCI_EXT_CAP_ID_ARI, "ARI" },
	{ PCI_EXT_CAP_ID_ATS, "ATS" },      { PCI_EXT_CAP_ID_SRIOV, "SR-IOV" },
	{ PCI_EXT_CAP_ID_LTR, "LTR" },      { PCI_EXT_CAP_ID_PASID, "PASID" },
	{ PCI_EXT_CAP_ID_SECPCI, "SPCIe" },
};

static void add_name(struct text *t, const struct capability_name *names, size_t count, unsigned id,
		     unsigned at)
{
	for (size_t i = 0; i < count; i++) {
		if (names[i].id == id) {
			add(t, "%s%s@%x", t->length ? " " : "", names[i].name, at);
			return;
		}
	}
	add(t, "%s%02x@%x", t->length ? " " : "", id, at);
}

/* Where the walk found what the drivers here need. */
struct found {
	unsigned pcie, msix, count;
	bool broken;
};

static void walk_classic(const struct pci_function *f, struct text *t, struct found *found)
{
	unsigned at, n;

	if (!(config(f, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return;
	at = config(f, PCI_CAPABILITY_LIST, 1) & ~3u;
	for (n = 0; at && n < LIST_BOUND; n++) {
		unsigned id = config(f, at + PCI_CAP_LIST_ID, 1);

		if (at < CLASSIC_FIRST || id == 0xff)
			break;
		add_name(t, classic_names, ARRAY_SIZE(classic_names), id, at);
		found->count++;
		if (id == PCI_CAP_ID_EXP && !found->pcie)
			found->pcie = at;
		if (id == PCI_CAP_ID_MSIX && !found->msix)
			found->msix = at;
		at = config(f, at + PCI_CAP_LIST_NEXT, 1) & ~3u;
	}
	found->broken = at != 0;
}

static void walk_extended(const struct pci_function *f, struct text *t, struct found *found)
{
	unsigned at = EXTENDED_FIRST, n;

	if (f->snapshot_size <= CLASSIC_END)
		return;
	for (n = 0; at >= EXTENDED_FIRST && n < LIST_BOUND; n++) {
		uint32_t header = config(f, at, 4);

		if (!header || header == UINT32_MAX)
			return;
		add_name(t, extended_names, ARRAY_SIZE(extended_names), PCI_EXT_CAP_ID(header), at);
		found->count++;
		at = PCI_EXT_CAP_NEXT(header);
	}
	found->broken = found->broken || at;
}

bool function_capabilities(const struct pci_function *f, const char *subject)
{
	struct found found = { 0 };
	struct text t = { .length = 0 };
	bool same;

	walk_classic(f, &t, &found);
	walk_extended(f, &t, &found);
	same = found.pcie == f->caps.pcie && found.msix == f->caps.msix;
	if (!found.count || found.broken)
		report_row(subject, "capabilities", VERDICT_FAILED, "%s: %s",
			   found.broken ? "a list does not end" : "no capability list", t.s);
	else if (!same)
		report_row(subject, "capabilities", VERDICT_FAILED,
			   "not what the scan found (PCIe@%x, MSI-X@%x): %s",
			   (unsigned)f->caps.pcie, (unsigned)f->caps.msix, t.s);
	else
		report_row(subject, "capabilities", VERDICT_OK, "%s", t.s);
	return found.count && !found.broken && same;
}

bool function_bars(const struct pci_function *f, const char *subject)
{
	struct text t = { .length = 0 };
	const char *wrong = NULL;
	unsigned placed = 0;

	for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
		const struct pci_bar *b = &f->bars[i];
		unsigned reg = PCI_BASE_ADDRESS_0 + 4 * i;
		uint64_t now = config(f, reg, 4) & PCI_BASE_ADDRESS_MEM_MASK & UINT32_MAX;

		if (b->kind != PCI_BAR_MEM32 && b->kind != PCI_BAR_MEM64)
			continue;
		if (b->kind == PCI_BAR_MEM64)
			now |= (uint64_t)config(f, reg + 4, 4) << 32;
		add(&t, "%sBAR%u 0x%llx size 0x%llx", t.length ? ", " : "", i,
		    (unsigned long long)b->bus, (unsigned long long)b->size);
		if (!b->bus)
			wrong = "one has no address";
		else if (now != b->bus)
			wrong = "one does not hold its address";
		placed++;
	}
	if (!placed)
		wrong = "no memory BAR";
	if (wrong)
		report_row(subject, "BARs", VERDICT_FAILED, "%s: %s", wrong, t.s);
	else
		report_row(subject, "BARs", VERDICT_OK, "%s", t.s);
	return !wrong;
}
