"""Nothing that a program prints or writes, but the server's own memory, holds a code or a master key."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

import pytest

from tests.processes.long_codes import LENGTH, program
from tests.processes.programs import at_terminal, hideez_bench, run

SECRETS = (6, LENGTH, 32)


def secrets_of(hes_file: Path) -> set[bytes]:
    """Every code and master key that the server ever made."""
    with sqlite3.connect(hes_file) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: set[bytes] = set()
        for table in tables:
            for row in database.execute(f"SELECT * FROM {table}"):  # noqa: S608 - a table of our own
                found |= {value for value in row if isinstance(value, bytes) and len(value) in SECRETS}
    database.close()
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        ("-v",),
        ("--json",),
        ("-v", "--code", "wrong", "--code", "wrong", "--code", "wrong"),
        ("-v", "--code", "54321"),
    ],
    ids=["right", "json", "locked", "too short"],
)
async def test_no_secret_is_printed(arguments: tuple[str, ...], tmp_path: Path) -> None:
    hes_file = tmp_path / "hes.db"
    command = [*program(), "activate", "--target", "emulator:memory", "--hes", str(hes_file), *arguments]
    finished = await run(command, os.environ, cwd=tmp_path)
    secrets = secrets_of(hes_file)
    assert {len(secret) for secret in secrets} == {LENGTH, 32}
    printed = finished.everything
    for secret in secrets:
        shown = secret.decode() if len(secret) == LENGTH else secret.hex()
        assert shown not in printed.lower()
        assert repr(secret) not in printed
        assert secret.hex() not in printed.lower()
    # Of long values the first eight bytes are shown in hex, which holds these five digits now and then.
    assert "54321" not in re.sub(r"=[0-9a-f]{16}\.\.\.", "", printed)
    assert hes_file.stat().st_mode & 0o077 == 0
    assert os.listdir(tmp_path) == ["hes.db"]  # noqa: PTH208


async def test_a_person_at_a_terminal_is_asked_unseen_and_sees_the_code_on_demand(tmp_path: Path) -> None:
    hes_file = tmp_path / "hes.db"
    command = [hideez_bench(), "activate", "--target", "emulator:memory", "--hes", str(hes_file)]
    async with at_terminal(command, os.environ) as terminal:
        await terminal.expect("Enter gives up")
        terminal.type("000000")
        await terminal.expect("Enter gives up", times=2)
        assert "000000" not in terminal.screen
        (code,) = (secret.decode() for secret in secrets_of(hes_file) if len(secret) == 6)
        assert code not in terminal.screen
        terminal.type("?")
        await terminal.expect("Enter gives up", times=3)
        assert terminal.screen.count(code) == 1
        terminal.type(code)
        assert await terminal.finish() == 0
    assert terminal.screen.count(code) == 1
    assert "2 left" in terminal.screen
    assert "is Active." in terminal.screen


async def test_a_person_may_give_up(tmp_path: Path) -> None:
    command = [hideez_bench(), "activate", "--target", "emulator:memory"]
    async with at_terminal(command, os.environ) as terminal:
        await terminal.expect("Enter gives up")
        terminal.type("")
        assert await terminal.finish() == 1
    assert "3 attempts left" in terminal.screen
