#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that interrupt by their lines: kernels told not to use messages (pci=nomsi) drive NVMe and
igb by INTx.

QEMU's trace of its interrupt controller is the witness: every line raised and lowered, by which
physical CPU each was taken, and that not one message was sent. Data is judged as everywhere: by the host's
digest of the image and by the network peer.

* zone1 uses both devices, resets them, is killed in the middle of traffic and comes back; the drive
  goes to root and back, and its line with it.
* Both devices on one line, both zone1's: they share it. A device that holds the line up and a driver
  that does not lower it cost nobody but zone1, whose INTx Disable ends it.
* Drive and another of root's device on one line: neither is given it; both work by messages.
"""

import sys
import time

from lib import bundle, checks, hardware, interrupts, paths
from lib.disk import MIB
from lib.machine import WITNESS_TRACE, Igb, Nvme
from lib.report import Report
from lib.system import System, make_seed
from lib.trace import position, read_trace

TIME_LIMIT = 400
ZONE = "zone1"
RESCAN = "echo 1 > /sys/bus/pci/rescan"
ZONE_CPUS = {1, 2}
# QEMU virt: device d's pin p (from 0) on bus 0 is SPI 3 + (d + p) mod 4; ports pass pin A on as A.
LINES = {slot: 32 + 3 + slot % 4 for slot in range(8)}
# 82576, where QEMU has them for old drivers: interrupt cause set, mask set; a link change.
IGB_ICS, IGB_IMS, LINK_CHANGE = 0xC8, 0xD0, 1 << 2


def without_messages(records):
    """The demo's bundle with kernels that use no messages; root users may touch device registers."""
    zones = "\n".join(
        f'{zone} {{ bootargs = "console=ttyAMA0 postern.zone={zone} quiet pci=nomsi iomem=relaxed"; }};'
        for zone in ("root", ZONE)
    )
    return bundle.make(bundle.overlay(records, "nomsi", zones), records / "nomsi.bundle")


