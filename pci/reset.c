// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Quieting a function and resetting it, without ever holding the CPU: the reset is a machine of
 * steps with deadlines.
 *
 * Contract: postern/pci.h. The caller owns the function: the life cycle under the device table's
 * lock, or the function's vpci under that lock. No zone's stage-2 shows the function's BARs while a
 * reset is under way.
 *
 * PCIe Base Specification, 6.6.1 (100 ms after a reset, then retry status for up to 1 s), 6.6.2
 * (FLR); PCI AF ECN; PCI Bus Power Management Interface 1.2, 5.4.1 and 5.6.1 (D3hot to D0: 10 ms
 * each way).
 */
#include "scan.h"

#include <linux/pci_regs.h>
#include <postern/errno.h>

#define MS           1000000ull
#define PENDING_WAIT (100 * MS)
#define PENDING_STEP (1 * MS)
#define RESET_WAIT   (100 * MS)
#define READY_WAIT   (1000 * MS)
#define READY_STEP   (10 * MS)
#define PM_WAIT      (10 * MS)
#define D3HOT        3u

/*
 * Device Control and Device Control 2 as a restored function has them: everything but the bit that
 * starts an FLR.
 */
#define DEVCTL_RESTORED ((uint16_t)~PCI_EXP_DEVCTL_BCR_FLR)
#define PMCSR_SETTINGS \
	((uint16_t)~(PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_STATUS | PCI_PM_CTRL_PME_ENABLE))

enum reset_step { STEP_DRAIN, STEP_TRIGGER, STEP_PM_SLEEP, STEP_READY };

static int set_command(struct pci_function *f, uint16_t bit, bool on)
{
	uint16_t command = pci_read16(f, PCI_COMMAND);

	pci_write16(f, PCI_COMMAND,
		    (uint16_t)((on ? command | bit : command & ~bit) | PCI_COMMAND_INTX_DISABLE));
	command = pci_read16(f, PCI_COMMAND);
	/* A function that is gone reads all-ones, which must not pass for "on". */
	if (command == UINT16_MAX || (command & bit) != (on ? bit : 0)) {
		host_log(LOG_ERROR, "pci " SBDF_FMT ": %s does not turn %s (Command reads %04x)",
			 SBDF_ARG(f->sbdf),
			 bit == PCI_COMMAND_MASTER ? "Bus Master" : "Memory Enable",
			 on ? "on" : "off", (unsigned)command);
		return -EIO;
	}
	return 0;
}

int pci_set_bus_master(struct pci_function *f, bool on)
{
	return set_command(f, PCI_COMMAND_MASTER, on);
}

int pci_set_memory_decode(struct pci_function *f, bool on)
{
	if (!pci_is_vf(f))
		return set_command(f, PCI_COMMAND_MEMORY, on);
	/*
	 * By the specification a VF has no such bit: the PF's VF Memory Space Enable is on as long as
	 * there are VFs. Some have it all the same, and need it; nothing can be read from it.
	 */
	pci_update16(f, PCI_COMMAND, on ? 0 : PCI_COMMAND_MEMORY, on ? PCI_COMMAND_MEMORY : 0);
	return 0;
}

void pci_set_intx(struct pci_function *f, bool on)
{
	pci_update16(f, PCI_COMMAND, on ? PCI_COMMAND_INTX_DISABLE : 0,
		     on ? 0 : PCI_COMMAND_INTX_DISABLE);
}

bool pci_transactions_done(const struct pci_function *f)
{
	uint16_t status;

	if (!f->caps.pcie)
		return true;
	status = pci_read16(f, f->caps.pcie + PCI_EXP_DEVSTA);
	/* All-ones is a function that is gone: it has nothing pending that a wait would end. */
	return status == UINT16_MAX || !(status & PCI_EXP_DEVSTA_TRPND);
}

/* ---- restoring ---- */

static void restore16(const struct pci_function *f, unsigned offset, uint16_t mask)
{
	pci_write16(f, offset, pci_snapshot16(f, offset) & mask);
}

