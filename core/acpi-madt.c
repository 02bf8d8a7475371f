// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MADT: cores and interrupt controllers of a LoongArch machine. Contract in <postern/acpi.h>.
 *
 * ACPI Specification 6.5, 5.2.12 and 5.2.12.20 to 5.2.12.26 (structures 17 to 23). Structures of
 * other types are skipped; one that is longer than its fields is taken, a later version may add
 * some. No state, no locks; boot CPU.
 */
#include "acpi-table.h"

#include <postern/errno.h>

#define MADT_FIRST 44u /* after the header: local APIC address, flags */

enum {
	MADT_CORE_PIC = 17,
	MADT_LIO_PIC,
	MADT_HT_PIC,
	MADT_EIO_PIC,
	MADT_MSI_PIC,
	MADT_BIO_PIC,
	MADT_LPC_PIC,
};

/* Offsets of the fields in each structure; type, length and version are bytes 0 to 2. */
enum { CORE_PROCESSOR = 3, CORE_ID = 7, CORE_FLAGS = 11, CORE_SIZE = 15 };
enum { LIO_BASE = 3, LIO_SIZE = 11, LIO_CASCADE = 13, LIO_MAP = 15, LIO_LENGTH = 23 };
enum { HT_BASE = 3, HT_SIZE = 11, HT_LENGTH = 21 };
enum { EIO_CASCADE = 3, EIO_NODE = 4, EIO_NODE_MAP = 5, EIO_LENGTH = 13 };
enum { MSI_ADDRESS = 3, MSI_START = 11, MSI_COUNT = 15, MSI_LENGTH = 19 };
enum { BIO_BASE = 3, BIO_SIZE = 11, BIO_ID = 13, BIO_GSI_BASE = 15, BIO_LENGTH = 17 };
enum { LPC_BASE = 3, LPC_SIZE = 11, LPC_CASCADE = 13, LPC_LENGTH = 14 };

#define CORE_ENABLED    BIT32(0)
#define CORE_ID_MAX     0x1ffu /* CSR.CPUID.CoreID is 9 bits */
#define EIOINTC_VECTORS 256u
#define PCH_PIC_INPUTS  64u

static int check_line(const struct acpi_table *t, uint32_t at, const char *what, unsigned line)
{
	if (line < ACPI_LINE_HWI0 || line > ACPI_LINE_HWI7)
		return acpi_refuse(t, at, -EINVAL,
				   "the %s raises CPU interrupt line %u, which is not %u to %u",
				   what, line, ACPI_LINE_HWI0, ACPI_LINE_HWI7);
	return 0;
}

static int twice(const struct acpi_table *t, uint32_t at, const char *what, unsigned number)
{
	return acpi_refuse(t, at, -EINVAL, "%s %u is described twice", what, number);
}

static int add_core(const struct acpi_table *t, uint32_t at, struct acpi_madt *out)
{
	const struct acpi_core c = { .processor = acpi_u32(t, at + CORE_PROCESSOR),
				     .core = acpi_u32(t, at + CORE_ID) };

	if (!(acpi_u32(t, at + CORE_FLAGS) & CORE_ENABLED))
		return 0;
	if (c.core > CORE_ID_MAX)
		return acpi_refuse(t, at + CORE_ID, -EINVAL, "core %u: numbers end at %u", c.core,
				   CORE_ID_MAX);
	for (unsigned i = 0; i < out->core_count; i++) {
		if (out->cores[i].core == c.core)
			return twice(t, at + CORE_ID, "core", c.core);
		if (out->cores[i].processor == c.processor)
			return twice(t, at + CORE_PROCESSOR, "processor", c.processor);
	}
	if (out->core_count == MAX_CPUS)
		out->cores_left_out++;
	else
		out->cores[out->core_count++] = c;
	return 0;
}

