#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux zones behind a virtio IOMMU: an IOMMU that is a PCI function itself and lets everything through at first.

QEMU's trace of its translations is the witness: the zone's devices reach the zone's memory and the doorbell, nothing else; a fault
that the monitor reports is one that QEMU reported to the driver.
"""

import re
import sys

from lib import bundle, checks, paths
from lib.disk import MIB
from lib.report import Report
from lib.system import System, make_seed

TIME_LIMIT = 200
NAME = "test_virtio_iommu"
ZONE = "zone1"
TRACE = ("virtio_iommu_translate_out", "virtio_iommu_report_fault")
DOORBELL = range(0x08090000, 0x080A0000)  # GITS_TRANSLATER's page of QEMU's virt machine
_OUT = re.compile(r"virtio_iommu_translate_out (0x[0-9a-f]+) -> (0x[0-9a-f]+) for sid=(\d+)")
_FAULT = re.compile(r"virtio_iommu_report_fault .*endpoint=(\d+) address =(0x[0-9a-f]+)")


def translations(machine):
    """{stream: {(iova, host address)}} and {(stream, address)} of faults, as QEMU traced them."""
    reached, faults = {}, set()
    with open(machine.trace_file, errors="replace") as trace:
        for line in trace:
            if match := _OUT.search(line):
                iova, host, stream = match.groups()
                reached.setdefault(int(stream), set()).add((int(iova, 16), int(host, 16)))
            elif match := _FAULT.search(line):
                faults.add((int(match.group(1)), int(match.group(2), 16)))
    return reached, faults


def confined(report, reached, stream, name, place):
    pairs = {p for p in reached.get(stream, ()) if p[1] not in DOORBELL}
    inside = range(place.ram_hpa, place.ram_hpa + place.ram_size)
    shift = place.ram_hpa - place.ram_gpa
    wrong = [p for p in pairs if p[1] not in inside or p[1] - p[0] != shift]
    report.check(
        pairs and not wrong,
        f"{name}: QEMU translated its DMA into its zone's memory only, none of it identical",
        f"{len(pairs)} different addresses, {len(wrong)} elsewhere",
    )


def traffic(report):
    report.step("Two zones behind a virtio IOMMU")
    records = paths.fresh_records(f"{NAME}/traffic")
    with System(NAME, records=records, disk_size=16 * MIB, smmu="virtio", trace=TRACE) as system:
        system.boot(ZONE)
        zone = system.zone(ZONE)
        report.check(
            any("through until now" in line for line in system.monitor.log()),
            "the boot log says that it let everything through, and does no more",
        )
        devices = {d.id: d for d in system.monitor.devices()}
        place = system.monitor.zones()[ZONE]
        seed = make_seed(report)
        checks.nvme_read(report, system, zone)
        checks.net_up(zone)
        checks.ping(report, zone, 200)
        checks.marker(report, system, zone, seed, place)
        for who, shell in (("root", system.root), (ZONE, zone)):
            report.check("1af4:1057" not in shell.run("lspci -n"), f"{who} does not see the IOMMU")
        system.monitor.run(f"stop {ZONE}")
        system.monitor.wait(ZONE, "stopped")
        checks.ram_is_zero(report, system, place, "after a stop")
        report.check(not system.monitor.faults(), "no fault was reported")
        system.power_off()
        reached, faults = translations(system.machine)
        for name, ids in (("NVMe", checks.NVME_ID), ("igb", checks.IGB_ID)):
            confined(report, reached, devices[ids].stream, name, place)
        report.check(not faults, "QEMU reported no fault", sorted(faults)[:3] or "")
    system.tidy(report)


def fault(report):
    report.step("A device that reaches past its domain")
    records = paths.fresh_records(f"{NAME}/fault")
    image = bundle.make(paths.MANIFESTS / "demo-half-dma.dts", records / "half.bundle")
    with System(
        NAME, records=records, disk_size=MIB, smmu="virtio", initrd=image, trace=TRACE
    ) as system:
        system.monitor.wait_ready()
        system.root.wait_ready()
        system.monitor.wait_log(r"DMA (read|write|access) at .* refused", 60)
        told = system.monitor.faults()
        owner = {d.stream: d for d in system.monitor.devices()}
        place = system.monitor.zones()[ZONE]
        system.power_off()
        _, faults = translations(system.machine)
        known = {(owner[s].bdf, address) for s, address in faults if s in owner}
        said = {(f.bdf, f.iova) for f in told}
        report.check(
            said and said <= known and all(f.zone == ZONE for f in told),
            "each fault the monitor tells is one that QEMU reported",
            f"{len(said)} told; {sorted(said)[:2]}",
        )
        upper = range(place.ram_gpa + place.ram_size // 2, place.ram_gpa + place.ram_size)
        report.check(
            all(address in upper for _, address in said), "they are in the half left out", upper
        )
    system.tidy(report)


def main():
    paths.fresh_records(NAME)
    report = Report("A virtio IOMMU")
    traffic(report)
    fault(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
