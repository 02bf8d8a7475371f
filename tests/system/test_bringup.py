#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The bring-up test on aarch64 with SMMUv3: green, and QEMU's trace and the drive's image say the
same.
"""

import sys

from lib import bringup, bringup_checks, interrupts
from lib.report import Report
from lib.trace import read_trace

TIME_LIMIT = 60
NAME = "test_bringup"
CPU = 1
TRACE = ("smmuv3_translate_*", "smmuv3_record_event", *interrupts.EVENTS, "pci_nvme_write")


def translations(report, run):
    """What the SMMU did with each DMA, in its own words."""
    trace = read_trace(run.records / "trace.log")
    report.check(
        trace.let_through() == 0, "no DMA went past the SMMU", trace.examples.get("bypass", "")
    )
    for bdf, bed in run.beds().items():
        bringup_checks.translated(report, bdf, bed, bringup_checks.smmu_translations(run, bed))
        refused = [name for name, stream in trace.events if stream == bed.stream]
        report.check(
            set(refused) == {"SMMU_EVT_F_TRANSLATION", "SMMU_EVT_C_BAD_STE"}
            and "SMMU_EVT_F_TRANSLATION" not in refused[refused.index("SMMU_EVT_C_BAD_STE") :],
            f"{bdf}: the SMMU refused its other DMA, and all of it once blocked",
            f"{len(refused)} events",
        )
        told = [run.account.find(bdf, step) for step in ("fault, unmapped", "fault, host")]
        report.check(
            all(row and ", write at" in row.detail for row in told),
            f"{bdf}: the image heard that they were writes",
        )


def messages(report, run):
    """Which CPU acknowledged the LPIs that the ITS made of each function's messages."""
    for bdf, bed in run.beds().items():
        seen = interrupts.witness(run.records / "trace.log", 0, bed.stream)
        taken = {cpu for cpus in seen.taken.values() for cpu in cpus}
        report.check(
            set(seen.messages) == {0, 1} and taken == {CPU},
            f"{bdf}: its two messages were taken by CPU {CPU} alone",
            f"{sum(seen.messages.values())} messages, by CPUs {sorted(taken)}",
        )


def main():
    report = Report("Bring-up test, aarch64 with SMMUv3")
    report.step("As `make bringup` runs it")
    run = bringup_checks.run(NAME, "aarch64", f"cpu={CPU}", trace=TRACE)
    bringup_checks.green(report, run)
    bringup_checks.drive_untouched(report, run)
    translations(report, run)
    messages(report, run)
    bringup_checks.wire_silent(report, run)

    report.step("Config space as a person reads it")
    bringup_checks.dump_readable(report, run)

    report.step("With `destructive`, one drive only, the boot CPU")
    words = "destructive only=01:00.0 cpu=0"
    run = bringup_checks.run(f"{NAME}/destructive", "aarch64", words, expect="nvme")
    bringup_checks.green(report, run, igb=False)
    bringup_checks.drive_written(report, run)
    bringup_checks.tidy(report, NAME)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
