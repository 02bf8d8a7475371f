# SPDX-License-Identifier: GPL-2.0-or-later
"""ACPI tables as iasl reads them: an independent opinion on what is in them."""

import re
import subprocess

_FIELD = re.compile(r"^\[\w+ \w+ \w+\] +([^:\n]+?) : (.*)$")


def disassemble(path):
    """[(field, value)] of a table's file, in order; values as iasl prints them."""
    result = subprocess.run(
        ["iasl", "-p", str(path.with_suffix("")), "-d", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    text = path.with_suffix(".dsl")
    if result.returncode or not text.exists():
        raise RuntimeError(f"iasl does not read {path}: {result.stdout}{result.stderr}")
    return [m.groups() for m in map(_FIELD.match, text.read_text().splitlines()) if m]


def number(text):
    return int(text.split()[0], 16)


def header(fields):
    """(signature, revision, length, OEM id, OEM table id)"""
    values = dict(reversed(fields))
    quoted = [re.search('"(.*)"', values[n]).group(1) for n in ("Signature", "Oem ID", "Oem Table ID")]
    return quoted[0], number(values["Revision"]), number(values["Table Length"]), *quoted[1:]


def subtables(fields):
    """The structures of a MADT: [(type, {field: value})]"""
    found = []
    for name, value in fields:
        if name == "Subtable Type":
            found.append((number(value), {}))
        elif found:
            found[-1][1][name] = value
    return found


def entries(fields, first):
    """What repeats in a table, a dictionary each; it begins with the field `first`."""
    found = []
    for name, value in fields:
        if name == first:
            found.append({})
        if found:
            found[-1][name] = value
    return found
