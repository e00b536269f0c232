"""From an adapter's packets to connections and their ATT messages.

Layouts: Bluetooth Core 5.4, Vol 4, Part E, 5.4.2 (ACL) and 7.7 (events), Vol 3, Part A, 3 (L2CAP). Everything that is
not about a connection or an ATT message is passed over at once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from hideez_bench.harness.capture.frames import ACL, EVENT, Frame

DISCONNECTION_COMPLETE, LE_META = 0x05, 0x3E
CONNECTION_COMPLETE = frozenset({0x01, 0x0A, 0x29})  # plain, enhanced, enhanced of the second version
ATT_CHANNEL = 4
START_TO_ADAPTER, CONTINUATION, START_FROM_ADAPTER = 0, 1, 2
L2CAP_HEADER = 4

# A damaged capture may speak of any number of connections; an adapter has far fewer.
MOST_CONNECTIONS = 512


@dataclass(eq=False)
class Connection:
    """One connection of one adapter.

    Attributes:
        number: counted from 1 in the whole capture.
        peer: the other side's address; empty where the capture does not tell.
        central: the host of this adapter made the connection; None where the capture does not tell.
        from_the_start: the capture has the connection's beginning, and nothing is missing since.
    """

    number: int
    interface: int
    adapter: int
    handle: int
    peer: str = ""
    central: bool | None = None
    from_the_start: bool = False
    half: dict[bool, bytearray] = field(default_factory=dict)
    latest_start: bool = False

    def forget_half(self) -> None:
        """Something is missing: what was received in part is of no use any more."""
        self.half.clear()
        self.from_the_start = False


class Connected(NamedTuple):
    """A connection was made."""

    frame: Frame
    connection: Connection


class Disconnected(NamedTuple):
    """A connection ended, or another took its place unannounced (`reason` is None)."""

    frame: Frame
    connection: Connection
    reason: int | None


class AttMessage(NamedTuple):
    """An ATT message, whole. `received` is True where the adapter's host got it from the other side."""

    frame: Frame
    connection: Connection
    received: bool
    pdu: bytes


class Problem(NamedTuple):
    """Something that cannot be taken; what follows may well be."""

    frame: Frame
    connection: Connection | None
    what: str


Happening = Connected | Disconnected | AttMessage | Problem


class Connections:
    """Follows the connections of all adapters."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int, int], Connection] = {}
        self._made = 0

    def follow(self, frames: Iterable[Frame]) -> Iterator[Happening]:
        """What happens on the connections, frame by frame."""
        for frame in frames:
            if frame.lost:
                yield from self._lost(frame)
            kind = frame.kind
            if kind == ACL:
                yield from self._acl(frame)
            elif kind == EVENT and frame.data[:1] in (b"\x3e", b"\x05"):
                yield from self._event(frame)

    def _lost(self, frame: Frame) -> Iterator[Happening]:
        for connection in self._open.values():
            connection.forget_half()
        yield Problem(frame, None, f"the recording program lost {frame.lost} packets before this one")

    # --- events ---

    def _event(self, frame: Frame) -> Iterator[Happening]:
        data = frame.data
        if len(data) < 2 or data[1] != len(data) - 2:
            yield Problem(frame, None, f"an event of {len(data)} bytes says that it has another length")
            return
        try:
            if data[0] == DISCONNECTION_COMPLETE:
                status, handle, reason = struct.unpack_from("<BHB", data, 2)
                connection = self._open.pop((frame.interface, frame.adapter, handle), None)
                if status == 0 and connection:
                    yield Disconnected(frame, connection, reason)
            elif data[2] in CONNECTION_COMPLETE:
                yield from self._connected(frame)
        except (struct.error, IndexError):
            yield Problem(frame, None, "an event about a connection is too short")

    def _connected(self, frame: Frame) -> Iterator[Happening]:
        status, handle, role, _, address = struct.unpack_from("<BHBB6s", frame.data, 3)
        if status != 0:
            return
        if before := self._open.pop((frame.interface, frame.adapter, handle), None):
            yield Disconnected(frame, before, None)
        connection = self._make(frame, handle)
        connection.peer = address[::-1].hex(":").upper()
        connection.central = role == 0
        connection.from_the_start = True
        yield Connected(frame, connection)

    def _make(self, frame: Frame, handle: int) -> Connection:
        if len(self._open) >= MOST_CONNECTIONS:
            del self._open[next(iter(self._open))]
        self._made += 1
        connection = Connection(self._made, frame.interface, frame.adapter, handle)
        self._open[frame.interface, frame.adapter, handle] = connection
        return connection

    # --- data ---

    def _acl(self, frame: Frame) -> Iterator[Happening]:
        data = frame.data
        if len(data) < 4:
            yield Problem(frame, None, "a data packet is too short")
            return
        word, length = struct.unpack_from("<HH", data)
        handle, boundary = word & 0x0FFF, (word >> 12) & 3
        connection = self._open.get((frame.interface, frame.adapter, handle)) or self._make(frame, handle)
        if length != len(data) - 4:
            connection.forget_half()
            why = f"{frame.cut} were not recorded" if frame.cut else "the rest is missing or damaged"
            yield Problem(
                frame, connection, f"a data packet of {length} bytes has {len(data) - 4} of them; {why}"
            )
            return
        received = frame.received
        if received is None:
            received = connection.latest_start if boundary == CONTINUATION else boundary == START_FROM_ADAPTER
        half = connection.half
        if boundary == CONTINUATION:
            if received not in half:
                if connection.from_the_start:
                    connection.forget_half()
                    yield Problem(frame, connection, "a message goes on that was never begun")
                return
            message = half.pop(received)
            message += data[4:]
        else:
            connection.latest_start = received
            if half.pop(received, None) is not None:
                yield Problem(frame, connection, "a message begins before the last one is complete")
            message = bytearray(data[4:])
        if len(message) < L2CAP_HEADER:
            half[received] = message
            return
        expected = message[0] + (message[1] << 8) + L2CAP_HEADER
        if len(message) < expected:
            half[received] = message
        elif len(message) > expected:
            yield Problem(frame, connection, f"a message of {expected} bytes has {len(message)}")
        elif message[2] == ATT_CHANNEL and message[3] == 0:
            yield AttMessage(frame, connection, received, bytes(message[L2CAP_HEADER:]))
