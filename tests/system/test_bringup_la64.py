#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The bring-up test on loongarch64: NVMe and igb through a virtio IOMMU, messages through PCH-MSI
and EIOINTC, by -kernel and as a UEFI application; and red without the IOMMU, or where another CPU
is expected.
"""

import sys

from lib import bringup_checks
from lib.bringup_checks import IGB, NVME
from lib.report import Report

TIME_LIMIT = 120
NAME = "test_bringup_la64"
CPU = 2
IOMMU_TRACE = ("virtio_iommu_translate_out", "virtio_iommu_report_fault", "pci_nvme_write")


def red(report, name, words, options, wanted):
    run = bringup_checks.run(f"{NAME}/{name}", "loongarch64", words, "nvme,igb", options=options)
    rows = {(row.subject, row.step) for row in run.account.red()}
    report.check(
        run.status == 1 and run.account.complete and rows == wanted,
        f"{name}: those rows are red, and `make bringup` fails",
        "; ".join(map(str, run.account.red())),
    )


def witnessed(report, records, options=()):
    trace = IOMMU_TRACE + bringup_checks.LA64_INTERRUPTS
    run = bringup_checks.run(records, "loongarch64", f"cpu={CPU}", trace=trace, options=options)
    bringup_checks.green(report, run)
    bringup_checks.drive_untouched(report, run)
    for bdf, bed in run.beds().items():
        seen = bringup_checks.virtio_translations(run, bed)
        bringup_checks.translated(report, bdf, bed, seen)
    bringup_checks.virtio_refused(report, run)
    bringup_checks.la64_messages(report, run, CPU)
    bringup_checks.wire_silent(report, run)
    bringup_checks.dump_readable(report, run)


def main():
    report = Report("Bring-up test, loongarch64 with a virtio IOMMU")
    report.step("As `make bringup` runs it")
    witnessed(report, NAME)

    report.step("By firmware, which placed the BARs and left the IOMMU letting everything through")
    witnessed(report, f"{NAME}/firmware", ["--firmware", "--iommu", "virtio-bypassed"])

    report.step("Without the IOMMU; with another CPU expected")
    no_iommu = {("machine", "IOMMU"), (NVME, "domain"), (IGB, "domain")}
    red(report, "no-iommu", "", ["--iommu", "none"], no_iommu)
    vectors = {(bdf, f"MSI-X {vector}") for bdf in (NVME, IGB) for vector in (0, 1)}
    red(report, "wrong-cpu", "cpu=1 expect-cpu=0", [], vectors)
    bringup_checks.tidy(report, NAME)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
