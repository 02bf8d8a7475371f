#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The loongarch64 image started by -kernel, with one CPU and with four: it finds the machine, starts
every CPU, answers on its UART by interrupts, refuses zones honestly, reports its own faults, powers
off.

The witness stands outside: QEMU's CPU registers say where the CPUs are, its trace that characters
came as interrupts.
"""

import re
import sys

from lib import paths
from lib.elf import symbols
from lib.gdb import Debugger
from lib.loongarch import ELF, LoongArch, LoongArchMachine
from lib.monitor import Monitor
from lib.report import Report

TIME_LIMIT = 90
NAME = "test_la64_boot"
REGISTER_A0, REGISTER_PC = 4, 33  # as QEMU's debugger stub counts them
MARK = 0x600DCAFE12345678
# Where a CPU is sent, and what must be said of it: an address outside every window, and zeros, which
# are no instruction.
ASTRAY = (
    (lambda table: 0x123450, r"address outside every window .* at 0x123450 .* address 0x123450"),
    (lambda table: table["__image_start"] + 4, r"instruction does not exist .*\(image\+0x4\)"),
)
# PCH-PIC and EIOINTC, as QEMU's models see them.
TRACE = ("loongarch_pch_pic_irq_handler", "loongarch_extioi_setirq")


def boots(report, cpus, **changes):
    report.step(f"{cpus} CPU{'s' if cpus > 1 else ''}")
    records = paths.fresh_records(f"{NAME}/{cpus}")
    spec = LoongArch(smp=cpus, trace=TRACE, **changes)
    with LoongArchMachine(spec, records) as machine:
        console, said = machine.speaking(r"Postern on (.*)\n", 20)
        report.check(f"{cpus} CPUs" in said.group(1), f"{cpus}: finds the CPUs", said.group(1))
        online = console.expect(r"(\d+) of (\d+) CPUs online", 20)
        report.check(
            online.group(1) == online.group(2) == str(cpus),
            f"{cpus}: starts them",
            online.group(0),
        )
        monitor = Monitor(console)
        monitor.wait_ready()
        inside, total = machine.cpus_inside(*image_text())
        report.check(
            inside == total == cpus, f"{cpus}: QEMU has all of them in the image's code", inside
        )
        answer = monitor.run("version")
        report.check(f"{cpus} CPUs" in answer[0], f"{cpus}: the monitor answers", answer[0])
        if changes.get("initrd"):
            zones_refused(report, console, monitor)
        console.send("poweroff\n")
        machine.wait_exit()
    trace = machine.trace_file.read_text()
    report.check(
        all(event in trace for event in TRACE),
        f"{cpus}: what was typed came through PCH-PIC and EIOINTC",
        ", ".join(f"{trace.count(event)} {event}" for event in TRACE),
    )
    errors = [line for line in trace.splitlines() if not line.startswith(TRACE)]
    report.check(
        not errors, f"{cpus}: no access that QEMU calls a guest's error", "; ".join(errors[:3])
    )


def image_text():
    """From where to where the image's code is."""
    table = symbols(ELF)
    return table["__text_start"], table["__text_end"]


def zones_refused(report, console, monitor):
    """The manifest is read, and no zone pretends."""
    why = console.seen(r"zone (\w+): (this CPU has no virtualization \(LVZ\).*)")
    report.check(why, "zones are refused with the reason", why[0].group(0) if why else "")
    zones = monitor.zones()
    report.check(
        zones and all(z.state == "failed" for z in zones.values()),
        "every zone is failed",
        ", ".join(f"{z.name} {z.state}: {z.reason}" for z in zones.values()),
    )


def faults(report, place, what):
    """A CPU that goes astray is reported with its registers and stops; the other goes on."""
    records = paths.fresh_records(f"{NAME}/faults")
    table = symbols(ELF)
    with LoongArchMachine(LoongArch(smp=2), records, hold=True) as machine:
        with Debugger(machine) as debugger:
            # The boot CPU is about to start the second one; that one's first step of its own.
            debugger.breakpoint(table["loongson_ipi_start_cpu"])
            debugger.run()
            debugger.breakpoint(table["loongson_ipi_start_cpu"], there=False)
            debugger.breakpoint(table["irq_cpu_init"])
            cpu = debugger.run()
            debugger.set_register(cpu, REGISTER_A0, MARK)
            debugger.set_register(cpu, REGISTER_PC, place(table))
            debugger.breakpoint(table["irq_cpu_init"], there=False)
        console, _ = machine.speaking(r"(?=^postern> )", 20)
        monitor = Monitor(console)
        # The log's own memory: on the line, a report may break into what others are writing.
        console.settle()
        console.send("log\n")
        match = console.expect(r"^ok\n", 20)
        lines = match.string[: match.start()].split("log\n", 1)[-1].splitlines()
        said = [line for line in lines if "hypervisor fault" in line]
        report.check(
            cpu == 1 and len(said) == 1 and re.search(f"CPU 1: {what}", said[0]),
            "it is said what happened and where",
            "; ".join(said),
        )
        marked = [line for line in lines if f"r4  {MARK:016x}" in line]
        report.check(len(marked) == 1, "with the registers", "; ".join(marked))
        answer = monitor.run("version")
        report.check("2 CPUs" in answer[0], "the monitor answers all the same", answer[0])
        console.send("poweroff\n")
        machine.wait_exit()


def main():
    paths.require(ELF, paths.BUNDLE)
    paths.fresh_records(NAME)
    report = Report("LoongArch: by -kernel")
    boots(report, 1)
    boots(report, 4, initrd=paths.BUNDLE)
    for place, what in ASTRAY:
        report.step(f"a fault of its own: {what.split(' .*')[0]}")
        faults(report, place, what)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
