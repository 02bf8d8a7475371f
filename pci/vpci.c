// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A zone's virtual PCI bus: what is on it, who answers a config request, what a trapped memory
 * access means.
 *
 * Contract: postern/pci.h. Locking: vpci.h; every entry point takes vpci->lock. Any CPU of the zone
 * may come in at any time; functions come and go under the life cycle's control.
 *
 * The bus is the zone's own: bus 0 carries synthesized root ports and the functions that were
 * placed there, each port one bus of functions, and no function is ever found by its physical
 * address. What is not the zone's is not there.
 */
#include "vpci.h"

#include <linux/pci_regs.h>
#include <postern/errno.h>
#include <postern/string.h>
#include <postern/zone.h>

#define ECAM_BUS_SHIFT    20
#define ECAM_DEVFN_SHIFT  12
#define FIRST_PORT_DEVICE 1u /* device 0 stays free for a host bridge */
#define LAST_DEVICE       31u
#define MULTIFUNCTION     0x80u

static size_t pages_of(size_t bytes)
{
	return (size_t)(align_up(bytes, PAGE_SIZE) / PAGE_SIZE);
}

/* ---- life ---- */

struct vpci *vpci_create(struct zone *z, const struct vpci_layout *layout,
			 const struct virq_ops *virq, void *virq_ctx)
{
	struct vpci *v = host_pages_alloc(pages_of(sizeof(*v)), PAGE_SIZE);

	if (!v)
		return NULL;
	v->zone = z;
	v->layout = *layout;
	v->virq = virq;
	v->virq_ctx = virq_ctx;
	return v;
}

static void free_function(struct vpci_function *fn)
{
	host_pages_free(fn->msix_table, fn->msix_pages);
	host_pages_free(fn, pages_of(sizeof(*fn)));
}

static void unlink_function(struct vpci_function *fn)
{
	struct vpci_function **link = &fn->bus->functions;

	while (*link != fn)
		link = &(*link)->next;
	*link = fn->next;
}

void vpci_drop_function(struct vpci_function *fn)
{
	unsigned n;

	/*
	 * Not on the list any more when its BARs go: nothing finds it, nobody waits for its place.
	 */
	unlink_function(fn);
	vpci_bars_disconnect(fn);
	for (n = 0; n < fn->vector_count; n++)
		fn->vectors[n].context = NULL;
	free_function(fn);
}

/*
 * An unused port goes when the whole bus is empty, so that a zone that starts again finds the bus
 * it knew.
 */
static void drop_ports_if_empty(struct vpci *v)
{
	struct vpci_function *fn;

	for_each_function(fn, v)
		if (!vpci_is_port(fn))
			return;
	while ((fn = v->functions)) {
		v->functions = fn->next;
		free_function(fn);
	}
}

void vpci_destroy(struct vpci *v)
{
	if (!v)
		return;
	host_lock(&v->lock);
	drop_ports_if_empty(v);
	host_unlock(&v->lock);
	host_pages_free(v, pages_of(sizeof(*v)));
}

/* ---- who is where ---- */

sbdf_t vpci_address(const struct vpci_function *fn)
{
	unsigned bus = fn->port ? vpci_port_secondary(fn->port) : 0;

	if (fn->port && !vpci_port_forwards(fn->port, bus))
		return SBDF_NONE;
	return sbdf_make(0, bus, fn->devfn >> 3, fn->devfn & 7u);
}

/* Whoever has the place; NULL: nobody. */
static struct vpci_function *find_at(struct vpci *v, unsigned bus, unsigned devfn)
{
	struct vpci_function *fn;

	if (bus > v->layout.bus_last)
		return NULL;
	for_each_function(fn, v)
		if (fn->devfn == devfn && (fn->port ? vpci_port_forwards(fn->port, bus) : bus == 0))
			return fn;
	return NULL;
}

