/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole machine for the security tests: the shipped drivers (SMMUv3, page tables, ITS, GIC), life
 * cycle and virtual bus over the hardware models, two zones with memory, and devices that do DMA and
 * send messages as the hardware lets them.
 */
#ifndef SECURITY_FIXTURE_H
#define SECURITY_FIXTURE_H

#include "gic.h"
#include "its.h"
#include "pci-zone.h"
#include "smmuv3.h"
#include "unit.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#define SECURE_CPUS          4u
#define SECURE_RAM_GPA       ((gpa_t)0x80000000)
#define SECURE_RAM_SIZE      (4 * MIB)
/* Above 1 TiB, so that an address held in 32 or 40 bits shows. */
#define SECURE_RAM_HPA(zone) ((hpa_t)0x12345600000 + (zone) * 64 * MIB)

struct secure_machine {
	struct machine board;
	struct manifest_zone wishes[2];
	struct model_smmu *smmu;
	unsigned blocks; /* proven ones */
};
extern struct secure_machine secure;

/* A drive (01:00.0) and a card (02:00.0), each behind a port of its own. */
extern const char secure_tree[];

/* A fresh machine: scanned, grouped, units up, zones 0 (root) and 1 (guest) with memory. */
void secure_setup(const char *tree);
struct zone *secure_zone(unsigned zone);

int secure_give(unsigned zone, struct pci_function *f);
/* A release to its end, time passing. */
int secure_take_back(unsigned zone, struct pci_function *f);
/* The rest of one that answered err. */
int secure_finish(struct device_quiesce *q, int err);

/* The function's own access to memory. False: aborted. */
bool secure_dma(const struct pci_function *f, iova_t iova, hpa_t *out);
/* The function's config space as its zone sees it. */
uint64_t secure_rd(unsigned zone, const struct pci_function *f, unsigned offset, unsigned size);
void secure_wr(unsigned zone, const struct pci_function *f, unsigned offset, unsigned size,
	       uint64_t value);
/* Where BAR 0 stands for the zone. */
gpa_t secure_bar0(unsigned zone, const struct pci_function *f);
uint64_t secure_mmio_rd(unsigned zone, gpa_t addr, unsigned size);
void secure_mmio_wr(unsigned zone, gpa_t addr, unsigned size, uint64_t value);

/*
 * What a driver does first: decode and Bus Master on, MSI-X on, entry 0 with the zone's doorbell and
 * `data`, unmasked. Pre: the table is at 0x2000 of BAR 0.
 */
void secure_drive(unsigned zone, const struct pci_function *f, uint32_t data);
/* The device sends entry 0's message, as its registers say, and every CPU takes what is pending. */
void secure_send(const struct pci_function *f);

/*
 * From now on, each time the code under test touches something while it holds no lock, `other` runs:
 * what another CPU could do at this point. 0 or NULL: no more. Returns how often it ran.
 */
unsigned secure_interleave(void (*other)(void));

#endif
