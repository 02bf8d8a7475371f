// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The aarch64 half of a zone: stage-2, virtual GICv3 and ITS, vCPUs, UART, and what its RAM holds
 * at the start.
 *
 * Caller context: arch_zone_create() at boot on CPU 0; the others on the zone's boot CPU, which
 * runs no guest then.
 */
#include <hv/cpu.h>
#include <hv/guest_fdt.h>
#include <hv/layout.h>
#include <irq/gic-v3.h>
#include <postern/arch.h>
#include <postern/errno.h>
#include <postern/string.h>

/* arm64 kernel Image header (Linux, Documentation/arch/arm64/booting.rst). */
struct image_header {
	uint32_t code[2];
	uint64_t text_offset, image_size, flags, reserved[3];
	uint32_t magic, pe_offset;
};
_Static_assert(sizeof(struct image_header) == 64, "arm64 Image header");
#define IMAGE_MAGIC 0x644d5241u

/* Copying and hashing look at interrupts this often. */
#define COPY_STEP (256 * KIB)

static const struct vpci_layout vpci_layout = {
	.ecam = ZONE_ECAM_BASE,
	.bus_last = ZONE_ECAM_BUSES - 1,
	.mem32 = ZONE_MEM32_BASE,
	.mem32_size = ZONE_MEM32_SIZE,
	.mem64 = ZONE_MEM64_BASE,
	.mem64_size = ZONE_MEM64_SIZE,
};

gpa_t arch_zone_ram_base(void)
{
	return ZONE_RAM_BASE;
}

const struct vpci_layout *arch_zone_vpci_layout(void)
{
	return &vpci_layout;
}

/* The zone's kernel moved an event to another vCPU: the physical vector follows. */
static void retarget(void *ctx, uint32_t device_id, uint32_t event)
{
	struct zone *z = ctx;

	if (z->vpci)
		vpci_retarget(z->vpci, device_id, event);
}

/* The first UART of the machine, straight through; other zones get a modelled one. */
static int give_uart(struct zone *z)
{
	struct zone_arch *a = zone_arch(z);
	const struct uart_info *uart = &hv.machine.uarts[0];
	int err;

	if (!z->root) {
		a->vuart = vuart_create(z, ZONE_UART_INTID);
		return a->vuart ? 0 : -ENOMEM;
	}
	if (!hv.machine.uart_count)
		return 0;
	err = host_map_guest(z, ZONE_UART_BASE, uart->base, ZONE_UART_SIZE, GUEST_MAP_DEVICE);
	if (!err)
		err = vgic_add_hw_spi(a->vgic, ZONE_UART_INTID, uart->irq);
	return err ? err : irq_own_line(uart->irq, z);
}

int arch_zone_create(struct zone *z)
{
	const size_t pages = (size_t)(align_up(sizeof(struct zone_arch), PAGE_SIZE) / PAGE_SIZE);
	struct zone_arch *a = host_pages_alloc(pages, PAGE_SIZE);
	int err;

	if (!a)
		return -ENOMEM;
	z->arch = a;
	a->zone = z;
	a->halt = true;
	err = stage2_init(a);
	if (!err) {
		const struct vgic_config config = {
			.zone = z,
			.vcpus = z->cpu_count,
			.dist_gpa = ZONE_GICD_BASE,
			.redist_gpa = ZONE_GICR_BASE,
			.its_gpa = ZONE_GITS_BASE,
			.spis = ZONE_SPIS,
			.hw_ppis = BIT32(hv.machine.intc.timer_virt_irq) |
				   BIT32(hv.machine.intc.timer_phys_irq),
			.its_devices = ZONE_ITS_DEVICES,
			.its_events = ZONE_ITS_EVENTS,
			.retarget = retarget,
			.retarget_ctx = z,
		};

		err = vgic_create(&config, &a->vgic);
	}
	if (!err) {
		z->virq = &vgic_virq_ops;
		z->virq_ctx = a->vgic;
		err = give_uart(z);
	}
	if (err)
		return err;
	for (unsigned i = 0; i < z->cpu_count; i++) {
		struct vcpu *v = &a->vcpus[i];

		v->index = i;
		v->zone = z;
		v->arch = a;
		v->cpu = &hv.cpus[z->cpus[i]];
		v->cpu->vcpu = v;
	}
	return 0;
}

struct vuart *zone_vuart(struct zone *z)
{
	return z->arch ? zone_arch(z)->vuart : NULL;
}

