#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run_live.py - the demo's machine, live on this terminal (`make run`).

One terminal, two serial lines: the root zone's console and the hypervisor's monitor (from which
`console ZONE` reaches the other zones). Control-T is the key that talks to this program; what
follows it decides:

    Ctrl-T r    root zone's console          Ctrl-T x    power the machine off and leave
    Ctrl-T m    hypervisor's monitor         Ctrl-T t    send a Control-T
    Ctrl-T n    switch to the other one      Ctrl-T h    this help
"""

import os
import select
import shutil
import signal
import sys
import termios
import tty

from lib import paths
from lib.disk import MIB
from lib.machine import Igb, Machine, MachineSpec, Nvme
from lib.qmp import QmpError

PREFIX = 0x14  # Control-T
DISK_SIZE = 256 * MIB
KEYS = "Ctrl-T then: r root console, m monitor, n the other one, x power off and leave, h help"


class Screen:
    """What is in front, and what the other line said meanwhile."""

    LINES = {"root": "root zone's console", "hypervisor": "hypervisor's monitor (try `help`)"}
    KEPT = 32768  # of the line that is not in front

    def __init__(self, machine):
        self.sockets = {name: machine.open_console(name) for name in self.LINES}
        self.front = "root"
        self.waiting = dict.fromkeys(self.LINES, b"")

    def note(self, text):
        os.write(1, f"\r\n\x1b[7m {text} \x1b[0m\r\n".encode())

    def switch(self, name):
        self.front = name
        self.note(f"{self.LINES[name]}   [{KEYS}]")
        os.write(1, self.waiting[name])
        self.waiting[name] = b""
        if name == "hypervisor":
            self.sockets[name].sendall(b"\n")

    def other(self):
        return next(name for name in self.LINES if name != self.front)

    def arrived(self, name):
        """False when the machine has hung up."""
        data = self.sockets[name].recv(65536)
        if name == self.front:
            os.write(1, data)
        else:
            self.waiting[name] = (self.waiting[name] + data)[-self.KEPT :]
        return bool(data)

    def typed(self, data):
        self.sockets[self.front].sendall(data)


class Keys:
    """Takes typed bytes apart: ordinary ones go to the front line, those after Ctrl-T are
    commands.
    """

    def __init__(self, screen):
        self.screen = screen
        self.prefixed = False

    def feed(self, data):
        """False when the user wants to leave."""
        plain = bytearray()
        for byte in data:
            if self.prefixed:
                self.prefixed = False
                if not self._command(chr(byte), plain):
                    return False
            elif byte == PREFIX:
                self.prefixed = True
            else:
                plain.append(byte)
        if plain:
            self.screen.typed(bytes(plain))
        return True

    def _command(self, key, plain):
        screen = self.screen
        if key == "r":
            screen.switch("root")
        elif key == "m":
            screen.switch("hypervisor")
        elif key == "n":
            screen.switch(screen.other())
        elif key in "t\x14":
            plain.append(PREFIX)
        elif key == "x":
            return False
        else:
            screen.note(KEYS)
        return True


def converse(machine):
    screen = Screen(machine)
    keys = Keys(screen)
    names = {sock: name for name, sock in screen.sockets.items()}
    screen.switch("root")
    machine.resume()
    while True:
        ready, _, _ = select.select([0, *names], [], [], 1)
        for source in ready:
            if source == 0:
                data = os.read(0, 1024)
                if not data or not keys.feed(data):
                    return "machine powered off"
            elif not screen.arrived(names[source]):
                return "the machine went off"


def make_disk(records):
    """An empty disk: what a user writes to it stays until the next run."""
    image = records / "nvme.img"
    with open(image, "wb") as f:
        f.truncate(DISK_SIZE)
    return image


def main():
    paths.require(paths.HYPERVISOR, paths.BUNDLE)
    if not sys.stdin.isatty():
        raise SystemExit("this is for a terminal; `make demo` runs without one")
    records = paths.fresh_records("live")
    spec = MachineSpec(nvme=Nvme(image=make_disk(records)), igb=Igb(), trace=())
    print(__doc__.split("\n\n", 1)[1])
    print(
        f"Transcripts: {records}. The igb's peer is 10.0.2.2 "
        "(zone: ip addr add 10.0.2.15/24 dev eth0).",
        flush=True,
    )
    before = termios.tcgetattr(0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Machine(spec, records, attended=True) as machine:
        try:
            tty.setraw(0)
            ending = converse(machine)
        except (OSError, QmpError) as error:
            ending = f"the machine went off: {error}"
        finally:
            termios.tcsetattr(0, termios.TCSADRAIN, before)
    print(f"\n{ending}")
    if shutil.which("reset"):
        os.write(1, b"\x1b[0m\x1b[?7h")  # colours and wrapping as they were
    return 0


if __name__ == "__main__":
    sys.exit(main())
