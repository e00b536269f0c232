"""What a host and a key say to each other on one connection, opened where the keys are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any, NamedTuple

from hideez_bench.harness.capture.keylog import ChannelId
from hideez_bench.harness.capture.plain import Plain, plain
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import HOST_TO_KEY, KEY_TO_HOST, ChannelError, ChannelKeys, Opener
from hideez_bench.protocol.describe import describe
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.names import ErrorName, PacketKind
from hideez_bench.protocol.packets import PacketError, Reassembler
from hideez_bench.protocol.values import DeviceState
from hideez_bench.protocol.wire import Wire

REMEMBERED = 4096
"""Control messages that are not read again: a key says the same state twice a second."""


class Kind(StrEnum):
    """What a line of the timeline is about."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    MTU = "mtu"
    FOUND = "found"
    READ = "read"
    NOTIFIED = "notified"
    SUBSCRIBED = "subscribed"
    REFUSED = "refused"
    CONTROL = "control"
    STATUS = "status"
    ENCRYPTED = "encrypted"
    REQUEST = "request"
    REPLY = "reply"
    NOTE = "note"
    DAMAGE = "damage"


class Said(NamedTuple):
    """One thing said: a line for people, and its parts for programs."""

    kind: Kind
    text: str
    detail: Mapping[str, Plain]


class ReadMessage(NamedTuple):
    """A message, a line for people, and its parts for programs."""

    message: Any
    text: str
    detail: Mapping[str, Plain]


@dataclass(frozen=True)
class Dictionary:
    """What is needed to understand a key: the format, and the keys that are known.

    `to_key` and `from_key` read control messages; with `every_status`, none is left out because it says nothing new.
    """

    wire: Wire
    keys: Mapping[ChannelId, ChannelKeys]
    to_key: Callable[[bytes], ReadMessage]
    from_key: Callable[[bytes], ReadMessage]
    every_status: bool

    @classmethod
    def of(
        cls, wire: Wire, keys: Mapping[ChannelId, ChannelKeys], *, every_status: bool = False
    ) -> Dictionary:
        """The dictionary of a format."""
        to_key, from_key = (
            lru_cache(REMEMBERED)(partial(_read, parse)) for parse in (wire.to_key.parse, wire.from_key.parse)
        )
        return cls(wire, keys, to_key, from_key, every_status)


class Conversation:
    """One connection of one host with one key.

    Args:
        dictionary: how to understand it.
        from_the_start: nothing of it is missing, so that half a message is damage.
    """

    def __init__(self, dictionary: Dictionary, *, from_the_start: bool) -> None:
        self._dictionary = dictionary
        self._halves = {True: Reassembler(dictionary.wire), False: Reassembler(dictionary.wire)}
        self._joined_midway = {True: not from_the_start, False: not from_the_start}
        self._nonces: dict[int, bytes] = {}
        self._openers: dict[int, tuple[Opener, Opener]] = {}
        self._state: DeviceState | None = None
        self.unchanged = 0
        """How many STATUS were left out since the last one, as they said nothing new."""

    def something_is_missing(self) -> None:
        """Packets were lost: half a message is of no use any more."""
        for to_key, half in self._halves.items():
            half.reset()
            self._joined_midway[to_key] = True

    def take(self, to_key: bool, packet: bytes) -> Iterator[Said]:
        """What a packet, sent to the key or by it, completes."""
        try:
            complete = self._halves[to_key].add(packet)
        except PacketError as error:
            if self._joined_midway[to_key]:
                self._joined_midway[to_key] = False
                yield Said(Kind.NOTE, "the end of a message whose beginning is not in the capture", {})
            else:
                yield _damage(str(error), packet)
            return
        if complete is None:
            return
        self._joined_midway[to_key] = False
        kind, message = complete
        try:
            if kind is PacketKind.ENCRYPTED:
                yield self._envelope(to_key, self._dictionary.wire.envelope.parse(message), len(message))
            elif said := self._control(to_key, message):
                yield said
        except WireError as error:
            yield _damage(str(error), message)

    def _control(self, to_key: bool, data: bytes) -> Said | None:
        read = (self._dictionary.to_key if to_key else self._dictionary.from_key)(data)
        match read.message:
            case m.Status(state):
                return self._status(read, state)
            case m.VerifyEncryption(channel, _, host_nonce):
                self._nonces[channel] = host_nonce
            case m.EncryptionVerified(ErrorName.Ok, int(channel), _, bytes(key_nonce)):
                self._opened(channel, key_nonce)
            case m.EncryptionReset(ErrorName.Ok, int(channel)):
                self._openers.pop(channel, None)
        return Said(Kind.CONTROL, read.text, read.detail)

    def _status(self, read: ReadMessage, state: DeviceState) -> Said | None:
        before, self._state = self._state, state
        # How well the key hears the host changes all the time, and nobody waits for it.
        news = before is None or (state is not before and replace(state, rssi=before.rssi) != before)
        if not news and not self._dictionary.every_status:
            self.unchanged += 1
            return None
        skipped, self.unchanged = self.unchanged, 0
        text = read.text + (f" (after {skipped} without change)" if skipped else "")
        return Said(Kind.STATUS, text, {**read.detail, "unchanged_before": skipped})

    def _opened(self, channel: int, key_nonce: bytes) -> None:
        self._openers.pop(channel, None)
        known = self._dictionary.keys.get((channel, self._nonces.pop(channel, b""), key_nonce))
        if known:
            self._openers[channel] = (
                Opener(channel, HOST_TO_KEY, known.host_to_key),
                Opener(channel, KEY_TO_HOST, known.key_to_host),
            )

    def _envelope(self, to_key: bool, envelope: m.Envelope, size: int) -> Said:
        sealed: dict[str, Plain] = {"channel": envelope.channel, "counter": envelope.counter, "bytes": size}
        openers = self._openers.get(envelope.channel)
        if openers is None:
            text = f"channel {envelope.channel} #{envelope.counter}, {size} bytes, encrypted"
            return Said(Kind.ENCRYPTED, text, sealed)
        try:
            opened = openers[HOST_TO_KEY if to_key else KEY_TO_HOST].open(envelope)
        except ChannelError as error:
            text = f"channel {envelope.channel} #{envelope.counter}, {size} bytes: {error}"
            return Said(Kind.DAMAGE, text, sealed)
        wire = self._dictionary.wire
        read = _read(wire.request.parse if to_key else wire.reply.parse, opened)
        kind = Kind.REQUEST if to_key else Kind.REPLY
        return Said(kind, f"[{envelope.channel}] {read.text}", {**sealed, **read.detail})


def _read(parse: Callable[[bytes], Any], data: bytes) -> ReadMessage:
    message = parse(data)
    detail = {"message": str(message.command), "fields": plain(message)}
    return ReadMessage(message, describe(message), detail)


def _damage(text: str, data: bytes) -> Said:
    return Said(Kind.DAMAGE, text, {"bytes": len(data)})
