#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""On a machine whose IOMMU cannot isolate, no device is given away, and both zones hear why."""

import sys

from lib import checks, paths
from lib.disk import MIB
from lib.report import Report
from lib.system import System

TIME_LIMIT = 120
NAME = "test_bad_machine"

# SMMU, what the boot log must say of it
MACHINES = {
    "stage1": r"arm-smmu-v3.*stage 2",
    "none": r"no IOMMU",
}


def refuses(report, smmu, pattern):
    report.step(f"SMMU: {smmu}")
    records = paths.fresh_records(f"{NAME}/{smmu}")
    with System(NAME, records=records, disk_size=MIB, smmu=smmu) as system:
        system.monitor.wait_ready()
        said = system.monitor.wait_log(pattern, 10)
        report.check(said, f"{smmu}: the boot log names it", said.string)
        system.root.wait_ready()
        report.check("42" in system.root.run("echo $((6*7))"), f"{smmu}: root boots all the same")
        devices = system.monitor.devices()
        report.check(
            devices and all(d.state == "quarantined" for d in devices),
            f"{smmu}: no device is given to anybody",
            ", ".join(f"{d.bdf} {d.state}" for d in devices),
        )
        listing = system.root.run("lspci -n")
        report.check(checks.NVME_ID not in listing, f"{smmu}: root sees none")
        zone = system.monitor.zones()["zone1"]
        report.check(
            zone.state in ("failed", "stopped"),
            f"{smmu}: zone1, which needs two, does not start",
            f"{zone.state}: {zone.reason}",
        )
        for line in system.monitor.log():
            if "error" in line:
                report.say(line)
        system.power_off()
    system.tidy(report)


def main():
    paths.fresh_records(NAME)
    report = Report("Machines whose devices cannot be isolated")
    for smmu, pattern in MACHINES.items():
        refuses(report, smmu, pattern)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
