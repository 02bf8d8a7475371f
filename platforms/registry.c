// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The platforms linked into this image, in the order they are asked. A new board adds one line here and one folder.
 */
#include <postern/platform.h>

extern const struct platform platform_qemu_virt;

const struct platform *const platforms[] = {
	&platform_qemu_virt,
	NULL,
};

const struct platform *platform_select(const struct boot_info *boot)
{
	for (const struct platform *const *p = platforms; *p; p++)
		if ((*p)->match(boot))
			return *p;
	return NULL;
}
