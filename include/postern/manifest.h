/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Manifest and bundle: what the user wrote, checked, as plain C data.
 *
 * The manifest is a flattened device tree (docs/manifest.md); the bundle is one flattened device
 * tree that carries it with every kernel and initrd and their SHA-256. The same code runs in the
 * hypervisor at boot and in `postern check` on a workstation. Input is untrusted: every length is
 * checked, every refusal is one struct manifest_error.
 *
 * Caller context: boot, or the start of a zone (libfdt may use FP registers). No locks, no
 * allocation.
 */
#ifndef POSTERN_MANIFEST_H
#define POSTERN_MANIFEST_H

#include <postern/types.h>

#define MANIFEST_MAX_ZONES   8
#define MANIFEST_MAX_DEVICES 16
#define MANIFEST_MAX_VFS     64 /* of one physical function */
#define MANIFEST_NAME        32
#define MANIFEST_BOOTARGS    512
#define MANIFEST_MAX_IMAGES  16
#define SHA256_SIZE          32

enum device_match { MATCH_BDF, MATCH_ID };

struct manifest_device {
	char name[MANIFEST_NAME]; /* node name, for messages */
	enum device_match match;
	sbdf_t bdf;              /* MATCH_BDF */
	uint16_t vendor, device; /* MATCH_ID; the first not yet taken in SBDF order, `instance`
				    skips some */
	uint32_t class_code, class_mask; /* MATCH_ID by class when vendor == 0xffff */
	unsigned instance;
	sbdf_t virtual_bdf; /* SBDF_NONE: chosen */
	unsigned sriov_vfs; /* how many virtual functions its owner may enable; 0: none, SR-IOV is
			       hidden */
	bool is_vf;         /* the node means virtual function number `vf` of what it names */
	unsigned vf;
	/*
	 * Filled in by manifest_resolve(): index into the machine's device table, or -1. A node of
	 * a VF holds no function that the scan found: its `function` is -1, `vf_of` is its physical
	 * function.
	 */
	int function, vf_of;
};

struct manifest_zone {
	char name[MANIFEST_NAME];
	bool root;
	unsigned cpus;
	uint64_t memory;                                   /* bytes, multiple of 2 MiB */
	char kernel[MANIFEST_NAME], initrd[MANIFEST_NAME]; /* image names; initrd may be "" */
	char bootargs[MANIFEST_BOOTARGS];
	bool autostart;      /* false: `no-autostart;` */
	bool all_unassigned; /* root only */
	bool trust_dma;      /* `trust-dma;`: devices that no IOMMU translates may be given to it */
	bool debug_half_dma; /* `debug-omit-upper-half-dma;`: upper half of RAM is left out of the
				DMA domain */
	struct manifest_device devices[MANIFEST_MAX_DEVICES];
	unsigned device_count;
	bool refused; /* checked and found wanting: not to be started */
};

struct manifest {
	struct manifest_zone zones[MANIFEST_MAX_ZONES];
	unsigned zone_count;
};

/* V8: a refusal names the device, the zone, the rule and the way out. Unused names are "". */
struct manifest_error {
	bool warning;     /* the zone is started all the same */
	const char *rule; /* "unknown-property", "duplicate-device", ... (docs/manifest.md lists
			     all) */
	char zone[MANIFEST_NAME];
	char subject[64]; /* property, device (BDF or ids) or image */
	char text[192];   /* what is wrong, with the figures */
	char fix[128];    /* what to do about it */
};

/* A range of addresses with a name for messages: static text, or as long-lived as the machine. */
struct manifest_region {
	uint64_t base, size; /* bytes */
	const char *what;
};

/* Where things stand in every zone's guest-physical space (which is its devices' I/O space too). */
struct manifest_layout {
	gpa_t ram;                                 /* the zone's memory begins here, in one piece */
	struct manifest_region window32, window64; /* PCI windows */
	/* Addresses that devices need for themselves: MSI doorbells. */
	const struct manifest_region *doorbells;
	unsigned doorbell_count;
};

/* What manifest_resolve() needs to know of the machine. */
struct manifest_machine {
	unsigned cpus;
	uint64_t memory;                 /* bytes free for zones */
	const struct pci_table *devices; /* NULL: do not resolve devices (host-side check without a
					    machine) */
	const bool *unsized; /* per function of the table: its BARs' sizes are not known, what
				depends on them is not judged; NULL: all are known */
	const struct manifest_layout *layout; /* NULL: not judged */
	/* How many streams each IOMMU knows at a time, by unit; 0: any number. NULL: not judged. */
	const unsigned *iommu_slots;
	unsigned iommu_count;
	/* Host-physical ranges that are no PCI device's: memory, controllers' registers. */
	const struct manifest_region *reserved;
	unsigned reserved_count;
};

typedef void (*manifest_report)(void *ctx, const struct manifest_error *e);

/*
 * Parses the manifest FDT. Every error is reported; zones with an error are marked refused (an
 * error that cannot be attributed to a zone refuses all). Returns the number of errors, or -EBADMSG
 * when the blob is not a manifest.
 */
int manifest_parse(const void *fdt, uint64_t size, struct manifest *out, manifest_report report,
		   void *ctx);

/*
 * Checks against the machine: CPUs, memory, devices present, given once, assignable (not a bridge,
 * has resources), image names known to `has_image` (may be NULL). Zones in order, root first, so
 * that root still boots where it can. Fills in manifest_device.function. Returns the number of
 * errors (each marks its zone refused); warnings are reported and not counted.
 */
int manifest_resolve(struct manifest *m, const struct manifest_machine *machine,
		     bool (*has_image)(void *ctx, const char *name), manifest_report report,
		     void *ctx);

/*
 * True when the function (index into the table) is one `all-unassigned;` gives to root: it can be
 * assigned, it is behind an IOMMU (or root says `trust-dma`) and no zone names it. A refused zone
 * still holds the devices it names. Pre: manifest_resolve() has run.
 */
bool manifest_leaves_over(const struct manifest *m, const struct pci_table *t, unsigned function);

/*
 * How many slots of an IOMMU the manifest's zones need: those other than root, and root for what
 * else it has. A refused zone counts, virtual functions do not. Pre: manifest_resolve() has run.
 */
void manifest_count_slots(const struct manifest *m, const struct pci_table *t, int unit,
			  unsigned *zones, unsigned *root);

/* ---- bundle ---- */

struct bundle_image {
	char name[MANIFEST_NAME];
	const void *data; /* inside the bundle */
	uint64_t size;
	uint8_t sha256[SHA256_SIZE];
};

struct bundle {
	const void *manifest; /* the manifest FDT, inside the bundle */
	uint64_t manifest_size;
	struct bundle_image images[MANIFEST_MAX_IMAGES];
	unsigned image_count;
};

/*
 * Reads a bundle of exactly `size` readable bytes and verifies every checksum. On error returns
 * -EBADMSG and fills *err (rule "bundle-..."); when only images are damaged the others and the
 * manifest are still usable: the return value is 0, `report` is called per damaged image, and the
 * image is left out of the table.
 */
int bundle_open(const void *data, uint64_t size, struct bundle *out, manifest_report report,
		void *ctx);
const struct bundle_image *bundle_find(const struct bundle *b, const char *name);

/* ---- SHA-256 (FIPS 180-4), core/sha256.c ---- */

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t block[64];
};
void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t size);
void sha256_final(struct sha256 *s, uint8_t out[SHA256_SIZE]);
/* 64 hex digits and NUL. */
void sha256_hex(const uint8_t digest[SHA256_SIZE], char out[2 * SHA256_SIZE + 1]);

#endif
