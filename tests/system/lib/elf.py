# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes in an ELF file: what of it is code, constants and initialized data."""

import struct

_SHF_WRITE, _SHF_ALLOC, _SHF_EXECINSTR = 1, 2, 4
_SHT_NOBITS = 8


def sizes(path):
    """{"text": bytes, "rodata": bytes, "data": bytes}, by section flags. Little-endian ELF64."""
    image = path.read_bytes()
    if image[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{path}: not a little-endian ELF64 file")
    (table,) = struct.unpack_from("<Q", image, 0x28)
    entry_size, count = struct.unpack_from("<HH", image, 0x3A)
    total = {"text": 0, "rodata": 0, "data": 0}
    for index in range(count):
        _, kind, flags, _, _, size = struct.unpack_from("<IIQQQQ", image, table + index * entry_size)
        if not flags & _SHF_ALLOC or kind == _SHT_NOBITS:
            continue
        name = "text" if flags & _SHF_EXECINSTR else "data" if flags & _SHF_WRITE else "rodata"
        total[name] += size
    return total
