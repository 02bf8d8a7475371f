// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A zone's life: requests from anywhere, carried out by the zone's own boot CPU out of cpu_idle().
 *
 * Start: RAM, images, devices, then its vCPU 0. Stop: every vCPU out of the guest, every device
 * quiesced, RAM zeroed and given back. Memory leaves the zone only when every device that could
 * write to it is proven blocked (V5); else it is retired.
 *
 * Locking: zone->lock for state and requests. The work itself runs without it: the state (STARTING,
 * STOPPING) keeps everybody else away.
 */
#include <hv/hv.h>
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/string.h>

#define RELEASE_POLL_NS 1000000ull
/* Long work on memory looks at interrupts this often. */
#define WORK_STEP       (4 * MIB)

struct zone *zone_find(const char *name)
{
	for (unsigned i = 0; i < hv.zone_count; i++)
		if (!strcmp(hv.zones[i].name, name))
			return &hv.zones[i];
	return NULL;
}

static void set_reason(struct zone *z, const char *reason)
{
	format_text(z->reason, sizeof(z->reason), "%s", reason);
}

int zone_request_start(struct zone *z)
{
	int err = 0;

	if (z->manifest->refused || !z->arch)
		return -EINVAL;
	host_lock(&z->lock);
	if (z->state == ZONE_STOPPED)
		z->state = ZONE_STARTING;
	else
		err = -EBUSY;
	host_unlock(&z->lock);
	if (!err)
		cpu_kick(z->cpus[0]);
	return err;
}

int zone_request_stop(struct zone *z, enum zone_stop how, const char *reason)
{
	int err = 0;

	host_lock(&z->lock);
	if (z->state == ZONE_RUNNING) {
		z->state = ZONE_STOPPING;
		z->restart = how == ZONE_STOP_RESTART;
		set_reason(z, reason);
	} else {
		err = -EBUSY;
	}
	host_unlock(&z->lock);
	if (!err) {
		host_log(LOG_INFO, "zone %s: stopping: %s", z->name, reason);
		arch_zone_halt(z);
	}
	return err;
}

static void set_state(struct zone *z, enum zone_state s)
{
	host_lock(&z->lock);
	z->state = s;
	host_unlock(&z->lock);
}

/* ---- stop ---- */

/* Quiesces every function of the zone. False: one is not proven blocked, the zone's RAM must not be
 * reused. */
static bool release_devices(struct zone *z)
{
	bool proven = true;

	for (unsigned i = 0; i < hv.pci.count; i++) {
		struct pci_function *f = &hv.pci.functions[i];
		struct device_quiesce q;
		int err = -EINVAL;

		/*
		 * A release at run time is another CPU's; it ends within its own deadlines. -EINVAL: it
		 * has just begun.
		 */
		while (err == -EINVAL && f->owner == z) {
			if (f->state == DEVICE_ASSIGNED)
				err = device_quiesce_start(&q, z, f);
			else
				cpu_wait_until(host_time_ns() + RELEASE_POLL_NS);
		}
		while (err == -EAGAIN) {
			cpu_wait_until(q.wait_until);
			err = device_quiesce_step(&q);
		}
		if (err == -EIO)
			proven = false;
	}
	return proven;
}

static void zero_ram(hpa_t base, uint64_t size)
{
	for (uint64_t done = 0; done < size; done += WORK_STEP) {
		const uint64_t step = size - done < WORK_STEP ? size - done : WORK_STEP;
		void *at = host_phys_to_virt(base + done);

		memset(at, 0, step);
		arch_dcache_clean_invalidate(at, step);
		cpu_poll();
	}
}

static void give_back_ram(struct zone *z, bool proven)
{
	const hpa_t base = z->ram_hpa;
	const uint64_t size = z->ram_size;

	if (!size)
		return;
	if (host_unmap_guest(z, z->ram_gpa, size))
		proven = false;
	z->ram_size = 0;
	if (!proven) {
		host_log(
			LOG_ERROR,
			"zone %s: memory 0x%lx size %lu MiB retired: a device may still write to it",
			z->name, (unsigned long)base, (unsigned long)(size / MIB));
		return;
	}
	zero_ram(base, size);
	memory_free_ram(base, size);
}

