// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold of the machine after every step of a zone, whatever it did. See world.h.
 *
 * Offsets and bits are written out: they come from the PCI specifications and docs/config-space.md, not
 * from the code that is judged.
 */
#include "world.h"

#include <string.h>

#define COMMAND        0x04u
#define COMMAND_MEMORY 0x02u
#define COMMAND_MASTER 0x04u
#define INTX_OFF       0x04u       /* of Command's second byte */
#define PORT_ID        0x00017073u /* a synthesized root port's */
#define VF_ENABLE      0x01u       /* SR-IOV Control */
#define VF_MEMORY      0x08u
_Static_assert(WORLD_VFS == 3, "world_rules() has it as a mask of NumVFs");

static uint32_t le(const uint8_t *p, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (uint32_t)p[i] << 8 * i;
	return v;
}

void world_rules(struct world_function *w)
{
	const struct model_pci_function *hw = w->hw;
	uint8_t *may = w->may;

	may[COMMAND] = COMMAND_MEMORY | COMMAND_MASTER;
	may[COMMAND + 1] = INTX_OFF; /* check_intx() says when */
	may[0x07] = 0xf9;            /* Status: errors */
	if (hw->pcie) {
		may[hw->pcie + 8] = 0x10;  /* Device Control: relaxed ordering */
		may[hw->pcie + 9] = 0x78;  /* no snoop, read request size */
		may[hw->pcie + 10] = 0x0f; /* Device Status: errors */
	}
	if (hw->msi) {
		unsigned log2 = hw->config[hw->msi + 2] >> 1 & 7;
		uint64_t masks = ((uint64_t)1 << (1u << log2)) - 1;

		may[hw->msi + 2] = 0x71;
		/* Address and data: the hypervisor writes them; check_msi() says what. */
		memset(&may[hw->msi + 4], 0xff, 10);
		for (unsigned i = 0; i < 4; i++)
			may[hw->msi + 16 + i] = (uint8_t)(masks >> 8 * i);
	}
	if (hw->msix)
		may[hw->msix + 3] = 0xc0;
	if (hw->sriov) {
		may[hw->sriov + 0x08] = VF_ENABLE | VF_MEMORY; /* check_sriov() says when */
		may[hw->sriov + 0x10] = WORLD_VFS;             /* NumVFs; a mask, too: 3 */
	}
}

/* ---- config space ---- */

static bool msi_on(const struct model_pci_function *hw)
{
	return hw->msi && hw->config[hw->msi + 2] & 1;
}

static bool msix_on(const struct model_pci_function *hw)
{
	return hw->msix && hw->config[hw->msix + 3] & 0x80;
}

static bool may_raise(const struct model_pci_function *hw)
{
	return !(hw->config[COMMAND + 1] & INTX_OFF);
}

/* A VF that its PF does not have turned on is no function at all. */
static bool enabled(const struct model_pci_function *vf)
{
	const uint8_t *sriov = &vf->pf->config[vf->pf->sriov];

	return sriov[0x08] & VF_ENABLE && vf->vf < le(&sriov[0x10], 2);
}

/* Answers nothing and hears nothing, for good: its registers are nobody's to change. */
static bool out_of_reach(const struct model_pci_function *hw)
{
	return hw->gone || (hw->never_ready && hw->resets) ||
	       (hw->pf && (out_of_reach(hw->pf) || !enabled(hw)));
}

/* Starts nothing: no requests, no answers, no messages. */
static bool quiet(const struct model_pci_function *hw)
{
	return !(hw->config[COMMAND] & 7) && !msi_on(hw) && !msix_on(hw);
}

/* Bits of byte i that are neither as the scan left them nor the owner's. */
static uint8_t changed(const struct world_function *w, unsigned i)
{
	uint8_t bits = w->hw->config[i] ^ w->scanned[i];
	/* A reset clears errors that the owner does not see. */
	uint8_t forgotten = w->hw->resets ? w->hw->w1c[i] : 0;

	/* Transactions Pending is the function's own. */
	if (w->hw->pcie && i == w->hw->pcie + 10u)
		bits &= (uint8_t)~0x20u;

	return w->owned ? bits & (uint8_t)~(w->may[i] | forgotten) : bits;
}

/* Under reset a register may stand at its power-on value while the function is quiet. */
static bool reset_explains(const struct world_function *w, unsigned i)
{
	const struct model_pci_function *hw = w->hw;
	unsigned pmcsr = hw->pm + 4u;

	if (!w->owned || !quiet(hw))
		return false;
	if (hw->pm && i == pmcsr && (hw->config[i] & 3) == 3)
		return true; /* on its way through D3hot */
	return hw->resets != w->resets_seen && hw->config[i] == hw->initial[i];
}

