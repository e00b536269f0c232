"""Wireshark reads every golden message as we do: each field by its name, with its value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum, Flag
from pathlib import Path
from typing import Any

import pytest

from hideez_bench.protocol.messages import Reply
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.secret import Secret
from hideez_bench.protocol.values import UnknownError, Version
from tests.dissector.recording import Recording
from tests.dissector.tshark import Frame, columns, frames
from tests.protocol import golden

ENCRYPTED, CONTROL = b"\x01", b"\x02"
GOLDEN = {each.name: each for each in golden.load()}
IN_CLEAR = ("request", "reply")


@pytest.fixture(scope="module")
def seen(script: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Frame, str]]:
    """What tshark says of each golden message, and its Info column."""
    folder = tmp_path_factory.mktemp("golden")
    seen: dict[str, tuple[Frame, str]] = {}
    for in_clear, option in ((False, "FALSE"), (True, "TRUE")):
        recording = Recording()
        # A connection for each, so that they do not depend on one another.
        chosen = [each for each in GOLDEN.values() if (each.layer in IN_CLEAR) == in_clear]
        numbers = {each.name: record(recording, 0x40 + n, each) for n, each in enumerate(chosen)}
        capture = recording.save(folder / f"{in_clear}.btsnoop")
        options = ("-o", f"hideez.clear:{option}")
        found, info = frames(script, capture, *options), columns(script, capture, *options)
        seen |= {name: (found[number], info[number]) for name, number in numbers.items()}
    return seen


def record(recording: Recording, connection: int, message: golden.Golden) -> int:
    recording.connect(connection)
    recording.discover(connection)
    envelope = b"\x01" + (1).to_bytes(4, "little") + message.data + bytes(8)
    match message.layer:
        case "info":
            return recording.read_info(message.data, connection)
        case "packet":
            return recording.to_key(message.data, connection)
        case "to_key":
            return recording.to_key(CONTROL + message.data, connection)
        case "from_key":
            return recording.from_key(CONTROL + message.data, connection)
        case "envelope":
            return recording.to_key(ENCRYPTED + message.data, connection)
        case "request":
            return recording.to_key(ENCRYPTED + envelope, connection)
        case "reply":
            return recording.from_key(ENCRYPTED + envelope, connection)
    raise AssertionError(message.layer)


@pytest.mark.parametrize("name", GOLDEN)
def test_every_field_is_shown(seen: dict[str, tuple[Frame, str]], name: str) -> None:
    frame, _info = seen[name]
    value = GOLDEN[name].value
    if isinstance(value, Reply) and isinstance(value.body, str | Secret):
        body, value = value.body, Reply(value.command, value.error)
        shown = frame.lines(f"hideez.reply.body.{value.command.lower()}")
        assert (body if isinstance(body, str) else "***") in shown[0]
    for key, expected in leaves(value):
        assert_shown(frame, f"hideez.{key}", expected)


@pytest.mark.parametrize("name", [name for name, each in GOLDEN.items() if each.layer != "packet"])
def test_nothing_is_malformed(seen: dict[str, tuple[Frame, str]], name: str) -> None:
    frame, info = seen[name]
    assert frame.faults == []
    assert "malformed" not in info


@pytest.mark.parametrize("name", [n for n, each in GOLDEN.items() if each.layer in ("to_key", "from_key")])
def test_control_messages_are_named(seen: dict[str, tuple[Frame, str]], name: str) -> None:
    frame, info = seen[name]
    message = GOLDEN[name]
    assert frame.values("hideez.control.command") == [f"0x{message.data[0]:02x}"]
    assert message.value.command in frame.lines("hideez.control.command")[0]
    assert info.startswith(str(message.value.command))
    assert frame.values("hideez.direction") == ["0" if message.layer == "to_key" else "1"]


@pytest.mark.parametrize("name", [name for name, each in GOLDEN.items() if each.layer in IN_CLEAR])
def test_requests_and_replies_in_clear_are_named(seen: dict[str, tuple[Frame, str]], name: str) -> None:
    _frame, info = seen[name]
    message = GOLDEN[name]
    assert info == f"encrypted, channel 1 #1: {message.layer} {message.value.command}"


def leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a value and of the values in it, by their filter names."""
    owner = snake(type(value).__name__)
    for field in fields(value):
        inner = getattr(value, field.name)
        if is_dataclass(inner) and not isinstance(inner, Version | UnknownError):
            yield from leaves(inner)
        else:
            yield f"{owner}.{field.name}", inner


def snake(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


def assert_shown(frame: Frame, name: str, expected: Any) -> None:
    values, lines = frame.values(name), frame.lines(name)
    match expected:
        case None:
            # A secret that is left out, or a slot of the key's choice, still has its byte.
            assert values == [] or "***" in lines[0] or "any" in lines[0], name
        case tuple():
            assert [int(value) for value in values] == list(expected), name
        case Secret():
            assert "***" in lines[0], name
            assert expected.reveal().hex() not in lines[0].replace(":", ""), name
        case Flag():
            assert [lines[0].split("(")[1].rstrip(")")] == [
                ", ".join(str(flag.name).lower().replace("_", " ") for flag in expected) or "none"
            ], name
        case UnknownError():
            assert int(values[0], 16) == expected.number, name
            assert frame.lines("hideez.refused"), name
        case Enum():
            assert f": {expected.value} (" in lines[0], name
            assert bool(frame.lines("hideez.refused")) == (
                isinstance(expected, ErrorName) and expected is not ErrorName.Ok
            ) or not isinstance(expected, ErrorName), name
        case bool() | int():
            assert int(values[0], 0) == expected, name
        case bytes():
            assert values[0].replace(":", "") == expected.hex(), name
        case _:
            assert values == [str(expected)], name
