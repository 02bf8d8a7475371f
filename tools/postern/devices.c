// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's devices, from what lspci printed there: config space in hex (-xxx, -xxxx) and, where it is in the text too
 * (-v, -vv), the sizes of BARs.
 *
 * The engine's own scan (pci/) runs over it. Config space here is a copy that keeps what is written, as hardware does, so
 * that a port can be told to isolate (ACS) as Postern would; with two exceptions: a BAR keeps the bits above its size, and
 * one whose size nobody told does not exist for the scan. The function is then `unsized`, and not judged by what depends
 * on it.
 *
 * Assumed, since lspci does not say: the host bridges forward any address, and every requester ID is a stream of its own.
 */
#include "postern.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <postern/loongson.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROOT_BUSES 32
#define LINE           512
#define CONFIG_PART    64u /* what lspci prints of it for users other than root */
#define CONFIG_CLASSIC 256u
#define ENDPOINT_BARS  6u
#define BRIDGE_BARS    2u
#define VF_VENDOR      0xffffu

/* "Region 0: Memory at fe840000 (32-bit, non-prefetchable) [size=128K]" */
struct region {
	int number; /* -1: not said */
	uint64_t address, size;
};

struct dumped {
	sbdf_t sbdf;
	uint8_t config[PCI_CONFIG_SIZE];
	unsigned known; /* bytes of it */
	bool verbose;   /* the text says which BARs there are */
	struct region regions[PCI_BAR_COUNT + 1];
	unsigned region_count;
	uint64_t sizes[PCI_BAR_COUNT]; /* 0: no such BAR, or not known */
	bool upper[PCI_BAR_COUNT];     /* the second half of a 64-bit one */
	bool unsized;
};

static struct {
	struct dumped *functions;
	unsigned count;
	struct pci_host hosts[MAX_ROOT_BUSES];
	struct pci_table table;
	bool unsized[MAX_PCI_FUNCTIONS], cut_short[MAX_PCI_FUNCTIONS];
	unsigned slots[1]; /* 0: any number, or not known */
} list;

/* ---- what the engine asks of its host ------------------------------------------------------------------------------------- */

void host_udelay(unsigned us)
{
	(void)us; /* a copy is always ready */
}

/* What the scan has to say is about a machine that is not running; the rules say what it comes to. */
void host_log(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

/* ---- config space ------------------------------------------------------------------------------------------------------------- */

static struct dumped *find(sbdf_t fn)
{
	for (unsigned i = 0; i < list.count; i++)
		if (list.functions[i].sbdf == fn)
			return &list.functions[i];
	return NULL;
}

static uint32_t get(const struct dumped *d, unsigned offset, unsigned size)
{
	uint32_t value = 0;

	for (unsigned i = size; i--;)
		value = value << 8 | (offset + i < d->known ? d->config[offset + i] : 0xffu);
	return value;
}

static void put(struct dumped *d, unsigned offset, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size && offset + i < d->known; i++)
		d->config[offset + i] = (uint8_t)(value >> 8 * i);
}

static bool is_bridge(const struct dumped *d)
{
	return (d->config[PCI_HEADER_TYPE] & 0x7f) == PCI_HEADER_TYPE_BRIDGE;
}

static unsigned bar_count(const struct dumped *d)
{
	switch (d->config[PCI_HEADER_TYPE] & 0x7f) {
	case PCI_HEADER_TYPE_NORMAL:
		return ENDPOINT_BARS;
	case PCI_HEADER_TYPE_BRIDGE:
		return BRIDGE_BARS;
	default:
		return 0;
	}
}

/* Which BAR a dword is; -1: none. */
static int bar_at(const struct dumped *d, unsigned offset)
{
	const unsigned index = (offset - PCI_BASE_ADDRESS_0) / 4;

	return offset >= PCI_BASE_ADDRESS_0 && index < bar_count(d) ? (int)index : -1;
}

static bool is_rom(const struct dumped *d, unsigned offset)
{
	return offset == (is_bridge(d) ? PCI_ROM_ADDRESS1 : PCI_ROM_ADDRESS);
}

