// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Life-cycle calls in any order: functions given to zones and taken back, several at a time, zones'
 * domains destroyed and made again, while time passes, zones use what they have, and every resource the
 * calls need runs out or fails in turn.
 *
 * After each call world_check(); a refused assignment leaves nothing behind, a released function is as
 * the scan left it, a release ends in bounded time, and when all is given back nothing is missing.
 */
#include "world.h"

#include <errno.h>

#define MAX_STEPS        96u
/* Drain (2 s), two resets at worst (the zone's and the release's), with room: a release is not endless. */
#define RELEASE_LIMIT_NS 10000000000ull

/* Releases under way, by function. */
static struct release {
	struct device_quiesce q;
	bool active;
	uint64_t waited; /* ns that it asked for itself */
} releases[WORLD_MAX];

static void assign(struct fuzz_input *in)
{
	const unsigned zone = fuzz_u8(in) & 1, n = fuzz_choice(in, world.count),
		       where = fuzz_u8(in);
	struct world_function *w = &world.functions[n];
	struct zone *z = &world.zones[zone].zone;
	const enum device_state before = w->f->state;
	const int stream = w->stream_zone;
	const unsigned vectors = w->vectors, maps = world.map_count;
	const uint64_t pages = model_pages_live();
	sbdf_t vbdf = SBDF_NONE, vport = SBDF_NONE;
	unsigned lost = world.pages_lost;
	int err;

	if (where & 1)
		vbdf = sbdf_make(where >> 7, where >> 1 & 7, fuzz_u8(in) & 3, where >> 4 & 7);
	if (where & 8)
		vport = sbdf_make(0, 0, fuzz_u8(in) & 31, 0);
	err = world_assign(zone, n, vbdf, vport);
	if (!err) {
		FUZZ_CHECK(before == DEVICE_QUARANTINED, "assigned while %s",
			   device_state_name(before));
		FUZZ_CHECK(w->f->state == DEVICE_ASSIGNED && w->f->owner == z, "not assigned");
		FUZZ_CHECK(vpci_where(z->vpci, w->f) != SBDF_NONE, "assigned, and nowhere");
		return;
	}
	/* What could not be undone is not free. */
	lost = world.pages_lost - lost;
	FUZZ_CHECK(w->f->state == (w->stream_zone == stream && w->vectors == vectors
					   ? before
					   : DEVICE_FAILED),
		   "refused, and %s", device_state_name(w->f->state));
	FUZZ_CHECK(world.map_count == maps, "refused, and mapped");
	FUZZ_CHECK(model_pages_live() == pages + lost, "refused, and %lld pages taken",
		   (long long)(model_pages_live() - pages));
	if (before != DEVICE_ASSIGNED)
		FUZZ_CHECK(vpci_where(z->vpci, w->f) == SBDF_NONE, "refused, and on the bus");
}

static void ended(struct release *r, int err)
{
	struct pci_function *f = r->q.f;

	r->active = false;
	FUZZ_CHECK(r->waited < RELEASE_LIMIT_NS, "a release took %llu ns",
		   (unsigned long long)r->waited);
	FUZZ_CHECK(!f->owner, "released, and owned");
	FUZZ_CHECK((err == 0) == (f->state == DEVICE_QUARANTINED), "released with %d: %s", err,
		   device_state_name(f->state));
	FUZZ_CHECK(f->state == DEVICE_QUARANTINED || f->state == DEVICE_FAILED, "released: %s",
		   device_state_name(f->state));
	FUZZ_CHECK((err == -EIO) == (world.functions[f - world.table.functions].stream_zone >= 0),
		   "released with %d, stream of zone %d", err,
		   world.functions[f - world.table.functions].stream_zone);
}

static void release_start(struct fuzz_input *in)
{
	const unsigned n = fuzz_choice(in, world.count), zone = fuzz_u8(in);
	struct pci_function *f = world.functions[n].f;
	struct zone *z = zone & 0x80 || !f->owner ? &world.zones[zone & 1].zone : f->owner;
	const enum device_state before = f->state;
	const struct zone *owner = f->owner;
	struct release *r = &releases[n];
	struct device_quiesce q;
	int err = device_quiesce_start(&q, z, f);

	if (before != DEVICE_ASSIGNED || owner != z) {
		FUZZ_CHECK(err == -EINVAL && f->state == before, "release of a %s function: %d",
			   device_state_name(before), err);
		return;
	}
	FUZZ_CHECK(vpci_where(z->vpci, f) == SBDF_NONE, "being released, and on the bus");
	*r = (struct release){ .q = q, .active = true };
	if (err != -EAGAIN)
		ended(r, err);
}