static void restore32(const struct pci_function *f, unsigned offset)
{
	pci_write32(f, offset, pci_snapshot32(f, offset));
}

/*
 * Resizable BARs forget their size in a reset; it must be right before their addresses are written.
 */
static void restore_bar_sizes(const struct pci_function *f)
{
	unsigned cap = pci_snapshot_extended(f, PCI_EXT_CAP_ID_REBAR), count, i;

	if (!cap)
		return;
	count = (unsigned)FIELD_GET(PCI_REBAR_CTRL_NBAR_MASK,
				    pci_snapshot32(f, cap + PCI_REBAR_CTRL));
	for (i = 0; i < count && cap + PCI_REBAR_CTRL + 8 * i + 4 <= f->snapshot_size; i++)
		restore32(f, cap + PCI_REBAR_CTRL + 8 * i);
}

static void restore_extended(struct pci_function *f)
{
	restore_bar_sizes(f);
	if (f->caps.acs)
		restore16(f, f->caps.acs + PCI_ACS_CTRL, UINT16_MAX);
	if (f->caps.ari)
		restore16(f, f->caps.ari + PCI_ARI_CTRL, UINT16_MAX);
	if (f->caps.sriov) {
		restore16(f, f->caps.sriov + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_ARI);
		restore32(f, f->caps.sriov + PCI_SRIOV_SYS_PGSIZE);
		pci_program_vf_bars(f);
	}
	if (f->caps.aer) {
		restore32(f, f->caps.aer + PCI_ERR_UNCOR_MASK);
		restore32(f, f->caps.aer + PCI_ERR_UNCOR_SEVER);
		restore32(f, f->caps.aer + PCI_ERR_COR_MASK);
	}
}

static bool bars_hold(const struct pci_function *f)
{
	unsigned i;

	for (i = 0; i < PCI_BAR_COUNT; i++) {
		const struct pci_bar *b = &f->bars[i];
		unsigned reg = PCI_BASE_ADDRESS_0 + 4 * i;

		if ((b->kind == PCI_BAR_MEM32 || b->kind == PCI_BAR_MEM64) &&
		    pci_read32(f, reg) != pci_snapshot32(f, reg))
			return false;
		if (b->kind == PCI_BAR_MEM64 &&
		    pci_read32(f, reg + 4) != pci_snapshot32(f, reg + 4))
			return false;
	}
	return true;
}

/* Puts back what the scan set up; Command stays off, messages disabled. */
static int restore(struct pci_function *f)
{
	unsigned i;

	pci_write16(f, PCI_COMMAND, COMMAND_QUIET);
	if (f->caps.pm)
		restore16(f, f->caps.pm + PCI_PM_CTRL, PMCSR_SETTINGS);
	restore_extended(f);
	pci_write8(f, PCI_CACHE_LINE_SIZE, f->snapshot[PCI_CACHE_LINE_SIZE]);
	pci_write8(f, PCI_LATENCY_TIMER, f->snapshot[PCI_LATENCY_TIMER]);
	pci_write8(f, PCI_INTERRUPT_LINE, f->snapshot[PCI_INTERRUPT_LINE]);
	for (i = 0; i < PCI_BAR_COUNT; i++)
		restore32(f, PCI_BASE_ADDRESS_0 + 4 * i);
	if (f->caps.pcie) {
		unsigned cap = f->caps.pcie;

		restore16(f, cap + PCI_EXP_DEVCTL, DEVCTL_RESTORED);
		if (f->pcie_type != PCI_EXP_TYPE_RC_END)
			restore16(f, cap + PCI_EXP_LNKCTL, (uint16_t)~PCI_EXP_LNKCTL_RL);
		if (FIELD_GET(PCI_EXP_FLAGS_VERS, pci_snapshot16(f, cap + PCI_EXP_FLAGS)) >= 2)
			restore16(f, cap + PCI_EXP_DEVCTL2, UINT16_MAX);
	}
	pci_mask_interrupts(f);
	if (!bars_hold(f)) {
		host_log(LOG_ERROR, "pci " SBDF_FMT ": a BAR does not hold its address after reset",
			 SBDF_ARG(f->sbdf));
		return -EIO;
	}
	return 0;
}

