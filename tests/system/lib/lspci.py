# SPDX-License-Identifier: GPL-2.0-or-later
"""What lspci says, of a dump or in a zone, reduced to what config space alone decides.

`lspci -n -vvv` in a zone asks the kernel as well as config space, `lspci -F` has the dump only. The
filter removes what the two cannot have in common, and nothing else:

* `Kernel driver in use:`, `Kernel modules:`, `IOMMU group:`, `NUMA node:`: the kernel's own; so is
  where an interrupt pin is routed to, and all of `Interrupt:` for a function without one;
* `I/O behind bridge:`: where a port has no I/O window its registers read 0, which without a kernel
  is shown as the window 0000-0fff;
* `[size=...]` of a region: the kernel sized it, a dump cannot be sized;
* leading zeros, `[32-bit]` and `[64-bit]` of a port's windows: the kernel tells of a window without
  its width;
* a region without an address right after a 64-bit one that lies above 4 GiB: without a kernel lspci
  lists the upper half of that BAR once more;
* blanks at line ends and empty lines.

Numbers stay numbers (-n): the list of names changes more often than config space does.
"""

import re
import subprocess

_KERNEL = re.compile(
    r"\s+(?:Interrupt|Kernel driver in use|Kernel modules|IOMMU group|NUMA node|I/O behind bridge):"
)
_PIN = re.compile(r"(\s+Interrupt: pin [A-D]) routed to IRQ \d+$")
_REGION = re.compile(r"\s+Region (\d): Memory at (\S+) \((\d\d)-bit")
_WINDOW = re.compile(r"(\s+(?:Memory|Prefetchable memory) behind bridge: )(\w+)-(\w+)(.*)")
_ROW = re.compile(r"([0-9a-f]{2,3}):((?: [0-9a-f]{2}){16})")
_HEADING = re.compile(r"((?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) [0-9a-f]{4}:")

VERBOSE = "lspci -n -vvv"
BYTES = "lspci -n -xxxx"


def of_dump(path):
    """What `lspci -n -vvv -F` makes of a dump."""
    command = VERBOSE.split() + ["-F", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _upper_half(line, previous):
    """The line shows the upper half of the BAR in the line before as a region of its own."""
    mine, last = _REGION.match(line), _REGION.match(previous)
    return (
        mine
        and last
        and mine.group(2) == "<unassigned>"
        and int(mine.group(1)) == int(last.group(1)) + 1
        and last.group(3) == "64"
        and int(last.group(2), 16) >> 32
    )


def filtered(text):
    """The lines that remain, see above."""
    kept, previous = [], ""
    for line in text.splitlines():
        line = line.rstrip()
        if pin := _PIN.match(line):
            kept.append(pin.group(1))
            continue
        if not line or _KERNEL.match(line) or _upper_half(line, previous):
            continue
        previous = line
        if _REGION.match(line):
            line = re.sub(r" \[size=\w+\]", "", line)
        elif match := _WINDOW.match(line):
            start, end = (int(match.group(n), 16) for n in (2, 3))
            rest = re.sub(r" \[(?:32|64)-bit\]", "", match.group(4))
            line = f"{match.group(1)}{start:x}-{end:x}{rest}"
        kept.append(line)
    return kept


def config_space(text):
    """{function: its bytes} of a dump in the form of `lspci -xxxx`."""
    found, current = {}, None
    for line in text.splitlines():
        if match := _HEADING.match(line):
            current = found.setdefault(match.group(1), bytearray())
        elif match := _ROW.fullmatch(line.rstrip()):
            if int(match.group(1), 16) != len(current):
                raise ValueError(f"a row is missing before {line!r}")
            current += bytes.fromhex(match.group(2))
    return {function: bytes(data) for function, data in found.items()}
