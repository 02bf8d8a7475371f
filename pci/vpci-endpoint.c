// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a zone sees of an assigned function: header, power management, PCI Express capability,
 * serial number; and what its writes there do: Command, D-states, Device Control, function-level
 * reset. docs/config-space.md has every decision with its reason.
 *
 * The view starts from the snapshot taken before any zone ran (invariant V6); only status bits are
 * read live.
 *
 * A reset the zone asks for is carried out by the machine in reset.c, moved on by the zone's own
 * later accesses (which poll the function, as software must after a reset): nobody's CPU waits.
 * Until it is over the function reads all-ones and drops writes; its BARs are not mapped. Locking:
 * vpci->lock is held.
 */
#include "vpci.h"

#include <linux/pci_regs.h>
#include <postern/errno.h>

#define STATUS_ERRORS                                                                    \
	(PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT | PCI_STATUS_REC_TARGET_ABORT | \
	 PCI_STATUS_REC_MASTER_ABORT | PCI_STATUS_SIG_SYSTEM_ERROR | PCI_STATUS_DETECTED_PARITY)
#define STATUS_FIXED (PCI_STATUS_66MHZ | PCI_STATUS_FAST_BACK | PCI_STATUS_DEVSEL_MASK)
#define COMMAND_ZONE (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE)

/*
 * PM capabilities without D1, D2 and PME. A function without PME has no clock and no auxiliary
 * current for it (PCI Bus Power Management Interface 1.2, 3.2.3).
 */
#define PMC_PME   (PCI_PM_CAP_PME_MASK | PCI_PM_CAP_PME_CLOCK | PCI_PM_CAP_AUX_POWER)
#define PMC_SHOWN ((uint16_t)~(PCI_PM_CAP_D1 | PCI_PM_CAP_D2 | PMC_PME))
#define D0        0u
#define D3HOT     3u

#define PCIE_V1_SIZE 0x14u
#define PCIE_V2_SIZE 0x3cu
/*
 * Device Control: bits that shape the function's own requests go to the hardware, the others stay
 * in the view.
 */
#define DEVCTL_OWN   (PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ)
#define DEVCTL_VIEW                                                                               \
	(PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE | \
	 PCI_EXP_DEVCTL_PAYLOAD | PCI_EXP_DEVCTL_EXT_TAG)
#define DEVSTA_ERRORS \
	(PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED | PCI_EXP_DEVSTA_FED | PCI_EXP_DEVSTA_URD)
#define DEVCAP_HIDDEN (PCI_EXP_DEVCAP_PHANTOM | PCI_EXP_DEVCAP_FLR)
#define LNKCAP_HIDDEN (PCI_EXP_LNKCAP_ASPMS | PCI_EXP_LNKCAP_CLKPM)
#define LNKCTL_HIDDEN (PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_CLKREQ_EN)
#define DEVCAP2_SHOWN 0x0000001fu /* completion timeout ranges and disable */
#define DEVCTL2_VIEW  0x001fu     /* completion timeout value and disable */
#define READRQ_MAX    5u          /* 4096 bytes; 6 and 7 are reserved */
/* Where SR-IOV is shown behind a serial number. */
#define SRIOV_SHOWN   0x110u
/*
 * What a root-complex integrated device shows when it stands below a port, where a link is
 * expected.
 */
#define LNK_2_5GT_X1  0x011u

/* ---- Command ---- */

static void command_written(struct vpci_function *fn, unsigned offset)
{
	uint16_t command = (uint16_t)vpci_get(fn, offset, 2);
	/* A VF on its PF's bus decodes when the PF's VF Memory Space Enable says so. */
	bool memory = fn->pf ? fn->memory_on : command & PCI_COMMAND_MEMORY;
	bool master = command & PCI_COMMAND_MASTER;

	/* Stop requests before decode goes, start them after it is there. */
	if (!master && fn->master_on) {
		fn->master_on = false;
		if (pci_set_bus_master(fn->f, false)) {
			vpci_kill(fn, "Bus Master does not go off");
			return;
		}
	}
	if (memory && !fn->memory_on) {
		if (pci_set_memory_decode(fn->f, true)) {
			vpci_kill(fn, "Memory Enable does not go on");
			return;
		}
		fn->memory_on = true;
		vpci_bars_connect(fn);
	} else if (!memory && fn->memory_on) {
		vpci_bars_disconnect(fn);
		if (pci_set_memory_decode(fn->f, false)) {
			vpci_kill(fn, "Memory Enable does not go off");
			return;
		}
	}
	if (master && !fn->master_on) {
		if (pci_set_bus_master(fn->f, true)) {
			vpci_kill(fn, "Bus Master does not go on");
			return;
		}
		fn->master_on = true;
	}
	vpci_intx_apply(fn);
}

