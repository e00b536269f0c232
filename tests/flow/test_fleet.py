"""Many keys before one server."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.harness.cli.main import cli
from hideez_bench.harness.fleet import numbered_from, open_fleet
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.wire import default_wire


@pytest.mark.virtual_time
async def test_every_key_of_a_fleet_is_activated() -> None:
    async with open_fleet(Identity.numbered(1), 25, default_wire()) as fleet:
        outcomes = [outcome async for outcome in fleet.activate(at_once=10)]
    assert len({outcome.serial for outcome in outcomes}) == 25
    assert [outcome.error for outcome in outcomes if not outcome.is_active] == []


@pytest.mark.virtual_time
async def test_a_fleet_that_is_left_in_the_middle_ends_in_order() -> None:
    async with open_fleet(Identity.numbered(1), 5, default_wire()) as fleet:
        running = fleet.activate(at_once=5)
        assert (await anext(running)).is_active
        await running.aclose()


def test_the_command_says_how_many_are_active_and_how_fast() -> None:
    result = CliRunner().invoke(cli, ["fleet", "--count", "12", "--name", "HK4-00001"])
    assert result.exit_code == 0, result.output
    assert "12 keys are on the air, HK4-00001 to HK4-00012." in result.output
    assert "12 of 12 keys are Active" in result.output


def test_the_command_for_a_machine() -> None:
    result = CliRunner().invoke(cli, ["fleet", "--count", "3", "--json"])
    report = json.loads(result.output)
    assert (report["keys"], report["active"], report["failed"]) == (3, 3, {})
    assert report["activations_per_second"] > 0


def test_there_are_only_so_many_numbers() -> None:
    assert [key.local_name for key in numbered_from(Identity.numbered(99998), 2)] == ["HK-99998", "HK-99999"]
    with pytest.raises(BenchError, match="there are 2 keys, not 3"):
        numbered_from(Identity.numbered(99998), 3)
