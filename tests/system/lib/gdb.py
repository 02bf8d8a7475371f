# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's debugger stub, just enough to send a CPU astray (GDB's manual, appendix "Remote Serial
Protocol").
"""

import re
import socket

from .paths import patience


class Debugger:
    """Connected, the machine stands still; closed, it goes on."""

    def __init__(self, machine):
        path = machine.records / "gdb"
        machine.qmp.hmp(f"gdbserver unix:{path},server=on,wait=off")
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._line.settimeout(patience(10))
        self._line.connect(str(path))
        self._pending = b""
        self.ask("?")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ask("D")
        self._line.close()

    def ask(self, request):
        checksum = sum(request.encode()) & 0xFF
        self._line.sendall(f"${request}#{checksum:02x}".encode())
        while self._pending.count(b"#") < 1 or len(self._pending.split(b"#", 1)[1]) < 2:
            data = self._line.recv(65536)
            if not data:
                raise ConnectionError(f"the debugger stub left at {request}")
            self._pending += data
        packet, rest = self._pending.split(b"#", 1)
        self._pending = rest[2:]
        self._line.sendall(b"+")
        return packet.lstrip(b"+").removeprefix(b"$").decode()

    def breakpoint(self, address, there=True):
        answer = self.ask(f"{'Z' if there else 'z'}1,{address:x},4")
        if answer != "OK":
            raise ValueError(f"no breakpoint at {address:#x}: {answer or 'unknown'}")

    def run(self):
        """Lets the machine go until a CPU stops at a breakpoint; which one, from 0."""
        answer = self.ask("c")
        match = re.match(r"T05thread:(?:p\w+\.)?(\w+);", answer)
        if not match:
            raise ValueError(f"stopped for another reason: {answer}")
        return int(match.group(1), 16) - 1

    def set_register(self, cpu, number, value):
        """cpu from 0, number as the stub counts the architecture's registers."""
        for request in (f"Hg{cpu + 1:x}", f"P{number:x}={value.to_bytes(8, 'little').hex()}"):
            answer = self.ask(request)
            if answer != "OK":
                raise ValueError(f"{request}: {answer or 'unknown'}")
