# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's SMMUv3, read from outside: its registers and the event records it wrote to memory.

Arm IHI 0070 F.b: registers 6.3, event records 7.3. The records stay in the queue's memory after the hypervisor has
read them, so a dump shows what the hypervisor was told, in QEMU's own words.
"""

import re
import struct
from dataclasses import dataclass

SMMU_BASE = 0x9050000  # QEMU virt
CR0 = 0x20
EVENTQ_BASE = 0xA0
EVENTQ_PROD = 0x100A8  # page 1
RECORD_SIZE = 32

_EVENTQ_ADDRESS = 0x000FFFFFFFFFFFE0
_EVENTQ_LOG2SIZE = 0x1F

EVENT_NAMES = {
    0x01: "F_UUT",
    0x02: "C_BAD_STREAMID",
    0x03: "F_STE_FETCH",
    0x04: "C_BAD_STE",
    0x07: "F_STREAM_DISABLED",
    0x08: "F_TRANSL_FORBIDDEN",
    0x0B: "F_WALK_EABT",
    0x10: "F_TRANSLATION",
    0x11: "F_ADDR_SIZE",
    0x12: "F_ACCESS",
    0x13: "F_PERMISSION",
}
WITH_ADDRESS = {0x0B, 0x10, 0x11, 0x12, 0x13}


@dataclass(frozen=True)
class Event:
    type: int
    stream: int
    read: bool  # meaningful for types WITH_ADDRESS, like the next
    address: int

    @property
    def name(self):
        return EVENT_NAMES.get(self.type, f"{self.type:#x}")

    @property
    def direction(self):
        return "read" if self.read else "write"


def _register(machine, offset):
    text = machine.qmp.hmp(f"xp /1wx {SMMU_BASE + offset:#x}")
    return int(re.search(r":\s*(0x[0-9a-f]+)", text).group(1), 16)


def _decode(record):
    first, second, address, _ = struct.unpack("<QQQQ", record)
    return Event(first & 0xFF, first >> 32, bool(second >> 35 & 1), address)


def events(machine):
    """Every record written so far, oldest first (the queue must not have gone round)."""
    base = _register(machine, EVENTQ_BASE) | _register(machine, EVENTQ_BASE + 4) << 32
    log2size = base & _EVENTQ_LOG2SIZE
    produced = _register(machine, EVENTQ_PROD) & ((1 << (log2size + 1)) - 1)
    if produced > 1 << log2size:
        raise RuntimeError("the event queue has gone round: its oldest records are overwritten")
    if produced == 0:
        return []
    memory = machine.qmp.memory(base & _EVENTQ_ADDRESS, produced * RECORD_SIZE)
    return [_decode(memory[i : i + RECORD_SIZE]) for i in range(0, len(memory), RECORD_SIZE)]
