#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""demo.py - two Linux zones on one machine, an NVMe drive and an igb card passed through, accounted
for (`make demo`).

Boots the system on a fresh disk image, makes zone1 use both devices with Debian's own drivers,
verifies from outside what came of it, and prints PASS or FAIL with the figures. Exit status 0 when
every claim holds.
"""

import argparse
import re
import subprocess
import sys

from lib import bundle, checks, elf, paths
from lib.console import DialogueError
from lib.disk import MIB
from lib.machine import Igb, Nvme
from lib.report import Report
from lib.system import System, make_seed
from lib.trace import read_trace

WRITE_AT, WRITE_SIZE = 96 * MIB, 64 * MIB
TCP_SIZE = 12 * MIB
PINGS = 1000
IDLE_SECONDS = 5
ZONE = "zone1"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--without", choices=("nvme", "igb"), action="append", default=[], help="leave a device out"
    )
    parser.add_argument("--cpu", default="cortex-a57", help="QEMU's CPU model (cortex-a57, max)")
    parser.add_argument("--smmu", default="default", help="default or stage2")
    parser.add_argument("--nvme-slot", type=int, default=2)
    parser.add_argument("--igb-slot", type=int, default=3)
    parser.add_argument("--mac", default=Igb.mac)
    parser.add_argument("--serial", default=Nvme.serial)
    parser.add_argument("--vcpus", type=int, default=2, help=f"of {ZONE}")
    parser.add_argument(
        "--records", default="demo", help="directory below build/system for transcripts and traces"
    )
    return parser.parse_args()


def describe(report, system):
    version = subprocess.run(
        ["qemu-system-aarch64", "--version"], capture_output=True, text=True, check=True
    ).stdout
    spec = system.spec
    report.say(
        f"{version.splitlines()[0]}: {spec.cpu}, {spec.smp} CPUs, {spec.memory_mib} MiB, "
        f"SMMUv3 ({spec.smmu})"
    )
    devices = (
        [f"NVMe serial {spec.nvme.serial} in slot {spec.nvme.slot}"]
        if spec.nvme
        else ["no NVMe drive"]
    )
    devices += [f"igb {spec.igb.mac} in slot {spec.igb.slot}"] if spec.igb else ["no igb card"]
    report.say("; ".join(devices))
    if system.disk:
        report.say(
            f"disk image: {system.disk.size // MIB} MiB of random bytes, "
            f"SHA-256 {system.disk.filled_sha256}"
        )
    report.say(f"transcripts and traces: {paths.shown(system.records)}")


def boot(report, system):
    """True when both zones gave a shell."""
    system.monitor.wait_ready()
    refused = [z for z in system.monitor.zones().values() if z.state not in ("starting", "running")]
    for zone in refused:
        report.check(False, f"zone {zone.name} starts", zone.reason or zone.state)
        for line in system.monitor.log():
            if "error" in line or zone.name in line:
                report.say(line)
    if refused:
        system.root.wait_ready()
        report.check(
            True, "root boots all the same", f"{report.elapsed():.0f} s after the start of QEMU"
        )
        return False
    system.boot(ZONE)
    system.monitor.come_forward()  # the log lines that were held back meanwhile
    for line in system.monitor.log():
        if "sha256" in line:
            report.say(line)
    return report.check(
        True, "both zones boot to a shell", f"{report.elapsed():.0f} s after the start of QEMU"
    )


def lspci(report, system):
    """Each zone sees its own functions and nothing of the other's."""
    listings = {}
    for name, shell in (("root", system.root), (ZONE, system.zone(ZONE))):
        listings[name] = shell.run("lspci -nn")
        report.say(f"{name}# lspci -nn")
        report.say(listings[name])
        report.say()
    ids = {checks.NVME_ID: "NVMe", checks.IGB_ID: "igb"}
    for device_id, device in ids.items():
        report.check(
            f"[{device_id}]" in listings[ZONE], f"lspci: {ZONE} has the {device}", device_id
        )
        report.check(
            f"[{device_id}]" not in listings["root"], f"lspci: root does not see the {device}"
        )
    own = [
        line for line in listings[ZONE].splitlines() if not re.search(r"\[0604\]|\[0600\]", line)
    ]
    report.check(
        len(own) == len(ids),
        f"lspci: {ZONE} has nothing else",
        f"{len(own)} functions besides bridges",
    )


def assignment(report, system):
    """The monitor's table; returns the devices of the zone by id."""
    devices = system.monitor.devices()
    report.table(
        ["device", "id", "zone", "in the zone", "vectors", "stream", "state"],
        [
            [d.bdf, d.id, d.zone, d.virtual_bdf, d.vectors, f"{d.stream:#x}", d.state]
            for d in devices
        ],
    )
    mine = {d.id: d for d in devices if d.zone == ZONE}
    for device_id in (checks.NVME_ID, checks.IGB_ID):
        report.check(device_id in mine, f"table: {device_id} belongs to {ZONE}")
    return mine


