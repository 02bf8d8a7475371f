// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * postern check --explain: what each rule means, which invariant it keeps, how it is broken; and what a rule needs to know,
 * so that the command can say which ones it could not judge (V11).
 */
#include "core/manifest-rules.h"
#include "postern.h"

#include <string.h>

static const struct {
	const char *name, *text;
} invariants[] = {
	{ "V1", "default deny: no requester reaches memory unless it is in a domain" },
	{ "V2", "a zone reaches its own memory only" },
	{ "V3", "MSI and MSI-X address and data are written by the hypervisor, never by a zone" },
	{ "V4", "no guest input stops the host or another zone" },
	{ "V5", "memory is reused only after every device that could write it is proven blocked" },
	{ "V6", "what the engine relies on is read from a device once, before a zone has it" },
	{ "V7", "every hardware wait is bounded and has a defined failure state" },
	{ "V8", "a refusal names the device, the zone, the rule and the way out" },
	{ "V9", "devices that cannot be isolated from each other go together or not at all" },
	{ "V10", "the data path has no exits" },
	{ "V11", "where hardware cannot keep a promise, Postern says so" },
};

struct explanation {
	enum check_needs needs;
	const char *invariant;
	const char *meaning, *why, *example;
};

#define TWO_ZONES(a, b)                                        \
	"zone1 { devices { left { bdf = \"" a "\"; }; }; };\n" \
	"zone2 { devices { right { bdf = \"" b "\"; }; }; };"

