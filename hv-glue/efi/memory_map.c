// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Firmware's memory map, and the end of boot services (UEFI 2.10, 7.2.3 and 7.4.6).
 *
 * Memory that is free afterwards (boot services' too) becomes `memory`, everything else that is
 * memory becomes `reserved`; neighbours are joined. Where there are more free ranges than a machine
 * may have, the largest are kept and the rest stays unused.
 */
#include <efi/app.h>

/* In bytes; firmwares have some hundred descriptors. */
#define MAP_MAX     (32 * KIB)
#define RANGES_SEEN (MAP_MAX / sizeof(struct efi_memory_descriptor))

static uint8_t map[MAP_MAX] __attribute__((aligned(16)));

struct ranges {
	struct memory_region r[RANGES_SEEN];
	unsigned count;
};
static struct ranges usable, reserved;
static struct memory_region kept_usable[MAX_MEMORY_REGIONS], kept_reserved[MAX_MEMORY_REGIONS];

static bool is_usable(uint32_t type)
{
	return type == EFI_LOADER_CODE || type == EFI_LOADER_DATA || type == EFI_BOOT_CODE ||
	       type == EFI_BOOT_DATA || type == EFI_CONVENTIONAL;
}

static bool is_reserved(uint32_t type)
{
	return type == EFI_RESERVED || type == EFI_RUNTIME_CODE || type == EFI_RUNTIME_DATA ||
	       type == EFI_ACPI_RECLAIM || type == EFI_ACPI_NVS;
}

/* Keeps the set sorted, neighbours joined. */
static void add(struct ranges *s, hpa_t base, uint64_t size)
{
	unsigned at = 0;

	while (at < s->count && s->r[at].base + s->r[at].size < base)
		at++;
	if (at < s->count && s->r[at].base + s->r[at].size == base) {
		s->r[at].size += size;
		if (at + 1 < s->count && s->r[at + 1].base == base + size) {
			s->r[at].size += s->r[at + 1].size;
			for (unsigned i = at + 1; i + 1 < s->count; i++)
				s->r[i] = s->r[i + 1];
			s->count--;
		}
		return;
	}
	if (at < s->count && base + size == s->r[at].base) {
		s->r[at].base = base;
		s->r[at].size += size;
		return;
	}
	for (unsigned i = s->count++; i > at; i--)
		s->r[i] = s->r[i - 1];
	s->r[at] = (struct memory_region){ .base = base, .size = size };
}

static void sort_out(uint64_t size, uint64_t step)
{
	for (uint64_t at = 0; at + sizeof(struct efi_memory_descriptor) <= size; at += step) {
		const struct efi_memory_descriptor *d = (const void *)(map + at);
		const uint64_t bytes = d->pages * EFI_PAGE;

		if (!bytes || d->base + bytes < d->base)
			continue;
		if (is_usable(d->type))
			add(&usable, d->base, bytes);
		else if (is_reserved(d->type))
			add(&reserved, d->base, bytes);
	}
}

/* The largest, in order of address. */
static unsigned keep_largest(struct ranges *s, struct memory_region out[MAX_MEMORY_REGIONS])
{
	while (s->count > MAX_MEMORY_REGIONS) {
		unsigned least = 0;

		for (unsigned i = 1; i < s->count; i++)
			if (s->r[i].size < s->r[least].size)
				least = i;
		for (unsigned i = least; i + 1 < s->count; i++)
			s->r[i] = s->r[i + 1];
		s->count--;
	}
	for (unsigned i = 0; i < s->count; i++)
		out[i] = s->r[i];
	return s->count;
}

bool efi_leave(const struct efi_app *app, struct efi_handover *h)
{
	uint64_t size = 0, key = 0, step = 0;
	uint32_t version;
	efi_status status;

	/* Leaving may itself change the map once: then its key is old, and a second try counts. */
	for (unsigned attempt = 0; attempt < 2; attempt++) {
		size = sizeof(map);
		status = app->boot->get_memory_map(&size, map, &key, &step, &version);
		if (status || step < sizeof(struct efi_memory_descriptor)) {
			efi_print(app, "error: no memory map from firmware (status 0x%lx)",
				  (unsigned long)status);
			return false;
		}
		status = app->boot->exit_boot_services(app->image, key);
		if (!status)
			break;
	}
	if (status) {
		efi_print(app, "error: firmware does not let go (status 0x%lx)",
			  (unsigned long)status);
		return false;
	}
	sort_out(size, step);
	h->boot.memory_count = keep_largest(&usable, kept_usable);
	h->boot.memory = kept_usable;
	h->boot.reserved_count = keep_largest(&reserved, kept_reserved);
	h->boot.reserved = kept_reserved;
	return true;
}
