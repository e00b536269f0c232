"""What `--help` of every command shows."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from hideez_bench.harness.cli.main import COMMANDS, cli


def commands() -> list[list[str]]:
    """Every command, subcommands included."""
    found: list[list[str]] = [[]]
    context = click.Context(cli)
    for name in COMMANDS:
        found.append([name])
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            found += [[name, below] for below in command.commands]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_examples_stand_as_they_were_written(command: list[str]) -> None:
    shown = CliRunner().invoke(cli, [*command, "--help"], catch_exceptions=False)
    assert shown.exit_code == 0
    assert "\\b" not in shown.output
    assert "\b" not in shown.output
    assert " ".join(["hideez-bench", *command]) in shown.output
