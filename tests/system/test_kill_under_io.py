#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A zone is killed in the middle of its I/O: from then on nothing writes its old memory, and its
devices serve another zone.

Drive and card write into zone1's RAM up to the kill (QEMU's trace counts it). Work is left over on
purpose: the drive is slowed down, so that commands are under way, and the card keeps the receive
buffers it had. The machine's memory is a file of the host: while the zone is stopped, a pattern is
written all over its former RAM from outside. Then the peer sends to the card as if nothing had
happened. The pattern is found unchanged after seconds of it, and again when both devices have
worked for root. The stream table and config space say, through QEMU, that the devices were cut off;
QEMU's trace, that none tried.
"""

import sys
import time

from lib import checks, hardware, paths, smmu
from lib.disk import MIB
from lib.peer import Datagrams
from lib.ram import Pattern
from lib.report import Report
from lib.system import System, make_seed
from lib.trace import position, read_trace

TIME_LIMIT = 240
ZONE = "zone1"
RESCAN = "echo 1 > /sys/bus/pci/rescan"
READ_FOREVER = f"(while :; do iotool read-sha256 {checks.DISK} 32M; done > /dev/null 2>&1 &)"
WATCH_SECONDS = 4
# Bytes a second of the drive while it is slow: a request of iotool's takes seconds.
SLOW = 256 << 10
TRANSLATIONS = "smmuv3_translate_success"


class Kill:
    def __init__(self, report, system, memory, seed):
        self.report, self.system, self.memory, self.seed = report, system, memory, seed
        self.machine = system.machine
        self.devices = [d for d in system.monitor.devices() if d.zone == ZONE]
        self.place = system.monitor.zones()[ZONE]
        self.pattern = None

    def phase(self, act):
        """QEMU's account of what the SMMU did during act()."""
        start = position(self.machine.trace_file)
        self.machine.qmp.trace(TRANSLATIONS, True)
        act()
        self.machine.qmp.trace(TRANSLATIONS, False)
        return read_trace(self.machine.trace_file, start)

    def limit_drive(self, rate):
        """Bytes a second that QEMU reads from the image; 0: no limit."""
        self.machine.qmp.hmp(f"block_set_io_throttle disk0 0 {rate} 0 0 0 0")

    def under_io(self):
        """Both devices are writing the zone's RAM."""
        self.report.step(f"I/O in {ZONE}")
        zone = self.system.zone(ZONE)
        checks.net_up(zone)
        zone.run(f"ping -q -c 3 {checks.PEER_ADDRESS}")  # the peer knows the card's address now
        zone.run(READ_FOREVER)
        # Stops before the kill: the card's receive buffers must not be used up by then.
        with Datagrams(self.machine):
            seen = self.phase(lambda: time.sleep(1))
        for device in self.devices:
            count = seen.translated[device.stream]
            self.report.check(
                count >= 100, f"{device.id} is busy with DMA", f"{count} accesses in a second"
            )

    def kill(self):
        self.report.step("Kill")
        self.limit_drive(SLOW)
        time.sleep(0.5)
        start = position(self.machine.trace_file)
        self.system.monitor.run(f"kill {ZONE}")
        self.system.monitor.wait(ZONE, "stopped")
        self.pattern = Pattern(self.memory, self.place.ram_hpa, self.place.ram_size, self.seed)
        self.pattern.write()
        sample = self.machine.qmp.memory(self.place.ram_hpa, 64)
        self.report.check(
            sample == self.pattern.start(64),
            "the pattern is in the machine's memory",
            f"{self.place.ram_size // MIB} MiB at {self.place.ram_hpa:#x}, pmemsave agrees",
        )
        resets = read_trace(self.machine.trace_file, start).resets
        self.report.check(
            resets["nvme"] >= 1 and resets["igb"] >= 1,
            "QEMU saw both devices reset",
            f"nvme {resets['nvme']}, igb {resets['igb']}",
        )
        now = {d.bdf: d for d in self.system.monitor.devices()}
        table = smmu.stream_table(self.machine)
        for device in self.devices:
            state, entry = now[device.bdf].state, table.get(device.stream, "invalid")
            real = hardware.function(self.machine, device.bdf)
            self.report.check(
                state == "quarantined" and now[device.bdf].zone == "-",
                f"{device.id} is quarantined",
                state,
            )
            self.report.check(
                entry in ("invalid", "abort"), f"{device.id}: its stream is blocked", entry
            )
            self.report.check(
                not (real.masters or real.decodes or real.sends),
                f"{device.id}: neither masters the bus nor decodes nor sends messages",
                real,
            )

    def intact(self, when):
        changes = self.pattern.changes()
        self.report.check(
            not changes,
            f"the pattern in the old RAM is intact {when}",
            f"changed at {', '.join(map(hex, changes))}"
            if changes
            else f"{self.pattern.size // MIB} MiB compared",
        )

    def silence(self):
        """The peer goes on; nothing comes of it."""
        self.report.step(f"{WATCH_SECONDS} s of traffic for a dead zone")
        with Datagrams(self.machine) as datagrams:
            seen = self.phase(lambda: time.sleep(WATCH_SECONDS))
        self.limit_drive(0)
        self.report.check(datagrams.sent >= 100, "the peer goes on", f"{datagrams.sent} frames")
        for device in self.devices:
            done = seen.translated[device.stream]
            refused = seen.aborted[device.stream] + sum(
                stream == device.stream for _, stream in seen.events
            )
            self.report.check(
                done == refused == 0,
                f"{device.id} did no DMA and tried none",
                f"{done} done, {refused} refused",
            )
        self.intact("after that")

    def hand_over(self, new):
        """Root gets both and uses them."""
        self.report.step(f"Both devices go to {new.name}")
        for device in self.devices:
            self.system.monitor.run(f"assign {device.bdf} {new.name}")
        for _ in range(50):
            now = {d.bdf: d for d in self.system.monitor.devices()}
            if all(now[d.bdf].state == "assigned" for d in self.devices):
                break
            time.sleep(0.1)
        for device in self.devices:
            owner = now[device.bdf]
            self.report.check(
                (owner.state, owner.zone) == ("assigned", new.name),
                f"{device.id} is {new.name}'s",
                f"{owner.state} {owner.zone}",
            )
        new.run(f"{RESCAN}; usleep 1500000")
        seen = self.phase(lambda: self.use(new))
        place = self.system.monitor.zones()[new.name]
        for device in self.devices:
            stray = seen.outside(device.stream, place.ram_hpa, place.ram_size)
            self.report.check(
                seen.translated[device.stream] and not stray,
                f"{device.id}: its DMA reaches {new.name}'s RAM only",
                ", ".join(map(hex, stray)) or f"{seen.translated[device.stream]} accesses",
            )
        self.intact(f"after {new.name} used both")

    def use(self, owner):
        checks.nvme_read(
            self.report, self.system, owner, label=f"{owner.name} reads the whole disk"
        )
        at, size = 8 * MIB, 4 * MIB
        checks.nvme_write(self.report, owner, at, size, self.seed, f"{owner.name} writes")
        wrong = self.system.disk.mismatch(at, size, self.seed)
        self.report.check(not wrong, f"NVMe: {owner.name}'s writes are in the image", wrong or "")
        checks.net_up(owner)
        checks.ping(self.report, owner, 50)
        checks.tcp(self.report, self.system, owner, MIB, self.seed)


def main():
    report = Report("A zone is killed under I/O")
    seed = make_seed(report)
    records = paths.fresh_records("test_kill_under_io")
    memory = records / "memory.ram"
    with System(
        "test_kill_under_io", records=records, disk_size=32 * MIB, memory_file=memory
    ) as system:
        system.boot(ZONE)
        run = Kill(report, system, memory, seed)
        run.under_io()
        run.kill()
        run.silence()
        run.hand_over(system.root)
        report.step("Afterwards")
        faults = system.monitor.faults()
        report.check(not faults, "no IOMMU fault was reported", "; ".join(map(str, faults[:4])))
        system.power_off()
        trace = read_trace(system.machine.trace_file)
        report.check(trace.let_through() == 0, "translation: no DMA bypassed the SMMU in any of it")
    system.tidy(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
