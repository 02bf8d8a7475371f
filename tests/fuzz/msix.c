// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A zone programs MSI and MSI-X as it likes: table, pending bits, Enable and mask bits, by trapped
 * accesses of every size and alignment, while its controller maps and moves events, resets come and
 * go, and the devices send what the hardware holds.
 *
 * Beside world_check() after each step: the table reads back what a table would (a byte-wise model of
 * it, here), the hardware's mask bits follow, and what arrives is the message the zone wrote, from the
 * device it knows.
 */
#include "world.h"

#include <string.h>

#define MAX_STEPS   128u
#define MAX_ENTRIES 80u
#define ENTRY       16u
#define MASK_BYTE   12u

/* A function with MSI-X, and the table its zone must see. */
struct subject {
	struct world_function *w;
	struct vpci *v;
	struct world_zone *z;
	unsigned bus, devfn;
	gpa_t at; /* where the zone sees the table's BAR */
	uint8_t table[MAX_ENTRIES * ENTRY];
	bool resetting;
};

static struct subject subjects[4];
static unsigned count;

static unsigned config_read(const struct subject *s, unsigned offset, unsigned size)
{
	return (unsigned)vpci_config_read(s->v, s->bus, s->devfn, offset, size);
}

static void config_write(const struct subject *s, unsigned offset, unsigned size, uint64_t value)
{
	vpci_config_write(s->v, s->bus, s->devfn, offset, size, value);
}

static void table_after_reset(struct subject *s)
{
	memset(s->table, 0, sizeof(s->table));
	for (unsigned n = 0; n < s->w->hw->msix_entries; n++)
		s->table[n * ENTRY + MASK_BYTE] = 1;
}

static void find_subjects(void)
{
	count = 0;
	for (unsigned i = 0; i < world.count; i++) {
		struct world_function *w = &world.functions[i];
		struct subject *s = &subjects[count];
		uint64_t low;

		if (w->f->state != DEVICE_ASSIGNED || !w->hw->msix_entries)
			continue;
		FUZZ_CHECK(count < ARRAY_SIZE(subjects) && w->hw->msix_entries <= MAX_ENTRIES,
			   "more MSI-X than expected");
		*s = (struct subject){ .w = w,
				       .v = w->f->owner->vpci,
				       .z = &world.zones[w->f->owner->id] };
		s->bus = sbdf_bus(vpci_where(s->v, w->f));
		s->devfn = sbdf_devfn(vpci_where(s->v, w->f));
		low = config_read(s, 0x10 + 4 * w->hw->msix_bar, 4);
		if ((low & 6) == 4)
			low |= (uint64_t)config_read(s, 0x14 + 4 * w->hw->msix_bar, 4) << 32;
		s->at = low & ~(uint64_t)0xf;
		table_after_reset(s);
		count++;
	}
	FUZZ_CHECK(count >= 2, "%u functions with MSI-X", count);
}

/* The zone sees the function again after a reset it asked for. */
static void settle(struct subject *s)
{
	if (s->resetting && config_read(s, 0, 4) != UINT32_MAX)
		s->resetting = false;
}

static bool decodes(const struct subject *s)
{
	return !s->resetting && config_read(s, 4, 2) & 2;
}

/* Byte i of the table, as a table of this length would take it. */
static void model_write(struct subject *s, uint64_t i, uint8_t value)
{
	if (i % ENTRY == 0)
		value &= 0xfc;
	if (i % ENTRY == MASK_BYTE)
		value &= 1;
	if (i % ENTRY <= MASK_BYTE)
		s->table[i] = value;
}

static void table_access(struct fuzz_input *in, struct subject *s)
{
	const unsigned how = fuzz_u8(in), size = (how & 7) + 1,
		       length = s->w->hw->msix_entries * ENTRY;
	const unsigned i = (unsigned)(fuzz_u16(in) % (length + 8));
	uint64_t value = fuzz_value(in), expected = 0, got = value;
	bool write = how & 8, on = decodes(s);

	if (how & 0x10) /* a message that would arrive */
		value = got = i % ENTRY < 8 ? WORLD_DOORBELL : value & 0xff;
	if (i + size > length)
		return;
	FUZZ_CHECK(vpci_mmio(s->v, s->at + s->w->hw->msix_table + i, size, write, &got) ==
			   ACCESS_DONE,
		   "an access to a BAR is nobody's");
	for (unsigned n = 0; n < size; n++) {
		if (write && on)
			model_write(s, i + n, (uint8_t)(value >> 8 * n));
		expected |= (uint64_t)(on ? s->table[i + n] : 0xff) << 8 * n;
	}
	FUZZ_CHECK(write || got == expected, "table byte %u reads 0x%llx, 0x%llx was written", i,
		   (unsigned long long)got, (unsigned long long)expected);
}

