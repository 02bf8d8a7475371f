// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PCI hierarchy as hardware: routing, registers, resets, BAR memory. See pci.h. Register offsets
 * and bits are written out here on purpose: the model shares no header with the code it tests.
 */
#include "pci.h"

#include <stdlib.h>
#include <string.h>

#define COMMAND        0x04
#define COMMAND_MEM    0x02
#define COMMAND_MASTER 0x04
#define DEFAULT_RESET  50000000ull

static struct {
	struct pci_host *host;
	struct model_pci_function *functions[MODEL_PCI_MAX];
	unsigned count, master_aborts;
} pci;

static uint64_t get(const struct model_pci_function *f, unsigned offset, unsigned size)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)f->config[offset + i] << 8 * i;
	return v;
}

uint32_t model_pci_get(const struct model_pci_function *f, unsigned offset, unsigned size)
{
	return (uint32_t)get(f, offset, size);
}

static bool is_bridge(const struct model_pci_function *f)
{
	return (f->config[0x0e] & 0x7f) == 1;
}

/* ---- building ---- */

static void destroy(void)
{
	for (unsigned i = 0; i < pci.count; i++) {
		for (unsigned b = 0; b < 6; b++)
			free(pci.functions[i]->mem[b]);
		free(pci.functions[i]);
	}
	memset(&pci, 0, sizeof(pci));
}

struct model_pci_function *model_pci_new(int parent, unsigned devfn)
{
	struct model_pci_function *f = calloc(1, sizeof(*f));

	if (!f || pci.count == MODEL_PCI_MAX) {
		model_fail("pci model: too many functions");
		abort();
	}
	f->parent = parent;
	f->devfn = devfn;
	f->reset_ns = DEFAULT_RESET;
	pci.functions[pci.count++] = f;
	return f;
}

void model_pci_put(struct model_pci_function *f, unsigned offset, unsigned size, uint32_t value,
		   uint32_t write, uint32_t w1c)
{
	for (unsigned i = 0; i < size; i++) {
		f->config[offset + i] = (uint8_t)(value >> 8 * i);
		f->write[offset + i] = (uint8_t)(write >> 8 * i);
		f->w1c[offset + i] = (uint8_t)(w1c >> 8 * i);
	}
}

void model_pci_seal(struct model_pci_function *f)
{
	memcpy(f->initial, f->config, sizeof(f->initial));
}

struct model_pci_function *model_pci(unsigned index)
{
	if (index >= pci.count)
		model_fail("pci model: no function %u", index);
	return pci.functions[index];
}

unsigned model_pci_count(void)
{
	return pci.count;
}

unsigned model_pci_master_aborts(void)
{
	return pci.master_aborts;
}

/* ---- resets ---- */

static void clear_msix(struct model_pci_function *f)
{
	if (!f->msix || !f->mem[f->msix_bar])
		return;
	for (unsigned i = 0; i < f->msix_entries; i++) {
		uint8_t *entry = f->mem[f->msix_bar] + f->msix_table + 16 * i;

		memset(entry, 0, 16);
		entry[12] = 1;
	}
}

static void reset(struct model_pci_function *f)
{
	memcpy(f->config, f->initial, sizeof(f->config));
	clear_msix(f);
	f->resets++;
	f->ready_at = host_time_ns() + f->reset_ns;
}

/* Whether hardware has the VF at all. */
static bool enabled(const struct model_pci_function *vf)
{
	const struct model_pci_function *pf = vf->pf;

	return get(pf, pf->sriov + 8u, 2) & 1 && vf->vf < get(pf, pf->sriov + 0x10u, 2) &&
	       !pf->gone;
}

static bool answers(const struct model_pci_function *f)
{
	if (f->pf && (!enabled(f) || host_time_ns() < f->pf->vfs_at))
		return false;
	return !f->gone && !(f->resets && (f->never_ready || host_time_ns() < f->ready_at));
}

/* ---- config ---- */

static int child_on(int parent, unsigned devfn)
{
	for (unsigned i = 0; i < pci.count; i++)
		if (pci.functions[i]->parent == parent && pci.functions[i]->devfn == devfn)
			return (int)i;
	return -1;
}