static int set_lio(const struct acpi_table *t, uint32_t at, struct acpi_madt *out)
{
	struct acpi_lio *lio = &out->lio;
	int err;

	if (lio->present)
		return twice(t, at, "LIOINTC", 0);
	*lio = (struct acpi_lio){ .present = true,
				  .base = acpi_u64(t, at + LIO_BASE),
				  .size = acpi_u16(t, at + LIO_SIZE) };
	err = acpi_check_range(t, at + LIO_BASE, "LIOINTC", lio->base, lio->size);
	for (unsigned i = 0; i < ARRAY_SIZE(lio->cascade) && !err; i++) {
		lio->cascade[i] = acpi_u8(t, at + LIO_CASCADE + i);
		lio->cascade_map[i] = acpi_u32(t, at + LIO_MAP + 4 * i);
		if (lio->cascade_map[i])
			err = check_line(t, at + LIO_CASCADE + i, "LIOINTC", lio->cascade[i]);
	}
	if (!err && lio->cascade_map[0] & lio->cascade_map[1])
		err = acpi_refuse(t, at + LIO_MAP, -EINVAL,
				  "LIOINTC sources 0x%x would raise two lines",
				  lio->cascade_map[0] & lio->cascade_map[1]);
	return err;
}

static int set_ht(const struct acpi_table *t, uint32_t at, struct acpi_madt *out)
{
	if (out->ht_present)
		return twice(t, at, "HT vector controller", 0);
	out->ht_present = true;
	out->ht_base = acpi_u64(t, at + HT_BASE);
	out->ht_size = acpi_u16(t, at + HT_SIZE);
	return acpi_check_range(t, at + HT_BASE, "HT vector controller", out->ht_base,
				out->ht_size);
}

static int add_eio(const struct acpi_table *t, uint32_t at, struct acpi_madt *out)
{
	const struct acpi_eio eio = { .cascade = acpi_u8(t, at + EIO_CASCADE),
				      .node = acpi_u8(t, at + EIO_NODE),
				      .node_map = acpi_u64(t, at + EIO_NODE_MAP) };
	int err = check_line(t, at + EIO_CASCADE, "EIOINTC", eio.cascade);

	if (err)
		return err;
	for (unsigned i = 0; i < out->eio_count; i++)
		if (out->eio[i].node == eio.node)
			return twice(t, at + EIO_NODE, "EIOINTC of node", eio.node);
	if (out->eio_count == ARRAY_SIZE(out->eio))
		acpi_warn(t, at, "the EIOINTC of node %u is one too many: left out", eio.node);
	else
		out->eio[out->eio_count++] = eio;
	return 0;
}

static int add_msi(const struct acpi_table *t, uint32_t at, struct acpi_madt *out)
{
	const struct acpi_msi msi = { .address = acpi_u64(t, at + MSI_ADDRESS),
				      .start = acpi_u32(t, at + MSI_START),
				      .count = acpi_u32(t, at + MSI_COUNT) };

	if (!msi.address || !is_aligned(msi.address, sizeof(uint32_t)))
		return acpi_refuse(t, at + MSI_ADDRESS, -EINVAL,
				   "no message can be written to 0x%llx",
				   (unsigned long long)msi.address);
	if (!msi.count || !range_inside(msi.start, msi.count, 0, EIOINTC_VECTORS))
		return acpi_refuse(t, at + MSI_START, -EINVAL,
				   "messages have %u vectors from %u on, of %u there are",
				   msi.count, msi.start, EIOINTC_VECTORS);
	for (unsigned i = 0; i < out->msi_count; i++)
		if (out->msi[i].address == msi.address &&
		    ranges_overlap(out->msi[i].start, out->msi[i].count, msi.start, msi.count))
			return acpi_refuse(t, at + MSI_START, -EINVAL,
					   "vector %u of doorbell 0x%llx is set aside twice",
					   msi.start, (unsigned long long)msi.address);
	if (out->msi_count == ARRAY_SIZE(out->msi))
		acpi_warn(t, at, "doorbell 0x%llx is one too many: left out",
			  (unsigned long long)msi.address);
	else
		out->msi[out->msi_count++] = msi;
	return 0;
}

