/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a zone must see of a PCI function, byte by byte: a second opinion on pci/vpci*.c.
 *
 * Written from docs/config-space.md and the PCI Express Base Specification, working on nothing but
 * the raw bytes a dump has of the function: this header and refconfig*.c include no header of pci/
 * and no register header at all; offsets and bits are written out. One difference between the two,
 * in any byte after any access, is a mistake in one of them or in that page.
 *
 * The model holds the virtual config space and what the hardware's is to be. It knows hardware in
 * which software can change every bit but those that a written 1 clears: a write that should not
 * have reached it leaves a trace.
 */
#ifndef MODEL_REFCONFIG_H
#define MODEL_REFCONFIG_H

#include <postern/types.h>

#define REF_CONFIG 4096u
#define REF_BARS   6u

/* What the bytes do not tell. */
struct refconfig_facts {
	const uint8_t *dump; /* REF_CONFIG bytes, as found when the machine started */
	/* Sizes of memory BARs that have a place in the host; 0: none (or the upper half). */
	uint64_t bar_size[REF_BARS];
	uint64_t bar_place[REF_BARS]; /* where the zone finds them */
	/*
	 * A virtual function: what the dump has of its physical function, whose SR-IOV capability
	 * says which device ID and BARs it has; NULL: it is none.
	 */
	const uint8_t *pf;
	bool with_pf; /* on the bus where its physical function is: it has no decode of its own */
	bool placeholder;     /* and is not the zone's */
	uint16_t not_command; /* Command bits that its hardware does not have */
	bool below_port;      /* of the zone's bus; otherwise on its bus 0 */
	unsigned vectors;
	unsigned pin; /* of its INTx line as the zone sees it, 1..4; 0: it has none */
	/* The hypervisor's own message for vector 0; those of the others count up. */
	uint64_t doorbell;
	uint32_t data;
};

/* What a synthesized root port needs to know of the function below it (device 0 function 0). */
struct refport_facts {
	const uint8_t *below; /* its dump; NULL: nothing is there */
	unsigned slot, secondary;
	/* Windows as placed at first: start, and size (0: closed); prefetchable second. */
	uint64_t window[2], window_size[2];
};

struct refconfig {
	struct refconfig_facts facts;
	/* Of each bit one at most; `decided` is all of them. The rest reads 0 and drops writes. */
	uint8_t constant[REF_CONFIG]; /* values; only decided bits not in the masks below */
	uint8_t kept[REF_CONFIG], live[REF_CONFIG], pass[REF_CONFIG], w1c[REF_CONFIG];
	uint8_t decided[REF_CONFIG];
	uint8_t view[REF_CONFIG];  /* of kept bits: what was written last */
	uint8_t hw[REF_CONFIG];    /* the hardware, as it must be now */
	uint8_t quiet[REF_CONFIG]; /* the hardware at assignment: what it is after a reset again */
	bool resetting;            /* reads all-ones until refconfig_back() */
	bool bus_reset;            /* a port: its last write asked for one */
	bool is_port;
	/* Capabilities shown; 0: not. */
	unsigned pm, msi, msix, pcie;
	bool flr, msi64;
	unsigned msi_log2;
	unsigned power;
	bool memory_on;
	bool answers[REF_BARS]; /* this BAR decodes now, at: */
	uint64_t at[REF_BARS];
	/* The zone's windows: a BAR answers inside these only. */
	uint64_t low, low_size, high, high_size;
};

/*
 * The state right after assignment. `hw` is what the hardware holds at that moment, everything the
 * hypervisor programmed included.
 */
void refconfig_endpoint(struct refconfig *r, const struct refconfig_facts *facts,
			const uint8_t *hw);
void refconfig_port(struct refconfig *r, const struct refport_facts *facts);

/* What the zone reads; offset + size <= REF_CONFIG. */
uint64_t refconfig_read(const struct refconfig *r, unsigned offset, unsigned size);
/* What its write changes, in the view and in the hardware. */
void refconfig_write(struct refconfig *r, unsigned offset, unsigned size, uint64_t value);
/* The reset that a write began is over. */
void refconfig_back(struct refconfig *r);
/* Bits of the hardware that a written 1 clears, for whoever plays the hardware. */
void refconfig_hardware_w1c(const uint8_t *dump, uint8_t *mask);

#endif
