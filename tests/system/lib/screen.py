# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading text off the machine's screen: QEMU's picture of it, cut into cells, compared with the
font.
"""

import re
from collections import Counter

from . import paths

FONT = paths.TREE / "hv-glue" / "font.c"
WIDTH, HEIGHT = 6, 10  # dots of a cell
LARGE = 1280  # pixels across, from which on a dot is two by two


def _glyphs():
    """{lines of dots: character}"""
    table = {}
    for match in re.finditer(r"\['(\\?.)' - FIRST\] = \{ ([^}]*) \}", FONT.read_text()):
        lines = [int(n, 16) << 1 for n in match.group(2).split(",")]
        table[(0, *lines, 0)] = match.group(1)[-1]
    return table


def dump(machine):
    """(width, height, pixels): three bytes a pixel, as QEMU shows the screen now."""
    path = machine.records / "screen.ppm"
    machine.qmp.hmp(f"screendump {path}")
    kind, size, _, pixels = path.read_bytes().split(b"\n", 3)
    if kind != b"P6":
        raise ValueError(f"{path} is no picture")
    width, height = map(int, size.split())
    return width, height, pixels


def colours(picture):
    width, height, pixels = picture
    return Counter(pixels[i : i + 3] for i in range(0, width * height * 3, 3))


def text(picture):
    """The lines of text on it; what is no character of the font is a '?'."""
    width, height, pixels = picture
    scale = 2 if width >= LARGE else 1
    glyphs = _glyphs()

    def lit(row, column, y, x):
        line, at = (row * HEIGHT + y) * scale, (column * WIDTH + x) * scale
        return pixels[(line * width + at) * 3] > 0

    def cell(row, column):
        return tuple(
            sum(lit(row, column, y, x) << (WIDTH - 1 - x) for x in range(WIDTH))
            for y in range(HEIGHT)
        )

    rows, columns = height // (HEIGHT * scale), width // (WIDTH * scale)
    return [
        "".join(glyphs.get(cell(row, column), "?") for column in range(columns)).rstrip()
        for row in range(rows)
    ]
