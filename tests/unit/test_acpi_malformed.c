// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables with one thing wrong. Each is a sound one of tests/fixtures/acpi with a field overwritten
 * or its end cut off, and its checksum put right again, so that the reader meets it; each is
 * refused with a message that names table, byte and rule. Offsets are those of iasl's disassembly.
 */
#include "acpi-firmware.h"
#include "host.h"
#include "unit.h"

#include <postern/errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wrong {
	const char *what;
	unsigned at, bytes; /* bytes of `value` go here; 0: none do */
	uint64_t value;
	size_t length; /* what is left of the table; 0: all */
	int err;       /* 0: EINVAL */
	const char *says;
};

static int read_with(const struct acpi *a, const char *signature)
{
	static union {
		struct acpi_madt madt;
		struct acpi_mcfg mcfg;
		struct acpi_iommus iommus;
		struct acpi_srat srat;
		struct acpi_power power;
		struct uart_info uart;
		uint8_t bytes[4096];
	} out, none;
	int err;

	memset(&out, 0xa5, sizeof(out));
	if (!strcmp(signature, "APIC"))
		err = acpi_madt(a, &out.madt);
	else if (!strcmp(signature, "MCFG"))
		err = acpi_mcfg(a, &out.mcfg);
	else if (!strcmp(signature, "SRAT"))
		err = acpi_srat(a, &out.srat);
	else if (!strcmp(signature, "FACP"))
		err = acpi_fadt(a, &out.power);
	else if (!strcmp(signature, "SPCR"))
		err = acpi_spcr(a, &out.uart);
	else
		err = acpi_iommus(a, &out.iommus);
	/* What was refused left nothing behind that could be taken for a fact. */
	if (err)
		CU_ASSERT_EQUAL(memcmp(&out, &none, 16), 0);
	return err;
}

static void damage(uint8_t *table, size_t *size, const struct wrong *w)
{
	CU_ASSERT_TRUE_FATAL(w->at + w->bytes <= *size);
	for (unsigned i = 0; i < w->bytes; i++)
		table[w->at + i] = (uint8_t)(w->value >> 8 * i);
	if (w->length)
		*size = w->length;
	for (unsigned i = 0; i < 4; i++)
		table[4 + i] = (uint8_t)(*size >> 8 * i);
	table_fix_checksum(table, *size);
}

static int read_bytes(const uint8_t *table, size_t size)
{
	char signature[5] = "";
	struct acpi a;

	memcpy(signature, table, 4);
	firmware_reset();
	firmware_add(table, size, NULL);
	firmware_finish();
	model_reset();
	CU_ASSERT_EQUAL(acpi_open(&a, &firmware_memory, FIRMWARE_RSDP), 0);
	CU_ASSERT_EQUAL_FATAL(a.count, 1);
	return read_with(&a, signature);
}

static void check_all(const char *path, const struct wrong *wrong, size_t count)
{
	size_t whole;
	uint8_t *sound = table_load(path, &whole);
	char table[8];

	snprintf(table, sizeof(table), "%.4s, ", sound);
	CU_ASSERT_EQUAL_FATAL(read_bytes(sound, whole), 0);
	for (size_t i = 0; i < count; i++) {
		const struct wrong *w = &wrong[i];
		uint8_t *bytes = table_alloc(whole);
		size_t size = whole;
		int err;

		memcpy(bytes, sound, whole);
		damage(bytes, &size, w);
		err = read_bytes(bytes, size);
		free(bytes);
		if (err == -(w->err ? w->err : EINVAL) && model_log_contains(w->says) &&
		    model_log_contains(table))
			continue;
		fprintf(stderr, "%s, %s: %d, expected \"%s\", not:\n%s\n", path, w->what, err,
			w->says, model_log());
		CU_FAIL("a malformed table is taken, or refused for another reason");
	}
	free(sound);
	firmware_reset();
}

