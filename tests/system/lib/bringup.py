# SPDX-License-Identifier: GPL-2.0-or-later
"""The bring-up test on QEMU's `virt` machines: what the machine is made of, one run from power-on
to power-off, and its account read back.

A run needs no dialogue: the image gets its words on the command line and switches the machine off
when it is done.
"""

import os
import re
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import loongarch, paths

TIME_LIMIT = 60  # of one run; it takes seconds, some more through firmware
POLL = 0.05
NVME_SLOT, IGB_SLOT = 2, 3
NVME_SERIAL = "postern-bringup"
IGB_MAC = "52:54:00:12:34:56"
SERIAL_LINES = ("serial0.log", "serial1.log")
RESULT = "bringup: result"
_SPEAKS = re.compile(r"^bringup: ", re.MULTILINE)
_CLOSING = re.compile(r"^bringup: (\d+) passed, (\d+) failed$", re.MULTILINE)
_ROW = re.compile(
    r"^  (?P<subject>\S+(?: \d+)?) +(?P<step>\S.*?)  +(?P<verdict>ok|FAILED|not possible here)"
    r"(?: +(?P<detail>.*))?$"
)


@dataclass(frozen=True)
class Kind:
    """A machine of QEMU's that the image runs on."""

    program: str
    cpu: str
    kernel: Path
    iommus: dict  # name: (machine, other arguments)
    default_iommu: str
    extra: tuple = ()
    firmware: Path = None  # what can start the image as a UEFI application


_VIRTIO = ("-device", "virtio-iommu-pci,bus=pcie.0,addr=1.0,boot-bypass=off")
# Firmware knows no such IOMMU and reads its disks past it.
_VIRTIO_BYPASSED = ("-device", "virtio-iommu-pci,bus=pcie.0,addr=1.0,boot-bypass=on")
_ARM = "gic-version=3,virtualization=on"

KINDS = {
    ("qemu-virt", "aarch64"): Kind(
        program="qemu-system-aarch64",
        cpu="cortex-a57",
        kernel=paths.BUILD / "aarch64" / "postern.Image",
        iommus={
            "smmuv3": (f"virt,{_ARM},iommu=smmuv3", ()),
            # No second stage: Postern refuses it (machine.py says why the machine's version).
            "stage1": (f"virt-9.0,{_ARM},iommu=smmuv3", ("-global", "arm-smmuv3.stage=1")),
            "virtio": (f"virt,{_ARM}", _VIRTIO),
            "none": (f"virt,{_ARM}", ()),
        },
        default_iommu="smmuv3",
    ),
    ("qemu-virt", "loongarch64"): Kind(
        program="qemu-system-loongarch64",
        cpu="la464",
        kernel=paths.BUILD / "loongarch64" / "postern.elf",
        iommus={
            "virtio": ("virt", _VIRTIO),
            "virtio-bypassed": ("virt", _VIRTIO_BYPASSED),
            "none": ("virt", ()),
        },
        default_iommu="virtio",
        extra=("-nic", "none"),
        firmware=loongarch.FIRMWARE,
    ),
}


@dataclass(frozen=True)
class Board:
    kind: Kind
    iommu: str
    cpus: int = 3
    memory_mib: int = 1024
    nvme: Path = None  # its image; None: there is none
    igb: bool = True
    words: str = ""  # after `bringup`
    trace: tuple = ()
    by_firmware: bool = False  # which then numbers buses and places BARs, instead of -kernel

    @property
    def command_line(self):
        return f"bringup {self.words}".strip()


def _start(spec, records):
    if not spec.by_firmware:
        return ["-kernel", str(spec.kind.kernel), "-append", spec.command_line]
    esp = loongarch.fresh_esp(records, spec.command_line)
    args = ["-bios", str(spec.kind.firmware)]
    args += ["-drive", f"if=none,id=esp,format=raw,file=fat:rw:{esp}"]
    return args + ["-device", "virtio-blk-pci,drive=esp,romfile=,bus=pcie.0,addr=8.0"]


def _port(slot):
    where = f"bus=pcie.0,addr={slot:x}.0,chassis={slot},slot={slot}"
    return ["-device", f"pcie-root-port,id=rp{slot},{where}"]


