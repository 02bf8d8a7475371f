# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a zone's interrupts went: /proc/interrupts inside, messages and acknowledgements in QEMU's
trace outside.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

# Switched on for a phase only: they are as frequent as interrupts are.
EVENTS = ("gicv3_its_translation_write", "gicv3_its_ite_read", "gicv3_icc_iar1_read")

# The same for wired interrupts.
LINE_EVENTS = ("gicv3_dist_set_irq", "gicv3_its_translation_write", "gicv3_icc_iar1_read")

_LPI_BASE = 8192

_MESSAGE = re.compile(
    r"gicv3_its_translation_write .* data (0x[0-9a-f]+) size \d+ requester_id (0x[0-9a-f]+)"
)
_ENTRY = re.compile(r"gicv3_its_ite_read .*EventID (0x[0-9a-f]+): valid 1 .*intid (0x[0-9a-f]+)")
_LEVEL = re.compile(r"gicv3_dist_set_irq .*interrupt (\d+) level changed to ([01])")
_ACKNOWLEDGE = re.compile(r"gicv3_icc_iar1_read .*cpu (0x[0-9a-f]+) value (0x[0-9a-f]+)")


@dataclass(frozen=True)
class Line:
    """A line of /proc/interrupts."""

    number: int
    counts: tuple  # per vCPU
    name: str

    @property
    def total(self):
        return sum(self.counts)


def parse(text):
    """{name: Line} of the message interrupts in /proc/interrupts."""
    lines = {}
    for row in text.splitlines():
        match = re.match(r"\s*(\d+):((?:\s+\d+)+)\s+(\S.*\S)\s*$", row)
        if match and "MSI" in match.group(3):
            counts = tuple(int(n) for n in match.group(2).split())
            name = match.group(3).split()[-1]
            lines[name] = Line(int(match.group(1)), counts, name)
    return lines


def risen(before, after):
    """{name: increase per vCPU} for every line of `after`."""
    zero = (0,) * 64
    return {
        name: tuple(
            now - then
            for now, then in zip(line.counts, before[name].counts if name in before else zero)
        )
        for name, line in after.items()
    }


@dataclass
class Witness:
    """One device's messages, as QEMU's ITS and CPU interfaces saw them."""

    messages: Counter  # event id -> arrivals
    intids: dict  # event id -> physical LPI
    taken: dict  # event id -> Counter of physical CPUs that acknowledged the LPI


def witness(path, start, requester):
    """Reads the phase of the trace that begins at byte `start`."""
    messages, intids, acknowledged = Counter(), {}, defaultdict(Counter)
    current = None  # an ITE is read right after the message that needs it
    with open(path, "r", errors="replace") as log:
        log.seek(start)
        for line in log:
            if match := _MESSAGE.search(line):
                event, source = (int(v, 16) for v in match.groups())
                current = event if source == requester else None
                if current is not None:
                    messages[event] += 1
            elif match := _ENTRY.search(line):
                event, intid = (int(v, 16) for v in match.groups())
                if event == current:
                    intids[event] = intid
                current = None
            elif match := _ACKNOWLEDGE.search(line):
                cpu, intid = (int(v, 16) for v in match.groups())
                if intid >= _LPI_BASE:
                    acknowledged[intid][cpu] += 1
    return Witness(
        messages, intids, {event: acknowledged[intid] for event, intid in intids.items()}
    )


def parse_wired(text):
    """{names of those who share it: (INTID, total)} of the wired interrupts in /proc/interrupts."""
    lines = {}
    for row in text.splitlines():
        match = re.match(r"\s*\d+:((?:\s+\d+)+)\s+GICv3\s+(\d+)\s+Level\s+(\S.*\S)\s*$", row)
        if match:
            total = sum(int(n) for n in match.group(1).split())
            lines[match.group(3)] = (int(match.group(2)), total)
    return lines


@dataclass
class Wires:
    """A phase of the trace: what QEMU saw of the machine's wired interrupts, by INTID."""

    raised: Counter
    lowered: Counter
    taken: dict  # INTID -> Counter of physical CPUs that acknowledged it
    high: set  # at the end of the phase
    messages: int  # at the ITS, of anybody


def wires(path, start):
    raised, lowered, taken, high, messages = Counter(), Counter(), defaultdict(Counter), set(), 0
    with open(path, "r", errors="replace") as log:
        log.seek(start)
        for line in log:
            if match := _LEVEL.search(line):
                intid, level = (int(v) for v in match.groups())
                (raised if level else lowered)[intid] += 1
                (high.add if level else high.discard)(intid)
            elif match := _ACKNOWLEDGE.search(line):
                cpu, intid = (int(v, 16) for v in match.groups())
                taken[intid][cpu] += 1
            elif "gicv3_its_translation_write" in line:
                messages += 1
    return Wires(raised, lowered, taken, high, messages)
