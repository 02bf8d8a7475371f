#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules of the house that can be read off the text of the sources.

  rules.py licence   every source names its licence in the first lines
  rules.py length    no source is longer than a reader can hold in mind
  rules.py names     boards are not named, and architectures not asked for, in the engine
  rules.py layers    hv-glue -> core -> {pci, iommu, irq} -> include/postern <- platforms

Each prints one line per violation (file:line: what, and what to do) and exits 1 when there is one.
"""

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent
SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"
MAX_LINES = 700

SOURCE_SUFFIXES = {".c", ".h", ".S", ".lds", ".py", ".sh", ".mk", ".dts", ".dtsi"}
ENGINE = ("core", "pci", "iommu", "irq")

# What C11 promises a freestanding program, plus libfdt, which is linked in.
FREESTANDING = {
    "float.h", "iso646.h", "limits.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h",
    "stddef.h", "stdint.h", "stdnoreturn.h",
}
LIBFDT = {"libfdt.h", "fdt.h", "libfdt_env.h"}
# Register names of the PCI specifications as the kernel publishes them: constants, nothing else.
REGISTER_NAMES = {"linux/pci_regs.h"}
# The C library's headers that these two stand in for, taken from it in a hosted build.
HOSTED = {("include/postern/string.h", "string.h"), ("include/postern/errno.h", "errno.h")}

# Which headers each layer may include besides its own folder's. `hv/` is hv-glue's own; a header
# that stands in an engine folder is for those above that layer.
LAYERS = {
    "include/postern": ("postern/",),
    "core": ("postern/", "pci/", "iommu/", "irq/"),
    "pci": ("postern/",),
    "iommu": ("postern/",),
    "irq": ("postern/",),
    "platforms": ("postern/",),
    "hv-glue": ("postern/", "hv/", "core/", "pci/", "iommu/", "irq/"),
}
MAY_USE_LIBFDT = ("core", "platforms", "hv-glue")

# A board is a chip set or a machine; a controller (gic, smmu, eiointc) may be named.
BOARD = re.compile(r"(?i)(3a[56]000|7a[12]000|ls7a|2k0500|2k1000|2k2000|ls2k|3c[56]000|qemu)")
ARCHITECTURE = re.compile(
    r"^\s*#\s*(if|ifdef|ifndef|elif)\b.*(__aarch64__|__arm__|__ARM_|__loongarch|__x86_64__|__riscv|"
    r"CONFIG_ARCH|CONFIG_ARM|CONFIG_LOONGARCH)")
ASSEMBLY = re.compile(r"\b(__asm__|asm)\b\s*(volatile|__volatile__|goto)?\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def files(kind):
    out = subprocess.run([HERE / "files", kind], check=True, capture_output=True, text=True).stdout
    return out.split("\n")[:-1]


def lines(name):
    return (TREE / name).read_text(encoding="utf-8", errors="replace").split("\n")


def sources():
    scripts = set(files("sh")) | set(files("py"))
    for name in files("all"):
        path = pathlib.PurePosixPath(name)
        if path.suffix in SOURCE_SUFFIXES or path.name == "Makefile" or name in scripts:
            yield name


def folder(name):
    """The layer a file lives in: its first folder, or include/postern."""
    if name.startswith("include/postern/"):
        return "include/postern"
    return name.split("/")[0]


def check_licence():
    for name in sources():
        first = lines(name)[:2]
        if not any(SPDX in line for line in first[: 2 if first[0].startswith("#!") else 1]):
            yield f"{name}:1: no '{SPDX}' in its first line"


def check_length():
    for name in sources():
        if pathlib.PurePosixPath(name).suffix in {".c", ".h", ".S", ".py"}:
            count = len(lines(name)) - 1
            if count > MAX_LINES:
                yield f"{name}:{count}: {count} lines, {MAX_LINES} at most: split it by responsibility"


def check_names():
    for name in files("c"):
        if folder(name) not in ENGINE:
            continue
        for number, line in enumerate(lines(name), 1):
            if (m := BOARD.search(line)):
                yield (f"{name}:{number}: names a board ({m.group(0)}): what is true of one board "
                       "belongs to platforms/<board>/")
            if ARCHITECTURE.search(line):
                yield f"{name}:{number}: asks for an architecture: vary by ops table or by link"
            if ASSEMBLY.search(line):
                yield f"{name}:{number}: assembly: use an accessor of <postern/arch.h>"


def check_layers():
    for name in files("c"):
        layer = folder(name)
        if layer not in LAYERS:
            continue
        own = (TREE / name).parent
        for number, line in enumerate(lines(name), 1):
            m = INCLUDE.match(line)
            if not m:
                continue
            bracket, header = m.groups()
            if header.startswith(LAYERS[layer]) or header in FREESTANDING | REGISTER_NAMES:
                continue
            if header in LIBFDT and layer in MAY_USE_LIBFDT:
                continue
            if bracket == '"' and ".." not in header and (own / header).exists():
                continue
            if layer == "hv-glue" and (TREE / "hv-glue" / header).exists():
                continue
            if (name, header) in HOSTED:
                continue
            yield (f"{name}:{number}: {layer}/ may not include {header}: "
                   f"only {', '.join(LAYERS[layer])} its own folder and the freestanding headers")


def main():
    checks = {"licence": check_licence, "length": check_length, "names": check_names,
              "layers": check_layers}
    if len(sys.argv) != 2 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    found = list(checks[sys.argv[1]]())
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)


main()
