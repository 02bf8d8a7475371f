# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes in an ELF file: what of it is code, constants and initialized data."""

import struct

_SHF_ALLOC = 2
_SHT_NOBITS = 8
_NAMES = (".text", ".data")  # everything else that is loaded is constant once relocated


def sizes(path):
    """{"text": bytes, "rodata": bytes, "data": bytes} of what is loaded. Little-endian ELF64."""
    image = path.read_bytes()
    if image[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{path}: not a little-endian ELF64 file")
    (table,) = struct.unpack_from("<Q", image, 0x28)
    entry_size, count, names_index = struct.unpack_from("<HHH", image, 0x3A)
    sections = [
        struct.unpack_from("<IIQQQQ", image, table + index * entry_size) for index in range(count)
    ]
    names_at = sections[names_index][4]
    total = {"text": 0, "rodata": 0, "data": 0}
    for name_offset, kind, flags, _, _, size in sections:
        if flags & _SHF_ALLOC and kind != _SHT_NOBITS:
            start = names_at + name_offset
            name = image[start : image.index(0, start)].decode()
            total[name[1:] if name in _NAMES else "rodata"] += size
    return total
