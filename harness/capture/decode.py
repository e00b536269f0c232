"""A capture as a timeline: who told a key what, and what it answered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from hideez_bench.harness.capture.btsnoop import MAGIC, read_btsnoop
from hideez_bench.harness.capture.conversation import Conversation, Dictionary, Kind, Said
from hideez_bench.harness.capture.frames import CaptureDamaged, Frame, NotACapture
from hideez_bench.harness.capture.gatt import (
    ATT_ERRORS,
    FROM_CLIENT,
    Act,
    Deed,
    MalformedAtt,
    Server,
    names_of,
)
from hideez_bench.harness.capture.hci import (
    AttMessage,
    Connected,
    Connection,
    Connections,
    Disconnected,
    Happening,
    Problem,
)
from hideez_bench.harness.capture.keylog import ChannelId
from hideez_bench.harness.capture.pcap import PCAP_MAGICS, PCAPNG_MAGIC, read_pcap, read_pcapng
from hideez_bench.harness.capture.plain import Plain, plain
from hideez_bench.protocol.channel import ChannelKeys
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.wire import Wire

OWN = ("main", "info")
"""The characteristics that only a key has."""

REMEMBERED_PEERS = 64
MOST_FOLLOWED = 1024
REASONS = {
    0x08: "the link was lost",
    0x13: "the other side ended it",
    0x16: "this side ended it",
    0x3E: "it was never established",
}


@dataclass(frozen=True)
class Entry:
    """One line of the timeline.

    Attributes:
        frame: the packet that completes it, counted from 1; the packet that could not be read where the kind is DAMAGE.
        offset: where that packet's record begins in the file, in bytes.
        time: microseconds since 1970; None where it is not known.
        adapter: the number of the adapter that carried it; None where it concerns all.
        connection: the number of the connection in this capture, from 1.
        to_key: True from host to key, False from key to host, None where it is neither.
        text: the line for people.
        detail: the parts for programs; secrets are masked.
    """

    frame: int
    offset: int
    time: int | None
    adapter: int | None
    connection: int | None
    kind: Kind
    to_key: bool | None
    text: str
    detail: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True)
class Handles:
    """Handles of a key's characteristics, for captures that lack the discovery."""

    main: int | None = None
    info: int | None = None

    def names(self) -> dict[int, str]:
        """The characteristics by handle."""
        return {handle: name for name, handle in (("main", self.main), ("info", self.info)) if handle}


def read_frames(file: BinaryIO) -> Iterator[Frame]:
    """The packets of a capture, whatever its format.

    Raises:
        NotACapture: it is none that can be read.
        CaptureDamaged: it cannot be read on from some place.
    """
    head = file.read(4)
    if head in PCAP_MAGICS:
        return read_pcap(file, head)
    if head == PCAPNG_MAGIC:
        return read_pcapng(file, head)
    head += file.read(4)
    if head == MAGIC:
        return read_btsnoop(file, head)
    raise NotACapture("it begins like none of btsnoop, pcap and pcapng")