/* The bits of a BAR register that hold an address; 0: there is no such BAR, as far as is known. */
static uint32_t bar_mask(const struct dumped *d, int bar)
{
	if (d->upper[bar])
		return d->sizes[bar - 1] ? (uint32_t)(~(d->sizes[bar - 1] - 1) >> 32) : 0;
	return d->sizes[bar] ? (uint32_t)~(d->sizes[bar] - 1) : 0;
}

static uint32_t config_read(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size)
{
	const struct dumped *d = find(fn);
	const unsigned dword = offset & ~3u;
	int bar;

	(void)h;
	if (!d)
		return UINT32_MAX >> (32 - 8 * size);
	bar = bar_at(d, dword);
	if ((bar >= 0 && !bar_mask(d, bar)) || is_rom(d, dword))
		return 0;
	return get(d, offset, size);
}

static void config_write(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size,
			 uint32_t value)
{
	struct dumped *d = find(fn);
	int bar;

	(void)h;
	if (!d)
		return;
	bar = bar_at(d, offset & ~3u);
	if (bar >= 0 && size == 4) {
		const uint32_t mask = bar_mask(d, bar);

		value = (value & mask) | (get(d, offset, 4) & ~mask);
	}
	put(d, offset, size, value);
}

static const struct pci_config_ops dump_ops = {
	.name = "lspci",
	.read = config_read,
	.write = config_write,
};

/* ---- reading lspci's text --------------------------------------------------------------------------------------------------- */

static struct dumped *add_function(unsigned domain, unsigned bus, unsigned dev, unsigned fn)
{
	struct dumped *more = reallocarray(list.functions, list.count + 1, sizeof(*list.functions));

	if (!more)
		return NULL;
	list.functions = more;
	more = &list.functions[list.count++];
	memset(more, 0, sizeof(*more));
	more->sbdf = sbdf_make(domain, bus, dev, fn);
	return more;
}

static void read_hex(struct dumped *d, unsigned offset, const char *text)
{
	unsigned byte;
	int used;

	while (offset < PCI_CONFIG_SIZE && sscanf(text, " %2x%n", &byte, &used) == 1) {
		d->config[offset++] = (uint8_t)byte;
		text += used;
	}
	/* lspci prints from the beginning on without gaps; what is missing is not there. */
	if (offset > d->known)
		d->known = offset;
}

static uint64_t read_size(const char *text)
{
	char *end;
	uint64_t size = strtoull(text, &end, 10);
	static const char units[] = "KMGT";
	const char *unit = *end && *end != ']' ? strchr(units, *end) : NULL;

	if (unit)
		size <<= 10 * (unit - units + 1);
	return size && !(size & (size - 1)) ? size : 0;
}

/* A line of a function's text, indented once: what belongs to a capability stands further in. */
static void read_text(struct dumped *d, const char *line)
{
	const char *at = strstr(line, " at "), *size = strstr(line, "[size=");
	struct region *r = &d->regions[d->region_count];
	int used = 0;

	if (!strncmp(line, "Flags:", 6) || !strncmp(line, "Control:", 8))
		d->verbose = true;
	if (!at || !size || d->region_count == PCI_BAR_COUNT || !strncmp(line, "Expansion ROM", 13))
		return;
	r->number = -1;
	if (sscanf(line, "Region %d:%n", &r->number, &used) == 1 && used)
		line += used;
	if (!strstr(line, "Memory at ") && !strstr(line, "I/O ports at "))
		return;
	r->address = strtoull(at + 4, NULL, 16);
	r->size = read_size(size + 6);
	/* lspci -v: which one it is nobody can tell. */
	d->unsized |= r->number < 0 && !r->address;
	d->region_count += r->size != 0;
}

