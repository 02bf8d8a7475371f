// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions of the PCI model from a short text; the grammar is in pci.h. Offsets and bits are
 * written out: see pci.c.
 */
#include "pci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NESTING 16

enum kind {
	KIND_HOST,
	KIND_PORT,
	KIND_UP,
	KIND_DOWN,
	KIND_PCIBRIDGE,
	KIND_PCI,
	KIND_EP,
	KIND_RCIEP
};

struct builder {
	struct model_pci_function *f;
	enum kind kind;
	unsigned cap, ext;           /* where the next capability goes */
	unsigned cap_link, ext_link; /* where the pointer to it is kept */
	bool acs, flr;
};

static const char *const presets[][2] = {
	{ "nvme", "ep id=1b36:0010 class=010802 bar0=m64:16K pm=nsr flr msix=65@0+2000,0+3000" },
	{ "igb", "ep id=8086:10c9 class=020000 bar0=m32:128K bar1=m32:128K bar2=io:32 bar3=m64:16K "
		 "pm flr msi=1 msix=10@3+0,3+2000 dsn sriov=8 ari=0" },
	{ "igbpf",
	  "ep id=8086:10c9 class=020000 bar0=m32:128K bar1=m32:128K bar2=io:32 bar3=m64:16K "
	  "pm flr msi=1 msix=10@3+0,3+2000 dsn ari=0 sriov=8 vfbars" },
	{ "port", "rootport id=1b36:000c class=060400 bar0=m32:4K msix=1@0+0,0+800 acs=1" },
};

static unsigned long long number(const char *s)
{
	char *end;
	unsigned long long v = strtoull(s, &end, 0);

	switch (*end) {
	case 'K':
		return v << 10;
	case 'M':
		return v << 20;
	case 'G':
		return v << 30;
	default:
		return v;
	}
}

/* A classic capability of `size` bytes; its place. */
static unsigned add_cap(struct builder *b, unsigned id, unsigned size)
{
	unsigned at = b->cap;

	if (at + size > 256)
		model_fail("pci text: no room for capability %u", id);
	b->f->config[b->cap_link] = (uint8_t)at;
	b->f->config[at] = (uint8_t)id;
	b->f->config[0x06] |= 0x10;
	b->cap_link = at + 1;
	b->cap = (at + size + 3) & ~3u;
	return at;
}

static unsigned add_ext(struct builder *b, unsigned id, unsigned size)
{
	unsigned at = b->ext;

	if (b->ext_link) {
		uint32_t header = model_pci_get(b->f, b->ext_link, 4);

		model_pci_put(b->f, b->ext_link, 4, (header & 0xfffff) | at << 20, 0, 0);
	}
	model_pci_put(b->f, at, 4, id | 1u << 16, 0, 0);
	b->ext_link = at;
	b->ext = (at + size + 3) & ~3u;
	return at;
}

static void add_pcie(struct builder *b, unsigned type, bool slot)
{
	unsigned at = add_cap(b, 0x10, 0x3c);
	struct model_pci_function *f = b->f;
	bool port = type == 4 || type == 6;

	f->pcie = (uint16_t)at;
	model_pci_put(f, at + 2, 2, 2u | type << 4 | (slot ? 0x100u : 0), 0, 0);
	model_pci_put(f, at + 4, 4, 0x8001 | (b->flr ? 1u << 28 : 0), 0, 0);
	model_pci_put(f, at + 8, 2, 0x2810, 0xffff, 0);
	model_pci_put(f, at + 10, 2, 0, 0, 0x000f);
	if (type == 9)
		return;
	model_pci_put(f, at + 12, 4, 0x00000c12, 0, 0);
	model_pci_put(f, at + 16, 2, 0, 0x0ff3, 0);
	model_pci_put(f, at + 18, 2, 0x1012, 0, 0xc000);
	if (slot) {
		model_pci_put(f, at + 20, 4, 0x0004007b, 0, 0);
		model_pci_put(f, at + 24, 2, 0x03ff, 0x1fff, 0);
		model_pci_put(f, at + 26, 2, 0x0040, 0, 0x011f);
	}
	if (type == 4) {
		model_pci_put(f, at + 28, 2, 0x000f, 0x001f, 0);
		model_pci_put(f, at + 30, 2, 1, 0, 0);
	}
	model_pci_put(f, at + 0x24, 4, port ? 0x20 : 0x1f, 0, 0);
	model_pci_put(f, at + 0x28, 2, 0, 0x003f, 0);
}

