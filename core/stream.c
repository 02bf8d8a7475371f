// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who gets through the IOMMUs (V1): a function's stream is opened into its zone's domain when the
 * function is assigned and shut when it leaves.
 *
 * Several functions may be one stream: behind a bridge that sends in its own name, or below one
 * root port where that is all the IOMMU tells apart. They are in one zone together (V9). The first
 * opens the stream, the last to leave has it blocked; one that leaves earlier is quiet by its Bus
 * Master and its reset, and could reach its own zone's memory at most.
 *
 * Where an IOMMU lets through what it does not know (limits.blocks_unknown), a function that nobody
 * has is kept from memory by its Bus Master, off and read back, and so is the root port above while
 * nothing below is given away. What such a unit does know takes one of its few slots: a stream
 * holds one from its opening until everything behind it is proven reset. A function that failed
 * never is. Zones other than root come first: root is refused a slot that a device planned for
 * another may need.
 *
 * Where there is no IOMMU, or no slot, a zone whose manifest says `trust-dma` gets the function all
 * the same: untranslated, which is no isolation. All that keeps such a function from memory later
 * is its Bus Master, transactions that have ended and a proven reset; without them the zone's
 * memory is not used again.
 *
 * Locking: `streams` for the states, and for the Bus Master of ports. The IOMMU is asked without
 * it: what a function is on its way to is written down first, and nobody opens a stream of which
 * something is SHUT.
 */
#include <postern/errno.h>
#include <postern/zone.h>

#include "zone.h"

#define BASE_BRIDGE 0x06u /* base class, PCI Code and ID Assignment 1.16 */

/* `stream` of every function, and the Bus Master of root ports. */
static struct lock streams;

static void limits_of(const struct iommu_unit *u, struct iommu_limits *out)
{
	*out = (struct iommu_limits){ .blocks_unknown = false };
	if (u)
		u->ops->limits(u, out);
}

/* Whether an IOMMU that lets through what it does not know is all there is between f and memory. */
static bool passes_unknown(const struct pci_function *f)
{
	struct iommu_limits limits;

	limits_of(core_iommu(f->iommu.unit), &limits);
	return !limits.blocks_unknown;
}

static bool same_stream(const struct pci_function *a, const struct pci_function *b)
{
	return a->iommu.unit == b->iommu.unit && a->iommu.id == b->iommu.id;
}

/* Another function of f's stream that is in this state; NULL: none. */
static const struct pci_function *other_in(const struct pci_function *f, enum stream_state s)
{
	const struct pci_table *t = core_devices();

	for (unsigned i = 0; i < t->count; i++) {
		const struct pci_function *o = &t->functions[i];

		if (o != f && o->iommu.unit >= 0 && same_stream(o, f) && o->stream == s &&
		    !o->untranslated)
			return o;
	}
	return NULL;
}

/* ---- slots ---- */

static bool holds_slot(const struct pci_function *f)
{
	return f->stream != STREAM_QUIET && !f->untranslated;
}

static bool wants_slot(const struct pci_function *f)
{
	return f->planned && !f->planned->root;
}

/* How many streams of the unit have a function of which `which` is true. */
static unsigned count_streams(int unit, bool (*which)(const struct pci_function *f))
{
	const struct pci_table *t = core_devices();
	unsigned count = 0, k;

	for (unsigned i = 0; i < t->count; i++) {
		const struct pci_function *f = &t->functions[i];

		if (f->iommu.unit != unit || !which(f))
			continue;
		for (k = 0; k < i; k++)
			if (same_stream(&t->functions[k], f) && which(&t->functions[k]))
				break;
		count += k == i;
	}
	return count;
}

static bool holds_or_wants_slot(const struct pci_function *f)
{
	return holds_slot(f) || wants_slot(f);
}

/* Pre: the stream is not open, and no slot is held for it. */
static bool slot_left(const struct zone *z, const struct pci_function *f, unsigned slots)
{
	const bool kept = z->root && !wants_slot(f);
	const unsigned taken =
		count_streams(f->iommu.unit, kept ? holds_or_wants_slot : holds_slot);

	if (!slots || taken < slots)
		return true;
	if (z->manifest->trust_dma)
		return false;
	host_log(LOG_ERROR,
		 "zone %s: device " SBDF_FMT
		 " [%04x:%04x] not assigned: IOMMU %d knows %u streams at "
		 "a time, and %u are in use%s (iommu-slots); give zones fewer devices",
		 z->name, SBDF_ARG(f->sbdf), f->vendor, f->device, f->iommu.unit, slots, taken,
		 kept ? " or kept for other zones" : "");
	return false;
}