static void read_list(const char *text, size_t size)
{
	struct dumped *d = NULL;

	for (size_t at = 0, length; at < size; at += length + 1) {
		unsigned domain, bus, dev, fn, offset;
		char line[LINE];
		int used = 0;

		for (length = 0; at + length < size && text[at + length] != '\n'; length++)
			;
		snprintf(line, sizeof(line), "%.*s", (int)(length < LINE ? length : LINE - 1),
			 text + at);
		if (sscanf(line, "%4x:%2x:%2x.%1x %n", &domain, &bus, &dev, &fn, &used) == 4 ||
		    (domain = 0, sscanf(line, "%2x:%2x.%1x %n", &bus, &dev, &fn, &used) == 3))
			d = dev < 32 && fn < 8 ? add_function(domain, bus, dev, fn) : NULL;
		else if (d && line[0] == '\t' && line[1] != '\t')
			read_text(d, line + 1);
		else if (d && sscanf(line, "%3x:%n", &offset, &used) == 1 && used)
			read_hex(d, offset, line + used);
	}
}

/* ---- BARs ------------------------------------------------------------------------------------------------------------------------ */

static const struct region *region_of(const struct dumped *d, unsigned bar, uint64_t address)
{
	for (unsigned i = 0; i < d->region_count; i++) {
		const struct region *r = &d->regions[i];

		if (r->number >= 0 ? (unsigned)r->number == bar : address && r->address == address)
			return r;
	}
	return NULL;
}

