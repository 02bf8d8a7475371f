/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A GICv3 ITS as hardware, over the redistributors of gic.h. Written from Arm IHI 0069H alone.
 *
 * As unhelpful as the architecture allows: LPI configuration is cached until INV, a discarded LPI
 * stays pending until SYNC, tables must be in memory, zero at first, large enough, and are the
 * unit's to scribble in.
 */
#ifndef MODEL_ITS_H
#define MODEL_ITS_H

#include <postern/types.h>

struct model_its_config {
	hpa_t base;
	bool pta;
	unsigned device_bits, event_bits;
	unsigned itt_entry;            /* bytes */
	unsigned device_entry;         /* bytes */
	bool no_indirect;              /* GITS_BASER.Indirect reads 0 */
	unsigned only_page;            /* GITS_BASER.Page_Size takes only this code; 3: all */
	bool no_snoop;                 /* shareability reads 0 */
	unsigned hardware_collections; /* and no collection table */
	bool virtual_only;             /* no ITS for physical LPIs */
};

void model_its_add(const struct model_its_config *config);
/* GITS_CREADR does not move any more. */
void model_its_freeze(bool frozen);
/* GITS_CTLR.Quiescent does not come. */
void model_its_never_quiescent(void);
/* The n-th command from now on (1 = the next) is refused with a stall; 0: none. */
void model_its_stall_after(unsigned n);

/* A device's write of `data` to GITS_TRANSLATER. False: dropped. */
bool model_its_write(uint32_t device, uint32_t data);

/* Commands done, by opcode; errors the unit saw (each also a stall). */
unsigned model_its_commands(unsigned opcode);
unsigned model_its_errors(void);
unsigned model_its_devices(void); /* mapped now */
unsigned model_its_events(void);  /* mapped now */
bool model_its_two_level(void);

#endif
