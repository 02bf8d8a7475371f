// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A function's life: QUARANTINED -> ASSIGNED -> QUIESCING -> QUARANTINED, or FAILED
 * (docs/architecture.md, "A device's life").
 *
 * Assignment is all or nothing. Quiescing never gives up half-way: whatever a step answers, the
 * function ends blocked at its IOMMU, and only a proven block lets the zone's memory go (V5). Zone
 * stop, crash, kill and run-time release all run this machine.
 *
 * Locking: one function is worked on by one CPU at a time: whoever claims it, by making a zone its
 * owner or by moving it from ASSIGNED to QUIESCING, does so under `ownership`, together with the
 * look at who owns what cannot be kept apart from it. Nothing but log lines is done inside. Waits
 * are deadlines handed back to the caller (V7), never spins.
 */
#include <linux/pci_regs.h>
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/string.h>
#include <postern/zone.h>

#include "zone.h"

/* How long a function may keep transactions pending after Bus Master went off: PCIe's completion
 * timeout is at most 64 s in its longest range, but 50 ms in the range every device must support; 2
 * s covers what is seen in practice. */
#define DRAIN_POLL_NS    1000000ull
#define DRAIN_TIMEOUT_NS 2000000000ull

/* A function that its zone has just reset answers config requests after 1.1 s at the latest (PCIe
 * Base Specification, 6.6.1 and 6.6.2). Until then its Command reads all-ones, which no working
 * function's does. */
#define ANSWER_POLL_NS    10000000ull
#define ANSWER_TIMEOUT_NS 1100000000ull

/* state and owner of every function. */
static struct lock ownership;

enum quiesce_step {
	STEP_DETACH,
	STEP_VFS,
	STEP_QUIET,
	STEP_DRAIN,
	STEP_BLOCK,
	STEP_RESET_START,
	STEP_RESET,
	STEP_DONE
};

const char *device_state_name(enum device_state s)
{
	static const char *const names[] = {
		[DEVICE_ABSENT] = "absent",     [DEVICE_QUARANTINED] = "quarantined",
		[DEVICE_ASSIGNED] = "assigned", [DEVICE_QUIESCING] = "quiescing",
		[DEVICE_FAILED] = "failed",
	};

	return (unsigned)s < ARRAY_SIZE(names) ? names[s] : "?";
}

static void refuse(const struct zone *z, const struct pci_function *f, const char *rule,
		   const char *way_out)
{
	host_log(LOG_ERROR, "zone %s: device " SBDF_FMT " [%04x:%04x] not assigned: %s; %s",
		 z->name, SBDF_ARG(f->sbdf), f->vendor, f->device, rule, way_out);
}

static void refuse_shared(const struct zone *z, const struct pci_function *f,
			  const struct pci_function *other, enum pci_conflict conflict)
{
	static const char *const shared[] = {
		[PCI_SAME_GROUP] = "isolation group",           [PCI_SAME_STREAM] = "IOMMU stream",
		[PCI_SAME_PAGE] = "page of registers",          [PCI_SAME_INTX] = "interrupt line",
		[PCI_SAME_MSI_ID] = "identity at the MSI unit",
	};
	const struct pci_function *port = pci_root_port(f);
	char what[64];

	if (conflict == PCI_SAME_STREAM && port && port == pci_root_port(other))
		format_text(what, sizeof(what), "IOMMU stream, below root port " SBDF_FMT ",",
			    SBDF_ARG(port->sbdf));
	else
		format_text(what, sizeof(what), "%s", shared[conflict]);
	host_log(LOG_ERROR,
		 "zone %s: device " SBDF_FMT
		 " [%04x:%04x] not assigned: it shares its %s with " SBDF_FMT
		 " of zone %s; give both to one zone",
		 z->name, SBDF_ARG(f->sbdf), f->vendor, f->device, what, SBDF_ARG(other->sbdf),
		 other->owner->name);
}

/* V9, wherever the wish comes from: nobody else's function may share with f what cannot be kept
 * apart. Pre: ownership is held. */
static bool stands_apart(const struct zone *z, const struct pci_function *f)
{
	const struct pci_table *t = core_devices();

	for (unsigned i = 0; i < t->count; i++) {
		const struct pci_function *other = &t->functions[i];
		enum pci_conflict conflict;

		if (!other->owner || other->owner == z)
			continue;
		conflict = pci_conflict(f, other);
		if (conflict == PCI_APART)
			continue;
		refuse_shared(z, f, other, conflict);
		return false;
	}
	return true;
}

