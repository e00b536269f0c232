"""The database: kept, private, whole, and told of in one sentence where it fails."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from hideez_bench.emulator.hes.database import engine, models
from hideez_bench.emulator.hes.database.store import SCHEMA_VERSION, Store
from hideez_bench.emulator.hes.errors import HesRuleError, StoreError
from hideez_bench.emulator.hes.names import HardwareVaultActivationStatus, HesCode, VaultStatus
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol.hes import HesError, HesErrorCode
from hideez_bench.protocol.names import Command
from tests.hes.bench import PLACES, SERIAL, Bench, vault_import
from tests.hes.fake_key import FakeKey


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


async def test_everything_survives_a_restart(store_url: str) -> None:
    first = Bench(store_url)
    first.set_up()
    async with first.hes:
        await first.assign()
        await first.arrive()
        await first.update()
        first.hes.set_alarm(True)
        code, vault = first.hes.vaults.activation_code(SERIAL), first.vault
    first.key.forget_channel()
    second = Bench(store_url, key=first.key)
    async with second.hes:
        assert second.hes.vaults.activation_code(SERIAL) == code
        assert not second.vault.is_online
        assert second.vault.imported_at == vault.imported_at
        with pytest.raises(HesError) as raised:
            await second.arrive()
        assert raised.value.code is HesErrorCode.HesAlarm
        second.hes.set_alarm(False)
        await second.arrive()
        assert second.vault == vault
        second.key.take()
        assert not (await second.update()).need_state_update
        assert second.vault.status is VaultStatus.Active
        await second.connection.auth_hw_vault(SERIAL)  # with the same master key


async def test_a_restart_after_every_step_of_a_key_s_life(tmp_path: Path) -> None:
    """What was between server and key is in the database and on the key, and nowhere else."""
    key = FakeKey()

    async def contact(bench: Bench) -> None:
        key.forget_channel()
        await bench.arrive()
        await bench.update()

    async def unlocked(bench: Bench) -> None:
        key.take()
        await contact(bench)

    async def out_of_attempts(bench: Bench) -> None:
        key.take(locked=True)
        with pytest.raises(HesError, match="locked"):
            await contact(bench)

    async def remove(bench: Bench) -> None:
        await bench.hes.employees.remove_hardware_vault(SERIAL)

    async def wiped(bench: Bench) -> None:
        with pytest.raises(HesError, match="wiped"):
            await contact(bench)

    async def assign(bench: Bench) -> None:
        (ann,) = bench.hes.employees.list()
        await bench.hes.employees.add_hardware_vault(ann.id, SERIAL)

    life: list[tuple[Callable[[Bench], Awaitable[None]], str, Command | None]] = [
        (assign, "Reserved", None),
        (contact, "Reserved applied", Command.LINK),
        (unlocked, "Active", Command.ACCESS),
        (lambda bench: bench.hes.vaults.suspend(SERIAL), "Suspended", None),
        (contact, "Suspended applied", Command.LOCK_DEVICE_CODE),
        (out_of_attempts, "Locked", None),
        (lambda bench: bench.hes.vaults.activate(SERIAL), "Suspended", None),
        (contact, "Suspended applied", Command.LOCK_DEVICE_CODE),
        (unlocked, "Active", None),
        (remove, "Deactivated", None),
        (wiped, "Ready", Command.WIPE),
    ]
    first = Bench(url_of(tmp_path / "hes.db"), key=key)
    first.set_up()
    await first.hes.close()
    for step, place, command in life:
        bench = Bench(url_of(tmp_path / "hes.db"), key=key)
        async with bench.hes:
            await step(bench)
            assert (bench.vault.status, bench.vault.is_status_applied) == PLACES[place]
            assert key.commands == ([command] if command else [])
            if "applied" in place:
                assert key.code == bench.hes.vaults.activation_code(SERIAL)
        key.commands.clear()


@pytest.mark.parametrize("is_file", [False, True])
def test_threads_take_turns(is_file: bool, tmp_path: Path) -> None:
    store = Store(url_of(tmp_path / "hes.db") if is_file else "sqlite://")

    def turn(number: int) -> None:
        with store.transaction() as rows:
            rows.alarm = bool(number % 2)
            rows.session.flush()
            assert rows.alarm == bool(number % 2)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(turn, range(100)))
    store.close()


async def test_root_key_is_pinned_for_good(store_url: str) -> None:
    first = Bench(store_url)
    first.set_up()
    async with first.hes:
        await first.go("Reserved applied")
    first.key.replace_root_key()
    second = Bench(store_url, key=first.key)
    async with second.hes:
        await second.arrive()
        with pytest.raises(HesError) as raised:
            await second.update()
        assert raised.value.code is HesErrorCode.HesVerificationFailed


async def test_two_servers_on_one_database(store_url: str) -> None:
    """What one does while the other speaks to the key is not written over."""
    bench = Bench(store_url)
    bench.set_up()
    async with bench.hes, Hes(store_url) as other:
        await bench.go("Reserved applied")
        await bench.arrive()
        bench.key.take()
        bench.key.hold = Command.ACCESS
        call = asyncio.create_task(bench.update())
        await bench.key.reached.wait()
        await other.employees.remove_hardware_vault(SERIAL)
        bench.key.released.set()
        with pytest.raises(HesError, match="changed on the server"):
            await call
        assert bench.vault.status is VaultStatus.Deactivated
        with pytest.raises(HesRuleError) as raised:
            await other.employees.add_hardware_vault(bench.employee.id, SERIAL)
        assert raised.value.code is HesCode.HardwareVaultCannotReserve


async def test_a_key_that_another_server_took_away_while_it_was_linked_is_not_lost(store_url: str) -> None:
    """The other server never heard of the link, and forgot the master key: only this one can still wipe with it."""
    bench = Bench(store_url)
    bench.set_up()
    async with bench.hes, Hes(store_url) as other:
        await bench.go("Reserved")
        await bench.arrive()
        bench.key.hold = Command.LINK
        call = asyncio.create_task(bench.update())
        await bench.key.reached.wait()
        await other.employees.remove_hardware_vault(SERIAL)
        bench.key.released.set()
        with pytest.raises(HesError, match="changed on the server"):
            await call
        assert bench.key.commands == [Command.LINK, Command.WIPE]
        assert bench.vault.status is VaultStatus.Ready
        assert bench.key.link_required


async def test_another_code_meanwhile_from_another_server(store_url: str) -> None:
    """There and back to the same status: the code that this server gave the key is not the one that counts now."""
    bench = Bench(store_url)
    bench.set_up()
    same = FakeKey(root=bench.key.root)
    elsewhere = Bench(store_url, key=same)
    async with bench.hes, elsewhere.hes as other:
        await bench.go("Suspended")
        same.take()
        await bench.arrive()
        bench.key.hold = Command.LOCK_DEVICE_CODE
        call = asyncio.create_task(bench.update())
        await bench.key.reached.wait()
        await elsewhere.arrive()
        await elsewhere.update()
        same.take(locked=True)
        with pytest.raises(HesError):
            await elsewhere.update()
        await elsewhere.leave()
        await other.vaults.activate(SERIAL)
        bench.key.released.set()
        with pytest.raises(HesError, match="changed on the server"):
            await call
        assert (bench.vault.status, bench.vault.is_status_applied) == (VaultStatus.Suspended, False)
        # So the key gets the code that counts at its next contact.
        await bench.update()
        assert bench.key.code == bench.hes.vaults.activation_code(SERIAL)


async def test_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "hes.db"
    async with Hes(url_of(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    async with Hes(url_of(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def assert_refused(url: str, *words: str) -> None:
    with pytest.raises(StoreError) as raised:
        Hes(url)
    text = str(raised.value)
    assert "\n" not in text
    for word in words:
        assert word in text


def test_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "hes.db"
    path.write_bytes(b"not a database at all" * 100)
    path.chmod(0o644)
    assert_refused(url_of(path), "hes.db", "damaged")
    assert path.read_bytes().startswith(b"not a database")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


async def test_file_damaged_later(tmp_path: Path) -> None:
    path = tmp_path / "hes.db"
    async with Hes(url_of(path)) as hes:
        hes.vaults.import_vaults([vault_import()])
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)
    assert_refused(url_of(path), "hes.db", "damaged")


def test_another_version(tmp_path: Path) -> None:
    path = tmp_path / "hes.db"
    asyncio.run(Hes(url_of(path)).close())
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE app_settings SET value = '99' WHERE id = 'schema_version'")
    connection.close()
    assert_refused(url_of(path), "hes.db", "version 99", f"version {SCHEMA_VERSION}")


def test_file_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE cats (name TEXT)")
    connection.close()
    before = path.read_bytes()
    assert_refused(url_of(path), "other.db", "something else")
    assert path.read_bytes() == before


def test_no_folder_no_url_no_driver(tmp_path: Path) -> None:
    assert_refused(url_of(tmp_path / "nowhere" / "hes.db"), "hes.db", "No such file")
    assert_refused(url_of(tmp_path), "cannot be opened")
    assert_refused("hes.db", "URL")
    assert_refused("nosuch://server/db", "nosuch")


async def test_read_only(tmp_path: Path) -> None:
    path = tmp_path / "hes.db"
    async with Hes(url_of(path)) as hes:
        hes.vaults.import_vaults([vault_import()])
    async with Hes(f"sqlite:///file:{path}?mode=ro&uri=true") as hes:
        with pytest.raises(StoreError, match="cannot be written to"):
            hes.vaults.import_vaults([vault_import("HK-2")])
        assert [vault.id for vault in hes.vaults.list()] == [SERIAL]


async def test_in_use_by_another_process(tmp_path: Path) -> None:
    path = tmp_path / "hes.db"
    async with Hes(f"{url_of(path)}?timeout=0.01") as hes:
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process"):
            hes.vaults.import_vaults([vault_import()])
        other.close()
        assert hes.vaults.import_vaults([vault_import()]) == [SERIAL]


async def test_disk_full(tmp_path: Path) -> None:
    async with Hes(url_of(tmp_path / "hes.db")) as hes:
        hes.vaults.import_vaults([vault_import()])
        limits = iter([1, 1, 2**20])  # pages; SQLite takes 1 as: no more than there are

        def limit(connection: sqlite3.Connection, record: object, proxy: object) -> None:
            connection.execute(f"PRAGMA max_page_count = {next(limits, 2**20)}")

        event.listen(hes._core.store._engine, "checkout", limit)
        many = [vault_import(f"HK-{number}") for number in range(1000, 2000)]
        with pytest.raises(StoreError, match="no room left") as told:
            hes.vaults.import_vaults(many)
        assert str(tmp_path) not in str(told.value), "strangers may hear it"
        assert [vault.id for vault in hes.vaults.list()] == [SERIAL]
        assert len(hes.vaults.import_vaults(many)) == 1000


def execute(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.close()


async def test_move_and_its_code_are_kept_together(tmp_path: Path) -> None:
    """Where the code cannot be written, the move is not either."""
    path = tmp_path / "hes.db"
    bench = Bench(url_of(path))
    bench.set_up()
    async with bench.hes as hes:
        await bench.go("Active")
        before = bench.vault
        table = models.HardwareVaultActivation.__tablename__
        execute(path, f"CREATE TRIGGER cut BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'cut'); END")
        with pytest.raises(StoreError):
            await hes.vaults.suspend(SERIAL)
        assert bench.vault == before
        execute(path, "DROP TRIGGER cut")
        await hes.vaults.suspend(SERIAL)
        assert bench.vault.activation is HardwareVaultActivationStatus.Pending


async def test_client_is_told_that_the_server_failed(tmp_path: Path) -> None:
    path = tmp_path / "hes.db"
    bench = Bench(url_of(path))
    bench.set_up()
    async with bench.hes:
        execute(path, f"DROP TABLE {models.Workstation.__tablename__}")
        with pytest.raises(HesError) as raised:
            await bench.arrive()
        assert raised.value.code is HesErrorCode.HesUnknownError
        assert "no such table" in str(raised.value)


async def test_who_holds_the_file_for_long_does_not_freeze_the_server_at_each_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Time:
        """Seconds pass by waiting alone."""

        now = 0.0

        def monotonic(self) -> float:
            return self.now

        def sleep(self, seconds: float) -> None:
            self.now += seconds

    time = Time()
    monkeypatch.setattr(engine, "time", time)
    path = tmp_path / "hes.db"
    store = Store(f"sqlite:///{path}")

    def waited() -> float:
        began = time.now
        with pytest.raises(StoreError, match="in use by another process"), store.transaction():
            pass
        return time.now - began

    def waits_once_and_then_hardly() -> None:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert waited() >= engine.PATIENCE
        assert max(waited() for _ in range(3)) < 0.1
        other.close()

    waits_once_and_then_hardly()
    with store.transaction():
        pass
    waits_once_and_then_hardly()
    store.close()
