// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What functions of the LS7A bridges and of Loongson CPUs get wrong, or do in a way of their own
 * (docs/hardware/ls7a2000.md, "Quirks"). Contracts: struct pci_quirks. Any context, no state.
 *
 * A function is known by its ID; where it stands matters only for what cannot be looked at.
 */
#include <postern/loongson.h>

/* Ports of the 7A1000 (x09, x19, x29), of the 7A2000 (x39 to x69), of the 3C6000, of newer 2K. */
#define PORT_7A09 0x7a09
#define PORT_7A19 0x7a19
#define PORT_7A29 0x7a29
#define PORT_7A39 0x7a39
#define PORT_7A49 0x7a49
#define PORT_7A59 0x7a59
#define PORT_7A69 0x7a69
#define PORT_3C09 0x3c09
#define PORT_3C19 0x3c19
#define PORT_3C29 0x3c29
#define PORT_1A05 0x1a05

/* Functions that are the machine. */
#define HOST_7A00 0x7a00
#define HOST_7A10 0x7a10 /* chip configuration */
#define HOST_7A20 0x7a20
#define HOST_7A30 0x7a30
#define APB_7A02  0x7a02
#define LPC_7A0C  0x7a0c

/* Devices whose Interrupt Pin register is wrong. */
#define GMAC_7A03    0x7a03
#define DISPLAY_7A06 0x7a06
#define SATA_7A08    0x7a08
#define GNET_7A13    0x7a13
#define EHCI_7A14    0x7a14
#define DISPLAY_7A36 0x7a36
#define HDMI_7A37    0x7a37

#define CLASS_PCI_BRIDGE 0x060400u

/* On the bridge's own bus, functions but the first of these devices are for debugging its ports: a
 * read can hang the machine. */
#define HIDDEN_FIRST 9u
#define HIDDEN_LAST  20u

static bool has_id(const uint16_t *ids, size_t count, uint16_t vendor, uint16_t device)
{
	size_t i;

	for (i = 0; vendor == LOONGSON_VENDOR && i < count; i++)
		if (ids[i] == device)
			return true;
	return false;
}

bool ls7a_hidden(const struct pci_host *h, sbdf_t fn)
{
	return sbdf_bus(fn) == h->bus_first && sbdf_dev(fn) >= HIDDEN_FIRST &&
	       sbdf_dev(fn) <= HIDDEN_LAST && sbdf_fn(fn) > 0;
}

/* Those without a class of their own stand where the CPU's bridge does. */
bool ls7a_part_of_machine(const struct pci_host *h, sbdf_t fn, uint16_t vendor, uint16_t device)
{
	static const uint16_t ids[] = { HOST_7A00, HOST_7A10, HOST_7A20,
					HOST_7A30, APB_7A02,  LPC_7A0C };

	(void)h;
	(void)fn;
	return has_id(ids, ARRAY_SIZE(ids), vendor, device);
}

/*
 * Below the bridge's own ports, whatever their capability says. Further down there are switches,
 * whose inner bus has many devices and no ghosts.
 */
bool ls7a_one_device(const struct pci_function *bridge)
{
	static const uint16_t ports[] = { PORT_7A09, PORT_7A19, PORT_7A29, PORT_7A39,
					  PORT_7A49, PORT_7A59, PORT_7A69, PORT_1A05 };

	return has_id(ports, ARRAY_SIZE(ports), bridge->vendor, bridge->device);
}

/*
 * They have no ACS, but do not forward requests from one port to another. Nothing is said about
 * functions below one port.
 */
bool ls7a_ports_isolate(const struct pci_function *port)
{
	static const uint16_t ports[] = { PORT_7A09, PORT_7A19, PORT_7A29, PORT_7A39, PORT_7A49,
					  PORT_7A59, PORT_7A69, PORT_3C09, PORT_3C19, PORT_3C29 };

	return has_id(ports, ARRAY_SIZE(ports), port->vendor, port->device);
}

uint32_t ls7a_class_code(const struct pci_host *h, uint16_t vendor, uint16_t device,
			 uint32_t reported)
{
	static const uint16_t ports[] = { PORT_7A09, PORT_7A19, PORT_7A29 };

	(void)h;
	return has_id(ports, ARRAY_SIZE(ports), vendor, device) ? CLASS_PCI_BRIDGE : reported;
}

uint8_t ls7a_interrupt_pin(const struct pci_host *h, sbdf_t fn, uint16_t vendor, uint16_t device,
			   uint8_t reported)
{
	static const uint16_t ids[] = { GMAC_7A03, DISPLAY_7A06, SATA_7A08, GNET_7A13,
					EHCI_7A14, DISPLAY_7A36, HDMI_7A37 };

	(void)h;
	return has_id(ids, ARRAY_SIZE(ids), vendor, device)
		       ? (uint8_t)(1 + sbdf_fn(fn) % PCI_INTX_LINES)
		       : reported;
}

bool ls7a_no_d_states(const struct pci_function *f)
{
	static const uint16_t ports[] = { PORT_7A39, PORT_7A49, PORT_7A59, PORT_7A69 };

	return has_id(ports, ARRAY_SIZE(ports), f->vendor, f->device);
}

bool ls7a_keeps_read_request(const struct pci_function *port)
{
	static const uint16_t ports[] = { PORT_7A09, PORT_7A19, PORT_7A29, PORT_7A39,
					  PORT_7A49, PORT_7A59, PORT_7A69, PORT_1A05 };

	return has_id(ports, ARRAY_SIZE(ports), port->vendor, port->device);
}

const struct pci_quirks ls7a_quirks = {
	.hidden = ls7a_hidden,
	.part_of_machine = ls7a_part_of_machine,
	.one_device = ls7a_one_device,
	.ports_isolate = ls7a_ports_isolate,
	.class_code = ls7a_class_code,
	.interrupt_pin = ls7a_interrupt_pin,
	.no_d_states = ls7a_no_d_states,
	.keeps_read_request = ls7a_keeps_read_request,
};
