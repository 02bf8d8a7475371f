#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One network card in two zones: root enables two virtual functions, zone1 gets one, both carry traffic.

Who witnesses it: the peer compares and counts what each function carries; the capture counts the frames of
each function's address; QEMU's trace says under which stream id the card's DMA was translated and into which
memory, that no SMMU event was recorded, and that the card was reset. Root takes zone1's VF back under
traffic, once by disabling VFs, once by resetting the physical function.
"""

import re
import sys

from lib import bundle, checks, paths
from lib.disk import MIB
from lib.machine import WITNESS_TRACE
from lib.peer import PEER_ADDRESS, Sink, read_capture
from lib.report import Report
from lib.system import System, make_seed
from lib.trace import position, read_trace

TIME_LIMIT = 300
ZONE = "zone1"
PF = "0000:01:00.0"
VFS = ("0000:01:10.0", "0000:01:10.2")
SYSFS = f"/sys/bus/pci/devices/{PF}"
ADDRESSES = {"root": "10.0.2.15", ZONE: "10.0.2.16"}
TCP_SIZE = 4 * MIB
PINGS = 200
MACS = {0: "52:54:00:12:34:60", 1: "52:54:00:12:34:61"}


def devices(system):
    return {d.bdf: d for d in system.monitor.devices()}


def wait_for(shell, condition, seconds=10):
    shell.run(
        f"n=0; until {condition} || [ $n = {seconds * 10} ]; do usleep 100000; n=$((n+1)); done; "
        f"[ $n -lt {seconds * 10} ]",
        seconds + 10,
    )


def link_up(shell, name, address):
    shell.run(f"ip link set {name} up && ip addr replace {address}/24 dev {name}")
    wait_for(shell, f"[ $(cat /sys/class/net/{name}/carrier) = 1 ]", 20)


def interface_of(shell, bdf):
    return shell.run(f"ls /sys/bus/pci/devices/{bdf}/net").strip()


def enable(system, count):
    """What a user of root does; without drivers for VFs that are not root's."""
    system.root.run(f"echo 0 > {SYSFS}/sriov_drivers_autoprobe; echo {count} > {SYSFS}/sriov_numvfs")
    for vf in range(count):
        system.root.run(f"ip link set eth0 vf {vf} mac {MACS[vf]}")


def gain(system):
    """zone1's kernel looks for what it was given."""
    zone = system.zone(ZONE)
    zone.run("echo 1 > /sys/bus/pci/rescan")
    wait_for(zone, "ls -d /sys/bus/pci/drivers/igbvf/0* > /dev/null 2>&1")
    link_up(zone, "eth0", ADDRESSES[ZONE])


def lose(system):
    system.zone(ZONE).run("for d in /sys/bus/pci/drivers/igbvf/0*; do echo 1 > $d/remove; done")


def traffic(report, shell, name, seed):
    """Pings and TCP through one function, content judged by the peer."""
    output = shell.run(f"ping -q -c {PINGS} -i 0.005 -W 5 {PEER_ADDRESS}", 90, check=False)
    told = re.search(r"(\d+) packets transmitted, (\d+) packets received", output)
    received = int(told.group(2)) if told else 0
    report.check(received == PINGS, f"{name}: {PINGS} pings answered", received)
    sink = Sink(TCP_SIZE, seed)
    shell.run(f"iotool tcp-send {PEER_ADDRESS} {sink.port} {TCP_SIZE} {seed}", 90, check=False)
    got = sink.wait()
    report.check(
        not got.error and got.bytes == TCP_SIZE,
        f"{name}: {TCP_SIZE // MIB} MiB TCP arrive intact at the peer",
        got.error or f"{got.bytes} bytes compared",
    )


def both_at_once(report, system, seed):
    """Root's PF and zone1's VF at the same time, each to a sink of its own."""
    zone = system.zone(ZONE)
    sinks = {name: Sink(TCP_SIZE, seed + n) for n, name in enumerate(("root", ZONE))}
    commands = {
        name: f"iotool tcp-send {PEER_ADDRESS} {sink.port} {TCP_SIZE} {seed + n}"
        for n, (name, sink) in enumerate(sinks.items())
    }
    frame = zone.start(commands[ZONE])
    system.root.run(commands["root"], 90, check=False)
    zone.finish(frame, 90, check=False)
    for name, sink in sinks.items():
        got = sink.wait()
        report.check(
            not got.error and got.bytes == TCP_SIZE,
            f"both at a time: {name}'s {TCP_SIZE // MIB} MiB arrive intact",
            got.error or f"{got.bytes} bytes compared",
        )


def hidden_without_offer(report):
    """The demo's manifest offers none: root's kernel finds no SR-IOV."""
    records = paths.fresh_records("test_sriov-hidden")
    text = 'root { devices { igb { match-id = <0x8086 0x10c9>; }; }; };\nzone1 { no-autostart; };'
    manifest = bundle.overlay(records, "hidden", text, paths.MANIFESTS / "sriov.dts")
    source = manifest.read_text().replace(
        "igb { match-id", "igb { /delete-property/ sriov-vfs; match-id"
    )
    manifest.write_text(source)
    result = bundle.make(manifest, records / "hidden.bundle", force=True)
    with System("test_sriov-hidden", records=records, nvme=None, initrd=result) as system:
        system.boot()
        told = system.root.run(f"ls {SYSFS}/sriov_numvfs 2>&1", check=False)
        report.check("No such file" in told, "not offered: root sees no SR-IOV", told.strip())
        told = system.monitor.log()
        report.check(
            any("vf-not-offered" in line for line in told),
            "not offered: zone1, which names a VF, is refused by name",
        )
        system.power_off()
    system.tidy(report)