/* ---- power management ---- */

/*
 * D0 and D3hot are remembered and read back; the hardware stays in D0, where it keeps what is ours.
 */
static void power_written(struct vpci_function *fn, unsigned offset)
{
	uint32_t control = vpci_get(fn, offset, 2);
	unsigned state = control & PCI_PM_CTRL_STATE_MASK;

	if (state == D0 || state == D3HOT)
		fn->power_state = (uint8_t)state;
	vpci_set(fn, offset, 2, (control & ~(uint32_t)PCI_PM_CTRL_STATE_MASK) | fn->power_state);
}

static void build_pm(struct vpci_function *fn, unsigned cap)
{
	vpci_link(fn, PCI_CAP_ID_PM, cap);
	vpci_list(fn, cap + PCI_PM_PMC, 2, VPCI_CONSTANT, UINT16_MAX,
		  pci_snapshot16(fn->f, cap + PCI_PM_PMC) & PMC_SHOWN);
	vpci_list(fn, cap + PCI_PM_CTRL, 2, VPCI_EMULATED, PCI_PM_CTRL_STATE_MASK, D0);
	vpci_list(fn, cap + PCI_PM_CTRL, 2, VPCI_CONSTANT, PCI_PM_CTRL_NO_SOFT_RESET,
		  PCI_PM_CTRL_NO_SOFT_RESET);
	vpci_hook(fn, cap + PCI_PM_CTRL, 2, power_written);
	fn->power_state = D0;
}

/* ---- PCI Express ---- */

/* The largest request size a zone may choose: below some ports firmware's, else any. */
static unsigned read_request_max(const struct pci_function *f, unsigned devctl)
{
	const struct pci_quirks *q = f->host->quirks;
	const struct pci_function *port;

	for (port = f->parent; port && q && q->keeps_read_request; port = port->parent)
		if (q->keeps_read_request(port))
			return (unsigned)FIELD_GET(PCI_EXP_DEVCTL_READRQ,
						   pci_snapshot16(f, devctl));
	return READRQ_MAX;
}

static void device_control_written(struct vpci_function *fn, unsigned offset)
{
	uint32_t control = vpci_get(fn, offset, 2);
	const unsigned readrq_max = read_request_max(fn->f, offset);
	uint16_t hardware;

	if (control & PCI_EXP_DEVCTL_BCR_FLR) {
		vpci_endpoint_reset(fn);
		return;
	}
	if (FIELD_GET(PCI_EXP_DEVCTL_READRQ, control) > readrq_max) {
		control = (control & ~(uint32_t)PCI_EXP_DEVCTL_READRQ) |
			  (uint32_t)FIELD_PUT(PCI_EXP_DEVCTL_READRQ, readrq_max);
		vpci_set(fn, offset, 2, control);
	}
	hardware = pci_snapshot16(fn->f, offset) & (uint16_t)~(DEVCTL_OWN | PCI_EXP_DEVCTL_BCR_FLR);
	pci_write16(fn->f, offset, (uint16_t)(hardware | (control & DEVCTL_OWN)));
}

/*
 * An integrated device below a port shows as an endpoint, an endpoint on bus 0 as an integrated
 * device: what the kernel expects to find there.
 */
static unsigned shown_type(const struct vpci_function *fn)
{
	unsigned type = fn->f->pcie_type;

	if (fn->port && type == PCI_EXP_TYPE_RC_END)
		return PCI_EXP_TYPE_ENDPOINT;
	if (!fn->port && (type == PCI_EXP_TYPE_ENDPOINT || type == PCI_EXP_TYPE_LEG_END))
		return PCI_EXP_TYPE_RC_END;
	return type;
}

