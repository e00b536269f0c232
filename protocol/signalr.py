"""The SignalR hub protocol in JSON, both directions and pure: bytes to messages, messages to text.

A connection is a stream of records, each one JSON object behind which stands the byte 0x1E. The first record of each
side is its handshake; every other one is a message. What SignalR calls stateful reconnect is not spoken: its two
messages are read and have no effect.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

from hideez_bench.protocol.errors import BenchError

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

SEPARATOR = "\x1e"
MAX_MESSAGE = 32 * 1024
"""Bytes of one record, the vendor's framework's default."""
MAX_ID = 128
"""Characters of an invocation's id."""
KEEP_ALIVE = 15.0
"""Seconds of silence after which each side says that it is still there."""
TIMEOUT = 30.0
"""Seconds of silence after which each side takes the other for gone."""
PROTOCOL = "json"
VERSIONS = (1, 2)
"""Both mean the same in JSON, but for what stateful reconnect adds."""


class Malformed(BenchError):
    """What came is no message of the hub protocol, or not one that was due; the connection ends."""


@dataclass(frozen=True)
class HandshakeRequest:
    """What a client says first."""

    protocol: str = PROTOCOL
    version: int = 1


@dataclass(frozen=True)
class HandshakeResponse:
    """The server's answer; with an error it closes the connection."""

    error: str | None = None


@dataclass(frozen=True)
class Invocation:
    """Call a method of the other side. Without an id no answer is wanted, and none may come."""

    target: str
    arguments: tuple[Json, ...] = ()
    invocation_id: str | None = None


@dataclass(frozen=True)
class StreamInvocation:
    """Call a method that answers with a stream. No hub of ours has one."""

    invocation_id: str
    target: str
    arguments: tuple[Json, ...] = ()


@dataclass(frozen=True)
class StreamItem:
    """One item of a stream."""

    invocation_id: str
    item: Json


@dataclass(frozen=True)
class Completion:
    """The end of a call: its result, or the error's text."""

    invocation_id: str
    result: Json = None
    error: str | None = None


@dataclass(frozen=True)
class CancelInvocation:
    """The caller does not want the rest."""

    invocation_id: str


@dataclass(frozen=True)
class Ping:
    """Still there."""


@dataclass(frozen=True)
class Close:
    """The sender ends the connection."""

    error: str | None = None
    allow_reconnect: bool = False


@dataclass(frozen=True)
class Ignored:
    """A message of another kind, such as those of stateful reconnect; later versions may have more of them."""

    kind: int


Message = Invocation | StreamInvocation | StreamItem | Completion | CancelInvocation | Ping | Close | Ignored


class RecordReader:
    """Cuts a stream into records. One may come in several pieces, and a piece may hold several."""

    def __init__(self, limit: int = MAX_MESSAGE) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, piece: str | bytes) -> Iterator[str]:
        """The records that this piece completes, without the separator.

        Raises:
            Malformed: a record is longer than the limit, whole or not, or is not UTF-8.
        """
        try:
            data = piece.encode() if isinstance(piece, str) else piece
            *whole, self._rest = (self._rest + data).split(SEPARATOR.encode())
            for record in whole:
                self._check(record)
                yield record.decode()
        except UnicodeError:
            raise Malformed("A record is not UTF-8.") from None
        self._check(self._rest)

    def _check(self, record: bytes) -> None:
        if len(record) > self._limit:
            raise Malformed(f"A message is longer than {self._limit} bytes.")


def parse_handshake_request(record: str) -> HandshakeRequest:
    """What a client says first.

    Raises:
        Malformed: it is no handshake.
    """
    fields = _object(record)
    protocol, version = fields.get("protocol"), fields.get("version")
    if not isinstance(protocol, str) or not _is_integer(version):
        raise Malformed("The first message is no handshake.")
    return HandshakeRequest(protocol, version)


def parse_handshake_response(record: str) -> HandshakeResponse:
    """What a server answers to it; raises as `parse_handshake_request`."""
    fields = _object(record)
    if "type" in fields:
        raise Malformed("The first message is no handshake.")
    return HandshakeResponse(_text(fields, "error"))


