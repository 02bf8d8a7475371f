#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that reaches past its domain: the fault the monitor reports is the record QEMU wrote,
and root survives.

The upper half of zone1's RAM is left out of its SMMU domain on purpose
(manifests/demo-half-dma.dts). Linux puts the drive's queues near the end of memory, so the drive's
first fetch faults.
"""

import sys

from lib import bundle, checks, paths, smmu
from lib.disk import MIB
from lib.report import Report
from lib.system import System

TIME_LIMIT = 150
ZONE = "zone1"


def compare(report, system, devices):
    """Every fault in the monitor's list has an equal among QEMU's records, and the other way
    round.
    """
    told = system.monitor.faults()
    records = [e for e in smmu.events(system.machine) if e.type in smmu.WITH_ADDRESS]
    owner = {d.stream: d for d in devices}
    recorded = {
        (owner[e.stream].bdf, owner[e.stream].zone, e.address, e.direction)
        for e in records
        if e.stream in owner
    }
    reported = {(f.bdf, f.zone, f.iova, f.direction) for f in told}
    for fault in sorted(reported)[:4]:
        report.say(f"monitor: {fault[0]} of {fault[1]}: {fault[3]} at {fault[2]:#x}")
    for event in records[:4]:
        report.say(
            f"QEMU:    stream {event.stream:#x} {event.name}: "
            f"{event.direction} at {event.address:#x}"
        )
    report.check(
        records,
        "QEMU recorded translation faults",
        f"{len(records)} records, all {records[0].name}" if records else "",
    )
    report.check(
        reported and reported <= recorded,
        "each reported fault (BDF, zone, IOVA, direction) is one of QEMU's records",
        f"{len(reported)} reported; not recorded: {sorted(reported - recorded)[:3] or 'none'}",
    )
    first = records[0] if records else None
    expected = (
        (owner[first.stream].bdf, owner[first.stream].zone, first.address, first.direction)
        if first
        else None
    )
    report.check(expected in reported, "QEMU's first record is among the reported faults", expected)
    return records


def main():
    report = Report("A DMA fault is reported as QEMU recorded it")
    records = paths.fresh_records("test_fault_half_dma")
    image = bundle.make(paths.MANIFESTS / "demo-half-dma.dts", records / "half.bundle")
    with System("test_fault_half_dma", records=records, disk_size=16 * MIB, initrd=image) as system:
        report.step("Boot; zone1's drive finds half of the zone's memory missing")
        system.monitor.wait_ready()
        system.root.wait_ready()
        system.monitor.wait_log(r"DMA (read|write) at .* refused", 60)
        devices = system.monitor.devices()
        place = system.monitor.zones()[ZONE]
        found = compare(report, system, devices)
        upper = range(place.ram_gpa + place.ram_size // 2, place.ram_gpa + place.ram_size)
        report.check(
            found and all(e.address in upper for e in found),
            "every faulting address is in the upper half of the zone's RAM",
            f"{upper.start:#x}..{upper.stop:#x}",
        )
        report.step("Root goes on")
        report.check("6" in system.root.run("echo $((2*3))"), "root's shell answers")
        report.check(
            checks.NVME_ID not in system.root.run("lspci -n"),
            "root still sees its own devices only",
        )
        report.check(system.monitor.zones()["root"].state == "running", "root runs")
        system.power_off()
    system.tidy(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
