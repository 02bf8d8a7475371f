#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The bring-up test turns red, and `make bringup` fails, where something is missing or wrong."""

import sys

from lib import bringup_checks
from lib.bringup_checks import IGB, NVME
from lib.report import Report

TIME_LIMIT = 90
NAME = "test_bringup_red"

# what is wrong, (words, what is expected, options), the rows that must be red: (subject, step, of
# its reason). No other row may be.
ASPECTS = {
    "no IOMMU": (
        ("", "nvme,igb", ["--iommu", "none"]),
        {
            ("machine", "IOMMU", "switch it on in firmware set-up"),
            (NVME, "domain", "no IOMMU"),
            (IGB, "domain", "no IOMMU"),
        },
    ),
    "an IOMMU that cannot isolate": (
        ("", "nvme,igb", ["--iommu", "stage1"]),
        {
            ("iommu 0", "present", "not usable"),
            (NVME, "domain", "no IOMMU"),
            (IGB, "domain", "no IOMMU"),
        },
    ),
    "no NVMe": (
        ("", "nvme,igb", ["--with", "igb"]),
        {("machine", "expected NVMe", "none was found")},
    ),
    "no igb": (
        ("", "nvme,igb", ["--with", "nvme"]),
        {("machine", "expected igb", "none was found")},
    ),
    "another CPU expected": (
        ("cpu=1 expect-cpu=2", "nvme,igb", []),
        {
            (bdf, f"MSI-X {vector}", "came on CPU 1, expected on CPU 2")
            for bdf in (NVME, IGB)
            for vector in (0, 1)
        },
    ),
    "a CPU that is not there": (
        ("cpu=7", "nvme,igb", []),
        {("machine", "cpu", "CPU 7, which is to take the messages, is not online")},
    ),
    "a function that is not there": (
        ("only=05:00.0", None, ["--with", ""]),
        {("machine", "only", "0000:05:00.0")},
    ),
    "a word it does not know": (
        ("distructive", "nvme,igb", []),
        {("machine", "command line", "distructive")},
    ),
}


def aspect(report, what, given, wanted):
    words, expect, options = given
    records = f"{NAME}/{what.replace(' ', '-')}"
    run = bringup_checks.run(records, "aarch64", words, expect, options=options)
    report.check(run.status == 1, f"{what}: `make bringup` fails", f"exit status {run.status}")
    report.check(run.account.complete, f"{what}: the account is complete")
    red = run.account.red()
    missing = [w for w in wanted if not any(_is(row, w) for row in red)]
    more = [str(row) for row in red if not any(_is(row, w) for w in wanted)]
    report.check(
        not missing and not more,
        f"{what}: the rows it concerns are red, no others",
        "; ".join([f"{w} is missing" for w in missing] + more) or f"{len(red)} red",
    )


def _is(row, wanted):
    subject, step, reason = wanted
    return row.subject == subject and row.step == step and reason in row.detail


def main():
    report = Report("Bring-up test: red where it must be")
    for what, (given, wanted) in ASPECTS.items():
        report.step(what)
        aspect(report, what, given, wanted)
    report.step("A board that is not here")
    options = ["--platform", "loongarch-3a6000"]
    run = bringup_checks.run(f"{NAME}/board", "loongarch64", options=options)
    said = run.output.strip()
    report.check(run.status == 2 and "on the board" in said, "it says where to run it", said)
    bringup_checks.tidy(report, NAME)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
