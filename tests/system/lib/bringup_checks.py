# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be true of a run of the bring-up test, seen from outside: the drive's image, the wire,
QEMU's trace. What the image says about itself is compared with that.
"""

import hashlib
import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from . import bringup, paths
from .disk import MIB

RUNNER = paths.TREE / "tests" / "system" / "run_bringup.py"
NVME, IGB = "0000:01:00.0", "0000:02:00.0"
GRANULE = 16 << 10
DOORBELLS = {0x8090000, 0x2FF00000}  # the ITS's, PCH-MSI's: registers, not memory
COMMON = (
    "capabilities", "BARs", "reset", "domain", "MSI-X 0", "MSI-X 1", "unmapped IOVA",
    "fault, unmapped", "host address", "fault, host", "mapped again", "blocked stream",
    "quarantine",
)  # fmt: skip
STEPS = {NVME: COMMON + ("identify", "read 1 MiB"), IGB: COMMON + ("start", "MAC loopback")}
_SMMU = re.compile(
    r"smmuv3_translate_success .*sid=(0x[0-9a-f]+) iova=(0x[0-9a-f]+) translated=(0x[0-9a-f]+)"
)
_VIRTIO = re.compile(r"virtio_iommu_translate_out (0x[0-9a-f]+) -> (0x[0-9a-f]+) for sid=(\d+)")
_VIRTIO_FAULT = re.compile(r"virtio_iommu_report_fault .* endpoint=(\d+) address =(0x[0-9a-f]+)")
# Loongson's EIOINTC in QEMU: a route byte for each vector, a message that raises one.
_ROUTE = re.compile(r"loongarch_extioi_writew addr: (0x[0-9a-f]+) ?val: (0x[0-9a-f]+)")
_RAISED = re.compile(r"loongarch_extioi_setirq set extirq irq (\d+) level 1")
ROUTES = range(0x800, 0x900)
LA64_INTERRUPTS = (
    "loongarch_msi_set_irq",
    "loongarch_extioi_setirq",
    "loongarch_extioi_writew",
)
_BED = re.compile(
    r"stream (0x[0-9a-f]+), IOVA (0x[0-9a-f]+) to memory (0x[0-9a-f]+), (\d+) granules"
)
_PCAP_HEADER = 24


@dataclass(frozen=True)
class Bed:
    """Where a function's DMA may go, by the row that says so."""

    stream: int
    iova: int
    memory: int
    granules: int

    def holds(self, iova):
        return 0 <= iova - self.iova < self.granules * GRANULE

    def is_translation(self, iova, address):
        """The last granule of memory stands first; doorbells stand for themselves."""
        granule, rest = divmod(iova - self.iova, GRANULE)
        last = self.granules - 1
        return 0 <= granule <= last and address == self.memory + (last - granule) * GRANULE + rest


@dataclass(frozen=True)
class Run:
    status: int  # of `make bringup`'s program
    account: bringup.Account
    output: str
    records: Path

    @property
    def image(self):
        return self.records / "nvme.img"

    def beds(self):
        rows = [r for r in self.account.rows if r.step == "domain" and r.verdict == "ok"]
        return {r.subject: Bed(*(int(n, 0) for n in _BED.search(r.detail).groups())) for r in rows}

    def trace(self):
        with open(self.records / "trace.log", errors="replace") as log:
            yield from log


