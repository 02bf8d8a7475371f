# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles for tests: variants of the demo, and bad ones. All are made by the project's own tool."""

import subprocess

from . import paths

IMAGES = {
    "linux": paths.GUEST_KERNEL,
    "root-initrd": paths.ROOT_INITRD,
    "zone-initrd": paths.ZONE_INITRD,
}
DEMO = paths.MANIFESTS / "demo.dts"


def overlay(records, name, text, base=DEMO):
    """A manifest that is `base` with something changed or added inside `zones`; returns its path.

    text: what stands inside the `zones` node, in the device tree's own words.
    """
    path = records / f"{name}.dts"
    path.write_text(f'/include/ "{base}"\n\n/ {{\n\tzones {{\n{text}\n\t}};\n}};\n')
    return path


def make(manifest, out, force=False, more=None):
    """What a user does: `postern bundle`. force: although the manifest has errors; more: images
    besides IMAGES.
    """
    command = [str(paths.POSTERN), "bundle", "-m", str(manifest), "-o", str(out)] + [
        "--force"
    ] * force
    command += [f"{name}={path}" for name, path in {**IMAGES, **(more or {})}.items()]
    result = subprocess.run(command, capture_output=True, text=True, cwd=paths.TREE, check=False)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{result.stdout}{result.stderr}")
    return out


def demo(records, vcpus=2):
    """The demo's bundle, with another number of CPUs in zone1 if asked for."""
    if vcpus == 2:
        return paths.BUNDLE
    manifest = overlay(records, f"demo-{vcpus}cpu", f"zone1 {{ cpus = <{vcpus}>; }};")
    return make(manifest, records / "variant.bundle")


def raw_memory(records):
    """The demo's bundle with zones whose root user may touch any guest-physical address through
    /dev/mem.
    """
    zones = "\n".join(
        f'{zone} {{ bootargs = "console=ttyAMA0 postern.zone={zone} quiet iomem=relaxed"; }};'
        for zone in ("root", "zone1")
    )
    return make(overlay(records, "raw-memory", zones), records / "raw-memory.bundle")


def baremetal(records):
    """The demo's bundle with the guest without an operating system in zone1."""
    properties = 'kernel = "baremetal"; cpus = <1>; memory-mib = <64>; /delete-property/ initrd;'
    manifest = overlay(records, "baremetal", f"zone1 {{ {properties} }};")
    more = {"baremetal": paths.BAREMETAL}
    return make(manifest, records / "baremetal.bundle", more=more)


# ---- damage -------------------------------------------------------------------------------------


def truncated(bundle, out, length):
    out.write_bytes(bundle.read_bytes()[:length])
    return out


def flipped(bundle, out, needle, distance=0):
    """One bit turned over, `distance` bytes behind the last place where `needle` stands."""
    data = bytearray(bundle.read_bytes())
    data[data.rindex(needle) + distance] ^= 1
    out.write_bytes(data)
    return out
