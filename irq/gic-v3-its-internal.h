/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the physical ITS driver share: gic-v3-its.c (vectors), gic-v3-its-hw.c (tables,
 * queue). See gic-v3-its.h.
 */
#ifndef IRQ_GIC_V3_ITS_INTERNAL_H
#define IRQ_GIC_V3_ITS_INTERNAL_H

#include <postern/platform.h>

#include "gic-v3-its.h"
#include "gic-v3-regs.h"

#define ITS_MAX_DEVICES 64u

/* A device with vectors. */
struct its_device {
	bool used;
	uint32_t id;
	unsigned count;
	void *itt;
	size_t itt_pages;
};

/* Where the ITS keeps what it knows of devices: flat, or pages found through a first level. */
struct its_device_table {
	uint64_t ids; /* device ids it can hold */
	bool indirect;
	uint64_t *level1;    /* indirect: one entry a page */
	uint64_t page_bytes; /* of a second-level page */
	uint64_t ids_per_page;
};

struct gic_its {
	hpa_t base;
	bool dead; /* the queue did not drain once: what the hardware knows is unknown */
	bool pta;
	unsigned itt_entry; /* bytes */
	unsigned event_bits, device_bits;
	unsigned collections;
	uint32_t mapped; /* bit n: the collection of CPU n */
	struct its_device_table devices;
	struct its_command *queue;
	unsigned write, unsent; /* in commands */
	int batch_error;        /* of a part of the batch that went out already */
	struct gic_its_stats stats;
	struct its_device device[ITS_MAX_DEVICES];
};

/* Everything below: unit lock held, or boot. */

/*
 * Reads what the ITS can do, gives it tables and a queue, enables it. -ENODEV, -ENOMEM, -ETIMEDOUT,
 * -EIO; logged.
 */
int its_hw_init(struct gic_its *its);
/* The ITS has memory for this device id. -ENOSPC: it cannot, -ENOMEM. */
int its_hw_cover(struct gic_its *its, uint32_t device_id);

/*
 * Puts a command in the queue; its_flush() starts what is there and waits for it. 0; -EIO: the unit
 * refused a command (skipped); -ETIMEDOUT: the unit is dead from now on. its_send() remembers an
 * error for the next its_flush().
 */
void its_send(struct gic_its *its, const struct its_command *cmd);
int its_flush(struct gic_its *its);

void its_send_mapd(struct gic_its *its, uint32_t device, hpa_t itt, unsigned event_bits,
		   bool valid);
void its_send_mapc(struct gic_its *its, unsigned cpu);
void its_send_mapti(struct gic_its *its, uint32_t device, uint32_t event, uint32_t lpi,
		    unsigned cpu);
void its_send_movi(struct gic_its *its, uint32_t device, uint32_t event, unsigned cpu);
void its_send_inv(struct gic_its *its, uint32_t device, uint32_t event);
void its_send_invall(struct gic_its *its, unsigned cpu);
void its_send_discard(struct gic_its *its, uint32_t device, uint32_t event);
void its_send_sync(struct gic_its *its, unsigned cpu);

#endif
