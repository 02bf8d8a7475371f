/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's own state and the calls its parts make on each other. Architecture-independent.
 *
 * Execution model: the hypervisor never takes an interrupt while it runs; a CPU is either in its
 * zone (one vCPU pinned to it for good) or in cpu_idle(), and enters the hypervisor by an exit or
 * by waking up. Physical CPU 0 does the housekeeping: monitor UART, IOMMU events, deferred work. A
 * zone's own boot CPU loads, starts, stops and cleans the zone, so that no other zone waits for it.
 */
#ifndef HV_HV_H
#define HV_HV_H

#include <postern/manifest.h>
#include <postern/platform.h>
#include <postern/zone.h>

#define HOUSEKEEPING_CPU 0u

/* Why a CPU left its zone; counted per CPU, shown by the monitor's `stats`. */
enum exit_reason {
	EXIT_IRQ_TIMER,  /* a timer of the zone's own */
	EXIT_IRQ_MSI,    /* a device's message */
	EXIT_IRQ_LINE,   /* a wired interrupt of the zone */
	EXIT_IRQ_KICK,   /* another CPU asked for attention */
	EXIT_IRQ_HOST,   /* the hypervisor's own: monitor, IOMMU, maintenance */
	EXIT_PCI_CONFIG, /* virtual config space */
	EXIT_PCI_BAR,    /* MSI-X table, small BAR */
	EXIT_INTC,       /* virtual interrupt controller registers */
	EXIT_CONSOLE,    /* emulated UART */
	EXIT_SGI,        /* inter-processor interrupt between vCPUs */
	EXIT_SYSREG,     /* trapped system register */
	EXIT_FIRMWARE,   /* PSCI and SMCCC calls */
	EXIT_UNMAPPED,   /* guest touched nothing: architected abort given back */
	EXIT_OTHER,
	EXIT_REASONS
};
extern const char *const exit_reason_names[EXIT_REASONS];

struct vcpu;

struct cpu {
	unsigned index;
	uint64_t hw_id;
	bool online;
	struct vcpu *vcpu; /* pinned here, NULL when the CPU belongs to no zone */
	uint64_t exits[EXIT_REASONS];
};

struct hv {
	const struct platform *platform;
	struct machine machine;
	struct cpu cpus[MAX_CPUS];
	struct pci_table pci;
	struct bundle bundle;
	struct manifest manifest;
	struct zone zones[MAX_ZONES];
	unsigned zone_count;
	/* Planned owner of each function in pci.functions[]: zone id or ZONE_NONE. Applied at zone
	 * start. */
	uint16_t plan[MAX_PCI_FUNCTIONS];
	sbdf_t plan_vbdf[MAX_PCI_FUNCTIONS], plan_vport[MAX_PCI_FUNCTIONS];
};
extern struct hv hv;

/* ---- zones (hv-glue/zone_control.c) ---- */

enum zone_stop { ZONE_STOP_OFF, ZONE_STOP_RESTART };

/*
 * Asks the zone's boot CPU to do it; returns at once. -EBUSY: not in a state where that makes sense
 * (state is in the log), -EINVAL: the zone was refused at boot. Any CPU, no locks held.
 */
int zone_request_start(struct zone *z);
/* `reason` is kept as a copy. Also what a guest's SYSTEM_OFF / SYSTEM_RESET, a crash, and the
 * monitor end up in. */
int zone_request_stop(struct zone *z, enum zone_stop how, const char *reason);
struct zone *zone_find(const char *name);

/*
 * Runs due requests of the zone whose boot CPU this is; called from cpu_idle() with nothing held.
 * Returns when there is nothing to do until the next wake-up.
 */
void zone_service(struct cpu *self);

/* Takes a function away from its zone, running or not, and clears its plan; steps run as deferred
 * work. Logs the result. */
int device_request_release(struct pci_function *f);
/* Plans the function for the zone; a running zone gets it at once (its kernel finds it at the next
 * rescan). */
int device_request_assign(struct pci_function *f, struct zone *z);

/* ---- virtual functions (hv-glue/vfs.c) ---- */

/* Boot, after the manifest was checked: the VFs it offers get their places in the table. */
void vfs_offer(void);
/* Boot, after every zone's devices were planned: VFs nobody names go with their physical function. */
void vfs_plan(void);
/* The zone runs now, or is about to: it gets the VFs planned for it that are there. */
void vfs_hand_to(struct zone *z);

/* ---- deferred work on the housekeeping CPU (hv-glue/work.c) ---- */

struct work {
	void (*fn)(struct work *w);
	uint64_t deadline; /* host_time_ns() */
	struct work *next;
	bool queued;
};
/* Runs w->fn on CPU 0 at or after the deadline, not before this call returned. The work must stay
 * allocated. */
void work_defer(struct work *w, uint64_t deadline);
/* Called on the housekeeping CPU when its timer fires or it is kicked. Programs the timer for the
 * next one. */
void work_run(void);
/* The same, but the timer fires at `deadline` at the latest: for a wait of the caller's own on that
 * CPU. */
void work_run_with(uint64_t deadline);

/* ---- memory (hv-glue/memory.c) ---- */

/* Single-threaded, boot: everything in m->memory minus reserved, the image, firmware tables and the
 * bundle. */
int memory_init(const struct machine *m, hpa_t image, uint64_t image_size);
/* Contiguous, 2 MiB aligned, never at host == avoid_identity. Content unspecified. 0 when there is
 * none. */
hpa_t memory_alloc_ram(uint64_t size, gpa_t avoid_identity);
/* Pre: zeroed by the caller, nothing can write to it any more. */
void memory_free_ram(hpa_t base, uint64_t size);
uint64_t memory_free_bytes(void);

