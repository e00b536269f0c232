"""Recording what goes over a link, or in and out of a virtual key, into a capture that Wireshark reads.

On these seams there are attribute values, not packets; the packets around them are made up as an adapter would have
carried them, with handles of our own. A write that reaches a key does not tell whether the host asked for a response;
it is recorded as one that did not.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from hideez_bench.harness.capture import att_frames
from hideez_bench.harness.capture.btsnoop import BtsnoopWriter
from hideez_bench.harness.client.connecting import OpenLink
from hideez_bench.harness.links.bleak_link import ADDRESS
from hideez_bench.protocol.link import Link, LinkLost
from hideez_bench.protocol.profile import Profile
from hideez_bench.protocol.services import Service, key_services

FIRST_CONNECTION, CONNECTIONS = 0x40, 0xE00
ATT_HEADER = 3
SMALLEST_MTU, OUR_MTU = 23, 517
LINK_SUPERVISION_TIMEOUT, REMOTE_USER, LOCAL_HOST = 0x08, 0x13, 0x16


class Recording:
    """One capture: the connections of this run, in the order in which they were made."""

    def __init__(
        self,
        writer: BtsnoopWriter,
        profile: Profile,
        *,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._writer = writer
        self._profile = profile
        self._clock = clock
        self._connections = 0

    def link(self, open_link: OpenLink) -> OpenLink:
        """The same way to a key, recorded as the host's adapter would have it."""
        return lambda seconds: RecordedLink(open_link(seconds), self, self._profile)

    def central(self, name: str, services: Sequence[Service]) -> RecordedConnection:
        """A central connected to a key of ours: a `Witness` of it, as the key's adapter would have it."""
        return self.connection(name, services, central=False)

    def connection(self, peer: str, services: Sequence[Service], *, central: bool) -> RecordedConnection:
        """A new connection to `peer`, an address or any other name."""
        handle = FIRST_CONNECTION + self._connections % CONNECTIONS
        self._connections += 1
        address = peer if ADDRESS.fullmatch(peer) else _made_up_address(peer)
        table = att_frames.AttributeTable(services)
        return RecordedConnection(self.write, handle, address, table, central=central)

    def write(self, packet: bytes, received: bool) -> None:
        """Write a packet down, at this moment."""
        self._writer.write(self._clock(), received, packet)


def _made_up_address(name: str) -> str:
    # The two highest bits set: a static random address.
    return (b"\xc0\xde" + zlib.crc32(name.encode()).to_bytes(4, "big")).hex(":")


