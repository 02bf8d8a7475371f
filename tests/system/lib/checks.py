# SPDX-License-Identifier: GPL-2.0-or-later
"""What a zone with the NVMe drive and the igb card is put through, and how it is verified from
outside.

Each function adds its claims to the report. They are used by the demo, by the matrix and by the
restart test.
"""

import re

from . import interrupts
from .disk import MIB, stream
from .peer import PEER_ADDRESS, ZONE_ADDRESS, ZONE_PORT
from .peer import Sink, forward_to_zone, read_capture, remove_forward, send_to_zone
from .qmp import QmpError
from .trace import position

DISK = "/dev/nvme0n1"
PAGE = 4096
MARKER = 64  # bytes, repeated over a page

NVME_ID = "1b36:0010"
IGB_ID = "8086:10c9"


# ---- NVMe ---------------------------------------------------------------------------------------


def nvme_read(report, system, zone, length=None, label="the zone reads the whole disk"):
    """The zone's SHA-256 of what it reads with O_DIRECT equals the host's of the image."""
    size = length or system.disk.size
    output = zone.run(f"iotool read-sha256 {DISK} {size}", 120)
    told = re.search(r"read-sha256 bytes=(\d+) sha256=([0-9a-f]{64})", output)
    expected = system.disk.sha256(length)
    rate = re.search(r"MiB in [\d.]+ s", output)
    ok = told and int(told.group(1)) == size and told.group(2) == expected
    digest = told.group(2)[:16] if told else "-"
    figure = f"{size // MIB} {rate.group(0) if rate else 'MiB'}, SHA-256 {digest}..."
    if not ok:
        figure += f", the host's is {expected[:16]}..."
    return report.check(ok, f"NVMe: {label}, SHA-256 equals the host's", figure)


def nvme_write(report, zone, offset, length, seed, label="the zone writes"):
    """Writing only; nvme_verify() judges when QEMU has ended or the zone has flushed."""
    output = zone.run(f"iotool write-seed {DISK} {offset} {length} {seed}", 120)
    rate = re.search(r"[\d.]+ MiB in [\d.]+ s", output)
    report.say(f"{label}: {rate.group(0) if rate else output}")


def nvme_verify(report, system, offset, length, seed, rest=True):
    """The image holds the seed's stream where the zone wrote it, and nothing else changed."""
    wrong = system.disk.mismatch(offset, length, seed)
    report.check(
        not wrong,
        f"NVMe: {length // MIB} MiB written by the zone are in the image",
        wrong or f"all bytes compared by the host, at {offset // MIB} MiB",
    )
    if rest:
        changed = system.disk.changed_outside(offset, length)
        report.check(
            not changed,
            "NVMe: nothing else in the image changed",
            changed or f"{system.disk.size // MIB} MiB hashed",
        )


# ---- igb ----------------------------------------------------------------------------------------


def net_up(zone, timeout=20):
    zone.run("ip link set eth0 up && ip addr replace " + ZONE_ADDRESS + "/24 dev eth0")
    zone.run(
        "n=0; until [ $(cat /sys/class/net/eth0/carrier) = 1 ] || [ $n = 100 ]; "
        "do usleep 100000; n=$((n+1)); done; "
        "[ $n -lt 100 ]",
        timeout,
    )


def ping(report, zone, count=1000, interval=0.002):
    output = zone.run(f"ping -q -c {count} -i {interval} -W 5 {PEER_ADDRESS}", 90, check=False)
    told = re.search(r"(\d+) packets transmitted, (\d+) packets received", output)
    rtt = re.search(r"min/avg/max = (\S+) ms", output)
    received = int(told.group(2)) if told else 0
    return report.check(
        received >= count,
        f"igb: {count} pings answered",
        f"{received}, min/avg/max {rtt.group(1) if rtt else '-'} ms",
    )


def tcp(report, system, zone, length, seed):
    """`length` bytes each way; content and count are judged by this side of the connections."""
    sink = Sink(length, seed)
    sent = zone.run(f"iotool tcp-send {PEER_ADDRESS} {sink.port} {length} {seed}", 90, check=False)
    got = sink.wait()
    rate = re.search(r"in [\d.]+ s", sent)
    report.check(
        not got.error and got.bytes == length,
        f"igb: {length // MIB} MiB TCP from the zone arrive intact at the peer",
        got.error or f"{got.bytes} bytes compared {rate.group(0) if rate else ''}",
    )
    port = forward_to_zone(system.machine)
    frame = zone.start(f"iotool tcp-recv {ZONE_PORT} {length} {seed + 1}")
    zone.port.expect("tcp-recv listening", 15)
    result = send_to_zone(port, length, seed + 1)
    told = zone.finish(frame, 90, check=False)
    remove_forward(system.machine, port)
    equal = f"tcp-recv bytes={length}" in told and "equal" in told
    rate = re.search(r"in [\d.]+ s", told)
    report.check(
        equal and not result.error and result.bytes == length,
        f"igb: {length // MIB} MiB TCP to the zone arrive intact",
        result.error
        or f"{result.bytes} bytes taken from the peer {rate.group(0) if rate else told}",
    )