static void add_bar(struct builder *b, unsigned n, const char *spec)
{
	const char *colon = strchr(spec, ':');
	uint64_t size = colon ? number(colon + 1) : 0, mask = ~(size - 1);
	bool wide = strncmp(spec, "m64", 3) == 0, io = strncmp(spec, "io", 2) == 0;
	uint32_t low = io ? 1 : (wide ? 4u : 0) | (colon && colon[-1] == 'p' ? 8u : 0);

	if (!size || size & (size - 1) || n > 5)
		model_fail("pci text: bad BAR %s", spec);
	model_pci_put(b->f, 0x10 + 4 * n, 4, low, (uint32_t)mask & (io ? 0xfffffffcu : 0xfffffff0u),
		      0);
	if (wide)
		model_pci_put(b->f, 0x14 + 4 * n, 4, 0, (uint32_t)(mask >> 32), 0);
	if (io)
		return;
	b->f->mem_size[n] = size;
	b->f->mem[n] = calloc(1, size < MODEL_PCI_MEM_MAX ? (size_t)size : MODEL_PCI_MEM_MAX);
}

static void set_firmware_bar(struct builder *b, unsigned n, uint64_t at)
{
	uint32_t low = model_pci_get(b->f, 0x10 + 4 * n, 4);

	for (unsigned i = 0; i < 4; i++)
		b->f->config[0x10 + 4 * n + i] = (uint8_t)(((uint32_t)at | (low & 0xf)) >> 8 * i);
	if ((low & 7) == 4)
		for (unsigned i = 0; i < 4; i++)
			b->f->config[0x14 + 4 * n + i] = (uint8_t)(at >> (32 + 8 * i));
}

static void add_msix(struct builder *b, const char *spec)
{
	struct model_pci_function *f = b->f;
	unsigned n, tbar, toff, pbar, poff, at;

	if (sscanf(spec, "%u@%u+%x,%u+%x", &n, &tbar, &toff, &pbar, &poff) != 5 || tbar > 7 ||
	    pbar > 7)
		model_fail("pci text: bad msix %s", spec);
	at = add_cap(b, 0x11, 12);
	f->msix = (uint16_t)at;
	model_pci_put(f, at + 2, 2, n - 1, 0xc000, 0);
	model_pci_put(f, at + 4, 4, toff | tbar, 0, 0);
	model_pci_put(f, at + 8, 4, poff | pbar, 0, 0);
	f->msix_entries = n;
	f->msix_bar = tbar;
	f->msix_table = toff;
	f->pba_bar = pbar;
	f->pba = poff;
	for (unsigned i = 0;
	     tbar < 6 && i < n && f->mem[tbar] && toff + 16 * i + 16 <= f->mem_size[tbar]; i++)
		f->mem[tbar][toff + 16 * i + 12] = 1;
	if (tbar > 5 || !f->mem[tbar] || toff + 16ull * n > f->mem_size[tbar])
		f->msix_entries = 0; /* lies about its table */
}

static void add_msi(struct builder *b, unsigned vectors)
{
	unsigned at = add_cap(b, 0x05, 24), log2 = (unsigned)__builtin_ctz(vectors);

	b->f->msi = (uint16_t)at;
	model_pci_put(b->f, at + 2, 2, 0x180 | log2 << 1, 0x71, 0);
	model_pci_put(b->f, at + 4, 4, 0, 0xfffffffc, 0);
	model_pci_put(b->f, at + 8, 4, 0, 0xffffffff, 0);
	model_pci_put(b->f, at + 12, 2, 0, 0xffff, 0);
	model_pci_put(b->f, at + 16, 4, 0, (uint32_t)((1ull << vectors) - 1), 0);
}

static void add_sriov(struct builder *b, unsigned vfs)
{
	unsigned at = add_ext(b, 0x10, 0x40);

	model_pci_put(b->f, at + 8, 2, 0, 0x1f, 0);
	model_pci_put(b->f, at + 0x0c, 4, vfs | vfs << 16, 0, 0);
	model_pci_put(b->f, at + 0x14, 4, 0x00020080, 0, 0);
}

/* igbvf's BARs: two of 16 KiB, registers and MSI-X. */
static void add_vf_bars(struct builder *b)
{
	struct model_pci_function *f = b->f;
	unsigned at = b->ext_link;

	f->sriov = (uint16_t)at;
	f->vfs_ns = 50000000;
	model_pci_put(f, at + 8, 2, 0, 0x19, 0);
	model_pci_put(f, at + 0x10, 2, 0, 0xffff, 0);
	model_pci_put(f, at + 0x1a, 2, 0x10ca, 0, 0);
	model_pci_put(f, at + 0x1c, 4, 0x553, 0, 0);
	model_pci_put(f, at + 0x20, 4, 1, 0x553, 0);
	for (unsigned bar = 0; bar < 6; bar += 3) {
		model_pci_put(f, at + 0x24 + 4 * bar, 4, 0xc, 0xffffc000, 0);
		model_pci_put(f, at + 0x28 + 4 * bar, 4, 0, 0xffffffff, 0);
		f->vf_bar_size[bar] = 16 << 10;
	}
}

