#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole demo on every machine it promises: two CPU models, both shapes of the SMMU."""

import subprocess
import sys
from pathlib import Path

from lib import paths
from lib.report import Report

TIME_LIMIT = 600
DEMO = Path(__file__).resolve().parent / "demo.py"
CPUS = ("cortex-a57", "max")
SMMUS = ("default", "stage2")


def main():
    paths.fresh_records("test_matrix")
    report = Report("The demo on every machine")
    for cpu in CPUS:
        for smmu in SMMUS:
            name = f"test_matrix/{cpu}-{smmu}"
            report.step(f"-cpu {cpu}, SMMUv3 {smmu}")
            command = [sys.executable, str(DEMO), "--records", name, "--cpu", cpu, "--smmu", smmu]
            result = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
            )
            (paths.RECORDS / name / "account.txt").write_text(result.stdout)
            last = (
                result.stdout.rstrip().splitlines()[-1] if result.stdout.strip() else "no account"
            )
            if not report.check(result.returncode == 0, f"demo on {cpu}, SMMU {smmu}", last):
                report.say("\n".join(line for line in result.stdout.splitlines() if "FAIL" in line))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