static void every_malformed_iovt_is_refused(void)
{
	enum { UNIT0 = 48, ENTRY0 = 112, UNIT1 = 176, ENTRY1 = 240, UNIT2 = 264 };
	static const struct wrong wrong[] = {
		{ "half a header", .length = 47, .says = "47 bytes are too few" },
		{ "no unit", 36, 2, 0, .says = "byte 0x24: it describes no IOMMU" },
		{ "nine units", 36, 2, 9, .err = ENOSPC, .says = "9 IOMMUs, Postern drives 8" },
		{ "a unit more than there is", 36, 2, 4, .says = "IOMMU 3 of 4 is not in the" },
		{ "a unit that is not counted", 36, 2, 2, .says = "64 bytes follow the last of 2" },
		{ "units in the header", 38, 2, 47, .says = "begin at byte 47" },
		{ "units past the end", 38, 2, 329, .says = "begin at byte 329 of 328" },
		{ "half a unit", .length = 327, .says = "IOMMU 2 of 3 is not in the table" },
		{ "unknown kind", UNIT1, 2, 1, .says = "byte 0xb0: IOMMU 1 is of unknown type 1" },
		{ "a unit too short", UNIT0 + 2, 2, 63, .says = "IOMMU 0 has 63 bytes" },
		{ "a unit of no bytes", UNIT0 + 2, 2, 0, .says = "IOMMU 0 has 0 bytes" },
		{ "a unit past the end", UNIT2 + 2, 2, 65, .says = "65 bytes, of 64 to the end" },
		{ "not a function", UNIT0 + 24, 4, 0x10000, .says = "0x10000 is no function" },
		{ "no base", UNIT1 + 28, 8, 0, .says = "IOMMU has no registers at 0x0" },
		{ "no size", UNIT1 + 36, 4, 0, .says = "0xe0045969c00, 0x0 bytes" },
		{ "registers that wrap", UNIT1 + 28, 8, UINT64_MAX,
		  .says = "no registers at 0xffff" },
		{ "impossible width", UNIT0 + 10, 2, 65, .says = "65-bit addresses" },
		{ "impossible IOVA", UNIT0 + 12, 2, 65, .says = "from 65-bit ones" },
		{ "impossible levels", UNIT0 + 14, 2, 7, .says = "through 7 levels" },
		{ "tiny pages", UNIT0 + 16, 8, 0x4800, .says = "less than 4 KiB: sizes 0x4800" },
		{ "entries in the unit", UNIT0 + 60, 4, 63, .says = "device entries at byte 63" },
		{ "entries past the unit", UNIT0 + 60, 4, 129,
		  .says = "at byte 129 of a unit of 128" },
		{ "entries that wrap", UNIT0 + 60, 4, UINT32_MAX, .says = "byte 4294967295 of" },
		{ "an entry too many", UNIT0 + 56, 4, 9, .says = "entry 8 of 9 is not inside" },
		{ "entries without end", UNIT0 + 56, 4, UINT32_MAX,
		  .says = "entry 8 of 4294967295" },
		{ "an entry too short", ENTRY0 + 1, 1, 7, .says = "device entry 0 has 7 bytes" },
		{ "an entry too long", ENTRY1 + 17, 1, 9, .says = "device entry 2 has 9 bytes" },
		{ "unknown entry", ENTRY0, 1, 3,
		  .says = "byte 0x70: device entry of unknown type 3" },
		{ "an end without start", ENTRY0, 1, 2, .says = "to 0x0018 has no start" },
		{ "a start without end", ENTRY0 + 16, 1, 0, .says = "from 0x0020 has no end" },
		{ "two starts", ENTRY0 + 16, 1, 1, .says = "from 0x0020 has no end" },
		{ "a start as the last", ENTRY0 + 56, 1, 1, .says = "from 0x0600 has no end" },
		{ "a range backwards", ENTRY0 + 22, 2, 0x1f,
		  .says = "ends at 0x001f before it begins" },
		{ "a function twice", ENTRY0 + 54, 2, 0x3ff, .says = "0x03ff is listed twice" },
		{ "in two ranges", ENTRY0 + 38, 2, 0x10, .says = "0x0018 is listed twice" },
		{ "of two units", ENTRY1 + 22, 2, 0x18, .says = "0x0018 of segment 0 is claimed" },
		{ "all, and some elsewhere", UNIT2 + 8, 2, 0, .says = "0x0018 of segment 0 is" },
	};

	check_all(TABLES "iovt.asl", wrong, ARRAY_SIZE(wrong));
}

