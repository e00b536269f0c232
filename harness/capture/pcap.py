"""The containers of Wireshark and tcpdump, with Bluetooth in them.

Both are read here and not by a library: none of those that are kept up tells where in the file a packet stands, takes
damage without an exception of its own, and reads several interfaces of one file right.

pcap: a header of 24 bytes, then records with a header of 16. pcapng: blocks, of which those that describe an interface
or hold a packet are looked at. Either may be of either byte order.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hideez_bench.harness.capture.frames import IGNORED, CaptureDamaged, Frame, NotACapture, monitor_frame

PCAP_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000_000),
    b"\xa1\xb2\xc3\xd4": (">", 1_000_000),
    b"\x4d\x3c\xb2\xa1": ("<", 1_000_000_000),
    b"\xa1\xb2\x3c\x4d": (">", 1_000_000_000),
}
PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
BYTE_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}

H4, H4_WITH_DIRECTION, LINUX_MONITOR = 187, 201, 254
DECODED = (H4, H4_WITH_DIRECTION, LINUX_MONITOR)
OTHER_BLUETOOTH = {
    251: "Bluetooth LE, as a sniffer hears it in the air",
    256: "Bluetooth LE, as a sniffer hears it in the air",
    272: "a Nordic sniffer's",
}
LONGEST_BLOCK = 1 << 20
SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, PACKET = 0x0A0D0D0A, 1, 2, 3, 6
TIME_RESOLUTION = 9
SMALLEST_BLOCK = 12
MICROSECONDS = 1_000_000


def read_pcap(file: BinaryIO, head: bytes) -> Iterator[Frame]:
    """The packets of a pcap capture. `head` is its first 4 bytes, already read. Raises as `read_btsnoop`."""
    order, resolution = PCAP_MAGICS[head]
    rest = file.read(20)
    if len(rest) < 20:
        raise NotACapture("it ends within its header")
    link = struct.unpack(order + "I", rest[16:])[0] & 0xFFFF
    _check_link(link)
    record = struct.Struct(order + "IIII")
    offset, number = 24, 0
    while header := file.read(record.size):
        number += 1
        if len(header) < record.size:
            raise CaptureDamaged(number, offset, "the capture ends within a packet's header")
        seconds, fraction, included, original = record.unpack(header)
        if included > LONGEST_BLOCK or included > original:
            raise CaptureDamaged(
                number, offset, f"a packet of {original} bytes is said to have {included} in the capture"
            )
        data = file.read(included)
        if len(data) < included:
            raise CaptureDamaged(
                number, offset, f"the capture ends within a packet, {len(data)} of {included} bytes are there"
            )
        time = seconds * MICROSECONDS + fraction * MICROSECONDS // resolution
        yield _frame(number, offset, time, link, data, original - included)
        offset += record.size + included


@dataclass(frozen=True)
class _Interface:
    link: int
    ticks: int
    """A second has so many."""


def read_pcapng(file: BinaryIO, head: bytes) -> Iterator[Frame]:
    """The packets of a pcapng capture. `head` is its first 4 bytes, already read. Raises as `read_btsnoop`.

    Interfaces that are not Bluetooth are passed over, as long as there is one that is.
    """
    order, offset, number = "<", 0, 0
    interfaces: list[_Interface] = []
    while True:
        start = (head + file.read(12 - len(head))) if offset == 0 else file.read(12)
        if not start:
            break
        if start[:4] == PCAPNG_MAGIC and len(start) == 12:
            order = BYTE_ORDERS.get(start[8:], "")
            interfaces = []
        if not order or len(start) < 12:
            if offset == 0:
                raise NotACapture("it begins like a pcapng file, and does not go on as one")
            raise CaptureDamaged(number + 1, offset, "a block's header is cut or makes no sense")
        kind, length = struct.unpack(order + "II", start[:8])
        if length < SMALLEST_BLOCK or length % 4 or length > LONGEST_BLOCK:
            raise CaptureDamaged(number + 1, offset, f"a block is said to be {length} bytes long")
        # The block's last four bytes repeat its length; the shortest block has nothing else.
        block = (start + file.read(length - 12))[8:]
        if len(block) < length - 8 or struct.unpack(order + "I", block[-4:])[0] != length:
            raise CaptureDamaged(
                number + 1, offset, "the capture ends within a block, or the block is damaged"
            )
        body = block[:-4]
        try:
            if kind == INTERFACE:
                interfaces.append(_interface(order, body))
            elif kind in (PACKET, SIMPLE_PACKET, OLD_PACKET):
                number += 1
                yield _block_frame(number, offset, order, kind, body, interfaces)
        except (struct.error, IndexError):
            raise CaptureDamaged(max(number, 1), offset, "a block makes no sense") from None
        offset += length


def _interface(order: str, body: bytes) -> _Interface:
    link, _, _ = struct.unpack_from(order + "HHI", body)
    ticks = MICROSECONDS
    place = 8
    while place + 4 <= len(body):
        option, length = struct.unpack_from(order + "HH", body, place)
        if option == TIME_RESOLUTION and length == 1:
            exponent = body[place + 4]
            ticks = 2 ** (exponent & 0x7F) if exponent & 0x80 else 10**exponent
        place += 4 + (length + 3) // 4 * 4
    return _Interface(link, ticks)


def _block_frame(
    number: int, offset: int, order: str, kind: int, body: bytes, interfaces: list[_Interface]
) -> Frame:
    index, high, low, start = 0, 0, 0, 20
    if kind == SIMPLE_PACKET:
        (original,) = struct.unpack_from(order + "I", body)
        start = 4
        included = min(original, len(body) - start)
    elif kind == PACKET:
        index, high, low, included, original = struct.unpack_from(order + "IIIII", body)
    else:
        index, _, high, low, included, original = struct.unpack_from(order + "HHIIII", body)
    interface = interfaces[index]
    data = body[start : start + included]
    if len(data) < included or included > original:
        raise CaptureDamaged(
            number, offset, f"a packet is said to have {included} bytes, more than there are"
        )
    time = ((high << 32) | low) * MICROSECONDS // interface.ticks
    if number == 1 and not any(each.link in DECODED for each in interfaces):
        _check_link(interface.link)
    return _frame(number, offset, time, interface.link, data, original - included)._replace(interface=index)


def _check_link(link: int) -> None:
    if link in DECODED:
        return
    if link in OTHER_BLUETOOTH:
        raise NotACapture(
            f"it holds {OTHER_BLUETOOTH[link]} (link type {link}), which is not decoded here; capture at a host"
        )
    raise NotACapture(f"its link type {link} is not Bluetooth; 187, 201 and 254 are read")


def _frame(number: int, offset: int, time: int, link: int, data: bytes, cut: int) -> Frame:
    if link == H4:
        return Frame(number, offset, time, 0, data[0] if data else IGNORED, None, data[1:], cut)
    if link == H4_WITH_DIRECTION and len(data) > 4:
        return Frame(number, offset, time, 0, data[4], bool(data[3] & 1), data[5:], cut)
    if link == LINUX_MONITOR and len(data) >= 4:
        adapter, report = struct.unpack(">HH", data[:4])
        return monitor_frame(number, offset, time, adapter, report, data[4:])._replace(cut=cut)
    return Frame(number, offset, time, 0, IGNORED, None, data, cut)
