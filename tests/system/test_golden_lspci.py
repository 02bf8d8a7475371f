#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each zone's view of PCI in the demo is the reviewed one, seen from three sides.

The hypervisor's dump (monitor: `dump ZONE`) goes through `lspci -vvv -F`: libpci, which knows
nothing of Postern, is the judge of what a kernel would make of it. The result, filtered as
lib/lspci.py documents, equals golden/ZONE.lspci and equals what lspci prints inside the zone; and
every byte of the dump is the byte the zone's kernel reads.

What came is kept in the records. A view that changes on purpose is reviewed line by line against
docs/config-space.md and copied to golden/.
"""

import difflib
import sys

from lib import lspci, paths
from lib.disk import MIB
from lib.report import Report
from lib.system import System

TIME_LIMIT = 150
ZONE = "zone1"
GOLDEN = paths.TREE / "tests" / "system" / "golden"
CONFIG_SIZE = 4096


def differences(expected, got, *names):
    return "\n".join(difflib.unified_diff(expected, got, *names, lineterm="", n=1))


def compare(report, expected, got, name, figure, *names):
    if not report.check(expected == got, name, figure if expected == got else "they differ"):
        report.say(differences(expected, got, *names))


def bytes_agree(report, name, dump, inside):
    """Config space as dumped is config space as the zone's kernel reads it."""
    outside, seen = lspci.config_space(dump), lspci.config_space(inside)
    report.check(
        outside.keys() == seen.keys(),
        f"{name}: the dump has the functions that the zone sees",
        ", ".join(outside),
    )
    wrong = [
        f"{function} at {offset:#x}: dumped {outside[function][offset:offset + 1].hex()}, "
        f"read {seen.get(function, b'')[offset:offset + 1].hex()}"
        for function in outside
        for offset in range(CONFIG_SIZE)
        if outside[function][offset : offset + 1] != seen.get(function, b"")[offset : offset + 1]
    ]
    total = sum(map(len, outside.values()))
    report.check(
        not wrong and total == CONFIG_SIZE * len(outside) > 0,
        f"{name}: every byte is the one the zone reads",
        "; ".join(wrong[:4]) or f"{total} bytes",
    )


def view(report, system, name, shell):
    report.step(f"What {name} sees")
    inside = shell.run(f"{lspci.VERBOSE} 2> /dev/null", 60)
    inside_bytes = shell.run(f"{lspci.BYTES} 2> /dev/null", 60)
    dump = system.monitor.dump(name)
    (system.records / f"{name}.dump").write_text(dump)
    (system.records / f"{name}.inside").write_text(inside)
    outside = lspci.filtered(lspci.of_dump(system.records / f"{name}.dump"))
    (system.records / f"{name}.lspci").write_text("\n".join(outside) + "\n")
    golden = GOLDEN / f"{name}.lspci"
    reviewed = golden.read_text().splitlines()
    figure = f"{len(outside)} lines"
    compare(
        report,
        reviewed,
        outside,
        f"{name}: lspci -vvv -F of the dump is the reviewed view",
        figure,
        str(paths.shown(golden)),
        "dump",
    )
    compare(
        report,
        outside,
        lspci.filtered(inside),
        f"{name}: lspci -vvv in the zone says the same",
        figure,
        "dump",
        "inside",
    )
    bytes_agree(report, name, dump, inside_bytes)


def main():
    report = Report("Each zone's view of PCI is the reviewed one")
    with System("test_golden_lspci", disk_size=16 * MIB) as system:
        system.boot(ZONE)
        view(report, system, "root", system.root)
        view(report, system, ZONE, system.zone(ZONE))
        system.power_off()
    system.tidy(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
