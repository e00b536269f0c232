"""The btsnoop container: what Android, Windows, BlueZ and this project write Bluetooth captures into.

A header of 16 bytes, then records with a header of 24 bytes each, all big-endian. Two kinds of data link carry the
same packets with the type in front of them (1002) or in the flags (1001); BlueZ's monitor (2001) has the adapter's
number and the type in the flags, and reports of its own in between.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from construct import Const, Int32ub, Struct

from hideez_bench.harness.capture.frames import (
    ACL,
    COMMAND,
    EVENT,
    IGNORED,
    CaptureDamaged,
    Frame,
    NotACapture,
    monitor_frame,
)

MAGIC = b"btsnoop\0"
UNENCAPSULATED, UART, MONITOR = 1001, 1002, 2001
OTHER_LINKS = {1003: "BCSP", 1004: "H5", 2002: "BlueZ simulator"}

# Microseconds from the year 0, from which btsnoop counts, to 1970.
EPOCH = 0x00DCDDB30F2F8000
LONGEST_RECORD = 1 << 20
RECEIVED, COMMAND_OR_EVENT = 1, 2

HEADER = Struct("magic" / Const(MAGIC), "version" / Const(1, Int32ub), "link" / Int32ub)
# The header of a record: original and included length, flags, drops, time. Without construct, as it is read and written
# twenty thousand times a second.
RECORD = struct.Struct(">IIIIq")


def read_btsnoop(file: BinaryIO, head: bytes) -> Iterator[Frame]:
    """The packets of a capture, one at a time. `head` is its first 8 bytes, already read.

    Raises:
        NotACapture: it is of a kind that holds nothing for us.
        CaptureDamaged: it ends, or makes no sense, from some place on.
    """
    rest = file.read(8)
    if len(rest) < 8:
        raise NotACapture("it ends within its header")
    version, link = struct.unpack(">II", rest)
    if version != 1:
        raise NotACapture(f"it is btsnoop of version {version}, and only version 1 is known")
    if link not in (UNENCAPSULATED, UART, MONITOR):
        what = OTHER_LINKS.get(link, "an unknown one")
        raise NotACapture(f"its data link type is {link} ({what}); 1001, 1002 and 2001 are read")
    yield from _records(file, {UNENCAPSULATED: _unencapsulated, UART: _uart, MONITOR: _monitor}[link])


Unpack = Callable[[int, int, int, int, bytes], Frame]


def _records(file: BinaryIO, unpack: Unpack) -> Iterator[Frame]:
    offset, number, drops_before = HEADER.sizeof(), 0, None
    while header := file.read(RECORD.size):
        number += 1
        if len(header) < RECORD.size:
            raise CaptureDamaged(number, offset, "the capture ends within a packet's header")
        original, included, flags, drops, time = RECORD.unpack(header)
        if included > original or included > LONGEST_RECORD:
            raise CaptureDamaged(
                number, offset, f"a packet of {original} bytes is said to have {included} in the capture"
            )
        data = file.read(included)
        if len(data) < included:
            raise CaptureDamaged(
                number, offset, f"the capture ends within a packet, {len(data)} of {included} bytes are there"
            )
        frame = unpack(number, offset, time - EPOCH, flags, data)
        if included < original or (drops_before is not None and drops > drops_before):
            lost = drops - drops_before if drops_before is not None and drops > drops_before else 0
            frame = frame._replace(cut=original - included, lost=lost)
        drops_before = drops
        yield frame
        offset += RECORD.size + included


def _uart(number: int, offset: int, time: int, flags: int, data: bytes) -> Frame:
    return Frame(number, offset, time, 0, data[0] if data else IGNORED, bool(flags & RECEIVED), data[1:])


def _unencapsulated(number: int, offset: int, time: int, flags: int, data: bytes) -> Frame:
    received = bool(flags & RECEIVED)
    kind = (EVENT if received else COMMAND) if flags & COMMAND_OR_EVENT else ACL
    return Frame(number, offset, time, 0, kind, received, data)


def _monitor(number: int, offset: int, time: int, flags: int, data: bytes) -> Frame:
    return monitor_frame(number, offset, time, flags >> 16, flags & 0xFFFF, data)


class BtsnoopWriter:
    """Writes packets with their type in front (data link 1002).

    Each goes out in one piece, so that what a killed program leaves behind can be read. What cannot be written is told
    once, in a sentence, to `warn`; what was written before stays, whole, and nothing else comes of it.
    """

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._size = 0
        self._file: BinaryIO | None = None
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            self._fail(error.strerror or "it cannot be opened")
            return
        self._append(HEADER.build({"link": UART}))

    def write(self, time: int, received: bool, packet: bytes) -> None:
        """Append a packet. `time` is in microseconds since 1970; `received` is True where it came from the adapter."""
        flags = (RECEIVED if received else 0) | (0 if packet[0] == ACL else COMMAND_OR_EVENT)
        self._append(RECORD.pack(len(packet), len(packet), flags, 0, time + EPOCH) + packet)

    def close(self) -> None:
        """Close the file; what is written from then on goes nowhere."""
        if self._file:
            self._file.close()
            self._file = None

    def _append(self, data: bytes) -> None:
        if self._file is None:
            return
        try:
            written = self._file.write(data)
            if written == len(data):
                self._size += written
                return
            self._file.truncate(self._size)
            self._fail("the disk is full")
        except OSError as error:
            self._fail(error.strerror or "it cannot be written")

    def _fail(self, why: str) -> None:
        self.close()
        kept = "what was recorded before is kept; " if self._size else ""
        self._warn(f"The capture {self._path} cannot be written ({why}); {kept}the rest goes on without it.")
