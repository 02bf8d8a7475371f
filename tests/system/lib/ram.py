# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's memory as a file of the host (MachineSpec.memory_file): read and written from
outside, while the machine runs, and without it.
"""

import random

from .disk import MIB
from .trace import RAM_BASE


class Pattern:
    """Random bytes all over [base, base+size) (host-physical, whole MiB), and whether they are
    still there.
    """

    def __init__(self, path, base, size, seed):
        self.path, self.base, self.size = path, base, size
        self._block = random.Random(seed).randbytes(MIB)

    def start(self, length):
        """The first bytes of it."""
        return self._block[:length]

    def write(self):
        with open(self.path, "r+b", buffering=0) as memory:
            memory.seek(self.base - RAM_BASE)
            for _ in range(self.size // MIB):
                if memory.write(self._block) != MIB:
                    raise RuntimeError(f"{self.path}: short write")

    def changes(self, most=8):
        """[host-physical address] of the first changed byte of each changed page; the first few."""
        found = []
        with open(self.path, "rb", buffering=0) as memory:
            memory.seek(self.base - RAM_BASE)
            for at in range(self.base, self.base + self.size, MIB):
                block = memory.read(MIB)
                if block != self._block:
                    found += [at + offset for offset in self._differences(block)]
                if len(found) >= most:
                    break
        return found[:most]

    def _differences(self, block, page=4096):
        for start in range(0, MIB, page):
            got, expected = block[start : start + page], self._block[start : start + page]
            if got != expected:
                yield start + next(i for i, (a, b) in enumerate(zip(got, expected)) if a != b)