class Run:
    def __init__(self, report, system, seed):
        self.report, self.system, self.seed = report, system, seed
        self.zone = system.zone(ZONE)
        self.spec = system.spec
        self.trace_file = system.machine.trace_file
        self.nvme = LINES[system.spec.nvme.slot]
        self.igb = LINES[system.spec.igb.slot]

    def device(self, device_id):
        return next(d for d in self.system.monitor.devices() if d.id == device_id)

    def real(self, device_id):
        return hardware.function(self.system.machine, self.device(device_id).bdf)

    def use_nvme(self, shell):
        self.seed += 1
        at, size = 4 * MIB, 2 * MIB
        checks.nvme_read(self.report, self.system, shell)
        checks.nvme_write(self.report, shell, at, size, self.seed)
        wrong = self.system.disk.mismatch(at, size, self.seed)
        self.report.check(not wrong, f"NVMe: {shell.name}'s writes are in the image", wrong or "")

    def use_igb(self):
        self.seed += 2
        checks.net_up(self.zone)
        checks.ping(self.report, self.zone, 100)
        checks.tcp(self.report, self.system, self.zone, MIB, self.seed)

    def wired(self, shell):
        return interrupts.parse_wired(shell.run("cat /proc/interrupts"))

    def counted(self, shell, driver):
        """How often the kernel took the line that the driver is on, and its INTID there."""
        return next((v for k, v in self.wired(shell).items() if driver in k), (None, 0))

    def lines(self, start, wanted, cpus=ZONE_CPUS):
        """Each line wanted rose, fell as often, and was taken by its zone's CPUs alone; no message."""
        seen = interrupts.wires(self.trace_file, start)
        for intid in wanted:
            taken = seen.taken.get(intid, {})
            self.report.check(
                seen.raised[intid] >= 10
                and seen.raised[intid] == seen.lowered[intid]
                and set(taken) <= cpus
                and taken,
                f"QEMU: interrupt {intid} was raised, lowered as often, taken by the zone's CPUs only",
                f"{seen.raised[intid]} times, {dict(taken)}",
            )
        self.report.check(
            not seen.messages, "QEMU's ITS: no message from anybody", seen.messages or ""
        )

    # ---- slices ----

    def boot(self):
        """Both drivers are up, on lines of their own or on one."""
        for device_id, driver in ((checks.NVME_ID, "nvme0q0"), (checks.IGB_ID, "eth0")):
            if driver == "eth0":
                checks.net_up(self.zone)
            intid, total = self.counted(self.zone, driver)
            real = self.real(device_id)
            self.report.check(
                intid is not None and total > 0,
                f"{driver} is on a line of {ZONE}'s and was interrupted",
                f"INTID {intid}, {total} times",
            )
            self.report.check(
                not real.command & hardware.COMMAND_INTX_OFF and not real.sends,
                "in the machine its INTx is on, its MSI-X off",
                real,
            )

    def work(self):
        self.report.step(f"I/O in {ZONE} by lines")
        start = position(self.trace_file)
        before = {d: self.counted(self.zone, d) for d in ("nvme0q0", "eth0")}
        self.use_nvme(self.zone)
        self.use_igb()
        self.lines(start, {self.nvme, self.igb})
        seen = interrupts.wires(self.trace_file, start)
        for driver, line in (("nvme0q0", self.nvme), ("eth0", self.igb)):
            rise = self.counted(self.zone, driver)[1] - before[driver][1]
            taken = sum(seen.taken.get(line, {}).values())
            self.report.check(
                abs(rise - taken) <= 8,
                f"{driver}: the kernel counts what the machine's CPUs took",
                f"{rise} in /proc/interrupts, {taken} taken",
            )

    def reset(self):
        self.report.step(f"{ZONE} resets both")
        start = position(self.trace_file)
        for device_id, driver in ((checks.NVME_ID, "nvme"), (checks.IGB_ID, "igb")):
            bdf = self.device(device_id).virtual_bdf
            place = f"/sys/bus/pci/drivers/{driver}"
            self.zone.run(f"echo {bdf} > {place}/unbind")
            self.zone.run(f"echo flr > /sys/bus/pci/devices/{bdf}/reset_method")
            self.zone.run(f"echo 1 > /sys/bus/pci/devices/{bdf}/reset", 30)
            self.zone.run(f"echo {bdf} > {place}/bind", 60)
        self.zone.run(
            f"n=0; until [ -b {checks.DISK} ] || [ $n = 100 ]; do usleep 100000; n=$((n+1)); done"
        )
        self.use_nvme(self.zone)
        self.use_igb()
        self.lines(start, {self.nvme, self.igb})

    def hand(self, old, new, cpus):
        """The drive, and its line, from one running zone to the other."""
        self.report.step(f"The drive goes from {old.name} to {new.name}")
        bdf = self.device(checks.NVME_ID).bdf
        virtual = self.device(checks.NVME_ID).virtual_bdf
        old.run(f"echo 1 > /sys/bus/pci/devices/{virtual}/remove")
        self.system.monitor.run(f"release {bdf}")
        for _ in range(50):
            if self.device(checks.NVME_ID).state == "quarantined":
                break
            time.sleep(0.1)
        real = self.real(checks.NVME_ID)
        self.report.check(
            real.command & hardware.COMMAND_INTX_OFF, "released: INTx is off in the machine", real
        )
        start = position(self.trace_file)
        self.system.monitor.run(f"assign {bdf} {new.name}")
        new.run(f"{RESCAN}; usleep 1500000")
        self.use_nvme(new)
        self.lines(start, {self.nvme}, cpus)

    def kill(self):
        self.report.step(f"{ZONE} is killed while the card is busy, and started again")
        # Not the drive: QEMU's holds its line for good when completions were left unread at a reset.
        for _ in range(4):
            self.zone.run(f"(ping -i 0.002 {checks.PEER_ADDRESS} > /dev/null 2>&1 &)")
        time.sleep(1)
        self.stop()
        self.start()

    def stop(self):
        self.system.monitor.run(f"kill {ZONE}")
        self.system.monitor.wait(ZONE, "stopped")
        for device_id in (checks.NVME_ID, checks.IGB_ID):
            real = self.real(device_id)
            self.report.check(
                real.command & hardware.COMMAND_INTX_OFF and not real.masters,
                f"{device_id}: INTx and Bus Master are off",
                real,
            )
        high = interrupts.wires(self.trace_file, 0).high & {self.nvme, self.igb}
        self.report.check(not high, "QEMU: neither line is high", high or "")
        self.strays()

    def start(self):
        self.system.monitor.run(f"start {ZONE}")
        self.zone.wait_ready(90)
        start = position(self.trace_file)
        self.use_nvme(self.zone)
        self.use_igb()
        self.lines(start, {self.nvme, self.igb})

    def strays(self):
        """A line that is somebody's no more is masked at its first interrupt."""
        told = next(
            line for line in self.system.monitor.run("stats") if "came for nobody" in line
        )
        count = int(told.split(":")[1].split(",")[0])
        self.report.check(count <= 4, "hardly an interrupt came for nobody", told.strip())

    def end(self):
        faults = self.system.monitor.faults()
        self.report.check(not faults, "no IOMMU fault was reported", "; ".join(map(str, faults)))
        self.system.power_off()
        trace = read_trace(self.trace_file)
        self.report.check(
            trace.let_through() == 0, "translation: no DMA bypassed the SMMU in any of it"
        )
        self.system.tidy(self.report)