/* Which function a config request reaches: down through the bridges whose bus range holds it. */
static int route_config(unsigned bus, unsigned devfn)
{
	int parent = -1;
	unsigned at = pci.host->bus_first;

	while (bus != at) {
		int next = -1;

		for (unsigned i = 0; i < pci.count; i++) {
			const struct model_pci_function *b = pci.functions[i];

			if (b->parent != parent || !is_bridge(b) || b->gone)
				continue;
			if (b->config[0x19] && bus >= b->config[0x19] && bus <= b->config[0x1a]) {
				if (next >= 0)
					model_fail("pci model: two bridges forward bus %02x", bus);
				next = (int)i;
			}
		}
		if (next < 0 || pci.functions[next]->config[0x19] <= at)
			return -1;
		parent = next;
		at = pci.functions[next]->config[0x19];
	}
	return child_on(parent, devfn);
}

struct model_pci_function *model_pci_at(unsigned bus, unsigned devfn)
{
	int i = route_config(bus, devfn);

	return i < 0 ? NULL : pci.functions[i];
}

static void check_width(const struct pci_host *h, unsigned offset, unsigned size)
{
	if ((size != 1 && size != 2 && size != 4) || offset % size || offset + size > 4096 ||
	    !(h->widths & size))
		model_fail("pci model: config access of %u bytes at 0x%x", size, offset);
}

static uint32_t config_read(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size)
{
	struct model_pci_function *f = model_pci_at(sbdf_bus(fn), sbdf_devfn(fn));
	uint32_t ones = size == 4 ? UINT32_MAX : (1u << 8 * size) - 1;

	check_width(h, offset, size);
	if (!f || f->gone || (f->resets && f->never_ready) || (f->pf && !enabled(f)))
		return ones;
	if (!answers(f)) /* retry status: the vendor ID reads 0001h, the rest all-ones */
		return offset == 0 && size == 2 ? 1 : offset == 0 && size == 4 ? 0xffff0001u : ones;
	if (f->pcie && f->stuck_pending && offset <= f->pcie + 10u && offset + size > f->pcie + 10u)
		f->config[f->pcie + 10] |= 0x20;
	return (uint32_t)get(f, offset, size);
}

/* VF Enable was set: the VFs are as after a reset, in a while. */
static void start_vfs(struct model_pci_function *pf)
{
	pf->vfs_at = host_time_ns() + pf->vfs_ns;
	for (unsigned i = 0; i < pci.count; i++) {
		struct model_pci_function *vf = pci.functions[i];

		if (vf->pf != pf)
			continue;
		memcpy(vf->config, vf->initial, sizeof(vf->config));
		clear_msix(vf);
		vf->resets = 0;
	}
}

static void side_effects(struct model_pci_function *f, const uint8_t *old, unsigned offset,
			 unsigned size)
{
	unsigned devctl = f->pcie + 8u, pmcsr = f->pm + 4u, afctl = f->af + 4u;

	if (f->sriov && f->config[f->sriov + 8] & 1 && !(old[f->sriov + 8] & 1))
		start_vfs(f);
	if (f->pcie && offset < devctl + 2 && offset + size > devctl &&
	    f->config[devctl + 1] & 0x80) {
		f->config[devctl + 1] &= 0x7f;
		if (f->config[f->pcie + 7] & 0x10)
			reset(f);
	} else if (f->af && offset <= afctl && offset + size > afctl && f->config[afctl] & 1) {
		f->config[afctl] &= 0xfe;
		reset(f);
	} else if (f->pm && offset <= pmcsr && offset + size > pmcsr && (old[pmcsr] & 3) == 3 &&
		   (f->config[pmcsr] & 3) == 0 && !(f->config[pmcsr] & 8)) {
		reset(f);
	}
}

static void config_write(const struct pci_host *h, sbdf_t fn, unsigned offset, unsigned size,
			 uint32_t value)
{
	struct model_pci_function *f = model_pci_at(sbdf_bus(fn), sbdf_devfn(fn));
	uint8_t old[4096];

	check_width(h, offset, size);
	if (!f || !answers(f))
		return;
	memcpy(old, f->config, sizeof(old));
	f->config_writes++;
	for (unsigned i = 0; i < size; i++) {
		uint8_t v = (uint8_t)(value >> 8 * i), *c = &f->config[offset + i];

		*c = (uint8_t)((*c & ~f->write[offset + i]) | (v & f->write[offset + i]));
		*c = (uint8_t)(*c & ~(v & f->w1c[offset + i]));
	}
	side_effects(f, old, offset, size);
}

