"""A database that an earlier version made, as `version_1.sql` and its successors have it, is taken over whole."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, event
from sqlalchemy.schema import DropConstraint

from hideez_bench.emulator.hes.errors import StoreError
from hideez_bench.emulator.hes.names import HardwareVaultActivationStatus, VaultStatus
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol.secret import Password
from tests.hes.app import app_code
from tests.hes.bench import NOON, QUICK_HASHER, SERIAL, Clock

MASTER_KEY = bytes(range(1, 33))
BEARER = {"employee_id", "department_id", "account_id"}
BOUND_SINCE_VERSION_3 = {
    "employees": {"department_id", "position_id"},
    "workstations": {"department_id"},
    "workstation_events": BEARER,
}
NEW_TABLES = (
    "recovery_codes",
    "second_factors",
    "workstation_sessions",
    "templates",
    "departments",
    "companies",
    "positions",
)
CODES = {"1": b"166051", "2": b"989223", "3": b"989223"}


@pytest.fixture(params=["1", "2", "3"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(version: str, tmp_path: Path) -> Path:
    path = tmp_path / "hes.db"
    connection = sqlite3.connect(path)
    connection.executescript(Path(__file__).with_name(f"version_{version}.sql").read_text())
    connection.close()
    return path


def schema(path: Path) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    connection.close()
    return found


async def test_everything_is_taken_over(path: Path, version: str) -> None:
    for _ in range(2):
        async with Hes(f"sqlite:///{path}") as hes:
            vault = hes.vaults.get(SERIAL)
            assert (vault.status, vault.is_status_applied) == (VaultStatus.Suspended, version == "1")
            assert vault.activation is HardwareVaultActivationStatus.Pending
            assert vault.imported_at == NOON
            assert vault.has_new_license is (version == "1")
            assert hes.employees.get(vault.employee_id or "").vault_ids == (SERIAL,)
            assert hes.vaults.activation_code(SERIAL).reveal() == CODES[version]
            (workstation,) = hes.workstations.list()
            assert (workstation.id, workstation.approved) == ("PC-1", True)
            with hes._core.store.transaction() as rows:
                row = rows.vault(SERIAL)
                assert row
                assert row.master_key
                assert row.master_key.reveal() == MASTER_KEY


@pytest.mark.parametrize("version", ["3"], indirect=True)
async def test_who_logs_in_can_have_a_second_factor_now(path: Path) -> None:
    password = Password.from_text("correct horse")
    async with Hes(f"sqlite:///{path}", utc=Clock(), password_hasher=QUICK_HASHER) as hes:
        user = await hes.logins.verify("admin@example.org", password)
        secret = await hes.two_factor.begin(user, password)
        hes.two_factor.turn_on(user, secret, app_code(secret, NOON))
        assert hes.two_factor.is_on(user)


@pytest.mark.parametrize("version", ["2", "3"], indirect=True)
async def test_what_was_kept_as_a_department_is_one(path: Path) -> None:
    for _ in range(2):
        async with Hes(f"sqlite:///{path}") as hes:
            check_places(hes)
            assert [each.name for each in hes.accounts.list(hes.employees.list()[0].id)] == ["Mail"]
            assert [each.note for each in hes.reports.events()] == ["n"]


def check_places(hes: Hes) -> None:
    """Ann is an engineer in sales, Bob an engineer in no department, and the workstation is in the head office."""
    ann, bob = hes.employees.list()
    (engineer,) = hes.org_structure.positions()
    assert (engineer.name, ann.position, bob.position) == ("engineer", engineer, engineer)
    assert ann.department
    assert ann.department.name == "sales"
    assert (bob.department_id, bob.department) == (None, None)
    (workstation,) = hes.workstations.list()
    assert workstation.department
    assert workstation.department.name == "head office"
    (company,) = hes.org_structure.companies()
    assert [each.name for each in company.departments] == ["head office", "sales"]


class Cut(Exception):
    """Nothing runs any more."""


async def test_where_tables_are_altered(server_url: str) -> None:
    """Each time cut off some steps later, until all of it is done: MariaDB keeps every step, PostgreSQL none."""
    await back_to_version_2(server_url)
    left = 0

    def cut(connection: object, cursor: object, statement: str, *_: object) -> None:
        nonlocal left
        if statement.lstrip().startswith(("CREATE", "ALTER", "INSERT", "UPDATE")):
            left -= 1
            if left < 0:
                raise Cut

    event.listen(Engine, "before_cursor_execute", cut)
    try:
        for steps in range(0, 60, 6):
            left = steps
            try:
                opened = Hes(server_url)
            except Cut:
                continue
            break
    finally:
        event.remove(Engine, "before_cursor_execute", cut)
    async with opened as hes:
        check_places(hes)
        for company in hes.org_structure.companies():
            hes.org_structure.delete_company(company.id)
        assert [each.department_id for each in hes.employees.list()] == [None, None]


async def back_to_version_2(url: str) -> None:
    """A database as version 2 had it, with what `check_places` looks for."""
    async with Hes(url) as hes:
        for name in ("Ann", "Bob"):
            hes.employees.create(EmployeeDetails(name))
        hes.workstations.seen("PC-1")
        with hes._core.store._engine.begin() as connection:
            there = MetaData()
            there.reflect(connection)
            for name, later in BOUND_SINCE_VERSION_3.items():
                for key in there.tables[name].foreign_key_constraints:
                    if set(key.column_keys) <= later:
                        connection.execute(DropConstraint(key))
            for statement in (
                *(f"ALTER TABLE workstation_events DROP COLUMN {one}" for one in sorted(BEARER)),
                *(f"DROP TABLE {one}" for one in NEW_TABLES),
                "UPDATE employees SET department_id = '', position_id = 'engineer'",
                "UPDATE employees SET department_id = 'sales' WHERE first_name = 'Ann'",
                "UPDATE workstations SET department_id = 'head office'",
                "UPDATE app_settings SET value = '2' WHERE id = 'schema_version'",
            ):
                connection.exec_driver_sql(statement)


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
