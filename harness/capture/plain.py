"""Messages as plain values for JSON, secrets masked."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum, Flag
from typing import Any

from hideez_bench.protocol.secret import Secret
from hideez_bench.protocol.values import UnknownError, Version

Plain = None | bool | int | str | list["Plain"] | dict[str, "Plain"]


def plain(value: Any) -> Plain:
    """Bytes become hexadecimal, names their text, flags a list of names, messages an object, secrets `***`."""
    match value:
        case None | bool() | int() | str() if not isinstance(value, Enum):
            return value
        case Secret():
            return str(value)
        case bytes():
            return value.hex()
        case Flag():
            return [str(flag.name) for flag in value]
        case Enum():
            return str(value.value)
        case UnknownError() | Version():
            return str(value)
        case list() | tuple():
            return [plain(item) for item in value]
        case _ if is_dataclass(value):
            return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return str(value)
