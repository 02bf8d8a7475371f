#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""On a machine without an IOMMU a zone that says `trust-dma` has its devices all the same, and everybody hears that they are
not isolated.

The zone's memory is not where it thinks: its kernel learns from dma-ranges where devices find it. That the drive's data are
whole, and that they arrive there, is seen from the host.
"""

import sys

from lib import bundle, checks, paths
from lib.disk import MIB
from lib.report import Report
from lib.system import System, make_seed

TIME_LIMIT = 150
NAME = "test_trust_dma"
ZONE = "zone1"
WRITE_AT, WRITE_LENGTH = 8 * MIB, 4 * MIB


def warned(report, system):
    """Returns the BDFs of the zone's devices."""
    devices = [d for d in system.monitor.devices() if d.zone == ZONE]
    report.check(len(devices) == 2, "the zone has its two devices", ", ".join(d.bdf for d in devices))
    log = "\n".join(system.monitor.log())
    listing = "\n".join(system.monitor.run("devices"))
    for device in devices:
        report.check(
            f"{device.bdf} " in log and "is not isolated" in log,
            f"{device.bdf}: the log says that it is not isolated",
        )
    report.check(
        listing.count("NOT ISOLATED") == len(devices),
        "the monitor's list of devices says so for both, and for no other",
    )
    report.check("trust-dma" in "\n".join(system.monitor.run("zones")), "so does its list of zones")
    return [d.bdf for d in devices]


def main():
    report = Report("trust-dma: devices without an IOMMU, not isolated, and said so")
    records = paths.fresh_records(NAME)
    image = bundle.make(paths.MANIFESTS / "demo-trust-dma.dts", records / "trust.bundle")
    with System(NAME, records=records, disk_size=16 * MIB, initrd=image, smmu="none") as system:
        report.step("Boot on a machine without an IOMMU")
        system.boot(ZONE)
        zone = system.zone(ZONE)
        given = warned(report, system)
        place = system.monitor.zones()[ZONE]
        report.check(
            place.ram_gpa != place.ram_hpa,
            "the zone's memory is not where it thinks",
            f"guest {place.ram_gpa:#x}, host {place.ram_hpa:#x}",
        )

        report.step("Traffic")
        seed = make_seed(report)
        checks.nvme_read(report, system, zone)
        checks.marker(report, system, zone, seed, place)
        checks.nvme_write(report, zone, WRITE_AT, WRITE_LENGTH, seed)
        checks.net_up(zone)
        checks.ping(report, zone, 200)

        report.step(f"Stop {ZONE}: its devices are reset, its memory is free and zero")
        system.monitor.run(f"stop {ZONE}")
        system.monitor.wait(ZONE, "stopped")
        now = {d.bdf: d.state for d in system.monitor.devices()}
        report.check(
            all(now[bdf] == "quarantined" for bdf in given), "its devices are quarantined", now
        )
        checks.ram_is_zero(report, system, place, "after the stop")
        system.power_off()
    checks.nvme_verify(report, system, WRITE_AT, WRITE_LENGTH, seed)
    system.tidy(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