static const struct pci_config_ops config_ops = {
	.name = "model",
	.read = config_read,
	.write = config_write,
};

/* ---- memory ---- */

bool model_pci_bar(const struct model_pci_function *f, unsigned bar, uint64_t *address,
		   uint64_t *size)
{
	uint32_t low = (uint32_t)get(f, 0x10 + 4 * bar, 4);

	if (!f->mem_size[bar])
		return false;
	if (f->pf) {
		low = (uint32_t)get(f->pf, f->pf->sriov + 0x24u + 4 * bar, 4);
		*address = (low & 0xfffffff0u) | get(f->pf, f->pf->sriov + 0x28u + 4 * bar, 4)
							 << 32;
		*address += f->vf * f->mem_size[bar];
		*size = f->mem_size[bar];
		return true;
	}
	*address = low & 0xfffffff0u;
	if ((low & 6) == 4)
		*address |= get(f, 0x14 + 4 * bar, 4) << 32;
	*size = f->mem_size[bar];
	return true;
}

static bool window_forwards(const struct model_pci_function *b, uint64_t at)
{
	uint64_t base = (get(b, 0x20, 2) & 0xfff0) << 16,
		 limit = (get(b, 0x22, 2) & 0xfff0) << 16 | 0xfffff;

	if (at >= base && at <= limit)
		return true;
	base = (get(b, 0x24, 2) & 0xfff0) << 16;
	limit = (get(b, 0x26, 2) & 0xfff0) << 16 | 0xfffff;
	if ((get(b, 0x24, 2) & 0xf) == 1) {
		base |= get(b, 0x28, 4) << 32;
		limit |= get(b, 0x2c, 4) << 32;
	}
	return at >= base && at <= limit;
}

/* The one function below `parent` that claims `at`; counts every claim. */
static struct model_pci_function *claim(int parent, uint64_t at, unsigned *bar, uint64_t *offset,
					unsigned *claims)
{
	struct model_pci_function *found = NULL;

	for (unsigned i = 0; i < pci.count; i++) {
		struct model_pci_function *f = pci.functions[i], *below;
		uint64_t base, size;

		if (f->parent != parent || !answers(f) || !(f->config[COMMAND] & COMMAND_MEM) ||
		    (f->pf && !(get(f->pf, f->pf->sriov + 8u, 2) & 8)))
			continue;
		for (unsigned b = 0; b < (is_bridge(f) ? 2u : 6u); b++) {
			if (model_pci_bar(f, b, &base, &size) && at >= base && at - base < size) {
				++*claims;
				*bar = b;
				*offset = at - base;
				found = f;
			}
		}
		if (is_bridge(f) && window_forwards(f, at)) {
			below = claim((int)i, at, bar, offset, claims);
			found = below ? below : found;
		}
	}
	return found;
}

static struct model_pci_function *decode(uint64_t at, unsigned *bar, uint64_t *offset)
{
	unsigned claims = 0;
	struct model_pci_function *f = claim(-1, at, bar, offset, &claims);

	if (claims > 1)
		model_fail("pci model: %u functions claim address 0x%llx", claims,
			   (unsigned long long)at);
	if (!f)
		pci.master_aborts++;
	return f;
}

static bool in_pba(const struct model_pci_function *f, unsigned bar, uint64_t offset)
{
	return f->msix && bar == f->pba_bar && offset >= f->pba &&
	       offset < f->pba + (f->msix_entries + 63) / 64 * 8;
}

static uint64_t memory_read(void *ctx, uint64_t offset, unsigned size)
{
	uint64_t at = (uintptr_t)ctx + offset, in = 0, v = 0;
	unsigned bar = 0;
	const struct model_pci_function *f = decode(at, &bar, &in);

	if (!f)
		return UINT64_MAX;
	if (f->bar_ops[bar])
		return f->bar_ops[bar]->read(f->bar_ctx, in, size);
	for (unsigned i = 0; i < size && in + i < MODEL_PCI_MEM_MAX; i++)
		v |= (uint64_t)f->mem[bar][in + i] << 8 * i;
	return v;
}