static void every_malformed_ivrs_is_refused(void)
{
	enum { BLOCK_A = 48, BLOCK_B = 80, ENTRY_B = 120, BLOCK_C = 144, ENTRY_C = 184 };
	static const struct wrong wrong[] = {
		{ "half a header", .length = 47, .says = "47 bytes are too few" },
		{ "no unit", .length = 48, .says = "byte 0x30: it describes no IOMMU" },
		{ "half a block's header", .length = 51, .says = "0 bytes, of 3 to the end" },
		{ "half a block", .length = 267, .says = "28 bytes, of 27 to the end" },
		{ "a block of no bytes", BLOCK_A + 2, 2, 0, .says = "a block has 0 bytes" },
		{ "a block too short", BLOCK_A + 2, 2, 3, .says = "a block has 3 bytes" },
		{ "a block too long", BLOCK_A + 2, 2, 221, .says = "221 bytes, of 220 to the end" },
		{ "half an IOMMU", BLOCK_A + 2, 2, 20, .says = "type 0x10 has 20 bytes, 24 are" },
		{ "half a later one", BLOCK_B + 2, 2, 32,
		  .says = "type 0x40 has 32 bytes, 40 are" },
		{ "unknown entry", ENTRY_B, 1, 5,
		  .says = "byte 0x78: device entry of unknown type" },
		{ "an end without start", ENTRY_B, 1, 4, .says = "to 0x0018 has no start" },
		{ "a start without end", ENTRY_B + 4, 1, 2, .says = "from 0x0018 has no end" },
		{ "a start as the last", ENTRY_B + 20, 1, 3, .says = "from 0x00d0 has no end" },
		{ "a range backwards", ENTRY_B + 5, 2, 0x17,
		  .says = "ends at 0x0017 before it begins" },
		{ "a function twice", ENTRY_B + 9, 2, 0x18, .says = "0x0018 is listed twice" },
		{ "an entry past its block", ENTRY_B + 20, 1, 0x46,
		  .says = "8 bytes, of 4 to the end" },
		{ "the largest entry", ENTRY_B + 20, 1, 0xff, .says = "32 bytes, of 4 to the end" },
		{ "an unfinished name", ENTRY_B + 20, 1, 0xf0,
		  .says = "22 bytes, of 4 to the end" },
		{ "a name past its block", ENTRY_C + 12, 1, 0xf0, .says = "0xf0 has 277 bytes" },
		{ "a unit twice", BLOCK_B, 1, 0x10, .says = "two blocks of type 0x10" },
		{ "of two units", ENTRY_C + 5, 2, 0x18, .says = "0x0018 of segment 0 is claimed" },
		{ "all, and some elsewhere", ENTRY_C, 1, 1, .says = "of segment 0 is claimed" },
	};

	check_all(TABLES "ivrs.asl", wrong, ARRAY_SIZE(wrong));
}