/*
 * A VF's registers and DMA are its PF's to command: only root, which manages, may hold the PF of
 * another zone's VF. A PF that takes its VFs back says so before it looks at their owners. Pre:
 * ownership is held.
 */
static bool vf_may_go_to(const struct zone *z, const struct pci_function *f)
{
	const struct zone *pf_owner = f->pf ? f->pf->owner : NULL;

	if (!pci_is_vf(f))
		return true;
	if (!pf_owner || pci_vfs_phase(f->pf) != VFS_ON) {
		refuse(z, f, "its physical function is in no zone, or is taking its VFs back",
		       "enable VFs again first");
		return false;
	}
	if (z != pf_owner && !pf_owner->root) {
		refuse(z, f, "its physical function belongs to another zone than root",
		       "give it to the zone that has the physical function, or that one to root");
		return false;
	}
	return true;
}

static size_t vector_pages(unsigned count)
{
	return (size_t)(align_up(count * sizeof(struct msi_vector), PAGE_SIZE) / PAGE_SIZE);
}

static int vectors_take(struct zone *z, struct pci_function *f)
{
	const unsigned count = vpci_vectors_wanted(f);
	struct msi_unit *unit;
	struct msi_vector *v;
	int err;

	f->vectors = NULL;
	f->vector_count = 0;
	if (!count)
		return 0;
	unit = core_msi_unit(f->msi_unit.unit);
	if (!unit)
		return -ENXIO;
	v = host_pages_alloc(vector_pages(count), PAGE_SIZE);
	if (!v)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		v[i].owner = z;
		v[i].handler = vpci_vector_fired;
		v[i].mode = IRQ_INJECT;
	}
	err = unit->ops->vectors_alloc(unit, f->msi_unit.id, v, count, z->cpus[0]);
	if (err) {
		host_pages_free(v, vector_pages(count));
		return err;
	}
	f->vectors = v;
	f->vector_count = count;
	return 0;
}

static int vectors_give_back(struct pci_function *f)
{
	struct msi_unit *unit = core_msi_unit(f->msi_unit.unit);
	int err;

	if (!f->vector_count)
		return 0;
	err = unit->ops->vectors_free(unit, f->msi_unit.id, f->vectors, f->vector_count);
	/* After a failure the hardware may still name them: their pages are lost on purpose. */
	if (!err)
		host_pages_free(f->vectors, vector_pages(f->vector_count));
	f->vectors = NULL;
	f->vector_count = 0;
	return err;
}

/*
 * Takes a half-made assignment back. What cannot be proven undone leaves the function blocked for
 * good, as a release would.
 */
static void unassign(struct zone *z, struct pci_function *f)
{
	const char *why = NULL;

	if (f->stream == STREAM_OPEN && stream_shut(f))
		why = "the IOMMU did not confirm the block";
	if (vectors_give_back(f) && !why)
		why = "its interrupt vectors could not be taken back";
	if (intx_give_back(z, f) && !why)
		why = "its interrupt line could not be taken back";
	/* No zone had it: it is as quiet as it was before. */
	if (!why && stream_release(f))
		why = "its slot at the IOMMU could not be freed";
	if (!why)
		return;
	f->failure = why;
	f->state = DEVICE_FAILED;
	host_log(LOG_ERROR,
		 "zone %s: device " SBDF_FMT
		 " failed on assignment: %s; it stays blocked until the machine restarts",
		 z->name, SBDF_ARG(f->sbdf), why);
}

static void set_state(struct pci_function *f, enum device_state s, struct zone *owner)
{
	host_lock(&ownership);
	f->state = s;
	f->owner = owner;
	host_unlock(&ownership);
}

/* A function that has nothing but its line is useless without. Pre: ownership is held. */
static bool line_suffices(const struct zone *z, const struct pci_function *f, bool *line)
{
	const struct pci_function *other;

	*line = intx_may_have(z, f, &other);
	if (*line || !other)
		return true;
	host_log(pci_sends_messages(f) ? LOG_INFO : LOG_ERROR,
		 "zone %s: device " SBDF_FMT " [%04x:%04x] %s: " SBDF_FMT
		 " of %s is on its interrupt line (shared-intx)%s",
		 z->name, SBDF_ARG(f->sbdf), f->vendor, f->device,
		 pci_sends_messages(f) ? "has messages only, no INTx" : "not assigned",
		 SBDF_ARG(other->sbdf),
		 other->owner     ? other->owner->name
		 : other->planned ? other->planned->name
				  : "nobody",
		 pci_sends_messages(f) ? "" : "; give both to one zone");
	return pci_sends_messages(f);
}

