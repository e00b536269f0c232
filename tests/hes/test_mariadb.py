"""What MariaDB does otherwise: tables that are made one by one, text that is equal to other text, errors with rows."""

from __future__ import annotations

import asyncio
import traceback

import pytest
from sqlalchemy import Engine, event, select

from hideez_bench.emulator.hes.database import engine, models
from hideez_bench.emulator.hes.errors import HesRuleError, StoreConflict, StoreError
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol.secret import Password
from tests.hes import mariadb
from tests.hes.bench import SERIAL, Bench, vault_import
from tests.hes.test_postgresql import refusal


def name_of(url: str) -> str:
    return url.split("/")[3].split("?")[0]


async def test_making_that_was_cut_off_is_finished(mariadb_server: mariadb.Server) -> None:
    """MariaDB keeps each table as soon as it is made."""
    url = mariadb_server.database()
    made: list[str] = []

    def cut(connection: object, cursor: object, statement: str, *_: object) -> None:
        if "CREATE TABLE" in statement:
            made.append(statement)
            if len(made) == 5:
                raise KeyboardInterrupt

    event.listen(Engine, "before_cursor_execute", cut)
    with pytest.raises(KeyboardInterrupt):
        Hes(url)
    event.remove(Engine, "before_cursor_execute", cut)
    async with Hes(url) as hes:
        assert hes.vaults.import_vaults([vault_import()]) == [SERIAL]


def test_foreign_database_is_left_alone(mariadb_server: mariadb.Server) -> None:
    url = mariadb_server.database()
    mariadb_server.execute(name_of(url), "CREATE TABLE users (name TEXT)")
    assert "something else" in refusal(url)


async def test_version_that_is_missing(mariadb_server: mariadb.Server) -> None:
    """By its row servers wait for one another; without, nothing is done."""
    url = mariadb_server.database()
    async with Hes(url) as hes:
        mariadb_server.execute(name_of(url), "DELETE FROM app_settings")
        with pytest.raises(StoreError, match="lacks its version"):
            hes.vaults.list()


async def test_text_is_exact(store_url: str) -> None:
    """Case and accents count, and all characters are kept."""
    async with Hes(store_url) as hes:
        for name in ("José", "JOSÉ", "Jose", "🔑 Ключ"):
            hes.employees.create(EmployeeDetails(name))
        assert {one.first_name for one in hes.employees.list()} == {"José", "JOSÉ", "Jose", "🔑 Ключ"}
        with pytest.raises(HesRuleError):
            hes.employees.create(EmployeeDetails("José"))


async def test_text_that_is_too_long_is_refused(mariadb_server: mariadb.Server) -> None:
    """And not cut, whatever the server's mode is."""
    mariadb_server.execute("mysql", "SET GLOBAL sql_mode = ''")
    async with Hes(mariadb_server.database()) as hes:
        with pytest.raises(StoreError, match="shorten it"):
            hes.employees.create(EmployeeDetails("x" * 257))
        hes.employees.create(EmployeeDetails("🔑" * 256))


def test_wrong_password_unreachable_nowhere(mariadb_server: mariadb.Server) -> None:
    url = mariadb_server.database()
    assert "does not let this user in" in refusal(url.replace(mariadb.PASSWORD, "hunter2"))
    assert "does not exist" in refusal(url.replace(name_of(url), "nowhere"))
    assert "cannot be reached" in refusal("mariadb://hes:hunter2@127.0.0.1:1/hes")


async def test_user_who_may_only_read(mariadb_server: mariadb.Server) -> None:
    url = mariadb_server.database()
    other = url.replace("hes:", "reader:")
    mariadb_server.execute("mysql", f"CREATE USER reader@localhost IDENTIFIED BY '{mariadb.PASSWORD}'")
    mariadb_server.execute("mysql", f"GRANT SELECT ON {name_of(url)}.* TO reader@localhost")
    assert "does not allow this user" in refusal(other)
    async with Hes(url), Hes(other) as hes:
        with pytest.raises(StoreError, match="does not allow this user"):
            hes.vaults.import_vaults([vault_import()])


async def test_server_that_is_read_only(mariadb_server: mariadb.Server) -> None:
    async with Hes(mariadb_server.database()) as hes:
        with hes._core.store.session() as session:
            session.connection().exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        with pytest.raises(StoreError, match="cannot be written to"):
            hes.vaults.import_vaults([vault_import()])


async def test_sentence_does_not_show_the_row(mariadb_server: mariadb.Server) -> None:
    """MariaDB tells in its error what is there already."""
    async with Hes(mariadb_server.database()) as hes:
        add_setting(hes, "hunter2")
        with pytest.raises(StoreConflict, match="such an entry") as raised:
            add_setting(hes, "hunter2")
        assert "Duplicate" not in "".join(traceback.format_exception(raised.value))


def add_setting(hes: Hes, name: str) -> None:
    with hes._core.store.session() as session:
        session.add(models.AppSetting(id=name, value="on"))


async def test_connections_that_were_cut_are_replaced(mariadb_server: mariadb.Server) -> None:
    async with Hes(mariadb_server.database()) as hes:
        with hes._core.store.session() as session:
            number = session.connection().exec_driver_sql("SELECT CONNECTION_ID()").scalar()
        mariadb_server.execute("mysql", f"KILL {number}")
        assert hes.vaults.list() == []


async def test_what_is_read_after_the_turn_is_fresh(
    mariadb_server: mariadb.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot of the moment at which the waiting began would be stale."""
    monkeypatch.setattr(engine, "PATIENCE", 30)  # a slow machine is no error
    url = mariadb_server.database()
    async with Hes(url) as one, Hes(url) as other:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wait(connection: object, cursor: object, statement: str, *_: object) -> None:
            if "FOR UPDATE" in statement:
                loop.call_soon_threadsafe(begun.set)

        with one._core.store.session() as session:
            event.listen(other._core.store._engine, "before_cursor_execute", wait)
            reading = asyncio.create_task(asyncio.to_thread(alarm_of, other))
            await begun.wait()
            session.add(models.AppSetting(id="alarm", value="on"))
        assert await reading == "on"


def alarm_of(hes: Hes) -> str | None:
    with hes._core.store.session() as session:
        return session.scalar(select(models.AppSetting.value).where(models.AppSetting.id == "alarm"))


async def test_files_hold_nothing_in_the_clear(mariadb_server: mariadb.Server) -> None:
    """After protection was enabled, the files of the tables are new ones. The redo log is not: see docs/hes.md."""
    url = mariadb_server.database()
    bench = Bench(url)
    bench.set_up()
    async with bench.hes as hes:
        await bench.assign()
        with hes._core.store.transaction() as rows:
            vault = rows.vault(SERIAL)
        assert vault
        assert vault.master_key
        key = vault.master_key.reveal()
        file = mariadb_server.folder / "data" / name_of(url) / "hardware_vaults.ibd"
        mariadb_server.execute(name_of(url), "FLUSH TABLES hardware_vaults FOR EXPORT")
        assert key in file.read_bytes(), "the test finds what is there"
        await hes.protection.enable(Password.from_text("some password"))
        mariadb_server.execute(name_of(url), "FLUSH TABLES hardware_vaults FOR EXPORT")
        assert key not in file.read_bytes()