def command(spec, records):
    machine, more = spec.kind.iommus[spec.iommu]
    args = [spec.kind.program, "-nodefaults", "-no-reboot", "-display", "none"]
    args += ["-M", machine, "-cpu", spec.kind.cpu, *spec.kind.extra]
    args += ["-accel", "tcg,thread=multi", "-smp", str(spec.cpus), "-m", str(spec.memory_mib)]
    args += _start(spec, records)
    args += more
    if spec.nvme:
        args += _port(NVME_SLOT)
        args += ["-drive", f"if=none,id=disk0,format=raw,cache=unsafe,file={spec.nvme}"]
        args += ["-device", f"nvme,bus=rp{NVME_SLOT},serial={NVME_SERIAL},drive=disk0"]
    if spec.igb:
        args += _port(IGB_SLOT)
        args += ["-netdev", "user,id=net0,ipv6=off"]
        args += ["-device", f"igb,bus=rp{IGB_SLOT},netdev=net0,mac={IGB_MAC},romfile="]
        args += ["-object", f"filter-dump,id=dump0,netdev=net0,file={records / 'net.pcap'}"]
    # Files: not every UART of QEMU's waits for a reader. Which is the hypervisor's is seen by what
    # it says.
    for line in SERIAL_LINES:
        args += ["-serial", f"file:{records / line}"]
    for event in spec.trace:
        args += ["-trace", event]
    return args + ["-D", str(records / "trace.log"), "-d", "guest_errors"]


@dataclass(frozen=True)
class Row:
    subject: str
    step: str
    verdict: str
    detail: str

    def __str__(self):
        return f"{self.subject} {self.step}: {self.verdict}; {self.detail}"


@dataclass(frozen=True)
class Account:
    text: str
    rows: tuple
    passed: int
    failed: int
    complete: bool  # the table and the closing line are there, and they agree

    @property
    def ok(self):
        return self.complete and self.passed > 0 and not self.failed

    def red(self):
        return [row for row in self.rows if row.verdict == "FAILED"]

    def find(self, subject, step):
        for row in self.rows:
            if row.subject == subject and row.step == step:
                return row
        return None


def read(text):
    """The account as the image printed it."""
    text = text.replace("\r", "")
    table, result = text.partition(RESULT)[2], _CLOSING.findall(text)
    rows = tuple(Row(**_strip(m)) for m in map(_ROW.match, table.splitlines()) if m)
    counted = {v: sum(row.verdict == v for row in rows) for v in ("ok", "FAILED")}
    passed, failed = (int(n) for n in result[-1]) if result else (0, 0)
    complete = bool(result) and counted == {"ok": passed, "FAILED": failed}
    return Account(text, rows, passed, failed, complete)


def _strip(match):
    return {name: (value or "").strip() for name, value in match.groupdict().items()}


def _said(records):
    """What the hypervisor said so far, whichever line it is on."""
    for line in SERIAL_LINES:
        path = records / line
        text = path.read_text(errors="replace").replace("\r", "") if path.exists() else ""
        if _SPEAKS.search(text):
            return text
    return ""


def _show_rest(text, shown, show):
    """Shows the whole lines behind `shown`; how much is shown then."""
    end = text.rfind("\n") + 1
    if show and end > shown:
        show(text[shown : end - 1])
    return max(shown, end)


def run(spec, records, show=None):
    """From power-on to power-off. show: is given lines as they come."""
    args = command(spec, records)
    (records / "qemu.cmd").write_text(shlex.join(args) + "\n")
    # Where QEMU keeps what is written to the EFI partition.
    environment = dict(os.environ, TMPDIR=str(records))
    with open(records / "qemu.stderr", "wb") as errors:
        process = subprocess.Popen(
            ["timeout", "--kill-after=5", str(paths.patience(TIME_LIMIT)), *args],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            env=environment,
        )
        shown = 0
        while process.poll() is None:
            time.sleep(POLL)
            shown = _show_rest(_said(records), shown, show)
    text = _said(records)
    _show_rest(text, shown, show)
    (records / "account.txt").write_text(text)
    account = read(text)
    if process.returncode or not account.complete:
        said = (records / "qemu.stderr").read_text(errors="replace").strip()
        how = "it did not end" if process.returncode == 124 else f"exit status {process.returncode}"
        (records / "broken").write_text(f"{how}; {said}\n")
    return account
