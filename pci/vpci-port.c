// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The root port a zone sees above its devices: a register file only, with no hardware behind it.
 * The physical bridges are the engine's (architecture, section 3).
 *
 * Bus numbers and windows are the zone's to program. Config requests follow the bus numbers;
 * whether a BAR answers is decided by the zone's windows alone (vpci-bar.c), so a port whose memory
 * window is closed hides nothing that is not the zone's anyway. The MSI capability never sends
 * anything today: a kernel's port driver insists on an interrupt to be there, and hotplug will use
 * it. Secondary Bus Reset resets what is below. Locking: vpci->lock is held.
 *
 * PCIe Base Specification, 7.5.1.3 (type 1 header), 7.5.3 (PCI Express capability);
 * docs/config-space.md.
 */
#include "vpci.h"

#include <linux/pci_regs.h>

/*
 * No ID is set aside for purely virtual bridges without a vendor of their own. 7073h ("ps") is not
 * assigned in the PCI ID Repository; a driver that binds by class, as the port driver does, does
 * not look at it.
 */
#define PORT_VENDOR   0x7073u
#define PORT_DEVICE   0x0001u
#define PORT_CLASS    0x060400u
#define PORT_REVISION 0x01u

#define PCIE_CAP 0x40u
#define MSI_CAP  0x80u

#define COMMAND_PORT                                                                       \
	(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR | \
	 PCI_COMMAND_INTX_DISABLE)
#define CONTROL_PORT   (PCI_BRIDGE_CTL_PARITY | PCI_BRIDGE_CTL_SERR | PCI_BRIDGE_CTL_BUS_RESET)
#define WINDOW_BITS    0xfff0fff0u /* base and limit in one dword, address bits 31..20 */
#define WINDOW_GRANULE MIB

#define MPS_MAX 5u /* 4096 bytes: whatever the device below can do */
#define DEVCTL_PORT                                                                               \
	(PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE | \
	 PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_PAYLOAD | PCI_EXP_DEVCTL_EXT_TAG |              \
	 PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ)
#define LNKCTL_PORT  (PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES)
#define LINK_SHAPE   (PCI_EXP_LNKCAP_SLS | PCI_EXP_LNKCAP_MLW)
#define LINK_DEFAULT 0x011u /* 2.5 GT/s x1 */
#define RTCTL_PORT   0x000fu
#define LNKCTL2_PORT 0x000fu
_Static_assert(LINK_SHAPE == (PCI_EXP_LNKSTA_CLS | PCI_EXP_LNKSTA_NLW),
	       "speed and width stand alike in both");

uint8_t vpci_port_secondary(const struct vpci_function *port)
{
	return port->view.value[PCI_SECONDARY_BUS];
}

bool vpci_port_forwards(const struct vpci_function *port, unsigned bus)
{
	return bus && bus == port->view.value[PCI_SECONDARY_BUS] &&
	       bus <= port->view.value[PCI_SUBORDINATE_BUS];
}

/* ---- windows ---- */

void vpci_port_window(const struct vpci_function *port, bool pref, uint64_t *start, uint64_t *size)
{
	uint32_t v = vpci_get(port, pref ? PCI_PREF_MEMORY_BASE : PCI_MEMORY_BASE, 4);
	uint64_t base = (uint64_t)(v & 0xfff0u) << 16,
		 limit = (v & 0xfff00000u) | (WINDOW_GRANULE - 1);

	if (pref) {
		base |= (uint64_t)vpci_get(port, PCI_PREF_BASE_UPPER32, 4) << 32;
		limit |= (uint64_t)vpci_get(port, PCI_PREF_LIMIT_UPPER32, 4) << 32;
	}
	*start = base;
	*size = base && base <= limit ? limit - base + 1 : 0;
}

void vpci_port_set_window(struct vpci_function *port, bool pref, uint64_t start, uint64_t size)
{
	/* Closed is a base above the limit. */
	uint64_t base = size ? start : 0xfff00000u, limit = size ? start + size - 1 : 0;
	unsigned reg = pref ? PCI_PREF_MEMORY_BASE : PCI_MEMORY_BASE;
	uint32_t type = pref ? PCI_PREF_RANGE_TYPE_64 : 0;

	vpci_set(port, reg, 2, ((uint32_t)(base >> 16) & 0xfff0u) | type);
	vpci_set(port, reg + 2, 2, ((uint32_t)(limit >> 16) & 0xfff0u) | type);
	if (pref) {
		vpci_set(port, PCI_PREF_BASE_UPPER32, 4, (uint32_t)(base >> 32));
		vpci_set(port, PCI_PREF_LIMIT_UPPER32, 4, (uint32_t)(limit >> 32));
	}
}

