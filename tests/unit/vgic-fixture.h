/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A zone with a virtual GIC on the modelled hardware, and a guest that uses it by MMIO. vCPU n is
 * pinned to physical CPU pcpu(n), which is not n.
 */
#ifndef VGIC_FIXTURE_H
#define VGIC_FIXTURE_H

#include <irq/vgic-v3.h>
#include <postern/zone.h>

#define VDIST     ((gpa_t)0x10000000)
#define VREDIST   ((gpa_t)0x10100000)
#define VITS      ((gpa_t)0x10200000)
#define VRAM      ((gpa_t)0x40000000)
#define VRAM_SIZE ((uint64_t)0x200000)

#define VCPUS       3u
#define SPIS        64u
#define ITS_DEVICES 4u
#define ITS_EVENTS  16u
#define LIST_REGS   4u

#define TIMER 27u /* a linked PPI; 30 is the other */

/* Where the guest's LPI configuration table and command queue are. */
#define LPI_TABLE   (VRAM + 0x10000)
#define QUEUE       (VRAM + 0x40000)
#define QUEUE_PAGES 1u

struct fixture {
	struct zone zone;
	struct vgic *vgic;
	uint8_t *ram;
	unsigned queue_at; /* bytes */
	/* What config.retarget was told, newest last. */
	struct {
		uint32_t device, event;
	} told[64];
	unsigned told_count;
};
extern struct fixture f;

unsigned pcpu(unsigned vcpu);
/* A fresh machine and zone; the guest has done nothing. */
void vgic_machine(void);
/*
 * The guest has set up its GIC as kernels do: group 1 on, everything group 1, priority 0xa0, LPIs
 * and ITS on, collection n = vCPU n, LPIs of the table enabled.
 */
void vgic_booted(void);

/* What the hypervisor does before it enters the guest on a vCPU; that CPU is current afterwards. */
void enter(unsigned vcpu);
/* Enters and serves maintenance interrupts until there is none. */
void settle(unsigned vcpu);
/* Enters, the guest acknowledges and ends one interrupt. MODEL_SPURIOUS: none. */
uint32_t take(unsigned vcpu);

uint64_t read_reg(unsigned vcpu, gpa_t addr, unsigned size);
void write_reg(unsigned vcpu, gpa_t addr, unsigned size, uint64_t value);
uint32_t rd(unsigned vcpu, gpa_t addr);
void wr(unsigned vcpu, gpa_t addr, uint32_t value);
gpa_t sgi_frame(unsigned vcpu);
gpa_t rd_frame(unsigned vcpu);
/* GICD or SGI frame register with a bit for this interrupt, on this vCPU. */
void set_bit(unsigned vcpu, unsigned offset, uint32_t intid);
bool get_bit(unsigned vcpu, unsigned offset, uint32_t intid);
void set_priority(unsigned vcpu, uint32_t intid, uint8_t priority);
void route(uint32_t intid, unsigned vcpu);
void enable(unsigned vcpu, uint32_t intid);

/* ITS commands, put in the queue of guest RAM; kick() writes GITS_CWRITER. */
void push(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3);
void kick(unsigned vcpu);
void mapd(uint32_t device, unsigned bits, bool valid);
void mapc(unsigned collection, unsigned vcpu, bool valid);
void mapti(uint32_t device, uint32_t event, uint32_t lpi, unsigned collection);
void movi(uint32_t device, uint32_t event, unsigned collection);
void command(unsigned opcode, uint32_t device, uint32_t event);
void invall(unsigned collection);
/* Byte of the guest's LPI configuration table. */
void lpi_config(uint32_t lpi, uint8_t config);
bool queue_done(unsigned vcpu); /* CREADR == CWRITER */

enum access_result msi(uint32_t device, uint32_t event);
struct vgic_its_stats its_stats(void);

#endif
