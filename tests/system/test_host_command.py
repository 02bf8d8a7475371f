#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The host command: `postern check`, `bundle` and `show` on good, bad and impossible input. No machine is started.

What a bundle holds is judged with dtc and hashlib, not with the command itself.
"""

import hashlib
import random
import re
import subprocess
import sys

from lib import paths
from lib.report import Report

TIME_LIMIT = 60
NAME = "test_host_command"

IN_ORDER, ERRORS, CANNOT = 0, 1, 2

BROKEN = """/dts-v1/;

/ {
	compatible = "postern,manifest-v1";

	zones {
		root {
			root;
			cpus = <1>;
			memory-mib = <384>;
			kernel = "linux";
			colour = "blue";
		};

		zone1 {
			cpus = <2>;
			memory-mib = <63>;
			kernel = "windows";

			devices {
				disk {
					bdf = "0:1";
				};

				one {
					bdf = "0000:01:00.0";
				};

				other {
					bdf = "01:00.0";
				};
			};
		};
	};
};
"""
# (line, zone, rule): where each mistake above stands.
BROKEN_AT = [
    (12, "root", "unknown-property"),
    (17, "zone1", "memory-too-small"),
    (22, "zone1", "bad-value"),
    (29, "zone1", "duplicate-device"),
]


class Account(Report):
    """Shows what a command printed only when it was not what was claimed."""

    def check(self, ok, name, figure=""):
        return super().check(ok, name, "" if ok else figure)


def postern(*arguments):
    command = [str(paths.POSTERN), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=paths.TREE, check=False, timeout=30)


def errors_of(result):
    """(line, zone, rule) of every error printed, each followed by its way out; warnings are not errors."""
    found = re.findall(
        r"^\S+\.dts:(\d+): zone (\S+): .* \[([a-z-]+)\]\n\tway out: \S.{5,}$", result.stderr, re.MULTILINE
    )
    return [(int(line), zone, rule) for line, zone, rule in found]


def check_manifests(report, records):
    report.step("postern check")
    for manifest in sorted(paths.MANIFESTS.glob("*.dts")):
        result = postern("check", manifest.relative_to(paths.TREE), "--machine", "3:1G")
        report.check(result.returncode == IN_ORDER and not result.stderr, f"{manifest.name} is in order", result.stderr)

    broken = records / "broken.dts"
    broken.write_text(BROKEN)
    result = postern("check", broken)
    report.check(result.returncode == ERRORS, "a broken one is not", result.returncode)
    report.check(errors_of(result) == BROKEN_AT, "each error names line, zone, rule and way out", result.stderr)

    result = postern("check", paths.MANIFESTS / "demo.dts", "--machine", "2:1G")
    report.check(
        result.returncode == ERRORS and [e[1:] for e in errors_of(result)] == [("zone1", "too-many-cpus")],
        "a machine with two CPUs has too few for the demo",
        result.stderr,
    )

    # A variation's errors are at the line of the file they come from.
    variation = records / "variation.dts"
    variation.write_text(f'/include/ "{paths.MANIFESTS}/demo.dts"\n/ {{ zones {{ zone1 {{\n\tcpus = <0>;\n}}; }}; }};\n')
    result = postern("check", variation)
    report.check(errors_of(result) == [(3, "zone1", "zero-cpus")], "so are a variation's", result.stderr)

    compiled = records / "demo.dtb"
    subprocess.run(["dtc", "-q", "-o", compiled, paths.MANIFESTS / "demo.dts"], check=True)
    report.check(postern("check", compiled).returncode == IN_ORDER, "a compiled manifest is taken too")


# What a fixture does to its compiled tree, or to the machine, the command is not told.
UNSEEN = re.compile(r"^// (cut|replace|machine|slots): ", re.MULTILINE)
# Devices, images and quantities are the machine's; the rest is the manifest's alone.
MACHINES = {
    "unknown-device", "not-assignable", "no-iommu", "trust-dma", "isolation-group", "shared-stream", "shared-page", "shared-intx",
    "shared-msi-id", "reserved-region", "msix-outside-bar", "msix-shared-page", "no-reset", "foreign-bus-reset",
    "memory-doorbell", "window-overflow", "missing-image", "too-many-cpus", "too-much-memory", "duplicate-device",
    "iommu-slots", "iommu-slots-root", "no-sriov", "vf-not-offered", "vf-pf-not-root",
}  # fmt: skip


def fixtures(report):
    report.step("postern check on every fixture of the unit tests")
    wrong, count = [], 0
    for fixture in sorted((paths.TREE / "tests/fixtures/manifest").glob("*.dts")):
        text = fixture.read_text()
        expected = re.findall(r"^// (?:expect|warns): (\S+)", text, re.MULTILINE)
        if set(expected) & MACHINES or UNSEEN.search(text):
            continue
        count += 1
        result = postern("check", fixture)
        found = re.findall(r" \[([a-z-]+)\]$", result.stderr, re.MULTILINE)
        if found != expected or result.returncode != (ERRORS if expected else IN_ORDER):
            wrong.append(f"{fixture.name}: {found}, status {result.returncode}")
    report.check(count > 80 and not wrong, f"{count} fixtures are judged as they say", "\n".join(wrong))


def rules(report):
    report.step("postern check --explain")
    manual = (paths.TREE / "docs/manifest.md").read_text().split("\n## Rules\n")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `([a-z-]+)`(?: \(warning\))? \|", manual, re.MULTILINE)
    result = postern("check", "--explain")
    explained = re.findall(r"^([a-z-]+) \((?:error|warning)\)$", result.stdout, re.MULTILINE)
    report.check(
        result.returncode == IN_ORDER and sorted(explained) == sorted(listed),
        "the rules explained are the manual's",
        set(explained) ^ set(listed),
    )
    parts = ("means", "why", "keeps", "example", "way out")
    for name in explained:
        text = postern("check", "--explain", name).stdout
        missing = [part for part in parts if not re.search(rf"^  {part} +\S", text, re.MULTILINE)]
        if not re.search(r"^  keeps +V([1-9]|10|11), \S", text, re.MULTILINE):
            missing.append("invariant")
        if missing or text not in result.stdout:
            report.check(False, f"{name} is explained", missing)
    report.check(len(explained) > 40, f"{len(explained)} rules say what they mean, why, which invariant, and the way out")


# A machine's list of devices: config space as QEMU's virt machine had it, and what `lspci -vv` says of the BARs.
REGIONS = {
    "01:00.0": ["Region 0: Memory at 10000000 (64-bit, non-prefetchable) [size=16K]"],
    "02:00.0": [
        "Region 0: Memory at 10200000 (32-bit, non-prefetchable) [size=128K]",
        "Region 1: Memory at 10220000 (32-bit, non-prefetchable) [size=128K]",
        "Region 2: I/O ports at 2000 [disabled] [size=32]",
        "Region 3: Memory at 10240000 (64-bit, non-prefetchable) [size=16K]",
        "Capabilities: [160] Single Root I/O Virtualization (SR-IOV)",
        "\tRegion 0: Memory at 0000000010260000 (64-bit, non-prefetchable)",
    ],
}


def listing(path, regions=None, size=None):
    """Writes such a list; `regions` None: as lspci -xxxx, which says nothing of BARs; `size`: bytes of each function."""
    lines, function = [], ""
    for line in (paths.TREE / "tests/models/pci-dumps/qemu-virt.txt").read_text().splitlines():
        if (match := re.match(r"[0-9a-f]{2}:[0-9a-f]{2}\.[0-7] ", line)) is not None:
            function = match[0].strip()
            lines.append(line)
            if regions is not None:
                lines.append("\tControl: I/O- Mem+ BusMaster+")
                lines += ["\t" + region for region in regions.get(function, [])]
        elif size is None or not line or int(line.split(":")[0], 16) < size:
            lines.append(line)
    path.write_text("\n".join(lines) + "\n")
    return path


def rules_of(result, severity=""):
    """(zone, rule) of what was said, errors or warnings."""
    found = re.findall(rf"^\S+: {severity}zone (\S+): .* \[([a-z-]+)\]$", result.stderr, re.MULTILINE)
    return [(zone.rstrip(":"), rule) for zone, rule in found]


def unjudged(result):
    """What the command says it could not judge, as one text."""
    return "\n".join(line for line in result.stdout.splitlines() if line.startswith("not judged: "))


def zone1(path, devices):
    """A variation of the demo whose zone1 has these devices instead: {node: (property, value)}."""
    nodes = " ".join(f"{node} {{ {text} }};" for node, text in devices.items())
    path.write_text(
        f'/include/ "{paths.MANIFESTS}/demo.dts"\n'
        "/ { zones { zone1 { /delete-node/ devices; }; }; };\n"
        f"/ {{ zones {{ zone1 {{ devices {{ {nodes} }}; }}; }}; }};\n"
    )
    return path


def devices(report, records):
    report.step("postern check with the machine's list of devices")
    demo = paths.MANIFESTS / "demo.dts"
    full = listing(records / "full.txt", REGIONS)
    result = postern("check", demo, "--machine", "cpus=3,memory=1024", "--devices", full)
    report.check(result.returncode == IN_ORDER and not result.stderr, "the demo is in order there", result.stderr)
    report.check(
        "nvme of zone1: 0000:01:00.0 [1b36:0010]" in result.stdout and "igb of zone1: 0000:02:00.0" in result.stdout,
        "it says which functions the zone would get",
        result.stdout,
    )
    said = unjudged(result)
    report.check(
        "no-iommu" in said and "shared-page" not in said and "isolation-group" not in said,
        "what only the machine can tell is said to be not judged",
        said,
    )
    said = unjudged(postern("check", demo))
    report.check("isolation-group" in said and "too-many-cpus" in said, "without a list and quantities, more is", said)

    bare = listing(records / "bare.txt")
    result = postern("check", demo, "--devices", bare)
    said = unjudged(result)
    report.check(
        result.returncode == IN_ORDER and not result.stderr and "nvme class 010802: shared-page, msix-outside-bar" in said,
        "without sizes, BARs are not judged, and named",
        said + result.stderr,
    )

    short = dict(REGIONS, **{"01:00.0": ["Region 0: Memory at 10000000 (64-bit, non-prefetchable) [size=8K]"]})
    result = postern("check", demo, "--devices", listing(records / "short.txt", short))
    report.check(
        result.returncode == ERRORS and rules_of(result) == [("zone1", "msix-outside-bar")],
        "a BAR too short for its MSI-X table",
        result.stderr,
    )

    # 0000:06:00.0 and 07:00.0 sit below one switch; its ports have no ACS.
    apart = zone1(records / "apart.dts", {"usb": 'bdf = "06:00.0";'})
    result = postern("check", apart, "--devices", full)
    report.check(
        result.returncode == ERRORS and ("zone1", "isolation-group") in rules_of(result),
        "half of what is below a switch without ACS, the rest left to root",
        result.stderr,
    )
    both = zone1(records / "both.dts", {"usb": 'bdf = "06:00.0";', "rng": 'bdf = "07:00.0";'})
    result = postern("check", both, "--devices", full)
    warned = rules_of(result, "warning: ")
    report.check(result.returncode == IN_ORDER and not rules_of(result), "all of it", result.stderr)
    report.check(("zone1", "no-reset") in warned, "what cannot be reset is a warning", result.stderr)
    report.check(
        postern("check", both, "--devices", full, "--strict").returncode == ERRORS, "which --strict makes an error"
    )

    # A laptop: whatever is behind the PCIe-to-PCI bridge sends under the bridge's ID, and has no MSI.
    laptop = paths.TREE / "tests/models/pci-dumps/tree-fujitsu-p8010.txt"
    alias = zone1(records / "alias.dts", {"card": 'bdf = "1c:03.2";'})
    result = postern("check", alias, "--devices", laptop)
    report.check(
        result.returncode == ERRORS and rules_of(result)[:1] in ([("zone1", "isolation-group")], [("zone1", "shared-intx")]),
        "one function of a conventional bus",
        result.stderr,
    )
    report.check("0000:1d:00.0: no bridge that Postern enters" in unjudged(result), "what is behind CardBus is said")

    for name, size in (("user.txt", 64), ("nothing.txt", 0)):
        result = postern("check", demo, "--devices", listing(records / name, REGIONS, size))
        report.check(
            result.returncode == CANNOT and "lspci -vv -xxxx" in result.stderr, f"a list with {size} bytes each", result.stderr
        )
    result = postern("check", demo, "--devices", demo)
    report.check(result.returncode == CANNOT and "lists no device" in result.stderr, "no list at all", result.stderr)


def iommu(where, device, revision):
    """An IOMMU that is a PCI function, as a list has it: 0014:7a1f, 0014:3c0f."""
    config = bytearray(256)
    config[0:4] = (0x0014 | device << 16).to_bytes(4, "little")
    config[8:12] = (revision | 0x080600 << 8).to_bytes(4, "little")
    rows = [f"{at:02x}: " + config[at : at + 16].hex(" ") for at in range(0, 256, 16)]
    return "\n".join([f"{where} IOMMU: Loongson", "\tControl: I/O- Mem+ BusMaster+", *rows, "", ""])


def ports(report, records):
    report.step("postern check with ports that have no ACS")
    demo, text = paths.MANIFESTS / "demo.dts", listing(records / "acs.txt", REGIONS).read_text()
    without = re.sub(r"^140: (.{23} )0d 00", r"140: \1ee 00", text, flags=re.MULTILINE)
    for name, ids, fine in (("somebody's", "36 1b 0c 00", False), ("Loongson's", "14 00 49 7a", True)):
        path = records / f"ports-{fine}.txt"
        path.write_text(without.replace("\n00: 36 1b 0c 00", f"\n00: {ids}"))
        result = postern("check", demo, "--devices", path)
        apart = ("zone1", "isolation-group") not in rules_of(result)
        report.check(without != text and apart == fine, f"{name} {'isolate' if fine else 'do not'}", result.stderr)


def slots(report, records):
    report.step("postern check with IOMMUs that have slots")
    demo, plain = paths.MANIFESTS / "demo.dts", listing(records / "plain.txt", REGIONS)
    for name, units, each, available in (
        ("ports", [("00:1a.0", 0x7A1F, 0)], "root port", "available: 16"),
        ("functions", [("00:1a.0", 0x7A1F, 1)], "function", "available: 16"),
        ("two", [("00:1d.0", 0x3C0F, 0), ("00:1e.0", 0x3C0F, 0)], "function", "available: 32, which of them"),
    ):
        path = records / f"slots-{name}.txt"
        path.write_text(plain.read_text() + "\n" + "".join(iommu(*unit) for unit in units))
        result = postern("check", demo, "--devices", path)
        lines = [line for line in result.stdout.splitlines() if line.startswith("IOMMU ")]
        report.check(
            result.returncode == IN_ORDER
            and len(lines) == len(units) + 1
            and f"one for each {each} " in lines[0]
            and "needed: 2 by zones, " in lines[-1]
            and available in lines[-1],
            f"{name}: slots needed and available",
            result.stdout + result.stderr,
        )
    taken = zone1(records / "iommu.dts", {"unit": 'bdf = "00:1a.0";'})
    result = postern("check", taken, "--devices", records / "slots-ports.txt")
    report.check(rules_of(result) == [("zone1", "not-assignable")], "the IOMMU itself is nobody's", result.stderr)
    report.check("IOMMU slots" not in postern("check", demo, "--devices", plain).stdout, "without one, nothing is said")


def properties(bundle):
    """Everything a bundle holds, by dtc: {path: bytes}."""
    source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", bundle], capture_output=True, text=True, check=True)
    held, path = {}, []
    for line in source.stdout.splitlines():
        line = line.strip()
        if line.endswith("{"):
            path.append(line[:-1].strip().strip("/"))
        elif line == "};":
            path.pop()
        elif (match := re.fullmatch(r"([\w,-]+) = <(.*)>;", line)) is not None:
            held["/".join(path[1:] + [match[1]])] = b"".join(int(c, 16).to_bytes(4, "big") for c in match[2].split())
        elif (match := re.fullmatch(r"([\w,-]+) = \[(.*)\];", line)) is not None:
            held["/".join(path[1:] + [match[1]])] = bytes.fromhex(match[2])
    return held


def bundles(report, records):
    report.step("postern bundle and show")
    generator = random.Random(records.name)
    images = {"linux": 100_001, "root-initrd": 4096, "zone-initrd": 77}
    for name, size in images.items():
        (records / name).write_bytes(generator.randbytes(size))
    arguments = [f"{name}={records / name}" for name in images]
    demo, out = paths.MANIFESTS / "demo.dts", records / "small.bundle"

    result = postern("bundle", "-m", demo, "-o", out, *arguments)
    report.check(result.returncode == IN_ORDER, "a bundle is made", result.stderr)
    held = properties(out)
    for name in images:
        data = (records / name).read_bytes()
        digest = hashlib.sha256(data).digest()
        report.check(
            held.get(f"images/{name}/data") == data and held.get(f"images/{name}/sha256") == digest,
            f"it holds {name} and its SHA-256",
        )
        report.check(digest.hex() in result.stdout, f"the SHA-256 of {name} is said", result.stdout)
    digest = hashlib.sha256(held["manifest"]).digest()
    report.check(held["manifest-sha256"] == digest, "it holds the manifest's SHA-256")
    report.check(out.read_bytes().index(held["manifest"]) % 8 == 0, "the manifest is where libfdt can read it")

    result = postern("show", out)
    report.check(result.returncode == IN_ORDER and "zone zone1" in result.stdout, "show agrees", result.stderr)
    data = bytearray(out.read_bytes())
    data[data.index((records / "linux").read_bytes()) + 50_000] ^= 0x10
    (records / "flipped.bundle").write_bytes(data)
    result = postern("show", records / "flipped.bundle")
    report.check(
        result.returncode == ERRORS and "[bundle-image-checksum]" in result.stderr, "a flipped bit is seen", result.stderr
    )

    out = records / "none.bundle"
    result = postern("bundle", "-m", demo, "-o", out, *arguments[:2])
    report.check(
        result.returncode == ERRORS and "[missing-image]" in result.stderr and not out.exists(),
        "no bundle is made when an image is missing",
        result.stderr,
    )
    result = postern("bundle", "-m", demo, "-o", out, "--force", *arguments[:2])
    report.check(result.returncode == IN_ORDER and out.exists(), "unless it is forced", result.stderr)


def impossible(report, records):
    report.step("What cannot be done")
    garbage, empty = records / "garbage.dts", records / "empty"
    garbage.write_text("this is no device tree\n")
    empty.write_bytes(b"")
    demo, out = paths.MANIFESTS / "demo.dts", records / "impossible.bundle"
    for arguments, status, says in (
        ((), CANNOT, "usage:"),
        (("frobnicate",), CANNOT, "usage:"),
        (("check",), CANNOT, "which manifest"),
        (("check", records / "nowhere.dts"), CANNOT, "No such file"),
        (("check", records), CANNOT, "not a regular file"),
        (("check", garbage), ERRORS, "dtc refuses it"),
        (("check", demo, "--machine", "3"), CANNOT, "not a machine"),
        (("check", demo, "--machine", "3:-1"), CANNOT, "not a machine"),
        (("check", demo, "--machine", "99:1G"), CANNOT, "not a machine"),
        (("check", demo, "--machine", "cpus=3"), CANNOT, "not a machine"),
        (("check", demo, "--machine"), CANNOT, "check takes"),
        (("check", demo, "--devices", records / "nowhere.txt"), CANNOT, "No such file"),
        (("check", "--explain", "no-such-rule"), CANNOT, "there is no rule"),
        (("check", "--explain", "no-root", "--strict"), CANNOT, "nothing else"),
        (("show", demo), ERRORS, "[bundle-format]"),
        (("bundle", "-m", demo), CANNOT, "-o BUNDLE"),
        (("bundle", "-m", demo, "-o", out, "linux"), CANNOT, "NAME=FILE"),
        (("bundle", "-m", demo, "-o", out, f"linux={empty}"), CANNOT, "is empty"),
        (("bundle", "-m", demo, "-o", out, f"a={demo}", f"a={demo}"), CANNOT, "two images"),
        (("bundle", "-m", demo, "-o", records / "no" / "where", "--force"), CANNOT, "No such file"),
    ):
        result = postern(*arguments)
        shown = " ".join(str(a).replace(str(records), "...").replace(str(paths.TREE), ".") for a in arguments)
        report.check(
            result.returncode == status and says in result.stderr,
            f"`postern {shown}`",
            f"status {result.returncode}: {result.stderr}",
        )
    report.check(not out.exists(), "nothing is left behind")


def main():
    records = paths.fresh_records(NAME)
    report = Account("The host command")
    check_manifests(report, records)
    fixtures(report)
    rules(report)
    devices(report, records)
    ports(report, records)
    slots(report, records)
    bundles(report, records)
    impossible(report, records)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
