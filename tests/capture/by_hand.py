"""Captures written byte by byte, independent of what reads them."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from uuid import UUID

from hideez_bench.harness.capture.decode import Decoder, Entry, Handles, read_frames
from hideez_bench.harness.capture.keylog import ChannelId, read_key_log
from hideez_bench.protocol.channel import ChannelKeys
from hideez_bench.protocol.wire import default_wire

WIRE = default_wire()
CAPTURES = files("hideez_bench.fixtures") / "captures"
ACTIVATION = (CAPTURES / "activation_bluez.btsnoop").read_bytes()
EPOCH = 0x00DCDDB30F2F8000
MAIN, INFO = 0x0012, 0x0015
COMMAND, ACL, EVENT = 1, 2, 4
SECOND = 1_000_000


@dataclass(frozen=True)
class Packet:
    """One packet between a host and its adapter."""

    kind: int
    received: bool
    data: bytes
    adapter: int = 0
    time: int = 0


def connect(handle: int, *, central: bool = True, peer: str = "c0de00000001", adapter: int = 0) -> Packet:
    body = struct.pack("<BBHBB", 1, 0, handle, 0 if central else 1, 1) + bytes.fromhex(peer)[::-1]
    body += struct.pack("<HHHB", 24, 0, 42, 0)
    return Packet(EVENT, True, bytes([0x3E, len(body)]) + body, adapter)


def disconnect(handle: int, adapter: int = 0) -> Packet:
    return Packet(EVENT, True, struct.pack("<BBBHB", 5, 4, 0, handle, 0x16), adapter)


def att(handle: int, pdu: bytes, *, received: bool, pieces: int = 1, adapter: int = 0) -> list[Packet]:
    """An ATT message, in so many ACL packets."""
    message = struct.pack("<HH", len(pdu), 4) + pdu
    step = -(-len(message) // pieces)
    packets = []
    for start in range(0, len(message), step):
        boundary = 1 if start else (2 if received else 0)
        part = message[start : start + step]
        acl = struct.pack("<HH", handle | boundary << 12, len(part)) + part
        packets.append(Packet(ACL, received, acl, adapter))
    return packets


def discovery(handle: int, *, adapter: int = 0, host_here: bool = True) -> list[Packet]:
    """How a host learns where the two characteristics are."""
    request = struct.pack("<BHHH", 0x08, 1, 0xFFFF, 0x2803)
    uuids = [(WIRE.profile.uuid("main"), MAIN, 0x1C), (WIRE.profile.uuid("info"), INFO, 0x02)]
    entries = b"".join(
        struct.pack("<HBH", value - 1, properties, value) + UUID(uuid).bytes[::-1]
        for uuid, value, properties in uuids
    )
    return att(handle, request, received=not host_here, adapter=adapter) + att(
        handle, b"\x09\x15" + entries, received=host_here, adapter=adapter
    )


def to_key(handle: int, packet: bytes, *, pieces: int = 1) -> list[Packet]:
    return att(handle, struct.pack("<BH", 0x52, MAIN) + packet, received=False, pieces=pieces)


def from_key(handle: int, packet: bytes, *, pieces: int = 1) -> list[Packet]:
    return att(handle, struct.pack("<BH", 0x1B, MAIN) + packet, received=True, pieces=pieces)


CANCEL = b"\x02\x01"
GET_ROOT_KEY = b"\x02\x03"
STATUS = bytes.fromhex("020264ce0000000100")
"""Battery 100, RSSI -50, LinkRequired."""

SIMPLE = [
    connect(0x40),
    *discovery(0x40),
    *to_key(0x40, CANCEL),
    *from_key(0x40, STATUS),
    *to_key(0x40, GET_ROOT_KEY),
    disconnect(0x40),
]
SIMPLE_TEXTS = [
    "connected to C0:DE:00:00:00:01, this side the central",
    "main characteristic at handle 18",
    "info characteristic at handle 21",
    "CANCEL",
    (
        "STATUS state=(battery=100 rssi=-50 pin_attempts=0 storage_update_counter=0 button=None "
        "access_level=LINK_REQUIRED other_connections=0)"
    ),
    "GET_ROOT_KEY",
    "disconnected: this side ended it, 0x16",
]


# --- containers ---


def _timed(packets: Sequence[Packet]) -> Iterable[tuple[int, Packet]]:
    return ((1_700_000_000 * SECOND + number * 1000, packet) for number, packet in enumerate(packets))


def btsnoop(packets: Sequence[Packet], *, drops: Mapping[int, int] | None = None) -> bytes:
    """Data link 1002, as Android and this project write it."""
    records = []
    for number, (time, packet) in enumerate(_timed(packets)):
        data = bytes([packet.kind]) + packet.data
        flags = packet.received | (0 if packet.kind == ACL else 2)
        lost = (drops or {}).get(number, 0)
        records.append(struct.pack(">IIIIq", len(data), len(data), flags, lost, time + EPOCH) + data)
    return b"btsnoop\0" + struct.pack(">II", 1, 1002) + b"".join(records)


def btsnoop_unencapsulated(packets: Sequence[Packet]) -> bytes:
    records = []
    for time, packet in _timed(packets):
        flags = packet.received | (0 if packet.kind == ACL else 2)
        size = len(packet.data)
        records.append(struct.pack(">IIIIq", size, size, flags, 0, time + EPOCH) + packet.data)
    return b"btsnoop\0" + struct.pack(">II", 1, 1001) + b"".join(records)


def _report(packet: Packet) -> int:
    return {COMMAND: 2, EVENT: 3, ACL: 5 if packet.received else 4}[packet.kind]


def btsnoop_monitor(packets: Sequence[Packet]) -> bytes:
    """As btmon writes it, with a report of its own in between."""
    note = b"Linux version\0"
    records = [struct.pack(">IIIIq", len(note), len(note), 0xFFFF << 16 | 12, 0, EPOCH) + note]
    for time, packet in _timed(packets):
        size, flags = len(packet.data), packet.adapter << 16 | _report(packet)
        records.append(struct.pack(">IIIIq", size, size, flags, 0, time + EPOCH) + packet.data)
    return b"btsnoop\0" + struct.pack(">II", 1, 2001) + b"".join(records)


def _h4(packet: Packet) -> bytes:
    return bytes([packet.kind]) + packet.data


def _with_direction(packet: Packet) -> bytes:
    return struct.pack(">I", packet.received) + _h4(packet)


def _linux_monitor(packet: Packet) -> bytes:
    return struct.pack(">HH", packet.adapter, _report(packet)) + packet.data


LINKS = {187: _h4, 201: _with_direction, 254: _linux_monitor}


def pcap(packets: Sequence[Packet], link: int = 201, order: str = "<", nanoseconds: bool = False) -> bytes:
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for time, packet in _timed(packets):
        data = LINKS[link](packet)
        fraction = time % SECOND * (1000 if nanoseconds else 1)
        out += struct.pack(order + "IIII", time // SECOND, fraction, len(data), len(data)) + data
    return out


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def pcapng(packets: Sequence[Packet], link: int = 254, order: str = "<") -> bytes:
    """With an Ethernet interface first, and nanoseconds on the second one."""
    out = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(order, 1, struct.pack(order + "HHI", 1, 0, 0))
    nanoseconds = struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0)
    out += block(order, 1, struct.pack(order + "HHI", link, 0, 0) + nanoseconds)
    out += block(order, 6, struct.pack(order + "IIIII", 0, 0, 0, 60, 60) + bytes(60))
    for time, packet in _timed(packets):
        data = LINKS[link](packet)
        high, low = divmod(time * 1000, 1 << 32)
        out += block(order, 6, struct.pack(order + "IIIII", 1, high, low, len(data), len(data)) + data)
    return out


# --- decoding ---


def activation_keys() -> dict[ChannelId, ChannelKeys]:
    with as_file(CAPTURES / "activation_bluez.keys") as path:
        return read_key_log(path)


def decode(
    capture: bytes,
    *,
    keys: Mapping[ChannelId, ChannelKeys] | None = None,
    handles: Handles | None = None,
    every_status: bool = False,
) -> list[Entry]:
    """The timeline of a whole capture."""
    decoder = Decoder(WIRE, keys=keys, handles=handles, every_status=every_status)
    return list(decoder.decode(read_frames(io.BytesIO(capture))))


def texts(entries: Iterable[Entry]) -> list[str]:
    return [entry.text for entry in entries]
