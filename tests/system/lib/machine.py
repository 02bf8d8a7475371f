# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine under test: a QEMU `virt` board described by a small specification.

The machine starts halted, every line is connected, then it runs: nothing that is said on a serial
line is lost. Everything it leaves behind goes to one directory: the command line, transcripts,
trace, packet capture.
"""

import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional

from . import paths
from .console import Console, ConsoleError
from .qmp import Qmp, QmpError

# The two shapes of SMMUv3 that a board can have here. QEMU 10 makes the default one nested-capable
# and honours the stage property on machine versions up to 9.0 only.
SMMU_MODES = {
    "default": ["-M", "virt,gic-version=3,virtualization=on,iommu=smmuv3"],
    "stage2": [
        "-M", "virt-9.0,gic-version=3,virtualization=on,iommu=smmuv3",
        "-global", "arm-smmuv3.stage=2",
    ],
    # What Postern refuses: no second stage, and no IOMMU at all.
    "stage1": [
        "-M", "virt-9.0,gic-version=3,virtualization=on,iommu=smmuv3",
        "-global", "arm-smmuv3.stage=1",
    ],
    "none": ["-M", "virt,gic-version=3,virtualization=on"],
    # A PCI function that lets everything through until it is told not to.
    "virtio": [
        "-M", "virt,gic-version=3,virtualization=on",
        "-device", "virtio-iommu-pci,bus=pcie.0,addr=1e.0,boot-bypass=on",
    ],
}  # fmt: skip

# Rare events that every run records: any DMA let through, refused or answered with an event;
# resets.
WITNESS_TRACE = (
    "smmuv3_translate_bypass",
    "smmuv3_translate_disable",
    "smmuv3_translate_abort",
    "smmuv3_record_event",
    "resettable_phase_hold_exec",
)


@dataclass(frozen=True)
class Nvme:
    slot: int = 2  # of the root port it sits behind
    serial: str = "postern-nvme"
    image: Optional[Path] = None
    doorbell_buffer: bool = True  # shadow doorbells (NVMe's Doorbell Buffer Config)


@dataclass(frozen=True)
class Igb:
    slot: int = 3
    mac: str = "52:54:00:12:34:56"


@dataclass(frozen=True)
class MachineSpec:
    cpu: str = "cortex-a57"
    smp: int = 3
    memory_mib: int = 2048
    smmu: str = "default"
    kernel: Path = paths.HYPERVISOR
    initrd: Optional[Path] = paths.BUNDLE
    append: str = ""
    nvme: Optional[Nvme] = None
    igb: Optional[Igb] = None
    rng_slot: Optional[int] = 4  # something of the root zone's own; None: nothing
    memory_file: Optional[Path] = None  # memory is this file: the host reads and writes it (ram.py)
    trace: tuple = WITNESS_TRACE
    consoles: tuple = ("root", "hypervisor")  # serial lines in order

    def but(self, **changes):
        return replace(self, **changes)


def _root_port(slot):
    return [
        "-device",
        f"pcie-root-port,id=rp{slot},bus=pcie.0,addr={slot:x}.0,chassis={slot},slot={slot}",
    ]


def _board(spec):
    args = ["-nodefaults", "-no-reboot", "-display", "none"] + SMMU_MODES[spec.smmu]
    args += ["-accel", "tcg,thread=multi", "-cpu", spec.cpu, "-smp", str(spec.smp)]
    args += ["-m", str(spec.memory_mib), "-kernel", str(spec.kernel)]
    if spec.memory_file:
        backend = f"memory-backend-file,id=ram0,size={spec.memory_mib}M,share=on"
        args += ["-object", f"{backend},mem-path={spec.memory_file}"]
        args += ["-machine", "memory-backend=ram0"]
    if spec.initrd:
        args += ["-initrd", str(spec.initrd)]
    if spec.append:
        args += ["-append", spec.append]
    return args


def _devices(spec, records):
    args = []
    slots = [d.slot for d in (spec.nvme, spec.igb) if d] + (
        [spec.rng_slot] if spec.rng_slot else []
    )
    for slot in sorted(slots):
        args += _root_port(slot)
    if spec.nvme:
        drive = f"if=none,id=disk0,format=raw,cache=unsafe,file={spec.nvme.image}"
        args += ["-drive", drive]
        device = f"nvme,bus=rp{spec.nvme.slot},serial={spec.nvme.serial},drive=disk0"
        args += ["-device", device if spec.nvme.doorbell_buffer else f"{device},dbcs=off"]
    if spec.igb:
        args += ["-netdev", "user,id=net0,ipv6=off"]
        args += ["-device", f"igb,bus=rp{spec.igb.slot},netdev=net0,mac={spec.igb.mac}"]
        args += ["-object", f"filter-dump,id=dump0,netdev=net0,file={records / 'net.pcap'}"]
    if spec.rng_slot:
        args += ["-device", f"virtio-rng-pci,bus=rp{spec.rng_slot}"]
    return args


@dataclass
class Machine:
    spec: MachineSpec
    records: Path
    attended: bool = (
        False  # somebody else talks on the serial lines (open_console) and lets it run (resume)
    )
    consoles: dict = field(default_factory=dict)
    qmp: Optional[Qmp] = None
    process: Optional[subprocess.Popen] = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def trace_file(self):
        return self.records / "trace.log"

    @property
    def capture_file(self):
        return self.records / "net.pcap"

    def command_line(self):
        args = ["qemu-system-aarch64"] + _board(self.spec) + _devices(self.spec, self.records)
        for name in self.spec.consoles:
            path = self._sockets / name
            log = self.records / f"{name}.log"
            args += ["-chardev", f"socket,id={name},path={path},server=on,wait=off,logfile={log}"]
            args += ["-serial", f"chardev:{name}"]
        for event in self.spec.trace:
            args += ["-trace", event]
        args += ["-D", str(self.trace_file), "-d", "guest_errors"]
        args += ["-qmp", f"unix:{self._sockets / 'qmp'},server=on,wait=off", "-S"]
        return args

    def start(self):
        # Unix socket paths are short by law; build directories need not be.
        self._sockets = Path(tempfile.mkdtemp(prefix="postern-"))
        self.trace_file.touch()
        args = self.command_line()
        (self.records / "qemu.cmd").write_text(shlex.join(args) + "\n")
        with open(self.records / "qemu.stderr", "wb") as errors:
            self.process = subprocess.Popen(
                args, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors
            )
        try:
            self.qmp = Qmp(self._sockets / "qmp")
            if not self.attended:
                self.consoles = {n: Console(self.open_console(n), n) for n in self.spec.consoles}
        except (QmpError, OSError) as error:
            self.stop()
            reason = (self.records / "qemu.stderr").read_text().strip()
            raise RuntimeError(f"QEMU did not start: {reason or error}") from error
        if not self.attended:
            self.resume()

    def open_console(self, name):
        """A socket connected to a serial line; the caller's."""
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.connect(str(self._sockets / name))
        return line

    def resume(self):
        """Lets the machine run: from its first instruction after start()."""
        self.qmp.command("cont")

    def wait_exit(self, timeout=30):
        """Waits for QEMU to end by itself (the machine powered off)."""
        try:
            self.process.wait(paths.patience(timeout))
        except subprocess.TimeoutExpired:
            raise ConsoleError("the machine did not power off") from None
        finally:
            self.stop()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """Ends QEMU, whatever the machine is doing."""
        if self.running() and self.qmp:
            try:
                self.qmp.command("quit")
            except (QmpError, OSError):
                pass  # it went down while being asked to
        if self.process:
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGKILL)
                self.process.wait()
        for console in self.consoles.values():
            console.close()
        self.consoles = {}
        if self.qmp:
            self.qmp.close()
            self.qmp = None
        shutil.rmtree(self._sockets, ignore_errors=True)
