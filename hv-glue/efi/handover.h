/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the UEFI application hands to the hypervisor proper once firmware's boot services are gone.
 * Pointers in it are physical addresses: they were stored while memory was seen one to one.
 */
#ifndef EFI_HANDOVER_H
#define EFI_HANDOVER_H

#include <hv/hv.h>

struct efi_handover {
	struct boot_info boot;
	struct screen_info screen; /* base 0: none */
};

/* hv-glue/arch/<arch>: takes the machine over. */
_Noreturn void efi_handover(const struct efi_handover *h);

#endif
