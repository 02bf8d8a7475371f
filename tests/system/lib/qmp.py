# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's machine protocol (QMP) over a unix socket: commands, events, memory dumps.

One QMP object belongs to one thread.
"""

import json
import socket
import tempfile
import time
from pathlib import Path

from .paths import patience


class QmpError(Exception):
    pass


class Qmp:
    def __init__(self, path, timeout=10):
        self.events = []
        self._pending = b""
        self._socket = _connect(path, patience(timeout))
        self._receive()  # the greeting
        self.command("qmp_capabilities")

    def close(self):
        self._socket.close()

    def command(self, name, /, **arguments):
        request = {"execute": name}
        if arguments:
            request["arguments"] = {
                key.replace("_", "-"): value for key, value in arguments.items()
            }
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            message = self._receive()
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise QmpError(f"{name}: {message['error']['desc']}")
            self.events.append(message)

    def hmp(self, line):
        """A command of the human monitor; its output as text."""
        return self.command("human-monitor-command", **{"command-line": line})

    def memory(self, address, size):
        """`size` bytes at a host-physical address, as QEMU holds them (RAM only)."""
        with tempfile.NamedTemporaryFile(prefix="postern-mem-") as dump:
            self.command("pmemsave", val=address, size=size, filename=dump.name)
            data = Path(dump.name).read_bytes()
        if len(data) != size:
            raise QmpError(f"pmemsave of {size} bytes at {address:#x} gave {len(data)}")
        return data

    def memory_to_file(self, address, size, path):
        """The same for regions too large to hold twice."""
        self.command("pmemsave", val=address, size=size, filename=str(path))

    def trace(self, pattern, enable):
        """Switches trace events on or off while the machine runs."""
        self.command("trace-event-set-state", name=pattern, enable=enable)

    def _receive(self):
        while b"\n" not in self._pending:
            data = self._socket.recv(65536)
            if not data:
                raise QmpError("QEMU closed its QMP socket")
            self._pending += data
        line, self._pending = self._pending.split(b"\n", 1)
        return json.loads(line)


def _connect(path, timeout):
    deadline = time.monotonic() + timeout
    while True:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            s.connect(str(path))
        except OSError as error:
            s.close()
            if time.monotonic() > deadline:
                raise QmpError(f"{path}: {error}") from error
            time.sleep(0.02)
        else:
            s.settimeout(patience(60))
            return s