/*
 * The function is the zone's to work on, though not yet ASSIGNED: nobody else's wish comes between.
 * line: it is to get its INTx line.
 */
static int claim(struct zone *z, struct pci_function *f, bool *line)
{
	int err = 0;

	host_lock(&ownership);
	if (f->state != DEVICE_QUARANTINED || f->owner) {
		refuse(z, f, "it is not free", "release it from its zone first");
		err = -EBUSY;
	} else if (pci_is_bridge(f)) {
		refuse(z, f, "bridges belong to the engine", "assign what is below it");
		err = -EINVAL;
	} else if (f->engine) {
		refuse(z, f, "IOMMUs and the machine's own functions belong to the engine",
		       "assign another");
		err = -EINVAL;
	} else if (f->iommu.unit < 0 && !z->manifest->trust_dma) {
		refuse(z, f, "no IOMMU translates its DMA",
		       "move it behind one that does, or write `trust-dma` in the zone");
		err = -ENXIO;
	} else if (f->iommu.unit >= 0 && !core_iommu(f->iommu.unit)) {
		refuse(z, f, "its IOMMU cannot be used", "see the log of the boot");
		err = -ENXIO;
	} else if (!vf_may_go_to(z, f) || !stands_apart(z, f) || !line_suffices(z, f, line)) {
		err = -EPERM;
	} else {
		f->owner = z;
	}
	host_unlock(&ownership);
	return err;
}

static int assign_claimed(struct zone *z, struct pci_function *f, sbdf_t vbdf, sbdf_t vport,
			  bool line)
{
	struct iommu_unit *unit = core_iommu(f->iommu.unit);
	struct iommu_domain *domain = NULL;
	int err = unit ? zone_domain_get(z, unit, &domain) : 0;

	if (err) {
		refuse(z, f, "its zone has no DMA domain", "see the line above");
		return err;
	}
	err = vectors_take(z, f);
	if (err) {
		refuse(z, f, "not enough interrupt vectors are left", "release another device");
		return err;
	}
	err = stream_open(z, f, domain);
	if (err) {
		refuse(z, f, "the IOMMU did not take its stream",
		       "see `faults` and the line above");
		unassign(z, f);
		return err;
	}
	if (line)
		intx_take(z, f);
	err = vpci_add(z->vpci, f, vbdf, vport, f->vectors, f->vector_count);
	if (err) {
		refuse(z, f, "it does not fit on the zone's virtual bus",
		       "choose another virtual-bdf, or give it fewer devices");
		unassign(z, f);
		return err;
	}
	f->failure = NULL;
	set_state(f, DEVICE_ASSIGNED, z);
	return 0;
}

int device_assign(struct zone *z, struct pci_function *f, sbdf_t vbdf, sbdf_t vport)
{
	bool line;
	int err = claim(z, f, &line);

	if (err)
		return err;
	err = assign_claimed(z, f, vbdf, vport, line);
	/* Free again, or FAILED when it could not be undone. */
	if (err)
		set_state(f, f->state, NULL);
	return err;
}

bool device_vf_absent(struct pci_function *vf)
{
	bool absent;

	host_lock(&ownership);
	if (vf->state == DEVICE_QUARANTINED && !vf->owner)
		vf->state = DEVICE_ABSENT;
	absent = vf->state == DEVICE_ABSENT || (vf->state == DEVICE_FAILED && !vf->owner);
	host_unlock(&ownership);
	return absent;
}

int device_quiesce_start(struct device_quiesce *q, struct zone *z, struct pci_function *f)
{
	bool ours;

	host_lock(&ownership);
	ours = f->state == DEVICE_ASSIGNED && f->owner == z;
	if (ours)
		f->state = DEVICE_QUIESCING;
	host_unlock(&ownership);
	if (!ours)
		return -EINVAL;
	*q = (struct device_quiesce){ .f = f, .zone = z, .step = STEP_DETACH };
	return device_quiesce_step(q);
}

static int wait_for(struct device_quiesce *q, uint64_t ns)
{
	q->wait_until = host_time_ns() + ns;
	return -EAGAIN;
}

static void fail(struct device_quiesce *q, const char *why)
{
	/* The first reason is the cause; later ones are consequences. */
	if (!q->f->failure)
		q->f->failure = why;
}

/* Nothing of the zone reaches the function from here on. */
static int step_detach(struct device_quiesce *q)
{
	q->f->failure = NULL;
	vpci_remove(q->zone->vpci, q->f);
	q->step = STEP_VFS;
	return 0;
}

