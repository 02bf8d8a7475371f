/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every rule a manifest or a bundle can break, with the way out (invariant V8). One list: the checks report by enum, the
 * tests walk it for a failing fixture each, docs/manifest.md explains each.
 *
 * Private to core/manifest*.c, core/bundle.c, `postern check --explain` and their tests. No locks; boot, zone start, or the host tool.
 */
#ifndef CORE_MANIFEST_RULES_H
#define CORE_MANIFEST_RULES_H

#include <postern/manifest.h>

/* X(enumerator, rule, way out) refuses the zone; W(the same) is a warning: the zone starts all the same. */
#define MANIFEST_RULES(X, W)                                                                      \
	/* the blob as a whole */                                                                 \
	X(MANIFEST_FORMAT, "manifest-format",                                                     \
	  "compile the manifest with dtc and rebuild the bundle")                                 \
	X(MANIFEST_VERSION, "manifest-version",                                                   \
	  "begin the root node with compatible = \"postern,manifest-v1\"")                        \
	X(NO_ZONES, "no-zones", "describe the zones as child nodes of a node `zones`")            \
	X(TOO_MANY_ZONES, "too-many-zones", "remove zones")                                       \
	X(NO_ROOT, "no-root", "write `root;` in the zone that manages the others")                \
	X(TWO_ROOTS, "two-roots", "leave `root;` in one zone only")                               \
	/* names and values */                                                                    \
	X(UNKNOWN_PROPERTY, "unknown-property",                                                   \
	  "remove it or correct its spelling (docs/manifest.md lists them)")                      \
	X(UNKNOWN_NODE, "unknown-node",                                                           \
	  "remove it or correct its spelling (docs/manifest.md lists them)")                      \
	X(DUPLICATE_NAME, "duplicate-name", "write each property and each node once")             \
	X(BAD_NAME, "bad-name", "use 1 to 31 letters, digits, '-', '_' or '.'")                   \
	X(BAD_VALUE, "bad-value", "write it in the form docs/manifest.md gives")                  \
	X(MISSING_PROPERTY, "missing-property", "add the property")                               \
	/* one zone */                                                                            \
	X(ZERO_CPUS, "zero-cpus", "give the zone at least one CPU")                               \
	X(MEMORY_TOO_SMALL, "memory-too-small", "give the zone at least 64 MiB")                  \
	X(MEMORY_ALIGNMENT, "memory-alignment", "use an even number of MiB")                      \
	X(ALL_UNASSIGNED_NOT_ROOT, "all-unassigned-not-root",                                     \
	  "list the zone's devices one by one")                                                   \
	X(TOO_MANY_DEVICES, "too-many-devices", "remove devices from the zone")                   \
	X(NO_MATCH, "no-match", "add one of bdf, match-id or match-class")                        \
	X(MATCH_CONFLICT, "match-conflict",                                                       \
	  "leave one of bdf, match-id and match-class, with what belongs to it")                  \
	X(ROOT_VIRTUAL_BDF, "root-virtual-bdf",                                                   \
	  "remove it: root sees its devices where they physically are")                           \
	X(DUPLICATE_VIRTUAL_BDF, "duplicate-virtual-bdf",                                         \
	  "give each device of the zone a virtual-bdf of its own")                                \
	/* the zones together, on a machine */                                                    \
	X(TOO_MANY_CPUS, "too-many-cpus",                                                         \
	  "lower `cpus` here or in another zone, or use a machine with more")                     \
	X(TOO_MUCH_MEMORY, "too-much-memory",                                                     \
	  "lower `memory-mib` here or in another zone, or add memory")                            \
	X(MISSING_IMAGE, "missing-image",                                                         \
	  "add it to the bundle (postern bundle ... NAME=FILE) or correct the name")              \
	X(UNKNOWN_DEVICE, "unknown-device",                                                       \
	  "compare with the list of devices in the boot log, or remove the node")                 \
	X(DUPLICATE_DEVICE, "duplicate-device", "give the device to one zone, once")              \
	X(NOT_ASSIGNABLE, "not-assignable", "remove the node")                                    \
	X(NO_IOMMU, "no-iommu",                                                                   \
	  "move the device behind an IOMMU, remove the node, or write `trust-dma` in the zone")   \
	W(TRUST_DMA, "trust-dma",                                                                 \
	  "none; the zone, and whoever commands the device, can reach all memory")                \
	X(ISOLATION_GROUP, "isolation-group", "give all devices of the group to one zone")        \
	X(SHARED_STREAM, "shared-stream", "give both devices to one zone")                        \
	X(SHARED_PAGE, "shared-page",                                                             \
	  "give both devices to one zone, or let Postern place their BARs")                       \
	X(NO_SRIOV, "no-sriov", "lower `sriov-vfs`, or remove it")                                \
	X(VF_NOT_OFFERED, "vf-not-offered",                                                       \
	  "write `sriov-vfs` with a larger number at the physical function's node")               \
	X(VF_PF_NOT_ROOT, "vf-pf-not-root",                                                       \
	  "give the physical function to root, or the VF to the zone that has it")                \
	X(SHARED_INTX, "shared-intx",                                                             \
	  "give both devices to one zone, or use devices with MSI or MSI-X")                      \
	X(SHARED_MSI_ID, "shared-msi-id", "give both devices to one zone")                        \
	X(IOMMU_SLOTS, "iommu-slots",                                                             \
	  "give this zone, or one before it, fewer devices behind that IOMMU")                    \
	W(IOMMU_SLOTS_ROOT, "iommu-slots-root",                                                   \
	  "give the zones fewer devices, or write those that root needs first in root")           \
	X(RESERVED_REGION, "reserved-region",                                                     \
	  "remove the node; correct the host bridge's windows in the firmware's tables")          \
	X(MSIX_OUTSIDE_BAR, "msix-outside-bar",                                                   \
	  "remove the node, or update the device's firmware")                                     \
	W(MSIX_SHARED_PAGE, "msix-shared-page",                                                   \
	  "none needed; expect slower access to the registers in that page")                      \
	W(NO_RESET, "no-reset", "restart the machine to use it again, or use a device with FLR")  \
	W(FOREIGN_BUS_RESET, "foreign-bus-reset",                                                 \
	  "give all devices below that bridge to one zone, or use a device with FLR")             \
	/* one zone's address space */                                                            \
	X(MEMORY_WINDOW, "memory-window",                                                         \
	  "lower `memory-mib` so that the memory ends below the window")                          \
	X(MEMORY_DOORBELL, "memory-doorbell",                                                     \
	  "lower `memory-mib` so that the memory ends below the doorbell")                        \
	X(WINDOW_OVERFLOW, "window-overflow", "give the zone fewer or smaller devices")           \
	/* the bundle */                                                                          \
	X(BUNDLE_FORMAT, "bundle-format",                                                         \
	  "copy or build the bundle again; it is cut short or damaged")                           \
	X(BUNDLE_VERSION, "bundle-version",                                                       \
	  "build the bundle with `postern bundle` of this version")                               \
	X(BUNDLE_CONTENT, "bundle-content",                                                       \
	  "build the bundle with `postern bundle` of this version")                               \
	X(BUNDLE_MANIFEST_CHECKSUM, "bundle-manifest-checksum", "copy or build the bundle again") \
	X(BUNDLE_IMAGE_CHECKSUM, "bundle-image-checksum", "copy or build the bundle again")       \
	X(BUNDLE_TOO_MANY_IMAGES, "bundle-too-many-images", "remove images from the bundle")

