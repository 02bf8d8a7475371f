# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's own trace, read back: what the SMMU did with each DMA, which devices were reset
(interrupts: interrupts.py).
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

_LINE = re.compile(
    r"(?P<event>smmuv3_translate_(?:success|bypass|disable|abort)|smmuv3_record_event"
    r"|resettable_phase_hold_exec)\b(?P<rest>.*)"
)
_SID = re.compile(r"sid=(0x[0-9a-f]+)")
_IOVA = re.compile(r"iova[=:](0x[0-9a-f]+)")
_TRANSLATED = re.compile(r"translated=(0x[0-9a-f]+)")
_OBJECT = re.compile(r"\(([^)]*)\)")

RAM_BASE = 0x40000000  # QEMU virt; below it are registers, the MSI doorbell among them
BLOCK_SHIFT = 21  # zones' RAM is given out in blocks of 2 MiB


@dataclass
class Trace:
    """Counts by stream id unless said otherwise. Only events that the run had switched on are in
    it.
    """

    translated: Counter = field(default_factory=Counter)
    bypassed: Counter = field(default_factory=Counter)  # by an STE in bypass
    disabled: Counter = field(default_factory=Counter)  # let through because the SMMU was off
    aborted: Counter = field(default_factory=Counter)
    events: list = field(default_factory=list)  # (type name, stream id), in order
    resets: Counter = field(
        default_factory=Counter
    )  # of one device on its own (FLR), by QEMU's type name
    examples: dict = field(default_factory=dict)  # first offending line of each kind
    blocks: dict = field(
        default_factory=lambda: defaultdict(set)
    )  # 2 MiB blocks of host addresses reached
    identity: Counter = field(
        default_factory=Counter
    )  # translations into RAM whose output equals the input

    def let_through(self):
        return sum(self.bypassed.values()) + sum(self.disabled.values())

    def outside(self, stream, base, size):
        """RAM blocks that the stream's DMA reached although they are not in [base, base+size)."""
        inside = range(base >> BLOCK_SHIFT, (base + size) >> BLOCK_SHIFT)
        return sorted(
            b << BLOCK_SHIFT
            for b in self.blocks[stream]
            if b >= RAM_BASE >> BLOCK_SHIFT and b not in inside
        )


def _dma(trace, counter, rest, line, kind):
    counter[int(_SID.search(rest).group(1), 16)] += 1
    trace.examples.setdefault(kind, line.strip())


def read_trace(path, start=0):
    """Parses the trace from byte `start` of the file (see position())."""
    trace = Trace()
    with open(path, "r", errors="replace") as log:
        log.seek(start)
        for line in log:
            match = _LINE.search(line)
            if match:
                _count(trace, match.group("event"), match.group("rest"), line)
    return trace


def _count(trace, event, rest, line):
    if event == "smmuv3_translate_success":
        stream, output = int(_SID.search(rest).group(1), 16), int(
            _TRANSLATED.search(rest).group(1), 16
        )
        trace.translated[stream] += 1
        trace.blocks[stream].add(output >> BLOCK_SHIFT)
        if output >= RAM_BASE and output == int(_IOVA.search(rest).group(1), 16):
            trace.identity[stream] += 1
    elif event == "smmuv3_translate_bypass":
        _dma(trace, trace.bypassed, rest, line, "bypass")
    elif event == "smmuv3_translate_disable":
        _dma(trace, trace.disabled, rest, line, "disabled")
    elif event == "smmuv3_translate_abort":
        _dma(trace, trace.aborted, rest, line, "abort")
    elif event == "smmuv3_record_event":
        trace.events.append((rest.split()[0], int(_SID.search(rest).group(1), 16)))
    elif event == "resettable_phase_hold_exec":
        trace.resets[_OBJECT.search(rest).group(1)] += 1


def position(path):
    """Where the trace ends now: what is read from there on happened later."""
    return path.stat().st_size if path.exists() else 0
