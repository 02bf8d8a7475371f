// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every platform there is, by the architecture of its CPUs, in the order they are asked. A new board
 * adds one line here and one folder.
 *
 * An image asks the list of its own architecture; the linker leaves out the other boards, and the
 * drivers that nothing else refers to.
 */
#include <postern/platform.h>

extern const struct platform platform_qemu_virt;

const struct platform *const platforms_aarch64[] = {
	&platform_qemu_virt,
	NULL,
};

const struct platform *const platforms_loongarch64[] = {
	NULL,
};

const struct platform *platform_select_among(const struct platform *const *list,
					     const struct boot_info *boot)
{
	for (; *list; list++)
		if ((*list)->match(boot))
			return *list;
	return NULL;
}

const struct platform *platform_select(const struct boot_info *boot)
{
	const struct platform *p = platform_select_among(platforms_aarch64, boot);

	return p ? p : platform_select_among(platforms_loongarch64, boot);
}