class Decoder:
    """Turns packets into a timeline, one at a time.

    Args:
        wire: the format that the key speaks.
        keys: the keys of encrypted channels, as far as they are known.
        handles: where the key's characteristics are, for connections whose discovery is not in the capture.
        every_status: leave no STATUS out because it says nothing new.

    Attributes:
        frames: how many packets were read.
        adapters: the adapters on whose connections a key was heard.
        found_a_key: a key's characteristics were found or named.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        keys: Mapping[ChannelId, ChannelKeys] | None = None,
        handles: Handles | None = None,
        every_status: bool = False,
    ) -> None:
        self.frames = 0
        self.adapters: set[int] = set()
        self._wire = wire
        self._dictionary = Dictionary.of(wire, keys or {}, every_status=every_status)
        self._uuids = names_of(wire.profile)
        self._preset = (handles or Handles()).names()
        self.found_a_key = bool(self._preset)
        self._connections = Connections()
        self._followed: dict[int, _Followed] = {}
        # A host that knows a key does not discover its services anew.
        self._known_peers: OrderedDict[tuple[int, str, bool], dict[int, str]] = OrderedDict()

    def decode(self, frames: Iterable[Frame]) -> Iterator[Entry]:
        """The timeline; ends with an entry of kind DAMAGE where the capture cannot be read on.

        Raises:
            NotACapture: the file is none that can be read; nothing was yielded.
        """
        try:
            for happening in self._connections.follow(self._counted(frames)):
                yield from self._happened(happening)
        except CaptureDamaged as damage:
            yield Entry(damage.number, damage.offset, None, None, None, Kind.DAMAGE, None, damage.what)

    def _counted(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            self.frames = frame.number
            yield frame

    def _happened(self, happening: Happening) -> Iterator[Entry]:
        frame = happening.frame
        match happening:
            case AttMessage(_, connection, received, pdu):
                for to_key, said in self._follow(connection).att(received, pdu):
                    yield _entry(frame, connection, to_key, said)
            case Connected(_, connection):
                yield _entry(frame, connection, None, _connected(connection))
            case Disconnected(_, connection, reason):
                followed = self._followed.pop(connection.number, None)
                yield _entry(frame, connection, None, _disconnected(reason, followed))
            case Problem(_, connection, what):
                concerned = list(self._followed.values()) if frame.lost else []
                for followed in [self._follow(connection)] if connection else concerned:
                    followed.something_is_missing()
                yield _entry(frame, connection, None, Said(Kind.DAMAGE, what, {}))

    def _follow(self, connection: Connection) -> _Followed:
        followed = self._followed.get(connection.number)
        if followed is None:
            if len(self._followed) >= MOST_FOLLOWED:
                del self._followed[next(iter(self._followed))]
            followed = self._followed[connection.number] = _Followed(self, connection)
        return followed

    # --- for _Followed ---

    def server(self, connection: Connection, of_peer: bool) -> Server:
        """One side of a connection as a server, with what is known of it from before."""
        known = (
            self._known_peers.get((connection.adapter, connection.peer, of_peer)) if connection.peer else None
        )
        return Server(self._uuids, dict(known or self._preset))

    def learned(self, connection: Connection, of_peer: bool, server: Server) -> None:
        """Remember a server for the next connection to the same peer."""
        self.found_a_key = True
        if connection.peer:
            self._known_peers[connection.adapter, connection.peer, of_peer] = server.names
            if len(self._known_peers) > REMEMBERED_PEERS:
                self._known_peers.popitem(last=False)

    def conversation(self, connection: Connection) -> Conversation:
        """A key was heard on this connection."""
        self.adapters.add(connection.adapter)
        return Conversation(self._dictionary, from_the_start=connection.from_the_start)

    def info(self, value: bytes) -> Said:
        """The info characteristic, read."""
        try:
            info = self._wire.info.parse(value)
        except WireError as error:
            return Said(Kind.DAMAGE, str(error), {"bytes": len(value)})
        mode = self._wire.mode(info)
        text = (
            f"info characteristic: mode {mode}, wire {info.wire_major}, messages of {info.max_message} bytes, "
            f"{info.channels} channels"
        )
        return Said(Kind.READ, text, {"characteristic": "info", "mode": mode, "fields": plain(info)})


class _Followed:
    """One connection: both its sides as servers, and the conversation with the key."""

    def __init__(self, decoder: Decoder, connection: Connection) -> None:
        self._decoder = decoder
        self._connection = connection
        self._servers = {of_peer: decoder.server(connection, of_peer) for of_peer in (True, False)}
        self.conversation: Conversation | None = None
        self._mtu = b""

    def something_is_missing(self) -> None:
        if self.conversation:
            self.conversation.something_is_missing()

    def att(self, received: bool, pdu: bytes) -> Iterator[tuple[bool | None, Said]]:
        # What a client sends, it sends to the other side's server.
        of_peer = (not received) if pdu[:1] and pdu[0] in FROM_CLIENT else received
        server = self._servers[of_peer]
        try:
            for deed in server.take(pdu):
                yield from self._deed(of_peer, server, deed)
        except MalformedAtt as error:
            self.something_is_missing()
            yield None, Said(Kind.DAMAGE, str(error), {"bytes": len(pdu)})

    def _deed(self, of_peer: bool, server: Server, deed: Deed) -> Iterator[tuple[bool | None, Said]]:
        act, name, value = deed
        if act is Act.NOTIFIED and name == "main":
            for said in self._talk().take(False, value):
                yield False, said
        elif act is Act.WRITTEN and name == "main":
            for said in self._talk().take(True, value):
                yield True, said
        elif act is Act.MTU and value != self._mtu:
            self._mtu = value
            mtu = int.from_bytes(value, "little")
            yield None, Said(Kind.MTU, f"MTU is {mtu}", {"mtu": mtu})
        elif act is Act.MTU:
            pass  # each side may ask, and hear the same
        elif act is Act.FOUND:
            if name in OWN:
                self._decoder.learned(self._connection, of_peer, server)
                handle = int.from_bytes(value, "little")
                detail: dict[str, Plain] = {"characteristic": name, "handle": handle}
                yield None, Said(Kind.FOUND, f"{name} characteristic at handle {handle}", detail)
        elif not set(OWN).isdisjoint(server.names.values()):
            yield self._characteristic(deed)

    def _characteristic(self, deed: Deed) -> tuple[bool, Said]:
        """What is done with any other characteristic of a key."""
        act, name, value = deed
        detail: dict[str, Plain] = {"characteristic": name, "value": value.hex()}
        match act:
            case Act.READ if name == "info":
                return False, self._decoder.info(value)
            case Act.READ:
                return False, Said(Kind.READ, f"{name} characteristic: {_shown(value)}", detail)
            case Act.SUBSCRIBED:
                on = value[:1] not in (b"", b"\0")
                said = f"notifications of the {name} characteristic {'on' if on else 'off'}"
                return True, Said(Kind.SUBSCRIBED, said, {"characteristic": name, "on": on})
            case Act.REFUSED:
                what = ATT_ERRORS.get(value[0], "an error of its own")
                text = f"{name} characteristic refused: {what} (0x{value[0]:02x})"
                return False, Said(Kind.REFUSED, text, {"characteristic": name, "att_error": value[0]})
            case _:
                return act is Act.WRITTEN, Said(
                    Kind.NOTIFIED, f"{name} characteristic: {_shown(value)}", detail
                )

    def _talk(self) -> Conversation:
        if self.conversation is None:
            self.conversation = self._decoder.conversation(self._connection)
        return self.conversation


def _shown(value: bytes) -> str:
    text = value.decode("utf-8", errors="replace")
    return repr(text) if len(value) > 1 and text.isprintable() else f"0x{value.hex()}"


def _connected(connection: Connection) -> Said:
    role = "host" if connection.central else "key"
    text = (
        f"connected to {connection.peer}, this side the {'central' if connection.central else 'peripheral'}"
    )
    return Said(Kind.CONNECTED, text, {"peer": connection.peer, "side": role, "handle": connection.handle})


def _disconnected(reason: int | None, followed: _Followed | None) -> Said:
    if reason is None:
        why = "another connection took its place, its end is not in the capture"
    else:
        why = f"{REASONS.get(reason, 'for a reason of its own')}, 0x{reason:02x}"
    unchanged = followed.conversation.unchanged if followed and followed.conversation else 0
    more = f" (after {unchanged} STATUS without change)" if unchanged else ""
    return Said(
        Kind.DISCONNECTED, f"disconnected: {why}{more}", {"reason": reason, "unchanged_before": unchanged}
    )


def _entry(frame: Frame, connection: Connection | None, to_key: bool | None, said: Said) -> Entry:
    number = connection.number if connection else None
    return Entry(
        frame.number,
        frame.offset,
        frame.time,
        frame.adapter,
        number,
        said.kind,
        to_key,
        said.text,
        said.detail,
    )