def wire(report, system, pings, tcp_bytes):
    """The same, counted on the wire by QEMU's capture; after QEMU has ended."""
    seen = read_capture(system.machine.capture_file, system.spec.igb.mac)
    report.check(
        seen.answered_pings >= pings,
        "igb: pings on the wire",
        f"{seen.answered_pings} answered in the capture",
    )
    report.check(
        min(seen.tcp_from_card, seen.tcp_to_card) >= tcp_bytes,
        "igb: TCP payload on the wire",
        f"{seen.tcp_from_card} bytes from the card, {seen.tcp_to_card} to it, in the capture",
    )
    macs = set(seen.source_macs)
    report.check(
        macs == {system.spec.igb.mac},
        "igb: the zone's frames carry the card's own address",
        ", ".join(sorted(macs)),
    )


# ---- interrupts ---------------------------------------------------------------------------------


def _flows(zone, cpu, count, bytes_each, seed):
    """Short connections from one CPU: their ports spread them over the card's queues."""
    for _ in range(count):
        sink = Sink(bytes_each, seed)
        zone.run(f"iotool --cpu {cpu} tcp-send {PEER_ADDRESS} {sink.port} {bytes_each} {seed}", 30)
        result = sink.wait()
        if result.error:
            raise RuntimeError(f"a connection failed: {result.error}")


def _pin_card(zone, lines, cpus):
    """Each queue's vector to a CPU of its own; returns {vector name: CPU}."""
    wanted = {}
    for name, line in lines.items():
        match = re.fullmatch(r"eth0-(?:rx-|tx-|TxRx-)(\d+)", name)
        if match:
            wanted[name] = int(match.group(1)) % cpus
            zone.run(f"echo {wanted[name]} > /proc/irq/{line.number}/smp_affinity_list")
    return wanted


def _stimulate(system, zone, cpus, wanted, before):
    """Makes every vector of both devices fire: I/O from each CPU, an admin command, a link
    change.
    """
    for cpu in range(cpus):
        zone.run(f"iotool --cpu {cpu} read-sha256 {DISK} 8M > /dev/null 2>&1", 60)
    zone.run("echo 1 > /sys/class/nvme/nvme0/rescan_controller")
    for attempt in range(8):
        for cpu in range(cpus):
            _flows(zone, cpu, 3, 256 * 1024, 7 + attempt)
        rise = interrupts.risen(before, read_interrupts(zone))
        if all(sum(rise[name]) for name in wanted):
            break
    for up in (False, True):
        system.machine.qmp.command("set_link", name="net0", up=up)
        zone.run("usleep 300000")
    net_up(zone)


def read_interrupts(zone):
    return interrupts.parse(zone.run("cat /proc/interrupts"))


def interrupt_delivery(report, system, zone, cpus, nvme_id, igb_id, physical_cpus):
    """Every vector of both devices rises, each queue's on its own CPU; QEMU's ITS and CPUs say so
    too.

    nvme_id, igb_id: the devices' ids at the physical ITS. physical_cpus: where the zone's vCPUs are
    pinned.
    """
    net_up(zone)
    before = read_interrupts(zone)
    wanted = _pin_card(zone, before, cpus)
    before = read_interrupts(zone)
    start = position(system.machine.trace_file)
    for event in interrupts.EVENTS:
        system.machine.qmp.trace(event, True)
    try:
        _stimulate(system, zone, cpus, wanted, before)
    finally:
        for event in interrupts.EVENTS:
            system.machine.qmp.trace(event, False)
    rise = interrupts.risen(before, read_interrupts(zone))
    for queue in range(1, cpus + 1):
        wanted[f"nvme0q{queue}"] = queue - 1
    names = (
        ["nvme0q0"]
        + [f"nvme0q{q}" for q in range(1, cpus + 1)]
        + ["eth0"]
        + sorted(n for n in wanted if "eth0" in n)
    )
    report.table(
        ["vector", *(f"vCPU{cpu}" for cpu in range(cpus)), "meant for"],
        [
            [n, *rise.get(n, ("-",) * cpus)[:cpus], f"vCPU{wanted[n]}" if n in wanted else "any"]
            for n in names
        ],
    )
    silent = [n for n in names if not sum(rise.get(n, (0,)))]
    report.check(
        not silent,
        f"interrupts: {len(names)} vectors rise",
        "none for " + ", ".join(silent) if silent else "",
    )
    strays = [
        n
        for n in wanted
        if any(count for cpu, count in enumerate(rise.get(n, ())) if cpu != wanted[n])
    ]
    report.check(
        not strays, "interrupts: each queue's vector on its own CPU only", ", ".join(strays)
    )
    _outside(
        report,
        system,
        start,
        {"NVMe": (nvme_id, cpus + 1), "igb": (igb_id, 1 + 2 * cpus)},
        physical_cpus,
    )


