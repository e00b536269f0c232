"""`profile show` tells every value with its origin; a profile that is wrong ends any command in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hideez_bench.harness.cli.main import cli
from hideez_bench.protocol.profile import default_profile
from hideez_bench.protocol.profile_file import ProfileError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def row(result: Result, name: str) -> str:
    (found,) = [line for line in result.output.splitlines() if line[2:].startswith(f"{name} ")]
    return found


def test_every_item_stands_under_its_section_with_value_tag_and_source() -> None:
    result = run("profile", "show")
    assert result.exit_code == 0
    section = ""
    rows: dict[tuple[str, str], str] = {}
    for line in result.output.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line.startswith("  "):
            rows[section, line.split()[0]] = line
    for key, item in default_profile().items.items():
        assert f"  {item.tag}  {item.source}" in rows[key]
    assert set(rows) == set(default_profile().items)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("main", "59ac0002-0f4a-ca95-0849-a6670829557f"),
        ("LINK", "0x03"),
        ("ERR_ALREADY_INITIALIZED", "0x0101"),
        ("LINK_REQUIRED", "bit 0"),
        ("busy_interval", "5000 ms"),
        ("max_message", "512"),
    ],
)
def test_values_are_written_as_people_read_them(name: str, value: str) -> None:
    assert value in row(run("profile", "show"), name)


def test_the_tags_are_counted_to_the_whole() -> None:
    total = len(default_profile().items)
    lines = [line for line in run("profile", "show").output.splitlines() if line.endswith(f" of {total}")]
    assert sum(int(line.split()[-3]) for line in lines) == total


def test_what_a_file_replaces_is_marked(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[command]\nLINK = { value = 0x33, tag = "P", source = "seen" }\n')
    result = run("profile", "show", "--profile", str(file))
    assert row(result, "LINK").split() == ["*", "LINK", "0x33", "P", "seen"]
    assert not row(result, "ACCESS").startswith("*")
    machines = json.loads(run("profile", "show", "--profile", str(file), "--json").output)
    assert [entry["name"] for entry in machines if entry["replaced"]] == ["LINK"]
    assert machines[0].keys() == {"section", "name", "value", "tag", "source", "replaced"}
    assert len(machines) == len(default_profile().items)


def test_no_colour_leaves_the_program_where_there_is_no_terminal() -> None:
    assert "\x1b" not in run("profile", "show").output


@pytest.mark.parametrize("command", [("activate",), ("demo",), ("emulate",), ("profile", "show")])
def test_a_wrong_profile_is_refused_before_anything_starts(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[command]\nLINK = 1\n")
    result = run(*command, "--profile", str(file))
    assert isinstance(result.exception, ProfileError)
    assert "line 2" in str(result.exception)
    assert result.output == ""
