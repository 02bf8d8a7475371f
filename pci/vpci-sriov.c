// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SR-IOV as a zone sees it on a physical function (PF) whose VFs the manifest offers: the capability, and the places
 * of its virtual functions (VFs).
 *
 * The owner's kernel writes NumVFs and VF Enable; the engine carries it out (pci/sriov.c), and who gets the
 * VFs is decided above (struct pci_sriov, `changed`). Nobody's CPU waits: what is due is done by
 * the zone's own later accesses. VF n stands at the PF's virtual address + First VF Offset + n * VF Stride
 * on the PF's bus. The places are made with the PF, so that no guest's wish costs memory later.
 *
 * A VF of the owner's decodes where the PF's VF BAR says, n sizes further on, while VF Memory Space Enable is
 * on, and has no BARs of its own. One that is somebody else's, or nobody's, is a placeholder: a
 * kernel that has just enabled VFs must find something with a header there. Locking: vpci->lock is held.
 *
 * PCIe Base Specification 6.0, 9.3.3 (registers), 9.3.4 (a VF's header); docs/config-space.md.
 */
#include "vpci.h"

#include <linux/pci_regs.h>
#include <postern/errno.h>
#include <postern/string.h>
#include <postern/zone.h>

#define BAR_FLAGS    0xfu
#define PAGE_SIZE_4K BIT32(0)
/* Control to NumVFs: what a write may change. */
#define WRITTEN      PCI_SRIOV_CTRL
#define WRITTEN_SIZE (PCI_SRIOV_NUM_VF + 2 - PCI_SRIOV_CTRL)

#define for_each_slot(slot, fn)            \
	for_each_function(slot, (fn)->bus) \
		if ((slot)->pf == (fn))

/* ---- who is there ---- */

bool vpci_vf_present(const struct vpci_function *slot)
{
	const struct pci_function *vf = slot->f;

	return pci_vfs_phase(vf->pf) == VFS_ON && vf->vf < vf->pf->sriov.enabled;
}

struct vpci_function *vpci_vf_slot(struct vpci *v, const struct pci_function *f)
{
	struct vpci_function *fn;

	for_each_function(fn, v)
		if (fn->pf && fn->f == f)
			return fn;
	return NULL;
}

uint64_t vpci_vf_bar_address(const struct vpci_function *slot, unsigned index)
{
	return vpci_bar_address(slot->pf, PCI_BAR_COUNT + index) +
	       slot->f->vf * slot->f->bars[index].size;
}

static void list_identity(struct vpci_function *slot)
{
	const struct pci_function *f = slot->f;

	vpci_list(slot, PCI_VENDOR_ID, 4, VPCI_CONSTANT, UINT32_MAX,
		  f->vendor | (uint32_t)f->device << 16);
	vpci_list(slot, PCI_CLASS_REVISION, 4, VPCI_CONSTANT, UINT32_MAX,
		  f->class_code << 8 | f->revision);
	vpci_list(slot, PCI_SUBSYSTEM_VENDOR_ID, 4, VPCI_CONSTANT, UINT32_MAX,
		  f->subsystem_vendor | (uint32_t)f->subsystem_device << 16);
}

/* The VF is nobody's here: what a kernel that enables VFs must find, and no more. */
static void make_inert(struct vpci_function *slot)
{
	slot->inert = true;
	slot->vectors = NULL;
	slot->vector_count = 0;
	slot->memory_on = slot->master_on = slot->resetting = slot->dead = false;
	slot->msi_cap = slot->msix_cap = slot->msix_entries = 0;
	memset(slot->bars, 0, sizeof(slot->bars));
	vpci_view_clear(slot);
	list_identity(slot);
}

/* ---- VF Memory Space Enable ---- */

void vpci_vf_connect(struct vpci_function *slot)
{
	pci_set_memory_decode(slot->f, true);
	slot->memory_on = true;
	vpci_bars_connect(slot);
}

static void set_vf_memory(struct vpci_function *fn, bool on)
{
	struct vpci_function *slot;

	fn->vfs_memory_on = on;
	for_each_slot(slot, fn)
	{
		if (slot->inert || slot->resetting || slot->dead || slot->memory_on == on)
			continue;
		if (on)
			vpci_vf_connect(slot);
		else
			vpci_bars_disconnect(slot);
	}
}

static void vf_bar_written(struct vpci_function *fn, unsigned offset)
{
	unsigned index = (offset - fn->sriov_cap - PCI_SRIOV_BAR) / 4;
	struct vpci_function *slot;

	for_each_slot(slot, fn) if (slot->memory_on) vpci_bar_move(slot, index);
}

/* ---- VF Enable ---- */

static bool enabled(const struct pci_function *pf)
{
	enum pci_vfs_phase phase = pci_vfs_phase(pf);

	return phase == VFS_COMING || phase == VFS_ON;
}

/* The VFs are gone for the owner at once; those who have them are told, and only then the hardware is. */
static void let_go(struct vpci_function *fn)
{
	set_vf_memory(fn, false);
	__atomic_store_n(&fn->f->sriov.phase, VFS_GOING, __ATOMIC_SEQ_CST);
	fn->vfs_news = true;
}

static bool start(struct vpci_function *fn, unsigned count)
{
	/*
	 * While earlier ones are still being taken away the bit does not stick: software has to
	 * wait a second in between. Without VFs to enable there is nothing to turn on.
	 */
	if (!count || pci_vfs_phase(fn->f) != VFS_OFF || !fn->f->sriov.total ||
	    pci_vfs_enable(fn->f, count))
		return false;
	fn->vfs_news = true;
	return true;
}

static void control_written(struct vpci_function *fn, unsigned offset)
{
	const struct pci_sriov *s = &fn->f->sriov;
	unsigned numvfs = fn->sriov_cap + PCI_SRIOV_NUM_VF;
	uint32_t control = vpci_get(fn, offset, 2), count = vpci_get(fn, numvfs, 2);
	bool memory = control & PCI_SRIOV_CTRL_MSE;

	if (enabled(fn->f))
		count = s->enabled; /* read-only meanwhile */
	else if (count > s->offered)
		count = s->offered;
	vpci_set(fn, numvfs, 2, count);
	if (control & PCI_SRIOV_CTRL_VFE && !enabled(fn->f) && !start(fn, count))
		vpci_set(fn, offset, 2, control & ~(uint32_t)PCI_SRIOV_CTRL_VFE);
	if (!(control & PCI_SRIOV_CTRL_VFE) && enabled(fn->f))
		let_go(fn);
	if (memory != fn->vfs_memory_on)
		set_vf_memory(fn, memory);
}

bool vpci_vfs_gone(struct vpci_function *pf)
{
	if (enabled(pf->f))
		let_go(pf);
	return pci_vfs_phase(pf->f) == VFS_OFF;
}

/*
 * Completes enablings that are due. A PF whose phase changed and whose owner has not been told; NULL: none.
 */
static struct pci_function *news(struct vpci *v)
{
	struct vpci_function *fn, *slot;

	for_each_function(fn, v) {
		if (!fn->sriov_cap)
			continue;
		if (pci_vfs_phase(fn->f) == VFS_COMING && !pci_vfs_ready(fn->f)) {
			for_each_slot(slot, fn) make_inert(slot);
			fn->vfs_news = true;
		}
		if (fn->vfs_news) {
			fn->vfs_news = false;
			return fn->f;
		}
	}
	return NULL;
}

void vpci_vfs_tell(struct vpci *v)
{
	struct pci_function *pf;

	while ((pf = news(v))) {
		host_unlock(&v->lock);
		pf->sriov.changed(pf);
		host_lock(&v->lock);
	}
}

void vpci_poll(struct vpci *v)
{
	host_lock(&v->lock);
	vpci_vfs_tell(v);
	host_unlock(&v->lock);
}

/* ---- the capability ---- */

static void list_vf_bar(struct vpci_function *fn, unsigned i)
{
	const struct pci_bar *p = &fn->f->sriov.bars[i];
	struct vpci_bar *b = &fn->vf_bars[i];
	bool wide = p->kind == PCI_BAR_MEM64;
	uint32_t flags = (wide ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0u) |
			 (p->prefetchable ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0u);
	unsigned reg = fn->sriov_cap + PCI_SRIOV_BAR + 4 * i;
	uint64_t mask = ~(p->size - 1);

	*b = (struct vpci_bar){ 0 };
	if (!p->size)
		return;
	b->bar = p;
	b->count = fn->f->sriov.offered;
	vpci_list(fn, reg, 4, VPCI_CONSTANT, BAR_FLAGS, flags);
	vpci_list(fn, reg, 4, VPCI_EMULATED, (uint32_t)mask & ~BAR_FLAGS, 0);
	if (wide)
		vpci_list(fn, reg + 4, 4, VPCI_EMULATED, (uint32_t)(mask >> 32), 0);
	vpci_hook(fn, reg, wide ? 8 : 4, vf_bar_written);
}

void vpci_sriov_build(struct vpci_function *fn, unsigned cap)
{
	const struct pci_sriov *s = &fn->f->sriov;
	unsigned i;

	fn->sriov_cap = (uint16_t)cap;
	fn->vfs_memory_on = false;
	vpci_list(fn, cap, 4, VPCI_CONSTANT, UINT32_MAX, PCI_EXT_CAP_ID_SRIOV | 1u << 16);
	vpci_list(fn, cap + PCI_SRIOV_CTRL, 2, VPCI_EMULATED,
		  PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE, 0);
	vpci_list(fn, cap + PCI_SRIOV_INITIAL_VF, 4, VPCI_CONSTANT, UINT32_MAX,
		  s->offered | (uint32_t)s->offered << 16);
	vpci_list(fn, cap + PCI_SRIOV_NUM_VF, 2, VPCI_EMULATED, UINT16_MAX, 0);
	/* It depends on no other function: the link names itself. */
	vpci_list(fn, cap + PCI_SRIOV_FUNC_LINK, 1, VPCI_CONSTANT, UINT8_MAX, fn->devfn);
	vpci_list(fn, cap + PCI_SRIOV_VF_OFFSET, 4, VPCI_CONSTANT, UINT32_MAX,
		  s->offset | (uint32_t)s->stride << 16);
	vpci_list(fn, cap + PCI_SRIOV_VF_DID, 2, VPCI_CONSTANT, UINT16_MAX, s->vf_device);
	vpci_list(fn, cap + PCI_SRIOV_SUP_PGSIZE, 4, VPCI_CONSTANT, UINT32_MAX, PAGE_SIZE_4K);
	vpci_list(fn, cap + PCI_SRIOV_SYS_PGSIZE, 4, VPCI_CONSTANT, UINT32_MAX, PAGE_SIZE_4K);
	for (i = 0; i < PCI_BAR_COUNT; i++)
		list_vf_bar(fn, i);
	vpci_hook(fn, cap + WRITTEN, WRITTEN_SIZE, control_written);
}

/* ---- the places ---- */

bool vpci_vfs_fit(const struct vpci_function *fn)
{
	const struct pci_sriov *s = &fn->f->sriov;

	if (!s->offered)
		return false;
	if (fn->port && fn->devfn + s->offset + (s->offered - 1u) * s->stride <= UINT8_MAX)
		return true;
	host_log(
		LOG_WARN,
		"zone %s: " SBDF_FMT
		" shows no SR-IOV: its VFs would not be on its virtual bus; give it a virtual BDF of "
		"device 0 below a port",
		fn->bus->zone->name, SBDF_ARG(fn->f->sbdf));
	return false;
}

static bool taken(const struct vpci_function *port, unsigned devfn)
{
	const struct vpci_function *fn;

	for_each_function(fn, port->bus)
		if (fn->port == port && fn->devfn == devfn)
			return true;
	return false;
}

int vpci_vf_slots_create(struct vpci_function *pf)
{
	const struct pci_sriov *s = &pf->f->sriov;
	unsigned i;

	for (i = 0; i < s->offered; i++) {
		unsigned devfn = pf->devfn + s->offset + i * s->stride;
		struct vpci_function *slot = NULL;
		int err = -EADDRINUSE;

		if (devfn <= UINT8_MAX && !taken(pf->port, devfn)) {
			slot = vpci_new_function(pf->bus, pf->port, devfn);
			err = slot ? 0 : -ENOMEM;
		}
		if (err) {
			vpci_vf_slots_destroy(pf);
			return err;
		}
		slot->f = &s->vfs[i];
		slot->pf = pf;
		make_inert(slot);
		vpci_link_function(slot);
	}
	return 0;
}

void vpci_vf_slots_destroy(struct vpci_function *pf)
{
	struct vpci_function *slot, *next;

	for (slot = pf->bus->functions; slot; slot = next) {
		next = slot->next;
		if (slot->pf == pf)
			vpci_drop_function(slot);
	}
}

/* ---- VFs of the owner's own ---- */

void vpci_vf_remove(struct vpci_function *slot)
{
	unsigned n;

	vpci_bars_disconnect(slot);
	for (n = 0; n < slot->vector_count; n++)
		slot->vectors[n].context = NULL;
	host_pages_free(slot->msix_table, slot->msix_pages);
	slot->msix_table = NULL;
	slot->msix_pages = 0;
	make_inert(slot);
}

int vpci_vf_add(struct vpci_function *slot, struct pci_function *f, struct msi_vector *vectors,
		unsigned count)
{
	unsigned n;
	int err;

	if (!slot->inert)
		return -EADDRINUSE;
	slot->inert = false;
	err = vpci_prepare(slot, f, vectors, count);
	if (!err)
		err = vpci_endpoint_program(slot);
	if (err) {
		vpci_vf_remove(slot);
		return err;
	}
	for (n = 0; n < count; n++)
		vectors[n].context = slot->bus;
	if (slot->pf->vfs_memory_on)
		vpci_vf_connect(slot);
	return 0;
}