/* Undoes whatever of a start was done. False: the zone cannot be used again. */
static bool tear_down(struct zone *z)
{
	bool proven = release_devices(z);

	if (zone_domains_destroy(z))
		proven = false;
	arch_zone_reset(z);
	give_back_ram(z, proven);
	return proven;
}

static void carry_out_stop(struct zone *z)
{
	const bool proven = tear_down(z);

	if (!proven) {
		set_state(z, ZONE_FAILED);
		host_log(LOG_ERROR,
			 "zone %s: stopped, but cannot be started again before the machine is",
			 z->name);
		return;
	}
	host_log(LOG_INFO, "zone %s: stopped: %s; memory zeroed", z->name, z->reason);
	set_state(z, z->restart ? ZONE_STARTING : ZONE_STOPPED);
	z->restart = false;
}

/* ---- start ---- */

static bool is_named(const struct manifest_zone *mz, unsigned function)
{
	for (unsigned i = 0; i < mz->device_count; i++)
		if (mz->devices[i].function == (int)function)
			return true;
	return false;
}

/* Root comes up with what works; a nonroot zone gets what was promised or nothing. */
static int assign_planned(struct zone *z, unsigned index, char *why, size_t size)
{
	struct pci_function *f = &hv.pci.functions[index];
	int err;

	/* VFs come when the owner of their physical function wants them. */
	if (hv.plan[index] != z->id || pci_is_vf(f))
		return 0;
	err = device_assign(z, f, hv.plan_vbdf[index], hv.plan_vport[index]);
	if (!err || z->root)
		return 0;
	format_text(why, size, "not started: device " SBDF_FMT " was not assigned, see the log",
		    SBDF_ARG(f->sbdf));
	return err;
}

/* In the manifest's order: where there is not enough for all (IOMMU slots), the first named is first. */
static int assign_devices(struct zone *z, char *why, size_t size)
{
	const struct manifest_zone *mz = z->manifest;
	int result = 0, err;

	for (unsigned i = 0; i < mz->device_count; i++) {
		if (mz->devices[i].function < 0)
			continue;
		err = assign_planned(z, (unsigned)mz->devices[i].function, why, size);
		result = err ? err : result;
	}
	for (unsigned i = 0; i < hv.pci.count; i++) {
		if (is_named(mz, i))
			continue;
		err = assign_planned(z, i, why, size);
		result = err ? err : result;
	}
	return result;
}

static int take_ram(struct zone *z)
{
	z->ram_gpa = arch_zone_ram_base();
	z->ram_hpa = memory_alloc_ram(z->manifest->memory, z->ram_gpa);
	if (!z->ram_hpa) {
		host_log(
			LOG_ERROR,
			"zone %s: no %lu MiB of contiguous memory left (%lu MiB free): stop another zone or ask for less memory-mib",
			z->name, (unsigned long)(z->manifest->memory / MIB),
			(unsigned long)(memory_free_bytes() / MIB));
		return -ENOMEM;
	}
	z->ram_size = z->manifest->memory;
	/* Free memory is zero already, except what the firmware left before the first use. */
	zero_ram(z->ram_hpa, z->ram_size);
	host_log(LOG_INFO, "zone %s: memory guest 0x%lx -> host 0x%lx size %lu MiB", z->name,
		 (unsigned long)z->ram_gpa, (unsigned long)z->ram_hpa,
		 (unsigned long)(z->ram_size / MIB));
	return 0;
}

