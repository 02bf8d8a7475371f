# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's `virt` machine for loongarch64: started by -kernel, or by EDK2 from an EFI partition whose
files the host sees (QEMU makes a FAT file system of a folder).
"""

import os
import re
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from . import paths
from .machine import Machine

ELF = paths.BUILD / "loongarch64" / "postern.elf"
APPLICATION = paths.BUILD / "loongarch64" / "BOOTLOONGARCH64.EFI"
FIRMWARE = Path("/usr/share/qemu-efi-loongarch64/QEMU_EFI.fd")
# What firmware writes to the same line before the application does.
FIRMWARE_NOISE = re.compile(r"^PROGRESS CODE: .*\n", re.MULTILINE)


@dataclass(frozen=True)
class LoongArch:
    smp: int = 2
    memory_mib: int = 1024
    esp: Optional[Path] = None  # EFI partition; None: -kernel
    initrd: Optional[Path] = None
    append: str = ""
    screen: bool = False
    devices: tuple = ()
    trace: tuple = ()
    consoles: tuple = ("first", "second")  # its UARTs


@dataclass
class LoongArchMachine(Machine):
    """A Machine whose spec is a LoongArch. hold: it stands still until a debugger lets it go."""

    hold: bool = False

    def resume(self):
        if not self.hold:
            super().resume()

    def command_line(self):
        spec = self.spec
        args = ["qemu-system-loongarch64", "-nodefaults", "-no-reboot", "-display", "none"]
        args += ["-nic", "none", "-M", "virt", "-accel", "tcg,thread=multi"]
        args += ["-cpu", "la464", "-smp", str(spec.smp), "-m", str(spec.memory_mib)]
        if spec.esp:
            args += ["-bios", str(FIRMWARE)]
            args += ["-drive", f"if=none,id=esp,format=raw,file=fat:rw:{spec.esp}"]
            args += ["-device", "virtio-blk-pci,drive=esp,romfile="]
        else:
            args += ["-kernel", str(ELF)]
            if spec.initrd:
                args += ["-initrd", str(spec.initrd)]
            if spec.append:
                args += ["-append", spec.append]
        if spec.screen:
            args += ["-device", "VGA,romfile="]
        args += list(spec.devices)
        for name in spec.consoles:
            # TCP: a Unix socket holds some 280 writes of one character each, and QEMU's 16550, unlike
            # its PL011, does not wait for a reader that the host keeps from running.
            where = "host=127.0.0.1,port=0,server=on,wait=off"
            log = self.records / f"{name}.log"
            args += ["-chardev", f"socket,id={name},{where},logfile={log}"]
            args += ["-serial", f"chardev:{name}"]
        for event in spec.trace:
            args += ["-trace", event]
        args += ["-D", str(self.trace_file), "-d", "guest_errors"]
        return args + ["-qmp", f"unix:{self._sockets / 'qmp'},server=on,wait=off", "-S"]

    def start(self):
        # Where QEMU keeps what is written to the EFI partition; it takes /tmp for "somewhere else".
        os.environ["TMPDIR"] = str(self.records)
        super().start()

    def open_console(self, name):
        for device in self.qmp.command("query-chardev"):
            if device["label"] == name:
                port = int(re.search(r":(\d+),server", device["filename"]).group(1))
                return socket.create_connection(("127.0.0.1", port))
        raise KeyError(name)

    def speaking(self, pattern, timeout):
        """The console on which the pattern comes first, consumed through it, and the match.

        Which UART is the hypervisor's depends on how the machine was described to it.
        """
        own = [c for c in self.consoles.values() if c.seen(pattern)]
        waited = 0.0
        while not own and waited < paths.patience(timeout) and self.running():
            for console in self.consoles.values():
                console.settle(quiet=0.1, timeout=0.1)
            waited += 0.2
            own = [c for c in self.consoles.values() if c.seen(pattern)]
        console = own[0] if own else self.consoles[self.spec.consoles[0]]
        return console, console.expect(pattern, 1)

    def cpus_inside(self, first, last):
        """How many CPUs stand in [first, last) of the hypervisor's image, as QEMU has them."""
        text = self.qmp.hmp("info registers -a")
        counters = [int(pc, 16) for pc in re.findall(r"\bPC=\s*([0-9a-f]+)", text)]
        return sum(first <= pc < last for pc in counters), len(counters)


def fresh_esp(records, command="", files=None):
    """An EFI partition with the application; files: {name in postern/: path}."""
    esp = records / "esp"
    shutil.rmtree(esp, ignore_errors=True)
    (esp / "EFI" / "BOOT").mkdir(parents=True)
    (esp / "postern").mkdir()
    shutil.copy(APPLICATION, esp / "EFI" / "BOOT" / APPLICATION.name)
    if command:
        (esp / "postern" / "cmdline").write_text(command + "\n")
    for name, path in (files or {}).items():
        shutil.copy(path, esp / "postern" / name)
    return esp