# With shadow doorbells a driver may leave a completion queue's doorbell alone, and QEMU goes on holding the line
# (docs/hardware/qemu-virt.md).
DRIVE = Nvme(doorbell_buffer=False)


# ---- lines of their own ---------------------------------------------------------------------------


def apart(report, seed):
    records = paths.fresh_records("test_intx")
    trace = WITNESS_TRACE + interrupts.LINE_EVENTS
    with System(
        "test_intx", records=records, disk_size=16 * MIB, nvme=DRIVE,
        initrd=without_messages(records), trace=trace,
    ) as system:  # fmt: skip
        report.step("Boot with pci=nomsi")
        system.boot(ZONE)
        run = Run(report, system, seed)
        run.boot()
        intids = {run.counted(run.zone, d)[0] for d in ("nvme0q0", "eth0")}
        report.check(len(intids) == 2, f"two lines of the machine are two of {ZONE}'s", intids)
        run.work()
        run.reset()
        run.hand(run.zone, system.root, {0})
        run.hand(system.root, run.zone, ZONE_CPUS)
        run.kill()
        report.step("Afterwards")
        run.end()


# ---- one line, one zone -----------------------------------------------------------------------------


def storm(run):
    """The card holds the line; the drive's driver, which shares it, finds nothing to do."""
    zone, report = run.zone, run.report
    bdf = run.device(checks.IGB_ID).virtual_bdf
    run.zone.run(f"echo {bdf} > /sys/bus/pci/drivers/igb/unbind; setpci -s {bdf} COMMAND=0402:0406")
    bar = int(zone.run(f"head -n 1 /sys/bus/pci/devices/{bdf}/resource").split()[0], 16)
    zone.run(f"devmem {bar + IGB_IMS:#x} 32 {LINK_CHANGE}; devmem {bar + IGB_ICS:#x} 32 {LINK_CHANGE}")
    status = int(zone.run(f"setpci -s {bdf} STATUS").strip(), 16)
    report.check(status & 8, "the zone sees Interrupt Status, with INTx Disable set", hex(status))
    high = interrupts.wires(run.trace_file, 0).high
    report.check(run.igb not in high, "QEMU: INTx Disable keeps the line low")
    start = position(run.trace_file)
    # On the CPU that is not stormed: the other comes to nothing else.
    change = f"setpci -s {bdf} COMMAND=0:400; usleep 200000; setpci -s {bdf} COMMAND=400:400"
    zone.run(f"(taskset 2 sh -c '{change}' > /dev/null 2>&1 &)")
    for _ in range(100):
        time.sleep(0.3)
        seen = interrupts.wires(run.trace_file, start)
        if seen.raised[run.igb] and run.igb not in seen.high:
            break
    zone.run("true", 30)
    seen = interrupts.wires(run.trace_file, start)
    taken = seen.taken.get(run.igb, {})
    report.check(
        sum(taken.values()) >= 100 and set(taken) <= ZONE_CPUS,
        "QEMU: the line came again and again, to the zone's CPUs only",
        dict(taken),
    )
    report.check(run.igb not in seen.high, "QEMU: the zone's INTx Disable lowered it")
    return bdf