/*
 * A VF as it is first seen: power-on, and quieted. One that is not there, or not yet looked at, is
 * compared with nothing; the next to come is a new one.
 */
static bool is_there(struct world_function *w)
{
	const struct model_pci_function *hw = w->hw;

	if (!hw->pf || (w->f->state != DEVICE_ABSENT && enabled(hw)))
		return true;
	FUZZ_CHECK(w->stream_zone < 0 || w->f->state == DEVICE_QUIESCING,
		   SBDF_FMT " is off, and its stream is attached", SBDF_ARG(w->f->sbdf));
	FUZZ_CHECK(w->f->state != DEVICE_ABSENT || !enabled(hw) || quiet(hw),
		   SBDF_FMT " is no zone's and not quiet", SBDF_ARG(w->f->sbdf));
	memcpy(w->scanned, hw->initial, sizeof(w->scanned));
	w->scanned[COMMAND + 1] |= INTX_OFF;
	w->scanned[hw->msix + 3] |= 0x40; /* Function Mask */
	memcpy(w->seen, w->scanned, sizeof(w->seen));
	w->owned = w->f->state == DEVICE_FAILED; /* that one is not quieted again */
	w->whole = true;
	w->resets_seen = 0;
	return false;
}

static void check_config(struct world_function *w)
{
	const struct model_pci_function *hw = w->hw;
	bool whole = true;

	if (!memcmp(w->seen, hw->config, sizeof(w->seen)))
		return;
	for (unsigned i = 0; i < 4096; i++) {
		if (w->seen[i] == hw->config[i] && w->seen[i] == w->scanned[i])
			continue;
		if (!changed(w, i))
			continue;
		whole = false;
		FUZZ_CHECK(reset_explains(w, i),
			   SBDF_FMT " (%s): config byte 0x%03x is %02x, after the scan %02x",
			   SBDF_ARG(w->f->sbdf), device_state_name(w->f->state), i, hw->config[i],
			   w->scanned[i]);
	}
	/*
	 * A VF has no BARs that would tell: a reset shows in its Command, until the engine sees it
	 * again.
	 */
	whole &= !hw->pf || !may_raise(hw);
	w->whole = whole;
	if (whole)
		w->resets_seen = hw->resets;
	if (w->owned && hw->pcie)
		FUZZ_CHECK(hw->config[hw->pcie + 9] >> 4 <= 5, "a reserved read request size");
	memcpy(w->seen, hw->config, sizeof(w->seen));
}

/* ---- messages ---- */

static void check_msi(const struct world_function *w)
{
	const struct model_pci_function *hw = w->hw;
	uint64_t address;
	uint32_t data;
	unsigned count;

	if (!hw->msi || out_of_reach(hw))
		return;
	address = le(&hw->config[hw->msi + 4], 4) | (uint64_t)le(&hw->config[hw->msi + 8], 4) << 32;
	data = le(&hw->config[hw->msi + 12], 2);
	if (!msi_on(hw) && !address && !data)
		return;
	count = 1u << (hw->config[hw->msi + 2] >> 4 & 7);
	FUZZ_CHECK(address == WORLD_REAL_MSI && data == WORLD_REAL_DATA,
		   SBDF_FMT ": MSI 0x%llx, 0x%x in the hardware", SBDF_ARG(w->f->sbdf),
		   (unsigned long long)address, data);
	FUZZ_CHECK(!msi_on(hw) || count <= w->vectors,
		   SBDF_FMT " (%s): %u messages enabled, %u reserved", SBDF_ARG(w->f->sbdf),
		   device_state_name(w->f->state), count, w->vectors);
	FUZZ_CHECK(!msi_on(hw) || !msix_on(hw), SBDF_FMT ": both MSI and MSI-X are on",
		   SBDF_ARG(w->f->sbdf));
}

