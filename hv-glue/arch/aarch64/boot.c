// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The boot CPU between start.S and the architecture-independent hv_main(): translation on, per-CPU
 * pointer, memory and device mappings for what the platform discovered.
 */
#include <hv/cpu.h>
#include <hv/stack_guard.h>
#include <hv/sysreg.h>
#include <irq/gic-v3-its.h>
#include <irq/gic-v3.h>
#include <postern/fdt.h>

#include <libfdt.h>

/* start.S hands over with the MMU off. */
_Noreturn void boot_main(hpa_t fdt, hpa_t image, hpa_t image_end);

static struct boot_info boot_info;
static hpa_t image_base;
static uint64_t image_size;

/* The loader's `-append`: /chosen's bootargs. NULL: none. */
static const char *command_line(const struct boot_info *boot)
{
	const char *text;
	int chosen;

	if (dt_verify(boot->fdt, boot->fdt_size, NULL, NULL))
		return NULL;
	chosen = fdt_path_offset(boot->fdt, "/chosen");
	return chosen >= 0 && !dt_read_string(boot->fdt, chosen, "bootargs", &text) ? text : NULL;
}

static _Noreturn void boot_on_own_stack(void)
{
	boot_info.command_line = command_line(&boot_info);
	hv_main(&boot_info, image_base, image_size);
}

void boot_main(hpa_t fdt, hpa_t image, hpa_t image_end)
{
	sysreg_write(tpidr_el2, &hv.cpus[0]);
	timer_init();
	stack_guard_seed(sysreg_read(cntpct_el0));
	mmu_init_boot(fdt);
	boot_info.fdt = (const void *)fdt;
	boot_info.fdt_size = 2 * MIB;
	image_base = image;
	image_size = image_end - image;
	cpu_init_el2();
	stack_restart(cpu_stack_top(0), (void (*)(void))boot_on_own_stack);
}

const struct platform *const *arch_platforms(void)
{
	return platforms_aarch64;
}

static int map_devices(const struct machine *m)
{
	int err = mmu_map_device(m->intc.dist_base, m->intc.dist_size);

	if (!err)
		err = mmu_map_device(m->intc.redist_base, m->intc.redist_size);
	for (unsigned i = 0; !err && i < m->uart_count; i++)
		err = mmu_map_device(m->uarts[i].base, m->uarts[i].size);
	for (unsigned i = 0; !err && i < m->msi_unit_count; i++)
		err = mmu_map_device(m->msi_units[i].base, m->msi_units[i].size);
	for (unsigned i = 0; !err && i < m->iommu_count; i++)
		err = mmu_map_device(m->iommus[i].base, m->iommus[i].size);
	for (unsigned i = 0; !err && i < m->host_count; i++) {
		const struct pci_host *h = &m->hosts[i];

		err = mmu_map_device(h->config_base, h->config_size);
		for (unsigned w = 0; !err && w < h->window_count; w++)
			if (h->windows[w].kind != PCI_WINDOW_IO)
				err = mmu_map_device(h->windows[w].cpu, h->windows[w].size);
	}
	return err;
}

int arch_map_machine(const struct machine *m)
{
	int err = 0;

	for (unsigned i = 0; !err && i < m->memory_count; i++)
		err = mmu_map_memory(m->memory[i].base, m->memory[i].size);
	if (!err && m->bundle.size)
		err = mmu_map_memory(m->bundle.base, m->bundle.size);
	return err ? err : map_devices(m);
}

int arch_init_interrupts(struct machine *m)
{
	int err = gic_v3_init(&m->intc);

	if (!err)
		err = gic_v3_cpu_init();
	for (unsigned i = 0; !err && i < m->msi_unit_count; i++) {
		m->msi_units[i].index = i;
		err = gic_its_init(&m->msi_units[i]);
	}
	return err;
}