def killed_in_storm(run, bdf):
    run.zone.run(f"((usleep 200000; setpci -s {bdf} COMMAND=0:400) &)")
    time.sleep(1)
    began = time.monotonic()
    answer = run.system.root.run("echo $((6*7)); lspci -n > /dev/null", 10)
    took = time.monotonic() - began
    run.report.check("42" in answer, "root answers meanwhile", f"after {took:.2f} s")
    high = interrupts.wires(run.trace_file, 0).high
    run.report.check(run.igb in high, "QEMU: the line is high when the zone is killed")
    run.stop()
    run.start()


def shared(report, seed):
    report.step("Both devices on one line")
    records = paths.fresh_records("test_intx-shared")
    trace = WITNESS_TRACE + interrupts.LINE_EVENTS
    with System(
        "test_intx-shared", records=records, disk_size=16 * MIB, nvme=DRIVE, igb=Igb(slot=6),
        initrd=without_messages(records), trace=trace,
    ) as system:  # fmt: skip
        system.boot(ZONE)
        run = Run(report, system, seed)
        report.check(run.nvme == run.igb, "the machine wires both to one interrupt", run.nvme)
        run.boot()
        report.check(
            run.counted(run.zone, "nvme0q0")[0] == run.counted(run.zone, "eth0")[0],
            f"{ZONE}'s kernel has both on one line",
            run.counted(run.zone, "eth0")[0],
        )
        run.work()
        report.step("The card holds the line")
        bdf = storm(run)
        run.use_nvme(run.zone)
        report.step("And holds it while the zone is killed")
        killed_in_storm(run, bdf)
        run.end()


# ---- one line, two zones ----------------------------------------------------------------------------


def refused(report, seed):
    report.step("The drive's line is root's device's, too")
    records = paths.fresh_records("test_intx-refused")
    with System(
        "test_intx-refused", records=records, disk_size=16 * MIB, rng_slot=6,
        trace=WITNESS_TRACE + interrupts.LINE_EVENTS,
    ) as system:  # fmt: skip
        system.boot(ZONE)
        run = Run(report, system, seed)
        system.monitor.run("log")  # what is there and never shown by itself
        told = sorted({line for line in system.monitor.log() if "shared-intx" in line})
        report.check(
            len(told) == 2 and all("has messages only, no INTx" in line for line in told),
            "the log names both devices, the zones and the rule",
            "; ".join(told),
        )
        for shell, device_id, pin in (
            (run.zone, checks.NVME_ID, False),
            (run.zone, checks.IGB_ID, True),
            (system.root, "1af4:1044", False),
        ):
            seen = shell.run(f"setpci -d {device_id} INTERRUPT_PIN").strip()
            report.check((seen != "00") == pin, f"{device_id} shows pin {seen} in {shell.name}")
            real = run.real(device_id)
            report.check(
                real.command & hardware.COMMAND_INTX_OFF, "in the machine INTx is off", real
            )
        start = position(run.trace_file)
        run.use_nvme(run.zone)
        run.use_igb()
        seen = interrupts.wires(run.trace_file, start)
        report.check(
            not seen.raised[run.nvme] and not seen.raised[run.igb] and seen.messages >= 10,
            "QEMU: messages, and no line was raised",
            f"{seen.messages} messages",
        )
        run.end()


def main():
    report = Report("Interrupt lines")
    seed = make_seed(report)
    apart(report, seed)
    shared(report, seed + 100)
    refused(report, seed + 200)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
