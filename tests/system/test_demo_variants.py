#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo's account follows the machine: without a device it fails, with other devices it tells of
those.
"""

import re
import subprocess
import sys
from pathlib import Path

from lib import paths
from lib.report import Report

TIME_LIMIT = 300
DEMO = Path(__file__).resolve().parent / "demo.py"

OTHER = {"mac": "52:54:00:ab:cd:ef", "serial": "other-serial-42", "nvme_slot": 6, "igb_slot": 5}


def demo(name, *options):
    records = f"test_demo_variants/{name}"
    command = [sys.executable, str(DEMO), "--records", records, *options]
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    (paths.RECORDS / records / "account.txt").write_text(result.stdout)
    return result.returncode, result.stdout


def missing(report, device):
    report.step(f"The demo without the {device}")
    status, account = demo(f"without-{device}", "--without", device)
    report.check(status != 0, f"without {device} the demo exits non-zero", f"status {status}")
    named = re.search(rf"^.*unknown-device.*{device}.*$", account, re.MULTILINE)
    report.check(
        named, "the refusal names the device and the rule", named.group(0).strip() if named else ""
    )
    report.check(
        re.search("PASS .*root boots", account), f"without {device} root boots all the same"
    )


def altered(report):
    report.step("The demo with other slots, address, serial number, and one CPU in the zone")
    status, account = demo(
        "altered",
        *("--mac", OTHER["mac"], "--serial", OTHER["serial"], "--vcpus", "1"),
        *("--nvme-slot", str(OTHER["nvme_slot"]), "--igb-slot", str(OTHER["igb_slot"])),
    )
    report.check(status == 0, "the altered demo passes", f"status {status}")
    if status:
        report.say(
            "\n".join(line for line in account.splitlines() if "FAIL" in line or "Error" in line)
        )
    for key in ("mac", "serial"):
        told = re.search(rf"PASS .*command line's: {re.escape(OTHER[key])}$", account, re.MULTILINE)
        report.check(told, f"the account has the other {key}", OTHER[key])
    # Buses are numbered by slot: the random number generator's comes first now, then the card's,
    # then the drive's.
    for bdf, device_id in (("0000:02:00.0", "8086:10c9"), ("0000:03:00.0", "1b36:0010")):
        row = re.search(rf"^\s*{re.escape(bdf)}\s.*{device_id}.*$", account, re.MULTILINE)
        report.check(
            row, f"the table has {device_id} at {bdf}", row.group(0).strip() if row else ""
        )
    report.check("vCPU0" in account and "vCPU1" not in account, "the interrupt table has one vCPU")
    report.check("nvme0q1" in account and "nvme0q2" not in account, "the drive has one queue")


def main():
    paths.fresh_records("test_demo_variants")
    report = Report("The demo follows the machine")
    missing(report, "nvme")
    missing(report, "igb")
    altered(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
