#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""DMA is translated or blocked, from the hypervisor's first instruction to the last: QEMU's trace
and SMMU say so.
"""

import sys

from lib import checks, smmu
from lib.disk import MIB
from lib.machine import WITNESS_TRACE
from lib.report import Report
from lib.system import System
from lib.trace import position, read_trace

TIME_LIMIT = 120
ZONE = "zone1"


def table(report, system, streams, when):
    entries = smmu.stream_table(system.machine)
    kinds = {stream: entries.get(stream, "invalid") for stream in streams.values()}
    report.check(smmu.enabled(system.machine), f"{when}: the SMMU translates")
    report.check(
        set(entries.values()) <= {"abort", "stage 2"},
        f"{when}: no entry of the stream table is a bypass",
        f"{len(entries)} valid: " + ", ".join(f"{s:#x} {k}" for s, k in sorted(entries.items())),
    )
    return kinds


def main():
    report = Report("DMA is translated or blocked")
    with System(
        "test_translation", disk_size=32 * MIB, trace=WITNESS_TRACE + ("smmuv3_translate_success",)
    ) as system:
        machine = system.machine
        report.step("Boot with every translation traced")
        system.boot(ZONE)
        zone = system.zone(ZONE)
        devices = {d.id: d for d in system.monitor.devices()}
        streams = {"NVMe": devices[checks.NVME_ID].stream, "igb": devices[checks.IGB_ID].stream}
        place = system.monitor.zones()[ZONE]
        report.check(
            smmu.aborts_when_off(machine), "the SMMU would abort what comes if it were off (GBPA)"
        )
        kinds = table(report, system, streams, "running")
        report.check(
            set(kinds.values()) == {"stage 2"},
            "running: both streams are translated by stage 2",
            kinds,
        )

        report.step("Traffic")
        checks.nvme_read(report, system, zone)
        checks.net_up(zone)
        checks.ping(report, zone, 200)

        report.step(f"Stop {ZONE}: its streams are blocked")
        system.monitor.run(f"stop {ZONE}")
        system.monitor.wait(ZONE, "stopped")
        stopped_at = position(machine.trace_file)
        kinds = table(report, system, streams, "stopped")
        report.check(
            not {"stage 2", "stage 1", "bypass"} & set(kinds.values()),
            "stopped: both streams are blocked",
            kinds,
        )
        system.root.run("sleep 1; true")
        report.check(
            not system.monitor.faults(),
            "no IOMMU fault was reported",
            "; ".join(map(str, system.monitor.faults())),
        )
        system.power_off()
        trace = read_trace(machine.trace_file)
        checks.translation(report, trace, streams, {name: place for name in streams})
        report.check(not trace.events, "QEMU recorded no SMMU event", trace.events[:3] or "")
        late = read_trace(machine.trace_file, stopped_at)
        report.check(
            not any(late.translated[s] for s in streams.values()),
            "nothing of the zone's devices was translated after it stopped",
        )
    system.tidy(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