/* Its VFs would vanish with its reset: they leave their zones first. */
static int step_vfs(struct device_quiesce *q)
{
	int err = vfs_leave_step(q->f, &q->wait_until);

	if (err == -EAGAIN)
		return err;
	if (err)
		fail(q, "its VFs do not go off");
	q->deadline = host_time_ns() + ANSWER_TIMEOUT_NS;
	q->step = STEP_QUIET;
	return 0;
}

static bool answers(const struct pci_function *f)
{
	return pci_config_read(f->host, f->sbdf, PCI_COMMAND, 2) != UINT16_MAX;
}

/* The function starts nothing new. One that its zone left in the middle of a reset is waited for.
 */
static int step_quiet(struct device_quiesce *q)
{
	struct pci_function *f = q->f;

	if (!answers(f) && host_time_ns() < q->deadline)
		return wait_for(q, ANSWER_POLL_NS);
	pci_mask_interrupts(f);
	if (pci_set_bus_master(f, false))
		fail(q, "Bus Master does not go off");
	q->deadline = host_time_ns() + DRAIN_TIMEOUT_NS;
	q->step = STEP_DRAIN;
	return 0;
}

static int step_drain(struct device_quiesce *q)
{
	if (!pci_transactions_done(q->f)) {
		if (host_time_ns() < q->deadline)
			return wait_for(q, DRAIN_POLL_NS);
		fail(q, "transactions stay pending");
	}
	q->step = STEP_BLOCK;
	return 0;
}

static int step_block(struct device_quiesce *q)
{
	struct pci_function *f = q->f;

	q->block_proven = stream_shut(f) == 0;
	if (!q->block_proven)
		fail(q, "the IOMMU did not confirm the block");
	if (vectors_give_back(f))
		fail(q, "its interrupt vectors could not be taken back");
	if (intx_give_back(q->zone, f))
		fail(q, "its interrupt line could not be taken back");
	q->step = STEP_RESET_START;
	return 0;
}

static int step_reset_start(struct device_quiesce *q)
{
	int err = pci_reset_start(&q->reset, q->f);

	if (err && err != -EAGAIN) {
		fail(q, err == -EOPNOTSUPP ? "it has no reset method" : "its reset did not start");
		q->step = STEP_DONE;
		return 0;
	}
	q->step = STEP_RESET;
	return 0;
}

static int step_reset(struct device_quiesce *q)
{
	int err = pci_reset_step(&q->reset);

	if (err == -EAGAIN) {
		q->wait_until = q->reset.wait_until;
		return err;
	}
	if (err)
		fail(q, "it did not come back from reset");
	q->step = STEP_DONE;
	return 0;
}

static int finish(struct device_quiesce *q)
{
	struct pci_function *f = q->f;
	const char *failure;

	if (!f->failure && stream_release(f))
		fail(q, "its slot at the IOMMU could not be freed");
	failure = f->failure;
	/* Only its reset would have shown that nothing more comes of it. */
	if (failure && f->untranslated)
		q->block_proven = false;
	/* The last touch: from here on it may be somebody else's. */
	set_state(f, failure ? DEVICE_FAILED : DEVICE_QUARANTINED, NULL);
	if (!failure) {
		host_log(LOG_INFO, "zone %s: device " SBDF_FMT " released (reset by %s)",
			 q->zone->name, SBDF_ARG(f->sbdf), q->reset.method);
		return 0;
	}
	host_log(LOG_ERROR,
		 "zone %s: device " SBDF_FMT
		 " failed on release: %s; it stays blocked until the machine restarts",
		 q->zone->name, SBDF_ARG(f->sbdf), failure);
	return q->block_proven ? -ENODEV : -EIO;
}

int device_quiesce_step(struct device_quiesce *q)
{
	int err = 0;

	while (!err) {
		switch ((enum quiesce_step)q->step) {
		case STEP_DETACH:
			err = step_detach(q);
			break;
		case STEP_VFS:
			err = step_vfs(q);
			break;
		case STEP_QUIET:
			err = step_quiet(q);
			break;
		case STEP_DRAIN:
			err = step_drain(q);
			break;
		case STEP_BLOCK:
			err = step_block(q);
			break;
		case STEP_RESET_START:
			err = step_reset_start(q);
			break;
		case STEP_RESET:
			err = step_reset(q);
			break;
		case STEP_DONE:
			return finish(q);
		}
	}
	return err;
}