static void check_msix(const struct world_function *w)
{
	const struct model_pci_function *hw = w->hw;
	const uint8_t *entry = hw->msix_entries ? hw->mem[hw->msix_bar] + hw->msix_table : NULL;
	bool ready = w->f->state == DEVICE_ASSIGNED && w->whole && hw->resets == w->resets_seen;

	for (unsigned n = 0; n < hw->msix_entries; n++, entry += 16) {
		uint64_t address = le(entry, 4) | (uint64_t)le(entry + 4, 4) << 32;
		uint32_t data = le(entry + 8, 4);
		bool none = !address && !data, masked = entry[12] & 1;
		bool ours = address == WORLD_REAL_MSI && data == WORLD_REAL_DATA + n;

		FUZZ_CHECK(ours || (none && masked && (!ready || n >= w->vectors)),
			   SBDF_FMT " (%s): MSI-X entry %u is 0x%llx, 0x%x%s", SBDF_ARG(w->f->sbdf),
			   device_state_name(w->f->state), n, (unsigned long long)address, data,
			   masked ? ", masked" : "");
	}
}

/* ---- SR-IOV ---- */

/*
 * VF Enable and VF Memory Space Enable go together, with at most as many VFs as were offered, while
 * a zone has the PF. BARs, page size and ARI are as the scan left them: check_config().
 */
static void check_sriov(const struct world_function *w)
{
	const uint8_t *sriov = &w->hw->config[w->hw->sriov];
	unsigned on = sriov[0x08] & VF_ENABLE, memory = sriov[0x08] & VF_MEMORY;
	unsigned count = le(&sriov[0x10], 2);
	enum device_state state = w->f->state;

	if (!w->hw->sriov || out_of_reach(w->hw))
		return;
	FUZZ_CHECK(!on == !memory, SBDF_FMT ": VFs on: %u, their memory: %u", SBDF_ARG(w->f->sbdf),
		   on, memory);
	FUZZ_CHECK(!on || (count && count <= WORLD_VFS), SBDF_FMT " has %u VFs",
		   SBDF_ARG(w->f->sbdf), count);
	FUZZ_CHECK(!on || state == DEVICE_ASSIGNED || state == DEVICE_QUIESCING,
		   SBDF_FMT " (%s) has VFs", SBDF_ARG(w->f->sbdf), device_state_name(state));
	FUZZ_CHECK(state != DEVICE_QUARANTINED || !count, SBDF_FMT " is free, NumVFs is %u",
		   SBDF_ARG(w->f->sbdf), count);
}

/* A VF leaves its zone before hardware takes it away; only root has the PF of another zone's VF. */
static void check_vf(const struct world_function *w)
{
	const struct zone *owner = w->f->owner, *pf_owner = world.pf->f->owner;

	if (!owner)
		return;
	FUZZ_CHECK(enabled(w->hw), SBDF_FMT " is zone %s's, and off", SBDF_ARG(w->f->sbdf),
		   owner->name);
	FUZZ_CHECK(pf_owner && (pf_owner == owner || pf_owner->root),
		   SBDF_FMT " is zone %s's, its PF %s's", SBDF_ARG(w->f->sbdf), owner->name,
		   pf_owner ? pf_owner->name : "nobody");
}

void world_check_vf_memory(uint32_t control)
{
	for (unsigned i = 0; !(control & VF_MEMORY) && i < world.map_count; i++) {
		const struct world_map *m = &world.maps[i];

		for (unsigned n = 0; n < WORLD_VFS; n++)
			for (unsigned b = 0; b < 6; b++)
				FUZZ_CHECK(m->zone != world.pf->f->owner || !world.vfs[n].bar[b] ||
						   m->hpa - world.vfs[n].bar[b] >=
							   world.vfs[n].hw->mem_size[b],
					   "VF %u is mapped, VF Memory Space Enable is off", n);
	}
}

/* ---- lines ---- */

/* The host bridge's line, 0..3, at the end of the function's pin; -1: it has none. */
static int line_of(const struct world_function *w)
{
	const struct model_pci_function *f = w->hw, *above;
	unsigned line = w->scanned[0x3d] - 1u;

	if (line >= 4)
		return -1;
	for (; f; f = above) {
		unsigned type;

		above = f->parent < 0 ? NULL : model_pci((unsigned)f->parent);
		type = above && above->pcie ? above->config[above->pcie + 2] >> 4 : 0;
		/* Below a root or downstream port there is one device, 0. */
		if (type != 4 && type != 6)
			line += f->devfn >> 3;
	}
	return (int)(line % 4);
}

/*
 * A function may raise its line only while a zone has it, messages are off, and the line is that zone's. After a
 * reset Command is 0 until the engine sees the function again: at power-on nothing raises anything.
 */
