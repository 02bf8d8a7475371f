#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The loongarch64 image as a UEFI application under EDK2.

`dump-acpi` writes firmware's tables to the EFI partition; what the image later prints of MADT and
MCFG equals what iasl reads in the very same bytes. The console is on the screen, too: its text is
read off QEMU's picture of it. A table on the partition goes before firmware's. The bring-up test
passes after firmware as it does without.
"""

import re
import sys

from lib import iasl, paths, screen
from lib.bringup import read as read_account
from lib.disk import MIB, DiskImage
from lib.loongarch import APPLICATION, FIRMWARE, LoongArch, LoongArchMachine, fresh_esp
from lib.monitor import Monitor
from lib.report import Report

TIME_LIMIT = 180
NAME = "test_la64_efi"
CPUS = 2
FIRMWARE_TIMEOUT = 40
# ACPI 6.5, 5.2.12: structures of the MADT
CORE, EIO, MSI, BIO = 17, 20, 21, 22
CHECKSUM = 9  # of every table's header
MCFG_BUS_LAST = 55  # of its first entry


def dump(report):
    report.step("dump-acpi")
    records = paths.fresh_records(f"{NAME}/dump")
    esp = fresh_esp(records, "dump-acpi")
    with LoongArchMachine(LoongArch(smp=CPUS, esp=esp, screen=True), records) as machine:
        console, done = machine.speaking(
            r"dump-acpi: (\d+) tables written, (\d+) failed", FIRMWARE_TIMEOUT
        )
        report.check(done.group(2) == "0", "writes the tables", done.group(0))
        back = console.expect(r"BdsDxe: \w+ing Boot\w+ \"UiApp\"", FIRMWARE_TIMEOUT)
        report.check(back, "and goes back to firmware", back.group(0))
    return {p.stem.upper(): p for p in (esp / "postern" / "acpi").iterdir()}


def facts_by_iasl(tables):
    """The lines the image ought to print, made of iasl's reading."""
    lines = []
    readable = {n: iasl.disassemble(p) for n, p in tables.items() if n in ("APIC", "MCFG")}
    for fields in readable.values():
        signature, revision, length, oem, table = iasl.header(fields)
        lines.append(f'{signature} revision {revision} length {length:#x} OEM "{oem}" "{table}"')
    for kind, f in iasl.subtables(readable["APIC"]):
        value = {name: iasl.number(text) for name, text in f.items()}
        if kind == CORE:
            lines.append(f"MADT core {value['CoreId']} processor {value['ProcessorId']}")
        elif kind == EIO:
            lines.append(
                f"MADT EIO cascade {value['Cascade']} node {value['Node']} "
                f"map {value['NodeMap']:#x}"
            )
        elif kind == MSI:
            lines.append(
                f"MADT MSI at {value['MsgAddress']:#x} vectors {value['Start']}+{value['Count']}"
            )
        elif kind == BIO:
            lines.append(
                f"MADT BIO {value['Id']} at {value['Address']:#x} size {value['Size']:#x} "
                f"GSI {value['GsiBase']}"
            )
    for entry in iasl.entries(readable["MCFG"], "Base Address"):
        value = {name: iasl.number(text) for name, text in entry.items()}
        lines.append(
            f"MCFG segment {value['Segment Group Number']} buses {value['Start Bus Number']}-"
            f"{value['End Bus Number']} at {value['Base Address']:#x}"
        )
    return lines


def boots(report, tables):
    report.step("the hypervisor")
    records = paths.fresh_records(f"{NAME}/boot")
    esp = fresh_esp(records, "no such word", {"bundle": paths.BUNDLE})
    spec = LoongArch(smp=CPUS, esp=esp, screen=True)
    with LoongArchMachine(spec, records) as machine:
        console, _ = machine.speaking(r"Postern .*, UEFI application", FIRMWARE_TIMEOUT)
        said = console.expect(r"bundle: (\d+) bytes", 20)
        size = paths.BUNDLE.stat().st_size
        report.check(int(said.group(1)) == size, "reads the bundle off the partition", size)
        console.expect("leaving firmware", FIRMWARE_TIMEOUT)
        console, found = machine.speaking(r"Postern on (.*)\n", 20)
        report.check(f"{CPUS} CPUs" in found.group(1), "takes the machine over", found.group(1))
        online = console.expect(r"(\d+) of (\d+) CPUs online", 20)
        report.check(online.group(1) == str(CPUS), "starts the CPUs", online.group(0))
        monitor = Monitor(console)
        monitor.wait_ready(60)
        same_facts(report, console, tables)
        zones = monitor.zones()
        report.check(zones, "knows the bundle's zones", ", ".join(zones))
        on_screen(report, machine, console)
        console.send("poweroff\n")
        machine.wait_exit()


def same_facts(report, console, tables):
    printed = [m.group(1) for m in console.seen(r"\] acpi: (.*)$")]
    printed = [line for line in printed if re.match(r"(APIC|MCFG|MADT) ", line)]
    expected = facts_by_iasl(tables)
    report.check(
        sorted(printed) == sorted(expected) and len(expected) > CPUS + 4,
        "what it prints of MADT and MCFG is iasl's reading of the same tables",
        f"{len(printed)} lines",
    )
    for line in sorted(set(printed) ^ set(expected)):
        report.say(f"{'printed' if line in printed else 'iasl   '} {line}")


