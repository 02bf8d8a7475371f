# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes in an ELF file (what of it is code, constants and initialized data), and its symbols."""

import struct

_SHF_ALLOC = 2
_SHT_SYMTAB = 2
_SHT_NOBITS = 8
_NAMES = (".text", ".data")  # everything else that is loaded is constant once relocated


def _sections(path):
    """The file's bytes and its section headers: (name, kind, flags, address, offset, size)."""
    image = path.read_bytes()
    if image[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{path}: not a little-endian ELF64 file")
    (table,) = struct.unpack_from("<Q", image, 0x28)
    entry_size, count, names_index = struct.unpack_from("<HHH", image, 0x3A)
    sections = [
        struct.unpack_from("<IIQQQQ", image, table + index * entry_size) for index in range(count)
    ]
    return image, sections, sections[names_index][4]


def _string(image, at):
    return image[at : image.index(0, at)].decode()


def symbols(path):
    """{name: address}. Little-endian ELF64."""
    image, sections, _ = _sections(path)
    for number, (_, kind, _, _, offset, size) in enumerate(sections):
        if kind == _SHT_SYMTAB:
            (header,) = struct.unpack_from("<Q", image, 0x28)
            (link,) = struct.unpack_from("<I", image, header + number * 0x40 + 0x28)
            names = sections[link][4]
            entries = struct.iter_unpack("<IBBHQQ", image[offset : offset + size])
            return {_string(image, names + entry[0]): entry[4] for entry in entries}
    raise ValueError(f"{path}: no symbols")


def sizes(path):
    """{"text": bytes, "rodata": bytes, "data": bytes} of what is loaded. Little-endian ELF64."""
    image, sections, names_at = _sections(path)
    total = {"text": 0, "rodata": 0, "data": 0}
    for name_offset, kind, flags, _, _, size in sections:
        if flags & _SHF_ALLOC and kind != _SHT_NOBITS:
            name = _string(image, names_at + name_offset)
            total[name[1:] if name in _NAMES else "rodata"] += size
    return total
