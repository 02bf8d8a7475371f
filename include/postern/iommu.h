/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IOMMU contract: one `struct iommu_unit` per physical unit, one ops table per kind of IOMMU
 * (iommu/<kind>.c).
 *
 * Invariant V1: from the return of `init` on (success or failure) no requester behind the unit
 * reaches memory unless its stream is attached to a domain. There is no bypass state in this
 * interface. A unit that cannot do that says so (limits.blocks_unknown): then what has no domain is
 * kept quiet by its Bus Master Enable, which is the engine's to hold.
 *
 * Locking: `init` runs once, single-threaded. For everything else the driver takes the unit's lock
 * itself. Every hardware wait is bounded; -ETIMEDOUT means the state of the hardware is unknown and
 * the caller must treat the stream as still able to reach its old domain.
 */
#ifndef POSTERN_IOMMU_H
#define POSTERN_IOMMU_H

#include <postern/host.h>
#include <postern/types.h>

#define MAX_IOMMUS        4
#define IOMMU_PROT_READ   1u
#define IOMMU_PROT_WRITE  2u
#define IOMMU_PROT_DEVICE 4u /* registers (an MSI doorbell), not memory */

struct iommu_unit;
struct pci_function;

/* Common head of every driver's domain; the driver embeds it first in its own structure. */
struct iommu_domain {
	struct iommu_unit *unit;
	uint16_t zone_id;  /* owner, for fault reports */
	uint32_t attached; /* streams attached now */
};

struct iommu_limits {
	unsigned domains;   /* how many can exist at once */
	unsigned streams;   /* stream ids [0, streams) can be attached */
	unsigned slots;     /* how many streams it can know at once, attached and blocked; 0: all */
	bool by_root_port;  /* a stream is a root port (bus 0, devfn) with all that is below it */
	unsigned iova_bits; /* width of an IOVA */
	unsigned output_bits; /* width of a host address it can produce */
	uint64_t page_sizes;  /* bit n set: 2^n bytes can be one mapping */
	bool blocks_unknown;  /* a requester never attached cannot reach memory */
	bool reports_faults;  /* fault_next() can ever return one */
	bool isolates_msi;    /* an MSI doorbell cannot be reached with another device's identity */
};

struct iommu_fault {
	uint32_t stream;
	uint16_t zone_id; /* owner of the stream's domain, or ZONE_NONE when the stream is blocked
			   */
	iova_t iova;      /* meaningful when has_iova */
	bool has_iova;
	bool has_direction; /* the unit told it: `write` is meaningful */
	bool write;
	uint32_t code;      /* the hardware's event number */
	const char *reason; /* static text: "translation", "permission", "bad stream", ... */
};

struct iommu_ops {
	const char *name;
	/*
	 * Pre: unit->base, size and interrupts filled in by the platform. Post: 0 and everything
	 * blocked; or an error, with the reason logged by name, and the unit left in its most
	 * blocking state.
	 */
	int (*init)(struct iommu_unit *u);
	void (*limits)(const struct iommu_unit *u, struct iommu_limits *out);
	/* An empty domain (no IOVA translates). -ENOSPC when limits.domains exist, -ENOMEM. */
	int (*domain_create)(struct iommu_unit *u, uint16_t zone_id, struct iommu_domain **out);
	/* Pre: nothing attached (-EBUSY otherwise). Frees the tables once the hardware holds
	 * nothing of them. */
	int (*domain_destroy)(struct iommu_domain *d);
	/* Aligned to the smallest of limits.page_sizes. -EEXIST if any page of the range is mapped
	 * (nothing changed), -ENOMEM, -ERANGE, -EINVAL. */
	int (*map)(struct iommu_domain *d, iova_t iova, hpa_t pa, uint64_t size, unsigned prot);
	/*
	 * Post of 0: no translation of the range is in the tables or any TLB. -ENOENT if part was
	 * not mapped; -EINVAL where a unit cannot split what one map() made.
	 */
	int (*unmap)(struct iommu_domain *d, iova_t iova, uint64_t size);
	/* The stream's DMA goes through the domain from now on. -EBUSY if attached elsewhere,
	 * -ERANGE, -ENOMEM, -ENOSPC (limits.slots streams are known). */
	int (*attach)(struct iommu_domain *d, uint32_t stream);
	/* The stream is blocked. Post of 0: proven by the unit (invalidated and synchronized).
	 * Blocking twice is fine. */
	int (*block)(struct iommu_unit *u, uint32_t stream);
	/*
	 * Where slots are scarce: forgets a blocked stream, which is from then on what
	 * blocks_unknown says. Pre: the functions behind it were proven reset and have Bus Master
	 * off. Post of 0: its slot is free. NULL where nothing is held for a blocked stream.
	 */
	int (*release)(struct iommu_unit *u, uint32_t stream);
	/* 1: *out is the oldest unread fault; 0: none. Also recovers the fault queue from overflow.
	 */
	int (*fault_next)(struct iommu_unit *u, struct iommu_fault *out);
	/* Reads and reports hardware error state (GERROR and the like), returns how many errors
	 * were found. */
	int (*service_errors)(struct iommu_unit *u);
};

/* Interrupts of a unit as the platform's interrupt controller numbers them; 0 = none. */
struct iommu_irqs {
	uint32_t event, error, command, page_request;
};

struct iommu_unit {
	const struct iommu_ops *ops;
	unsigned index;
	hpa_t base; /* registers; 0: the unit is the PCI function `sbdf` and finds them in its BARs
		     */
	uint64_t size;
	/*
	 * Of a PCI function: `function` is set when the scan has found it, before init. It belongs
	 * to the engine, no zone sees it.
	 */
	sbdf_t sbdf;
	struct pci_function *function;
	unsigned max_streams; /* firmware's limit on limits.slots; 0: the hardware's own */
	bool msi_bypass;      /* firmware says: messages to the doorbell are not translated */
	bool dma_coherent;    /* firmware says table walks snoop CPU caches */
	/*
	 * Of a unit with tables in its own memory: directories hold addresses as the CPU sees them,
	 * not counted from that memory's beginning. Boards disagree, or their drivers do.
	 */
	bool tables_by_cpu_address;
	struct iommu_irqs irqs;
	struct lock lock;
	void *state; /* the driver's own */
};

/* The drivers a platform may name. */
extern const struct iommu_ops arm_smmu_v3_ops;    /* iommu/arm-smmu-v3.c */
extern const struct iommu_ops loongson_iommu_ops; /* iommu/loongson.c: both generations */
extern const struct iommu_ops virtio_iommu_ops;   /* iommu/virtio-iommu.c */

#endif
