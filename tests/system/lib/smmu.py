# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's SMMUv3, read from outside: its registers and the event records it wrote to memory.

Arm IHI 0070 F.b: registers 6.3, event records 7.3. The records stay in the queue's memory after the
hypervisor has read them, so a dump shows what the hypervisor was told, in QEMU's own words.
"""

import re
import struct
from dataclasses import dataclass

SMMU_BASE = 0x9050000  # QEMU virt
CR0 = 0x20
GBPA = 0x44
STRTAB_BASE = 0x80
STRTAB_BASE_CFG = 0x88
EVENTQ_BASE = 0xA0
EVENTQ_PROD = 0x100A8  # page 1
RECORD_SIZE = 32
STE_SIZE = 64

CR0_SMMUEN = 1 << 0
GBPA_ABORT = 1 << 20
_STRTAB_ADDRESS = 0x000FFFFFFFFFFFC0
_L1_ADDRESS = 0x000FFFFFFFFFFFC0
STE_CONFIG = {
    0b000: "abort",
    0b100: "bypass",
    0b101: "stage 1",
    0b110: "stage 2",
    0b111: "both stages",
}
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
    """The records in the queue's memory, oldest first (those that later ones overwrote are
    gone).
    """
    base = _register(machine, EVENTQ_BASE) | _register(machine, EVENTQ_BASE + 4) << 32
    size = 1 << (base & _EVENTQ_LOG2SIZE)
    next_index = _register(machine, EVENTQ_PROD) & (size - 1)
    memory = machine.qmp.memory(base & _EVENTQ_ADDRESS, size * RECORD_SIZE)
    records = [_decode(memory[i : i + RECORD_SIZE]) for i in range(0, len(memory), RECORD_SIZE)]
    return [e for e in records[next_index:] + records[:next_index] if e.type]


def enabled(machine):
    """True when translation is on; off, everything depends on GBPA."""
    return bool(_register(machine, CR0) & CR0_SMMUEN)


def aborts_when_off(machine):
    return bool(_register(machine, GBPA) & GBPA_ABORT)


def stream_table(machine):
    """{stream id: configuration name} of every valid entry, read from the table in memory (5.2 of
    the specification).
    """
    base = (
        _register(machine, STRTAB_BASE) | _register(machine, STRTAB_BASE + 4) << 32
    ) & _STRTAB_ADDRESS
    config = _register(machine, STRTAB_BASE_CFG)
    log2size, split, two_level = config & 0x3F, config >> 6 & 0x1F, config >> 16 & 3
    if not two_level:
        return _entries(machine.qmp.memory(base, STE_SIZE << log2size), 0)
    table = {}
    level1 = machine.qmp.memory(base, 8 << (log2size - split))
    for index, (descriptor,) in enumerate(struct.iter_unpack("<Q", level1)):
        span = descriptor & 0x1F
        if span:
            level2 = machine.qmp.memory(descriptor & _L1_ADDRESS, STE_SIZE << (span - 1))
            table.update(_entries(level2, index << split))
    return table


def _entries(memory, first):
    found = {}
    for at in range(0, len(memory), STE_SIZE):
        (word,) = struct.unpack_from("<Q", memory, at)
        if word & 1:
            found[first + at // STE_SIZE] = STE_CONFIG.get(word >> 1 & 7, "reserved")
    return found
