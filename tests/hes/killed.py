"""Kills a server after every write and before every commit of every move of a vault, and looks at what is left.

A program of its own, since it forks: `python -m tests.hes.killed FOLDER` prints what it found as JSON.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, event, text

from hideez_bench.emulator.hes.account_records import AccountDetails
from hideez_bench.emulator.hes.database.store import Store
from hideez_bench.emulator.hes.names import LoginType, VaultStatusReason
from hideez_bench.protocol.hes import HesError
from hideez_bench.protocol.secret import Password
from tests.hes.bench import SERIAL, Bench

Move = Callable[[Bench], Awaitable[object]]

FACTS = {
    "vault": "SELECT status, is_status_applied, status_reason, master_key IS NULL, employee_id FROM hardware_vaults",
    "codes": "SELECT id, status FROM hardware_vault_activations ORDER BY id",
    "accounts": "SELECT id, deleted, is_primary FROM accounts ORDER BY id",
    "tasks": "SELECT id, operation FROM hardware_vault_tasks ORDER BY id",
}


def update(**state: bool) -> Move:
    """The key arrives in this state, and the client asks for a status update."""

    async def move(bench: Bench) -> None:
        if state:
            bench.key.take(**state)
        await bench.arrive()
        await bench.update()

    return move


async def compromise(bench: Bench) -> None:
    await bench.hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Lost, retyped_id=SERIAL)


MOVES: list[tuple[str, str, Move]] = [
    ("Ready", "assign", lambda bench: bench.assign()),
    ("Reserved", "link", update()),
    ("Reserved", "remove", lambda bench: bench.hes.employees.remove_hardware_vault(SERIAL)),
    ("Reserved applied", "unlock", update(locked=False)),
    ("Reserved applied", "lock out", update(locked=True)),
    ("Reserved applied", "remove", lambda bench: bench.hes.employees.remove_hardware_vault(SERIAL)),
    ("Active", "suspend", lambda bench: bench.hes.vaults.suspend(SERIAL)),
    ("Active", "lock out", update(locked=True)),
    ("Active", "remove", lambda bench: bench.hes.employees.remove_hardware_vault(SERIAL)),
    ("Active", "compromise", compromise),
    ("Locked", "activate", lambda bench: bench.hes.vaults.activate(SERIAL)),
    ("Suspended", "lock", update()),
    ("Suspended applied", "unlock", update(locked=False)),
    ("Deactivated", "wipe", update()),
]


@dataclass
class Found:
    """What is left of a database, and whether SQLite had to undo something."""

    facts: str
    pending: int
    was_torn: bool


def url(path: Path) -> str:
    return f"sqlite:///{path}"


async def prepare(path: Path, place: str) -> Bench:
    """A database with a vault at a place, closed again."""
    bench = Bench(url(path))
    bench.set_up()
    async with bench.hes as hes:
        details = AccountDetails(
            name="mail", login="ann", login_type=LoginType.WebApp, password=Password.from_text("a password")
        )
        hes.accounts.create(bench.employee.id, details)
        await bench.go(place)
    bench.key.forget_channel()
    return bench


async def run(path: Path, before: Bench, move: Move, kill_at: int) -> None:
    """Carry a move out, and die in it."""
    bench = Bench(url(path), key=before.key)
    bench.employee = before.employee
    engine = bench.hes._core.store._engine
    points = itertools.count()

    def point(*_: object) -> None:
        if next(points) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def written(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            point()

    event.listen(engine, "after_cursor_execute", written)
    event.listen(engine, "commit", point)
    async with bench.hes as hes:
        with suppress(HesError):
            await move(bench)
        await hes.settled()


def look(path: Path) -> Found:
    journal = path.with_name(path.name + "-journal")
    was_torn = journal.exists() and any(journal.read_bytes()[:8])
    store = Store(url(path))
    with store.session() as session:
        rows = {name: [list(row) for row in session.execute(text(query))] for name, query in FACTS.items()}
    store.close()
    pending = sum(status == "Pending" for _, status in rows["codes"])
    return Found(repr(rows), pending, was_torn)


def kill_everywhere(folder: Path, place: str, name: str, move: Move) -> dict[str, object]:
    """One move: killed at each of its points in turn, until it comes to its end."""
    base = folder / f"{place} {name}.db"
    bench = asyncio.run(prepare(base, place))
    before = look(base).facts
    left: list[Found] = []
    for kill_at in itertools.count():
        path = folder / "killed.db"
        path.with_name("killed.db-journal").unlink(missing_ok=True)
        shutil.copy(base, path)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                asyncio.run(run(path, bench, move, kill_at))
                status = 0
            finally:
                os._exit(status)
        _, how = os.waitpid(child, 0)
        found = look(path)
        if os.WIFEXITED(how):
            return {
                "move": f"{place}: {name}",
                "ended": os.WEXITSTATUS(how) == 0 and found.facts != before,
                "kills": len(left),
                "torn": sum(one.was_torn for one in left),
                "pending": max(one.pending for one in [*left, found]),
                "strange": [one.facts for one in left if one.facts not in (before, found.facts)],
            }
        left.append(found)
    raise AssertionError


def set_up(connection: sqlite3.Connection, record: object) -> None:
    """So small a cache that what is written goes to the file before the commit.

    Waiting for the disk would serve a power cut alone, and not the end of a process.
    """
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("PRAGMA synchronous = OFF")


if __name__ == "__main__":
    event.listen(Engine, "connect", set_up)
    print(json.dumps([kill_everywhere(Path(sys.argv[1]), *one) for one in MOVES]))