static const struct explanation explanations[RULE_COUNT] = {
	[RULE_MANIFEST_FORMAT] = {
		NEEDS_NOTHING, "V4", "The file is not a complete device tree of exactly its length.",
		"It is input like any other: nothing in it is read before all of it has been walked.",
		"a .dtb that was cut short, or has bytes behind its end",
	},
	[RULE_MANIFEST_VERSION] = {
		NEEDS_NOTHING, "V8", "The root node does not say which language the manifest is in.",
		"A manifest of another version may mean something else by the same words.",
		"compatible = \"postern,manifest-v2\";",
	},
	[RULE_NO_ZONES] = {
		NEEDS_NOTHING, "V8", "There is no node `zones`, or it is empty.",
		"Nothing would start, and nobody would know why.", "zones { };",
	},
	[RULE_TOO_MANY_ZONES] = {
		NEEDS_NOTHING, "V8", "A zone comes after eight others.",
		"Tables have a fixed size. The first eight start.", "zones { z1 { ... }; ... z9 { ... }; };",
	},
	[RULE_NO_ROOT] = {
		NEEDS_NOTHING, "V8", "No zone has `root;`.",
		"One zone manages the others; without it the machine cannot be managed, so none starts.",
		"zones { a { cpus = <1>; ... }; };",
	},
	[RULE_TWO_ROOTS] = {
		NEEDS_NOTHING, "V8", "A second zone has `root;`.",
		"Two managers would work against each other. The first one keeps the role.",
		"a { root; ... }; b { root; ... };",
	},
	[RULE_UNKNOWN_PROPERTY] = {
		NEEDS_NOTHING, "V8", "A property that means nothing at this place.",
		"A misspelt property that is skipped gives a zone that is not what its author wrote.",
		"zone1 { memory = <512>; };",
	},
	[RULE_UNKNOWN_NODE] = {
		NEEDS_NOTHING, "V8", "A node that means nothing at this place.",
		"The same as for properties: what is skipped in silence is missed later.",
		"zone1 { device { disk { ... }; }; };",
	},
	[RULE_DUPLICATE_NAME] = {
		NEEDS_NOTHING, "V4", "A property or a node is there twice.",
		"Which of the two counts would depend on who reads it. dtc merges them; other tools may not.",
		"a .dtb that dtc did not write: memory-mib = <64>, memory-mib = <4096>",
	},
	[RULE_BAD_NAME] = {
		NEEDS_NOTHING, "V4", "A name is empty, too long, or has a character that is not allowed.",
		"Names end up in logs, on terminals and in commands.", "zone*1 { ... };",
	},
	[RULE_BAD_VALUE] = {
		NEEDS_NOTHING, "V4", "A value has the wrong form, length or range.",
		"What was meant is not guessed.", "disk { bdf = \"0:1\"; };",
	},
	[RULE_MISSING_PROPERTY] = {
		NEEDS_NOTHING, "V8", "`cpus`, `memory-mib` or `kernel` is not there.",
		"There is no amount that would be right for everybody.", "zone1 { cpus = <1>; kernel = \"linux\"; };",
	},
	[RULE_ZERO_CPUS] = {
		NEEDS_NOTHING, "V8", "A zone without a CPU.", "CPUs belong to one zone each; without one nothing runs.",
		"zone1 { cpus = <0>; ... };",
	},
	[RULE_MEMORY_TOO_SMALL] = {
		NEEDS_NOTHING, "V8", "Less than 64 MiB.", "No kernel starts there, and it would not say so.",
		"zone1 { memory-mib = <32>; ... };",
	},
	[RULE_MEMORY_ALIGNMENT] = {
		NEEDS_NOTHING, "V2", "An odd number of MiB.",
		"Memory is handed out and mapped in blocks of 2 MiB; rounding would give more or less than was asked for.",
		"zone1 { memory-mib = <511>; ... };",
	},
	[RULE_ALL_UNASSIGNED_NOT_ROOT] = {
		NEEDS_NOTHING, "V8", "`all-unassigned` in another zone than root.",
		"A device nobody thought of must not turn up in a zone that nobody meant it for.",
		"zone1 { devices { all-unassigned; }; };",
	},
	[RULE_TOO_MANY_DEVICES] = {
		NEEDS_NOTHING, "V8", "More than 16 devices in a zone.", "Tables have a fixed size.",
		"zone1 { devices { d0 { ... }; ... d16 { ... }; }; };",
	},
	[RULE_NO_MATCH] = {
		NEEDS_NOTHING, "V8", "A device node does not say which device it means.", "A name is for messages only.",
		"disk { virtual-bdf = \"01:00.0\"; };",
	},
	[RULE_MATCH_CONFLICT] = {
		NEEDS_NOTHING, "V8", "A device node names its device in two ways, or in half of one.",
		"The two may mean different devices.", "disk { bdf = \"01:00.0\"; match-class = <0x010802>; };",
	},
	[RULE_ROOT_VIRTUAL_BDF] = {
		NEEDS_NOTHING, "V8", "`virtual-bdf` in root.",
		"Root sees its devices where they physically are, so that its lspci, the manifest and the logs agree.",
		"root { root; devices { disk { bdf = \"01:00.0\"; virtual-bdf = \"05:00.0\"; }; }; };",
	},
	[RULE_DUPLICATE_VIRTUAL_BDF] = {
		NEEDS_NOTHING, "V8", "Two devices of a zone at one virtual address.", "One of them could not be reached.",
		"a { virtual-bdf = \"01:00.0\"; ... }; b { virtual-bdf = \"01:00.0\"; ... };",
	},
	[RULE_TOO_MANY_CPUS] = {
		NEEDS_QUANTITIES, "V4", "The zones want more CPUs than there are.",
		"A CPU runs one zone for good: no zone can take time from another.",
		"two zones with cpus = <2>; on a machine with three",
	},
	[RULE_TOO_MUCH_MEMORY] = {
		NEEDS_QUANTITIES, "V2", "The zones want more memory than there is.",
		"Memory is partitioned, not shared and not promised twice.",
		"two zones with memory-mib = <1024>; on a machine with 1.5 GiB for zones",
	},
	[RULE_MISSING_IMAGE] = {
		NEEDS_IMAGES, "V8", "The bundle has no such image, or it is damaged.",
		"A zone is started with what its manifest says or not at all.",
		"kernel = \"linux\"; in a bundle made without linux=FILE",
	},
	[RULE_UNKNOWN_DEVICE] = {
		NEEDS_DEVICES, "V8", "No function at that address, or too few that match.",
		"Addresses change with slots and firmware; a zone does not start without a device it was promised.",
		"disk { bdf = \"7f:00.0\"; };",
	},
	[RULE_DUPLICATE_DEVICE] = {
		NEEDS_NOTHING, "V2", "A device is given away twice.",
		"Two zones' drivers on one device would read and write each other's memory through it.",
		TWO_ZONES("01:00.0", "01:00.0"),
	},
	[RULE_NOT_ASSIGNABLE] = {
		NEEDS_DEVICES, "V2",
		"A bridge, an IOMMU, a function without a place for its BARs, or one that failed.",
		"Bridges and IOMMUs decide what others reach: they are Postern's. The others would not work.",
		"port { match-class = <0x060400>; };",
	},
	[RULE_NO_IOMMU] = {
		NEEDS_ROUTES, "V1", "No IOMMU translates what the device sends.",
		"Its DMA would reach all memory, whatever the zone's CPUs are kept from.",
		"a device on a host bridge without iommu-map",
	},
	[RULE_TRUST_DMA] = {
		NEEDS_ROUTES, "V2",
		"The zone says `trust-dma`, and no IOMMU translates what the device sends, or it has no slot left.",
		"The device works, at host addresses that the zone's device tree tells it (dma-ranges), and nothing keeps it to\n"
		"them: the zone's kernel, or the device itself, can read and write all memory. This is not isolation.",
		"zone1 { trust-dma; devices { disk { bdf = \"05:00.0\"; }; }; }; where 05:00.0 is behind no IOMMU",
	},
	[RULE_ISOLATION_GROUP] = {
		NEEDS_DEVICES, "V9",
		"Another function of the same isolation group goes to another zone.",
		"They reach each other without passing the IOMMU: functions of one device or ports without ACS send to each\n"
		"other directly; functions behind a PCIe-to-PCI bridge all send under the bridge's requester ID (alias).\n"
		"Phantom functions, a third way to borrow an ID, are off and hidden.",
		TWO_ZONES("02:00.0", "02:00.1"),
	},
	[RULE_SHARED_STREAM] = {
		NEEDS_ROUTES, "V9", "The IOMMU sees devices of two zones under one stream id (0 is one like any other).",
		"It has one translation per stream: one of the two would use the other's memory.",
		"an iommu-map that sends 00:00.0 and 01:00.0 to stream 0",
	},
	[RULE_SHARED_PAGE] = {
		NEEDS_SIZES, "V9", "Memory BARs of two zones' devices lie in one 4 KiB page.",
		"A page is the least that can be given to a zone's CPUs.",
		"two functions with 256-byte BARs at 0x10000000 and 0x10000100, in two zones",
	},
	[RULE_SHARED_INTX] = {
		NEEDS_DEVICES, "V4",
		"Devices of two zones have an interrupt pin, neither MSI nor MSI-X, and one line of their host bridge.",
		"The line is a level: a zone whose device holds it stops the other's interrupts. The wiring is taken to be the\n"
		"common one, which rotates the pins by device number at each bridge.",
		TWO_ZONES("00:04.0", "00:08.0"),
	},
	[RULE_SHARED_MSI_ID] = {
		NEEDS_ROUTES, "V3", "The MSI unit sees devices of two zones under one id.",
		"A message is looked up by the id of its sender: either could raise the other's interrupts.",
		"an msi-map that sends two requester IDs to one id",
	},
	[RULE_RESERVED_REGION] = {
		NEEDS_ADDRESSES, "V2", "A BAR lies on memory or on the registers of a controller.",
		"The BAR's pages are given to the zone's CPUs, and with them what else is there.",
		"firmware that left a BAR at an address inside RAM",
	},
	[RULE_MSIX_OUTSIDE_BAR] = {
		NEEDS_SIZES, "V3", "MSI-X table or pending bits do not lie inside a memory BAR of the function.",
		"Postern writes the table; at a place that is not the function's it would write something else.",
		"a function whose table begins at 0x10000 of a BAR of 16 KiB",
	},
	[RULE_MSIX_SHARED_PAGE] = {
		NEEDS_SIZES, "V10", "Other registers stand in front of MSI-X table or pending bits in the same 4 KiB page.",
		"The page is kept from the zone's CPUs, so that each access to those registers traps. It is right, and slow.",
		"a function whose table begins at 0x800 of its BAR",
	},
	[RULE_IOMMU_SLOTS] = {
		NEEDS_DEVICES, "V1", "The zones' devices are more streams than their IOMMU knows at a time.",
		"What such an IOMMU does not know it lets through to all memory: a device without a slot is kept quiet instead\n"
		"and given to nobody. Devices that the IOMMU does not tell apart share one.",
		"zones with 17 devices behind an IOMMU of 16 slots",
	},
	[RULE_IOMMU_SLOTS_ROOT] = {
		NEEDS_DEVICES, "V1", "The other zones leave fewer slots of an IOMMU than root's devices need.",
		"Root starts with those that found one, in the order of its device nodes; the others stay quiet.",
		"root { devices { all-unassigned; }; }; on a machine with 20 devices behind an IOMMU of 16 slots",
	},
	[RULE_NO_SRIOV] = {
		NEEDS_DEVICES, "V8",
		"The function cannot have as many virtual functions as `sriov-vfs` offers: it has no SR-IOV, or fewer, or no\n"
		"bus numbers or no place in the windows were left for them.",
		"Its driver would ask for functions that never come.",
		"disk { bdf = \"01:00.0\"; sriov-vfs = <1>; }; with a disk that has no SR-IOV",
	},
	[RULE_VF_NOT_OFFERED] = {
		NEEDS_DEVICES, "V8",
		"A zone is given virtual function n of a physical function that no zone has, or whose `sriov-vfs` is n or less.",
		"It would wait for a function that nobody can enable.",
		"card { bdf = \"02:00.0\"; sriov-vfs = <2>; }; ... third { bdf = \"02:00.0\"; vf = <2>; };",
	},
	[RULE_VF_PF_NOT_ROOT] = {
		NEEDS_DEVICES, "V9",
		"A zone is given a virtual function whose physical function belongs to a zone that is neither root nor itself.",
		"Who drives the physical function configures, resets and can send as its virtual ones: only root is trusted so far.",
		"zone1 { devices { card { bdf = \"02:00.0\"; sriov-vfs = <2>; }; }; };\n"
		"zone2 { devices { first { bdf = \"02:00.0\"; vf = <0>; }; }; };",
	},
	[RULE_NO_RESET] = {
		NEEDS_DEVICES, "V5", "The function has no FLR and no AF-FLR, and D3hot does not reset it.",
		"After its zone it may hold the zone's data and addresses: it stays blocked until the machine restarts.",
		"a device whose lspci -vv says FLReset- and NoSoftRst+",
	},
	[RULE_FOREIGN_BUS_RESET] = {
		NEEDS_DEVICES, "V4",
		"The function cannot be reset alone, and a reset of its bus would reach a device of another zone.",
		"Postern resets no bus, least of all one with another zone's device below: the function stays blocked after its\n"
		"zone, until the machine restarts.",
		TWO_ZONES("02:00.0", "02:00.1"),
	},
	[RULE_MEMORY_WINDOW] = {
		NEEDS_NOTHING, "V2", "The zone's memory would reach into its 64-bit PCI window.",
		"Memory is one piece from 2 GiB on, and the window begins at 128 GiB in every zone.",
		"zone1 { memory-mib = <131072>; ... };",
	},
	[RULE_MEMORY_DOORBELL] = {
		NEEDS_ADDRESSES, "V3",
		"The zone's memory would cover the address where its devices write their interrupt messages.",
		"The doorbell is in each DMA domain at its physical address; one address cannot be both.",
		"memory from 2 GiB on, in a zone whose machine has its doorbell at 3 GiB",
	},
	[RULE_WINDOW_OVERFLOW] = {
		NEEDS_SIZES, "V8", "The BARs of the zone's devices are more than its PCI windows hold.",
		"A BAR without a place is a device that does not work.",
		"two devices with 512 MiB of 32-bit BARs each in one zone",
	},
	[RULE_BUNDLE_FORMAT] = {
		NEEDS_BUNDLE, "V4", "The bundle is not a complete device tree.",
		"It is input like any other, and was cut short or damaged.", "a copy that broke off",
	},
	[RULE_BUNDLE_VERSION] = {
		NEEDS_BUNDLE, "V8", "The root node is not compatible = \"postern,bundle-v1\".",
		"A bundle of another version may hold something else under the same names.", "compatible = \"postern,bundle-v2\";",
	},
	[RULE_BUNDLE_CONTENT] = {
		NEEDS_BUNDLE, "V4", "A part of the bundle is missing or malformed.",
		"Whatever made it did not finish, or was not `postern bundle`.", "an image without its sha256",
	},
	[RULE_BUNDLE_MANIFEST_CHECKSUM] = {
		NEEDS_BUNDLE, "V4", "The manifest is not what its SHA-256 says.", "A damaged manifest may still look like one.",
		"a flipped bit on a bad card",
	},
	[RULE_BUNDLE_IMAGE_CHECKSUM] = {
		NEEDS_BUNDLE, "V4", "An image is not what its SHA-256 says.",
		"It is taken as not there; zones that do not need it start.", "a flipped bit on a bad card",
	},
	[RULE_BUNDLE_TOO_MANY_IMAGES] = {
		NEEDS_BUNDLE, "V8", "More than 16 images.", "Tables have a fixed size. The first 16 are used.",
		"postern bundle ... a=1 b=2 ... q=17",
	},
};