/* manifest_device.vendor of a match by class. */
#define MANIFEST_ANY_VENDOR 0xffffu

enum manifest_rule {
#define X(id, name, fix) RULE_##id,
	MANIFEST_RULES(X, X)
#undef X
		RULE_COUNT
};

const char *manifest_rule_name(enum manifest_rule r);
const char *manifest_rule_fix(enum manifest_rule r);
bool manifest_rule_warns(enum manifest_rule r);

/* Where errors go, and whom they concern now. */
struct manifest_check {
	struct manifest *m; /* NULL when there is none (bundle) */
	manifest_report report;
	void *ctx;
	int errors;
	/* The zone being looked at. zone NULL and a name: it has no place in m. Both empty: no zone in particular. */
	struct manifest_zone *zone;
	const char *zone_name;
	bool all; /* an error concerned no zone in particular */
};

/*
 * Reports one broken rule of the current zone and marks that zone refused. `subject` is what was written: a property
 * ("cpus", "devices/disk/bdf"), a device ("disk 0000:01:00.0") or an image; characters that cannot be printed are replaced.
 */
void manifest_refuse(struct manifest_check *c, enum manifest_rule r, const char *subject,
		     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same for a rule that only warns: nothing is refused, no error is counted. */
void manifest_warn(struct manifest_check *c, enum manifest_rule r, const char *subject,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* True for what can name a zone, a device or an image: 1 to 31 letters, digits, '-', '_' or '.'. */
bool manifest_is_name(const char *s);

/*
 * Replaces what a terminal would not show as it is: names out of an untrusted tree end up in messages,
 * those of refused zones, too.
 */
void manifest_make_printable(char *s);

/* "disk 0000:01:00.0", "net 8086:10c9 instance 1", "disk class 010802": how messages call a device. Returns out. */
#define DEVICE_SUBJECT 64
const char *manifest_device_subject(const struct manifest_device *d, char out[DEVICE_SUBJECT]);

/*
 * manifest-device.c: one device of the current zone, which was found (d->function >= 0); and the
 * current zone's address space. Pre: every device node was looked up.
 */
void manifest_check_registers(struct manifest_check *c, const struct manifest_machine *machine,
			      const struct manifest_device *d);
void manifest_check_reset(struct manifest_check *c, const struct manifest_machine *machine,
			  const struct manifest_device *d);
void manifest_check_space(struct manifest_check *c, const struct manifest_machine *machine);

/* manifest-slots.c: all zones. Pre: every device node was looked up. */
void manifest_check_slots(struct manifest_check *c, const struct manifest_machine *machine);

/* manifest-resolve.c: the zone (and device node, if asked for) that holds a function; NULL: free. */
const struct manifest_zone *manifest_holder(const struct manifest *m, int function,
					    const struct manifest_device **node);

#endif