static void release_step(struct fuzz_input *in)
{
	struct release *r = &releases[fuzz_choice(in, world.count)];
	const unsigned how = fuzz_u8(in);
	const uint64_t now = host_time_ns();
	int err;

	if (!r->active)
		return;
	if (how & 1 && r->q.wait_until > now)
		model_time_advance_ns(r->q.wait_until - now);
	err = how & 2 ? world_finish(&r->q, -EAGAIN) : device_quiesce_step(&r->q);
	if (how & 3)
		r->waited += host_time_ns() - now;
	if (err != -EAGAIN)
		ended(r, err);
}

static void domains(struct fuzz_input *in)
{
	const unsigned zone = fuzz_u8(in) & 1;
	bool held = false, any = false;
	int err;

	for (unsigned i = 0; i < world.count; i++)
		held |= world.functions[i].stream_zone == (int)zone;
	err = zone_domains_destroy(&world.zones[zone].zone);
	FUZZ_CHECK(err || !held, "domains destroyed under a stream");
	for (unsigned i = 0; i < MAX_IOMMUS; i++)
		any |= world.zones[zone].zone.domains[i] != NULL;
	FUZZ_CHECK(!err == !any, "domains destroyed with %d, and there %s", err,
		   any ? "is one" : "is none");
}

/* The zone uses what it has: decode, requests, messages, a reset, a move. */
static void use(struct fuzz_input *in)
{
	const struct world_function *w = &world.functions[fuzz_choice(in, world.count)];
	const struct model_pci_function *hw = w->hw;
	const unsigned how = fuzz_u8(in);
	struct vpci *v;
	sbdf_t at;

	if (w->f->state != DEVICE_ASSIGNED)
		return;
	v = w->f->owner->vpci;
	at = vpci_where(v, w->f);
	if (at == SBDF_NONE)
		return;
	if (how & 1)
		vpci_config_write(v, sbdf_bus(at), sbdf_devfn(at), 4, 2, 6);
	if (how & 2 && hw->msix)
		vpci_config_write(v, sbdf_bus(at), sbdf_devfn(at), hw->msix + 2u, 2, 0x8000);
	if (how & 4 && hw->msi)
		vpci_config_write(v, sbdf_bus(at), sbdf_devfn(at), hw->msi + 2u, 2, 1);
	if (how & 8 && hw->pcie)
		vpci_config_write(v, sbdf_bus(at), sbdf_devfn(at), hw->pcie + 8u, 2, 0x8000);
	if (how & 16)
		vpci_config_write(v, sbdf_bus(at), sbdf_devfn(at), 0x10, 4, fuzz_value(in));
	if (how & 32)
		vpci_config_write(v, sbdf_bus(at), sbdf_devfn(at), 4, 2, 0);
	if (how & 64)
		vpci_config_read(v, sbdf_bus(at), sbdf_devfn(at), 0, 4);
}

/* Something goes wrong with the function itself. */
static void break_device(struct fuzz_input *in)
{
	struct model_pci_function *hw = world.functions[fuzz_choice(in, world.count)].hw;
	const unsigned how = fuzz_u8(in);
	uint64_t ns;

	if ((hw->config[0x0e] & 0x7f) == 1)
		return; /* what is below a dead bridge is another question */
	switch (how & 7) {
	case 0:
		hw->never_ready = true;
		world.unplugged |= hw->resets != 0;
		break;
	case 1:
		hw->stuck_pending = true;
		break;
	case 2:
		hw->gone = world.unplugged = true;
		break;
	default:
		/* Longer only: one under way would be judged by the new figure. */
		ns = (uint64_t)fuzz_u8(in) * 8000000;
		hw->reset_ns = ns > hw->reset_ns ? ns : hw->reset_ns;
		break;
	}
}

static void step(struct fuzz_input *in)
{
	const unsigned op = fuzz_u8(in);

	switch (op & 15) {
	case 0:
	case 1:
	case 2:
	case 3:
		assign(in);
		break;
	case 4:
	case 5:
		release_start(in);
		break;
	case 6:
	case 7:
	case 8:
		release_step(in);
		break;
	case 9:
		domains(in);
		break;
	case 10:
	case 11:
		use(in);
		break;
	case 12:
		world.fail[op >> 4 & 7] = fuzz_u8(in) & 15;
		break;
	case 13:
		model_fail_alloc_after(fuzz_u8(in) & 7);
		break;
	case 14:
		if (op & 0x80)
			break_device(in);
		break;
	case 15:
		model_time_advance_ns((uint64_t)fuzz_u8(in) * 10000000);
		break;
	}
}

void fuzz_control(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	world_build(fuzz_u8(&in) & 1);
	for (unsigned i = 0; i < WORLD_MAX; i++)
		releases[i].active = false;
	for (unsigned i = 0; i < MAX_STEPS && in.left; i++) {
		step(&in);
		world_check();
	}
	world_fail_nothing();
	for (unsigned i = 0; i < world.count; i++)
		if (releases[i].active)
			ended(&releases[i], world_finish(&releases[i].q, -EAGAIN));
	world_end();
}
