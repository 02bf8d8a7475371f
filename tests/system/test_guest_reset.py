#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A zone resets its own devices, in every way it has, and goes on using them.

Linux does it as a user would (unbind, `echo 1 > reset`, bind), by the FLR bit and by the secondary
bus reset of the port above. Then a guest without an operating system writes the FLR bit itself: no
kernel puts back what the reset lost, so all that is right afterwards is the hypervisor's doing.

Witnesses: QEMU's reset trace; config space and MSI-X table of the machine's own functions, read
through QEMU; the disk image; the peer and the capture of the wire; QEMU's ITS.
"""

import re
import struct
import sys

from lib import bundle, checks, hardware, interrupts, paths
from lib.disk import MIB
from lib.machine import WITNESS_TRACE
from lib.monitor import ZonePort
from lib.peer import frames_of_type
from lib.report import Report
from lib.system import System, make_seed
from lib.trace import position, read_trace

TIME_LIMIT = 300
ZONE = "zone1"
KINDS = {checks.NVME_ID: "nvme", checks.IGB_ID: "igb"}  # QEMU's type names and Linux' drivers
WORKING = hardware.COMMAND_MEMORY | hardware.COMMAND_MASTER | hardware.COMMAND_INTX_OFF

# What tests/guest/baremetal writes, where, and when.
BAREMETAL_WRITES = {
    "before the reset": (2048, 0x6265666F72650000),
    "after the reset": (4096, 0x6166746572000000),
}
BLOCK, PAGE = 512, 4096
ETHERTYPE = 0x88B5


# ---- Linux --------------------------------------------------------------------------------------


class LinuxResets:
    def __init__(self, report, system, seed):
        self.report, self.system, self.seed = report, system, seed
        self.zone = system.zone(ZONE)

    def device(self, device_id):
        return next(d for d in self.system.monitor.devices() if d.id == device_id)

    def hardware(self, device):
        return hardware.function(self.system.machine, device.bdf, device.vectors)

    def registers(self, bdf):
        """(BARs, Command and MSI-X control) as the zone reads them."""
        bars = [
            self.zone.run(f"setpci -s {bdf} {offset:x}.l").strip()
            for offset in range(0x10, 0x28, 4)
        ]
        rest = self.zone.run(f"setpci -s {bdf} COMMAND CAP_MSIX+2.w")
        return bars, rest.split()

    def use(self, device_id):
        """Both ways of I/O, and interrupts at QEMU's ITS."""
        device = self.device(device_id)
        start = position(self.system.machine.trace_file)
        for event in interrupts.EVENTS:
            self.system.machine.qmp.trace(event, True)
        if device_id == checks.NVME_ID:
            self.seed += 1
            at, size = 4 * MIB, 4 * MIB
            checks.nvme_read(self.report, self.system, self.zone)
            checks.nvme_write(self.report, self.zone, at, size, self.seed)
            wrong = self.system.disk.mismatch(at, size, self.seed)
            self.report.check(not wrong, "NVMe: the zone's writes are in the image", wrong or "")
        else:
            checks.net_up(self.zone)
            checks.ping(self.report, self.zone, 50)
            checks.tcp(self.report, self.system, self.zone, MIB, self.seed)
        for event in interrupts.EVENTS:
            self.system.machine.qmp.trace(event, False)
        seen = interrupts.witness(self.system.machine.trace_file, start, device.device_id)
        self.report.check(
            sum(seen.messages.values()) >= 10,
            "its messages arrive at QEMU's ITS",
            f"{sum(seen.messages.values())} of {len(seen.messages)} vectors",
        )

    def reset(self, device_id, method):
        kind = KINDS[device_id]
        self.report.step(f"Linux resets the {kind} ({method})")
        device = self.device(device_id)
        before, seen_before = self.hardware(device), self.registers(device.virtual_bdf)
        bdf = device.virtual_bdf
        node, driver = f"/sys/bus/pci/devices/{bdf}", f"/sys/bus/pci/drivers/{kind}"
        self.zone.run(f"echo {bdf} > {driver}/unbind; echo {method} > {node}/reset_method")
        start = position(self.system.machine.trace_file)
        self.zone.run(f"echo 1 > {node}/reset")
        resets = read_trace(self.system.machine.trace_file, start).resets
        # The drive's namespaces are on a bus inside of it, reset with it.
        others = resets.keys() - {kind, f"{kind}-bus"}
        self.report.check(
            resets[kind] == 1 and not others,
            f"QEMU saw the {kind} reset, once and alone",
            dict(resets),
        )
        bars, (_, msix) = self.registers(bdf)
        self.report.check(
            bars == seen_before[0], "the zone's BARs are in their place", " ".join(bars)
        )
        self.report.check(
            not int(msix, 16) & hardware.MSIX_ENABLE, "MSI-X is off until a driver wants it", msix
        )
        self.zone.run(f"echo {bdf} > {driver}/bind", 60)
        self.settle(kind)
        after = self.hardware(device)
        seen_after = self.registers(bdf)
        self.report.check(
            seen_after == seen_before,
            "bound again, the zone reads BARs, Command and MSI-X as before",
            f"Command, MSI-X: {' '.join(seen_after[1])}",
        )
        self.report.check(after.bars == before.bars, "the machine's BARs never moved")
        self.report.check(
            after.command & WORKING == WORKING and after.sends,
            "in the machine Command and MSI-X are on, INTx off",
            after,
        )
        addresses = {address for address, _ in after.messages}
        self.report.check(
            after.messages == before.messages and addresses == {hardware.DOORBELL},
            "the messages in the machine's MSI-X table are the hypervisor's, as before",
            f"{len(after.messages)} entries",
        )
        self.use(device_id)

    def settle(self, kind):
        """Until the driver has done all it does in the background."""
        ready = {"nvme": f"[ -b {checks.DISK} ]", "igb": "[ -d /sys/class/net/eth0 ]"}[kind]
        self.zone.run(
            f"n=0; until {ready} || [ $n = 100 ]; do usleep 100000; n=$((n+1)); done; {ready}"
        )