static void carry_out_start(struct zone *z)
{
	char why[sizeof(z->reason)] = "not started: no memory, see the log";
	int err = take_ram(z);

	if (!err) {
		format_text(why, sizeof(why),
			    "not started: its images were not loaded, see the log");
		err = arch_zone_load(z);
	}
	if (!err)
		err = assign_devices(z, why, sizeof(why));
	if (err) {
		set_reason(z, why);
		host_log(LOG_ERROR, "zone %s: %s (error %d)", z->name, why, -err);
		set_state(z, tear_down(z) ? ZONE_STOPPED : ZONE_FAILED);
		return;
	}
	z->starts++;
	host_log(LOG_INFO, "zone %s: started (%lu)", z->name, (unsigned long)z->starts);
	/* In this order: VFs that come meanwhile are handed out to a zone that runs. */
	set_state(z, ZONE_RUNNING);
	vfs_hand_to(z);
	arch_zone_release(z);
}

/* The zone this CPU looks after, or NULL. */
static struct zone *zone_of_boot_cpu(unsigned cpu)
{
	for (unsigned i = 0; i < hv.zone_count; i++)
		if (hv.zones[i].arch && hv.zones[i].cpus[0] == cpu)
			return &hv.zones[i];
	return NULL;
}

void zone_service(struct cpu *self)
{
	struct zone *z = zone_of_boot_cpu(self->index);

	if (!z)
		return;
	if (z->state == ZONE_STOPPING && arch_zone_parked(z))
		carry_out_stop(z);
	if (z->state == ZONE_STARTING)
		carry_out_start(z);
}

/* ---- devices at run time ---- */

struct release {
	struct work work; /* first: the work's address is the release's */
	struct device_quiesce quiesce;
	bool busy;
};

static struct release releases[MANIFEST_MAX_DEVICES];

static void release_step(struct work *w)
{
	struct release *r = container_of(w, struct release, work);
	int err = device_quiesce_step(&r->quiesce);

	if (err == -EAGAIN)
		work_defer(&r->work, r->quiesce.wait_until);
	else
		r->busy = false; /* device_quiesce_step() logged the result */
}

int device_request_release(struct pci_function *f)
{
	const size_t index = (size_t)(f - hv.pci.functions);
	/* Read once: a stop of its zone may take it away meanwhile. */
	struct zone *z = f->owner;
	struct release *r = NULL;
	int err;

	if (f->state != DEVICE_ASSIGNED || !z) {
		/* Not in a zone now: only the plan goes. */
		if (hv.plan[index] == ZONE_NONE)
			return -ENOENT;
		hv.plan[index] = ZONE_NONE;
		f->planned = NULL;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(releases) && !r; i++)
		if (!releases[i].busy)
			r = &releases[i];
	if (!r || z->state != ZONE_RUNNING)
		return -EBUSY;
	hv.plan[index] = ZONE_NONE;
	f->planned = NULL;
	r->busy = true;
	r->work.fn = release_step;
	err = device_quiesce_start(&r->quiesce, z, f);
	if (err == -EAGAIN)
		work_defer(&r->work, r->quiesce.wait_until);
	else
		r->busy = false;
	return err == -EAGAIN ? 0 : err;
}

int device_request_assign(struct pci_function *f, struct zone *z)
{
	const size_t index = (size_t)(f - hv.pci.functions);
	int err = 0;

	/* A VF that is not there now is the zone's when it comes. */
	if (f->state != DEVICE_QUARANTINED && !(pci_is_vf(f) && f->state == DEVICE_ABSENT))
		return -EBUSY;
	/* Its stop begins before or after: what it takes back is complete. */
	host_lock(&z->lock);
	if (z->state == ZONE_RUNNING && f->state == DEVICE_QUARANTINED)
		err = device_assign(z, f, SBDF_NONE, SBDF_NONE);
	host_unlock(&z->lock);
	if (!err) {
		hv.plan[index] = z->id;
		f->planned = z;
		hv.plan_vbdf[index] = SBDF_NONE;
		hv.plan_vport[index] = SBDF_NONE;
	}
	return err;
}