def _outside(report, system, start, devices, physical_cpus):
    for name, (device_id, vectors) in devices.items():
        seen = interrupts.witness(system.machine.trace_file, start, device_id)
        taken = {event: dict(counts) for event, counts in seen.taken.items()}
        report.say(
            f"QEMU's ITS, device {device_id:#x}: "
            + ", ".join(
                f"vector {event}: {count} -> LPI {seen.intids.get(event, 0)} "
                f"on CPU {sorted(taken.get(event, {}))}"
                for event, count in sorted(seen.messages.items())
            )
        )
        cpus = {cpu for counts in taken.values() for cpu in counts}
        report.check(
            len(seen.messages) >= vectors and cpus and cpus <= set(physical_cpus),
            f"interrupts: QEMU saw {name}'s messages at the ITS, taken by the zone's CPUs only",
            f"{len(seen.messages)} vectors, {sum(seen.messages.values())} messages, "
            f"physical CPUs {sorted(cpus)}",
        )


# ---- memory -------------------------------------------------------------------------------------


def page_of_marker(seed):
    return b"".join(stream(MARKER, seed)) * (PAGE // MARKER)


def marker(report, system, zone, seed, place):
    """A page the zone fills at guest address g is in the machine's memory where the table says, and
    not at g.

    place: object with ram_gpa, ram_hpa, ram_size of the zone, from the monitor.
    """
    zone.run(f"(iotool marker {seed} > /tmp/marker 2>&1 &)")
    told = zone.run(
        "n=0; until grep -q gpa= /tmp/marker || [ $n = 50 ]; do usleep 100000; n=$((n+1)); done; "
        "cat /tmp/marker"
    )
    match = re.search(r"marker gpa=(0x[0-9a-f]+)", told)
    if not match:
        return report.check(False, "memory: the zone's marker", told)
    guest = int(match.group(1), 16)
    host = place.ram_hpa + guest - place.ram_gpa
    expected = page_of_marker(seed)
    report.check(
        place.ram_gpa <= guest < place.ram_gpa + place.ram_size,
        "memory: the marker is in the zone's RAM",
        hex(guest),
    )
    report.check(
        system.machine.qmp.memory(host, PAGE) == expected,
        "memory: the marker is at the host address of the table",
        f"guest {guest:#x} -> host {host:#x}, pmemsave agrees",
    )
    try:
        there = system.machine.qmp.memory(guest, PAGE)
        figure = (
            f"pmemsave at {guest:#x} shows {'the marker' if there == expected else 'other bytes'}"
        )
    except QmpError:
        there, figure = b"", f"the machine has no memory at {guest:#x}"
    report.check(
        guest != host and there != expected, "memory: it is not at that address of the host", figure
    )
    zone.run("killall iotool")
    return None


def ram_is_zero(report, system, place, what):
    """Every byte of a stopped zone's former RAM reads 0 through QEMU."""
    dump = system.records / "ram.bin"
    system.machine.qmp.memory_to_file(place.ram_hpa, place.ram_size, dump)
    dirty = None
    zeros = bytes(MIB)
    with open(dump, "rb") as memory:
        at = 0
        while block := memory.read(MIB):
            if block != zeros[: len(block)]:
                dirty = at + next(i for i, byte in enumerate(block) if byte)
                break
            at += len(block)
    size = dump.stat().st_size
    dump.unlink()
    report.check(
        dirty is None and size == place.ram_size,
        f"memory: old RAM is zero {what}",
        f"{size // MIB} MiB at {place.ram_hpa:#x}"
        if dirty is None
        else f"first byte at {place.ram_hpa + dirty:#x}",
    )


# ---- translation --------------------------------------------------------------------------------


def translation(report, trace, streams, places, phase="the whole run"):
    """From QEMU's trace: no DMA passed untranslated, and each stream's stayed in its zone's RAM.

    streams: {name: stream id}; places: {name: the owner's place in memory}.
    """
    report.check(
        trace.let_through() == 0,
        "translation: no DMA bypassed the SMMU",
        trace.examples.get("bypass")
        or trace.examples.get("disabled")
        or f"0 bypass translations in {phase}",
    )
    for name, stream_id in streams.items():
        count, place = trace.translated[stream_id], places[name]
        outside = trace.outside(stream_id, place.ram_hpa, place.ram_size)
        identity = trace.identity[stream_id]
        report.check(
            count > 0 and not outside and not identity,
            f"translation: {name}'s DMA (stream {stream_id:#x}) goes to its zone's RAM only",
            f"{count} translations, {identity} identical, "
            f"RAM blocks outside: {[hex(b) for b in outside] or 'none'}",
        )
