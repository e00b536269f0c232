"""What every capture format comes down to: Bluetooth packets between a host and its adapter, with where they stand."""

from __future__ import annotations

from typing import NamedTuple

from hideez_bench.protocol.errors import BenchError

# Types of packets, as they stand before each one on a serial line (Bluetooth Core 5.4, Vol 4, Part A, 2).
IGNORED, COMMAND, ACL, EVENT = 0, 1, 2, 4


class Frame(NamedTuple):
    """One packet of a capture.

    Attributes:
        number: counted from 1, as Wireshark does.
        offset: where in the file its record begins, in bytes.
        time: microseconds since 1970.
        adapter: which adapter's it is; 0 where the capture knows of one only.
        kind: COMMAND, ACL, EVENT; any other is of no interest here.
        received: True where the adapter gave it to its host. None where the capture does not tell.
        data: the packet, without its type.
        cut: how many bytes of it the recording program left out.
        lost: how many packets the recording program lost before this one.
        interface: which of a capture's interfaces it came by; two of them may have the same adapter number.
    """

    number: int
    offset: int
    time: int
    adapter: int
    kind: int
    received: bool | None
    data: bytes
    cut: int = 0
    lost: int = 0
    interface: int = 0


class NotACapture(BenchError):
    """A file that is no capture, or one of a kind that cannot be decoded."""


class CaptureDamaged(BenchError):
    """The capture cannot be read on from here. `number` and `offset` are the packet's, as in `Frame`."""

    def __init__(self, number: int, offset: int, what: str) -> None:
        super().__init__(what)
        self.number = number
        self.offset = offset
        self.what = what


# BlueZ's monitor: the type of a report, and the packet and direction that it stands for.
_MONITOR = {
    2: (COMMAND, False),
    3: (EVENT, True),
    4: (ACL, False),
    5: (ACL, True),
}


def monitor_frame(number: int, offset: int, time: int, adapter: int, report: int, data: bytes) -> Frame:
    """A packet out of a report of BlueZ's monitor; other reports become a frame of no interest."""
    kind, received = _MONITOR.get(report, (IGNORED, None))
    return Frame(number, offset, time, adapter, kind, received, data)
