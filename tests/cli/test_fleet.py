"""Many keys in one process, by `fleet` and by `emulate --radio memory`."""

from __future__ import annotations

import json

import pytest

from hideez_bench.harness.cli.emulate import emulate
from hideez_bench.harness.cli.fleet import fleet
from hideez_bench.protocol.errors import BenchError


def run(command: object, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        command.main(list(arguments), standalone_mode=False)  # type: ignore[attr-defined]
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_every_key_of_a_fleet_is_activated(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(fleet, "--count", "12", "--at-once", "5", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["keys"], report["active"], report["failed"]) == (12, 12, {})


def test_emulate_on_the_memory_radio_is_a_fleet(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(emulate, "--count", "5", "--radio", "memory", "--name", "HK-00990") == 0
    told = capsys.readouterr().out
    assert "HK-00990 to HK-00994" in told
    assert "5 of 5 keys are Active" in told


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--count", "100"), "--radio memory"),
        (("--radio", "memory", "--state", "x.db"), "nothing was started"),
        (("--radio", "memory", "--count", "10", "--name", "HK-99995"), "lower number"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(arguments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(BenchError, match=reason):
        emulate.main(list(arguments), standalone_mode=False)