/* ---- what writes do ---- */

static void control_written(struct vpci_function *port, unsigned offset)
{
	bool reset = vpci_get(port, offset, 2) & PCI_BRIDGE_CTL_BUS_RESET;
	struct vpci_function *fn;

	if (reset && !port->bus_reset)
		for_each_function(fn, port->bus)
			if (fn->port == port)
				vpci_endpoint_reset(fn);
	port->bus_reset = reset;
}

/* ---- the view ---- */

static const struct vpci_function *first_below(const struct vpci_function *port)
{
	const struct vpci_function *fn, *first = NULL;

	for_each_function(fn, port->bus)
		if (fn->port == port && (!first || fn->devfn < first->devfn))
			first = fn;
	return first;
}

void vpci_port_update(struct vpci_function *port)
{
	const struct vpci_function *below = first_below(port);
	const struct pci_function *f = below ? below->f : NULL;
	unsigned cap = f ? f->caps.pcie : 0;
	uint32_t link = LINK_DEFAULT, speed;
	uint32_t slot = port->devfn >> 3;

	/*
	 * The port is as fast as its device, and agrees with its payload size, so that no kernel
	 * has to adapt either.
	 */
	if (cap && f->pcie_type != PCI_EXP_TYPE_RC_END)
		link = pci_snapshot32(f, cap + PCI_EXP_LNKCAP) & LINK_SHAPE;
	speed = link & PCI_EXP_LNKCAP_SLS;
	vpci_set(port, PCIE_CAP + PCI_EXP_LNKCAP, 4, link | PCI_EXP_LNKCAP_DLLLARC | slot << 24);
	vpci_set(port, PCIE_CAP + PCI_EXP_LNKSTA, 2,
		 f ? link | PCI_EXP_LNKSTA_SLC | PCI_EXP_LNKSTA_DLLLA : PCI_EXP_LNKSTA_SLC);
	vpci_set(port, PCIE_CAP + PCI_EXP_LNKCAP2, 4, (BIT32(speed) - 1) << 1);
	vpci_set(port, PCIE_CAP + PCI_EXP_LNKCTL2, 2, speed);
	vpci_set(port, PCIE_CAP + PCI_EXP_SLTSTA, 2, f ? PCI_EXP_SLTSTA_PDS : 0);
	if (cap)
		vpci_set(port, PCIE_CAP + PCI_EXP_DEVCTL, 2,
			 pci_snapshot16(f, cap + PCI_EXP_DEVCTL) & PCI_EXP_DEVCTL_PAYLOAD);
}