static void check_intx(const struct world_function *w)
{
	const struct model_pci_function *hw = w->hw;
	const struct pci_function *f = w->f;
	int line = line_of(w);

	/* VFs have no pin (PCI Express Base Specification 6.0, 9.3.4.1.14). */
	if (!w->owned || hw->pf || out_of_reach(hw) || !may_raise(hw) ||
	    (hw->resets && f->state != DEVICE_QUARANTINED && !le(&hw->config[COMMAND], 2)))
		return;
	FUZZ_CHECK(f->state == DEVICE_ASSIGNED && line >= 0, SBDF_FMT " (%s) may raise its line",
		   SBDF_ARG(f->sbdf), device_state_name(f->state));
	FUZZ_CHECK(!msi_on(hw) && !msix_on(hw), SBDF_FMT ": both messages and INTx are on",
		   SBDF_ARG(f->sbdf));
	FUZZ_CHECK(model_line_owner(WORLD_IRQ + (uint32_t)line, NULL) == f->owner,
		   SBDF_FMT " may raise a line that is not its zone's", SBDF_ARG(f->sbdf));
}

/* ---- what CPUs reach ---- */

static bool in_windows(gpa_t at, uint64_t size)
{
	return range_inside(at, size, WORLD_MEM32, WORLD_MEM32_SZ) ||
	       range_inside(at, size, WORLD_MEM64, WORLD_MEM64_SZ);
}

/* No page of [from, from+size) of the BAR holds a byte of [what, what+length). */
static bool apart(uint64_t from, uint64_t size, uint64_t what, uint64_t length)
{
	uint64_t start = align_down(what, PAGE_SIZE);

	return !ranges_overlap(from, size, start, align_up(what + length, PAGE_SIZE) - start);
}

static void check_map(const struct world_map *m)
{
	FUZZ_CHECK(in_windows(m->gpa, m->size), "0x%llx is outside the zone's windows",
		   (unsigned long long)m->gpa);
	for (unsigned i = 0; i < world.count; i++) {
		const struct world_function *w = &world.functions[i];
		const struct model_pci_function *hw = w->hw;

		for (unsigned b = 0; b < 6; b++) {
			uint64_t from = m->hpa - w->bar[b];

			if (!w->bar[b] || m->hpa < w->bar[b] || from >= hw->mem_size[b])
				continue;
			FUZZ_CHECK(w->f->state == DEVICE_ASSIGNED && w->f->owner == m->zone,
				   "zone %s reaches BAR%u of " SBDF_FMT, m->zone->name, b,
				   SBDF_ARG(w->f->sbdf));
			FUZZ_CHECK(from + m->size <= hw->mem_size[b],
				   "more than BAR%u of " SBDF_FMT, b, SBDF_ARG(w->f->sbdf));
			FUZZ_CHECK(world.unplugged || hw->config[COMMAND] & COMMAND_MEMORY,
				   "BAR%u of " SBDF_FMT " is mapped, and its decode is off", b,
				   SBDF_ARG(w->f->sbdf));
			FUZZ_CHECK(!hw->msix_entries || b != hw->msix_bar ||
					   apart(from, m->size, hw->msix_table,
						 16ull * hw->msix_entries),
				   "the MSI-X table of " SBDF_FMT " is mapped",
				   SBDF_ARG(w->f->sbdf));
			FUZZ_CHECK(!hw->msix_entries || b != hw->pba_bar ||
					   apart(from, m->size, hw->pba,
						 (hw->msix_entries + 63) / 64 * 8),
				   "the pending bits of " SBDF_FMT " are mapped",
				   SBDF_ARG(w->f->sbdf));
			return;
		}
	}
	FUZZ_CHECK(false, "0x%llx is no BAR of any function", (unsigned long long)m->hpa);
}

/* ---- life ---- */