static void attribute(struct builder *b, const char *name, const char *value)
{
	struct model_pci_function *f = b->f;
	unsigned a, c, at;
	unsigned long long base, limit;

	if (strcmp(name, "id") == 0 && sscanf(value, "%x:%x", &a, &c) == 2) {
		model_pci_put(f, 0, 4, a | c << 16, 0, 0);
	} else if (strcmp(name, "class") == 0 && sscanf(value, "%x", &a) == 1) {
		model_pci_put(f, 8, 4, a << 8 | 2, 0, 0);
	} else if (strcmp(name, "multi") == 0) {
		f->config[0x0e] |= 0x80;
	} else if (strcmp(name, "acs") == 0) {
		b->acs = number(value);
	} else if (strcmp(name, "flr") == 0 || strcmp(name, "slot") == 0) {
		/* seen before the PCIe capability was made */
	} else if (strcmp(name, "ari") == 0) {
		at = add_ext(b, 0x0e, 8);
		model_pci_put(f, at + 4, 2, (uint32_t)number(value) << 8, 0, 0);
		model_pci_put(f, at + 6, 2, 0, 0x73, 0);
	} else if (strcmp(name, "sriov") == 0) {
		add_sriov(b, (unsigned)number(value));
	} else if (strcmp(name, "vfbars") == 0) {
		add_vf_bars(b);
	} else if (strcmp(name, "pin") == 0) {
		f->config[0x3d] = (uint8_t)number(value);
	} else if (strcmp(name, "dsn") == 0) {
		at = add_ext(b, 3, 12);
		model_pci_put(f, at + 4, 4, 0xff000001, 0, 0);
		model_pci_put(f, at + 8, 4, 0x52540012, 0, 0);
	} else if (strcmp(name, "pm") == 0) {
		at = add_cap(b, 1, 8);
		f->pm = (uint16_t)at;
		model_pci_put(f, at + 2, 2, 0xc803, 0, 0);
		model_pci_put(f, at + 4, 2, strcmp(value, "nsr") == 0 ? 8 : 0, 0x0103, 0x8000);
	} else if (strcmp(name, "af") == 0) {
		at = add_cap(b, 0x13, 6);
		f->af = (uint16_t)at;
		model_pci_put(f, at + 2, 4, 0x0306, 0x00010000, 0);
	} else if (strcmp(name, "vpd") == 0) {
		at = add_cap(b, 3, 8);
		model_pci_put(f, at + 2, 4, 0, 0xffffffff, 0);
	} else if (strcmp(name, "vendor") == 0) {
		at = add_cap(b, 9, 16);
		model_pci_put(f, at + 2, 2, 16, 0, 0);
		model_pci_put(f, at + 4, 4, 0x5ec2e700, 0xffffffff, 0);
	} else if (strcmp(name, "msi") == 0) {
		add_msi(b, (unsigned)number(value));
	} else if (strcmp(name, "msix") == 0) {
		add_msix(b, value);
	} else if (strncmp(name, "bar", 3) == 0 && name[3]) {
		add_bar(b, (unsigned)(name[3] - '0'), value);
	} else if (strncmp(name, "fw", 2) == 0 && name[2]) {
		set_firmware_bar(b, (unsigned)(name[2] - '0'), number(value));
	} else if (strcmp(name, "pri") == 0) {
		f->config[0x18] = (uint8_t)number(value);
	} else if (strcmp(name, "sec") == 0) {
		f->config[0x19] = (uint8_t)number(value);
	} else if (strcmp(name, "sub") == 0) {
		f->config[0x1a] = (uint8_t)number(value);
	} else if (strcmp(name, "window") == 0 && sscanf(value, "%llx-%llx", &base, &limit) == 2) {
		model_pci_put(f, 0x20, 4, (uint32_t)(base >> 16 | (limit >> 16 & 0xfff0) << 16),
			      0xfff0fff0, 0);
	} else {
		model_fail("pci text: unknown attribute %s=%s", name, value);
	}
}

/* The registers every bridge has. */
static void bridge_header(struct model_pci_function *f)
{
	f->config[0x0e] |= 1;
	model_pci_put(f, 0x18, 4, 0, 0xffffffff, 0);
	model_pci_put(f, 0x1c, 2, 0, 0xf0f0, 0);
	model_pci_put(f, 0x1e, 2, 0, 0, 0xf900);
	model_pci_put(f, 0x20, 4, 0, 0xfff0fff0, 0);
	model_pci_put(f, 0x24, 4, 0x00010001, 0xfff0fff0, 0);
	model_pci_put(f, 0x28, 4, 0, 0xffffffff, 0);
	model_pci_put(f, 0x2c, 4, 0, 0xffffffff, 0);
	model_pci_put(f, 0x3e, 2, 0, 0x0fff, 0);
}