static void build_link(struct vpci_function *fn, unsigned cap, unsigned type)
{
	const struct pci_function *f = fn->f;

	if (type == PCI_EXP_TYPE_RC_END)
		return;
	if (f->pcie_type == PCI_EXP_TYPE_RC_END) {
		vpci_list(fn, cap + PCI_EXP_LNKCAP, 4, VPCI_CONSTANT, UINT32_MAX, LNK_2_5GT_X1);
		vpci_list(fn, cap + PCI_EXP_LNKSTA, 2, VPCI_CONSTANT, UINT16_MAX, LNK_2_5GT_X1);
		return;
	}
	vpci_list(fn, cap + PCI_EXP_LNKCAP, 4, VPCI_CONSTANT, UINT32_MAX,
		  pci_snapshot32(f, cap + PCI_EXP_LNKCAP) & ~(uint32_t)LNKCAP_HIDDEN);
	vpci_list(fn, cap + PCI_EXP_LNKCTL, 2, VPCI_CONSTANT, UINT16_MAX,
		  pci_snapshot16(f, cap + PCI_EXP_LNKCTL) & (uint16_t)~LNKCTL_HIDDEN);
	vpci_list(fn, cap + PCI_EXP_LNKSTA, 2, VPCI_LIVE, UINT16_MAX, 0);
}

static void build_pcie(struct vpci_function *fn, unsigned cap)
{
	const struct pci_function *f = fn->f;
	unsigned type = shown_type(fn);
	uint32_t flags = pci_snapshot16(f, cap + PCI_EXP_FLAGS);
	uint32_t devcap = pci_snapshot32(f, cap + PCI_EXP_DEVCAP) & ~(uint32_t)DEVCAP_HIDDEN;
	bool v2 = FIELD_GET(PCI_EXP_FLAGS_VERS, flags) >= 2 && cap + PCIE_V2_SIZE <= CLASSIC_END;

	vpci_link(fn, PCI_CAP_ID_EXP, cap);
	flags = (flags & PCI_EXP_FLAGS_VERS) | (uint32_t)FIELD_PUT(PCI_EXP_FLAGS_TYPE, type);
	vpci_list(fn, cap + PCI_EXP_FLAGS, 2, VPCI_CONSTANT, UINT16_MAX, flags);
	vpci_list(fn, cap + PCI_EXP_DEVCAP, 4, VPCI_CONSTANT, UINT32_MAX,
		  devcap | (f->can_flr ? (uint32_t)PCI_EXP_DEVCAP_FLR : 0));
	vpci_list(fn, cap + PCI_EXP_DEVCTL, 2, VPCI_EMULATED,
		  DEVCTL_OWN | DEVCTL_VIEW | (f->can_flr ? (uint32_t)PCI_EXP_DEVCTL_BCR_FLR : 0),
		  pci_snapshot16(f, cap + PCI_EXP_DEVCTL) & (uint16_t)~PCI_EXP_DEVCTL_BCR_FLR);
	vpci_hook(fn, cap + PCI_EXP_DEVCTL, 2, device_control_written);
	vpci_list(fn, cap + PCI_EXP_DEVSTA, 2, VPCI_CLEAR, DEVSTA_ERRORS, 0);
	vpci_list(fn, cap + PCI_EXP_DEVSTA, 2, VPCI_LIVE, PCI_EXP_DEVSTA_TRPND, 0);
	build_link(fn, cap, type);
	if (!v2)
		return;
	vpci_list(fn, cap + PCI_EXP_DEVCAP2, 4, VPCI_CONSTANT, UINT32_MAX,
		  pci_snapshot32(f, cap + PCI_EXP_DEVCAP2) & DEVCAP2_SHOWN);
	vpci_list(fn, cap + PCI_EXP_DEVCTL2, 2, VPCI_EMULATED, DEVCTL2_VIEW,
		  pci_snapshot16(f, cap + PCI_EXP_DEVCTL2) & DEVCTL2_VIEW);
	if (type == PCI_EXP_TYPE_RC_END || f->pcie_type == PCI_EXP_TYPE_RC_END)
		return;
	vpci_list(fn, cap + PCI_EXP_LNKCAP2, 4, VPCI_CONSTANT, UINT32_MAX,
		  pci_snapshot32(f, cap + PCI_EXP_LNKCAP2));
	vpci_list(fn, cap + PCI_EXP_LNKCTL2, 2, VPCI_CONSTANT, UINT16_MAX,
		  pci_snapshot16(f, cap + PCI_EXP_LNKCTL2));
	vpci_list(fn, cap + PCI_EXP_LNKSTA2, 2, VPCI_CONSTANT, UINT16_MAX,
		  pci_snapshot16(f, cap + PCI_EXP_LNKSTA2));
}

