/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every platform, one line each, in the order they are asked: ON_<architecture>(name) means a
 * const struct platform platform_<name>, in a folder of its own.
 */
#ifndef ON_AARCH64
#define ON_AARCH64(name)
#endif
#ifndef ON_LOONGARCH64
#define ON_LOONGARCH64(name)
#endif

ON_AARCH64(qemu_virt)
ON_LOONGARCH64(qemu_virt_loongarch64)
ON_LOONGARCH64(loongarch_3a6000)
ON_LOONGARCH64(loongarch_3c6000)
ON_LOONGARCH64(loongarch_2k2000)

#undef ON_AARCH64
#undef ON_LOONGARCH64
