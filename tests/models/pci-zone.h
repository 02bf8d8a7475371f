/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zones for tests of the virtual bus: a machine of the PCI model, scanned, and two zones with a
 * recording interrupt controller each and a physical MSI unit whose messages no zone could guess.
 */
#ifndef MODEL_PCI_ZONE_H
#define MODEL_PCI_ZONE_H

#include "pci.h"

#include <postern/zone.h>

/* The zones' address space, unlike the host's. */
#define ZONE_ECAM     ((gpa_t)0x40000000)
#define ZONE_MEM32    ((gpa_t)0x50000000)
#define ZONE_MEM32_SZ ((uint64_t)0x08000000)
#define ZONE_MEM64    ((gpa_t)0x6000000000)
#define ZONE_MEM64_SZ ((uint64_t)0x1000000000)
/* Where a zone's messages must go, and where the hardware's do. */
#define ZONE_DOORBELL ((uint64_t)0x08090040)
#define REAL_DOORBELL ((uint64_t)0x7fee1000040)
#define REAL_DATA     0x5a00u /* plus the vector's index */

struct model_zone {
	struct zone zone;
	struct vpci *v;
	unsigned delivered, dropped; /* messages */
	uint32_t last_device, last_data;
	uint64_t last_address;
	int vcpu_of[256]; /* by data; -1: not mapped */
};

struct model_pci_machine {
	struct pci_host host;
	struct pci_table table;
	struct msi_unit unit;
	struct model_zone zones[2];
	struct msi_vector vectors[16][128];
	unsigned vector_sets, retargets;
	bool real_is_32bit; /* the MSI unit's doorbell lies below 4 GiB */
};
extern struct model_pci_machine machine;

/*
 * A fresh model_reset() machine: builds the hierarchy (NULL: nothing is added), scans it, makes
 * both zones, empty.
 */
void model_machine(const char *text);
/*
 * The zones alone, empty, for a machine that a test has made and scanned into `machine.table` itself.
 */
void model_zones(void);
/* Gives function bus:dev.fn to zone z as core/device.c would; what vpci_add() says. */
int model_assign(unsigned z, unsigned bus, unsigned dev, unsigned fn, sbdf_t vbdf, sbdf_t vport);
struct pci_function *model_function(unsigned bus, unsigned dev, unsigned fn);
/* The vectors it was given. */
struct msi_vector *model_vectors(const struct pci_function *f);

#endif
