// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is it one of Loongson's machines, and what is in it: tables, memory, UARTs, power. Contracts in
 * <postern/loongson.h> and discovery.h.
 *
 * Firmware is not believed: tables are checked by core/acpi, and what they lead to is checked here
 * against memory. A table that is damaged is refused, not guessed at; one that is not there is
 * replaced by what is true of the board, with a line that says so.
 */
#include "discovery.h"

#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/fdt.h>
#include <postern/host.h>
#include <postern/string.h>

/* As firmware's tables name their maker. */
#define OEM_LOONGSON "LOONGS"

/* The CPU's name, 8 characters of its configuration registers (IOCSR 0x20, which is also here). */
#define CPU_NAME ((hpa_t)0x1fe00020)

int loongson_refuse(const struct loongson_discovery *d, int err, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	format_text_v(text, sizeof(text), fmt, ap);
	va_end(ap);
	host_log(LOG_ERROR, "%s: %s", d->board->name, text);
	return err;
}

void loongson_assume(const struct loongson_discovery *d, const char *what, const char *missing)
{
	host_log(LOG_WARN, "%s: %s taken as on every such board: firmware has no %s",
		 d->board->name, what, missing);
}

bool loongson_option(const struct loongson_discovery *d, const char *word)
{
	const char *at = d->boot->command_line;
	const size_t length = strlen(word);

	while (at && *at) {
		size_t n = 0;

		while (at[n] && at[n] != ' ')
			n++;
		if (n == length && !memcmp(at, word, n))
			return true;
		at += n + (at[n] == ' ');
	}
	return false;
}

bool loongson_in_memory(const struct loongson_discovery *d, hpa_t base, uint64_t size)
{
	for (unsigned i = 0; i < d->m->memory_count; i++)
		if (ranges_overlap(base, size, d->m->memory[i].base, d->m->memory[i].size))
			return true;
	return false;
}

/* ---- tables ---- */

static bool in_regions(const struct memory_region *r, unsigned count, hpa_t base, uint64_t size)
{
	for (unsigned i = 0; i < count; i++)
		if (range_inside(base, size, r[i].base, r[i].size))
			return true;
	return false;
}

/*
 * Memory that firmware named: its tables lie in what it reserves. Without a memory map there is
 * nothing to hold an address against but the width of the bus.
 */
static const void *map(void *ctx, hpa_t base, uint64_t size)
{
	const struct boot_info *boot = ctx;
	const struct memory_region bus = { .size = BIT64(48) };
	bool there = in_regions(&boot->reserved[0], boot->reserved_count, base, size) ||
		     in_regions(&boot->memory[0], boot->memory_count, base, size) ||
		     in_regions(&boot->overrides, 1, base, size);

	if (!boot->memory_count)
		there = in_regions(&bus, 1, base, size);
	return size && there ? host_phys_to_virt(base) : NULL;
}

static int open_tables(const struct boot_info *boot, struct acpi *a)
{
	const struct acpi_memory memory = { .map = map, .ctx = (void *)(uintptr_t)boot };

	return acpi_open(a, &memory, boot->acpi_rsdp);
}

/* ---- match ---- */

static bool made_by_loongson(const struct boot_info *boot)
{
	static const char *const signatures[] = { "MCFG", "APIC" };
	static struct acpi tables;

	if (!boot->acpi_rsdp || open_tables(boot, &tables))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(signatures); i++) {
		const struct acpi_table *t = acpi_find(&tables, signatures[i], 0);

		if (t && !memcmp(t->oem_id, OEM_LOONGSON, sizeof(t->oem_id)))
			return true;
	}
	return false;
}

static bool cpu_is(const char *name)
{
	const uint64_t value = mmio_read64(CPU_NAME);
	char text[sizeof(value)];

	memcpy(text, &value, sizeof(text));
	return strlen(name) <= sizeof(text) && !memcmp(text, name, strlen(name));
}

bool loongson_match(const struct loongson_board *b, const struct boot_info *boot)
{
	if (b->compatible && boot->fdt && !dt_verify(boot->fdt, boot->fdt_size, NULL, NULL) &&
	    dt_compatible(boot->fdt, 0, b->compatible))
		return true;
	return made_by_loongson(boot) && cpu_is(b->cpu_name);
}

/* ---- memory ---- */

/* What is too much to hold is not used. */
static void add_memory(const struct loongson_discovery *d, const struct memory_region *r)
{
	struct machine *m = d->m;

	if (m->memory_count < MAX_MEMORY_REGIONS)
		m->memory[m->memory_count++] = *r;
	else
		host_log(LOG_WARN,
			 "%s: memory at 0x%llx, 0x%llx bytes, is left out: more than %d regions",
			 d->board->name, (unsigned long long)r->base, (unsigned long long)r->size,
			 MAX_MEMORY_REGIONS);
}

/*
 * SRAT says where memory is, but not what firmware keeps of it: without a memory map only that is
 * used which no firmware of the board's keeps.
 */