static void size_bars(struct dumped *d)
{
	unsigned count = bar_count(d);

	/* A BAR without an address looks like none at all, unless the text lists it. */
	d->unsized |= !d->verbose;
	for (unsigned i = 0; i < count; i++) {
		const uint32_t low = get(d, PCI_BASE_ADDRESS_0 + 4 * i, 4);
		const bool io = low & PCI_BASE_ADDRESS_SPACE_IO;
		const bool wide = !io && i + 1 < count &&
				  (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
					  PCI_BASE_ADDRESS_MEM_TYPE_64;
		uint64_t address = low & (io ? ~3u : ~15u);
		const struct region *r;

		if (wide)
			address |= (uint64_t)get(d, PCI_BASE_ADDRESS_0 + 4 * i + 4, 4) << 32;
		r = region_of(d, i, address);
		if (r)
			d->sizes[i] = r->size;
		else if (address || (low && !io))
			d->unsized = true;
		if (wide)
			d->upper[++i] = true;
	}
}

/* ---- the scan -------------------------------------------------------------------------------------------------------------------- */

static bool is_vf(const struct dumped *d)
{
	return get(d, PCI_VENDOR_ID, 2) == VF_VENDOR;
}

/* A bus that is in use and below no bridge of its segment, CardBus bridges included. */
static bool is_root_bus(unsigned segment, unsigned bus)
{
	bool used = false;

	for (unsigned i = 0; i < list.count; i++) {
		const struct dumped *d = &list.functions[i];

		if (sbdf_segment(d->sbdf) != segment || is_vf(d))
			continue;
		used |= sbdf_bus(d->sbdf) == bus;
		if ((d->config[PCI_HEADER_TYPE] & 0x7f) != PCI_HEADER_TYPE_NORMAL &&
		    d->config[PCI_SECONDARY_BUS] && bus >= d->config[PCI_SECONDARY_BUS] &&
		    bus <= d->config[PCI_SUBORDINATE_BUS])
			return false;
	}
	return used;
}

/*
 * What is known of a bridge's functions by their IDs holds wherever it stands. Vendor 0014h on a root bus is such a
 * bridge, or the processor it belongs to.
 */
static const struct pci_quirks *quirks_of(unsigned segment, unsigned bus)
{
	for (unsigned i = 0; i < list.count; i++) {
		const struct dumped *d = &list.functions[i];

		if (sbdf_segment(d->sbdf) == segment && sbdf_bus(d->sbdf) == bus &&
		    get(d, PCI_VENDOR_ID, 2) == LOONGSON_VENDOR)
			return &ls7a_quirks;
	}
	return NULL;
}

static unsigned find_hosts(void)
{
	unsigned count = 0;

	for (unsigned segment = 0; segment < 0x10000; segment++) {
		unsigned first = count;
		bool any = false;

		for (unsigned i = 0; i < list.count && !any; i++)
			any = sbdf_segment(list.functions[i].sbdf) == segment;
		for (unsigned bus = 0; any && bus < 256 && count < MAX_ROOT_BUSES; bus++) {
			if (!is_root_bus(segment, bus))
				continue;
			list.hosts[count] = (struct pci_host){
				.index = count,
				.segment = (uint16_t)segment,
				.bus_first = (uint8_t)bus,
				.bus_last = 0xff,
				.widths = BIT32(0) | BIT32(1) | BIT32(2),
				.config = &dump_ops,
				.quirks = quirks_of(segment, bus),
				.windows = { { .kind = PCI_WINDOW_MEM32, .size = 4 * GIB },
					     { .kind = PCI_WINDOW_MEM64,
					       .prefetchable = true,
					       .cpu = 4 * GIB,
					       .bus = 4 * GIB,
					       .size = BIT64(47) } },
				.window_count = 2,
				.iommu_map = { { .length = 0x10000,
						 .out_base = (uint32_t)segment << 16 } },
				.msi_map = { { .length = 0x10000,
					       .out_base = (uint32_t)segment << 16 } },
				.iommu_map_count = 1,
				.msi_map_count = 1,
			};
			if (count > first)
				list.hosts[count - 1].bus_last = (uint8_t)(bus - 1);
			count++;
		}
	}
	return count;
}

/* ---- IOMMUs that are PCI functions ---------------------------------------------------------------------------------------- */

#define LOONGSON_BRIDGE    0x7a1fu /* revision 0 tells root ports apart only */
#define LOONGSON_PROCESSOR 0x3c0fu
#define LOONGSON_SLOTS     16u /* as hardware has them; firmware's tables can say fewer */

static bool is_loongson_iommu(const struct pci_function *f)
{
	return f->vendor == LOONGSON_VENDOR &&
	       (f->device == LOONGSON_BRIDGE || f->device == LOONGSON_PROCESSOR);
}

/*
 * One of them is taken to be above every function of its segment; which of several a function is behind, firmware
 * alone tells.
 */
static void route_by_iommu(unsigned hosts)
{
	const struct pci_function *only = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < list.table.count; i++) {
		struct pci_function *f = &list.table.functions[i];

		if (!is_loongson_iommu(f))
			continue;
		f->engine = true;
		only = f;
		count++;
	}
	if (count != 1)
		return;
	list.slots[0] = LOONGSON_SLOTS;
	for (unsigned i = 0; i < hosts; i++) {
		if (list.hosts[i].segment != sbdf_segment(only->sbdf))
			list.hosts[i].iommu_map_count = 0;
		else
			list.hosts[i].iommu_map[0].by_root_port = only->device == LOONGSON_BRIDGE &&
								  !only->revision;
	}
	pci_route_functions(&list.table);
}

void devices_print_iommus(const struct manifest *m)
{
	const struct pci_table *t = &list.table;
	unsigned zones, root, count = 0;

	manifest_count_slots(m, t, 0, &zones, &root);
	for (unsigned i = 0; i < t->count; i++) {
		const struct pci_function *f = &t->functions[i];

		if (!is_loongson_iommu(f))
			continue;
		count++;
		printf("IOMMU " SBDF_FMT
		       " [%04x:%04x] revision %u: %u slots, one for each %s that a zone has a "
		       "device %s. Its DMA faults are silent, and it does not keep devices' "
		       "interrupts apart\n",
		       SBDF_ARG(f->sbdf), f->vendor, f->device, f->revision, LOONGSON_SLOTS,
		       list.hosts[0].iommu_map[0].by_root_port ? "root port" : "function",
		       list.hosts[0].iommu_map[0].by_root_port ? "below" : "of");
	}
	if (count)
		printf("IOMMU slots needed: %u by zones, %u more by root; available: %u%s\n", zones,
		       root, count * LOONGSON_SLOTS,
		       count > 1 ? ", which of them for which device firmware's tables tell" : "");
}

