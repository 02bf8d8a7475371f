#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run_bringup.py [options] [WORD...] - the bring-up test on a machine of QEMU's (`make bringup`).

Shows the account as it comes. WORDs go to the image (docs/bringup.md): cpu=N expect-cpu=N dump
destructive stay only=BDF expect=nvme,igb; unless one says what to expect, everything that was
plugged in with --with is expected. Exit status: 0 when every row is green and what the image says
it read is what the drive holds; 1 when not; 2 when this machine cannot be had here.
"""

import argparse
import hashlib
import sys
from pathlib import Path

from lib import bringup, paths
from lib.disk import MIB, DiskImage

DISK_SIZE = 8 * MIB
READ_STEP = "read 1 MiB"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--platform", default="qemu-virt")
    parser.add_argument("--arch", default="aarch64")
    parser.add_argument("--iommu", help="which one the machine has, or none; default: the usual")
    parser.add_argument("--with", dest="plugged", default="nvme,igb", help="default: nvme,igb")
    parser.add_argument("--firmware", action="store_true", help="started by UEFI firmware")
    parser.add_argument("--cpus", type=int, default=3)
    parser.add_argument("--records", type=Path, help="where everything is kept")
    parser.add_argument("--trace", action="append", default=[], help="an event of QEMU's, or more")
    parser.add_argument("words", nargs="*")
    return parser.parse_args()


def refuse(why):
    print(why, file=sys.stderr)
    sys.exit(2)


def machine(given, image):
    key = (given.platform, given.arch)
    if key not in bringup.KINDS:
        known = ", ".join(f"PLATFORM={p} ARCH={a}" for p, a in bringup.KINDS)
        refuse(
            f"PLATFORM={given.platform} ARCH={given.arch} does not run here, but on the board: "
            f"start its image with the command line `bringup` (docs/bringup.md). Here: {known}"
        )
    plugged = [name for name in given.plugged.split(",") if name]
    words = list(given.words)
    if not any(word.startswith("expect=") for word in words) and plugged:
        words.append(f"expect={','.join(plugged)}")
    kind = bringup.KINDS[key]
    if given.iommu and given.iommu not in kind.iommus:
        refuse(f"--iommu {given.iommu}: {given.arch} has {', '.join(kind.iommus)}")
    if given.firmware and not (kind.firmware and kind.firmware.exists()):
        refuse(f"--firmware: {given.arch} has none here")
    paths.require(kind.kernel)
    return bringup.Board(
        kind=kind,
        iommu=given.iommu or kind.default_iommu,
        cpus=given.cpus,
        nvme=image if "nvme" in plugged else None,
        igb="igb" in plugged,
        words=" ".join(words),
        trace=tuple(given.trace),
        by_firmware=given.firmware,
    )


def first_mib(image):
    with open(image, "rb") as drive:
        return hashlib.sha256(drive.read(MIB)).hexdigest()


def main():
    given = arguments()
    records = given.records or paths.fresh_records("bringup")
    image = records / "nvme.img"
    spec = machine(given, image)
    if spec.nvme:
        DiskImage(image, DISK_SIZE)
    account = bringup.run(spec, records, show=lambda line: print(line, flush=True))
    good = account.ok
    if not account.complete:
        print(f"the machine did not finish: {(records / 'broken').read_text().strip()}")
    reads = [row for row in account.rows if row.step == READ_STEP and row.verdict == "ok"]
    for row in reads:
        same = first_mib(image) in row.detail
        good = good and same
        print(f"{row.subject}: the drive {'holds the same' if same else 'HOLDS SOMETHING ELSE'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
