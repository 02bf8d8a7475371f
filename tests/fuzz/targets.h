/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_TARGET
#define FUZZ_TARGET(name)
#endif
FUZZ_TARGET(config)
FUZZ_TARGET(msix)
FUZZ_TARGET(control)
FUZZ_TARGET(manifest)
FUZZ_TARGET(bundle)
FUZZ_TARGET(machine)
FUZZ_TARGET(acpi)
FUZZ_TARGET(vits)
