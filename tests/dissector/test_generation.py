"""What is generated: all of the format, nothing else, and the same each time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from construct import Construct, Int8ul, Int16ub, Int64ul, Sequence, Struct

from hideez_bench.harness.cli.dissector import dissector as command
from hideez_bench.harness.dissector.generate import dissector, format_of
from hideez_bench.harness.dissector.lua import literal
from hideez_bench.harness.dissector.place import UnknownElementError
from hideez_bench.harness.dissector.walk import Walker
from hideez_bench.protocol.layout import Layout, MessageSet
from hideez_bench.protocol.messages import Busy
from hideez_bench.protocol.names import Command, ControlCommand, ErrorName
from hideez_bench.protocol.profile import Profile, default_profile
from hideez_bench.protocol.wire import Wire, default_wire
from tests.dissector.recording import Recording
from tests.dissector.test_golden import snake
from tests.dissector.tshark import columns, frames


def layouts(wire: Wire) -> Iterator[Layout[object]]:
    for it in vars(wire).values():
        if isinstance(it, Layout):
            yield it
        if isinstance(it, MessageSet):
            yield from it.layouts.values()


def test_every_field_of_every_layout_is_there() -> None:
    source = dissector(default_wire())
    keys = set(re.findall(r'^ {8}\["([a-z0-9_.]+)"\] = \{', source, re.MULTILINE))
    found = list(layouts(default_wire()))
    assert len(found) > 50
    for layout in found:
        owner = snake(layout.value.__name__)
        for field in layout.fields:
            key = f"{owner}.{field.name}"
            assert key in keys or any(other.startswith(f"{key}.") for other in keys), key


def test_every_name_is_there() -> None:
    source = dissector(default_wire())
    for name in [*Command, *ControlCommand, *ErrorName]:
        assert f'"{name.value}"' in source, name


def test_every_step_has_its_function() -> None:
    source = dissector(default_wire())
    used = set(re.findall(r'op = "(\w+)"', source))
    assert used == set(re.findall(r"^function READ\.(\w+)", source, re.MULTILINE))


def test_it_is_the_same_each_time() -> None:
    assert dissector(Wire(default_profile())) == dissector(Wire(default_profile()))


def test_the_command_prints_it() -> None:
    result = CliRunner().invoke(command, catch_exceptions=False)
    assert result.exit_code == 0
    assert result.output == dissector(default_wire())


def test_the_command_takes_a_profile_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("[control]\nBUSY = 0x2a\n", encoding="utf-8")
    result = CliRunner().invoke(command, ["--profile", str(mine)], catch_exceptions=False)
    assert '[42] = {name = "BUSY", layout = "busy"}' in result.output
    assert '{name = "BUSY", layout = "busy"}' in dissector(default_wire())
    assert '[42] = {name = "BUSY"' not in dissector(default_wire())


@pytest.mark.parametrize("element", [Int16ub, Int64ul, Sequence(Int16ub), Struct("a" / Int16ub)])
def test_an_unknown_element_is_not_passed_over(element: Construct) -> None:
    with pytest.raises(UnknownElementError, match=r"busy\.channel"):
        Walker().record(Layout(Busy, "channel" / element).field)


def test_an_unknown_set_is_not_passed_over() -> None:
    wire = Wire(default_profile())
    vars(wire)["from_the_moon"] = wire.to_key
    with pytest.raises(UnknownElementError, match="from_the_moon"):
        format_of(wire)


def test_two_layouts_of_one_value_are_not_mixed() -> None:
    wire = Wire(default_profile())
    vars(wire)["another"] = Layout(Busy, "channel" / Int8ul)
    with pytest.raises(UnknownElementError, match="busy"):
        format_of(wire)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ('a"b\\\n', '"a\\"b\\\\\\010"'),
        ({"end": True, "a b": 1, 7: [1, 2]}, '{["end"] = true, ["a b"] = 1, [7] = {1, 2}}'),
        ({}, "{}"),
    ],
)
def test_data_as_lua(data: object, expected: str) -> None:
    assert literal(data) == expected


def with_numbers(**numbers: int) -> Profile:
    """The shipped profile with other numbers for control messages."""
    items = dict(default_profile().items)
    for name, number in numbers.items():
        items["control", name] = replace(items["control", name], value=number)
    return replace(default_profile(), items=items)


def test_another_profile_makes_another_dissector(tmp_path: Path) -> None:
    script = tmp_path / "hideez.lua"
    script.write_text(dissector(Wire(with_numbers(BUSY=0x2A, CANCEL=0x33))), encoding="utf-8")
    recording = Recording()
    recording.connect()
    recording.discover()
    cancel = recording.to_key(bytes.fromhex("02 33"))
    busy = recording.from_key(bytes.fromhex("02 2a 04"))
    old = recording.from_key(bytes.fromhex("02 06 04"))
    capture = recording.save(tmp_path / "x.btsnoop")
    found, info = frames(script, capture), columns(script, capture)
    assert (info[cancel], info[busy], info[old]) == ("CANCEL", "BUSY", "unknown command 0x06")
    assert found[busy].values("hideez.busy.channel") == ["4"]
