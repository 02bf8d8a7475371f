# SPDX-License-Identifier: GPL-2.0-or-later
"""The igb's peer, outside of every zone, and what was seen on the wire in between.

The card is connected to QEMU's user-mode network: the address 10.0.2.2 answers pings, and its TCP
ports are this host's loopback, where the peer below listens and connects. It needs no privileges,
no tap device, no bridge. QEMU's filter-dump captures every frame between the card and that network:
a second, independent count.
"""

import collections
import socket
import struct
import threading
import time
from dataclasses import dataclass

from .disk import stream
from .paths import patience

PEER_ADDRESS = "10.0.2.2"
ZONE_ADDRESS = "10.0.2.15"
ZONE_PORT = 5001


@dataclass
class Transfer:
    """What one TCP connection carried, as counted at this end."""

    bytes: int = 0
    error: str = ""


def _compare(got, blocks, at):
    """Consumes len(got) bytes of expectation; an error sentence when they differ."""
    expected = b"".join(blocks(len(got)))
    if got == expected:
        return ""
    bad = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), len(expected))
    return f"byte {at + bad} of the stream differs"


class _Expectation:
    """Hands out the test stream in pieces of any size."""

    def __init__(self, length, seed):
        self._blocks = stream(length, seed)
        self._left = b""

    def __call__(self, size):
        while len(self._left) < size:
            block = next(self._blocks, None)
            if block is None:
                break
            self._left += block
        piece, self._left = self._left[:size], self._left[size:]
        return [piece]


class Sink:
    """Listens on the loopback for one connection and compares what comes with the seed's stream."""

    def __init__(self, length, seed):
        self.result = Transfer()
        self._length, self._seed = length, seed
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(patience(60))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def wait(self):
        self._thread.join(patience(90))
        if self._thread.is_alive():
            self.result.error = "the transfer did not end"
        return self.result

    def _serve(self):
        expected = _Expectation(self._length, self._seed)
        try:
            with self._listener:
                connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(patience(60))
                while data := connection.recv(1 << 18):
                    if not self.result.error:
                        self.result.error = _compare(data, expected, self.result.bytes)
                    self.result.bytes += len(data)
        except OSError as error:
            self.result.error = str(error)
        if not self.result.error and self.result.bytes != self._length:
            self.result.error = f"{self.result.bytes} bytes came, {self._length} expected"


def forward_to_zone(machine, port=ZONE_PORT, protocol="tcp"):
    """Makes a loopback port of the host reach the zone's port; returns it."""
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    for _ in range(10):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            free = probe.getsockname()[1]
        answer = machine.qmp.hmp(
            f"hostfwd_add net0 {protocol}:127.0.0.1:{free}-{ZONE_ADDRESS}:{port}"
        )
        if not answer.strip():
            return free
    raise RuntimeError(f"no port could be forwarded: {answer.strip()}")


def remove_forward(machine, port):
    machine.qmp.hmp(f"hostfwd_remove net0 tcp:127.0.0.1:{port}")


def send_to_zone(port, length, seed):
    """Sends the seed's stream to a forwarded port; counts what the connection took until the zone
    closed it.
    """
    result = Transfer()
    try:
        with socket.create_connection(("127.0.0.1", port), patience(30)) as connection:
            connection.settimeout(patience(60))
            for block in stream(length, seed):
                connection.sendall(block)
                result.bytes += len(block)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)  # the zone closes when it has everything
    except OSError as error:
        result.error = str(error)
    return result


class Datagrams:
    """Sends datagrams to the zone's card without end, whether anybody listens or not: what a card
    receives without having been asked for. Use as a context manager.
    """

    SIZE, PAUSE = 1000, 0.002  # bytes, seconds between two

    def __init__(self, machine, port=9):
        self.sent = 0
        self._port = forward_to_zone(machine, port, "udp")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _send(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            while not self._stop.is_set():
                out.sendto(b"\x5a" * self.SIZE, ("127.0.0.1", self._port))
                self.sent += 1
                time.sleep(self.PAUSE)


# ---- the capture --------------------------------------------------------------------------------

_PCAP_HEADER = struct.Struct("<IHHiIII")
_PCAP_RECORD = struct.Struct("<IIII")
_PCAP_MAGIC = 0xA1B2C3D4
_ETHERTYPE_IPV4 = 0x0800
_ICMP, _TCP = 1, 6
_ECHO_REPLY, _ECHO_REQUEST = 0, 8


@dataclass
class Capture:
    """Frames on the card's wire, counted from the capture file."""

    answered_pings: int = 0  # echo requests of the card whose reply came back with the same payload
    tcp_from_card: int = 0  # payload bytes, without retransmissions
    tcp_to_card: int = 0
    source_macs: frozenset = frozenset()  # of frames that the peer did not send


def _frames(path):
    data = path.read_bytes()
    magic, *_ = _PCAP_HEADER.unpack_from(data)
    if magic != _PCAP_MAGIC:
        raise ValueError(f"{path}: not a capture")
    at = _PCAP_HEADER.size
    while at + _PCAP_RECORD.size <= len(data):
        _, _, length, _ = _PCAP_RECORD.unpack_from(data, at)
        at += _PCAP_RECORD.size
        yield data[at : at + length]
        at += length


class _TcpCount:
    """New payload bytes per direction of each connection, by sequence number."""

    def __init__(self):
        self._next = {}

    def add(self, flow, sequence, length):
        if length == 0:
            return 0
        end = (sequence + length) & 0xFFFFFFFF
        known = self._next.get(flow)
        fresh = (
            length
            if known is None
            else min(length, (end - known + 0x80000000) % 0x100000000 - 0x80000000)
        )
        if fresh <= 0:
            return 0
        self._next[flow] = end
        return fresh


def frames_of_type(path, ethertype):
    """The payloads of the frames of that EtherType, in order."""
    wanted = struct.pack(">H", ethertype)
    return [frame[14:] for frame in _frames(path) if frame[12:14] == wanted]


def read_capture(path, mac):
    """Counts a filter-dump file. `mac` is the card's address; frames from it are the zone's."""
    card = bytes.fromhex(mac.replace(":", ""))
    asked, pings, tcp = {}, 0, _TcpCount()
    tcp_bytes, sources = collections.Counter(), set()
    for frame in _frames(path):
        if len(frame) < 34:
            continue
        from_card = frame[6:12] == card
        if frame[0:6] != card:
            sources.add(frame[6:12].hex(":"))
        if struct.unpack_from(">H", frame, 12)[0] != _ETHERTYPE_IPV4:
            continue
        header = (frame[14] & 0xF) * 4
        total = struct.unpack_from(">H", frame, 16)[0]
        protocol, body = frame[23], frame[14 + header : 14 + total]
        if protocol == _ICMP and len(body) >= 8:
            kind, key, payload = body[0], body[4:8], body[8:]
            if from_card and kind == _ECHO_REQUEST:
                asked[key] = payload
            elif not from_card and kind == _ECHO_REPLY and asked.pop(key, None) == payload:
                pings += 1
        elif protocol == _TCP and len(body) >= 20:
            ports, sequence = body[0:4], struct.unpack_from(">I", body, 4)[0]
            length = len(body) - (body[12] >> 4) * 4
            tcp_bytes[from_card] += tcp.add((from_card, ports), sequence, length)
    return Capture(pings, tcp_bytes[True], tcp_bytes[False], frozenset(sources))