def parse(record: str) -> Message:
    """The message of a record.

    Raises:
        Malformed: it is not JSON, or lacks what its kind must have.
    """
    fields = _object(record)
    kind = fields.get("type")
    if not _is_integer(kind):
        raise Malformed("A message has no type.")
    match kind:
        case 1:
            identifier = _id(fields) if fields.get("invocationId") is not None else None
            return Invocation(_target(fields), _arguments(fields), identifier)
        case 2:
            if "item" not in fields:
                raise Malformed("A stream item has no item.")
            return StreamItem(_id(fields), fields["item"])
        case 3:
            result, error = fields.get("result"), _text(fields, "error")
            if error is not None and result is not None:
                raise Malformed("A completion has both a result and an error.")
            return Completion(_id(fields), result, error)
        case 4:
            return StreamInvocation(_id(fields), _target(fields), _arguments(fields))
        case 5:
            return CancelInvocation(_id(fields))
        case 6:
            return Ping()
        case 7:
            return Close(_text(fields, "error"), fields.get("allowReconnect") is True)
        case _:
            return Ignored(kind)


def build(message: Message | HandshakeRequest | HandshakeResponse) -> str:
    """A message as the text that goes out, separator included.

    Raises:
        ValueError: it holds what JSON cannot carry.
    """
    fields = _fields(message)
    kept = {name: value for name, value in fields.items() if value is not None or name in ("item", "result")}
    text = json.dumps(kept, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text.encode()  # an unpaired surrogate has no place in UTF-8; better here than on its way out
    return text + SEPARATOR


def _fields(message: Message | HandshakeRequest | HandshakeResponse) -> dict[str, Json]:
    match message:
        case HandshakeRequest(protocol, version):
            return {"protocol": protocol, "version": version}
        case HandshakeResponse(error):
            return {"error": error}
        case Invocation(target, arguments, identifier):
            return {"type": 1, "invocationId": identifier, "target": target, "arguments": list(arguments)}
        case StreamItem(identifier, item):
            return {"type": 2, "invocationId": identifier, "item": item}
        case Completion(identifier, _, str() as error):
            return {"type": 3, "invocationId": identifier, "error": error}
        case Completion(identifier, result):
            return {"type": 3, "invocationId": identifier, "result": result}
        case StreamInvocation(identifier, target, arguments):
            return {"type": 4, "invocationId": identifier, "target": target, "arguments": list(arguments)}
        case CancelInvocation(identifier):
            return {"type": 5, "invocationId": identifier}
        case Ping():
            return {"type": 6}
        case Close(error, allow_reconnect):
            return {"type": 7, "error": error, "allowReconnect": allow_reconnect or None}
        case Ignored(kind):
            return {"type": kind}


def _object(record: str) -> dict[str, Json]:
    try:
        value = json.loads(record, parse_constant=_refuse, parse_float=_finite)
        if "\\u" in record:
            json.dumps(value, ensure_ascii=False).encode()  # finds unpaired surrogates
    except (ValueError, RecursionError):
        raise Malformed("A message is not JSON.") from None
    if not isinstance(value, dict):
        raise Malformed("A message is not an object.")
    return value


def _refuse(constant: str) -> Json:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _is_integer(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(fields: dict[str, Json], name: str) -> str | None:
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    raise Malformed(f"A message's {name} is no text.")


def _target(fields: dict[str, Json]) -> str:
    target = _text(fields, "target")
    if not target:
        raise Malformed("A call names no method.")
    return target


def _arguments(fields: dict[str, Json]) -> tuple[Json, ...]:
    arguments = fields.get("arguments")
    if not isinstance(arguments, list):
        raise Malformed("A call has no list of arguments.")
    if fields.get("streamIds"):
        raise Malformed("A call brings streams, which nothing here takes.")
    return tuple(arguments)


def _id(fields: dict[str, Json]) -> str:
    identifier = _text(fields, "invocationId")
    if not identifier or len(identifier) > MAX_ID:
        raise Malformed("A message has no invocation id, or one that is too long.")
    return identifier
