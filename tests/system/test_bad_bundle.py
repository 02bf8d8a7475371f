#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad manifests and damaged bundles are refused by name on the monitor's line, and root boots where
it can.

A refusal reads "manifest: RULE: zone ZONE, SUBJECT: what is wrong; what to do about it"
(docs/manifest.md).
"""

import re
import sys

from lib import bundle, checks, paths
from lib.disk import MIB
from lib.report import Report
from lib.system import System

TIME_LIMIT = 240
NAME = "test_bad_bundle"

# One zone per mistake: each must be refused for its own reason, none may take root or the machine
# along.
MISTAKES = """
        zone1 { colour = "blue"; };
        ghost {
            cpus = <1>; memory-mib = <64>; kernel = "linux";
            devices { drive { bdf = "0000:1f:00.0"; }; };
        };
        thief {
            cpus = <1>; memory-mib = <64>; kernel = "linux";
            devices { card { match-id = <0x8086 0x10c9>; }; };
        };
        crowd { cpus = <7>; memory-mib = <64>; kernel = "linux"; };
        glutton { cpus = <1>; memory-mib = <65536>; kernel = "linux"; };
        blank { cpus = <1>; memory-mib = <64>; kernel = "no-such-image"; };
"""
EXPECTED = {
    "zone1": ("unknown-property", "colour"),
    "ghost": ("unknown-device", "0000:1f:00.0"),
    "thief": ("duplicate-device", "8086:10c9"),
    "crowd": ("too-many-cpus", "cpus"),
    "glutton": ("too-much-memory", "memory-mib"),
    "blank": ("missing-image", "no-such-image"),
}
REFUSAL = re.compile(
    r"manifest: (?P<rule>[a-z-]+): zone (?P<zone>\S+), (?P<subject>.*?): (?P<text>.*); (?P<fix>.+)"
)


def refusals(system):
    return [m for m in map(REFUSAL.search, system.monitor.log()) if m]


def named(report, system, zone, rule, subject):
    """The refusal names zone, device or property, rule and way out."""
    for match in refusals(system):
        if match["zone"] == zone and match["rule"] == rule and subject in match["subject"]:
            return report.check(
                len(match["fix"]) > 10,
                f"{zone or 'bundle'}: {rule} names {subject}",
                match.group(0),
            )
    return report.check(False, f"{zone or 'bundle'}: {rule} names {subject}", "no such message")


def root_boots(report, system, why):
    system.root.wait_ready()
    return report.check(
        "42" in system.root.run("echo $((6*7))"), f"root boots all the same ({why})"
    )


def start(name, image):
    records = paths.fresh_records(f"{NAME}/{name}")
    return System(name, records=records, disk_size=MIB, initrd=image)


def mistakes(report, records):
    report.step("A manifest with a mistake of each kind")
    image = bundle.make(
        bundle.overlay(records, "mistakes", MISTAKES), records / "mistakes.bundle", force=True
    )
    with start("mistakes", image) as system:
        system.monitor.wait_ready()
        for zone, (rule, subject) in EXPECTED.items():
            named(report, system, zone, rule, subject)
        states = {name: zone.state for name, zone in system.monitor.zones().items()}
        report.check(
            all(states.get(z) == "failed" for z in EXPECTED),
            "no zone with a mistake starts",
            states,
        )
        root_boots(report, system, "mistakes in other zones")
        listing = system.root.run("lspci -n")
        report.check(
            checks.NVME_ID not in listing and checks.IGB_ID not in listing,
            "root does not get the devices of a refused zone",
            "",
        )
        system.power_off()


def damaged_image(report, records):
    report.step("One bit of zone1's initrd turned over")
    needle = paths.ZONE_INITRD.read_bytes()[1024:1088]
    image = bundle.flipped(paths.BUNDLE, records / "flipped.bundle", needle)
    with start("flipped-initrd", image) as system:
        system.monitor.wait_ready()
        named(report, system, "-", "bundle-image-checksum", "zone-initrd")
        named(report, system, "zone1", "missing-image", "zone-initrd")
        root_boots(report, system, "another zone's image damaged")
        system.power_off()


def unusable(report, name, rule, image):
    with start(name, image) as system:
        system.monitor.wait_ready()
        matches = [m for m in refusals(system) if m["rule"] == rule]
        report.check(
            matches and len(matches[0]["fix"]) > 10,
            f"{name}: {rule}",
            matches[0].group(0) if matches else "",
        )
        report.check(system.monitor.run("help"), f"{name}: the monitor answers")
        report.check(
            "Linux version" not in system.machine.consoles["root"].text(),
            f"{name}: no zone is started",
        )
        system.power_off()


def main():
    records = paths.fresh_records(NAME)
    report = Report("Bad manifests and damaged bundles")
    mistakes(report, records)
    damaged_image(report, records)
    size = paths.BUNDLE.stat().st_size
    report.step("A bundle cut short")
    unusable(
        report,
        "truncated",
        "bundle-format",
        bundle.truncated(paths.BUNDLE, records / "cut.bundle", size // 2),
    )
    report.step("One bit of the manifest turned over")
    image = bundle.flipped(paths.BUNDLE, records / "manifest.bundle", b"postern.zone=zone1")
    unusable(report, "flipped-manifest", "bundle-manifest-checksum", image)
    for leftover in records.glob("*.bundle"):
        leftover.unlink()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