/* ---- root ports ---- */

static bool is_below(const struct pci_function *f, const struct pci_function *port)
{
	for (f = f->parent; f; f = f->parent)
		if (f == port)
			return true;
	return false;
}

/* An IOMMU reads its tables through the port, if it is below one. */
static bool port_needed(const struct pci_function *port)
{
	const struct pci_table *t = core_devices();

	for (unsigned i = 0; i < t->count; i++)
		if (is_below(&t->functions[i], port) &&
		    (t->functions[i].engine || t->functions[i].stream == STREAM_OPEN))
			return true;
	return false;
}

static int port_follow(const struct pci_function *f)
{
	struct pci_function *port = pci_root_port(f);
	int err;

	if (!port || !passes_unknown(f))
		return 0;
	host_lock(&streams);
	err = pci_set_bus_master(port, port_needed(port));
	host_unlock(&streams);
	return err;
}

/* ---- opening and shutting ---- */

static void set_stream(struct pci_function *f, enum stream_state s)
{
	host_lock(&streams);
	f->stream = s;
	host_unlock(&streams);
}

/* Kept from memory by nothing but its port and itself, and f would open the port; NULL: nobody. */
static const struct pci_function *loose_beside(const struct pci_function *f)
{
	const struct pci_function *port = pci_root_port(f);
	const struct pci_table *t = core_devices();

	for (unsigned i = 0; port && i < t->count; i++) {
		const struct pci_function *o = &t->functions[i];

		if (o != f && o->untranslated && o->stream == STREAM_SHUT &&
		    pci_root_port(o) == port)
			return o;
	}
	return NULL;
}

/* Whoever would be let through along with f: what is open for one is open for the other. Pre:
 * `streams` is held. */
static int stands_alone(const struct zone *z, const struct pci_function *f)
{
	const struct pci_function *of_stream = other_in(f, STREAM_SHUT);
	const struct pci_function *other = of_stream ? of_stream : loose_beside(f);

	if (!other)
		return 0;
	host_log(LOG_ERROR,
		 "zone %s: device " SBDF_FMT " [%04x:%04x] not assigned: " SBDF_FMT ", %s, %s",
		 z->name, SBDF_ARG(f->sbdf), f->vendor, f->device, SBDF_ARG(other->sbdf),
		 of_stream ? "of the same IOMMU stream" : "below the same root port",
		 other->state == DEVICE_FAILED ? "has failed; restart the machine"
					       : "is being taken back; try again");
	return -EBUSY;
}

/* Pre: `streams` is held. */
static int may_open(const struct zone *z, const struct pci_function *f, const struct iommu_unit *u)
{
	struct iommu_limits limits;
	int err = stands_alone(z, f);

	if (err)
		return err;
	limits_of(u, &limits);
	return other_in(f, STREAM_OPEN) || slot_left(z, f, limits.slots) ? 0 : -ENOSPC;
}

/* Pre: z's manifest says `trust-dma`. */
static int open_untranslated(const struct zone *z, struct pci_function *f)
{
	int err;

	host_lock(&streams);
	err = stands_alone(z, f);
	if (!err) {
		f->stream = STREAM_OPEN;
		f->untranslated = true;
	}
	host_unlock(&streams);
	if (err)
		return err;
	host_log(LOG_WARN,
		 "zone %s: device " SBDF_FMT
		 " [%04x:%04x] is not isolated: no IOMMU translates its "
		 "DMA, it can reach all memory (trust-dma)",
		 z->name, SBDF_ARG(f->sbdf), f->vendor, f->device);
	return port_follow(f);
}

int stream_open(struct zone *z, struct pci_function *f, struct iommu_domain *d)
{
	int err;

	if (!d)
		return open_untranslated(z, f);
	host_lock(&streams);
	err = may_open(z, f, d->unit);
	if (!err)
		f->stream = STREAM_OPEN;
	host_unlock(&streams);
	if (err == -ENOSPC && z->manifest->trust_dma)
		return open_untranslated(z, f);
	if (err)
		return err;
	/* Another of the stream may have done so: in the same domain, or it would not stand apart.
	 */
	err = d->unit->ops->attach(d, f->iommu.id);
	if (!err)
		return port_follow(f);
	/* After these nobody knows what the unit took. */
	if (err != -ETIMEDOUT && err != -EIO)
		set_stream(f, STREAM_QUIET);
	return err;
}