static void attributes(struct builder *b, char *text)
{
	char *save = NULL;

	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = '\0';
		attribute(b, word, value ? value : "");
	}
}

static void build(struct model_pci_function *f, const char *kind, const char *rest)
{
	static const struct {
		const char *name;
		enum kind kind;
		unsigned type; /* PCIe Device/Port Type */
		bool bridge;
	} kinds[] = {
		{ "host", KIND_HOST, 0xff, false },
		{ "rootport", KIND_PORT, 4, true },
		{ "up", KIND_UP, 5, true },
		{ "down", KIND_DOWN, 6, true },
		{ "pcibridge", KIND_PCIBRIDGE, 7, true },
		{ "pci", KIND_PCI, 0xff, false },
		{ "ep", KIND_EP, 0, false },
		{ "rciep", KIND_RCIEP, 9, false },
	};
	struct builder b = { .f = f, .cap = 0x40, .cap_link = 0x34, .ext = 0x100 };
	char text[512], word[32];
	const char *preset = NULL;
	unsigned at;

	for (unsigned i = 0; i < ARRAY_SIZE(presets); i++)
		if (strcmp(kind, presets[i][0]) == 0)
			preset = presets[i][1];
	snprintf(text, sizeof(text), "%s %s", preset ? preset : kind, rest);
	if (sscanf(text, "%31s", word) != 1)
		model_fail("pci text: empty line");
	memmove(text, text + strlen(word), strlen(text + strlen(word)) + 1);
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(word, kinds[i].name) != 0)
			continue;
		b.kind = kinds[i].kind;
		b.flr = strstr(text, " flr") != NULL;
		model_pci_put(f, 0, 4, 0x00011234 | i << 20, 0, 0);
		model_pci_put(f, 4, 2, 0, 0x0547, 0);
		model_pci_put(f, 6, 2, 0, 0, 0xf900);
		f->write[0x0c] = f->write[0x3c] = 0xff;
		model_pci_put(f, 8, 4,
			      kinds[i].bridge ? 0x06040000
			      : i             ? 0x02000000
					      : 0x06000000,
			      0, 0);
		if (kinds[i].bridge)
			bridge_header(f);
		else
			model_pci_put(f, 0x2c, 4, 0x11001af4, 0, 0);
		if (kinds[i].type != 0xff)
			add_pcie(&b, kinds[i].type, b.kind == KIND_PORT);
		attributes(&b, text);
		if (b.acs) {
			at = add_ext(&b, 0x0d, 8);
			model_pci_put(f, at + 4, 2, 0x1d, 0, 0);
			model_pci_put(f, at + 6, 2, 0, 0x1d, 0);
		}
		model_pci_seal(f);
		return;
	}
	model_fail("pci text: unknown kind %s", word);
}

static void add_vfs(struct model_pci_function *pf)
{
	unsigned total = model_pci_get(pf, pf->sriov + 0x0eu, 2);
	unsigned offset = model_pci_get(pf, pf->sriov + 0x14u, 2);
	unsigned stride = model_pci_get(pf, pf->sriov + 0x16u, 2);

	for (unsigned n = 0; n < total; n++) {
		struct model_pci_function *vf =
			model_pci_new(pf->parent, pf->devfn + offset + n * stride);

		vf->pf = pf;
		vf->vf = n;
		for (unsigned bar = 0; bar < 6; bar++) {
			vf->mem_size[bar] = pf->vf_bar_size[bar];
			if (vf->mem_size[bar])
				vf->mem[bar] = calloc(1, (size_t)vf->mem_size[bar]);
		}
		build(vf, "ep", " id=ffff:ffff class=020000 flr msix=3@3+0,3+2000");
	}
}

void model_pci_text(const char *text)
{
	unsigned first = model_pci_count(), last;
	int above[MAX_NESTING] = { -1 };
	char line[512], kind[32];

	while (*text) {
		size_t length = strcspn(text, "\n"), indent = strspn(text, " ") / 2;
		unsigned dev, fn;
		int used = 0;

		if (length >= sizeof(line) || indent + 1 >= MAX_NESTING) {
			model_fail("pci text: line too long");
			return;
		}
		memcpy(line, text, length);
		line[length] = '\0';
		text += length + (text[length] == '\n');
		if (sscanf(line, " %x.%x %31s%n", &dev, &fn, kind, &used) != 3)
			model_fail("pci text: cannot read '%s'", line);
		build(model_pci_new(above[indent], dev << 3 | fn), kind, line + used);
		above[indent + 1] = (int)model_pci_count() - 1;
	}
	last = model_pci_count();
	for (unsigned i = first; i < last; i++)
		if (model_pci(i)->sriov)
			add_vfs(model_pci(i));
}
