"""Messages in one line for people, secrets masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from enum import Enum, Flag
from typing import Any

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.values import DeviceInfo

LONGEST_BYTES = 8
TELLING = ("access_level", "lock", "unlock_attempts", "license_info")
"""What a reader of an activation looks for in a key's information."""


def describe(message: m.ToKey | m.FromKey | m.Request | m.Reply) -> str:
    """One line, as `LINK key=*** attempts=3 code=***` or `UNLOCK_DEVICE_CODE: ERR_PIN_WRONG`."""
    if isinstance(message, m.Reply):
        body = f" {_value(message.body)}" if message.body is not None else ""
        return f"{message.command}: {message.error}{body}"
    shown = [
        f"{field.name}={_value(getattr(message, field.name))}"
        for field in fields(message)
        if getattr(message, field.name) is not None and getattr(message, field.name) is not ErrorName.Ok
    ]
    return " ".join([message.command, *shown])


def _fields(value: Any, names: Sequence[str]) -> str:
    return "(" + " ".join(f"{name}={_value(getattr(value, name))}" for name in names) + ")"


def _value(value: Any) -> str:
    match value:
        case bytes() if len(value) > LONGEST_BYTES:
            return f"{value[:LONGEST_BYTES].hex()}...({len(value)} bytes)"
        case bytes():
            return value.hex()
        case Flag():
            return "|".join(str(flag.name) for flag in value) or "none"
        case Enum():
            return str(value.value)
        case str():
            return repr(value)
        case DeviceInfo():
            return _fields(value, TELLING)
        case _ if is_dataclass(value) and type(value).__str__ is object.__str__:
            return _fields(value, [field.name for field in fields(value)])
        case _:
            return str(value)
