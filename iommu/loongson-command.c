// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loongson IOMMU: the command window (docs/hardware/loongson-iommu.md, "Commands").
 *
 * EIVDB, CMD and VBTC are one window, under the unit's lock. Every write to CMD may bring what EIVDB
 * holds to its slot once more; so EIVDB always holds what is meant to be in the slot it names, and a
 * flush by domain is asked for only while it holds a slot of that domain.
 *
 * Which flush forgets what is known from drivers alone. After each change of a slot both are done:
 * the one those drivers do there, and the flush of everything.
 *
 * A flush that does not end within LS_TIMEOUT_NS makes the unit dead: nothing is written to it any
 * more, and whatever is asked later is not proven.
 */
#include "loongson.h"

#include <postern/errno.h>

static int wait_idle(struct ls *s)
{
	uint64_t deadline = host_time_ns() + LS_TIMEOUT_NS;
	bool late = false;

	for (;;) {
		if (!(ls_read(s, LS_VBTC) & VBTC_BUSY))
			return 0;
		if (late)
			break;
		/* One more look after the deadline: this CPU may have been away. */
		late = host_time_ns() > deadline;
		arch_relax();
	}
	s->dead = true;
	host_log(LOG_ERROR,
		 LS_TAG "a flush did not end in %llu ms (VBTC 0x%x): it is not used any more",
		 LS_ID(s->unit), LS_TIMEOUT_NS / 1000000, ls_read(s, LS_VBTC));
	return -ETIMEDOUT;
}

static void commit(const struct ls *s)
{
	ls_write(s, LS_CMD, ls_read(s, LS_CMD) & ~CMD_COMMIT);
}

static uint32_t control_value(bool on)
{
	return CONTROL_MEMORY | CONTROL_COUNTERS | (on ? CONTROL_ENABLE : 0);
}

/* Brings `enabled` to the hardware. Drivers do so again after each command. */
static void apply_enable(const struct ls *s)
{
	uint32_t eivdb;

	if (s->memory_tables) {
		ls_write(s, LS_CONTROL, control_value(s->enabled));
	} else {
		eivdb = ls_read(s, LS_EIVDB) & ~EIVDB_ENABLE;
		ls_write(s, LS_EIVDB, eivdb | (s->enabled ? EIVDB_ENABLE : 0));
	}
	commit(s);
}

int ls_flush_all(struct ls *s)
{
	int err;

	if (s->dead)
		return -ETIMEDOUT;
	/* Tables before the command that makes them count. */
	arch_full_barrier();
	ls_write(s, LS_VBTC, (ls_read(s, LS_VBTC) & ~VBTC_ALL) | VBTC_ALL_FLUSH);
	if (!s->memory_tables)
		commit(s);
	err = wait_idle(s);
	if (!err)
		apply_enable(s);
	/* What the caller does next (free a table) comes after the unit's answer. */
	arch_full_barrier();
	return err;
}

/* Pre: EIVDB holds a slot of the domain. */
static int flush_domain_of_window(struct ls *s)
{
	static const uint32_t sides[] = { VBTC_DOMAIN_WRITE, VBTC_DOMAIN_READ };
	int err = 0;

	for (unsigned i = 0; !err && i < ARRAY_SIZE(sides); i++) {
		ls_write(s, LS_VBTC, (ls_read(s, LS_VBTC) & ~VBTC_DOMAIN) | sides[i]);
		err = wait_idle(s);
	}
	return err;
}

static int slot_write(struct ls *s, unsigned index, uint32_t content)
{
	int err = 0;

	if (s->dead)
		return -ETIMEDOUT;
	content |= (uint32_t)FIELD_PUT(EIVDB_SLOT, index);
	if (!s->memory_tables && s->enabled)
		content |= EIVDB_ENABLE;
	ls_write(s, LS_EIVDB, content);
	if (s->memory_tables)
		ls_write(s, LS_CONTROL, control_value(s->enabled));
	commit(s);
	if (s->memory_tables)
		err = flush_domain_of_window(s);
	return err ? err : ls_flush_all(s);
}

int ls_slot_set(struct ls *s, unsigned index, uint32_t stream, unsigned id)
{
	return slot_write(s, index,
			  (uint32_t)(FIELD_PUT(EIVDB_REQUESTER, stream) |
				     FIELD_PUT(EIVDB_DOMAIN, id) | EIVDB_VALID));
}

int ls_slot_clear(struct ls *s, unsigned index)
{
	/* EIVDB then names the empty domain, which is where the slot's stream was. */
	return slot_write(s, index, (uint32_t)FIELD_PUT(EIVDB_DOMAIN, LS_EMPTY_DOMAIN));
}

void ls_domain_load(const struct ls *s, unsigned id, ls_table root)
{
	ls_write(s, LS_DIR_CTRL(id), DIR_CTRL_VALUE);
	ls_write(s, LS_PGD_HI(id), (uint32_t)(root >> 32));
	ls_write(s, LS_PGD_LO(id), (uint32_t)root);
}

int ls_turn_on(struct ls *s)
{
	s->enabled = true;
	apply_enable(s);
	return ls_flush_all(s);
}

int ls_turn_off(struct ls *s)
{
	s->enabled = false;
	apply_enable(s);
	return ls_flush_all(s);
}