/* ---- the whole view ---- */

static void list_constant(struct vpci_function *fn, unsigned offset, unsigned size)
{
	unsigned i;

	for (i = 0; i < size; i++)
		vpci_list(fn, offset + i, 1, VPCI_CONSTANT, UINT8_MAX, fn->f->snapshot[offset + i]);
}

static void build_header(struct vpci_function *fn)
{
	const struct pci_function *f = fn->f;

	/* From the capture, not the register: a virtual function's own IDs read all-ones. */
	vpci_list(fn, PCI_VENDOR_ID, 2, VPCI_CONSTANT, UINT16_MAX, f->vendor);
	vpci_list(fn, PCI_DEVICE_ID, 2, VPCI_CONSTANT, UINT16_MAX, f->device);
	vpci_list(fn, PCI_COMMAND, 2, VPCI_EMULATED, fn->pf ? PCI_COMMAND_MASTER : COMMAND_ZONE, 0);
	vpci_hook(fn, PCI_COMMAND, 2, command_written);
	vpci_list(fn, PCI_STATUS, 2, VPCI_CLEAR, STATUS_ERRORS, 0);
	vpci_list(fn, PCI_STATUS, 2, VPCI_CONSTANT, STATUS_FIXED,
		  pci_snapshot16(f, PCI_STATUS) & STATUS_FIXED);
	list_constant(fn, PCI_CLASS_REVISION, 4);
	vpci_list(fn, PCI_CACHE_LINE_SIZE, 1, VPCI_EMULATED, UINT8_MAX,
		  f->snapshot[PCI_CACHE_LINE_SIZE]);
	/* Header type 0; whether the device has several functions is known to the bus (vpci.c). */
	vpci_list(fn, PCI_HEADER_TYPE, 1, VPCI_CONSTANT, UINT8_MAX, PCI_HEADER_TYPE_NORMAL);
	list_constant(fn, PCI_SUBSYSTEM_VENDOR_ID, 4);
	vpci_list(fn, PCI_INTERRUPT_LINE, 1, VPCI_EMULATED, UINT8_MAX, 0);
	vpci_intx_build(fn);
}

/*
 * In the order of the hardware's chain, so that a reader of both sees the same list with links
 * missing.
 */
static void build_capabilities(struct vpci_function *fn)
{
	const struct pci_function *f = fn->f;
	unsigned at = pci_snapshot16(f, PCI_STATUS) & PCI_STATUS_CAP_LIST
			      ? f->snapshot[PCI_CAPABILITY_LIST] & 0xfcu
			      : 0;
	unsigned steps;

	for (steps = 0; at >= CLASSIC_FIRST && steps < CLASSIC_MAX; steps++) {
		if (at == f->caps.pm)
			build_pm(fn, at);
		else if (at == f->caps.msi)
			vpci_msi_build(fn, at);
		else if (at == f->caps.msix)
			vpci_msix_build(fn, at);
		else if (at == f->caps.pcie)
			build_pcie(fn, at);
		at = f->snapshot[at + PCI_CAP_LIST_NEXT] & 0xfcu;
	}
}

/*
 * The serial number, and SR-IOV behind it. No register of theirs is the hardware's, so they need not stand
 * where they do there; the list must begin at 100h.
 */
