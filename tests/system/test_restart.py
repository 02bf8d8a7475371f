#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""zone1 restarts five times in one run, and its devices with it: twice by its own reboot, three
times by the monitor.

Each time both devices were reset (QEMU's trace), both work again, and when the zone was stopped in
between, its former RAM reads zero through QEMU. Root goes on undisturbed.
"""

import sys

from lib import checks
from lib.disk import MIB
from lib.report import Report
from lib.system import System, make_seed
from lib.trace import position, read_trace

TIME_LIMIT = 300
ZONE = "zone1"
WRITE_AT, WRITE_SIZE = 16 * MIB, 4 * MIB
LOOP_AT, LOOP_SIZE = 32 * MIB, 16 * MIB


class Restarts:
    def __init__(self, report, system, seed):
        self.report, self.system, self.seed = report, system, seed
        self.zone = system.zone(ZONE)
        self.count = 0

    def use(self):
        """Both devices work, verified from outside."""
        self.count += 1
        size = 8 * MIB
        checks.nvme_read(
            self.report, self.system, self.zone, size, f"after start {self.count}: the zone reads"
        )
        checks.nvme_write(self.report, self.zone, WRITE_AT, WRITE_SIZE, self.seed + self.count)
        wrong = self.system.disk.mismatch(WRITE_AT, WRITE_SIZE, self.seed + self.count)
        self.report.check(
            not wrong,
            f"NVMe: after start {self.count}: the zone's writes are in the image",
            wrong or "",
        )
        checks.net_up(self.zone)
        checks.ping(self.report, self.zone, 50)
        checks.tcp(self.report, self.system, self.zone, MIB, self.seed + self.count)

    def place(self):
        return self.system.monitor.zones()[ZONE]

    def dirty(self):
        """Leaves a mark in the zone's RAM; the reason why zero means something afterwards."""
        self.zone.run(f"(iotool marker {self.seed} > /tmp/marker 2>&1 &); usleep 300000")
        return self.place()

    def again(self, how, act):
        """One restart: act() makes the zone go down and come up; then it is used."""
        self.report.step(f"Restart {self.count}: {how}")
        before, start = self.place().starts, position(self.system.machine.trace_file)
        act()
        self.system.monitor.wait_started(ZONE, before + 1)
        self.zone.wait_ready(60)
        self.report.check(
            self.place().starts == before + 1,
            f"{how}: the zone started once more",
            self.place().starts,
        )
        resets = read_trace(self.system.machine.trace_file, start).resets
        self.report.check(
            resets["nvme"] >= 1 and resets["igb"] >= 1,
            f"{how}: QEMU saw both devices reset",
            f"nvme {resets['nvme']}, igb {resets['igb']}",
        )
        self.use()

    def reboot(self):
        self.zone.port.send_line("reboot -f")

    def restart(self):
        self.system.monitor.run(f"restart {ZONE}")

    def stop_start(self):
        place = self.dirty()
        self.system.monitor.run(f"stop {ZONE}")
        self.system.monitor.wait(ZONE, "stopped")
        checks.ram_is_zero(self.report, self.system, place, "after stop")
        self.system.monitor.run(f"start {ZONE}")

    def kill_writing(self):
        place = self.dirty()
        self.zone.start(f"iotool write-seed --loop {checks.DISK} {LOOP_AT} {LOOP_SIZE} {self.seed}")
        self.zone.port.expect("write-seed looping", 30)
        self.system.monitor.run(f"kill {ZONE}")
        self.system.monitor.wait(ZONE, "stopped")
        checks.ram_is_zero(self.report, self.system, place, "after a kill during writes")
        changed = self.system.disk.changed_outside(0, LOOP_AT + LOOP_SIZE)
        self.report.check(
            not changed, "NVMe: the kill left the rest of the image alone", changed or ""
        )
        self.system.monitor.run(f"start {ZONE}")


def main():
    report = Report(f"{ZONE} restarts five times")
    seed = make_seed(report)
    with System("test_restart", disk_size=64 * MIB) as system:
        report.step("First start")
        system.boot(ZONE)
        uptime = float(system.root.run("cut -d' ' -f1 /proc/uptime"))
        run = Restarts(report, system, seed)
        run.use()
        run.again("by the guest's reboot", run.reboot)
        run.again("by the monitor's restart", run.restart)
        run.again("by the guest's reboot, again", run.reboot)
        run.again("by the monitor's stop and start", run.stop_start)
        run.again("by the monitor's kill during writes, then start", run.kill_writing)
        report.step("Afterwards")
        report.check(
            float(system.root.run("cut -d' ' -f1 /proc/uptime")) > uptime, "root ran all the time"
        )
        report.check(
            not system.monitor.faults(),
            "no IOMMU fault was reported",
            "; ".join(map(str, system.monitor.faults())),
        )
        system.power_off()
        trace = read_trace(system.machine.trace_file)
        report.check(trace.let_through() == 0, "translation: no DMA bypassed the SMMU in any of it")
    system.tidy(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
