// SPDX-License-Identifier: GPL-2.0-or-later
/* See ls7a2000.h. Numbers are the sheet's (docs/hardware/ls7a2000.md), written out again. */
#include "ls7a2000.h"

#include "loongson-irq.h"

#include <string.h>

#define WINDOW_SIZE  0x20000000ull
#define HT_PREFIX    0xe0000000000ull
#define CPU_BLOCK    ((hpa_t)0x1fe00000)
#define DOORBELL     0x2ff00000ull
#define CPU_DOORBELL 0x1fe01140ull /* of a 2K; there on a 3A, too, for whom can reach it */
#define MAX_CONFUSED 4
#define MAX_UNITS    4

/*
 * Firmware with the IOMMU switched on. No source says which port leads to bus 6: it is the first of
 * the x8 group here.
 */
const char model_ls7a_board[] =
	"00.0 host id=0014:7a00 multi\n"
	"00.1 pci id=0014:7a10 class=060000 multi bar0=m32:64K fw0=0x10010000\n"
	"00.2 host id=0014:7a20 multi\n"
	"00.3 host id=0014:7a30 multi\n"
	"03.0 pci id=0014:7a13 class=020000 bar0=m64:32K fw0=0x45910000\n"
	"04.0 pci id=0014:7a24 class=0c0310 multi bar0=m32:32K fw0=0x45920000\n"
	"04.1 pci id=0014:7a14 class=0c0320 multi bar0=m32:32K fw0=0x45928000\n"
	"05.0 pci id=0014:7a24 class=0c0310 multi bar0=m32:32K fw0=0x45930000\n"
	"05.1 pci id=0014:7a14 class=0c0320 multi bar0=m32:32K fw0=0x45938000\n"
	"06.0 pci id=0014:7a25 class=030200 multi bar0=m32:64K fw0=0x45900000 bar2=m32:256M "
	"fw2=0x30000000\n"
	"06.1 pci id=0014:7a36 class=030000 multi bar0=m32:64K fw0=0x45940000\n"
	"06.2 pci id=0014:7a37 class=040300 multi bar0=m32:4K fw0=0x45950000\n"
	"07.0 pci id=0014:7a07 class=040300 bar0=m32:4K fw0=0x45951000\n"
	"08.0 pci id=0014:7a18 class=010601 bar0=m32:8K fw0=0x45952000 msi=1\n"
	"09.0 rootport id=0014:7a49 class=060400 multi pm sec=1 sub=1\n"
	"0a.0 rootport id=0014:7a39 class=060400 multi pm sec=2 sub=2 window=0x46000000-0x460fffff\n"
	"  00.0 ep id=1f0a:6801 class=020000 bar0=m64:32K fw0=0x46000000 pm flr msi=1\n"
	"0b.0 rootport id=0014:7a39 class=060400 multi pm sec=3 sub=3\n"
	"0c.0 rootport id=0014:7a39 class=060400 multi pm sec=4 sub=4\n"
	"0d.0 rootport id=0014:7a49 class=060400 multi pm sec=5 sub=5 window=0x46100000-0x461fffff\n"
	"  00.0 nvme fw0=0x46100000\n"
	"0f.0 rootport id=0014:7a69 class=060400 multi pm sec=8 sub=8\n"
	"10.0 rootport id=0014:7a59 class=060400 multi pm sec=9 sub=9\n"
	"13.0 rootport id=0014:7a59 class=060400 multi pm sec=6 sub=6 window=0x46200000-0x462fffff\n"
	"  00.0 ep id=8086:1521 class=020000 multi bar0=m32:128K bar3=m32:16K fw0=0x46200000 "
	"fw3=0x46280000 pm flr msi=1 msix=10@3+0,3+2000 acs=1\n"
	"  00.1 ep id=8086:1521 class=020000 multi bar0=m32:128K bar3=m32:16K fw0=0x46220000 "
	"fw3=0x46284000 pm flr msi=1 msix=10@3+0,3+2000 acs=1\n"
	"  00.2 ep id=8086:1521 class=020000 multi bar0=m32:128K bar3=m32:16K fw0=0x46240000 "
	"fw3=0x46288000 pm flr msi=1 msix=10@3+0,3+2000 acs=1\n"
	"  00.3 ep id=8086:1521 class=020000 multi bar0=m32:128K bar3=m32:16K fw0=0x46260000 "
	"fw3=0x4628c000 pm flr msi=1 msix=10@3+0,3+2000 acs=1\n"
	"14.0 rootport id=0014:7a59 class=060400 multi pm sec=7 sub=7\n"
	"16.0 pci id=0014:7a1b class=088000 bar0=m32:4K fw0=0x45960000\n"
	"17.0 pci id=0014:7a0c class=060100 bar0=m32:4K fw0=0x10002000\n"
	"19.0 pci id=0014:7a34 class=0c0330 bar0=m64:32K fw0=0x45958000\n"
	"1a.0 pci id=0014:7a1f class=080600 bar0=m64:1K fw0=0x45969c00 bar2=m64:64M "
	"fw2=0x40000000\n";

