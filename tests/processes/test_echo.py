"""What is typed at a program that still loads is not shown, and the terminal is given back however it ends."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from hideez_bench.harness.cli.main import UNSEEN
from tests.processes.programs import at_terminal

LOADING = """
import importlib, sys, termios, time
from hideez_bench.harness.cli.main import main

def load(name):
    print("loads " + name + (" and echoes" if termios.tcgetattr(0)[3] & termios.ECHO else " unseen"), flush=True)
    {then}

importlib.import_module = load
sys.argv = ["hideez-bench", "{command}"]
main()
"""
"""The program, with the import of its command replaced by a look at the terminal."""


def loading(then: str, command: str = "client") -> list[str]:
    return [sys.executable, "-c", LOADING.format(then=then, command=command)]


@pytest.mark.parametrize("command", UNSEEN)
async def test_before_anything_else_the_terminal_is_told_not_to_show_what_is_typed(command: str) -> None:
    async with at_terminal(loading("sys.exit(7)", command), os.environ) as terminal:
        await terminal.expect(f"loads hideez_bench.harness.cli.{command} unseen")
        assert await terminal.finish() == 7
        assert terminal.shows_what_is_typed


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
async def test_whoever_ends_it_meanwhile_gets_the_terminal_back(end: signal.Signals) -> None:
    async with at_terminal(loading("while True: time.sleep(0.05)"), os.environ) as terminal:
        await terminal.expect("unseen")
        terminal.process.send_signal(end)
        assert await terminal.finish() == 128 + end
        assert terminal.shows_what_is_typed
    assert "Traceback" not in terminal.screen


async def test_a_crash_gives_the_terminal_back() -> None:
    async with at_terminal(loading("raise ValueError"), os.environ) as terminal:
        assert await terminal.finish() == 1
        assert terminal.shows_what_is_typed
    assert "ValueError" in terminal.screen


async def test_other_commands_leave_it_alone() -> None:
    async with at_terminal(loading("sys.exit(0)", "defects"), os.environ) as terminal:
        await terminal.expect("defects and echoes")
        assert await terminal.finish() == 0
