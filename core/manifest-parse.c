// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the manifest's device tree to plain C data; format and rules in docs/manifest.md.
 *
 * The tree is untrusted: nothing is read before the whole structure has been walked, each
 * property's length is checked, and what is not known is refused. All errors are reported, not the
 * first only. No locks, no allocation; boot or host.
 */
#include "manifest-rules.h"

#include <postern/errno.h>
#include <postern/fdt.h>
#include <postern/platform.h>
#include <postern/string.h>

#include <libfdt.h>

#define MANIFEST_COMPATIBLE "postern,manifest-v1"
#define MIN_MEMORY          (64 * MIB)
#define MEMORY_GRANULE      (2 * MIB) /* stage-2 block */
#define CLASS_MASK          0xffffffu

/* What one node may hold, each ended by NULL. */
struct vocabulary {
	const char *const *properties;
	const char *const *nodes; /* NULL: any, they are named by the user */
};

static const char *const none[] = { NULL };

static const struct vocabulary top_words = {
	.properties = (const char *const[]){ "compatible", NULL },
	.nodes = (const char *const[]){ "zones", NULL },
};
static const struct vocabulary zones_words = { .properties = none };
static const struct vocabulary zone_words = {
	.properties = (const char *const[]){ "root", "cpus", "memory-mib", "kernel", "initrd",
					     "bootargs", "no-autostart", "trust-dma",
					     "debug-omit-upper-half-dma", NULL },
	.nodes = (const char *const[]){ "devices", NULL },
};
static const struct vocabulary devices_words = {
	.properties = (const char *const[]){ "all-unassigned", NULL },
};
static const struct vocabulary device_words = {
	.properties = (const char *const[]){ "bdf", "match-id", "match-class", "class-mask",
					     "instance", "virtual-bdf", "sriov-vfs", "vf", NULL },
	.nodes = none,
};

struct parser {
	struct manifest_check check; /* first: the checks report through it */
	const void *fdt;
};

/* ---- names
 * --------------------------------------------------------------------------------------------------------
 */

/* "devices/disk/bdf": where in the zone (or, outside of one, in the manifest) something stands. */
struct where {
	char text[sizeof(((struct manifest_error *)NULL)->subject)];
};

static struct where where(const char *prefix, const char *name)
{
	struct where w;

	format_text(w.text, sizeof(w.text), "%s%s", prefix, name);
	return w;
}

static bool listed(const char *const *words, const char *name)
{
	for (; *words; words++)
		if (!strcmp(*words, name))
			return true;
	return false;
}

bool manifest_is_name(const char *s)
{
	size_t len = strlen(s);

	if (!len || len >= MANIFEST_NAME)
		return false;
	for (; *s; s++) {
		bool alnum = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
			     (*s >= '0' && *s <= '9');

		if (!alnum && *s != '-' && *s != '_' && *s != '.')
			return false;
	}
	return true;
}

/* Refuses what a node holds and should not. `prefix` is how messages call things inside it. */
static void check_words(struct parser *p, int node, const struct vocabulary *v, const char *prefix)
{
	int at;

	fdt_for_each_property_offset(at, p->fdt, node) {
		const char *name;
		int len;
		const void *data = fdt_getprop_by_offset(p->fdt, at, &name, &len);

		if (!data)
			continue; /* the walk of the whole tree has accepted it: cannot happen */
		if (!listed(v->properties, name))
			manifest_refuse(&p->check, RULE_UNKNOWN_PROPERTY, where(prefix, name).text,
					"Postern knows no property of this name here");
		else if (fdt_getprop(p->fdt, node, name, NULL) != data)
			manifest_refuse(&p->check, RULE_DUPLICATE_NAME, where(prefix, name).text,
					"the property is there twice");
	}
	fdt_for_each_subnode(at, p->fdt, node) {
		const char *name = fdt_get_name(p->fdt, at, NULL);

		if (v->nodes && !listed(v->nodes, name))
			manifest_refuse(&p->check, RULE_UNKNOWN_NODE, where(prefix, name).text,
					"Postern knows no node of this name here");
		else if (fdt_subnode_offset(p->fdt, node, name) != at)
			manifest_refuse(&p->check, RULE_DUPLICATE_NAME, where(prefix, name).text,
					"the node is there twice");
	}
}

/* ---- values
 * -------------------------------------------------------------------------------------------------------
 */