static struct {
	struct pci_host hardware; /* the PCI model below the window */
	bool narrow;
	unsigned ghosts, accesses;
	struct {
		unsigned bus, devfn;
		bool confused;
	} cards[MAX_CONFUSED];
	unsigned card_count;
	char cpu[8];
	struct {
		struct model_ls *m;
		unsigned first, last;
		bool by_root_port;
	} units[MAX_UNITS];
	unsigned unit_count;
} ls7a;

/* ---- what must not happen ---- */

static uint32_t id_of(const struct model_pci_function *f)
{
	return model_pci_get(f, 0, 4);
}

static bool is_one_of(const struct model_pci_function *f, const uint16_t *ids, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (id_of(f) == (0x0014u | (uint32_t)ids[i] << 16))
			return true;
	return false;
}

/* A 16-bit register as a write of `size` bytes at `offset` leaves it, wherever that reaches. */
static uint32_t after(const struct model_pci_function *f, unsigned reg, unsigned offset,
		      unsigned size, uint32_t value)
{
	uint32_t now = model_pci_get(f, reg, 2);

	for (unsigned i = 0; i < 2; i++) {
		unsigned at = reg + i;

		if (at < offset || at >= offset + size)
			continue;
		now &= ~(0xffu << 8 * i);
		now |= (value >> 8 * (at - offset) & 0xff) << 8 * i;
	}
	return now;
}

static void check_write(const struct model_pci_function *f, unsigned bus, unsigned devfn,
			unsigned offset, unsigned size, uint32_t value)
{
	static const uint16_t system[] = { 0x7a02, 0x7a0c, 0x7a10 };
	static const uint16_t awake[] = { 0x7a39, 0x7a49, 0x7a59, 0x7a69 };
	static const uint16_t modest[] = { 0x1a05, 0x7a09, 0x7a19, 0x7a29,
					   0x7a39, 0x7a49, 0x7a59, 0x7a69 };
	const char *what = NULL;

	if (is_one_of(f, system, ARRAY_SIZE(system)) &&
	    ((offset + size > 0x10 && offset < 0x28) || (offset < 0x34 && offset + size > 0x30)))
		what = "a BAR that must never be sized is written: console and registers are gone";
	else if (is_one_of(f, system, ARRAY_SIZE(system)) &&
		 !(after(f, 4, offset, size, value) & 2))
		what = "the decode of a part of the machine goes off: registers are gone";
	else if (f->pm && is_one_of(f, awake, ARRAY_SIZE(awake)) &&
		 after(f, f->pm + 4u, offset, size, value) & 3)
		what = "a port that must stay in D0 is put to sleep";
	else if (f->pcie && f->parent >= 0 &&
		 is_one_of(model_pci((unsigned)f->parent), modest, ARRAY_SIZE(modest)) &&
		 (after(f, f->pcie + 8u, offset, size, value) >> 12 & 7) >
			 (unsigned)(f->initial[f->pcie + 9] >> 4 & 7))
		what = "the read request size rises above firmware's";
	if (what)
		model_fail("ls7a: %02x:%02x.%x, write of 0x%x at 0x%x: %s", bus, devfn >> 3,
			   devfn & 7, value, offset, what);
}

/* ---- the config window ---- */

static bool is_root_port(const struct model_pci_function *f)
{
	return f->parent < 0 && f->pcie && (f->config[f->pcie + 2] >> 4) == 4;
}

/* Device 0 answers for all devices of a bus right below a root port. */
static unsigned without_ghost(unsigned bus, unsigned devfn)
{
	for (unsigned i = 0; i < model_pci_count(); i++) {
		const struct model_pci_function *f = model_pci(i);

		if (is_root_port(f) && f->config[0x19] == bus && devfn >> 3) {
			ls7a.ghosts++;
			return devfn & 7;
		}
	}
	return devfn;
}