def linux(report, seed):
    with System("test_guest_reset", disk_size=16 * MIB) as system:
        system.boot(ZONE)
        run = LinuxResets(report, system, seed)
        for device_id in KINDS:
            for method in ("flr", "bus"):
                run.reset(device_id, method)
        report.check(
            not system.monitor.faults(),
            "no IOMMU fault was reported",
            "; ".join(map(str, system.monitor.faults())),
        )
        system.power_off()
        trace = read_trace(system.machine.trace_file)
        report.check(trace.let_through() == 0, "translation: no DMA bypassed the SMMU in any of it")
    return system


# ---- no operating system ------------------------------------------------------------------------


def verdicts(report, port):
    """The guest's own lines; what it claims of the world is compared below."""
    match = port.expect(r"baremetal: (\d+) checks, (\d+) failed\n", 90)
    lines = re.findall(r"^(PASS|FAIL) (.*)$", match.string[: match.end()], re.MULTILINE)
    for verdict, text in lines:
        report.check(verdict == "PASS", text)
    report.check(
        int(match.group(1)) == len(lines) and len(lines) >= 40,
        "the guest ran to its end",
        match.group(0).strip(),
    )


def order_of_events(path, device_id, kind):
    """What QEMU saw of a device, in order: M a message at the ITS, R a reset of it alone."""
    found = ""
    with open(path, "r", errors="replace") as log:
        for line in log:
            if "gicv3_its_translation_write" in line:
                found += "M" * (f"requester_id {device_id:#x}" in line)
            elif "resettable_phase_hold_exec" in line:
                found += "R" * (f"({kind})" in line)
    return found


def outside(report, system, devices):
    """What the guest says it did happened."""
    for when, (lba, word) in BAREMETAL_WRITES.items():
        with open(system.disk.path, "rb") as image:
            image.seek(lba * BLOCK)
            got = struct.unpack(f"<{PAGE // 8}Q", image.read(PAGE))
        report.check(
            got == tuple(word + i for i in range(PAGE // 8)),
            f"NVMe: what it wrote {when} is in the image",
        )
    changed = system.disk.changed_outside(MIB, 2 * MIB)
    report.check(not changed, "NVMe: nothing else in the image changed", changed or "")
    frames = frames_of_type(system.machine.capture_file, ETHERTYPE)
    sent = [frame.rstrip(b"\0").decode("ascii", "replace") for frame in frames]
    report.check(sent == list(BAREMETAL_WRITES), "igb: both frames are in the capture", sent)
    for device in devices:
        order = order_of_events(system.machine.trace_file, device.device_id, KINDS[device.id])
        report.check(
            re.search("M+R+M", order),
            f"QEMU saw {KINDS[device.id]} send a message, be reset, and send again",
            order,
        )


def baremetal(report):
    report.step("A guest without an operating system resets both")
    records = paths.fresh_records("test_guest_reset-baremetal")
    with System(
        "test_guest_reset-baremetal",
        records=records,
        disk_size=16 * MIB,
        initrd=bundle.baremetal(records),
        trace=WITNESS_TRACE + interrupts.EVENTS[:1],
    ) as system:
        system.monitor.wait_ready(90)
        verdicts(report, ZonePort(system.monitor, ZONE))
        system.monitor.wait(ZONE, "stopped")
        devices = [d for d in system.monitor.devices() if d.id in KINDS]
        report.check(
            not system.monitor.faults(),
            "no IOMMU fault was reported",
            "; ".join(map(str, system.monitor.faults())),
        )
        system.root.wait_ready(90)
        system.power_off()
        outside(report, system, devices)
        trace = read_trace(system.machine.trace_file)
        report.check(trace.let_through() == 0, "translation: no DMA bypassed the SMMU in any of it")
    return system


def main():
    report = Report("A zone resets its own devices")
    seed = make_seed(report)
    for system in (linux(report, seed), baremetal(report)):
        system.tidy(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