/* Whoever answers a config request of the zone; NULL: nobody. */
static struct vpci_function *find(struct vpci *v, unsigned bus, unsigned devfn)
{
	struct vpci_function *fn = find_at(v, bus, devfn);

	return fn && fn->pf && !vpci_vf_present(fn) ? NULL : fn;
}

static struct vpci_function *find_function(struct vpci *v, const struct pci_function *f)
{
	struct vpci_function *fn;

	for_each_function(fn, v)
		if (fn->f == f && !fn->inert)
			return fn;
	return NULL;
}

sbdf_t vpci_where(struct vpci *v, const struct pci_function *f)
{
	const struct vpci_function *fn;
	sbdf_t where;

	host_lock(&v->lock);
	fn = f ? find_function(v, f) : NULL;
	where = fn ? vpci_address(fn) : SBDF_NONE;
	host_unlock(&v->lock);
	return where;
}

bool vpci_info(struct vpci *v, unsigned n, struct vpci_info *out)
{
	const struct vpci_function *fn, *o;
	bool found = false;

	host_lock(&v->lock);
	for_each_function(fn, v) {
		unsigned before = 0;

		if (fn->inert)
			continue;
		for_each_function(o, v)
			before += !o->inert && (vpci_address(o) < vpci_address(fn) ||
						(vpci_address(o) == vpci_address(fn) && o < fn));
		if (before != n)
			continue;
		*out = (struct vpci_info){ .vbdf = vpci_address(fn),
					   .f = fn->f,
					   .vectors = fn->vectors,
					   .vector_count = fn->vector_count };
		found = true;
		break;
	}
	host_unlock(&v->lock);
	return found;
}

void vpci_kill(struct vpci_function *fn, const char *why)
{
	host_log(LOG_ERROR,
		 "zone %s loses " SBDF_FMT ": %s; it reads all-ones until it is assigned again",
		 fn->bus->zone->name, SBDF_ARG(fn->f->sbdf), why);
	fn->dead = true;
	vpci_bars_disconnect(fn);
	fn->master_on = false;
	pci_write16(fn->f, PCI_COMMAND, COMMAND_QUIET);
}

/* ---- adding ---- */

unsigned vpci_vectors_wanted(const struct pci_function *f)
{
	return vpci_msix_usable(f) ? f->msix.entries : f->msi.vectors;
}

struct vpci_function *vpci_new_function(struct vpci *v, struct vpci_function *port, unsigned devfn)
{
	struct vpci_function *fn = host_pages_alloc(pages_of(sizeof(*fn)), PAGE_SIZE);

	if (!fn)
		return NULL;
	fn->bus = v;
	fn->port = port;
	fn->devfn = (uint8_t)devfn;
	return fn;
}

void vpci_link_function(struct vpci_function *fn)
{
	fn->next = fn->bus->functions;
	fn->bus->functions = fn;
}

/* Function 0's header type says whether to look for others; all of a device say the same. */
static void update_multifunction(struct vpci *v)
{
	struct vpci_function *fn, *o;

	for_each_function(fn, v) {
		uint8_t *type = &fn->view.value[PCI_HEADER_TYPE];

		*type &= (uint8_t)~MULTIFUNCTION;
		for_each_function(o, v)
			if (o != fn && !o->pf && !fn->pf && o->port == fn->port &&
			    o->devfn >> 3 == fn->devfn >> 3)
				*type |= MULTIFUNCTION;
	}
}

static struct vpci_function *port_to_bus(struct vpci *v, unsigned bus)
{
	struct vpci_function *fn;

	for_each_function(fn, v)
		if (vpci_is_port(fn) && vpci_port_secondary(fn) == bus)
			return fn;
	return NULL;
}

static bool has_children(const struct vpci_function *port)
{
	const struct vpci_function *fn;

	for_each_function(fn, port->bus)
		if (fn->port == port)
			return true;
	return false;
}