/* A property without a value. */
static bool read_flag(struct parser *p, int node, const char *prefix, const char *name)
{
	int len;

	if (!fdt_getprop(p->fdt, node, name, &len))
		return false;
	if (len)
		manifest_refuse(&p->check, RULE_BAD_VALUE, where(prefix, name).text,
				"it is a flag and takes no value, but has %d bytes", len);
	return true;
}

/* True when the property is there and well-formed; otherwise *out is left alone. */
static bool read_number(struct parser *p, int node, const char *prefix, const char *name,
			uint32_t *out)
{
	int err = dt_read_u32(p->fdt, node, name, out);

	if (err == -EINVAL)
		manifest_refuse(&p->check, RULE_BAD_VALUE, where(prefix, name).text,
				"it takes one number: <n>");
	return !err;
}

static bool read_string(struct parser *p, int node, const char *prefix, const char *name,
			const char **out)
{
	int err = dt_read_string(p->fdt, node, name, out);

	if (err == -EINVAL)
		manifest_refuse(&p->check, RULE_BAD_VALUE, where(prefix, name).text,
				"it takes one string");
	return !err;
}

static void missing(struct parser *p, const char *name)
{
	manifest_refuse(&p->check, RULE_MISSING_PROPERTY, name, "every zone must have it");
}

