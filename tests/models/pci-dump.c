// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions of the PCI model from what `lspci -xxx` or `-xxxx` printed: "BB:DD.F text" (or with a
 * domain, of which the first one is taken) followed by "OFF: xx xx ..." lines.
 */
#include "pci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dumped {
	struct model_pci_function *f;
	unsigned bus;
};

static struct dumped dumped[MODEL_PCI_MAX];

/*
 * What software can write in a header; a BAR's size is taken from its address's alignment, at most
 * 1 MiB.
 */
static void make_writable(struct model_pci_function *f)
{
	bool bridge = (f->config[0x0e] & 0x7f) == 1;

	f->write[4] = 0x47;
	f->write[5] = 0x05;
	f->w1c[7] = 0xf9;
	for (unsigned bar = 0; bar < (bridge ? 2u : 6u); bar++) {
		uint32_t low = model_pci_get(f, 0x10 + 4 * bar, 4);
		uint32_t address = low & 1 ? low & 0xfffc : low & 0xfffffff0u, size;

		if (!address)
			continue;
		size = address & (~address + 1);
		if (size > MODEL_PCI_MEM_MAX)
			size = MODEL_PCI_MEM_MAX;
		for (unsigned i = 0; i < 4; i++)
			f->write[0x10 + 4 * bar + i] = (uint8_t)(~(size - 1) >> 8 * i);
		if (low & 1)
			continue;
		f->mem_size[bar] = size;
		f->mem[bar] = calloc(1, size);
		if ((low & 6) == 4)
			memset(&f->write[0x14 + 4 * bar++], 0xff, 4);
	}
	if (bridge) {
		memset(&f->write[0x18], 0xff, 4);
		memset(&f->write[0x20], 0xff, 16);
		memset(&f->write[0x3e], 0xff, 2);
	}
	for (unsigned at = f->config[0x34] & 0xfcu, n = 0;
	     f->config[6] & 0x10 && at >= 0x40 && n < 48; n++) {
		if (f->config[at] == 0x10) {
			f->pcie = (uint16_t)at;
			memset(&f->write[at + 8], 0xff, 2);
			f->w1c[at + 10] = 0x0f;
		}
		if (f->config[at] == 0x05 || f->config[at] == 0x11)
			f->write[at + (f->config[at] == 5 ? 2 : 3)] = f->config[at] == 5 ? 0x71
											 : 0xc0;
		at = f->config[at + 1] & 0xfcu;
	}
}

unsigned model_pci_dump(const char *text)
{
	unsigned count = 0, first = model_pci_count();
	struct model_pci_function *f = NULL;

	while (*text) {
		size_t length = strcspn(text, "\n");
		char line[256];
		unsigned domain, bus, dev, fn, offset;
		int used = 0;

		snprintf(line, sizeof(line), "%.*s", (int)(length < 255 ? length : 255), text);
		text += length + (text[length] == '\n');
		if (sscanf(line, "%x:%x:%x.%x %n", &domain, &bus, &dev, &fn, &used) == 4 ||
		    (domain = 0, sscanf(line, "%2x:%2x.%1x %n", &bus, &dev, &fn, &used) == 3)) {
			f = domain ? NULL : model_pci_new(-1, dev << 3 | fn);
			if (f)
				dumped[count++] = (struct dumped){ f, bus };
		} else if (f && sscanf(line, "%x:%n", &offset, &used) == 1 && used &&
			   offset + 16 <= 4096) {
			for (unsigned i = 0, byte; i < 16; i++) {
				int n = 0;

				if (sscanf(line + used, " %2x%n", &byte, &n) != 1)
					break;
				used += n;
				f->config[offset + i] = (uint8_t)byte;
			}
		}
	}
	for (unsigned i = 0; i < count; i++) {
		for (unsigned j = 0; j < count; j++)
			if (dumped[i].bus && (dumped[j].f->config[0x0e] & 0x7f) == 1 &&
			    dumped[j].f->config[0x19] == dumped[i].bus)
				dumped[i].f->parent = (int)(first + j);
		make_writable(dumped[i].f);
		model_pci_seal(dumped[i].f);
	}
	return count;
}

unsigned model_pci_dump_file(const char *name)
{
	static char text[1 << 20];
	char path[256];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "tests/models/pci-dumps/%s", name);
	file = fopen(path, "r");
	if (!file) {
		model_fail("pci dump: cannot read %s (run from the repository's top)", path);
		return 0;
	}
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	return model_pci_dump(text);
}
