// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hypervisor's own stage-1 translation: identity, 48 bits, 4 KiB granule, W^X (Arm ARM DDI
 * 0487, D8).
 *
 * Text is read-execute, constants read-only, everything else read-write-never-execute, and
 * SCTLR_EL2.WXN enforces it once more. Between CPU stacks lies an unmapped page. Tables come from a
 * fixed pool: mapping never needs the page allocator, which itself needs mapped memory. Entries are
 * only ever added, so no TLB maintenance is needed after the MMU is on.
 *
 * Caller context: boot CPU, before any other CPU runs.
 */
#include <hv/cpu.h>
#include <hv/sysreg.h>
#include <postern/arch.h>
#include <postern/errno.h>

#define ENTRIES    512u
#define POOL_PAGES 64u
#define ROOT_LEVEL 0u
#define LEAF_LEVEL 3u

#define DESC_VALID   BIT64(0)
#define DESC_TABLE   BIT64(1) /* levels 0..2: next table; level 3: page */
#define DESC_ADDRESS MASK64(47, 12)
#define DESC_ATTR    MASK64(4, 2)
#define DESC_AP_RES1 BIT64(6) /* AP[1] is RES1 at EL2 */
#define DESC_RO      BIT64(7)
#define DESC_INNER   MASK64(9, 8)
#define DESC_AF      BIT64(10)
#define DESC_XN      BIT64(54)

/* MAIR_EL2: attribute 0 is Device-nGnRE, 1 is Normal write-back. */
#define MAIR_VALUE  0xff04ull
#define ATTR_DEVICE FIELD_PUT(DESC_ATTR, 0)
#define ATTR_NORMAL (FIELD_PUT(DESC_ATTR, 1) | DESC_INNER)

#define TCR_RES1          (BIT64(31) | BIT64(23))
#define TCR_T0SZ_48       16ull
#define TCR_WALK_WB_INNER (BIT64(8) | BIT64(10) | MASK64(13, 12))
#define TCR_PS            MASK64(18, 16)

#define SCTLR_RES1 0x30c50830ull
#define SCTLR_M    BIT64(0)
#define SCTLR_C    BIT64(2)
#define SCTLR_SA   BIT64(3)
#define SCTLR_I    BIT64(12)
#define SCTLR_WXN  BIT64(19)

extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[];
extern char __data_start[], __bss_end[];

static uint64_t pool[POOL_PAGES][ENTRIES] __attribute__((aligned(4096)));
static unsigned pool_used;

/* CPU 0 starts on the boot stack in start.S and moves here; the lowest page of each is a guard. */
#define STACK_SIZE 32768u
static uint8_t stacks[MAX_CPUS][STACK_SIZE] __attribute__((aligned(4096)));

void *cpu_stack_top(unsigned cpu)
{
	return &stacks[cpu][STACK_SIZE];
}

static uint64_t *table_alloc(void)
{
	return pool_used < POOL_PAGES ? pool[pool_used++] : NULL;
}

static uint64_t level_size(unsigned level)
{
	return PAGE_SIZE << (9u * (LEAF_LEVEL - level));
}

/* Fills what is still empty of [base, base + size); what is mapped already (the image, the device
 * tree) keeps its rights. */
static int map_level(uint64_t *table, unsigned level, hpa_t base, uint64_t size, uint64_t attr)
{
	const uint64_t step = level_size(level);
	const hpa_t end = base + size;

	while (base < end) {
		uint64_t *entry = &table[(base / step) % ENTRIES];
		const hpa_t next = align_down(base, step) + step;
		const uint64_t part = (next < end ? next : end) - base;
		const bool whole = part == step && level != ROOT_LEVEL;

		if (*entry & DESC_VALID) {
			if (level != LEAF_LEVEL && (*entry & DESC_TABLE)) {
				int err = map_level((uint64_t *)(*entry & DESC_ADDRESS), level + 1,
						    base, part, attr);
				if (err)
					return err;
			}
		} else if (whole) {
			*entry = base | attr | DESC_AP_RES1 | DESC_AF | DESC_VALID |
				 (level == LEAF_LEVEL ? DESC_TABLE : 0);
		} else {
			uint64_t *sub = table_alloc();
			int err;

			if (!sub)
				return -ENOMEM;
			err = map_level(sub, level + 1, base, part, attr);
			if (err)
				return err;
			arch_write_barrier();
			*entry = (uint64_t)sub | DESC_TABLE | DESC_VALID;
		}
		base += part;
	}
	arch_full_barrier();
	isb();
	return 0;
}

static int map(hpa_t base, uint64_t size, uint64_t attr)
{
	const hpa_t first = align_down(base, PAGE_SIZE);

	if (base + size < base || base + size > BIT64(48))
		return -ERANGE;
	return map_level(pool[0], ROOT_LEVEL, first, align_up(base + size, PAGE_SIZE) - first,
			 attr);
}

int mmu_map_memory(hpa_t base, uint64_t size)
{
	return map(base, size, ATTR_NORMAL | DESC_XN);
}

int mmu_map_device(hpa_t base, uint64_t size)
{
	return map(base, size, ATTR_DEVICE | DESC_XN);
}

static int map_symbols(const char *start, const char *end, uint64_t attr)
{
	return map((hpa_t)start, (uint64_t)(end - start), attr);
}

static uint64_t tcr_value(void)
{
	/* PARange and TCR.PS use one encoding; 48 bits (5) is all a 4 KiB granule without LPA2 can
	 * use. */
	uint64_t range = sysreg_read(id_aa64mmfr0_el1) & 0xf;

	return TCR_RES1 | TCR_T0SZ_48 | TCR_WALK_WB_INNER |
	       FIELD_PUT(TCR_PS, range > 5 ? 5 : range);
}

#define SCTLR_VALUE (SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I | SCTLR_WXN)

void mmu_enable(uint64_t mair, uint64_t tcr, uint64_t ttbr, uint64_t sctlr);

void mmu_init_boot(hpa_t fdt)
{
	int err = 0;

	table_alloc(); /* the root is pool[0] */
	err |= map_symbols(__text_start, __text_end, ATTR_NORMAL | DESC_RO);
	err |= map_symbols(__rodata_start, __rodata_end, ATTR_NORMAL | DESC_RO | DESC_XN);
	/* Data up to the stacks, the stacks without their guards, and the rest. */
	err |= map_symbols(__data_start, (char *)stacks, ATTR_NORMAL | DESC_XN);
	for (unsigned i = 0; i < MAX_CPUS; i++)
		err |= map((hpa_t)&stacks[i][PAGE_SIZE], STACK_SIZE - PAGE_SIZE,
			   ATTR_NORMAL | DESC_XN);
	err |= map_symbols((char *)stacks + sizeof(stacks), __bss_end, ATTR_NORMAL | DESC_XN);
	/* The boot protocol keeps the device tree within 2 MiB. */
	err |= map(fdt, 2 * MIB, ATTR_NORMAL | DESC_XN | DESC_RO);
	if (err)
		for (;;) /* a pool too small for the image itself: nothing can be said yet */
			arch_relax();
	mmu_enable(MAIR_VALUE, tcr_value(), (uint64_t)pool[0], SCTLR_VALUE);
}

void mmu_fill_cpu_boot(struct cpu_boot *b)
{
	b->mair = MAIR_VALUE;
	b->tcr = tcr_value();
	b->ttbr = (uint64_t)pool[0];
	b->sctlr = SCTLR_VALUE;
}