def identity(report, system, zone):
    """The devices are the very ones on QEMU's command line."""
    serial = zone.run("cat /sys/class/nvme/nvme0/serial").strip()
    mac = zone.run("cat /sys/class/net/eth0/address").strip()
    report.check(
        serial == system.spec.nvme.serial, "NVMe: serial number is the command line's", serial
    )
    report.check(mac == system.spec.igb.mac, "igb: address is the command line's", mac)


def idle(report, system):
    """Exits per second by reason of an idle zone."""
    rates = system.monitor.exit_rates(ZONE, IDLE_SECONDS)
    shown = {
        reason: rate for reason, rate in sorted(rates.items(), key=lambda item: -item[1]) if rate
    }
    report.table(["reason", "exits/s"], [[reason, f"{rate:.1f}"] for reason, rate in shown.items()])
    report.check(
        rates,
        f"exits per second of idle {ZONE}",
        f"{sum(rates.values()):.0f}, over {IDLE_SECONDS} s",
    )


def size(report, system):
    """Of the ELF file, and as the running image tells it (which counts padding between
    sections).
    """
    sections = elf.sizes(paths.HYPERVISOR_ELF)
    figures = ", ".join(f"{name} {count}" for name, count in sections.items())
    report.check(
        sections["text"] > 0,
        "hypervisor: text + rodata + data",
        f"{sum(sections.values())} bytes ({figures})",
    )
    report.say(
        ", ".join(f"{name} {count}" for name, count in system.monitor.size().items())
        + " in the running image"
    )


def exercise(report, system, seed):
    """Everything that needs the machine running; returns what the trace is compared with later."""
    zone = system.zone(ZONE)
    report.step("What each zone sees")
    lspci(report, system)
    report.step("Who owns what (monitor: devices, zones)")
    mine = assignment(report, system)
    places = system.monitor.zones()
    report.table(
        ["zone", "state", "CPUs", "guest RAM", "host RAM", "MiB"],
        [
            [
                z.name,
                z.state,
                ",".join(map(str, z.cpus)),
                f"{z.ram_gpa:#x}",
                f"{z.ram_hpa:#x}",
                z.ram_size // MIB,
            ]
            for z in places.values()
        ],
    )
    if report.failed():
        return None
    nvme, igb = mine[checks.NVME_ID], mine[checks.IGB_ID]
    identity(report, system, zone)
    report.step("NVMe: reading the whole disk with O_DIRECT")
    checks.nvme_read(report, system, zone)
    report.step("Interrupts: I/O from each vCPU")
    checks.interrupt_delivery(
        report,
        system,
        zone,
        len(places[ZONE].cpus),
        nvme.device_id,
        igb.device_id,
        places[ZONE].cpus,
    )
    report.step(f"NVMe: writing {WRITE_SIZE // MIB} MiB")
    checks.nvme_write(report, zone, WRITE_AT, WRITE_SIZE, seed)
    report.step("igb: pings and TCP with a peer outside")
    checks.ping(report, zone, PINGS)
    checks.tcp(report, system, zone, TCP_SIZE, seed)
    report.step("Memory: a marker at a guest address")
    checks.marker(report, system, zone, seed, places[ZONE])
    report.step("Idle zone, hypervisor")
    idle(report, system)
    size(report, system)
    report.check(
        not system.monitor.faults(),
        "no IOMMU fault was reported",
        "; ".join(map(str, system.monitor.faults())),
    )
    return {"NVMe": nvme.stream, "igb": igb.stream}, {"NVMe": places[ZONE], "igb": places[ZONE]}


def main():
    options = arguments()
    paths.require(paths.HYPERVISOR, paths.BUNDLE, paths.IOTOOL)
    report = Report("Postern: two zones, an NVMe drive and an igb card passed through")
    records = paths.fresh_records(options.records)
    seed = make_seed(report)
    image = bundle.demo(records, vcpus=options.vcpus)
    report.step("Starting the machine")
    system = System(
        options.records,
        records=records,
        initrd=image,
        cpu=options.cpu,
        smmu=options.smmu,
        nvme=None if "nvme" in options.without else Nvme(options.nvme_slot, options.serial),
        igb=None if "igb" in options.without else Igb(options.igb_slot, options.mac),
    )
    describe(report, system)
    compare = None
    with system:
        try:
            if boot(report, system):
                system.machine.qmp.trace("smmuv3_translate_success", True)
                compare = exercise(report, system, seed)
            system.power_off()
        except DialogueError as error:
            report.check(False, "the dialogue with the zones goes on", error)
    if compare:
        report.step("After the machine is off: disk image, capture, trace")
        checks.nvme_verify(report, system, WRITE_AT, WRITE_SIZE, seed)
        checks.wire(report, system, PINGS, TCP_SIZE)
        checks.translation(report, read_trace(system.machine.trace_file), *compare)
    system.tidy(report)
    return report.finish(whole=True)


if __name__ == "__main__":
    sys.exit(main())