def owners(report, system):
    """Who has what, once VFs are there."""
    table = devices(system)
    report.table(
        ["device", "id", "zone", "in the zone", "stream", "state"],
        [[d.bdf, d.id, d.zone, d.virtual_bdf, f"{d.stream:#x}", d.state] for d in table.values()],
    )
    report.check(
        table[VFS[0]].zone == ZONE and table[VFS[1]].zone == "root",
        "VF 0 belongs to zone1, VF 1 to root",
    )
    listing = system.root.run(f"lspci -n -s {VFS[0]}; lspci -n -s {VFS[1]}")
    report.check(listing.count("8086:10ca") == 2, "root's kernel finished enabling: it has both")
    capabilities = system.root.run(f"lspci -vv -s {VFS[0]}")
    report.check(
        "Capabilities:" not in capabilities and "BusMaster-" in capabilities,
        "zone1's VF is an inert placeholder in root: no capabilities, no Bus Master",
    )
    return table


def main():
    report = Report("SR-IOV: root's card, zone1's virtual function")
    seed = make_seed(report)
    paths.require(paths.BUILD / "sriov.bundle")
    with System(
        "test_sriov", nvme=None, initrd=paths.BUILD / "sriov.bundle",
        trace=WITNESS_TRACE + ("smmuv3_translate_success",),
    ) as system:  # fmt: skip
        machine = system.machine
        report.step("Boot: zone1 starts without its VF")
        system.boot(ZONE)
        before = devices(system)
        report.check(
            all(before[vf].state == "absent" for vf in VFS), "no VF before root asks"
        )
        link_up(system.root, "eth0", ADDRESSES["root"])
        traffic(report, system.root, "root's PF, no VFs", seed)

        report.step("Root's kernel enables two")
        enable(system, 2)
        table = owners(report, system)
        wait_for(system.root, "[ $(cat /sys/class/net/eth0/carrier) = 1 ]", 20)
        gain(system)
        mac = system.zone(ZONE).run("cat /sys/class/net/eth0/address").strip()
        report.check(mac == MACS[0], "zone1's VF has the address root's driver gave it", mac)

        report.step("Traffic")
        start = position(machine.trace_file)
        traffic(report, system.root, "root's PF", seed + 2)
        traffic(report, system.zone(ZONE), "zone1's VF", seed + 3)
        both_at_once(report, system, seed + 4)
        places = system.monitor.zones()
        seen = read_trace(machine.trace_file, start)
        report.say(
            "translations by stream while both carried traffic: "
            + ", ".join(f"{s:#x}: {n}" for s, n in sorted(seen.translated.items()))
        )
        report.check(
            set(seen.translated) == {table[PF].stream, table[VFS[0]].stream},
            "requester ids: the PF's queues use the PF's, the VF's the VF's",
        )

        report.step("Root takes the VFs back while zone1's is in use")
        zone = system.zone(ZONE)
        zone.run(f"(ping -i 0.01 {PEER_ADDRESS} > /dev/null 2>&1 &)")
        system.root.run(f"echo 0 > {SYSFS}/sriov_numvfs")
        gone = devices(system)
        report.check(all(gone[vf].state == "absent" for vf in VFS), "both VFs are gone")
        zone.run("killall ping; true")
        lose(system)
        system.root.run("lspci -n")
        wait_for(system.root, "[ $(cat /sys/class/net/eth0/carrier) = 1 ]", 20)
        traffic(report, system.root, "root's PF, afterwards", seed + 6)

        report.step("And gives them again")
        enable(system, 2)
        gain(system)
        traffic(report, zone, "zone1's VF, the second time", seed + 7)

        report.step("Root resets the physical function by its FLR bit, while zone1's VF is in use")
        zone.run(f"(ping -i 0.01 {PEER_ADDRESS} > /dev/null 2>&1 &)")
        start = position(machine.trace_file)
        # Behind the driver's back: Linux would disable VFs before a reset of its own.
        system.root.run(f"setpci -s {PF} CAP_EXP+8.w=8000:8000; sleep 1; lspci -n -s {PF}")
        zone.run("killall ping; true")
        after = devices(system)
        report.check(
            all(after[vf].state == "absent" for vf in VFS) and after[PF].state == "assigned",
            "the reset took the VFs first and came back",
            [after[vf].state for vf in VFS],
        )
        report.check(
            read_trace(machine.trace_file, start).resets["igb"] >= 1, "QEMU saw the card reset"
        )
        lose(system)
        system.root.run(f"echo {PF} > /sys/bus/pci/drivers/igb/unbind", 60)
        system.root.run(f"echo {PF} > /sys/bus/pci/drivers/igb/bind", 60)
        link_up(system.root, "eth0", ADDRESSES["root"])
        traffic(report, system.root, "root's PF, after its reset", seed + 8)

        report.step("Afterwards")
        report.check(
            not system.monitor.faults(),
            "no IOMMU fault was reported",
            "; ".join(map(str, system.monitor.faults())),
        )
        system.power_off()
        trace = read_trace(machine.trace_file)
        report.check(not trace.events, "QEMU recorded no SMMU event", trace.events[:3] or "")
        checks.translation(
            report,
            trace,
            {"PF": table[PF].stream, "VF 0": table[VFS[0]].stream},
            {"PF": places["root"], "VF 0": places[ZONE]},
        )
        for name, card in (("PF", system.spec.igb.mac), ("VF 0", MACS[0])):
            wire = read_capture(machine.capture_file, card)
            report.check(
                wire.answered_pings >= PINGS and wire.tcp_from_card >= TCP_SIZE,
                f"{name} on the wire",
                f"{wire.answered_pings} pings answered, {wire.tcp_from_card} bytes of TCP",
            )
    system.tidy(report)
    report.step("Without an offer")
    hidden_without_offer(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