class RecordedConnection:
    """Writes down what happens on one connection. `central` is True where our side is the host's, not the key's."""

    def __init__(
        self,
        write: Callable[[bytes, bool], None],
        handle: int,
        peer: str,
        table: att_frames.AttributeTable,
        *,
        central: bool,
    ) -> None:
        self._write = write
        self._handle = handle
        self._table = table
        self._central = central
        self._mtu = SMALLEST_MTU
        self._is_open = True
        write(att_frames.connected(handle, central=central, peer=peer), True)

    def discovered(self) -> None:
        """The host found the services."""
        for request, answer in self._table.discovery():
            self._exchange(request, answer)

    def mtu(self, mtu: int) -> None:
        """The size of ATT messages that both sides agreed on."""
        if mtu > self._mtu:
            self._mtu = mtu
            self._exchange(b"\x02" + OUR_MTU.to_bytes(2, "little"), b"\x03" + mtu.to_bytes(2, "little"))

    def read(self, uuid: str, value: bytes) -> None:
        """The host read a characteristic."""
        handle = self._table.value(uuid).to_bytes(2, "little")
        self._exchange(b"\x0a" + handle, b"\x0b" + value[: self._mtu - 1])

    def read_refused(self, uuid: str, code: int) -> None:
        """The key answered a read with an ATT error."""
        handle = self._table.value(uuid)
        self._exchange(b"\x0a" + handle.to_bytes(2, "little"), att_frames.error_response(0x0A, handle, code))

    def subscribed(self, uuid: str, enabled: bool) -> None:
        """The host switched notifications on or off."""
        handle = self._table.configuration(uuid).to_bytes(2, "little")
        self._exchange(b"\x12" + handle + bytes([enabled, 0]), b"\x13")

    def written(self, uuid: str, value: bytes, *, confirm: bool = False) -> None:
        """The host wrote a characteristic; the response to a confirmed write is `confirmed`."""
        self._pdu(
            (b"\x12" if confirm else b"\x52") + self._table.value(uuid).to_bytes(2, "little") + value, True
        )

    def confirmed(self) -> None:
        """The key's Bluetooth stack acknowledged a write."""
        self._pdu(b"\x13", False)

    def notified(self, uuid: str, value: bytes) -> None:
        """The key sent a notification."""
        self._pdu(b"\x1b" + self._table.value(uuid).to_bytes(2, "little") + value, False)

    def left(self) -> None:
        """The other side ended the connection."""
        self.disconnected(REMOTE_USER)

    def disconnected(self, reason: int) -> None:
        """The connection is over; told more than once, it is written down once."""
        if self._is_open:
            self._is_open = False
            self._write(att_frames.disconnected(self._handle, reason), True)

    def _exchange(self, request: bytes, answer: bytes) -> None:
        self._pdu(request, True)
        self._pdu(answer, False)

    def _pdu(self, pdu: bytes, to_key: bool) -> None:
        if self._is_open:
            received = to_key is not self._central
            self._write(att_frames.attribute(self._handle, pdu, received=received), received)


class RecordedLink:
    """A `Link` that is written down."""

    def __init__(self, link: Link, recording: Recording, profile: Profile) -> None:
        self._link = link
        self._recording = recording
        self._profile = profile
        self._main = profile.uuid("main")
        self._reason = LINK_SUPERVISION_TIMEOUT
        self._connection: RecordedConnection | None = None
        link.listen(self._packet, self._lost)
        self._on_packet: Callable[[bytes], None] = lambda packet: None
        self._on_lost: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """See `Link.name`."""
        return self._link.name

    @property
    def info(self) -> bytes:
        """See `Link.info`."""
        return self._link.info

    @property
    def max_packet(self) -> int:
        """See `Link.max_packet`."""
        return self._link.max_packet

    def listen(self, on_packet: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        """See `Link.listen`."""
        self._on_packet, self._on_lost = on_packet, on_lost

    async def __aenter__(self) -> Self:
        await self._link.__aenter__()
        connection = self._recording.connection(self.name, key_services(self._profile), central=True)
        connection.mtu(self.max_packet + ATT_HEADER)
        connection.discovered()
        connection.read(self._profile.uuid("info"), self.info)
        connection.subscribed(self._main, True)
        self._connection = connection
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A link that is left may say that it is lost, too.
        self._reason = LOCAL_HOST
        try:
            await self._link.__aexit__(kind, error, trace)
        finally:
            self._ended()

    async def send(self, packet: bytes, *, confirm: bool = False) -> None:
        """See `Link.send`."""
        # Before it is sent: the answer may be here before `send` returns.
        if self._connection:
            self._connection.written(self._main, packet, confirm=confirm)
        try:
            await self._link.send(packet, confirm=confirm)
        except LinkLost:
            self._ended()
            raise
        if self._connection and confirm:
            self._connection.confirmed()

    async def delete_bond(self) -> None:
        """See `Link.delete_bond`."""
        self._reason = LOCAL_HOST
        await self._link.delete_bond()
        self._ended()

    def _packet(self, packet: bytes) -> None:
        if self._connection:
            self._connection.notified(self._main, packet)
        self._on_packet(packet)

    def _lost(self) -> None:
        self._ended()
        self._on_lost()

    def _ended(self) -> None:
        if self._connection:
            self._connection.disconnected(self._reason)
