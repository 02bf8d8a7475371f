#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A zone that misbehaves on purpose: it gets the architected answer or is stopped alone, and reaches nobody.

zone1's root user has its physical address space (/dev/mem) and its devices' registers. With them it touches memory
that is not there, moves BARs where they may not go, writes a foreign message into its MSI-X table, and points the
drive's queues at root's memory. QEMU's trace and dumps say what became of it; root must not notice.
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
NVME_CC, NVME_AQA, NVME_ASQ, NVME_ACQ, NVME_DOORBELL = 0x14, 0x24, 0x28, 0x30, 0x1000
CC_ENABLE = 0x00460001  # 64-byte submission, 16-byte completion entries, enabled
# 82576: interrupt mode, cause set and mask set (datasheet 8.8); its MSI-X table is BAR 3.
IGB_GPIE, IGB_EICS, IGB_EIMS = 0x1514, 0x1520, 0x1524
GPIE_MSIX_MODE = 0x10
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
        self.zone.run("; ".join(f"devmem {address:#x} 32 {value & 0xFFFFFFFF:#x}" for address, value in writes))

    def peek(self, address):
        return int(self.zone.run(f"devmem {address:#x} 32").split()[-1], 16)

    def bars(self, device_id):
        device = next(d for d in self.system.monitor.devices() if d.id == device_id)
        return {bar.number: bar for bar in device.bars}

    def unbind(self, device_id):
        """Takes the kernel's driver off and leaves the device decoding and mastering; its virtual address."""
        bdf = self.devices[device_id].virtual_bdf
        self.zone.run(f"echo {bdf} > /sys/bus/pci/devices/{bdf}/driver/unbind; setpci -s {bdf} COMMAND=0x406")
        return bdf

    def everybody_alive(self, after):
        self.report.check("42" in self.root.run("echo $((6*7))"), f"root answers after {after}")
        state = self.system.monitor.zones()[ZONE].state
        self.report.check(state == "running" and "42" in self.zone.run("echo $((6*7))"), f"{ZONE} goes on after {after}", state)

    # ---- the acts ------------------------------------------------------------------------------------------------

    def unmapped_memory(self):
        """Addresses that are nothing in the zone, or something of the host's only."""
        self.report.step("Memory that is not there")
        ram = range(self.places[ZONE].ram_gpa, self.places[ZONE].ram_gpa + self.places[ZONE].ram_size)
        targets = {
            "the host's SMMU": smmu.SMMU_BASE,
            "the monitor's UART": 0x9040000,
            "the host's ITS doorbell": GITS_TRANSLATER,
            "nothing at all": 0x7F00000000,
            "a byte past its RAM": ram.stop,
        }
        for name, address in targets.items():
            got = self.zone.run(f"devmem {address:#x} 32; echo status=$?", check=False)
            value = re.search(r"^0x([0-9A-F]{8})$", got, re.MULTILINE)
            refused = value is None or value.group(1) == "FFFFFFFF"
            self.report.check(refused, f"{name} ({address:#x}) reads nothing", got.replace("\n", " ")[-60:])
        self.everybody_alive("touching unmapped memory")

    def moved_bars(self):
        """BARs over the zone's own RAM, over root's, over the end of everything."""
        self.report.step("BARs where they may not go")
        bdf = self.unbind(checks.IGB_ID)
        before = self.zone.run(f"setpci -s {bdf} BASE_ADDRESS_0")
        marker = self.places[ZONE].ram_gpa
        text = self.zone.run(f"devmem {marker:#x} 32")
        for address in (marker, self.places["root"].ram_hpa, 0xFFFE0000, smmu.SMMU_BASE & 0xFFFE0000):
            self.zone.run(f"setpci -s {bdf} BASE_ADDRESS_0={address & 0xFFFFFFFF:#x}")
        self.report.check(self.zone.run(f"devmem {marker:#x} 32") == text, "the zone's RAM is not covered by a BAR")
        self.zone.run(f"setpci -s {bdf} BASE_ADDRESS_0={before.strip()}")
        self.everybody_alive("moving BARs")

    def foreign_message(self):
        """The card's MSI-X table gets the host's doorbell and an event that is not the zone's; the card fires it."""
        self.report.step("A foreign MSI-X message")
        bdf = self.devices[checks.IGB_ID].virtual_bdf
        bars = self.bars(checks.IGB_ID)
        if not self.report.check(bars[0].gpa and bars[3].gpa, "the card decodes its BARs", bars):
            return
        capability = re.search(r"Capabilities: \[([0-9a-f]+)\] MSI-X", self.zone.run(f"lspci -v -s {bdf}"))
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
        self.poke((registers + IGB_GPIE, GPIE_MSIX_MODE), (registers + IGB_EIMS, 0x1FF), (registers + IGB_EICS, 0x1FF))
        self.zone.run("usleep 500000")
        for event in interrupts.EVENTS:
            self.system.machine.qmp.trace(event, False)
        seen = interrupts.witness(self.system.machine.trace_file, start, self.devices[checks.IGB_ID].device_id)
        vectors = self.devices[checks.IGB_ID].vectors
        self.report.check(
            all(event < vectors for event in seen.messages),
            "every message QEMU's ITS got from the card is one the hypervisor wrote",
            dict(seen.messages) or "none came",
        )
        self.everybody_alive("writing a foreign message")

    def stray_queues(self, target, content):
        """The drive is told to fetch commands from a page of root's and to complete into it."""
        self.report.step("A drive pointed at root's memory")
        self.unbind(checks.NVME_ID)
        base = self.bars(checks.NVME_ID)[0].gpa
        if not self.report.check(base, "the drive decodes its BAR"):
            return
        low, high = target & 0xFFFFFFFF, target >> 32
        self.poke((base + NVME_CC, 0))
        self.zone.run("usleep 200000")
        self.poke((base + NVME_AQA, 0x001F001F))
        self.poke((base + NVME_ASQ, low), (base + NVME_ASQ + 4, high))
        self.poke((base + NVME_ACQ, low), (base + NVME_ACQ + 4, high))
        self.poke((base + NVME_CC, CC_ENABLE))
        self.zone.run("usleep 200000")
        self.poke((base + NVME_DOORBELL, 1))
        self.system.monitor.wait_log(r"DMA (read|write) at .* refused", 20)
        mine = [f for f in self.system.monitor.faults() if f.bdf == self.devices[checks.NVME_ID].bdf]
        records = [e for e in smmu.events(self.system.machine) if e.type in smmu.WITH_ADDRESS]
        self.report.check(
            any(e.address & ~0xFFF == target for e in records),
            "QEMU's SMMU refused the fetch",
            f"{records[0].name} {records[0].direction} at {records[0].address:#x}" if records else "no record",
        )
        self.report.check(
            mine and {(f.iova, f.direction) for f in mine} <= {(e.address, e.direction) for e in records},
            "the monitor reports it as recorded",
            mine[0] if mine else "",
        )
        self.report.check(self.system.machine.qmp.memory(target, checks.PAGE) == content, "root's page is as root left it")
        self.everybody_alive("stray DMA")

    def reset_itself(self):
        """A guest that dies takes nobody along."""
        self.report.step(f"{ZONE} crashes its kernel")
        self.zone.port.send_line("echo 1 > /proc/sys/kernel/panic; echo c > /proc/sysrq-trigger")
        starts = self.places[ZONE].starts
        self.system.monitor.wait_started(ZONE, starts + 1, 60)
        self.zone.wait_ready(60, fatal=None)
        self.report.check("42" in self.root.run("echo $((6*7))"), f"root answers after {ZONE}'s panic")