static int memory_without_map(struct loongson_discovery *d)
{
	const struct memory_region *known = &d->board->memory;
	int err = acpi_srat(&d->acpi, &d->srat);
	uint64_t all = 0;
	bool there = err == -ENOENT;

	if (err && err != -ENOENT)
		return loongson_refuse(d, err, "its SRAT cannot be used (see above)");
	for (unsigned i = 0; i < d->srat.count; i++) {
		const struct acpi_proximity *p = &d->srat.entries[i];

		if (!p->memory)
			continue;
		all += p->size;
		there |= range_inside(known->base, known->size, p->base, p->size);
	}
	if (!there)
		return loongson_refuse(d, -EINVAL, "its SRAT has no memory at 0x%llx",
				       (unsigned long long)known->base);
	loongson_assume(d, "free memory", "memory map");
	if (all)
		host_log(LOG_WARN, "%s: 0x%llx of 0x%llx bytes of memory are used", d->board->name,
			 (unsigned long long)known->size, (unsigned long long)all);
	add_memory(d, known);
	return 0;
}

static int check_memory(const struct loongson_discovery *d)
{
	const struct machine *m = d->m;

	for (unsigned i = 0; i < m->memory_count; i++) {
		const struct memory_region *r = &m->memory[i];

		if (!r->size || !range_inside(r->base, r->size, 0, BIT64(48)))
			return loongson_refuse(d, -EINVAL,
					       "memory at 0x%llx, 0x%llx bytes, cannot be",
					       (unsigned long long)r->base,
					       (unsigned long long)r->size);
		for (unsigned k = 0; k < i; k++)
			if (ranges_overlap(r->base, r->size, m->memory[k].base, m->memory[k].size))
				return loongson_refuse(d, -EINVAL,
						       "memory at 0x%llx is described twice",
						       (unsigned long long)r->base);
	}
	return 0;
}

/* What is not in memory, as most of what UEFI reserves, need not be kept out of it. */
static int reserve(const struct loongson_discovery *d, const struct memory_region *r)
{
	struct machine *m = d->m;

	if (!r->size || r->size - 1 > UINT64_MAX - r->base)
		return loongson_refuse(d, -EINVAL, "what is reserved at 0x%llx wraps",
				       (unsigned long long)r->base);
	if (!loongson_in_memory(d, r->base, r->size))
		return 0;
	if (m->reserved_count == MAX_MEMORY_REGIONS)
		return loongson_refuse(d, -ENOSPC, "more than %d ranges of memory are reserved",
				       MAX_MEMORY_REGIONS);
	m->reserved[m->reserved_count++] = *r;
	return 0;
}

int loongson_discover_memory(struct loongson_discovery *d)
{
	const struct boot_info *boot = d->boot;
	struct machine *m = d->m;
	int err = 0;

	for (unsigned i = 0; i < boot->memory_count; i++)
		add_memory(d, &boot->memory[i]);
	if (!m->memory_count)
		err = memory_without_map(d);
	if (!err)
		err = check_memory(d);
	for (unsigned i = 0; !err && i < boot->reserved_count; i++)
		err = reserve(d, &boot->reserved[i]);
	/* A loader that reserves anything has reserved the tree. */
	if (!err && boot->fdt && !boot->reserved_count)
		err = reserve(d, &(struct memory_region){ .base = (uintptr_t)boot->fdt,
							  .size = boot->fdt_size });
	m->bundle = boot->bundle;
	return err;
}

/* ---- the rest ---- */

static void discover_uarts(struct loongson_discovery *d)
{
	for (unsigned i = 0; i < d->board->uart_count; i++)
		d->m->uarts[i] = d->board->uarts[i];
	d->m->uart_count = d->board->uart_count;
}

/* How to turn it off stands in AML, which is not read: that is the board's. */
static int discover_power(struct loongson_discovery *d)
{
	struct acpi_power power;
	int err = acpi_fadt(&d->acpi, &power);

	if (err && err != -ENOENT)
		return err;
	d->m->power_off = d->board->power_off;
	d->m->reset = !err && power.reset.address ? power.reset : d->board->reset;
	return 0;
}

int loongson_discover(const struct loongson_board *b, const struct boot_info *boot,
		      struct machine *m)
{
	static struct loongson_discovery d; /* too large for a boot stack */
	int err = 0;

	d = (struct loongson_discovery){ .board = b, .boot = boot, .m = m };
	m->model = b->model;
	if (boot->acpi_rsdp)
		err = open_tables(boot, &d.acpi);
	if (!err && boot->overrides.size)
		err = acpi_override(&d.acpi, boot->overrides.base, boot->overrides.size);
	if (err)
		return loongson_refuse(&d, err, "its tables cannot be used (see above)");
	err = loongson_discover_memory(&d);
	if (!err)
		err = loongson_discover_interrupts(&d);
	if (!err)
		err = discover_power(&d);
	if (!err)
		err = loongson_discover_pci(&d);
	if (!err)
		discover_uarts(&d);
	return err;
}