/* Writes beside the table: pending bits, the page's other registers. */
static void page_access(struct fuzz_input *in, struct subject *s)
{
	const struct model_pci_function *hw = s->w->hw;
	uint64_t value = fuzz_value(in), at = fuzz_u16(in) % hw->mem_size[hw->msix_bar];
	const unsigned how = fuzz_u8(in), size = (how & 7) + 1;
	const uint64_t end = hw->msix_table + (uint64_t)hw->msix_entries * ENTRY;

	if (how & 0x20)
		at = hw->pba + (how >> 6);
	/* The model above sees whole accesses to the table only. */
	if (at + size > hw->msix_table && at < end)
		return;
	vpci_mmio(s->v, s->at + at, size, how & 8, &value);
}

/* Mask bits in the hardware are the zone's. */
static void check_masks(const struct subject *s)
{
	const struct model_pci_function *hw = s->w->hw;

	if (s->resetting || !s->w->whole)
		return;
	for (unsigned n = 0; n < hw->msix_entries; n++) {
		unsigned now = hw->mem[hw->msix_bar][hw->msix_table + n * ENTRY + MASK_BYTE] & 1u;

		FUZZ_CHECK(now == s->table[n * ENTRY + MASK_BYTE],
			   "entry %u: mask bit %u in the hardware, %u written", n, now,
			   s->table[n * ENTRY + MASK_BYTE]);
	}
}

/* What the hardware's entry n sends arrives as the message the zone wrote. */
static void fire(struct fuzz_input *in, struct subject *s)
{
	const struct model_pci_function *hw = s->w->hw;
	const unsigned n = fuzz_u8(in) % hw->msix_entries;
	const uint8_t *entry = &s->table[n * ENTRY];
	const unsigned before = s->z->delivered + s->z->dropped;
	uint64_t address, wanted = 0;
	uint32_t data, wanted_data = 0;

	if (!model_pci_msix_message(hw, n, &address, &data))
		return;
	FUZZ_CHECK(address == WORLD_REAL_MSI && data == WORLD_REAL_DATA + n,
		   "entry %u sends 0x%x to 0x%llx", n, data, (unsigned long long)address);
	for (unsigned i = 0; i < 8; i++)
		wanted |= (uint64_t)entry[i] << 8 * i;
	for (unsigned i = 0; i < 4; i++)
		wanted_data |= (uint32_t)entry[8 + i] << 8 * i;
	vpci_vector_fired(&s->w->f->vectors[n]);
	if (s->resetting)
		return;
	FUZZ_CHECK(s->z->delivered + s->z->dropped == before + 1, "an interrupt was lost");
	FUZZ_CHECK(s->z->last_address == wanted && s->z->last_data == wanted_data &&
			   s->z->last_device == (s->bus << 8 | s->devfn),
		   "entry %u arrives as 0x%x at 0x%llx from %04x", n, s->z->last_data,
		   (unsigned long long)s->z->last_address, s->z->last_device);
}

static void step(struct fuzz_input *in)
{
	const unsigned op = fuzz_u8(in);
	struct subject *s = &subjects[op >> 4 & 3];
	const struct model_pci_function *hw;
	unsigned event;

	if (s >= &subjects[count])
		s = &subjects[0];
	hw = s->w->hw;
	settle(s);
	switch (op & 15) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		table_access(in, s);
		break;
	case 5:
		page_access(in, s);
		break;
	case 6: /* Enable and Function Mask */
		config_write(s, hw->msix + 2u, 2, (uint64_t)fuzz_u8(in) << 8);
		break;
	case 7:
		config_write(s, hw->msix + fuzz_u8(in) % 12, fuzz_u8(in) % 5, fuzz_value(in));
		break;
	case 8:
		if (hw->msi)
			config_write(s, hw->msi + fuzz_u8(in) % 24, fuzz_u8(in) % 9,
				     fuzz_value(in));
		break;
	case 9:
	case 10:
		config_write(s, 4, 2, fuzz_u8(in) & 6);
		break;
	case 11:
		fire(in, s);
		break;
	case 12: /* the zone's controller maps, moves or unmaps an event */
		event = fuzz_u8(in);
		s->z->vcpu_of[event] = (int)(fuzz_u8(in) % 4) - 1;
		vpci_retarget(s->v, s->bus << 8 | s->devfn, event);
		break;
	case 13:
		if (!hw->pcie || s->resetting || fuzz_u8(in) & 1)
			break;
		config_write(s, hw->pcie + 8u, 2, 0x8000);
		if (hw->config[hw->pcie + 7] & 0x10) {
			s->resetting = true;
			table_after_reset(s);
		}
		break;
	case 14:
		model_time_advance_ns((uint64_t)fuzz_u8(in) * 5000000);
		break;
	default:
		config_read(s, fuzz_u8(in), 4);
		break;
	}
	settle(s);
}

void fuzz_msix(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	world_build(fuzz_u8(&in) & 1);
	world_assign_all();
	find_subjects();
	for (unsigned i = 0; i < count; i++)
		config_write(&subjects[i], 4, 2, 6);
	world_check();
	for (unsigned i = 0; i < MAX_STEPS && in.left; i++) {
		step(&in);
		world_check();
		for (unsigned n = 0; n < count; n++)
			check_masks(&subjects[n]);
	}
	world_end();
}