static void every_malformed_madt_is_refused(void)
{
	enum { CORE0 = 44, CORE1 = 59, LIO = 191, HT = 214, EIO0 = 235, EIO1 = 248 };
	enum { MSI0 = 261, MSI1 = 280, BIO0 = 299, BIO1 = 316, LPC = 333 };
	static const struct wrong wrong[] = {
		{ "half a header", .length = 43, .says = "43 bytes are too few" },
		{ "no core", .length = 44, .says = "no core is enabled" },
		{ "a byte of a structure", .length = 45, .says = "one byte is no structure" },
		{ "half a structure", .length = 346, .says = "type 23 has 14 bytes, of 13" },
		{ "a structure of no bytes", CORE0 + 1, 1, 0, .says = "type 17 has 0 bytes" },
		{ "a structure of one", CORE0 + 1, 1, 1, .says = "type 17 has 1 bytes" },
		{ "a core too short", CORE0 + 1, 1, 14, .says = "14 bytes, 15 are needed" },
		{ "no such core", CORE0 + 7, 4, 512, .says = "core 512: numbers end at 511" },
		{ "a core twice", CORE1 + 7, 4, 0, .says = "core 0 is described twice" },
		{ "a processor twice", CORE1 + 3, 4, 16,
		  .says = "processor 16 is described twice" },
		{ "LIOINTC nowhere", LIO + 3, 8, 0, .says = "the LIOINTC has no registers at 0x0" },
		{ "LIOINTC of no bytes", LIO + 11, 2, 0, .says = "LIOINTC has no registers" },
		{ "LIOINTC on no line", LIO + 13, 1, 1, .says = "line 1, which is not 2 to 9" },
		{ "LIOINTC on another", LIO + 14, 1, 10, .says = "line 10, which is not 2 to 9" },
		{ "LIOINTC on both", LIO + 15, 4, 3u << 30, .says = "0xc0000000 would raise two" },
		{ "a LIOINTC of HT's size", HT, 1, 18, .says = "21 bytes, 23 are needed" },
		{ "HT of no bytes", HT + 11, 2, 0,
		  .says = "HT vector controller has no registers" },
		{ "EIOINTC on no line", EIO0 + 3, 1, 0, .says = "line 0, which is not 2 to 9" },
		{ "EIOINTC twice", EIO1 + 4, 1, 0, .says = "EIOINTC of node 0 is described twice" },
		{ "no doorbell", MSI0 + 3, 8, 0, .says = "no message can be written to 0x0" },
		{ "a doorbell askew", MSI0 + 3, 8, 0x2ff00002, .says = "written to 0x2ff00002" },
		{ "no vectors", MSI0 + 15, 4, 0, .says = "0 vectors from 64 on" },
		{ "a vector too many", MSI0 + 11, 4, 65, .says = "192 vectors from 65 on, of 256" },
		{ "vectors that wrap", MSI0 + 15, 4, UINT32_MAX, .says = "4294967295 vectors" },
		{ "vectors twice", MSI1 + 3, 8, 0x2ff00000,
		  .says = "vector 32 of doorbell 0x2ff00000" },
		{ "PCH-PIC nowhere", BIO0 + 3, 8, 0, .says = "the PCH-PIC has no registers" },
		{ "PCH-PIC that wraps", BIO0 + 3, 8, ~UINT64_C(0xffe),
		  .says = "PCH-PIC has no reg" },
		{ "PCH-PIC twice", BIO1 + 13, 2, 0, .says = "PCH-PIC 0 is described twice" },
		{ "PCH-PICs in one place", BIO1 + 3, 8, 0x10000fff,
		  .says = "0 and 1 share registers" },
		{ "one input, two PCH-PICs", BIO1 + 15, 2, 64,
		  .says = "64 is input 0 of PCH-PICs" },
		{ "LPC on no input", LPC + 13, 1, 64, .says = "raises input 64 of 64" },
		{ "LPC of no bytes", LPC + 11, 2, 0,
		  .says = "LPC interrupt block has no registers" },
	};

	check_all(TABLES "madt.asl", wrong, ARRAY_SIZE(wrong));
}