static void build_extended(struct vpci_function *fn)
{
	const struct pci_function *f = fn->f;

	if (fn->shows_sriov)
		vpci_sriov_build(fn, f->caps.dsn ? SRIOV_SHOWN : EXTENDED_FIRST);
	if (!f->caps.dsn)
		return;
	vpci_list(fn, EXTENDED_FIRST, 4, VPCI_CONSTANT, UINT32_MAX,
		  PCI_EXT_CAP_ID_DSN | 1u << 16 | (fn->shows_sriov ? SRIOV_SHOWN << 20 : 0));
	vpci_list(fn, EXTENDED_FIRST + 4, 4, VPCI_CONSTANT, UINT32_MAX,
		  pci_snapshot32(f, f->caps.dsn + 4u));
	vpci_list(fn, EXTENDED_FIRST + 8, 4, VPCI_CONSTANT, UINT32_MAX,
		  pci_snapshot32(f, f->caps.dsn + 8u));
}

void vpci_endpoint_build(struct vpci_function *fn)
{
	vpci_view_clear(fn);
	build_header(fn);
	build_capabilities(fn);
	build_extended(fn);
	vpci_bars_build(fn);
}

int vpci_endpoint_program(struct vpci_function *fn)
{
	int err = 0;

	vpci_msi_program(fn);
	if (fn->msix_entries) {
		err = pci_set_memory_decode(fn->f, true);
		if (!err)
			vpci_msix_program(fn);
		if (pci_set_memory_decode(fn->f, false))
			err = -EIO;
	}
	return err;
}

/* ---- reset ---- */

/* False: the function has no reset; then it is quiet at least. */
static bool start_reset(struct vpci_function *fn)
{
	fn->reset_waits = false;
	if (!pci_reset_start(&fn->reset, fn->f))
		return true;
	/*
	 * Offered only where it works; a bus reset may still find a function without any reset.
	 */
	pci_write16(fn->f, PCI_COMMAND, COMMAND_QUIET);
	vpci_set(fn, PCI_COMMAND, 2, 0);
	vpci_intx_apply(fn);
	return false;
}

void vpci_endpoint_reset(struct vpci_function *fn)
{
	uint64_t address[VPCI_BARS];
	uint8_t header = fn->view.value[PCI_HEADER_TYPE];
	unsigned i;

	if (fn->resetting || fn->dead || fn->inert)
		return;
	vpci_bars_disconnect(fn);
	fn->master_on = false;
	if (fn->sriov_cap && !vpci_vfs_gone(fn)) {
		/* A reset would take the VFs away under those who have them: they go first. */
		fn->reset_waits = true;
		pci_write16(fn->f, PCI_COMMAND, COMMAND_QUIET);
	} else if (!start_reset(fn)) {
		return;
	}
	/*
	 * Everything as after power-on, except the BARs' addresses: software that does not save
	 * them keeps working.
	 */
	for (i = 0; i < VPCI_BARS; i++)
		address[i] = vpci_bar_address(fn, i);
	vpci_endpoint_build(fn);
	for (i = 0; i < VPCI_BARS; i++)
		vpci_bar_set_address(fn, i, address[i]);
	fn->view.value[PCI_HEADER_TYPE] = header;
	fn->resetting = true;
	vpci_endpoint_advance(fn);
}

void vpci_endpoint_advance(struct vpci_function *fn)
{
	int err;

	if (!fn->resetting)
		return;
	if (fn->reset_waits) {
		if (pci_vfs_phase(fn->f) != VFS_OFF)
			return;
		if (!start_reset(fn)) {
			fn->resetting = false;
			return;
		}
	}
	do
		err = pci_reset_step(&fn->reset);
	while (err == -EAGAIN && host_time_ns() >= fn->reset.wait_until);
	if (err == -EAGAIN)
		return;
	fn->resetting = false;
	if (!err)
		err = vpci_endpoint_program(fn);
	if (err) {
		vpci_kill(fn, "it did not come back from a reset the zone asked for");
	} else if (fn->pf && fn->pf->vfs_memory_on) {
		vpci_vf_connect(fn);
	}
	vpci_intx_apply(fn);
}
