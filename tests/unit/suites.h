/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every suite of the unit tests, one line each: SUITE(name) means a function void suite_<name>(void). */
SUITE(pci_scan)
SUITE(pagetable)
SUITE(smmuv3)
SUITE(smmuv3_faults)
SUITE(format)
SUITE(sha256)
SUITE(bundle)
SUITE(manifest)