def run(name, arch, words="", expect=None, trace=(), options=()):
    """As `make bringup` does it, with its records in a place of the test's own."""
    records = paths.fresh_records(name)
    command = [sys.executable, str(RUNNER), "--arch", arch, "--records", str(records), *options]
    command += [f"--trace={event}" for event in trace]
    command += ["--", *words.split(), *([f"expect={expect}"] if expect else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    account = records / "account.txt"
    text = account.read_text() if account.exists() else ""
    return Run(done.returncode, bringup.read(text), done.stdout.decode(errors="replace"), records)


def tidy(report, name):
    """Removes what is large, unless it may be wanted to understand a failure."""
    if not report.failed():
        for image in (paths.RECORDS / name).rglob("*.img"):
            image.unlink()


def green(report, run, nvme=True, igb=True, faults=True):
    """Every row that must be there is there and green. faults: this IOMMU reports them."""
    account = run.account
    report.check(
        run.status == 0 and account.ok,
        "every row is green, and `make bringup` says so",
        f"{account.passed} passed, {account.failed} failed, exit status {run.status}",
    )
    for row in account.red():
        report.say(str(row))
    wanted = [(NVME, step) for step in STEPS[NVME] if nvme]
    wanted += [(IGB, step) for step in STEPS[IGB] if igb]
    if not faults:
        wanted = [(bdf, step) for bdf, step in wanted if not step.startswith("fault")]
    rows = {(r.subject, r.step): r.verdict for r in account.rows}
    missing = [f"{bdf} {step}" for bdf, step in wanted if rows.get((bdf, step)) != "ok"]
    report.check(not missing, "each step of each function was done", ", ".join(missing))
    if not account.ok:
        report.say(run.output[-3000:])


def _sha256(path, offset, length):
    with open(path, "rb") as image:
        image.seek(offset)
        return hashlib.sha256(image.read(length)).hexdigest()


def drive_untouched(report, run):
    """The MiB that was read is the drive's first, and nothing asked the drive to write."""
    row = run.account.find(NVME, "read 1 MiB")
    report.check(
        row and _sha256(run.image, 0, MIB) in row.detail, "what arrived is what the drive holds"
    )
    writes = sum("pci_nvme_write " in line for line in run.trace())
    report.check(writes == 0, "the drive was told to write nothing", f"{writes} writes")


def drive_written(report, run):
    row = run.account.find(NVME, "write 1 MiB")
    last = run.image.stat().st_size - MIB
    report.check(
        row and _sha256(run.image, last, MIB) in row.detail,
        "the drive's last MiB is what the image says it wrote",
        row.detail if row else "",
    )
    first = run.account.find(NVME, "read 1 MiB")
    report.check(
        first and _sha256(run.image, 0, MIB) in first.detail, "its first MiB is what it was"
    )


def wire_silent(report, run):
    """Frames that are looped back in the card never leave it."""
    capture = (run.records / "net.pcap").read_bytes()
    report.check(len(capture) == _PCAP_HEADER, "no frame left the card", f"{len(capture)} bytes")


def translated(report, bdf, bed, seen):
    """Each translation, (IOVA, address), is one that the test's table has."""
    seen = list(seen)
    wrong = [pair for pair in seen if not bed.is_translation(*pair)]
    report.check(
        seen and not wrong,
        f"{bdf}: each DMA came out where the test's table says",
        f"{len(seen)} translations, {len(wrong)} wrong {[hex(a) for a in sum(wrong[:1], ())]}",
    )


def smmu_translations(run, bed):
    for match in filter(None, map(_SMMU.search, run.trace())):
        stream, iova, address = (int(v, 16) for v in match.groups())
        if stream == bed.stream and iova & ~0xFFF not in DOORBELLS:
            yield iova, address


def virtio_translations(run, bed):
    for match in filter(None, map(_VIRTIO.search, run.trace())):
        iova, address, stream = (int(v, 0) for v in match.groups())
        if stream == bed.stream and iova & ~0xFFF not in DOORBELLS:
            yield iova, address


def virtio_refused(report, run):
    """Refused were the two places that a function must not write, and its own once blocked."""
    refused = defaultdict(set)
    for match in filter(None, map(_VIRTIO_FAULT.search, run.trace())):
        stream, address = (int(v, 0) for v in match.groups())
        refused[stream].add(address & ~0xFFF)
    for bdf, bed in run.beds().items():
        rows = [run.account.find(bdf, step) for step in ("unmapped IOVA", "host address")]
        wanted = {int(re.search(r" at (0x[0-9a-f]+)", r.detail).group(1), 16) for r in rows if r}
        wanted = {address & ~0xFFF for address in wanted}
        report.check(
            len(wanted) == 2 and refused[bed.stream] >= wanted,
            f"{bdf}: the IOMMU refused what it had to",
            ", ".join(map(hex, sorted(wanted))),
        )
        others = refused[bed.stream] - wanted
        report.check(
            others and all(bed.holds(address) for address in others),
            f"{bdf}: and what the blocked device went on with",
            ", ".join(map(hex, sorted(others))),
        )


def la64_messages(report, run, cpu):
    """Every vector that a message raised was routed to that CPU's core when it came."""
    cores = dict(re.findall(r"^CPU (\d+): hardware id (0x[0-9a-f]+)", run.account.text, re.M))
    core = int(cores[str(cpu)], 16)
    routes, raised = {}, Counter()
    for line in run.trace():
        if match := _ROUTE.search(line):
            at, value = (int(v, 16) for v in match.groups())
            if at in ROUTES:
                for byte in range(4):
                    routes[at - ROUTES.start + byte] = value >> 8 * byte & 0xFF
        elif match := _RAISED.search(line):
            vector = int(match.group(1))
            raised[vector, routes.get(vector)] += 1
    wanted = {int(n) for r in run.account.rows for n in re.findall(r"^interrupt (\d+):", r.detail)}
    report.check(
        raised
        and {vector for vector, _ in raised} >= wanted
        and all(route & 0xF == 1 << core for vector, route in raised if vector in wanted),
        f"messages came by PCH-MSI to the EIOINTC, which routes each to core {core}, CPU {cpu}",
        ", ".join(f"vector {v} route {r:#04x}: {n}" for (v, r), n in sorted(raised.items())),
    )


def dump_readable(report, run):
    """lspci takes the account as it is, and finds in it the functions that QEMU has."""
    account = run.records / "account.txt"
    listed = subprocess.run(
        ["lspci", "-F", str(account), "-n", "-D"], capture_output=True, text=True, check=False
    ).stdout
    found = dict(re.findall(r"^(\S+) \S+ ([0-9a-f]{4}:[0-9a-f]{4})", listed, re.MULTILINE))
    report.check(
        found.get(NVME) == "1b36:0010" and found.get(IGB) == "8086:10c9",
        "lspci reads the account's dump",
        ", ".join(f"{bdf} {ids}" for bdf, ids in found.items()),
    )
