# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions of the machine as the machine has them: config space and MSI-X tables read through
QEMU, past the hypervisor and every zone.

PCI Express Base Specification 4.0: header 7.5.1, MSI-X 7.7.2.
"""

import re
import struct
from dataclasses import dataclass

ECAM_BASE = 0x4010000000  # QEMU virt, above 4 GiB
DOORBELL = 0x8090040  # its ITS
COMMAND_MEMORY, COMMAND_MASTER, COMMAND_INTX_OFF = 1 << 1, 1 << 2, 1 << 10
MSIX_ENABLE, MSIX_ALL_MASKED = 1 << 15, 1 << 14
_CAP_MSIX = 0x11
_CONFIG_WORDS = 64  # the part that holds the capabilities


@dataclass(frozen=True)
class Function:
    ids: str  # "vendor:device"
    command: int
    bars: tuple  # the six registers
    msix_control: int
    messages: tuple  # (address, data) of each MSI-X entry; its mask is not in it

    @property
    def masters(self):
        return bool(self.command & COMMAND_MASTER)

    @property
    def decodes(self):
        return bool(self.command & COMMAND_MEMORY)

    @property
    def sends(self):
        return self.msix_control & (MSIX_ENABLE | MSIX_ALL_MASKED) == MSIX_ENABLE

    def __str__(self):
        return f"{self.ids} Command {self.command:#06x} MSI-X {self.msix_control:#06x}"


def _words(machine, address, count):
    text = machine.qmp.hmp(f"xp /{count}wx {address:#x}")
    return [int(word, 16) for word in re.findall(r"0x[0-9a-f]+", re.sub(r"\w+: ", "", text))]


def _capability(config, wanted):
    at = config[0x34] & 0xFC
    while at:
        if config[at] == wanted:
            return at
        at = config[at + 1] & 0xFC
    raise ValueError(f"no capability {wanted:#x}")


def function(machine, bdf, entries=0):
    """The function at a physical address ("0000:01:00.0"); entries: of the MSI-X table, which can
    be read while it decodes its BARs.
    """
    bus, device, number = (int(part, 16) for part in re.split("[:.]", bdf)[1:])
    place = ECAM_BASE + (bus << 20) + (device << 15) + (number << 12)
    config = struct.pack(f"<{_CONFIG_WORDS}I", *_words(machine, place, _CONFIG_WORDS))
    vendor, device_id, command = struct.unpack_from("<HHH", config)
    bars = struct.unpack_from("<6I", config, 0x10)
    msix = _capability(config, _CAP_MSIX)
    control, table = struct.unpack_from("<HI", config, msix + 2)
    messages = ()
    if entries:
        words = _words(machine, (bars[table & 7] & ~0xF) + (table & ~7), 4 * entries)
        messages = tuple(
            (words[i] | words[i + 1] << 32, words[i + 2]) for i in range(0, 4 * entries, 4)
        )
    return Function(f"{vendor:04x}:{device_id:04x}", command, bars, control, messages)