/* One hexadecimal number of exactly `digits` digits, up to max. Advances *s. */
static bool take_hex(const char **s, unsigned digits, unsigned max, unsigned *out)
{
	unsigned v = 0;

	for (; digits; digits--, (*s)++) {
		unsigned d;

		if (**s >= '0' && **s <= '9')
			d = (unsigned)(**s - '0');
		else if (**s >= 'a' && **s <= 'f')
			d = (unsigned)(**s - 'a') + 10;
		else if (**s >= 'A' && **s <= 'F')
			d = (unsigned)(**s - 'A') + 10;
		else
			return false;
		v = v << 4 | d;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

static bool take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* "ssss:bb:dd.f" or, in segment 0, "bb:dd.f", as lspci prints them. */
static bool parse_bdf(const char *s, sbdf_t *out)
{
	unsigned segment = 0, bus, dev, fn;

	if (strlen(s) == sizeof("ssss:bb:dd.f") - 1 &&
	    (!take_hex(&s, 4, 0xffff, &segment) || !take_char(&s, ':')))
		return false;
	if (!take_hex(&s, 2, 0xff, &bus) || !take_char(&s, ':') || !take_hex(&s, 2, 0x1f, &dev) ||
	    !take_char(&s, '.') || !take_hex(&s, 1, 7, &fn) || *s)
		return false;
	*out = sbdf_make(segment, bus, dev, fn);
	return true;
}

static bool read_bdf(struct parser *p, int node, const char *prefix, const char *name, sbdf_t *out)
{
	const char *s;

	if (!read_string(p, node, prefix, name, &s))
		return false;
	if (parse_bdf(s, out))
		return true;
	manifest_refuse(&p->check, RULE_BAD_VALUE, where(prefix, name).text,
			"\"%.32s\" is not a PCI address like \"0000:01:00.0\"", s);
	return false;
}

/* ---- devices
 * ------------------------------------------------------------------------------------------------------
 */

static void parse_match_id(struct parser *p, int node, const char *prefix,
			   struct manifest_device *d)
{
	struct dt_cells cells;

	if (dt_read_cells(p->fdt, node, "match-id", &cells) || cells.count != 2 ||
	    dt_cell(&cells, 0) > 0xffff || dt_cell(&cells, 1) > 0xffff ||
	    dt_cell(&cells, 0) == MANIFEST_ANY_VENDOR) {
		manifest_refuse(&p->check, RULE_BAD_VALUE, where(prefix, "match-id").text,
				"it takes a vendor and a device: <0x8086 0x10c9>");
		return;
	}
	d->match = MATCH_ID;
	d->vendor = (uint16_t)dt_cell(&cells, 0);
	d->device = (uint16_t)dt_cell(&cells, 1);
}

static void parse_match_class(struct parser *p, int node, const char *prefix,
			      struct manifest_device *d)
{
	uint32_t class_code, class_mask = CLASS_MASK;
	bool good = read_number(p, node, prefix, "match-class", &class_code);

	if (good && class_code > CLASS_MASK) {
		manifest_refuse(&p->check, RULE_BAD_VALUE, where(prefix, "match-class").text,
				"0x%x is more than 24 bits of class, subclass and interface",
				class_code);
		good = false;
	}
	if (dt_has(p->fdt, node, "class-mask")) {
		good &= read_number(p, node, prefix, "class-mask", &class_mask);
		if (!class_mask || class_mask > CLASS_MASK) {
			manifest_refuse(&p->check, RULE_BAD_VALUE, where(prefix, "class-mask").text,
					"0x%x is not a mask of 1 to 24 bits", class_mask);
			good = false;
		}
	}
	if (!good)
		return;
	d->match = MATCH_ID;
	d->vendor = MANIFEST_ANY_VENDOR;
	d->class_code = class_code;
	d->class_mask = class_mask;
}

/* Which of the three ways to name a device the node uses. */
static void parse_match(struct parser *p, int node, const char *name, const char *prefix,
			struct manifest_device *d)
{
	bool bdf = dt_has(p->fdt, node, "bdf"), id = dt_has(p->fdt, node, "match-id");
	bool class = dt_has(p->fdt, node, "match-class");
	struct where here = where("devices/", name);

	if (bdf + id + class == 0) {
		manifest_refuse(&p->check, RULE_NO_MATCH, here.text,
				"the node does not say which device it means");
		return;
	}
	if (bdf + id + class > 1) {
		manifest_refuse(&p->check, RULE_MATCH_CONFLICT, here.text,
				"the node names its device in %d ways", bdf + id + class);
		return;
	}
	if (!class && dt_has(p->fdt, node, "class-mask"))
		manifest_refuse(&p->check, RULE_MATCH_CONFLICT, where(prefix, "class-mask").text,
				"class-mask belongs to match-class, which is not there");
	if (bdf && dt_has(p->fdt, node, "instance"))
		manifest_refuse(&p->check, RULE_MATCH_CONFLICT, where(prefix, "instance").text,
				"a bdf names one device, there are no instances to choose from");
	if (bdf)
		read_bdf(p, node, prefix, "bdf", &d->bdf);
	else if (id)
		parse_match_id(p, node, prefix, d);
	else
		parse_match_class(p, node, prefix, d);
	if (!bdf)
		read_number(p, node, prefix, "instance", &d->instance);
}

static void parse_virtual_bdf(struct parser *p, int node, const char *prefix,
			      const struct manifest_zone *z, struct manifest_device *d)
{
	sbdf_t virtual;

	if (!read_bdf(p, node, prefix, "virtual-bdf", &virtual))
		return;
	if (sbdf_segment(virtual)) {
		manifest_refuse(&p->check, RULE_BAD_VALUE, where(prefix, "virtual-bdf").text,
				"zones have PCI segment 0 only, not %04x", sbdf_segment(virtual));
		return;
	}
	if (z->root) {
		manifest_refuse(&p->check, RULE_ROOT_VIRTUAL_BDF, where(prefix, "virtual-bdf").text,
				"root's devices keep their physical addresses");
		return;
	}
	for (unsigned i = 0; i < z->device_count && i < MANIFEST_MAX_DEVICES; i++) {
		if (z->devices[i].virtual_bdf != virtual)
			continue;
		manifest_refuse(&p->check, RULE_DUPLICATE_VIRTUAL_BDF,
				where(prefix, "virtual-bdf").text,
				SBDF_FMT " is the virtual address of device %s already",
				SBDF_ARG(virtual), z->devices[i].name);
		return;
	}
	d->virtual_bdf = virtual;
}

/* A physical function that may have virtual ones, or one of those. */
static void parse_sriov(struct parser *p, int node, const char *prefix, struct manifest_device *d)
{
	uint32_t n;

	if (read_number(p, node, prefix, "sriov-vfs", &n)) {
		if (!n || n > MANIFEST_MAX_VFS)
			manifest_refuse(&p->check, RULE_BAD_VALUE, where(prefix, "sriov-vfs").text,
					"%u is not a number of virtual functions from 1 to %u", n,
					MANIFEST_MAX_VFS);
		else
			d->sriov_vfs = n;
	}
	if (!dt_has(p->fdt, node, "vf"))
		return;
	if (dt_has(p->fdt, node, "sriov-vfs"))
		manifest_refuse(
			&p->check, RULE_MATCH_CONFLICT, where(prefix, "vf").text,
			"a virtual function has none of its own: sriov-vfs does not go with vf");
	if (read_number(p, node, prefix, "vf", &n)) {
		d->is_vf = true;
		d->vf = n;
	}
}

static void parse_device(struct parser *p, int node, struct manifest_zone *z)
{
	const char *name = fdt_get_name(p->fdt, node, NULL);
	struct manifest_device d = {
		/* An address no device has, until the node turns out well-formed. */
		.match = MATCH_BDF, .bdf = SBDF_NONE, .virtual_bdf = SBDF_NONE,
		.function = -1,     .vf_of = -1,
	};
	char prefix[sizeof("devices//") + MANIFEST_NAME];

	format_text(prefix, sizeof(prefix), "devices/%s/", name);
	if (!manifest_is_name(name))
		manifest_refuse(&p->check, RULE_BAD_NAME, where("devices/", name).text,
				"a device's name has %zu characters, or one that is not allowed",
				strlen(name));
	format_text(d.name, sizeof(d.name), "%s", name);
	manifest_make_printable(d.name);
	check_words(p, node, &device_words, prefix);
	parse_match(p, node, name, prefix, &d);
	parse_sriov(p, node, prefix, &d);
	parse_virtual_bdf(p, node, prefix, z, &d);
	if (z->device_count < MANIFEST_MAX_DEVICES)
		z->devices[z->device_count] = d;
	z->device_count++;
}

static void parse_devices(struct parser *p, int node, struct manifest_zone *z)
{
	int child;

	check_words(p, node, &devices_words, "devices/");
	if (read_flag(p, node, "devices/", "all-unassigned")) {
		z->all_unassigned = z->root;
		if (!z->root)
			manifest_refuse(&p->check, RULE_ALL_UNASSIGNED_NOT_ROOT,
					"devices/all-unassigned",
					"only the root zone may take what is left over");
	}
	fdt_for_each_subnode(child, p->fdt, node)
		parse_device(p, child, z);
	if (z->device_count > MANIFEST_MAX_DEVICES) {
		manifest_refuse(&p->check, RULE_TOO_MANY_DEVICES, "devices",
				"the zone lists %u devices, %d is the limit", z->device_count,
				MANIFEST_MAX_DEVICES);
		z->device_count = MANIFEST_MAX_DEVICES;
	}
}

/* ---- zones
 * --------------------------------------------------------------------------------------------------------
 */

static void parse_cpus(struct parser *p, int node, struct manifest_zone *z)
{
	uint32_t cpus;

	if (!dt_has(p->fdt, node, "cpus"))
		missing(p, "cpus");
	if (!read_number(p, node, "", "cpus", &cpus))
		return;
	if (!cpus)
		manifest_refuse(&p->check, RULE_ZERO_CPUS, "cpus",
				"a zone cannot run without a CPU");
	else if (cpus > MAX_CPUS)
		manifest_refuse(&p->check, RULE_TOO_MANY_CPUS, "cpus",
				"the zone wants %u CPUs, Postern drives up to %d", cpus, MAX_CPUS);
	else
		z->cpus = cpus;
}

static void parse_memory(struct parser *p, int node, struct manifest_zone *z)
{
	uint32_t mib;

	if (!dt_has(p->fdt, node, "memory-mib"))
		missing(p, "memory-mib");
	if (!read_number(p, node, "", "memory-mib", &mib))
		return;
	z->memory = mib * MIB;
	if (z->memory < MIN_MEMORY)
		manifest_refuse(&p->check, RULE_MEMORY_TOO_SMALL, "memory-mib",
				"%u MiB are too little for a zone", mib);
	else if (!is_aligned(z->memory, MEMORY_GRANULE))
		manifest_refuse(&p->check, RULE_MEMORY_ALIGNMENT, "memory-mib",
				"%u MiB is not a multiple of 2 MiB", mib);
}

static void parse_image(struct parser *p, int node, const char *name, char out[MANIFEST_NAME])
{
	const char *s;

	if (!read_string(p, node, "", name, &s))
		return;
	if (!manifest_is_name(s)) {
		manifest_refuse(&p->check, RULE_BAD_NAME, name,
				"\"%.64s\" cannot be the name of an image", s);
		return;
	}
	format_text(out, MANIFEST_NAME, "%s", s);
}

static void parse_bootargs(struct parser *p, int node, struct manifest_zone *z)
{
	const char *s;
	size_t len;

	if (!read_string(p, node, "", "bootargs", &s))
		return;
	len = strlen(s);
	if (len >= sizeof(z->bootargs)) {
		manifest_refuse(&p->check, RULE_BAD_VALUE, "bootargs",
				"it has %zu characters, %zu is the limit", len,
				sizeof(z->bootargs) - 1);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (s[i] >= ' ' && s[i] <= '~')
			continue;
		manifest_refuse(&p->check, RULE_BAD_VALUE, "bootargs",
				"character %zu (0x%02x) is not printable", i + 1,
				(unsigned char)s[i]);
		return;
	}
	format_text(z->bootargs, sizeof(z->bootargs), "%s", s);
}

static void parse_zone(struct parser *p, int node, struct manifest_zone *z)
{
	int devices;

	check_words(p, node, &zone_words, "");
	z->root = read_flag(p, node, "", "root");
	if (z->root) {
		for (struct manifest_zone *other = p->check.m->zones; other < z; other++) {
			if (!other->root)
				continue;
			manifest_refuse(&p->check, RULE_TWO_ROOTS, "root",
					"zone %s is the root zone already", other->name);
			z->root = false;
			break;
		}
	}
	parse_cpus(p, node, z);
	parse_memory(p, node, z);
	if (!dt_has(p->fdt, node, "kernel"))
		missing(p, "kernel");
	parse_image(p, node, "kernel", z->kernel);
	parse_image(p, node, "initrd", z->initrd);
	parse_bootargs(p, node, z);
	z->autostart = !read_flag(p, node, "", "no-autostart");
	z->trust_dma = read_flag(p, node, "", "trust-dma");
	z->debug_half_dma = read_flag(p, node, "", "debug-omit-upper-half-dma");
	devices = fdt_subnode_offset(p->fdt, node, "devices");
	if (devices >= 0)
		parse_devices(p, devices, z);
}

/* Errors from here to leave_zone() are this zone's. z NULL: there is no room to keep it. */
static void enter_zone(struct parser *p, const char *name, struct manifest_zone *z)
{
	p->check.zone = z;
	p->check.zone_name = name;
}

static void leave_zone(struct parser *p)
{
	p->check.zone = NULL;
	p->check.zone_name = NULL;
}

static void parse_zones(struct parser *p, int node)
{
	struct manifest *m = p->check.m;
	bool has_root = false;
	int child;

	check_words(p, node, &zones_words, "zones/");
	fdt_for_each_subnode(child, p->fdt, node) {
		const char *name = fdt_get_name(p->fdt, child, NULL);
		struct manifest_zone *z;

		if (m->zone_count == MANIFEST_MAX_ZONES) {
			enter_zone(p, name, NULL);
			manifest_refuse(&p->check, RULE_TOO_MANY_ZONES, name,
					"it comes after %d others, the limit", MANIFEST_MAX_ZONES);
			leave_zone(p);
			continue;
		}
		z = &m->zones[m->zone_count++];
		format_text(z->name, sizeof(z->name), "%s", name);
		manifest_make_printable(z->name);
		enter_zone(p, z->name, z);
		if (!manifest_is_name(name))
			manifest_refuse(
				&p->check, RULE_BAD_NAME, name,
				"a zone's name has %zu characters, or one that is not allowed",
				strlen(name));
		parse_zone(p, child, z);
		leave_zone(p);
		has_root |= z->root;
	}
	if (!m->zone_count)
		manifest_refuse(&p->check, RULE_NO_ZONES, "zones", "the node has no zones in it");
	else if (!has_root)
		manifest_refuse(&p->check, RULE_NO_ROOT, "root",
				"none of the %u zones is the root zone", m->zone_count);
}

int manifest_parse(const void *fdt, uint64_t size, struct manifest *out, manifest_report report,
		   void *ctx)
{
	struct parser p = { .check = { .m = out, .report = report, .ctx = ctx }, .fdt = fdt };
	uint64_t used;
	const char *why;
	int zones;

	memset(out, 0, sizeof(*out));
	if (dt_verify(fdt, size, &used, &why)) {
		manifest_refuse(&p.check, RULE_MANIFEST_FORMAT, "",
				"%llu bytes are not a complete device tree: %s",
				(unsigned long long)size, why);
		return -EBADMSG;
	}
	if (used != size) {
		manifest_refuse(&p.check, RULE_MANIFEST_FORMAT, "",
				"%llu bytes hold a device tree of %llu bytes",
				(unsigned long long)size, (unsigned long long)used);
		return -EBADMSG;
	}
	if (!dt_compatible(fdt, 0, MANIFEST_COMPATIBLE)) {
		manifest_refuse(&p.check, RULE_MANIFEST_VERSION, "compatible",
				"the root node does not say \"%s\"", MANIFEST_COMPATIBLE);
		return -EBADMSG;
	}
	check_words(&p, 0, &top_words, "");
	zones = fdt_subnode_offset(fdt, 0, "zones");
	if (zones < 0)
		manifest_refuse(&p.check, RULE_NO_ZONES, "zones", "there is no node `zones`");
	else
		parse_zones(&p, zones);
	if (p.check.all)
		for (unsigned i = 0; i < out->zone_count; i++)
			out->zones[i].refused = true;
	return p.check.errors;
}
