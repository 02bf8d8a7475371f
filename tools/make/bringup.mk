# SPDX-License-Identifier: GPL-2.0-or-later
#
# The bring-up test on a machine of QEMU's (docs/bringup.md):
#   make bringup PLATFORM=qemu-virt ARCH=aarch64|loongarch64 [WORDS="cpu=1 dump"]
# It fails when a row of its table is red. MACHINE="--iommu none --with nvme" changes what the
# machine is made of.

PLATFORM ?= qemu-virt
ARCH ?= aarch64

.PHONY: bringup
bringup: hypervisor
	@tests/system/run_bringup.py --platform $(PLATFORM) --arch $(ARCH) $(MACHINE) -- $(WORDS)