static int add_bio(const struct acpi_table *t, uint32_t at, struct acpi_madt *out)
{
	const struct acpi_bio bio = { .base = acpi_u64(t, at + BIO_BASE),
				      .size = acpi_u16(t, at + BIO_SIZE),
				      .id = acpi_u16(t, at + BIO_ID),
				      .gsi_base = acpi_u16(t, at + BIO_GSI_BASE) };
	int err = acpi_check_range(t, at + BIO_BASE, "PCH-PIC", bio.base, bio.size);

	if (err)
		return err;
	for (unsigned i = 0; i < out->bio_count; i++) {
		const struct acpi_bio *o = &out->bio[i];

		if (o->id == bio.id)
			return twice(t, at + BIO_ID, "PCH-PIC", bio.id);
		if (ranges_overlap(o->base, o->size, bio.base, bio.size))
			return acpi_refuse(t, at + BIO_BASE, -EINVAL,
					   "PCH-PICs %u and %u share registers", o->id, bio.id);
		if (o->gsi_base == bio.gsi_base)
			return acpi_refuse(t, at + BIO_GSI_BASE, -EINVAL,
					   "interrupt %u is input 0 of PCH-PICs %u and %u",
					   bio.gsi_base, o->id, bio.id);
	}
	if (out->bio_count == ARRAY_SIZE(out->bio))
		acpi_warn(t, at, "PCH-PIC %u is one too many: left out", bio.id);
	else
		out->bio[out->bio_count++] = bio;
	return 0;
}

static int set_lpc(const struct acpi_table *t, uint32_t at, struct acpi_madt *out)
{
	struct acpi_lpc *lpc = &out->lpc;

	if (lpc->present)
		return twice(t, at, "LPC interrupt block", 0);
	*lpc = (struct acpi_lpc){ .present = true,
				  .base = acpi_u64(t, at + LPC_BASE),
				  .size = acpi_u16(t, at + LPC_SIZE),
				  .cascade = acpi_u8(t, at + LPC_CASCADE) };
	if (lpc->cascade >= PCH_PIC_INPUTS)
		return acpi_refuse(t, at + LPC_CASCADE, -EINVAL,
				   "the LPC interrupt block raises input %u of %u", lpc->cascade,
				   PCH_PIC_INPUTS);
	return acpi_check_range(t, at + LPC_BASE, "LPC interrupt block", lpc->base, lpc->size);
}

static const struct {
	uint32_t length;
	int (*read)(const struct acpi_table *t, uint32_t at, struct acpi_madt *out);
} structures[] = {
	[MADT_CORE_PIC] = { CORE_SIZE, add_core }, [MADT_LIO_PIC] = { LIO_LENGTH, set_lio },
	[MADT_HT_PIC] = { HT_LENGTH, set_ht },     [MADT_EIO_PIC] = { EIO_LENGTH, add_eio },
	[MADT_MSI_PIC] = { MSI_LENGTH, add_msi },  [MADT_BIO_PIC] = { BIO_LENGTH, add_bio },
	[MADT_LPC_PIC] = { LPC_LENGTH, set_lpc },
};

static int read_madt(const struct acpi_table *t, struct acpi_madt *out)
{
	struct acpi_item item = { .offset = MADT_FIRST };
	int err;

	if (t->length < MADT_FIRST)
		return acpi_refuse(t, ACPI_HEADER_LENGTH_AT, -EINVAL,
				   "%u bytes are too few for its header", t->length);
	while ((err = acpi_next_item(t, &item)) > 0) {
		if (item.type >= ARRAY_SIZE(structures) || !structures[item.type].read)
			continue;
		if (item.length < structures[item.type].length)
			return acpi_refuse(t, item.offset, -EINVAL,
					   "a structure of type %u has %u bytes, %u are needed",
					   item.type, item.length, structures[item.type].length);
		err = structures[item.type].read(t, item.offset, out);
		if (err)
			return err;
	}
	if (!err && !out->core_count)
		return acpi_refuse(t, MADT_FIRST, -EINVAL, "no core is enabled");
	if (out->cores_left_out)
		acpi_warn(t, MADT_FIRST, "%u cores stay off: Postern drives %d",
			  out->cores_left_out, MAX_CPUS);
	return err;
}

int acpi_madt(const struct acpi *a, struct acpi_madt *out)
{
	const struct acpi_table *t = acpi_find(a, "APIC", 0);
	int err;

	*out = (struct acpi_madt){ 0 };
	if (!t)
		return -ENOENT;
	err = read_madt(t, out);
	if (err)
		*out = (struct acpi_madt){ 0 };
	return err;
}
