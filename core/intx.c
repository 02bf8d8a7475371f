// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which functions are given their INTx line, and the giving (V9, bug class of shared lines).
 *
 * A line is a level that several functions may hold up: a zone whose function holds it would stop the
 * interrupts of another's. So a line is one zone's at a time, and none's that functions of two zones need. A
 * function that sends messages does without: it shows no pin and INTx Disable stays set in it, which takes it
 * off the line. One that has nothing else is refused (rule shared-intx). Whom a function is planned for
 * counts as much as whose it is, so that the result does not depend on which zone starts first.
 *
 * Locking: intx_may_have() with `ownership` (device.c) held; the others by the CPU that works on the function.
 */
#include <postern/errno.h>
#include <postern/zone.h>

#include "zone.h"

static bool same_line(const struct pci_function *a, const struct pci_function *b)
{
	return pci_intx_irq(a) == pci_intx_irq(b) || (a->host == b->host && pci_intx_line(a) >= 0 &&
						      pci_intx_line(a) == pci_intx_line(b));
}

static const struct zone *whose(const struct pci_function *f)
{
	return f->owner ? f->owner : f->planned;
}

/* `other` is, or may be, on the line that zone z wants for f. */
static bool in_the_way(const struct zone *z, const struct pci_function *f,
		       const struct pci_function *other)
{
	if (other == f || pci_is_bridge(other) || !same_line(f, other))
		return false;
	/* It did not become quiet: nobody knows what it does with its line. */
	if (other->state == DEVICE_FAILED)
		return true;
	if (!whose(other) || whose(other) == z)
		return !pci_intx_maskable(other) && !whose(other);
	if (other->intx_line || !pci_intx_maskable(other))
		return true;
	/* The one that has nothing else gets it; the other is kept off. */
	return pci_sends_messages(f) || !pci_sends_messages(other);
}

bool intx_may_have(const struct zone *z, const struct pci_function *f,
		   const struct pci_function **other)
{
	const struct pci_table *t = core_devices();

	*other = NULL;
	if (pci_is_vf(f) || !pci_intx_irq(f) || !pci_intx_maskable(f))
		return false;
	for (unsigned i = 0; i < t->count && !*other; i++)
		if (in_the_way(z, f, &t->functions[i]))
			*other = &t->functions[i];
	return !*other;
}

void intx_take(struct zone *z, struct pci_function *f)
{
	const uint32_t irq = pci_intx_irq(f);
	int line = host_line_attach(z, irq, (unsigned)pci_intx_line(f));

	if (line < 0) {
		host_log(LOG_WARN,
			 "zone %s: device " SBDF_FMT
			 " has no INTx: interrupt %u cannot be given (error %d)",
			 z->name, SBDF_ARG(f->sbdf), irq, -line);
		return;
	}
	f->intx_line = (uint8_t)(line + 1);
}

int intx_give_back(struct zone *z, struct pci_function *f)
{
	if (!f->intx_line)
		return 0;
	f->intx_line = 0;
	return host_line_detach(z, pci_intx_irq(f));
}