/* ---- the machine ---- */

static void wait(struct pci_reset *r, enum reset_step step, uint64_t delay, uint64_t limit)
{
	uint64_t now = host_time_ns();

	r->step = step;
	r->wait_until = now + delay;
	r->deadline = now + limit;
}

int pci_reset_start(struct pci_reset *r, struct pci_function *f)
{
	*r = (struct pci_reset){ .f = f, .method = pci_reset_method(f) };
	if (!r->method)
		return -EOPNOTSUPP;
	pci_mask_interrupts(f);
	pci_write16(f, PCI_COMMAND, COMMAND_QUIET);
	wait(r, STEP_DRAIN, 0, PENDING_WAIT);
	return 0;
}

/*
 * Requests still under way would be answered after the reset; they get a bounded time to finish,
 * not a veto.
 */
static int drain(struct pci_reset *r)
{
	bool done = pci_transactions_done(r->f);

	if (!done && host_time_ns() < r->deadline) {
		r->wait_until = host_time_ns() + PENDING_STEP;
		return -EAGAIN;
	}
	if (!done)
		host_log(LOG_WARN,
			 "pci " SBDF_FMT ": transactions still pending, reset all the same",
			 SBDF_ARG(r->f->sbdf));
	r->step = STEP_TRIGGER;
	return -EAGAIN;
}

static int trigger(struct pci_reset *r)
{
	struct pci_function *f = r->f;

	if (f->can_flr) {
		uint16_t control = pci_read16(f, f->caps.pcie + PCI_EXP_DEVCTL);

		pci_write16(f, f->caps.pcie + PCI_EXP_DEVCTL, control | PCI_EXP_DEVCTL_BCR_FLR);
		wait(r, STEP_READY, RESET_WAIT, RESET_WAIT + READY_WAIT);
	} else if (f->can_af_flr) {
		pci_write8(f, f->caps.af + PCI_AF_CTRL, PCI_AF_CTRL_FLR);
		wait(r, STEP_READY, RESET_WAIT, RESET_WAIT + READY_WAIT);
	} else {
		pci_write16(f, f->caps.pm + PCI_PM_CTRL, D3HOT);
		wait(r, STEP_PM_SLEEP, PM_WAIT, PM_WAIT);
	}
	return -EAGAIN;
}

static int wake(struct pci_reset *r)
{
	pci_write16(r->f, r->f->caps.pm + PCI_PM_CTRL, 0);
	wait(r, STEP_READY, PM_WAIT, PM_WAIT + READY_WAIT);
	return -EAGAIN;
}

static int ready(struct pci_reset *r)
{
	/* While a function is not ready it answers retry status (0001h) or nothing (all-ones). */
	uint16_t vendor = pci_read16(r->f, PCI_VENDOR_ID);

	/* A virtual function's vendor ID is all-ones for good: its Command register tells. */
	if (vendor == pci_snapshot16(r->f, PCI_VENDOR_ID) &&
	    (vendor != UINT16_MAX || pci_read16(r->f, PCI_COMMAND) != UINT16_MAX))
		return restore(r->f);
	if (host_time_ns() >= r->deadline) {
		host_log(LOG_ERROR, "pci " SBDF_FMT ": not back after %s (vendor ID reads %04x)",
			 SBDF_ARG(r->f->sbdf), r->method, (unsigned)vendor);
		return -ETIMEDOUT;
	}
	r->wait_until = host_time_ns() + READY_STEP;
	return -EAGAIN;
}

int pci_reset_step(struct pci_reset *r)
{
	if (host_time_ns() < r->wait_until)
		return -EAGAIN;
	switch ((enum reset_step)r->step) {
	case STEP_DRAIN:
		return drain(r);
	case STEP_TRIGGER:
		return trigger(r);
	case STEP_PM_SLEEP:
		return wake(r);
	case STEP_READY:
		return ready(r);
	}
	return -EINVAL;
}
