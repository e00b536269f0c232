"""Several servers on one database, and what PostgreSQL says where it does not let the server in."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import traceback
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, event

from hideez_bench.emulator.hes.database import engine
from hideez_bench.emulator.hes.errors import HesRuleError, LoginRefused, StoreError
from hideez_bench.emulator.hes.names import Role
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol.secret import Password
from tests.hes import postgresql
from tests.hes.bench import QUICK_HASHER, SERIAL, Bench, vault_import

ROOT = Path(__file__).parents[2]


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as raised:
        Hes(url)
    text = str(raised.value)
    assert "\n" not in text
    for shown in (text, "".join(traceback.format_exception(raised.value))):
        assert "hunter2" not in shown
        assert postgresql.PASSWORD not in shown
    return text


def test_two_processes_give_each_key_to_one_employee(store_url: str) -> None:
    """What a rule has read is still so when it writes."""
    keys = [f"HK-{number}" for number in range(20)]
    hes = Hes(store_url)
    hes.vaults.import_vaults([vault_import(key) for key in keys])
    command = [sys.executable, "-m", "tests.hes.rival", store_url]
    rivals = [
        subprocess.Popen(
            [*command, name, "20"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for name in ("Ann", "Bob")
    ]
    try:
        for rival in rivals:
            assert rival.stdout
            assert rival.stdout.readline() == "ready\n"
        for rival in rivals:
            assert rival.stdin
            rival.stdin.write("go\n")
            rival.stdin.flush()
        answers = [json.loads(rival.communicate(timeout=250)[0]) for rival in rivals]
    finally:
        for rival in rivals:
            rival.kill()
            rival.wait()
    assert sorted(answers[0]["got"] + answers[1]["got"]) == sorted(keys)
    owners = {view.id: view.employee_id for view in hes.vaults.list()}
    assert len(set(owners.values())) == len(keys)
    for key in keys:
        assert len(hes.vaults.activation_code(key).reveal()) == 6
    asyncio.run(hes.close())


def test_two_servers_make_the_tables_at_once(server_url: str) -> None:
    """One finds the database empty, and then all tables there."""
    url = server_url
    begun: list[str] = []
    others: list[Hes] = []

    def overtake(connection: object, cursor: object, statement: str, *_: object) -> None:
        if "CREATE TABLE" in statement and not begun:
            begun.append(statement)
            others.append(Hes(url))

    event.listen(Engine, "before_cursor_execute", overtake)
    one = Hes(url)
    event.remove(Engine, "before_cursor_execute", overtake)
    others[0].vaults.import_vaults([vault_import()])
    assert [view.id for view in one.vaults.list()] == [SERIAL]
    for hes in (one, *others):
        asyncio.run(hes.close())


async def test_turn_is_waited_for_and_not_for_long(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 0.05)
    async with Hes(server_url) as one, Hes(server_url) as other:
        with one._core.store.session(), pytest.raises(StoreError, match="in use by another process"):
            other.vaults.import_vaults([vault_import()])
        assert other.vaults.import_vaults([vault_import()]) == [SERIAL]


async def test_turn_where_no_row_is_locked_by_reading(
    postgresql_server: postgresql.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with SQL Server, which ignores FOR UPDATE."""
    monkeypatch.setattr(engine, "_locks_by_reading", lambda connection: False)
    await test_turn_is_waited_for_and_not_for_long(postgresql_server.database(), monkeypatch)


