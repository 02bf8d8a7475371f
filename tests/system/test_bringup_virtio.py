#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The bring-up test on aarch64 with a virtio IOMMU: the same, by another IOMMU."""

import sys

from lib import bringup_checks
from lib.report import Report

TIME_LIMIT = 60
NAME = "test_bringup_virtio"
TRACE = ("virtio_iommu_translate_out", "virtio_iommu_report_fault", "pci_nvme_write")


def main():
    report = Report("Bring-up test, aarch64 with a virtio IOMMU")
    run = bringup_checks.run(NAME, "aarch64", trace=TRACE, options=["--iommu", "virtio"])
    bringup_checks.green(report, run)
    bringup_checks.drive_untouched(report, run)
    for bdf, bed in run.beds().items():
        seen = bringup_checks.virtio_translations(run, bed)
        bringup_checks.translated(report, bdf, bed, seen)
    bringup_checks.virtio_refused(report, run)
    bringup_checks.wire_silent(report, run)
    bringup_checks.tidy(report, NAME)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
