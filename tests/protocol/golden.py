"""Reads the golden bytes of `fixtures/`: from plain TOML to the values that the layouts speak of."""

from __future__ import annotations

import tomllib
import types
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum, Flag
from functools import reduce
from importlib.resources import files
from operator import or_
from typing import Any, Union, get_args, get_origin, get_type_hints

from hideez_bench.protocol import messages, secret, values, wire
from hideez_bench.protocol.secret import Secret


@dataclass(frozen=True)
class Golden:
    """Some bytes and the value that they mean."""

    name: str
    layer: str
    data: bytes
    value: Any


TYPES = {
    "packet": wire.Packet,
    "info": values.InfoCharacteristic,
    "envelope": messages.Envelope,
    "reply": messages.Reply,
}


BODIES = {"text": str, "Otp": secret.Otp}


def load() -> list[Golden]:
    """Every golden message."""
    return [
        Golden(
            entry["name"],
            entry["layer"],
            bytes.fromhex(entry["hex"]),
            _instance(_type(entry), entry["fields"], entry.get("body")),
        )
        for entry in read("golden_messages.toml")["message"]
    ]


def read(name: str) -> dict[str, Any]:
    """A fixture file as TOML has it."""
    return tomllib.loads(files("hideez_bench.fixtures").joinpath(name).read_text(encoding="utf-8"))


def _type(entry: dict[str, Any]) -> type:
    kind: type = getattr(messages, entry["type"]) if "type" in entry else TYPES[entry["layer"]]
    return kind


def _instance(kind: type, given: dict[str, Any], body: str | None = None) -> Any:
    hints = get_type_hints(kind)
    if body:
        hints["body"] = BODIES.get(body) or getattr(values, body)
    names = [field.name for field in fields(kind)]
    assert set(given) <= set(names)
    return kind(**{name: _value(hints[name], given.get(name)) for name in names})


def _value(hint: Any, given: Any) -> Any:
    if given is None:
        return None
    if get_origin(hint) in (Union, types.UnionType):
        if isinstance(given, int) and values.UnknownError in get_args(hint):
            return values.UnknownError(given)
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    if get_origin(hint) is tuple:
        return tuple(given)
    if isinstance(given, list):
        return reduce(or_, (hint[name] for name in given), hint(0))
    if is_dataclass(hint):
        return _instance(hint, given)  # type: ignore[arg-type]
    if hint is bytes or (isinstance(hint, type) and issubclass(hint, Secret)):
        return hint(bytes.fromhex(given))
    if isinstance(hint, type) and issubclass(hint, Enum) and not issubclass(hint, Flag):
        return hint(given)
    return given