/* Copies an image to guest [gpa, ...). Its digest is taken from the copy: it is what will run. */
static int place(struct zone *z, const char *what, const struct bundle_image *image, gpa_t gpa)
{
	uint8_t *to = host_guest_ram(z, gpa, image->size);
	const uint8_t *from = image->data;
	uint8_t digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	struct sha256 s;

	if (!to) {
		host_log(
			LOG_ERROR,
			"zone %s: %s %s (%lu bytes) does not fit %lu MiB of memory: give the zone more memory-mib",
			z->name, what, image->name, (unsigned long)image->size,
			(unsigned long)(z->ram_size / MIB));
		return -E2BIG;
	}
	sha256_init(&s);
	for (uint64_t done = 0; done < image->size; done += COPY_STEP) {
		const uint64_t left = image->size - done;
		const uint64_t step = left < COPY_STEP ? left : COPY_STEP;

		memcpy(to + done, from + done, step);
		arch_dcache_clean_invalidate(to + done, step);
		sha256_update(&s, to + done, step);
		cpu_poll();
	}
	sha256_final(&s, digest);
	sha256_hex(digest, hex);
	host_log(LOG_INFO, "zone %s: %s %s %lu bytes sha256 %s", z->name, what, image->name,
		 (unsigned long)image->size, hex);
	return 0;
}

static int write_device_tree(struct zone *z, gpa_t gpa, gpa_t initrd, uint64_t initrd_size)
{
	const struct intc_info *intc = &hv.machine.intc;
	void *to = host_guest_ram(z, gpa, GUEST_FDT_SIZE);
	struct guest_fdt_config c = {
		.name = z->name,
		.bootargs = z->manifest->bootargs,
		.ram = z->ram_gpa,
		.dma = zone_dma_base(z),
		.ram_size = z->ram_size,
		.initrd = initrd,
		.initrd_size = initrd_size,
		.cpu_count = z->cpu_count,
		.gic = { .dist = ZONE_GICD_BASE,
			 .dist_size = VGIC_DIST_SIZE,
			 .redist = ZONE_GICR_BASE,
			 .redist_size = z->cpu_count * VGIC_REDIST_SIZE,
			 .its = ZONE_GITS_BASE,
			 .its_size = VGIC_ITS_SIZE },
		.timer = { .secure = 29,
			   .phys = intc->timer_phys_irq,
			   .virt = intc->timer_virt_irq,
			   .hyp = 26 },
		.uart = { .kind = GUEST_UART_SBSA,
			  .base = ZONE_UART_BASE,
			  .size = ZONE_UART_SIZE,
			  .irq = ZONE_UART_INTID },
		.has_pci = true,
		.intx = ZONE_INTX_INTID,
		.pci = vpci_layout,
		/* Root's bus numbers are the physical ones: its kernel must leave them alone. */
		.pci_probe_only = z->root,
	};
	int length;

	if (!to)
		return -E2BIG;
	if (z->root) {
		c.uart.kind = hv.machine.uart_count ? GUEST_UART_PL011 : GUEST_UART_NONE;
		c.uart.clock_hz = hv.machine.uarts[0].clock_hz;
	}
	for (unsigned i = 0; i < z->cpu_count; i++)
		c.mpidr[i] = vgic_vcpu_affinity(i);
	length = guest_fdt_build(to, GUEST_FDT_SIZE, &c);
	if (length < 0)
		return length;
	arch_dcache_clean_invalidate(to, GUEST_FDT_SIZE);
	return 0;
}

/* Where the kernel's run-time image ends, from its header; 0 when it is not an arm64 Image. */
static uint64_t kernel_extent(const struct bundle_image *kernel, uint64_t *text_offset)
{
	struct image_header h;

	if (kernel->size < sizeof(h))
		return 0;
	memcpy(&h, kernel->data, sizeof(h));
	if (h.magic != IMAGE_MAGIC || h.text_offset > MIB * 2)
		return 0;
	*text_offset = h.text_offset;
	return h.image_size > kernel->size ? h.image_size : kernel->size;
}