static void memory_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	uint64_t at = (uintptr_t)ctx + offset, in = 0;
	unsigned bar = 0;
	struct model_pci_function *f = decode(at, &bar, &in);

	if (!f || in_pba(f, bar, in))
		return;
	if (f->bar_ops[bar]) {
		f->bar_ops[bar]->write(f->bar_ctx, in, size, value);
		return;
	}
	for (unsigned i = 0; i < size && in + i < MODEL_PCI_MEM_MAX; i++)
		f->mem[bar][in + i] = (uint8_t)(value >> 8 * i);
}

static const struct model_mmio_ops memory_ops = {
	.read = memory_read,
	.write = memory_write,
};

/* ---- messages ---- */

bool model_pci_msix_message(const struct model_pci_function *f, unsigned n, uint64_t *address,
			    uint32_t *data)
{
	const uint8_t *e;
	uint64_t v[2] = { 0, 0 };

	if (!f->msix || n >= f->msix_entries || !(f->config[COMMAND] & COMMAND_MASTER) ||
	    (get(f, f->msix + 2u, 2) & 0xc000) != 0x8000)
		return false;
	e = f->mem[f->msix_bar] + f->msix_table + 16 * n;
	if (e[12] & 1)
		return false;
	for (unsigned i = 0; i < 8; i++) {
		v[0] |= (uint64_t)e[i] << 8 * i;
		v[1] |= (uint64_t)e[8 + i] << 8 * i;
	}
	*address = v[0];
	*data = (uint32_t)v[1];
	return true;
}

bool model_pci_msi_message(const struct model_pci_function *f, uint64_t *address, uint32_t *data)
{
	unsigned control = f->msi ? (unsigned)get(f, f->msi + 2u, 2) : 0;

	if (!(control & 1) || !(f->config[COMMAND] & COMMAND_MASTER))
		return false;
	*address = get(f, f->msi + 4u, 4);
	*data = (uint32_t)get(f, f->msi + (control & 0x80 ? 12u : 8u), 2);
	if (control & 0x80)
		*address |= get(f, f->msi + 8u, 4) << 32;
	return true;
}

void model_pci_create_bare(struct pci_host *h)
{
	destroy();
	memset(h, 0, sizeof(*h));
	pci.host = h;
	h->bus_last = 255;
	h->widths = 7;
	h->config = &config_ops;
}

void model_pci_memory(hpa_t cpu, uint64_t bus, uint64_t size)
{
	model_mmio_add(cpu, size, &memory_ops, (void *)(uintptr_t)bus);
}

void model_pci_create(struct pci_host *h)
{
	model_pci_create_bare(h);
	h->windows[0] =
		(struct pci_window){ .kind = PCI_WINDOW_IO, .cpu = 0x3eff0000, .size = 0x10000 };
	h->windows[1] = (struct pci_window){ .kind = PCI_WINDOW_MEM32,
					     .cpu = MODEL_PCI_MEM32,
					     .bus = MODEL_PCI_MEM32,
					     .size = MODEL_PCI_MEM32_SZ };
	h->windows[2] = (struct pci_window){ .kind = PCI_WINDOW_MEM64,
					     .prefetchable = true,
					     .cpu = MODEL_PCI_MEM64,
					     .bus = MODEL_PCI_MEM64,
					     .size = MODEL_PCI_MEM64_SZ };
	h->window_count = 3;
	h->iommu_map[0] = (struct pci_id_map){
		.rid_base = 0, .length = 0x10000, .unit = 0, .out_base = 0x1000
	};
	h->msi_map[0] = (struct pci_id_map){
		.rid_base = 0, .length = 0x10000, .unit = 0, .out_base = 0x2000
	};
	h->iommu_map_count = h->msi_map_count = 1;
	model_pci_memory(MODEL_PCI_MEM32, MODEL_PCI_MEM32, MODEL_PCI_MEM32_SZ);
	model_pci_memory(MODEL_PCI_MEM64, MODEL_PCI_MEM64, MODEL_PCI_MEM64_SZ);
}