static bool confused(unsigned bus, unsigned devfn, bool write)
{
	for (unsigned i = 0; i < ls7a.card_count; i++) {
		if (ls7a.cards[i].bus != bus || ls7a.cards[i].devfn != devfn)
			continue;
		if (write)
			ls7a.cards[i].confused = false;
		return ls7a.cards[i].confused;
	}
	return false;
}

/* What an address in the window asks for. */
struct request {
	sbdf_t fn;
	unsigned bus, devfn, reg;
};

static struct request decode(uint64_t offset, unsigned size)
{
	bool type1 = offset >> 28 & 1;
	struct request r = { .bus = (unsigned)(offset >> 16 & 0xff),
			     .devfn = (unsigned)(offset >> 8 & 0xff),
			     .reg = (unsigned)((offset & 0xff) | (offset >> 24 & 0xf) << 8) };

	ls7a.accesses++;
	if (size != 4 && !(ls7a.narrow && size < 4))
		model_fail("ls7a: config access of %u bytes", size);
	if (type1 != (r.bus != 0))
		model_fail("ls7a: type %u cycle for bus %02x", type1, r.bus);
	if (!type1 && r.devfn >> 3 >= 9 && r.devfn >> 3 <= 20 && r.devfn & 7)
		model_fail("ls7a: access to the debug function 00:%02x.%x hangs the machine",
			   r.devfn >> 3, r.devfn & 7);
	if (type1)
		r.devfn = without_ghost(r.bus, r.devfn);
	r.fn = sbdf_make(0, r.bus, r.devfn >> 3, r.devfn & 7);
	return r;
}

static uint64_t window_read(void *ctx, uint64_t offset, unsigned size)
{
	struct request r = decode(offset, size);

	(void)ctx;
	if (r.reg < 4 && confused(r.bus, r.devfn, false))
		return 0;
	return ls7a.hardware.config->read(&ls7a.hardware, r.fn, r.reg, size);
}

static void window_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct request r = decode(offset, size);
	const struct model_pci_function *f = model_pci_at(r.bus, r.devfn);

	(void)ctx;
	if (r.reg < 4)
		confused(r.bus, r.devfn, true);
	if (f)
		check_write(f, r.bus, r.devfn, r.reg, size, (uint32_t)value);
	ls7a.hardware.config->write(&ls7a.hardware, r.fn, r.reg, size, (uint32_t)value);
}

static uint64_t nobody_read(void *ctx, uint64_t offset, unsigned size)
{
	(void)ctx;
	decode(offset, size);
	return UINT64_MAX;
}

static void nobody_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	(void)ctx;
	(void)value;
	decode(offset, size);
}

/* ---- the CPU's configuration block ---- */

static uint64_t cpu_read(void *ctx, uint64_t offset, unsigned size)
{
	static const char vendor[8] = "Loongson";
	const char *text = offset >= 0x10 && offset < 0x18   ? &vendor[offset - 0x10]
			   : offset >= 0x20 && offset < 0x28 ? &ls7a.cpu[offset - 0x20]
							     : NULL;
	uint64_t v = 0;

	(void)ctx;
	if (text)
		memcpy(&v, text, size);
	return v;
}

static void cpu_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	(void)ctx;
	model_fail("ls7a: write of %u bytes 0x%llx to the CPU's configuration at 0x%llx", size,
		   (unsigned long long)value, (unsigned long long)offset);
}

/* ---- DMA ---- */

void model_ls7a_iommu(struct model_ls *m, uint16_t first, uint16_t last, bool by_root_port)
{
	if (ls7a.unit_count == MAX_UNITS)
		model_fail("ls7a: too many IOMMUs");
	ls7a.units[ls7a.unit_count].m = m;
	ls7a.units[ls7a.unit_count].first = first;
	ls7a.units[ls7a.unit_count].last = last;
	ls7a.units[ls7a.unit_count++].by_root_port = by_root_port;
}

/* Up to the host bridge: false when somebody on the way does not forward. */
static bool goes_up(const struct model_pci_function *f, unsigned *root_devfn)
{
	for (;; f = model_pci((unsigned)f->parent)) {
		if (!(f->config[4] & 4))
			return false;
		*root_devfn = f->devfn;
		if (f->parent < 0)
			return true;
	}
}

