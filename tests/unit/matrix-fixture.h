/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One function of a dump on a zone's bus, beside the reference model of what the zone must see of
 * it. The hardware takes every write, so that one too many shows; accesses go to both sides; after
 * a change everything is put back.
 */
#ifndef MATRIX_FIXTURE_H
#define MATRIX_FIXTURE_H

#include "pci-zone.h"
#include "refconfig.h"
#include "unit.h"

#include <pci/vpci.h>

#define CONFIG   4096u
#define PHYSICAL 64u /* functions of a machine looked at */

/* A function of a dump; the places are the dump's own. */
struct subject {
	const char *name, *file;
	unsigned bus, devfn;
	bool on_bus_0; /* of the zone; else below a port of its own */
	bool port;     /* not the function is looked at, but the port the zone sees above it */
	bool flips;    /* also turn the matrix on itself with it */
	/* A virtual function; it is on another zone's bus than its physical function, or: */
	bool vf;
	unsigned pf;      /* its physical function's devfn */
	bool with_pf;     /* on that one's bus */
	bool placeholder; /* and nobody's */
	bool as_qemu;     /* with a Memory Enable and an INTx Disable, which it must not have */
	unsigned line;    /* INTx: 1 + the line it was given; 0: none */
};

extern const struct subject subjects[];
extern const unsigned subject_count;

struct count {
	unsigned long reads, writes, changes, resets, differences;
};

/* What is being looked at. */
struct looked_at {
	const struct subject *subject;
	struct vpci *v;
	struct vpci_function *fn;
	struct pci_function *f;
	struct model_pci_function *hw;
	unsigned bus, devfn;
	bool in_use;
	/* Right after assignment, and in the state the accesses start from. */
	struct vpci_function assigned, start;
	struct refconfig ref, ref_assigned, ref_start;
	uint8_t hw_assigned[CONFIG], hw_start[CONFIG];
	/* Ports: what is below, and everything physical. */
	struct vpci_function *below, below_start;
	uint8_t physical[PHYSICAL][CONFIG];
	struct count count;
};
extern struct looked_at at;

/* A fresh machine with the subject assigned to zone 1. The counts go on. */
void matrix_setup(const struct subject *s);
/* Brings the subject where accesses start from: just assigned, or decoding and sending messages. */
void matrix_begin(bool in_use);
/* Back there, after an access changed something. */
void matrix_put_back(void);
/* False when the access changed anything on either side. */
bool matrix_unchanged(void);

/* Offsets below CONFIG; an access may run over the end of the page. */
uint64_t matrix_read(unsigned offset, unsigned size);
uint64_t matrix_expect(unsigned offset, unsigned size);
void matrix_write_both(unsigned offset, unsigned size, uint64_t value);

/* Records a difference, reports the first ones. */
void matrix_differ(const char *what, unsigned offset, uint64_t got, uint64_t expected,
		   const char *after);
/* All of the view, all of the hardware. */
void matrix_compare(const char *after);
/* Until a reset that was begun is over. */
void matrix_wait_for_reset(struct vpci_function *fn);

#endif
