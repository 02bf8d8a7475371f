#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a zone can see of PCI is its own: by lspci, and by asking config space for every function
there could be.
"""

import re
import sys

from lib import bundle, checks, paths
from lib.disk import MIB
from lib.report import Report
from lib.system import System

TIME_LIMIT = 180
ZONE = "zone1"
PORT_ID = "7073:0001"  # the root port that Postern puts above each group
BUSES = 4  # buses asked one by one; the machine has no more than that

# Reads the first word of every function straight from the zone's ECAM window, whatever its kernel
# thinks is there.
SCAN = (
    "base=$(hexdump -v -e '1/1 \"%02x\"' /proc/device-tree/pcie*/reg | cut -c1-16); "
    "b=0; while [ $b -lt {buses} ]; do d=0; while [ $d -lt 256 ]; do "
    "v=$(devmem $((0x$base + (b << 20) + (d << 12))) 32); "
    "[ $v = 0xFFFFFFFF ] || printf '%02x:%02x.%x %s\\n' $b $((d >> 3)) $((d & 7)) $v; "
    "d=$((d + 1)); done; b=$((b + 1)); done"
)


def functions(listing):
    return {
        m.group(1): m.group(2)
        for m in re.finditer(r"^(\S+) .*?([0-9a-f]{4}:[0-9a-f]{4})", listing, re.MULTILINE)
    }


def scan_all(zones):
    """{zone: {bdf: "vendor:device"}} of everything that answers; the zones ask at the same time."""
    frames = {name: shell.start(SCAN.format(buses=BUSES)) for name, shell in zones.items()}
    return {name: answers(shell.finish(frames[name], 120)) for name, shell in zones.items()}


def answers(text):
    found = {}
    for line in text.splitlines():
        match = re.fullmatch(r"(\S+) 0x([0-9A-F]{4})([0-9A-F]{4})", line.strip())
        if match:
            found[match.group(1)] = f"{match.group(3)}:{match.group(2)}".lower()
    return found


def view(report, name, shell, own, foreign, answered):
    listed = functions(shell.run("lspci -n"))
    report.say(f"{name}: " + ", ".join(f"{bdf} {ids}" for bdf, ids in listed.items()))
    for device_id in own:
        report.check(device_id in listed.values(), f"{name} lists its {device_id}")
    for device_id in foreign:
        report.check(device_id not in listed.values(), f"{name} does not list {device_id}")
    rest = [ids for ids in listed.values() if ids not in own and ids != PORT_ID]
    report.check(not rest, f"{name} lists nothing but its own and the ports above", rest or "")
    report.check(
        answered == listed,
        f"{name}: config space answers for what lspci lists and for nothing else",
        f"{BUSES * 256} functions asked, {len(answered)} answered",
    )


def main():
    report = Report("Each zone sees its own devices only")
    records = paths.fresh_records("test_isolation_view")
    with System(
        "test_isolation_view",
        records=records,
        disk_size=16 * MIB,
        initrd=bundle.raw_memory(records),
    ) as system:
        system.boot(ZONE)
        zones = {"root": system.root, ZONE: system.zone(ZONE)}
        owned = {name: {d.id for d in system.monitor.devices() if d.zone == name} for name in zones}
        report.check(
            owned[ZONE] == {checks.NVME_ID, checks.IGB_ID},
            f"{ZONE} owns the drive and the card",
            owned[ZONE],
        )
        report.check(owned["root"], "root owns something of its own", owned["root"])
        report.step("Each zone asks for every function there could be")
        answered = scan_all(zones)
        for name, shell in zones.items():
            others = set().union(*(ids for other, ids in owned.items() if other != name))
            report.step(f"What {name} sees")
            view(report, name, shell, owned[name], others, answered[name])
        system.power_off()
    system.tidy(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
