// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whatever address and size a zone's access has, what the bus makes of it stays inside what it was
 * for: a config access inside one function's 4096 bytes, a memory access in naturally aligned pieces
 * of 1, 2, 4 or 8 bytes inside the bytes the zone touched, inside one of its PCI windows. The other
 * proofs start from there.
 *
 * Sources: pci/vpci.c
 * Unwind:  5, ecam_access=2
 *
 * The bus has one function, or none; which, and what it does, is not looked at here.
 */
#include "layout.h"

#include "pci/vpci.h"

static struct vpci bus;
static struct vpci_function fn;
static gpa_t addr;
static unsigned size;
static bool by_address;
static unsigned config_bytes, memory_bytes;

void host_lock(struct lock *l)
{
	prove(!l->held, "the bus's lock is not taken twice");
	l->held = 1;
}

void host_unlock(struct lock *l)
{
	prove(l->held, "the bus's lock is held when it is given back");
	l->held = 0;
}

void vpci_endpoint_advance(struct vpci_function *f)
{
	prove(f == &fn && bus.lock.held, "functions are looked at under the lock");
	f->resetting = any_bool();
}

/* What becomes of virtual functions is another file's; it comes back with the lock held. */
void vpci_vfs_tell(struct vpci *v)
{
	prove(v == &bus && bus.lock.held, "virtual functions are looked at under the lock");
}

static void config_access(const struct vpci_function *f, unsigned offset, unsigned bytes)
{
	prove(f == &fn && bus.lock.held, "functions are looked at under the lock");
	prove(!f->resetting && !f->dead, "a function that is away is left alone");
	prove(bytes >= 1 && bytes <= 8 && offset < PCI_CONFIG_SIZE &&
		      bytes <= PCI_CONFIG_SIZE - offset,
	      "a config access stays inside the function's 4096 bytes");
	prove(!by_address || range_inside(addr, size, zone_layout.ecam, ZONE_ECAM_BUSES * MIB),
	      "only accesses to ECAM are config accesses");
	config_bytes += bytes;
	prove(config_bytes <= size,
	      "no byte of config space is touched that the zone did not touch");
	reach(bytes < size);
	reach(config_bytes == 8);
}

uint64_t vpci_view_read(struct vpci_function *f, unsigned offset, unsigned bytes)
{
	config_access(f, offset, bytes);
	return nondet_u64();
}

void vpci_view_write(struct vpci_function *f, unsigned offset, unsigned bytes, uint64_t value)
{
	(void)value;
	config_access(f, offset, bytes);
}

uint64_t vpci_bar_access(struct vpci *v, gpa_t at, unsigned bytes, bool write, uint64_t value)
{
	prove(v == &bus && bus.lock.held, "BARs are looked at under the lock");
	prove(bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8, "pieces have a legal size");
	prove(is_aligned(at, bytes), "pieces are naturally aligned");
	prove(range_inside(at, bytes, addr, size), "pieces stay inside the zone's access");
	prove(range_inside(at, bytes, bus.layout.mem32, bus.layout.mem32_size) ||
		      range_inside(at, bytes, bus.layout.mem64, bus.layout.mem64_size),
	      "pieces stay inside a PCI window of the zone");
	prove(!write || bytes == 8 || !(value >> 8 * bytes),
	      "a piece has no more value than bytes");
	memory_bytes += bytes;
	reach(bytes == 8);
	reach(bytes == 1 && size == 8);
	return nondet_u64();
}

int main(void)
{
	uint64_t value = nondet_u64();
	bool write = any_bool();
	enum access_result result;

	bus.layout = zone_layout;
	fn.bus = &bus;
	fn.devfn = nondet_u8();
	fn.dead = any_bool();
	fn.resetting = any_bool();
	bus.functions = any_bool() ? &fn : NULL;
	addr = nondet_u64();
	size = nondet_unsigned();

	by_address = any_bool();
	if (by_address) {
		result = vpci_mmio(&bus, addr, size, write, &value);
	} else {
		result = ACCESS_DONE;
		if (write)
			vpci_config_write(&bus, nondet_u8(), nondet_u8(), nondet_unsigned(), size,
					  value);
		else
			vpci_config_read(&bus, nondet_u8(), nondet_u8(), nondet_unsigned(), size);
	}

	prove(!bus.lock.held, "the lock is given back");
	prove(result == ACCESS_DONE || (!config_bytes && !memory_bytes),
	      "an access that is not for the bus does nothing");
	prove(!memory_bytes || memory_bytes == size,
	      "every byte of a memory access is carried out");
	reach(result == ACCESS_NONE && size == 8);
	return 0;
}