/* Nothing else is known that would keep it from memory. */
static int shut_untranslated(struct pci_function *f)
{
	set_stream(f, STREAM_SHUT);
	(void)port_follow(f);
	return pci_set_bus_master(f, false) || !pci_transactions_done(f) ? -EIO : 0;
}

int stream_shut(struct pci_function *f)
{
	struct iommu_unit *unit = core_iommu(f->iommu.unit);
	const struct pci_function *other;
	int err = 0;

	if (f->untranslated)
		return shut_untranslated(f);
	host_lock(&streams);
	f->stream = STREAM_SHUT;
	other = other_in(f, STREAM_OPEN);
	host_unlock(&streams);
	if (other)
		host_log(LOG_INFO,
			 "device " SBDF_FMT ": its IOMMU stream stays open for " SBDF_FMT
			 " of the same zone; it is quiet by itself",
			 SBDF_ARG(f->sbdf), SBDF_ARG(other->sbdf));
	else
		err = unit->ops->block(unit, f->iommu.id);
	/* Whatever became of it: with the port off nothing arrives either. */
	(void)port_follow(f);
	return err;
}

/* Others of the stream need the slot still: it is theirs to give back. */
static bool leaves_slot_to_others(struct pci_function *f)
{
	bool leaves;

	host_lock(&streams);
	leaves = other_in(f, STREAM_OPEN) || other_in(f, STREAM_SHUT);
	if (leaves)
		f->stream = STREAM_QUIET;
	host_unlock(&streams);
	return leaves;
}

int stream_release(struct pci_function *f)
{
	struct iommu_unit *unit = core_iommu(f->iommu.unit);
	int err = 0;

	if (f->stream == STREAM_QUIET)
		return 0;
	if (f->untranslated) {
		host_lock(&streams);
		f->stream = STREAM_QUIET;
		f->untranslated = false;
		host_unlock(&streams);
		return 0;
	}
	if (unit->ops->release) {
		if (pci_set_bus_master(f, false))
			return -EIO;
		if (leaves_slot_to_others(f))
			return 0;
		err = unit->ops->release(unit, f->iommu.id);
	}
	if (!err)
		set_stream(f, STREAM_QUIET);
	return err;
}

/* ---- boot ---- */

/* A host bridge, or one to something else than PCI: part of the machine, and a device of nobody. */
static bool is_machines_own(const struct pci_function *f)
{
	return f->class_code >> 16 == BASE_BRIDGE;
}

/* A device that goes on by itself is blocked by name while there are slots. */
static void quarantine(struct pci_function *f)
{
	struct iommu_unit *unit = core_iommu(f->iommu.unit);
	bool blocked;

	if (!pci_set_bus_master(f, false))
		return;
	f->state = DEVICE_FAILED;
	f->failure = "Bus Master does not go off";
	f->stream = STREAM_SHUT;
	blocked = unit && unit->ops->block(unit, f->iommu.id) == 0;
	f->untranslated = !blocked;
	host_log(LOG_ERROR, "pci " SBDF_FMT ": Bus Master does not go off; it is not assigned, %s",
		 SBDF_ARG(f->sbdf),
		 blocked ? "and blocked by its IOMMU"
			 : "AND CAN REACH MEMORY: remove it from the machine");
}

/* Also one with nothing below; not one that leads to an IOMMU which blocks by itself. */
static void quarantine_port(struct pci_function *port)
{
	const struct pci_table *t = core_devices();

	for (unsigned i = 0; i < t->count; i++)
		if (is_below(&t->functions[i], port) && !passes_unknown(&t->functions[i]))
			return;
	if (pci_set_bus_master(port, port_needed(port)))
		host_log(LOG_WARN,
			 "pci " SBDF_FMT ": its Bus Master does not follow; what is below it is "
			 "kept quiet one by one",
			 SBDF_ARG(port->sbdf));
}

void devices_quarantine(struct pci_table *t)
{
	for (unsigned i = 0; i < t->count; i++) {
		struct pci_function *f = &t->functions[i];

		if (f->engine || !passes_unknown(f))
			continue;
		if (pci_is_bridge(f) && !f->parent)
			quarantine_port(f);
		else if (!pci_is_bridge(f) && !is_machines_own(f))
			quarantine(f);
	}
}
