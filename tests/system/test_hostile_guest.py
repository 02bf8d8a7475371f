#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A zone that misbehaves on purpose: it gets the architected answer or is stopped alone, and
reaches nobody.

zone1's root user has its physical address space (/dev/mem) and its devices' registers. With them it
touches memory that is not there, moves BARs where they may not go, writes a foreign message into
its MSI-X table, and points the drive's queues at root's memory. QEMU's trace and dumps say what
became of it; root must not notice.
"""

import re
import sys

from lib import bundle, checks, interrupts, paths, smmu
from lib.disk import MIB
from lib.report import Report
from lib.system import System, make_seed
from lib.trace import position, read_trace

TIME_LIMIT = 180
ZONE = "zone1"

# NVM Express 2.0, 3.1.3: controller registers.
NVME_VERSION, NVME_CC, NVME_AQA, NVME_ASQ, NVME_ACQ, NVME_DOORBELL = (
    0x8,
    0x14,
    0x24,
    0x28,
    0x30,
    0x1000,
)
CC_ENABLE = 0x00460001  # 64-byte submission, 16-byte completion entries, enabled
# 82576: interrupt mode, cause set and mask set (datasheet 8.8); its MSI-X table is BAR 3.
IGB_GPIE, IGB_EICS, IGB_EIMS = 0x1514, 0x1520, 0x1524
GPIE_MSIX_MODE = 0x10
IGB_STATUS = 0x8
MONITOR_UART = 0x9040000
GITS_TRANSLATER = 0x8090040  # the machine's MSI doorbell
FOREIGN_EVENT = 0x77


class Hostile:
    def __init__(self, report, system):
        self.report, self.system = report, system
        self.zone, self.root = system.zone(ZONE), system.root
        self.devices = {d.id: d for d in system.monitor.devices()}
        self.places = system.monitor.zones()

    def poke(self, *writes):
        """32-bit writes to guest-physical addresses, in order."""
        self.zone.run(
            "; ".join(
                f"devmem {address:#x} 32 {value & 0xFFFFFFFF:#x}" for address, value in writes
            )
        )

    def peek(self, address):
        return int(self.zone.run(f"devmem {address:#x} 32").split()[-1], 16)

    def bars(self, device_id):
        device = next(d for d in self.system.monitor.devices() if d.id == device_id)
        return {bar.number: bar for bar in device.bars}

    def unbind(self, device_id):
        """Takes the kernel's driver off and leaves the device decoding and mastering; its virtual
        address.
        """
        bdf = self.devices[device_id].virtual_bdf
        self.zone.run(
            f"echo {bdf} > /sys/bus/pci/devices/{bdf}/driver/unbind; setpci -s {bdf} COMMAND=0x406"
        )
        return bdf

    def everybody_alive(self, after):
        self.report.check("42" in self.root.run("echo $((6*7))"), f"root answers after {after}")
        state = self.system.monitor.zones()[ZONE].state
        self.report.check(
            state == "running" and "42" in self.zone.run("echo $((6*7))"),
            f"{ZONE} goes on after {after}",
            state,
        )

    # ---- the acts -------------------------------------------------------------------------------

    def reads_nothing(self, name, address):
        """The architected answer to an address nobody claims: an abort (the program gets SIGBUS) or
        all-ones.
        """
        got = self.zone.run(f"devmem {address:#x} 32; echo status=$?", check=False)
        value = re.search(r"^0x([0-9A-F]{8})$", got, re.MULTILINE)
        nothing = value.group(1) == "FFFFFFFF" if value else "Bus error" in got
        self.report.check(nothing, f"{name} ({address:#x}) reads nothing", got.replace("\n", " "))

    def unmapped_memory(self):
        """Addresses that are nothing in the zone, or something of the host's only."""
        self.report.step("Memory that is not there")
        targets = {
            "the host's SMMU": smmu.SMMU_BASE,
            "the monitor's UART": MONITOR_UART,
            "the host's ITS doorbell": GITS_TRANSLATER,
            "nothing at all": 0x7F00000000,
            "a byte past its RAM": self.places[ZONE].ram_gpa + self.places[ZONE].ram_size,
        }
        for name, address in targets.items():
            self.reads_nothing(name, address)
        self.everybody_alive("touching unmapped memory")

    def moved_bars(self):
        """A BAR over the zone's own kernel, over registers it has not, over nothing; then back."""
        self.report.step("BARs where they may not go")
        bdf = self.unbind(checks.IGB_ID)
        bar = self.bars(checks.IGB_ID)[0]
        status = f"devmem {bar.gpa + IGB_STATUS:#x} 32"
        before = self.zone.run(status)
        code = re.search(r"([0-9a-f]+)-[0-9a-f]+ : Kernel code", self.zone.run("cat /proc/iomem"))
        kernel = int(code.group(1), 16)
        ecam = int(
            self.zone.run("hexdump -v -e '1/1 \"%02x\"' /proc/device-tree/pcie*/reg").strip()[:16],
            16,
        )
        for name, address in {
            "its own kernel": kernel,
            "the host's SMMU": smmu.SMMU_BASE,
            "the zone's config window": ecam,
            "the end of 32 bits": 0xFFFFFFFF,
        }.items():
            base = address & ~(bar.size - 1) & 0xFFFFFFFF
            self.zone.run(f"setpci -s {bdf} BASE_ADDRESS_0={base:#x}")
            if address != kernel:
                self.reads_nothing(f"a BAR put over {name}", base + IGB_STATUS)
            self.everybody_alive(f"a BAR put over {name}")
        drive = self.bars(checks.NVME_ID)[0]
        version = self.peek(drive.gpa + NVME_VERSION)
        self.zone.run(f"setpci -s {bdf} BASE_ADDRESS_0={drive.gpa & ~(bar.size - 1):#x}")
        self.report.check(
            self.peek(drive.gpa + NVME_VERSION) == version,
            "a BAR put over the drive's does not cover it",
        )
        self.zone.run(f"setpci -s {bdf} BASE_ADDRESS_0={bar.gpa:#x}")
        self.report.check(
            self.zone.run(status) == before, "back in its place the card answers again", before
        )

    def foreign_message(self):
        """The card's MSI-X table gets the host's doorbell and an event that is not the zone's; the
        card fires it.
        """
        self.report.step("A foreign MSI-X message")
        bdf = self.devices[checks.IGB_ID].virtual_bdf
        bars = self.bars(checks.IGB_ID)
        if not self.report.check(bars[0].gpa and bars[3].gpa, "the card decodes its BARs", bars):
            return
        capability = re.search(
            r"Capabilities: \[([0-9a-f]+)\] MSI-X", self.zone.run(f"lspci -v -s {bdf}")
        )
        control = int(capability.group(1), 16) + 2
        start = position(self.system.machine.trace_file)
        for event in interrupts.EVENTS:
            self.system.machine.qmp.trace(event, True)
        table = bars[3].gpa
        self.zone.run(f"setpci -s {bdf} {control:x}.w=8000:c000")
        for entry in range(10):
            at = table + 16 * entry
            self.poke((at, GITS_TRANSLATER), (at + 4, 0), (at + 8, FOREIGN_EVENT), (at + 12, 0))
        registers = bars[0].gpa
        self.poke(
            (registers + IGB_GPIE, GPIE_MSIX_MODE),
            (registers + IGB_EIMS, 0x1FF),
            (registers + IGB_EICS, 0x1FF),
        )
        self.zone.run("usleep 500000")
        for event in interrupts.EVENTS:
            self.system.machine.qmp.trace(event, False)
        seen = interrupts.witness(
            self.system.machine.trace_file, start, self.devices[checks.IGB_ID].device_id
        )
        vectors = self.devices[checks.IGB_ID].vectors
        self.report.check(
            all(event < vectors for event in seen.messages),
            "every message QEMU's ITS got from the card is one the hypervisor wrote",
            dict(seen.messages) or "none came",
        )
        self.everybody_alive("writing a foreign message")

    def start_drive(self, submission, completion):
        """The drive's admin queues at these addresses, and one command rung in, whatever is
        there.
        """
        base = self.bars(checks.NVME_ID)[0].gpa
        self.poke((base + NVME_CC, 0))
        self.zone.run("usleep 200000")
        self.poke((base + NVME_AQA, 0x001F001F))
        self.poke((base + NVME_ASQ, submission), (base + NVME_ASQ + 4, submission >> 32))
        self.poke((base + NVME_ACQ, completion), (base + NVME_ACQ + 4, completion >> 32))
        self.poke((base + NVME_CC, CC_ENABLE))
        self.zone.run("usleep 200000")
        self.poke((base + NVME_DOORBELL, 1))
        self.zone.run("usleep 500000")

    def refused(self, target, direction):
        """QEMU recorded the access to the target page, and the monitor reports what QEMU
        recorded.
        """
        records = [e for e in smmu.events(self.system.machine) if e.type in smmu.WITH_ADDRESS]
        hit = next(
            (e for e in records if e.address & ~0xFFF == target and e.direction == direction), None
        )
        self.report.check(
            hit,
            f"QEMU's SMMU refused the {direction}",
            f"{hit.name} at {hit.address:#x}" if hit else records[-1:],
        )
        drive = self.devices[checks.NVME_ID]
        mine = {(f.bdf, f.zone, f.iova, f.direction) for f in self.system.monitor.faults()}
        expected = {
            (drive.bdf, ZONE, e.address, e.direction) for e in records if e.stream == drive.stream
        }
        self.report.check(
            hit and mine == expected,
            "the monitor's faults are QEMU's records",
            f"{len(mine)} faults",
        )

    def stray_queues(self, target, content):
        """The drive is told to fetch commands from a page of root's, then to complete into it."""
        self.report.step("A drive pointed at root's memory")
        self.unbind(checks.NVME_ID)
        if not self.report.check(self.bars(checks.NVME_ID)[0].gpa, "the drive decodes its BAR"):
            return
        self.start_drive(target, target)
        self.refused(target, "read")
        self.start_drive(self.places[ZONE].ram_gpa, target)
        self.refused(target, "write")
        self.report.check(
            self.system.machine.qmp.memory(target, checks.PAGE) == content,
            "root's page is as root left it",
        )
        self.everybody_alive("stray DMA")

    def reset_itself(self):
        """A guest that dies takes nobody along."""
        self.report.step(f"{ZONE} crashes its kernel")
        self.zone.port.send_line("echo 1 > /proc/sys/kernel/panic; echo c > /proc/sysrq-trigger")
        starts = self.places[ZONE].starts
        self.system.monitor.wait_started(ZONE, starts + 1, 60)
        self.zone.wait_ready(60, fatal=None)
        self.report.check(
            "42" in self.root.run("echo $((6*7))"), f"root answers after {ZONE}'s panic"
        )