static int free_bus(struct vpci *v)
{
	unsigned bus;

	for (bus = 1; bus <= v->layout.bus_last; bus++)
		if (!port_to_bus(v, bus))
			return (int)bus;
	return -ENOSPC;
}

static int free_port_devfn(struct vpci *v)
{
	unsigned dev, fn;

	for (dev = FIRST_PORT_DEVICE; dev <= LAST_DEVICE; dev++) {
		for (fn = 0; fn < 8 && !find_at(v, 0, dev << 3 | fn); fn++)
			;
		if (fn == 8)
			return (int)(dev << 3);
	}
	return -ENOSPC;
}

/*
 * The port that leads to `bus`, made if there is none. `vport` is where it should stand; a port
 * that would be function 1..7 of its device goes elsewhere, since nobody looks there without a
 * function 0.
 */
static int get_port(struct vpci *v, unsigned bus, sbdf_t vport, struct vpci_function **out)
{
	struct vpci_function *port = port_to_bus(v, bus);
	int devfn;

	if (port) {
		*out = port;
		return vport == SBDF_NONE || sbdf_fn(vport) || port->devfn == sbdf_devfn(vport)
			       ? 0
			       : -EADDRINUSE;
	}
	if (vport == SBDF_NONE || sbdf_fn(vport) || sbdf_bus(vport)) {
		devfn = free_port_devfn(v);
		if (devfn < 0)
			return devfn;
	} else {
		devfn = sbdf_devfn(vport);
		if (find_at(v, 0, (unsigned)devfn))
			return -EADDRINUSE;
	}
	port = vpci_new_function(v, NULL, (unsigned)devfn);
	if (!port)
		return -ENOMEM;
	vpci_port_build(port, bus);
	vpci_link_function(port);
	*out = port;
	return 0;
}

/* An unused port is taken again before a new one is made. */
static int choose_port(struct vpci *v, struct vpci_function **out)
{
	struct vpci_function *fn;
	int bus = free_bus(v);

	for_each_function(fn, v) {
		if (!vpci_is_port(fn) || has_children(fn))
			continue;
		if (!vpci_port_secondary(fn)) {
			if (bus < 0)
				return bus;
			vpci_port_build(fn, (unsigned)bus);
		}
		*out = fn;
		return 0;
	}
	return bus < 0 ? bus : get_port(v, (unsigned)bus, SBDF_NONE, out);
}

static int choose_place(struct vpci *v, sbdf_t vbdf, sbdf_t vport, struct vpci_function **port,
			unsigned *devfn)
{
	*port = NULL;
	*devfn = 0;
	if (vbdf == SBDF_NONE)
		return choose_port(v, port);
	*devfn = sbdf_devfn(vbdf);
	if (sbdf_segment(vbdf) || sbdf_bus(vbdf) > v->layout.bus_last)
		return -EINVAL;
	if (find_at(v, sbdf_bus(vbdf), *devfn))
		return -EADDRINUSE;
	if (!sbdf_bus(vbdf))
		return 0;
	if (sbdf_dev(vbdf)) {
		host_log(LOG_ERROR,
			 "zone %s: " SBDF_FMT
			 " cannot be a virtual BDF: below a root port there is device 0 only; "
			 "choose device 0, or bus 0",
			 v->zone->name, SBDF_ARG(vbdf));
		return -EINVAL;
	}
	return get_port(v, sbdf_bus(vbdf), vport, port);
}