static void every_malformed_mcfg_is_refused(void)
{
	static const struct wrong wrong[] = {
		{ "no window", .length = 44, .says = "44 bytes are no header and whole entries" },
		{ "half a window", .length = 75, .says = "75 bytes are no header" },
		{ "a window nowhere", 44, 8, 0, .says = "config space cannot be at 0x0" },
		{ "a window askew", 44, 8, 0xefe00080000, .says = "cannot be at 0xefe00080000" },
		{ "a window that wraps", 44, 8, ~UINT64_C(0xfffff),
		  .says = "at 0xfffffffffff00000" },
		{ "buses backwards", 70, 1, 0x80, .says = "buses 128 to 127 are no range" },
		{ "a bus twice", 68, 2, 0, .says = "segment 0 has two windows for one bus" },
	};

	check_all(TABLES "mcfg.asl", wrong, ARRAY_SIZE(wrong));
}

static void every_malformed_srat_is_refused(void)
{
	enum { CORE1 = 64, MEMORY0 = 112, MEMORY1 = 152 };
	static const struct wrong wrong[] = {
		{ "half a header", .length = 47, .says = "47 bytes are too few" },
		{ "half a structure", .length = 255, .says = "type 2 has 24 bytes, of 23" },
		{ "a core too short", CORE1 + 1, 1, 15, .says = "15 bytes, 16 are needed" },
		{ "a core twice", CORE1 + 3, 1, 0, .says = "core 0 is described twice" },
		{ "no memory", MEMORY0 + 16, 8, 0, .says = "memory of 0x0 bytes at 0x0" },
		{ "memory that wraps", MEMORY1 + 8, 8, UINT64_MAX,
		  .says = "at 0xffffffffffffffff" },
		{ "memory twice", MEMORY1 + 8, 8, 0xfffffff,
		  .says = "0xfffffff is described twice" },
	};

	check_all(TABLES "srat.asl", wrong, ARRAY_SIZE(wrong));
}

static void every_malformed_fadt_is_refused(void)
{
	static const struct wrong wrong[] = {
		{ "no reset value", .length = 128, .says = "128 bytes are too few" },
		{ "no sleep register", .length = 255,
		  .says = "255 bytes are too few for hardware" },
		{ "a reset register of 7 bits", 117, 1, 7, .says = "0x100e001e cannot be written" },
		{ "within a byte", 118, 1, 1, .says = "cannot be written at once" },
		{ "of 8 bytes", 247, 1, 4, .says = "0x100e001c cannot be written at once" },
		{ "of unknown access", 247, 1, 5, .says = "byte 0xf4: the register at" },
		{ "askew", 119, 1, 3, .says = "0x100e001e cannot be written at once" },
	};
	/* Aligned to its 8 bytes, which no register here can have. */
	static const struct wrong fixed[] = {
		{ "of 8 bytes", 119, 1, 4, .says = "0x100d0030 cannot be written at once" },
	};

	check_all(TABLES "fadt-reduced.asl", wrong, ARRAY_SIZE(wrong));
	check_all(TABLES "fadt-fixed.asl", fixed, ARRAY_SIZE(fixed));
}

static void every_malformed_spcr_is_refused(void)
{
	static const struct wrong wrong[] = {
		{ "half of it", .length = 79, .says = "79 bytes are too few" },
		{ "of unknown kind", 36, 1, 2, .err = EOPNOTSUPP,
		  .says = "kind 0x02 is not driven" },
		{ "in I/O space", 40, 1, 1, .err = EOPNOTSUPP, .says = "address space 1 is not" },
		{ "of unknown access", 43, 1, 5, .says = "no sensible width" },
		{ "nowhere", 44, 8, 0, .says = "the console has no registers at 0x0" },
	};

	check_all(TABLES "spcr.asl", wrong, ARRAY_SIZE(wrong));
}

