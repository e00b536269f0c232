"""Values as JSON and back, as hubs send them: one description for both directions.

Names go out as the vendor's, in camelCase, and come in whatever their case; what is missing has its type's default, and
what is unknown is passed over, as the vendor's framework does. Byte strings travel in base64.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from hideez_bench.protocol.signalr import Json, Malformed

T = TypeVar("T")


@dataclass(frozen=True)
class Codec(Generic[T]):
    """One type of value: to JSON, and from it (`Malformed` where it is something else)."""

    to_json: Callable[[T], Json]
    from_json: Callable[[Json], T]


def _same(kind: type[T], name: str, default: T) -> Codec[T]:
    def from_json(value: Json) -> T:
        if value is None:
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise Malformed(f"{name} was expected.")
        return value

    return Codec(lambda value: value, from_json)  # type: ignore[arg-type, return-value]  # T is one of JSON's own


TEXT = _same(str, "A text", "")
BOOLEAN = _same(bool, "true or false", default=False)
INTEGER = _same(int, "A whole number", 0)


def integer(low: int, high: int) -> Codec[int]:
    """A whole number within these bounds."""

    def from_json(value: Json) -> int:
        number = INTEGER.from_json(value)
        if not low <= number <= high:
            raise Malformed(f"A number from {low} to {high} was expected.")
        return number

    return Codec(lambda value: value, from_json)


def optional(codec: Codec[T]) -> Codec[T | None]:
    """A value, or null."""
    return Codec(
        lambda value: None if value is None else codec.to_json(value),
        lambda value: None if value is None else codec.from_json(value),
    )


def sequence(codec: Codec[T]) -> Codec[Sequence[T]]:
    """A list of values."""

    def from_json(value: Json) -> list[T]:
        if value is not None and not isinstance(value, list):
            raise Malformed("A list was expected.")
        return [codec.from_json(item) for item in value or []]

    return Codec(lambda values: [codec.to_json(value) for value in values], from_json)


def _bytes_from_json(value: Json) -> bytes:
    try:
        return base64.b64decode(TEXT.from_json(value), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("Base64 was expected.") from None


def _moment_from_json(value: Json) -> datetime:
    if value is None:
        return datetime.min.replace(tzinfo=UTC)
    try:
        moment = datetime.fromisoformat(TEXT.from_json(value))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Malformed("A date and time was expected.") from None


INT32 = integer(-(2**31), 2**31 - 1)
UINT32 = integer(0, 2**32 - 1)
BYTE = integer(0, 255)
BYTES: Codec[bytes] = Codec(lambda value: base64.b64encode(value).decode(), _bytes_from_json)
MOMENT: Codec[datetime] = Codec(
    lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z"), _moment_from_json
)


def record(kind: type[T], **fields: tuple[str, Codec[Any]]) -> Codec[T]:
    """An object with the fields of a dataclass; each under its JSON name."""
    by_key = {key.lower(): (name, codec) for name, (key, codec) in fields.items()}

    def to_json(value: T) -> Json:
        return {key: codec.to_json(getattr(value, name)) for name, (key, codec) in fields.items()}

    def from_json(value: Json) -> T:
        if not isinstance(value, dict):
            raise Malformed("An object was expected.")
        given = {key.lower(): item for key, item in value.items()}
        found = {name: codec.from_json(given.get(key)) for key, (name, codec) in by_key.items()}
        return kind(**found)

    return Codec(to_json, from_json)