/* What the scan could not know of a function without its BARs' sizes, or without its extended config space. */
static void amend(unsigned index)
{
	struct pci_function *f = &list.table.functions[index];
	const struct dumped *d = find(f->sbdf);

	list.unsized[index] = d->unsized;
	list.cut_short[index] = f->caps.pcie && d->known <= CONFIG_CLASSIC;
	/* Nor the sizes of VF BARs, ever: how many VFs there can be is all that is known, if that. */
	f->sriov.total = list.cut_short[index] ? MANIFEST_MAX_VFS
			 : f->caps.sriov ? (uint16_t)get(d, f->caps.sriov + PCI_SRIOV_TOTAL_VF, 2)
					 : 0;
	/* It has taken MSI-X for broken, since its table was in no BAR. */
	if (d->unsized && f->caps.msix)
		f->msix.entries = (uint16_t)((get(d, f->caps.msix + PCI_MSIX_FLAGS, 2) &
					      PCI_MSIX_FLAGS_QSIZE) +
					     1);
}

int devices_load(const char *name, struct manifest_machine *out)
{
	struct file f;
	unsigned hosts;
	int status = file_map(name, &f);

	if (status)
		return status;
	read_list(f.data, f.size);
	file_unmap(&f);
	for (unsigned i = 0; i < list.count; i++) {
		struct dumped *d = &list.functions[i];

		if (d->known <= CONFIG_PART)
			return cannot("%s: %u bytes of config space of " SBDF_FMT
				      " are too few: print it on the machine, as its root, with "
				      "lspci -vv -xxxx",
				      name, d->known, SBDF_ARG(d->sbdf));
		/* A list may leave out lines of zeros at the end. */
		d->known = d->known > CONFIG_CLASSIC ? PCI_CONFIG_SIZE : CONFIG_CLASSIC;
		size_bars(d);
	}
	if (!list.count)
		return cannot("%s lists no device as lspci -vv -xxxx does", name);
	hosts = find_hosts();
	for (unsigned i = 0; i < hosts; i++)
		if (pci_scan_host(&list.hosts[i], &list.table) == -ENOSPC)
			return cannot(
				"%s: more than %d functions, or more bridges than bus numbers",
				name, MAX_PCI_FUNCTIONS);
	route_by_iommu(hosts);
	pci_assign_groups(&list.table);
	for (unsigned i = 0; i < list.table.count; i++)
		amend(i);
	out->devices = &list.table;
	out->unsized = list.unsized;
	out->iommu_slots = list.slots;
	out->iommu_count = ARRAY_SIZE(list.slots);
	return 0;
}

void devices_print_left_out(void)
{
	for (unsigned i = 0; i < list.count; i++) {
		const struct dumped *d = &list.functions[i];

		if (is_vf(d))
			printf("not judged: " SBDF_FMT
			       ": a virtual function is not there when the machine boots\n",
			       SBDF_ARG(d->sbdf));
		else if (!pci_find(&list.table, d->sbdf))
			printf("not judged: " SBDF_FMT
			       ": no bridge that Postern enters leads to it\n",
			       SBDF_ARG(d->sbdf));
	}
}

bool devices_cut_short(unsigned function)
{
	return list.cut_short[function];
}

void devices_print(const struct manifest *m, const struct pci_table *t)
{
	for (unsigned i = 0; i < m->zone_count; i++) {
		const struct manifest_zone *z = &m->zones[i];

		for (unsigned k = 0; k < z->device_count; k++) {
			const struct manifest_device *d = &z->devices[k];
			const struct pci_function *f;
			const char *reset;

			if (d->function < 0)
				continue;
			f = &t->functions[d->function];
			reset = pci_reset_method(f);
			printf("device %s of %s: " SBDF_FMT
			       " [%04x:%04x], isolation group %u, reset: %s\n",
			       d->name, z->name, SBDF_ARG(f->sbdf), f->vendor, f->device, f->group,
			       reset ? reset : "none");
		}
	}
}