/* A sound table is `head` bytes of a file and then structures made here. */
static int read_built(const char *path, size_t head, const uint8_t *structures, size_t size)
{
	static const struct wrong nothing;
	size_t whole;
	uint8_t *sound = table_load(path, &whole), *table = table_alloc(head + size);
	int err;

	memcpy(table, sound, head);
	memcpy(table + head, structures, size);
	whole = head + size;
	damage(table, &whole, &nothing);
	err = read_bytes(table, whole);
	free(table);
	free(sound);
	firmware_reset();
	return err;
}

static void more_than_there_is_room_for_is_refused_where_it_matters(void)
{
	uint8_t block[40 + 4 * 33] = { 0x11, 0, sizeof(block), 0, 0xd0 };
	uint8_t blocks[9][24] = { 0 };
	uint8_t windows[9][16] = { 0 };
	uint8_t memory[33][40] = { 0 };

	/* 32 devices with gaps, and 33. */
	for (unsigned i = 0; i < 33; i++) {
		block[40 + 4 * i] = 2;
		block[41 + 4 * i] = (uint8_t)(2 * i);
		memory[i][0] = 1;
		memory[i][1] = 40;
		memory[i][9] = (uint8_t)(16 * (i & 15));
		memory[i][10] = (uint8_t)(i >> 4);
		memory[i][17] = 16;
		memory[i][28] = 1;
	}
	CU_ASSERT_EQUAL(read_built(TABLES "ivrs.asl", 48, block, sizeof(block)), -ENOSPC);
	CU_ASSERT_TRUE(model_log_contains("more than 32 ranges"));
	block[2] -= 4;
	CU_ASSERT_EQUAL(read_built(TABLES "ivrs.asl", 48, block, sizeof(block) - 4), 0);
	for (unsigned i = 0; i < 9; i++) {
		blocks[i][0] = 0x10;
		blocks[i][2] = 24;
		blocks[i][4] = (uint8_t)i;
		windows[i][5] = 1;
		windows[i][8] = (uint8_t)i;
	}
	CU_ASSERT_EQUAL(read_built(TABLES "ivrs.asl", 48, blocks[0], sizeof(blocks)), -ENOSPC);
	CU_ASSERT_TRUE(model_log_contains("more than 8 IOMMUs"));
	CU_ASSERT_EQUAL(read_built(TABLES "ivrs.asl", 48, blocks[0], 8 * sizeof(blocks[0])), 0);
	CU_ASSERT_TRUE(model_log_contains("IOMMU 7 manages no function"));
	CU_ASSERT_EQUAL(read_built(TABLES "mcfg.asl", 44, windows[0], sizeof(windows)), -ENOSPC);
	CU_ASSERT_TRUE(model_log_contains("more than 8 windows"));
	CU_ASSERT_EQUAL(read_built(TABLES "mcfg.asl", 44, windows[0], 8 * sizeof(windows[0])), 0);
	/* Speed is all that hangs on SRAT. */
	CU_ASSERT_EQUAL(read_built(TABLES "srat.asl", 48, memory[0], sizeof(memory)), 0);
	CU_ASSERT_TRUE(model_log_contains("more than 32 entries"));
}

static void all_functions_are_all_whatever_else_is_listed(void)
{
	static const uint8_t block[24 + 12] = {
		[0] = 0x10, [2] = 36, [4] = 0xd0, [24] = 2, [25] = 8, [28] = 1, [32] = 2, [33] = 16
	};
	struct acpi_iommus out;
	struct acpi a;
	size_t size;
	uint8_t *table = table_load(TABLES "ivrs.asl", &size);

	size = 48 + sizeof(block);
	memcpy(table + 48, block, sizeof(block));
	damage(table, &size, &(struct wrong){ 0 });
	firmware_reset();
	firmware_add(table, size, NULL);
	firmware_finish();
	CU_ASSERT_EQUAL_FATAL(acpi_open(&a, &firmware_memory, FIRMWARE_RSDP), 0);
	CU_ASSERT_EQUAL(acpi_iommus(&a, &out), 0);
	CU_ASSERT_EQUAL(out.count, 1);
	CU_ASSERT_TRUE(out.units[0].whole_segment);
	CU_ASSERT_EQUAL(out.units[0].range_count, 0);
	free(table);
	firmware_reset();
}