int vpci_prepare(struct vpci_function *fn, struct pci_function *f, struct msi_vector *vectors,
		 unsigned count)
{
	fn->f = f;
	fn->vectors = vectors;
	fn->vector_count = count;
	vpci_intx_choose_pin(fn);
	if (vpci_msix_usable(f) && count) {
		fn->msix_entries = (uint16_t)(count < f->msix.entries ? count : f->msix.entries);
		fn->msix_pages = pages_of(fn->msix_entries * sizeof(fn->msix_table[0]));
		fn->msix_table = host_pages_alloc(fn->msix_pages, PAGE_SIZE);
		if (!fn->msix_table)
			return -ENOMEM;
	}
	fn->shows_sriov = vpci_vfs_fit(fn);
	vpci_endpoint_build(fn);
	if (fn->contradiction) {
		host_log(LOG_ERROR,
			 "vpci: " SBDF_FMT " has overlapping capabilities, no zone can be given it",
			 SBDF_ARG(f->sbdf));
		return -EINVAL;
	}
	return 0;
}

static void warn_if_invisible(struct vpci_function *fn)
{
	if (fn->devfn & 7 && !find(fn->bus, sbdf_bus(vpci_address(fn)), fn->devfn & ~7u))
		host_log(LOG_WARN,
			 "zone %s: " SBDF_FMT
			 " has no function 0 beside it, so no kernel looks for it; give the "
			 "zone function 0 too, or a virtual BDF ending in .0",
			 fn->bus->zone->name, SBDF_ARG(vpci_address(fn)));
}

static int add(struct vpci *v, struct pci_function *f, sbdf_t vbdf, sbdf_t vport,
	       struct msi_vector *vectors, unsigned count)
{
	const struct vpci_function *first = v->functions;
	struct vpci_function *port, *fn = vpci_vf_slot(v, f);
	unsigned devfn, n;
	bool new_port;
	int err;

	if (fn)
		return vpci_vf_add(fn, f, vectors, count);
	err = choose_place(v, vbdf, vport, &port, &devfn);
	if (err)
		return err;
	new_port = v->functions != first;
	fn = vpci_new_function(v, port, devfn);
	err = fn ? vpci_prepare(fn, f, vectors, count) : -ENOMEM;
	if (err)
		goto fail_free;
	vpci_link_function(fn);
	err = port ? vpci_place_port(port) : vpci_place_function(fn);
	if (!err)
		err = vpci_endpoint_program(fn);
	if (!err && fn->shows_sriov)
		err = vpci_vf_slots_create(fn);
	if (err)
		goto fail_unlink;
	for (n = 0; n < count; n++)
		vectors[n].context = v;
	vpci_intx_apply(fn);
	update_multifunction(v);
	if (port)
		vpci_port_update(port);
	warn_if_invisible(fn);
	return 0;

fail_unlink:
	unlink_function(fn);
fail_free:
	if (fn)
		free_function(fn);
	/* One that was there before is known to the zone's kernel: it stays, empty. */
	if (new_port) {
		unlink_function(port);
		free_function(port);
	}
	return err;
}

int vpci_add(struct vpci *v, struct pci_function *f, sbdf_t vbdf, sbdf_t vport,
	     struct msi_vector *vectors, unsigned vector_count)
{
	int err;

	host_lock(&v->lock);
	err = find_function(v, f) ? -EADDRINUSE : add(v, f, vbdf, vport, vectors, vector_count);
	host_unlock(&v->lock);
	return err;
}

void vpci_remove(struct vpci *v, struct pci_function *f)
{
	struct vpci_function *fn, *port;

	host_lock(&v->lock);
	fn = find_function(v, f);
	if (fn && fn->pf) {
		vpci_vf_remove(fn);
	} else if (fn) {
		vpci_vf_slots_destroy(fn);
		port = fn->port;
		vpci_drop_function(fn);
		update_multifunction(v);
		if (port)
			vpci_port_update(port);
		drop_ports_if_empty(v);
	}
	host_unlock(&v->lock);
}

/* ---- the zone's accesses ---- */

static uint64_t ones(unsigned size)
{
	return size >= 8 ? UINT64_MAX : BIT64(8 * size) - 1;
}

static bool plausible(unsigned offset, unsigned size)
{
	return size >= 1 && size <= 8 && offset < PCI_CONFIG_SIZE &&
	       size <= PCI_CONFIG_SIZE - offset;
}