def on_screen(report, machine, console):
    """The newest lines of the log, read off the picture."""
    picture = screen.dump(machine)
    report.check(
        len(screen.colours(picture)) == 2,
        "the screen is text and nothing else",
        f"{picture[0]} x {picture[1]}",
    )
    lines = screen.text(picture)
    logged = [m.group(0).rstrip() for m in console.seen(r"^\[ *\d+\.\d+\] .*$")]
    shown = [line for line in logged if line[: len(max(lines, key=len))] in lines]
    report.check(
        logged and logged[-1] in shown and len(shown) > 10,
        "it shows the log",
        f"{len(shown)} of {len(logged)} lines; {logged[-1]}",
    )


def overridden(report, table):
    """A table on the partition goes before firmware's: here one with fewer buses."""
    report.step("an override table")
    records = paths.fresh_records(f"{NAME}/override")
    changed = bytearray(table.read_bytes())
    changed[MCFG_BUS_LAST] = 0x3F
    changed[CHECKSUM] = (changed[CHECKSUM] - sum(changed)) & 0xFF
    (records / "mcfg").write_bytes(changed)
    esp = fresh_esp(records, files={"override": records / "mcfg"})
    with LoongArchMachine(LoongArch(smp=1, esp=esp), records) as machine:
        console, said = machine.speaking(r"override table: (\d+) bytes", FIRMWARE_TIMEOUT)
        report.check(int(said.group(1)) == len(changed), "is read", said.group(0))
        console, mcfg = machine.speaking(r"acpi: MCFG (segment .*)\n", 20)
        report.check("buses 0-63 " in mcfg.group(1), "is what counts", mcfg.group(1))
        Monitor(console).wait_ready()
        console.send("poweroff\n")
        machine.wait_exit()


def unusable(report, table):
    """A machine it cannot know: it says so where firmware's console was, and on the screen."""
    report.step("a broken override table")
    records = paths.fresh_records(f"{NAME}/unusable")
    broken = bytearray(table.read_bytes())
    broken[CHECKSUM] ^= 1
    (records / "mcfg").write_bytes(broken)
    esp = fresh_esp(records, files={"override": records / "mcfg"})
    spec = LoongArch(smp=1, esp=esp, screen=True)
    with LoongArchMachine(spec, records) as machine:
        machine.speaking(r"override table", FIRMWARE_TIMEOUT)
        console, said = machine.speaking(r"cannot go on: (.*)\n", 20)
        report.check(said, "is said on firmware's line", said.group(1))
        why = console.seen(r"acpi.*checksum.*$")
        report.check(why, "with the reason", why[0].group(0) if why else "")
        console.expect(r"switched off in \d+ s", 10)
        lines = screen.text(screen.dump(machine))
        report.check(
            any("cannot go on" in line for line in lines), "stays on the screen for a while"
        )


def bringup(report):
    """The way of a board: firmware placed BARs, ACPI describes the machine, the words are in a file."""
    report.step("the bring-up test")
    records = paths.fresh_records(f"{NAME}/bringup")
    drive = records / "nvme.img"
    DiskImage(drive, 8 * MIB)
    esp = fresh_esp(records, "bringup cpu=1 expect=nvme,igb")
    # What firmware itself reads goes through while nobody drives the IOMMU; the image ends that.
    devices = ("-device", "virtio-iommu-pci,romfile=")
    devices += ("-device", "pcie-root-port,id=rp1,chassis=1,slot=1")
    devices += ("-drive", f"if=none,id=disk0,format=raw,cache=unsafe,file={drive}")
    devices += ("-device", "nvme,bus=rp1,serial=postern,drive=disk0")
    devices += ("-device", "pcie-root-port,id=rp2,chassis=2,slot=2")
    devices += ("-netdev", "user,id=net0", "-device", "igb,bus=rp2,netdev=net0,romfile=")
    spec = LoongArch(smp=CPUS, esp=esp, devices=devices)
    with LoongArchMachine(spec, records) as machine:
        machine.speaking("leaving firmware", FIRMWARE_TIMEOUT)
        console, _ = machine.speaking(r"^bringup: \d+ passed, \d+ failed\n", 40)
        machine.wait_exit()
    account = read_account(console.text())
    report.check(account.ok, "passes", f"{account.passed} passed, {account.failed} failed")
    for row in account.red():
        report.say(row)


def main():
    paths.require(APPLICATION, paths.BUNDLE, FIRMWARE)
    paths.fresh_records(NAME)
    report = Report("LoongArch: as a UEFI application")
    tables = dump(report)
    report.check({"APIC", "MCFG", "FACP", "DSDT", "XSDT"} <= set(tables), "tables", sorted(tables))
    boots(report, tables)
    overridden(report, tables["MCFG"])
    unusable(report, tables["MCFG"])
    bringup(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