static const char *invariant_text(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(invariants); i++)
		if (!strcmp(invariants[i].name, name))
			return invariants[i].text;
	return "";
}

/* Each line of a text behind a label or as many blanks. */
static void print_part(const char *label, const char *text)
{
	while (*text) {
		const size_t length = strcspn(text, "\n");

		printf("  %-9s %.*s\n", label, (int)length, text);
		text += length + (text[length] == '\n');
		label = "";
	}
}

static void explain(enum manifest_rule r)
{
	const struct explanation *e = &explanations[r];

	printf("%s (%s)\n", manifest_rule_name(r), manifest_rule_warns(r) ? "warning" : "error");
	if (e->meaning) {
		print_part("means", e->meaning);
		print_part("why", e->why);
		printf("  %-9s %s, %s\n", "keeps", e->invariant, invariant_text(e->invariant));
		print_part("example", e->example);
	}
	print_part("way out", manifest_rule_fix(r));
}

int rules_explain(const char *name)
{
	for (unsigned r = 0; r < RULE_COUNT; r++) {
		if (name && strcmp(name, manifest_rule_name((enum manifest_rule)r)) != 0)
			continue;
		if (r && !name)
			putchar('\n');
		explain((enum manifest_rule)r);
		if (name)
			return EXIT_GOOD;
	}
	return name ? cannot("there is no rule \"%s\" (`postern check --explain` lists all)", name)
		    : EXIT_GOOD;
}

void rules_print_needing(enum check_needs needs)
{
	const char *comma = "";

	for (unsigned r = 0; r < RULE_COUNT; r++) {
		if (explanations[r].needs != needs)
			continue;
		printf("%s%s", comma, manifest_rule_name((enum manifest_rule)r));
		comma = ", ";
	}
}