async def test_database_server_that_restarts(postgresql_server: postgresql.Server) -> None:
    """Connections that were cut are replaced."""
    url = postgresql_server.database()
    async with Hes(url) as hes:
        hes.vaults.import_vaults([vault_import()])
        with psycopg.connect(postgresql_server.dsn("postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [url_name(url)]
            )
        assert [view.id for view in hes.vaults.list()] == [SERIAL]


def url_name(url: str) -> str:
    return url.split("/")[3].split("?")[0]


async def test_sentence_does_not_show_the_row(postgresql_server: postgresql.Server) -> None:
    """PostgreSQL tells in its error which row it did not take, master key included."""
    url = postgresql_server.database()
    bench = Bench(url)
    bench.set_up()
    async with bench.hes as hes:
        with hes._core.store.session() as session:
            session.connection().exec_driver_sql("ALTER TABLE hardware_vaults ADD CHECK (master_key IS NULL)")
        hes._core.random = lambda size: bytes(range(65, 65 + size))
        with pytest.raises(StoreError, match="check constraint") as raised:
            await bench.assign()
        text = "".join(traceback.format_exception(raised.value))
        assert "Failing row" not in text
        assert bytes(range(65, 97)).hex() not in text


def test_wrong_password_unreachable_and_foreign(postgresql_server: postgresql.Server, tmp_path: Path) -> None:
    url = postgresql_server.database()
    assert "does not let this user in; check user and password in its URL" in refusal(
        url.replace(postgresql.PASSWORD, "hunter2")
    )
    assert "database nowhere does not exist; create it" in refusal(url.replace(url_name(url), "nowhere"))
    assert "cannot be reached; check its server" in refusal(f"postgresql://hes:hunter2@/hes?host={tmp_path}")
    with psycopg.connect(postgresql_server.dsn(url_name(url)), autocommit=True) as connection:
        connection.execute("CREATE TABLE cats (name TEXT)")
    assert "something else" in refusal(url)


def test_urls_that_cannot_be_used() -> None:
    assert "pg8000" in refusal("postgresql+pg8000://hes:hunter2@localhost/hes")
    assert "unknown driver" in refusal("postgresql+nosuch://hes:hunter2@localhost/hes")
    assert "%40" in refusal("postgresql+psycopg://hes:p@hunter2@localhost/hes")
    assert "usable URL" in refusal("postgresql+psycopg://hes:hunter2@localhost:port/hes")
    assert "unknown driver" in refusal("nosuch://hes:hunter2@localhost/hes")
    assert "asynchronous" in refusal("postgresql+psycopg_async://hes:hunter2@localhost/hes")
    assert "package oracledb" in refusal("oracle+oracledb://hes:hunter2@localhost/hes")
    assert "package MySQLdb" in refusal("mysql+mysqldb://hes:hunter2@localhost/hes")
    assert "question mark" in refusal("mysql://hes:hunter2@localhost/hes?nosuch=1")


async def test_login_on_both(store_url: str) -> None:
    right, wrong = Password.from_text("correct horse"), Password.from_text("incorrect horse")
    async with Hes(store_url, password_hasher=QUICK_HASHER) as hes:
        await hes.users.create("ann@example.org", right, Role.ADMINISTRATOR)
        user = await hes.logins.verify("ann@example.org", right)
        token = hes.users.open_session(user)
        assert hes.users.session(token) == user
        for _ in range(10):
            with pytest.raises(LoginRefused):
                await hes.logins.verify("ann@example.org", wrong)
        with pytest.raises(LoginRefused, match="15 minutes"):
            await hes.logins.verify("ann@example.org", right)
        await hes.users.set_password(user, wrong)
        assert hes.users.session(token) is None


async def test_rules_hold_on_both(store_url: str) -> None:
    """What a unique column does not allow is refused, and the next transaction runs."""
    async with Hes(store_url) as hes:
        hes.employees.create(EmployeeDetails("Ann"))
        with pytest.raises(HesRuleError):
            hes.employees.create(EmployeeDetails("Ann"))
        hes.vaults.import_vaults([vault_import("HK-1"), vault_import("HK-2")])
        with hes._core.store.transaction() as rows:
            other = rows.vault("HK-2")
        assert other
        with pytest.raises((StoreError, HesRuleError)):
            hes.vaults.edit_rfid("HK-1", other.rfid)
        assert len(hes.vaults.list()) == 2
