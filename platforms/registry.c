// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every platform there is (boards.h), by the architecture of its CPUs.
 *
 * An image asks the list of its own architecture; the linker leaves out the other boards, and the
 * drivers that nothing else refers to.
 */
#include <postern/platform.h>

#define ON_AARCH64(name)     extern const struct platform platform_##name;
#define ON_LOONGARCH64(name) extern const struct platform platform_##name;
#include "boards.h"

const struct platform *const platforms_aarch64[] = {
#define ON_AARCH64(name) &platform_##name,
#include "boards.h"
	NULL
};

const struct platform *const platforms_loongarch64[] = {
#define ON_LOONGARCH64(name) &platform_##name,
#include "boards.h"
	NULL
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
