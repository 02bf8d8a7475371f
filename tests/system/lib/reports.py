# SPDX-License-Identifier: GPL-2.0-or-later
"""What the monitor's reports say, as Python objects (docs/monitor.md has the formats).

Every function takes the lines of a command's output and raises ReportError when they are not as
expected: a test must not pass because a report had become unreadable.
"""

import re
from dataclasses import dataclass
from typing import Optional

from .console import DialogueError

_SIZES = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20}

_ZONE = re.compile(r"zone (\d+) (\S+): (\w+), cpus((?: \d+)*), starts (\d+), faults (\d+)")
_RAM = re.compile(r"\s+ram gpa (0x[0-9a-f]+) -> hpa (0x[0-9a-f]+) size (\d+) (\w+)")
_STOPPED = re.compile(r"\s+last stop: (.*)")
_DEVICE = re.compile(
    r"(\S+)\s+([0-9a-f]{4}:[0-9a-f]{4})\s+([0-9a-f]{6})\s+(\w+)\s+(\S+)\s+(\S+)\s+group (\d+)"
)
_STREAM = re.compile(r"iommu (\d+) stream (0x[0-9a-f]+)")
_DEVICE_ID = re.compile(r"msi unit (\d+) device id (0x[0-9a-f]+)")
_VECTORS = re.compile(r"\s+vectors (\d+):")
_BAR = re.compile(r"\s+bar (\d) \w+: (?:gpa (\S+) -> )?hpa (0x[0-9a-f]+) size (\d+) (\w+)")
_FAULT = re.compile(
    r"\s*[\d.]+ iommu \d+ stream (0x[0-9a-f]+) device (\S+) zone (\S+): "
    r"(?:(read|write|access) at (0x[0-9a-f]+) )?refused: (.*) \(event (0x[0-9a-f]+)\)"
)
_FAULT_COUNT = re.compile(r"(?:zone \S+|no zone): \d+ faults")

_EXITS = re.compile(r"(\S.*?)((?:\s+\d+)+)\s+(\d+\.\d)")


class ReportError(DialogueError):
    """A report of the monitor is not in the form docs/monitor.md gives."""


@dataclass
class Zone:
    id: int
    name: str
    state: str
    cpus: tuple  # physical CPU of each vCPU
    starts: int
    faults: int
    ram_gpa: int = 0
    ram_hpa: int = 0
    ram_size: int = 0  # 0: none now
    reason: str = ""  # why it stopped last


@dataclass
class Bar:
    number: int
    gpa: Optional[int]  # None: the zone does not decode it
    hpa: int
    size: int


@dataclass
class Device:
    bdf: str
    id: str  # "vendor:device"
    class_code: str
    state: str
    zone: str  # "-": nobody's
    virtual_bdf: str
    group: int
    bridge: bool = False
    stream: Optional[int] = None  # None: behind no IOMMU
    device_id: Optional[int] = None  # at the MSI unit
    vectors: int = 0
    bars: tuple = ()


@dataclass(frozen=True)
class Fault:
    stream: int
    bdf: str
    zone: str
    direction: Optional[str]  # "read" or "write"
    iova: Optional[int]
    reason: str
    event: int


def _size(number, unit):
    return int(number) * _SIZES[unit]


def zones(lines):
    found = []
    for line in lines:
        if match := _ZONE.fullmatch(line):
            number, name, state, cpus, starts, faults_seen = match.groups()
            cpus = tuple(int(c) for c in cpus.split())
            found.append(Zone(int(number), name, state, cpus, int(starts), int(faults_seen)))
        elif not found:
            raise ReportError(f"zones: {line!r}")
        elif match := _RAM.fullmatch(line):
            found[-1].ram_gpa, found[-1].ram_hpa = int(match.group(1), 16), int(match.group(2), 16)
            found[-1].ram_size = _size(match.group(3), match.group(4))
        elif match := _STOPPED.fullmatch(line):
            found[-1].reason = match.group(1)
    return found


def _bar(match):
    number, gpa, hpa, size, unit = match.groups()
    return Bar(
        int(number),
        int(gpa, 16) if gpa and gpa != "none" else None,
        int(hpa, 16),
        _size(size, unit),
    )


def devices(lines):
    found = []
    for line in lines[1:]:  # below the heading
        if match := _DEVICE.fullmatch(line):
            bdf, ids, class_code, state, zone, virtual, group = match.groups()
            found.append(Device(bdf, ids, class_code, state, zone, virtual, int(group)))
        elif not found:
            raise ReportError(f"devices: {line!r}")
        elif match := _VECTORS.match(line):
            found[-1].vectors = int(match.group(1))
        elif match := _BAR.fullmatch(line):
            found[-1].bars += (_bar(match),)
        else:
            found[-1].bridge |= line.strip().startswith("bridge to buses")
            if match := _STREAM.search(line):
                found[-1].stream = int(match.group(2), 16)
            if match := _DEVICE_ID.search(line):
                found[-1].device_id = int(match.group(2), 16)
    return found


def faults(lines):
    found = []
    for line in lines:
        if match := _FAULT.fullmatch(line):
            stream, bdf, zone, direction, iova, reason, event = match.groups()
            iova = int(iova, 16) if iova else None
            found.append(Fault(int(stream, 16), bdf, zone, direction, iova, reason, int(event, 16)))
        elif not _FAULT_COUNT.fullmatch(line):
            raise ReportError(f"faults: {line!r}")
    return found


def exit_rates(lines):
    """{reason: per second} without the row of sums."""
    found = {m.group(1): float(m.group(3)) for m in map(_EXITS.fullmatch, lines) if m}
    if found.pop("all", None) is None:
        raise ReportError("stats: no row `all`")
    return found


def image_size(lines):
    found = {
        name: int(count)
        for name, count in re.findall(r"(text|rodata|data|bss) (\d+)", " ".join(lines))
    }
    if not {"text", "rodata", "data"} <= found.keys():
        raise ReportError(f"size: {lines!r}")
    return found
