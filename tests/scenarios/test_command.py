"""`hideez-bench scenario`: list, run, exit status, JSON, and words for who reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hideez_bench.harness.cli import scenario as command
from hideez_bench.harness.cli.main import cli
from hideez_bench.harness.scenarios.catalogue import CATALOGUE, SCENARIOS
from hideez_bench.harness.scenarios.scenario import Scenario
from hideez_bench.harness.scenarios.scene import Scene
from hideez_bench.protocol.errors import BenchError
from tests.protocol.other_profile import other_profile


def run(*arguments: str, columns: int = 200) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(cli, ["scenario", *arguments])


def test_list() -> None:
    head, *lines = run("list").stdout.splitlines()
    assert head.split()[0] == "Name"
    assert [line.split()[0] for line in lines] == list(CATALOGUE)
    for line, scenario in zip(lines, SCENARIOS, strict=True):
        assert scenario.symptom in line
        assert line.endswith(" ".join(scenario.behaviours) or "none")


@pytest.mark.parametrize("columns", [80, 120])
def test_the_list_and_a_story_fit_the_terminal(columns: int) -> None:
    for arguments in (["list"], ["run", "mail-never-arrives"]):
        lines = run(*arguments, columns=columns).stdout.splitlines()
        assert max(map(len, lines)) <= columns, arguments


def test_list_for_machines() -> None:
    rows = json.loads(run("list", "--json").stdout)
    assert [row["name"] for row in rows] == list(CATALOGUE)
    assert all(row["why"] and row["remedy"] for row in rows)


def test_a_story_is_told_in_three_parts_without_colour_where_it_is_piped() -> None:
    result = run("run", "three-wrong-codes")
    assert result.exit_code == 0, result.output
    heads = ["What the user sees", "Why", "What helps"]
    lines = result.stdout.splitlines()
    assert [line for line in lines if line in heads] == heads
    assert lines[-1].startswith("It went as it should (")
    assert "simulated" in lines[-1]
    assert "\x1b" not in result.output
    assert max(map(len, lines)) <= command.WIDTH
    assert "LINK" not in result.stdout


def test_a_radio_that_cannot_carry_a_scenario_is_told_before_anything_else() -> None:
    result = run("run", "three-wrong-codes", "weak-signal", "--radio", "loopback")
    assert isinstance(result.exception, BenchError)
    assert "--radio memory" in str(result.exception)
    assert result.output == ""


def test_with_v_the_decoded_exchange_is_told_too() -> None:
    assert "LINK" in run("run", "not-assigned", "-v").stdout


def test_a_story_for_machines() -> None:
    report = json.loads(run("run", "old-code", "--json").stdout)
    assert report["name"] == "old-code"
    assert report["as_it_should"] is True
    assert report["error"] is None
    assert {line["part"] for line in report["story"]} == {"trouble", "remedy"}
    assert report["story"][-1]["text"] == "The server has the key as Active."


def test_several_for_machines() -> None:
    reports = json.loads(run("run", "not-assigned", "old-code", "--json", "--as-shipped").stdout)
    assert [(report["name"], report["as_shipped"]) for report in reports] == [
        ("not-assigned", True),
        ("old-code", True),
    ]


def test_they_go_as_they_should_with_another_wire_profile(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    other_profile(file)
    result = run("run", "--all", "--profile", str(file))
    assert result.exit_code == 0, result.output


async def _fails(scene: Scene) -> None:
    scene.fact(False, "The sky is green.")


@pytest.mark.parametrize("arguments", [("--all",), ("--all", "-v"), ("--all", "--json")])
def test_one_that_goes_otherwise_fails_them_all(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = Scenario("fails", "something", "because", "nothing", ("A-001",), _fails)
    monkeypatch.setattr(command, "SCENARIOS", (CATALOGUE["not-assigned"], fails))
    result = run("run", *arguments)
    assert result.exit_code == 1
    assert "The sky is green." in result.stdout
    assert "Traceback" not in result.output
    if arguments == ("--all",):
        assert "1 of 2 went as they should." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("three-wrong-code",), "did you mean three-wrong-codes"),
        ((), "--all"),
        (("old-code", "--all"), "--all"),
        (("bonds-full", "--radio", "loopback"), "--radio memory"),
    ],
)
def test_wrong_use_is_one_sentence(arguments: tuple[str, ...], hint: str) -> None:
    result = run("run", *arguments)
    assert isinstance(result.exception, BenchError)
    assert hint in str(result.exception)