def roots_page(report, system, seed, places):
    """(host address, content) of a page that root filled and holds."""
    told = system.root.run(f"(iotool marker {seed} > /tmp/m &); usleep 500000; cat /tmp/m")
    guest = int(re.search(r"gpa=(0x[0-9a-f]+)", told).group(1), 16)
    host = places["root"].ram_hpa + guest - places["root"].ram_gpa
    zone = places[ZONE]
    # Told to a device of the zone, the address must not happen to be one of the zone's own.
    outside = not zone.ram_gpa <= host < zone.ram_gpa + zone.ram_size
    content = checks.page_of_marker(seed)
    report.check(
        outside and system.machine.qmp.memory(host, checks.PAGE) == content,
        "root holds a page",
        hex(host),
    )
    return host, content


def main():
    report = Report("A hostile zone")
    seed = make_seed(report)
    records = paths.fresh_records("test_hostile_guest")
    with System(
        "test_hostile_guest", records=records, disk_size=16 * MIB, initrd=bundle.raw_memory(records)
    ) as system:
        system.boot(ZONE)
        hostile = Hostile(report, system)
        page, content = roots_page(report, system, seed, hostile.places)
        hostile.unmapped_memory()
        hostile.moved_bars()
        hostile.foreign_message()
        hostile.stray_queues(page, content)
        hostile.reset_itself()
        report.step("Afterwards")
        report.check(
            system.machine.qmp.memory(page, checks.PAGE) == content,
            "root's page is as root left it, still",
        )
        report.check(
            checks.NVME_ID not in system.root.run("lspci -n"), "root's devices are its own"
        )
        system.power_off()
        trace = read_trace(system.machine.trace_file)
        report.check(trace.let_through() == 0, "translation: no DMA bypassed the SMMU in any of it")
    system.tidy(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