uint64_t vpci_config_read(struct vpci *v, unsigned bus, unsigned devfn, unsigned offset,
			  unsigned size)
{
	struct vpci_function *fn;
	uint64_t value = ones(size);

	if (!plausible(offset, size))
		return value;
	host_lock(&v->lock);
	vpci_vfs_tell(v);
	fn = find(v, bus, devfn);
	if (fn) {
		vpci_endpoint_advance(fn);
		if (!fn->resetting && !fn->dead)
			value = vpci_view_read(fn, offset, size);
	}
	host_unlock(&v->lock);
	return value;
}

void vpci_config_write(struct vpci *v, unsigned bus, unsigned devfn, unsigned offset, unsigned size,
		       uint64_t value)
{
	struct vpci_function *fn;

	if (!plausible(offset, size))
		return;
	host_lock(&v->lock);
	vpci_vfs_tell(v);
	fn = find(v, bus, devfn);
	if (fn) {
		vpci_endpoint_advance(fn);
		if (!fn->resetting && !fn->dead)
			vpci_view_write(fn, offset, size, value);
		vpci_vfs_tell(v);
	}
	host_unlock(&v->lock);
}

/*
 * A config access by address; one that runs over the end of a function's page goes on in the next.
 */
static void ecam_access(struct vpci *v, uint64_t at, unsigned size, bool write, uint64_t *value)
{
	unsigned offset = (unsigned)(at & PAGE_MASK), here = size, bus, devfn;
	uint64_t low = 0, high = 0;

	if (offset + size > PCI_CONFIG_SIZE)
		here = PCI_CONFIG_SIZE - offset;
	bus = (unsigned)(at >> ECAM_BUS_SHIFT);
	devfn = (unsigned)(at >> ECAM_DEVFN_SHIFT) & 0xffu;
	if (here < size)
		high = write ? *value >> 8 * here : 0;
	if (write)
		vpci_config_write(v, bus, devfn, offset, here, *value & ones(here));
	else
		low = vpci_config_read(v, bus, devfn, offset, here);
	if (here < size)
		ecam_access(v, at + here, size - here, write, &high);
	if (!write)
		*value = low | (here < size ? high << 8 * here : 0);
}

/* The largest naturally aligned piece of an access at `addr` with `left` bytes to go. */
static unsigned piece(gpa_t addr, unsigned left)
{
	unsigned n = 8;

	while (n > left || !is_aligned(addr, n))
		n /= 2;
	return n;
}

static void memory_access(struct vpci *v, gpa_t addr, unsigned size, bool write, uint64_t *value)
{
	uint64_t result = 0;
	unsigned done, n;

	host_lock(&v->lock);
	for (done = 0; done < size; done += n) {
		n = piece(addr + done, size - done);
		if (write)
			vpci_bar_access(v, addr + done, n, true, *value >> 8 * done & ones(n));
		else
			result |= (vpci_bar_access(v, addr + done, n, false, 0) & ones(n))
				  << 8 * done;
	}
	host_unlock(&v->lock);
	if (!write)
		*value = result;
}

enum access_result vpci_mmio(struct vpci *v, gpa_t addr, unsigned size, bool write, uint64_t *value)
{
	const struct vpci_layout *l = &v->layout;

	if (size < 1 || size > 8)
		return ACCESS_NONE;
	if (range_inside(addr, size, l->ecam, (uint64_t)(l->bus_last + 1u) << ECAM_BUS_SHIFT)) {
		ecam_access(v, addr - l->ecam, size, write, value);
		return ACCESS_DONE;
	}
	if (!range_inside(addr, size, l->mem32, l->mem32_size) &&
	    !range_inside(addr, size, l->mem64, l->mem64_size))
		return ACCESS_NONE;
	memory_access(v, addr, size, write, value);
	return ACCESS_DONE;
}