static void build_header(struct vpci_function *port, unsigned secondary)
{
	vpci_list(port, PCI_VENDOR_ID, 4, VPCI_CONSTANT, UINT32_MAX,
		  PORT_VENDOR | PORT_DEVICE << 16);
	vpci_list(port, PCI_COMMAND, 2, VPCI_EMULATED, COMMAND_PORT,
		  PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	vpci_list(port, PCI_CLASS_REVISION, 4, VPCI_CONSTANT, UINT32_MAX,
		  PORT_CLASS << 8 | PORT_REVISION);
	vpci_list(port, PCI_CACHE_LINE_SIZE, 1, VPCI_EMULATED, UINT8_MAX, 0);
	vpci_list(port, PCI_HEADER_TYPE, 1, VPCI_CONSTANT, UINT8_MAX, PCI_HEADER_TYPE_BRIDGE);
	vpci_list(port, PCI_PRIMARY_BUS, 4, VPCI_EMULATED, 0x00ffffffu,
		  secondary << 8 | secondary << 16);
	vpci_list(port, PCI_MEMORY_BASE, 4, VPCI_EMULATED, WINDOW_BITS, 0);
	vpci_list(port, PCI_PREF_MEMORY_BASE, 4, VPCI_CONSTANT,
		  PCI_PREF_RANGE_TYPE_64 | PCI_PREF_RANGE_TYPE_64 << 16,
		  PCI_PREF_RANGE_TYPE_64 | PCI_PREF_RANGE_TYPE_64 << 16);
	vpci_list(port, PCI_PREF_MEMORY_BASE, 4, VPCI_EMULATED, WINDOW_BITS, 0);
	vpci_list(port, PCI_PREF_BASE_UPPER32, 4, VPCI_EMULATED, UINT32_MAX, 0);
	vpci_list(port, PCI_PREF_LIMIT_UPPER32, 4, VPCI_EMULATED, UINT32_MAX, 0);
	vpci_list(port, PCI_INTERRUPT_LINE, 1, VPCI_EMULATED, UINT8_MAX, 0);
	vpci_list(port, PCI_BRIDGE_CONTROL, 2, VPCI_EMULATED, CONTROL_PORT, 0);
	vpci_hook(port, PCI_BRIDGE_CONTROL, 2, control_written);
	vpci_port_set_window(port, false, 0, 0);
	vpci_port_set_window(port, true, 0, 0);
}

static void build_pcie(struct vpci_function *port)
{
	vpci_link(port, PCI_CAP_ID_EXP, PCIE_CAP);
	vpci_list(port, PCIE_CAP + PCI_EXP_FLAGS, 2, VPCI_CONSTANT, UINT16_MAX,
		  2u | PCI_EXP_TYPE_ROOT_PORT << 4 | PCI_EXP_FLAGS_SLOT);
	vpci_list(port, PCIE_CAP + PCI_EXP_DEVCAP, 4, VPCI_CONSTANT, UINT32_MAX,
		  MPS_MAX | PCI_EXP_DEVCAP_RBER);
	vpci_list(port, PCIE_CAP + PCI_EXP_DEVCTL, 2, VPCI_EMULATED, DEVCTL_PORT, 0);
	vpci_list(port, PCIE_CAP + PCI_EXP_LNKCAP, 4, VPCI_CONSTANT, UINT32_MAX, 0);
	vpci_list(port, PCIE_CAP + PCI_EXP_LNKCTL, 2, VPCI_EMULATED, LNKCTL_PORT, 0);
	vpci_list(port, PCIE_CAP + PCI_EXP_LNKSTA, 2, VPCI_CONSTANT, UINT16_MAX, 0);
	/*
	 * A slot with a number and no hotplug: no button, no power control, no attention indicator.
	 */
	vpci_list(port, PCIE_CAP + PCI_EXP_SLTCAP, 4, VPCI_CONSTANT, UINT32_MAX,
		  (uint32_t)FIELD_PUT(PCI_EXP_SLTCAP_PSN, port->devfn >> 3) | PCI_EXP_SLTCAP_NCCS);
	vpci_list(port, PCIE_CAP + PCI_EXP_SLTSTA, 2, VPCI_CONSTANT, UINT16_MAX, 0);
	vpci_list(port, PCIE_CAP + PCI_EXP_RTCTL, 2, VPCI_EMULATED, RTCTL_PORT, 0);
	vpci_list(port, PCIE_CAP + PCI_EXP_LNKCAP2, 4, VPCI_CONSTANT, UINT32_MAX, 0);
	vpci_list(port, PCIE_CAP + PCI_EXP_LNKCTL2, 2, VPCI_EMULATED, LNKCTL2_PORT, 0);
}

static void build_msi(struct vpci_function *port)
{
	vpci_link(port, PCI_CAP_ID_MSI, MSI_CAP);
	vpci_list(port, MSI_CAP + PCI_MSI_FLAGS, 2, VPCI_CONSTANT, PCI_MSI_FLAGS_64BIT,
		  PCI_MSI_FLAGS_64BIT);
	vpci_list(port, MSI_CAP + PCI_MSI_FLAGS, 2, VPCI_EMULATED, PCI_MSI_FLAGS_ENABLE, 0);
	vpci_list(port, MSI_CAP + PCI_MSI_ADDRESS_LO, 4, VPCI_EMULATED, ~3u, 0);
	vpci_list(port, MSI_CAP + PCI_MSI_ADDRESS_HI, 4, VPCI_EMULATED, UINT32_MAX, 0);
	vpci_list(port, MSI_CAP + PCI_MSI_DATA_64, 2, VPCI_EMULATED, UINT16_MAX, 0);
}

void vpci_port_build(struct vpci_function *port, unsigned secondary)
{
	vpci_view_clear(port);
	build_header(port, secondary);
	build_pcie(port);
	build_msi(port);
	port->bus_reset = false;
	vpci_port_update(port);
}