/* Where the access ends; true: in memory or at the doorbell. */
static bool translate(unsigned bus, unsigned devfn, unsigned root_devfn, uint64_t iova, bool write,
		      hpa_t *out)
{
	const unsigned rid = bus << 8 | devfn;

	for (unsigned i = 0; i < ls7a.unit_count; i++)
		if (rid >= ls7a.units[i].first && rid <= ls7a.units[i].last)
			return model_ls_dma(ls7a.units[i].m,
					    ls7a.units[i].by_root_port ? root_devfn : rid, iova,
					    write, out);
	*out = iova;
	return true;
}

static enum model_ls7a_dma transfer(unsigned bus, unsigned devfn, uint64_t iova, void *in,
				    const void *out, size_t size)
{
	const struct model_pci_function *f = model_pci_at(bus, devfn);
	unsigned root_devfn;
	uint32_t vector;
	hpa_t at;

	if (!f || f->gone || !goes_up(f, &root_devfn))
		return MODEL_LS7A_SILENT;
	if (!translate(bus, devfn, root_devfn, iova, out != NULL, &at))
		return MODEL_LS7A_ABORTED;
	if ((at == DOORBELL || at == CPU_DOORBELL) && out && size == sizeof(vector)) {
		memcpy(&vector, out, sizeof(vector));
		model_msi_write(vector);
		return MODEL_LS7A_MESSAGE;
	}
	return (out ? model_bus_write(at, out, size) : model_bus_read(at, in, size))
		       ? MODEL_LS7A_MEMORY
		       : MODEL_LS7A_ABORTED;
}

enum model_ls7a_dma model_ls7a_write(unsigned bus, unsigned devfn, uint64_t iova, const void *data,
				     size_t size)
{
	return transfer(bus, devfn, iova, NULL, data, size);
}

enum model_ls7a_dma model_ls7a_read(unsigned bus, unsigned devfn, uint64_t iova, void *data,
				    size_t size)
{
	return transfer(bus, devfn, iova, data, NULL, size);
}

enum model_ls7a_dma model_ls7a_send(unsigned bus, unsigned devfn, unsigned n)
{
	const struct model_pci_function *f = model_pci_at(bus, devfn);
	uint64_t address;
	uint32_t data;

	if (!f || !model_pci_msix_message(f, n, &address, &data))
		return MODEL_LS7A_SILENT;
	return model_ls7a_write(bus, devfn, address, &data, sizeof(data));
}

/* ---- the machine ---- */

void model_ls7a_create(const struct model_ls7a_config *config)
{
	static const struct model_mmio_ops window_ops = { window_read, window_write };
	static const struct model_mmio_ops cpu_ops = { cpu_read, cpu_write };
	static const struct model_mmio_ops nobody_ops = { nobody_read, nobody_write };
	const char *cpu = config->cpu ? config->cpu : "3A6000-L";

	memset(&ls7a, 0, sizeof(ls7a));
	ls7a.narrow = config->narrow;
	memcpy(ls7a.cpu, cpu, strlen(cpu) < sizeof(ls7a.cpu) ? strlen(cpu) : sizeof(ls7a.cpu));
	model_pci_create_bare(&ls7a.hardware);
	model_pci_text(config->devices ? config->devices : model_ls7a_board);
	for (unsigned i = 0; i < model_pci_count(); i++)
		model_pci(i)->config[4] = 7;
	model_mmio_add(config->config_base ? config->config_base : MODEL_LS7A_CONFIG, WINDOW_SIZE,
		       &window_ops, NULL);
	if (config->empty_window)
		model_mmio_add(config->empty_window, WINDOW_SIZE, &nobody_ops, NULL);
	model_mmio_add(CPU_BLOCK, 0x100, &cpu_ops, NULL);
	model_pci_memory(0x40000000, 0x40000000, 0x40000000);
	if (config->no_ht)
		return;
	/* The same behind the bridge's prefix, and what only is there, but for the MSI doorbell. */
	model_pci_memory(HT_PREFIX + 0x20000000, 0x20000000, 0x0ff00000);
	model_pci_memory(HT_PREFIX + 0x30000000, 0x30000000, 0x50000000);
}

void model_ls7a_confuse(unsigned bus, unsigned devfn)
{
	if (ls7a.card_count == MAX_CONFUSED)
		model_fail("ls7a: too many confused cards");
	ls7a.cards[ls7a.card_count].bus = bus;
	ls7a.cards[ls7a.card_count].devfn = devfn;
	ls7a.cards[ls7a.card_count++].confused = true;
}

unsigned model_ls7a_ghosts(void)
{
	return ls7a.ghosts;
}

unsigned model_ls7a_accesses(void)
{
	return ls7a.accesses;
}