static void cores_and_controllers_too_many_are_left_out(void)
{
	uint8_t cores[9][15] = { 0 };
	uint8_t eio[3][13] = { 0 };
	uint8_t table[sizeof(cores) + sizeof(eio)];

	for (unsigned i = 0; i < 9; i++) {
		cores[i][0] = 17;
		cores[i][1] = 15;
		cores[i][3] = cores[i][7] = (uint8_t)i;
		cores[i][11] = 1;
	}
	for (unsigned i = 0; i < 3; i++) {
		eio[i][0] = 20;
		eio[i][1] = 13;
		eio[i][3] = 3;
		eio[i][4] = (uint8_t)i;
	}
	memcpy(table, cores, sizeof(cores));
	memcpy(table + sizeof(cores), eio, sizeof(eio));
	CU_ASSERT_EQUAL(read_built(TABLES "madt.asl", 44, table, sizeof(table)), 0);
	CU_ASSERT_TRUE(model_log_contains("1 cores stay off: Postern drives 8"));
	CU_ASSERT_TRUE(model_log_contains("EIOINTC of node 2 is one too many"));
}

static void an_iommu_described_twice_is_refused(void)
{
	static const struct wrong nothing;
	size_t size;
	uint8_t *table = table_load(TABLES "iovt-whole.asl", &size), *two = table_alloc(2 * size);

	memcpy(two, table, size);
	memcpy(two + size, table + 48, 64);
	two[36] = 2;
	two[48 + 4] = two[size + 4] = 1;
	size += 64;
	damage(two, &size, &nothing);
	CU_ASSERT_EQUAL(read_bytes(two, size), -EINVAL);
	CU_ASSERT_TRUE(model_log_contains("IOMMUs 0 and 1 are the same one"));
	/* At addresses of their own, sharing a byte. */
	two[48 + 4] = two[112 + 4] = 0;
	two[48 + 28] = 1;
	two[112 + 28] = 4;
	two[48 + 36] = two[112 + 36] = 4;
	damage(two, &size, &nothing);
	CU_ASSERT_EQUAL(read_bytes(two, size), -EINVAL);
	two[48 + 36] = 3;
	damage(two, &size, &nothing);
	CU_ASSERT_EQUAL(read_bytes(two, size), 0);
	free(two);
	free(table);
	firmware_reset();
}

/* Registers that firmware names where we cannot write are as if not named. */
static void a_register_in_io_space_is_not_used(void)
{
	static const struct wrong in_io_space = { "", 116, 1, 1, 0, 0, "" };
	size_t size;
	uint8_t *table = table_load(TABLES "fadt-reduced.asl", &size);

	damage(table, &size, &in_io_space);
	CU_ASSERT_EQUAL(read_bytes(table, size), 0);
	CU_ASSERT_TRUE(model_log_contains("address space 1: not used"));
	free(table);
	firmware_reset();
}

void suite_acpi_malformed(void)
{
	static const struct unit_test tests[] = {
		TEST(every_malformed_iovt_is_refused),
		TEST(every_malformed_ivrs_is_refused),
		TEST(every_malformed_madt_is_refused),
		TEST(every_malformed_mcfg_is_refused),
		TEST(every_malformed_srat_is_refused),
		TEST(every_malformed_fadt_is_refused),
		TEST(every_malformed_spcr_is_refused),
		TEST(more_than_there_is_room_for_is_refused_where_it_matters),
		TEST(all_functions_are_all_whatever_else_is_listed),
		TEST(cores_and_controllers_too_many_are_left_out),
		TEST(an_iommu_described_twice_is_refused),
		TEST(a_register_in_io_space_is_not_used),
	};

	unit_suite("acpi_malformed", tests, ARRAY_SIZE(tests));
}
