#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A device changes hands while both zones run: released from zone1, given to root, used there, and
given back.

Witnesses: QEMU's reset trace and stream table, the host's digest of the image, and what the other
zone can see.
"""

import sys

from lib import checks, smmu
from lib.disk import MIB
from lib.report import Report
from lib.system import System
from lib.trace import position, read_trace

TIME_LIMIT = 150
ZONE = "zone1"
RESCAN = "echo 1 > /sys/bus/pci/rescan"


class Handover:
    def __init__(self, report, system):
        self.report, self.system = report, system
        self.drive = self.find()

    def find(self):
        return next(d for d in self.system.monitor.devices() if d.id == checks.NVME_ID)

    def entry(self):
        return smmu.stream_table(self.system.machine).get(self.drive.stream, "invalid")

    def wait_state(self, state):
        for _ in range(50):
            if self.find().state == state:
                break
            self.system.root.run("usleep 100000")
        device = self.find()
        self.report.check(device.state == state, f"the drive is {state}", f"zone {device.zone}")

    def release(self, owner):
        """As a user does it: the kernel lets go first, then the monitor takes it away."""
        self.report.step(f"Release from {owner.name}")
        start = position(self.system.machine.trace_file)
        bdf = self.find().virtual_bdf
        owner.run(f"echo 1 > /sys/bus/pci/devices/{bdf}/remove")
        self.system.monitor.run(f"release {self.drive.bdf}")
        self.wait_state("quarantined")
        resets = read_trace(self.system.machine.trace_file, start).resets["nvme"]
        self.report.check(resets >= 1, "QEMU saw the drive reset", resets)
        self.report.check(
            self.entry() in ("invalid", "abort"), "its stream is blocked", self.entry()
        )
        self.report.check(
            checks.NVME_ID not in owner.run(f"{RESCAN}; lspci -n"), f"{owner.name} has it no more"
        )

    def assign(self, owner):
        self.report.step(f"Assign to {owner.name}")
        self.system.monitor.run(f"assign {self.drive.bdf} {owner.name}")
        self.wait_state("assigned")
        self.report.check(
            self.find().zone == owner.name, f"the drive is {owner.name}'s", self.find().zone
        )
        owner.run(f"{RESCAN}; usleep 1500000")
        self.report.check(
            checks.NVME_ID in owner.run("lspci -n"), f"{owner.name}'s kernel finds it"
        )
        checks.nvme_read(
            self.report, self.system, owner, label=f"{owner.name} reads the whole disk"
        )
        self.report.check(self.entry() == "stage 2", "its stream is translated", self.entry())


def main():
    report = Report("A device changes hands")
    with System("test_release", disk_size=32 * MIB) as system:
        system.boot(ZONE)
        zone = system.zone(ZONE)
        checks.nvme_read(report, system, zone)
        handover = Handover(report, system)
        handover.release(zone)
        handover.assign(system.root)
        handover.release(system.root)
        handover.assign(zone)
        report.step("Afterwards")
        checks.net_up(zone)
        checks.ping(report, zone, 50)
        report.check(
            not system.monitor.faults(),
            "no IOMMU fault was reported",
            "; ".join(map(str, system.monitor.faults())),
        )
        system.power_off()
        trace = read_trace(system.machine.trace_file)
        report.check(trace.let_through() == 0, "translation: no DMA bypassed the SMMU in any of it")
    system.tidy(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