struct memory_usage {
	uint64_t ram_total, ram_free;   /* zone RAM, bytes */
	uint64_t ram_largest;           /* largest free piece of it, bytes */
	size_t pages_total, pages_free; /* host_pages_alloc()'s */
};
void memory_usage(struct memory_usage *out);

/* ---- log and consoles (hv-glue/log.c, console.c, vuart.c) ---- */

/* Hypervisor UART (the last of struct machine's) up for polled output; before that log lines only go to
 * the ring. */
void console_init(const struct uart_info *uart);
/* A linear framebuffer of 32-bit pixels that firmware set up. */
struct screen_info {
	hpa_t base;
	uint64_t size;                  /* bytes */
	uint32_t width, height, stride; /* pixels; stride: from line to line */
};
/* The screen shows what the UART does, from now on, too; with or without a UART. */
void console_init_screen(const struct screen_info *screen);
/*
 * Around the scan of PCI, which turns the decoders of all functions off. The one whose memory the
 * screen is gets it back (not Bus Master), as long as it is no zone's (hv-glue/display.c).
 */
void display_suspend(void);
void display_resume(void);
/* Interrupt of the hypervisor UART: takes input to the monitor or to the attached zone.
 * Housekeeping CPU. */
void console_irq(void);
/* Whole line of log (no newline) to ring and, when the monitor is in front, to the UART. Any CPU.
 */
void console_log_line(const char *line, size_t length);
/* One line of output that is no log: of the monitor's command, or of the bring-up test. */
void console_print(const char *text);
/*
 * Something fatal is about to be logged: puts the log in front, whoever was, and takes the
 * console's locks away from a holder that keeps them for more than 100 ms (it may be dead, or be
 * the caller). Any CPU.
 */
void console_emergency(void);

struct vuart;
/* The emulated UART of a nonroot zone (Arm SBSA generic UART). line: its virtual interrupt. NULL:
 * no memory. */
struct vuart *vuart_create(struct zone *z, uint32_t line);
void vuart_destroy(struct vuart *u);
void vuart_reset(struct vuart *u);
/* offset < 4096, size 1, 2, 4. */
enum access_result vuart_mmio(struct vuart *u, unsigned offset, unsigned size, bool write,
			      uint64_t *value);
struct vuart *zone_vuart(struct zone *z); /* NULL: the zone has a real one */

/* ---- monitor (hv-glue/monitor.c) ---- */

void monitor_init(void);
/* One complete input line. Housekeeping CPU. */
void monitor_line(char *line);

/* ---- architecture (hv-glue/arch/<arch>) ---- */

/* Where the architecture's boot code ends up: translation on, boot CPU on its own stack, nothing
 * discovered yet. */
_Noreturn void hv_main(const struct boot_info *boot, hpa_t image, uint64_t image_size);
/* The platforms of this architecture (<postern/platform.h>). */
const struct platform *const *arch_platforms(void);
/* Makes everything of the machine reachable: memory, the bundle, device registers. */
int arch_map_machine(const struct machine *m);
/* Main interrupt controller and MSI units, on the boot CPU. */
int arch_init_interrupts(struct machine *m);
/* Wired interrupts of the hypervisor's own (console, IOMMUs) are handled from now on. */
int irq_init(const struct machine *m);
/* Takes the boot CPU's interrupts and starts the others; a CPU that does not come stays offline,
 * logged. */
void smp_start(void);
/* What a CPU does while no guest is on it. */
_Noreturn void cpu_idle(void);
/* Handles what is pending, on a CPU that runs no guest: long work calls it every few milliseconds,
 * so that the monitor answers meanwhile. */
void cpu_poll(void);
/* Handles what comes until host time `deadline`; for waits of the life cycle on a CPU that runs no
 * guest. */
void cpu_wait_until(uint64_t deadline);

/* This CPU. */
struct cpu *cpu_self(void);
/* Makes another CPU leave its zone or wake up, and look at its requests. */
void cpu_kick(unsigned cpu);
/* Powers the whole machine off / resets it through firmware. Does not return. */
_Noreturn void machine_power_off(void);
_Noreturn void machine_reset(void);
/*
 * Housekeeping CPU only: have work_run() called at or soon after `deadline_ns` (host_time_ns()); a
 * deadline that has passed fires at once. Replaces the deadline set before; UINT64_MAX: none.
 */
void arch_timer_program(uint64_t deadline_ns);
/* Prints the guest-visible state of a zone's CPUs (pc, mode) to the sink, one line a CPU. */
void arch_describe_vcpus(struct zone *z, void (*line)(void *ctx, const char *text), void *ctx);
/* Counters of the architecture's own for the monitor's `stats` (virtual interrupt controllers and
 * the like). */
void arch_stats(void (*line)(void *ctx, const char *text), void *ctx);

/* Everything of the zone that is the architecture's: stage-2, vCPUs, virtual controllers. */
int arch_zone_create(struct zone *z);
/* RAM is mapped at z->ram_gpa; images are copied and the device tree written; vCPU 0 is ready to
 * run. */
int arch_zone_load(struct zone *z);
/* Its vCPUs may run from now on: the boot CPU's is entered by cpu_idle(). */
void arch_zone_release(struct zone *z);
/* Its vCPUs must leave the guest; asks every CPU of the zone. Any CPU. */
void arch_zone_halt(struct zone *z);
/* True once no vCPU of the zone is in the guest or can enter it again. */
bool arch_zone_parked(struct zone *z);
/* Controllers and vCPUs as after power-on; the zone can be loaded again. Pre: parked. */
void arch_zone_reset(struct zone *z);
/* Guest-physical place of a zone's RAM and PCI. */
gpa_t arch_zone_ram_base(void);
const struct vpci_layout *arch_zone_vpci_layout(void);

#endif