int arch_zone_load(struct zone *z)
{
	struct zone_arch *a = zone_arch(z);
	const struct bundle_image *kernel = bundle_find(&hv.bundle, z->manifest->kernel);
	const struct bundle_image *initrd =
		z->manifest->initrd[0] ? bundle_find(&hv.bundle, z->manifest->initrd) : NULL;
	uint64_t text_offset = 0, extent;
	gpa_t kernel_gpa, initrd_gpa, fdt_gpa;
	int err;

	if (!kernel || (z->manifest->initrd[0] && !initrd))
		return -ENOENT;
	extent = kernel_extent(kernel, &text_offset);
	if (!extent) {
		host_log(
			LOG_ERROR,
			"zone %s: kernel %s is not an arm64 Image: put an uncompressed Image into the bundle",
			z->name, kernel->name);
		return -EINVAL;
	}
	err = host_map_guest(z, z->ram_gpa, z->ram_hpa, z->ram_size, GUEST_MAP_RAM);
	if (err)
		return err;
	kernel_gpa = z->ram_gpa + text_offset;
	fdt_gpa = align_up(kernel_gpa + extent, 2 * MIB);
	initrd_gpa = fdt_gpa + 2 * MIB;
	err = place(z, "kernel", kernel, kernel_gpa);
	if (!err && initrd)
		err = place(z, "initrd", initrd, initrd_gpa);
	if (!err)
		err = write_device_tree(z, fdt_gpa, initrd ? initrd_gpa : 0,
					initrd ? initrd->size : 0);
	if (err)
		return err;
	a->vcpus[0].entry = kernel_gpa;
	a->vcpus[0].context = fdt_gpa;
	a->vcpus[0].power = VCPU_ON_PENDING;
	return 0;
}

void arch_zone_release(struct zone *z)
{
	__atomic_store_n(&zone_arch(z)->halt, false, __ATOMIC_RELEASE);
}

void arch_zone_halt(struct zone *z)
{
	__atomic_store_n(&zone_arch(z)->halt, true, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < z->cpu_count; i++)
		cpu_kick(z->cpus[i]);
}

bool arch_zone_parked(struct zone *z)
{
	const struct zone_arch *a = zone_arch(z);

	for (unsigned i = 0; i < z->cpu_count; i++)
		if (__atomic_load_n(&a->vcpus[i].in_guest, __ATOMIC_SEQ_CST))
			return false;
	return true;
}

void arch_zone_reset(struct zone *z)
{
	struct zone_arch *a = zone_arch(z);

	for (unsigned i = 0; i < z->cpu_count; i++)
		a->vcpus[i].power = VCPU_OFF;
	vgic_reset(a->vgic);
	if (a->vuart)
		vuart_reset(a->vuart);
}

void arch_describe_vcpus(struct zone *z, void (*line)(void *ctx, const char *text), void *ctx)
{
	static const char *const power[] = { "off", "starting", "on" };
	char text[96];

	for (unsigned i = 0; i < z->cpu_count; i++) {
		const struct vcpu *v = &zone_arch(z)->vcpus[i];

		format_text(text, sizeof(text), "vCPU %u on CPU %u: %s%s", i, z->cpus[i],
			    power[v->power], v->in_guest ? ", in the guest" : "");
		line(ctx, text);
	}
}

void arch_stats(void (*line)(void *ctx, const char *text), void *ctx)
{
	char text[160];

	format_text(text, sizeof(text), "interrupts that came for nobody: %lu, each masked",
		    (unsigned long)irq_strays());
	line(ctx, text);

	for (unsigned i = 0; i < hv.zone_count; i++) {
		const struct zone *z = &hv.zones[i];
		struct vgic_its_stats its;

		if (!z->arch)
			continue;
		vgic_its_stats(((const struct zone_arch *)z->arch)->vgic, &its);
		format_text(
			text, sizeof(text),
			"zone %s: virtual ITS: %lu commands, %lu errors, %lu messages, %lu dropped",
			z->name, (unsigned long)its.commands, (unsigned long)its.errors,
			(unsigned long)its.messages, (unsigned long)its.dropped);
		line(ctx, text);
		for (unsigned n = 0; n < z->cpu_count; n++) {
			struct vgic_vcpu_stats s;

			vgic_vcpu_stats(((const struct zone_arch *)z->arch)->vgic, n, &s);
			format_text(
				text, sizeof(text),
				"zone %s vCPU %u: %lu injected, %lu overflows, %lu maintenance, %lu SGI writes",
				z->name, n, (unsigned long)s.injected, (unsigned long)s.overflows,
				(unsigned long)s.maintenance, (unsigned long)s.sgis);
			line(ctx, text);
		}
	}
}
