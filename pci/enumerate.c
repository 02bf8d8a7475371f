// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finds every function below a host bridge and leaves it quiet: depth first, numbering buses where
 * firmware has not.
 *
 * Caller context: boot CPU, before any zone, single-threaded. Contract: postern/pci.h.
 *
 * A bus's functions are found first, its bridges then entered in ascending secondary bus number, so
 * that the table is in SBDF order and a parent always precedes its children.
 *
 * Bus numbers: the bridges of one bus keep the firmware's numbers when those of *all* of them are
 * valid (own primary, non-empty range inside the parent's, disjoint); otherwise all of them are
 * renumbered, which nothing below can contradict since it is scanned afterwards.
 */
#include "scan.h"

#include <linux/pci_regs.h>
#include <postern/errno.h>
#include <postern/string.h>

/*
 * Deepest chain of bridges followed; bounds recursion on the boot stack. Real trees stay below 8.
 */
#define MAX_DEPTH         16u
#define MAX_BUS_FUNCTIONS 256u

/*
 * A function may answer "not yet" (Configuration Request Retry Status) for up to a second after
 * reset.
 */
#define RETRY_ID      0x0001u
#define RETRY_STEP_US 1000u
#define RETRY_STEPS   1000u
/* D3hot to D0 takes 10 ms (PCI Bus Power Management Interface 1.2, 5.6.1). */
#define PM_WAKE_US    10000u

#define HEADER_MULTIFUNCTION 0x80u

#define ACS_ISOLATE (PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF)
#define SLOT_INTERRUPTS                                                                            \
	(PCI_EXP_SLTCTL_ABPE | PCI_EXP_SLTCTL_PFDE | PCI_EXP_SLTCTL_MRLSCE | PCI_EXP_SLTCTL_PDCE | \
	 PCI_EXP_SLTCTL_CCIE | PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_DLLSCE)
#define ROOT_INTERRUPTS \
	(PCI_EXP_RTCTL_SECEE | PCI_EXP_RTCTL_SENFEE | PCI_EXP_RTCTL_SEFEE | PCI_EXP_RTCTL_PMEIE)
#define ERROR_REPORTING \
	(PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE)
#define AER_INTERRUPTS \
	(PCI_ERR_ROOT_CMD_COR_EN | PCI_ERR_ROOT_CMD_NONFATAL_EN | PCI_ERR_ROOT_CMD_FATAL_EN)
/*
 * Extended Capability "ARI", 7.8.8: the function number that follows, in the capability register.
 */
#define ARI_NEXT(cap) ((unsigned)PCI_ARI_CAP_NFN(cap))

struct scan {
	struct pci_host *host;
	struct pci_table *table;
	int error; /* first one met; the scan goes on */
};

static void scan_bus(struct scan *s, struct pci_function *parent, unsigned bus, unsigned limit,
		     unsigned depth, unsigned *last);

/* ---- one function ---- */

/* The vendor ID, waiting a bounded time for one that is not ready yet; 0xffff: nobody. */
static uint16_t probe_vendor(const struct pci_host *h, sbdf_t fn)
{
	unsigned step;

	for (step = 0; step < RETRY_STEPS; step++) {
		uint16_t id = (uint16_t)pci_config_read(h, fn, PCI_VENDOR_ID, 2);

		if (id != RETRY_ID)
			return id == 0 ? 0xffff : id;
		host_udelay(RETRY_STEP_US);
	}
	host_log(LOG_WARN, "pci " SBDF_FMT ": answers retry for a second, taken as absent",
		 SBDF_ARG(fn));
	return 0xffff;
}

static bool is_port(const struct pci_function *f)
{
	return pci_is_bridge(f) &&
	       (f->pcie_type == PCI_EXP_TYPE_ROOT_PORT || f->pcie_type == PCI_EXP_TYPE_DOWNSTREAM);
}

void pci_mask_interrupts(struct pci_function *f)
{
	pci_update16(f, PCI_COMMAND, 0, PCI_COMMAND_INTX_DISABLE);
	if (f->caps.msi)
		pci_update16(f, f->caps.msi + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE, 0);
	if (f->caps.msix)
		pci_update16(f, f->caps.msix + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE,
			     PCI_MSIX_FLAGS_MASKALL);
}

/* A function the firmware left asleep is woken: in D3hot it has no BARs to size. */
static void power_on(struct pci_function *f)
{
	uint16_t control;

	if (!f->caps.pm)
		return;
	control = pci_read16(f, f->caps.pm + PCI_PM_CTRL);
	if (!(control & PCI_PM_CTRL_STATE_MASK))
		return;
	pci_write16(f, f->caps.pm + PCI_PM_CTRL,
		    (uint16_t)(control & ~(PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_STATUS)));
	host_udelay(PM_WAKE_US);
	pci_write16(f, PCI_COMMAND, COMMAND_QUIET);
}

/*
 * Slot, root, error and message interrupts of the function off: bridges' are the engine's,
 * endpoints have no zone yet.
 */
static void silence(struct pci_function *f)
{
	unsigned cap = f->caps.pcie;

	pci_mask_interrupts(f);
	if (cap) {
		/* Phantom functions would send under requester IDs that are nobody's stream. */
		pci_update16(f, cap + PCI_EXP_DEVCTL, ERROR_REPORTING | PCI_EXP_DEVCTL_PHANTOM, 0);
		if (is_port(f) && pci_read16(f, cap + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_SLOT)
			pci_update16(f, cap + PCI_EXP_SLTCTL, SLOT_INTERRUPTS, 0);
		if (f->pcie_type == PCI_EXP_TYPE_ROOT_PORT || f->pcie_type == PCI_EXP_TYPE_RC_EC)
			pci_update16(f, cap + PCI_EXP_RTCTL, ROOT_INTERRUPTS, 0);
	}
	if (f->caps.aer &&
	    (f->pcie_type == PCI_EXP_TYPE_ROOT_PORT || f->pcie_type == PCI_EXP_TYPE_RC_EC)) {
		uint32_t command = pci_read32(f, f->caps.aer + PCI_ERR_ROOT_COMMAND);

		if (command & AER_INTERRUPTS)
			pci_write32(f, f->caps.aer + PCI_ERR_ROOT_COMMAND,
				    command & ~(uint32_t)AER_INTERRUPTS);
	}
	if (f->caps.pm)
		pci_update16(f, f->caps.pm + PCI_PM_CTRL,
			     PCI_PM_CTRL_PME_ENABLE | PCI_PM_CTRL_PME_STATUS, 0);
}

/*
 * Keeps peers apart where the hardware can: every request of a function goes up to the IOMMU
 * instead of across (PCIe Base Specification, 6.12). Bits the capability does not have are not
 * needed by what it stands for.
 */
static void enable_acs(struct pci_function *f)
{
	uint16_t have;

	if (!f->caps.acs)
		return;
	have = pci_read16(f, f->caps.acs + PCI_ACS_CAP) & ACS_ISOLATE;
	pci_update16(f, f->caps.acs + PCI_ACS_CTRL, PCI_ACS_EC | PCI_ACS_DT, have);
}

/* VFs a firmware may have left enabled go away: they would be functions nobody enumerated. */
static void disable_vfs(struct pci_function *f)
{
	if (f->caps.sriov)
		pci_update16(f, f->caps.sriov + PCI_SRIOV_CTRL,
			     PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE, 0);
	if (f->caps.ats)
		pci_update16(f, f->caps.ats + PCI_ATS_CTRL, PCI_ATS_CTRL_ENABLE, 0);
}

static bool is_part_of_machine(const struct pci_host *h, sbdf_t fn, uint16_t vendor)
{
	const struct pci_quirks *q = h->quirks;

	return q && q->part_of_machine &&
	       q->part_of_machine(h, fn, vendor,
				  (uint16_t)pci_config_read(h, fn, PCI_DEVICE_ID, 2));
}

/* What registers say of the function, or the platform where they are known to be wrong. */
static void identify(struct pci_function *f)
{
	const struct pci_quirks *q = f->host->quirks;

	f->device = pci_read16(f, PCI_DEVICE_ID);
	f->revision = pci_read8(f, PCI_REVISION_ID);
	f->class_code = pci_read32(f, PCI_CLASS_REVISION) >> 8;
	f->header_type = pci_read8(f, PCI_HEADER_TYPE);
	f->multifunction = f->header_type & HEADER_MULTIFUNCTION;
	f->interrupt_pin = pci_read8(f, PCI_INTERRUPT_PIN);
	if (!pci_is_bridge(f)) {
		f->subsystem_vendor = pci_read16(f, PCI_SUBSYSTEM_VENDOR_ID);
		f->subsystem_device = pci_read16(f, PCI_SUBSYSTEM_ID);
	}
	if (q && q->class_code)
		f->class_code = q->class_code(f->host, f->vendor, f->device, f->class_code);
	if (q && q->interrupt_pin)
		f->interrupt_pin =
			q->interrupt_pin(f->host, f->sbdf, f->vendor, f->device, f->interrupt_pin);
}

static struct pci_function *add_function(struct scan *s, struct pci_function *parent, sbdf_t fn,
					 uint16_t vendor)
{
	const struct pci_quirks *q = s->host->quirks;
	bool machine = is_part_of_machine(s->host, fn, vendor);
	struct pci_function *f;

	if (s->table->count == MAX_PCI_FUNCTIONS) {
		if (s->error != -ENOSPC)
			host_log(LOG_ERROR,
				 "pci " SBDF_FMT
				 ": more than %u functions, this and later ones are left out; "
				 "raise MAX_PCI_FUNCTIONS",
				 SBDF_ARG(fn), MAX_PCI_FUNCTIONS);
		s->error = -ENOSPC;
		/* Even a function that is not managed must not reach memory. */
		if (!machine)
			pci_config_write(s->host, fn, PCI_COMMAND, 2, COMMAND_QUIET);
		return NULL;
	}
	f = &s->table->functions[s->table->count++];
	memset(f, 0, sizeof(*f));
	f->sbdf = fn;
	f->host = s->host;
	f->parent = parent;
	f->state = DEVICE_QUARANTINED;
	f->vendor = vendor;
	f->engine = machine;
	if (!machine)
		pci_write16(f, PCI_COMMAND, COMMAND_QUIET);
	identify(f);
	pci_route_function(f);
	pci_capture_capabilities(f);
	if (!machine) {
		power_on(f);
		silence(f);
		enable_acs(f);
		disable_vfs(f);
		pci_capture_bars(f);
		pci_validate_msix(f);
	}
	if (q && q->prepare)
		q->prepare(f);
	return f;
}

/* ---- the functions of one bus ---- */

/*
 * A PCIe link has one device at its end; only a switch's internal bus and conventional buses have
 * more.
 */
static bool single_device(const struct scan *s, const struct pci_function *parent)
{
	const struct pci_quirks *q = s->host->quirks;

	if (!parent)
		return false;
	return is_port(parent) || (q && q->one_device && q->one_device(parent));
}

/*
 * Alternative Routing-ID Interpretation: the port must forward all 256 functions, device 0 must
 * list them.
 */
static bool enable_ari(const struct pci_function *parent, const struct pci_function *first)
{
	unsigned cap;

	if (!parent || !is_port(parent) || !first->caps.ari)
		return false;
	cap = parent->caps.pcie;
	if (FIELD_GET(PCI_EXP_FLAGS_VERS, pci_read16(parent, cap + PCI_EXP_FLAGS)) < 2 ||
	    !(pci_read32(parent, cap + PCI_EXP_DEVCAP2) & PCI_EXP_DEVCAP2_ARI))
		return false;
	pci_update16(parent, cap + PCI_EXP_DEVCTL2, 0, PCI_EXP_DEVCTL2_ARI);
	if (!(pci_read16(parent, cap + PCI_EXP_DEVCTL2) & PCI_EXP_DEVCTL2_ARI))
		return false;
	/* VF routing IDs may then use all 256 functions of the bus. */
	if (first->caps.sriov)
		pci_update16(first, first->caps.sriov + PCI_SRIOV_CTRL, 0, PCI_SRIOV_CTRL_ARI);
	return true;
}

static struct pci_function *scan_function(struct scan *s, struct pci_function *parent, unsigned bus,
					  unsigned devfn)
{
	sbdf_t fn = sbdf_make(s->host->segment, bus, devfn >> 3, devfn & 7);
	uint16_t vendor = probe_vendor(s->host, fn);

	return vendor == 0xffff ? NULL : add_function(s, parent, fn, vendor);
}

/* Follows the next-function numbers, which must ascend. */
static void scan_ari(struct scan *s, struct pci_function *parent, unsigned bus,
		     struct pci_function *first)
{
	const struct pci_function *f = first;
	unsigned at = 0, next;

	while (f && f->caps.ari) {
		next = ARI_NEXT(pci_read16(f, f->caps.ari + PCI_ARI_CAP));
		if (next <= at || next >= MAX_BUS_FUNCTIONS)
			return;
		at = next;
		f = scan_function(s, parent, bus, at);
	}
}

static void scan_functions(struct scan *s, struct pci_function *parent, unsigned bus)
{
	unsigned devices = single_device(s, parent) ? 1 : 32, dev, fn;

	for (dev = 0; dev < devices; dev++) {
		struct pci_function *first = scan_function(s, parent, bus, dev << 3);
		sbdf_t fn0 = sbdf_make(s->host->segment, bus, dev, 0);
		uint8_t type = (uint8_t)pci_config_read(s->host, fn0, PCI_HEADER_TYPE, 1);

		if (first && dev == 0 && enable_ari(parent, first)) {
			scan_ari(s, parent, bus, first);
			return;
		}
		/*
		 * All-ones is nobody. A full table is no reason to leave the other functions as
		 * they are.
		 */
		if (type == UINT8_MAX || !(type & HEADER_MULTIFUNCTION))
			continue;
		for (fn = 1; fn < 8; fn++)
			scan_function(s, parent, bus, dev << 3 | fn);
	}
}

/* ---- bus numbers ---- */

static void write_buses(const struct pci_function *b, unsigned primary, unsigned secondary,
			unsigned subordinate)
{
	uint32_t latency = pci_read32(b, PCI_PRIMARY_BUS) & 0xff000000u;

	pci_write32(b, PCI_PRIMARY_BUS, primary | secondary << 8 | subordinate << 16 | latency);
}

static void read_buses(struct pci_function *b, uint8_t *primary)
{
	uint32_t v = pci_read32(b, PCI_PRIMARY_BUS);

	*primary = (uint8_t)v;
	b->secondary = (uint8_t)(v >> 8);
	b->subordinate = (uint8_t)(v >> 16);
}

/* Whether the firmware numbered every bridge among functions [from, to) of this bus usably. */
static bool firmware_numbered(struct pci_table *t, unsigned from, unsigned to, unsigned bus,
			      unsigned limit)
{
	unsigned i, j;

	for (i = from; i < to; i++) {
		struct pci_function *b = &t->functions[i];
		uint8_t primary;

		if (!pci_is_bridge(b))
			continue;
		read_buses(b, &primary);
		if (primary != bus || b->secondary <= bus || b->subordinate < b->secondary ||
		    b->subordinate > limit)
			return false;
		for (j = from; j < i; j++) {
			const struct pci_function *o = &t->functions[j];

			if (pci_is_bridge(o) && b->secondary <= o->subordinate &&
			    o->secondary <= b->subordinate)
				return false;
		}
	}
	return true;
}

/* The bridge of [from, to) with the lowest secondary bus above `after`; NULL: none left. */
static struct pci_function *next_numbered(struct pci_table *t, unsigned from, unsigned to,
					  unsigned after)
{
	struct pci_function *best = NULL;
	unsigned i;

	for (i = from; i < to; i++) {
		struct pci_function *b = &t->functions[i];

		if (pci_is_bridge(b) && b->secondary > after &&
		    (!best || b->secondary < best->secondary))
			best = b;
	}
	return best;
}

/*
 * How many bus numbers beyond their own the VFs of the PFs on `bus` need (their routing IDs may run
 * over the end).
 */
static unsigned vf_buses(const struct scan *s, unsigned from, unsigned to)
{
	unsigned most = 0, i;

	for (i = from; i < to; i++) {
		const struct pci_function *f = &s->table->functions[i];
		unsigned total, offset, stride, last;

		if (!f->caps.sriov)
			continue;
		total = pci_read16(f, f->caps.sriov + PCI_SRIOV_TOTAL_VF);
		offset = pci_read16(f, f->caps.sriov + PCI_SRIOV_VF_OFFSET);
		stride = pci_read16(f, f->caps.sriov + PCI_SRIOV_VF_STRIDE);
		if (!total || !offset)
			continue;
		last = (sbdf_devfn(f->sbdf) + offset + (total - 1) * stride) >> 8;
		if (last > most)
			most = last;
	}
	return most;
}

static void close_bridge(struct pci_function *b, unsigned bus)
{
	b->secondary = b->subordinate = 0;
	write_buses(b, bus, 0, 0);
}

static void number_bridges(struct scan *s, unsigned from, unsigned to, unsigned bus, unsigned limit,
			   unsigned depth, unsigned *last)
{
	unsigned i;

	for (i = from; i < to; i++)
		if (pci_is_bridge(&s->table->functions[i]))
			close_bridge(&s->table->functions[i], bus);
	for (i = from; i < to; i++) {
		struct pci_function *b = &s->table->functions[i];
		unsigned used;

		if (!pci_is_bridge(b))
			continue;
		if (*last >= limit) {
			host_log(LOG_ERROR,
				 "pci " SBDF_FMT
				 ": no bus number left below it, its devices are left out",
				 SBDF_ARG(b->sbdf));
			s->error = s->error ? s->error : -ENOSPC;
			continue;
		}
		b->secondary = (uint8_t)(*last + 1);
		b->subordinate = (uint8_t)limit;
		write_buses(b, bus, b->secondary, b->subordinate);
		used = b->secondary;
		scan_bus(s, b, b->secondary, limit, depth + 1, &used);
		b->subordinate = (uint8_t)used;
		write_buses(b, bus, b->secondary, b->subordinate);
		*last = used;
	}
}

/* Scans `bus`; on return *last is the highest bus number used so far. */
static void scan_bus(struct scan *s, struct pci_function *parent, unsigned bus, unsigned limit,
		     unsigned depth, unsigned *last)
{
	unsigned from = s->table->count, to, extra;
	struct pci_function *b;

	if (depth > MAX_DEPTH) {
		host_log(LOG_ERROR, "pci: bus %02x lies below more than %u bridges, left out", bus,
			 MAX_DEPTH);
		s->error = s->error ? s->error : -ENOSPC;
		return;
	}
	scan_functions(s, parent, bus);
	to = s->table->count;
	extra = vf_buses(s, from, to);
	if (bus + extra > limit)
		extra = limit - bus;
	if (*last < bus + extra)
		*last = bus + extra;
	if (!firmware_numbered(s->table, from, to, bus, limit)) {
		number_bridges(s, from, to, bus, limit, depth, last);
		return;
	}
	for (b = next_numbered(s->table, from, to, bus); b;
	     b = next_numbered(s->table, from, to, b->secondary)) {
		unsigned used = b->secondary;

		scan_bus(s, b, b->secondary, b->subordinate, depth + 1, &used);
		if (*last < b->subordinate)
			*last = b->subordinate;
	}
}

/* ---- the host ---- */

/*
 * Bridges forward from now on; whether anything flows is decided at the endpoints and in the IOMMU.
 */
static void open_bridge(struct pci_function *b)
{
	pci_update16(b, PCI_BRIDGE_CONTROL,
		     PCI_BRIDGE_CTL_BUS_RESET | PCI_BRIDGE_CTL_VGA | PCI_BRIDGE_CTL_MASTER_ABORT |
			     PCI_BRIDGE_CTL_SERR,
		     0);
	pci_write16(b, PCI_COMMAND, COMMAND_QUIET | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* Let a function that resets below the port answer "retry" rather than hold the CPU's read. */
static void enable_retry_status(struct pci_function *f)
{
	if (f->pcie_type == PCI_EXP_TYPE_ROOT_PORT &&
	    pci_read16(f, f->caps.pcie + PCI_EXP_RTCAP) & PCI_EXP_RTCAP_CRSVIS)
		pci_update16(f, f->caps.pcie + PCI_EXP_RTCTL, 0, PCI_EXP_RTCTL_CRSSVE);
}

int pci_scan_host(struct pci_host *h, struct pci_table *t)
{
	struct scan s = { .host = h, .table = t };
	unsigned first = t->count, last = h->bus_first, i;
	int err;

	scan_bus(&s, NULL, h->bus_first, h->bus_last, 0, &last);
	/* Not earlier: where VFs stand may depend on ARI. */
	for (i = first; i < t->count; i++)
		pci_capture_sriov(&t->functions[i]);
	err = pci_place_resources(h, t, first);
	for (i = first; i < t->count; i++) {
		struct pci_function *f = &t->functions[i];

		if (pci_is_bridge(f)) {
			enable_retry_status(f);
			open_bridge(f);
		}
		pci_capture_snapshot(f);
	}
	return s.error ? s.error : err;
}

struct pci_function *pci_find(struct pci_table *t, sbdf_t sbdf)
{
	unsigned i;

	for (i = 0; i < t->count; i++)
		if (t->functions[i].sbdf == sbdf)
			return &t->functions[i];
	return NULL;
}
