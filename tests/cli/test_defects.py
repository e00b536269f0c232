"""`defects` lists what there is, `activate` and `emulate` give it to a key; wrong use ends in one sentence."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from hideez_bench.emulator.key.defects.catalogue import CATALOGUE
from hideez_bench.harness.cli.main import cli
from hideez_bench.protocol.errors import BenchError

IN_MEMORY = ("activate", "--target", "emulator:memory", "--json")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def verdict(*arguments: str) -> object:
    return json.loads(run(*IN_MEMORY, *arguments).stdout)["verdict"]


def test_every_defect_is_listed_with_what_it_breaks() -> None:
    lines = run("defects").output.splitlines()
    assert [line.split()[:2] for line in lines] == [[d.name, d.breaks] for d in CATALOGUE.values()]
    assert [line.split("  ")[-1] for line in lines] == [defect.summary for defect in CATALOGUE.values()]
    assert [row["name"] for row in json.loads(run("defects", "--json").output)] == list(CATALOGUE)


def test_a_defect_changes_how_an_activation_ends() -> None:
    codes = ("--code", "wrong", "--code", "wrong", "--code", "wrong", "--code", "right")
    assert verdict(*codes) == "locked"
    assert verdict(*codes, "--defect", "one-attempt-more", "--defect", "wrong-rssi") == "active"


@pytest.mark.parametrize("command", [IN_MEMORY, ("emulate",)])
def test_an_unknown_defect_is_refused(command: tuple[str, ...]) -> None:
    result = run(*command, "--defect", "no-such-thing")
    assert isinstance(result.exception, BenchError)
    assert "hideez-bench defects" in str(result.exception)


def test_a_key_that_is_there_already_cannot_be_given_a_defect() -> None:
    result = run("activate", "--target", "ble:HK-00203", "--defect", "boot-byte")
    assert isinstance(result.exception, BenchError)
    assert "hideez-bench emulate --defect" in str(result.exception)
