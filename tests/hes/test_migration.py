"""A database that the first version made, as `version_1.sql` has it, is taken over whole."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from hideez_bench.emulator.hes.errors import StoreError
from hideez_bench.emulator.hes.names import HardwareVaultActivationStatus, VaultStatus
from hideez_bench.emulator.hes.server import Hes
from tests.hes.bench import NOON, SERIAL

DUMP = Path(__file__).with_name("version_1.sql")
MASTER_KEY = bytes(range(1, 33))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "hes.db"
    connection = sqlite3.connect(path)
    connection.executescript(DUMP.read_text())
    connection.close()
    return path


def schema(path: Path) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    connection.close()
    return found


async def test_everything_is_taken_over(path: Path) -> None:
    for _ in range(2):
        async with Hes(f"sqlite:///{path}") as hes:
            vault = hes.vaults.get(SERIAL)
            assert (vault.status, vault.is_status_applied) == (VaultStatus.Suspended, True)
            assert vault.activation is HardwareVaultActivationStatus.Pending
            assert vault.imported_at == NOON
            assert vault.has_new_license
            assert hes.employees.get(vault.employee_id or "").vault_ids == (SERIAL,)
            assert hes.vaults.activation_code(SERIAL).reveal() == b"166051"
            (workstation,) = hes.workstations.list()
            assert (workstation.id, workstation.approved) == ("PC-1", True)
            with hes._core.store.transaction() as rows:
                row = rows.vault(SERIAL)
                assert row
                assert row.master_key
                assert row.master_key.reveal() == MASTER_KEY


async def test_the_tables_are_those_of_today(path: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    for one in (path, new):
        await Hes(f"sqlite:///{one}").close()
    assert schema(path) == schema(new)


def test_cut_in_the_middle_it_is_as_before(path: Path) -> None:
    before = schema(path)

    def cut(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE app_settings"):
            raise StoreError("cut")

    event.listen(Engine, "before_cursor_execute", cut)
    try:
        with pytest.raises(StoreError, match="cut"):
            Hes(f"sqlite:///{path}")
    finally:
        event.remove(Engine, "before_cursor_execute", cut)
    assert schema(path) == before
