// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The boot CPU between start.S and the architecture-independent hv_main(): exceptions, per-CPU
 * pointer, and what the loader left put into a struct boot_info.
 *
 * Two loaders: one that follows Linux's boot protocol for LoongArch (command line and an EFI system
 * table with configuration tables; QEMU's -kernel), and our own UEFI application (hv-glue/efi),
 * which has collected everything and left boot services.
 */
#include <efi/handover.h>
#include <efi/tables.h>
#include <hv/acpi_report.h>
#include <hv/asm_offsets.h>
#include <hv/cpu.h>
#include <hv/csr.h>
#include <hv/direct_map.h>
#include <hv/stack_guard.h>
#include <postern/string.h>

/* start.S calls these with physical addresses. */
_Noreturn void boot_from_loader(uint64_t is_efi, hpa_t command_line, hpa_t system_table);
_Noreturn void boot_from_firmware(hpa_t handover);

extern char __image_start[], __image_end[];

/*
 * In the direct-mapped windows pages have no permissions: neither a guard below a stack nor
 * write-or-execute can be had here. What is left is the guard word of libfdt's own frames.
 */
static uint8_t stacks[MAX_CPUS][STACK_SIZE] __attribute__((aligned(4096)));
static struct trap_frame frames[MAX_CPUS];

static struct boot_info boot;

/*
 * Without firmware's map: what the loader itself keeps in low memory (the command line, its tables,
 * the device tree) is not to be given away.
 */
#define LOADER_AREA_END (2 * MIB)
static const struct memory_region loader_area = { 0, LOADER_AREA_END };

void *cpu_stack_top(unsigned cpu)
{
	return &stacks[cpu][STACK_SIZE];
}

void cpu_init(struct cpu *self)
{
	struct trap_frame *f = &frames[self - hv.cpus];

	f->stack = (uint64_t)cpu_stack_top((unsigned)(self - hv.cpus));
	csr_write(CSR_SAVE1, (uint64_t)f);
	csr_write(CSR_SAVE2, (uint64_t)self);
	csr_write(CSR_EUEN, 0);
	csr_write(CSR_ECFG, 0);
	csr_write(CSR_EENTRY, (uint64_t)exception_entry);
	csr_write(CSR_TLBRENTRY, host_virt_to_phys(refill_entry));
	csr_write(CSR_MERRENTRY, host_virt_to_phys(error_entry));
	timer_cpu_init();
}

static _Noreturn void go_on(void)
{
	const hpa_t image = host_virt_to_phys(__image_start);

	acpi_report(&boot);
	hv_main(&boot, image, host_virt_to_phys(__image_end) - image);
}

static void begin(void)
{
	timer_init();
	cpu_init(&hv.cpus[0]);
	stack_guard_seed(host_time_ns());
}

void boot_from_loader(uint64_t is_efi, hpa_t command_line, hpa_t system_table)
{
	const struct efi_system_table *st = host_phys_to_virt(system_table);
	hpa_t fdt = 0, initrd = 0;

	begin();
	/* Address 0 is a fine place for a command line. */
	boot.command_line = host_phys_to_virt(command_line);
	boot.reserved = &loader_area;
	boot.reserved_count = 1;
	if (is_efi && system_table) {
		fdt = efi_find_table(st, &efi_guid_fdt, DIRECT_MAP_BASE);
		initrd = efi_find_table(st, &efi_guid_initrd, DIRECT_MAP_BASE);
		boot.acpi_rsdp = efi_find_table(st, &efi_guid_acpi, DIRECT_MAP_BASE);
	}
	if (fdt) {
		boot.fdt = host_phys_to_virt(fdt);
		boot.fdt_size = fdt < LOADER_AREA_END ? LOADER_AREA_END - fdt : 2 * MIB;
	}
	if (initrd) {
		const struct efi_initrd *r = host_phys_to_virt(initrd);

		boot.bundle = (struct memory_region){ .base = r->base, .size = r->size };
	}
	stack_restart(cpu_stack_top(0), (void (*)(void))go_on);
}

/*
 * What firmware and the application call an address is a physical one, perhaps with a window of
 * firmware's own on top.
 */
static hpa_t physical(uint64_t address)
{
	return address & MASK64(DIRECT_MAP_BITS - 1, 0);
}

static const void *seen_here(const void *p)
{
	return p ? host_phys_to_virt(physical((uintptr_t)p)) : NULL;
}

void boot_from_firmware(hpa_t handover)
{
	const struct efi_handover *h = host_phys_to_virt(physical(handover));
	struct screen_info screen = h->screen;

	begin();
	boot = h->boot;
	boot.acpi_rsdp = physical(boot.acpi_rsdp);
	boot.bundle.base = physical(boot.bundle.base);
	boot.overrides.base = physical(boot.overrides.base);
	screen.base = physical(screen.base);
	boot.fdt = seen_here(h->boot.fdt);
	boot.memory = seen_here(h->boot.memory);
	boot.reserved = seen_here(h->boot.reserved);
	boot.command_line = seen_here(h->boot.command_line);
	if (screen.base)
		console_init_screen(&screen);
	stack_restart(cpu_stack_top(0), (void (*)(void))go_on);
}

/* Everything is reachable through the windows already. */
int arch_map_machine(const struct machine *m)
{
	(void)m;
	return 0;
}

const struct platform *const *arch_platforms(void)
{
	return platforms_loongarch64;
}