static void check_life(const struct world_function *w)
{
	const struct pci_function *f = w->f;
	bool in_use = f->state == DEVICE_ASSIGNED || f->state == DEVICE_QUIESCING;

	FUZZ_CHECK(in_use == !!f->owner, SBDF_FMT " is %s, and owned by %s", SBDF_ARG(f->sbdf),
		   device_state_name(f->state), f->owner ? f->owner->name : "nobody");
	switch (f->state) {
	case DEVICE_ASSIGNED:
		FUZZ_CHECK(w->stream_zone == f->owner->id, SBDF_FMT ": stream of zone %d",
			   SBDF_ARG(f->sbdf), w->stream_zone);
		FUZZ_CHECK(f->vector_count == w->vectors, SBDF_FMT ": %u vectors, %u reserved",
			   SBDF_ARG(f->sbdf), f->vector_count, w->vectors);
		break;
	case DEVICE_QUIESCING:
		FUZZ_CHECK(w->stream_zone < 0 || w->stream_zone == f->owner->id,
			   SBDF_FMT ": stream of zone %d", SBDF_ARG(f->sbdf), w->stream_zone);
		FUZZ_CHECK(out_of_reach(w->hw) || !(w->hw->config[COMMAND] & COMMAND_MASTER),
			   SBDF_FMT " is quiescing with Bus Master on", SBDF_ARG(f->sbdf));
		break;
	case DEVICE_QUARANTINED:
		FUZZ_CHECK(w->stream_zone < 0 && !w->vectors && !f->vectors && !f->vector_count,
			   SBDF_FMT " is free and has a stream or vectors", SBDF_ARG(f->sbdf));
		FUZZ_CHECK(!w->owned || out_of_reach(w->hw) || (quiet(w->hw) && w->whole),
			   SBDF_FMT " is free and not as the scan left it", SBDF_ARG(f->sbdf));
		break;
	case DEVICE_FAILED:
		FUZZ_CHECK(f->failure, SBDF_FMT " failed for no reason", SBDF_ARG(f->sbdf));
		FUZZ_CHECK(out_of_reach(w->hw) || !(w->hw->config[COMMAND] & COMMAND_MASTER),
			   SBDF_FMT " failed and is a bus master", SBDF_ARG(f->sbdf));
		break;
	case DEVICE_ABSENT:
		break;
	}
}

/*
 * Functions of one device without ACS reach each other: they are never two zones' (V9). VFs do not:
 * this one's PF is alone below a port that redirects.
 */
static void check_neighbours(const struct world_function *a, const struct world_function *b)
{
	FUZZ_CHECK(!a->f->owner || !b->f->owner || a->f->owner == b->f->owner ||
			   a->hw->parent != b->hw->parent ||
			   a->hw->devfn >> 3 != b->hw->devfn >> 3 || a->hw->pf || b->hw->pf,
		   SBDF_FMT " and " SBDF_FMT " belong to different zones", SBDF_ARG(a->f->sbdf),
		   SBDF_ARG(b->f->sbdf));
}

void world_check(void)
{
	FUZZ_CHECK(!model_locks_held(), "a lock is still held");
	FUZZ_CHECK(world.unplugged || !model_pci_master_aborts(),
		   "%u accesses that no function answered", model_pci_master_aborts());
	for (unsigned i = 0; i < world.count; i++) {
		struct world_function *w = &world.functions[i];

		if (is_there(w)) {
			check_config(w);
			check_msi(w);
			check_msix(w);
			check_intx(w);
		}
		check_sriov(w);
		if (w->hw->pf)
			check_vf(w);
		check_life(w);
		for (unsigned n = 0; n < i; n++)
			check_neighbours(w, &world.functions[n]);
	}
	for (unsigned i = 0; i < world.map_count; i++)
		check_map(&world.maps[i]);
}

/* ---- who is seen ---- */

void world_check_id(unsigned zone, unsigned bus, unsigned devfn)
{
	const struct zone *z = &world.zones[zone].zone;
	uint32_t id = (uint32_t)vpci_config_read(z->vpci, bus, devfn, 0, 4);

	if (id == UINT32_MAX || id == PORT_ID)
		return;
	for (unsigned i = 0; i < world.count; i++) {
		const struct world_function *w = &world.functions[i];

		if (w->f->state == DEVICE_ASSIGNED && w->f->owner == z && !w->hw->pf &&
		    le(w->scanned, 4) == id)
			return;
		/* A VF has its PF's vendor; whoever has the PF sees all of its VFs stand there. */
		if (w->hw->pf &&
		    (w->f->owner == z || (world.pf->f->owner == z && enabled(w->hw))) &&
		    id == (le(world.pf->scanned, 2) |
			   le(&world.pf->scanned[world.pf->hw->sriov + 0x1a], 2) << 16))
			return;
	}
	FUZZ_CHECK(false, "zone %s reads %08x at %02x:%02x.%x", z->name, id, bus, devfn >> 3,
		   devfn & 7);
}

void world_check_ids(unsigned zone)
{
	for (unsigned i = 0; i < world.count; i++) {
		const struct pci_function *f = world.functions[i].f;
		sbdf_t at = vpci_where(world.zones[zone].zone.vpci, f);

		world_check_id(zone, sbdf_bus(f->sbdf), sbdf_devfn(f->sbdf));
		if (at != SBDF_NONE)
			world_check_id(zone, sbdf_bus(at), sbdf_devfn(at));
	}
}