def roots_page(report, system, seed, places):
    """(host address, content) of a page that root filled and holds."""
    told = system.root.run(f"(iotool marker {seed} > /tmp/m &); usleep 500000; cat /tmp/m")
    guest = int(re.search(r"gpa=(0x[0-9a-f]+)", told).group(1), 16)
    host = places["root"].ram_hpa + guest - places["root"].ram_gpa
    zone = places[ZONE]
    # Told to a device of the zone, the address must not happen to be one of the zone's own.
    outside = not zone.ram_gpa <= host < zone.ram_gpa + zone.ram_size
    content = checks.page_of_marker(seed)
    report.check(outside and system.machine.qmp.memory(host, checks.PAGE) == content, "root holds a page", hex(host))
    return host, content


def main():
    report = Report("A hostile zone")
    seed = make_seed(report)
    records = paths.fresh_records("test_hostile_guest")
    with System("test_hostile_guest", records=records, disk_size=16 * MIB, initrd=bundle.raw_memory(records)) as system:
        system.boot(ZONE)
        hostile = Hostile(report, system)
        page, content = roots_page(report, system, seed, hostile.places)
        hostile.unmapped_memory()
        hostile.moved_bars()
        hostile.foreign_message()
        hostile.stray_queues(page, content)
        hostile.reset_itself()
        report.step("Afterwards")
        report.check(system.machine.qmp.memory(page, checks.PAGE) == content, "root's page is as root left it, still")
        report.check(checks.NVME_ID not in system.root.run("lspci -n"), "root's devices are its own")
        system.power_off()
        trace = read_trace(system.machine.trace_file)
        report.check(trace.let_through() == 0, "translation: no DMA bypassed the SMMU in any of it")
    system.tidy(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
